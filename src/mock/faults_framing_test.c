/* SPDX-License-Identifier: Apache-2.0
 * Faults of framing, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define IN LOGIN
#define RETR "+OK message follows\r\n"
#define TOP "+OK top of message follows\r\n"

/* The answers to LOGIN with that many messages and octets. */
#define OUT(count, octets)                                                                         \
    "+OK send PASS\r\n+OK maildrop has " count " messages (" octets " octets)\r\n"

/* The second message is not one on which the fault can show: "odd" are the first and the fourth. */
#define DOTS                                                                                       \
    {                                                                                              \
        MAIL("a\r\n\r\n.x\r\n"), MAIL("z.\r\n"), MAIL("..\r\n.\r\n"), MAIL("c\r\n.d")              \
    }
#define RETR_DOTS IN "RETR 1\r\nRETR 3\r\nRETR 4\r\nNOOP\r\n"
#define TOP_DOTS IN "TOP 1 9\r\nTOP 3 9\r\nTOP 4 9\r\nNOOP\r\n"
#define DOTS_OUT OUT("4", "27")

#define UNENDED                                                                                    \
    {                                                                                              \
        MAIL("a\r\nend"), MAIL("z\r\n"), MAIL("."), MAIL("b")                                      \
    }
#define RETR_UNENDED IN "RETR 1\r\nRETR 3\r\nRETR 4\r\nNOOP\r\n"
#define UNENDED_OUT OUT("4", "17")

