/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: in whichever two writes a hostile server's octets arrive, a client sees the same
 * events and sends the same octets; it never leaves the table of the session; it takes no more
 * content than it allowed; its memory does not grow. The input is what the server sends; behind the
 * last NUL, if there is one, stands what the client sends, a line whenever the answers so far let
 * it.
 */
#include "harness/conn_log.h"

/* The options. */
#define OPTION_LF 1u
#define OPTION_STATUS 2u
#define OPTION_CONTINUE 4u
#define OPTION_BODY_MAX 8u
#define OPTION_PIPELINE 48u /* commands outstanding: 1, 4, 16 or 64 */
#define OPTION_IMPLICIT 64u /* the handshake came first */

#define BODY_MAX 40u

static const struct pq_slice usual_script =
    PQ_SLICE_INIT("CAPA\r\nUSER tim\r\nPASS secret\r\nSTAT\r\nLIST\r\nLIST 1\r\nUIDL\r\nRETR 1\r\n"
                  "TOP 1 0\r\nDELE 1\r\nRSET\r\nNOOP\r\nQUIT\r\n");

struct client {
    struct pq_conn conn;
    struct pq_buf out;
    struct pq_slice script;
    struct fuzz_log log;
    size_t outstanding_max;
    uint64_t content;       /* octets of the body that is being read */
    struct pq_slice stream; /* what offsets count from */
    uint8_t out_memory[PQ_COMMAND_LINE_MAX + 1], line_memory[PQ_REPLY_LINE_MAX];
};

static void client_init(struct client *c, unsigned options, struct pq_slice script)
{
    c->script = script;
    c->log = fuzz_log_of("client");
    c->outstanding_max = (size_t)1 << 2 * ((options & OPTION_PIPELINE) >> 4);
    c->content = 0;
    pq_buf_init(&c->out, c->out_memory, sizeof(c->out_memory));
    pq_conn_init(
        &c->conn, PQ_ROLE_CLIENT, options & OPTION_IMPLICIT ? PQ_TLS_IMPLICIT : PQ_TLS_NONE,
        (struct pq_conn_memory){
            .server = c->line_memory, .server_cap = sizeof(c->line_memory), .out = &c->out});
    c->conn.leniency = (options & OPTION_LF ? PQ_LENIENT_LF : 0u) |
                       (options & OPTION_STATUS ? PQ_LENIENT_STATUS : 0u) |
                       (options & OPTION_CONTINUE ? PQ_LENIENT_CONTINUE : 0u);
    c->conn.body_max = options & OPTION_BODY_MAX ? BODY_MAX : 0;
}

/* ---- sending --------------------------------------------------------------------------------- */

static enum pq_status send_line(struct client *c, struct pq_slice line)
{
    struct pq_command command;
    if (pq_slice_equal(line, PQ_SLICE("*")))
        return pq_conn_cancel(&c->conn);
    if (c->conn.session.state == PQ_STATE_SASL)
        return pq_conn_respond(&c->conn, line);
    pq_command_parse(line, 0, false, &command);
    return command.flaw == PQ_FLAW_NONE ? pq_conn_command(&c->conn, &command) : PQ_STATUS_SYNTAX;
}

