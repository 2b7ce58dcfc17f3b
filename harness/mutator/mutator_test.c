/* SPDX-License-Identifier: Apache-2.0
 * The mutator: the exact effect of every operation, repair, what fits, trimming. */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include <stdlib.h>
#include <string.h>

#include "harness/mutator/operation.h"
#include "harness/mutator/trim.h"
#include "popquiz/verb.h"

#define OUT_MAX (1u << 17)
#define ROLLS_MAX 6u

/* ---- dice that are told what to show --------------------------------------------------------- */

struct told {
    uint64_t rolls[ROLLS_MAX]; /* behind the last one: zeros */
    size_t next;
};

static uint64_t roll_told(void *ctx, uint64_t below)
{
    struct told *t = ctx;
    assert_true(below > 0);
    uint64_t value = t->next < ROLLS_MAX ? t->rolls[t->next++] : 0;
    assert_true(value < below);
    return value;
}

static uint64_t roll_random(void *ctx, uint64_t below)
{
    return pq_rand_below(ctx, below);
}

static struct mutator *new_mutator(void)
{
    static struct mutator m;
    return &m;
}

/* ---- operations ------------------------------------------------------------------------------ */

#define S(literal) PQ_SLICE_INIT(literal)
#define LOGIN "USER a\r\nPASS b\r\n"

