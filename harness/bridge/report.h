/* SPDX-License-Identifier: Apache-2.0
 *
 * What came of cases, as lines of JSON: what --play prints, and the side log.
 */
#ifndef PQ_BRIDGE_REPORT_H
#define PQ_BRIDGE_REPORT_H

#include <cjson/cJSON.h>

#include "harness/bridge/play.h"

#define PQ_TRANSCRIPT_MAX (1u << 20) /* octets of a transcript; what comes later is left out */
#define PQ_FINDINGS_MAX 10000u       /* lines of a side log */

/* ---- transcript ------------------------------------------------------------------------------ */

struct pq_transcript {
    cJSON *lines;
    size_t octets;
};

void pq_transcript_begin(struct pq_transcript *t);
/* An ear. */
void pq_transcript_hear(void *ctx, unsigned conn, enum pq_heard what, struct pq_slice octets);

/* ---- --play ---------------------------------------------------------------------------------- */

/* Prints the line of one file and forgets the transcript. */
void pq_report_print(struct pq_player *p, const char *file, const struct pq_outcome *out,
                     struct pq_transcript *t);

/* ---- the side log ---------------------------------------------------------------------------- */

struct pq_side_log {
    const char *folder;  /* NULL: nothing is written */
    uint64_t seen[1024]; /* what findings were of, as hashes; the oldest make room */
    size_t seen_len;
    uint64_t findings;
    uint64_t cases, transaction, came[PQ_CAME_KILLED + 1];
    uint64_t begun_ms, written_ms;
};

/* Makes the folder. False after a line on stderr. */
bool pq_side_log_open(struct pq_side_log *l, const char *folder);
/* Counts a case, and notes what was found, if it is new. */
void pq_side_log_note(struct pq_side_log *l, struct pq_player *p, const struct pq_outcome *out,
                      struct pq_slice input);
/* Notes what was found of no case of the fuzzer's. */
void pq_side_log_find(struct pq_side_log *l, struct pq_player *p, const struct pq_outcome *out,
                      struct pq_slice input);
/* Writes the figures. */
void pq_side_log_close(struct pq_side_log *l, const struct pq_player *p);

#endif
