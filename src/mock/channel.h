/* SPDX-License-Identifier: Apache-2.0
 *
 * What a session learns of the TLS connection around it. */
#ifndef PQ_MOCK_CHANNEL_H
#define PQ_MOCK_CHANNEL_H

#include "mock/server.h"
#include "net/tls.h"

/* The handshake is complete: tells the session which channel bindings there are, and which account
 * has one of the names of the client's certificate. */
void pq_channel_tell(const struct pq_tls *t, const struct pq_store *store, struct pq_server *s);

#endif
