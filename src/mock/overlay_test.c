/* SPDX-License-Identifier: Apache-2.0
 * Dialogues in the server's role, without sockets: what a client gets, in every cut of what it
 * says, and what is judged of it. */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

#include "mock/overlay.h"

#define HEAD "#!dlg 1\nid: t\nkind: mock\nroles: server\n"
#define TEST HEAD "---\n[test]\n"

/* What was judged, as "name verdict line branch: why". */
struct verdicts {
    char text[4096];
};

static void keep(void *ctx, const struct pq_overlay_outcome *o)
{
    struct verdicts *v = ctx;
    size_t len = strlen(v->text);
    (void)snprintf(v->text + len, sizeof(v->text) - len, "%s%s %u%s%s", len > 0 ? "; " : "",
                   pq_verdict_word(o->verdict), o->line, o->branch[0] ? " " : "", o->branch);
    if (o->actual[0])
        (void)snprintf(v->text + strlen(v->text), sizeof(v->text) - strlen(v->text), " <%s>",
                       o->actual);
}

struct stage {
    struct pq_mock mock;
    struct pq_overlays overlays;
    struct verdicts verdicts;
    struct pq_why why;
};

static enum pq_status open_stage(struct stage *t, const char *dialogue)
{
    mock_begin(&t->mock);
    add_mail(&t->mock, "tim", PQ_SLICE("Subject: one\r\n\r\n.dot\r\nlast\r\n"));
    add_mail(&t->mock, "tim", PQ_SLICE("Subject: two\r\n\r\nx\r\n"));
    t->verdicts.text[0] = 0;
    t->why.text[0] = 0;
    pq_overlays_init(&t->overlays, pq_alloc_default(), 1);
    t->overlays.verdict = keep;
    t->overlays.ctx = &t->verdicts;
    t->mock.overlays = &t->overlays;
    return pq_overlays_add(&t->overlays, "f", pq_slice_text(dialogue), &t->mock, &t->why);
}

static void close_stage(struct stage *t)
{
    pq_mock_free(&t->mock);
    pq_overlays_free(&t->overlays);
}

/* ---- conversations --------------------------------------------------------------------------- */

