/* SPDX-License-Identifier: Apache-2.0
 * The engine: OpenSSL between two bounded buffers. */
#include <assert.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls_internal.h"

/* The longest record's plaintext (RFC 8446 section 5.1), and what it needs beyond: header, IV, MAC,
 * padding, and an empty record in front (TLS 1.0). What pq_tls_write() takes always fits, so that
 * OpenSSL never keeps a record that must be offered again; close_notify fits likewise. */
#define RECORD_MAX 16384u
#define RECORD_OVERHEAD 512u

/* The octets that tell TLS from plaintext: content type and major version. */
#define SNIFF_LEN 2u

struct pq_tls {
    struct pq_alloc alloc;
    SSL *ssl;
    BIO *wire;      /* our end of the pair; OpenSSL holds the other */
    size_t sniffed; /* octets of the peer that were looked at, sniffed <= SNIFF_LEN */
    bool complete;  /* the handshake is */
    bool at_eof;    /* pq_tls_eof() was called */
    bool closed;    /* our close_notify was written */
    int alert;      /* the peer's, or -1 */
    enum pq_tls_end end;
    char name[PQ_TLS_NAME_MAX + 1]; /* that the certificate must be for */
    bool name_is_address;
    struct pq_tls_heard heard;
    struct pq_why why;
};

/* ---- how TLS ends ---------------------------------------------------------------------------- */

/* The first cause stays. `detail` may be NULL. */
static enum pq_next tls_end(struct pq_tls *t, enum pq_tls_end end, const char *detail)
{
    if (t->end != PQ_TLS_END_NONE)
        return PQ_NEXT_ERROR;
    t->end = end;
    (void)pq_why_fail(&t->why, PQ_STATUS_TLS, "%s%s%s", pq_tls_end_text(end), detail ? ": " : "",
                      detail ? detail : "");
    return PQ_NEXT_ERROR;
}

static enum pq_next tls_alert(struct pq_tls *t, int alert)
{
    struct pq_why detail;
    t->alert = alert;
    (void)pq_why_fail(&detail, PQ_STATUS_TLS, "%d (%s)", alert, pq_tls_alert_name((unsigned)alert));
    return tls_end(t, PQ_TLS_END_ALERT, detail.text);
}

static enum pq_next tls_refuse(struct pq_tls *t)
{
    struct pq_why detail;
    long result = SSL_get_verify_result(t->ssl);
    const char *text = X509_verify_cert_error_string(result);
    if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
        (void)pq_why_fail(&detail, PQ_STATUS_TLS, "it is not for %s (%s)", t->name, text);
    else
        (void)pq_why_fail(&detail, PQ_STATUS_TLS, "%s", text);
    return tls_end(t, PQ_TLS_END_REFUSED, detail.text);
}

/* OpenSSL's error queue tells what happened. A received alert has a reason of its own. */
static enum pq_next tls_broke(struct pq_tls *t)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    int alert = reason - SSL_AD_REASON_OFFSET;
    const char *text = pq_tls_library_error();
    if (alert >= 0 && alert <= UINT8_MAX)
        return tls_alert(t, alert);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return tls_refuse(t);
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
        return tls_end(t, PQ_TLS_END_REFUSED, "it sent none");
    return tls_end(t, PQ_TLS_END_FAILED, text);
}

