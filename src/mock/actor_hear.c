/* SPDX-License-Identifier: Apache-2.0
 * What the client says: who takes a line - a step, an @on, or the session. */
#include "mock/actor.h"

#include <string.h>

#include "mock/actor_link.h"
#include "mock/fault_internal.h"

/* ---- the session hears unseen ---------------------------------------------------------------- */

/* The session reads the line, and nobody answers yet. */
static void read_line(struct actor *a, struct pq_slice line)
{
    struct pq_server *s = a->s;
    a->has_event = false;
    if (s->conn.session.state == PQ_STATE_CLOSED)
        return;
    pq_conn_feed(&s->conn, PQ_FROM_CLIENT, line);
    a->has_event = server_next_event(s, &a->event);
    if (!a->has_event)
        (void)pq_conn_take_back(&s->conn, PQ_FROM_CLIENT);
}

void actor_settle(struct actor *a)
{
    if (a->held.kind != JOB_NONE) {
        pq_conn_ended(&a->s->conn);
        pq_bytes_free(&a->s->wire);
    }
    if (a->has_event)
        fault_stay_silent(a->s);
    a->has_event = false;
    a->held.kind = JOB_NONE;
}

/* The session does what the command asks for; its answer is not sent. STLS is left to @tls. */
static void obey_unseen(struct actor *a)
{
    struct pq_server *s = a->s;
    size_t before = s->out.len;
    if (a->event.kind == PQ_EVENT_COMMAND && a->event.verb == PQ_VERB_STLS)
        return;
    a->has_event = false;
    s->event = &a->event;
    server_obey(s, &a->event);
    s->event = NULL;
    s->out.len = before;
    a->held = s->job;
    s->job.kind = JOB_NONE;
}

void actor_tell(struct actor *a, struct pq_slice answer)
{
    if (!a->has_event)
        return;
    if (pq_slice_equal_nocase(pq_slice_first(answer, 3), PQ_SLICE("+OK")) ||
        pq_slice_starts(answer, PQ_SLICE("+ ")))
        obey_unseen(a);
    else if (pq_slice_equal_nocase(pq_slice_first(answer, 4), PQ_SLICE("-ERR")))
        actor_settle(a);
}

/* ---- matching -------------------------------------------------------------------------------- */

bool actor_bind(struct actor *a, const struct pq_dlg_item *item, const struct pq_capture *captures,
                size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!pq_bindings_bind(&a->names, captures[i].name, captures[i].value)) {
            actor_judge(a, item, PQ_VERDICT_ERROR, "the dialogue binds more than can be held",
                        NULL);
            return false;
        }
    return true;
}

static bool takes(struct actor *a, const struct pq_dlg_item *item, const struct pq_dlg_step *step,
                  struct pq_slice line, struct pq_match *m)
{
    pq_template_match(step, line, &a->names.env, m);
    if (m->outcome == PQ_MATCH_ERROR)
        actor_judge(a, item, PQ_VERDICT_ERROR, m->why, NULL);
    return m->outcome == PQ_MATCH_YES;
}

/* @within and @notbefore of the line that has just come. */
static void check_time(struct actor *a, const struct pq_dlg_item *item)
{
    uint64_t took = a->s->now_ms - a->since_ms;
    bool late = a->within_ms > 0 && took > a->within_ms;
    bool early = took < a->notbefore_ms;
    a->within_ms = a->notbefore_ms = 0;
    if (late || early)
        actor_fail(a, item, late ? "the client was too late" : "the client was too early", NULL);
}

/* ---- alternatives ---------------------------------------------------------------------------- */

const struct pq_dlg_item *actor_case_head(const struct pq_dlg_item *a_case)
{
    const struct pq_dlg_item *item = a_case->directive.body;
    while (!item->look)
        item = item->next;
    return item;
}

const struct pq_dlg_item *actor_case_with(const struct pq_dlg_item *match, enum pq_dlg_do what)
{
    const struct pq_dlg_item *c = match->directive.body;
    while (c && !(pq_dlg_item_is(c, PQ_DLG_DO_CASE) && pq_dlg_item_is(actor_case_head(c), what)))
        c = c->next;
    return c;
}

static void note_branch(struct pq_overlay_outcome *o, struct pq_slice name)
{
    size_t len = strlen(o->branch);
    if (len + 1 + name.len >= sizeof(o->branch))
        return;
    if (len > 0)
        o->branch[len++] = '-';
    memcpy(o->branch + len, name.at, name.len);
    o->branch[len + name.len] = 0;
}

void actor_choose(struct actor *a, const struct pq_dlg_item *a_case, const char *actual)
{
    char why[ACTOR_TEXT_MAX];
    actor_why(a_case, why);
    note_branch(&a->outcome, pq_dlg_arg(&a_case->directive, PQ_DLG_ARG_NAME)->text);
    actor_record(a, a_case, pq_verdict_of_case(&a_case->directive), why, actual);
    actor_enter(a, ACTOR_CASE, actor_case_head(a_case)->next, a_case);
}

