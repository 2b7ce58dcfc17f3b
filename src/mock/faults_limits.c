/* SPDX-License-Identifier: Apache-2.0
 * Faults of limits (RFC 2449 section 4). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

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
