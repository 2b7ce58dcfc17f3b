/* SPDX-License-Identifier: Apache-2.0
 * A small scripted server, a client, and an observer between them; every cut gives the same events.
 */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "popquiz/conn.h"

static void log_event(struct event_log *log, const struct pq_event *e)
{
    log_text(log, pq_event_name(e->kind));
    log_text(log, " ");
    log_octets(log, pq_verb_row(e->verb)->name);
    if (e->kind == PQ_EVENT_COMMAND && e->refusal != PQ_REFUSED_NONE)
        log_text(log, e->refusal == PQ_REFUSED_SYNTAX ? pq_flaw_name(e->command.flaw) : "refused");
    if (e->kind == PQ_EVENT_REPLY || e->kind == PQ_EVENT_GREETING ||
        e->kind == PQ_EVENT_STRAY_REPLY || e->kind == PQ_EVENT_CHALLENGE) {
        log_text(log, e->reply.indicator == PQ_REPLY_ERR ? "-" : "+");
        log_octets(log, e->reply.text);
    } else if (e->kind != PQ_EVENT_COMMAND) {
        log_octets(log, e->octets);
    }
    log_text(log, "|");
}

/* Content pieces may be cut anywhere: only their concatenation counts. */
static void log_coalesced(struct event_log *log, const struct pq_event *e, bool *in_body)
{
    if (e->kind != PQ_EVENT_BODY) {
        log_event(log, e);
        *in_body = false;
        return;
    }
    if (!*in_body)
        log_text(log, "BODY ");
    *in_body = true;
    log_octets(log, e->octets);
}

/* ---- server ---------------------------------------------------------------------------------- */

static struct pq_slice text(const char *s)
{
    return pq_slice_text(s);
}

static void answer_ok(struct pq_conn *c, const char *what)
{
    assert_int_equal(pq_conn_reply(c, PQ_REPLY_OK, text(""), text(what)), PQ_STATUS_OK);
}

/* Accepts whatever the session allows. */
static void serve(struct pq_conn *c, const struct pq_event *e)
{
    if (e->refusal != PQ_REFUSED_NONE) {
        assert_int_equal(pq_conn_reply(c, PQ_REPLY_ERR, text(""), text("no")), PQ_STATUS_OK);
    } else if (e->kind == PQ_EVENT_RESPONSE) {
        if (pq_slice_equal(e->octets, text("*")))
            assert_int_equal(pq_conn_reply(c, PQ_REPLY_ERR, text("AUTH"), text("")), PQ_STATUS_OK);
        else
            answer_ok(c, "in");
    } else if (e->verb == PQ_VERB_AUTH) {
        assert_int_equal(pq_conn_challenge(c, text("Hi")), PQ_STATUS_OK);
    } else {
        answer_ok(c, "");
        if (!pq_verb_is_multi(e->verb, e->command.argc))
            return;
        if (e->verb == PQ_VERB_RETR)
            assert_int_equal(pq_conn_body(c, text(".dot\r\n\r\nx")), 9);
        else
            assert_int_equal(pq_conn_listing(c, text(".1 5")), PQ_STATUS_OK);
        assert_int_equal(pq_conn_end(c), PQ_STATUS_OK);
    }
}

struct lines {
    uint8_t client[1024], server[PQ_REPLY_LINE_MAX], out[8192];
    struct pq_buf buf;
};

static void server_init(struct pq_conn *c, struct lines *l)
{
    pq_buf_init(&l->buf, l->out, sizeof(l->out));
    pq_conn_init(c, PQ_ROLE_SERVER, PQ_TLS_NONE,
                 (struct pq_conn_memory){l->client, sizeof(l->client), NULL, 0, &l->buf});
    assert_int_equal(pq_conn_greet(c, text("hello")), PQ_STATUS_OK);
}

static void run_server(struct pq_slice input, size_t step, struct event_log *log, struct lines *l)
{
    struct pq_conn c;
    struct pq_event e;
    log->len = 0;
    log->text[0] = 0;
    server_init(&c, l);
    while (input.len > 0) {
        pq_conn_feed(&c, PQ_FROM_CLIENT, guard_slice(pq_slice_first(input, step)));
        size_t fed = pq_conn_unread(&c, PQ_FROM_CLIENT).len;
        while (pq_conn_next(&c, &e) == PQ_NEXT_EVENT) {
            log_event(log, &e);
            serve(&c, &e);
        }
        size_t left = pq_conn_unread(&c, PQ_FROM_CLIENT).len;
        input = pq_slice_after(input, fed - left);
        if (left > 0)
            break;
    }
    log_text(log, pq_state_name(c.session.state));
    log_text(log, " left ");
    log_octets(log, input);
}

