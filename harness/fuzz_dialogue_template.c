/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: a line matches a step, does not, or cannot be judged, and that is told in one line;
 * what it bound, it takes again; what a step sends is the same each time. Whichever request for
 * memory is refused, the answer is the same or tells of it. Each line of the input is one of a
 * section [test], or, behind "<", one that is to be matched with each step.
 */
#include "harness/expr_world.h"

#include <string.h>

#include "dialogue/template.h"

#define TEXT_MAX 4096u

/* The names that a match has bound, before those of the world. */
struct bound {
    const struct pq_match *m;
    struct expr_world *world;
};

static bool find_bound(void *ctx, struct pq_slice name, struct pq_value *out)
{
    const struct bound *b = ctx;
    for (size_t i = 0; i < b->m->count; i++) {
        if (pq_slice_equal(b->m->captures[i].name, name)) {
            *out = b->m->captures[i].value;
            return true;
        }
    }
    return b->world->env.name(NULL, name, out);
}

/* ---- matching -------------------------------------------------------------------------------- */

/* A random octet is another one each time. */
static bool is_random(const struct pq_dlg_step *step)
{
    bool any = false;
    for (const struct pq_dlg_part *part = step->parts; part; part = part->next)
        any |= part->kind == PQ_DLG_PART_EXPR;
    return any;
}

static void check_match(const struct pq_match *m, struct pq_slice line)
{
    size_t why = strlen(m->why);
    FUZZ_ASSERT(why < PQ_MATCH_TEXT_MAX && (why > 0) == (m->outcome != PQ_MATCH_YES));
    for (size_t i = 0; i < why; i++)
        FUZZ_ASSERT(pq_ascii_is_printable((uint8_t)m->why[i]));
    FUZZ_ASSERT(m->count <= PQ_DLG_CAPTURES_MAX && m->position <= line.len);
    FUZZ_ASSERT(m->count == 0 || m->outcome == PQ_MATCH_YES);
    for (size_t i = 0; i < m->count; i++)
        FUZZ_ASSERT(m->captures[i].name.len > 0);
}

static void match_line(const struct pq_dlg_step *step, struct pq_slice line, size_t refused)
{
    struct fuzz_refusal less = {.refused = refused};
    struct expr_world w, poor;
    struct pq_match m, again;
    expr_world_open(&w, pq_alloc_default());
    expr_world_open(&poor, fuzz_alloc_refusing(&less));
    pq_template_match(step, line, &w.env, &m);
    check_match(&m, line);
    struct bound bound = {.m = &m, .world = &w};
    struct pq_env env = w.env;
    env.name = find_bound;
    env.ctx = &bound;
    pq_template_match(step, line, &env, &again);
    if (m.outcome == PQ_MATCH_YES && !is_random(step))
        FUZZ_ASSERT(again.outcome == PQ_MATCH_YES && again.count == 0);
    pq_template_match(step, line, &poor.env, &again);
    check_match(&again, line);
    FUZZ_ASSERT(again.outcome == m.outcome || again.error == PQ_EXPR_NO_MEMORY || less.calls > 0);
    expr_world_close(&w);
    expr_world_close(&poor);
    FUZZ_ASSERT(less.live == 0);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Sends a step with room for `room` octets; an empty one that failed. */
static enum pq_expr_outcome send_step(const struct pq_dlg_step *step, struct pq_bytes *out)
{
    struct expr_world w;
    struct pq_emitter e;
    size_t writes = 0;
    expr_world_open(&w, pq_alloc_default());
    pq_emitter_init(&e, step, &w.env);
    while (pq_emitter_next(&e, out))
        FUZZ_ASSERT(++writes <= TEXT_MAX);
    FUZZ_ASSERT(e.count <= PQ_DLG_CAPTURES_MAX && (e.error != PQ_EXPR_OK || writes > 0));
    expr_world_close(&w);
    return e.error;
}

static void check_sent(const struct pq_dlg_step *step, size_t room)
{
    struct pq_bytes whole, again, part;
    pq_bytes_init(&whole, pq_alloc_default(), (size_t)4 * PQ_VALUE_OCTETS_MAX);
    pq_bytes_init(&again, pq_alloc_default(), (size_t)4 * PQ_VALUE_OCTETS_MAX);
    pq_bytes_init(&part, pq_alloc_default(), room);
    enum pq_expr_outcome error = send_step(step, &whole);
    FUZZ_ASSERT(send_step(step, &again) == error);
    FUZZ_ASSERT(pq_slice_equal(pq_bytes_slice(&whole), pq_bytes_slice(&again)));
    enum pq_expr_outcome less = send_step(step, &part);
    FUZZ_ASSERT(whole.len <= room ? less == error
                                  : less == PQ_EXPR_TOO_LONG || less == PQ_EXPR_NO_MEMORY);
    pq_bytes_free(&whole);
    pq_bytes_free(&again);
    pq_bytes_free(&part);
}

/* ---- an input -------------------------------------------------------------------------------- */

static bool is_sample(struct pq_slice line)
{
    return pq_slice_starts(line, PQ_SLICE("<"));
}

static void check_step(const struct pq_dlg_step *step, struct pq_slice input, size_t cut)
{
    if (step->form == PQ_DLG_MANY)
        return;
    check_sent(step, cut);
    for (struct pq_slice rest = input; rest.len > 0 && step->form != PQ_DLG_RAW;) {
        struct pq_slice line = pq_slice_cut(&rest, '\n');
        if (is_sample(line))
            match_line(step, pq_slice_after(line, 1), cut + 1);
    }
}

static void check_template(struct pq_slice input, size_t cut)
{
    struct pq_dlg d;
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), PQ_DLG_TEXT_MAX);
    FUZZ_ASSERT(pq_bytes_put_text(&text, "#!dlg 1\n---\n[test]\n") == PQ_STATUS_OK);
    for (struct pq_slice rest = pq_slice_first(input, TEXT_MAX); rest.len > 0;) {
        struct pq_slice line = pq_slice_cut(&rest, '\n');
        if (is_sample(line))
            continue;
        FUZZ_ASSERT(pq_bytes_put(&text, line) == PQ_STATUS_OK);
        FUZZ_ASSERT(pq_bytes_put_text(&text, "\n") == PQ_STATUS_OK);
    }
    if (pq_dlg_parse(&d, pq_bytes_slice(&text), pq_alloc_default()) == PQ_STATUS_OK)
        for (const struct pq_dlg_item *item = d.test->items; item; item = pq_dlg_item_after(item))
            if (item->kind == PQ_DLG_ITEM_STEP)
                check_step(&item->step, input, cut);
    pq_dlg_free(&d);
    pq_bytes_free(&text);
}

const struct fuzz_target fuzz_target = {.check = check_template, .has_cut = true, .cuts_max = 16};
