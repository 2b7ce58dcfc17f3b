/* SPDX-License-Identifier: Apache-2.0
 * A link and a client joined in memory: in clear, STLS, implicit TLS, and every way to end. */
#define _DEFAULT_SOURCE
#include "mock/link_testing.h"

static struct tls_ends tls_1_2, tls_1_3;
static const struct tls_ends *const versions[] = {&tls_1_2, &tls_1_3};

static int make_ends(void **state)
{
    (void)state;
    tls_1_2 = tls_ends_make(PQ_TLS_1_2);
    tls_1_3 = tls_ends_make(PQ_TLS_1_3);
    return 0;
}

static int free_ends(void **state)
{
    (void)state;
    tls_ends_free(&tls_1_2);
    tls_ends_free(&tls_1_3);
    return 0;
}

/* Two messages, of which the second is some records long. */
static struct pair *begin(const struct tls_ends *ends, bool implicit, size_t step)
{
    static struct pair p;
    static uint8_t large[60000];
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = i % 50 == 48 ? '\r' : i % 50 == 49 ? '\n' : '.';
    mock_begin(&p.mock);
    add_mail(&p.mock, "tim", PQ_SLICE("Subject: one\n\n.dot\n"));
    add_mail(&p.mock, "tim", pq_slice_of(large, sizeof(large)));
    p.step = step;
    pair_begin(&p, ends, implicit);
    assert_non_null(p.link);
    return &p;
}

#define LOGIN_OUT "+OK send PASS\r\n+OK maildrop has 2 messages (60022 octets)\r\n"
#define RETR_1_OUT "+OK message follows\r\nSubject: one\r\n\r\n..dot\r\n.\r\n"
#define TALK LOGIN "RETR 1\r\nDELE 1\r\nQUIT\r\n"
#define TALK_OUT LOGIN_OUT RETR_1_OUT "+OK message marked as deleted\r\n+OK bye\r\n"
#define STLS_OUT "+OK begin TLS\r\n"

static size_t count_mail(struct pair *p)
{
    const struct pq_account *a = pq_store_find(&p->mock.store, PQ_SLICE("tim"));
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        count += !a->messages[i]->gone;
    return count;
}

static bool is_locked(struct pair *p)
{
    return pq_store_find(&p->mock.store, PQ_SLICE("tim"))->lock != NULL;
}

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

/* ---- the end at every point ------------------------------------------------------------------ */

/* Lines of `octets` that are complete within the first `end` octets. */
static size_t count_lines(struct pq_slice octets, size_t end)
{
    size_t count = 0;
    for (size_t i = 0; i < end; i++)
        count += octets.at[i] == '\n';
    return count;
}

/* Everything that was said before the end is answered, all else is not; only QUIT removes. */
static void test_eof_at_every_point_in_clear(void **state)
{
    (void)state;
    static const char *const answers[] = {"",
                                          "+OK send PASS\r\n",
                                          LOGIN_OUT,
                                          LOGIN_OUT RETR_1_OUT,
                                          LOGIN_OUT RETR_1_OUT "+OK message marked as deleted\r\n",
                                          TALK_OUT};
    struct pq_slice talk = PQ_SLICE(TALK);
    for (size_t end = 0; end <= talk.len; end++)
        for (size_t step = 1; step < 100; step += 24) {
            struct pair *p = begin(&tls_1_3, false, step);
            pq_link_input(p->link, pq_slice_first(talk, end), 0);
            pq_link_eof(p->link, 0);
            assert_false(pq_link_wants_input(p->link));
            while (pair_receive(p))
                continue;
            struct pq_slice got = pq_slice_after(received_slice(&p->clear), sizeof(GREETING) - 1);
            expect_octets("until EOF", got, pq_slice_text(answers[count_lines(talk, end)]));
            assert_true(pq_link_is_over(p->link) && !is_locked(p));
            assert_int_equal(count_mail(p), end == talk.len ? 1 : 2);
            pair_end(p);
        }
}

