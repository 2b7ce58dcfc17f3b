/* SPDX-License-Identifier: Apache-2.0
 * Every mechanism with both ends joined. */
#define _DEFAULT_SOURCE
#include "sasl/sasl_testing.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* ---- tables ---------------------------------------------------------------------------------- */

static void test_mechanism_names(void **state)
{
    (void)state;
    static const struct {
        struct pq_slice name;
        enum pq_mechanism mechanism;
    } cases[] = {
        {PQ_SLICE_INIT("PLAIN"), PQ_MECHANISM_PLAIN},
        {PQ_SLICE_INIT("plain"), PQ_MECHANISM_PLAIN},
        {PQ_SLICE_INIT("pLaIn"), PQ_MECHANISM_PLAIN},
        {PQ_SLICE_INIT("LOGIN"), PQ_MECHANISM_LOGIN},
        {PQ_SLICE_INIT("cram-md5"), PQ_MECHANISM_CRAM_MD5},
        {PQ_SLICE_INIT("Scram-Sha-256"), PQ_MECHANISM_SCRAM_SHA_256},
        {PQ_SLICE_INIT("xoauth2"), PQ_MECHANISM_XOAUTH2},
        {PQ_SLICE_INIT("scram-sha-1"), PQ_MECHANISM_SCRAM_SHA_1},
        {PQ_SLICE_INIT("OAuthBearer"), PQ_MECHANISM_OAUTHBEARER},
        {PQ_SLICE_INIT("anonymous"), PQ_MECHANISM_ANONYMOUS},
        {PQ_SLICE_INIT("SCRAM-SHA-"), PQ_MECHANISM_UNKNOWN},
        {PQ_SLICE_INIT("external"), PQ_MECHANISM_EXTERNAL},
        {PQ_SLICE_INIT("SCRAM-SHA-1-Plus"), PQ_MECHANISM_SCRAM_SHA_1_PLUS},
        {PQ_SLICE_INIT("SCRAM-SHA-256-PLUS"), PQ_MECHANISM_SCRAM_SHA_256_PLUS},
        {PQ_SLICE_INIT("SCRAM-SHA-256-PLU"), PQ_MECHANISM_UNKNOWN},
        {PQ_SLICE_INIT("SCRAM-SHA-256-"), PQ_MECHANISM_UNKNOWN},
        {PQ_SLICE_INIT("SCRAM-SHA-25"), PQ_MECHANISM_UNKNOWN},
        {PQ_SLICE_INIT("CRAM_MD5"), PQ_MECHANISM_UNKNOWN},
        {PQ_SLICE_INIT("PLAIN "), PQ_MECHANISM_UNKNOWN},
        {PQ_SLICE_INIT("PLAIN\0"), PQ_MECHANISM_UNKNOWN},
        {PQ_SLICE_INIT(""), PQ_MECHANISM_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (pq_mechanism_of(guard_slice(cases[i].name)) != cases[i].mechanism)
            fail_msg("case %zu", i);
}

static void test_mechanism_rows(void **state)
{
    (void)state;
    static const struct {
        enum pq_mechanism mechanism;
        bool client_first, authzid, clear, tls;
        enum pq_sasl_initial initial;
    } want[] = {
        {PQ_MECHANISM_PLAIN, true, true, true, false, PQ_SASL_INITIAL_YES},
        {PQ_MECHANISM_LOGIN, false, false, true, false, PQ_SASL_INITIAL_TOLERATED},
        {PQ_MECHANISM_CRAM_MD5, false, false, false, false, PQ_SASL_INITIAL_NO},
        {PQ_MECHANISM_SCRAM_SHA_256, true, true, false, false, PQ_SASL_INITIAL_YES},
        {PQ_MECHANISM_XOAUTH2, true, false, true, false, PQ_SASL_INITIAL_YES},
        {PQ_MECHANISM_SCRAM_SHA_1, true, true, false, false, PQ_SASL_INITIAL_YES},
        {PQ_MECHANISM_OAUTHBEARER, true, false, true, true, PQ_SASL_INITIAL_YES},
        {PQ_MECHANISM_ANONYMOUS, true, false, false, false, PQ_SASL_INITIAL_YES},
        {PQ_MECHANISM_EXTERNAL, true, true, false, true, PQ_SASL_INITIAL_YES},
        {PQ_MECHANISM_SCRAM_SHA_1_PLUS, true, true, false, true, PQ_SASL_INITIAL_YES},
        {PQ_MECHANISM_SCRAM_SHA_256_PLUS, true, true, false, true, PQ_SASL_INITIAL_YES},
    };
    assert_int_equal(COUNT(want), PQ_MECHANISM_COUNT - 1);
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct pq_mechanism_row *row = pq_mechanism_row(want[i].mechanism);
        assert_int_equal(pq_mechanism_of(row->name), want[i].mechanism);
        assert_int_equal(row->client_first, want[i].client_first);
        assert_int_equal(row->authzid, want[i].authzid);
        assert_int_equal(row->clear, want[i].clear);
        assert_int_equal(row->tls, want[i].tls);
        assert_int_equal(row->initial, want[i].initial);
        assert_true(row->server && row->client);
    }
    const struct pq_mechanism_row *unknown = pq_mechanism_row(PQ_MECHANISM_UNKNOWN);
    assert_true(unknown->name.len == 0 && !unknown->server && !unknown->client);
}

static void test_flaws_have_a_name_and_a_status(void **state)
{
    (void)state;
    assert_string_equal(pq_sasl_flaw_name(PQ_SASL_FLAW_CREDENTIALS), "CREDENTIALS");
    assert_string_equal(pq_sasl_flaw_text(PQ_SASL_FLAW_NONE), "nothing is wrong");
    assert_int_equal(pq_sasl_flaw_status(PQ_SASL_FLAW_NONE), PQ_STATUS_OK);
    assert_int_equal(pq_sasl_flaw_status(PQ_SASL_FLAW_FIELDS), PQ_STATUS_SASL_MESSAGE);
    assert_int_equal(pq_sasl_flaw_status(PQ_SASL_FLAW_CREDENTIALS), PQ_STATUS_SASL_REFUSED);
    assert_int_equal(pq_sasl_flaw_status(PQ_SASL_FLAW_AUTHZID), PQ_STATUS_SASL_REFUSED);
    assert_int_equal(pq_sasl_flaw_status(PQ_SASL_FLAW_PEER_SIGNATURE), PQ_STATUS_SASL_PEER);
}

/* ---- both ends ------------------------------------------------------------------------------- */

/* `messages` is what goes over the wire with an initial response, where there is one: a refusal of
 * an unknown user must look like that of a wrong password. */
static const struct joint_case {
    enum pq_mechanism mechanism;
    const char *user, *secret, *authzid;
    enum pq_sasl_flaw server, client;
    unsigned messages;
} joint_cases[] = {
#define JOINT(mechanism, user, secret, authzid, server, client, messages)                          \
    {                                                                                              \
        PQ_MECHANISM_##mechanism, user, secret, authzid, PQ_SASL_FLAW_##server,                    \
            PQ_SASL_FLAW_##client, messages                                                        \
    }
    JOINT(PLAIN, "tim", "tanstaaftanstaaf", NULL, NONE, NONE, 1),
    JOINT(PLAIN, "tim", "wrong", NULL, CREDENTIALS, NONE, 1),
    JOINT(PLAIN, "tim", "tanstaaftanstaafx", NULL, CREDENTIALS, NONE, 1),
    JOINT(PLAIN, "nobody", "wrong", NULL, CREDENTIALS, NONE, 1),
    JOINT(PLAIN, "nobody", "left behind by a careless store", NULL, CREDENTIALS, NONE, 1),
    JOINT(PLAIN, "nonascii", "gr\xC3\xBC\xC3\x9F", NULL, NONE, NONE, 1),
    JOINT(PLAIN, "proxy", "p", "tim", NONE, NONE, 1),
    JOINT(PLAIN, "proxy", "p", "proxy", NONE, NONE, 1),
    JOINT(PLAIN, "proxy", "p", "user", AUTHZID, NONE, 1),
    JOINT(PLAIN, "tim", "tanstaaftanstaaf", "proxy", AUTHZID, NONE, 1),
    JOINT(PLAIN, "proxy", "p", "u", AUTHZID, NONE, 1),
    JOINT(PLAIN, "proxy", "wrong", "tim", CREDENTIALS, NONE, 1),
    JOINT(LOGIN, "tim", "tanstaaftanstaaf", NULL, NONE, NONE, 4),
    JOINT(LOGIN, "a b", "two words", NULL, NONE, NONE, 4),
    JOINT(LOGIN, "u", "one letter", NULL, NONE, NONE, 4),
    JOINT(LOGIN, "tim", "wrong", NULL, CREDENTIALS, NONE, 4),
    JOINT(LOGIN, "nobody", "wrong", NULL, CREDENTIALS, NONE, 4),
    JOINT(LOGIN, "proxy", "p", "tim", NONE, AUTHZID, 1),
    JOINT(CRAM_MD5, "tim", "tanstaaftanstaaf", NULL, NONE, NONE, 2),
    JOINT(CRAM_MD5, "a b", "two words", NULL, NONE, NONE, 2),
    JOINT(CRAM_MD5, "tim", "wrong", NULL, CREDENTIALS, NONE, 2),
    JOINT(CRAM_MD5, "nobody", "wrong", NULL, CREDENTIALS, NONE, 2),
    JOINT(CRAM_MD5, "proxy", "p", "tim", NONE, AUTHZID, 1),
    JOINT(SCRAM_SHA_256, "user", "pencil", NULL, NONE, NONE, 5),
    JOINT(SCRAM_SHA_256, "tim", "tanstaaftanstaaf", NULL, NONE, NONE, 5),
    JOINT(SCRAM_SHA_256, "a,b=c", "comma", NULL, NONE, NONE, 5),
    JOINT(SCRAM_SHA_256, "J\xC3\xBCrgen", "ascii", NULL, NONE, NONE, 5),
    JOINT(SCRAM_SHA_256, "user", "Pencil", NULL, CREDENTIALS, NONE, 3),
    JOINT(SCRAM_SHA_256, "nobody", "pencil", NULL, CREDENTIALS, NONE, 3),
    JOINT(SCRAM_SHA_256, "proxy", "p", "tim", NONE, NONE, 5),
    JOINT(SCRAM_SHA_256, "proxy", "p", "proxy", NONE, NONE, 5),
    JOINT(SCRAM_SHA_256, "proxy", "p", "user", AUTHZID, NONE, 3),
    JOINT(SCRAM_SHA_256, "proxy", "p", "u", AUTHZID, NONE, 3),
    JOINT(SCRAM_SHA_256, "proxy", "p", "a,b=c", AUTHZID, NONE, 3),
    JOINT(SCRAM_SHA_256, "nonascii", "ascii", NULL, PREPARATION, NONE, 3),
    JOINT(SCRAM_SHA_256, "nonascii", "gr\xC3\xBC\xC3\x9F", NULL, NONE, PREPARATION, 0),
    JOINT(XOAUTH2, "tim", "ya29.tim-token_1", NULL, NONE, NONE, 1),
    JOINT(XOAUTH2, "tim", "tanstaaftanstaaf", NULL, CREDENTIALS, PEER_ERROR, 3),
    JOINT(XOAUTH2, "nobody", "ya29.tim-token_1", NULL, CREDENTIALS, PEER_ERROR, 3),
    JOINT(XOAUTH2, "proxy", "ya29.proxy-token_1", "tim", NONE, AUTHZID, 0),
    JOINT(XOAUTH2, "a\001auth=Bearer b\001\001", "x", NULL, NONE, OCTETS, 0),
    JOINT(XOAUTH2, "tim", "a b", NULL, NONE, OCTETS, 0),
    JOINT(SCRAM_SHA_1, "user", "pencil", NULL, NONE, NONE, 5),
    JOINT(SCRAM_SHA_1, "user", "Pencil", NULL, CREDENTIALS, NONE, 3),
    JOINT(SCRAM_SHA_1, "nobody", "pencil", NULL, CREDENTIALS, NONE, 3),
    JOINT(SCRAM_SHA_1, "proxy", "p", "tim", NONE, NONE, 5),
    JOINT(OAUTHBEARER, "tim", "ya29.tim-token_1", NULL, NONE, NONE, 1),
    JOINT(OAUTHBEARER, "a,b=c", "comma", NULL, NONE, NONE, 1),
    JOINT(OAUTHBEARER, "tim", "tanstaaftanstaaf", NULL, CREDENTIALS, PEER_ERROR, 3),
    JOINT(OAUTHBEARER, "nobody", "ya29.tim-token_1", NULL, CREDENTIALS, PEER_ERROR, 3),
    JOINT(OAUTHBEARER, "proxy", "ya29.proxy-token_1", "tim", NONE, AUTHZID, 0),
    JOINT(OAUTHBEARER, "tim", "a b", NULL, NONE, OCTETS, 0),
    JOINT(OAUTHBEARER, "tim", "a=b", NULL, NONE, OCTETS, 0),
    JOINT(OAUTHBEARER, "tim", "==", NULL, NONE, LENGTH, 0),
    JOINT(ANONYMOUS, "tim@example.com", "", NULL, NONE, NONE, 1),
    JOINT(ANONYMOUS, "", "", NULL, NONE, NONE, 1),
    JOINT(ANONYMOUS, "@", "", NULL, NONE, FIELDS, 0),
    JOINT(ANONYMOUS, "tim", "", "tim", NONE, AUTHZID, 0),
    JOINT(EXTERNAL, "tim", "", NULL, NONE, NONE, 1),
    JOINT(EXTERNAL, "tim", "", "tim", NONE, NONE, 1),
    JOINT(EXTERNAL, "tim", "", "user", AUTHZID, NONE, 1),
    JOINT(EXTERNAL, "proxy", "", "tim", NONE, NONE, 1),
    JOINT(EXTERNAL, "nobody", "", NULL, CREDENTIALS, NONE, 1),
    JOINT(EXTERNAL, "nobody", "", "tim", CREDENTIALS, NONE, 1),
    JOINT(EXTERNAL, "", "", NULL, CREDENTIALS, NONE, 1),
    JOINT(EXTERNAL, "", "", "tim", CREDENTIALS, NONE, 1),
    JOINT(EXTERNAL, "tim", "", "\xC0\xAF", NONE, OCTETS, 0),
    JOINT(SCRAM_SHA_1_PLUS, "user", "pencil", NULL, NONE, NONE, 5),
    JOINT(SCRAM_SHA_1_PLUS, "user", "Pencil", NULL, CREDENTIALS, NONE, 3),
    JOINT(SCRAM_SHA_256_PLUS, "user", "pencil", NULL, NONE, NONE, 5),
    JOINT(SCRAM_SHA_256_PLUS, "user", "Pencil", NULL, CREDENTIALS, NONE, 3),
    JOINT(SCRAM_SHA_256_PLUS, "nobody", "pencil", NULL, CREDENTIALS, NONE, 3),
    JOINT(SCRAM_SHA_256_PLUS, "proxy", "p", "tim", NONE, NONE, 5),
    JOINT(SCRAM_SHA_256_PLUS, "proxy", "p", "user", AUTHZID, NONE, 3),
    JOINT(PLAIN, "empty", "x", NULL, CREDENTIALS, NONE, 1),
    JOINT(PLAIN, "", "x", NULL, NONE, LENGTH, 0),
    JOINT(PLAIN, "tim", "", NULL, NONE, LENGTH, 0),
    JOINT(PLAIN, "t\xFFm", "x", NULL, NONE, OCTETS, 0),
    JOINT(PLAIN, "tim", "\xC0\xAF", NULL, NONE, OCTETS, 0),
    JOINT(PLAIN, "tim", "x", "\xED\xA0\x80", NONE, OCTETS, 0),
#undef JOINT
};

static void check_outcomes(const struct world *w, const struct joint_case *want)
{
    bool good = want->server == PQ_SASL_FLAW_NONE && want->client == PQ_SASL_FLAW_NONE;
    assert_int_equal(w->server.outcome == PQ_SASL_DONE, good);
    assert_int_equal(w->server.outcome == PQ_SASL_FAILED, want->server != PQ_SASL_FLAW_NONE);
    if (good) {
        struct pq_slice who = pq_slice_text(want->authzid ? want->authzid : want->user);
        if (want->mechanism == PQ_MECHANISM_ANONYMOUS)
            who = w->server_config.anonymous;
        assert_true(pq_slice_equal(pq_sasl_server_identity(&w->server), who));
        assert_int_equal(w->client.outcome, PQ_SASL_DONE);
        assert_int_equal(w->client.status, PQ_STATUS_OK);
    }
    bool asked = good || want->server == PQ_SASL_FLAW_AUTHZID;
    bool other = want->authzid && strcmp(want->authzid, want->user) != 0;
    assert_int_equal(w->questions, asked && other ? 1 : 0);
}

static void test_both_ends_joined(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(joint_cases); i++) {
        const struct joint_case *want = &joint_cases[i / 2];
        const struct pq_mechanism_row *row = pq_mechanism_row(want->mechanism);
        bool initial = i % 2 == 0 && row->client_first;
        unsigned asks = row->client_first && !initial ? 1 : 0; /* the empty challenge */
        struct world w;
        world_init(&w, want->user, want->secret);
        w.client_config.authzid = pq_slice_text(want->authzid);
        world_play(&w, want->mechanism, initial);
        if (w.server.flaw != want->server || w.client.flaw != want->client ||
            w.messages != want->messages + asks)
            fail_msg("case %zu: %s, %s, %u messages", i / 2, pq_sasl_flaw_name(w.server.flaw),
                     pq_sasl_flaw_name(w.client.flaw), w.messages);
        check_outcomes(&w, want);
    }
}

