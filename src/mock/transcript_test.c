/* SPDX-License-Identifier: Apache-2.0
 * Transcripts: what they show, and that no secret is ever in them. */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "mock/link.h"
#include "mock/mask.h"

/* ---- a session that is written down ---------------------------------------------------------- */

struct written {
    char text[1u << 20];
    size_t len;
};

struct recorder {
    struct pq_mock mock;
    struct pq_link_config config;
    char file[64];
};

static void record_begin(struct recorder *r, struct pq_slice password)
{
    struct pq_why why = {""};
    *r = (struct recorder){.file = "/tmp/popquiz-transcript-XXXXXX"};
    int fd = mkstemp(r->file);
    assert_true(fd >= 0);
    (void)close(fd);
    mock_begin(&r->mock);
    if (password.len > 0)
        r->mock.store.accounts[0].password = password;
    r->config =
        (struct pq_link_config){.mock = &r->mock, .transcript = pq_transcript_open(r->file, &why)};
    assert_string_equal(why.text, "");
}

/* Says `input` in writes of `step` octets; answers are read in reads of `step`. */
static void record(struct recorder *r, struct pq_slice input, size_t step)
{
    struct pq_link *l = pq_link_new(&r->config, false, 5);
    assert_non_null(l);
    while (input.len > 0 && !pq_link_is_over(l)) {
        while (pq_link_output(l).len > 0)
            pq_link_sent(l, pq_slice_first(pq_link_output(l), step).len, 7);
        if (pq_link_wants_input(l)) {
            pq_link_input(l, guard_slice(pq_slice_first(input, step)), 6);
            input = pq_slice_after(input, step);
        }
    }
    while (pq_link_output(l).len > 0)
        pq_link_sent(l, pq_slice_first(pq_link_output(l), step).len, 7);
    pq_link_free(l);
}

/* Ends it and reads what was written. */
static void record_end(struct recorder *r, struct written *w)
{
    assert_int_equal(pq_transcript_close(r->config.transcript), PQ_STATUS_OK);
    FILE *f = fopen(r->file, "rb");
    assert_non_null(f);
    w->len = fread(w->text, 1, sizeof(w->text) - 1, f);
    w->text[w->len] = 0;
    (void)fclose(f);
    (void)unlink(r->file);
    pq_mock_free(&r->mock);
}

static void write_down(struct pq_slice input, size_t step, struct written *w)
{
    static struct recorder r;
    record_begin(&r, pq_slice_of(NULL, 0));
    record(&r, input, step);
    record_end(&r, w);
}

/* ---- what is shown --------------------------------------------------------------------------- */

static void test_the_form(void **state)
{
    (void)state;
    static struct written w;
    write_down(PQ_SLICE("USER tim\r\nPASS tan staaf\r\nXY\tZ\x80\r\nQUIT\r\n"), 4096, &w);
    assert_string_equal(
        w.text,
        "{\"ms\":5,\"conn\":1,\"from\":\"event\",\"tls\":false,\"octets\":\"connected\"}\n"
        "{\"ms\":7,\"conn\":1,\"from\":\"server\",\"tls\":false,\"octets\":\"+OK POP3 server ready "
        "<1896.697170952@dbc.mtview.ca.us>\\\\r\\\\n\"}\n"
        "{\"ms\":6,\"conn\":1,\"from\":\"client\",\"tls\":false,\"octets\":\"USER tim\"}\n"
        "{\"ms\":6,\"conn\":1,\"from\":\"client\",\"tls\":false,\"octets\":\"PASS ****\"}\n"
        "{\"ms\":6,\"conn\":1,\"from\":\"client\",\"tls\":false,\"octets\":\"****\"}\n"
        "{\"ms\":6,\"conn\":1,\"from\":\"client\",\"tls\":false,\"octets\":\"QUIT\"}\n"
        "{\"ms\":7,\"conn\":1,\"from\":\"server\",\"tls\":false,\"octets\":\"+OK send "
        "PASS\\\\r\\\\n"
        "+OK maildrop has 0 messages (0 octets)\\\\r\\\\n"
        "-ERR an octet is not printable ASCII\\\\r\\\\n+OK bye\\\\r\\\\n\"}\n"
        "{\"ms\":7,\"conn\":1,\"from\":\"event\",\"tls\":false,\"octets\":\"closed\"}\n");
}

