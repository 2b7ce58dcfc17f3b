/* SPDX-License-Identifier: Apache-2.0
 * What faults of bodies share: the lines of a message, and who writes which body. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- lines ----------------------------------------------------------------------------------- */

struct pq_slice fault_line(struct pq_slice *rest)
{
    struct pq_slice line = pq_slice_first(*rest, pq_slice_index(*rest, '\n') + 1);
    *rest = pq_slice_after(*rest, line.len);
    return line;
}

bool fault_ends_in_crlf(struct pq_slice s)
{
    return s.len >= 2 && pq_slice_equal(pq_slice_after(s, s.len - 2), PQ_SLICE("\r\n"));
}

struct pq_slice fault_line_text(struct pq_slice line)
{
    return fault_ends_in_crlf(line) ? pq_slice_first(line, line.len - 2) : line;
}

bool fault_put(struct pq_bytes *wire, struct pq_slice octets)
{
    return pq_bytes_put(wire, octets) == PQ_STATUS_OK;
}

bool fault_put_line(struct pq_bytes *wire, struct pq_slice text)
{
    return fault_put(wire, text) && fault_put(wire, PQ_SLICE("\r\n"));
}

bool fault_put_dotted(struct pq_bytes *wire, struct pq_slice text)
{
    bool dot = pq_slice_starts(text, PQ_SLICE("."));
    return (!dot || fault_put(wire, PQ_SLICE("."))) && fault_put(wire, text);
}

bool fault_put_stuffed(struct pq_bytes *wire, struct pq_slice text)
{
    return fault_put_dotted(wire, text) && fault_put(wire, PQ_SLICE("\r\n"));
}

static bool put_stuffed(const struct fault_line *l)
{
    return fault_put_stuffed(l->wire, l->text);
}

/* Every line by `put`, then `end`. */
static bool put_body(const struct pq_fault *f, struct pq_bytes *wire, struct pq_slice content,
                     bool (*put)(const struct fault_line *l), const char *end)
{
    struct fault_line l = {.f = f, .wire = wire, .first = true};
    while (content.len > 0) {
        struct pq_slice line = fault_line(&content);
        l.text = fault_line_text(line);
        l.ended = l.text.len < line.len;
        l.last = content.len == 0;
        if (!put(&l))
            return false;
        l.first = false;
        l.in_body |= line.len == 2;
    }
    return fault_put(wire, pq_slice_text(end));
}

bool fault_put_body(struct pq_bytes *wire, struct pq_slice content, const char *end)
{
    return put_body(NULL, wire, content, put_stuffed, end);
}

/* ---- who writes which body ------------------------------------------------------------------- */

bool fault_writes_bodies(const struct fault_effect *e)
{
    return e->line || e->end || e->write;
}

static bool write_body(const struct pq_fault *f, struct pq_slice content, struct pq_bytes *wire)
{
    const struct fault_effect *e = f->row->effect;
    if (e->write)
        return e->write(f, content, wire);
    return put_body(f, wire, content, e->line ? e->line : put_stuffed, e->end ? e->end : FAULT_END);
}

bool fault_changes_body(const struct pq_server *s, const struct pq_fault *f,
                        struct pq_slice content)
{
    struct pq_bytes right, wrong;
    pq_bytes_init(&right, s->mock->alloc, PQ_SERVER_WIRE_MAX);
    pq_bytes_init(&wrong, s->mock->alloc, PQ_SERVER_WIRE_MAX);
    bool done = fault_put_body(&right, content, FAULT_END) && write_body(f, content, &wrong);
    bool differ = done && !pq_slice_equal(pq_bytes_slice(&right), pq_bytes_slice(&wrong));
    pq_bytes_free(&right);
    pq_bytes_free(&wrong);
    return differ;
}

/* Whether the body of messages[index] is this fault's to write. */
static bool writes(struct pq_server *s, struct pq_fault *f, enum pq_verb verb, size_t index)
{
    const struct fault_effect *e = f->row->effect;
    return fault_writes_bodies(e) && e->verb == verb && fault_acts_on(s, f, index);
}

/* The last fault that writes bodies is asked first; where none of them acts, whoever was there
 * before the first of them. */
bool fault_body(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                struct pq_bytes *wire)
{
    struct pq_fault_plan *plan = s->plan;
    struct pq_slice content = s->stored[index]->content;
    const struct pq_fault *first = NULL;
    if (verb == PQ_VERB_TOP)
        content = pq_slice_first(content, server_top_len(content, lines));
    for (size_t i = plan->count; i-- > 0;) {
        struct pq_fault *f = &plan->active[i];
        if (writes(s, f, verb, index))
            return write_body(f, content, wire);
        if (fault_writes_bodies(f->row->effect))
            first = f;
    }
    return first && first->base.body(s, verb, index, lines, wire);
}

/* ---- sizes and unique-ids -------------------------------------------------------------------- */

uint64_t fault_size(struct pq_server *s, size_t index)
{
    struct pq_fault_plan *plan = s->plan;
    uint64_t size = s->maildrop.messages[index].octets;
    for (size_t i = 0; i < plan->count; i++) {
        struct pq_fault *f = &plan->active[i];
        if (f->row->effect->size && fault_acts_on(s, f, index))
            size = f->row->effect->size(f, s->stored[index]->content, size);
    }
    return size;
}

/* A server that counts wrong does so everywhere: STAT is the sum of what LIST says. */
void fault_totals(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    *count = s->maildrop.live_count;
    *octets = 0;
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (!s->maildrop.messages[i].deleted)
            *octets += s->behaviour->size(s, i);
}

/* Room for a unique-id that is too long. */
#define UID_CAP 96u

void fault_field(struct pq_server *s, enum pq_verb verb, size_t index, struct pq_buf *line)
{
    struct pq_fault_plan *plan = s->plan;
    uint8_t memory[UID_CAP];
    struct pq_buf uid;
    if (verb == PQ_VERB_LIST) {
        pq_buf_put_u64(line, s->behaviour->size(s, index));
        return;
    }
    pq_buf_init(&uid, memory, sizeof(memory));
    pq_buf_put(&uid, s->maildrop.messages[index].uid);
    for (size_t i = 0; i < plan->count; i++) {
        struct pq_fault *f = &plan->active[i];
        if (f->row->effect->uid && fault_acts_on(s, f, index))
            f->row->effect->uid(s, f, index, &uid);
    }
    pq_buf_put(line, pq_buf_slice(&uid));
}

/* ---- installing ------------------------------------------------------------------------------ */

void fault_install(const struct fault_effect *e, struct pq_behaviour *b)
{
    const struct pq_behaviour shared = {
        .body = fault_writes_bodies(e) ? fault_body : NULL,
        .size = e->size ? fault_size : NULL,
        .totals = e->size ? fault_totals : NULL,
        .field = e->uid ? fault_field : NULL,
        .reply = e->answer ? fault_reply : NULL,
        .judge = e->hears ? fault_judge : NULL,
    };
    pq_behaviour_lay_over(b, &shared);
    pq_behaviour_lay_over(b, &e->hooks);
}
