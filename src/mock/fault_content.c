/* SPDX-License-Identifier: Apache-2.0
 * What faults of bodies share: the lines of a message, and who writes which body. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

struct pq_slice fault_line(struct pq_slice *rest)
{
    struct pq_slice line = pq_slice_first(*rest, pq_slice_index(*rest, '\n') + 1);
    *rest = pq_slice_after(*rest, line.len);
    return line;
}

static bool ends_in_crlf(struct pq_slice s)
{
    return s.len >= 2 && pq_slice_equal(pq_slice_after(s, s.len - 2), PQ_SLICE("\r\n"));
}

struct pq_slice fault_line_text(struct pq_slice line)
{
    return ends_in_crlf(line) ? pq_slice_first(line, line.len - 2) : line;
}

bool fault_has_dot_line(const struct pq_server *s, const struct pq_fault *f,
                        struct pq_slice content)
{
    (void)s;
    (void)f;
    while (content.len > 0)
        if (fault_line(&content).at[0] == '.')
            return true;
    return false;
}

bool fault_has_octets(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content)
{
    (void)s;
    (void)f;
    return content.len > 0;
}

bool fault_put(struct pq_bytes *wire, struct pq_slice octets)
{
    return pq_bytes_put(wire, octets) == PQ_STATUS_OK;
}

bool fault_put_stuffed(struct pq_bytes *wire, struct pq_slice line)
{
    bool dot = pq_slice_starts(line, PQ_SLICE("."));
    return (!dot || fault_put(wire, PQ_SLICE("."))) && fault_put(wire, line);
}

bool fault_put_lines(struct pq_bytes *wire, struct pq_slice content)
{
    while (content.len > 0)
        if (!fault_put_stuffed(wire, fault_line(&content)))
            return false;
    return true;
}

bool fault_put_last_crlf(struct pq_bytes *wire, struct pq_slice content)
{
    bool complete = content.len == 0 || ends_in_crlf(content);
    return complete || fault_put(wire, PQ_SLICE("\r\n"));
}

bool fault_put_end(struct pq_bytes *wire, struct pq_slice content)
{
    return fault_put_last_crlf(wire, content) && fault_put(wire, PQ_SLICE(".\r\n"));
}

/* Whether the body of messages[index] is this fault's to write. */
static bool writes(struct pq_server *s, struct pq_fault *f, enum pq_verb verb, size_t index)
{
    const struct fault_effect *e = f->row->effect;
    return e->write && e->verb == verb && fault_acts_on(s, f, index);
}

/* The last fault that writes bodies is asked first; where none of them acts, whoever was there
 * before the first of them. */
bool fault_body(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                struct pq_bytes *wire)
{
    struct pq_fault_plan *plan = &s->mock->plan;
    struct pq_slice content = s->stored[index]->content;
    const struct pq_fault *first = NULL;
    if (verb == PQ_VERB_TOP)
        content = pq_slice_first(content, server_top_len(content, lines));
    for (size_t i = plan->count; i-- > 0;) {
        struct pq_fault *f = &plan->active[i];
        if (writes(s, f, verb, index))
            return f->row->effect->write(f, content, wire);
        if (f->row->effect->write)
            first = f;
    }
    return first && first->base.body(s, verb, index, lines, wire);
}
