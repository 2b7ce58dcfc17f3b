/* SPDX-License-Identifier: Apache-2.0
 * The client's side of every mechanism: turns and outcome. */
#include "sasl/sasl_internal.h"

#include <assert.h>

#include "base/digest.h"

_Static_assert(sizeof(struct pq_sasl_client) <= 4400, "popquiz/sasl.h says about 4 KiB");

void pq_sasl_client_init(struct pq_sasl_client *c, enum pq_mechanism mechanism,
                         const struct pq_sasl_client_config *config)
{
    assert(mechanism != PQ_MECHANISM_UNKNOWN);
    *c = (struct pq_sasl_client){.row = pq_mechanism_row(mechanism), .config = config};
}

static enum pq_sasl_flaw check_account(const struct pq_sasl_client_config *config,
                                       size_t secret_max)
{
    enum pq_sasl_flaw flaw = pq_sasl_field_check(config->user, PQ_SASL_NAME_MAX);
    return flaw == PQ_SASL_FLAW_NONE ? pq_sasl_field_check(config->secret, secret_max) : flaw;
}

/* Names and secrets come from files and options: what the mechanism cannot carry ends the exchange
 * before anything is sent. */
static enum pq_sasl_flaw check_config(const struct pq_sasl_client *c)
{
    const struct pq_sasl_client_config *config = c->config;
    enum pq_sasl_flaw flaw = PQ_SASL_FLAW_NONE;
    if (c->row->secret_max > 0)
        flaw = check_account(config, c->row->secret_max);
    if (flaw != PQ_SASL_FLAW_NONE || config->authzid.len == 0)
        return flaw;
    if (!c->row->authzid)
        return PQ_SASL_FLAW_AUTHZID;
    return pq_sasl_field_check(config->authzid, PQ_SASL_NAME_MAX);
}

static enum pq_sasl_flaw begin(const struct pq_sasl_client *c, const struct pq_slice *challenge)
{
    assert(challenge || c->row->initial != PQ_SASL_INITIAL_NO);
    if (challenge && challenge->len > 0 && c->row->client_first)
        return PQ_SASL_FLAW_SURPLUS;
    return check_config(c);
}

static enum pq_sasl_flaw answer(struct pq_sasl_client *c, const struct pq_slice *challenge,
                                struct pq_buf *out)
{
    assert(challenge || c->turn == 0);
    enum pq_sasl_flaw flaw = PQ_SASL_FLAW_NONE;
    if (c->turn == 0)
        flaw = begin(c, challenge);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = c->row->client(c, challenge, out);
    c->turn++;
    return flaw;
}

enum pq_sasl_outcome pq_sasl_client_step(struct pq_sasl_client *c, const struct pq_slice *challenge,
                                         struct pq_buf *out)
{
    if (c->outcome == PQ_SASL_FAILED)
        return c->outcome;
    size_t start = out->len;
    enum pq_sasl_flaw flaw = answer(c, challenge, out);
    if (flaw != PQ_SASL_FLAW_NONE) {
        c->flaw = flaw;
        c->outcome = PQ_SASL_FAILED;
        if (out->len > start)
            pq_secret_wipe(out->at + start, out->len - start);
        out->len = start;
    }
    c->status = pq_sasl_flaw_status(c->flaw);
    return c->outcome;
}

void pq_sasl_client_clear(struct pq_sasl_client *c)
{
    pq_secret_wipe(c, sizeof(*c));
}