static const struct effect {
    enum mutator_id id;
    enum script_kind kind;
    struct pq_slice in, other;
    uint64_t rolls[ROLLS_MAX];
    struct pq_slice out; /* empty: nothing can be changed */
} effects[] = {
    {MUTATOR_DUPLICATE, SCRIPT_TEXT, S("a\nb\nc\n\r\n"), S(""), {1}, S("a\nb\nb\nc\n\r\n")},
    {MUTATOR_DUPLICATE, SCRIPT_WIRE, S(""), S(""), {0}, S("")},
    {MUTATOR_DELETE, SCRIPT_WIRE, S("a\nb\nc\n"), S(""), {2}, S("a\nb\n")},
    {MUTATOR_DELETE, SCRIPT_WIRE, S("a\n"), S(""), {0}, S("")},
    {MUTATOR_SWAP, SCRIPT_WIRE, S("a\nb\nc\n"), S(""), {0, 1}, S("c\nb\na\n")},
    {MUTATOR_SWAP, SCRIPT_WIRE, S("a\n"), S(""), {0}, S("")},
    /* From the second item two, behind the first. */
    {MUTATOR_SPLICE, SCRIPT_WIRE, S("a\nb\n"), S("x\ny\nz\n"), {1, 1, 1}, S("a\ny\nz\nb\n")},
    {MUTATOR_SPLICE, SCRIPT_WIRE, S("a\n"), S(""), {0}, S("")},
    {MUTATOR_TRUNCATE, SCRIPT_WIRE, S("a\nb\nc\n"), S(""), {0}, S("a\n")},
    {MUTATOR_TRUNCATE, SCRIPT_WIRE, S("a\nb\nc\n"), S(""), {1}, S("a\nb\n")},
    {MUTATOR_TRUNCATE, SCRIPT_WIRE, S("a\n"), S(""), {0}, S("")},
    {MUTATOR_REPEAT, SCRIPT_WIRE, S("a\nb\n"), S(""), {1, 1, 2}, S("a\nb\nb\nb\nb\n")},
    {MUTATOR_INSERT, SCRIPT_WIRE, S("a\n"), S(""), {PQ_VERB_STAT - 1, 0, 1}, S("a\nSTAT\r\n")},
    {MUTATOR_INSERT,
     SCRIPT_WIRE,
     S("LIST 7\n"),
     S(""),
     {PQ_VERB_TOP - 1, 0, 15, 0, 0},
     S("TOP 7 0\r\nLIST 7\n")},
    {MUTATOR_INSERT,
     SCRIPT_WIRE,
     S(""),
     S(""),
     {PQ_VERB_APOP - 1, 0, 0},
     S("APOP a 0123456789abcdef0123456789abcdef\r\n")},
    {MUTATOR_VERB,
     SCRIPT_WIRE,
     S("STAT\nRETR 1\r\n"),
     S(""),
     {1, PQ_VERB_DELE - 1},
     S("STAT\nDELE 1\r\n")},
    {MUTATOR_VERB, SCRIPT_WIRE, S("\r\n"), S(""), {0}, S("")},
    {MUTATOR_CASE, SCRIPT_WIRE, S("QUIT\r\n"), S(""), {0, 4}, S("quit\r\n")},
    {MUTATOR_CASE, SCRIPT_WIRE, S("retr 1\r\n"), S(""), {0, 2}, S("reTr 1\r\n")},
    {MUTATOR_CASE, SCRIPT_WIRE, S("UTF8\r\n"), S(""), {0, 3}, S("UTF8\r\n")},
    {MUTATOR_BLANK, SCRIPT_WIRE, S("RETR 1\r\n"), S(""), {0, 0}, S(" RETR 1\r\n")},
    {MUTATOR_BLANK, SCRIPT_WIRE, S("RETR 1\r\n"), S(""), {0, 1}, S("RETR 1 \r\n")},
    {MUTATOR_BLANK, SCRIPT_WIRE, S("RETR 1\r\n"), S(""), {0, 2}, S("RETR  1\r\n")},
    {MUTATOR_BLANK, SCRIPT_WIRE, S("RETR 1\r\n"), S(""), {0, 3}, S("RETR\t1\r\n")},
    {MUTATOR_BLANK, SCRIPT_WIRE, S("RETR 1\r\n"), S(""), {0, 4}, S("RETR1\r\n")},
    {MUTATOR_NUMBER, SCRIPT_WIRE, S("RETR 12\r\n"), S(""), {0, 3}, S("RETR 2147483648\r\n")},
    {MUTATOR_NUMBER, SCRIPT_WIRE, S("TOP 1 5\r\n"), S(""), {0, 1, 9}, S("TOP 1 -1\r\n")},
    {MUTATOR_NUMBER, SCRIPT_WIRE, S("LIST\r\n"), S(""), {0, 13}, S("LIST 0x1\r\n")},
    {MUTATOR_NUMBER, SCRIPT_WIRE, S("RETR x\r\n"), S(""), {0, 12}, S("RETR \r\n")},
    /* The one marked last, the highest, and one more. */
    {MUTATOR_NUMBER,
     SCRIPT_WIRE,
     S("DELE 2\r\nDELE 1\r\nRETR 5\r\n"),
     S(""),
     {2, 14},
     S("DELE 2\r\nDELE 1\r\nRETR 1\r\n")},
    {MUTATOR_NUMBER,
     SCRIPT_WIRE,
     S("DELE 2\r\nRETR 5\r\nTOP 1 0\r\n"),
     S(""),
     {2, 0, 15},
     S("DELE 2\r\nRETR 5\r\nTOP 5 0\r\n")},
    {MUTATOR_NUMBER,
     SCRIPT_WIRE,
     S("RETR 5\r\nTOP 1 0\r\n"),
     S(""),
     {1, 0, 16},
     S("RETR 5\r\nTOP 6 0\r\n")},
    {MUTATOR_NUMBER, SCRIPT_WIRE, S("STAT\r\n"), S(""), {0}, S("")},
    {MUTATOR_LENGTH,
     SCRIPT_WIRE,
     S("USER ab\r\n"),
     S(""),
     {0, 0, 1},
     S("USER bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n")},
    {MUTATOR_LENGTH, SCRIPT_WIRE, S("STAT\r\n"), S(""), {0}, S("")},
    {MUTATOR_ARGUMENTS, SCRIPT_WIRE, S("TOP 1 2\r\n"), S(""), {0, 0}, S("TOP 1 2 1\r\n")},
    {MUTATOR_ARGUMENTS, SCRIPT_WIRE, S("TOP 1 2\r\n"), S(""), {0, 1}, S("TOP 1\r\n")},
    {MUTATOR_ARGUMENTS, SCRIPT_WIRE, S("STAT\r\n"), S(""), {0}, S("STAT 1\r\n")},
    {MUTATOR_ENDING, SCRIPT_WIRE, S("STAT\r\nQUIT\r\n"), S(""), {0, 0}, S("STAT\nQUIT\r\n")},
    {MUTATOR_ENDING, SCRIPT_WIRE, S("STAT\r\nQUIT\r\n"), S(""), {0, 2}, S("STATQUIT\r\n")},
    {MUTATOR_ENDING, SCRIPT_WIRE, S("QUIT"), S(""), {0, 5}, S("QUIT\0\r\n")},
    {MUTATOR_OCTET, SCRIPT_WIRE, S("QUIT\r\n"), S(""), {0, 2, 0}, S("QU\0IT\r\n")},
    {MUTATOR_OCTET, SCRIPT_WIRE, S("QUIT\r\n"), S(""), {0, 4, 8}, S("QUIT\xC3\xA9\r\n")},
    {MUTATOR_RECORD, SCRIPT_WIRE, S("a\nb\n"), S(""), {1, 1}, S("a\n\xFFWb\n")},
    {MUTATOR_RECORD,
     SCRIPT_WIRE,
     S("a\n"),
     S(""),
     {8, 0},
     S("\xFF"
       "2a\n")},
    {MUTATOR_CUT, SCRIPT_WIRE, S("QUIT\r\n"), S(""), {0, 4}, S("QUIT\r\xFF|\n")},
    {MUTATOR_CUT, SCRIPT_WIRE, S("\n"), S(""), {0}, S("")},
    {MUTATOR_PART, SCRIPT_TURNS, S("a\nb\r\n"), S(""), {1}, S("a\n\0b\r\n")},
    {MUTATOR_OPTION, SCRIPT_COMMANDS, S("a\r\n"), S(""), {0}, S("a\r\n\x0C\n")},
    {MUTATOR_OPTION, SCRIPT_COMMANDS, S("a\r\n\x0C\n"), S(""), {3}, S("a\r\n\x04\n")},
};

