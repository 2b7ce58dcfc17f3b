/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam between streams and the system: a table of the calls that can fail. The system's own is
 * pq_io_system(); a test passes one that makes the n-th call fail, or that has its own clock.
 */
#ifndef PQ_NET_IO_H
#define PQ_NET_IO_H

#include <poll.h>
#include <sys/types.h>

#include "net/addr.h"

struct pq_tls;

/* Every file descriptor is non-blocking. `connect`, `accept`, `send`, `recv` and `wait` answer as
 * POSIX has them: -1 with errno, and EINTR, EAGAIN and EINPROGRESS are no failures. */
struct pq_io {
    int (*connect)(void *ctx, int fd, const struct pq_endpoint *to);
    int (*accept)(void *ctx, int fd);
    /* Must not raise SIGPIPE on a socket. */
    ssize_t (*send)(void *ctx, int fd, struct pq_slice octets);
    ssize_t (*recv)(void *ctx, int fd, void *at, size_t cap);
    /* As poll(); a negative timeout waits for ever. */
    int (*wait)(void *ctx, struct pollfd *fds, size_t n, int timeout_ms);
    /* One step, as pq_tls_handshake(). */
    enum pq_next (*handshake)(void *ctx, struct pq_tls *tls);
    /* Milliseconds of a clock that never goes back. */
    uint64_t (*now_ms)(void *ctx);
    void *ctx;
};

/* The system's calls. Lives for ever. A pipe raises SIGPIPE when its reader is gone: a program that
 * moves octets over pipes must ignore that signal; over sockets nothing needs to be done. */
const struct pq_io *pq_io_system(void);

/* Deadlines are absolute, on the clock of the pq_io. A call whose deadline is past (zero always is)
 * does what can be done without waiting. */
#define PQ_DEADLINE_NEVER UINT64_MAX
uint64_t pq_io_deadline(const struct pq_io *io, uint32_t timeout_ms);
/* What is left, in the form that poll() takes: -1 for NEVER, zero when it is past. */
int pq_io_left_ms(const struct pq_io *io, uint64_t deadline);

#endif
