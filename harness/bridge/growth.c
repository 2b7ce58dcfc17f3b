/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/bridge/growth.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WARM_ROUNDS 2u    /* until whatever these cases fill is full; */
#define WARM_PLAYS 64u    /* and at least so many plays */
#define TIMES 4u          /* as much again has to come of as many rounds more */
#define PLAYS_SURE 64u    /* after which what has not moved at all does not grow */
#define PLAYS_MAX 2048u   /* in which it has to grow enough to be seen */
#define LATER_S 3600u     /* whatever is kept for a while is gone then, or can be used again */
#define INQUIRY_MS 30000u /* of which nothing comes is given up */
#define JOINED_MAX PQ_WIRE_CONN_MAX

/* Growth that can be seen: memory comes in pages. */
static const uint64_t enough[PQ_GROWN_COUNT] = {64, 16};

const char *pq_grown_text(enum pq_grown what)
{
    static const char *const texts[] = {"memory", "descriptors"};
    return texts[what];
}

size_t pq_growth_text(const struct pq_growth *w, char text[PQ_GROWTH_TEXT_MAX])
{
    double rate = (double)(w->to - w->from) / (double)w->plays;
    if (w->what == PQ_GROWN_MEMORY)
        (void)snprintf(text, PQ_GROWTH_TEXT_MAX,
                       "memory grows by %.0f octets per case: from %" PRIu64 " to %" PRIu64
                       " KiB in %" PRIu64 " plays",
                       rate * 1024, w->from, w->to, w->plays);
    else
        (void)snprintf(text, PQ_GROWTH_TEXT_MAX,
                       "descriptors grow by %.2f per case: from %" PRIu64 " to %" PRIu64
                       " in %" PRIu64 " plays",
                       rate, w->from, w->to, w->plays);
    return strlen(text);
}

/* ---- measuring ------------------------------------------------------------------------------- */

static bool can_be(const struct pq_grower *g)
{
    return g->p->o->connect != PQ_CONNECT_STDIO; /* else no process outlives its session */
}

static struct pq_size size_of(struct pq_player *p, size_t slot)
{
    struct pq_size size = {.pid = atomic_load(&p->server.page->slots[slot].pid)};
    if (size.pid > 0) {
        size.each[PQ_GROWN_MEMORY] = pq_procs_memory(size.pid);
        size.each[PQ_GROWN_DESCRIPTORS] = pq_procs_descriptors(size.pid);
    }
    return size;
}

static void measure(struct pq_player *p, struct pq_size sizes[PQ_SHIM_SLOTS])
{
    for (size_t i = 0; i < PQ_SHIM_SLOTS; i++)
        sizes[i] = size_of(p, i);
}

/* By how much one measure of a slot is more than an earlier one of the same process. */
static uint64_t more(const struct pq_size *now, const struct pq_size *then, enum pq_grown what)
{
    bool same = now->pid > 0 && now->pid == then->pid && then->each[what] > 0;
    return same && now->each[what] > then->each[what] ? now->each[what] - then->each[what] : 0;
}

/* ---- playing again --------------------------------------------------------------------------- */

struct cases {
    struct pq_slice each[PQ_LOOK_MAX];
    size_t len;
    bool sought[PQ_GROWN_COUNT]; /* what has to grow by them */
    uint64_t deadline;
    bool surely; /* else they were looked at already, among others */
};

/* False: something else came of it, or it is time to end. */
static bool play_rounds(struct pq_player *p, const struct cases *c, size_t rounds)
{
    for (size_t n = 0; n < rounds * c->len; n++) {
        if (pq_server_told_to_end() || p->stale || pq_io_left_ms(pq_io_system(), c->deadline) == 0)
            return false;
        enum pq_came came = pq_player_play(p, c->each[n % c->len]).came;
        if (came != PQ_CAME_OK && came != PQ_CAME_VIOLATION)
            return false;
    }
    return true;
}

struct trial {
    struct pq_size first[PQ_SHIM_SLOTS], second[PQ_SHIM_SLOTS], third[PQ_SHIM_SLOTS],
        later[PQ_SHIM_SLOTS];
    size_t rounds;
    bool surely;
};

/* Whether something has grown: enough, or at all. */
static bool some_grew(const struct trial *t, const struct cases *c, bool at_all)
{
    for (size_t i = 0; i < PQ_SHIM_SLOTS; i++)
        for (size_t what = 0; what < PQ_GROWN_COUNT; what++)
            if (c->sought[what] && more(&t->second[i], &t->first[i], (enum pq_grown)what) >=
                                       (at_all ? 1 : enough[what]))
                return true;
    return false;
}

