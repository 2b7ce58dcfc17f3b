/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole files in and out, with a limit, for command line programs.
 */
#ifndef PQ_TOOLS_FILE_H
#define PQ_TOOLS_FILE_H

#include "popquiz/base.h"

/* Appends the file (of "-": standard input) to `out`. FILE: it cannot be read; errno tells why.
 * NO_MEMORY: it does not fit into `out`. */
PQ_NODISCARD enum pq_status pq_file_read(const char *path, struct pq_bytes *out);
/* Replaces the file as a whole, so that no reader ever sees half of it; keeps its permissions.
 * FILE: errno tells why, and the old file is as it was. */
PQ_NODISCARD enum pq_status pq_file_replace(const char *path, struct pq_slice content);

#endif