static const struct server_case {
    const char *input, *events, *output;
} server_cases[] = {
    {"QUIT\r\nNOOP\r\n", "COMMAND QUIT|CLOSED left NOOP\\x0D\\x0A", "+OK\r\n"},
    {"STAT\r\nUSER a\r\nPASS b c\r\nRETR 1\r\nQUIT\r\n",
     "COMMAND STATrefused|COMMAND USER|COMMAND PASS|COMMAND RETR|COMMAND QUIT|CLOSED left ",
     "-ERR no\r\n+OK\r\n+OK\r\n+OK\r\n..dot\r\n\r\nx\r\n.\r\n+OK\r\n"},
    {"USER a\r\nNOPE\r\nPASS b\r\nCAPA\r\n",
     "COMMAND USER|COMMAND UNKNOWN_VERB|COMMAND PASSrefused|COMMAND CAPA|AUTHORIZATION left ",
     "+OK\r\n-ERR no\r\n-ERR no\r\n+OK\r\n..1 5\r\n.\r\n"},
    {"AUTH PLAIN\r\nCAPA\r\nSTAT\r\n",
     "COMMAND AUTH|RESPONSE AUTHCAPA|COMMAND STAT|TRANSACTION left ",
     "+ SGk=\r\n+OK in\r\n+OK\r\n"},
    {"AUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n\r\n",
     "COMMAND AUTH|RESPONSE AUTH*|COMMAND AUTH|RESPONSE AUTH|TRANSACTION left ",
     "+ SGk=\r\n-ERR [AUTH]\r\n+ SGk=\r\n+OK in\r\n"},
    {"STLS\r\nCAPA\r\n", "COMMAND STLS|TLS left CAPA\\x0D\\x0A", "+OK\r\n"},
};

static void check_server_case(const struct server_case *c, size_t step)
{
    static struct event_log log;
    static struct lines l;
    run_server(text(c->input), step, &log, &l);
    if (strcmp(log.text, c->events) != 0)
        fail_msg("%s, step %zu: got %s", c->input, step, log.text);
    struct pq_slice out = pq_slice_after(pq_buf_slice(&l.buf), sizeof("+OK hello\r\n") - 1);
    if (!pq_slice_equal(out, text(c->output)))
        fail_msg("%s, step %zu: wrote %.*s", c->input, step, (int)out.len, out.at);
}

static void test_server_in_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(server_cases) / sizeof(server_cases[0]); i++)
        for (size_t step = 1; step <= strlen(server_cases[i].input); step++)
            check_server_case(&server_cases[i], step);
}

static void check_too_long(size_t len, enum pq_flaw want)
{
    static struct lines l;
    struct pq_conn c;
    struct pq_event e;
    uint8_t line[PQ_COMMAND_LINE_MAX + 1];
    memset(line, 'a', sizeof(line));
    memcpy(line, "USER ", 5);
    memcpy(line + len - 2, "\r\n", 2);
    server_init(&c, &l);
    pq_conn_feed(&c, PQ_FROM_CLIENT, pq_slice_of(line, len));
    assert_int_equal(pq_conn_next(&c, &e), PQ_NEXT_EVENT);
    assert_int_equal(e.command.flaw, want);
}

static void test_command_limit(void **state)
{
    (void)state;
    check_too_long(PQ_COMMAND_LINE_MAX - 1, PQ_FLAW_NONE);
    check_too_long(PQ_COMMAND_LINE_MAX, PQ_FLAW_NONE);
    check_too_long(PQ_COMMAND_LINE_MAX + 1, PQ_FLAW_TOO_LONG);
}

