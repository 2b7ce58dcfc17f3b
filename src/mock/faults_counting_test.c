/* SPDX-License-Identifier: Apache-2.0
 * Faults of counting, limits and internationalisation, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define IN LOGIN
#define OUT(count, octets)                                                                         \
    "+OK send PASS\r\n+OK maildrop has " count " messages (" octets " octets)\r\n"
#define LIST "+OK scan listing follows\r\n"
#define RETR "+OK message follows\r\n"

#define THREE                                                                                      \
    {                                                                                              \
        MAIL("a\r\n"), MAIL("bb\r\n"), MAIL("ccc\r\n")                                             \
    }
#define TWO                                                                                        \
    {                                                                                              \
        MAIL("a\r\n"), MAIL("bb\r\n")                                                              \
    }
/* One, none, two and three lines; the last of them lacks its end. */
#define LINES                                                                                      \
    {                                                                                              \
        MAIL("a\r\n"), MAIL(""), MAIL("b\r\nc\r\n"), MAIL("d\r\n\r\ne")                            \
    }
/* One, no, two and one line that begins with a dot. */
#define DOTS                                                                                       \
    {                                                                                              \
        MAIL(".a\r\n"), MAIL("z.\r\n"), MAIL(".\r\n..\r\n"), MAIL("c\r\n.d")                       \
    }

