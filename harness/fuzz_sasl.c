/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: whatever the peer says, an exchange ends after a few steps and stays ended; a step
 * that fails writes nothing; a server is content only with somebody who showed the secret; a client
 * never shows it where the mechanism keeps it. With the right secret both sides always succeed,
 * with a wrong one, or bound to another channel, the server never does. Each line of the input is a
 * message, or a field of the accounts.
 */
#include "harness/plain.h"
#include "harness/support.h"

#include <string.h>

#include "popquiz/sasl.h"

/* The options: who is under test, with which mechanism, and how. */
#define OPTION_MECHANISM 7u /* counted from 0, or where MORE stands in front of it from 8 */
#define MORE '+'
#define OPTION_CLIENT 8u   /* a hostile server and our client; else a hostile client */
#define OPTION_BOTH 16u    /* our client and our server */
#define OPTION_INITIAL 32u /* the client speaks along with AUTH */
#define OPTION_LENIENT 64u /* the server tolerates more, and has channel binding beside */
#define OPTION_WRONG 128u  /* BOTH: the server knows another secret; else: little room */

/* Messages of one side in the longest exchange, LOGIN or SCRAM with an empty challenge in front,
 * and one to spare. */
#define STEPS_MAX 5u
#define ROOM (PQ_SASL_MESSAGE_MAX + 1)

/* Octets of a bearer token, but for the "=" at its end. */
#define TOKEN_OCTETS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"

/* What the server's side of the connection has, and the client's, unless the input says otherwise.
 */
static const struct pq_sasl_binding channel[] = {
    {PQ_SLICE_INIT("tls-exporter"), PQ_SLICE_INIT("0123456789abcdef0123456789abcdef")},
    {PQ_SLICE_INIT("tls-unique"), PQ_SLICE_INIT("0123456789ab")},
};

static const struct pq_slice known_user = PQ_SLICE_INIT("tim");
static const struct pq_slice known_secret = PQ_SLICE_INIT("tanstaaftanstaaf");

struct world {
    struct pq_slice user, secret;
    struct pq_sasl_server_config server_config;
    struct pq_sasl_client_config client_config;
    struct pq_sasl_server server;
    struct pq_sasl_client client;
    struct pq_slice input;
    unsigned options, lookups;
    size_t room; /* of what is written */
    uint8_t from_server[ROOM], from_client[ROOM];
};

/* Whoever says nothing that is believed becomes the one whom the server names. */
static struct pq_slice expected_user(const struct world *w)
{
    bool anonymous = w->server.mechanism == PQ_MECHANISM_ANONYMOUS;
    bool external = w->server.mechanism == PQ_MECHANISM_EXTERNAL;
    struct pq_slice proven = external ? w->server_config.external : w->user;
    return anonymous ? w->server_config.anonymous : proven;
}

static bool is_at(void *ctx, struct pq_slice host, uint32_t port)
{
    (void)ctx;
    return (host.len == 0 || pq_slice_equal(host, PQ_SLICE("h"))) && port != 111;
}

static bool lookup(void *ctx, enum pq_mechanism mechanism, struct pq_slice user,
                   struct pq_sasl_account *account)
{
    struct world *w = ctx;
    (void)mechanism;
    w->lookups++;
    account->secret = w->secret;
    return pq_slice_equal(user, expected_user(w));
}

static bool may_act_as(void *ctx, struct pq_slice user, struct pq_slice authzid)
{
    const struct world *w = ctx;
    return pq_slice_equal(user, w->user) && pq_slice_equal(authzid, w->client_config.authzid);
}

static bool is_scram(enum pq_mechanism m)
{
    return pq_mechanism_is_plus(m) || pq_mechanism_plus(m) != PQ_MECHANISM_UNKNOWN;
}

/* A server that knows no anonymous user, nobody who acts for others, and no address of its own; a
 * client that asks for as many iterations as usual. */
static void take_away(struct world *w)
{
    w->server_config.anonymous = pq_slice_of(NULL, 0);
    w->server_config.may_act_as = NULL;
    w->server_config.is_at = NULL;
    w->client_config.iterations_min = 0;
}

