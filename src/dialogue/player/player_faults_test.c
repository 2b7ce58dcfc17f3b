/* SPDX-License-Identifier: Apache-2.0
 * What goes wrong around a run: connections that end anywhere, memory that is refused, replies that
 * do not end. Nothing of it crashes, leaks, or blames the target for what is not its fault. */
#define _DEFAULT_SOURCE
#include "dialogue/player/testing.h"

#include "dialogue/player/conns.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- a dialogue with everything in it -------------------------------------------------------- */

#define DIALOGUE                                                                                   \
    "#!dlg 1\nid: x\nreq: RFC1939-5-001\nstate: transaction\n---\n[given]\nC: STAT\n"              \
    "S: +OK {n:int} {size:int}{*?}\n[test]\n@connect 2\nS2~ \\+OK.*\nC2: CAPA\nS2: +OK{*?}\nS2*\n" \
    "S2.\n@batch\nC: LIST\nC: UIDL\n@end\nS: +OK{*?}\n@body list\nS: +OK{*?}\nS| 1 {u:uid}\n"      \
    "S! .\\r\\n\n@assert n == 1 and len(list) == n\n@req RFC1939-5-002\n@match\n@case quiet "      \
    "pass\n"                                                                                       \
    "  @silence 1s\n@case noise warn\n  S: {:rest}\n@end\nC2: QUIT\nS2: +OK\n@eof 2\n@drop\n"      \
    "@settle 1s\n[after]\n@login\nC: STAT\nS: +OK {n} {size}\n@fence\n"
#define EVENTS                                                                                     \
    "connect 1 ok\n< 1 \"+OK\\r\\n\"\n> 1 \"x\"\n< 1 \"+OK\\r\\n\"\n> 1 \"x\"\n< 1 "               \
    "\"+OK\\r\\n\"\n"                                                                              \
    "> 1 \"x\"\n< 1 \"+OK 1 20\\r\\n\"\nconnect 2 ok\n< 2 \"+OK hi\\r\\n\"\n> 2 \"x\"\n"           \
    "< 2 \"+OK\\r\\n\"\n< 2 \"TOP\\r\\n\"\n< 2 \".\\r\\n\"\n> 1 \"x\"\n< 1 \"+OK\\r\\n\"\n"        \
    "< 1 \"1 20\\r\\n\"\n< 1 \".\\r\\n\"\n< 1 \"+OK\\r\\n\"\n< 1 \"1 u\\r\\n\"\n< 1 \".\\r\\n\"\n" \
    "timeout 1\n> 2 \"x\"\n< 2 \"+OK\\r\\n\"\neof 2\nconnect 0 ok\n< 0 \"+OK\\r\\n\"\n"            \
    "> 0 \"x\"\n< 0 \"+OK\\r\\n\"\n> 0 \"x\"\n< 0 \"+OK\\r\\n\"\n> 0 \"x\"\n< 0 \"+OK\\r\\n\"\n"   \
    "connect 1 ok\n< 1 \"+OK\\r\\n\"\n> 1 \"x\"\n< 1 \"+OK\\r\\n\"\n> 1 \"x\"\n< 1 "               \
    "\"+OK\\r\\n\"\n"                                                                              \
    "> 1 \"x\"\n< 1 \"+OK 1 20\\r\\n\"\n> 1 \"x\"\n< 1 \"+OK\\r\\n\"\n"
#define READS 20u /* of the player, until it has passed */
#define RECORD "#!golden 1\nfile: x\ncase: x\noutcome: pass\n" EVENTS

/* The script's wire, with changes. */
struct rig {
    struct pq_script script;
    struct pq_wire inner, wire;
    size_t left;                /* calls of recv until the end comes */
    enum pq_wire_result result; /* that it comes as */
    bool came;
    uint64_t sent;        /* octets that the endless server has sent */
    struct pq_slice line; /* that it sends again and again */
    uint64_t most;        /* after so many octets it ends with a terminator */
};

static struct pq_run run_of(struct played *p, struct rig *r, const char *dialogue,
                            struct pq_alloc alloc)
{
    pq_script_init(&r->script, p->golden.runs);
    r->inner = r->wire = pq_script_wire(&r->script);
    return (struct pq_run){.what = {&p->dlg, pq_slice_text(dialogue)},
                           .login = {&p->login, PQ_SLICE(PRELUDE)},
                           .vars = {.user = PQ_SLICE("user"), .pw = PQ_SLICE("secret")},
                           .patience_ms = 1000,
                           .wire = &r->wire,
                           .alloc = alloc};
}