static const struct row {
    const char *name, *dialogue, *input, *output, *verdict;
} rows[] = {
    {"lines in their order", TEST "S: +OK hi\nC: USER {user}\nS: +OK\nC: QUIT\nS: +OK {user}\n",
     "USER tim\r\nQUIT\r\n", "+OK hi\r\n+OK\r\n+OK tim\r\n", "pass 0"},
    {"another line", TEST "S: +OK hi\nC: USER {user}\nS: +OK\n", "NOOP\r\nUSER tim\r\n",
     "+OK hi\r\n", "fail 8 <NOOP>"},
    {"a secret is not shown", TEST "S: +OK hi\nC: QUIT\n", "PASS tan staaf\r\n", "+OK hi\r\n",
     "fail 8 <PASS ****>"},
    {"in [given] it proves nothing",
     HEAD "---\n[given]\nS: +OK\nC: CAPA\n[test]\nC: QUIT\nS: +OK\n", "QUIT\r\n", "+OK\r\n",
     "inconclusive 8 <QUIT>"},
    {"the client goes", TEST "S: +OK\nC: QUIT\n", "", "+OK\r\n", "fail 8 <closed>"},
    {"the client may go", TEST "S: -ERR\n@eof\n", "", "-ERR\r\n", "pass 0"},
    {"the client must go", TEST "S: -ERR\n@eof\n", "QUIT\r\n", "-ERR\r\n", "fail 8 <QUIT>"},
    {"one line chooses",
     TEST "S: +OK\n@match\n@case a pass\n  C: NOOP\n  S: +OK a\n@case b note\n  C~ (?i:quit)\n"
          "  S: +OK b\n@end\nC: QUIT\nS: +OK end\n",
     "quit\r\nQUIT\r\n", "+OK\r\n+OK b\r\n+OK end\r\n", "note 12 b <quit>"},
    {"no line chooses", TEST "S: +OK\n@match\n@case a pass\n  C: NOOP\n@end\n", "STAT\r\n",
     "+OK\r\n", "fail 8 <STAT>"},
    {"the end chooses",
     TEST "S: +OK\n@match\n@case a fail \"goes on\"\n  C: NOOP\n@case b pass\n  @eof\n@end\n", "",
     "+OK\r\n", "pass 0 b"},
    {"a case that fails",
     TEST "S: +OK\n@match\n@case a fail \"goes on\"\n  C: NOOP\n  S: +OK still\n@end\nC: QUIT\n",
     "NOOP\r\nQUIT\r\n", "+OK\r\n+OK still\r\n", "fail 9 a <NOOP>"},
    {"names are bound once",
     TEST "S: +OK\nC: RETR {n:int}\nS: +OK {n}\nC: RETR {n}\nS: +OK {= n + 1}\n",
     "RETR 7\r\nRETR 7\r\n", "+OK\r\n+OK 7\r\n+OK 8\r\n", "pass 0"},
    {"values decide",
     TEST "S: +OK\nC: RETR {n:int}\n@if n == 7\n  S: +OK seven\n@else\n  @fail \"other\"\n@end\n"
          "@assert n < 8\n",
     "RETR 7\r\n", "+OK\r\n+OK seven\r\n", "pass 0"},
    {"an assertion", TEST "S: +OK\nC: RETR {n:int}\n@assert n < 7\n", "RETR 7\r\n", "+OK\r\n",
     "fail 9"},
    {"raw octets", TEST "S! +OK\\r\nC! QU\\x00\\nIT\nS! \\n\nC: X\n", "QU", "+OK\r",
     "fail 8 <closed>"},
    {"raw octets of another kind", TEST "S: +OK\nC! AB\nS: x\n", "AC", "+OK\r\n", NULL},
    {"lines of its own", TEST "S: +OK\nS* 2\nS| .x\nS.\nC: QUIT\nS: +OK\n", "QUIT\r\n",
     "+OK\r\ntext\r\ntext\r\n..x\r\n.\r\n+OK\r\n", "pass 0"},
    {"the session keeps up: a body",
     TEST "S: +OK\nC: USER tim\nS: +OK\nC: PASS {pw}\nS: +OK\nC: RETR 1\nS: +OK here\n@body b\n"
          "@assert item(b, 3) == \".dot\" and len(b) == 4\nC: TOP 9 9\nS: -ERR\n",
     LOGIN "RETR 1\r\nTOP 9 9\r\n",
     "+OK\r\n+OK\r\n+OK\r\n+OK here\r\nSubject: one\r\n\r\n..dot\r\nlast\r\n.\r\n-ERR\r\n",
     "pass 0"},
    {"after the login",
     HEAD "state: transaction\n---\n[test]\nC: STAT\nS: +OK 9 9\nC: QUIT\nS: +OK\n",
     LOGIN "STAT\r\nQUIT\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n+OK 9 9\r\n+OK\r\n",
     "pass 0"},
    {"never after the login", HEAD "state: transaction\n---\n[test]\nC: STAT\nS: +OK 9 9\n",
     "NOOP\r\n", GREETING "-ERR the command is not valid in this state\r\n", "inconclusive 0"},
    {"what is not expected falls back", TEST "@fallback\nS: +OK hi\nC: QUIT\nS: +OK x\n",
     "XYZZ\r\nQUIT\r\n", "+OK hi\r\n-ERR the keyword is unknown\r\n+OK x\r\n", "pass 0"},
    {"the steps are not all needed", TEST "@fallback\nS: +OK hi\nC: NOOP\nS: +OK x\n", "QUIT\r\n",
     "+OK hi\r\n+OK bye\r\n", "inconclusive 9 <closed>"},
    {"@on answers",
     TEST "@on C~ (?i:dele) (?<n>\\d+)\n  S: -ERR {n}\n@end\n@on C: RSET\n  S: +OK {user}\n@end\n",
     LOGIN "DELE 1\r\nDELE 2\r\nSTAT\r\nRSET\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n-ERR 1\r\n-ERR 2\r\n"
              "+OK 2 47\r\n+OK tim\r\n",
     "pass 0"},
    {"@on is obeyed unseen", TEST "@on C: DELE {n:int}\n  S: +OK\n@end\n",
     LOGIN "DELE 1\r\nSTAT\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n+OK\r\n+OK 1 19\r\n",
     "pass 0"},
    {"@on stays silent", TEST "@on C: NOOP\n@end\n", LOGIN "NOOP\r\nSTAT\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n+OK 2 47\r\n", "pass 0"},
    {"@on and the session",
     TEST
     "@on C: LIST\n  S: +OK first\n  @fallback\n@end\n@on C: NOOP\n  @fallback\n  S: x\n@end\n",
     LOGIN "LIST\r\nNOOP\r\nLIST 1\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n+OK first\r\n"
              "+OK\r\nx\r\n+OK 1 28\r\n",
     "pass 0"},
    {"@on that nobody meets", TEST "@on C: LIST\n  S: +OK\n@end\n", "QUIT\r\n",
     GREETING "+OK bye\r\n", "inconclusive 0"},
    {"@on waits for more", TEST "@on C: NOOP\n  S: +OK\n  C: X\n  S: +OK x\n@end\n",
     LOGIN "NOOP\r\nX\r\nSTAT\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n+OK\r\n+OK x\r\n"
              "+OK 2 47\r\n",
     "pass 0"},
    {"@never", TEST "@never C~ (?i:user|pass) .*  before=tls fail \"in clear\"\n", LOGIN "STAT\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n+OK 2 47\r\n",
     "fail 7 <USER tim>"},
    {"@never before the login", TEST "@never C: NOOP  before=auth fail \"no\"\n", LOGIN "NOOP\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n+OK\r\n",
     "inconclusive 0"},
    {"@capa",
     TEST "@capa auth=no : USER SASL(PLAIN, LOGIN)\n@capa auth=yes : TOP\n@on C: X\n@end\n",
     "CAPA\r\n" LOGIN "CAPA\r\nX\r\n",
     GREETING "+OK capability list follows\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n+OK send PASS\r\n"
              "+OK maildrop has 2 messages (47 octets)\r\n+OK capability list follows\r\nTOP\r\n"
              ".\r\n",
     "pass 0"},
    {"@fault for the whole, and for one @on",
     TEST "@fault retr-extra-blank-line(messages=all) nth=2\n@on C: RETR 2\n  @fault "
          "retr-terminator-lf-only(messages=all)\n"
          "  @fallback\n@end\n",
     LOGIN "RETR 1\r\nRETR 2\r\nRETR 1\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n"
              "+OK message follows\r\nSubject: one\r\n\r\n..dot\r\nlast\r\n.\r\n"
              "+OK message follows\r\nSubject: two\r\n\r\nx\r\n.\n"
              "+OK message follows\r\nSubject: one\r\n\r\n..dot\r\nlast\r\n\r\n.\r\n",
     "pass 0"},
    {"the end by us", TEST "@on C: NOOP\n  S: +OK\n  @close\n@end\n", LOGIN "NOOP\r\nSTAT\r\n",
     GREETING "+OK send PASS\r\n+OK maildrop has 2 messages (47 octets)\r\n+OK\r\n", "pass 0"},
};