static struct pq_slice apply(const struct effect *e, struct pq_buf *out)
{
    struct mutator *m = new_mutator();
    struct told told = {.next = 0};
    memcpy(told.rolls, e->rolls, sizeof(told.rolls));
    m->dice = (struct mutator_dice){roll_told, &told};
    mutator_begin(m, e->kind, guard_slice(e->in), OUT_MAX);
    mutator_borrow(m, e->kind, e->other);
    assert_true(mutator_may(m, mutator_operation(e->id)));
    if (mutator_operation(e->id)->change(m))
        mutator_write(m, out);
    return pq_buf_slice(out);
}

static void test_every_operation_has_its_effect(void **state)
{
    static uint8_t memory[OUT_MAX];
    bool tested[MUTATOR_COUNT] = {[MUTATOR_LONG] = true}; /* below */
    (void)state;
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        const struct effect *e = &effects[i];
        struct pq_buf out;
        pq_buf_init(&out, memory, sizeof(memory));
        struct pq_slice got = apply(e, &out);
        if (!pq_slice_equal(got, e->out))
            fail_msg("%s, row %zu: %.*s", mutator_operation(e->id)->name, i, (int)got.len,
                     (const char *)got.at);
        tested[e->id] = true;
    }
    for (size_t i = 0; i < MUTATOR_COUNT; i++)
        if (!tested[i])
            fail_msg("%s has no row", mutator_operation((enum mutator_id)i)->name);
}

static void test_a_long_line_is_as_long_as_a_limit_with_its_end(void **state)
{
    static const size_t lengths[] = {255, 256, 512, 513, 998, 999, 1024, 65536, 65537};
    static uint8_t memory[OUT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct pq_buf out;
        const struct effect e = {
            .id = MUTATOR_LONG, .kind = SCRIPT_WIRE, .in = S("USER ab\r\n"), .rolls = {0, i}};
        pq_buf_init(&out, memory, sizeof(memory));
        struct pq_slice got = apply(&e, &out);
        assert_int_equal(got.len, lengths[i]);
        assert_true(pq_slice_starts(got, PQ_SLICE("USER abbbb")));
        assert_true(pq_slice_equal(pq_slice_after(got, got.len - 3), PQ_SLICE("b\r\n")));
    }
}

