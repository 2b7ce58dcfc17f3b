/* SPDX-License-Identifier: Apache-2.0
 * What servers that misuse their memory show, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define UNKNOWN_OUT "-ERR the keyword is unknown\r\n"
#define STATE_OUT "-ERR the command is not valid in this state\r\n"
#define LONG_OUT "-ERR the line is longer than 255 octets\r\n"
#define FORMATTED_OUT "-ERR XYZ 7ffd51c8a4e0 7ffd51c8a4e0\r\n"
#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A256 A64 A64 A64 A64

static const struct fault_case cases[] = {
    {.name = "empty-command-assert",
     .trigger = "\r\nNOOP\r\n",
     .reference = "-ERR the line is empty\r\n" STATE_OUT,
     .seeds = {"", "", ""},
     .harmless = " \r\nAUTH PLAIN\r\n\r\nNOOP\r\n" LOGIN},
    {.name = "colon-command-assert",
     .trigger = "A:B\r\nNOOP\r\n",
     .reference = UNKNOWN_OUT STATE_OUT,
     .seeds = {"", "", ""},
     .harmless = "USER a:b\r\nNOOP\r\n" LOGIN},
    {.name = "pass-buffer-overflow",
     .trigger = "PASS " A256 A256 A256 A256 "\r\nCAPA x\r\nNOOP\r\n",
     .reference = LONG_OUT "-ERR there are more arguments than the command takes\r\n" STATE_OUT,
     .seeds = {LONG_OUT LONG_OUT STATE_OUT, LONG_OUT LONG_OUT STATE_OUT,
               LONG_OUT LONG_OUT STATE_OUT},
     .harmless = "USER " A256 A256 A256 A256 "\r\nNOOP\r\nPASS " A64 "\r\nNOOP\r\n" LOGIN},
    {.name = "format-string-in-error",
     .trigger = "XYZ %s %n\r\n",
     .reference = UNKNOWN_OUT,
     .seeds = {FORMATTED_OUT, FORMATTED_OUT, FORMATTED_OUT},
     .harmless = "XYZ\r\nXYZ %\r\nUSER %s\r\n" LOGIN},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_fault(&cases[i]);
}

#define SHORT "A: b\r\n\r\nbody\r\n"
#define SHORT_OUT "+OK message follows\r\n" SHORT ".\r\n" /* 38 octets */
#define FREED_OUT "+OK message follows\r\nA: b\r\n\r\nZZZZ\r\n.\r\n"
#define MISSING_OUT "-ERR a required argument is missing\r\n"
#define DELETED_OUT "+OK message marked as deleted\r\n"
#define WAY_OUT DELETED_OUT "+OK no message is marked\r\n" STATE_OUT

static const struct fault_brief briefs[] = {
    {"dele-without-number-uninit",
     {MAIL(SHORT), MAIL(SHORT)},
     "DELE\r\nLIST 2\r\nDELE\r\nSTAT\r\n",
     PQ_SLICE_INIT(MISSING_OUT "+OK 2 14\r\n" MISSING_OUT "+OK 2 28\r\n"),
     PQ_SLICE_INIT(MISSING_OUT "+OK 2 14\r\n" DELETED_OUT "+OK 1 14\r\n")},
    {"retr-terminator-split-crash(octets=39)",
     {MAIL(SHORT), MAIL(SHORT "x\r\n")},
     "RETR 2\r\nRETR 1\r\n",
     PQ_SLICE_INIT("+OK message follows\r\n" SHORT "x\r\n.\r\n" SHORT_OUT),
     PQ_SLICE_INIT("+OK message follows\r\n" SHORT "x\r\n.\r\n")},
    {"deep-dele-rset-stls-retr-uaf",
     {MAIL(SHORT)},
     "DELE 1\r\nRSET\r\nRETR 1\r\nDELE 1\r\nRSET\r\nSTLS\r\nRETR 1\r\n",
     PQ_SLICE_INIT(DELETED_OUT "+OK no message is marked\r\n" SHORT_OUT WAY_OUT SHORT_OUT),
     PQ_SLICE_INIT(DELETED_OUT "+OK no message is marked\r\n" SHORT_OUT WAY_OUT FREED_OUT)},
};

static void test_faults_behind_login(void **state)
{
    (void)state;
    check_briefs(briefs, COUNT(briefs));
}

/* What one session did stays for the next one. */
static void test_nobody_logs_in_any_more(void **state)
{
    (void)state;
    static struct received r;
    static const struct {
        const char *fault, *answer;
    } rows[] = {
        {NULL, "+OK send PASS\r\n+OK maildrop has 0 messages (0 octets)\r\n"},
        {"user-percent-expanded", "+OK send PASS\r\n-ERR [SYS/TEMP] nobody can log in now\r\n"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pq_mock m;
        mock_begin(&m);
        if (rows[i].fault)
            add_fault(&m, rows[i].fault, 0);
        converse(&m, PQ_SLICE("USER %{x}\r\n"), SIZE_MAX, &r);
        expect_octets("the name", received_slice(&r), PQ_SLICE("+OK send PASS\r\n"));
        converse(&m, PQ_SLICE(LOGIN), SIZE_MAX, &r);
        expect_octets("the next session", received_slice(&r), pq_slice_text(rows[i].answer));
        pq_mock_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_faults_behind_login),
        cmocka_unit_test(test_nobody_logs_in_any_more),
    };
    return cmocka_run_group_tests_name("faults_memory", tests, NULL, NULL);
}
