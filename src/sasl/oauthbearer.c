/* SPDX-License-Identifier: Apache-2.0
 * OAUTHBEARER, RFC 7628: a GS2 header, ^A, key=value ^A ..., ^A. A refusal is told in JSON as a
 * challenge, which the client answers with ^A. The store finds users by name and tokens by user, so
 * a client that names nobody in its header is refused (section 3.1: servers may require it). */
#include "sasl/scram_internal.h"

#define KVSEP 0x01
#define PORT_MAX 65535u

static const struct pq_slice end = PQ_SLICE_INIT("\001");

struct response {
    struct pq_slice token, host;
    uint32_t port; /* 0: not said */
};

/* ---- what a response holds ------------------------------------------------------------------- */

static bool is_key(struct pq_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!pq_ascii_is_alpha(s.at[i]))
            return false;
    return s.len > 0;
}

static bool is_value(struct pq_slice s)
{
    unsigned blanks = PQ_OCTETS_CR | PQ_OCTETS_LF | PQ_OCTETS_TAB;
    return (pq_slice_octets(s) & ~blanks) == 0;
}

/* b64token of RFC 6750 section 2.1. */
static enum pq_sasl_flaw check_token(struct pq_slice token, size_t max)
{
    const struct pq_slice signs = PQ_SLICE("-._~+/");
    size_t len = token.len;
    while (len > 0 && token.at[len - 1] == '=')
        len--;
    if (len == 0 || token.len > max)
        return PQ_SASL_FLAW_LENGTH;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = token.at[i];
        if (!pq_ascii_is_alpha(c) && !pq_ascii_is_digit(c) && pq_slice_index(signs, c) == signs.len)
            return PQ_SASL_FLAW_OCTETS;
    }
    return PQ_SASL_FLAW_NONE;
}

/* "Bearer", in any case (RFC 7235 section 2.1), blanks, and the token. */
static enum pq_sasl_flaw read_auth(struct pq_slice value, struct response *r, size_t max)
{
    struct pq_slice scheme = pq_slice_cut(&value, ' ');
    if (r->token.at || !pq_slice_equal_nocase(scheme, PQ_SLICE("Bearer")))
        return PQ_SASL_FLAW_FIELDS;
    while (pq_slice_starts(value, PQ_SLICE(" ")))
        value = pq_slice_after(value, 1);
    r->token = value;
    return check_token(value, max);
}

static enum pq_sasl_flaw read_port(struct pq_slice value, struct response *r)
{
    if (r->port > 0 || pq_parse_u32(value, &r->port) != PQ_STATUS_OK || r->port == 0 ||
        r->port > PORT_MAX)
        return PQ_SASL_FLAW_FIELDS;
    return PQ_SASL_FLAW_NONE;
}

static enum pq_sasl_flaw read_host(struct pq_slice value, struct response *r)
{
    if (r->host.len > 0 || value.len == 0)
        return PQ_SASL_FLAW_FIELDS;
    r->host = value;
    return PQ_SASL_FLAW_NONE;
}

/* Section 3.1: "Unknown key/value pairs MUST be ignored by the server." */
static enum pq_sasl_flaw read_pair(struct pq_slice pair, struct response *r, size_t max)
{
    size_t before = pair.len;
    struct pq_slice key = pq_slice_cut(&pair, '=');
    if (key.len == before || !is_key(key))
        return PQ_SASL_FLAW_FIELDS;
    if (!is_value(pair))
        return PQ_SASL_FLAW_OCTETS;
    if (pq_slice_equal(key, PQ_SLICE("auth")))
        return read_auth(pair, r, max);
    if (pq_slice_equal(key, PQ_SLICE("host")))
        return read_host(pair, r);
    return pq_slice_equal(key, PQ_SLICE("port")) ? read_port(pair, r) : PQ_SASL_FLAW_NONE;
}