static bool run_row(const struct row *row, size_t step)
{
    static struct stage t;
    static struct received got;
    if (open_stage(&t, row->dialogue) != PQ_STATUS_OK)
        fail_msg("%s: %s", row->name, t.why.text);
    struct pq_server *s = pq_server_new(&t.mock, PQ_TLS_NONE, 0);
    assert_non_null(s);
    got.len = 0;
    drain(s, step, 0, &got);
    (void)talk(s, pq_slice_text(row->input), step, 0, &got);
    drain(s, step, 0, &got);
    pq_server_free(s);
    struct pq_slice want = pq_slice_text(row->output);
    bool good = pq_slice_equal(received_slice(&got), want) &&
                (!row->verdict || strcmp(t.verdicts.text, row->verdict) == 0);
    if (!good)
        print_error("%s (cut at %zu):\n  got    %.*s\n  wanted %s\n  verdict %s, wanted %s\n",
                    row->name, step, (int)got.len, (const char *)got.at, row->output,
                    t.verdicts.text, row->verdict);
    close_stage(&t);
    return good;
}

static void plays_in_every_cut(void **state)
{
    static const size_t steps[] = {1, 2, 3, 7, 4096};
    size_t bad = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t k = 0; k < COUNT(steps); k++)
            bad += run_row(&rows[i], steps[k]) ? 0 : 1;
    assert_int_equal((int)bad, 0);
}

/* ---- writes and time ------------------------------------------------------------------------- */

static void cuts_what_it_sends(void **state)
{
    static struct stage t;
    static const char *const writes[] = {"+OK", " hi\r", "\n", "+OK", " x\r", "\n", "a\r\nb\r\n"};
    (void)state;
    assert_int_equal(open_stage(&t,
                                TEST "@segment mid-crlf\nS! +OK\\| hi\\r\\n\nS! +OK\\| x\\r\\n\n"
                                     "@segment whole\n@batch\nS: a\nS: b\n@end\n@eof\n"),
                     PQ_STATUS_OK);
    t.overlays.gap_ms = 5;
    struct pq_server *s = pq_server_new(&t.mock, PQ_TLS_NONE, 0);
    assert_non_null(s);
    for (size_t i = 0; i < COUNT(writes); i++) {
        struct pq_slice out = pq_server_out(s);
        expect_octets("write", out, pq_slice_text(writes[i]));
        pq_server_sent(s, out.len, 5 * i);
        if (i + 1 == COUNT(writes))
            break;
        assert_int_equal(pq_server_out(s).len, 0);
        assert_int_equal(pq_server_wake_ms(s), 5 * (i + 1));
        pq_server_wake(s, 5 * (i + 1));
    }
    pq_server_free(s);
    assert_string_equal(t.verdicts.text, "pass 0");
    close_stage(&t);
}

