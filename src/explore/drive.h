/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays a plan against a server and has the referee judge every octet of it. Knows when an answer
 * is complete, and settles a missing one by a barrier and not by the clock: does the server still
 * greet somebody else?
 */
#ifndef PQ_EXPLORE_DRIVE_H
#define PQ_EXPLORE_DRIVE_H

#include "dialogue/cut.h"
#include "dialogue/player/wire.h"
#include "explore/plan.h"
#include "popquiz/conn.h"
#include "popquiz/referee.h"

/* ---- what is asked for ----------------------------------------------------------------------- */

/* How a LOGIN step logs in: tag, the word that says so. */
#define PQ_DRIVE_LOGIN_LIST(X)                                                                     \
    X(USER, "user")   /* USER and PASS */                                                          \
    X(PLAIN, "plain") /* AUTH PLAIN with an initial response (RFC 5034) */

enum pq_drive_login {
#define X(tag, word) PQ_DRIVE_LOGIN_##tag,
    PQ_DRIVE_LOGIN_LIST(X)
#undef X
        PQ_DRIVE_LOGIN_COUNT
};
const char *pq_drive_login_word(enum pq_drive_login login);

struct pq_drive_config {
    const struct pq_wire *wire; /* connections 0 to PQ_PLAN_CONNS are used */
    bool implicit;              /* connections begin with TLS */
    struct pq_cut cut;          /* how what is sent is cut into writes */
    enum pq_drive_login login;
    struct pq_slice user, pw;
    uint32_t patience_ms; /* how long an answer may take */
    /* How long is listened behind octets that servers read in different ways, for answers that a
     * strict reader of lines does not expect. */
    uint32_t quiet_ms;
    struct pq_alloc alloc;
};

/* ---- what comes of it ------------------------------------------------------------------------ */

/* How the run ended: name, the word that the protocol has for it. */
#define PQ_DRIVE_END_LIST(X)                                                                       \
    X(DONE, "done")     /* as planned, or the server closed the connections */                     \
    X(SILENT, "silent") /* the server serves nobody any more: it is there and says nothing */      \
    X(GONE, "gone")     /* it takes no connection */

enum pq_drive_end {
#define X(name, word) PQ_DRIVE_##name,
    PQ_DRIVE_END_LIST(X)
#undef X
};
const char *pq_drive_end_word(enum pq_drive_end end);

#define PQ_DRIVE_TEXT_MAX 512u

struct pq_drive_finding {
    const struct pq_referee_rule *rule;
    char why[PQ_REFEREE_WHY_MAX + 1];
    char excerpt[PQ_DRIVE_TEXT_MAX]; /* escaped, one line */
    bool follows;                    /* another finding of the connection came before */
    unsigned conn;
    enum pq_verb verb; /* of the command that was being answered, or UNKNOWN */
    enum pq_state state;
    size_t step; /* of the plan, that was played */
    size_t seen; /* how much had been seen before it */
};

/* What came from the server, for writing the session down. */
#define PQ_SEEN_LIST(X)                                                                            \
    X(OK)       /* +OK, alone or in front of lines */                                              \
    X(ERR)      /* -ERR */                                                                         \
    X(CONTINUE) /* + */                                                                            \
    X(BAD)      /* a line that is no reply, where one is due */                                    \
    X(STRAY)    /* a line that nobody asked for */                                                 \
    X(END)      /* the end of a multi-line reply */                                                \
    X(TLS)      /* TLS began */                                                                    \
    X(NO_TLS)   /* it did not */                                                                   \
    X(CLOSED)   /* the server closed the connection */                                             \
    X(MISSING)  /* an answer did not come */

enum pq_seen_kind {
#define X(name) PQ_SEEN_##name,
    PQ_SEEN_LIST(X)
#undef X
};

struct pq_seen {
    uint8_t kind;  /* enum pq_seen_kind */
    uint8_t conn;  /* from 1 */
    uint8_t verb;  /* that it answers, or UNKNOWN */
    uint8_t login; /* it answers the n-th command of a LOGIN step, from 1; 0: of no such step */
    bool multi;    /* the answer would have lines behind +OK */
    uint16_t step; /* of the plan, that was played then */
};

#define PQ_DRIVE_FINDINGS_MAX 16u
#define PQ_DRIVE_SEEN_MAX 512u
#define PQ_DRIVE_TRANSCRIPT_MAX (1u << 18)

struct pq_drive_result {
    enum pq_drive_end end;
    bool reached; /* a connection was opened at all */
    bool late;    /* an answer came when patience had ended: the server needs more of it */
    bool cut;     /* a connection was closed by the server while an answer was due */
    struct pq_cut_off {
        unsigned conn;
        enum pq_verb verb; /* that waited for its answer */
        enum pq_state state;
        size_t step;
    } cut_off;                     /* the first of them */
    unsigned logins, transactions; /* LOGIN steps, and how many of them led to TRANSACTION */
    unsigned commands;             /* that the observer has read */
    uint64_t sent;                 /* octets */
    struct pq_drive_finding findings[PQ_DRIVE_FINDINGS_MAX];
    size_t findings_count;
    struct pq_seen seen[PQ_DRIVE_SEEN_MAX];
    size_t seen_count;
    struct pq_bytes transcript; /* lines for people; without the passwords that were sent, but
                                 * what the server says is as it said it */
};

/* Plays the plan. Every wait is bounded. `*r` is filled in every case, and must go to
 * pq_drive_result_free(). Connections are closed afterwards. */
void pq_drive_play(const struct pq_drive_config *config, const struct pq_plan *plan,
                   struct pq_drive_result *r);
void pq_drive_result_free(struct pq_drive_result *r);

#endif
