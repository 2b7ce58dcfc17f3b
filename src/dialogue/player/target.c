/* SPDX-License-Identifier: Apache-2.0
 * Targets: their addresses, and the TLS contexts that runs ask for. */
#include <string.h>

#include "dialogue/player/wire_net_internal.h"

static enum pq_status find_endpoints(const char *text, struct pq_endpoints *out, struct pq_why *why)
{
    struct pq_addr addr;
    enum pq_status status = pq_addr_parse(pq_slice_text(text), &addr, why);
    return status == PQ_STATUS_OK ? pq_addr_resolve(&addr, out, why) : status;
}

enum pq_status pq_target_init(struct pq_target *t, const struct pq_target_config *config,
                              struct pq_alloc alloc, struct pq_why *why)
{
    memset(t, 0, sizeof(*t));
    t->config = *config;
    t->alloc = alloc;
    enum pq_status status = find_endpoints(config->address, &t->plain, why);
    if (status == PQ_STATUS_OK && config->tls_address)
        status = find_endpoints(config->tls_address, &t->tls, why);
    else if (status == PQ_STATUS_OK)
        t->tls = t->plain;
    return status;
}

void pq_target_free(struct pq_target *t)
{
    for (size_t i = 0; i < t->contexts_count; i++)
        pq_tls_context_free(t->contexts[i].context);
    t->contexts_count = 0;
}

/* 1 + enum pq_dlg_version to enum pq_tls_version. */
static enum pq_tls_version version_of(uint8_t asked)
{
    static const enum pq_tls_version versions[] = {PQ_TLS_DEFAULT, PQ_TLS_1_0, PQ_TLS_1_1,
                                                   PQ_TLS_1_2, PQ_TLS_1_3};
    return versions[asked];
}

static bool is_weak(uint8_t asked)
{
    return asked == 1 + PQ_DLG_VERSION_TLS10 || asked == 1 + PQ_DLG_VERSION_TLS11;
}

static struct pq_tls_context *
make_context(const struct pq_target *t, const struct pq_target_context *asked, struct pq_why *why)
{
    const struct pq_tls_identity identity = {
        .cert = {.file = t->config.client_cert},
        .key = {.file = t->config.client_key},
    };
    const struct pq_tls_config config = {
        .verify = asked->verify,
        .weak = is_weak(asked->min) || is_weak(asked->max),
        .min = version_of(asked->min),
        .max = version_of(asked->max),
        .ca = {.file = t->config.ca_file},
        .identities = &identity,
        .identities_len = asked->certificate ? 1 : 0,
        .keylog_file = t->config.keylog,
    };
    return pq_tls_context_new(&config, t->alloc, why);
}

static bool is_same(const struct pq_target_context *a, const struct pq_target_context *b)
{
    return a->min == b->min && a->max == b->max && a->verify == b->verify &&
           a->certificate == b->certificate;
}

struct pq_tls_context *target_context(struct pq_target *t,
                                      const struct pq_wire_tls_options *options, struct pq_why *why)
{
    struct pq_target_context asked = {
        .min = options->min,
        .max = options->max,
        .verify = options->verify == 0 ? t->config.verify : options->verify == 2,
        .certificate = t->config.client_cert && !options->no_certificate,
    };
    for (size_t i = 0; i < t->contexts_count; i++)
        if (is_same(&t->contexts[i], &asked))
            return t->contexts[i].context;
    asked.context = make_context(t, &asked, why);
    if (asked.context)
        t->contexts[t->contexts_count++] = asked;
    return asked.context;
}
