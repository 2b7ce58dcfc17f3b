/* SPDX-License-Identifier: Apache-2.0
 * Writing as a server. */
#include "conn/conn_internal.h"

#include <assert.h>

enum pq_status pq_conn_greet(struct pq_conn *c, struct pq_slice text)
{
    enum pq_status status = pq_reply_write(PQ_REPLY_OK, pq_slice_of(NULL, 0), text, c->out);
    if (status == PQ_STATUS_OK)
        pq_session_on_greeting(&c->session, PQ_REPLY_OK);
    return status;
}

void pq_conn_answered(struct pq_conn *c, enum pq_indicator indicator)
{
    assert(c->role == PQ_ROLE_SERVER && c->pending_count == 1);
    if (conn_settle(c, indicator))
        pq_stuffer_init(&c->stuffer);
}

enum pq_status pq_conn_reply(struct pq_conn *c, enum pq_indicator indicator, struct pq_slice code,
                             struct pq_slice text)
{
    enum pq_status status = pq_reply_write(indicator, code, text, c->out);
    if (status == PQ_STATUS_OK)
        pq_conn_answered(c, indicator);
    return status;
}

enum pq_status pq_conn_challenge(struct pq_conn *c, struct pq_slice challenge)
{
    size_t start = c->out->len;
    if (!pq_buf_put(c->out, PQ_SLICE("+ ")) ||
        pq_base64_encode(challenge, c->out) != PQ_STATUS_OK ||
        !pq_buf_put(c->out, PQ_SLICE("\r\n"))) {
        c->out->len = start;
        return PQ_STATUS_NO_ROOM;
    }
    pq_conn_answered(c, PQ_REPLY_CONTINUE);
    return PQ_STATUS_OK;
}

enum pq_status pq_conn_listing(struct pq_conn *c, struct pq_slice line)
{
    bool dot = pq_slice_starts(line, PQ_SLICE("."));
    if (pq_buf_room(c->out) < line.len + 3)
        return PQ_STATUS_NO_ROOM;
    if (dot)
        pq_buf_put_octet(c->out, '.');
    pq_buf_put(c->out, line);
    pq_buf_put(c->out, PQ_SLICE("\r\n"));
    return PQ_STATUS_OK;
}

size_t pq_conn_body(struct pq_conn *c, struct pq_slice content)
{
    return pq_stuffer_put(&c->stuffer, content, c->out);
}

enum pq_status pq_conn_end(struct pq_conn *c)
{
    if (!pq_stuffer_end(&c->stuffer, c->out))
        return PQ_STATUS_NO_ROOM;
    pq_conn_ended(c);
    return PQ_STATUS_OK;
}

void pq_conn_ended(struct pq_conn *c)
{
    assert(c->role == PQ_ROLE_SERVER && c->pending_count == 1);
    conn_pop(c);
}
