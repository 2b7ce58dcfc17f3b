/* SPDX-License-Identifier: Apache-2.0
 *
 * A scripted POP3 responder on loopback without a thread of its own: it makes its step when the
 * player's side would sleep, and between two writes that shall arrive apart. Time only passes when
 * nobody has anything to do. Included by *_test.c only, with _DEFAULT_SOURCE defined.
 */
#ifndef PQ_DIALOGUE_PLAYER_SERVER_TESTING_H
#define PQ_DIALOGUE_PLAYER_SERVER_TESTING_H

#include "dialogue/player/testing.h"

#include <poll.h>

#include "dialogue/player/wire_net.h"
#include "net/listen.h"
#include "net/testing.h"

#define SERVER_CONNS 8u

/* What to answer to a line that begins with `line`. */
struct reply {
    const char *line;   /* NULL ends the table, and answers everything else */
    const char *octets; /* NULL: nothing */
    enum deed {
        DEED_NONE,
        DEED_TLS,
        DEED_CLOSE,
        DEED_CUT,
        DEED_RESET,
        DEED_DEAF,
        DEED_TLS_EARLY
    } deed;
};

struct server {
    struct pq_listener plain, tls;
    struct pq_tls_context *context; /* of a server; NULL: it knows no TLS */
    const char *greeting;
    const struct reply *replies;
    struct server_conn {
        struct pq_stream stream;
        bool open, handshakes, greets, deaf, keeps_early;
        uint8_t early[1024]; /* what came behind the line that starts TLS */
        size_t early_len;
        char line[512];
        size_t len;
    } conns[SERVER_CONNS];
    char reads[1u << 14]; /* what each read brought, one a line, escaped */
    char ends[256];       /* how connections ended: "closed " or "reset " or "cut " each */
    size_t writes;        /* of the player */
    uint64_t now_ms;
};

static inline void server_note(char *log, size_t cap, const char *text)
{
    size_t len = strlen(log);
    (void)snprintf(log + len, cap - len, "%s", text);
}

static inline void server_send(struct server_conn *c, const char *octets)
{
    struct pq_slice rest = pq_slice_text(octets);
    (void)!pq_stream_send(&c->stream, &rest, pq_io_deadline(pq_io_system(), 1000));
}

static inline void server_do(struct server_conn *c, enum deed deed)
{
    c->handshakes = deed == DEED_TLS || deed == DEED_TLS_EARLY;
    c->early_len = 0;
    c->keeps_early = deed == DEED_TLS_EARLY;
    if (deed == DEED_CLOSE)
        pq_stream_close(&c->stream);
    if (deed == DEED_CUT)
        pq_stream_cut(&c->stream);
    if (deed == DEED_RESET)
        pq_stream_reset(&c->stream);
    c->deaf = deed == DEED_DEAF;
    c->open = deed == DEED_NONE || c->handshakes || deed == DEED_DEAF;
}

static inline void server_answer(const struct server *s, struct server_conn *c)
{
    const struct reply *r = s->replies;
    while (r->line && strncmp(r->line, c->line, strlen(r->line)) != 0)
        r++;
    if (r->octets)
        server_send(c, r->octets);
    server_do(c, r->deed);
}

/* What comes behind a line that ends the clear text is no line any more, as RFC 2595 has it. */
static inline void server_take(struct server *s, struct server_conn *c, const uint8_t *at, size_t n)
{
    char text[2048] = "";
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                pq_ascii_is_printable(at[i]) ? "%c" : "\\%02X", at[i]);
    server_note(s->reads, sizeof(s->reads), text);
    server_note(s->reads, sizeof(s->reads), "\n");
    size_t i = 0;
    for (; i < n && c->open && !c->handshakes && !c->deaf; i++) {
        if (c->len + 1 < sizeof(c->line))
            c->line[c->len++] = (char)at[i];
        if (at[i] != '\n')
            continue;
        c->line[c->len] = 0;
        c->len = 0;
        server_answer(s, c);
    }
    if (c->keeps_early && i < n) {
        memcpy(c->early, at + i, n - i);
        c->early_len = n - i;
    }
}

static inline void server_read(struct server *s, struct server_conn *c)
{
    uint8_t memory[1024];
    size_t got = 0;
    enum pq_stream_result r = pq_stream_recv(&c->stream, memory, sizeof(memory), &got, 0);
    if (r == PQ_STREAM_OK)
        server_take(s, c, memory, got);
    if (r == PQ_STREAM_OK || r == PQ_STREAM_TIMEOUT)
        return;
    bool cut = r == PQ_STREAM_CLOSED && pq_stream_tls_end(&c->stream) == PQ_TLS_END_CUT;
    server_note(s->ends, sizeof(s->ends),
                cut                     ? "cut "
                : r == PQ_STREAM_CLOSED ? "closed "
                : r == PQ_STREAM_RESET  ? "reset "
                                        : "broken ");
    pq_stream_close(&c->stream);
    c->open = false;
}