/* The store and the network belong to others: nobody comes in by an empty secret, and nobody acts
 * for another when no rule says so. */
static void test_nobody_comes_in_by_omission(void **state)
{
    (void)state;
    for (int m = PQ_MECHANISM_UNKNOWN + 1; m < PQ_MECHANISM_COUNT; m++) {
        struct world w;
        world_init(&w, "empty", "x");
        w.server_config.anonymous = PQ_SLICE("empty");
        world_play(&w, (enum pq_mechanism)m, pq_mechanism_row((enum pq_mechanism)m)->client_first);
        assert_int_equal(w.server.outcome, PQ_SASL_FAILED);
        assert_int_equal(w.server.flaw, PQ_SASL_FLAW_CREDENTIALS);
        assert_int_equal(w.lookups, 1);
    }
    struct world w;
    world_init(&w, "proxy", "p");
    w.client_config.authzid = PQ_SLICE("tim");
    w.server_config.may_act_as = NULL;
    world_play(&w, PQ_MECHANISM_PLAIN, true);
    assert_int_equal(w.server.flaw, PQ_SASL_FLAW_AUTHZID);
    /* HMAC-MD5 with no key at all: what an empty password would give. */
    world_begin(&w, PQ_MECHANISM_CRAM_MD5);
    w.server_config.challenge = pq_slice_of(NULL, 0);
    uint8_t memory[8];
    struct pq_buf out;
    assert_true(wire_server(&w, NULL, &out, memory));
    assert_int_equal(server_flaw(&w, PQ_SLICE("empty 74e6f7298a9c2d168935f58c001bad88")),
                     PQ_SASL_FLAW_CREDENTIALS);
}

