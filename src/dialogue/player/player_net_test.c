/* SPDX-License-Identifier: Apache-2.0
 * The player over real sockets: what leaves it, and what it makes of a real server's behaviour. */
#define _DEFAULT_SOURCE
#include "dialogue/player/server_testing.h"

/* ---- runs ------------------------------------------------------------------------------------ */

static struct server server; /* the one that runs now: a gap has no context */

static uint64_t gap_ms; /* how long it takes */

static void gap(void)
{
    server.now_ms += gap_ms;
    for (int i = 0; i < 3; i++)
        server_step(&server);
}

static struct contexts {
    struct pq_tls_context *server;
    char ca[128];
} contexts;

static struct test_folder folder;

static int set_up(void **state)
{
    (void)state;
    folder = folder_make();
    struct pq_ca *ca = ca_make(&folder, "ca");
    issue_dns(ca, "good", "pop.example.test");
    struct test_files good = files_of(&folder, "good"), root = files_of(&folder, "ca");
    struct pq_tls_identity identity = identity_of(&good);
    struct pq_tls_config config = {.server = true, .identities = &identity, .identities_len = 1};
    contexts.server = context_of(&config);
    (void)snprintf(contexts.ca, sizeof(contexts.ca), "%s", root.cert);
    pq_ca_free(ca);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pq_tls_context_free(contexts.server);
    folder_remove(&folder);
    return 0;
}

struct options {
    enum pq_run_tls tls;
    const char *host;
    struct pq_cut cut;
    bool gone; /* nobody listens */
};

static void play_with(struct played *p, const char *dialogue, const struct options *o)
{
    struct pq_addr_text plain = pq_addr_text(&server.plain.addr);
    struct pq_addr_text tls = pq_addr_text(&server.tls.addr);
    struct pq_target target;
    struct pq_why why = {""};
    play_init_text(p, dialogue, "#!golden 1\nfile: x\ncase: x\noutcome: pass\n");
    if (o->gone)
        server_stop(&server);
    struct pq_target_config config = {.address = plain.at,
                                      .tls_address = tls.at,
                                      .host = o->host ? o->host : "pop.example.test",
                                      .ca_file = contexts.ca,
                                      .verify = true};
    assert_int_equal(pq_target_init(&target, &config, pq_alloc_default(), &why), PQ_STATUS_OK);
    struct pq_io io = server_io(&server);
    struct pq_wire_net net;
    pq_wire_net_init(&net, &target, &io, (struct pq_asker){.ask = NULL}, gap);
    struct pq_wire wire = pq_wire_net_wire(&net);
    struct pq_run run = {
        .what = {&p->dlg, pq_slice_text(dialogue)},
        .login = {&p->login, PQ_SLICE(PRELUDE)},
        .vars = {.user = PQ_SLICE("user"), .pw = PQ_SLICE("secret")},
        .tls = o->tls,
        .cut = o->cut,
        .patience_ms = 1000,
        .wire = &wire,
        .alloc = pq_alloc_default(),
    };
    pq_run_play(&run, &p->mask, &p->out);
    sum_up(&p->out, p->sum, sizeof(p->sum));
    pq_wire_net_free(&net);
    pq_target_free(&target);
    for (int i = 0; i < 20; i++)
        server_step(&server); /* it sees how its connections ended */
}

static void play(struct played *p, const char *dialogue)
{
    static const struct options usual = {.tls = PQ_RUN_TLS_NONE};
    play_with(p, dialogue, &usual);
}

static void assert_sum(const struct played *p, const char *sum)
{
    static char text[1u << 14];
    if (strcmp(p->sum, sum) == 0)
        return;
    show_transcript(&p->out, text, sizeof(text));
    fail_msg("got %s, wanted %s\nwhy: %s\nactual: %s\n%s", p->sum, sum, p->out.why, p->out.actual,
             text);
}

static const struct reply usual[] = {
    {"USER", "+OK\r\n", DEED_NONE},
    {"PASS", "+OK\r\n", DEED_NONE},
    {"STLS", "+OK go\r\n", DEED_TLS},
    {"QUIT", "+OK bye\r\n", DEED_CLOSE},
    {"CUT", "+OK\r\n", DEED_CUT},
    {"RESET", "+OK\r\n", DEED_RESET},
    {"MUTE", NULL, DEED_NONE},
    {"DEAF", "+OK\r\n", DEED_DEAF},
    {"EARLY", "+OK\r\n", DEED_TLS_EARLY},
    {"PLAIN", "+OK go\r\n-ERR no TLS\r\n", DEED_NONE},
    {"EXTRA", "+OK\r\n+OK\r\n", DEED_TLS},
    {NULL, "+OK\r\n", DEED_NONE},
};

