/* SPDX-License-Identifier: Apache-2.0
 * popquiz-play: plays dialogue files against a server, or golden records against the judge. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/play_golden.h"
#include "tools/play_json.h"
#include "tools/play_options.h"
#include "tools/play_report.h"
#include "tools/play_serve.h"

#include "dialogue/player/replay.h"

enum exit_code { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

static enum exit_code complain(const char *why)
{
    (void)fprintf(stderr, "popquiz-play: %s\n", why);
    return EXIT_USAGE;
}

/* ---- golden records -------------------------------------------------------------------------- */

static enum exit_code run_golden(const struct play_options *o)
{
    static struct play_files files;
    struct play_golden_count count = {.runs = 0};
    play_files_init(&files);
    for (size_t i = 0; i < o->files_count; i++)
        play_golden_file(&files, o->files[i], stdout, &count);
    play_files_free(&files);
    (void)printf("%zu runs, %zu differ, %zu cannot be played\n", count.runs, count.different,
                 count.unusable);
    return count.different + count.unusable > 0 ? EXIT_FAILED : EXIT_GOOD;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static bool needs(const struct pq_dlg *d, const char *need)
{
    for (const struct pq_dlg_word *word = d->needs; word; word = word->next)
        if (pq_slice_equal(word->text, pq_slice_text(need)))
            return true;
    return false;
}

/* A case that removes mail is not played unless the person said so. */
static void refuse(struct play_result *r)
{
    memset(r, 0, sizeof(*r));
    pq_mask_init(&r->mask, pq_alloc_default());
    pq_bytes_init(&r->golden, pq_alloc_default(), 1);
    pq_playlog_init(&r->out.transcript, &r->mask, pq_alloc_default());
    r->out.verdict = PQ_VERDICT_SKIP;
    r->out.skip = PQ_SKIP_UNSAFE;
    r->out.section = PQ_DLG_MESSAGE;
    (void)snprintf(r->out.why, sizeof(r->out.why), "%s",
                   "the case removes mail; give --yes-destroy if it may");
}

static void print_json(const char *file, struct pq_slice name, const struct play_result *r)
{
    char row[PQ_OUTCOME_TEXT_MAX];
    cJSON *line = cJSON_CreateObject();
    cJSON *o = play_json_case(r);
    (void)snprintf(row, sizeof(row), "%.*s", (int)name.len, (const char *)name.at);
    cJSON_AddStringToObject(o, "file", file);
    cJSON_AddStringToObject(o, "row", row);
    cJSON_AddItemToObject(line, "case", o);
    char *text = cJSON_PrintUnformatted(line);
    (void)printf("%s\n", text ? text : "");
    cJSON_free(text);
    cJSON_Delete(line);
}

static enum exit_code code_of(const struct play_result *r)
{
    if (r->out.peer_gone && r->out.connects == 1)
        return EXIT_UNREACHABLE;
    bool good = r->out.verdict < PQ_VERDICT_INCONCLUSIVE && !r->record_why[0];
    return good ? EXIT_GOOD : EXIT_FAILED;
}

static void print(const struct pq_bytes *text)
{
    if (text->len > 0)
        (void)fwrite(text->at, 1, text->len, stdout);
}

static enum exit_code run_row(const struct play_options *o, struct play_shop *shop,
                              const struct pq_dlg *dlg, const struct play_job *job)
{
    static struct play_result r;
    struct pq_bytes name;
    pq_bytes_init(&name, pq_alloc_default(), PQ_DLG_TEXT_MAX);
    if (pq_dlg_row_name(dlg, job->row, &name) != PQ_STATUS_OK)
        return complain("no memory");
    bool wanted = !o->row || pq_slice_equal(pq_slice_text(o->row), pq_bytes_slice(&name));
    enum exit_code code = EXIT_GOOD;
    if (wanted) {
        if (needs(dlg, "destructive") && !o->destroy)
            refuse(&r);
        else
            play_job_run(shop, job, &r);
        code = code_of(&r);
        if (o->json)
            print_json(job->file, pq_bytes_slice(&name), &r);
        else
            play_report(o->job.record ? stderr : stdout, job->file, pq_bytes_slice(&name), &r);
        print(&r.golden);
        play_result_free(&r);
    }
    pq_bytes_free(&name);
    return code;
}

/* The first lines of the record that --record writes. */
static void print_head(const struct play_job *job)
{
    struct pq_bytes head, file, login;
    pq_bytes_init(&head, pq_alloc_default(), PQ_DLG_TEXT_MAX);
    pq_bytes_init(&file, pq_alloc_default(), PQ_DLG_TEXT_MAX);
    pq_bytes_init(&login, pq_alloc_default(), PQ_DLG_TEXT_MAX);
    if (play_golden_relative(job->file, job->file, &file) == PQ_STATUS_OK &&
        (!job->login || play_golden_relative(job->file, job->login, &login) == PQ_STATUS_OK) &&
        pq_record_write_head(pq_bytes_slice(&file), pq_bytes_slice(&login), &head) == PQ_STATUS_OK)
        print(&head);
    pq_bytes_free(&head);
    pq_bytes_free(&file);
    pq_bytes_free(&login);
}

static enum exit_code run_file(const struct play_options *o, struct play_shop *shop,
                               const char *path)
{
    struct pq_why why = {""};
    struct play_job job = o->job;
    job.file = path;
    struct play_file *file = play_files_open(&shop->files, path, &why);
    size_t only = 0;
    if (!file)
        return complain(why.text);
    if (o->row && o->files_count == 1 && !play_file_row_named(file, pq_slice_text(o->row), &only))
        return complain("the file has no row of the name that --row gives");
    if (o->job.record)
        print_head(&job);
    enum exit_code worst = EXIT_GOOD;
    for (job.row = 0; job.row < file->dlg.rows && worst != EXIT_UNREACHABLE; job.row++) {
        enum exit_code code = run_row(o, shop, &file->dlg, &job);
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* What keeps every run from beginning is told once, before the first. */
static enum exit_code check_target(const struct play_options *o, struct play_shop *shop)
{
    struct pq_why why = {""};
    struct pq_dialogue login;
    if (!play_targets_find(&shop->targets, &o->job.target, &why) ||
        !play_files_prelude(&shop->files, o->job.login ? o->job.login : "", &login, &why))
        return complain(why.text);
    return EXIT_GOOD;
}

static enum exit_code run_files(const struct play_options *o)
{
    static struct play_shop shop;
    play_shop_init(&shop);
    enum exit_code worst = check_target(o, &shop);
    for (size_t i = 0; i < o->files_count && worst < EXIT_USAGE; i++) {
        enum exit_code code = run_file(o, &shop, o->files[i]);
        worst = code > worst ? code : worst;
    }
    play_shop_free(&shop);
    return worst;
}

static enum exit_code run(struct play_options *o, enum play_action action)
{
    switch (action) {
    case PLAY_RUN:
        return run_files(o);
    case PLAY_GOLDEN:
        return run_golden(o);
    case PLAY_SERVE:
        return play_serve(STDIN_FILENO, stdout) ? EXIT_GOOD : EXIT_FAILED;
    case PLAY_DONE:
    case PLAY_USAGE:
        break;
    }
    return EXIT_GOOD;
}

int main(int argc, char **argv)
{
    static struct play_options options;
    struct pq_why why = {""};
    /* A runner that is gone is seen when it is written to. */
    (void)signal(SIGPIPE, SIG_IGN);
    enum play_action action = play_options_read(&options, argc, argv, &why);
    enum exit_code code = action == PLAY_USAGE ? complain(why.text) : run(&options, action);
    play_options_free(&options);
    return (int)code;
}
