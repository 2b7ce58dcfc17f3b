/* SPDX-License-Identifier: Apache-2.0
 *
 * What the bridge is started for.
 */
#ifndef PQ_BRIDGE_FUZZ_H
#define PQ_BRIDGE_FUZZ_H

#include "harness/bridge/report.h"

/* What AFL++ gives to the program of its -c, and to no other: the memory for compared values. */
#define PQ_AFL_COMPARES "__AFL_CMPLOG_SHM_ID"

/* Each returns the exit status. AFL++'s fork server; with nobody at the other end it plays stdin
 * once. */
int pq_fuzz(struct pq_player *p);
int pq_play_files(struct pq_player *p);
int pq_self_test(struct pq_player *p);

#endif
