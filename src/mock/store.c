/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/store.h"

#include <string.h>

#include "base/digest.h"
#include "mock/mbox.h"
#include "mock/prepare.h"

void pq_store_init(struct pq_store *s, struct pq_alloc alloc)
{
    *s = (struct pq_store){.alloc = alloc};
    pq_arena_init(&s->arena, alloc, PQ_STORE_OCTETS_MAX);
}

void pq_store_free(struct pq_store *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->accounts[i].messages)
            s->alloc.resize(s->alloc.ctx, s->accounts[i].messages, 0);
    if (s->accounts)
        s->alloc.resize(s->alloc.ctx, s->accounts, 0);
    pq_arena_free(&s->arena);
    s->accounts = NULL;
    s->count = 0;
}

/* Room for one more element in an array whose capacity doubles; NULL when there is none. */
static void *array_grow(struct pq_alloc alloc, void *array, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0; /* zero and every power of two */
    size_t cap = count == 0 ? 1 : count * 2;
    return full ? alloc.resize(alloc.ctx, array, cap * size) : array;
}

/* A copy, prepared where that is possible. */
static struct pq_slice copy_prepared(struct pq_store *s, struct pq_slice text)
{
    uint8_t memory[PQ_STORE_NAME_MAX];
    struct pq_buf out;
    pq_buf_init(&out, memory, sizeof(memory));
    bool prepared = pq_prepare(text, &out) == PQ_STATUS_OK && out.len > 0;
    struct pq_slice copy = pq_arena_copy(&s->arena, prepared ? pq_buf_slice(&out) : text);
    pq_secret_wipe(memory, sizeof(memory));
    return copy;
}

struct pq_account *pq_store_add(struct pq_store *s, struct pq_slice name, struct pq_slice password)
{
    struct pq_account *bigger = NULL;
    struct pq_account a = {.name = copy_prepared(s, name), .password = copy_prepared(s, password)};
    if (s->count < PQ_STORE_ACCOUNTS_MAX)
        bigger = array_grow(s->alloc, s->accounts, s->count, sizeof(a));
    if (!bigger)
        return NULL;
    s->accounts = bigger;
    if (!a.name.at || !a.password.at)
        return NULL;
    s->accounts[s->count] = a;
    return &s->accounts[s->count++];
}

struct pq_account *pq_store_find(const struct pq_store *s, struct pq_slice name)
{
    for (size_t i = 0; i < s->count; i++)
        if (pq_slice_equal(s->accounts[i].name, name))
            return &s->accounts[i];
    return NULL;
}

/* ---- delivery -------------------------------------------------------------------------------- */

/* FNV-1a, 64 bits: spreads names and content over unique-ids; no protection against an attacker. */
#define FNV_START UINT64_C(0xCBF29CE484222325)

static uint64_t fnv1a(uint64_t hash, uint8_t octet)
{
    return (hash ^ octet) * UINT64_C(0x100000001B3);
}

/* Of the octets as they are, and with CRLF for every LF that has no CR before it. */
static uint64_t hash_of(struct pq_slice s, bool normalised)
{
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < s.len; i++) {
        if (normalised && s.at[i] == '\n' && (i == 0 || s.at[i - 1] != '\r'))
            hash = fnv1a(hash, '\r');
        hash = fnv1a(hash, s.at[i]);
    }
    return hash;
}

void pq_store_uid(struct pq_slice label, struct pq_slice content, uint8_t *uid)
{
    uint8_t raw[PQ_STORE_UID_LEN / 2];
    uint64_t halves[] = {hash_of(label, false), hash_of(content, true)};
    struct pq_buf out;
    for (size_t i = 0; i < sizeof(raw); i++)
        raw[i] = (uint8_t)(halves[i / 8] >> (56 - 8 * (i % 8)));
    pq_buf_init(&out, uid, PQ_STORE_UID_LEN);
    enum pq_status status = pq_hex_encode(pq_slice_of(raw, sizeof(raw)), &out);
    (void)status; /* the room is exact */
}

static size_t count_bare_lf(struct pq_slice s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += s.at[i] == '\n' && (i == 0 || s.at[i - 1] != '\r');
    return count;
}

/* A copy with CRLF for every LF that has no CR before it. */
static struct pq_slice normalise(struct pq_arena *arena, struct pq_slice s)
{
    size_t len = s.len + count_bare_lf(s);
    uint8_t *copy = pq_arena_get(arena, len + 1);
    if (!copy)
        return pq_slice_of(NULL, 0);
    size_t at = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '\n' && (i == 0 || s.at[i - 1] != '\r'))
            copy[at++] = '\r';
        copy[at++] = s.at[i];
    }
    return pq_slice_of(copy, len);
}

bool pq_content_has_8bit_header(struct pq_slice content)
{
    static const struct pq_slice blank = PQ_SLICE_INIT("\r\n");
    while (content.len > 0) {
        struct pq_slice line = pq_slice_first(content, pq_slice_index(content, '\n') + 1);
        if (pq_slice_equal(line, blank))
            return false;
        if (pq_slice_octets(line) & PQ_OCTETS_8BIT)
            return true;
        content = pq_slice_after(content, line.len);
    }
    return false;
}

static bool ends_in_crlf(struct pq_slice s)
{
    return s.len == 0 ||
           (s.len >= 2 && pq_slice_equal(pq_slice_after(s, s.len - 2), PQ_SLICE("\r\n")));
}

enum pq_status pq_store_append(struct pq_store *s, struct pq_account *a, struct pq_stored *m)
{
    struct pq_stored **bigger = NULL;
    if (a->count < PQ_STORE_MESSAGES_MAX)
        bigger = array_grow(s->alloc, (void *)a->messages, a->count, sizeof(struct pq_stored *));
    if (!bigger)
        return PQ_STATUS_NO_MEMORY;
    a->messages = bigger;
    a->messages[a->count++] = m;
    return PQ_STATUS_OK;
}

struct pq_stored *pq_store_make(struct pq_store *s, struct pq_slice label, struct pq_slice content)
{
    struct pq_stored *m = pq_arena_get(&s->arena, sizeof(*m));
    if (!m)
        return NULL;
    m->content = normalise(&s->arena, content);
    if (!m->content.at)
        return NULL;
    m->raw = count_bare_lf(content) > 0 ? pq_arena_copy(&s->arena, content) : m->content;
    if (!m->raw.at)
        return NULL;
    m->octets = m->content.len + (ends_in_crlf(m->content) ? 0 : 2);
    m->header_8bit = pq_content_has_8bit_header(m->content);
    pq_store_uid(label, m->content, m->uid);
    return m;
}

enum pq_status pq_store_deliver(struct pq_store *s, struct pq_account *a, struct pq_slice label,
                                struct pq_slice content)
{
    struct pq_stored *m = pq_store_make(s, label, content);
    return m ? pq_store_append(s, a, m) : PQ_STATUS_NO_MEMORY;
}

void pq_store_reset(struct pq_store *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct pq_account *a = &s->accounts[i];
        while (a->count > 0 && a->messages[a->count - 1]->delivered)
            a->count--;
        if (a->mbox)
            a->mbox->known = false; /* what it holds is seen at the next login */
        for (size_t k = 0; k < a->count && !a->mbox; k++) {
            a->messages[k]->gone = false;
            a->messages[k]->seen = 0;
        }
        a->logged_in_before = false;
        if (a->lock == PQ_STORE_LOCK_LEFT(a))
            a->lock = NULL;
    }
}