/* A client that pipes more than anybody holds, and closes, still gets every answer. */
static void test_eof_behind_much(void **state)
{
    (void)state;
    static uint8_t input[60000];
    size_t len = 0;
    for (; len + 6 <= sizeof(input); len += 6)
        memcpy(input + len, "NOOP\r\n", 6);
    struct pair *p = begin(&tls_1_3, false, 3000);
    pair_say(p, PQ_SLICE(LOGIN));
    p->clear.len = 0;
    pq_link_input(p->link, pq_slice_of(input, len), 0);
    pq_link_eof(p->link, 0);
    while (pair_receive(p))
        continue;
    assert_int_equal(p->clear.len, len / 6 * 5);
    assert_true(pq_link_is_over(p->link) && !is_locked(p));
    pair_end(p);
}

/* The same in TLS, where ciphertext waits in three places. */
static void test_eof_behind_much_in_tls(void **state)
{
    (void)state;
    static uint8_t wire[PQ_LINK_INPUT_MAX];
    for (size_t v = 0; v < COUNT(versions); v++) {
        struct pair *p = begin(versions[v], true, 3000);
        size_t len = 0, said = 0;
        assert_true(pair_start_tls(p));
        pair_say(p, PQ_SLICE(LOGIN));
        p->secret.len = 0;
        for (; len < sizeof(wire) - 100; said++) {
            assert_int_equal(pq_tls_write(p->tls, PQ_SLICE("RETR 1\r\n")), 8);
            struct pq_slice out = pq_tls_send_buf(p->tls);
            memcpy(wire + len, out.at, out.len);
            len += out.len;
            pq_tls_send_ack(p->tls, out.len);
        }
        assert_true(pq_link_wants_input(p->link));
        pq_link_input(p->link, pq_slice_of(wire, len), 0);
        pq_link_eof(p->link, 0);
        pair_exchange(p);
        assert_int_equal(p->secret.len, said * (sizeof(RETR_1_OUT) - 1));
        assert_true(pq_link_is_over(p->link) && !is_locked(p));
        pair_end(p);
    }
}

enum ending { END_EOF, END_RESET, END_TIME };

/* Begins TLS and says everything, up to `most` octets on the wire; returns what was left of them.
 */
static size_t say_all(struct pair *p, bool implicit, size_t most)
{
    p->sent_left = most;
    if (!implicit)
        pair_say(p, PQ_SLICE("STLS\r\n"));
    if (pair_start_tls(p))
        pair_say(p, PQ_SLICE(TALK));
    return p->sent_left;
}

/* The client's line is cut behind that many of its octets, which are not all. */
static void check_cut(const struct tls_ends *ends, bool implicit, size_t after, enum ending ending)
{
    struct pair *p = begin(ends, implicit, 997);
    assert_int_equal(say_all(p, implicit, after), 0);
    if (ending == END_EOF)
        pq_link_eof(p->link, 0);
    else if (ending == END_RESET)
        pq_link_reset(p->link);
    else
        pq_link_on_time(p->link, pq_link_deadline_ms(p->link));
    if (ending != END_RESET)
        pair_exchange(p);
    assert_true(ending == END_RESET || pq_link_is_over(p->link));
    assert_false(pq_link_wants_input(p->link));
    assert_false(is_locked(p));
    assert_int_equal(count_mail(p), 2);
    pair_end(p);
}

static void check_cuts(bool implicit, enum ending ending)
{
    for (size_t v = 0; v < COUNT(versions); v++) {
        struct pair *p = begin(versions[v], implicit, 997);
        size_t all = SIZE_MAX - say_all(p, implicit, SIZE_MAX);
        assert_int_equal(count_mail(p), 1);
        pair_end(p);
        assert_in_range(all, 300, 2000);
        /* each ending and version looks at points of its own, together at nearly all */
        for (size_t after = (size_t)ending * 5 + v * 8 + implicit; after < all; after += 17)
            check_cut(versions[v], implicit, after, ending);
        check_cut(versions[v], implicit, all - 1, ending);
    }
}

static void test_eof_at_every_point_in_tls(void **state)
{
    (void)state;
    check_cuts(true, END_EOF);
    check_cuts(false, END_EOF);
}

