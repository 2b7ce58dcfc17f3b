/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/hub_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define HUB_BACKLOG 4096
/* Descriptors besides those of connections: listeners, the loop's own, files. */
#define HUB_OTHER_FDS 64u

static const int ending_signals[HUB_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

uint64_t hub_now_ms(const struct hub *h)
{
    return h->config->manual_clock ? h->manual_ms : uv_now(&h->loop);
}

void hub_sweep(struct hub *h)
{
    uint64_t now_ms = hub_now_ms(h);
    struct hub_peer *next;
    for (struct hub_peer *p = h->peers; p; p = next) {
        next = p->next;
        hub_peer_on_time(p, now_ms);
    }
}

static void on_sweep(uv_timer_t *timer)
{
    struct hub *h = timer->data;
    hub_sweep(h);
    for (size_t i = 0; i < h->config->listener_count; i++)
        if (h->listeners[i].waiting)
            h->listeners[i].waiting = !hub_accept(&h->listeners[i]);
}

static void on_wake(uv_timer_t *timer)
{
    struct hub *h = timer->data;
    h->wake_at_ms = UINT64_MAX;
    hub_sweep(h);
}

void hub_wake_at(struct hub *h, uint64_t at_ms)
{
    uint64_t now_ms = uv_now(&h->loop);
    if (h->config->manual_clock || at_ms >= h->wake_at_ms || at_ms > now_ms + HUB_SWEEP_MS)
        return;
    h->wake_at_ms = at_ms;
    (void)uv_timer_start(&h->wake, on_wake, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    hub_stop(handle->data);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct hub_listener *l = stream->data;
    if (status == 0)
        l->waiting = !hub_accept(l);
}

/* ---- beginning ------------------------------------------------------------------------------- */

/* libuv closes the descriptor that it is given; the listener's own goes with its socket file. */
static int open_handle(struct hub_listener *l)
{
    int fd = fcntl(l->socket.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return uv_translate_sys_error(errno);
    int error = l->socket.addr.kind == PQ_ADDR_UNIX ? uv_pipe_open(&l->handle.pipe, fd)
                                                    : uv_tcp_open(&l->handle.tcp, fd);
    if (error != 0)
        (void)close(fd);
    return error;
}

static int listen_on(struct hub *h, struct hub_listener *l)
{
    bool unix_socket = l->socket.addr.kind == PQ_ADDR_UNIX;
    int error = unix_socket ? uv_pipe_init(&h->loop, &l->handle.pipe, 0)
                            : uv_tcp_init(&h->loop, &l->handle.tcp);
    l->handle.any.data = l;
    if (error == 0)
        error = open_handle(l);
    if (error == 0 && !unix_socket)
        error = uv_tcp_nodelay(&l->handle.tcp, 1); /* every connection inherits it */
    if (error == 0)
        error = uv_listen(&l->handle.stream, HUB_BACKLOG, on_connection);
    return error;
}

static enum pq_status open_listener(struct hub *h, size_t i)
{
    struct hub_listener *l = &h->listeners[i];
    struct pq_hub_listener *wanted = &h->config->listeners[i];
    l->hub = h;
    l->implicit = wanted->implicit;
    enum pq_status status =
        pq_listener_open(&l->socket, &wanted->addr, h->config->everywhere, h->why);
    if (status != PQ_STATUS_OK)
        return status;
    wanted->addr = l->socket.addr;
    int error = listen_on(h, l);
    return error == 0 ? PQ_STATUS_OK
                      : pq_why_fail(h->why, PQ_STATUS_NET, "%s: cannot listen: %s",
                                    pq_addr_text(&wanted->addr).at, uv_strerror(error));
}

static void change_signals(int how)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < HUB_SIGNALS; i++)
        (void)sigaddset(&set, ending_signals[i]);
    (void)sigprocmask(how, &set, NULL);
}

void pq_hub_hold_signals(void)
{
    change_signals(SIG_BLOCK);
}

static bool begin_signals(struct hub *h)
{
    for (size_t i = 0; i < HUB_SIGNALS; i++) {
        if (uv_signal_init(&h->loop, &h->signals[i]) != 0)
            return false;
        h->signals[i].data = h;
        if (uv_signal_start(&h->signals[i], on_signal, ending_signals[i]) != 0)
            return false;
        uv_unref((uv_handle_t *)&h->signals[i]);
    }
    change_signals(SIG_UNBLOCK);
    return signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

/* Asks for as many descriptors as there may be connections. Where the system gives fewer, libuv
 * turns away what is too much. */
static void raise_descriptors(const struct hub *h)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)h->config->connections_max + HUB_OTHER_FDS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
        return;
    limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum pq_status begin(struct hub *h)
{
    raise_descriptors(h);
    if (!begin_signals(h) || uv_timer_init(&h->loop, &h->sweep) != 0 ||
        uv_timer_init(&h->loop, &h->wake) != 0 ||
        uv_timer_start(&h->sweep, on_sweep, HUB_SWEEP_MS, HUB_SWEEP_MS) != 0)
        return pq_why_fail(h->why, PQ_STATUS_NET, "the event loop cannot be set up");
    h->sweep.data = h->wake.data = h;
    h->wake_at_ms = UINT64_MAX;
    enum pq_status status = PQ_STATUS_OK;
    for (size_t i = 0; i < h->config->listener_count && status == PQ_STATUS_OK; i++)
        status = open_listener(h, i);
    if (status == PQ_STATUS_OK && h->config->control)
        status = hub_control_begin(h);
    if (status == PQ_STATUS_OK && !h->config->ready(h->config))
        status = pq_why_fail(h->why, PQ_STATUS_FILE, "the ready line cannot be written");
    return status;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void hub_stop(struct hub *h)
{
    uv_stop(&h->loop);
}

static void finish(struct hub *h)
{
    struct hub_peer *next;
    for (struct hub_peer *p = h->peers; p; p = next) {
        next = p->next;
        hub_peer_close(p);
    }
    uv_walk(&h->loop, close_handle, NULL);
    while (uv_run(&h->loop, UV_RUN_DEFAULT) != 0)
        continue;
    (void)uv_loop_close(&h->loop);
    pq_bytes_free(&h->control_line);
    for (size_t i = 0; i < h->config->listener_count; i++)
        pq_listener_close(&h->listeners[i].socket);
}

static void run(struct hub *h)
{
    if (uv_loop_init(&h->loop) != 0) {
        h->status = pq_why_fail(h->why, PQ_STATUS_NET, "the event loop cannot be set up");
        return;
    }
    h->status = begin(h);
    if (h->status == PQ_STATUS_OK)
        (void)uv_run(&h->loop, UV_RUN_DEFAULT);
    finish(h);
}

enum pq_status pq_hub_run(struct pq_hub_config *config, struct pq_why *why)
{
    struct pq_alloc alloc = config->links.mock->alloc;
    struct hub *h = alloc.resize(alloc.ctx, NULL, sizeof(*h));
    if (!h)
        return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "no memory for the event loop");
    *h = (struct hub){.config = config, .manual_ms = config->clock_ms, .why = why};
    if (config->connections_max == 0)
        config->connections_max = PQ_HUB_CONNECTIONS_MAX;
    for (size_t i = 0; i < PQ_HUB_LISTENERS_MAX; i++)
        h->listeners[i].socket.fd = -1;
    pq_bytes_init(&h->control_line, alloc, HUB_CONTROL_LINE_MAX);
    run(h);
    enum pq_status status = h->status;
    alloc.resize(alloc.ctx, h, 0);
    return status;
}