static void test_an_ended_exchange_stays(void **state)
{
    (void)state;
    uint8_t memory[64];
    struct pq_buf out;
    struct pq_slice right = PQ_SLICE("\0tim\0tanstaaftanstaaf"), wrong = PQ_SLICE("\0tim\0x");
    struct world w;
    world_init(&w, "tim", "tanstaaftanstaaf");
    for (int done = 0; done < 2; done++) {
        world_begin(&w, PQ_MECHANISM_PLAIN);
        pq_buf_init(&out, memory, sizeof(memory));
        enum pq_sasl_outcome first = pq_sasl_server_step(&w.server, done ? &right : &wrong, &out);
        assert_int_equal(first, done ? PQ_SASL_DONE : PQ_SASL_FAILED);
        assert_int_equal(pq_sasl_server_step(&w.server, done ? &wrong : &right, &out), first);
        assert_int_equal(w.lookups, 1);
        assert_int_equal(out.len, 0);
    }
    pq_sasl_server_clear(&w.server);
    pq_sasl_client_clear(&w.client);
    for (size_t i = 0; i < sizeof(w.server); i++)
        assert_int_equal(((const uint8_t *)&w.server)[i], 0);
    for (size_t i = 0; i < sizeof(w.client); i++)
        assert_int_equal(((const uint8_t *)&w.client)[i], 0);
}

