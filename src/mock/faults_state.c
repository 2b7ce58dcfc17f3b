/* SPDX-License-Identifier: Apache-2.0
 * Faults of state: messages that are marked, and the numbers of the others (RFC 1939 sections 4, 5
 * and 7).
 */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

static size_t index_of(const struct pq_server *s, const struct pq_message *m)
{
    return (size_t)(m - s->maildrop.messages);
}

/* The message of that number if it is marked, or NULL. */
static struct pq_message *find_marked(const struct pq_server *s, uint64_t number)
{
    bool exists = number >= 1 && number <= s->maildrop.count;
    struct pq_message *m = exists ? &s->maildrop.messages[number - 1] : NULL;
    return m && m->deleted ? m : NULL;
}

/* ---- marked messages that are still there ---------------------------------------------------- */

/* The message that `verb` means: a marked one too, when that is the fault's verb. */
static struct pq_message *find_although_marked(struct pq_server *s, struct pq_fault *f,
                                               bool affected, enum pq_verb verb, uint64_t number)
{
    struct pq_message *m = affected ? find_marked(s, number) : NULL;
    if (m && fault_acts_on(s, f, index_of(s, m)))
        return m;
    return f->base.find(s, verb, number);
}

static struct pq_message *retr_deleted_ok(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_retr_deleted_ok);
    return find_although_marked(s, f, verb == PQ_VERB_RETR, verb, number);
}

static struct pq_message *top_deleted_ok(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_top_deleted_ok);
    return find_although_marked(s, f, verb == PQ_VERB_TOP, verb, number);
}

static struct pq_message *list_single_deleted_ok(struct pq_server *s, enum pq_verb verb,
                                                 uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_single_deleted_ok);
    return find_although_marked(s, f, verb == PQ_VERB_LIST, verb, number);
}

const struct fault_effect effect_retr_deleted_ok = {.hooks = {.find = retr_deleted_ok}};
const struct fault_effect effect_top_deleted_ok = {.hooks = {.find = top_deleted_ok}};
const struct fault_effect effect_list_single_deleted_ok = {
    .hooks = {.find = list_single_deleted_ok}};

static bool dele_twice_ok(struct pq_server *s, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_twice_ok);
    const struct pq_message *m = find_marked(s, number);
    if (m && fault_acts_on(s, f, index_of(s, m)))
        return true;
    return f->base.mark(s, number);
}

const struct fault_effect effect_dele_twice_ok = {.hooks = {.mark = dele_twice_ok}};

/* One line for a marked message in the list of `shown`. */
static unsigned times_marked(struct pq_server *s, struct pq_fault *f, enum pq_verb verb,
                             enum pq_verb shown, size_t index)
{
    if (verb == shown && s->maildrop.messages[index].deleted && fault_acts_on(s, f, index))
        return 1;
    return f->base.times(s, verb, index);
}

static unsigned list_shows_deleted(struct pq_server *s, enum pq_verb verb, size_t index)
{
    return times_marked(s, fault_of(s, PQ_FAULT_list_shows_deleted), verb, PQ_VERB_LIST, index);
}

static unsigned uidl_shows_deleted(struct pq_server *s, enum pq_verb verb, size_t index)
{
    return times_marked(s, fault_of(s, PQ_FAULT_uidl_shows_deleted), verb, PQ_VERB_UIDL, index);
}

const struct fault_effect effect_list_shows_deleted = {.hooks = {.times = list_shows_deleted}};
const struct fault_effect effect_uidl_shows_deleted = {.hooks = {.times = uidl_shows_deleted}};

static void stat_counts_deleted(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stat_counts_deleted);
    uint64_t marked = s->maildrop.count - s->maildrop.live_count;
    f->base.totals(s, count, octets);
    if (marked > 0 && fault_fires(f))
        *count += marked < f->values[0] ? marked : f->values[0];
}

