/* SPDX-License-Identifier: Apache-2.0
 * Faults of commands: what is heard in a line, and in pieces of lines. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define S(text) PQ_SLICE_INIT(text)
#define RETR "+OK message follows\r\n"
#define TOP "+OK top of message follows\r\n"
#define MARKED "+OK message marked as deleted\r\n"
#define BAD_OCTET "-ERR an octet is not printable ASCII\r\n"
#define BAD_NUMBER "-ERR an argument is not a canonical decimal number\r\n"
#define TOO_LONG "-ERR the line is longer than 255 octets\r\n"
#define UNKNOWN "-ERR the keyword is unknown\r\n"
#define SURPLUS "-ERR there are more arguments than the command takes\r\n"
#define BLANKS "-ERR keyword and arguments are not separated by exactly one space\r\n"
#define MISSING "-ERR a required argument is missing\r\n"
#define NO_SUCH "-ERR no such message\r\n"
#define TWO                                                                                        \
    {                                                                                              \
        MAIL("a\r\n"), MAIL("bb\r\n")                                                              \
    }
#define BODY                                                                                       \
    {                                                                                              \
        MAIL("a\r\n\r\nb\r\nc\r\n"), MAIL("d\r\n\r\ne\r\n")                                        \
    }
/* 510 octets with the keyword: the line is 512. */
#define X10 "XXXXXXXXXX"
#define X50 X10 X10 X10 X10 X10
#define X500 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50

