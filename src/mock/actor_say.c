/* SPDX-License-Identifier: Apache-2.0
 * What the dialogue sends: steps become writes, which are cut and leave one after the other. */
#include "mock/actor.h"

#include "mock/actor_link.h"

/* Lines of `S*` where the file does not say how many. */
#define MANY_DEFAULT 3u

/* ---- the queue ------------------------------------------------------------------------------- */

static bool grow(struct actor *a)
{
    struct actor_out *o = &a->out;
    struct pq_alloc alloc = a->all->alloc;
    size_t room = o->room == 0 ? 16 : o->room * 2;
    uint32_t *bigger =
        room > ACTOR_WRITES_MAX ? NULL : alloc.resize(alloc.ctx, o->lens, room * sizeof(*bigger));
    if (!bigger)
        return false;
    o->lens = bigger;
    o->room = room;
    return true;
}

static bool add_write(struct actor *a, size_t len)
{
    struct actor_out *o = &a->out;
    if (len == 0)
        return true;
    if (o->count == o->room && !grow(a))
        return false;
    o->lens[o->count++] = (uint32_t)len;
    return true;
}

/* Makes writes of the octets behind `from`, cut as @segment says. */
static void add_writes(struct actor *a, const struct pq_dlg_item *item, size_t from)
{
    struct pq_slice rest = pq_slice_after(pq_bytes_slice(&a->out.octets), from);
    bool ok = true;
    while (rest.len > 0 && ok)
        ok = add_write(a, pq_cut_next(&a->cut, &rest).len);
    if (ok)
        return;
    a->out.octets.len -= rest.len;
    actor_judge(a, item, PQ_VERDICT_ERROR, "more writes wait than can be held", NULL);
}

struct pq_slice actor_out(struct actor *a)
{
    if (!a || a->out.count == 0 || a->s->now_ms < a->out.not_before_ms)
        return pq_slice_of(NULL, 0);
    a->out.lent = true;
    return pq_slice_first(pq_bytes_slice(&a->out.octets), a->out.lens[0]);
}

bool actor_sent(struct actor *a, size_t n)
{
    struct actor_out *o = a ? &a->out : NULL;
    if (!o || !o->lent || o->count == 0)
        return false;
    o->lent = false;
    pq_bytes_drop(&o->octets, n);
    o->lens[0] -= (uint32_t)n;
    if (o->lens[0] > 0)
        return true;
    o->count--;
    for (size_t i = 0; i < o->count; i++)
        o->lens[i] = o->lens[i + 1];
    o->not_before_ms = o->count > 0 ? a->s->now_ms + a->all->gap_ms : 0;
    return true;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Appends the writes of a step, and makes them writes unless a @batch does it later. */
static bool emit(struct actor *a, const struct pq_dlg_item *item)
{
    struct pq_emitter e;
    size_t from = a->out.octets.len;
    pq_emitter_init(&e, &item->step, &a->names.env);
    while (pq_emitter_next(&e, &a->out.octets)) {
        if (a->batches == 0)
            add_writes(a, item, from);
        from = a->batches == 0 ? a->out.octets.len : from;
    }
    if (e.error == PQ_EXPR_OK)
        return actor_bind(a, item, e.captures, e.count);
    a->out.octets.len = from;
    actor_expr_failed(a, item, e.error, e.about);
    return false;
}

void actor_say_octets(struct actor *a, const struct pq_dlg_item *item, struct pq_slice octets)
{
    size_t from = a->out.octets.len;
    if (pq_bytes_put(&a->out.octets, octets) != PQ_STATUS_OK)
        actor_judge(a, item, PQ_VERDICT_ERROR, "more octets wait than can be held", NULL);
    else if (a->batches == 0)
        add_writes(a, item, from);
}

/* Lines that say nothing, as many as the step wants. */
static void say_many(struct actor *a, const struct pq_dlg_item *item)
{
    uint64_t count = item->step.least;
    if (count == 0)
        count = item->step.most < MANY_DEFAULT ? item->step.most : MANY_DEFAULT;
    for (uint64_t i = 0; i < count && a->depth > 0; i++)
        actor_say_octets(a, item, PQ_SLICE("text\r\n"));
}

void actor_say(struct actor *a, const struct pq_dlg_item *item)
{
    size_t from = a->out.octets.len;
    if (a->gone)
        return;
    if (item->step.form == PQ_DLG_MANY)
        say_many(a, item);
    else if (emit(a, item))
        actor_tell(a, pq_slice_after(pq_bytes_slice(&a->out.octets), from));
}

void actor_batch_end(struct actor *a, const struct pq_dlg_item *item)
{
    if (--a->batches == 0)
        add_writes(a, item, a->batch_from);
}
