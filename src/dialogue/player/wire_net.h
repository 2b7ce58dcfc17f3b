/* SPDX-License-Identifier: Apache-2.0
 *
 * The wire to a real target: streams of src/net. A target is resolved once and keeps its TLS
 * contexts, so that opening a connection reads no file.
 */
#ifndef PQ_DIALOGUE_PLAYER_WIRE_NET_H
#define PQ_DIALOGUE_PLAYER_WIRE_NET_H

#include "dialogue/player/wire.h"
#include "net/stream.h"

/* ---- targets --------------------------------------------------------------------------------- */

/* Borrowed while the target is set up and as long as it lives. Texts may be NULL. */
struct pq_target_config {
    const char *address;     /* as net/addr.h has it; of connections that begin in the clear */
    const char *tls_address; /* of those that begin with TLS; NULL: the same */
    const char *host;        /* for SNI, and the name that a certificate must have */
    const char *ca_file;     /* PEM; NULL: the system's */
    bool verify;             /* the target's certificate must be good */
    const char *client_cert, *client_key; /* PEM */
    const char *keylog; /* file that gets the secrets of TLS, for a packet analyser */
};

/* Every way to ask for TLS: five lowest and five highest versions, verified or not, with a
 * certificate or not. */
#define PQ_TARGET_CONTEXTS_MAX (5u * 5u * 2u * 2u)

struct pq_target {
    struct pq_target_config config;
    struct pq_endpoints plain, tls;
    struct pq_target_context {
        struct pq_tls_context *context;
        uint8_t min, max;
        bool verify, certificate;
    } contexts[PQ_TARGET_CONTEXTS_MAX];
    size_t contexts_count;
    struct pq_alloc alloc;
};

/* Reads and resolves the addresses. ADDRESS, with the reason in `*why`. */
PQ_NODISCARD enum pq_status pq_target_init(struct pq_target *t,
                                           const struct pq_target_config *config,
                                           struct pq_alloc alloc, struct pq_why *why);
void pq_target_free(struct pq_target *t);

/* ---- the wire -------------------------------------------------------------------------------- */

/* Who does what only the runner can do. */
struct pq_asker {
    void (*ask)(void *ctx, const struct pq_ask *ask, struct pq_answer *answer);
    void *ctx;
};

struct pq_wire_net {
    struct pq_target *target;
    const struct pq_io *inner;
    struct pq_io io; /* `inner`, and octets changed on demand */
    struct pq_asker asker;
    void (*gap)(void);
    struct pq_stream streams[PQ_WIRE_CONNS];
    bool begun[PQ_WIRE_CONNS];               /* the ClientHello was given out */
    bool corrupt[PQ_WIRE_CONNS];             /* the next write is to be changed */
    bool had_tls[PQ_WIRE_CONNS];             /* the connection is closed, and TLS was begun on it */
    enum pq_tls_end tls_ends[PQ_WIRE_CONNS]; /* how it ended there */
    struct pq_why why;                       /* of what no stream knows */
};

/* Borrows `target` and `io` (NULL: the system's). `asker.ask` NULL: nobody is there to ask. `gap`
 * NULL: a pause of a millisecond between two writes that shall arrive apart. */
void pq_wire_net_init(struct pq_wire_net *w, struct pq_target *target, const struct pq_io *io,
                      struct pq_asker asker, void (*gap)(void));
/* Closes what is open. */
void pq_wire_net_free(struct pq_wire_net *w);
/* The wire; borrows `w`, which must stay where it is. */
struct pq_wire pq_wire_net_wire(struct pq_wire_net *w);

#endif
