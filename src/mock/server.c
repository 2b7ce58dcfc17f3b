/* SPDX-License-Identifier: Apache-2.0
 * One session: reads commands, dispatches them by one table, and keeps time. */
#include "mock/server_internal.h"

#include <string.h>

#include "base/digest.h"
#include "mock/actor_link.h"

/* ---- answers --------------------------------------------------------------------------------- */

static void answer(struct pq_server *s, enum pq_indicator indicator, struct pq_slice code,
                   struct pq_slice text)
{
    if (!s->behaviour->reply(s, indicator, code, text))
        s->ended = true; /* cannot happen: a command is read only when there is room */
}

void server_ok(struct pq_server *s, const char *text)
{
    answer(s, PQ_REPLY_OK, pq_slice_of(NULL, 0), pq_language_text(s->language, text));
}

void server_ok_text(struct pq_server *s, struct pq_slice text)
{
    answer(s, PQ_REPLY_OK, pq_slice_of(NULL, 0), text);
}

void server_err(struct pq_server *s, const char *code, const char *text)
{
    answer(s, PQ_REPLY_ERR, pq_slice_text(code), pq_language_text(s->language, text));
}

/* ---- QUIT, STLS, UTF8 ------------------------------------------------------------------------ */

static void server_quit(struct pq_server *s, const struct pq_command *c)
{
    (void)c;
    bool removed = !s->account || s->behaviour->update(s);
    if (s->account)
        server_close_maildrop(s);
    if (removed)
        server_ok(s, "bye");
    else
        server_err(s, "SYS/TEMP", "some marked messages were not removed");
}

static void server_stls(struct pq_server *s, const struct pq_command *c)
{
    (void)c;
    if (!s->mock->config.tls) {
        server_err(s, "", "TLS is not offered");
        return;
    }
    if (s->conn.session.utf8) { /* RFC 6856 section 2.1: a client must not */
        server_err(s, "", "STLS is refused behind UTF8");
        return;
    }
    s->tls_since_ms = s->now_ms;
    s->behaviour->accept_stls(s);
}

static void server_utf8(struct pq_server *s, const struct pq_command *c)
{
    (void)c;
    if (s->mock->config.utf8)
        s->behaviour->accept_utf8(s);
    else
        server_err(s, "", "UTF8 is not offered");
}

/* ---- dispatch -------------------------------------------------------------------------------- */

static void (*const handlers[PQ_VERB_COUNT])(struct pq_server *, const struct pq_command *) = {
    [PQ_VERB_QUIT] = server_quit, [PQ_VERB_CAPA] = server_capa, [PQ_VERB_USER] = server_user,
    [PQ_VERB_PASS] = server_pass, [PQ_VERB_APOP] = server_apop, [PQ_VERB_AUTH] = server_auth,
    [PQ_VERB_STLS] = server_stls, [PQ_VERB_UTF8] = server_utf8, [PQ_VERB_LANG] = server_lang,
    [PQ_VERB_STAT] = server_stat, [PQ_VERB_LIST] = server_list, [PQ_VERB_RETR] = server_retr,
    [PQ_VERB_DELE] = server_dele, [PQ_VERB_NOOP] = server_noop, [PQ_VERB_RSET] = server_rset,
    [PQ_VERB_TOP] = server_top,   [PQ_VERB_UIDL] = server_uidl,
};

static void refuse(struct pq_server *s, const struct pq_event *e, enum pq_refusal refusal)
{
    server_err(s, "",
               refusal == PQ_REFUSED_SYNTAX ? pq_flaw_text(e->command.flaw)
                                            : pq_refusal_text(refusal));
}

static void restart_idle(struct pq_server *s)
{
    if (s->behaviour->restarts_idle(s))
        s->idle_since_ms = s->now_ms;
}

static void write_down(struct pq_server *s, const struct pq_event *e)
{
    struct pq_transcript_at here = {
        .ms = s->now_ms, .conn = s->conn_id, .tls = s->conn.session.tls != PQ_TLS_NONE};
    pq_transcript_command(s->transcript, here, e, &s->mock->store);
}

