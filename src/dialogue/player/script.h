/* SPDX-License-Identifier: Apache-2.0
 *
 * A wire that answers from a golden record: no socket, no clock. Each connection tells its own
 * events in their order, however the dialogue turns between connections. Time passes only where
 * something is waited for.
 */
#ifndef PQ_DIALOGUE_PLAYER_SCRIPT_H
#define PQ_DIALOGUE_PLAYER_SCRIPT_H

#include "dialogue/player/golden.h"

struct pq_script_conn {
    const struct pq_golden_event *next; /* the first event that is not used up */
    size_t taken;                       /* octets of it, when it is DATA */
};

struct pq_script {
    const struct pq_golden_run *run;
    struct pq_script_conn conns[PQ_WIRE_CONNS];
    const struct pq_golden_event *next_answer;
    uint64_t now_ms;
};

/* `run` is borrowed. */
void pq_script_init(struct pq_script *s, const struct pq_golden_run *run);
/* The wire; borrows `s`. What is written goes nowhere. */
struct pq_wire pq_script_wire(struct pq_script *s);

#endif
