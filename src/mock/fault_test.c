/* SPDX-License-Identifier: Apache-2.0
 * The plan of faults: what may be asked for, when a fault acts, and several at once. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

/* ---- the table ------------------------------------------------------------------------------- */

static const struct pq_fault_row *row_of(struct pq_slice name)
{
    size_t count;
    const struct pq_fault_row *rows = pq_fault_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (pq_slice_equal(pq_slice_text(rows[i].name), name))
            return &rows[i];
    return NULL;
}

/* Every row of the committed list, and no other. */
static void test_the_table_is_the_catalogue(void **state)
{
    (void)state;
    size_t count, line_count = 0;
    char line[4096];
    (void)pq_fault_rows(&count);
    FILE *file = fopen(PQ_SOURCE_DIR "/conformance/selftest/faults.tsv", "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file)); /* the header */
    while (fgets(line, sizeof(line), file)) {
        struct pq_slice rest = pq_slice_text(line);
        const struct pq_fault_row *row = row_of(pq_slice_cut(&rest, '\t'));
        bool built = !strstr(line, "\tnot built: ");
        if (built != (row != NULL))
            fail_msg("built or not, against what the list says: %s", line);
        if (!row)
            continue;
        expect_octets(row->name, pq_slice_text(row->category), pq_slice_cut(&rest, '\t'));
        line_count++;
    }
    (void)fclose(file);
    assert_int_equal(line_count, count);
}

static void test_constants_are_in_range(void **state)
{
    (void)state;
    size_t count;
    const struct pq_fault_row *rows = pq_fault_rows(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < PQ_FAULT_CONSTANTS_MAX && rows[i].constants[k].name; k++)
            for (size_t n = 0; n < PQ_FAULT_CHOICES_MAX; n++) {
                const struct pq_fault_constant *c = &rows[i].constants[k];
                assert_true(c->which || (c->choices[n] >= c->least && c->choices[n] <= c->most));
            }
}

/* ---- reading --------------------------------------------------------------------------------- */

static const struct {
    const char *text, *why; /* "": it is fit */
} texts[] = {
    {"retr-no-dot-stuffing", ""},
    {"retr-no-dot-stuffing()", ""},
    {"retr-no-dot-stuffing(messages=all)", ""},
    {"retr-no-dot-stuffing(messages=last)@1", ""},
    {"retr-no-dot-stuffing(messages=4294967295)@3", ""},
    {"retr-truncates-long-line(octets=1,messages=odd)", ""},
    {"retr-no-dot-stuffing@0", "fault retr-no-dot-stuffing: @0: give a count from 1"},
    {"retr-no-dot-stuffing@", "fault retr-no-dot-stuffing: @: give a count from 1"},
    {"retr-no-dot-stuffing@x", "fault retr-no-dot-stuffing: @x: give a count from 1"},
    {"retr-no-dot-stuffing(messages=0)",
     "fault retr-no-dot-stuffing: messages=0: give all, odd, even, last or a number from 1 to "
     "4294967295"},
    {"retr-no-dot-stuffing(messages=4294967296)",
     "fault retr-no-dot-stuffing: messages=4294967296: give all, odd, even, last or a number from "
     "1 to 4294967295"},
    {"retr-no-dot-stuffing(messages",
     "fault retr-no-dot-stuffing(messages: the bracket is not closed"},
    {"retr-no-dot-stuffing(messages)",
     "fault retr-no-dot-stuffing: messages=: give all, odd, even, last or a number from 1 to "
     "4294967295"},
    {"retr-no-dot-stuffing(offset=1)",
     "fault retr-no-dot-stuffing: has no constant \"offset\": see --list-faults"},
    {"stat-total-off-by-one(octets=all)",
     "fault stat-total-off-by-one: octets=all: give a number from 1 to 1000000"},
    {"stat-total-off-by-one(octets=0)",
     "fault stat-total-off-by-one: octets=0: give a number from 1 to 1000000"},
    {"stat-total-off-by-one(octets=1000001)",
     "fault stat-total-off-by-one: octets=1000001: give a number from 1 to 1000000"},
    {"nonsense", "fault \"nonsense\" is unknown: see --list-faults"},
    {"retr-no-dot-stuffin", "fault \"retr-no-dot-stuffin\" is unknown: see --list-faults"},
    {"", "fault \"\" is unknown: see --list-faults"},
};

static void test_texts_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct pq_mock m;
        struct pq_why why = {""};
        mock_begin(&m);
        enum pq_status status = pq_fault_add(&m.plan, &m.behaviour, texts[i].text, 0, &why);
        assert_string_equal(why.text, texts[i].why);
        assert_int_equal(status, texts[i].why[0] ? PQ_STATUS_SYNTAX : PQ_STATUS_OK);
        assert_int_equal(m.plan.count, texts[i].why[0] ? 0 : 1);
        struct pq_behaviour reference = pq_behaviour_reference();
        assert_int_equal(memcmp(&m.behaviour, &reference, sizeof(reference)) == 0,
                         texts[i].why[0] != 0);
        pq_mock_free(&m);
    }
}

