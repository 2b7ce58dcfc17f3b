/* SPDX-License-Identifier: Apache-2.0
 * The capability list: computed from the configuration, or as configured (RFC 2449 section 5). */
#include "mock/server_internal.h"

#include "popquiz/capa.h"

static bool is_authenticated(const struct pq_server *s)
{
    return s->conn.session.state == PQ_STATE_TRANSACTION;
}

static bool put_flag(const struct pq_server *s, enum pq_capability_tag tag)
{
    const struct pq_mock_config *c = &s->mock->config;
    switch (tag) {
    case PQ_CAPA_USER:
        return c->user && server_may_send_password(s);
    case PQ_CAPA_PIPELINING:
        return c->pipelining;
    case PQ_CAPA_LANG:
        return c->lang;
    case PQ_CAPA_STLS:
        return c->tls && s->conn.session.tls == PQ_TLS_NONE && !is_authenticated(s);
    case PQ_CAPA_TOP:
    case PQ_CAPA_UIDL:
    case PQ_CAPA_RESP_CODES:
    case PQ_CAPA_AUTH_RESP_CODE:
        return true;
    case PQ_CAPA_OTHER:
    case PQ_CAPA_SASL:
    case PQ_CAPA_LOGIN_DELAY:
    case PQ_CAPA_EXPIRE:
    case PQ_CAPA_IMPLEMENTATION:
    case PQ_CAPA_UTF8:
    case PQ_CAPA_COUNT:
        break;
    }
    return false;
}

static void put_mechanisms(const struct pq_server *s, struct pq_buf *params)
{
    for (int m = 0; m < PQ_MECHANISM_COUNT; m++) {
        if (!server_has_mechanism(s, (enum pq_mechanism)m))
            continue;
        if (params->len > 0)
            pq_buf_put_octet(params, ' ');
        pq_buf_put(params, pq_mechanism_row((enum pq_mechanism)m)->name);
    }
}

/* The parameters of a capability that has some; false when it is not announced. */
static bool put_params(const struct pq_server *s, enum pq_capability_tag tag, struct pq_buf *params)
{
    const struct pq_mock_config *c = &s->mock->config;
    if (tag == PQ_CAPA_SASL)
        put_mechanisms(s, params);
    else if (tag == PQ_CAPA_LOGIN_DELAY && c->login_delay_s > 0)
        pq_buf_put_u64(params, c->login_delay_s);
    else if (tag == PQ_CAPA_EXPIRE && c->expire_days == PQ_EXPIRE_NEVER)
        pq_buf_put_text(params, "NEVER");
    else if (tag == PQ_CAPA_EXPIRE)
        pq_buf_put_u64(params, c->expire_days);
    else if (tag == PQ_CAPA_IMPLEMENTATION && c->implementation)
        pq_buf_put_text(params, c->implementation);
    else if (tag == PQ_CAPA_UTF8 && c->utf8)
        pq_buf_put_text(params, "USER");
    return params->len > 0;
}

void server_capability(struct pq_server *s, enum pq_capability_tag tag, struct pq_buf *line)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf params;
    pq_buf_init(&params, memory, sizeof(memory));
    if (!put_flag(s, tag) && !put_params(s, tag, &params))
        return;
    pq_buf_put(line, pq_capability_row(tag)->text);
    if (params.len > 0 && pq_buf_put_octet(line, ' '))
        pq_buf_put(line, pq_buf_slice(&params));
}

/* Line `index` of a configured list. */
static bool put_configured(const char *list, size_t index, struct pq_buf *line)
{
    struct pq_slice rest = pq_slice_text(list);
    for (size_t i = 0; rest.len > 0; i++) {
        struct pq_slice one = pq_slice_cut(&rest, ';');
        if (i == index)
            return pq_buf_put(line, one);
    }
    return false;
}

bool server_capa_line(struct pq_server *s, size_t index, struct pq_buf *line)
{
    bool tls = s->conn.session.tls != PQ_TLS_NONE;
    const char *list = s->capabilities[is_authenticated(s)][tls];
    if (list)
        return put_configured(list, index, line);
    size_t tag = index + PQ_CAPA_OTHER + 1;
    if (tag >= PQ_CAPA_COUNT)
        return false;
    s->behaviour->capability(s, (enum pq_capability_tag)tag, line);
    return true;
}

void server_capa(struct pq_server *s, const struct pq_command *c)
{
    (void)c;
    s->job = (struct job){.kind = JOB_CAPA, .verb = PQ_VERB_CAPA};
    server_ok(s, "capability list follows");
}