static void test_nothing_from_before_tls_is_parsed(void **state)
{
    (void)state;
    static struct lines l;
    struct pq_conn c;
    struct pq_event e;
    server_init(&c, &l);
    pq_conn_feed(&c, PQ_FROM_CLIENT, text("STLS\r\nNO"));
    assert_int_equal(pq_conn_next(&c, &e), PQ_NEXT_EVENT);
    serve(&c, &e);
    assert_int_equal(pq_conn_next(&c, &e), PQ_NEXT_NEED_DATA);
    assert_true(pq_slice_equal(pq_conn_unread(&c, PQ_FROM_CLIENT), text("NO")));
    pq_conn_on_tls(&c, true);
    assert_int_equal(pq_conn_unread(&c, PQ_FROM_CLIENT).len, 0);
    pq_conn_feed(&c, PQ_FROM_CLIENT, text("OP\r\n"));
    assert_int_equal(pq_conn_next(&c, &e), PQ_NEXT_EVENT);
    assert_int_equal(e.command.flaw, PQ_FLAW_UNKNOWN_VERB);
    assert_int_equal(e.offset, 0);
}

static void test_full_output_writes_nothing(void **state)
{
    (void)state;
    static struct lines l;
    struct pq_conn c;
    struct pq_event e;
    server_init(&c, &l);
    pq_buf_init(&l.buf, l.out, 4);
    pq_conn_feed(&c, PQ_FROM_CLIENT, text("NOPE\r\n"));
    assert_int_equal(pq_conn_next(&c, &e), PQ_NEXT_EVENT);
    assert_int_equal(pq_conn_reply(&c, PQ_REPLY_ERR, text(""), text("")), PQ_STATUS_NO_ROOM);
    assert_int_equal(l.buf.len, 0);
    assert_int_equal(pq_conn_next(&c, &e), PQ_NEXT_NEED_DATA);
    pq_buf_init(&l.buf, l.out, 6);
    assert_int_equal(pq_conn_reply(&c, PQ_REPLY_ERR, text(""), text("")), PQ_STATUS_OK);
}

/* Long lines only have room while an exchange runs; what is lent meanwhile is overwritten after. */
static void serve_lending(struct pq_conn *c, const struct pq_event *e, struct lines *l)
{
    static uint8_t small[PQ_COMMAND_LINE_MAX];
    serve(c, e);
    if (e->kind == PQ_EVENT_COMMAND && e->verb == PQ_VERB_AUTH) {
        pq_conn_lend(c, l->client, sizeof(l->client));
    } else if (e->kind == PQ_EVENT_RESPONSE) {
        pq_conn_lend(c, small, sizeof(small));
        memset(l->client, 0xEE, sizeof(l->client));
    }
}

/* Returns the offset of the last line. */
static uint64_t run_lending(struct pq_slice input, size_t step, struct event_log *log)
{
    static struct lines l;
    struct pq_conn c;
    struct pq_event e;
    uint64_t offset = 0;
    log->len = 0;
    server_init(&c, &l);
    c.leniency = PQ_LENIENT_LF;
    pq_conn_lend(&c, l.server, PQ_COMMAND_LINE_MAX);
    for (; input.len > 0; input = pq_slice_after(input, step)) {
        pq_conn_feed(&c, PQ_FROM_CLIENT, guard_slice(pq_slice_first(input, step)));
        while (pq_conn_next(&c, &e) == PQ_NEXT_EVENT) {
            offset = e.offset;
            log_text(log, pq_event_name(e.kind));
            log_text(log, e.too_long ? " long|" : "|");
            serve_lending(&c, &e, &l);
        }
    }
    return offset;
}

static void test_memory_lent_for_an_exchange(void **state)
{
    (void)state;
    static struct event_log log;
    char response[1000], input[2048];
    memset(response, 'r', sizeof(response));
    int len = snprintf(input, sizeof(input), "AUTH PLAIN\n%.*s\nNOOP %.300s\nSTAT\n",
                       (int)sizeof(response), response, response);
    for (size_t step = 1; step <= (size_t)len; step++) {
        assert_int_equal(run_lending(pq_slice_of(input, (size_t)len), step, &log), len - 5);
        assert_string_equal(log.text, "COMMAND|RESPONSE|COMMAND long|COMMAND|");
    }
}

/* ---- client and observer --------------------------------------------------------------------- */

static void client_init(struct pq_conn *c, struct lines *l)
{
    pq_buf_init(&l->buf, l->out, sizeof(l->out));
    pq_conn_init(c, PQ_ROLE_CLIENT, PQ_TLS_NONE,
                 (struct pq_conn_memory){NULL, 0, l->server, sizeof(l->server), &l->buf});
}

