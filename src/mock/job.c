/* SPDX-License-Identifier: Apache-2.0
 * Multi-line answers, written as far as the output has room. */
#include "mock/server_internal.h"

/* CAPA and LANG: a line at a time; an empty one is left out. */
static bool run_lines(struct pq_server *s,
                      bool (*next)(struct pq_server *, size_t, struct pq_buf *))
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf line;
    for (;;) {
        pq_buf_init(&line, memory, sizeof(memory));
        if (!next(s, s->job.index, &line))
            return true;
        if (line.len > 0 && pq_conn_listing(&s->conn, pq_buf_slice(&line)) != PQ_STATUS_OK)
            return false;
        s->job.index++;
    }
}

static bool run_content(struct pq_server *s)
{
    size_t taken = pq_conn_body(&s->conn, s->job.rest);
    s->job.rest = pq_slice_after(s->job.rest, taken);
    return s->job.rest.len == 0;
}

/* Octets that a fault made: written as they are, terminator included. */
static bool run_wire(struct pq_server *s)
{
    struct pq_slice fits = pq_slice_first(s->job.rest, pq_buf_room(&s->out));
    pq_buf_put(&s->out, fits);
    s->job.rest = pq_slice_after(s->job.rest, fits.len);
    return s->job.rest.len == 0;
}

static bool run_part(struct pq_server *s)
{
    switch (s->job.kind) {
    case JOB_NONE:
        return true;
    case JOB_CAPA:
        return run_lines(s, server_capa_line);
    case JOB_LANG:
        return run_lines(s, server_lang_line);
    case JOB_LIST:
        return server_run_list(s);
    case JOB_CONTENT:
        return run_content(s);
    case JOB_WIRE:
        return run_wire(s);
    }
    return true;
}

void server_run_job(struct pq_server *s)
{
    if (s->job.kind == JOB_NONE || !run_part(s) || !s->behaviour->ends(s))
        return;
    if (s->job.kind == JOB_WIRE || !s->behaviour->terminates(s, s->job.verb))
        pq_conn_ended(&s->conn);
    else if (pq_conn_end(&s->conn) != PQ_STATUS_OK)
        return;
    s->job.kind = JOB_NONE;
    pq_bytes_free(&s->wire);
}
