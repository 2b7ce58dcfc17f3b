/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeded faults: named deviations from the reference, each with constants that a seed chooses. A
 * fault lays functions over the behaviour table, or writes bodies in its own way. Their list is in
 * fault_internal.h, in the order of the catalogue of faults.
 */
#ifndef PQ_MOCK_FAULT_H
#define PQ_MOCK_FAULT_H

#include "mock/behaviour.h"
#include "net/why.h"

#define PQ_FAULT_CONSTANTS_MAX 2u
#define PQ_FAULT_CHOICES_MAX 3u
/* Faults at once. */
#define PQ_FAULTS_ACTIVE_MAX 8u

/* What a constant of kind "messages" may be besides a number: which messages are affected, counted
 * among those of the maildrop on which the fault can show. */
#define PQ_WHICH_ALL UINT64_C(0)
#define PQ_WHICH_ODD (UINT64_MAX - 1)
#define PQ_WHICH_EVEN (UINT64_MAX - 2)
#define PQ_WHICH_LAST (UINT64_MAX - 3)

/* A constant of a fault: the seed picks one of the choices, a person may give any number in range.
 */
struct pq_fault_constant {
    const char *name; /* NULL: there is none */
    bool which;       /* messages: all, odd, even, last or a number */
    uint64_t least, most;
    uint64_t choices[PQ_FAULT_CHOICES_MAX];
};

struct pq_fault_row {
    const char *name;
    const char *category;
    const char *text; /* what the server does wrong */
    struct pq_fault_constant constants[PQ_FAULT_CONSTANTS_MAX];
    const struct fault_effect *effect; /* private */
};

/* One fault that was asked for. */
struct pq_fault {
    const struct pq_fault_row *row;
    uint64_t values[PQ_FAULT_CONSTANTS_MAX];
    uint64_t nth;   /* only the nth time that it could act; 0: every time, and always for timing */
    uint64_t state; /* what a fault remembers */
    uint64_t times; /* that it could have acted so far */
    struct pq_behaviour base; /* what there was before it: followed where it does not act */
};

struct pq_fault_plan {
    struct pq_fault active[PQ_FAULTS_ACTIVE_MAX];
    size_t count;
};

/* The table, for listing. */
const struct pq_fault_row *pq_fault_rows(size_t *count);

/* Adds the fault that `text` names: NAME, NAME(constant=value,...), and @nth behind it. Constants
 * that are left out are chosen by `seed`. Where several faults act at one point, the last one added
 * is asked first. SYNTAX: `*why` has the reason. */
PQ_NODISCARD enum pq_status pq_fault_add(struct pq_fault_plan *plan, struct pq_behaviour *b,
                                         const char *text, uint64_t seed, struct pq_why *why);

/* Whether a fault wants TLS to begin with old versions too: the context is not the mock's. */
bool pq_fault_tls_is_old(const struct pq_fault_plan *plan);
/* Whether a fault needs a server that resumes sessions of TLS. */
bool pq_fault_tls_resumes(const struct pq_fault_plan *plan);

#endif