static inline void server_serve(struct server *s, struct server_conn *c)
{
    if (c->handshakes) {
        if (!c->stream.tls && pq_stream_tls_begin(&c->stream, s->context, NULL) != PQ_STATUS_OK)
            fail_msg("%s", c->stream.why.text);
        enum pq_starttls r =
            pq_stream_tls_handshake(&c->stream, pq_slice_of(c->early, c->early_len), 0);
        c->early_len = 0;
        if (r == PQ_STARTTLS_TIMEOUT)
            return;
        c->handshakes = false;
        if (r != PQ_STARTTLS_OK)
            server_do(c, DEED_CLOSE);
    } else if (c->greets) {
        c->greets = false;
        if (s->greeting)
            server_send(c, s->greeting);
    } else {
        server_read(s, c);
    }
}

static inline void server_accept(struct server *s, struct pq_listener *l, bool tls)
{
    for (size_t i = 0; i < SERVER_CONNS; i++) {
        struct server_conn *c = &s->conns[i];
        if (c->open)
            continue;
        pq_stream_init(&c->stream, NULL);
        c->open = pq_listener_accept(l, &c->stream, 0) == PQ_STATUS_OK;
        c->greets = true;
        c->handshakes = tls;
        c->deaf = false;
        c->len = 0;
        return;
    }
}

static inline void server_step(struct server *s)
{
    if (s->plain.fd >= 0)
        server_accept(s, &s->plain, false);
    if (s->tls.fd >= 0)
        server_accept(s, &s->tls, true);
    for (size_t i = 0; i < SERVER_CONNS; i++)
        if (s->conns[i].open)
            server_serve(s, &s->conns[i]);
}

static inline struct pq_listener server_listen(void)
{
    struct pq_listener l;
    struct pq_addr addr;
    struct pq_why why = {""};
    assert_int_equal(pq_addr_parse(PQ_SLICE("tcp://127.0.0.1:0"), &addr, NULL), PQ_STATUS_OK);
    assert_int_equal(pq_listener_open(&l, &addr, false, &why), PQ_STATUS_OK);
    return l;
}

static inline void server_start(struct server *s, struct pq_tls_context *context,
                                const struct reply *replies)
{
    memset(s, 0, sizeof(*s));
    s->plain = server_listen();
    s->tls = server_listen();
    s->context = context;
    s->greeting = "+OK hi\r\n";
    s->replies = replies;
}

static inline void server_stop(struct server *s)
{
    for (size_t i = 0; i < SERVER_CONNS; i++)
        if (s->conns[i].open)
            pq_stream_close(&s->conns[i].stream);
    pq_listener_close(&s->plain);
    pq_listener_close(&s->tls);
}

/* ---- the player's calls ---------------------------------------------------------------------- */

static inline int rig_connect(void *ctx, int fd, const struct pq_endpoint *to)
{
    (void)ctx;
    return pq_io_system()->connect(NULL, fd, to);
}

static inline ssize_t rig_send(void *ctx, int fd, struct pq_slice octets)
{
    struct server *s = ctx;
    s->writes++;
    return pq_io_system()->send(NULL, fd, octets);
}

static inline ssize_t rig_recv(void *ctx, int fd, void *at, size_t cap)
{
    (void)ctx;
    return pq_io_system()->recv(NULL, fd, at, cap);
}

static inline enum pq_next rig_handshake(void *ctx, struct pq_tls *tls)
{
    (void)ctx;
    return pq_tls_handshake(tls);
}

/* The server works until the player has something to read; when it never does, time passes. */
static inline int rig_wait(void *ctx, struct pollfd *fds, size_t n, int timeout_ms)
{
    struct server *s = ctx;
    for (int i = 0; i < 10; i++) {
        server_step(s);
        int ready = poll(fds, (nfds_t)n, n > 0 ? 2 : 0);
        if (ready != 0)
            return ready;
    }
    s->now_ms += timeout_ms > 0 ? (uint64_t)timeout_ms : 0;
    return 0;
}

static inline uint64_t rig_now(void *ctx)
{
    return ((const struct server *)ctx)->now_ms;
}

static inline struct pq_io server_io(struct server *s)
{
    return (struct pq_io){.connect = rig_connect,
                          .accept = pq_io_system()->accept,
                          .send = rig_send,
                          .recv = rig_recv,
                          .wait = rig_wait,
                          .handshake = rig_handshake,
                          .now_ms = rig_now,
                          .ctx = s};
}

#endif
