/* SPDX-License-Identifier: Apache-2.0
 * Faults of STLS, with TLS on the wire. */
#define _DEFAULT_SOURCE
#include "mock/link_testing.h"

static struct pair *begin_fault(const char *fault, uint64_t seed)
{
    static const struct pq_slice nothing;
    struct pair *p = begin(versions[seed % 2], false, 4096);
    if (fault)
        add_fault(&p->mock, fault, seed);
    pair_say(p, nothing);
    p->clear.len = 0;
    return p;
}

static void expect_fault(const char *fault, const char *clear, const char *secret,
                         const char *answers)
{
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct pair *p = begin_fault(fault, seed);
        pair_say(p, pq_slice_text(clear));
        assert_true(pair_start_tls(p));
        pair_say(p, pq_slice_text(secret));
        expect_octets(fault ? fault : "the reference", received_slice(&p->secret),
                      pq_slice_text(answers));
        pair_end(p);
    }
}

#define SEQUENCE "-ERR PASS must follow USER immediately, and USER only stands first\r\n"

static void test_stls_keeps_buffered_plaintext(void **state)
{
    (void)state;
    const char *fault = "stls-keeps-buffered-plaintext";
    expect_fault(fault, "STLS\r\nNOOP x\r\nUSER tim\r\n", "PASS tan staaf\r\n",
                 "-ERR there are more arguments than the command takes\r\n" LOGIN_OUT);
    expect_fault(NULL, "STLS\r\nNOOP x\r\nUSER tim\r\n", "PASS tan staaf\r\n", SEQUENCE);
    expect_fault(fault, "USER tim\r\nSTLS\r\n", "PASS tan staaf\r\n", SEQUENCE);
}

/* What was kept waits for a handshake that cannot come any more. */
static void test_stls_keeps_buffered_plaintext_until_eof(void **state)
{
    (void)state;
    struct pair *p = begin_fault("stls-keeps-buffered-plaintext", 0);
    pq_link_input(p->link, PQ_SLICE("STLS\r\nCAPA\r\n"), 0);
    pq_link_eof(p->link, 0);
    while (pair_receive(p))
        continue;
    expect_octets("in clear", received_slice(&p->clear), PQ_SLICE(STLS_OUT));
    assert_true(pq_link_is_over(p->link));
    pair_end(p);
}

static void test_stls_keeps_user(void **state)
{
    (void)state;
    expect_fault("stls-keeps-user", "USER tim\r\nSTLS\r\n", "PASS tan staaf\r\n",
                 "+OK maildrop has 2 messages (60022 octets)\r\n");
    expect_fault(NULL, "USER tim\r\nSTLS\r\n", "PASS tan staaf\r\n", SEQUENCE);
    expect_fault("stls-keeps-user", "CAPA x\r\nSTLS\r\n", "PASS tan staaf\r\n", SEQUENCE);
}

static void test_stls_accepted_in_transaction(void **state)
{
    (void)state;
    const char *fault = "stls-accepted-in-transaction";
    expect_fault(fault, LOGIN "DELE 1\r\nSTLS\r\n", "STAT\r\nUSER tim\r\n",
                 "+OK 1 60000\r\n-ERR the command is not valid in this state\r\n");
    expect_fault(fault, "STLS\r\n", "STLS\r\nSTAT\r\n",
                 "-ERR TLS is already active\r\n-ERR the command is not valid in this state\r\n");
    struct pair *p = begin_fault(NULL, 0);
    pair_say(p, PQ_SLICE(LOGIN "STLS\r\n"));
    expect_octets("the reference", received_slice(&p->clear),
                  PQ_SLICE(LOGIN_OUT "-ERR the command is not valid in this state\r\n"));
    pair_end(p);
}

static void test_stls_accepted_in_tls(void **state)
{
    (void)state;
    expect_fault("stls-accepted-in-tls", "STLS\r\n", "STLS\r\nNOOP x\r\n" LOGIN "STLS\r\n",
                 STLS_OUT
                 "-ERR there are more arguments than the command takes\r\n" LOGIN_OUT STLS_OUT);
    expect_fault(NULL, "STLS\r\n", "STLS\r\n", "-ERR TLS is already active\r\n");
    struct pair *p = begin_fault("stls-accepted-in-tls", 0);
    pair_say(p, PQ_SLICE(LOGIN "STLS\r\n"));
    expect_octets("in clear", received_slice(&p->clear),
                  PQ_SLICE(LOGIN_OUT "-ERR the command is not valid in this state\r\n"));
    pair_end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stls_keeps_buffered_plaintext),
        cmocka_unit_test(test_stls_keeps_buffered_plaintext_until_eof),
        cmocka_unit_test(test_stls_keeps_user),
        cmocka_unit_test(test_stls_accepted_in_transaction),
        cmocka_unit_test(test_stls_accepted_in_tls),
    };
    return cmocka_run_group_tests_name("faults_tls", tests, make_ends, free_ends);
}
