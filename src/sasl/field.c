/* SPDX-License-Identifier: Apache-2.0 */
#include "sasl/sasl_internal.h"

#include <string.h>

enum pq_sasl_flaw pq_sasl_field_check(struct pq_slice field, size_t max)
{
    if (field.len == 0 || field.len > max)
        return PQ_SASL_FLAW_LENGTH;
    if (pq_slice_index(field, 0) < field.len || !pq_slice_is_utf8(field))
        return PQ_SASL_FLAW_OCTETS;
    return PQ_SASL_FLAW_NONE;
}

enum pq_sasl_flaw pq_sasl_name_set(struct pq_sasl_name *name, struct pq_slice field)
{
    enum pq_sasl_flaw flaw = pq_sasl_field_check(field, sizeof(name->at));
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    memcpy(name->at, field.at, field.len);
    name->len = field.len;
    return PQ_SASL_FLAW_NONE;
}

struct pq_slice pq_sasl_name_slice(const struct pq_sasl_name *name)
{
    return pq_slice_of(name->at, name->len);
}
