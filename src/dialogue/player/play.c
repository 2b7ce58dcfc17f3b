/* SPDX-License-Identifier: Apache-2.0
 * The machine: sections, frames, and what a run begins and ends with. */
#include <assert.h>
#include <string.h>

#include "dialogue/player/play_internal.h"

/* ---- frames ---------------------------------------------------------------------------------- */

void play_enter(struct pq_play *p, enum frame_kind kind, struct pq_dlg_item *items,
                const struct pq_dlg_item *item)
{
    assert(p->depth < FRAMES_MAX);
    p->frames[p->depth++] =
        (struct frame){.kind = kind, .next = pq_dlg_item_active(items), .item = item};
}

static void leave_frame(struct pq_play *p)
{
    struct frame f = p->frames[--p->depth];
    switch (f.kind) {
    case FRAME_LIST:
        break;
    case FRAME_CASE:
        play_case_end(p, f.item);
        break;
    case FRAME_GROUP:
        play_group_end(p, f.item);
        break;
    case FRAME_LOGIN:
        play_login_end(p);
        break;
    }
}

/* ---- items ----------------------------------------------------------------------------------- */

unsigned play_conn(const struct pq_play *p, unsigned conn)
{
    return p->login.active ? p->login.conn : conn;
}

bool play_is_open(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    if (p->conns.chans[conn].open)
        return true;
    play_verdict(p, item, PQ_VERDICT_ERROR, "the connection is not open here", NULL);
    return false;
}

static void trace(const struct pq_play *p, const struct pq_dlg_item *item)
{
    const struct pq_run_trace *t = &p->run->trace;
    if (!t->step)
        return;
    struct pq_slice text = p->login.active ? p->run->login.text : p->run->what.text;
    struct pq_slice line = {NULL, 0};
    for (uint32_t n = 0; n < item->at.line && text.len > 0; n++)
        line = pq_slice_cut(&text, '\n');
    const struct pq_run_step step = {p->section, p->login.active, item->at, line};
    t->step(t->ctx, &step);
}

static void play_item(struct pq_play *p, const struct pq_dlg_item *item)
{
    p->item = item;
    trace(p, item);
    if (item->kind == PQ_DLG_ITEM_DIRECTIVE)
        play_directive(p, item);
    else if (item->step.side == PQ_DLG_CLIENT)
        play_send_step(p, item);
    else
        play_receive_step(p, item);
    pq_bindings_step(&p->names);
}

/* Plays what is on the stack, until the section is over. */
static void run_frames(struct pq_play *p)
{
    while (p->depth > 0 && !p->over) {
        struct frame *f = &p->frames[p->depth - 1];
        if (p->login.active && p->login.failed) {
            play_login_end(p);
        } else if (!f->next) {
            leave_frame(p);
        } else {
            const struct pq_dlg_item *item = f->next;
            f->next = pq_dlg_item_active(item->next);
            play_item(p, item);
        }
    }
}

/* ---- patience -------------------------------------------------------------------------------- */

uint64_t play_patience(const struct pq_play *p)
{
    uint64_t ms = p->run->patience_ms;
    return p->run->what.dlg->timeout_ms > ms ? p->run->what.dlg->timeout_ms : ms;
}

struct pq_patience play_patience_of(const struct pq_play *p, uint64_t least_ms)
{
    uint64_t ms = play_patience(p);
    ms = least_ms > ms ? least_ms : ms;
    ms = p->bounds.within_ms > ms ? p->bounds.within_ms : ms;
    return (struct pq_patience){.idle_ms = ms, .total_ms = ms * PQ_RUN_PATIENCES};
}

/* ---- sections -------------------------------------------------------------------------------- */

/* Forgets what belonged to the section before. */
static void begin_section(struct pq_play *p, enum pq_dlg_section_kind kind)
{
    p->section = kind;
    p->over = p->lost = false;
    p->depth = p->groups = p->batches = 0;
    p->outbox.count = 0;
    pq_bytes_clear(&p->outbox.octets);
    p->bounds = (struct bounds){0, 0};
    if (p->login.active)
        pq_bindings_leave(&p->names, p->login.mark);
    p->login.active = false;
}

static void run_section(struct pq_play *p, const struct pq_dlg_section *s,
                        enum pq_dlg_section_kind kind)
{
    begin_section(p, kind);
    if (s)
        play_enter(p, FRAME_LIST, s->items, NULL);
    run_frames(p);
}

/* The situation that the case judges: the state of its header, and [given]. */
static void run_given(struct pq_play *p)
{
    begin_section(p, PQ_DLG_GIVEN);
    play_enter_state(p);
    run_frames(p);
    if (!p->over)
        run_section(p, p->run->what.dlg->given, PQ_DLG_GIVEN);
    p->given_lost = p->lost;
}

/* Whether [after] can still tell anything. */
static bool after_makes_sense(const struct pq_play *p)
{
    return p->run->what.dlg->after && !p->conns.refused && p->out->verdict != PQ_VERDICT_ERROR;
}

