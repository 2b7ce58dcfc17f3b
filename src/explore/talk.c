/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/talk.h"

#include "dialogue/escape.h"

#define RECEIVE_AT_ONCE 65536u
/* Writes of a step that are surely apart; behind them only most are. */
#define GAPS_MAX 24u

static const struct pq_wire *wire_of(const struct run *run)
{
    return run->config->wire;
}

static uint64_t now(const struct run *run)
{
    return wire_of(run)->now_ms(wire_of(run)->ctx);
}

bool talk_is_open(const struct run *run, unsigned conn)
{
    return run->talks[conn].end == TALK_OPEN;
}

/* ---- transcript ------------------------------------------------------------------------------ */

/* A line "C1 octets". What does not fit is left out: the end of a long session says little. */
static void put_line(struct run *run, char who, unsigned conn, struct pq_slice octets)
{
    struct pq_bytes *to = &run->r->transcript;
    const char head[4] = {who, (char)('0' + conn), ' ', 0};
    if (pq_bytes_put_text(to, head) != PQ_STATUS_OK)
        return;
    if (pq_escape_write(octets, PQ_ESCAPE_PAYLOAD, true, to) != PQ_STATUS_OK ||
        pq_bytes_put_text(to, "\n") != PQ_STATUS_OK)
        to->max = to->len; /* no half lines behind the one that did not fit */
}

static void put_lines(struct run *run, char who, unsigned conn, struct pq_slice octets)
{
    while (octets.len > 0) {
        size_t end = pq_slice_index(octets, '\n');
        end = end < octets.len ? end + 1 : end;
        put_line(run, who, conn, pq_slice_first(octets, end));
        octets = pq_slice_after(octets, end);
    }
}

void run_note(struct run *run, unsigned conn, const char *what)
{
    put_line(run, '*', conn, pq_slice_text(what));
}

void run_saw(struct run *run, unsigned conn, enum pq_seen_kind kind)
{
    struct pq_drive_result *r = run->r;
    const struct pq_conn *c = &run->talks[conn].conn;
    if (r->seen_count == PQ_DRIVE_SEEN_MAX)
        return;
    r->seen[r->seen_count++] = (struct pq_seen){
        .kind = (uint8_t)kind,
        .conn = (uint8_t)conn,
        .verb = (uint8_t)c->session.running,
        .login = run->login,
        .step = (uint16_t)run->step,
    };
}

/* ---- what the observer reads ----------------------------------------------------------------- */

static void saw_answer(struct run *run, unsigned conn, const struct pq_event *e, bool multi)
{
    struct talk *t = &run->talks[conn];
    static const enum pq_seen_kind kinds[] = {
        [PQ_REPLY_OK] = PQ_SEEN_OK,
        [PQ_REPLY_ERR] = PQ_SEEN_ERR,
        [PQ_REPLY_CONTINUE] = PQ_SEEN_CONTINUE,
    };
    run_saw(run, conn, kinds[e->reply.indicator]);
    run->r->seen[run->r->seen_count - 1].verb = (uint8_t)e->verb;
    run->r->seen[run->r->seen_count - 1].multi = multi;
    t->positive = e->reply.indicator == PQ_REPLY_OK;
}

/* The first command that waits, before and after an answer was read. */
static bool is_multi(const struct pq_conn *c)
{
    return c->pending_count > 0 && c->pending[c->pending_first].multi;
}

static void handle(struct run *run, unsigned conn, const struct pq_event *e, bool multi)
{
    struct talk *t = &run->talks[conn];
    switch (e->kind) {
    case PQ_EVENT_COMMAND:
    case PQ_EVENT_RESPONSE:
        run->r->commands++;
        break;
    case PQ_EVENT_GREETING:
        t->greeted = true;
        saw_answer(run, conn, e, false);
        break;
    case PQ_EVENT_REPLY:
    case PQ_EVENT_CHALLENGE:
        saw_answer(run, conn, e, multi);
        break;
    case PQ_EVENT_LISTING:
    case PQ_EVENT_BODY:
        break;
    case PQ_EVENT_END:
        run_saw(run, conn, PQ_SEEN_END);
        break;
    case PQ_EVENT_BAD_REPLY:
        run_saw(run, conn, t->conn.pending_count > 0 ? PQ_SEEN_BAD : PQ_SEEN_STRAY);
        t->lost = true;
        break;
    case PQ_EVENT_STRAY_REPLY:
        run_saw(run, conn, PQ_SEEN_STRAY);
        break;
    }
}