/* Nothing is offered that an output has no room for. */
static void test_a_limit_beyond_the_room_is_never_chosen(void **state)
{
    struct mutator *m = new_mutator();
    (void)state;
    for (size_t room = 254; room <= 256; room++) {
        struct told told = {.rolls = {0, room == 256}};
        m->dice = (struct mutator_dice){roll_told, &told};
        mutator_begin(m, SCRIPT_WIRE, PQ_SLICE("USER a\r\n"), room);
        assert_int_equal(mutator_operation(MUTATOR_LONG)->change(m), room >= 255);
        assert_int_equal(m->script.items[0].len, room >= 255 ? room : 8);
    }
}

/* ---- scripts --------------------------------------------------------------------------------- */

static const struct splitting {
    enum script_kind kind;
    struct pq_slice in;
    const char *items; /* with a slash behind each */
    size_t login;
} splittings[] = {
    {SCRIPT_WIRE, S(""), "", 0},
    {SCRIPT_WIRE, S("a\r\nb"), "a\\x0D\\x0A/b/", 0},
    {SCRIPT_WIRE, S("a\xFFWb\xFF\xFFWc\n\xFF"), "a/\\xFFW/b\\xFF\\xFFWc\\x0A/\\xFF/", 0},
    {SCRIPT_COMMANDS, S("a\xFFWb\r\n"), "a\\xFFWb\\x0D\\x0A/", 0},
    {SCRIPT_COMMANDS, S("a\r\n\x0C\n"), "a\\x0D\\x0A/+\\x0C\\x0A", 0},
    {SCRIPT_TEXT, S("# \n"), "#/+ \\x0A", 0},
    {SCRIPT_TURNS, S("a\r\n\0b\r\n"), "a\\x0D\\x0A/\\x00/b\\x0D\\x0A/", 0},
    {SCRIPT_WIRE, S(LOGIN "STAT\n"), "USER a\\x0D\\x0A/PASS b\\x0D\\x0A/STAT\\x0A/", 2},
    {SCRIPT_WIRE, S("user a\nPASS b"), "user a\\x0A/PASS b/", 2},
    {SCRIPT_WIRE, S("PASS b\xFFWSTAT"), "PASS b/\\xFFW/STAT/", 2},
    {SCRIPT_WIRE, S("AUTH LOGIN\nYQ==\nYg==\nSTAT\n"),
     "AUTH LOGIN\\x0A/YQ==\\x0A/Yg==\\x0A/STAT\\x0A/", 3},
    {SCRIPT_REPLIES, S("PASS b\r\n"), "PASS b\\x0D\\x0A/", 0},
};

static void test_items_are_lines_records_and_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(splittings) / sizeof(splittings[0]); i++) {
        static struct script s;
        struct event_log log = {.len = 0};
        script_split(&s, splittings[i].kind, guard_slice(splittings[i].in));
        for (size_t k = 0; k < s.count; k++) {
            log_octets(&log, s.items[k]);
            log_text(&log, "/");
        }
        if (s.options.len > 0) {
            log_text(&log, "+");
            log_octets(&log, s.options);
        }
        assert_string_equal(log.text, splittings[i].items);
        assert_int_equal(script_login(&s), splittings[i].login);
    }
}

/* One item less than there may be, as many, and one more, which the last one takes in. */
static void test_a_script_of_too_many_lines_keeps_every_octet(void **state)
{
    static struct script s;
    static uint8_t lines[SCRIPT_ITEMS_MAX + 1];
    (void)state;
    memset(lines, '\n', sizeof(lines));
    for (size_t n = SCRIPT_ITEMS_MAX - 1; n <= SCRIPT_ITEMS_MAX + 1; n++) {
        size_t octets = 0;
        script_split(&s, SCRIPT_WIRE, pq_slice_of(lines, n));
        assert_int_equal(s.count, n < SCRIPT_ITEMS_MAX ? n : SCRIPT_ITEMS_MAX);
        for (size_t i = 0; i < s.count; i++)
            octets += s.items[i].len;
        assert_int_equal(octets, n);
    }
    assert_false(script_insert(&s, 0, PQ_SLICE("x")));
}

