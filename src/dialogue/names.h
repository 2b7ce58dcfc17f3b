/* SPDX-License-Identifier: Apache-2.0
 *
 * A set of names: which were seen, in constant time whatever a hostile file holds.
 */
#ifndef PQ_DIALOGUE_NAMES_H
#define PQ_DIALOGUE_NAMES_H

#include "popquiz/base.h"

struct pq_names {
    struct pq_slice *slots; /* a power of two of them; an empty one has a NULL `at` */
    size_t mask;
    size_t room; /* names that still fit */
};

/* A set of at most `most` names in `arena`. NO_MEMORY: the arena is full. */
PQ_NODISCARD enum pq_status pq_names_init(struct pq_names *n, struct pq_arena *arena, size_t most);
bool pq_names_has(const struct pq_names *n, struct pq_slice name);
/* True when the name is new; it must outlive the set. Ignored when the set is full. */
bool pq_names_add(struct pq_names *n, struct pq_slice name);
/* The slot of a name that was added, 0 to `mask`: for values in an array beside the set. */
size_t pq_names_slot(const struct pq_names *n, struct pq_slice name);

#endif
