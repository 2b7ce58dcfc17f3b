/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/tls_world.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define SIDES 3

/* A certificate that signs itself; nobody looks at its dates. */
static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    FUZZ_ASSERT(cert && X509_set_version(cert, X509_VERSION_3) == 1);
    FUZZ_ASSERT(ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), 1) == 1);
    FUZZ_ASSERT(ASN1_TIME_set(X509_getm_notBefore(cert), 0));
    FUZZ_ASSERT(ASN1_TIME_set(X509_getm_notAfter(cert), INT32_MAX));
    FUZZ_ASSERT(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                                           (const unsigned char *)"h", 1, -1, 0) == 1);
    FUZZ_ASSERT(X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1);
    FUZZ_ASSERT(X509_set_pubkey(cert, key) == 1 && X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static struct pq_tls_context *make_server(void)
{
    char *text = NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FUZZ_ASSERT(key);
    X509 *cert = make_certificate(key);
    BIO *pem = BIO_new(BIO_s_mem());
    FUZZ_ASSERT(pem && PEM_write_bio_X509(pem, cert) == 1);
    FUZZ_ASSERT(PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1);
    long len = BIO_get_mem_data(pem, &text);
    FUZZ_ASSERT(len > 0);
    const struct pq_tls_identity identity = {.cert = {.text = pq_slice_of(text, (size_t)len)}};
    const struct pq_tls_config config = {
        .server = true, .identities = &identity, .identities_len = 1};
    struct pq_tls_context *c = pq_tls_context_new(&config, pq_alloc_default(), NULL);
    (void)BIO_free(pem);
    X509_free(cert);
    EVP_PKEY_free(key);
    return c;
}

static struct pq_tls_context *make_client(enum pq_tls_version version)
{
    const struct pq_tls_config config = {.min = version, .max = version};
    return pq_tls_context_new(&config, pq_alloc_default(), NULL);
}

struct pq_tls_context *tls_world_context(enum tls_world_side side)
{
    static struct pq_tls_context *contexts[SIDES];
    if (!contexts[TLS_WORLD_SERVER]) {
        contexts[TLS_WORLD_SERVER] = make_server();
        contexts[TLS_WORLD_CLIENT_1_2] = make_client(PQ_TLS_1_2);
        contexts[TLS_WORLD_CLIENT_1_3] = make_client(PQ_TLS_1_3);
    }
    FUZZ_ASSERT(contexts[side]);
    return contexts[side];
}

struct pq_tls *tls_world_new(enum tls_world_side side)
{
    struct pq_tls *tls = pq_tls_new(tls_world_context(side), NULL, NULL);
    FUZZ_ASSERT(tls);
    return tls;
}
