/* SPDX-License-Identifier: Apache-2.0
 * The arithmetic of SCRAM (RFC 5802 section 3, RFC 7677), on digests that the caller lends. Apart
 * from the mechanism in src/sasl on purpose: this one judges. */
#include "dialogue/expr_internal.h"

#define DIGEST_MAX 32u

struct scram {
    const struct pq_env *env;
    enum pq_dlg_hash hash;
    size_t digest_len;
    struct pq_slice user, password, nonce, first; /* as given */
    struct pq_slice bound;                        /* what c= stands for */
    struct pq_slice whole_nonce, salt;            /* out of `first` */
    struct pq_slice last_nonce;                   /* of the last message */
    uint32_t iterations;
    uint8_t salted[DIGEST_MAX];
};

static const struct hash_row {
    struct pq_slice name;
    enum pq_dlg_hash hash;
    size_t len;
} hashes[] = {
    {PQ_SLICE_INIT("SHA-1"), PQ_DLG_HASH_SHA1, 20},
    {PQ_SLICE_INIT("SHA-256"), PQ_DLG_HASH_SHA256, 32},
};

/* ---- the server's first message -------------------------------------------------------------- */

/* Takes the attribute off the front of `*rest`; false when another one stands there. */
static bool take_attribute(struct pq_slice *rest, const char *name, struct pq_slice *value)
{
    struct pq_slice attribute = pq_slice_cut(rest, ',');
    if (!pq_slice_starts(attribute, pq_slice_text(name)))
        return false;
    *value = pq_slice_after(attribute, 2);
    return value->len > 0;
}

static enum pq_expr_outcome read_first(struct scram *s)
{
    struct pq_slice rest = s->first, salt, iterations;
    if (!take_attribute(&rest, "r=", &s->whole_nonce) || !take_attribute(&rest, "s=", &salt) ||
        !take_attribute(&rest, "i=", &iterations) ||
        pq_parse_u32(iterations, &s->iterations) != PQ_STATUS_OK ||
        !pq_slice_starts(s->whole_nonce, s->nonce))
        return PQ_EXPR_FORM;
    if (s->iterations == 0 || s->iterations > PQ_EXPR_ITERATIONS_MAX)
        return PQ_EXPR_RANGE;
    struct pq_buf b;
    enum pq_expr_outcome outcome = pq_expr_room(s->env, pq_base64_decoded_max(salt.len), &b);
    if (outcome != PQ_EXPR_OK)
        return outcome;
    if (pq_base64_decode(salt, &b) != PQ_STATUS_OK)
        return PQ_EXPR_FORM;
    s->salt = pq_buf_slice(&b);
    return PQ_EXPR_OK;
}

/* ---- digests --------------------------------------------------------------------------------- */

static bool hmac(const struct scram *s, struct pq_slice key, struct pq_slice data, uint8_t *out)
{
    struct pq_buf b;
    pq_buf_init(&b, out, s->digest_len);
    return s->env->crypto->hmac(s->hash, key, data, &b) == PQ_STATUS_OK && b.len == s->digest_len;
}

static bool digest(const struct scram *s, const uint8_t *data, uint8_t *out)
{
    struct pq_buf b;
    pq_buf_init(&b, out, s->digest_len);
    return s->env->crypto->digest(s->hash, pq_slice_of(data, s->digest_len), &b) == PQ_STATUS_OK &&
           b.len == s->digest_len;
}

static bool salt_password(struct scram *s)
{
    struct pq_buf b;
    pq_buf_init(&b, s->salted, s->digest_len);
    return s->env->crypto->pbkdf2(s->hash, s->password, s->salt, s->iterations, &b) ==
               PQ_STATUS_OK &&
           b.len == s->digest_len;
}

/* client-final-message-without-proof */
static void put_final(const struct scram *s, struct pq_buf *b)
{
    pq_buf_put_text(b, "c=");
    (void)!pq_base64_encode(s->bound, b);
    pq_buf_put_text(b, ",r=");
    pq_buf_put(b, s->last_nonce);
}

