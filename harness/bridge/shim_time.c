/* SPDX-License-Identifier: Apache-2.0
 * Sleeps end at once. Time, pid and random numbers are the same in every case, where that was
 * asked for. */
#define _DEFAULT_SOURCE
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "harness/bridge/shim.h"

/* ---- what is behind the shim ----------------------------------------------------------------- */

typedef int clock_fn(clockid_t clock, struct timespec *at);

static clock_fn *next_clock_gettime;

/* Early, so that it is not done in every session. */
__attribute__((constructor)) static void resolve(void)
{
    *(void **)&next_clock_gettime = pq_shim_next("clock_gettime");
}

/* ---- sleeps ---------------------------------------------------------------------------------- */

/* False in a process that is not watched. */
static bool skip_sleep(void)
{
    if (!pq_shim_page())
        return false;
    atomic_fetch_add(&pq_shim_page()->sleeps, 1);
    return true;
}

PQ_SHIM_EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted,
                                   struct timespec *left)
{
    if (skip_sleep())
        return 0;
    long result = syscall(SYS_clock_nanosleep, clock, flags, wanted, left);
    return result == 0 ? 0 : -(int)result;
}

PQ_SHIM_EXPORT int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    return skip_sleep() ? 0 : (int)syscall(SYS_nanosleep, wanted, left);
}

PQ_SHIM_EXPORT unsigned sleep(unsigned seconds)
{
    struct timespec wanted = {.tv_sec = (time_t)seconds}, left = {0, 0};
    return nanosleep(&wanted, &left) == 0 ? 0 : (unsigned)left.tv_sec;
}

PQ_SHIM_EXPORT int usleep(useconds_t us)
{
    struct timespec wanted = {.tv_sec = (time_t)(us / 1000000),
                              .tv_nsec = (long)(us % 1000000) * 1000};
    return nanosleep(&wanted, NULL);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Clocks of the processor's time do not run ahead. */
static time_t ahead(clockid_t clock)
{
    const struct pq_shim_page *page = pq_shim_page();
    bool of_processor = clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID ||
                        clock < 0; /* another process's */
    return page && !of_processor ? (time_t)atomic_load(&page->later_s) : 0;
}

static struct timespec real_time(void)
{
    struct timespec now = {.tv_sec = PQ_SHIM_FIXED_TIME};
    if (!pq_shim_has(PQ_SHIM_FIX_TIME))
        (void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    now.tv_sec += ahead(CLOCK_REALTIME);
    return now;
}

PQ_SHIM_EXPORT time_t time(time_t *at)
{
    struct timespec now = real_time();
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

PQ_SHIM_EXPORT int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    (void)zone; /* obsolete, and ignored by the kernel */
    struct timespec now = real_time();
    *at = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

PQ_SHIM_EXPORT int clock_gettime(clockid_t clock, struct timespec *at)
{
    if (!next_clock_gettime)
        resolve();
    /* Other clocks go on: timers of event loops are kept by them. */
    int result = 0;
    if (clock != CLOCK_REALTIME || !pq_shim_has(PQ_SHIM_FIX_TIME))
        result = next_clock_gettime(clock, at);
    else
        *at = (struct timespec){.tv_sec = PQ_SHIM_FIXED_TIME};
    if (result == 0)
        at->tv_sec += ahead(clock);
    return result;
}

/* ---- pid and random numbers ------------------------------------------------------------------ */

PQ_SHIM_EXPORT pid_t getpid(void)
{
    return pq_shim_has(PQ_SHIM_FIX_PID) ? PQ_SHIM_FIXED_PID : (pid_t)syscall(SYS_getpid);
}

PQ_SHIM_EXPORT ssize_t getrandom(void *at, size_t len, unsigned flags)
{
    if (!pq_shim_has(PQ_SHIM_FIX_RANDOM))
        return syscall(SYS_getrandom, at, len, flags);
    memset(at, 0x5A, len);
    return (ssize_t)len;
}

PQ_SHIM_EXPORT int getentropy(void *at, size_t len)
{
    return getrandom(at, len, 0) == (ssize_t)len ? 0 : -1;
}
