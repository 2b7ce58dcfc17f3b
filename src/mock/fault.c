/* SPDX-License-Identifier: Apache-2.0
 * The plan: which faults are active, with which constants, and when they act. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

static const struct pq_fault_row rows[PQ_FAULT_COUNT] = {
#define X(id, name, category, text, first, second)                                                 \
    [PQ_FAULT_##id] = {name, category, text, {first, second}, &effect_##id},
    PQ_FAULT_LIST(X)
#undef X
};

const struct pq_fault_row *pq_fault_rows(size_t *count)
{
    *count = PQ_FAULT_COUNT;
    return rows;
}

/* ---- acting ---------------------------------------------------------------------------------- */

struct pq_fault *fault_of(const struct pq_server *s, enum pq_fault_id id)
{
    struct pq_fault_plan *plan = s->plan;
    size_t i = 0;
    while (plan->active[i].row != &rows[id])
        i++;
    return &plan->active[i];
}

bool fault_fires(struct pq_fault *f)
{
    f->times++;
    return f->nth == 0 || f->nth == f->times;
}

/* Whether a "messages" constant covers the message of that number, out of `count`. */
static bool which_has(uint64_t which, uint64_t number, uint64_t count)
{
    switch (which) {
    case PQ_WHICH_ALL:
        return true;
    case PQ_WHICH_ODD:
        return number % 2 == 1;
    case PQ_WHICH_EVEN:
        return number % 2 == 0;
    case PQ_WHICH_LAST:
        return number == count;
    default:
        return number == which;
    }
}

static bool shows(const struct pq_server *s, const struct pq_fault *f, size_t index)
{
    const struct fault_effect *e = f->row->effect;
    struct pq_slice content = s->stored[index]->content;
    if (e->shows)
        return e->shows(s, f, content);
    if (e->size)
        return e->size(f, content, s->stored[index]->octets) != s->stored[index]->octets;
    return !fault_writes_bodies(e) || fault_changes_body(s, f, content);
}

/* On how many of the first `end` messages the fault can show. */
static size_t count_shown(const struct pq_server *s, const struct pq_fault *f, size_t end)
{
    size_t count = 0;
    for (size_t i = 0; i < end; i++)
        count += shows(s, f, i);
    return count;
}

bool fault_covers(const struct pq_server *s, const struct pq_fault *f, size_t index)
{
    uint64_t which = PQ_WHICH_ALL;
    for (size_t i = 0; i < PQ_FAULT_CONSTANTS_MAX; i++)
        if (f->row->constants[i].which)
            which = f->values[i];
    if (!shows(s, f, index) || which == PQ_WHICH_ALL)
        return shows(s, f, index);
    size_t count = which == PQ_WHICH_LAST ? count_shown(s, f, s->maildrop.count) : 0;
    return which_has(which, count_shown(s, f, index + 1), count);
}

bool fault_acts_on(const struct pq_server *s, struct pq_fault *f, size_t index)
{
    return fault_covers(s, f, index) && fault_fires(f);
}

bool fault_is_command(const struct pq_event *e, enum pq_verb verb)
{
    return fault_is_refused(e, verb, PQ_REFUSED_NONE);
}

bool fault_is_refused(const struct pq_event *e, enum pq_verb verb, enum pq_refusal refusal)
{
    return e->kind == PQ_EVENT_COMMAND && e->verb == verb && e->refusal == refusal;
}

bool fault_login_failed(const struct pq_server *s, const struct pq_event *e)
{
    bool login = e->verb == PQ_VERB_PASS || e->verb == PQ_VERB_APOP || e->verb == PQ_VERB_AUTH;
    bool over = !s->exchange && !s->account;
    return login && over && e->refusal == PQ_REFUSED_NONE;
}

void fault_stay_silent(struct pq_server *s)
{
    enum pq_state state = s->account ? PQ_STATE_TRANSACTION : PQ_STATE_AUTHORIZATION;
    server_end_sasl(s);
    pq_conn_answered(&s->conn, PQ_REPLY_ERR);
    fault_set_state(s, state);
}

void fault_die(struct pq_server *s)
{
    fault_stay_silent(s);
    pq_server_on_end(s);
}

bool pq_fault_tls_is_old(const struct pq_fault_plan *plan)
{
    bool old = false;
    for (size_t i = 0; i < plan->count; i++)
        old |= plan->active[i].row->effect->old_tls;
    return old;
}

bool pq_fault_tls_resumes(const struct pq_fault_plan *plan)
{
    bool resumes = false;
    for (size_t i = 0; i < plan->count; i++)
        resumes |= plan->active[i].row->effect->resumes;
    return resumes;
}

void fault_set_state(struct pq_server *s, enum pq_state state)
{
    s->conn.session.state = state;
}

/* ---- reading what a person asked for --------------------------------------------------------- */

static const struct pq_fault_row *find_row(struct pq_slice name)
{
    for (size_t i = 0; i < PQ_FAULT_COUNT; i++)
        if (pq_slice_equal(pq_slice_text(rows[i].name), name))
            return &rows[i];
    return NULL;
}

static const struct which_word {
    const char *word;
    uint64_t value;
} which_words[] = {
    {"all", PQ_WHICH_ALL},
    {"odd", PQ_WHICH_ODD},
    {"even", PQ_WHICH_EVEN},
    {"last", PQ_WHICH_LAST},
};

