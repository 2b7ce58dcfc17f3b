/* SPDX-License-Identifier: Apache-2.0
 * How the parser says what is wrong: every problem with its place and its words. */
#define _DEFAULT_SOURCE
#include "dialogue/testing.h"

#define HEAD "#!dlg 1\nid: x\n---\n[test]\n" /* what follows begins with line 5 */

static enum pq_status parse(struct pq_dlg *d, struct pq_slice text)
{
    return pq_dlg_parse(d, guard_slice(text), pq_alloc_default());
}

/* HEAD and `body` as one text; valid until the next call. */
static struct pq_slice with_head(const char *body)
{
    static char text[1u << 16];
    int n = snprintf(text, sizeof(text), HEAD "%s", body);
    assert_true(n > 0 && (size_t)n < sizeof(text));
    return pq_slice_of(text, (size_t)n);
}

struct problem_case {
    const char *text, *problems;
};

static const struct problem_case file_cases[] = {
    {"", "f:1:1: a dialogue begins with the line \"#!dlg 1\"\n"},
    {"#!dlg one\n", "f:1:7: a dialogue begins with the line \"#!dlg 1\"\n"},
    {"#!dlg 0\n---\n", "f:1:7: a dialogue begins with the line \"#!dlg 1\"\n"},
    {"#!dlg 2\n", "f:1:7: format \"2\" is newer than this program, which reads 1\n"},
    {"#!dlg 1\n", "f:1:1: the header must end with the line \"---\"\n"},
    {"#!dlg 1\nid: a\n", "f:2:1: the header must end with the line \"---\"\n"},
    {"#!dlg 1\nid: a b\n---\n",
     "f:2:5: \"a b\" is not an id; it takes letters, digits, - _ and ., at most 255\n"},
    {"#!dlg 1\nid: a[x=1\n---\n",
     "f:2:5: \"a[x=1\" is not an id; it takes letters, digits, - _ and ., at most 255\n"},
    {"#!dlg 1\nid:x\n---\n", "f:2:1: the key \"id\" needs a colon, a blank and a value\n"},
    {"#!dlg 1\ntitle: # x\n---\n", "f:2:8: a value cannot begin with #, which begins a comment\n"},
    {"#!dlg 1\nname: x\n---\n",
     "f:2:1: unknown key \"name\"; the header is \"key: value\" lines and ---\n"},
    {"#!dlg 1\nid: x\nid: y\n---\n", "f:3:1: the key \"id\" stands twice; remove one\n"},
    {"#!dlg 1\nkind: test\n---\n",
     "f:2:7: unknown word \"test\"; FORMAT.md lists what can stand\n"},
    {"#!dlg 1\nroles: client proxy\n---\n",
     "f:2:15: unknown role \"proxy\"; known are client server seed\n"},
    {"#!dlg 1\nrev: 0\n---\n", "f:2:6: \"0\" is not a number from 1 that is allowed here\n"},
    {"#!dlg 1\nrev: 01\n---\n", "f:2:6: \"01\" is not a number from 1 that is allowed here\n"},
    {"#!dlg 1\ntimeout: 5\n---\n", "f:2:10: \"5\" is not a time; write 500ms, 2s or 1m\n"},
    {"#!dlg 1\ntimeout: 0s\n---\n", "f:2:10: \"0s\" is not between 1 ms and one hour\n"},
    {"#!dlg 1\ntimeout: 61m\n---\n", "f:2:10: \"61m\" is not between 1 ms and one hour\n"},
    {"#!dlg 1\nreq: RFC1939-3\n---\n",
     "f:2:6: \"RFC1939-3\" is not the id of a requirement, such as RFC1939-6-002\n"},
    {"#!dlg 1\nneeds: luck\n---\n", "f:2:8: unknown need \"luck\"; FORMAT.md lists them\n"},
    {"#!dlg 1\nneeds: capa\n---\n",
     "f:2:8: the need \"capa\" has another argument; FORMAT.md tells which\n"},
    {"#!dlg 1\nneeds: deliver>=2\n---\n",
     "f:2:8: the need \"deliver\" has another argument; FORMAT.md tells which\n"},
    {"#!dlg 1\nneeds: capa(A\n---\n", "f:2:14: a comma or a closing bracket must stand here\n"},
    {"#!dlg 1\nneeds: capa(A)x\n---\n", "f:2:15: a blank must stand here, between words\n"},
    {"#!dlg 1\nmatrix: a b\n---\n", "f:2:9: a matrix line is: name = value, value, ...\n"},
    {"#!dlg 1\nmatrix: a = 1, 1\n---\n", "f:2:16: the value \"1\" stands twice; remove one\n"},
    {"#!dlg 1\nmatrix: a = 1,\n---\n", "f:2:15: a value must stand here: letters, digits, - _ . +, "
                                       "or label:\"octets\"\n"},
    {"#!dlg 1\nmatrix: a = 1\nmatrix: a = 2\n---\n",
     "f:3:9: the axis \"a\" stands twice; give one another name\n"},
    {"#!dlg 1\nharness: h\n---\n", "f:2:1: only a file of \"kind: crash\" can have \"harness\"\n"},
    {"#!dlg 1\nkind: crash\ninput-sha256: abc\n---\n",
     "f:3:15: a SHA-256 is 64 hexadecimal digits in lower case\n"},
    {"#!dlg 1\r\nid: x\n---\n", "f:1:8: a carriage return; lines end with LF alone\n"
                                "f:1:7: a dialogue begins with the line \"#!dlg 1\"\n"},
    {"#!dlg 1\ntitle: a\tb\n---\n", "f:2:9: control character \"\\x09\"; write it as an escape\n"},
    {"#!dlg 1\ntitle: a\xC2\x9B\x62\n---\n",
     "f:2:9: control character \"\\xc2\"; write it as an escape\n"},
    {"#!dlg 1\ntitle: a\xE9\n---\n", "f:2:1: the line is not UTF-8; write other octets as \\xHH\n"},
    {"#!dlg 1\nid: x\n---\nC: a\n", "f:4:1: a section must begin before this: [given] [test] "
                                    "[after] or [message NAME]\n"},
    {"#!dlg 1\nid: x\n---\n# a\n[test]\n",
     "f:4:1: a section must begin before this: [given] [test] "
     "[after] or [message NAME]\n"},
    {"#!dlg 1\nid: x\n---\n[tests]\n", "f:4:1: unknown section \"[tests]\"; known are [given] "
                                       "[test] [after] [message NAME]\n"},
    {"#!dlg 1\nid: x\n---\n[test]\n[test]\n",
     "f:5:1: the section \"[test]\" stands twice; join them\n"},
    {"#!dlg 1\nid: x\n---\n[test x]\n", "f:4:7: only [message NAME] takes a name\n"},
    {"#!dlg 1\nid: x\n---\n[message]\n", "f:4:9: \"\" is not a name; it takes 1 to 64 letters, "
                                         "digits, - _ and .\n"},
    {"#!dlg 1\nid: x\n---\n[message a]\n[message a]\n",
     "f:5:10: the message \"a\" stands twice; rename one\n"},
    {"#!dlg 1\nid: x\n---\n[message a]\nC: x\n",
     "f:5:1: a line of a message begins with | or |!\n"},
    {"#!dlg 1\nid: x\n---\n[message a]\n| {x}\n",
     "f:5:3: this cannot stand in such a line; FORMAT.md tells what can\n"},
    {"#!dlg 1\nid: x\n---\n[message a]\n| {= user}\n",
     "f:5:3: a message holds constant octets only: \"user\" has no value\n"},
    {"#!dlg 1\nid: x\n---\n[message a]\n| {= 1 + 1}\n",
     "f:5:3: a message holds constant octets only: \"1 + 1\" is something else\n"},
    {"#!dlg 1\nid: x\n---\n[message a]\n| end \n",
     "f:5:6: a blank at the end of the line; write it as \\s or remove it\n"},
};

