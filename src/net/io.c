/* SPDX-License-Identifier: Apache-2.0
 * The system's calls, and everything that differs between Linux, BSD and macOS. */
#include "net/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

#include "net/io_internal.h"
#include "net/tls.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* such systems have SO_NOSIGPIPE */
#endif

/* ---- the table ------------------------------------------------------------------------------- */

static int system_connect(void *ctx, int fd, const struct pq_endpoint *to)
{
    (void)ctx;
    return connect(fd, (const struct sockaddr *)&to->at, to->len);
}

static int system_accept(void *ctx, int fd)
{
    (void)ctx;
    return accept(fd, NULL, NULL);
}

static ssize_t system_send(void *ctx, int fd, struct pq_slice octets)
{
    (void)ctx;
    ssize_t n = send(fd, octets.at, octets.len, MSG_NOSIGNAL);
    if (n < 0 && errno == ENOTSOCK)
        n = write(fd, octets.at, octets.len);
    return n;
}

static ssize_t system_recv(void *ctx, int fd, void *at, size_t cap)
{
    (void)ctx;
    return read(fd, at, cap);
}

static int system_wait(void *ctx, struct pollfd *fds, size_t n, int timeout_ms)
{
    (void)ctx;
    return poll(fds, (nfds_t)n, timeout_ms);
}

static enum pq_next system_handshake(void *ctx, struct pq_tls *tls)
{
    (void)ctx;
    return pq_tls_handshake(tls);
}

static uint64_t system_now_ms(void *ctx)
{
    (void)ctx;
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const struct pq_io *pq_io_system(void)
{
    static const struct pq_io io = {.connect = system_connect,
                                    .accept = system_accept,
                                    .send = system_send,
                                    .recv = system_recv,
                                    .wait = system_wait,
                                    .handshake = system_handshake,
                                    .now_ms = system_now_ms};
    return &io;
}

/* ---- deadlines ------------------------------------------------------------------------------- */

uint64_t pq_io_deadline(const struct pq_io *io, uint32_t timeout_ms)
{
    return io->now_ms(io->ctx) + timeout_ms;
}

int pq_io_left_ms(const struct pq_io *io, uint64_t deadline)
{
    if (deadline == PQ_DEADLINE_NEVER)
        return -1;
    uint64_t now = deadline == 0 ? 0 : io->now_ms(io->ctx);
    if (deadline <= now)
        return 0;
    return deadline - now < INT_MAX ? (int)(deadline - now) : INT_MAX;
}

enum pq_status pq_io_wait(const struct pq_io *io, struct pollfd *fds, size_t n, uint64_t deadline)
{
    for (;;) {
        int left = pq_io_left_ms(io, deadline);
        int ready = io->wait(io->ctx, fds, n, left);
        if (ready > 0)
            return PQ_STATUS_OK;
        if (ready == 0 && left == 0)
            return PQ_STATUS_TIMEOUT;
        if (ready < 0 && errno != EINTR && errno != EAGAIN)
            return PQ_STATUS_NET;
    }
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void switch_on(int fd, int level, int option)
{
    const int on = 1;
    (void)setsockopt(fd, level, option, &on, sizeof(on));
}

bool pq_fd_adopt(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return false;
#ifdef SO_NOSIGPIPE
    switch_on(fd, SOL_SOCKET, SO_NOSIGPIPE);
#endif
    return true;
}

int pq_fd_socket(int family)
{
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC) && !defined(SO_NOSIGPIPE)
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd >= 0 && !pq_fd_adopt(fd)) {
        (void)close(fd);
        return -1;
    }
    return fd;
#endif
}

bool pq_fd_is_tcp(int fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return false;
    return at.ss_family == AF_INET || at.ss_family == AF_INET6;
}

void pq_fd_no_delay(int fd)
{
    switch_on(fd, IPPROTO_TCP, TCP_NODELAY);
}

void pq_fd_quick_ack(int fd)
{
#ifdef TCP_QUICKACK
    switch_on(fd, IPPROTO_TCP, TCP_QUICKACK);
#else
    (void)fd;
#endif
}

void pq_fd_reset_on_close(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}
