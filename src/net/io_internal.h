/* SPDX-License-Identifier: Apache-2.0
 *
 * File descriptors as streams want them. What differs between systems is in io.c and nowhere else.
 */
#ifndef PQ_NET_IO_INTERNAL_H
#define PQ_NET_IO_INTERNAL_H

#include "net/io.h"

/* A stream socket that is non-blocking, closed on exec and raises no SIGPIPE; -1 with errno. */
int pq_fd_socket(int family);
/* Gives these properties to a descriptor that came from elsewhere; false with errno. */
bool pq_fd_adopt(int fd);
/* Whether it is a TCP socket. */
bool pq_fd_is_tcp(int fd);
/* Small writes leave at once (Nagle's algorithm is off). */
void pq_fd_no_delay(int fd);
/* The next acknowledgement leaves at once. The kernel forgets it soon, so it is asked for before
 * each wait: a lockstep dialogue loses 40 ms per step otherwise. Does nothing where it is unknown.
 */
void pq_fd_quick_ack(int fd);
/* close() will send RST instead of FIN. */
void pq_fd_reset_on_close(int fd);

/* Waits until a descriptor has one of its events. OK, TIMEOUT, or NET when poll() itself fails. */
PQ_NODISCARD enum pq_status pq_io_wait(const struct pq_io *io, struct pollfd *fds, size_t n,
                                       uint64_t deadline);

#endif
