/* SPDX-License-Identifier: Apache-2.0
 * The life of a dialogue on a connection: its frames, its names, and time. */
#include "mock/actor.h"

#include <assert.h>
#include <string.h>

#include "mock/actor_link.h"

/* ---- frames ---------------------------------------------------------------------------------- */

void actor_enter(struct actor *a, enum actor_frame_kind kind, const struct pq_dlg_item *items,
                 const struct pq_dlg_item *item)
{
    assert(a->depth < ACTOR_FRAMES_MAX);
    while (items && items->kind != PQ_DLG_ITEM_STEP && items->kind != PQ_DLG_ITEM_DIRECTIVE)
        items = items->next;
    a->frames[a->depth++] = (struct actor_frame){.kind = kind, .next = items, .item = item};
}

const struct pq_dlg_item *actor_next(const struct actor *a)
{
    return a->depth > 0 ? a->frames[a->depth - 1].next : NULL;
}

void actor_advance(struct actor *a)
{
    struct actor_frame *f = &a->frames[a->depth - 1];
    a->waits = NULL;
    f->next = pq_dlg_item_active(f->next->next);
}

uint64_t actor_waited(struct actor *a, const struct pq_dlg_item *item)
{
    if (a->waits != item)
        a->since_ms = a->s->now_ms;
    a->waits = item;
    return a->s->now_ms - a->since_ms;
}

/* The faults of an @on act while it runs, and until the answer of the session is complete. */
static void set_plan(struct actor *a, const struct pq_dlg_item *on)
{
    size_t i = 0;
    while (i < a->v->plan_count && a->plans[i].on != on)
        i++;
    if (i == a->v->plan_count)
        return;
    a->s->plan = &a->plans[i].faults;
    a->s->behaviour = &a->plans[i].behaviour;
}

void actor_begin_on(struct actor *a, const struct pq_dlg_item *on)
{
    set_plan(a, on);
}

/* False: it has to wait until the session has answered. */
static bool leave_on(struct actor *a)
{
    if (a->s->job.kind != JOB_NONE)
        return false;
    actor_settle(a);
    pq_bindings_leave(&a->names, a->mark);
    set_plan(a, NULL);
    a->cut = (struct pq_cut){.kind = PQ_DLG_CUT_WHOLE};
    return true;
}

void actor_end_section(struct actor *a)
{
    bool on = a->depth > 0 && a->frames[a->depth - 1].kind == ACTOR_ON;
    if (on)
        pq_bindings_leave(&a->names, a->mark);
    if (on)
        set_plan(a, NULL);
    a->depth = a->batches = 0;
    a->waits = NULL;
}

static bool leave_frame(struct actor *a)
{
    struct actor_frame f = a->frames[a->depth - 1];
    if (f.kind == ACTOR_ON && !leave_on(a))
        return false;
    a->depth--;
    if (f.kind == ACTOR_BATCH)
        actor_batch_end(a, f.item);
    else if (f.kind == ACTOR_CASE)
        actor_case_end(a, f.item);
    return true;
}

/* ---- sections -------------------------------------------------------------------------------- */

/* Whether the connection stands where the header wants it. */
static bool stands_there(const struct actor *a)
{
    const struct pq_session *session = &a->s->conn.session;
    switch (a->v->dlg.state) {
    case PQ_DLG_STATE_NONE:
    case PQ_DLG_STATE_CONNECTED:
    case PQ_DLG_STATE_AUTHORIZATION:
        return true;
    case PQ_DLG_STATE_TLS:
        return session->tls != PQ_TLS_NONE && session->state == PQ_STATE_AUTHORIZATION;
    case PQ_DLG_STATE_TRANSACTION:
        return session->state == PQ_STATE_TRANSACTION;
    }
    return true;
}

static void begin_section(struct actor *a, enum pq_dlg_section_kind kind)
{
    const struct pq_dlg_section *s = kind == PQ_DLG_GIVEN ? a->v->dlg.given : a->v->dlg.test;
    a->section = kind;
    if (s)
        actor_enter(a, ACTOR_LIST, s->items, NULL);
}

/* Nothing more is played. Where the session does not go on, the connection ends. */
static void end_play(struct actor *a)
{
    a->played = true;
    a->waits = NULL;
    if (a->v->follows)
        return;
    actor_settle(a);
    if (a->out.count == 0 || a->gone)
        a->s->ended = true;
}

/* Moves to what is next; false when there is nothing. */
static bool next_part(struct actor *a)
{
    if (!a->begun) {
        a->begun = a->s->job.kind == JOB_NONE && stands_there(a);
        if (a->begun)
            begin_section(a, PQ_DLG_GIVEN);
        return a->begun;
    }
    if (a->section == PQ_DLG_GIVEN) {
        begin_section(a, PQ_DLG_TEST);
        return true;
    }
    end_play(a);
    return false;
}

