/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this folder share. reader.c turns octets into moments: a status line with the
 * command that it answers, a line of a listing, an end. At each moment the rules look first
 * (judge.c, rules*.c), then the model moves (move.c, view.c, drop.c).
 */
#ifndef PQ_REFEREE_INTERNAL_H
#define PQ_REFEREE_INTERNAL_H

#include "popquiz/capa.h"
#include "popquiz/referee.h"
#include "popquiz/wire.h"
#include "referee/view.h"

/* ---- moments --------------------------------------------------------------------------------- */

/* A command whose answer has begun, or a line of a SASL exchange. */
struct ref_ask {
    bool response; /* a line of a SASL exchange; the verb is AUTH */
    bool strange;  /* malformed or not of POP3: what a server makes of it is its own business */
    bool cut;      /* the line is longer than `text` */
    bool multi;    /* a positive answer has more lines */
    struct pq_command command; /* points into `text` */
    uint64_t offset;
    uint8_t text[PQ_COMMAND_LINE_MAX];
    size_t len;
};

/* tag: what has just been read */
enum ref_moment_kind {
    REF_AT_NOTHING,
    REF_AT_GREETING,  /* the first line of the server */
    REF_AT_STATUS,    /* a status line that answers `ask` */
    REF_AT_NOT_REPLY, /* a line that is no status line where one must stand; `ask` came before */
    REF_AT_STRAY,     /* a status line that no command asked for */
    REF_AT_LINE,      /* a line of a listing, unstuffed */
    REF_AT_CUT_SHORT, /* a status line where a listing has no end */
    REF_AT_LIST_END,  /* its terminator */
    REF_AT_BODY_LF,   /* the first line of a message ends in LF alone */
    REF_AT_BODY_END,  /* the terminator of a message */
    REF_AT_SILENCE,   /* a command waits and nothing comes */
    REF_AT_CLEAR,     /* the server speaks in the clear where TLS must begin */
};

struct ref_moment {
    enum ref_moment_kind kind;
    const struct ref_ask *ask; /* NULL: none */
    struct pq_reply reply;     /* of GREETING, STATUS, STRAY */
    bool glued;                /* something other than a space follows the indicator */
    struct pq_slice line;      /* as sent, without its end; of a LINE unstuffed */
    uint64_t offset;
    bool too_long, lf_only;
};

/* ---- a connection ---------------------------------------------------------------------------- */

enum ref_reading { REF_READ_STATUS, REF_READ_EITHER, REF_READ_LISTING, REF_READ_BODY };

/* A finding that is one only if the connection goes on: a server that is about to close may say
 * -ERR to anything. */
struct ref_held {
    size_t rule; /* index plus one; zero: none */
    uint64_t offset, ms;
    enum pq_verb verb;
    enum pq_state state;
    uint8_t excerpt[PQ_REFEREE_EXCERPT_MAX];
    size_t excerpt_len;
    char why[PQ_REFEREE_WHY_MAX];
};

#define REF_NAME_MAX 255u

/* Facts of a session, which TLS ends. */
struct ref_facts {
    bool state_unsure;                        /* the state may be another one */
    bool user_ok;                             /* USER was accepted since the last PASS */
    bool auth_failed;                         /* since then: as if it had not been said */
    bool answered;                            /* some status line was seen */
    bool ok;                                  /* the last one was positive */
    bool quit, quit_failed;                   /* QUIT in TRANSACTION was answered, and how */
    bool clear_lines, clear_part;             /* commands, or a part of one, came behind STLS */
    bool shifted;                             /* and TLS began: what is answered is not sure */
    bool no_more_clear;                       /* TLS must begin, or has failed */
    bool clear_user;                          /* USER was accepted before TLS */
    bool no_timestamp;                        /* the greeting has none */
    bool plain;                               /* AUTH PLAIN waits for its response */
    bool says_language;                       /* texts may be in UTF-8 */
    bool capa_known;                          /* the capability list of this layer was seen whole */
    uint32_t capa, capa_before, capa_reading; /* masks of tags; before the login */
    bool capa_before_known;
    uint8_t name[REF_NAME_MAX]; /* of the login, as far as it was read */
    size_t name_len;
};

