/* SPDX-License-Identifier: Apache-2.0
 * Lines against steps, and steps as octets: both directions of the same table. */
#define _DEFAULT_SOURCE
#include "dialogue/testing.h"

#include "dialogue/seed.h"
#include "dialogue/template.h"

/* ---- an environment -------------------------------------------------------------------------- */

static bool test_name(void *ctx, struct pq_slice name, struct pq_value *out)
{
    (void)ctx;
    *out = pq_value_int(2);
    if (pq_slice_equal(name, PQ_SLICE("two")))
        return true;
    *out = pq_value_octets(PQ_SLICE("x y"));
    if (pq_slice_equal(name, PQ_SLICE("bound")))
        return true;
    *out = pq_value_list(NULL, 0);
    if (pq_slice_equal(name, PQ_SLICE("list")))
        return true;
    *out = pq_value_octets(PQ_SLICE("hush"));
    out->secret = true;
    return pq_slice_equal(name, PQ_SLICE("pw"));
}

static enum pq_status test_message(void *ctx, int64_t number, struct pq_slice field,
                                   struct pq_value *out)
{
    (void)ctx;
    (void)field;
    *out = pq_value_int(number * 100);
    return number < 5 ? PQ_STATUS_OK : PQ_STATUS_STATE;
}

struct stage {
    struct pq_dlg d;
    struct pq_arena scratch;
    struct pq_env env;
};

/* Reads one step. */
static const struct pq_dlg_step *stage_open(struct stage *s, const char *step)
{
    char text[512];
    (void)snprintf(text, sizeof(text), "#!dlg 1\n---\n[test]\n%s\n", step);
    if (pq_dlg_parse(&s->d, pq_slice_text(text), pq_alloc_default()) != PQ_STATUS_OK)
        fail_msg("%s: %s", step, problems_text(&s->d.problems));
    pq_arena_init(&s->scratch, pq_alloc_default(), PQ_EXPR_SCRATCH_MAX);
    s->env = (struct pq_env){.name = test_name, .message = test_message, .scratch = &s->scratch};
    struct pq_dlg_item *item = pq_dlg_item_active(s->d.test->items);
    while (item->kind != PQ_DLG_ITEM_STEP)
        item = item->next;
    return &item->step;
}

static void stage_close(struct stage *s)
{
    pq_arena_free(&s->scratch);
    pq_dlg_free(&s->d);
}

/* ---- matching -------------------------------------------------------------------------------- */

/* Captures as "name=value;" behind "yes ", or the reason behind "no " or "error ". */
static void show_match(const struct pq_match *m, struct event_log *log)
{
    static const char *const outcomes[] = {"yes", "no", "error"};
    log->len = 0;
    log_text(log, outcomes[m->outcome]);
    log_text(log, " ");
    log_text(log, m->why);
    for (size_t i = 0; i < m->count; i++) {
        struct pq_bytes value;
        pq_bytes_init(&value, pq_alloc_default(), 1000);
        assert_int_equal(pq_value_show(&m->captures[i].value, 100, &value), PQ_STATUS_OK);
        log_octets(log, m->captures[i].name);
        log_text(log, "=");
        assert_int_equal(pq_bytes_put(&value, pq_slice_of(";", 2)), PQ_STATUS_OK);
        log_text(log, (const char *)value.at);
        pq_bytes_free(&value);
    }
}

