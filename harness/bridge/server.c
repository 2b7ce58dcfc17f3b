/* SPDX-License-Identifier: Apache-2.0
 * The life of the server and of its sessions. */
#define _GNU_SOURCE
#include "harness/bridge/server.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/bridge/launch.h"

#define START_MS 10000u
#define SLICE_FIRST_US 100u /* between two looks, where nobody wakes us */
#define SLICE_MAX_US 2000u
#define POLL_MS 5
#define LOOKS_AGAIN 3u

/* ---- signals --------------------------------------------------------------------------------- */

/* Handlers have no argument that could carry these. */
static struct pq_shim_page *signalled_page;
static volatile sig_atomic_t told_to_end, child_ended;

static void on_signal(int number)
{
    int error = errno;
    if (number == SIGCHLD)
        child_ended = 1;
    else
        told_to_end = 1;
    if (signalled_page)
        pq_shim_changed(signalled_page);
    errno = error;
}

void pq_server_catch_signals(struct pq_server *s)
{
    struct sigaction how = {.sa_handler = on_signal, .sa_flags = SA_NOCLDSTOP};
    signalled_page = s->page;
    (void)sigaction(SIGCHLD, &how, NULL);
    (void)sigaction(SIGTERM, &how, NULL);
    (void)sigaction(SIGINT, &how, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

bool pq_server_told_to_end(void)
{
    return told_to_end;
}

/* ---- making it ------------------------------------------------------------------------------- */

static void note_programs(struct pq_server *s)
{
    const struct pq_map *m = s->map;
    for (size_t i = 0; i < PQ_SHIM_EXES; i++)
        s->page->exes[i].map = -1;
    for (size_t i = 0; i < m->regions_len && m->regions_len > 1 && i < PQ_SHIM_EXES; i++) {
        struct pq_shim_exe *exe = &s->page->exes[i];
        size_t len = strlen(m->regions[i].path);
        memcpy(exe->path, m->regions[i].path, len < PQ_SHIM_PATH ? len : PQ_SHIM_PATH - 1);
        exe->map = m->regions[i].id;
        atomic_store(&s->page->exes_len, (uint32_t)i + 1);
    }
}

static void empty_slots(struct pq_server *s)
{
    for (size_t i = 0; i < PQ_SHIM_SLOTS; i++)
        atomic_store(&s->page->slots[i].pid, -1);
}

bool pq_server_init(struct pq_server *s, const struct pq_options *o, const struct pq_map *map)
{
    *s = (struct pq_server){.o = o, .map = map, .pid = -1, .port = o->port};
    s->sessions = s->commands = s->answers = -1;
    pq_watch_init(&s->watch);
    s->page_fd = memfd_create("popquiz", MFD_CLOEXEC);
    s->ears = memfd_create("popquiz", MFD_CLOEXEC);
    if (s->page_fd < 0 || s->ears < 0 || ftruncate(s->page_fd, (off_t)sizeof(*s->page)) < 0) {
        perror("popquiz-bridge: shared memory");
        return false;
    }
    s->page = mmap(NULL, sizeof(*s->page), PROT_READ | PROT_WRITE, MAP_SHARED, s->page_fd, 0);
    if (s->page == MAP_FAILED)
        return false;
    (void)fcntl(s->ears, F_SETFL, O_APPEND); /* it is emptied while the server writes */
    s->page->magic = PQ_SHIM_MAGIC;
    s->page->flags = o->fix;
    note_programs(s);
    empty_slots(s);
    return true;
}

/* ---- starting -------------------------------------------------------------------------------- */

static bool fail(struct pq_server *s, const char *what)
{
    (void)pq_why_fail(&s->why, PQ_STATUS_NET, "%s", what);
    return false;
}

/* The fork server inside the program greets. Newer versions want to be asked about more than we
 * need; none of it is taken. */
static bool await_hello(struct pq_server *s)
{
    struct pollfd one = {.fd = s->answers, .events = POLLIN};
    uint32_t hello = 0;
    int ready = 0;
    do
        ready = poll(&one, 1, (int)START_MS);
    while (ready < 0 && errno == EINTR && !told_to_end);
    if (ready <= 0 || read(s->answers, &hello, sizeof(hello)) != (ssize_t)sizeof(hello))
        return fail(s, "the fork server inside the program does not answer");
    const uint32_t shared_input = 0x01000000u, dictionary = 0x10000000u, enabled = 0x80000001u;
    bool asks = hello & enabled && hello & (shared_input | dictionary);
    return (!asks || write(s->commands, &enabled, sizeof(enabled)) == (ssize_t)sizeof(enabled)) &&
           fcntl(s->answers, F_SETFL, O_NONBLOCK) == 0;
}

static bool is_up(struct pq_server *s)
{
    struct pq_stream probe;
    pq_stream_init(&probe, NULL);
    bool up = pq_server_connect(s, &probe);
    pq_stream_close(&probe);
    return up;
}

static bool await_listener(struct pq_server *s)
{
    uint64_t deadline = pq_io_deadline(pq_io_system(), START_MS);
    while (!is_up(s)) {
        pq_server_reap(s);
        if (s->pid < 0)
            return fail(s, "the server, or a program beside it, ended before it took a connection");
        if (told_to_end || pq_io_left_ms(pq_io_system(), deadline) == 0)
            return fail(s, "the server takes no connection");
        (void)poll(NULL, 0, POLL_MS);
    }
    return true;
}

/* Only a server that was not there before can be ours. */
static bool is_port_free(struct pq_server *s)
{
    if (s->o->connect == PQ_CONNECT_STDIO || !is_up(s))
        return true;
    return fail(s, "somebody else listens there already");
}

/* Until all of them wait for something; what runs beside the server may still be starting. */
static void settle_in(struct pq_server *s)
{
    uint32_t ms = s->o->besides.len > 0 ? START_MS : s->o->patience_ms;
    (void)pq_server_wait(s, pq_io_deadline(pq_io_system(), ms), NULL, NULL);
    s->processes = pq_watch_count(s->page);
}

static bool start_once(struct pq_server *s)
{
    bool fork_server = s->o->connect == PQ_CONNECT_STDIO && pq_map_has_fork_server(s->map);
    empty_slots(s);
    pq_server_forget(s);
    atomic_store(&s->page->deaths_len, 0);
    atomic_store(&s->page->later_s, 0);
    s->page->flags = s->o->fix | (fork_server ? PQ_SHIM_SESSIONS : 0);
    if (!pq_launch_besides(s))
        return false;
    if (s->o->connect == PQ_CONNECT_STDIO && !fork_server) {
        settle_in(s);
        return true; /* each session is a server of its own */
    }
    if (!pq_launch_port(s) || !is_port_free(s) || !pq_launch(s, fork_server))
        return false;
    if (fork_server ? !await_hello(s) : !await_listener(s))
        return false;
    settle_in(s);
    s->processes = pq_watch_count(s->page);
    s->starts++;
    return s->pid > 0 || fail(s, "the server, or a program beside it, ended at once");
}

/* One that ran before can run: the port that it was given may be somebody else's by now. */
bool pq_server_start(struct pq_server *s)
{
    bool ran_before = s->starts > 0;
    if (start_once(s))
        return true;
    if (!ran_before)
        return false;
    pq_server_stop(s);
    return start_once(s);
}

void pq_server_stop(struct pq_server *s)
{
    pq_procs_kill_all();
    pq_watch_clear(&s->watch);
    pq_launch_close(s);
    empty_slots(s);
    s->pid = -1;
}

/* ---- connections ----------------------------------------------------------------------------- */

static bool connect_to(struct pq_server *s, struct pq_stream *stream)
{
    struct pq_endpoints to = {.len = 0};
    struct pq_addr addr = {.kind = PQ_ADDR_TCP, .port = s->port, .host = "127.0.0.1"};
    if (s->o->connect == PQ_CONNECT_UNIX) {
        addr.kind = PQ_ADDR_UNIX;
        memcpy(addr.path, s->o->path, sizeof(addr.path));
    }
    if (pq_addr_resolve(&addr, &to, &s->why) != PQ_STATUS_OK)
        return false;
    if (pq_stream_connect(stream, &to, pq_io_deadline(pq_io_system(), s->o->patience_ms)) ==
        PQ_STATUS_OK)
        return true;
    s->why = stream->why;
    return false;
}

bool pq_server_connect(struct pq_server *s, struct pq_stream *stream)
{
    int ends[2];
    if (s->o->connect != PQ_CONNECT_STDIO)
        return connect_to(s, stream);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return fail(s, "no socket can be made");
    pq_server_mark(s);
    s->beginning = true;
    bool begun = pq_launch_session(s, ends[1]);
    (void)close(ends[1]);
    bool open = pq_stream_from_fd(stream, ends[0], ends[0]) == PQ_STATUS_OK;
    return (begun && open) || fail(s, "no session can be begun");
}

/* ---- watching -------------------------------------------------------------------------------- */

static bool is_beside(const struct pq_server *s, pid_t pid)
{
    bool found = false;
    for (size_t i = 0; i < s->o->besides.len; i++)
        found = found || s->besides[i] == pid;
    return found;
}

void pq_server_reap(struct pq_server *s)
{
    int status = 0;
    if (!child_ended)
        return;
    child_ended = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        pq_shim_bury(s->page, pid, status);
        bool beside = is_beside(s, pid);
        if (pid == s->pid || beside) {
            s->pid = -1;
            s->ended = beside ? SIGKILL : status; /* alone, the server is of no use */
        }
    }
}

static void sleep_until_changed(struct pq_server *s, uint32_t seen, uint32_t us)
{
    struct timespec slice = {.tv_nsec = (long)us * 1000};
    atomic_store(&s->page->waiting, 1);
    (void)syscall(SYS_futex, &s->page->changes, FUTEX_WAIT, seen, &slice, NULL, 0);
    atomic_store(&s->page->waiting, 0);
}

/* One look takes its time: of two processes, one may wake the other while we look at the third. So
 * with several it takes two looks between which nobody has begun to wait, or ended. The fork server
 * inside the program has nothing to do but to begin a session, and is left out else. */
static bool is_quiet(struct pq_server *s)
{
    uint32_t seen = atomic_load(&s->page->changes);
    pid_t but = s->sessions >= 0 && !s->beginning ? s->pid : -1;
    size_t n = 0;
    if (!pq_watch_is_quiet(&s->watch, s->page, but, &n))
        return false;
    return (n <= 1 || pq_watch_is_quiet(&s->watch, s->page, but, &n)) &&
           atomic_load(&s->page->changes) == seen;
}

enum pq_quiet pq_server_wait(struct pq_server *s, uint64_t deadline, pq_meanwhile_fn *meanwhile,
                             void *ctx)
{
    uint32_t slice = SLICE_FIRST_US, again = 0;
    bool alone = s->o->connect == PQ_CONNECT_STDIO && s->sessions < 0;
    if (atomic_load(&s->page->changes) == s->mark)
        sleep_until_changed(s, s->mark, slice);
    for (;;) {
        uint32_t seen = atomic_load(&s->page->changes);
        pq_server_reap(s);
        if (s->pid < 0 && !alone)
            return PQ_QUIET_DEAD;
        if (is_quiet(s)) {
            s->beginning = false;
            return PQ_QUIET;
        }
        if (told_to_end || pq_io_left_ms(pq_io_system(), deadline) == 0)
            return PQ_QUIET_BUSY;
        /* Whoever woke us was about to sleep, and may not have come to it yet. */
        if (again++ < LOOKS_AGAIN) {
            (void)sched_yield();
            continue;
        }
        again = 0;
        sleep_until_changed(s, seen, slice);
        if (atomic_load(&s->page->changes) == seen) {
            slice = slice * 2 < SLICE_MAX_US ? slice * 2 : SLICE_MAX_US;
            if (meanwhile)
                meanwhile(ctx);
        }
    }
}

void pq_server_mark(struct pq_server *s)
{
    s->mark = atomic_load(&s->page->changes);
}

bool pq_server_await_sessions(struct pq_server *s, size_t spare, uint32_t ms)
{
    uint64_t deadline = pq_io_deadline(pq_io_system(), ms);
    for (;;) {
        uint32_t seen = atomic_load(&s->page->changes);
        pq_server_reap(s);
        if (pq_watch_count(s->page) <= s->processes + spare)
            return true;
        if (pq_io_left_ms(pq_io_system(), deadline) == 0)
            return false;
        sleep_until_changed(s, seen, SLICE_MAX_US);
    }
}

/* ---- what it says ---------------------------------------------------------------------------- */

size_t pq_server_said(const struct pq_server *s, char *at, size_t cap)
{
    off_t len = lseek(s->ears, 0, SEEK_END);
    off_t from = len > (off_t)cap ? len - (off_t)cap : 0;
    ssize_t n = len > 0 ? pread(s->ears, at, cap, from) : 0;
    return n > 0 ? (size_t)n : 0;
}

void pq_server_forget(struct pq_server *s)
{
    if (lseek(s->ears, 0, SEEK_END) > 0 && ftruncate(s->ears, 0) < 0)
        (void)pq_why_errno(&s->why, PQ_STATUS_FILE, errno, "what it said cannot be forgotten");
}
