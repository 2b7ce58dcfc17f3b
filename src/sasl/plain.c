/* SPDX-License-Identifier: Apache-2.0
 * PLAIN, RFC 4616: [authzid] NUL authcid NUL passwd. */
#include "sasl/sasl_internal.h"

/* Cuts `*rest` at a NUL that must be there. */
static bool take_field(struct pq_slice *rest, struct pq_slice *field)
{
    size_t before = rest->len;
    *field = pq_slice_cut(rest, 0);
    return field->len < before;
}

enum pq_sasl_flaw pq_sasl_plain_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                       struct pq_buf *out)
{
    (void)out;
    struct pq_slice authzid, user, secret = *in;
    if (!take_field(&secret, &authzid) || !take_field(&secret, &user) ||
        pq_slice_index(secret, 0) < secret.len)
        return PQ_SASL_FLAW_FIELDS;
    enum pq_sasl_flaw flaw = PQ_SASL_FLAW_NONE;
    if (authzid.len > 0)
        flaw = pq_sasl_name_set(&s->authzid, authzid);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_sasl_name_set(&s->user, user);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_sasl_field_check(secret, s->row->secret_max);
    return flaw == PQ_SASL_FLAW_NONE ? pq_sasl_server_check(s, secret) : flaw;
}

enum pq_sasl_flaw pq_sasl_plain_client(struct pq_sasl_client *c, const struct pq_slice *challenge,
                                       struct pq_buf *out)
{
    (void)challenge;
    if (c->turn > 0)
        return PQ_SASL_FLAW_SURPLUS;
    c->outcome = PQ_SASL_DONE;
    bool fits = pq_buf_put(out, c->config->authzid) && pq_buf_put_octet(out, 0) &&
                pq_buf_put(out, c->config->user) && pq_buf_put_octet(out, 0) &&
                pq_buf_put(out, c->config->secret);
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}