static const struct fault_case cases[] = {
    {"retr-no-dot-stuffing",
     DOTS,
     RETR_DOTS,
     DOTS_OUT RETR "a\r\n\r\n..x\r\n.\r\n" RETR "...\r\n..\r\n.\r\n" RETR
                   "c\r\n..d\r\n.\r\n+OK\r\n",
     {DOTS_OUT RETR "a\r\n\r\n.x\r\n.\r\n" RETR "..\r\n.\r\n.\r\n" RETR "c\r\n.d\r\n.\r\n+OK\r\n",
      DOTS_OUT RETR "a\r\n\r\n.x\r\n.\r\n" RETR "...\r\n..\r\n.\r\n" RETR "c\r\n.d\r\n.\r\n+OK\r\n",
      DOTS_OUT RETR "a\r\n\r\n..x\r\n.\r\n" RETR "..\r\n.\r\n.\r\n" RETR
                    "c\r\n..d\r\n.\r\n+OK\r\n"},
     IN "RETR 2\r\nTOP 1 9\r\nTOP 3 9\r\nLIST\r\nRETR 5\r\n"},
    {"top-no-dot-stuffing",
     DOTS,
     TOP_DOTS,
     DOTS_OUT TOP "a\r\n\r\n..x\r\n.\r\n" TOP "...\r\n..\r\n.\r\n" TOP "c\r\n..d\r\n.\r\n+OK\r\n",
     {DOTS_OUT TOP "a\r\n\r\n.x\r\n.\r\n" TOP "..\r\n.\r\n.\r\n" TOP "c\r\n.d\r\n.\r\n+OK\r\n",
      DOTS_OUT TOP "a\r\n\r\n.x\r\n.\r\n" TOP "...\r\n..\r\n.\r\n" TOP "c\r\n.d\r\n.\r\n+OK\r\n",
      DOTS_OUT TOP "a\r\n\r\n..x\r\n.\r\n" TOP "..\r\n.\r\n.\r\n" TOP "c\r\n..d\r\n.\r\n+OK\r\n"},
     RETR_DOTS "TOP 1 0\r\nTOP 2 9\r\n"},
    {"retr-first-line-unstuffed",
     {MAIL(".a\r\n.b\r\n"), MAIL("z\r\n.y\r\n"), MAIL(".\r\n.\r\n"), MAIL(".c")},
     IN "RETR 1\r\nRETR 3\r\nRETR 4\r\nNOOP\r\n",
     OUT("4", "25") RETR "..a\r\n..b\r\n.\r\n" RETR "..\r\n..\r\n.\r\n" RETR "..c\r\n.\r\n+OK\r\n",
     {OUT("4", "25") RETR ".a\r\n..b\r\n.\r\n" RETR ".\r\n..\r\n.\r\n" RETR ".c\r\n.\r\n+OK\r\n",
      OUT("4", "25") RETR ".a\r\n..b\r\n.\r\n" RETR "..\r\n..\r\n.\r\n" RETR ".c\r\n.\r\n+OK\r\n",
      OUT("4", "25") RETR "..a\r\n..b\r\n.\r\n" RETR ".\r\n..\r\n.\r\n" RETR "..c\r\n.\r\n+OK\r\n"},
     IN "RETR 2\r\nTOP 1 9\r\nTOP 3 0\r\n"},
    {"retr-terminator-glued",
     UNENDED,
     RETR_UNENDED,
     UNENDED_OUT RETR "a\r\nend\r\n.\r\n" RETR "..\r\n.\r\n" RETR "b\r\n.\r\n+OK\r\n",
     {UNENDED_OUT RETR "a\r\nend.\r\n" RETR "...\r\n" RETR "b.\r\n+OK\r\n",
      UNENDED_OUT RETR "a\r\nend.\r\n" RETR "..\r\n.\r\n" RETR "b.\r\n+OK\r\n",
      UNENDED_OUT RETR "a\r\nend\r\n.\r\n" RETR "...\r\n" RETR "b\r\n.\r\n+OK\r\n"},
     IN "RETR 2\r\nTOP 1 9\r\nTOP 3 9\r\n"},
    {"retr-extra-blank-line",
     {MAIL("a\r\n"), MAIL("."), MAIL("")},
     IN "RETR 1\r\nRETR 2\r\nRETR 3\r\nNOOP\r\n",
     OUT("3", "6") RETR "a\r\n.\r\n" RETR "..\r\n.\r\n" RETR ".\r\n+OK\r\n",
     {OUT("3", "6") RETR "a\r\n\r\n.\r\n" RETR "..\r\n\r\n.\r\n" RETR "\r\n.\r\n+OK\r\n",
      OUT("3", "6") RETR "a\r\n\r\n.\r\n" RETR "..\r\n.\r\n" RETR "\r\n.\r\n+OK\r\n",
      OUT("3", "6") RETR "a\r\n.\r\n" RETR "..\r\n\r\n.\r\n" RETR ".\r\n+OK\r\n"},
     IN "TOP 1 9\r\nTOP 2 9\r\nTOP 3 0\r\nLIST\r\n"},
    {"retr-empty-message-no-terminator",
     {MAIL(""), MAIL("z\r\n"), MAIL(""), MAIL("")},
     IN "RETR 1\r\nRETR 3\r\nRETR 4\r\nNOOP\r\n",
     OUT("4", "3") RETR ".\r\n" RETR ".\r\n" RETR ".\r\n+OK\r\n",
     {OUT("4", "3") RETR RETR RETR "+OK\r\n", OUT("4", "3") RETR RETR ".\r\n" RETR "+OK\r\n",
      OUT("4", "3") RETR ".\r\n" RETR RETR ".\r\n+OK\r\n"},
     IN "RETR 2\r\nTOP 1 9\r\nTOP 3 0\r\n"},
    {"retr-body-bare-lf",
     {MAIL("a\r\n\r\n.b\r\n"), MAIL(""), MAIL("c"), MAIL("\r\n")},
     IN "RETR 1\r\nRETR 3\r\nRETR 4\r\nNOOP\r\n",
     OUT("4", "14") RETR "a\r\n\r\n..b\r\n.\r\n" RETR "c\r\n.\r\n" RETR "\r\n.\r\n+OK\r\n",
     {OUT("4", "14") RETR "a\n\n..b\n.\r\n" RETR "c\n.\r\n" RETR "\n.\r\n+OK\r\n",
      OUT("4", "14") RETR "a\n\n..b\n.\r\n" RETR "c\r\n.\r\n" RETR "\n.\r\n+OK\r\n",
      OUT("4", "14") RETR "a\r\n\r\n..b\r\n.\r\n" RETR "c\n.\r\n" RETR "\r\n.\r\n+OK\r\n"},
     IN "RETR 2\r\nTOP 1 9\r\nTOP 4 9\r\n"},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_fault(&cases[i]);
}

/* ---- lines that are cut ---------------------------------------------------------------------- */