static enum pq_sasl_flaw read_pairs(struct pq_slice rest, struct response *r, size_t max)
{
    enum pq_sasl_flaw flaw = PQ_SASL_FLAW_NONE;
    if (!pq_slice_starts(rest, end))
        return PQ_SASL_FLAW_FIELDS;
    rest = pq_slice_after(rest, end.len);
    while (flaw == PQ_SASL_FLAW_NONE && !pq_slice_equal(rest, end)) {
        size_t before = rest.len;
        struct pq_slice pair = pq_slice_cut(&rest, KVSEP);
        flaw = pair.len < before ? read_pair(pair, r, max) : PQ_SASL_FLAW_FIELDS;
    }
    return flaw == PQ_SASL_FLAW_NONE && !r->token.at ? PQ_SASL_FLAW_FIELDS : flaw;
}

/* ---- server ---------------------------------------------------------------------------------- */

static enum pq_sasl_flaw judge(struct pq_sasl_server *s, const struct response *r)
{
    const struct pq_sasl_server_config *config = s->config;
    if (config->is_at && !config->is_at(config->ctx, r->host, r->port))
        return PQ_SASL_FLAW_PLACE;
    return s->user.len > 0 ? pq_sasl_server_check(s, r->token) : PQ_SASL_FLAW_CREDENTIALS;
}

static enum pq_sasl_flaw take_message(struct pq_sasl_server *s, struct pq_slice in)
{
    struct response r = {.port = 0};
    struct pq_scram_reader reader = pq_scram_reader_of(in);
    struct pq_scram_header header;
    enum pq_sasl_flaw flaw = pq_scram_header_read(&reader, &header, &s->user);
    if (flaw == PQ_SASL_FLAW_NONE && header.flag == 'p')
        flaw = PQ_SASL_FLAW_BINDING;
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = read_pairs(reader.rest, &r, s->row->secret_max);
    return flaw == PQ_SASL_FLAW_NONE ? judge(s, &r) : flaw;
}

/* The error codes of RFC 6750 section 3.1. */
static const char *error_of(enum pq_sasl_flaw flaw)
{
    return flaw == PQ_SASL_FLAW_PLACE ? "{\"status\":\"invalid_request\"}"
                                      : "{\"status\":\"invalid_token\"}";
}

enum pq_sasl_flaw pq_sasl_oauthbearer_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                             struct pq_buf *out)
{
    if (s->turn > 0)
        return s->verdict; /* whatever the client says to its refusal (section 3.2.3) */
    enum pq_sasl_flaw flaw = take_message(s, *in);
    if (flaw != PQ_SASL_FLAW_CREDENTIALS && flaw != PQ_SASL_FLAW_PLACE)
        return flaw;
    s->verdict = flaw;
    return pq_buf_put_text(out, error_of(flaw)) ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}

/* ---- client ---------------------------------------------------------------------------------- */

static enum pq_sasl_flaw write_message(const struct pq_sasl_client *c, struct pq_buf *out)
{
    const struct pq_sasl_client_config *config = c->config;
    const struct pq_scram_header header = {.flag = 'n', .authzid = config->user};
    enum pq_sasl_flaw flaw = check_token(config->secret, c->row->secret_max);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    bool fits = pq_scram_header_write(&header, out) && pq_buf_put_octet(out, KVSEP) &&
                pq_buf_put_text(out, "auth=Bearer ") && pq_buf_put(out, config->secret) &&
                pq_buf_put_octet(out, KVSEP) && pq_buf_put(out, end);
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}

enum pq_sasl_flaw pq_sasl_oauthbearer_client(struct pq_sasl_client *c,
                                             const struct pq_slice *challenge, struct pq_buf *out)
{
    if (c->turn == 0) {
        c->outcome = PQ_SASL_DONE;
        return write_message(c, out);
    }
    if (c->turn > 1 || challenge->len == 0)
        return PQ_SASL_FLAW_SURPLUS;
    c->flaw = PQ_SASL_FLAW_PEER_ERROR;
    c->outcome = PQ_SASL_CONTINUE;
    return pq_buf_put(out, end) ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}
