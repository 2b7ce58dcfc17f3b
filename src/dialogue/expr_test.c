/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "dialogue/expr.h"

/* ---- an environment -------------------------------------------------------------------------- */

static const struct pq_slice three_lines[] = {PQ_SLICE_INIT("1 120"), PQ_SLICE_INIT("2 200"),
                                              PQ_SLICE_INIT("SASL PLAIN")};

static bool test_name(void *ctx, struct pq_slice name, struct pq_value *out)
{
    (void)ctx;
    *out = pq_value_int(7);
    if (pq_slice_equal(name, PQ_SLICE("seven")))
        return true;
    *out = pq_value_octets(PQ_SLICE("secret"));
    out->secret = true;
    if (pq_slice_equal(name, PQ_SLICE("pw")))
        return true;
    *out = pq_value_octets(PQ_SLICE("a\0\r\n"));
    if (pq_slice_equal(name, PQ_SLICE("odd")))
        return true;
    *out = pq_value_list(three_lines, 3);
    return pq_slice_equal(name, PQ_SLICE("list"));
}

static enum pq_status test_message(void *ctx, int64_t number, struct pq_slice field,
                                   struct pq_value *out)
{
    (void)ctx;
    if (number == 99)
        return PQ_STATUS_STATE;
    if (number < 1 || number > 2)
        return PQ_STATUS_NOT_NUMBER;
    *out = pq_slice_equal(field, PQ_SLICE("size")) ? pq_value_int(number * 100)
                                                   : pq_value_octets(PQ_SLICE("mail"));
    return PQ_STATUS_OK;
}

/* Digests that answer what the vectors below ask for, and nothing else. "x:" begins hexadecimal.
 * The messages are those of RFC 1939 section 7 (APOP), RFC 2195 and RFC 7677 section 3. */
#define SERVER_FIRST                                                                               \
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define BOUND_MESSAGE                                                                              \
    "n=user,r=rOprNGfwEbeRWgbNEkqO," SERVER_FIRST                                                  \
    ",c=cD10bHMtdW5pcXVlLCwwMTIzNDU2Nzg5YWI=,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define AUTH_MESSAGE                                                                               \
    "n=user,r=rOprNGfwEbeRWgbNEkqO," SERVER_FIRST                                                  \
    ",c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

#define OTHER_MESSAGE "n=user,r=rOprNGfwEbeRWgbNEkqO," SERVER_FIRST ",c=biws,r=another"

static const struct digest_row {
    char kind; /* d digest, h hmac, p pbkdf2 */
    enum pq_dlg_hash hash;
    const char *key, *data, *answer;
} digest_rows[] = {
    {'d', PQ_DLG_HASH_MD5, "", "<1896.697170952@dbc.mtview.ca.us>tanstaaf",
     "c4c9334bac560ecc979e58001b3e22fb"},
    {'h', PQ_DLG_HASH_MD5, "tanstaaftanstaaf", "<1896.697170952@postoffice.reston.mci.net>",
     "b913a602c7eda7a495b4e6e7334d3890"},
    {'p', PQ_DLG_HASH_SHA256, "pencil", "x:5b6d99689d12358eeca04b141236fa81",
     "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d"},
    {'h', PQ_DLG_HASH_SHA256, "x:c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d",
     "Client Key", "a60fc923d67e8644a92d16b96eda5ef4656b0c725c484374be25535576996e8b"},
    {'d', PQ_DLG_HASH_SHA256, "",
     "x:a60fc923d67e8644a92d16b96eda5ef4656b0c725c484374be25535576996e8b",
     "586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6"},
    {'h', PQ_DLG_HASH_SHA256, "x:586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6",
     AUTH_MESSAGE, "d27312467c28a40a8a7f05c73c0de33eb3cbfb4a83783b58144cf19ac6be1bdf"},
    {'h', PQ_DLG_HASH_SHA256, "x:c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d",
     "Server Key", "c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5"},
    {'h', PQ_DLG_HASH_SHA256, "x:c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5",
     AUTH_MESSAGE, "eabae24d1062db75a9451ff0b6ea7e98c8546549ff741e672d3251b2397de46e"},
    {'h', PQ_DLG_HASH_SHA256, "x:586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6",
     BOUND_MESSAGE, "fc1eb8d7342016cd09a499a5907313d55868b85064580d7dfaf23c65df0955a3"},
    {'h', PQ_DLG_HASH_SHA256, "x:c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5",
     BOUND_MESSAGE, "3f42bce417e09d3bcb31eba34cd00d3638964a8f88dcdf066641729450487444"},
    {'h', PQ_DLG_HASH_SHA256, "x:586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6",
     OTHER_MESSAGE, "7ac50a6a62a9069008b3d7a76461649e4bd3a67293cc1da83a86afd546b047b5"},
};

