/* SPDX-License-Identifier: Apache-2.0
 * The server's direction: status lines, listings and bodies. */
#include "conn/conn_internal.h"

/* Whether the flaws of a reply are more than `leniency` covers. */
static bool is_too_flawed(const struct pq_reply *r, unsigned leniency)
{
    bool status = (r->flaws & PQ_REPLY_STATUS_CASE) && !(leniency & PQ_LENIENT_STATUS);
    bool space = (r->flaws & PQ_REPLY_NO_SPACE) && !(leniency & PQ_LENIENT_CONTINUE);
    return status || space;
}

static void read_greeting(struct pq_conn *c, struct pq_event *e)
{
    e->kind = PQ_EVENT_GREETING;
    pq_session_on_greeting(&c->session, e->reply.indicator);
}

static void read_answer(struct pq_conn *c, struct pq_event *e)
{
    e->kind = e->reply.indicator == PQ_REPLY_CONTINUE ? PQ_EVENT_CHALLENGE : PQ_EVENT_REPLY;
    if (!conn_settle(c, e->reply.indicator))
        return;
    bool content = e->verb == PQ_VERB_RETR || e->verb == PQ_VERB_TOP;
    c->reading = content ? READING_BODY : READING_LISTING;
    pq_dot_init(&c->dot);
}

static void read_status(struct pq_conn *c, struct pq_slice line, struct pq_event *e)
{
    bool greeting = c->session.state == PQ_STATE_CONNECTED;
    e->octets = line;
    e->verb = c->pending_count > 0 ? (enum pq_verb)conn_pending(c, 0).verb : PQ_VERB_UNKNOWN;
    bool is_reply = pq_reply_parse(line, &e->reply) == PQ_STATUS_OK;
    bool misplaced = e->reply.indicator == PQ_REPLY_CONTINUE && e->verb != PQ_VERB_AUTH;
    if (!is_reply || misplaced || is_too_flawed(&e->reply, c->leniency))
        e->kind = PQ_EVENT_BAD_REPLY;
    else if (greeting)
        read_greeting(c, e);
    else if (c->pending_count == 0)
        e->kind = PQ_EVENT_STRAY_REPLY;
    else
        read_answer(c, e);
}

/* The multi-line reply is complete. */
static void read_end(struct pq_conn *c, struct pq_event *e)
{
    e->kind = PQ_EVENT_END;
    c->reading = READING_STATUS;
    conn_pop(c);
}

static void read_listing(struct pq_conn *c, const struct pq_line *line, struct pq_event *e)
{
    struct pq_slice text = line->text;
    e->verb = (enum pq_verb)conn_pending(c, 0).verb;
    if (pq_slice_equal(text, PQ_SLICE(".")) && !line->too_long) {
        read_end(c, e);
        return;
    }
    e->kind = PQ_EVENT_LISTING;
    e->octets = pq_slice_after(text, pq_slice_starts(text, PQ_SLICE(".")) ? 1 : 0);
}

static enum pq_next next_line(struct pq_conn *c, struct pq_event *e)
{
    struct pq_line line;
    if (pq_framer_next(&c->server.framer, &c->server.in, &line) != PQ_NEXT_EVENT)
        return PQ_NEXT_NEED_DATA;
    e->offset = line.offset;
    e->too_long = line.too_long;
    if (c->reading == READING_LISTING)
        read_listing(c, &line, e);
    else
        read_status(c, line.text, e);
    return PQ_NEXT_EVENT;
}

/* Cuts a piece of content at the limit, so that exactly as much is given in every cut of the input;
 * the conn has failed then, which the next call tells. False: nothing is left of it. */
static bool cut_at_limit(struct pq_conn *c, struct pq_slice *piece)
{
    if (c->body_max == 0 || c->dot.octets <= c->body_max)
        return true;
    *piece = pq_slice_first(*piece, piece->len - (size_t)(c->dot.octets - c->body_max));
    (void)conn_fail(c, PQ_STATUS_BODY_TOO_LONG);
    return piece->len > 0;
}

static enum pq_next next_piece(struct pq_conn *c, struct pq_event *e)
{
    const struct pq_slice terminator = PQ_SLICE(".\r\n");
    size_t before = c->server.in.len;
    enum pq_next next = pq_dot_next(&c->dot, &c->server.in, &e->octets);
    c->server.framer.offset += before - c->server.in.len;
    if (next != PQ_NEXT_EVENT)
        return next;
    /* Its last octet was taken last; the first ones may have come in an earlier call. */
    e->offset = c->server.framer.offset - (c->dot.ended ? terminator.len : e->octets.len);
    if (!cut_at_limit(c, &e->octets))
        return PQ_NEXT_ERROR;
    e->verb = (enum pq_verb)conn_pending(c, 0).verb;
    e->kind = PQ_EVENT_BODY;
    if (c->dot.ended)
        read_end(c, e);
    return PQ_NEXT_EVENT;
}

enum pq_next conn_next_reply(struct pq_conn *c, struct pq_event *e)
{
    if (c->session.state == PQ_STATE_TLS || c->session.state == PQ_STATE_CLOSED)
        return PQ_NEXT_NEED_DATA;
    *e = (struct pq_event){.from = PQ_FROM_SERVER};
    return c->reading == READING_BODY ? next_piece(c, e) : next_line(c, e);
}
