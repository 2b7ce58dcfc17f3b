/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection of the mock server as octets on the wire: a session, and TLS around it when it is
 * implicit or when STLS began it. No sockets. The shape of use:
 *
 *     while (pq_link_wants_input(l)) pq_link_input(l, received, now_ms);
 *     send pq_link_output(l), then pq_link_sent(l, n, now_ms);
 *     close when pq_link_is_over(l)
 */
#ifndef PQ_MOCK_LINK_H
#define PQ_MOCK_LINK_H

#include "mock/server.h"
#include "mock/transcript.h"
#include "net/tls.h"

/* Octets that one pq_link_input() may bring. */
#define PQ_LINK_INPUT_MAX 65536u

struct pq_link;

/* What the links of one server share. */
struct pq_link_config {
    struct pq_mock *mock;
    struct pq_tls_context *tls;       /* NULL: no TLS */
    struct pq_transcript *transcript; /* or NULL */
};

/* Begins a connection; `implicit` starts with the handshake. NULL: no memory, or no TLS. `config`
 * outlives it. */
struct pq_link *pq_link_new(const struct pq_link_config *config, bool implicit, uint64_t now_ms);
/* Accepts NULL. A session that is not over is dropped. */
void pq_link_free(struct pq_link *l);

/* False while what came before is not dealt with: the peer must read first. */
bool pq_link_wants_input(const struct pq_link *l);
/* Takes all of `octets` (at most PQ_LINK_INPUT_MAX). */
void pq_link_input(struct pq_link *l, struct pq_slice octets, uint64_t now_ms);
/* The peer ended its direction: what it sent before is still answered. */
void pq_link_eof(struct pq_link *l, uint64_t now_ms);
/* The peer reset the connection. */
void pq_link_reset(struct pq_link *l);

/* What is to be sent; valid until the next call. */
struct pq_slice pq_link_output(struct pq_link *l);
void pq_link_sent(struct pq_link *l, size_t n, uint64_t now_ms);

/* Everything is said: close the connection; with a reset, when that is wanted. */
bool pq_link_is_over(struct pq_link *l);
bool pq_link_wants_reset(const struct pq_link *l);
/* Our direction ends once the output is sent, and the client's is still read. */
bool pq_link_is_half_closed(const struct pq_link *l);

/* When pq_link_wake() is due, and the call: something is to be sent or judged then. */
uint64_t pq_link_wake_ms(const struct pq_link *l);
void pq_link_wake(struct pq_link *l, uint64_t now_ms);

uint64_t pq_link_deadline_ms(const struct pq_link *l);
void pq_link_on_time(struct pq_link *l, uint64_t now_ms);

#endif
