/* SPDX-License-Identifier: Apache-2.0
 *
 * A peer without a thread of its own: waiting is replaced, so that it makes its step when our side
 * would sleep. Whatever the machine does meanwhile, the same calls happen in the same order, and
 * any of them can be made to fail. Included by *_test.c only.
 */
#ifndef PQ_NET_PEER_TESTING_H
#define PQ_NET_PEER_TESTING_H

#include "net/testing.h"

#include <errno.h>
#include <sys/socket.h>

#include "net/stream.h"

/* ---- the other side -------------------------------------------------------------------------- */

/* What the peer does, in this order, each when its turn has come. */
enum act {
    ACT_END,       /* nothing more */
    ACT_GREET,     /* sends "+OK\r\n" */
    ACT_HANDSHAKE, /* until it is complete */
    ACT_ECHO,      /* returns what it receives, until the end */
    ACT_CLOSE,     /* close_notify and FIN */
    ACT_CUT,       /* FIN alone */
    ACT_RESET,     /* closes with octets unread, which is a reset on a Unix socket */
    ACT_PLAIN,     /* "-ERR no TLS\r\n" */
    ACT_TAKE,      /* receives something and forgets it */
    ACT_ALERT,     /* a fatal alert and then plain text */
    ACT_NOTIFY,    /* close_notify only */
};

/* Which call fails, counted over all calls of its kind. */
enum kind { KIND_SEND, KIND_RECV, KIND_WAIT, KIND_HANDSHAKE, KIND_COUNT };

struct peer {
    struct pq_stream stream;
    struct pq_tls_context *context; /* of the server that it is */
    const enum act *acts;
    uint64_t now;
    size_t calls[KIND_COUNT];
    enum kind fail_kind;
    size_t fail_at; /* zero: never */
};

static inline bool peer_send(struct peer *p, struct pq_slice octets)
{
    assert_int_equal(pq_stream_send(&p->stream, &octets, 0), PQ_STREAM_OK);
    return true;
}

static inline bool peer_echo(struct peer *p)
{
    uint8_t memory[512];
    size_t got = 0;
    enum pq_stream_result result = pq_stream_recv(&p->stream, memory, sizeof(memory), &got, 0);
    struct pq_slice back = pq_slice_of(memory, got);
    if (result == PQ_STREAM_OK)
        (void)!pq_stream_send(&p->stream, &back, 0);
    return result != PQ_STREAM_TIMEOUT;
}

/* One try; true when the act is over. */
static inline bool peer_act(struct peer *p, enum act act)
{
    struct pq_slice nothing = {NULL, 0};
    switch (act) {
    case ACT_END:
        return false;
    case ACT_GREET:
        return peer_send(p, PQ_SLICE("+OK\r\n"));
    case ACT_HANDSHAKE:
        if (!p->stream.tls)
            assert_int_equal(pq_stream_tls_begin(&p->stream, p->context, NULL), PQ_STATUS_OK);
        return pq_stream_tls_handshake(&p->stream, nothing, 0) != PQ_STARTTLS_TIMEOUT;
    case ACT_ECHO:
        (void)peer_echo(p);
        return false;
    case ACT_CLOSE:
        pq_stream_close(&p->stream);
        return true;
    case ACT_CUT:
        pq_stream_cut(&p->stream);
        return true;
    case ACT_RESET:
        pq_stream_reset(&p->stream);
        return true;
    case ACT_PLAIN:
        return peer_send(p, PQ_SLICE("-ERR no TLS\r\n"));
    case ACT_TAKE:
        return recv(pq_stream_fd(&p->stream), (uint8_t[512]){0}, 512, 0) > 0;
    case ACT_ALERT:
        return peer_send(p, PQ_SLICE("\x15\x03\x01\x00\x02\x02\x50-ERR\r\n"));
    case ACT_NOTIFY:
        pq_tls_close(p->stream.tls);
        return pq_stream_send(&p->stream, &nothing, 0) == PQ_STREAM_OK;
    }
    return true;
}

static inline void peer_run(struct peer *p)
{
    while (p->acts && peer_act(p, *p->acts))
        p->acts++;
}

/* ---- our side's calls ------------------------------------------------------------------------ */

static inline bool fails(struct peer *p, enum kind kind)
{
    p->calls[kind]++;
    errno = EIO;
    return p->fail_at > 0 && kind == p->fail_kind && p->calls[kind] == p->fail_at;
}

static inline ssize_t rig_send(void *ctx, int fd, struct pq_slice octets)
{
    return fails(ctx, KIND_SEND) ? -1 : pq_io_system()->send(NULL, fd, octets);
}

