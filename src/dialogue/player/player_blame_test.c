/* SPDX-License-Identifier: Apache-2.0
 * Connections, states, logins, sections and missing answers: who is to blame for what. */
#define _DEFAULT_SOURCE
#include "dialogue/player/rows_testing.h"

/* ---- connections and TLS --------------------------------------------------------------------- */

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
        {"clear text first", "@connect 2 tls\n", "connect 2 ok\ntls 2 plain\n", FAIL("9")},
        {"the network fails", "S: a\n", "failed 1\n", "inconclusive test 9"},
        {"TLS breaks off", "S: a\n", "broken 1\n", FAIL("9")},
        {"the record is spent", "S: a\n", "", "error test 9"},
    };
    (void)state;
    check_rows(rows, COUNT(rows));
}

/* ---- missing answers ------------------------------------------------------------------------- */

static void test_barrier(void **state)
{
    static const struct row rows[] = {
        {"NOOP is answered", "S: a\n", "timeout 1\n" PROBE SENT NOOP,
         "fail test 9 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"mute, and others are greeted", "S: a\n", "timeout 1\n" PROBE SENT "timeout 1\n",
         "fail test 9 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"NOOP is answered, and others are not greeted", "S: a\n",
         "timeout 1\nconnect 0 ok\ntimeout 0\n" SENT NOOP,
         "fail test 9 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"nobody is answered", "S: a\n", "timeout 1\nconnect 0 ok\ntimeout 0\n" SENT "timeout 1\n",
         "inconclusive test 9"},
        {"the target is gone", "S: a\n", "timeout 1\nconnect 0 refused\n" SENT "timeout 1\n",
         "inconclusive test 9"},
        {"the answer is late", "S: a\n", "timeout 1\n" PROBE SENT S("a") S("+OK noop"),
         "inconclusive test 9"},
        {"a late answer of several lines", "S: a\n",
         "timeout 1\n" PROBE SENT S("a") S("1") S(".") S("+OK noop"), "inconclusive test 9"},
        {"NOOP is taken for a command with several lines", "S: a\n",
         "timeout 1\n" PROBE SENT S("+OK") S("1") S(".") "timeout 1\n",
         "fail test 9 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"an answer without CRLF", "S: a\n",
         "< 1 \"a\\n\"\ntimeout 1\n" PROBE SENT "< 1 \"+OK\\n\"\ntimeout 1\n",
         "fail test 9 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"a terminator that is missing", "S*\nS.\n", S("a") "timeout 1\n" PROBE SENT S("+OK noop"),
         "fail test 9 RFC1939-3-002=fail RFC1939-3-020=fail"},
        {"a terminator that is late", "S*\nS.\n",
         S("a") "timeout 1\n" PROBE SENT S("b") S(".") S("+OK noop"), "inconclusive test 9"},
        {"inside of an exchange there is no NOOP", "C: AUTH PLAIN\nS: +{*?}\n", "timeout 1\n" PROBE,
         "fail test 10 RFC1939-3-002=fail RFC1939-3-020=fail"},
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
        bool late, hang, peer_gone;
    } rows[] = {
        {PROBE SENT NOOP, PQ_PROBE_GREETS, PQ_NOOP_ANSWERED, false, false, false},
        {PROBE SENT "timeout 1\n", PQ_PROBE_GREETS, PQ_NOOP_MUTE, false, false, false},
        {"connect 0 ok\ntimeout 0\n" SENT "timeout 1\n", PQ_PROBE_SILENT, PQ_NOOP_MUTE, false, true,
         false},
        {"connect 0 refused\n" SENT "timeout 1\n", PQ_PROBE_REFUSED, PQ_NOOP_MUTE, false, false,
         true},
        {"connect 0 ok\neof 0\n" SENT "timeout 1\n", PQ_PROBE_REFUSED, PQ_NOOP_MUTE, false, false,
         false},
        {PROBE SENT S("a") NOOP, PQ_PROBE_GREETS, PQ_NOOP_ANSWERED, true, false, false},
    };
    (void)state;
    static struct played p;
    static char events[4096];
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)snprintf(events, sizeof(events), GREETS("1") "timeout 1\n%s", rows[i].events);
        play_text(&p, "#!dlg 1\nid: x\n---\n[test]\n@connect\nS: +OK{*?}\nS: a\n", events);
        assert_int_equal(p.out.probe, rows[i].probe);
        assert_int_equal(p.out.noop, rows[i].noop);
        assert_int_equal(p.out.late, rows[i].late);
        assert_int_equal(p.out.hang, rows[i].hang);
        assert_int_equal(p.out.peer_gone, rows[i].peer_gone);
        play_done(&p);
    }
}

/* ---- whole files ----------------------------------------------------------------------------- */

