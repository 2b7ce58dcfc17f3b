/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets that were used before: resolved, and with their TLS contexts, as long as their
 * description and its files do not change.
 */
#ifndef PQ_TOOLS_PLAY_TARGETS_H
#define PQ_TOOLS_PLAY_TARGETS_H

#include <sys/types.h>
#include <time.h>

#include "dialogue/player/wire_net.h"

#define PLAY_TARGETS_MAX 4u  /* that are kept */
#define PLAY_TARGET_TEXTS 7u /* of a description, the last three of which name files */
#define PLAY_TARGET_FILES 3u

struct play_targets {
    struct play_target {
        bool used, verify;
        char *texts[PLAY_TARGET_TEXTS]; /* owned; an absent one is empty */
        struct play_target_stamp {
            struct timespec changed;
            off_t size;
        } stamps[PLAY_TARGET_FILES];
        struct pq_target target;
    } each[PLAY_TARGETS_MAX];
    size_t next; /* that gives way when all are used */
};

void play_targets_init(struct play_targets *t);
void play_targets_free(struct play_targets *t);
/* The target of that description, or NULL with the reason in `*why`. Lives until
 * PLAY_TARGETS_MAX - 1 others were asked for. */
struct pq_target *play_targets_find(struct play_targets *t, const struct pq_target_config *config,
                                    struct pq_why *why);

#endif
