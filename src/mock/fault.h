/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeded faults: named deviations from the reference, each with constants that a seed chooses. A
 * fault replaces functions of the behaviour table. The rows are in fault.c, in the order of the
 * catalogue of faults; the functions in faults_<category>.c.
 */
#ifndef PQ_MOCK_FAULT_H
#define PQ_MOCK_FAULT_H

#include "mock/behaviour.h"
#include "net/why.h"

#define PQ_FAULT_CONSTANTS_MAX 2u
#define PQ_FAULT_CHOICES_MAX 4u
/* Faults at once. */
#define PQ_FAULTS_ACTIVE_MAX 8u

/* What a constant of kind "messages" may be besides a number: which messages are affected. */
#define PQ_WHICH_ALL UINT64_C(0)
#define PQ_WHICH_ODD (UINT64_MAX - 1)
#define PQ_WHICH_EVEN (UINT64_MAX - 2)
#define PQ_WHICH_LAST (UINT64_MAX - 3)

/* A constant of a fault: the seed picks one of the choices; a person may give any number in range.
 */
struct pq_fault_constant {
    const char *name;
    bool which; /* messages: all, odd, even, last or a number */
    uint64_t least, most;
    uint64_t choices[PQ_FAULT_CHOICES_MAX];
    size_t count;
};

struct pq_fault_row {
    const char *name;
    const char *category;
    const char *text; /* what the server does wrong */
    struct pq_fault_constant constants[PQ_FAULT_CONSTANTS_MAX];
    void (*install)(struct pq_behaviour *b);
};

/* One fault that was asked for. */
struct pq_fault {
    const struct pq_fault_row *row;
    uint64_t values[PQ_FAULT_CONSTANTS_MAX];
    uint64_t nth;   /* only the nth time that it could act; 0: every time */
    uint64_t times; /* that it could have acted so far */
};

struct pq_fault_plan {
    struct pq_fault active[PQ_FAULTS_ACTIVE_MAX];
    size_t count;
};

/* The table, for listing. */
const struct pq_fault_row *pq_fault_rows(size_t *count);

/* Adds the fault that `text` names: NAME, NAME(constant=value,...), and @nth behind it. Constants
 * that are left out are chosen by `seed`. SYNTAX: `*why` has the reason. */
PQ_NODISCARD enum pq_status pq_fault_add(struct pq_fault_plan *plan, struct pq_behaviour *b,
                                         const char *text, uint64_t seed, struct pq_why *why);

/* The active fault of that row, for the functions of faults_<category>.c. */
struct pq_fault *pq_fault_of(struct pq_fault_plan *plan, const char *name);
/* Counts an occasion and tells whether the fault acts on it. */
bool pq_fault_fires(struct pq_fault *f);
/* Whether a "messages" constant covers message `number` of `count`. */
bool pq_which_has(uint64_t which, uint64_t number, uint64_t count);

#endif