static const struct match_case {
    const char *step;
    struct pq_slice line;
    const char *result;
} match_cases[] = {
    /* literal octets */
    {"S: +OK", PQ_SLICE_INIT("+OK"), "yes "},
    {"S: +OK", PQ_SLICE_INIT("+ok"), "no at octet 2: expected \"+OK\", got \"+ok\""},
    {"S: +OK", PQ_SLICE_INIT("+O"), "no at octet 3: expected \"+OK\", got \"+O\""},
    {"S: +OK", PQ_SLICE_INIT(""), "no at octet 1: expected \"+OK\", got the end of the line"},
    {"S: +OK", PQ_SLICE_INIT("+OK "), "no at octet 4: expected the end of the line, got \" \""},
    {"S: a\\|b", PQ_SLICE_INIT("ab"), "yes "},
    {"S: \\0\\xFF", PQ_SLICE_INIT("\0\xff"), "yes "},
    {"S:", PQ_SLICE_INIT(""), "yes "},
    {"S:", PQ_SLICE_INIT("\n"), "no at octet 1: expected the end of the line, got \"\\x0a\""},
    /* rest */
    {"S: +OK{*?}", PQ_SLICE_INIT("+OK"), "yes "},
    {"S: +OK{*?}", PQ_SLICE_INIT("+OK "), "yes "},
    {"S: +OK{*?}", PQ_SLICE_INIT("+OK a b"), "yes "},
    {"S: +OK{*?}", PQ_SLICE_INIT("+OKAY"),
     "no at octet 4: expected a blank or the end of the line, got \"AY\""},
    {"S: +OK{*}", PQ_SLICE_INIT("+OK a"), "yes "},
    {"S: +OK{*}", PQ_SLICE_INIT("+OK"), "no at octet 4: expected a blank, got the end of the line"},
    {"S: {:rest}", PQ_SLICE_INIT(""), "yes "},
    {"S: {a:rest}", PQ_SLICE_INIT("x y"), "yes a=\"x y\";"},
    /* int and octets */
    {"S: +OK {n:int} {s:octets}{*?}", PQ_SLICE_INIT("+OK 2 320 x"), "yes n=2;s=320;"},
    {"S: {n:int}", PQ_SLICE_INIT("0"), "yes n=0;"},
    {"S: {n:int}", PQ_SLICE_INIT("9223372036854775807"), "yes n=9223372036854775807;"},
    {"S: {n:int}", PQ_SLICE_INIT("9223372036854775808"),
     "no at octet 1: expected a value of type \"int\", got \"9223372036854775808\""},
    {"S: {n:int}", PQ_SLICE_INIT("02"),
     "no at octet 1: expected a value of type \"int\", got "
     "\"02\""},
    {"S: {n:int}", PQ_SLICE_INIT("-1"),
     "no at octet 1: expected a value of type \"int\", got "
     "\"-1\""},
    {"S: {n:int}x", PQ_SLICE_INIT("1x"), "yes n=1;"},
    {"S: {:int}", PQ_SLICE_INIT("1 "), "no at octet 2: expected the end of the line, got \" \""},
    /* status */
    {"S: {:status}{*?}", PQ_SLICE_INIT("-ERR x"), "yes "},
    {"S: {s:status}{*?}", PQ_SLICE_INIT("+OK"), "yes s=\"+OK\";"},
    {"S: {:status}", PQ_SLICE_INIT("-OK"),
     "no at octet 1: expected a value of type \"status\", "
     "got \"-OK\""},
    /* uid: 69, 70, 71 octets are in a test of their own */
    {"S: {u:uid}", PQ_SLICE_INIT("!~"), "yes u=\"!~\";"},
    {"S: {u:uid}", PQ_SLICE_INIT(""),
     "no at octet 1: expected a value of type \"uid\", got the "
     "end of the line"},
    {"S: {u:uid}", PQ_SLICE_INIT("a b"),
     "no at octet 2: expected the end of the line, got "
     "\" b\""},
    {"S: {u:uid}", PQ_SLICE_INIT("a\x7f"),
     "no at octet 2: expected the end of the line, got "
     "\"\\x7f\""},
    /* msgid */
    {"S: +OK {t:msgid}", PQ_SLICE_INIT("+OK <1.2@h>"), "yes t=\"<1.2@h>\";"},
    {"S: {t:msgid}{*?}", PQ_SLICE_INIT("<a@b> c"), "yes t=\"<a@b>\";"},
    {"S: {t:msgid}", PQ_SLICE_INIT("<ab>"),
     "no at octet 1: expected a value of type \"msgid\", "
     "got \"<ab>\""},
    {"S: {t:msgid}", PQ_SLICE_INIT("<a@b@c>"),
     "no at octet 1: expected a value of type "
     "\"msgid\", got \"<a@b@c>\""},
    {"S: {t:msgid}", PQ_SLICE_INIT("<a b@c>"),
     "no at octet 1: expected a value of type "
     "\"msgid\", got \"<a b@c>\""},
    {"S: {t:msgid}", PQ_SLICE_INIT("<a@<b>"),
     "no at octet 1: expected a value of type \"msgid\", "
     "got \"<a@<b>\""},
    {"S: {t:msgid}", PQ_SLICE_INIT("<a@b"),
     "no at octet 1: expected a value of type \"msgid\", "
     "got \"<a@b\""},
    {"S: {t:msgid}", PQ_SLICE_INIT("<@>"),
     "no at octet 1: expected a value of type \"msgid\", "
     "got \"<@>\""},
    /* b64 */
    {"S: + {c:b64}", PQ_SLICE_INIT("+ "), "yes c=\"\";"},
    {"S: + {c:b64}", PQ_SLICE_INIT("+ Zg=="), "yes c=\"Zg==\";"},
    {"S: + {c:b64}", PQ_SLICE_INIT("+ Zg="),
     "no at octet 3: expected a value of type \"b64\", "
     "got \"Zg=\""},
    {"S: + {c:b64}", PQ_SLICE_INIT("+ Zh=="),
     "no at octet 3: expected a value of type \"b64\", "
     "got \"Zh==\""},
    {"S: + {c:b64}", PQ_SLICE_INIT("+ Zg== "),
     "no at octet 7: expected the end of the line, got "
     "\" \""},
    /* hex32 */
    {"C: APOP u {d:hex32}", PQ_SLICE_INIT("APOP u 0123456789abcdef0123456789abcdef"),
     "yes d=\"0123456789abcdef0123456789abcdef\";"},
    {"C: {d:hex32}", PQ_SLICE_INIT("0123456789abcdef0123456789abcde"),
     "no at octet 1: expected a value of type \"hex32\", got \"0123456789abcdef0123456789abcde\""},
    {"C: {d:hex32}", PQ_SLICE_INIT("0123456789ABCDEF0123456789abcdef"),
     "no at octet 1: expected a value of type \"hex32\", got "
     "\"0123456789ABCDEF0123456789abcdef\""},
    /* rcode */
    {"S: -ERR {c:rcode}{*?}", PQ_SLICE_INIT("-ERR [IN-USE] x"), "yes c=\"[IN-USE]\";"},
    {"S: -ERR {c:rcode}{*?}", PQ_SLICE_INIT("-ERR [SYS/TEMP]"), "yes c=\"[SYS/TEMP]\";"},
    {"S: {c:rcode}", PQ_SLICE_INIT("[]"),
     "no at octet 1: expected a value of type \"rcode\", got "
     "\"[]\""},
    {"S: {c:rcode}", PQ_SLICE_INIT("[A/]"),
     "no at octet 1: expected a value of type \"rcode\", "
     "got \"[A/]\""},
    {"S: {c:rcode}", PQ_SLICE_INIT("[A B]"),
     "no at octet 1: expected a value of type \"rcode\", "
     "got \"[A B]\""},
    {"S: {c:rcode}", PQ_SLICE_INIT("[A"),
     "no at octet 1: expected a value of type \"rcode\", got "
     "\"[A\""},
    /* text: up to what follows */
    {"S: {a}", PQ_SLICE_INIT("x y"), "yes a=\"x y\";"},
    {"S: {a}", PQ_SLICE_INIT(""),
     "no at octet 1: expected a value of type \"text\", got the end "
     "of the line"},
    {"S: {a} {b}", PQ_SLICE_INIT("x y z"), "yes a=\"x\";b=\"y z\";"},
    {"S: {a:text}, {b}", PQ_SLICE_INIT("x y, z"), "yes a=\"x y\";b=\"z\";"},
    {"S: {a}{*?}", PQ_SLICE_INIT("x y"), "yes a=\"x\";"},
    {"S: {a}{bound}", PQ_SLICE_INIT("qx y"), "yes a=\"q\";"},
    {"S: {a}{= \"-\" + \"-\"}b", PQ_SLICE_INIT("q---b"),
     "no at octet 4: expected \"b\", got \"-b\""},
    {"S: {a}{b}", PQ_SLICE_INIT("x y"), "yes a=\"x\";b=\" y\";"},
    {"S: {a}\\|{*?}", PQ_SLICE_INIT("x y"), "yes a=\"x\";"},
    {"S: {a},", PQ_SLICE_INIT("x"), "no at octet 2: expected \",\", got the end of the line"},
    /* bound names and expressions */
    {"S: {bound}!", PQ_SLICE_INIT("x y!"), "yes "},
    {"S: {bound}!", PQ_SLICE_INIT("x z!"),
     "no at octet 3: expected the known value \"x y\", got \"x z!\""},
    {"S: {two}", PQ_SLICE_INIT("2"), "yes "},
    {"S: {two}", PQ_SLICE_INIT("02"), "no at octet 1: expected the known value \"2\", got \"02\""},
    {"S: {two:int}", PQ_SLICE_INIT("3"),
     "no at octet 1: expected the value that is bound to \"two\", got \"3\""},
    {"S: {two:int}", PQ_SLICE_INIT("2"), "yes "},
    {"S: {a} {a}", PQ_SLICE_INIT("x x"), "yes a=\"x\";"},
    {"S: {a} {a}", PQ_SLICE_INIT("x y"),
     "no at octet 3: expected the known value \"x\", got "
     "\"y\""},
    {"S: {a:int} {= a + 1}", PQ_SLICE_INIT("1 2"), "yes a=1;"},
    {"S: {= m[2].size}", PQ_SLICE_INIT("200"), "yes "},
    {"S: {= two + 1} ok", PQ_SLICE_INIT("3 ok"), "yes "},
    {"S: {list}", PQ_SLICE_INIT("x"), "error the value is of the wrong kind: \"list\""},
    {"S: {= nobody}", PQ_SLICE_INIT("x"), "error the name has no value: \"nobody\""},
    {"S: {= m[7].size}", PQ_SLICE_INIT("x"),
     "error the store of the target cannot be looked into: \"size\""},
    /* secrets never show */
    {"C: PASS {pw}", PQ_SLICE_INIT("PASS hush"), "yes "},
    {"C: PASS {pw}", PQ_SLICE_INIT("PASS hushhush"),
     "no at octet 10: expected the end of the line, got \"hush\""},
    {"C: PASS {pw}", PQ_SLICE_INIT("PASS husk"),
     "no at octet 6: expected a secret, got something "
     "else"},
    {"C: {= b64(pw)}", PQ_SLICE_INIT("aHVzaw=="),
     "no at octet 1: expected a secret, got something "
     "else"},
    {"C: PASS {pw:text}", PQ_SLICE_INIT("PASS husk"),
     "no at octet 6: expected the value that is bound to \"pw\", got something else"},
    /* regex */
    {"S~ \\+OK( .*)?", PQ_SLICE_INIT("+OK a"), "yes "},
    {"S~ \\+OK", PQ_SLICE_INIT("+OK a"),
     "no at octet 1: expected a line that matches \"\\x5c+OK\", got \"+OK a\""},
    {"S~ (?<n>\\d+)(,(?<m>\\d+))?", PQ_SLICE_INIT("12"), "yes n=\"12\";"},
    {"S~ (?<n>\\d+)(,(?<m>\\d+))?", PQ_SLICE_INIT("12,3"), "yes m=\"3\";n=\"12\";"},
    {"S~ a.b", PQ_SLICE_INIT("a\nb"), "yes "},
    {"S~ a$", PQ_SLICE_INIT("a\n"),
     "no at octet 1: expected a line that matches \"a$\", got "
     "\"a\\x0a\""},
    {"S~ (?<two>\\d) x", PQ_SLICE_INIT("3 x"),
     "no at octet 1: expected the value that is bound to \"two\", got \"3 x\""},
    {"S~ (?<two>\\d) x", PQ_SLICE_INIT("2 x"), "yes "},
    {"S~ ()", PQ_SLICE_INIT(""), "yes "},
    {"S~ (a*)*b", PQ_SLICE_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!b"),
     "error the regex passed its limits: \"(a*)*b\""},
    /* parts of multi-line replies */
    {"S| .{a}", PQ_SLICE_INIT(".x"), "yes a=\"x\";"},
    {"S.", PQ_SLICE_INIT("."), "yes "},
    {"S.", PQ_SLICE_INIT(".."),
     "no at octet 1: expected the end of a multi-line reply, \".\", got \"..\""},
};

