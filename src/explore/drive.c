/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/drive.h"

#include <stdio.h>
#include <string.h>

#include "dialogue/escape.h"
#include "explore/talk.h"

/* How much longer than behind anything else an answer is waited for inside TLS to what was said in
 * clear: on a busy machine it comes late, and is then taken for that of the next command. */
#define INJECTED_QUIETS 20u

const char *pq_drive_login_word(enum pq_drive_login login)
{
    static const char *const words[] = {
#define X(tag, word) word,
        PQ_DRIVE_LOGIN_LIST(X)
#undef X
            ""};
    return words[login];
}

const char *pq_drive_end_word(enum pq_drive_end end)
{
    switch (end) {
#define X(name, word)                                                                              \
    case PQ_DRIVE_##name:                                                                          \
        return word;
        PQ_DRIVE_END_LIST(X)
#undef X
    }
    return "unknown";
}

/* ---- findings -------------------------------------------------------------------------------- */

static void put_excerpt(struct pq_drive_finding *f, struct pq_slice octets, struct pq_alloc alloc)
{
    struct pq_bytes text;
    pq_bytes_init(&text, alloc, sizeof(f->excerpt) - 1);
    if (pq_escape_write(octets, PQ_ESCAPE_PAYLOAD, true, &text) == PQ_STATUS_OK && text.len > 0)
        memcpy(f->excerpt, text.at, text.len);
    pq_bytes_free(&text);
}

static void on_finding(void *ctx, const struct pq_finding *finding)
{
    struct run *run = ctx;
    struct pq_drive_result *r = run->r;
    if (r->findings_count == PQ_DRIVE_FINDINGS_MAX)
        return;
    struct pq_drive_finding *f = &r->findings[r->findings_count++];
    *f = (struct pq_drive_finding){
        .rule = finding->rule,
        .follows = finding->follows,
        .conn = finding->conn,
        .verb = finding->verb,
        .state = finding->state,
        .step = run->step,
        .seen = r->seen_count,
    };
    (void)snprintf(f->why, sizeof(f->why), "%s", finding->why);
    put_excerpt(f, finding->excerpt, run->config->alloc);
    char line[PQ_DRIVE_TEXT_MAX];
    (void)snprintf(line, sizeof(line), "%s (%s): %s", f->rule->id, f->rule->requirement, f->why);
    run_note(run, finding->conn, line);
}

/* ---- logins ---------------------------------------------------------------------------------- */

/* A line made of a word, a secret or name, and CRLF. */
static void send_line(struct run *run, unsigned conn, const char *word, struct pq_slice rest,
                      const char *shown)
{
    uint8_t memory[TALK_CLIENT_MAX];
    struct pq_buf line;
    pq_buf_init(&line, memory, sizeof(memory));
    if (pq_buf_put_text(&line, word) && pq_buf_put(&line, rest) && pq_buf_put_text(&line, "\r\n"))
        talk_send(run, conn, pq_buf_slice(&line), shown);
}

static void send_user(struct run *run, unsigned conn)
{
    send_line(run, conn, "USER ", run->config->user, NULL);
}

static void send_pass(struct run *run, unsigned conn)
{
    send_line(run, conn, "PASS ", run->config->pw, "PASS ***\r\n");
}

/* RFC 4616: NUL, name, NUL, password. */
static void send_plain(struct run *run, unsigned conn)
{
    uint8_t message[TALK_CLIENT_MAX / 2], text[TALK_CLIENT_MAX];
    struct pq_buf m, t;
    pq_buf_init(&m, message, sizeof(message));
    pq_buf_init(&t, text, sizeof(text));
    bool fits = pq_buf_put_octet(&m, 0) && pq_buf_put(&m, run->config->user) &&
                pq_buf_put_octet(&m, 0) && pq_buf_put(&m, run->config->pw) &&
                pq_base64_encode(pq_buf_slice(&m), &t) == PQ_STATUS_OK;
    if (fits)
        send_line(run, conn, "AUTH PLAIN ", pq_buf_slice(&t), "AUTH PLAIN ***\r\n");
}

