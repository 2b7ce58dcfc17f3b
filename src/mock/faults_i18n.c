/* SPDX-License-Identifier: Apache-2.0
 * Faults of UTF8 (RFC 6856 section 2). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- UTF8 where it is refused ---------------------------------------------------------------- */

static enum pq_refusal judge_utf8(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_accepted_in_transaction);
    bool late = e->kind == PQ_EVENT_COMMAND && e->verb == PQ_VERB_UTF8 &&
                e->refusal == PQ_REFUSED_STATE && s->conn.session.state == PQ_STATE_TRANSACTION;
    return late && fault_fires(f) ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

/* The session's table does not know this move, so the answer alone would not switch the mode. */
static void accept_late_utf8(struct pq_server *s)
{
    fault_of(s, PQ_FAULT_utf8_accepted_in_transaction)->base.accept_utf8(s);
    s->conn.session.utf8 = true;
}

const struct fault_effect effect_utf8_accepted_in_transaction = {
    .hooks = {.judge = judge_utf8, .accept_utf8 = accept_late_utf8}};

/* ---- a form in ASCII ------------------------------------------------------------------------- */

/* Whether the reference refuses to send the message now. */
static bool needs_utf8(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content)
{
    (void)f;
    return s->mock->config.utf8 && !s->conn.session.utf8 && pq_content_has_8bit_header(content);
}

static bool may_send_anyway(struct pq_server *s, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_size_mismatch);
    return f->base.may_send(s, index) || fault_acts_on(s, f, index);
}

/* Writes the header section with "?" in place of each run of 8-bit octets, then the rest. */
static bool put_in_ascii(struct pq_bytes *to, struct pq_slice content)
{
    size_t header_len = server_top_len(content, 0);
    for (size_t i = 0; i < header_len; i++) {
        bool run = i > 0 && content.at[i - 1] > 0x7F;
        struct pq_slice octet = pq_slice_first(pq_slice_after(content, i), 1);
        if (octet.at[0] > 0x7F && run)
            continue;
        if (!fault_put(to, octet.at[0] > 0x7F ? PQ_SLICE("?") : octet))
            return false;
    }
    return fault_put(to, pq_slice_after(content, header_len));
}

/* What may_send_anyway() let pass. */
static bool body_in_ascii(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                          struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_utf8_size_mismatch);
    struct pq_slice content = s->stored[index]->content;
    struct pq_bytes ascii;
    if (!needs_utf8(s, f, content))
        return f->base.body(s, verb, index, lines, wire);
    if (verb == PQ_VERB_TOP)
        content = pq_slice_first(content, server_top_len(content, lines));
    pq_bytes_init(&ascii, s->mock->alloc, content.len);
    bool done =
        put_in_ascii(&ascii, content) && fault_put_body(wire, pq_bytes_slice(&ascii), FAULT_END);
    pq_bytes_free(&ascii);
    return done;
}

const struct fault_effect effect_utf8_size_mismatch = {
    .hooks = {.may_send = may_send_anyway, .body = body_in_ascii}, .shows = needs_utf8};
