/* SPDX-License-Identifier: Apache-2.0
 *
 * What targets that read dialogues share: reading one under the invariants that always hold.
 */
#ifndef PQ_HARNESS_DIALOGUE_TEXT_H
#define PQ_HARNESS_DIALOGUE_TEXT_H

#include "dialogue/dlg.h"

/* Reads a text; false when it was refused, and `*d` is freed then. Asserts that the memory is in
 * proportion to the text, and that every problem has a place and a reason. */
bool dialogue_read(struct pq_dlg *d, struct pq_slice text);
/* Empty, with room for whatever a dialogue is formatted as. */
struct pq_bytes dialogue_bytes(void);

#endif
