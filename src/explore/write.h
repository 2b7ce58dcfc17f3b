/* SPDX-License-Identifier: Apache-2.0
 *
 * A plan as a dialogue that shows its finding: what led there is [given], as it went; what shows it
 * is [test], which demands that each command gets one whole answer and that nobody else speaks.
 * What the octets of an answer mean is judged by the referee of whoever plays it.
 */
#ifndef PQ_EXPLORE_WRITE_H
#define PQ_EXPLORE_WRITE_H

#include "explore/drive.h"

struct pq_plan_text {
    const char *id; /* of the dialogue: letters, digits, "-", "_", "." */
    const struct pq_plan *plan;
    const struct pq_drive_result *result; /* of playing it */
    const struct pq_drive_finding *finding;
    enum pq_drive_login login;
    struct pq_cut cut;
};

/* Appends the file in its canonical form. NO_MEMORY as pq_bytes_put(). */
PQ_NODISCARD enum pq_status pq_plan_write(const struct pq_plan_text *text, struct pq_bytes *out,
                                          struct pq_alloc alloc);

#endif
