/* SPDX-License-Identifier: Apache-2.0
 * What the server said in a handshake, as lines: read from its messages as they pass, so that a
 * handshake that failed later tells too. */
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "net/tls_internal.h"

#define HANDSHAKE_HEADER 4u
#define EARLY_DATA 42u /* RFC 8446 section 4.2.10 */

/* ---- the server's messages ------------------------------------------------------------------- */

static bool cut_number(struct pq_slice *in, size_t width, uint32_t *out)
{
    if (in->len < width)
        return false;
    *out = 0;
    for (size_t i = 0; i < width; i++)
        *out = *out << 8 | in->at[i];
    *in = pq_slice_after(*in, width);
    return true;
}

/* The next extension of a list. */
static bool cut_extension(struct pq_slice *in, uint32_t *type, struct pq_slice *data)
{
    uint32_t len = 0;
    if (!cut_number(in, 2, type) || !cut_number(in, 2, &len) || in->len < len)
        return false;
    *data = pq_slice_first(*in, len);
    *in = pq_slice_after(*in, len);
    return true;
}

static void hear_extensions(struct pq_tls_heard *heard, struct pq_slice in)
{
    uint32_t len = 0, type = 0;
    struct pq_slice data;
    if (!cut_number(&in, 2, &len))
        return;
    while (heard->extensions_len < PQ_TLS_EXTENSIONS_MAX && cut_extension(&in, &type, &data))
        heard->extensions[heard->extensions_len++] = (uint16_t)type;
}

/* RFC 5246 section 7.4.1.3. A second one, behind a HelloRetryRequest, replaces the first. */
static void hear_server_hello(struct pq_tls_heard *heard, struct pq_slice in)
{
    uint32_t session = 0;
    in = pq_slice_after(in, 2 + 32);
    if (!cut_number(&in, 1, &session))
        return;
    in = pq_slice_after(in, session);
    heard->hello = cut_number(&in, 2, &heard->suite) && cut_number(&in, 1, &heard->compression);
    heard->extensions_len = 0;
    hear_extensions(heard, in);
}

/* RFC 8446 section 4.6.1: lifetime, age, nonce, ticket, extensions. TLS 1.2 has another form. */
static void hear_ticket(struct pq_tls_heard *heard, struct pq_slice in)
{
    uint32_t len = 0, type = 0;
    struct pq_slice data;
    heard->tickets++;
    in = pq_slice_after(in, 4 + 4);
    if (!cut_number(&in, 1, &len))
        return;
    in = pq_slice_after(in, len);
    if (!cut_number(&in, 2, &len))
        return;
    in = pq_slice_after(in, len);
    if (!cut_number(&in, 2, &len))
        return;
    while (cut_extension(&in, &type, &data))
        if (type == EARLY_DATA)
            (void)cut_number(&data, 4, &heard->early_data);
}

