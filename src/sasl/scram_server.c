/* SPDX-License-Identifier: Apache-2.0
 * The server's side of SCRAM: client-first, client-final, and the empty answer to the verifier. */
#include "sasl/scram_internal.h"

#include <assert.h>
#include <string.h>

/* The salt of a user who has none of their own: always the same one, and not to be told from a real
 * one, so that asking for a name does not tell whether it exists. */
#define MADE_SALT_LEN 16u

_Static_assert(PQ_SCRAM_KEY_MAX >= PQ_DIGEST_MAX, "a key is a digest");

/* ---- client-first ---------------------------------------------------------------------------- */

/* Reads user and nonce of client-first-message-bare. */
static enum pq_sasl_flaw read_bare(struct pq_sasl_server *s, struct pq_scram_reader *r,
                                   struct pq_slice *nonce)
{
    struct pq_slice user;
    enum pq_sasl_flaw flaw = pq_scram_reader_take(r, 'n', &user);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_name_read(user, &s->user);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_reader_take(r, 'r', nonce);
    if (flaw == PQ_SASL_FLAW_NONE && !pq_scram_nonce_is_valid(*nonce))
        flaw = PQ_SASL_FLAW_OCTETS;
    return flaw == PQ_SASL_FLAW_NONE ? pq_scram_reader_end(r) : flaw;
}

static uint32_t iterations_of(const struct pq_sasl_server *s)
{
    return s->config->iterations > 0 ? s->config->iterations : PQ_SCRAM_ITERATIONS_MIN;
}

/* Writes server-first into the signed text, and from there to `out`. */
static enum pq_sasl_flaw write_first(struct pq_sasl_server *s, struct pq_slice nonce,
                                     struct pq_slice salt, struct pq_buf *out)
{
    assert(pq_scram_nonce_is_valid(s->config->nonce));
    struct pq_buf b = pq_scram_text_open(&s->text);
    (void)pq_buf_put_octet(&b, ',');
    size_t start = b.len;
    (void)pq_buf_put_text(&b, "r=");
    s->nonce_at = b.len;
    (void)pq_buf_put(&b, nonce);
    (void)pq_buf_put(&b, s->config->nonce);
    s->nonce_len = b.len - s->nonce_at;
    (void)pq_buf_put_text(&b, ",s=");
    if (pq_base64_encode(salt, &b) != PQ_STATUS_OK)
        return PQ_SASL_FLAW_LENGTH;
    (void)pq_buf_put_text(&b, ",i=");
    (void)pq_buf_put_u64(&b, iterations_of(s));
    enum pq_sasl_flaw flaw = pq_scram_text_close(&s->text, &b);
    if (flaw == PQ_SASL_FLAW_NONE && !pq_buf_put(out, pq_slice_after(pq_buf_slice(&b), start)))
        flaw = PQ_SASL_FLAW_NO_ROOM;
    return flaw;
}

static enum pq_status keep_keys(struct pq_sasl_server *s, enum pq_hash hash,
                                const struct pq_sasl_account *account)
{
    struct pq_scram_keys keys;
    enum pq_status status =
        pq_scram_keys_derive(hash, account->secret, account->salt, iterations_of(s), &keys);
    if (status == PQ_STATUS_OK) {
        memcpy(s->stored_key, keys.stored.at, keys.stored.len);
        memcpy(s->server_key, keys.server.at, keys.server.len);
    }
    pq_secret_wipe(&keys, sizeof(keys));
    return status;
}

