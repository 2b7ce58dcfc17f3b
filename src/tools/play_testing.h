/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of popquiz-play share: a responder in a child process, and files in a folder.
 * Included by *_test.c only, with _DEFAULT_SOURCE defined.
 */
#ifndef PQ_TOOLS_PLAY_TESTING_H
#define PQ_TOOLS_PLAY_TESTING_H

#include "dialogue/player/server_testing.h"

#include <signal.h>
#include <sys/wait.h>

/* ---- a server in a child process ------------------------------------------------------------- */

static const struct reply replies[] = {
    {"USER", "+OK\r\n", DEED_NONE},
    {"PASS secret", "+OK\r\n", DEED_NONE},
    {"PASS", "-ERR no\r\n", DEED_NONE},
    {"STAT", "+OK 1 5\r\n", DEED_NONE},
    {"QUIT", "+OK bye\r\n", DEED_CLOSE},
    {"MUTE", NULL, DEED_NONE},
    {"ECHO", "-ERR PASS secret\r\n", DEED_NONE},
    {NULL, "+OK\r\n", DEED_NONE},
};

static struct test_folder folder;
static pid_t child;
static char address[64];

static inline int set_up(void **state)
{
    (void)state;
    static struct server server;
    folder = folder_make();
    server_start(&server, NULL, replies);
    (void)snprintf(address, sizeof(address), "tcp://127.0.0.1:%u", server.plain.addr.port);
    child = fork();
    if (child == 0) {
        (void)alarm(60);
        for (;;) {
            server_step(&server);
            (void)usleep(100);
        }
    }
    server_stop(&server);
    return child > 0 ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    folder_remove(&folder);
    return 0;
}

/* Writes a file of the folder; its path lives until the next call but three. */
static inline const char *file_of(const char *name, const char *text)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder.path, name);
    file_write(path, pq_slice_text(text));
    return path;
}

#define HEAD "#!dlg 1\nid: x\nreq: RFC1939-5-001\n"
#define CASE                                                                                       \
    HEAD "state: transaction\n---\n[test]\nC: STAT\nS: +OK {n:int} {:int}\n@assert n == 1\n"

#endif
