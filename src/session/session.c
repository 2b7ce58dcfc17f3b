/* SPDX-License-Identifier: Apache-2.0
 * Everything about state is in the table `moves`, and session_set() is the only function that
 * changes the state. This file does not know which side it runs on. */
#include "popquiz/session.h"

#include <assert.h>

/* `TO(s)` is one more than the state, so that zero means: no such move. */
#define TO(state) (1 + PQ_STATE_##state)

/* Where a command and its answer lead. All zero: the verb is an error in that state. */
struct move {
    uint8_t begin; /* as soon as the command is accepted */
    uint8_t ok, err, cont;
};

#define STAYS(state)                                                                               \
    {                                                                                              \
        0, TO(state), TO(state), 0                                                                 \
    }

static const struct move moves[PQ_STATE_COUNT][PQ_VERB_COUNT] =
    {
        [PQ_STATE_AUTHORIZATION] =
            {
                [PQ_VERB_QUIT] = {0, TO(CLOSED), TO(CLOSED), 0},
                [PQ_VERB_CAPA] = STAYS(AUTHORIZATION),
                [PQ_VERB_USER] = {0, TO(USER), TO(AUTHORIZATION), 0},
                [PQ_VERB_APOP] = {0, TO(TRANSACTION), TO(AUTHORIZATION), 0},
                [PQ_VERB_AUTH] = {0, TO(TRANSACTION), TO(AUTHORIZATION), TO(SASL)},
                [PQ_VERB_STLS] = {0, TO(TLS), TO(AUTHORIZATION), 0},
                [PQ_VERB_UTF8] = STAYS(AUTHORIZATION),
                [PQ_VERB_LANG] = STAYS(AUTHORIZATION),
            },
        [PQ_STATE_USER] =
            {
                [PQ_VERB_QUIT] = {0, TO(CLOSED), TO(CLOSED), 0},
                [PQ_VERB_CAPA] = STAYS(AUTHORIZATION),
                [PQ_VERB_PASS] = {0, TO(TRANSACTION), TO(AUTHORIZATION), 0},
                [PQ_VERB_AUTH] = {0, TO(TRANSACTION), TO(AUTHORIZATION), TO(SASL)},
                [PQ_VERB_STLS] = {0, TO(TLS), TO(AUTHORIZATION), 0},
                [PQ_VERB_UTF8] = STAYS(AUTHORIZATION),
                [PQ_VERB_LANG] = STAYS(AUTHORIZATION),
            },
        [PQ_STATE_SASL] =
            {
                [PQ_VERB_AUTH] = {0, TO(TRANSACTION), TO(AUTHORIZATION), TO(SASL)},
            },
        [PQ_STATE_TRANSACTION] =
            {
                [PQ_VERB_QUIT] = {TO(UPDATE), TO(CLOSED), TO(CLOSED), 0},
                [PQ_VERB_CAPA] = STAYS(TRANSACTION),
                [PQ_VERB_LANG] = STAYS(TRANSACTION),
                [PQ_VERB_STAT] = STAYS(TRANSACTION),
                [PQ_VERB_LIST] = STAYS(TRANSACTION),
                [PQ_VERB_RETR] = STAYS(TRANSACTION),
                [PQ_VERB_DELE] = STAYS(TRANSACTION),
                [PQ_VERB_NOOP] = STAYS(TRANSACTION),
                [PQ_VERB_RSET] = STAYS(TRANSACTION),
                [PQ_VERB_TOP] = STAYS(TRANSACTION),
                [PQ_VERB_UIDL] = STAYS(TRANSACTION),
            },
        [PQ_STATE_UPDATE] =
            {
                [PQ_VERB_QUIT] = {0, TO(CLOSED), TO(CLOSED), 0},
            },
};

const char *pq_state_name(enum pq_state state)
{
    static const char *const names[] = {
#define X(name, text) #name,
        PQ_STATE_LIST(X)
#undef X
    };
    assert(state < PQ_STATE_COUNT);
    return names[state];
}