static void test_the_whole_dialogue_passes(void **state)
{
    (void)state;
    static struct played p;
    play_text(&p, DIALOGUE, EVENTS);
    assert_string_equal(p.sum, "pass test 28 #quiet RFC1939-5-001=pass RFC1939-5-002=pass");
    play_done(&p);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static enum pq_wire_result cut_open(void *ctx, unsigned conn, bool tls, uint64_t deadline)
{
    struct rig *r = ctx;
    r->came = r->came || r->left == 0;
    return r->left > 0 ? r->inner.open(r->inner.ctx, conn, tls, deadline) : PQ_WIRE_REFUSED;
}

static enum pq_wire_result cut_recv(void *ctx, unsigned conn, struct pq_buf *into,
                                    uint64_t deadline)
{
    struct rig *r = ctx;
    if (r->left == 0) {
        r->came = true;
        return r->result;
    }
    r->left--;
    return r->inner.recv(r->inner.ctx, conn, into, deadline);
}

static enum pq_wire_result rig_send(void *ctx, unsigned conn, struct pq_slice *rest,
                                    uint64_t deadline)
{
    struct rig *r = ctx;
    return r->inner.send(r->inner.ctx, conn, rest, deadline);
}

static void rig_gap(void *ctx, unsigned conn)
{
    (void)ctx;
    (void)conn;
}

static void rig_end(void *ctx, unsigned conn, enum pq_wire_end how)
{
    struct rig *r = ctx;
    r->inner.end(r->inner.ctx, conn, how);
}

static const char *rig_why(void *ctx, unsigned conn)
{
    (void)ctx;
    (void)conn;
    return "";
}

static void rig_wait(void *ctx, uint64_t ms)
{
    struct rig *r = ctx;
    r->inner.wait(r->inner.ctx, ms);
}

static uint64_t rig_now(void *ctx)
{
    struct rig *r = ctx;
    return r->inner.now_ms(r->inner.ctx);
}

static void rig_wire(struct rig *r)
{
    r->wire.send = rig_send;
    r->wire.gap = rig_gap;
    r->wire.end = rig_end;
    r->wire.why = rig_why;
    r->wire.wait = rig_wait;
    r->wire.now_ms = rig_now;
    r->wire.ctx = r;
}

/* Ends the connections after `n` reads. False: the run did not get that far. */
static bool end_after(size_t n, enum pq_wire_result result)
{
    static struct played p;
    struct rig r = {.left = n, .result = result};
    play_init_text(&p, DIALOGUE, RECORD);
    struct pq_run run = run_of(&p, &r, DIALOGUE, pq_alloc_default());
    rig_wire(&r);
    r.wire.open = cut_open;
    r.wire.recv = cut_recv;
    pq_run_play(&run, &p.mask, &p.out);
    sum_up(&p.out, p.sum, sizeof(p.sum));
    bool reached = r.came;
    enum pq_verdict v = p.out.verdict;
    bool given = p.out.section == PQ_DLG_GIVEN;
    if (reached && (v < PQ_VERDICT_INCONCLUSIVE || v > PQ_VERDICT_FAIL ||
                    (given && v != PQ_VERDICT_INCONCLUSIVE)))
        fail_msg("after %zu reads: %s", n, p.sum);
    play_done(&p);
    return reached;
}

static void test_ends_anywhere(void **state)
{
    static const enum pq_wire_result results[] = {PQ_WIRE_CLOSED, PQ_WIRE_RESET, PQ_WIRE_BROKEN};
    (void)state;
    for (size_t i = 0; i < COUNT(results); i++) {
        size_t n = 0;
        while (end_after(n, results[i]))
            n++;
        assert_int_equal(n, READS);
    }
}

/* What may be the network's fault is nobody's failure. */
static void test_the_network_fails_anywhere(void **state)
{
    (void)state;
    static struct played p;
    for (size_t n = 0; n < READS; n++) {
        struct rig r = {.left = n, .result = PQ_WIRE_FAILED};
        play_init_text(&p, DIALOGUE, RECORD);
        struct pq_run run = run_of(&p, &r, DIALOGUE, pq_alloc_default());
        rig_wire(&r);
        r.wire.open = cut_open;
        r.wire.recv = cut_recv;
        pq_run_play(&run, &p.mask, &p.out);
        assert_int_equal(p.out.verdict, PQ_VERDICT_INCONCLUSIVE);
        play_done(&p);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void test_memory_is_refused(void **state)
{
    (void)state;
    static struct played p;
    size_t n = 1;
    for (bool failed = true; failed; n++) {
        struct nth_fault f = {.fail_at = n};
        struct rig r = {.left = 0};
        play_init_text(&p, DIALOGUE, RECORD);
        struct pq_run run = run_of(&p, &r, DIALOGUE, fault_alloc(&f));
        pq_run_play(&run, &p.mask, &p.out);
        failed = f.calls >= n;
        if (p.out.verdict == PQ_VERDICT_FAIL || p.out.verdict == PQ_VERDICT_WARN)
            fail_msg("request %zu: the target is blamed: %s", n, p.out.why);
        play_done(&p);
    }
    assert_in_range(n, 100, 1000); /* the loop reaches what it is for */
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* A server that greets and then sends its line without end, or `most` octets of it. */
static enum pq_wire_result endless_recv(void *ctx, unsigned conn, struct pq_buf *into,
                                        uint64_t deadline)
{
    struct rig *r = ctx;
    (void)conn;
    (void)deadline;
    struct pq_slice end = PQ_SLICE("\r\n.\r\n");
    uint64_t all = r->most + end.len;
    size_t before = into->len;
    while (pq_buf_room(into) > 0 && r->sent < all) {
        struct pq_slice rest = r->sent < r->most
                                   ? pq_slice_after(r->line, (size_t)(r->sent % r->line.len))
                                   : pq_slice_after(end, (size_t)(r->sent - r->most));
        uint64_t left = (r->sent < r->most ? r->most : all) - r->sent;
        size_t room = pq_buf_room(into);
        rest = pq_slice_first(rest, left < room ? (size_t)left : room);
        pq_buf_put(into, rest);
        r->sent += rest.len;
    }
    return into->len > before ? PQ_WIRE_OK : PQ_WIRE_CLOSED;
}

/* Plays `body` to a server that sends `most` octets, made of `line`, and then CRLF, dot, CRLF. */
static void play_endless(struct played *p, const char *body, struct pq_slice line, uint64_t most)
{
    static char dialogue[512];
    struct rig r = {.line = line, .most = most};
    (void)snprintf(dialogue, sizeof(dialogue),
                   "#!dlg 1\nid: x\nreq: RFC1939-5-001\n---\n[test]\n@connect\n%s", body);
    play_init_text(p, dialogue, "#!golden 1\nfile: x\ncase: x\noutcome: pass\nconnect 1 ok\n");
    struct pq_run run = run_of(p, &r, dialogue, pq_alloc_default());
    rig_wire(&r);
    r.left = 1;
    r.wire.open = cut_open;
    r.wire.recv = endless_recv;
    pq_run_play(&run, &p->mask, &p->out);
    sum_up(&p->out, p->sum, sizeof(p->sum));
}

#define ENDLESS UINT64_C(0x10000000) /* 256 MiB */

static uint8_t exes[65536], long_line[65536]; /* without a line end, and with one */
static uint8_t dots[65536]; /* a dot stands where the player, having read so much, skips a line */
#define SKIPPED (PQ_CONN_LINE_MAX + PQ_CONN_READ)

static void test_limits(void **state)
{
    static const struct {
        const char *body;
        struct pq_slice line;
        uint64_t most;
        const char *sum;
    } rows[] = {
        /* A line of as many octets as are kept, and of one more. */
        {"S: {x:text}\n",
         {exes, sizeof(exes)},
         PQ_CONN_LINE_MAX - 1,
         "pass - 0 RFC1939-5-001=pass"},
        {"S: {x:text}\n",
         {exes, sizeof(exes)},
         PQ_CONN_LINE_MAX + 2 * PQ_CONN_READ,
         "fail test 7 RFC1939-5-001=fail"},
        {"S: {x:text}\n", {exes, sizeof(exes)}, ENDLESS, "fail test 7 RFC1939-5-001=fail"},
        {"S| {x:text}\n", {exes, sizeof(exes)}, ENDLESS, "fail test 7 RFC1939-5-001=fail"},
        {"@eof\n", {exes, sizeof(exes)}, ENDLESS, "fail test 7 RFC1939-5-001=fail"},
        /* A reply that is passed over: all of its octets count, in one line or in many. */
        {"S*\nS.\n",
         {exes, sizeof(exes)},
         UINT64_C(3) * PQ_CONN_LINE_MAX,
         "pass - 0 RFC1939-5-001=pass"},
        {"S*\nS.\n", {exes, sizeof(exes)}, ENDLESS, "inconclusive test 7"},
        {"S*\nS.\n",
         {long_line, sizeof(long_line)},
         PQ_RUN_REPLY_MAX - 2,
         "pass - 0 RFC1939-5-001=pass"},
        {"S*\nS.\n", {long_line, sizeof(long_line)}, PQ_RUN_REPLY_MAX - 1, "inconclusive test 7"},
        /* What is left of a line behind its skipped part is no terminator, even if it is a dot. */
        {"S* 1\nS.\n@eof\n", {dots, sizeof(dots)}, SKIPPED, "pass - 0 RFC1939-5-001=pass"},
        {"S* 1\n", PQ_SLICE_INIT("x\r\n"), ENDLESS, "pass - 0 RFC1939-5-001=pass"},
        /* One that is kept: each line counts with its CRLF. */
        {"@body x\n", PQ_SLICE_INIT("123456\r\n"), PQ_RUN_BODY_MAX - 2,
         "pass - 0 RFC1939-5-001=pass"},
        {"@body x\n", PQ_SLICE_INIT("123456\r\n"), PQ_RUN_BODY_MAX - 1, "inconclusive test 7"},
        {"@body x\n", {exes, sizeof(exes)}, ENDLESS, "inconclusive test 7"},
    };
    (void)state;
    static struct played p;
    memset(exes, 'x', sizeof(exes));
    memset(dots, 'x', sizeof(dots));
    dots[(SKIPPED - 1) % sizeof(dots)] = '.';
    memset(long_line, 'x', sizeof(long_line) - 2);
    memcpy(long_line + sizeof(long_line) - 2, "\r\n", 2);
    for (size_t i = 0; i < COUNT(rows); i++) {
        play_endless(&p, rows[i].body, rows[i].line, rows[i].most);
        if (strcmp(p.sum, rows[i].sum) != 0)
            fail_msg("row %zu: got %s, wanted %s: %s", i, p.sum, rows[i].sum, p.out.why);
        play_done(&p);
    }
}

/* An answer that drips ends when twenty patiences are over. */
static enum pq_wire_result drip_recv(void *ctx, unsigned conn, struct pq_buf *into,
                                     uint64_t deadline)
{
    struct rig *r = ctx;
    (void)conn;
    uint64_t now = r->inner.now_ms(r->inner.ctx);
    bool waits = deadline > now + 900;
    r->inner.wait(r->inner.ctx, waits ? 900 : deadline - now);
    if (waits)
        pq_buf_put_octet(into, 'x');
    return waits ? PQ_WIRE_OK : PQ_WIRE_TIMEOUT;
}

static void test_a_drip_ends(void **state)
{
    (void)state;
    static const char dialogue[] = "#!dlg 1\nid: x\n---\n[test]\n@connect\nS: +OK\n";
    static struct played p;
    struct rig r = {.left = 100};
    play_init_text(
        &p, dialogue,
        "#!golden 1\nfile: x\ncase: x\noutcome: pass\nconnect 1 ok\nconnect 0 refused\n");
    struct pq_run run = run_of(&p, &r, dialogue, pq_alloc_default());
    rig_wire(&r);
    r.wire.open = cut_open;
    r.wire.recv = drip_recv;
    pq_run_play(&run, &p.mask, &p.out);
    assert_in_range(r.script.now_ms, 20000, 45000);
    assert_true(p.out.verdict >= PQ_VERDICT_INCONCLUSIVE);
    play_done(&p);
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static void slow_gap(void *ctx, unsigned conn)
{
    (void)conn;
    rig_wait(ctx, 10);
}

static enum pq_wire_result counting_send(void *ctx, unsigned conn, struct pq_slice *rest,
                                         uint64_t deadline)
{
    struct rig *r = ctx;
    (void)conn;
    (void)deadline;
    r->sent += rest->len;
    *rest = (struct pq_slice){.len = 0};
    return PQ_WIRE_OK;
}

/* Time between two writes of ours is no time in which the peer takes nothing, and it has an end. */
static void test_a_long_line_in_single_octets_goes_out(void **state)
{
    (void)state;
    static const char dialogue[] = "#!dlg 1\nid: x\n---\n[test]\n@connect\nS: +OK\n@segment byte\n"
                                   "C: {= repeat(\"A\", 2000)}\nS: +OK\n";
    static struct played p;
    struct rig r = {.left = 100};
    play_init_text(&p, dialogue,
                   "#!golden 1\nfile: x\ncase: x\noutcome: pass\nconnect 1 ok\n"
                   "< 1 \"+OK\\r\\n\"\n< 1 \"+OK\\r\\n\"\n");
    struct pq_run run = run_of(&p, &r, dialogue, pq_alloc_default());
    rig_wire(&r);
    r.wire.open = cut_open;
    r.wire.recv = cut_recv;
    r.wire.send = counting_send;
    r.wire.gap = slow_gap;
    pq_run_play(&run, &p.mask, &p.out);
    assert_int_equal(p.out.verdict, PQ_VERDICT_PASS);
    assert_int_equal(r.sent, 2002);
    assert_int_equal(r.script.now_ms, 2560);
    play_done(&p);
}

/* ---- transcripts ----------------------------------------------------------------------------- */

static void test_transcripts_are_bounded(void **state)
{
    (void)state;
    struct pq_mask mask;
    struct pq_playlog log;
    size_t before = 0;
    uint8_t many[2000];
    char text[32];
    memset(many, 'x', sizeof(many));
    pq_mask_init(&mask, pq_alloc_default());
    pq_playlog_init(&log, &mask, pq_alloc_default());
    struct pq_playlog_at at = {.conn = 1, .dir = 'S'};
    const unsigned kept = PQ_PLAYLOG_FIRST + PQ_PLAYLOG_LAST;
    for (unsigned i = 0; i < kept + 3; i++) {
        if (i == kept)
            assert_int_equal(pq_playlog_gap(&log, &before), 0);
        at.ms = i;
        pq_playlog_add(&log, at, PQ_SLICE("a"), NULL);
    }
    assert_int_equal(pq_playlog_gap(&log, &before), 3);
    assert_int_equal(before, PQ_PLAYLOG_FIRST);
    assert_int_equal(pq_playlog_entry(&log, 0)->ms, 0);
    assert_int_equal(pq_playlog_entry(&log, before - 1)->ms, before - 1);
    assert_int_equal(pq_playlog_entry(&log, before)->ms, before + 3);
    assert_int_equal(pq_playlog_entry(&log, kept - 1)->ms, kept + 2);
    assert_null(pq_playlog_entry(&log, kept));
    /* A long entry is cut, and tells how much is missing; what continues it is counted too. */
    pq_playlog_add(&log, at, pq_slice_of(many, PQ_PLAYLOG_SHOWN - 1), NULL);
    assert_int_equal(pq_playlog_entry(&log, kept - 1)->left_out, 0);
    pq_playlog_more(&log, at, PQ_SLICE("\x01\xFF"));
    const struct pq_playlog_entry *last = pq_playlog_entry(&log, kept - 1);
    assert_int_equal(last->left_out, 1);
    assert_int_equal(last->text.len, PQ_PLAYLOG_SHOWN + 3);
    (void)snprintf(text, sizeof(text), "%.*s", 5, (const char *)last->text.at + last->text.len - 5);
    assert_string_equal(text, "x\\x01");
    pq_playlog_more(&log, at, pq_slice_of(many, sizeof(many)));
    assert_int_equal(pq_playlog_entry(&log, kept - 1)->left_out, 1 + sizeof(many));
    at.conn = 2;
    pq_playlog_more(&log, at, PQ_SLICE("b"));
    assert_int_equal(pq_playlog_entry(&log, kept - 1)->conn, 2);
    pq_playlog_free(&log);
    pq_mask_free(&mask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_dialogue_passes),
        cmocka_unit_test(test_ends_anywhere),
        cmocka_unit_test(test_the_network_fails_anywhere),
        cmocka_unit_test(test_memory_is_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_drip_ends),
        cmocka_unit_test(test_a_long_line_in_single_octets_goes_out),
        cmocka_unit_test(test_transcripts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
