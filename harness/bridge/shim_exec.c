/* SPDX-License-Identifier: Apache-2.0
 * The shim stays with a server that starts other programs, whatever environment it gives them, and
 * each of the programs that have a region of the map writes to its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/bridge/shim.h"

/* ---- what is behind the shim ----------------------------------------------------------------- */

typedef int execvpe_fn(const char *file, char *const words[], char *const given[]);
typedef int spawn_fn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, char *const words[], char *const given[]);

static execvpe_fn *next_execvpe;
static spawn_fn *next_posix_spawn;
static spawn_fn *next_posix_spawnp;

/* Early, so that it is not done in every session. */
__attribute__((constructor)) static void resolve(void)
{
    *(void **)&next_execvpe = pq_shim_next("execvpe");
    *(void **)&next_posix_spawn = pq_shim_next("posix_spawn");
    *(void **)&next_posix_spawnp = pq_shim_next("posix_spawnp");
}

#define WORDS_MAX 512u /* of a command line or an environment; the rest is left out */
#define VARIABLE_MAX 1024u

/* What a program is given in any case; the values are those that the first one was started with. */
static const char *const names[] = {"LD_PRELOAD",    PQ_SHIM_MARK,          "ASAN_OPTIONS",
                                    "UBSAN_OPTIONS", "MSAN_OPTIONS",        "LLVM_PROFILE_FILE",
                                    "AFL_MAP_SIZE",  "__AFL_CMPLOG_SHM_ID", "__AFL_SHM_ID"};
#define NAMES (sizeof(names) / sizeof(names[0]))
#define MAP_NAME (NAMES - 1)

static char kept[NAMES][VARIABLE_MAX]; /* "NAME=VALUE" */

void pq_shim_keep_environment(void)
{
    for (size_t i = 0; i < NAMES; i++) {
        const char *value = getenv(names[i]);
        if (value)
            (void)snprintf(kept[i], sizeof(kept[i]), "%s=%s", names[i], value);
    }
}

static bool is_kept(const char *variable)
{
    for (size_t i = 0; i < NAMES; i++) {
        size_t len = strlen(names[i]);
        if (kept[i][0] && strncmp(variable, names[i], len) == 0 && variable[len] == '=')
            return true;
    }
    return false;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The region of a program; -1: it has none. A name without a path is looked up by the system, and
 * compared by its last part. */
static int32_t map_of(const char *path)
{
    const struct pq_shim_page *page = pq_shim_page();
    for (size_t i = 0; i < PQ_SHIM_EXES; i++) {
        const struct pq_shim_exe *exe = &page->exes[i];
        if (exe->map >= 0 && strcmp(base_of(exe->path), base_of(path)) == 0)
            return exe->map;
    }
    return -1;
}

/* The environment that a program is started with. It lives until the next call. */
static char *const *environment(const char *path, char *const *given)
{
    static char *words[WORDS_MAX + NAMES + 1];
    size_t n = 0;
    if (!pq_shim_page())
        return given;
    for (; given && *given && n < WORDS_MAX; given++)
        if (!is_kept(*given))
            words[n++] = *given;
    int32_t map = map_of(path);
    if (map >= 0)
        (void)snprintf(kept[MAP_NAME], sizeof(kept[MAP_NAME]), "%s=%d", names[MAP_NAME], (int)map);
    for (size_t i = 0; i < NAMES; i++)
        if (kept[i][0])
            words[n++] = kept[i];
    words[n] = NULL;
    return words;
}

/* ---- exec ------------------------------------------------------------------------------------ */

PQ_SHIM_EXPORT int execve(const char *path, char *const words[], char *const given[])
{
    return (int)syscall(SYS_execve, path, words, environment(path, given));
}

PQ_SHIM_EXPORT int execv(const char *path, char *const words[])
{
    return execve(path, words, environ);
}

PQ_SHIM_EXPORT int execvpe(const char *file, char *const words[], char *const given[])
{
    if (!next_execvpe)
        resolve();
    return next_execvpe(file, words, environment(file, given));
}

PQ_SHIM_EXPORT int execvp(const char *file, char *const words[])
{
    return execvpe(file, words, environ);
}

/* The words behind `first`, up to the null; `*rest` stands behind it then. */
static void collect(const char *first, va_list *rest, char *words[WORDS_MAX + 1])
{
    size_t n = 0;
    for (const char *word = first; word && n < WORDS_MAX; word = va_arg(*rest, const char *))
        memcpy(&words[n++], &word, sizeof(word)); /* POSIX takes the const away */
    words[n] = NULL;
}

PQ_SHIM_EXPORT int execl(const char *path, const char *first, ...)
{
    char *words[WORDS_MAX + 1];
    va_list rest;
    va_start(rest, first);
    collect(first, &rest, words);
    va_end(rest);
    return execve(path, words, environ);
}

PQ_SHIM_EXPORT int execlp(const char *file, const char *first, ...)
{
    char *words[WORDS_MAX + 1];
    va_list rest;
    va_start(rest, first);
    collect(first, &rest, words);
    va_end(rest);
    return execvpe(file, words, environ);
}

PQ_SHIM_EXPORT int execle(const char *path, const char *first, ...)
{
    char *words[WORDS_MAX + 1];
    va_list rest;
    va_start(rest, first);
    collect(first, &rest, words);
    char *const *given = va_arg(rest, char *const *);
    va_end(rest);
    return execve(path, words, given);
}

PQ_SHIM_EXPORT int fexecve(int fd, char *const words[], char *const given[])
{
    const int empty_path = 0x1000; /* AT_EMPTY_PATH */
    return (int)syscall(SYS_execveat, fd, "", words, environment("", given), empty_path);
}

/* ---- posix_spawn ----------------------------------------------------------------------------- */

/* NOLINTNEXTLINE(readability-function-size): POSIX has six parameters */
PQ_SHIM_EXPORT int posix_spawn(pid_t *pid, const char *path,
                               const posix_spawn_file_actions_t *actions,
                               const posix_spawnattr_t *attributes, char *const words[],
                               char *const given[])
{
    if (!next_posix_spawn)
        resolve();
    return next_posix_spawn(pid, path, actions, attributes, words, environment(path, given));
}

/* NOLINTNEXTLINE(readability-function-size): as above */
PQ_SHIM_EXPORT int posix_spawnp(pid_t *pid, const char *file,
                                const posix_spawn_file_actions_t *actions,
                                const posix_spawnattr_t *attributes, char *const words[],
                                char *const given[])
{
    if (!next_posix_spawnp)
        resolve();
    return next_posix_spawnp(pid, file, actions, attributes, words, environment(file, given));
}
