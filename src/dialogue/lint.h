/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with a file that can be read: rules of FORMAT.md, "Lint". Whether requirements
 * exist in a catalogue is not asked here.
 */
#ifndef PQ_DIALOGUE_LINT_H
#define PQ_DIALOGUE_LINT_H

#include "dialogue/dlg.h"

/* Adds problems and warnings in no particular order to `*out`, for the roles of the file and those
 * of the mask `more_roles` (1 << enum pq_dlg_role). `d` was parsed without a problem. NO_MEMORY:
 * `alloc` refused, and the result is incomplete. */
PQ_NODISCARD enum pq_status pq_dlg_lint(const struct pq_dlg *d, unsigned more_roles,
                                        struct pq_alloc alloc, struct pq_dlg_problems *out);

#endif