static void check_match(const struct match_case *c)
{
    static struct event_log log;
    struct stage s;
    struct pq_match m;
    const struct pq_dlg_step *step = stage_open(&s, c->step);
    pq_template_match(step, guard_slice(c->line), &s.env, &m);
    show_match(&m, &log);
    if (strcmp(log.text, c->result) != 0)
        fail_msg("%s\n got: %s\nwant: %s", c->step, log.text, c->result);
    stage_close(&s);
}

static void test_matching(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(match_cases) / sizeof(match_cases[0]); i++)
        check_match(&match_cases[i]);
}

static void test_uid_lengths(void **state)
{
    (void)state;
    char uid[80];
    struct stage s;
    struct pq_match m;
    const struct pq_dlg_step *step = stage_open(&s, "S: {u:uid}");
    memset(uid, 'u', sizeof(uid));
    pq_template_match(step, pq_slice_of(uid, 69), &s.env, &m);
    assert_int_equal(m.outcome, PQ_MATCH_YES);
    pq_template_match(step, pq_slice_of(uid, 70), &s.env, &m);
    assert_int_equal(m.outcome, PQ_MATCH_YES);
    pq_template_match(step, pq_slice_of(uid, 71), &s.env, &m);
    assert_int_equal(m.outcome, PQ_MATCH_NO);
    stage_close(&s);
}

