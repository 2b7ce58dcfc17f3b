/* SPDX-License-Identifier: Apache-2.0
 * Faults of what an exchange is checked against: nonces, channels, certificates, names. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

static bool is_scram(enum pq_mechanism m)
{
    return pq_mechanism_is_plus(m) || pq_mechanism_plus(m) != PQ_MECHANISM_UNKNOWN;
}

/* ---- SCRAM ----------------------------------------------------------------------------------- */

static void auth_scram_nonce_unchecked(struct pq_server *s, enum pq_mechanism mechanism,
                                       struct pq_sasl_server_config *config)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_scram_nonce_unchecked);
    f->base.exchange(s, mechanism, config);
    if (is_scram(mechanism) && fault_fires(f))
        config->leniency |= PQ_SASL_LENIENT_NONCE;
}

const struct fault_effect effect_auth_scram_nonce_unchecked = {
    .hooks = {.exchange = auth_scram_nonce_unchecked}};

static void auth_scram_cb_flag_ignored(struct pq_server *s, enum pq_mechanism mechanism,
                                       struct pq_sasl_server_config *config)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_scram_cb_flag_ignored);
    f->base.exchange(s, mechanism, config);
    if (config->binding && fault_fires(f))
        config->binding = false;
}

const struct fault_effect effect_auth_scram_cb_flag_ignored = {
    .hooks = {.exchange = auth_scram_cb_flag_ignored}};

static void auth_scram_channel_unchecked(struct pq_server *s, enum pq_mechanism mechanism,
                                         struct pq_sasl_server_config *config)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_scram_channel_unchecked);
    f->base.exchange(s, mechanism, config);
    if (pq_mechanism_is_plus(mechanism) && fault_fires(f))
        config->leniency |= PQ_SASL_LENIENT_CHANNEL;
}

const struct fault_effect effect_auth_scram_channel_unchecked = {
    .hooks = {.exchange = auth_scram_channel_unchecked}};

static bool know_nobody(void *ctx, enum pq_mechanism mechanism, struct pq_slice user,
                        struct pq_sasl_account *account)
{
    (void)ctx;
    (void)mechanism;
    (void)user;
    (void)account;
    return false;
}

static void auth_scram_refused_by_policy(struct pq_server *s, enum pq_mechanism mechanism,
                                         struct pq_sasl_server_config *config)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_scram_refused_by_policy);
    f->base.exchange(s, mechanism, config);
    if (config->binding && fault_fires(f))
        config->lookup = know_nobody;
}

const struct fault_effect effect_auth_scram_refused_by_policy = {
    .hooks = {.exchange = auth_scram_refused_by_policy}};

static void auth_tls_unique_in_1_3(struct pq_server *s, enum pq_mechanism mechanism,
                                   struct pq_sasl_server_config *config)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_tls_unique_in_1_3);
    f->base.exchange(s, mechanism, config);
    bool acts = s->channel.wrong.name.len > 0 && pq_mechanism_is_plus(mechanism);
    if (!acts || s->channel.bindings_len == PQ_CHANNEL_BINDINGS_MAX || !fault_fires(f))
        return;
    s->channel.bindings[s->channel.bindings_len] = s->channel.wrong;
    config->bindings_len = s->channel.bindings_len + 1;
}

const struct fault_effect effect_auth_tls_unique_in_1_3 = {
    .hooks = {.exchange = auth_tls_unique_in_1_3}};

static void auth_binds_resumed_session(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_binds_resumed_session);
    f->base.learned(s);
    bool resumed = s->channel.bindings_len == 0 && s->channel.wrong.name.len > 0;
    if (resumed && fault_fires(f))
        s->channel.bindings[s->channel.bindings_len++] = s->channel.wrong;
}

const struct fault_effect effect_auth_binds_resumed_session = {
    .resumes = true, .hooks = {.learned = auth_binds_resumed_session}};

/* ---- names ----------------------------------------------------------------------------------- */

static bool look_up_as_sent(void *ctx, enum pq_mechanism mechanism, struct pq_slice user,
                            struct pq_sasl_account *account)
{
    const struct pq_server *s = ctx;
    return pq_store_find(&s->mock->store, user) && server_lookup(ctx, mechanism, user, account);
}

static void auth_names_not_prepared(struct pq_server *s, enum pq_mechanism mechanism,
                                    struct pq_sasl_server_config *config)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_names_not_prepared);
    f->base.exchange(s, mechanism, config);
    if (!fault_fires(f))
        return;
    config->lookup = look_up_as_sent;
    config->prepare = NULL;
}

const struct fault_effect effect_auth_names_not_prepared = {
    .hooks = {.exchange = auth_names_not_prepared}};

static bool look_up_short(void *ctx, enum pq_mechanism mechanism, struct pq_slice user,
                          struct pq_sasl_account *account)
{
    struct pq_server *s = ctx;
    const struct pq_fault *f = fault_of(s, PQ_FAULT_auth_long_name_refused);
    return user.len <= f->values[0] && server_lookup(ctx, mechanism, user, account);
}

static void auth_long_name_refused(struct pq_server *s, enum pq_mechanism mechanism,
                                   struct pq_sasl_server_config *config)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_long_name_refused);
    f->base.exchange(s, mechanism, config);
    if (fault_fires(f))
        config->lookup = look_up_short;
}

const struct fault_effect effect_auth_long_name_refused = {
    .hooks = {.exchange = auth_long_name_refused}};

/* ---- EXTERNAL -------------------------------------------------------------------------------- */

static bool external_identity_from_user(struct pq_server *s, struct pq_slice user,
                                        struct pq_slice authzid)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_external_identity_from_user);
    bool external = server_runs_mechanism(s, PQ_MECHANISM_EXTERNAL);
    return f->base.may_act_as(s, user, authzid) || (external && fault_fires(f));
}

const struct fault_effect effect_external_identity_from_user = {
    .hooks = {.may_act_as = external_identity_from_user}};
