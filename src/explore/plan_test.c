/* SPDX-License-Identifier: Apache-2.0
 * Sessions that are made up: always the same, within their limits, and of every kind. */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "explore/grammar.h"
#include "explore/plan.h"

#define SESSIONS 3000u

static const struct pq_plan_config everything = {
    .seed = 7,
    .connections = 2,
    .messages = 3,
    .destroy = true,
    .stls = true,
    .pipelining = true,
    .wrong_logins = true,
};

static bool holds(const struct pq_plan *p, struct pq_slice word)
{
    for (size_t i = 0; i + word.len <= p->used; i++)
        if (pq_slice_equal_nocase(pq_slice_of(p->octets + i, word.len), word))
            return true;
    return false;
}

/* ---- the same again -------------------------------------------------------------------------- */

static void test_a_session_depends_on_seed_and_number_only(void **state)
{
    (void)state;
    static struct pq_plan first, again, other;
    struct pq_plan_config config = everything;
    pq_plan_generate(&first, &config, 41);
    pq_plan_generate(&other, &config, 42);
    pq_plan_generate(&again, &config, 41);
    assert_true(pq_plan_equal(&first, &again));
    assert_false(pq_plan_equal(&first, &other));
    config.seed++;
    pq_plan_generate(&other, &config, 41);
    assert_false(pq_plan_equal(&first, &other));
}

/* The sessions of a release must stay those of a bug report: a change here is a change of what
 * "--seed 1" means, and is told in the notes of the release. */
