/* SPDX-License-Identifier: Apache-2.0
 * Writing as a client. */
#include "conn/conn_internal.h"

/* Behind AUTH the next line may have to be a response: only the answer tells (RFC 5034 section 4).
 */
static bool is_in_exchange(const struct pq_conn *c)
{
    if (c->session.state == PQ_STATE_SASL)
        return true;
    return c->pending_count > 0 && conn_pending(c, c->pending_count - 1).verb == PQ_VERB_AUTH;
}

enum pq_status pq_conn_command(struct pq_conn *c, const struct pq_command *command)
{
    struct pq_session ahead = conn_ahead(c);
    size_t start = c->out->len;
    if (c->pending_count == PQ_PIPELINE_MAX)
        return PQ_STATUS_TOO_MANY_PENDING;
    if (is_in_exchange(c) || pq_session_judge(&ahead, command->verb) != PQ_REFUSED_NONE)
        return PQ_STATUS_STATE;
    enum pq_status status = pq_command_write(command, c->out);
    if (status != PQ_STATUS_OK)
        return status;
    if (c->out->len - start > PQ_COMMAND_LINE_MAX) {
        c->out->len = start;
        return PQ_STATUS_LINE_TOO_LONG;
    }
    conn_push(c, (struct pq_pending){.verb = (uint8_t)command->verb,
                                     .multi = pq_verb_is_multi(command->verb, command->argc)});
    return PQ_STATUS_OK;
}

/* A line of the SASL exchange; `text` is what stands on it before CRLF. */
static enum pq_status respond(struct pq_conn *c, size_t start, bool fits)
{
    if (c->session.state != PQ_STATE_SASL || c->pending_count > 0) {
        c->out->len = start;
        return PQ_STATUS_STATE;
    }
    if (!fits || !pq_buf_put(c->out, PQ_SLICE("\r\n"))) {
        c->out->len = start;
        return PQ_STATUS_NO_ROOM;
    }
    conn_push(c, (struct pq_pending){.verb = PQ_VERB_AUTH});
    return PQ_STATUS_OK;
}

enum pq_status pq_conn_respond(struct pq_conn *c, struct pq_slice response)
{
    size_t start = c->out->len;
    return respond(c, start, pq_base64_encode(response, c->out) == PQ_STATUS_OK);
}

enum pq_status pq_conn_cancel(struct pq_conn *c)
{
    size_t start = c->out->len;
    return respond(c, start, pq_buf_put(c->out, PQ_SLICE("*")));
}
