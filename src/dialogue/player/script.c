/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/script.h"

#include <string.h>

void pq_script_init(struct pq_script *s, const struct pq_golden_run *run)
{
    *s = (struct pq_script){.run = run, .next_answer = run->events};
    for (size_t i = 0; i < PQ_WIRE_CONNS; i++)
        s->conns[i].next = run->events;
}

/* The next event of a connection at or behind `e`, or NULL. */
static const struct pq_golden_event *event_of(const struct pq_golden_event *e, unsigned conn)
{
    while (e && (e->conn != conn || e->kind == PQ_GOLDEN_ANSWER || e->kind == PQ_GOLDEN_STORED))
        e = e->next;
    return e;
}

/* The same, past what is of kind `kind`. */
static const struct pq_golden_event *event_past(const struct pq_golden_event *e, unsigned conn,
                                                enum pq_golden_kind kind)
{
    e = event_of(e, conn);
    while (e && e->kind == kind)
        e = event_of(e->next, conn);
    return e;
}

static void use_up(struct pq_script_conn *c, const struct pq_golden_event *e)
{
    c->next = e->next;
    c->taken = 0;
}

static enum pq_wire_result script_open(void *ctx, unsigned conn, bool tls, uint64_t deadline)
{
    (void)tls;
    struct pq_script *s = ctx;
    struct pq_script_conn *c = &s->conns[conn];
    const struct pq_golden_event *e = event_of(c->next, conn);
    while (e && e->kind != PQ_GOLDEN_CONNECT)
        e = event_of(e->next, conn);
    if (!e)
        return PQ_WIRE_SPENT;
    use_up(c, e);
    if (e->result == PQ_WIRE_TIMEOUT && deadline > s->now_ms)
        s->now_ms = deadline;
    return e->result;
}

static enum pq_wire_result script_send(void *ctx, unsigned conn, struct pq_slice *rest,
                                       uint64_t deadline)
{
    (void)ctx;
    (void)conn;
    (void)deadline;
    *rest = pq_slice_after(*rest, rest->len);
    return PQ_WIRE_OK;
}

static void script_gap(void *ctx, unsigned conn)
{
    (void)ctx;
    (void)conn;
}

/* Gives as much of an event as there is room for. */
static void give(struct pq_script_conn *c, const struct pq_golden_event *e, struct pq_buf *into)
{
    struct pq_slice piece = pq_slice_after(e->octets, c->taken);
    piece = pq_slice_first(piece, pq_buf_room(into));
    pq_buf_put(into, piece);
    c->taken += piece.len;
    c->next = e;
    if (c->taken == e->octets.len)
        use_up(c, e);
}

/* Whether a look without waiting sees something: only what came before the next write. */
static bool comes_at_once(const struct pq_script_conn *c, unsigned conn)
{
    const struct pq_golden_event *e = event_of(c->next, conn);
    return e && (e->kind == PQ_GOLDEN_DATA ||
                 (e->kind == PQ_GOLDEN_END && e->result != PQ_WIRE_TIMEOUT));
}

static enum pq_wire_result script_recv(void *ctx, unsigned conn, struct pq_buf *into,
                                       uint64_t deadline)
{
    struct pq_script *s = ctx;
    struct pq_script_conn *c = &s->conns[conn];
    if (deadline <= s->now_ms && !comes_at_once(c, conn))
        return PQ_WIRE_TIMEOUT;
    const struct pq_golden_event *e = event_past(c->next, conn, PQ_GOLDEN_SENT);
    while (e && e->kind == PQ_GOLDEN_DATA && e->octets.len == 0)
        e = event_past(e->next, conn, PQ_GOLDEN_SENT);
    if (!e || (e->kind != PQ_GOLDEN_DATA && e->kind != PQ_GOLDEN_END))
        return PQ_WIRE_SPENT;
    if (e->kind == PQ_GOLDEN_DATA) {
        /* Lines that came together are several events: they are given together too. */
        for (; e && e->kind == PQ_GOLDEN_DATA && pq_buf_room(into) > 0; e = event_of(c->next, conn))
            give(c, e, into);
        return PQ_WIRE_OK;
    }
    if (e->result != PQ_WIRE_TIMEOUT)
        return e->result;
    use_up(c, e);
    if (deadline > s->now_ms)
        s->now_ms = deadline;
    return PQ_WIRE_TIMEOUT;
}

static enum pq_wire_result script_half_close(void *ctx, unsigned conn, uint64_t deadline)
{
    (void)ctx;
    (void)conn;
    (void)deadline;
    return PQ_WIRE_OK;
}

static void script_end(void *ctx, unsigned conn, enum pq_wire_end how)
{
    (void)ctx;
    (void)conn;
    (void)how;
}

