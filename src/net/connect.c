/* SPDX-License-Identifier: Apache-2.0
 * How a stream comes about. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/stream_internal.h"

/* A Unix socket whose queue is full says EAGAIN and gives nothing to wait for. */
#define UNIX_QUEUE_PAUSE_MS 2

void pq_stream_init(struct pq_stream *s, const struct pq_io *io)
{
    *s = (struct pq_stream){.io = io ? io : pq_io_system(), .in = -1, .out = -1};
}

static void stream_own(struct pq_stream *s, int in, int out)
{
    const struct pq_io *io = s->io;
    *s = (struct pq_stream){.io = io, .in = in, .out = out, .tcp = in == out && pq_fd_is_tcp(in)};
    if (s->tcp)
        pq_fd_no_delay(in);
}

enum pq_status pq_stream_from_fd(struct pq_stream *s, int in, int out)
{
    stream_own(s, in, out);
    if (pq_fd_adopt(in) && (in == out || pq_fd_adopt(out)))
        return PQ_STATUS_OK;
    enum pq_status status = pq_why_errno(&s->why, PQ_STATUS_NET, errno,
                                         "descriptors %d and %d make no stream", in, out);
    pq_stream_close(s);
    return status;
}

/* ---- connecting ------------------------------------------------------------------------------ */

/* What became of a connection that was under way; zero or an errno value. */
static int connect_outcome(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* Zero, or an errno value; ETIMEDOUT when the deadline passed. */
static int connect_fd(const struct pq_io *io, int fd, const struct pq_endpoint *to,
                      uint64_t deadline)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    while (io->connect(io->ctx, fd, to) != 0) {
        int error = errno;
        if (error == EAGAIN && to->at.ss_family == AF_UNIX && pq_io_left_ms(io, deadline) != 0) {
            (void)io->wait(io->ctx, NULL, 0, UNIX_QUEUE_PAUSE_MS);
            continue;
        }
        if (error == EAGAIN)
            return ETIMEDOUT;
        if (error != EINPROGRESS && error != EINTR)
            return error;
        enum pq_status status = pq_io_wait(io, &writable, 1, deadline);
        if (status != PQ_STATUS_OK)
            return status == PQ_STATUS_TIMEOUT ? ETIMEDOUT : errno;
        return connect_outcome(fd);
    }
    return 0;
}

/* A client that tries a free port again and again is one day given that very port for its own end,
 * and TCP then connects the socket to itself: nobody listens all the same. */
static bool is_own_echo(int fd)
{
    struct sockaddr_storage own = {.ss_family = 0}, peer = {.ss_family = 0};
    socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
    return pq_fd_is_tcp(fd) && getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 && own_len == peer_len &&
           memcmp(&own, &peer, own_len) == 0;
}

static int connect_one(struct pq_stream *s, const struct pq_endpoint *to, uint64_t deadline)
{
    int fd = pq_fd_socket(to->at.ss_family);
    if (fd < 0)
        return errno;
    int error = connect_fd(s->io, fd, to, deadline);
    if (error == 0 && is_own_echo(fd))
        error = ECONNREFUSED;
    if (error == 0)
        stream_own(s, fd, fd);
    else
        (void)close(fd);
    return error;
}

/* The deadline of the first of `n` tries. */
static uint64_t share_deadline(const struct pq_io *io, uint64_t deadline, size_t n)
{
    int left = pq_io_left_ms(io, deadline);
    return left < 0 || n == 1 ? deadline : pq_io_deadline(io, (uint32_t)((size_t)left / n));
}

enum pq_status pq_stream_connect(struct pq_stream *s, const struct pq_endpoints *to,
                                 uint64_t deadline)
{
    enum pq_status status =
        pq_why_fail(&s->why, PQ_STATUS_NET, "%s has no address", pq_addr_text(&to->addr).at);
    for (size_t i = 0; i < to->len; i++) {
        const struct pq_endpoint *e = &to->each[i];
        int error = connect_one(s, e, share_deadline(s->io, deadline, to->len - i));
        if (error == 0)
            return PQ_STATUS_OK;
        status = error == ETIMEDOUT ? PQ_STATUS_TIMEOUT : PQ_STATUS_NET;
        (void)pq_why_errno(&s->why, status, error, "cannot connect to %s", pq_endpoint_text(e).at);
    }
    return status;
}
