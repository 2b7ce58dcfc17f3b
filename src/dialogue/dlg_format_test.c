/* SPDX-License-Identifier: Apache-2.0
 * Trees as text: one spelling, stable, and the rows of a matrix as files of their own. */
#define _DEFAULT_SOURCE
#include "dialogue/testing.h"

#include "dialogue/explain.h"
#include "dialogue/format.h"

#define HEAD "#!dlg 1\nid:     x\n---\n"

/* Formats `text`, or for `expand` writes row `row`. Empty when the text has a problem. */
static bool format(struct pq_slice text, bool expand, size_t row, struct pq_bytes *out)
{
    struct pq_dlg d;
    pq_bytes_clear(out);
    bool good = pq_dlg_parse(&d, guard_slice(text), pq_alloc_default()) == PQ_STATUS_OK;
    if (good)
        assert_int_equal(expand ? pq_dlg_expand(&d, row, out) : pq_dlg_format(&d, out),
                         PQ_STATUS_OK);
    pq_dlg_free(&d);
    return good;
}

static void check_text(const struct pq_bytes *got, const char *shown, const char *want)
{
    if (!pq_slice_equal(pq_bytes_slice(got), pq_slice_text(want)))
        fail_msg("%s\n got: %.*s\nwant: %s", shown, (int)got->len, (const char *)got->at, want);
}

/* ---- spelling -------------------------------------------------------------------------------- */

static const struct format_case {
    const char *body, *canonical;
} format_cases[] = {
    {"[test]\nC: a", "[test]\nC: a\n"},
    {"[test]  # c \nC:   a\\x20 b\\x41\\x00\\x0d\\x7f\n",
     "[test]                    # c\nC:   a  bA\\0\\r\\x7F\n"},
    {"[test]\nC: a\\s\nC: a\\sb\nC: \\s\n", "[test]\nC: a\\s\nC: a b\nC: \\s\n"},
    {"[test]\nC: a \\s#\nC: \\s#\nC: a #\nC: a\\x20\\x20\\x20#\n",
     "[test]\nC: a \\s#\nC: \\s#\nC: a #\nC: a  \\s#\n"},
    {"[test]\nC:\nC: \nC! \nS|\n", "[test]\nC:\nC:\nC!\nS|\n"},
    {"[test]\nC1: a\nS2! b\\|c\n", "[test]\nC: a\nS2! b\\|c\n"},
    {"[test]\nS: {n:int} {m}{:uid}{=1+  2}{m[1].size}{*?}\nS: a{*}\n",
     "[test]\nS: {n:int} {m}{:uid}{= 1 + 2}{= m[1].size}{*?}\nS: a{*}\n"},
    {"[test]\nS*   \nS* 3..3\nS* 1..2   # c\nS.   # c\n",
     "[test]\nS*\nS* 3\nS* 1..2                   # c\nS.                        # c\n"},
    {"[test]\nS~ \\+OK {2}  # c\n", "[test]\nS~ \\+OK {2}               # c\n"},
    {"[test]\nC: a# b    # c\n", "[test]\nC: a# b                   # c\n"},
    /* The comment of a long line. */
    {"[test]\nC: 012345678901234567890123456  # c\n",
     "[test]\nC: 012345678901234567890123456  # c\n"},
    /* parameters in the order of the table, times and shares in one form */
    {"[test]\n@tls verify=yes max=tls1.3 2 -> r\n", "[test]\n@tls 2 -> r max=tls1.3 verify=yes\n"},
    {"[test]\n@wait 60s\n@wait 1000ms\n@wait 1500ms\n@wait 90s\n",
     "[test]\n@wait 1m\n@wait 1s\n@wait 1500ms\n@wait 90s\n"},
    {"[test]\n@fault a p=0.500\n@fault a p=1.0\n@fault a p=0\n@fault a p=0.000001\n",
     "[test]\n@fault a p=0.5\n@fault a p=1\n@fault a p=0\n@fault a p=0.000001\n"},
    {"[test]\n@fault a(b = c)\n", NULL},
    {"[test]\n@fault a( b=c,d,e=\"x\",f=\"x y\" )\n", "[test]\n@fault a(b=c, d, e=x, f=\"x y\")\n"},
    {"[test]\n@capa : A   B(C,D)\n", "[test]\n@capa : A B(C, D)\n"},
    {"[test]\n@fail  \"\xC3\xA9 \\\"x\\\"\"\n", "[test]\n@fail \"\xC3\xA9 \\\"x\\\"\"\n"},
    {"[test]\n@connect tls   2\n", "[test]\n@connect 2 tls\n"},
    {"[test]\n@connect 2   tls\n", "[test]\n@connect 2 tls\n"},
    {"[test]\n@never C: QUIT    fail \"x\"\n", "[test]\n@never C: QUIT  fail \"x\"\n"},
    {"[test]\n@{how}   2\n@segment {cut}\n", "[test]\n@{how} 2\n@segment {cut}\n"},
    /* blocks, blank lines and comments */
    {"[test]\n\n\nC: a\n\n\n\nC: b\n\n\n[after]\n\nC: c\n\n",
     "[test]\nC: a\n\nC: b\n\n[after]\nC: c\n"},
    {"\n[given]\n[test]\n", "[given]\n\n[test]\n"},
    {"[test]\n@if a == 1  # i\n\n# c\nC: a\n\n@else  # e\n\nC: b\n@end   # x\nC: d\n",
     "[test]\n@if a == 1                # i\n  # c\n  C: a\n@else                     # e\n  C: "
     "b\n@end                      # x\nC: d\n"},
    {"[test]\n@if 1 == 1\n@else\n@end\n", "[test]\n@if 1 == 1\n@else\n@end\n"},
    {"[test]\n@if 1 == 1\n@end\n", "[test]\n@if 1 == 1\n@end\n"},
    {"[test]\n@match timeout=1s\n# m\n@case a pass\nS: a\n\n@case b fail \"x\"\n@if 1 == "
     "1\nC: a\n@else\nC: b\n@end\n@end\n",
     NULL},
    {"[test]\n@match timeout=1s\n# m\n@case a pass\nS: a\n\n@case b fail \"x\"\nS: b\n@if 1 == "
     "1\nC: a\n@else\nC: b\n@end\n@end\n",
     "[test]\n@match timeout=1s\n# m\n@case a pass\n  S: a\n\n@case b fail \"x\"\n  S: b\n  @if 1 "
     "== 1\n    C: a\n  @else\n    C: b\n  @end\n@end\n"},
    {"[test]\n@race\n@batch\nC: a\n@end\n@end\n",
     "[test]\n@race\n  @batch\n    C: a\n  @end\n@end\n"},
    {"[message a]\n| x\\s\n|   # y\n|! {= \"a\"+\"b\"}\\n\n|\n\n[test]\n",
     "[message a]\n| x\\s\n|   # y\n|! {= \"a\" + \"b\"}\\n\n|\n\n[test]\n"},
};

