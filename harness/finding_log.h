/* SPDX-License-Identifier: Apache-2.0
 *
 * What targets that have a referee share: logging its findings.
 */
#ifndef PQ_HARNESS_FINDING_LOG_H
#define PQ_HARNESS_FINDING_LOG_H

#include "harness/support.h"

#include "popquiz/referee.h"

/* For pq_referee_config, with a struct fuzz_log as its context; asserts the bounds of a finding. */
void fuzz_log_finding(void *ctx, const struct pq_finding *f);

#endif