/* Plays until something has grown enough; false when that does not come. */
static bool await_growth(struct pq_player *p, const struct cases *c, struct trial *t)
{
    measure(p, t->first);
    for (t->rounds = 0; t->rounds * c->len < PLAYS_MAX;) {
        if (!play_rounds(p, c, 1))
            return false;
        t->rounds++;
        measure(p, t->second);
        if (some_grew(t, c, false))
            return true;
        if (t->rounds * c->len >= PLAYS_SURE && !some_grew(t, c, true))
            return false;
    }
    return false;
}

static bool is_steady(const struct trial *t, size_t slot, enum pq_grown what)
{
    uint64_t before = more(&t->second[slot], &t->first[slot], what),
             after = more(&t->third[slot], &t->second[slot], what),
             later = more(&t->later[slot], &t->third[slot], what);
    return before >= enough[what] && 2 * after >= before * TIMES && after <= before * 2 * TIMES &&
           (!t->surely || 2 * later >= after);
}

static void note_growth(struct pq_player *p, const struct trial *t, const struct cases *c,
                        size_t slot, struct pq_growth *w)
{
    w->from = t->second[slot].each[w->what];
    w->to = t->third[slot].each[w->what];
    w->plays = (uint64_t)TIMES * t->rounds * c->len;
    w->pid = t->third[slot].pid;
    w->depth = atomic_load(&p->server.page->slots[slot].depth);
    w->exe = atomic_load(&p->server.page->slots[slot].exe);
}

/* Whether something grows by these cases, each time they are played. */
static bool grows(struct pq_player *p, const struct cases *c, struct pq_growth *w)
{
    static struct trial t;
    t.surely = c->surely;
    p->stale = true; /* one that leaks would come to its limits in the middle */
    size_t warm = c->surely ? WARM_PLAYS / c->len : 1;
    if (!pq_player_ready(p) || !play_rounds(p, c, warm < WARM_ROUNDS ? WARM_ROUNDS : warm) ||
        !await_growth(p, c, &t) || !play_rounds(p, c, TIMES * t.rounds))
        return false;
    measure(p, t.third);
    (void)atomic_fetch_add(&p->server.page->later_s, c->surely ? LATER_S : 0);
    if (c->surely && !play_rounds(p, c, TIMES * t.rounds))
        return false;
    measure(p, t.later);
    for (size_t what = PQ_GROWN_COUNT; what-- > 0;) /* a descriptor takes memory, too */
        for (size_t i = 0; i < PQ_SHIM_SLOTS; i++)
            if (c->sought[what] && is_steady(&t, i, (enum pq_grown)what)) {
                w->what = (enum pq_grown)what;
                note_growth(p, &t, c, i, w);
                return true;
            }
    return false;
}

/* ---- which case it was ----------------------------------------------------------------------- */

static void leave_out(struct cases *to, const struct cases *c, size_t at, size_t n)
{
    to->len = 0;
    memcpy(to->sought, c->sought, sizeof(to->sought));
    to->deadline = c->deadline;
    to->surely = false;
    for (size_t i = 0; i < c->len; i++)
        if (i < at || i >= at + n)
            to->each[to->len++] = c->each[i];
}

/* Takes away what can be spared, in ever smaller pieces. */
static void narrow(struct pq_player *p, struct cases *c, struct pq_growth *w)
{
    static struct cases fewer;
    for (size_t n = (c->len + 1) / 2; c->len > 1; n = (n + 1) / 2) {
        for (size_t at = 0; at < c->len && c->len > 1;) {
            leave_out(&fewer, c, at, n);
            if (fewer.len > 0 && grows(p, &fewer, w))
                *c = fewer;
            else
                at += n;
        }
        if (n == 1)
            break;
    }
}

/* Several cases as one, each on a connection of its own. */
static bool join(const struct cases *c, struct pq_bytes *to)
{
    pq_bytes_clear(to);
    for (size_t i = 0; i < c->len; i++) {
        const uint8_t next[] = {0xFF, (uint8_t)('1' + i)};
        if ((i > 0 && pq_bytes_put(to, pq_slice_of(next, sizeof(next))) != PQ_STATUS_OK) ||
            pq_bytes_put(to, c->each[i]) != PQ_STATUS_OK)
            return false;
    }
    return true;
}

static bool say(struct pq_outcome *out, const struct pq_growth *w)
{
    out->came = PQ_CAME_GROWTH;
    out->growth = *w;
    return true;
}

