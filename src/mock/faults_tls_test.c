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

static void test_stls_overlooks_what_follows_it(void **state)
{
    (void)state;
    const char *fault = "stls-argument-accepted";
    expect_fault(fault, "stls x y\r\n", LOGIN "STLS x\r\n",
                 LOGIN_OUT "-ERR TLS is already active\r\n");
    expect_fault("stls-injection-if-blank", "STLS \r\nNOOP x\r\n", "XYZZ\r\n",
                 "-ERR there are more arguments than the command takes\r\n"
                 "-ERR the keyword is unknown\r\n");
    expect_fault("stls-injection-if-blank", "STLS\r\nNOOP x\r\n", "XYZZ\r\n",
                 "-ERR the keyword is unknown\r\n");
}

static void test_stls_joins_partial_line(void **state)
{
    (void)state;
    const char *fault = "stls-joins-partial-line";
    expect_fault(fault, "STLS\r\nUS", "ER tim\r\nXYZZ\r\n",
                 "+OK send PASS\r\n-ERR the keyword is unknown\r\n");
    expect_fault(NULL, "STLS\r\nUS", "ER tim\r\n", "-ERR the keyword is unknown\r\n");
    expect_fault(fault, "STLS\r\nUSER tim\r\n", "PASS x\r\n", SEQUENCE);
}

/* STLS, then `late` in clear after so many milliseconds, where a ClientHello is due. */
static struct pair *say_late(const char *fault, const char *late, uint64_t ms)
{
    struct pair *p = begin_fault(fault, 0);
    pair_say(p, PQ_SLICE("STLS\r\n"));
    p->clear.len = 0;
    p->now_ms = ms;
    pair_say(p, pq_slice_text(late));
    return p;
}

static void test_stls_injection_race(void **state)
{
    (void)state;
    const char *fault = "stls-injection-race(ms=50)";
    struct pair *p = say_late(fault, "NOOP x\r\n", 50);
    assert_true(pair_start_tls(p));
    pair_say(p, PQ_SLICE("XYZZ\r\n"));
    expect_octets(fault, received_slice(&p->secret),
                  PQ_SLICE("-ERR there are more arguments than the command takes\r\n"
                           "-ERR the keyword is unknown\r\n"));
    pair_end(p);
    p = say_late(fault, "NOOP x\r\n", 51);
    assert_false(pair_start_tls(p));
    pair_end(p);
    p = say_late(NULL, "NOOP x\r\n", 50);
    assert_false(pair_start_tls(p));
    pair_end(p);
}

/* The octets in clear come in one piece with the ClientHello. */
static void test_stls_injection_race_in_one_piece(void **state)
{
    (void)state;
    static const struct pq_tls_peer peer = {.sni = "localhost", .name = "localhost"};
    struct pair *p = begin_fault("stls-injection-race(ms=50)", 0);
    struct pq_why why;
    uint8_t memory[4096];
    struct pq_buf both;
    pair_say(p, PQ_SLICE("STLS\r\n"));
    p->tls = pq_tls_new(p->ends->client, &peer, &why);
    assert_non_null(p->tls);
    assert_int_equal(pq_tls_handshake(p->tls), PQ_NEXT_NEED_DATA);
    struct pq_slice hello = pq_tls_send_buf(p->tls);
    pq_buf_init(&both, memory, sizeof(memory));
    assert_true(pq_buf_put_text(&both, "NOOP x\r\n") && pq_buf_put(&both, hello));
    pq_tls_send_ack(p->tls, hello.len);
    pq_link_input(p->link, pq_buf_slice(&both), 0);
    pair_exchange(p);
    pair_say(p, PQ_SLICE("XYZZ\r\n"));
    expect_octets("both are answered", received_slice(&p->secret),
                  PQ_SLICE("-ERR there are more arguments than the command takes\r\n"
                           "-ERR the keyword is unknown\r\n"));
    pair_end(p);
}

static void test_stls_handshake_failure_continues(void **state)
{
    (void)state;
    struct pair *p = say_late("stls-handshake-failure-continues", LOGIN "STAT\r\n", 0);
    expect_octets("in clear", received_slice(&p->clear), PQ_SLICE(LOGIN_OUT "+OK 2 60022\r\n"));
    pair_end(p);
    p = say_late(NULL, LOGIN "STAT\r\n", 0);
    assert_false(pq_slice_starts(received_slice(&p->clear), PQ_SLICE("+OK")));
    pair_end(p);
    expect_fault("stls-handshake-failure-continues", "STLS\r\n", "NOOP x\r\n",
                 "-ERR there are more arguments than the command takes\r\n");
}

static void test_stls_no_deadline(void **state)
{
    (void)state;
    static const char *const faults[] = {NULL, "stls-no-deadline"};
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct pair *p = begin_fault(faults[i], 0);
        pair_say(p, PQ_SLICE("STLS\r\n"));
        pq_link_on_time(p->link, 1000 * PQ_MOCK_HANDSHAKE_MS);
        assert_int_equal(pq_link_is_over(p->link), faults[i] == NULL);
        pair_end(p);
    }
}

static void test_failures_in_clear_count_inside(void **state)
{
    (void)state;
    const char *wrong = "USER tim\r\nPASS x\r\nAUTH PLAIN AHRpbQB4\r\nSTLS\r\n";
    expect_fault("stls-keeps-failed-count(logins=2)", wrong, LOGIN,
                 "+OK send PASS\r\n-ERR [AUTH] invalid name or password\r\n");
    expect_fault("stls-keeps-failed-count(logins=3)", wrong, LOGIN, LOGIN_OUT);
    expect_fault(NULL, wrong, LOGIN, LOGIN_OUT);
}

