/* SPDX-License-Identifier: Apache-2.0
 * Faults of AUTH: what the lines of an exchange stand for, and when there is one (RFC 5034
 * section 4). */
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
    if (!acts || s->behaviour->challenge(s, pq_slice_of(NULL, 0)) != PQ_STATUS_OK)
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

/* ---- messages -------------------------------------------------------------------------------- */

#define PLAIN_NULS 2u

/* Where the fields of PLAIN end when whatever stands behind another NUL is overlooked. */
static size_t find_end_of_plain(struct pq_slice message)
{
    struct pq_slice rest = message;
    for (size_t i = 0; i < PLAIN_NULS; i++)
        (void)pq_slice_cut(&rest, 0);
    return message.len - rest.len + pq_slice_index(rest, 0);
}

static enum pq_status auth_plain_extra_nul(struct pq_server *s, struct pq_slice text,
                                           struct pq_buf *out)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_plain_extra_nul);
    size_t start = out->len;
    enum pq_status status = f->base.decode(s, text, out);
    if (status != PQ_STATUS_OK)
        return status;
    struct pq_slice message = pq_slice_after(pq_buf_slice(out), start);
    size_t end = find_end_of_plain(message);
    if (end < message.len && fault_fires(f))
        out->len = start + end;
    return status;
}

const struct fault_effect effect_auth_plain_extra_nul = {.hooks = {.decode = auth_plain_extra_nul}};

static enum pq_status auth_long_ir_truncated(struct pq_server *s, struct pq_slice text,
                                             struct pq_buf *out)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_long_ir_truncated);
    if (text.len > f->values[0] && fault_fires(f))
        text = pq_slice_first(text, (size_t)f->values[0]);
    return f->base.decode(s, text, out);
}

const struct fault_effect effect_auth_long_ir_truncated = {
    .hooks = {.decode = auth_long_ir_truncated}};

/* ---- mechanisms ------------------------------------------------------------------------------ */

/* An exchange of no mechanism, which its response ends. */
static void auth_unknown_mech_continues(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_unknown_mech_continues);
    bool unknown = fault_is_command(e, PQ_VERB_AUTH) && e->command.argc > 0 &&
                   !server_has_mechanism(s, pq_mechanism_of(e->command.args[0]));
    if (e->kind == PQ_EVENT_RESPONSE && !s->exchange)
        server_refuse_credentials(s);
    else if (!unknown || !fault_fires(f) ||
             s->behaviour->challenge(s, pq_slice_of(NULL, 0)) != PQ_STATUS_OK)
        f->base.obey(s, e);
}

const struct fault_effect effect_auth_unknown_mech_continues = {
    .hooks = {.obey = auth_unknown_mech_continues}};

static const enum pq_mechanism unlisted[] = {PQ_MECHANISM_PLAIN, PQ_MECHANISM_LOGIN,
                                             PQ_MECHANISM_CRAM_MD5, PQ_MECHANISM_EXTERNAL};

/* Takes the mechanism out of the words of a line. */
static void drop_word(struct pq_buf *line, struct pq_slice word)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf copy;
    pq_buf_init(&copy, memory, sizeof(memory));
    pq_buf_put(&copy, pq_buf_slice(line));
    struct pq_slice rest = pq_buf_slice(&copy);
    line->len = 0;
    while (rest.len > 0) {
        struct pq_slice next = pq_slice_cut(&rest, ' ');
        if (pq_slice_equal(next, word))
            continue;
        if (line->len > 0)
            pq_buf_put_octet(line, ' ');
        pq_buf_put(line, next);
    }
}

static void auth_unlisted_mech_works(struct pq_server *s, enum pq_capability_tag tag,
                                     struct pq_buf *line)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_unlisted_mech_works);
    f->base.capability(s, tag, line);
    if (tag == PQ_CAPA_SASL && fault_fires(f))
        drop_word(line, pq_mechanism_row(unlisted[f->values[0] - 1])->name);
}

const struct fault_effect effect_auth_unlisted_mech_works = {
    .hooks = {.capability = auth_unlisted_mech_works}};

static enum pq_refusal auth_after_success(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_after_success);
    bool again = fault_is_refused(e, PQ_VERB_AUTH, PQ_REFUSED_STATE) && s->account;
    if (!again || !fault_fires(f))
        return f->base.judge(s, e);
    server_close_maildrop(s);
    fault_set_state(s, PQ_STATE_AUTHORIZATION);
    return PQ_REFUSED_NONE;
}

const struct fault_effect effect_auth_after_success = {.hooks = {.judge = auth_after_success}};

/* The challenge is made of the nonce, which SCRAM uses too. */
static void auth_cram_challenge_repeats(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_cram_challenge_repeats);
    const char *nonce = s->mock->config.nonce;
    bool cram = fault_is_command(e, PQ_VERB_AUTH) && e->command.argc > 0 &&
                pq_mechanism_of(e->command.args[0]) == PQ_MECHANISM_CRAM_MD5;
    if (cram && fault_fires(f))
        s->mock->config.nonce = "1896.697170952";
    f->base.obey(s, e);
    s->mock->config.nonce = nonce;
}

const struct fault_effect effect_auth_cram_challenge_repeats = {
    .hooks = {.obey = auth_cram_challenge_repeats}};