#define HEAD(state) "#!dlg 1\nid: x\nreq: RFC1939-5-001\nstate: " state "\n"

static void test_sections(void **state)
{
    static const struct row rows[] = {
        {"a failure in [given]",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[given]\n@connect\nS: +OK\n[test]\nC: X\nS: a\n",
         "connect 1 ok\n" S("-ERR"), "inconclusive given 7"},
        {"a failing case in [given]",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[given]\n@connect\n@match\n@case no fail\n  S: "
         "-ERR\n@end\n[test]\nS: a\n",
         "connect 1 ok\n" S("-ERR"), "inconclusive given 8 #no"},
        {"[given] proves nothing",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[given]\n@connect\nS: +OK\n[test]\nC: X\n",
         "connect 1 ok\n" S("+OK"), "pass - 0"},
        {"[after] runs after a failure, on new connections",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\nS: a\n[after]\n@connect\n@req "
         "RFC1939-5-002\nS: b\n",
         "connect 1 ok\n" S("x") "connect 1 ok\n" S("b"),
         "fail test 7 RFC1939-5-001=fail RFC1939-5-002=pass"},
        {"[after] has verdicts of its own",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\nS: a\n[after]\n@connect\n@req "
         "RFC1939-5-002\nS: b\n",
         "connect 1 ok\n" S("a") "connect 1 ok\n" S("x"),
         "fail after 11 RFC1939-5-001=pass RFC1939-5-002=fail"},
        {"[after] has no connection of [test]",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\nS: a\n[after]\nC: X\n",
         "connect 1 ok\n" S("a"), "error after 9"},
        {"the worst of both",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\n@warn "
         "\"w\"\n[after]\n@connect\n@note \"n\"\n",
         "connect 1 ok\nconnect 1 ok\n", "warn test 7 RFC1939-5-001=warn"},
        {"[after] judges nothing when [given] failed",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[given]\n@connect\nS: a\n[test]\nC: "
         "X\n[after]\n@connect\nS: b\n",
         "connect 1 ok\n" S("x") "connect 1 ok\n" S("y"), "inconclusive given 7"},
        {"[after] needs a name that [test] did not reach",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\nS: a\nS: "
         "{n:int}\n[after]\n@connect\n@assert n == 1\n",
         "connect 1 ok\n" S("x") "connect 1 ok\n", "fail test 7 RFC1939-5-001=fail"},
        {"without [test] at its end a name is no error",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\n@pass "
         "\"p\"\n[after]\n@connect\n@assert n == 1\n",
         "connect 1 ok\nconnect 1 ok\n", "inconclusive after 10"},
        {"no [after] when the target is gone",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\nS: a\n[after]\n@connect\nS: "
         "b\n",
         "connect 1 refused\n", "inconclusive test 6"},
        {"names outlive a section",
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\nS: "
         "{n:int}\n[after]\n@connect\nS: {n}\n",
         "connect 1 ok\n" S("5") "connect 1 ok\n" S("6"), "fail after 10 RFC1939-5-001=fail"},
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
         "pass - 0 RFC1939-5-001=pass"},
        {"authorization", HEAD("authorization") "---\n[test]\nS: a\n", GREETS("1") S("a"),
         "pass - 0 RFC1939-5-001=pass"},
        {"authorization, and no greeting", HEAD("authorization") "---\n[test]\nS: a\n",
         "connect 1 ok\n" S("-ERR"), "inconclusive given 0"},
        {"authorization, and no target", HEAD("authorization") "---\n[test]\nS: a\n",
         "connect 1 refused\n", "inconclusive given 0"},
        {"transaction", HEAD("transaction") "---\n[test]\n@fence\nS: a\n",
         LOGIN("1") SENT S("+OK") SENT S("a"), "pass - 0 RFC1939-5-001=pass"},
        {"transaction, and no login", HEAD("transaction") "---\n[test]\nS: a\n",
         GREETS("1") S("+OK") S("-ERR"), "inconclusive given 0"},
        {"tls by STLS", HEAD("tls") "---\n[test]\nS: a\n",
         GREETS("1") S("+OK go") "tls 1 ok\n" S("a"), "pass - 0 RFC1939-5-001=pass"},
        {"tls, and STLS is refused", HEAD("tls") "---\n[test]\nS: a\n", GREETS("1") S("-ERR"),
         "inconclusive given 0"},
        {"tls on its port", HEAD("tls") "---\n[test]\nS: a\n",
         "vars: tls=implicit\nconnect 1 ok\ntls 1 ok\n" S("+OK hi") S("a"),
         "pass - 0 RFC1939-5-001=pass"},
        {"a target by STLS", HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\nS: a\n",
         "vars: tls=stls\n" GREETS("1") S("+OK go") "tls 1 ok\n" S("a"),
         "pass - 0 RFC1939-5-001=pass"},
        {"a target by STLS that does not greet",
         HEAD("connected") "---\n[test]\n@connect\nS: -ERR\n",
         "vars: tls=stls\nconnect 1 ok\n" S("-ERR"), "pass - 0 RFC1939-5-001=pass"},
        {"a target by STLS that refuses it", HEAD("connected") "---\n[test]\n@connect\nS: +OK\n",
         "vars: tls=stls\n" GREETS("1") S("-ERR"), "inconclusive test 7"},
        {"a login by STLS", HEAD("transaction") "---\n[test]\nS: a\n",
         "vars: tls=stls\n" GREETS("1") S("+OK go") "tls 1 ok\n" S("+OK") S("+OK") S("a"),
         "pass - 0 RFC1939-5-001=pass"},
        {"a file with @tls is not brought into TLS",
         HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\nC: STLS\nS: +OK go\n@tls\nS: a\n",
         "vars: tls=stls\n" GREETS("1") S("+OK go") "tls 1 ok\n" S("a"),
         "pass - 0 RFC1939-5-001=pass"},
        {"but its logins are",
         HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\n@tls\n[after]\n@login\nS: a\n",
         "vars: tls=stls\n" GREETS("1") "tls 1 ok\n" GREETS("1") S("+OK go") "tls 1 ok\n" S("+OK")
             S("+OK") S("a"),
         "pass - 0 RFC1939-5-001=pass"},
        {"a file with @tls and a target that only has TLS",
         HEAD("connected") "---\n[test]\n@connect\n@tls\n", "vars: tls=implicit clear=no\n",
         "skip(config) test 7"},
        {"a target by TLS", HEAD("connected") "---\n[test]\n@connect\nS: +OK hi\n",
         "vars: tls=implicit\nconnect 1 ok\ntls 1 ok\n" S("+OK hi"), "pass - 0 RFC1939-5-001=pass"},
    };
    (void)state;
    check_files(rows, COUNT(rows));
}