static void pull(struct pq_conn *c, struct event_log *log, bool *in_body)
{
    struct pq_event e;
    while (pq_conn_next(c, &e) == PQ_NEXT_EVENT)
        log_coalesced(log, &e, in_body);
}

static void read_all(struct pq_conn *c, struct pq_slice in, size_t step, struct event_log *log)
{
    bool in_body = false;
    while (in.len > 0 && c->status == PQ_STATUS_OK) {
        pq_conn_feed(c, PQ_FROM_SERVER, guard_slice(pq_slice_first(in, step)));
        in = pq_slice_after(in, step);
        pull(c, log, &in_body);
    }
}

static void ask(struct pq_conn *c, struct pq_command command)
{
    assert_int_equal(pq_conn_command(c, &command), PQ_STATUS_OK);
}

static void run_client(size_t step, struct event_log *log)
{
    static struct lines l;
    struct pq_conn c;
    log->len = 0;
    client_init(&c, &l);
    read_all(&c, text("+OK hi\r\n"), step, log);
    ask(&c, pq_command_text(PQ_VERB_USER, text("a"), text("")));
    ask(&c, pq_command_text(PQ_VERB_PASS, text("b"), text("")));
    ask(&c, pq_command_bare(PQ_VERB_LIST));
    ask(&c, pq_command_message(PQ_VERB_LIST, 1));
    ask(&c, pq_command_message(PQ_VERB_RETR, 1));
    struct pq_command again = pq_command_text(PQ_VERB_USER, text("a"), text(""));
    assert_int_equal(pq_conn_command(&c, &again), PQ_STATUS_STATE);
    ask(&c, pq_command_bare(PQ_VERB_QUIT));
    read_all(&c,
             text("+OK\r\n+OK\r\n+OK\r\n1 5\r\n..x\r\n.\r\n-ERR [SYS/TEMP] x\r\n+OK\r\n..\r\na\r\n"
                  ".\r\nwhat\r\n+OK bye\r\n"),
             step, log);
    log_text(log, pq_state_name(c.session.state));
    assert_true(pq_slice_equal(pq_buf_slice(&l.buf),
                               text("USER a\r\nPASS b\r\nLIST\r\nLIST 1\r\nRETR 1\r\nQUIT\r\n")));
}

static void test_client_in_every_cut(void **state)
{
    (void)state;
    static struct event_log log;
    static const char want[] =
        "GREETING +hi|REPLY USER+|REPLY PASS+|REPLY LIST+|LISTING LIST1 5|LISTING LIST.x|END LIST|"
        "REPLY LIST-[SYS/TEMP] x|REPLY RETR+|BODY .\\x0D\\x0Aa\\x0D\\x0AEND RETR|"
        "BAD_REPLY QUITwhat|REPLY QUIT+bye|CLOSED";
    for (size_t step = 1; step < 90; step++) {
        run_client(step, &log);
        if (strcmp(log.text, want) != 0)
            fail_msg("step %zu: %s", step, log.text);
    }
}

static void test_client_sasl(void **state)
{
    (void)state;
    static struct event_log log;
    static struct lines l;
    struct pq_conn c;
    log.len = 0;
    client_init(&c, &l);
    read_all(&c, text("+OK\r\n"), 99, &log);
    assert_int_equal(pq_conn_respond(&c, text("x")), PQ_STATUS_STATE);
    struct pq_command auth = pq_command_text(PQ_VERB_AUTH, text("LOGIN"), text(""));
    struct pq_command capa = pq_command_bare(PQ_VERB_CAPA);
    ask(&c, auth);
    assert_int_equal(pq_conn_command(&c, &capa), PQ_STATUS_STATE);
    read_all(&c, text("+ VXNlcm5hbWU6\r\n"), 99, &log);
    assert_int_equal(pq_conn_command(&c, &auth), PQ_STATUS_STATE);
    assert_int_equal(pq_conn_respond(&c, text("tim")), PQ_STATUS_OK);
    assert_int_equal(pq_conn_respond(&c, text("tim")), PQ_STATUS_STATE);
    read_all(&c, text("+ \r\n"), 99, &log);
    assert_int_equal(pq_conn_cancel(&c), PQ_STATUS_OK);
    read_all(&c, text("-ERR no\r\n+OK stray\r\n"), 99, &log);
    assert_string_equal(log.text, "GREETING +|CHALLENGE AUTH+VXNlcm5hbWU6|CHALLENGE AUTH+|"
                                  "REPLY AUTH-no|STRAY_REPLY +stray|");
    assert_true(pq_slice_equal(pq_buf_slice(&l.buf), text("AUTH LOGIN\r\ndGlt\r\n*\r\n")));
    assert_int_equal(c.session.state, PQ_STATE_AUTHORIZATION);
}