/* Sends what the script has as long as so many may be outstanding. A refused line is lost. */
static void send_script(struct client *c)
{
    enum pq_state before = c->conn.session.state;
    while (c->script.len > 0 && c->conn.pending_count < c->outstanding_max) {
        size_t outstanding = c->conn.pending_count;
        enum pq_status status = send_line(c, fuzz_line(&c->script));
        fuzz_log_number(&c->log, pq_status_name(status), status);
        fuzz_log_octets(&c->log, pq_buf_slice(&c->out));
        FUZZ_ASSERT((status == PQ_STATUS_OK) == (c->out.len > 0));
        FUZZ_ASSERT(c->conn.pending_count == outstanding + (status == PQ_STATUS_OK ? 1 : 0));
        pq_buf_clear(&c->out);
    }
    enum pq_state after = c->conn.session.state;
    FUZZ_ASSERT(after == before || (before == PQ_STATE_TRANSACTION && after == PQ_STATE_UPDATE));
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* What an event shows stands in the stream where it says, behind a dot that was stuffed. */
static void check_place(const struct client *c, const struct pq_event *e)
{
    struct pq_slice there = pq_slice_after(c->stream, (size_t)e->offset);
    if (e->kind == PQ_EVENT_LISTING && pq_slice_starts(there, PQ_SLICE(".")))
        there = pq_slice_after(there, 1);
    if (e->kind == PQ_EVENT_END)
        FUZZ_ASSERT(pq_slice_starts(there, PQ_SLICE(".")));
    else
        FUZZ_ASSERT(pq_slice_starts(there, e->octets));
}

static void take_event(struct client *c, const struct pq_event *e)
{
    check_place(c, e);
    FUZZ_ASSERT(e->from == PQ_FROM_SERVER);
    fuzz_log_event(&c->log, e);
    c->content = e->kind == PQ_EVENT_BODY ? c->content + e->octets.len : 0;
    FUZZ_ASSERT(c->conn.body_max == 0 || c->content <= c->conn.body_max);
    if (e->kind != PQ_EVENT_BODY)
        send_script(c);
}

static enum pq_next take_events(struct client *c)
{
    struct pq_event e;
    enum pq_next next;
    struct pq_session before = c->conn.session;
    while ((next = pq_conn_next(&c->conn, &e)) == PQ_NEXT_EVENT) {
        fuzz_check_move(&before, &e, &c->conn.session);
        take_event(c, &e);
        before = c->conn.session;
    }
    FUZZ_ASSERT((next == PQ_NEXT_ERROR) == (c->conn.status == PQ_STATUS_BODY_TOO_LONG));
    return next;
}

/* Behind STLS the octets that were not taken stand for what came in TLS. */
static void receive(struct client *c, struct pq_slice octets)
{
    do {
        pq_conn_feed(&c->conn, PQ_FROM_SERVER, octets);
        enum pq_next next = take_events(c);
        octets = pq_conn_take_back(&c->conn, PQ_FROM_SERVER);
        if (c->conn.session.state != PQ_STATE_TLS) {
            FUZZ_ASSERT(octets.len == 0 || next == PQ_NEXT_ERROR ||
                        c->conn.session.state == PQ_STATE_CLOSED);
            return;
        }
        pq_conn_on_tls(&c->conn, true);
        c->stream = pq_slice_after(c->stream, (size_t)(octets.at - c->stream.at));
        FUZZ_ASSERT(c->conn.session.state == PQ_STATE_AUTHORIZATION);
        FUZZ_ASSERT(c->conn.session.tls == PQ_TLS_STLS && c->conn.pending_count == 0);
        send_script(c);
    } while (octets.len > 0);
}

static void run(struct client *c, struct pq_slice server, size_t cut)
{
    c->stream = server;
    for (unsigned i = 0; i < 2; i++)
        receive(c, fuzz_write(server, cut, i));
    fuzz_log_number(&c->log, "status", c->conn.status);
    fuzz_log_number(&c->log, "end", pq_conn_on_end(&c->conn));
    FUZZ_ASSERT(c->conn.session.state == PQ_STATE_CLOSED);
}

static void check_client(struct pq_slice input, size_t cut)
{
    struct client whole, halves;
    struct pq_slice server = input, script = usual_script;
    for (size_t i = 0; i < input.len; i++)
        if (input.at[i] == 0) {
            server = pq_slice_first(input, i);
            script = pq_slice_after(input, i + 1);
        }
    client_init(&whole, fuzz_options(input), script);
    client_init(&halves, fuzz_options(input), script);
    run(&whole, server, server.len);
    run(&halves, server, cut);
    FUZZ_ASSERT(fuzz_log_is_same(&whole.log, &halves.log));
}

const struct fuzz_target fuzz_target = {.check = check_client, .has_cut = true, .cuts_max = 160};