static bool read_value(const struct pq_fault_constant *c, struct pq_slice text, uint64_t *value)
{
    uint64_t number = 0;
    for (size_t i = 0; c->which && i < sizeof(which_words) / sizeof(which_words[0]); i++)
        if (pq_slice_equal(pq_slice_text(which_words[i].word), text)) {
            *value = which_words[i].value;
            return true;
        }
    if (pq_parse_u64(text, &number) != PQ_STATUS_OK || number < c->least || number > c->most)
        return false;
    *value = number;
    return true;
}

static enum pq_status set_constant(struct pq_fault *f, struct pq_slice name, struct pq_slice value,
                                   struct pq_why *why)
{
    for (size_t i = 0; i < PQ_FAULT_CONSTANTS_MAX && f->row->constants[i].name; i++) {
        const struct pq_fault_constant *c = &f->row->constants[i];
        if (!pq_slice_equal(pq_slice_text(c->name), name))
            continue;
        if (read_value(c, value, &f->values[i]))
            return PQ_STATUS_OK;
        return pq_why_fail(why, PQ_STATUS_SYNTAX,
                           "fault %s: %s=%.*s: give %sa number from %llu to %llu", f->row->name,
                           c->name, (int)value.len, (const char *)value.at,
                           c->which ? "all, odd, even, last or " : "", (unsigned long long)c->least,
                           (unsigned long long)c->most);
    }
    return pq_why_fail(why, PQ_STATUS_SYNTAX,
                       "fault %s: has no constant \"%.*s\": see --list-faults", f->row->name,
                       (int)name.len, (const char *)name.at);
}

/* "constant=value,constant=value" */
static enum pq_status set_constants(struct pq_fault *f, struct pq_slice list, struct pq_why *why)
{
    while (list.len > 0) {
        struct pq_slice value = pq_slice_cut(&list, ',');
        struct pq_slice name = pq_slice_cut(&value, '=');
        if (set_constant(f, name, value, why) != PQ_STATUS_OK)
            return PQ_STATUS_SYNTAX;
    }
    return PQ_STATUS_OK;
}

/* The first seeds go through the choices, so that few seeds cover all of them. */
static void choose_constants(struct pq_fault *f, uint64_t seed)
{
    struct pq_rand rand;
    pq_rand_init(&rand, seed);
    for (size_t i = 0; i < PQ_FAULT_CONSTANTS_MAX; i++) {
        uint64_t drawn = pq_rand_below(&rand, PQ_FAULT_CHOICES_MAX);
        f->values[i] = f->row->constants[i].choices[seed < PQ_FAULT_CHOICES_MAX ? seed : drawn];
    }
}

/* Cuts "@nth" off the end. */
static enum pq_status read_nth(struct pq_slice *text, uint64_t *nth, struct pq_why *why)
{
    size_t at = pq_slice_index(*text, '@');
    struct pq_slice number = pq_slice_after(*text, at + 1);
    *nth = 0;
    if (at == text->len)
        return PQ_STATUS_OK;
    *text = pq_slice_first(*text, at);
    if (pq_parse_u64(number, nth) == PQ_STATUS_OK && *nth > 0)
        return PQ_STATUS_OK;
    return pq_why_fail(why, PQ_STATUS_SYNTAX, "fault %.*s: @%.*s: give a count from 1",
                       (int)text->len, (const char *)text->at, (int)number.len,
                       (const char *)number.at);
}

/* Cuts "(...)" off the end of `*text`. */
static enum pq_status read_list(struct pq_slice *text, struct pq_slice *list, struct pq_why *why)
{
    size_t open = pq_slice_index(*text, '(');
    *list = pq_slice_of(NULL, 0);
    if (open == text->len)
        return PQ_STATUS_OK;
    if (text->at[text->len - 1] != ')')
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "fault %.*s: the bracket is not closed",
                           (int)text->len, (const char *)text->at);
    *list = pq_slice_first(pq_slice_after(*text, open + 1), text->len - open - 2);
    *text = pq_slice_first(*text, open);
    return PQ_STATUS_OK;
}

static bool is_active(const struct pq_fault_plan *plan, const struct pq_fault_row *row)
{
    size_t i = 0;
    while (i < plan->count && plan->active[i].row != row)
        i++;
    return i < plan->count;
}

static enum pq_status check_row(const struct pq_fault_plan *plan, const struct pq_fault_row *row,
                                struct pq_slice name, struct pq_why *why)
{
    if (!row)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "fault \"%.*s\" is unknown: see --list-faults",
                           (int)name.len, (const char *)name.at);
    if (is_active(plan, row))
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "fault %s is given twice", row->name);
    if (plan->count == PQ_FAULTS_ACTIVE_MAX)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "more than %u faults at once",
                           PQ_FAULTS_ACTIVE_MAX);
    return PQ_STATUS_OK;
}

static void install(struct pq_fault *f, struct pq_behaviour *b)
{
    f->base = *b;
    fault_install(f->row->effect, b);
}

enum pq_status pq_fault_add(struct pq_fault_plan *plan, struct pq_behaviour *b, const char *text,
                            uint64_t seed, struct pq_why *why)
{
    struct pq_slice name = pq_slice_text(text), list;
    struct pq_fault f = {.row = NULL};
    if (read_nth(&name, &f.nth, why) != PQ_STATUS_OK ||
        read_list(&name, &list, why) != PQ_STATUS_OK)
        return PQ_STATUS_SYNTAX;
    f.row = find_row(name);
    if (check_row(plan, f.row, name, why) != PQ_STATUS_OK)
        return PQ_STATUS_SYNTAX;
    choose_constants(&f, seed);
    if (set_constants(&f, list, why) != PQ_STATUS_OK)
        return PQ_STATUS_SYNTAX;
    install(&f, b);
    plan->active[plan->count++] = f;
    return PQ_STATUS_OK;
}