static void test_a_mismatch_binds_nothing(void **state)
{
    (void)state;
    struct stage s;
    struct pq_match m;
    const struct pq_dlg_step *step = stage_open(&s, "S: {a:int} {b:int}");
    pq_template_match(step, PQ_SLICE("1 x"), &s.env, &m);
    assert_int_equal(m.outcome, PQ_MATCH_NO);
    assert_int_equal(m.count, 0);
    assert_int_equal(m.position, 2);
    stage_close(&s);
}

/* ---- sending --------------------------------------------------------------------------------- */

static const struct emit_case {
    const char *step;
    struct pq_slice writes; /* with "|" behind each */
    const char *names;      /* what became bound, or the error */
} emit_cases[] = {
    {"C: NOOP", PQ_SLICE_INIT("NOOP\r\n|"), ""},
    {"C:", PQ_SLICE_INIT("\r\n|"), ""},
    {"C! a\\|\\|b", PQ_SLICE_INIT("a||b|"), ""},
    {"C!", PQ_SLICE_INIT("|"), ""},
    {"C: A\\|B", PQ_SLICE_INIT("A|B\r\n|"), ""},
    {"C: {two} {= two + 1} {bound}{*?}", PQ_SLICE_INIT("2 3 x y\r\n|"), ""},
    {"C: {nobody}", PQ_SLICE_INIT(""), "the name has no value"},
    {"C: {n:int}", PQ_SLICE_INIT(""), "the name has no value"},
    {"C: {two:int}", PQ_SLICE_INIT("2\r\n|"), ""},
    {"C: a{*}", PQ_SLICE_INIT("a"), "the name has no value"},
    {"C: {list}", PQ_SLICE_INIT(""), "the value is of the wrong kind"},
    {"S: {:status} {n:int} {s:octets} {n}{*?}", PQ_SLICE_INIT("+OK 1 120 1\r\n|"), "n s "},
    {"S: {a} {a}{*}", PQ_SLICE_INIT("text text text\r\n|"), "a "},
    {"S: {:uid} {:msgid} {:b64} {:hex32} {:rcode} {:text} {:rest}",
     PQ_SLICE_INIT("uid-1 <1@popquiz.example> cG9wcXVpeg== d41d8cd98f00b204e9800998ecf8427e "
                   "[SYS/TEMP] text \r\n|"),
     ""},
    {"S: {n:int} {= n + 1}", PQ_SLICE_INIT("1 2\r\n|"), "n "},
    {"S! {nobody}", PQ_SLICE_INIT(""), "the name has no value"},
    {"S! {two}\\n", PQ_SLICE_INIT("2\n|"), ""},
    {"S| .x", PQ_SLICE_INIT("..x\r\n|"), ""},
    {"S| x.", PQ_SLICE_INIT("x.\r\n|"), ""},
    {"S|", PQ_SLICE_INIT("\r\n|"), ""},
    {"S| {= \".\"}", PQ_SLICE_INIT("..\r\n|"), ""},
    {"S.", PQ_SLICE_INIT(".\r\n|"), ""},
    {"S~ a+", PQ_SLICE_INIT(""), "the name has no value"},
    {"@as emit=\"12 x\\0\"\nS~ (?<n>\\d+) (?<two>.*)", PQ_SLICE_INIT("12 x\0\r\n|"), "n "},
    {"S: {= m[9].size}", PQ_SLICE_INIT(""), "the store of the target cannot be looked into"},
};

