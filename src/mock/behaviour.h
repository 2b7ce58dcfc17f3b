/* SPDX-License-Identifier: Apache-2.0
 *
 * What the reference server does at each point where servers are known to go wrong. The table holds
 * one function for each such point; a fault replaces some of them (fault.h). A server without
 * faults runs the functions of behaviour.c and nothing else.
 */
#ifndef PQ_MOCK_BEHAVIOUR_H
#define PQ_MOCK_BEHAVIOUR_H

#include "popquiz/capa.h"
#include "popquiz/conn.h"
#include "popquiz/maildrop.h"
#include "popquiz/sasl.h"

struct pq_account;
struct pq_mock;
struct pq_server;

/* What becomes of octets that came behind STLS in clear. */
enum pq_leftover {
    PQ_LEFTOVER_DISCARD, /* they are forgotten, and the handshake begins */
    PQ_LEFTOVER_CLOSE,   /* the connection ends */
    PQ_LEFTOVER_KEEP,    /* they are obeyed inside TLS: never the reference */
};

/* What becomes of octets that come, behind the +OK to STLS, where a ClientHello is due and that
 * begin like none. */
enum pq_stray {
    PQ_STRAY_TLS,   /* TLS gets them, and fails */
    PQ_STRAY_KEEP,  /* they are obeyed inside TLS: never the reference */
    PQ_STRAY_CLEAR, /* the session goes on in clear, and obeys them: never the reference */
};

/* Only functions, since a fault lays its own over them one by one. */
struct pq_behaviour {
    /* ---- the connection ---- */

    /* What is sent in clear where TLS comes first. */
    struct pq_slice (*before_tls)(struct pq_mock *mock);
    /* A session begins; nothing was sent yet. */
    void (*begin)(struct pq_server *s);
    /* Sends the greeting; false when it does not fit. */
    bool (*greet)(struct pq_server *s, struct pq_slice text);
    /* How many octets of what arrived in one piece are looked at; the others are thrown away. */
    size_t (*arrive)(struct pq_server *s, struct pq_slice in);

    /* Whether a line that has `octets` so far, and may go on, ends the session. */
    bool (*endless)(struct pq_server *s, uint64_t octets);

    /* ---- every command ---- */

    /* Appends a line of the capability list, or nothing: that capability is not announced. */
    void (*capability)(struct pq_server *s, enum pq_capability_tag tag, struct pq_buf *line);

    /* Obeys or refuses a command, and answers it; or takes a response to a challenge. */
    void (*obey)(struct pq_server *s, struct pq_event *e);

    /* Answers a command or a SASL response by a status line; false when it does not fit. */
    bool (*reply)(struct pq_server *s, enum pq_indicator indicator, struct pq_slice code,
                  struct pq_slice text);
    /* Whether a multi-line answer gets its terminator. */
    bool (*terminates)(struct pq_server *s, enum pq_verb verb);

    /* May this command be obeyed? With SYNTAX, `e->command.flaw` is the reason that is told. */
    enum pq_refusal (*judge)(struct pq_server *s, struct pq_event *e);

    /* ---- logins ---- */

    /* Whether USER may be followed by a password in this session, as it stands. */
    bool (*takes_password)(struct pq_server *s);
    /* Whether what a client gave with PASS or APOP is what it must be. */
    bool (*matches)(struct pq_server *s, enum pq_verb verb, struct pq_slice given,
                    struct pq_slice want);

    /* ---- the maildrop ---- */

    /* Whether another session keeps `s` from opening the maildrop of `a`. */
    bool (*locked)(const struct pq_server *s, const struct pq_account *a);

    /* The message that `verb` means by `number`; NULL leads to -ERR. */
    struct pq_message *(*find)(struct pq_server *s, enum pq_verb verb, uint64_t number);
    /* DELE: false leads to -ERR. */
    bool (*mark)(struct pq_server *s, uint64_t number);
    /* RSET. */
    void (*reset)(struct pq_server *s);
    /* STAT. */
    void (*totals)(struct pq_server *s, uint64_t *count, uint64_t *octets);
    /* How often the line of messages[index] stands in the list of `verb` (LIST, UIDL): 0 or 1. */
    unsigned (*times)(struct pq_server *s, enum pq_verb verb, size_t index);
    /* The number under which messages[index] stands in the list of `verb`. */
    uint64_t (*number)(struct pq_server *s, enum pq_verb verb, size_t index);
    /* The size of messages[index] in LIST. */
    uint64_t (*size)(struct pq_server *s, size_t index);

