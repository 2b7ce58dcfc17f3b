/* SPDX-License-Identifier: Apache-2.0
 * Faults of AUTH, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

/* tim, tan staaf */
#define CREDENTIALS "AHRpbQB0YW4gc3RhYWY="
#define IN_OUT "+OK maildrop has 0 messages (0 octets)\r\n"
#define UNKNOWN_OUT "-ERR the keyword is unknown\r\n"
#define STATE_OUT "-ERR the command is not valid in this state\r\n"
#define CANCEL_OUT "-ERR the exchange was cancelled\r\n"
#define REFUSED_OUT "-ERR [AUTH] invalid name or password\r\n"
#define REPEATED_OUT "+ PDE4OTYuNjk3MTcwOTUyQGg+\r\n" CANCEL_OUT
#define BASE64_OUT "-ERR the response is not base64\r\n"

static const struct fault_case cases[] = {
    {.name = "auth-ir-ignored",
     .trigger = "AUTH PLAIN " CREDENTIALS "\r\n" CREDENTIALS "\r\n",
     .reference = IN_OUT UNKNOWN_OUT,
     .seeds = {"+ \r\n" IN_OUT, "+ \r\n" IN_OUT, "+ \r\n" IN_OUT},
     .harmless = "AUTH CRAM-MD5\r\n*\r\nAUTH PLAIN\r\n" CREDENTIALS "\r\nSTAT\r\n"},
    {.name = "auth-equals-literal",
     .trigger = "AUTH LOGIN =\r\n*\r\n",
     .reference = "-ERR a field is empty or longer than its limit\r\n" UNKNOWN_OUT,
     .seeds = {"+ UGFzc3dvcmQ6\r\n" CANCEL_OUT, "+ UGFzc3dvcmQ6\r\n" CANCEL_OUT,
               "+ UGFzc3dvcmQ6\r\n" CANCEL_OUT},
     .harmless = "AUTH LOGIN dGlt\r\n*\r\nAUTH PLAIN\r\n=\r\nAUTH PLAIN " CREDENTIALS "\r\n"},
    {.name = "auth-cancel-not-recognised",
     .trigger = "AUTH PLAIN\r\n*\r\n" CREDENTIALS "\r\n",
     .reference = "+ \r\n" CANCEL_OUT UNKNOWN_OUT,
     .seeds = {"+ \r\n+ \r\n" IN_OUT, "+ \r\n+ \r\n" IN_OUT, "+ \r\n+ \r\n" IN_OUT},
     .harmless = "*\r\nAUTH PLAIN *\r\nAUTH PLAIN\r\n**\r\nAUTH PLAIN\r\n" CREDENTIALS "\r\n*\r\n"},
    {.name = "auth-lenient-base64",
     .trigger = "AUTH PLAIN A!H.R-pbQB0YW4gc3RhYWY=\r\nAUTH PLAIN A!H_RpbQB0YW4gc3RhYWY=\r\n"
                "AUTH PLAIN AHRpbQB0YW4gc3RhYWY=!\r\n",
     .reference = BASE64_OUT BASE64_OUT BASE64_OUT,
     .seeds = {IN_OUT STATE_OUT STATE_OUT, BASE64_OUT BASE64_OUT IN_OUT,
               BASE64_OUT IN_OUT STATE_OUT},
     .harmless = "AUTH PLAIN =AHR\r\nAUTH PLAIN AHRpbQB0YW4gc3RhYWZ=\r\nAUTH PLAIN\r\n*\r\n"
                 "AUTH PLAIN " CREDENTIALS "\r\n"},
    {.name = "auth-challenge-plain-text",
     .trigger = "AUTH PLAIN\r\n*\r\nAUTH LOGIN\r\n*\r\n",
     .reference = "+ \r\n" CANCEL_OUT "+ VXNlcm5hbWU6\r\n" CANCEL_OUT,
     .seeds = {"+ go ahead\r\n" CANCEL_OUT "+ Username:\r\n" CANCEL_OUT,
               "+ send your response\r\n" CANCEL_OUT "+ Username:\r\n" CANCEL_OUT,
               "+ waiting for a response\r\n" CANCEL_OUT "+ Username:\r\n" CANCEL_OUT},
     .harmless = "AUTH CRAM-MD5 eA==\r\nAUTH PLAIN " CREDENTIALS "\r\n"},
    {.name = "auth-challenge-no-space",
     .trigger = "AUTH PLAIN\r\n*\r\n",
     .reference = "+ \r\n" CANCEL_OUT,
     .seeds = {"+\r\n" CANCEL_OUT, "+\r\n" CANCEL_OUT, "+\r\n" CANCEL_OUT},
     .harmless = "AUTH LOGIN\r\n*\r\nAUTH CRAM-MD5\r\n*\r\nAUTH PLAIN " CREDENTIALS "\r\n"},
    /* tim, tan staaf, x */
    {.name = "auth-plain-extra-nul",
     .trigger = "AUTH PLAIN AHRpbQB0YW4gc3RhYWYAeA==\r\n",
     .reference = "-ERR the fields are not those of the mechanism in their order\r\n",
     .seeds = {IN_OUT, IN_OUT, IN_OUT},
     .harmless = "AUTH PLAIN AA==\r\nAUTH PLAIN\r\n" CREDENTIALS "\r\n"},
    {.name = "auth-unknown-mech-continues",
     .trigger = "AUTH X-NO\r\nAAAA\r\n",
     .reference = "-ERR the mechanism is not offered\r\n" UNKNOWN_OUT,
     .seeds = {"+ \r\n" REFUSED_OUT, "+ \r\n" REFUSED_OUT, "+ \r\n" REFUSED_OUT},
     .harmless = "AUTH\r\nAUTH LOGIN\r\n*\r\nAUTH PLAIN " CREDENTIALS "\r\nAUTH X-NO\r\n"},
    {.name = "auth-after-success",
     .trigger = "AUTH PLAIN " CREDENTIALS "\r\nAUTH PLAIN " CREDENTIALS "\r\n",
     .reference = IN_OUT STATE_OUT,
     .seeds = {IN_OUT IN_OUT, IN_OUT IN_OUT, IN_OUT IN_OUT},
     .harmless = "AUTH PLAIN\r\n*\r\nAUTH PLAIN " CREDENTIALS "\r\nUSER tim\r\nQUIT\r\n"},
    {.name = "auth-cram-challenge-repeats",
     .trigger = "AUTH CRAM-MD5\r\n*\r\n",
     .reference = "+ PGFiY0BoPg==\r\n" CANCEL_OUT,
     .seeds = {REPEATED_OUT, REPEATED_OUT, REPEATED_OUT},
     .harmless = "AUTH LOGIN\r\n*\r\nAUTH SCRAM-SHA-256 biwsbj10aW0scj14\r\n*\r\n"},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_fault(&cases[i]);
}

