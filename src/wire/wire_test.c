/* SPDX-License-Identifier: Apache-2.0
 * Every case is delivered in every cut; the events must be the same. */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "popquiz/wire.h"

#define LINE_CAP 16u

static void log_line(struct event_log *log, const struct pq_line *line)
{
    char head[64];
    (void)snprintf(head, sizeof(head), "%s@%llu%s ", line->too_long ? "long" : "line",
                   (unsigned long long)line->offset, line->lf_only ? " lf" : "");
    log_text(log, head);
    log_octets(log, line->text);
    log_text(log, "|");
}

/* Feeds `input` in writes of `step` octets. */
static void run_framer(struct pq_slice input, size_t step, bool lf_ends_line, struct event_log *log)
{
    uint8_t memory[LINE_CAP];
    struct pq_framer f;
    struct pq_line line;
    log->len = 0;
    pq_framer_init(&f, memory, sizeof(memory));
    f.lf_ends_line = lf_ends_line;
    while (input.len > 0) {
        struct pq_slice in = guard_slice(pq_slice_first(input, step));
        input = pq_slice_after(input, step);
        while (pq_framer_next(&f, &in, &line) == PQ_NEXT_EVENT)
            log_line(log, &line);
        assert_int_equal(in.len, 0);
        assert_true(f.held <= f.cap);
    }
    char tail[32];
    (void)snprintf(tail, sizeof(tail), "rest %llu", (unsigned long long)pq_framer_pending(&f));
    log_text(log, tail);
}

static const struct framer_case {
    const char *name, *events;
    struct pq_slice input;
    bool lf_ends_line;
} framer_cases[] = {
    {"nothing", "rest 0", {NULL, 0}, false},
    {"two lines", "line@0 +OK|line@5 .|rest 0", {(const uint8_t *)"+OK\r\n.\r\n", 8}, false},
    {"empty line", "line@0 |rest 0", {(const uint8_t *)"\r\n", 2}, false},
    {"bare LF is data", "line@0 a\\x0Ab|rest 0", {(const uint8_t *)"a\nb\r\n", 5}, false},
    {"LF alone is data", "rest 1", {(const uint8_t *)"\n", 1}, false},
    {"LF first", "line@0 \\x0A|rest 0", {(const uint8_t *)"\n\r\n", 3}, false},
    {"bare CR is data", "line@0 a\\x0Db|rest 0", {(const uint8_t *)"a\rb\r\n", 5}, false},
    {"CR CR LF", "line@0 \\x0D|rest 0", {(const uint8_t *)"\r\r\n", 3}, false},
    {"LF CR is no line end", "rest 3", {(const uint8_t *)"a\n\r", 3}, false},
    {"NUL is data", "line@0 a\\x00b|rest 0", {(const uint8_t *)"a\0b\r\n", 5}, false},
    {"n-1 of the limit",
     "line@0 1234567890123|rest 0",
     {(const uint8_t *)"1234567890123\r\n", 15},
     false},
    {"n of the limit",
     "line@0 12345678901234|rest 0",
     {(const uint8_t *)"12345678901234\r\n", 16},
     false},
    {"n+1 of the limit",
     "long@0 12345678901234|rest 0",
     {(const uint8_t *)"123456789012345\r\n", 17},
     false},
    {"too long, then in step",
     "long@0 12345678901234|line@24 ok|rest 0",
     {(const uint8_t *)"1234567890123456789012\r\nok\r\n", 28},
     false},
    {"limit made of CRs",
     "long@0 \\x0D\\x0D\\x0D\\x0D\\x0D\\x0D\\x0D\\x0D\\x0D\\x0D\\x0D\\x0D\\x0D\\x0D|rest 0",
     {(const uint8_t *)"\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\n", 18},
     false},
    {"unfinished", "line@0 a|rest 2", {(const uint8_t *)"a\r\nb\r", 5}, false},
    {"lenient LF",
     "line@0 lf a|line@2 b|line@5 lf |rest 0",
     {(const uint8_t *)"a\nb\r\n\n", 6},
     true},
    {"lenient limit",
     "line@0 lf 12345678901234|long@15 lf 12345678901234|rest 0",
     {(const uint8_t *)"12345678901234\n123456789012345\n", 31},
     true},
};

static void check_framer_case(const struct framer_case *c)
{
    static struct event_log log;
    for (size_t step = 1; step <= c->input.len + 1; step++) {
        run_framer(c->input, step, c->lf_ends_line, &log);
        if (strcmp(log.text, c->events) != 0)
            fail_msg("%s, step %zu: got %s, want %s", c->name, step, log.text, c->events);
    }
}

static void test_framer_in_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(framer_cases) / sizeof(framer_cases[0]); i++)
        check_framer_case(&framer_cases[i]);
}

static void run_dot(struct pq_slice input, size_t step, struct event_log *log)
{
    struct pq_dot d;
    struct pq_slice piece;
    pq_dot_init(&d);
    log->len = 0;
    log->text[0] = 0;
    while (input.len > 0 && !d.ended) {
        struct pq_slice in = guard_slice(pq_slice_first(input, step));
        size_t given = in.len;
        while (pq_dot_next(&d, &in, &piece) == PQ_NEXT_EVENT && !d.ended)
            log_octets(log, piece);
        input = pq_slice_after(input, given - in.len);
    }
    log_text(log, d.ended ? "|end " : "|open ");
    log_octets(log, input);
    log_text(log, d.unstuffed ? "|unstuffed" : "|");
}