static void test_a_kind_is_found_by_its_name(void **state)
{
    enum script_kind kind = SCRIPT_KIND_COUNT;
    (void)state;
    for (size_t i = 0; i < SCRIPT_KIND_COUNT; i++) {
        assert_true(script_kind_of(script_row((enum script_kind)i)->name, &kind));
        assert_int_equal(kind, i);
    }
    assert_false(script_kind_of("wires", &kind));
}

/* ---- repair ---------------------------------------------------------------------------------- */

static void check_repair(struct pq_slice in, struct pq_slice other, struct pq_slice want)
{
    struct mutator *m = new_mutator();
    uint8_t memory[512];
    struct pq_buf out;
    pq_buf_init(&out, memory, sizeof(memory));
    mutator_begin(m, SCRIPT_WIRE, guard_slice(in), sizeof(memory));
    mutator_borrow(m, SCRIPT_WIRE, other);
    mutator_repair(m);
    mutator_write(m, &out);
    assert_int_equal(out.len, want.len);
    assert_memory_equal(out.at, want.at, want.len);
}

static void test_repair_keeps_the_login_and_makes_lines_whole(void **state)
{
    const struct pq_slice nothing = PQ_SLICE("");
    (void)state;
    check_repair(PQ_SLICE("USER a\nPASS b\nST\rAT\n\0QUIT"), nothing,
                 PQ_SLICE("USER a\nPASS b\nSTAT\r\nQUIT\r\n"));
    check_repair(PQ_SLICE("STAT\n"), PQ_SLICE(LOGIN "NOOP\r\n"), PQ_SLICE(LOGIN "STAT\r\n"));
    check_repair(PQ_SLICE("STAT\n\xFFW"), nothing, PQ_SLICE("STAT\r\n\xFFW"));
    /* FF before a NUL is no record, and becomes none. */
    check_repair(PQ_SLICE("a\xFF\0Rb\xFF\xFFz"), nothing, PQ_SLICE("a\xFF\xFFRb\xFF\xFFz\r\n"));
    check_repair(PQ_SLICE("\n"), nothing, PQ_SLICE("\r\n"));
}

static void test_a_repaired_input_has_no_operation_that_breaks_lines(void **state)
{
    struct mutator *m = new_mutator();
    (void)state;
    mutator_begin(m, SCRIPT_WIRE, PQ_SLICE(LOGIN), 99);
    assert_true(mutator_may(m, mutator_operation(MUTATOR_OCTET)));
    mutator_repair(m);
    assert_false(mutator_may(m, mutator_operation(MUTATOR_OCTET)));
    assert_false(mutator_may(m, mutator_operation(MUTATOR_OPTION)));
    assert_true(mutator_may(m, mutator_operation(MUTATOR_RECORD)));
}

/* ---- what fits ------------------------------------------------------------------------------- */

static void check_fit(size_t room, struct pq_slice want)
{
    struct mutator *m = new_mutator();
    uint8_t memory[64];
    struct pq_buf out;
    pq_buf_init(&out, memory, room);
    mutator_begin(m, SCRIPT_COMMANDS, PQ_SLICE("USER a\r\nQUIT\r\n\x0C\n"), room);
    mutator_write(m, &out);
    assert_int_equal(out.len, want.len);
    assert_memory_equal(out.at, want.at, want.len);
}

