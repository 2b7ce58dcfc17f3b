/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden records from disk, played through the judge.
 */
#ifndef PQ_TOOLS_PLAY_GOLDEN_H
#define PQ_TOOLS_PLAY_GOLDEN_H

#include <stdio.h>

#include "tools/play_files.h"

struct play_golden_count {
    size_t runs;      /* that were played */
    size_t different; /* whose outcome is not the recorded one */
    size_t unusable;  /* records, dialogues and rows that cannot be played */
};

/* Plays every run of the record at `path`; tells of each difference on `to`. */
void play_golden_file(struct play_files *files, const char *path, FILE *to,
                      struct play_golden_count *count);

/* Appends the path of `target` as seen from the folder of `from`; both are relative to one place,
 * or both absolute, else it is `target` itself. */
PQ_NODISCARD enum pq_status play_golden_relative(const char *from, const char *target,
                                                 struct pq_bytes *out);

#endif
