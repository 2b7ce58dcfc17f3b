/* SPDX-License-Identifier: Apache-2.0
 * What an answer means for the session. The server's word counts, even where a rule has just found
 * it wrong: what follows is judged by what the server does. */
#include "referee/referee_internal.h"

static void move_greeting(struct referee_conn *c, const struct ref_moment *m)
{
    pq_session_on_greeting(&c->session, m->reply.indicator);
}

/* A positive answer where the automaton has no move: the state may be any. */
static void move_against(struct referee_conn *c, enum pq_verb verb, enum pq_indicator indicator)
{
    c->state_unsure = true;
    bool login = verb == PQ_VERB_PASS || verb == PQ_VERB_APOP || verb == PQ_VERB_AUTH;
    if (indicator == PQ_REPLY_CONTINUE && verb == PQ_VERB_AUTH) {
        c->session.state = PQ_STATE_SASL;
        c->session.running = PQ_VERB_AUTH;
    } else if (login && indicator == PQ_REPLY_OK) {
        c->session.state = PQ_STATE_TRANSACTION;
    } else if (verb == PQ_VERB_STLS && indicator == PQ_REPLY_OK) {
        c->session.state = PQ_STATE_TLS;
    }
}

static void move_session(struct referee_conn *c, const struct ref_ask *a, enum pq_indicator to)
{
    enum pq_verb verb = a->command.verb;
    if (a->response) {
        pq_session_on_reply(&c->session, to);
        return;
    }
    if (!a->strange && pq_session_judge(&c->session, verb) == PQ_REFUSED_NONE) {
        pq_session_on_command(&c->session, verb);
        pq_session_on_reply(&c->session, to);
        return;
    }
    pq_session_on_refused(&c->session);
    if (to != PQ_REPLY_ERR)
        move_against(c, verb, to);
}

/* What follows a positive answer. */
static enum ref_reading reading_after(const struct ref_ask *a)
{
    enum pq_verb verb = a->command.verb;
    bool content = verb == PQ_VERB_RETR || verb == PQ_VERB_TOP;
    const struct pq_verb_row *row = pq_verb_row(verb);
    bool maybe = row->multi_bare || row->multi_arg || verb == PQ_VERB_AUTH;
    if (a->response)
        return REF_READ_STATUS;
    if (a->strange)
        return verb == PQ_VERB_UNKNOWN || maybe ? REF_READ_EITHER : REF_READ_STATUS;
    if (!pq_verb_is_multi(verb, a->command.argc))
        return REF_READ_STATUS;
    return content ? REF_READ_BODY : REF_READ_LISTING;
}

static void move_status(struct referee_conn *c, const struct ref_moment *m)
{
    enum pq_indicator indicator = m->reply.indicator;
    move_session(c, m->ask, indicator);
    if (indicator == PQ_REPLY_OK)
        c->reading = reading_after(m->ask);
    if (c->reading == REF_READ_BODY)
        pq_dot_init(&c->dot);
}

void ref_move(struct referee_conn *c, const struct ref_moment *m)
{
    if (m->kind == REF_AT_GREETING)
        move_greeting(c, m);
    else if (m->kind == REF_AT_STATUS)
        move_status(c, m);
    else if (m->kind == REF_AT_LIST_END || m->kind == REF_AT_BODY_END)
        c->reading = REF_READ_STATUS;
}
