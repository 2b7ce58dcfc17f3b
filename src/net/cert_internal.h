/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of certificates share. */
#ifndef PQ_NET_CERT_INTERNAL_H
#define PQ_NET_CERT_INTERNAL_H

#include <openssl/x509.h>

#include "net/cert.h"

/* A certificate and its key. An issuer without a certificate is one that is about to sign itself.
 */
struct cert_pair {
    X509 *cert;
    EVP_PKEY *key;
};

/* A new key; NULL when the library refuses. */
EVP_PKEY *pq_cert_key_new(enum pq_cert_key kind);
/* A certificate of `key`, signed by `issuer`. An `authority` may sign others. NULL when the library
 * refuses or an alternative name does not have its form. */
X509 *pq_cert_x509_new(const struct pq_cert_request *request, EVP_PKEY *key,
                       struct cert_pair issuer, uint64_t serial, bool authority);

/* Makes the folder, or checks the one that is there. */
PQ_NODISCARD enum pq_status pq_cert_folder(const char *folder, struct pq_why *why);
/* FOLDER/NAME.pem and FOLDER/NAME.key. FILE: the name is unfit or the path too long. */
PQ_NODISCARD enum pq_status pq_cert_paths(const char *folder, const char *name,
                                          struct pq_cert_files *files, struct pq_why *why);
PQ_NODISCARD enum pq_status pq_cert_write(const struct pq_cert_files *files,
                                          const struct cert_pair *pair, struct pq_why *why);

#endif
