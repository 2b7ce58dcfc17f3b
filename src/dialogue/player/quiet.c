/* SPDX-License-Identifier: Apache-2.0
 * Where nothing may come: the end of a connection, silence, and the fence that proves that a reply
 * was the last thing sent. */
#include "dialogue/player/play_internal.h"

static void unwanted(struct pq_play *p, const struct pq_dlg_item *item, const char *why,
                     struct pq_slice octets)
{
    struct line actual;
    line_clear(&actual);
    line_put_octets(&actual, octets);
    play_fail(p, item, why, actual.at);
}

void play_do_eof(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    struct pq_slice octets;
    if (!play_is_open(p, item, conn))
        return;
    switch (pq_conns_octets(&p->conns, conn, play_patience_of(p, 0), &octets)) {
    case PQ_WIRE_OK:
        unwanted(p, item, "octets came before the end of the connection", octets);
        return;
    case PQ_WIRE_TIMEOUT:
        play_barrier(p, item, conn, AWAIT_CLOSE);
        return;
    case PQ_WIRE_CLOSED:
    case PQ_WIRE_RESET:
    case PQ_WIRE_BROKEN:
        if (play_check_bounds(p, item, conn))
            play_pass(p, item);
        pq_conns_end(&p->conns, conn, PQ_WIRE_CLOSE);
        return;
    case PQ_WIRE_REFUSED:
    case PQ_WIRE_FAILED:
    case PQ_WIRE_TOO_LONG:
        play_ended(p, item, conn, PQ_WIRE_FAILED);
        return;
    case PQ_WIRE_SPENT:
    case PQ_WIRE_RESULT_COUNT:
        play_ended(p, item, conn, PQ_WIRE_SPENT);
        return;
    }
}

void play_do_silence(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    uint64_t ms = pq_dlg_arg(&item->directive, PQ_DLG_ARG_TIME)->number;
    struct pq_slice octets;
    if (!play_is_open(p, item, conn))
        return;
    struct pq_patience patience = {.idle_ms = ms, .total_ms = ms};
    enum pq_wire_result r = pq_conns_octets(&p->conns, conn, patience, &octets);
    if (r == PQ_WIRE_OK)
        unwanted(p, item, "octets came where nothing may come", octets);
    else if (r == PQ_WIRE_TIMEOUT)
        play_pass(p, item);
    else
        play_ended(p, item, conn, r);
}

/* ---- fences ---------------------------------------------------------------------------------- */

/* Whether nothing waits to be read. False: a finding. */
static bool nothing_waits(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                          struct pq_patience patience)
{
    struct pq_slice octets;
    enum pq_wire_result r = pq_conns_octets(&p->conns, conn, patience, &octets);
    if (r == PQ_WIRE_OK)
        unwanted(p, item, "octets came that no command asked for", octets);
    else if (r != PQ_WIRE_TIMEOUT)
        play_ended(p, item, conn, r);
    return r == PQ_WIRE_TIMEOUT;
}

static bool is_status(struct pq_slice line, bool ok_only)
{
    return pq_slice_starts(line, PQ_SLICE("+OK")) ||
           (!ok_only && pq_slice_starts(line, PQ_SLICE("-ERR")));
}

/* Reads the capability list behind +OK; a status line inside of it is a second reply. */
static bool read_capa(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    struct pq_incoming line;
    bool ended = false;
    while (!ended) {
        if (!play_await_line(p, item, conn, AWAIT_TERMINATOR, &line))
            return false;
        if (is_status(line.text, false)) {
            unwanted(p, item, "a reply came inside of the reply to CAPA", line.text);
            return false;
        }
        ended = pq_slice_equal(line.text, PQ_SLICE("."));
        pq_conns_take(&p->conns, conn, &line, true);
    }
    return true;
}

/* Whether the next line answers the fence's own command. NOOP knows only +OK (RFC 1939 section 5),
 * so that a reply which is left over from before is seen in most cases by its kind. */
static bool read_fence(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn, bool noop)
{
    struct pq_incoming line;
    if (!play_await_line(p, item, conn, AWAIT_LINE, &line))
        return false;
    bool ok = is_status(line.text, noop);
    bool list = !noop && is_status(line.text, true);
    if (!ok)
        unwanted(p, item,
                 noop ? "the next line is not the reply to NOOP"
                      : "the next line is not the reply to CAPA",
                 line.text);
    pq_conns_take(&p->conns, conn, &line, false);
    return ok && (!list || read_capa(p, item, conn));
}

void play_do_fence(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    static const struct pq_patience none = {0, 0};
    if (!play_is_open(p, item, conn) || !nothing_waits(p, item, conn, none))
        return;
    bool noop = p->conns.chans[conn].logged_in;
    play_send_text(p, conn, noop ? "NOOP\r\n" : "CAPA\r\n");
    if (!read_fence(p, item, conn, noop))
        return;
    struct pq_slice rest = pq_conns_pending(&p->conns, conn);
    if (rest.len > 0)
        unwanted(p, item, "octets came behind the reply of the fence", rest);
    else
        play_pass(p, item);
}
