/* SPDX-License-Identifier: Apache-2.0
 * What a dialogue finds out about the client. */
#include "mock/actor.h"

#include <string.h>

#include "dialogue/escape.h"
#include "mock/mask.h"

/* ---- texts ----------------------------------------------------------------------------------- */

static void put_text(char *to, struct pq_slice text)
{
    struct pq_buf b;
    text = pq_slice_first(text, ACTOR_TEXT_MAX - 1);
    pq_buf_init(&b, to, ACTOR_TEXT_MAX);
    pq_buf_put(&b, text);
    pq_buf_put_octet(&b, 0);
}

void actor_why(const struct pq_dlg_item *item, char *text)
{
    const struct pq_dlg_arg *why = pq_dlg_arg(&item->directive, PQ_DLG_ARG_WHY);
    put_text(text, why ? why->text : pq_slice_of(NULL, 0));
}

/* Printable ASCII as it is, everything else as \xHH. */
static void put_escaped(char *to, struct pq_slice octets)
{
    struct pq_buf b;
    pq_buf_init(&b, to, ACTOR_TEXT_MAX - 1);
    for (size_t i = 0; i < octets.len && pq_buf_room(&b) > 8; i++) {
        if (pq_ascii_is_printable(octets.at[i])) {
            pq_buf_put_octet(&b, octets.at[i]);
            continue;
        }
        pq_buf_put_text(&b, "\\x");
        if (pq_hex_encode(pq_slice_of(octets.at + i, 1), &b) != PQ_STATUS_OK)
            break;
    }
    to[b.len] = 0;
}

void actor_show(const struct actor *a, struct pq_slice octets, char *text)
{
    uint8_t memory[PQ_MASK_MAX + 8];
    struct pq_buf shown;
    pq_buf_init(&shown, memory, sizeof(memory));
    if (a->has_event)
        pq_mask_event(&a->event, &a->s->mock->store, &shown);
    else
        pq_mask_answer(octets, &a->s->mock->store, &shown);
    put_escaped(text, pq_buf_slice(&shown));
}

/* The line of the dialogue that an item begins. */
static struct pq_slice source_of(const struct actor *a, const struct pq_dlg_item *item)
{
    struct pq_slice rest = pq_bytes_slice(&a->v->text), line = {NULL, 0};
    for (uint32_t n = 0; item && n < item->at.line && rest.len > 0; n++)
        line = pq_slice_cut(&rest, '\n');
    while (line.len > 0 && line.at[0] == ' ')
        line = pq_slice_after(line, 1);
    return line;
}

/* ---- findings -------------------------------------------------------------------------------- */

void actor_record(struct actor *a, const struct pq_dlg_item *item, enum pq_verdict verdict,
                  const char *why, const char *actual)
{
    struct pq_overlay_outcome *o = &a->outcome;
    if (verdict == PQ_VERDICT_FAIL && a->section == PQ_DLG_GIVEN && a->v->strict &&
        !(item && pq_dlg_item_is(item, PQ_DLG_DO_NEVER)))
        verdict = PQ_VERDICT_INCONCLUSIVE;
    if (verdict <= o->verdict)
        return;
    o->verdict = verdict;
    o->section = a->section;
    o->line = item ? item->at.line : 0;
    put_text(o->why, pq_slice_text(why));
    put_text(o->actual, pq_slice_text(actual));
    put_text(o->expected, source_of(a, item));
}

void actor_judge(struct actor *a, const struct pq_dlg_item *item, enum pq_verdict verdict,
                 const char *why, const char *actual)
{
    actor_record(a, item, verdict, why, actual);
    if (verdict <= PQ_VERDICT_WARN)
        return;
    actor_end_section(a);
    a->begun = true;
    a->section = PQ_DLG_TEST; /* nothing follows */
}

void actor_fail(struct actor *a, const struct pq_dlg_item *item, const char *why,
                const char *actual)
{
    actor_judge(a, item, PQ_VERDICT_FAIL, why, actual);
}

void actor_expr_failed(struct actor *a, const struct pq_dlg_item *item,
                       enum pq_expr_outcome outcome, struct pq_slice about)
{
    char text[ACTOR_TEXT_MAX];
    put_text(text, about);
    actor_judge(a, item, PQ_VERDICT_ERROR, pq_expr_outcome_text(outcome), text);
}

/* ---- the end --------------------------------------------------------------------------------- */

void actor_finish(struct actor *a)
{
    struct pq_overlay_outcome *o = &a->outcome;
    if (a->v->strict && !a->begun)
        actor_record(a, NULL, PQ_VERDICT_INCONCLUSIVE,
                     "the client never came to the state in which the dialogue begins", NULL);
    else if (!a->v->strict && a->v->watches && !a->acted)
        actor_record(a, NULL, PQ_VERDICT_INCONCLUSIVE,
                     "no line of the client was one that the dialogue looks for", NULL);
    a->all->worst = a->all->worst < o->verdict ? o->verdict : a->all->worst;
    if (a->all->verdict)
        a->all->verdict(a->all->ctx, o);
}
