/* SPDX-License-Identifier: Apache-2.0
 * From a configuration to an SSL_CTX: made once, shared by all engines. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "net/tls_internal.h"

static enum pq_status library_refused(struct pq_why *why, const char *what)
{
    return pq_why_fail(why, PQ_STATUS_TLS, "%s: %s", what, pq_tls_library_error());
}

/* ---- versions -------------------------------------------------------------------------------- */

static enum pq_status set_versions(SSL_CTX *ssl, const struct pq_tls_config *config,
                                   struct pq_why *why)
{
    static const int numbers[] = {[PQ_TLS_1_0] = TLS1_VERSION,
                                  [PQ_TLS_1_1] = TLS1_1_VERSION,
                                  [PQ_TLS_1_2] = TLS1_2_VERSION,
                                  [PQ_TLS_1_3] = TLS1_3_VERSION};
    enum pq_tls_version max = config->max == PQ_TLS_DEFAULT ? PQ_TLS_1_3 : config->max;
    enum pq_tls_version low = max < PQ_TLS_1_2 ? max : PQ_TLS_1_2;
    enum pq_tls_version min = config->min == PQ_TLS_DEFAULT ? low : config->min;
    if (min > max)
        return pq_why_fail(why, PQ_STATUS_TLS, "the lowest TLS version is above the highest");
    if (min < PQ_TLS_1_2 && !config->weak)
        return pq_why_fail(why, PQ_STATUS_TLS,
                           "TLS 1.0 and 1.1 are not secure: ask for weak TLS to probe them");
    if (config->weak)
        SSL_CTX_set_security_level(ssl, 0);
    if (SSL_CTX_set_min_proto_version(ssl, numbers[min]) != 1 ||
        SSL_CTX_set_max_proto_version(ssl, numbers[max]) != 1)
        return library_refused(why, "the TLS versions cannot be set");
    return PQ_STATUS_OK;
}

/* ---- server: certificates by name ------------------------------------------------------------ */

