/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the shim share. Nothing here is seen by the server: names stay inside.
 */
#ifndef PQ_BRIDGE_SHIM_H
#define PQ_BRIDGE_SHIM_H

#include "harness/bridge/shim_page.h"

/* What replaces a function of the C library. Everything else is hidden. */
#define PQ_SHIM_EXPORT __attribute__((visibility("default")))

/* The page; NULL in a process that is not watched. Finds it at the first call. */
struct pq_shim_page *pq_shim_page(void);
bool pq_shim_has(uint32_t flag);
/* Which program this process runs, and how deep below the server it is. */
uint32_t pq_shim_own_slot(void);
/* In a child that was just made: the slot that its parent took is its own. */
void pq_shim_adopt(uint32_t slot);
/* Remembers what every program below this one shall have in its environment. */
void pq_shim_keep_environment(void);
/* The next function of that name behind the shim. Ends the process when there is none. */
void *pq_shim_next(const char *name);
/* A process ended, in whose place waitpid() gave this status. */
void pq_shim_on_wait(int32_t pid, int status);
/* The process is about to wait for `fd`, if there is nothing to read. */
void pq_shim_before_read(int fd);
void pq_shim_before_wait(void);
/* Whether this process is the program's fork server, and so does not wait for its child `pid`. */
bool pq_shim_session_of(int32_t pid);

#endif