static void world_init(struct world *w, struct pq_slice input, size_t cut)
{
    w->input = input;
    w->options = fuzz_options(input);
    bool little = (w->options & OPTION_WRONG) && !(w->options & OPTION_BOTH);
    w->room = little && cut < ROOM ? cut + 1 : ROOM;
    w->lookups = 0;
    w->user = known_user;
    w->secret = known_secret;
    bool lenient = (w->options & OPTION_LENIENT) != 0;
    w->server_config = (struct pq_sasl_server_config){
        .lookup = lookup,
        .may_act_as = may_act_as,
        .is_at = is_at,
        .ctx = w,
        .challenge = PQ_SLICE("<1896.697170952@postoffice.reston.mci.net>"),
        .nonce = PQ_SLICE("3rfcNHYJY1ZVvWVs7j"),
        .salt_secret = PQ_SLICE("of the server"),
        .anonymous = PQ_SLICE("anonymous"),
        .external = known_user,
        .bindings = channel,
        .bindings_len = sizeof(channel) / sizeof(channel[0]),
        .iterations = 1,
        .leniency = lenient ? PQ_SASL_LENIENT_INITIAL : 0,
        .binding = lenient,
    };
    w->client_config = (struct pq_sasl_client_config){
        .user = known_user,
        .secret = known_secret,
        .nonce = PQ_SLICE("fyko+d2lbbFgONRv9qkxdawL"),
        .iterations_min = 1,
        .iterations_max = 4,
    };
    if (little && lenient)
        take_away(w);
    bool more = input.len > 2 && input.at[input.len - 3] == MORE;
    unsigned m = (w->options & OPTION_MECHANISM) + (more ? OPTION_MECHANISM + 1 : 0);
    m %= PQ_MECHANISM_COUNT - 1;
    if (pq_mechanism_is_plus((enum pq_mechanism)(m + 1)))
        w->client_config.binding = channel[lenient];
    pq_sasl_server_init(&w->server, (enum pq_mechanism)(m + 1), &w->server_config);
    pq_sasl_client_init(&w->client, (enum pq_mechanism)(m + 1), &w->client_config);
}

