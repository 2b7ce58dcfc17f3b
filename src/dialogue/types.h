/* SPDX-License-Identifier: Apache-2.0
 *
 * The types of placeholders: which octets they take from a line.
 */
#ifndef PQ_DIALOGUE_TYPES_H
#define PQ_DIALOGUE_TYPES_H

#include "dialogue/vocab.h"

/* How many octets at the front of `rest` are a value of the type: as many as its alphabet allows,
 * and then they must have its form. False when they have not. Not for TEXT, whose end the template
 * tells. `scratch` is for B64. */
bool pq_dlg_type_take(enum pq_dlg_type type, struct pq_slice rest, struct pq_arena *scratch,
                      size_t *len);

#endif
