/* SPDX-License-Identifier: Apache-2.0
 * Faults of status lines and listings, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define S(text) PQ_SLICE_INIT(text)
#define ONE                                                                                        \
    {                                                                                              \
        MAIL("a\r\n\r\nb\r\n")                                                                     \
    }
#define TWO                                                                                        \
    {                                                                                              \
        MAIL("a\r\n"), MAIL("bb\r\n")                                                              \
    }
#define THREE                                                                                      \
    {                                                                                              \
        MAIL("a\r\n"), MAIL("bb\r\n"), MAIL("ccc\r\n")                                             \
    }
#define LIST "+OK scan listing follows\r\n"
#define NO_SUCH "-ERR no such message\r\n"
#define UNKNOWN "-ERR the keyword is unknown"
/* 171 octets: three of them, with blanks, are 516. */
#define X10 "XXXXXXXXXX"
#define X50 X10 X10 X10 X10 X10
#define LONG X50 X50 X50 X10 X10 "X"

static const struct fault_brief briefs[] = {
    {"top-double-status", ONE, "TOP 1 0\r\nTOP 2 0\r\nNOOP\r\n",
     S("+OK top of message follows\r\na\r\n\r\n.\r\n" NO_SUCH "+OK\r\n"),
     S("+OK top of message follows\r\n+OK top of message follows\r\na\r\n\r\n.\r\n" NO_SUCH
       "+OK\r\n")},
    {"unknown-command-silent", ONE, "XYZZ\r\n\r\nNOOP\r\n",
     S(UNKNOWN "\r\n-ERR the line is empty\r\n+OK\r\n"), S("-ERR the line is empty\r\n+OK\r\n")},
    {"empty-line-silent", ONE, "XYZZ\r\n\r\nNOOP\r\n",
     S(UNKNOWN "\r\n-ERR the line is empty\r\n+OK\r\n"), S(UNKNOWN "\r\n+OK\r\n")},
    {"status-lowercase(which=3)@3", ONE, "NOOP\r\nRETR 9\r\n", S("+OK\r\n" NO_SUCH),
     S("+ok\r\n" NO_SUCH)},
    {"status-lowercase(which=2)", ONE, "NOOP\r\nRETR 9\r\n", S("+OK\r\n" NO_SUCH),
     S("+OK\r\n-err no such message\r\n")},
    {"reply-lf-only(which=2)", ONE, "NOOP\r\nRETR 9\r\nLIST 1\r\n",
     S("+OK\r\n" NO_SUCH "+OK 1 8\r\n"), S("+OK\r\n-ERR no such message\n+OK 1 8\r\n")},
    {"reply-lf-only(which=1)@3", ONE, "NOOP\r\nNOOP\r\n", S("+OK\r\n+OK\r\n"), S("+OK\n+OK\r\n")},
    {"reply-over-512(times=3)", ONE, LONG "\r\nXYZZ\r\n", S(UNKNOWN "\r\n" UNKNOWN "\r\n"),
     S(UNKNOWN ": " LONG " " LONG " " LONG "\r\n" UNKNOWN "\r\n")},
    {"err-echo-unfiltered", ONE, "XY\rZ\x1B\r\nXYZZ\r\n",
     S("-ERR an octet is not printable ASCII\r\n" UNKNOWN "\r\n"),
     S("-ERR an octet is not printable ASCII: XY\rZ\x1B\r\n" UNKNOWN "\r\n")},
    {"list-single-multiline", TWO, "LIST 2\r\nLIST 3\r\nUIDL 3\r\n",
     S("+OK 2 4\r\n" NO_SUCH NO_SUCH), S("+OK listing follows\r\n2 4\r\n.\r\n" NO_SUCH NO_SUCH)},
    {"list-single-no-number", TWO, "LIST 2\r\nLIST 3\r\n", S("+OK 2 4\r\n" NO_SUCH),
     S("+OK 4\r\n" NO_SUCH)},
    {"list-empty-no-terminator", ONE, "LIST\r\nDELE 1\r\nLIST\r\nNOOP\r\n",
     S(LIST "1 8\r\n.\r\n+OK message marked as deleted\r\n" LIST ".\r\n+OK\r\n"),
     S(LIST "1 8\r\n.\r\n+OK message marked as deleted\r\n" LIST "+OK\r\n")},
    {"list-cut-at-100(messages=2)", THREE, "LIST\r\nDELE 1\r\nLIST\r\n",
     S(LIST "1 3\r\n2 4\r\n3 5\r\n.\r\n+OK message marked as deleted\r\n" LIST
            "2 4\r\n3 5\r\n.\r\n"),
     S(LIST "1 3\r\n2 4\r\n.\r\n+OK message marked as deleted\r\n" LIST "2 4\r\n3 5\r\n.\r\n")},
    {"list-skips-tenth(place=2)", THREE, "LIST\r\nLIST 2\r\n",
     S(LIST "1 3\r\n2 4\r\n3 5\r\n.\r\n+OK 2 4\r\n"), S(LIST "1 3\r\n3 5\r\n.\r\n+OK 2 4\r\n")},
    {"list-size-not-decimal(format=1)", ONE, "LIST\r\nLIST 1\r\n",
     S(LIST "1 8\r\n.\r\n+OK 1 8\r\n"),
     S(LIST "1 %!d(float64=8)\r\n.\r\n+OK 1 %!d(float64=8)\r\n")},
    {"list-size-not-decimal(format=2,messages=2)", TWO, "LIST\r\n", S(LIST "1 3\r\n2 4\r\n.\r\n"),
     S(LIST "1 3\r\n2 4.000000\r\n.\r\n")},
    {"list-size-not-decimal(format=3)", ONE, "LIST 1\r\n", S("+OK 1 8\r\n"), S("+OK 1 8e+00\r\n")},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    check_briefs(briefs, COUNT(briefs));
}