static void test_one_spelling(void **state)
{
    (void)state;
    struct pq_bytes out, again;
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    pq_bytes_init(&again, pq_alloc_default(), 1u << 16);
    for (size_t i = 0; i < sizeof(format_cases) / sizeof(format_cases[0]); i++) {
        const struct format_case *c = &format_cases[i];
        char text[2048], want[2048];
        (void)snprintf(text, sizeof(text), HEAD "%s", c->body);
        (void)snprintf(want, sizeof(want), HEAD "%s", c->canonical ? c->canonical : "");
        if (!format(pq_slice_text(text), false, 0, &out) || !c->canonical) {
            assert_true(!c->canonical && out.len == 0);
            continue;
        }
        check_text(&out, c->body, want);
        assert_true(format(pq_bytes_slice(&out), false, 0, &again));
        check_text(&again, c->body, want);
    }
    pq_bytes_free(&out);
    pq_bytes_free(&again);
}

static void test_headers(void **state)
{
    (void)state;
    struct pq_bytes out;
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    assert_true(format(PQ_SLICE("#!dlg 1  # f\n# c\n\n\nid:  x    # i\ntimeout:   2000ms\n"
                                "needs: capa( SASL , PLAIN )  messages>=3\ntags:  a   b\n"
                                "matrix: a=1,lf:\"\\x0a\" , b:\"b\"\n---\n\n"),
                       false, 0, &out));
    check_text(&out, "header",
               "#!dlg 1                   # f\n# c\n\nid:      x                # i\ntimeout: "
               "2s\nneeds:   capa(SASL,PLAIN) messages>=3\ntags:    a b\nmatrix:  a = 1, "
               "lf:\"\\n\", b:\"b\"\n---\n");
    pq_bytes_free(&out);
}

