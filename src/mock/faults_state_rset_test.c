/* SPDX-License-Identifier: Apache-2.0
 * Faults of RSET, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_mail_testing.h"

static const struct fault_case cases[] = {
    {"rset-clears-first-64-only(messages=2)", FOUR, DELE_123 "RSET\r\nLIST\r\nSTAT\r\n",
     DELE_123_OUT RSET LIST "1 3\r\n2 4\r\n3 5\r\n4 6\r\n.\r\n+OK 4 18\r\n",
     SAME(DELE_123_OUT RSET LIST "1 3\r\n2 4\r\n4 6\r\n.\r\n+OK 3 13\r\n"),
     UNMARKED "DELE 1\r\nDELE 2\r\nRSET\r\nLIST\r\n"},
    {"rset-restores-count-not-size",
     FOUR,
     DELE_123 "RSET\r\nSTAT\r\nLIST 1\r\n",
     DELE_123_OUT RSET "+OK 4 18\r\n+OK 1 3\r\n",
     {DELE_123_OUT RSET "+OK 4 6\r\n+OK 1 3\r\n", DELE_123_OUT RSET "+OK 4 10\r\n+OK 1 3\r\n",
      DELE_123_OUT RSET "+OK 4 14\r\n+OK 1 3\r\n"},
     IN "RSET\r\nSTAT\r\nDELE 1\r\nSTAT\r\n"},
    {"rset-then-retr-off-by-one(marks=3)", FOUR, DELE_123 "RSET\r\nRETR 1\r\nRETR 4\r\nLIST 1\r\n",
     DELE_123_OUT RSET RETR "a\r\n.\r\n" RETR "dddd\r\n.\r\n+OK 1 3\r\n",
     SAME(DELE_123_OUT RSET RETR "bb\r\n.\r\n" RETR "dddd\r\n.\r\n+OK 1 3\r\n"),
     UNMARKED "DELE 1\r\nDELE 2\r\nRSET\r\nRETR 1\r\nRETR 0\r\n"},
    {"rset-in-auth-accepted", FOUR, "RSET\r\nUSER tim\r\nRSET\r\n", STATE SEND STATE,
     SAME(RSET SEND RSET), UNMARKED},
    {"dele-rset-stls-double-reply", FOUR, IN "DELE 1\r\nRSET\r\nSTLS\r\nLIST 2\r\nNOOP\r\n",
     OUT DELE RSET STATE "+OK 2 4\r\n" OK, SAME(OUT DELE RSET STATE "+OK 2 4\r\n+OK 2 4\r\n" OK),
     UNMARKED "STLS x\r\nNOOP\r\nDELE 1\r\nSTLS\r\nNOOP\r\n"},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    check_faults(cases, COUNT(cases));
}

static void expect_stls(const char *fault, const char *input, const char *answers)
{
    static const struct fault_case c = {.mail = FOUR};
    struct pq_mock m;
    fault_begin(&m, &c, fault, 1);
    m.config.tls = true;
    expect_session(&m, "STLS", input, answers);
    pq_mock_free(&m);
}

static void test_stls_accepted_after_rset(void **state)
{
    (void)state;
    static const char after[] = IN "DELE 1\r\nRSET\r\nSTLS\r\nNOOP\r\n";
    expect_stls(NULL, after, OUT DELE RSET STATE OK);
    expect_stls("stls-accepted-after-rset", after, OUT DELE RSET "+OK begin TLS\r\n");
    expect_stls("stls-accepted-after-rset", IN "RSET\r\nSTLS\r\nDELE 1\r\nSTLS\r\n",
                OUT RSET STATE DELE STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_stls_accepted_after_rset),
    };
    return cmocka_run_group_tests_name("faults_state_rset", tests, NULL, NULL);
}