static const struct fault_case cases[] = {
    {"stat-total-off-by-one",
     THREE,
     IN "STAT\r\nDELE 1\r\nSTAT\r\n",
     OUT("3", "12") "+OK 3 12\r\n+OK message marked as deleted\r\n+OK 2 9\r\n",
     {OUT("3", "12") "+OK 3 15\r\n+OK message marked as deleted\r\n+OK 2 11\r\n",
      OUT("3", "12") "+OK 3 18\r\n+OK message marked as deleted\r\n+OK 2 13\r\n",
      OUT("3", "12") "+OK 3 33\r\n+OK message marked as deleted\r\n+OK 2 23\r\n"},
     IN "LIST\r\nLIST 1\r\nDELE 1\r\nDELE 2\r\nDELE 3\r\nSTAT\r\n"},
    {"list-size-lf-only",
     LINES,
     IN "LIST\r\nLIST 1\r\nLIST 4\r\nSTAT\r\n",
     OUT("4", "17") LIST "1 3\r\n2 0\r\n3 6\r\n4 8\r\n.\r\n+OK 1 3\r\n+OK 4 8\r\n+OK 4 17\r\n",
     {OUT("4", "17") LIST "1 2\r\n2 0\r\n3 4\r\n4 5\r\n.\r\n+OK 1 2\r\n+OK 4 5\r\n+OK 4 11\r\n",
      OUT("4", "17") LIST "1 2\r\n2 0\r\n3 6\r\n4 5\r\n.\r\n+OK 1 2\r\n+OK 4 5\r\n+OK 4 13\r\n",
      OUT("4", "17") LIST "1 3\r\n2 0\r\n3 4\r\n4 8\r\n.\r\n+OK 1 3\r\n+OK 4 8\r\n+OK 4 15\r\n"},
     IN "LIST 2\r\nRETR 1\r\nUIDL\r\n"},
    {"list-size-includes-stuffing",
     DOTS,
     IN "LIST\r\nLIST 1\r\nLIST 3\r\nSTAT\r\n",
     OUT("4", "22") LIST "1 4\r\n2 4\r\n3 7\r\n4 7\r\n.\r\n+OK 1 4\r\n+OK 3 7\r\n+OK 4 22\r\n",
     {OUT("4", "22") LIST "1 5\r\n2 4\r\n3 9\r\n4 8\r\n.\r\n+OK 1 5\r\n+OK 3 9\r\n+OK 4 26\r\n",
      OUT("4", "22") LIST "1 5\r\n2 4\r\n3 7\r\n4 8\r\n.\r\n+OK 1 5\r\n+OK 3 7\r\n+OK 4 24\r\n",
      OUT("4", "22") LIST "1 4\r\n2 4\r\n3 9\r\n4 7\r\n.\r\n+OK 1 4\r\n+OK 3 9\r\n+OK 4 24\r\n"},
     IN "LIST 2\r\nRETR 1\r\nUIDL\r\n"},
    {"list-size-rounded-1024",
     {MAIL("a\r\n"), MAIL("")},
     IN "LIST\r\nLIST 1\r\nSTAT\r\n",
     OUT("2", "3") LIST "1 3\r\n2 0\r\n.\r\n+OK 1 3\r\n+OK 2 3\r\n",
     {OUT("2", "3") LIST "1 1024\r\n2 0\r\n.\r\n+OK 1 1024\r\n+OK 2 1024\r\n",
      OUT("2", "3") LIST "1 512\r\n2 0\r\n.\r\n+OK 1 512\r\n+OK 2 512\r\n",
      OUT("2", "3") LIST "1 4096\r\n2 0\r\n.\r\n+OK 1 4096\r\n+OK 2 4096\r\n"},
     IN "LIST 2\r\nRETR 1\r\nUIDL\r\n"},
    {"list-numbers-from-zero",
     THREE,
     IN "DELE 2\r\nLIST\r\n",
     OUT("3", "12") "+OK message marked as deleted\r\n" LIST "1 3\r\n3 5\r\n.\r\n",
     {OUT("3", "12") "+OK message marked as deleted\r\n" LIST "0 3\r\n2 5\r\n.\r\n",
      OUT("3", "12") "+OK message marked as deleted\r\n" LIST "0 3\r\n2 5\r\n.\r\n",
      OUT("3", "12") "+OK message marked as deleted\r\n" LIST "0 3\r\n2 5\r\n.\r\n"},
     IN "LIST 1\r\nLIST 0\r\nUIDL\r\nUIDL 1\r\nRETR 1\r\nDELE 0\r\n"},
    {"list-duplicate-line",
     THREE,
     IN "DELE 3\r\nLIST\r\n",
     OUT("3", "12") "+OK message marked as deleted\r\n" LIST "1 3\r\n2 4\r\n.\r\n",
     {OUT("3", "12") "+OK message marked as deleted\r\n" LIST "1 3\r\n2 4\r\n2 4\r\n.\r\n",
      OUT("3", "12") "+OK message marked as deleted\r\n" LIST "1 3\r\n2 4\r\n2 4\r\n.\r\n",
      OUT("3", "12") "+OK message marked as deleted\r\n" LIST "1 3\r\n2 4\r\n2 4\r\n.\r\n"},
     IN "LIST\r\nDELE 1\r\nUIDL\r\nLIST 3\r\nDELE 2\r\nLIST\r\nDELE 3\r\nLIST\r\n"},
    {"retr-zero-is-first",
     TWO,
     IN "RETR 0\r\n",
     OUT("2", "7") "-ERR no such message\r\n",
     {OUT("2", "7") RETR "a\r\n.\r\n", OUT("2", "7") RETR "a\r\n.\r\n",
      OUT("2", "7") RETR "a\r\n.\r\n"},
     IN "RETR 1\r\nRETR 3\r\nTOP 0 0\r\nLIST 0\r\nDELE 0\r\nUIDL 0\r\nDELE 1\r\nRETR 0\r\n"},
    {"utf8-accepted-in-transaction",
     {MAIL("S: \xC3\xA9\r\n\r\n")},
     IN "UTF8\r\nRETR 1\r\n",
     OUT("1", "9") "-ERR the command is not valid in this state\r\n"
                   "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n",
     {OUT("1", "9") "+OK UTF-8 mode\r\n" RETR "S: \xC3\xA9\r\n\r\n.\r\n",
      OUT("1", "9") "+OK UTF-8 mode\r\n" RETR "S: \xC3\xA9\r\n\r\n.\r\n",
      OUT("1", "9") "+OK UTF-8 mode\r\n" RETR "S: \xC3\xA9\r\n\r\n.\r\n"},
     "UTF8\r\nUTF8 x\r\n" IN "RETR 1\r\nUTF8 x\r\nLANG\r\nNOOP\r\n"},
    {"utf8-size-mismatch",
     {MAIL("S: \xC3\xA9\r\n\r\n.\r\n"), MAIL("S: z\r\n\r\n\xC3\xA9\r\n"),
      MAIL("\xC3\xA9\xC3\xA9-\xC3\xA9\r\n\r\nx"), MAIL("S: \xE2\x82\xAC\r\n")},
     IN "LIST\r\nRETR 1\r\nTOP 3 0\r\nRETR 4\r\n",
     OUT("4", "46") LIST "1 12\r\n2 12\r\n3 14\r\n4 8\r\n.\r\n"
                         "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"
                         "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"
                         "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n",
     {OUT("4", "46") LIST
      "1 12\r\n2 12\r\n3 14\r\n4 8\r\n.\r\n" RETR
      "S: ?\r\n\r\n..\r\n.\r\n+OK top of message follows\r\n?-?\r\n\r\n.\r\n" RETR "S: ?\r\n.\r\n",
      OUT("4", "46") LIST "1 12\r\n2 12\r\n3 14\r\n4 8\r\n.\r\n" RETR "S: ?\r\n\r\n..\r\n.\r\n"
                          "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n" RETR
                          "S: ?\r\n.\r\n",
      OUT("4", "46") LIST "1 12\r\n2 12\r\n3 14\r\n4 8\r\n.\r\n"
                          "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"
                          "+OK top of message follows\r\n?-?\r\n\r\n.\r\n"
                          "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"},
     "UTF8\r\n" IN "LIST\r\nRETR 1\r\nRETR 2\r\nRETR 3\r\nTOP 3 0\r\nRETR 4\r\n"},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_fault(&cases[i]);
}

