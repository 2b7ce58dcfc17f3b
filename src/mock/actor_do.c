/* SPDX-License-Identifier: Apache-2.0
 * What each step and directive does in the server's role. */
#include "mock/actor.h"

#include <string.h>

#define TEXT PQ_SLICE

/* ---- the end of a connection ----------------------------------------------------------------- */

static bool do_close(struct actor *a, const struct pq_dlg_item *item)
{
    if (a->gone)
        return true;
    if (a->out.count > 0 || a->s->out.len > 0)
        return actor_waited(a, item) == ACTOR_NEVER; /* first everything is sent */
    a->reset = item->directive.what == PQ_DLG_DO_DROP;
    a->cut_tls = item->directive.what == PQ_DLG_DO_TLSCUT;
    a->gone = true;
    a->s->ended = true;
    return true;
}

static bool do_halfclose(struct actor *a, const struct pq_dlg_item *item)
{
    if (!a->gone && (a->out.count > 0 || a->s->out.len > 0))
        return actor_waited(a, item) == ACTOR_NEVER;
    a->half_closed = true;
    return true;
}

/* What the client has sent of a line that is not complete. */
static void tell_unfinished(struct actor *a, const struct pq_dlg_item *item, const char *why)
{
    char text[ACTOR_TEXT_MAX];
    actor_show(a, pq_bytes_slice(&a->line), text);
    actor_fail(a, item, why, text);
}

