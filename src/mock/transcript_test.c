/* SPDX-License-Identifier: Apache-2.0
 * Transcripts: what they show, and files that cannot be written. */
#define _DEFAULT_SOURCE
#include "mock/transcript_testing.h"

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
        cmocka_unit_test(test_a_file_that_cannot_be_opened),
        cmocka_unit_test(test_a_full_disk_is_noticed),
    };
    return cmocka_run_group_tests_name("transcript", tests, NULL, NULL);
}
