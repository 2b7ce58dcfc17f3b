/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "harness/bridge/reset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file or folder as it shall be. */
struct pq_reset_file {
    const char *path;   /* where it is put */
    struct stat wanted; /* of the pristine copy */
    struct pq_slice octets;
    struct stat restored; /* as it was found when it was last in order */
    size_t entries;       /* of a folder */
};

static bool fail(struct pq_reset *r, const char *path, const char *what)
{
    (void)snprintf(r->why, sizeof(r->why), "%s: %s: %s", path, what, strerror(errno));
    return false;
}

/* ---- reading the pristine copy --------------------------------------------------------------- */

static bool read_octets(struct pq_reset *r, const char *path, struct pq_reset_file *f)
{
    size_t len = (size_t)f->wanted.st_size;
    uint8_t *at = pq_arena_get(&r->memory, len + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd >= 0 && at ? read(fd, at, len + 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    f->octets = pq_slice_of(at, len);
    return n == (ssize_t)len;
}

static char *path_of(struct pq_reset *r, const char *folder, const char *name)
{
    size_t a = strlen(folder), b = strlen(name);
    char *path = pq_arena_get(&r->memory, a + b + 2);
    if (path) {
        memcpy(path, folder, a);
        path[a] = '/';
        memcpy(path + a + 1, name, b + 1);
    }
    return path;
}

static bool is_name(const char *name)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* A folder that is read: what it is a copy of, and how deep it is. */
struct level {
    const char *from, *to;
};

static bool add(struct pq_reset *r, struct level at)
{
    struct pq_reset_file *f = &r->files[r->len];
    *f = (struct pq_reset_file){.path = at.to};
    errno = ENOSPC;
    if (r->len == PQ_RESET_FILES_MAX || !at.from || !at.to || lstat(at.from, &f->wanted) < 0)
        return false;
    r->len++;
    if (S_ISREG(f->wanted.st_mode))
        return read_octets(r, at.from, f);
    return S_ISDIR(f->wanted.st_mode);
}

/* Adds what a folder holds; folders among that are looked at later, as they are in the list. */
static bool add_entries(struct pq_reset *r, size_t index, struct level at)
{
    bool fine = true;
    DIR *all = opendir(at.from);
    if (!all)
        return false;
    for (struct dirent *one = readdir(all); one && fine; one = readdir(all)) {
        if (!is_name(one->d_name))
            continue;
        r->files[index].entries++;
        fine = add(
            r, (struct level){path_of(r, at.from, one->d_name), path_of(r, at.to, one->d_name)});
    }
    (void)closedir(all);
    return fine;
}

static bool add_tree(struct pq_reset *r, struct level top)
{
    size_t first = r->len, to_len = strlen(top.to);
    if (!add(r, top))
        return false;
    for (size_t i = first; i < r->len; i++) {
        const char *below = r->files[i].path + to_len;
        if (!S_ISDIR(r->files[i].wanted.st_mode))
            continue;
        const char *from = i == first ? top.from : path_of(r, top.from, below + 1);
        if (!from || !add_entries(r, i, (struct level){from, r->files[i].path}))
            return false;
    }
    return true;
}

bool pq_reset_init(struct pq_reset *r, const struct pq_texts *pairs)
{
    *r = (struct pq_reset){.len = 0};
    pq_arena_init(&r->memory, pq_alloc_default(), PQ_RESET_OCTETS_MAX);
    r->files = pq_arena_get(&r->memory, sizeof(*r->files) * (PQ_RESET_FILES_MAX + 1));
    for (size_t i = 0; i < pairs->len; i++) {
        struct pq_slice from = pq_slice_text(pairs->each[i]);
        struct pq_slice to = pq_slice_cut(&from, '=');
        struct level top = {pq_arena_text(&r->memory, from), pq_arena_text(&r->memory, to)};
        if (!r->files || !top.from || !top.to || !add_tree(r, top))
            return fail(r, top.from ? top.from : "", "cannot be read as a pristine copy");
    }
    return true;
}

void pq_reset_free(struct pq_reset *r)
{
    pq_arena_free(&r->memory);
}

/* ---- looking --------------------------------------------------------------------------------- */

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Any change sets a time of the file, or its size when that happened within a tick of the clock. */
static bool is_as_restored(const struct pq_reset_file *f)
{
    struct stat now;
    const struct stat *then = &f->restored;
    return lstat(f->path, &now) == 0 && now.st_ino == then->st_ino &&
           now.st_size == then->st_size && now.st_mode == then->st_mode &&
           now.st_uid == then->st_uid && now.st_gid == then->st_gid &&
           same_time(now.st_mtim, then->st_mtim) && same_time(now.st_ctim, then->st_ctim);
}

bool pq_reset_is_clean(struct pq_reset *r)
{
    for (size_t i = 0; i < r->len; i++)
        if (!is_as_restored(&r->files[i]))
            return false;
    return true;
}

/* ---- putting back ---------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *at)
{
    (void)facts;
    (void)kind;
    (void)at;
    return remove(path);
}

/* Removes a file, or a folder with what it holds. */
static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, (int)PQ_RESET_DEPTH_MAX, FTW_DEPTH | FTW_PHYS);
}

