/* SPDX-License-Identifier: Apache-2.0
 * Two engines joined in memory; every session is delivered in many cuts. */
#define _DEFAULT_SOURCE
#include "net/testing.h"

#include <sys/stat.h>

static struct test_folder folder;
static struct pq_ca *ca;
static struct test_files good, root;

static struct pq_tls_config client_config(void)
{
    return (struct pq_tls_config){.verify = true, .ca = {.file = root.cert}};
}

/* A server with the good certificate; `identity` is lent. */
static struct pq_tls_config server_config(const struct pq_tls_identity *identity)
{
    return (struct pq_tls_config){.server = true, .identities = identity, .identities_len = 1};
}

/* The usual pair, of one TLS version. */
static struct duo duo_make(enum pq_tls_version version)
{
    struct pq_tls_identity identity = identity_of(&good);
    struct pq_tls_config client = client_config(), server = server_config(&identity);
    client.min = client.max = version;
    client.weak = server.weak = version < PQ_TLS_1_2;
    server.min = version < PQ_TLS_1_2 ? version : PQ_TLS_DEFAULT;
    return (struct duo){.client_context = context_of(&client),
                        .server_context = context_of(&server)};
}

static const struct pq_tls_peer usual = {.sni = "pop.example.test", .name = "pop.example.test"};

/* ---- sessions ---------------------------------------------------------------------------------
 */

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
        struct duo d = duo_make(cases[i].version);
        (void)snprintf(
            want, sizeof(want),
            "%s+OK ready\\x0D\\x0ANONEQUIT\\x0D\\x0ANONE+OK bye\\x0D\\x0ACLOSEDlateNONECLOSED",
            cases[i].name);
        for (size_t step = 1; step <= PQ_TLS_BUFFER; step = step < 24 ? step + 1 : step * 3) {
            run_session(&d, step, &log);
            assert_string_equal(log.text, want);
        }
        d.client = d.server = NULL;
        duo_free(&d);
    }
}

static void test_large_data_both_ways(void **state)
{
    (void)state;
    static uint8_t sent[300000], there[sizeof(sent)], back[sizeof(sent)];
    struct pq_rand rand;
    pq_rand_init(&rand, 3);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)pq_rand_next(&rand);
    struct duo d = duo_make(PQ_TLS_1_3);
    duo_connect(&d, &usual);
    run_handshake(d.client, d.server, SIZE_MAX);
    size_t out[2] = {0, 0}, in[2] = {0, 0}, got = 0;
    while (in[0] < sizeof(sent) || in[1] < sizeof(sent)) {
        out[0] += pq_tls_write(d.client, pq_slice_of(sent + out[0], sizeof(sent) - out[0]));
        out[1] += pq_tls_write(d.server, pq_slice_of(sent + out[1], sizeof(sent) - out[1]));
        assert_true(pq_tls_send_buf(d.client).len <= PQ_TLS_BUFFER);
        assert_true(pq_tls_room(d.client) <= PQ_TLS_BUFFER);
        bool moved = wire_move(d.client, d.server, 5003);
        moved = wire_move(d.server, d.client, 1 + (size_t)pq_rand_below(&rand, 9001)) || moved;
        while (in[0] < sizeof(sent) &&
               pq_tls_read(d.server, there + in[0], sizeof(sent) - in[0], &got) == PQ_NEXT_EVENT)
            in[0] += got;
        while (in[1] < sizeof(sent) &&
               pq_tls_read(d.client, back + in[1], sizeof(sent) - in[1], &got) == PQ_NEXT_EVENT)
            in[1] += got;
        assert_true(moved);
    }
    assert_memory_equal(sent, there, sizeof(sent));
    assert_memory_equal(sent, back, sizeof(sent));
    duo_free(&d);
}