/* What came before it and was not looked at is part of its outcome. */
static enum pq_wire_tls script_start_tls(void *ctx, unsigned conn,
                                         const struct pq_wire_tls_options *options,
                                         struct pq_slice early, uint64_t deadline)
{
    (void)options;
    (void)early;
    struct pq_script *s = ctx;
    struct pq_script_conn *c = &s->conns[conn];
    const struct pq_golden_event *e = event_of(c->next, conn);
    while (e && (e->kind == PQ_GOLDEN_SENT || e->kind == PQ_GOLDEN_DATA))
        e = event_of(e->next, conn);
    if (!e || e->kind != PQ_GOLDEN_TLS)
        return PQ_WIRE_TLS_SPENT;
    use_up(c, e);
    if (e->tls == PQ_WIRE_TLS_TIMEOUT && deadline > s->now_ms)
        s->now_ms = deadline;
    return e->tls;
}

static bool script_hello(void *ctx, unsigned conn, const struct pq_wire_tls_options *options,
                         struct pq_buf *out)
{
    (void)ctx;
    (void)conn;
    (void)options;
    return pq_buf_put_text(out, "ClientHello");
}

static bool script_facts(void *ctx, unsigned conn, struct pq_buf *out)
{
    struct pq_script *s = ctx;
    struct pq_script_conn *c = &s->conns[conn];
    const struct pq_golden_event *e = event_of(c->next, conn);
    while (e && e->kind != PQ_GOLDEN_FACT && e->kind != PQ_GOLDEN_TLS &&
           e->kind != PQ_GOLDEN_CONNECT)
        e = event_of(e->next, conn);
    if (!e || e->kind != PQ_GOLDEN_FACT)
        return false;
    for (; e && e->kind == PQ_GOLDEN_FACT; e = event_of(e->next, conn)) {
        pq_buf_put(out, e->octets);
        pq_buf_put_octet(out, '\n');
        use_up(c, e);
    }
    return true;
}

static void script_corrupt(void *ctx, unsigned conn)
{
    (void)ctx;
    (void)conn;
}

static const char *script_why(void *ctx, unsigned conn)
{
    (void)ctx;
    (void)conn;
    return "";
}

static void script_wait(void *ctx, uint64_t ms)
{
    struct pq_script *s = ctx;
    s->now_ms += ms;
}

static uint64_t script_now_ms(void *ctx)
{
    const struct pq_script *s = ctx;
    return s->now_ms;
}

/* Without such an event no time has passed: a record that a person wrote need not tell. */
static uint64_t script_took(void *ctx, unsigned conn, uint64_t ms)
{
    struct pq_script *s = ctx;
    struct pq_script_conn *c = &s->conns[conn];
    const struct pq_golden_event *e = event_past(c->next, conn, PQ_GOLDEN_SENT);
    /* The end of a connection is never used up; what was measured stands behind it. */
    if (e && e->kind == PQ_GOLDEN_END && e->result != PQ_WIRE_TIMEOUT)
        e = event_past(e->next, conn, PQ_GOLDEN_SENT);
    if (!e || e->kind != PQ_GOLDEN_TOOK)
        return ms;
    use_up(c, e);
    return e->number;
}

/* Gathers the messages behind `e`, an answer to PEEK. */
static void gather(const struct pq_golden_event *e, struct pq_answer *answer)
{
    size_t count = 0;
    for (const struct pq_golden_event *s = e->next; s && s->kind == PQ_GOLDEN_STORED; s = s->next)
        count++;
    struct pq_peeked *messages = pq_arena_get(answer->arena, (count + 1) * sizeof(*messages));
    if (!messages || count > PQ_PEEKED_MAX) {
        answer->kind = PQ_ANSWER_FAILED;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        e = e->next;
        messages[i] = e->stored;
    }
    answer->messages = messages;
    answer->count = count;
}

static void script_ask(void *ctx, const struct pq_ask *ask, struct pq_answer *answer)
{
    struct pq_script *s = ctx;
    const struct pq_golden_event *e = s->next_answer;
    while (e && e->kind != PQ_GOLDEN_ANSWER)
        e = e->next;
    answer->kind = PQ_ANSWER_SPENT;
    if (!e || e->ask != ask->what)
        return;
    s->next_answer = e->next;
    answer->kind = e->answer;
    struct pq_slice why = pq_slice_first(e->octets, sizeof(answer->why) - 1);
    if (why.len > 0)
        memcpy(answer->why, why.at, why.len);
    if (ask->what == PQ_ASK_PEEK && e->answer == PQ_ANSWER_DONE)
        gather(e, answer);
}

struct pq_wire pq_script_wire(struct pq_script *s)
{
    return (struct pq_wire){
        .open = script_open,
        .send = script_send,
        .gap = script_gap,
        .recv = script_recv,
        .half_close = script_half_close,
        .end = script_end,
        .start_tls = script_start_tls,
        .hello = script_hello,
        .facts = script_facts,
        .corrupt = script_corrupt,
        .why = script_why,
        .wait = script_wait,
        .now_ms = script_now_ms,
        .took = script_took,
        .ask = script_ask,
        .ctx = s,
    };
}
