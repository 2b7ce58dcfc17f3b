/* SPDX-License-Identifier: Apache-2.0
 * How a link ends: EOF, reset, time and broken TLS, at every point of a conversation. */
#define _DEFAULT_SOURCE
#include "mock/link_testing.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("link_end", tests, make_ends, free_ends);
}
