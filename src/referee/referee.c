/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/referee.h"

#include "referee/referee_internal.h"

#include <assert.h>

void pq_referee_init(struct pq_referee *r, struct pq_alloc alloc, pq_finding_fn *tell, void *ctx)
{
    *r = (struct pq_referee){.tell = tell, .ctx = ctx, .alloc = alloc};
}

void *ref_resize(struct pq_referee *r, void *old, size_t old_size, size_t size)
{
    bool fits = size <= old_size || size - old_size <= PQ_REFEREE_MEMORY_MAX - r->used;
    if ((!old && size == 0) || !fits) {
        r->blind |= !fits;
        return NULL;
    }
    void *now = r->alloc.resize(r->alloc.ctx, old, size);
    if (now || size == 0)
        r->used = r->used - old_size + size;
    r->blind |= !now && size > 0;
    return now;
}

void pq_referee_free(struct pq_referee *r)
{
    for (size_t i = 0; i < PQ_REFEREE_CONNS_MAX; i++) {
        if (!r->conns[i])
            continue;
        ref_view_free(r->conns[i]);
        r->conns[i] = ref_resize(r, r->conns[i], sizeof(struct referee_conn), 0);
    }
    ref_drop_free(r);
}

static struct referee_conn *conn_memory(struct pq_referee *r, unsigned conn)
{
    assert(conn < PQ_REFEREE_CONNS_MAX);
    if (r->conns[conn])
        return r->conns[conn];
    struct referee_conn *c = ref_resize(r, NULL, 0, sizeof(*c));
    if (c) {
        c->open = false;
        c->view = (struct ref_view){.known = false};
    }
    r->conns[conn] = c;
    return c;
}

static struct referee_conn *find(struct pq_referee *r, unsigned conn)
{
    assert(conn < PQ_REFEREE_CONNS_MAX);
    return r->conns[conn] && r->conns[conn]->open ? r->conns[conn] : NULL;
}

static void end(struct referee_conn *c)
{
    ref_drop_end(c);
    ref_view_free(c);
    c->open = false;
}

void pq_referee_open(struct pq_referee *r, unsigned conn, enum pq_tls_mode tls)
{
    struct referee_conn *c = conn_memory(r, conn);
    if (!c)
        ref_drop_forget(r); /* whatever that session does to the mail is not seen */
    if (!c)
        return;
    if (c->open)
        end(c);
    c->referee = r;
    c->number = conn;
    c->open = true;
    c->left = c->of_drop = false;
    c->findings = c->ms = 0;
    c->facts = (struct ref_facts){.answered = false};
    c->held.rule = 0;
    ref_reader_init(c);
    pq_session_init(&c->session, tls);
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
    struct ref_facts old = c->facts;
    /* Of what was not read in the clear, a part may have stood behind STLS. */
    bool lines = old.clear_lines || ref_has_lines(c) || c->blind;
    bool part = old.clear_part || c->lines[PQ_FROM_CLIENT].seen > 0;
    c->facts = (struct ref_facts){.clear_lines = lines,
                                  .clear_part = part,
                                  .shifted = ok && (lines || part),
                                  .state_unsure = ok && (lines || part),
                                  .clear_user = old.clear_user,
                                  .no_timestamp = old.no_timestamp,
                                  .no_more_clear = !ok};
    ref_reader_forget(c);
    c->blind = false;
    c->held.rule = 0;
    c->session.state = PQ_STATE_TLS;
    pq_session_on_tls(&c->session, ok);
}

void pq_referee_on_silence(struct pq_referee *r, unsigned conn, uint64_t ms)
{
    struct referee_conn *c = find(r, conn);
    bool greets = c && c->session.state == PQ_STATE_CONNECTED;
    if (!c || c->blind || c->facts.no_more_clear || (!greets && !ref_is_waiting(c)))
        return;
    c->ms = ms;
    ref_judge(c, &(struct ref_moment){.kind = REF_AT_SILENCE,
                                      .offset = c->base[PQ_FROM_SERVER] +
                                                c->lines[PQ_FROM_SERVER].offset});
}

void pq_referee_on_half_close(struct pq_referee *r, unsigned conn)
{
    struct referee_conn *c = find(r, conn);
    if (c)
        c->said_all = true;
}

void pq_referee_set_blind(struct pq_referee *r, unsigned conn)
{
    struct referee_conn *c = find(r, conn);
    if (c)
        c->blind = true;
}

void pq_referee_end(struct pq_referee *r, unsigned conn, enum pq_ended by, uint64_t ms)
{
    struct referee_conn *c = find(r, conn);
    (void)by;
    if (!c)
        return;
    c->ms = ms;
    end(c);
}

void pq_referee_on_mail_changed(struct pq_referee *r)
{
    ref_drop_forget(r);
}

void pq_referee_set_user(struct pq_referee *r, struct pq_slice user)
{
    ref_drop_name(r, user);
}
