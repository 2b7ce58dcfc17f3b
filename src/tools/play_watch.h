/* SPDX-License-Identifier: Apache-2.0
 *
 * A wire with a referee beside it: everything that passes is judged, whatever the dialogue looks
 * at. Findings are kept as texts of which one can be shown: escaped and masked.
 */
#ifndef PQ_TOOLS_PLAY_WATCH_H
#define PQ_TOOLS_PLAY_WATCH_H

#include <cjson/cJSON.h>

#include "dialogue/player/mask.h"
#include "dialogue/player/wire.h"

#include "popquiz/referee.h"

#define PLAY_FINDINGS_MAX 50u /* kept of a run */
#define PLAY_EXCERPT_MAX (4u * PQ_REFEREE_EXCERPT_MAX + 1u)

struct play_finding {
    const struct pq_referee_rule *rule;
    unsigned conn;
    enum pq_side from;
    enum pq_verb verb;
    enum pq_state state;
    bool follows;
    uint64_t offset, ms;
    char excerpt[PLAY_EXCERPT_MAX]; /* with the escapes of dialogue strings */
    char why[PQ_REFEREE_WHY_MAX];
};

struct play_findings {
    struct play_finding each[PLAY_FINDINGS_MAX];
    size_t count;   /* kept */
    uint64_t total; /* found */
};

struct play_watch {
    const struct pq_wire *inner;
    const struct pq_mask *mask; /* or NULL */
    struct play_findings *findings;
    struct pq_referee referee;
    uint64_t start_ms;
    bool implicit[PQ_WIRE_CONNS]; /* TLS begins at once and has not begun */
};

/* All is borrowed until play_watch_free(). */
void play_watch_init(struct play_watch *w, const struct pq_wire *inner, const struct pq_mask *mask,
                     struct play_findings *findings, struct pq_alloc alloc);
struct pq_wire play_watch_wire(struct play_watch *w);
void play_watch_free(struct play_watch *w);

/* Appends a finding to the list, unless it is full. */
void play_findings_add(struct play_findings *list, const struct pq_finding *f,
                       const struct pq_mask *mask, uint64_t start_ms);

/* A finding as PROTOCOL.md has it; NULL: no memory. */
cJSON *play_findings_json(const struct play_finding *f);

#endif
