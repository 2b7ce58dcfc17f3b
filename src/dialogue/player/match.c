/* SPDX-License-Identifier: Apache-2.0
 * Alternatives: the next line, or its absence, chooses a case; nothing is ever taken back. */
#include <string.h>

#include "dialogue/player/play_internal.h"

/* The case that begins with the directive `what`, or NULL. */
static const struct pq_dlg_item *case_with(const struct pq_dlg_item *match, enum pq_dlg_do what)
{
    const struct pq_dlg_item *c = play_next_case(match->directive.body);
    while (c && !pq_dlg_item_is(play_case_head(c), what))
        c = play_next_case(c->next);
    return c;
}

/* The connection that all cases look at. */
static unsigned conn_of(const struct pq_play *p, const struct pq_dlg_item *match)
{
    const struct pq_dlg_item *first = play_next_case(match->directive.body);
    const struct pq_dlg_item *head = first ? play_case_head(first) : NULL;
    if (!head)
        return 1;
    return play_conn(p, head->kind == PQ_DLG_ITEM_STEP ? head->step.conn
                                                       : pq_dlg_conn(&head->directive));
}

/* Appends the name of a case to the branch of the run. */
static void note_branch(struct pq_outcome *out, struct pq_slice name)
{
    size_t len = strlen(out->branch);
    if (len + 1 + name.len >= sizeof(out->branch))
        return;
    if (len > 0)
        out->branch[len++] = '-';
    memcpy(out->branch + len, name.at, name.len);
    out->branch[len + name.len] = 0;
}

/* What the author says of a case: its verdict and why. */
static void case_verdict(struct pq_play *p, const struct pq_dlg_item *a_case, const char *actual,
                         void (*give)(struct pq_play *, const struct pq_dlg_item *, enum pq_verdict,
                                      const char *, const char *))
{
    const struct pq_dlg_arg *why = pq_dlg_arg(&a_case->directive, PQ_DLG_ARG_WHY);
    struct line text;
    line_clear(&text);
    if (why)
        line_put_slice(&text, why->text);
    give(p, a_case, pq_verdict_of_case(&a_case->directive), text.at, actual);
}

/* Goes on inside of a case, behind its head. What is bad stands from now on; what is good must
 * first be reached. */
static void choose(struct pq_play *p, const struct pq_dlg_item *a_case, const char *actual)
{
    const struct pq_dlg_arg *verdict = pq_dlg_arg(&a_case->directive, PQ_DLG_ARG_VERDICT);
    if (!p->login.active)
        note_branch(p->out, pq_dlg_arg(&a_case->directive, PQ_DLG_ARG_NAME)->text);
    if (verdict->number != PQ_DLG_VERDICT_PASS)
        case_verdict(p, a_case, actual, play_record);
    play_enter(p, FRAME_CASE, play_case_head(a_case)->next, a_case);
}

void play_case_end(struct pq_play *p, const struct pq_dlg_item *item)
{
    case_verdict(p, item, NULL, play_verdict);
}

/* ---- a line chooses -------------------------------------------------------------------------- */

static enum pq_match_outcome try_case(struct pq_play *p, const struct pq_dlg_item *a_case,
                                      struct pq_slice line, struct pq_match *m)
{
    const struct pq_dlg_item *head = play_case_head(a_case);
    *m = (struct pq_match){.outcome = PQ_MATCH_NO};
    if (head->kind != PQ_DLG_ITEM_STEP)
        return PQ_MATCH_NO;
    bool body = head->step.form == PQ_DLG_BODY;
    if (body && pq_slice_equal(line, PQ_SLICE(".")))
        return PQ_MATCH_NO;
    pq_template_match(&head->step, body ? play_unstuff(line) : line, &p->names.env, m);
    return m->outcome;
}

static void choose_by_line(struct pq_play *p, const struct pq_dlg_item *match, unsigned conn,
                           const struct pq_incoming *line)
{
    struct pq_match m;
    const struct pq_dlg_item *c = play_next_case(match->directive.body);
    while (c && try_case(p, c, line->text, &m) == PQ_MATCH_NO)
        c = play_next_case(c->next);
    struct line actual;
    line_clear(&actual);
    line_put_octets(&actual, line->text);
    if (!c)
        play_fail(p, match, "the line is none of the alternatives", actual.at);
    else if (m.outcome == PQ_MATCH_ERROR)
        play_match_failed(p, play_case_head(c), line->text, &m);
    else if (play_bind_captures(p, play_case_head(c), m.captures, m.count))
        choose(p, c, actual.at);
    bool more = c && (play_case_head(c)->step.form == PQ_DLG_BODY ||
                      play_case_head(c)->step.form == PQ_DLG_DOT);
    pq_conns_take(&p->conns, conn, line, more);
}

/* ---- its absence chooses --------------------------------------------------------------------- */

