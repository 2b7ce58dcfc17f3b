/* SPDX-License-Identifier: Apache-2.0
 *
 * Dialogues from disk for the player: read once, as long as they do not change, and expanded to the
 * row of the matrix that is played.
 */
#ifndef PQ_TOOLS_PLAY_FILES_H
#define PQ_TOOLS_PLAY_FILES_H

#include <sys/types.h>
#include <time.h>

#include "dialogue/player/run.h"
#include "net/why.h"

/* Files that are kept; the one that was used longest ago gives way. A run needs two. */
#define PLAY_FILES_MAX 64u

struct play_file {
    char *path; /* NULL: the place is free */
    struct timespec changed;
    off_t size;
    uint64_t used;
    struct pq_bytes text;
    struct pq_dlg dlg;
    /* The row that was played last, as a file of its own; not for a file without a matrix. */
    size_t row;
    bool has_row;
    struct pq_bytes row_text;
    struct pq_dlg row_dlg;
};

struct play_files {
    struct play_file each[PLAY_FILES_MAX];
    uint64_t ticks;
};

void play_files_init(struct play_files *f);
void play_files_free(struct play_files *f);

/* The file, or NULL with one line in `*why`: it cannot be read, or where it is wrong. Lives until
 * PLAY_FILES_MAX - 1 others were opened, or it changes on disk. */
struct play_file *play_files_open(struct play_files *f, const char *path, struct pq_why *why);
/* The same for a prelude; an empty path is the one that is built in. */
bool play_files_prelude(struct play_files *f, const char *path, struct pq_dialogue *out,
                        struct pq_why *why);

/* A row as the player wants it, its lines where they are in the file; lives until another row of
 * the file is asked for. */
bool play_file_row(struct play_file *file, size_t row, struct pq_dialogue *out, struct pq_why *why);
/* Finds the row of that name. */
bool play_file_row_named(const struct play_file *file, struct pq_slice name, size_t *row);

#endif
