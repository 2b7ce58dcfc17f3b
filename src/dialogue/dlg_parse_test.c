/* SPDX-License-Identifier: Apache-2.0
 * What the parser accepts, how it says what is wrong, and that it survives everything else. */
#define _DEFAULT_SOURCE
#include "dialogue/testing.h"

#include <stdlib.h>

#include "dialogue/expr.h"
#include "dialogue/format.h"
#include "dialogue/regex.h"

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

/* ---- problems -------------------------------------------------------------------------------- */

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
    {"#!dlg 1\ntitle: # x\n---\n",
     "f:2:8: a value cannot begin with #, which begins a comment\n"},
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
    {"@fallback\n", "f:5:1: the directive \"fallback\" cannot stand here; FORMAT.md tells where\n"},
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

/* ---- trees ----------------------------------------------------------------------------------- */

static void test_header_is_decoded(void **state)
{
    (void)state;
    struct pq_dlg d;
    struct pq_slice text = PQ_SLICE("#!dlg 1  # c\n"
                                    "id:      a.b-c_d\n"
                                    "# comment\n"
                                    "\n"
                                    "title:   T\xC3\xAFtle: with # and \"\n"
                                    "kind:    crash   # why\n"
                                    "rev:     7\n"
                                    "req:     RFC1939-6-002   RFC2449-6.6-001 RFC5034-A-010\n"
                                    "needs:   capa(SASL,PLAIN) messages>=3 deliver\n"
                                    "state:   tls\n"
                                    "roles:   server seed\n"
                                    "matrix:  how = drop, lf:\"\\n\", +1\n"
                                    "matrix:  n = 1, 2\n"
                                    "timeout: 1500ms\n"
                                    "tags:    lock data-loss\n"
                                    "mailbox: dots dots\n"
                                    "harness: fuzz_reply\n"
                                    "---\n"
                                    "[message dots]\n"
                                    "[test]\n");
    assert_int_equal(parse(&d, text), PQ_STATUS_OK);
    assert_true(pq_slice_equal(d.value[PQ_DLG_KEY_ID], PQ_SLICE("a.b-c_d")));
    assert_true(pq_slice_equal(d.value[PQ_DLG_KEY_TITLE], PQ_SLICE("T\xC3\xAFtle: with # and \"")));
    assert_int_equal(d.kind, PQ_DLG_KIND_CRASH);
    assert_int_equal(d.rev, 7);
    assert_int_equal(d.state, PQ_DLG_STATE_TLS);
    assert_int_equal(d.roles, 1u << PQ_DLG_ROLE_SERVER | 1u << PQ_DLG_ROLE_SEED);
    assert_int_equal(d.timeout_ms, 1500);
    assert_true(pq_slice_equal(d.req->next->next->text, PQ_SLICE("RFC5034-A-010")));
    assert_true(pq_slice_equal(d.needs->args->next->text, PQ_SLICE("PLAIN")));
    assert_int_equal(d.needs->next->number, 3);
    assert_true(pq_slice_equal(d.tags->next->text, PQ_SLICE("data-loss")));
    assert_true(pq_slice_equal(d.mailbox->next->text, PQ_SLICE("dots")));
    assert_int_equal(d.axes_count, 2);
    assert_int_equal(d.rows, 6);
    assert_true(pq_slice_equal(d.axes[0].values[1].octets, PQ_SLICE("\n")));
    assert_true(pq_slice_equal(d.axes[0].values[2].octets, PQ_SLICE("+1")));
    assert_null(d.value[PQ_DLG_KEY_STACK].at);
    assert_true(pq_slice_equal(d.first_comment, PQ_SLICE(" c")));
    assert_non_null(d.test);
    assert_null(d.given);
    pq_dlg_free(&d);
}

static void test_defaults_of_the_header(void **state)
{
    (void)state;
    struct pq_dlg d;
    assert_int_equal(parse(&d, PQ_SLICE("#!dlg 1\n---\n")), PQ_STATUS_OK);
    assert_int_equal(d.kind, PQ_DLG_KIND_CASE);
    assert_int_equal(d.state, PQ_DLG_STATE_NONE);
    assert_int_equal(d.roles, 1u << PQ_DLG_ROLE_CLIENT);
    assert_int_equal(d.rev, 1);
    assert_int_equal(d.timeout_ms, 0);
    assert_int_equal(d.rows, 1);
    assert_null(d.sections);
    pq_dlg_free(&d);
}

