/* SPDX-License-Identifier: Apache-2.0
 *
 * What fuzz targets share: taking an input apart, comparing what two runs gave, counting memory.
 */
#ifndef PQ_HARNESS_SUPPORT_H
#define PQ_HARNESS_SUPPORT_H

#include "harness/fuzz.h"

/* ---- taking an input apart ------------------------------------------------------------------- */

/* The first and the second write of octets that are delivered in the cut `cut`; `i` is 0 or 1. */
struct pq_slice fuzz_write(struct pq_slice octets, size_t cut, unsigned i);
/* Takes what is before the first CRLF, or all, off the front; leaves what is behind it. */
struct pq_slice fuzz_line(struct pq_slice *rest);
/* Whether every octet of `part` lies in `whole`; an empty one lies everywhere. */
bool fuzz_is_within(struct pq_slice part, struct pq_slice whole);

/* ---- what a run gave ------------------------------------------------------------------------- */

/* A digest of a series of octets, numbers and words, in memory that does not grow. Two runs that
 * gave the same have the same; the replayer's --trace shows where two that should differ. */
struct fuzz_log {
    const char *name; /* of the run, in a trace */
    uint64_t hash;
    uint8_t part[8]; /* octets of the stream that are not in `hash` yet, */
    unsigned fill;   /* and how many, below eight */
};
/* Whether logs are shown on standard error; set by the replayer, once, at its start. */
extern bool fuzz_trace;

struct fuzz_log fuzz_log_of(const char *name);
bool fuzz_log_is_same(const struct fuzz_log *a, const struct fuzz_log *b);
/* Octets of a stream: a cut through them does not show. */
void fuzz_log_octets(struct fuzz_log *log, struct pq_slice s);
void fuzz_log_number(struct fuzz_log *log, const char *what, uint64_t number);
/* Octets with a beginning and an end. */
void fuzz_log_slice(struct fuzz_log *log, const char *what, struct pq_slice s);

/* ---- memory ---------------------------------------------------------------------------------- */

/* An allocator that counts, and refuses the `fail_at`-th request, from one on; zero: none. More
 * than FUZZ_BLOCKS_MAX blocks at once break the invariant that memory is bounded. */
#define FUZZ_BLOCKS_MAX 64u

struct fuzz_memory {
    struct {
        void *at;
        size_t size;
    } blocks[FUZZ_BLOCKS_MAX];
    size_t count, held, peak; /* blocks and octets now, octets at most */
    size_t calls, fail_at;    /* requests so far, and which one is refused */
};

struct pq_alloc fuzz_alloc(struct fuzz_memory *m);

/* An allocator that refuses one request, and gives arenas each piece by itself, so that it can be
 * any of them. */
struct fuzz_refusal {
    size_t refused; /* which request, counted from one; zero: none */
    size_t calls;   /* requests so far */
    size_t live;    /* blocks that were not given back */
};

struct pq_alloc fuzz_alloc_refusing(struct fuzz_refusal *r);

#endif