static const struct fault_brief briefs[] = {
    /* where a line ends */
    {"bare-cr-ends-command", TWO, "NOOP\rDELE 1\r\nNOOP\r\n", S(BAD_OCTET "+OK\r\n"),
     S("+OK\r\n" MARKED "+OK\r\n")},
    {"bare-cr-ends-command", TWO, "RETR 1\rRETR 2\rNOOP\r\n", S(BAD_OCTET),
     S(RETR "a\r\n.\r\n" RETR "bb\r\n.\r\n+OK\r\n")},
    /* keywords and arguments */
    {"keyword-case-sensitive", TWO, "noop\r\nnooP\r\nNOOP\r\n", S("+OK\r\n+OK\r\n+OK\r\n"),
     S(UNKNOWN UNKNOWN "+OK\r\n")},
    {"keyword-prefix-match", TWO, "DELETE 1\r\nTOPS 1 0\r\nDEL 2\r\nXYZZY\r\n",
     S(UNKNOWN UNKNOWN UNKNOWN UNKNOWN), S(MARKED UNKNOWN UNKNOWN UNKNOWN)},
    {"extra-argument-ignored", TWO, "DELE 1 2\r\nNOOP x\r\nRETR  1\r\n", S(SURPLUS SURPLUS BLANKS),
     S(MARKED "+OK\r\n" BLANKS)},
    {"multiple-blanks-accepted", TWO, "DELE  1\r\nNOOP x\r\n", S(BLANKS SURPLUS),
     S(MARKED SURPLUS)},
    {"multiple-blanks-accepted", TWO, "RETR\t2\r\n", S(BAD_OCTET), S(RETR "bb\r\n.\r\n")},
    /* numbers */
    {"retr-zero-is-first", TWO, "RETR 0\r\nDELE 0\r\n", S(NO_SUCH NO_SUCH),
     S(RETR "a\r\n.\r\n" NO_SUCH)},
    {"retr-past-end-empty", TWO, "RETR 3\r\nRETR 0\r\nDELE 3\r\nDELE 1\r\nRETR 1\r\n",
     S(NO_SUCH NO_SUCH NO_SUCH MARKED NO_SUCH), S(RETR ".\r\n" NO_SUCH NO_SUCH MARKED NO_SUCH)},
    {"retr-negative-from-end", TWO, "RETR -1\r\nRETR -2\r\nRETR -3\r\nDELE -1\r\n",
     S(BAD_NUMBER BAD_NUMBER BAD_NUMBER BAD_NUMBER),
     S(RETR "bb\r\n.\r\n" RETR "a\r\n.\r\n" BAD_NUMBER BAD_NUMBER)},
    {"retr-number-wraps-32", TWO, "RETR 4294967297\r\nRETR 4294967295\r\nDELE 4294967297\r\n",
     S(NO_SUCH NO_SUCH NO_SUCH), S(RETR "a\r\n.\r\n" NO_SUCH NO_SUCH)},
    {"retr-number-saturates-64", TWO, "RETR 18446744073709551616\r\nRETR 18446744073709551615\r\n",
     S(NO_SUCH NO_SUCH), S(RETR "bb\r\n.\r\n" NO_SUCH)},
    {"retr-number-prefix", TWO, "RETR 1abc\r\nRETR abc\r\nDELE 1abc\r\n",
     S(BAD_NUMBER BAD_NUMBER BAD_NUMBER), S(RETR "a\r\n.\r\n" BAD_NUMBER BAD_NUMBER)},
    {"retr-number-octal", TWO, "RETR 02\r\nRETR 08\r\nRETR 010\r\nDELE 01\r\n",
     S(BAD_NUMBER BAD_NUMBER BAD_NUMBER BAD_NUMBER),
     S(RETR "bb\r\n.\r\n" BAD_NUMBER NO_SUCH BAD_NUMBER)},
    {"top-negative-unlimited", BODY, "TOP 1 -1\r\nTOP 1 1\r\nRETR -1\r\n",
     S(BAD_NUMBER TOP "a\r\n\r\nb\r\n.\r\n" BAD_NUMBER),
     S(TOP "a\r\n\r\nb\r\nc\r\n.\r\n" TOP "a\r\n\r\nb\r\n.\r\n" BAD_NUMBER)},
    {"top-missing-count-ok(lines=1)", BODY, "TOP 1\r\nTOP\r\n", S(MISSING MISSING),
     S(TOP "a\r\n\r\nb\r\n.\r\n" MISSING)},
    {"top-zero-returns-body(messages=1)", BODY, "TOP 1 0\r\nTOP 2 0\r\nTOP 1 1\r\n",
     S(TOP "a\r\n\r\n.\r\n" TOP "d\r\n\r\n.\r\n" TOP "a\r\n\r\nb\r\n.\r\n"),
     S(TOP "a\r\n\r\nb\r\nc\r\n.\r\n" TOP "d\r\n\r\n.\r\n" TOP "a\r\n\r\nb\r\n.\r\n")},
    {"top-includes-extra-line(messages=1)", BODY, "TOP 1 0\r\nTOP 2 0\r\nTOP 1 1\r\nTOP 1 2\r\n",
     S(TOP "a\r\n\r\n.\r\n" TOP "d\r\n\r\n.\r\n" TOP "a\r\n\r\nb\r\n.\r\n" TOP
           "a\r\n\r\nb\r\nc\r\n.\r\n"),
     S(TOP "a\r\n\r\nb\r\n.\r\n" TOP "d\r\n\r\n.\r\n" TOP "a\r\n\r\nb\r\nc\r\n.\r\n" TOP
           "a\r\n\r\nb\r\nc\r\n.\r\n")},
    {"top-counts-blank-separator(messages=1)", BODY, "TOP 1 0\r\nTOP 1 1\r\nTOP 2 1\r\n",
     S(TOP "a\r\n\r\n.\r\n" TOP "a\r\n\r\nb\r\n.\r\n" TOP "d\r\n\r\ne\r\n.\r\n"),
     S(TOP "a\r\n\r\n.\r\n" TOP "a\r\n\r\n.\r\n" TOP "d\r\n\r\ne\r\n.\r\n")},
    {"top-count-wraps-32", BODY, "TOP 1 4294967296\r\nTOP 1 4294967297\r\nTOP 1 4294967295\r\n",
     S(TOP "a\r\n\r\nb\r\nc\r\n.\r\n" TOP "a\r\n\r\nb\r\nc\r\n.\r\n" TOP
           "a\r\n\r\nb\r\nc\r\n.\r\n"),
     S(TOP "a\r\n\r\n.\r\n" TOP "a\r\n\r\nb\r\n.\r\n" TOP "a\r\n\r\nb\r\nc\r\n.\r\n")},
    /* a line of 512 octets and more, then lines of 255 and 256 */
    {"overlong-tail-executed", TWO, "NOOP XXXXXXX" X500 "DELE 1\r\nRETR 1\r\n",
     S(TOO_LONG RETR "a\r\n.\r\n"), S(TOO_LONG MARKED NO_SUCH)},
    {"overlong-tail-executed", TWO,
     "NOOP XXXXXXX" X500 "\r\nNOOP X" X50 X50 X50 X50 X50 "\r\nNOOP XXXXXXX" X500 "NOOP\r\n",
     S(TOO_LONG TOO_LONG TOO_LONG), S(TOO_LONG TOO_LONG TOO_LONG "+OK\r\n")},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    check_briefs(briefs, COUNT(briefs));
}

/* C strings end at NUL, so this one has no place in the table. */
static void test_nul_ends_a_command(void **state)
{
    (void)state;
    static const struct pq_slice input = PQ_SLICE_INIT(LOGIN "NOOP\0DELE 1\r\nNOOP\r\n");
    static struct received r;
    for (size_t step = 1; step <= input.len; step++) {
        struct pq_mock m;
        mock_begin(&m);
        add_mail(&m, "tim", PQ_SLICE("a\r\n"));
        add_fault(&m, "nul-ends-command", 0);
        converse(&m, input, step, &r);
        expect_octets("nul-ends-command", received_slice(&r),
                      PQ_SLICE("+OK send PASS\r\n+OK maildrop has 1 messages (3 octets)\r\n"
                               "+OK\r\n" MARKED "+OK\r\n"));
        pq_mock_free(&m);
    }
}

/* ---- in pieces ------------------------------------------------------------------------------- */

#define PIECES_MAX 8u

