/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the real wire share.
 */
#ifndef PQ_DIALOGUE_PLAYER_WIRE_NET_INTERNAL_H
#define PQ_DIALOGUE_PLAYER_WIRE_NET_INTERNAL_H

#include "dialogue/player/wire_net.h"

/* The context for a way to ask for TLS, made when it is asked for first. It lives as long
 * as the target. NULL, with the reason in `*why`. */
struct pq_tls_context *
target_context(struct pq_target *t, const struct pq_wire_tls_options *options, struct pq_why *why);
/* A pq_io that is `w->inner`, except that it changes an octet of a write when told to. */
struct pq_io wire_net_io(struct pq_wire_net *w);

#endif