static void log_in(struct run *run, unsigned conn)
{
    struct talk *t = &run->talks[conn];
    run->r->logins++;
    run->login = 1;
    if (run->config->login == PQ_DRIVE_LOGIN_PLAIN) {
        send_plain(run, conn);
    } else {
        send_user(run, conn);
        talk_await(run, conn);
        run->login = 2;
        if (talk_is_open(run, conn) && !t->lost && t->positive)
            send_pass(run, conn);
    }
    talk_await(run, conn);
    run->login = 0;
    if (talk_is_open(run, conn) && t->conn.session.state == PQ_STATE_TRANSACTION)
        run->r->transactions++;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Whether readers of lines may disagree about where the lines of `octets` end. */
static bool is_unclear(struct pq_slice octets)
{
    size_t line = 0;
    for (size_t i = 0; i < octets.len; i++) {
        bool after_cr = i > 0 && octets.at[i - 1] == '\r';
        bool ends = octets.at[i] == '\n' && after_cr;
        if ((octets.at[i] == '\n') != ends || octets.at[i] == 0 ||
            (after_cr && octets.at[i] != '\n'))
            return true;
        line = ends ? 0 : line + 1;
        if (line > PQ_COMMAND_LINE_MAX)
            return true;
    }
    return false;
}

/* What came in clear behind the answer to STLS is given to TLS, which does not begin with it. */
static void start_tls(struct run *run, unsigned conn)
{
    static const struct pq_wire_tls_options options = {.min = 0};
    struct talk *t = &run->talks[conn];
    const struct pq_wire *w = run->config->wire;
    bool injected = t->said.len > 0;
    uint64_t deadline = w->now_ms(w->ctx) + run->config->patience_ms;
    bool ok =
        w->start_tls(w->ctx, conn, &options, pq_bytes_slice(&t->heard), deadline) == PQ_WIRE_TLS_OK;
    pq_bytes_clear(&t->said);
    pq_bytes_clear(&t->heard);
    pq_conn_on_tls(&t->conn, ok);
    pq_referee_on_tls(&run->referee, conn, ok);
    run_saw(run, conn, ok ? PQ_SEEN_TLS : PQ_SEEN_NO_TLS);
    run_note(run, conn, ok ? "TLS begins" : "TLS does not begin");
    if (!ok)
        talk_close(run, conn, PQ_WIRE_CLOSE);
    else if (injected)
        talk_listen(run, conn, INJECTED_QUIETS * run->config->quiet_ms);
}

/* Answers were waited for: what follows from where the connection stands now. */
static void after_answers(struct run *run, unsigned conn)
{
    struct talk *t = &run->talks[conn];
    if (!talk_is_open(run, conn))
        return;
    if (t->conn.session.state == PQ_STATE_TLS)
        start_tls(run, conn);
    else if (t->lost)
        talk_close(run, conn, PQ_WIRE_CLOSE);
    else if (t->conn.session.state == PQ_STATE_CLOSED)
        talk_listen(run, conn, run->config->patience_ms);
}

static void play_send(struct run *run, const struct pq_step *step)
{
    struct pq_slice octets = pq_plan_octets(run->plan, step);
    talk_send(run, step->conn, octets, NULL);
    if (step->hurry)
        return;
    talk_await(run, step->conn);
    if (is_unclear(octets))
        talk_listen(run, step->conn, run->config->quiet_ms);
}

static void play_step(struct run *run, const struct pq_step *step)
{
    switch ((enum pq_step_kind)step->kind) {
    case PQ_STEP_CONNECT:
        talk_open(run, step->conn);
        break;
    case PQ_STEP_SEND:
        play_send(run, step);
        break;
    case PQ_STEP_USER:
        send_user(run, step->conn);
        talk_await(run, step->conn);
        break;
    case PQ_STEP_PASS:
        send_pass(run, step->conn);
        talk_await(run, step->conn);
        break;
    case PQ_STEP_LOGIN:
        log_in(run, step->conn);
        break;
    case PQ_STEP_CLOSE:
        talk_close(run, step->conn, PQ_WIRE_CLOSE);
        break;
    case PQ_STEP_DROP:
        talk_close(run, step->conn, PQ_WIRE_DROP);
        break;
    case PQ_STEP_HALF_CLOSE:
        talk_half_close(run, step->conn);
        talk_listen(run, step->conn, run->config->patience_ms);
        talk_close(run, step->conn, PQ_WIRE_CLOSE);
        break;
    }
    if (!step->hurry)
        after_answers(run, step->conn);
}

/* Whether the step has a connection to happen on. */
static bool is_possible(const struct run *run, const struct pq_step *step)
{
    return step->kind == PQ_STEP_CONNECT || talk_is_open(run, step->conn);
}

/* ---- the run --------------------------------------------------------------------------------- */

static void play(struct run *run)
{
    for (size_t i = 0; i < run->plan->count && run->r->end == PQ_DRIVE_DONE; i++) {
        run->step = i;
        if (is_possible(run, &run->plan->steps[i]))
            play_step(run, &run->plan->steps[i]);
    }
    /* What was not waited for, and what nobody asked for. */
    for (unsigned conn = 1; conn <= PQ_PLAN_CONNS && run->r->end == PQ_DRIVE_DONE; conn++) {
        talk_await(run, conn);
        talk_listen(run, conn, 0);
    }
}

void pq_drive_play(const struct pq_drive_config *config, const struct pq_plan *plan,
                   struct pq_drive_result *r)
{
    memset(r, 0, sizeof(*r));
    pq_bytes_init(&r->transcript, config->alloc, PQ_DRIVE_TRANSCRIPT_MAX);
    struct run *run = config->alloc.resize(config->alloc.ctx, NULL, sizeof(*run));
    if (!run)
        return;
    memset(run, 0, sizeof(*run));
    run->config = config;
    run->plan = plan;
    run->r = r;
    pq_referee_init(&run->referee, config->alloc, on_finding, run);
    pq_referee_set_user(&run->referee, config->user);
    for (unsigned conn = 1; conn <= PQ_PLAN_CONNS; conn++)
        talk_init(run, conn);
    play(run);
    for (unsigned conn = 1; conn <= PQ_PLAN_CONNS; conn++)
        talk_free(run, conn);
    pq_referee_free(&run->referee);
    (void)config->alloc.resize(config->alloc.ctx, run, 0);
}

void pq_drive_result_free(struct pq_drive_result *r)
{
    pq_bytes_free(&r->transcript);
}
