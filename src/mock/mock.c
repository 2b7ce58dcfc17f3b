/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/mock.h"

#include "popquiz/sasl.h"

#define BIT(mechanism) (UINT32_C(1) << PQ_MECHANISM_##mechanism)

/* ANONYMOUS should be off by default (RFC 4505 section 5); what is seldom offered is asked for. */
static const uint32_t default_mechanisms =
    BIT(PLAIN) | BIT(LOGIN) | BIT(CRAM_MD5) | BIT(SCRAM_SHA_256) | BIT(XOAUTH2);

void pq_mock_init(struct pq_mock *m, struct pq_alloc alloc, uint64_t seed)
{
    *m = (struct pq_mock){.alloc = alloc};
    m->config = (struct pq_mock_config){
        .host = "mock.popquiz.invalid",
        .implementation = "popquiz-mock",
        .apop = true,
        .user = true,
        .sasl = true,
        .utf8 = true,
        .lang = true,
        .pipelining = true,
        .mechanisms = default_mechanisms,
        .autologout_ms = PQ_MOCK_AUTOLOGOUT_MS,
        .handshake_ms = PQ_MOCK_HANDSHAKE_MS,
        .expire_days = PQ_EXPIRE_NEVER,
    };
    m->behaviour = pq_behaviour_reference();
    pq_rand_init(&m->rand, seed);
    pq_store_init(&m->store, alloc);
}

void pq_mock_free(struct pq_mock *m)
{
    pq_store_free(&m->store);
}
