/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays one row of a dialogue in the client role over a wire, and judges what comes back. It knows
 * lines, dots and TLS, and of POP3 only how to ask a stalled server for a sign of life.
 */
#ifndef PQ_DIALOGUE_PLAYER_RUN_H
#define PQ_DIALOGUE_PLAYER_RUN_H

#include "dialogue/cut.h"
#include "dialogue/player/outcome.h"
#include "dialogue/player/wire.h"

/* ---- limits ---------------------------------------------------------------------------------- */

#define PQ_RUN_BODY_MAX (1u << 20)   /* octets of a multi-line reply that @body keeps */
#define PQ_RUN_REPLY_MAX (64u << 20) /* octets of one that `S*` passes over */
#define PQ_RUN_PATIENCES 20u         /* an answer that drips takes at most so many patiences */
#define PQ_RUN_OUTBOX_MAX (4u << 20) /* octets of a @batch or @race, and of a step */
#define PQ_RUN_WRITES_MAX 16384u     /* writes of a @batch or @race, and of a step */

/* ---- what is played -------------------------------------------------------------------------- */

struct pq_dialogue {
    const struct pq_dlg *dlg; /* parsed without a problem, without axes */
    struct pq_slice text;     /* what it was parsed from: reports quote its lines */
};

/* How `@connect` reaches the target. */
enum pq_run_tls { PQ_RUN_TLS_NONE, PQ_RUN_TLS_STLS, PQ_RUN_TLS_IMPLICIT };

/* What the player is about to do, for people who watch. */
struct pq_run_step {
    enum pq_dlg_section_kind section;
    bool login; /* it stands in the prelude */
    struct pq_dlg_at at;
    struct pq_slice line; /* as it is written */
};
struct pq_run_trace {
    void (*step)(void *ctx, const struct pq_run_step *step);
    void *ctx;
};

/* A NULL `at`: not given, and a case that names it is skipped. */
struct pq_run_vars {
    struct pq_slice user, pw, user2, pw2, host, port;
};

struct pq_run {
    struct pq_dialogue what;
    struct pq_dialogue login; /* the prelude: reaches TRANSACTION on connection 1, binds nothing */
    struct pq_run_vars vars;
    enum pq_run_tls tls;
    bool only_tls;        /* of IMPLICIT: the target has no address that begins in the clear */
    uint32_t patience_ms; /* how long the target may take for an answer */
    struct pq_cut cut;    /* of writes for which the file does not say it */
    uint64_t seed;        /* of rand() and nonce */
    bool ask_clock;       /* `@wait` asks the runner to move the target's clock */
    const struct pq_wire *wire;
    struct pq_run_trace trace; /* `step` may be NULL */
    struct pq_alloc alloc;
};

/* Why a dialogue cannot be a prelude, or NULL when it can. */
const char *pq_run_prelude_flaw(const struct pq_dlg *dlg);

/* Plays the run to its end; every wait is bounded. `*out` is filled in every case, and must go to
 * pq_outcome_free(); what it borrows belongs to `run->what` and, for the masks of its transcript,
 * to
 * `*mask`, which pq_mask_init() has set up and which gets the secrets of the run. */
void pq_run_play(const struct pq_run *run, struct pq_mask *mask, struct pq_outcome *out);
void pq_outcome_free(struct pq_outcome *out);

#endif