void server_obey(struct pq_server *s, struct pq_event *e)
{
    if (e->kind == PQ_EVENT_RESPONSE) {
        server_response(s, e);
        return;
    }
    enum pq_refusal refusal = s->behaviour->judge(s, e);
    if (refusal != PQ_REFUSED_NONE)
        refuse(s, e, refusal);
    else
        handlers[e->verb](s, &e->command);
}

static void obey(struct pq_server *s, struct pq_event *e)
{
    restart_idle(s);
    s->behaviour->obey(s, e);
}

/* Whether an answer of any kind fits. */
static bool has_room(const struct pq_server *s)
{
    return pq_buf_room(&s->out) >= (s->plan->count > 0 ? PQ_SERVER_FAULT_ROOM : PQ_REPLY_LINE_MAX);
}

/* Whether the line of an event was beyond all patience: the same wherever its octets were cut. */
static bool was_endless(struct pq_server *s, const struct pq_event *e)
{
    return s->behaviour->endless(s, s->conn.client.framer.offset - e->offset);
}

/* The line that a fault wants to be obeyed, which nobody sent. */
static void next_queued(struct pq_server *s, struct pq_event *e)
{
    struct pq_slice line = pq_slice_first(pq_bytes_slice(&s->queued), sizeof(s->line_memory));
    if (line.len > 0)
        memcpy(s->line_memory, line.at, line.len);
    s->has_queued = false;
    pq_conn_pretend(&s->conn, pq_slice_of(s->line_memory, line.len), e);
}

bool server_next_event(struct pq_server *s, struct pq_event *e)
{
    enum pq_state state = s->conn.session.state;
    if (s->has_queued && state != PQ_STATE_SASL && state != PQ_STATE_TLS) {
        next_queued(s, e);
        return true;
    }
    if (pq_conn_next(&s->conn, e) != PQ_NEXT_EVENT)
        return false;
    if (!was_endless(s, e))
        write_down(s, e);
    return true;
}

static void heed(struct pq_server *s, struct pq_event *e)
{
    s->event = e;
    obey(s, e);
    s->event = NULL;
    s->pieces = 1;
    s->split_end = false;
    server_run_job(s);
}

static void run(struct pq_server *s)
{
    struct pq_event e;
    server_run_job(s);
    while (s->job.kind == JOB_NONE && has_room(s) && !pq_server_is_over(s) &&
           server_next_event(s, &e)) {
        if (was_endless(s, &e)) {
            pq_server_on_end(s);
            return;
        }
        heed(s, &e);
    }
}

void server_heed(struct pq_server *s, struct pq_event *e)
{
    heed(s, e);
    run(s);
}

/* ---- the life of a session ------------------------------------------------------------------- */

static void make_timestamp(struct pq_server *s)
{
    struct pq_mock *mock = s->mock;
    struct pq_buf out;
    pq_buf_init(&out, s->timestamp_text, sizeof(s->timestamp_text));
    if (mock->config.apop_timestamp) {
        pq_buf_put_text(&out, mock->config.apop_timestamp);
    } else {
        pq_buf_put_octet(&out, '<');
        pq_buf_put_u64(&out, mock->connections);
        pq_buf_put_octet(&out, '.');
        pq_buf_put_u64(&out, pq_rand_next(&mock->rand));
        pq_buf_put_octet(&out, '@');
        pq_buf_put_text(&out, mock->config.host);
        pq_buf_put_octet(&out, '>');
    }
    if (mock->config.apop && !out.overflowed)
        s->timestamp = pq_buf_slice(&out);
}

static void greet(struct pq_server *s)
{
    uint8_t memory[256];
    struct pq_buf text;
    pq_buf_init(&text, memory, sizeof(memory));
    pq_buf_put_text(&text, "POP3 server ready");
    if (s->timestamp.len > 0) {
        pq_buf_put_octet(&text, ' ');
        pq_buf_put(&text, s->timestamp);
    }
    if (!s->behaviour->greet(s, pq_buf_slice(&text)))
        s->ended = true;
}

/* What is the mock's, unless a dialogue has something else. */
static bool share(struct pq_server *s)
{
    bool ok = true;
    s->behaviour = &s->mock->behaviour;
    s->plan = &s->mock->plan;
    memcpy(s->capabilities, s->mock->config.capabilities, sizeof(s->capabilities));
    s->actor = actor_new(s, &ok);
    return ok;
}