/* "+OK ...", `len` times "a", CRLF, the terminator. */
static void expect_line(struct pq_mock *m, const char *input, size_t len)
{
    static struct received r, want;
    static uint8_t line[8192];
    memset(line, 'a', sizeof(line));
    converse(m, pq_slice_text(input), SIZE_MAX, &r);
    want.len = 0;
    receive(&want, pq_slice_text(RETR));
    receive(&want, pq_slice_of(line, len));
    receive(&want, PQ_SLICE("\r\n.\r\n"));
    assert_true(r.len > want.len);
    expect_octets(input, pq_slice_after(received_slice(&r), r.len - want.len),
                  received_slice(&want));
}

/* Four messages of one line; the second is too short to be cut. */
static void add_long_lines(struct pq_mock *m)
{
    static uint8_t line[5002];
    memset(line, 'a', sizeof(line));
    memcpy(line + 5000, "\r\n", 2);
    add_mail(m, "tim", pq_slice_of(line, 5002));
    add_mail(m, "tim", pq_slice_of(line + 5000 - 998, 998 + 2));
    add_mail(m, "tim", pq_slice_of(line, 5000));
    add_mail(m, "tim", pq_slice_of(line + 5000 - 4097, 4097 + 2));
}

static void test_long_lines_are_truncated(void **state)
{
    (void)state;
    static const size_t lengths[FAULT_SEEDS][4] = {
        {998, 998, 998, 998}, {1000, 998, 5000, 1000}, {5000, 998, 4096, 4097}};
    static const char *const inputs[] = {IN "RETR 1\r\n", IN "RETR 2\r\n", IN "RETR 3\r\n",
                                         IN "RETR 4\r\n"};
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        struct pq_mock m;
        mock_begin(&m);
        add_long_lines(&m);
        add_fault(&m, "retr-truncates-long-line", seed);
        for (size_t i = 0; i < COUNT(inputs); i++)
            expect_line(&m, inputs[i], lengths[seed][i]);
        pq_mock_free(&m);
    }
}

/* C strings end at NUL, so this one has no place in the table. */
static void test_lines_stop_at_nul(void **state)
{
    (void)state;
    static const struct fault_case c = {
        .name = "retr-stops-at-nul",
        .mail = {MAIL("a\0b\r\nc\r\n"), MAIL("z\r\n"), MAIL("\0.\r\n"), MAIL(".x\0")},
        .trigger = IN "RETR 1\r\nRETR 3\r\nRETR 4\r\nNOOP\r\n",
        .harmless = IN "RETR 2\r\nTOP 1 9\r\nTOP 3 9\r\nTOP 4 9\r\n"};
#define NUL_OUT OUT("4", "20")
    static const struct pq_slice reference = PQ_SLICE_INIT(
        NUL_OUT RETR "a\0b\r\nc\r\n.\r\n" RETR "\0.\r\n.\r\n" RETR "..x\0\r\n.\r\n+OK\r\n");
    static const struct pq_slice seeds[] = {
        PQ_SLICE_INIT(NUL_OUT RETR "a\r\nc\r\n.\r\n" RETR "\r\n.\r\n" RETR "..x\r\n.\r\n+OK\r\n"),
        PQ_SLICE_INIT(NUL_OUT RETR "a\r\nc\r\n.\r\n" RETR "\0.\r\n.\r\n" RETR
                                   "..x\r\n.\r\n+OK\r\n"),
        PQ_SLICE_INIT(NUL_OUT RETR "a\0b\r\nc\r\n.\r\n" RETR "\r\n.\r\n" RETR
                                   "..x\0\r\n.\r\n+OK\r\n")};
    for (size_t step = 1; step <= strlen(c.trigger); step++) {
        expect_octets("reference", fault_answers(&c, NULL, 0, c.trigger, step), reference);
        for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++)
            expect_octets(c.name, fault_answers(&c, c.name, seed, c.trigger, step), seeds[seed]);
    }
    check_harmless(&c);
}

/* ---- in short -------------------------------------------------------------------------------- */

#define S(text) PQ_SLICE_INIT(text)

