/* SPDX-License-Identifier: Apache-2.0
 * Faults of the end of a session: what the next one finds. */
#define _DEFAULT_SOURCE
#include "mock/fault_mail_testing.h"

/* ---- what is left ---------------------------------------------------------------------------- */

#define ALL "1 3\r\n2 4\r\n3 5\r\n4 6\r\n.\r\n"
#define LAST "1 6\r\n.\r\n"
#define WITHOUT_1 "1 4\r\n2 5\r\n3 6\r\n.\r\n"
#define WITHOUT_2 "1 3\r\n2 5\r\n3 6\r\n.\r\n"
#define WITHOUT_3 "1 3\r\n2 4\r\n3 6\r\n.\r\n"

static const struct fault_case mail = {.mail = FOUR};

static const struct update_case {
    const char *name;
    const char *says; /* one session; it ends with QUIT or without */
    const char *reference;
    const char *seeds[FAULT_SEEDS]; /* what LIST shows in the next one */
} updates[] = {
    {"dele-applies-on-drop", DELE_123, ALL, {LAST, "1 4\r\n2 6\r\n.\r\n", WITHOUT_2}},
    {"dele-applies-at-once", DELE_123 "RSET\r\n", ALL, {LAST, "1 4\r\n2 6\r\n.\r\n", WITHOUT_2}},
    {"dele-lost-on-quit", DELE_123 "QUIT\r\n", LAST, {ALL, WITHOUT_2, "1 4\r\n2 6\r\n.\r\n"}},
    {"quit-applies-first-8(marks=2)", DELE_123 "QUIT\r\n", LAST, SAME("1 5\r\n2 6\r\n.\r\n")},
    {"quit-removes-neighbour", IN "DELE 2\r\nQUIT\r\n", WITHOUT_2, SAME(WITHOUT_3)},
    {"quit-removes-retrieved",
     IN "RETR 1\r\nRETR 2\r\nQUIT\r\n",
     ALL,
     {"1 5\r\n2 6\r\n.\r\n", WITHOUT_1, WITHOUT_2}},
    {"quit-pipelined-tail-executed", IN "DELE 2\r\nQUIT\r\nDELE 1\r\nLIST\r\n", WITHOUT_2,
     SAME("1 5\r\n2 6\r\n.\r\n")},
    {"quit-pipelined-tail-executed", IN "QUIT\r\nDELE 1\r\n", ALL, SAME(WITHOUT_1)},
};

static void expect_left(const char *fault, uint64_t seed, const char *says, const char *left)
{
    static struct received r;
    char want[128];
    struct pq_mock m;
    fault_begin(&m, &mail, fault, seed);
    pq_server_free(open_session(&m, says, &r));
    struct pq_server *s = open_session(&m, IN, &r);
    r.len = 0;
    (void)talk(s, PQ_SLICE("LIST\r\n"), SIZE_MAX, 0, &r);
    (void)snprintf(want, sizeof(want), LIST "%s", left);
    expect_octets(fault ? fault : says, received_slice(&r), pq_slice_text(want));
    pq_server_free(s);
    pq_mock_free(&m);
}

static void test_what_is_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(updates); i++) {
        const struct update_case *c = &updates[i];
        expect_left(NULL, 0, c->says, c->reference);
        for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++)
            expect_left(c->name, seed, c->says, c->seeds[seed]);
    }
}

/* What a fault leaves alone. */
static void test_what_is_left_otherwise(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(updates); i++)
        for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++)
            expect_left(updates[i].name, seed, IN "STAT\r\nNOOP\r\nQUIT\r\n", ALL);
    expect_left("quit-removes-neighbour", 0, IN "DELE 1\r\nQUIT\r\n", WITHOUT_1);
    expect_left("quit-removes-retrieved", 0, IN "RETR 1\r\n", ALL);
    expect_left("dele-applies-on-drop", 0, DELE_123 "RSET\r\n", ALL);
}

/* ---- the answer to QUIT ---------------------------------------------------------------------- */