struct pq_server *pq_server_new(struct pq_mock *mock, enum pq_tls_mode tls, uint64_t now_ms)
{
    struct pq_server *s = mock->alloc.resize(mock->alloc.ctx, NULL, sizeof(*s));
    if (!s)
        return NULL;
    mock->connections++;
    s->mock = mock;
    s->job = (struct job){.kind = JOB_NONE};
    s->now_ms = s->idle_since_ms = s->tls_since_ms = now_ms;
    s->timestamp = pq_slice_of(NULL, 0);
    s->account = NULL;
    s->stored = NULL;
    s->exchange = NULL;
    s->channel = (struct pq_channel){.bindings_len = 0};
    s->event = NULL;
    s->serial = mock->connections;
    s->pieces = 1;
    s->split_end = false;
    s->has_queued = false;
    s->swallow = 0;
    s->transcript = NULL;
    s->conn_id = 0;
    s->language = PQ_LANGUAGE_ENGLISH;
    s->user_len = 0;
    s->ended = false;
    s->memory = (struct fault_memory){.previous = PQ_VERB_UNKNOWN};
    pq_bytes_init(&s->memory.line, mock->alloc, PQ_SERVER_WIRE_MAX);
    mock->sessions++;
    pq_maildrop_init(&s->maildrop, NULL, 0);
    pq_bytes_init(&s->wire, mock->alloc, PQ_SERVER_WIRE_MAX);
    pq_bytes_init(&s->queued, mock->alloc, PQ_SERVER_LINE_CAP);
    pq_buf_init(&s->out, s->out_memory, sizeof(s->out_memory));
    pq_conn_init(&s->conn, PQ_ROLE_SERVER, tls,
                 (struct pq_conn_memory){.client = s->line_memory,
                                         .client_cap = sizeof(s->line_memory),
                                         .out = &s->out});
    s->conn.leniency = mock->config.leniency;
    s->conn.utf8_user = mock->config.utf8;
    if (!share(s)) {
        pq_server_free(s);
        return NULL;
    }
    s->behaviour->begin(s);
    make_timestamp(s);
    greet(s);
    actor_begin(s->actor);
    return s;
}

void pq_server_watch(struct pq_server *s, struct pq_transcript *transcript, uint64_t conn)
{
    s->transcript = transcript;
    s->conn_id = conn;
}

bool pq_server_is_busy(const struct pq_server *s)
{
    return s->job.kind != JOB_NONE || s->out.len > 0 || actor_is_busy(s->actor);
}

void pq_server_on_end(struct pq_server *s)
{
    actor_on_end(s->actor);
    if (s->account) {
        s->behaviour->dropped(s);
        server_close_maildrop(s);
    }
    server_end_sasl(s);
    pq_session_on_end(&s->conn.session);
    s->ended = true;
}

void pq_server_free(struct pq_server *s)
{
    if (!s)
        return;
    pq_server_on_end(s);
    actor_free(s->actor);
    s->mock->sessions--;
    pq_bytes_free(&s->wire);
    pq_bytes_free(&s->queued);
    pq_bytes_free(&s->memory.line);
    struct pq_alloc alloc = s->mock->alloc;
    pq_secret_wipe(s->line_memory, sizeof(s->line_memory));
    alloc.resize(alloc.ctx, s, 0);
}

static void count_piece(struct pq_server *s, struct pq_slice in)
{
    bool begun = pq_conn_unfinished(&s->conn, PQ_FROM_CLIENT) > 0;
    s->pieces = begun ? s->pieces + 1 : 1;
    s->split_end = begun && s->conn.client.framer.after_cr && pq_slice_starts(in, PQ_SLICE("\n"));
}