static const struct problem_case body_cases[] = {
    /* lines and steps */
    {"hello\n", "f:5:1: a line is a step (C or S), a directive (@), a comment (#) or a section "
                "([)\n"},
    {"C NOOP\n", "f:5:1: a step begins with C or S, a connection from 1 to 9 if it is not 1, and "
                 "one of : ! ~ | * .\n"},
    {"C0: NOOP\n", "f:5:1: a step begins with C or S, a connection from 1 to 9 if it is not 1, and "
                   "one of : ! ~ | * .\n"},
    {"C| x\n", "f:5:1: a client sends no multi-line replies; write C: or C!\n"},
    {"C:NOOP\n", "f:5:3: one blank must stand between the sign and the payload\n"},
    {"C: NOOP \n", "f:5:8: a blank at the end of the line; write it as \\s or remove it\n"},
    {"C: a\\q\n", "f:5:5: \"\\q\" is not an escape or not ASCII; known are \\r \\n \\t \\0 \\s "
                  "\\\\ \\{ \\| \\xHH\n"},
    {"C: a\\x1g\n", "f:5:5: \"\\x1g\" is not an escape or not ASCII; known are \\r \\n \\t \\0 "
                    "\\s \\\\ \\{ \\| \\xHH\n"},
    {"C: \xC3\xA9\n", "f:5:4: \"\\xc3\" is not an escape or not ASCII; known are \\r \\n \\t \\0 "
                      "\\s \\\\ \\{ \\| \\xHH\n"},
    {"C: {\n", "f:5:4: { begins {name} {name:type} {:type} {*} {*?} or {= expr}; write \\{ for a "
               "brace\n"},
    {"C: {a\n", "f:5:6: a closing brace is missing here; write \\{ for a brace\n"},
    {"C: {a b}\n", "f:5:6: a closing brace is missing here; write \\{ for a brace\n"},
    {"S: {a:number}\n", "f:5:7: unknown type \"number\"; known are int octets status uid msgid b64 "
                        "hex32 rcode text rest\n"},
    {"S: {*} x\n", "f:5:7: nothing can follow what takes the rest of the line\n"},
    {"S: {a:rest}{b}\n", "f:5:12: nothing can follow what takes the rest of the line\n"},
    {"S: {= 1 +}\n", "f:5:10: a value is missing at the end of the expression\n"},
    {"S: {= 1\n", "f:5:8: a closing brace is missing here; write \\{ for a brace\n"},
    {"S: {= size(1)}\n", "f:5:7: unknown function \"size\"; FORMAT.md lists them\n"},
    {"S! {a:int}\n", "f:5:4: this cannot stand in such a line; FORMAT.md tells what can\n"},
    {"S| a\\|b\n", "f:5:5: this cannot stand in such a line; FORMAT.md tells what can\n"},
    {"S. x\n", "f:5:4: nothing can follow S. on its line\n"},
    {"S* x\n", "f:5:4: S* takes nothing, a number, or two numbers with .. between\n"},
    {"S* 2..1\n", "f:5:4: the first number is the greater one\n"},
    {"S* 2...3\n", "f:5:7: S* takes nothing, a number, or two numbers with .. between\n"},
    {"S* 1000001\n", "f:5:4: S* takes nothing, a number, or two numbers with .. between\n"},
    {"S~ (\n", "f:5:5: PCRE2 refuses the expression at \"\": missing closing parenthesis\n"},
    {"S~\n", "f:5:3: one blank must stand between the sign and the expression\n"},
    {"S~ a \n", "f:5:3: a blank at the end of the line; write [ ] or remove it\n"},
    {"S: {a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}{l}{m}{n}{o}{p}{q}\n",
     "f:5:52: more than 16 names in one line\n"},
    /* directives */
    {"@frobnicate\n", "f:5:2: unknown directive \"frobnicate\"; FORMAT.md lists them\n"},
    {"@\n", "f:5:2: unknown directive \"\"; FORMAT.md lists them\n"},
    {"@{how\n", "f:5:1: a directive of an axis is written @{axis}\n"},
    {"@connect 0\n", "f:5:10: \"0\" is not a number from 1 that is allowed here\n"},
    {"@connect 10\n", "f:5:10: \"10\" is not a number from 1 that is allowed here\n"},
    {"@connect 1 2\n",
     "f:5:12: the directive does not take \"2\"; FORMAT.md tells its parameters\n"},
    {"@connect tls tls\n", "f:5:14: given twice: \"tls\"; remove one\n"},
    {"@connect ssl\n",
     "f:5:10: the directive does not take \"ssl\"; FORMAT.md tells its parameters\n"},
    {"@close # x\n", "f:5:8: two blanks must stand before a comment\n"},
    {"@wait\n", "f:5:6: the directive needs \"TIME\"; FORMAT.md tells its parameters\n"},
    {"@wait 2h\n", "f:5:7: \"2h\" is not a time; write 500ms, 2s or 1m\n"},
    {"@segment 0\n", "f:5:10: \"0\" is not a number from 1 that is allowed here\n"},
    {"@segment half\n", "f:5:10: \"half\" is not a number from 1 that is allowed here\n"},
    {"@tls min=ssl3\n", "f:5:10: unknown word \"ssl3\"; FORMAT.md lists what can stand\n"},
    {"@tls -> 1r\n", "f:5:9: \"1r\" is not a name; it takes letters, digits and _, at most 64\n"},
    {"@fail\n", "f:5:6: the directive needs \"WHY\"; FORMAT.md tells its parameters\n"},
    {"@fail \"a\n", "f:5:7: the string is not closed; add its quotation mark\n"},
    {"@fail \"a\\n\"\n", "f:5:7: a sentence for people cannot hold control characters\n"},
    {"@fail \"a\\q\"\n", "f:5:9: unknown escape at \"\\q\"\"; known are \\r \\n \\t \\0 \\s \\\\ "
                         "\\\" \\xHH\n"},
    {"@assert 1 ==\n", "f:5:13: a value is missing at the end of the expression\n"},
    {"@assert 1 == 1 }\n",
     "f:5:16: the directive does not take \"}\"; FORMAT.md tells its parameters\n"},
    {"@assert 1 == 1 # x\n", "f:5:16: two blanks must stand before a comment\n"},
    {"@req MUST\n", "f:5:6: \"MUST\" is not the id of a requirement, such as RFC1939-6-002\n"},
    {"@expect crash\n", "f:5:9: unknown word \"crash\"; FORMAT.md lists what can stand\n"},
    {"@fault a(\n", "f:5:10: a word of 1 to 64 octets must stand here\n"},
    {"@fault a p=2\n", "f:5:12: \"2\" is not a share; write a number from 0 to 1\n"},
    {"@fault a p=0.\n", "f:5:12: \"0.\" is not a share; write a number from 0 to 1\n"},
    {"@fault a p=1.1\n", "f:5:12: \"1.1\" is not a share; write a number from 0 to 1\n"},
    {"@on S~ x\n@end\n", "f:5:5: a pattern must stand here: C~ regex, or C: line\n"},
    {"@on C! x\n@end\n", "f:5:5: a pattern is a line: C~ regex, or C: line\n"},
    /* blocks */
    {"@end\n", "f:5:1: @end closes nothing; remove it\n"},
    {"@batch\n", "f:5:1: the block is not closed; add @end\n"},
    {"@batch\n@end now\n", "f:6:6: nothing can follow @end on its line\n"
                           "f:5:1: the block is not closed; add @end\n"},
    {"@else\n", "f:5:1: @else belongs behind the body of an @if, once\n"},
    {"@if 1 == 1\n@else\n@else\n@end\n", "f:7:1: @else belongs behind the body of an @if, once\n"},
    {"@case a pass\nS: x\n",
     "f:5:1: the directive \"case\" cannot stand here; FORMAT.md tells where\n"},
    {"@match\n@end\n", "f:5:1: @match needs at least one @case\n"},
    {"@match\nS: x\n@case a pass\nS: x\n@end\n", "f:6:1: in a @match a step stands in a @case\n"},
    {"@match\n@case a pass\n@end\n",
     "f:6:1: a @case begins with one incoming line, @eof or @silence\n"},
    {"@match\n@case a pass\nS! x\n@end\n",
     "f:6:1: a @case begins with one incoming line, @eof or @silence\n"},
    {"@match\n@case a pass\nS: x\n@case b pass\nS2: x\n@end\n",
     "f:9:1: all cases of a @match must look at one connection\n"},
    {"@match\n@case a pass\nS: x\n@case b pass\n@eof 2\n@end\n",
     "f:9:1: all cases of a @match must look at one connection\n"},
    {"@match\n@case a perhaps\nS: x\n@end\n",
     "f:6:9: unknown word \"perhaps\"; FORMAT.md lists what can stand\n"},
    {"@batch\nC: a\nC2: b\n@end\n", "f:7:1: a @batch is one write: one side, one connection\n"},
    {"@batch\nC: a\nS: b\n@end\n", "f:7:1: a @batch is one write: one side, one connection\n"},
    {"@batch\nC~ a\n@end\n", "f:6:1: only steps of known octets can stand here\n"},
    {"@batch\n@wait 1s\n@end\n",
     "f:6:1: the directive \"wait\" cannot stand here; FORMAT.md tells where\n"},
    {"@race\nS: b\n@end\n", "f:6:1: a @race sends; read the answers behind it\n"},
    {"@if 1 == 1\n@fallback\n@end\n",
     "f:6:1: the directive \"fallback\" cannot stand here; FORMAT.md tells where\n"},
    {"@if 1 == 1\n@capa : A\n@end\n",
     "f:6:1: the directive \"capa\" cannot stand here; FORMAT.md tells where\n"},
    {"@as emit=\"a\"\nS: a\n", "f:5:1: @as must stand directly before a ~ step\n"},
    {"@as emit=\"a\"\n", "f:5:1: @as must stand directly before a ~ step\n"},
    {"@if 1 == 1\n@as emit=\"a\"\n@end\nS~ a\n",
     "f:6:1: @as must stand directly before a ~ step\n"},
};

