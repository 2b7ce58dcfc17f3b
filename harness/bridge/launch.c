/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "harness/bridge/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/listen.h"

#define WORDS_MAX 256u
#define DESCRIPTORS 1024u /* many servers close all that there can be, in each session */
#define BESIDE_DEPTH 2u   /* neither the server nor a session */
#define PORT_NAME "{port}"
#define SHIM_NAME "popquiz-shim.so"

/* What a sanitizer does, unless somebody has said otherwise. */
static const char *const sanitizers[][2] = {
    {"ASAN_OPTIONS", "abort_on_error=1:detect_leaks=0:symbolize=0:detect_odr_violation=0"},
    {"UBSAN_OPTIONS", "abort_on_error=1:halt_on_error=1:print_stacktrace=1:symbolize=0"},
    {"MSAN_OPTIONS", "abort_on_error=1:symbolize=0"},
};

static bool fail(struct pq_server *s, const char *what)
{
    (void)pq_why_errno(&s->why, PQ_STATUS_NET, errno, "%s", what);
    return false;
}

bool pq_launch_port(struct pq_server *s)
{
    struct pq_addr any = {.kind = PQ_ADDR_TCP, .host = "127.0.0.1"};
    struct pq_listener probe;
    if (s->o->connect != PQ_CONNECT_TCP || s->port != 0)
        return true;
    if (pq_listener_open(&probe, &any, false, &s->why) != PQ_STATUS_OK)
        return false;
    s->port = probe.addr.port;
    pq_listener_close(&probe);
    return true;
}

/* ---- in the child ---------------------------------------------------------------------------- */

static void set_number(const char *name, size_t number)
{
    char text[PQ_U64_TEXT_MAX + 1];
    (void)snprintf(text, sizeof(text), "%zu", number);
    (void)setenv(name, text, 1);
}

/* The shim lies beside this program. */
static void set_shim(void)
{
    char path[4096], both[8192];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(SHIM_NAME));
    size_t len = n > 0 ? (size_t)n : 0;
    while (len > 0 && path[len - 1] != '/')
        len--;
    memcpy(path + len, SHIM_NAME, sizeof(SHIM_NAME));
    const char *others = getenv("LD_PRELOAD");
    (void)snprintf(both, sizeof(both), "%s%s%s", path, others ? ":" : "", others ? others : "");
    (void)setenv("LD_PRELOAD", both, 1);
    (void)setenv(PQ_SHIM_MARK, "1", 1);
}

/* For the server itself, and for any program that is not told where to write. */
static int32_t first_region(const struct pq_map *m)
{
    for (size_t i = 0; i < m->regions_len; i++)
        if (m->regions[i].id >= 0)
            return m->regions[i].id;
    return m->id;
}

static void set_environment(const struct pq_server *s)
{
    const struct pq_map *m = s->map;
    bool several = m->regions_len > 1;
    for (size_t i = 0; i < sizeof(sanitizers) / sizeof(sanitizers[0]); i++)
        (void)setenv(sanitizers[i][0], sanitizers[i][1], 0);
    set_shim();
    set_number("__AFL_SHM_ID", (size_t)(several ? first_region(m) : m->id));
    set_number("AFL_MAP_SIZE", m->len);
    (void)unsetenv("__AFL_SHM_FUZZ_ID");
    (void)setenv("LD_BIND_NOW", "1", 1); /* once, and not in each session */
}

/* The words of the server, with the port filled in. They live until exec. */
static char **command_of(const struct pq_server *s)
{
    static char *words[WORDS_MAX + 1];
    char port[8];
    (void)snprintf(port, sizeof(port), "%u", (unsigned)s->port);
    size_t n = 0;
    for (; s->o->server[n] && n < WORDS_MAX; n++) {
        char *word = s->o->server[n], *name = strstr(word, PORT_NAME);
        words[n] = word;
        if (name && asprintf(&words[n], "%.*s%s%s", (int)(name - word), word, port,
                             name + strlen(PORT_NAME)) < 0)
            _exit(126);
    }
    return words;
}

/* Puts a descriptor in its place, to live through exec; `-1` leaves the place empty. */
static void place(int fd, int at)
{
    if (fd < 0)
        (void)close(at);
    else if (fd != at)
        (void)dup2(fd, at);
    else
        (void)fcntl(fd, F_SETFD, 0);
}

struct ends {
    int wire;              /* stdin and stdout; -1: nothing */
    int sessions;          /* our sockets come here */
    int commands, answers; /* of the fork server */
    const char *beside;    /* a program that is not the server; NULL: the server */
};

static void place_all(const struct pq_server *s, const struct ends *e)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    place(e->wire >= 0 ? e->wire : nothing, STDIN_FILENO);
    place(e->wire >= 0 ? e->wire : s->ears, STDOUT_FILENO);
    place(s->ears, STDERR_FILENO);
    place(s->page_fd, PQ_SHIM_FD_PAGE);
    place(s->ears, PQ_SHIM_FD_EARS);
    place(e->sessions, PQ_SHIM_FD_SESSION);
    place(e->commands, PQ_AFL_FD);
    place(e->answers, PQ_AFL_FD + 1);
}

