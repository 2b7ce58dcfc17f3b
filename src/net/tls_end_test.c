/* SPDX-License-Identifier: Apache-2.0
 * How TLS ends: closed, cut, refused by an alert, broken, or never TLS at all. */
#include "net/tls_testing.h"

static struct test_folder folder;

/* ---- ends ------------------------------------------------------------------------------------ */

static void test_cut_is_not_close(void **state)
{
    (void)state;
    uint8_t memory[64];
    size_t got = 0;
    struct duo d = duo_make(&folder, PQ_TLS_1_3);
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
    struct duo d = duo_make(&folder, PQ_TLS_1_3);
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
    assert_true(c->end == PQ_TLS_END_NONE || pq_tls_feed(t, PQ_SLICE("more")) == 0);
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
    struct duo d = duo_make(&folder, PQ_TLS_1_3);
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

static void test_names_of_ends(void **state)
{
    (void)state;
    assert_string_equal(pq_tls_end_name(PQ_TLS_END_REFUSED), "REFUSED");
    assert_string_equal(pq_tls_end_name((enum pq_tls_end)99), "UNKNOWN");
    assert_string_equal(pq_tls_end_text(PQ_TLS_END_NONE), "TLS has not ended");
    assert_string_equal(pq_tls_end_text((enum pq_tls_end)99), "an unknown end");
}

static void test_alerts_are_named(void **state)
{
    (void)state;
    struct duo d = duo_make(&folder, PQ_TLS_1_3);
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
    struct duo d = duo_make(&folder, PQ_TLS_1_3);
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
        cmocka_unit_test(test_cut_is_not_close), cmocka_unit_test(test_eof_in_the_handshake),
        cmocka_unit_test(test_what_is_no_tls),   cmocka_unit_test(test_names_of_ends),
        cmocka_unit_test(test_alerts_are_named), cmocka_unit_test(test_a_damaged_record),
    };
    return cmocka_run_group_tests_name("tls_end", tests, set_up, tear_down);
}