/* Plays an item and steps behind it, unless it has to wait: then false. */
static bool play_next(struct actor *a, const struct pq_dlg_item *item)
{
    size_t depth = a->depth;
    if (!actor_play(a, item))
        return false;
    if (a->depth >= depth && a->frames[depth - 1].next == item) {
        a->waits = NULL;
        a->frames[depth - 1].next = pq_dlg_item_active(item->next);
    }
    return true;
}

void actor_run(struct actor *a)
{
    bool more = true;
    while (more) {
        const struct pq_dlg_item *item = actor_next(a);
        if (a->depth == 0) {
            more = a->v->strict && !a->played && next_part(a);
        } else if (!item) {
            more = leave_frame(a);
        } else {
            more = play_next(a, item);
            pq_bindings_step(&a->names);
        }
    }
}

/* ---- what the session asks ------------------------------------------------------------------- */

bool actor_listens(const struct actor *a)
{
    return a && (a->v->strict || a->v->watches);
}

bool actor_is_playing(const struct actor *a)
{
    return a && !a->gone &&
           ((a->v->strict && a->begun && !a->played) || a->depth > 0 || a->out.count > 0);
}

bool actor_is_busy(const struct actor *a)
{
    const struct pq_dlg_item *next = a ? actor_next(a) : NULL;
    return a && !a->gone &&
           (a->out.count > 0 || (next && pq_dlg_item_is(next, PQ_DLG_DO_WAIT)) ||
            (next && pq_dlg_item_is(next, PQ_DLG_DO_SETTLE)));
}

bool actor_wants_tls(const struct actor *a)
{
    return a && a->wants_tls;
}

bool actor_closes_tls(const struct actor *a)
{
    return !a || !a->cut_tls;
}

bool actor_wants_reset(const struct actor *a)
{
    return a && a->reset;
}

bool actor_is_half_closed(const struct actor *a)
{
    return a && a->half_closed;
}

uint64_t actor_wake_ms(const struct actor *a)
{
    if (!a || a->gone)
        return ACTOR_NEVER;
    if (a->out.count > 0)
        return a->out.not_before_ms > a->s->now_ms ? a->out.not_before_ms : ACTOR_NEVER;
    return a->waits ? actor_until(a, a->waits) : ACTOR_NEVER;
}

void actor_go_on(struct actor *a)
{
    if (!a)
        return;
    if (!a->gone && a->out.count == 0 && a->waits && a->s->now_ms >= actor_until(a, a->waits))
        actor_on_patience(a, a->waits);
    actor_run(a);
    if (a->played && !a->v->follows && a->out.count == 0)
        a->s->ended = true;
}

void actor_on_tls(struct actor *a, bool ok)
{
    const struct pq_dlg_item *item = a ? a->tls : NULL;
    if (!a || !a->wants_tls) {
        if (a && ok)
            actor_run(a); /* it may have waited for TLS to begin */
        return;
    }
    a->wants_tls = false;
    a->tls = NULL;
    pq_bytes_clear(&a->line);
    const struct pq_dlg_arg *result = item && pq_dlg_item_is(item, PQ_DLG_DO_TLS)
                                          ? pq_dlg_arg(&item->directive, PQ_DLG_ARG_RESULT)
                                          : NULL;
    struct pq_value value = pq_value_octets(ok ? PQ_SLICE("ok") : PQ_SLICE("failed"));
    if (result && !pq_bindings_bind(&a->names, result->text, value))
        actor_judge(a, item, PQ_VERDICT_ERROR, "the dialogue binds more than can be held", NULL);
    if (!result && !ok)
        actor_fail(a, item, "TLS did not start", "the handshake failed");
    if (ok)
        actor_run(a);
}

