/* SPDX-License-Identifier: Apache-2.0
 *
 * Player protocol 1 (src/dialogue/PROTOCOL.md): one JSON object a line, in both directions.
 */
#ifndef PQ_TOOLS_PLAY_SERVE_H
#define PQ_TOOLS_PLAY_SERVE_H

#include <stdio.h>

#include "popquiz/base.h"

#define PLAY_PROTOCOL 1

/* Serves until "quit" or the end of the input; false when output or memory fails. */
bool play_serve(int in, FILE *out);

#endif
