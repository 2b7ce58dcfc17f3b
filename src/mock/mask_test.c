/* SPDX-License-Identifier: Apache-2.0
 * No secret is ever written down, whatever a client says and however it is cut. */
#define _DEFAULT_SOURCE
#include "mock/transcript_testing.h"

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
    "AUTH OAUTHBEARER\r\n",
    "AUTH ANONYMOUS\r\n",
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_secret_is_written),
        cmocka_unit_test(test_secrets_that_overlap),
    };
    return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