/* Everything is computed for a user who is unknown too; only the verdict differs. */
static enum pq_sasl_flaw answer_first(struct pq_sasl_server *s, enum pq_hash hash,
                                      struct pq_slice nonce, struct pq_buf *out)
{
    struct pq_sasl_account account;
    struct pq_digest made;
    if (!pq_sasl_server_lookup(s, &account))
        s->verdict = PQ_SASL_FLAW_CREDENTIALS;
    else if (!pq_slice_is_printable(account.secret))
        s->verdict = PQ_SASL_FLAW_PREPARATION;
    if (pq_hash_hmac(PQ_HASH_SHA256, s->config->salt_secret, pq_sasl_name_slice(&s->user), &made) !=
        PQ_STATUS_OK)
        return PQ_SASL_FLAW_CRYPTO;
    if (account.salt.len == 0)
        account.salt = pq_slice_first(pq_digest_slice(&made), MADE_SALT_LEN);
    if (keep_keys(s, hash, &account) != PQ_STATUS_OK)
        return PQ_SASL_FLAW_CRYPTO;
    return write_first(s, nonce, account.salt, out);
}

/* The binding of that name which the connection has, or NULL. */
static const struct pq_sasl_binding *find_binding(const struct pq_sasl_server *s,
                                                  struct pq_slice name)
{
    for (size_t i = 0; i < s->config->bindings_len; i++)
        if (pq_slice_equal(s->config->bindings[i].name, name))
            return &s->config->bindings[i];
    return NULL;
}

/* RFC 5802 section 6: the flag must go with the mechanism, and y with what was announced. */
static enum pq_sasl_flaw judge_header(struct pq_sasl_server *s, bool plus,
                                      const struct pq_scram_header *header)
{
    s->gs2_flag = header->flag;
    if (header->flag == 'y' && (plus || s->config->binding))
        return PQ_SASL_FLAW_DOWNGRADE;
    if (plus && header->flag == 'n')
        return PQ_SASL_FLAW_UNBOUND;
    if (header->flag != 'p')
        return PQ_SASL_FLAW_NONE;
    s->bound = plus ? find_binding(s, header->binding) : NULL;
    return s->bound ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_BINDING;
}

static enum pq_sasl_flaw take_first(struct pq_sasl_server *s, struct pq_scram scram,
                                    struct pq_slice in, struct pq_buf *out)
{
    struct pq_scram_reader r = pq_scram_reader_of(in);
    struct pq_scram_header header;
    struct pq_slice nonce;
    enum pq_sasl_flaw flaw = pq_scram_header_read(&r, &header, &s->authzid);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = judge_header(s, scram.plus, &header);
    struct pq_buf text = pq_scram_text_open(&s->text);
    (void)pq_buf_put(&text, r.rest); /* client-first-message-bare */
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = read_bare(s, &r, &nonce);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_text_close(&s->text, &text);
    return flaw == PQ_SASL_FLAW_NONE ? answer_first(s, scram.hash, nonce, out) : flaw;
}

/* ---- client-final ---------------------------------------------------------------------------- */

/* Cuts the proof off the end, where it must be: its length follows from the hash. */
static enum pq_sasl_flaw split_proof(enum pq_hash hash, struct pq_slice in,
                                     struct pq_slice *without_proof, struct pq_digest *proof)
{
    const struct pq_slice key = PQ_SLICE(",p=");
    size_t tail = key.len + pq_base64_encoded_len(pq_hash_len(hash));
    if (in.len < tail)
        return PQ_SASL_FLAW_FIELDS;
    *without_proof = pq_slice_first(in, in.len - tail);
    struct pq_slice end = pq_slice_after(in, without_proof->len);
    if (!pq_slice_starts(end, key))
        return PQ_SASL_FLAW_FIELDS;
    return pq_scram_digest_read(hash, pq_slice_after(end, key.len), proof);
}

/* RFC 5802 section 6: the server constructs the value of c= and compares. */
static bool binding_is_repeated(const struct pq_sasl_server *s, struct pq_slice value)
{
    uint8_t memory[PQ_SCRAM_BINDING_MAX];
    struct pq_buf want;
    const struct pq_sasl_binding none = {.name = {NULL, 0}};
    const struct pq_sasl_binding *bound = s->bound ? s->bound : &none;
    const struct pq_scram_header header = {
        .flag = s->gs2_flag, .binding = bound->name, .authzid = pq_sasl_name_slice(&s->authzid)};
    pq_buf_init(&want, memory, sizeof(memory));
    return pq_scram_binding_write(&header, bound->data, &want) &&
           pq_slice_equal(value, pq_buf_slice(&want));
}

