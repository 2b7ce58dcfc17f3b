/* SPDX-License-Identifier: Apache-2.0
 * Wire cases: records, events, and the way to a dialogue and back. */
#define _DEFAULT_SOURCE
#include "dialogue/testing.h"

#include "dialogue/format.h"
#include "dialogue/lint.h"
#include "dialogue/seed.h"

/* ---- records --------------------------------------------------------------------------------- */

static void log_event(struct event_log *log, const struct pq_wire_event *e)
{
    static const char letters[] = {
        [PQ_WIRE_DATA] = 'D',  [PQ_WIRE_SWITCH] = '?', [PQ_WIRE_BOUNDARY] = '?',
        [PQ_WIRE_WAIT] = 'W',  [PQ_WIRE_TLS] = 'T',    [PQ_WIRE_HALFCLOSE] = 'H',
        [PQ_WIRE_RESET] = 'R', [PQ_WIRE_SETTLE] = 'S', [PQ_WIRE_CORRUPT] = 'C'};
    const char head[] = {letters[e->kind], (char)('0' + e->conn), 0};
    log_text(log, head);
    if (e->kind == PQ_WIRE_DATA) {
        log_text(log, ":");
        log_octets(log, e->data);
    }
    log_text(log, " ");
}

static const char *events_of(struct pq_slice in, struct event_log *log)
{
    struct pq_wire_reader reader;
    struct pq_wire_event e;
    enum pq_next next;
    log->len = 0;
    log->text[0] = 0;
    pq_wire_reader_init(&reader, guard_slice(in), pq_alloc_default());
    while ((next = pq_wire_reader_next(&reader, &e)) == PQ_NEXT_EVENT)
        log_event(log, &e);
    assert_int_equal(next, PQ_NEXT_NEED_DATA);
    pq_wire_reader_free(&reader);
    return log->text;
}

static const struct wire_case {
    struct pq_slice in;
    const char *events;
} wire_cases[] = {
    {PQ_SLICE_INIT(""), ""},
    {PQ_SLICE_INIT("USER a\r\n"), "D1:USER a\\x0D\\x0A "},
    {PQ_SLICE_INIT("a\xff|b"), "D1:a D1:b "},
    {PQ_SLICE_INIT("\xff|\xff|a\xff|"), "D1:a "},
    {PQ_SLICE_INIT("a\xffWb"), "D1:a W1 D1:b "},
    {PQ_SLICE_INIT("\xffW\xffW"), "W1 W1 "},
    {PQ_SLICE_INIT("a\xff"
                   "2b\xff"
                   "2c\xff"
                   "1d"),
     "D1:a D2:b D2:c D1:d "},
    {PQ_SLICE_INIT("\xff"
                   "4\xffT\xffH\xffR\xffS\xff"
                   "C"),
     "T4 H4 R4 S0 C4 "},
    {PQ_SLICE_INIT("\xff"
                   "0\xff"
                   "5"),
     "D1:\\xFF0\\xFF5 "},
    {PQ_SLICE_INIT("\xff\xff"), "D1:\\xFF "},
    {PQ_SLICE_INIT("\xff\xff\xff"), "D1:\\xFF\\xFF "},
    {PQ_SLICE_INIT("\xff\xff\xff\xff"), "D1:\\xFF\\xFF "},
    {PQ_SLICE_INIT("\xff\xffW"), "D1:\\xFFW "},
    {PQ_SLICE_INIT("\xff\xff\xffW"), "D1:\\xFF W1 "},
    {PQ_SLICE_INIT("a\xff\xff"
                   "b\xffx\xff"),
     "D1:a\\xFFb\\xFFx\\xFF "},
    {PQ_SLICE_INIT("\xff"), "D1:\\xFF "},
    {PQ_SLICE_INIT("\xffw"), "D1:\\xFFw "},
};

static void test_events(void **state)
{
    (void)state;
    static struct event_log log;
    for (size_t i = 0; i < sizeof(wire_cases) / sizeof(wire_cases[0]); i++)
        assert_string_equal(events_of(wire_cases[i].in, &log), wire_cases[i].events);
}

