/* SPDX-License-Identifier: Apache-2.0
 * Two engines joined in memory; every session is delivered in many cuts. */
#include "net/tls_testing.h"

static struct test_folder folder;

/* ---- sessions -------------------------------------------------------------------------------- */

/* Writes all of `text` and reads it on the other side, into the log. */
static void say(struct pq_tls *from, struct pq_tls *to, struct pq_slice text, size_t step,
                struct event_log *log)
{
    uint8_t memory[64];
    size_t got = 0;
    assert_int_equal(pq_tls_write(from, text), text.len);
    while (wire_move(from, to, step))
        while (pq_tls_read(to, memory, sizeof(memory), &got) == PQ_NEXT_EVENT)
            log_octets(log, pq_slice_of(memory, got));
    log_text(log, pq_tls_end_name(pq_tls_end(to)));
}

static void run_session(struct duo *d, size_t step, struct event_log *log)
{
    struct pq_tls_info info;
    log->len = 0;
    duo_connect(d, &usual);
    assert_false(pq_tls_info(d->client, &info));
    run_handshake(d->client, d->server, step);
    assert_true(pq_tls_info(d->client, &info));
    log_text(log, info.version);
    say(d->server, d->client, PQ_SLICE("+OK ready\r\n"), step, log);
    say(d->client, d->server, PQ_SLICE("QUIT\r\n"), step, log);
    assert_int_equal(pq_tls_write(d->server, PQ_SLICE("+OK bye\r\n")), 9);
    pq_tls_close(d->server);
    say(d->server, d->client, PQ_SLICE(""), step, log);
    say(d->client, d->server, PQ_SLICE("late"), step, log);
    pq_tls_close(d->client);
    say(d->client, d->server, PQ_SLICE(""), step, log);
    duo_disconnect(d);
}

static void test_sessions_in_every_cut(void **state)
{
    (void)state;
    static struct event_log log;
    static const struct version_case {
        enum pq_tls_version version;
        const char *name;
    } cases[] = {{PQ_TLS_1_0, "TLSv1"},
                 {PQ_TLS_1_1, "TLSv1.1"},
                 {PQ_TLS_1_2, "TLSv1.2"},
                 {PQ_TLS_1_3, "TLSv1.3"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[256];
        struct duo d = duo_make(&folder, cases[i].version);
        (void)snprintf(
            want, sizeof(want),
            "%s+OK ready\\x0D\\x0ANONEQUIT\\x0D\\x0ANONE+OK bye\\x0D\\x0ACLOSEDlateNONECLOSED",
            cases[i].name);
        for (size_t step = 1; step <= PQ_TLS_BUFFER; step = step < 24 ? step + 1 : step * 3) {
            run_session(&d, step, &log);
            assert_string_equal(log.text, want);
        }
        duo_free(&d);
    }
}

static void fill(uint8_t *at, size_t len, struct pq_rand *rand)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)pq_rand_next(rand);
}

/* Reads what is there, up to `len` octets in all. */
static void drain(struct pq_tls *t, uint8_t *at, size_t *have, size_t len)
{
    size_t got = 0;
    while (*have < len && pq_tls_read(t, at + *have, len - *have, &got) == PQ_NEXT_EVENT)
        *have += got;
}

static void test_large_data_both_ways(void **state)
{
    (void)state;
    static uint8_t sent[200000], there[sizeof(sent)], back[sizeof(sent)];
    static const enum pq_tls_version versions[] = {PQ_TLS_1_0, PQ_TLS_1_2, PQ_TLS_1_3};
    struct pq_rand rand;
    pq_rand_init(&rand, 3);
    fill(sent, sizeof(sent), &rand);
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct duo d = duo_make(&folder, versions[i]);
        size_t out[2] = {0, 0}, in[2] = {0, 0};
        duo_connect(&d, &usual);
        run_handshake(d.client, d.server, SIZE_MAX);
        while (in[0] < sizeof(sent) || in[1] < sizeof(sent)) {
            out[0] += pq_tls_write(d.client, pq_slice_of(sent + out[0], sizeof(sent) - out[0]));
            out[1] += pq_tls_write(d.server, pq_slice_of(sent + out[1], sizeof(sent) - out[1]));
            assert_true(pq_tls_send_buf(d.client).len <= PQ_TLS_BUFFER);
            assert_true(pq_tls_room(d.client) <= PQ_TLS_BUFFER);
            bool moved = wire_move(d.client, d.server, 5003);
            moved = wire_move(d.server, d.client, 1 + (size_t)pq_rand_below(&rand, 9001)) || moved;
            assert_true(moved);
            drain(d.server, there, &in[0], sizeof(sent));
            drain(d.client, back, &in[1], sizeof(sent));
        }
        assert_memory_equal(sent, there, sizeof(sent));
        assert_memory_equal(sent, back, sizeof(sent));
        duo_free(&d);
    }
}

