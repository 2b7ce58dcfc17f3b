/* SPDX-License-Identifier: Apache-2.0
 * Whether a campaign on this server would be worth its time. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bridge/fuzz.h"
#include "tools/file.h"

#define ROUNDS 8u          /* how often each seed is played */
#define UNSTABLE_MAX 1024u /* edges that are listed */
#define AGAIN 3u           /* how often what did not end is played before that is believed */
#define SLOW_MS 250.0      /* a case in lockstep takes a few milliseconds; a sleep a second */

/* What was seen of all seeds. */
struct trial {
    struct pq_player *p;
    cJSON *checks;
    bool usable;
    uint8_t *first;           /* the map of a seed's first round */
    uint8_t *unstable, *seen; /* of any seed */
    size_t edges;
    const char *reaches;            /* the seed that gets to TRANSACTION in the fewest lines */
    size_t login_lines;             /* those */
    double seed_ms, ms, slowest_ms; /* of the quickest round: of this seed, of all seeds */
    struct pq_outcome bad;
    const char *bad_file;
};

static void check(struct trial *t, const char *name, bool ok, const char *says)
{
    cJSON *one = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(one, "check", name);
    (void)cJSON_AddBoolToObject(one, "ok", ok);
    (void)cJSON_AddStringToObject(one, "says", says);
    (void)cJSON_AddItemToArray(t->checks, one);
    (void)fprintf(stderr, "%-12s %s  %s\n", name, ok ? "ok" : "NO", says);
}

static void demand(struct trial *t, const char *name, bool ok, const char *says)
{
    check(t, name, ok, says);
    t->usable = t->usable && ok;
}

/* ---- playing --------------------------------------------------------------------------------- */

/* AFL++ tells counts apart by these: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. */
static unsigned bucket_of(unsigned count)
{
    static const unsigned begins[] = {1, 2, 3, 4, 8, 16, 32, 128};
    unsigned n = 0;
    while (n < sizeof(begins) / sizeof(begins[0]) && count >= begins[n])
        n++;
    return n;
}

static void compare(struct trial *t)
{
    const struct pq_map *m = &t->p->map;
    for (size_t i = 0; i < m->cells; i++)
        t->unstable[i] |= bucket_of(m->at[i]) != bucket_of(t->first[i]);
}

/* What only a busy machine kept from ending does so another time; then by a server that has played
 * once, since the first case of one is not like the others. */
static struct pq_outcome play_surely(struct pq_player *p, struct pq_slice input)
{
    struct pq_outcome out = pq_player_play(p, input);
    for (unsigned n = 1; n < AGAIN && (out.came == PQ_CAME_HANG || out.came == PQ_CAME_LEAK); n++)
        if (pq_player_ready(p)) {
            (void)pq_player_play(p, input);
            out = pq_player_ready(p) ? pq_player_play(p, input) : out;
        }
    return out;
}

static bool play_round(struct trial *t, const char *file, struct pq_slice input, unsigned round)
{
    if (!pq_player_ready(t->p))
        return false;
    struct pq_outcome out = play_surely(t->p, input);
    if (out.came != PQ_CAME_OK && !t->bad_file) {
        t->bad = out;
        t->bad_file = file;
    }
    if (out.transaction && (!t->reaches || out.login_lines < t->login_lines)) {
        t->reaches = file;
        t->login_lines = out.login_lines;
    }
    t->seed_ms = round == 0 || out.ms < t->seed_ms ? out.ms : t->seed_ms;
    if (round == 1)
        memcpy(t->first, t->p->map.at, t->p->map.len);
    else if (round > 1)
        compare(t);
    return true;
}

/* The first round is of a server that has just begun, and is not compared. */
static bool play_seed(struct trial *t, const char *file)
{
    struct pq_bytes input;
    pq_bytes_init(&input, pq_alloc_default(), PQ_CASE_MAX);
    bool fine = pq_file_read(file, &input) == PQ_STATUS_OK;
    if (!fine)
        perror(file);
    for (unsigned round = 0; round <= ROUNDS && fine; round++)
        fine = play_round(t, file, pq_bytes_slice(&input), round);
    for (size_t i = 0; i < t->p->map.cells; i++) {
        t->edges += t->first[i] != 0 && !t->seen[i];
        t->seen[i] |= t->first[i];
    }
    /* A sleep is there in every round, and what else makes a case slow is not. */
    t->slowest_ms = t->seed_ms > t->slowest_ms ? t->seed_ms : t->slowest_ms;
    t->ms = t->ms <= 0 || t->seed_ms < t->ms ? t->seed_ms : t->ms;
    pq_bytes_free(&input);
    return fine;
}

/* ---- judging --------------------------------------------------------------------------------- */

