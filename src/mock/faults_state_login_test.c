/* SPDX-License-Identifier: Apache-2.0
 * Faults of login, lock and sequences of commands, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_mail_testing.h"

#define BASE64 "-ERR the response is not base64\r\n"
#define WRONG "USER tim\r\nPASS no\r\n"
#define WRONG_OUT SEND REFUSED
/* Header, blank line, and a body of four lines. */
#define LINES "h\r\n\r\n1\r\n2\r\n.3\r\n4\r\n"
#define LINES_OUT SEND "+OK maildrop has 2 messages (36 octets)\r\n"
#define TOP_1 TOP "h\r\n\r\n1\r\n.\r\n"
#define NEXT_2 TOP "2\r\n..3\r\n.\r\n"

static const struct fault_case cases[] = {
    {"auth-state-stat-ok", FOUR, "STAT\r\nUSER tim\r\nSTAT\r\n", STATE SEND STATE,
     SAME("+OK 0 0\r\n" SEND "+OK 0 0\r\n"), "LIST\r\nSTAT x\r\n" UNMARKED},
    {"auth-state-list-leaks", FOUR, "USER tim\r\nLIST\r\nNOOP\r\n", SEND STATE STATE,
     SAME(SEND LIST "1 3\r\n2 4\r\n3 5\r\n4 6\r\n.\r\n" STATE),
     "LIST\r\nUSER nobody\r\nLIST\r\nUSER tim\r\nLIST 1\r\nLIST\r\n" UNMARKED},
    {"transaction-user-switches", FOUR, IN "DELE 1\r\nUSER tim\r\nPASS no\r\n" IN "STAT\r\n",
     OUT DELE STATE STATE STATE STATE "+OK 3 15\r\n",
     SAME(OUT DELE SEND REFUSED SEND OPEN "+OK 4 18\r\n"),
     WRONG UNMARKED "PASS tan staaf\r\nSTAT\r\n"},
    {"pass-without-user", FOUR, "PASS tan staaf\r\nSTAT\r\n", SEQUENCE STATE,
     SAME(OPEN "+OK 4 18\r\n"), "PASS no\r\n" WRONG "PASS tan staaf\r\n" UNMARKED},
    {"pass-retry-without-user", FOUR, WRONG "PASS no\r\nPASS tan staaf\r\nNOOP\r\n",
     WRONG_OUT SEQUENCE SEQUENCE STATE, SAME(WRONG_OUT SEQUENCE OPEN OK),
     "PASS tan staaf\r\n" WRONG "NOOP\r\nPASS tan staaf\r\n" UNMARKED},
    {"user-second-ignored", FOUR, "USER tom\r\n" IN IN, SEND SEQUENCE SEQUENCE OUT,
     SAME(SEND SEND REFUSED SEND REFUSED), WRONG UNMARKED},
    {"failed-auth-eats-next-line",
     FOUR,
     "AUTH PLAIN !\r\nNOOP\r\nNOOP\r\nNOOP\r\n" IN,
     BASE64 STATE STATE STATE OUT,
     {BASE64 BASE64 STATE STATE OUT, BASE64 BASE64 BASE64 STATE OUT,
      BASE64 BASE64 BASE64 BASE64 OUT},
     "AUTH NONE\r\nNOOP\r\nAUTH PLAIN\r\n*\r\n" WRONG UNMARKED},
    {"failed-login-third-hangs",
     FOUR,
     WRONG "AUTH PLAIN !\r\n" WRONG IN "STAT\r\nQUIT\r\n",
     WRONG_OUT BASE64 WRONG_OUT OUT "+OK 4 18\r\n" BYE,
     {WRONG_OUT BASE64 WRONG_OUT, WRONG_OUT BASE64, WRONG_OUT BASE64 WRONG_OUT},
     WRONG "AUTH PLAIN\r\n*\r\nAUTH NONE\r\nPASS x\r\n" UNMARKED},
    {"top-resumes-offset",
     {MAIL(LINES), MAIL(LINES)},
     IN "TOP 1 1\r\nTOP 1 2\r\nTOP 2 1\r\nTOP 2 2\r\n",
     LINES_OUT TOP_1 TOP "h\r\n\r\n1\r\n2\r\n.\r\n" TOP_1 TOP "h\r\n\r\n1\r\n2\r\n.\r\n",
     {LINES_OUT TOP_1 NEXT_2 TOP_1 NEXT_2,
      LINES_OUT TOP_1 NEXT_2 TOP_1 TOP "h\r\n\r\n1\r\n2\r\n.\r\n",
      LINES_OUT TOP_1 TOP "h\r\n\r\n1\r\n2\r\n.\r\n" TOP_1 NEXT_2},
     UNMARKED "TOP 2 1\r\nTOP 1 1\r\nTOP 2 0\r\nRETR 2\r\n"},
    {"retr-after-partial-top-truncated",
     {MAIL(LINES), MAIL(LINES)},
     IN "TOP 2 1\r\nRETR 2\r\n",
     LINES_OUT TOP_1 RETR "h\r\n\r\n1\r\n2\r\n..3\r\n4\r\n.\r\n",
     SAME(LINES_OUT TOP_1 RETR "h\r\n\r\n1\r\n.\r\n"),
     UNMARKED "TOP 1 1\r\nRETR 1\r\nRETR 2\r\nTOP 2 9\r\nRETR 2\r\nTOP 1 0\r\nRETR 2\r\n"},
    {"noop-64-closes(commands=2)", FOUR, IN "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n", OUT OK OK OK OK,
     SAME(OUT OK OK), UNMARKED "NOOP\r\nNOOP x\r\nSTAT\r\nNOOP\r\nSTAT\r\n"},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    check_faults(cases, COUNT(cases));
}

