/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/bindings.h"

#include "base/digest.h"

/* ---- digests --------------------------------------------------------------------------------- */

static const enum pq_hash hashes[] = {
    [PQ_DLG_HASH_MD5] = PQ_HASH_MD5,
    [PQ_DLG_HASH_SHA1] = PQ_HASH_SHA1,
    [PQ_DLG_HASH_SHA256] = PQ_HASH_SHA256,
};

static enum pq_status put_digest(enum pq_status status, struct pq_digest *d, struct pq_buf *out)
{
    if (status == PQ_STATUS_OK && !pq_buf_put(out, pq_digest_slice(d)))
        status = PQ_STATUS_NO_ROOM;
    pq_secret_wipe(d, sizeof(*d));
    return status;
}

static enum pq_status digest(enum pq_dlg_hash hash, struct pq_slice data, struct pq_buf *out)
{
    struct pq_digest d;
    return put_digest(pq_hash_digest(hashes[hash], data, &d), &d, out);
}

static enum pq_status hmac(enum pq_dlg_hash hash, struct pq_slice key, struct pq_slice data,
                           struct pq_buf *out)
{
    struct pq_digest d;
    return put_digest(pq_hash_hmac(hashes[hash], key, data, &d), &d, out);
}

static enum pq_status pbkdf2(enum pq_dlg_hash hash, struct pq_slice password, struct pq_slice salt,
                             uint32_t iterations, struct pq_buf *out)
{
    struct pq_digest d;
    return put_digest(pq_hash_pbkdf2(hashes[hash], password, salt, iterations, &d), &d, out);
}

static const struct pq_dlg_crypto crypto = {.digest = digest, .hmac = hmac, .pbkdf2 = pbkdf2};

/* ---- names ----------------------------------------------------------------------------------- */

/* The index of a name that is known, or `n->count`. */
static size_t index_of(const struct pq_bindings *n, struct pq_slice name)
{
    for (size_t i = 0; i < n->count; i++)
        if ((i < n->given || i >= n->scope) && pq_slice_equal(n->each[i].name, name))
            return i;
    return n->count;
}

bool pq_bindings_value(const struct pq_bindings *n, struct pq_slice name, struct pq_value *out)
{
    size_t i = index_of(n, name);
    if (i < n->count)
        *out = n->each[i].value;
    return i < n->count;
}

static bool env_name(void *ctx, struct pq_slice name, struct pq_value *out)
{
    return pq_bindings_value(ctx, name, out);
}

bool pq_bindings_bind(struct pq_bindings *n, struct pq_slice name, struct pq_value value)
{
    size_t i = index_of(n, name);
    if (i == PQ_BINDINGS_MAX)
        return false;
    struct pq_slice copy = i < n->count ? n->each[i].name : pq_arena_copy(&n->arena, name);
    if (!copy.at || pq_value_copy(&value, &n->arena, &n->each[i].value) != PQ_STATUS_OK)
        return false;
    n->each[i].name = copy;
    n->count += i == n->count ? 1 : 0;
    return true;
}

bool pq_bindings_give(struct pq_bindings *n, struct pq_slice name, struct pq_value value)
{
    if (!pq_bindings_bind(n, name, value))
        return false;
    n->given = n->scope = n->count;
    return true;
}

struct pq_bindings_mark pq_bindings_enter(struct pq_bindings *n)
{
    struct pq_bindings_mark mark = {.count = n->count, .scope = n->scope};
    n->scope = n->count;
    return mark;
}

void pq_bindings_leave(struct pq_bindings *n, struct pq_bindings_mark mark)
{
    n->count = mark.count;
    n->scope = mark.scope;
}

/* ---- the store ------------------------------------------------------------------------------- */

/* The lines of a message, without their ends. */
static bool message_lines(struct pq_bindings *n, struct pq_slice octets, struct pq_value *out)
{
    size_t count = 0;
    for (size_t i = 0; i < octets.len; i++)
        count += octets.at[i] == '\n' ? 1 : 0;
    struct pq_slice *lines = pq_arena_get(&n->scratch, (count + 1) * sizeof(*lines));
    if (!lines)
        return false;
    count = 0;
    while (octets.len > 0) {
        struct pq_slice line = pq_slice_cut(&octets, '\n');
        bool cr = line.len > 0 && line.at[line.len - 1] == '\r';
        lines[count++] = pq_slice_first(line, line.len - (cr ? 1 : 0));
    }
    *out = pq_value_list(lines, count);
    return true;
}

/* Those behind the first empty one. */
static struct pq_value text_of(struct pq_value lines)
{
    size_t header = 0;
    while (header < lines.count && lines.lines[header].len > 0)
        header++;
    header += header < lines.count ? 1 : 0;
    return pq_value_list(lines.lines + header, lines.count - header);
}

/* The fields of m[n] that need the message itself. */
static enum pq_status message_content(struct pq_bindings *n, const struct pq_peeked *m,
                                      struct pq_slice field, struct pq_value *out)
{
    if (!m->has_octets)
        return PQ_STATUS_STATE;
    *out = pq_value_octets(m->octets);
    if (pq_slice_equal(field, PQ_SLICE("octets")))
        return PQ_STATUS_OK;
    if (!message_lines(n, m->octets, out))
        return PQ_STATUS_STATE;
    if (pq_slice_equal(field, PQ_SLICE("text")))
        *out = text_of(*out);
    return PQ_STATUS_OK;
}

static enum pq_status env_message(void *ctx, int64_t number, struct pq_slice field,
                                  struct pq_value *out)
{
    struct pq_bindings *n = ctx;
    if (n->store == PQ_STORE_UNSEEN && n->peek)
        n->peek(n->ctx);
    if (n->store != PQ_STORE_SEEN)
        return PQ_STATUS_STATE;
    if (number < 1 || (uint64_t)number > n->messages_count)
        return PQ_STATUS_NOT_NUMBER;
    const struct pq_peeked *m = &n->messages[number - 1];
    if (pq_slice_equal(field, PQ_SLICE("uid"))) {
        *out = pq_value_octets(m->uid);
        return m->uid.at ? PQ_STATUS_OK : PQ_STATUS_STATE;
    }
    if (!pq_slice_equal(field, PQ_SLICE("size")))
        return message_content(n, m, field, out);
    *out = pq_value_int((int64_t)m->size);
    return m->has_size ? PQ_STATUS_OK : PQ_STATUS_STATE;
}

/* ---- setting up ------------------------------------------------------------------------------ */

void pq_bindings_init(struct pq_bindings *n, uint64_t seed, struct pq_alloc alloc)
{
    n->count = n->given = n->scope = 0;
    pq_arena_init(&n->arena, alloc, PQ_BINDINGS_MEMORY_MAX);
    pq_arena_init(&n->scratch, alloc, PQ_EXPR_SCRATCH_MAX);
    pq_rand_init(&n->rand, seed);
    n->peek = NULL;
    n->ctx = NULL;
    n->store = PQ_STORE_UNSEEN;
    n->messages = NULL;
    n->messages_count = 0;
    n->env = (struct pq_env){
        .ctx = n,
        .name = env_name,
        .message = env_message,
        .crypto = &crypto,
        .rand = &n->rand,
        .scratch = &n->scratch,
    };
}

void pq_bindings_step(struct pq_bindings *n)
{
    pq_arena_free(&n->scratch);
}

void pq_bindings_free(struct pq_bindings *n)
{
    pq_arena_free(&n->arena);
    pq_arena_free(&n->scratch);
    n->count = 0;
}