static void test_a_full_engine_takes_no_more(void **state)
{
    (void)state;
    static uint8_t octets[2 * PQ_TLS_BUFFER];
    uint8_t octet;
    size_t got = 0;
    struct duo d = duo_make(PQ_TLS_1_2);
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

/* ---- ends -------------------------------------------------------------------------------------
 */

static void test_cut_is_not_close(void **state)
{
    (void)state;
    uint8_t memory[64];
    size_t got = 0;
    struct duo d = duo_make(PQ_TLS_1_3);
    duo_connect(&d, &usual);
    run_handshake(d.client, d.server, SIZE_MAX);
    assert_int_equal(pq_tls_write(d.server, PQ_SLICE("+OK")), 3);
    assert_true(wire_move(d.server, d.client, SIZE_MAX));
    pq_tls_eof(d.client);
    assert_int_equal(pq_tls_room(d.client), 0);
    assert_int_equal(pq_tls_read(d.client, memory, sizeof(memory), &got), PQ_NEXT_EVENT);
    assert_int_equal(got, 3);
    assert_int_equal(pq_tls_end(d.client), PQ_TLS_END_NONE);
    assert_int_equal(pq_tls_read(d.client, memory, sizeof(memory), &got), PQ_NEXT_ERROR);
    assert_int_equal(pq_tls_end(d.client), PQ_TLS_END_CUT);
    assert_string_equal(pq_tls_why(d.client), "the octets ended without close_notify");
    /* Only the peer's direction has ended. */
    assert_true(pq_tls_is_writable(d.client));
    assert_int_equal(pq_tls_write(d.client, PQ_SLICE("late")), 4);
    pq_tls_close(d.client);
    assert_false(pq_tls_is_writable(d.client));
    assert_int_equal(pq_tls_write(d.client, PQ_SLICE("x")), 0);
    duo_free(&d);
}

/* The handshake is ended behind each octet of the server's first flight in turn. */
static void test_eof_in_the_handshake(void **state)
{
    (void)state;
    struct duo d = duo_make(PQ_TLS_1_3);
    size_t flight = 1;
    for (size_t fed = 0; fed < flight; fed += fed < 12 ? 1 : 17) {
        duo_connect(&d, &usual);
        assert_true(wire_move(d.client, d.server, SIZE_MAX));
        assert_int_equal(pq_tls_handshake(d.server), PQ_NEXT_NEED_DATA);
        flight = pq_tls_send_buf(d.server).len;
        (void)wire_move(d.server, d.client, fed);
        assert_int_equal(pq_tls_handshake(d.client), PQ_NEXT_NEED_DATA);
        pq_tls_eof(d.client);
        assert_int_equal(pq_tls_handshake(d.client), PQ_NEXT_ERROR);
        assert_int_equal(pq_tls_end(d.client), PQ_TLS_END_CUT);
        assert_int_equal(pq_tls_handshake(d.client), PQ_NEXT_ERROR);
        duo_disconnect(&d);
    }
    assert_true(flight > 500);
    d.client = d.server = NULL;
    duo_free(&d);
}

static const struct plain_case {
    struct pq_slice octets;
    enum pq_tls_end end;
} plain_cases[] = {
    {PQ_SLICE_INIT("+OK begin TLS\r\n"), PQ_TLS_END_PLAIN},
    {PQ_SLICE_INIT("-ERR"), PQ_TLS_END_PLAIN},
    {PQ_SLICE_INIT("\r\n"), PQ_TLS_END_PLAIN},
    {PQ_SLICE_INIT("\x13\x03\x01"), PQ_TLS_END_PLAIN}, /* content types 20 to 24 */
    {PQ_SLICE_INIT("\x19\x03\x01"), PQ_TLS_END_PLAIN},
    {PQ_SLICE_INIT("\x16\x02\x01"), PQ_TLS_END_PLAIN}, /* major version 3 */
    {PQ_SLICE_INIT("\x16\x04\x01"), PQ_TLS_END_PLAIN},
    {PQ_SLICE_INIT("\x16zzz"), PQ_TLS_END_PLAIN},
    {PQ_SLICE_INIT("\x14\x03\x03\x00\x01\x01"), PQ_TLS_END_FAILED}, /* TLS, but not its turn */
    {PQ_SLICE_INIT("\x18\x03\x03\x00\x01\x01"), PQ_TLS_END_FAILED},
    {PQ_SLICE_INIT("\x15\x03\x01\x00\x02\x02\x28"), PQ_TLS_END_ALERT}, /* handshake_failure */
    {PQ_SLICE_INIT("\x15\x03\x03\x00\x02\x02\xFF"), PQ_TLS_END_ALERT}, /* not assigned */
    {PQ_SLICE_INIT("\x15\x03\x03\x00\x02\x01\x00"), PQ_TLS_END_ALERT}, /* close_notify */
    {PQ_SLICE_INIT("\x16"), PQ_TLS_END_NONE},
    {PQ_SLICE_INIT("\x16\x03\x03\x00"), PQ_TLS_END_NONE},
};

/* Feeds the case in two parts; what PLAIN found must come back whole. */
static void run_plain(struct pq_tls *t, const struct plain_case *c, size_t cut)
{
    uint8_t memory[64];
    struct pq_slice in = c->octets;
    assert_int_equal(pq_tls_feed(t, pq_slice_first(in, cut)), cut);
    (void)!pq_tls_handshake(t);
    in = pq_slice_after(in, cut);
    /* Octets that come when it is known already are left to the caller. */
    size_t fed = cut + pq_tls_feed(t, in);
    (void)!pq_tls_handshake(t);
    assert_int_equal(pq_tls_end(t), c->end);
    size_t rest = pq_tls_rest(t);
    assert_int_equal(rest, c->end == PQ_TLS_END_PLAIN ? fed : 0);
    assert_int_equal(pq_tls_take_rest(t, memory, 1), rest > 0 ? 1 : 0);
    assert_int_equal(pq_tls_take_rest(t, memory + 1, sizeof(memory) - 1), rest > 0 ? rest - 1 : 0);
    assert_int_equal(pq_tls_take_rest(t, memory, 0), 0);
    assert_memory_equal(memory, c->octets.at, rest);
}

static void test_what_is_no_tls(void **state)
{
    (void)state;
    struct duo d = duo_make(PQ_TLS_1_3);
    for (size_t i = 0; i < COUNT(plain_cases); i++)
        for (size_t cut = 0; cut <= plain_cases[i].octets.len; cut++) {
            duo_connect(&d, &usual);
            run_plain(d.client, &plain_cases[i], cut);
            duo_disconnect(&d);
        }
    duo_connect(&d, &usual);
    assert_int_equal(pq_tls_feed(d.server, PQ_SLICE("CAPA\r\n")), 6);
    assert_int_equal(pq_tls_handshake(d.server), PQ_NEXT_ERROR);
    assert_int_equal(pq_tls_end(d.server), PQ_TLS_END_PLAIN);
    assert_int_equal(pq_tls_rest(d.server), 6);
    duo_free(&d);
}

static void test_alerts_are_named(void **state)
{
    (void)state;
    struct duo d = duo_make(PQ_TLS_1_3);
    uint8_t behind[16];
    duo_connect(&d, &usual);
    assert_int_equal(pq_tls_alert(d.client), -1);
    assert_int_equal(pq_tls_feed(d.client, PQ_SLICE("\x15\x03\x01\x00\x02\x02\x28-ERR\r\n")), 13);
    assert_int_equal(pq_tls_handshake(d.client), PQ_NEXT_ERROR);
    assert_int_equal(pq_tls_alert(d.client), 40);
    assert_string_equal(pq_tls_why(d.client),
                        "the peer ended TLS with an alert: 40 (handshake_failure)");
    assert_int_equal(pq_tls_take_rest(d.client, behind, sizeof(behind)), 6);
    assert_memory_equal(behind, "-ERR\r\n", 6);
    duo_free(&d);
    static const struct alert_case {
        unsigned number;
        const char *name;
    } cases[] = {{0, "close_notify"},
                 {70, "protocol_version"},
                 {116, "certificate_required"},
                 {119, "unknown"},
                 {120, "no_application_protocol"},
                 {121, "unknown"},
                 {1, "unknown"},
                 {255, "unknown"}};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(pq_tls_alert_name(cases[i].number), cases[i].name);
}

static void test_a_damaged_record(void **state)
{
    (void)state;
    uint8_t memory[256];
    size_t got = 0;
    struct duo d = duo_make(PQ_TLS_1_3);
    duo_connect(&d, &usual);
    run_handshake(d.client, d.server, SIZE_MAX);
    assert_int_equal(pq_tls_write(d.server, PQ_SLICE("+OK")), 3);
    struct pq_slice record = pq_tls_send_buf(d.server);
    assert_true(record.len < sizeof(memory));
    memcpy(memory, record.at, record.len);
    memory[record.len - 1] ^= 1;
    assert_int_equal(pq_tls_feed(d.client, pq_slice_of(memory, record.len)), record.len);
    assert_int_equal(pq_tls_read(d.client, memory, sizeof(memory), &got), PQ_NEXT_ERROR);
    assert_int_equal(pq_tls_end(d.client), PQ_TLS_END_FAILED);
    /* The peer hears of it. */
    assert_true(wire_move(d.client, d.server, SIZE_MAX));
    assert_int_equal(pq_tls_read(d.server, memory, sizeof(memory), &got), PQ_NEXT_ERROR);
    assert_int_equal(pq_tls_alert(d.server), 20);
    assert_false(pq_tls_is_writable(d.client) || pq_tls_is_writable(d.server));
    duo_free(&d);
}

/* ---- first flight -----------------------------------------------------------------------------
 */

static void test_the_hello_is_ready_at_once(void **state)
{
    (void)state;
    struct duo d = duo_make(PQ_TLS_1_3);
    duo_connect(&d, &usual);
    struct pq_slice hello = pq_tls_send_buf(d.client);
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
    struct duo d = duo_make(PQ_TLS_1_3);
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
    ca = ca_make(&folder, "ca");
    issue_dns(ca, "good", "pop.example.test");
    good = files_of(&folder, "good");
    root = files_of(&folder, "ca");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pq_ca_free(ca);
    folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions_in_every_cut),
        cmocka_unit_test(test_large_data_both_ways),
        cmocka_unit_test(test_a_full_engine_takes_no_more),
        cmocka_unit_test(test_cut_is_not_close),
        cmocka_unit_test(test_eof_in_the_handshake),
        cmocka_unit_test(test_what_is_no_tls),
        cmocka_unit_test(test_alerts_are_named),
        cmocka_unit_test(test_a_damaged_record),
        cmocka_unit_test(test_the_hello_is_ready_at_once),
        cmocka_unit_test(test_sessions_are_not_resumed),
    };
    return cmocka_run_group_tests_name("tls", tests, set_up, tear_down);
}
