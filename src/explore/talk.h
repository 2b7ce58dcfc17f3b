/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection of a run: the wire, an observer that tells when an answer is complete, and the
 * referee that hears everything.
 */
#ifndef PQ_EXPLORE_TALK_H
#define PQ_EXPLORE_TALK_H

#include "explore/drive.h"

/* Octets of SASL lines: longer ones than the explorer sends. */
#define TALK_CLIENT_MAX 4096u
/* Octets that a server may send on one connection. */
#define TALK_RECEIVED_MAX (4u << 20)
/* An answer that drips takes at most so many patiences. */
#define TALK_PATIENCES 10u

enum talk_end { TALK_OPEN, TALK_NEVER, TALK_BY_SERVER, TALK_BY_US };

struct talk {
    struct pq_conn conn;
    uint8_t client_memory[TALK_CLIENT_MAX];
    uint8_t server_memory[PQ_REPLY_LINE_MAX];
    struct pq_bytes said, heard; /* that the observer has not taken yet */
    uint64_t received;
    enum talk_end end;
    bool half_closed;
    bool greeted;
    bool lost;     /* nobody knows any more what answers what: the connection is of no more use */
    bool positive; /* the last complete answer was +OK */
    bool in_lines; /* the lines behind a +OK have begun */
};

/* What the parts of a run share. */
struct run {
    const struct pq_drive_config *config;
    const struct pq_plan *plan;
    struct pq_drive_result *r;
    struct pq_referee referee;
    struct talk talks[PQ_PLAN_CONNS + 1]; /* from 1 */
    size_t step;
    uint8_t login; /* of the commands of a LOGIN step, which one; 0: none */
};

/* ---- opening and closing --------------------------------------------------------------------- */

void talk_init(struct run *run, unsigned conn);
void talk_free(struct run *run, unsigned conn);
/* Connects and waits for the greeting. */
void talk_open(struct run *run, unsigned conn);
void talk_close(struct run *run, unsigned conn, enum pq_wire_end how);
void talk_half_close(struct run *run, unsigned conn);
bool talk_is_open(const struct run *run, unsigned conn);

/* ---- octets ---------------------------------------------------------------------------------- */

/* Sends. `shown` stands in the transcript in place of octets that are secret; NULL: as sent. */
void talk_send(struct run *run, unsigned conn, struct pq_slice octets, const char *shown);
/* Reads until every command has its answer, the connection ends, or patience does. */
void talk_await(struct run *run, unsigned conn);
/* Reads what comes within so many milliseconds. */
void talk_listen(struct run *run, unsigned conn, uint32_t ms);

/* ---- the result ------------------------------------------------------------------------------ */

void run_note(struct run *run, unsigned conn, const char *what);
void run_saw(struct run *run, unsigned conn, enum pq_seen_kind kind);

#endif