static bool is_octets(const char *text, struct pq_slice octets)
{
    uint8_t memory[64];
    struct pq_buf b;
    if (strncmp(text, "x:", 2) != 0)
        return pq_slice_equal(pq_slice_text(text), octets);
    pq_buf_init(&b, memory, sizeof(memory));
    return pq_hex_decode(pq_slice_text(text + 2), &b) == PQ_STATUS_OK &&
           pq_slice_equal(pq_buf_slice(&b), octets);
}

static enum pq_status answer(char kind, enum pq_dlg_hash hash, struct pq_slice key,
                             struct pq_slice data, struct pq_buf *out)
{
    for (size_t i = 0; i < sizeof(digest_rows) / sizeof(digest_rows[0]); i++) {
        const struct digest_row *row = &digest_rows[i];
        if (row->kind == kind && row->hash == hash && is_octets(row->key, key) &&
            is_octets(row->data, data))
            return pq_hex_decode(pq_slice_text(row->answer), out);
    }
    return PQ_STATUS_CRYPTO;
}

static enum pq_status test_digest(enum pq_dlg_hash hash, struct pq_slice data, struct pq_buf *out)
{
    return answer('d', hash, PQ_SLICE(""), data, out);
}

static enum pq_status test_hmac(enum pq_dlg_hash hash, struct pq_slice key, struct pq_slice data,
                                struct pq_buf *out)
{
    return answer('h', hash, key, data, out);
}

static enum pq_status test_pbkdf2(enum pq_dlg_hash hash, struct pq_slice password,
                                  struct pq_slice salt, uint32_t iterations, struct pq_buf *out)
{
    return iterations == 4096 ? answer('p', hash, password, salt, out) : PQ_STATUS_CRYPTO;
}

static const struct pq_dlg_crypto test_crypto = {test_digest, test_hmac, test_pbkdf2};

/* Parses and evaluates `text`; shows the value, or "error: sentence", or "syntax". Valid until the
 * next call. */
