/* SPDX-License-Identifier: Apache-2.0
 *
 * One POP3 connection: framer, parsers and session behind feed, next and a few calls that write.
 * Three roles: a server, a client, and an observer who is fed both directions and writes nothing.
 * Does no I/O; a bad line of the peer is an event and the conn lives on.
 *
 * The shape of use, in every role:
 *
 *     pq_conn_feed(c, PQ_FROM_CLIENT, octets);
 *     while (pq_conn_next(c, &event) == PQ_NEXT_EVENT)
 *         handle(event);
 *     octets_not_taken = pq_conn_unread(c, PQ_FROM_CLIENT);
 *
 * A server takes no command before the one before it was answered, and no conn takes an octet
 * behind STLS: what is unread then is not POP3.
 */
#ifndef POPQUIZ_CONN_H
#define POPQUIZ_CONN_H

#include "popquiz/session.h"
#include "popquiz/wire.h"

/* Commands that a client may have outstanding, and an observer may remember. */
#define PQ_PIPELINE_MAX 64u

enum pq_role { PQ_ROLE_SERVER, PQ_ROLE_CLIENT, PQ_ROLE_OBSERVER };
enum pq_side { PQ_FROM_CLIENT, PQ_FROM_SERVER };

#define PQ_EVENT_LIST(X)                                                                           \
    X(COMMAND)     /* `command`; `refusal` tells whether it may be obeyed */                       \
    X(RESPONSE)    /* a client's line in a SASL exchange: `octets`, not decoded; `too_long` */     \
    X(GREETING)    /* `reply` */                                                                   \
    X(REPLY)       /* `reply`: the status line that answers `verb` */                              \
    X(CHALLENGE)   /* `reply`: "+ ..." to AUTH; its text is base64 */                              \
    X(LISTING)     /* a line of LIST, UIDL, CAPA or LANG: `octets`, unstuffed; `too_long` */       \
    X(BODY)        /* content of RETR or TOP: `octets`, a piece of any length */                   \
    X(END)         /* the terminator of a multi-line reply to `verb` */                            \
    X(BAD_REPLY)   /* a line that is no reply: `octets`; it answers nothing */                     \
    X(STRAY_REPLY) /* `reply`: a well-formed reply that no command asked for */

enum pq_event_kind {
#define X(name) PQ_EVENT_##name,
    PQ_EVENT_LIST(X)
#undef X
};
const char *pq_event_name(enum pq_event_kind kind);

/* Slices in an event are valid until the next call for this conn. */
struct pq_event {
    enum pq_event_kind kind;
    enum pq_side from;
    enum pq_verb verb;       /* the command that this belongs to */
    enum pq_refusal refusal; /* of a COMMAND */
    bool too_long;           /* the line was longer than its limit */
    uint64_t offset;         /* of the line's first octet in that direction's stream */
    struct pq_command command;
    struct pq_reply reply;
    struct pq_slice octets;
};

/* One direction of the stream. */
struct pq_conn_side {
    struct pq_framer framer;
    struct pq_slice in; /* lent by the last feed, not taken yet */
};

struct pq_pending {
    uint8_t verb;
    bool multi;   /* a positive reply is multi-line */
    bool refused; /* not a command that may be obeyed: its answer moves nothing */
};

struct pq_conn {
    enum pq_role role;
    enum pq_status status; /* of the first internal error; stays */
    unsigned leniency;     /* enum pq_leniency; zero is strict; may be set after pq_conn_init() */
    size_t command_max;    /* the longest line that is read whole; at most the memory lent */
    bool utf8_user;        /* "UTF8 USER" was announced: names and passwords may be UTF-8 before the
                            * command UTF8 too (RFC 6856 section 2.2); may be set likewise */
    size_t response_max;   /* the longest SASL line with CRLF; at most the memory lent */
    uint64_t body_max; /* octets of one RETR or TOP that a reader accepts; zero: no limit. So many
                            * are given, and more of them is BODY_TOO_LONG */
    struct pq_session session;
    struct pq_session before;           /* private: the command that was read last */
    struct pq_conn_side client, server; /* the two directions, by who speaks */
    struct pq_dot dot;
    uint8_t reading;                            /* private: status, listing or body */
    struct pq_pending pending[PQ_PIPELINE_MAX]; /* a ring: asked and not answered */
    size_t pending_first, pending_count;
    struct pq_stuffer stuffer;
    struct pq_buf *out;
};

/* Memory that a conn needs; all of it is lent until the conn is no longer used. A null `client`
 * (`server`) part is right where that direction is not read: a server does not read itself. */
struct pq_conn_memory {
    uint8_t *client; /* lines of the client: at least PQ_COMMAND_LINE_MAX octets */
    size_t client_cap;
    uint8_t *server; /* lines of the server: at least PQ_REPLY_LINE_MAX octets */
    size_t server_cap;
    struct pq_buf *out; /* where a server or a client writes; null for an observer */
};