size_t pq_server_take(struct pq_server *s, struct pq_slice in, uint64_t now_ms)
{
    s->now_ms = now_ms;
    if (pq_server_is_over(s) || pq_server_wants_tls(s))
        return 0;
    if (actor_listens(s->actor))
        return actor_take(s->actor, in);
    count_piece(s, in);
    struct pq_slice seen = pq_slice_first(in, s->behaviour->arrive(s, in));
    pq_conn_feed(&s->conn, PQ_FROM_CLIENT, seen);
    run(s);
    size_t left = pq_conn_take_back(&s->conn, PQ_FROM_CLIENT).len;
    if (left > 0)
        left += in.len - seen.len; /* what was not looked at yet is no part of the piece */
    if (s->behaviour->endless(s, pq_conn_unfinished(&s->conn, PQ_FROM_CLIENT)))
        pq_server_on_end(s);
    return in.len - left;
}

struct pq_slice pq_server_out(const struct pq_server *s)
{
    return s->out.len > 0 ? pq_buf_slice(&s->out) : actor_out(s->actor);
}

void pq_server_sent(struct pq_server *s, size_t n, uint64_t now_ms)
{
    s->now_ms = now_ms;
    if (n > 0)
        restart_idle(s);
    if (!actor_sent(s->actor, n))
        pq_buf_drop(&s->out, n);
    if (s->behaviour->resumes(s))
        server_run_job(s);
    actor_go_on(s->actor);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

bool pq_server_wants_tls(const struct pq_server *s)
{
    return s->conn.session.state == PQ_STATE_TLS;
}

enum pq_leftover pq_server_leftover(struct pq_server *s, struct pq_slice octets)
{
    return s->behaviour->leftover(s, octets);
}

enum pq_stray pq_server_stray(struct pq_server *s, struct pq_slice octets, uint64_t now_ms)
{
    s->now_ms = now_ms;
    return s->behaviour->stray(s, octets);
}

bool pq_server_closes_tls(struct pq_server *s)
{
    return actor_closes_tls(s->actor) && s->behaviour->closes_tls(s);
}

/* Copies what a binding is to `memory`, which has PQ_SASL_BINDING_MAX octets. */
static void keep_binding(struct pq_sasl_binding *b, uint8_t *memory)
{
    struct pq_buf copy;
    pq_buf_init(&copy, memory, PQ_SASL_BINDING_MAX);
    pq_buf_put(&copy, b->data);
    b->data = pq_buf_slice(&copy);
}

void pq_server_on_channel(struct pq_server *s, const struct pq_channel *channel)
{
    s->channel = *channel;
    for (size_t i = 0; i < channel->bindings_len; i++)
        keep_binding(&s->channel.bindings[i], s->channel_memory[i]);
    keep_binding(&s->channel.wrong, s->channel_memory[PQ_CHANNEL_BINDINGS_MAX]);
    s->mock->behaviour.learned(s);
}

void pq_server_on_tls(struct pq_server *s, bool ok, uint64_t now_ms)
{
    s->now_ms = now_ms;
    restart_idle(s);
    pq_conn_on_tls(&s->conn, ok);
    if (ok)
        s->behaviour->secured(s);
    actor_on_tls(s->actor, ok);
    if (!ok)
        pq_server_on_end(s);
}

/* ---- time ------------------------------------------------------------------------------------ */

bool pq_server_is_over(const struct pq_server *s)
{
    bool closed = s->conn.session.state == PQ_STATE_CLOSED;
    return s->ended || (closed && !actor_is_playing(s->actor));
}

bool pq_server_wants_reset(const struct pq_server *s)
{
    return actor_wants_reset(s->actor);
}

bool pq_server_is_half_closed(const struct pq_server *s)
{
    return actor_is_half_closed(s->actor);
}

uint64_t pq_server_wake_ms(const struct pq_server *s)
{
    return actor_wake_ms(s->actor);
}

void pq_server_wake(struct pq_server *s, uint64_t now_ms)
{
    s->now_ms = now_ms;
    actor_go_on(s->actor);
}

uint64_t pq_server_deadline_ms(const struct pq_server *s)
{
    const struct pq_behaviour *b = s->behaviour;
    return pq_server_wants_tls(s) ? s->tls_since_ms + b->handshake_limit_ms(s)
                                  : s->idle_since_ms + b->idle_limit_ms(s);
}

void pq_server_on_time(struct pq_server *s, uint64_t now_ms)
{
    s->now_ms = now_ms;
    if (!pq_server_is_over(s) && now_ms >= pq_server_deadline_ms(s))
        pq_server_on_end(s);
}