/* What is answered to pieces that come one by one behind LOGIN. */
static const struct pieces {
    const char *fault;
    const char *pieces[PIECES_MAX]; /* up to the first that is NULL */
    const char *right, *wrong;
} in_pieces[] = {
    {"split-command-double-reply(segments=3)",
     {"NO", "OP", "\r\n", "NO", "OP\r\n"},
     "+OK\r\n+OK\r\n",
     "+OK\r\n+OK\r\n+OK\r\n"},
    {"split-command-double-reply(segments=3)",
     {"NOOP\r\nRE", "TR", " 9\r\nNOOP\r\n"},
     "+OK\r\n" NO_SUCH "+OK\r\n",
     "+OK\r\n" NO_SUCH NO_SUCH "+OK\r\n"},
    {"split-crlf-extra-command",
     {"NOOP\r", "\n", "NOOP\r\n", "NO", "OP\r\n"},
     "+OK\r\n+OK\r\n+OK\r\n",
     "+OK\r\n-ERR the line is empty\r\n+OK\r\n+OK\r\n"},
    {"pipelined-second-dropped",
     {"NOOP\r\nDELE 1\r\nRETR 9\r\n", "NOOP\r\n"},
     "+OK\r\n" MARKED NO_SUCH "+OK\r\n",
     "+OK\r\n+OK\r\n"},
    {"pipelined-reply-order(octets=1)",
     {"TOP 1 9\r\nNOOP\r\nNOOP\r\n", "RETR 2\r\n", "NOOP\r\n"},
     TOP "a\r\n\r\nb\r\nc\r\n.\r\n+OK\r\n+OK\r\n" RETR "d\r\n\r\ne\r\n.\r\n+OK\r\n",
     TOP "a\r\n\r\nb\r\n+OK\r\nc\r\n.\r\n+OK\r\n" RETR "d\r\n\r\ne\r\n.\r\n+OK\r\n"},
    {"pipelined-reply-order(octets=9)",
     {"RETR 2\r\nNOOP\r\n", "RETR 1\r\nDELE 9\r\n"},
     RETR "d\r\n\r\ne\r\n.\r\n+OK\r\n" RETR "a\r\n\r\nb\r\nc\r\n.\r\n" NO_SUCH,
     NULL},
    {"pipelined-retr-overlap(octets=8)",
     {"RETR 1\r\nRETR 2\r\nRETR 1\r\nNOOP\r\n"},
     RETR "a\r\n\r\nb\r\nc\r\n.\r\n" RETR "d\r\n\r\ne\r\n.\r\n" RETR
          "a\r\n\r\nb\r\nc\r\n.\r\n+OK\r\n",
     RETR "a\r\n\r\nb\r\nc\r\n" RETR ".\r\nd\r\n\r\ne\r\n.\r\n" RETR
          "a\r\n\r\nb\r\nc\r\n.\r\n+OK\r\n"},
    {"pipelined-retr-overlap(octets=11)",
     {"RETR 1\r\nRETR 2\r\n", "RETR 2\r\nRETR 9\r\n"},
     RETR "a\r\n\r\nb\r\nc\r\n.\r\n" RETR "d\r\n\r\ne\r\n.\r\n" RETR "d\r\n\r\ne\r\n.\r\n" NO_SUCH,
     NULL},
};

static void expect_pieces(const struct pieces *p, const char *fault, const char *want)
{
    static const struct fault_case c = {.mail = BODY};
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &c, fault, 0);
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
    drain(s, SIZE_MAX, 0, &r);
    (void)talk(s, PQ_SLICE("USER tim\r\n"), SIZE_MAX, 0, &r);
    (void)talk(s, PQ_SLICE("PASS tan staaf\r\n"), SIZE_MAX, 0, &r);
    r.len = 0;
    for (size_t i = 0; i < PIECES_MAX && p->pieces[i]; i++)
        (void)talk(s, pq_slice_text(p->pieces[i]), SIZE_MAX, 0, &r);
    expect_octets(fault ? fault : "the reference", received_slice(&r), pq_slice_text(want));
    pq_server_free(s);
    pq_mock_free(&m);
}

/* NULL: the fault does not act. */
static void test_faults_of_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(in_pieces); i++) {
        const struct pieces *p = &in_pieces[i];
        expect_pieces(p, NULL, p->right);
        expect_pieces(p, p->fault, p->wrong ? p->wrong : p->right);
    }
}

/* A name that a refused line would have forgotten stays, where the line is heard as a good one. */
static void test_what_is_heard_follows_user(void **state)
{
    (void)state;
    static const struct fault_case c = {.mail = TWO};
    expect_octets(
        "PASSWORD",
        fault_answers(&c, "keyword-prefix-match", 0, "USER tim\r\nPASSX tan staaf\r\nNOOP\r\n", 3),
        PQ_SLICE("+OK send PASS\r\n+OK maildrop has 2 messages (7 octets)\r\n+OK\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_nul_ends_a_command),
        cmocka_unit_test(test_faults_of_pieces),
        cmocka_unit_test(test_what_is_heard_follows_user),
    };
    return cmocka_run_group_tests_name("faults_commands", tests, NULL, NULL);
}
