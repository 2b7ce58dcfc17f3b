/* SPDX-License-Identifier: Apache-2.0
 * One session on standard input and output. */
#include "mock/hub.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Sends everything that waits; false when the peer is gone or does not read. */
static bool flush(struct pq_stream *s, struct pq_link *l)
{
    while (pq_link_output(l).len > 0) {
        struct pq_slice out = pq_link_output(l);
        struct pq_slice rest = out;
        enum pq_stream_result result = pq_stream_send(s, &rest, pq_link_deadline_ms(l));
        pq_link_sent(l, out.len - rest.len, now_ms());
        if (result != PQ_STREAM_OK)
            return false;
    }
    return true;
}

static void receive(struct pq_stream *s, struct pq_link *l)
{
    uint8_t buffer[16384];
    size_t got = 0;
    switch (pq_stream_recv(s, buffer, sizeof(buffer), &got, pq_link_deadline_ms(l))) {
    case PQ_STREAM_OK:
        pq_link_input(l, pq_slice_of(buffer, got), now_ms());
        break;
    case PQ_STREAM_TIMEOUT:
        pq_link_on_time(l, now_ms());
        break;
    case PQ_STREAM_CLOSED:
        pq_link_eof(l, now_ms());
        break;
    case PQ_STREAM_RESET:
    case PQ_STREAM_BROKEN:
    case PQ_STREAM_FAILED:
        pq_link_reset(l);
        break;
    }
}

enum pq_status pq_hub_inetd(const struct pq_hub_config *config, bool implicit, struct pq_why *why)
{
    struct pq_stream stream;
    pq_stream_init(&stream, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pq_stream_from_fd(&stream, STDIN_FILENO, STDOUT_FILENO) != PQ_STATUS_OK)
        return pq_why_fail(why, PQ_STATUS_NET, "standard input and output: %s", stream.why.text);
    struct pq_link *l = pq_link_new(&config->links, implicit, now_ms());
    if (!l) {
        pq_stream_close(&stream);
        return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "the session cannot begin");
    }
    while (flush(&stream, l) && !pq_link_is_over(l))
        receive(&stream, l);
    pq_link_free(l);
    pq_stream_close(&stream);
    return PQ_STATUS_OK;
}
