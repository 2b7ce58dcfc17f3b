/* SPDX-License-Identifier: Apache-2.0
 *
 * Outcomes as the JSON of player protocol 1.
 */
#ifndef PQ_TOOLS_PLAY_JSON_H
#define PQ_TOOLS_PLAY_JSON_H

#include <cjson/cJSON.h>

#include "tools/play_job.h"

/* The value of "case" without "run", or NULL: no memory. */
cJSON *play_json_case(const struct play_result *r);

#endif
