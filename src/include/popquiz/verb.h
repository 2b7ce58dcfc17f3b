/* SPDX-License-Identifier: Apache-2.0
 *
 * All of POP3 as one table. The enum, the names, the argument rules, the shape of each reply, the
 * fuzzing dictionary and the documentation come from it.
 */
#ifndef POPQUIZ_VERB_H
#define POPQUIZ_VERB_H

#include "popquiz/base.h"

/* What an argument is. */
enum pq_argument {
    PQ_ARG_NONE,
    PQ_ARG_MESSAGE,  /* message-number: decimal */
    PQ_ARG_LINES,    /* non-negative decimal */
    PQ_ARG_NAME,     /* mailbox name: no blanks; UTF-8 where that was agreed (RFC 6856) */
    PQ_ARG_PASSWORD, /* the rest of the line, blanks included (RFC 1939 section 7, PASS) */
    PQ_ARG_DIGEST,   /* 32 hexadecimal digits (RFC 1939 section 7, APOP) */
    PQ_ARG_MECHANISM,
    PQ_ARG_INITIAL, /* base64, or "=" for empty (RFC 5034 section 4) */
    PQ_ARG_RANGE,   /* language range or "*" (RFC 6856 section 3) */
};

/* verb, RFC, arguments that must be there, first and second argument,
 * reply is multi-line without and with an argument */
#define PQ_VERB_LIST(X)                                                                            \
    X(QUIT, 1939, 0, NONE, NONE, false, false)                                                     \
    X(CAPA, 2449, 0, NONE, NONE, true, false)                                                      \
    X(USER, 1939, 1, NAME, NONE, false, false)                                                     \
    X(PASS, 1939, 1, PASSWORD, NONE, false, false)                                                 \
    X(APOP, 1939, 2, NAME, DIGEST, false, false)                                                   \
    X(AUTH, 5034, 1, MECHANISM, INITIAL, false, false)                                             \
    X(STLS, 2595, 0, NONE, NONE, false, false)                                                     \
    X(UTF8, 6856, 0, NONE, NONE, false, false)                                                     \
    X(LANG, 6856, 0, RANGE, NONE, true, false)                                                     \
    X(STAT, 1939, 0, NONE, NONE, false, false)                                                     \
    X(LIST, 1939, 0, MESSAGE, NONE, true, false)                                                   \
    X(RETR, 1939, 1, MESSAGE, NONE, false, true)                                                   \
    X(DELE, 1939, 1, MESSAGE, NONE, false, false)                                                  \
    X(NOOP, 1939, 0, NONE, NONE, false, false)                                                     \
    X(RSET, 1939, 0, NONE, NONE, false, false)                                                     \
    X(TOP, 1939, 2, MESSAGE, LINES, false, true)                                                   \
    X(UIDL, 1939, 0, MESSAGE, NONE, true, false)

enum pq_verb {
    PQ_VERB_UNKNOWN, /* any keyword that is not in the table */
#define X(name, rfc, required, first, second, multi_bare, multi_arg) PQ_VERB_##name,
    PQ_VERB_LIST(X)
#undef X
        PQ_VERB_COUNT
};

#define PQ_VERB_ARGS_MAX 2u

struct pq_verb_row {
    struct pq_slice name;
    uint16_t rfc;
    uint8_t required;                        /* arguments that must be there */
    uint8_t allowed;                         /* arguments that may be there */
    enum pq_argument args[PQ_VERB_ARGS_MAX]; /* what they are */
    bool multi_bare, multi_arg;              /* a positive reply is multi-line without, with one */
};

/* The row of a verb; that of PQ_VERB_UNKNOWN has an empty name and no arguments. */
const struct pq_verb_row *pq_verb_row(enum pq_verb verb);
/* The verb that `keyword` names whole, not by prefix, whatever its case (RFC 1939 section 3). */
enum pq_verb pq_verb_of(struct pq_slice keyword);
/* Whether a positive reply to `verb` with `argc` arguments is multi-line. */
bool pq_verb_is_multi(enum pq_verb verb, size_t argc);

#endif
