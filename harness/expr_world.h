/* SPDX-License-Identifier: Apache-2.0
 *
 * An environment for targets that evaluate expressions: names of every kind of value, three
 * messages, digests that are cheap and always the same.
 */
#ifndef PQ_HARNESS_EXPR_WORLD_H
#define PQ_HARNESS_EXPR_WORLD_H

#include "harness/support.h"

#include "dialogue/expr.h"

struct expr_world {
    struct pq_env env; /* what is evaluated with */
    struct pq_arena scratch;
    struct pq_rand rand;
};

/* "two" is an integer, "list" a list, "yes" a truth, "bound" octets, "pw" a secret. */
void expr_world_open(struct expr_world *w, struct pq_alloc alloc);
void expr_world_close(struct expr_world *w);

#endif
