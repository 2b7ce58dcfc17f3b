/* SPDX-License-Identifier: Apache-2.0
 * Where the messages of an mbox begin and end, and which is which. */
#include "mock/mbox.h"

#include <stdlib.h>
#include <string.h>

static const struct pq_slice mark = PQ_SLICE_INIT("From ");

/* ---- lines ----------------------------------------------------------------------------------- */

/* Takes the first line off, its end included. */
static struct pq_slice next_line(struct pq_slice *rest)
{
    struct pq_slice line = pq_slice_first(*rest, pq_slice_index(*rest, '\n') + 1);
    *rest = pq_slice_after(*rest, line.len);
    return line;
}

static struct pq_slice without_end(struct pq_slice line)
{
    if (line.len > 0 && line.at[line.len - 1] == '\n')
        line.len--;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Whether it is ">From " with one ">" or more. */
static bool is_quoted(struct pq_slice line)
{
    size_t quotes = 0;
    while (quotes < line.len && line.at[quotes] == '>')
        quotes++;
    return quotes > 0 && pq_slice_starts(pq_slice_after(line, quotes), mark);
}

enum pq_status mbox_unquote(struct pq_slice content, struct pq_bytes *out)
{
    enum pq_status status = pq_bytes_reserve(out, content.len);
    while (content.len > 0 && status == PQ_STATUS_OK) {
        struct pq_slice line = next_line(&content);
        status = pq_bytes_put(out, pq_slice_after(line, is_quoted(line) ? 1 : 0));
    }
    return status;
}

/* ---- messages -------------------------------------------------------------------------------- */

static struct mbox_span *add_span(struct mbox_spans *spans)
{
    if (spans->count == spans->room) {
        size_t room = spans->room == 0 ? 64 : spans->room * 2;
        void *bigger =
            spans->alloc.resize(spans->alloc.ctx, spans->each, room * sizeof(*spans->each));
        if (!bigger)
            return NULL;
        spans->each = bigger;
        spans->room = room;
    }
    spans->each[spans->count] = (struct mbox_span){.copy = 0};
    return &spans->each[spans->count++];
}

void mbox_spans_free(struct mbox_spans *spans)
{
    if (spans->each)
        spans->alloc.resize(spans->alloc.ctx, spans->each, 0);
    spans->each = NULL;
    spans->count = spans->room = 0;
}

/* Where lines stand, while they are read. */
struct reader {
    struct pq_slice all, rest;
    size_t number;  /* of the line that was read last */
    size_t empty;   /* where the empty line before it begins; no_line: it was not empty */
    size_t content; /* where the content of the message begins */
};

static const size_t no_line = SIZE_MAX;

/* The message that was begun last ends at `end`; an empty line before that is not content. */
static void finish_span(struct mbox_spans *spans, const struct reader *r, size_t end)
{
    if (spans->count == 0)
        return;
    struct mbox_span *span = &spans->each[spans->count - 1];
    size_t content_end = r->empty != no_line && r->empty >= r->content ? r->empty : end;
    span->end = end;
    span->content = pq_slice_of(r->all.at + r->content, content_end - r->content);
}

static enum pq_status begin_span(struct mbox_spans *spans, struct reader *r, size_t begin,
                                 struct pq_slice line)
{
    finish_span(spans, r, begin);
    struct mbox_span *span = spans->count < PQ_STORE_MESSAGES_MAX ? add_span(spans) : NULL;
    if (!span)
        return PQ_STATUS_NO_MEMORY;
    span->begin = begin;
    span->from = without_end(line);
    r->content = begin + line.len;
    return PQ_STATUS_OK;
}

static enum pq_status read_lines(struct mbox_spans *spans, struct reader *r)
{
    while (r->rest.len > 0) {
        size_t begin = r->all.len - r->rest.len;
        struct pq_slice line = next_line(&r->rest);
        bool may_begin = begin == 0 || r->empty != no_line;
        r->number++;
        if (may_begin && pq_slice_starts(line, mark)) {
            if (begin_span(spans, r, begin, line) != PQ_STATUS_OK)
                return PQ_STATUS_NO_MEMORY;
        } else if (spans->count == 0) {
            return PQ_STATUS_SYNTAX;
        }
        r->empty = without_end(line).len == 0 ? begin : no_line;
    }
    finish_span(spans, r, r->all.len);
    return PQ_STATUS_OK;
}

/* ---- which is which -------------------------------------------------------------------------- */

enum pq_status mbox_label(const struct mbox_span *span, struct pq_bytes *out)
{
    uint8_t memory[PQ_U64_TEXT_MAX + 1];
    struct pq_buf copy;
    enum pq_status status = pq_bytes_put(out, span->from);
    pq_buf_init(&copy, memory, sizeof(memory));
    if (span->copy == 0 || status != PQ_STATUS_OK)
        return status;
    pq_buf_put_octet(&copy, '\n'); /* no "From " line has one */
    pq_buf_put_u64(&copy, span->copy);
    return pq_bytes_put(out, pq_buf_slice(&copy));
}

static enum pq_status identify(struct mbox_span *span, struct pq_bytes *label,
                               struct pq_bytes *content)
{
    pq_bytes_clear(label);
    pq_bytes_clear(content);
    enum pq_status status = mbox_label(span, label);
    if (status == PQ_STATUS_OK)
        status = mbox_unquote(span->content, content);
    if (status == PQ_STATUS_OK)
        pq_store_uid(pq_bytes_slice(label), pq_bytes_slice(content), span->uid);
    return status;
}

/* By unique-id, and where those are equal by place. */
static int by_uid(const void *a, const void *b)
{
    const struct mbox_span *const *x = a, *const *y = b;
    int order = memcmp((*x)->uid, (*y)->uid, sizeof((*x)->uid));
    if (order != 0)
        return order;
    return (*x)->begin < (*y)->begin ? -1 : 1;
}

/* Counts those that are equal to one before them; `sorted` has room for all. */
static void count_copies(struct mbox_spans *spans, struct mbox_span **sorted)
{
    for (size_t i = 0; i < spans->count; i++)
        sorted[i] = &spans->each[i];
    // NOLINTNEXTLINE(bugprone-sizeof-expression): what is sorted is pointers
    qsort((void *)sorted, spans->count, sizeof(*sorted), by_uid);
    for (size_t i = 1; i < spans->count; i++)
        if (memcmp(sorted[i]->uid, sorted[i - 1]->uid, sizeof(sorted[i]->uid)) == 0)
            sorted[i]->copy = sorted[i - 1]->copy + 1;
}

static enum pq_status identify_all(struct mbox_spans *spans)
{
    struct pq_bytes label, content;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): room for pointers
    size_t octets = (spans->count + 1) * sizeof(struct mbox_span *);
    struct mbox_span **sorted = spans->alloc.resize(spans->alloc.ctx, NULL, octets);
    enum pq_status status = sorted ? PQ_STATUS_OK : PQ_STATUS_NO_MEMORY;
    pq_bytes_init(&label, spans->alloc, (size_t)PQ_MBOX_FILE_MAX + 64);
    pq_bytes_init(&content, spans->alloc, (size_t)PQ_MBOX_FILE_MAX);
    for (size_t i = 0; i < spans->count && status == PQ_STATUS_OK; i++)
        status = identify(&spans->each[i], &label, &content);
    if (status == PQ_STATUS_OK)
        count_copies(spans, sorted);
    for (size_t i = 0; i < spans->count && status == PQ_STATUS_OK; i++)
        if (spans->each[i].copy > 0)
            status = identify(&spans->each[i], &label, &content);
    pq_bytes_free(&label);
    pq_bytes_free(&content);
    if (sorted)
        spans->alloc.resize(spans->alloc.ctx, (void *)sorted, 0);
    return status;
}

enum pq_status mbox_parse(struct mbox_spans *spans, const char *path, struct pq_slice octets,
                          struct pq_why *why)
{
    struct reader r = {.all = octets, .rest = octets, .empty = no_line};
    enum pq_status status = read_lines(spans, &r);
    if (status == PQ_STATUS_SYNTAX)
        return pq_why_fail(why, PQ_STATUS_FILE,
                           "%s:%zu: is no mbox: its first line must begin with \"From \"", path,
                           r.number);
    if (status == PQ_STATUS_OK)
        status = identify_all(spans);
    if (status != PQ_STATUS_OK)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: more than %u messages, or no memory", path,
                           PQ_STORE_MESSAGES_MAX);
    return PQ_STATUS_OK;
}