static const char *evaluate(struct pq_slice text, struct pq_expr_result *r)
{
    static char shown[400];
    struct pq_arena arena;
    struct pq_bytes out;
    struct pq_rand rand;
    struct pq_slice in = guard_slice(text);
    const struct pq_expr *e = NULL;
    struct pq_expr_problem problem;
    pq_rand_init(&rand, 1);
    pq_arena_init(&arena, pq_alloc_default(), PQ_EXPR_SCRATCH_MAX);
    pq_bytes_init(&out, pq_alloc_default(), sizeof(shown) - 1);
    const struct pq_env env = {.name = test_name,
                               .message = test_message,
                               .crypto = &test_crypto,
                               .rand = &rand,
                               .scratch = &arena};
    if (pq_expr_parse(&arena, &in, &e, &problem) != PQ_STATUS_OK)
        assert_int_equal(pq_bytes_put_text(&out, "syntax"), PQ_STATUS_OK);
    else if (pq_expr_eval(e, &env, r))
        assert_int_equal(pq_value_show(&r->value, 300, &out), PQ_STATUS_OK);
    else
        assert_int_equal(pq_bytes_put_text(&out, pq_expr_outcome_text(r->outcome)), PQ_STATUS_OK);
    memcpy(shown, out.at, out.len);
    shown[out.len] = 0;
    pq_bytes_free(&out);
    pq_arena_free(&arena);
    return shown;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const struct value_case {
    const char *text, *shown;
} value_cases[] = {
    {"1", "1"},
    {"9223372036854775807", "9223372036854775807"},
    {"9223372036854775808", "syntax"},
    {"01", "syntax"},
    {"1 + 2 - 4", "-1"},
    {"5 - 2 - 1", "2"},
    {"5 - (2 - 1)", "4"},
    {"-5 + -6", "-11"},
    {"- - 5", "5"},
    {"9223372036854775807 + 1", "the number does not fit in 64 bits"},
    {"-9223372036854775807 - 1", "-9223372036854775808"},
    {"-9223372036854775807 - 2", "the number does not fit in 64 bits"},
    {"-(-9223372036854775807 - 1)", "the number does not fit in 64 bits"},
    {"0 - (-9223372036854775807 - 1)", "the number does not fit in 64 bits"},
    {"-1 - (-9223372036854775807 - 1)", "9223372036854775807"},
    {"\"a\" + \"b\" + \"c\"", "\"abc\""},
    {"\"\\r\\n\\t\\0\\s\\\\\\\"\\x41\\xfF{\"", "\"\\r\\n\\t\\0 \\\\\\\"A\\xFF{\""},
    {"lines(\"a\") + lines(\"b\", \"c\")", "[\"a\", \"b\", \"c\"]"},
    {"1 + \"a\"", "the value is of the wrong kind"},
    {"\"a\" - \"a\"", "the value is of the wrong kind"},
    {"(1 == 1) + (1 == 1)", "the value is of the wrong kind"},
    /* order and equality */
    {"1 == 1", "true"},
    {"1 != 1", "false"},
    {"1 < 2 and 2 <= 2 and 3 > 2 and 3 >= 3", "true"},
    {"2 < 2 or 3 <= 2 or 2 > 2 or 2 >= 3", "false"},
    {"\"a\" == \"a\"", "true"},
    {"\"a\" == \"A\"", "false"},
    {"\"a\" < \"b\"", "the value is of the wrong kind"},
    {"1 == \"1\"", "the value is of the wrong kind"},
    {"lines(\"a\", \"\") == lines(\"a\", \"\")", "true"},
    {"lines(\"a\") == lines(\"a\", \"\")", "false"},
    {"1 == 1 == (2 == 2)", "true"},
    /* truth */
    {"not 1 == 2", "true"},
    {"not not 1 == 1", "true"},
    {"1 == 1 or nobody", "true"},
    {"1 == 2 and nobody", "false"},
    {"1 == 1 and nobody", "the name has no value"},
    {"1 == 2 or 1 == 1 and 1 == 2", "false"},
    {"(1 == 1 or 1 == 1) and 1 == 2", "false"},
    {"1 == 1 or 1 == 1 and 1 == 2", "true"},
    {"1 and 1 == 1", "the value is of the wrong kind"},
    {"1 == 1 and 1", "the value is of the wrong kind"},
    {"not 1", "the value is of the wrong kind"},
    /* names and messages */
    {"seven", "7"},
    {"odd", "\"a\\0\\r\\n\""},
    {"nobody", "the name has no value"},
    {"m[1].size + m[seven - 5].size", "300"},
    {"m[2].octets", "\"mail\""},
    {"m[3].size", "there is no such message"},
    {"m[99].size", "the store of the target cannot be looked into"},
    {"m[\"1\"].size", "the value is of the wrong kind"},
    /* secrets */
    {"pw", "(secret)"},
    {"b64(\"x\" + pw)", "(secret)"},
    {"len(pw) == 6", "true"},
    /* functions, in the order of the table */
    {"b64(\"\")", "\"\""},
    {"b64(\"foob\")", "\"Zm9vYg==\""},
    {"unb64(\"Zm9vYg==\")", "\"foob\""},
    {"unb64(\"Zm9vYg\")", "the octets do not have the form that the function reads"},
    {"hex(\"\\0\\xffz\")", "\"00ff7a\""},
    {"md5hex(\"<1896.697170952@dbc.mtview.ca.us>tanstaaf\")",
     "\"c4c9334bac560ecc979e58001b3e22fb\""},
    {"md5hex(\"other\")", "the digest is not available here"},
    {"hmac_md5hex(\"tanstaaftanstaaf\", \"<1896.697170952@postoffice.reston.mci.net>\")",
     "\"b913a602c7eda7a495b4e6e7334d3890\""},
    {"scram(\"SHA-256\", \"user\", \"pencil\", \"rOprNGfwEbeRWgbNEkqO\", \"" SERVER_FIRST "\")",
     "\"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=\""},
    {"scram_verifier(\"SHA-256\", \"user\", \"pencil\", \"rOprNGfwEbeRWgbNEkqO\", \"" SERVER_FIRST
     "\")",
     "\"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=\""},
    {"scram(\"SHA-256\", \"user\", \"pencil\", \"rOprNGfwEbeRWgbNEkqO\", \"" SERVER_FIRST
     "\", \"p=tls-unique,,0123456789ab\")",
     "\"c=cD10bHMtdW5pcXVlLCwwMTIzNDU2Nzg5YWI=,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$"
     "k0,p=WhFx9OJekImgiY8c/qlNIT0DtCI4EE4JRNdvMKmQOyg=\""},
    {"scram_verifier(\"SHA-256\", \"user\", \"pencil\", \"rOprNGfwEbeRWgbNEkqO\", \"" SERVER_FIRST
     "\", \"p=tls-unique,,0123456789ab\")",
     "\"v=P0K85BfgnTvLMeujTNANNjiWSo+I3N8GZkFylFBIdEQ=\""},
    {"scram(\"SHA-256\", \"user\", \"pencil\", \"rOprNGfwEbeRWgbNEkqO\", \"" SERVER_FIRST
     "\", \"n,,\", \"another\")",
     "\"c=biws,r=another,p=3MrDSbTXgNShnsEeCrs6ai64qgDPhF7chKP8gDApKT4=\""},
    {"scram(\"SHA-512\", \"u\", \"p\", \"n\", \"r=n1,s=Zm8=,i=1\")",
     "the argument is outside of what the function takes"},
    {"scram(\"SHA-256\", \"u\", \"p\", \"n\", \"r=m1,s=Zm8=,i=1\")",
     "the octets do not have the form that the function reads"},
    {"scram(\"SHA-256\", \"u\", \"p\", \"n\", \"r=n1,s=Zm8=,i=0\")",
     "the argument is outside of what the function takes"},
    {"scram(\"SHA-256\", \"u\", \"p\", \"n\", \"r=n1,s=Zm8=,i=100000\")",
     "the digest is not available here"},
    {"scram(\"SHA-256\", \"u\", \"p\", \"n\", \"r=n1,s=Zm8=,i=100001\")",
     "the argument is outside of what the function takes"},
    {"scram(\"SHA-256\", \"u\", \"p\", \"n\", \"r=n1,s=Zm8,i=1\")",
     "the octets do not have the form that the function reads"},
    {"scram(\"SHA-256\", \"u\", \"p\", \"n\", \"m=x,r=n1,s=Zm8=,i=1\")",
     "the octets do not have the form that the function reads"},
    {"repeat(\"ab\", 3)", "\"ababab\""},
    {"repeat(\"ab\", 0)", "\"\""},
    {"repeat(\"\", 9223372036854775807)", "\"\""},
    {"repeat(\"ab\", -1)", "the argument is outside of what the function takes"},
    {"len(repeat(\"a\", 1048575))", "1048575"},
    {"len(repeat(\"a\", 1048576))", "1048576"},
    {"len(repeat(\"a\", 1048577))", "the result is longer than its limit"},
    {"len(repeat(\"a\", 1048576) + \"b\")", "the result is longer than its limit"},
    {"repeat(\"ab\", 9223372036854775807)", "the result is longer than its limit"},
    {"len(rand(20))", "20"},
    {"rand(-1)", "the argument is outside of what the function takes"},
    {"rand(9223372036854775807)", "the result is longer than its limit"},
    {"rand(8) == rand(8)", "false"},
    {"upper(\"aZ1\\xe9\")", "\"AZ1\\xE9\""},
    {"lower(\"Az1\\xc9\")", "\"az1\\xC9\""},
    {"len(list)", "3"},
    {"len(\"abc\")", "3"},
    {"len(1)", "the value is of the wrong kind"},
    {"head(\"abc\", 2) + head(\"abc\", 9) + head(\"abc\", 0)", "\"ababc\""},
    {"head(list, 1)", "[\"1 120\"]"},
    {"head(list, -1)", "the argument is outside of what the function takes"},
    {"tail(\"abc\", 2) + tail(\"abc\", 9) + tail(\"abc\", 0)", "\"bcabc\""},
    {"tail(list, 1)", "[\"SASL PLAIN\"]"},
    {"tail(list, 0)", "[]"},
    {"lines()", "[]"},
    {"item(list, 1) + item(list, 3)", "\"1 120SASL PLAIN\""},
    {"item(list, 0)", "the argument is outside of what the function takes"},
    {"item(list, 4)", "the argument is outside of what the function takes"},
    {"words(\"a  b\")", "[\"a\", \"\", \"b\"]"},
    {"words(\"a \")", "[\"a\", \"\"]"},
    {"words(\"\")", "[]"},
    {"split(\"r=a,,i=1\", \",\")", "[\"r=a\", \"\", \"i=1\"]"},
    {"split(\",\", \",\")", "[\"\", \"\"]"},
    {"split(\"a b\", \",\")", "[\"a b\"]"},
    {"split(\"\", \",\")", "[]"},
    {"split(\"ab\", \"\")", "the value is of the wrong kind"},
    {"split(\"ab\", \"ab\")", "the value is of the wrong kind"},
    {"column(list, 2)", "[\"120\", \"200\", \"PLAIN\"]"},
    {"column(list, 3)", "the octets do not have the form that the function reads"},
    {"column(list, 0)", "the argument is outside of what the function takes"},
    {"find(list, \"SASL\")", "[\"SASL PLAIN\"]"},
    {"find(list, \"sasl\")", "[]"},
    {"len(find(list, \"\"))", "3"},
    {"has(list, \"1 120\")", "true"},
    {"has(list, \"1 12\")", "false"},
    {"fit(list, \"[0-9]+ [0-9]+\")", "[\"1 120\", \"2 200\"]"},
    {"fit(list, \"[0-9]+\")", "[]"},
    {"fit(lines(\"a.b\", \"axb\"), \"a\\\\.b\")", "[\"a.b\"]"},
    {"fit(list, \"(\")", "the regular expression is wrong, or takes too many steps"},
    {"fit(lines(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaab\"), \"(a|a)*[cd]\")",
     "the regular expression is wrong, or takes too many steps"},
    {"unique(list)", "true"},
    {"unique(lines(\"b\", \"a\", \"c\", \"a\"))", "false"},
    {"unique(lines())", "true"},
    {"crlf(lines(\"a\", \"\"))", "\"a\\r\\n\\r\\n\""},
    {"stuff(\".a\\r\\n.\\r\\n\\n.x..\\r\\n\")", "\"..a\\r\\n..\\r\\n\\n.x..\\r\\n\""},
    {"stuff(lines(\".\", \"a.\", \"\"))", "[\"..\", \"a.\", \"\"]"},
    {"int(\"42\")", "42"},
    {"int(\"042\")", "the octets do not have the form that the function reads"},
    {"int(\"9223372036854775808\")", "the number does not fit in 64 bits"},
    {"sum(lines(\"1\", \"2\"))", "3"},
    {"sum(lines())", "0"},
    {"sum(lines(\"9223372036854775807\", \"1\"))", "the number does not fit in 64 bits"},
    {"sum(lines(\"1\", \"x\"))", "the octets do not have the form that the function reads"},
    {"min(3, 1, 2)", "1"},
    {"max(3)", "3"},
    {"max(1, \"2\")", "the value is of the wrong kind"},
};

static void test_values(void **state)
{
    (void)state;
    struct pq_expr_result r;
    for (size_t i = 0; i < sizeof(value_cases) / sizeof(value_cases[0]); i++) {
        const struct value_case *c = &value_cases[i];
        const char *shown = evaluate(pq_slice_text(c->text), &r);
        if (strcmp(shown, c->shown) != 0)
            fail_msg("%s: got %s, want %s", c->text, shown, c->shown);
    }
}

static void test_the_deciding_comparison_is_kept(void **state)
{
    (void)state;
    struct pq_expr_result r = {0};
    assert_string_equal(evaluate(PQ_SLICE("1 == 1 and seven == 8 and 3 == 3"), &r), "false");
    assert_true(r.compared);
    assert_int_equal(r.left.number, 7);
    assert_int_equal(r.right.number, 8);
    assert_string_equal(evaluate(PQ_SLICE("has(list, \"x\")"), &r), "false");
    assert_false(r.compared);
}

static void test_errors_say_what_they_are_about(void **state)
{
    (void)state;
    struct pq_expr_result r = {0};
    (void)evaluate(PQ_SLICE("1 + nobody"), &r);
    assert_true(r.about.len == 6);
    (void)evaluate(PQ_SLICE("1 + (2 < \"x\")"), &r);
    assert_true(r.about.len == 1);
}

/* ---- syntax ---------------------------------------------------------------------------------- */

static const struct syntax_case {
    const char *text;
    size_t offset;
    const char *before;
} syntax_cases[] = {
    {"", 0, "a value is missing at the end of the expression"},
    {"1 +", 3, "a value is missing at the end of the expression"},
    {"1 2", 2, "an operator must stand where there is "},
    {"* 2", 0, "unexpected "},
    {"\"abc", 0, "unexpected "},
    {"\"a\\q\"", 2, "unknown escape at "},
    {"\"a\\x4\"", 2, "unknown escape at "},
    {"\"\xC3\xA9\"", 1, "unknown escape at "},
    {"(1", 0, "the bracket behind "},
    {"len(\"a\"", 0, "the bracket behind "},
    {"1)", 1, "nothing is open that "},
    {"(1]", 2, "nothing is open that "},
    {"m[1)", 3, "nothing is open that "},
    {"m[1]", 3, "m[n] needs a field: .size .octets .lines or .text"},
    {"m[1].colour", 3, "m[n] needs a field: .size .octets .lines or .text"},
    {"list[1]", 0, "only m has an index, not "},
    {"1, 2", 1, "a comma stands only between arguments of a function"},
    {"(1, 2)", 2, "a comma stands only between arguments of a function"},
    {"len()", 0, "wrong number of arguments for "},
    {"len(\"a\", \"b\")", 0, "wrong number of arguments for "},
    {"len(\"a\",)", 8, "a value must stand where there is "},
    {"length(\"a\")", 0, "unknown function "},
    {"()", 1, "a value must stand where there is "},
    {"and 1", 0, "a value is missing before "},
    {"1 not 2", 2, "an operator must stand where there is "},
    {"0x1", 1, "an operator must stand where there is "},
    {"99999999999999999999", 0, "the number "},
};

static void test_syntax_problems(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(syntax_cases) / sizeof(syntax_cases[0]); i++) {
        const struct syntax_case *c = &syntax_cases[i];
        struct pq_arena arena;
        struct pq_slice in = guard_slice(pq_slice_text(c->text)), before = in;
        const struct pq_expr *e = NULL;
        struct pq_expr_problem p;
        pq_arena_init(&arena, pq_alloc_default(), 1u << 16);
        assert_int_equal(pq_expr_parse(&arena, &in, &e, &p), PQ_STATUS_SYNTAX);
        if (p.offset != c->offset || strcmp(p.before, c->before) != 0)
            fail_msg("%s: got %zu %s, want %zu %s", c->text, p.offset, p.before, c->offset,
                     c->before);
        assert_true(in.at == before.at && in.len == before.len);
        pq_arena_free(&arena);
    }
}