#define HEAD "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\nS: +OK{*?}\n"
#define PASS "pass - 0 RFC1939-5-001=pass"

/* ---- writes ---------------------------------------------------------------------------------- */

static void test_writes_arrive_apart(void **state)
{
    static const struct {
        const char *body;
        struct pq_cut cut;
        const char *reads;
    } rows[] = {
        {"C: AB\nS: +OK\n", {PQ_DLG_CUT_WHOLE, 0}, "AB\\0D\\0A\n"},
        {"C: AB\nS: +OK\n", {PQ_DLG_CUT_BYTE, 0}, "A\nB\n\\0D\n\\0A\n"},
        {"C: AB\nS: +OK\n", {PQ_DLG_CUT_MID_CRLF, 0}, "AB\\0D\n\\0A\n"},
        {"C: AB\nS: +OK\n", {PQ_DLG_CUT_OCTETS, 3}, "AB\\0D\n\\0A\n"},
        {"C! A\\r\\nB\\r\\n\nS: +OK\nS: +OK\n",
         {PQ_DLG_CUT_AFTER_CRLF, 0},
         "A\\0D\\0A\nB\\0D\\0A\n"},
        {"C! A\\|B\\r\\n\nS: +OK\n", {PQ_DLG_CUT_WHOLE, 0}, "A\nB\\0D\\0A\n"},
        {"C! A\\|B\\r\\n\nS: +OK\n", {PQ_DLG_CUT_BYTE, 0}, "A\nB\\0D\\0A\n"},
        {"@segment whole\nC! A\\|B\\r\\n\nS: +OK\n", {PQ_DLG_CUT_BYTE, 0}, "A\nB\\0D\\0A\n"},
        {"@segment whole\nC: AB\nS: +OK\n", {PQ_DLG_CUT_BYTE, 0}, "AB\\0D\\0A\n"},
        {"@segment 2\nC! A\\|BC\\r\\n\nS: +OK\n", {PQ_DLG_CUT_BYTE, 0}, "A\nBC\n\\0D\\0A\n"},
        {"@batch\nC: A\nC: B\n@end\nS: +OK\nS: +OK\n",
         {PQ_DLG_CUT_WHOLE, 0},
         "A\\0D\\0AB\\0D\\0A\n"},
        {"@batch\nC: A\nC: B\n@end\nS: +OK\nS: +OK\n",
         {PQ_DLG_CUT_MID_CRLF, 0},
         "A\\0D\n\\0AB\\0D\n\\0A\n"},
        {"@batch\nC! A\\|B\\r\\n\n@end\nS: +OK\n", {PQ_DLG_CUT_WHOLE, 0}, "AB\\0D\\0A\n"},
        {"@segment byte\n@batch\nC: A\n@end\nS: +OK\n", {PQ_DLG_CUT_WHOLE, 0}, "A\n\\0D\n\\0A\n"},
    };
    (void)state;
    static struct played p;
    char dialogue[1024];
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct options o = {.cut = rows[i].cut};
        server_start(&server, NULL, usual);
        (void)snprintf(dialogue, sizeof(dialogue), HEAD "%s", rows[i].body);
        play_with(&p, dialogue, &o);
        assert_sum(&p, PASS);
        assert_string_equal(server.reads, rows[i].reads);
        size_t reads = 0;
        for (const char *r = server.reads; *r; r++)
            reads += *r == '\n' ? 1 : 0;
        assert_int_equal(server.writes, reads);
        play_done(&p);
        server_stop(&server);
    }
}

static void test_gaps_are_not_the_patience_with_the_target(void **state)
{
    (void)state;
    static struct played p;
    server_start(&server, NULL, usual);
    gap_ms = 600;
    play_with(&p, HEAD "C: AB\nS: +OK\n", &(struct options){.cut = {PQ_DLG_CUT_BYTE, 0}});
    gap_ms = 0;
    assert_sum(&p, PASS);
    assert_string_equal(server.reads, "A\nB\n\\0D\n\\0A\n");
    play_done(&p);
    server_stop(&server);
}

