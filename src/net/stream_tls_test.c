/* SPDX-License-Identifier: Apache-2.0
 * TLS over real sockets: how it begins and how it ends. */
#include "net/peer_testing.h"

static struct contexts contexts;

/* ---- a session, undisturbed ------------------------------------------------------------------ */

static void test_a_session(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_GREET, ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    struct link l;
    struct pq_slice quit = PQ_SLICE("QUIT\r\n");
    link_make(&l, contexts.server, acts);
    expect(&l.ours, "+OK\r\n");
    assert_int_equal(pq_stream_tls_end(&l.ours), PQ_TLS_END_NONE);
    assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE),
                     PQ_STARTTLS_OK);
    assert_true(l.ours.secured && !pq_stream_is_ready(&l.ours));
    assert_int_equal(pq_stream_send(&l.ours, &quit, PATIENCE), PQ_STREAM_OK);
    expect(&l.ours, "Q");
    assert_true(pq_stream_is_ready(&l.ours)); /* the rest is in the engine, not on the wire */
    struct pq_stream_wait wait = {.stream = &l.ours};
    assert_int_equal(pq_stream_wait_any(&wait, 1, 0), PQ_STREAM_OK);
    assert_true(wait.ready);
    expect(&l.ours, "UIT\r\n");
    assert_int_equal(pq_stream_wait_any(&wait, 1, PATIENCE), PQ_STREAM_TIMEOUT);
    assert_int_equal(recv_one(&l.ours), PQ_STREAM_TIMEOUT);
    link_break(&l);
    assert_null(l.ours.tls);
}

/* Plain and secured streams that have something are all told, in one call. */
static void test_waiting_for_both_kinds(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_END};
    struct link secured, plain;
    link_make(&secured, contexts.server, acts);
    link_make(&plain, NULL, NULL);
    assert_int_equal(pq_stream_start_tls(&secured.ours, contexts.client, &usual, PATIENCE),
                     PQ_STARTTLS_OK);
    peer_run(&secured.peer);
    struct pq_stream_wait waits[] = {{.stream = &secured.ours}, {.stream = &plain.ours}};
    for (size_t i = 0; i < 3; i++) {
        if (i != 0)
            assert_true(peer_send(&plain.peer, PQ_SLICE("x")));
        if (i != 1)
            assert_true(peer_send(&secured.peer, PQ_SLICE("x")));
        assert_int_equal(pq_stream_wait_any(waits, COUNT(waits), PATIENCE), PQ_STREAM_OK);
        assert_int_equal(waits[0].ready, i != 1);
        assert_int_equal(waits[1].ready, i != 0);
        for (size_t k = 0; k < COUNT(waits); k++)
            if (waits[k].ready)
                expect(waits[k].stream, "x");
    }
    pq_stream_reset(&secured.peer.stream);
    assert_int_equal(pq_stream_wait_any(waits, COUNT(waits), PATIENCE), PQ_STREAM_OK);
    assert_true(waits[0].ready && !waits[1].ready);
    link_break(&secured);
    link_break(&plain);
}

static void test_more_than_the_kernel_holds(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    static uint8_t octets[1u << 20];
    struct link l;
    uint8_t back[4096];
    size_t len = 0, got = 0;
    struct pq_slice rest = pq_slice_of(octets, sizeof(octets));
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)(i * 31 >> 3);
    link_make(&l, contexts.server, acts);
    assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE),
                     PQ_STARTTLS_OK);
    while (len < sizeof(octets)) {
        (void)!pq_stream_send(&l.ours, &rest, 0);
        assert_int_equal(pq_stream_recv(&l.ours, back, sizeof(back), &got, l.peer.now + PATIENCE),
                         PQ_STREAM_OK);
        assert_memory_equal(back, octets + len, got);
        len += got;
    }
    assert_int_equal(rest.len, 0);
    link_break(&l);
}

/* ---- how a start comes out ------------------------------------------------------------------- */

