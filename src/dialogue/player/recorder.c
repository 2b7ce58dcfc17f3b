/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/recorder.h"

#include <string.h>

#include "dialogue/escape.h"
#include "dialogue/player/golden.h"

void pq_recorder_init(struct pq_recorder *r, const struct pq_wire *inner,
                      const struct pq_mask *mask, struct pq_alloc alloc)
{
    *r = (struct pq_recorder){.inner = inner, .mask = mask, .alloc = alloc};
    pq_bytes_init(&r->text, alloc, PQ_GOLDEN_TEXT_MAX);
    pq_bytes_init(&r->pending, alloc, PQ_GOLDEN_TEXT_MAX);
}

void pq_recorder_free(struct pq_recorder *r)
{
    pq_bytes_free(&r->text);
    pq_bytes_free(&r->pending);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void keep(struct pq_recorder *r, enum pq_status status)
{
    r->lost = r->lost || status != PQ_STATUS_OK;
}

static void put_text(struct pq_recorder *r, const char *text)
{
    keep(r, pq_bytes_put_text(&r->text, text));
}

static void put_number(struct pq_recorder *r, uint64_t number)
{
    uint8_t memory[PQ_U64_TEXT_MAX];
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    pq_buf_put_u64(&b, number);
    keep(r, pq_bytes_put(&r->text, pq_buf_slice(&b)));
}

static void put_string(struct pq_recorder *r, struct pq_slice octets)
{
    keep(r, pq_escape_write_string(octets, false, &r->text));
}

/* "WORD CONN" */
static void put_event(struct pq_recorder *r, const char *word, unsigned conn)
{
    put_text(r, word);
    put_text(r, " ");
    put_number(r, conn);
}

/* ---- octets ---------------------------------------------------------------------------------- */

/* One line of the record for each line of octets. */
static void put_octets(struct pq_recorder *r, struct pq_slice octets)
{
    const char sign[2] = {r->pending_sign, 0};
    while (octets.len > 0) {
        size_t len = pq_slice_index(octets, '\n') + 1;
        struct pq_slice line = pq_slice_first(octets, len);
        octets = pq_slice_after(octets, line.len);
        put_event(r, sign, r->pending_conn);
        put_text(r, " ");
        put_string(r, line);
        put_text(r, "\n");
    }
}

/* Tells the talk of the connection what the server said: an exchange may be over. */
static void hear(struct pq_talk *talk, struct pq_slice octets)
{
    while (octets.len > 0)
        (void)pq_talk_server(talk, pq_slice_cut(&octets, '\n'));
}

static void flush(struct pq_recorder *r)
{
    struct pq_slice octets = pq_bytes_slice(&r->pending);
    struct pq_talk *talk = &r->talk[r->pending_conn];
    bool *hide = octets.len > 0 ? r->alloc.resize(r->alloc.ctx, NULL, octets.len) : NULL;
    if (hide) {
        struct pq_bytes masked;
        pq_bytes_init(&masked, r->alloc, PQ_GOLDEN_TEXT_MAX);
        memset(hide, false, octets.len);
        if (r->pending_sign == '>')
            pq_talk_client(talk, octets, hide);
        else
            hear(talk, octets);
        pq_mask_find(r->mask, octets, hide);
        keep(r, pq_mask_write(octets, hide, &masked));
        put_octets(r, pq_bytes_slice(&masked));
        pq_bytes_free(&masked);
        r->alloc.resize(r->alloc.ctx, hide, 0);
    } else if (octets.len > 0) {
        r->lost = true;
    }
    pq_bytes_clear(&r->pending);
    r->pending_sign = 0;
}

static void add_octets(struct pq_recorder *r, char sign, unsigned conn, struct pq_slice octets)
{
    if (r->pending_sign != sign || r->pending_conn != conn)
        flush(r);
    r->pending_sign = sign;
    r->pending_conn = (uint8_t)conn;
    keep(r, pq_bytes_put(&r->pending, octets));
}

struct pq_slice pq_recorder_events(struct pq_recorder *r)
{
    flush(r);
    return r->lost ? pq_slice_of(NULL, 0) : pq_bytes_slice(&r->text);
}

/* ---- the wire -------------------------------------------------------------------------------- */

static enum pq_wire_result rec_open(void *ctx, unsigned conn, bool tls, uint64_t deadline)
{
    struct pq_recorder *r = ctx;
    enum pq_wire_result result = r->inner->open(r->inner->ctx, conn, tls, deadline);
    flush(r);
    r->talk[conn] = (struct pq_talk){.exchange = false};
    put_event(r, "connect", conn);
    put_text(r, " ");
    put_text(r, pq_wire_result_word(result));
    put_text(r, "\n");
    return result;
}

static enum pq_wire_result rec_send(void *ctx, unsigned conn, struct pq_slice *rest,
                                    uint64_t deadline)
{
    struct pq_recorder *r = ctx;
    struct pq_slice before = *rest;
    enum pq_wire_result result = r->inner->send(r->inner->ctx, conn, rest, deadline);
    add_octets(r, '>', conn, pq_slice_first(before, before.len - rest->len));
    return result;
}

static void rec_gap(void *ctx, unsigned conn)
{
    const struct pq_recorder *r = ctx;
    r->inner->gap(r->inner->ctx, conn);
}

/* A look that does not wait and sees nothing is no event. */
static enum pq_wire_result rec_recv(void *ctx, unsigned conn, struct pq_buf *into,
                                    uint64_t deadline)
{
    struct pq_recorder *r = ctx;
    bool waits = deadline > r->inner->now_ms(r->inner->ctx);
    size_t before = into->len;
    enum pq_wire_result result = r->inner->recv(r->inner->ctx, conn, into, deadline);
    if (result == PQ_WIRE_OK) {
        add_octets(r, '<', conn, pq_slice_after(pq_buf_slice(into), before));
    } else if (result != PQ_WIRE_TIMEOUT || waits) {
        flush(r);
        put_event(r, pq_wire_result_word(result), conn);
        put_text(r, "\n");
    }
    return result;
}

static enum pq_wire_result rec_half_close(void *ctx, unsigned conn, uint64_t deadline)
{
    const struct pq_recorder *r = ctx;
    return r->inner->half_close(r->inner->ctx, conn, deadline);
}

static void rec_end(void *ctx, unsigned conn, enum pq_wire_end how)
{
    const struct pq_recorder *r = ctx;
    r->inner->end(r->inner->ctx, conn, how);
}

static enum pq_wire_tls rec_start_tls(void *ctx, unsigned conn,
                                      const struct pq_wire_tls_options *options,
                                      struct pq_slice early, uint64_t deadline)
{
    struct pq_recorder *r = ctx;
    enum pq_wire_tls result = r->inner->start_tls(r->inner->ctx, conn, options, early, deadline);
    flush(r);
    put_event(r, "tls", conn);
    put_text(r, " ");
    put_text(r, pq_wire_tls_word(result));
    put_text(r, "\n");
    return result;
}

static bool rec_hello(void *ctx, unsigned conn, const struct pq_wire_tls_options *options,
                      struct pq_buf *out)
{
    const struct pq_recorder *r = ctx;
    return r->inner->hello(r->inner->ctx, conn, options, out);
}

/* A line of the record for each fact. */
static bool rec_facts(void *ctx, unsigned conn, struct pq_buf *out)
{
    struct pq_recorder *r = ctx;
    size_t before = out->len;
    bool result = r->inner->facts(r->inner->ctx, conn, out);
    struct pq_slice facts = pq_slice_after(pq_buf_slice(out), before);
    flush(r);
    while (facts.len > 0) {
        put_event(r, "fact", conn);
        put_text(r, " ");
        put_string(r, pq_slice_cut(&facts, '\n'));
        put_text(r, "\n");
    }
    return result;
}

static void rec_corrupt(void *ctx, unsigned conn)
{
    const struct pq_recorder *r = ctx;
    r->inner->corrupt(r->inner->ctx, conn);
}

static const char *rec_why(void *ctx, unsigned conn)
{
    const struct pq_recorder *r = ctx;
    return r->inner->why(r->inner->ctx, conn);
}

static void rec_wait(void *ctx, uint64_t ms)
{
    const struct pq_recorder *r = ctx;
    r->inner->wait(r->inner->ctx, ms);
}

static uint64_t rec_now_ms(void *ctx)
{
    const struct pq_recorder *r = ctx;
    return r->inner->now_ms(r->inner->ctx);
}

static uint64_t rec_took(void *ctx, unsigned conn, uint64_t ms)
{
    struct pq_recorder *r = ctx;
    uint64_t counts = r->inner->took(r->inner->ctx, conn, ms);
    flush(r);
    put_event(r, "took", conn);
    put_text(r, " ");
    put_number(r, counts);
    put_text(r, "\n");
    return counts;
}

/* A part of a stored message that is not known is a dash. */
static void put_stored(struct pq_recorder *r, const struct pq_peeked *m)
{
    put_text(r, "stored ");
    if (m->has_size)
        put_number(r, m->size);
    else
        put_text(r, "-");
    put_text(r, " ");
    if (m->uid.at)
        put_string(r, m->uid);
    else
        put_text(r, "-");
    put_text(r, " ");
    if (m->has_octets)
        put_string(r, m->octets);
    else
        put_text(r, "-");
    put_text(r, "\n");
}

static void rec_ask(void *ctx, const struct pq_ask *ask, struct pq_answer *answer)
{
    struct pq_recorder *r = ctx;
    r->inner->ask(r->inner->ctx, ask, answer);
    flush(r);
    put_text(r, "answer ");
    put_text(r, pq_ask_word(ask->what));
    put_text(r, " ");
    put_text(r, pq_answer_word(answer->kind));
    if (answer->why[0]) {
        put_text(r, " ");
        put_string(r, pq_slice_text(answer->why));
    }
    put_text(r, "\n");
    for (size_t i = 0; i < answer->count; i++)
        put_stored(r, &answer->messages[i]);
}

struct pq_wire pq_recorder_wire(struct pq_recorder *r)
{
    return (struct pq_wire){
        .open = rec_open,
        .send = rec_send,
        .gap = rec_gap,
        .recv = rec_recv,
        .half_close = rec_half_close,
        .end = rec_end,
        .start_tls = rec_start_tls,
        .hello = rec_hello,
        .facts = rec_facts,
        .corrupt = rec_corrupt,
        .why = rec_why,
        .wait = rec_wait,
        .now_ms = rec_now_ms,
        .took = rec_took,
        .ask = rec_ask,
        .ctx = r,
    };
}
