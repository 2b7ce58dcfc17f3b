/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/bridge/judge.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tools/file.h"

#define ACCEPTED_MAX 65536u /* octets of the file of known deviations */

/* The cells: one for each state, verb, class of reply and number of words; then one for each of a
 * number of violations. */
#define STATES 4u
#define REPLIES 3u
#define WORDS 3u
#define SESSION_CELLS (STATES * PQ_VERB_COUNT * REPLIES * WORDS)
#define VIOLATION_CELLS (PQ_MAP_CELLS - SESSION_CELLS)
_Static_assert(SESSION_CELLS < PQ_MAP_CELLS, "there must be cells left for violations");

/* ---- which rules count ----------------------------------------------------------------------- */

static size_t rule_of(struct pq_slice id)
{
    size_t i = 0;
    while (i < pq_referee_rule_count() &&
           !pq_slice_equal(id, pq_slice_text(pq_referee_rule_at(i)->id)))
        i++;
    return i;
}

/* One name: a rule, or "all" of them; behind "-" what does not count after all. */
static bool switch_one(struct pq_judge *j, struct pq_slice name)
{
    bool on = !pq_slice_starts(name, PQ_SLICE("-"));
    struct pq_slice id = pq_slice_after(name, on ? 0 : 1);
    bool all = pq_slice_equal(id, PQ_SLICE("all"));
    size_t rule = rule_of(id);
    if (!all && rule == pq_referee_rule_count()) {
        (void)fprintf(stderr, "popquiz-bridge: --referee: there is no rule %.*s\n", (int)id.len,
                      (const char *)id.at);
        return false;
    }
    for (size_t i = all ? 0 : rule; i < (all ? pq_referee_rule_count() : rule + 1); i++)
        j->on[i] = on;
    return true;
}

static bool switch_on(struct pq_judge *j, struct pq_slice names)
{
    bool fine = true;
    while (names.len > 0 && fine)
        fine = switch_one(j, pq_slice_cut(&names, ','));
    return fine;
}

static struct pq_slice trimmed(struct pq_slice line)
{
    struct pq_slice text = pq_slice_cut(&line, '#');
    while (text.len > 0 && !pq_ascii_is_visible(text.at[text.len - 1]))
        text.len--;
    while (text.len > 0 && !pq_ascii_is_visible(*text.at))
        text = pq_slice_after(text, 1);
    return text;
}

/* Switches off what the file names. A rule that does not exist is a mistake there, too. */
static bool accept_known(struct pq_judge *j, const char *path)
{
    struct pq_bytes file;
    bool fine = true;
    pq_bytes_init(&file, pq_alloc_default(), ACCEPTED_MAX);
    if (pq_file_read(path, &file) != PQ_STATUS_OK) {
        perror(path);
        return false;
    }
    struct pq_slice rest = pq_bytes_slice(&file);
    while (rest.len > 0 && fine) {
        struct pq_slice id = trimmed(pq_slice_cut(&rest, '\n'));
        size_t i = rule_of(id);
        fine = id.len == 0 || i < pq_referee_rule_count();
        if (!fine)
            (void)fprintf(stderr, "popquiz-bridge: %s: there is no rule %.*s\n", path, (int)id.len,
                          (const char *)id.at);
        else if (id.len > 0)
            j->on[i] = false;
    }
    pq_bytes_free(&file);
    return fine;
}

bool pq_judge_init(struct pq_judge *j, struct pq_links *links, struct pq_map *map)
{
    const struct pq_options *o = links->server->o;
    *j = (struct pq_judge){.o = o, .links = links, .map = map, .judges = o->referee != NULL};
    assert(pq_referee_rule_count() <= PQ_RULES_MAX);
    return !o->referee ||
           (switch_on(j, pq_slice_text(o->referee)) && (!o->accept || accept_known(j, o->accept)));
}

/* ---- the referee ----------------------------------------------------------------------------- */

static void mark(struct pq_judge *j, size_t cell)
{
    if (j->map->cells + cell < j->map->len)
        j->map->at[j->map->cells + cell] = 1;
}

