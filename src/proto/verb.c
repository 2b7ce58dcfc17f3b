/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/verb.h"

#include <assert.h>

#define ALLOWED(first, second)                                                                     \
    ((PQ_ARG_##first != PQ_ARG_NONE ? 1 : 0) + (PQ_ARG_##second != PQ_ARG_NONE ? 1 : 0))

static const struct pq_verb_row rows[PQ_VERB_COUNT] = {
    [PQ_VERB_UNKNOWN] = {PQ_SLICE_INIT(""), 0, 0, 0, {PQ_ARG_NONE, PQ_ARG_NONE}, false, false},
#define X(name, rfc, required, first, second, multi_bare, multi_arg)                               \
    [PQ_VERB_##name] = {PQ_SLICE_INIT(#name),                                                      \
                        rfc,                                                                       \
                        required,                                                                  \
                        ALLOWED(first, second),                                                    \
                        {PQ_ARG_##first, PQ_ARG_##second},                                         \
                        multi_bare,                                                                \
                        multi_arg},
    PQ_VERB_LIST(X)
#undef X
};

const struct pq_verb_row *pq_verb_row(enum pq_verb verb)
{
    assert(verb < PQ_VERB_COUNT);
    return &rows[verb];
}

enum pq_verb pq_verb_of(struct pq_slice keyword)
{
    for (int verb = PQ_VERB_UNKNOWN + 1; verb < PQ_VERB_COUNT; verb++)
        if (keyword.len == rows[verb].name.len && pq_slice_equal_nocase(keyword, rows[verb].name))
            return (enum pq_verb)verb;
    return PQ_VERB_UNKNOWN;
}

bool pq_verb_is_multi(enum pq_verb verb, size_t argc)
{
    const struct pq_verb_row *row = pq_verb_row(verb);
    return argc > 0 ? row->multi_arg : row->multi_bare;
}
