/* SPDX-License-Identifier: Apache-2.0
 * One session on standard input and output. */
#include "mock/hub.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a client may take to end its direction after we ended ours. */
#define LINGER_MS 2000u

struct inetd {
    struct pq_stream stream;
    struct pq_link *link;
    const struct pq_hub_config *config;
};

static uint64_t now_ms(const struct inetd *i)
{
    const struct pq_io *io = i->stream.io;
    return i->config->manual_clock ? i->config->clock_ms : io->now_ms(io->ctx);
}

/* On the clock of the stream. */
static uint64_t deadline(const struct inetd *i)
{
    uint64_t wake = pq_link_wake_ms(i->link), end = pq_link_deadline_ms(i->link);
    return i->config->manual_clock ? PQ_DEADLINE_NEVER : wake < end ? wake : end;
}

/* Sends everything that waits; false when the peer is gone or does not read. */
static bool flush(struct inetd *i)
{
    while (pq_link_output(i->link).len > 0) {
        struct pq_slice out = pq_link_output(i->link);
        struct pq_slice rest = out;
        enum pq_stream_result result = pq_stream_send(&i->stream, &rest, deadline(i));
        pq_link_sent(i->link, out.len - rest.len, now_ms(i));
        if (result != PQ_STREAM_OK)
            return false;
    }
    return true;
}

static void receive(struct inetd *i)
{
    uint8_t buffer[16384];
    size_t got = 0;
    switch (pq_stream_recv(&i->stream, buffer, sizeof(buffer), &got, deadline(i))) {
    case PQ_STREAM_OK:
        pq_link_input(i->link, pq_slice_of(buffer, got), now_ms(i));
        break;
    case PQ_STREAM_TIMEOUT:
        if (now_ms(i) >= pq_link_wake_ms(i->link))
            pq_link_wake(i->link, now_ms(i));
        else
            pq_link_on_time(i->link, now_ms(i));
        break;
    case PQ_STREAM_CLOSED:
        pq_link_eof(i->link, now_ms(i));
        break;
    case PQ_STREAM_RESET:
    case PQ_STREAM_BROKEN:
    case PQ_STREAM_FAILED:
        pq_link_reset(i->link);
        break;
    }
}

/* Closing a socket at once, with octets unread, would make the kernel throw away the last answer. A
 * pipe keeps what was written, and nobody need end the other one. */
static void end(struct inetd *i)
{
    uint64_t until = pq_io_deadline(i->stream.io, LINGER_MS);
    enum pq_stream_result result = PQ_STREAM_FAILED;
    if (i->stream.in == i->stream.out)
        result = pq_stream_half_close(&i->stream, until);
    if (result == PQ_STREAM_OK)
        result = pq_stream_await_fin(&i->stream, until);
    (void)result; /* whoever does not end in time is left to the kernel */
    pq_stream_close(&i->stream);
}

/* Whether both are one socket: inetd hands it over twice. */
static bool is_one_socket(void)
{
    struct stat in, out;
    return fstat(STDIN_FILENO, &in) == 0 && fstat(STDOUT_FILENO, &out) == 0 &&
           S_ISSOCK(in.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

enum pq_status pq_hub_inetd(const struct pq_hub_config *config, bool implicit, struct pq_why *why)
{
    struct inetd i = {.config = config};
    pq_stream_init(&i.stream, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int out = is_one_socket() ? STDIN_FILENO : STDOUT_FILENO;
    if (pq_stream_from_fd(&i.stream, STDIN_FILENO, out) != PQ_STATUS_OK)
        return pq_why_fail(why, PQ_STATUS_NET, "standard input and output: %s", i.stream.why.text);
    i.link = pq_link_new(&config->links, implicit, now_ms(&i));
    if (!i.link) {
        pq_stream_close(&i.stream);
        return pq_why_fail(why, PQ_STATUS_NO_MEMORY, "the session cannot begin");
    }
    while (flush(&i) && !pq_link_is_over(i.link))
        receive(&i);
    pq_link_free(i.link);
    end(&i);
    return PQ_STATUS_OK;
}
