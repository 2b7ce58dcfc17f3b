/* SPDX-License-Identifier: Apache-2.0
 * The control channel on standard input and output of the event loop. */
#include "mock/control.h"
#include "mock/hub_internal.h"

#include <stdio.h>
#include <unistd.h>

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct hub *h = handle->data;
    (void)suggested;
    *buf = uv_buf_init(h->buffer, sizeof(h->buffer));
}

static void obey_line(struct hub *h, struct pq_slice line)
{
    struct pq_control asked;
    struct pq_bytes answer;
    pq_bytes_init(&answer, h->config->links.mock->alloc, SIZE_MAX / 2);
    enum pq_status status = pq_control_obey(h->config->links.mock, line, hub_now_ms(h),
                                            h->config->manual_clock, &asked, &answer);
    if (status != PQ_STATUS_OK || asked.quit) {
        hub_stop(h);
    } else {
        h->manual_ms += asked.advance_ms;
        if (asked.advance_ms > 0)
            hub_sweep(h);
        if (fwrite(answer.at, 1, answer.len, stdout) != answer.len || fflush(stdout) != 0)
            hub_stop(h);
    }
    pq_bytes_free(&answer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct hub *h = stream->data;
    struct pq_bytes *kept = &h->control_line;
    if (n < 0 || pq_bytes_put(kept, pq_slice_of(buf->base, (size_t)n)) != PQ_STATUS_OK) {
        hub_stop(h); /* whoever controls the server is gone */
        return;
    }
    for (;;) {
        struct pq_slice all = pq_bytes_slice(kept);
        size_t lf = pq_slice_index(all, '\n');
        if (lf == all.len)
            break;
        obey_line(h, pq_slice_first(all, lf));
        pq_bytes_drop(kept, lf + 1);
    }
}

bool hub_control_begin(struct hub *h)
{
    h->control.data = h;
    return uv_pipe_init(&h->loop, &h->control, 0) == 0 &&
           uv_pipe_open(&h->control, STDIN_FILENO) == 0 &&
           uv_read_start((uv_stream_t *)&h->control, lend_buffer, on_read) == 0;
}
