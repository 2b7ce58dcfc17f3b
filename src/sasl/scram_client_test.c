/* SPDX-License-Identifier: Apache-2.0
 * SCRAM: what the client reads, message by message. */
#define _DEFAULT_SOURCE
#include "sasl/sasl_testing.h"

#define SCRAM PQ_MECHANISM_SCRAM_SHA_256

/* ---- server-first ---------------------------------------------------------------------------- */

#define OWN "rOprNGfwEbeRWgbNEkqO"

static const struct challenge_case {
    enum pq_sasl_flaw flaw;
    struct pq_slice message;
} challenge_cases[] = {
#define CHALLENGE(flaw, text)                                                                      \
    {                                                                                              \
        PQ_SASL_FLAW_##flaw, PQ_SLICE_INIT(text)                                                   \
    }
    CHALLENGE(NONE, "r=" OWN "1,s=QUJD,i=1"),
    CHALLENGE(NONE, "r=" OWN "1,s=QUJD,i=5"),
    CHALLENGE(NONE, "r=" OWN "1,s=QUJD,i=1,x=foo,Y=b=r"),
    CHALLENGE(LENGTH, ""),
    CHALLENGE(FIELDS, "r=" OWN "1"),
    CHALLENGE(FIELDS, "r=" OWN "1,s=QUJD"),
    CHALLENGE(FIELDS, "r=" OWN "1,s=QUJD,"),
    CHALLENGE(FIELDS, "r=" OWN "1,s=QUJD,i=1,"),
    CHALLENGE(FIELDS, "s=QUJD,r=" OWN "1,i=1"),
    CHALLENGE(FIELDS, "r=" OWN "1,i=1,s=QUJD"),
    CHALLENGE(FIELDS, "r=" OWN "1,s=QUJD,i=1,i=2"),
    CHALLENGE(FIELDS, "r=" OWN "1,s=QUJD,i=1,s=QUJD"),
    CHALLENGE(FIELDS, "R=" OWN "1,s=QUJD,i=1"),
    CHALLENGE(FIELDS, "e=other-error"),
    CHALLENGE(EXTENSION, "m=x,r=" OWN "1,s=QUJD,i=1"),
    CHALLENGE(EXTENSION, "r=" OWN "1,s=QUJD,i=1,m=x"),
    CHALLENGE(OCTETS, "r=" OWN "1,s=QUJD,i=1,x=\xFF"),
    CHALLENGE(OCTETS, "r=" OWN "1,s=QUJD,i=1,x=\0"),
    CHALLENGE(OCTETS, "r=" OWN "\x7F,s=QUJD,i=1"),
    CHALLENGE(OCTETS, "r=" OWN " ,s=QUJD,i=1"),
    CHALLENGE(LENGTH, "r=,s=QUJD,i=1"),
    CHALLENGE(PEER_NONCE, "r=" OWN ",s=QUJD,i=1"),
    CHALLENGE(PEER_NONCE, "r=rOprNGfwEbeRWgbNEkq1111,s=QUJD,i=1"),
    CHALLENGE(PEER_NONCE, "r=1" OWN "1,s=QUJD,i=1"),
    CHALLENGE(PEER_NONCE, "r=1,s=QUJD,i=1"),
    CHALLENGE(LENGTH, "r=" OWN "1,s=,i=1"),
    CHALLENGE(BASE64, "r=" OWN "1,s=QUJ,i=1"),
    CHALLENGE(BASE64, "r=" OWN "1,s=QUJD=,i=1"),
    CHALLENGE(BASE64, "r=" OWN "1,s=QUI-,i=1"),
    CHALLENGE(LENGTH, "r=" OWN "1,s=QUJD,i="),
    CHALLENGE(NUMBER, "r=" OWN "1,s=QUJD,i=x"),
    CHALLENGE(NUMBER, "r=" OWN "1,s=QUJD,i=01"),
    CHALLENGE(NUMBER, "r=" OWN "1,s=QUJD,i=+1"),
    CHALLENGE(NUMBER, "r=" OWN "1,s=QUJD,i=-1"),
    CHALLENGE(NUMBER, "r=" OWN "1,s=QUJD,i=1 "),
    CHALLENGE(ITERATIONS, "r=" OWN "1,s=QUJD,i=0"),
    CHALLENGE(ITERATIONS, "r=" OWN "1,s=QUJD,i=6"),
    CHALLENGE(ITERATIONS, "r=" OWN "1,s=QUJD,i=2147483647"),
    CHALLENGE(ITERATIONS, "r=" OWN "1,s=QUJD,i=4294967297"),
    CHALLENGE(ITERATIONS, "r=" OWN "1,s=QUJD,i=99999999999999999999"),
#undef CHALLENGE
};