/* The session is over with QUIT, and what the dialogue answers has not all left. */
static void sends_everything(void **state)
{
    static struct stage t;
    (void)state;
    assert_int_equal(open_stage(&t, TEST "@fallback\n@segment byte\nS! +\nC: QUIT\nS: +OK\n"),
                     PQ_STATUS_OK);
    t.overlays.gap_ms = 5;
    struct pq_server *s = pq_server_new(&t.mock, PQ_TLS_NONE, 0);
    assert_non_null(s);
    pq_server_sent(s, pq_server_out(s).len, 0);
    assert_int_equal(pq_server_take(s, PQ_SLICE("QUIT\r\n"), 0), 6);
    for (uint64_t sent = 0; sent < 5; sent++) {
        assert_false(pq_server_is_over(s));
        pq_server_wake(s, 5 * sent);
        assert_int_equal(pq_server_out(s).len, 1);
        pq_server_sent(s, 1, 5 * sent);
    }
    assert_true(pq_server_is_over(s));
    pq_server_free(s);
    close_stage(&t);
}

static const struct {
    const char *dialogue;
    uint64_t wake_ms;
    const char *input, *verdict;
} waits[] = {
    {TEST "S: +OK\nC: QUIT\n", 30000, "", "fail 8"},
    {TEST "S: +OK\nC: QUIT\n", 30000, "QUI", "fail 8 <QUI>"},
    {HEAD "timeout: 2s\n---\n[test]\nS: +OK\n@eof\n", 2000, "", "fail 9"},
    {TEST "S: +OK\n@silence 300ms\nS: x\n", 300, "", "pass 0"},
    {TEST "S: +OK\n@match\n@case a pass\n  @silence 1s\n@case b fail\n  C: X\n@end\n", 1000, "",
     "pass 0 a"},
    {TEST "S: +OK\n@wait 1s\nS: x\n", 1000, "", "pass 0"},
    {TEST "S: +OK\n@notbefore 1s\nC: X\n", 30000, "X\r\n", "fail 9"},
    {TEST "S: +OK\n@within 1s\nC: X\n", 30000, "X\r\n", "pass 0"},
};

static void keeps_time(void **state)
{
    static struct received got;
    (void)state;
    for (size_t i = 0; i < COUNT(waits); i++) {
        static struct stage t;
        assert_int_equal(open_stage(&t, waits[i].dialogue), PQ_STATUS_OK);
        struct pq_server *s = pq_server_new(&t.mock, PQ_TLS_NONE, 0);
        assert_non_null(s);
        got.len = 0;
        drain(s, 4096, 0, &got);
        assert_int_equal(pq_server_wake_ms(s), waits[i].wake_ms);
        (void)talk(s, pq_slice_text(waits[i].input), 4096, 0, &got);
        pq_server_wake(s, waits[i].wake_ms - 1);
        if (pq_slice_text(waits[i].input).len < 3)
            assert_false(pq_server_is_over(s));
        pq_server_wake(s, waits[i].wake_ms);
        drain(s, 4096, waits[i].wake_ms, &got);
        assert_true(pq_server_is_over(s));
        pq_server_free(s);
        assert_string_equal(t.verdicts.text, waits[i].verdict);
        close_stage(&t);
    }
}

/* ---- several connections --------------------------------------------------------------------- */

static void rows_follow_each_other(void **state)
{
    static struct stage t;
    static struct received got;
    (void)state;
    assert_int_equal(open_stage(&t, HEAD "matrix: n = 1, 2, 3\n---\n[test]\nS: +OK {n}\n@eof\n"),
                     PQ_STATUS_OK);
    assert_int_equal(t.overlays.count, 3);
    got.len = 0;
    for (size_t i = 0; i < 2; i++) {
        struct pq_server *s = pq_server_new(&t.mock, PQ_TLS_NONE, 0);
        assert_non_null(s);
        drain(s, 4096, 0, &got);
        pq_server_free(s);
    }
    expect_octets("greetings", received_slice(&got), PQ_SLICE("+OK 1\r\n+OK 2\r\n"));
    assert_int_equal(t.overlays.worst, PQ_VERDICT_PASS);
    pq_overlays_end(&t.overlays);
    assert_string_equal(t.verdicts.text, "pass 0; pass 0; inconclusive 0");
    assert_int_equal(t.overlays.worst, PQ_VERDICT_INCONCLUSIVE);
    close_stage(&t);
}

