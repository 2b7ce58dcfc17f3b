/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialogue/player/recorder.h"
#include "dialogue/player/replay.h"

#define RECORD_MAX ((size_t)2 * PQ_GOLDEN_TEXT_MAX)

void play_shop_init(struct play_shop *s)
{
    play_files_init(&s->files);
    play_targets_init(&s->targets);
}

void play_shop_free(struct play_shop *s)
{
    play_files_free(&s->files);
    play_targets_free(&s->targets);
}

/* ---- records --------------------------------------------------------------------------------- */

static void no_record(struct play_result *r, const char *why)
{
    pq_bytes_clear(&r->golden);
    (void)snprintf(r->record_why, sizeof(r->record_why), "%s", why);
}

/* Whether a replay of the record comes to the same: what the judge needs may be masked. */
static bool replays(const struct pq_run *run, struct play_result *r)
{
    struct pq_bytes text, diff;
    struct pq_golden golden;
    struct pq_mask mask;
    struct pq_outcome *again = malloc(sizeof(*again));
    bool same = false;
    pq_bytes_init(&text, run->alloc, RECORD_MAX);
    pq_bytes_init(&diff, run->alloc, PQ_OUTCOME_TEXT_MAX);
    pq_mask_init(&mask, run->alloc);
    if (pq_record_write_head(PQ_SLICE("x"), PQ_SLICE(""), &text) == PQ_STATUS_OK &&
        pq_bytes_put(&text, pq_bytes_slice(&r->golden)) == PQ_STATUS_OK && again) {
        bool read = pq_golden_parse(&golden, pq_bytes_slice(&text), run->alloc) == PQ_STATUS_OK;
        struct pq_replay replay = {golden.runs, run->what, run->login, run->alloc};
        if (read && !pq_replay_play(&replay, &mask, again)) {
            same = pq_replay_agrees(golden.runs, again, &diff);
            pq_outcome_free(again);
        }
        pq_golden_free(&golden);
    }
    pq_mask_free(&mask);
    pq_bytes_free(&diff);
    pq_bytes_free(&text);
    free(again);
    return same;
}

static void make_record(const struct play_job *job, const struct pq_run *run,
                        struct pq_recorder *recorder, struct play_result *r)
{
    struct pq_bytes name;
    pq_bytes_init(&name, run->alloc, PQ_DLG_TEXT_MAX);
    struct pq_record record = {
        .run = run,
        .out = &r->out,
        .events = pq_recorder_events(recorder),
        .with_secrets = job->record_secrets,
    };
    bool written = !recorder->lost && pq_dlg_row_name(run->what.dlg, 0, &name) == PQ_STATUS_OK;
    record.name = pq_bytes_slice(&name);
    written = written && pq_record_write(&record, &r->golden) == PQ_STATUS_OK;
    if (!written)
        no_record(r, "the run is too long to be recorded");
    else if (!replays(run, r))
        no_record(r, "the record does not replay to the same outcome; if the target proves that it "
                     "knows the password, record the secrets too, with an account for tests");
    pq_bytes_free(&name);
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* The outcome of a run that never began. */
static void not_begun(struct play_result *r, const struct pq_why *why)
{
    r->out.verdict = PQ_VERDICT_ERROR;
    r->out.section = PQ_DLG_MESSAGE;
    (void)snprintf(r->out.why, sizeof(r->out.why), "%s", why->text);
    pq_mask_text(&r->mask, r->out.why, sizeof(r->out.why));
}

void play_gap(void)
{
    const struct timespec pause = {.tv_nsec = 200L * 1000};
    (void)nanosleep(&pause, NULL);
}

static void play(const struct play_job *job, struct pq_run run, struct pq_target *target,
                 struct play_result *r)
{
    struct pq_wire_net net;
    struct pq_recorder recorder;
    struct play_watch watch;
    pq_wire_net_init(&net, target, NULL, job->asker, play_gap);
    struct pq_wire bare = pq_wire_net_wire(&net);
    play_watch_init(&watch, &bare, &r->mask, &r->findings, run.alloc);
    struct pq_wire wire = play_watch_wire(&watch);
    pq_recorder_init(&recorder, &wire, &r->mask, run.alloc);
    struct pq_wire recorded = pq_recorder_wire(&recorder);
    run.wire = job->record ? &recorded : &wire;
    pq_run_play(&run, &r->mask, &r->out);
    if (job->record)
        make_record(job, &run, &recorder, r);
    pq_recorder_free(&recorder);
    play_watch_free(&watch);
    pq_wire_net_free(&net);
}

static bool prepare(struct play_shop *s, const struct play_job *job, struct pq_run *run,
                    struct pq_target **target, struct pq_why *why)
{
    struct play_file *file = play_files_open(&s->files, job->file, why);
    if (!file || !play_file_row(file, job->row, &run->what, why) ||
        !play_files_prelude(&s->files, job->login ? job->login : "", &run->login, why))
        return false;
    *target = play_targets_find(&s->targets, &job->target, why);
    return *target != NULL;
}

void play_job_run(struct play_shop *s, const struct play_job *job, struct play_result *r)
{
    struct pq_why why = {""};
    struct pq_target *target = NULL;
    struct pq_run run = {
        .vars = job->vars,
        .tls = job->tls,
        .only_tls = job->tls == PQ_RUN_TLS_IMPLICIT && !job->target.tls_address,
        .patience_ms = job->patience_ms,
        .cut = job->cut,
        .seed = job->seed,
        .ask_clock = job->ask_clock,
        .trace = job->trace,
        .alloc = pq_alloc_default(),
    };
    memset(r, 0, sizeof(*r));
    pq_mask_init(&r->mask, run.alloc);
    pq_bytes_init(&r->golden, run.alloc, RECORD_MAX);
    if (prepare(s, job, &run, &target, &why)) {
        r->what = run.what;
        play(job, run, target, r);
    } else {
        pq_playlog_init(&r->out.transcript, &r->mask, run.alloc);
        not_begun(r, &why);
    }
}

void play_result_free(struct play_result *r)
{
    pq_outcome_free(&r->out);
    pq_mask_free(&r->mask);
    pq_bytes_free(&r->golden);
}