/* A flight that fills the buffer and the socket: our side sends when it can, and goes on. */
static void test_a_peer_that_reads_slowly(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_END};
    const int small = 1;
    struct link l;
    static uint8_t octets[100000];
    struct pq_slice rest = pq_slice_of(octets, sizeof(octets));
    link_make(&l, contexts.server, acts);
    assert_int_equal(setsockopt(l.ours.out, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE),
                     PQ_STARTTLS_OK);
    peer_run(&l.peer);
    assert_int_equal(pq_stream_send(&l.ours, &rest, 0), PQ_STREAM_TIMEOUT);
    assert_true(rest.len > 0 && rest.len < sizeof(octets));
    assert_int_equal(pq_stream_half_close(&l.ours, PATIENCE), PQ_STREAM_TIMEOUT);
    link_break(&l);
}

static const struct start_case {
    const char *after; /* what is received then, as plain octets */
    enum act acts[4];
    enum pq_starttls outcome;
    enum pq_stream_result end;
} start_cases[] = {
    {"-ERR no TLS\r\n", {ACT_TAKE, ACT_PLAIN, ACT_END}, PQ_STARTTLS_PLAIN, PQ_STREAM_TIMEOUT},
    {"-ERR no TLS\r\n", {ACT_PLAIN, ACT_TAKE, ACT_CUT}, PQ_STARTTLS_PLAIN, PQ_STREAM_CLOSED},
    {"-ERR\r\n", {ACT_TAKE, ACT_ALERT, ACT_END}, PQ_STARTTLS_ALERT, PQ_STREAM_TIMEOUT},
    {"", {ACT_TAKE, ACT_CUT, ACT_END}, PQ_STARTTLS_CLOSED, PQ_STREAM_CLOSED},
    {"", {ACT_RESET, ACT_END}, PQ_STARTTLS_RESET, PQ_STREAM_RESET},
    {"", {ACT_TAKE, ACT_END}, PQ_STARTTLS_TIMEOUT, PQ_STREAM_TIMEOUT},
    {"", {ACT_HANDSHAKE, ACT_END}, PQ_STARTTLS_REFUSED, PQ_STREAM_OK}, /* the rest of its flight */
};

static void test_how_a_start_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(start_cases); i++) {
        const struct start_case *c = &start_cases[i];
        bool refuse = c->outcome == PQ_STARTTLS_REFUSED;
        struct link l;
        enum pq_stream_result result = PQ_STREAM_OK;
        link_make(&l, contexts.server, c->acts);
        enum pq_starttls outcome = pq_stream_start_tls(
            &l.ours, refuse ? contexts.stranger : contexts.client, &usual, PATIENCE);
        if (outcome != c->outcome)
            fail_msg("case %zu: %s (%s)", i, pq_starttls_text(outcome), l.ours.why.text);
        assert_false(l.ours.secured);
        if (outcome != PQ_STARTTLS_TIMEOUT)
            assert_int_not_equal(strlen(l.ours.why.text), 0);
        l.peer.now = 0;
        peer_run(&l.peer);
        assert_true(!refuse || pq_tls_alert(l.peer.stream.tls) == 48); /* unknown_ca */
        assert_true(take(&l.ours, c->after, &result));
        assert_int_equal(recv_one(&l.ours), c->end);
        link_break(&l);
    }
    assert_string_equal(pq_starttls_text(PQ_STARTTLS_CLOSED), "eof");
    assert_string_equal(pq_starttls_text((enum pq_starttls)99), "unknown");
}

/* A handshake that timed out is continued, not begun anew. */
static void test_a_late_answer(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    struct pq_slice nothing = {NULL, 0};
    struct link l;
    link_make(&l, contexts.server, NULL);
    assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE),
                     PQ_STARTTLS_TIMEOUT);
    assert_int_equal(pq_stream_tls_handshake(&l.ours, nothing, 0), PQ_STARTTLS_TIMEOUT);
    l.peer.acts = acts;
    l.peer.now = 0;
    assert_int_equal(pq_stream_tls_handshake(&l.ours, nothing, PATIENCE), PQ_STARTTLS_OK);
    link_break(&l);
}

/* ---- ClientHello and plaintext in one segment ------------------------------------------------ */

