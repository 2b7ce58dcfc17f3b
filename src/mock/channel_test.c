/* SPDX-License-Identifier: Apache-2.0
 * EXTERNAL and SCRAM with -PLUS: what the server announces, whom it lets in, and its faults there.
 */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

#define CAPA_OUT(words) "\r\nSASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2" words "\r\n"
#define ALWAYS " SCRAM-SHA-1 OAUTHBEARER"
#define PLUS " SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS"

static const struct pq_sasl_binding exporter = {PQ_SLICE_INIT("tls-exporter"),
                                                PQ_SLICE_INIT("0123456789abcdef")};
static const struct pq_sasl_binding unique = {PQ_SLICE_INIT("tls-unique"),
                                              PQ_SLICE_INIT("0123456789ab")};
static const struct pq_sasl_binding other = {PQ_SLICE_INIT("tls-exporter"),
                                             PQ_SLICE_INIT("0123456789abcdeF")};

/* ---- a session ------------------------------------------------------------------------------- */

enum channel_kind { CHANNEL_NONE, CHANNEL_1_2, CHANNEL_1_3, CHANNEL_RESUMED };

struct session {
    struct pq_mock mock;
    struct pq_server *server;
    struct received r;
};

static void session_begin(struct session *s, const char *fault)
{
    mock_begin(&s->mock);
    assert_non_null(pq_store_add(&s->mock.store, PQ_SLICE("eve"), PQ_SLICE("other")));
    s->mock.config.mechanisms = UINT32_MAX;
    s->mock.config.certificates = true;
    if (fault)
        add_fault(&s->mock, fault, 0);
}

/* Begins inside TLS of that version; the client's certificate is that of `owner`. */
static void session_open(struct session *s, enum channel_kind kind, const char *owner)
{
    struct pq_channel channel = {
        .bindings = {exporter, unique},
        .bindings_len = (size_t)(kind == CHANNEL_1_2 ? 2 : kind == CHANNEL_1_3),
        .wrong = kind >= CHANNEL_1_3 ? unique : (struct pq_sasl_binding){.name = {NULL, 0}},
        .owner = owner ? pq_store_find(&s->mock.store, pq_slice_text(owner)) : NULL};
    s->server = pq_server_new(&s->mock, PQ_TLS_IMPLICIT, 0);
    assert_non_null(s->server);
    pq_server_on_channel(s->server, &channel);
    s->r.len = 0;
    drain(s->server, SIZE_MAX, 0, &s->r);
}

static void session_end(struct session *s)
{
    pq_server_free(s->server);
    pq_mock_free(&s->mock);
}

static struct pq_slice ask(struct session *s, struct pq_slice line)
{
    s->r.len = 0;
    (void)talk(s->server, line, SIZE_MAX, 0, &s->r);
    return received_slice(&s->r);
}

/* ---- what is announced ----------------------------------------------------------------------- */

static bool has(struct pq_slice text, struct pq_slice part)
{
    while (text.len > part.len && !pq_slice_starts(text, part))
        text = pq_slice_after(text, 1);
    return pq_slice_starts(text, part);
}

static void test_what_is_announced(void **state)
{
    (void)state;
    static struct session s;
    static const struct {
        enum channel_kind kind;
        bool certificates;
        const char *line;
    } cases[] = {
        {CHANNEL_NONE, false, CAPA_OUT(ALWAYS)},
        {CHANNEL_NONE, true, CAPA_OUT(ALWAYS " EXTERNAL")},
        {CHANNEL_1_3, false, CAPA_OUT(ALWAYS PLUS)},
        {CHANNEL_1_2, true, CAPA_OUT(ALWAYS " EXTERNAL" PLUS)},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        session_begin(&s, NULL);
        s.mock.config.certificates = cases[i].certificates;
        session_open(&s, cases[i].kind, NULL);
        if (!has(ask(&s, PQ_SLICE("CAPA\r\n")), pq_slice_text(cases[i].line)))
            fail_msg("case %zu: %.*s", i, (int)s.r.len, (const char *)s.r.at);
        session_end(&s);
    }
    session_begin(&s, NULL);
    converse(&s.mock, PQ_SLICE("AUTH EXTERNAL =\r\nAUTH SCRAM-SHA-1-PLUS\r\n"), SIZE_MAX, &s.r);
    expect_octets("in clear", received_slice(&s.r),
                  PQ_SLICE("-ERR the mechanism is not offered\r\n"
                           "-ERR the mechanism is not offered\r\n"));
    pq_mock_free(&s.mock);
}

/* ---- EXTERNAL -------------------------------------------------------------------------------- */

#define IN "+OK maildrop has 0 messages (0 octets)\r\n"
#define OUT "-ERR [AUTH] invalid name or password\r\n"

