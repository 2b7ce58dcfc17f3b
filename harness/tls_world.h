/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS for targets: a server with a certificate of its own, and clients that do not look at it. Made
 * once, for the first input; engines of one input leave nothing in it.
 */
#ifndef PQ_HARNESS_TLS_WORLD_H
#define PQ_HARNESS_TLS_WORLD_H

#include "harness/support.h"

#include "net/tls.h"

/* Whom a target makes engines from. */
enum tls_world_side { TLS_WORLD_SERVER, TLS_WORLD_CLIENT_1_2, TLS_WORLD_CLIENT_1_3 };

struct pq_tls_context *tls_world_context(enum tls_world_side side);
/* A new engine; never NULL. */
struct pq_tls *tls_world_new(enum tls_world_side side);

#endif
