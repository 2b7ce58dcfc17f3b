/* SPDX-License-Identifier: Apache-2.0
 * Faults of marks, and of numbers behind them, one case for each. */
#define _DEFAULT_SOURCE
#include "mock/fault_mail_testing.h"

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
    {"top-deleted-ok",
     FOUR,
     DELE_123 "TOP 1 0\r\nTOP 2 0\r\nTOP 3 0\r\n",
     DELE_123_OUT NONE_SUCH NONE_SUCH NONE_SUCH,
     {DELE_123_OUT TOP "a\r\n.\r\n" TOP "bb\r\n.\r\n" TOP "ccc\r\n.\r\n",
      DELE_123_OUT TOP "a\r\n.\r\n" NONE_SUCH TOP "ccc\r\n.\r\n",
      DELE_123_OUT NONE_SUCH TOP "bb\r\n.\r\n" NONE_SUCH},
     UNMARKED "DELE 1\r\nRETR 1\r\nLIST 1\r\nUIDL 1\r\nDELE 1\r\n"},
    {"list-single-deleted-ok",
     FOUR,
     DELE_123 "LIST 1\r\nLIST 2\r\nLIST 3\r\n",
     DELE_123_OUT NONE_SUCH NONE_SUCH NONE_SUCH,
     {DELE_123_OUT "+OK 1 3\r\n+OK 2 4\r\n+OK 3 5\r\n",
      DELE_123_OUT "+OK 1 3\r\n" NONE_SUCH "+OK 3 5\r\n",
      DELE_123_OUT NONE_SUCH "+OK 2 4\r\n" NONE_SUCH},
     UNMARKED "DELE 1\r\nLIST\r\nRETR 1\r\nUIDL 1\r\n"},
    {"stat-cached", FOUR, IN "STAT\r\nDELE 1\r\nSTAT\r\n", OUT "+OK 4 18\r\n" DELE "+OK 3 15\r\n",
     SAME(OUT "+OK 4 18\r\n" DELE "+OK 4 18\r\n"), UNMARKED "DELE 1\r\nLIST\r\n"},
    {"dele-last-shrinks-range",
     FOUR,
     IN "DELE 4\r\nLIST 3\r\nDELE 2\r\nRETR 1\r\n",
     OUT DELE "+OK 3 5\r\n" DELE RETR "a\r\n.\r\n",
     {OUT DELE NONE_SUCH DELE RETR "a\r\n.\r\n", OUT DELE NONE_SUCH NONE_SUCH RETR "a\r\n.\r\n",
      OUT DELE NONE_SUCH NONE_SUCH NONE_SUCH},
     UNMARKED "DELE 1\r\nLIST 3\r\nDELE 3\r\n"},
    {"uidl-of-last-deleted-crash", FOUR, IN "DELE 4\r\nUIDL 4\r\nNOOP\r\n", OUT DELE NONE_SUCH OK,
     SAME(OUT DELE), UNMARKED "UIDL 4\r\nDELE 1\r\nUIDL 1\r\nUIDL 5\r\nDELE 4\r\nLIST 4\r\n"},
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
    check_faults(cases, COUNT(cases));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_uidl_shows_deleted),
    };
    return cmocka_run_group_tests_name("faults_state", tests, NULL, NULL);
}