/* Reads events and writes them again. */
static void rewrite(struct pq_slice in, struct pq_bytes *out)
{
    struct pq_wire_reader reader;
    struct pq_wire_writer writer;
    struct pq_wire_event e;
    pq_bytes_clear(out);
    pq_wire_reader_init(&reader, in, pq_alloc_default());
    pq_wire_writer_init(&writer, out);
    while (pq_wire_reader_next(&reader, &e) == PQ_NEXT_EVENT)
        assert_int_equal(pq_wire_writer_put(&writer, &e), PQ_STATUS_OK);
    pq_wire_reader_free(&reader);
}

/* ---- random octets --------------------------------------------------------------------------- */

/* Octets of every kind that matters: records, pairs, line ends, braces, runs. */
static struct pq_slice random_octets(struct pq_rand *r, uint8_t *memory, size_t cap)
{
    static const char nasty[] = "\xff\xff\xff|W1234THRSC\r\n\r\n\0 {\\#\"}ab.\x80\x7f";
    size_t len = (size_t)pq_rand_below(r, cap + 1), i = 0;
    uint64_t style = pq_rand_below(r, 4);
    while (i < len) {
        uint8_t octet = style == 0 ? (uint8_t)pq_rand_next(r)
                                   : (uint8_t)nasty[pq_rand_below(r, sizeof(nasty) - 1)];
        size_t run = style == 3 && pq_rand_below(r, 8) == 0 ? 30 + (size_t)pq_rand_below(r, 5) : 1;
        for (; run > 0 && i < len; run--)
            memory[i++] = octet;
    }
    return pq_slice_of(memory, len);
}

/* Invariant: writing what was read gives the same events, and writing it once more the same octets.
 */
static void test_reading_and_writing(void **state)
{
    (void)state;
    static struct event_log first, second;
    struct pq_rand r;
    struct pq_bytes out, again;
    uint8_t memory[200];
    pq_rand_init(&r, 1);
    pq_bytes_init(&out, pq_alloc_default(), 4096);
    pq_bytes_init(&again, pq_alloc_default(), 4096);
    for (int i = 0; i < 5000; i++) {
        struct pq_slice in = random_octets(&r, memory, sizeof(memory));
        rewrite(in, &out);
        assert_string_equal(events_of(in, &first), events_of(pq_bytes_slice(&out), &second));
        rewrite(pq_bytes_slice(&out), &again);
        assert_true(pq_slice_equal(pq_bytes_slice(&out), pq_bytes_slice(&again)));
    }
    pq_bytes_free(&out);
    pq_bytes_free(&again);
}

/* ---- to a dialogue --------------------------------------------------------------------------- */

static void to_dialogue(struct pq_slice in, enum pq_dlg_side side, bool raw, struct pq_bytes *out)
{
    const struct pq_dlg_from from = {.side = side,
                                     .kind = raw ? PQ_DLG_KIND_CRASH : PQ_DLG_KIND_SEED,
                                     .id = PQ_SLICE_INIT("a"),
                                     .raw = raw};
    pq_bytes_clear(out);
    assert_int_equal(pq_dlg_from_wire(&from, in, out), PQ_STATUS_OK);
}

static void to_wire(struct pq_slice text, enum pq_dlg_side side, struct pq_bytes *out)
{
    struct pq_dlg d;
    struct pq_dlg_problems problems = {.count = 0};
    pq_bytes_clear(out);
    if (pq_dlg_parse(&d, text, pq_alloc_default()) != PQ_STATUS_OK)
        fail_msg("%s\n%.*s", problems_text(&d.problems), (int)text.len, (const char *)text.at);
    if (pq_dlg_to_wire(&d, side, NULL, &problems, out) != PQ_STATUS_OK)
        fail_msg("%s\n%.*s", problems_text(&problems), (int)text.len, (const char *)text.at);
    pq_dlg_free(&d);
}