const struct fault_effect effect_stat_counts_deleted = {.hooks = {.totals = stat_counts_deleted}};

static void stat_size_counts_deleted(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stat_size_counts_deleted);
    f->base.totals(s, count, octets);
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (s->maildrop.messages[i].deleted && fault_acts_on(s, f, i))
            *octets += s->maildrop.messages[i].octets;
}

const struct fault_effect effect_stat_size_counts_deleted = {
    .hooks = {.totals = stat_size_counts_deleted}};

static void stat_cached(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stat_cached);
    struct fault_memory *memory = &s->memory;
    f->base.totals(s, count, octets);
    if (!memory->counted) {
        memory->counted = true;
        memory->count = *count;
        memory->octets = *octets;
    } else if ((memory->count != *count || memory->octets != *octets) && fault_fires(f)) {
        *count = memory->count;
        *octets = memory->octets;
    }
}

const struct fault_effect effect_stat_cached = {.hooks = {.totals = stat_cached}};

/* ---- numbers that move ----------------------------------------------------------------------- */

/* By how much the number of messages[index] is too small: the marked messages in front of it. */
static uint64_t moved_by(const struct pq_server *s, const struct pq_fault *f, size_t index)
{
    uint64_t by = 0;
    for (size_t i = 0; i < index; i++)
        by += s->maildrop.messages[i].deleted && fault_covers(s, f, i);
    return by;
}

static uint64_t moved_number(struct pq_server *s, enum pq_verb verb, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_renumbers);
    uint64_t by = moved_by(s, f, index);
    return f->base.number(s, verb, index) - (by > 0 && fault_fires(f) ? by : 0);
}

static struct pq_message *find_moved(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_renumbers);
    if (moved_by(s, f, s->maildrop.count) == 0 || !fault_fires(f))
        return f->base.find(s, verb, number);
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (!s->maildrop.messages[i].deleted && i + 1 - moved_by(s, f, i) == number)
            return &s->maildrop.messages[i];
    return NULL;
}

static bool mark_moved(struct pq_server *s, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_renumbers);
    const struct pq_message *m = find_moved(s, PQ_VERB_DELE, number);
    return m && f->base.mark(s, index_of(s, m) + 1);
}

const struct fault_effect effect_dele_renumbers = {
    .hooks = {.number = moved_number, .find = find_moved, .mark = mark_moved}};

/* ---- when the last message is marked --------------------------------------------------------- */

static bool last_is_marked(const struct pq_server *s)
{
    return find_marked(s, s->maildrop.count) != NULL;
}

/* Whether the number is one of those that went with the last one. */
static bool is_cut_off(const struct pq_server *s, const struct pq_fault *f, uint64_t number)
{
    uint64_t count = s->maildrop.count;
    return last_is_marked(s) && number < count && count - number <= f->values[0];
}

static struct pq_message *find_in_shrunk(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_last_shrinks_range);
    bool acts = is_cut_off(s, f, number) && fault_fires(f);
    return acts ? NULL : f->base.find(s, verb, number);
}

static bool mark_in_shrunk(struct pq_server *s, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_last_shrinks_range);
    bool acts = is_cut_off(s, f, number) && fault_fires(f);
    return !acts && f->base.mark(s, number);
}

const struct fault_effect effect_dele_last_shrinks_range = {
    .hooks = {.find = find_in_shrunk, .mark = mark_in_shrunk}};

/* As where each session is a process of its own. */
static void uidl_of_last_deleted_crash(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_uidl_of_last_deleted_crash);
    bool last = fault_is_command(e, PQ_VERB_UIDL) && e->command.argc == 1 &&
                e->command.message == s->maildrop.count;
    if (last && last_is_marked(s) && fault_fires(f))
        pq_server_on_end(s);
    else
        f->base.obey(s, e);
}

const struct fault_effect effect_uidl_of_last_deleted_crash = {
    .hooks = {.obey = uidl_of_last_deleted_crash}};