static void test_reset_at_every_point_in_tls(void **state)
{
    (void)state;
    check_cuts(true, END_RESET);
    check_cuts(false, END_RESET);
}

static void test_time_is_up_at_every_point_in_tls(void **state)
{
    (void)state;
    check_cuts(true, END_TIME);
    check_cuts(false, END_TIME);
}

static void test_reset_in_clear(void **state)
{
    (void)state;
    struct pair *p = begin(&tls_1_3, false, 4096);
    pair_say(p, PQ_SLICE(LOGIN "DELE 1\r\n"));
    assert_true(is_locked(p));
    pq_link_reset(p->link);
    assert_true(pq_link_is_over(p->link) && !is_locked(p) && count_mail(p) == 2);
    pair_end(p);
}

/* close_notify ends the client's direction only: what it asked before is answered. */
static void test_close_notify_behind_a_command(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(versions); v++) {
        struct pair *p = begin(versions[v], true, 300);
        assert_true(pair_start_tls(p));
        struct pq_slice said = PQ_SLICE(LOGIN "RETR 2\r\n");
        assert_int_equal(pq_tls_write(p->tls, said), said.len);
        pq_tls_close(p->tls);
        pair_exchange(p);
        assert_int_equal(p->secret.len, sizeof(GREETING LOGIN_OUT) - 1 + 21 + 60000 + 1200 + 3);
        assert_true(pq_link_is_over(p->link) && !is_locked(p));
        pair_end(p);
    }
}

/* ---- TLS that fails -------------------------------------------------------------------------- */

/* Whatever happens once TLS began, nothing leaves in clear. */
static void expect_no_plaintext(struct pair *p)
{
    struct pq_slice out = pq_link_output(p->link);
    for (size_t i = 0; i + 4 <= out.len; i++)
        assert_memory_not_equal(out.at + i, "mess", 4);
}

