/* SPDX-License-Identifier: Apache-2.0
 * The shared page, from both sides. Part of the shim: calls nothing that the shim replaces. */
#define _DEFAULT_SOURCE
#include "harness/bridge/shim_page.h"

#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const int crash_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

bool pq_shim_is_crash(int status)
{
    if (!WIFSIGNALED(status))
        return false;
    for (size_t i = 0; i < sizeof(crash_signals) / sizeof(crash_signals[0]); i++)
        if (WTERMSIG(status) == crash_signals[i])
            return true;
    return false;
}

uint32_t pq_shim_find(struct pq_shim_page *page, int32_t pid)
{
    uint32_t i = 0;
    while (i < PQ_SHIM_SLOTS && atomic_load(&page->slots[i].pid) != pid)
        i++;
    return i;
}

uint32_t pq_shim_take(struct pq_shim_page *page, uint32_t depth, uint32_t exe)
{
    for (uint32_t i = 0; i < PQ_SHIM_SLOTS; i++) {
        int32_t is_free = -1;
        if (atomic_compare_exchange_strong(&page->slots[i].pid, &is_free, 0)) {
            atomic_store(&page->slots[i].depth, depth);
            atomic_store(&page->slots[i].exe, exe);
            return i;
        }
    }
    return PQ_SHIM_SLOTS;
}

/* A process without a slot is one that began unseen: somewhere below the sessions. */
static void note_death(struct pq_shim_page *page, uint32_t slot, int32_t pid, int status)
{
    struct pq_shim_death death = {.pid = pid, .status = status, .depth = 2};
    uint32_t n = atomic_fetch_add(&page->deaths_len, 1);
    if (slot < PQ_SHIM_SLOTS) {
        death.depth = atomic_load(&page->slots[slot].depth);
        death.exe = atomic_load(&page->slots[slot].exe);
    }
    if (n < PQ_SHIM_DEATHS)
        page->deaths[n] = death;
}

void pq_shim_bury(struct pq_shim_page *page, int32_t pid, int status)
{
    uint32_t slot = pq_shim_find(page, pid);
    if (pq_shim_is_crash(status))
        note_death(page, slot, pid, status);
    if (slot < PQ_SHIM_SLOTS)
        atomic_store(&page->slots[slot].pid, -1);
    pq_shim_changed(page);
}

void pq_shim_changed(struct pq_shim_page *page)
{
    atomic_fetch_add(&page->changes, 1);
    if (atomic_load(&page->waiting))
        (void)syscall(SYS_futex, &page->changes, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
