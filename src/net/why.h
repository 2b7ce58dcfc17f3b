/* SPDX-License-Identifier: Apache-2.0
 *
 * The sentence that goes with a status: what is wrong, where, and what to do about it.
 */
#ifndef PQ_NET_WHY_H
#define PQ_NET_WHY_H

#include "popquiz/base.h"

#if defined(__GNUC__)
#define PQ_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define PQ_PRINTF(text, first)
#endif

/* The longest sentence, its NUL included; ours are shorter, but host names and paths are not. */
#define PQ_WHY_MAX 512u

/* One line of printable ASCII without a final stop; "" when nothing is wrong. */
struct pq_why {
    char text[PQ_WHY_MAX];
};

/* Replaces the sentence (as printf does it; cut to what fits, every octet that is not printable
 * ASCII becomes "?") and returns `status`, so that a caller can fail in one line. `why` may be
 * NULL. */
enum pq_status pq_why_fail(struct pq_why *why, enum pq_status status, const char *format, ...)
    PQ_PRINTF(3, 4);
/* The same with the text of an errno value behind it: "SENTENCE: Connection refused". */
enum pq_status pq_why_errno(struct pq_why *why, enum pq_status status, int error,
                            const char *format, ...) PQ_PRINTF(4, 5);

#endif
