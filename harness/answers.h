/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads what a mock server answers beside what it was asked, as somebody would who knows RFC 1939
 * and not the server: every line gets one answer, answers are what the maildrop of mock_world.h
 * calls for, and marks count only behind QUIT.
 */
#ifndef PQ_HARNESS_ANSWERS_H
#define PQ_HARNESS_ANSWERS_H

#include "harness/mock_world.h"

#include "popquiz/command.h"
#include "popquiz/reply.h"

struct answers {
    struct pq_slice asked; /* what was sent and not answered yet */
    unsigned leniency;     /* of the server */
    bool utf8_offered, lang_offered;
    bool greeted, exchange, logged_in, utf8, lang; /* exchange: a response is next */
    bool over;                                     /* QUIT was answered */
    bool marked[WORLD_MESSAGES];
    bool in_body;
    const struct pq_slice *retrieved; /* what the body must hold; NULL: it is not compared */
    struct fuzz_log content;          /* of the body */
    uint8_t line[512];                /* RFC 2449 section 4: no line of ours is longer */
    size_t len;
};

/* `asked` is all that the client sends. */
struct answers answers_of(struct pq_slice asked, const struct pq_mock_config *config);
/* Takes octets of the server, in any cut. */
void answers_take(struct answers *a, struct pq_slice octets);
/* Everything was sent: nothing may be without an answer, unless the session `ended`. */
void answers_check_end(const struct answers *a, bool ended);
/* What is gone from the store is what was marked when QUIT was answered, in one account at most. */
void answers_check_store(const struct answers *a, const struct pq_store *store);

#endif
