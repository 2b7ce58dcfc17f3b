/* SPDX-License-Identifier: Apache-2.0
 * Certificates and keys from PEM, whether in a file or in memory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/tls_internal.h"

#define READ_FIRST 16384u

const char *pq_tls_library_error(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return text ? text : "no reason given";
}

/* ---- octets of a PEM ------------------------------------------------------------------------- */

static bool pem_is_absent(const struct pq_tls_pem *pem)
{
    return !pem->file && pem->text.len == 0;
}

static const char *pem_name(const struct pq_tls_pem *pem)
{
    return pem->file ? pem->file : "PEM in memory";
}

/* Reads until the end of the file; a pipe will do too. The first piece of memory holds any usual
 * key, so that growing leaves no copy of it behind. */
static enum pq_status read_all(int fd, const char *file, struct pq_bytes *out, struct pq_why *why)
{
    for (;;) {
        size_t room = out->cap - out->len;
        if (room == 0 && pq_bytes_reserve(out, out->cap == 0 ? READ_FIRST : 1) != PQ_STATUS_OK)
            return pq_why_fail(why, PQ_STATUS_FILE, "%s is longer than %u octets, or memory is out",
                               file, PQ_TLS_PEM_MAX);
        ssize_t n = read(fd, out->at + out->len, out->cap - out->len);
        if (n == 0)
            return PQ_STATUS_OK;
        if (n < 0 && errno != EINTR)
            return pq_why_errno(why, PQ_STATUS_FILE, errno, "cannot read %s", file);
        out->len += n > 0 ? (size_t)n : 0;
    }
}

static enum pq_status read_file(const char *file, struct pq_bytes *out, struct pq_why *why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return pq_why_errno(why, PQ_STATUS_FILE, errno, "cannot open %s", file);
    enum pq_status status = read_all(fd, file, out, why);
    (void)close(fd);
    return status;
}

/* Hands the octets of `pem` to `use`, and wipes the copy of a file: it may hold a key. */
static enum pq_status with_pem(const struct pq_tls_pem *pem, struct pq_alloc alloc,
                               enum pq_status (*use)(BIO *pem, const char *name, void *to,
                                                     struct pq_why *why),
                               void *to, struct pq_why *why)
{
    struct pq_bytes copy;
    struct pq_slice text = pem->text;
    /* One octet more than the limit, to tell a file of exactly the limit from a longer one. */
    pq_bytes_init(&copy, alloc, PQ_TLS_PEM_MAX + 1);
    enum pq_status status = pem->file ? read_file(pem->file, &copy, why) : PQ_STATUS_OK;
    if (pem->file)
        text = pq_bytes_slice(&copy);
    if (status == PQ_STATUS_OK && text.len > PQ_TLS_PEM_MAX)
        status = pq_why_fail(why, PQ_STATUS_FILE, "%s is longer than %u octets", pem_name(pem),
                             PQ_TLS_PEM_MAX);
    BIO *bio = status == PQ_STATUS_OK
                   ? BIO_new_mem_buf(text.len ? (const void *)text.at : "", (int)text.len)
                   : NULL;
    if (bio)
        status = use(bio, pem_name(pem), to, why);
    else if (status == PQ_STATUS_OK)
        status = pq_why_fail(why, PQ_STATUS_NO_MEMORY, "memory is exhausted");
    BIO_free(bio);
    OPENSSL_cleanse(copy.at, copy.len);
    pq_bytes_free(&copy);
    return status;
}

/* ---- certificates and keys ------------------------------------------------------------------- */

/* Without this, OpenSSL asks the terminal for the password of an encrypted key. */
static int no_password(char *at, int cap, int writing, void *ctx)
{
    (void)at;
    (void)cap;
    (void)writing;
    (void)ctx;
    return -1;
}

