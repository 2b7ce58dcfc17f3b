/* SPDX-License-Identifier: Apache-2.0
 *
 * The coverage map: one octet for each edge. With one instrumented program it is AFL++'s own, to
 * which every process of the server writes; with several, each has a region, which it fills in a
 * memory of its own and which is copied when the case is over.
 */
#ifndef PQ_BRIDGE_MAP_H
#define PQ_BRIDGE_MAP_H

#include "harness/bridge/options.h"
#include "harness/bridge/shim_page.h"

#define PQ_MAP_REGIONS (1u + PQ_OPTION_MANY)
#define PQ_MAP_CELLS 1024u /* of --state and --referee, behind the edges */
#define PQ_MAP_MAX (512u << 10)

struct pq_map_region {
    const char *path;
    uint8_t *at; /* NULL: the program writes to the map itself */
    int32_t id;  /* of its memory */
    size_t offset, len;
};

struct pq_map {
    uint8_t *at;
    size_t len;    /* of everything, a multiple of 64 */
    int32_t id;    /* what __AFL_SHM_ID says */
    bool own;      /* made here, since no fuzzer runs us */
    uint8_t *seen; /* of `cells` edges, those of any case so far; NULL: not counted */
    struct pq_map_region regions[PQ_MAP_REGIONS];
    size_t regions_len;
    size_t cells; /* where those begin; `len` when there are none */
};

/* Asks every program for the size of its map, and makes or finds the memory. False after a line on
 * stderr. */
bool pq_map_open(struct pq_map *m, const struct pq_options *o);
/* Forgets what was seen; the shared memory goes with the processes. */
void pq_map_free(struct pq_map *m);
/* Empties it. AFL++ has done so before, but a server may have been started since. */
void pq_map_clear(struct pq_map *m);
/* Copies the regions, and remembers which edges were taken. */
void pq_map_merge(struct pq_map *m);
/* Octets that are not zero. */
size_t pq_map_edges(const struct pq_map *m);
/* Edges that any case has taken; what lies behind `cells` is none. */
size_t pq_map_seen(const struct pq_map *m);
/* Whether any program is instrumented. */
bool pq_map_is_instrumented(const struct pq_map *m);
/* Whether the first one is, so that a fork server is inside it. */
bool pq_map_has_fork_server(const struct pq_map *m);

#endif
