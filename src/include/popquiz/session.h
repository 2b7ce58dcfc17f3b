/* SPDX-License-Identifier: Apache-2.0
 *
 * The POP3 session as one automaton: which command may be given when, and where its answer leads.
 * RFC 1939 sections 3 to 6, RFC 2449, RFC 2595 section 4, RFC 5034 section 4, RFC 6856. It is the
 * same for the server, the client and an observer. Events only; no octets.
 */
#ifndef POPQUIZ_SESSION_H
#define POPQUIZ_SESSION_H

#include "popquiz/command.h"
#include "popquiz/reply.h"

/* state, the name that a person reads */
#define PQ_STATE_LIST(X)                                                                           \
    X(CONNECTED, "connected")           /* the greeting was not sent yet */                        \
    X(AUTHORIZATION, "AUTHORIZATION")   /* RFC 1939 section 4 */                                   \
    X(USER, "AUTHORIZATION after USER") /* a name was accepted: PASS may follow */                 \
    X(SASL, "SASL exchange")            /* after "AUTH": every line is a response */               \
    X(TLS, "TLS handshake")             /* after +OK to STLS: no octet is POP3 */                  \
    X(TRANSACTION, "TRANSACTION")       /* RFC 1939 section 5 */                                   \
    X(UPDATE, "UPDATE")                 /* after QUIT in TRANSACTION, RFC 1939 section 6 */        \
    X(CLOSED, "closed")

enum pq_state {
#define X(name, text) PQ_STATE_##name,
    PQ_STATE_LIST(X)
#undef X
        PQ_STATE_COUNT
};

const char *pq_state_name(enum pq_state state); /* "AUTHORIZATION": the identifier */
const char *pq_state_text(enum pq_state state);

enum pq_tls_mode { PQ_TLS_NONE, PQ_TLS_STLS, PQ_TLS_IMPLICIT };

struct pq_session {
    enum pq_state state;
    enum pq_tls_mode tls;
    bool utf8;            /* UTF8 was accepted (RFC 6856 section 2.1) */
    enum pq_verb running; /* the command that waits for its answer, or PQ_VERB_UNKNOWN */
};

/* Why a command may not be run now. */
#define PQ_REFUSAL_LIST(X)                                                                         \
    X(NONE, "the command may be run")                                                              \
    X(SYNTAX, "the command is malformed")                                                          \
    X(STATE, "the command is not valid in this state")                                             \
    X(SEQUENCE, "PASS must follow USER immediately, and USER only stands first")                   \
    X(TLS_ACTIVE, "TLS is already active")

enum pq_refusal {
#define X(name, text) PQ_REFUSED_##name,
    PQ_REFUSAL_LIST(X)
#undef X
};
const char *pq_refusal_text(enum pq_refusal refusal);

/* `tls` is PQ_TLS_IMPLICIT for a connection whose handshake comes first, else PQ_TLS_NONE. */
void pq_session_init(struct pq_session *s, enum pq_tls_mode tls);
/* The greeting was sent: +OK leads to AUTHORIZATION, -ERR to the end (RFC 1939 section 4). */
void pq_session_on_greeting(struct pq_session *s, enum pq_indicator indicator);
/* Whether `verb` may be run now; changes nothing. */
enum pq_refusal pq_session_judge(const struct pq_session *s, enum pq_verb verb);
/* A command that pq_session_judge() allows begins: QUIT in TRANSACTION enters UPDATE. */
void pq_session_on_command(struct pq_session *s, enum pq_verb verb);
/* A command was refused: a name that USER gave is forgotten, since PASS must follow at once. */
void pq_session_on_refused(struct pq_session *s);
/* The running command was answered; for AUTH, PQ_REPLY_CONTINUE asks for a response. */
void pq_session_on_reply(struct pq_session *s, enum pq_indicator indicator);
/* The handshake that STLS began ended. Success forgets everything said before (RFC 2595 section 4);
 * failure ends the session. */
void pq_session_on_tls(struct pq_session *s, bool ok);
/* End of the stream, reset, timeout: closed without UPDATE, from any state. */
void pq_session_on_end(struct pq_session *s);

/* One cell of the table: where `indicator` to `verb` leads from `state`. False: no such move. */
bool pq_session_move(enum pq_state state, enum pq_verb verb, enum pq_indicator indicator,
                     enum pq_state *to);

#endif