static void fills_the_maildrop(void **state)
{
    static struct stage t;
    enum pq_status status = PQ_STATUS_STATE;
    (void)state;
    assert_int_equal(open_stage(&t, HEAD "mailbox: a\n---\n[message a]\n| x\n[test]\nS: +OK\n"),
                     PQ_STATUS_OK);
    struct pq_account *a = pq_store_find(&t.mock.store, PQ_SLICE("tim"));
    assert_true(pq_overlays_fill(&t.overlays, &t.mock.store, a, &status));
    assert_int_equal(status, PQ_STATUS_OK);
    expect_octets("message", a->messages[2]->content, PQ_SLICE("x\r\n"));
    close_stage(&t);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static const struct {
    const char *dialogue, *why;
} refused[] = {
    {"#!dlg 1\nid: t\nkind: seed\n---\n[test]\nC: X\n",
     "f:1:1: it is not for a server: write \"roles: server\""},
    {TEST "S2: +OK\n", "f:7:1: a server plays one connection with a dialogue: give each connection "
                       "a file of its own"},
    {TEST "S: +OK\n@eof 2\n", "f:8:1: a server plays one connection with a dialogue: give each "
                              "connection a file of its own"},
    {TEST "S: +OK\n@corrupt\n", "f:8:1: the server does not play @corrupt"},
    {TEST "@fault no-such-fault\n", "f:7:1: fault \"no-such-fault\" is unknown: see --list-faults"},
    {TEST "@fault retr-extra-blank-line(messages=none)\n",
     "f:7:1: fault retr-extra-blank-line: messages=none: give all, odd, even, last or a number "
     "from 1 to 4294967295"},
    {TEST "S~ x\n", "f:7:1: a role of the file sends this; write @as emit=\"...\" before it"},
    {TEST "nonsense\n", NULL},
};

static void tells_what_it_cannot_play(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        static struct stage t;
        assert_int_equal(open_stage(&t, refused[i].dialogue), PQ_STATUS_SYNTAX);
        if (refused[i].why)
            assert_string_equal(t.why.text, refused[i].why);
        close_stage(&t);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Whichever request fails, nothing leaks and nobody crashes; the verdict is never a pass of what
 * was not said. */
static void survives_without_memory(void **state)
{
    static const char dialogue[] = TEST "@on C: X\n@end\nS: +OK\nC: USER {n}\nS: +OK {n}\nC: QUIT\n"
                                        "S: +OK\n";
    bool whole = false;
    (void)state;
    for (size_t fail_at = 1; !whole; fail_at++) {
        static struct stage t;
        static struct received got;
        struct nth_fault fault = {.fail_at = fail_at};
        assert_int_equal(open_stage(&t, TEST "S: +OK\n"), PQ_STATUS_OK);
        pq_overlays_free(&t.overlays);
        pq_overlays_init(&t.overlays, (struct pq_alloc){.resize = fault_resize, .ctx = &fault}, 1);
        t.overlays.verdict = keep;
        t.overlays.ctx = &t.verdicts;
        enum pq_status status =
            pq_overlays_add(&t.overlays, "f", pq_slice_text(dialogue), &t.mock, &t.why);
        struct pq_server *s =
            status == PQ_STATUS_OK ? pq_server_new(&t.mock, PQ_TLS_NONE, 0) : NULL;
        got.len = 0;
        if (s) {
            drain(s, 4096, 0, &got);
            (void)talk(s, PQ_SLICE("USER x\r\nQUIT\r\n"), 4096, 0, &got);
        }
        pq_server_free(s);
        whole = fault.calls < fail_at;
        bool all = pq_slice_equal(received_slice(&got), PQ_SLICE("+OK\r\n+OK x\r\n+OK\r\n"));
        if (whole || strncmp(t.verdicts.text, "pass", 4) == 0)
            assert_true(all);
        close_stage(&t);
        assert_true(fail_at < 2000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_in_every_cut),
        cmocka_unit_test(cuts_what_it_sends),
        cmocka_unit_test(keeps_time),
        cmocka_unit_test(sends_everything),
        cmocka_unit_test(rows_follow_each_other),
        cmocka_unit_test(fills_the_maildrop),
        cmocka_unit_test(tells_what_it_cannot_play),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
