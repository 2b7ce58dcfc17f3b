/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes below this one, as the kernel tells of them.
 */
#ifndef PQ_BRIDGE_PROCS_H
#define PQ_BRIDGE_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/bridge/shim_page.h"

/* Makes this process the parent of descendants whose own parent ends. */
void pq_procs_adopt(void);
/* Keeps this process and those that it begins on one processor, a different one for each bridge as
 * far as there are enough: whoever takes turns with another gains nothing from a second one. */
void pq_procs_settle_down(void);
/* Kills all that is below this process and waits until nothing is left. */
void pq_procs_kill_all(void);
/* How many descriptors a process has open; zero when that cannot be seen. */
size_t pq_procs_descriptors(pid_t pid);
/* KiB of memory that a process shares with no file and nobody who maps it too; zero when that
 * cannot be seen, or means nothing since a sanitizer keeps what was freed. */
size_t pq_procs_memory(pid_t pid);

/* ---- whether they sleep ---------------------------------------------------------------------- */

/* Descriptors of what /proc says of each process of the page. */
struct pq_watch {
    int fd[PQ_SHIM_SLOTS];
    pid_t pid[PQ_SHIM_SLOTS];
};

void pq_watch_init(struct pq_watch *w);
void pq_watch_clear(struct pq_watch *w);

/* Whether every process waits for something that another has to do; `*n` is how many there are.
 * Frees the slots of processes that are gone. `but` is not looked at. */
bool pq_watch_is_quiet(struct pq_watch *w, struct pq_shim_page *page, pid_t but, size_t *n);
/* How many processes live. */
size_t pq_watch_count(struct pq_shim_page *page);

#endif
