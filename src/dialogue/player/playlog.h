/* SPDX-License-Identifier: Apache-2.0
 *
 * What was said in a run, for people: masked, printable and bounded. The first and the last entries
 * are kept; long ones are cut and tell how much is missing.
 */
#ifndef PQ_DIALOGUE_PLAYER_PLAYLOG_H
#define PQ_DIALOGUE_PLAYER_PLAYLOG_H

#include "dialogue/player/mask.h"

#define PQ_PLAYLOG_FIRST 64u  /* entries kept from the start */
#define PQ_PLAYLOG_LAST 192u  /* and from the end */
#define PQ_PLAYLOG_SHOWN 500u /* octets shown of an entry */

struct pq_playlog_entry {
    uint8_t conn;
    char dir; /* 'C': the client sent it; 'S': the server did; '*': an event, in words */
    bool tls;
    uint64_t ms;          /* since the start of the run */
    struct pq_bytes text; /* printable: octets escaped as in a fixture, secrets masked */
    uint64_t shown;       /* octets that `text` stands for */
    uint64_t left_out;    /* octets behind them */
};

struct pq_playlog {
    struct pq_playlog_entry entries[PQ_PLAYLOG_FIRST + PQ_PLAYLOG_LAST];
    size_t count; /* entries that were added; those that are kept are fewer */
    bool lost;    /* memory was short: something is missing */
    const struct pq_mask *mask;
    struct pq_alloc alloc;
};

/* `mask` is borrowed; secrets may be added to it until they appear. */
void pq_playlog_init(struct pq_playlog *t, const struct pq_mask *mask, struct pq_alloc alloc);
void pq_playlog_free(struct pq_playlog *t);

/* Where an entry belongs. */
struct pq_playlog_at {
    uint8_t conn;
    char dir;
    bool tls;
    uint64_t ms;
};

/* Adds an entry. `hide` marks octets that are secret by their place, or is NULL. */
void pq_playlog_add(struct pq_playlog *t, struct pq_playlog_at at, struct pq_slice octets,
                    const bool *hide);
/* Continues the last entry when it is of the same connection and direction, or adds one. */
void pq_playlog_more(struct pq_playlog *t, struct pq_playlog_at at, struct pq_slice octets);
/* Adds an event. */
void pq_playlog_event(struct pq_playlog *t, struct pq_playlog_at at, const char *text);

/* The n-th entry that is kept, from 0, or NULL behind the last. */
const struct pq_playlog_entry *pq_playlog_entry(const struct pq_playlog *t, size_t n);
/* Entries left out, and before which of the kept ones they stood. */
size_t pq_playlog_gap(const struct pq_playlog *t, size_t *before);

#endif
