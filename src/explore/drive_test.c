/* SPDX-License-Identifier: Apache-2.0
 * Plans against a server of a few lines that answers as a test wants it to, without sockets and
 * with a clock of its own. */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "dialogue/format.h"
#include "dialogue/lint.h"
#include "explore/write.h"

/* ---- the server ------------------------------------------------------------------------------ */

#define CONNS 3u
#define PATIENCE 1000u

struct server;
typedef const char *answer_fn(struct server *s, const char *line);

struct server {
    answer_fn *answer; /* NULL as an answer: says nothing; "" : closes */
    bool refuses, is_silent;
    size_t cut; /* octets that one call receives at most; 0: no limit */
    uint64_t now;
    unsigned opened, writes, gaps;
    struct side {
        bool open, closes;
        char in[8192];
        size_t in_len;
        char out[8192];
        size_t out_len, out_at;
    } sides[CONNS];
};

static void say(struct side *side, const char *text)
{
    size_t len = strlen(text);
    assert_true(side->out_len + len <= sizeof(side->out));
    memcpy(side->out + side->out_len, text, len);
    side->out_len += len;
}

static enum pq_wire_result server_open(void *ctx, unsigned conn, bool tls, uint64_t deadline)
{
    struct server *s = ctx;
    (void)deadline;
    assert_false(tls);
    if (s->refuses)
        return PQ_WIRE_REFUSED;
    s->sides[conn] = (struct side){.open = true};
    s->opened++;
    if (!s->is_silent)
        say(&s->sides[conn], "+OK ready\r\n");
    return PQ_WIRE_OK;
}

static void take_line(struct server *s, struct side *side)
{
    char line[8192];
    memcpy(line, side->in, side->in_len);
    line[side->in_len - 2] = 0;
    side->in_len = 0;
    const char *text = side->closes ? NULL : s->answer(s, line);
    if (text)
        say(side, text);
    if (text && (!text[0] || strcmp(line, "QUIT") == 0))
        side->closes = true;
}

static enum pq_wire_result server_send(void *ctx, unsigned conn, struct pq_slice *rest,
                                       uint64_t deadline)
{
    struct server *s = ctx;
    struct side *side = &s->sides[conn];
    (void)deadline;
    assert_true(side->open);
    s->writes++;
    for (size_t i = 0; i < rest->len; i++) {
        assert_true(side->in_len < sizeof(side->in));
        side->in[side->in_len++] = (char)rest->at[i];
        if (side->in_len >= 2 && memcmp(side->in + side->in_len - 2, "\r\n", 2) == 0)
            take_line(s, side);
    }
    *rest = pq_slice_of(NULL, 0);
    return PQ_WIRE_OK;
}

static enum pq_wire_result server_recv(void *ctx, unsigned conn, struct pq_buf *into,
                                       uint64_t deadline)
{
    struct server *s = ctx;
    struct side *side = &s->sides[conn];
    size_t left = side->out_len - side->out_at;
    if (left == 0) {
        s->now = deadline > s->now ? deadline : s->now;
        return side->closes ? PQ_WIRE_CLOSED : PQ_WIRE_TIMEOUT;
    }
    size_t n = s->cut > 0 && left > s->cut ? s->cut : left;
    assert_true(pq_buf_put(into, pq_slice_of(side->out + side->out_at, n)));
    side->out_at += n;
    return PQ_WIRE_OK;
}

static enum pq_wire_result server_half_close(void *ctx, unsigned conn, uint64_t deadline)
{
    struct server *s = ctx;
    (void)deadline;
    s->sides[conn].closes = true;
    return PQ_WIRE_OK;
}

static void server_end(void *ctx, unsigned conn, enum pq_wire_end how)
{
    struct server *s = ctx;
    (void)how;
    s->sides[conn].open = false;
}

static void server_gap(void *ctx, unsigned conn)
{
    struct server *s = ctx;
    (void)conn;
    s->gaps++;
}

static uint64_t server_now(void *ctx)
{
    const struct server *s = ctx;
    return s->now;
}

/* ---- answers --------------------------------------------------------------------------------- */

static const char *good(struct server *s, const char *line)
{
    (void)s;
    if (strcmp(line, "LIST") == 0)
        return "+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n";
    if (strcmp(line, "STAT") == 0)
        return "+OK 2 320\r\n";
    if (strcmp(line, "RETR 9") == 0)
        return "-ERR no such message\r\n";
    return "+OK\r\n";
}

static const char *twice(struct server *s, const char *line)
{
    return strcmp(line, "NOOP") == 0 ? "+OK\r\n+OK\r\n" : good(s, line);
}

static const char *mute(struct server *s, const char *line)
{
    return strcmp(line, "NOOP") == 0 ? NULL : good(s, line);
}

