/* SPDX-License-Identifier: Apache-2.0
 * Records: what is read and refused, what a recorder writes, what a replay compares. */
#define _DEFAULT_SOURCE
#include "dialogue/player/testing.h"

#include "dialogue/cut.h"
#include "dialogue/player/recorder.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD "#!golden 1\nfile: x.dlg\n"
#define RUN HEAD "case: x\noutcome: pass\n"

/* ---- reading --------------------------------------------------------------------------------- */

static void test_a_record_is_read(void **state)
{
    static const char text[] =
        "#!golden 1\n# a comment\nfile: a/x.dlg\nlogin: ../l.dlg\n\ncase: x[a=b,c=d]\n"
        "outcome: fail\nbranch: a-b\nrows: RFC1939-5-001=fail RFC1939-5-002=pass\n"
        "vars: user=\"a b\" seed=7 pw=\"\\\"\"\nnote: anything = \"goes\n"
        "connect 1 ok\n< 1 \"+OK \\x00\\r\\n\"\n> 9 \"x\"\ntimeout 0\neof 1\ntls 2 plain\n"
        "took 1 35\nanswer peek done\nstored 5 \"u\" \"a\\r\\n\"\nstored - - -\n"
        "answer reset failed \"why\"\n\ncase: y\noutcome: pass\n";
    (void)state;
    struct pq_golden g;
    struct pq_slice value;
    parse_golden(&g, text);
    assert_true(pq_slice_equal(g.file, PQ_SLICE("a/x.dlg")));
    assert_true(pq_slice_equal(g.login, PQ_SLICE("../l.dlg")));
    const struct pq_golden_run *run = g.runs;
    assert_true(pq_slice_equal(run->name, PQ_SLICE("x[a=b,c=d]")));
    assert_true(pq_slice_equal(run->outcome, PQ_SLICE("fail")));
    assert_true(pq_slice_equal(run->branch, PQ_SLICE("a-b")));
    assert_true(pq_slice_equal(run->rows->next->name, PQ_SLICE("RFC1939-5-002")));
    assert_true(pq_slice_equal(run->rows->next->value, PQ_SLICE("pass")));
    assert_true(pq_golden_var(run, "user", &value));
    assert_true(pq_slice_equal(value, PQ_SLICE("a b")));
    assert_true(pq_golden_var(run, "pw", &value));
    assert_true(pq_slice_equal(value, PQ_SLICE("\"")));
    assert_false(pq_golden_var(run, "host", &value));
    assert_int_equal(run->count, 11);
    const struct pq_golden_event *e = run->events;
    assert_int_equal(e->kind, PQ_GOLDEN_CONNECT);
    e = e->next;
    assert_true(pq_slice_equal(e->octets, PQ_SLICE("+OK \0\r\n")));
    e = e->next;
    assert_int_equal(e->conn, 9);
    e = e->next;
    assert_int_equal(e->result, PQ_WIRE_TIMEOUT);
    e = e->next->next;
    assert_int_equal(e->tls, PQ_WIRE_TLS_PLAIN);
    e = e->next;
    assert_int_equal(e->number, 35);
    e = e->next->next;
    assert_true(e->stored.has_size && e->stored.has_octets && e->stored.size == 5);
    e = e->next;
    assert_true(!e->stored.has_size && !e->stored.has_octets && !e->stored.uid.at);
    e = e->next;
    assert_int_equal(e->answer, PQ_ANSWER_FAILED);
    assert_null(e->next);
    assert_true(pq_slice_equal(run->next->name, PQ_SLICE("y")));
    assert_int_equal(run->next->count, 0);
    pq_golden_free(&g);
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *why;
    } rows[] = {
        {"", 1, "\"#!golden 1\""},
        {"#!golden 2\n", 1, "\"#!golden 1\""},
        {"#!golden 1\n", 0, "file:"},
        {HEAD, 0, "no case:"},
        {HEAD "outcome: pass\n", 3, "behind the case:"},
        {HEAD "eof 1\n", 3, "behind the case:"},
        {HEAD "case: x\n", 3, "lacks its name or its outcome"},
        {RUN "eof 1\nnote: x\n", 6, "before the events"},
        {RUN "hello 1\n", 5, "no known key"},
        {RUN "eof\n", 5, "a word is missing"},
        {RUN "eof 10\n", 5, "not a number, or it is too large"},
        {RUN "eof x\n", 5, "not a number"},
        {RUN "eof 1 2\n", 5, "nothing may follow"},
        {RUN "connect 1 eof\n", 5, "ok, timeout, refused or failed"},
        {RUN "tls 1 spent\n", 5, "TLS comes out as"},
        {RUN "took 1 3600001\n", 5, "too large"},
        {RUN "< 1 +OK\n", 5, "quotation marks"},
        {RUN "< 1 \"+OK\n", 5, "not closed"},
        {RUN "< 1 \"\\q\"\n", 5, "an escape in it"},
        {RUN "answer restart done\n", 5, "an answer is"},
        {RUN "answer peek spent\n", 5, "an answer is"},
        {RUN "stored 1 - -\n", 5, "behind an answer to peek"},
        {RUN "answer reset done\nstored 1 - -\n", 6, "behind an answer to peek"},
        {RUN "rows: x\n", 5, "NAME=VALUE"},
        {RUN "vars: a=\"\n", 5, "not closed"},
    };
    (void)state;
    struct pq_golden g;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(pq_golden_parse(&g, pq_slice_text(rows[i].text), pq_alloc_default()),
                         PQ_STATUS_SYNTAX);
        assert_int_equal(g.problems.at[0].at.line, rows[i].line);
        if (!strstr(g.problems.at[0].text, rows[i].why))
            fail_msg("\"%s\" is not in \"%s\"", rows[i].why, g.problems.at[0].text);
        pq_golden_free(&g);
    }
}

