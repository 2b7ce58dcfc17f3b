/* SPDX-License-Identifier: Apache-2.0
 *
 * Trees back to text: the canonical spelling of a file. Formatting what was formatted changes
 * nothing. pq_dlg_expand() of dlg.h is written with it.
 */
#ifndef PQ_DIALOGUE_FORMAT_H
#define PQ_DIALOGUE_FORMAT_H

#include "dialogue/dlg.h"

/* The most that a file can become: each octet has at most four characters. */
#define PQ_DLG_FORMATTED_MAX ((size_t)5 * PQ_DLG_TEXT_MAX)

/* Appends the whole file, which was parsed without a problem. NO_MEMORY as pq_bytes_put(). */
PQ_NODISCARD enum pq_status pq_dlg_format(const struct pq_dlg *d, struct pq_bytes *out);
/* Appends one step or directive without indentation, comment and LF (of a block: its first line).
 */
PQ_NODISCARD enum pq_status pq_dlg_format_item(const struct pq_dlg_item *item,
                                               struct pq_bytes *out);

#endif
