/* SPDX-License-Identifier: Apache-2.0
 * The messages of every mechanism but SCRAM, one by one, and the lengths of what they hold. */
#define _DEFAULT_SOURCE
#include "sasl/sasl_testing.h"

/* ---- messages -------------------------------------------------------------------------------- */

static const struct message_case {
    enum pq_mechanism mechanism;
    enum pq_sasl_flaw flaw;
    struct pq_slice message;
} message_cases[] = {
#define PLAIN(flaw, text)                                                                          \
    {                                                                                              \
        PQ_MECHANISM_PLAIN, PQ_SASL_FLAW_##flaw, PQ_SLICE_INIT(text)                               \
    }
    PLAIN(NONE, "\0tim\0tanstaaftanstaaf"),
    PLAIN(NONE, "tim\0tim\0tanstaaftanstaaf"),
    PLAIN(FIELDS, ""),
    PLAIN(FIELDS, "tim"),
    PLAIN(FIELDS, "\0"),
    PLAIN(FIELDS, "\0tim"),
    PLAIN(FIELDS, "tim\0tanstaaftanstaaf"),
    PLAIN(FIELDS, "\0tim\0tanstaaftanstaaf\0"),
    PLAIN(FIELDS, "\0tim\0tanstaaftanstaaf\0x"),
    PLAIN(FIELDS, "\0\0tim\0tanstaaftanstaaf"),
    PLAIN(FIELDS, "\0\0\0"),
    PLAIN(LENGTH, "\0\0"),
    PLAIN(LENGTH, "\0\0tanstaaftanstaaf"),
    PLAIN(LENGTH, "\0tim\0"),
    PLAIN(LENGTH, "tim\0\0tanstaaftanstaaf"),
    PLAIN(OCTETS, "\0t\xC0\xAFm\0tanstaaftanstaaf"),
    PLAIN(OCTETS, "\0tim\0tanstaaf\xFF"),
    PLAIN(OCTETS, "\0tim\0\xED\xA0\x80"),
    PLAIN(OCTETS, "\xC3\0tim\0tanstaaftanstaaf"),
    PLAIN(CREDENTIALS, "\0tim\0tanstaaftanstaa"),
    PLAIN(CREDENTIALS, "\0tim\0tanstaaftanstaaf "),
    PLAIN(CREDENTIALS, "\0tim\0tanstaaftanstaaf\r\n"),
    PLAIN(CREDENTIALS, "\0Tim\0tanstaaftanstaaf"),
    PLAIN(CREDENTIALS, "\0tim \0tanstaaftanstaaf"),
    PLAIN(AUTHZID, "TIM\0tim\0tanstaaftanstaaf"),
    PLAIN(AUTHZID, "\xC2\xAD\0tim\0tanstaaftanstaaf"),
#undef PLAIN
#define LOGIN(flaw, text)                                                                          \
    {                                                                                              \
        PQ_MECHANISM_LOGIN, PQ_SASL_FLAW_##flaw, PQ_SLICE_INIT(text)                               \
    }
    LOGIN(NONE, "tim"),
    LOGIN(NONE, "nobody"),
    LOGIN(LENGTH, ""),
    LOGIN(OCTETS, "tim\0"),
    LOGIN(OCTETS, "t\xE9m"),
#undef LOGIN
#define CRAM(flaw, text)                                                                           \
    {                                                                                              \
        PQ_MECHANISM_CRAM_MD5, PQ_SASL_FLAW_##flaw, PQ_SLICE_INIT(text)                            \
    }
    CRAM(NONE, "tim b913a602c7eda7a495b4e6e7334d3890"),
    CRAM(CREDENTIALS, "tim b913a602c7eda7a495b4e6e7334d3891"),
    CRAM(CREDENTIALS, "tim 0913a602c7eda7a495b4e6e7334d3890"),
    CRAM(CREDENTIALS, "tim  b913a602c7eda7a495b4e6e7334d3890"),
    CRAM(CREDENTIALS, " b913a602c7eda7a495b4e6e7334d3890 b913a602c7eda7a495b4e6e7334d3890"),
    CRAM(FIELDS, "tim B913A602C7EDA7A495B4E6E7334D3890"),
    CRAM(FIELDS, "tim B913a602c7eda7a495b4e6e7334d3890"),
    CRAM(FIELDS, "tim b913a602c7eda7a495b4e6e7334d38A0"),
    CRAM(FIELDS, "tim b913a602c7eda7a495b4e6e7334d389"),
    CRAM(FIELDS, "tim b913a602c7eda7a495b4e6e7334d3890a"),
    CRAM(FIELDS, "tim b913a602c7eda7a495b4e6e7334d3890 "),
    CRAM(FIELDS, "tim\tb913a602c7eda7a495b4e6e7334d3890"),
    CRAM(FIELDS, "timb913a602c7eda7a495b4e6e7334d3890"),
    CRAM(FIELDS, "tim b913a602c7eda7a495b4e6e7334d389g"),
    CRAM(FIELDS, "b913a602c7eda7a495b4e6e7334d3890"),
    CRAM(LENGTH, " b913a602c7eda7a495b4e6e7334d3890"),
    CRAM(OCTETS, "tim\0 b913a602c7eda7a495b4e6e7334d3890"),
    CRAM(OCTETS, "t\xFFm b913a602c7eda7a495b4e6e7334d3890"),
    CRAM(FIELDS, ""),
    CRAM(FIELDS, " "),
    CRAM(FIELDS, "tim"),
    CRAM(FIELDS, "tim "),
#undef CRAM
#define XOAUTH2(flaw, text)                                                                        \
    {                                                                                              \
        PQ_MECHANISM_XOAUTH2, PQ_SASL_FLAW_##flaw, PQ_SLICE_INIT(text)                             \
    }
    XOAUTH2(NONE, "user=tim\001auth=Bearer ya29.tim-token_1\001\001"),
    XOAUTH2(FIELDS, ""),
    XOAUTH2(FIELDS, "\001"),
    XOAUTH2(FIELDS, "\001\001"),
    XOAUTH2(FIELDS, "user=tim"),
    XOAUTH2(FIELDS, "user=tim\001"),
    XOAUTH2(FIELDS, "user=tim\001\001"),
    XOAUTH2(FIELDS, "user=tim\001auth=Bearer ya29.tim-token_1"),
    XOAUTH2(FIELDS, "user=tim\001auth=Bearer ya29.tim-token_1\001"),
    XOAUTH2(FIELDS, "user=tim\001auth=Bearer ya29.tim-token_1\001\001\001"),
    XOAUTH2(FIELDS, "user=tim\001auth=Bearer ya29.tim-token_1\001x=y\001\001"),
    XOAUTH2(FIELDS, "user=tim\001auth=bearer ya29.tim-token_1\001\001"),
    XOAUTH2(FIELDS, "user=tim\001auth=Bearer\001\001"),
    XOAUTH2(FIELDS, "User=tim\001auth=Bearer ya29.tim-token_1\001\001"),
    XOAUTH2(FIELDS, "auth=Bearer ya29.tim-token_1\001user=tim\001\001"),
    XOAUTH2(FIELDS, "n,a=tim,\001auth=Bearer ya29.tim-token_1\001\001"),
    XOAUTH2(LENGTH, "user=\001auth=Bearer ya29.tim-token_1\001\001"),
    XOAUTH2(LENGTH, "user=tim\001auth=Bearer \001\001"),
    XOAUTH2(OCTETS, "user=tim\001auth=Bearer ya29 tim\001\001"),
    XOAUTH2(OCTETS, "user=tim\001auth=Bearer ya29\xC3\xA9\001\001"),
    XOAUTH2(OCTETS, "user=t\0im\001auth=Bearer ya29.tim-token_1\001\001"),
    XOAUTH2(OCTETS, "user=t\xFFm\001auth=Bearer ya29.tim-token_1\001\001"),
#undef XOAUTH2
#define OAUTH(flaw, text)                                                                          \
    {                                                                                              \
        PQ_MECHANISM_OAUTHBEARER, PQ_SASL_FLAW_##flaw, PQ_SLICE_INIT(text)                         \
    }
#define TIM "n,a=tim,\001"
#define TOKEN "auth=Bearer ya29.tim-token_1\001"
    OAUTH(NONE, TIM TOKEN "\001"),
    OAUTH(NONE, "y,a=tim,\001" TOKEN "\001"),
    OAUTH(NONE, "n,a=t=2Cm,\001" TOKEN "\001"), /* told to be wrong in a challenge */
    OAUTH(NONE, TIM "auth=bEARER   ya29.tim-token_1\001\001"),
    OAUTH(NONE, TIM "x=y\001" TOKEN "mthd=\001qs=a=b \t\r\n,\001\001"),
    OAUTH(NONE, TIM "host=pop.example\001port=110\001" TOKEN "\001"),
    OAUTH(NONE, TIM "port=65535\001" TOKEN "\001"),
    OAUTH(FIELDS, ""),
    OAUTH(FIELDS, "\001"),
    OAUTH(FIELDS, "\001\001"),
    OAUTH(FIELDS, "n,a=tim,"),
    OAUTH(FIELDS, TIM),
    OAUTH(FIELDS, TIM "\001"),
    OAUTH(FIELDS, TIM TOKEN),
    OAUTH(FIELDS, TIM TOKEN "\001\001"),
    OAUTH(FIELDS, TIM TOKEN TOKEN "\001"),
    OAUTH(FIELDS, "n,a=tim," TOKEN "\001"),
    OAUTH(ESCAPE, "n,a=tim\001" TOKEN "\001"),
    OAUTH(FIELDS, "x,a=tim,\001" TOKEN "\001"),
    OAUTH(FIELDS, "n,b=tim,\001" TOKEN "\001"),
    OAUTH(FIELDS, TIM "Auth=Bearer ya29.tim-token_1\001\001"),
    OAUTH(FIELDS, TIM "auth=Basic ya29.tim-token_1\001\001"),
    OAUTH(FIELDS, TIM "auth=\001\001"),
    OAUTH(FIELDS, TIM TOKEN "x\001\001"),
    OAUTH(FIELDS, TIM TOKEN "=x\001\001"),
    OAUTH(FIELDS, TIM TOKEN "x1=y\001\001"),
    OAUTH(FIELDS, TIM "host=\001" TOKEN "\001"),
    OAUTH(FIELDS, TIM "host=pop.example\001host=pop.example\001" TOKEN "\001"),
    OAUTH(FIELDS, TIM "port=0\001" TOKEN "\001"),
    OAUTH(FIELDS, TIM "port=0110\001" TOKEN "\001"),
    OAUTH(FIELDS, TIM "port=65536\001" TOKEN "\001"),
    OAUTH(FIELDS, TIM "port=110\001port=110\001" TOKEN "\001"),
    OAUTH(BINDING, "p=tls-unique,a=tim,\001" TOKEN "\001"),
    OAUTH(FIELDS, "p=,a=tim,\001" TOKEN "\001"),
    OAUTH(ESCAPE, "n,a=t=2Xm,\001" TOKEN "\001"),
    OAUTH(LENGTH, "n,a=,\001" TOKEN "\001"),
    OAUTH(LENGTH, TIM "auth=Bearer\001\001"),
    OAUTH(LENGTH, TIM "auth=Bearer \001\001"),
    OAUTH(LENGTH, TIM "auth=Bearer =\001\001"),
    OAUTH(OCTETS, TIM "auth=Bearer a b\001\001"),
    OAUTH(OCTETS, TIM "auth=Bearer a=b\001\001"),
    OAUTH(OCTETS, TIM "auth=Bearer a,b\001\001"),
    OAUTH(OCTETS, TIM TOKEN "x=\0\001\001"),
    OAUTH(OCTETS, TIM TOKEN "x=\x7F\001\001"),
    OAUTH(OCTETS, TIM TOKEN "x=\xC3\xA9\001\001"),
    OAUTH(OCTETS, "n,a=t\xFFm,\001" TOKEN "\001"),
    OAUTH(OCTETS, "n,a=t\0m,\001" TOKEN "\001"),
#undef TIM
#undef TOKEN
#undef OAUTH
#define ANONYMOUS(flaw, text)                                                                      \
    {                                                                                              \
        PQ_MECHANISM_ANONYMOUS, PQ_SASL_FLAW_##flaw, PQ_SLICE_INIT(text)                           \
    }
    ANONYMOUS(NONE, ""),
    ANONYMOUS(NONE, "sirhc"), /* RFC 4505 section 4 */
    ANONYMOUS(NONE, "two words"),
    ANONYMOUS(NONE, "a@b"),
    ANONYMOUS(NONE, "\"a@b\"@c"),
    ANONYMOUS(NONE, "\xC2\xA0"),
    ANONYMOUS(NONE, "\xF0\x9F\x98\x80"),
    ANONYMOUS(FIELDS, "@"),
    ANONYMOUS(FIELDS, "@b"),
    ANONYMOUS(FIELDS, "a@"),
    ANONYMOUS(OCTETS, "a\0"),
    ANONYMOUS(OCTETS, "a\r\n"),
    ANONYMOUS(OCTETS, "\x1F"),
    ANONYMOUS(OCTETS, "\x7F"),
    ANONYMOUS(OCTETS, "\xC2\x80"),
    ANONYMOUS(OCTETS, "\xC2\x9F"),
    ANONYMOUS(OCTETS, "\xC2"),
    ANONYMOUS(OCTETS, "\xC0\xAF"),
#undef ANONYMOUS
};

