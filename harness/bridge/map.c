/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "harness/bridge/map.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "popquiz/base.h"

/* AFL++ looks for this name in a program that it is to run, to tell that it is instrumented. */
#define MAP_VARIABLE "__AFL_SHM_ID"
#define ALIGN 64u

static size_t aligned(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static _Noreturn void exec_for_size(const char *path, int out)
{
    (void)setenv("AFL_DUMP_MAP_SIZE", "1", 1);
    (void)unsetenv(MAP_VARIABLE);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(out, STDERR_FILENO);
    (void)close(STDIN_FILENO);
    (void)close(PQ_AFL_FD);
    (void)close(PQ_AFL_FD + 1);
    (void)execl(path, path, (char *)NULL);
    _exit(127);
}

static size_t number_in(struct pq_slice said)
{
    uint64_t size = 0;
    struct pq_slice line = pq_slice_cut(&said, '\n');
    return pq_parse_u64(line, &size) == PQ_STATUS_OK && size <= PQ_MAP_MAX ? (size_t)size : 0;
}

/* What an instrumented program says that its map is; zero for another. A program that is not
 * instrumented starts: it is killed once it says anything, or ends, or after a second. */
static size_t ask_for_size(const char *path)
{
    int ends[2];
    uint8_t said[64] = {0};
    ssize_t n = 0;
    if (pipe(ends) < 0)
        return 0;
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(1);
        exec_for_size(path, ends[1]);
    }
    (void)close(ends[1]);
    if (pid > 0) {
        n = read(ends[0], said, sizeof(said));
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
    (void)close(ends[0]);
    return n > 0 ? number_in(pq_slice_of(said, (size_t)n)) : 0;
}

static void add_region(struct pq_map *m, const char *path)
{
    struct pq_map_region *r = &m->regions[m->regions_len++];
    *r =
        (struct pq_map_region){.path = path, .id = -1, .offset = m->len, .len = ask_for_size(path)};
    m->len += aligned(r->len);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static uint8_t *attach(int32_t id)
{
    void *at = shmat(id, NULL, 0);
    return (intptr_t)at == -1 ? NULL : at;
}

/* Memory that vanishes with the last process that has it: Linux lets others attach it by its number
 * until then. Every user of the server's may write. */
static uint8_t *make_memory(size_t len, int32_t *id)
{
    *id = shmget(IPC_PRIVATE, len, IPC_CREAT | IPC_EXCL | 0666);
    uint8_t *at = *id < 0 ? NULL : attach(*id);
    if (*id >= 0)
        (void)shmctl(*id, IPC_RMID, NULL);
    return at;
}

static bool find_memory(struct pq_map *m)
{
    const char *given = getenv(MAP_VARIABLE);
    uint32_t id = 0;
    m->own = !given || pq_parse_u32(pq_slice_text(given), &id) != PQ_STATUS_OK;
    m->id = (int32_t)id;
    m->at = m->own ? make_memory(m->len, &m->id) : attach(m->id);
    if (!m->at)
        perror("popquiz-bridge: the map's shared memory");
    return m->at != NULL;
}

/* With one program there is nothing to merge. */
static bool make_regions(struct pq_map *m)
{
    for (size_t i = 0; i < m->regions_len && m->regions_len > 1; i++) {
        struct pq_map_region *r = &m->regions[i];
        r->at = r->len > 0 ? make_memory(aligned(r->len), &r->id) : NULL;
        if (r->len > 0 && !r->at) {
            perror("popquiz-bridge: shared memory");
            return false;
        }
    }
    return true;
}

bool pq_map_open(struct pq_map *m, const struct pq_options *o)
{
    *m = (struct pq_map){.id = -1};
    add_region(m, o->server[0]);
    for (size_t i = 0; i < o->executables.len; i++)
        add_region(m, o->executables.each[i]);
    m->cells = m->len = m->len > 0 ? m->len : ALIGN;
    m->len += o->state || o->referee ? PQ_MAP_CELLS : 0;
    m->seen = calloc(m->cells, 1);
    if (m->len <= PQ_MAP_MAX)
        return find_memory(m) && make_regions(m);
    (void)fprintf(stderr, "popquiz-bridge: a map of %zu octets is too large for AFL++ to be fast\n",
                  m->len);
    return false;
}

void pq_map_free(struct pq_map *m)
{
    free(m->seen);
    m->seen = NULL;
}

/* ---- content --------------------------------------------------------------------------------- */

void pq_map_clear(struct pq_map *m)
{
    for (size_t i = 0; i < m->regions_len; i++)
        if (m->regions[i].at)
            memset(m->regions[i].at, 0, m->regions[i].len);
    memset(m->at, 0, m->len);
}

void pq_map_merge(struct pq_map *m)
{
    for (size_t i = 0; i < m->regions_len; i++) {
        const struct pq_map_region *r = &m->regions[i];
        if (r->at)
            memcpy(m->at + r->offset, r->at, r->len);
    }
    for (size_t i = 0; i < m->cells && m->seen; i++)
        m->seen[i] |= m->at[i];
}

static size_t count(const uint8_t *at, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += at[i] != 0;
    return n;
}

size_t pq_map_edges(const struct pq_map *m)
{
    return count(m->at, m->len);
}

size_t pq_map_seen(const struct pq_map *m)
{
    return m->seen ? count(m->seen, m->cells) : 0;
}

bool pq_map_is_instrumented(const struct pq_map *m)
{
    bool some = false;
    for (size_t i = 0; i < m->regions_len; i++)
        some = some || m->regions[i].len > 0;
    return some;
}

bool pq_map_has_fork_server(const struct pq_map *m)
{
    return m->regions[0].len > 0;
}
