/* SPDX-License-Identifier: Apache-2.0
 * Faults of state and timing, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define IN LOGIN
/* Messages 1 to 4 have 3, 4, 5 and 6 octets, 18 together. */
#define FOUR                                                                                       \
    {                                                                                              \
        MAIL("a\r\n"), MAIL("bb\r\n"), MAIL("ccc\r\n"), MAIL("dddd\r\n")                           \
    }
#define OUT "+OK send PASS\r\n+OK maildrop has 4 messages (18 octets)\r\n"
#define DELE "+OK message marked as deleted\r\n"
#define RETR "+OK message follows\r\n"
#define LIST "+OK scan listing follows\r\n"
#define UIDL "+OK unique-id listing follows\r\n"
#define RSET "+OK no message is marked\r\n"
#define NONE_SUCH "-ERR no such message\r\n"

#define DELE_123 IN "DELE 1\r\nDELE 2\r\nDELE 3\r\n"
#define DELE_123_OUT OUT DELE DELE DELE
/* Everything that asks about marks, while there are none, and about a message without. */
#define UNMARKED                                                                                   \
    IN "LIST\r\nUIDL\r\nSTAT\r\nRETR 1\r\nRSET\r\nDELE 2\r\nRSET\r\nSTAT\r\nRETR 2\r\nRETR 5\r\n"  \
       "DELE 5\r\nLIST 5\r\nTOP 1 0\r\n"

static const struct fault_case cases[] = {
    {"retr-deleted-ok",
     FOUR,
     DELE_123 "RETR 1\r\nRETR 2\r\nRETR 3\r\n",
     DELE_123_OUT NONE_SUCH NONE_SUCH NONE_SUCH,
     {DELE_123_OUT RETR "a\r\n.\r\n" RETR "bb\r\n.\r\n" RETR "ccc\r\n.\r\n",
      DELE_123_OUT RETR "a\r\n.\r\n" NONE_SUCH RETR "ccc\r\n.\r\n",
      DELE_123_OUT NONE_SUCH RETR "bb\r\n.\r\n" NONE_SUCH},
     UNMARKED "DELE 1\r\nTOP 1 0\r\nLIST 1\r\nUIDL 1\r\nDELE 1\r\n"},
    {"dele-twice-ok",
     FOUR,
     DELE_123 "DELE 1\r\nDELE 2\r\nDELE 3\r\nSTAT\r\n",
     DELE_123_OUT NONE_SUCH NONE_SUCH NONE_SUCH "+OK 1 6\r\n",
     {DELE_123_OUT DELE DELE DELE "+OK 1 6\r\n", DELE_123_OUT DELE NONE_SUCH DELE "+OK 1 6\r\n",
      DELE_123_OUT NONE_SUCH DELE NONE_SUCH "+OK 1 6\r\n"},
     UNMARKED "DELE 1\r\nRETR 1\r\nSTAT\r\n"},
    {"list-shows-deleted",
     FOUR,
     DELE_123 "LIST\r\n",
     DELE_123_OUT LIST "4 6\r\n.\r\n",
     {DELE_123_OUT LIST "1 3\r\n2 4\r\n3 5\r\n4 6\r\n.\r\n",
      DELE_123_OUT LIST "1 3\r\n3 5\r\n4 6\r\n.\r\n", DELE_123_OUT LIST "2 4\r\n4 6\r\n.\r\n"},
     UNMARKED "DELE 1\r\nDELE 2\r\nUIDL\r\nLIST 1\r\nSTAT\r\n"},
    {"stat-counts-deleted",
     FOUR,
     DELE_123 "STAT\r\n",
     DELE_123_OUT "+OK 1 6\r\n",
     {DELE_123_OUT "+OK 4 6\r\n", DELE_123_OUT "+OK 2 6\r\n", DELE_123_OUT "+OK 3 6\r\n"},
     UNMARKED "DELE 1\r\nLIST\r\n"},
    {"stat-size-counts-deleted",
     FOUR,
     DELE_123 "STAT\r\n",
     DELE_123_OUT "+OK 1 6\r\n",
     {DELE_123_OUT "+OK 1 18\r\n", DELE_123_OUT "+OK 1 14\r\n", DELE_123_OUT "+OK 1 10\r\n"},
     UNMARKED "DELE 1\r\nLIST\r\n"},
    {"dele-renumbers",
     FOUR,
     IN "DELE 2\r\nRETR 2\r\nLIST\r\nDELE 1\r\nRETR 1\r\nLIST 2\r\n",
     OUT DELE NONE_SUCH LIST "1 3\r\n3 5\r\n4 6\r\n.\r\n" DELE NONE_SUCH NONE_SUCH,
     {OUT DELE RETR "ccc\r\n.\r\n" LIST "1 3\r\n2 5\r\n3 6\r\n.\r\n" DELE RETR
                    "ccc\r\n.\r\n+OK 2 6\r\n",
      OUT DELE NONE_SUCH LIST "1 3\r\n3 5\r\n4 6\r\n.\r\n" DELE NONE_SUCH "+OK 2 5\r\n",
      OUT DELE RETR "ccc\r\n.\r\n" LIST "1 3\r\n2 5\r\n3 6\r\n.\r\n" DELE NONE_SUCH "+OK 2 5\r\n"},
     UNMARKED "DELE 4\r\nDELE 4\r\nRETR 3\r\nLIST\r\n"},
    {"rset-keeps-marks",
     FOUR,
     DELE_123 "RSET\r\nLIST\r\nSTAT\r\n",
     DELE_123_OUT RSET LIST "1 3\r\n2 4\r\n3 5\r\n4 6\r\n.\r\n+OK 4 18\r\n",
     {DELE_123_OUT RSET LIST "4 6\r\n.\r\n+OK 1 6\r\n",
      DELE_123_OUT RSET LIST "2 4\r\n4 6\r\n.\r\n+OK 2 10\r\n",
      DELE_123_OUT RSET LIST "1 3\r\n3 5\r\n4 6\r\n.\r\n+OK 3 14\r\n"},
     IN "RSET\r\nSTAT\r\nDELE 1\r\nDELE 1\r\nSTAT\r\n"},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_fault(&cases[i]);
}

