/* SPDX-License-Identifier: Apache-2.0
 * Faults of timing and of limits, one case for each. */
#define _DEFAULT_SOURCE
#include <time.h>

#include "mock/fault_mail_testing.h"

#define TOO_LONG_120                                                                               \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
    "AAAA"                                                                                         \
    "AAAAAAAAAAAAAAAAAAAAAAAA"
#define TOO_LONG_OUT "-ERR the line is longer than 255 octets\r\n"

static const struct fault_case mail = {.mail = FOUR};

static const struct fault_case cases[] = {
    {"user-unknown-err", FOUR, "USER nobody\r\nNOOP\r\n", SEND STATE, SAME(REFUSED STATE),
     UNMARKED},
    {"unknown-user-other-text",
     FOUR,
     "USER nobody\r\nPASS no\r\n",
     SEND REFUSED,
     {SEND "-ERR [AUTH] invalid name or  password\r\n",
      SEND "-ERR [AUTH] invalid name or   password\r\n",
      SEND "-ERR [AUTH] invalid name or    password\r\n"},
     "PASS no\r\nUSER tim\r\nPASS no\r\n" UNMARKED},
    {"terminator-delayed", FOUR, IN "RETR 1\r\n", OUT RETR "a\r\n.\r\n", SAME(OUT RETR "a\r\n"),
     UNMARKED "LIST\r\n"},
    {"user-name-limit-40(octets=3)", FOUR, "USER timothy\r\nPASS tan staaf\r\n", SEND REFUSED,
     SAME(OUT), "USER ti\r\nPASS tan staaf\r\n" UNMARKED},
    {"long-line-no-recovery", FOUR, TOO_LONG_120 TOO_LONG_120 TOO_LONG_120 "\r\nNOOP\r\nQUIT\r\n",
     TOO_LONG_OUT STATE BYE, SAME(TOO_LONG_OUT), TOO_LONG_120 "\r\n" UNMARKED},
    {"message-count-wraps-65536(numbers=3)", FOUR,
     IN "STAT\r\nLIST\r\nLIST 4\r\nDELE 4\r\nSTAT\r\n",
     OUT "+OK 4 18\r\n" LIST "1 3\r\n2 4\r\n3 5\r\n4 6\r\n.\r\n+OK 4 6\r\n" DELE "+OK 3 12\r\n",
     SAME(OUT "+OK 1 18\r\n" LIST "1 3\r\n2 4\r\n0 5\r\n1 6\r\n.\r\n+OK 1 3\r\n" DELE
              "+OK 0 15\r\n"),
     IN "LIST 1\r\nRETR 2\r\nDELE 1\r\nDELE 1\r\n"},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    check_faults(cases, COUNT(cases));
}

/* ---- time ------------------------------------------------------------------------------------ */

#define MINUTE_MS UINT64_C(60000)

/* When a session that was logged in at 1000 ms ends, if it says NOOP every `interval_ms`, up to an
 * hour. */
static uint64_t ends_at(const char *fault, uint64_t seed, uint64_t interval_ms)
{
    struct pq_mock m;
    fault_begin(&m, &mail, fault, seed);
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
    (void)pq_server_take(s, PQ_SLICE(LOGIN), 1000);
    pq_server_sent(s, pq_server_out(s).len, 1000);
    uint64_t now_ms = 1000, next_ms = 1000 + interval_ms;
    while (!pq_server_is_over(s) && now_ms < 60 * MINUTE_MS) {
        now_ms = pq_server_deadline_ms(s) <= next_ms ? pq_server_deadline_ms(s) : next_ms;
        pq_server_on_time(s, now_ms);
        if (now_ms < next_ms)
            continue;
        (void)pq_server_take(s, PQ_SLICE("NOOP\r\n"), now_ms);
        pq_server_sent(s, pq_server_out(s).len, now_ms);
        next_ms += interval_ms;
    }
    pq_server_free(s);
    pq_mock_free(&m);
    return now_ms;
}

static void test_idle_timeout_60s(void **state)
{
    (void)state;
    static const uint64_t limits_ms[FAULT_SEEDS] = {60000, 45000, 30000};
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        uint64_t limit_ms = limits_ms[seed];
        assert_int_equal(ends_at("idle-timeout-60s", seed, 61 * MINUTE_MS), 1000 + limit_ms);
        assert_true(ends_at("idle-timeout-60s", seed, limit_ms - 1) >= 60 * MINUTE_MS);
    }
    assert_int_equal(ends_at(NULL, 0, 61 * MINUTE_MS), 1000 + 10 * MINUTE_MS);
    assert_true(ends_at(NULL, 0, 10 * MINUTE_MS - 1) >= 60 * MINUTE_MS);
}

static void test_idle_timer_not_reset(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        assert_int_equal(ends_at("idle-timer-not-reset", seed, 5 * MINUTE_MS), 10 * MINUTE_MS);
        assert_int_equal(ends_at("idle-timer-not-reset", seed, 9), 10 * MINUTE_MS);
    }
}