static void test_items_that_do_not_fit_are_left_out_and_options_are_not(void **state)
{
    (void)state;
    check_fit(17, PQ_SLICE("USER a\r\nQUIT\r\n\x0C\n"));
    check_fit(16, PQ_SLICE("USER a\r\nQUIT\r\n\x0C\n"));
    check_fit(15, PQ_SLICE("USER a\r\n\x0C\n"));
    check_fit(10, PQ_SLICE("USER a\r\n\x0C\n"));
    check_fit(9, PQ_SLICE("USER a\r\x0C\n"));
    check_fit(1, PQ_SLICE("\x0C"));
    check_fit(0, PQ_SLICE(""));
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct pq_slice change(uint64_t seed, uint8_t *memory, size_t cap)
{
    const struct mutator_input input = {.kind = SCRIPT_WIRE,
                                        .in = PQ_SLICE(LOGIN "RETR 1\r\nQUIT\r\n"),
                                        .other = PQ_SLICE("APOP x y\r\nTOP 1 2\r\n")};
    struct pq_rand rand;
    struct pq_buf out;
    pq_rand_init(&rand, seed);
    pq_buf_init(&out, memory, cap);
    mutator_change(new_mutator(), &input, (struct mutator_dice){roll_random, &rand}, &out);
    return pq_buf_slice(&out);
}

static void test_the_same_seed_gives_the_same_and_another_seed_something_else(void **state)
{
    static uint8_t a[2048], b[2048];
    size_t others = 0, changed = 0, logins = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct pq_slice first = change(seed, a, sizeof(a));
        assert_true(pq_slice_equal(first, change(seed, b, sizeof(b))));
        others += !pq_slice_equal(first, change(seed + 1, b, sizeof(b)));
        changed += !pq_slice_equal(first, PQ_SLICE(LOGIN "RETR 1\r\nQUIT\r\n"));
        logins += pq_slice_starts(first, PQ_SLICE(LOGIN));
    }
    assert_true(others > 380 && changed > 350);
    /* Half of them are repaired; of the rest some leave the login alone. */
    assert_true(logins > 230 && logins < 380);
}

static void test_a_cross_has_the_beginning_of_one_and_the_end_of_the_other(void **state)
{
    const struct mutator_input input = {
        .kind = SCRIPT_WIRE, .in = PQ_SLICE("a\nb\nc\n"), .other = PQ_SLICE("x\ny\nz\n")};
    struct told told = {.rolls = {0, 2, 1}};
    uint8_t memory[64];
    struct pq_buf out;
    (void)state;
    pq_buf_init(&out, memory, sizeof(memory));
    mutator_cross(new_mutator(), &input, (struct mutator_dice){roll_told, &told}, &out);
    assert_int_equal(out.len, 8);
    assert_memory_equal(memory, "a\nb\ny\nz\n", 8);
}

static void test_a_description_names_what_was_done_and_fits(void **state)
{
    struct mutator *m = new_mutator();
    char text[32];
    (void)state;
    m->done[0] = mutator_operation(MUTATOR_NUMBER);
    m->done[1] = mutator_operation(MUTATOR_SWAP);
    m->done_count = 2;
    mutator_describe(m, text, sizeof(text));
    assert_string_equal(text, "number+swap");
    mutator_describe(m, text, 12);
    assert_string_equal(text, "number+swap");
    mutator_describe(m, text, 11);
    assert_string_equal(text, "number");
    mutator_describe(m, text, 1);
    assert_string_equal(text, "");
}

/* ---- trimming -------------------------------------------------------------------------------- */

/* Trims to the first lines and those that `needed` names, each of one letter; how many candidates
 * that took. */
static size_t trim_to(struct pq_slice in, size_t first, const char *needed, struct pq_buf *left)
{
    static struct trim t;
    trim_begin(&t, SCRIPT_WIRE, in, first);
    size_t candidates = 0;
    for (; !trim_is_over(&t); candidates++) {
        uint8_t memory[256];
        struct pq_buf out;
        bool same = true;
        pq_buf_init(&out, memory, sizeof(memory));
        trim_write(&t, &out);
        assert_true(out.len > 0 && !out.overflowed);
        for (const char *n = needed; *n; n++)
            same &= pq_slice_index(pq_buf_slice(&out), (uint8_t)*n) < out.len;
        trim_next(&t, same);
    }
    assert_true(candidates <= t.steps);
    for (size_t i = 0; i < t.script.count; i++)
        pq_buf_put(left, t.script.items[i]);
    return candidates;
}