/* The first step of a body. */
static const struct pq_dlg_step *first_step(const struct pq_dlg *d)
{
    const struct pq_dlg_item *item = pq_dlg_item_active(d->test->items);
    assert_true(item && item->kind == PQ_DLG_ITEM_STEP);
    return &item->step;
}

static void test_payloads_become_parts(void **state)
{
    (void)state;
    struct pq_dlg d;
    assert_int_equal(
        parse(&d,
              with_head("  S2: a\\r\\x00\\{\\\\ {n:int}\\|{pw}{:uid}{= \"}\" + x} {m[1].size}{*?}"
                        "   #  note \n")),
        PQ_STATUS_OK);
    const struct pq_dlg_step *s = first_step(&d);
    static const struct {
        enum pq_dlg_part_kind kind;
        struct pq_slice octets;
        uint32_t column;
    } want[] = {
        {PQ_DLG_PART_LITERAL, PQ_SLICE_INIT("a\r\0{\\ "), 7},
        {PQ_DLG_PART_TYPED, PQ_SLICE_INIT("n"), 19},
        {PQ_DLG_PART_BOUNDARY, PQ_SLICE_INIT(""), 26},
        {PQ_DLG_PART_NAME, PQ_SLICE_INIT("pw"), 28},
        {PQ_DLG_PART_TYPED, PQ_SLICE_INIT(""), 32},
        {PQ_DLG_PART_EXPR, PQ_SLICE_INIT(""), 38},
        {PQ_DLG_PART_LITERAL, PQ_SLICE_INIT(" "), 49},
        {PQ_DLG_PART_EXPR, PQ_SLICE_INIT(""), 50},
        {PQ_DLG_PART_REST_OR_END, PQ_SLICE_INIT(""), 61},
    };
    size_t n = 0;
    assert_int_equal(s->side, PQ_DLG_SERVER);
    assert_int_equal(s->conn, 2);
    assert_int_equal(s->form, PQ_DLG_LINE);
    for (const struct pq_dlg_part *part = s->parts; part; part = part->next, n++) {
        assert_true(n < sizeof(want) / sizeof(want[0]));
        assert_int_equal(part->kind, want[n].kind);
        assert_true(pq_slice_equal(part->octets, want[n].octets));
        assert_int_equal(part->at.column, want[n].column);
    }
    assert_int_equal(n, sizeof(want) / sizeof(want[0]));
    assert_true(pq_slice_equal(d.test->items->comment, PQ_SLICE("  note ")));
    pq_dlg_free(&d);
}

static void test_comments_and_blanks_in_payloads(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        struct pq_slice octets;
        bool comment;
    } cases[] = {
        {"C: a #b\n", PQ_SLICE_INIT("a #b"), false},
        {"C: a  #b\n", PQ_SLICE_INIT("a"), true},
        {"C: a \\s#b\n", PQ_SLICE_INIT("a  #b"), false},
        {"C: #b\n", PQ_SLICE_INIT("#b"), false},
        {"C:  #b\n", PQ_SLICE_INIT(""), true},
        {"C:   a\n", PQ_SLICE_INIT("  a"), false},
        {"C: a\\s\n", PQ_SLICE_INIT("a "), false},
        {"C:\n", PQ_SLICE_INIT(""), false},
        {"C: \n", PQ_SLICE_INIT(""), false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pq_dlg d;
        assert_int_equal(parse(&d, with_head(cases[i].line)), PQ_STATUS_OK);
        const struct pq_dlg_part *part = first_step(&d)->parts;
        assert_true(pq_slice_equal(part ? part->octets : PQ_SLICE(""), cases[i].octets));
        assert_int_equal(d.test->items->comment.at != NULL, cases[i].comment);
        pq_dlg_free(&d);
    }
}

static void test_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint64_t least, most;
    } cases[] = {{"S*\n", 0, UINT64_MAX},
                 {"S* 3\n", 3, 3},
                 {"S* 0..5\n", 0, 5},
                 {"S2* 1000000\n", 1000000, 1000000}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pq_dlg d;
        assert_int_equal(parse(&d, with_head(cases[i].line)), PQ_STATUS_OK);
        assert_true(first_step(&d)->least == cases[i].least);
        assert_true(first_step(&d)->most == cases[i].most);
        pq_dlg_free(&d);
    }
}