static void test_a_greeting_comes_inside(void **state)
{
    (void)state;
    expect_fault("greeting-in-tls-again", "STLS\r\n", "XYZZ\r\n",
                 "+OK POP3 server ready\r\n-ERR the keyword is unknown\r\n");
    expect_fault(NULL, "STLS\r\n", "XYZZ\r\n", "-ERR the keyword is unknown\r\n");
}

/* Which of STLS and USER stand in the list, "STLS" first. */
static const char *list_inside(const char *fault, bool require_tls)
{
    struct pair *p = begin_fault(fault, 0);
    p->mock.config.require_tls = require_tls;
    pair_say(p, PQ_SLICE("STLS\r\n"));
    assert_true(pair_start_tls(p));
    pair_say(p, PQ_SLICE("CAPA\r\n"));
    bool stls = false, user = false;
    for (struct pq_slice rest = received_slice(&p->secret); rest.len > 0;) {
        struct pq_slice line = pq_slice_cut(&rest, '\n');
        stls |= pq_slice_equal(line, PQ_SLICE("STLS\r"));
        user |= pq_slice_equal(line, PQ_SLICE("USER\r"));
    }
    pair_end(p);
    return stls ? (user ? "STLS USER" : "STLS") : (user ? "USER" : "");
}

static void test_capa_inside(void **state)
{
    (void)state;
    assert_string_equal(list_inside(NULL, true), "USER");
    assert_string_equal(list_inside("stls-advertised-in-tls", true), "STLS USER");
    assert_string_equal(list_inside("stls-capa-not-refreshed", true), "STLS");
    assert_string_equal(list_inside("stls-capa-not-refreshed", false), "STLS USER");
}

static void test_passwords_in_clear_despite_policy(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *answers;
    } rows[] = {{"plaintext-login-despite-policy", LOGIN_OUT},
                {NULL, "-ERR a password in clear is refused: use STLS\r\n" SEQUENCE}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair *p = begin_fault(rows[i].fault, 0);
        p->mock.config.require_tls = true;
        pair_say(p, PQ_SLICE(LOGIN));
        expect_octets("in clear", received_slice(&p->clear), pq_slice_text(rows[i].answers));
        pair_end(p);
    }
}

static void test_the_end_of_tls_is_not_told(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        enum pq_tls_end end;
    } rows[] = {{"tls-no-close-notify", PQ_TLS_END_CUT}, {NULL, PQ_TLS_END_CLOSED}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair *p = begin_fault(rows[i].fault, 0);
        pair_say(p, PQ_SLICE("STLS\r\n"));
        assert_true(pair_start_tls(p));
        pair_say(p, PQ_SLICE("QUIT\r\n"));
        pq_tls_eof(p->tls);
        pair_decrypt(p);
        assert_int_equal(pq_tls_end(p->tls), rows[i].end);
        pair_end(p);
    }
}

static void test_a_greeting_comes_before_tls(void **state)
{
    (void)state;
    static const char *const faults[] = {NULL, "tls-port-greets-in-clear"};
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct pair *p = begin_fault(faults[i], 0);
        pq_link_free(p->link);
        p->link = pq_link_new(&p->config, true, 0);
        while (pair_receive(p))
            continue;
        expect_octets("in clear", received_slice(&p->clear),
                      faults[i] ? PQ_SLICE("+OK POP3 server ready\r\n") : PQ_SLICE(""));
        assert_true(pair_start_tls(p));
        pair_end(p);
    }
}

static void test_old_versions_are_asked_for(void **state)
{
    (void)state;
    struct pair *p = begin_fault(NULL, 0);
    assert_false(pq_fault_tls_is_old(&p->mock.plan));
    pair_end(p);
    p = begin_fault("tls-accepts-1.0", 0);
    assert_true(pq_fault_tls_is_old(&p->mock.plan));
    pair_end(p);
}

static void test_stls_behind_utf8_resets(void **state)
{
    (void)state;
    expect_fault("stls-after-utf8-resets-silently", "UTF8\r\nSTLS\r\n", "UTF8\r\n",
                 "+OK UTF-8 mode\r\n");
    struct pair *p = begin_fault(NULL, 0);
    pair_say(p, PQ_SLICE("UTF8\r\nSTLS\r\n"));
    expect_octets("the reference", received_slice(&p->clear),
                  PQ_SLICE("+OK UTF-8 mode\r\n-ERR STLS is refused behind UTF8\r\n"));
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
        cmocka_unit_test(test_stls_overlooks_what_follows_it),
        cmocka_unit_test(test_stls_joins_partial_line),
        cmocka_unit_test(test_stls_injection_race),
        cmocka_unit_test(test_stls_injection_race_in_one_piece),
        cmocka_unit_test(test_stls_handshake_failure_continues),
        cmocka_unit_test(test_stls_no_deadline),
        cmocka_unit_test(test_failures_in_clear_count_inside),
        cmocka_unit_test(test_a_greeting_comes_inside),
        cmocka_unit_test(test_capa_inside),
        cmocka_unit_test(test_passwords_in_clear_despite_policy),
        cmocka_unit_test(test_the_end_of_tls_is_not_told),
        cmocka_unit_test(test_a_greeting_comes_before_tls),
        cmocka_unit_test(test_old_versions_are_asked_for),
        cmocka_unit_test(test_stls_behind_utf8_resets),
    };
    return cmocka_run_group_tests_name("faults_tls", tests, make_ends, free_ends);
}