void actor_case_end(struct actor *a, const struct pq_dlg_item *a_case)
{
    char why[ACTOR_TEXT_MAX];
    actor_why(a_case, why);
    actor_judge(a, a_case, pq_verdict_of_case(&a_case->directive), why, NULL);
}

/* The case that takes the line. */
static bool match_line(struct actor *a, const struct pq_dlg_item *match, struct pq_slice line,
                       const char *shown)
{
    struct pq_match m;
    const struct pq_dlg_item *c = match->directive.body;
    for (; c; c = c->next) {
        if (!pq_dlg_item_is(c, PQ_DLG_DO_CASE))
            continue;
        const struct pq_dlg_item *head = actor_case_head(c);
        if (head->kind == PQ_DLG_ITEM_STEP && head->step.side == PQ_DLG_CLIENT &&
            takes(a, c, &head->step, line, &m))
            break;
    }
    if (!c)
        return false;
    check_time(a, match);
    if (a->depth > 0 && actor_bind(a, c, m.captures, m.count)) {
        actor_advance(a);
        actor_choose(a, c, shown);
    }
    return true;
}

/* ---- the whole dialogue ---------------------------------------------------------------------- */

/* Calls `meet` for each directive of that kind until it returns true. */
static bool for_each(struct actor *a, enum pq_dlg_do what, struct pq_slice line,
                     bool (*meet)(struct actor *, const struct pq_dlg_item *, struct pq_slice))
{
    const struct pq_dlg_section *sections[] = {a->v->dlg.given, a->v->dlg.test};
    for (size_t i = 0; i < 2; i++)
        for (const struct pq_dlg_item *item = sections[i] ? sections[i]->items : NULL; item;
             item = item->next)
            if (pq_dlg_item_is(item, what) && meet(a, item, line))
                return true;
    return false;
}

static const struct pq_dlg_step *pattern_of(const struct pq_dlg_item *item)
{
    return pq_dlg_arg(&item->directive, PQ_DLG_ARG_PATTERN)->pattern;
}

/* Whether what `before=` names has come about. */
static bool is_past(const struct actor *a, const struct pq_dlg_arg *before)
{
    const struct pq_session *session = &a->s->conn.session;
    if (!before)
        return false;
    if (pq_slice_equal(pq_dlg_milestones.at[before->number], PQ_SLICE("tls")))
        return session->tls != PQ_TLS_NONE;
    return session->state == PQ_STATE_TRANSACTION || session->state == PQ_STATE_UPDATE;
}

static bool meet_never(struct actor *a, const struct pq_dlg_item *item, struct pq_slice line)
{
    char why[ACTOR_TEXT_MAX], shown[ACTOR_TEXT_MAX];
    struct pq_match m;
    if (is_past(a, pq_dlg_arg(&item->directive, PQ_DLG_ARG_BEFORE)))
        return false;
    struct pq_bindings_mark mark = pq_bindings_enter(&a->names);
    bool met = takes(a, item, pattern_of(item), line, &m);
    pq_bindings_leave(&a->names, mark);
    if (!met)
        return false;
    actor_why(item, why);
    actor_show(a, line, shown);
    a->acted = true;
    a->outcome.used++;
    actor_record(a, item, pq_verdict_of_case(&item->directive), why, shown);
    return false; /* others may say something too */
}

static bool meet_on(struct actor *a, const struct pq_dlg_item *item, struct pq_slice line)
{
    struct pq_match m;
    struct pq_bindings_mark mark = pq_bindings_enter(&a->names);
    if (!takes(a, item, pattern_of(item), line, &m) || !actor_bind(a, item, m.captures, m.count)) {
        pq_bindings_leave(&a->names, mark);
        return false;
    }
    a->mark = mark;
    a->acted = true;
    a->outcome.used++;
    actor_enter(a, ACTOR_ON, item->directive.body, item);
    actor_begin_on(a, item);
    return true;
}

static bool is_in_on(const struct actor *a)
{
    for (size_t i = 0; i < a->depth; i++)
        if (a->frames[i].kind == ACTOR_ON)
            return true;
    return false;
}

/* Whether the step or @match that is next takes the line. */
static bool meet_step(struct actor *a, const struct pq_dlg_item *item, struct pq_slice line,
                      char *why)
{
    struct pq_match m;
    char shown[ACTOR_TEXT_MAX];
    actor_show(a, line, shown);
    if (pq_dlg_item_is(item, PQ_DLG_DO_MATCH))
        return match_line(a, item, line, shown);
    if (item->kind != PQ_DLG_ITEM_STEP || item->step.form == PQ_DLG_RAW)
        return false;
    if (!takes(a, item, &item->step, line, &m)) {
        memcpy(why, m.why, sizeof(m.why));
        return false;
    }
    check_time(a, item);
    if (a->depth > 0 && actor_bind(a, item, m.captures, m.count))
        actor_advance(a);
    return true;
}

