/* SPDX-License-Identifier: Apache-2.0
 * The fork-server protocol of AFL++ 4.04: a hello, and for each case four octets in, the pid of
 * whom to kill when the case takes too long, and the wait status. */
#define _DEFAULT_SOURCE
#include "harness/bridge/fuzz.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/bridge/growth.h"
#include "tools/file.h"

#define HELLO_ENABLED 0x80000001u
#define HELLO_MAP_SIZE 0x40000000u
#define HELLO_COMPARES 0x02000000u /* they are written down as AFL++ 4 does it */

static bool say(uint32_t number)
{
    return write(PQ_AFL_FD + 1, &number, sizeof(number)) == (ssize_t)sizeof(number);
}

/* False at the end: AFL++ is gone. */
static bool hear(uint32_t *number)
{
    ssize_t n = 0;
    do
        n = read(PQ_AFL_FD, number, sizeof(*number));
    while (n < 0 && errno == EINTR && !pq_server_told_to_end());
    return n == (ssize_t)sizeof(*number);
}

/* AFL++ writes each input to the file that is our stdin. */
static struct pq_slice read_input(uint8_t *room)
{
    ssize_t n = 0;
    size_t len = 0;
    do {
        n = pread(STDIN_FILENO, room + len, PQ_CASE_MAX - len, (off_t)len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && len < PQ_CASE_MAX);
    return pq_slice_of(room, len);
}

/* The wait status that AFL++ is told. */
static uint32_t status_of(const struct pq_outcome *out)
{
    switch (out->came) {
    case PQ_CAME_CRASH:
        return WIFSIGNALED(out->death.status) ? (uint32_t)WTERMSIG(out->death.status) : SIGABRT;
    case PQ_CAME_VIOLATION:
        return SIGABRT;
    case PQ_CAME_HANG:
    case PQ_CAME_KILLED:
        return SIGKILL;
    case PQ_CAME_LEAK:
    case PQ_CAME_GROWTH:
    case PQ_CAME_OK:
        break;
    }
    return 0;
}

/* What takes longer than a case is done before AFL++ is told whom to kill: until then it has all
 * the time, and does not look at the map. */
static bool prepare(struct pq_player *p, struct pq_side_log *log, struct pq_grower *grower)
{
    struct pq_outcome out = {.came = PQ_CAME_OK};
    if (pq_grower_look(grower, &out))
        pq_side_log_find(log, p, &out, pq_bytes_slice(&grower->found));
    return pq_player_ready(p);
}

static int serve(struct pq_player *p, struct pq_side_log *log, struct pq_grower *grower)
{
    static uint8_t room[PQ_CASE_MAX];
    uint32_t was_killed = 0;
    while (hear(&was_killed)) {
        if (!prepare(p, log, grower))
            return 3;
        if (!say((uint32_t)p->server.pid))
            break;
        struct pq_slice input = read_input(room);
        struct pq_outcome out = pq_player_play(p, input);
        pq_side_log_note(log, p, &out, input);
        if (out.came == PQ_CAME_OK || out.came == PQ_CAME_VIOLATION)
            pq_grower_note(grower, input);
        if (!say(status_of(&out)))
            break;
    }
    return 0;
}

/* For afl-showmap, afl-tmin and gdb: one input, and the end that the server's process had. */
static int play_stdin(struct pq_player *p)
{
    struct pq_bytes input;
    pq_bytes_init(&input, pq_alloc_default(), PQ_CASE_MAX);
    if (pq_file_read("-", &input) != PQ_STATUS_OK)
        return 2;
    struct pq_outcome out = pq_player_play(p, pq_bytes_slice(&input));
    pq_bytes_free(&input);
    uint32_t status = status_of(&out);
    return status ? 128 + (int)status : 0;
}

/* A fuzzer that is killed would leave 64 MiB for good. Linux lets others attach them by their
 * number as long as the fuzzer has them. */
static bool take_compares(void)
{
    const char *given = getenv(PQ_AFL_COMPARES);
    uint32_t id = 0;
    if (given && pq_parse_u32(pq_slice_text(given), &id) == PQ_STATUS_OK)
        (void)shmctl((int)id, IPC_RMID, NULL);
    return given != NULL;
}

static uint32_t hello(const struct pq_player *p)
{
    uint32_t compares = take_compares() ? HELLO_COMPARES : 0;
    return HELLO_ENABLED | HELLO_MAP_SIZE | compares | (uint32_t)(p->map.len - 1) << 1;
}

int pq_fuzz(struct pq_player *p)
{
    static struct pq_grower grower;
    struct pq_side_log log;
    if (!say(hello(p)))
        return play_stdin(p);
    if (!pq_side_log_open(&log, p->o->log))
        return 2;
    pq_grower_init(&grower, p);
    int status = serve(p, &log, &grower);
    pq_grower_free(&grower);
    pq_side_log_close(&log, p);
    return status;
}

/* ---- --play and --growth --------------------------------------------------------------------- */

/* Nobody wants to read what is played again. */
static void look_for_growth(struct pq_grower *g, struct pq_slice input, struct pq_outcome *out,
                            struct pq_transcript *t)
{
    cJSON *lines = t->lines;
    t->lines = NULL;
    (void)pq_grower_try(g, input, out);
    t->lines = lines;
}

int pq_play_files(struct pq_player *p)
{
    static struct pq_grower grower;
    struct pq_transcript transcript;
    struct pq_bytes input;
    struct pq_side_log log;
    int status = 0;
    pq_bytes_init(&input, pq_alloc_default(), PQ_CASE_MAX);
    pq_grower_init(&grower, p);
    pq_links_add_ear(&p->links, pq_transcript_hear, &transcript);
    if (!pq_side_log_open(&log, p->o->log))
        return 2;
    for (size_t i = 0; i < p->o->files_len && status < 2 && !pq_server_told_to_end(); i++) {
        pq_bytes_clear(&input);
        if (pq_file_read(p->o->files[i], &input) != PQ_STATUS_OK) {
            perror(p->o->files[i]);
            status = 2;
        } else if (!pq_player_ready(p)) {
            status = 3;
        } else {
            pq_transcript_begin(&transcript);
            struct pq_outcome out = pq_player_play(p, pq_bytes_slice(&input));
            if (p->o->task == PQ_DO_GROWTH && out.came == PQ_CAME_OK)
                look_for_growth(&grower, pq_bytes_slice(&input), &out, &transcript);
            pq_side_log_note(&log, p, &out, pq_bytes_slice(&input));
            pq_report_print(p, p->o->files[i], &out, &transcript);
            status = out.came != PQ_CAME_OK ? 1 : status;
        }
    }
    pq_grower_free(&grower);
    pq_bytes_free(&input);
    pq_side_log_close(&log, p);
    return status;
}