static void test_a_seed_can_be_read(void **state)
{
    (void)state;
    struct pq_bytes out;
    pq_bytes_init(&out, pq_alloc_default(), 4096);
    to_dialogue(PQ_SLICE("\xffWUSER a\r\nPASS b\r\n\xffWQUIT\r\n\xff|x\xff"
                         "2{\xffT\xffRAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\xffS\xff"
                         "1 # \xff"
                         "C\xffH"),
                PQ_DLG_CLIENT, false, &out);
    assert_true(pq_slice_equal(pq_bytes_slice(&out), PQ_SLICE("#!dlg 1\n"
                                                              "id:     a\n"
                                                              "kind:   seed\n"
                                                              "roles:  client seed\n"
                                                              "---\n"
                                                              "[test]\n"
                                                              "@connect\n"
                                                              "S: {:rest}\n"
                                                              "@batch\n"
                                                              "  C: USER a\n"
                                                              "  C: PASS b\n"
                                                              "@end\n"
                                                              "S: {:rest}\n"
                                                              "C: QUIT\n"
                                                              "C! x\n"
                                                              "@connect 2\n"
                                                              "C2! \\{\n"
                                                              "@tls 2\n"
                                                              "@drop 2\n"
                                                              "@connect 2\n"
                                                              "C2! {= repeat(\"A\", 32)}B\n"
                                                              "@settle 5s\n"
                                                              "C! \\s#\\s\n"
                                                              "@corrupt\n"
                                                              "@halfclose\n")));
    pq_bytes_free(&out);
}