static bool contains(struct pq_slice s, struct pq_slice part)
{
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (memcmp(s.at + i, part.at, part.len) == 0)
            return true;
    return false;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* An output with one octet in it, which a step must leave alone. */
static struct pq_buf open_output(const struct world *w, uint8_t *memory)
{
    struct pq_buf out;
    pq_buf_init(&out, memory, w->room);
    FUZZ_ASSERT(pq_buf_put_octet(&out, '>'));
    return out;
}

static struct pq_slice close_output(const struct pq_buf *out)
{
    FUZZ_ASSERT(out->len >= 1 && out->at[0] == '>');
    return pq_slice_after(pq_buf_slice(out), 1);
}

static struct pq_slice server_step(struct world *w, const struct pq_slice *in)
{
    struct pq_sasl_server *s = &w->server;
    struct pq_buf out = open_output(w, w->from_server);
    enum pq_sasl_outcome before = s->outcome, after = pq_sasl_server_step(s, in, &out);
    struct pq_slice said = close_output(&out);
    FUZZ_ASSERT(after == s->outcome && (before == PQ_SASL_CONTINUE || after == before));
    FUZZ_ASSERT((after == PQ_SASL_FAILED) == (s->flaw != PQ_SASL_FLAW_NONE));
    FUZZ_ASSERT(s->status == pq_sasl_flaw_status(s->flaw));
    FUZZ_ASSERT(after == PQ_SASL_CONTINUE || said.len == 0);
    FUZZ_ASSERT(s->flaw != PQ_SASL_FLAW_CRYPTO);
    FUZZ_ASSERT(w->lookups <= 1 && (after != PQ_SASL_DONE || w->lookups == 1));
    return said;
}

static struct pq_slice client_step(struct world *w, const struct pq_slice *in)
{
    struct pq_sasl_client *c = &w->client;
    struct pq_buf out = open_output(w, w->from_client);
    enum pq_sasl_outcome before = c->outcome, after = pq_sasl_client_step(c, in, &out);
    struct pq_slice said = close_output(&out);
    FUZZ_ASSERT(after == c->outcome && (before != PQ_SASL_FAILED || after == before));
    FUZZ_ASSERT(after != PQ_SASL_FAILED || (c->flaw != PQ_SASL_FLAW_NONE && said.len == 0));
    FUZZ_ASSERT(c->status == pq_sasl_flaw_status(c->flaw));
    FUZZ_ASSERT(c->flaw != PQ_SASL_FLAW_CRYPTO);
    return said;
}

/* ---- one side against the input -------------------------------------------------------------- */

/* Whoever came in showed the secret, and is the user or may act as somebody else. */
static void check_entry(const struct world *w)
{
    struct pq_slice identity = pq_sasl_server_identity(&w->server);
    FUZZ_ASSERT(pq_slice_equal(identity, expected_user(w)));
    FUZZ_ASSERT(!pq_mechanism_is_plus(w->server.mechanism) ||
                contains(w->input, PQ_SLICE("p=tls-")));
    FUZZ_ASSERT(!w->server.row->clear || contains(w->input, w->secret));
}

static void check_server(struct world *w)
{
    struct pq_slice rest = w->input, line;
    const struct pq_slice *in = NULL;
    unsigned steps = 0;
    if (w->options & OPTION_INITIAL) {
        line = fuzz_line(&rest);
        in = &line;
    }
    do {
        (void)server_step(w, in);
        FUZZ_ASSERT(++steps <= STEPS_MAX || w->server.outcome != PQ_SASL_CONTINUE);
        line = fuzz_line(&rest);
        in = &line;
    } while (rest.len > 0);
    if (w->server.outcome == PQ_SASL_DONE)
        check_entry(w);
}

static void check_client(struct world *w)
{
    struct pq_slice rest = w->input, line;
    const struct pq_slice *in = NULL;
    unsigned steps = 0;
    if (!(w->options & OPTION_INITIAL) || w->client.row->initial == PQ_SASL_INITIAL_NO) {
        line = fuzz_line(&rest);
        in = &line;
    }
    do {
        struct pq_slice said = client_step(w, in);
        bool may_show = w->client.row->clear || contains(w->input, known_secret);
        FUZZ_ASSERT(may_show || !contains(said, known_secret));
        FUZZ_ASSERT(++steps <= STEPS_MAX || w->client.outcome == PQ_SASL_FAILED);
        line = fuzz_line(&rest);
        in = &line;
    } while (rest.len > 0);
}

/* ---- both sides ------------------------------------------------------------------------------ */

static bool is_field(struct pq_slice s, size_t max)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == 0)
            return false;
    return s.len >= 1 && s.len <= max && plain_is_utf8(s);
}

/* RFC 6750 section 2.1. */
static bool is_bearer_token(struct pq_slice s)
{
    while (s.len > 0 && s.at[s.len - 1] == '=')
        s.len--;
    for (size_t i = 0; i < s.len; i++)
        if (!memchr(TOKEN_OCTETS, s.at[i], sizeof(TOKEN_OCTETS) - 1))
            return false;
    return s.len > 0;
}

/* RFC 4505 section 2: 255 characters without controls, and "@" only between others. */
static bool is_trace(struct pq_slice s)
{
    size_t characters = 0;
    for (size_t i = 0; i < s.len; i++) {
        characters += (s.at[i] & 0xC0) != 0x80;
        if (s.at[i] < 0x20 || s.at[i] == 0x7F ||
            (s.at[i] == 0xC2 && i + 1 < s.len && s.at[i + 1] < 0xA0))
            return false;
    }
    bool edge = s.len > 0 && (s.at[0] == '@' || s.at[s.len - 1] == '@');
    return characters <= PQ_SASL_TRACE_MAX && !edge && plain_is_utf8(s);
}

