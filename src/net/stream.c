/* SPDX-License-Identifier: Apache-2.0
 * Sending, receiving and closing. */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/stream_internal.h"

/* What is discarded at most before a deadline is looked at, or the kernel's RST accepted. */
#define DISCARD_MAX (1u << 20)

const char *pq_stream_result_text(enum pq_stream_result result)
{
    switch (result) {
#define X(name, text)                                                                              \
    case PQ_STREAM_##name:                                                                         \
        return text;
        PQ_STREAM_RESULT_LIST(X)
#undef X
    }
    return "an unknown result";
}

enum pq_stream_result pq_stream_failed(struct pq_stream *s, int error, const char *what)
{
    if (error == EAGAIN || error == EWOULDBLOCK)
        return PQ_STREAM_TIMEOUT;
    (void)pq_why_errno(&s->why, PQ_STATUS_NET, error, "cannot %s", what);
    s->reset_seen = s->reset_seen || error == ECONNRESET;
    if (error == ECONNRESET)
        return PQ_STREAM_RESET;
    return error == EPIPE ? PQ_STREAM_CLOSED : PQ_STREAM_FAILED;
}

/* ---- single steps ---------------------------------------------------------------------------- */

enum pq_stream_result pq_stream_raw_send(struct pq_stream *s, struct pq_slice *rest)
{
    ssize_t n;
    do
        n = s->io->send(s->io->ctx, s->out, *rest);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return pq_stream_failed(s, errno, "send");
    *rest = pq_slice_after(*rest, (size_t)n);
    return PQ_STREAM_OK;
}

enum pq_stream_result pq_stream_raw_recv(struct pq_stream *s, void *at, size_t cap, size_t *got)
{
    ssize_t n;
    do
        n = s->io->recv(s->io->ctx, s->in, at, cap);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return pq_stream_failed(s, errno, "receive");
    *got = (size_t)n;
    if (n > 0)
        return PQ_STREAM_OK;
    /* A reset that sending met first is forgotten by the kernel: it then says end of stream. */
    if (s->reset_seen)
        return PQ_STREAM_RESET;
    s->fin_seen = true;
    return PQ_STREAM_CLOSED;
}

enum pq_stream_result pq_stream_wait_io(struct pq_stream *s, bool input, uint64_t deadline)
{
    bool output = !input || (s->tls && (pq_tls_want(s->tls) & PQ_TLS_WANT_SEND));
    /* poll() passes over negative descriptors. */
    struct pollfd fds[] = {{.fd = input ? s->in : -1, .events = POLLIN},
                           {.fd = output ? s->out : -1, .events = POLLOUT}};
    if (pq_io_left_ms(s->io, deadline) == 0)
        return PQ_STREAM_TIMEOUT;
    if (input && s->tcp)
        pq_fd_quick_ack(s->in);
    enum pq_status status = pq_io_wait(s->io, fds, 2, deadline);
    if (status == PQ_STATUS_OK)
        return PQ_STREAM_OK;
    return status == PQ_STATUS_TIMEOUT ? PQ_STREAM_TIMEOUT : pq_stream_failed(s, errno, "wait");
}

/* ---- sending --------------------------------------------------------------------------------- */

static enum pq_stream_result send_plain(struct pq_stream *s, struct pq_slice *rest)
{
    enum pq_stream_result result = PQ_STREAM_OK;
    while (rest->len > 0 && result == PQ_STREAM_OK)
        result = pq_stream_raw_send(s, rest);
    return result;
}

static enum pq_stream_result send_broken(struct pq_stream *s)
{
    const char *why = pq_tls_why(s->tls);
    (void)pq_why_fail(&s->why, PQ_STATUS_TLS, "%s", *why ? why : "our direction of TLS was closed");
    return PQ_STREAM_BROKEN;
}

static enum pq_stream_result send_secured(struct pq_stream *s, struct pq_slice *rest)
{
    enum pq_stream_result result = PQ_STREAM_OK;
    do {
        if (rest->len > 0 && !pq_tls_is_writable(s->tls))
            return send_broken(s);
        *rest = pq_slice_after(*rest, pq_tls_write(s->tls, *rest));
        result = pq_stream_flush(s);
    } while (rest->len > 0 && result == PQ_STREAM_OK);
    return result;
}

enum pq_stream_result pq_stream_send(struct pq_stream *s, struct pq_slice *rest, uint64_t deadline)
{
    for (;;) {
        enum pq_stream_result result = s->secured ? send_secured(s, rest) : send_plain(s, rest);
        if (result == PQ_STREAM_TIMEOUT)
            result = pq_stream_wait_io(s, false, deadline);
        else
            return result;
        if (result != PQ_STREAM_OK)
            return result;
    }
}

/* ---- receiving ------------------------------------------------------------------------------- */

