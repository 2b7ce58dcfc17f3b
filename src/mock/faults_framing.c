/* SPDX-License-Identifier: Apache-2.0
 * Faults of framing: what becomes of the lines of a body. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* The content that the reference would send. */
static struct pq_slice content_of(struct pq_server *s, enum pq_verb verb, size_t index,
                                  uint64_t lines)
{
    struct pq_slice content = s->stored[index]->content;
    return verb == PQ_VERB_TOP ? pq_slice_first(content, server_top_len(content, lines)) : content;
}

static bool affects(struct pq_server *s, const struct pq_fault *f, size_t index)
{
    return pq_which_has(f->values[0], index + 1, s->maildrop.count);
}

static bool put(struct pq_bytes *wire, struct pq_slice octets)
{
    return pq_bytes_put(wire, octets) == PQ_STATUS_OK;
}

static bool retr_no_dot_stuffing(struct pq_server *s, enum pq_verb verb, size_t index,
                                 uint64_t lines, struct pq_bytes *wire)
{
    struct pq_fault *f = pq_fault_of(&s->mock->plan, "retr-no-dot-stuffing");
    if (verb != PQ_VERB_RETR || !affects(s, f, index) || !pq_fault_fires(f))
        return false;
    return put(wire, content_of(s, verb, index, lines)) && put(wire, PQ_SLICE(".\r\n"));
}

void install_retr_no_dot_stuffing(struct pq_behaviour *b)
{
    b->body = retr_no_dot_stuffing;
}
