/* SPDX-License-Identifier: Apache-2.0
 *
 * Digests, keyed digests, key derivation and the care of secrets: all that the layers above need
 * of libcrypto. Knows no mechanism and no protocol.
 */
#ifndef PQ_BASE_DIGEST_H
#define PQ_BASE_DIGEST_H

#include "popquiz/base.h"

enum pq_hash {
    PQ_HASH_MD5,    /* RFC 1321, 16 octets */
    PQ_HASH_SHA1,   /* RFC 3174, 20 octets */
    PQ_HASH_SHA256, /* RFC 6234, 32 octets */
};

/* The longest digest, in octets. */
#define PQ_DIGEST_MAX 32u

struct pq_digest {
    uint8_t at[PQ_DIGEST_MAX];
    size_t len; /* octets held; zero after an error */
};

/* The octets of a digest that this hash makes, at most PQ_DIGEST_MAX. */
size_t pq_hash_len(enum pq_hash hash);

/* Each fills `*out`, or returns CRYPTO when the library refuses (a hash that its policy forbids,
 * such as MD5 in FIPS mode; lack of memory); `*out` is then empty. No error is left behind in the
 * library's error queue. */

/* The digest of `data`. */
PQ_NODISCARD enum pq_status pq_hash_digest(enum pq_hash hash, struct pq_slice data,
                                           struct pq_digest *out);
/* HMAC (RFC 2104); `key` may be empty or of any length. */
PQ_NODISCARD enum pq_status pq_hash_hmac(enum pq_hash hash, struct pq_slice key,
                                         struct pq_slice data, struct pq_digest *out);
/* PBKDF2 with HMAC (RFC 8018 section 5.2), as long as the digest: Hi() of RFC 5802 section 2.2.
 * CRYPTO also when `iterations` is zero, or it or a length exceeds INT_MAX. Takes time in
 * proportion to `iterations`; their limit is the caller's duty. */
PQ_NODISCARD enum pq_status pq_hash_pbkdf2(enum pq_hash hash, struct pq_slice password,
                                           struct pq_slice salt, uint32_t iterations,
                                           struct pq_digest *out);

/* The octets of a digest; valid as long as `*d` is. */
struct pq_slice pq_digest_slice(const struct pq_digest *d);

/* Whether both are the same octets, in a time that depends on the length of `given` alone: `given`
 * comes from a peer, `kept` is the secret. */
bool pq_secret_equal(struct pq_slice given, struct pq_slice kept);
/* Overwrites `len` octets; the compiler cannot leave it out. */
void pq_secret_wipe(void *memory, size_t len);

#endif
