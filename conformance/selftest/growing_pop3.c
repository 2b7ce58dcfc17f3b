/* SPDX-License-Identifier: Apache-2.0
 *
 * A server for tests of the bridge: one process that serves one connection after the other at a
 * port, its first argument. Its second says what becomes of it: "leaks" keeps a descriptor for each
 * RSET and 64 KiB for each command that it does not know; "caches" keeps as much for each name and
 * each such command that it has not seen before, up to a number of them; "lingers" keeps as
 * much as "leaks", for some seconds. */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 65536u
#define CACHED 256u
#define KEPT_OPEN 64u
#define LINGER_S 60
#define KEPT 4096u

static int leaks, lingers;
static struct kept {
    time_t until;
    int fd;
    char *block;
} kept[KEPT];
static unsigned first, behind; /* of those that are kept for a while */
static int wire;

static void say(const char *text)
{
    if (write(wire, text, strlen(text)) < 0)
        return;
}

static int line_of(char *line, size_t cap)
{
    size_t n = 0;
    while (n + 1 < cap && read(wire, line + n, 1) == 1)
        if (line[n++] == '\n')
            break;
    line[n] = '\0';
    return n > 0;
}

static int is(const char *line, const char *verb)
{
    return strncmp(line, verb, strlen(verb)) == 0;
}

static unsigned hash_of(const char *line)
{
    unsigned hash = 5381;
    for (; *line; line++)
        hash = hash * 33 + (unsigned char)*line;
    return hash;
}

static char *block(void)
{
    char *at = malloc(BLOCK);
    return at ? memset(at, 1, BLOCK) : NULL;
}

static void keep(int fd, char *at)
{
    kept[behind++ % KEPT] = (struct kept){time(NULL) + LINGER_S, fd, at};
}

static void let_go(void)
{
    for (; first < behind && kept[first % KEPT].until <= time(NULL); first++) {
        if (kept[first % KEPT].fd >= 0)
            (void)close(kept[first % KEPT].fd);
        free(kept[first % KEPT].block);
    }
}

static void unknown(const char *line)
{
    static char *cache[CACHED];
    char **at = &cache[hash_of(line) % CACHED];
    if (lingers)
        keep(-1, block());
    else if (leaks || !*at)
        *at = block();
    say("-ERR what\r\n");
}

static void reset(void)
{
    static unsigned open;
    if (lingers)
        keep(dup(wire), NULL);
    else if (leaks || open < KEPT_OPEN)
        open += dup(wire) > 0;
    say("+OK\r\n");
}

static void session(void)
{
    char line[512];
    say("+OK ready\r\n");
    while (line_of(line, sizeof(line))) {
        if (is(line, "QUIT"))
            break;
        if (is(line, "RSET"))
            reset();
        else if (is(line, "USER") || is(line, "PASS"))
            say("+OK\r\n");
        else
            unknown(line);
    }
    say("+OK bye\r\n");
}

int main(int argc, char *argv[])
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    const int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (argc != 3)
        return 2;
    leaks = strcmp(argv[2], "leaks") == 0;
    lingers = strcmp(argv[2], "lingers") == 0;
    (void)signal(SIGPIPE, SIG_IGN);
    at.sin_port = htons((unsigned short)strtoul(argv[1], NULL, 10));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, 5) < 0)
        return 1;
    for (;;) {
        wire = accept(listener, NULL, NULL);
        if (wire < 0)
            continue;
        let_go();
        session();
        (void)shutdown(wire, SHUT_RDWR); /* a copy may be open */
        (void)close(wire);
    }
}
