/* SPDX-License-Identifier: Apache-2.0
 *
 * The hub from inside.
 */
#ifndef PQ_MOCK_HUB_INTERNAL_H
#define PQ_MOCK_HUB_INTERNAL_H

#include <uv.h>

#include "mock/hub.h"

/* How long a peer may take to end its direction after we ended ours. */
#define HUB_LINGER_MS 2000u
/* How often deadlines are looked at. */
#define HUB_SWEEP_MS 100u
/* Octets that one peer is sent before the others have their turn. */
#define HUB_TURN_MAX (256u << 10)
/* A line of the control channel; a message that it delivers is a quarter shorter. */
#define HUB_CONTROL_LINE_MAX (16u << 20)

/* The signals that end the hub. */
#define HUB_SIGNALS 3u

union hub_handle {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct hub_listener {
    union hub_handle handle;
    struct hub *hub;
    struct pq_listener socket;
    bool implicit;
    bool waiting; /* memory was short: a connection is still to be accepted */
};

struct hub_peer {
    union hub_handle handle;
    uv_write_t write;
    struct hub *hub;
    struct pq_link *link;
    struct hub_peer *next, *previous;
    uint64_t linger_until_ms; /* on the loop's clock; set once our direction has ended */
    size_t write_len;         /* octets of the link's output that libuv holds while `writing` */
    bool writing, reading, ending, closing;
    bool half_closed; /* our direction has ended, and the session goes on */
};

struct hub {
    uv_loop_t loop;
    uv_timer_t sweep;
    uv_timer_t wake; /* for what is due before the next sweep */
    uv_signal_t signals[HUB_SIGNALS];
    uv_pipe_t control;
    struct pq_bytes control_line;
    size_t control_seen; /* octets of it that hold no LF */
    struct pq_hub_config *config;
    enum pq_status status; /* why the loop ended */
    struct pq_why *why;
    struct hub_listener listeners[PQ_HUB_LISTENERS_MAX];
    struct hub_peer *peers;
    size_t peer_count;
    uint64_t peers_gone; /* connections that have ended */
    uint64_t wake_at_ms; /* of the timer, while it runs */
    uint64_t manual_ms;
    char buffer[PQ_LINK_INPUT_MAX];
};

/* The time as sessions see it. */
uint64_t hub_now_ms(const struct hub *h);
/* Looks at every deadline. */
void hub_sweep(struct hub *h);
/* Looks at every deadline at that time too, which may be before the next sweep. */
void hub_wake_at(struct hub *h, uint64_t at_ms);
/* Ends the loop, which then returns `h->status`. */
void hub_stop(struct hub *h);

/* peer.c */
/* Takes a connection that waits; false when memory is short and it has to wait longer. */
bool hub_accept(struct hub_listener *l);
void hub_peer_on_time(struct hub_peer *p, uint64_t now_ms);
void hub_peer_close(struct hub_peer *p);

/* hub_control.c: reads commands from standard input. NET: it is no pipe, socket or terminal. */
PQ_NODISCARD enum pq_status hub_control_begin(struct hub *h);

#endif
