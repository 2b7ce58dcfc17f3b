/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/io_internal.h"

/* Connections that may wait to be accepted; the kernel may take fewer. */
#define LISTEN_QUEUE 128

static void set_option(int fd, int level, int option)
{
    const int on = 1;
    (void)setsockopt(fd, level, option, &on, sizeof(on));
}

/* Whether a socket file has nobody behind it: its program died without removing it. */
static bool is_left_behind(const struct pq_endpoint *e, const char *path)
{
    struct stat st;
    if (e->at.ss_family != AF_UNIX || lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = pq_fd_socket(AF_UNIX);
    bool dead = fd >= 0 && connect(fd, (const struct sockaddr *)&e->at, e->len) != 0 &&
                errno == ECONNREFUSED;
    if (fd >= 0)
        (void)close(fd);
    return dead;
}

static bool bind_endpoint(int fd, const struct pq_endpoint *e, const char *path)
{
    const struct sockaddr *at = (const struct sockaddr *)&e->at;
    if (bind(fd, at, e->len) == 0)
        return true;
    if (errno != EADDRINUSE)
        return false;
    if (is_left_behind(e, path) && unlink(path) == 0)
        return bind(fd, at, e->len) == 0;
    errno = EADDRINUSE;
    return false;
}

static enum pq_status listen_refused(const struct pq_addr *addr, int error, struct pq_why *why)
{
    const char *cure = addr->kind == PQ_ADDR_TCP ? "or use port 0" : "or use another path";
    struct pq_addr_text text = pq_addr_text(addr);
    if (error != EADDRINUSE)
        return pq_why_errno(why, PQ_STATUS_NET, error, "cannot listen on %s", text.at);
    return pq_why_fail(why, PQ_STATUS_NET, "%s is in use: end the program that holds it, %s",
                       text.at, cure);
}

static enum pq_status listen_on(struct pq_listener *l, const struct pq_endpoint *e,
                                struct pq_why *why)
{
    struct pq_addr bound;
    l->fd = pq_fd_socket(e->at.ss_family);
    if (l->fd < 0)
        return listen_refused(&l->addr, errno, why);
    if (e->at.ss_family != AF_UNIX)
        set_option(l->fd, SOL_SOCKET, SO_REUSEADDR);
    if (e->at.ss_family == AF_INET6)
        set_option(l->fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (!bind_endpoint(l->fd, e, l->addr.path) || listen(l->fd, LISTEN_QUEUE) != 0)
        return listen_refused(&l->addr, errno, why);
    if (l->addr.kind == PQ_ADDR_TCP && pq_addr_of_socket(l->fd, &bound) == PQ_STATUS_OK)
        l->addr.port = bound.port;
    return PQ_STATUS_OK;
}

enum pq_status pq_listener_open(struct pq_listener *l, const struct pq_addr *addr, bool everywhere,
                                struct pq_why *why)
{
    struct pq_endpoints found;
    *l = (struct pq_listener){.fd = -1, .addr = *addr};
    enum pq_status status = pq_addr_resolve(addr, &found, why);
    if (status != PQ_STATUS_OK)
        return status;
    if (!everywhere && !pq_endpoint_is_loopback(&found.each[0]))
        return pq_why_fail(why, PQ_STATUS_ADDRESS,
                           "%s is not loopback: permit it by name if other machines may connect",
                           pq_addr_text(addr).at);
    status = listen_on(l, &found.each[0], why);
    if (status != PQ_STATUS_OK && l->fd >= 0) {
        (void)close(l->fd);
        l->fd = -1;
    }
    return status;
}

enum pq_status pq_listener_accept(struct pq_listener *l, struct pq_stream *s, uint64_t deadline)
{
    struct pollfd waiting = {.fd = l->fd, .events = POLLIN};
    for (;;) {
        int fd = s->io->accept(s->io->ctx, l->fd);
        if (fd >= 0)
            return pq_stream_from_fd(s, fd, fd);
        int error = errno;
        /* A client that went away while it waited is not the listener's failure. */
        bool again =
            error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ECONNABORTED;
        if (!again)
            return pq_why_errno(&s->why, PQ_STATUS_NET, error, "cannot accept on %s",
                                pq_addr_text(&l->addr).at);
        enum pq_status status = pq_io_wait(s->io, &waiting, 1, deadline);
        if (status != PQ_STATUS_OK)
            return status;
    }
}

void pq_listener_close(struct pq_listener *l)
{
    if (l->fd < 0)
        return;
    (void)close(l->fd);
    l->fd = -1;
    if (l->addr.kind == PQ_ADDR_UNIX)
        (void)unlink(l->addr.path);
}