/* Gives the observer what it can read of one side; false when it took nothing. */
static bool read_side(struct run *run, unsigned conn, enum pq_side side)
{
    struct talk *t = &run->talks[conn];
    struct pq_bytes *from = side == PQ_FROM_CLIENT ? &t->said : &t->heard;
    struct pq_event e;
    size_t before = from->len, commands = run->r->commands;
    pq_conn_feed(&t->conn, side, pq_bytes_slice(from));
    bool multi = is_multi(&t->conn);
    while (pq_conn_next(&t->conn, &e) == PQ_NEXT_EVENT) {
        handle(run, conn, &e, multi);
        multi = is_multi(&t->conn);
    }
    size_t left = pq_conn_take_back(&t->conn, side).len;
    pq_bytes_drop(from, before - left);
    return left < before || run->r->commands > commands;
}

static void observe(struct run *run, unsigned conn)
{
    while (read_side(run, conn, PQ_FROM_CLIENT) || read_side(run, conn, PQ_FROM_SERVER))
        ;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void cut_off(struct run *run, unsigned conn)
{
    const struct pq_conn *c = &run->talks[conn].conn;
    if (run->r->cut)
        return;
    run->r->cut = true;
    run->r->cut_off = (struct pq_cut_off){
        .conn = conn,
        .verb = c->pending_count > 0 ? c->pending[c->pending_first].verb : PQ_VERB_UNKNOWN,
        .state = c->session.state,
        .step = run->step,
    };
}

static void ended(struct run *run, unsigned conn, enum talk_end by)
{
    static const enum pq_ended words[] = {
        [TALK_OPEN] = PQ_ENDED_UNKNOWN,
        [TALK_NEVER] = PQ_ENDED_UNKNOWN,
        [TALK_BY_SERVER] = PQ_ENDED_BY_SERVER,
        [TALK_BY_US] = PQ_ENDED_BY_CLIENT,
    };
    struct talk *t = &run->talks[conn];
    t->end = by;
    if (by == TALK_BY_SERVER) {
        run_note(run, conn, "the server closed the connection");
        if (t->conn.pending_count > 0 && !t->half_closed)
            run_saw(run, conn, PQ_SEEN_MISSING);
        run_saw(run, conn, PQ_SEEN_CLOSED);
        if ((t->conn.pending_count > 0 && !t->half_closed) || !t->greeted)
            cut_off(run, conn);
    }
    pq_referee_end(&run->referee, conn, words[by], now(run));
}

/* Receives once. False: nothing came before the deadline, or the connection is over. */
static bool receive(struct run *run, unsigned conn, uint64_t deadline)
{
    struct talk *t = &run->talks[conn];
    if (pq_bytes_reserve(&t->heard, RECEIVE_AT_ONCE) != PQ_STATUS_OK) {
        t->lost = true;
        return false;
    }
    struct pq_buf into;
    pq_buf_init(&into, t->heard.at + t->heard.len, RECEIVE_AT_ONCE);
    enum pq_wire_result result = wire_of(run)->recv(wire_of(run)->ctx, conn, &into, deadline);
    if (result == PQ_WIRE_OK) {
        struct pq_slice octets = pq_buf_slice(&into);
        put_lines(run, 'S', conn, octets);
        t->heard.len += octets.len;
        t->received += octets.len;
        pq_referee_feed(&run->referee, conn, PQ_FROM_SERVER, octets, now(run));
        observe(run, conn);
        return true;
    }
    if (result != PQ_WIRE_TIMEOUT) {
        ended(run, conn, TALK_BY_SERVER);
        wire_of(run)->end(wire_of(run)->ctx, conn, PQ_WIRE_CLOSE);
    }
    return false;
}

void talk_listen(struct run *run, unsigned conn, uint32_t ms)
{
    uint64_t deadline = now(run) + ms;
    while (talk_is_open(run, conn) && run->talks[conn].received < TALK_RECEIVED_MAX &&
           receive(run, conn, deadline))
        ;
}

/* ---- missing answers ------------------------------------------------------------------------- */

/* Whether something is still due. */
static bool is_due(const struct talk *t)
{
    return !t->greeted || t->conn.pending_count > 0;
}

/* Opens connection 0, which must be greeted. */
static enum pq_drive_end probe(struct run *run)
{
    static const struct pq_wire_tls_options options = {.min = 0};
    const struct pq_wire *w = wire_of(run);
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf into;
    pq_buf_init(&into, memory, sizeof(memory));
    uint64_t deadline = now(run) + run->config->patience_ms;
    enum pq_wire_result r = w->open(w->ctx, 0, run->config->implicit, deadline);
    if (r == PQ_WIRE_REFUSED || r == PQ_WIRE_FAILED)
        return PQ_DRIVE_GONE;
    bool good = r == PQ_WIRE_OK;
    if (good && run->config->implicit)
        good = w->start_tls(w->ctx, 0, &options, pq_slice_of(NULL, 0), deadline) == PQ_WIRE_TLS_OK;
    if (good)
        good = w->recv(w->ctx, 0, &into, deadline) == PQ_WIRE_OK;
    w->end(w->ctx, 0, PQ_WIRE_CLOSE);
    return good ? PQ_DRIVE_DONE : PQ_DRIVE_SILENT;
}

/* Patience ended. The barrier: somebody else is greeted, and this connection got time meanwhile. */
static void settle(struct run *run, unsigned conn)
{
    struct talk *t = &run->talks[conn];
    uint64_t before = t->received;
    run_note(run, conn, "no answer: is the server alive?");
    t->lost = true;
    run->r->end = probe(run);
    if (run->r->end != PQ_DRIVE_DONE)
        return;
    talk_listen(run, conn, run->config->patience_ms);
    if (t->received > before && t->received < TALK_RECEIVED_MAX) {
        run->r->late = true;
    } else if (talk_is_open(run, conn)) {
        pq_referee_on_silence(&run->referee, conn, now(run));
        run_saw(run, conn, PQ_SEEN_MISSING);
    }
}

void talk_await(struct run *run, unsigned conn)
{
    struct talk *t = &run->talks[conn];
    uint64_t last = now(run) + (uint64_t)TALK_PATIENCES * run->config->patience_ms;
    while (talk_is_open(run, conn) && is_due(t) && !t->lost) {
        uint64_t deadline = now(run) + run->config->patience_ms;
        bool more = receive(run, conn, deadline < last ? deadline : last);
        bool silent = !more && talk_is_open(run, conn) && !t->lost;
        if (silent || t->received > TALK_RECEIVED_MAX)
            settle(run, conn);
    }
}

/* ---- sending --------------------------------------------------------------------------------- */

static enum pq_wire_result send_cut(struct run *run, unsigned conn, struct pq_slice octets)
{
    const struct pq_wire *w = wire_of(run);
    enum pq_wire_result r = PQ_WIRE_OK;
    for (unsigned writes = 1; octets.len > 0 && r == PQ_WIRE_OK; writes++) {
        struct pq_slice now_sent = pq_cut_next(&run->config->cut, &octets);
        run->r->sent += now_sent.len;
        r = w->send(w->ctx, conn, &now_sent, now(run) + run->config->patience_ms);
        if (r == PQ_WIRE_OK && octets.len > 0 && writes <= GAPS_MAX)
            w->gap(w->ctx, conn);
    }
    return r;
}

void talk_send(struct run *run, unsigned conn, struct pq_slice octets, const char *shown)
{
    struct talk *t = &run->talks[conn];
    if (!talk_is_open(run, conn) || t->half_closed)
        return;
    put_lines(run, 'C', conn, shown ? pq_slice_text(shown) : octets);
    pq_referee_feed(&run->referee, conn, PQ_FROM_CLIENT, octets, now(run));
    if (pq_bytes_put(&t->said, octets) != PQ_STATUS_OK)
        t->lost = true;
    observe(run, conn);
    if (send_cut(run, conn, octets) == PQ_WIRE_TIMEOUT)
        t->lost = true;
    /* An end of the connection is met, and told, where it is read from. */
}

/* ---- opening and closing --------------------------------------------------------------------- */

void talk_init(struct run *run, unsigned conn)
{
    struct talk *t = &run->talks[conn];
    t->end = TALK_NEVER;
    pq_bytes_init(&t->said, run->config->alloc, (size_t)PQ_PLAN_OCTETS_MAX * 2);
    pq_bytes_init(&t->heard, run->config->alloc, (size_t)RECEIVE_AT_ONCE * 4);
}

void talk_free(struct run *run, unsigned conn)
{
    talk_close(run, conn, PQ_WIRE_CLOSE);
    pq_bytes_free(&run->talks[conn].said);
    pq_bytes_free(&run->talks[conn].heard);
}

static void reset(struct run *run, unsigned conn)
{
    struct talk *t = &run->talks[conn];
    pq_bytes_clear(&t->said);
    pq_bytes_clear(&t->heard);
    t->received = 0;
    t->half_closed = t->greeted = t->lost = t->positive = false;
    pq_conn_init(&t->conn, PQ_ROLE_OBSERVER, run->config->implicit ? PQ_TLS_IMPLICIT : PQ_TLS_NONE,
                 (struct pq_conn_memory){.client = t->client_memory,
                                         .client_cap = sizeof(t->client_memory),
                                         .server = t->server_memory,
                                         .server_cap = sizeof(t->server_memory)});
}

void talk_open(struct run *run, unsigned conn)
{
    static const struct pq_wire_tls_options options = {.min = 0};
    const struct pq_wire *w = wire_of(run);
    struct talk *t = &run->talks[conn];
    talk_close(run, conn, PQ_WIRE_CLOSE);
    uint64_t deadline = now(run) + run->config->patience_ms;
    enum pq_wire_result result = w->open(w->ctx, conn, run->config->implicit, deadline);
    bool secured = result == PQ_WIRE_OK && run->config->implicit;
    if (secured &&
        w->start_tls(w->ctx, conn, &options, pq_slice_of(NULL, 0), deadline) != PQ_WIRE_TLS_OK)
        result = PQ_WIRE_FAILED;
    if (result != PQ_WIRE_OK) {
        run_note(run, conn, result == PQ_WIRE_FAILED ? "TLS does not begin" : "not connected");
        run->r->end = probe(run);
        return;
    }
    reset(run, conn);
    t->end = TALK_OPEN;
    run->r->reached = true;
    run_note(run, conn, secured ? "connected, TLS" : "connected");
    pq_referee_open(&run->referee, conn, run->config->implicit ? PQ_TLS_IMPLICIT : PQ_TLS_NONE);
    talk_await(run, conn);
}

void talk_close(struct run *run, unsigned conn, enum pq_wire_end how)
{
    if (!talk_is_open(run, conn))
        return;
    run_note(run, conn, how == PQ_WIRE_DROP ? "reset by us" : "closed by us");
    ended(run, conn, TALK_BY_US);
    wire_of(run)->end(wire_of(run)->ctx, conn, how);
}

void talk_half_close(struct run *run, unsigned conn)
{
    const struct pq_wire *w = wire_of(run);
    if (!talk_is_open(run, conn) || run->talks[conn].half_closed)
        return;
    run_note(run, conn, "half-closed by us");
    pq_referee_on_half_close(&run->referee, conn);
    (void)w->half_close(w->ctx, conn, now(run) + run->config->patience_ms);
    run->talks[conn].half_closed = true;
}
