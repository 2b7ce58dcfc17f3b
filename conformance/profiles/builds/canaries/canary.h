/* SPDX-License-Identifier: Apache-2.0
 *
 * Planted bugs that count themselves. PQ_CANARY(number, condition) stands where the bug would be;
 * it counts that it was reached and, when the condition holds, that it was triggered: it is 1 then.
 * The counters lie in the file that POPQUIZ_CANARIES names, which every process opens as it starts,
 * so before any chroot; children have them from their parent. Without the file they are lost.
 *
 * A fuzzer must not be led to a canary: functions whose names begin with pq_ are not instrumented
 * (deny.txt), and a condition joins its parts by &, which is no branch.
 */
#ifndef PQ_CANARY_H
#define PQ_CANARY_H

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PQ_CANARIES 64

struct pq_canary {
    uint64_t reached;
    uint64_t triggered;
};

#define PQ_CANARY_HIDDEN __attribute__((weak, noinline))

/* One for the whole program, in whichever files it is included. */
__attribute__((weak)) struct pq_canary pq_canary_own[PQ_CANARIES];
__attribute__((weak)) struct pq_canary *pq_canary_page = pq_canary_own;

void pq_canary_open(void);
int pq_canary_count(unsigned number, int condition);

__attribute__((constructor)) PQ_CANARY_HIDDEN void pq_canary_open(void)
{
    const char *name = getenv("POPQUIZ_CANARIES");
    int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof pq_canary_own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        pq_canary_page = (struct pq_canary *)page;
}

PQ_CANARY_HIDDEN int pq_canary_count(unsigned number, int condition)
{
    struct pq_canary *canary = &pq_canary_page[number % PQ_CANARIES];
    __atomic_fetch_add(&canary->reached, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&canary->triggered, (uint64_t)(condition != 0), __ATOMIC_RELAXED);
    return condition != 0;
}

#define PQ_CANARY(number, condition) pq_canary_count((number), (condition))

#endif
