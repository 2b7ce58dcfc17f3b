/* SPDX-License-Identifier: Apache-2.0
 * What one connection offers in its ClientHello beside what the context does; and one that the
 * library would not make: taken apart and put together again, or replaced.
 * What follows the server's answer fails then, since both sides have seen different octets. */
#include "net/tls_internal.h"

#define RECORD_HEADER 5u    /* type, version, length */
#define HANDSHAKE_HEADER 4u /* type, length */
#define FIXED 34u           /* version and random (RFC 5246 section 7.4.1.2) */
#define HELLO_MAX 8192u

static const uint8_t scsv[] = {0x00, 0xFF};                       /* RFC 5746 section 3.3 */
static const uint8_t deflate_and_null[] = {0x01, 0x00};           /* RFC 3749 section 2 */
static const uint8_t truncated_hmac[] = {0x00, 0x04, 0x00, 0x00}; /* RFC 6066 section 7 */

/* CLIENT-HELLO of SSL 2.0: version 0.2, three suites of three octets, a challenge of 16. */
static const uint8_t ssl2_hello[] = {
    0x80, 0x22, 0x01, 0x00, 0x02, 0x00, 0x09, 0x00, 0x00, 0x00, 0x10, 0x01,
    0x00, 0x80, 0x07, 0x00, 0xC0, 0x03, 0x00, 0x80, 0x30, 0x31, 0x32, 0x33,
    0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
};

/* A part with its length before it, in `width` octets; false: it is not whole. */
static bool cut_part(struct pq_slice *in, size_t width, struct pq_slice *part)
{
    size_t len = 0;
    if (in->len < width)
        return false;
    for (size_t i = 0; i < width; i++)
        len = len << 8 | in->at[i];
    *in = pq_slice_after(*in, width);
    *part = pq_slice_first(*in, len);
    *in = pq_slice_after(*in, len);
    return part->len == len;
}

static void put_len(struct pq_buf *out, size_t width, size_t len)
{
    while (width-- > 0)
        pq_buf_put_octet(out, (uint8_t)(len >> (8 * width)));
}

static void put_part(struct pq_buf *out, size_t width, struct pq_slice part, struct pq_slice more)
{
    put_len(out, width, part.len + more.len);
    pq_buf_put(out, part);
    pq_buf_put(out, more);
}

/* The body of the handshake message; false: `in` is no whole ClientHello. */
static bool put_body(const struct pq_tls_hello *h, struct pq_slice in, struct pq_buf *out)
{
    struct pq_slice session, suites, compression, extensions, none = {NULL, 0}, more = none;
    struct pq_slice fixed = pq_slice_first(in, FIXED);
    in = pq_slice_after(in, FIXED);
    if (!cut_part(&in, 1, &session) || !cut_part(&in, 2, &suites) ||
        !cut_part(&in, 1, &compression) || !cut_part(&in, 2, &extensions))
        return false;
    if (h->kind == PQ_TLS_HELLO_DEFLATE)
        compression = pq_slice_of(deflate_and_null, sizeof(deflate_and_null));
    if (h->kind == PQ_TLS_HELLO_TRUNCATED_HMAC)
        more = pq_slice_of(truncated_hmac, sizeof(truncated_hmac));
    pq_buf_put(out, fixed);
    put_part(out, 1, session, none);
    if (h->suites.len > 0)
        put_part(out, 2, h->suites, pq_slice_of(scsv, sizeof(scsv)));
    else
        put_part(out, 2, suites, none);
    put_part(out, 1, compression, none);
    put_part(out, 2, extensions, more);
    return !out->overflowed;
}

static bool put_whole(const struct pq_tls_hello *h, struct pq_slice in, struct pq_buf *out)
{
    uint8_t memory[HELLO_MAX];
    struct pq_buf body;
    pq_buf_init(&body, memory, sizeof(memory));
    if (in.len < RECORD_HEADER + HANDSHAKE_HEADER + FIXED ||
        !put_body(h, pq_slice_after(in, RECORD_HEADER + HANDSHAKE_HEADER), &body))
        return false;
    pq_buf_put(out, pq_slice_first(in, 2));
    pq_buf_put_octet(out, h->record > 0 ? (uint8_t)(h->record - 1) : in.at[2]);
    put_len(out, 2, body.len + HANDSHAKE_HEADER);
    pq_buf_put_octet(out, in.at[RECORD_HEADER]);
    put_len(out, 3, body.len);
    pq_buf_put(out, pq_buf_slice(&body));
    return !out->overflowed;
}

/* Commas between become octets of length before (RFC 7301 section 3.1). */
bool pq_tls_offer_protocols(SSL *ssl, struct pq_slice names)
{
    uint8_t memory[PQ_TLS_ALPN_MAX];
    struct pq_buf wire;
    pq_buf_init(&wire, memory, sizeof(memory));
    while (names.len > 0) {
        struct pq_slice name = pq_slice_cut(&names, ',');
        pq_buf_put_octet(&wire, (uint8_t)name.len);
        pq_buf_put(&wire, name);
    }
    /* This one answers 0 for success. */
    return !wire.overflowed && SSL_set_alpn_protos(ssl, memory, (unsigned)wire.len) == 0;
}

/* What is weak is offered to see it refused. */
bool pq_tls_offer_ciphers(SSL *ssl, const char *ciphers)
{
    SSL_set_security_level(ssl, 0);
    return SSL_set_cipher_list(ssl, ciphers) == 1;
}

bool pq_tls_hello_is_plain(const struct pq_tls_hello *h)
{
    return h->kind == PQ_TLS_HELLO_USUAL && h->record == 0 && h->suites.len == 0;
}

bool pq_tls_hello_write(const struct pq_tls_hello *h, struct pq_slice usual, struct pq_buf *out)
{
    if (h->kind == PQ_TLS_HELLO_SSL2)
        return pq_buf_put(out, pq_slice_of(ssl2_hello, sizeof(ssl2_hello)));
    if (h->kind == PQ_TLS_HELLO_CLEAR)
        return pq_buf_put_text(out, "CAPA\r\n");
    return put_whole(h, usual, out);
}
