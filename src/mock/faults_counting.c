/* SPDX-License-Identifier: Apache-2.0
 * Faults of counting: sizes, totals and message numbers (RFC 1939 sections 5 and 11). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

#include <string.h>

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

static void stat_total_skips_last(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stat_total_skips_last);
    f->base.totals(s, count, octets);
    size_t last = s->maildrop.count;
    while (last > 0 && s->maildrop.messages[last - 1].deleted)
        last--;
    if (last > 0 && fault_fires(f))
        *octets -= s->behaviour->size(s, last - 1);
}

const struct fault_effect effect_stat_total_skips_last = {
    .hooks = {.totals = stat_total_skips_last}};

/* What RETR sends has as many line ends as the content has lines. */
static uint64_t count_lf_only(const struct pq_fault *f, struct pq_slice content, uint64_t size)
{
    (void)f;
    for (; content.len > 0; size--)
        (void)fault_line(&content);
    return size;
}

const struct fault_effect effect_list_size_lf_only = {.size = count_lf_only};

static uint64_t count_stuffing(const struct pq_fault *f, struct pq_slice content, uint64_t size)
{
    (void)f;
    while (content.len > 0)
        size += fault_line(&content).at[0] == '.';
    return size;
}

const struct fault_effect effect_list_size_includes_stuffing = {.size = count_stuffing};

static uint64_t count_terminator(const struct pq_fault *f, struct pq_slice content, uint64_t size)
{
    (void)f;
    (void)content;
    return size + strlen(FAULT_END);
}

const struct fault_effect effect_list_size_includes_terminator = {.size = count_terminator};

static uint64_t round_up(const struct pq_fault *f, struct pq_slice content, uint64_t size)
{
    (void)content;
    return (size + f->values[0] - 1) / f->values[0] * f->values[0];
}

const struct fault_effect effect_list_size_rounded_1024 = {.size = round_up};

static uint64_t wrap(const struct pq_fault *f, struct pq_slice content, uint64_t size)
{
    (void)content;
    return size % f->values[0];
}

const struct fault_effect effect_list_size_wraps_65536 = {.size = wrap};

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