static void test_a_broken_record_ends_the_session(void **state)
{
    (void)state;
    static const uint8_t record[] = {23, 3,  3,  0,  32, 1,  2,  3,  4,  5,  6,  7,  8,
                                     9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                     22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
    for (size_t v = 0; v < COUNT(versions); v++) {
        struct pair *p = begin(versions[v], true, 4096);
        assert_true(pair_start_tls(p));
        pair_say(p, PQ_SLICE(LOGIN "DELE 1\r\n"));
        struct pq_slice retr = PQ_SLICE("RETR 2\r\n");
        assert_int_equal(pq_tls_write(p->tls, retr), retr.len);
        pq_link_input(p->link, pq_tls_send_buf(p->tls), 0); /* its answer is under way */
        pq_link_input(p->link, pq_slice_of(record, sizeof(record)), 0);
        expect_no_plaintext(p);
        while (pair_receive(p))
            expect_no_plaintext(p);
        assert_true(pq_link_is_over(p->link) && !is_locked(p) && count_mail(p) == 2);
        pair_end(p);
    }
}

static void test_no_plaintext_after_a_reset_in_tls(void **state)
{
    (void)state;
    struct pair *p = begin(&tls_1_3, true, 4096);
    assert_true(pair_start_tls(p));
    pair_say(p, PQ_SLICE(LOGIN));
    struct pq_slice retr = PQ_SLICE("RETR 2\r\n");
    assert_int_equal(pq_tls_write(p->tls, retr), retr.len);
    pq_link_input(p->link, pq_tls_send_buf(p->tls), 0);
    pq_link_reset(p->link);
    expect_no_plaintext(p);
    pair_end(p);
}

static void test_noise_in_place_of_a_handshake(void **state)
{
    (void)state;
    struct pq_rand rand;
    pq_rand_init(&rand, 7);
    for (size_t run = 0; run < 200; run++) {
        uint8_t noise[2000];
        size_t len = 2 + pq_rand_below(&rand, sizeof(noise) - 1);
        struct pair *p = begin(versions[run % 2], true, 1 + pq_rand_below(&rand, 600));
        for (size_t i = 0; i < len; i++)
            noise[i] = (uint8_t)pq_rand_below(&rand, 256);
        if (run % 3 > 0)
            memcpy(noise, "\x16\x03", 2); /* a handshake, by its looks */
        pair_say(p, pq_slice_of(noise, len));
        pq_link_eof(p->link, 0);
        while (pair_receive(p))
            continue;
        assert_true(pq_link_is_over(p->link));
        assert_true(p->clear.len <= 7);
        pair_end(p);
    }
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
    while (pq_link_wants_input(p->link) && taken < (1u << 22)) {
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
    assert_true(taken <= 2 * 60000);
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
    struct nth_fault f = {.fail_at = fail_at};
    p->mock.alloc = (struct pq_alloc){fault_resize, &f};
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

/* ---- faults of STLS -------------------------------------------------------------------------- */

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

static void test_fault_stls_keeps_buffered_plaintext(void **state)
{
    (void)state;
    const char *fault = "stls-keeps-buffered-plaintext";
    expect_fault(fault, "STLS\r\nNOOP x\r\nUSER tim\r\n", "PASS tan staaf\r\n",
                 "-ERR there are more arguments than the command takes\r\n" LOGIN_OUT);
    expect_fault(NULL, "STLS\r\nNOOP x\r\nUSER tim\r\n", "PASS tan staaf\r\n", SEQUENCE);
    expect_fault(fault, "USER tim\r\nSTLS\r\n", "PASS tan staaf\r\n", SEQUENCE);
}

/* What was kept waits for a handshake that cannot come any more. */
static void test_fault_stls_keeps_buffered_plaintext_until_eof(void **state)
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

static void test_fault_stls_keeps_user(void **state)
{
    (void)state;
    expect_fault("stls-keeps-user", "USER tim\r\nSTLS\r\n", "PASS tan staaf\r\n",
                 "+OK maildrop has 2 messages (60022 octets)\r\n");
    expect_fault(NULL, "USER tim\r\nSTLS\r\n", "PASS tan staaf\r\n", SEQUENCE);
    expect_fault("stls-keeps-user", "CAPA x\r\nSTLS\r\n", "PASS tan staaf\r\n", SEQUENCE);
}

static void test_fault_stls_accepted_in_transaction(void **state)
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

static void test_fault_stls_accepted_in_tls(void **state)
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
        cmocka_unit_test(test_in_clear),
        cmocka_unit_test(test_stls),
        cmocka_unit_test(test_implicit_tls),
        cmocka_unit_test(test_much_in_both_directions),
        cmocka_unit_test(test_leftover_is_discarded),
        cmocka_unit_test(test_leftover_of_the_next_segment),
        cmocka_unit_test(test_plaintext_in_place_of_the_handshake),
        cmocka_unit_test(test_leftover_closes_if_so_configured),
        cmocka_unit_test(test_eof_at_every_point_in_clear),
        cmocka_unit_test(test_eof_behind_much),
        cmocka_unit_test(test_eof_behind_much_in_tls),
        cmocka_unit_test(test_eof_at_every_point_in_tls),
        cmocka_unit_test(test_reset_at_every_point_in_tls),
        cmocka_unit_test(test_time_is_up_at_every_point_in_tls),
        cmocka_unit_test(test_reset_in_clear),
        cmocka_unit_test(test_close_notify_behind_a_command),
        cmocka_unit_test(test_a_broken_record_ends_the_session),
        cmocka_unit_test(test_no_plaintext_after_a_reset_in_tls),
        cmocka_unit_test(test_noise_in_place_of_a_handshake),
        cmocka_unit_test(test_a_slow_handshake_has_its_deadline),
        cmocka_unit_test(test_a_peer_that_does_not_read_is_not_read),
        cmocka_unit_test(test_autologout_in_tls),
        cmocka_unit_test(test_links_survive_every_allocation_fault),
        cmocka_unit_test(test_fault_stls_keeps_buffered_plaintext),
        cmocka_unit_test(test_fault_stls_keeps_buffered_plaintext_until_eof),
        cmocka_unit_test(test_fault_stls_keeps_user),
        cmocka_unit_test(test_fault_stls_accepted_in_transaction),
        cmocka_unit_test(test_fault_stls_accepted_in_tls),
    };
    return cmocka_run_group_tests_name("link", tests, make_ends, free_ends);
}
