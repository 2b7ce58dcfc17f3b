/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: a client and a server that are wired together agree: each reads what the other wrote,
 * and behind each line both are in the same state. What does not fit is not written, and moves
 * nothing. Each line of the input is what one of them shall say (see `say`); the cut is the room
 * that it is first tried with.
 */
#include "harness/support.h"

#include <string.h>

#include "popquiz/conn.h"

#define OUT_MAX 2048u
#define LINE_MAX 1024u

/* One end, what it writes, and the lines that it reads. */
struct end {
    struct pq_conn conn;
    struct pq_buf out;
    uint8_t out_memory[OUT_MAX], lines[LINE_MAX];
};

struct pair {
    struct end client, server;
    size_t room;
    bool more; /* the server has begun a multi-line reply */
};

static void end_init(struct end *e, enum pq_role role)
{
    bool server = role == PQ_ROLE_SERVER;
    pq_buf_init(&e->out, e->out_memory, sizeof(e->out_memory));
    pq_conn_init(&e->conn, role, PQ_TLS_NONE,
                 (struct pq_conn_memory){.client = server ? e->lines : NULL,
                                         .client_cap = server ? LINE_MAX : 0,
                                         .server = server ? NULL : e->lines,
                                         .server_cap = server ? 0 : LINE_MAX,
                                         .out = &e->out});
}

/* ---- from one to the other ------------------------------------------------------------------- */

/* Gives the other end what was written; the last event that it read, or NEED_DATA. */
static enum pq_next carry(struct end *from, struct end *to, enum pq_side side, struct pq_event *e)
{
    struct pq_event next;
    enum pq_next found = PQ_NEXT_NEED_DATA;
    pq_conn_feed(&to->conn, side, pq_buf_slice(&from->out));
    while (pq_conn_next(&to->conn, &next) == PQ_NEXT_EVENT) {
        *e = next;
        found = PQ_NEXT_EVENT;
        FUZZ_ASSERT(strlen(pq_event_name(next.kind)) > 0 && next.from == side);
    }
    FUZZ_ASSERT(to->conn.status == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_conn_unread(&to->conn, side).len == 0);
    (void)pq_conn_take_back(&to->conn, side);
    pq_buf_clear(&from->out);
    return found;
}

static void check_agreement(const struct pair *p)
{
    const struct pq_session *c = &p->client.conn.session, *s = &p->server.conn.session;
    FUZZ_ASSERT(c->state == s->state && c->tls == s->tls && c->utf8 == s->utf8);
    FUZZ_ASSERT(p->client.conn.pending_count == p->server.conn.pending_count);
}

/* ---- the client ------------------------------------------------------------------------------ */

static enum pq_status write_line(struct pq_conn *c, struct pq_slice text)
{
    struct pq_command command;
    if (pq_slice_equal(text, PQ_SLICE("*")))
        return pq_conn_cancel(c);
    if (c->session.state == PQ_STATE_SASL)
        return pq_conn_respond(c, text);
    pq_command_parse(text, 0, c->session.utf8, &command);
    return command.flaw == PQ_FLAW_NONE ? pq_conn_command(c, &command) : PQ_STATUS_SYNTAX;
}

static void client_says(struct pair *p, struct pq_slice text)
{
    struct end *c = &p->client;
    enum pq_state before = c->conn.session.state;
    struct pq_event e = {.kind = PQ_EVENT_BODY};
    c->out.cap = p->room < OUT_MAX ? p->room : OUT_MAX;
    enum pq_status status = write_line(&c->conn, text);
    c->out.cap = OUT_MAX;
    if (status != PQ_STATUS_OK) {
        FUZZ_ASSERT(c->out.len == 0 && c->conn.session.state == before);
        status = write_line(&c->conn, text);
    }
    if (status != PQ_STATUS_OK)
        return;
    bool response = before == PQ_STATE_SASL;
    FUZZ_ASSERT(carry(c, &p->server, PQ_FROM_CLIENT, &e) == PQ_NEXT_EVENT);
    FUZZ_ASSERT(e.kind == (response ? PQ_EVENT_RESPONSE : PQ_EVENT_COMMAND));
    FUZZ_ASSERT(response || (e.refusal == PQ_REFUSED_NONE && e.command.flaw == PQ_FLAW_NONE));
}

/* ---- the server ------------------------------------------------------------------------------ */

static bool may_answer(const struct pair *p)
{
    return p->server.conn.pending_count == 1 && !p->more;
}

