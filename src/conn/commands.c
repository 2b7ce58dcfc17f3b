/* SPDX-License-Identifier: Apache-2.0
 * The client's direction: commands and SASL responses. */
#include "conn/conn_internal.h"

#include <assert.h>

/* Whether the client's next line can be told apart now. A server takes one command at a time. An
 * observer waits where the answer decides what the next line is. */
static bool can_read(const struct pq_conn *c)
{
    enum pq_state state = c->session.state;
    if (state == PQ_STATE_TLS || state == PQ_STATE_CLOSED || state == PQ_STATE_CONNECTED)
        return false;
    if (c->pending_count == 0)
        return true;
    if (c->role == PQ_ROLE_SERVER || c->pending_count == PQ_PIPELINE_MAX)
        return false;
    enum pq_verb last = (enum pq_verb)conn_pending(c, c->pending_count - 1).verb;
    return last != PQ_VERB_AUTH && last != PQ_VERB_STLS && last != PQ_VERB_QUIT;
}

static void read_command(struct pq_conn *c, const struct pq_line *line, struct pq_event *e)
{
    struct pq_session ahead = conn_ahead(c);
    e->kind = PQ_EVENT_COMMAND;
    e->octets = line->text;
    pq_command_parse(line->text, c->leniency, ahead.utf8 || c->utf8_user, &e->command);
    if (line->too_long)
        e->command.flaw = PQ_FLAW_TOO_LONG;
    e->verb = e->command.verb;
    e->refusal =
        e->command.flaw != PQ_FLAW_NONE ? PQ_REFUSED_SYNTAX : pq_session_judge(&ahead, e->verb);
}

static void read_response(const struct pq_line *line, struct pq_event *e)
{
    e->kind = PQ_EVENT_RESPONSE;
    e->verb = PQ_VERB_AUTH;
    e->octets = line->text;
}

static void wait_for_answer(struct pq_conn *c, const struct pq_event *e)
{
    bool refused = e->refusal != PQ_REFUSED_NONE;
    c->before = c->session;
    if (refused && c->pending_count == 0)
        pq_session_on_refused(&c->session);
    conn_push(c, (struct pq_pending){.verb = (uint8_t)e->verb,
                                     .multi = pq_verb_is_multi(e->verb, e->command.argc),
                                     .refused = refused});
}

enum pq_next conn_next_command(struct pq_conn *c, struct pq_event *e)
{
    struct pq_line line;
    if (!can_read(c))
        return PQ_NEXT_NEED_DATA;
    bool sasl = c->session.state == PQ_STATE_SASL;
    c->client.framer.limit = sasl ? c->response_max : c->command_max;
    if (pq_framer_next(&c->client.framer, &c->client.in, &line) != PQ_NEXT_EVENT)
        return PQ_NEXT_NEED_DATA;
    *e =
        (struct pq_event){.from = PQ_FROM_CLIENT, .offset = line.offset, .too_long = line.too_long};
    if (sasl)
        read_response(&line, e);
    else
        read_command(c, &line, e);
    wait_for_answer(c, e);
    return PQ_NEXT_EVENT;
}

void pq_conn_forget_command(struct pq_conn *c)
{
    assert(c->role == PQ_ROLE_SERVER && c->pending_count == 1);
    c->pending_count = 0;
    c->session = c->before;
}

void pq_conn_pretend(struct pq_conn *c, struct pq_slice line, struct pq_event *e)
{
    struct pq_line read = {.text = line, .offset = c->client.framer.offset};
    read.too_long = line.len + 2 > PQ_COMMAND_LINE_MAX;
    assert(c->pending_count == 0);
    *e =
        (struct pq_event){.from = PQ_FROM_CLIENT, .offset = read.offset, .too_long = read.too_long};
    read_command(c, &read, e);
    wait_for_answer(c, e);
}