static void test_sending(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(emit_cases) / sizeof(emit_cases[0]); i++) {
        const struct emit_case *c = &emit_cases[i];
        struct stage s;
        struct pq_emitter e;
        struct pq_bytes out;
        static struct event_log log;
        pq_bytes_init(&out, pq_alloc_default(), 1000);
        pq_emitter_init(&e, stage_open(&s, c->step), &s.env);
        while (pq_emitter_next(&e, &out))
            assert_int_equal(pq_bytes_put_text(&out, "|"), PQ_STATUS_OK);
        log.len = 0;
        log.text[0] = 0;
        for (size_t k = 0; k < e.count; k++) {
            log_octets(&log, e.captures[k].name);
            log_text(&log, " ");
        }
        const char *names = e.error == PQ_EXPR_OK ? log.text : pq_expr_outcome_text(e.error);
        if (!pq_slice_equal(pq_bytes_slice(&out), c->writes) || strcmp(names, c->names) != 0)
            fail_msg("%s: got %.*s %s", c->step, (int)out.len, (const char *)out.at, names);
        assert_false(pq_emitter_next(&e, &out));
        pq_bytes_free(&out);
        stage_close(&s);
    }
}

static void test_a_full_buffer_is_an_error(void **state)
{
    (void)state;
    struct stage s;
    struct pq_emitter e;
    struct pq_bytes out;
    const struct pq_dlg_step *step = stage_open(&s, "C: NOOP");
    for (size_t room = 1; room <= 6; room++) {
        pq_bytes_init(&out, pq_alloc_default(), room);
        pq_emitter_init(&e, step, &s.env);
        assert_int_equal(pq_emitter_next(&e, &out), room == 6);
        assert_int_equal(e.error, room == 6 ? PQ_EXPR_OK : PQ_EXPR_TOO_LONG);
        pq_bytes_free(&out);
    }
    stage_close(&s);
}

