/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/plan.h"

#include <string.h>

const char *pq_step_word(enum pq_step_kind kind)
{
    switch (kind) {
#define X(name, word)                                                                              \
    case PQ_STEP_##name:                                                                           \
        return word;
        PQ_STEP_LIST(X)
#undef X
    }
    return "unknown";
}

void pq_plan_clear(struct pq_plan *p)
{
    p->count = 0;
    p->used = 0;
}

bool pq_plan_add(struct pq_plan *p, enum pq_step_kind kind, unsigned conn, struct pq_slice octets,
                 bool hurry)
{
    if (p->count == PQ_PLAN_STEPS_MAX || octets.len > PQ_PLAN_OCTETS_MAX - p->used)
        return false;
    p->steps[p->count++] = (struct pq_step){
        .kind = (uint8_t)kind,
        .conn = (uint8_t)conn,
        .hurry = hurry,
        .at = (uint16_t)p->used,
        .len = (uint16_t)octets.len,
    };
    if (octets.len > 0)
        memcpy(p->octets + p->used, octets.at, octets.len);
    p->used += octets.len;
    return true;
}

struct pq_slice pq_plan_octets(const struct pq_plan *p, const struct pq_step *step)
{
    return pq_slice_of(p->octets + step->at, step->len);
}

bool pq_plan_equal(const struct pq_plan *a, const struct pq_plan *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++) {
        const struct pq_step *x = &a->steps[i], *y = &b->steps[i];
        same = x->kind == y->kind && x->conn == y->conn && x->hurry == y->hurry &&
               pq_slice_equal(pq_plan_octets(a, x), pq_plan_octets(b, y));
    }
    return same;
}