static const struct {
    const char *said, *shown;
} commands[] = {
    {"USER tim", "USER tim"},
    {"user  tim", "user  tim"},
    {"USER tan staaf", "USER ****"},
    {"USER xtan staafx", "USER x****x"},
    {"PASS", "PASS"},
    {"PASS ", "PASS "},
    {"PASS x", "PASS ****"},
    {"pass tan staaf", "pass ****"},
    {"APOP tim", "APOP ****"},
    {"APOP tan staaf", "APOP ****"},
    {"APOP  tim 9c04f412e57e5a0393cc115224974631", "APOP ****"},
    {"APOP tim 9c04f412e57e5a0393cc115224974631", "APOP tim ****"},
    {"AUTH", "AUTH"},
    {"AUTH PLAIN", "AUTH PLAIN"},
    {"AUTH PLAIN AHRpbQB0YW4gc3RhYWY=", "AUTH PLAIN ****"},
    {"AUTH  PLAIN AHRpbQB0YW4gc3RhYWY=", "AUTH ****"},
    {"AUTH NTLM", "AUTH ****"},
    {"auth cram-md5", "auth cram-md5"},
    {"XYZZ", "XYZZ"},
    {"XYZZ y", "XYZZ ****"},
    {"XYZZY", "****"},
    {"AHRpbQB0YW4gc3RhYWY=", "****"},
    {"STAT dGFuIHN0YWFm", "STAT ****"},
    {"STAT xdGFuIHN0YWFm", "STAT ****"},
    {"STAT dGFuIHN0YWF", "STAT dGFuIHN0YWF"},
    {"LIST 1", "LIST 1"},
    {"", ""},
};

static void test_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(commands); i++) {
        static struct written w;
        char input[128], want[128];
        (void)snprintf(input, sizeof(input), "%s\r\n", commands[i].said);
        write_down(pq_slice_text(input), 3, &w);
        (void)snprintf(want, sizeof(want), "\"from\":\"client\",\"tls\":false,\"octets\":\"%s\"}",
                       commands[i].shown);
        if (!strstr(w.text, want))
            fail_msg("%s: %s", commands[i].said, w.text);
    }
}

static void test_responses_are_hidden(void **state)
{
    (void)state;
    static struct written w;
    write_down(PQ_SLICE("AUTH LOGIN\r\ndGlt\r\n*\r\n"), 4096, &w);
    assert_non_null(strstr(w.text, "\"octets\":\"AUTH LOGIN\""));
    assert_non_null(strstr(w.text, "\"octets\":\"****\""));
    assert_non_null(strstr(w.text, "\"octets\":\"*\""));
    assert_null(strstr(w.text, "dGlt"));
}

/* An entry that is cut says so, and no earlier. */
static void test_long_entries(void **state)
{
    (void)state;
    for (size_t len = PQ_MASK_MAX - 1; len <= PQ_MASK_MAX + 1; len++) {
        static struct recorder r;
        static struct written w;
        uint8_t octets[PQ_MASK_MAX + 1];
        struct pq_transcript_at at = {.ms = 1};
        memset(octets, 0xFF, sizeof(octets));
        record_begin(&r, pq_slice_of(NULL, 0));
        pq_transcript_answer(r.config.transcript, at, pq_slice_of(octets, len), &r.mock.store);
        record_end(&r, &w);
        assert_int_equal(strstr(w.text, "...\"}\n") != NULL, len > PQ_MASK_MAX);
        cJSON *json = cJSON_Parse(w.text);
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(json, "octets"));
        assert_non_null(text);
        assert_int_equal(strlen(text),
                         4 * (len < PQ_MASK_MAX ? len : PQ_MASK_MAX) + (len > PQ_MASK_MAX ? 3 : 0));
        cJSON_Delete(json);
    }
}

/* ---- no secret, whatever is said ------------------------------------------------------------- */

struct secret {
    uint8_t at[40], encoded[64];
    size_t len, encoded_len;
};

/* A password that does not occur in what a transcript says anyway. */
static struct secret draw_secret(struct pq_rand *rand)
{
    static const char letters[] = "#%&$!?GKQXZgkqxz0489 ";
    struct secret s = {.len = 3 + pq_rand_below(rand, 30)};
    struct pq_buf out;
    for (size_t i = 0; i < s.len; i++)
        s.at[i] = (uint8_t)letters[pq_rand_below(rand, i == 0 ? 10 : sizeof(letters) - 1)];
    pq_buf_init(&out, s.encoded, sizeof(s.encoded));
    assert_int_equal(pq_base64_encode(pq_slice_of(s.at, s.len), &out), PQ_STATUS_OK);
    s.encoded_len = out.len;
    return s;
}

