/* SPDX-License-Identifier: Apache-2.0
 *
 * The connections of one case: opened when something is first said on them, above TLS where that is
 * asked for, and heard by whoever wants to know what passed.
 */
#ifndef PQ_BRIDGE_LINKS_H
#define PQ_BRIDGE_LINKS_H

#include "harness/bridge/gist.h"
#include "harness/bridge/server.h"
#include "dialogue/wirecase.h"
#include "net/tls.h"
#include "popquiz/conn.h"

/* What is told of a case while it is played. */
enum pq_heard {
    PQ_HEARD_CLIENT, /* octets that were sent */
    PQ_HEARD_SERVER, /* octets that came */
    PQ_HEARD_OPEN,   /* a connection is open */
    PQ_HEARD_TLS,    /* a handshake ended well, or did not: the octets are "ok" or words */
    PQ_HEARD_END,    /* no more will come: the octets tell how */
    PQ_HEARD_RESET,  /* we have reset it */
    PQ_HEARD_LAST,   /* we send no more on it */
};

/* `conn` is 1 to PQ_WIRE_CONN_MAX; the octets are valid during the call. */
typedef void pq_heard_fn(void *ctx, unsigned conn, enum pq_heard what, struct pq_slice octets);

struct pq_ear {
    pq_heard_fn *tell;
    void *ctx;
};

#define PQ_EARS_COUNT 3u

struct pq_link {
    struct pq_stream stream;
    bool begun; /* in this case */
    bool ended; /* nothing more will come */
    struct pq_gist gist;
    enum pq_gist_reply reply; /* to the last line */
    bool answered;            /* it came with these octets; whoever hears it may forget it */
    uint64_t tail;            /* the last octets that came since then */
};

struct pq_links {
    struct pq_server *server;
    struct pq_tls_context *tls; /* NULL: none */
    struct pq_io io;            /* the system's, which can change an octet on its way */
    bool corrupt;               /* the next thing that is sent */
    struct pq_ear ears[PQ_EARS_COUNT];
    size_t ears_len;
    struct pq_link each[PQ_WIRE_CONN_MAX + 1]; /* from 1 */
    bool hung;
};

/* False after a line on stderr: the certificate cannot be read. */
bool pq_links_init(struct pq_links *l, struct pq_server *server);
void pq_links_free(struct pq_links *l);
void pq_links_add_ear(struct pq_links *l, pq_heard_fn *tell, void *ctx);
void pq_links_begin(struct pq_links *l);

/* Each waits until the server is quiet again, and takes what it has sent. False: the connection is
 * not there (any more), or the server has stopped to answer (`hung`). */

bool pq_links_open(struct pq_links *l, unsigned conn);
bool pq_links_send(struct pq_links *l, unsigned conn, struct pq_slice octets);
/* Does nothing unless the server has just agreed to STLS. */
bool pq_links_start_tls(struct pq_links *l, unsigned conn);
/* The next TLS record is sent with another octet in it; in clear there is none. */
void pq_links_corrupt(struct pq_links *l, unsigned conn);
bool pq_links_half_close(struct pq_links *l, unsigned conn);
bool pq_links_reset(struct pq_links *l, unsigned conn);
bool pq_links_settle(struct pq_links *l);
/* Sends no more on any connection, and waits for what the server makes of that. */
void pq_links_finish(struct pq_links *l);
/* Closes all connections. Does not wait. */
void pq_links_close(struct pq_links *l);

#endif
