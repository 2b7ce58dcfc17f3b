/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run came to: one verdict, where and why, and what each requirement got.
 */
#ifndef PQ_DIALOGUE_PLAYER_OUTCOME_H
#define PQ_DIALOGUE_PLAYER_OUTCOME_H

#include "dialogue/dlg.h"
#include "dialogue/player/playlog.h"

/* tag, word; from the best to the worst: a run has the worst that it met. */
#define PQ_VERDICT_LIST(X)                                                                         \
    X(PASS, "pass")                                                                                \
    X(NOTE, "note")                                                                                \
    X(WARN, "warn")                                                                                \
    X(SKIP, "skip")                 /* something is missing here that the case needs */            \
    X(INCONCLUSIVE, "inconclusive") /* the situation to be judged did not come about */            \
    X(FAIL, "fail")                                                                                \
    X(ERROR, "error") /* the case file or the player is at fault */

enum pq_verdict {
#define X(tag, word) PQ_VERDICT_##tag,
    PQ_VERDICT_LIST(X)
#undef X
        PQ_VERDICT_COUNT
};
const char *pq_verdict_word(enum pq_verdict verdict);
/* What @pass, @note, @warn, @fail and @inconclusive say; and what @case, @on or @never has as its
 * argument. */
enum pq_verdict pq_verdict_said(const struct pq_dlg_directive *d);
enum pq_verdict pq_verdict_of_case(const struct pq_dlg_directive *d);

/* Why a case is skipped: tag, word. */
#define PQ_SKIP_LIST(X)                                                                            \
    X(NONE, "")                                                                                    \
    X(ADAPTER, "adapter") /* it needs what only an adapter can do */                               \
    X(CONFIG, "config")   /* the run was not given something that it names */                      \
    X(UNSAFE, "unsafe")   /* nobody gave leave to remove mail */

enum pq_skip {
#define X(tag, word) PQ_SKIP_##tag,
    PQ_SKIP_LIST(X)
#undef X
};
const char *pq_skip_word(enum pq_skip skip);

/* What was found out about an answer that did not come: tag, word. */
#define PQ_PROBE_LIST(X) X(NONE, "") X(GREETS, "greets") X(SILENT, "silent") X(REFUSED, "refused")
#define PQ_NOOP_LIST(X)                                                                            \
    X(NONE, "") X(ANSWERED, "answered") X(MUTE, "mute") X(NOT_POSSIBLE, "not-possible")

#define X(tag, word) PQ_PROBE_##tag,
enum pq_probe { PQ_PROBE_LIST(X) };
#undef X
#define X(tag, word) PQ_NOOP_##tag,
enum pq_noop { PQ_NOOP_LIST(X) };
#undef X
const char *pq_probe_word(enum pq_probe probe);
const char *pq_noop_word(enum pq_noop noop);

/* A requirement and the worst of pass, note, warn and fail that it got. */
struct pq_outcome_row {
    struct pq_slice id; /* of the dialogue */
    enum pq_verdict verdict;
};

#define PQ_OUTCOME_ROWS_MAX 512u
#define PQ_OUTCOME_TEXT_MAX 512u
#define PQ_OUTCOME_BRANCH_MAX 240u

/* The texts are one line each, printable, with secrets masked. Those that say nothing are empty. */
struct pq_outcome {
    enum pq_verdict verdict;
    enum pq_skip skip;                  /* of SKIP */
    enum pq_dlg_section_kind section;   /* where the verdict was found; MESSAGE: before the first */
    struct pq_dlg_at at;                /* of the step; line 0: none */
    char branch[PQ_OUTCOME_BRANCH_MAX]; /* the cases taken, in order, with "-" between them */
    char why[PQ_OUTCOME_TEXT_MAX];
    char expected[PQ_OUTCOME_TEXT_MAX]; /* the step as it is written */
    char actual[PQ_OUTCOME_TEXT_MAX];
    struct pq_outcome_row rows[PQ_OUTCOME_ROWS_MAX];
    size_t rows_count;
    enum pq_probe probe; /* of the last answer that did not come */
    enum pq_noop noop;
    bool late;      /* an answer came when patience had ended: more of it is needed */
    bool hang;      /* the target does not serve any more: it may hang */
    bool peer_gone; /* the target does not accept connections: it may have crashed */
    uint32_t connects, wrong_logins;
    uint64_t slowest_reply_ms, ms;
    struct pq_playlog transcript;
};

/* Lowers the row `id` to `verdict`, which is PASS, NOTE, WARN or FAIL, or adds it. Rows past the
 * limit are left out (a dialogue names fewer). `id` is borrowed. */
void pq_outcome_mark(struct pq_outcome *o, struct pq_slice id, enum pq_verdict verdict);
/* Forgets a row that has no more than PASS: what it rests on is not complete. */
void pq_outcome_doubt(struct pq_outcome *o, struct pq_slice id);

#endif
