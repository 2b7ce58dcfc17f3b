/* SPDX-License-Identifier: Apache-2.0
 * A link and a client joined in memory: in clear, STLS, implicit TLS, and every way to end. */
#define _DEFAULT_SOURCE
#include "mock/link_testing.h"

/* ---- whole conversations in every cut -------------------------------------------------------- */

static void test_in_clear(void **state)
{
    (void)state;
    for (size_t step = 1; step < 130; step++) {
        struct pair *p = begin(&tls_1_3, false, step);
        pair_say(p, PQ_SLICE(TALK));
        expect_octets("in clear", received_slice(&p->clear), PQ_SLICE(GREETING TALK_OUT));
        assert_true(pq_link_is_over(p->link) && count_mail(p) == 1);
        pair_end(p);
    }
}

static void check_stls(const struct tls_ends *ends, size_t step)
{
    struct pair *p = begin(ends, false, step);
    pair_say(p, PQ_SLICE("USER tim\r\nSTLS\r\n"));
    expect_octets("in clear", received_slice(&p->clear),
                  PQ_SLICE(GREETING "+OK send PASS\r\n" STLS_OUT));
    assert_true(pair_start_tls(p));
    assert_int_equal(p->secret.len, 0); /* no greeting (RFC 2595 section 4) */
    pair_say(p, PQ_SLICE("PASS tan staaf\r\n" TALK));
    expect_octets(
        "in TLS", received_slice(&p->secret),
        PQ_SLICE(
            "-ERR PASS must follow USER immediately, and USER only stands first\r\n" TALK_OUT));
    assert_int_equal(pq_tls_end(p->tls), PQ_TLS_END_CLOSED);
    assert_true(pq_link_is_over(p->link) && count_mail(p) == 1);
    pair_end(p);
}

static void check_implicit(const struct tls_ends *ends, size_t step)
{
    struct pair *p = begin(ends, true, step);
    assert_int_equal(pq_link_output(p->link).len, 0); /* the client speaks first */
    assert_true(pair_start_tls(p));
    pair_say(p, PQ_SLICE("STLS\r\n" TALK));
    expect_octets("in TLS", received_slice(&p->secret),
                  PQ_SLICE(GREETING "-ERR TLS is already active\r\n" TALK_OUT));
    assert_int_equal(p->clear.len, 0);
    assert_int_equal(pq_tls_end(p->tls), PQ_TLS_END_CLOSED);
    assert_true(pq_link_is_over(p->link) && count_mail(p) == 1);
    pair_end(p);
}

static const size_t some_steps[] = {1, 2, 3, 4, 5, 6, 7, 11, 13, 29, 61, 128, 255, 1000, 16384};

static void test_stls(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(versions); v++)
        for (size_t i = 0; i < COUNT(some_steps); i++)
            check_stls(versions[v], some_steps[i]);
}

static void test_implicit_tls(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(versions); v++)
        for (size_t i = 0; i < COUNT(some_steps); i++)
            check_implicit(versions[v], some_steps[i]);
}

/* More than TLS and the session can hold at once, both ways. */
static void test_much_in_both_directions(void **state)
{
    (void)state;
    static uint8_t input[90000];
    size_t len = 0;
    for (; len + 6 <= sizeof(input); len += 6)
        memcpy(input + len, "NOOP\r\n", 6);
    for (size_t v = 0; v < COUNT(versions); v++) {
        struct pair *p = begin(versions[v], true, 5000);
        assert_true(pair_start_tls(p));
        pair_say(p, PQ_SLICE(LOGIN));
        p->secret.len = 0;
        pair_say(p, pq_slice_of(input, len));
        assert_int_equal(p->secret.len, len / 6 * 5);
        p->secret.len = 0;
        pair_say(p, PQ_SLICE("RETR 2\r\nQUIT\r\n"));
        /* 1200 lines, each with one more dot */
        assert_int_equal(p->secret.len, 21 + 60000 + 1200 + 3 + 9);
        pair_end(p);
    }
}

/* ---- octets behind STLS ---------------------------------------------------------------------- */

