/* SPDX-License-Identifier: Apache-2.0
 *
 * What the session and the event loop ask of the dialogue that a connection has, if any. Every
 * function accepts NULL and then does nothing, or says what holds without a dialogue.
 */
#ifndef PQ_MOCK_ACTOR_LINK_H
#define PQ_MOCK_ACTOR_LINK_H

#include "mock/server.h"

struct actor;

/* The dialogue of the next connection; NULL: the server has none, or (`*ok` unset) no memory. */
struct actor *actor_new(struct pq_server *s, bool *ok);
void actor_free(struct actor *a);
/* The session is set up and its greeting written. */
void actor_begin(struct actor *a);

/* Whether the client's octets go to the dialogue first; and as pq_server_take(). */
bool actor_listens(const struct actor *a);
size_t actor_take(struct actor *a, struct pq_slice in);
/* As pq_server_out() and pq_server_sent(); false: what was sent is not of the dialogue. */
struct pq_slice actor_out(struct actor *a);
bool actor_sent(struct actor *a, size_t n);
/* Something was sent, or the time has come for something. */
void actor_go_on(struct actor *a);
/* When actor_go_on() is due at the latest. */
uint64_t actor_wake_ms(const struct actor *a);

bool actor_is_busy(const struct actor *a);
/* The dialogue is not at its end, or not all of it was sent: it decides when the connection is. */
bool actor_is_playing(const struct actor *a);
bool actor_wants_tls(const struct actor *a);
void actor_on_tls(struct actor *a, bool ok);
void actor_on_end(struct actor *a);
bool actor_closes_tls(const struct actor *a);
bool actor_wants_reset(const struct actor *a);
bool actor_is_half_closed(const struct actor *a);

#endif