/* A list that does not fit the output, read slowly: the behaviour is asked once for each message.
 */
static void test_a_long_list(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    mock_begin(&m);
    for (size_t i = 0; i < 1300; i++)
        add_mail(&m, "tim", PQ_SLICE("a\r\n"));
    add_fault(&m, "list-duplicate-line@1", 0);
    converse(&m, PQ_SLICE(LOGIN "LIST\r\n"), 1, &r);
    struct pq_slice end = PQ_SLICE("\r\n1299 3\r\n1300 3\r\n1300 3\r\n.\r\n");
    assert_true(r.len > end.len);
    expect_octets("the end", pq_slice_after(received_slice(&r), r.len - end.len), end);
    size_t lines = 0;
    for (size_t i = 0; i < r.len; i++)
        lines += r.at[i] == '\n';
    assert_int_equal(lines, 2 + 1 + 1301 + 1);
    pq_mock_free(&m);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* Whether "USER name" of `len` octets, CRLF included, is accepted. */
static bool accepts(const char *fault, uint64_t seed, size_t len)
{
    static const struct fault_case none = {.name = "command-limit-128"};
    char input[300];
    memset(input, 'u', sizeof(input));
    memcpy(input, "USER ", 5);
    memcpy(input + len - 2, "\r\n", 3);
    struct pq_slice answer = fault_answers(&none, fault, seed, input, 50);
    if (pq_slice_starts(answer, PQ_SLICE("+OK send PASS\r\n")))
        return true;
    expect_octets("USER", answer, PQ_SLICE("-ERR the line is longer than 255 octets\r\n"));
    return false;
}

static void test_command_limit_128(void **state)
{
    (void)state;
    static const size_t limits[FAULT_SEEDS] = {128, 100, 192};
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        assert_true(accepts("command-limit-128", seed, limits[seed] - 1));
        assert_true(accepts("command-limit-128", seed, limits[seed]));
        assert_false(accepts("command-limit-128", seed, limits[seed] + 1));
        assert_false(accepts("command-limit-128", seed, 255));
    }
    assert_true(accepts(NULL, 0, 255));
    assert_false(accepts(NULL, 0, 256));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_a_long_list),
        cmocka_unit_test(test_command_limit_128),
    };
    return cmocka_run_group_tests_name("faults_counting", tests, NULL, NULL);
}
