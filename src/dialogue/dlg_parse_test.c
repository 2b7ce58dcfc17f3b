/* SPDX-License-Identifier: Apache-2.0
 * What the parser makes of a file, and that it survives everything else. */
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
                                    "req:     RFC1939-6-002   RFC2449-6.6-001 RFC8314-A-001\n"
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
    assert_true(pq_slice_equal(d.req->next->next->text, PQ_SLICE("RFC8314-A-001")));
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
    assert_string_equal(repeat_body("#!dlg 1\n---\n[message a]\n", "|\n", 524000, ""),
                        "the file needs too much memory; split it");
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
        if (parse(&d, read_example(PQ_TESTDATA, i, &b)) != PQ_STATUS_OK)
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
        struct pq_slice all = read_example(PQ_TESTDATA, i, &b);
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
    for (size_t n = 0; n < 2000; n++) {
        struct pq_bytes b;
        struct pq_dlg d;
        (void)read_example(PQ_TESTDATA, n % EXAMPLES, &b);
        mutate(&r, &b);
        enum pq_status status = parse(&d, pq_bytes_slice(&b));
        assert_true(status == PQ_STATUS_OK || status == PQ_STATUS_SYNTAX);
        check_problem_places(&d, pq_bytes_slice(&b));
        pq_dlg_free(&d);
        pq_bytes_free(&b);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void test_memory_faults(void **state)
{
    (void)state;
    struct pq_slice text = PQ_SLICE("#!dlg 1\nid: x\n---\n[message a]\n| {= repeat(\"x\", 20000)}\n"
                                    "[test]\n@on C~ (a(b)+)*c  # x\n  S: {= b64(user)}\n@end\n");
    size_t faults = 0;
    for (;; faults++) {
        struct nth_fault f = {.fail_at = faults + 1, .lasts = true};
        struct pq_dlg d;
        enum pq_status status = pq_dlg_parse(&d, text, fault_alloc_pieces(&f));
        pq_dlg_free(&d);
        assert_int_equal(f.live, 0);
        if (status == PQ_STATUS_OK)
            break;
        assert_int_equal(status, PQ_STATUS_NO_MEMORY);
    }
    assert_in_range(faults, 20, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