static enum pq_sasl_flaw read_final(const struct pq_sasl_server *s, struct pq_slice without_proof)
{
    struct pq_scram_reader r = pq_scram_reader_of(without_proof);
    struct pq_slice binding, nonce;
    enum pq_sasl_flaw flaw = pq_scram_reader_take(&r, 'c', &binding);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_reader_take(&r, 'r', &nonce);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_reader_end(&r);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    unsigned leniency = s->config->leniency;
    bool same = pq_slice_equal(nonce, pq_slice_of(s->text.at + s->nonce_at, s->nonce_len));
    if (!binding_is_repeated(s, binding) && !(s->bound && leniency & PQ_SASL_LENIENT_CHANNEL))
        return s->bound ? PQ_SASL_FLAW_CHANNEL : PQ_SASL_FLAW_HEADER;
    return same || leniency & PQ_SASL_LENIENT_NONCE ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NONCE;
}

/* Whether the proof holds the key that the server stored; `*proof` becomes that key. */
static enum pq_sasl_flaw check_proof(struct pq_sasl_server *s, enum pq_hash hash,
                                     struct pq_digest *proof)
{
    struct pq_slice stored = pq_slice_of(s->stored_key, pq_hash_len(hash));
    struct pq_digest got;
    if (pq_scram_proof_flip(hash, stored, pq_scram_text_slice(&s->text), proof) != PQ_STATUS_OK ||
        pq_hash_digest(hash, pq_digest_slice(proof), &got) != PQ_STATUS_OK)
        return PQ_SASL_FLAW_CRYPTO;
    bool right = pq_secret_equal(pq_digest_slice(&got), stored);
    return s->verdict != PQ_SASL_FLAW_NONE ? s->verdict : pq_sasl_server_judge(s, right);
}

static enum pq_sasl_flaw write_final(const struct pq_sasl_server *s, enum pq_hash hash,
                                     struct pq_buf *out)
{
    struct pq_digest signature;
    struct pq_slice key = pq_slice_of(s->server_key, pq_hash_len(hash));
    if (pq_hash_hmac(hash, key, pq_scram_text_slice(&s->text), &signature) != PQ_STATUS_OK)
        return PQ_SASL_FLAW_CRYPTO;
    bool fits = pq_buf_put_text(out, "v=") &&
                pq_base64_encode(pq_digest_slice(&signature), out) == PQ_STATUS_OK;
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}

static enum pq_sasl_flaw take_final(struct pq_sasl_server *s, enum pq_hash hash, struct pq_slice in,
                                    struct pq_buf *out)
{
    struct pq_slice without_proof;
    struct pq_digest proof;
    enum pq_sasl_flaw flaw = split_proof(hash, in, &without_proof, &proof);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = read_final(s, without_proof);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_text_add(&s->text, without_proof);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    flaw = check_proof(s, hash, &proof);
    pq_secret_wipe(&proof, sizeof(proof));
    return flaw == PQ_SASL_FLAW_NONE ? write_final(s, hash, out) : flaw;
}

/* ---- turns ----------------------------------------------------------------------------------- */

enum pq_sasl_flaw pq_scram_server(struct pq_sasl_server *s, struct pq_scram scram,
                                  struct pq_slice in, struct pq_buf *out)
{
    if (s->turn == 2) { /* the answer to the verifier, which has no content */
        s->outcome = PQ_SASL_DONE;
        return in.len == 0 ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_SURPLUS;
    }
    enum pq_sasl_flaw flaw = pq_sasl_field_check(in, PQ_SASL_MESSAGE_MAX);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    return s->turn == 0 ? take_first(s, scram, in, out) : take_final(s, scram.hash, in, out);
}
