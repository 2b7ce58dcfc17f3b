/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this folder share. reader.c turns octets into moments: a status line with the
 * command that it answers, a line of a listing, an end. At each moment the rules look first
 * (rules.c), then the model moves.
 */
#ifndef PQ_REFEREE_INTERNAL_H
#define PQ_REFEREE_INTERNAL_H

#include "popquiz/referee.h"
#include "popquiz/wire.h"

/* ---- moments --------------------------------------------------------------------------------- */

/* A command whose answer has begun, or a line of a SASL exchange. */
struct ref_ask {
    bool response; /* a line of a SASL exchange; the verb is AUTH */
    bool strange;  /* malformed or not of POP3: what a server makes of it is its own business */
    struct pq_command command; /* points into `text` */
    uint64_t offset;
    uint8_t text[PQ_COMMAND_LINE_MAX];
    size_t len;
};

enum ref_moment_kind {
    REF_AT_NOTHING,
    REF_AT_GREETING,  /* the first line of the server */
    REF_AT_STATUS,    /* a status line that answers `ask` */
    REF_AT_NOT_REPLY, /* a line that is no status line where one must stand */
    REF_AT_STRAY,     /* a status line that no command asked for */
    REF_AT_LINE,      /* a line of a listing, unstuffed */
    REF_AT_LIST_END,  /* its terminator */
    REF_AT_BODY_END,  /* the terminator of a message */
    REF_AT_SILENCE,   /* a command waits and nothing comes */
};

struct ref_moment {
    enum ref_moment_kind kind;
    const struct ref_ask *ask; /* NULL: none */
    struct pq_reply reply;     /* of GREETING, STATUS, STRAY */
    struct pq_slice line;      /* as sent, without its end; of a LINE unstuffed */
    uint64_t offset;
    bool too_long, lf_only;
};

/* ---- a connection ---------------------------------------------------------------------------- */

enum ref_reading { REF_READ_STATUS, REF_READ_EITHER, REF_READ_LISTING, REF_READ_BODY };

struct referee_conn {
    struct pq_referee *referee;
    unsigned number;
    bool open;
    bool blind;        /* what follows cannot be told apart: nothing is judged until TLS starts */
    uint64_t findings; /* told and counted */
    uint64_t ms;       /* of the last feed */
    struct pq_session session;
    bool state_unsure; /* the state may be another one */
    /* reading */
    struct pq_framer lines[2]; /* by pq_side */
    uint64_t base[2];          /* octets of each side before the framers were cleared */
    struct pq_dot dot;
    enum ref_reading reading;
    struct ref_ask ask;
    bool answered_early;   /* the unfinished line of the client, too long, was answered already */
    struct pq_buf waiting; /* lines of the client, each behind a header; reader.c knows */
    size_t taken;          /* octets of `waiting` that were used */
    uint8_t client_memory[PQ_COMMAND_LINE_MAX], server_memory[PQ_REPLY_LINE_MAX];
    uint8_t waiting_memory[PQ_REFEREE_WAITING_MAX];
};

/* ---- reader.c -------------------------------------------------------------------------------- */

void ref_reader_init(struct referee_conn *c);
void ref_read(struct referee_conn *c, enum pq_side from, struct pq_slice octets);
/* Forgets what was read and not understood; offsets go on. */
void ref_reader_forget(struct referee_conn *c);
/* Whether a complete command waits for an answer. */
bool ref_is_waiting(const struct referee_conn *c);

/* ---- move.c ---------------------------------------------------------------------------------- */

/* Believes a moment: moves the session, and says what the next octets of the server are. */
void ref_move(struct referee_conn *c, const struct ref_moment *m);

/* ---- rules.c --------------------------------------------------------------------------------- */

/* Lets every rule for this kind of moment look. */
void ref_judge(struct referee_conn *c, const struct ref_moment *m);

#endif
