/* SPDX-License-Identifier: Apache-2.0
 * Functions that make octets. */
#include "dialogue/expr_internal.h"

enum pq_expr_outcome pq_fn_b64(const struct call *c, struct pq_value *out)
{
    struct pq_buf b;
    struct pq_slice in = c->args[0].octets;
    enum pq_expr_outcome outcome = pq_expr_room(c->env, pq_base64_encoded_len(in.len), &b);
    if (outcome != PQ_EXPR_OK)
        return outcome;
    return pq_base64_encode(in, &b) == PQ_STATUS_OK ? pq_expr_give(&b, out) : PQ_EXPR_NO_MEMORY;
}

enum pq_expr_outcome pq_fn_unb64(const struct call *c, struct pq_value *out)
{
    struct pq_buf b;
    struct pq_slice in = c->args[0].octets;
    enum pq_expr_outcome outcome = pq_expr_room(c->env, pq_base64_decoded_max(in.len), &b);
    if (outcome != PQ_EXPR_OK)
        return outcome;
    return pq_base64_decode(in, &b) == PQ_STATUS_OK ? pq_expr_give(&b, out) : PQ_EXPR_FORM;
}

enum pq_expr_outcome pq_fn_hex(const struct call *c, struct pq_value *out)
{
    struct pq_buf b;
    enum pq_expr_outcome outcome = pq_expr_room(c->env, c->args[0].octets.len * 2, &b);
    if (outcome != PQ_EXPR_OK)
        return outcome;
    return pq_hex_encode(c->args[0].octets, &b) == PQ_STATUS_OK ? pq_expr_give(&b, out)
                                                                : PQ_EXPR_NO_MEMORY;
}

static enum pq_expr_outcome map_octets(const struct call *c, uint8_t (*map)(uint8_t),
                                       struct pq_value *out)
{
    struct pq_buf b;
    struct pq_slice in = c->args[0].octets;
    enum pq_expr_outcome outcome = pq_expr_room(c->env, in.len, &b);
    for (size_t i = 0; i < in.len && outcome == PQ_EXPR_OK; i++)
        pq_buf_put_octet(&b, map(in.at[i]));
    return outcome == PQ_EXPR_OK ? pq_expr_give(&b, out) : outcome;
}

enum pq_expr_outcome pq_fn_upper(const struct call *c, struct pq_value *out)
{
    return map_octets(c, pq_ascii_upper, out);
}

enum pq_expr_outcome pq_fn_lower(const struct call *c, struct pq_value *out)
{
    return map_octets(c, pq_ascii_lower, out);
}

enum pq_expr_outcome pq_fn_repeat(const struct call *c, struct pq_value *out)
{
    struct pq_buf b;
    struct pq_slice what = c->args[0].octets;
    int64_t times = c->args[1].number;
    if (times < 0)
        return PQ_EXPR_RANGE;
    if (what.len > 0 && (uint64_t)times > PQ_VALUE_OCTETS_MAX / what.len)
        return PQ_EXPR_TOO_LONG;
    size_t len = what.len * (size_t)times;
    enum pq_expr_outcome outcome = pq_expr_room(c->env, len, &b);
    while (outcome == PQ_EXPR_OK && b.len < len)
        pq_buf_put(&b, what);
    return outcome == PQ_EXPR_OK ? pq_expr_give(&b, out) : outcome;
}

enum pq_expr_outcome pq_fn_rand(const struct call *c, struct pq_value *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct pq_buf b;
    if (!c->env->rand)
        return PQ_EXPR_NO_RAND;
    if (c->args[0].number < 0)
        return PQ_EXPR_RANGE;
    if (c->args[0].number > (int64_t)PQ_VALUE_OCTETS_MAX)
        return PQ_EXPR_TOO_LONG;
    size_t len = (size_t)c->args[0].number;
    enum pq_expr_outcome outcome = pq_expr_room(c->env, len, &b);
    while (outcome == PQ_EXPR_OK && b.len < len)
        pq_buf_put_octet(&b, (uint8_t)alphabet[pq_rand_below(c->env->rand, sizeof(alphabet) - 1)]);
    return outcome == PQ_EXPR_OK ? pq_expr_give(&b, out) : outcome;
}

/* ---- digests --------------------------------------------------------------------------------- */

#define MD5_LEN 16u