static void test_it_ends_at_brace_and_comment(void **state)
{
    (void)state;
    struct pq_arena arena;
    const struct pq_expr *e = NULL;
    struct pq_expr_problem p;
    pq_arena_init(&arena, pq_alloc_default(), 1u << 16);
    struct pq_slice in = PQ_SLICE(" 1 + \"}#\" } rest");
    assert_int_equal(pq_expr_parse(&arena, &in, &e, &p), PQ_STATUS_OK);
    assert_true(pq_slice_equal(in, PQ_SLICE("} rest")));
    assert_true(pq_slice_equal(pq_expr_source(e), PQ_SLICE("1 + \"}#\"")));
    in = PQ_SLICE("a  # b");
    assert_int_equal(pq_expr_parse(&arena, &in, &e, &p), PQ_STATUS_OK);
    assert_true(pq_slice_equal(in, PQ_SLICE("# b")));
    pq_arena_free(&arena);
}

/* `count` times `middle` between `front` and `back`. */
static bool parses(const char *front, const char *middle, size_t count, const char *back)
{
    struct pq_arena arena;
    struct pq_bytes text;
    const struct pq_expr *e = NULL;
    struct pq_expr_problem p;
    pq_arena_init(&arena, pq_alloc_default(), 1u << 20);
    pq_bytes_init(&text, pq_alloc_default(), 1u << 16);
    assert_int_equal(pq_bytes_put_text(&text, front), PQ_STATUS_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pq_bytes_put_text(&text, middle), PQ_STATUS_OK);
    assert_int_equal(pq_bytes_put_text(&text, back), PQ_STATUS_OK);
    struct pq_slice in = pq_bytes_slice(&text);
    bool good = pq_expr_parse(&arena, &in, &e, &p) == PQ_STATUS_OK;
    pq_bytes_free(&text);
    pq_arena_free(&arena);
    return good;
}