static void test_parameters_of_directives(void **state)
{
    (void)state;
    struct pq_dlg d;
    assert_int_equal(
        parse(&d, with_head("@tls max=tls1.2 -> r 2 sni=\"a\\0\" verify=no min={v}  # c\n"
                            "@never C~ ^A  B before=tls fail \"why \xC3\xA9\"\n"
                            "@fault drip( bytes=1,every=\"2 0\" ) p=0.25 nth=3\n"
                            "@capa tls=no : STLS SASL(PLAIN, X)  # c\n"
                            "@segment 7\n"
                            "@req RFC1939-6-002 RFC1939-6-003 SHOULD-NOT\n"
                            "@{how} 3\n")),
        PQ_STATUS_SYNTAX);
    assert_string_equal(problems_text(&d.problems),
                        "f:6:15: unknown word \"B\"; FORMAT.md lists what can stand\n");
    pq_dlg_free(&d);
    assert_int_equal(
        parse(&d, with_head("@tls max=tls1.2 -> r 2 sni=\"a\\0\" verify=no min={v}  # c\n"
                            "@never C~ ^A B  before=tls fail \"why \xC3\xA9\"\n"
                            "@fault drip( bytes=1,every=\"2 0\" ) p=0.25 nth=3\n"
                            "@capa tls=no : STLS SASL(PLAIN, X)  # c\n"
                            "@segment 7\n"
                            "@req RFC1939-6-002 RFC1939-6-003 SHOULD-NOT\n"
                            "@{how} 3\n")),
        PQ_STATUS_OK);
    struct pq_dlg_item *i = d.test->items;
    const struct pq_dlg_directive *tls = &i->directive;
    assert_int_equal(pq_dlg_conn(tls), 2);
    assert_true(pq_slice_equal(pq_dlg_arg(tls, PQ_DLG_ARG_RESULT)->text, PQ_SLICE("r")));
    assert_true(pq_slice_equal(pq_dlg_arg(tls, PQ_DLG_ARG_SNI)->text, PQ_SLICE("a\0")));
    assert_int_equal(pq_dlg_arg(tls, PQ_DLG_ARG_MAX)->number, PQ_DLG_VERSION_TLS12);
    assert_int_equal(pq_dlg_arg(tls, PQ_DLG_ARG_VERIFY)->number, 0);
    assert_true(pq_slice_equal(pq_dlg_arg(tls, PQ_DLG_ARG_MIN)->axis, PQ_SLICE("v")));
    assert_null(pq_dlg_arg(tls, PQ_DLG_ARG_CERT));
    assert_true(pq_slice_equal(i->comment, PQ_SLICE(" c")));
    i = i->next;
    const struct pq_dlg_arg *pattern = pq_dlg_arg(&i->directive, PQ_DLG_ARG_PATTERN);
    assert_true(pq_slice_equal(pq_regex_source(pattern->pattern->regex), PQ_SLICE("^A B")));
    assert_int_equal(pq_dlg_arg(&i->directive, PQ_DLG_ARG_VERDICT)->number, PQ_DLG_VERDICT_FAIL);
    i = i->next;
    const struct pq_dlg_word *fault = pq_dlg_arg(&i->directive, PQ_DLG_ARG_FAULT)->words;
    assert_true(pq_slice_equal(fault->args->next->value, PQ_SLICE("2 0")));
    assert_int_equal(pq_dlg_arg(&i->directive, PQ_DLG_ARG_SHARE)->number, 250000);
    assert_int_equal(pq_dlg_arg(&i->directive, PQ_DLG_ARG_NTH)->number, 3);
    i = i->next;
    assert_true(pq_slice_equal(
        pq_dlg_arg(&i->directive, PQ_DLG_ARG_CAPAS)->words->next->args->next->text, PQ_SLICE("X")));
    i = i->next;
    assert_int_equal(pq_dlg_arg(&i->directive, PQ_DLG_ARG_CUT)->cut, PQ_DLG_CUT_OCTETS);
    assert_int_equal(pq_dlg_arg(&i->directive, PQ_DLG_ARG_CUT)->number, 7);
    i = i->next;
    assert_int_equal(pq_dlg_arg(&i->directive, PQ_DLG_ARG_LEVEL)->number, PQ_DLG_LEVEL_SHOULD_NOT);
    assert_true(pq_slice_equal(i->directive.args->next->text, PQ_SLICE("RFC1939-6-003")));
    i = i->next;
    assert_true(pq_slice_equal(i->directive.axis, PQ_SLICE("how")));
    assert_int_equal(pq_dlg_conn(&i->directive), 3);
    pq_dlg_free(&d);
}

