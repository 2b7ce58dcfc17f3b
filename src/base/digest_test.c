/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/digest.h"

static void check_digest(const char *name, const struct pq_digest *got, const char *hex)
{
    char text[2 * PQ_DIGEST_MAX];
    struct pq_buf b;
    pq_buf_init(&b, text, sizeof(text));
    assert_int_equal(pq_hex_encode(pq_digest_slice(got), &b), PQ_STATUS_OK);
    if (!pq_slice_equal(pq_buf_slice(&b), pq_slice_text(hex)))
        fail_msg("%s: %.*s", name, (int)b.len, text);
}

static const struct digest_case {
    enum pq_hash hash;
    const char *data, *hex;
} digest_cases[] = {
    /* RFC 1321 appendix A.5 */
    {PQ_HASH_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
    {PQ_HASH_MD5, "a", "0cc175b9c0f1b6a831c399e269772661"},
    {PQ_HASH_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {PQ_HASH_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {PQ_HASH_MD5, "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    {PQ_HASH_MD5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     "d174ab98d277d9f5a5611c2c9f419d9f"},
    {PQ_HASH_MD5,
     "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"},
    /* RFC 1939 section 7, APOP */
    {PQ_HASH_MD5, "<1896.697170952@dbc.mtview.ca.us>tanstaaf", "c4c9334bac560ecc979e58001b3e22fb"},
    /* FIPS 180 */
    {PQ_HASH_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {PQ_HASH_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {PQ_HASH_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {PQ_HASH_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
};

static void test_digests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(digest_cases) / sizeof(digest_cases[0]); i++) {
        const struct digest_case *c = &digest_cases[i];
        struct pq_digest got;
        struct pq_slice data = guard_slice(pq_slice_text(c->data));
        assert_int_equal(pq_hash_digest(c->hash, data, &got), PQ_STATUS_OK);
        assert_int_equal(got.len, pq_hash_len(c->hash));
        check_digest(c->data, &got, c->hex);
    }
    struct pq_digest got;
    assert_int_equal(pq_hash_digest(PQ_HASH_MD5, pq_slice_of(NULL, 0), &got), PQ_STATUS_OK);
    check_digest("null", &got, "d41d8cd98f00b204e9800998ecf8427e");
}

#define TWENTY_0B "\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v"

static const struct hmac_case {
    enum pq_hash hash;
    const char *key, *data, *hex;
} hmac_cases[] = {
    /* RFC 2104 appendix, RFC 2195 section 2 */
    {PQ_HASH_MD5, "\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v", "Hi There",
     "9294727a3638bb1c13f48ef8158bfc9d"},
    {PQ_HASH_MD5, "Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"},
    {PQ_HASH_MD5, "tanstaaftanstaaf", "<1896.697170952@postoffice.reston.mci.net>",
     "b913a602c7eda7a495b4e6e7334d3890"},
    /* RFC 2202 section 3 */
    {PQ_HASH_SHA1, TWENTY_0B, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
    {PQ_HASH_SHA1, "Jefe", "what do ya want for nothing?",
     "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    /* RFC 4231 section 4 */
    {PQ_HASH_SHA256, TWENTY_0B, "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {PQ_HASH_SHA256, "Jefe", "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    /* no key and no data */
    {PQ_HASH_MD5, "", "", "74e6f7298a9c2d168935f58c001bad88"},
    {PQ_HASH_SHA256, "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

static void test_hmac(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hmac_cases) / sizeof(hmac_cases[0]); i++) {
        const struct hmac_case *c = &hmac_cases[i];
        struct pq_digest got;
        struct pq_slice data = guard_slice(pq_slice_text(c->data));
        assert_int_equal(pq_hash_hmac(c->hash, pq_slice_text(c->key), data, &got), PQ_STATUS_OK);
        check_digest(c->hex, &got, c->hex);
    }
    struct pq_slice none = pq_slice_of(NULL, 0);
    struct pq_digest got;
    assert_int_equal(pq_hash_hmac(PQ_HASH_MD5, none, none, &got), PQ_STATUS_OK);
    check_digest("null", &got, "74e6f7298a9c2d168935f58c001bad88");
}

/* HMAC-MD5 written out as RFC 2195 section 2 has it: a key is padded to 64 octets with NUL, and a
 * longer one is replaced by its digest. */
static void hmac_by_definition(struct pq_slice key, struct pq_slice data, struct pq_digest *out)
{
    struct pq_digest short_key;
    uint8_t inner[64 + 64], outer[64 + 16];
    assert_true(data.len <= 64);
    if (key.len > 64) {
        assert_int_equal(pq_hash_digest(PQ_HASH_MD5, key, &short_key), PQ_STATUS_OK);
        key = pq_digest_slice(&short_key);
    }
    for (size_t i = 0; i < 64; i++) {
        uint8_t k = i < key.len ? key.at[i] : 0;
        inner[i] = k ^ 0x36;
        outer[i] = k ^ 0x5C;
    }
    memcpy(inner + 64, data.at, data.len);
    assert_int_equal(pq_hash_digest(PQ_HASH_MD5, pq_slice_of(inner, 64 + data.len), out),
                     PQ_STATUS_OK);
    memcpy(outer + 64, out->at, 16);
    assert_int_equal(pq_hash_digest(PQ_HASH_MD5, pq_slice_of(outer, sizeof(outer)), out),
                     PQ_STATUS_OK);
}

static void test_hmac_keys_around_the_block(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 63, 64, 65, 200, 255};
    uint8_t key[255];
    memset(key, 'k', sizeof(key));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct pq_slice k = guard_slice(pq_slice_of(key, lengths[i]));
        struct pq_digest got, want;
        hmac_by_definition(k, PQ_SLICE("<1.2@x>"), &want);
        assert_int_equal(pq_hash_hmac(PQ_HASH_MD5, k, PQ_SLICE("<1.2@x>"), &got), PQ_STATUS_OK);
        assert_memory_equal(got.at, want.at, 16);
    }
}

static const struct pbkdf2_case {
    enum pq_hash hash;
    const char *password, *salt;
    uint32_t iterations;
    const char *hex;
} pbkdf2_cases[] = {
    /* RFC 6070 section 2 */
    {PQ_HASH_SHA1, "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
    {PQ_HASH_SHA1, "password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
    {PQ_HASH_SHA1, "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"},
    /* RFC 7914 section 11, its first 32 octets */
    {PQ_HASH_SHA256, "passwd", "salt", 1,
     "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
};

static void test_pbkdf2(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pbkdf2_cases) / sizeof(pbkdf2_cases[0]); i++) {
        const struct pbkdf2_case *c = &pbkdf2_cases[i];
        struct pq_digest got;
        struct pq_slice password = guard_slice(pq_slice_text(c->password));
        assert_int_equal(
            pq_hash_pbkdf2(c->hash, password, pq_slice_text(c->salt), c->iterations, &got),
            PQ_STATUS_OK);
        check_digest(c->password, &got, c->hex);
    }
    struct pq_slice none = pq_slice_of(NULL, 0);
    struct pq_digest got;
    assert_int_equal(pq_hash_pbkdf2(PQ_HASH_SHA256, none, none, 1, &got), PQ_STATUS_OK);
    assert_int_equal(got.len, 32);
}

static void test_pbkdf2_refuses_what_its_library_cannot_count(void **state)
{
    (void)state;
    struct pq_slice salt = PQ_SLICE("salt"), endless = {salt.at, (size_t)INT32_MAX + 1};
    struct pq_digest got = {.len = 7};
    assert_int_equal(pq_hash_pbkdf2(PQ_HASH_SHA256, salt, salt, 0, &got), PQ_STATUS_CRYPTO);
    assert_int_equal(got.len, 0);
    assert_int_equal(pq_hash_pbkdf2(PQ_HASH_SHA256, salt, salt, (uint32_t)INT32_MAX + 1, &got),
                     PQ_STATUS_CRYPTO);
    assert_int_equal(pq_hash_pbkdf2(PQ_HASH_SHA256, endless, salt, 1, &got), PQ_STATUS_CRYPTO);
    assert_int_equal(pq_hash_pbkdf2(PQ_HASH_SHA256, salt, endless, 1, &got), PQ_STATUS_CRYPTO);
    assert_int_equal(ERR_peek_error(), 0);
}

/* Without a FIPS provider, asking for FIPS makes the library refuse everything, as a library in
 * FIPS mode refuses MD5. */
static void test_refusal_is_a_status(void **state)
{
    (void)state;
    struct pq_slice text = PQ_SLICE("text");
    struct pq_digest digest = {.len = 7}, hmac = {.len = 7}, key = {.len = 7};
    ERR_raise(ERR_LIB_USER, 77); /* an error of somebody else, which must survive */
    unsigned long before = ERR_peek_last_error();
    assert_int_equal(EVP_set_default_properties(NULL, "fips=yes"), 1);
    enum pq_status got[] = {pq_hash_digest(PQ_HASH_MD5, text, &digest),
                            pq_hash_hmac(PQ_HASH_MD5, text, text, &hmac),
                            pq_hash_pbkdf2(PQ_HASH_SHA1, text, text, 1, &key)};
    assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
    for (size_t i = 0; i < sizeof(got) / sizeof(got[0]); i++)
        assert_int_equal(got[i], PQ_STATUS_CRYPTO);
    assert_int_equal(digest.len + hmac.len + key.len, 0);
    assert_true(ERR_peek_last_error() == before);
    ERR_clear_error();
    assert_int_equal(pq_hash_digest(PQ_HASH_MD5, text, &digest), PQ_STATUS_OK);
}

static void test_secrets_are_compared_whole(void **state)
{
    (void)state;
    static const struct {
        struct pq_slice given, kept;
        bool same;
    } cases[] = {
        {PQ_SLICE_INIT("secret"), PQ_SLICE_INIT("secret"), true},
        {PQ_SLICE_INIT("secreT"), PQ_SLICE_INIT("secret"), false},
        {PQ_SLICE_INIT("Secret"), PQ_SLICE_INIT("secret"), false},
        {PQ_SLICE_INIT("secre"), PQ_SLICE_INIT("secret"), false},
        {PQ_SLICE_INIT("secrets"), PQ_SLICE_INIT("secret"), false},
        {PQ_SLICE_INIT("a\0b"), PQ_SLICE_INIT("a\0c"), false},
        {PQ_SLICE_INIT("a"), PQ_SLICE_INIT("b"), false},
        {PQ_SLICE_INIT(""), PQ_SLICE_INIT("secret"), false},
        {PQ_SLICE_INIT("secret"), PQ_SLICE_INIT(""), false},
        {{NULL, 0}, PQ_SLICE_INIT("secret"), false},
        {PQ_SLICE_INIT("secret"), {NULL, 0}, false},
        {{NULL, 0}, PQ_SLICE_INIT(""), true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (pq_secret_equal(guard_slice(cases[i].given), cases[i].kept) != cases[i].same)
            fail_msg("case %zu", i);
}

static void test_wiping_stays_inside(void **state)
{
    (void)state;
    uint8_t memory[] = "abcdef";
    pq_secret_wipe(memory + 1, 4);
    assert_memory_equal(memory, "a\0\0\0\0f", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_hmac_keys_around_the_block),
        cmocka_unit_test(test_pbkdf2),
        cmocka_unit_test(test_pbkdf2_refuses_what_its_library_cannot_count),
        cmocka_unit_test(test_refusal_is_a_status),
        cmocka_unit_test(test_secrets_are_compared_whole),
        cmocka_unit_test(test_wiping_stays_inside),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