static void test_a_race_is_sent_before_anything_is_read(void **state)
{
    (void)state;
    static struct played p;
    server_start(&server, NULL, usual);
    play(&p,
         HEAD "@connect 2\nS2: +OK hi\n@race\nC: A\nC2: B\n@batch\nC: C\nC: D\n@end\nC: E\n@end\n"
              "S: +OK\nS2: +OK\nS: +OK\nS: +OK\nS: +OK\n");
    assert_sum(&p, PASS);
    /* Nothing waited, so the writes on connection 1 were one read; the other one was another. */
    assert_string_equal(server.reads, "A\\0D\\0AC\\0D\\0AD\\0D\\0AE\\0D\\0A\nB\\0D\\0A\n");
    assert_int_equal(server.writes, 4); /* C and D are a batch */
    play_done(&p);
    server_stop(&server);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void test_ends_as_the_server_sees_them(void **state)
{
    static const struct {
        const char *body, *ends;
    } rows[] = {
        {"@close\n", "closed "},
        {"@drop\n", "reset "},
        {"@tlscut\n", "closed "},
        {"@halfclose\n", "closed "},
        {"C: STLS\nS: +OK go\n@tls\n@close\n", "closed "},
        {"C: STLS\nS: +OK go\n@tls\n@tlscut\n", "cut "},
        {"C: STLS\nS: +OK go\n@tls\n@drop\n", "reset "},
        {"C: STLS\nS: +OK go\n@tls\n@corrupt\nC: NOOP\n@eof\n", "broken "},
    };
    (void)state;
    static struct played p;
    char dialogue[1024];
    for (size_t i = 0; i < COUNT(rows); i++) {
        server_start(&server, contexts.server, usual);
        (void)snprintf(dialogue, sizeof(dialogue), HEAD "%s", rows[i].body);
        play(&p, dialogue);
        assert_sum(&p, PASS);
        assert_string_equal(server.ends, rows[i].ends);
        play_done(&p);
        server_stop(&server);
    }
}

static void test_half_close_still_reads(void **state)
{
    (void)state;
    static struct played p;
    server_start(&server, NULL, usual);
    play(&p, HEAD "C: NOOP\n@halfclose\nS: +OK\n@eof\n");
    assert_sum(&p, PASS);
    play_done(&p);
    server_stop(&server);
}

static void test_ends_of_the_server(void **state)
{
    static const struct {
        const char *body, *sum, *seen;
    } rows[] = {
        {"C: QUIT\nS: +OK bye\n@eof\n", PASS, "* peer: connection closed"},
        {"C: QUIT\nS: +OK bye\nS: more\n", "fail test 10 RFC1939-5-001=fail", "connection closed"},
        {"C: RESET\n@match\n@case a pass\n  @eof\n@case b pass\n  S: +OK\n@end\n@match\n@case c "
         "note\n  "
         "@eof\n@end\n",
         NULL, "connection reset"},
        {"C: MUTE\nS: +OK\n", "fail test 9 RFC1939-5-001=fail RFC1939-3-020=fail", "* no answer"},
        {"C: STLS\nS: +OK go\n@tls\nC: CUT\nS: +OK\n@eof\n", PASS, "peer: connection closed"},
    };
    (void)state;
    static struct played p;
    static char text[1u << 14];
    char dialogue[1024];
    for (size_t i = 0; i < COUNT(rows); i++) {
        server_start(&server, contexts.server, usual);
        (void)snprintf(dialogue, sizeof(dialogue), HEAD "%s", rows[i].body);
        play(&p, dialogue);
        if (rows[i].sum)
            assert_sum(&p, rows[i].sum);
        show_transcript(&p.out, text, sizeof(text));
        if (!strstr(text, rows[i].seen + (rows[i].seen[0] == '*' ? 2 : 0)))
            fail_msg("%s is not in\n%s", rows[i].seen, text);
        play_done(&p);
        server_stop(&server);
    }
}

static void test_nobody_listens(void **state)
{
    static const struct options o = {.gone = true};
    (void)state;
    static struct played p;
    server_start(&server, NULL, usual);
    play_with(&p, HEAD, &o);
    assert_sum(&p, "inconclusive test 6");
    assert_true(p.out.peer_gone);
    play_done(&p);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static void test_tls_comes_out(void **state)
{
    static const struct {
        const char *body, *sum;
    } rows[] = {
        {"C: STLS\nS: +OK go\n@tls\nC: NOOP\nS: +OK\n", PASS},
        {"C: STLS\nS: +OK go\n@tls min=tls1.2 max=tls1.2\nC: NOOP\nS: +OK\n", PASS},
        {"C: PLAIN\nS: +OK go\n@tls -> r\n@assert r == \"plain\"\nS: -ERR no TLS\n", PASS},
        {"C: EXTRA\nS: +OK\n@tls -> r\n@assert r == \"plain\"\n", PASS},
        {"C: DEAF\nS: +OK\n@tls -> r\n@assert r == \"timeout\"\n", PASS},
        {"C: STLS\nS: +OK go\n@tls -> r min=tls1.0 max=tls1.0\n@assert r == \"alert\"\n", PASS},
        {"C: EARLY\nS: +OK\n@tls -> r hello=raw\n@assert r == \"ok\"\nC: NOOP\nS: +OK\n", PASS},
        {"C: CUT\nS: +OK\n@tls -> r\n@assert r == \"eof\"\n", PASS},
        {"@connect 2 tls\nS2: +OK hi\nC2: NOOP\nS2: +OK\n", PASS},
    };
    (void)state;
    static struct played p;
    char dialogue[1024];
    for (size_t i = 0; i < COUNT(rows); i++) {
        server_start(&server, contexts.server, usual);
        (void)snprintf(dialogue, sizeof(dialogue), HEAD "%s", rows[i].body);
        play(&p, dialogue);
        assert_sum(&p, rows[i].sum);
        play_done(&p);
        server_stop(&server);
    }
}

/* The ClientHello leaves in the segment of STLS. A server that takes what it has received for the
 * start of TLS goes on with it; ours forgets it, so that its handshake never comes. */
static void test_hello_in_the_same_segment(void **state)
{
    (void)state;
    static struct played p;
    server_start(&server, contexts.server, usual);
    play(&p, HEAD "C: STLS\nS: +OK go\n@tls -> r hello=raw\n@assert r == \"timeout\"\n");
    assert_sum(&p, PASS);
    assert_memory_equal(server.reads, "STLS\\0D\\0A\\16\\03\\01", 19);
    assert_ptr_equal(strchr(server.reads, '\n'), server.reads + strlen(server.reads) - 1);
    play_done(&p);
    server_stop(&server);
}

static void test_ways_to_the_target(void **state)
{
    static const struct {
        struct options o;
        const char *dialogue, *sum;
    } rows[] = {
        {{.tls = PQ_RUN_TLS_STLS}, HEAD "C: NOOP\nS: +OK\n", PASS},
        {{.tls = PQ_RUN_TLS_STLS, .cut = {PQ_DLG_CUT_BYTE, 0}}, HEAD "C: NOOP\nS: +OK\n", PASS},
        {{.tls = PQ_RUN_TLS_IMPLICIT}, HEAD "C: NOOP\nS: +OK\n", PASS},
        {{.tls = PQ_RUN_TLS_IMPLICIT}, HEAD "C: STLS\nS: +OK go\n@tls\nC: NOOP\nS: +OK\n", PASS},
        {{.tls = PQ_RUN_TLS_STLS, .host = "other.example.test"}, HEAD, "inconclusive test 6"},
        {{.tls = PQ_RUN_TLS_IMPLICIT, .host = "other.example.test"}, HEAD, "inconclusive test 6"},
        {{.tls = PQ_RUN_TLS_NONE, .host = "other.example.test"},
         HEAD "C: STLS\nS: +OK go\n@tls\n",
         "inconclusive test 10"},
        {{.tls = PQ_RUN_TLS_NONE, .host = "other.example.test"},
         HEAD "C: STLS\nS: +OK go\n@tls -> r verify=yes\n@assert r == \"refused\"\n",
         PASS},
        {{.tls = PQ_RUN_TLS_NONE, .host = "other.example.test"},
         HEAD "C: STLS\nS: +OK go\n@tls verify=no\nC: NOOP\nS: +OK\n",
         PASS},
        {{.tls = PQ_RUN_TLS_STLS},
         "#!dlg 1\nid: x\nreq: RFC1939-5-001\nstate: transaction\n---\n[test]\nC: NOOP\nS: +OK\n",
         PASS},
    };
    (void)state;
    static struct played p;
    for (size_t i = 0; i < COUNT(rows); i++) {
        server_start(&server, contexts.server, usual);
        play_with(&p, rows[i].dialogue, &rows[i].o);
        assert_sum(&p, rows[i].sum);
        play_done(&p);
        server_stop(&server);
    }
}

/* ---- asks ------------------------------------------------------------------------------------ */

static void test_nobody_to_ask(void **state)
{
    (void)state;
    static struct played p;
    server_start(&server, NULL, usual);
    play(&p, HEAD "@reset\n");
    assert_sum(&p, "skip(adapter) test 8");
    assert_non_null(strstr(p.out.why, "reset needs an adapter"));
    play_done(&p);
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_arrive_apart),
        cmocka_unit_test(test_gaps_are_not_the_patience_with_the_target),
        cmocka_unit_test(test_a_race_is_sent_before_anything_is_read),
        cmocka_unit_test(test_ends_as_the_server_sees_them),
        cmocka_unit_test(test_half_close_still_reads),
        cmocka_unit_test(test_ends_of_the_server),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_tls_comes_out),
        cmocka_unit_test(test_hello_in_the_same_segment),
        cmocka_unit_test(test_ways_to_the_target),
        cmocka_unit_test(test_nobody_to_ask),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
