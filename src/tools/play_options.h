/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of popquiz-play.
 */
#ifndef PQ_TOOLS_PLAY_OPTIONS_H
#define PQ_TOOLS_PLAY_OPTIONS_H

#include "tools/play_job.h"

enum play_action {
    PLAY_RUN,    /* play the files against the target */
    PLAY_SERVE,  /* speak player protocol 1 */
    PLAY_GOLDEN, /* play the files, which are golden records */
    PLAY_DONE,   /* a text was asked for and printed */
    PLAY_USAGE,  /* `*why` tells what is wrong */
};

struct play_options {
    enum play_action action;
    struct play_job job; /* without file and row; its texts are the command line's */
    const char *row;     /* play only the row of this name; NULL: all */
    bool json;
    bool destroy; /* cases that remove mail may run */
    char **files;
    size_t files_count;
    struct pq_bytes pw, pw2; /* what was read from files; the job points into them */
};

/* Reads the command line. play_options_free() must follow. */
enum play_action play_options_read(struct play_options *o, int argc, char **argv,
                                   struct pq_why *why);
void play_options_free(struct play_options *o);

#endif