static void test_limits(void **state)
{
    (void)state;
    /* 1 + 1 + ...: two operations for each term but the first. */
    assert_true(parses("-1", " + 1", 127, ""));   /* 256 operations */
    assert_false(parses("--1", " + 1", 127, "")); /* 257 */
    assert_true(parses("lines(\"\"", ", \"\"", 62, ")"));
    assert_true(parses("lines(\"\"", ", \"\"", 63, ")")); /* 64 values at one time */
    assert_false(parses("lines(\"\"", ", \"\"", 64, ")"));
    assert_true(parses("", "-", 63, "1"));
    assert_true(parses("", "-", 64, "1"));
    assert_false(parses("", "-", 65, "1"));
}

/* ---- canonical text -------------------------------------------------------------------------- */

static const struct format_case {
    const char *text, *canonical, *filled;
} format_cases[] = {
    {"1+2", "1 + 2", "1 + 2"},
    {"  - 1  -  - 2", "-1 - -2", "-1 - -2"},
    {"not  (a==b)and c", "not (a == b) and c", "not (a == b) and c"},
    {"not not a", "not not a", "not not a"},
    {"lines( \"a\" ,\"\\x41\\x0d\" )", "lines(\"a\", \"A\\r\")", "lines(\"a\", \"A\\r\")"},
    {"lines( )", "lines()", "lines()"},
    {"m [ seven-5 ] . size", "m[seven - 5].size", "m[7 - 5].size"},
    {"odd+len(odd)", "odd + len(odd)", "\"a\\0\\r\\n\" + len(\"a\\0\\r\\n\")"},
    {"size==m[1].size", "size == m[1].size", "size == m[1].size"},
    {"seven(", NULL, NULL},
};

