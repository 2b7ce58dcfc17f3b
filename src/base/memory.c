/* SPDX-License-Identifier: Apache-2.0
 * Memory for the layers above the core: an allocator that can be made to fail, growable octets with
 * a maximum, and an arena. */
#include "popquiz/base.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static void *default_resize(void *ctx, void *old, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, size);
}

struct pq_alloc pq_alloc_default(void)
{
    return (struct pq_alloc){.resize = default_resize};
}

void pq_bytes_init(struct pq_bytes *b, struct pq_alloc alloc, size_t max)
{
    *b = (struct pq_bytes){.max = max, .alloc = alloc};
}

enum pq_status pq_bytes_reserve(struct pq_bytes *b, size_t n)
{
    if (n > b->max - b->len)
        return PQ_STATUS_NO_MEMORY;
    if (n <= b->cap - b->len)
        return PQ_STATUS_OK;
    size_t want = b->cap < 64 ? 64 : b->cap;
    while (want < b->len + n)
        want = want > b->max / 2 ? b->max : want * 2;
    uint8_t *bigger = b->alloc.resize(b->alloc.ctx, b->at, want);
    if (!bigger)
        return PQ_STATUS_NO_MEMORY;
    b->at = bigger;
    b->cap = want;
    return PQ_STATUS_OK;
}

enum pq_status pq_bytes_put(struct pq_bytes *b, struct pq_slice s)
{
    enum pq_status status = pq_bytes_reserve(b, s.len);
    if (status == PQ_STATUS_OK && s.len > 0) {
        memcpy(b->at + b->len, s.at, s.len);
        b->len += s.len;
    }
    return status;
}

enum pq_status pq_bytes_put_text(struct pq_bytes *b, const char *text)
{
    return pq_bytes_put(b, pq_slice_text(text));
}

void pq_bytes_drop(struct pq_bytes *b, size_t n)
{
    assert(n <= b->len);
    if (n > 0 && n < b->len)
        memmove(b->at, b->at + n, b->len - n);
    b->len -= n;
}

struct pq_slice pq_bytes_slice(const struct pq_bytes *b)
{
    return (struct pq_slice){b->at, b->len};
}

void pq_bytes_clear(struct pq_bytes *b)
{
    b->len = 0;
}

void pq_bytes_free(struct pq_bytes *b)
{
    if (b->at)
        b->alloc.resize(b->alloc.ctx, b->at, 0);
    b->at = NULL;
    b->len = b->cap = 0;
}

struct pq_arena_block {
    struct pq_arena_block *next;
    size_t used, cap;
    alignas(max_align_t) uint8_t memory[];
};

#define ARENA_BLOCK_LEN 8192u

void pq_arena_init(struct pq_arena *a, struct pq_alloc alloc, size_t max)
{
    *a = (struct pq_arena){.max = max, .alloc = alloc};
}

static struct pq_arena_block *arena_grow(struct pq_arena *a, size_t size)
{
    size_t usual = a->alloc.block > 0 ? a->alloc.block : ARENA_BLOCK_LEN;
    size_t cap = size > usual ? size : usual;
    struct pq_arena_block *block = a->alloc.resize(a->alloc.ctx, NULL, sizeof(*block) + cap);
    if (!block)
        return NULL;
    *block = (struct pq_arena_block){.next = a->blocks, .cap = cap};
    a->blocks = block;
    return block;
}

void *pq_arena_get(struct pq_arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > a->max - a->used || size > SIZE_MAX / 2)
        return NULL;
    size_t rounded = (size + align - 1) / align * align;
    struct pq_arena_block *block = a->blocks;
    if (!block || block->cap - block->used < rounded)
        block = arena_grow(a, rounded);
    if (!block)
        return NULL;
    void *at = block->memory + block->used;
    block->used += rounded;
    a->used += size;
    return memset(at, 0, rounded);
}

char *pq_arena_text(struct pq_arena *a, struct pq_slice s)
{
    char *copy = pq_arena_get(a, s.len + 1);
    if (copy && s.len > 0)
        memcpy(copy, s.at, s.len);
    return copy;
}

struct pq_slice pq_arena_copy(struct pq_arena *a, struct pq_slice s)
{
    const char *copy = pq_arena_text(a, s);
    return pq_slice_of(copy, copy ? s.len : 0);
}

void pq_arena_free(struct pq_arena *a)
{
    while (a->blocks) {
        struct pq_arena_block *next = a->blocks->next;
        a->alloc.resize(a->alloc.ctx, a->blocks, 0);
        a->blocks = next;
    }
    a->used = 0;
}