static void test_a_full_engine_takes_no_more(void **state)
{
    (void)state;
    static uint8_t octets[2 * PQ_TLS_BUFFER];
    uint8_t octet;
    size_t got = 0;
    struct duo d = duo_make(&folder, PQ_TLS_1_2);
    duo_connect(&d, &usual);
    run_handshake(d.client, d.server, SIZE_MAX);
    size_t taken = pq_tls_write(d.client, pq_slice_of(octets, sizeof(octets)));
    assert_true(taken > 0 && taken < sizeof(octets));
    assert_int_equal(pq_tls_write(d.client, pq_slice_of(octets, 1)), 0);
    assert_true(pq_tls_want(d.client) & PQ_TLS_WANT_SEND);
    while (wire_move(d.client, d.server, SIZE_MAX)) {
    }
    assert_false(pq_tls_want(d.client) & PQ_TLS_WANT_SEND);
    assert_true(pq_tls_is_readable(d.server));
    assert_int_equal(pq_tls_read(d.server, &octet, 1, &got), PQ_NEXT_EVENT);
    assert_int_equal(pq_tls_write(d.client, pq_slice_of(octets, 1)), 1);
    duo_free(&d);
}

/* A server whose certificate chain is `copies` long; `pem` is lent. */
static struct pq_tls_context *long_context(uint8_t *pem, size_t cap, size_t copies)
{
    struct test_files good = files_of(&folder, "good");
    size_t len = file_read(good.cert, pem, cap).len;
    size_t one = len;
    for (size_t i = 1; i < copies; i++, len += one)
        memcpy(pem + len, pem, one);
    struct pq_tls_identity identity = {.cert = {.text = {pem, len}}, .key = {.file = good.key}};
    struct pq_tls_config config = {.server = true, .identities = &identity, .identities_len = 1};
    return context_of(&config);
}

/* The server cannot put its flight into the buffer at once. OpenSSL's limit of 100 KiB for a chain
 * is ours too. */
static void test_flights_longer_than_the_buffer(void **state)
{
    (void)state;
    static uint8_t pem[1u << 19];
    static const struct flight_case {
        size_t copies;
        enum pq_tls_end end;
    } cases[] = {{100, PQ_TLS_END_NONE}, {500, PQ_TLS_END_FAILED}};
    static const size_t steps[] = {100, 5000, SIZE_MAX};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct duo d = duo_make(&folder, PQ_TLS_1_3);
        pq_tls_context_free(d.server_context);
        d.server_context = long_context(pem, sizeof(pem), cases[i].copies);
        for (size_t k = 0; k < COUNT(steps); k++) {
            duo_connect(&d, &usual);
            run_handshake(d.client, d.server, steps[k]);
            assert_int_equal(pq_tls_end(d.client), cases[i].end);
            assert_true((pq_tls_handshake(d.server) == PQ_NEXT_EVENT) ==
                        (cases[i].end == PQ_TLS_END_NONE));
            duo_disconnect(&d);
        }
        duo_free(&d);
    }
}

/* ---- first flight ---------------------------------------------------------------------------- */

static void test_the_hello_is_ready_at_once(void **state)
{
    (void)state;
    struct duo d = duo_make(&folder, PQ_TLS_1_3);
    duo_connect(&d, &usual);
    struct pq_slice hello = pq_tls_send_buf(d.client);
    uint8_t octet;
    size_t got = 0;
    assert_int_equal(pq_tls_read(d.client, &octet, 1, &got), PQ_NEXT_NEED_DATA);
    assert_false(pq_tls_is_readable(d.client) || pq_tls_is_writable(d.client));
    assert_int_equal(pq_tls_write(d.client, PQ_SLICE("early")), 0);
    assert_true(hello.len > 100);
    assert_memory_equal(hello.at, "\x16\x03\x01", 3); /* handshake */
    assert_int_equal(hello.at[5], 1);                 /* client_hello */
    assert_int_equal((hello.at[3] << 8 | hello.at[4]) + 5, hello.len);
    assert_int_equal(pq_tls_send_buf(d.server).len, 0);
    duo_free(&d);
}

/* No ticket follows the handshake, and no session is offered again. */
static void test_sessions_are_not_resumed(void **state)
{
    (void)state;
    struct duo d = duo_make(&folder, PQ_TLS_1_3);
    duo_connect(&d, &usual);
    run_handshake(d.client, d.server, SIZE_MAX);
    assert_int_equal(pq_tls_handshake(d.server), PQ_NEXT_EVENT);
    assert_int_equal(pq_tls_want(d.server), PQ_TLS_WANT_RECV);
    assert_int_equal(pq_tls_want(d.client), PQ_TLS_WANT_RECV);
    duo_free(&d);
}

static int set_up(void **state)
{
    (void)state;
    folder = folder_make();
    issue_usual(&folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions_in_every_cut),
        cmocka_unit_test(test_large_data_both_ways),
        cmocka_unit_test(test_a_full_engine_takes_no_more),
        cmocka_unit_test(test_flights_longer_than_the_buffer),
        cmocka_unit_test(test_the_hello_is_ready_at_once),
        cmocka_unit_test(test_sessions_are_not_resumed),
    };
    return cmocka_run_group_tests_name("tls", tests, set_up, tear_down);
}