static void test_hello_behind_plaintext(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    uint8_t memory[8192], early[PQ_STREAM_EARLY_MAX];
    struct pq_buf out;
    struct link l;
    size_t got = 0;
    link_make(&l, contexts.server, NULL);
    pq_buf_init(&out, memory, sizeof(memory));
    assert_true(pq_buf_put(&out, PQ_SLICE("STLS\r\n")));
    assert_int_equal(pq_stream_tls_begin(&l.ours, contexts.client, &usual), PQ_STATUS_OK);
    out.cap = out.len + 1;
    assert_int_equal(pq_stream_tls_hello(&l.ours, &out), PQ_STATUS_NO_ROOM);
    out.cap = sizeof(memory);
    assert_int_equal(pq_stream_tls_hello(&l.ours, &out), PQ_STATUS_OK);
    struct pq_slice rest = pq_buf_slice(&out);
    assert_int_equal(pq_stream_send(&l.ours, &rest, PATIENCE), PQ_STREAM_OK);
    /* The peer reads its command, and nothing further. */
    expect(&l.peer.stream, "STLS\r\n");
    assert_true(peer_send(&l.peer, PQ_SLICE("+OK\r\n")));
    l.peer.acts = acts;
    peer_run(&l.peer);
    /* Reply and ServerHello arrive together. */
    assert_int_equal(pq_stream_recv(&l.ours, early, sizeof(early), &got, PATIENCE), PQ_STREAM_OK);
    assert_true(got > 5 && memcmp(early, "+OK\r\n\x16\x03", 7) == 0);
    assert_int_equal(pq_stream_tls_handshake(&l.ours, pq_slice_of(early + 5, got - 5), PATIENCE),
                     PQ_STARTTLS_OK);
    rest = PQ_SLICE("NOOP\r\n");
    assert_int_equal(pq_stream_send(&l.ours, &rest, PATIENCE), PQ_STREAM_OK);
    expect(&l.ours, "NOOP\r\n");
    link_break(&l);
}

static void test_early_octets(void **state)
{
    (void)state;
    static uint8_t octets[PQ_STREAM_EARLY_MAX + 1], back[sizeof(octets)];
    (void)memset(octets, 'x', sizeof(octets));
    for (size_t n = PQ_STREAM_EARLY_MAX - 1; n <= PQ_STREAM_EARLY_MAX + 1; n++) {
        struct link l;
        size_t got = 0;
        link_make(&l, contexts.server, NULL);
        assert_int_equal(pq_stream_tls_begin(&l.ours, contexts.client, NULL), PQ_STATUS_OK);
        enum pq_starttls outcome =
            pq_stream_tls_handshake(&l.ours, pq_slice_of(octets, n), PATIENCE);
        if (n > PQ_STREAM_EARLY_MAX) {
            assert_int_equal(outcome, PQ_STARTTLS_FAILED);
            assert_string_equal(l.ours.why.text, "more than 16384 octets came before TLS began");
        } else {
            assert_int_equal(outcome, PQ_STARTTLS_PLAIN);
            assert_true(pq_stream_is_ready(&l.ours));
            assert_int_equal(pq_stream_recv(&l.ours, back, sizeof(back), &got, PATIENCE),
                             PQ_STREAM_OK);
            assert_int_equal(got, n);
            assert_false(pq_stream_is_ready(&l.ours));
        }
        link_break(&l);
    }
}

static void test_an_engine_that_cannot_be_made(void **state)
{
    (void)state;
    struct pq_tls_peer nobody = {.name = ""};
    struct link l;
    link_make(&l, contexts.server, NULL);
    assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &nobody, PATIENCE),
                     PQ_STARTTLS_FAILED);
    assert_non_null(strstr(l.ours.why.text, "TLS cannot begin"));
    link_break(&l);
}

/* ---- ends inside TLS ------------------------------------------------------------------------- */

static const struct end_case {
    enum act acts[4];
    enum pq_tls_end end;
    enum pq_stream_result recv, fin;
} end_cases[] = {
    {{ACT_HANDSHAKE, ACT_CLOSE, ACT_END}, PQ_TLS_END_CLOSED, PQ_STREAM_CLOSED, PQ_STREAM_CLOSED},
    {{ACT_HANDSHAKE, ACT_CUT, ACT_END}, PQ_TLS_END_CUT, PQ_STREAM_CLOSED, PQ_STREAM_CLOSED},
    {{ACT_HANDSHAKE, ACT_NOTIFY, ACT_END}, PQ_TLS_END_CLOSED, PQ_STREAM_CLOSED, PQ_STREAM_TIMEOUT},
};

