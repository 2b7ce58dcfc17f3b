/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/base.h"

#include <assert.h>
#include <string.h>

void pq_buf_init(struct pq_buf *b, void *memory, size_t cap)
{
    *b = (struct pq_buf){.at = memory, .cap = cap};
}

void pq_buf_clear(struct pq_buf *b)
{
    b->len = 0;
    b->overflowed = false;
}

bool pq_buf_put(struct pq_buf *b, struct pq_slice s)
{
    if (s.len > pq_buf_room(b)) {
        b->overflowed = true;
        return false;
    }
    if (s.len > 0)
        memcpy(b->at + b->len, s.at, s.len);
    b->len += s.len;
    return true;
}

bool pq_buf_put_text(struct pq_buf *b, const char *text)
{
    return pq_buf_put(b, pq_slice_text(text));
}

bool pq_buf_put_octet(struct pq_buf *b, uint8_t octet)
{
    if (pq_buf_room(b) == 0) {
        b->overflowed = true;
        return false;
    }
    b->at[b->len++] = octet;
    return true;
}

bool pq_buf_put_u64(struct pq_buf *b, uint64_t number)
{
    uint8_t text[PQ_U64_TEXT_MAX];
    size_t at = sizeof(text);
    do {
        text[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return pq_buf_put(b, pq_slice_of(text + at, sizeof(text) - at));
}

size_t pq_buf_room(const struct pq_buf *b)
{
    return b->cap - b->len;
}

struct pq_slice pq_buf_slice(const struct pq_buf *b)
{
    return (struct pq_slice){b->at, b->len};
}

void pq_buf_drop(struct pq_buf *b, size_t n)
{
    assert(n <= b->len);
    if (n > 0 && n < b->len)
        memmove(b->at, b->at + n, b->len - n);
    b->len -= n;
}