static void test_messages_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(message_cases); i++) {
        const struct message_case *c = &message_cases[i];
        uint8_t memory[64];
        struct pq_buf out;
        struct world w;
        world_init(&w, "tim", "x");
        world_begin(&w, c->mechanism);
        assert_true(wire_server(&w, NULL, &out, memory));
        enum pq_sasl_flaw flaw = server_flaw(&w, c->message);
        if (flaw != c->flaw)
            fail_msg("case %zu: %s", i, pq_sasl_flaw_name(flaw));
        bool named = w.server.status != PQ_STATUS_SASL_MESSAGE && flaw != PQ_SASL_FLAW_BINDING;
        assert_int_equal(w.lookups, named && c->mechanism != PQ_MECHANISM_LOGIN ? 1 : 0);
    }
}

static void test_login_passwords_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        struct pq_slice password;
        enum pq_sasl_flaw flaw;
    } cases[] = {{PQ_SLICE_INIT("tanstaaftanstaaf"), PQ_SASL_FLAW_NONE},
                 {PQ_SLICE_INIT("tanstaaftanstaaF"), PQ_SASL_FLAW_CREDENTIALS},
                 {PQ_SLICE_INIT(""), PQ_SASL_FLAW_LENGTH},
                 {PQ_SLICE_INIT("tanstaaf\0"), PQ_SASL_FLAW_OCTETS},
                 {PQ_SLICE_INIT("\xFF"), PQ_SASL_FLAW_OCTETS}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t memory[64];
        struct pq_buf out;
        struct world w;
        world_init(&w, "tim", "x");
        world_begin(&w, PQ_MECHANISM_LOGIN);
        assert_true(wire_server(&w, NULL, &out, memory));
        assert_true(pq_slice_equal(pq_buf_slice(&out), PQ_SLICE(">Username:")));
        struct pq_slice name = PQ_SLICE("tim");
        assert_true(wire_server(&w, &name, &out, memory));
        assert_true(pq_slice_equal(pq_buf_slice(&out), PQ_SLICE(">Password:")));
        if (server_flaw(&w, cases[i].password) != cases[i].flaw)
            fail_msg("case %zu: %s", i, pq_sasl_flaw_name(w.server.flaw));
    }
}

