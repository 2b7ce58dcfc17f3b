/* SPDX-License-Identifier: Apache-2.0
 * Each rule with a file that breaks it and one that does not. */
#define _DEFAULT_SOURCE
#include "dialogue/testing.h"

#include "dialogue/format.h"
#include "dialogue/lint.h"

#define CASE "#!dlg 1\nid: x\ntitle: t\nreq: RFC1939-6-002\nstate: transaction\n"
#define CASE_TEST CASE "---\n[test]\n" /* what follows begins with line 8 */
#define MOCK "#!dlg 1\nid: x\nkind: mock\nroles: server\n---\n[test]\n" /* with line 7 */

static const char *lint(struct pq_slice text, unsigned roles)
{
    static struct pq_dlg_problems problems;
    struct pq_dlg d;
    memset(&problems, 0, sizeof(problems));
    if (pq_dlg_parse(&d, guard_slice(text), pq_alloc_default()) != PQ_STATUS_OK)
        fail_msg("%.*s\n%s", (int)text.len, (const char *)text.at, problems_text(&d.problems));
    assert_int_equal(pq_dlg_lint(&d, roles, pq_alloc_default(), &problems), PQ_STATUS_OK);
    pq_dlg_free(&d);
    return problems_text(&problems);
}

static const struct lint_case {
    const char *text, *problems;
} lint_cases[] = {
    /* header */
    {CASE_TEST "S: +OK{*?}\n", ""},
    {"#!dlg 1\n---\n[test]\n@connect\nS: +OK\n",
     "f:1:1: the header needs an id\nf:1:1: a case needs a title\n"
     "f:1:1: a case needs req: the requirements that it tests\n"},
    {"#!dlg 1\nid: x\nkind: seed\n---\n[test]\nC: a\n", ""},
    {"#!dlg 1\nid: x\nkind: seed\n---\n[given]\nC: a\n",
     "f:1:1: the file needs a section [test] with steps\n"},
    {"#!dlg 1\nid: x\nkind: seed\n---\n[test]\n# nothing\n",
     "f:1:1: the file needs a section [test] with steps\n"},
    {"#!dlg 1\nid: x\nkind: mock\n---\n[test]\nC: QUIT\n",
     "f:1:1: a file of kind mock needs \"roles: server\"\n"},
    /* fixtures */
    {CASE "mailbox: a b\n---\n[message a]\n[message c]\n[test]\nS: +OK\n",
     "f:6:12: the file has no message \"b\"; add [message NAME]\nf:9:1: warning: the message \"c\" "
     "is not "
     "used\n"},
    {CASE "needs: deliver\n---\n[message a]\n[test]\n@deliver a\n@deliver b\nS: +OK\n",
     "f:11:10: the file has no message \"b\"; add [message NAME]\n"},
    /* names */
    {CASE_TEST "C: {user} {pw} {user2} {pw2} {host} {port} {nonce}\nS: +OK\n", ""},
    {CASE_TEST "C: {usr}\nS: +OK\n", "f:8:4: the name \"usr\" has no value here\n"},
    {CASE_TEST "S: {a}\nC: {a}\nC: {= b64(b)}\n", "f:10:4: the name \"b\" has no value here\n"},
    {CASE_TEST "S: {= a}\nS: {a}\n", "f:8:4: the name \"a\" has no value here\n"},
    {CASE_TEST "S: {a:int}\n@assert a == b\n", "f:9:9: the name \"b\" has no value here\n"},
    {CASE_TEST "S: +OK\n@body a\n@tls -> b\n@if b == \"ok\" and len(a) == 1\n@end\nS: +OK\n", ""},
    {CASE_TEST "S~ (?<a>x)\nC: {a}\n", ""},
    {CASE_TEST "S! {a}\n", "f:8:4: the name \"a\" has no value here\n"},
    {CASE_TEST "S: {= m[1].size + m[n].size}\n", "f:8:4: the name \"n\" has no value here\n"},
    {MOCK "@on C~ RETR (?<n>.)\n  S: +OK {n}\n@end\n", ""},
    {MOCK "C: USER {name}\nS: +OK {name}\nS: {= other}\n",
     "f:9:4: the name \"other\" has no value here\n"},
    /* axes */
    {CASE "matrix: a = 1\n---\n[test]\nC: {a}\nS: +OK\n", ""},
    {CASE "matrix: a = 1\n---\n[test]\nS: +OK\n", "f:6:9: the axis \"a\" is not used\n"},
    {CASE "matrix: a = drop, close\nmatrix: c = byte\n---\n[test]\n@segment {c}\n@{a}\nS: x\n", ""},
    {CASE "matrix: a = drop, clothe\n---\n[test]\n@{a}\nS: x\n",
     "f:9:2: in a row of the matrix: unknown directive \"clothe\"; FORMAT.md lists them\n"},
    {CASE "matrix: a = drop, batch\n---\n[test]\n@{a}\nS: x\n",
     "f:9:1: in a row of the matrix: the block is not closed; add @end\n"},
    {CASE "matrix: c = byte, half\n---\n[test]\n@segment {c}\nS: x\n",
     "f:9:10: in a row of the matrix: \"half\" is not a number from 1 that is allowed here\n"},
    {CASE_TEST "@{how}\n@segment {cut}\nS: x\n",
     "f:8:1: there is no axis \"how\" in the matrix\nf:9:10: there is no axis \"cut\" in the "
     "matrix\n"},
    {CASE "matrix: user = a\n---\n[test]\nC: {user}\nS: x\n",
     "f:6:9: the axis \"user\" hides a name that is built in; rename it\n"},
    /* roles */
    {CASE_TEST "@fault x\nS: +OK\n",
     "f:8:1: the directive \"fault\" means nothing to a client; write \"roles: server\"\n"},
    {CASE "roles: client server\n---\n[test]\n@login\nS: +OK\n",
     "f:9:1: the directive \"login\" means nothing to a server; take it out of roles\n"},
    {CASE "roles: client server\n---\n[test]\nS~ \\+OK\n",
     "f:9:1: a role of the file sends this; write @as emit=\"...\" before it\n"},
    {CASE "roles: client server\n---\n[test]\n@as emit=\"+OK\"\nS~ \\+OK\n", ""},
    {CASE_TEST "C~ NOOP\nS: x\n",
     "f:8:1: a role of the file sends this; write @as emit=\"...\" before it\n"},
    {CASE_TEST "C: LIST {:int}{*}\nS: x\n",
     "f:8:9: a client cannot send a type; write a value\nf:8:15: a client cannot send {*}; write "
     "the text\n"},
    {CASE_TEST "C: LIST {n:int}\nS: x\n", "f:8:9: the name \"n\" has no value here\n"},
    {MOCK "C: LIST {n:int}{*}\nS: +OK {n}\n", ""},
    /* connections */
    {"#!dlg 1\nid: x\ntitle: t\nreq: RFC1939-6-002\n---\n[test]\nC: a\nC: b\nS2: x\n",
     "f:7:1: the connection is not open; write @connect or @login before it\n"
     "f:9:1: the connection is not open; write @connect or @login before it\n"},
    {CASE "---\n[given]\n@connect 2\n[test]\nS2: x\n[after]\nS: x\n",
     "f:12:1: the connection is not open; write @connect or @login before it\n"},
    {CASE_TEST "@connect 3\nS3: x\n[after]\n@login\nS: +OK\n", ""},
    /* prose */
    {CASE_TEST "S: +OK 2 320\nS: -ERR [IN-USE]{*?}\nS: +OK {n:int} {*}\n", ""},
    {CASE_TEST "S: +OK ready\n",
     "f:8:1: warning: text behind the status is free in POP3; write {*?}\n"},
    {CASE_TEST "S: -ERR [IN-USE] busy\n",
     "f:8:1: warning: text behind the status is free in POP3; write {*?}\n"},
    {CASE_TEST "S: +OK {n:int} octets\n",
     "f:8:1: warning: text behind the status is free in POP3; write {*?}\n"},
    {MOCK "S: +OK ready\n", ""},
    /* times */
    {CASE_TEST "C: a\n@within 2s\nS: +OK\n@notbefore 1s\n@within 2s\n@match\n@case a pass\nS: "
               "x\n@end\n",
     ""},
    {CASE_TEST "@within 2s\nC: a\nS: +OK\n@within 2s\n",
     "f:8:1: a time stands directly before the answer that it is about\n"
     "f:11:1: a time stands directly before the answer that it is about\n"},
    /* adapter */
    {CASE_TEST "@reset\n@peek\nS: x\n", "f:8:1: the header must say that it needs \"reset\"\n"
                                        "f:9:1: the header must say that it needs \"peek\"\n"},
    /* branches */
    {CASE_TEST "@match\n@case a pass\nS: +OK{*?}\n@case a fail\nS: -ERR{*?}\n@end\n",
     "f:11:7: the branch \"a\" stands twice; outcomes need names of their own\n"},
    {CASE_TEST "@match\n@case a pass\nS: -ERR [IN-USE]{*?}\n@case b pass\nS: -ERR{*?}\n@end\n", ""},
    {CASE_TEST "@match\n@case b pass\nS: -ERR{*?}\n@case a pass\nS: -ERR [IN-USE]{*?}\n@end\n",
     "f:11:1: a case before this one takes every line of it\n"},
    {CASE_TEST "@match\n@case b pass\nS: -ERR{*?}\n@case a pass\nS: -ERRX\n@end\n", ""},
    {CASE_TEST "@match\n@case b pass\nS: -ERR{*?}\n@case a pass\nS: -ERR\n@end\n",
     "f:11:1: a case before this one takes every line of it\n"},
    {CASE_TEST "@match\n@case b pass\nS: {n:int}\n@case a pass\nS: {n:int}\n@end\n",
     "f:11:1: a case before this one takes every line of it\n"},
    {CASE_TEST "@match\n@case b pass\nS: {n:int}\n@case a pass\nS: {n:uid}\n@end\n", ""},
    {CASE_TEST "@match\n@case b pass\nS: {:rest}\n@case a pass\nS~ x\n@case c fail\n@eof\n@end\n",
     "f:11:1: a case before this one takes every line of it\n"},
    {CASE_TEST "@match\n@case b pass\n@eof\n@case a fail\n@eof\n@end\n",
     "f:11:1: a case before this one takes every line of it\n"},
    /* ends */
    {CASE_TEST "S: x\n@fail \"a\"\nC: y\n",
     "f:10:1: this is never reached: the section ends before it\n"},
    {CASE_TEST "S: x\n@note \"a\"\nC: y\n@if 1 == 1\n@pass \"b\"\n@end\nC: z\n", ""},
    /* verdicts */
    {CASE_TEST "C: a\nS*\n", "f:1:1: no path of the case can fail\n"},
    {CASE_TEST "C: a\nS: {:rest}\n", "f:1:1: no path of the case can fail\n"},
    {CASE_TEST "C: a\nS* 1..2\n", ""},
    {CASE_TEST "@match\n@case a pass\nS: +OK{*?}\n@case b note\nS: {:rest}\n@end\n",
     "f:1:1: no path of the case can fail\n"},
    {CASE_TEST "@match\n@case a pass\nS: +OK{*?}\n@case b fail\nS: {:rest}\n@end\n", ""},
    {CASE_TEST "@match\n@case a pass\nS: +OK{*?}\n@end\n", ""},
    {CASE "---\n[given]\nS: x\n[test]\nC: a\n", "f:1:1: no path of the case can fail\n"},
    {CASE "---\n[test]\nC: a\n[after]\n@login\nC: a\n@assert 1 == 1\n", ""},
    {CASE_TEST "C: a\n@tls -> r\n@if r == \"ok\"\n@fail \"x\"\n@end\n", ""},
    {CASE_TEST "S: x\n@match\n@case a pass\nS: x\n@case b pass\n@silence 1s\n@end\n",
     "f:12:1: a missing answer leads to pass, and nothing behind it can fail\n"},
    {CASE_TEST "S: x\n@match\n@case a pass\nS: x\n@case b note\n@silence 1s\n@end\n", ""},
    {CASE_TEST "@match\n@case a pass\nS: x\n@case b pass\n@silence 1s\n@end\nS: x\n", ""},
    {CASE_TEST "@match\n@case a pass\nS: x\n@case b pass\n@silence 1s\n@end\n[after]\n@login\nS: "
               "x\n",
     ""},
    {CASE_TEST "S: x\n@tls -> r\n@if r != \"ok\"\n@pass \"x\"\n@end\n",
     "f:10:1: a timeout of @tls leads to pass; leave it to the barrier rule\n"},
    {CASE_TEST "S: x\n@tls -> r\n@if r == \"ok\"\n@note \"x\"\n@else\n@pass \"x\"\n@end\n",
     "f:10:1: a timeout of @tls leads to pass; leave it to the barrier rule\n"},
    {CASE_TEST "S: x\n@tls -> r\n@if r == \"alert\" or r == \"eof\"\n@pass \"x\"\n@end\n", ""},
    {CASE_TEST "S: {n:int}\n@tls -> r\n@if n == 1 or r != \"ok\"\n@pass \"x\"\n@end\n", ""},
    {MOCK "@never C: PASS x  fail \"why\"\n", ""},
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lint_cases) / sizeof(lint_cases[0]); i++) {
        const struct lint_case *c = &lint_cases[i];
        const char *got = lint(pq_slice_text(c->text), 0);
        if (strcmp(got, c->problems) != 0)
            fail_msg("%s\n got: %s\nwant: %s", c->text, got, c->problems);
    }
}