static void test_neighbours_have_little_in_common(void **state)
{
    (void)state;
    static struct pq_plan a, b;
    unsigned same = 0;
    for (uint64_t n = 0; n < SESSIONS; n++) {
        pq_plan_generate(&a, &everything, n);
        pq_plan_generate(&b, &everything, n + 1);
        same += pq_plan_equal(&a, &b);
    }
    assert_true(same < SESSIONS / 100);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void check_steps(const struct pq_plan *p, unsigned connections)
{
    assert_true(p->count > 0 && p->count <= PQ_PLAN_STEPS_MAX);
    assert_true(p->used <= PQ_PLAN_OCTETS_MAX);
    assert_int_equal(p->steps[0].kind, PQ_STEP_CONNECT);
    for (size_t i = 0; i < p->count; i++) {
        const struct pq_step *step = &p->steps[i];
        assert_true(step->conn >= 1 && step->conn <= connections);
        assert_true((size_t)step->at + step->len <= p->used);
        assert_true((step->kind == PQ_STEP_SEND) == (step->len > 0));
    }
}

static void test_steps_are_within_their_limits(void **state)
{
    (void)state;
    static struct pq_plan p;
    struct pq_plan_config config = everything;
    for (uint64_t n = 0; n < SESSIONS; n++) {
        config.connections = 1 + (unsigned)(n % 2);
        pq_plan_generate(&p, &config, n);
        check_steps(&p, config.connections);
    }
}

static void test_a_full_plan_stays_as_it_is(void **state)
{
    (void)state;
    static struct pq_plan p;
    static uint8_t octets[PQ_PLAN_OCTETS_MAX];
    pq_plan_clear(&p);
    assert_true(pq_plan_add(&p, PQ_STEP_SEND, 1, pq_slice_of(octets, sizeof(octets) - 1), false));
    assert_false(pq_plan_add(&p, PQ_STEP_SEND, 1, pq_slice_of(octets, 2), false));
    assert_true(pq_plan_add(&p, PQ_STEP_SEND, 1, pq_slice_of(octets, 1), false));
    while (p.count < PQ_PLAN_STEPS_MAX)
        assert_true(pq_plan_add(&p, PQ_STEP_CONNECT, 1, pq_slice_of(NULL, 0), false));
    assert_false(pq_plan_add(&p, PQ_STEP_CONNECT, 1, pq_slice_of(NULL, 0), false));
    assert_int_equal(p.count, PQ_PLAN_STEPS_MAX);
}

/* ---- what nobody allowed --------------------------------------------------------------------- */

static void test_nothing_is_sent_that_was_not_allowed(void **state)
{
    (void)state;
    static struct pq_plan p;
    const struct pq_plan_config config = {.seed = 7, .connections = 1, .messages = 3};
    for (uint64_t n = 0; n < SESSIONS; n++) {
        pq_plan_generate(&p, &config, n);
        assert_false(holds(&p, PQ_SLICE("DELE")));
        assert_false(holds(&p, PQ_SLICE("STLS")));
        assert_false(holds(&p, PQ_SLICE("PASS ")));
        assert_false(holds(&p, PQ_SLICE("APOP ")));
    }
}

/* ---- every kind ------------------------------------------------------------------------------ */

static bool has_lone(const struct pq_plan *p, uint8_t octet)
{
    for (size_t i = 1; i + 1 < p->used; i++)
        if (p->octets[i] == octet &&
            (octet == '\n' ? p->octets[i - 1] != '\r' : p->octets[i + 1] != '\n'))
            return true;
    return false;
}

static size_t longest_line(const struct pq_plan *p)
{
    size_t longest = 0, line = 0;
    for (size_t i = 0; i < p->used; i++) {
        line++;
        longest = line > longest ? line : longest;
        if (p->octets[i] == '\n')
            line = 0;
    }
    return longest;
}

static void test_every_kind_of_line_comes_up(void **state)
{
    (void)state;
    static struct pq_plan p;
    unsigned lf = 0, cr = 0, nul = 0, too_long = 0, zeros = 0, cut = 0, logins = 0;
    unsigned verbs[PQ_VERB_COUNT] = {0};
    for (uint64_t n = 0; n < SESSIONS; n++) {
        pq_plan_generate(&p, &everything, n);
        lf += has_lone(&p, '\n');
        cr += has_lone(&p, '\r');
        nul += pq_slice_index(pq_slice_of(p.octets, p.used), 0) < p.used;
        too_long += longest_line(&p) > 255;
        zeros += holds(&p, PQ_SLICE(" 01\r\n"));
        bool login = false;
        for (size_t i = 0; i < p.count; i++) {
            cut += p.steps[i].hurry;
            login = login || p.steps[i].kind == PQ_STEP_LOGIN || p.steps[i].kind == PQ_STEP_PASS;
        }
        logins += login;
        for (size_t v = 1; v < PQ_VERB_COUNT; v++)
            verbs[v] += holds(&p, pq_verb_row((enum pq_verb)v)->name);
    }
    assert_true(lf > 10 && cr > 10 && nul > 10 && too_long > 10 && zeros > 5 && cut > 100);
    assert_true(logins > SESSIONS * 8 / 10);
    for (size_t v = 1; v < PQ_VERB_COUNT; v++)
        assert_true(verbs[v] > SESSIONS / 100);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void test_a_drawn_command_follows_the_grammar(void **state)
{
    (void)state;
    struct pq_grammar g = {.messages = 3};
    uint8_t memory[PQ_DRAWN_MAX];
    pq_rand_init(&g.rand, 1);
    for (size_t v = 1; v < (size_t)PQ_VERB_COUNT * 100; v++) {
        struct pq_buf out;
        pq_buf_init(&out, memory, sizeof(memory));
        enum pq_verb verb = (enum pq_verb)(1 + v % (PQ_VERB_COUNT - 1));
        pq_grammar_command(&g, verb, &out);
        struct pq_slice line = pq_buf_slice(&out);
        assert_true(pq_slice_starts(line, pq_verb_row(verb)->name));
        assert_int_equal(line.at[line.len - 1], '\n');
        assert_int_equal(pq_slice_index(line, '\r'), line.len - 2);
        assert_true(pq_slice_is_printable(pq_slice_first(line, line.len - 2)));
    }
}

static void test_bending_keeps_what_stands_before(void **state)
{
    (void)state;
    struct pq_grammar g = {.messages = 3};
    uint8_t memory[PQ_DRAWN_MAX];
    unsigned changed = 0;
    pq_rand_init(&g.rand, 1);
    for (unsigned n = 0; n < 1000; n++) {
        struct pq_buf out;
        pq_buf_init(&out, memory, sizeof(memory));
        (void)pq_buf_put_text(&out, "NOOP\r\nRETR 1\r\n");
        pq_grammar_bend(&g, 6, &out);
        assert_true(pq_slice_starts(pq_buf_slice(&out), PQ_SLICE("NOOP\r\n")));
        assert_false(out.overflowed);
        changed += !pq_slice_equal(pq_buf_slice(&out), PQ_SLICE("NOOP\r\nRETR 1\r\n"));
    }
    assert_true(changed > 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session_depends_on_seed_and_number_only),
        cmocka_unit_test(test_neighbours_have_little_in_common),
        cmocka_unit_test(test_steps_are_within_their_limits),
        cmocka_unit_test(test_a_full_plan_stays_as_it_is),
        cmocka_unit_test(test_nothing_is_sent_that_was_not_allowed),
        cmocka_unit_test(test_every_kind_of_line_comes_up),
        cmocka_unit_test(test_a_drawn_command_follows_the_grammar),
        cmocka_unit_test(test_bending_keeps_what_stands_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