const char *pq_state_text(enum pq_state state)
{
    static const char *const texts[] = {
#define X(name, text) text,
        PQ_STATE_LIST(X)
#undef X
    };
    assert(state < PQ_STATE_COUNT);
    return texts[state];
}

const char *pq_refusal_text(enum pq_refusal refusal)
{
    switch (refusal) {
#define X(name, text)                                                                              \
    case PQ_REFUSED_##name:                                                                        \
        return text;
        PQ_REFUSAL_LIST(X)
#undef X
    }
    return "unknown";
}

/* The only way to change the state. */
static void session_set(struct pq_session *s, uint8_t to)
{
    assert(to >= 1 && to <= PQ_STATE_COUNT);
    s->state = (enum pq_state)(to - 1);
}

static const struct move *move_of(const struct pq_session *s, enum pq_verb verb)
{
    return &moves[s->state][verb];
}

static bool move_exists(const struct move *m)
{
    return m->ok != 0;
}

void pq_session_init(struct pq_session *s, enum pq_tls_mode tls)
{
    *s = (struct pq_session){.state = PQ_STATE_CONNECTED, .tls = tls};
}

void pq_session_on_greeting(struct pq_session *s, enum pq_indicator indicator)
{
    assert(s->state == PQ_STATE_CONNECTED);
    session_set(s, indicator == PQ_REPLY_OK ? TO(AUTHORIZATION) : TO(CLOSED));
}

enum pq_refusal pq_session_judge(const struct pq_session *s, enum pq_verb verb)
{
    if (verb == PQ_VERB_STLS && s->tls != PQ_TLS_NONE)
        return PQ_REFUSED_TLS_ACTIVE;
    if (move_exists(move_of(s, verb)))
        return PQ_REFUSED_NONE;
    bool credentials = verb == PQ_VERB_USER || verb == PQ_VERB_PASS || verb == PQ_VERB_APOP;
    bool authorization = s->state == PQ_STATE_AUTHORIZATION || s->state == PQ_STATE_USER;
    return credentials && authorization ? PQ_REFUSED_SEQUENCE : PQ_REFUSED_STATE;
}

void pq_session_on_command(struct pq_session *s, enum pq_verb verb)
{
    assert(pq_session_judge(s, verb) == PQ_REFUSED_NONE);
    uint8_t begin = move_of(s, verb)->begin;
    if (begin)
        session_set(s, begin);
    s->running = verb;
}

void pq_session_on_refused(struct pq_session *s)
{
    if (s->state == PQ_STATE_USER)
        session_set(s, TO(AUTHORIZATION));
}

void pq_session_on_reply(struct pq_session *s, enum pq_indicator indicator)
{
    enum pq_state to;
    if (!pq_session_move(s->state, s->running, indicator, &to))
        return; /* the peer's mistake; whoever reads the octets reports it */
    if (s->running == PQ_VERB_UTF8 && indicator == PQ_REPLY_OK)
        s->utf8 = true;
    session_set(s, (uint8_t)(to + 1));
    if (to != PQ_STATE_SASL)
        s->running = PQ_VERB_UNKNOWN;
}

void pq_session_on_tls(struct pq_session *s, bool ok)
{
    assert(s->state == PQ_STATE_TLS);
    s->utf8 = false;
    s->tls = ok ? PQ_TLS_STLS : s->tls;
    session_set(s, ok ? TO(AUTHORIZATION) : TO(CLOSED));
}

void pq_session_on_end(struct pq_session *s)
{
    session_set(s, TO(CLOSED));
    s->running = PQ_VERB_UNKNOWN;
}

bool pq_session_move(enum pq_state state, enum pq_verb verb, enum pq_indicator indicator,
                     enum pq_state *to)
{
    const struct move *m = &moves[state][verb];
    const uint8_t cells[] = {
        [PQ_REPLY_OK] = m->ok, [PQ_REPLY_ERR] = m->err, [PQ_REPLY_CONTINUE] = m->cont};
    if (cells[indicator] == 0)
        return false;
    *to = (enum pq_state)(cells[indicator] - 1);
    return true;
}
