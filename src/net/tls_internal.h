/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of TLS share. */
#ifndef PQ_NET_TLS_INTERNAL_H
#define PQ_NET_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "net/tls.h"

/* A certificate, what goes behind it, and its key; all owned. */
struct tls_material {
    X509 *cert;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    char sni[PQ_TLS_NAME_MAX + 1];
};

struct pq_tls_context {
    SSL_CTX *ssl;
    struct pq_alloc alloc;
    bool server;
    bool verify;
    struct tls_material materials[PQ_TLS_IDENTITIES_MAX];
    size_t materials_len;
    uint8_t alpn[PQ_TLS_ALPN_MAX]; /* in the form of RFC 7301 section 3.1 */
    size_t alpn_len;
    int keylog_fd; /* -1: none */
};

/* Reads a certificate with its key. On failure what was read so far is left in `*m`. */
PQ_NODISCARD enum pq_status pq_tls_pem_identity(const struct pq_tls_identity *identity,
                                                struct pq_alloc alloc, struct tls_material *m,
                                                struct pq_why *why);
/* Frees and empties. */
void pq_tls_material_clear(struct tls_material *m);
/* Makes the certificates of `pem`, at least one, the roots that `ssl` trusts. */
PQ_NODISCARD enum pq_status pq_tls_pem_trust(const struct pq_tls_pem *pem, struct pq_alloc alloc,
                                             SSL_CTX *ssl, struct pq_why *why);
/* The sentence of OpenSSL's first queued error; empties the queue. Never NULL. */
const char *pq_tls_library_error(void);

#endif
