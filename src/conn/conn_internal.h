/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this folder share.
 */
#ifndef PQ_CONN_INTERNAL_H
#define PQ_CONN_INTERNAL_H

#include "popquiz/conn.h"

/* What the next octets of the server are. */
enum reading { READING_STATUS, READING_LISTING, READING_BODY };

enum pq_next conn_fail(struct pq_conn *c, enum pq_status why);
enum pq_next conn_next_command(struct pq_conn *c, struct pq_event *e);
enum pq_next conn_next_reply(struct pq_conn *c, struct pq_event *e);

/* The ring of commands that were read or sent and not answered. The first of it is the one that the
 * session runs. */
void conn_push(struct pq_conn *c, struct pq_pending pending); /* there is room */
struct pq_pending conn_pending(const struct pq_conn *c, size_t i);
void conn_pop(struct pq_conn *c); /* the first was answered: the next one begins */
/* The session once every waiting command has succeeded. */
struct pq_session conn_ahead(const struct pq_conn *c);
/* The first waiting command got its status line. True when a multi-line body follows; otherwise it
 * was popped. */
bool conn_settle(struct pq_conn *c, enum pq_indicator indicator);

#endif
