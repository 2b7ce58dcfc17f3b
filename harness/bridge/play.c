/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "harness/bridge/play.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define SPARE_PROCESSES 32u /* that a listener may have more than in the beginning */
#define LINGER_MS 5u        /* how long a process of a listener is waited for */
#define LEAK_MS 50u         /* how long a session may live on when nothing is left to do */

const char *pq_came_text(enum pq_came came)
{
    static const char *const texts[] = {"ok",        "crash",  "hang",  "leak",
                                        "violation", "growth", "killed"};
    return texts[came];
}

/* ---- the player ------------------------------------------------------------------------------ */

static bool complain(const char *what)
{
    (void)fprintf(stderr, "popquiz-bridge: %s\n", what);
    return false;
}

bool pq_player_init(struct pq_player *p, const struct pq_options *o)
{
    *p = (struct pq_player){.o = o, .stale = true};
    if (!pq_map_open(&p->map, o) || !pq_server_init(&p->server, o, &p->map))
        return false;
    pq_server_catch_signals(&p->server);
    if (!pq_reset_init(&p->reset, &o->resets) || !pq_reset_do(&p->reset))
        return complain(p->reset.why);
    if (!pq_links_init(&p->links, &p->server) || !pq_judge_init(&p->judge, &p->links, &p->map))
        return false;
    pq_links_add_ear(&p->links, pq_judge_hear, &p->judge);
    return pq_player_ready(p);
}

void pq_player_free(struct pq_player *p)
{
    pq_links_free(&p->links);
    pq_server_stop(&p->server);
    (void)pq_reset_do(&p->reset);
    pq_reset_free(&p->reset);
    pq_map_free(&p->map);
}

bool pq_player_ready(struct pq_player *p)
{
    if (!p->stale)
        return true;
    pq_server_stop(&p->server);
    p->stale = !pq_server_start(&p->server);
    if (p->stale)
        (void)fprintf(stderr, "popquiz-bridge: %s: %s\n", p->o->server[0], p->server.why.text);
    return !p->stale;
}

/* ---- a case ---------------------------------------------------------------------------------- */

/* Whether somebody got in, and how many lines that took. */
static void note_states(struct pq_player *p)
{
    if (p->transaction)
        return;
    for (size_t i = 1; i <= PQ_WIRE_CONN_MAX; i++)
        p->transaction = p->transaction || (p->links.each[i].begun && p->links.each[i].gist.got_in);
    p->login_lines = p->lines;
}

/* Sends line after line. False: no more can be sent there. */
static bool play_write(struct pq_player *p, unsigned conn, struct pq_slice octets)
{
    bool fine = true;
    for (size_t n = 0; octets.len > 0 && fine && n < PQ_CASE_WRITES_MAX; n++) {
        size_t line = pq_slice_index(octets, '\n') + 1;
        fine = pq_links_send(&p->links, conn, pq_slice_first(octets, line));
        p->lines += line <= octets.len;
        note_states(p);
        octets = pq_slice_after(octets, line);
    }
    return fine;
}

static void play_event(struct pq_player *p, const struct pq_wire_event *e)
{
    switch (e->kind) {
    case PQ_WIRE_DATA:
        (void)play_write(p, e->conn, e->data);
        break;
    case PQ_WIRE_TLS:
        (void)pq_links_start_tls(&p->links, e->conn);
        break;
    case PQ_WIRE_HALFCLOSE:
        (void)pq_links_half_close(&p->links, e->conn);
        break;
    case PQ_WIRE_RESET:
        (void)pq_links_reset(&p->links, e->conn);
        break;
    case PQ_WIRE_CORRUPT:
        pq_links_corrupt(&p->links, e->conn);
        break;
    case PQ_WIRE_WAIT:
    case PQ_WIRE_SETTLE:
        (void)pq_links_settle(&p->links);
        break;
    case PQ_WIRE_SWITCH:
    case PQ_WIRE_BOUNDARY:
        break; /* do not occur */
    }
}

