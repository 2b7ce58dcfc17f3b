/* SPDX-License-Identifier: Apache-2.0
 * No secret in any output: by value in every encoding, by place in every cut. */
#define _DEFAULT_SOURCE
#include "dialogue/player/testing.h"

#include "dialogue/cut.h"
#include "dialogue/player/recorder.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- by value -------------------------------------------------------------------------------- */

/* What is left of `text` when `secret` is masked. */
static struct pq_slice mask(const char *secret, struct pq_slice text, char *out, size_t cap)
{
    struct pq_mask m;
    struct pq_bytes masked;
    static bool hide[1u << 16];
    pq_mask_init(&m, pq_alloc_default());
    pq_bytes_init(&masked, pq_alloc_default(), cap - 1);
    assert_int_equal(pq_mask_add(&m, pq_slice_text(secret)), PQ_STATUS_OK);
    assert_true(text.len <= sizeof(hide));
    memset(hide, 0, sizeof(hide));
    text = guard_slice(text);
    pq_mask_find(&m, text, hide);
    assert_int_equal(pq_mask_write(text, hide, &masked), PQ_STATUS_OK);
    if (masked.len > 0)
        memcpy(out, masked.at, masked.len);
    size_t len = masked.len;
    out[len] = 0;
    pq_bytes_free(&masked);
    pq_mask_free(&m);
    return pq_slice_of(out, len);
}

static void test_values(void **state)
{
    static const struct {
        const char *text, *masked;
    } rows[] = {
        {"", ""},
        {"tanstaaf", "***"},
        {"PASS tanstaaf", "PASS ***"},
        {"PASS TANSTAAF!", "PASS ***!"},
        {"tanstaaftanstaaf", "***"},
        {"tansta", "tansta"},
        {"dGFuc3RhYWY=", "***="},                                  /* base64 */
        {"x dGFuc3RhYWY y", "x *** y"},                            /* without padding */
        {"AHRpbQB0YW5zdGFhZg==", "***=="},                         /* NUL tim NUL tanstaaf */
        {"dXNlcj10aW0BYXV0aD1CZWFyZXIgdGFuc3RhYWYBAQ==", "***=="}, /* XOAUTH2 */
        {"AUTH:dGFuc3RhYWY=", "AUTH:***="},                        /* glued to something else */
        {"ir=dGFuc3RhYWY=", "ir=***="},
        {"xdGFuc3RhYWY=", "***="},   /* at another offset of its run of digits */
        {"74616e7374616166", "***"}, /* hexadecimal */
        {"74616E7374616166", "***"},
    };
    (void)state;
    char out[256];
    for (size_t i = 0; i < COUNT(rows); i++) {
        mask("tanstaaf", pq_slice_text(rows[i].text), out, sizeof(out));
        assert_string_equal(out, rows[i].masked);
    }
}

static void test_nothing_is_masked_without_a_secret(void **state)
{
    (void)state;
    char out[64];
    mask("", PQ_SLICE("+OK a b c"), out, sizeof(out));
    assert_string_equal(out, "+OK a b c");
}

static void test_limit_of_secrets(void **state)
{
    (void)state;
    struct pq_mask m;
    char secret[16];
    pq_mask_init(&m, pq_alloc_default());
    /* Each takes two places: it and its hexadecimal form. */
    for (unsigned i = 0; i < PQ_MASK_SECRETS_MAX / 2; i++) {
        (void)snprintf(secret, sizeof(secret), "secret%u", i);
        assert_int_equal(pq_mask_add(&m, pq_slice_text(secret)), PQ_STATUS_OK);
        assert_int_equal(pq_mask_add(&m, pq_slice_text(secret)), PQ_STATUS_OK);
    }
    assert_int_equal(pq_mask_add(&m, PQ_SLICE("one more")), PQ_STATUS_NO_MEMORY);
    pq_mask_free(&m);
}

/* Random secrets, octets of any kind, in each form, at each offset of something else. */
enum form { RAW, HEX, BASE64 };

static struct pq_slice encode(enum form form, struct pq_slice plain, struct pq_buf *out)
{
    if (form == RAW)
        (void)pq_buf_put(out, plain);
    else if (form == HEX)
        assert_int_equal(pq_hex_encode(plain, out), PQ_STATUS_OK);
    else
        assert_int_equal(pq_base64_encode(plain, out), PQ_STATUS_OK);
    return pq_buf_slice(out);
}

static bool holds(struct pq_slice text, struct pq_slice secret)
{
    for (size_t i = 0; i + secret.len <= text.len; i++)
        if (pq_slice_equal_nocase(pq_slice_of(text.at + i, secret.len), secret))
            return true;
    return false;
}