static void choose_by_end(struct pq_play *p, const struct pq_dlg_item *match, unsigned conn,
                          enum pq_wire_result result)
{
    const struct pq_dlg_item *c = case_with(match, PQ_DLG_DO_EOF);
    bool ended = result == PQ_WIRE_CLOSED || result == PQ_WIRE_RESET || result == PQ_WIRE_BROKEN;
    if (!c || !ended || pq_conns_pending(&p->conns, conn).len > 0) {
        play_ended(p, match, conn, result);
        return;
    }
    pq_conns_end(&p->conns, conn, PQ_WIRE_CLOSE);
    choose(p, c, pq_wire_result_text(result));
}

static void choose_by_silence(struct pq_play *p, const struct pq_dlg_item *match, unsigned conn)
{
    const struct pq_dlg_item *c = case_with(match, PQ_DLG_DO_SILENCE);
    if (!c || pq_conns_pending(&p->conns, conn).len > 0)
        play_barrier(p, match, conn, AWAIT_LINE);
    else
        choose(p, c, "silence");
}

/* How long a @match waits: at least as long as silence must last to be one. */
static uint64_t own_patience(const struct pq_dlg_item *match)
{
    const struct pq_dlg_arg *timeout = pq_dlg_arg(&match->directive, PQ_DLG_ARG_TIMEOUT);
    const struct pq_dlg_item *c = case_with(match, PQ_DLG_DO_SILENCE);
    uint64_t ms = timeout ? timeout->number : 0;
    uint64_t silence = c ? pq_dlg_arg(&play_case_head(c)->directive, PQ_DLG_ARG_TIME)->number : 0;
    return silence > ms ? silence : ms;
}

void play_do_match(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = conn_of(p, item);
    struct pq_incoming line;
    if (!play_is_open(p, item, conn))
        return;
    struct pq_patience patience = play_patience_of(p, own_patience(item));
    enum pq_wire_result r = pq_conns_line(&p->conns, conn, patience, &line);
    if (r == PQ_WIRE_TIMEOUT)
        choose_by_silence(p, item, conn);
    else if (r != PQ_WIRE_OK)
        choose_by_end(p, item, conn, r);
    else if (play_check_bounds(p, item, conn))
        choose_by_line(p, item, conn, &line);
}

/* ---- values choose --------------------------------------------------------------------------- */

/* The truth of an expression. False: a finding. */
static bool eval_truth(struct pq_play *p, const struct pq_dlg_item *item, struct pq_expr_result *r)
{
    const struct pq_expr *e = pq_dlg_arg(&item->directive, PQ_DLG_ARG_EXPR)->expr;
    if (!pq_expr_eval(e, &p->names.env, r)) {
        play_expr_failed(p, item, r->outcome, r->about);
        return false;
    }
    if (r->value.kind != PQ_VALUE_TRUTH) {
        play_expr_failed(p, item, PQ_EXPR_KIND, pq_expr_source(e));
        return false;
    }
    return true;
}

void play_do_if(struct pq_play *p, const struct pq_dlg_item *item)
{
    struct pq_expr_result r;
    if (!eval_truth(p, item, &r))
        return;
    if (r.value.truth)
        play_enter(p, FRAME_LIST, item->directive.body, NULL);
    else if (item->directive.other)
        play_enter(p, FRAME_LIST, item->directive.other->directive.body, NULL);
}

static void show_value(struct line *l, const struct pq_value *value)
{
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), PQ_OUTCOME_TEXT_MAX);
    if (pq_value_show(value, PQ_OUTCOME_TEXT_MAX / 3, &text) == PQ_STATUS_OK)
        line_put_slice(l, pq_bytes_slice(&text));
    pq_bytes_free(&text);
}

/* Whether the name stood in front of the name `n` of the expression. */
static bool stood_before(const struct pq_expr *e, size_t n, struct pq_slice name)
{
    struct pq_slice before;
    for (size_t i = 0; i < n && pq_expr_name(e, i, &before); i++)
        if (pq_slice_equal(before, name))
            return true;
    return false;
}

/* What the names in an expression stand for: all there is to see of has(list, "x"). */
static void show_names(struct line *l, const struct pq_play *p, const struct pq_expr *e)
{
    struct pq_slice name;
    struct pq_value value;
    for (size_t n = 0; pq_expr_name(e, n, &name); n++) {
        if (stood_before(e, n, name) || !pq_bindings_value(&p->names, name, &value))
            continue;
        line_put(l, l->len > 0 ? ", " : "");
        line_put_slice(l, name);
        line_put(l, " is ");
        show_value(l, &value);
    }
    if (l->len == 0)
        line_put(l, "false");
}

void play_do_assert(struct pq_play *p, const struct pq_dlg_item *item)
{
    struct pq_expr_result r;
    if (!eval_truth(p, item, &r))
        return;
    if (r.value.truth) {
        play_pass(p, item);
        return;
    }
    struct line actual;
    line_clear(&actual);
    if (r.compared) {
        show_value(&actual, &r.left);
        line_put(&actual, " against ");
        show_value(&actual, &r.right);
    } else {
        show_names(&actual, p, pq_dlg_arg(&item->directive, PQ_DLG_ARG_EXPR)->expr);
    }
    play_fail(p, item, "the assertion does not hold", actual.at);
}
