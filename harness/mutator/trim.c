/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/mutator/trim.h"

/* The next span: as long, further on; or half as long, from the start. One item is always kept. */
static void settle(struct trim *t)
{
    size_t kept = t->first > 0 ? t->first : 1;
    size_t most = t->script.count > kept ? t->script.count - kept : 0;
    while (t->span > 0 && (t->at >= t->script.count || most == 0)) {
        t->span /= 2;
        t->at = t->first;
    }
    if (t->span > most)
        t->span = most;
    if (t->step >= t->steps)
        t->span = 0;
}

void trim_begin(struct trim *t, enum script_kind kind, struct pq_slice in, size_t first)
{
    script_split(&t->script, kind, in);
    t->first = t->at = first;
    t->step = 0;
    t->span = (t->script.count - first + (first > 0)) / 2;
    /* Spans of a half, a quarter and so on: twice the items, and one more for each that is cut
     * short. */
    t->steps = 2 * t->script.count + 16;
    settle(t);
}

bool trim_is_over(const struct trim *t)
{
    return t->span == 0;
}

/* How many items the span really has at the end. */
static size_t span_here(const struct trim *t)
{
    size_t left = t->script.count - t->at;
    return t->span < left ? t->span : left;
}

void trim_write(const struct trim *t, struct pq_buf *out)
{
    for (size_t i = 0; i < t->script.count; i++)
        if (i < t->at || i >= t->at + t->span)
            pq_buf_put(out, t->script.items[i]);
    pq_buf_put(out, t->script.options);
}

void trim_next(struct trim *t, bool same)
{
    size_t span = span_here(t);
    t->step++;
    if (same)
        script_remove(&t->script, t->at, span);
    else
        t->at += span;
    settle(t);
}