static void limit_itself(void)
{
    const struct rlimit none = {0, 0}, usual = {DESCRIPTORS, DESCRIPTORS};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)setrlimit(RLIMIT_NOFILE, &usual);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)setsid();
    for (int number = 1; number < 32; number++)
        (void)signal(number, SIG_DFL);
}

static _Noreturn void become_server(struct pq_server *s, uint32_t slot, const struct ends *e)
{
    limit_itself();
    atomic_store(&s->page->slots[slot].pid, (int32_t)getpid());
    char *alone[] = {NULL, NULL};
    memcpy(&alone[0], &e->beside, sizeof(alone[0])); /* POSIX takes the const away */
    char **words = e->beside ? alone : command_of(s);
    set_environment(s);
    if (e->beside) { /* what it covers is not asked for */
        (void)unsetenv("__AFL_SHM_ID");
        (void)unsetenv("__AFL_CMPLOG_SHM_ID");
    }
    place_all(s, e);
    (void)execvp(words[0], words);
    (void)fprintf(stderr, "popquiz-bridge: %s: %s\n", words[0], strerror(errno));
    _exit(127);
}

/* ---- in the bridge --------------------------------------------------------------------------- */

static pid_t begin(struct pq_server *s, uint32_t depth, const struct ends *e)
{
    uint32_t slot = pq_shim_take(s->page, depth, 0);
    if (slot == PQ_SHIM_SLOTS)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        become_server(s, slot, e);
    if (pid < 0)
        atomic_store(&s->page->slots[slot].pid, -1);
    return pid;
}

static void close_two(const int ends[2])
{
    for (size_t i = 0; i < 2; i++)
        if (ends[i] >= 0)
            (void)close(ends[i]);
}

static bool launch_fork_server(struct pq_server *s)
{
    int commands[2] = {-1, -1}, answers[2] = {-1, -1}, sessions[2] = {-1, -1};
    bool made = pipe2(commands, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0 &&
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sessions) == 0;
    struct ends e = {
        .wire = -1, .sessions = sessions[1], .commands = commands[0], .answers = answers[1]};
    s->pid = made ? begin(s, 0, &e) : -1;
    if (s->pid < 0) {
        close_two(commands);
        close_two(answers);
        close_two(sessions);
        return fail(s, "the server cannot be started");
    }
    (void)close(commands[0]);
    (void)close(answers[1]);
    (void)close(sessions[1]);
    s->commands = commands[1];
    s->answers = answers[0];
    s->sessions = sessions[0];
    return true;
}

bool pq_launch(struct pq_server *s, bool fork_server)
{
    const struct ends none = {.wire = -1, .sessions = -1, .commands = -1, .answers = -1};
    if (fork_server)
        return launch_fork_server(s);
    s->pid = begin(s, 0, &none);
    return s->pid > 0 || fail(s, "the server cannot be started");
}

bool pq_launch_besides(struct pq_server *s)
{
    for (size_t i = 0; i < s->o->besides.len; i++) {
        const char *path = s->o->besides.each[i];
        const struct ends e = {
            .wire = -1, .sessions = -1, .commands = -1, .answers = -1, .beside = path};
        s->besides[i] = begin(s, BESIDE_DEPTH, &e);
        if (s->besides[i] < 0)
            return fail(s, path);
    }
    return true;
}

void pq_launch_close(struct pq_server *s)
{
    int *const all[] = {&s->commands, &s->answers, &s->sessions};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (*all[i] >= 0)
            (void)close(*all[i]);
        *all[i] = -1;
    }
}

static bool send_socket(int to, int fd)
{
    char octet = 0;
    struct iovec one = {.iov_base = &octet, .iov_len = 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {.msg_iov = &one,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(first), &fd, sizeof(fd));
    return sendmsg(to, &message, MSG_NOSIGNAL) == 1;
}

/* The fork server tells pids and, as it need not wait, at once that its child has ended. Nobody
 * needs to know: the child has a slot of the page before it begins. */
static bool ask_fork_server(struct pq_server *s, int fd)
{
    const int32_t nobody_was_killed = 0;
    char answers[256];
    while (read(s->answers, answers, sizeof(answers)) > 0)
        continue;
    return send_socket(s->sessions, fd) &&
           write(s->commands, &nobody_was_killed, sizeof(nobody_was_killed)) ==
               (ssize_t)sizeof(nobody_was_killed);
}

bool pq_launch_session(struct pq_server *s, int fd)
{
    if (s->sessions >= 0)
        return ask_fork_server(s, fd);
    const struct ends e = {.wire = fd, .sessions = -1, .commands = -1, .answers = -1};
    return begin(s, 1, &e) > 0;
}
