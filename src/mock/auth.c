/* SPDX-License-Identifier: Apache-2.0
 * The SASL exchange as POP3 carries it (RFC 5034 section 4). */
#include "mock/prepare.h"
#include "mock/server_internal.h"

#include "base/digest.h"

/* One exchange; in memory only while it runs. */
struct pq_exchange {
    struct pq_sasl_server sasl;
    struct pq_sasl_server_config config;
    uint8_t challenge[160], nonce[PQ_MOCK_NONCE_MAX];
    uint8_t in[PQ_SASL_MESSAGE_MAX], out[PQ_SASL_MESSAGE_MAX];
    uint8_t line[PQ_SERVER_RESPONSE_MAX]; /* lent to the conn */
};

/* The account of whoever logs in by ANONYMOUS: without it the mechanism is not offered. */
static const struct pq_slice anonymous = PQ_SLICE_INIT("anonymous");

bool server_has_mechanism(const struct pq_server *s, enum pq_mechanism m)
{
    const struct pq_mock_config *c = &s->mock->config;
    const struct pq_mechanism_row *row = pq_mechanism_row(m);
    if (m == PQ_MECHANISM_UNKNOWN || !c->sasl || !(c->mechanisms & UINT32_C(1) << m))
        return false;
    if (m == PQ_MECHANISM_ANONYMOUS && !pq_store_find(&s->mock->store, anonymous))
        return false;
    if (row->tls && s->conn.session.tls == PQ_TLS_NONE)
        return false;
    if (m == PQ_MECHANISM_EXTERNAL && !c->certificates)
        return false;
    if (pq_mechanism_is_plus(m) && s->channel.bindings_len == 0)
        return false;
    return !row->clear || server_may_send_password(s);
}

bool server_lookup(void *ctx, enum pq_mechanism mechanism, struct pq_slice user,
                   struct pq_sasl_account *account)
{
    const struct pq_server *s = ctx;
    uint8_t memory[PQ_STORE_NAME_MAX];
    struct pq_buf name;
    pq_buf_init(&name, memory, sizeof(memory));
    bool prepared = pq_prepare(user, &name) == PQ_STATUS_OK;
    const struct pq_account *a =
        prepared ? pq_store_find(&s->mock->store, pq_buf_slice(&name)) : NULL;
    (void)mechanism;
    if (a)
        account->secret = a->password;
    return a != NULL;
}

static bool prepare(void *ctx, struct pq_slice password, struct pq_buf *out)
{
    (void)ctx;
    return pq_prepare(password, out) == PQ_STATUS_OK;
}

/* RFC 5034 section 4: an authorization identity is prepared; everybody may act as himself. */
bool server_may_act_as(struct pq_server *s, struct pq_slice user, struct pq_slice authzid)
{
    uint8_t memory[2][PQ_STORE_NAME_MAX];
    struct pq_buf names[2];
    (void)s;
    pq_buf_init(&names[0], memory[0], sizeof(memory[0]));
    pq_buf_init(&names[1], memory[1], sizeof(memory[1]));
    return pq_prepare(user, &names[0]) == PQ_STATUS_OK &&
           pq_prepare(authzid, &names[1]) == PQ_STATUS_OK &&
           pq_slice_equal(pq_buf_slice(&names[0]), pq_buf_slice(&names[1]));
}

static bool may_act_as(void *ctx, struct pq_slice user, struct pq_slice authzid)
{
    struct pq_server *s = ctx;
    return s->behaviour->may_act_as(s, user, authzid);
}

/* The names of the server: those of its certificate, and the one that it tells. Its port it does
 * not know, as others may forward to it. */
static bool is_at(void *ctx, struct pq_slice host, uint32_t port)
{
    const struct pq_server *s = ctx;
    const struct pq_slice names[] = {PQ_SLICE("localhost"), PQ_SLICE("127.0.0.1"), PQ_SLICE("::1"),
                                     pq_slice_text(s->mock->config.host)};
    bool found = host.len == 0;
    (void)port;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        found |= pq_slice_equal_nocase(host, names[i]);
    return found;
}

/* A text that no other exchange has, unless the configuration fixes it. */
static struct pq_slice make_nonce(struct pq_mock *mock, uint8_t *memory, size_t cap)
{
    uint8_t raw[16];
    struct pq_buf out;
    pq_buf_init(&out, memory, cap);
    for (size_t i = 0; i < sizeof(raw); i++)
        raw[i] = (uint8_t)pq_rand_below(&mock->rand, 256);
    if (mock->config.nonce)
        pq_buf_put_text(&out, mock->config.nonce);
    else if (pq_hex_encode(pq_slice_of(raw, sizeof(raw)), &out) != PQ_STATUS_OK)
        out.len = 0;
    return pq_buf_slice(&out);
}

static struct pq_slice make_challenge(struct pq_slice nonce, const char *host, struct pq_buf *out)
{
    pq_buf_put_octet(out, '<');
    pq_buf_put(out, nonce);
    pq_buf_put_octet(out, '@');
    pq_buf_put_text(out, host);
    pq_buf_put_octet(out, '>');
    return pq_buf_slice(out);
}

