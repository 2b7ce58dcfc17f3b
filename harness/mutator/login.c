/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/mutator/login.h"

#include <stdlib.h>

#include "tools/file.h"

/* Lines more than the login has that may lead through an input's own, which is given up then. */
#define OTHER_LOGIN_SPARE 2u

void login_init(struct login *l, enum script_kind kind)
{
    l->kind = kind;
    l->items = l->known_len = 0;
    l->known = calloc(LOGIN_KNOWN_MAX, sizeof(*l->known));
    pq_bytes_init(&l->text, pq_alloc_default(), LOGIN_FILE_MAX);
    pq_bytes_init(&l->out, pq_alloc_default(), SIZE_MAX);
}

void login_free(struct login *l)
{
    pq_bytes_free(&l->text);
    pq_bytes_free(&l->out);
    free(l->known);
}

bool login_learn(struct login *l, const char *path)
{
    pq_bytes_clear(&l->text);
    if (pq_file_read(path, &l->text) != PQ_STATUS_OK)
        return false;
    script_split(&l->script, l->kind, pq_bytes_slice(&l->text));
    l->items = l->script.count;
    return l->items > 0;
}

/* ---- what is known --------------------------------------------------------------------------- */

/* Zero stands for a free slot. */
static uint64_t key_of(struct pq_slice input)
{
    uint64_t hash = pq_slice_hash(input);
    return hash ? hash : 1;
}

static uint64_t *slot_of(const struct login *l, uint64_t key)
{
    size_t i = (size_t)key & (LOGIN_KNOWN_MAX - 1);
    while (l->known[i] && l->known[i] != key)
        i = (i + 1) & (LOGIN_KNOWN_MAX - 1);
    return &l->known[i];
}

void login_leave(struct login *l, const char *path)
{
    struct pq_bytes input;
    pq_bytes_init(&input, pq_alloc_default(), LOGIN_FILE_MAX);
    /* Half of the slots stay free. */
    if (l->known && l->known_len < LOGIN_KNOWN_MAX / 2 &&
        pq_file_read(path, &input) == PQ_STATUS_OK) {
        uint64_t key = key_of(pq_bytes_slice(&input));
        uint64_t *slot = slot_of(l, key);
        l->known_len += *slot == 0;
        *slot = key;
    }
    pq_bytes_free(&input);
}

/* ---- putting it there ------------------------------------------------------------------------ */

static bool is_left(const struct login *l, struct pq_slice input)
{
    uint64_t key = key_of(input), lot = key_of(pq_slice_first(input, LOGIN_DECIDING));
    return l->text.len == 0 || pq_slice_starts(input, pq_bytes_slice(&l->text)) ||
           lot % LOGIN_AS_IT_IS == 0 || (l->known && *slot_of(l, key) != 0);
}

struct pq_slice login_put(struct login *l, struct pq_slice input)
{
    if (is_left(l, input))
        return input;
    script_split(&l->script, l->kind, input);
    size_t own = script_login(&l->script);
    if (own > l->items + OTHER_LOGIN_SPARE)
        own = 0;
    size_t skipped = 0;
    for (size_t i = 0; i < own; i++)
        skipped += l->script.items[i].len;
    pq_bytes_clear(&l->out);
    /* AFL++ 4.04c may read as many octets as it gave. */
    if (pq_bytes_reserve(&l->out, l->text.len + input.len) != PQ_STATUS_OK ||
        pq_bytes_put(&l->out, pq_bytes_slice(&l->text)) != PQ_STATUS_OK ||
        pq_bytes_put(&l->out, pq_slice_after(input, skipped)) != PQ_STATUS_OK)
        return input;
    return pq_bytes_slice(&l->out);
}