static const char *dies(struct server *s, const char *line)
{
    s->refuses = strcmp(line, "NOOP") == 0;
    return s->refuses ? NULL : good(s, line);
}

static const char *freezes(struct server *s, const char *line)
{
    s->is_silent = strcmp(line, "NOOP") == 0;
    return s->is_silent ? NULL : good(s, line);
}

static const char *hangs_up(struct server *s, const char *line)
{
    return strcmp(line, "NOOP") == 0 ? "" : good(s, line);
}

static const char *babbles(struct server *s, const char *line)
{
    return strcmp(line, "NOOP") == 0 ? "\x01\xFF no reply\r\n" : good(s, line);
}

static const char *tells_the_password(struct server *s, const char *line)
{
    return strcmp(line, "PASS open sesame") == 0 ? "+OK welcome\r\n" : good(s, line);
}

/* ---- a run ----------------------------------------------------------------------------------- */

static struct pq_plan plan_of(const char *const *lines)
{
    struct pq_plan p = {.count = 0};
    assert_true(pq_plan_add(&p, PQ_STEP_CONNECT, 1, pq_slice_of(NULL, 0), false));
    assert_true(pq_plan_add(&p, PQ_STEP_LOGIN, 1, pq_slice_of(NULL, 0), false));
    for (; *lines; lines++)
        assert_true(pq_plan_add(&p, PQ_STEP_SEND, 1, pq_slice_text(*lines), false));
    return p;
}

static void play_on(struct server *server, const struct pq_plan *plan, struct pq_cut cut,
                    struct pq_alloc alloc, struct pq_drive_result *r)
{
    const struct pq_wire wire = {
        .open = server_open,
        .send = server_send,
        .recv = server_recv,
        .half_close = server_half_close,
        .end = server_end,
        .now_ms = server_now,
        .gap = server_gap,
        .ctx = server,
    };
    const struct pq_drive_config config = {
        .wire = &wire,
        .cut = cut,
        .user = PQ_SLICE("tim"),
        .pw = PQ_SLICE("open sesame"),
        .patience_ms = PATIENCE,
        .quiet_ms = 10,
        .alloc = alloc,
    };
    pq_drive_play(&config, plan, r);
    assert_true(server->now < UINT64_C(100) * PATIENCE);
    for (unsigned conn = 0; conn < CONNS; conn++)
        assert_false(server->sides[conn].open);
}

static void play_at(struct server *server, const struct pq_plan *plan, struct pq_cut cut,
                    struct pq_drive_result *r)
{
    play_on(server, plan, cut, pq_alloc_default(), r);
}

static void play_cut(answer_fn *answer, const struct pq_plan *plan, size_t cut,
                     struct pq_drive_result *r)
{
    struct server server = {.answer = answer, .cut = cut};
    play_at(&server, plan, (struct pq_cut){.kind = PQ_DLG_CUT_WHOLE}, r);
}

static void play(answer_fn *answer, const char *const *lines, struct pq_drive_result *r)
{
    const struct pq_plan plan = plan_of(lines);
    play_cut(answer, &plan, 0, r);
}

static bool saw(const struct pq_drive_result *r, enum pq_seen_kind kind)
{
    for (size_t i = 0; i < r->seen_count; i++)
        if (r->seen[i].kind == kind)
            return true;
    return false;
}

static const char *const session[] = {"STAT\r\n",   "NOOP\r\n", "LIST\r\n",
                                      "RETR 9\r\n", "QUIT\r\n", NULL};

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_a_good_server_is_not_blamed(void **state)
{
    (void)state;
    struct pq_drive_result r;
    play(good, session, &r);
    assert_int_equal(r.end, PQ_DRIVE_DONE);
    assert_int_equal(r.findings_count, 0);
    assert_int_equal(r.logins, 1);
    assert_int_equal(r.transactions, 1);
    assert_int_equal(r.commands, 7);
    assert_false(r.cut);
    pq_drive_result_free(&r);
}

/* What is seen, and found, does not depend on how the octets arrive. */
static void test_every_cut_gives_the_same(void **state)
{
    (void)state;
    const struct pq_plan plan = plan_of(session);
    for (size_t which = 0; which < 2; which++) {
        struct pq_drive_result whole, cut;
        play_cut(which ? good : babbles, &plan, 0, &whole);
        for (size_t n = 1; n < 12; n++) {
            play_cut(which ? good : babbles, &plan, n, &cut);
            assert_int_equal(cut.seen_count, whole.seen_count);
            for (size_t i = 0; i < cut.seen_count; i++)
                assert_int_equal(cut.seen[i].kind, whole.seen[i].kind);
            assert_int_equal(cut.findings_count, whole.findings_count);
            pq_drive_result_free(&cut);
        }
        pq_drive_result_free(&whole);
    }
}

