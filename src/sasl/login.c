/* SPDX-License-Identifier: Apache-2.0
 * LOGIN, which has no RFC: the server prompts for the name, then for the password. A client cannot
 * rely on the words of a prompt, so ours answers any. */
#include "sasl/sasl_internal.h"

enum pq_sasl_flaw pq_sasl_login_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                       struct pq_buf *out)
{
    if (!in)
        return pq_buf_put_text(out, "Username:") ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
    if (s->user.len > 0) {
        enum pq_sasl_flaw flaw = pq_sasl_field_check(*in, s->row->secret_max);
        return flaw == PQ_SASL_FLAW_NONE ? pq_sasl_server_check(s, *in) : flaw;
    }
    enum pq_sasl_flaw flaw = pq_sasl_name_set(&s->user, *in);
    if (flaw == PQ_SASL_FLAW_NONE && !pq_buf_put_text(out, "Password:"))
        flaw = PQ_SASL_FLAW_NO_ROOM;
    return flaw;
}

enum pq_sasl_flaw pq_sasl_login_client(struct pq_sasl_client *c, const struct pq_slice *challenge,
                                       struct pq_buf *out)
{
    (void)challenge;
    if (c->turn > 1)
        return PQ_SASL_FLAW_SURPLUS;
    if (c->turn == 1)
        c->outcome = PQ_SASL_DONE;
    bool fits = pq_buf_put(out, c->turn == 0 ? c->config->user : c->config->secret);
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}
