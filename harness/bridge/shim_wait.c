/* SPDX-License-Identifier: Apache-2.0
 * The shim's view of waiting: how every process ended, whoever asked. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/bridge/shim.h"

/* ---- what is behind the shim ------------------------------------------------------------------ */

typedef int sigaction_fn(int number, const struct sigaction *how, struct sigaction *before);
typedef void handler_fn(int number);
typedef handler_fn *signal_fn(int number, handler_fn *handler);

static sigaction_fn *next_sigaction;
static signal_fn *next_signal;

/* Early, so that it is not done in every session. */
__attribute__((constructor)) static void resolve(void)
{
    *(void **)&next_sigaction = pq_shim_next("sigaction");
    *(void **)&next_signal = pq_shim_next("signal");
}

void pq_shim_on_wait(int32_t pid, int status)
{
    if (pid > 0 && pq_shim_page() && !WIFSTOPPED(status) && !WIFCONTINUED(status))
        pq_shim_bury(pq_shim_page(), pid, status);
}

PQ_SHIM_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    int own = 0;
    if (pq_shim_session_of(pid)) {
        /* The fork server inside the program need not wait: the bridge does. */
        if (status)
            *status = 0;
        return pid;
    }
    pid_t ended = (pid_t)syscall(SYS_wait4, pid, &own, options, usage);
    int error = errno;
    pq_shim_on_wait(ended, own);
    errno = error;
    if (status && ended > 0)
        *status = own;
    return ended;
}

PQ_SHIM_EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

PQ_SHIM_EXPORT pid_t wait3(int *status, int options, struct rusage *usage)
{
    return wait4(-1, status, options, usage);
}

PQ_SHIM_EXPORT pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

/* The status that waitpid() would have given. */
static int status_of(const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED)
        return (info->si_status & 0xFF) << 8;
    return info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

PQ_SHIM_EXPORT int waitid(idtype_t kind, id_t id, siginfo_t *info, int options)
{
    siginfo_t own = {.si_pid = 0};
    int result = (int)syscall(SYS_waitid, kind, id, &own, options, NULL);
    int error = errno;
    bool ended =
        own.si_code == CLD_EXITED || own.si_code == CLD_KILLED || own.si_code == CLD_DUMPED;
    if (result == 0 && own.si_pid > 0 && ended && !(options & WNOWAIT))
        pq_shim_on_wait(own.si_pid, status_of(&own));
    errno = error;
    if (info)
        *info = own;
    return result;
}

/* ---- children that nobody wants to wait for -------------------------------------------------- */

/* Waits in place of the kernel, which would throw the status away. */
static void reap_all(int signal)
{
    (void)signal;
    int error = errno;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = error;
}

static struct sigaction reaper(void)
{
    struct sigaction how = {.sa_handler = reap_all, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    return how;
}

PQ_SHIM_EXPORT int sigaction(int number, const struct sigaction *how, struct sigaction *before)
{
    if (!next_sigaction)
        resolve();
    bool throws_away = how && number == SIGCHLD &&
                       (how->sa_flags & SA_NOCLDWAIT ||
                        (!(how->sa_flags & SA_SIGINFO) && how->sa_handler == SIG_IGN));
    if (!throws_away || !pq_shim_page())
        return next_sigaction(number, how, before);
    struct sigaction ours = reaper();
    return next_sigaction(number, &ours, before);
}

PQ_SHIM_EXPORT handler_fn *signal(int number, handler_fn *handler)
{
    if (!next_signal)
        resolve();
    if (number != SIGCHLD || handler != SIG_IGN || !pq_shim_page())
        return next_signal(number, handler);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before = {.sa_handler = SIG_DFL};
    return sigaction(number, &ignore, &before) == 0 ? before.sa_handler : SIG_ERR;
}