static void test_client_limits(void **state)
{
    (void)state;
    static struct event_log log;
    static struct lines l;
    struct pq_conn c;
    client_init(&c, &l);
    read_all(&c, text("+OK\r\n"), 99, &log);
    uint8_t name[PQ_COMMAND_LINE_MAX];
    memset(name, 'n', sizeof(name));
    struct pq_command fits = pq_command_text(PQ_VERB_USER, pq_slice_of(name, 248), text(""));
    struct pq_command too_long = pq_command_text(PQ_VERB_USER, pq_slice_of(name, 249), text(""));
    assert_int_equal(pq_conn_command(&c, &too_long), PQ_STATUS_LINE_TOO_LONG);
    assert_int_equal(l.buf.len, 0);
    assert_int_equal(pq_conn_command(&c, &fits), PQ_STATUS_OK);
    assert_int_equal(l.buf.len, PQ_COMMAND_LINE_MAX);
    for (size_t i = 1; i < PQ_PIPELINE_MAX; i++) {
        struct pq_command more = i == 1 ? pq_command_text(PQ_VERB_PASS, text("p"), text(""))
                                        : pq_command_bare(PQ_VERB_NOOP);
        assert_int_equal(pq_conn_command(&c, &more), PQ_STATUS_OK);
    }
    struct pq_command noop = pq_command_bare(PQ_VERB_NOOP);
    assert_int_equal(pq_conn_command(&c, &noop), PQ_STATUS_TOO_MANY_PENDING);
    assert_int_equal(pq_conn_on_end(&c), PQ_STATUS_STREAM_ENDED);
}

/* Exactly as much as is allowed is given, and then nothing more, in every cut. */
static void check_body_limit(uint64_t body_max, size_t step, const char *want)
{
    static struct event_log log;
    static struct lines l;
    struct pq_conn c;
    struct pq_event e;
    log.len = 0;
    client_init(&c, &l);
    c.session.state = PQ_STATE_TRANSACTION;
    c.body_max = body_max;
    ask(&c, pq_command_message(PQ_VERB_RETR, 1));
    read_all(&c, text("+OK\r\nabc\r\n.\r\n"), step, &log);
    log_text(&log, pq_status_name(c.status));
    assert_string_equal(log.text, want);
    enum pq_next next = body_max < 5 ? PQ_NEXT_ERROR : PQ_NEXT_NEED_DATA;
    assert_int_equal(pq_conn_next(&c, &e), next);
    assert_int_equal(pq_conn_next(&c, &e), next);
}

static void test_body_limit_in_every_cut(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 13; step++) {
        check_body_limit(3, step, "REPLY RETR+|BODY abcBODY_TOO_LONG");
        check_body_limit(4, step, "REPLY RETR+|BODY abc\\x0DBODY_TOO_LONG");
        check_body_limit(5, step, "REPLY RETR+|BODY abc\\x0D\\x0AEND RETR|OK");
        check_body_limit(6, step, "REPLY RETR+|BODY abc\\x0D\\x0AEND RETR|OK");
    }
}

static void test_leniency_has_names(void **state)
{
    (void)state;
    static struct event_log log;
    static struct lines l;
    struct pq_conn c;
    for (int lenient = 0; lenient < 2; lenient++) {
        log.len = 0;
        client_init(&c, &l);
        c.leniency = lenient ? PQ_LENIENT_LF | PQ_LENIENT_STATUS | PQ_LENIENT_CONTINUE : 0;
        read_all(&c, text("+OK\r\n"), 99, &log);
        ask(&c, pq_command_text(PQ_VERB_AUTH, text("LOGIN"), text("")));
        read_all(&c, text("+\r\n"), 99, &log);
        read_all(&c, text("-err x\r\n"), 99, &log);
        read_all(&c, text("+OK y\n\r\n"), 99, &log);
        assert_string_equal(log.text, lenient ? "GREETING +|CHALLENGE AUTH+|STRAY_REPLY -x|"
                                                "STRAY_REPLY +y|BAD_REPLY |"
                                              : "GREETING +|BAD_REPLY AUTH+|BAD_REPLY AUTH-err x|"
                                                "REPLY AUTH+y\\x0A|");
    }
}