/* What an unsuccessful call of OpenSSL means. */
static enum pq_next tls_judge(struct pq_tls *t, int result)
{
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        /* The library has seen all that was fed. */
        return t->at_eof ? tls_end(t, PQ_TLS_END_CUT, NULL) : PQ_NEXT_NEED_DATA;
    case SSL_ERROR_WANT_WRITE:
        return PQ_NEXT_NEED_DATA;
    case SSL_ERROR_ZERO_RETURN:
        return t->complete ? tls_end(t, PQ_TLS_END_CLOSED, NULL)
                           : tls_alert(t, SSL_AD_CLOSE_NOTIFY);
    default:
        return tls_broke(t);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool join_buffers(struct pq_tls *t)
{
    BIO *inner = NULL;
    if (BIO_new_bio_pair(&inner, PQ_TLS_BUFFER, &t->wire, PQ_TLS_BUFFER) != 1)
        return false;
    SSL_set_bio(t->ssl, inner, inner);
    return true;
}

/* RFC 7817 section 3: a wildcard is never a fragment of a label. */
static bool expect_name(struct pq_tls *t, struct pq_slice name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
    if (name.len == 0 || name.len > PQ_TLS_NAME_MAX)
        return false;
    memcpy(t->name, name.at, name.len);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    t->name_is_address = X509_VERIFY_PARAM_set1_ip_asc(param, t->name) == 1;
    return t->name_is_address || X509_VERIFY_PARAM_set1_host(param, t->name, 0) == 1;
}

#define HELLO_MAX 8192u

/* Takes the library's ClientHello back and sends another one. */
static bool replace_hello(struct pq_tls *t, const struct pq_tls_hello *hello)
{
    uint8_t memory[HELLO_MAX];
    struct pq_buf other;
    struct pq_slice usual = pq_tls_send_buf(t);
    pq_buf_init(&other, memory, sizeof(memory));
    if (!pq_tls_hello_write(hello, usual, &other))
        return false;
    pq_tls_send_ack(t, usual.len);
    return BIO_write(SSL_get_wbio(t->ssl), other.at, (int)other.len) == (int)other.len;
}

static bool offer_session(struct pq_tls *t, const struct pq_tls_peer *peer)
{
    const SSL *old = peer->resume ? pq_tls_complete(peer->resume) : NULL;
    if (peer->old_secret) {
        SSL_clear_options(t->ssl, SSL_OP_NO_TICKET);
        SSL_set_options(t->ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    }
    return !peer->resume || (old && SSL_set_session(t->ssl, SSL_get0_session(old)) == 1);
}

static bool offer(struct pq_tls *t, const struct pq_tls_peer *peer)
{
    return (!peer->sni || SSL_set_tlsext_host_name(t->ssl, peer->sni) == 1) &&
           (!peer->name || expect_name(t, pq_slice_text(peer->name))) &&
           (!peer->ciphers || pq_tls_offer_ciphers(t->ssl, peer->ciphers)) &&
           (peer->alpn.len == 0 || pq_tls_offer_protocols(t->ssl, peer->alpn)) &&
           offer_session(t, peer);
}

static bool tls_prepare(struct pq_tls *t, SSL_CTX *ssl, const struct pq_tls_peer *peer)
{
    t->ssl = SSL_new(ssl);
    if (!t->ssl || !join_buffers(t))
        return false;
    if (SSL_is_server(t->ssl)) {
        SSL_set_accept_state(t->ssl);
        return true;
    }
    SSL_set_connect_state(t->ssl);
    SSL_set_msg_callback(t->ssl, pq_tls_hear);
    SSL_set_msg_callback_arg(t->ssl, &t->heard);
    if (peer && !offer(t, peer))
        return false;
    /* The first flight must be ready before the peer's first octet can be held back. */
    if (pq_tls_handshake(t) != PQ_NEXT_NEED_DATA)
        return false;
    return !peer || pq_tls_hello_is_plain(&peer->hello) || replace_hello(t, &peer->hello);
}

struct pq_tls *pq_tls_new(struct pq_tls_context *c, const struct pq_tls_peer *peer,
                          struct pq_why *why)
{
    struct pq_tls *t = c->alloc.resize(c->alloc.ctx, NULL, sizeof(*t));
    if (!t) {
        (void)pq_why_fail(why, PQ_STATUS_NO_MEMORY, "memory is exhausted");
        return NULL;
    }
    *t = (struct pq_tls){.alloc = c->alloc, .alert = -1};
    ERR_clear_error();
    if (tls_prepare(t, c->ssl, peer)) {
        ERR_clear_error();
        return t;
    }
    (void)pq_why_fail(why, PQ_STATUS_TLS, "TLS cannot begin: %s",
                      t->end == PQ_TLS_END_NONE ? pq_tls_library_error() : t->why.text);
    pq_tls_free(t);
    return NULL;
}

void pq_tls_free(struct pq_tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    BIO_free(t->wire);
    t->alloc.resize(t->alloc.ctx, t, 0);
}

/* ---- ciphertext ------------------------------------------------------------------------------ */

/* RFC 8446 section 5.1: every record begins with a content type from 20 to 24 and the major version
 * 3. No reply and no command of a text protocol does. */
static void tls_sniff(struct pq_tls *t, struct pq_slice in)
{
    for (; in.len > 0 && t->sniffed < SNIFF_LEN; in = pq_slice_after(in, 1)) {
        uint8_t octet = in.at[0];
        bool fits = t->sniffed == 0 ? octet >= 20 && octet <= 24 : octet == 3;
        t->sniffed++;
        if (!fits)
            (void)tls_end(t, PQ_TLS_END_PLAIN, NULL);
    }
}

size_t pq_tls_room(const struct pq_tls *t)
{
    if (t->end != PQ_TLS_END_NONE || t->at_eof)
        return 0;
    return BIO_ctrl_get_write_guarantee(t->wire);
}

size_t pq_tls_feed(struct pq_tls *t, struct pq_slice in)
{
    in = pq_slice_first(in, pq_tls_room(t));
    if (in.len == 0)
        return 0;
    int taken = BIO_write(t->wire, in.at, (int)in.len);
    tls_sniff(t, in);
    return taken > 0 ? (size_t)taken : 0;
}

void pq_tls_eof(struct pq_tls *t)
{
    t->at_eof = true;
}

struct pq_slice pq_tls_send_buf(struct pq_tls *t)
{
    char *at = NULL;
    int len = BIO_nread0(t->wire, &at);
    return len > 0 ? pq_slice_of(at, (size_t)len) : pq_slice_of(NULL, 0);
}

void pq_tls_send_ack(struct pq_tls *t, size_t n)
{
    assert(n <= PQ_TLS_BUFFER);
    char *at = NULL;
    if (n > 0)
        (void)BIO_nread(t->wire, &at, (int)n);
}

unsigned pq_tls_want(const struct pq_tls *t)
{
    unsigned send = BIO_ctrl_pending(t->wire) > 0 ? PQ_TLS_WANT_SEND : 0;
    return send | (pq_tls_room(t) > 0 ? PQ_TLS_WANT_RECV : 0);
}

size_t pq_tls_rest(const struct pq_tls *t)
{
    return t->end == PQ_TLS_END_NONE ? 0 : BIO_ctrl_pending(SSL_get_rbio(t->ssl));
}

size_t pq_tls_take_rest(struct pq_tls *t, void *at, size_t cap)
{
    size_t rest = pq_tls_rest(t);
    int n = BIO_read(SSL_get_rbio(t->ssl), at, (int)(cap < rest ? cap : rest));
    return n > 0 ? (size_t)n : 0;
}

/* ---- plaintext ------------------------------------------------------------------------------- */

enum pq_next pq_tls_handshake(struct pq_tls *t)
{
    if (t->complete)
        return PQ_NEXT_EVENT;
    if (t->end != PQ_TLS_END_NONE)
        return PQ_NEXT_ERROR;
    if (t->sniffed > 0 && t->sniffed < SNIFF_LEN)
        return t->at_eof ? tls_end(t, PQ_TLS_END_CUT, NULL) : PQ_NEXT_NEED_DATA;
    ERR_clear_error();
    int result = SSL_do_handshake(t->ssl);
    if (result != 1)
        return tls_judge(t, result);
    t->complete = true;
    return PQ_NEXT_EVENT;
}

enum pq_next pq_tls_read(struct pq_tls *t, void *at, size_t cap, size_t *got)
{
    assert(cap > 0);
    if (t->end != PQ_TLS_END_NONE)
        return PQ_NEXT_ERROR;
    if (!t->complete)
        return PQ_NEXT_NEED_DATA;
    ERR_clear_error();
    int result = SSL_read_ex(t->ssl, at, cap, got);
    return result == 1 ? PQ_NEXT_EVENT : tls_judge(t, result);
}

bool pq_tls_is_readable(struct pq_tls *t)
{
    uint8_t octet;
    size_t got = 0;
    if (t->end != PQ_TLS_END_NONE || !t->complete)
        return t->end != PQ_TLS_END_NONE;
    ERR_clear_error();
    int result = SSL_peek_ex(t->ssl, &octet, sizeof(octet), &got);
    return result == 1 || tls_judge(t, result) == PQ_NEXT_ERROR;
}

bool pq_tls_is_writable(const struct pq_tls *t)
{
    bool open =
        t->end == PQ_TLS_END_NONE || t->end == PQ_TLS_END_CLOSED || t->end == PQ_TLS_END_CUT;
    return t->complete && !t->closed && open;
}

/* How much plaintext fits with its overhead. */
static size_t write_room(const struct pq_tls *t)
{
    size_t room = BIO_ctrl_get_write_guarantee(SSL_get_wbio(t->ssl));
    if (room <= RECORD_OVERHEAD)
        return 0;
    return room - RECORD_OVERHEAD < RECORD_MAX ? room - RECORD_OVERHEAD : RECORD_MAX;
}

size_t pq_tls_write(struct pq_tls *t, struct pq_slice in)
{
    size_t len = in.len;
    while (in.len > 0 && pq_tls_is_writable(t) && write_room(t) > 0) {
        size_t n = 0;
        ERR_clear_error();
        int result = SSL_write_ex(t->ssl, in.at, pq_slice_first(in, write_room(t)).len, &n);
        if (result != 1 && tls_judge(t, result) != PQ_NEXT_EVENT)
            break;
        in = pq_slice_after(in, n);
    }
    return len - in.len;
}

void pq_tls_close(struct pq_tls *t)
{
    if (!pq_tls_is_writable(t))
        return;
    ERR_clear_error();
    (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
    t->closed = true;
}

/* ---- what happened --------------------------------------------------------------------------- */

enum pq_tls_end pq_tls_end(const struct pq_tls *t)
{
    return t->end;
}

const char *pq_tls_why(const struct pq_tls *t)
{
    return t->why.text;
}

int pq_tls_alert(const struct pq_tls *t)
{
    return t->alert;
}

bool pq_tls_info(const struct pq_tls *t, struct pq_tls_info *info)
{
    if (!t->complete)
        return false;
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_len);
    *info = (struct pq_tls_info){
        .version = SSL_get_version(t->ssl),
        .cipher = SSL_get_cipher_name(t->ssl),
        .sni = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name),
        .alpn = pq_slice_of(alpn, alpn_len),
        .verify = X509_verify_cert_error_string(SSL_get_verify_result(t->ssl)),
        .peer_certificate = SSL_get0_peer_certificate(t->ssl) != NULL,
    };
    return true;
}

const SSL *pq_tls_complete(const struct pq_tls *t)
{
    return t->complete ? t->ssl : NULL;
}

void pq_tls_facts(const struct pq_tls *t, struct pq_buf *out)
{
    const struct pq_tls_facts_of of = {
        .ssl = t->ssl,
        .heard = &t->heard,
        .name = t->name_is_address ? "" : t->name,
        .end = t->end,
        .alert = t->alert,
        .complete = t->complete,
    };
    pq_tls_facts_write(&of, out);
}