static void put(struct pq_buf *to, struct pq_slice s)
{
    assert_true(pq_buf_put(to, s));
}

/* "\0tim\0password" in base64, or "tim password" for a mechanism that does not exist. */
static void put_message(struct pq_buf *to, const struct secret *s, const char *head,
                        size_t head_len)
{
    uint8_t memory[128];
    struct pq_buf message;
    pq_buf_init(&message, memory, sizeof(memory));
    put(&message, pq_slice_of(head, head_len));
    put(&message, pq_slice_of(s->at, s->len));
    assert_int_equal(pq_base64_encode(pq_buf_slice(&message), to), PQ_STATUS_OK);
}

static const char *const heads[] = {
    "PASS ",
    "pass ",
    "PASS  ",
    "PASS\t",
    "APOP tim ",
    "APOP ",
    "USER ",
    "AUTH ",
    "AUTH PLAIN ",
    "AUTH  PLAIN ",
    "XYZZ ",
    "PASSWORD ",
    "",
    "LIST ",
    " PASS ",
    "RETR 1 ",
    "AUTH PLAIN\r\n",
    "AUTH LOGIN\r\ndGlt\r\n",
    "AUTH NOSUCH\r\n",
    "TOP 1 ",
    "AUTH CRAM-MD5\r\n",
    "AUTH SCRAM-SHA-256\r\n",
    "AUTH XOAUTH2\r\n",
    "USER tim\r\nPASS ",
    "AUTH PLAIN\r\n*\r\n",
    "CAPA\r\n",
    "STLS\r\n",
    "PASS\0",
    "\xC3\xA9 ",
    "AUTH PLAIN =",
};

/* One line that a client, confused in some way, may write with its password in it. */
static void put_line(struct pq_buf *to, struct pq_rand *rand, const struct secret *s)
{
    pq_buf_put_text(to, heads[pq_rand_below(rand, COUNT(heads))]);
    switch (pq_rand_below(rand, 6)) {
    case 0:
        put(to, pq_slice_of(s->at, s->len));
        break;
    case 1:
        put(to, pq_slice_of(s->encoded, s->encoded_len));
        break;
    case 2:
        put_message(to, s, "\0tim\0", 5);
        break;
    case 3:
        put_message(to, s, "tim ", 4);
        break;
    case 4:
        for (uint64_t n = pq_rand_below(rand, 260); n > 0; n--)
            pq_buf_put_octet(to, 'a');
        put(to, pq_slice_of(s->at, s->len));
        break;
    default:
        for (uint64_t n = pq_rand_below(rand, 260); n > 0; n--)
            pq_buf_put_octet(to, 'a');
        put_message(to, s, "user=tim\001auth=Bearer ", 21);
        break;
    }
    pq_buf_put_text(to, pq_rand_below(rand, 4) ? "\r\n" : " x\r\n");
}

/* The octets that the entries of client and server show, one after the other. */
static size_t shown_octets(struct written *w, uint8_t *at, size_t cap)
{
    size_t len = 0;
    for (char *line = strtok(w->text, "\n"); line; line = strtok(NULL, "\n")) {
        cJSON *json = cJSON_Parse(line);
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(json, "octets"));
        assert_non_null(text);
        assert_true(len + strlen(text) + 1 < cap);
        memcpy(at + len, text, strlen(text));
        len += strlen(text);
        at[len++] = '\n';
        cJSON_Delete(json);
    }
    return len;
}

/* Whether `part` or more of the secret is there, raw. */
static bool shows_raw(struct pq_slice shown, const struct secret *s, size_t part)
{
    for (size_t i = 0; i + part <= shown.len; i++)
        for (size_t k = 0; k + part <= s->len; k++)
            if (memcmp(shown.at + i, s->at + k, part) == 0)
                return true;
    return false;
}

/* What was decoded last. */
struct window {
    uint8_t at[64];
    size_t len;
};

/* Appends what four octets of base64 stand for; anything else empties the window. */
static void window_decode(struct window *w, struct pq_slice group)
{
    uint8_t memory[3];
    struct pq_buf out;
    pq_buf_init(&out, memory, sizeof(memory));
    if (pq_base64_decode(group, &out) != PQ_STATUS_OK) {
        w->len = 0;
        return;
    }
    if (w->len + out.len > sizeof(w->at)) {
        memmove(w->at, w->at + 3, w->len - 3);
        w->len -= 3;
    }
    memcpy(w->at + w->len, memory, out.len);
    w->len += out.len;
}

