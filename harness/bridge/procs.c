/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "harness/bridge/procs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "popquiz/base.h"

#define LEVELS_MAX 64 /* of ancestors */
#define KILL_ROUNDS 1000
#define STAT_MAX 512

void pq_procs_adopt(void)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* ---- processors ------------------------------------------------------------------------------ */

/* Whether no other bridge is there. A name of a socket outside of the file system serves as the
 * lock, since it vanishes with whoever has it. */
static bool claim(size_t cpu)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int len = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "popquiz-bridge-cpu-%zu", cpu);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&at, size) == 0)
        return true; /* it stays open as long as we live */
    if (fd >= 0)
        (void)close(fd);
    return false;
}

static void stay_on(size_t cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    (void)sched_setaffinity(0, sizeof(one), &one);
}

void pq_procs_settle_down(void)
{
    cpu_set_t allowed;
    int here = sched_getcpu();
    if (here < 0 || sched_getaffinity(0, sizeof(allowed), &allowed) < 0 || CPU_COUNT(&allowed) < 2)
        return;
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        size_t cpu = ((size_t)here + i) % CPU_SETSIZE;
        if (CPU_ISSET(cpu, &allowed) && claim(cpu)) {
            stay_on(cpu);
            return;
        }
    }
}

/* ---- /proc/PID/stat -------------------------------------------------------------------------- */

static int open_stat(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* What is behind the name, which may hold anything: "S 1 ...". Empty: the process is gone. */
static struct pq_slice read_stat(int fd, char *room)
{
    ssize_t n = fd < 0 ? -1 : pread(fd, room, STAT_MAX - 1, 0);
    if (n <= 0)
        return (struct pq_slice){NULL, 0};
    room[n] = '\0';
    const char *name_ends = strrchr(room, ')');
    return name_ends && name_ends[1] ? pq_slice_text(name_ends + 2) : (struct pq_slice){NULL, 0};
}

static pid_t parent_of(pid_t pid)
{
    char room[STAT_MAX];
    int fd = open_stat(pid);
    struct pq_slice said = read_stat(fd, room);
    uint32_t parent = 0;
    (void)pq_slice_cut(&said, ' ');
    if (pq_parse_u32(pq_slice_cut(&said, ' '), &parent) != PQ_STATUS_OK)
        parent = 0;
    if (fd >= 0)
        (void)close(fd);
    return (pid_t)parent;
}

/* ---- killing --------------------------------------------------------------------------------- */

static bool is_below(pid_t pid)
{
    pid_t own = getpid();
    for (int level = 0; level < LEVELS_MAX && pid > 1; level++) {
        pid = parent_of(pid);
        if (pid == own)
            return true;
    }
    return false;
}

/* One look at all processes of the machine; how many were killed. */
static size_t kill_below(void)
{
    size_t killed = 0;
    DIR *all = opendir("/proc");
    if (!all)
        return 0;
    for (struct dirent *one = readdir(all); one; one = readdir(all)) {
        uint32_t pid = 0;
        if (pq_parse_u32(pq_slice_text(one->d_name), &pid) == PQ_STATUS_OK && is_below((pid_t)pid))
            killed += kill((pid_t)pid, SIGKILL) == 0;
    }
    (void)closedir(all);
    return killed;
}

void pq_procs_kill_all(void)
{
    for (int round = 0; round < KILL_ROUNDS && kill_below() > 0; round++) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        struct timespec a_moment = {.tv_nsec = 200000};
        (void)nanosleep(&a_moment, NULL);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

size_t pq_procs_descriptors(pid_t pid)
{
    char path[64];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *all = opendir(path);
    if (!all)
        return 0;
    while (readdir(all))
        n++;
    (void)closedir(all);
    return n;
}

/* A sanitizer reserves some TiB of addresses for its shadow; no other program of 64 bits does. */
static bool has_shadow(uint64_t pages)
{
    return pages >= 1u << 28;
}

size_t pq_procs_memory(pid_t pid)
{
    char path[64], room[STAT_MAX];
    uint64_t all = 0, resident = 0, shared = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, room, sizeof(room));
    if (fd >= 0)
        (void)close(fd);
    struct pq_slice said = pq_slice_of(room, n > 0 ? (size_t)n : 0);
    if (pq_parse_u64(pq_slice_cut(&said, ' '), &all) != PQ_STATUS_OK ||
        pq_parse_u64(pq_slice_cut(&said, ' '), &resident) != PQ_STATUS_OK ||
        pq_parse_u64(pq_slice_cut(&said, ' '), &shared) != PQ_STATUS_OK || has_shadow(all))
        return 0;
    return (size_t)(resident - shared) * ((size_t)sysconf(_SC_PAGESIZE) / 1024);
}

/* ---- sleeping -------------------------------------------------------------------------------- */

void pq_watch_init(struct pq_watch *w)
{
    for (size_t i = 0; i < PQ_SHIM_SLOTS; i++) {
        w->fd[i] = -1;
        w->pid[i] = -1;
    }
}

static void forget(struct pq_watch *w, size_t i)
{
    if (w->fd[i] >= 0)
        (void)close(w->fd[i]);
    w->fd[i] = -1;
    w->pid[i] = -1;
}

void pq_watch_clear(struct pq_watch *w)
{
    for (size_t i = 0; i < PQ_SHIM_SLOTS; i++)
        forget(w, i);
}

/* The letter of its state; NUL: it is gone. */
static uint8_t state_of(struct pq_watch *w, size_t i, pid_t pid)
{
    char room[STAT_MAX];
    if (w->pid[i] != pid) {
        forget(w, i);
        w->fd[i] = open_stat(pid);
        w->pid[i] = pid;
    }
    struct pq_slice said = read_stat(w->fd[i], room);
    return said.len > 0 ? said.at[0] : '\0';
}

static bool waits(struct pq_watch *w, struct pq_shim_page *page, size_t i)
{
    pid_t pid = atomic_load(&page->slots[i].pid);
    if (pid < 0)
        return true;
    if (pid == 0)
        return false;
    switch (state_of(w, i, pid)) {
    case 'S':
    case 'Z':
        return true;
    case '\0':
        (void)atomic_compare_exchange_strong(&page->slots[i].pid, &(int32_t){pid}, -1);
        return true;
    default:
        return false;
    }
}

bool pq_watch_is_quiet(struct pq_watch *w, struct pq_shim_page *page, pid_t but, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < PQ_SHIM_SLOTS; i++) {
        pid_t pid = atomic_load(&page->slots[i].pid);
        if (pid < 0 || pid == but)
            continue;
        if (!waits(w, page, i))
            return false;
        ++*n;
    }
    return true;
}

size_t pq_watch_count(struct pq_shim_page *page)
{
    size_t n = 0;
    for (size_t i = 0; i < PQ_SHIM_SLOTS; i++)
        n += atomic_load(&page->slots[i].pid) > 0;
    return n;
}