/* ---- stability ------------------------------------------------------------------------------- */

static void test_examples_are_canonical(void **state)
{
    (void)state;
    struct pq_bytes b, out;
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    for (size_t i = 0; i < EXAMPLES; i++) {
        struct pq_slice text = read_example(PQ_TESTDATA, i, &b);
        assert_true(format(text, false, 0, &out));
        if (!pq_slice_equal(text, pq_bytes_slice(&out)))
            fail_msg("%s is not canonical", example_names[i]);
        pq_bytes_free(&b);
    }
    pq_bytes_free(&out);
}

/* Whether `text` can be read and written, as `out`; what was written must then be read and written
 * as it is. */
static bool format_is_stable(struct pq_slice text, struct pq_bytes *out, struct pq_bytes *again)
{
    if (!format(text, false, 0, out))
        return false;
    if (!format(pq_bytes_slice(out), false, 0, again))
        fail_msg("cannot be read again:\n%.*s", (int)out->len, (const char *)out->at);
    if (!pq_slice_equal(pq_bytes_slice(out), pq_bytes_slice(again)))
        fail_msg("not stable:\n%.*s\n%.*s", (int)out->len, (const char *)out->at, (int)again->len,
                 (const char *)again->at);
    return true;
}

/* Invariant: what can be read can be written, can be read again, and is then written the same way.
 */
static void test_formatting_is_stable(void **state)
{
    (void)state;
    struct pq_rand r;
    struct pq_bytes b, out, again;
    size_t formatted = 0;
    pq_rand_init(&r, 11);
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    pq_bytes_init(&again, pq_alloc_default(), 1u << 16);
    for (size_t n = 0; n < 6000; n++) {
        (void)read_example(PQ_TESTDATA, n % EXAMPLES, &b);
        mutate(&r, &b);
        formatted += format_is_stable(pq_bytes_slice(&b), &out, &again);
        pq_bytes_free(&b);
    }
    assert_true(formatted > 300);
    pq_bytes_free(&out);
    pq_bytes_free(&again);
}