/* Invariant: what a server sends for a line, a client that reads the same line accepts, and both
 * give the same names the same values. */
static void test_what_is_sent_matches(void **state)
{
    (void)state;
    static const char *const steps[] = {
        "S: {:status} {n:int} {s:octets} {u:uid} {t:msgid} {b:b64} {h:hex32} {c:rcode} {x}{*?}",
        "S: +OK {two} {bound} {= two + 1}{*}",
        "S: {a:text}; {b:rest}",
        "@as emit=\"+OK 7\"\nS~ \\+OK (?<n>\\d+)",
        "S.",
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct stage s;
        struct pq_emitter e;
        struct pq_match m;
        struct pq_bytes out;
        const struct pq_dlg_step *step = stage_open(&s, steps[i]);
        pq_bytes_init(&out, pq_alloc_default(), 1000);
        pq_emitter_init(&e, step, &s.env);
        while (pq_emitter_next(&e, &out))
            continue;
        assert_int_equal(e.error, PQ_EXPR_OK);
        pq_template_match(step, pq_slice_first(pq_bytes_slice(&out), out.len - 2), &s.env, &m);
        if (m.outcome != PQ_MATCH_YES)
            fail_msg("%s: %s", steps[i], m.why);
        assert_int_equal(m.count, e.count);
        for (size_t k = 0; k < m.count; k++) {
            assert_true(pq_slice_equal(m.captures[k].name, e.captures[k].name));
            assert_true(pq_value_equal(&m.captures[k].value, &e.captures[k].value));
        }
        pq_bytes_free(&out);
        stage_close(&s);
    }
}