static inline ssize_t rig_recv(void *ctx, int fd, void *at, size_t cap)
{
    return fails(ctx, KIND_RECV) ? -1 : pq_io_system()->recv(NULL, fd, at, cap);
}

static inline enum pq_next rig_handshake(void *ctx, struct pq_tls *tls)
{
    return fails(ctx, KIND_HANDSHAKE) ? PQ_NEXT_ERROR : pq_tls_handshake(tls);
}

/* The peer makes its step; when there is nothing to wait for then, time passes. */
static inline int rig_wait(void *ctx, struct pollfd *fds, size_t n, int timeout_ms)
{
    struct peer *p = ctx;
    if (fails(p, KIND_WAIT))
        return -1;
    peer_run(p);
    int ready = poll(fds, (nfds_t)n, 0);
    if (ready == 0)
        p->now += timeout_ms > 0 ? (uint64_t)timeout_ms : 0;
    return ready;
}

static inline uint64_t rig_now(void *ctx)
{
    return ((const struct peer *)ctx)->now;
}

static inline struct pq_io rig_io(struct peer *p)
{
    return (struct pq_io){.send = rig_send,
                          .recv = rig_recv,
                          .wait = rig_wait,
                          .handshake = rig_handshake,
                          .now_ms = rig_now,
                          .ctx = p};
}

/* Our stream, joined to a peer. Must not be moved. */
struct link {
    struct pq_stream ours;
    struct peer peer;
    struct pq_io io;
};

/* The peer will act as told, with the context of a server. */
static inline void link_make(struct link *l, struct pq_tls_context *context, const enum act *acts)
{
    int fds[2];
    *l = (struct link){.peer = {.context = context, .acts = acts}};
    l->io = rig_io(&l->peer);
    pq_stream_init(&l->ours, &l->io);
    pq_stream_init(&l->peer.stream, NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(pq_stream_from_fd(&l->ours, fds[0], fds[0]), PQ_STATUS_OK);
    assert_int_equal(pq_stream_from_fd(&l->peer.stream, fds[1], fds[1]), PQ_STATUS_OK);
}

static inline void link_break(struct link *l)
{
    pq_stream_close(&l->ours);
    pq_stream_close(&l->peer.stream);
}

/* ---- one step of ours ------------------------------------------------------------------------ */

#define PATIENCE 1000u /* on the rig's clock, which nothing else moves */

static const struct pq_tls_peer usual = {.sni = "pop.example.test", .name = "pop.example.test"};

/* Receives until `len` octets are there; false on any other result. */
static inline bool take(struct pq_stream *s, const char *text, enum pq_stream_result *result)
{
    uint8_t memory[64];
    size_t len = 0, got = 0;
    while (len < strlen(text)) {
        *result = pq_stream_recv(s, memory + len, strlen(text) - len, &got, PATIENCE);
        if (*result != PQ_STREAM_OK)
            return false;
        len += got;
    }
    assert_memory_equal(memory, text, len);
    return true;
}

static inline void expect(struct pq_stream *s, const char *text)
{
    enum pq_stream_result result = PQ_STREAM_OK;
    assert_true(take(s, text, &result));
}

static inline enum pq_stream_result recv_one(struct pq_stream *s)
{
    uint8_t octet;
    size_t got = 0;
    return pq_stream_recv(s, &octet, 1, &got, PATIENCE);
}

/* ---- contexts -------------------------------------------------------------------------------- */

/* Of a server for pop.example.test, a client that trusts its root, and one that trusts another. */
struct contexts {
    struct pq_tls_context *server, *client, *stranger;
};

static inline struct pq_tls_context *trusting(const struct test_folder *f, const char *ca_name)
{
    struct test_files root = files_of(f, ca_name);
    struct pq_tls_config config = {.verify = true, .ca = {.file = root.cert}};
    return context_of(&config);
}

static inline struct contexts contexts_make(void)
{
    struct test_folder f = folder_make();
    struct pq_ca *ca = ca_make(&f, "ca"), *other = ca_make(&f, "other");
    issue_dns(ca, "good", "pop.example.test");
    struct test_files good = files_of(&f, "good");
    struct pq_tls_identity identity = identity_of(&good);
    struct pq_tls_config server = {.server = true, .identities = &identity, .identities_len = 1};
    struct contexts c = {context_of(&server), trusting(&f, "ca"), trusting(&f, "other")};
    pq_ca_free(ca);
    pq_ca_free(other);
    folder_remove(&f);
    return c;
}

static inline void contexts_free(struct contexts *c)
{
    pq_tls_context_free(c->server);
    pq_tls_context_free(c->client);
    pq_tls_context_free(c->stranger);
}

#endif
