/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes a plan shorter while it still shows what it was kept for: steps first, in ever smaller
 * groups (delta debugging), then the octets of those that stay.
 */
#ifndef PQ_EXPLORE_SHRINK_H
#define PQ_EXPLORE_SHRINK_H

#include "explore/plan.h"

struct pq_shrink {
    /* Plays the plan and tells whether it still shows it. */
    bool (*shows)(void *ctx, const struct pq_plan *plan);
    void *ctx;
    unsigned tries; /* how often `shows` may still be called */
};

/* `*plan` shows it; afterwards it is the shortest one found that does. */
void pq_plan_shrink(struct pq_plan *plan, struct pq_shrink *s);

#endif