static void check_problem(struct pq_slice text, const char *shown, const char *problems)
{
    struct pq_dlg d;
    enum pq_status status = parse(&d, text);
    const char *got = problems_text(&d.problems);
    if (status != PQ_STATUS_SYNTAX || strcmp(got, problems) != 0)
        fail_msg("%s\n got: %s\nwant: %s", shown, got, problems);
    pq_dlg_free(&d);
}

static void test_problems_of_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(file_cases) / sizeof(file_cases[0]); i++)
        check_problem(pq_slice_text(file_cases[i].text), file_cases[i].text,
                      file_cases[i].problems);
}

static void test_problems_of_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(body_cases) / sizeof(body_cases[0]); i++)
        check_problem(with_head(body_cases[i].text), body_cases[i].text, body_cases[i].problems);
}

static void test_problems_are_counted_and_cut(void **state)
{
    (void)state;
    struct pq_dlg d;
    char body[200] = "";
    for (int i = 0; i < 25; i++)
        (void)snprintf(body + strlen(body), sizeof(body) - strlen(body), "x\n");
    assert_int_equal(parse(&d, with_head(body)), PQ_STATUS_SYNTAX);
    assert_int_equal(d.problems.count, PQ_DLG_PROBLEMS_MAX);
    pq_dlg_free(&d);
    /* Hostile text in a problem is cut and escaped. */
    char line[400] = "@";
    for (size_t i = 1; i < 200; i++)
        line[i] = 'a';
    assert_int_equal(parse(&d, with_head(line)), PQ_STATUS_SYNTAX);
    assert_true(strlen(d.problems.at[0].text) < PQ_DLG_PROBLEM_TEXT_MAX);
    assert_non_null(strstr(d.problems.at[0].text, "aaa...\"; FORMAT.md"));
    pq_dlg_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems_of_files),
        cmocka_unit_test(test_problems_of_lines),
        cmocka_unit_test(test_problems_are_counted_and_cut),
    };
    return cmocka_run_group_tests_name("dlg_problem", tests, NULL, NULL);
}
