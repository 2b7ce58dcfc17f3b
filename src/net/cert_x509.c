/* SPDX-License-Identifier: Apache-2.0
 * What stands in a certificate (RFC 5280 section 4). */
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "net/cert_internal.h"

EVP_PKEY *pq_cert_key_new(enum pq_cert_key kind)
{
    switch (kind) {
    case PQ_CERT_KEY_P256:
        return EVP_EC_gen("P-256");
    case PQ_CERT_KEY_RSA_2048:
        return EVP_RSA_gen(2048);
    case PQ_CERT_KEY_RSA_1024:
        return EVP_RSA_gen(1024);
    }
    return NULL;
}

/* ---- alternative names ----------------------------------------------------------------------- */

static ASN1_IA5STRING *ia5_of(struct pq_slice value)
{
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (text && ASN1_STRING_set(text, value.at, (int)value.len) == 1)
        return text;
    ASN1_IA5STRING_free(text);
    return NULL;
}

static bool set_text(GENERAL_NAME *name, int type, struct pq_slice value)
{
    ASN1_IA5STRING *text = ia5_of(value);
    if (text)
        GENERAL_NAME_set0_value(name, type, text);
    return text != NULL;
}

static bool set_ip(GENERAL_NAME *name, struct pq_slice value)
{
    char text[64] = {0}; /* INET6_ADDRSTRLEN is 46 */
    if (value.len >= sizeof(text))
        return false;
    memcpy(text, value.at, value.len);
    ASN1_OCTET_STRING *octets = a2i_IPADDRESS(text);
    if (octets)
        GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
    return octets != NULL;
}

/* RFC 4985 section 2: an otherName whose value is an IA5String. */
static bool set_srv(GENERAL_NAME *name, struct pq_slice value)
{
    ASN1_OBJECT *form = OBJ_txt2obj("1.3.6.1.5.5.7.8.7", 1);
    ASN1_IA5STRING *text = ia5_of(value);
    ASN1_TYPE *typed = ASN1_TYPE_new();
    if (form && text && typed) {
        ASN1_TYPE_set(typed, V_ASN1_IA5STRING, text);
        if (GENERAL_NAME_set0_othername(name, form, typed) == 1)
            return true;
        text = NULL; /* goes with `typed` */
    }
    ASN1_OBJECT_free(form);
    ASN1_IA5STRING_free(text);
    ASN1_TYPE_free(typed);
    return false;
}

static bool set_alt(GENERAL_NAME *name, const struct pq_cert_alt_name *alt)
{
    switch (alt->form) {
    case PQ_CERT_ALT_DNS:
        return set_text(name, GEN_DNS, alt->value);
    case PQ_CERT_ALT_URI:
        return set_text(name, GEN_URI, alt->value);
    case PQ_CERT_ALT_EMAIL:
        return set_text(name, GEN_EMAIL, alt->value);
    case PQ_CERT_ALT_IP:
        return set_ip(name, alt->value);
    case PQ_CERT_ALT_SRV:
        return set_srv(name, alt->value);
    }
    return false;
}

static bool push_alt(GENERAL_NAMES *names, const struct pq_cert_alt_name *alt)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    if (name && set_alt(name, alt) && sk_GENERAL_NAME_push(names, name) > 0)
        return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool add_alt_names(X509 *cert, const struct pq_cert_request *request)
{
    if (request->alt_len == 0)
        return true;
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = names && request->alt_len <= PQ_CERT_ALT_NAMES_MAX;
    for (size_t i = 0; ok && i < request->alt_len; i++)
        ok = push_alt(names, &request->alt[i]);
    ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

/* ---- extensions ------------------------------------------------------------------------------ */

static bool add_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);
    bool ok = extension && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct pq_cert_request *request,
                           bool authority)
{
    const char *purpose = request->client ? "clientAuth" : "serverAuth";
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    if (!add_extension(cert, &ctx, NID_subject_key_identifier, "hash") ||
        !add_extension(cert, &ctx, NID_authority_key_identifier, "keyid"))
        return false;
    if (authority)
        return add_extension(cert, &ctx, NID_basic_constraints, "critical,CA:TRUE") &&
               add_extension(cert, &ctx, NID_key_usage, "critical,keyCertSign,cRLSign");
    return add_extension(cert, &ctx, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(cert, &ctx, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
           add_extension(cert, &ctx, NID_ext_key_usage, purpose) && add_alt_names(cert, request);
}

/* ---- the certificate ------------------------------------------------------------------------- */

static bool set_fields(X509 *cert, const struct pq_cert_request *request, EVP_PKEY *key,
                       uint64_t serial)
{
    struct pq_slice name = request->common_name;
    if (name.len == 0)
        name = pq_slice_text(request->file);
    return X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) == 1 &&
           ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)request->not_before) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)request->not_after) &&
           X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName, MBSTRING_UTF8,
                                      name.at, (int)name.len, -1, 0) == 1 &&
           X509_set_pubkey(cert, key) == 1;
}

X509 *pq_cert_x509_new(const struct pq_cert_request *request, EVP_PKEY *key,
                       struct cert_pair issuer, uint64_t serial, bool authority)
{
    X509 *cert = X509_new();
    X509 *by = issuer.cert ? issuer.cert : cert;
    if (cert && set_fields(cert, request, key, serial) &&
        X509_set_issuer_name(cert, X509_get_subject_name(by)) == 1 &&
        add_extensions(cert, by, request, authority) &&
        X509_sign(cert, issuer.key, EVP_sha256()) > 0)
        return cert;
    X509_free(cert);
    return NULL;
}
