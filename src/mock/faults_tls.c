/* SPDX-License-Identifier: Apache-2.0
 * Faults of STLS (RFC 2595 section 4). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- what was said in clear ------------------------------------------------------------------ */

static enum pq_leftover keep_leftover(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_keeps_buffered_plaintext);
    return fault_fires(f) ? PQ_LEFTOVER_KEEP : f->base.leftover(s);
}

const struct fault_effect effect_stls_keeps_buffered_plaintext = {
    .hooks = {.leftover = keep_leftover}};

static void keep_user(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_keeps_user);
    if (s->user_len > 0 && fault_fires(f))
        fault_set_state(s, PQ_STATE_USER);
    else
        f->base.secured(s);
}

const struct fault_effect effect_stls_keeps_user = {.hooks = {.secured = keep_user}};

/* ---- STLS where it is refused ---------------------------------------------------------------- */

static bool is_stls(const struct pq_event *e, enum pq_refusal refusal)
{
    return e->kind == PQ_EVENT_COMMAND && e->verb == PQ_VERB_STLS && e->refusal == refusal;
}

static bool is_logged_in(const struct pq_server *s)
{
    return s->conn.session.state == PQ_STATE_TRANSACTION;
}

static enum pq_refusal judge_in_transaction(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_accepted_in_transaction);
    bool acts = is_stls(e, PQ_REFUSED_STATE) && is_logged_in(s) && fault_fires(f);
    return acts ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

/* The session's table does not know this move, so the answer alone would not begin TLS. */
void fault_accept_late_stls(struct pq_server *s, const struct pq_behaviour *base)
{
    bool logged_in = is_logged_in(s);
    base->accept_stls(s);
    if (logged_in)
        fault_set_state(s, PQ_STATE_TLS);
}

void fault_secure_late(struct pq_server *s, const struct pq_behaviour *base)
{
    base->secured(s);
    if (s->account)
        fault_set_state(s, PQ_STATE_TRANSACTION);
}

static void accept_in_transaction(struct pq_server *s)
{
    fault_accept_late_stls(s, &fault_of(s, PQ_FAULT_stls_accepted_in_transaction)->base);
}

static void secured_in_transaction(struct pq_server *s)
{
    fault_secure_late(s, &fault_of(s, PQ_FAULT_stls_accepted_in_transaction)->base);
}

const struct fault_effect effect_stls_accepted_in_transaction = {
    .hooks = {.judge = judge_in_transaction,
              .accept_stls = accept_in_transaction,
              .secured = secured_in_transaction}};

static enum pq_refusal judge_in_tls(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_accepted_in_tls);
    bool acts = is_stls(e, PQ_REFUSED_TLS_ACTIVE) && fault_fires(f);
    return acts ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

const struct fault_effect effect_stls_accepted_in_tls = {.hooks = {.judge = judge_in_tls}};
