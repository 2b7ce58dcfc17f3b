/* SPDX-License-Identifier: Apache-2.0
 * The arithmetic of RFC 5802 section 3. */
#include "sasl/scram_internal.h"

enum pq_status pq_scram_keys_derive(enum pq_hash hash, struct pq_slice password,
                                    struct pq_slice salt, uint32_t iterations,
                                    struct pq_scram_keys *keys)
{
    struct pq_digest salted;
    enum pq_status status = pq_hash_pbkdf2(hash, password, salt, iterations, &salted);
    struct pq_slice key = pq_digest_slice(&salted);
    if (status == PQ_STATUS_OK)
        status = pq_hash_hmac(hash, key, PQ_SLICE("Client Key"), &keys->client);
    if (status == PQ_STATUS_OK)
        status = pq_hash_hmac(hash, key, PQ_SLICE("Server Key"), &keys->server);
    if (status == PQ_STATUS_OK)
        status = pq_hash_digest(hash, pq_digest_slice(&keys->client), &keys->stored);
    pq_secret_wipe(&salted, sizeof(salted));
    return status;
}

enum pq_status pq_scram_proof_flip(enum pq_hash hash, struct pq_slice stored_key,
                                   struct pq_slice text, struct pq_digest *key)
{
    struct pq_digest signature;
    enum pq_status status = pq_hash_hmac(hash, stored_key, text, &signature);
    for (size_t i = 0; i < signature.len; i++)
        key->at[i] ^= signature.at[i];
    pq_secret_wipe(&signature, sizeof(signature));
    return status;
}

enum pq_sasl_flaw pq_scram_digest_read(enum pq_hash hash, struct pq_slice value,
                                       struct pq_digest *digest)
{
    struct pq_buf b;
    pq_buf_init(&b, digest->at, pq_hash_len(hash));
    if (pq_base64_decode(value, &b) != PQ_STATUS_OK || b.len != pq_hash_len(hash))
        return PQ_SASL_FLAW_BASE64;
    digest->len = b.len;
    return PQ_SASL_FLAW_NONE;
}