/* Nobody of the dialogue took the line. */
static void pass_on(struct actor *a, const struct pq_dlg_item *next, struct pq_slice line,
                    const char *why)
{
    char shown[ACTOR_TEXT_MAX];
    bool quiet =
        next && (pq_dlg_item_is(next, PQ_DLG_DO_EOF) || pq_dlg_item_is(next, PQ_DLG_DO_SILENCE));
    if (a->depth == 0 || (a->v->follows && !quiet)) {
        if (a->has_event) {
            a->has_event = false;
            server_heed(a->s, &a->event);
        }
        return;
    }
    actor_show(a, line, shown);
    actor_fail(a, next, *why ? why : "the line is none that the dialogue expects", shown);
}

/* A whole line, with its end. */
static void hear(struct actor *a, struct pq_slice whole)
{
    char why[PQ_MATCH_TEXT_MAX] = "";
    size_t end = whole.len >= 2 && whole.at[whole.len - 2] == '\r' ? 2 : 1;
    struct pq_slice line = pq_slice_first(whole, whole.len - end);
    const struct pq_dlg_item *next = actor_next(a);
    actor_settle(a);
    read_line(a, whole);
    (void)for_each(a, PQ_DLG_DO_NEVER, line, meet_never);
    if (next && meet_step(a, next, line, why)) {
        a->outcome.used++;
        return;
    }
    if (!is_in_on(a) && for_each(a, PQ_DLG_DO_ON, line, meet_on))
        return;
    pass_on(a, next, line, why);
}

/* ---- octets ---------------------------------------------------------------------------------- */

/* Takes octets up to the end of a line, whole or not. True: the line is complete. */
static bool take_line(struct actor *a, struct pq_slice *in)
{
    bool lenient = (a->s->mock->config.leniency & PQ_LENIENT_LF) != 0;
    size_t lf = pq_slice_index(*in, '\n');
    struct pq_slice part = pq_slice_first(*in, lf + 1);
    *in = pq_slice_after(*in, part.len);
    if (pq_bytes_put(&a->line, part) != PQ_STATUS_OK) {
        actor_fail(a, actor_next(a), "the client's line is longer than 64 KiB", NULL);
        a->s->ended = true;
        return false;
    }
    bool ended = a->line.len > 0 && a->line.at[a->line.len - 1] == '\n';
    return ended && (lenient || (a->line.len > 1 && a->line.at[a->line.len - 2] == '\r'));
}

/* C! : exactly these octets, whatever lines they make. */
static void take_raw(struct actor *a, const struct pq_dlg_item *item, struct pq_slice *in)
{
    struct pq_emitter e;
    struct pq_bytes want;
    char shown[ACTOR_TEXT_MAX];
    pq_bytes_init(&want, a->all->alloc, PQ_OVERLAY_LINE_MAX);
    pq_emitter_init(&e, &item->step, &a->names.env);
    while (pq_emitter_next(&e, &want))
        continue;
    struct pq_slice part = pq_slice_first(*in, want.len - a->line.len);
    bool kept = e.error == PQ_EXPR_OK && pq_bytes_put(&a->line, part) == PQ_STATUS_OK;
    *in = pq_slice_after(*in, part.len);
    struct pq_slice got = pq_bytes_slice(&a->line);
    if (!kept) {
        actor_expr_failed(a, item, e.error == PQ_EXPR_OK ? PQ_EXPR_TOO_LONG : e.error, e.about);
    } else if (!pq_slice_equal(got, pq_slice_first(pq_bytes_slice(&want), got.len))) {
        actor_show(a, got, shown);
        actor_fail(a, item, "the octets are not those that are expected", shown);
    } else if (got.len == want.len) {
        pq_bytes_clear(&a->line);
        a->outcome.used++;
        actor_advance(a);
    }
    pq_bytes_free(&want);
}

/* Whether the client's octets are looked at now, or have to wait. */
static bool hears(const struct actor *a)
{
    const struct pq_dlg_item *next = actor_next(a);
    bool paused =
        next && (pq_dlg_item_is(next, PQ_DLG_DO_WAIT) || pq_dlg_item_is(next, PQ_DLG_DO_SETTLE));
    return !a->gone && !paused && a->out.count == 0 && a->s->job.kind == JOB_NONE &&
           !a->wants_tls && a->s->conn.session.state != PQ_STATE_TLS &&
           pq_buf_room(&a->s->out) >= PQ_SERVER_FAULT_ROOM && !pq_server_is_over(a->s);
}

static void hear_some(struct actor *a, struct pq_slice *in)
{
    const struct pq_dlg_item *next = actor_next(a);
    if (next && next->kind == PQ_DLG_ITEM_STEP && next->step.form == PQ_DLG_RAW) {
        take_raw(a, next, in);
    } else if (take_line(a, in)) {
        struct pq_bytes whole = a->line;
        a->line = a->heard;
        a->heard = whole;
        pq_bytes_clear(&a->line);
        hear(a, pq_bytes_slice(&a->heard));
    }
}

size_t actor_take(struct actor *a, struct pq_slice in)
{
    size_t all = in.len;
    actor_run(a);
    while (in.len > 0 && hears(a)) {
        hear_some(a, &in);
        actor_run(a);
    }
    return all - in.len;
}
