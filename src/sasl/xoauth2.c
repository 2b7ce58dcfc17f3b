/* SPDX-License-Identifier: Apache-2.0
 * XOAUTH2, a vendor's mechanism without RFC: "user=" name ^A "auth=Bearer " token ^A ^A. A refusal
 * is told in JSON as a challenge, which the client answers with an empty message. */
#include "sasl/sasl_internal.h"

#define SEPARATOR 0x01

static const struct pq_slice user_key = PQ_SLICE_INIT("user=");
static const struct pq_slice auth_key = PQ_SLICE_INIT("auth=Bearer ");
static const struct pq_slice end = PQ_SLICE_INIT("\001");

/* Takes `key` and a value off the front, up to a separator; the separator must be there. */
static bool take_pair(struct pq_slice *rest, struct pq_slice key, struct pq_slice *value)
{
    if (!pq_slice_starts(*rest, key))
        return false;
    *rest = pq_slice_after(*rest, key.len);
    size_t before = rest->len;
    *value = pq_slice_cut(rest, SEPARATOR);
    return value->len < before;
}

static enum pq_sasl_flaw check_token(struct pq_slice token, size_t max)
{
    if (token.len == 0 || token.len > max)
        return PQ_SASL_FLAW_LENGTH;
    return pq_slice_is_visible(token) ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_OCTETS;
}

static enum pq_sasl_flaw take_message(struct pq_sasl_server *s, struct pq_slice rest)
{
    struct pq_slice user, token;
    if (!take_pair(&rest, user_key, &user) || !take_pair(&rest, auth_key, &token) ||
        !pq_slice_equal(rest, end))
        return PQ_SASL_FLAW_FIELDS;
    enum pq_sasl_flaw flaw = pq_sasl_name_set(&s->user, user);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = check_token(token, s->row->secret_max);
    return flaw == PQ_SASL_FLAW_NONE ? pq_sasl_server_check(s, token) : flaw;
}

enum pq_sasl_flaw pq_sasl_xoauth2_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                         struct pq_buf *out)
{
    if (s->turn > 0)
        return s->verdict; /* whatever the client says to its refusal */
    enum pq_sasl_flaw flaw = take_message(s, *in);
    if (flaw != PQ_SASL_FLAW_CREDENTIALS)
        return flaw;
    s->verdict = flaw;
    bool fits = pq_buf_put_text(out, "{\"status\":\"401\",\"schemes\":\"bearer\"}");
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}

static enum pq_sasl_flaw write_message(const struct pq_sasl_client *c, struct pq_buf *out)
{
    const struct pq_sasl_client_config *config = c->config;
    if (pq_slice_index(config->user, SEPARATOR) < config->user.len)
        return PQ_SASL_FLAW_OCTETS; /* it would end the name and begin a key of its own */
    enum pq_sasl_flaw flaw = check_token(config->secret, c->row->secret_max);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    bool fits = pq_buf_put(out, user_key) && pq_buf_put(out, config->user) &&
                pq_buf_put_octet(out, SEPARATOR) && pq_buf_put(out, auth_key) &&
                pq_buf_put(out, config->secret) && pq_buf_put_octet(out, SEPARATOR) &&
                pq_buf_put(out, end);
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}

enum pq_sasl_flaw pq_sasl_xoauth2_client(struct pq_sasl_client *c, const struct pq_slice *challenge,
                                         struct pq_buf *out)
{
    if (c->turn == 0) {
        c->outcome = PQ_SASL_DONE;
        return write_message(c, out);
    }
    if (c->turn > 1 || challenge->len == 0)
        return PQ_SASL_FLAW_SURPLUS;
    c->flaw = PQ_SASL_FLAW_PEER_ERROR;
    c->outcome = PQ_SASL_CONTINUE;
    return PQ_SASL_FLAW_NONE;
}
