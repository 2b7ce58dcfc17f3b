/* SPDX-License-Identifier: Apache-2.0
 * The control channel on standard input and output of the event loop. */
#include "mock/control.h"
#include "mock/hub_internal.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct hub *h = handle->data;
    (void)suggested;
    *buf = uv_buf_init(h->buffer, sizeof(h->buffer));
}

static void fail(struct hub *h, enum pq_status status, const char *what)
{
    h->status = pq_why_fail(h->why, status, "--control: %s", what);
    hub_stop(h);
}

/* Standard output may share its mode with standard input, which libuv made non-blocking. */
static bool write_all(struct pq_slice rest)
{
    struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
    while (rest.len > 0) {
        ssize_t n = write(STDOUT_FILENO, rest.at, rest.len);
        if (n >= 0)
            rest = pq_slice_after(rest, (size_t)n);
        else if (errno == EAGAIN)
            (void)poll(&room, 1, -1);
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/* False when the hub ends because of it. */
static bool obey_line(struct hub *h, struct pq_slice line)
{
    bool go_on = false;
    struct pq_control control = {.now_ms = hub_now_ms(h), .manual = h->config->manual_clock};
    struct pq_bytes answer;
    pq_bytes_init(&answer, h->config->links.mock->alloc, SIZE_MAX / 2);
    enum pq_status status = pq_control_obey(h->config->links.mock, line, &control, &answer);
    h->manual_ms += control.advance_ms;
    if (control.advance_ms > 0)
        hub_sweep(h);
    if (status != PQ_STATUS_OK)
        fail(h, status, "no memory for the answer");
    else if (control.quit)
        hub_stop(h);
    else if (!write_all(pq_bytes_slice(&answer)))
        fail(h, PQ_STATUS_FILE, "the answer cannot be written to standard output");
    else
        go_on = true;
    pq_bytes_free(&answer);
    return go_on;
}

/* Obeys each line that is complete. */
static void obey_lines(struct hub *h)
{
    struct pq_bytes *kept = &h->control_line;
    size_t used = 0;
    for (;;) {
        struct pq_slice all = pq_slice_after(pq_bytes_slice(kept), used);
        size_t lf = h->control_seen + pq_slice_index(pq_slice_after(all, h->control_seen), '\n');
        h->control_seen = all.len;
        if (lf == all.len)
            break;
        h->control_seen = 0;
        used += lf + 1;
        if (!obey_line(h, pq_slice_first(all, lf)))
            return;
    }
    pq_bytes_drop(kept, used);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct hub *h = stream->data;
    if (n < 0)
        hub_stop(h); /* whoever controls the server is gone */
    else if (pq_bytes_put(&h->control_line, pq_slice_of(buf->base, (size_t)n)) != PQ_STATUS_OK)
        fail(h, PQ_STATUS_NO_MEMORY, "a line is longer than 16 MiB");
    else
        obey_lines(h);
}

enum pq_status hub_control_begin(struct hub *h)
{
    uv_handle_type kind = uv_guess_handle(STDIN_FILENO);
    h->control.data = h;
    if ((kind == UV_NAMED_PIPE || kind == UV_TCP || kind == UV_TTY) &&
        uv_pipe_init(&h->loop, &h->control, 0) == 0 &&
        uv_pipe_open(&h->control, STDIN_FILENO) == 0 &&
        uv_read_start((uv_stream_t *)&h->control, lend_buffer, on_read) == 0)
        return PQ_STATUS_OK;
    return pq_why_fail(h->why, PQ_STATUS_NET,
                       "--control: standard input must be a pipe, a socket or a terminal");
}
