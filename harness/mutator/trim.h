/* SPDX-License-Identifier: Apache-2.0
 *
 * Shortens an input by whole items, while whoever runs it says that it still does the same: octets
 * taken out of a line would make another dialogue of it.
 */
#ifndef PQ_HARNESS_MUTATOR_TRIM_H
#define PQ_HARNESS_MUTATOR_TRIM_H

#include "harness/mutator/script.h"

struct trim {
    struct script script; /* what is left */
    size_t first;         /* items before this one stay */
    size_t at, span;      /* the items that the candidate lacks; no span: the end */
    size_t step, steps;   /* candidates so far, and never more than this */
};

/* `in` must outlive the trimming, and has at least `first` items, which stay. */
void trim_begin(struct trim *t, enum script_kind kind, struct pq_slice in, size_t first);
bool trim_is_over(const struct trim *t);
/* Appends the candidate, which is shorter than what is left and not empty; not at the end. */
void trim_write(const struct trim *t, struct pq_buf *out);
/* Whether the candidate did the same: then it is what is left. */
void trim_next(struct trim *t, bool same);

#endif
