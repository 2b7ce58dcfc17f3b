/* SPDX-License-Identifier: Apache-2.0
 *
 * Player protocol 1 (src/dialogue/PROTOCOL.md): one JSON object a line, in both directions.
 */
#ifndef PQ_TOOLS_PLAY_SERVE_H
#define PQ_TOOLS_PLAY_SERVE_H

#include <stdio.h>

#include "popquiz/base.h"

#define PLAY_PROTOCOL 1
/* Octets of a line of the runner: an answer to peek carries messages. */
#define PLAY_LINE_MAX (16u << 20)
/* How long the runner may take to answer an ask: it may have to restart a server. */
#define PLAY_ASK_MS (120u * 1000u)

/* Serves until "quit" or the end of the input; false when output or memory fails. */
bool play_serve(int in, FILE *out);

#endif
