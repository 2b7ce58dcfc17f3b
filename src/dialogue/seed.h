/* SPDX-License-Identifier: Apache-2.0
 *
 * Dialogues <-> wire cases. What one side writes is kept exactly; what the other side answers is
 * kept as the places where it is waited for.
 */
#ifndef PQ_DIALOGUE_SEED_H
#define PQ_DIALOGUE_SEED_H

#include "dialogue/dlg.h"
#include "dialogue/expr.h"
#include "dialogue/wirecase.h"

/* ---- how writes are cut ---------------------------------------------------------------------- */

/* Takes the next write off the front of `*rest`, which is not empty, as @segment asks for: `cut`,
 * and `octets` (from 1) for PQ_DLG_CUT_OCTETS. */
struct pq_slice pq_dlg_cut_next(enum pq_dlg_cut cut, uint64_t octets, struct pq_slice *rest);

/* ---- wire case -> dialogue ------------------------------------------------------------------- */

/* The longest input: any octets of that length become a file that can be read back. */
#define PQ_DLG_FROM_MAX (128u << 10)

struct pq_dlg_from {
    enum pq_dlg_side side; /* who writes */
    enum pq_dlg_kind kind; /* SEED or CRASH */
    struct pq_slice id;    /* a label */
    bool raw;              /* `in` is one write as it is, not a wire case */
};

/* Appends the file, in canonical form. NO_MEMORY as pq_bytes_put(), and for an `in` of more than
 * PQ_DLG_FROM_MAX octets. */
PQ_NODISCARD enum pq_status pq_dlg_from_wire(const struct pq_dlg_from *from, struct pq_slice in,
                                             struct pq_bytes *out);

/* ---- dialogue -> wire case ------------------------------------------------------------------- */

/* What names stand for where nobody has said it: fixed words, the same for every seed. */
bool pq_dlg_seed_name(struct pq_slice name, struct pq_value *out);

/* Appends what `side` writes in [given] and [test] of a file without axes (pq_dlg_expand()). Of the
 * cases of a @match the first is taken. SYNTAX: `*problems` tells which step has no octets, or
 * more than there is room for. NO_MEMORY: `out` is full or memory is exhausted. `crypto` may be
 * NULL. */
PQ_NODISCARD enum pq_status pq_dlg_to_wire(const struct pq_dlg *d, enum pq_dlg_side side,
                                           const struct pq_dlg_crypto *crypto,
                                           struct pq_dlg_problems *problems, struct pq_bytes *out);

#endif
