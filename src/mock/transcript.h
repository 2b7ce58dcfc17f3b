/* SPDX-License-Identifier: Apache-2.0
 *
 * What was said, as JSON lines: one object for each command, each stretch of answers, each event.
 *
 *     {"ms":12,"conn":1,"from":"client","tls":false,"octets":"USER tim"}
 *
 * `octets` holds printable ASCII; everything else is escaped as in dialogues (\r, \n, \xHH).
 * Secrets are masked (mask.h). An entry of more than PQ_MASK_MAX octets is cut and ends in "...".
 */
#ifndef PQ_MOCK_TRANSCRIPT_H
#define PQ_MOCK_TRANSCRIPT_H

#include "mock/store.h"
#include "popquiz/conn.h"

struct pq_transcript;

/* Appends to `file` (mode 0600), or to standard error for "-". NULL with a sentence in `*why`. */
struct pq_transcript *pq_transcript_open(const char *file, struct pq_why *why);
/* Accepts NULL. FILE: something could not be written. */
PQ_NODISCARD enum pq_status pq_transcript_close(struct pq_transcript *t);

/* Where an entry belongs. */
struct pq_transcript_at {
    uint64_t ms, conn;
    bool tls;
};

/* Each accepts a NULL transcript and then does nothing. */
void pq_transcript_command(struct pq_transcript *t, struct pq_transcript_at at,
                           const struct pq_event *e, const struct pq_store *store);
void pq_transcript_answer(struct pq_transcript *t, struct pq_transcript_at at,
                          struct pq_slice octets, const struct pq_store *store);
/* "connected", "closed", "TLS: ...". */
void pq_transcript_note(struct pq_transcript *t, struct pq_transcript_at at, const char *note);

#endif