static enum pq_stream_result recv_plain(struct pq_stream *s, void *at, size_t cap, size_t *got)
{
    *got = s->tls ? pq_tls_take_rest(s->tls, at, cap) : 0;
    if (*got > 0)
        return PQ_STREAM_OK;
    return s->fin_seen ? PQ_STREAM_CLOSED : pq_stream_raw_recv(s, at, cap, got);
}

/* The peer's close_notify and the end of its octets are the end of the stream. */
static enum pq_stream_result recv_end(struct pq_stream *s)
{
    enum pq_tls_end end = pq_tls_end(s->tls);
    (void)pq_stream_flush(s); /* the alert that tells the peer why, if there is one */
    (void)pq_why_fail(&s->why, PQ_STATUS_TLS, "%s", pq_tls_why(s->tls));
    return end == PQ_TLS_END_CLOSED || end == PQ_TLS_END_CUT ? PQ_STREAM_CLOSED : PQ_STREAM_BROKEN;
}

static enum pq_stream_result read_secured(struct pq_stream *s, void *at, size_t cap, size_t *got)
{
    switch (pq_tls_read(s->tls, at, cap, got)) {
    case PQ_NEXT_EVENT:
        return PQ_STREAM_OK;
    case PQ_NEXT_NEED_DATA:
        return PQ_STREAM_TIMEOUT;
    case PQ_NEXT_ERROR:
        break;
    }
    return recv_end(s);
}

/* Receives once at most: a peer whose ciphertext never holds plaintext must not outlast the
 * deadline. */
static enum pq_stream_result recv_secured(struct pq_stream *s, void *at, size_t cap, size_t *got)
{
    enum pq_stream_result result = read_secured(s, at, cap, got);
    if (result != PQ_STREAM_TIMEOUT)
        return result;
    result = pq_stream_exchange(s);
    return result == PQ_STREAM_OK ? read_secured(s, at, cap, got) : result;
}

enum pq_stream_result pq_stream_recv(struct pq_stream *s, void *at, size_t cap, size_t *got,
                                     uint64_t deadline)
{
    assert(cap > 0);
    for (;;) {
        enum pq_stream_result result =
            s->secured ? recv_secured(s, at, cap, got) : recv_plain(s, at, cap, got);
        if (result != PQ_STREAM_TIMEOUT)
            return result;
        result = pq_stream_wait_io(s, true, deadline);
        if (result != PQ_STREAM_OK)
            return result;
    }
}

/* Drops what the kernel holds. OK: there is more. */
static enum pq_stream_result discard_input(struct pq_stream *s)
{
    uint8_t unwanted[4096];
    enum pq_stream_result result = s->fin_seen ? PQ_STREAM_CLOSED : PQ_STREAM_OK;
    for (size_t sum = 0, got = 0; sum < DISCARD_MAX && result == PQ_STREAM_OK; sum += got)
        result = pq_stream_raw_recv(s, unwanted, sizeof(unwanted), &got);
    return result;
}

enum pq_stream_result pq_stream_await_fin(struct pq_stream *s, uint64_t deadline)
{
    enum pq_stream_result result = PQ_STREAM_OK;
    do {
        result = discard_input(s);
        if (result == PQ_STREAM_OK || result == PQ_STREAM_TIMEOUT)
            result = pq_stream_wait_io(s, true, deadline);
    } while (result == PQ_STREAM_OK);
    return result;
}

int pq_stream_fd(const struct pq_stream *s)
{
    return s->in;
}

/* ---- closing --------------------------------------------------------------------------------- */

/* Ends our direction. A pipe has no other way than to be closed. */
static void send_fin(struct pq_stream *s)
{
    if (s->in == s->out) {
        (void)shutdown(s->out, SHUT_WR);
    } else if (s->out >= 0) {
        (void)close(s->out);
        s->out = -1;
    }
}

enum pq_stream_result pq_stream_half_close(struct pq_stream *s, uint64_t deadline)
{
    struct pq_slice nothing = {NULL, 0};
    enum pq_stream_result result = PQ_STREAM_OK;
    if (s->secured) {
        pq_tls_close(s->tls);
        result = pq_stream_send(s, &nothing, deadline);
    }
    send_fin(s);
    return result;
}

static void stream_release(struct pq_stream *s)
{
    if (s->in >= 0)
        (void)close(s->in);
    if (s->out >= 0 && s->out != s->in)
        (void)close(s->out);
    s->in = s->out = -1;
    pq_tls_free(s->tls);
    s->tls = NULL;
    s->secured = false;
}

void pq_stream_cut(struct pq_stream *s)
{
    if (s->in >= 0) {
        send_fin(s);
        (void)discard_input(s);
    }
    stream_release(s);
}

void pq_stream_close(struct pq_stream *s)
{
    if (s->secured) {
        pq_tls_close(s->tls);
        (void)pq_stream_flush(s);
    }
    pq_stream_cut(s);
}

void pq_stream_reset(struct pq_stream *s)
{
    if (s->tcp && s->in >= 0)
        pq_fd_reset_on_close(s->in);
    stream_release(s);
}
