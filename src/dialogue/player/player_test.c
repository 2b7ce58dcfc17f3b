/* SPDX-License-Identifier: Apache-2.0
 * The judge against scripted wires: each form of a step and each check, with an answer that it
 * takes and with one that it does not. */
#define _DEFAULT_SOURCE
#include "dialogue/player/rows_testing.h"

/* ---- steps ----------------------------------------------------------------------------------- */

static void test_steps(void **state)
{
    static const struct row rows[] = {
        {"a line", "S: +OK\n", S("+OK"), PASS},
        {"another line", "S: +OK\n", S("-ERR"), FAIL("9")},
        {"a line and more", "S: +OK\n", S("+OK x"), FAIL("9")},
        {"case counts", "S: +OK\n", S("+ok"), FAIL("9")},
        {"an empty line", "S:\n", S(""), PASS},
        {"a line in pieces", "S: +OK a\n", "< 1 \"+O\"\n< 1 \"K a\\r\"\n< 1 \"\\n\"\n", PASS},
        {"a capture that agrees", "S: +OK {n:int}\nS: +OK {n}\n", S("+OK 7") S("+OK 7"), PASS},
        {"a capture that differs", "S: +OK {n:int}\nS: +OK {n}\n", S("+OK 7") S("+OK 8"),
         FAIL("10")},
        {"a regular expression", "S~ \\+OK (?<n>\\d+)\n@assert n == \"12\"\n", S("+OK 12"), PASS},
        {"a regular expression on all of the line", "S~ \\+OK\n", S("+OK x"), FAIL("9")},
        {"raw octets", "S! +OK\\r\\na\\n\n", "< 1 \"+OK\\r\\n\"\n< 1 \"a\\n\"\n", PASS},
        {"other raw octets", "S! +OK\\r\\n\n", "< 1 \"+OK\\n\"\n", FAIL("9")},
        {"raw octets and more behind them", "S! +\nS: OK\n", S("+OK"), PASS},
        {"a computed line", "S: {= \"+\" + \"OK\"}\n", S("+OK"), PASS},
        {"a body line is decoded", "S| .x\nS.\n", S("..x") S("."), PASS},
        {"a body line that is not stuffed loses its dot", "S| .x\nS.\n", S(".x") S("."), FAIL("9")},
        {"a body line where the reply ends", "S| x\n", S("."), FAIL("9")},
        {"the terminator", "S.\n", S("."), PASS},
        {"no terminator", "S.\n", S(".."), FAIL("9")},
        {"any lines", "S*\nS.\n", S("a") S("..") S("") S("."), PASS},
        {"no lines at all", "S*\nS.\n", S("."), PASS},
        {"lines within their number, the least", "S* 2..3\nS.\n", S("a") S("b") S("."), PASS},
        {"lines within their number, the most", "S* 2..3\nS.\n", S("a") S("b") S("c") S("."), PASS},
        {"too few lines", "S* 2..3\nS.\n", S("a") S("."), FAIL("9")},
        {"too many lines", "S* 2..3\nS.\n", S("a") S("b") S("c") S("d") S("."), FAIL("10")},
        {"a second connection", "@connect 2\nS2: +OK hi\nC2: X\nS2: a\nS: b\n",
         GREETS("2") S("b") ON("2", "a"), PASS},
        {"an answer on the other connection", "@connect 2\nS2: +OK hi\nS2: a\n",
         GREETS("2") S("a") "timeout 2\n" PROBE ON("2", "+OK") "timeout 2\n",
         "fail test 11 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"no such connection", "S2: +OK\n", "", "error test 9"},
        {"a step to no connection", "C2: NOOP\n", "", "error test 9"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- values ---------------------------------------------------------------------------------- */

static void test_values(void **state)
{
    static const struct row rows[] = {
        {"an assertion", "S: +OK {n:int}\n@assert n + 1 == 8\n", S("+OK 7"), PASS},
        {"an assertion that does not hold", "S: +OK {n:int}\n@assert n == 8\n", S("+OK 7"),
         FAIL("10")},
        {"what overflows fails", "S: +OK {n:int}\n@assert n + n > 0\n",
         S("+OK 9223372036854775807"), FAIL("10")},
        {"what is no base64 fails", "S: + {x}\nC: {= unb64(x)}\n", S("+ !"), FAIL("10")},
        {"a name that nobody bound", "@assert n == 1\n", "", "error test 9"},
        {"values of two kinds", "S: +OK {n:int}\n@assert n + \"a\" == 1\n", S("+OK 7"),
         "error test 10"},
        {"no second user", "C: USER {user2}\n", "", "skip(config) test 9"},
        {"no second user in a line of the server", "S: {= user2}\n", S("x"), "skip(config) test 9"},
        {"if", "S: +OK {n:int}\n@if n == 7\n  @fail \"f\"\n@end\n", S("+OK 7"), FAIL("11")},
        {"if not", "S: +OK {n:int}\n@if n == 7\n  @fail \"f\"\n@end\n", S("+OK 8"), PASS},
        {"else", "S: +OK {n:int}\n@if n == 7\n  @fail \"f\"\n@else\n  S: a\n@end\nS: b\n",
         S("+OK 8") S("a") S("b"), PASS},
        {"else is left out", "S: +OK {n:int}\n@if n == 7\n@else\n  @fail \"f\"\n@end\nS: b\n",
         S("+OK 7") S("b"), PASS},
        {"if in if", "@if 1 == 1\n  @if 2 == 2\n    @fail \"f\"\n  @end\n@end\n", "", FAIL("11")},
        {"a body", "@body x\n@assert x == lines(\"a\", \".b\", \"\", \"c\\nd\")\n",
         S("a") S("..b") S("") S("c\\nd") S("."), PASS},
        {"an empty body", "@body x\n@assert len(x) == 0\n", S("."), PASS},
        {"the last body counts", "@body x\n@body x\n@assert x == lines(\"b\")\n",
         S("a") S(".") S("b") S("."), PASS},
        {"a body without end", "@body x\n", S("a") "eof 1\n", FAIL("9")},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void test_verdicts(void **state)
{
    static const struct row rows[] = {
        {"pass ends the section", "@pass \"p\"\nS: +OK\n", "", "pass test 9 RFC1939-3-002=pass"},
        {"fail", "@fail \"f\"\nS: +OK\n", "", FAIL("9")},
        {"note goes on", "@note \"n\"\nS: +OK\n", S("+OK"), "note test 9 RFC1939-3-002=note"},
        {"warn goes on", "@warn \"w\"\nS: +OK\n", S("+OK"), "warn test 9 RFC1939-3-002=warn"},
        {"a note and a failure", "@note \"n\"\nS: +OK\n", S("-ERR"), FAIL("10")},
        {"a failure keeps what came before",
         "S: +OK\n@req RFC1939-5-001\nS: a\n@req RFC1939-5-002\nS: b\n@req RFC1939-5-003\nS: c\n",
         S("+OK") S("a") S("x"),
         "fail test 13 RFC1939-3-002=pass RFC1939-5-001=pass RFC1939-5-002=fail"},
        {"several requirements", "@req RFC1939-5-001 RFC1939-5-002\nS: +OK\n", S("-ERR"),
         "fail test 10 RFC1939-5-001=fail RFC1939-5-002=fail"},
        {"the worst of a requirement", "@req RFC1939-5-001\n@warn \"w\"\nS: +OK\n@note \"n\"\n",
         S("+OK"), "warn test 10 RFC1939-5-001=warn"},
        {"inconclusive", "@inconclusive \"i\"\nS: +OK\n", "", "inconclusive test 9"},
        {"what is not complete proves nothing",
         "S: +OK\n@req RFC1939-5-001\nS: a\n@req RFC1939-5-002\nS: b\n@inconclusive \"i\"\n",
         S("+OK") S("a") S("b"), "inconclusive test 14 RFC1939-3-002=pass RFC1939-5-001=pass"},
        {"but what failed stays", "S: +OK\n@warn \"w\"\n@inconclusive \"i\"\n", S("+OK"),
         "inconclusive test 11 RFC1939-3-002=warn"},
        {"an empty test", "", "", NOTHING_PASSED},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- alternatives ---------------------------------------------------------------------------- */

#define MATCH                                                                                      \
    "@match\n@case yes pass\n  S: +OK{*?}\n@case odd note\n  S: -ERR odd\n  S: more\n"             \
    "@case no fail \"refused\"\n  S: -ERR{*?}\n@case gone warn\n  @eof\n@end\n"

static void test_match(void **state)
{
    static const struct row rows[] = {
        {"the first case", MATCH "S: a\n", S("+OK x") S("a"),
         "pass test 10 #yes RFC1939-3-002=pass"},
        {"a case with a note", MATCH "S: a\n", S("-ERR odd") S("more") S("a"),
         "note test 12 #odd RFC1939-3-002=note"},
        {"a case whose body fails", MATCH, S("-ERR odd") S("x"),
         "fail test 14 #odd RFC1939-3-002=fail"},
        {"a case that fails", MATCH "S: a\n", S("-ERR x"), "fail test 15 #no RFC1939-3-002=fail"},
        {"the end of the connection", MATCH, "eof 1\n", "warn test 17 #gone RFC1939-3-002=warn"},
        {"a reset", MATCH, "reset 1\n", "warn test 17 #gone RFC1939-3-002=warn"},
        {"half a line and the end", MATCH, "< 1 \"+O\"\neof 1\n", FAIL("9")},
        {"no case", MATCH, S("hello"), FAIL("9")},
        {"the branches of two matches",
         "@match\n@case a pass\n  S: a\n@end\n@match\n@case b pass\n  S: b\n@end\n", S("a") S("b"),
         "pass test 14 #a-b RFC1939-3-002=pass"},
        {"a match in a case",
         "@match\n@case a pass\n  S: a\n  @match\n  @case b warn\n    S: b\n  @end\n@end\n",
         S("a") S("b"), "warn test 13 #a-b RFC1939-3-002=warn"},
        {"a capture in a case", "@match\n@case a pass\n  S: +OK {n:int}\n@end\nS: {n}\n",
         S("+OK 3") S("3"), "pass test 10 #a RFC1939-3-002=pass"},
        {"a case that fails is worse than what follows in it",
         "@match\n@case a fail \"why\"\n  S: a\n  S: b\n@end\n", S("a") S("x"),
         "fail test 10 #a RFC1939-3-002=fail"},
        {"silence",
         "@match timeout=2s\n@case quiet pass\n  @silence 1s\n@case line fail\n  S: a\n@end\n",
         "timeout 1\n", "pass test 10 #quiet RFC1939-3-002=pass"},
        {"no silence", "@match\n@case quiet pass\n  @silence 1s\n@case line fail\n  S: a\n@end\n",
         S("a"), "fail test 12 #line RFC1939-3-002=fail"},
        {"half a line is no silence", "@match\n@case quiet pass\n  @silence 1s\n@end\n",
         "< 1 \"a\"\ntimeout 1\n" PROBE NOOP, "fail test 9 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"the requirements of a match", "@req RFC1939-5-001\n@match\n@case a fail\n  S: a\n@end\n",
         S("a"), "fail test 11 #a RFC1939-5-001=fail"},
        {"a terminator or a line", "@match\n@case end pass\n  S.\n@case line note\n  S| .a\n@end\n",
         S("..a"), "note test 12 #line RFC1939-3-002=note"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- ends, silence, fences ------------------------------------------------------------------- */

static void test_quiet(void **state)
{
    static const struct row rows[] = {
        {"the end", "@eof\n", "eof 1\n", PASS},
        {"a reset is an end", "@eof\n", "reset 1\n", PASS},
        {"TLS that breaks off is an end", "@eof\n", "broken 1\n", PASS},
        {"octets before the end", "@eof\n", S("x"), FAIL("9")},
        {"no end, and the session lives", "@eof\n", "timeout 1\n" PROBE SENT S("+OK"), FAIL("9")},
        {"a late end", "@eof\n", "timeout 1\n" PROBE SENT "eof 1\n", "inconclusive test 9"},
        {"no end, and no answer", "@eof\n", "timeout 1\n" PROBE SENT "timeout 1\n", FAIL("9")},
        {"the end of another connection", "@connect 2\nS2: +OK hi\n@eof 2\nS: a\n",
         GREETS("2") "eof 2\n" S("a"), PASS},
        {"after the end nothing can be said", "@eof\nC: NOOP\n", "eof 1\n", "error test 10"},
        {"silence", "@silence 100ms\nS: a\n", "timeout 1\n" S("a"), PASS},
        {"no silence", "@silence 100ms\n", S("a"), FAIL("9")},
        {"an end is no silence", "@silence 100ms\n", "eof 1\n", FAIL("9")},
        {"a fence before login", "@fence\nS: a\n", SENT S("+OK") S("TOP") S(".") SENT S("a"), PASS},
        {"a fence of a server without CAPA", "@fence\n", SENT S("-ERR"), PASS},
        {"a line before a fence", "@fence\n", S("-ERR x") SENT S("+OK") S("."), FAIL("9")},
        {"a reply too many, seen in the list", "@fence\n", SENT S("+OK a") S("+OK b") S("."),
         FAIL("9")},
        {"a line behind a fence", "@fence\n", SENT S("-ERR") S("x"), FAIL("9")},
        {"a fence without answer", "@fence\n", SENT "timeout 1\n" PROBE SENT NOOP,
         "fail test 9 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"a fence and the end", "@fence\n", SENT "eof 1\n", FAIL("9")},
        {"a fence after login", "C: USER x\nS: +OK\nC: PASS y\nS: +OK\n@fence\n",
         S("+OK") S("+OK") SENT S("+OK noop"), PASS},
        {"NOOP knows no -ERR", "C: USER x\nS: +OK\nC: PASS y\nS: +OK\n@fence\n",
         S("+OK") S("+OK") SENT S("-ERR"), FAIL("13")},
        {"no crash", "@expect no-crash\n", GREETS("0"), PASS},
        {"a crash", "@expect no-crash\n", "connect 0 refused\n", FAIL("9")},
        {"a hang", "@expect no-crash\n", "connect 0 ok\ntimeout 0\n", "inconclusive test 9"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- times ----------------------------------------------------------------------------------- */

static void test_times(void **state)
{
    static const struct row rows[] = {
        {"in time", "@within 2s\nC: X\nS: a\n", SENT S("a") "took 1 2000\n", PASS},
        {"too late", "@within 2s\nC: X\nS: a\n", SENT S("a") "took 1 2001\n", FAIL("11")},
        {"not too early", "@notbefore 2s\nC: X\nS: a\n", SENT S("a") "took 1 2000\n", PASS},
        {"too early", "@notbefore 2s\nC: X\nS: a\n", SENT S("a") "took 1 1999\n", FAIL("11")},
        {"the next answer only", "@within 2s\nC: X\nS: a\nS: b\n",
         SENT S("a") "took 1 1\n" S("b") "took 1 9999\n", PASS},
        {"a time for a match", "@within 2s\n@match\n@case a pass\n  S: a\n@end\n",
         S("a") "took 1 2001\n", FAIL("10")},
        {"a time for an end", "@within 2s\n@eof\n", "eof 1\ntook 1 2001\n", FAIL("10")},
        {"a time for a body", "@within 2s\n@body x\n", S("a") "took 1 2001\n" S("."), FAIL("10")},
        {"a pause", "@wait 60m\nS: a\n", S("a"), PASS},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* How long is waited: as long as the target may take, or longer when the file says so. */
static void test_patience(void **state)
{
    static const struct {
        const char *timeout, *body;
        uint64_t ms;
    } rows[] = {
        {"100ms", "@match\n@case a pass\n  @silence 100ms\n@end\n", 1000},
        {"100ms", "@match\n@case a pass\n  @silence 5s\n@end\n", 5000},
        {"9s", "@match\n@case a pass\n  @silence 5s\n@end\n", 9000},
        {"100ms", "@match timeout=7s\n@case a pass\n  @silence 5s\n@end\n", 7000},
        {"100ms", "@match timeout=3s\n@case a pass\n  @silence 5s\n@end\n", 5000},
        {"100ms", "@silence 70ms\n", 70},
    };
    (void)state;
    static struct played p;
    char dialogue[256];
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)snprintf(dialogue, sizeof(dialogue),
                       "#!dlg 1\nid: x\ntimeout: %s\n---\n[test]\n@connect\n%s", rows[i].timeout,
                       rows[i].body);
        play_text(&p, dialogue, "connect 1 ok\ntimeout 1\n");
        assert_int_equal(p.out.verdict, PQ_VERDICT_PASS);
        assert_int_equal(p.out.ms, rows[i].ms);
        play_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),    cmocka_unit_test(test_values),
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_match),
        cmocka_unit_test(test_quiet),    cmocka_unit_test(test_times),
        cmocka_unit_test(test_patience),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
