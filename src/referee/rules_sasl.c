/* SPDX-License-Identifier: Apache-2.0
 * Rules about the SASL exchange (RFC 5034 section 4), as far as they are the same for every
 * mechanism. */
#include "referee/rules.h"

/* More than the base64 text of a line that was kept whole can hold. */
#define DECODED_MAX PQ_REPLY_LINE_MAX

static bool is_base64(struct pq_slice text)
{
    uint8_t memory[DECODED_MAX];
    struct pq_buf out;
    pq_buf_init(&out, memory, sizeof(memory));
    return pq_base64_decode(text, &out) == PQ_STATUS_OK;
}

static bool is_challenge(const struct ref_look *l)
{
    return l->m->reply.indicator == PQ_REPLY_CONTINUE && !l->m->ask->strange;
}

bool rule_challenge_space(struct ref_look *l)
{
    return ref_finds(l, is_challenge(l) && (l->m->reply.flaws & PQ_REPLY_NO_SPACE),
                     "a challenge is \"+\", a space and base64");
}

bool rule_challenge_base64(struct ref_look *l)
{
    return ref_finds(l, is_challenge(l) && !l->m->too_long && !is_base64(l->m->reply.text),
                     "the text of a challenge is no base64");
}

/* The client's line, when it was kept whole. */
static bool response_is(const struct ref_look *l, struct pq_slice *text)
{
    const struct ref_ask *a = l->m->ask;
    *text = pq_slice_of(a->text, a->len);
    return a->response && !a->cut && l->m->reply.indicator != PQ_REPLY_ERR;
}

bool rule_cancel(struct ref_look *l)
{
    struct pq_slice text;
    return ref_finds(l, response_is(l, &text) && pq_slice_equal(text, PQ_SLICE("*")),
                     "the exchange was cancelled, and the answer is not -ERR");
}

bool rule_response_base64(struct ref_look *l)
{
    struct pq_slice text;
    return ref_finds(
        l, response_is(l, &text) && !pq_slice_equal(text, PQ_SLICE("*")) && !is_base64(text),
        "a response that is no base64 was not refused");
}

/* PLAIN has one message, so that nothing can be asked for when it was given. A server that finds
 * no base64 may ask again. */
bool rule_initial_ignored(struct ref_look *l)
{
    const struct ref_ask *a = l->m->ask;
    return ref_finds(l,
                     is_challenge(l) && !a->response && a->command.argc > 1 &&
                         pq_slice_equal_nocase(a->command.args[0], PQ_SLICE("PLAIN")) &&
                         is_base64(a->command.args[1]),
                     "a challenge, although the initial response is all there is");
}
