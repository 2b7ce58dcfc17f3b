/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden records against the judge: plays a recorded run and compares, and makes a run a record.
 */
#ifndef PQ_DIALOGUE_PLAYER_REPLAY_H
#define PQ_DIALOGUE_PLAYER_REPLAY_H

#include "dialogue/player/golden.h"
#include "dialogue/player/run.h"

/* What stands for a password that a record does not tell. */
#define PQ_REPLAY_PASSWORD "stand-in"

/* A recorded run, and what it is a record of. */
struct pq_replay {
    const struct pq_golden_run *golden;
    struct pq_dialogue what, login;
    struct pq_alloc alloc;
};

/* Plays it; `out` and `mask` as pq_run_play(). NULL; or the name of a variable of the record that
 * has no usable value, and `*out` is not filled. */
PQ_NODISCARD const char *pq_replay_play(const struct pq_replay *r, struct pq_mask *mask,
                                        struct pq_outcome *out);
/* Whether the outcome is the recorded one: verdict, branch and rows. Appends a line for each
 * difference to `diff`. */
bool pq_replay_agrees(const struct pq_golden_run *golden, const struct pq_outcome *out,
                      struct pq_bytes *diff);

/* ---- writing --------------------------------------------------------------------------------- */

struct pq_record {
    struct pq_slice name; /* of the row of the dialogue */
    const struct pq_run *run;
    const struct pq_outcome *out;
    struct pq_slice events; /* of a recorder */
    bool with_secrets;      /* write the passwords: some judgements need them (SCRAM) */
};

/* Appends the first lines of a record: its format, and the names of dialogue and prelude (empty:
 * the one that is built in), relative to the folder where it will stand. */
PQ_NODISCARD enum pq_status pq_record_write_head(struct pq_slice file, struct pq_slice login,
                                                 struct pq_bytes *out);
/* Appends a run, from its case: on. NO_MEMORY as pq_bytes_put(). */
PQ_NODISCARD enum pq_status pq_record_write(const struct pq_record *record, struct pq_bytes *out);

#endif
