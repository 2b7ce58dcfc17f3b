/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_golden.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dialogue/player/replay.h"
#include "tools/file.h"

#define PATH_LEN_MAX 4096u
#define DIFF_MAX 65536u

/* ---- paths ----------------------------------------------------------------------------------- */

/* The length of the folder of `path`, its slash included; zero: the working folder. */
static size_t folder_len(struct pq_slice path)
{
    size_t len = path.len;
    while (len > 0 && path.at[len - 1] != '/')
        len--;
    return len;
}

enum pq_status play_golden_relative(const char *from, const char *target, struct pq_bytes *out)
{
    struct pq_slice base = pq_slice_text(from), path = pq_slice_text(target);
    bool alike = (from[0] == '/') == (target[0] == '/');
    base = pq_slice_first(base, folder_len(base));
    while (alike) {
        size_t len = pq_slice_index(base, '/') + 1;
        if (len > base.len || !pq_slice_starts(path, pq_slice_first(base, len)))
            break;
        base = pq_slice_after(base, len);
        path = pq_slice_after(path, len);
    }
    enum pq_status status = PQ_STATUS_OK;
    for (size_t i = 0; alike && i < base.len && status == PQ_STATUS_OK; i++)
        if (base.at[i] == '/')
            status = pq_bytes_put_text(out, "../");
    return status == PQ_STATUS_OK ? pq_bytes_put(out, path) : status;
}

/* `name`, relative to the folder of `path`, as a C string. */
static const char *beside(const char *path, struct pq_slice name, char *to)
{
    struct pq_slice base = pq_slice_text(path);
    size_t folder = name.len > 0 && name.at[0] == '/' ? 0 : folder_len(base);
    if (folder + name.len >= PATH_LEN_MAX || name.len == 0)
        return "";
    memcpy(to, path, folder);
    memcpy(to + folder, name.at, name.len);
    to[folder + name.len] = 0;
    return to;
}

/* ---- records --------------------------------------------------------------------------------- */

struct player {
    const char *path;
    FILE *to;
    struct play_golden_count *count;
    struct play_file *file;
    struct pq_dialogue login;
};

static void complain(const struct player *p, const struct pq_golden_run *run, const char *what)
{
    (void)fprintf(p->to, "%s:%u: %.*s: %s\n", p->path, run->at.line, (int)run->name.len,
                  (const char *)run->name.at, what);
}

static void judge(const struct player *p, const struct pq_golden_run *run,
                  const struct pq_outcome *out)
{
    struct pq_bytes diff;
    pq_bytes_init(&diff, pq_alloc_default(), DIFF_MAX);
    p->count->runs++;
    if (!pq_replay_agrees(run, out, &diff)) {
        p->count->different++;
        complain(p, run, "the judge does not come to the recorded outcome");
        (void)fprintf(p->to, "%.*s", (int)diff.len, diff.len > 0 ? (const char *)diff.at : "");
    }
    pq_bytes_free(&diff);
}

static void play_run(const struct player *p, const struct pq_golden_run *run,
                     struct pq_outcome *out)
{
    struct pq_dialogue what;
    struct pq_why why = {""};
    struct pq_mask mask;
    size_t row = 0;
    if (!play_file_row_named(p->file, run->name, &row) ||
        !play_file_row(p->file, row, &what, &why)) {
        p->count->unusable++;
        complain(p, run, why.text[0] ? why.text : "the dialogue has no such row");
        return;
    }
    pq_mask_init(&mask, pq_alloc_default());
    struct pq_replay replay = {run, what, p->login, pq_alloc_default()};
    const char *bad = pq_replay_play(&replay, &mask, out);
    if (!bad) {
        judge(p, run, out);
        pq_outcome_free(out);
    } else {
        p->count->unusable++;
        complain(p, run, "a variable has no usable value:");
        (void)fprintf(p->to, "  %s\n", bad);
    }
    pq_mask_free(&mask);
}

static void play_runs(struct player *p, const struct pq_golden *g, struct play_files *files)
{
    char dialogue[PATH_LEN_MAX], login[PATH_LEN_MAX];
    struct pq_why why = {""};
    p->file = play_files_open(files, beside(p->path, g->file, dialogue), &why);
    struct pq_outcome *out = malloc(sizeof(*out));
    bool ready = out && p->file &&
                 play_files_prelude(files, beside(p->path, g->login, login), &p->login, &why);
    if (!ready) {
        p->count->unusable++;
        (void)fprintf(p->to, "%s: %s\n", p->path, why.text);
    }
    for (const struct pq_golden_run *run = g->runs; ready && run; run = run->next)
        play_run(p, run, out);
    free(out);
}

static void print_problems(const struct player *p, const struct pq_golden *g)
{
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), DIFF_MAX);
    if (pq_dlg_problems_write(&g->problems, p->path, &text) == PQ_STATUS_OK)
        (void)fwrite(text.at, 1, text.len, p->to);
    pq_bytes_free(&text);
}

void play_golden_file(struct play_files *files, const char *path, FILE *to,
                      struct play_golden_count *count)
{
    struct player p = {.path = path, .to = to, .count = count};
    struct pq_bytes text;
    struct pq_golden g;
    pq_bytes_init(&text, pq_alloc_default(), PQ_GOLDEN_TEXT_MAX + 1);
    enum pq_status status = pq_file_read(path, &text);
    if (status != PQ_STATUS_OK) {
        count->unusable++;
        (void)fprintf(to, "%s: %s\n", path,
                      status == PQ_STATUS_FILE ? strerror(errno) : "longer than 8 MiB");
        pq_bytes_free(&text);
        return;
    }
    if (pq_golden_parse(&g, pq_bytes_slice(&text), pq_alloc_default()) == PQ_STATUS_OK) {
        play_runs(&p, &g, files);
    } else {
        count->unusable++;
        print_problems(&p, &g);
    }
    pq_golden_free(&g);
    pq_bytes_free(&text);
}
