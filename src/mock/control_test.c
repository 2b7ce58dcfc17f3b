/* SPDX-License-Identifier: Apache-2.0
 * The control channel: every command, and every line that is none. */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

#include "mock/control.h"

static void begin(struct pq_mock *m)
{
    mock_begin(m);
    add_mail(m, "tim", PQ_SLICE("one\n"));
}

/* The answer to one line, as a C string that lives until the next call. */
static const char *obey(struct pq_mock *m, struct pq_slice line, bool manual,
                        struct pq_control *asked)
{
    *asked = (struct pq_control){.now_ms = 1000, .manual = manual};
    static char text[4096];
    struct pq_bytes answer;
    pq_bytes_init(&answer, pq_alloc_default(), sizeof(text) - 1);
    assert_int_equal(pq_control_obey(m, guard_slice(line), asked, &answer), PQ_STATUS_OK);
    assert_true(answer.len < sizeof(text));
    if (answer.len > 0)
        memcpy(text, answer.at, answer.len);
    text[answer.len] = 0;
    pq_bytes_free(&answer);
    return text;
}

static const struct {
    struct pq_slice line;
    bool manual;
    const char *answer;
    uint64_t advance_ms;
} lines[] = {
    {PQ_SLICE_INIT("{\"advance_ms\":5}"), true, "{\"now_ms\":1005}\n", 5},
    {PQ_SLICE_INIT(" { \"advance_ms\" : 0 } \t\r"), true, "{\"now_ms\":1000}\n", 0},
    {PQ_SLICE_INIT("{\"advance_ms\":1000000000000000}"), true, "{\"now_ms\":1000000000001000}\n",
     UINT64_C(1000000000000000)},
    {PQ_SLICE_INIT("{\"advance_ms\":5}"), false,
     "{\"error\":\"the clock is real: start with --clock MS\"}\n", 0},
#define ADVANCE "{\"error\":\"advance_ms: give a whole number of milliseconds from 0 to 10^15\"}\n"
    {PQ_SLICE_INIT("{\"advance_ms\":1000000000000001}"), true, ADVANCE, 0},
    {PQ_SLICE_INIT("{\"advance_ms\":-1}"), true, ADVANCE, 0},
    {PQ_SLICE_INIT("{\"advance_ms\":1.5}"), true, ADVANCE, 0},
    {PQ_SLICE_INIT("{\"advance_ms\":1e999}"), true, ADVANCE, 0},
    {PQ_SLICE_INIT("{\"advance_ms\":\"5\"}"), true, ADVANCE, 0},
    {PQ_SLICE_INIT("{\"advance_ms\":null}"), true, ADVANCE, 0},
    {PQ_SLICE_INIT("{\"reset\":true}"), false, "{\"ok\":true}\n", 0},
    {PQ_SLICE_INIT("{\"reset\":false}"), false, "{\"error\":\"reset: give true\"}\n", 0},
    {PQ_SLICE_INIT("{\"deliver\":\"tim\",\"base64\":\"dHdvCg==\"}"), false, "{\"ok\":true}\n", 0},
    {PQ_SLICE_INIT("{\"deliver\":\"tim\",\"base64\":\"\"}"), false, "{\"ok\":true}\n", 0},
    {PQ_SLICE_INIT("{\"deliver\":\"tim\"}"), false,
     "{\"error\":\"deliver: give the message as \\\"base64\\\"\"}\n", 0},
    {PQ_SLICE_INIT("{\"deliver\":\"tim\",\"base64\":5}"), false,
     "{\"error\":\"deliver: give the message as \\\"base64\\\"\"}\n", 0},
    {PQ_SLICE_INIT("{\"deliver\":\"tim\",\"base64\":\"!\"}"), false,
     "{\"error\":\"not base64 as RFC 4648 section 4 has it\"}\n", 0},
    {PQ_SLICE_INIT("{\"deliver\":\"nobody\",\"base64\":\"\"}"), false,
     "{\"error\":\"deliver: there is no such account\"}\n", 0},
    {PQ_SLICE_INIT("{\"deliver\":5,\"base64\":\"\"}"), false,
     "{\"error\":\"deliver: there is no such account\"}\n", 0},
    {PQ_SLICE_INIT("{\"peek\":\"nobody\"}"), false,
     "{\"error\":\"peek: there is no such account\"}\n", 0},
    {PQ_SLICE_INIT("{\"quit\":1}"), false, "{\"error\":\"quit: give true\"}\n", 0},
#define NO_OBJECT "{\"error\":\"the line is not a JSON object\"}\n"
    {PQ_SLICE_INIT(""), false, NO_OBJECT, 0},
    {PQ_SLICE_INIT(" "), false, NO_OBJECT, 0},
    {PQ_SLICE_INIT("reset"), false, NO_OBJECT, 0},
    {PQ_SLICE_INIT("[true]"), false, NO_OBJECT, 0},
    {PQ_SLICE_INIT("{\"reset\":true"), false, NO_OBJECT, 0},
    {PQ_SLICE_INIT("{\"reset\":true}}"), false, NO_OBJECT, 0},
    {PQ_SLICE_INIT("{\"reset\":true} x"), false, NO_OBJECT, 0},
    {PQ_SLICE_INIT("{\"reset\":true}\0"), false, NO_OBJECT, 0},
    {PQ_SLICE_INIT("\0{\"reset\":true}"), false, NO_OBJECT, 0},
#define ONE_OF "{\"error\":\"give one of advance_ms, reset, deliver, peek, quit\"}\n"
    {PQ_SLICE_INIT("{}"), false, ONE_OF, 0},
    {PQ_SLICE_INIT("{\"Reset\":true}"), false, ONE_OF, 0},
    {PQ_SLICE_INIT("{\"reset\":true,\"quit\":true}"), false, ONE_OF, 0},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct pq_mock m;
        struct pq_control asked;
        begin(&m);
        assert_string_equal(obey(&m, lines[i].line, lines[i].manual, &asked), lines[i].answer);
        assert_int_equal(asked.advance_ms, lines[i].advance_ms);
        assert_false(asked.quit);
        pq_mock_free(&m);
    }
}