static void test_ends_inside_tls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(end_cases); i++) {
        const struct end_case *c = &end_cases[i];
        struct link l;
        struct pq_stream_wait wait = {.stream = &l.ours};
        link_make(&l, contexts.server, c->acts);
        assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE),
                         PQ_STARTTLS_OK);
        assert_int_equal(pq_stream_wait_any(&wait, 1, PATIENCE), PQ_STREAM_OK);
        assert_int_equal(recv_one(&l.ours), c->recv);
        assert_int_equal(recv_one(&l.ours), c->recv);
        assert_int_equal(pq_stream_tls_end(&l.ours), c->end);
        assert_int_equal(pq_stream_await_fin(&l.ours, l.peer.now + PATIENCE), c->fin);
        link_break(&l);
    }
}

static void test_how_we_end(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_END};
    for (size_t how = 0; how < 3; how++) {
        struct link l;
        struct pq_slice late = PQ_SLICE("late");
        link_make(&l, contexts.server, acts);
        assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE),
                         PQ_STARTTLS_OK);
        peer_run(&l.peer);
        if (how == 0)
            pq_stream_close(&l.ours);
        else if (how == 1)
            pq_stream_cut(&l.ours);
        else
            assert_int_equal(pq_stream_half_close(&l.ours, PATIENCE), PQ_STREAM_OK);
        assert_int_equal(recv_one(&l.peer.stream), PQ_STREAM_CLOSED);
        assert_int_equal(pq_stream_tls_end(&l.peer.stream),
                         how == 1 ? PQ_TLS_END_CUT : PQ_TLS_END_CLOSED);
        if (how == 2) {
            assert_int_equal(pq_stream_send(&l.ours, &late, PATIENCE), PQ_STREAM_BROKEN);
            assert_string_equal(l.ours.why.text, "our direction of TLS was closed");
            assert_true(peer_send(&l.peer, PQ_SLICE("+OK\r\n")));
            expect(&l.ours, "+OK\r\n"); /* the other direction goes on */
        }
        link_break(&l);
    }
}

/* Octets that are no record, in the middle of TLS. */
static void test_tls_breaks_off(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_END};
    struct link l;
    link_make(&l, contexts.server, acts);
    assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE),
                     PQ_STARTTLS_OK);
    peer_run(&l.peer);
    l.peer.stream.secured = false; /* its engine forgotten, the peer speaks in the clear */
    assert_true(peer_send(&l.peer, PQ_SLICE("+OK in the clear\r\n")));
    assert_int_equal(recv_one(&l.ours), PQ_STREAM_BROKEN);
    assert_int_equal(pq_stream_tls_end(&l.ours), PQ_TLS_END_FAILED);
    assert_non_null(strstr(l.ours.why.text, "TLS failed here: "));
    l.peer.stream.secured = true; /* it remembers, and finds our alert */
    assert_int_equal(recv_one(&l.peer.stream), PQ_STREAM_BROKEN);
    assert_int_equal(pq_tls_alert(l.peer.stream.tls) >= 0, 1);
    link_break(&l);
}

static int set_up(void **state)
{
    (void)state;
    contexts = contexts_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    contexts_free(&contexts);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session),
        cmocka_unit_test(test_waiting_for_both_kinds),
        cmocka_unit_test(test_more_than_the_kernel_holds),
        cmocka_unit_test(test_a_peer_that_reads_slowly),
        cmocka_unit_test(test_how_a_start_comes_out),
        cmocka_unit_test(test_a_late_answer),
        cmocka_unit_test(test_hello_behind_plaintext),
        cmocka_unit_test(test_early_octets),
        cmocka_unit_test(test_an_engine_that_cannot_be_made),
        cmocka_unit_test(test_ends_inside_tls),
        cmocka_unit_test(test_how_we_end),
        cmocka_unit_test(test_tls_breaks_off),
    };
    return cmocka_run_group_tests_name("stream_tls", tests, set_up, tear_down);
}
