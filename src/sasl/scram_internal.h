/* SPDX-License-Identifier: Apache-2.0
 *
 * SCRAM, RFC 5802, for any hash. A mechanism of the family is a row of PQ_MECHANISM_LIST and a file
 * like scram_sha_256.c. Its names and its GS2 header are those of OAUTHBEARER too.
 */
#ifndef PQ_SCRAM_INTERNAL_H
#define PQ_SCRAM_INTERNAL_H

#include "base/digest.h"
#include "sasl/sasl_internal.h"

/* A member of the family. */
struct pq_scram {
    enum pq_hash hash;
    bool plus; /* it binds to the channel */
};

/* Both sides, as the functions of a row. */
enum pq_sasl_flaw pq_scram_server(struct pq_sasl_server *s, struct pq_scram scram,
                                  struct pq_slice in, struct pq_buf *out);
enum pq_sasl_flaw pq_scram_client(struct pq_sasl_client *c, struct pq_scram scram,
                                  const struct pq_slice *challenge, struct pq_buf *out);

/* ---- text (RFC 5802 section 7) --------------------------------------------------------------- */

/* Reads what commas part: `more` tells that another part must follow, maybe an empty one. */
struct pq_scram_reader {
    struct pq_slice rest;
    bool more;
};

struct pq_scram_reader pq_scram_reader_of(struct pq_slice text);
/* The next part; false when there is none. */
bool pq_scram_reader_next(struct pq_scram_reader *r, struct pq_slice *part);
/* The value of the next part, which must be the attribute `name`. FIELDS: it is another one, or
 * none. EXTENSION: it is "m". LENGTH: the value is empty. */
PQ_NODISCARD enum pq_sasl_flaw pq_scram_reader_take(struct pq_scram_reader *r, uint8_t name,
                                                    struct pq_slice *value);
/* Skips what is left, which must be optional extensions. FIELDS: an attribute that RFC 5802
 * defines, and that therefore has a place of its own. EXTENSION and LENGTH as above. */
PQ_NODISCARD enum pq_sasl_flaw pq_scram_reader_end(struct pq_scram_reader *r);

/* A nonce: one octet or more of 0x21-0x7E except the comma. */
bool pq_scram_nonce_is_valid(struct pq_slice nonce);
/* Decodes a saslname. ESCAPE: "=" without "2C" or "3D". Otherwise as pq_sasl_name_set(). */
PQ_NODISCARD enum pq_sasl_flaw pq_scram_name_read(struct pq_slice text, struct pq_sasl_name *name);
/* Appends a saslname; false when it does not fit. */
bool pq_scram_name_write(struct pq_slice name, struct pq_buf *out);

/* A GS2 header, borrowed. */
struct pq_scram_header {
    uint8_t flag;            /* n, y or p */
    struct pq_slice binding; /* of p: its name */
    struct pq_slice authzid; /* empty: none */
};

/* Reads a GS2 header: its flag and binding into `*header`, and the authorization identity, if there
 * is one, into `*authzid`. FIELDS: it is none. What follows it is left in `r->rest`. */
PQ_NODISCARD enum pq_sasl_flaw pq_scram_header_read(struct pq_scram_reader *r,
                                                    struct pq_scram_header *header,
                                                    struct pq_sasl_name *authzid);
/* The longest GS2 header, and appending one: "n,a=authzid,". False when it does not fit. */
#define PQ_SCRAM_HEADER_MAX (6u + PQ_SASL_BINDING_NAME_MAX + 3u * PQ_SASL_NAME_MAX)
bool pq_scram_header_write(const struct pq_scram_header *header, struct pq_buf *out);
/* Appends the value of "c=": the header, and behind it the channel binding, which may be empty. */
#define PQ_SCRAM_BINDING_MAX ((PQ_SCRAM_HEADER_MAX + PQ_SASL_BINDING_MAX + 2u) / 3u * 4u)
bool pq_scram_binding_write(const struct pq_scram_header *header, struct pq_slice data,
                            struct pq_buf *out);

/* The signed text as a buffer that appends to it, and the way back. */
struct pq_buf pq_scram_text_open(struct pq_scram_text *text);
/* LENGTH, and the text as it was, when something did not fit. */
PQ_NODISCARD enum pq_sasl_flaw pq_scram_text_close(struct pq_scram_text *text,
                                                   const struct pq_buf *b);
/* Appends "," and a message. */
PQ_NODISCARD enum pq_sasl_flaw pq_scram_text_add(struct pq_scram_text *text,
                                                 struct pq_slice message);
struct pq_slice pq_scram_text_slice(const struct pq_scram_text *text);

/* ---- arithmetic (RFC 5802 section 3) --------------------------------------------------------- */

struct pq_scram_keys {
    struct pq_digest client, stored, server;
};

/* CRYPTO as pq_hash_pbkdf2(). The caller wipes `*keys`, also after an error. */
PQ_NODISCARD enum pq_status pq_scram_keys_derive(enum pq_hash hash, struct pq_slice password,
                                                 struct pq_slice salt, uint32_t iterations,
                                                 struct pq_scram_keys *keys);
/* Turns the client key into the proof, and the proof into the client key: `key` XOR
 * ClientSignature. */
PQ_NODISCARD enum pq_status pq_scram_proof_flip(enum pq_hash hash, struct pq_slice stored_key,
                                                struct pq_slice text, struct pq_digest *key);
/* Reads a base64 value that must be as long as the hash. */
PQ_NODISCARD enum pq_sasl_flaw pq_scram_digest_read(enum pq_hash hash, struct pq_slice value,
                                                    struct pq_digest *digest);

#endif