static const struct fault_brief briefs[] = {
    {"retr-stuff-only-lone-dot",
     {MAIL(".x\r\n.\r\n")},
     "RETR 1\r\n",
     S(RETR "..x\r\n..\r\n.\r\n"),
     S(RETR ".x\r\n..\r\n.\r\n")},
    {"retr-last-line-unstuffed",
     {MAIL(".a\r\n.z"), MAIL(".z\r\n")},
     "RETR 1\r\nRETR 2\r\n",
     S(RETR "..a\r\n..z\r\n.\r\n" RETR "..z\r\n.\r\n"),
     S(RETR "..a\r\n.z\r\n.\r\n" RETR "..z\r\n.\r\n")},
    {"retr-double-stuffing",
     {MAIL(".x\r\ny\r\n")},
     "RETR 1\r\nTOP 1 9\r\n",
     S(RETR "..x\r\ny\r\n.\r\n" TOP "..x\r\ny\r\n.\r\n"),
     S(RETR "...x\r\ny\r\n.\r\n" TOP "..x\r\ny\r\n.\r\n")},
    {"retr-barelf-dot-unstuffed(side=1)",
     {MAIL("a\n.\r\n.b\nc"), MAIL(".\r\n")},
     "RETR 1\r\nRETR 2\r\n",
     S(RETR "a\r\n..\r\n..b\r\nc\r\n.\r\n" RETR "..\r\n.\r\n"),
     S(RETR "a\n.\r\n..b\nc\r\n.\r\n" RETR "..\r\n.\r\n")},
    {"retr-barelf-dot-unstuffed(side=2)",
     {MAIL("a\n.\r\n.b\nc\r\n")},
     "RETR 1\r\n",
     S(RETR "a\r\n..\r\n..b\r\nc\r\n.\r\n"),
     S(RETR "a\n..\r\n.b\nc\r\n.\r\n")},
    {"retr-barelf-dot-unstuffed(side=3)",
     {MAIL("a\n.\n")},
     "RETR 1\r\n",
     S(RETR "a\r\n..\r\n.\r\n"),
     S(RETR "a\n.\n.\r\n")},
    {"retr-barecr-dot-unstuffed",
     {MAIL(".\r.x\r\n.y\r\n")},
     "RETR 1\r\n",
     S(RETR "..\r.x\r\n..y\r\n.\r\n"),
     S(RETR ".\r.x\r\n..y\r\n.\r\n")},
    {"retr-stuffing-lost-at-4096(octets=4)",
     {MAIL(".a\r\n.b\r\n"), MAIL("cd\r\n.e\r\n")},
     "RETR 1\r\nRETR 2\r\n",
     S(RETR "..a\r\n..b\r\n.\r\n" RETR "cd\r\n..e\r\n.\r\n"),
     S(RETR "..a\r\n..b\r\n.\r\n" RETR "cd\r\n.e\r\n.\r\n")},
    {"retr-terminator-lf-only",
     {MAIL("a\r\n")},
     "RETR 1\r\nTOP 1 9\r\n",
     S(RETR "a\r\n.\r\n" TOP "a\r\n.\r\n"),
     S(RETR "a\r\n.\n" TOP "a\r\n.\r\n")},
    {"retr-terminator-lf-lost-at-buffer-end(octets=8)",
     {MAIL("ab\r\n"), MAIL("a\r\n")},
     "RETR 1\r\nRETR 2\r\n",
     S(RETR "ab\r\n.\r\n" RETR "a\r\n.\r\n"),
     S(RETR "ab\r\n.\r" RETR "a\r\n.\r\n")},
    {"retr-normalises-lone-cr",
     {MAIL("a\r.b\rc\r\n")},
     "LIST 1\r\nRETR 1\r\n",
     S("+OK 1 8\r\n" RETR "a\r.b\rc\r\n.\r\n"),
     S("+OK 1 8\r\n" RETR "a\r\n..b\r\nc\r\n.\r\n")},
    {"retr-strips-trailing-blanks",
     {MAIL("-- \r\n \t\r\n.\r\n")},
     "RETR 1\r\n",
     S(RETR "-- \r\n \t\r\n..\r\n.\r\n"),
     S(RETR "--\r\n\r\n..\r\n.\r\n")},
    {"retr-drops-trailing-empty-lines",
     {MAIL("\r\na\r\n\r\n\r\n"), MAIL("b")},
     "RETR 1\r\nRETR 2\r\n",
     S(RETR "\r\na\r\n\r\n\r\n.\r\n" RETR "b\r\n.\r\n"),
     S(RETR "\r\na\r\n.\r\n" RETR "b\r\n.\r\n")},
    {"retr-wraps-long-line(octets=2)",
     {MAIL(".a.b\r\ncd\r\n")},
     "RETR 1\r\n",
     S(RETR "..a.b\r\ncd\r\n.\r\n"),
     S(RETR "..a\r\n.b\r\ncd\r\n.\r\n")},
    {"retr-mangles-from",
     {MAIL("From a\r\n\r\nFrom b\r\n")},
     "RETR 1\r\n",
     S(RETR "From a\r\n\r\nFrom b\r\n.\r\n"),
     S(RETR "From a\r\n\r\n>From b\r\n.\r\n")},
    {"retr-adds-status-header",
     {MAIL("a: b\r\n\r\n\r\nc\r\n"), MAIL("d: e\r\n")},
     "RETR 1\r\nTOP 1 0\r\nRETR 2\r\n",
     S(RETR "a: b\r\n\r\n\r\nc\r\n.\r\n" TOP "a: b\r\n\r\n.\r\n" RETR "d: e\r\n.\r\n"),
     S(RETR "a: b\r\nStatus: RO\r\n\r\n\r\nc\r\n.\r\n" TOP "a: b\r\n\r\n.\r\n" RETR
            "d: e\r\n.\r\n")},
    {"retr-leaks-next-separator",
     {MAIL("a\r\n"), MAIL("b\r\n")},
     "RETR 1\r\nRETR 2\r\n",
     S(RETR "a\r\n.\r\n" RETR "b\r\n.\r\n"),
     S(RETR "a\r\nFrom mrose@dbc.mtview.ca.us Tue Nov 19 08:22:50 1996\r\n.\r\n" RETR
            "b\r\n.\r\n")},
    {"top-omits-blank-line",
     {MAIL("a\r\n\r\n\r\nb\r\n")},
     "TOP 1 2\r\nRETR 1\r\n",
     S(TOP "a\r\n\r\n\r\nb\r\n.\r\n" RETR "a\r\n\r\n\r\nb\r\n.\r\n"),
     S(TOP "a\r\n\r\nb\r\n.\r\n" RETR "a\r\n\r\n\r\nb\r\n.\r\n")},
    {"top-stops-at-dot-line",
     {MAIL("a\r\n\r\n.x\r\n.\r\nb\r\n"), MAIL("c\r\n.")},
     "TOP 1 9\r\nTOP 1 1\r\nTOP 2 0\r\n",
     S(TOP "a\r\n\r\n..x\r\n..\r\nb\r\n.\r\n" TOP "a\r\n\r\n..x\r\n.\r\n" TOP "c\r\n..\r\n.\r\n"),
     S(TOP "a\r\n\r\n..x\r\n.\r\n" TOP "a\r\n\r\n..x\r\n.\r\n" TOP "c\r\n.\r\n")},
};

