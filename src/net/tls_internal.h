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

/* What a client heard in the server's handshake messages. */
struct pq_tls_heard {
    bool hello; /* a whole ServerHello */
    bool certificate_request;
    uint32_t suite, compression;
    uint32_t tickets, early_data; /* the latter is the number of octets of the last ticket */
    uint16_t extensions[PQ_TLS_EXTENSIONS_MAX];
    size_t extensions_len;
};

/* OpenSSL's message callback; `ctx` is a struct pq_tls_heard. */
// NOLINTNEXTLINE(readability-function-size)
void pq_tls_hear(int sent, int version, int type, const void *at, size_t len, SSL *ssl, void *ctx);

struct pq_tls_facts_of {
    const SSL *ssl;
    const struct pq_tls_heard *heard;
    const char *name; /* the expected one; "": none, or an address */
    enum pq_tls_end end;
    int alert; /* -1: none */
    bool complete;
};
/* Appends a channel binding, which is defined or not; false: the library has none. */
bool pq_tls_binding_write(const SSL *ssl, enum pq_tls_binding binding, struct pq_buf *out);
/* Whether it is defined for this connection. */
bool pq_tls_binding_is_defined(const SSL *ssl, enum pq_tls_binding binding);
/* The library's object once the handshake is complete, else NULL. */
const SSL *pq_tls_complete(const struct pq_tls *t);

void pq_tls_facts_write(const struct pq_tls_facts_of *of, struct pq_buf *out);

/* False: the names have no form or too many octets; the library knows none of the suites. */
bool pq_tls_offer_protocols(SSL *ssl, struct pq_slice names);
bool pq_tls_offer_ciphers(SSL *ssl, const char *ciphers);
/* Whether the library's ClientHello is what is asked for. */
bool pq_tls_hello_is_plain(const struct pq_tls_hello *h);
/* Writes what is sent in place of `usual`, the library's ClientHello in its record. False: `usual`
 * is none, or there is no room. */
bool pq_tls_hello_write(const struct pq_tls_hello *h, struct pq_slice usual, struct pq_buf *out);

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