static void judge_seeds(struct trial *t)
{
    char says[512];
    (void)snprintf(says, sizeof(says), "%s reaches TRANSACTION", t->reaches ? t->reaches : "");
    demand(t, "transaction", t->reaches != NULL,
           t->reaches ? says
                      : "no seed gets in: look at --play; is it the right name and password, and "
                        "does the server check them as it should?");
    (void)snprintf(says, sizeof(says), "%s: %s", t->bad_file ? t->bad_file : "",
                   pq_came_text(t->bad.came));
    demand(t, "ends", !t->bad_file,
           t->bad_file ? says : "nothing is left of a session, and none crashed");
    (void)snprintf(says, sizeof(says),
                   "a case takes %.0f ms at best: switch the server's delays off", t->slowest_ms);
    demand(t, "sleeps", t->slowest_ms < SLOW_MS, t->slowest_ms < SLOW_MS ? "no case waits" : says);
}

static void judge_server(struct trial *t)
{
    struct pq_player *p = t->p;
    bool instrumented = pq_map_is_instrumented(&p->map);
    demand(t, "instrumented", instrumented,
           instrumented ? "the program has a map" : "build the server with afl-clang-fast");
    bool loaded = atomic_load(&p->server.page->loaded) > 0;
    demand(t, "shim", loaded,
           loaded ? "loaded" : "popquiz-shim.so is not loaded: is it a static or setuid program?");
    demand(t, "map", t->edges > 0,
           t->edges > 0 ? "sessions write to it"
                        : "no edges: the server's processes do not share the map");
    bool reset = pq_reset_do(&p->reset) && pq_reset_is_clean(&p->reset);
    demand(t, "reset", reset, reset ? "folders are as they were" : p->reset.why);
}

static double judge_stability(struct trial *t, cJSON *unstable)
{
    char says[128];
    size_t n = 0;
    for (size_t i = 0; i < t->p->map.cells; i++) {
        if (t->unstable[i] && n++ < UNSTABLE_MAX)
            (void)cJSON_AddItemToArray(unstable, cJSON_CreateNumber((double)i));
    }
    double all = t->edges > 0 ? (double)t->edges : 1.0;
    double stability = n < t->edges ? 100.0 * (1.0 - (double)n / all) : 0.0;
    (void)snprintf(says, sizeof(says), "%zu edges come and go", n);
    check(t, "same-map", n == 0, n == 0 ? "the same seed gives the same edges" : says);
    return stability;
}

/* Where in the map each program has its edges. */
static cJSON *programs_of(const struct pq_map *m)
{
    cJSON *all = cJSON_CreateArray();
    for (size_t i = 0; i < m->regions_len; i++) {
        cJSON *one = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(one, "path", m->regions[i].path);
        (void)cJSON_AddNumberToObject(one, "offset", (double)m->regions[i].offset);
        (void)cJSON_AddNumberToObject(one, "len", (double)m->regions[i].len);
        (void)cJSON_AddItemToArray(all, one);
    }
    return all;
}

static void print(struct trial *t)
{
    cJSON *all = cJSON_CreateObject(), *unstable = cJSON_CreateArray();
    double stability = judge_stability(t, unstable);
    (void)cJSON_AddBoolToObject(all, "usable", t->usable);
    (void)cJSON_AddNumberToObject(all, "edges", (double)t->edges);
    (void)cJSON_AddNumberToObject(all, "stability", stability);
    (void)cJSON_AddNumberToObject(all, "ms", t->ms);
    (void)cJSON_AddNumberToObject(all, "map_size", (double)t->p->map.len);
    if (t->reaches) {
        (void)cJSON_AddStringToObject(all, "reaches", t->reaches);
        (void)cJSON_AddNumberToObject(all, "login_lines", (double)t->login_lines);
    }
    (void)cJSON_AddItemToObject(all, "programs", programs_of(&t->p->map));
    (void)cJSON_AddItemToObject(all, "unstable", unstable);
    (void)cJSON_AddItemToObject(all, "checks", t->checks);
    char *text = cJSON_PrintUnformatted(all);
    if (text)
        (void)puts(text);
    free(text);
    cJSON_Delete(all);
}

int pq_self_test(struct pq_player *p)
{
    struct trial t = {.p = p, .checks = cJSON_CreateArray(), .usable = true};
    t.first = calloc(p->map.len, 1);
    t.unstable = calloc(p->map.len, 1);
    t.seen = calloc(p->map.len, 1);
    bool fine = t.first && t.unstable && t.seen;
    for (size_t i = 0; i < p->o->files_len && fine; i++)
        fine = play_seed(&t, p->o->files[i]);
    judge_server(&t);
    judge_seeds(&t);
    print(&t);
    free(t.first);
    free(t.unstable);
    free(t.seen);
    return fine && t.usable ? 0 : 3;
}
