/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "popquiz/capa.h"
#include "popquiz/command.h"
#include "popquiz/reply.h"

/* ---- commands -------------------------------------------------------------------------------- */

static const struct command_case {
    struct pq_slice line;
    enum pq_verb verb;
    enum pq_flaw flaw;
    enum pq_flaw lenient; /* with every leniency */
} command_cases[] = {
    {PQ_SLICE_INIT("QUIT"), PQ_VERB_QUIT, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("qUiT"), PQ_VERB_QUIT, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("QUITT"), PQ_VERB_UNKNOWN, PQ_FLAW_UNKNOWN_VERB, PQ_FLAW_UNKNOWN_VERB},
    {PQ_SLICE_INIT("QUI"), PQ_VERB_UNKNOWN, PQ_FLAW_UNKNOWN_VERB, PQ_FLAW_UNKNOWN_VERB},
    {PQ_SLICE_INIT(""), PQ_VERB_UNKNOWN, PQ_FLAW_EMPTY, PQ_FLAW_EMPTY},
    {PQ_SLICE_INIT(" "), PQ_VERB_UNKNOWN, PQ_FLAW_BLANKS, PQ_FLAW_BLANKS},
    {PQ_SLICE_INIT(" NOOP"), PQ_VERB_UNKNOWN, PQ_FLAW_BLANKS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("NOOP "), PQ_VERB_NOOP, PQ_FLAW_BLANKS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("NOOP x"), PQ_VERB_NOOP, PQ_FLAW_ARGUMENT_SURPLUS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("NO\001P"), PQ_VERB_UNKNOWN, PQ_FLAW_OCTETS, PQ_FLAW_OCTETS},
    {PQ_SLICE_INIT("NOOP\0"), PQ_VERB_UNKNOWN, PQ_FLAW_OCTETS, PQ_FLAW_OCTETS},
    {PQ_SLICE_INIT("NOOP\n"), PQ_VERB_UNKNOWN, PQ_FLAW_OCTETS, PQ_FLAW_OCTETS},
    {PQ_SLICE_INIT("LIST"), PQ_VERB_LIST, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LIST "), PQ_VERB_LIST, PQ_FLAW_BLANKS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LIST 1"), PQ_VERB_LIST, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LIST  1"), PQ_VERB_LIST, PQ_FLAW_BLANKS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LIST\t1"), PQ_VERB_UNKNOWN, PQ_FLAW_OCTETS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LIST 1 "), PQ_VERB_LIST, PQ_FLAW_BLANKS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LIST 1 2"), PQ_VERB_LIST, PQ_FLAW_ARGUMENT_SURPLUS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LIST 01"), PQ_VERB_LIST, PQ_FLAW_ARGUMENT_NUMBER, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LIST +1"), PQ_VERB_LIST, PQ_FLAW_ARGUMENT_NUMBER, PQ_FLAW_ARGUMENT_NUMBER},
    {PQ_SLICE_INIT("LIST 1x"), PQ_VERB_LIST, PQ_FLAW_ARGUMENT_NUMBER, PQ_FLAW_ARGUMENT_NUMBER},
    {PQ_SLICE_INIT("LIST 99999999999999999999999"), PQ_VERB_LIST, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("RETR"), PQ_VERB_RETR, PQ_FLAW_ARGUMENT_MISSING, PQ_FLAW_ARGUMENT_MISSING},
    {PQ_SLICE_INIT("RETR "), PQ_VERB_RETR, PQ_FLAW_ARGUMENT_MISSING, PQ_FLAW_ARGUMENT_MISSING},
    {PQ_SLICE_INIT("TOP 1"), PQ_VERB_TOP, PQ_FLAW_ARGUMENT_MISSING, PQ_FLAW_ARGUMENT_MISSING},
    {PQ_SLICE_INIT("TOP 1 0"), PQ_VERB_TOP, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("TOP 1 -1"), PQ_VERB_TOP, PQ_FLAW_ARGUMENT_NUMBER, PQ_FLAW_ARGUMENT_NUMBER},
    {PQ_SLICE_INIT("TOP 1 0 0"), PQ_VERB_TOP, PQ_FLAW_ARGUMENT_SURPLUS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("USER"), PQ_VERB_USER, PQ_FLAW_ARGUMENT_MISSING, PQ_FLAW_ARGUMENT_MISSING},
    {PQ_SLICE_INIT("USER a b"), PQ_VERB_USER, PQ_FLAW_ARGUMENT_SURPLUS, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("PASS "), PQ_VERB_PASS, PQ_FLAW_ARGUMENT_MISSING, PQ_FLAW_ARGUMENT_MISSING},
    {PQ_SLICE_INIT("PASS  two  blanks "), PQ_VERB_PASS, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("PASS  "), PQ_VERB_PASS, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("APOP a 0123456789abcdef0123456789abcdef"), PQ_VERB_APOP, PQ_FLAW_NONE,
     PQ_FLAW_NONE},
    {PQ_SLICE_INIT("APOP a 0123456789abcdef0123456789abcde"), PQ_VERB_APOP, PQ_FLAW_ARGUMENT_DIGEST,
     PQ_FLAW_ARGUMENT_DIGEST},
    {PQ_SLICE_INIT("APOP a"), PQ_VERB_APOP, PQ_FLAW_ARGUMENT_MISSING, PQ_FLAW_ARGUMENT_MISSING},
    {PQ_SLICE_INIT("AUTH"), PQ_VERB_AUTH, PQ_FLAW_ARGUMENT_MISSING, PQ_FLAW_ARGUMENT_MISSING},
    {PQ_SLICE_INIT("AUTH PLAIN"), PQ_VERB_AUTH, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("AUTH PLAIN ="), PQ_VERB_AUTH, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("AUTH PL/IN"), PQ_VERB_AUTH, PQ_FLAW_ARGUMENT_MECHANISM,
     PQ_FLAW_ARGUMENT_MECHANISM},
    {PQ_SLICE_INIT("AUTH ABCDEFGHIJKLMNOPQRSTU"), PQ_VERB_AUTH, PQ_FLAW_ARGUMENT_MECHANISM,
     PQ_FLAW_ARGUMENT_MECHANISM},
    {PQ_SLICE_INIT("USER \xC3\xA9"), PQ_VERB_USER, PQ_FLAW_OCTETS, PQ_FLAW_OCTETS},
    {PQ_SLICE_INIT("LANG"), PQ_VERB_LANG, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LANG *"), PQ_VERB_LANG, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LANG es-419"), PQ_VERB_LANG, PQ_FLAW_NONE, PQ_FLAW_NONE},
    {PQ_SLICE_INIT("LANG de-*"), PQ_VERB_LANG, PQ_FLAW_ARGUMENT_RANGE, PQ_FLAW_ARGUMENT_RANGE},
    {PQ_SLICE_INIT("LANG de at"), PQ_VERB_LANG, PQ_FLAW_ARGUMENT_SURPLUS, PQ_FLAW_NONE},
};

