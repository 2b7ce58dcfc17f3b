/* SPDX-License-Identifier: Apache-2.0
 * Faults of counting: sizes, totals and message numbers (RFC 1939 sections 5 and 11). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- sizes and totals ------------------------------------------------------------------------ */

static void stat_total_off_by_one(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stat_total_off_by_one);
    f->base.totals(s, count, octets);
    if (*count > 0 && fault_fires(f))
        *octets += f->values[0] * *count;
}

const struct fault_effect effect_stat_total_off_by_one = {
    .hooks = {.totals = stat_total_off_by_one}};

/* A server that counts wrong does so everywhere: STAT is the sum of what LIST says. */
static void totals_of_sizes(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    *count = s->maildrop.live_count;
    *octets = 0;
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (!s->maildrop.messages[i].deleted)
            *octets += s->mock->behaviour.size(s, i);
}

/* What RETR sends has as many line ends as the content has lines. */
static uint64_t count_lines(struct pq_slice content)
{
    uint64_t count = 0;
    for (; content.len > 0; count++)
        (void)fault_line(&content);
    return count;
}

static uint64_t list_size_lf_only(struct pq_server *s, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_size_lf_only);
    uint64_t lines = count_lines(s->stored[index]->content);
    return f->base.size(s, index) - (fault_acts_on(s, f, index) ? lines : 0);
}

const struct fault_effect effect_list_size_lf_only = {
    .hooks = {.size = list_size_lf_only, .totals = totals_of_sizes}, .shows = fault_has_octets};

static uint64_t count_dot_lines(struct pq_slice content)
{
    uint64_t count = 0;
    while (content.len > 0)
        count += fault_line(&content).at[0] == '.';
    return count;
}

static uint64_t list_size_includes_stuffing(struct pq_server *s, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_size_includes_stuffing);
    uint64_t dots = count_dot_lines(s->stored[index]->content);
    return f->base.size(s, index) + (fault_acts_on(s, f, index) ? dots : 0);
}

const struct fault_effect effect_list_size_includes_stuffing = {
    .hooks = {.size = list_size_includes_stuffing, .totals = totals_of_sizes},
    .shows = fault_has_dot_line};

static uint64_t list_size_rounded_1024(struct pq_server *s, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_size_rounded_1024);
    uint64_t size = f->base.size(s, index), unit = f->values[0];
    return fault_fires(f) ? (size + unit - 1) / unit * unit : size;
}

const struct fault_effect effect_list_size_rounded_1024 = {
    .hooks = {.size = list_size_rounded_1024, .totals = totals_of_sizes}};

/* ---- numbers --------------------------------------------------------------------------------- */

/* In the list only: LIST 1 is still about the first message. */
static uint64_t list_numbers_from_zero(struct pq_server *s, enum pq_verb verb, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_numbers_from_zero);
    uint64_t number = f->base.number(s, verb, index);
    bool acts = verb == PQ_VERB_LIST && s->job.kind == JOB_LIST && fault_fires(f);
    return acts ? number - 1 : number;
}

const struct fault_effect effect_list_numbers_from_zero = {
    .hooks = {.number = list_numbers_from_zero}};

static bool is_last_live(const struct pq_server *s, size_t index)
{
    for (size_t i = index + 1; i < s->maildrop.count; i++)
        if (!s->maildrop.messages[i].deleted)
            return false;
    return !s->maildrop.messages[index].deleted;
}

static unsigned list_duplicate_line(struct pq_server *s, enum pq_verb verb, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_duplicate_line);
    bool even = s->maildrop.live_count % 2 == 0;
    bool acts = verb == PQ_VERB_LIST && even && is_last_live(s, index) && fault_fires(f);
    return f->base.times(s, verb, index) + (acts ? 1 : 0);
}

const struct fault_effect effect_list_duplicate_line = {.hooks = {.times = list_duplicate_line}};

static struct pq_message *retr_zero_is_first(struct pq_server *s, enum pq_verb verb,
                                             uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_retr_zero_is_first);
    bool acts = verb == PQ_VERB_RETR && number == 0 && fault_fires(f);
    return f->base.find(s, verb, acts ? 1 : number);
}

const struct fault_effect effect_retr_zero_is_first = {.hooks = {.find = retr_zero_is_first}};