/* ---- random lines ---------------------------------------------------------------------------- */

/* Invariant: any step and any line have an outcome, and the reason of a mismatch is one clean line.
 */
static void test_random_lines(void **state)
{
    (void)state;
    static const char octets[] = " +OKERR-[]<>@019az/=.,\0\r\n\xff";
    struct pq_rand r;
    pq_rand_init(&r, 3);
    for (size_t i = 0; i < 4000; i++) {
        const struct match_case *c =
            &match_cases[i % (sizeof(match_cases) / sizeof(match_cases[0]))];
        struct stage s;
        struct pq_match m;
        uint8_t line[200];
        size_t len = (size_t)pq_rand_below(&r, sizeof(line));
        for (size_t k = 0; k < len; k++)
            line[k] = (uint8_t)octets[pq_rand_below(&r, sizeof(octets) - 1)];
        const struct pq_dlg_step *step = stage_open(&s, c->step);
        pq_template_match(step, guard_slice(pq_slice_of(line, len)), &s.env, &m);
        assert_true(m.outcome == PQ_MATCH_YES || m.why[0] != 0);
        for (const char *why = m.why; *why; why++)
            assert_true(*why >= ' ' && *why != 0x7F);
        assert_true(m.position <= len);
        stage_close(&s);
    }
}

/* ---- cuts ------------------------------------------------------------------------------------ */

static void test_cuts(void **state)
{
    (void)state;
    static const struct {
        enum pq_dlg_cut cut;
        uint64_t octets;
        const char *writes;
    } cases[] = {
        {PQ_DLG_CUT_WHOLE, 0, "A\r\nB\nC\r\nD|"},
        {PQ_DLG_CUT_BYTE, 0, "A|\r|\n|B|\n|C|\r|\n|D|"},
        {PQ_DLG_CUT_MID_CRLF, 0, "A\r|\nB\nC\r|\nD|"},
        {PQ_DLG_CUT_AFTER_CRLF, 0, "A\r\n|B\nC\r\n|D|"},
        {PQ_DLG_CUT_OCTETS, 4, "A\r\nB|\nC\r\n|D|"},
        {PQ_DLG_CUT_OCTETS, 9, "A\r\nB\nC\r\nD|"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static struct event_log log;
        struct pq_slice rest = PQ_SLICE("A\r\nB\nC\r\nD");
        log.len = 0;
        while (rest.len > 0) {
            struct pq_slice write = pq_dlg_cut_next(cases[i].cut, cases[i].octets, &rest);
            char text[16] = "";
            memcpy(text, write.at, write.len);
            log_text(&log, text);
            log_text(&log, "|");
        }
        assert_string_equal(log.text, cases[i].writes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matching),
        cmocka_unit_test(test_uid_lengths),
        cmocka_unit_test(test_a_mismatch_binds_nothing),
        cmocka_unit_test(test_sending),
        cmocka_unit_test(test_a_full_buffer_is_an_error),
        cmocka_unit_test(test_what_is_sent_matches),
        cmocka_unit_test(test_random_lines),
        cmocka_unit_test(test_cuts),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
