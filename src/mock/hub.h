/* SPDX-License-Identifier: Apache-2.0
 *
 * The event loop of the mock server: listeners, connections, the clock, and the control channel.
 * Thousands of connections at once; a peer costs bounded memory, however slow or hostile.
 */
#ifndef PQ_MOCK_HUB_H
#define PQ_MOCK_HUB_H

#include "mock/link.h"
#include "net/listen.h"

#define PQ_HUB_LISTENERS_MAX 8u
/* Connections at once, unless told otherwise; one more is closed at once. */
#define PQ_HUB_CONNECTIONS_MAX 20000u

struct pq_hub_listener {
    struct pq_addr addr; /* port 0 becomes the one that the system chose */
    bool implicit;       /* TLS from the first octet */
};

struct pq_hub_config {
    struct pq_link_config links;
    struct pq_hub_listener listeners[PQ_HUB_LISTENERS_MAX];
    size_t listener_count;
    bool everywhere;        /* addresses beyond loopback are permitted */
    bool manual_clock;      /* time stands still but for the control channel */
    uint64_t clock_ms;      /* where a manual clock begins */
    bool control;           /* JSON lines on standard input and output, see control.h */
    uint64_t sessions_max;  /* the hub ends once so many connections have; zero: it goes on */
    size_t connections_max; /* zero: PQ_HUB_CONNECTIONS_MAX */
    /* Told once, when every listener listens; the ports are those of the system. False ends the
     * hub with FILE: nobody learned of it. */
    bool (*ready)(const struct pq_hub_config *config);
    void *ctx; /* for `ready` */
};

/* Holds SIGINT, SIGTERM and SIGHUP back until pq_hub_run() minds them, so that a program that has
 * begun to make files is not ended before it can remove them. */
void pq_hub_hold_signals(void);
/* Serves until one of these signals, or the control channel, ends it. OK, or a status with the
 * reason. */
PQ_NODISCARD enum pq_status pq_hub_run(struct pq_hub_config *config, struct pq_why *why);

/* One connection on standard input and output, as inetd starts it. A manual clock stands still. */
PQ_NODISCARD enum pq_status pq_hub_inetd(const struct pq_hub_config *config, bool implicit,
                                         struct pq_why *why);

#endif
