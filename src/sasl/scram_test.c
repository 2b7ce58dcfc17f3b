/* SPDX-License-Identifier: Apache-2.0
 * SCRAM: the vectors of its RFCs at both ends, and what the server reads, message by message. */
#define _DEFAULT_SOURCE
#include "sasl/scram_testing.h"

#include "sasl/scram_internal.h"

#define SCRAM PQ_MECHANISM_SCRAM_SHA_256

/* ---- vectors --------------------------------------------------------------------------------- */

/* RFC 5802 section 5 and RFC 7677 section 3: user "user", password "pencil", 4096 iterations. */
static const struct vector vectors[] = {
    {PQ_MECHANISM_SCRAM_SHA_1,
     "fyko+d2lbbFgONRv9qkxdawL",
     "3rfcNHYJY1ZVvWVs7j",
     "QSXCR+Q6sek8bf92",
     NULL,
     NULL,
     {"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", ""}},
    {PQ_MECHANISM_SCRAM_SHA_256,
     "rOprNGfwEbeRWgbNEkqO",
     "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "W22ZaJ0SNY7soEsUEjb6gQ==",
     NULL,
     NULL,
     {"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "r=" NONCE_7677 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=biws,r=" NONCE_7677 ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", ""}},
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        vector_play(&vectors[i]);
}

/* ---- a client by hand ------------------------------------------------------------------------ */

/* The user is "user", the password "pencil", the iteration count 1. */
struct hand {
    struct world w;
    uint8_t memory[WIRE_ROOM];
    struct pq_buf out;
    uint8_t text[2 * PQ_SCRAM_TEXT_MAX], final[2 * PQ_SCRAM_TEXT_MAX];
};

/* Sends client-first, `header` and `bare`; the answer is in `h->out`. */
static enum pq_sasl_flaw hand_first(struct hand *h, struct pq_slice header, struct pq_slice bare)
{
    struct pq_buf b;
    world_begin(&h->w, SCRAM);
    pq_buf_init(&b, h->final, sizeof(h->final));
    assert_true(pq_buf_put(&b, header) && pq_buf_put(&b, bare));
    struct pq_slice in = pq_buf_slice(&b);
    (void)wire_server(&h->w, &in, &h->out, h->memory);
    pq_buf_init(&b, h->text, sizeof(h->text));
    assert_true(pq_buf_put(&b, bare) && pq_buf_put_text(&b, ",") &&
                pq_buf_put(&b, pq_slice_after(pq_buf_slice(&h->out), 1)));
    h->w.lengths[0] = b.len;
    return h->w.server.flaw;
}

/* Sends `without_proof` with the right proof for it. */
static enum pq_sasl_flaw hand_final(struct hand *h, struct pq_slice without_proof)
{
    static const struct account *user = &accounts[1];
    struct pq_scram_keys keys;
    struct pq_buf text, b;
    pq_buf_init(&text, h->text, sizeof(h->text));
    text.len = h->w.lengths[0];
    assert_true(pq_buf_put_text(&text, ",") && pq_buf_put(&text, without_proof));
    assert_int_equal(pq_scram_keys_derive(PQ_HASH_SHA256, pq_slice_text(user->secret),
                                          account_salt(&h->w, user), 1, &keys),
                     PQ_STATUS_OK);
    assert_int_equal(pq_scram_proof_flip(PQ_HASH_SHA256, pq_digest_slice(&keys.stored),
                                         pq_buf_slice(&text), &keys.client),
                     PQ_STATUS_OK);
    pq_buf_init(&b, h->final, sizeof(h->final));
    assert_true(pq_buf_put(&b, without_proof) && pq_buf_put_text(&b, ",p="));
    assert_int_equal(pq_base64_encode(pq_digest_slice(&keys.client), &b), PQ_STATUS_OK);
    struct pq_slice in = pq_buf_slice(&b);
    (void)wire_server(&h->w, &in, &h->out, h->memory);
    return h->w.server.flaw;
}

/* ---- client-first ---------------------------------------------------------------------------- */

static const struct first_case {
    enum pq_sasl_flaw flaw;
    struct pq_slice message;
} first_cases[] = {
#define FIRST(flaw, text)                                                                          \
    {                                                                                              \
        PQ_SASL_FLAW_##flaw, PQ_SLICE_INIT(text)                                                   \
    }
    FIRST(NONE, "n,,n=user,r=abc"),
    FIRST(NONE, "y,,n=user,r=abc"),
    FIRST(NONE, "n,a=user,n=user,r=abc"),
    FIRST(NONE, "n,,n=nobody,r=abc"),
    FIRST(NONE, "n,,n=a=2Cb=3Dc,r=abc"),
    FIRST(NONE, "n,,n=\xC3\xBC,r=abc"),
    FIRST(NONE, "n,,n=user,r=!~=="),
    FIRST(NONE, "n,,n=user,r=abc,x=foo"),
    FIRST(NONE, "n,,n=user,r=abc,x=foo,Z=b=r"),
    FIRST(NONE, "n,,n=user,r=abc,N=foo"),
    /* the flag */
    FIRST(LENGTH, ""),
    FIRST(FIELDS, "n"),
    FIRST(FIELDS, "n,"),
    FIRST(FIELDS, "n,,"),
    FIRST(FIELDS, ",,n=user,r=abc"),
    FIRST(FIELDS, "x,,n=user,r=abc"),
    FIRST(FIELDS, "N,,n=user,r=abc"),
    FIRST(FIELDS, "nn,,n=user,r=abc"),
    FIRST(FIELDS, "n=,,n=user,r=abc"),
    FIRST(FIELDS, "p,,n=user,r=abc"),
    FIRST(FIELDS, "p=,,n=user,r=abc"),
    FIRST(FIELDS, "p=tls unique,,n=user,r=abc"),
    FIRST(FIELDS, "p=_tls-unique,,n=user,r=abc"),
    FIRST(FIELDS, "p=_,,n=user,r=abc"),
    FIRST(BINDING, "p=x,,n=user,r=abc"),
    FIRST(BINDING, "p=tls-unique,,n=user,r=abc"),
    FIRST(BINDING, "p=tls-server-end-point,,n=user,r=abc"),
    FIRST(BINDING, "p=bogus.1,,n=user,r=abc"),
    FIRST(FIELDS, " n,,n=user,r=abc"),
    FIRST(FIELDS, "n,n=user,r=abc"),
    FIRST(FIELDS, "n=user,r=abc"),
    /* the authorization identity */
    FIRST(FIELDS, "n,user,n=user,r=abc"),
    FIRST(FIELDS, "n,A=user,n=user,r=abc"),
    FIRST(LENGTH, "n,a=,n=user,r=abc"),
    FIRST(ESCAPE, "n,a=a=b,n=user,r=abc"),
    FIRST(FIELDS, "n,a=user"),
    FIRST(FIELDS, "n,a=user,"),
    FIRST(FIELDS, "n,a=user,a=user,n=user,r=abc"),
    FIRST(EXTENSION, "n,m=x,n=user,r=abc"),
    /* the name */
    FIRST(EXTENSION, "n,,m=x,n=user,r=abc"),
    FIRST(EXTENSION, "n,,m=,n=user,r=abc"),
    FIRST(FIELDS, "n,,r=abc,n=user"),
    FIRST(FIELDS, "n,,r=abc"),
    FIRST(FIELDS, "n,,N=user,r=abc"),
    FIRST(FIELDS, "n,,n"),
    FIRST(FIELDS, "n,,n:user,r=abc"),
    FIRST(FIELDS, "n,,user,r=abc"),
    FIRST(FIELDS, "n,,,n=user,r=abc"),
    FIRST(LENGTH, "n,,n=,r=abc"),
    FIRST(ESCAPE, "n,,n=a=2X,r=abc"),
    FIRST(ESCAPE, "n,,n=a=2c,r=abc"),
    FIRST(ESCAPE, "n,,n=a=3d,r=abc"),
    FIRST(ESCAPE, "n,,n=a=,r=abc"),
    FIRST(ESCAPE, "n,,n=a=2,r=abc"),
    FIRST(ESCAPE, "n,,n==,r=abc"),
    FIRST(OCTETS, "n,,n=\xC0\xAF,r=abc"),
    FIRST(OCTETS, "n,,n=us\0er,r=abc"),
    FIRST(OCTETS, "n,,n=user,r=abc\0"),
    /* the nonce */
    FIRST(FIELDS, "n,,n=user"),
    FIRST(FIELDS, "n,,n=user,"),
    FIRST(FIELDS, "n,,n=user,R=abc"),
    FIRST(LENGTH, "n,,n=user,r="),
    FIRST(OCTETS, "n,,n=user,r=a c"),
    FIRST(OCTETS, "n,,n=user,r=abc\n"),
    FIRST(OCTETS, "n,,n=user,r=ab\x7F"),
    FIRST(OCTETS, "n,,n=user,r=\xC3\xBC"),
    /* extensions */
    FIRST(FIELDS, "n,,n=user,r=abc,"),
    FIRST(FIELDS, "n,,n=user,r=abc,x"),
    FIRST(FIELDS, "n,,n=user,r=abc,=y"),
    FIRST(FIELDS, "n,,n=user,r=abc,1=y"),
    FIRST(FIELDS, "n,,n=user,r=abc,xy=z"),
    FIRST(LENGTH, "n,,n=user,r=abc,x="),
    FIRST(FIELDS, "n,,n=user,r=abc,r=abc"),
    FIRST(FIELDS, "n,,n=user,r=abc,n=user"),
    FIRST(FIELDS, "n,,n=user,r=abc,x=y,p=z"),
    FIRST(FIELDS, "n,,n=user,r=abc,x=y,"),
    FIRST(EXTENSION, "n,,n=user,r=abc,m=x"),
    FIRST(EXTENSION, "n,,n=user,r=abc,x=y,m=x"),
#undef FIRST
};

static void test_client_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(first_cases); i++) {
        struct world w;
        world_init(&w, "user", "pencil");
        world_begin(&w, SCRAM);
        enum pq_sasl_flaw flaw = server_flaw(&w, first_cases[i].message);
        if (flaw != first_cases[i].flaw)
            fail_msg("%.*s: %s", (int)first_cases[i].message.len,
                     (const char *)first_cases[i].message.at, pq_sasl_flaw_name(flaw));
        assert_int_equal(w.lookups, flaw == PQ_SASL_FLAW_NONE ? 1 : 0);
    }
    struct world w;
    world_init(&w, "user", "pencil");
    w.server_config.binding = true;
    world_begin(&w, SCRAM);
    assert_int_equal(server_flaw(&w, PQ_SLICE("y,,n=user,r=abc")), PQ_SASL_FLAW_DOWNGRADE);
    assert_int_equal(w.server.status, PQ_STATUS_SASL_REFUSED);
    world_begin(&w, SCRAM);
    assert_int_equal(server_flaw(&w, PQ_SLICE("n,,n=user,r=abc")), PQ_SASL_FLAW_NONE);
}

