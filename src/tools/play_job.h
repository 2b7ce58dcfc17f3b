/* SPDX-License-Identifier: Apache-2.0
 *
 * One run against a real target, from what was asked for to its outcome: files, target, wire,
 * recorder and player put together. Knows neither JSON nor options.
 */
#ifndef PQ_TOOLS_PLAY_JOB_H
#define PQ_TOOLS_PLAY_JOB_H

#include "tools/play_files.h"
#include "tools/play_targets.h"
#include "tools/play_watch.h"

#define PLAY_PATIENCE_MS 3000u /* without anything else said */
#define PLAY_PATIENCE_MAX_MS 600000u

/* What is to be played. Texts are borrowed until the run is over. */
struct play_job {
    const char *file;
    size_t row;
    struct pq_target_config target;
    enum pq_run_tls tls;
    const char *login; /* path of the prelude, or NULL */
    struct pq_run_vars vars;
    uint32_t patience_ms;
    struct pq_cut cut;
    uint64_t seed;
    bool ask_clock;
    bool record, record_secrets;
    struct pq_run_trace trace;
    struct pq_asker asker;
};

/* What stays between runs. Nothing of a run is in it. */
struct play_shop {
    struct play_files files;
    struct play_targets targets;
};

void play_shop_init(struct play_shop *s);
void play_shop_free(struct play_shop *s);

struct play_result {
    struct pq_outcome out;
    struct pq_mask mask;
    struct pq_bytes golden; /* with `record`: the run, from its case: on; else empty */
    char record_why[PQ_OUTCOME_TEXT_MAX]; /* why there is no record although one was asked for */
    struct play_findings findings;        /* of the referee */
    struct pq_dialogue what;              /* what `out` points into; lives as long as the shop's */
};

/* Plays the job. `*r` is filled in every case: what keeps a run from beginning is its outcome. Goes
 * to play_result_free() before the next run begins. */
void play_job_run(struct play_shop *s, const struct play_job *job, struct play_result *r);
void play_result_free(struct play_result *r);
/* Between two writes that shall arrive apart: long enough for the reader of an idle machine to wake
 * up. */
void play_gap(void);

#endif
