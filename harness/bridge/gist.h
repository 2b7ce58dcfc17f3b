/* SPDX-License-Identifier: Apache-2.0
 *
 * The gist of a session that is played in lockstep: which verb was said last, and whether the
 * server has let us in. It takes servers at their word, which the session of the core does not:
 * one that accepts PASS where it must not has a session in TRANSACTION all the same.
 */
#ifndef PQ_BRIDGE_GIST_H
#define PQ_BRIDGE_GIST_H

#include "popquiz/session.h"
#include "popquiz/verb.h"

enum pq_gist_reply { PQ_GIST_OK, PQ_GIST_ERR, PQ_GIST_MORE, PQ_GIST_OTHER, PQ_GIST_NONE };

struct pq_gist {
    enum pq_state state;    /* AUTHORIZATION, USER, TRANSACTION or UPDATE */
    enum pq_state asked_in; /* when the last line was sent */
    enum pq_verb verb;      /* of the last line; of a SASL exchange AUTH */
    unsigned words;         /* behind it */
    bool asked;             /* it has no reply yet */
    bool whole;             /* it ended in LF: a reply is due */
    bool got_in;            /* it was in TRANSACTION at some time */
    bool sasl;              /* lines are responses */
};

void pq_gist_init(struct pq_gist *g);
/* A line was sent, or a part of one. */
void pq_gist_on_line(struct pq_gist *g, struct pq_slice line);
/* Octets came; the first after a line are its reply. Returns of which class it is, NONE when it is
 * no reply but the rest of one. */
enum pq_gist_reply pq_gist_on_reply(struct pq_gist *g, struct pq_slice octets);

#endif
