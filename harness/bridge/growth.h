/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether processes that outlive their sessions grow: their memory, and their descriptors. Every
 * some cases they are looked at. One that has become much larger than it was is only suspected:
 * servers warm up, and have caches. The cases since the last look are played again, over and over,
 * and only what grows by them at a steady rate is told, with the one case that makes it grow.
 */
#ifndef PQ_BRIDGE_GROWTH_H
#define PQ_BRIDGE_GROWTH_H

#include "harness/bridge/play.h"

#define PQ_LOOK_OCTETS (4u << 20) /* of them; with more it is looked earlier */
#define PQ_GROWTH_TOLD_MAX 4u     /* findings of one program and one kind */
#define PQ_GROWTH_TEXT_MAX 256u   /* octets of a sentence, its NUL included */

/* What one process has: KiB of its own, descriptors. Zero: cannot be seen. */
struct pq_size {
    pid_t pid;
    uint64_t each[PQ_GROWN_COUNT];
};

struct pq_grower {
    struct pq_player *p;
    struct pq_size levels[PQ_SHIM_SLOTS];         /* what processes are measured by */
    uint64_t spare[PQ_SHIM_EXES][PQ_GROWN_COUNT]; /* how much more is none of our business */
    struct pq_bytes inputs;                       /* since the last look, one behind the other */
    size_t ends[PQ_LOOK_MAX];
    size_t len;
    uint8_t told[PQ_SHIM_EXES][PQ_GROWN_COUNT];
    struct pq_bytes found; /* the input of the last finding */
};

void pq_grower_init(struct pq_grower *g, struct pq_player *p);
void pq_grower_free(struct pq_grower *g);
/* Remembers a case that was played and did no harm, until it is looked. */
void pq_grower_note(struct pq_grower *g, struct pq_slice input);
/* When it is time: looks, and where something is suspected plays on until that is settled. True:
 * `out` says what grows, by the case in `g->found`; a new server is needed. */
bool pq_grower_look(struct pq_grower *g, struct pq_outcome *out);
/* Plays one case until it is clear whether something grows by it; `out` as above. */
bool pq_grower_try(struct pq_grower *g, struct pq_slice input, struct pq_outcome *out);

/* "memory", "descriptors". */
const char *pq_grown_text(enum pq_grown what);
/* A sentence for people; returns its length. */
size_t pq_growth_text(const struct pq_growth *w, char text[PQ_GROWTH_TEXT_MAX]);

#endif
