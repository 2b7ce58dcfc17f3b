/* SPDX-License-Identifier: Apache-2.0
 * What a connection is, for a protocol inside: channel bindings, and who the peer has proven to be.
 */
#include <openssl/x509v3.h>

#include "net/tls_internal.h"

/* ---- channel bindings ------------------------------------------------------------------------ */

/* RFC 9266 section 2. */
static const char exporter_label[] = "EXPORTER-Channel-Binding";
#define EXPORTER_LEN 32u

const char *pq_tls_binding_name(enum pq_tls_binding binding)
{
    static const char *const names[] = {
#define X(name, text) [PQ_TLS_BINDING_##name] = (text),
        PQ_TLS_BINDING_LIST(X)
#undef X
    };
    return names[binding];
}

/* The library's functions ask for what they do not change. */
static SSL *unlocked(const SSL *ssl)
{
    union {
        const SSL *locked;
        SSL *open;
    } same = {ssl};
    return same.open;
}

bool pq_tls_binding_is_defined(const SSL *ssl, enum pq_tls_binding binding)
{
    bool newest = SSL_version(ssl) >= TLS1_3_VERSION;
    bool extended = SSL_get_extms_support(unlocked(ssl)) == 1;
    switch (binding) {
    case PQ_TLS_BINDING_EXPORTER:
        return newest || extended;
    case PQ_TLS_BINDING_UNIQUE:
        return !newest && (extended || !SSL_session_reused(ssl));
    case PQ_TLS_BINDING_COUNT:
        break;
    }
    return false;
}

static bool put_exporter(const SSL *ssl, struct pq_buf *out)
{
    uint8_t octets[EXPORTER_LEN];
    return SSL_export_keying_material(unlocked(ssl), octets, sizeof(octets), exporter_label,
                                      sizeof(exporter_label) - 1, NULL, 0, 1) == 1 &&
           pq_buf_put(out, pq_slice_of(octets, sizeof(octets)));
}

/* The first Finished message of the handshake: the client's, or that of a server that resumes. */
static bool put_unique(const SSL *ssl, struct pq_buf *out)
{
    uint8_t octets[PQ_TLS_BINDING_MAX];
    bool own = SSL_is_server(ssl) == SSL_session_reused(ssl);
    size_t len = own ? SSL_get_finished(ssl, octets, sizeof(octets))
                     : SSL_get_peer_finished(ssl, octets, sizeof(octets));
    return len > 0 && len <= sizeof(octets) && pq_buf_put(out, pq_slice_of(octets, len));
}

bool pq_tls_binding_write(const SSL *ssl, enum pq_tls_binding binding, struct pq_buf *out)
{
    return binding == PQ_TLS_BINDING_EXPORTER ? put_exporter(ssl, out) : put_unique(ssl, out);
}

bool pq_tls_binding(const struct pq_tls *t, enum pq_tls_binding binding, struct pq_buf *out)
{
    const SSL *ssl = pq_tls_complete(t);
    return ssl && pq_tls_binding_is_defined(ssl, binding) &&
           pq_tls_binding_write(ssl, binding, out);
}

bool pq_tls_first_finished(const struct pq_tls *t, struct pq_buf *out)
{
    const SSL *ssl = pq_tls_complete(t);
    return ssl && put_unique(ssl, out);
}

/* ---- the peer -------------------------------------------------------------------------------- */

/* A name with a NUL in it is none: whoever signed it may have read another one. */
static bool put_text(struct pq_buf *out, const ASN1_STRING *text)
{
    struct pq_slice s = pq_slice_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
    return s.len > 0 && pq_slice_index(s, 0) == s.len && pq_buf_put(out, s);
}

/* The last common name, which is the most specific one. */
static bool put_common_name(struct pq_buf *out, const X509 *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int last = -1, next = -1;
    while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, next)) >= 0)
        last = next;
    uint8_t *utf8 = NULL;
    int len = last < 0 ? -1
                       : ASN1_STRING_to_UTF8(
                             &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
    struct pq_slice name = pq_slice_of(utf8, len > 0 ? (size_t)len : 0);
    bool put = name.len > 0 && pq_slice_index(name, 0) == name.len && pq_buf_put(out, name);
    OPENSSL_free(utf8);
    return put;
}

static bool put_address(struct pq_buf *out, const X509 *cert, size_t index)
{
    bool put = false;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !put; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_EMAIL && index-- == 0)
            put = put_text(out, name->d.rfc822Name);
    }
    GENERAL_NAMES_free(names);
    return put;
}

bool pq_tls_peer_name(const struct pq_tls *t, size_t index, struct pq_buf *out)
{
    const SSL *ssl = pq_tls_complete(t);
    const X509 *cert = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
        return false;
    return index == 0 ? put_common_name(out, cert) : put_address(out, cert, index - 1);
}