/* Whether the mechanism can carry what the client is to say. */
static bool can_be_said(const struct world *w)
{
    const struct pq_sasl_client_config *c = &w->client_config;
    const struct pq_mechanism_row *row = w->client.row;
    bool xoauth2 = w->server.mechanism == PQ_MECHANISM_XOAUTH2;
    if (w->server.mechanism == PQ_MECHANISM_ANONYMOUS)
        return c->authzid.len == 0 && w->secret.len > 0 && is_trace(c->user);
    if (w->server.mechanism == PQ_MECHANISM_EXTERNAL)
        return w->secret.len > 0 && is_field(c->user, PQ_SASL_NAME_MAX) &&
               (c->authzid.len == 0 || is_field(c->authzid, PQ_SASL_NAME_MAX));
    if (!is_field(c->user, PQ_SASL_NAME_MAX) || !is_field(c->secret, row->secret_max))
        return false;
    if (c->authzid.len > 0 && (!row->authzid || !is_field(c->authzid, PQ_SASL_NAME_MAX)))
        return false;
    if (xoauth2 && (contains(c->user, PQ_SLICE("\x01")) || !plain_is_within(c->secret, 0x21, 0x7E)))
        return false;
    if (w->server.mechanism == PQ_MECHANISM_OAUTHBEARER && !is_bearer_token(c->secret))
        return false;
    return !is_scram(w->server.mechanism) || plain_is_within(c->secret, 0x20, 0x7E);
}

static void play(struct world *w)
{
    const struct pq_mechanism_row *row = w->client.row;
    struct pq_slice said;
    const struct pq_slice *next = NULL;
    bool initial = row->initial == PQ_SASL_INITIAL_YES ||
                   (row->initial == PQ_SASL_INITIAL_TOLERATED && w->options & OPTION_LENIENT);
    if (initial && w->options & OPTION_INITIAL) {
        said = client_step(w, NULL);
        next = &said;
    }
    for (unsigned steps = 0; w->client.outcome != PQ_SASL_FAILED; steps++) {
        FUZZ_ASSERT(steps < STEPS_MAX);
        said = server_step(w, next);
        if (w->server.outcome != PQ_SASL_CONTINUE)
            return;
        said = client_step(w, &said);
        next = &said;
    }
}

/* Gives the client what a line says that its channel is; false: it is another one. */
static bool choose_channel(struct world *w, struct pq_slice line)
{
    struct pq_sasl_binding *b = &w->client_config.binding;
    if (!pq_mechanism_is_plus(w->server.mechanism) || line.len == 0 ||
        line.len > PQ_SASL_BINDING_MAX)
        return true;
    bool same = pq_slice_equal(b->data, line);
    b->data = line;
    return same;
}

static void check_both(struct world *w)
{
    uint8_t other[PQ_SASL_MESSAGE_MAX];
    struct pq_slice rest = w->input;
    struct pq_buf wrong;
    w->user = w->client_config.user = fuzz_line(&rest);
    w->secret = w->client_config.secret = fuzz_line(&rest);
    w->client_config.authzid = fuzz_line(&rest);
    w->server_config.external = w->user;
    bool bound = choose_channel(w, fuzz_line(&rest));
    pq_buf_init(&wrong, other, sizeof(other));
    if (w->options & OPTION_WRONG && pq_buf_put(&wrong, w->secret) && pq_buf_put_octet(&wrong, '!'))
        w->secret = pq_buf_slice(&wrong);
    play(w);
    bool succeeded = w->server.outcome == PQ_SASL_DONE && w->client.outcome == PQ_SASL_DONE;
    bool proven = wrong.len == 0 || w->server.row->secret_max == 0;
    FUZZ_ASSERT(succeeded == (can_be_said(w) && proven && bound));
    FUZZ_ASSERT(succeeded || w->server.outcome != PQ_SASL_DONE);
    struct pq_slice authzid = w->client_config.authzid;
    if (succeeded)
        FUZZ_ASSERT(pq_slice_equal(pq_sasl_server_identity(&w->server),
                                   authzid.len > 0 ? authzid : expected_user(w)));
}

static void check_sasl(struct pq_slice input, size_t cut)
{
    struct world w;
    world_init(&w, input, cut);
    if (w.options & OPTION_BOTH)
        check_both(&w);
    else if (w.options & OPTION_CLIENT)
        check_client(&w);
    else
        check_server(&w);
    pq_sasl_server_clear(&w.server);
    pq_sasl_client_clear(&w.client);
}

const struct fuzz_target fuzz_target = {.check = check_sasl, .has_cut = true, .cuts_max = 24};