static void put_formatted(const char *text, const struct pq_env *env, struct pq_bytes *out)
{
    struct pq_arena arena;
    struct pq_slice in = guard_slice(pq_slice_text(text));
    const struct pq_expr *e = NULL;
    struct pq_expr_problem p;
    pq_arena_init(&arena, pq_alloc_default(), 1u << 20);
    pq_bytes_clear(out);
    if (pq_expr_parse(&arena, &in, &e, &p) == PQ_STATUS_OK)
        assert_int_equal(pq_expr_format(e, env, out), PQ_STATUS_OK);
    assert_int_equal(pq_bytes_put(out, pq_slice_of("", 1)), PQ_STATUS_OK);
    pq_arena_free(&arena);
}

static void test_formatting(void **state)
{
    (void)state;
    struct pq_bytes out, again;
    const struct pq_env env = {.name = test_name};
    pq_bytes_init(&out, pq_alloc_default(), 4096);
    pq_bytes_init(&again, pq_alloc_default(), 4096);
    for (size_t i = 0; i < sizeof(format_cases) / sizeof(format_cases[0]); i++) {
        const struct format_case *c = &format_cases[i];
        put_formatted(c->text, NULL, &out);
        assert_string_equal(out.at, c->canonical ? c->canonical : "");
        put_formatted((const char *)out.at, NULL, &again);
        assert_string_equal(again.at, out.at);
        put_formatted(c->text, &env, &out);
        assert_string_equal(out.at, c->filled ? c->filled : "");
    }
    pq_bytes_free(&out);
    pq_bytes_free(&again);
}

