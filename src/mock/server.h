/* SPDX-License-Identifier: Apache-2.0
 *
 * One session of the mock server, without sockets: octets in, octets out, and the time as an
 * argument. The shape of use:
 *
 *     taken = pq_server_take(s, octets, now_ms);     octets not taken are offered again later
 *     send pq_server_out(s), then pq_server_sent(s, n, now_ms);
 *     when pq_server_wants_tls(s): do the handshake, then pq_server_on_tls(s, ok, now_ms);
 *     when pq_server_is_over(s): close, after everything was sent
 */
#ifndef PQ_MOCK_SERVER_H
#define PQ_MOCK_SERVER_H

#include "mock/mock.h"
#include "popquiz/sasl.h"

struct pq_server;

#define PQ_CHANNEL_BINDINGS_MAX 2u

/* Begins a session; `tls` is PQ_TLS_IMPLICIT when the handshake is done already. NULL: no memory.
 */
struct pq_server *pq_server_new(struct pq_mock *mock, enum pq_tls_mode tls, uint64_t now_ms);
/* Ends it from any state: a session that is not over is dropped, without UPDATE. Accepts NULL. */
void pq_server_free(struct pq_server *s);

/* Writes commands to `transcript` (or NULL), under the number `conn`. */
struct pq_transcript;
void pq_server_watch(struct pq_server *s, struct pq_transcript *transcript, uint64_t conn);

/* Obeys what the client sent, as far as there is room for the answers; returns how many octets of
 * `in` were taken. Zero may mean: send first. The answers are the same wherever the octets were
 * cut; a line beyond 64 KiB ends the session. */
size_t pq_server_take(struct pq_server *s, struct pq_slice in, uint64_t now_ms);
/* What is to be sent; valid until the next call. After sending, tell how much. */
struct pq_slice pq_server_out(const struct pq_server *s);
void pq_server_sent(struct pq_server *s, size_t n, uint64_t now_ms);

/* +OK to STLS was given: once it is sent, the handshake is due. */
bool pq_server_wants_tls(const struct pq_server *s);
/* What becomes of octets in clear that were read behind STLS and not taken. */
enum pq_leftover pq_server_leftover(struct pq_server *s, struct pq_slice octets);
/* What becomes of the first octets where the handshake is due, when no TLS record begins so. */
enum pq_stray pq_server_stray(struct pq_server *s, struct pq_slice octets, uint64_t now_ms);
/* What TLS is, and whom the client has proven to be: the handshake has ended well. Before
 * pq_server_on_tls(), or behind pq_server_new(). Everything is copied. */
struct pq_channel {
    struct pq_sasl_binding bindings[PQ_CHANNEL_BINDINGS_MAX];
    size_t bindings_len;
    struct pq_sasl_binding wrong;   /* for faults: tls-unique where it is not defined; or no name */
    const struct pq_account *owner; /* the account that the client's certificate is for, or NULL */
};
void pq_server_on_channel(struct pq_server *s, const struct pq_channel *channel);
/* Whether close_notify is sent before the connection is closed. */
bool pq_server_closes_tls(struct pq_server *s);
/* The handshake ended; with `ok` unset so has the session. */
void pq_server_on_tls(struct pq_server *s, bool ok, uint64_t now_ms);

/* An answer is being written, or waits to be sent. */
bool pq_server_is_busy(const struct pq_server *s);
/* The session ended by itself: QUIT was answered, or time ran out. */
bool pq_server_is_over(const struct pq_server *s);
/* The peer closed or reset the connection. */
void pq_server_on_end(struct pq_server *s);

/* A dialogue wants the connection to end by a reset; and our direction to end, while the client's
 * is still read. */
bool pq_server_wants_reset(const struct pq_server *s);
bool pq_server_is_half_closed(const struct pq_server *s);
/* When pq_server_wake() is due, since a dialogue waits for that time; UINT64_MAX: never. */
uint64_t pq_server_wake_ms(const struct pq_server *s);
void pq_server_wake(struct pq_server *s, uint64_t now_ms);

/* When pq_server_on_time() is due, and the call. A timeout ends the session without an answer and
 * without UPDATE (RFC 1939 section 3). */
uint64_t pq_server_deadline_ms(const struct pq_server *s);
void pq_server_on_time(struct pq_server *s, uint64_t now_ms);

#endif