static enum pq_status write_answer(struct pair *p, uint8_t kind, struct pq_slice text)
{
    struct pq_conn *s = &p->server.conn;
    struct pq_slice code = pq_slice_of(NULL, 0);
    switch (kind) {
    case 'G':
        return s->session.state == PQ_STATE_CONNECTED ? pq_conn_greet(s, text) : PQ_STATUS_STATE;
    case '+':
        return may_answer(p) ? pq_conn_reply(s, PQ_REPLY_OK, code, text) : PQ_STATUS_STATE;
    case '-':
        return may_answer(p) ? pq_conn_reply(s, PQ_REPLY_ERR, PQ_SLICE("SYS/TEMP"), text)
                             : PQ_STATUS_STATE;
    case '?':
        return may_answer(p) && s->session.running == PQ_VERB_AUTH ? pq_conn_challenge(s, text)
                                                                   : PQ_STATUS_STATE;
    case '|':
        return p->more ? pq_conn_listing(s, text) : PQ_STATUS_STATE;
    case '.':
        return p->more ? pq_conn_end(s) : PQ_STATUS_STATE;
    default:
        return PQ_STATUS_STATE;
    }
}

static void server_says(struct pair *p, uint8_t kind, struct pq_slice text)
{
    struct end *s = &p->server;
    enum pq_state before = s->conn.session.state;
    bool multi = s->conn.pending_count == 1 && s->conn.pending[s->conn.pending_first].multi;
    struct pq_event e = {.kind = PQ_EVENT_BODY};
    s->out.cap = p->room < OUT_MAX ? p->room : OUT_MAX;
    enum pq_status status = write_answer(p, kind, text);
    s->out.cap = OUT_MAX;
    if (status == PQ_STATUS_NO_ROOM) {
        FUZZ_ASSERT(s->out.len == 0 && s->conn.session.state == before);
        status = write_answer(p, kind, text);
        FUZZ_ASSERT(status == PQ_STATUS_OK);
    }
    if (status != PQ_STATUS_OK)
        return;
    p->more = kind == '+' ? multi : kind == '|';
    (void)carry(s, &p->client, PQ_FROM_SERVER, &e);
}

/* The server takes the command for never said, or for another one, and back again. */
static void server_pretends(struct pair *p, struct pq_slice text)
{
    struct pq_event e;
    struct pq_conn *s = &p->server.conn;
    struct pq_session before = s->session;
    if (s->pending_count > 0 || s->session.state == PQ_STATE_CONNECTED)
        return;
    pq_conn_pretend(s, text, &e);
    FUZZ_ASSERT(e.kind == PQ_EVENT_COMMAND && s->pending_count == 1);
    pq_conn_forget_command(s);
    FUZZ_ASSERT(s->pending_count == 0 && s->session.state == before.state);
}

static void shake_hands(struct pair *p, bool ok)
{
    if (p->server.conn.session.state != PQ_STATE_TLS)
        return;
    pq_conn_on_tls(&p->client.conn, ok);
    pq_conn_on_tls(&p->server.conn, ok);
}

/* ---- an input -------------------------------------------------------------------------------- */

/* "C" and a command, a response or "*"; "G" greets; "+", "-" and "?" answer, the last with a
 * challenge; "|" and a line of a listing, "." its end; "P" and a command that was never said; "T"
 * and "F": the handshake succeeded, or not. */
static void say(struct pair *p, struct pq_slice line)
{
    struct pq_slice text = pq_slice_after(line, 1);
    bool ready = p->client.conn.pending_count == 0 && !p->more;
    switch (line.len > 0 ? line.at[0] : 0) {
    case 'C':
        if (ready)
            client_says(p, text);
        return;
    case 'P':
        server_pretends(p, text);
        return;
    case 'T':
    case 'F':
        shake_hands(p, line.at[0] == 'T');
        return;
    default:
        server_says(p, line.len > 0 ? line.at[0] : 0, pq_slice_first(text, PQ_REPLY_LINE_MAX / 2));
    }
}

static void check_pair(struct pq_slice input, size_t cut)
{
    struct pair p = {.room = cut};
    end_init(&p.client, PQ_ROLE_CLIENT);
    end_init(&p.server, PQ_ROLE_SERVER);
    for (struct pq_slice rest = input; rest.len > 0;) {
        say(&p, pq_slice_cut(&rest, '\n'));
        check_agreement(&p);
    }
    (void)pq_conn_on_end(&p.client.conn);
    (void)pq_conn_on_end(&p.server.conn);
    check_agreement(&p);
}

const struct fuzz_target fuzz_target = {.check = check_pair, .has_cut = true};