/* Why a case about "=" needs LOGIN: the other mechanisms refuse "=" and the empty message alike. */
static void test_equals_literal_shows_with_login_only(void **state)
{
    (void)state;
    static const struct fault_case none = {.name = "auth-equals-literal"};
    static const char *const inputs[] = {"AUTH PLAIN =\r\n", "AUTH CRAM-MD5 =\r\n",
                                         "AUTH SCRAM-SHA-256 =\r\n", "AUTH XOAUTH2 =\r\n"};
    for (size_t i = 0; i < COUNT(inputs); i++) {
        struct pq_slice answer = fault_answers(&none, NULL, 0, inputs[i], SIZE_MAX);
        assert_true(pq_slice_starts(answer, PQ_SLICE("-ERR ")));
        answer = fault_answers(&none, none.name, 0, inputs[i], SIZE_MAX);
        assert_true(pq_slice_starts(answer, PQ_SLICE("-ERR ")));
    }
}

static void test_long_responses_are_cut(void **state)
{
    (void)state;
    static const struct fault_case none = {.name = "auth-long-ir-truncated"};
    const char *input = "AUTH PLAIN\r\n" CREDENTIALS "\r\n";
    static const struct {
        const char *fault, *answer;
    } rows[] = {{"auth-long-ir-truncated(octets=19)", "+ \r\n" BASE64_OUT},
                {"auth-long-ir-truncated(octets=16)", "+ \r\n" REFUSED_OUT},
                {"auth-long-ir-truncated(octets=20)", "+ \r\n" IN_OUT},
                {NULL, "+ \r\n" IN_OUT}};
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_octets("cut", fault_answers(&none, rows[i].fault, 0, input, SIZE_MAX),
                      pq_slice_text(rows[i].answer));
}