static void on_finding(void *ctx, const struct pq_finding *f)
{
    struct pq_judge *j = ctx;
    size_t rule = rule_of(pq_slice_text(f->rule->id));
    if (f->follows || !j->on[rule] || j->violations_len == PQ_VIOLATIONS_MAX)
        return;
    struct pq_violation *v = &j->violations[j->violations_len++];
    *v = (struct pq_violation){.rule = f->rule, .verb = f->verb, .state = f->state};
    (void)snprintf(v->why, sizeof(v->why), "%s", f->why);
    size_t which = (rule * PQ_STATE_COUNT + f->state) * PQ_VERB_COUNT + f->verb;
    mark(j, (size_t)SESSION_CELLS + which % VIOLATION_CELLS);
}

void pq_judge_begin(struct pq_judge *j)
{
    j->violations_len = 0;
    if (!j->judges)
        return;
    pq_referee_init(&j->referee, pq_alloc_default(), on_finding, j);
    if (j->o->user)
        pq_referee_set_user(&j->referee, pq_slice_text(j->o->user));
}

void pq_judge_end(struct pq_judge *j)
{
    if (j->judges)
        pq_referee_free(&j->referee);
}

static uint64_t now_ms(void)
{
    const struct pq_io *io = pq_io_system();
    return io->now_ms(io->ctx);
}

static void tell_referee(struct pq_judge *j, unsigned conn, enum pq_heard what,
                         struct pq_slice octets)
{
    bool implicit = j->o->tls == PQ_BRIDGE_TLS_IMPLICIT;
    struct pq_referee *r = &j->referee;
    switch (what) {
    case PQ_HEARD_OPEN:
        pq_referee_open(r, conn, implicit ? PQ_TLS_IMPLICIT : PQ_TLS_NONE);
        break;
    case PQ_HEARD_CLIENT:
        pq_referee_feed(r, conn, PQ_FROM_CLIENT, octets, now_ms());
        break;
    case PQ_HEARD_SERVER:
        pq_referee_feed(r, conn, PQ_FROM_SERVER, octets, now_ms());
        break;
    case PQ_HEARD_TLS:
        if (!implicit)
            pq_referee_on_tls(r, conn, pq_slice_equal(octets, PQ_SLICE("ok")));
        break;
    case PQ_HEARD_END:
        pq_referee_end(r, conn, PQ_ENDED_BY_SERVER, now_ms());
        break;
    case PQ_HEARD_RESET:
        pq_referee_end(r, conn, PQ_ENDED_BY_CLIENT, now_ms());
        break;
    case PQ_HEARD_LAST:
        pq_referee_on_half_close(r, conn);
        break;
    }
}

/* ---- states ---------------------------------------------------------------------------------- */

static unsigned state_cell(enum pq_state state)
{
    switch (state) {
    case PQ_STATE_USER:
        return 1;
    case PQ_STATE_TRANSACTION:
        return 2;
    case PQ_STATE_UPDATE:
        return 3;
    case PQ_STATE_CONNECTED:
    case PQ_STATE_AUTHORIZATION:
    case PQ_STATE_SASL:
    case PQ_STATE_TLS:
    case PQ_STATE_CLOSED:
    case PQ_STATE_COUNT:
        break;
    }
    return 0;
}

static void note_state(struct pq_judge *j, const struct pq_link *link)
{
    const struct pq_gist *g = &link->gist;
    unsigned reply = link->reply == PQ_GIST_OK ? 0 : link->reply == PQ_GIST_ERR ? 1 : 2;
    unsigned words = g->words < WORDS ? g->words : WORDS - 1;
    unsigned where = state_cell(g->asked_in) * PQ_VERB_COUNT + g->verb;
    mark(j, (where * REPLIES + reply) * WORDS + words);
}

void pq_judge_hear(void *ctx, unsigned conn, enum pq_heard what, struct pq_slice octets)
{
    struct pq_judge *j = ctx;
    struct pq_link *link = &j->links->each[conn];
    if (j->judges)
        tell_referee(j, conn, what, octets);
    if (what == PQ_HEARD_SERVER && link->answered && j->o->state)
        note_state(j, link);
    link->answered = false;
}
