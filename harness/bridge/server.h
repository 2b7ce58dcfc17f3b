/* SPDX-License-Identifier: Apache-2.0
 *
 * The server: started with the shim inside, asked for sessions, watched, and ended with all that
 * it has begun.
 */
#ifndef PQ_BRIDGE_SERVER_H
#define PQ_BRIDGE_SERVER_H

#include "harness/bridge/map.h"
#include "harness/bridge/procs.h"
#include "net/stream.h"

#define PQ_EARS_MAX (64u << 10) /* octets kept of what the server says on stderr */

struct pq_server {
    const struct pq_options *o;
    const struct pq_map *map;
    struct pq_shim_page *page;
    struct pq_watch watch;
    int page_fd, ears;
    int sessions;          /* where sockets go; -1: there is no fork server in the program */
    int commands, answers; /* of that fork server */
    pid_t pid;             /* -1: there is none */
    pid_t besides[PQ_OPTION_MANY];
    int ended;      /* how the last one ended, as waitpid() has it */
    bool beginning; /* a session was asked for, and may not be there yet */
    uint16_t port;
    size_t processes; /* that live between sessions */
    uint32_t starts;
    uint32_t mark; /* of `changes`, when something was sent */
    struct pq_why why;
};

/* False after a line on stderr. */
bool pq_server_init(struct pq_server *s, const struct pq_options *o, const struct pq_map *map);
/* Starts it and waits until it takes connections. False: `s->why`. */
bool pq_server_start(struct pq_server *s);
/* Ends it and all that is below this process. */
void pq_server_stop(struct pq_server *s);
/* Opens a connection, or begins a session with stdio. False: `s->why`. */
bool pq_server_connect(struct pq_server *s, struct pq_stream *stream);
/* Notes what has ended, without waiting. */
void pq_server_reap(struct pq_server *s);

/* Is called before something is sent: nobody needs to look before something changes. */
void pq_server_mark(struct pq_server *s);

enum pq_quiet {
    PQ_QUIET,      /* nothing will happen before something is sent */
    PQ_QUIET_BUSY, /* the time is over */
    PQ_QUIET_DEAD, /* the server has ended */
};

/* Waits until all processes of the server wait for something. `meanwhile` is called now and then,
 * to take what the server sends; it may be NULL. */
typedef void pq_meanwhile_fn(void *ctx);
enum pq_quiet pq_server_wait(struct pq_server *s, uint64_t deadline, pq_meanwhile_fn *meanwhile,
                             void *ctx);
/* Waits until no more than `spare` processes live besides those that live between sessions. */
bool pq_server_await_sessions(struct pq_server *s, size_t spare, uint32_t ms);

/* What was said on stderr since the last pq_server_forget(): at most `cap` octets of the end. */
size_t pq_server_said(const struct pq_server *s, char *at, size_t cap);
void pq_server_forget(struct pq_server *s);

/* Called for SIGCHLD and for SIGTERM. */
void pq_server_catch_signals(struct pq_server *s);
/* Whether this process was told to end. */
bool pq_server_told_to_end(void);

#endif