static bool has(struct pq_slice text, struct pq_slice part)
{
    while (text.len > part.len && !pq_slice_starts(text, part))
        text = pq_slice_after(text, 1);
    return pq_slice_starts(text, part);
}

/* Each seed leaves out another mechanism, which works all the same. */
static void test_a_mechanism_is_not_listed(void **state)
{
    (void)state;
    static const struct fault_case c = {.name = "auth-unlisted-mech-works"};
    static const char *const lists[] = {"\r\nSASL LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2\r\n",
                                        "\r\nSASL PLAIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2\r\n",
                                        "\r\nSASL PLAIN LOGIN SCRAM-SHA-256 XOAUTH2\r\n"};
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        assert_true(
            has(fault_answers(&c, c.name, seed, "CAPA\r\n", SIZE_MAX), pq_slice_text(lists[seed])));
        assert_false(
            has(fault_answers(&c, NULL, seed, "CAPA\r\n", SIZE_MAX), pq_slice_text(lists[seed])));
    }
    expect_octets("unlisted", fault_answers(&c, c.name, 1, "AUTH LOGIN\r\n", SIZE_MAX),
                  PQ_SLICE("+ VXNlcm5hbWU6\r\n"));
}

/* eve's maildrop, tim's password */
static void test_anybody_is_let_in(void **state)
{
    (void)state;
    static struct received r;
    static const char *const answers[] = {REFUSED_OUT, IN_OUT};
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct pq_mock m;
        mock_begin(&m);
        assert_non_null(pq_store_add(&m.store, PQ_SLICE("eve"), PQ_SLICE("other")));
        if (i > 0)
            add_fault(&m, "auth-authzid-unchecked", 0);
        converse(&m, PQ_SLICE("AUTH PLAIN ZXZlAHRpbQB0YW4gc3RhYWY=\r\n"), SIZE_MAX, &r);
        expect_octets("authzid", received_slice(&r), pq_slice_text(answers[i]));
        pq_mock_free(&m);
    }
}

static void test_lenient_base64_survives_lack_of_memory(void **state)
{
    (void)state;
    static struct received r;
    bool ended = false;
    for (size_t n = 2; !ended; n++) { /* the first one is the session */
        struct pq_mock m;
        mock_begin(&m);
        add_fault(&m, "auth-lenient-base64", 0);
        struct nth_fault f = {.fail_at = n, .lasts = true};
        m.alloc = fault_alloc(&f);
        converse(&m, PQ_SLICE("AUTH PLAIN !" CREDENTIALS "\r\n"), SIZE_MAX, &r);
        ended = f.calls < n;
        assert_int_equal(pq_slice_starts(received_slice(&r), PQ_SLICE("+OK")), ended);
        m.alloc = pq_alloc_default();
        pq_mock_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_equals_literal_shows_with_login_only),
        cmocka_unit_test(test_lenient_base64_survives_lack_of_memory),
        cmocka_unit_test(test_long_responses_are_cut),
        cmocka_unit_test(test_a_mechanism_is_not_listed),
        cmocka_unit_test(test_anybody_is_let_in),
    };
    return cmocka_run_group_tests_name("faults_sasl", tests, NULL, NULL);
}
