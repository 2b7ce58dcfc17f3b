/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: an observer who is fed both directions sees the same events whether the turn in which
 * the cut lies arrives in one write or in two; no event moves the session except along its table;
 * it writes nothing. A NUL in the input ends a turn: the other side speaks. The server begins.
 */
#include "harness/conn_log.h"

#include <string.h>

/* The options. */
#define OPTION_LF 1u
#define OPTION_LENIENT 2u
#define OPTION_TLS_FAILS 4u
#define OPTION_IMPLICIT 8u
#define OPTION_BODY_MAX 16u

#define RESPONSE_MAX 512u
#define BODY_MAX 64u

struct observer {
    struct pq_conn conn;
    struct fuzz_log log;
    bool tls_fails;
    uint8_t client_memory[RESPONSE_MAX], server_memory[PQ_REPLY_LINE_MAX];
};

static void observer_init(struct observer *o, unsigned options)
{
    o->log = fuzz_log_of("observer");
    o->tls_fails = (options & OPTION_TLS_FAILS) != 0;
    pq_conn_init(&o->conn, PQ_ROLE_OBSERVER,
                 options & OPTION_IMPLICIT ? PQ_TLS_IMPLICIT : PQ_TLS_NONE,
                 (struct pq_conn_memory){.client = o->client_memory,
                                         .client_cap = sizeof(o->client_memory),
                                         .server = o->server_memory,
                                         .server_cap = sizeof(o->server_memory)});
    o->conn.leniency = (options & OPTION_LF ? PQ_LENIENT_LF : 0u) |
                       (options & OPTION_LENIENT ? ~(unsigned)PQ_LENIENT_LF : 0u);
    o->conn.body_max = options & OPTION_BODY_MAX ? BODY_MAX : 0;
}

static void pull(struct observer *o)
{
    struct pq_event e;
    struct pq_session before = o->conn.session;
    while (pq_conn_next(&o->conn, &e) == PQ_NEXT_EVENT) {
        fuzz_check_move(&before, &e, &o->conn.session);
        fuzz_log_event(&o->log, &e);
        FUZZ_ASSERT(o->conn.pending_count <= PQ_PIPELINE_MAX);
        before = o->conn.session;
    }
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* Everything that one side sends, in one piece. */
struct direction {
    uint8_t *at;
    size_t len, sent;
};

/* One side sends `n` more octets; what was not taken before stands in front of them. */
static void send_more(struct observer *o, struct direction *d, enum pq_side from, size_t n)
{
    size_t unread = pq_conn_take_back(&o->conn, from).len;
    pq_conn_feed(&o->conn, from, pq_slice_of(d->at + d->sent - unread, unread + n));
    d->sent += n;
    pull(o);
}

/* Behind STLS the octets that were not taken stand for what came in TLS. */
static void end_handshake(struct observer *o, struct direction sides[2])
{
    size_t unread[2];
    for (int i = 0; i < 2; i++)
        unread[i] = pq_conn_take_back(&o->conn, (enum pq_side)i).len;
    pq_conn_on_tls(&o->conn, !o->tls_fails);
    fuzz_log_number(&o->log, "TLS", o->conn.session.state);
    for (int i = 0; i < 2; i++) {
        sides[i].sent -= unread[i];
        send_more(o, &sides[i], (enum pq_side)i, unread[i]);
    }
}

static void run(struct observer *o, struct pq_slice input, size_t cut, struct direction sides[2])
{
    struct pq_slice rest = input;
    enum pq_side from = PQ_FROM_SERVER;
    sides[0].sent = sides[1].sent = 0;
    while (rest.len > 0) {
        size_t at = input.len - rest.len;
        struct pq_slice turn = pq_slice_cut(&rest, 0);
        for (unsigned i = 0; i < 2; i++) {
            struct pq_slice part = fuzz_write(turn, cut > at ? cut - at : 0, i);
            if (part.len > 0)
                send_more(o, &sides[from], from, part.len);
            if (o->conn.session.state == PQ_STATE_TLS)
                end_handshake(o, sides);
        }
        from = from == PQ_FROM_SERVER ? PQ_FROM_CLIENT : PQ_FROM_SERVER;
    }
    fuzz_log_number(&o->log, "status", o->conn.status);
    for (int i = 0; i < 2 && o->conn.status == PQ_STATUS_OK; i++)
        fuzz_log_number(&o->log, "unread", pq_conn_unread(&o->conn, (enum pq_side)i).len);
    fuzz_log_number(&o->log, "end", pq_conn_on_end(&o->conn));
}

/* Puts the turns of each side together. */
static void gather(struct pq_slice input, struct direction sides[2])
{
    enum pq_side from = PQ_FROM_SERVER;
    for (int i = 0; i < 2; i++)
        sides[i] = (struct direction){.at = malloc(input.len + 1)};
    for (struct pq_slice rest = input; rest.len > 0;) {
        struct pq_slice turn = pq_slice_cut(&rest, 0);
        struct direction *d = &sides[from];
        FUZZ_ASSERT(d->at);
        memcpy(d->at + d->len, turn.at, turn.len);
        d->len += turn.len;
        from = from == PQ_FROM_SERVER ? PQ_FROM_CLIENT : PQ_FROM_SERVER;
    }
}

static void check_observer(struct pq_slice input, size_t cut)
{
    struct observer whole, halves;
    struct direction sides[2];
    gather(input, sides);
    observer_init(&whole, fuzz_options(input));
    observer_init(&halves, fuzz_options(input));
    run(&whole, input, input.len, sides);
    run(&halves, input, cut, sides);
    FUZZ_ASSERT(fuzz_log_is_same(&whole.log, &halves.log));
    for (int i = 0; i < 2; i++)
        free(sides[i].at);
}

const struct fuzz_target fuzz_target = {.check = check_observer, .has_cut = true};
