/* SPDX-License-Identifier: Apache-2.0
 *
 * What a runner asks of the explorer, read strictly.
 */
#ifndef PQ_TOOLS_EXPLORE_REQUEST_H
#define PQ_TOOLS_EXPLORE_REQUEST_H

#include "explore/drive.h"
#include "tools/json_strict.h"
#include "tools/play_job.h"

#define EXPLORE_TRIES 150u /* to shorten one finding, without anything else said */
#define EXPLORE_QUIET_MS 20u
#define EXPLORE_PACE_MAX_MS 3600000u
#define EXPLORE_SESSIONS_MAX (UINT64_C(1) << 40)

struct explore_request {
    cJSON *tree;         /* owned; the rest points into it */
    const cJSON *run;    /* what the runner calls it */
    struct play_job job; /* target, tls, vars, patience */
    struct pq_plan_config plan;
    enum pq_drive_login login;
    uint32_t quiet_ms;
    uint64_t first, stride,
        sessions;     /* session numbers first, first + stride, ... below sessions */
    uint64_t time_ms; /* no session begins later; 0: no limit */
    unsigned tries;
    uint64_t pace_ms; /* that a session takes at least, for each of its connections */
    bool reset;       /* the runner can restore the maildrop */
    char why[JSON_WHY_MAX];
};

/* Reads one line that asks for an exploration. False: `why` tells what is wrong.
 * explore_request_free() must follow in either case. */
bool explore_request_read(struct explore_request *q, struct pq_slice line);
void explore_request_free(struct explore_request *q);

#endif