static void test_blocks_and_requirements(void **state)
{
    (void)state;
    struct pq_dlg d;
    assert_int_equal(parse(&d, with_head("C: 1\n"
                                         "@req RFC1939-6-001\n"
                                         "@if 1 == 1\n"
                                         "  C: 2\n"
                                         "  @req RFC1939-6-002\n"
                                         "  C: 3\n"
                                         "@else\n"
                                         "  C: 4\n"
                                         "@end\n"
                                         "@match\n"
                                         "@case a pass\n"
                                         "  @as emit=\"+OK\"\n"
                                         "  S~ \\+OK\n"
                                         "@case b fail\n"
                                         "  @eof\n"
                                         "@end  # done\n"
                                         "C: 5\n")),
                     PQ_STATUS_OK);
    static const char *const want[] = {"C: 1", "",  "C: 2",     "1", "C: 3", "2",
                                       "C: 4", "1", "S~ \\+OK", "1", "C: 5", "1"};
    size_t n = 0;
    for (struct pq_dlg_item *i = d.test->items; i; i = pq_dlg_item_after(i)) {
        struct pq_bytes text;
        if (i->kind != PQ_DLG_ITEM_STEP)
            continue;
        pq_bytes_init(&text, pq_alloc_default(), 100);
        assert_int_equal(pq_dlg_format_item(i, &text), PQ_STATUS_OK);
        assert_true(pq_slice_equal(pq_bytes_slice(&text), pq_slice_text(want[n++])));
        pq_bytes_free(&text);
        struct pq_slice id = i->req ? i->req->directive.args->text : PQ_SLICE("");
        assert_true(pq_slice_equal(pq_slice_after(id, id.len > 0 ? id.len - 1 : 0),
                                   pq_slice_text(want[n++])));
        if (i->step.form == PQ_DLG_REGEX) {
            assert_true(i->look && pq_slice_equal(i->step.emit, PQ_SLICE("+OK")));
            assert_true(pq_dlg_item_is(i->parent, PQ_DLG_DO_CASE));
        }
    }
    assert_int_equal(n, sizeof(want) / sizeof(want[0]));
    assert_int_equal(d.steps, 14);
    pq_dlg_free(&d);
}