static void test_quit(void **state)
{
    (void)state;
    struct pq_mock m;
    struct pq_control asked;
    begin(&m);
    assert_string_equal(obey(&m, PQ_SLICE("{\"quit\":true}"), false, &asked), "");
    assert_true(asked.quit);
    pq_mock_free(&m);
}

static void test_deliver_peek_reset(void **state)
{
    (void)state;
    struct pq_mock m;
    struct pq_control asked;
    char uid[PQ_STORE_UID_LEN + 1] = "", want[512];
    begin(&m);
    struct pq_account *a = pq_store_find(&m.store, PQ_SLICE("tim"));
    memcpy(uid, a->messages[0]->uid, PQ_STORE_UID_LEN);
    (void)snprintf(want, sizeof(want),
                   "{\"messages\":[{\"base64\":\"b25lDQo=\",\"uid\":\"%s\"}]}\n", uid);
    assert_string_equal(obey(&m, PQ_SLICE("{\"peek\":\"tim\"}"), false, &asked), want);

    struct pq_slice deliver = PQ_SLICE("{\"deliver\":\"tim\",\"base64\":\"dHdvCg==\"}");
    assert_string_equal(obey(&m, deliver, false, &asked), "{\"ok\":true}\n");
    assert_string_equal(obey(&m, deliver, false, &asked), "{\"ok\":true}\n");
    assert_int_equal(a->count, 3);
    expect_octets("delivered", a->messages[1]->content, PQ_SLICE("two\r\n"));
    assert_memory_not_equal(a->messages[1]->uid, a->messages[2]->uid, PQ_STORE_UID_LEN);

    a->messages[0]->gone = a->messages[2]->gone = true;
    memcpy(uid, a->messages[1]->uid, PQ_STORE_UID_LEN);
    (void)snprintf(want, sizeof(want),
                   "{\"messages\":[{\"base64\":\"dHdvDQo=\",\"uid\":\"%s\"}]}\n", uid);
    assert_string_equal(obey(&m, PQ_SLICE("{\"peek\":\"tim\"}"), false, &asked), want);

    assert_string_equal(obey(&m, PQ_SLICE("{\"reset\":true}"), false, &asked), "{\"ok\":true}\n");
    assert_int_equal(a->count, 1);
    assert_false(a->messages[0]->gone);
    a->messages[0]->gone = true;
    assert_string_equal(obey(&m, PQ_SLICE("{\"peek\":\"tim\"}"), false, &asked),
                        "{\"messages\":[]}\n");
    pq_mock_free(&m);
}

/* Deliveries are seen by the next session, and by no session that is open (RFC 1939 section 4). */
static void test_a_delivery_waits_for_the_next_session(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    struct pq_control asked;
    begin(&m);
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
    (void)talk(s, PQ_SLICE(LOGIN), 4096, 0, &r);
    (void)obey(&m, PQ_SLICE("{\"deliver\":\"tim\",\"base64\":\"dHdvCg==\"}"), false, &asked);
    r.len = 0;
    (void)talk(s, PQ_SLICE("STAT\r\nQUIT\r\n"), 4096, 0, &r);
    expect_octets("open", received_slice(&r), PQ_SLICE("+OK 1 5\r\n+OK bye\r\n"));
    pq_server_free(s);
    converse(&m, PQ_SLICE(LOGIN), 4096, &r);
    expect_octets("next", received_slice(&r),
                  PQ_SLICE("+OK send PASS\r\n+OK maildrop has 2 messages (10 octets)\r\n"));
    pq_mock_free(&m);
}

/* An answer that does not fit, and memory that runs out, are told apart from an answer. */
static void test_memory_that_runs_out(void **state)
{
    (void)state;
    static const struct pq_slice commands[] = {
        PQ_SLICE_INIT("{\"deliver\":\"tim\",\"base64\":\"dHdvCg==\"}"),
        PQ_SLICE_INIT("{\"peek\":\"tim\"}")};
    for (size_t i = 0; i < COUNT(commands); i++) {
        bool clean = false;
        for (size_t n = 1; !clean; n++) {
            struct pq_mock m;
            struct pq_control asked = {.manual = false};
            struct pq_bytes answer;
            struct nth_fault f = {.fail_at = n, .lasts = true};
            begin(&m);
            m.alloc = fault_alloc(&f);
            pq_bytes_init(&answer, m.alloc, 4096);
            enum pq_status status = pq_control_obey(&m, commands[i], &asked, &answer);
            clean = f.calls < n;
            bool good = status == PQ_STATUS_OK && answer.len > 3 && answer.at[2] != 'e';
            assert_int_equal(good, clean);
            pq_bytes_free(&answer);
            m.alloc = pq_alloc_default();
            pq_mock_free(&m);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_quit),
        cmocka_unit_test(test_deliver_peek_reset),
        cmocka_unit_test(test_a_delivery_waits_for_the_next_session),
        cmocka_unit_test(test_memory_that_runs_out),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