static void test_leftover_is_discarded(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(versions); v++) {
        struct pair *p = begin(versions[v], false, 4096);
        pair_say(p, PQ_SLICE("STLS\r\nCAPA\r\nNOOP"));
        expect_octets("in clear", received_slice(&p->clear), PQ_SLICE(GREETING STLS_OUT));
        assert_true(pair_start_tls(p));
        pair_say(p, PQ_SLICE("\r\nQUIT\r\n"));
        expect_octets("in TLS", received_slice(&p->secret),
                      PQ_SLICE("-ERR the line is empty\r\n+OK bye\r\n"));
        pair_end(p);
    }
}

/* What comes in the next segment, while the +OK has not left, came in clear as well. */
static void test_leftover_of_the_next_segment(void **state)
{
    (void)state;
    struct pair *p = begin(&tls_1_3, false, 4096);
    pq_link_input(p->link, PQ_SLICE("STLS\r\n"), 0);
    assert_true(pq_link_wants_input(p->link));
    pq_link_input(p->link, PQ_SLICE("CAPA\r\n"), 0);
    while (pair_receive(p))
        continue;
    expect_octets("in clear", received_slice(&p->clear), PQ_SLICE(GREETING STLS_OUT));
    assert_true(pair_start_tls(p));
    assert_int_equal(p->secret.len, 0);
    pair_end(p);
}

/* Later it is no TLS: the handshake fails, and nothing is obeyed. */
static void test_plaintext_in_place_of_the_handshake(void **state)
{
    (void)state;
    for (size_t step = 1; step < 10; step++) {
        struct pair *p = begin(&tls_1_3, false, step);
        pair_say(p, PQ_SLICE("STLS\r\n"));
        p->clear.len = 0;
        pair_say(p, PQ_SLICE("CAPA\r\nQUIT\r\n"));
        assert_true(pq_link_is_over(p->link));
        /* an alert, if anything (RFC 8446 section 6): two octets behind the header of a record */
        assert_true(p->clear.len == 0 || (p->clear.len == 7 && p->clear.at[0] == 21));
        pair_end(p);
    }
}

static void test_leftover_closes_if_so_configured(void **state)
{
    (void)state;
    struct pair *p = begin(&tls_1_3, false, 4096);
    p->mock.config.leftover = PQ_LEFTOVER_CLOSE;
    pair_say(p, PQ_SLICE("STLS\r\nC"));
    expect_octets("in clear", received_slice(&p->clear), PQ_SLICE(GREETING STLS_OUT));
    assert_true(pq_link_is_over(p->link));
    pair_end(p);
    p = begin(&tls_1_3, false, 4096);
    p->mock.config.leftover = PQ_LEFTOVER_CLOSE;
    pair_say(p, PQ_SLICE("STLS\r\n"));
    assert_true(pair_start_tls(p));
    pair_end(p);
}

/* ---- patience -------------------------------------------------------------------------------- */

/* A ClientHello that comes octet by octet does not move the deadline. */
static void test_a_slow_handshake_has_its_deadline(void **state)
{
    (void)state;
    for (int implicit = 0; implicit < 2; implicit++) {
        struct pair *p = begin(&tls_1_3, implicit, 1);
        if (!implicit)
            pair_say(p, PQ_SLICE("STLS\r\n"));
        struct pq_why why;
        p->tls = pq_tls_new(tls_1_3.client, NULL, &why);
        struct pq_slice hello = pq_tls_send_buf(p->tls);
        for (p->now_ms = 1; p->now_ms < PQ_MOCK_HANDSHAKE_MS; p->now_ms += 1000) {
            assert_true(pair_give(p, &hello));
            pq_link_on_time(p->link, p->now_ms);
            assert_false(pq_link_is_over(p->link));
            assert_int_equal(pq_link_deadline_ms(p->link), PQ_MOCK_HANDSHAKE_MS);
        }
        pq_link_on_time(p->link, PQ_MOCK_HANDSHAKE_MS);
        assert_true(pq_link_is_over(p->link));
        pair_end(p);
    }
}

