/* SPDX-License-Identifier: Apache-2.0
 *
 * A file told to people, and to programs.
 */
#ifndef PQ_DIALOGUE_EXPLAIN_H
#define PQ_DIALOGUE_EXPLAIN_H

#include "dialogue/dlg.h"

/* Appends the file in plain English, a line for each step. NO_MEMORY as pq_bytes_put(). */
PQ_NODISCARD enum pq_status pq_dlg_explain(const struct pq_dlg *d, struct pq_bytes *out);

/* Appends one JSON object and LF for each row of the matrix (one without a matrix); `file` is given
 * as its "file". FORMAT.md tells the members. NO_MEMORY. */
PQ_NODISCARD enum pq_status pq_dlg_describe(const struct pq_dlg *d, const char *file,
                                            struct pq_bytes *out);

#endif
