/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/conns.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* While the peer takes nothing it may itself wait for us to read: so long before we look. */
#define SEND_SLICE_MS 20u
/* Writes of one payload that are kept apart; a long line in single octets would take seconds. */
#define GAPS_MAX 256u

void pq_conns_init(struct pq_conns *c, const struct pq_wire *wire, struct pq_outcome *out,
                   struct pq_alloc alloc)
{
    *c = (struct pq_conns){
        .wire = wire, .out = out, .start_ms = wire->now_ms(wire->ctx), .alloc = alloc};
    for (size_t n = 0; n < PQ_WIRE_CONNS; n++)
        pq_bytes_init(&c->chans[n].in, alloc, PQ_CONN_LINE_MAX + 2 * PQ_CONN_READ);
}

void pq_conns_free(struct pq_conns *c)
{
    pq_conns_end_all(c);
    for (size_t n = 0; n < PQ_WIRE_CONNS; n++)
        pq_bytes_free(&c->chans[n].in);
}

uint64_t pq_conns_now(const struct pq_conns *c)
{
    return c->wire->now_ms(c->wire->ctx);
}

/* ---- transcript ------------------------------------------------------------------------------ */

static struct pq_playlog_at place(const struct pq_conns *c, unsigned n, char dir)
{
    return (struct pq_playlog_at){.conn = (uint8_t)n,
                                  .dir = dir,
                                  .tls = c->chans[n].tls,
                                  .ms = pq_conns_now(c) - c->start_ms};
}

void pq_conns_event(struct pq_conns *c, unsigned n, const char *text)
{
    pq_playlog_event(&c->out->transcript, place(c, n, '*'), text);
}

/* An event of two parts: what was tried, and what it came to. */
static void event_of_two(struct pq_conns *c, unsigned n, const char *what, const char *result)
{
    const char *why = c->wire->why(c->wire->ctx, n);
    char text[PQ_PLAYLOG_SHOWN];
    (void)snprintf(text, sizeof(text), "%s: %s%s%s", what, result, why[0] ? ": " : "", why);
    pq_conns_event(c, n, text);
}

/* ---- opening and ending ---------------------------------------------------------------------- */

/* Forgets a connection, but not its memory. */
static void chan_clear(struct pq_chan *chan)
{
    struct pq_bytes in = chan->in;
    pq_bytes_clear(&in);
    *chan = (struct pq_chan){.in = in};
}

static void ask_begins(struct pq_conns *c, struct pq_chan *chan)
{
    chan->asked_ms = pq_conns_now(c);
    chan->waiting = true;
}

enum pq_wire_result pq_conns_open(struct pq_conns *c, unsigned n, bool tls, uint64_t patience_ms)
{
    struct pq_chan *chan = &c->chans[n];
    if (chan->open)
        pq_conns_end(c, n, PQ_WIRE_CLOSE);
    chan_clear(chan);
    c->out->connects++;
    enum pq_wire_result r = c->wire->open(c->wire->ctx, n, tls, pq_conns_now(c) + patience_ms);
    chan->open = r == PQ_WIRE_OK;
    c->refused = r != PQ_WIRE_OK;
    ask_begins(c, chan);
    if (r == PQ_WIRE_OK)
        pq_conns_event(c, n, tls ? "connected, TLS first" : "connected");
    else
        event_of_two(c, n, "connect", pq_wire_result_text(r));
    return r;
}

/* What was never looked at may tell a reader why. */
static void show_rest(struct pq_conns *c, unsigned n)
{
    struct pq_slice rest = pq_conns_pending(c, n);
    if (rest.len > 0) {
        pq_playlog_add(&c->out->transcript, place(c, n, 'S'), rest, NULL);
        pq_conns_event(c, n, "this was received and not looked at");
    }
}