static void check_file(struct pq_slice text)
{
    struct pq_dlg d;
    struct pq_dlg_problems problems = {.count = 0};
    struct pq_bytes formatted;
    pq_bytes_init(&formatted, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
    assert_int_equal(pq_dlg_parse(&d, text, pq_alloc_default()), PQ_STATUS_OK);
    assert_int_equal(pq_dlg_format(&d, &formatted), PQ_STATUS_OK);
    if (!pq_slice_equal(pq_bytes_slice(&formatted), text))
        fail_msg("not canonical:\n%.*s", (int)text.len, (const char *)text.at);
    assert_int_equal(pq_dlg_lint(&d, 0, pq_alloc_default(), &problems), PQ_STATUS_OK);
    if (d.steps > 0 && problems.count > 0)
        fail_msg("%s\n%.*s", problems_text(&problems), (int)text.len, (const char *)text.at);
    pq_dlg_free(&d);
    pq_bytes_free(&formatted);
}

/* Invariant: any wire case becomes a file that can be read, is canonical and clean, and becomes a
 * wire case with the same events again. */
static void test_wire_to_dialogue_and_back(void **state)
{
    (void)state;
    static struct event_log first, second;
    struct pq_rand r;
    struct pq_bytes text, wire;
    uint8_t memory[200];
    pq_rand_init(&r, 2);
    pq_bytes_init(&text, pq_alloc_default(), 1u << 16);
    pq_bytes_init(&wire, pq_alloc_default(), 1u << 16);
    for (int i = 0; i < 1000; i++) {
        enum pq_dlg_side side = i % 2 ? PQ_DLG_CLIENT : PQ_DLG_SERVER;
        struct pq_slice in = random_octets(&r, memory, sizeof(memory));
        to_dialogue(in, side, false, &text);
        check_file(pq_bytes_slice(&text));
        to_wire(pq_bytes_slice(&text), side, &wire);
        assert_string_equal(events_of(in, &first), events_of(pq_bytes_slice(&wire), &second));
    }
    pq_bytes_free(&text);
    pq_bytes_free(&wire);
}

/* Invariant: octets that are taken raw come back as one write, octet by octet the same. */
static void test_octets_to_dialogue_and_back(void **state)
{
    (void)state;
    struct pq_rand r;
    struct pq_bytes text, wire;
    uint8_t memory[300];
    pq_rand_init(&r, 3);
    pq_bytes_init(&text, pq_alloc_default(), 1u << 16);
    pq_bytes_init(&wire, pq_alloc_default(), 1u << 16);
    for (int i = 0; i < 1000; i++) {
        struct pq_wire_reader reader;
        struct pq_wire_event e;
        enum pq_dlg_side side = i % 2 ? PQ_DLG_CLIENT : PQ_DLG_SERVER;
        struct pq_slice in = random_octets(&r, memory, sizeof(memory));
        to_dialogue(in, side, true, &text);
        check_file(pq_bytes_slice(&text));
        to_wire(pq_bytes_slice(&text), side, &wire);
        pq_wire_reader_init(&reader, pq_bytes_slice(&wire), pq_alloc_default());
        if (in.len > 0) {
            assert_int_equal(pq_wire_reader_next(&reader, &e), PQ_NEXT_EVENT);
            assert_true(e.kind == PQ_WIRE_DATA && pq_slice_equal(e.data, in));
        }
        assert_int_equal(pq_wire_reader_next(&reader, &e), PQ_NEXT_NEED_DATA);
        pq_wire_reader_free(&reader);
    }
    pq_bytes_free(&text);
    pq_bytes_free(&wire);
}

static void test_every_octet(void **state)
{
    (void)state;
    static struct event_log first, second;
    struct pq_bytes text, wire;
    pq_bytes_init(&text, pq_alloc_default(), 1u << 16);
    pq_bytes_init(&wire, pq_alloc_default(), 1u << 16);
    static const uint8_t before[] = {0xFF, '\r', ' ', 'a'};
    for (size_t a = 0; a < sizeof(before); a++) {
        for (unsigned b = 0; b < 256; b++) {
            const uint8_t octets[3] = {before[a], (uint8_t)b, '#'};
            struct pq_slice in = pq_slice_of(octets, sizeof(octets));
            to_dialogue(in, PQ_DLG_CLIENT, false, &text);
            to_wire(pq_bytes_slice(&text), PQ_DLG_CLIENT, &wire);
            assert_string_equal(events_of(in, &first), events_of(pq_bytes_slice(&wire), &second));
        }
    }
    pq_bytes_free(&text);
    pq_bytes_free(&wire);
}

/* The worst inputs of the longest length still become files within the parser's limits: 6.5
 * characters for an octet, and a step for every two. */
static void test_the_longest_input(void **state)
{
    (void)state;
    static const struct {
        const char *front, *pattern;
    } cases[] = {
        {"\xff"
         "2",
         "\xffH"},
        {"", "\xffS"},
        {"", "\xff|\x01"},
        {"", "\r\n\r\n\xff|"},
        {"", "\xff"
             "3\xffR\xff"
             "2\xffR"},
    };
    struct pq_bytes in, text;
    pq_bytes_init(&in, pq_alloc_default(), PQ_DLG_FROM_MAX);
    pq_bytes_init(&text, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pq_dlg d;
        pq_bytes_clear(&in);
        assert_int_equal(pq_bytes_put_text(&in, cases[i].front), PQ_STATUS_OK);
        while (pq_bytes_put_text(&in, cases[i].pattern) == PQ_STATUS_OK)
            continue;
        to_dialogue(pq_bytes_slice(&in), PQ_DLG_CLIENT, false, &text);
        if (pq_dlg_parse(&d, pq_bytes_slice(&text), pq_alloc_default()) != PQ_STATUS_OK)
            fail_msg("pattern %zu: %s", i, problems_text(&d.problems));
        pq_dlg_free(&d);
    }
    pq_bytes_free(&in);
    pq_bytes_free(&text);
}

static void test_one_octet_too_many(void **state)
{
    (void)state;
    static const uint8_t octets[PQ_DLG_FROM_MAX + 1];
    const struct pq_dlg_from from = {.id = PQ_SLICE_INIT("a"), .kind = PQ_DLG_KIND_SEED};
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
    assert_int_equal(pq_dlg_from_wire(&from, pq_slice_of(octets, PQ_DLG_FROM_MAX), &text),
                     PQ_STATUS_OK);
    assert_int_equal(pq_dlg_from_wire(&from, pq_slice_of(octets, PQ_DLG_FROM_MAX + 1), &text),
                     PQ_STATUS_NO_MEMORY);
    pq_bytes_free(&text);
}

/* ---- from a dialogue ------------------------------------------------------------------------- */

static const struct seed_case {
    const char *body;
    enum pq_dlg_side side;
    const char *events;
} seed_cases[] = {
    {"C: A\nC: B\nS: +OK\nC: C\n", PQ_DLG_CLIENT,
     "D1:A\\x0D\\x0A D1:B\\x0D\\x0A W1 D1:C\\x0D\\x0A "},
    {"C: A\nC: B\nS: +OK\nC: C\n", PQ_DLG_SERVER, "W1 W1 D1:+OK\\x0D\\x0A W1 "},
    {"C! A\\|B\nC2: C\n", PQ_DLG_CLIENT, "D1:A D1:B D2:C\\x0D\\x0A "},
    {"@batch\nC! A\\|B\n# c\nC: C\n@end\nC: D\n", PQ_DLG_CLIENT,
     "D1:ABC\\x0D\\x0A D1:D\\x0D\\x0A "},
    {"@race\n@batch\nC: A\nC: B\n@end\nC2: C\n@end\nS: x\n", PQ_DLG_CLIENT,
     "D1:A\\x0D\\x0AB\\x0D\\x0A D2:C\\x0D\\x0A W1 "},
    {"@segment mid-crlf\nC: A\n@segment 2\nC! abc\n", PQ_DLG_CLIENT,
     "D1:A\\x0D D1:\\x0A D1:ab D1:c "},
    {"@connect 2\nS2: +OK\n@tls 2\n@corrupt 2\n@halfclose 2\n@drop\n@settle 1s\n@close\n@wait "
     "1s\n",
     PQ_DLG_CLIENT, "W2 T2 C2 H2 R1 S0 H1 "},
    {"@fence 3\nC: A\n", PQ_DLG_CLIENT, "D3:NOOP\\x0D\\x0A W3 D1:A\\x0D\\x0A "},
    {"@fence\nS: A\n", PQ_DLG_SERVER, "W1 D1:A\\x0D\\x0A "},
    /* names: the server's line gives them their defaults on both sides */
    {"S: +OK {n:int} {u:uid}\nC: {u} {= n + 1} {user}\n", PQ_DLG_CLIENT,
     "W1 D1:uid-1 2 alice\\x0D\\x0A "},
    {"C: A\nS: +OK {n:int}{*}\nS| .{n}\nS* 2\nS.\n", PQ_DLG_SERVER,
     "W1 D1:+OK 1 text\\x0D\\x0A D1:..1\\x0D\\x0A D1:text\\x0D\\x0Atext\\x0D\\x0A D1:.\\x0D\\x0A "},
    {"C: RETR 1\nS: +OK\nS| x\nS*\nS.\nC: QUIT\n", PQ_DLG_CLIENT,
     "D1:RETR 1\\x0D\\x0A W1 D1:QUIT\\x0D\\x0A "},
    {"@body msg\nC: {= b64(\"x\")}\n", PQ_DLG_SERVER, "D1:text\\x0D\\x0A.\\x0D\\x0A W1 "},
    /* the first case, and the branch that is true */
    {"@match\n@case a pass\nS: +OK {n:int}\nC: {n}\n@case b pass\nS: -ERR\nC: B\n@end\nC: C\n",
     PQ_DLG_CLIENT, "W1 D1:1\\x0D\\x0A D1:C\\x0D\\x0A "},
    {"@tls -> r\n@if r == \"ok\"\nC: A\n@else\nC: B\n@end\nC: C\n", PQ_DLG_CLIENT,
     "T1 D1:A\\x0D\\x0A D1:C\\x0D\\x0A "},
    {"@tls -> r\n@if r == \"eof\"\nC: A\n@else\nC: B\n@end\n@if r == 1\nC: C\n@end\nC: D\n",
     PQ_DLG_CLIENT, "T1 D1:B\\x0D\\x0A D1:D\\x0D\\x0A "},
    {"C: A\n@if 1 == 1\n@pass \"x\"\n@end\nC: B\n", PQ_DLG_CLIENT, "D1:A\\x0D\\x0A "},
    {"@on C: QUIT\nS: +OK\n@end\nC: A\n", PQ_DLG_SERVER, "W1 "},
    {"C: {= rand(4)}\nC: {= rand(4)}\n", PQ_DLG_CLIENT, NULL},
};

static void test_dialogues_as_wire_cases(void **state)
{
    (void)state;
    static struct event_log log;
    struct pq_bytes out, again;
    pq_bytes_init(&out, pq_alloc_default(), 4096);
    pq_bytes_init(&again, pq_alloc_default(), 4096);
    for (size_t i = 0; i < sizeof(seed_cases) / sizeof(seed_cases[0]); i++) {
        const struct seed_case *c = &seed_cases[i];
        char text[1024];
        (void)snprintf(text, sizeof(text), "#!dlg 1\n---\n[test]\n%s", c->body);
        to_wire(pq_slice_text(text), c->side, &out);
        const char *events = events_of(pq_bytes_slice(&out), &log);
        if (c->events && strcmp(events, c->events) != 0)
            fail_msg("%s\n got: %s\nwant: %s", c->body, events, c->events);
        /* The same file always gives the same seed. */
        to_wire(pq_slice_text(text), c->side, &again);
        assert_true(pq_slice_equal(pq_bytes_slice(&out), pq_bytes_slice(&again)));
    }
    pq_bytes_free(&out);
    pq_bytes_free(&again);
}

static void test_what_has_no_octets(void **state)
{
    (void)state;
    static const struct {
        const char *body, *problem;
    } cases[] = {
        {"C: {nobody}\n",
         "f:4:1: the step has no octets, because of \"nobody\": the name has no value\n"},
        {"C: {= m[1].size}\n", "f:4:1: the step has no octets, because of \"size\": the store of "
                               "the target cannot be looked into\n"},
        {"C~ a\n", "f:4:1: the step has no octets, because of \"a\": the name has no value\n"},
        {"C: {= md5hex(\"a\")}\n", "f:4:1: the step has no octets, because of \"md5hex\": the "
                                   "digest is not available here\n"},
        {"C5: a\n", "f:4:1: a wire case has four connections; use a lower number\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        struct pq_dlg d;
        struct pq_bytes out;
        struct pq_dlg_problems problems = {.count = 0};
        pq_bytes_init(&out, pq_alloc_default(), 4096);
        (void)snprintf(text, sizeof(text), "#!dlg 1\n---\n[test]\n%s", cases[i].body);
        assert_int_equal(pq_dlg_parse(&d, pq_slice_text(text), pq_alloc_default()), PQ_STATUS_OK);
        assert_int_equal(pq_dlg_to_wire(&d, PQ_DLG_CLIENT, NULL, &problems, &out),
                         PQ_STATUS_SYNTAX);
        assert_string_equal(problems_text(&problems), cases[i].problem);
        pq_bytes_free(&out);
        pq_dlg_free(&d);
    }
}

static void test_examples_as_seeds(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        struct pq_bytes b, row, out;
        struct pq_dlg d;
        pq_bytes_init(&row, pq_alloc_default(), 1u << 16);
        pq_bytes_init(&out, pq_alloc_default(), 1u << 16);
        assert_int_equal(pq_dlg_parse(&d, read_example(PQ_TESTDATA, i, &b), pq_alloc_default()),
                         PQ_STATUS_OK);
        assert_int_equal(pq_dlg_expand(&d, 0, &row), PQ_STATUS_OK);
        to_wire(pq_bytes_slice(&row), PQ_DLG_CLIENT, &out);
        to_wire(pq_bytes_slice(&row), PQ_DLG_SERVER, &out);
        pq_dlg_free(&d);
        pq_bytes_free(&b);
        pq_bytes_free(&row);
        pq_bytes_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_reading_and_writing),
        cmocka_unit_test(test_a_seed_can_be_read),
        cmocka_unit_test(test_wire_to_dialogue_and_back),
        cmocka_unit_test(test_octets_to_dialogue_and_back),
        cmocka_unit_test(test_every_octet),
        cmocka_unit_test(test_the_longest_input),
        cmocka_unit_test(test_one_octet_too_many),
        cmocka_unit_test(test_dialogues_as_wire_cases),
        cmocka_unit_test(test_what_has_no_octets),
        cmocka_unit_test(test_examples_as_seeds),
    };
    return cmocka_run_group_tests_name("seed", tests, NULL, NULL);
}
