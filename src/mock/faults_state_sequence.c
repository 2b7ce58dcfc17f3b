/* SPDX-License-Identifier: Apache-2.0
 * Faults of state: what TOP leaves behind, and too much of one command (RFC 1939 sections 5 and 7).
 */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* Octets of the first `lines` lines. */
static size_t lines_len(struct pq_slice content, uint64_t lines)
{
    struct pq_slice rest = content;
    for (; lines > 0 && rest.len > 0; lines--)
        (void)fault_line(&rest);
    return content.len - rest.len;
}

static void note_top(struct pq_server *s, size_t index, size_t end, uint64_t lines)
{
    s->memory.top_number = index + 1;
    s->memory.top_end = end;
    s->memory.top_lines = lines;
}

static bool top_resumes_offset(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                               struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_top_resumes_offset);
    struct pq_slice content = s->stored[index]->content;
    size_t from = s->memory.top_end;
    bool again = verb == PQ_VERB_TOP && s->memory.top_number == index + 1;
    if (!again || !fault_acts_on(s, f, index)) {
        if (verb == PQ_VERB_TOP)
            note_top(s, index, server_top_len(content, lines), lines);
        return f->base.body(s, verb, index, lines, wire);
    }
    struct pq_slice rest = pq_slice_after(content, from);
    rest = pq_slice_first(rest, lines_len(rest, lines));
    note_top(s, index, from + rest.len, lines);
    return fault_put_body(wire, rest, FAULT_END);
}

const struct fault_effect effect_top_resumes_offset = {.hooks = {.body = top_resumes_offset}};

static bool retr_after_partial_top_truncated(struct pq_server *s, enum pq_verb verb, size_t index,
                                             uint64_t lines, struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_retr_after_partial_top_truncated);
    struct pq_slice content = s->stored[index]->content;
    size_t top_len = server_top_len(content, s->memory.top_lines);
    bool last = index + 1 == s->maildrop.count && s->memory.top_number == index + 1;
    if (verb == PQ_VERB_TOP)
        note_top(s, index, server_top_len(content, lines), lines);
    if (verb != PQ_VERB_RETR || !last || top_len == content.len || !fault_fires(f))
        return f->base.body(s, verb, index, lines, wire);
    content = pq_slice_first(content, top_len);
    return fault_put_body(wire, content, FAULT_END);
}

const struct fault_effect effect_retr_after_partial_top_truncated = {
    .hooks = {.body = retr_after_partial_top_truncated}};

static void noop_64_closes(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_noop_64_closes);
    bool noop = fault_is_command(e, PQ_VERB_NOOP);
    if (noop && s->memory.noops++ >= f->values[0] && fault_fires(f))
        pq_server_on_end(s);
    else
        f->base.obey(s, e);
}

const struct fault_effect effect_noop_64_closes = {.hooks = {.obey = noop_64_closes}};
