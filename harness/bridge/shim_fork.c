/* SPDX-License-Identifier: Apache-2.0
 * The shim's view of new processes: each has a slot before it begins. Where the first process is a
 * fork server (AFL++'s, which is inside the program), its children are sessions: they become
 * children of the bridge, and each takes the socket that the bridge has sent. So several sessions
 * can run at the same time, and exec is paid once. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/bridge/shim.h"

/* ---- what is behind the shim ------------------------------------------------------------------ */

typedef pid_t fork_fn(void);

static fork_fn *next_fork;

/* Early, so that it is not done in every session. */
__attribute__((constructor)) static void resolve(void)
{
    *(void **)&next_fork = pq_shim_next("fork");
}

static bool is_fork_server(void)
{
    uint32_t slot = pq_shim_own_slot();
    return pq_shim_has(PQ_SHIM_SESSIONS) && slot < PQ_SHIM_SLOTS &&
           atomic_load(&pq_shim_page()->slots[slot].depth) == 0;
}

bool pq_shim_session_of(pid_t pid)
{
    return pid > 0 && is_fork_server();
}

static uint32_t slot_for_child(void)
{
    struct pq_shim_page *page = pq_shim_page();
    uint32_t own = pq_shim_own_slot();
    bool known = own < PQ_SHIM_SLOTS;
    uint32_t depth = known ? atomic_load(&page->slots[own].depth) + 1 : 2;
    return pq_shim_take(page, depth, known ? atomic_load(&page->slots[own].exe) : 0);
}

static void give_back(uint32_t slot)
{
    if (slot < PQ_SHIM_SLOTS)
        atomic_store(&pq_shim_page()->slots[slot].pid, -1);
}

/* A socket that came over the socket PQ_SHIM_FD_SESSION; -1 when none did. */
static int receive_socket(void)
{
    char octet = 0;
    struct iovec one = {.iov_base = &octet, .iov_len = 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &one,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    if (syscall(SYS_recvmsg, PQ_SHIM_FD_SESSION, &message, 0) != 1)
        return -1;
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    int fd = -1;
    if (first && first->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(first), sizeof(fd));
    return fd;
}

static void take_session(void)
{
    int fd = receive_socket();
    if (fd < 0)
        _exit(1);
    (void)dup2(fd, STDIN_FILENO);
    (void)dup2(fd, STDOUT_FILENO);
    (void)syscall(SYS_close, fd);
    (void)syscall(SYS_close, PQ_SHIM_FD_SESSION);
}

/* The child is a child of our parent, the bridge. */
static pid_t fork_session(uint32_t slot)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        pq_shim_adopt(slot);
        take_session();
    }
    return pid;
}

PQ_SHIM_EXPORT pid_t fork(void)
{
    if (!next_fork)
        resolve();
    if (!pq_shim_page())
        return next_fork();
    uint32_t slot = slot_for_child();
    pid_t pid = -1;
    if (is_fork_server()) {
        pid = fork_session(slot);
    } else {
        pid = next_fork();
        if (pid == 0)
            pq_shim_adopt(slot);
    }
    if (pid < 0)
        give_back(slot);
    return pid;
}

/* A child that shares our memory could not have a slot of its own. */
PQ_SHIM_EXPORT pid_t vfork(void)
{
    return fork();
}
