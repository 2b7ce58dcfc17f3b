/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/conn_log.h"

static void log_command(struct fuzz_log *log, const struct pq_event *e)
{
    fuzz_log_number(log, "flaw", e->command.flaw);
    fuzz_log_number(log, "refusal", e->refusal);
    for (size_t i = 0; i < e->command.argc; i++)
        fuzz_log_slice(log, "argument", e->command.args[i]);
}

static void log_reply(struct fuzz_log *log, const struct pq_reply *r)
{
    fuzz_log_number(log, "indicator", r->indicator);
    fuzz_log_number(log, "flaws", r->flaws);
    fuzz_log_slice(log, "code", r->code);
    fuzz_log_slice(log, "text", r->text);
}

void fuzz_log_event(struct fuzz_log *log, const struct pq_event *e)
{
    if (e->kind == PQ_EVENT_BODY) {
        FUZZ_ASSERT(e->octets.len > 0);
        fuzz_log_octets(log, e->octets);
        return;
    }
    fuzz_log_number(log, pq_event_name(e->kind), e->kind);
    fuzz_log_number(log, "verb", e->verb);
    fuzz_log_number(log, "offset", e->offset);
    fuzz_log_number(log, "too long", e->too_long);
    if (e->kind == PQ_EVENT_COMMAND)
        log_command(log, e);
    else if (e->kind == PQ_EVENT_GREETING || e->kind == PQ_EVENT_REPLY ||
             e->kind == PQ_EVENT_CHALLENGE || e->kind == PQ_EVENT_STRAY_REPLY)
        log_reply(log, &e->reply);
    else
        fuzz_log_slice(log, "octets", e->octets);
}

/* Whether an answer moves the session: the one to the command that it runs does, if the table has
 * such a move. */
static bool answer_moves(const struct pq_session *before, const struct pq_event *e,
                         enum pq_state *to)
{
    bool answer = e->kind == PQ_EVENT_REPLY || e->kind == PQ_EVENT_CHALLENGE;
    return answer && before->running == e->verb &&
           pq_session_move(before->state, e->verb, e->reply.indicator, to);
}

void fuzz_check_move(const struct pq_session *before, const struct pq_event *e,
                     const struct pq_session *after)
{
    enum pq_state to = before->state;
    bool greeting = e->kind == PQ_EVENT_GREETING;
    FUZZ_ASSERT(greeting == (before->state == PQ_STATE_CONNECTED && e->kind != PQ_EVENT_BAD_REPLY));
    if (greeting)
        to = e->reply.indicator == PQ_REPLY_OK ? PQ_STATE_AUTHORIZATION : PQ_STATE_CLOSED;
    else if (!answer_moves(before, e, &to) && e->kind == PQ_EVENT_COMMAND &&
             e->refusal != PQ_REFUSED_NONE && before->state == PQ_STATE_USER)
        to = after->state == PQ_STATE_AUTHORIZATION ? after->state : to; /* USER is forgotten */
    /* QUIT enters UPDATE as soon as nothing waits before it. */
    bool update = to == PQ_STATE_TRANSACTION && after->state == PQ_STATE_UPDATE;
    FUZZ_ASSERT(after->state == to || (update && after->running == PQ_VERB_QUIT));
    FUZZ_ASSERT(after->tls == before->tls);
}
