/* SPDX-License-Identifier: Apache-2.0
 * Faults of limits: lengths of lines and names, amounts of messages and connections (RFC 1939
 * section 3, RFC 2449 section 4). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- lengths --------------------------------------------------------------------------------- */

static enum pq_refusal command_limit_128(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_command_limit_128);
    bool too_long = e->too_long || e->octets.len + 2 > f->values[0];
    if (e->kind != PQ_EVENT_COMMAND || !too_long || !fault_fires(f))
        return f->base.judge(s, e);
    e->command.flaw = PQ_FLAW_TOO_LONG;
    return PQ_REFUSED_SYNTAX;
}

const struct fault_effect effect_command_limit_128 = {.hooks = {.judge = command_limit_128}};

static void user_name_limit_40(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_user_name_limit_40);
    f->base.obey(s, e);
    if (fault_is_command(e, PQ_VERB_USER) && s->user_len > f->values[0] && fault_fires(f))
        s->user_len = f->values[0];
}

const struct fault_effect effect_user_name_limit_40 = {.hooks = {.obey = user_name_limit_40}};

static void long_line_no_recovery(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_long_line_no_recovery);
    if (s->memory.mute) {
        fault_stay_silent(s);
        return;
    }
    s->memory.mute = e->kind == PQ_EVENT_COMMAND && e->too_long && fault_fires(f);
    f->base.obey(s, e);
}

const struct fault_effect effect_long_line_no_recovery = {.hooks = {.obey = long_line_no_recovery}};

/* Keeps as many octets as the line has, whichever they are. */
static bool long_line_unbounded(struct pq_server *s, uint64_t octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_long_line_unbounded);
    struct pq_bytes *line = &s->memory.line;
    if (!f->base.endless(s, octets) || !fault_fires(f))
        return f->base.endless(s, octets);
    static const uint8_t some[4096] = {0};
    while (line->len < octets)
        if (pq_bytes_put(line, pq_slice_of(some, sizeof(some))) != PQ_STATUS_OK)
            return true;
    return false;
}

const struct fault_effect effect_long_line_unbounded = {.hooks = {.endless = long_line_unbounded}};

/* ---- amounts --------------------------------------------------------------------------------- */

/* What is left of a number or a count. */
static uint64_t wrap(const struct pq_server *s, uint64_t number)
{
    return number % fault_of(s, PQ_FAULT_message_count_wraps_65536)->values[0];
}

static void wrap_totals(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    fault_of(s, PQ_FAULT_message_count_wraps_65536)->base.totals(s, count, octets);
    *count = wrap(s, *count);
}

static uint64_t wrap_number(struct pq_server *s, enum pq_verb verb, size_t index)
{
    const struct pq_fault *f = fault_of(s, PQ_FAULT_message_count_wraps_65536);
    return wrap(s, f->base.number(s, verb, index));
}

static struct pq_message *find_wrapped(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    const struct pq_fault *f = fault_of(s, PQ_FAULT_message_count_wraps_65536);
    return f->base.find(s, verb, wrap(s, number));
}

static bool mark_wrapped(struct pq_server *s, uint64_t number)
{
    const struct pq_fault *f = fault_of(s, PQ_FAULT_message_count_wraps_65536);
    return f->base.mark(s, wrap(s, number));
}

const struct fault_effect effect_message_count_wraps_65536 = {
    .hooks = {
        .totals = wrap_totals, .number = wrap_number, .find = find_wrapped, .mark = mark_wrapped}};

static bool leave_ungreeted(struct pq_server *s, struct pq_slice text)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_connection_limit_silent);
    if (!f->base.greet(s, text))
        return false;
    if (s->mock->sessions <= f->values[0] || !fault_fires(f))
        return true;
    pq_buf_drop(&s->out, s->out.len);
    s->memory.mute = true;
    return true;
}

static void obey_if_greeted(struct pq_server *s, struct pq_event *e)
{
    if (s->memory.mute)
        fault_stay_silent(s);
    else
        fault_of(s, PQ_FAULT_connection_limit_silent)->base.obey(s, e);
}

const struct fault_effect effect_connection_limit_silent = {
    .hooks = {.greet = leave_ungreeted, .obey = obey_if_greeted}};
