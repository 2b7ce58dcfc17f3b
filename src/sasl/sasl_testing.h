/* SPDX-License-Identifier: Apache-2.0
 *
 * A world for the tests of this folder: a user store, the two configurations, and a wire that joins
 * the two ends and lets a test bend what goes over it.
 */
#ifndef PQ_SASL_TESTING_H
#define PQ_SASL_TESTING_H

#include "base/testing.h"

#include "popquiz/sasl.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct account {
    const char *name, *secret, *token, *salt;
};

/* The users of RFC 2195, RFC 7677 and our own; "proxy" may act as "tim". */
static const struct account accounts[] = {
    {"tim", "tanstaaftanstaaf", "ya29.tim-token_1", NULL},
    {"user", "pencil", "ya29.user-token_1", "W22ZaJ0SNY7soEsUEjb6gQ=="},
    {"a b", "two words", "ya29.ab-token_1", NULL},
    {"a,b=c", "comma", "comma", NULL},
    {"J\xC3\xBCrgen", "ascii", NULL, NULL},
    {"u", "one letter", NULL, NULL},
    {"proxy", "p", "ya29.proxy-token_1", NULL},
    {"nonascii", "gr\xC3\xBC\xC3\x9F", NULL, NULL},
    {"empty", "", "", NULL},
    {"anonymous", "a", NULL, NULL},
};

/* What the connection of the tests has: the octets count from 0 and from 100. */
static const struct pq_sasl_binding channel[] = {
    {PQ_SLICE_INIT("tls-exporter"), PQ_SLICE_INIT("\0\1\2\3\4\5\6\7\x8\x9\xA\xB\xC\xD\xE\xF"
                                                  "\x10\x11\x12\x13\x14\x15\x16\x17"
                                                  "\x18\x19\x1A\x1B\x1C\x1D\x1E\x1F")},
    {PQ_SLICE_INIT("tls-unique"), PQ_SLICE_INIT("defghijklmno")},
};

struct world {
    struct pq_sasl_server_config server_config;
    struct pq_sasl_client_config client_config;
    struct pq_sasl_server server;
    struct pq_sasl_client client;
    struct pq_slice name, secret, salt_of_name; /* one more account */
    unsigned lookups, questions;
    uint8_t salt[64];
    /* The wire. */
    void (*bend)(struct world *w, unsigned message, struct pq_buf *b); /* NULL: as it is */
    void *bend_ctx;
    unsigned messages;  /* that went over the wire, both directions */
    size_t lengths[16]; /* of each */
    unsigned tight;     /* the message that gets `tight_room` octets; counted from 1 */
    size_t tight_room;
};

static inline struct pq_slice account_salt(struct world *w, const struct account *a)
{
    struct pq_buf b;
    pq_buf_init(&b, w->salt, sizeof(w->salt));
    if (a->salt)
        assert_int_equal(pq_base64_decode(pq_slice_text(a->salt), &b), PQ_STATUS_OK);
    return pq_buf_slice(&b);
}

static inline bool world_lookup(void *ctx, enum pq_mechanism mechanism, struct pq_slice user,
                                struct pq_sasl_account *account)
{
    struct world *w = ctx;
    w->lookups++;
    assert_int_equal(account->secret.len + account->salt.len, 0);
    if (w->name.len > 0 && pq_slice_equal(user, w->name)) {
        account->secret = w->secret;
        account->salt = w->salt_of_name;
        return true;
    }
    for (size_t i = 0; i < COUNT(accounts); i++) {
        const struct account *a = &accounts[i];
        if (!pq_slice_equal(user, pq_slice_text(a->name)))
            continue;
        bool token = pq_mechanism_row(mechanism)->secret_max == PQ_SASL_TOKEN_MAX;
        account->secret = pq_slice_text(token ? a->token : a->secret);
        account->salt = account_salt(w, a);
        return true;
    }
    account->secret = PQ_SLICE("left behind by a careless store");
    return false;
}

static inline bool world_may_act_as(void *ctx, struct pq_slice user, struct pq_slice authzid)
{
    struct world *w = ctx;
    w->questions++;
    return pq_slice_equal(user, PQ_SLICE("proxy")) && pq_slice_equal(authzid, PQ_SLICE("tim"));
}

/* The server is "pop.example" and does not know its port, unless it is 111. */
static inline bool world_is_at(void *ctx, struct pq_slice host, uint32_t port)
{
    (void)ctx;
    return (host.len == 0 || pq_slice_equal(host, PQ_SLICE("pop.example"))) && port != 111;
}

