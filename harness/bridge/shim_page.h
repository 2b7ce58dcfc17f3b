/* SPDX-License-Identifier: Apache-2.0
 *
 * What the shim inside every process of a server and the bridge outside of them tell each other: a
 * page of shared memory. It travels as a descriptor, so that a change of user or root does not
 * keep a process from it.
 */
#ifndef PQ_BRIDGE_SHIM_PAGE_H
#define PQ_BRIDGE_SHIM_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PQ_SHIM_MAGIC 0x70713031u
#define PQ_SHIM_SLOTS 256u /* processes that live at the same time */
#define PQ_SHIM_DEATHS 16u /* told of one case; more are only counted */
#define PQ_SHIM_EXES 16u   /* programs */
#define PQ_SHIM_PATH 256u  /* octets of a program's path, its NUL included */

/* Descriptors that the server's processes hold. The shim does not let them be closed. */
#define PQ_SHIM_FD_FIRST 193
#define PQ_SHIM_FD_SESSION 193 /* where a session gets its socket from the bridge */
#define PQ_SHIM_FD_PAGE 194
#define PQ_SHIM_FD_EARS 195 /* what the server's first stderr was, for reports of sanitizers */
#define PQ_SHIM_FD_LAST 195

/* AFL++'s fork server: the fuzzer's commands come in here, and the answers leave by the next. */
#define PQ_AFL_FD 198

/* Set in the environment of every process that is watched. */
#define PQ_SHIM_MARK "POPQUIZ_SHIM"

/* What is done to the server; bits of `flags`. */
#define PQ_SHIM_FIX_TIME 1u
#define PQ_SHIM_FIX_PID 2u
#define PQ_SHIM_FIX_RANDOM 4u
#define PQ_SHIM_SESSIONS 8u /* the first process is a fork server whose children are sessions */

#define PQ_SHIM_FIXED_TIME 1000000000 /* 2001-09-09, as the times of the maildrops */
#define PQ_SHIM_FIXED_PID 4711

/* One process. `pid` is zero while its parent makes it, and -1 while the slot is free. */
struct pq_shim_slot {
    _Atomic int32_t pid;
    _Atomic uint32_t depth; /* 0: the one that was started, 1: its children, and so on */
    _Atomic uint32_t exe;
};

/* How a process ended that a process of the server, or the bridge, has waited for. */
struct pq_shim_death {
    int32_t pid, status; /* as waitpid() has it */
    uint32_t depth, exe;
};

/* One of the server's programs. `map` is a System V identifier, or -1: that of AFL++. */
struct pq_shim_exe {
    char path[PQ_SHIM_PATH];
    int32_t map;
};

struct pq_shim_page {
    uint32_t magic;
    uint32_t flags;
    _Atomic uint32_t loaded;  /* processes in which the shim was loaded */
    _Atomic uint32_t changes; /* somebody is about to wait, or has ended: a futex */
    _Atomic uint32_t waiting; /* the bridge sleeps on `changes` */
    _Atomic uint32_t later_s; /* by how much the server's clocks are ahead */
    _Atomic uint32_t sleeps;  /* how often one of them would have slept */
    _Atomic uint32_t deaths_len;
    struct pq_shim_death deaths[PQ_SHIM_DEATHS];
    _Atomic uint32_t exes_len;
    struct pq_shim_exe exes[PQ_SHIM_EXES];
    struct pq_shim_slot slots[PQ_SHIM_SLOTS];
};

/* A signal that means a bug of whoever dies of it. */
bool pq_shim_is_crash(int status);
/* The index of the slot of a process; PQ_SHIM_SLOTS when there is none. */
uint32_t pq_shim_find(struct pq_shim_page *page, int32_t pid);
/* Takes a free slot for a process that is about to begin; PQ_SHIM_SLOTS when all are taken. */
uint32_t pq_shim_take(struct pq_shim_page *page, uint32_t depth, uint32_t exe);
/* Notes that a process has ended, once: its slot is free afterwards. */
void pq_shim_bury(struct pq_shim_page *page, int32_t pid, int status);
/* Wakes the bridge if it sleeps. */
void pq_shim_changed(struct pq_shim_page *page);

#endif