static void test_faults_in_short(void **state)
{
    (void)state;
    check_briefs(briefs, COUNT(briefs));
}

/* The same message in clear and inside TLS. */
static void test_stuffing_is_lost_in_tls_only(void **state)
{
    (void)state;
    static const enum pq_tls_mode modes[] = {PQ_TLS_NONE, PQ_TLS_IMPLICIT};
    static const char *const want[] = {RETR "cd\r\n..e\r\n.\r\n", RETR "cd\r\n.e\r\n.\r\n"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        static struct received r;
        struct pq_mock m;
        mock_begin(&m);
        add_mail(&m, "tim", PQ_SLICE("cd\r\n.e\r\n"));
        add_fault(&m, "retr-stuffing-lost-in-tls-record(octets=4)", 0);
        struct pq_server *s = pq_server_new(&m, modes[i], 0);
        r.len = 0;
        drain(s, SIZE_MAX, 0, &r);
        (void)talk(s, PQ_SLICE(LOGIN "RETR 1\r\n"), SIZE_MAX, 0, &r);
        size_t len = strlen(want[i]);
        assert_true(r.len > len);
        expect_octets("body", pq_slice_after(received_slice(&r), r.len - len),
                      pq_slice_text(want[i]));
        pq_server_free(s);
        pq_mock_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_long_lines_are_truncated),
        cmocka_unit_test(test_lines_stop_at_nul),
        cmocka_unit_test(test_faults_in_short),
        cmocka_unit_test(test_stuffing_is_lost_in_tls_only),
    };
    return cmocka_run_group_tests_name("faults_framing", tests, NULL, NULL);
}