/* The library prescribes the parameters. */
// NOLINTNEXTLINE(readability-function-size)
void pq_tls_hear(int sent, int version, int type, const void *at, size_t len, SSL *ssl, void *ctx)
{
    struct pq_tls_heard *heard = ctx;
    struct pq_slice in = pq_slice_of(at, len);
    (void)version;
    if (sent || type != SSL3_RT_HANDSHAKE || in.len < HANDSHAKE_HEADER)
        return;
    uint8_t message = in.at[0];
    in = pq_slice_after(in, HANDSHAKE_HEADER);
    if (message == SSL3_MT_SERVER_HELLO)
        hear_server_hello(heard, in);
    else if (message == SSL3_MT_ENCRYPTED_EXTENSIONS)
        hear_extensions(heard, in);
    else if (message == SSL3_MT_CERTIFICATE_REQUEST)
        heard->certificate_request = true;
    else if (message == SSL3_MT_NEWSESSION_TICKET && SSL_version(ssl) == TLS1_3_VERSION)
        hear_ticket(heard, in);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* "NAME VALUE", the whole line or nothing of it. What is not visible becomes a question mark. */
static void put_octets(struct pq_buf *out, const char *name, struct pq_slice value)
{
    if (pq_buf_room(out) < strlen(name) + value.len + 2)
        return;
    pq_buf_put_text(out, name);
    pq_buf_put_octet(out, ' ');
    for (size_t i = 0; i < value.len; i++) {
        bool visible = value.at[i] > 0x20 && value.at[i] < 0x7F;
        pq_buf_put_octet(out, visible ? value.at[i] : '?');
    }
    pq_buf_put_octet(out, '\n');
}

static void put_text(struct pq_buf *out, const char *name, const char *value)
{
    put_octets(out, name, pq_slice_text(value));
}

static void put_truth(struct pq_buf *out, const char *name, bool value)
{
    put_text(out, name, value ? "yes" : "no");
}

static void put_number(struct pq_buf *out, const char *name, uint64_t value)
{
    uint8_t memory[PQ_U64_TEXT_MAX];
    struct pq_buf digits;
    pq_buf_init(&digits, memory, sizeof(memory));
    pq_buf_put_u64(&digits, value);
    put_octets(out, name, pq_buf_slice(&digits));
}

static void put_heard(struct pq_buf *out, const struct pq_tls_heard *heard)
{
    char suite[8];
    put_truth(out, "server-hello", heard->hello);
    if (!heard->hello)
        return;
    (void)snprintf(suite, sizeof(suite), "%04X", (unsigned)heard->suite & 0xFFFFu);
    put_text(out, "suite", suite);
    put_number(out, "compression", heard->compression);
    for (size_t i = 0; i < heard->extensions_len; i++)
        put_number(out, "extension", heard->extensions[i]);
    put_truth(out, "certificate-request", heard->certificate_request);
    put_number(out, "tickets", heard->tickets);
    put_number(out, "early-data", heard->early_data);
}

static bool is_forward_secret(const SSL_CIPHER *cipher)
{
    int exchange = SSL_CIPHER_get_kx_nid(cipher);
    return exchange == NID_kx_any || exchange == NID_kx_ecdhe || exchange == NID_kx_dhe;
}

static void put_agreed(struct pq_buf *out, const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
    put_text(out, "version", SSL_get_version(ssl));
    put_text(out, "cipher", SSL_CIPHER_get_name(cipher));
    put_number(out, "strength", (uint64_t)SSL_CIPHER_get_bits(cipher, NULL));
    put_truth(out, "forward-secrecy", is_forward_secret(cipher));
    if (alpn_len > 0)
        put_octets(out, "alpn", pq_slice_of(alpn, alpn_len));
    put_truth(out, "resumed", SSL_session_reused(ssl));
}

static void put_bindings(struct pq_buf *out, const SSL *ssl)
{
    for (int i = 0; i < PQ_TLS_BINDING_COUNT; i++) {
        uint8_t raw[PQ_TLS_BINDING_MAX], memory[2 * PQ_TLS_BINDING_MAX];
        struct pq_buf binding, text;
        enum pq_tls_binding kind = (enum pq_tls_binding)i;
        pq_buf_init(&binding, raw, sizeof(raw));
        pq_buf_init(&text, memory, sizeof(memory));
        if ((kind == PQ_TLS_BINDING_UNIQUE || pq_tls_binding_is_defined(ssl, kind)) &&
            pq_tls_binding_write(ssl, kind, &binding) &&
            pq_base64_encode(pq_buf_slice(&binding), &text) == PQ_STATUS_OK)
            put_octets(out, pq_tls_binding_name(kind), pq_buf_slice(&text));
    }
}

/* ---- the certificate ------------------------------------------------------------------------- */

/* id-on-dnsSRV, RFC 4985 section 2. */
#define SRV_OID "1.3.6.1.5.5.7.8.7"

static void put_string(struct pq_buf *out, const char *name, const ASN1_STRING *value)
{
    put_octets(out, name,
               pq_slice_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
}

static void put_other(struct pq_buf *out, const OTHERNAME *other)
{
    char oid[80];
    (void)OBJ_obj2txt(oid, sizeof(oid), other->type_id, 1);
    if (strcmp(oid, SRV_OID) == 0 && other->value->type == V_ASN1_IA5STRING)
        put_string(out, "srv", other->value->value.ia5string);
}

static void put_names(struct pq_buf *out, const X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            put_string(out, "dns", name->d.dNSName);
        else if (name->type == GEN_OTHERNAME)
            put_other(out, name->d.otherName);
    }
    GENERAL_NAMES_free(names);
}

static void put_key(struct pq_buf *out, X509 *cert)
{
    int digest = NID_undef;
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    put_text(out, "key", type ? type : "unknown");
    put_number(out, "key-bits", key ? (uint64_t)EVP_PKEY_get_bits(key) : 0);
    (void)X509_get_signature_info(cert, &digest, NULL, NULL, NULL);
    put_text(out, "signature-digest", digest == NID_undef ? "none" : OBJ_nid2sn(digest));
}

/* The DNS-ID alone: neither the common name nor a fragment of a label counts (RFC 7817 section 3).
 */
static bool is_for(X509 *cert, const char *name)
{
    return X509_check_host(cert, name, strlen(name),
                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                           NULL) == 1;
}

static void put_certificate(struct pq_buf *out, const SSL *ssl, const char *name)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    if (!cert)
        return;
    put_key(out, cert);
    put_truth(out, "in-date",
              X509_cmp_current_time(X509_get0_notBefore(cert)) < 0 &&
                  X509_cmp_current_time(X509_get0_notAfter(cert)) > 0);
    put_number(out, "chain", (uint64_t)sk_X509_num(SSL_get_peer_cert_chain(ssl)));
    if (name[0])
        put_truth(out, "dns-id", is_for(cert, name));
    put_names(out, cert);
}

/* What the enumeration calls an end, in the small letters of a fact. */
static const char *end_word(enum pq_tls_end end)
{
    static const char *const words[] = {
        [PQ_TLS_END_NONE] = "none",     [PQ_TLS_END_CLOSED] = "close-notify",
        [PQ_TLS_END_CUT] = "cut",       [PQ_TLS_END_ALERT] = "alert",
        [PQ_TLS_END_PLAIN] = "plain",   [PQ_TLS_END_REFUSED] = "refused",
        [PQ_TLS_END_FAILED] = "failed",
    };
    return words[end];
}

void pq_tls_end_fact(enum pq_tls_end end, struct pq_buf *out)
{
    put_text(out, "end", end_word(end));
}

void pq_tls_facts_write(const struct pq_tls_facts_of *of, struct pq_buf *out)
{
    pq_tls_end_fact(of->end, out);
    if (of->alert >= 0)
        put_number(out, "alert", (uint64_t)of->alert);
    put_heard(out, of->heard);
    if (!of->complete)
        return;
    put_agreed(out, of->ssl);
    put_bindings(out, of->ssl);
    put_certificate(out, of->ssl, of->name);
}