/* The cases since the last look, down to one. */
static bool inquire(struct pq_grower *g, enum pq_grown what, struct pq_outcome *out)
{
    static struct cases c;
    struct pq_growth w = {.plays = 1};
    struct pq_slice all = pq_bytes_slice(&g->inputs);
    c.deadline = pq_io_deadline(pq_io_system(), INQUIRY_MS);
    c.surely = true;
    c.sought[PQ_GROWN_MEMORY] = what == PQ_GROWN_MEMORY;
    c.sought[PQ_GROWN_DESCRIPTORS] = what == PQ_GROWN_DESCRIPTORS;
    for (c.len = 0; c.len < g->len; c.len++) {
        size_t begin = c.len > 0 ? g->ends[c.len - 1] : 0;
        c.each[c.len] = pq_slice_of(all.at + begin, g->ends[c.len] - begin);
    }
    if (c.len == 0 || !grows(g->p, &c, &w))
        return false;
    narrow(g->p, &c, &w);
    if (c.len > JOINED_MAX || !join(&c, &g->found))
        return false;
    c.surely = true;
    c.each[0] = pq_bytes_slice(&g->found);
    c.len = 1;
    return grows(g->p, &c, &w) && say(out, &w);
}

/* ---- looking --------------------------------------------------------------------------------- */

void pq_grower_init(struct pq_grower *g, struct pq_player *p)
{
    *g = (struct pq_grower){.p = p};
    for (size_t i = 0; i < PQ_SHIM_EXES; i++) {
        g->spare[i][PQ_GROWN_MEMORY] = p->o->spare_memory;
        g->spare[i][PQ_GROWN_DESCRIPTORS] = p->o->spare_descriptors;
    }
    pq_bytes_init(&g->inputs, pq_alloc_default(), (size_t)PQ_LOOK_OCTETS + PQ_CASE_MAX);
    pq_bytes_init(&g->found, pq_alloc_default(), (size_t)PQ_LOOK_OCTETS + PQ_CASE_MAX);
}

void pq_grower_free(struct pq_grower *g)
{
    pq_bytes_free(&g->inputs);
    pq_bytes_free(&g->found);
}

static bool is_due(const struct pq_grower *g)
{
    return g->len >= g->p->o->look || g->len == PQ_LOOK_MAX ||
           pq_bytes_slice(&g->inputs).len >= PQ_LOOK_OCTETS;
}

void pq_grower_note(struct pq_grower *g, struct pq_slice input)
{
    if (g->p->o->look == 0 || !can_be(g) || g->len == PQ_LOOK_MAX ||
        pq_bytes_put(&g->inputs, input) != PQ_STATUS_OK)
        return;
    g->ends[g->len++] = pq_bytes_slice(&g->inputs).len;
}

/* What of a process has become too much; COUNT: nothing. */
static size_t suspicion(const struct pq_grower *g, size_t slot, uint32_t exe,
                        const struct pq_size *now)
{
    size_t what = PQ_GROWN_COUNT;
    while (what-- > 0)
        if (more(now, &g->levels[slot], (enum pq_grown)what) > g->spare[exe][what])
            return what;
    return PQ_GROWN_COUNT;
}

/* Of what turns out to be no growth, the next suspicion needs twice as much. The new server that
 * follows has normal clocks, and no more memory than it needs. */
static bool look_at(struct pq_grower *g, size_t slot, struct pq_outcome *out)
{
    struct pq_size now = size_of(g->p, slot);
    uint32_t exe = atomic_load(&g->p->server.page->slots[slot].exe) % PQ_SHIM_EXES;
    if (now.pid != g->levels[slot].pid)
        g->levels[slot] = now;
    size_t what = now.pid > 0 ? suspicion(g, slot, exe, &now) : PQ_GROWN_COUNT;
    if (what == PQ_GROWN_COUNT)
        return false;
    bool known = g->told[exe][what] >= PQ_GROWTH_TOLD_MAX,
         found = !known && inquire(g, (enum pq_grown)what, out);
    g->told[exe][what] += found;
    if (!known && !found)
        g->spare[exe][what] *= 2;
    g->p->stale = true;
    return found;
}

bool pq_grower_look(struct pq_grower *g, struct pq_outcome *out)
{
    bool found = false;
    if (!can_be(g) || g->p->o->look == 0 || !is_due(g))
        return false;
    for (size_t i = 0; i < PQ_SHIM_SLOTS && !found; i++)
        found = look_at(g, i, out);
    g->len = 0;
    pq_bytes_clear(&g->inputs);
    return found;
}

bool pq_grower_try(struct pq_grower *g, struct pq_slice input, struct pq_outcome *out)
{
    static struct cases c;
    struct pq_growth w = {.plays = 1};
    c = (struct cases){.each = {input}, .len = 1, .surely = true};
    c.sought[PQ_GROWN_MEMORY] = g->p->o->grows_memory;
    c.sought[PQ_GROWN_DESCRIPTORS] = g->p->o->grows_descriptors;
    c.deadline = pq_io_deadline(pq_io_system(), INQUIRY_MS);
    if (!can_be(g) || !grows(g->p, &c, &w))
        return false;
    g->p->stale = true;
    return say(out, &w);
}