static void test_fixtures(void **state)
{
    (void)state;
    struct pq_dlg d;
    assert_int_equal(parse(&d, PQ_SLICE("#!dlg 1\nid: x\n---\n"
                                        "[message a]\n"
                                        "| Subject: x  # no comment\n"
                                        "|\n"
                                        "# a comment of the file\n"
                                        "| \n"
                                        "| .\n"
                                        "| a\\0b\\nc\\xE9\\s\n"
                                        "| {= repeat(\"x\", 3)}!\n"
                                        "|! no end\n"
                                        "[message b]\n")),
                     PQ_STATUS_OK);
    const struct pq_dlg_section *a = pq_dlg_message(&d, PQ_SLICE("a"));
    assert_true(pq_slice_equal(
        a->octets, PQ_SLICE("Subject: x  # no comment\r\n\r\n\r\n.\r\na\0b\nc\xE9 \r\nxxx!\r\n"
                            "no end")));
    assert_int_equal(pq_dlg_message(&d, PQ_SLICE("b"))->octets.len, 0);
    assert_null(pq_dlg_message(&d, PQ_SLICE("c")));
    pq_dlg_free(&d);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* HEAD, `count` times `line`, and `tail`; the problem that comes first, or "". */
static const char *repeat_body(const char *head, const char *line, size_t count, const char *tail)
{
    static char first[PQ_DLG_PROBLEM_TEXT_MAX];
    struct pq_bytes text;
    struct pq_dlg d;
    pq_bytes_init(&text, pq_alloc_default(), 1u << 23);
    assert_int_equal(pq_bytes_put_text(&text, head), PQ_STATUS_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pq_bytes_put_text(&text, line), PQ_STATUS_OK);
    assert_int_equal(pq_bytes_put_text(&text, tail), PQ_STATUS_OK);
    enum pq_status status = pq_dlg_parse(&d, pq_bytes_slice(&text), pq_alloc_default());
    (void)snprintf(first, sizeof(first), "%s",
                   status == PQ_STATUS_SYNTAX ? d.problems.at[0].text : "");
    assert_true(status == PQ_STATUS_OK || status == PQ_STATUS_SYNTAX);
    assert_true(d.arena.used <= PQ_DLG_MEMORY_MAX);
    pq_dlg_free(&d);
    pq_bytes_free(&text);
    return first;
}

static void test_limits(void **state)
{
    (void)state;
    const char *fixture = "#!dlg 1\nid: x\n---\n[message a]\n|! ";
    const char *matrix = "#!dlg 1\nmatrix: a = ";
    assert_string_equal(repeat_body(HEAD "#", "x", PQ_DLG_TEXT_MAX - strlen(HEAD) - 1, ""), "");
    assert_string_equal(repeat_body(HEAD "#", "x", PQ_DLG_TEXT_MAX - strlen(HEAD), ""),
                        "the file is longer than 1 MiB; split it");
    assert_string_equal(repeat_body(HEAD, "S.\n", PQ_DLG_STEPS_MAX, ""), "");
    assert_string_equal(repeat_body(HEAD, "S.\n", PQ_DLG_STEPS_MAX + 1, ""),
                        "more than 100000 steps; split the file");
    assert_string_equal(repeat_body(HEAD, "@if 1 == 1\n", 16, "@end\n"),
                        "the block is not closed; add @end");
    assert_string_equal(repeat_body(HEAD, "@if 1 == 1\n", 17, "@end\n"),
                        "more than 16 blocks inside each other");
    assert_string_equal(repeat_body(HEAD "@match\n", "@case a pass\nS.\n", 64, "@end\n"), "");
    assert_string_equal(repeat_body(HEAD "@match\n", "@case a pass\nS.\n", 65, "@end\n"),
                        "more than 64 cases; split the @match");
    assert_string_equal(repeat_body(fixture, "{= repeat(\"x\", 1048575)}", 1, "y\n"), "");
    assert_string_equal(repeat_body(fixture, "{= repeat(\"x\", 1048575)}", 1, "yz\n"),
                        "the message is longer than 1 MiB");
    assert_string_equal(repeat_body(HEAD "@tls -> ", "r", 64, "\n"), "");
    assert_non_null(
        strstr(repeat_body(HEAD "@tls -> ", "r", 65, "\n"), "is not a name; it takes letters"));
    assert_string_equal(repeat_body("#!dlg 1\ntags: ", "a ", 256, "\n---\n"), "");
    assert_string_equal(repeat_body("#!dlg 1\ntags: ", "a ", 257, "\n---\n"),
                        "more than 256 words; split the case");
    assert_string_equal(repeat_body(HEAD "S~ ", "a", 1000, "\n"), "");
    assert_string_equal(repeat_body(HEAD "S~ ", "a", 1001, "\n"),
                        "the regular expression is longer than 1000 octets");
    assert_non_null(strstr(repeat_body(matrix, "1", 65, "\n---\n"), "a value must stand here"));
    assert_string_equal(repeat_body("#!dlg 1\nid: x\n---\n[message a]\n",
                                    "| {= repeat(\"x\", "
                                    "1048000)}\n|\n",
                                    2, ""),
                        "the message is longer than 1 MiB");
}

static void test_limits_of_the_matrix(void **state)
{
    (void)state;
    static const struct {
        size_t values[3], axes;
        const char *problem;
    } cases[] = {
        {{64, 1, 1}, 1, ""},
        {{65, 1, 1}, 1, "more than 64 values; split the case"},
        {{10, 10, 10}, 3, ""},
        {{10, 10, 11}, 3, "more than 1000 rows in the matrix; split the case"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[2048] = "#!dlg 1\n";
        struct pq_dlg d;
        for (size_t a = 0; a < cases[i].axes; a++) {
            (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "matrix: a%zu = ", a);
            for (size_t v = 0; v < cases[i].values[a]; v++)
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%zu",
                               v > 0 ? ", " : "", v);
            (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "\n");
        }
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "---\n");
        enum pq_status status = parse(&d, pq_slice_text(text));
        assert_string_equal(status == PQ_STATUS_OK ? "" : d.problems.at[0].text, cases[i].problem);
        pq_dlg_free(&d);
    }
    assert_non_null(strstr(repeat_body("#!dlg 1\n", "matrix: a = 1\n", 2, "---\n"),
                           "stands twice; give one another name"));
}

/* Expressions of fixtures share one budget, so that a small file cannot ask for hours of work. */
static void test_fixtures_share_a_budget(void **state)
{
    (void)state;
    const char *line = "|! {= head(repeat(\"x\", 1048576), 0)}\n";
    const char *head = "#!dlg 1\nid: x\n---\n[message a]\n";
    assert_string_equal(repeat_body(head, line, 15, ""), "");
    assert_non_null(strstr(repeat_body(head, line, 17, ""), "constant octets only"));
}

