/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a line of JSON that --play and the side log have in common.
 */
#ifndef PQ_BRIDGE_FINDING_H
#define PQ_BRIDGE_FINDING_H

#include "harness/bridge/report.h"

/* "SEGV" for SIGSEGV; never NULL. */
const char *pq_signal_name(int number);
/* `signal`, `process` and `executable`, or null where nothing crashed or grew; `grew`: null where
 * nothing did. */
void pq_report_add_death(cJSON *to, const struct pq_player *p, const struct pq_outcome *out);
/* `rule`, `verb` and `state`; null where they do not apply, all of them without a violation. */
void pq_report_add_violation(cJSON *to, const struct pq_violation *v);
/* `report`: what the server said, where something was found. */
void pq_report_add_said(cJSON *to, const struct pq_player *p, const struct pq_outcome *out);

#endif
