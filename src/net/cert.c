/* SPDX-License-Identifier: Apache-2.0
 * The authority: numbers, signs and files. */
#include <string.h>

#include <openssl/err.h>

#include "net/cert_internal.h"

struct pq_ca {
    struct cert_pair self;
    struct pq_rand serials;
    struct pq_alloc alloc;
    struct pq_cert_files files;
    char folder[PQ_CERT_PATH_MAX];
};

/* RFC 5280 section 4.1.2.2: positive. */
static uint64_t next_serial(struct pq_ca *ca)
{
    return pq_rand_next(&ca->serials) >> 1 | 1;
}

static void pair_clear(struct cert_pair *pair)
{
    X509_free(pair->cert);
    EVP_PKEY_free(pair->key);
}

/* Makes key and certificate; what was made is in `*made` in any case. */
static enum pq_status make_pair(struct pq_ca *ca, const struct pq_cert_request *request,
                                struct cert_pair *made, struct pq_why *why)
{
    bool authority = made == &ca->self;
    ERR_clear_error();
    made->key = pq_cert_key_new(request->key);
    if (made->key) {
        struct cert_pair itself = {NULL, made->key};
        struct cert_pair issuer = authority || request->self_signed ? itself : ca->self;
        made->cert = pq_cert_x509_new(request, made->key, issuer, next_serial(ca), authority);
    }
    if (made->cert)
        return PQ_STATUS_OK;
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return pq_why_fail(why, PQ_STATUS_CRYPTO, "cannot make the certificate %s: %s", request->file,
                       reason ? reason : "an alternative name is unfit");
}

static enum pq_status make_files(struct pq_ca *ca, const struct pq_cert_request *request,
                                 struct cert_pair *made, struct pq_cert_files *files,
                                 struct pq_why *why)
{
    enum pq_status status = pq_cert_paths(ca->folder, request->file, files, why);
    if (status == PQ_STATUS_OK)
        status = make_pair(ca, request, made, why);
    return status == PQ_STATUS_OK ? pq_cert_write(files, made, why) : status;
}

static enum pq_status make_authority(struct pq_ca *ca, const char *folder,
                                     const struct pq_cert_request *self, struct pq_why *why)
{
    size_t len = strlen(folder);
    if (len >= sizeof(ca->folder))
        return pq_why_fail(why, PQ_STATUS_FILE, "the path of the folder exceeds %u octets",
                           PQ_CERT_PATH_MAX - 1);
    memcpy(ca->folder, folder, len + 1);
    enum pq_status status = pq_cert_folder(folder, why);
    return status == PQ_STATUS_OK ? make_files(ca, self, &ca->self, &ca->files, why) : status;
}

struct pq_ca *pq_ca_new(const char *folder, const struct pq_cert_request *self, uint64_t seed,
                        struct pq_alloc alloc, struct pq_why *why)
{
    struct pq_ca *ca = alloc.resize(alloc.ctx, NULL, sizeof(*ca));
    if (!ca) {
        (void)pq_why_fail(why, PQ_STATUS_NO_MEMORY, "memory is exhausted");
        return NULL;
    }
    *ca = (struct pq_ca){.alloc = alloc};
    pq_rand_init(&ca->serials, seed);
    if (make_authority(ca, folder, self, why) == PQ_STATUS_OK)
        return ca;
    pq_ca_free(ca);
    return NULL;
}

void pq_ca_free(struct pq_ca *ca)
{
    if (!ca)
        return;
    pair_clear(&ca->self);
    ca->alloc.resize(ca->alloc.ctx, ca, 0);
}

const struct pq_cert_files *pq_ca_files(const struct pq_ca *ca)
{
    return &ca->files;
}

enum pq_status pq_ca_issue(struct pq_ca *ca, const struct pq_cert_request *request,
                           struct pq_cert_files *files, struct pq_why *why)
{
    struct cert_pair made = {NULL, NULL};
    enum pq_status status = make_files(ca, request, &made, files, why);
    pair_clear(&made);
    return status;
}
