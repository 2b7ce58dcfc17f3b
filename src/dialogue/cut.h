/* SPDX-License-Identifier: Apache-2.0
 *
 * How octets are cut into writes: `@segment`, and the same for a whole run.
 */
#ifndef PQ_DIALOGUE_CUT_H
#define PQ_DIALOGUE_CUT_H

#include "dialogue/vocab.h"

struct pq_cut {
    enum pq_dlg_cut kind;
    size_t octets; /* of PQ_DLG_CUT_OCTETS: of each write, not zero */
};

/* Reads "whole", "byte", "mid-crlf", "after-crlf" or a number of octets from 1; false, and `*out`
 * left alone, for anything else. */
bool pq_cut_parse(struct pq_slice text, struct pq_cut *out);
/* Takes the next write, which is not empty, off the front of `*rest`, which is not empty. */
struct pq_slice pq_cut_next(const struct pq_cut *cut, struct pq_slice *rest);

#endif
