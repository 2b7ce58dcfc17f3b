/* SPDX-License-Identifier: Apache-2.0
 * Items and blocks: steps, directives, and where each may stand. */
#include "dialogue/parse_internal.h"

#include "dialogue/escape.h"

static struct block *innermost(struct parser *p)
{
    return &p->blocks[p->depth];
}

/* Blocks that hold other things than a section does. */
static const struct inside_row {
    enum pq_dlg_do what;
    unsigned place;
} insides[] = {
    {PQ_DLG_DO_MATCH, PQ_DLG_IN_MATCH},
    {PQ_DLG_DO_BATCH, PQ_DLG_IN_BATCH},
    {PQ_DLG_DO_RACE, PQ_DLG_IN_RACE},
    {PQ_DLG_DO_ON, PQ_DLG_IN_ON},
};

/* Where an item stands that is read now; a mask of enum pq_dlg_place. */
static unsigned place_of(const struct block *b)
{
    if (!b->item)
        return PQ_DLG_IN_FLOW | PQ_DLG_IN_TOP;
    for (size_t i = 0; i < sizeof(insides) / sizeof(insides[0]); i++)
        if (insides[i].what == b->item->directive.what)
            return insides[i].place;
    return PQ_DLG_IN_FLOW;
}

bool parser_fail_item(struct parser *p, const struct pq_dlg_item *item, const char *what)
{
    pq_dlg_problem_add(&p->d->problems, item->at, what, pq_slice_of(NULL, 0), "");
    return false;
}

/* ---- items ----------------------------------------------------------------------------------- */

/* An @as that waits in vain. */
static void drop_as(struct parser *p)
{
    if (p->as)
        parser_fail_item(p, p->as, "@as must stand directly before a ~ step");
    p->as = NULL;
}

/* @as serves the step that comes next. */
static void serve_as(struct parser *p, struct pq_dlg_item *item)
{
    bool regex = item->kind == PQ_DLG_ITEM_STEP && item->step.form == PQ_DLG_REGEX;
    if (!p->as || !regex) {
        drop_as(p);
        return;
    }
    item->step.emit = pq_dlg_arg(&p->as->directive, PQ_DLG_ARG_EMIT)->text;
    p->as = NULL;
}

struct pq_dlg_item *parser_new_item(struct parser *p, enum pq_dlg_item_kind kind,
                                    struct pq_slice where)
{
    struct pq_dlg_item *item = parser_get(p, sizeof(*item));
    if (!item)
        return NULL;
    item->kind = kind;
    item->at = parser_at(p, where.at);
    item->parent = innermost(p)->item;
    item->req = innermost(p)->req;
    return item;
}