    /* Appends what stands behind the number in a line of `verb`: size or unique-id. */
    void (*field)(struct pq_server *s, enum pq_verb verb, size_t index, struct pq_buf *line);
    /* A maildrop was opened. */
    void (*opened)(struct pq_server *s);

    /* ---- content ---- */

    /* How many lines of the body TOP sends when so many are asked for. */
    uint64_t (*top_lines)(struct pq_server *s, size_t index, uint64_t lines);

    /* Writes the multi-line body of RETR or TOP (`lines` of the body) to `wire`, terminator
     * included, in place of the reference. False: the reference does it. */
    bool (*body)(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                 struct pq_bytes *wire);
    /* Whether messages[index] may be sent in this session (RFC 6856 section 2.1). */
    bool (*may_send)(struct pq_server *s, size_t index);

    /* Whether the terminator may be written, now that the lines of an answer are. */
    bool (*ends)(struct pq_server *s);
    /* Whether the answer goes on, now that some of it was sent. */
    bool (*resumes)(struct pq_server *s);

    /* ---- the end ---- */

    /* The session ended without QUIT. */
    void (*dropped)(struct pq_server *s);
    /* QUIT in TRANSACTION: removes what is marked; false leads to -ERR. */
    bool (*update)(struct pq_server *s);
    /* The inactivity after which a session ends, and whether a command or a part of an answer that
     * the client took starts it anew. */
    uint64_t (*idle_limit_ms)(const struct pq_server *s);
    bool (*restarts_idle)(struct pq_server *s);

    /* ---- modes ---- */

    /* Answers UTF8, and STLS, that may be obeyed. */
    void (*accept_utf8)(struct pq_server *s);
    void (*accept_stls)(struct pq_server *s);
    enum pq_leftover (*leftover)(struct pq_server *s, struct pq_slice octets);
    enum pq_stray (*stray)(struct pq_server *s, struct pq_slice octets);
    /* The handshake that STLS began is complete. */
    void (*secured)(struct pq_server *s);
    /* The session has learned what TLS is: `channel` is filled. */
    void (*learned)(struct pq_server *s);
    /* After how long that handshake is given up. */
    uint64_t (*handshake_limit_ms)(const struct pq_server *s);
    /* Whether close_notify goes before the end of the connection. */
    bool (*closes_tls)(struct pq_server *s);

    /* ---- SASL ---- */

    /* An exchange begins, with what the server knows and how strict it is. */
    void (*exchange)(struct pq_server *s, enum pq_mechanism mechanism,
                     struct pq_sasl_server_config *config);
    /* The initial response as the mechanism sees it: `*text` is what stood on the line; false means
     * that there is none. */
    bool (*initial)(struct pq_server *s, struct pq_slice *text);
    /* Appends the message that an initial response, and any other response, stands for. */
    enum pq_status (*decode_initial)(struct pq_server *s, struct pq_slice text, struct pq_buf *out);
    enum pq_status (*decode)(struct pq_server *s, struct pq_slice text, struct pq_buf *out);
    /* Sends a challenge. NO_ROOM: nothing was sent. */
    enum pq_status (*challenge)(struct pq_server *s, struct pq_slice data);
    /* Answers "*" (RFC 5034 section 4). */
    void (*cancel)(struct pq_server *s);
    /* Whether `user`, whose credentials are right, may open the maildrop of `authzid`. */
    bool (*may_act_as)(struct pq_server *s, struct pq_slice user, struct pq_slice authzid);
};

/* The reference. */
struct pq_behaviour pq_behaviour_reference(void);
/* Replaces those functions of `b` that are not null in `with`. */
void pq_behaviour_lay_over(struct pq_behaviour *b, const struct pq_behaviour *with);

#endif