struct turn {
    enum pq_side from;
    const char *octets;
};

static void run_observer(const struct turn *turns, size_t count, struct event_log *log)
{
    static struct lines l;
    struct pq_conn c;
    bool in_body = false;
    log->len = 0;
    pq_conn_init(
        &c, PQ_ROLE_OBSERVER, PQ_TLS_NONE,
        (struct pq_conn_memory){l.client, sizeof(l.client), l.server, sizeof(l.server), NULL});
    for (size_t i = 0; i < count; i++) {
        pq_conn_feed(&c, turns[i].from, text(turns[i].octets));
        pull(&c, log, &in_body);
    }
    log_text(log, pq_state_name(c.session.state));
}

static void test_observer_follows_pipelining(void **state)
{
    (void)state;
    static struct event_log log;
    const struct turn turns[] = {
        {PQ_FROM_SERVER, "+OK hi\r\n"},
        {PQ_FROM_CLIENT, "USER a\r\nPASS b\r\nLIST\r\nNOOP\r\nQUIT\r\n"},
        {PQ_FROM_SERVER, "+OK\r\n+OK\r\n+OK\r\n1 5\r\n.\r\n"},
        {PQ_FROM_SERVER, "+OK\r\n+OK\r\n"},
    };
    run_observer(turns, 4, &log);
    assert_string_equal(log.text,
                        "GREETING +hi|COMMAND USER|COMMAND PASS|COMMAND LIST|COMMAND NOOP|"
                        "COMMAND QUIT|REPLY USER+|REPLY PASS+|REPLY LIST+|LISTING LIST1 5|"
                        "END LIST|REPLY NOOP+|REPLY QUIT+|CLOSED");
}

static void test_observer_waits_where_the_answer_decides(void **state)
{
    (void)state;
    static struct event_log log;
    const struct turn turns[] = {
        {PQ_FROM_SERVER, "+OK hi\r\n"},
        {PQ_FROM_CLIENT, "AUTH PLAIN\r\nQUIT\r\n"},
        {PQ_FROM_SERVER, "+ \r\n"},
        {PQ_FROM_SERVER, "-ERR no\r\n"},
        {PQ_FROM_CLIENT, "STAT\r\nSTLS\r\nleft"},
        {PQ_FROM_SERVER, "-ERR state\r\n+OK\r\nrest"},
    };
    run_observer(turns, 6, &log);
    assert_string_equal(log.text, "GREETING +hi|COMMAND AUTH|CHALLENGE AUTH+|RESPONSE AUTHQUIT|"
                                  "REPLY AUTH-no|COMMAND STATrefused|COMMAND STLS|"
                                  "REPLY STAT-state|REPLY STLS+|TLS");
}

/* As many answers in one write as in two: what waits of the client comes before the second. */
static void test_observer_reads_what_waits_before_the_next_answer(void **state)
{
    (void)state;
    static struct event_log log;
    const struct turn turns[] = {
        {PQ_FROM_SERVER, "+OK hi\r\n"},
        {PQ_FROM_CLIENT, "AUTH PLAIN\r\nQUIT\r\n"},
        {PQ_FROM_SERVER, "+ \r\n-ERR no\r\n"},
    };
    run_observer(turns, 3, &log);
    assert_string_equal(log.text, "GREETING +hi|COMMAND AUTH|CHALLENGE AUTH+|RESPONSE AUTHQUIT|"
                                  "REPLY AUTH-no|AUTHORIZATION");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_in_every_cut),
        cmocka_unit_test(test_memory_lent_for_an_exchange),
        cmocka_unit_test(test_command_limit),
        cmocka_unit_test(test_nothing_from_before_tls_is_parsed),
        cmocka_unit_test(test_full_output_writes_nothing),
        cmocka_unit_test(test_client_in_every_cut),
        cmocka_unit_test(test_client_sasl),
        cmocka_unit_test(test_client_limits),
        cmocka_unit_test(test_body_limit_in_every_cut),
        cmocka_unit_test(test_leniency_has_names),
        cmocka_unit_test(test_observer_follows_pipelining),
        cmocka_unit_test(test_observer_waits_where_the_answer_decides),
        cmocka_unit_test(test_observer_reads_what_waits_before_the_next_answer),
    };
    return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