void actor_on_end(struct actor *a)
{
    if (!a || a->gone)
        return;
    a->gone = true;
    if (a->wants_tls)
        actor_on_tls(a, false);
    a->out.count = 0;
    pq_bytes_clear(&a->out.octets);
    a->s->job.kind = JOB_NONE;
    actor_run(a);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static bool give(struct actor *a, const char *name, struct pq_slice octets, bool secret)
{
    struct pq_value value = pq_value_octets(octets);
    value.secret = secret;
    return pq_bindings_give(&a->names, pq_slice_text(name), value);
}

static bool give_names(struct actor *a)
{
    const struct pq_mock *m = a->s->mock;
    const struct pq_account *first = m->store.accounts;
    char nonce[17];
    struct pq_buf text;
    pq_buf_init(&text, nonce, sizeof(nonce));
    for (size_t i = 0; i < 16; i++)
        pq_buf_put_octet(&text, (uint8_t)('a' + pq_rand_below(&a->names.rand, 26)));
    bool ok = give(a, "host", pq_slice_text(m->config.host), false) &&
              give(a, "nonce", pq_buf_slice(&text), false);
    if (m->store.count > 0)
        ok = ok && give(a, "user", first->name, false) && give(a, "pw", first->password, true);
    if (m->store.count > 1)
        ok =
            ok && give(a, "user2", first[1].name, false) && give(a, "pw2", first[1].password, true);
    return ok;
}

/* m[n] is what the maildrop of the first account holds. */
static void peek(void *ctx)
{
    struct actor *a = ctx;
    const struct pq_store *store = &a->s->mock->store;
    const struct pq_account *account = store->count > 0 ? store->accounts : NULL;
    size_t most = account && account->count <= PQ_PEEKED_MAX ? account->count : 0;
    struct pq_peeked *messages = pq_arena_get(&a->names.arena, (most + 1) * sizeof(*messages));
    a->names.store = messages && account ? PQ_STORE_SEEN : PQ_STORE_UNABLE;
    size_t count = 0;
    for (size_t i = 0; messages && i < most; i++) {
        const struct pq_stored *m = account->messages[i];
        if (!m->gone)
            messages[count++] = (struct pq_peeked){.has_size = true,
                                                   .has_octets = true,
                                                   .size = m->octets,
                                                   .uid = pq_slice_of(m->uid, sizeof(m->uid)),
                                                   .octets = m->content};
    }
    a->names.messages = messages;
    a->names.messages_count = count;
}

/* Which faults with a share act on this connection. */
static void draw_shares(struct actor *a)
{
    for (size_t i = 0; i < a->v->plan_count; i++)
        for (size_t k = 0; k < a->plans[i].faults.count; k++)
            if (pq_rand_below(&a->names.rand, PQ_OVERLAY_ALWAYS) >= a->plans[i].shares[k])
                a->plans[i].faults.active[k].nth = UINT64_MAX;
}

static bool set_up(struct actor *a)
{
    struct pq_alloc alloc = a->all->alloc;
    size_t size = a->v->plan_count * sizeof(*a->plans);
    a->plans = alloc.resize(alloc.ctx, NULL, size);
    if (!a->plans || !give_names(a))
        return false;
    memcpy(a->plans, a->v->plans, size);
    draw_shares(a);
    set_plan(a, NULL);
    for (size_t i = 0; i < 4; i++)
        if (a->v->capabilities[i / 2][i % 2])
            a->s->capabilities[i / 2][i % 2] = a->v->capabilities[i / 2][i % 2];
    return true;
}

struct actor *actor_new(struct pq_server *s, bool *ok)
{
    struct pq_overlays *all = s->mock->overlays;
    *ok = true;
    if (!all || all->count == 0)
        return NULL;
    struct actor *a = all->alloc.resize(all->alloc.ctx, NULL, sizeof(*a));
    *ok = a != NULL;
    if (!a)
        return NULL;
    size_t at = all->connections < all->count ? (size_t)all->connections : all->count - 1;
    *a = (struct actor){.s = s, .all = all, .v = all->each[at], .section = PQ_DLG_GIVEN};
    pq_bindings_init(&a->names, all->seed + all->connections, all->alloc);
    a->names.peek = peek;
    a->names.ctx = a;
    pq_bytes_init(&a->line, all->alloc, PQ_OVERLAY_LINE_MAX);
    pq_bytes_init(&a->heard, all->alloc, PQ_OVERLAY_LINE_MAX);
    pq_bytes_init(&a->out.octets, all->alloc, PQ_OVERLAY_OUTPUT_MAX);
    a->outcome = (struct pq_overlay_outcome){
        .name = a->v->name, .connection = ++all->connections, .verdict = PQ_VERDICT_PASS};
    a->v->played++;
    *ok = set_up(a);
    if (*ok)
        return a;
    actor_free(a);
    return NULL;
}

void actor_begin(struct actor *a)
{
    enum pq_dlg_state state = a ? a->v->dlg.state : PQ_DLG_STATE_NONE;
    if (!a || !a->v->strict)
        return;
    if (state == PQ_DLG_STATE_NONE || state == PQ_DLG_STATE_CONNECTED)
        pq_buf_clear(&a->s->out); /* the dialogue has its own greeting */
    actor_run(a);
}

void actor_free(struct actor *a)
{
    if (!a)
        return;
    struct pq_alloc alloc = a->all->alloc;
    actor_on_end(a);
    actor_finish(a);
    a->s->plan = &a->s->mock->plan;
    a->s->behaviour = &a->s->mock->behaviour;
    pq_bindings_free(&a->names);
    pq_bytes_free(&a->line);
    pq_bytes_free(&a->heard);
    pq_bytes_free(&a->out.octets);
    if (a->out.lens)
        alloc.resize(alloc.ctx, a->out.lens, 0);
    if (a->plans)
        alloc.resize(alloc.ctx, a->plans, 0);
    alloc.resize(alloc.ctx, a, 0);
}