static void test_trimming_leaves_the_lines_that_are_needed(void **state)
{
    static const char *const needs[] = {"", "a", "h", "cf", "abcdefgh", "ah"};
    static const char *const lefts[] = {"h\n",   "a\n", "h\n", "c\nf\n", "a\nb\nc\nd\ne\nf\ng\nh\n",
                                        "a\nh\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        uint8_t memory[64];
        struct pq_buf left;
        pq_buf_init(&left, memory, sizeof(memory));
        (void)trim_to(PQ_SLICE("a\nb\nc\nd\ne\nf\ng\nh\n"), 0, needs[i], &left);
        assert_true(pq_slice_equal(pq_buf_slice(&left), pq_slice_text(lefts[i])));
    }
}

static void test_trimming_keeps_what_it_is_told_to_keep(void **state)
{
    static const char *const needs[] = {"", "f", "abcdefgh"};
    static const char *const lefts[] = {"a\nb\n", "a\nb\nf\n", "a\nb\nc\nd\ne\nf\ng\nh\n"};
    static struct trim t;
    (void)state;
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        uint8_t memory[64];
        struct pq_buf left;
        pq_buf_init(&left, memory, sizeof(memory));
        (void)trim_to(PQ_SLICE("a\nb\nc\nd\ne\nf\ng\nh\n"), 2, needs[i], &left);
        assert_true(pq_slice_equal(pq_buf_slice(&left), pq_slice_text(lefts[i])));
    }
    trim_begin(&t, SCRIPT_WIRE, PQ_SLICE("a\nb\n"), 2);
    assert_true(trim_is_over(&t));
}

static void test_one_line_and_none_are_not_trimmed(void **state)
{
    static struct trim t;
    (void)state;
    trim_begin(&t, SCRIPT_WIRE, PQ_SLICE(""), 0);
    assert_true(trim_is_over(&t));
    trim_begin(&t, SCRIPT_WIRE, PQ_SLICE("QUIT\r\n"), 0);
    assert_true(trim_is_over(&t));
    trim_begin(&t, SCRIPT_WIRE, PQ_SLICE("STAT\r\nQUIT\r\n"), 0);
    assert_false(trim_is_over(&t));
}

/* ---- what engines call ----------------------------------------------------------------------- */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t max_size);
size_t afl_custom_havoc_mutation(void *data, uint8_t *buf, size_t size, uint8_t **out,
                                 size_t max_size);
unsigned afl_custom_fuzz_count(void *data, const uint8_t *buf, size_t size);
const char *afl_custom_describe(void *data, size_t max_len);
int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t size);
size_t afl_custom_trim(void *data, uint8_t **out);
int32_t afl_custom_post_trim(void *data, uint8_t success);
void afl_custom_deinit(void *data);

static void test_libfuzzer_gets_what_fits_and_the_same_for_a_seed(void **state)
{
    uint8_t a[64], b[64];
    (void)state;
    for (unsigned seed = 0; seed < 300; seed++) {
        size_t max = 1 + seed % sizeof(a);
        memcpy(a, LOGIN, max < 16 ? max : 16);
        memcpy(b, a, sizeof(a));
        size_t len = LLVMFuzzerCustomMutator(a, max < 16 ? max : 16, max, seed);
        assert_true(len <= max);
        assert_int_equal(LLVMFuzzerCustomMutator(b, max < 16 ? max : 16, max, seed), len);
        assert_memory_equal(a, b, len);
    }
}

