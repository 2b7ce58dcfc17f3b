/* SPDX-License-Identifier: Apache-2.0
 * What is left of a plan, and how many tries that takes. */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "explore/shrink.h"

struct wanted {
    struct pq_slice first, second; /* that two steps must hold, one behind the other */
    unsigned calls;
};

static bool holds(struct pq_slice octets, struct pq_slice word)
{
    for (size_t i = 0; i + word.len <= octets.len; i++)
        if (pq_slice_equal(pq_slice_of(octets.at + i, word.len), word))
            return true;
    return false;
}

static bool shows(void *ctx, const struct pq_plan *p)
{
    struct wanted *w = ctx;
    size_t i = 0;
    w->calls++;
    while (i < p->count && !holds(pq_plan_octets(p, &p->steps[i]), w->first))
        i++;
    for (i++; i < p->count; i++)
        if (holds(pq_plan_octets(p, &p->steps[i]), w->second))
            return true;
    return false;
}

static void add(struct pq_plan *p, const char *line)
{
    assert_true(pq_plan_add(p, PQ_STEP_SEND, 1, pq_slice_text(line), false));
}

/* Sixty steps, of which the twentieth and the fiftieth matter. */
static void make(struct pq_plan *p)
{
    pq_plan_clear(p);
    for (unsigned i = 0; i < 60; i++) {
        if (i == 20)
            add(p, "NOOP\r\nDELE 2\r\nNOOP\r\n");
        else if (i == 50)
            add(p, "STAT XXXXXXXXXXXXXXXXXXXX\r\n");
        else
            add(p, i % 2 ? "LIST\r\n" : "UIDL 1\r\n");
    }
}

static void test_only_what_matters_stays(void **state)
{
    (void)state;
    static struct pq_plan p;
    struct wanted w = {.first = PQ_SLICE("DELE 2"), .second = PQ_SLICE("STAT")};
    struct pq_shrink s = {.shows = shows, .ctx = &w, .tries = 1000};
    make(&p);
    pq_plan_shrink(&p, &s);
    assert_int_equal(p.count, 2);
    struct pq_slice first = pq_plan_octets(&p, &p.steps[0]);
    struct pq_slice second = pq_plan_octets(&p, &p.steps[1]);
    assert_true(pq_slice_equal(first, PQ_SLICE("DELE 2\r\n")));
    assert_true(pq_slice_equal(second, PQ_SLICE("STAT\r\n")));
    assert_true(w.calls < 150);
}

static void test_no_more_tries_than_were_given(void **state)
{
    (void)state;
    static struct pq_plan p;
    for (unsigned tries = 0; tries < 60; tries++) {
        struct wanted w = {.first = PQ_SLICE("DELE 2"), .second = PQ_SLICE("STAT")};
        struct pq_shrink s = {.shows = shows, .ctx = &w, .tries = tries};
        make(&p);
        pq_plan_shrink(&p, &s);
        assert_true(w.calls <= tries);
        assert_int_equal(s.tries, tries - w.calls);
        assert_true(shows(&w, &p));
    }
}

static void test_a_plan_that_cannot_be_shorter_stays(void **state)
{
    (void)state;
    static struct pq_plan p, before;
    struct wanted w = {.first = PQ_SLICE("nowhere"), .second = PQ_SLICE("nowhere")};
    struct pq_shrink s = {.shows = shows, .ctx = &w, .tries = 1000};
    make(&p);
    before = p;
    pq_plan_shrink(&p, &s);
    assert_true(pq_plan_equal(&p, &before));
}

/* A line above the limits of servers is made short where its length does not matter, and costs few
 * tries where it does. */
static void test_a_long_line_is_cut_by_large_parts(void **state)
{
    (void)state;
    static struct pq_plan p;
    char line[2051];
    struct wanted w = {.first = PQ_SLICE("NOOP"), .second = PQ_SLICE("RSET a")};
    struct pq_shrink s = {.shows = shows, .ctx = &w, .tries = 1000};
    memset(line, 'a', sizeof(line));
    memcpy(line, "RSET ", 5);
    memcpy(line + 2048, "\r\n", 3);
    pq_plan_clear(&p);
    add(&p, "NOOP\r\n");
    add(&p, line);
    pq_plan_shrink(&p, &s);
    assert_true(pq_slice_equal(pq_plan_octets(&p, &p.steps[1]), PQ_SLICE("RSET a\r\n")));
    pq_plan_clear(&p);
    add(&p, "NOOP\r\n");
    add(&p, line);
    line[2048] = 0;
    w = (struct wanted){.first = PQ_SLICE("NOOP"), .second = pq_slice_text(line)};
    pq_plan_shrink(&p, &s);
    assert_int_equal(p.count, 2);
    assert_true(w.calls < 100);
}

static void test_pieces_of_a_write_become_one_wait_each(void **state)
{
    (void)state;
    static struct pq_plan p;
    struct wanted w = {.first = PQ_SLICE("DE"), .second = PQ_SLICE("LE")};
    struct pq_shrink s = {.shows = shows, .ctx = &w, .tries = 1000};
    pq_plan_clear(&p);
    assert_true(pq_plan_add(&p, PQ_STEP_SEND, 2, PQ_SLICE("DE"), true));
    assert_true(pq_plan_add(&p, PQ_STEP_SEND, 2, PQ_SLICE("LE 1\r\n"), false));
    pq_plan_shrink(&p, &s);
    assert_int_equal(p.count, 2);
    assert_false(p.steps[0].hurry);
    assert_int_equal(p.steps[0].conn, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_matters_stays),
        cmocka_unit_test(test_no_more_tries_than_were_given),
        cmocka_unit_test(test_a_plan_that_cannot_be_shorter_stays),
        cmocka_unit_test(test_a_long_line_is_cut_by_large_parts),
        cmocka_unit_test(test_pieces_of_a_write_become_one_wait_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