/* ---- hostile input --------------------------------------------------------------------------- */

static void test_examples_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        struct pq_bytes b;
        struct pq_dlg d;
        if (parse(&d, read_example(i, &b)) != PQ_STATUS_OK)
            fail_msg("%s: %s", example_names[i], problems_text(&d.problems));
        pq_dlg_free(&d);
        pq_bytes_free(&b);
    }
}

/* Invariant: the end of a file can come anywhere, and the parser says so or has a whole tree. */
static void test_every_prefix_of_every_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        struct pq_bytes b;
        struct pq_slice all = read_example(i, &b);
        for (size_t n = 0; n < all.len; n++) {
            struct pq_dlg d;
            enum pq_status status = parse(&d, pq_slice_first(all, n));
            assert_true(status == PQ_STATUS_OK || status == PQ_STATUS_SYNTAX);
            assert_int_equal(status == PQ_STATUS_OK, d.problems.errors == 0);
            pq_dlg_free(&d);
        }
        pq_bytes_free(&b);
    }
}

static void check_problem_places(const struct pq_dlg *d, struct pq_slice text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.at[i] == '\n' ? 1 : 0;
    for (size_t i = 0; i < d->problems.count; i++) {
        const struct pq_dlg_problem *p = &d->problems.at[i];
        assert_true(p->at.line <= lines && p->at.column >= 1 && p->at.column <= text.len + 1);
        for (const char *c = p->text; *c; c++)
            assert_true(*c >= ' ' && *c != 0x7F);
    }
}

/* Invariant: whatever the octets, parsing ends without a fault and every problem is one clean line
 * at a place of the file. */
static void test_mutated_examples(void **state)
{
    (void)state;
    struct pq_rand r;
    pq_rand_init(&r, 42);
    for (size_t n = 0; n < 4000; n++) {
        struct pq_bytes b;
        struct pq_dlg d;
        (void)read_example(n % EXAMPLES, &b);
        mutate(&r, &b);
        enum pq_status status = parse(&d, pq_bytes_slice(&b));
        assert_true(status == PQ_STATUS_OK || status == PQ_STATUS_SYNTAX);
        check_problem_places(&d, pq_bytes_slice(&b));
        pq_dlg_free(&d);
        pq_bytes_free(&b);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

struct nth_fault {
    size_t calls, fail_at;
};

static void *fault_resize(void *ctx, void *old, size_t size)
{
    struct nth_fault *f = ctx;
    if (size > 0 && ++f->calls >= f->fail_at)
        return NULL;
    struct pq_alloc real = pq_alloc_default();
    return real.resize(real.ctx, old, size);
}

static void test_memory_faults(void **state)
{
    (void)state;
    struct pq_slice text = PQ_SLICE("#!dlg 1\nid: x\n---\n[message a]\n| {= repeat(\"x\", 20000)}\n"
                                    "[test]\n@on C~ (a(b)+)*c  # x\n  S: {= b64(user)}\n@end\n");
    size_t faults = 0;
    for (;; faults++) {
        struct nth_fault f = {.fail_at = faults + 1};
        struct pq_dlg d;
        enum pq_status status = pq_dlg_parse(&d, text, (struct pq_alloc){fault_resize, &f});
        pq_dlg_free(&d);
        if (status == PQ_STATUS_OK)
            break;
        assert_true(status == PQ_STATUS_NO_MEMORY || d.problems.errors > 0);
    }
    assert_in_range(faults, 4, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems_of_files),
        cmocka_unit_test(test_problems_of_lines),
        cmocka_unit_test(test_problems_are_counted_and_cut),
        cmocka_unit_test(test_header_is_decoded),
        cmocka_unit_test(test_defaults_of_the_header),
        cmocka_unit_test(test_payloads_become_parts),
        cmocka_unit_test(test_comments_and_blanks_in_payloads),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_parameters_of_directives),
        cmocka_unit_test(test_blocks_and_requirements),
        cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limits_of_the_matrix),
        cmocka_unit_test(test_fixtures_share_a_budget),
        cmocka_unit_test(test_examples_parse),
        cmocka_unit_test(test_every_prefix_of_every_example),
        cmocka_unit_test(test_mutated_examples),
        cmocka_unit_test(test_memory_faults),
    };
    return cmocka_run_group_tests_name("dlg_parse", tests, NULL, NULL);
}