static void test_the_number_of_faults_is_limited(void **state)
{
    (void)state;
    static const char *const names[] = {
        "retr-deleted-ok", "dele-twice-ok",  "list-shows-deleted", "uidl-shows-deleted",
        "auth-ir-ignored", "dele-renumbers", "rset-keeps-marks",   "idle-timeout-60s"};
    struct pq_mock m;
    struct pq_why why;
    mock_begin(&m);
    for (size_t i = 0; i < PQ_FAULTS_ACTIVE_MAX; i++)
        add_fault(&m, names[i], i);
    assert_int_equal(pq_fault_add(&m.plan, &m.behaviour, "stls-keeps-user", 0, &why),
                     PQ_STATUS_SYNTAX);
    assert_string_equal(why.text, "more than 8 faults at once");
    assert_int_equal(pq_fault_add(&m.plan, &m.behaviour, "dele-twice-ok@2", 0, &why),
                     PQ_STATUS_SYNTAX);
    assert_string_equal(why.text, "fault dele-twice-ok is given twice");
    assert_int_equal(m.plan.count, PQ_FAULTS_ACTIVE_MAX);
    pq_mock_free(&m);
}

/* The first seeds go through the choices; any other draws one, always the same. */
static void test_seeds_choose(void **state)
{
    (void)state;
    static const uint64_t choices[] = {1, 2, 7};
    bool seen[COUNT(choices)] = {false};
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct pq_mock m, again;
        mock_begin(&m);
        mock_begin(&again);
        add_fault(&m, "stat-total-off-by-one", seed);
        add_fault(&again, "stat-total-off-by-one", seed);
        uint64_t value = m.plan.active[0].values[0];
        assert_int_equal(value, again.plan.active[0].values[0]);
        assert_true(seed >= COUNT(choices) || value == choices[seed]);
        for (size_t i = 0; i < COUNT(choices); i++)
            seen[i] = seen[i] || (seed >= COUNT(choices) && value == choices[i]);
        pq_mock_free(&m);
        pq_mock_free(&again);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

/* ---- acting ---------------------------------------------------------------------------------- */

static const struct fault_case dots = {
    .mail = {MAIL(".a\r\n"), MAIL("z\r\n"), MAIL(".b\r\n"), MAIL(".c\r\n")}};

/* Which of the messages 1, 3 and 4 are sent without stuffing, in the order of RETR 1 3 4 1; a dot
 * stands for one that is stuffed. */
static void expect_unstuffed(const char *fault, const char *want)
{
    uint8_t memory[8];
    struct pq_buf got;
    struct pq_slice answers =
        fault_answers(&dots, fault, 0, LOGIN "RETR 1\r\nRETR 3\r\nRETR 4\r\nRETR 1\r\n", 9);
    pq_buf_init(&got, memory, sizeof(memory));
    for (size_t i = 0; i + 3 < answers.len; i++)
        if (answers.at[i] == '\n' && answers.at[i + 1] == '.' && answers.at[i + 2] != '\r')
            pq_buf_put_octet(&got, answers.at[i + 2]);
    expect_octets(fault ? fault : "the reference", pq_buf_slice(&got), pq_slice_text(want));
}

static void test_which_messages(void **state)
{
    (void)state;
    expect_unstuffed(NULL, "....");
    expect_unstuffed("retr-no-dot-stuffing(messages=all)", "abca");
    expect_unstuffed("retr-no-dot-stuffing(messages=odd)", "a.ca");
    expect_unstuffed("retr-no-dot-stuffing(messages=even)", ".b..");
    expect_unstuffed("retr-no-dot-stuffing(messages=last)", "..c.");
    expect_unstuffed("retr-no-dot-stuffing(messages=2)", ".b..");
    expect_unstuffed("retr-no-dot-stuffing(messages=4)", "....");
}

static void test_which_occasion(void **state)
{
    (void)state;
    expect_unstuffed("retr-no-dot-stuffing(messages=all)@1", "a...");
    expect_unstuffed("retr-no-dot-stuffing(messages=all)@4", "...a");
    expect_unstuffed("retr-no-dot-stuffing(messages=all)@5", "....");
    expect_unstuffed("retr-no-dot-stuffing(messages=odd)@2", "..c.");
}

/* A fault that does not act leaves the occasion to the one that was given before it. */
static void test_faults_at_one_point(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &dots, "retr-no-dot-stuffing(messages=all)", 0);
    add_fault(&m, "retr-extra-blank-line(messages=1)", 0);
    add_fault(&m, "utf8-size-mismatch", 0);
    add_fault(&m, "list-shows-deleted(messages=1)", 0);
    add_fault(&m, "list-duplicate-line", 0);
    converse(&m, PQ_SLICE(LOGIN "RETR 1\r\nRETR 3\r\nDELE 1\r\nDELE 2\r\nLIST\r\n"), 5, &r);
    expect_octets("two faults of bodies, two of lists", received_slice(&r),
                  PQ_SLICE("+OK send PASS\r\n+OK maildrop has 4 messages (15 octets)\r\n"
                           "+OK message follows\r\n..a\r\n\r\n.\r\n"
                           "+OK message follows\r\n.b\r\n.\r\n"
                           "+OK message marked as deleted\r\n+OK message marked as deleted\r\n"
                           "+OK scan listing follows\r\n1 4\r\n3 4\r\n4 4\r\n4 4\r\n.\r\n"));
    pq_mock_free(&m);
}