static bool is_known(const struct pq_reset *r, const char *path)
{
    for (size_t i = 0; i < r->len; i++)
        if (strcmp(r->files[i].path, path) == 0)
            return true;
    return false;
}

static void remove_strangers(const struct pq_reset *r, const char *folder)
{
    char path[4096];
    DIR *all = opendir(folder);
    if (!all)
        return;
    for (struct dirent *one = readdir(all); one; one = readdir(all)) {
        int n = snprintf(path, sizeof(path), "%s/%s", folder, one->d_name);
        if (is_name(one->d_name) && n > 0 && (size_t)n < sizeof(path) && !is_known(r, path))
            remove_tree(path);
    }
    (void)closedir(all);
}

static bool write_all(int fd, struct pq_slice octets)
{
    while (octets.len > 0) {
        ssize_t n = write(fd, octets.at, octets.len);
        if (n < 0 && errno != EINTR)
            return false;
        octets = pq_slice_after(octets, n > 0 ? (size_t)n : 0);
    }
    return true;
}

/* Opens what is at the place, or makes it when it is something else. */
static int open_place(const struct pq_reset_file *f)
{
    mode_t kind = f->wanted.st_mode & S_IFMT;
    struct stat now;
    if (lstat(f->path, &now) == 0 && (now.st_mode & S_IFMT) != kind)
        remove_tree(f->path);
    if (S_ISDIR(kind)) {
        (void)mkdir(f->path, 0700);
        return open(f->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    return open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
}

static bool set_facts(int fd, const struct pq_reset_file *f)
{
    const struct timespec times[] = {f->wanted.st_atim, f->wanted.st_mtim};
    return fchown(fd, f->wanted.st_uid, f->wanted.st_gid) == 0 &&
           fchmod(fd, f->wanted.st_mode & 07777) == 0 && futimens(fd, times) == 0;
}

static bool put_back(struct pq_reset *r, struct pq_reset_file *f)
{
    int fd = open_place(f);
    bool fine = fd >= 0;
    if (fine && S_ISDIR(f->wanted.st_mode))
        remove_strangers(r, f->path);
    else if (fine)
        fine = write_all(fd, f->octets);
    fine = fine && set_facts(fd, f);
    if (fd >= 0)
        (void)close(fd);
    r->restored++;
    return fine || fail(r, f->path, "cannot be put back");
}

bool pq_reset_do(struct pq_reset *r)
{
    bool changed = false;
    for (size_t i = 0; i < r->len; i++) {
        if (is_as_restored(&r->files[i]))
            continue;
        changed = true;
        if (!put_back(r, &r->files[i]))
            return false;
    }
    /* What was made within a folder has changed the times of the folder: they come last. */
    for (size_t i = r->len; i-- > 0 && changed;) {
        struct pq_reset_file *f = &r->files[i];
        const struct timespec times[] = {f->wanted.st_atim, f->wanted.st_mtim};
        if (utimensat(AT_FDCWD, f->path, times, AT_SYMLINK_NOFOLLOW) < 0 ||
            lstat(f->path, &f->restored) < 0)
            return fail(r, f->path, "cannot be put back");
    }
    return true;
}
