/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON lines between a program and its runner, as player protocol 1 has them
 * (src/dialogue/PROTOCOL.md): reading, telling, and asking what only the runner can do.
 */
#ifndef PQ_TOOLS_PLAY_LINES_H
#define PQ_TOOLS_PLAY_LINES_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "dialogue/player/wire.h"

/* Octets of a line of the runner: an answer to peek carries messages. */
#define PLAY_LINE_MAX (16u << 20)
/* How long the runner may take to answer an ask: it may have to restart a server. */
#define PLAY_ASK_MS (120u * 1000u)

struct play_lines {
    int in;
    FILE *out;
    struct pq_bytes held; /* octets of lines that are not yet taken */
    size_t line_len;      /* of the line that was given out, with its LF */
    bool skips;           /* the rest of a line that is too long is passed over */
    bool gone;            /* the runner closed its side, or cannot be written to */
};

void play_lines_init(struct play_lines *s, int in, FILE *out);
void play_lines_free(struct play_lines *s);

enum play_input { PLAY_INPUT_LINE, PLAY_INPUT_TOO_LONG, PLAY_INPUT_END, PLAY_INPUT_LATE };

/* The next line, without its LF; valid until the next call. */
enum play_input play_lines_next(struct play_lines *s, uint64_t deadline, struct pq_slice *line);
/* Writes {"KEY": VALUE} as a line; takes over `value`. */
void play_lines_tell(struct play_lines *s, const char *key, cJSON *value);
/* Tells what is wrong with a line; `run` may be NULL. */
void play_lines_error(struct play_lines *s, const cJSON *run, const char *why);
/* Asks the runner, whose next line must be the answer. `lines` is a struct play_lines. */
void play_lines_ask(void *lines, const struct pq_ask *ask, struct pq_answer *answer);

/* A string made of octets that hold no NUL; NULL: no memory. */
cJSON *play_lines_text(struct pq_slice s);

#endif
