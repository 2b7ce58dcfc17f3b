/* SPDX-License-Identifier: Apache-2.0
 * The list of rules, and those about the header and the fixtures. */
#include "dialogue/lint_internal.h"

static void (*const rules[])(struct linter *l) = {
    lint_header, lint_fixtures, lint_rows,    lint_names,    lint_roles,       lint_connections,
    lint_prose,  lint_timing,   lint_adapter, lint_branches, lint_unreachable, lint_verdicts,
};

/* ---- what the rules share -------------------------------------------------------------------- */

bool lint_has_role(const struct linter *l, enum pq_dlg_role role)
{
    return l->roles & 1u << role;
}

bool lint_sends(const struct linter *l, enum pq_dlg_side side)
{
    if (side == PQ_DLG_SERVER)
        return lint_has_role(l, PQ_DLG_ROLE_SERVER);
    /* A seed of a file for servers is made of what the server sends. */
    return lint_has_role(l, PQ_DLG_ROLE_CLIENT) ||
           (lint_has_role(l, PQ_DLG_ROLE_SEED) && !lint_has_role(l, PQ_DLG_ROLE_SERVER));
}

bool lint_needs(const struct linter *l, const char *need)
{
    for (const struct pq_dlg_word *word = l->d->needs; word; word = word->next)
        if (pq_slice_equal(word->text, pq_slice_text(need)))
            return true;
    return false;
}

void lint_error(struct linter *l, struct pq_dlg_at at, const char *what)
{
    pq_dlg_problem_add(l->out, at, what, pq_slice_of(NULL, 0), "");
}

void lint_error_quoting(struct linter *l, struct pq_dlg_at at, const char *before,
                        struct pq_slice quoted, const char *after)
{
    pq_dlg_problem_add(l->out, at, before, quoted, after);
}

/* The section that runs behind `s`; the first for NULL. */
static const struct pq_dlg_section *section_behind(const struct linter *l,
                                                   const struct pq_dlg_section *s)
{
    const struct pq_dlg_section *order[] = {l->d->given, l->d->test, l->d->after};
    size_t i = 0;
    if (s)
        i = (size_t)s->kind + 1;
    while (i < 3 && !order[i])
        i++;
    return i < 3 ? order[i] : NULL;
}

static bool is_active(const struct pq_dlg_item *item)
{
    return item->kind == PQ_DLG_ITEM_STEP || item->kind == PQ_DLG_ITEM_DIRECTIVE;
}

/* `item` itself, or what follows it, as soon as it is a step or a directive. */
static const struct pq_dlg_item *settle(const struct linter *l, const struct pq_dlg_item *item,
                                        const struct pq_dlg_section **section)
{
    for (;;) {
        while (item && !is_active(item))
            item = pq_dlg_item_after(item);
        if (item)
            return item;
        *section = section_behind(l, *section);
        if (!*section)
            return NULL;
        item = (*section)->items;
    }
}

const struct pq_dlg_item *lint_first(const struct linter *l, const struct pq_dlg_section **section)
{
    *section = NULL;
    return settle(l, NULL, section);
}

const struct pq_dlg_item *lint_next(const struct linter *l, const struct pq_dlg_item *item,
                                    const struct pq_dlg_section **section)
{
    return settle(l, pq_dlg_item_after(item), section);
}

const struct pq_dlg_item *lint_look(const struct pq_dlg_item *a_case)
{
    struct pq_dlg_item *item = pq_dlg_item_active(a_case->directive.body);
    while (item && pq_dlg_item_is(item, PQ_DLG_DO_AS))
        item = pq_dlg_item_active(item->next);
    return item;
}

/* ---- header ---------------------------------------------------------------------------------- */

static bool has_key(const struct linter *l, enum pq_dlg_key key)
{
    return l->d->value[key].at != NULL;
}

void lint_header(struct linter *l)
{
    const struct pq_dlg_at top = {1, 1};
    if (!has_key(l, PQ_DLG_KEY_ID))
        lint_error(l, top, "the header needs an id");
    if (l->d->kind == PQ_DLG_KIND_CASE && !has_key(l, PQ_DLG_KEY_TITLE))
        lint_error(l, top, "a case needs a title");
    if (l->d->kind == PQ_DLG_KIND_CASE && !has_key(l, PQ_DLG_KEY_REQ))
        lint_error(l, top, "a case needs req: the requirements that it tests");
    if (l->d->kind == PQ_DLG_KIND_MOCK && !lint_has_role(l, PQ_DLG_ROLE_SERVER))
        lint_error(l, top, "a file of kind mock needs \"roles: server\"");
    if (!l->d->test || !pq_dlg_item_active(l->d->test->items))
        lint_error(l, top, "the file needs a section [test] with steps");
}

/* ---- fixtures -------------------------------------------------------------------------------- */

static void check_message(struct linter *l, struct pq_dlg_at at, struct pq_slice name)
{
    if (!pq_dlg_message(l->d, name))
        lint_error_quoting(l, at, "the file has no message ", name, "; add [message NAME]");
}

static bool is_listed(const struct pq_dlg_word *words, struct pq_slice name)
{
    while (words && !pq_slice_equal(words->text, name))
        words = words->next;
    return words != NULL;
}

void lint_fixtures(struct linter *l)
{
    const struct pq_dlg_section *section;
    struct pq_names delivered;
    l->status = pq_names_init(&delivered, &l->arena, PQ_DLG_SECTIONS_MAX);
    if (l->status != PQ_STATUS_OK)
        return;
    for (const struct pq_dlg_word *word = l->d->mailbox; word; word = word->next)
        check_message(l, word->at, word->text);
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section)) {
        if (!pq_dlg_item_is(item, PQ_DLG_DO_DELIVER))
            continue;
        const struct pq_dlg_arg *name = pq_dlg_arg(&item->directive, PQ_DLG_ARG_NAME);
        if (name->axis.len > 0)
            return; /* any of them may be meant */
        check_message(l, name->at, name->text);
        (void)pq_names_add(&delivered, name->text);
    }
    for (const struct pq_dlg_section *s = l->d->sections; s; s = s->next)
        if (s->kind == PQ_DLG_MESSAGE && !is_listed(l->d->mailbox, s->name) &&
            !pq_names_has(&delivered, s->name))
            pq_dlg_warning_add(l->out, s->at, "the message ", s->name, " is not used");
}

/* ---- entry ----------------------------------------------------------------------------------- */

static bool stands_before(const struct pq_dlg_problem *a, const struct pq_dlg_problem *b)
{
    return a->at.line != b->at.line ? a->at.line < b->at.line : a->at.column < b->at.column;
}

/* Puts the problems that are kept in the order of the file. */
static void sort_problems(struct pq_dlg_problems *p)
{
    for (size_t i = 1; i < p->count; i++) {
        struct pq_dlg_problem problem = p->at[i];
        size_t k = i;
        for (; k > 0 && stands_before(&problem, &p->at[k - 1]); k--)
            p->at[k] = p->at[k - 1];
        p->at[k] = problem;
    }
}

enum pq_status pq_dlg_lint(const struct pq_dlg *d, unsigned more_roles, struct pq_alloc alloc,
                           struct pq_dlg_problems *out)
{
    struct linter l = {.d = d, .roles = d->roles | more_roles, .out = out};
    pq_arena_init(&l.arena, alloc, PQ_DLG_MEMORY_MAX);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && l.status == PQ_STATUS_OK; i++)
        rules[i](&l);
    pq_arena_free(&l.arena);
    sort_problems(out);
    return l.status;
}
