/* SPDX-License-Identifier: Apache-2.0
 * Nothing waits for a disk: what is written need not outlive a loss of power. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/bridge/shim.h"

/* As for a descriptor that is open, or not. */
static int sync_or_not(long call, int fd)
{
    if (!pq_shim_page())
        return (int)syscall(call, fd);
    return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

PQ_SHIM_EXPORT int fsync(int fd)
{
    return sync_or_not(SYS_fsync, fd);
}

PQ_SHIM_EXPORT int fdatasync(int fd)
{
    return sync_or_not(SYS_fdatasync, fd);
}

PQ_SHIM_EXPORT int syncfs(int fd)
{
    return sync_or_not(SYS_syncfs, fd);
}

PQ_SHIM_EXPORT void sync(void)
{
    if (!pq_shim_page())
        (void)syscall(SYS_sync);
}

PQ_SHIM_EXPORT int msync(void *at, size_t len, int flags)
{
    int lighter = pq_shim_page() ? (flags & ~MS_SYNC) | MS_ASYNC : flags;
    return (int)syscall(SYS_msync, at, len, lighter);
}
