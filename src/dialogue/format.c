/* SPDX-License-Identifier: Apache-2.0
 * Whole files as text: header, sections, indentation, comments. */
#include "dialogue/format_internal.h"

#include <assert.h>

#define COMMENT_COLUMN 26u /* octets before a comment, where the line leaves room */
#define INDENT 2u
#define KEY_WIDTH 8u /* of the keys of the header, unless one is longer */

/* ---- lines ----------------------------------------------------------------------------------- */

static void pad(struct writer *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        writer_text(w, " ");
}

static void end_plain(struct writer *w)
{
    writer_text(w, "\n");
    w->lines++;
}

/* Begins the line that was `at` in the file. A row keeps every line where it was; else a blank line
 * that is due comes first, but never as the first of a block. */
static void begin_line(struct writer *w, struct pq_dlg_at at, size_t depth)
{
    while (w->expand && w->lines + 1 < at.line && w->status == PQ_STATUS_OK)
        end_plain(w);
    if (!w->expand && w->blank && !w->opened)
        end_plain(w);
    w->blank = w->opened = false;
    w->line_start = w->out->len;
    pad(w, depth * INDENT);
}

static struct pq_slice trim_end(struct pq_slice s)
{
    while (s.len > 0 && s.at[s.len - 1] == ' ')
        s.len--;
    return s;
}

/* Ends a line, behind its comment when it has one. */
static void end_line(struct writer *w, struct pq_slice comment)
{
    if (comment.at) {
        size_t len = w->out->len - w->line_start;
        pad(w, len + 2 > COMMENT_COLUMN ? 2 : COMMENT_COLUMN - len);
        writer_text(w, "#");
        writer_put(w, trim_end(comment));
    }
    end_plain(w);
}

static void comment_line(struct writer *w, struct pq_dlg_at at, size_t depth,
                         struct pq_slice comment)
{
    begin_line(w, at, depth);
    writer_text(w, "#");
    writer_put(w, trim_end(comment));
    end_plain(w);
}

/* ---- header ---------------------------------------------------------------------------------- */

/* How wide the keys are with their colon and blank. */
static size_t key_width(const struct writer *w)
{
    size_t width = KEY_WIDTH;
    for (const struct pq_dlg_header_line *line = w->d->header; line; line = line->next) {
        if (line->key == PQ_DLG_KEY_COUNT || (w->expand && line->key == PQ_DLG_KEY_MATRIX))
            continue;
        size_t len = pq_dlg_key_row(line->key)->name.len + 2;
        width = len > width ? len : width;
    }
    return width;
}

static void put_axis(struct writer *w, const struct pq_dlg_axis *axis)
{
    writer_put(w, axis->name);
    writer_text(w, " = ");
    for (size_t i = 0; i < axis->count; i++) {
        writer_text(w, i > 0 ? ", " : "");
        writer_put(w, axis->values[i].label);
        /* A word is its own value and shares its octets. */
        if (axis->values[i].octets.at == axis->values[i].label.at)
            continue;
        writer_text(w, ":");
        writer_string(w, axis->values[i].octets, false);
    }
}

/* Words with one blank between. */
static void put_words(struct writer *w, struct pq_slice value)
{
    bool first = true;
    while (value.len > 0) {
        struct pq_slice word = pq_slice_cut(&value, ' ');
        if (word.len == 0)
            continue;
        writer_text(w, first ? "" : " ");
        writer_put(w, word);
        first = false;
    }
}

static void put_header_value(struct writer *w, const struct pq_dlg_header_line *line,
                             const struct pq_dlg_axis *axis)
{
    switch (pq_dlg_key_row(line->key)->form) {
    case PQ_DLG_VALUE_ID:
        if (w->expand && w->status == PQ_STATUS_OK)
            w->status = pq_dlg_row_name(w->d, w->row, w->out);
        else
            writer_put(w, line->value);
        return;
    case PQ_DLG_VALUE_TIME:
        writer_time(w, w->d->timeout_ms);
        return;
    case PQ_DLG_VALUE_NEEDS:
        writer_items(w, w->d->needs, ",");
        return;
    case PQ_DLG_VALUE_AXIS:
        assert(axis);
        put_axis(w, axis);
        return;
    case PQ_DLG_VALUE_WORDS:
    case PQ_DLG_VALUE_NAMES:
    case PQ_DLG_VALUE_REQUIREMENTS:
        put_words(w, line->value);
        return;
    case PQ_DLG_VALUE_TEXT:
    case PQ_DLG_VALUE_WORD:
    case PQ_DLG_VALUE_COUNT:
    case PQ_DLG_VALUE_SHA256:
        writer_put(w, line->value);
        return;
    }
}

static void put_header_line(struct writer *w, const struct pq_dlg_header_line *line, size_t width,
                            const struct pq_dlg_axis *axis)
{
    if (line->key == PQ_DLG_KEY_COUNT) {
        if (line->comment.at)
            comment_line(w, line->at, 0, line->comment);
        w->blank = w->blank || !line->comment.at;
        return;
    }
    if (w->expand && line->key == PQ_DLG_KEY_MATRIX)
        return;
    struct pq_slice name = pq_dlg_key_row(line->key)->name;
    begin_line(w, line->at, 0);
    writer_put(w, name);
    writer_text(w, ":");
    pad(w, width - name.len - 1);
    put_header_value(w, line, axis);
    end_line(w, line->comment);
}