static void test_names_of_an_expression(void **state)
{
    (void)state;
    struct pq_arena arena;
    struct pq_slice in = PQ_SLICE("a + len(b) + m[c].size + \"d\""), name = {0};
    const struct pq_expr *e = NULL;
    struct pq_expr_problem p;
    const char *const names[] = {"a", "b", "c"};
    size_t n = 0;
    pq_arena_init(&arena, pq_alloc_default(), 1u << 16);
    assert_int_equal(pq_expr_parse(&arena, &in, &e, &p), PQ_STATUS_OK);
    for (; n < sizeof(names) / sizeof(names[0]); n++) {
        assert_true(pq_expr_name(e, n, &name));
        assert_true(pq_slice_equal(name, pq_slice_text(names[n])));
    }
    assert_false(pq_expr_name(e, n, &name));
    pq_arena_free(&arena);
}

/* ---- random text ----------------------------------------------------------------------------- */

/* Words that make most of random text nearly an expression. */
static const char *const fragments[] = {"1",       "9223372036854775807",
                                        "\"a\"",   "\"",
                                        "seven",   "odd",
                                        "list",    "pw",
                                        "nobody",  "m[",
                                        "].",      "size",
                                        "(",       ")",
                                        ",",       " + ",
                                        " - ",     "-",
                                        " == ",    " < ",
                                        " and ",   " or ",
                                        "not ",    "len(",
                                        "lines(",  "repeat(",
                                        "column(", "tail(",
                                        "sum(",    "unb64(",
                                        "words(",  "#",
                                        "}",       "\\",
                                        "\x80"};