/* The flaw that a client, whose limits of iterations are given, finds in server-first. */
static enum pq_sasl_flaw client_flaw(struct world *w, struct pq_slice first)
{
    uint8_t memory[WIRE_ROOM];
    struct pq_buf out;
    world_begin(w, SCRAM);
    assert_true(wire_client(w, NULL, &out, memory));
    (void)wire_client(w, &first, &out, memory);
    assert_int_equal(w->client.status, pq_sasl_flaw_status(w->client.flaw));
    return w->client.flaw;
}

static void test_server_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(challenge_cases); i++) {
        const struct challenge_case *c = &challenge_cases[i];
        struct world w;
        world_init(&w, "user", "pencil");
        w.client_config.iterations_max = 5;
        enum pq_sasl_flaw flaw = client_flaw(&w, c->message);
        if (flaw != c->flaw)
            fail_msg("%.*s: %s", (int)c->message.len, (const char *)c->message.at,
                     pq_sasl_flaw_name(flaw));
    }
}

static void test_iterations_at_their_limits(void **state)
{
    (void)state;
    static const struct {
        uint32_t least, most;
        const char *count;
        bool good;
    } cases[] = {
        {0, 0, "4095", false},    {0, 0, "4096", true}, {0, 0, "4097", true},
        {0, 0, "1000001", false}, {10, 20, "9", false}, {10, 20, "10", true},
        {10, 20, "11", true},     {10, 20, "19", true}, {10, 20, "20", true},
        {10, 20, "21", false},    {1, 1, "1", true},    {1, 1, "2", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t memory[64];
        struct pq_buf b;
        struct world w;
        world_init(&w, "user", "pencil");
        w.client_config.iterations_min = cases[i].least;
        w.client_config.iterations_max = cases[i].most;
        pq_buf_init(&b, memory, sizeof(memory));
        assert_true(pq_buf_put_text(&b, "r=" OWN "1,s=QUJD,i=") &&
                    pq_buf_put_text(&b, cases[i].count));
        enum pq_sasl_flaw want = cases[i].good ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_ITERATIONS;
        assert_int_equal(client_flaw(&w, pq_buf_slice(&b)), want);
    }
}

static void test_salts_at_their_limit(void **state)
{
    (void)state;
    for (size_t len = PQ_SCRAM_SALT_MAX - 1; len <= PQ_SCRAM_SALT_MAX + 1; len++) {
        uint8_t memory[512], salt[PQ_SCRAM_SALT_MAX + 1] = {0};
        struct pq_buf b;
        struct world w;
        world_init(&w, "user", "pencil");
        pq_buf_init(&b, memory, sizeof(memory));
        assert_true(pq_buf_put_text(&b, "r=" OWN "1,s="));
        assert_int_equal(pq_base64_encode(pq_slice_of(salt, len), &b), PQ_STATUS_OK);
        assert_true(pq_buf_put_text(&b, ",i=1"));
        enum pq_sasl_flaw want = len <= PQ_SCRAM_SALT_MAX ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_LENGTH;
        assert_int_equal(client_flaw(&w, pq_buf_slice(&b)), want);
    }
}

/* The text that the client signs has the same limit as that of the server. */
static void test_client_text_at_its_limit(void **state)
{
    (void)state;
    static char first[PQ_SCRAM_TEXT_MAX + 1];
    const size_t start = (size_t)snprintf(first, sizeof(first), "r=" OWN "1,s=QUJD,i=1,x=");
    memset(first + start, 'x', sizeof(first) - 1 - start);
    const size_t around = sizeof("n=user,r=" OWN ",") - 1 + sizeof(",c=biws,r=" OWN "1") - 1;
    for (size_t total = PQ_SCRAM_TEXT_MAX - 1; total <= PQ_SCRAM_TEXT_MAX + 1; total++) {
        struct world w;
        world_init(&w, "user", "pencil");
        enum pq_sasl_flaw want =
            total <= PQ_SCRAM_TEXT_MAX ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_LENGTH;
        assert_int_equal(client_flaw(&w, pq_slice_of(first, total - around)), want);
    }
    struct world w;
    uint8_t memory[WIRE_ROOM];
    struct pq_buf out;
    world_init(&w, "user", "pencil");
    memset(first, 'x', sizeof(first));
    w.client_config.nonce = pq_slice_of(first, PQ_SCRAM_TEXT_MAX - (sizeof("n=user,r=") - 1));
    world_begin(&w, SCRAM);
    assert_true(wire_client(&w, NULL, &out, memory));
    w.client_config.nonce.len++;
    world_begin(&w, SCRAM);
    assert_false(wire_client(&w, NULL, &out, memory));
    assert_int_equal(w.client.flaw, PQ_SASL_FLAW_LENGTH);
}

/* ---- server-final ---------------------------------------------------------------------------- */

static void test_server_final(void **state)
{
    (void)state;
#define VERIFIER "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    static const struct {
        const char *message;
        enum pq_sasl_flaw flaw;
    } cases[] = {
        {VERIFIER, PQ_SASL_FLAW_NONE},
        {VERIFIER ",x=foo", PQ_SASL_FLAW_NONE},
        {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", PQ_SASL_FLAW_PEER_SIGNATURE},
        {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", PQ_SASL_FLAW_BASE64},
        {"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", PQ_SASL_FLAW_PEER_SIGNATURE},
        {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95GA=", PQ_SASL_FLAW_PEER_SIGNATURE},
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", PQ_SASL_FLAW_PEER_SIGNATURE},
        {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==", PQ_SASL_FLAW_BASE64},
        {"v=6rri", PQ_SASL_FLAW_BASE64},
        {"v=", PQ_SASL_FLAW_LENGTH},
        {"", PQ_SASL_FLAW_LENGTH},
        {"V=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", PQ_SASL_FLAW_FIELDS},
        {VERIFIER ",", PQ_SASL_FLAW_FIELDS},
        {VERIFIER ",v=AAAA", PQ_SASL_FLAW_FIELDS},
        {VERIFIER ",m=x", PQ_SASL_FLAW_EXTENSION},
        {VERIFIER ",x=\xFF", PQ_SASL_FLAW_OCTETS},
        {"e=invalid-proof", PQ_SASL_FLAW_PEER_ERROR},
        {"e=other-error,x=y", PQ_SASL_FLAW_PEER_ERROR},
    };
    struct pq_slice first =
        pq_slice_text("r=" OWN "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t memory[WIRE_ROOM];
        struct pq_buf out;
        struct world w;
        world_init(&w, "user", "pencil");
        assert_int_equal(client_flaw(&w, first), PQ_SASL_FLAW_NONE);
        assert_int_equal(w.client.outcome, PQ_SASL_CONTINUE); /* a +OK now would be a lie */
        struct pq_slice final = pq_slice_text(cases[i].message);
        bool good = wire_client(&w, &final, &out, memory);
        if (w.client.flaw != cases[i].flaw)
            fail_msg("%s: %s", cases[i].message, pq_sasl_flaw_name(w.client.flaw));
        assert_int_equal(w.client.outcome, good ? PQ_SASL_DONE : PQ_SASL_FAILED);
        assert_int_equal(out.len, 1);
    }
#undef VERIFIER
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_first),
        cmocka_unit_test(test_iterations_at_their_limits),
        cmocka_unit_test(test_salts_at_their_limit),
        cmocka_unit_test(test_client_text_at_its_limit),
        cmocka_unit_test(test_server_final),
    };
    return cmocka_run_group_tests_name("scram_client", tests, NULL, NULL);
}