static const struct dot_case {
    const char *name, *events;
    struct pq_slice input;
} dot_cases[] = {
    {"empty body", "|end |", PQ_SLICE_INIT(".\r\n")},
    {"what follows", "|end +OK\\x0D\\x0A|", PQ_SLICE_INIT(".\r\n+OK\r\n")},
    {"one line", "a\\x0D\\x0A|end |", PQ_SLICE_INIT("a\r\n.\r\n")},
    {"stuffed", ".\\x0D\\x0A..x\\x0D\\x0A|end |", PQ_SLICE_INIT("..\r\n...x\r\n.\r\n")},
    {"badly stuffed", "x\\x0D\\x0A|end |unstuffed", PQ_SLICE_INIT(".x\r\n.\r\n")},
    {"dot blank", " \\x0D\\x0A|end |unstuffed", PQ_SLICE_INIT(". \r\n.\r\n")},
    {"dot in the line", "a.b.\\x0D\\x0A|end |", PQ_SLICE_INIT("a.b.\r\n.\r\n")},
    {"dot behind bare LF", "a\\x0A.\\x0A+OK\\x0D\\x0A|end |", PQ_SLICE_INIT("a\n.\n+OK\r\n.\r\n")},
    {"dot behind bare CR", "a\\x0D.\\x0D\\x0D\\x0A|end |", PQ_SLICE_INIT("a\r.\r\r\n.\r\n")},
    {"dot LF", "\\x0Ax\\x0D\\x0A|end |unstuffed", PQ_SLICE_INIT(".\nx\r\n.\r\n")},
    {"dot CR text", "\\x0Dx\\x0D\\x0A|end |unstuffed", PQ_SLICE_INIT(".\rx\r\n.\r\n")},
    {"dot CR CR LF", "\\x0D\\x0D\\x0A|end |unstuffed", PQ_SLICE_INIT(".\r\r\n.\r\n")},
    {"dot CR dot", "\\x0D.\\x0D\\x0A|end |unstuffed", PQ_SLICE_INIT(".\r.\r\n.\r\n")},
    {"no end", "a\\x0D\\x0A|open |", PQ_SLICE_INIT("a\r\n.\r")},
    {"no end, dot", "a\\x0D\\x0A|open |", PQ_SLICE_INIT("a\r\n.")},
    {"glued", "a.\\x0D\\x0A|open |", PQ_SLICE_INIT("a.\r\n")},
};

static void check_dot_case(const struct dot_case *c)
{
    static struct event_log log;
    for (size_t step = 1; step <= c->input.len; step++) {
        run_dot(c->input, step, &log);
        if (strcmp(log.text, c->events) != 0)
            fail_msg("%s, step %zu: got %s, want %s", c->name, step, log.text, c->events);
    }
}

static void test_dot_in_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(dot_cases) / sizeof(dot_cases[0]); i++)
        check_dot_case(&dot_cases[i]);
}

/* Writes `content` through an output buffer of `room` octets and appends it to `to`. */
static void stuff(struct pq_slice content, size_t room, struct pq_buf *to)
{
    struct pq_stuffer s;
    uint8_t memory[64];
    struct pq_buf out;
    pq_stuffer_init(&s);
    while (content.len > 0) {
        pq_buf_init(&out, memory, room);
        size_t taken = pq_stuffer_put(&s, content, &out);
        assert_true(taken > 0);
        content = pq_slice_after(content, taken);
        assert_true(pq_buf_put(to, pq_buf_slice(&out)));
    }
    pq_buf_init(&out, memory, 5);
    assert_true(pq_stuffer_end(&s, &out));
    assert_true(pq_buf_put(to, pq_buf_slice(&out)));
}

static const struct stuff_case {
    const char *content, *wire;
} stuff_cases[] = {
    {"", ".\r\n"},
    {"a\r\n", "a\r\n.\r\n"},
    {".\r\n..\r\n.x\r\n", "..\r\n...\r\n..x\r\n.\r\n"},
    {"no end", "no end\r\n.\r\n"},
    {"a\n.\nb\r\n", "a\n.\nb\r\n.\r\n"},
    {"a\r.\r\n", "a\r.\r\n.\r\n"},
    {"a\r", "a\r\r\n.\r\n"},
};

static void test_stuffing_and_its_inverse(void **state)
{
    (void)state;
    static struct event_log log;
    uint8_t memory[256];
    struct pq_buf wire;
    for (size_t i = 0; i < sizeof(stuff_cases) / sizeof(stuff_cases[0]); i++) {
        const struct stuff_case *c = &stuff_cases[i];
        for (size_t room = 2; room <= 16; room++) {
            pq_buf_init(&wire, memory, sizeof(memory));
            stuff(pq_slice_text(c->content), room, &wire);
            assert_true(pq_slice_equal(pq_buf_slice(&wire), pq_slice_text(c->wire)));
        }
        run_dot(pq_buf_slice(&wire), 3, &log);
        assert_non_null(strstr(log.text, "|end |"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framer_in_every_cut),
        cmocka_unit_test(test_dot_in_every_cut),
        cmocka_unit_test(test_stuffing_and_its_inverse),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
