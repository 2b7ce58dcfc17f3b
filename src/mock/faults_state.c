/* SPDX-License-Identifier: Apache-2.0
 * Faults of state and counting: marks, numbers, totals. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* The message with that number, marked or not. */
static struct pq_message *any_message(struct pq_server *s, uint64_t number)
{
    return number >= 1 && number <= s->maildrop.count ? &s->maildrop.messages[number - 1] : NULL;
}

static struct pq_message *retr_deleted_ok(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    struct pq_message *m = any_message(s, number);
    struct pq_fault *f = pq_fault_of(&s->mock->plan, "retr-deleted-ok");
    if (!m || !m->deleted)
        return m;
    return verb == PQ_VERB_RETR && pq_fault_fires(f) ? m : NULL;
}

void install_retr_deleted_ok(struct pq_behaviour *b)
{
    b->find = retr_deleted_ok;
}

static void stat_total_off_by_one(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    struct pq_fault *f = pq_fault_of(&s->mock->plan, "stat-total-off-by-one");
    *count = s->maildrop.live_count;
    *octets = s->maildrop.live_octets;
    if (*count > 0 && pq_fault_fires(f))
        *octets += f->values[0] * *count;
}

void install_stat_total_off_by_one(struct pq_behaviour *b)
{
    b->totals = stat_total_off_by_one;
}
