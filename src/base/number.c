/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/base.h"

enum pq_status pq_parse_u64_zeros(struct pq_slice text, uint64_t *out)
{
    uint64_t number = 0;
    bool fits = true;
    for (size_t i = 0; i < text.len; i++) {
        if (!pq_ascii_is_digit(text.at[i]))
            return PQ_STATUS_NOT_NUMBER;
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            fits = false;
        number = number * 10 + digit;
    }
    if (text.len == 0)
        return PQ_STATUS_NOT_NUMBER;
    if (!fits)
        return PQ_STATUS_NUMBER_RANGE;
    *out = number;
    return PQ_STATUS_OK;
}

enum pq_status pq_parse_u64(struct pq_slice text, uint64_t *out)
{
    if (text.len > 1 && text.at[0] == '0')
        return PQ_STATUS_NOT_NUMBER;
    return pq_parse_u64_zeros(text, out);
}

enum pq_status pq_parse_u32(struct pq_slice text, uint32_t *out)
{
    uint64_t wide = 0;
    enum pq_status status = pq_parse_u64(text, &wide);
    if (status != PQ_STATUS_OK)
        return status;
    if (wide > UINT32_MAX)
        return PQ_STATUS_NUMBER_RANGE;
    *out = (uint32_t)wide;
    return PQ_STATUS_OK;
}