static int choose_by_name(SSL *ssl, int *alert, void *ctx)
{
    const struct pq_tls_context *c = ctx;
    (void)alert;
    struct pq_slice asked = pq_slice_text(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    for (size_t i = 0; i < c->materials_len; i++) {
        const struct tls_material *m = &c->materials[i];
        if (asked.len == 0 || !pq_slice_equal_nocase(asked, pq_slice_text(m->sni)))
            continue;
        bool used = SSL_use_cert_and_key(ssl, m->cert, m->key, m->chain, 1) == 1;
        return used ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static enum pq_status set_identities(struct pq_tls_context *c, const struct pq_tls_config *config,
                                     struct pq_why *why)
{
    size_t most = config->server ? PQ_TLS_IDENTITIES_MAX : 1;
    if (config->server && config->identities_len == 0)
        return pq_why_fail(why, PQ_STATUS_TLS, "a TLS server needs a certificate and a key");
    if (config->identities_len > most)
        return pq_why_fail(why, PQ_STATUS_TLS, "more than %zu certificates", most);
    for (size_t i = 0; i < config->identities_len; i++) {
        struct tls_material *m = &c->materials[c->materials_len++];
        enum pq_status status = pq_tls_pem_identity(&config->identities[i], c->alloc, m, why);
        if (status != PQ_STATUS_OK)
            return status;
    }
    const struct tls_material *first = &c->materials[0];
    if (first->cert &&
        SSL_CTX_use_cert_and_key(c->ssl, first->cert, first->key, first->chain, 1) != 1)
        return library_refused(why, "the certificate cannot be used");
    SSL_CTX_set_tlsext_servername_callback(c->ssl, choose_by_name);
    SSL_CTX_set_tlsext_servername_arg(c->ssl, c);
    return PQ_STATUS_OK;
}

/* ---- ALPN ------------------------------------------------------------------------------------ */

/* The library prescribes the parameters. */
// NOLINTNEXTLINE(readability-function-size)
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *ctx)
{
    const struct pq_tls_context *c = ctx;
    unsigned char *chosen = NULL;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, c->alpn, (unsigned)c->alpn_len, offered,
                              offered_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 section 3.2: no_application_protocol */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static enum pq_status set_alpn(struct pq_tls_context *c, const struct pq_tls_config *config,
                               struct pq_why *why)
{
    struct pq_buf wire;
    pq_buf_init(&wire, c->alpn, sizeof(c->alpn));
    for (size_t i = 0; i < config->alpn_len; i++) {
        struct pq_slice name = config->alpn[i];
        if (name.len == 0 || name.len > UINT8_MAX)
            return pq_why_fail(why, PQ_STATUS_TLS, "an ALPN name has 1 to 255 octets");
        pq_buf_put_octet(&wire, (uint8_t)name.len);
        pq_buf_put(&wire, name);
    }
    if (wire.overflowed)
        return pq_why_fail(why, PQ_STATUS_TLS, "the ALPN names exceed %u octets", PQ_TLS_ALPN_MAX);
    c->alpn_len = wire.len;
    if (wire.len == 0)
        return PQ_STATUS_OK;
    SSL_CTX_set_alpn_select_cb(c->ssl, choose_protocol, c);
    /* This one answers 0 for success. */
    if (SSL_CTX_set_alpn_protos(c->ssl, c->alpn, (unsigned)c->alpn_len) != 0)
        return library_refused(why, "the ALPN names cannot be set");
    return PQ_STATUS_OK;
}

/* ---- key log --------------------------------------------------------------------------------- */

static void write_keylog(const SSL *ssl, const char *line)
{
    const struct pq_tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    uint8_t memory[512]; /* a label, 32 and 48 octets in hexadecimal, and an end of line */
    struct pq_buf whole;
    pq_buf_init(&whole, memory, sizeof(memory));
    pq_buf_put_text(&whole, line);
    pq_buf_put_octet(&whole, '\n');
    /* One write for each line, so that several processes may share the file. A lost line spoils a
     * capture and nothing else. */
    if (!whole.overflowed && write(c->keylog_fd, whole.at, whole.len) < 0)
        return;
}

static enum pq_status set_keylog(struct pq_tls_context *c, const char *file, struct pq_why *why)
{
    if (!file)
        return PQ_STATUS_OK;
    c->keylog_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->keylog_fd < 0)
        return pq_why_errno(why, PQ_STATUS_FILE, errno, "cannot write the key log %s", file);
    SSL_CTX_set_keylog_callback(c->ssl, write_keylog);
    return PQ_STATUS_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Sessions that a server remembers. */
#define SESSIONS_MAX 256

static void set_habits(struct pq_tls_context *c, const struct pq_tls_config *config)
{
    const int demands = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    const int asks = config->ask ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
    SSL_CTX_set_app_data(c->ssl, c);
    SSL_CTX_set_verify(c->ssl, config->verify ? demands : asks, NULL);
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(c->ssl,
                                   config->resume ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
    SSL_CTX_sess_set_cache_size(c->ssl, SESSIONS_MAX);
    (void)SSL_CTX_set_num_tickets(c->ssl, 0);
    SSL_CTX_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static enum pq_status set_all(struct pq_tls_context *c, const struct pq_tls_config *config,
                              struct pq_why *why)
{
    c->ssl = SSL_CTX_new(config->server ? TLS_server_method() : TLS_client_method());
    if (!c->ssl)
        return library_refused(why, "TLS cannot be set up");
    set_habits(c, config);
    enum pq_status status = set_versions(c->ssl, config, why);
    if (status == PQ_STATUS_OK)
        status = set_identities(c, config, why);
    if (status == PQ_STATUS_OK)
        status = pq_tls_pem_trust(&config->ca, c->alloc, c->ssl, why);
    if (status == PQ_STATUS_OK)
        status = set_alpn(c, config, why);
    if (status == PQ_STATUS_OK)
        status = set_keylog(c, config->keylog_file, why);
    return status;
}

struct pq_tls_context *pq_tls_context_new(const struct pq_tls_config *config, struct pq_alloc alloc,
                                          struct pq_why *why)
{
    struct pq_tls_context *c = alloc.resize(alloc.ctx, NULL, sizeof(*c));
    if (!c) {
        (void)pq_why_fail(why, PQ_STATUS_NO_MEMORY, "memory is exhausted");
        return NULL;
    }
    *c = (struct pq_tls_context){
        .alloc = alloc, .server = config->server, .verify = config->verify, .keylog_fd = -1};
    ERR_clear_error();
    if (set_all(c, config, why) == PQ_STATUS_OK)
        return c;
    pq_tls_context_free(c);
    return NULL;
}

void pq_tls_context_free(struct pq_tls_context *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->materials_len; i++)
        pq_tls_material_clear(&c->materials[i]);
    SSL_CTX_free(c->ssl);
    if (c->keylog_fd >= 0)
        (void)close(c->keylog_fd);
    c->alloc.resize(c->alloc.ctx, c, 0);
}
