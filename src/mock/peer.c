/* SPDX-License-Identifier: Apache-2.0
 * One accepted connection: moves octets between a socket and a link. */
#include <sys/socket.h>

#include "mock/hub_internal.h"

static void service(struct hub_peer *p);

static void on_closed(uv_handle_t *handle)
{
    struct hub_peer *p = handle->data;
    struct hub *h = p->hub;
    if (p->next)
        p->next->previous = p->previous;
    if (p->previous)
        p->previous->next = p->next;
    else
        h->peers = p->next;
    h->peer_count--;
    h->peers_gone++;
    if (h->peers_gone == h->config->sessions_max)
        hub_stop(h);
    struct pq_alloc alloc = h->config->links.mock->alloc;
    alloc.resize(alloc.ctx, p, 0);
}

void hub_peer_close(struct hub_peer *p)
{
    if (p->closing)
        return;
    p->closing = true;
    pq_link_free(p->link); /* releases the maildrop now, not when the loop gets round to it */
    p->link = NULL;
    uv_close(&p->handle.any, on_closed);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct hub_peer *p = handle->data;
    (void)suggested;
    *buf = uv_buf_init(p->hub->buffer, sizeof(p->hub->buffer));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct hub_peer *p = stream->data;
    uint64_t now_ms = hub_now_ms(p->hub);
    if (p->ending && n < 0) {
        hub_peer_close(p);
        return;
    }
    if (p->ending || n == 0)
        return; /* what comes after the end is discarded */
    if (n > 0)
        pq_link_input(p->link, pq_slice_of(buf->base, (size_t)n), now_ms);
    else if (n == UV_EOF)
        pq_link_eof(p->link, now_ms);
    else
        pq_link_reset(p->link);
    service(p);
}

static void set_reading(struct hub_peer *p, bool reading)
{
    if (p->reading == reading)
        return;
    p->reading = reading;
    if (!reading)
        (void)uv_read_stop(&p->handle.stream);
    else if (uv_read_start(&p->handle.stream, lend_buffer, on_read) != 0)
        hub_peer_close(p);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
    struct hub_peer *p = request->data;
    if (p->closing)
        return;
    p->writing = false;
    if (status != 0) {
        hub_peer_close(p);
        return;
    }
    pq_link_sent(p->link, p->write_len, hub_now_ms(p->hub));
    service(p);
}

static uv_buf_t buf_of(struct pq_slice s)
{
    union {
        const uint8_t *at;
        char *base; /* libuv has one type for reading and for writing, which leaves it alone */
    } octets = {s.at};
    return uv_buf_init(octets.base, (unsigned)s.len);
}

/* Sends at once what the socket takes; false when that is nothing now, or the connection is lost.
 */
static bool send_now(struct hub_peer *p, uv_buf_t buf, size_t *turn)
{
    int n = uv_try_write(&p->handle.stream, &buf, 1);
    if (n <= 0) {
        if (n != UV_EAGAIN)
            hub_peer_close(p);
        return false;
    }
    *turn += (size_t)n;
    pq_link_sent(p->link, (size_t)n, hub_now_ms(p->hub));
    return true;
}

/* Hands the output to libuv, which tells when it has left. The link is let alone until then, so
 * that its output does not move. */
static void send_later(struct hub_peer *p, uv_buf_t buf)
{
    p->write.data = p;
    p->write_len = buf.len;
    p->writing = uv_write(&p->write, &p->handle.stream, &buf, 1, on_written) == 0;
    if (!p->writing)
        hub_peer_close(p);
}