static void test_limit_of_a_record(void **state)
{
    (void)state;
    struct pq_golden g;
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), PQ_GOLDEN_TEXT_MAX + 1);
    assert_int_equal(pq_bytes_put_text(&text, RUN), PQ_STATUS_OK);
    size_t rest = PQ_GOLDEN_TEXT_MAX - text.len;
    assert_int_equal(pq_bytes_reserve(&text, rest + 1), PQ_STATUS_OK);
    memset(text.at + text.len, '\n', rest + 1);
    text.len += rest;
    assert_int_equal(pq_golden_parse(&g, pq_bytes_slice(&text), pq_alloc_default()), PQ_STATUS_OK);
    pq_golden_free(&g);
    text.len++;
    assert_int_equal(pq_golden_parse(&g, pq_bytes_slice(&text), pq_alloc_default()),
                     PQ_STATUS_SYNTAX);
    pq_golden_free(&g);
    pq_bytes_free(&text);
}

/* Records are files of others: whatever is in them, reading them ends. */
static void test_any_octets(void **state)
{
    static const char good[] = RUN "rows: A=b\nvars: a=\"b\"\nconnect 1 ok\n< 1 \"+OK\\r\\n\"\n"
                                   "tls 1 ok\ntook 1 5\nanswer peek done\nstored 5 \"u\" \"x\"\n";
    (void)state;
    struct pq_rand rand;
    uint8_t text[sizeof(good)];
    struct pq_golden g;
    pq_rand_init(&rand, 1);
    for (size_t n = 0; n < 3000; n++) {
        memcpy(text, good, sizeof(good));
        size_t len = n < sizeof(good) ? n : sizeof(good) - 1;
        for (uint64_t i = n < sizeof(good) ? 0 : 1 + pq_rand_below(&rand, 4); i > 0; i--)
            text[pq_rand_below(&rand, len)] = (uint8_t)pq_rand_next(&rand);
        struct pq_slice s = guard_slice(pq_slice_of(text, len));
        enum pq_status status = pq_golden_parse(&g, s, pq_alloc_default());
        assert_true(status == PQ_STATUS_OK || g.problems.errors > 0);
        pq_golden_free(&g);
    }
}

/* ---- recorders ------------------------------------------------------------------------------- */

