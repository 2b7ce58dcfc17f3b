/* SPDX-License-Identifier: Apache-2.0
 * Faults of AUTH: what the lines of an exchange stand for (RFC 5034 section 4). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

#include "base/digest.h"

/* ---- what the client says -------------------------------------------------------------------- */

static bool auth_ir_ignored(struct pq_server *s, struct pq_slice *text)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_ir_ignored);
    bool acts = text->len > 0 && fault_fires(f);
    return !acts && f->base.initial(s, text);
}

const struct fault_effect effect_auth_ir_ignored = {.hooks = {.initial = auth_ir_ignored}};

static enum pq_status auth_equals_literal(struct pq_server *s, struct pq_slice text,
                                          struct pq_buf *out)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_equals_literal);
    if (!pq_slice_equal(text, PQ_SLICE("=")) || !fault_fires(f))
        return f->base.decode_initial(s, text, out);
    return pq_buf_put(out, text) ? PQ_STATUS_OK : PQ_STATUS_NO_ROOM;
}

const struct fault_effect effect_auth_equals_literal = {
    .hooks = {.decode_initial = auth_equals_literal}};

static void auth_cancel_not_recognised(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_cancel_not_recognised);
    bool acts = fault_fires(f);
    if (!acts || s->mock->behaviour.challenge(s, pq_slice_of(NULL, 0)) != PQ_STATUS_OK)
        f->base.cancel(s);
}

const struct fault_effect effect_auth_cancel_not_recognised = {
    .hooks = {.cancel = auth_cancel_not_recognised}};

static bool is_base64(uint8_t octet)
{
    return pq_ascii_is_alpha(octet) || pq_ascii_is_digit(octet) || octet == '+' || octet == '/' ||
           octet == '=';
}

static size_t count_other_octets(struct pq_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += !is_base64(text.at[i]);
    return count;
}

static enum pq_status put_base64_octets(struct pq_bytes *to, struct pq_slice text)
{
    enum pq_status status = PQ_STATUS_OK;
    for (size_t i = 0; i < text.len && status == PQ_STATUS_OK; i++)
        if (is_base64(text.at[i]))
            status = pq_bytes_put(to, pq_slice_first(pq_slice_after(text, i), 1));
    return status;
}

static enum pq_status auth_lenient_base64(struct pq_server *s, struct pq_slice text,
                                          struct pq_buf *out)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_lenient_base64);
    size_t others = count_other_octets(text);
    struct pq_bytes kept;
    if (others == 0 || others > f->values[0] || !fault_fires(f))
        return f->base.decode(s, text, out);
    pq_bytes_init(&kept, s->mock->alloc, text.len);
    enum pq_status status = put_base64_octets(&kept, text);
    if (status == PQ_STATUS_OK)
        status = f->base.decode(s, pq_bytes_slice(&kept), out);
    if (kept.at)
        pq_secret_wipe(kept.at, kept.len);
    pq_bytes_free(&kept);
    return status;
}

const struct fault_effect effect_auth_lenient_base64 = {.hooks = {.decode = auth_lenient_base64}};

/* ---- what the server says -------------------------------------------------------------------- */

/* Sends a line in place of a challenge. */
static enum pq_status put_challenge(struct pq_server *s, struct pq_slice head, struct pq_slice text)
{
    if (pq_buf_room(&s->out) < head.len + text.len + 2)
        return PQ_STATUS_NO_ROOM;
    pq_buf_put(&s->out, head);
    pq_buf_put(&s->out, text);
    pq_buf_put_text(&s->out, "\r\n");
    pq_conn_answered(&s->conn, PQ_REPLY_CONTINUE);
    return PQ_STATUS_OK;
}

static enum pq_status auth_challenge_plain_text(struct pq_server *s, struct pq_slice data)
{
    static const char *const texts[] = {"go ahead", "send your response", "waiting for a response"};
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_challenge_plain_text);
    if (!fault_fires(f))
        return f->base.challenge(s, data);
    struct pq_slice text = data.len > 0 ? data : pq_slice_text(texts[f->values[0] - 1]);
    return put_challenge(s, PQ_SLICE("+ "), text);
}

const struct fault_effect effect_auth_challenge_plain_text = {
    .hooks = {.challenge = auth_challenge_plain_text}};

static enum pq_status auth_challenge_no_space(struct pq_server *s, struct pq_slice data)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_challenge_no_space);
    if (data.len > 0 || !fault_fires(f))
        return f->base.challenge(s, data);
    return put_challenge(s, PQ_SLICE("+"), data);
}

const struct fault_effect effect_auth_challenge_no_space = {
    .hooks = {.challenge = auth_challenge_no_space}};