/* ---- UIDL, whose ids are not for a table ----------------------------------------------------- */

/* The numbers of the lines of the last list in `r`. */
static void expect_numbers(struct pq_slice answers, const char *want)
{
    char numbers[32] = "";
    struct pq_slice rest = pq_slice_after(answers, sizeof(DELE_123_OUT UIDL) - 1);
    while (rest.len > 3) {
        struct pq_slice line = pq_slice_cut(&rest, '\n');
        (void)strncat(numbers, (const char *)line.at, pq_slice_index(line, ' '));
        assert_int_equal(line.len, 1 + 1 + PQ_STORE_UID_LEN + 1);
    }
    assert_string_equal(numbers, want);
}

static void test_uidl_shows_deleted(void **state)
{
    (void)state;
    static const char *const numbers[FAULT_SEEDS] = {"1234", "134", "24"};
    static const struct fault_case c = {.name = "uidl-shows-deleted",
                                        .mail = FOUR,
                                        .trigger = DELE_123 "UIDL\r\n",
                                        .harmless = UNMARKED
                                        "DELE 1\r\nDELE 2\r\nLIST\r\nUIDL 1\r\nSTAT\r\n"};
    for (size_t step = 1; step <= strlen(c.trigger); step++) {
        expect_numbers(fault_answers(&c, NULL, 0, c.trigger, step), "4");
        for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++)
            expect_numbers(fault_answers(&c, c.name, seed, c.trigger, step), numbers[seed]);
    }
    check_harmless(&c);
}

/* ---- sessions that end without QUIT ---------------------------------------------------------- */

static const struct fault_case drop = {.name = "dele-applies-on-drop", .mail = FOUR};

static void expect_stat(struct pq_mock *m, const char *answer)
{
    static struct received r;
    converse(m, PQ_SLICE(LOGIN "STAT\r\n"), SIZE_MAX, &r);
    size_t len = strlen(answer);
    assert_true(r.len > len);
    expect_octets("STAT", pq_slice_after(received_slice(&r), r.len - len), pq_slice_text(answer));
}

static void test_dele_applies_on_drop(void **state)
{
    (void)state;
    static struct received r;
    static const char *const stats[] = {"+OK 1 6\r\n", "+OK 2 10\r\n", "+OK 3 14\r\n"};
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        struct pq_mock m;
        fault_begin(&m, &drop, drop.name, seed);
        converse(&m, PQ_SLICE(LOGIN), SIZE_MAX, &r);
        converse(&m, PQ_SLICE(DELE_123 "RSET\r\n"), SIZE_MAX, &r);
        expect_stat(&m, "+OK 4 18\r\n");
        converse(&m, PQ_SLICE(DELE_123), SIZE_MAX, &r);
        expect_stat(&m, stats[seed]);
        pq_mock_free(&m);
    }
}

static void test_without_the_fault_a_drop_removes_nothing(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &drop, NULL, 0);
    converse(&m, PQ_SLICE(DELE_123), SIZE_MAX, &r);
    expect_stat(&m, "+OK 4 18\r\n");
    converse(&m, PQ_SLICE(DELE_123 "QUIT\r\n"), SIZE_MAX, &r);
    expect_stat(&m, "+OK 1 6\r\n");
    pq_mock_free(&m);
}

/* ---- time ------------------------------------------------------------------------------------ */

#define MINUTE_MS UINT64_C(60000)

/* When a session that was logged in at 1000 ms ends, if it says NOOP every `interval_ms`, up to an
 * hour. */
static uint64_t ends_at(const char *fault, uint64_t seed, uint64_t interval_ms)
{
    struct pq_mock m;
    fault_begin(&m, &drop, fault, seed);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_uidl_shows_deleted),
        cmocka_unit_test(test_dele_applies_on_drop),
        cmocka_unit_test(test_without_the_fault_a_drop_removes_nothing),
        cmocka_unit_test(test_idle_timeout_60s),
        cmocka_unit_test(test_idle_timer_not_reset),
    };
    return cmocka_run_group_tests_name("faults_state", tests, NULL, NULL);
}
