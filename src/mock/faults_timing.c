/* SPDX-License-Identifier: Apache-2.0
 * Faults of timing: the autologout timer (RFC 1939 section 3). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

static uint64_t idle_timeout_60s(const struct pq_server *s)
{
    return fault_of(s, PQ_FAULT_idle_timeout_60s)->values[0] * 1000;
}

const struct fault_effect effect_idle_timeout_60s = {.hooks = {.idle_limit_ms = idle_timeout_60s}};

static bool idle_timer_not_reset(struct pq_server *s)
{
    (void)s;
    return false;
}

const struct fault_effect effect_idle_timer_not_reset = {
    .hooks = {.restarts_idle = idle_timer_not_reset}};
