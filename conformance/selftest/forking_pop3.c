/* SPDX-License-Identifier: Apache-2.0
 *
 * A server for tests of the bridge: a listener (with a port or the path of a socket as its
 * argument) or one session on stdin (without), a process for each session, and another one below
 * it that checks passwords. It does as little of POP3 as its tests need, and on request what
 * servers must not do. */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *text)
{
    if (write(1, text, strlen(text)) < 0)
        _exit(1);
}

static int line_of(char *line, size_t cap)
{
    size_t n = 0;
    while (n + 1 < cap && read(0, line + n, 1) == 1)
        if (line[n++] == '\n')
            break;
    line[n] = '\0';
    return n > 0;
}

static int is(const char *line, const char *verb)
{
    return strncmp(line, verb, strlen(verb)) == 0;
}

/* A process below the session's looks at a name; status 0: it is known. */
static int ask_child(const char *line)
{
    int status = 1;
    pid_t child = fork();
    if (child == 0) {
        if (is(line, "PASS child"))
            *(volatile int *)0 = 1;
        _exit(is(line, "PASS good") ? 0 : 1);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void pass(const char *line)
{
    if (ask_child(line) == 0) {
        say("+OK 1 message\r\n");
    } else {
        sleep(2); /* as servers do against guessing */
        say("-ERR wrong\r\n");
    }
}

static void linger(void)
{
    if (fork() == 0) {
        (void)setsid();
        for (;;)
            pause();
    }
    say("+OK\r\n");
}

static void die(void)
{
    (void)fprintf(stderr, "aborting\n");
    abort();
}

static void throw_stderr_away(void)
{
    int nothing = open("/dev/null", O_WRONLY);
    say(dup2(nothing, 2) == 2 ? "+OK\r\n" : "-ERR\r\n");
    (void)close(nothing);
}

/* Its stderr is a log of its own, and it can open no file (as root, that is). */
static void hide(void)
{
    int log = open(getenv("DROP") ? getenv("DROP") : "/dev/null", O_WRONLY | O_CREAT, 0600);
    say(dup2(log, 2) == 2 && (geteuid() != 0 || chroot("/proc") == 0) ? "+OK\r\n" : "-ERR\r\n");
    (void)close(log);
}

/* No one waits for who crashes. */
static void crash_behind(void)
{
    if (fork() == 0 && daemon(1, 1) == 0)
        *(volatile int *)0 = 1;
    say("+OK\r\n");
}

static void keep(const char *line)
{
    FILE *file = fopen(getenv("DROP") ? getenv("DROP") : "/dev/null", "a");
    if (file) {
        fputs(line, file);
        fclose(file);
    }
    say("+OK\r\n");
}

/* Nobody guesses eight octets. */
static void open_sesame(const char *word)
{
    unsigned long long octets = 0;
    if (strlen(word) >= sizeof(octets))
        memcpy(&octets, word, sizeof(octets));
    if (octets == 0x6b4a295f8e7d1c3bULL)
        *(volatile int *)0 = 1;
    say("+OK\r\n");
}

static void obey(const char *line)
{
    if (is(line, "PASS"))
        pass(line);
    else if (is(line, "USER"))
        say("+OK\r\n");
    else if (is(line, "LIST"))
        say("+OK\r\n1 10\r\n.\r\n");
    else if (is(line, "DELE"))
        keep(line);
    else if (is(line, "XLINGER"))
        linger();
    else if (is(line, "XQUIET"))
        throw_stderr_away();
    else if (is(line, "XHIDE"))
        hide();
    else if (is(line, "XDAEMON"))
        crash_behind();
    else if (is(line, "XABORT"))
        die();
    else if (is(line, "XYZZY "))
        open_sesame(line + strlen("XYZZY "));
    else if (is(line, "XSTOP"))
        (void)kill(getppid(), SIGTERM);
    else if (is(line, "XPARENT"))
        (void)kill(getppid(), SIGKILL);
    else
        say("-ERR what\r\n");
}

static void session(void)
{
    char line[512];
    volatile unsigned spins = 0;
    say("+OK ready\r\n");
    while (line_of(line, sizeof(line))) {
        while (is(line, "XSPIN"))
            spins++;
        if (is(line, "QUIT"))
            break;
        obey(line);
    }
    say("+OK bye\r\n");
}

static void on_child(int number)
{
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

static void on_term(int number)
{
    (void)number;
    _exit(0);
}

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    (void)unlink(path);
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 5) < 0)
        exit(1);
    return fd;
}

static int listen_on(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 5) < 0)
        exit(1);
    return fd;
}

int main(int argc, char *argv[])
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        session();
        return 0;
    }
    unsigned port = (unsigned)strtoul(argv[1], NULL, 10);
    int listener = port ? listen_on(port) : listen_at(argv[1]);
    (void)signal(SIGCHLD, on_child);
    (void)signal(SIGTERM, on_term);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            (void)signal(SIGCHLD, SIG_DFL);
            (void)dup2(fd, 0);
            (void)dup2(fd, 1);
            session();
            return 0;
        }
        if (fd >= 0)
            (void)close(fd);
    }
}
