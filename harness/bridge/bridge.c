/* SPDX-License-Identifier: Apache-2.0
 * The program. Two processes: the one that was started guards, the other works. Whichever of them
 * is killed, the other ends all that was begun; the server itself dies with the worker. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/bridge/fuzz.h"

static int work(const struct pq_options *o)
{
    static struct pq_player player;
    int status = 3;
    pq_procs_adopt();
    if (!getenv(PQ_AFL_COMPARES)) /* a twin takes no processor away from those that fuzz */
        pq_procs_settle_down();
    if (pq_player_init(&player, o))
        switch (o->task) {
        case PQ_DO_FUZZ:
            status = pq_fuzz(&player);
            break;
        case PQ_DO_PLAY:
        case PQ_DO_GROWTH:
            status = pq_play_files(&player);
            break;
        case PQ_DO_SELF_TEST:
            status = pq_self_test(&player);
            break;
        }
    pq_player_free(&player);
    return status;
}

/* AFL++ sees the end of the worker only when nobody else holds these. */
static void leave_to_worker(void)
{
    (void)close(PQ_AFL_FD);
    (void)close(PQ_AFL_FD + 1);
    (void)signal(SIGINT, SIG_IGN); /* the terminal tells the worker, too */
}

/* Waits for the worker, reaps what comes to us meanwhile, and leaves nothing behind. */
static int guard(pid_t worker)
{
    int status = 0;
    pid_t ended = 0;
    do
        ended = waitpid(-1, &status, 0);
    while (ended != worker && (ended > 0 || errno == EINTR));
    pq_procs_kill_all();
    return status;
}

static int end_alike(int status)
{
    const struct rlimit none = {0, 0};
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code <= 128)
        return code;
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(code - 128, SIG_DFL);
    (void)raise(code - 128);
    return code;
}

/* AFL++ starts the program of its -c by the words of the other one, which holds a port and a
 * maildrop that belong to another server. What the fuzzer has open goes: one end of a pipe is held
 * by it alone, so that its other bridge sees when it is gone. */
static int become_twin(const char *program)
{
    char *words[] = {NULL, NULL};
    memcpy(&words[0], &program, sizeof(words[0])); /* POSIX takes the const away */
    (void)close_range(STDERR_FILENO + 1, PQ_AFL_FD - 1, 0);
    (void)close_range(PQ_AFL_FD + 2, ~0u, 0);
    (void)execv(program, words);
    perror(program);
    return 3;
}

int main(int argc, char *argv[])
{
    static struct pq_options options;
    if (!pq_options_read(argc, argv, &options))
        return 2;
    if (options.twin && getenv(PQ_AFL_COMPARES))
        return become_twin(options.twin);
    pq_procs_adopt();
    pid_t guardian = getpid(), worker = fork();
    if (worker == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
        return getppid() == guardian ? work(&options) : 3;
    }
    if (worker < 0) {
        perror("popquiz-bridge");
        return 3;
    }
    leave_to_worker();
    return end_alike(guard(worker));
}
