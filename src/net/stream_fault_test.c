/* SPDX-License-Identifier: Apache-2.0
 * A session with TLS in which each call fails once, and peers that never stop. */
#include "net/peer_testing.h"

static struct contexts contexts;

/* Greeting, TLS, an echo and the end. True when nothing failed; a failure must have been told, with
 * a sentence. Counts the calls of each kind. */
static bool scenario(enum kind kind, size_t fail_at, size_t *calls)
{
    static const enum act acts[] = {ACT_GREET, ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    struct link l;
    enum pq_stream_result result = PQ_STREAM_OK;
    struct pq_slice echo = PQ_SLICE("CAPA\r\n");
    link_make(&l, contexts.server, acts);
    l.peer.fail_kind = kind;
    l.peer.fail_at = fail_at;
    bool ok = take(&l.ours, "+OK\r\n", &result);
    if (ok) {
        enum pq_starttls outcome = pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE);
        assert_true(outcome == PQ_STARTTLS_OK || outcome == PQ_STARTTLS_FAILED);
        result = outcome == PQ_STARTTLS_OK ? PQ_STREAM_OK : PQ_STREAM_FAILED;
    }
    if (result == PQ_STREAM_OK)
        result = pq_stream_send(&l.ours, &echo, PATIENCE);
    if (result == PQ_STREAM_OK && take(&l.ours, "CAPA\r\n", &result))
        result = pq_stream_half_close(&l.ours, PATIENCE);
    *calls = l.peer.calls[kind];
    assert_true(result == PQ_STREAM_OK || result == PQ_STREAM_FAILED);
    assert_true((result == PQ_STREAM_FAILED) == (l.ours.why.text[0] != 0));
    link_break(&l);
    return result == PQ_STREAM_OK;
}

static void test_every_call_fails_once(void **state)
{
    (void)state;
    /* Hello, final flight, command and close_notify; replies and what finds nothing before them. */
    static const size_t at_least[KIND_COUNT] = {
        [KIND_SEND] = 4, [KIND_RECV] = 6, [KIND_WAIT] = 3, [KIND_HANDSHAKE] = 2};
    for (enum kind kind = KIND_SEND; kind < KIND_COUNT; kind++) {
        size_t faults = 0, calls = 0, undisturbed = 0;
        assert_true(scenario(kind, 0, &undisturbed));
        while (!scenario(kind, faults + 1, &calls))
            faults++;
        assert_true(faults >= at_least[kind]);
        assert_int_equal(faults, undisturbed);
    }
}

/* ---- a peer that sends and sends ------------------------------------------------------------- */

/* A ServerHello of 99,999 octets, one octet and one millisecond at a time; the first octets matter.
 */
static ssize_t endless_recv(void *ctx, int fd, void *at, size_t cap)
{
    static const uint8_t head[] = {0x16, 0x03, 0x03, 0x40, 0x00, 0x02, 0x01, 0x86, 0x9F};
    struct peer *p = ctx;
    (void)fd;
    assert_true(cap > 0 && p->calls[KIND_RECV] < 100000);
    *(uint8_t *)at = p->calls[KIND_RECV] < sizeof(head) ? head[p->calls[KIND_RECV]] : 0;
    p->calls[KIND_RECV]++;
    p->now++;
    return 1;
}

/* As much as there is room for, and a millisecond each. */
static ssize_t flood_recv(void *ctx, int fd, void *at, size_t cap)
{
    struct peer *p = ctx;
    (void)fd;
    (void)memset(at, 'x', cap);
    p->calls[KIND_RECV]++;
    p->now++;
    return (ssize_t)cap;
}

static void test_a_peer_that_never_stops(void **state)
{
    (void)state;
    struct link l;
    link_make(&l, contexts.server, NULL);
    l.io.recv = endless_recv;
    assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, 50),
                     PQ_STARTTLS_TIMEOUT);
    assert_int_equal(l.peer.now, 50);
    l.peer.calls[KIND_RECV] = 0; /* as plaintext it has no end either */
    l.io.recv = flood_recv;
    assert_int_equal(pq_stream_await_fin(&l.ours, 50), PQ_STREAM_TIMEOUT);
    pq_stream_close(&l.ours);
    assert_true(l.peer.calls[KIND_RECV] < 10000);
    link_break(&l);
}

/* A record of 16,384 octets of which one comes each millisecond. */
static ssize_t slow_recv(void *ctx, int fd, void *at, size_t cap)
{
    static const uint8_t head[] = {0x17, 0x03, 0x03, 0x40, 0x00};
    struct peer *p = ctx;
    (void)fd;
    assert_true(cap > 0 && p->calls[KIND_RECV] < 10000);
    *(uint8_t *)at = p->calls[KIND_RECV] < sizeof(head) ? head[p->calls[KIND_RECV]] : 0;
    p->calls[KIND_RECV]++;
    p->now++;
    return 1;
}

static int always_ready(void *ctx, struct pollfd *fds, size_t n, int timeout_ms)
{
    (void)ctx;
    (void)timeout_ms;
    for (size_t i = 0; i < n; i++)
        fds[i].revents = fds[i].events;
    return (int)n;
}

static void test_a_record_that_never_ends(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_END};
    struct link l;
    uint8_t octet;
    size_t got = 0;
    link_make(&l, contexts.server, acts);
    assert_int_equal(pq_stream_start_tls(&l.ours, contexts.client, &usual, PATIENCE),
                     PQ_STARTTLS_OK);
    struct pq_stream_wait wait = {.stream = &l.ours};
    l.peer.calls[KIND_RECV] = 0;
    l.peer.now = 0;
    l.io.recv = slow_recv;
    l.io.wait = always_ready;
    assert_int_equal(pq_stream_wait_any(&wait, 1, 50), PQ_STREAM_TIMEOUT);
    assert_int_equal(l.peer.now, 50);
    assert_int_equal(pq_stream_recv(&l.ours, &octet, 1, &got, 100), PQ_STREAM_TIMEOUT);
    assert_int_equal(l.peer.now, 100);
    l.io.recv = rig_recv;
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
        cmocka_unit_test(test_every_call_fails_once),
        cmocka_unit_test(test_a_peer_that_never_stops),
        cmocka_unit_test(test_a_record_that_never_ends),
    };
    return cmocka_run_group_tests_name("stream_fault", tests, set_up, tear_down);
}