static void check_random(struct pq_rand *rand)
{
    uint8_t secret[40], around[128], text[1024];
    char out[2048];
    struct pq_buf plain, encoded;
    size_t len = 1 + (size_t)pq_rand_below(rand, sizeof(secret) - 1);
    for (size_t i = 0; i < len; i++)
        secret[i] = (uint8_t)(1 + pq_rand_below(rand, 255));
    secret[len] = 0;
    pq_buf_init(&plain, around, sizeof(around));
    for (uint64_t n = pq_rand_below(rand, 20); n > 0; n--)
        pq_buf_put_octet(&plain, (uint8_t)pq_rand_next(rand));
    pq_buf_put(&plain, pq_slice_of(secret, len));
    for (uint64_t n = pq_rand_below(rand, 20); n > 0; n--)
        pq_buf_put_octet(&plain, (uint8_t)pq_rand_next(rand));
    for (int form = RAW; form <= BASE64; form++) {
        pq_buf_init(&encoded, text, sizeof(text));
        pq_buf_put_text(&encoded, "-ERR ");
        struct pq_slice whole = encode((enum form)form, pq_buf_slice(&plain), &encoded);
        struct pq_slice left = mask((const char *)secret, whole, out, sizeof(out));
        assert_false(holds(left, pq_slice_of(secret, len)) && len > 3);
        /* Whatever the form, what is left is not what was there. */
        assert_true(holds(left, PQ_SLICE(PQ_MASK_TEXT)));
    }
}

static void test_random_secrets(void **state)
{
    (void)state;
    struct pq_rand rand;
    pq_rand_init(&rand, 1);
    for (int i = 0; i < 2000; i++)
        check_random(&rand);
}

static void test_long_runs_of_digits(void **state)
{
    (void)state;
    static uint8_t plain[9000], text[13000];
    static char out[16000];
    struct pq_buf b;
    /* Wherever a secret lies in a long run, the part around it is hidden. */
    for (size_t at = 0; at + 8 <= sizeof(plain); at += 97) {
        memset(plain, 0xA5, sizeof(plain));
        memcpy(plain + at, "tanstaaf", 8);
        pq_buf_init(&b, text, sizeof(text));
        assert_int_equal(pq_base64_encode(pq_slice_of(plain, sizeof(plain)), &b), PQ_STATUS_OK);
        mask("tanstaaf", pq_buf_slice(&b), out, sizeof(out));
        assert_non_null(strstr(out, PQ_MASK_TEXT));
    }
}

static void test_texts_of_ours(void **state)
{
    (void)state;
    struct pq_mask m;
    char text[32] = "got \"tanstaaf\" and tanstaaf";
    char tight[9] = "ab cd ab";
    pq_mask_init(&m, pq_alloc_default());
    assert_int_equal(pq_mask_add(&m, PQ_SLICE("tanstaaf")), PQ_STATUS_OK);
    pq_mask_text(&m, text, sizeof(text));
    assert_string_equal(text, "got \"***\" and ***");
    /* A secret that is shorter than its mask: what does not fit is left out. */
    assert_int_equal(pq_mask_add(&m, PQ_SLICE("ab")), PQ_STATUS_OK);
    pq_mask_text(&m, tight, sizeof(tight));
    assert_string_equal(tight, "*** cd ");
    pq_mask_free(&m);
}

/* ---- by place -------------------------------------------------------------------------------- */

/* `script`: client lines, and server lines behind "<". Gives the client's with *** for secrets. */
static void talk(const char *script, size_t step, char *out, size_t cap)
{
    struct pq_talk t = {.exchange = false};
    struct pq_slice rest = pq_slice_text(script);
    struct pq_bytes masked;
    bool hide[256] = {false};
    pq_bytes_init(&masked, pq_alloc_default(), cap - 1);
    while (rest.len > 0) {
        struct pq_slice line = pq_slice_first(rest, pq_slice_index(rest, '\n') + 1);
        rest = pq_slice_after(rest, line.len);
        if (line.at[0] == '<') {
            (void)pq_talk_server(&t, pq_slice_after(line, 1));
            continue;
        }
        memset(hide, 0, sizeof(hide));
        for (size_t i = 0; i < line.len; i += step)
            pq_talk_client(&t, pq_slice_first(pq_slice_after(line, i), step), hide + i);
        assert_int_equal(pq_mask_write(line, hide, &masked), PQ_STATUS_OK);
    }
    memcpy(out, masked.at, masked.len);
    out[masked.len] = 0;
    pq_bytes_free(&masked);
}