/* The rest have answers that are long, or come before LOGIN: the octets from a mark on. */
static const struct {
    const char *fault, *input, *mark, *right, *wrong;
} others[] = {
    {"capa-missing-terminator", "CAPA\r\nNOOP\r\n", "\r\nLANG\r\n",
     ".\r\n-ERR the command is not valid in this state\r\n",
     "-ERR the command is not valid in this state\r\n"},
    {"auth-list-missing-terminator", "AUTH\r\n", "", "-ERR a required argument is missing\r\n",
     "+OK mechanisms follow\r\nPLAIN\r\nLOGIN\r\n"},
    {"uidl-single-multiline", LOGIN "UIDL 1\r\n", "octets)\r\n",
     "+OK 1 af63ac4c86019afc6c3622e6500ad169\r\n",
     "+OK listing follows\r\n1 af63ac4c86019afc6c3622e6500ad169\r\n.\r\n"},
    {"uidl-single-no-number", LOGIN "UIDL 1\r\n", "octets)\r\n",
     "+OK 1 af63ac4c86019afc6c3622e6500ad169\r\n", "+OK af63ac4c86019afc6c3622e6500ad169\r\n"},
};

static struct pq_slice from_mark(struct pq_slice answers, const char *mark)
{
    while (answers.len > 0 && !pq_slice_starts(answers, pq_slice_text(mark)))
        answers = pq_slice_after(answers, 1);
    return pq_slice_after(answers, strlen(mark));
}

static void test_faults_of_other_answers(void **state)
{
    (void)state;
    static const struct fault_case c = {.mail = ONE};
    for (size_t i = 0; i < COUNT(others); i++)
        for (size_t step = 1; step <= strlen(others[i].input); step++) {
            struct pq_slice wrong = fault_answers(&c, others[i].fault, 0, others[i].input, step);
            expect_octets(others[i].fault, from_mark(wrong, others[i].mark),
                          pq_slice_text(others[i].wrong));
            struct pq_slice right = fault_answers(&c, NULL, 0, others[i].input, step);
            expect_octets("the reference", from_mark(right, others[i].mark),
                          pq_slice_text(others[i].right));
        }
}

/* The tags of the list, on one line. */
static void test_capa_has_one_line(void **state)
{
    (void)state;
    static const struct fault_case c = {.mail = ONE};
    struct received line = {.len = 0};
    struct pq_slice right = fault_answers(&c, NULL, 0, "CAPA\r\nNOOP\r\n", SIZE_MAX);
    (void)pq_slice_cut(&right, '\n');
    receive(&line, PQ_SLICE("+OK"));
    while (!pq_slice_starts(right, PQ_SLICE("."))) {
        receive(&line, PQ_SLICE(" "));
        receive(&line, pq_slice_cut(&right, '\r'));
        (void)pq_slice_cut(&right, '\n');
    }
    receive(&line, PQ_SLICE("\r\n-ERR the command is not valid in this state\r\n"));
    expect_octets("capa-single-line",
                  fault_answers(&c, "capa-single-line", 0, "CAPA\r\nNOOP\r\n", SIZE_MAX),
                  received_slice(&line));
}

static void test_the_greeting_has_two_lines(void **state)
{
    (void)state;
    static const char *const want[] = {GREETING "+OK unauthorised use is forbidden\r\n",
                                       GREETING "unauthorised use is forbidden\r\n"};
    for (uint64_t seed = 0; seed < COUNT(want); seed++) {
        struct pq_mock m;
        mock_begin(&m);
        add_fault(&m, "greeting-two-lines", seed);
        struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
        expect_octets("greeting", pq_server_out(s), pq_slice_text(want[seed]));
        pq_server_free(s);
        pq_mock_free(&m);
    }
}

/* The answers of a second session while the first one has the maildrop. */
static void expect_second_login(const char *fault, const char *want)
{
    static struct received first, second;
    struct pq_mock m;
    mock_begin(&m);
    if (fault)
        add_fault(&m, fault, 0);
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
    drain(s, SIZE_MAX, 0, &first);
    (void)talk(s, PQ_SLICE(LOGIN), SIZE_MAX, 0, &first);
    converse(&m, PQ_SLICE(LOGIN), SIZE_MAX, &second);
    expect_octets(fault ? fault : "the reference", received_slice(&second), pq_slice_text(want));
    pq_server_free(s);
    pq_mock_free(&m);
}

static void test_a_refusal_has_two_lines(void **state)
{
    (void)state;
#define IN_USE "+OK send PASS\r\n-ERR [IN-USE] the maildrop is open in another session\r\n"
    expect_second_login(NULL, IN_USE);
    expect_second_login("err-multiline-text", IN_USE "try again later\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_faults_of_other_answers),
        cmocka_unit_test(test_capa_has_one_line),
        cmocka_unit_test(test_the_greeting_has_two_lines),
        cmocka_unit_test(test_a_refusal_has_two_lines),
    };
    return cmocka_run_group_tests_name("faults_replies", tests, NULL, NULL);
}