struct referee_conn {
    struct pq_referee *referee;
    unsigned number;
    bool open;
    bool blind;        /* what follows cannot be told apart: nothing is judged until TLS starts */
    uint64_t findings; /* told and counted */
    uint64_t ms;       /* of the last feed */
    struct pq_session session;
    struct ref_facts facts;
    struct ref_view view;
    struct ref_held held;
    bool left;    /* what its session did to the maildrop is known */
    bool of_drop; /* logged in to the maildrop that is judged across sessions */
    /* reading */
    struct pq_framer lines[2]; /* by pq_side */
    uint64_t base[2];          /* octets of each side before the framers were cleared */
    struct pq_dot dot;
    uint64_t body_at; /* offset of the message that is being read */
    enum ref_reading reading;
    struct ref_ask ask;
    bool answered_early;    /* the unfinished line of the client, too long, was answered already */
    bool unclear, after_cr; /* of the client's unfinished line: reader.c knows */
    bool said_all;          /* the client sends no more */
    bool deaf;              /* and what comes may be about a line without an end: not judged */
    struct pq_buf waiting;  /* lines of the client, each behind a header; reader.c knows */
    size_t taken;           /* octets of `waiting` that were used */
    uint8_t client_memory[PQ_COMMAND_LINE_MAX], server_memory[PQ_REPLY_LINE_MAX];
    uint8_t waiting_memory[PQ_REFEREE_WAITING_MAX];
};

/* ---- referee.c ------------------------------------------------------------------------------- */

/* Memory within the limit of the referee; NULL, and the referee is blind, when there is none. */
void *ref_resize(struct pq_referee *r, void *old, size_t old_size, size_t size);

/* ---- reader.c -------------------------------------------------------------------------------- */

void ref_reader_init(struct referee_conn *c);
void ref_read(struct referee_conn *c, enum pq_side from, struct pq_slice octets);
/* Forgets what was read and not understood; offsets go on. */
void ref_reader_forget(struct referee_conn *c);
/* Whether a complete command waits for an answer, or for the rest of one. */
bool ref_is_waiting(const struct referee_conn *c);
/* Whether lines of the client wait that no answer was given to. */
bool ref_has_lines(const struct referee_conn *c);
/* Whether the client has said anything yet. */
bool ref_has_spoken(const struct referee_conn *c);
/* Whether what is answered next may be a line that is longer than a command may be. */
bool ref_waits_for_long(const struct referee_conn *c);
/* Whether one of them, or a line that some server sees in them, may be a QUIT. */
bool ref_may_quit(const struct referee_conn *c);

/* ---- move.c ---------------------------------------------------------------------------------- */

/* Believes a moment: moves the session, and says what the next octets of the server are. */
void ref_move(struct referee_conn *c, const struct ref_moment *m);

/* ---- judge.c --------------------------------------------------------------------------------- */

/* Lets every rule for this kind of moment look. */
void ref_judge(struct referee_conn *c, const struct ref_moment *m);

/* ---- drop.c: the maildrop over sessions ------------------------------------------------------ */

#define REF_DROP_MAX PQ_REFEREE_MESSAGES_MAX

/* A login succeeded; a session ended; mail was changed from outside. */
void ref_drop_login(struct referee_conn *c);
void ref_drop_end(struct referee_conn *c); /* at the answer to QUIT, or at the end */
void ref_drop_name(struct pq_referee *r, struct pq_slice name);
void ref_drop_keeps(struct referee_conn *c); /* it announced EXPIRE NEVER */
void ref_drop_forget(struct pq_referee *r);
void ref_drop_free(struct pq_referee *r);
/* What the first listing of a session shows about the sessions before it. */
enum ref_loss {
    REF_LOSS_NONE,
    REF_LOSS_REMOVED,  /* a message is gone that nobody removed */
    REF_LOSS_ABORTED,  /* and it was marked in a session that ended without QUIT */
    REF_LOSS_RESET,    /* and its mark was taken away before QUIT */
    REF_LOSS_RENAMED,  /* all messages have other unique-ids */
    REF_LOSS_REMAINED, /* a message is there that QUIT removed */
};
enum ref_loss ref_drop_compare(const struct referee_conn *c);
/* The same for a STAT: fewer messages than there must be. */
enum ref_loss ref_drop_count(const struct referee_conn *c, uint64_t count);
/* False: the message had another body under this unique-id in an earlier session. */
bool ref_drop_same_body(const struct referee_conn *c, uint64_t number);

#endif
