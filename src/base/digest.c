/* SPDX-License-Identifier: Apache-2.0
 * The EVP functions of OpenSSL 3, by name, so that the library's policy decides what may be used.
 */
#include "base/digest.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

static const struct hash_row {
    const char *name; /* as the library's providers know it */
    size_t len;
} rows[] = {
    [PQ_HASH_MD5] = {"MD5", 16},
    [PQ_HASH_SHA1] = {"SHA1", 20},
    [PQ_HASH_SHA256] = {"SHA256", 32},
};

size_t pq_hash_len(enum pq_hash hash)
{
    return rows[hash].len;
}

/* Closes what ERR_set_mark() opened. Errors that stayed in the queue would be taken for errors of
 * TLS, which asks the same queue. */
static enum pq_status result_of(bool good, enum pq_hash hash, struct pq_digest *out)
{
    (void)ERR_pop_to_mark();
    if (!good) {
        pq_secret_wipe(out, sizeof(*out));
        return PQ_STATUS_CRYPTO;
    }
    out->len = rows[hash].len;
    return PQ_STATUS_OK;
}

enum pq_status pq_hash_digest(enum pq_hash hash, struct pq_slice data, struct pq_digest *out)
{
    size_t len = 0;
    (void)ERR_set_mark();
    bool good = EVP_Q_digest(NULL, rows[hash].name, NULL, data.at, data.len, out->at, &len) == 1;
    return result_of(good && len == rows[hash].len, hash, out);
}

enum pq_status pq_hash_hmac(enum pq_hash hash, struct pq_slice key, struct pq_slice data,
                            struct pq_digest *out)
{
    /* To the library a null key means "the key of before", even when its length is zero. */
    const void *key_at = key.len > 0 ? (const void *)key.at : "";
    size_t len = 0;
    (void)ERR_set_mark();
    bool good = EVP_Q_mac(NULL, "HMAC", NULL, rows[hash].name, NULL, key_at, key.len, data.at,
                          data.len, out->at, sizeof(out->at), &len) != NULL;
    return result_of(good && len == rows[hash].len, hash, out);
}

enum pq_status pq_hash_pbkdf2(enum pq_hash hash, struct pq_slice password, struct pq_slice salt,
                              uint32_t iterations, struct pq_digest *out)
{
    (void)ERR_set_mark();
    if (password.len > INT_MAX || salt.len > INT_MAX || iterations == 0 || iterations > INT_MAX)
        return result_of(false, hash, out);
    EVP_MD *md = EVP_MD_fetch(NULL, rows[hash].name, NULL);
    bool good = md && PKCS5_PBKDF2_HMAC((const char *)password.at, (int)password.len, salt.at,
                                        (int)salt.len, (int)iterations, md, (int)rows[hash].len,
                                        out->at) == 1;
    EVP_MD_free(md);
    return result_of(good, hash, out);
}

struct pq_slice pq_digest_slice(const struct pq_digest *d)
{
    return pq_slice_of(d->at, d->len);
}

bool pq_secret_equal(struct pq_slice given, struct pq_slice kept)
{
    /* Of another length, `given` is compared with itself, so that the time is the same. */
    bool same_len = given.len == kept.len;
    const uint8_t *other = same_len ? kept.at : given.at;
    bool same = given.len == 0 || CRYPTO_memcmp(given.at, other, given.len) == 0;
    return same_len && same;
}

void pq_secret_wipe(void *memory, size_t len)
{
    OPENSSL_cleanse(memory, len);
}