void pq_conns_end(struct pq_conns *c, unsigned n, enum pq_wire_end how)
{
    static const char *const texts[] = {
        [PQ_WIRE_CLOSE] = "closed here",
        [PQ_WIRE_DROP] = "reset here",
        [PQ_WIRE_CUT] = "closed here without close_notify",
    };
    if (!c->chans[n].open)
        return;
    show_rest(c, n);
    c->wire->end(c->wire->ctx, n, how);
    pq_conns_event(c, n, texts[how]);
    chan_clear(&c->chans[n]);
}

void pq_conns_end_all(struct pq_conns *c)
{
    for (unsigned n = 0; n < PQ_WIRE_CONNS; n++)
        pq_conns_end(c, n, PQ_WIRE_CLOSE);
}

enum pq_wire_result pq_conns_half_close(struct pq_conns *c, unsigned n, uint64_t patience_ms)
{
    enum pq_wire_result r = c->wire->half_close(c->wire->ctx, n, pq_conns_now(c) + patience_ms);
    ask_begins(c, &c->chans[n]);
    c->chans[n].half_closed = true;
    pq_conns_event(c, n, "sends no more");
    return r;
}

enum pq_wire_tls pq_conns_start_tls(struct pq_conns *c, unsigned n,
                                    const struct pq_wire_tls_options *options, uint64_t patience_ms)
{
    struct pq_chan *chan = &c->chans[n];
    struct pq_slice early = pq_conns_pending(c, n);
    enum pq_wire_tls r =
        c->wire->start_tls(c->wire->ctx, n, options, early, pq_conns_now(c) + patience_ms);
    pq_bytes_clear(&chan->in);
    chan->taken = chan->scanned = 0;
    if (r == PQ_WIRE_TLS_OK)
        pq_conns_event(c, n, "TLS: ok");
    else
        event_of_two(c, n, "TLS", pq_wire_tls_word(r));
    chan->tls = r == PQ_WIRE_TLS_OK;
    ask_begins(c, chan);
    return r;
}