/* Nor on how what is sent is cut into writes, which a dialogue says too. */
static void test_what_is_sent_is_cut(void **state)
{
    (void)state;
    static const char *const lines[] = {"NOOP\r\n", NULL};
    static const struct {
        struct pq_cut cut;
        unsigned writes;
        const char *said;
    } rows[] = {
        {{PQ_DLG_CUT_WHOLE, 0}, 3, "[given]\n@connect\n"},
        {{PQ_DLG_CUT_BYTE, 0}, 34, "[given]\n@segment byte\n@connect\n"},
        {{PQ_DLG_CUT_MID_CRLF, 0}, 6, "[given]\n@segment mid-crlf\n@connect\n"},
        {{PQ_DLG_CUT_OCTETS, 10}, 4, "[given]\n@segment 10\n@connect\n"},
    };
    const struct pq_plan plan = plan_of(lines);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct server server = {.answer = twice};
        struct pq_drive_result r;
        struct pq_bytes text;
        play_at(&server, &plan, rows[i].cut, &r);
        assert_int_equal(r.sent, 34);
        assert_int_equal(server.writes, rows[i].writes);
        assert_int_equal(server.gaps, rows[i].writes - 3);
        assert_int_equal(r.findings_count, 1);
        const struct pq_plan_text what = {"explored.x",        &plan,      &r, &r.findings[0],
                                          PQ_DRIVE_LOGIN_USER, rows[i].cut};
        pq_bytes_init(&text, pq_alloc_default(), 1u << 16);
        assert_int_equal(pq_plan_write(&what, &text, pq_alloc_default()), PQ_STATUS_OK);
        assert_int_equal(pq_bytes_put(&text, pq_slice_of("", 1)), PQ_STATUS_OK);
        assert_non_null(strstr((const char *)text.at, rows[i].said));
        pq_bytes_free(&text);
        pq_drive_result_free(&r);
    }
}

static void test_an_answer_too_many_is_found_and_written_down(void **state)
{
    (void)state;
    struct pq_drive_result r;
    static const char *const lines[] = {"NOOP\r\n", NULL};
    const struct pq_plan plan = plan_of(lines);
    play_cut(twice, &plan, 0, &r);
    assert_int_equal(r.findings_count, 1);
    assert_string_equal(r.findings[0].rule->requirement, "RFC1939-3-020");
    assert_int_equal(r.findings[0].step, 2);
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), 1u << 16);
    const struct pq_plan_text what = {
        "explored.x", &plan, &r, &r.findings[0], PQ_DRIVE_LOGIN_USER, {PQ_DLG_CUT_WHOLE, 0},
    };
    assert_int_equal(pq_plan_write(&what, &text, pq_alloc_default()), PQ_STATUS_OK);
    const struct pq_slice body = PQ_SLICE("---\n[given]\n@connect\nS: +OK{*?}\nC: USER {user}\n"
                                          "S: +OK{*?}\nC: PASS {pw}\nS: +OK{*?}\n\n[test]\n"
                                          "C: NOOP\nS: {:status}{*?}\n@fence\n");
    struct pq_slice end = pq_slice_after(pq_bytes_slice(&text), text.len - body.len);
    assert_true(pq_slice_equal(end, body));
    pq_bytes_free(&text);
    pq_drive_result_free(&r);
}

static void test_a_missing_answer_is_settled_by_a_probe(void **state)
{
    (void)state;
    struct pq_drive_result r;
    play(mute, session, &r);
    assert_int_equal(r.end, PQ_DRIVE_DONE);
    assert_true(saw(&r, PQ_SEEN_MISSING));
    assert_false(r.late);
    pq_drive_result_free(&r);
}

static void test_a_server_that_dies_or_freezes_ends_the_run(void **state)
{
    (void)state;
    struct pq_drive_result r;
    play(dies, session, &r);
    assert_int_equal(r.end, PQ_DRIVE_GONE);
    assert_false(saw(&r, PQ_SEEN_MISSING));
    pq_drive_result_free(&r);
    play(freezes, session, &r);
    assert_int_equal(r.end, PQ_DRIVE_SILENT);
    assert_false(saw(&r, PQ_SEEN_MISSING));
    pq_drive_result_free(&r);
}

static void test_a_server_that_hangs_up_is_told(void **state)
{
    (void)state;
    struct pq_drive_result r;
    play(hangs_up, session, &r);
    assert_int_equal(r.end, PQ_DRIVE_DONE);
    assert_true(r.cut);
    assert_int_equal(r.cut_off.conn, 1);
    assert_int_equal(r.cut_off.verb, PQ_VERB_NOOP);
    assert_int_equal(r.cut_off.state, PQ_STATE_TRANSACTION);
    assert_int_equal(r.cut_off.step, 3);
    assert_true(saw(&r, PQ_SEEN_CLOSED));
    pq_drive_result_free(&r);
}

