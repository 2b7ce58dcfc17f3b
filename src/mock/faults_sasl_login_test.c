/* SPDX-License-Identifier: Apache-2.0
 * Faults of logins, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define IN_OUT "+OK maildrop has 0 messages (0 octets)\r\n"
#define REFUSED_OUT "-ERR [AUTH] invalid name or password\r\n"
#define BARE_OUT "-ERR invalid name or password\r\n"
#define NAME_OUT "+OK send PASS\r\n"
/* MD5 of timestamp and password without its last digit. */
#define DIGEST "9c04f412e57e5a0393cc11522497463"

static const struct fault_case cases[] = {
    {.name = "apop-prefix-compare",
     .trigger = "APOP tim " DIGEST "0\r\n",
     .reference = REFUSED_OUT,
     .seeds = {IN_OUT, IN_OUT, IN_OUT},
     .harmless = "APOP tim 0c04f412e57e5a0393cc115224974631\r\nUSER tim\r\nPASS tan staax\r\n"
                 "APOP tim " DIGEST "1\r\n"},
    {.name = "pass-trims-blanks",
     .trigger = "USER tim\r\nPASS  tan staaf \r\n",
     .reference = NAME_OUT REFUSED_OUT,
     .seeds = {NAME_OUT IN_OUT, NAME_OUT IN_OUT, NAME_OUT IN_OUT},
     .harmless = "USER tim\r\nPASS tanstaaf\r\n" LOGIN},
    {.name = "pass-first-8-chars",
     .trigger = "USER tim\r\nPASS tan staa, or so\r\n",
     .reference = NAME_OUT REFUSED_OUT,
     .seeds = {NAME_OUT IN_OUT, NAME_OUT IN_OUT, NAME_OUT IN_OUT},
     .harmless = "USER tim\r\nPASS tan s\r\nUSER tim\r\nPASS Tan staaf\r\n" LOGIN},
    {.name = "auth-failure-without-code",
     .trigger = "USER tim\r\nPASS x\r\nAUTH PLAIN AHRpbQB4\r\n",
     .reference = NAME_OUT REFUSED_OUT REFUSED_OUT,
     .seeds = {NAME_OUT BARE_OUT BARE_OUT, NAME_OUT BARE_OUT BARE_OUT, NAME_OUT BARE_OUT BARE_OUT},
     .harmless = "PASS x\r\nAUTH X-NO\r\n" LOGIN "RETR 1\r\n"},
    {.name = "user-sql-wildcard",
     .trigger = "USER t_%\r\nPASS tan staaf\r\n",
     .reference = NAME_OUT REFUSED_OUT,
     .seeds = {NAME_OUT IN_OUT, NAME_OUT IN_OUT, NAME_OUT IN_OUT},
     .harmless = "USER tim_\r\nPASS tan staaf\r\nUSER %t\r\nPASS tan staaf\r\n" LOGIN},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_fault(&cases[i]);
}

/* What a second session of the same account is told. */
static void test_a_lock_is_told_as_wrong_credentials(void **state)
{
    (void)state;
    static struct received r;
    static const struct {
        const char *fault, *answer;
    } rows[] = {{NULL, NAME_OUT "-ERR [IN-USE] the maildrop is open in another session\r\n"},
                {"in-use-reported-as-auth",
                 NAME_OUT "-ERR [AUTH] the maildrop is open in another session\r\n"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pq_mock m;
        mock_begin(&m);
        if (rows[i].fault)
            add_fault(&m, rows[i].fault, 0);
        struct pq_server *first = pq_server_new(&m, PQ_TLS_NONE, 0);
        (void)talk(first, PQ_SLICE(LOGIN), SIZE_MAX, 0, &r);
        converse(&m, PQ_SLICE(LOGIN), SIZE_MAX, &r);
        expect_octets("the lock", received_slice(&r), pq_slice_text(rows[i].answer));
        pq_server_free(first);
        pq_mock_free(&m);
    }
}

static bool greets_alike(const char *fault)
{
    static struct received greetings[2];
    struct pq_mock m;
    mock_begin(&m);
    m.config.apop_timestamp = NULL;
    if (fault)
        add_fault(&m, fault, 0);
    for (size_t i = 0; i < 2; i++) {
        struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
        greetings[i].len = 0;
        drain(s, SIZE_MAX, 0, &greetings[i]);
        pq_server_free(s);
    }
    pq_mock_free(&m);
    return pq_slice_equal(received_slice(&greetings[0]), received_slice(&greetings[1]));
}

static void test_a_timestamp_repeats(void **state)
{
    (void)state;
    assert_true(greets_alike("apop-timestamp-repeats"));
    assert_false(greets_alike(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_a_lock_is_told_as_wrong_credentials),
        cmocka_unit_test(test_a_timestamp_repeats),
    };
    return cmocka_run_group_tests_name("faults_sasl_login", tests, NULL, NULL);
}
