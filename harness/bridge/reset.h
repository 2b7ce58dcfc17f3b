/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders that are put back to what they were: the maildrop above all. A pristine copy is read
 * once; what differs is found by its times, sizes and owners, so that a case which changes nothing
 * costs a look at each file.
 */
#ifndef PQ_BRIDGE_RESET_H
#define PQ_BRIDGE_RESET_H

#include "harness/bridge/options.h"
#include "popquiz/base.h"

#define PQ_RESET_FILES_MAX 4096u
#define PQ_RESET_OCTETS_MAX (64u << 20) /* of all files together */
#define PQ_RESET_DEPTH_MAX 8u

struct pq_reset {
    struct pq_reset_file *files; /* parents come before what they hold */
    size_t len;
    struct pq_arena memory;
    uint64_t restored; /* files that were put back so far */
    char why[256];
};

/* Reads the pristine copies. False: `why`. */
bool pq_reset_init(struct pq_reset *r, const struct pq_texts *pairs);
void pq_reset_free(struct pq_reset *r);
/* Puts everything back. False: `why`. */
bool pq_reset_do(struct pq_reset *r);
/* Whether a look finds nothing to put back, ever since the last pq_reset_do(). */
bool pq_reset_is_clean(struct pq_reset *r);

#endif
