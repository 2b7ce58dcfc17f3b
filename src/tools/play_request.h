/* SPDX-License-Identifier: Apache-2.0
 *
 * What a runner sends, read strictly: every key is known, has its type, and stands once.
 */
#ifndef PQ_TOOLS_PLAY_REQUEST_H
#define PQ_TOOLS_PLAY_REQUEST_H

#include "tools/json_strict.h"
#include "tools/play_job.h"

enum play_request_kind {
    PLAY_REQUEST_BAD, /* `why` tells what is wrong */
    PLAY_REQUEST_RUN,
    PLAY_REQUEST_ANSWER,
    PLAY_REQUEST_QUIT,
};

struct play_request {
    enum play_request_kind kind;
    cJSON *tree;         /* owned; the job points into it */
    const cJSON *run;    /* of RUN, and of BAD when it could be read: what the runner calls it */
    const cJSON *answer; /* of ANSWER */
    struct play_job job; /* of RUN */
    bool trace;
    char why[JSON_WHY_MAX];
};

/* Reads one line. play_request_free() must follow. */
void play_request_read(struct play_request *r, struct pq_slice line);
void play_request_free(struct play_request *r);

/* Read the values of "target" and "vars" into the job. False, with the reason in `why`, which has
 * room for JSON_WHY_MAX octets. An absent `vars` is NULL. */
bool play_request_target(const cJSON *o, struct play_job *job, char *why);
bool play_request_vars(const cJSON *o, struct play_job *job, char *why);
/* Reads how writes are cut, a key of `object`; NULL: they are not. */
bool play_request_segment(const cJSON *word, struct play_job *job, const char *object, char *why);
/* Reads the value of "answer" into `*answer`, whose arena is set; what is wrong makes it FAILED. */
void play_request_answer(const cJSON *value, const struct pq_ask *ask, struct pq_answer *answer);

#endif
