/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/base.h"

#include <string.h>

struct pq_slice pq_slice_of(const void *at, size_t len)
{
    return (struct pq_slice){at, len};
}

struct pq_slice pq_slice_text(const char *text)
{
    return (struct pq_slice){(const uint8_t *)text, text ? strlen(text) : 0};
}

struct pq_slice pq_slice_first(struct pq_slice s, size_t n)
{
    return (struct pq_slice){s.at, n < s.len ? n : s.len};
}

struct pq_slice pq_slice_after(struct pq_slice s, size_t n)
{
    if (n == 0)
        return s;
    if (n >= s.len)
        return (struct pq_slice){s.len ? s.at + s.len : s.at, 0};
    return (struct pq_slice){s.at + n, s.len - n};
}

bool pq_slice_equal(struct pq_slice a, struct pq_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool pq_slice_equal_nocase(struct pq_slice a, struct pq_slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (pq_ascii_lower(a.at[i]) != pq_ascii_lower(b.at[i]))
            return false;
    return true;
}

bool pq_slice_starts(struct pq_slice s, struct pq_slice with)
{
    return s.len >= with.len && pq_slice_equal(pq_slice_first(s, with.len), with);
}

size_t pq_slice_index(struct pq_slice s, uint8_t octet)
{
    const uint8_t *hit = s.len ? memchr(s.at, octet, s.len) : NULL;
    return hit ? (size_t)(hit - s.at) : s.len;
}

uint64_t pq_slice_hash(struct pq_slice s)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ s.at[i]) * UINT64_C(0x100000001B3);
    return hash ^ hash >> 32;
}

struct pq_slice pq_slice_cut(struct pq_slice *rest, uint8_t octet)
{
    size_t at = pq_slice_index(*rest, octet);
    struct pq_slice before = pq_slice_first(*rest, at);
    *rest = pq_slice_after(*rest, at < rest->len ? at + 1 : at);
    return before;
}
