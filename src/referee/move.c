/* SPDX-License-Identifier: Apache-2.0
 * What an answer means for the session. The server's word counts, even where a rule has just found
 * it wrong: what follows is judged by what the server does. */
#include "referee/referee_internal.h"

#include <string.h>

/* ---- who logs in ----------------------------------------------------------------------------- */

static void set_name(struct ref_facts *f, struct pq_slice name)
{
    f->name_len = name.len <= sizeof(f->name) ? name.len : 0;
    if (f->name_len > 0)
        memcpy(f->name, name.at, f->name_len);
}

/* The authentication identity of a PLAIN message (RFC 4616), when it acts for itself. */
static void name_from_plain(struct ref_facts *f, struct pq_slice text)
{
    uint8_t memory[PQ_COMMAND_LINE_MAX];
    struct pq_buf out;
    pq_buf_init(&out, memory, sizeof(memory));
    set_name(f, pq_slice_of(NULL, 0));
    if (pq_base64_decode(text, &out) != PQ_STATUS_OK)
        return;
    struct pq_slice rest = pq_buf_slice(&out);
    struct pq_slice acts_for = pq_slice_cut(&rest, 0);
    struct pq_slice name = pq_slice_cut(&rest, 0);
    if (acts_for.len == 0 || pq_slice_equal(acts_for, name))
        set_name(f, name);
}

static void read_name(struct referee_conn *c, const struct ref_ask *a)
{
    const struct pq_command *command = &a->command;
    bool plain = command->argc > 0 && pq_slice_equal_nocase(command->args[0], PQ_SLICE("PLAIN"));
    if (a->response && c->facts.plain)
        name_from_plain(&c->facts, pq_slice_of(a->text, a->len));
    else if (command->verb == PQ_VERB_USER || command->verb == PQ_VERB_APOP)
        set_name(&c->facts, command->args[0]);
    else if (command->verb == PQ_VERB_AUTH && plain && command->argc > 1)
        name_from_plain(&c->facts, command->args[1]);
    else if (command->verb == PQ_VERB_AUTH)
        set_name(&c->facts, pq_slice_of(NULL, 0));
    c->facts.plain = plain;
}

/* ---- the session ----------------------------------------------------------------------------- */

static bool logs_in(enum pq_verb verb)
{
    return verb == PQ_VERB_PASS || verb == PQ_VERB_APOP || verb == PQ_VERB_AUTH;
}

/* Verbs whose success leaves the session where it was, whatever was wrong with the command. */
static bool is_harmless(enum pq_verb verb)
{
    const unsigned harmless = 1u << PQ_VERB_STAT | 1u << PQ_VERB_LIST | 1u << PQ_VERB_UIDL |
                              1u << PQ_VERB_RETR | 1u << PQ_VERB_TOP | 1u << PQ_VERB_NOOP |
                              1u << PQ_VERB_CAPA;
    return (harmless >> verb & 1u) != 0;
}