static void test_external(void **state)
{
    (void)state;
    static struct session s;
    static const struct {
        const char *fault, *owner, *line, *answer;
    } cases[] = {
        {NULL, "tim", "AUTH EXTERNAL =\r\n", IN},
        {NULL, "tim", "AUTH EXTERNAL dGlt\r\n", IN},
        {NULL, "tim", "AUTH EXTERNAL\r\n\r\n", "+ \r\n" IN},
        {NULL, "tim", "AUTH EXTERNAL\r\ndGlt\r\n", "+ \r\n" IN},
        {NULL, "tim", "AUTH EXTERNAL ZXZl\r\n", OUT},
        {NULL, NULL, "AUTH EXTERNAL =\r\n", OUT},
        {NULL, NULL, "AUTH EXTERNAL dGlt\r\n", OUT},
        {NULL, "tim", "AUTH EXTERNAL ZAA=\r\n",
         "-ERR an octet that its field may not hold, or text that is not UTF-8\r\n"},
        {"external-identity-from-user", "tim", "AUTH EXTERNAL ZXZl\r\n", IN},
        {"external-identity-from-user", NULL, "AUTH EXTERNAL ZXZl\r\n", OUT},
        {"external-identity-from-user", "tim", "AUTH PLAIN ZXZlAHRpbQB0YW4gc3RhYWY=\r\n", OUT},
        {"auth-unlisted-mech-works(mechanism=4)", "tim", "AUTH EXTERNAL =\r\n", IN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        session_begin(&s, cases[i].fault);
        session_open(&s, CHANNEL_1_3, cases[i].owner);
        struct pq_slice got = ask(&s, pq_slice_text(cases[i].line));
        if (!pq_slice_equal(got, pq_slice_text(cases[i].answer)))
            fail_msg("case %zu: %.*s", i, (int)got.len, (const char *)got.at);
        session_end(&s);
    }
}

/* ---- SCRAM ----------------------------------------------------------------------------------- */

/* A client of SCRAM. */
struct scram_client {
    struct pq_sasl_client_config config;
    struct pq_sasl_client sasl;
    uint8_t heard[PQ_SASL_MESSAGE_MAX], memory[PQ_SASL_MESSAGE_MAX], line[2 * PQ_SASL_MESSAGE_MAX];
};

/* The answer of the server to a message of the client, decoded; false: it is no challenge. */
static bool exchange(struct session *s, struct scram_client *c, struct pq_slice command,
                     struct pq_slice *challenge)
{
    struct pq_buf out, line, decoded;
    pq_buf_init(&out, c->memory, sizeof(c->memory));
    pq_buf_init(&line, c->line, sizeof(c->line));
    const struct pq_slice *in = challenge->at ? challenge : NULL;
    if (pq_sasl_client_step(&c->sasl, in, &out) == PQ_SASL_FAILED)
        return false;
    assert_true(pq_buf_put(&line, command));
    assert_int_equal(pq_base64_encode(pq_buf_slice(&out), &line), PQ_STATUS_OK);
    assert_true(pq_buf_put_text(&line, "\r\n"));
    struct pq_slice got = ask(s, pq_buf_slice(&line));
    pq_buf_init(&decoded, c->heard, sizeof(c->heard));
    if (!pq_slice_starts(got, PQ_SLICE("+ ")))
        return false;
    got = pq_slice_after(pq_slice_first(got, got.len - 2), 2);
    assert_int_equal(pq_base64_decode(got, &decoded), PQ_STATUS_OK);
    *challenge = pq_buf_slice(&decoded);
    return true;
}

/* Whether the server lets the client in, and that the client believes it. */
static bool log_in(struct session *s, struct scram_client *c, enum pq_mechanism mechanism)
{
    static uint8_t memory[64];
    struct pq_buf command;
    struct pq_slice challenge = {NULL, 0};
    pq_buf_init(&command, memory, sizeof(memory));
    pq_buf_put_text(&command, "AUTH ");
    pq_buf_put(&command, pq_mechanism_row(mechanism)->name);
    pq_buf_put_octet(&command, ' ');
    pq_sasl_client_init(&c->sasl, mechanism, &c->config);
    struct pq_slice head = pq_buf_slice(&command);
    while (exchange(s, c, head, &challenge))
        head = pq_slice_of(NULL, 0);
    bool in = pq_slice_equal(received_slice(&s->r), PQ_SLICE(IN));
    assert_int_equal(in, c->sasl.outcome == PQ_SASL_DONE);
    return in;
}

#define M(name) PQ_MECHANISM_SCRAM_##name

static void test_scram(void **state)
{
    (void)state;
    static struct session s;
    static struct scram_client c;
    static const struct {
        const char *fault;
        enum channel_kind kind;
        enum pq_mechanism mechanism;
        const struct pq_sasl_binding *binding;
        const char *user;
        bool in;
    } cases[] = {
        {NULL, CHANNEL_1_3, M(SHA_256_PLUS), &exporter, "tim", true},
        {NULL, CHANNEL_1_2, M(SHA_1_PLUS), &unique, "tim", true},
        {NULL, CHANNEL_1_3, M(SHA_256_PLUS), &other, "tim", false},
        {NULL, CHANNEL_1_3, M(SHA_256_PLUS), &unique, "tim", false},
        {NULL, CHANNEL_1_3, M(SHA_256), NULL, "tim", true},
        {NULL, CHANNEL_1_3, M(SHA_256), &exporter, "tim", false}, /* y */
        {NULL, CHANNEL_NONE, M(SHA_256), &exporter, "tim", true},
        {NULL, CHANNEL_1_3, M(SHA_1), NULL, "\xEF\xBD\x94im", true},
        {"auth-scram-cb-flag-ignored", CHANNEL_1_3, M(SHA_256), &exporter, "tim", true},
        {"auth-scram-channel-unchecked", CHANNEL_1_3, M(SHA_256_PLUS), &other, "tim", true},
        {"auth-scram-channel-unchecked", CHANNEL_1_3, M(SHA_256), &exporter, "tim", false},
        {"auth-scram-refused-by-policy", CHANNEL_1_3, M(SHA_256), NULL, "tim", false},
        {"auth-scram-refused-by-policy", CHANNEL_1_3, M(SHA_256_PLUS), &exporter, "tim", true},
        {"auth-scram-refused-by-policy", CHANNEL_NONE, M(SHA_256), NULL, "tim", true},
        {"auth-names-not-prepared", CHANNEL_1_3, M(SHA_1), NULL, "\xEF\xBD\x94im", false},
        {"auth-names-not-prepared", CHANNEL_1_3, M(SHA_1), NULL, "tim", true},
        {"auth-long-name-refused(octets=2)", CHANNEL_1_3, M(SHA_1), NULL, "tim", false},
        {"auth-long-name-refused(octets=3)", CHANNEL_1_3, M(SHA_1), NULL, "tim", true},
        {"auth-tls-unique-in-1.3", CHANNEL_1_3, M(SHA_1_PLUS), &exporter, "tim", true},
        {"auth-tls-unique-in-1.3", CHANNEL_1_3, M(SHA_1_PLUS), &unique, "tim", true},
        {NULL, CHANNEL_RESUMED, M(SHA_1_PLUS), &unique, "tim", false},
        {"auth-binds-resumed-session", CHANNEL_RESUMED, M(SHA_1_PLUS), &unique, "tim", true},
        {"auth-binds-resumed-session", CHANNEL_1_3, M(SHA_1_PLUS), &unique, "tim", false},
        {"auth-scram-nonce-unchecked", CHANNEL_1_3, M(SHA_1), NULL, "tim", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        session_begin(&s, cases[i].fault);
        session_open(&s, cases[i].kind, NULL);
        c.config = (struct pq_sasl_client_config){.user = pq_slice_text(cases[i].user),
                                                  .secret = PQ_SLICE("tan staaf"),
                                                  .nonce = PQ_SLICE("xyz")};
        if (cases[i].binding)
            c.config.binding = *cases[i].binding;
        if (log_in(&s, &c, cases[i].mechanism) != cases[i].in)
            fail_msg("case %zu: %.*s", i, (int)s.r.len, (const char *)s.r.at);
        session_end(&s);
    }
}

/* p=tls-unique begins an exchange only where there is one, or the fault. */
static void test_tls_unique(void **state)
{
    (void)state;
    static struct session s;
    static const char first[] = "AUTH SCRAM-SHA-1-PLUS cD10bHMtdW5pcXVlLCxuPXRpbSxyPXh5eg==\r\n";
    static const struct {
        const char *fault;
        enum channel_kind kind;
        bool begins;
    } cases[] = {{NULL, CHANNEL_1_3, false},
                 {NULL, CHANNEL_1_2, true},
                 {"auth-tls-unique-in-1.3", CHANNEL_1_3, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        session_begin(&s, cases[i].fault);
        session_open(&s, cases[i].kind, NULL);
        struct pq_slice got = ask(&s, pq_slice_text(first));
        assert_int_equal(pq_slice_starts(got, PQ_SLICE("+ ")), cases[i].begins);
        session_end(&s);
    }
}

/* The context of TLS is not the mock's: somebody asks. */
static void test_resumption_is_asked_for(void **state)
{
    (void)state;
    static struct session s;
    session_begin(&s, NULL);
    assert_false(pq_fault_tls_resumes(&s.mock.plan));
    add_fault(&s.mock, "auth-binds-resumed-session", 0);
    assert_true(pq_fault_tls_resumes(&s.mock.plan));
    pq_mock_free(&s.mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_announced),
        cmocka_unit_test(test_external),
        cmocka_unit_test(test_scram),
        cmocka_unit_test(test_tls_unique),
        cmocka_unit_test(test_resumption_is_asked_for),
    };
    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