/* ---- logins ---------------------------------------------------------------------------------- */

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

/* What a prelude binds is its own, and what the file has bound is hidden from it; and behind it the
 * connection is logged in, however it came about. */
static void test_a_prelude_has_names_of_its_own(void **state)
{
    (void)state;
    static struct played p;
    play_text_with(
        &p, "#!dlg 1\nid: l\n---\n[test]\n@connect\nS: +OK {x}\nC: LOGIN {user}\nS: +OK {y}\n",
        "#!dlg 1\nid: x\n---\n[test]\n@connect\nS: +OK {x}\n@login 2\n@fence 2\nC: A\n"
        "S: {x}\nS: {y:int}\n",
        "connect 1 ok\n" S("+OK one") "connect 2 ok\n" ON("2", "+OK two")
            ON("2", "+OK three") "> 2 \"x\"\n" ON("2", "+OK noop") S("one") S("4"));
    assert_string_equal(p.sum, "pass - 0");
    play_done(&p);
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

/* ---- asks ------------------------------------------------------------------------------------ */

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
        {"what is behind its header",
         "@assert m[1].text == lines(\"b\", \"\", \"c\")\n@assert len(m[1].octets) == 13\n",
         "answer peek done\nstored - - \"a\\r\\n\\r\\nb\\r\\n\\r\\nc\\r\\n\"\n", PASS},
        {"nothing behind its header", "@assert m[1].text == lines()\n",
         "answer peek done\nstored - - \"a\\r\\n\"\n", PASS},
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

/* An assertion that compares nothing shows what its names stand for. */
static void test_what_an_assertion_shows(void **state)
{
    static const struct {
        const char *assertion, *actual;
    } rows[] = {
        {"n == 8", "7 against 8"},
        {"has(words(t), \"x\")", "t is \"a b\""},
        {"has(words(t), head(\"xyz\", n))", "t is \"a b\", n is 7"},
        {"has(words(t), \"x\") or has(words(t), \"y\")", "t is \"a b\""},
        {"has(words(\"a\"), \"b\")", "false"},
    };
    (void)state;
    static struct played p;
    static char dialogue[512];
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)snprintf(
            dialogue, sizeof(dialogue),
            "#!dlg 1\nid: x\n---\n[test]\n@connect\nS: +OK {n:int} {t:rest}\n@assert %s\n",
            rows[i].assertion);
        play_text(&p, dialogue, "connect 1 ok\n< 1 \"+OK 7 a b\\r\\n\"\n");
        assert_string_equal(p.out.actual, rows[i].actual);
        play_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_barrier),
        cmocka_unit_test(test_barrier_tells),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_a_prelude_has_names_of_its_own),
        cmocka_unit_test(test_wrong_logins_are_counted),
        cmocka_unit_test(test_asks),
        cmocka_unit_test(test_clock_of_the_target),
        cmocka_unit_test(test_what_an_assertion_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
