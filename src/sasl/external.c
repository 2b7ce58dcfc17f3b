/* SPDX-License-Identifier: Apache-2.0
 * EXTERNAL, RFC 4422 appendix A: who the client is was proven outside, by its certificate; it only
 * says, or does not say, whom it wants to act as. */
#include "sasl/sasl_internal.h"

enum pq_sasl_flaw pq_sasl_external_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                          struct pq_buf *out)
{
    (void)out;
    struct pq_sasl_account account;
    enum pq_sasl_flaw flaw = PQ_SASL_FLAW_NONE;
    if (in->len > 0)
        flaw = pq_sasl_name_set(&s->authzid, *in);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    if (s->config->external.len == 0)
        return PQ_SASL_FLAW_CREDENTIALS;
    flaw = pq_sasl_name_set(&s->user, s->config->external);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_sasl_server_judge(s, pq_sasl_server_lookup(s, &account));
    if (flaw == PQ_SASL_FLAW_NONE)
        s->outcome = PQ_SASL_DONE;
    return flaw;
}

enum pq_sasl_flaw pq_sasl_external_client(struct pq_sasl_client *c,
                                          const struct pq_slice *challenge, struct pq_buf *out)
{
    (void)challenge;
    if (c->turn > 0)
        return PQ_SASL_FLAW_SURPLUS;
    c->outcome = PQ_SASL_DONE;
    return pq_buf_put(out, c->config->authzid) ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}
