/* SPDX-License-Identifier: Apache-2.0
 * A missing answer is settled by a barrier and not by the clock: does the target still greet a new
 * connection, and does the stalled one still answer a NOOP? */
#include "dialogue/player/play_internal.h"

/* RFC 1939 section 3: each command has one reply. */
static const struct pq_slice one_reply_row = PQ_SLICE_INIT("RFC1939-3-020");

/* Lines of a reply that a stalled connection may still send before it counts as mute. */
#define LATE_LINES_MAX 100000u

/* ---- the probe ------------------------------------------------------------------------------- */

/* Reads the greeting of connection 0. */
static enum pq_wire_result probe_greeting(struct pq_play *p)
{
    static const struct pq_wire_tls_options options = {.min = 0};
    struct pq_incoming line;
    if (p->run->tls == PQ_RUN_TLS_IMPLICIT) {
        enum pq_wire_tls r = pq_conns_start_tls(&p->conns, 0, &options, play_patience(p));
        if (r != PQ_WIRE_TLS_OK)
            return r == PQ_WIRE_TLS_SPENT ? PQ_WIRE_SPENT : PQ_WIRE_TIMEOUT;
    }
    enum pq_wire_result r = pq_conns_line(&p->conns, 0, play_patience_of(p, 0), &line);
    if (r == PQ_WIRE_OK)
        pq_conns_take(&p->conns, 0, &line, false);
    return r;
}

/* Opens a connection of its own, which must greet. False: the record is spent. */
static bool probe(struct pq_play *p, enum pq_probe *result)
{
    bool implicit = p->run->tls == PQ_RUN_TLS_IMPLICIT;
    enum pq_wire_result r = pq_conns_open(&p->conns, 0, implicit, play_patience(p));
    bool opened = r == PQ_WIRE_OK;
    if (opened)
        r = probe_greeting(p);
    if (r == PQ_WIRE_OK)
        *result = PQ_PROBE_GREETS;
    else
        *result = r == PQ_WIRE_TIMEOUT ? PQ_PROBE_SILENT : PQ_PROBE_REFUSED;
    if (!opened && r != PQ_WIRE_TIMEOUT && r != PQ_WIRE_SPENT)
        p->out->peer_gone = true;
    pq_conns_end(&p->conns, 0, PQ_WIRE_CLOSE);
    return r != PQ_WIRE_SPENT;
}

/* ---- NOOP on the stalled connection ---------------------------------------------------------- */

struct sign_of_life {
    enum pq_noop noop;
    bool late;  /* what was awaited came after all */
    bool spent; /* the record is */
};

static bool can_noop(const struct pq_chan *chan)
{
    return chan->end == PQ_WIRE_OK && !chan->half_closed && !chan->talk.exchange;
}

static bool begins_reply(struct pq_slice line)
{
    return pq_slice_starts(line, PQ_SLICE("+OK")) || pq_slice_starts(line, PQ_SLICE("-ERR"));
}

/* Whether another reply begins. Lines before it belong to the first one, which may be a listing. */
static enum pq_wire_result await_next_reply(struct pq_play *p, unsigned conn)
{
    struct pq_incoming line;
    for (size_t n = 0; n < LATE_LINES_MAX; n++) {
        enum pq_wire_result r = pq_conns_line(&p->conns, conn, play_patience_of(p, 0), &line);
        if (r != PQ_WIRE_OK || begins_reply(line.text))
            return r;
        pq_conns_take(&p->conns, conn, &line, true);
    }
    return PQ_WIRE_TIMEOUT;
}

/* After NOOP two replies are the awaited one and that of NOOP; one is that of NOOP. */
static void await_one_line(struct pq_play *p, unsigned conn, struct sign_of_life *s)
{
    size_t before = pq_conns_pending(&p->conns, conn).len;
    struct pq_incoming line;
    enum pq_wire_result r = pq_conns_line(&p->conns, conn, play_patience_of(p, 0), &line);
    s->spent = r == PQ_WIRE_SPENT;
    if (r != PQ_WIRE_OK) {
        /* Octets without CRLF are an answer, if not one that can be read. */
        bool more = pq_conns_pending(&p->conns, conn).len > before;
        s->noop = more ? PQ_NOOP_ANSWERED : PQ_NOOP_MUTE;
        return;
    }
    s->noop = PQ_NOOP_ANSWERED;
    pq_conns_take(&p->conns, conn, &line, false);
    r = await_next_reply(p, conn);
    s->late = r == PQ_WIRE_OK;
    s->spent = r == PQ_WIRE_SPENT;
}

/* After NOOP inside of a reply that lacks its terminator: which of the two comes? */
static void await_terminator(struct pq_play *p, unsigned conn, struct sign_of_life *s)
{
    struct pq_incoming line;
    s->noop = PQ_NOOP_MUTE;
    for (size_t n = 0; n < LATE_LINES_MAX; n++) {
        enum pq_wire_result r = pq_conns_line(&p->conns, conn, play_patience_of(p, 0), &line);
        s->spent = r == PQ_WIRE_SPENT;
        if (r != PQ_WIRE_OK)
            return;
        s->late = pq_slice_equal(line.text, PQ_SLICE("."));
        if (begins_reply(line.text))
            s->noop = PQ_NOOP_ANSWERED;
        pq_conns_take(&p->conns, conn, &line, true);
        if (s->late || s->noop == PQ_NOOP_ANSWERED)
            return;
    }
}