/* ---- client-final ---------------------------------------------------------------------------- */

#define COMMON_NONCE "abc%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

/* All are signed rightly, so that only their text can be at fault. */
static void test_client_final(void **state)
{
    (void)state;
    static const struct {
        const char *header, *bare, *without_proof;
        enum pq_sasl_flaw flaw;
    } cases[] = {
        {"n,,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE, PQ_SASL_FLAW_NONE},
        {"y,,", "n=user,r=abc", "c=eSws,r=" COMMON_NONCE, PQ_SASL_FLAW_NONE},
        {"n,a=user,", "n=user,r=abc", "c=bixhPXVzZXIs,r=" COMMON_NONCE, PQ_SASL_FLAW_NONE},
        {"n,,", "n=user,r=abc,x=y", "c=biws,r=" COMMON_NONCE ",x=foo,y=b=r", PQ_SASL_FLAW_NONE},
        {"n,,", "n=user,r=abc", "c=eSws,r=" COMMON_NONCE, PQ_SASL_FLAW_HEADER},
        {"y,,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE, PQ_SASL_FLAW_HEADER},
        {"n,a=user,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE, PQ_SASL_FLAW_HEADER},
        {"n,,", "n=user,r=abc", "c=bixhPXVzZXIs,r=" COMMON_NONCE, PQ_SASL_FLAW_HEADER},
        {"n,,", "n=user,r=abc", "c=biwsAA==,r=" COMMON_NONCE, PQ_SASL_FLAW_HEADER},
        {"n,,", "n=user,r=abc", "c=biw,r=" COMMON_NONCE, PQ_SASL_FLAW_HEADER},
        {"n,,", "n=user,r=abc", "c=,r=" COMMON_NONCE, PQ_SASL_FLAW_LENGTH},
        {"n,,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE "x", PQ_SASL_FLAW_NONCE},
        {"n,,", "n=user,r=abc", "c=biws,r=abc", PQ_SASL_FLAW_NONCE},
        {"n,,", "n=user,r=abc", "c=biws,r=xbc%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", PQ_SASL_FLAW_NONCE},
        {"n,,", "n=user,r=abc", "c=biws", PQ_SASL_FLAW_FIELDS},
        {"n,,", "n=user,r=abc", "", PQ_SASL_FLAW_FIELDS},
        {"n,,", "n=user,r=abc", "r=" COMMON_NONCE ",c=biws", PQ_SASL_FLAW_FIELDS},
        {"n,,", "n=user,r=abc", "r=" COMMON_NONCE, PQ_SASL_FLAW_FIELDS},
        {"n,,", "n=user,r=abc", "C=biws,r=" COMMON_NONCE, PQ_SASL_FLAW_FIELDS},
        {"n,,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE ",", PQ_SASL_FLAW_FIELDS},
        {"n,,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE ",r=" COMMON_NONCE, PQ_SASL_FLAW_FIELDS},
        {"n,,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE ",p=AAAA", PQ_SASL_FLAW_FIELDS},
        {"n,,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE ",m=x", PQ_SASL_FLAW_EXTENSION},
        {"n,,", "n=user,r=abc", "m=x,c=biws,r=" COMMON_NONCE, PQ_SASL_FLAW_EXTENSION},
        {"n,,", "n=user,r=abc", "c=biws,r=" COMMON_NONCE ",x=\xFF", PQ_SASL_FLAW_OCTETS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct hand h;
        world_init(&h.w, "user", "pencil");
        assert_int_equal(
            hand_first(&h, pq_slice_text(cases[i].header), pq_slice_text(cases[i].bare)),
            PQ_SASL_FLAW_NONE);
        enum pq_sasl_flaw flaw = hand_final(&h, pq_slice_text(cases[i].without_proof));
        if (flaw != cases[i].flaw)
            fail_msg("%s: %s", cases[i].without_proof, pq_sasl_flaw_name(flaw));
    }
}

#define WITHOUT_PROOF "c=biws,r=" COMMON_NONCE
#define SOME_PROOF "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void test_proofs(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        enum pq_sasl_flaw flaw;
    } cases[] = {
        {WITHOUT_PROOF ",p=" SOME_PROOF, PQ_SASL_FLAW_CREDENTIALS},
        {"", PQ_SASL_FLAW_LENGTH},
        {WITHOUT_PROOF, PQ_SASL_FLAW_FIELDS},
        {WITHOUT_PROOF ",p=", PQ_SASL_FLAW_FIELDS},
        {WITHOUT_PROOF ",p=AAAA", PQ_SASL_FLAW_FIELDS},
        {WITHOUT_PROOF ",p=" SOME_PROOF "AAAA", PQ_SASL_FLAW_FIELDS},
        {WITHOUT_PROOF ",p=" SOME_PROOF ",x=y", PQ_SASL_FLAW_FIELDS},
        {WITHOUT_PROOF ",p=" SOME_PROOF ",", PQ_SASL_FLAW_FIELDS},
        {WITHOUT_PROOF ",p=" SOME_PROOF ",p=" SOME_PROOF, PQ_SASL_FLAW_FIELDS},
        {WITHOUT_PROOF ",P=" SOME_PROOF, PQ_SASL_FLAW_FIELDS},
        {WITHOUT_PROOF "p=" SOME_PROOF, PQ_SASL_FLAW_FIELDS},
        {"p=" SOME_PROOF "," WITHOUT_PROOF, PQ_SASL_FLAW_FIELDS},
        {",p=" SOME_PROOF, PQ_SASL_FLAW_FIELDS},
        /* 33 and 31 octets, no base64, pad bits, white space */
        {WITHOUT_PROOF ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", PQ_SASL_FLAW_BASE64},
        {WITHOUT_PROOF ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", PQ_SASL_FLAW_BASE64},
        {WITHOUT_PROOF ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-A=", PQ_SASL_FLAW_BASE64},
        {WITHOUT_PROOF ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", PQ_SASL_FLAW_BASE64},
        {WITHOUT_PROOF ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ", PQ_SASL_FLAW_BASE64},
        {WITHOUT_PROOF ",p==AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", PQ_SASL_FLAW_BASE64},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world w;
        world_init(&w, "user", "pencil");
        world_begin(&w, SCRAM);
        assert_int_equal(server_flaw(&w, PQ_SLICE("n,,n=user,r=abc")), PQ_SASL_FLAW_NONE);
        enum pq_sasl_flaw flaw = server_flaw(&w, pq_slice_text(cases[i].message));
        if (flaw != cases[i].flaw)
            fail_msg("%s: %s", cases[i].message, pq_sasl_flaw_name(flaw));
    }
}

/* The server is done only when the client has read the verifier and answered with nothing. */
static void test_the_answer_to_the_verifier(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 2; wrong++) {
        static struct hand h;
        world_init(&h.w, "user", "pencil");
        assert_int_equal(hand_first(&h, PQ_SLICE("n,,"), PQ_SLICE("n=user,r=abc")), 0);
        assert_int_equal(hand_final(&h, PQ_SLICE(WITHOUT_PROOF)), PQ_SASL_FLAW_NONE);
        assert_int_equal(h.w.server.outcome, PQ_SASL_CONTINUE);
        assert_true(pq_slice_starts(pq_buf_slice(&h.out), PQ_SLICE(">v=")));
        enum pq_sasl_flaw flaw = server_flaw(&h.w, wrong ? PQ_SLICE("=") : PQ_SLICE(""));
        assert_int_equal(flaw, wrong ? PQ_SASL_FLAW_SURPLUS : PQ_SASL_FLAW_NONE);
        assert_int_equal(h.w.server.outcome, wrong ? PQ_SASL_FAILED : PQ_SASL_DONE);
        for (size_t i = 0; i < PQ_SCRAM_KEY_MAX; i++)
            assert_int_equal(h.w.server.stored_key[i] | h.w.server.server_key[i], 0);
    }
}

/* ---- users who do not exist ------------------------------------------------------------------ */

/* What the server says to a name: always the same, and the same kind of thing whoever it is. */
static struct pq_slice server_first(struct hand *h, const char *bare)
{
    world_init(&h->w, "user", "pencil");
    assert_int_equal(hand_first(h, PQ_SLICE("n,,"), pq_slice_text(bare)), PQ_SASL_FLAW_NONE);
    return pq_slice_after(pq_buf_slice(&h->out), sizeof(">r=" COMMON_NONCE) - 1);
}

static void test_salts_do_not_tell_who_exists(void **state)
{
    (void)state;
    static struct hand unknown, again, other, known;
    struct pq_slice made = server_first(&unknown, "n=nobody,r=abc");
    assert_true(pq_slice_equal(made, server_first(&again, "n=nobody,r=abc")));
    assert_false(pq_slice_equal(made, server_first(&other, "n=nobodx,r=abc")));
    struct pq_slice real = server_first(&known, "n=user,r=abc");
    assert_true(pq_slice_equal(real, PQ_SLICE(",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1")));
    assert_int_equal(made.len, real.len);
    assert_false(pq_slice_equal(made, real));
    assert_int_equal(unknown.w.lookups, 1);
    /* A user without a salt of their own has one of the same make. */
    struct pq_slice own = server_first(&known, "n=tim,r=abc");
    assert_int_equal(own.len, made.len);
    assert_false(pq_slice_equal(own, made));
    /* Nobody can compute it who does not know the server's secret. */
    world_init(&again.w, "user", "pencil");
    again.w.server_config.salt_secret = PQ_SLICE("another secret");
    assert_int_equal(hand_first(&again, PQ_SLICE("n,,"), PQ_SLICE("n=nobody,r=abc")), 0);
    struct pq_slice elsewhere =
        pq_slice_after(pq_buf_slice(&again.out), sizeof(">r=" COMMON_NONCE) - 1);
    assert_false(pq_slice_equal(made, elsewhere));
}

/* Whoever is unknown is computed with no password; to know that is not enough. */
static void test_an_unknown_user_has_no_password(void **state)
{
    (void)state;
    static struct hand h;
    struct pq_scram_keys keys;
    struct pq_digest made;
    struct pq_buf text, b;
    (void)server_first(&h, "n=nobody,r=abc");
    pq_buf_init(&text, h.text, sizeof(h.text));
    text.len = h.w.lengths[0];
    assert_true(pq_buf_put_text(&text, "," WITHOUT_PROOF));
    assert_int_equal(
        pq_hash_hmac(PQ_HASH_SHA256, h.w.server_config.salt_secret, PQ_SLICE("nobody"), &made),
        PQ_STATUS_OK);
    made.len = 16;
    assert_int_equal(
        pq_scram_keys_derive(PQ_HASH_SHA256, PQ_SLICE(""), pq_digest_slice(&made), 1, &keys),
        PQ_STATUS_OK);
    assert_memory_equal(keys.stored.at, h.w.server.stored_key, 32); /* so the proof is right */
    assert_int_equal(pq_scram_proof_flip(PQ_HASH_SHA256, pq_digest_slice(&keys.stored),
                                         pq_buf_slice(&text), &keys.client),
                     PQ_STATUS_OK);
    pq_buf_init(&b, h.final, sizeof(h.final));
    assert_true(pq_buf_put_text(&b, WITHOUT_PROOF ",p="));
    assert_int_equal(pq_base64_encode(pq_digest_slice(&keys.client), &b), PQ_STATUS_OK);
    assert_int_equal(server_flaw(&h.w, pq_buf_slice(&b)), PQ_SASL_FLAW_CREDENTIALS);
    assert_int_equal(h.w.server.outcome, PQ_SASL_FAILED);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* The longest names in their longest form, through a whole exchange. */
static void test_the_longest_names(void **state)
{
    (void)state;
    static char commas[PQ_SASL_NAME_MAX + 1];
    struct world w;
    memset(commas, ',', PQ_SASL_NAME_MAX);
    world_init(&w, commas, "pencil");
    w.client_config.authzid = w.name = w.client_config.user;
    w.secret = w.client_config.secret;
    world_play(&w, SCRAM, true);
    assert_int_equal(w.server.outcome, PQ_SASL_DONE);
    assert_int_equal(w.client.outcome, PQ_SASL_DONE);
    assert_true(pq_slice_equal(pq_sasl_server_identity(&w.server), w.name));
}

/* The three signed messages together: an extension fills the text to its limit, and one above. */
static void test_signed_text_at_its_limit(void **state)
{
    (void)state;
    static struct hand h;
    static char bare[PQ_SCRAM_TEXT_MAX + 1];
    const size_t start = (size_t)snprintf(bare, sizeof(bare), "n=user,r=abc,x=");
    memset(bare + start, 'x', sizeof(bare) - 1 - start);
    const size_t rest = sizeof(",r=" COMMON_NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1") - 1;
    const size_t last = sizeof("," WITHOUT_PROOF) - 1;
    for (size_t total = PQ_SCRAM_TEXT_MAX - 1; total <= PQ_SCRAM_TEXT_MAX + 1; total++) {
        enum pq_sasl_flaw want =
            total <= PQ_SCRAM_TEXT_MAX ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_LENGTH;
        world_init(&h.w, "user", "pencil");
        struct pq_slice fill = pq_slice_of(bare, total - rest - last);
        assert_int_equal(hand_first(&h, PQ_SLICE("n,,"), fill), PQ_SASL_FLAW_NONE);
        assert_int_equal(hand_final(&h, PQ_SLICE(WITHOUT_PROOF)), want);
        /* The same for what the server adds, and for the first message alone. */
        fill = pq_slice_of(bare, total - rest);
        assert_int_equal(hand_first(&h, PQ_SLICE("n,,"), fill), want);
        assert_int_equal(hand_first(&h, PQ_SLICE("n,,"), pq_slice_first(fill, total)), want);
    }
    assert_int_equal(hand_first(&h, PQ_SLICE("n,,"), pq_slice_text(bare)), PQ_SASL_FLAW_LENGTH);
}

static void test_names_at_their_limit(void **state)
{
    (void)state;
    static const char *const forms[] = {"x", "=2C", "=3D"};
    for (size_t f = 0; f < 2 * COUNT(forms); f++)
        for (size_t len = PQ_SASL_NAME_MAX - 1; len <= PQ_SASL_NAME_MAX + 1; len++) {
            static struct hand h;
            uint8_t memory[2048];
            struct pq_buf b;
            bool authzid = f % 2 == 1;
            pq_buf_init(&b, memory, sizeof(memory));
            assert_true(pq_buf_put_text(&b, authzid ? "a=" : "n="));
            for (size_t i = 0; i < len; i++)
                assert_true(pq_buf_put_text(&b, forms[f / 2]));
            assert_true(pq_buf_put_text(&b, authzid ? ",n=user,r=abc" : ",r=abc"));
            world_init(&h.w, "user", "pencil");
            enum pq_sasl_flaw flaw =
                hand_first(&h, authzid ? PQ_SLICE("n,") : PQ_SLICE("n,,"), pq_buf_slice(&b));
            bool fits = len <= PQ_SASL_NAME_MAX;
            assert_int_equal(flaw, fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_LENGTH);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_client_first),
        cmocka_unit_test(test_client_final),
        cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_the_answer_to_the_verifier),
        cmocka_unit_test(test_salts_do_not_tell_who_exists),
        cmocka_unit_test(test_an_unknown_user_has_no_password),
        cmocka_unit_test(test_the_longest_names),
        cmocka_unit_test(test_signed_text_at_its_limit),
        cmocka_unit_test(test_names_at_their_limit),
    };
    return cmocka_run_group_tests_name("scram", tests, NULL, NULL);
}
