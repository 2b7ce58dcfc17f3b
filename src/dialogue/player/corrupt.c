/* SPDX-License-Identifier: Apache-2.0
 * The system's calls with one change: a write can have its last octet inverted below TLS. */
#include <string.h>

#include "dialogue/player/wire_net_internal.h"

/* As large as a TLS record; of a longer write only so much leaves in the changed piece. */
#define CHANGED_MAX 17408u

static int io_connect(void *ctx, int fd, const struct pq_endpoint *to)
{
    const struct pq_wire_net *w = ctx;
    return w->inner->connect(w->inner->ctx, fd, to);
}

static int io_accept(void *ctx, int fd)
{
    const struct pq_wire_net *w = ctx;
    return w->inner->accept(w->inner->ctx, fd);
}

static bool *flag_of(struct pq_wire_net *w, int fd)
{
    for (size_t n = 0; n < PQ_WIRE_CONNS; n++)
        if (w->streams[n].out == fd && w->corrupt[n])
            return &w->corrupt[n];
    return NULL;
}

static ssize_t io_send(void *ctx, int fd, struct pq_slice octets)
{
    struct pq_wire_net *w = ctx;
    bool *flag = flag_of(w, fd);
    if (!flag || octets.len == 0)
        return w->inner->send(w->inner->ctx, fd, octets);
    uint8_t changed[CHANGED_MAX];
    struct pq_slice piece = pq_slice_first(octets, sizeof(changed));
    memcpy(changed, piece.at, piece.len);
    changed[piece.len - 1] ^= 0xFFu;
    ssize_t sent = w->inner->send(w->inner->ctx, fd, pq_slice_of(changed, piece.len));
    if (sent == (ssize_t)piece.len)
        *flag = false;
    return sent;
}

static ssize_t io_recv(void *ctx, int fd, void *at, size_t cap)
{
    const struct pq_wire_net *w = ctx;
    return w->inner->recv(w->inner->ctx, fd, at, cap);
}

static int io_wait(void *ctx, struct pollfd *fds, size_t n, int timeout_ms)
{
    const struct pq_wire_net *w = ctx;
    return w->inner->wait(w->inner->ctx, fds, n, timeout_ms);
}

static enum pq_next io_handshake(void *ctx, struct pq_tls *tls)
{
    const struct pq_wire_net *w = ctx;
    return w->inner->handshake(w->inner->ctx, tls);
}

static uint64_t io_now_ms(void *ctx)
{
    const struct pq_wire_net *w = ctx;
    return w->inner->now_ms(w->inner->ctx);
}

struct pq_io wire_net_io(struct pq_wire_net *w)
{
    return (struct pq_io){
        .connect = io_connect,
        .accept = io_accept,
        .send = io_send,
        .recv = io_recv,
        .wait = io_wait,
        .handshake = io_handshake,
        .now_ms = io_now_ms,
        .ctx = w,
    };
}