/* Certificates were read until there was none: that must be the end, and not a broken one. */
static enum pq_status pem_at_end(const char *name, struct pq_why *why)
{
    unsigned long error = ERR_peek_last_error();
    bool ended = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    const char *reason = pq_tls_library_error();
    return ended ? PQ_STATUS_OK
                 : pq_why_fail(why, PQ_STATUS_FILE, "%s holds a broken certificate: %s", name,
                               reason);
}

static enum pq_status use_certificates(BIO *pem, const char *name, void *to, struct pq_why *why)
{
    struct tls_material *m = to;
    m->cert = PEM_read_bio_X509(pem, NULL, no_password, NULL);
    m->chain = sk_X509_new_null();
    if (!m->cert)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s holds no certificate: %s", name,
                           pq_tls_library_error());
    X509 *next = NULL;
    while ((next = PEM_read_bio_X509(pem, NULL, no_password, NULL)))
        if (!m->chain || !sk_X509_push(m->chain, next)) {
            X509_free(next);
            return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "memory is exhausted");
        }
    return pem_at_end(name, why);
}

static enum pq_status use_key(BIO *pem, const char *name, void *to, struct pq_why *why)
{
    struct tls_material *m = to;
    m->key = PEM_read_bio_PrivateKey(pem, NULL, no_password, NULL);
    if (!m->key)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s holds no key that is not encrypted: %s", name,
                           pq_tls_library_error());
    if (X509_check_private_key(m->cert, m->key) != 1) {
        ERR_clear_error();
        return pq_why_fail(why, PQ_STATUS_FILE, "the key of %s does not belong to the certificate",
                           name);
    }
    return PQ_STATUS_OK;
}

enum pq_status pq_tls_pem_identity(const struct pq_tls_identity *identity, struct pq_alloc alloc,
                                   struct tls_material *m, struct pq_why *why)
{
    const struct pq_tls_pem *key = pem_is_absent(&identity->key) ? &identity->cert : &identity->key;
    struct pq_slice sni = pq_slice_text(identity->sni);
    if (sni.len > PQ_TLS_NAME_MAX)
        return pq_why_fail(why, PQ_STATUS_TLS, "the name for SNI is longer than %u octets",
                           PQ_TLS_NAME_MAX);
    if (sni.len > 0)
        memcpy(m->sni, sni.at, sni.len);
    enum pq_status status = with_pem(&identity->cert, alloc, use_certificates, m, why);
    return status == PQ_STATUS_OK ? with_pem(key, alloc, use_key, m, why) : status;
}

void pq_tls_material_clear(struct tls_material *m)
{
    X509_free(m->cert);
    sk_X509_pop_free(m->chain, X509_free);
    EVP_PKEY_free(m->key);
    *m = (struct tls_material){.cert = NULL};
}

static enum pq_status use_roots(BIO *pem, const char *name, void *to, struct pq_why *why)
{
    SSL_CTX *ssl = to;
    size_t added = 0;
    X509 *root = NULL;
    while ((root = PEM_read_bio_X509(pem, NULL, no_password, NULL))) {
        added += X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), root) == 1 &&
                 SSL_CTX_add_client_CA(ssl, root) == 1;
        X509_free(root);
    }
    if (added == 0)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s holds no certificate to trust: %s", name,
                           pq_tls_library_error());
    return pem_at_end(name, why);
}

enum pq_status pq_tls_pem_trust(const struct pq_tls_pem *pem, struct pq_alloc alloc, SSL_CTX *ssl,
                                struct pq_why *why)
{
    if (!pem_is_absent(pem))
        return with_pem(pem, alloc, use_roots, ssl, why);
    bool enough = SSL_CTX_get_verify_mode(ssl) == SSL_VERIFY_NONE ||
                  SSL_CTX_set_default_verify_paths(ssl) == 1;
    return enough ? PQ_STATUS_OK
                  : pq_why_fail(why, PQ_STATUS_FILE, "no system store of roots: %s",
                                pq_tls_library_error());
}