static struct pq_exchange *begin(struct pq_server *s, enum pq_mechanism mechanism)
{
    struct pq_alloc alloc = s->mock->alloc;
    struct pq_exchange *x = alloc.resize(alloc.ctx, NULL, sizeof(*x));
    struct pq_buf challenge;
    if (!x)
        return NULL;
    struct pq_slice nonce = make_nonce(s->mock, x->nonce, sizeof(x->nonce));
    pq_buf_init(&challenge, x->challenge, sizeof(x->challenge));
    x->config = (struct pq_sasl_server_config){
        .lookup = server_lookup,
        .prepare = prepare,
        .may_act_as = may_act_as,
        .is_at = is_at,
        .ctx = s,
        .nonce = nonce,
        .challenge = make_challenge(nonce, s->mock->config.host, &challenge),
        .salt_secret = PQ_SLICE("popquiz-mock"),
        .anonymous = anonymous,
        .external = s->channel.owner ? s->channel.owner->name : pq_slice_of(NULL, 0),
        .bindings = s->channel.bindings,
        .bindings_len = s->channel.bindings_len,
        .leniency = PQ_SASL_LENIENT_INITIAL,
        .binding = server_has_mechanism(s, pq_mechanism_plus(mechanism)),
    };
    s->mock->behaviour.exchange(s, mechanism, &x->config);
    pq_sasl_server_init(&x->sasl, mechanism, &x->config);
    pq_conn_lend(&s->conn, x->line, sizeof(x->line));
    return s->exchange = x;
}

bool server_runs_mechanism(const struct pq_server *s, enum pq_mechanism m)
{
    return s->exchange && s->exchange->sasl.mechanism == m;
}

void server_end_sasl(struct pq_server *s)
{
    if (!s->exchange)
        return;
    pq_conn_lend(&s->conn, s->line_memory, sizeof(s->line_memory));
    pq_secret_wipe(s->exchange, sizeof(*s->exchange));
    s->mock->alloc.resize(s->mock->alloc.ctx, s->exchange, 0);
    s->exchange = NULL;
}

/* ---- the steps ------------------------------------------------------------------------------- */

static void finish(struct pq_server *s, enum pq_sasl_outcome outcome)
{
    struct pq_sasl_server sasl = s->exchange->sasl;
    server_end_sasl(s);
    struct pq_slice identity = pq_sasl_server_identity(&sasl);
    if (outcome == PQ_SASL_DONE && server_keep_name(s, identity))
        server_login(s, pq_slice_of(s->user, s->user_len));
    else if (outcome == PQ_SASL_DONE || sasl.status == PQ_STATUS_SASL_REFUSED)
        server_refuse_credentials(s);
    else
        server_err(s, "", pq_sasl_flaw_text(sasl.flaw));
    pq_secret_wipe(&sasl, sizeof(sasl));
}

static void step(struct pq_server *s, const struct pq_slice *in)
{
    struct pq_buf out;
    pq_buf_init(&out, s->exchange->out, sizeof(s->exchange->out));
    enum pq_sasl_outcome outcome = pq_sasl_server_step(&s->exchange->sasl, in, &out);
    if (outcome != PQ_SASL_CONTINUE) {
        finish(s, outcome);
    } else if (s->behaviour->challenge(s, pq_buf_slice(&out)) != PQ_STATUS_OK) {
        server_end_sasl(s);
        server_err(s, "SYS/TEMP", "the challenge does not fit");
    }
}

typedef enum pq_status decoder(struct pq_server *s, struct pq_slice text, struct pq_buf *out);

static void step_text(struct pq_server *s, struct pq_slice text, decoder *decode)
{
    struct pq_buf in;
    pq_buf_init(&in, s->exchange->in, sizeof(s->exchange->in));
    if (decode(s, text, &in) != PQ_STATUS_OK) {
        server_end_sasl(s);
        server_err(s, "", "the response is not base64");
        return;
    }
    struct pq_slice decoded = pq_buf_slice(&in);
    step(s, &decoded);
}

void server_auth(struct pq_server *s, const struct pq_command *c)
{
    const struct pq_behaviour *b = s->behaviour;
    enum pq_mechanism mechanism = pq_mechanism_of(c->args[0]);
    struct pq_slice initial = c->argc > 1 ? c->args[1] : pq_slice_of(NULL, 0);
    if (!server_has_mechanism(s, mechanism))
        server_err(s, "", "the mechanism is not offered");
    else if (!begin(s, mechanism))
        server_err(s, "SYS/TEMP", "no memory for the exchange");
    else if (!b->initial(s, &initial))
        step(s, NULL);
    else
        step_text(s, initial, b->decode_initial);
}

void server_response(struct pq_server *s, const struct pq_event *e)
{
    if (e->too_long) {
        server_end_sasl(s);
        server_err(s, "", "the response is too long");
    } else if (pq_slice_equal(e->octets, PQ_SLICE("*"))) {
        s->behaviour->cancel(s);
    } else {
        step_text(s, e->octets, s->behaviour->decode);
    }
}
