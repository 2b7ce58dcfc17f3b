/* SPDX-License-Identifier: Apache-2.0
 * The judge against scripted wires: each form of a step and each directive, with an answer that it
 * takes and with one that it does not. */
#define _DEFAULT_SOURCE
#include "dialogue/player/testing.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Events of a record: a line of the server on connection `n`. */
#define ON(n, text) "< " n " \"" text "\\r\\n\"\n"
#define S(text) ON("1", text)
#define SENT "> 1 \"x\"\n"
#define GREETS(n) "connect " n " ok\n" ON(n, "+OK hi")
#define LOGIN(n) GREETS(n) ON(n, "+OK") ON(n, "+OK")
/* What the barrier sees of a target that is alive, and whose stalled connection answers NOOP. */
#define PROBE GREETS("0")
#define NOOP S("+OK noop") "timeout 1\n"

struct row {
    const char *name;
    const char *body;   /* of [test], from line 9 on; line 3 is `req: RFC1939-1-001` */
    const char *events; /* behind the greeting */
    const char *sum;
};

/* Plays one row; says what is wrong with its outcome. */
static bool play_row(const char *dialogue, const char *events, const struct row *row)
{
    static struct played p;
    static char text[1u << 14];
    play_text(&p, dialogue, events);
    bool good = strcmp(p.sum, row->sum) == 0;
    if (!good) {
        show_transcript(&p.out, text, sizeof(text));
        print_error("%s:\n  got    %s\n  wanted %s\n  why: %s\n  expected: %s\n  actual: %s\n%s",
                    row->name, p.sum, row->sum, p.out.why, p.out.expected, p.out.actual, text);
    }
    play_done(&p);
    return good;
}

/* Runs rows whose body is a whole file, and whose events are all. */
static void check_files(const struct row *rows, size_t count)
{
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += play_row(rows[i].body, rows[i].events, &rows[i]) ? 1 : 0;
    assert_int_equal(good, count);
}

/* Runs rows behind a [given] that has connected and read the greeting. */
static void check_rows(const struct row *rows, size_t count)
{
    static char dialogue[1u << 14], events[1u << 14];
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(dialogue, sizeof(dialogue),
                       "#!dlg 1\nid: x\nreq: RFC1939-1-001\n---\n[given]\n@connect\nS: +OK{*?}\n"
                       "[test]\n%s",
                       rows[i].body);
        (void)snprintf(events, sizeof(events), GREETS("1") "%s", rows[i].events);
        good += play_row(dialogue, events, &rows[i]) ? 1 : 0;
    }
    assert_int_equal(good, count);
}

#define PASS "pass - 0 RFC1939-1-001=pass"
#define NOTHING_PASSED "pass - 0"
#define FAIL(line) "fail test " line " RFC1939-1-001=fail"

