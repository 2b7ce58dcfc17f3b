/* SPDX-License-Identifier: Apache-2.0
 * Nothing that a server does to its descriptors takes those of the shim away, nor what a library
 * has to say before it aborts. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/bridge/shim.h"

/* The C library says on stderr what is wrong with the heap before it aborts. So a server that means
 * to throw away what comes there does not. Reports of sanitizers have a descriptor of their own. */
static bool is_thrown_away(int from, int to)
{
    struct stat given, nothing;
    return to == STDERR_FILENO && pq_shim_page() && fstat(from, &given) == 0 &&
           S_ISCHR(given.st_mode) && stat("/dev/null", &nothing) == 0 &&
           given.st_rdev == nothing.st_rdev;
}

PQ_SHIM_EXPORT int dup2(int from, int to)
{
    return is_thrown_away(from, to) ? to : (int)syscall(SYS_dup2, from, to);
}

PQ_SHIM_EXPORT int dup3(int from, int to, int flags)
{
    return is_thrown_away(from, to) ? to : (int)syscall(SYS_dup3, from, to, flags);
}

static bool is_ours(int fd)
{
    return fd >= PQ_SHIM_FD_FIRST && fd <= PQ_SHIM_FD_LAST && pq_shim_page();
}

PQ_SHIM_EXPORT int close(int fd)
{
    if (!is_ours(fd))
        return (int)syscall(SYS_close, fd);
    errno = EBADF; /* as for one that was never open */
    return -1;
}

PQ_SHIM_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    if (!pq_shim_page() || first > PQ_SHIM_FD_LAST || last < PQ_SHIM_FD_FIRST)
        return (int)syscall(SYS_close_range, first, last, flags);
    if (first < PQ_SHIM_FD_FIRST)
        (void)syscall(SYS_close_range, first, PQ_SHIM_FD_FIRST - 1, flags);
    if (last > PQ_SHIM_FD_LAST)
        (void)syscall(SYS_close_range, PQ_SHIM_FD_LAST + 1, last, flags);
    return 0;
}

PQ_SHIM_EXPORT void closefrom(int first)
{
    (void)close_range((unsigned)(first < 0 ? 0 : first), ~0u, 0);
}