/* After NOOP on a connection that should have been closed. */
static void await_close(struct pq_play *p, unsigned conn, struct sign_of_life *s)
{
    struct pq_slice octets;
    enum pq_wire_result r = pq_conns_octets(&p->conns, conn, play_patience_of(p, 0), &octets);
    s->noop = r == PQ_WIRE_OK ? PQ_NOOP_ANSWERED : PQ_NOOP_MUTE;
    s->late = r == PQ_WIRE_CLOSED || r == PQ_WIRE_RESET || r == PQ_WIRE_BROKEN;
    s->spent = r == PQ_WIRE_SPENT;
}

/* Where no NOOP can be sent: did the answer come while the target was probed? */
static void look_once(struct pq_play *p, unsigned conn, struct sign_of_life *s)
{
    static const struct pq_patience none = {0, 0};
    struct pq_incoming line;
    s->noop = PQ_NOOP_NOT_POSSIBLE;
    s->late = pq_conns_line(&p->conns, conn, none, &line) == PQ_WIRE_OK;
}

static struct sign_of_life ask_for_life(struct pq_play *p, unsigned conn, enum awaited what)
{
    static void (*const awaits[])(struct pq_play *, unsigned, struct sign_of_life *) = {
        [AWAIT_LINE] = await_one_line,
        [AWAIT_TERMINATOR] = await_terminator,
        [AWAIT_CLOSE] = await_close,
    };
    struct sign_of_life s = {.noop = PQ_NOOP_NONE};
    if (can_noop(&p->conns.chans[conn])) {
        play_send_text(p, conn, "NOOP\r\n");
        awaits[what](p, conn, &s);
    } else {
        look_once(p, conn, &s);
    }
    return s;
}

/* ---- the judgement --------------------------------------------------------------------------- */

static void describe(const struct pq_play *p, unsigned conn, struct line *actual)
{
    struct pq_slice rest = pq_conns_pending(&p->conns, conn);
    line_clear(actual);
    if (rest.len > 0)
        line_put_octets(actual, rest);
    line_put(actual, rest.len > 0 ? " and no more for " : "nothing for ");
    line_put_u64(actual, p->granted_ms);
    line_put(actual, " ms");
}

/* The stalled connection or the target itself is at fault. */
static void judge(struct pq_play *p, const struct pq_dlg_item *item, enum awaited what,
                  struct line *actual)
{
    struct pq_outcome *out = p->out;
    line_put(actual, "; NOOP on this connection: ");
    line_put(actual, pq_noop_word(out->noop));
    line_put(actual, "; a new connection: ");
    line_put(actual, pq_probe_word(out->probe));
    if (out->noop != PQ_NOOP_ANSWERED && out->probe != PQ_PROBE_GREETS) {
        out->hang = out->probe == PQ_PROBE_SILENT;
        play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE,
                     "no answer, and the target serves nobody else either", actual->at);
        return;
    }
    bool judged = p->section != PQ_DLG_GIVEN && !p->given_lost && !p->login.active;
    play_fail(p, item,
              what == AWAIT_CLOSE ? "the connection was not closed" : "the answer is missing",
              actual->at);
    if (judged && what != AWAIT_CLOSE)
        pq_outcome_mark(out, one_reply_row, PQ_VERDICT_FAIL);
}

void play_barrier(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                  enum awaited what)
{
    struct line actual;
    describe(p, conn, &actual);
    pq_conns_event(&p->conns, conn, "no answer: is the target alive?");
    /* The player's own connection has no claim of its own; there is nothing to settle. */
    if (conn == 0) {
        play_fail(p, item, "no answer", actual.at);
        return;
    }
    struct sign_of_life s = {.spent = true};
    if (probe(p, &p->out->probe))
        s = ask_for_life(p, conn, what);
    p->out->noop = s.noop;
    p->out->late = p->out->late || s.late;
    if (s.spent)
        play_ended(p, item, conn, PQ_WIRE_SPENT);
    else if (s.late)
        play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE,
                     "the answer came late: the target needs more patience", actual.at);
    else
        judge(p, item, what, &actual);
}

void play_do_expect(struct pq_play *p, const struct pq_dlg_item *item)
{
    enum pq_probe result = PQ_PROBE_NONE;
    if (!probe(p, &result)) {
        play_ended(p, item, 0, PQ_WIRE_SPENT);
        return;
    }
    p->out->probe = result;
    p->out->hang = p->out->hang || result == PQ_PROBE_SILENT;
    if (result == PQ_PROBE_GREETS)
        play_pass(p, item);
    else if (result == PQ_PROBE_REFUSED)
        play_fail(p, item, "the target does not live any more", "a new connection: refused");
    else
        play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE, "the target does not greet a new connection",
                     "a new connection: silent");
}