/* ---- steps ------------------------------------------------------------------------------------ */

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
         "fail test 11 RFC1939-1-001=fail RFC1939-3-020=fail"},
        {"no such connection", "S2: +OK\n", "", "error test 9"},
        {"a step to no connection", "C2: NOOP\n", "", "error test 9"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- values ----------------------------------------------------------------------------------- */

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

/* ---- verdicts --------------------------------------------------------------------------------- */

static void test_verdicts(void **state)
{
    static const struct row rows[] = {
        {"pass ends the section", "@pass \"p\"\nS: +OK\n", "", "pass test 9 RFC1939-1-001=pass"},
        {"fail", "@fail \"f\"\nS: +OK\n", "", FAIL("9")},
        {"note goes on", "@note \"n\"\nS: +OK\n", S("+OK"), "note test 9 RFC1939-1-001=note"},
        {"warn goes on", "@warn \"w\"\nS: +OK\n", S("+OK"), "warn test 9 RFC1939-1-001=warn"},
        {"a note and a failure", "@note \"n\"\nS: +OK\n", S("-ERR"), FAIL("10")},
        {"a failure keeps what came before",
         "S: +OK\n@req RFC2-1-001\nS: a\n@req RFC3-1-001\nS: b\n@req RFC4-1-001\nS: c\n",
         S("+OK") S("a") S("x"), "fail test 13 RFC1939-1-001=pass RFC2-1-001=pass RFC3-1-001=fail"},
        {"several requirements", "@req RFC2-1-001 RFC3-1-001\nS: +OK\n", S("-ERR"),
         "fail test 10 RFC2-1-001=fail RFC3-1-001=fail"},
        {"the worst of a requirement", "@req RFC2-1-001\n@warn \"w\"\nS: +OK\n@note \"n\"\n",
         S("+OK"), "warn test 10 RFC2-1-001=warn"},
        {"inconclusive", "@inconclusive \"i\"\nS: +OK\n", "", "inconclusive test 9"},
        {"what is not complete proves nothing",
         "S: +OK\n@req RFC2-1-001\nS: a\n@req RFC3-1-001\nS: b\n@inconclusive \"i\"\n",
         S("+OK") S("a") S("b"), "inconclusive test 14 RFC1939-1-001=pass RFC2-1-001=pass"},
        {"but what failed stays", "S: +OK\n@warn \"w\"\n@inconclusive \"i\"\n", S("+OK"),
         "inconclusive test 11 RFC1939-1-001=warn"},
        {"an empty test", "", "", NOTHING_PASSED},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- alternatives ----------------------------------------------------------------------------- */

#define MATCH                                                                                      \
    "@match\n@case yes pass\n  S: +OK{*?}\n@case odd note\n  S: -ERR odd\n  S: more\n"             \
    "@case no fail \"refused\"\n  S: -ERR{*?}\n@case gone warn\n  @eof\n@end\n"

static void test_match(void **state)
{
    static const struct row rows[] = {
        {"the first case", MATCH "S: a\n", S("+OK x") S("a"),
         "pass test 10 #yes RFC1939-1-001=pass"},
        {"a case with a note", MATCH "S: a\n", S("-ERR odd") S("more") S("a"),
         "note test 12 #odd RFC1939-1-001=note"},
        {"a case whose body fails", MATCH, S("-ERR odd") S("x"),
         "fail test 14 #odd RFC1939-1-001=fail"},
        {"a case that fails", MATCH "S: a\n", S("-ERR x"), "fail test 15 #no RFC1939-1-001=fail"},
        {"the end of the connection", MATCH, "eof 1\n", "warn test 17 #gone RFC1939-1-001=warn"},
        {"a reset", MATCH, "reset 1\n", "warn test 17 #gone RFC1939-1-001=warn"},
        {"half a line and the end", MATCH, "< 1 \"+O\"\neof 1\n", FAIL("9")},
        {"no case", MATCH, S("hello"), FAIL("9")},
        {"the branches of two matches",
         "@match\n@case a pass\n  S: a\n@end\n@match\n@case b pass\n  S: b\n@end\n", S("a") S("b"),
         "pass test 14 #a-b RFC1939-1-001=pass"},
        {"a match in a case",
         "@match\n@case a pass\n  S: a\n  @match\n  @case b warn\n    S: b\n  @end\n@end\n",
         S("a") S("b"), "warn test 13 #a-b RFC1939-1-001=warn"},
        {"a capture in a case", "@match\n@case a pass\n  S: +OK {n:int}\n@end\nS: {n}\n",
         S("+OK 3") S("3"), "pass test 10 #a RFC1939-1-001=pass"},
        {"a case that fails is worse than what follows in it",
         "@match\n@case a fail \"why\"\n  S: a\n  S: b\n@end\n", S("a") S("x"),
         "fail test 10 #a RFC1939-1-001=fail"},
        {"silence",
         "@match timeout=2s\n@case quiet pass\n  @silence 1s\n@case line fail\n  S: a\n@end\n",
         "timeout 1\n", "pass test 10 #quiet RFC1939-1-001=pass"},
        {"no silence", "@match\n@case quiet pass\n  @silence 1s\n@case line fail\n  S: a\n@end\n",
         S("a"), "fail test 12 #line RFC1939-1-001=fail"},
        {"half a line is no silence", "@match\n@case quiet pass\n  @silence 1s\n@end\n",
         "< 1 \"a\"\ntimeout 1\n" PROBE NOOP, "fail test 9 RFC1939-1-001=fail RFC1939-3-020=fail"},
        {"the requirements of a match", "@req RFC2-1-001\n@match\n@case a fail\n  S: a\n@end\n",
         S("a"), "fail test 11 #a RFC2-1-001=fail"},
        {"a terminator or a line", "@match\n@case end pass\n  S.\n@case line note\n  S| .a\n@end\n",
         S("..a"), "note test 12 #line RFC1939-1-001=note"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- ends, silence, fences -------------------------------------------------------------------- */

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
         "fail test 9 RFC1939-1-001=fail RFC1939-3-020=fail"},
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

/* ---- times ------------------------------------------------------------------------------------ */

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

/* ---- connections and TLS ---------------------------------------------------------------------- */

static void test_connections(void **state)
{
    static const struct row rows[] = {
        {"close and connect again", "@close\n@connect\nS: +OK b\n", "connect 1 ok\n" S("+OK b"),
         PASS},
        {"drop", "@drop\n@connect\nS: +OK b\n", "connect 1 ok\n" S("+OK b"), PASS},
        {"what a closed connection still said is forgotten", "@close\n@connect\nS: +OK b\n",
         S("old") "connect 1 ok\n" S("+OK b"), PASS},
        {"half close", "@halfclose\nS: a\n@eof\n", S("a") "eof 1\n", PASS},
        {"close what is not open", "@close\n@close\n", "", "error test 10"},
        {"refused", "@connect 2\n", "connect 2 refused\n", "inconclusive test 9"},
        {"no connection in time", "@connect 2\n", "connect 2 timeout\n", "inconclusive test 9"},
        {"TLS", "@tls\nS: a\n", "tls 1 ok\n" S("a"), PASS},
        {"no TLS", "@tls\n", "tls 1 alert\n", FAIL("9")},
        {"TLS as a value", "@tls -> r\n@assert r == \"plain\"\nS: a\n", "tls 1 plain\n" S("a"),
         PASS},
        {"a certificate that is not trusted", "@tls -> r\n", "tls 1 refused\n",
         "inconclusive test 9"},
        {"a certificate that has to be good", "@tls -> r verify=yes\n@assert r == \"ok\"\n",
         "tls 1 refused\n", FAIL("10")},
        {"TLS twice", "@tls\n@tls\n", "tls 1 ok\n", "error test 10"},
        {"a certificate that nobody knows", "@tls cert=mine\n", "tls 1 ok\n", "error test 9"},
        {"what came before TLS is forgotten", "@tls\nS: a\n", S("b") "tls 1 ok\n" S("a"), PASS},
        {"TLS first", "@connect 2 tls\nS2: +OK hi\n", "connect 2 ok\ntls 2 ok\n" ON("2", "+OK hi"),
         PASS},
        {"no TLS first", "@connect 2 tls\n", "connect 2 ok\ntls 2 eof\n", "inconclusive test 9"},
        {"the network fails", "S: a\n", "failed 1\n", "inconclusive test 9"},
        {"TLS breaks off", "S: a\n", "broken 1\n", FAIL("9")},
        {"the record is spent", "S: a\n", "", "error test 9"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- missing answers -------------------------------------------------------------------------- */

static void test_barrier(void **state)
{
    static const struct row rows[] = {
        {"NOOP is answered", "S: a\n", "timeout 1\n" PROBE SENT NOOP,
         "fail test 9 RFC1939-1-001=fail RFC1939-3-020=fail"},
        {"mute, and others are greeted", "S: a\n", "timeout 1\n" PROBE SENT "timeout 1\n",
         "fail test 9 RFC1939-1-001=fail RFC1939-3-020=fail"},
        {"NOOP is answered, and others are not greeted", "S: a\n",
         "timeout 1\nconnect 0 ok\ntimeout 0\n" SENT NOOP,
         "fail test 9 RFC1939-1-001=fail RFC1939-3-020=fail"},
        {"nobody is answered", "S: a\n", "timeout 1\nconnect 0 ok\ntimeout 0\n" SENT "timeout 1\n",
         "inconclusive test 9"},
        {"the target is gone", "S: a\n", "timeout 1\nconnect 0 refused\n" SENT "timeout 1\n",
         "inconclusive test 9"},
        {"the answer is late", "S: a\n", "timeout 1\n" PROBE SENT S("a") S("+OK noop"),
         "inconclusive test 9"},
        {"an answer without CRLF", "S: a\n",
         "< 1 \"a\\n\"\ntimeout 1\n" PROBE SENT "< 1 \"+OK\\n\"\ntimeout 1\n",
         "fail test 9 RFC1939-1-001=fail RFC1939-3-020=fail"},
        {"a terminator that is missing", "S*\nS.\n", S("a") "timeout 1\n" PROBE SENT S("+OK noop"),
         "fail test 9 RFC1939-1-001=fail RFC1939-3-020=fail"},
        {"a terminator that is late", "S*\nS.\n",
         S("a") "timeout 1\n" PROBE SENT S("b") S(".") S("+OK noop"), "inconclusive test 9"},
        {"inside of an exchange there is no NOOP", "C: AUTH PLAIN\nS: +{*?}\n", "timeout 1\n" PROBE,
         "fail test 10 RFC1939-1-001=fail RFC1939-3-020=fail"},
        {"behind a half close there is no NOOP", "@halfclose\nS: a\n", "timeout 1\n" PROBE S("a"),
         "inconclusive test 10"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_barrier_tells(void **state)
{
    static const struct {
        const char *events;
        enum pq_probe probe;
        enum pq_noop noop;
        bool hang, peer_gone;
    } rows[] = {
        {PROBE SENT NOOP, PQ_PROBE_GREETS, PQ_NOOP_ANSWERED, false, false},
        {PROBE SENT "timeout 1\n", PQ_PROBE_GREETS, PQ_NOOP_MUTE, false, false},
        {"connect 0 ok\ntimeout 0\n" SENT "timeout 1\n", PQ_PROBE_SILENT, PQ_NOOP_MUTE, true,
         false},
        {"connect 0 refused\n" SENT "timeout 1\n", PQ_PROBE_REFUSED, PQ_NOOP_MUTE, false, true},
        {"connect 0 ok\neof 0\n" SENT "timeout 1\n", PQ_PROBE_REFUSED, PQ_NOOP_MUTE, false, false},
    };
    (void)state;
    static struct played p;
    static char events[4096];
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)snprintf(events, sizeof(events), GREETS("1") "timeout 1\n%s", rows[i].events);
        play_text(&p, "#!dlg 1\nid: x\n---\n[test]\n@connect\nS: +OK{*?}\nS: a\n", events);
        assert_int_equal(p.out.probe, rows[i].probe);
        assert_int_equal(p.out.noop, rows[i].noop);
        assert_int_equal(p.out.hang, rows[i].hang);
        assert_int_equal(p.out.peer_gone, rows[i].peer_gone);
        play_done(&p);
    }
}

/* ---- whole files ------------------------------------------------------------------------------ */

#define HEAD(state) "#!dlg 1\nid: x\nreq: RFC2-1-001\nstate: " state "\n"

static void test_sections(void **state)
{
    static const struct row rows[] = {
        {"a failure in [given]",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[given]\n@connect\nS: +OK\n[test]\nC: X\nS: a\n",
         "connect 1 ok\n" S("-ERR"), "inconclusive given 7"},
        {"a failing case in [given]",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[given]\n@connect\n@match\n@case no fail\n  S: "
         "-ERR\n@end\n[test]\nS: a\n",
         "connect 1 ok\n" S("-ERR"), "inconclusive given 8 #no"},
        {"[given] proves nothing",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[given]\n@connect\nS: +OK\n[test]\nC: X\n",
         "connect 1 ok\n" S("+OK"), "pass - 0"},
        {"[after] runs after a failure, on new connections",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[test]\n@connect\nS: a\n[after]\n@connect\n@req "
         "RFC3-1-001\nS: b\n",
         "connect 1 ok\n" S("x") "connect 1 ok\n" S("b"),
         "fail test 7 RFC2-1-001=fail RFC3-1-001=pass"},
        {"[after] has verdicts of its own",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[test]\n@connect\nS: a\n[after]\n@connect\n@req "
         "RFC3-1-001\nS: b\n",
         "connect 1 ok\n" S("a") "connect 1 ok\n" S("x"),
         "fail after 11 RFC2-1-001=pass RFC3-1-001=fail"},
        {"the worst of both",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[test]\n@connect\n@warn "
         "\"w\"\n[after]\n@connect\n@note \"n\"\n",
         "connect 1 ok\nconnect 1 ok\n", "warn test 7 RFC2-1-001=warn"},
        {"[after] judges nothing when [given] failed",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[given]\n@connect\nS: a\n[test]\nC: "
         "X\n[after]\n@connect\nS: b\n",
         "connect 1 ok\n" S("x") "connect 1 ok\n" S("y"), "inconclusive given 7"},
        {"[after] needs a name that [test] did not reach",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[test]\n@connect\nS: a\nS: "
         "{n:int}\n[after]\n@connect\n@assert n == 1\n",
         "connect 1 ok\n" S("x") "connect 1 ok\n", "fail test 7 RFC2-1-001=fail"},
        {"without [test] at its end a name is no error",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[test]\n@connect\n@pass "
         "\"p\"\n[after]\n@connect\n@assert n == 1\n",
         "connect 1 ok\nconnect 1 ok\n", "inconclusive after 10"},
        {"no [after] when the target is gone",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[test]\n@connect\nS: a\n[after]\n@connect\nS: b\n",
         "connect 1 refused\n", "inconclusive test 6"},
        {"names outlive a section",
         "#!dlg 1\nid: x\nreq: RFC2-1-001\n---\n[test]\n@connect\nS: "
         "{n:int}\n[after]\n@connect\nS: {n}\n",
         "connect 1 ok\n" S("5") "connect 1 ok\n" S("6"), "fail after 10 RFC2-1-001=fail"},
        {"not for this role", "#!dlg 1\nid: x\nroles: server\n---\n[test]\nS: a\n", "",
         "error - 0"},
        {"a directive of the other role",
         "#!dlg 1\nid: x\nroles: client server\n---\n[test]\n@connect\n@capa : UIDL\nS: a\n",
         "connect 1 ok\n", "error test 7"},
    };
    (void)state;
    check_files(rows, COUNT(rows));
}

static void test_states(void **state)
{
    static const struct row rows[] = {
        {"connected", HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\n", GREETS("1"),
         "pass - 0 RFC2-1-001=pass"},
        {"authorization", HEAD("authorization") "---\n[test]\nS: a\n", GREETS("1") S("a"),
         "pass - 0 RFC2-1-001=pass"},
        {"authorization, and no greeting", HEAD("authorization") "---\n[test]\nS: a\n",
         "connect 1 ok\n" S("-ERR"), "inconclusive given 0"},
        {"authorization, and no target", HEAD("authorization") "---\n[test]\nS: a\n",
         "connect 1 refused\n", "inconclusive given 0"},
        {"transaction", HEAD("transaction") "---\n[test]\n@fence\nS: a\n",
         LOGIN("1") SENT S("+OK") SENT S("a"), "pass - 0 RFC2-1-001=pass"},
        {"transaction, and no login", HEAD("transaction") "---\n[test]\nS: a\n",
         GREETS("1") S("+OK") S("-ERR"), "inconclusive given 0"},
        {"tls by STLS", HEAD("tls") "---\n[test]\nS: a\n",
         GREETS("1") S("+OK go") "tls 1 ok\n" S("a"), "pass - 0 RFC2-1-001=pass"},
        {"tls, and STLS is refused", HEAD("tls") "---\n[test]\nS: a\n", GREETS("1") S("-ERR"),
         "inconclusive given 0"},
        {"tls on its port", HEAD("tls") "---\n[test]\nS: a\n",
         "vars: tls=implicit\nconnect 1 ok\ntls 1 ok\n" S("+OK hi") S("a"),
         "pass - 0 RFC2-1-001=pass"},
        {"a target by STLS", HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\nS: a\n",
         "vars: tls=stls\n" GREETS("1") S("+OK go") "tls 1 ok\n" S("a"),
         "pass - 0 RFC2-1-001=pass"},
        {"a target by STLS that does not greet",
         HEAD("connected") "---\n[test]\n@connect\nS: -ERR\n",
         "vars: tls=stls\nconnect 1 ok\n" S("-ERR"), "pass - 0 RFC2-1-001=pass"},
        {"a target by STLS that refuses it", HEAD("connected") "---\n[test]\n@connect\nS: +OK\n",
         "vars: tls=stls\n" GREETS("1") S("-ERR"), "inconclusive test 7"},
        {"a login by STLS", HEAD("transaction") "---\n[test]\nS: a\n",
         "vars: tls=stls\n" GREETS("1") S("+OK go") "tls 1 ok\n" S("+OK") S("+OK") S("a"),
         "pass - 0 RFC2-1-001=pass"},
        {"a file with @tls is not brought into TLS",
         HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\nC: STLS\nS: +OK go\n@tls\nS: a\n",
         "vars: tls=stls\n" GREETS("1") S("+OK go") "tls 1 ok\n" S("a"),
         "pass - 0 RFC2-1-001=pass"},
        {"but its logins are",
         HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\n@tls\n[after]\n@login\nS: a\n",
         "vars: tls=stls\n" GREETS("1") "tls 1 ok\n" GREETS("1") S("+OK go") "tls 1 ok\n" S("+OK")
             S("+OK") S("a"),
         "pass - 0 RFC2-1-001=pass"},
        {"a file with @tls and a target that only has TLS",
         HEAD("connected") "---\n[test]\n@connect\n@tls\n", "vars: tls=implicit clear=no\n",
         "skip(config) test 7"},
        {"a target by TLS", HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\n",
         "vars: tls=implicit\nconnect 1 ok\ntls 1 ok\n" S("+OK hi"), "pass - 0 RFC2-1-001=pass"},
    };
    (void)state;
    check_files(rows, COUNT(rows));
}

/* ---- logins ----------------------------------------------------------------------------------- */

static void test_logins(void **state)
{
    static const struct row rows[] = {
        {"login", "@login 2\nC2: X\nS2: a\n", LOGIN("2") ON("2", "a"), PASS},
        {"login is refused", "@login 2\n", GREETS("2") ON("2", "+OK") ON("2", "-ERR"),
         "inconclusive test 9"},
        {"login is not answered", "@login 2\n",
         GREETS("2") ON("2", "+OK") "timeout 2\n" PROBE "> 2 \"\"\n" ON("2", "+OK") "timeout 2\n",
         "inconclusive test 9"},
        {"nobody to log in to", "@login 2\n", "connect 2 refused\n", "inconclusive test 9"},
        {"settle at once", "@settle 1s\nS: a\n", LOGIN("0") ON("0", "+OK bye") S("a"), PASS},
        {"settle at the second time", "@settle 1s\nS: a\n",
         GREETS("0") ON("0", "+OK") ON("0", "-ERR") LOGIN("0") ON("0", "+OK bye") S("a"), PASS},
        {"settle, and the target does not listen yet", "@settle 1s\nS: a\n",
         "connect 0 refused\n" LOGIN("0") ON("0", "+OK bye") S("a"), PASS},
        {"settle never", "@settle 60ms\nS: a\n",
         GREETS("0") ON("0", "+OK") ON("0", "-ERR") GREETS("0") ON("0", "+OK") ON("0", "-ERR")
             GREETS("0") ON("0", "+OK") ON("0", "-ERR"),
         "inconclusive test 9"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_wrong_logins_are_counted(void **state)
{
    (void)state;
    static struct played p;
    play_text(&p,
              "#!dlg 1\nid: x\n---\n[test]\n@connect\nS: +OK{*?}\nC: USER a\nS: -ERR\nC: PASS b\n"
              "S: -ERR\nC: APOP a b\nS: -ERR\nC: AUTH PLAIN\nS: +{*?}\nC: *\nS: -ERR\nC: AUTH\n"
              "S: -ERR\nC: NOOP\nS: -ERR\nC: PASS c\nS: +OK\n",
              GREETS("1") S("-ERR") S("-ERR") S("-ERR") S("+ ") S("-ERR") S("-ERR") S("-ERR")
                  S("+OK"));
    assert_string_equal(p.sum, "pass - 0");
    assert_int_equal(p.out.wrong_logins, 3);
    assert_int_equal(p.out.connects, 1);
    play_done(&p);
}

/* ---- asks ------------------------------------------------------------------------------------- */

#define MESSAGE "[message a]\n| x\n"

static void test_asks(void **state)
{
    static const struct row rows[] = {
        {"deliver", "@deliver a\nS: b\n" MESSAGE, "answer deliver done\n" S("b"), PASS},
        {"nobody delivers", "@deliver a\nS: b\n" MESSAGE, "answer deliver unable \"no\"\n",
         "skip(adapter) test 9"},
        {"delivery fails", "@deliver a\nS: b\n" MESSAGE, "answer deliver failed \"no\"\n",
         "inconclusive test 9"},
        {"reset", "@reset\nS: b\n", "answer reset done\n" S("b"), PASS},
        {"peek", "S: b\n@peek\n@assert m[2].size == 7\n@assert m[1].size == 5\n",
         S("b") "answer peek done\nstored 5 \"u\" -\nstored 7 - -\n", PASS},
        {"what is stored", "@assert m[1].lines == lines(\"a\", \"\", \"b\")\n",
         "answer peek done\nstored - - \"a\\r\\n\\r\\nb\\r\\n\"\n", PASS},
        {"what is stored is not what is expected", "@assert m[1].lines == lines(\"a\")\n",
         "answer peek done\nstored - - \"b\\r\\n\"\n", FAIL("9")},
        {"nobody peeks", "@assert m[1].size == 7\n", "answer peek unable \"no\"\n",
         "skip(adapter) test 9"},
        {"a part that was not told", "@assert m[1].lines == lines()\n",
         "answer peek done\nstored 5 \"u\" -\n", "skip(adapter) test 9"},
        {"no such message", "@assert m[2].size == 7\n", "answer peek done\nstored 5 \"u\" -\n",
         "inconclusive test 9"},
        {"one look is enough", "@assert m[1].size == 5\n@assert m[1].size == 5\n",
         "answer peek done\nstored 5 - -\n", PASS},
        {"until mail is delivered",
         "@assert m[1].size == 5\n@deliver a\n@assert m[1].size == 6\n" MESSAGE,
         "answer peek done\nstored 5 - -\nanswer deliver done\nanswer peek done\nstored 6 - -\n",
         PASS},
        {"the clock of the target", "@wait 1s\nS: b\n", S("b"), PASS},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_clock_of_the_target(void **state)
{
    static const char dialogue[] = "#!dlg 1\nid: x\n---\n[test]\n@wait 1s\n";
    static const struct row rows[] = {
        {"it moves", dialogue, "vars: clock=ask\nanswer advance done\n", "pass - 0"},
        {"nobody moves it", dialogue, "vars: clock=ask\nanswer advance unable\n",
         "skip(adapter) test 5"},
    };
    (void)state;
    check_files(rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_barrier),
        cmocka_unit_test(test_barrier_tells),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_wrong_logins_are_counted),
        cmocka_unit_test(test_asks),
        cmocka_unit_test(test_clock_of_the_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