/* A client that has all it wants does not answer for ever. */
static void test_a_challenge_too_many(void **state)
{
    (void)state;
    static const struct {
        enum pq_mechanism mechanism;
        const char *secret, *challenge;
    } cases[] = {{PQ_MECHANISM_PLAIN, "tanstaaftanstaaf", ""},
                 {PQ_MECHANISM_PLAIN, "tanstaaftanstaaf", "more"},
                 {PQ_MECHANISM_LOGIN, "tanstaaftanstaaf", "Password:"},
                 {PQ_MECHANISM_CRAM_MD5, "tanstaaftanstaaf", "<1@x>"},
                 {PQ_MECHANISM_SCRAM_SHA_256, "tanstaaftanstaaf", ""},
                 {PQ_MECHANISM_XOAUTH2, "ya29.tim-token_1", ""},
                 {PQ_MECHANISM_SCRAM_SHA_1, "tanstaaftanstaaf", ""},
                 {PQ_MECHANISM_OAUTHBEARER, "ya29.tim-token_1", ""},
                 {PQ_MECHANISM_EXTERNAL, "x", ""},
                 {PQ_MECHANISM_SCRAM_SHA_1_PLUS, "tanstaaftanstaaf", ""},
                 {PQ_MECHANISM_SCRAM_SHA_256_PLUS, "tanstaaftanstaaf", ""},
                 {PQ_MECHANISM_ANONYMOUS, "x", ""},
                 {PQ_MECHANISM_ANONYMOUS, "x", "more"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        uint8_t memory[64];
        struct pq_buf out;
        world_init(&w, "tim", cases[i].secret);
        world_play(&w, cases[i].mechanism, pq_mechanism_row(cases[i].mechanism)->client_first);
        assert_int_equal(w.client.outcome, PQ_SASL_DONE);
        struct pq_slice challenge = pq_slice_text(cases[i].challenge);
        assert_false(wire_client(&w, &challenge, &out, memory));
        assert_int_equal(w.client.flaw, PQ_SASL_FLAW_SURPLUS);
        assert_int_equal(w.client.status, PQ_STATUS_SASL_MESSAGE);
        assert_false(wire_client(&w, &challenge, &out, memory));
    }
}

/* ---- initial responses ----------------------------------------------------------------------- */

static void test_initial_responses_are_refused_or_tolerated(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "tim", "tanstaaftanstaaf");
    world_begin(&w, PQ_MECHANISM_CRAM_MD5);
    w.server_config.leniency = PQ_SASL_LENIENT_INITIAL;
    assert_int_equal(server_flaw(&w, PQ_SLICE("test")), PQ_SASL_FLAW_SURPLUS);
    world_begin(&w, PQ_MECHANISM_CRAM_MD5);
    assert_int_equal(server_flaw(&w, PQ_SLICE("")), PQ_SASL_FLAW_SURPLUS);
    world_play(&w, PQ_MECHANISM_LOGIN, true);
    assert_int_equal(w.server.outcome, PQ_SASL_DONE);
    assert_int_equal(w.messages, 3);
    w.server_config.leniency = 0;
    world_play(&w, PQ_MECHANISM_LOGIN, true);
    assert_int_equal(w.server.flaw, PQ_SASL_FLAW_SURPLUS);
    assert_int_equal(w.server.status, PQ_STATUS_SASL_MESSAGE);
}

