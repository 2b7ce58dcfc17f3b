/* SPDX-License-Identifier: Apache-2.0
 *
 * A session that the explorer makes up: a list of steps on one or two connections to one maildrop.
 * It is a value: it can be copied, cut shorter, compared and written down, and says everything that
 * the client will do.
 */
#ifndef PQ_EXPLORE_PLAN_H
#define PQ_EXPLORE_PLAN_H

#include "popquiz/base.h"

/* ---- steps ----------------------------------------------------------------------------------- */

/* What a step does, the word of listings. Every one but CONNECT wants its connection to be open,
 * and does nothing when it is not. */
#define PQ_STEP_LIST(X)                                                                            \
    X(CONNECT, "connect")      /* open; TLS first where the target has it so */                    \
    X(SEND, "send")            /* `octets` as one write */                                         \
    X(USER, "user")            /* USER with the right name */                                      \
    X(PASS, "pass")            /* PASS with the right password */                                  \
    X(LOGIN, "login")          /* both, each with its answer; or the way that the target wants */  \
    X(CLOSE, "close")          /* close in order */                                                \
    X(DROP, "drop")            /* close with a reset */                                            \
    X(HALF_CLOSE, "halfclose") /* send no more, read on */

enum pq_step_kind {
#define X(name, word) PQ_STEP_##name,
    PQ_STEP_LIST(X)
#undef X
};
const char *pq_step_word(enum pq_step_kind kind);

struct pq_step {
    uint8_t kind; /* enum pq_step_kind */
    uint8_t conn; /* from 1 */
    bool hurry;   /* the next step does not wait for the answers to this one */
    uint16_t at;  /* of SEND: where its octets are in the plan's, and how many */
    uint16_t len;
};

#define PQ_PLAN_STEPS_MAX 96u
#define PQ_PLAN_OCTETS_MAX 16384u
#define PQ_PLAN_CONNS 2u

struct pq_plan {
    struct pq_step steps[PQ_PLAN_STEPS_MAX];
    size_t count;
    uint8_t octets[PQ_PLAN_OCTETS_MAX];
    size_t used;
};

void pq_plan_clear(struct pq_plan *p);
/* Adds a step behind the others. False: the plan is full, and is as before. */
bool pq_plan_add(struct pq_plan *p, enum pq_step_kind kind, unsigned conn, struct pq_slice octets,
                 bool hurry);
/* The octets of a SEND step; empty for others. */
struct pq_slice pq_plan_octets(const struct pq_plan *p, const struct pq_step *step);
/* Whether two plans do the same. */
bool pq_plan_equal(const struct pq_plan *a, const struct pq_plan *b);

/* ---- making them up -------------------------------------------------------------------------- */

/* What the sessions may do, and what makes them likely to matter. */
struct pq_plan_config {
    uint64_t seed;
    unsigned connections; /* 1 or 2 */
    unsigned messages;    /* that the maildrop holds: most numbers are about them */
    bool destroy;         /* DELE may be sent */
    bool stls;            /* STLS may be sent, and is the way to most logins */
    bool pipelining;      /* the server said that it takes commands before it answered */
    bool wrong_logins;    /* credentials may be wrong */
};

/* The session of that number: always the same for the same configuration, whatever was made before.
 */
void pq_plan_generate(struct pq_plan *p, const struct pq_plan_config *config, uint64_t number);

#endif