static enum pq_expr_outcome give_md5(const struct call *c, struct pq_buf *digest,
                                     enum pq_status status, struct pq_value *out)
{
    struct pq_buf text;
    if (status != PQ_STATUS_OK || digest->len != MD5_LEN)
        return PQ_EXPR_NO_CRYPTO;
    enum pq_expr_outcome outcome = pq_expr_room(c->env, (size_t)MD5_LEN * 2, &text);
    if (outcome != PQ_EXPR_OK)
        return outcome;
    return pq_hex_encode(pq_buf_slice(digest), &text) == PQ_STATUS_OK ? pq_expr_give(&text, out)
                                                                      : PQ_EXPR_NO_MEMORY;
}

enum pq_expr_outcome pq_fn_md5hex(const struct call *c, struct pq_value *out)
{
    uint8_t memory[MD5_LEN];
    struct pq_buf digest;
    if (!c->env->crypto)
        return PQ_EXPR_NO_CRYPTO;
    pq_buf_init(&digest, memory, sizeof(memory));
    return give_md5(c, &digest, c->env->crypto->digest(PQ_DLG_HASH_MD5, c->args[0].octets, &digest),
                    out);
}

enum pq_expr_outcome pq_fn_hmac_md5hex(const struct call *c, struct pq_value *out)
{
    uint8_t memory[MD5_LEN];
    struct pq_buf digest;
    if (!c->env->crypto)
        return PQ_EXPR_NO_CRYPTO;
    pq_buf_init(&digest, memory, sizeof(memory));
    return give_md5(
        c, &digest,
        c->env->crypto->hmac(PQ_DLG_HASH_MD5, c->args[0].octets, c->args[1].octets, &digest), out);
}

/* ---- lines on the wire ----------------------------------------------------------------------- */

enum pq_expr_outcome pq_fn_crlf(const struct call *c, struct pq_value *out)
{
    const struct pq_value *list = &c->args[0];
    struct pq_buf b;
    size_t len = 0;
    for (size_t i = 0; i < list->count; i++) {
        len += list->lines[i].len + 2;
        if (len > PQ_VALUE_OCTETS_MAX)
            return PQ_EXPR_TOO_LONG;
    }
    enum pq_expr_outcome outcome = pq_expr_room(c->env, len, &b);
    for (size_t i = 0; i < list->count && outcome == PQ_EXPR_OK; i++) {
        pq_buf_put(&b, list->lines[i]);
        pq_buf_put_text(&b, "\r\n");
    }
    return outcome == PQ_EXPR_OK ? pq_expr_give(&b, out) : outcome;
}

static bool is_line_start(struct pq_slice s, size_t i)
{
    return i == 0 || (i > 1 && s.at[i - 1] == '\n' && s.at[i - 2] == '\r');
}

static enum pq_expr_outcome stuff_octets(const struct pq_env *env, struct pq_slice in,
                                         struct pq_slice *out)
{
    struct pq_buf b;
    size_t dots = 0;
    for (size_t i = 0; i < in.len; i++)
        dots += in.at[i] == '.' && is_line_start(in, i) ? 1 : 0;
    enum pq_expr_outcome outcome = pq_expr_room(env, in.len + dots, &b);
    for (size_t i = 0; i < in.len && outcome == PQ_EXPR_OK; i++) {
        if (in.at[i] == '.' && is_line_start(in, i))
            pq_buf_put_octet(&b, '.');
        pq_buf_put_octet(&b, in.at[i]);
    }
    *out = pq_buf_slice(&b);
    return outcome;
}

enum pq_expr_outcome pq_fn_stuff(const struct call *c, struct pq_value *out)
{
    const struct pq_value *v = &c->args[0];
    *out = *v;
    if (v->kind == PQ_VALUE_OCTETS)
        return stuff_octets(c->env, v->octets, &out->octets);
    struct pq_slice *lines = pq_expr_list_room(c->env, v->count);
    enum pq_expr_outcome outcome = lines ? PQ_EXPR_OK : PQ_EXPR_NO_MEMORY;
    for (size_t i = 0; i < v->count && outcome == PQ_EXPR_OK; i++) {
        lines[i] = v->lines[i];
        if (lines[i].len > 0 && lines[i].at[0] == '.')
            outcome = stuff_octets(c->env, lines[i], &lines[i]);
    }
    *out = pq_value_list(lines, v->count);
    return outcome;
}