static const struct fault_case mail = {.mail = FOUR};

/* The maildrop of another account, and the lock on the first one is gone. */
static void test_transaction_user_switches(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &mail, "transaction-user-switches", 0);
    assert_non_null(pq_store_add(&m.store, PQ_SLICE("tom"), PQ_SLICE("pw")));
    struct pq_server *s = open_session(&m, IN "USER tom\r\nPASS pw\r\nSTAT\r\n", &r);
    expect_octets("of tom", received_slice(&r),
                  PQ_SLICE(OUT SEND "+OK maildrop has 0 messages (0 octets)\r\n+OK 0 0\r\n"));
    expect_session(&m, "of tim", IN, OUT);
    pq_server_free(s);
    pq_mock_free(&m);
}

static void test_capa_refused_in_transaction(void **state)
{
    (void)state;
    const char *fault = "capa-refused-in-transaction";
    struct pq_slice before = PQ_SLICE("+OK capability list follows\r\n");
    assert_true(pq_slice_starts(fault_answers(&mail, fault, 0, "CAPA\r\n", 1), before));
    expect_octets(fault, fault_answers(&mail, fault, 0, IN "CAPA\r\nNOOP\r\n", 1),
                  PQ_SLICE(OUT STATE OK));
    struct pq_slice right = fault_answers(&mail, NULL, 0, IN "CAPA\r\n", 1);
    assert_true(pq_slice_starts(pq_slice_after(right, sizeof(OUT) - 1), before));
}

/* ---- two sessions ---------------------------------------------------------------------------- */

static const struct lock_case {
    const char *name;
    const char *first; /* what the first session says */
    bool dropped;      /* and then ends */
    const char *reference, *fault;
} locks[] = {
    {"no-exclusive-lock", IN, false, SEND IN_USE, OUT},
    {"rset-releases-lock", IN "RSET\r\n", false, SEND IN_USE, OUT},
    {"lock-survives-drop", IN, true, OUT, SEND IN_USE},
    {"lock-survives-failed-login", WRONG, false, OUT, SEND IN_USE},
    {"lock-survives-failed-login", WRONG, true, OUT, SEND IN_USE},
    {"quit-does-not-close", IN "QUIT\r\n", false, OUT, OUT},
};

static void expect_second(const struct lock_case *c, const char *fault, const char *answers)
{
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &mail, fault, 0);
    struct pq_server *s = open_session(&m, c->first, &r);
    if (c->dropped)
        pq_server_free(s);
    expect_session(&m, c->name, IN, answers);
    pq_store_reset(&m.store);
    if (c->dropped)
        expect_session(&m, "after a reset", IN, OUT);
    else
        pq_server_free(s);
    pq_mock_free(&m);
}

static void test_locks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(locks); i++) {
        expect_second(&locks[i], NULL, locks[i].reference);
        expect_second(&locks[i], locks[i].name, locks[i].fault);
    }
}

/* Who took the lock by a wrong password may still log in by the right one. */
static void test_lock_survives_failed_login_for_others(void **state)
{
    (void)state;
    struct pq_mock m;
    fault_begin(&m, &mail, "lock-survives-failed-login", 0);
    expect_session(&m, "the same", WRONG IN, WRONG_OUT OUT);
    expect_session(&m, "its QUIT unlocks", IN, OUT);
    pq_mock_free(&m);
}

static void expect_with_new_mail(const char *fault, const char *answers)
{
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &mail, fault, 0);
    struct pq_server *s = open_session(&m, IN "DELE 1\r\nDELE 2\r\n", &r);
    add_mail(&m, "tim", PQ_SLICE("eeeee\r\n"));
    r.len = 0;
    (void)talk(s, PQ_SLICE("STAT\r\nLIST\r\nSTAT\r\n"), SIZE_MAX, 0, &r);
    expect_octets(fault ? fault : "the reference", received_slice(&r), pq_slice_text(answers));
    pq_server_free(s);
    pq_mock_free(&m);
}

static void test_new_mail(void **state)
{
    (void)state;
    expect_with_new_mail(NULL, "+OK 2 11\r\n" LIST "3 5\r\n4 6\r\n.\r\n+OK 2 11\r\n");
    expect_with_new_mail("new-mail-visible-in-session",
                         "+OK 3 18\r\n" LIST "3 5\r\n4 6\r\n5 7\r\n.\r\n+OK 3 18\r\n");
    expect_with_new_mail("new-mail-renumbers",
                         "+OK 3 18\r\n" LIST "1 7\r\n4 5\r\n5 6\r\n.\r\n+OK 3 18\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_transaction_user_switches),
        cmocka_unit_test(test_capa_refused_in_transaction),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_lock_survives_failed_login_for_others),
        cmocka_unit_test(test_new_mail),
    };
    return cmocka_run_group_tests_name("faults_state_login", tests, NULL, NULL);
}
