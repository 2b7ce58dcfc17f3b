/* SPDX-License-Identifier: Apache-2.0
 *
 * What targets that run a conn share: logging its events, and checking that no event moves the
 * session except along the table.
 */
#ifndef PQ_HARNESS_CONN_LOG_H
#define PQ_HARNESS_CONN_LOG_H

#include "harness/support.h"

#include "popquiz/conn.h"

/* Content arrives in pieces of any length, of which only the series counts. */
void fuzz_log_event(struct fuzz_log *log, const struct pq_event *e);
/* Whether the event `e` may lead from `before` to `after`. */
void fuzz_check_move(const struct pq_session *before, const struct pq_event *e,
                     const struct pq_session *after);

#endif