/* Invariant: whatever the text, parsing ends; what it accepts evaluates within its limits, and has
 * one canonical text that means the same. */
static void test_random_text(void **state)
{
    (void)state;
    struct pq_rand r;
    struct pq_bytes text, out, again;
    size_t parsed = 0;
    pq_rand_init(&r, 7);
    pq_bytes_init(&text, pq_alloc_default(), 4096);
    pq_bytes_init(&out, pq_alloc_default(), 65536);
    pq_bytes_init(&again, pq_alloc_default(), 65536);
    for (int i = 0; i < 20000; i++) {
        struct pq_expr_result result;
        static char first[400];
        pq_bytes_clear(&text);
        for (uint64_t n = pq_rand_below(&r, 10); n > 0; n--)
            assert_int_equal(
                pq_bytes_put_text(
                    &text, fragments[pq_rand_below(&r, sizeof(fragments) / sizeof(fragments[0]))]),
                PQ_STATUS_OK);
        const char *shown = evaluate(pq_bytes_slice(&text), &result);
        if (strcmp(shown, "syntax") == 0)
            continue;
        parsed++;
        (void)snprintf(first, sizeof(first), "%s", shown);
        assert_int_equal(pq_bytes_put(&text, pq_slice_of("", 1)), PQ_STATUS_OK);
        put_formatted((const char *)text.at, NULL, &out);
        put_formatted((const char *)out.at, NULL, &again);
        assert_string_equal(out.at, again.at);
        assert_string_equal(evaluate(pq_slice_text((const char *)out.at), &result), first);
    }
    assert_true(parsed > 500);
    pq_bytes_free(&text);
    pq_bytes_free(&out);
    pq_bytes_free(&again);
}

/* ---- values alone ---------------------------------------------------------------------------- */

static void test_copies_live_on_their_own(void **state)
{
    (void)state;
    struct pq_arena arena;
    struct pq_value copy, small;
    struct pq_value list = pq_value_list(three_lines, 3);
    pq_arena_init(&arena, pq_alloc_default(), 1024);
    assert_int_equal(pq_value_copy(&list, &arena, &copy), PQ_STATUS_OK);
    assert_true(pq_value_equal(&list, &copy));
    assert_true(copy.lines != list.lines && copy.lines[2].at != list.lines[2].at);
    struct pq_value other = pq_value_octets(PQ_SLICE("1 120"));
    assert_false(pq_value_equal(&other, &copy));
    pq_arena_free(&arena);
    pq_arena_init(&arena, pq_alloc_default(), 8);
    small = pq_value_int(5);
    assert_int_equal(pq_value_copy(&list, &arena, &small), PQ_STATUS_NO_MEMORY);
    assert_int_equal(small.number, 5);
    pq_arena_free(&arena);
}

static void test_shown_values_are_cut(void **state)
{
    (void)state;
    struct pq_bytes out;
    struct pq_value v = pq_value_octets(PQ_SLICE("abcdef"));
    pq_bytes_init(&out, pq_alloc_default(), 64);
    assert_int_equal(pq_value_show(&v, 3, &out), PQ_STATUS_OK);
    assert_true(pq_slice_equal(pq_bytes_slice(&out), PQ_SLICE("\"abc\"...")));
    pq_bytes_clear(&out);
    v = pq_value_list(three_lines, 3);
    assert_int_equal(pq_value_show(&v, 9, &out), PQ_STATUS_OK);
    assert_true(pq_slice_equal(pq_bytes_slice(&out), PQ_SLICE("[\"1 120\", \"\"..., ...]")));
    pq_bytes_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_the_deciding_comparison_is_kept),
        cmocka_unit_test(test_errors_say_what_they_are_about),
        cmocka_unit_test(test_syntax_problems),
        cmocka_unit_test(test_it_ends_at_brace_and_comment),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_formatting),
        cmocka_unit_test(test_names_of_an_expression),
        cmocka_unit_test(test_random_text),
        cmocka_unit_test(test_copies_live_on_their_own),
        cmocka_unit_test(test_shown_values_are_cut),
    };
    return cmocka_run_group_tests_name("expr", tests, NULL, NULL);
}