static void run_sections(struct pq_play *p)
{
    const struct pq_dlg *d = p->run->what.dlg;
    if (!(d->roles & 1u << PQ_DLG_ROLE_CLIENT)) {
        play_verdict(p, NULL, PQ_VERDICT_ERROR, "roles: of the file does not say client", NULL);
        return;
    }
    run_given(p);
    p->test_cut = true;
    if (!p->given_lost) {
        run_section(p, d->test, PQ_DLG_TEST);
        p->test_cut = p->over;
    }
    if (!after_makes_sense(p))
        return;
    pq_conns_end_all(&p->conns);
    p->cut_said = false;
    run_section(p, d->after, PQ_DLG_AFTER);
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* Gives a name its value, unless the run has none for it. */
static bool give(struct pq_play *p, const char *name, struct pq_slice value, bool secret)
{
    struct pq_value v = pq_value_octets(value);
    v.secret = secret;
    if (!value.at)
        return true;
    if (secret && pq_mask_add(p->mask, value) != PQ_STATUS_OK)
        return false;
    return pq_bindings_give(&p->names, pq_slice_text(name), v);
}

static bool give_nonce(struct pq_play *p)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    uint8_t nonce[20];
    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = (uint8_t)digits[pq_rand_below(&p->names.rand, sizeof(digits) - 1)];
    return give(p, "nonce", pq_slice_of(nonce, sizeof(nonce)), false);
}

/* A fixture is the octets of its message, unless its name means something else. */
static bool give_fixtures(struct pq_play *p)
{
    struct pq_value known;
    for (const struct pq_dlg_section *s = p->run->what.dlg->sections; s; s = s->next)
        if (s->kind == PQ_DLG_MESSAGE && !pq_bindings_value(&p->names, s->name, &known) &&
            !pq_bindings_give(&p->names, s->name, pq_value_octets(s->octets)))
            return false;
    return true;
}

static bool give_names(struct pq_play *p)
{
    const struct pq_run_vars *v = &p->run->vars;
    return give(p, "user", v->user, false) && give(p, "pw", v->pw, true) &&
           give(p, "user2", v->user2, false) && give(p, "pw2", v->pw2, true) &&
           give(p, "host", v->host, false) && give(p, "port", v->port, false) && give_nonce(p) &&
           give_fixtures(p);
}

static void outcome_init(struct pq_outcome *out, const struct pq_mask *mask, struct pq_alloc alloc)
{
    memset(out, 0, sizeof(*out));
    out->section = PQ_DLG_MESSAGE;
    pq_playlog_init(&out->transcript, mask, alloc);
}

void pq_outcome_free(struct pq_outcome *out)
{
    pq_playlog_free(&out->transcript);
}

static void play_init(struct pq_play *p, const struct pq_run *run, struct pq_mask *mask,
                      struct pq_outcome *out)
{
    memset(p, 0, sizeof(*p));
    p->run = run;
    p->out = out;
    p->mask = mask;
    p->section = PQ_DLG_MESSAGE;
    pq_conns_init(&p->conns, run->wire, out, run->alloc);
    pq_bindings_init(&p->names, run->seed, run->alloc);
    p->names.peek = play_peek;
    p->names.ctx = p;
    pq_bytes_init(&p->outbox.octets, run->alloc, PQ_RUN_OUTBOX_MAX);
    p->own_tls = play_has_tls(run->what.dlg);
    p->login_own_tls = play_has_tls(run->login.dlg);
}

/* Makes a text fit to be shown: it can quote a secret that was made after it, and a cut may have
 * parted a character of more octets than one. */
static void make_fit(const struct pq_play *p, char *text)
{
    pq_mask_text(p->mask, text, PQ_OUTCOME_TEXT_MAX);
    if (pq_slice_is_utf8(pq_slice_text(text)))
        return;
    for (; *text; text++)
        if (!pq_ascii_is_printable((uint8_t)*text))
            *text = '?';
}

static void finish(struct pq_play *p)
{
    struct pq_outcome *out = p->out;
    make_fit(p, out->why);
    make_fit(p, out->expected);
    make_fit(p, out->actual);
    pq_conns_free(&p->conns);
    out->ms = pq_conns_now(&p->conns) - p->conns.start_ms;
    pq_bindings_free(&p->names);
    pq_bytes_free(&p->outbox.octets);
    if (p->outbox.writes)
        p->run->alloc.resize(p->run->alloc.ctx, p->outbox.writes, 0);
}

void pq_run_play(const struct pq_run *run, struct pq_mask *mask, struct pq_outcome *out)
{
    outcome_init(out, mask, run->alloc);
    struct pq_play *p = run->alloc.resize(run->alloc.ctx, NULL, sizeof(*p));
    if (!p) {
        out->verdict = PQ_VERDICT_ERROR;
        return;
    }
    play_init(p, run, mask, out);
    if (give_names(p))
        run_sections(p);
    else
        play_verdict(p, NULL, PQ_VERDICT_ERROR, "there is no memory for what the run was given",
                     NULL);
    finish(p);
    run->alloc.resize(run->alloc.ctx, p, 0);
}
