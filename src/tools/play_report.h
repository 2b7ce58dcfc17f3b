/* SPDX-License-Identifier: Apache-2.0
 *
 * Outcomes for people: one block for each run.
 */
#ifndef PQ_TOOLS_PLAY_REPORT_H
#define PQ_TOOLS_PLAY_REPORT_H

#include <stdio.h>

#include "tools/play_job.h"

/* Prints what became of the row `name` of `file`; unless it passed, also why and what was said. */
void play_report(FILE *to, const char *file, struct pq_slice name, const struct play_result *r);

#endif
