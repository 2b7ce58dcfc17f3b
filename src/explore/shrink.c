/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/shrink.h"

/* Octets in one write that are worth a try for each group of them; of a longer one only its larger
 * parts are tried. */
#define OCTETS_TRIED_MAX 600u
#define PARTS_TRIED 16u

/* ---- candidates ------------------------------------------------------------------------------ */

static struct pq_slice octets_of(const struct pq_plan *p, size_t i)
{
    return pq_plan_octets(p, &p->steps[i]);
}

static void add(struct pq_plan *to, const struct pq_step *step, struct pq_slice octets)
{
    /* A copy that is not longer than a plan fits into a plan. */
    (void)pq_plan_add(to, (enum pq_step_kind)step->kind, step->conn, octets, step->hurry);
}

/* `from` without `n` steps at `at`. */
static void without_steps(const struct pq_plan *from, size_t at, size_t n, struct pq_plan *to)
{
    pq_plan_clear(to);
    for (size_t i = 0; i < from->count; i++)
        if (i < at || i >= at + n)
            add(to, &from->steps[i], octets_of(from, i));
}

/* `from` without `n` octets at `at` of the write that is step `which`. */
static void without_octets(const struct pq_plan *from, size_t which, size_t at, size_t n,
                           struct pq_plan *to)
{
    uint8_t memory[PQ_PLAN_OCTETS_MAX];
    struct pq_buf rest;
    struct pq_slice whole = octets_of(from, which);
    pq_buf_init(&rest, memory, sizeof(memory));
    (void)pq_buf_put(&rest, pq_slice_first(whole, at));
    (void)pq_buf_put(&rest, pq_slice_after(whole, at + n));
    pq_plan_clear(to);
    for (size_t i = 0; i < from->count; i++)
        add(to, &from->steps[i], i == which ? pq_buf_slice(&rest) : octets_of(from, i));
}

/* Takes the candidate when it still shows it. */
static bool try(struct pq_plan *plan, const struct pq_plan *candidate, struct pq_shrink *s)
{
    if (s->tries == 0)
        return false;
    s->tries--;
    if (!s->shows(s->ctx, candidate))
        return false;
    *plan = *candidate;
    return true;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Leaves out groups of `n` steps, the last ones first. False: none could go. */
static bool drop_groups(struct pq_plan *plan, size_t n, struct pq_shrink *s)
{
    struct pq_plan candidate;
    bool any = false;
    for (size_t end = plan->count; end > 0 && s->tries > 0;) {
        size_t size = n < end ? n : end;
        without_steps(plan, end - size, size, &candidate);
        any = (candidate.count > 0 && try(plan, &candidate, s)) || any;
        end -= size;
    }
    return any;
}

static bool drop_steps(struct pq_plan *plan, struct pq_shrink *s)
{
    bool any = false;
    for (size_t n = plan->count / 2; n > 0 && s->tries > 0;) {
        bool some = drop_groups(plan, n, s);
        any = any || some;
        /* At the end single steps are tried until none of them can go. */
        if (n > 1)
            n /= 2;
        else if (!some)
            break;
    }
    return any;
}

/* ---- octets ---------------------------------------------------------------------------------- */

/* Where the line that begins at `at` ends, its CRLF included. */
static size_t line_end(struct pq_slice octets, size_t at)
{
    size_t end = at + pq_slice_index(pq_slice_after(octets, at), '\n');
    return end < octets.len ? end + 1 : octets.len;
}

static bool drop_lines(struct pq_plan *plan, size_t which, struct pq_shrink *s)
{
    struct pq_plan candidate;
    bool any = false;
    for (size_t at = 0; at < octets_of(plan, which).len && s->tries > 0;) {
        size_t end = line_end(octets_of(plan, which), at);
        bool last = at == 0 && end == octets_of(plan, which).len;
        without_octets(plan, which, at, end - at, &candidate);
        if (!last && try(plan, &candidate, s))
            any = true;
        else
            at = end;
    }
    return any;
}

static size_t least_group(size_t len)
{
    return len > OCTETS_TRIED_MAX ? len / PARTS_TRIED : 1;
}

/* The same with groups of octets, of those in front of the line end. */
static bool drop_octets(struct pq_plan *plan, size_t which, struct pq_shrink *s)
{
    struct pq_plan candidate;
    bool any = false;
    for (size_t n = octets_of(plan, which).len / 2;
         n > 0 && n >= least_group(octets_of(plan, which).len) && s->tries > 0; n /= 2)
        for (size_t at = 0; at + n + 2 <= octets_of(plan, which).len && s->tries > 0;) {
            without_octets(plan, which, at, n, &candidate);
            if (try(plan, &candidate, s))
                any = true;
            else
                at += n;
        }
    return any;
}

static bool shorten(struct pq_plan *plan, struct pq_shrink *s)
{
    bool any = false;
    for (size_t i = 0; i < plan->count && s->tries > 0; i++) {
        if (plan->steps[i].kind != PQ_STEP_SEND)
            continue;
        any = drop_lines(plan, i, s) || any;
        any = drop_octets(plan, i, s) || any;
    }
    return any;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* A plan in which every write waits for its answers is easier to read. */
static void slow_down(struct pq_plan *plan, struct pq_shrink *s)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct pq_plan candidate = *plan;
        candidate.steps[i].hurry = false;
        if (plan->steps[i].hurry)
            (void)try(plan, &candidate, s);
    }
}

void pq_plan_shrink(struct pq_plan *plan, struct pq_shrink *s)
{
    do
        (void)drop_steps(plan, s);
    while (shorten(plan, s) && s->tries > 0);
    slow_down(plan, s);
}