/* Where each session is a server of its own, there is none between them. */
static bool is_gone(const struct pq_player *p)
{
    bool between = p->o->connect == PQ_CONNECT_STDIO && p->server.sessions < 0;
    return p->server.pid < 0 && !between;
}

static void play_events(struct pq_player *p, struct pq_slice input)
{
    struct pq_wire_reader reader;
    struct pq_wire_event event;
    pq_wire_reader_init(&reader, pq_slice_first(input, PQ_CASE_MAX), pq_alloc_default());
    (void)pq_links_open(&p->links, 1);
    for (size_t n = 0; n < PQ_CASE_WRITES_MAX && !p->links.hung && !is_gone(p); n++) {
        if (pq_wire_reader_next(&reader, &event) != PQ_NEXT_EVENT)
            break;
        play_event(p, &event);
    }
    pq_wire_reader_free(&reader);
}

/* Whether nothing of the sessions is left, after a moment. A listener may keep some processes for
 * the next ones. */
static bool sessions_end(struct pq_player *p)
{
    bool listens = p->o->connect != PQ_CONNECT_STDIO;
    if (listens)
        (void)pq_server_await_sessions(&p->server, 0, LINGER_MS);
    return pq_server_await_sessions(&p->server, listens ? SPARE_PROCESSES : 0, LEAK_MS);
}

static enum pq_came what_came(struct pq_player *p, struct pq_outcome *out)
{
    out->crashes = atomic_load(&p->server.page->deaths_len);
    if (out->crashes > 0) {
        out->death = p->server.page->deaths[0];
        return PQ_CAME_CRASH;
    }
    if ((is_gone(p) && WIFSIGNALED(p->server.ended)) || pq_server_told_to_end())
        return PQ_CAME_KILLED;
    if (is_gone(p)) {
        out->death = (struct pq_shim_death){.status = p->server.ended};
        return PQ_CAME_CRASH;
    }
    if (p->links.hung)
        return PQ_CAME_HANG;
    if (!sessions_end(p))
        return PQ_CAME_LEAK;
    return p->judge.violations_len > 0 ? PQ_CAME_VIOLATION : PQ_CAME_OK;
}

static void begin_case(struct pq_player *p)
{
    if (!pq_reset_do(&p->reset))
        (void)complain(p->reset.why);
    atomic_store(&p->server.page->deaths_len, 0);
    pq_server_forget(&p->server);
    pq_links_begin(&p->links);
    pq_map_clear(&p->map);
    pq_judge_begin(&p->judge);
    p->transaction = false;
    p->lines = p->login_lines = 0;
    p->cases++;
}

static double ms_since(struct timespec then)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then.tv_sec) * 1e3 + (double)(now.tv_nsec - then.tv_nsec) / 1e6;
}

struct pq_outcome pq_player_play(struct pq_player *p, struct pq_slice input)
{
    struct pq_outcome out = {.came = PQ_CAME_OK};
    struct timespec begun;
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    begin_case(p);
    play_events(p, input);
    if (!p->links.hung)
        pq_links_finish(&p->links);
    note_states(p);
    pq_links_close(&p->links);
    if (!p->links.hung)
        (void)pq_links_settle(&p->links);
    pq_judge_end(&p->judge);
    pq_map_merge(&p->map);
    out.came = what_came(p, &out);
    out.transaction = p->transaction;
    out.login_lines = p->login_lines;
    out.ms = ms_since(begun);
    bool session_alone = p->server.sessions >= 0 && out.came == PQ_CAME_CRASH &&
                         out.death.depth > 0 && sessions_end(p);
    p->stale = (out.came != PQ_CAME_OK && out.came != PQ_CAME_VIOLATION && !session_alone) ||
               (p->o->every > 0 && p->cases % p->o->every == 0);
    return out;
}
