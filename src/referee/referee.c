/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/referee.h"

#include "referee/referee_internal.h"

#include <assert.h>

void pq_referee_init(struct pq_referee *r, struct pq_alloc alloc, pq_finding_fn *tell, void *ctx)
{
    *r = (struct pq_referee){.tell = tell, .ctx = ctx, .alloc = alloc};
}

void pq_referee_free(struct pq_referee *r)
{
    for (size_t i = 0; i < PQ_REFEREE_CONNS_MAX; i++)
        r->conns[i] = r->alloc.resize(r->alloc.ctx, r->conns[i], 0);
}

static struct referee_conn *conn_memory(struct pq_referee *r, unsigned conn)
{
    assert(conn < PQ_REFEREE_CONNS_MAX);
    if (!r->conns[conn])
        r->conns[conn] = r->alloc.resize(r->alloc.ctx, NULL, sizeof(struct referee_conn));
    if (!r->conns[conn])
        r->blind = true;
    return r->conns[conn];
}

void pq_referee_open(struct pq_referee *r, unsigned conn, enum pq_tls_mode tls)
{
    struct referee_conn *c = conn_memory(r, conn);
    if (!c)
        return;
    c->referee = r;
    c->number = conn;
    c->open = true;
    c->findings = 0;
    c->state_unsure = false;
    ref_reader_init(c);
    pq_session_init(&c->session, tls);
}

static struct referee_conn *find(struct pq_referee *r, unsigned conn)
{
    assert(conn < PQ_REFEREE_CONNS_MAX);
    return r->conns[conn] && r->conns[conn]->open ? r->conns[conn] : NULL;
}

void pq_referee_feed(struct pq_referee *r, unsigned conn, enum pq_side from, struct pq_slice octets,
                     uint64_t ms)
{
    struct referee_conn *c = find(r, conn);
    if (!c)
        return;
    c->ms = ms;
    ref_read(c, from, octets);
}

void pq_referee_on_tls(struct pq_referee *r, unsigned conn, bool ok)
{
    struct referee_conn *c = find(r, conn);
    if (!c)
        return;
    ref_reader_forget(c);
    c->session.state = PQ_STATE_TLS;
    c->blind = c->state_unsure = false;
    pq_session_on_tls(&c->session, ok);
}

void pq_referee_on_silence(struct pq_referee *r, unsigned conn, uint64_t ms)
{
    struct referee_conn *c = find(r, conn);
    if (!c || c->blind || !ref_is_waiting(c))
        return;
    c->ms = ms;
    ref_judge(c, &(struct ref_moment){.kind = REF_AT_SILENCE});
}

void pq_referee_end(struct pq_referee *r, unsigned conn, enum pq_ended by, uint64_t ms)
{
    struct referee_conn *c = find(r, conn);
    (void)by;
    if (!c)
        return;
    c->ms = ms;
    c->open = false;
}

void pq_referee_on_mail_changed(struct pq_referee *r)
{
    (void)r;
}

void pq_referee_set_user(struct pq_referee *r, struct pq_slice user)
{
    (void)r;
    (void)user;
}
