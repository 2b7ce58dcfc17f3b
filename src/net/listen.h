/* SPDX-License-Identifier: Apache-2.0
 *
 * A listening socket: TCP or Unix, on loopback unless told otherwise.
 */
#ifndef PQ_NET_LISTEN_H
#define PQ_NET_LISTEN_H

#include "net/stream.h"

struct pq_listener {
    int fd;              /* non-blocking, for an event loop of the caller's too; -1 when closed */
    struct pq_addr addr; /* as asked for, with the port that the system chose */
};

/* Listens on the first socket address of `addr`; port 0 takes a free one. `everywhere` permits
 * addresses that other machines reach. A socket file that a program left behind when it died is
 * replaced. ADDRESS: it cannot be resolved, or is not loopback. NET: in use, or forbidden. The
 * listener is then closed and `*why` (may be NULL) tells what to do. */
PQ_NODISCARD enum pq_status pq_listener_open(struct pq_listener *l, const struct pq_addr *addr,
                                             bool everywhere, struct pq_why *why);
/* Opens the initialised stream `s` on the next connection. OK, TIMEOUT, or NET with `s->why`. */
PQ_NODISCARD enum pq_status pq_listener_accept(struct pq_listener *l, struct pq_stream *s,
                                               uint64_t deadline);
/* Removes the socket file too. May be called twice. */
void pq_listener_close(struct pq_listener *l);

#endif