#define LENIENT_ALL                                                                                \
    (PQ_LENIENT_LF | PQ_LENIENT_BLANKS | PQ_LENIENT_SURPLUS | PQ_LENIENT_ZEROS |                   \
     PQ_LENIENT_STATUS | PQ_LENIENT_CONTINUE)

static void test_command_flaws(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(command_cases) / sizeof(command_cases[0]); i++) {
        const struct command_case *want = &command_cases[i];
        struct pq_command c;
        pq_command_parse(guard_slice(want->line), 0, false, &c);
        if (c.verb != want->verb || c.flaw != want->flaw)
            fail_msg("case %zu: verb %d flaw %s", i, (int)c.verb, pq_flaw_name(c.flaw));
        pq_command_parse(guard_slice(want->line), LENIENT_ALL, false, &c);
        if (c.flaw != want->lenient)
            fail_msg("case %zu, lenient: flaw %s", i, pq_flaw_name(c.flaw));
    }
}

static void test_command_values(void **state)
{
    (void)state;
    struct pq_command c;
    pq_command_parse(PQ_SLICE("TOP 3 18446744073709551616"), 0, false, &c);
    assert_true(c.message == 3 && c.lines == UINT64_MAX && c.argc == 2);
    pq_command_parse(PQ_SLICE("PASS  two  blanks "), 0, false, &c);
    assert_true(pq_slice_equal(c.args[0], PQ_SLICE(" two  blanks ")));
    pq_command_parse(PQ_SLICE("PASS  two  blanks "), LENIENT_ALL, false, &c);
    assert_true(pq_slice_equal(c.args[0], PQ_SLICE(" two  blanks ")));
    pq_command_parse(PQ_SLICE("LIST 010"), PQ_LENIENT_ZEROS, false, &c);
    assert_true(c.message == 10);
    pq_command_parse(PQ_SLICE("USER \xC3\xA9"), 0, true, &c);
    assert_int_equal(c.flaw, PQ_FLAW_NONE);
    pq_command_parse(PQ_SLICE("USER \xC3"), 0, true, &c);
    assert_int_equal(c.flaw, PQ_FLAW_OCTETS);
    pq_command_parse(PQ_SLICE("LIST \xC3\xA9"), 0, true, &c);
    assert_int_equal(c.flaw, PQ_FLAW_OCTETS);
}