#define DIALOGUE                                                                                   \
    "#!dlg 1\nid: x\n---\n[test]\n@connect\nS: +OK\nC: A\nS: +OK\nS: a\nS: b\n@connect 2\n"        \
    "S2: +OK\n@silence 1s\n@tls 2 -> r\n@within 1s\nC: B\nS: +OK\nS2: c\nS: "                      \
    "d\n@fence\n@peek\n@reset\n@eof\n"                                                             \
    "@eof 2\n"
#define EVENTS                                                                                     \
    "connect 1 ok\n< 1 \"+OK\\r\\n\"\n> 1 \"A\\r\\n\"\n< 1 \"+OK\\r\\n\"\n< 1 \"a\\r\\n\"\n"       \
    "< 1 \"b\\r\\n\"\nconnect 2 ok\n< 2 \"+OK\\r\\n\"\ntimeout 1\ntls 2 alert\n> 1 \"B\\r\\n\"\n"  \
    "< 1 \"+OK\\r\\n\"\ntook 1 17\n< 2 \"c\\r\\n\"\n< 1 \"d\\r\\n\"\n> 1 \"CAPA\\r\\n\"\n< 1 "     \
    "\"-ERR\\r\\n\"\nanswer peek done\nstored 5 \"u\" \"a\\0\"\nstored - - -\n"                    \
    "answer reset done \"why\"\neof 1\nreset 2\n"

/* Plays `dialogue` against `events` and gives what a recorder makes of it. */
static void record(const char *dialogue, const char *events, struct pq_cut cut, char *out,
                   size_t cap)
{
    static struct played p;
    static char text[1u << 14];
    struct pq_script script;
    struct pq_recorder recorder;
    (void)snprintf(text, sizeof(text), RUN "%s", events);
    play_init_text(&p, dialogue, text);
    pq_script_init(&script, p.golden.runs);
    struct pq_wire wire = pq_script_wire(&script);
    pq_recorder_init(&recorder, &wire, &p.mask, pq_alloc_default());
    struct pq_wire recorded = pq_recorder_wire(&recorder);
    struct pq_run run = {.what = {&p.dlg, pq_slice_text(dialogue)},
                         .login = {&p.login, PQ_SLICE(PRELUDE)},
                         .cut = cut,
                         .patience_ms = 1000,
                         .wire = &recorded,
                         .alloc = pq_alloc_default()};
    pq_run_play(&run, &p.mask, &p.out);
    assert_int_equal(p.out.verdict, PQ_VERDICT_PASS);
    struct pq_slice got = pq_recorder_events(&recorder);
    (void)snprintf(out, cap, "%.*s", (int)got.len, (const char *)got.at);
    pq_recorder_free(&recorder);
    play_done(&p);
}

static void test_what_is_recorded_is_what_was_played(void **state)
{
    (void)state;
    static char out[1u << 14];
    /* However what is sent is cut, the record is the same. */
    record(DIALOGUE, EVENTS, (struct pq_cut){PQ_DLG_CUT_WHOLE, 0}, out, sizeof(out));
    assert_string_equal(out, EVENTS);
    record(DIALOGUE, EVENTS, (struct pq_cut){PQ_DLG_CUT_BYTE, 0}, out, sizeof(out));
    assert_string_equal(out, EVENTS);
}

/* ---- replays --------------------------------------------------------------------------------- */