void pq_conn_init(struct pq_conn *c, enum pq_role role, enum pq_tls_mode tls,
                  struct pq_conn_memory memory);
/* Lends other memory for the client's lines, at least PQ_COMMAND_LINE_MAX octets, and makes it the
 * limit of a SASL line: so that a server needs the room for long ones only while an exchange runs.
 * A line that has begun is forgotten. */
void pq_conn_lend(struct pq_conn *c, uint8_t *client, size_t client_cap);

/* ---- reading ----------------------------------------------------------------------------------
 */

/* Lends octets that `from` sent. Everything fed before must have been taken (pq_conn_unread() is
 * empty). They stay lent until pq_conn_next() has taken them. */
void pq_conn_feed(struct pq_conn *c, enum pq_side from, struct pq_slice octets);
/* EVENT: `*e` is filled. NEED_DATA: nothing more can be read now; octets may be left unread while a
 * command waits for its answer, while a handshake runs, or after the end. ERROR: `c->status`. */
PQ_NODISCARD enum pq_next pq_conn_next(struct pq_conn *c, struct pq_event *e);
/* For faults of a server, between a COMMAND and its answer: the command is as if it was never read;
 * then, while none waits for its answer, `line` is read as if the client had sent it. */
void pq_conn_forget_command(struct pq_conn *c);
void pq_conn_pretend(struct pq_conn *c, struct pq_slice line, struct pq_event *e);
/* What was fed and not taken. */
struct pq_slice pq_conn_unread(const struct pq_conn *c, enum pq_side from);
/* The same, and the loan ends: feed it again later. */
struct pq_slice pq_conn_take_back(struct pq_conn *c, enum pq_side from);
/* Octets of a line of `from` that has begun and not ended. */
uint64_t pq_conn_unfinished(const struct pq_conn *c, enum pq_side from);
/* The handshake that STLS began ended. Forgets every octet and every unfinished line from before
 * it: nothing said in clear is ever parsed inside TLS (RFC 2595 section 4). */
void pq_conn_on_tls(struct pq_conn *c, bool ok);
/* The stream ended. Returns STREAM_ENDED when that cut a line, a body or an answer short. */
enum pq_status pq_conn_on_end(struct pq_conn *c);

/* ---- writing, as a server ----------------------------------------------------------------------
 */

/* Each appends whole lines to the output buffer, or nothing and returns NO_ROOM: the caller sends
 * what is there and calls again. PQ_REPLY_LINE_MAX octets of room are enough for any of them. */

PQ_NODISCARD enum pq_status pq_conn_greet(struct pq_conn *c, struct pq_slice text);
/* Answers the last COMMAND or RESPONSE; `code` may be empty. After a positive answer to a command
 * whose reply is multi-line, listings or content and pq_conn_end() must follow. */
PQ_NODISCARD enum pq_status pq_conn_reply(struct pq_conn *c, enum pq_indicator indicator,
                                          struct pq_slice code, struct pq_slice text);
/* "+ " and `challenge` in base64: asks for a RESPONSE. */
PQ_NODISCARD enum pq_status pq_conn_challenge(struct pq_conn *c, struct pq_slice challenge);
/* A line of a listing, without CRLF; stuffed where it begins with a dot. */
PQ_NODISCARD enum pq_status pq_conn_listing(struct pq_conn *c, struct pq_slice line);
/* Content; returns how many octets were taken, fewer when the buffer is full. */
size_t pq_conn_body(struct pq_conn *c, struct pq_slice content);
/* The terminator of a multi-line reply; a missing last CRLF is added before it. */
PQ_NODISCARD enum pq_status pq_conn_end(struct pq_conn *c);
/* For a caller that wrote a status line, or the rest of a multi-line reply, by itself: these only
 * move the session. */
void pq_conn_answered(struct pq_conn *c, enum pq_indicator indicator);
void pq_conn_ended(struct pq_conn *c);

/* ---- writing, as a client ----------------------------------------------------------------------
 */

/* Writes a command and remembers it. STATE: the session, once every outstanding command succeeded,
 * would not allow it, or AUTH is one of those. TOO_MANY_PENDING, NO_ROOM: nothing was written.
 * LINE_TOO_LONG: the command is longer than 255 octets. */
PQ_NODISCARD enum pq_status pq_conn_command(struct pq_conn *c, const struct pq_command *command);
/* Writes `response` in base64 as a line of the SASL exchange, or "*" to cancel it. */
PQ_NODISCARD enum pq_status pq_conn_respond(struct pq_conn *c, struct pq_slice response);
PQ_NODISCARD enum pq_status pq_conn_cancel(struct pq_conn *c);

#endif