/* "=" is a message, an empty one; none at all makes the server ask with the empty challenge. */
static void test_no_initial_response_differs_from_an_empty_one(void **state)
{
    (void)state;
    static const enum pq_mechanism client_first[] = {PQ_MECHANISM_PLAIN, PQ_MECHANISM_SCRAM_SHA_256,
                                                     PQ_MECHANISM_XOAUTH2, PQ_MECHANISM_SCRAM_SHA_1,
                                                     PQ_MECHANISM_OAUTHBEARER};
    for (size_t i = 0; i < COUNT(client_first); i++) {
        struct world w;
        uint8_t memory[WIRE_ROOM];
        struct pq_buf out;
        world_init(&w, "tim", "x");
        world_begin(&w, client_first[i]);
        assert_true(wire_server(&w, NULL, &out, memory));
        assert_int_equal(out.len, 1);
        assert_int_not_equal(server_flaw(&w, PQ_SLICE("")), PQ_SASL_FLAW_NONE);
        assert_int_equal(w.server.status, PQ_STATUS_SASL_MESSAGE);
        world_begin(&w, client_first[i]);
        assert_int_not_equal(server_flaw(&w, PQ_SLICE("")), PQ_SASL_FLAW_NONE);
        assert_int_equal(w.server.status, PQ_STATUS_SASL_MESSAGE);
        /* The client in turn wants that challenge to be empty. */
        world_begin(&w, client_first[i]);
        struct pq_slice text = PQ_SLICE("?");
        assert_false(wire_client(&w, &text, &out, memory));
        assert_int_equal(w.client.flaw, PQ_SASL_FLAW_SURPLUS);
    }
}