static void test_cram_md5_client(void **state)
{
    (void)state;
    static const struct {
        struct pq_slice challenge;
        bool good;
    } cases[] = {
        {PQ_SLICE_INIT("<1896.697170952@postoffice.reston.mci.net>"), true},
        {PQ_SLICE_INIT("<a@b>"), true},
        {PQ_SLICE_INIT(""), false},
        {PQ_SLICE_INIT("<"), false},
        {PQ_SLICE_INIT("<>"), false},
        {PQ_SLICE_INIT("<@>"), false},
        {PQ_SLICE_INIT("<a@>"), false},
        {PQ_SLICE_INIT("<@b>"), false},
        {PQ_SLICE_INIT("<ab>"), false},
        {PQ_SLICE_INIT("<a@b@c>"), false},
        {PQ_SLICE_INIT("a@b"), false},
        {PQ_SLICE_INIT("<a@b"), false},
        {PQ_SLICE_INIT("a@b>"), false},
        {PQ_SLICE_INIT("(a@b>"), false},
        {PQ_SLICE_INIT("<a@b)"), false},
        {PQ_SLICE_INIT("<a@b> "), false},
        {PQ_SLICE_INIT("<a@b>\r\n"), false},
        {PQ_SLICE_INIT("<a @b>"), false},
        {PQ_SLICE_INIT("<a@b><c@d>"), false},
        {PQ_SLICE_INIT("<<a@b>"), false},
        {PQ_SLICE_INIT("<a\x80@b>"), false},
        {PQ_SLICE_INIT("<a\0@b>"), false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t memory[WIRE_ROOM];
        struct pq_buf out;
        struct world w;
        world_init(&w, "tim", "tanstaaftanstaaf");
        world_begin(&w, PQ_MECHANISM_CRAM_MD5);
        if (wire_client(&w, &cases[i].challenge, &out, memory) != cases[i].good)
            fail_msg("case %zu", i);
        assert_int_equal(w.client.outcome, cases[i].good ? PQ_SASL_DONE : PQ_SASL_FAILED);
        if (i == 0) /* RFC 2195 section 2 */
            assert_true(pq_slice_equal(pq_buf_slice(&out),
                                       PQ_SLICE(">tim b913a602c7eda7a495b4e6e7334d3890")));
    }
}

/* What is on the wire, octet by octet, and whether a +OK may follow at once. */
static void test_client_messages(void **state)
{
    (void)state;
    static const struct {
        enum pq_mechanism mechanism;
        const char *authzid;
        enum pq_sasl_outcome outcome;
        struct pq_slice message;
    } cases[] = {
        {PQ_MECHANISM_PLAIN, NULL, PQ_SASL_DONE, PQ_SLICE_INIT(">\0a,b=c\0comma")},
        {PQ_MECHANISM_PLAIN, "x", PQ_SASL_DONE, PQ_SLICE_INIT(">x\0a,b=c\0comma")},
        {PQ_MECHANISM_LOGIN, NULL, PQ_SASL_CONTINUE, PQ_SLICE_INIT(">a,b=c")},
        {PQ_MECHANISM_SCRAM_SHA_256, NULL, PQ_SASL_CONTINUE,
         PQ_SLICE_INIT(">n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO")},
        {PQ_MECHANISM_SCRAM_SHA_256, "x,y", PQ_SASL_CONTINUE,
         PQ_SLICE_INIT(">n,a=x=2Cy,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO")},
        {PQ_MECHANISM_XOAUTH2, NULL, PQ_SASL_DONE,
         PQ_SLICE_INIT(">user=a,b=c\001auth=Bearer comma\001\001")},
        {PQ_MECHANISM_SCRAM_SHA_1, NULL, PQ_SASL_CONTINUE,
         PQ_SLICE_INIT(">n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO")},
        {PQ_MECHANISM_OAUTHBEARER, NULL, PQ_SASL_DONE,
         PQ_SLICE_INIT(">n,a=a=2Cb=3Dc,\001auth=Bearer comma\001\001")},
        {PQ_MECHANISM_ANONYMOUS, NULL, PQ_SASL_DONE, PQ_SLICE_INIT(">a,b=c")},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t memory[WIRE_ROOM];
        struct pq_buf out;
        struct world w;
        world_init(&w, "a,b=c", "comma");
        w.client_config.authzid = pq_slice_text(cases[i].authzid);
        world_begin(&w, cases[i].mechanism);
        assert_true(wire_client(&w, NULL, &out, memory));
        assert_int_equal(w.client.outcome, cases[i].outcome);
        if (!pq_slice_equal(pq_buf_slice(&out), cases[i].message))
            fail_msg("case %zu", i);
    }
}

/* A secret that was written before the buffer proved too small does not stay in it. */
static void test_a_failed_client_leaves_no_secret(void **state)
{
    (void)state;
    uint8_t memory[64];
    struct world w;
    struct pq_buf out;
    world_init(&w, "tim", "tanstaaftanstaaf");
    world_begin(&w, PQ_MECHANISM_XOAUTH2);
    memset(memory, '#', sizeof(memory));
    pq_buf_init(&out, memory, sizeof("user=tim\001auth=Bearer tanstaaftanstaaf\001"));
    out.len = 1;
    assert_int_equal(pq_sasl_client_step(&w.client, NULL, &out), PQ_SASL_FAILED);
    assert_int_equal(memory[0], '#');
    for (size_t i = 1; i < out.cap; i++)
        assert_int_equal(memory[i], 0);
}

/* An error of XOAUTH2 is told in JSON, answered with nothing, and leads nowhere else. */
static void test_xoauth2_refusal(void **state)
{
    (void)state;
    uint8_t memory[WIRE_ROOM];
    struct pq_buf out;
    struct world w;
    struct pq_slice bad = PQ_SLICE("user=tim\001auth=Bearer ya29.no\001\001");
    struct pq_slice good = PQ_SLICE("user=tim\001auth=Bearer ya29.tim-token_1\001\001");
    world_init(&w, "tim", "x");
    world_begin(&w, PQ_MECHANISM_XOAUTH2);
    assert_true(wire_server(&w, &bad, &out, memory));
    assert_true(pq_slice_equal(pq_buf_slice(&out),
                               PQ_SLICE(">{\"status\":\"401\",\"schemes\":\"bearer\"}")));
    assert_int_equal(server_flaw(&w, good), PQ_SASL_FLAW_CREDENTIALS);
    assert_int_equal(w.server.outcome, PQ_SASL_FAILED);
    assert_int_equal(w.lookups, 1);
    world_play(&w, PQ_MECHANISM_XOAUTH2, true);
    assert_int_equal(w.client.outcome, PQ_SASL_CONTINUE); /* so that a +OK would not be believed */
    assert_int_equal(w.client.status, PQ_STATUS_SASL_REFUSED);
    assert_int_equal(w.lengths[2], 0);
    struct pq_slice again = PQ_SLICE("{}");
    assert_false(wire_client(&w, &again, &out, memory));
}

/* RFC 7628 section 3.2.3: an error is told in JSON, answered with 0x01, and leads nowhere else. */
static void test_oauthbearer_refusal(void **state)
{
    (void)state;
    static const struct {
        struct pq_slice message, told;
        enum pq_sasl_flaw flaw;
        unsigned lookups;
    } cases[] = {
        {PQ_SLICE_INIT("n,a=tim,\001auth=Bearer ya29.no\001\001"),
         PQ_SLICE_INIT(">{\"status\":\"invalid_token\"}"), PQ_SASL_FLAW_CREDENTIALS, 1},
        {PQ_SLICE_INIT("n,,\001auth=Bearer ya29.tim-token_1\001\001"),
         PQ_SLICE_INIT(">{\"status\":\"invalid_token\"}"), PQ_SASL_FLAW_CREDENTIALS, 0},
        {PQ_SLICE_INIT("n,a=tim,\001host=pop.invalid\001auth=Bearer ya29.tim-token_1\001\001"),
         PQ_SLICE_INIT(">{\"status\":\"invalid_request\"}"), PQ_SASL_FLAW_PLACE, 0},
        {PQ_SLICE_INIT("n,a=tim,\001port=111\001auth=Bearer ya29.tim-token_1\001\001"),
         PQ_SLICE_INIT(">{\"status\":\"invalid_request\"}"), PQ_SASL_FLAW_PLACE, 0},
    };
    static const struct pq_slice answers[] = {
        PQ_SLICE_INIT("\001"), PQ_SLICE_INIT(""),
        PQ_SLICE_INIT("n,a=tim,\001auth=Bearer ya29.tim-token_1\001\001")};
    for (size_t i = 0; i < COUNT(cases) * COUNT(answers); i++) {
        size_t k = i / COUNT(answers);
        uint8_t memory[WIRE_ROOM];
        struct pq_buf out;
        struct world w;
        world_init(&w, "tim", "x");
        world_begin(&w, PQ_MECHANISM_OAUTHBEARER);
        assert_true(wire_server(&w, &cases[k].message, &out, memory));
        assert_true(pq_slice_equal(pq_buf_slice(&out), cases[k].told));
        assert_int_equal(server_flaw(&w, answers[i % COUNT(answers)]), cases[k].flaw);
        assert_int_equal(w.server.status, PQ_STATUS_SASL_REFUSED);
        assert_int_equal(w.lookups, cases[k].lookups);
    }
}

static void test_oauthbearer_client_ends_a_refusal(void **state)
{
    (void)state;
    uint8_t memory[WIRE_ROOM];
    struct pq_buf out;
    struct world w;
    world_init(&w, "tim", "wrong");
    world_begin(&w, PQ_MECHANISM_OAUTHBEARER);
    assert_true(wire_client(&w, NULL, &out, memory));
    struct pq_slice error = PQ_SLICE("{\"status\":\"invalid_token\"}");
    assert_true(wire_client(&w, &error, &out, memory));
    assert_true(pq_slice_equal(pq_buf_slice(&out), PQ_SLICE(">\001")));
    assert_int_equal(w.client.outcome, PQ_SASL_CONTINUE); /* so that a +OK would not be believed */
    assert_int_equal(w.client.flaw, PQ_SASL_FLAW_PEER_ERROR);
    assert_false(wire_client(&w, &error, &out, memory));
    assert_int_equal(w.client.flaw, PQ_SASL_FLAW_SURPLUS);
}

/* Nobody becomes a user that the server did not name, or that does not exist. */
static void test_anonymous_is_an_account(void **state)
{
    (void)state;
    static const struct {
        struct pq_slice anonymous;
        enum pq_sasl_flaw flaw;
    } cases[] = {{PQ_SLICE_INIT("anonymous"), PQ_SASL_FLAW_NONE},
                 {PQ_SLICE_INIT(""), PQ_SASL_FLAW_CREDENTIALS},
                 {PQ_SLICE_INIT("nobody"), PQ_SASL_FLAW_CREDENTIALS},
                 {PQ_SLICE_INIT("empty"), PQ_SASL_FLAW_CREDENTIALS}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        world_init(&w, "", "");
        w.server_config.anonymous = cases[i].anonymous;
        world_begin(&w, PQ_MECHANISM_ANONYMOUS);
        assert_int_equal(server_flaw(&w, PQ_SLICE("tim")), cases[i].flaw);
        bool good = cases[i].flaw == PQ_SASL_FLAW_NONE;
        assert_int_equal(w.server.outcome, good ? PQ_SASL_DONE : PQ_SASL_FAILED);
        if (good)
            assert_true(pq_slice_equal(pq_sasl_server_identity(&w.server), cases[i].anonymous));
    }
}

/* ---- preparation ----------------------------------------------------------------------------- */

/* Half of the secret is left out: not what SASLprep does, but one can see that it was asked. */
static bool halve(void *ctx, struct pq_slice password, struct pq_buf *out)
{
    (void)ctx;
    return !pq_slice_equal(password, PQ_SLICE("forbidden")) &&
           pq_buf_put(out, pq_slice_first(password, password.len / 2));
}

static void test_passwords_are_prepared_and_tokens_are_not(void **state)
{
    (void)state;
    static const struct {
        enum pq_mechanism mechanism;
        const char *sent, *secret;
        enum pq_sasl_flaw flaw;
    } cases[] = {
        {PQ_MECHANISM_PLAIN, "pencilbehind", "pencil", PQ_SASL_FLAW_NONE},
        {PQ_MECHANISM_PLAIN, "pencil", "pencil", PQ_SASL_FLAW_CREDENTIALS},
        {PQ_MECHANISM_PLAIN, "forbidden", "", PQ_SASL_FLAW_CREDENTIALS},
        {PQ_MECHANISM_PLAIN, "forbidden", "forb", PQ_SASL_FLAW_CREDENTIALS},
        {PQ_MECHANISM_LOGIN, "pencilbehind", "pencil", PQ_SASL_FLAW_NONE},
        {PQ_MECHANISM_XOAUTH2, "pencil", "pencil", PQ_SASL_FLAW_NONE},
        {PQ_MECHANISM_OAUTHBEARER, "pencil", "pencil", PQ_SASL_FLAW_NONE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        world_init(&w, "other", cases[i].sent);
        w.name = w.client_config.user;
        w.secret = pq_slice_text(cases[i].secret);
        w.server_config.prepare = halve;
        world_play(&w, cases[i].mechanism, true);
        if (cases[i].mechanism == PQ_MECHANISM_LOGIN)
            world_play(&w, cases[i].mechanism, false);
        if (w.server.flaw != cases[i].flaw)
            fail_msg("case %zu: %s", i, pq_sasl_flaw_name(w.server.flaw));
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* Names and secrets at n-1, n and n+1. At n+1 the client refuses, so the server gets the message of
 * a client that does not. */
static void test_lengths(void **state)
{
    (void)state;
    static char name[PQ_SASL_NAME_MAX + 2], secret[PQ_SASL_TOKEN_MAX + 2];
    memset(name, 'n', sizeof(name) - 1);
    memset(secret, 's', sizeof(secret) - 1);
    for (int m = PQ_MECHANISM_UNKNOWN + 1; m < PQ_MECHANISM_COUNT; m++) {
        const struct pq_mechanism_row *row = pq_mechanism_row((enum pq_mechanism)m);
        for (size_t over = 0; over < 9 && row->secret_max > 0; over++) {
            struct world w;
            world_init(&w, name, secret);
            w.client_config.user.len = PQ_SASL_NAME_MAX - 1 + over % 3;
            w.client_config.secret.len = row->secret_max - 1 + over / 3;
            w.name = w.client_config.user;
            w.secret = w.client_config.secret;
            world_play(&w, (enum pq_mechanism)m, row->client_first);
            bool fits = over % 3 < 2 && over / 3 < 2;
            assert_int_equal(w.server.outcome, fits ? PQ_SASL_DONE : PQ_SASL_CONTINUE);
            assert_int_equal(w.client.flaw, fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_LENGTH);
        }
    }
}

/* A PLAIN or XOAUTH2 message whose fields are as long as is asked for. */
static struct pq_slice long_message(enum pq_mechanism mechanism, const size_t lengths[3],
                                    uint8_t *memory, size_t cap)
{
    static const char *const marks[2][3] = {{"", "\0", "\0"}, {"user=", "\001auth=Bearer ", ""}};
    static const size_t mark_lens[2][3] = {{0, 1, 1}, {5, 13, 0}};
    size_t kind = mechanism == PQ_MECHANISM_PLAIN ? 0 : 1;
    struct pq_buf b;
    pq_buf_init(&b, memory, cap);
    for (size_t i = 0; i < 3; i++) {
        assert_true(pq_buf_put(&b, pq_slice_of(marks[kind][i], mark_lens[kind][i])));
        for (size_t k = 0; k < lengths[i]; k++)
            assert_true(pq_buf_put_octet(&b, 'x'));
    }
    if (kind == 1)
        assert_true(pq_buf_put_text(&b, "\001\001"));
    return pq_buf_slice(&b);
}

static void test_lengths_on_the_wire(void **state)
{
    (void)state;
    static const struct {
        enum pq_mechanism mechanism;
        size_t lengths[3];
        enum pq_sasl_flaw flaw;
    } cases[] = {
        {PQ_MECHANISM_PLAIN, {255, 255, 255}, PQ_SASL_FLAW_NONE},
        {PQ_MECHANISM_PLAIN, {256, 255, 255}, PQ_SASL_FLAW_LENGTH},
        {PQ_MECHANISM_PLAIN, {255, 256, 255}, PQ_SASL_FLAW_LENGTH},
        {PQ_MECHANISM_PLAIN, {255, 255, 256}, PQ_SASL_FLAW_LENGTH},
        {PQ_MECHANISM_XOAUTH2, {255, 16384, 0}, PQ_SASL_FLAW_NONE},
        {PQ_MECHANISM_XOAUTH2, {256, 16384, 0}, PQ_SASL_FLAW_LENGTH},
        {PQ_MECHANISM_XOAUTH2, {255, 16385, 0}, PQ_SASL_FLAW_LENGTH},
    };
    static char x[PQ_SASL_TOKEN_MAX];
    memset(x, 'x', sizeof(x));
    for (size_t i = 0; i < COUNT(cases); i++) {
        static uint8_t memory[WIRE_ROOM];
        struct world w;
        world_init(&w, "tim", "x");
        bool plain = cases[i].mechanism == PQ_MECHANISM_PLAIN;
        w.name = pq_slice_of(x, 255);
        w.secret = pq_slice_of(x, plain ? 255 : sizeof(x));
        world_begin(&w, cases[i].mechanism);
        struct pq_slice in =
            long_message(cases[i].mechanism, cases[i].lengths, memory, sizeof(memory));
        if (server_flaw(&w, in) != cases[i].flaw)
            fail_msg("case %zu: %s", i, pq_sasl_flaw_name(w.server.flaw));
    }
}

/* Characters of one octet and of four: the limit is told in characters. */
static void test_traces_at_their_limit(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t i = 0; i < COUNT(characters); i++)
        for (size_t count = PQ_SASL_TRACE_MAX - 1; count <= PQ_SASL_TRACE_MAX + 1; count++) {
            static uint8_t memory[WIRE_ROOM], trace[2048];
            struct pq_buf b, out;
            struct world w;
            pq_buf_init(&b, trace, sizeof(trace));
            for (size_t k = 0; k < count; k++)
                assert_true(pq_buf_put_text(&b, characters[i]));
            bool fits = count <= PQ_SASL_TRACE_MAX;
            world_init(&w, "", "");
            w.client_config.user = pq_buf_slice(&b);
            world_begin(&w, PQ_MECHANISM_ANONYMOUS);
            assert_int_equal(wire_client(&w, NULL, &out, memory), fits);
            assert_int_equal(server_flaw(&w, pq_buf_slice(&b)),
                             fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_LENGTH);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_are_read_strictly),
        cmocka_unit_test(test_login_passwords_are_read_strictly),
        cmocka_unit_test(test_cram_md5_client),
        cmocka_unit_test(test_client_messages),
        cmocka_unit_test(test_a_failed_client_leaves_no_secret),
        cmocka_unit_test(test_xoauth2_refusal),
        cmocka_unit_test(test_oauthbearer_refusal),
        cmocka_unit_test(test_oauthbearer_client_ends_a_refusal),
        cmocka_unit_test(test_anonymous_is_an_account),
        cmocka_unit_test(test_passwords_are_prepared_and_tokens_are_not),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_traces_at_their_limit),
        cmocka_unit_test(test_lengths_on_the_wire),
    };
    return cmocka_run_group_tests_name("sasl_messages", tests, NULL, NULL);
}
