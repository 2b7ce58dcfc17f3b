/* SPDX-License-Identifier: Apache-2.0
 * Names that have no value, axes that are not used, rows that cannot be read. */
#include "dialogue/lint_internal.h"

#include <assert.h>

#include "dialogue/format.h"
#include "dialogue/regex.h"

#define ROWS_OCTETS_MAX                                                                            \
    ((size_t)8 << 20) /* of rows that are read; enough for all of a real file                      \
                       */

struct scope {
    struct linter *l;
    struct pq_names known;
    bool used[PQ_DLG_AXES_MAX];
};

static void init_scope(struct scope *s, struct linter *l)
{
    *s = (struct scope){.l = l};
    /* A step binds at most as many names as a line may, and no name is shorter than "{a}". */
    size_t most = PQ_DLG_TEXT_MAX / 3 < l->d->steps * PQ_DLG_CAPTURES_MAX
                      ? PQ_DLG_TEXT_MAX / 3
                      : l->d->steps * PQ_DLG_CAPTURES_MAX;
    l->status = pq_names_init(&s->known, &l->arena, most + pq_dlg_builtins.count);
    for (size_t i = 0; l->status == PQ_STATUS_OK && i < pq_dlg_builtins.count; i++)
        (void)pq_names_add(&s->known, pq_dlg_builtins.at[i]);
}

/* Whether the name is an axis, which is then used. */
static bool use_axis(struct scope *s, struct pq_slice name)
{
    for (size_t i = 0; i < s->l->d->axes_count; i++) {
        if (!pq_slice_equal(s->l->d->axes[i].name, name))
            continue;
        s->used[i] = true;
        return true;
    }
    return false;
}

static void check_axis(struct scope *s, struct pq_dlg_at at, struct pq_slice name)
{
    if (!use_axis(s, name))
        lint_error_quoting(s->l, at, "there is no axis ", name, " in the matrix");
}

static void use_name(struct scope *s, struct pq_dlg_at at, struct pq_slice name)
{
    if (use_axis(s, name) || pq_names_has(&s->known, name))
        return;
    lint_error_quoting(s->l, at, "the name ", name, " has no value here");
    (void)pq_names_add(&s->known, name);
}

static void use_expr(struct scope *s, struct pq_dlg_at at, const struct pq_expr *e)
{
    struct pq_slice name;
    for (size_t i = 0; pq_expr_name(e, i, &name); i++)
        use_name(s, at, name);
}

/* Whether {name} without a value means a capture in every role of the file. */
static bool may_capture(const struct scope *s, const struct pq_dlg_step *step)
{
    return step->form != PQ_DLG_RAW &&
           (step->side == PQ_DLG_SERVER || !lint_sends(s->l, PQ_DLG_CLIENT));
}

static void check_part(struct scope *s, const struct pq_dlg_step *step,
                       const struct pq_dlg_part *part)
{
    if (part->kind == PQ_DLG_PART_EXPR)
        use_expr(s, part->at, part->expr);
    if ((part->kind != PQ_DLG_PART_NAME && part->kind != PQ_DLG_PART_TYPED) ||
        part->octets.len == 0)
        return;
    if (!may_capture(s, step))
        use_name(s, part->at, part->octets);
    else if (!use_axis(s, part->octets))
        (void)pq_names_add(&s->known, part->octets);
}

static void check_step(struct scope *s, const struct pq_dlg_step *step)
{
    struct pq_slice name;
    for (const struct pq_dlg_part *part = step->parts; part; part = part->next)
        check_part(s, step, part);
    for (size_t i = 0; step->regex && pq_regex_name(step->regex, i, &name); i++)
        (void)pq_names_add(&s->known, name);
}

static void check_directive(struct scope *s, const struct pq_dlg_item *item)
{
    const struct pq_dlg_directive *d = &item->directive;
    if (d->what == PQ_DLG_DO_AXIS)
        check_axis(s, item->at, d->axis);
    for (const struct pq_dlg_arg *arg = d->args; arg; arg = arg->next) {
        if (arg->axis.len > 0)
            check_axis(s, arg->at, arg->axis);
        if (arg->expr)
            use_expr(s, arg->at, arg->expr);
        if (arg->pattern)
            check_step(s, arg->pattern);
        if (pq_dlg_param_row(arg->param)->form == PQ_DLG_PARAM_VARIABLE && !use_axis(s, arg->text))
            (void)pq_names_add(&s->known, arg->text);
    }
}

static void check_axes(struct scope *s)
{
    for (size_t i = 0; i < s->l->d->axes_count; i++) {
        const struct pq_dlg_axis *axis = &s->l->d->axes[i];
        if (!s->used[i])
            lint_error_quoting(s->l, axis->at, "the axis ", axis->name, " is not used");
        if (pq_dlg_word_of(&pq_dlg_builtins, axis->name) < pq_dlg_builtins.count)
            lint_error_quoting(s->l, axis->at, "the axis ", axis->name,
                               " hides a name that is built in; rename it");
    }
}

void lint_names(struct linter *l)
{
    struct scope s;
    const struct pq_dlg_section *section;
    init_scope(&s, l);
    if (l->status != PQ_STATUS_OK)
        return;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section)) {
        if (item->kind == PQ_DLG_ITEM_STEP)
            check_step(&s, &item->step);
        else
            check_directive(&s, item);
    }
    check_axes(&s);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The row in which each axis has its `n`-th value, or begins again: so few rows show every value.
 */
static size_t diagonal_row(const struct pq_dlg *d, size_t n)
{
    size_t row = 0;
    for (size_t i = 0; i < d->axes_count; i++) {
        assert(d->axes[i].count > 0);
        row = row * d->axes[i].count + n % d->axes[i].count;
    }
    return row;
}

/* Repeats a problem of a row, which has its lines where the file has them. */
static void repeat_problem(struct linter *l, const struct pq_dlg_problem *problem)
{
    char text[PQ_DLG_PROBLEM_TEXT_MAX];
    struct pq_buf b;
    pq_buf_init(&b, text, sizeof(text) - 1);
    pq_buf_put_text(&b, "in a row of the matrix: ");
    pq_buf_put(&b, pq_slice_first(pq_slice_text(problem->text), pq_buf_room(&b)));
    text[b.len] = 0;
    lint_error(l, problem->at, text);
}

/* Reads the row as a file of its own and repeats its first problem. */
static bool check_row(struct linter *l, size_t row, size_t *octets)
{
    struct pq_dlg expanded;
    struct pq_bytes text;
    pq_bytes_init(&text, l->arena.alloc, PQ_DLG_FORMATTED_MAX);
    enum pq_status status = pq_dlg_expand(l->d, row, &text);
    if (status == PQ_STATUS_OK) {
        status = pq_dlg_parse(&expanded, pq_bytes_slice(&text), l->arena.alloc);
        if (status == PQ_STATUS_SYNTAX)
            repeat_problem(l, &expanded.problems.at[0]);
        pq_dlg_free(&expanded);
    }
    *octets += text.len;
    pq_bytes_free(&text);
    l->status = status == PQ_STATUS_NO_MEMORY ? status : l->status;
    return status == PQ_STATUS_OK;
}

void lint_rows(struct linter *l)
{
    size_t most = 0, octets = 0;
    for (size_t i = 0; i < l->d->axes_count; i++)
        most = l->d->axes[i].count > most ? l->d->axes[i].count : most;
    for (size_t n = 0; n < most && octets < ROWS_OCTETS_MAX; n++)
        if (!check_row(l, diagonal_row(l->d, n), &octets))
            return;
}