static size_t final_len(const struct scram *s)
{
    return pq_base64_encoded_len(s->bound.len) + s->last_nonce.len + 8;
}

/* client-first-message-bare "," server-first-message "," client-final-message-without-proof */
static enum pq_expr_outcome auth_message(const struct scram *s, struct pq_slice *out)
{
    struct pq_buf b;
    size_t len = s->user.len + s->nonce.len + s->first.len + final_len(s) + 64;
    enum pq_expr_outcome outcome = pq_expr_room(s->env, len, &b);
    pq_buf_put_text(&b, "n=");
    pq_buf_put(&b, s->user);
    pq_buf_put_text(&b, ",r=");
    pq_buf_put(&b, s->nonce);
    pq_buf_put_octet(&b, ',');
    pq_buf_put(&b, s->first);
    pq_buf_put_octet(&b, ',');
    put_final(s, &b);
    *out = pq_buf_slice(&b);
    return outcome;
}

/* ClientProof, or ServerSignature when `server` is set. */
static bool prove(const struct scram *s, bool server, struct pq_slice message, uint8_t *out)
{
    uint8_t key[DIGEST_MAX], stored[DIGEST_MAX];
    struct pq_slice salted = pq_slice_of(s->salted, s->digest_len);
    if (!hmac(s, salted, server ? PQ_SLICE("Server Key") : PQ_SLICE("Client Key"), key))
        return false;
    if (server)
        return hmac(s, pq_slice_of(key, s->digest_len), message, out);
    if (!digest(s, key, stored) || !hmac(s, pq_slice_of(stored, s->digest_len), message, out))
        return false;
    for (size_t i = 0; i < s->digest_len; i++)
        out[i] ^= key[i];
    return true;
}

/* ---- messages -------------------------------------------------------------------------------- */

static enum pq_expr_outcome scram_init(struct scram *s, const struct call *c)
{
    *s = (struct scram){.env = c->env,
                        .user = c->args[1].octets,
                        .password = c->args[2].octets,
                        .nonce = c->args[3].octets,
                        .first = c->args[4].octets,
                        .bound = c->argc > 5 ? c->args[5].octets : PQ_SLICE("n,,")};
    if (!c->env->crypto)
        return PQ_EXPR_NO_CRYPTO;
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (pq_slice_equal(hashes[i].name, c->args[0].octets)) {
            s->hash = hashes[i].hash;
            s->digest_len = hashes[i].len;
            enum pq_expr_outcome outcome = read_first(s);
            s->last_nonce = c->argc > 6 ? c->args[6].octets : s->whole_nonce;
            return outcome;
        }
    }
    return PQ_EXPR_RANGE;
}

/* `before`, then the proof or the signature in base64. */
static enum pq_expr_outcome scram_message(const struct call *c, bool server, struct pq_value *out)
{
    struct scram s;
    struct pq_slice message;
    uint8_t proof[DIGEST_MAX];
    struct pq_buf b;
    enum pq_expr_outcome outcome = scram_init(&s, c);
    if (outcome == PQ_EXPR_OK)
        outcome = auth_message(&s, &message);
    if (outcome == PQ_EXPR_OK && (!salt_password(&s) || !prove(&s, server, message, proof)))
        outcome = PQ_EXPR_NO_CRYPTO;
    if (outcome == PQ_EXPR_OK)
        outcome = pq_expr_room(c->env, final_len(&s) + 64, &b);
    if (outcome != PQ_EXPR_OK)
        return outcome;
    if (!server)
        put_final(&s, &b);
    pq_buf_put_text(&b, server ? "v=" : ",p=");
    if (pq_base64_encode(pq_slice_of(proof, s.digest_len), &b) != PQ_STATUS_OK)
        return PQ_EXPR_TOO_LONG;
    return pq_expr_give(&b, out);
}

enum pq_expr_outcome pq_fn_scram(const struct call *c, struct pq_value *out)
{
    return scram_message(c, false, out);
}

enum pq_expr_outcome pq_fn_scram_verifier(const struct call *c, struct pq_value *out)
{
    return scram_message(c, true, out);
}