/* Sends what waits, until the socket is full or the others have their turn. */
static void send_all(struct hub_peer *p)
{
    size_t turn = 0;
    while (!p->closing && !p->writing && pq_link_output(p->link).len > 0) {
        uv_buf_t buf = buf_of(pq_link_output(p->link));
        bool sent = turn < HUB_TURN_MAX && send_now(p, buf, &turn);
        if (!sent && !p->closing)
            send_later(p, buf);
    }
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* Nothing waits in libuv when a session is over, so the socket is told at once: uv_shutdown() takes
 * a turn of the loop. */
static bool end_direction(const struct hub_peer *p)
{
    uv_os_fd_t fd = -1;
    return uv_fileno(&p->handle.any, &fd) == 0 && shutdown(fd, SHUT_WR) == 0;
}

/* Ends our direction and waits for the peer to end its own: closing at once, with octets unread,
 * would make the kernel throw away the last answer. */
static void end(struct hub_peer *p)
{
    p->ending = true;
    p->linger_until_ms = uv_now(&p->hub->loop) + HUB_LINGER_MS;
    pq_link_free(p->link); /* the session is over: its lock must not outlive it */
    p->link = NULL;
    if (end_direction(p))
        set_reading(p, true);
    else
        hub_peer_close(p);
}

/* A connection of TCP ends by a reset, as a dialogue wants it. */
static void end_by_reset(struct hub_peer *p)
{
    p->closing = true;
    pq_link_free(p->link);
    p->link = NULL;
    if (p->handle.any.type != UV_TCP || uv_tcp_close_reset(&p->handle.tcp, on_closed) != 0)
        uv_close(&p->handle.any, on_closed);
}

static void half_close(struct hub_peer *p)
{
    if (p->half_closed || p->writing || !pq_link_is_half_closed(p->link))
        return;
    p->half_closed = true;
    (void)end_direction(p);
}

static void service(struct hub_peer *p)
{
    send_all(p);
    if (p->closing)
        return;
    half_close(p);
    hub_wake_at(p->hub, pq_link_wake_ms(p->link));
    if (!p->writing && pq_link_is_over(p->link) && pq_link_wants_reset(p->link))
        end_by_reset(p);
    else if (!p->writing && pq_link_is_over(p->link))
        end(p);
    else
        set_reading(p, !p->writing && pq_link_wants_input(p->link));
}

void hub_peer_on_time(struct hub_peer *p, uint64_t now_ms)
{
    if (p->closing)
        return;
    if (p->ending) {
        if (uv_now(&p->hub->loop) >= p->linger_until_ms)
            hub_peer_close(p);
    } else if (!p->writing && now_ms >= pq_link_wake_ms(p->link)) {
        pq_link_wake(p->link, now_ms);
        service(p);
    } else if (now_ms < pq_link_deadline_ms(p->link)) {
        return;
    } else if (p->writing) {
        hub_peer_close(p); /* it has not read its answer for so long */
    } else {
        pq_link_on_time(p->link, now_ms);
        service(p);
    }
}

/* ---- beginning ------------------------------------------------------------------------------- */

static bool init_handle(struct hub *h, struct hub_peer *p, bool unix_socket)
{
    int error = unix_socket ? uv_pipe_init(&h->loop, &p->handle.pipe, 0)
                            : uv_tcp_init(&h->loop, &p->handle.tcp);
    p->handle.any.data = p;
    return error == 0;
}

/* Closes a connection that has no link: one too many, or there is no memory for it. */
static void turn_away(struct hub_peer *p)
{
    p->closing = true;
    uv_close(&p->handle.any, on_closed);
}

static void add_peer(struct hub *h, struct hub_peer *p)
{
    if (h->peers)
        h->peers->previous = p;
    h->peers = p;
    h->peer_count++;
}

static void begin_link(struct hub_peer *p, const struct hub_listener *l)
{
    struct hub *h = p->hub;
    if (h->peer_count <= h->config->connections_max)
        p->link = pq_link_new(&h->config->links, l->implicit, hub_now_ms(h));
    if (p->link)
        service(p);
    else
        turn_away(p);
}

bool hub_accept(struct hub_listener *l)
{
    struct hub *h = l->hub;
    struct pq_alloc alloc = h->config->links.mock->alloc;
    bool unix_socket = l->socket.addr.kind == PQ_ADDR_UNIX;
    struct hub_peer *p = alloc.resize(alloc.ctx, NULL, sizeof(*p));
    if (!p)
        return false;
    *p = (struct hub_peer){.hub = h, .next = h->peers};
    if (!init_handle(h, p, unix_socket)) {
        alloc.resize(alloc.ctx, p, 0);
        return false;
    }
    add_peer(h, p);
    if (uv_accept(&l->handle.stream, &p->handle.stream) != 0) {
        turn_away(p);
        return true;
    }
    begin_link(p, l);
    return true;
}