static const struct fault_case cases[] = {
    {"dele-applies-at-once",
     FOUR,
     DELE_123 "RSET\r\nSTAT\r\n",
     DELE_123_OUT RSET "+OK 4 18\r\n",
     {DELE_123_OUT RSET "+OK 1 6\r\n", DELE_123_OUT RSET "+OK 2 10\r\n",
      DELE_123_OUT RSET "+OK 3 14\r\n"},
     IN "LIST\r\nRSET\r\nSTAT\r\nDELE 2\r\nSTAT\r\nRSET x\r\nLIST 2\r\nQUIT\r\n"},
    {"quit-no-reply", FOUR, IN "DELE 1\r\nQUIT\r\n", OUT DELE BYE, SAME(OUT DELE),
     UNMARKED "QUIT x\r\nNOOP\r\n"},
    {"quit-does-not-close", FOUR, IN "DELE 1\r\nQUIT\r\nSTAT\r\nQUIT\r\n", OUT DELE BYE,
     SAME(OUT DELE BYE "+OK 3 15\r\n" BYE), UNMARKED "QUIT x\r\nNOOP\r\n"},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    check_faults(cases, COUNT(cases));
}

/* The tail is what came in one piece with QUIT. */
static void test_quit_pipelined_tail_executed(void **state)
{
    (void)state;
    static const struct fault_case c = {.name = "quit-pipelined-tail-executed", .mail = FOUR};
    static const char says[] = IN "QUIT\r\nDELE 1\r\nQUIT\r\n";
    expect_octets("in one piece", fault_answers(&c, c.name, 0, says, SIZE_MAX),
                  PQ_SLICE(OUT BYE DELE BYE));
    expect_octets("octet by octet", fault_answers(&c, c.name, 0, says, 1), PQ_SLICE(OUT BYE));
    expect_octets("the reference", fault_answers(&c, NULL, 0, says, SIZE_MAX), PQ_SLICE(OUT BYE));
}

static void expect_quit_of_read_only(const char *fault, const char *says, const char *answers)
{
    struct pq_mock m;
    fault_begin(&m, &mail, fault, 1);
    m.config.read_only = true;
    expect_session(&m, "QUIT", says, answers);
    expect_session(&m, "all is there", IN, OUT);
    pq_mock_free(&m);
}

static void test_quit_ok_on_failed_update(void **state)
{
    (void)state;
    const char *fault = "quit-ok-on-failed-update";
    static const char says[] = IN "DELE 1\r\nQUIT\r\n";
    expect_quit_of_read_only(NULL, says,
                             OUT DELE "-ERR [SYS/TEMP] some marked messages were not removed\r\n");
    expect_quit_of_read_only(NULL, IN "QUIT\r\n", OUT BYE);
    expect_quit_of_read_only(fault, says, OUT DELE BYE);
}

/* ---- the autologout timer -------------------------------------------------------------------- */

static void expect_after_timeout(const char *fault, uint64_t seed, bool timeout, const char *opens)
{
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &mail, fault, seed);
    struct pq_server *s = open_session(&m, DELE_123, &r);
    if (timeout)
        pq_server_on_time(s, PQ_MOCK_AUTOLOGOUT_MS);
    assert_true(pq_server_is_over(s) == timeout);
    pq_server_free(s);
    expect_session(&m, "after the timeout", IN, opens);
    pq_mock_free(&m);
}

static void test_dele_applies_on_timeout(void **state)
{
    (void)state;
    static const char *const left[FAULT_SEEDS] = {
        SEND "+OK maildrop has 1 messages (6 octets)\r\n",
        SEND "+OK maildrop has 2 messages (10 octets)\r\n",
        SEND "+OK maildrop has 3 messages (14 octets)\r\n"};
    expect_after_timeout(NULL, 0, true, OUT);
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        expect_after_timeout("dele-applies-on-timeout", seed, true, left[seed]);
        expect_after_timeout("dele-applies-on-timeout", seed, false, OUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_left),
        cmocka_unit_test(test_what_is_left_otherwise),
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_quit_pipelined_tail_executed),
        cmocka_unit_test(test_quit_ok_on_failed_update),
        cmocka_unit_test(test_dele_applies_on_timeout),
    };
    return cmocka_run_group_tests_name("faults_state_update", tests, NULL, NULL);
}
