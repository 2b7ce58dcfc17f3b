/* SPDX-License-Identifier: Apache-2.0
 * Ways through a file: branches that cannot be reached, cases that cannot fail, passes that a
 * missing answer would give. */
#include "dialogue/lint_internal.h"

/* ---- branches -------------------------------------------------------------------------------- */

static bool is_line(const struct pq_dlg_item *look)
{
    return look && look->kind == PQ_DLG_ITEM_STEP && look->step.form == PQ_DLG_LINE;
}

/* {:rest} or {name:rest} and nothing else: every line. */
static bool takes_all(const struct pq_dlg_item *look)
{
    const struct pq_dlg_part *part = is_line(look) ? look->step.parts : NULL;
    return part && part->kind == PQ_DLG_PART_TYPED && part->type == PQ_DLG_TYPE_REST;
}

static bool parts_equal(const struct pq_dlg_part *a, const struct pq_dlg_part *b)
{
    while (a && b) {
        bool same = a->kind == b->kind && pq_slice_equal(a->octets, b->octets) &&
                    (a->kind != PQ_DLG_PART_TYPED || a->type == b->type) &&
                    (a->kind != PQ_DLG_PART_EXPR ||
                     pq_slice_equal(pq_expr_source(a->expr), pq_expr_source(b->expr)));
        if (!same)
            return false;
        a = a->next;
        b = b->next;
    }
    return a == b;
}

/* `a` is octets and {*?}, and what `b` matches begins with those octets as a word. */
static bool is_prefix(const struct pq_dlg_part *a, const struct pq_dlg_part *b)
{
    if (!a || !b || a->kind != PQ_DLG_PART_LITERAL || b->kind != PQ_DLG_PART_LITERAL || !a->next ||
        a->next->kind != PQ_DLG_PART_REST_OR_END || !pq_slice_starts(b->octets, a->octets))
        return false;
    if (b->octets.len > a->octets.len)
        return b->octets.at[a->octets.len] == ' ';
    return !b->next || b->next->kind == PQ_DLG_PART_REST ||
           b->next->kind == PQ_DLG_PART_REST_OR_END;
}

/* Whether every line that `b` matches is taken by `a` before it. */
static bool covers(const struct pq_dlg_item *a, const struct pq_dlg_item *b)
{
    if (is_line(a) && is_line(b))
        return takes_all(a) || parts_equal(a->step.parts, b->step.parts) ||
               is_prefix(a->step.parts, b->step.parts);
    if (takes_all(a) && b->kind == PQ_DLG_ITEM_STEP)
        return true;
    return a->kind == PQ_DLG_ITEM_DIRECTIVE && b->kind == PQ_DLG_ITEM_DIRECTIVE &&
           a->directive.what == b->directive.what;
}

static void check_case(struct linter *l, const struct pq_dlg_item *match,
                       const struct pq_dlg_item *a_case)
{
    const struct pq_dlg_item *look = lint_look(a_case);
    for (const struct pq_dlg_item *c = match->directive.body; c != a_case; c = c->next) {
        if (!pq_dlg_item_is(c, PQ_DLG_DO_CASE) || !covers(lint_look(c), look))
            continue;
        lint_error(l, a_case->at, "a case before this one takes every line of it");
        return;
    }
}

void lint_branches(struct linter *l)
{
    const struct pq_dlg_section *section;
    struct pq_names names;
    l->status = pq_names_init(&names, &l->arena, l->d->steps);
    if (l->status != PQ_STATUS_OK)
        return;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section)) {
        if (!pq_dlg_item_is(item, PQ_DLG_DO_CASE))
            continue;
        const struct pq_dlg_arg *name = pq_dlg_arg(&item->directive, PQ_DLG_ARG_NAME);
        if (name->axis.len == 0 && !pq_names_add(&names, name->text))
            lint_error_quoting(l, name->at, "the branch ", name->text,
                               " stands twice; outcomes need names of their own");
        check_case(l, item->parent, item);
    }
}

/* ---- ends ------------------------------------------------------------------------------------ */

static bool ends_section(const struct pq_dlg_item *item)
{
    return pq_dlg_item_is(item, PQ_DLG_DO_PASS) || pq_dlg_item_is(item, PQ_DLG_DO_FAIL) ||
           pq_dlg_item_is(item, PQ_DLG_DO_INCONCLUSIVE);
}

void lint_unreachable(struct linter *l)
{
    const struct pq_dlg_section *section;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section)) {
        const struct pq_dlg_item *next = pq_dlg_item_active(item->next);
        if (next && ends_section(item))
            lint_error(l, next->at, "this is never reached: the section ends before it");
    }
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static bool verdict_is(const struct pq_dlg_item *item, enum pq_dlg_verdict verdict)
{
    const struct pq_dlg_arg *arg = pq_dlg_arg(&item->directive, PQ_DLG_ARG_VERDICT);
    return arg && (arg->axis.len > 0 || arg->number == (uint64_t)verdict);
}

/* Whether a line can come that no case takes. */
static bool match_can_fail(const struct pq_dlg_item *match)
{
    for (const struct pq_dlg_item *c = match->directive.body; c; c = c->next)
        if (pq_dlg_item_is(c, PQ_DLG_DO_CASE) && takes_all(lint_look(c)))
            return false;
    return true;
}

