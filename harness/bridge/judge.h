/* SPDX-License-Identifier: Apache-2.0
 *
 * What a case means beyond edges and crashes: which rules of the referee the server has broken, and
 * in which states the session was. Both become cells of the map behind the edges, so that AFL++ can
 * tell such cases apart; they are bounded, and nothing grows with the length of a session.
 */
#ifndef PQ_BRIDGE_JUDGE_H
#define PQ_BRIDGE_JUDGE_H

#include "harness/bridge/links.h"
#include "popquiz/referee.h"

#define PQ_VIOLATIONS_MAX 8u /* kept of one case */
#define PQ_RULES_MAX 128u    /* that the referee may have */

struct pq_violation {
    const struct pq_referee_rule *rule;
    enum pq_verb verb;
    enum pq_state state;
    char why[PQ_REFEREE_WHY_MAX + 1];
};

struct pq_judge {
    const struct pq_options *o;
    struct pq_links *links;
    struct pq_map *map;
    bool on[PQ_RULES_MAX]; /* rules that count */
    bool judges;           /* some of them do */
    struct pq_referee referee;
    struct pq_violation violations[PQ_VIOLATIONS_MAX];
    size_t violations_len;
};

/* Reads which rules count. False after a line on stderr. */
bool pq_judge_init(struct pq_judge *j, struct pq_links *links, struct pq_map *map);
void pq_judge_begin(struct pq_judge *j);
/* An ear. */
void pq_judge_hear(void *ctx, unsigned conn, enum pq_heard what, struct pq_slice octets);
void pq_judge_end(struct pq_judge *j);

#endif
