/* SPDX-License-Identifier: Apache-2.0
 *
 * How a process of the server begins: its descriptors, its environment, its command line.
 */
#ifndef PQ_BRIDGE_LAUNCH_H
#define PQ_BRIDGE_LAUNCH_H

#include "harness/bridge/server.h"

/* Chooses a port where one is needed and none was given. False: `s->why`. */
bool pq_launch_port(struct pq_server *s);
/* Starts the server: as a listener, or as a fork server that makes sessions. False: `s->why`. */
bool pq_launch(struct pq_server *s, bool fork_server);
/* Starts the programs that run beside the server. False: `s->why`. */
bool pq_launch_besides(struct pq_server *s);
/* Begins a session whose stdin and stdout are `fd`. */
bool pq_launch_session(struct pq_server *s, int fd);
/* Closes what leads to a fork server. */
void pq_launch_close(struct pq_server *s);

#endif