static void test_what_differs_is_told(void **state)
{
    static const struct {
        const char *recorded, *diff;
    } rows[] = {
        {"outcome: pass\nrows: RFC1939-5-001=pass\n", ""},
        {"outcome: fail\nrows: RFC1939-5-001=pass\n", "  outcome: recorded fail, now pass\n"},
        {"outcome: pass\nbranch: b\nrows: RFC1939-5-001=pass\n",
         "  branch: recorded b, now none\n"},
        {"outcome: pass\nrows: RFC1939-5-001=fail\n", "  RFC1939-5-001: recorded fail, now pass\n"},
        {"outcome: pass\nrows:\n", "  RFC1939-5-001: recorded none, now pass\n"},
        {"outcome: pass\nrows: RFC1939-5-001=pass RFC1939-5-002=pass\n",
         "  RFC1939-5-002: recorded pass, now none\n"},
    };
    (void)state;
    static struct played p;
    static char text[4096];
    static const char dialogue[] =
        "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\nS: +OK\n";
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pq_bytes diff;
        (void)snprintf(text, sizeof(text), HEAD "case: x\n%sconnect 1 ok\n< 1 \"+OK\\r\\n\"\n",
                       rows[i].recorded);
        play_init_text(&p, dialogue, text);
        struct pq_dialogue what = {&p.dlg, pq_slice_text(dialogue)};
        struct pq_dialogue login = {&p.login, PQ_SLICE(PRELUDE)};
        struct pq_replay replay = {p.golden.runs, what, login, pq_alloc_default()};
        assert_null(pq_replay_play(&replay, &p.mask, &p.out));
        pq_bytes_init(&diff, pq_alloc_default(), sizeof(text));
        assert_int_equal(pq_replay_agrees(p.golden.runs, &p.out, &diff), rows[i].diff[0] == 0);
        assert_true(pq_slice_starts(pq_bytes_slice(&diff), pq_slice_text(rows[i].diff)));
        assert_int_equal(diff.len == 0, rows[i].diff[0] == 0);
        pq_bytes_free(&diff);
        play_done(&p);
    }
}

static void test_variables_that_are_wrong(void **state)
{
    static const char *const vars[] = {"tls=some", "seed=x", "clock=real", "clear=yes"};
    static const char *const names[] = {"tls", "seed", "clock", "clear"};
    (void)state;
    static struct played p;
    char text[256];
    for (size_t i = 0; i < COUNT(vars); i++) {
        (void)snprintf(text, sizeof(text), RUN "vars: %s\n", vars[i]);
        play_init_text(&p, "#!dlg 1\nid: x\n---\n[test]\n", text);
        struct pq_dialogue what = {&p.dlg, {NULL, 0}}, login = {&p.login, {NULL, 0}};
        struct pq_replay replay = {p.golden.runs, what, login, pq_alloc_default()};
        assert_string_equal(pq_replay_play(&replay, &p.mask, &p.out), names[i]);
        play_done(&p);
    }
}

/* What is written as a record is read as the same run. */
static void test_a_record_that_is_written(void **state)
{
    static const char dialogue[] =
        "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\n@match\n@case a pass\n  S: "
        "+OK\n@end\n";
    (void)state;
    static struct played p;
    struct pq_bytes text;
    struct pq_golden g;
    struct pq_slice value;
    play_text(&p, dialogue, "connect 1 ok\n< 1 \"+OK\\r\\n\"\n");
    struct pq_run run = {.what = {&p.dlg, pq_slice_text(dialogue)},
                         .vars = {.user = PQ_SLICE("a\"b"), .pw = PQ_SLICE("secret")},
                         .tls = PQ_RUN_TLS_IMPLICIT,
                         .only_tls = true,
                         .ask_clock = true,
                         .seed = UINT64_MAX};
    for (int secrets = 0; secrets <= 1; secrets++) {
        struct pq_record record = {.name = PQ_SLICE("x"),
                                   .run = &run,
                                   .out = &p.out,
                                   .events = PQ_SLICE("connect 1 ok\n"),
                                   .with_secrets = secrets == 1};
        pq_bytes_init(&text, pq_alloc_default(), 4096);
        assert_int_equal(pq_record_write_head(PQ_SLICE("x.dlg"), PQ_SLICE("l.dlg"), &text),
                         PQ_STATUS_OK);
        assert_int_equal(pq_record_write(&record, &text), PQ_STATUS_OK);
        assert_int_equal(pq_golden_parse(&g, pq_bytes_slice(&text), pq_alloc_default()),
                         PQ_STATUS_OK);
        assert_true(pq_slice_equal(g.runs->branch, PQ_SLICE("a")));
        assert_true(pq_slice_equal(g.runs->rows->value, PQ_SLICE("pass")));
        assert_true(pq_golden_var(g.runs, "user", &value));
        assert_true(pq_slice_equal(value, PQ_SLICE("a\"b")));
        assert_int_equal(pq_golden_var(g.runs, "pw", &value), secrets);
        assert_true(pq_golden_var(g.runs, "seed", &value));
        assert_true(pq_slice_equal(value, PQ_SLICE("18446744073709551615")));
        assert_true(pq_golden_var(g.runs, "clear", &value));
        assert_true(pq_golden_var(g.runs, "clock", &value));
        pq_golden_free(&g);
        pq_bytes_free(&text);
    }
    play_done(&p);
}

