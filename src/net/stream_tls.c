/* SPDX-License-Identifier: Apache-2.0
 * From plain octets to TLS, on a connection that is open. */
#include <assert.h>

#include "net/stream_internal.h"

const char *pq_starttls_text(enum pq_starttls outcome)
{
    switch (outcome) {
#define X(name, text)                                                                              \
    case PQ_STARTTLS_##name:                                                                       \
        return text;
        PQ_STARTTLS_LIST(X)
#undef X
    }
    return "unknown";
}

/* ---- ciphertext ------------------------------------------------------------------------------ */

enum pq_stream_result pq_stream_flush(struct pq_stream *s)
{
    for (;;) {
        struct pq_slice waiting = pq_tls_send_buf(s->tls);
        struct pq_slice rest = waiting;
        if (waiting.len == 0)
            return PQ_STREAM_OK;
        enum pq_stream_result result = pq_stream_raw_send(s, &rest);
        pq_tls_send_ack(s->tls, waiting.len - rest.len);
        if (result != PQ_STREAM_OK)
            return result;
    }
}

enum pq_stream_result pq_stream_fill(struct pq_stream *s)
{
    uint8_t memory[PQ_TLS_BUFFER];
    size_t got = 0;
    size_t room = pq_tls_room(s->tls);
    if (room == 0)
        return PQ_STREAM_TIMEOUT;
    enum pq_stream_result result = pq_stream_raw_recv(s, memory, room, &got);
    if (result == PQ_STREAM_OK)
        (void)pq_tls_feed(s->tls, pq_slice_of(memory, got));
    if (result != PQ_STREAM_CLOSED)
        return result;
    pq_tls_eof(s->tls);
    return PQ_STREAM_OK;
}

enum pq_stream_result pq_stream_exchange(struct pq_stream *s)
{
    enum pq_stream_result sent = pq_stream_flush(s);
    enum pq_stream_result result = pq_stream_fill(s);
    return result == PQ_STREAM_TIMEOUT && sent != PQ_STREAM_OK ? sent : result;
}

/* Waits until no ciphertext waits any more. */
static enum pq_stream_result flush_all(struct pq_stream *s, uint64_t deadline)
{
    for (;;) {
        enum pq_stream_result result = pq_stream_flush(s);
        if (result == PQ_STREAM_TIMEOUT)
            result = pq_stream_wait_io(s, false, deadline);
        else
            return result;
        if (result != PQ_STREAM_OK)
            return result;
    }
}

/* ---- begin ----------------------------------------------------------------------------------- */

enum pq_status pq_stream_tls_begin(struct pq_stream *s, struct pq_tls_context *context,
                                   const struct pq_tls_peer *peer)
{
    assert(!s->secured);
    pq_tls_free(s->tls);
    s->tls = pq_tls_new(context, peer, &s->why);
    return s->tls ? PQ_STATUS_OK : PQ_STATUS_TLS;
}

enum pq_status pq_stream_tls_hello(struct pq_stream *s, struct pq_buf *out)
{
    struct pq_slice hello = pq_tls_send_buf(s->tls);
    if (!pq_buf_put(out, hello))
        return PQ_STATUS_NO_ROOM;
    pq_tls_send_ack(s->tls, hello.len);
    return PQ_STATUS_OK;
}

/* ---- handshake ------------------------------------------------------------------------------- */

static enum pq_starttls outcome_of_end(enum pq_tls_end end)
{
    switch (end) {
    case PQ_TLS_END_ALERT:
        return PQ_STARTTLS_ALERT;
    case PQ_TLS_END_CLOSED:
    case PQ_TLS_END_CUT:
        return PQ_STARTTLS_CLOSED;
    case PQ_TLS_END_PLAIN:
        return PQ_STARTTLS_PLAIN;
    case PQ_TLS_END_REFUSED:
        return PQ_STARTTLS_REFUSED;
    case PQ_TLS_END_NONE:
    case PQ_TLS_END_FAILED:
        break;
    }
    return PQ_STARTTLS_FAILED;
}

static enum pq_starttls outcome_of_result(enum pq_stream_result result)
{
    switch (result) {
    case PQ_STREAM_OK:
        return PQ_STARTTLS_OK;
    case PQ_STREAM_TIMEOUT:
        return PQ_STARTTLS_TIMEOUT;
    case PQ_STREAM_CLOSED:
        return PQ_STARTTLS_CLOSED;
    case PQ_STREAM_RESET:
        return PQ_STARTTLS_RESET;
    case PQ_STREAM_BROKEN:
    case PQ_STREAM_FAILED:
        break;
    }
    return PQ_STARTTLS_FAILED;
}

/* Sends the alert that says why there is no TLS; from now on octets pass as they are. */
static enum pq_starttls handshake_lost(struct pq_stream *s, uint64_t deadline)
{
    enum pq_tls_end end = pq_tls_end(s->tls);
    (void)flush_all(s, deadline);
    (void)pq_why_fail(&s->why, PQ_STATUS_TLS, "%s",
                      end == PQ_TLS_END_NONE ? "a step of the handshake failed"
                                             : pq_tls_why(s->tls));
    return outcome_of_end(end);
}

/* Sends the final flight. */
static enum pq_starttls handshake_won(struct pq_stream *s, uint64_t deadline)
{
    enum pq_stream_result result = flush_all(s, deadline);
    s->secured = result == PQ_STREAM_OK;
    return outcome_of_result(result);
}

/* Moves octets until the handshake can make a step, but a peer that sends and sends must not
 * outlast the deadline: what was received once is then enough. */
static enum pq_stream_result handshake_move(struct pq_stream *s, bool received, uint64_t deadline)
{
    if (received && pq_io_left_ms(s->io, deadline) == 0) {
        enum pq_stream_result sent = pq_stream_flush(s);
        return sent == PQ_STREAM_OK ? PQ_STREAM_TIMEOUT : sent;
    }
    enum pq_stream_result result = pq_stream_exchange(s);
    return result == PQ_STREAM_TIMEOUT ? pq_stream_wait_io(s, true, deadline) : result;
}

enum pq_starttls pq_stream_tls_handshake(struct pq_stream *s, struct pq_slice early,
                                         uint64_t deadline)
{
    if (early.len > PQ_STREAM_EARLY_MAX || pq_tls_feed(s->tls, early) != early.len) {
        (void)pq_why_fail(&s->why, PQ_STATUS_TLS, "more than %u octets came before TLS began",
                          PQ_STREAM_EARLY_MAX);
        return PQ_STARTTLS_FAILED;
    }
    for (bool received = false;;) {
        enum pq_next next = s->io->handshake(s->io->ctx, s->tls);
        if (next == PQ_NEXT_EVENT)
            return handshake_won(s, deadline);
        if (next == PQ_NEXT_ERROR)
            return handshake_lost(s, deadline);
        enum pq_stream_result result = handshake_move(s, received, deadline);
        if (result != PQ_STREAM_OK)
            return outcome_of_result(result);
        received = true;
    }
}

enum pq_starttls pq_stream_start_tls(struct pq_stream *s, struct pq_tls_context *context,
                                     const struct pq_tls_peer *peer, uint64_t deadline)
{
    struct pq_slice nothing = {NULL, 0};
    if (pq_stream_tls_begin(s, context, peer) != PQ_STATUS_OK)
        return PQ_STARTTLS_FAILED;
    return pq_stream_tls_handshake(s, nothing, deadline);
}

enum pq_tls_end pq_stream_tls_end(const struct pq_stream *s)
{
    return s->tls ? pq_tls_end(s->tls) : PQ_TLS_END_NONE;
}