static bool step_can_fail(const struct linter *l, const struct pq_dlg_item *item)
{
    const struct pq_dlg_step *s = &item->step;
    bool read = s->side == PQ_DLG_SERVER
                    ? lint_has_role(l, PQ_DLG_ROLE_CLIENT) || lint_has_role(l, PQ_DLG_ROLE_SEED)
                    : lint_has_role(l, PQ_DLG_ROLE_SERVER);
    if (!read || item->look || takes_all(item))
        return false;
    return s->form != PQ_DLG_MANY || s->least > 0 || s->most != UINT64_MAX;
}

static bool can_fail(const struct linter *l, const struct pq_dlg_item *item)
{
    static const enum pq_dlg_do checks[] = {
        PQ_DLG_DO_ASSERT, PQ_DLG_DO_FAIL,   PQ_DLG_DO_EOF,    PQ_DLG_DO_FENCE,    PQ_DLG_DO_SILENCE,
        PQ_DLG_DO_BODY,   PQ_DLG_DO_EXPECT, PQ_DLG_DO_WITHIN, PQ_DLG_DO_NOTBEFORE};
    if (item->kind == PQ_DLG_ITEM_STEP)
        return step_can_fail(l, item);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (item->directive.what == checks[i])
            return !item->look;
    if (pq_dlg_item_is(item, PQ_DLG_DO_MATCH))
        return match_can_fail(item);
    if (pq_dlg_item_is(item, PQ_DLG_DO_TLS))
        return !pq_dlg_arg(&item->directive, PQ_DLG_ARG_RESULT);
    return (pq_dlg_item_is(item, PQ_DLG_DO_CASE) || pq_dlg_item_is(item, PQ_DLG_DO_NEVER)) &&
           verdict_is(item, PQ_DLG_VERDICT_FAIL);
}

/* A case that takes silence for a pass, when nothing behind it can fail any more. `last` is the
 * line of the last item of [test] that can fail. */
static void check_silent_pass(struct linter *l, const struct pq_dlg_item *item, uint32_t last)
{
    const struct pq_dlg_item *look = lint_look(item);
    if (verdict_is(item, PQ_DLG_VERDICT_PASS) && look && pq_dlg_item_is(look, PQ_DLG_DO_SILENCE) &&
        last < item->parent->directive.end.line)
        lint_error(l, item->at, "a missing answer leads to pass, and nothing behind it can fail");
}

struct outcome_scope {
    const struct pq_names *outcomes; /* names that @tls gave a value */
    bool other;                      /* the expression asks for something else too */
};

static bool timeout_name(void *ctx, struct pq_slice name, struct pq_value *out)
{
    struct outcome_scope *s = ctx;
    *out = pq_value_octets(PQ_SLICE("timeout"));
    s->other = s->other || !pq_names_has(s->outcomes, name);
    return !s->other;
}

static bool has_pass(const struct pq_dlg_item *item)
{
    for (; item; item = item->next)
        if (pq_dlg_item_is(item, PQ_DLG_DO_PASS))
            return true;
    return false;
}

/* An @if that asks for outcomes of @tls only: what does it do when TLS never answered? */
static void check_timeout(struct linter *l, const struct pq_dlg_item *item,
                          const struct pq_names *outcomes)
{
    struct outcome_scope scope = {.outcomes = outcomes};
    const struct pq_env env = {.ctx = &scope, .name = timeout_name, .scratch = &l->arena};
    struct pq_expr_result r;
    struct pq_slice name;
    const struct pq_expr *e = pq_dlg_arg(&item->directive, PQ_DLG_ARG_EXPR)->expr;
    const struct pq_dlg_item *other = item->directive.other;
    if (!pq_expr_name(e, 0, &name) || !pq_expr_eval(e, &env, &r) || r.value.kind != PQ_VALUE_TRUTH)
        return;
    if (has_pass(r.value.truth ? item->directive.body : other ? other->directive.body : NULL))
        lint_error(l, item->at, "a timeout of @tls leads to pass; leave it to the barrier rule");
}

void lint_verdicts(struct linter *l)
{
    const struct pq_dlg_section *section;
    struct pq_names outcomes;
    uint32_t last = 0;
    l->status = pq_names_init(&outcomes, &l->arena, l->d->steps);
    if (l->status != PQ_STATUS_OK || l->d->kind != PQ_DLG_KIND_CASE)
        return;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section)) {
        if (section->kind != PQ_DLG_GIVEN && can_fail(l, item))
            last = section->kind == PQ_DLG_AFTER ? UINT32_MAX : item->at.line;
        if (pq_dlg_item_is(item, PQ_DLG_DO_TLS) && pq_dlg_arg(&item->directive, PQ_DLG_ARG_RESULT))
            (void)pq_names_add(&outcomes, pq_dlg_arg(&item->directive, PQ_DLG_ARG_RESULT)->text);
        if (pq_dlg_item_is(item, PQ_DLG_DO_IF))
            check_timeout(l, item, &outcomes);
    }
    if (last == 0)
        lint_error(l, (struct pq_dlg_at){1, 1}, "no path of the case can fail");
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section))
        if (section->kind == PQ_DLG_TEST && pq_dlg_item_is(item, PQ_DLG_DO_CASE))
            check_silent_pass(l, item, last);
}
