/* SPDX-License-Identifier: Apache-2.0
 * What faults of status lines and of commands share: who changes which. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

#include <string.h>

/* ---- status lines ---------------------------------------------------------------------------- */

struct pq_slice fault_answer_text(const struct fault_answer *a, struct pq_buf *memory)
{
    enum pq_status status = pq_reply_write(a->indicator, a->code, a->text, memory);
    (void)status; /* PQ_REPLY_LINE_MAX octets are enough */
    return fault_line_text(pq_buf_slice(memory));
}

void fault_put_answer(struct pq_server *s, const struct fault_answer *a)
{
    enum pq_status status = pq_reply_write(a->indicator, a->code, a->text, &s->out);
    (void)status; /* there is room, as faults are active */
}

void fault_put_answer_of(struct pq_server *s, enum pq_indicator indicator, const char *code,
                         struct pq_slice text)
{
    const struct fault_answer a = {
        .indicator = indicator, .code = pq_slice_text(code), .text = text};
    fault_put_answer(s, &a);
}

static struct fault_answer answer_to(const struct pq_event *e, enum pq_indicator indicator,
                                     struct pq_slice code, struct pq_slice text)
{
    return (struct fault_answer){.command = &e->command,
                                 .line = e->octets,
                                 .verb = e->verb,
                                 .indicator = indicator,
                                 .code = code,
                                 .text = text};
}

/* The last fault is asked first; where none acts, whoever was there before the first of them. */
bool fault_reply(struct pq_server *s, enum pq_indicator indicator, struct pq_slice code,
                 struct pq_slice text)
{
    struct pq_fault_plan *plan = s->plan;
    struct fault_answer a = answer_to(s->event, indicator, code, text);
    const struct pq_fault *first = NULL;
    for (size_t i = plan->count; i-- > 0;) {
        struct pq_fault *f = &plan->active[i];
        const struct fault_effect *e = f->row->effect;
        if (!e->answer)
            continue;
        if (e->speaks(s, f, &a) && fault_fires(f)) {
            e->answer(s, f, &a);
            pq_conn_answered(&s->conn, indicator);
            return true;
        }
        first = f;
    }
    return first && first->base.reply(s, indicator, code, text);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void queue(struct pq_server *s, struct pq_slice line)
{
    pq_bytes_clear(&s->queued);
    s->has_queued = pq_bytes_put(&s->queued, line) == PQ_STATUS_OK;
}

/* Lets `f` hear another line than the client sent. */
static void mishear(struct pq_server *s, struct pq_fault *f, struct pq_event *e)
{
    uint8_t memory[PQ_SERVER_LINE_CAP];
    struct pq_buf instead;
    struct pq_slice then = pq_slice_of(NULL, 0);
    pq_buf_init(&instead, memory, sizeof(memory));
    if (!f->row->effect->hears(s, f, e->octets, &instead, &then) || !fault_fires(f))
        return;
    if (then.at)
        queue(s, then);
    memcpy(s->line_memory, memory, instead.len);
    pq_conn_forget_command(&s->conn);
    pq_conn_pretend(&s->conn, pq_slice_of(s->line_memory, instead.len), e);
}

enum pq_refusal fault_judge(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault_plan *plan = s->plan;
    const struct pq_fault *first = NULL;
    for (size_t i = plan->count; i-- > 0;) {
        struct pq_fault *f = &plan->active[i];
        if (!f->row->effect->hears)
            continue;
        mishear(s, f, e);
        first = f;
    }
    return first ? first->base.judge(s, e) : e->refusal;
}
