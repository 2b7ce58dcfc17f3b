/* SPDX-License-Identifier: Apache-2.0
 * A proxy for tests: it greets, takes USER, and with the first PASS hands a connection on to the
 * server whose port is in the file of its second argument. A child for each connection; "DELE 2"
 * behind the login makes it write to NULL. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 4096

static int open_socket(const char *port, bool listens)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    int failed = listens ? bind(fd, (const struct sockaddr *)&at, sizeof(at)) || listen(fd, 8)
                         : connect(fd, (const struct sockaddr *)&at, sizeof(at));
    if (failed)
        exit(1);
    return fd;
}

static void say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

/* One line with its end, or what is left of one. */
static size_t hear(int fd, char *line)
{
    size_t n = 0;
    while (n < ROOM - 1 && read(fd, line + n, 1) == 1 && line[n++] != '\n')
        continue;
    line[n] = '\0';
    return n;
}

static void relay(int client, int server)
{
    struct pollfd both[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    char octets[ROOM];
    while (poll(both, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            ssize_t n = both[i].revents ? read(both[i].fd, octets, sizeof(octets)) : -1;
            if (n == 0)
                return;
            if (i == 0 && n >= 6 && strncasecmp(octets, "DELE 2", 6) == 0)
                *(volatile char *)NULL = 1;
            if (n > 0)
                (void)!write(both[1 - i].fd, octets, (size_t)n);
        }
    }
}

static int log_in(const char *where_path, const char *user, const char *pass)
{
    char port[16] = "", line[ROOM];
    FILE *where = fopen(where_path, "r");
    if (!where || !fgets(port, sizeof(port), where))
        exit(1);
    int server = open_socket(port, false);
    (void)hear(server, line);
    say(server, user);
    (void)hear(server, line);
    say(server, pass);
    return server;
}

static void serve(int client, const char *where_path)
{
    char line[ROOM], user[ROOM] = "USER nobody\r\n";
    say(client, "+OK relay\r\n");
    while (hear(client, line) > 0) {
        if (strncasecmp(line, "PASS ", 5) == 0) {
            relay(client, log_in(where_path, user, line));
            return;
        }
        bool named = strncasecmp(line, "USER ", 5) == 0;
        if (named)
            memcpy(user, line, sizeof(user));
        say(client, named ? "+OK\r\n" : "-ERR not before the login\r\n");
    }
}

int main(int argc, char *argv[])
{
    int listener = argc > 2 ? open_socket(argv[1], true) : -1;
    (void)signal(SIGCHLD, SIG_IGN);
    for (int client = accept(listener, NULL, NULL); client >= 0;
         client = accept(listener, NULL, NULL)) {
        if (fork() == 0) {
            serve(client, argv[2]);
            return 0;
        }
        (void)close(client);
    }
    return 1;
}