void parser_add_item(struct parser *p, struct pq_dlg_item *item)
{
    struct block *b = innermost(p);
    *b->tail = item;
    b->tail = &item->next;
    if (item->kind != PQ_DLG_ITEM_STEP && item->kind != PQ_DLG_ITEM_DIRECTIVE)
        return;
    if (item->kind == PQ_DLG_ITEM_STEP && !b->first_step)
        b->first_step = item;
    if (pq_dlg_item_is(item, PQ_DLG_DO_CASE) && ++b->cases == PQ_DLG_CASES_MAX + 1)
        parser_fail_item(p, item, "more than 64 cases; split the @match");
    serve_as(p, item);
    if (++p->d->steps == PQ_DLG_STEPS_MAX + 1)
        parser_fail_item(p, item, "more than 100000 steps; split the file");
    if (pq_dlg_item_is(item, PQ_DLG_DO_REQ))
        b->req = item;
    if (pq_dlg_item_is(item, PQ_DLG_DO_AS))
        p->as = item;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void open_block(struct parser *p, struct pq_dlg_item *item)
{
    const struct pq_dlg_item *req = innermost(p)->req;
    if (p->depth == PQ_DLG_NESTING_MAX) {
        parser_fail_item(p, item, "more than 16 blocks inside each other");
        return;
    }
    p->depth++;
    *innermost(p) = (struct block){.item = item, .tail = &item->directive.body, .req = req};
}

static void leave_block(struct parser *p)
{
    drop_as(p);
    p->depth--;
}

/* The item that a case looks for, behind an @as. */
static struct pq_dlg_item *look_of(const struct pq_dlg_item *a_case)
{
    struct pq_dlg_item *item = pq_dlg_item_active(a_case->directive.body);
    while (item && pq_dlg_item_is(item, PQ_DLG_DO_AS))
        item = pq_dlg_item_active(item->next);
    return item;
}

static bool is_look(const struct pq_dlg_item *item)
{
    if (item && item->kind == PQ_DLG_ITEM_STEP)
        return item->step.form != PQ_DLG_RAW && item->step.form != PQ_DLG_MANY;
    return item && (pq_dlg_item_is(item, PQ_DLG_DO_EOF) || pq_dlg_item_is(item, PQ_DLG_DO_SILENCE));
}

static uint8_t conn_of(const struct pq_dlg_item *item)
{
    return item->kind == PQ_DLG_ITEM_STEP ? item->step.conn : pq_dlg_conn(&item->directive);
}

static void close_match(struct parser *p, const struct pq_dlg_item *match)
{
    const struct pq_dlg_item *first = NULL;
    const struct pq_dlg_item *a_case = pq_dlg_item_active(match->directive.body);
    if (!a_case)
        parser_fail_item(p, match, "@match needs at least one @case");
    for (; a_case; a_case = pq_dlg_item_active(a_case->next)) {
        struct pq_dlg_item *look = look_of(a_case);
        if (!is_look(look)) {
            parser_fail_item(p, a_case, "a @case begins with one incoming line, @eof or @silence");
            continue;
        }
        look->look = true;
        if (!first)
            first = look;
        if (conn_of(look) != conn_of(first))
            parser_fail_item(p, look, "all cases of a @match must look at one connection");
    }
}

static void close_block(struct parser *p)
{
    struct pq_dlg_item *item = innermost(p)->item;
    leave_block(p);
    if (pq_dlg_item_is(item, PQ_DLG_DO_MATCH))
        close_match(p, item);
}

/* @end: closes the block; a case closes with its @match, @else with its @if. */
static void read_end(struct parser *p, struct pq_slice in, struct pq_slice where)
{
    struct pq_slice comment = parser_cut_comment(&in);
    parser_skip_blanks(&in);
    if (in.len > 0) {
        parser_fail(p, in, "nothing can follow @end on its line");
        return;
    }
    if (p->depth == 0) {
        parser_fail(p, where, "@end closes nothing; remove it");
        return;
    }
    struct pq_dlg_item *item = innermost(p)->item;
    if (pq_dlg_item_is(item, PQ_DLG_DO_CASE) && p->depth > 1) {
        close_block(p);
        item = innermost(p)->item;
    } else if (pq_dlg_item_is(item, PQ_DLG_DO_ELSE)) {
        item = item->parent;
    }
    item->directive.end = parser_at(p, where.at);
    item->directive.end_comment = comment;
    close_block(p);
}

/* ---- directives ------------------------------------------------------------------------------ */

/* @else takes the place of its @if as the innermost block. */
static void read_else(struct parser *p, struct pq_dlg_item *item)
{
    struct block *b = innermost(p);
    if (!b->item || !pq_dlg_item_is(b->item, PQ_DLG_DO_IF)) {
        parser_fail_item(p, item, "@else belongs behind the body of an @if, once");
        return;
    }
    item->parent = b->item;
    b->item->directive.other = item;
    *b = (struct block){.item = item, .tail = &item->directive.body, .req = b[-1].req};
}

/* Whether the directive may stand here. */
static bool check_place(struct parser *p, struct pq_dlg_item *item)
{
    const struct pq_dlg_do_row *row = pq_dlg_do_row(item->directive.what);
    if (row->places & place_of(innermost(p)))
        return true;
    pq_dlg_problem_add(&p->d->problems, item->at, "the directive ",
                       pq_dlg_do_name(item->directive.what),
                       " cannot stand here; FORMAT.md tells where");
    return false;
}

/* "@name" or "@{axis}", taken off `*in`. */
static bool take_name(struct parser *p, struct pq_slice *in, struct pq_dlg_directive *d)
{
    struct pq_slice all = *in;
    *in = pq_slice_after(*in, 1);
    if (in->len > 0 && in->at[0] == '{') {
        size_t n = pq_variable_len(pq_slice_after(*in, 1));
        d->what = PQ_DLG_DO_AXIS;
        d->axis = pq_slice_first(pq_slice_after(*in, 1), n);
        *in = pq_slice_after(*in, n + 1);
        if (n == 0 || in->len == 0 || in->at[0] != '}')
            return parser_fail(p, all, "a directive of an axis is written @{axis}");
        *in = pq_slice_after(*in, 1);
        return true;
    }
    struct pq_slice name = pq_slice_first(*in, pq_label_len(*in));
    d->what = pq_dlg_do_of(name);
    *in = pq_slice_after(*in, name.len);
    return d->what != PQ_DLG_DO_COUNT ||
           parser_fail_quoting(p, name, "unknown directive ", "; FORMAT.md lists them");
}

/* Opens the block even when the parameters are wrong, so that its @end finds it. */
static void place_directive(struct parser *p, struct pq_dlg_item *item)
{
    enum pq_dlg_do what = item->directive.what;
    if (what == PQ_DLG_DO_ELSE) {
        read_else(p, item);
        return;
    }
    (void)check_place(p, item);
    parser_add_item(p, item);
    if (pq_dlg_do_row(what)->opens)
        open_block(p, item);
}

void parser_read_directive(struct parser *p, struct pq_slice in)
{
    struct pq_slice all = in, rest = pq_slice_after(in, 1);
    if (pq_slice_equal(pq_slice_first(rest, pq_label_len(rest)), PQ_SLICE("end"))) {
        read_end(p, pq_slice_after(rest, 3), in);
        return;
    }
    struct pq_dlg_item *item = parser_new_item(p, PQ_DLG_ITEM_DIRECTIVE, all);
    if (!item || !take_name(p, &in, &item->directive))
        return;
    bool good = parser_read_args(p, in, &item->directive, &item->comment);
    if (item->directive.what == PQ_DLG_DO_CASE && innermost(p)->item &&
        pq_dlg_item_is(innermost(p)->item, PQ_DLG_DO_CASE)) {
        close_block(p);
        item->parent = innermost(p)->item;
        item->req = innermost(p)->req;
    }
    if (good || pq_dlg_do_row(item->directive.what)->opens)
        place_directive(p, item);
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* What a @batch or a @race may hold. */
static bool check_step_place(struct parser *p, const struct pq_dlg_item *item)
{
    unsigned place = place_of(innermost(p));
    const struct pq_dlg_step *s = &item->step;
    if (place & PQ_DLG_IN_MATCH)
        return parser_fail_item(p, item, "in a @match a step stands in a @case");
    if (!(place & (PQ_DLG_IN_BATCH | PQ_DLG_IN_RACE)))
        return true;
    if (s->form == PQ_DLG_REGEX || s->form == PQ_DLG_MANY)
        return parser_fail_item(p, item, "only steps of known octets can stand here");
    if ((place & PQ_DLG_IN_RACE) && s->side == PQ_DLG_SERVER)
        return parser_fail_item(p, item, "a @race sends; read the answers behind it");
    const struct pq_dlg_item *first = innermost(p)->first_step;
    if ((place & PQ_DLG_IN_BATCH) && first &&
        (first->step.side != s->side || first->step.conn != s->conn))
        return parser_fail_item(p, item, "a @batch is one write: one side, one connection");
    return true;
}

void parser_read_step_item(struct parser *p, struct pq_slice in)
{
    struct pq_dlg_item *item = parser_new_item(p, PQ_DLG_ITEM_STEP, in);
    if (item && parser_read_step(p, in, &item->step, &item->comment) && check_step_place(p, item))
        parser_add_item(p, item);
}

/* ---- the end of a section -------------------------------------------------------------------- */

void parser_close_blocks(struct parser *p)
{
    while (p->depth > 0) {
        struct pq_dlg_item *item = innermost(p)->item;
        if (!pq_dlg_item_is(item, PQ_DLG_DO_CASE))
            parser_fail_item(p, item, "the block is not closed; add @end");
        close_block(p);
    }
    drop_as(p);
}
