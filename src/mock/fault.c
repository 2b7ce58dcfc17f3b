/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/fault.h"

#include <string.h>

#include "mock/fault_internal.h"

/* Constants that several rows share. */
#define WHICH                                                                                      \
    {                                                                                              \
        .name = "messages", .which = true, .least = 1, .most = UINT32_MAX,                         \
        .choices = {PQ_WHICH_ALL, PQ_WHICH_ODD, PQ_WHICH_EVEN}, .count = 3                         \
    }
#define NUMBER(constant, from, to, a, b, c)                                                        \
    {                                                                                              \
        .name = (constant), .least = (from), .most = (to), .choices = {(a), (b), (c)}, .count = 3  \
    }

static const struct pq_fault_row rows[] = {
#define X(name, category, text, install, first, second)                                            \
    {name, category, text, {first, second}, install},
    PQ_FAULT_LIST(X)
#undef X
};

const struct pq_fault_row *pq_fault_rows(size_t *count)
{
    *count = sizeof(rows) / sizeof(rows[0]);
    return rows;
}

struct pq_fault *pq_fault_of(struct pq_fault_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->active[i].row->name, name) == 0)
            return &plan->active[i];
    return NULL;
}

bool pq_fault_fires(struct pq_fault *f)
{
    f->times++;
    return f->nth == 0 || f->nth == f->times;
}

bool pq_which_has(uint64_t which, uint64_t number, uint64_t count)
{
    if (which == PQ_WHICH_ALL)
        return true;
    if (which == PQ_WHICH_ODD || which == PQ_WHICH_EVEN)
        return number % 2 == (which == PQ_WHICH_ODD ? 1 : 0);
    return number == (which == PQ_WHICH_LAST ? count : which);
}

/* ---- reading what a person asked for --------------------------------------------------------- */

static const struct pq_fault_row *find_row(struct pq_slice name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
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
    for (size_t i = 0; c->which && i < sizeof(which_words) / sizeof(which_words[0]); i++)
        if (pq_slice_equal(pq_slice_text(which_words[i].word), text)) {
            *value = which_words[i].value;
            return true;
        }
    return pq_parse_u64(text, value) == PQ_STATUS_OK && *value >= c->least && *value <= c->most;
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

static void choose_constants(struct pq_fault *f, uint64_t seed)
{
    struct pq_rand rand;
    pq_rand_init(&rand, seed);
    for (size_t i = 0; i < PQ_FAULT_CONSTANTS_MAX; i++) {
        const struct pq_fault_constant *c = &f->row->constants[i];
        /* The first seeds go through the choices, so that few seeds cover all of them. */
        if (c->count > 0)
            f->values[i] = c->choices[seed < c->count ? seed : pq_rand_below(&rand, c->count)];
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

enum pq_status pq_fault_add(struct pq_fault_plan *plan, struct pq_behaviour *b, const char *text,
                            uint64_t seed, struct pq_why *why)
{
    struct pq_slice name = pq_slice_text(text), list;
    struct pq_fault f = {.row = NULL};
    if (read_nth(&name, &f.nth, why) != PQ_STATUS_OK ||
        read_list(&name, &list, why) != PQ_STATUS_OK)
        return PQ_STATUS_SYNTAX;
    f.row = find_row(name);
    if (!f.row)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "fault \"%.*s\" is unknown: see --list-faults",
                           (int)name.len, (const char *)name.at);
    if (plan->count == PQ_FAULTS_ACTIVE_MAX)
        return pq_why_fail(why, PQ_STATUS_SYNTAX, "more than %u faults at once",
                           PQ_FAULTS_ACTIVE_MAX);
    choose_constants(&f, seed);
    if (set_constants(&f, list, why) != PQ_STATUS_OK)
        return PQ_STATUS_SYNTAX;
    plan->active[plan->count++] = f;
    f.row->install(b);
    return PQ_STATUS_OK;
}