/* Whether some word, decoded from any of its octets on, has the secret in it. */
static bool shows_encoded(struct pq_slice shown, const struct secret *s)
{
    for (size_t from = 0; from < 4; from++) {
        struct window w = {.len = 0};
        for (size_t i = from; i + 4 <= shown.len; i += 4) {
            window_decode(&w, pq_slice_first(pq_slice_after(shown, i), 4));
            if (shows_raw(pq_slice_of(w.at, w.len), s, s->len))
                return true;
        }
    }
    return false;
}

/* Invariant: whatever the client writes and however it is cut, no octet of an entry gives the
 * password away: not the whole of it, not a half, not its base64. */
static void test_no_secret_is_written(void **state)
{
    (void)state;
    static struct written w;
    static uint8_t shown[1u << 20];
    struct pq_rand rand;
    pq_rand_init(&rand, 11);
    for (size_t run = 0; run < 400; run++) {
        uint8_t memory[4096];
        struct pq_buf input;
        static struct recorder r;
        struct secret s = draw_secret(&rand);
        pq_buf_init(&input, memory, sizeof(memory));
        for (size_t i = 0; i < 8; i++)
            put_line(&input, &rand, &s);
        record_begin(&r, pq_slice_of(s.at, s.len));
        record(&r, pq_buf_slice(&input), 1 + pq_rand_below(&rand, 300));
        record_end(&r, &w);
        struct pq_slice got = pq_slice_of(shown, shown_octets(&w, shown, sizeof(shown)));
        size_t part = s.len < 6 ? s.len : s.len / 2 + 2;
        if (shows_raw(got, &s, part) || shows_encoded(got, &s))
            fail_msg("run %zu: the password %.*s in: %.*s", run, (int)s.len, s.at, (int)got.len,
                     got.at);
    }
}

/* Overlapping secrets, and one that is the beginning of another. */
static void test_secrets_that_overlap(void **state)
{
    (void)state;
    static const struct {
        const char *octets, *shown;
    } cases[] = {{"xababax", "x****x"}, {"abab", "****b"}, {"ababab", "****"},
                 {"abacab", "****"},    {"ab", "ab"},      {"aba aba", "**** ****"}};
    struct pq_store s;
    pq_store_init(&s, pq_alloc_default());
    assert_non_null(pq_store_add(&s, PQ_SLICE("1"), PQ_SLICE("aba")));
    assert_non_null(pq_store_add(&s, PQ_SLICE("2"), PQ_SLICE("bacab")));
    assert_non_null(pq_store_add(&s, PQ_SLICE("3"), PQ_SLICE("babab")));
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t memory[PQ_MASK_MAX + 8];
        struct pq_buf shown;
        pq_buf_init(&shown, memory, sizeof(memory));
        pq_mask_answer(guard_slice(pq_slice_text(cases[i].octets)), &s, &shown);
        expect_octets(cases[i].octets, pq_buf_slice(&shown), pq_slice_text(cases[i].shown));
    }
    pq_store_free(&s);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void test_a_file_that_cannot_be_opened(void **state)
{
    (void)state;
    struct pq_why why = {""};
    assert_null(pq_transcript_open("/nonexistent/file", &why));
    assert_string_equal(why.text,
                        "/nonexistent/file: cannot be written: No such file or directory");
    assert_int_equal(pq_transcript_close(NULL), PQ_STATUS_OK);
    pq_transcript_note(NULL, (struct pq_transcript_at){.ms = 0}, "nothing happens");
}

static void test_a_full_disk_is_noticed(void **state)
{
    (void)state;
    struct pq_why why = {""};
    struct pq_transcript *t = pq_transcript_open("/dev/full", &why);
    assert_non_null(t);
    pq_transcript_note(t, (struct pq_transcript_at){.ms = 0}, "lost");
    pq_transcript_note(t, (struct pq_transcript_at){.ms = 0}, "lost too");
    assert_int_equal(pq_transcript_close(t), PQ_STATUS_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_form),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_responses_are_hidden),
        cmocka_unit_test(test_long_entries),
        cmocka_unit_test(test_no_secret_is_written),
        cmocka_unit_test(test_secrets_that_overlap),
        cmocka_unit_test(test_a_file_that_cannot_be_opened),
        cmocka_unit_test(test_a_full_disk_is_noticed),
    };
    return cmocka_run_group_tests_name("transcript", tests, NULL, NULL);
}
