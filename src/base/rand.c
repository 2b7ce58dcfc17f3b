/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/base.h"

#include <assert.h>

void pq_rand_init(struct pq_rand *r, uint64_t seed)
{
    /* A multiplier of splitmix64 spreads small seeds; the state must not be zero. */
    r->state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
    if (r->state == 0)
        r->state = 1;
}

uint64_t pq_rand_next(struct pq_rand *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * UINT64_C(2685821657736338717);
}

uint64_t pq_rand_below(struct pq_rand *r, uint64_t below)
{
    assert(below > 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % below;
    uint64_t n;
    do
        n = pq_rand_next(r);
    while (n >= limit);
    return n % below;
}
