/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of faults; included by fault.c and faults_<category>.c only.
 */
#ifndef PQ_MOCK_FAULT_INTERNAL_H
#define PQ_MOCK_FAULT_INTERNAL_H

#include "mock/fault.h"

/* A fault has this many constants: none. */
#define NO_CONSTANT                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* name, category, what the server does wrong, how it is installed, its constants */
#define PQ_FAULT_LIST(X)                                                                           \
    X("retr-no-dot-stuffing", "framing", "RETR sends lines that begin with a dot unchanged",       \
      install_retr_no_dot_stuffing, WHICH, NO_CONSTANT)                                            \
    X("retr-deleted-ok", "state", "RETR still sends a message that is marked as deleted",          \
      install_retr_deleted_ok, NO_CONSTANT, NO_CONSTANT)                                           \
    X("stat-total-off-by-one", "counting", "the total of STAT is too large",                       \
      install_stat_total_off_by_one, NUMBER("octets", 1, 1000000, 1, 2, 7), NO_CONSTANT)

void install_retr_no_dot_stuffing(struct pq_behaviour *b);
void install_retr_deleted_ok(struct pq_behaviour *b);
void install_stat_total_off_by_one(struct pq_behaviour *b);

#endif
