/* SPDX-License-Identifier: Apache-2.0
 * Reading and writing multi-line bodies (RFC 1939 section 3). */
#include "popquiz/wire.h"

#include <assert.h>
#include <string.h>

/* Where the reader or the writer stands; what was before it decides what a dot means. */
enum dot_state {
    DOT_LINE_START, /* the first octet, or behind CRLF */
    DOT_TEXT,       /* inside a line */
    DOT_CR,         /* inside a line, behind CR */
    DOT_DOT,        /* behind a dot at the start of a line, which is held back */
    DOT_DOT_CR,     /* the same and CR behind it, both held back */
};

void pq_dot_init(struct pq_dot *d)
{
    *d = (struct pq_dot){.state = DOT_LINE_START};
}

/* The state behind `text`, which is not empty, when the state before it was `before`. */
static enum dot_state state_after(enum dot_state before, struct pq_slice text)
{
    uint8_t last = text.at[text.len - 1];
    if (last == '\r')
        return DOT_CR;
    if (last != '\n')
        return DOT_TEXT;
    bool after_cr = text.len > 1 ? text.at[text.len - 2] == '\r' : before == DOT_CR;
    return after_cr ? DOT_LINE_START : DOT_TEXT;
}

/* The index of the first dot that starts a line, or `in.len`. */
static size_t find_line_dot(enum dot_state state, struct pq_slice in)
{
    size_t from = 0;
    while (from < in.len) {
        const uint8_t *dot = memchr(in.at + from, '.', in.len - from);
        if (!dot)
            return in.len;
        size_t at = (size_t)(dot - in.at);
        if (at == 0 ? state == DOT_LINE_START
                    : state_after(state, pq_slice_first(in, at)) == DOT_LINE_START)
            return at;
        from = at + 1;
    }
    return in.len;
}

/* Gives `piece`; it was taken from the input already. */
static enum pq_next dot_give(struct pq_dot *d, struct pq_slice piece, struct pq_slice *out)
{
    d->octets += piece.len;
    *out = piece;
    return PQ_NEXT_EVENT;
}

/* Decides what the held dot was, now that the octet behind it is known. */
static void dot_resolve(struct pq_dot *d, struct pq_slice *in)
{
    if (in->at[0] == '\r') {
        d->state = DOT_DOT_CR;
        *in = pq_slice_after(*in, 1);
        return;
    }
    if (in->at[0] != '.')
        d->unstuffed = true;
    d->state = DOT_TEXT;
}

static enum pq_next dot_resolve_cr(struct pq_dot *d, struct pq_slice *in, struct pq_slice *piece)
{
    if (in->at[0] == '\n') {
        *in = pq_slice_after(*in, 1);
        *piece = pq_slice_of(NULL, 0);
        d->ended = true;
        return PQ_NEXT_EVENT;
    }
    d->unstuffed = true;
    d->state = DOT_CR;
    return dot_give(d, PQ_SLICE("\r"), piece);
}

enum pq_next pq_dot_next(struct pq_dot *d, struct pq_slice *in, struct pq_slice *piece)
{
    assert(!d->ended);
    while (in->len > 0) {
        if (d->state == DOT_DOT) {
            dot_resolve(d, in);
            /* A dot behind the held dot is content, and so is what a lone dot held back. */
            if (d->state == DOT_DOT_CR)
                continue;
        } else if (d->state == DOT_DOT_CR) {
            return dot_resolve_cr(d, in, piece);
        }
        size_t at = find_line_dot((enum dot_state)d->state, *in);
        struct pq_slice text = pq_slice_first(*in, at);
        *in = pq_slice_after(*in, at);
        if (text.len > 0) {
            d->state = (uint8_t)state_after((enum dot_state)d->state, text);
            return dot_give(d, text, piece);
        }
        d->state = DOT_DOT;
        *in = pq_slice_after(*in, 1);
    }
    return PQ_NEXT_NEED_DATA;
}

void pq_stuffer_init(struct pq_stuffer *s)
{
    *s = (struct pq_stuffer){.state = DOT_LINE_START};
}

size_t pq_stuffer_put(struct pq_stuffer *s, struct pq_slice in, struct pq_buf *out)
{
    size_t all = in.len;
    while (in.len > 0 && pq_buf_room(out) >= 2) {
        /* Only what can be written is searched: a long body costs one pass. */
        struct pq_slice window = pq_slice_first(in, pq_buf_room(out));
        size_t at = s->bare ? window.len : find_line_dot((enum dot_state)s->state, window);
        struct pq_slice text = pq_slice_first(window, at);
        if (at == 0)
            text = PQ_SLICE("..");
        pq_buf_put(out, text);
        s->state = (uint8_t)state_after((enum dot_state)s->state, text);
        in = pq_slice_after(in, at == 0 ? 1 : at);
    }
    return all - in.len;
}

bool pq_stuffer_end(struct pq_stuffer *s, struct pq_buf *out)
{
    struct pq_slice end = s->state == DOT_LINE_START ? PQ_SLICE(".\r\n") : PQ_SLICE("\r\n.\r\n");
    if (pq_buf_room(out) < end.len)
        return false;
    return pq_buf_put(out, end);
}