bool pq_conns_put_back(struct pq_conns *c, unsigned n, struct pq_slice octets)
{
    struct pq_chan *chan = &c->chans[n];
    if (pq_bytes_reserve(&chan->in, octets.len) != PQ_STATUS_OK)
        return false;
    uint8_t *front = chan->in.at + chan->taken;
    if (chan->in.len > chan->taken)
        memmove(front + octets.len, front, chan->in.len - chan->taken);
    if (octets.len > 0)
        memcpy(front, octets.at, octets.len);
    chan->in.len += octets.len;
    chan->scanned = 0;
    return true;
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* Asks the wire once. What comes goes behind what there is. */
static enum pq_wire_result receive(struct pq_conns *c, unsigned n, uint64_t deadline)
{
    struct pq_chan *chan = &c->chans[n];
    if (chan->end != PQ_WIRE_OK)
        return chan->end;
    if (chan->taken > 0) {
        pq_bytes_drop(&chan->in, chan->taken);
        chan->taken = 0;
    }
    if (pq_bytes_reserve(&chan->in, PQ_CONN_READ) != PQ_STATUS_OK)
        return chan->in.len > PQ_CONN_LINE_MAX ? PQ_WIRE_TOO_LONG : PQ_WIRE_FAILED;
    struct pq_buf into;
    pq_buf_init(&into, chan->in.at + chan->in.len, PQ_CONN_READ);
    enum pq_wire_result r = c->wire->recv(c->wire->ctx, n, &into, deadline);
    if (r == PQ_WIRE_OK && chan->waiting) {
        chan->waiting = false;
        chan->answer_ms = pq_conns_now(c) - chan->asked_ms;
        if (chan->answer_ms > c->out->slowest_reply_ms)
            c->out->slowest_reply_ms = chan->answer_ms;
    }
    chan->in.len += into.len;
    if (r == PQ_WIRE_OK || r == PQ_WIRE_TIMEOUT || r == PQ_WIRE_SPENT)
        return r;
    chan->end = r;
    event_of_two(c, n, "peer", pq_wire_result_text(r));
    return r;
}

struct pq_slice pq_conns_pending(const struct pq_conns *c, unsigned n)
{
    const struct pq_chan *chan = &c->chans[n];
    return pq_slice_after(pq_bytes_slice(&chan->in), chan->taken);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Waits for more, not longer than patience lasts. */
static enum pq_wire_result receive_patiently(struct pq_conns *c, unsigned n,
                                             struct pq_patience patience, uint64_t since)
{
    uint64_t now = pq_conns_now(c);
    return receive(c, n, least(now + patience.idle_ms, since + patience.total_ms));
}

/* The index of the first CRLF of what is pending, or its length. */
static size_t find_crlf(struct pq_chan *chan, struct pq_slice pending)
{
    size_t from = chan->scanned;
    while (from < pending.len) {
        const uint8_t *lf = memchr(pending.at + from, '\n', pending.len - from);
        if (!lf)
            break;
        size_t at = (size_t)(lf - pending.at);
        if (at > 0 && pending.at[at - 1] == '\r')
            return at - 1;
        from = at + 1;
    }
    chan->scanned = pending.len;
    return pending.len;
}

enum pq_wire_result pq_conns_line(struct pq_conns *c, unsigned n, struct pq_patience patience,
                                  struct pq_incoming *line)
{
    struct pq_chan *chan = &c->chans[n];
    uint64_t since = pq_conns_now(c);
    for (;;) {
        struct pq_slice pending = pq_conns_pending(c, n);
        size_t end = find_crlf(chan, pending);
        if (end < pending.len) {
            *line = (struct pq_incoming){pq_slice_first(pending, end), chan->mid_line};
            return PQ_WIRE_OK;
        }
        if (pending.len > PQ_CONN_LINE_MAX)
            return PQ_WIRE_TOO_LONG;
        enum pq_wire_result r = receive_patiently(c, n, patience, since);
        if (r != PQ_WIRE_OK)
            return r;
    }
}

static void take(struct pq_chan *chan, size_t len)
{
    assert(len <= chan->in.len - chan->taken);
    chan->taken += len;
    chan->scanned = 0;
}

/* What a status line says about credentials that were sent. */
static void note_login(struct pq_conns *c, struct pq_chan *chan, struct pq_slice line)
{
    enum pq_talk_login login = pq_talk_server(&chan->talk, line);
    if (login == PQ_TALK_ACCEPTED)
        chan->logged_in = true;
    if (login == PQ_TALK_REFUSED)
        c->out->wrong_logins++;
}

void pq_conns_take(struct pq_conns *c, unsigned n, const struct pq_incoming *line, bool more)
{
    struct pq_chan *chan = &c->chans[n];
    struct pq_slice whole = pq_slice_first(pq_conns_pending(c, n), line->text.len + 2);
    if (more)
        pq_playlog_more(&c->out->transcript, place(c, n, 'S'), whole);
    else
        pq_playlog_add(&c->out->transcript, place(c, n, 'S'), whole, NULL);
    if (!more)
        note_login(c, chan, line->text);
    chan->mid_line = false;
    take(chan, whole.len);
}

size_t pq_conns_skip(struct pq_conns *c, unsigned n)
{
    struct pq_chan *chan = &c->chans[n];
    struct pq_slice pending = pq_conns_pending(c, n);
    /* The last octet may be the CR of the line's end. */
    size_t len = pending.len > 0 ? pending.len - 1 : 0;
    pq_playlog_more(&c->out->transcript, place(c, n, 'S'), pq_slice_first(pending, len));
    chan->mid_line = true;
    take(chan, len);
    return len;
}

enum pq_wire_result pq_conns_octets(struct pq_conns *c, unsigned n, struct pq_patience patience,
                                    struct pq_slice *octets)
{
    enum pq_wire_result r = PQ_WIRE_OK;
    if (pq_conns_pending(c, n).len == 0)
        r = receive_patiently(c, n, patience, pq_conns_now(c));
    *octets = pq_conns_pending(c, n);
    return r;
}

void pq_conns_take_octets(struct pq_conns *c, unsigned n, size_t len)
{
    struct pq_slice octets = pq_slice_first(pq_conns_pending(c, n), len);
    pq_playlog_more(&c->out->transcript, place(c, n, 'S'), octets);
    note_login(c, &c->chans[n], octets);
    take(&c->chans[n], octets.len);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* One write. */
static enum pq_wire_result send_one(struct pq_conns *c, unsigned n, struct pq_slice octets,
                                    uint64_t deadline)
{
    const struct pq_chan *chan = &c->chans[n];
    enum pq_wire_result r = PQ_WIRE_TIMEOUT;
    while (r == PQ_WIRE_TIMEOUT && pq_conns_now(c) < deadline) {
        r = c->wire->send(c->wire->ctx, n, &octets,
                          least(pq_conns_now(c) + SEND_SLICE_MS, deadline));
        /* A buffer that is full stays so: nobody reads while this is sent. */
        if (r == PQ_WIRE_TIMEOUT && chan->in.len <= PQ_CONN_LINE_MAX)
            (void)receive(c, n, 0);
    }
    return r;
}

/* The patience is for each write: how long we wait between them is no matter of the peer's. */
static enum pq_wire_result send_cut(struct pq_conns *c, unsigned n,
                                    const struct pq_payload *payload)
{
    struct pq_slice rest = payload->octets;
    enum pq_wire_result r = PQ_WIRE_OK;
    for (unsigned writes = 1; rest.len > 0 && r == PQ_WIRE_OK; writes++) {
        r = send_one(c, n, pq_cut_next(&payload->cut, &rest),
                     pq_conns_now(c) + payload->patience_ms);
        if (r == PQ_WIRE_OK && rest.len > 0 && writes <= GAPS_MAX)
            c->wire->gap(c->wire->ctx, n);
    }
    return r;
}

static enum pq_wire_result send_with_hello(struct pq_conns *c, unsigned n,
                                           const struct pq_payload *payload)
{
    struct pq_bytes both;
    pq_bytes_init(&both, c->alloc, payload->octets.len + payload->hello.len);
    enum pq_wire_result r = PQ_WIRE_FAILED;
    if (pq_bytes_put(&both, payload->octets) == PQ_STATUS_OK &&
        pq_bytes_put(&both, payload->hello) == PQ_STATUS_OK)
        r = send_one(c, n, pq_bytes_slice(&both), pq_conns_now(c) + payload->patience_ms);
    pq_bytes_free(&both);
    return r;
}

/* Shows what is sent; without memory for the mask nothing of it. */
static void show_sent(struct pq_conns *c, unsigned n, struct pq_slice octets)
{
    bool *hide = octets.len > 0 ? c->alloc.resize(c->alloc.ctx, NULL, octets.len) : NULL;
    if (!hide) {
        pq_conns_event(c, n, octets.len > 0 ? "octets were sent" : "nothing was sent");
        return;
    }
    memset(hide, false, octets.len);
    pq_talk_client(&c->chans[n].talk, octets, hide);
    pq_playlog_add(&c->out->transcript, place(c, n, 'C'), octets, hide);
    c->alloc.resize(c->alloc.ctx, hide, 0);
}

void pq_conns_send(struct pq_conns *c, unsigned n, const struct pq_payload *payload)
{
    show_sent(c, n, payload->octets);
    if (payload->hello.len > 0)
        pq_conns_event(c, n, "a ClientHello goes out in the same write");
    enum pq_wire_result r =
        payload->hello.len > 0 ? send_with_hello(c, n, payload) : send_cut(c, n, payload);
    ask_begins(c, &c->chans[n]);
    if (r != PQ_WIRE_OK)
        event_of_two(c, n, "not all of it was sent", pq_wire_result_text(r));
}