/* A positive answer where the automaton has no move, or to something strange. */
static void move_against(struct referee_conn *c, const struct ref_ask *a, enum pq_indicator to)
{
    enum pq_verb verb = a->command.verb;
    bool marks = verb == PQ_VERB_DELE || verb == PQ_VERB_RSET;
    c->facts.state_unsure |= !is_harmless(verb) && !marks;
    c->view.unsure |= marks && a->strange;
    c->blind |= verb == PQ_VERB_STLS && a->strange;
    if (to == PQ_REPLY_CONTINUE && (verb == PQ_VERB_AUTH || verb == PQ_VERB_UNKNOWN)) {
        c->session.state = PQ_STATE_SASL;
        c->session.running = PQ_VERB_AUTH;
    } else if (logs_in(verb) && to == PQ_REPLY_OK) {
        c->session.state = PQ_STATE_TRANSACTION;
    } else if (verb == PQ_VERB_STLS && to == PQ_REPLY_OK) {
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
        move_against(c, a, to);
}

static void note_facts(struct referee_conn *c, const struct ref_moment *m, enum pq_state before)
{
    struct ref_facts *f = &c->facts;
    enum pq_verb verb = m->ask->command.verb;
    bool ok = m->reply.indicator == PQ_REPLY_OK;
    /* PASS without a password that is refused is only a command in between. */
    bool passed = verb == PQ_VERB_PASS && (ok || !m->ask->strange);
    f->user_ok = (f->user_ok || (verb == PQ_VERB_USER && ok)) && !passed;
    f->auth_failed = f->user_ok && !ok && (f->auth_failed || verb == PQ_VERB_AUTH);
    f->says_language |= ok && (verb == PQ_VERB_LANG || verb == PQ_VERB_UTF8);
    if (verb == PQ_VERB_QUIT && before == PQ_STATE_TRANSACTION && !m->ask->strange) {
        f->quit = true;
        f->quit_failed = !ok;
        ref_drop_end(c);
    }
    bool entered = c->session.state == PQ_STATE_TRANSACTION && before != PQ_STATE_TRANSACTION;
    if (entered) {
        f->capa_before = f->capa;
        f->capa_before_known = f->capa_known;
        f->capa_known = false;
        ref_view_begin(c);
        ref_drop_login(c);
    }
    f->no_more_clear = c->session.state == PQ_STATE_TLS;
    if (f->no_more_clear) {
        f->clear_lines = ref_has_lines(c);
        f->clear_part = c->lines[PQ_FROM_CLIENT].seen > 0;
        f->clear_user = f->user_ok;
    }
}

/* What follows a positive answer. */
static enum ref_reading reading_after(const struct ref_ask *a)
{
    enum pq_verb verb = a->command.verb;
    const struct pq_verb_row *row = pq_verb_row(verb);
    bool maybe = row->multi_bare || row->multi_arg || verb == PQ_VERB_AUTH;
    if (a->response)
        return REF_READ_STATUS;
    if (a->strange)
        return verb == PQ_VERB_UNKNOWN || maybe ? REF_READ_EITHER : REF_READ_STATUS;
    if (!a->multi)
        return REF_READ_STATUS;
    return verb == PQ_VERB_RETR || verb == PQ_VERB_TOP ? REF_READ_BODY : REF_READ_LISTING;
}

static void begin_reading(struct referee_conn *c)
{
    c->reading = reading_after(&c->ask);
    if (c->reading == REF_READ_BODY) {
        const struct pq_framer *f = &c->lines[PQ_FROM_SERVER];
        pq_dot_init(&c->dot);
        c->body_at = c->base[PQ_FROM_SERVER] + f->offset;
        ref_view_body_begin(c);
    } else if (c->reading == REF_READ_LISTING) {
        ref_view_list_begin(c);
        c->facts.capa_reading = 0;
    }
}

static void move_status(struct referee_conn *c, const struct ref_moment *m)
{
    enum pq_state before = c->session.state;
    bool ok = m->reply.indicator == PQ_REPLY_OK;
    c->facts.answered = true;
    c->facts.ok = ok;
    if (m->reply.indicator != PQ_REPLY_ERR)
        read_name(c, m->ask);
    move_session(c, m->ask, m->reply.indicator);
    note_facts(c, m, before);
    if (ok)
        begin_reading(c);
    if (ok && c->view.known && !m->ask->strange && !m->ask->multi)
        ref_view_status(c, &m->ask->command, m->reply.text);
}

static void move_line(struct referee_conn *c, const struct ref_moment *m)
{
    enum pq_verb verb = m->ask->command.verb;
    struct pq_capability capability;
    bool scan = verb == PQ_VERB_LIST || verb == PQ_VERB_UIDL;
    if (scan && c->view.known && !m->ask->strange)
        ref_view_line(c, verb, m->line);
    if (verb != PQ_VERB_CAPA || pq_capability_parse(m->line, &capability) != PQ_STATUS_OK)
        return;
    c->facts.capa_reading |= 1u << capability.tag;
    if (capability.tag == PQ_CAPA_EXPIRE &&
        pq_slice_equal_nocase(capability.params, PQ_SLICE("NEVER")))
        ref_drop_keeps(c);
}

static void move_end(struct referee_conn *c, const struct ref_moment *m)
{
    enum pq_verb verb = m->ask->command.verb;
    c->reading = REF_READ_STATUS;
    if (m->ask->strange)
        return;
    if (verb == PQ_VERB_CAPA) {
        c->facts.capa = c->facts.capa_reading;
        c->facts.capa_known = true;
    } else if ((verb == PQ_VERB_LIST || verb == PQ_VERB_UIDL) && c->view.known) {
        ref_view_list_end(c, verb);
    } else if (m->kind == REF_AT_BODY_END && c->view.known) {
        ref_view_body_end(c, &m->ask->command);
    }
}

void ref_move(struct referee_conn *c, const struct ref_moment *m)
{
    switch (m->kind) {
    case REF_AT_GREETING:
        c->facts.no_timestamp = pq_slice_index(m->line, '<') == m->line.len;
        pq_session_on_greeting(&c->session, m->reply.indicator);
        break;
    case REF_AT_STATUS:
        move_status(c, m);
        break;
    case REF_AT_LINE:
        move_line(c, m);
        break;
    case REF_AT_CUT_SHORT:
        c->reading = REF_READ_STATUS;
        break;
    case REF_AT_LIST_END:
    case REF_AT_BODY_END:
        move_end(c, m);
        break;
    case REF_AT_NOTHING:
    case REF_AT_NOT_REPLY:
    case REF_AT_STRAY:
    case REF_AT_SILENCE:
    case REF_AT_CLEAR:
    case REF_AT_BODY_LF:
        break;
    }
}
