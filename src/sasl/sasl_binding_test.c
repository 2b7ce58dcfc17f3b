/* SPDX-License-Identifier: Apache-2.0
 * Channel binding (RFC 5802 section 6): what goes over the wire, and what a server refuses. */
#define _DEFAULT_SOURCE
#include "sasl/scram_testing.h"

#include "sasl/scram_internal.h"

/* ---- vectors --------------------------------------------------------------------------------- */

/* The users, nonces and salts of RFC 5802 section 5 and RFC 7677 section 3, which bind to nothing;
 * proofs and signatures were computed with another library. */
static const struct vector vectors[] = {
    {PQ_MECHANISM_SCRAM_SHA_1_PLUS,
     "fyko+d2lbbFgONRv9qkxdawL",
     "3rfcNHYJY1ZVvWVs7j",
     "QSXCR+Q6sek8bf92",
     NULL,
     &channel[1],
     {"p=tls-unique,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      ("c=cD10bHMtdW5pcXVlLCxkZWZnaGlqa2xtbm8=,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p="
       "USHES9xipRrYvZuQw5Ztl2QLXD8="),
      "v=4hWFXXGlkdf0RREoSiQcZoS+Dxc=", ""}},
    {PQ_MECHANISM_SCRAM_SHA_256_PLUS,
     "rOprNGfwEbeRWgbNEkqO",
     "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "W22ZaJ0SNY7soEsUEjb6gQ==",
     "user",
     &channel[0],
     {"p=tls-exporter,a=user,n=user,r=rOprNGfwEbeRWgbNEkqO",
      "r=" NONCE_7677 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=cD10bHMtZXhwb3J0ZXIsYT11c2VyLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,r=" NONCE_7677
      ",p=Hcw7ZNZJimOg+VDcnLS+qKZtuGP495ayn4SItYXbJTQ=",
      "v=RteTX1YtzoGgQnt/xw+soirQH3+ntwIgLNbubO3ckn8=", ""}},
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        vector_play(&vectors[i]);
}

/* ---- the header ------------------------------------------------------------------------------ */

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        struct pq_slice message;
        enum pq_sasl_flaw flaw;
    } cases[] = {
        {PQ_SLICE_INIT("p=tls-exporter,,n=user,r=abc"), PQ_SASL_FLAW_NONE},
        {PQ_SLICE_INIT("p=tls-unique,,n=user,r=abc"), PQ_SASL_FLAW_NONE},
        {PQ_SLICE_INIT("p=tls-unique,a=user,n=user,r=abc"), PQ_SASL_FLAW_NONE},
        {PQ_SLICE_INIT("p=tls-server-end-point,,n=user,r=abc"), PQ_SASL_FLAW_BINDING},
        {PQ_SLICE_INIT("p=TLS-unique,,n=user,r=abc"), PQ_SASL_FLAW_BINDING},
        {PQ_SLICE_INIT("p=tls-uniqu,,n=user,r=abc"), PQ_SASL_FLAW_BINDING},
        {PQ_SLICE_INIT("p=tls-unique.,,n=user,r=abc"), PQ_SASL_FLAW_BINDING},
        {PQ_SLICE_INIT("p=,,n=user,r=abc"), PQ_SASL_FLAW_FIELDS},
        {PQ_SLICE_INIT("p,,n=user,r=abc"), PQ_SASL_FLAW_FIELDS},
        {PQ_SLICE_INIT("p=tls_unique,,n=user,r=abc"), PQ_SASL_FLAW_FIELDS},
        {PQ_SLICE_INIT("n,,n=user,r=abc"), PQ_SASL_FLAW_UNBOUND},
        {PQ_SLICE_INIT("y,,n=user,r=abc"), PQ_SASL_FLAW_DOWNGRADE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        world_init(&w, "user", "pencil");
        world_begin(&w, PQ_MECHANISM_SCRAM_SHA_256_PLUS);
        if (server_flaw(&w, cases[i].message) != cases[i].flaw)
            fail_msg("case %zu: %s", i, pq_sasl_flaw_name(w.server.flaw));
        assert_int_equal(w.lookups, cases[i].flaw == PQ_SASL_FLAW_NONE ? 1 : 0);
    }
}

/* ---- the channel ----------------------------------------------------------------------------- */

