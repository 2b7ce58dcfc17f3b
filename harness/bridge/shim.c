/* SPDX-License-Identifier: Apache-2.0
 * Loaded into every process of a server (LD_PRELOAD). This part finds the page and tells which
 * process this is. Before the page is found, or without one, every function does what the C
 * library's does. */
#define _GNU_SOURCE
#include "harness/bridge/shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef void report_fd_fn(void *fd); /* the descriptor's number, as sanitizers want it */

static struct pq_shim_page *page;
static report_fd_fn *set_report_fd;
static bool looked;
static uint32_t own_slot = PQ_SHIM_SLOTS;

static int32_t own_pid(void)
{
    return (int32_t)syscall(SYS_getpid); /* getpid() may be replaced */
}

/* The index of the program that this process runs, which is noted when it is new. */
static uint32_t own_exe(void)
{
    char path[PQ_SHIM_PATH] = "";
    if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
        return 0;
    uint32_t n = atomic_load(&page->exes_len);
    for (uint32_t i = 0; i < n && i < PQ_SHIM_EXES; i++)
        if (strncmp(page->exes[i].path, path, sizeof(path)) == 0)
            return i;
    uint32_t mine = atomic_fetch_add(&page->exes_len, 1);
    if (mine >= PQ_SHIM_EXES)
        return 0;
    memcpy(page->exes[mine].path, path, sizeof(path));
    return mine;
}

static void find_slot(void)
{
    int32_t pid = own_pid();
    own_slot = pq_shim_find(page, pid);
    if (own_slot == PQ_SHIM_SLOTS) {
        /* Made by a call that the shim does not see, such as posix_spawn(). */
        own_slot = pq_shim_take(page, 2, 0);
        if (own_slot < PQ_SHIM_SLOTS)
            atomic_store(&page->slots[own_slot].pid, pid);
    }
    if (own_slot < PQ_SHIM_SLOTS)
        atomic_store(&page->slots[own_slot].exe, own_exe());
}

/* A sanitizer writes to the descriptor that it was told last by this very process, wherever stderr
 * has gone since, and whatever the process may open. */
static void direct_reports(void)
{
    if (set_report_fd) /* NOLINTNEXTLINE(performance-no-int-to-ptr): it wants a number */
        set_report_fd((void *)(uintptr_t)PQ_SHIM_FD_EARS);
}

/* Some functions of the C library, as daemon(), fork without a word to us. In such a child a
 * sanitizer would make a file of its own. */
static void direct_all_reports(void)
{
    *(void **)&set_report_fd = dlsym(RTLD_DEFAULT, "__sanitizer_set_report_fd");
    if (set_report_fd)
        (void)pthread_atfork(NULL, NULL, direct_reports);
    direct_reports();
}

static void find_page(void)
{
    looked = true;
    if (!getenv(PQ_SHIM_MARK))
        return;
    struct pq_shim_page *found =
        mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED, PQ_SHIM_FD_PAGE, 0);
    if (found == MAP_FAILED)
        return;
    if (found->magic != PQ_SHIM_MAGIC) {
        (void)munmap(found, sizeof(*found));
        return;
    }
    page = found;
    atomic_fetch_add(&page->loaded, 1);
    find_slot();
    direct_all_reports();
    pq_shim_keep_environment();
}

struct pq_shim_page *pq_shim_page(void)
{
    if (!looked)
        find_page();
    return page;
}

bool pq_shim_has(uint32_t flag)
{
    return pq_shim_page() && (page->flags & flag);
}

uint32_t pq_shim_own_slot(void)
{
    return own_slot;
}

void pq_shim_adopt(uint32_t slot)
{
    own_slot = slot;
    if (slot < PQ_SHIM_SLOTS)
        atomic_store(&page->slots[slot].pid, own_pid());
    direct_reports();
}

void *pq_shim_next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

__attribute__((constructor)) static void begin(void)
{
    (void)pq_shim_page(); /* early, before the server changes anything */
}
