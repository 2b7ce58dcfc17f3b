/* SPDX-License-Identifier: Apache-2.0
 * What the three roles share. Reading commands is in commands.c, reading replies in replies.c,
 * writing in server.c and client.c. */
#include "conn/conn_internal.h"

#include <assert.h>

const char *pq_event_name(enum pq_event_kind kind)
{
    switch (kind) {
#define X(name)                                                                                    \
    case PQ_EVENT_##name:                                                                          \
        return #name;
        PQ_EVENT_LIST(X)
#undef X
    }
    return "UNKNOWN";
}

static void side_init(struct pq_conn_side *side, uint8_t *memory, size_t cap, size_t limit)
{
    if (!memory)
        return;
    assert(cap >= limit);
    pq_framer_init(&side->framer, memory, cap);
    side->framer.limit = limit;
}

void pq_conn_init(struct pq_conn *c, enum pq_role role, enum pq_tls_mode tls,
                  struct pq_conn_memory memory)
{
    *c = (struct pq_conn){.role = role,
                          .command_max = PQ_COMMAND_LINE_MAX,
                          .response_max = memory.client_cap,
                          .reading = READING_STATUS};
    c->out = memory.out;
    side_init(&c->client, memory.client, memory.client_cap, PQ_COMMAND_LINE_MAX);
    side_init(&c->server, memory.server, memory.server_cap, PQ_REPLY_LINE_MAX);
    pq_session_init(&c->session, tls);
}

void pq_conn_lend(struct pq_conn *c, uint8_t *client, size_t client_cap)
{
    struct pq_framer before = c->client.framer;
    side_init(&c->client, client, client_cap, PQ_COMMAND_LINE_MAX);
    c->client.framer.offset = before.offset + before.seen;
    c->client.framer.lf_ends_line = before.lf_ends_line;
    c->response_max = client_cap;
}

static struct pq_conn_side *side_of(struct pq_conn *c, enum pq_side from)
{
    return from == PQ_FROM_CLIENT ? &c->client : &c->server;
}

void pq_conn_feed(struct pq_conn *c, enum pq_side from, struct pq_slice octets)
{
    struct pq_conn_side *side = side_of(c, from);
    assert(side->in.len == 0 && side->framer.hold);
    side->framer.lf_ends_line = (c->leniency & PQ_LENIENT_LF) != 0;
    side->in = octets;
}

struct pq_slice pq_conn_unread(const struct pq_conn *c, enum pq_side from)
{
    return from == PQ_FROM_CLIENT ? c->client.in : c->server.in;
}

struct pq_slice pq_conn_take_back(struct pq_conn *c, enum pq_side from)
{
    struct pq_slice unread = pq_conn_unread(c, from);
    side_of(c, from)->in = pq_slice_of(NULL, 0);
    return unread;
}

uint64_t pq_conn_unfinished(const struct pq_conn *c, enum pq_side from)
{
    return pq_framer_pending(from == PQ_FROM_CLIENT ? &c->client.framer : &c->server.framer);
}

enum pq_next conn_fail(struct pq_conn *c, enum pq_status why)
{
    if (c->status == PQ_STATUS_OK)
        c->status = why; /* the first cause stays */
    return PQ_NEXT_ERROR;
}

enum pq_next pq_conn_next(struct pq_conn *c, struct pq_event *e)
{
    if (c->status != PQ_STATUS_OK)
        return PQ_NEXT_ERROR;
    /* What can be read of the client was sent before what follows of the server, in every cut. */
    enum pq_next next = c->client.framer.hold ? conn_next_command(c, e) : PQ_NEXT_NEED_DATA;
    if (next == PQ_NEXT_NEED_DATA && c->server.framer.hold)
        next = conn_next_reply(c, e);
    return next;
}

static void side_forget(struct pq_conn_side *side)
{
    side->in = pq_slice_of(NULL, 0);
    if (side->framer.hold)
        pq_framer_clear(&side->framer);
}

void pq_conn_on_tls(struct pq_conn *c, bool ok)
{
    side_forget(&c->client);
    side_forget(&c->server);
    c->pending_count = 0;
    c->reading = READING_STATUS;
    pq_session_on_tls(&c->session, ok);
}

enum pq_status pq_conn_on_end(struct pq_conn *c)
{
    bool cut = pq_framer_pending(&c->client.framer) > 0 ||
               pq_framer_pending(&c->server.framer) > 0 || c->reading != READING_STATUS ||
               c->pending_count > 0;
    if (c->session.state != PQ_STATE_CLOSED)
        pq_session_on_end(&c->session);
    return cut ? PQ_STATUS_STREAM_ENDED : PQ_STATUS_OK;
}

/* ---- commands that wait for their answer ----------------------------------------------------- */

void conn_push(struct pq_conn *c, struct pq_pending pending)
{
    assert(c->pending_count < PQ_PIPELINE_MAX);
    c->pending[(c->pending_first + c->pending_count) % PQ_PIPELINE_MAX] = pending;
    if (c->pending_count++ == 0 && !pending.refused && c->session.state != PQ_STATE_SASL)
        pq_session_on_command(&c->session, (enum pq_verb)pending.verb);
}

struct pq_pending conn_pending(const struct pq_conn *c, size_t i)
{
    assert(i < c->pending_count);
    return c->pending[(c->pending_first + i) % PQ_PIPELINE_MAX];
}

void conn_pop(struct pq_conn *c)
{
    assert(c->pending_count > 0);
    c->pending_first = (c->pending_first + 1) % PQ_PIPELINE_MAX;
    if (--c->pending_count == 0)
        return;
    struct pq_pending next = conn_pending(c, 0);
    if (!next.refused && pq_session_judge(&c->session, (enum pq_verb)next.verb) == PQ_REFUSED_NONE)
        pq_session_on_command(&c->session, (enum pq_verb)next.verb);
}

struct pq_session conn_ahead(const struct pq_conn *c)
{
    struct pq_session ahead = c->session;
    for (size_t i = 0; i < c->pending_count; i++) {
        struct pq_pending p = conn_pending(c, i);
        if (p.refused || pq_session_judge(&ahead, (enum pq_verb)p.verb) != PQ_REFUSED_NONE)
            continue;
        pq_session_on_command(&ahead, (enum pq_verb)p.verb);
        pq_session_on_reply(&ahead, PQ_REPLY_OK);
    }
    return ahead;
}

bool conn_settle(struct pq_conn *c, enum pq_indicator indicator)
{
    struct pq_pending first = conn_pending(c, 0);
    if (!first.refused)
        pq_session_on_reply(&c->session, indicator);
    if (indicator == PQ_REPLY_OK && first.multi)
        return true;
    conn_pop(c);
    return false;
}
