/* SPDX-License-Identifier: Apache-2.0
 * Recorded sessions as JSON lines: what is read, what is refused, and what the referee makes of it.
 */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "tools/referee_input.h"

struct heard {
    struct pq_referee referee;
    struct referee_input input;
    char rule[64]; /* of the last finding */
    uint64_t conn;
};

static void hear(void *ctx, const struct pq_finding *f)
{
    struct heard *h = ctx;
    (void)snprintf(h->rule, sizeof(h->rule), "%s", f->rule->id);
    h->conn = referee_input_conn(&h->input, f->conn);
}

static void begin(struct heard *h)
{
    memset(h, 0, sizeof(*h));
    pq_referee_init(&h->referee, pq_alloc_default(), hear, h);
    h->input.referee = &h->referee;
}

static bool line(struct heard *h, const char *text)
{
    return referee_input_line(&h->input, guard_slice(pq_slice_text(text)));
}

static void test_both_spellings_of_octets(void **state)
{
    struct heard h;
    (void)state;
    begin(&h);
    assert_true(line(&h, "{\"conn\":7,\"dir\":\"*\",\"octets\":\"connected\"}"));
    assert_true(line(&h, "{\"conn\":7,\"dir\":\"S\",\"octets\":\"+OK \\\"{\\\" \\\\r\\\\n\"}"));
    assert_true(line(&h, "{\"conn\":7,\"dir\":\"C\",\"base64\":\"Tk9PUA0K\",\"ms\":3}"));
    assert_int_equal(h.referee.findings, 0);
    assert_true(line(&h, "{\"conn\":7,\"dir\":\"S\",\"octets\":\"+OK\\\\r\\\\n\"}"));
    assert_string_equal(h.rule, "REF-EARLY-NOOP");
    assert_int_equal(h.conn, 7);
    pq_referee_free(&h.referee);
}

static void test_tls_is_told_by_its_first_entry(void **state)
{
    struct heard h;
    (void)state;
    begin(&h);
    assert_true(line(&h, "{\"conn\":1,\"dir\":\"S\",\"octets\":\"+OK\\\\r\\\\n\"}"));
    assert_true(line(&h, "{\"conn\":1,\"dir\":\"C\",\"octets\":\"STLS\\\\r\\\\n\"}"));
    assert_true(line(&h, "{\"conn\":1,\"dir\":\"S\",\"octets\":\"+OK\\\\r\\\\n\"}"));
    assert_int_equal(h.referee.findings, 0);
    assert_true(
        line(&h, "{\"conn\":1,\"dir\":\"S\",\"octets\":\"+OK hi\\\\r\\\\n\",\"tls\":true}"));
    assert_string_equal(h.rule, "REF-TLS-GREETING");
    pq_referee_free(&h.referee);
}

/* A connection of which octets are missing is judged no further. */
static void test_what_is_left_out(void **state)
{
    struct heard h;
    (void)state;
    begin(&h);
    assert_true(line(&h, "{\"conn\":1,\"dir\":\"S\",\"octets\":\"+OK\",\"left_out\":9}"));
    assert_true(line(&h, "{\"conn\":1,\"dir\":\"S\",\"octets\":\"\\\\r\\\\n+OK\\\\r\\\\n\"}"));
    assert_int_equal(h.referee.findings, 0);
    pq_referee_free(&h.referee);
}

static void test_bad_lines(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "line: is empty, too long, or memory is short"},
        {"[]", "line: is no JSON object"},
        {"{\"dir\":\"C\",\"octets\":\"\"}", "entry: \"conn\" is missing"},
        {"{\"conn\":1,\"dir\":\"X\",\"octets\":\"\"}", "entry: \"dir\" is C, S or *"},
        {"{\"conn\":1,\"dir\":\"C\"}", "entry: needs \"octets\" or \"base64\", and not both"},
        {"{\"conn\":1,\"dir\":\"C\",\"base64\":\"A\"}",
         "entry: \"base64\" holds what cannot be decoded"},
        {"{\"conn\":1,\"dir\":\"C\",\"octets\":\"\\\\q\"}",
         "entry: \"octets\" holds what cannot be decoded"},
    };
    struct heard h;
    (void)state;
    begin(&h);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(line(&h, bad[i].text));
        assert_string_equal(h.input.why, bad[i].why);
    }
    pq_referee_free(&h.referee);
}

static void test_ten_at_once(void **state)
{
    struct heard h;
    char text[80];
    (void)state;
    begin(&h);
    for (unsigned i = 0; i < PQ_REFEREE_CONNS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "{\"conn\":%u,\"dir\":\"S\",\"octets\":\"+OK\"}",
                       i + 90);
        assert_true(line(&h, text));
    }
    assert_false(line(&h, "{\"conn\":1,\"dir\":\"S\",\"octets\":\"\"}"));
    assert_true(line(&h, "{\"conn\":91,\"dir\":\"*\",\"octets\":\"peer: closed\"}"));
    assert_true(line(&h, "{\"conn\":1,\"dir\":\"S\",\"octets\":\"\"}"));
    pq_referee_free(&h.referee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_spellings_of_octets),
        cmocka_unit_test(test_tls_is_told_by_its_first_entry),
        cmocka_unit_test(test_what_is_left_out),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_ten_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
