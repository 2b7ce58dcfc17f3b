/* SPDX-License-Identifier: Apache-2.0
 * The shim's view of waiting for input: before a process does that, it wakes the bridge, which
 * then looks whether all of them sleep. A wait that is nothing but a sleep is left out. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/bridge/shim.h"

/* ---- what is behind the shim ----------------------------------------------------------------- */

typedef int poll_fn(struct pollfd *fds, nfds_t n, int timeout_ms);
typedef int ppoll_fn(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                     const sigset_t *mask);
typedef int select_fn(int n, fd_set *in, fd_set *out, fd_set *others, struct timeval *timeout);
typedef int epoll_wait_fn(int fd, struct epoll_event *events, int n, int timeout_ms);
typedef int epoll_pwait_fn(int fd, struct epoll_event *events, int n, int timeout_ms,
                           const sigset_t *mask);

static poll_fn *next_poll;
static ppoll_fn *next_ppoll;
static select_fn *next_select;
static epoll_wait_fn *next_epoll_wait;
static epoll_pwait_fn *next_epoll_pwait;

/* Early, so that it is not done in every session. */
__attribute__((constructor)) static void resolve(void)
{
    *(void **)&next_poll = pq_shim_next("poll");
    *(void **)&next_ppoll = pq_shim_next("ppoll");
    *(void **)&next_select = pq_shim_next("select");
    *(void **)&next_epoll_wait = pq_shim_next("epoll_wait");
    *(void **)&next_epoll_pwait = pq_shim_next("epoll_pwait");
}

/* Declared by the system for _GNU_SOURCE only, which declares others so that ISO C cannot define
 * them. */
int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags);
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask);

void pq_shim_before_wait(void)
{
    if (pq_shim_page())
        pq_shim_changed(pq_shim_page());
}

static bool has_input(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    struct timespec now = {0, 0};
    return syscall(SYS_ppoll, &one, 1, &now, NULL, 0) != 0;
}

void pq_shim_before_read(int fd)
{
    if (pq_shim_page() && !has_input(fd))
        pq_shim_changed(pq_shim_page());
}

/* Whether a wait is a mere sleep, which is counted. */
static bool is_sleep(bool watches_nothing, bool has_timeout)
{
    if (!watches_nothing || !has_timeout || !pq_shim_page())
        return false;
    atomic_fetch_add(&pq_shim_page()->sleeps, 1);
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

PQ_SHIM_EXPORT ssize_t read(int fd, void *at, size_t cap)
{
    pq_shim_before_read(fd);
    return syscall(SYS_read, fd, at, cap);
}

/* NOLINTNEXTLINE(readability-function-size): POSIX has six parameters */
PQ_SHIM_EXPORT ssize_t recvfrom(int fd, void *at, size_t cap, int flags, struct sockaddr *from,
                                socklen_t *len)
{
    pq_shim_before_read(fd);
    return syscall(SYS_recvfrom, fd, at, cap, flags, from, len);
}

PQ_SHIM_EXPORT ssize_t recv(int fd, void *at, size_t cap, int flags)
{
    return recvfrom(fd, at, cap, flags, NULL, NULL);
}

PQ_SHIM_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    pq_shim_before_read(fd);
    return syscall(SYS_recvmsg, fd, message, flags);
}

/* What one process of the server writes to another one is there at once: the kernel would keep a
 * small write back for tens of milliseconds while all of them sleep. */
static void hold_nothing_back(int fd)
{
    const int on = 1;
    if (pq_shim_page() && fd >= 0)
        (void)syscall(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

PQ_SHIM_EXPORT int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
    pq_shim_before_read(fd);
    int made = (int)syscall(SYS_accept4, fd, from, len, flags);
    int error = errno;
    hold_nothing_back(made);
    errno = error;
    return made;
}

PQ_SHIM_EXPORT int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    int error = errno;
    hold_nothing_back(fd);
    errno = error;
    return (int)syscall(SYS_connect, fd, to, len);
}

PQ_SHIM_EXPORT int accept(int fd, struct sockaddr *from, socklen_t *len)
{
    return accept4(fd, from, len, 0);
}

/* ---- waiting for several --------------------------------------------------------------------- */

PQ_SHIM_EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    if (!next_poll)
        resolve();
    if (is_sleep(n == 0, timeout_ms > 0))
        return 0;
    if (timeout_ms != 0)
        pq_shim_before_wait();
    return next_poll(fds, n, timeout_ms);
}

PQ_SHIM_EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                         const sigset_t *mask)
{
    if (!next_ppoll)
        resolve();
    if (is_sleep(n == 0, timeout != NULL))
        return 0;
    pq_shim_before_wait();
    return next_ppoll(fds, n, timeout, mask);
}

PQ_SHIM_EXPORT int select(int n, fd_set *in, fd_set *out, fd_set *others, struct timeval *timeout)
{
    if (!next_select)
        resolve();
    if (is_sleep(n == 0 || (!in && !out && !others), timeout != NULL))
        return 0;
    if (!timeout || timeout->tv_sec || timeout->tv_usec)
        pq_shim_before_wait();
    return next_select(n, in, out, others, timeout);
}

PQ_SHIM_EXPORT int epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms)
{
    if (!next_epoll_wait)
        resolve();
    if (timeout_ms != 0)
        pq_shim_before_wait();
    return next_epoll_wait(fd, events, n, timeout_ms);
}

PQ_SHIM_EXPORT int epoll_pwait(int fd, struct epoll_event *events, int n, int timeout_ms,
                               const sigset_t *mask)
{
    if (!next_epoll_pwait)
        resolve();
    if (timeout_ms != 0)
        pq_shim_before_wait();
    return next_epoll_pwait(fd, events, n, timeout_ms, mask);
}