static void test_one_more_role(void **state)
{
    (void)state;
    struct pq_slice text = PQ_SLICE(CASE_TEST "S~ \\+OK\n");
    assert_string_equal(lint(text, 0), "");
    assert_string_equal(lint(text, 1u << PQ_DLG_ROLE_SERVER),
                        "f:8:1: a role of the file sends this; write @as emit=\"...\" before it\n");
}

static void test_examples_are_clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        struct pq_bytes b;
        const char *problems = lint(read_example(PQ_TESTDATA, i, &b), 0);
        if (problems[0])
            fail_msg("%s: %s", example_names[i], problems);
        pq_bytes_free(&b);
    }
}

/* Invariant: a file that parses can be checked, in time in proportion to its length. */
static void test_mutated_examples(void **state)
{
    (void)state;
    struct pq_rand r;
    size_t checked = 0;
    pq_rand_init(&r, 5);
    for (size_t n = 0; n < 3000; n++) {
        struct pq_bytes b;
        struct pq_dlg d;
        struct pq_dlg_problems problems = {.count = 0};
        (void)read_example(PQ_TESTDATA, n % EXAMPLES, &b);
        mutate(&r, &b);
        if (pq_dlg_parse(&d, pq_bytes_slice(&b), pq_alloc_default()) == PQ_STATUS_OK) {
            assert_int_equal(pq_dlg_lint(&d, 7, pq_alloc_default(), &problems), PQ_STATUS_OK);
            checked++;
        }
        pq_dlg_free(&d);
        pq_bytes_free(&b);
    }
    assert_true(checked > 150);
}

static void test_memory_faults(void **state)
{
    (void)state;
    struct pq_dlg d;
    size_t faults = 0;
    assert_int_equal(pq_dlg_parse(&d,
                                  PQ_SLICE(CASE "matrix: a = 1, 2\n---\n[test]\nC: {a}\nS: x\n"),
                                  pq_alloc_default()),
                     PQ_STATUS_OK);
    for (;; faults++) {
        struct nth_fault f = {.fail_at = faults + 1, .lasts = true};
        struct pq_dlg_problems problems = {.count = 0};
        enum pq_status status = pq_dlg_lint(&d, 0, fault_alloc_pieces(&f), &problems);
        assert_int_equal(f.live, 0);
        if (status == PQ_STATUS_OK)
            break;
        assert_int_equal(status, PQ_STATUS_NO_MEMORY);
    }
    assert_in_range(faults, 4, 40);
    pq_dlg_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_one_more_role),
        cmocka_unit_test(test_examples_are_clean),
        cmocka_unit_test(test_mutated_examples),
        cmocka_unit_test(test_memory_faults),
    };
    return cmocka_run_group_tests_name("dlg_lint", tests, NULL, NULL);
}
