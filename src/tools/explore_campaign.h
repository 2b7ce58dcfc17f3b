/* SPDX-License-Identifier: Apache-2.0
 *
 * An exploration from its first session to its last: plays, keeps what is new, shortens it, and
 * tells the runner. src/explore/PROTOCOL.md has what is told.
 */
#ifndef PQ_TOOLS_EXPLORE_CAMPAIGN_H
#define PQ_TOOLS_EXPLORE_CAMPAIGN_H

#include "tools/explore_request.h"
#include "tools/play_lines.h"

/* Findings that are told apart; more are only counted. */
#define EXPLORE_FINDINGS_MAX 200u

/* Returns when the sessions or the time are used up, the server is gone, or the runner is. */
void explore_campaign(const struct explore_request *q, struct pq_target *target,
                      struct play_lines *lines);

#endif
