/* SPDX-License-Identifier: Apache-2.0
 * Files in plain English. */
#include "dialogue/explain.h"

#include "dialogue/format_internal.h"
#include "dialogue/regex.h"

#define NUMBER_WIDTH 6u /* of the line number in front */

/* ---- parts ----------------------------------------------------------------------------------- */

static void put_part(struct writer *w, const struct pq_dlg_part *part)
{
    switch (part->kind) {
    case PQ_DLG_PART_LITERAL:
        writer_string(w, part->octets, false);
        return;
    case PQ_DLG_PART_BOUNDARY:
        writer_text(w, "(here one write ends)");
        return;
    case PQ_DLG_PART_REST:
        writer_text(w, "a blank and any text");
        return;
    case PQ_DLG_PART_REST_OR_END:
        writer_text(w, "perhaps a blank and any text");
        return;
    case PQ_DLG_PART_EXPR:
        writer_text(w, "the value of ");
        writer_put(w, pq_expr_source(part->expr));
        return;
    case PQ_DLG_PART_NAME:
        writer_text(w, "the value of ");
        writer_put(w, part->octets);
        return;
    case PQ_DLG_PART_TYPED:
        writer_text(w, "a value of type ");
        writer_put(w, pq_dlg_type_row(part->type)->name);
        if (part->octets.len == 0)
            return;
        writer_text(w, " (");
        writer_put(w, part->octets);
        writer_text(w, ")");
        return;
    }
}

static void put_parts(struct writer *w, const struct pq_dlg_part *part)
{
    writer_text(w, part ? "" : "nothing");
    for (; part; part = part->next) {
        put_part(w, part);
        writer_text(w, part->next ? ", " : "");
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void put_many(struct writer *w, const struct pq_dlg_step *s)
{
    if (s->most == UINT64_MAX) {
        writer_text(w, "any number of lines");
        return;
    }
    writer_number(w, s->least);
    if (s->most > s->least) {
        writer_text(w, " to ");
        writer_number(w, s->most);
    }
    writer_text(w, s->most == 1 ? " line" : " lines");
}

static void put_step(struct writer *w, const struct pq_dlg_step *s)
{
    static const char *const forms[] = {
        [PQ_DLG_LINE] = "the line: ",
        [PQ_DLG_RAW] = "exactly these octets: ",
        [PQ_DLG_REGEX] = "a line that matches ",
        [PQ_DLG_BODY] = "inside a multi-line reply, the line: ",
        [PQ_DLG_MANY] = "inside a multi-line reply, ",
        [PQ_DLG_DOT] = "the end of the multi-line reply",
    };
    writer_text(w, s->side == PQ_DLG_CLIENT ? "The client sends " : "The server sends ");
    writer_text(w, forms[s->form]);
    if (s->form == PQ_DLG_REGEX)
        writer_put(w, pq_regex_source(s->regex));
    else if (s->form == PQ_DLG_MANY)
        put_many(w, s);
    else if (s->form != PQ_DLG_DOT)
        put_parts(w, s->parts);
    if (s->conn > 1) {
        writer_text(w, ", on connection ");
        writer_number(w, s->conn);
    }
    writer_text(w, ".");
}

static void put_directive(struct writer *w, const struct pq_dlg_directive *d)
{
    writer_directive(w, d);
    writer_text(w, ": ");
    writer_text(w, pq_dlg_do_row(d->what)->help);
    writer_text(w, ".");
}

/* ---- the file -------------------------------------------------------------------------------- */

static void put_number_column(struct writer *w, const struct pq_dlg_item *item)
{
    size_t start = w->out->len;
    writer_number(w, item->at.line);
    for (size_t len = w->out->len - start; len < NUMBER_WIDTH; len++)
        writer_text(w, " ");
    for (const struct pq_dlg_item *i = item->parent; i; i = i->parent)
        writer_text(w, "  ");
}

static void put_items(struct writer *w, const struct pq_dlg_item *item)
{
    for (; item; item = pq_dlg_item_after(item)) {
        if (item->kind != PQ_DLG_ITEM_STEP && item->kind != PQ_DLG_ITEM_DIRECTIVE)
            continue;
        put_number_column(w, item);
        if (item->kind == PQ_DLG_ITEM_STEP)
            put_step(w, &item->step);
        else
            put_directive(w, &item->directive);
        writer_text(w, "\n");
    }
}

static void put_fixture(struct writer *w, const struct pq_dlg_section *s)
{
    writer_text(w, "\nThe message ");
    writer_put(w, s->name);
    writer_text(w, " has ");
    writer_number(w, s->octets.len);
    writer_text(w, " octets.\n");
}

static void put_section(struct writer *w, const struct pq_dlg_section *s)
{
    static const char *const heads[] = {
        [PQ_DLG_GIVEN] = "\nGiven (when this fails, nothing is learned about the target):\n",
        [PQ_DLG_TEST] = "\nTest:\n",
        [PQ_DLG_AFTER] = "\nAfterwards, on new connections:\n"};
    if (s->kind == PQ_DLG_MESSAGE) {
        put_fixture(w, s);
        return;
    }
    writer_text(w, heads[s->kind]);
    put_items(w, s->items);
}

static void put_header(struct writer *w)
{
    for (const struct pq_dlg_header_line *line = w->d->header; line; line = line->next) {
        if (line->key == PQ_DLG_KEY_COUNT)
            continue;
        const struct pq_dlg_key_row *row = pq_dlg_key_row(line->key);
        writer_put(w, row->name);
        writer_text(w, ": ");
        writer_put(w, line->value);
        writer_text(w, " (");
        writer_text(w, row->help);
        writer_text(w, ")\n");
    }
}

enum pq_status pq_dlg_explain(const struct pq_dlg *d, struct pq_bytes *out)
{
    struct writer w = {.d = d, .out = out};
    put_header(&w);
    for (const struct pq_dlg_section *s = d->sections; s; s = s->next)
        put_section(&w, s);
    return w.status;
}
