/* SPDX-License-Identifier: Apache-2.0
 * Faults of state: the lock on the maildrop, and mail that arrives meanwhile (RFC 1939 section 4).
 */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

static bool no_exclusive_lock(const struct pq_server *s, const struct pq_account *a)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_no_exclusive_lock);
    return f->base.locked(s, a) && !fault_fires(f);
}

const struct fault_effect effect_no_exclusive_lock = {.hooks = {.locked = no_exclusive_lock}};

static void lock_survives_drop(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_lock_survives_drop);
    f->base.dropped(s);
    if (s->account->lock == s && fault_fires(f))
        s->account->lock = PQ_STORE_LOCK_LEFT(s->account);
}

const struct fault_effect effect_lock_survives_drop = {.hooks = {.dropped = lock_survives_drop}};

static void lock_before_check(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_lock_survives_failed_login);
    f->base.obey(s, e);
    struct pq_account *a = pq_store_find(&s->mock->store, pq_slice_of(s->user, s->user_len));
    bool failed = e->verb == PQ_VERB_PASS && fault_login_failed(s, e);
    if (!failed || !a || a->lock || !fault_fires(f))
        return;
    a->lock = PQ_STORE_LOCK_LEFT(a);
    s->memory.took_lock = true;
}

/* The connection that took the lock may still log in. */
static bool is_locked_by_other(const struct pq_server *s, const struct pq_account *a)
{
    const struct pq_fault *f = fault_of(s, PQ_FAULT_lock_survives_failed_login);
    bool own = s->memory.took_lock && a->lock == PQ_STORE_LOCK_LEFT(a);
    return f->base.locked(s, a) && !own;
}

const struct fault_effect effect_lock_survives_failed_login = {
    .hooks = {.obey = lock_before_check, .locked = is_locked_by_other}};

/* ---- mail that arrives ----------------------------------------------------------------------- */

static void obey_with_new_mail(struct pq_server *s, struct pq_event *e, struct pq_fault *f,
                               bool in_front)
{
    if (s->account && fault_fires(f) && !server_take_new_mail(s, in_front))
        pq_server_on_end(s);
    else
        f->base.obey(s, e);
}

static void new_mail_visible_in_session(struct pq_server *s, struct pq_event *e)
{
    obey_with_new_mail(s, e, fault_of(s, PQ_FAULT_new_mail_visible_in_session), false);
}

static void new_mail_renumbers(struct pq_server *s, struct pq_event *e)
{
    obey_with_new_mail(s, e, fault_of(s, PQ_FAULT_new_mail_renumbers), true);
}

const struct fault_effect effect_new_mail_visible_in_session = {
    .hooks = {.obey = new_mail_visible_in_session}};
const struct fault_effect effect_new_mail_renumbers = {.hooks = {.obey = new_mail_renumbers}};