static void test_passwords_are_not_in_the_transcript(void **state)
{
    (void)state;
    struct pq_drive_result r;
    play(tells_the_password, session, &r);
    struct pq_slice text = pq_bytes_slice(&r.transcript);
    const struct pq_slice secret = PQ_SLICE("sesame");
    assert_int_equal(r.transactions, 1);
    for (size_t i = 0; i + secret.len <= text.len; i++)
        assert_false(pq_slice_equal(pq_slice_of(text.at + i, secret.len), secret));
    pq_drive_result_free(&r);
}

/* ---- dialogues ------------------------------------------------------------------------------- */

/* Whatever a session was, its dialogue can be read and has no flaw. */
static void test_every_dialogue_passes_the_linter(void **state)
{
    (void)state;
    static struct pq_plan plan;
    const struct pq_referee_rule rule = {"REF-X", "RFC1939-3-020", "something is wrong"};
    const struct pq_plan_config config = {
        .seed = 3, .connections = 2, .messages = 2, .destroy = true, .pipelining = true};
    answer_fn *const servers[] = {good, twice, mute, hangs_up, babbles};
    for (uint64_t n = 0; n < 200; n++) {
        struct pq_drive_result r;
        struct pq_bytes text;
        struct pq_dlg dlg;
        struct pq_dlg_problems problems;
        pq_plan_generate(&plan, &config, n);
        play_cut(servers[n % 5], &plan, 0, &r);
        struct pq_drive_finding finding = {.rule = &rule, .conn = 1, .step = plan.count / 2};
        const struct pq_plan_text what = {
            "explored.x", &plan, &r, &finding, PQ_DRIVE_LOGIN_USER, {PQ_DLG_CUT_WHOLE, 0},
        };
        pq_bytes_init(&text, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
        assert_int_equal(pq_plan_write(&what, &text, pq_alloc_default()), PQ_STATUS_OK);
        assert_int_equal(pq_dlg_parse(&dlg, pq_bytes_slice(&text), pq_alloc_default()),
                         PQ_STATUS_OK);
        memset(&problems, 0, sizeof(problems));
        assert_int_equal(pq_dlg_lint(&dlg, 0, pq_alloc_default(), &problems), PQ_STATUS_OK);
        assert_int_equal(problems.count, 0);
        pq_dlg_free(&dlg);
        pq_bytes_free(&text);
        pq_drive_result_free(&r);
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* One run against a server that obeys, and its dialogue, with the n-th request refused; how many
 * there were. */
static size_t explore_with_fault(size_t n, bool lasts)
{
    static struct server server;
    struct nth_fault f = {.fail_at = n, .lasts = lasts};
    const struct pq_referee_rule rule = {"REF-X", "RFC1939-3-020", "something is wrong"};
    const struct pq_drive_finding finding = {.rule = &rule, .conn = 1, .step = 2};
    const struct pq_plan plan = plan_of(session);
    struct pq_drive_result r;
    struct pq_bytes text;
    server = (struct server){.answer = good};
    const struct pq_cut whole = {.kind = PQ_DLG_CUT_WHOLE};
    play_on(&server, &plan, whole, fault_alloc_pieces(&f), &r);
    if (r.findings_count > 0)
        fail_msg("request %zu: the server is blamed: %s", n, r.findings[0].why);
    const struct pq_plan_text what = {"explored.x",        &plan, &r, &finding,
                                      PQ_DRIVE_LOGIN_USER, whole};
    pq_bytes_init(&text, fault_alloc(&f), PQ_DLG_FORMATTED_MAX);
    enum pq_status status = pq_plan_write(&what, &text, fault_alloc_pieces(&f));
    assert_true(status == PQ_STATUS_OK || status == PQ_STATUS_NO_MEMORY);
    pq_bytes_free(&text);
    pq_drive_result_free(&r);
    assert_int_equal(f.live, 0);
    return f.calls;
}

static void test_refused_memory_blames_nobody(void **state)
{
    (void)state;
    for (int lasts = 0; lasts < 2; lasts++) {
        size_t n = 1;
        while (explore_with_fault(n, lasts) >= n)
            n++;
        assert_in_range(n, 20, 1000); /* the loop reaches what it is for */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_server_is_not_blamed),
        cmocka_unit_test(test_every_cut_gives_the_same),
        cmocka_unit_test(test_what_is_sent_is_cut),
        cmocka_unit_test(test_an_answer_too_many_is_found_and_written_down),
        cmocka_unit_test(test_a_missing_answer_is_settled_by_a_probe),
        cmocka_unit_test(test_a_server_that_dies_or_freezes_ends_the_run),
        cmocka_unit_test(test_a_server_that_hangs_up_is_told),
        cmocka_unit_test(test_passwords_are_not_in_the_transcript),
        cmocka_unit_test(test_every_dialogue_passes_the_linter),
        cmocka_unit_test(test_refused_memory_blames_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
