/* SPDX-License-Identifier: Apache-2.0
 * The table of functions, the check of their arguments, and memory for results. */
#include "dialogue/expr_internal.h"

/* ---- memory ---------------------------------------------------------------------------------- */

enum pq_expr_outcome pq_expr_room(const struct pq_env *env, size_t len, struct pq_buf *out)
{
    pq_buf_init(out, NULL, 0);
    if (len > PQ_VALUE_OCTETS_MAX)
        return PQ_EXPR_TOO_LONG;
    void *at = env->scratch ? pq_arena_get(env->scratch, len) : NULL;
    pq_buf_init(out, at, at ? len : 0);
    return at ? PQ_EXPR_OK : PQ_EXPR_NO_MEMORY;
}

struct pq_slice *pq_expr_list_room(const struct pq_env *env, size_t count)
{
    if (!env->scratch || count > SIZE_MAX / sizeof(struct pq_slice))
        return NULL;
    return pq_arena_get(env->scratch, count * sizeof(struct pq_slice));
}

enum pq_expr_outcome pq_expr_give(const struct pq_buf *b, struct pq_value *out)
{
    *out = pq_value_octets(pq_buf_slice(b));
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome join_lists(const struct pq_env *env, const struct pq_value *a,
                                       const struct pq_value *b, struct pq_value *out)
{
    struct pq_slice *lines = pq_expr_list_room(env, a->count + b->count);
    if (!lines)
        return PQ_EXPR_NO_MEMORY;
    for (size_t i = 0; i < a->count; i++)
        lines[i] = a->lines[i];
    for (size_t i = 0; i < b->count; i++)
        lines[a->count + i] = b->lines[i];
    *out = pq_value_list(lines, a->count + b->count);
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_expr_join(const struct pq_env *env, const struct pq_value *a,
                                  const struct pq_value *b, struct pq_value *out)
{
    struct pq_buf room;
    if (a->kind == PQ_VALUE_LIST)
        return join_lists(env, a, b, out);
    enum pq_expr_outcome outcome = pq_expr_room(env, a->octets.len + b->octets.len, &room);
    pq_buf_put(&room, a->octets);
    pq_buf_put(&room, b->octets);
    return outcome == PQ_EXPR_OK ? pq_expr_give(&room, out) : outcome;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define ROW(name, signature, least, most, kinds, run, help)                                        \
    {                                                                                              \
        {PQ_SLICE_INIT(name), name signature, help}, least, most, kinds, run                       \
    }

static const struct function functions[] = {
    ROW("b64", "(octets) -> octets", 1, 1, "o", pq_fn_b64, "base64 (RFC 4648 section 4)"),
    ROW("unb64", "(octets) -> octets", 1, 1, "o", pq_fn_unb64, "its inverse, strict"),
    ROW("hex", "(octets) -> octets", 1, 1, "o", pq_fn_hex, "hexadecimal, lower case"),
    ROW("md5hex", "(octets) -> octets", 1, 1, "o", pq_fn_md5hex,
        "MD5 in hexadecimal: APOP (RFC 1939 section 7)"),
    ROW("hmac_md5hex", "(key, octets) -> octets", 2, 2, "oo", pq_fn_hmac_md5hex,
        "HMAC-MD5 in hexadecimal: CRAM-MD5 (RFC 2195)"),
    ROW("scram", "(hash, user, pw, nonce, first[, bound[, last]]) -> octets", 5, 7, "o",
        pq_fn_scram,
        "the last message of a SCRAM client that began with `n=user,r=nonce` behind its GS2 "
        "header; hash is \"SHA-1\" or \"SHA-256\", first the server's first message, decoded, "
        "bound what c= stands for: the header, and behind it the channel binding (else `n,,`), "
        "last the nonce there (else that of first)"),
    ROW("scram_verifier", "(hash, user, pw, nonce, first[, bound[, last]]) -> octets", 5, 7, "o",
        pq_fn_scram_verifier, "what the server must answer to that: `v=...`"),
    ROW("repeat", "(octets, n) -> octets", 2, 2, "oi", pq_fn_repeat, "n times the octets"),
    ROW("rand", "(n) -> octets", 1, 1, "i", pq_fn_rand,
        "n letters and digits, the same for the same seed of the run"),
    ROW("upper", "(octets) -> octets", 1, 1, "o", pq_fn_upper, "ASCII letters in upper case"),
    ROW("lower", "(octets) -> octets", 1, 1, "o", pq_fn_lower, "ASCII letters in lower case"),
    ROW("len", "(octets or list) -> int", 1, 1, "x", pq_fn_len, "how many octets or lines"),
    ROW("head", "(octets or list, n) -> the same", 2, 2, "xi", pq_fn_head, "the first n, or all"),
    ROW("tail", "(octets or list, n) -> the same", 2, 2, "xi", pq_fn_tail, "the last n, or all"),
    ROW("lines", "(octets, ...) -> list", 0, 255, "o", pq_fn_lines, "a list of these lines"),
    ROW("item", "(list, n) -> octets", 2, 2, "li", pq_fn_item, "the n-th line, from 1"),
    ROW("words", "(octets) -> list", 1, 1, "o", pq_fn_words, "what single blanks separate"),
    ROW("split", "(octets, octet) -> list", 2, 2, "oo", pq_fn_split, "what that octet separates"),
    ROW("column", "(list, n) -> list", 2, 2, "li", pq_fn_column, "the n-th word of each line"),
    ROW("find", "(list, octets) -> list", 2, 2, "lo", pq_fn_find,
        "the lines that begin with the octets"),
    ROW("has", "(list, octets) -> truth", 2, 2, "lo", pq_fn_has, "whether a line is the octets"),
    ROW("fit", "(list, regex) -> list", 2, 2, "lo", pq_fn_fit,
        "the lines that the regular expression matches as a whole"),
    ROW("unique", "(list) -> truth", 1, 1, "l", pq_fn_unique, "whether no two lines are equal"),
    ROW("crlf", "(list) -> octets", 1, 1, "l", pq_fn_crlf, "the lines, each with its CRLF"),
    ROW("stuff", "(octets or list) -> the same", 1, 1, "x", pq_fn_stuff,
        "a dot more at the start of each line that begins with one"),
    ROW("int", "(octets) -> int", 1, 1, "o", pq_fn_int, "a decimal number, as the type int"),
    ROW("sum", "(list) -> int", 1, 1, "l", pq_fn_sum, "the sum of lines that are such numbers"),
    ROW("min", "(int, ...) -> int", 1, 255, "i", pq_fn_min, "the least"),
    ROW("max", "(int, ...) -> int", 1, 255, "i", pq_fn_max, "the greatest"),
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

const struct pq_function_row *pq_function_row(size_t n)
{
    return n < FUNCTIONS ? &functions[n].row : NULL;
}

const struct function *pq_expr_function(struct pq_slice name)
{
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (pq_slice_equal(functions[i].row.name, name))
            return &functions[i];
    return NULL;
}

static bool kind_fits(char kind, const struct pq_value *v)
{
    switch (kind) {
    case 'i':
        return v->kind == PQ_VALUE_INT;
    case 'o':
        return v->kind == PQ_VALUE_OCTETS;
    case 'l':
        return v->kind == PQ_VALUE_LIST;
    default:
        return v->kind == PQ_VALUE_OCTETS || v->kind == PQ_VALUE_LIST;
    }
}

enum pq_expr_outcome pq_expr_call(const struct function *f, const struct call *c,
                                  struct pq_value *out)
{
    const char *kind = f->kinds;
    bool secret = false;
    for (size_t i = 0; i < c->argc; i++) {
        if (!kind_fits(*kind, &c->args[i]))
            return PQ_EXPR_KIND;
        secret = secret || c->args[i].secret;
        if (kind[1])
            kind++;
    }
    enum pq_expr_outcome outcome = f->run(c, out);
    if (outcome == PQ_EXPR_OK)
        out->secret = secret && out->kind != PQ_VALUE_TRUTH;
    return outcome;
}