static void test_language_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        bool valid;
    } cases[] = {
        {"*", true},          {"e", true},           {"abcdefgh", true},
        {"abcdefghi", false}, {"de-12345678", true}, {"de-123456789", false},
        {"", false},          {"de-", false},        {"-de", false},
        {"de--at", false},    {"4de", false},        {"de-1996-x", true},
        {"d_e", false},       {"**", false},         {"*-de", false},
        {"\xC3\xA9", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (pq_language_range_is_valid(guard_slice(pq_slice_text(cases[i].range))) !=
            cases[i].valid)
            fail_msg("%s", cases[i].range);
}

static void test_language_ranges_match(void **state)
{
    (void)state;
    static const struct {
        const char *range, *tag;
        bool matches;
    } cases[] = {
        {"*", "de", true},      {"de", "de", true},         {"DE", "de", true},
        {"es", "es-419", true}, {"es-419", "es-419", true}, {"es-419", "es", false},
        {"e", "es", false},     {"es", "est", false},       {"es-4", "es-419", false},
        {"de", "", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (pq_language_range_matches(guard_slice(pq_slice_text(cases[i].range)),
                                      guard_slice(pq_slice_text(cases[i].tag))) != cases[i].matches)
            fail_msg("%s on %s", cases[i].range, cases[i].tag);
}

static void check_written(struct pq_command c, const char *want)
{
    uint8_t memory[64];
    struct pq_buf out;
    pq_buf_init(&out, memory, strlen(want));
    assert_int_equal(pq_command_write(&c, &out), PQ_STATUS_OK);
    assert_true(pq_slice_equal(pq_buf_slice(&out), pq_slice_text(want)));
    pq_buf_init(&out, memory, strlen(want) - 1);
    assert_int_equal(pq_command_write(&c, &out), PQ_STATUS_NO_ROOM);
    assert_int_equal(out.len, 0);
}

static void test_command_writing(void **state)
{
    (void)state;
    check_written(pq_command_bare(PQ_VERB_LIST), "LIST\r\n");
    check_written(pq_command_message(PQ_VERB_LIST, 12), "LIST 12\r\n");
    check_written(pq_command_top(1, 0), "TOP 1 0\r\n");
    check_written(pq_command_text(PQ_VERB_USER, PQ_SLICE("a"), PQ_SLICE("")), "USER a\r\n");
    check_written(pq_command_text(PQ_VERB_AUTH, PQ_SLICE("PLAIN"), PQ_SLICE("=")),
                  "AUTH PLAIN =\r\n");
}

static void test_verb_table(void **state)
{
    (void)state;
    assert_true(pq_verb_is_multi(PQ_VERB_LIST, 0) && !pq_verb_is_multi(PQ_VERB_LIST, 1));
    assert_true(pq_verb_is_multi(PQ_VERB_TOP, 2) && !pq_verb_is_multi(PQ_VERB_STAT, 0));
    assert_int_equal(pq_verb_row(PQ_VERB_TOP)->allowed, 2);
    for (int v = PQ_VERB_UNKNOWN + 1; v < PQ_VERB_COUNT; v++) {
        const struct pq_verb_row *row = pq_verb_row((enum pq_verb)v);
        assert_int_equal(pq_verb_of(row->name), v);
        assert_true(row->name.len >= 3 && row->name.len <= 4 && row->required <= row->allowed);
    }
}

/* ---- replies --------------------------------------------------------------------------------- */

static const struct reply_case {
    struct pq_slice line;
    enum pq_status status;
    enum pq_indicator indicator;
    const char *code, *text;
    unsigned flaws;
} reply_cases[] = {
    {PQ_SLICE_INIT("+OK"), PQ_STATUS_OK, PQ_REPLY_OK, "", "", 0},
    {PQ_SLICE_INIT("+OK "), PQ_STATUS_OK, PQ_REPLY_OK, "", "", 0},
    {PQ_SLICE_INIT("+OK 2 320"), PQ_STATUS_OK, PQ_REPLY_OK, "", "2 320", 0},
    {PQ_SLICE_INIT("-ERR [IN-USE] busy"), PQ_STATUS_OK, PQ_REPLY_ERR, "IN-USE", "[IN-USE] busy", 0},
    {PQ_SLICE_INIT("-ERR [SYS/TEMP]"), PQ_STATUS_OK, PQ_REPLY_ERR, "SYS/TEMP", "[SYS/TEMP]", 0},
    {PQ_SLICE_INIT("-ERR [SYS/]"), PQ_STATUS_OK, PQ_REPLY_ERR, "", "[SYS/]", PQ_REPLY_CODE_OPEN},
    {PQ_SLICE_INIT("-ERR []"), PQ_STATUS_OK, PQ_REPLY_ERR, "", "[]", PQ_REPLY_CODE_OPEN},
    {PQ_SLICE_INIT("-ERR [x"), PQ_STATUS_OK, PQ_REPLY_ERR, "", "[x", PQ_REPLY_CODE_OPEN},
    {PQ_SLICE_INIT("-ERR a [x]"), PQ_STATUS_OK, PQ_REPLY_ERR, "", "a [x]", 0},
    {PQ_SLICE_INIT("+ "), PQ_STATUS_OK, PQ_REPLY_CONTINUE, "", "", 0},
    {PQ_SLICE_INIT("+ abcd"), PQ_STATUS_OK, PQ_REPLY_CONTINUE, "", "abcd", 0},
    {PQ_SLICE_INIT("+"), PQ_STATUS_OK, PQ_REPLY_CONTINUE, "", "", PQ_REPLY_NO_SPACE},
    {PQ_SLICE_INIT("+ok x"), PQ_STATUS_OK, PQ_REPLY_OK, "", "x", PQ_REPLY_STATUS_CASE},
    {PQ_SLICE_INIT("+OK \x1b"), PQ_STATUS_OK, PQ_REPLY_OK, "", "\x1b", PQ_REPLY_OCTETS},
    {PQ_SLICE_INIT("+OK \xe9"), PQ_STATUS_OK, PQ_REPLY_OK, "", "\xe9", PQ_REPLY_8BIT},
    {PQ_SLICE_INIT("+OKAY"), PQ_STATUS_SYNTAX, PQ_REPLY_OK, "", "", 0},
    {PQ_SLICE_INIT("+OK\t1"), PQ_STATUS_SYNTAX, PQ_REPLY_OK, "", "", 0},
    {PQ_SLICE_INIT("-ER"), PQ_STATUS_SYNTAX, PQ_REPLY_OK, "", "", 0},
    {PQ_SLICE_INIT(""), PQ_STATUS_SYNTAX, PQ_REPLY_OK, "", "", 0},
    {PQ_SLICE_INIT("."), PQ_STATUS_SYNTAX, PQ_REPLY_OK, "", "", 0},
    {PQ_SLICE_INIT(" +OK"), PQ_STATUS_SYNTAX, PQ_REPLY_OK, "", "", 0},
};

static void test_reply_parsing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(reply_cases) / sizeof(reply_cases[0]); i++) {
        const struct reply_case *want = &reply_cases[i];
        struct pq_reply r;
        if (pq_reply_parse(guard_slice(want->line), &r) != want->status)
            fail_msg("case %zu: status", i);
        if (want->status != PQ_STATUS_OK)
            continue;
        if (r.indicator != want->indicator || r.flaws != want->flaws ||
            !pq_slice_equal(r.code, pq_slice_text(want->code)) ||
            !pq_slice_equal(r.text, pq_slice_text(want->text)))
            fail_msg("case %zu: value", i);
    }
}

static void test_reply_writing(void **state)
{
    (void)state;
    uint8_t memory[600];
    uint8_t text[600];
    struct pq_buf out;
    memset(text, 'a', sizeof(text));
    pq_buf_init(&out, memory, sizeof(memory));
    assert_int_equal(pq_reply_write(PQ_REPLY_ERR, PQ_SLICE("AUTH"), PQ_SLICE("no"), &out), 0);
    assert_true(pq_slice_equal(pq_buf_slice(&out), PQ_SLICE("-ERR [AUTH] no\r\n")));
    pq_buf_clear(&out);
    assert_int_equal(pq_reply_write(PQ_REPLY_CONTINUE, PQ_SLICE(""), PQ_SLICE(""), &out), 0);
    assert_true(pq_slice_equal(pq_buf_slice(&out), PQ_SLICE("+ \r\n")));
    pq_buf_clear(&out);
    assert_int_equal(pq_reply_write(PQ_REPLY_OK, PQ_SLICE(""), pq_slice_of(text, 600), &out), 0);
    assert_int_equal(out.len, 512);
    assert_int_equal(out.at[510], '\r');
    pq_buf_init(&out, memory, 511);
    assert_int_equal(pq_reply_write(PQ_REPLY_OK, PQ_SLICE(""), pq_slice_of(text, 600), &out),
                     PQ_STATUS_NO_ROOM);
}

static void test_listings(void **state)
{
    (void)state;
    struct pq_listing l;
    struct pq_uid_listing u;
    assert_int_equal(pq_listing_parse(PQ_SLICE("2 320"), &l), PQ_STATUS_OK);
    assert_true(l.first == 2 && l.octets == 320 && l.extra.len == 0);
    assert_int_equal(pq_listing_parse(PQ_SLICE("2 320 x y"), &l), PQ_STATUS_OK);
    assert_true(pq_slice_equal(l.extra, PQ_SLICE(" x y")));
    assert_int_equal(pq_listing_parse(PQ_SLICE("2"), &l), PQ_STATUS_SYNTAX);
    assert_int_equal(pq_listing_parse(PQ_SLICE("2  320"), &l), PQ_STATUS_SYNTAX);
    assert_int_equal(pq_listing_parse(PQ_SLICE("2 0320"), &l), PQ_STATUS_SYNTAX);
    assert_int_equal(pq_uid_listing_parse(PQ_SLICE("1 a~!"), &u), PQ_STATUS_OK);
    assert_true(u.number == 1 && pq_slice_equal(u.uid, PQ_SLICE("a~!")));
    assert_int_equal(pq_uid_listing_parse(PQ_SLICE("1 "), &u), PQ_STATUS_SYNTAX);
    assert_int_equal(pq_uid_listing_parse(PQ_SLICE("1 a b"), &u), PQ_STATUS_SYNTAX);
    uint8_t long_uid[PQ_UID_MAX + 1];
    memset(long_uid, 'u', sizeof(long_uid));
    assert_true(pq_uid_is_valid(pq_slice_of(long_uid, PQ_UID_MAX)));
    assert_false(pq_uid_is_valid(pq_slice_of(long_uid, PQ_UID_MAX + 1)));
}

static void test_timestamps(void **state)
{
    (void)state;
    static const struct {
        const char *text, *timestamp;
    } cases[] = {
        {"POP3 server ready <1896.697170952@dbc.mtview.ca.us>",
         "<1896.697170952@dbc.mtview.ca.us>"},
        {"<a/b+=@[127.0.0.1]> x", "<a/b+=@[127.0.0.1]>"},
        {"x", NULL},
        {"<a@b", NULL},
        {"<ab>", NULL},
        {"<@b>", NULL},
        {"<a@>", NULL},
        {"<a@b@c>", NULL},
        {"<a b@c>", NULL},
        {"<a@b> <c@d>", NULL},
        {"<a..b@c>", NULL},
        {"<a@\xe9>", NULL},
        {"<a@[b]c]>", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pq_slice got;
        bool has = pq_greeting_timestamp(guard_slice(pq_slice_text(cases[i].text)), &got);
        if (has != (cases[i].timestamp != NULL))
            fail_msg("%s", cases[i].text);
        if (has)
            assert_true(pq_slice_equal(got, pq_slice_text(cases[i].timestamp)));
    }
}

static void test_capabilities(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum pq_capability_tag tag;
        bool good;
    } cases[] = {
        {"TOP", PQ_CAPA_TOP, true},
        {"top", PQ_CAPA_TOP, true},
        {"TOP x", PQ_CAPA_TOP, false},
        {"SASL PLAIN CRAM-MD5", PQ_CAPA_SASL, true},
        {"SASL", PQ_CAPA_SASL, false},
        {"SASL PL.AIN", PQ_CAPA_SASL, false},
        {"LOGIN-DELAY 900", PQ_CAPA_LOGIN_DELAY, true},
        {"LOGIN-DELAY 900 USER", PQ_CAPA_LOGIN_DELAY, true},
        {"LOGIN-DELAY 900 x", PQ_CAPA_LOGIN_DELAY, false},
        {"LOGIN-DELAY NEVER", PQ_CAPA_LOGIN_DELAY, false},
        {"EXPIRE NEVER", PQ_CAPA_EXPIRE, true},
        {"EXPIRE 0 USER", PQ_CAPA_EXPIRE, true},
        {"EXPIRENEVER", PQ_CAPA_OTHER, true},
        {"UTF8 USER", PQ_CAPA_UTF8, true},
        {"UTF8 x", PQ_CAPA_UTF8, false},
        {"IMPLEMENTATION a b c", PQ_CAPA_IMPLEMENTATION, true},
        {"X-OWN p1  p2", PQ_CAPA_OTHER, false},
        {"X-OWN ", PQ_CAPA_OTHER, false},
        {"X-OWN p ", PQ_CAPA_OTHER, false},
        {"X.OWN", PQ_CAPA_OTHER, false},
        {"", PQ_CAPA_OTHER, false},
        {"X\t", PQ_CAPA_OTHER, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pq_capability c = {.tag = PQ_CAPA_OTHER};
        struct pq_slice line = guard_slice(pq_slice_text(cases[i].line));
        bool good = pq_capability_parse(line, &c) == PQ_STATUS_OK;
        if (good != cases[i].good || (good && c.tag != cases[i].tag))
            fail_msg("%s", cases[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_flaws),   cmocka_unit_test(test_command_values),
        cmocka_unit_test(test_language_ranges), cmocka_unit_test(test_language_ranges_match),
        cmocka_unit_test(test_command_writing), cmocka_unit_test(test_verb_table),
        cmocka_unit_test(test_reply_parsing),   cmocka_unit_test(test_reply_writing),
        cmocka_unit_test(test_listings),        cmocka_unit_test(test_timestamps),
        cmocka_unit_test(test_capabilities),
    };
    return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
