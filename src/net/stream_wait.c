/* SPDX-License-Identifier: Apache-2.0
 * Waiting on several streams at once. */
#include <assert.h>
#include <errno.h>

#include "net/stream_internal.h"

bool pq_stream_is_ready(struct pq_stream *s)
{
    if (s->secured)
        return pq_tls_is_readable(s->tls);
    return s->fin_seen || s->reset_seen || (s->tls && pq_tls_rest(s->tls) > 0);
}

/* Marks what needs no octet from the wire, and asks for the rest. */
static bool ask(struct pq_stream_wait *waits, size_t n, struct pollfd *fds)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        struct pq_stream *s = waits[i].stream;
        waits[i].ready = pq_stream_is_ready(s);
        any = any || waits[i].ready;
        fds[i] = (struct pollfd){.fd = s->in, .events = POLLIN};
        if (s->tcp)
            pq_fd_quick_ack(s->in);
    }
    return any;
}

/* For a plain stream any event is something to receive. Ciphertext need not be plaintext; a reset
 * that it ends with is something too. */
static bool has_arrived(struct pq_stream *s)
{
    enum pq_stream_result filled = s->secured ? pq_stream_fill(s) : PQ_STREAM_FAILED;
    bool lost = filled != PQ_STREAM_OK && filled != PQ_STREAM_TIMEOUT;
    return lost || pq_stream_is_ready(s);
}

static bool answer(struct pq_stream_wait *waits, size_t n, const struct pollfd *fds)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        waits[i].ready = fds[i].revents != 0 && has_arrived(waits[i].stream);
        any = any || waits[i].ready;
    }
    return any;
}

enum pq_stream_result pq_stream_wait_any(struct pq_stream_wait *waits, size_t n, uint64_t deadline)
{
    struct pollfd fds[PQ_STREAM_WAIT_MAX];
    assert(n > 0 && n <= PQ_STREAM_WAIT_MAX);
    const struct pq_io *io = waits[0].stream->io;
    while (!ask(waits, n, fds)) {
        enum pq_status status = pq_io_wait(io, fds, n, deadline);
        if (status == PQ_STATUS_TIMEOUT)
            return PQ_STREAM_TIMEOUT;
        if (status != PQ_STATUS_OK)
            return pq_stream_failed(waits[0].stream, errno, "wait");
        if (answer(waits, n, fds))
            return PQ_STREAM_OK;
        if (pq_io_left_ms(io, deadline) == 0)
            return PQ_STREAM_TIMEOUT; /* ciphertext came, and no plaintext in it */
    }
    return PQ_STREAM_OK;
}
