/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/wire.h"

#include <assert.h>
#include <string.h>

void pq_framer_init(struct pq_framer *f, void *memory, size_t cap)
{
    assert(cap >= 3);
    *f = (struct pq_framer){.hold = memory, .cap = cap, .limit = cap};
}

void pq_framer_clear(struct pq_framer *f)
{
    f->held = 0;
    f->seen = f->offset = 0;
    f->after_cr = false;
}

uint64_t pq_framer_pending(const struct pq_framer *f)
{
    return f->seen;
}

/* The index behind the first line end in `in`, or zero when there is none. */
static size_t framer_find_end(const struct pq_framer *f, struct pq_slice in)
{
    size_t from = 0;
    while (from < in.len) {
        const uint8_t *lf = memchr(in.at + from, '\n', in.len - from);
        if (!lf)
            return 0;
        size_t at = (size_t)(lf - in.at);
        bool after_cr = at > 0 ? in.at[at - 1] == '\r' : f->after_cr;
        if (after_cr || f->lf_ends_line)
            return at + 1;
        from = at + 1;
    }
    return 0;
}

/* Keeps what fits of a line's part. */
static void framer_hold(struct pq_framer *f, struct pq_slice part)
{
    if (part.len == 0)
        return;
    struct pq_slice fits = pq_slice_first(part, f->cap - f->held);
    memcpy(f->hold + f->held, fits.at, fits.len);
    f->held += fits.len;
    f->seen += part.len;
    f->after_cr = part.at[part.len - 1] == '\r';
}

/* Cuts the line end off `whole`, of which `len` octets were on the wire, and applies the limit. */
static void framer_give(struct pq_framer *f, struct pq_slice whole, uint64_t len,
                        struct pq_line *line)
{
    bool crlf = !f->lf_ends_line || f->after_cr;
    uint64_t text_len = len - (crlf ? 2 : 1);
    bool too_long = text_len > f->limit - 2;
    *line = (struct pq_line){
        .text = pq_slice_first(whole, too_long ? f->limit - 2 : (size_t)text_len),
        .offset = f->offset,
        .too_long = too_long,
        .lf_only = !crlf,
    };
    f->offset += len;
    f->held = 0;
    f->seen = 0;
    f->after_cr = false;
}

enum pq_next pq_framer_next(struct pq_framer *f, struct pq_slice *in, struct pq_line *line)
{
    size_t end = framer_find_end(f, *in);
    if (end == 0) {
        framer_hold(f, *in);
        *in = pq_slice_after(*in, in->len);
        return PQ_NEXT_NEED_DATA;
    }
    struct pq_slice part = pq_slice_first(*in, end);
    *in = pq_slice_after(*in, end);
    if (f->seen == 0) {
        f->after_cr = part.len > 1 && part.at[part.len - 2] == '\r';
        framer_give(f, part, part.len, line);
        return PQ_NEXT_EVENT;
    }
    /* The LF itself is never held, so that `after_cr` tells of the octet before it. */
    framer_hold(f, pq_slice_first(part, part.len - 1));
    framer_give(f, pq_slice_of(f->hold, f->held), f->seen + 1, line);
    return PQ_NEXT_EVENT;
}