static void test_places(void **state)
{
    static const struct {
        const char *script, *shown;
    } rows[] = {
        {"USER tim\r\n", "USER tim\r\n"},
        {"PASS tanstaaf\r\n", "PASS ***\r\n"},
        {"pass two words\r\n", "pass ***\r\n"},
        {"PASS\r\n", "PASS\r\n"},
        {"PASS \r\n", "PASS \r\n"},
        {"  PASS x\r\n", "  PASS ***\r\n"},
        {"PASS\tx\n", "PASS\t***\n"},
        {"PASSX y\r\n", "PASSX y\r\n"},
        {"XPASS y\r\n", "XPASS y\r\n"},
        {"APOP tim c4c9\r\n", "APOP tim ***\r\n"},
        {"APOP tim\r\n", "APOP tim\r\n"},
        {"AUTH PLAIN AHRp\r\n", "AUTH PLAIN ***\r\n"},
        {"AUTH PLAIN\r\n<+ \nAHRp\r\n<+OK\nSTAT\r\n", "AUTH PLAIN\r\n***\r\nSTAT\r\n"},
        {"AUTH LOGIN\r\n<+ VXNlcm5hbWU6\ndGlt\r\n<+ \nx\r\n<-ERR\nSTAT\r\n",
         "AUTH LOGIN\r\n***\r\n***\r\nSTAT\r\n"},
        {"AUTH\r\n<-ERR\nSTAT x\r\n", "AUTH\r\nSTAT x\r\n"},
        {"AUTH X\r\na\r\nb\r\n<+OK\nNOOP\r\n", "AUTH X\r\n***\r\n***\r\nNOOP\r\n"},
        {"PASS a\r\nSTAT\r\n", "PASS ***\r\nSTAT\r\n"},
    };
    (void)state;
    char out[256];
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t step = 1; step < 30; step++) {
            talk(rows[i].script, step, out, sizeof(out));
            assert_string_equal(out, rows[i].shown);
        }
}

/* ---- whole runs ------------------------------------------------------------------------------ */

#define SECRET "tanstaaf"
/* "NUL user NUL tanstaaf" and "user tanstaaf-md5" as a server might repeat them. */
#define HOSTILE_LINES                                                                              \
    "< 1 \"-ERR your password " SECRET " is wrong\\r\\n\"\n"                                       \
    "< 1 \"-ERR AHVzZXIAdGFuc3RhYWY=\\r\\n\"\n"                                                    \
    "< 1 \"-ERR 74616E7374616166\\r\\n\"\n"

/* Every text that a run gives out. */
static void gather(const struct pq_outcome *out, char *to, size_t cap)
{
    show_transcript(out, to, cap);
    size_t len = strlen(to);
    (void)snprintf(to + len, cap - len, "%s\n%s\n%s\n", out->why, out->expected, out->actual);
}

static void assert_no_secret(const char *text)
{
    static const char *const forms[] = {SECRET, "dGFuc3RhYWY", "AHVzZXIA", "74616e7374616166",
                                        "74616E7374616166"};
    for (size_t i = 0; i < COUNT(forms); i++)
        if (strstr(text, forms[i]))
            fail_msg("%s is in\n%s", forms[i], text);
}

static void test_hostile_server(void **state)
{
    static const char *const bodies[] = {
        "C: PASS {pw}\nS: +OK\n",
        "C: X\nS*\nS.\n",
        "C: X\n@body x\n",
        "C: X\nS: -ERR {t:rest}\n@assert t == pw\n",
        "C: X\nS: -ERR {t:rest}\n@assert has(lines(t, pw), \"x\")\n",
        "C: X\nS: {= \"-ERR your password \" + pw}\n",
        "C: X\n@match\n@case a pass\n  S: +OK\n@end\n",
        "C: X\n@silence 1s\n",
        "C: X\nS! +OK\n",
        "C: X\n@eof\n",
        "C: X\n@fence\n",
        "C: X\n",
        "C: AUTH PLAIN {= b64(\"\\0\" + user + \"\\0\" + pw)}\nS: +OK\n",
        "C: X {= hex(pw)}\nS: +OK\n",
    };
    (void)state;
    static struct played p;
    static char dialogue[2048], text[1u << 15];
    for (size_t i = 0; i < COUNT(bodies); i++) {
        (void)snprintf(dialogue, sizeof(dialogue),
                       "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\n%s", bodies[i]);
        play_text(&p, dialogue,
                  "vars: pw=\"" SECRET "\"\nconnect 1 ok\n" HOSTILE_LINES
                  "< 1 \".\\r\\n\"\neof 1\n");
        gather(&p.out, text, sizeof(text));
        assert_no_secret(text);
        play_done(&p);
    }
}

/* What the server makes of the secret cannot be known, but what the client sends can: a digest that
 * is repeated is hidden too. */
