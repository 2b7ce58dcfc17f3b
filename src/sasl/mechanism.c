/* SPDX-License-Identifier: Apache-2.0
 * The tables: mechanisms and flaws. */
#include "sasl/sasl_internal.h"

#include <assert.h>

static const struct pq_mechanism_row rows[PQ_MECHANISM_COUNT] = {
    [PQ_MECHANISM_UNKNOWN] = {.name = PQ_SLICE_INIT("")},
#define X(id, text, speaks_first, ir, acts_as, in_clear, only_tls, longest, functions)             \
    [PQ_MECHANISM_##id] = {.name = PQ_SLICE_INIT(text),                                            \
                           .client_first = (speaks_first),                                         \
                           .initial = PQ_SASL_INITIAL_##ir,                                        \
                           .authzid = (acts_as),                                                   \
                           .clear = (in_clear),                                                    \
                           .tls = (only_tls),                                                      \
                           .secret_max = (longest),                                                \
                           .server = pq_sasl_##functions##_server,                                 \
                           .client = pq_sasl_##functions##_client},
    PQ_MECHANISM_LIST(X)
#undef X
};

const struct pq_mechanism_row *pq_mechanism_row(enum pq_mechanism mechanism)
{
    assert(mechanism < PQ_MECHANISM_COUNT);
    return &rows[mechanism];
}

static const enum pq_mechanism plus[PQ_MECHANISM_COUNT] = {
    [PQ_MECHANISM_SCRAM_SHA_1] = PQ_MECHANISM_SCRAM_SHA_1_PLUS,
    [PQ_MECHANISM_SCRAM_SHA_256] = PQ_MECHANISM_SCRAM_SHA_256_PLUS,
};

enum pq_mechanism pq_mechanism_plus(enum pq_mechanism mechanism)
{
    return plus[mechanism];
}

bool pq_mechanism_is_plus(enum pq_mechanism mechanism)
{
    bool found = false;
    for (size_t i = 0; i < PQ_MECHANISM_COUNT && mechanism != PQ_MECHANISM_UNKNOWN; i++)
        found |= plus[i] == mechanism;
    return found;
}

enum pq_mechanism pq_mechanism_of(struct pq_slice name)
{
    for (int m = PQ_MECHANISM_UNKNOWN + 1; m < PQ_MECHANISM_COUNT; m++)
        if (pq_slice_equal_nocase(name, rows[m].name))
            return (enum pq_mechanism)m;
    return PQ_MECHANISM_UNKNOWN;
}

static const struct flaw_row {
    const char *name, *text;
    enum pq_status status;
} flaws[] = {
#define X(name, status, text) [PQ_SASL_FLAW_##name] = {#name, text, PQ_STATUS_##status},
    PQ_SASL_FLAW_LIST(X)
#undef X
};

const char *pq_sasl_flaw_name(enum pq_sasl_flaw flaw)
{
    return flaws[flaw].name;
}

const char *pq_sasl_flaw_text(enum pq_sasl_flaw flaw)
{
    return flaws[flaw].text;
}

enum pq_status pq_sasl_flaw_status(enum pq_sasl_flaw flaw)
{
    return flaws[flaw].status;
}