/* Pipelines without ever reading; returns how much the link took. */
static size_t press(struct pair *p)
{
    static uint8_t input[60000];
    size_t taken = 0;
    for (size_t i = 0; i + 6 <= sizeof(input); i += 6)
        memcpy(input + i, "NOOP\r\n", 6);
    while (pq_link_wants_input(p->link) && taken < 4000000) {
        pq_link_input(p->link, pq_slice_of(input, sizeof(input)), 0);
        taken += sizeof(input);
    }
    return taken;
}

static void test_a_peer_that_does_not_read_is_not_read(void **state)
{
    (void)state;
    struct pair *p = begin(&tls_1_3, false, 11);
    pair_say(p, PQ_SLICE(LOGIN));
    p->clear.len = 0;
    size_t taken = press(p);
    assert_true(taken <= 120000);
    while (pair_receive(p))
        continue;
    assert_int_equal(p->clear.len, taken / 6 * 5);
    assert_true(pq_link_wants_input(p->link));
    pair_end(p);
}

static void test_autologout_in_tls(void **state)
{
    (void)state;
    struct pair *p = begin(&tls_1_3, true, 4096);
    assert_true(pair_start_tls(p));
    pair_say(p, PQ_SLICE(LOGIN));
    p->secret.len = 0;
    pq_link_on_time(p->link, PQ_MOCK_AUTOLOGOUT_MS - 1);
    assert_false(pq_link_is_over(p->link));
    pq_link_on_time(p->link, PQ_MOCK_AUTOLOGOUT_MS);
    pair_exchange(p);
    assert_true(pq_link_is_over(p->link) && !is_locked(p));
    assert_int_equal(p->secret.len, 0);
    assert_int_equal(pq_tls_end(p->tls), PQ_TLS_END_CLOSED);
    pair_end(p);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* One conversation with everything in it; returns how many requests for memory there were. */
static size_t converse_with_fault(size_t fail_at, bool implicit)
{
    struct pair *p = begin(&tls_1_3, implicit, 900);
    pq_link_free(p->link);
    struct nth_fault f = {.fail_at = fail_at, .lasts = true};
    p->mock.alloc = fault_alloc(&f);
    pair_begin(p, &tls_1_3, implicit);
    if (p->link) {
        if (!implicit)
            pair_say(p, PQ_SLICE("STLS\r\nleft"));
        if (pair_start_tls(p))
            pair_say(p, PQ_SLICE("AUTH PLAIN AHRpbQB0YW4gc3RhYWY=\r\nRETR 2\r\nNOOP\r\nQUIT\r\n"));
        pq_link_eof(p->link, 0);
        pair_exchange(p);
        assert_true(pq_link_is_over(p->link));
    }
    assert_false(is_locked(p));
    pair_end(p);
    return f.calls;
}

static void test_links_survive_every_allocation_fault(void **state)
{
    (void)state;
    for (int implicit = 0; implicit < 2; implicit++) {
        size_t n = 1;
        while (converse_with_fault(n, implicit) >= n)
            n++;
        /* link, session, exchange, two arrays; what waits and what TLS has not taken */
        assert_in_range(n - 1, 6, 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_clear),
        cmocka_unit_test(test_stls),
        cmocka_unit_test(test_implicit_tls),
        cmocka_unit_test(test_much_in_both_directions),
        cmocka_unit_test(test_leftover_is_discarded),
        cmocka_unit_test(test_leftover_of_the_next_segment),
        cmocka_unit_test(test_plaintext_in_place_of_the_handshake),
        cmocka_unit_test(test_leftover_closes_if_so_configured),
        cmocka_unit_test(test_a_slow_handshake_has_its_deadline),
        cmocka_unit_test(test_a_peer_that_does_not_read_is_not_read),
        cmocka_unit_test(test_autologout_in_tls),
        cmocka_unit_test(test_links_survive_every_allocation_fault),
    };
    return cmocka_run_group_tests_name("link", tests, make_ends, free_ends);
}