/* A world with one iteration of PBKDF2, for speed, and `user` with `secret` as the client. */
static inline void world_init(struct world *w, const char *user, const char *secret)
{
    *w = (struct world){
        .server_config = {.lookup = world_lookup,
                          .may_act_as = world_may_act_as,
                          .is_at = world_is_at,
                          .ctx = w,
                          .challenge = PQ_SLICE("<1896.697170952@postoffice.reston.mci.net>"),
                          .nonce = PQ_SLICE("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"),
                          .salt_secret = PQ_SLICE("a secret of the server"),
                          .anonymous = PQ_SLICE("anonymous"),
                          .external = pq_slice_text(user),
                          .bindings = channel,
                          .bindings_len = COUNT(channel),
                          .iterations = 1},
        .client_config = {.user = pq_slice_text(user),
                          .secret = pq_slice_text(secret),
                          .nonce = PQ_SLICE("rOprNGfwEbeRWgbNEkqO"),
                          .iterations_min = 1},
    };
}

/* Both sides anew; what the wire counted is forgotten. The client knows the channel where the
 * mechanism is about it. */
static inline void world_begin(struct world *w, enum pq_mechanism mechanism)
{
    if (pq_mechanism_is_plus(mechanism) && w->client_config.binding.name.len == 0)
        w->client_config.binding = channel[0];
    pq_sasl_server_init(&w->server, mechanism, &w->server_config);
    pq_sasl_client_init(&w->client, mechanism, &w->client_config);
    w->lookups = w->questions = w->messages = 0;
}

#define WIRE_ROOM (PQ_SASL_MESSAGE_MAX + 64)

/* Lends `memory` with one octet in it, which a step must leave alone. */
static inline void wire_open(struct world *w, struct pq_buf *b, uint8_t *memory)
{
    bool tight = w->tight == w->messages + 1;
    pq_buf_init(b, memory, tight ? w->tight_room + 1 : WIRE_ROOM);
    assert_true(pq_buf_put_octet(b, '>'));
}

/* Takes the octet off again and sends the rest. */
static inline struct pq_slice wire_send(struct world *w, struct pq_buf *b)
{
    assert_int_equal(b->at[0], '>');
    pq_buf_drop(b, 1);
    assert_true(w->messages < COUNT(w->lengths));
    w->lengths[w->messages++] = b->len;
    if (w->bend)
        w->bend(w, w->messages, b);
    return pq_buf_slice(b);
}

/* One message of the client, or of the server; false when that side has failed or, for the server,
 * has ended the exchange. What was read is placed before a wall. */
static inline bool wire_client(struct world *w, const struct pq_slice *in, struct pq_buf *out,
                               uint8_t *memory)
{
    wire_open(w, out, memory);
    struct pq_slice walled = in ? guard_slice(*in) : pq_slice_of(NULL, 0);
    enum pq_sasl_outcome outcome = pq_sasl_client_step(&w->client, in ? &walled : NULL, out);
    assert_int_equal(outcome, w->client.outcome);
    if (outcome == PQ_SASL_FAILED)
        assert_int_equal(out->len, 1);
    return outcome != PQ_SASL_FAILED;
}

static inline bool wire_server(struct world *w, const struct pq_slice *in, struct pq_buf *out,
                               uint8_t *memory)
{
    wire_open(w, out, memory);
    struct pq_slice walled = in ? guard_slice(*in) : pq_slice_of(NULL, 0);
    enum pq_sasl_outcome outcome = pq_sasl_server_step(&w->server, in ? &walled : NULL, out);
    assert_int_equal(outcome, w->server.outcome);
    assert_int_equal(w->server.status, pq_sasl_flaw_status(w->server.flaw));
    if (outcome != PQ_SASL_CONTINUE)
        assert_int_equal(out->len, 1);
    return outcome == PQ_SASL_CONTINUE;
}

/* Plays a whole exchange, with an initial response or without. */
static inline void world_play(struct world *w, enum pq_mechanism mechanism, bool initial)
{
    static uint8_t from_client[WIRE_ROOM], from_server[WIRE_ROOM];
    struct pq_buf challenge, response;
    struct pq_slice in, *next = NULL;
    world_begin(w, mechanism);
    if (initial) {
        if (!wire_client(w, NULL, &response, from_client))
            return;
        in = wire_send(w, &response);
        next = &in;
    }
    while (wire_server(w, next, &challenge, from_server)) {
        struct pq_slice text = wire_send(w, &challenge);
        if (!wire_client(w, &text, &response, from_client))
            return;
        in = wire_send(w, &response);
        next = &in;
    }
}

/* Feeds the server one message and tells the flaw that it found. */
static inline enum pq_sasl_flaw server_flaw(struct world *w, struct pq_slice in)
{
    static uint8_t memory[WIRE_ROOM];
    struct pq_buf out;
    (void)wire_server(w, &in, &out, memory);
    return w->server.flaw;
}

#endif
