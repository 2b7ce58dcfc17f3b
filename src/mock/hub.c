/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/hub_internal.h"

#include <signal.h>
#include <unistd.h>

#define HUB_BACKLOG 4096

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
    hub_sweep(timer->data);
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
        hub_accept(l->hub, stream, l->socket.addr.kind == PQ_ADDR_UNIX, l->implicit);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static int listen_on(struct hub *h, struct hub_listener *l)
{
    bool unix_socket = l->socket.addr.kind == PQ_ADDR_UNIX;
    int error = unix_socket ? uv_pipe_init(&h->loop, &l->handle.pipe, 0)
                            : uv_tcp_init(&h->loop, &l->handle.tcp);
    l->handle.any.data = l;
    if (error == 0)
        error = unix_socket ? uv_pipe_open(&l->handle.pipe, l->socket.fd)
                            : uv_tcp_open(&l->handle.tcp, l->socket.fd);
    if (error == 0)
        error = uv_listen(&l->handle.stream, HUB_BACKLOG, on_connection);
    return error;
}

static enum pq_status open_listener(struct hub *h, size_t i, struct pq_why *why)
{
    struct hub_listener *l = &h->listeners[i];
    struct pq_hub_listener *wanted = &h->config->listeners[i];
    l->hub = h;
    l->implicit = wanted->implicit;
    enum pq_status status = pq_listener_open(&l->socket, &wanted->addr, h->config->everywhere, why);
    if (status != PQ_STATUS_OK)
        return status;
    wanted->addr = l->socket.addr;
    int error = listen_on(h, l);
    return error == 0 ? PQ_STATUS_OK
                      : pq_why_fail(why, PQ_STATUS_NET, "%s: cannot listen: %s",
                                    pq_addr_text(&wanted->addr).at, uv_strerror(error));
}

static bool begin_signals(struct hub *h)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        if (uv_signal_init(&h->loop, &h->signals[i]) != 0)
            return false;
        h->signals[i].data = h;
        if (uv_signal_start(&h->signals[i], on_signal, numbers[i]) != 0)
            return false;
        uv_unref((uv_handle_t *)&h->signals[i]);
    }
    return true;
}

static enum pq_status begin(struct hub *h, struct pq_why *why)
{
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || !begin_signals(h) ||
        uv_timer_init(&h->loop, &h->sweep) != 0 ||
        uv_timer_start(&h->sweep, on_sweep, HUB_SWEEP_MS, HUB_SWEEP_MS) != 0)
        return pq_why_fail(why, PQ_STATUS_NET, "the event loop cannot be set up");
    h->sweep.data = h;
    for (size_t i = 0; i < h->config->listener_count; i++) {
        enum pq_status status = open_listener(h, i, why);
        if (status != PQ_STATUS_OK)
            return status;
    }
    if (h->config->control && !hub_control_begin(h))
        return pq_why_fail(why, PQ_STATUS_NET, "standard input cannot be read for --control");
    return PQ_STATUS_OK;
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

enum pq_status pq_hub_run(struct pq_hub_config *config, struct pq_why *why)
{
    struct pq_alloc alloc = config->links.mock->alloc;
    struct hub *h = alloc.resize(alloc.ctx, NULL, sizeof(*h));
    if (!h)
        return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "no memory for the event loop");
    *h = (struct hub){.config = config, .manual_ms = config->clock_ms};
    if (config->connections_max == 0)
        config->connections_max = PQ_HUB_CONNECTIONS_MAX;
    for (size_t i = 0; i < PQ_HUB_LISTENERS_MAX; i++)
        h->listeners[i].socket.fd = -1;
    pq_bytes_init(&h->control_line, alloc, HUB_CONTROL_LINE_MAX);
    enum pq_status status = PQ_STATUS_NET;
    if (uv_loop_init(&h->loop) != 0) {
        (void)pq_why_fail(why, status, "the event loop cannot be set up");
    } else {
        status = begin(h, why);
        if (status == PQ_STATUS_OK) {
            config->ready(config);
            (void)uv_run(&h->loop, UV_RUN_DEFAULT);
        }
        finish(h);
    }
    alloc.resize(alloc.ctx, h, 0);
    return status;
}