static void put_header(struct writer *w)
{
    size_t width = key_width(w);
    size_t axes = 0; /* `matrix:` lines before this one */
    begin_line(w, (struct pq_dlg_at){1, 1}, 0);
    writer_text(w, "#!dlg 1");
    end_line(w, w->d->first_comment);
    w->opened = true;
    for (const struct pq_dlg_header_line *line = w->d->header; line; line = line->next) {
        bool matrix = line->key == PQ_DLG_KEY_MATRIX;
        put_header_line(w, line, width, matrix ? &w->d->axes[axes] : NULL);
        axes += matrix ? 1 : 0;
    }
    w->blank = false;
    begin_line(w, w->d->header_end, 0);
    writer_text(w, "---");
    end_plain(w);
    w->opened = true;
}

/* ---- items ----------------------------------------------------------------------------------- */

/* Blocks around an item; @case and @else stand where their @match and @if do. */
static size_t depth_of(const struct pq_dlg_item *item)
{
    size_t depth = 0;
    for (; item->parent; item = item->parent)
        if (!pq_dlg_item_is(item->parent, PQ_DLG_DO_MATCH) && !pq_dlg_item_is(item, PQ_DLG_DO_ELSE))
            depth++;
    return depth;
}

static void put_item(struct writer *w, const struct pq_dlg_item *item)
{
    if (item->kind == PQ_DLG_ITEM_BLANK) {
        w->blank = true;
        return;
    }
    if (item->kind == PQ_DLG_ITEM_COMMENT) {
        comment_line(w, item->at, depth_of(item), item->comment);
        return;
    }
    if (pq_dlg_item_is(item, PQ_DLG_DO_ELSE))
        w->blank = false;
    begin_line(w, item->at, depth_of(item));
    if (item->kind == PQ_DLG_ITEM_DATA)
        writer_data(w, &item->step);
    else if (item->kind == PQ_DLG_ITEM_STEP)
        writer_step(w, &item->step);
    else
        writer_directive(w, &item->directive);
    end_line(w, item->comment);
    w->opened = item->kind == PQ_DLG_ITEM_DIRECTIVE && pq_dlg_do_row(item->directive.what)->opens;
}

/* The @end of a block; a @case and an @else have none of their own. */
static void put_end(struct writer *w, const struct pq_dlg_item *item)
{
    if (item->kind != PQ_DLG_ITEM_DIRECTIVE || !pq_dlg_do_row(item->directive.what)->opens ||
        pq_dlg_item_is(item, PQ_DLG_DO_CASE) || pq_dlg_item_is(item, PQ_DLG_DO_ELSE))
        return;
    w->blank = false;
    begin_line(w, item->directive.end, depth_of(item));
    writer_text(w, "@end");
    end_line(w, item->directive.end_comment);
}

/* The item that is written after `item` and what is inside it, closing blocks on the way. */
static const struct pq_dlg_item *leave(struct writer *w, const struct pq_dlg_item *item)
{
    bool from_other = false;
    while (item) {
        if (item->kind == PQ_DLG_ITEM_DIRECTIVE && item->directive.other && !from_other)
            return item->directive.other;
        put_end(w, item);
        if (item->next)
            return item->next;
        from_other = pq_dlg_item_is(item, PQ_DLG_DO_ELSE);
        item = item->parent;
    }
    return NULL;
}

static void put_items(struct writer *w, const struct pq_dlg_item *item)
{
    while (item && w->status == PQ_STATUS_OK) {
        put_item(w, item);
        if (item->kind == PQ_DLG_ITEM_DIRECTIVE && item->directive.body)
            item = item->directive.body;
        else
            item = leave(w, item);
    }
}

static void put_section(struct writer *w, const struct pq_dlg_section *s)
{
    static const char *const names[] = {[PQ_DLG_GIVEN] = "[given]",
                                        [PQ_DLG_TEST] = "[test]",
                                        [PQ_DLG_AFTER] = "[after]",
                                        [PQ_DLG_MESSAGE] = "[message "};
    begin_line(w, s->at, 0);
    writer_text(w, names[s->kind]);
    if (s->kind == PQ_DLG_MESSAGE) {
        writer_put(w, s->name);
        writer_text(w, "]");
    }
    end_line(w, s->comment);
    w->opened = true;
    put_items(w, s->items);
    w->blank = true;
    w->opened = false;
}

static enum pq_status put_file(struct writer *w)
{
    put_header(w);
    for (const struct pq_dlg_section *s = w->d->sections; s; s = s->next)
        put_section(w, s);
    return w->status;
}

/* ---- entries --------------------------------------------------------------------------------- */

enum pq_status pq_dlg_format(const struct pq_dlg *d, struct pq_bytes *out)
{
    struct writer w = {.d = d, .out = out};
    return put_file(&w);
}

enum pq_status pq_dlg_expand(const struct pq_dlg *d, size_t row, struct pq_bytes *out)
{
    struct writer w = {.d = d, .expand = true, .row = row, .out = out};
    return put_file(&w);
}

enum pq_status pq_dlg_format_item(const struct pq_dlg_item *item, struct pq_bytes *out)
{
    struct writer w = {.out = out};
    if (item->kind == PQ_DLG_ITEM_STEP)
        writer_step(&w, &item->step);
    else if (item->kind == PQ_DLG_ITEM_DATA)
        writer_data(&w, &item->step);
    else if (item->kind == PQ_DLG_ITEM_DIRECTIVE)
        writer_directive(&w, &item->directive);
    return w.status;
}