static void test_a_fault_of_bodies_behind_one_that_has_its_own_hook(void **state)
{
    (void)state;
    static const struct fault_case c = {
        .mail = {MAIL("S: a\r\n\r\n"), MAIL("S: \xC3\xA9\r\n\r\n"), MAIL(".\r\n")}};
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &c, "utf8-size-mismatch(messages=all)", 0);
    add_fault(&m, "retr-no-dot-stuffing(messages=2)", 0);
    add_fault(&m, "retr-extra-blank-line(messages=1)", 0);
    converse(&m, PQ_SLICE(LOGIN "RETR 1\r\nRETR 2\r\nRETR 3\r\n"), 5, &r);
    expect_octets("bodies", received_slice(&r),
                  PQ_SLICE("+OK send PASS\r\n+OK maildrop has 3 messages (20 octets)\r\n"
                           "+OK message follows\r\nS: a\r\n\r\n\r\n.\r\n"
                           "+OK message follows\r\nS: ?\r\n\r\n.\r\n"
                           "+OK message follows\r\n..\r\n.\r\n"));
    pq_mock_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_is_the_catalogue),
        cmocka_unit_test(test_constants_are_in_range),
        cmocka_unit_test(test_texts_are_read),
        cmocka_unit_test(test_the_number_of_faults_is_limited),
        cmocka_unit_test(test_seeds_choose),
        cmocka_unit_test(test_which_messages),
        cmocka_unit_test(test_which_occasion),
        cmocka_unit_test(test_faults_at_one_point),
        cmocka_unit_test(test_a_fault_of_bodies_behind_one_that_has_its_own_hook),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
