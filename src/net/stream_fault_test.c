/* SPDX-License-Identifier: Apache-2.0
 * A session with TLS in which each call fails once. */
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
    };
    return cmocka_run_group_tests_name("stream_fault", tests, set_up, tear_down);
}