/* ---- buffers --------------------------------------------------------------------------------- */

/* Plays with `room` octets for one message; what went before is as ever, and that message is not.
 */
static void play_tight(struct world *w, enum pq_mechanism mechanism, unsigned message, size_t room)
{
    w->tight = message;
    w->tight_room = room;
    world_play(w, mechanism, pq_mechanism_row(mechanism)->client_first);
    w->tight = 0;
}

static void check_no_room(const struct world *w, unsigned message)
{
    bool client = w->client.status == PQ_STATUS_NO_ROOM;
    bool server = w->server.status == PQ_STATUS_NO_ROOM;
    assert_int_equal(w->messages, message - 1);
    assert_true(client != server);
    assert_int_equal(client ? w->client.outcome : w->server.outcome, PQ_SASL_FAILED);
}

/* Message `k` into every buffer that is too small for its `len` octets, and into one that fits. */
static void check_rooms(struct world *w, enum pq_mechanism mechanism, unsigned k, size_t len)
{
    for (size_t room = 0; room < len; room++) {
        play_tight(w, mechanism, k, room);
        check_no_room(w, k);
    }
    play_tight(w, mechanism, k, len);
}

/* Every message of every exchange. */
static void test_buffers_too_small(void **state)
{
    (void)state;
    static const struct {
        enum pq_mechanism mechanism;
        const char *secret, *authzid;
    } cases[] = {{PQ_MECHANISM_PLAIN, "p", "tim"},
                 {PQ_MECHANISM_LOGIN, "p", NULL},
                 {PQ_MECHANISM_CRAM_MD5, "p", NULL},
                 {PQ_MECHANISM_SCRAM_SHA_256, "p", NULL},
                 {PQ_MECHANISM_SCRAM_SHA_256, "p", "tim"},
                 {PQ_MECHANISM_XOAUTH2, "ya29.proxy-token_1", NULL},
                 {PQ_MECHANISM_XOAUTH2, "wrong", NULL},
                 {PQ_MECHANISM_SCRAM_SHA_1, "p", "tim"},
                 {PQ_MECHANISM_OAUTHBEARER, "ya29.proxy-token_1", NULL},
                 {PQ_MECHANISM_OAUTHBEARER, "wrong", NULL},
                 {PQ_MECHANISM_ANONYMOUS, NULL, NULL},
                 {PQ_MECHANISM_EXTERNAL, NULL, "tim"},
                 {PQ_MECHANISM_SCRAM_SHA_256_PLUS, "p", "tim"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum pq_mechanism mechanism = cases[i].mechanism;
        struct world w;
        world_init(&w, "proxy", cases[i].secret);
        w.client_config.authzid = pq_slice_text(cases[i].authzid);
        play_tight(&w, mechanism, 0, 0);
        enum pq_sasl_outcome outcome = w.server.outcome;
        unsigned messages = w.messages;
        size_t lengths[COUNT(w.lengths)];
        memcpy(lengths, w.lengths, sizeof(lengths));
        for (unsigned k = 1; k <= messages; k++) {
            check_rooms(&w, mechanism, k, lengths[k - 1]);
            assert_int_equal(w.server.outcome, outcome);
        }
    }
}

/* ---- bent messages --------------------------------------------------------------------------- */

/* What is done to one octet of one message. */
struct bend {
    unsigned message; /* from 1 */
    size_t at;
    uint8_t flip; /* XORed into the octet, or */
    bool cut;     /* the message ends before it, or */
    bool insert;  /* another one is put before it */
    bool happened;
};

static void bend_octet(struct world *w, unsigned message, struct pq_buf *b)
{
    struct bend *bend = w->bend_ctx;
    if (message != bend->message || bend->at >= b->len + (bend->insert ? 1 : 0))
        return;
    bend->happened = true;
    if (bend->cut) {
        b->len = bend->at;
    } else if (bend->insert) {
        memmove(b->at + bend->at + 1, b->at + bend->at, b->len - bend->at);
        b->at[bend->at] = 'x';
        b->len++;
    } else {
        b->at[bend->at] ^= bend->flip;
    }
}

/* "Bearer" is a word in any case (RFC 7235 section 2.1). */
static bool means_the_same(enum pq_mechanism mechanism, const struct bend *bend)
{
    const size_t scheme = sizeof("n,a=user,\001auth=") - 1;
    return mechanism == PQ_MECHANISM_OAUTHBEARER && !bend->cut && !bend->insert &&
           bend->flip == 0x20 && bend->at >= scheme && bend->at < scheme + sizeof("Bearer") - 1;
}

/* Whether both ends believe in a success although something on the wire was bent. */
static bool both_are_fooled(struct world *w, enum pq_mechanism mechanism, struct bend bend)
{
    w->bend = bend_octet;
    w->bend_ctx = &bend;
    world_play(w, mechanism, pq_mechanism_row(mechanism)->client_first);
    assert_true(bend.happened);
    w->bend_ctx = NULL;
    return w->server.outcome == PQ_SASL_DONE && w->client.outcome == PQ_SASL_DONE;
}

/* Every bend of the message `k` of `len` octets. */
static void check_bends(struct world *w, enum pq_mechanism mechanism, unsigned k, size_t len)
{
    for (size_t at = 0; at <= len; at++) {
        struct bend bend = {.message = k, .at = at, .insert = true};
        if (both_are_fooled(w, mechanism, bend))
            fail_msg("%d: inserted at %zu of message %u", (int)mechanism, at, k);
    }
    for (size_t i = 0; i < 9 * len; i++) {
        struct bend bend = {.message = k, .at = i / 9, .cut = i % 9 == 8};
        bend.flip = (uint8_t)(1u << i % 9 % 8);
        if (both_are_fooled(w, mechanism, bend) != means_the_same(mechanism, &bend))
            fail_msg("%d: bent at %zu of message %u", (int)mechanism, i / 9, k);
    }
}

/* No exchange succeeds at both ends when one octet of one message was changed, left out with what
 * follows, or put in. The exceptions are the prompts of LOGIN, and ANONYMOUS: their words mean
 * nothing. */
static void test_no_bent_message_succeeds(void **state)
{
    (void)state;
    for (int m = PQ_MECHANISM_UNKNOWN + 1; m < PQ_MECHANISM_COUNT; m++) {
        enum pq_mechanism mechanism = (enum pq_mechanism)m;
        struct world w;
        bool token = pq_mechanism_row(mechanism)->secret_max == PQ_SASL_TOKEN_MAX;
        world_init(&w, "user", token ? "ya29.user-token_1" : "pencil");
        world_play(&w, mechanism, pq_mechanism_row(mechanism)->client_first);
        assert_int_equal(w.server.outcome, PQ_SASL_DONE);
        size_t lengths[COUNT(w.lengths)];
        memcpy(lengths, w.lengths, sizeof(lengths));
        unsigned messages = w.messages;
        for (unsigned k = 1; k <= messages && mechanism != PQ_MECHANISM_ANONYMOUS; k++) {
            if (mechanism != PQ_MECHANISM_LOGIN || k % 2 == 0)
                check_bends(&w, mechanism, k, lengths[k - 1]);
        }
    }
}

/* ---- the library refuses --------------------------------------------------------------------- */

static void refuse_from_here(struct world *w, unsigned message, struct pq_buf *b)
{
    (void)b;
    const unsigned *from = w->bend_ctx;
    if (message == *from)
        assert_int_equal(EVP_set_default_properties(NULL, "fips=yes"), 1);
}

/* After each message in turn the library refuses everything, as it does without a FIPS provider. */
static void test_refusal_of_the_library_is_a_status(void **state)
{
    (void)state;
    static const struct {
        enum pq_mechanism mechanism;
        unsigned from;
        enum pq_status server, client;
    } cases[] = {
        {PQ_MECHANISM_CRAM_MD5, 1, PQ_STATUS_OK, PQ_STATUS_CRYPTO},
        {PQ_MECHANISM_CRAM_MD5, 2, PQ_STATUS_CRYPTO, PQ_STATUS_OK},
        {PQ_MECHANISM_SCRAM_SHA_256, 1, PQ_STATUS_CRYPTO, PQ_STATUS_OK},
        {PQ_MECHANISM_SCRAM_SHA_256, 2, PQ_STATUS_OK, PQ_STATUS_CRYPTO},
        {PQ_MECHANISM_SCRAM_SHA_256, 3, PQ_STATUS_CRYPTO, PQ_STATUS_OK},
        {PQ_MECHANISM_SCRAM_SHA_256, 4, PQ_STATUS_OK, PQ_STATUS_OK},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        unsigned from = cases[i].from;
        world_init(&w, "user", "pencil");
        w.bend = refuse_from_here;
        w.bend_ctx = &from;
        world_play(&w, cases[i].mechanism, cases[i].mechanism == PQ_MECHANISM_SCRAM_SHA_256);
        assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
        assert_int_equal(w.server.status, cases[i].server);
        assert_int_equal(w.client.status, cases[i].client);
        assert_int_equal(w.server.outcome == PQ_SASL_DONE, i + 1 == COUNT(cases));
    }
}

/* The library's memory, which ends at the n-th request; zero: never. */
static size_t requests, fail_at;

static void *faulty_resize(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return ++requests == fail_at ? NULL : realloc(old, size);
}

static void *faulty_get(size_t size, const char *file, int line)
{
    return faulty_resize(NULL, size, file, line);
}

static void faulty_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* Fails each request in turn: the exchange ends with CRYPTO, or the library did without that memory
 * and it ends as ever. Returns how many requests made it end. */
static size_t fail_every_request(enum pq_mechanism mechanism, const char *secret)
{
    size_t ended = 0;
    bool initial = pq_mechanism_row(mechanism)->client_first;
    struct world w;
    world_init(&w, "user", secret);
    world_play(&w, mechanism, initial);
    enum pq_status without = w.server.status;
    for (size_t n = 1;; n++) {
        requests = 0;
        fail_at = n;
        world_play(&w, mechanism, initial);
        fail_at = 0;
        if (requests < n)
            return ended;
        bool crypto = w.server.status == PQ_STATUS_CRYPTO || w.client.status == PQ_STATUS_CRYPTO;
        assert_int_equal(ERR_peek_error(), 0);
        assert_true(crypto || w.server.status == without);
        assert_int_equal(w.server.outcome == PQ_SASL_DONE, !crypto && without == PQ_STATUS_OK);
        ended += crypto;
    }
}

static void test_lack_of_memory_is_a_status(void **state)
{
    (void)state;
    assert_true(fail_every_request(PQ_MECHANISM_CRAM_MD5, "pencil") >= 2);
    assert_true(fail_every_request(PQ_MECHANISM_CRAM_MD5, "Pencil") >= 2);
    assert_true(fail_every_request(PQ_MECHANISM_SCRAM_SHA_256, "pencil") >= 14);
    assert_true(fail_every_request(PQ_MECHANISM_SCRAM_SHA_256, "Pencil") >= 13);
    assert_true(fail_every_request(PQ_MECHANISM_SCRAM_SHA_1, "pencil") >= 14);
    assert_int_equal(fail_every_request(PQ_MECHANISM_PLAIN, "pencil"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mechanism_names),
        cmocka_unit_test(test_mechanism_rows),
        cmocka_unit_test(test_flaws_have_a_name_and_a_status),
        cmocka_unit_test(test_both_ends_joined),
        cmocka_unit_test(test_nobody_comes_in_by_omission),
        cmocka_unit_test(test_an_ended_exchange_stays),
        cmocka_unit_test(test_a_challenge_too_many),
        cmocka_unit_test(test_initial_responses_are_refused_or_tolerated),
        cmocka_unit_test(test_no_initial_response_differs_from_an_empty_one),
        cmocka_unit_test(test_buffers_too_small),
        cmocka_unit_test(test_no_bent_message_succeeds),
        cmocka_unit_test(test_refusal_of_the_library_is_a_status),
        cmocka_unit_test(test_lack_of_memory_is_a_status),
    };
    /* Before the library asks for anything. */
    if (!CRYPTO_set_mem_functions(faulty_get, faulty_resize, faulty_free))
        return 1;
    return cmocka_run_group_tests_name("sasl", tests, NULL, NULL);
}
