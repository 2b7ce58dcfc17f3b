/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/expr_world.h"

static const struct pq_slice lines[] = {PQ_SLICE_INIT("1 120"), PQ_SLICE_INIT("2 200"),
                                        PQ_SLICE_INIT("SASL PLAIN")};

static bool find_name(void *ctx, struct pq_slice name, struct pq_value *out)
{
    (void)ctx;
    *out = pq_value_int(2);
    if (pq_slice_equal(name, PQ_SLICE("two")))
        return true;
    *out = pq_value_list(lines, sizeof(lines) / sizeof(lines[0]));
    if (pq_slice_equal(name, PQ_SLICE("list")))
        return true;
    *out = pq_value_truth(true);
    if (pq_slice_equal(name, PQ_SLICE("yes")))
        return true;
    *out = pq_value_octets(PQ_SLICE("x y"));
    if (pq_slice_equal(name, PQ_SLICE("bound")))
        return true;
    *out = pq_value_octets(PQ_SLICE("hush"));
    out->secret = true;
    return pq_slice_equal(name, PQ_SLICE("pw"));
}

static enum pq_status find_message(void *ctx, int64_t number, struct pq_slice field,
                                   struct pq_value *out)
{
    (void)ctx;
    if (number == 99)
        return PQ_STATUS_STATE;
    if (number < 1 || number > 3)
        return PQ_STATUS_NOT_NUMBER;
    *out = pq_slice_equal(field, PQ_SLICE("size")) ? pq_value_int(number * 100)
                                                   : pq_value_octets(PQ_SLICE("mail"));
    return PQ_STATUS_OK;
}

/* ---- digests --------------------------------------------------------------------------------- */

/* As many octets as the digest has, which depend on everything that was given. */
static enum pq_status mix(enum pq_dlg_hash hash, struct pq_slice a, struct pq_slice b,
                          struct pq_buf *out)
{
    static const size_t lens[] = {
        [PQ_DLG_HASH_MD5] = 16, [PQ_DLG_HASH_SHA1] = 20, [PQ_DLG_HASH_SHA256] = 32};
    struct fuzz_log log = fuzz_log_of("digest");
    fuzz_log_slice(&log, "a", a);
    fuzz_log_slice(&log, "b", b);
    if (pq_buf_room(out) < lens[hash])
        return PQ_STATUS_NO_ROOM;
    for (size_t i = 0; i < lens[hash]; i++)
        (void)pq_buf_put_octet(out, (uint8_t)(log.hash >> 8 * (i % 8)));
    return PQ_STATUS_OK;
}

static enum pq_status digest(enum pq_dlg_hash hash, struct pq_slice data, struct pq_buf *out)
{
    return mix(hash, PQ_SLICE("digest"), data, out);
}

static enum pq_status hmac(enum pq_dlg_hash hash, struct pq_slice key, struct pq_slice data,
                           struct pq_buf *out)
{
    return mix(hash, key, data, out);
}

static enum pq_status pbkdf2(enum pq_dlg_hash hash, struct pq_slice password, struct pq_slice salt,
                             uint32_t iterations, struct pq_buf *out)
{
    return iterations == 99 ? PQ_STATUS_CRYPTO : mix(hash, password, salt, out);
}

static const struct pq_dlg_crypto crypto = {digest, hmac, pbkdf2};

/* ---- the world ------------------------------------------------------------------------------- */

void expr_world_open(struct expr_world *w, struct pq_alloc alloc)
{
    pq_rand_init(&w->rand, 1);
    pq_arena_init(&w->scratch, alloc, PQ_EXPR_SCRATCH_MAX);
    w->env = (struct pq_env){.name = find_name,
                             .message = find_message,
                             .crypto = &crypto,
                             .rand = &w->rand,
                             .scratch = &w->scratch};
}

void expr_world_close(struct expr_world *w)
{
    pq_arena_free(&w->scratch);
}