static void test_made_secrets(void **state)
{
    (void)state;
    static struct played p;
    static char text[1u << 15];
    play_text(
        &p,
        "#!dlg 1\nid: x\n---\n[test]\n@connect\nC: X {user} {= md5hex(\"<1@a>\" + pw)}\nS: +OK\n",
        "vars: pw=\"" SECRET "\"\nconnect 1 ok\n"
        "< 1 \"-ERR d40f3bdd263f21bc281f79ab580b04ac is wrong\\r\\n\"\n");
    gather(&p.out, text, sizeof(text));
    assert_string_equal(p.out.actual, "\"-ERR *** is wrong\"");
    assert_null(strstr(text, "d40f3bdd"));
    play_done(&p);
}

/* The mask knows the very octets that are sent, random ones included. */
static struct pq_buf sent;

static enum pq_wire_result keep_sent(void *ctx, unsigned conn, struct pq_slice *rest,
                                     uint64_t deadline)
{
    (void)ctx;
    (void)conn;
    (void)deadline;
    pq_buf_put(&sent, *rest);
    *rest = pq_slice_after(*rest, rest->len);
    return PQ_WIRE_OK;
}

static void test_random_octets_are_masked_as_sent(void **state)
{
    static const char dialogue[] =
        "#!dlg 1\nid: x\n---\n[test]\n@connect\nC! {= rand(12) + hex(pw)}\n";
    (void)state;
    static struct played p;
    uint8_t memory[256];
    bool hide[256] = {false};
    struct pq_script script;
    pq_buf_init(&sent, memory, sizeof(memory));
    play_init_text(&p, dialogue, "#!golden 1\nfile: x\ncase: x\noutcome: pass\nconnect 1 ok\n");
    pq_script_init(&script, p.golden.runs);
    struct pq_wire wire = pq_script_wire(&script);
    wire.send = keep_sent;
    struct pq_run run = {.what = {&p.dlg, pq_slice_text(dialogue)},
                         .login = {&p.login, PQ_SLICE(PRELUDE)},
                         .vars = {.pw = PQ_SLICE(SECRET)},
                         .patience_ms = 1000,
                         .wire = &wire,
                         .alloc = pq_alloc_default()};
    pq_run_play(&run, &p.mask, &p.out);
    assert_int_equal(sent.len, 12 + 2 * strlen(SECRET));
    pq_mask_find(&p.mask, pq_buf_slice(&sent), hide);
    for (size_t i = 0; i < sent.len; i++)
        assert_true(hide[i]);
    play_done(&p);
}

/* ---- records --------------------------------------------------------------------------------- */

static void test_records(void **state)
{
    static const char dialogue[] =
        "#!dlg 1\nid: x\n---\n[test]\n@connect\nC: PA\\|SS {pw}\nS: -ERR{*?}\nC: X\nS: -ERR{*?}\n"
        "S: -ERR{*?}\n";
    (void)state;
    static struct played p;
    static char text[1u << 15];
    struct pq_script script;
    struct pq_recorder recorder;
    play_init_text(&p, dialogue,
                   "#!golden 1\nfile: x\ncase: x\noutcome: pass\nconnect 1 ok\n" HOSTILE_LINES);
    pq_script_init(&script, p.golden.runs);
    struct pq_wire wire = pq_script_wire(&script);
    pq_recorder_init(&recorder, &wire, &p.mask, pq_alloc_default());
    struct pq_wire recorded = pq_recorder_wire(&recorder);
    struct pq_run run = {.what = {&p.dlg, pq_slice_text(dialogue)},
                         .login = {&p.login, PQ_SLICE(PRELUDE)},
                         .vars = {.user = PQ_SLICE("user"), .pw = PQ_SLICE(SECRET)},
                         .cut = {.kind = PQ_DLG_CUT_OCTETS, .octets = 3},
                         .patience_ms = 1000,
                         .wire = &recorded,
                         .alloc = pq_alloc_default()};
    pq_run_play(&run, &p.mask, &p.out);
    struct pq_slice events = pq_recorder_events(&recorder);
    (void)snprintf(text, sizeof(text), "%.*s", (int)events.len, (const char *)events.at);
    assert_no_secret(text);
    assert_string_equal(text, "connect 1 ok\n> 1 \"PASS ***\\r\\n\"\n"
                              "< 1 \"-ERR your password *** is wrong\\r\\n\"\n"
                              "< 1 \"-ERR ***=\\r\\n\"\n< 1 \"-ERR ***\\r\\n\"\n> 1 \"X\\r\\n\"\n");
    pq_recorder_free(&recorder);
    play_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_nothing_is_masked_without_a_secret),
        cmocka_unit_test(test_limit_of_secrets),
        cmocka_unit_test(test_random_secrets),
        cmocka_unit_test(test_long_runs_of_digits),
        cmocka_unit_test(test_texts_of_ours),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_hostile_server),
        cmocka_unit_test(test_made_secrets),
        cmocka_unit_test(test_random_octets_are_masked_as_sent),
        cmocka_unit_test(test_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
