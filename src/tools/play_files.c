/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "dialogue/format.h"
#include "tools/default_login.h"
#include "tools/file.h"

void play_files_init(struct play_files *f)
{
    memset(f, 0, sizeof(*f));
}

static void *resize(void *old, size_t size)
{
    struct pq_alloc alloc = pq_alloc_default();
    return alloc.resize(alloc.ctx, old, size);
}

static void forget_row(struct play_file *file)
{
    if (file->has_row)
        pq_dlg_free(&file->row_dlg);
    pq_bytes_free(&file->row_text);
    file->has_row = false;
}

static void forget(struct play_file *file)
{
    if (!file->path)
        return;
    forget_row(file);
    pq_dlg_free(&file->dlg);
    pq_bytes_free(&file->text);
    resize(file->path, 0);
    file->path = NULL;
}

void play_files_free(struct play_files *f)
{
    for (size_t i = 0; i < PLAY_FILES_MAX; i++)
        forget(&f->each[i]);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The first problem as one line. */
static bool bad_dialogue(const struct pq_dlg_problems *p, const char *path, struct pq_why *why)
{
    (void)pq_why_fail(why, PQ_STATUS_SYNTAX, "%s:%u:%u: %s", path, p->at[0].at.line,
                      p->at[0].at.column, p->at[0].text);
    return false;
}

static bool parse(struct pq_dlg *d, struct pq_slice text, const char *path, struct pq_why *why)
{
    enum pq_status status = pq_dlg_parse(d, text, pq_alloc_default());
    if (status == PQ_STATUS_OK)
        return true;
    if (status == PQ_STATUS_SYNTAX)
        return bad_dialogue(&d->problems, path, why);
    (void)pq_why_fail(why, status, "%s: %s", path, pq_status_text(status));
    return false;
}

/* Fills a free place. */
static bool fill(struct play_file *file, const char *path, const struct stat *now,
                 struct pq_why *why)
{
    struct pq_slice name = pq_slice_text(path);
    *file = (struct play_file){.changed = now->st_mtim, .size = now->st_size};
    pq_bytes_init(&file->text, pq_alloc_default(), PQ_DLG_TEXT_MAX + 1);
    pq_bytes_init(&file->row_text, pq_alloc_default(), (size_t)PQ_DLG_FORMATTED_MAX);
    file->path = resize(NULL, name.len + 1);
    if (!file->path)
        return false;
    memcpy(file->path, path, name.len + 1);
    /* One octet more than the parser takes: it is the parser that says so. */
    enum pq_status status = pq_file_read(path, &file->text);
    if (status == PQ_STATUS_FILE)
        (void)pq_why_errno(why, status, errno, "%s", path);
    else if (status == PQ_STATUS_NO_MEMORY)
        (void)pq_why_fail(why, status, "%s: longer than a dialogue can be, which is 1 MiB", path);
    bool good = status == PQ_STATUS_OK && parse(&file->dlg, pq_bytes_slice(&file->text), path, why);
    if (!good)
        forget(file);
    return good;
}

static bool is_current(const struct play_file *file, const struct stat *now)
{
    return file->size == now->st_size && file->changed.tv_sec == now->st_mtim.tv_sec &&
           file->changed.tv_nsec == now->st_mtim.tv_nsec;
}

/* The place of that path, or else the one to use for it. */
static struct play_file *place_for(struct play_files *f, const char *path)
{
    struct play_file *oldest = &f->each[0];
    for (size_t i = 0; i < PLAY_FILES_MAX; i++) {
        struct play_file *file = &f->each[i];
        if (file->path && strcmp(file->path, path) == 0)
            return file;
        if (!file->path ? oldest->path != NULL : oldest->path && file->used < oldest->used)
            oldest = file;
    }
    return oldest;
}

struct play_file *play_files_open(struct play_files *f, const char *path, struct pq_why *why)
{
    struct stat now;
    if (stat(path, &now) != 0) {
        (void)pq_why_errno(why, PQ_STATUS_FILE, errno, "%s", path);
        return NULL;
    }
    struct play_file *file = place_for(f, path);
    bool kept = file->path && strcmp(file->path, path) == 0 && is_current(file, &now);
    if (!kept) {
        forget(file);
        if (!fill(file, path, &now, why))
            return NULL;
    }
    file->used = ++f->ticks;
    return file;
}

/* ---- rows ------------------------------------------------------------------------------------ */

bool play_file_row(struct play_file *file, size_t row, struct pq_dialogue *out, struct pq_why *why)
{
    if (row >= file->dlg.rows) {
        (void)pq_why_fail(why, PQ_STATUS_SYNTAX, "%s: row %zu of a matrix of %zu", file->path, row,
                          file->dlg.rows);
        return false;
    }
    if (file->dlg.axes_count == 0) {
        *out = (struct pq_dialogue){&file->dlg, pq_bytes_slice(&file->text)};
        return true;
    }
    if (!file->has_row || file->row != row) {
        forget_row(file);
        enum pq_status status = pq_dlg_expand(&file->dlg, row, &file->row_text);
        if (status == PQ_STATUS_NO_MEMORY) {
            (void)pq_why_fail(why, status, "%s: %s", file->path, pq_status_text(status));
            return false;
        }
        file->has_row = true;
        file->row = row;
        if (!parse(&file->row_dlg, pq_bytes_slice(&file->row_text), file->path, why)) {
            forget_row(file);
            return false;
        }
    }
    *out = (struct pq_dialogue){&file->row_dlg, pq_bytes_slice(&file->row_text)};
    return true;
}

bool play_file_row_named(const struct play_file *file, struct pq_slice name, size_t *row)
{
    struct pq_bytes text;
    bool found = false;
    pq_bytes_init(&text, pq_alloc_default(), PQ_DLG_TEXT_MAX);
    for (size_t i = 0; i < file->dlg.rows && !found; i++) {
        pq_bytes_clear(&text);
        found = pq_dlg_row_name(&file->dlg, i, &text) == PQ_STATUS_OK &&
                pq_slice_equal(pq_bytes_slice(&text), name);
        if (found)
            *row = i;
    }
    pq_bytes_free(&text);
    return found;
}

/* ---- preludes -------------------------------------------------------------------------------- */

/* The built-in prelude is a place of the cache like any other, under a path that no file has. */
static struct play_file *built_in(struct play_files *f, struct pq_why *why)
{
    struct play_file *file = place_for(f, "");
    file->used = ++f->ticks;
    if (file->path && file->path[0] == 0)
        return file;
    forget(file);
    *file = (struct play_file){.used = f->ticks};
    pq_bytes_init(&file->text, pq_alloc_default(), PQ_DLG_TEXT_MAX);
    file->path = resize(NULL, 1);
    if (!file->path)
        return NULL;
    file->path[0] = 0;
    struct pq_slice text = pq_slice_of(default_login, sizeof(default_login));
    bool good = pq_bytes_put(&file->text, text) == PQ_STATUS_OK &&
                parse(&file->dlg, text, "the built-in prelude", why);
    if (!good)
        forget(file);
    return good ? file : NULL;
}

bool play_files_prelude(struct play_files *f, const char *path, struct pq_dialogue *out,
                        struct pq_why *why)
{
    struct play_file *file = path[0] ? play_files_open(f, path, why) : built_in(f, why);
    const char *flaw = file ? pq_run_prelude_flaw(&file->dlg) : NULL;
    if (flaw)
        (void)pq_why_fail(why, PQ_STATUS_SYNTAX, "%s: %s", path, flaw);
    if (!file || flaw)
        return false;
    *out = (struct pq_dialogue){&file->dlg, pq_bytes_slice(&file->text)};
    return true;
}