static void test_afl_gets_what_fits_and_a_name_for_it(void **state)
{
    uint8_t in[] = LOGIN "RETR 1\r\n", other[] = "TOP 1 2\r\n", *out;
    void *m = afl_custom_init(NULL, 1);
    size_t named = 0;
    (void)state;
    assert_non_null(m);
    assert_int_equal(afl_custom_fuzz_count(m, in, sizeof(in) - 1), 1024 + 3 * 8);
    for (size_t max = sizeof(in); max < 300; max++) {
        size_t len = afl_custom_fuzz(m, in, sizeof(in) - 1, &out, other, sizeof(other) - 1, max);
        assert_true(len <= max);
        size_t name = strlen(afl_custom_describe(m, 20));
        named += name > 0;
        assert_true(name < 20);
        assert_true(afl_custom_havoc_mutation(m, in, sizeof(in) - 1, &out, max) <= max);
    }
    assert_true(named > 200);
    /* No other input, and no room at all. */
    assert_true(afl_custom_fuzz(m, in, sizeof(in) - 1, &out, NULL, 0, 99) <= 99);
    assert_int_equal(afl_custom_fuzz(m, in, sizeof(in) - 1, &out, NULL, 0, 0), 0);
    assert_non_null(out);
    afl_custom_deinit(m);
}

/* As AFL++ does it, which ends itself on a candidate that is too long, or a negative step. */
static void test_afl_trims_by_lines(void **state)
{
    uint8_t in[] = "a\nb\nc\nd\n", last[16] = {0}, *out;
    void *m = afl_custom_init(NULL, 1);
    size_t last_len = 0;
    (void)state;
    int32_t steps = afl_custom_init_trim(m, in, sizeof(in) - 1), step = 0;
    assert_true(steps > 0);
    while (step < steps) {
        size_t len = afl_custom_trim(m, &out);
        assert_true(len > 0 && len < sizeof(in) - 1);
        bool same = memchr(out, 'c', len) != NULL;
        last_len = same ? len : last_len;
        memcpy(last, out, same ? len : 0);
        step = afl_custom_post_trim(m, same);
        assert_true(step > 0);
    }
    assert_int_equal(last_len, 2);
    assert_memory_equal(last, "c\n", 2);
    assert_int_equal(afl_custom_init_trim(m, in, 2), 0);
    assert_int_equal(afl_custom_init_trim(m, in, 0), 0);
    afl_custom_deinit(m);
}

static void test_afl_is_told_of_a_kind_that_there_is_not(void **state)
{
    (void)state;
    assert_int_equal(setenv("POPQUIZ_MUTATOR", "wires", 1), 0);
    assert_null(afl_custom_init(NULL, 1));
    assert_int_equal(setenv("POPQUIZ_MUTATOR", "text", 1), 0);
    void *m = afl_custom_init(NULL, 1);
    assert_non_null(m);
    afl_custom_deinit(m);
    assert_int_equal(unsetenv("POPQUIZ_MUTATOR"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_has_its_effect),
        cmocka_unit_test(test_a_long_line_is_as_long_as_a_limit_with_its_end),
        cmocka_unit_test(test_a_limit_beyond_the_room_is_never_chosen),
        cmocka_unit_test(test_items_are_lines_records_and_parts),
        cmocka_unit_test(test_a_script_of_too_many_lines_keeps_every_octet),
        cmocka_unit_test(test_a_kind_is_found_by_its_name),
        cmocka_unit_test(test_repair_keeps_the_login_and_makes_lines_whole),
        cmocka_unit_test(test_a_repaired_input_has_no_operation_that_breaks_lines),
        cmocka_unit_test(test_items_that_do_not_fit_are_left_out_and_options_are_not),
        cmocka_unit_test(test_the_same_seed_gives_the_same_and_another_seed_something_else),
        cmocka_unit_test(test_a_cross_has_the_beginning_of_one_and_the_end_of_the_other),
        cmocka_unit_test(test_a_description_names_what_was_done_and_fits),
        cmocka_unit_test(test_trimming_leaves_the_lines_that_are_needed),
        cmocka_unit_test(test_trimming_keeps_what_it_is_told_to_keep),
        cmocka_unit_test(test_one_line_and_none_are_not_trimmed),
        cmocka_unit_test(test_libfuzzer_gets_what_fits_and_the_same_for_a_seed),
        cmocka_unit_test(test_afl_gets_what_fits_and_a_name_for_it),
        cmocka_unit_test(test_afl_trims_by_lines),
        cmocka_unit_test(test_afl_is_told_of_a_kind_that_there_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
