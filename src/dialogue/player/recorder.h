/* SPDX-License-Identifier: Apache-2.0
 *
 * A wire that passes everything on to another one and writes down what comes back, as the events of
 * a golden record. What is sent is written too, for readers; secrets are masked in both directions.
 */
#ifndef PQ_DIALOGUE_PLAYER_RECORDER_H
#define PQ_DIALOGUE_PLAYER_RECORDER_H

#include "dialogue/player/mask.h"
#include "dialogue/player/wire.h"

struct pq_recorder {
    const struct pq_wire *inner;
    const struct pq_mask *mask; /* gets its secrets while the run goes on */
    struct pq_bytes text;       /* whole lines */
    bool lost;                  /* it became too long, or memory was short */
    /* What went one way on one connection and is not yet written: one event, however it was cut. */
    struct pq_bytes pending;
    char pending_sign; /* '<', '>' or 0: nothing */
    uint8_t pending_conn;
    struct pq_talk talk[PQ_WIRE_CONNS];
    struct pq_alloc alloc;
};

/* `inner` and `mask` are borrowed. */
void pq_recorder_init(struct pq_recorder *r, const struct pq_wire *inner,
                      const struct pq_mask *mask, struct pq_alloc alloc);
void pq_recorder_free(struct pq_recorder *r);
/* The wire; borrows `r`. */
struct pq_wire pq_recorder_wire(struct pq_recorder *r);
/* The events so far; empty, and `lost` set, when they could not be kept. */
struct pq_slice pq_recorder_events(struct pq_recorder *r);

#endif
