/* SPDX-License-Identifier: Apache-2.0
 *
 * One case: reset, play, settle, and what came of it.
 */
#ifndef PQ_BRIDGE_PLAY_H
#define PQ_BRIDGE_PLAY_H

#include "harness/bridge/judge.h"
#include "harness/bridge/reset.h"

#define PQ_CASE_MAX (1u << 20)   /* octets of an input; the rest is not played */
#define PQ_CASE_WRITES_MAX 4096u /* likewise */

enum pq_came {
    PQ_CAME_OK,
    PQ_CAME_CRASH,
    PQ_CAME_HANG,
    PQ_CAME_LEAK,
    PQ_CAME_VIOLATION,
    PQ_CAME_GROWTH, /* of many plays; growth.h */
    PQ_CAME_KILLED, /* the server is gone, by no fault of its own: the fuzzer was impatient */
};

enum pq_grown { PQ_GROWN_MEMORY, PQ_GROWN_DESCRIPTORS };
#define PQ_GROWN_COUNT 2u

/* What has grown, and by how much: KiB of memory, or descriptors. */
struct pq_growth {
    enum pq_grown what;
    uint64_t from, to, plays;
    uint32_t depth, exe; /* of the process; see shim_page.h */
    pid_t pid;
};

struct pq_outcome {
    enum pq_came came;
    struct pq_growth growth;    /* of GROWTH */
    struct pq_shim_death death; /* of CRASH: the first */
    uint32_t crashes;           /* processes that crashed */
    bool transaction;           /* some connection reached that state */
    size_t login_lines;         /* that were written until then */
    double ms;
};

struct pq_player {
    const struct pq_options *o;
    struct pq_map map;
    struct pq_server server;
    struct pq_reset reset;
    struct pq_links links;
    struct pq_judge judge;
    bool stale; /* a new server is needed for the next case */
    uint64_t cases;
    /* In this case: */
    size_t lines;     /* that were written */
    bool transaction; /* some connection reached that state */
    size_t login_lines;
};

/* Makes everything and starts the server. False after a line on stderr. */
bool pq_player_init(struct pq_player *p, const struct pq_options *o);
void pq_player_free(struct pq_player *p);
/* A server that is fit to be played to: a new one where the old is spent. False after a line on
 * stderr. */
bool pq_player_ready(struct pq_player *p);
/* Plays one input. */
struct pq_outcome pq_player_play(struct pq_player *p, struct pq_slice input);
const char *pq_came_text(enum pq_came came);

#endif