/* What the client of a man in the middle, or of another connection, has. */
static void test_other_channels(void **state)
{
    (void)state;
    static const struct {
        struct pq_sasl_binding binding;
        enum pq_sasl_flaw flaw;
    } cases[] = {
        {{PQ_SLICE_INIT("tls-unique"), PQ_SLICE_INIT("defghijklmno")}, PQ_SASL_FLAW_NONE},
        {{PQ_SLICE_INIT("tls-unique"), PQ_SLICE_INIT("defghijklmn")}, PQ_SASL_FLAW_CHANNEL},
        {{PQ_SLICE_INIT("tls-unique"), PQ_SLICE_INIT("defghijklmnop")}, PQ_SASL_FLAW_CHANNEL},
        {{PQ_SLICE_INIT("tls-unique"), PQ_SLICE_INIT("xefghijklmno")}, PQ_SASL_FLAW_CHANNEL},
        {{PQ_SLICE_INIT("tls-unique"), PQ_SLICE_INIT("defghijklmnO")}, PQ_SASL_FLAW_CHANNEL},
        {{PQ_SLICE_INIT("tls-exporter"), PQ_SLICE_INIT("defghijklmno")}, PQ_SASL_FLAW_CHANNEL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        world_init(&w, "user", "pencil");
        w.client_config.binding = cases[i].binding;
        world_play(&w, PQ_MECHANISM_SCRAM_SHA_256_PLUS, true);
        if (w.server.flaw != cases[i].flaw)
            fail_msg("case %zu: %s", i, pq_sasl_flaw_name(w.server.flaw));
        assert_int_equal(w.client.outcome == PQ_SASL_DONE, cases[i].flaw == PQ_SASL_FLAW_NONE);
    }
}

/* A server whose connection has no binding is not for -PLUS, whatever the client has. */
static void test_no_channel(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "user", "pencil");
    w.server_config.bindings_len = 0;
    world_play(&w, PQ_MECHANISM_SCRAM_SHA_1_PLUS, true);
    assert_int_equal(w.server.flaw, PQ_SASL_FLAW_BINDING);
}

/* A client that could bind says so where it was not offered; only a server that has offered it
 * knows that somebody lied. */
static void test_downgrade(void **state)
{
    (void)state;
    for (int announced = 0; announced < 2; announced++) {
        struct world w;
        world_init(&w, "user", "pencil");
        w.client_config.binding = channel[0];
        w.server_config.binding = announced;
        world_play(&w, PQ_MECHANISM_SCRAM_SHA_256, true);
        assert_int_equal(w.server.gs2_flag, 'y');
        assert_int_equal(w.server.flaw, announced ? PQ_SASL_FLAW_DOWNGRADE : PQ_SASL_FLAW_NONE);
        assert_int_equal(w.client.outcome == PQ_SASL_DONE, !announced);
    }
}

static void test_bindings_at_their_limits(void **state)
{
    (void)state;
    static const char octets[] =
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    static const struct {
        size_t name, data;
        bool good;
    } cases[] = {
        {PQ_SASL_BINDING_NAME_MAX - 1, PQ_SASL_BINDING_MAX - 1, true},
        {PQ_SASL_BINDING_NAME_MAX, PQ_SASL_BINDING_MAX, true},
        {PQ_SASL_BINDING_NAME_MAX + 1, PQ_SASL_BINDING_MAX, false},
        {PQ_SASL_BINDING_NAME_MAX, PQ_SASL_BINDING_MAX + 1, false},
        {1, 1, true},
        {0, 1, false},
        {1, 0, false},
    };
    static char longest[PQ_SASL_NAME_MAX + 1];
    memset(longest, ',', sizeof(longest) - 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        struct pq_sasl_binding b = {pq_slice_of(octets, cases[i].name),
                                    pq_slice_of(octets, cases[i].data)};
        world_init(&w, longest, "pencil");
        w.name = w.client_config.authzid = w.client_config.user;
        w.secret = w.client_config.secret;
        world_begin(&w, PQ_MECHANISM_SCRAM_SHA_256_PLUS);
        w.client_config.binding = b;
        w.server_config.bindings = &b;
        w.server_config.bindings_len = 1;
        uint8_t memory[WIRE_ROOM];
        struct pq_buf out;
        bool began = wire_client(&w, NULL, &out, memory);
        assert_int_equal(began, cases[i].good);
        assert_int_equal(w.client.flaw, began ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_BINDING);
        if (!began)
            continue;
        world_play(&w, PQ_MECHANISM_SCRAM_SHA_256_PLUS, true);
        assert_int_equal(w.server.outcome, PQ_SASL_DONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_other_channels), cmocka_unit_test(test_no_channel),
        cmocka_unit_test(test_downgrade),      cmocka_unit_test(test_bindings_at_their_limits),
    };
    return cmocka_run_group_tests_name("sasl_binding", tests, NULL, NULL);
}
