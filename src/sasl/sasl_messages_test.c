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
        bool named = w.server.status != PQ_STATUS_SASL_MESSAGE;
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
        for (size_t over = 0; over < 9; over++) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_are_read_strictly),
        cmocka_unit_test(test_login_passwords_are_read_strictly),
        cmocka_unit_test(test_cram_md5_client),
        cmocka_unit_test(test_client_messages),
        cmocka_unit_test(test_a_failed_client_leaves_no_secret),
        cmocka_unit_test(test_xoauth2_refusal),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_lengths_on_the_wire),
    };
    return cmocka_run_group_tests_name("sasl_messages", tests, NULL, NULL);
}