/* ---- cuts ------------------------------------------------------------------------------------ */

static void test_cuts(void **state)
{
    static const struct {
        const char *cut, *text, *writes;
    } rows[] = {
        {"whole", "A\r\nB\r\n", "A\\x0D\\x0AB\\x0D\\x0A|"},
        {"byte", "A\r\n", "A|\\x0D|\\x0A|"},
        {"mid-crlf", "A\r\nB\r\n", "A\\x0D|\\x0AB\\x0D|\\x0A|"},
        {"mid-crlf", "\r\n\r\n", "\\x0D|\\x0A\\x0D|\\x0A|"},
        {"mid-crlf", "A\nB\r", "A\\x0AB\\x0D|"},
        {"after-crlf", "A\r\nB\r\n", "A\\x0D\\x0A|B\\x0D\\x0A|"},
        {"after-crlf", "A\r\nB", "A\\x0D\\x0A|B|"},
        {"after-crlf", "A\r\r\nB", "A\\x0D\\x0D\\x0A|B|"},
        {"1", "AB", "A|B|"},
        {"2", "ABC", "AB|C|"},
        {"3", "ABC", "ABC|"},
        {"4294967295", "ABC", "ABC|"},
    };
    (void)state;
    struct pq_cut cut;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static struct event_log log;
        log.len = 0;
        assert_true(pq_cut_parse(pq_slice_text(rows[i].cut), &cut));
        struct pq_slice rest = guard_slice(pq_slice_text(rows[i].text));
        while (rest.len > 0) {
            log_octets(&log, pq_cut_next(&cut, &rest));
            log_text(&log, "|");
        }
        assert_string_equal(log.text, rows[i].writes);
    }
    static const char *const bad[] = {"", "0", "-1", "all", "4294967296", "1x"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(pq_cut_parse(pq_slice_text(bad[i]), &cut));
}

/* ---- the document ---------------------------------------------------------------------------- */

static void assert_documented(const char *document, const char *word)
{
    char plain[80];
    (void)snprintf(plain, sizeof(plain), "`%s", word);
    if (!strstr(document, plain))
        fail_msg("GOLDEN.md does not know %s", word);
}

static void test_the_document(void **state)
{
    static char document[1u << 15];
    (void)state;
    FILE *f = fopen(PQ_GOLDEN_MD, "rb");
    assert_non_null(f);
    document[fread(document, 1, sizeof(document) - 1, f)] = 0;
    (void)fclose(f);
    for (int r = PQ_WIRE_TIMEOUT; r < PQ_WIRE_TOO_LONG; r++)
        assert_documented(document, pq_wire_result_word((enum pq_wire_result)r));
    for (int t = PQ_WIRE_TLS_ALERT; t < PQ_WIRE_TLS_SPENT; t++)
        assert_documented(document, pq_wire_tls_word((enum pq_wire_tls)t));
    for (int a = 0; a < PQ_ASK_COUNT; a++)
        assert_documented(document, pq_ask_word((enum pq_ask_what)a));
    for (int a = PQ_ANSWER_UNABLE; a < PQ_ANSWER_SPENT; a++)
        assert_documented(document, pq_answer_word((enum pq_answer_kind)a));
    static const char *const lines[] = {"file:", "login:",  "case:",  "outcome:", "branch:",
                                        "rows:", "vars:",   "note:",  "connect ", "took ",
                                        "tls ",  "answer ", "stored "};
    for (size_t i = 0; i < COUNT(lines); i++)
        assert_documented(document, lines[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_is_read),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_limit_of_a_record),
        cmocka_unit_test(test_any_octets),
        cmocka_unit_test(test_what_is_recorded_is_what_was_played),
        cmocka_unit_test(test_what_differs_is_told),
        cmocka_unit_test(test_variables_that_are_wrong),
        cmocka_unit_test(test_a_record_that_is_written),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
