/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/finding_log.h"

#include <string.h>

#include "harness/fuzz.h"

void fuzz_log_finding(void *ctx, const struct pq_finding *f)
{
    struct fuzz_log *log = ctx;
    FUZZ_ASSERT(f->excerpt.len <= PQ_REFEREE_EXCERPT_MAX);
    FUZZ_ASSERT(f->why && strlen(f->why) > 0 && strlen(f->why) < PQ_REFEREE_WHY_MAX);
    fuzz_log_slice(log, f->rule->id, f->excerpt);
    fuzz_log_number(log, f->why, f->offset);
    fuzz_log_number(log, "connection", f->conn);
    fuzz_log_number(log, "follows", f->follows);
}
