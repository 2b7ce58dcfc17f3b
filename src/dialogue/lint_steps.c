/* SPDX-License-Identifier: Apache-2.0
 * Steps and directives that a role cannot play, connections that are not open, text that is free.
 */
#include "dialogue/lint_internal.h"

/* ---- roles ----------------------------------------------------------------------------------- */

static void check_directive_role(struct linter *l, const struct pq_dlg_item *item)
{
    const struct pq_dlg_do_row *row = pq_dlg_do_row(item->directive.what);
    unsigned playing = l->roles & (1u << PQ_DLG_ROLE_CLIENT | 1u << PQ_DLG_ROLE_SERVER);
    if (playing == 0 || (row->roles & playing) == playing)
        return;
    lint_error_quoting(l, item->at, "the directive ", pq_dlg_do_name(item->directive.what),
                       row->roles & 1u << PQ_DLG_ROLE_CLIENT
                           ? " means nothing to a server; take it out of roles"
                           : " means nothing to a client; write \"roles: server\"");
}

/* A line that has to be sent needs octets for all of its parts. */
static void check_sendable(struct linter *l, const struct pq_dlg_item *item)
{
    const struct pq_dlg_step *s = &item->step;
    if (!lint_sends(l, s->side))
        return;
    if (s->form == PQ_DLG_REGEX && !s->emit.at)
        lint_error(l, item->at, "a role of the file sends this; write @as emit=\"...\" before it");
    for (const struct pq_dlg_part *part = s->parts; part; part = part->next)
        if (s->side == PQ_DLG_CLIENT && part->kind == PQ_DLG_PART_REST)
            lint_error(l, part->at, "a client cannot send {*}; write the text");
        else if (s->side == PQ_DLG_CLIENT && part->kind == PQ_DLG_PART_TYPED &&
                 part->octets.len == 0)
            lint_error(l, part->at, "a client cannot send a type; write a value");
}

void lint_roles(struct linter *l)
{
    const struct pq_dlg_section *section;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section)) {
        if (item->kind == PQ_DLG_ITEM_STEP)
            check_sendable(l, item);
        else
            check_directive_role(l, item);
    }
}

/* ---- connections ----------------------------------------------------------------------------- */

static bool opens(const struct pq_dlg_item *item)
{
    return pq_dlg_item_is(item, PQ_DLG_DO_CONNECT) || pq_dlg_item_is(item, PQ_DLG_DO_LOGIN);
}

/* What opens a connection may stand in a branch; only one that nothing opens is reported, once. */
void lint_connections(struct linter *l)
{
    bool open[PQ_DLG_CONN_MAX + 1] = {false};
    const struct pq_dlg_section *section, *before = NULL;
    if (l->d->kind != PQ_DLG_KIND_CASE || !lint_has_role(l, PQ_DLG_ROLE_CLIENT))
        return;
    open[1] = l->d->state != PQ_DLG_STATE_NONE;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section)) {
        if (section != before && section->kind == PQ_DLG_AFTER)
            for (size_t i = 0; i <= PQ_DLG_CONN_MAX; i++)
                open[i] = false;
        before = section;
        if (opens(item))
            open[pq_dlg_conn(&item->directive)] = true;
        if (item->kind != PQ_DLG_ITEM_STEP || open[item->step.conn])
            continue;
        lint_error(l, item->at, "the connection is not open; write @connect or @login before it");
        open[item->step.conn] = true;
    }
}

/* ---- prose ----------------------------------------------------------------------------------- */

/* Whether octets hold a letter outside of [brackets]. */
static bool has_prose(struct pq_slice s)
{
    bool code = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '[' || s.at[i] == ']')
            code = s.at[i] == '[';
        if (!code && pq_ascii_is_alpha(s.at[i]))
            return true;
    }
    return false;
}

static void check_prose(struct linter *l, const struct pq_dlg_item *item)
{
    const struct pq_dlg_part *part = item->step.parts;
    if (item->step.side != PQ_DLG_SERVER || item->step.form != PQ_DLG_LINE || !part ||
        part->kind != PQ_DLG_PART_LITERAL)
        return;
    size_t status = pq_slice_starts(part->octets, PQ_SLICE("+OK"))    ? 3
                    : pq_slice_starts(part->octets, PQ_SLICE("-ERR")) ? 4
                                                                      : 0;
    if (status == 0 || (part->octets.len > status && part->octets.at[status] != ' '))
        return;
    bool prose = has_prose(pq_slice_after(part->octets, status));
    for (part = part->next; part && !prose; part = part->next)
        prose = part->kind == PQ_DLG_PART_LITERAL && has_prose(part->octets);
    if (prose)
        pq_dlg_warning_add(l->out, item->at, "text behind the status is free in POP3; write {*?}",
                           pq_slice_of(NULL, 0), "");
}

void lint_prose(struct linter *l)
{
    const struct pq_dlg_section *section;
    if (!lint_has_role(l, PQ_DLG_ROLE_CLIENT))
        return;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section))
        if (item->kind == PQ_DLG_ITEM_STEP)
            check_prose(l, item);
}

/* ---- timing ---------------------------------------------------------------------------------- */

/* Whether the item waits for something from the other side, for some role. */
static bool waits(const struct linter *l, const struct pq_dlg_item *item)
{
    if (item->kind == PQ_DLG_ITEM_STEP)
        return item->step.side == PQ_DLG_SERVER ? lint_sends(l, PQ_DLG_CLIENT)
                                                : lint_has_role(l, PQ_DLG_ROLE_SERVER);
    return pq_dlg_item_is(item, PQ_DLG_DO_MATCH) || pq_dlg_item_is(item, PQ_DLG_DO_BODY) ||
           pq_dlg_item_is(item, PQ_DLG_DO_EOF) || pq_dlg_item_is(item, PQ_DLG_DO_TLS) ||
           pq_dlg_item_is(item, PQ_DLG_DO_FENCE) || pq_dlg_item_is(item, PQ_DLG_DO_WITHIN) ||
           pq_dlg_item_is(item, PQ_DLG_DO_NOTBEFORE) || pq_dlg_item_is(item, PQ_DLG_DO_AS);
}

void lint_timing(struct linter *l)
{
    const struct pq_dlg_section *section;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section)) {
        if (!pq_dlg_item_is(item, PQ_DLG_DO_WITHIN) && !pq_dlg_item_is(item, PQ_DLG_DO_NOTBEFORE))
            continue;
        const struct pq_dlg_item *next = pq_dlg_item_active(item->next);
        if (!next || !waits(l, next))
            lint_error(l, item->at, "a time stands directly before the answer that it is about");
    }
}

/* ---- adapter --------------------------------------------------------------------------------- */

static const struct {
    enum pq_dlg_do what;
    const char *need;
} adapter_needs[] = {
    {PQ_DLG_DO_DELIVER, "deliver"},
    {PQ_DLG_DO_RESET, "reset"},
    {PQ_DLG_DO_PEEK, "peek"},
};

void lint_adapter(struct linter *l)
{
    const struct pq_dlg_section *section;
    for (const struct pq_dlg_item *item = lint_first(l, &section); item;
         item = lint_next(l, item, &section))
        for (size_t i = 0; i < sizeof(adapter_needs) / sizeof(adapter_needs[0]); i++)
            if (pq_dlg_item_is(item, adapter_needs[i].what) &&
                !lint_needs(l, adapter_needs[i].need))
                lint_error_quoting(l, item->at, "the header must say that it needs ",
                                   pq_slice_text(adapter_needs[i].need), "");
}
