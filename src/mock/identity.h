/* SPDX-License-Identifier: Apache-2.0
 *
 * The mock server's own authority and certificates, good ones and bad ones.
 */
#ifndef PQ_MOCK_IDENTITY_H
#define PQ_MOCK_IDENTITY_H

#include "mock/store.h"
#include "net/tls.h"

/* name, as written, what a careful client finds */
#define PQ_CERTIFICATE_LIST(X)                                                                     \
    X(GOOD, "good", "for localhost, 127.0.0.1 and ::1, signed by the authority")                   \
    X(EXPIRED, "expired", "its time is over")                                                      \
    X(NOT_YET, "not-yet", "its time has not come")                                                 \
    X(WRONG_NAME, "wrong-name", "for another host")                                                \
    X(SELF_SIGNED, "self-signed", "not signed by the authority")

enum pq_certificate {
#define X(name, text, help) PQ_CERTIFICATE_##name,
    PQ_CERTIFICATE_LIST(X)
#undef X
        PQ_CERTIFICATE_COUNT
};

/* The kind that `text` names, or PQ_CERTIFICATE_COUNT. */
enum pq_certificate pq_certificate_of(struct pq_slice text);

/* The second name for which there is a certificate: chosen by SNI. */
#define PQ_IDENTITY_OTHER_NAME "other.popquiz.invalid"

struct pq_identity_options {
    const char *folder; /* made when it is missing; keys are mode 0600 */
    enum pq_certificate kind;
    enum pq_tls_version min, max;
    bool weak;   /* TLS 1.0 and 1.1 are accepted, and what else they need */
    bool resume; /* sessions up to TLS 1.2 are resumed */
    uint64_t seed;
    int64_t now_s; /* seconds since 1970 */
    /* Clients are asked for a certificate: signed by one of this file (PEM), or, when that is
     * empty, by the authority, which signs one for each account of `store` whose name is short
     * enough. NULL: they are not asked. */
    const char *client_ca;
    const struct pq_store *store;
};

/* Makes an authority and two server certificates in the folder and a context from them. The path of
 * the authority's certificate is written to `ca_file` (`cap` octets). NULL with a sentence. */
PQ_NODISCARD struct pq_tls_context *pq_identity_make(const struct pq_identity_options *o,
                                                     char *ca_file, size_t cap, struct pq_why *why);
/* Writes the path of the certificate of accounts[index] (FILE.pem, with FILE.key beside it); false:
 * there is none, or no room. */
bool pq_identity_client(const struct pq_identity_options *o, size_t index, char *path, size_t cap);
/* Removes what pq_identity_make() wrote, for as many accounts, and the folder. */
void pq_identity_remove(const char *folder, size_t clients);

#endif