/* The client must close, with nothing before it. */
static bool do_eof(struct actor *a, const struct pq_dlg_item *item)
{
    (void)actor_waited(a, item);
    if (a->gone && a->line.len > 0)
        tell_unfinished(a, item, "the client said something before it closed the connection");
    return a->gone;
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static bool begin_tls(struct actor *a, const struct pq_dlg_item *item)
{
    struct pq_server *s = a->s;
    if (s->conn.session.tls != PQ_TLS_NONE || !s->mock->config.tls) {
        actor_judge(a, item, PQ_VERDICT_ERROR,
                    s->mock->config.tls ? "TLS is there already"
                                        : "the server has no certificate: give --tls",
                    NULL);
        return true;
    }
    actor_settle(a);
    s->conn.session.state = PQ_STATE_TLS;
    s->tls_since_ms = s->now_ms;
    a->wants_tls = true;
    a->tls = item;
    return false;
}

static bool do_tls(struct actor *a, const struct pq_dlg_item *item)
{
    bool waited = a->waits == item;
    (void)actor_waited(a, item);
    if (a->wants_tls)
        return false;
    if (a->gone || (waited && a->tls_done == item))
        return true;
    if (a->out.count > 0 || a->s->out.len > 0)
        return false;
    a->tls_done = item;
    return begin_tls(a, item);
}

/* The connection is there; TLS may be wanted first. */
static bool do_connect(struct actor *a, const struct pq_dlg_item *item)
{
    bool implicit = pq_dlg_arg(&item->directive, PQ_DLG_ARG_IMPLICIT) != NULL;
    if (!implicit || a->s->conn.session.tls == PQ_TLS_IMPLICIT)
        return true;
    return do_tls(a, item);
}

/* ---- time ------------------------------------------------------------------------------------ */

static bool do_wait(struct actor *a, const struct pq_dlg_item *item)
{
    if (a->gone)
        return true;
    if (a->out.count > 0)
        return false; /* the pause begins behind what was said before */
    return actor_waited(a, item) >= pq_dlg_arg(&item->directive, PQ_DLG_ARG_TIME)->number;
}

static bool do_bound(struct actor *a, const struct pq_dlg_item *item)
{
    uint64_t ms = pq_dlg_arg(&item->directive, PQ_DLG_ARG_TIME)->number;
    if (item->directive.what == PQ_DLG_DO_WITHIN)
        a->within_ms = ms;
    else
        a->notbefore_ms = ms;
    return true;
}

/* ---- blocks and values ----------------------------------------------------------------------- */

static bool do_segment(struct actor *a, const struct pq_dlg_item *item)
{
    const struct pq_dlg_arg *cut = pq_dlg_arg(&item->directive, PQ_DLG_ARG_CUT);
    a->cut = (struct pq_cut){.kind = cut->cut, .octets = (size_t)cut->number};
    return true;
}

static bool do_batch(struct actor *a, const struct pq_dlg_item *item)
{
    if (a->batches++ == 0)
        a->batch_from = a->out.octets.len;
    actor_enter(a, ACTOR_BATCH, item->directive.body, item);
    return true;
}

/* The truth of an expression; false in `*ok`: a finding. */
static bool is_true(struct actor *a, const struct pq_dlg_item *item, bool *ok)
{
    struct pq_expr_result r;
    const struct pq_expr *e = pq_dlg_arg(&item->directive, PQ_DLG_ARG_EXPR)->expr;
    *ok = pq_expr_eval(e, &a->names.env, &r) && r.value.kind == PQ_VALUE_TRUTH;
    if (!*ok)
        actor_expr_failed(a, item, r.outcome == PQ_EXPR_OK ? PQ_EXPR_KIND : r.outcome,
                          pq_expr_source(e));
    return *ok && r.value.truth;
}

static bool do_if(struct actor *a, const struct pq_dlg_item *item)
{
    bool ok = true;
    const struct pq_dlg_item *other = item->directive.other;
    if (is_true(a, item, &ok))
        actor_enter(a, ACTOR_LIST, item->directive.body, NULL);
    else if (ok && other)
        actor_enter(a, ACTOR_LIST, other->directive.body, NULL);
    return true;
}

static bool do_assert(struct actor *a, const struct pq_dlg_item *item)
{
    bool ok = true;
    if (!is_true(a, item, &ok) && ok)
        actor_fail(a, item, "the assertion does not hold", "");
    return true;
}

static bool do_verdict(struct actor *a, const struct pq_dlg_item *item)
{
    char why[ACTOR_TEXT_MAX];
    actor_why(item, why);
    actor_judge(a, item, pq_verdict_said(&item->directive), why, NULL);
    if (item->directive.what == PQ_DLG_DO_PASS)
        actor_end_section(a);
    return true;
}

/* ---- what the session says ------------------------------------------------------------------- */

/* Inside of an @on: the session answers, and what follows waits until it has. */
static bool do_fallback(struct actor *a, const struct pq_dlg_item *item)
{
    if (!item->parent)
        return true; /* of the whole dialogue */
    (void)actor_waited(a, item);
    if (a->has_event) {
        a->has_event = false;
        server_heed(a->s, &a->event);
    }
    return a->s->job.kind == JOB_NONE;
}

#define BODY_MAX (1u << 20)

/* The lines of a multi-line reply without stuffing; the terminator is left out. */
static bool bind_body(struct actor *a, const struct pq_dlg_item *item, struct pq_slice body)
{
    size_t count = 0;
    for (size_t i = 0; i < body.len; i++)
        count += body.at[i] == '\n';
    struct pq_slice *lines = pq_arena_get(&a->names.scratch, (count + 1) * sizeof(*lines));
    if (!lines)
        return false;
    for (count = 0; body.len > 0;) {
        struct pq_slice line = pq_slice_cut(&body, '\n');
        line = pq_slice_first(line, line.len > 0 ? line.len - 1 : 0);
        if (!pq_slice_equal(line, TEXT(".")))
            lines[count++] = pq_slice_after(line, line.len > 1 && line.at[0] == '.' ? 1 : 0);
    }
    return pq_bindings_bind(&a->names, pq_dlg_arg(&item->directive, PQ_DLG_ARG_VARIABLE)->text,
                            pq_value_list(lines, count));
}

/* Makes the session write the rest of its answer to `body`. */
static bool collect_body(struct actor *a, struct pq_bytes *body)
{
    struct pq_server *s = a->s;
    size_t before = s->out.len;
    s->job = a->held;
    a->held.kind = JOB_NONE;
    while (s->job.kind != JOB_NONE) {
        server_run_job(s);
        struct pq_slice part = pq_slice_after(pq_buf_slice(&s->out), before);
        bool kept = part.len > 0 && pq_bytes_put(body, part) == PQ_STATUS_OK;
        s->out.len = before;
        if (!kept)
            break;
    }
    bool whole = s->job.kind == JOB_NONE;
    s->job.kind = JOB_NONE;
    return whole;
}

static bool do_body(struct actor *a, const struct pq_dlg_item *item)
{
    struct pq_bytes body;
    if (a->held.kind == JOB_NONE) {
        if (!a->gone)
            actor_judge(a, item, PQ_VERDICT_ERROR,
                        "the built-in server has no reply of several lines here", NULL);
        return true;
    }
    pq_bytes_init(&body, a->all->alloc, BODY_MAX);
    if (collect_body(a, &body) && bind_body(a, item, pq_bytes_slice(&body)))
        actor_say_octets(a, item, pq_bytes_slice(&body));
    else
        actor_judge(a, item, PQ_VERDICT_ERROR, "the reply is longer than can be held", NULL);
    pq_bytes_free(&body);
    return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool do_nothing(struct actor *a, const struct pq_dlg_item *item)
{
    (void)a;
    (void)item;
    return true;
}

/* A line, silence or the end is waited for; actor_hear.c and actor_on_patience() go on. */
static bool do_listen(struct actor *a, const struct pq_dlg_item *item)
{
    (void)actor_waited(a, item);
    if (!a->gone)
        return false;
    const struct pq_dlg_item *eof =
        pq_dlg_item_is(item, PQ_DLG_DO_MATCH) ? actor_case_with(item, PQ_DLG_DO_EOF) : NULL;
    if (eof)
        actor_choose(a, eof, "the client closed the connection");
    else if (!pq_dlg_item_is(item, PQ_DLG_DO_SILENCE))
        actor_judge(a, item, a->v->follows ? PQ_VERDICT_INCONCLUSIVE : PQ_VERDICT_FAIL,
                    "the connection ended before this", a->reset ? "reset by us" : "closed");
    return true;
}

/* NULL: it means nothing to a server, or stands inside of another one. */
static bool (*const directives[PQ_DLG_DO_COUNT])(struct actor *, const struct pq_dlg_item *) = {
    [PQ_DLG_DO_CONNECT] = do_connect,
    [PQ_DLG_DO_CLOSE] = do_close,
    [PQ_DLG_DO_DROP] = do_close,
    [PQ_DLG_DO_TLSCUT] = do_close,
    [PQ_DLG_DO_HALFCLOSE] = do_halfclose,
    [PQ_DLG_DO_EOF] = do_eof,
    [PQ_DLG_DO_TLS] = do_tls,
    [PQ_DLG_DO_SEGMENT] = do_segment,
    [PQ_DLG_DO_BATCH] = do_batch,
    [PQ_DLG_DO_MATCH] = do_listen,
    [PQ_DLG_DO_IF] = do_if,
    [PQ_DLG_DO_PASS] = do_verdict,
    [PQ_DLG_DO_NOTE] = do_verdict,
    [PQ_DLG_DO_WARN] = do_verdict,
    [PQ_DLG_DO_FAIL] = do_verdict,
    [PQ_DLG_DO_INCONCLUSIVE] = do_verdict,
    [PQ_DLG_DO_ASSERT] = do_assert,
    [PQ_DLG_DO_BODY] = do_body,
    [PQ_DLG_DO_WITHIN] = do_bound,
    [PQ_DLG_DO_NOTBEFORE] = do_bound,
    [PQ_DLG_DO_SILENCE] = do_listen,
    [PQ_DLG_DO_WAIT] = do_wait,
    [PQ_DLG_DO_SETTLE] = do_wait,
    [PQ_DLG_DO_FALLBACK] = do_fallback,
};

bool actor_play(struct actor *a, const struct pq_dlg_item *item)
{
    if (item->kind == PQ_DLG_ITEM_STEP && item->step.side == PQ_DLG_SERVER) {
        actor_say(a, item);
        return true;
    }
    if (item->kind == PQ_DLG_ITEM_STEP)
        return do_listen(a, item);
    bool (*play)(struct actor *, const struct pq_dlg_item *) = directives[item->directive.what];
    return (play ? play : do_nothing)(a, item);
}

/* ---- patience -------------------------------------------------------------------------------- */

static uint64_t patience(const struct actor *a)
{
    return a->v->dlg.timeout_ms > 0 ? a->v->dlg.timeout_ms : PQ_OVERLAY_PATIENCE_MS;
}

static uint64_t silence_of(const struct pq_dlg_item *item)
{
    return pq_dlg_arg(&item->directive, PQ_DLG_ARG_TIME)->number;
}

/* How long a @match waits: for silence, or at least as the file says. */
static uint64_t match_patience(const struct actor *a, const struct pq_dlg_item *match)
{
    const struct pq_dlg_arg *timeout = pq_dlg_arg(&match->directive, PQ_DLG_ARG_TIMEOUT);
    const struct pq_dlg_item *c = actor_case_with(match, PQ_DLG_DO_SILENCE);
    if (c)
        return silence_of(actor_case_head(c));
    return timeout && timeout->number > patience(a) ? timeout->number : patience(a);
}

uint64_t actor_until(const struct actor *a, const struct pq_dlg_item *item)
{
    uint64_t ms = patience(a);
    if (pq_dlg_item_is(item, PQ_DLG_DO_TLS) || pq_dlg_item_is(item, PQ_DLG_DO_CONNECT) ||
        pq_dlg_item_is(item, PQ_DLG_DO_FALLBACK))
        return ACTOR_NEVER; /* the session keeps time */
    if (pq_dlg_item_is(item, PQ_DLG_DO_MATCH))
        ms = match_patience(a, item);
    else if (pq_dlg_item_is(item, PQ_DLG_DO_SILENCE) || pq_dlg_item_is(item, PQ_DLG_DO_WAIT) ||
             pq_dlg_item_is(item, PQ_DLG_DO_SETTLE))
        ms = silence_of(item);
    return a->since_ms + ms;
}

void actor_on_patience(struct actor *a, const struct pq_dlg_item *item)
{
    const struct pq_dlg_item *c =
        pq_dlg_item_is(item, PQ_DLG_DO_MATCH) ? actor_case_with(item, PQ_DLG_DO_SILENCE) : NULL;
    if (pq_dlg_item_is(item, PQ_DLG_DO_WAIT) || pq_dlg_item_is(item, PQ_DLG_DO_SETTLE))
        return;
    if (c && a->line.len == 0) {
        actor_advance(a);
        actor_choose(a, c, "silence");
    } else if (pq_dlg_item_is(item, PQ_DLG_DO_SILENCE) && a->line.len == 0) {
        actor_advance(a);
    } else if (pq_dlg_item_is(item, PQ_DLG_DO_EOF)) {
        actor_fail(a, item, "the client did not close the connection in time", NULL);
    } else {
        tell_unfinished(a, item,
                        a->line.len > 0 ? "the client did not complete its line in time"
                                        : "the client said nothing in time");
    }
}