static void test_a_full_buffer(void **state)
{
    (void)state;
    struct pq_bytes b, out;
    struct pq_dlg d;
    size_t whole = 0;
    struct pq_slice text = read_example(PQ_TESTDATA, 2, &b);
    assert_int_equal(pq_dlg_parse(&d, text, pq_alloc_default()), PQ_STATUS_OK);
    for (size_t room = 1; room <= text.len; room++) {
        pq_bytes_init(&out, pq_alloc_default(), room);
        whole += pq_dlg_format(&d, &out) == PQ_STATUS_OK ? 1 : 0;
        pq_bytes_free(&out);
    }
    assert_int_equal(whole, 1);
    pq_dlg_free(&d);
    pq_bytes_free(&b);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void test_rows(void **state)
{
    (void)state;
    struct pq_bytes out;
    struct pq_slice text = PQ_SLICE("#!dlg 1\n"
                                    "id:     x\n"
                                    "matrix: how = drop, close\n"
                                    "matrix: n = 1, bad:\"a \\n#\", 2\n"
                                    "---\n"
                                    "[test]\n"
                                    "@{how} 2\n"
                                    "C: RETR  {n}\n"
                                    "C: {= b64(\"x\") + n} {how} {m[3].size}\n"
                                    "S: {n:int} {n}{*?}\n");
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    assert_true(format(text, true, 0, &out));
    check_text(&out, "row 0",
               "#!dlg 1\nid:     x[how=drop,n=1]\n\n\n---\n[test]\n@drop 2\nC: RETR  1\nC: {= "
               "b64(\"x\") + 1} drop {= m[3].size}\nS: 1 1{*?}\n");
    assert_true(format(text, true, 4, &out));
    check_text(&out, "row 4",
               "#!dlg 1\nid:     x[how=close,n=bad]\n\n\n---\n[test]\n@close 2\nC: RETR  a "
               "\\n#\nC: {= b64(\"x\") + \"a \\n#\"} close {= m[3].size}\nS: a \\n# a \\n#{*?}\n");
    assert_true(format(text, true, 5, &out));
    assert_true(
        pq_slice_starts(pq_bytes_slice(&out), PQ_SLICE("#!dlg 1\nid:     x[how=close,n=2]\n")));
    pq_bytes_free(&out);
}

/* The line of the n-th step or directive, or 0 behind the last. */
static uint32_t line_of(const struct pq_dlg *d, size_t n)
{
    const struct pq_dlg_section *const order[] = {d->given, d->test, d->after};
    for (size_t s = 0; s < 3; s++)
        for (const struct pq_dlg_item *i = order[s] ? order[s]->items : NULL; i;
             i = pq_dlg_item_after(i))
            if ((i->kind == PQ_DLG_ITEM_STEP || i->kind == PQ_DLG_ITEM_DIRECTIVE) && n-- == 0)
                return i->at.line;
    return 0;
}

/* Invariant: a row has its steps in the lines where the file has them, so that one number serves
 * the file, the runner and the player. */
static void test_a_row_keeps_its_lines(void **state)
{
    (void)state;
    struct pq_rand r;
    struct pq_bytes b, out;
    size_t compared = 0;
    pq_rand_init(&r, 12);
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    for (size_t n = 0; n < 2000; n++) {
        struct pq_dlg d, row;
        (void)read_example(PQ_TESTDATA, n % EXAMPLES, &b);
        if (n >= EXAMPLES)
            mutate(&r, &b);
        if (format(pq_bytes_slice(&b), true, 0, &out)) {
            assert_int_equal(pq_dlg_parse(&d, pq_bytes_slice(&b), pq_alloc_default()),
                             PQ_STATUS_OK);
            if (pq_dlg_parse(&row, pq_bytes_slice(&out), pq_alloc_default()) == PQ_STATUS_OK)
                for (size_t i = 0; i == 0 || line_of(&d, i) != 0; i++, compared++)
                    assert_int_equal(line_of(&d, i), line_of(&row, i));
            pq_dlg_free(&row);
            pq_dlg_free(&d);
        }
        pq_bytes_free(&b);
    }
    assert_true(compared > 1000);
    pq_bytes_free(&out);
}

/* A value that would become a comment, or be lost at the end, stays what it is. */
static void test_filled_values_keep_their_octets(void **state)
{
    (void)state;
    struct pq_bytes out;
    struct pq_dlg d;
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    assert_true(format(PQ_SLICE("#!dlg 1\nid: x\nmatrix: v = a:\" # \"\n---\n[test]\n"
                                "C: x {v}\nC: {v}\n"),
                       true, 0, &out));
    assert_int_equal(pq_dlg_parse(&d, pq_bytes_slice(&out), pq_alloc_default()), PQ_STATUS_OK);
    const struct pq_dlg_item *item = d.test->items;
    assert_true(pq_slice_equal(item->step.parts->octets, PQ_SLICE("x  # ")));
    assert_true(pq_slice_equal(item->next->step.parts->octets, PQ_SLICE(" # ")));
    pq_dlg_free(&d);
    pq_bytes_free(&out);
}

static void test_order_of_rows(void **state)
{
    (void)state;
    struct pq_dlg d;
    assert_int_equal(pq_dlg_parse(&d,
                                  PQ_SLICE("#!dlg 1\nmatrix: a = x, y\nmatrix: b = 1, 2, 3\n---\n"),
                                  pq_alloc_default()),
                     PQ_STATUS_OK);
    assert_int_equal(d.rows, 6);
    for (size_t row = 0; row < d.rows; row++) {
        assert_int_equal(pq_dlg_row_value(&d, row, 0), row / 3);
        assert_int_equal(pq_dlg_row_value(&d, row, 1), row % 3);
    }
    pq_dlg_free(&d);
}

/* ---- for people and programs ----------------------------------------------------------------- */

static void test_explaining(void **state)
{
    (void)state;
    struct pq_bytes out;
    struct pq_dlg d;
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    assert_int_equal(
        pq_dlg_parse(&d,
                     PQ_SLICE("#!dlg 1\nid: x\n---\n[message a]\n| b\n[test]\nC2: A {b}\\|\\n\n"
                              "S: {:int} {n:uid}{*?}\nS* 1..2\nS.\n@if 1 == 1\n  @wait 2s\n@end\n"),
                     pq_alloc_default()),
        PQ_STATUS_OK);
    assert_int_equal(pq_dlg_explain(&d, &out), PQ_STATUS_OK);
    check_text(
        &out, "explain",
        "id: x (the name of the case, for ever)\n"
        "\n"
        "The message a has 3 octets.\n"
        "\n"
        "Test:\n"
        "7     The client sends the line: \"A \", the value of b, (here one write ends), \"\\n\", "
        "on "
        "connection 2.\n"
        "8     The server sends the line: a value of type int, \" \", a value of type uid (n), "
        "perhaps a blank and any text.\n"
        "9     The server sends inside a multi-line reply, 1 to 2 lines.\n"
        "10    The server sends the end of the multi-line reply.\n"
        "11    @if 1 == 1: what is inside is for EXPR being true.\n"
        "12      @wait 2s: a pause.\n");
    pq_dlg_free(&d);
    pq_bytes_free(&out);
}

static void test_describing(void **state)
{
    (void)state;
    struct pq_bytes out;
    struct pq_dlg d;
    pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
    assert_int_equal(
        pq_dlg_parse(&d,
                     PQ_SLICE("#!dlg 1\nid: x\ntitle: T \"q\"\nreq: RFC1939-6-002\n"
                              "needs: capa(SASL,PLAIN) messages>=2 deliver\nmatrix: a = l:\"\\0\"\n"
                              "mailbox: m\ntimeout: 2s\n---\n"
                              "[message m]\n|! a\\0\n[test]\nC: {a}\n@req RFC1939-6-003 MAY\n"
                              "@match\n@case n warn \"w\"\n  S: x\n@end\n"),
                     pq_alloc_default()),
        PQ_STATUS_OK);
    assert_int_equal(pq_dlg_describe(&d, "f.dlg", &out), PQ_STATUS_OK);
    check_text(
        &out, "describe",
        "{\"file\":\"f.dlg\",\"id\":\"x[a=l]\",\"case\":\"x\",\"title\":\"T \\\"q\\\"\",\"kind\":"
        "\"case\",\"rev\":1,\"req\":[\"RFC1939-6-002\"],\"needs\":[{\"name\":\"capa\",\"args\":["
        "\"SASL\",\"PLAIN\"]},{\"name\":\"messages\",\"least\":2},{\"name\":\"deliver\"}],"
        "\"state\":null,\"roles\":[\"client\"],\"tags\":[],\"timeout_ms\":2000,\"matrix\":{\"a\":["
        "\"l\"]},\"row\":{\"a\":\"l\"},\"row_index\":0,\"mailbox\":[\"m\"],\"messages\":[{"
        "\"name\":\"m\",\"octets\":2,\"base64\":\"YQA=\"}],\"sections\":[\"test\"],\"branches\":[{"
        "\"name\":\"n\",\"verdict\":\"warn\",\"why\":\"w\",\"line\":16}],\"steps\":[{\"line\":13,"
        "\"req\":[\"RFC1939-6-002\"]},{\"line\":15,\"level\":\"MAY\",\"req\":[\"RFC1939-6-003\"]},"
        "{\"line\":16,\"level\":\"MAY\",\"req\":[\"RFC1939-6-003\"]},{\"line\":17,\"level\":"
        "\"MAY\",\"req\":[\"RFC1939-6-003\"]}]}\n");
    pq_dlg_free(&d);
    pq_bytes_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_spelling),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_examples_are_canonical),
        cmocka_unit_test(test_formatting_is_stable),
        cmocka_unit_test(test_a_full_buffer),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_a_row_keeps_its_lines),
        cmocka_unit_test(test_filled_values_keep_their_octets),
        cmocka_unit_test(test_order_of_rows),
        cmocka_unit_test(test_explaining),
        cmocka_unit_test(test_describing),
    };
    return cmocka_run_group_tests_name("dlg_format", tests, NULL, NULL);
}