/* ---- what takes long ------------------------------------------------------------------------- */

/* Processor time of a session of the server. */
static clock_t time_of(struct pq_mock *m, const char *input)
{
    static struct received r;
    clock_t begin = clock();
    pq_server_free(open_session(m, input, &r));
    return clock() - begin;
}

static void test_unknown_user_faster(void **state)
{
    (void)state;
    struct pq_mock m;
    fault_begin(&m, &mail, "unknown-user-faster", 0);
    clock_t unknown = time_of(&m, "USER nobody\r\nPASS no\r\n");
    assert_true(time_of(&m, "USER tim\r\nPASS no\r\n") > 4 * unknown);
    pq_mock_free(&m);
}

static clock_t time_of_uidl(const char *fault)
{
    struct pq_mock m;
    fault_begin(&m, &mail, fault, 0);
    for (unsigned i = 0; i < 2000; i++)
        add_mail(&m, "tim", PQ_SLICE("x\r\n"));
    clock_t time = time_of(&m, IN "UIDL\r\n");
    pq_mock_free(&m);
    return time;
}

static void test_uidl_quadratic(void **state)
{
    (void)state;
    assert_true(time_of_uidl("uidl-quadratic") > 4 * time_of_uidl(NULL));
}

/* ---- a client that reads slowly -------------------------------------------------------------- */

/* Octets that come of a message of 50000 when each kilobyte is taken after so long. */
static size_t received_slowly(const char *fault, uint64_t pause_ms)
{
    static uint8_t content[50000];
    static struct received r;
    struct pq_mock m;
    uint64_t now_ms = 0;
    memset(content, 'x', sizeof(content));
    fault_begin(&m, &mail, fault, 0);
    add_mail(&m, "tim", pq_slice_of(content, sizeof(content)));
    struct pq_server *s = open_session(&m, IN, &r);
    r.len = 0;
    (void)pq_server_take(s, PQ_SLICE("RETR 5\r\n"), now_ms);
    while (pq_server_out(s).len > 0) {
        struct pq_slice out = pq_slice_first(pq_server_out(s), 1024);
        receive(&r, out);
        now_ms += pause_ms;
        pq_server_sent(s, out.len, now_ms);
    }
    pq_server_free(s);
    pq_mock_free(&m);
    return r.len;
}

static void test_slow_reader_stall(void **state)
{
    (void)state;
    size_t all = sizeof(RETR) - 1 + 50000 + 5;
    assert_int_equal(received_slowly(NULL, 50), all);
    assert_int_equal(received_slowly("slow-reader-stall", 49), all);
    assert_true(received_slowly("slow-reader-stall", 50) < 9000);
}

/* ---- lines without end, connections without number ------------------------------------------- */

static bool outlives_line(const char *fault, size_t octets)
{
    static uint8_t line[1000];
    static struct received r;
    struct pq_mock m;
    memset(line, 'x', sizeof(line));
    fault_begin(&m, &mail, fault, 0);
    struct pq_server *s = open_session(&m, "", &r);
    for (size_t i = 0; i < octets && !pq_server_is_over(s); i += sizeof(line))
        (void)pq_server_take(s, pq_slice_of(line, sizeof(line)), 0);
    bool alive = !pq_server_is_over(s);
    pq_server_free(s);
    pq_mock_free(&m);
    return alive;
}

static void test_long_line_unbounded(void **state)
{
    (void)state;
    assert_true(outlives_line(NULL, 65000));
    assert_false(outlives_line(NULL, 66000));
    assert_true(outlives_line("long-line-unbounded", 1000000));
}

static void expect_third(const char *fault, const char *answers)
{
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &mail, fault, 0);
    struct pq_server *first = open_session(&m, "", &r), *second = open_session(&m, "", &r);
    struct pq_server *third = pq_server_new(&m, PQ_TLS_NONE, 0);
    r.len = 0;
    (void)talk(third, PQ_SLICE("NOOP\r\n"), SIZE_MAX, 0, &r);
    expect_octets("the third", received_slice(&r), pq_slice_text(answers));
    assert_false(pq_server_is_over(third));
    pq_server_free(third);
    pq_server_free(second);
    expect_session(&m, "when there is room again", IN, OUT);
    pq_server_free(first);
    pq_mock_free(&m);
}

static void test_connection_limit_silent(void **state)
{
    (void)state;
    expect_third(NULL, GREETING STATE);
    expect_third("connection-limit-silent(connections=3)", GREETING STATE);
    expect_third("connection-limit-silent(connections=2)", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_idle_timeout_60s),
        cmocka_unit_test(test_idle_timer_not_reset),
        cmocka_unit_test(test_unknown_user_faster),
        cmocka_unit_test(test_uidl_quadratic),
        cmocka_unit_test(test_slow_reader_stall),
        cmocka_unit_test(test_long_line_unbounded),
        cmocka_unit_test(test_connection_limit_silent),
    };
    return cmocka_run_group_tests_name("faults_timing", tests, NULL, NULL);
}
