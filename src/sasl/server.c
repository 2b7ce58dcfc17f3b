/* SPDX-License-Identifier: Apache-2.0
 * The server's side of every mechanism: turns, outcome, and who may come in. */
#include "sasl/sasl_internal.h"

#include <assert.h>

#include "base/digest.h"

_Static_assert(sizeof(struct pq_sasl_server) <= 5120, "popquiz/sasl.h says about 5 KiB");

void pq_sasl_server_init(struct pq_sasl_server *s, enum pq_mechanism mechanism,
                         const struct pq_sasl_server_config *config)
{
    assert(mechanism != PQ_MECHANISM_UNKNOWN && config->lookup);
    assert(config->iterations <= PQ_SCRAM_ITERATIONS_MAX);
    *s = (struct pq_sasl_server){
        .row = pq_mechanism_row(mechanism), .mechanism = mechanism, .config = config};
}

static bool initial_is_allowed(const struct pq_sasl_server *s)
{
    switch (s->row->initial) {
    case PQ_SASL_INITIAL_NO:
        return false;
    case PQ_SASL_INITIAL_TOLERATED:
        return s->config->leniency & PQ_SASL_LENIENT_INITIAL;
    case PQ_SASL_INITIAL_YES:
        break;
    }
    return true;
}

static enum pq_sasl_flaw take_message(struct pq_sasl_server *s, const struct pq_slice *in,
                                      struct pq_buf *out)
{
    assert(in || s->turn == 0);
    if (s->turn == 0) {
        if (!in && s->row->client_first)
            return PQ_SASL_FLAW_NONE; /* the empty challenge asks for the first message */
        if (in && !initial_is_allowed(s))
            return PQ_SASL_FLAW_SURPLUS;
    }
    enum pq_sasl_flaw flaw = s->row->server(s, in, out);
    s->turn++;
    return flaw;
}

static void forget_keys(struct pq_sasl_server *s)
{
    pq_secret_wipe(s->stored_key, sizeof(s->stored_key));
    pq_secret_wipe(s->server_key, sizeof(s->server_key));
}

enum pq_sasl_outcome pq_sasl_server_step(struct pq_sasl_server *s, const struct pq_slice *in,
                                         struct pq_buf *out)
{
    if (s->outcome != PQ_SASL_CONTINUE)
        return s->outcome;
    size_t start = out->len;
    s->flaw = take_message(s, in, out);
    s->status = pq_sasl_flaw_status(s->flaw);
    if (s->flaw != PQ_SASL_FLAW_NONE) {
        s->outcome = PQ_SASL_FAILED;
        out->len = start;
    }
    if (s->outcome != PQ_SASL_CONTINUE)
        forget_keys(s);
    return s->outcome;
}

struct pq_slice pq_sasl_server_identity(const struct pq_sasl_server *s)
{
    return pq_sasl_name_slice(s->authzid.len > 0 ? &s->authzid : &s->user);
}

void pq_sasl_server_clear(struct pq_sasl_server *s)
{
    pq_secret_wipe(s, sizeof(*s));
}

bool pq_sasl_server_lookup(struct pq_sasl_server *s, struct pq_sasl_account *account)
{
    const struct pq_sasl_server_config *config = s->config;
    *account = (struct pq_sasl_account){.secret = {NULL, 0}};
    bool known = config->lookup(config->ctx, s->mechanism, pq_sasl_name_slice(&s->user), account);
    if (known && account->secret.len > 0)
        return true;
    *account = (struct pq_sasl_account){.secret = {NULL, 0}};
    return false;
}

enum pq_sasl_flaw pq_sasl_server_judge(const struct pq_sasl_server *s, bool right)
{
    const struct pq_sasl_server_config *config = s->config;
    struct pq_slice user = pq_sasl_name_slice(&s->user);
    struct pq_slice identity = pq_sasl_server_identity(s);
    if (!right)
        return PQ_SASL_FLAW_CREDENTIALS;
    if (pq_slice_equal(user, identity))
        return PQ_SASL_FLAW_NONE;
    if (!config->may_act_as || !config->may_act_as(config->ctx, user, identity))
        return PQ_SASL_FLAW_AUTHZID;
    return PQ_SASL_FLAW_NONE;
}

/* Room for a password that preparation has made longer. */
#define PREPARED_MAX (4u * PQ_SASL_PASSWORD_MAX)

/* Whether what was sent is the secret of the account. */
static bool secret_is_right(const struct pq_sasl_server *s, struct pq_slice sent,
                            struct pq_slice secret)
{
    const struct pq_sasl_server_config *config = s->config;
    uint8_t memory[PREPARED_MAX];
    struct pq_buf prepared;
    if (!config->prepare || s->row->secret_max != PQ_SASL_PASSWORD_MAX)
        return pq_secret_equal(sent, secret);
    pq_buf_init(&prepared, memory, sizeof(memory));
    bool right = config->prepare(config->ctx, sent, &prepared) &&
                 pq_secret_equal(pq_buf_slice(&prepared), secret);
    pq_secret_wipe(memory, sizeof(memory));
    return right;
}

enum pq_sasl_flaw pq_sasl_server_check(struct pq_sasl_server *s, struct pq_slice secret)
{
    struct pq_sasl_account account;
    bool known = pq_sasl_server_lookup(s, &account);
    bool same = secret_is_right(s, secret, account.secret);
    enum pq_sasl_flaw flaw = pq_sasl_server_judge(s, known && same);
    if (flaw == PQ_SASL_FLAW_NONE)
        s->outcome = PQ_SASL_DONE;
    return flaw;
}
