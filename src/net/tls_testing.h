/* SPDX-License-Identifier: Apache-2.0
 *
 * Two engines joined in memory. Included by *_test.c only.
 */
#ifndef PQ_NET_TLS_TESTING_H
#define PQ_NET_TLS_TESTING_H

#include "net/testing.h"

/* ---- a wire ---------------------------------------------------------------------------------- */

/* Moves at most `step` octets of what `from` wants to send; false when there is nothing. */
static inline bool wire_move(struct pq_tls *from, struct pq_tls *to, size_t step)
{
    struct pq_slice piece = pq_slice_first(pq_tls_send_buf(from), step);
    struct pq_slice in = guard_slice(piece);
    size_t fed = pq_tls_feed(to, in);
    pq_tls_send_ack(from, pq_tls_end(to) == PQ_TLS_END_NONE ? fed : piece.len);
    return piece.len > 0;
}

/* Lets both sides go on until neither moves any more. */
static inline void run_handshake(struct pq_tls *a, struct pq_tls *b, size_t step)
{
    bool moved = true;
    while (moved) {
        (void)!pq_tls_handshake(a);
        moved = wire_move(a, b, step);
        (void)!pq_tls_handshake(b);
        moved = wire_move(b, a, step) || moved;
    }
}

/* A pair of engines with its contexts. */
struct duo {
    struct pq_tls_context *client_context, *server_context;
    struct pq_tls *client, *server;
};

static inline void duo_connect(struct duo *d, const struct pq_tls_peer *peer)
{
    d->client = pq_tls_new(d->client_context, peer, NULL);
    d->server = pq_tls_new(d->server_context, NULL, NULL);
    assert_non_null(d->client);
    assert_non_null(d->server);
}

static inline void duo_disconnect(struct duo *d)
{
    pq_tls_free(d->client);
    pq_tls_free(d->server);
    d->client = d->server = NULL;
}

static inline void duo_free(struct duo *d)
{
    duo_disconnect(d);
    pq_tls_context_free(d->client_context);
    pq_tls_context_free(d->server_context);
}

/* ---- the usual pair -------------------------------------------------------------------------- */

/* Issues what duo_make() needs: a root "ca" and a certificate "good". */
static inline void issue_usual(const struct test_folder *f)
{
    struct pq_ca *ca = ca_make(f, "ca");
    issue_dns(ca, "good", "pop.example.test");
    pq_ca_free(ca);
}

static const struct pq_tls_peer usual = {.sni = "pop.example.test", .name = "pop.example.test"};

/* Contexts of a client and a server that speak this version. */
static inline struct duo duo_make(const struct test_folder *f, enum pq_tls_version version)
{
    struct test_files good = files_of(f, "good"), root = files_of(f, "ca");
    struct pq_tls_identity identity = identity_of(&good);
    bool weak = version < PQ_TLS_1_2;
    struct pq_tls_config client = {
        .verify = true, .weak = weak, .min = version, .max = version, .ca = {.file = root.cert}};
    struct pq_tls_config server = {.server = true,
                                   .weak = weak,
                                   .min = weak ? version : PQ_TLS_DEFAULT,
                                   .identities = &identity,
                                   .identities_len = 1};
    return (struct duo){.client_context = context_of(&client),
                        .server_context = context_of(&server)};
}

#endif
