/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures a server: logs in, asks STAT and LIST, quits, one session after the other, for so many
 * seconds. Prints sessions per second. The client is the library's own conn over a blocking stream,
 * the same for every server.
 *
 *     bench_sessions tcp://127.0.0.1:1110 SECONDS USER < password
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/stream.h"
#include "popquiz/conn.h"

#define PATIENCE_MS 10000u

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_sessions: %s: %s\n", what, why);
    exit(1);
}

struct client {
    struct pq_stream stream;
    struct pq_conn conn;
    struct pq_buf out;
    uint8_t out_memory[1024], line_memory[PQ_REPLY_LINE_MAX], in[16384];
};

/* Reads until nothing is outstanding; dies when an answer is not positive. */
static void await(struct client *c, uint64_t deadline)
{
    struct pq_event e;
    bool greeting = c->conn.session.state == PQ_STATE_CONNECTED;
    while (c->conn.pending_count > 0 || greeting) {
        size_t got = 0;
        if (pq_stream_recv(&c->stream, c->in, sizeof(c->in), &got, deadline) != PQ_STREAM_OK)
            die("receive", c->stream.why.text);
        pq_conn_feed(&c->conn, PQ_FROM_SERVER, pq_slice_of(c->in, got));
        while (pq_conn_next(&c->conn, &e) == PQ_NEXT_EVENT) {
            greeting = greeting && e.kind != PQ_EVENT_GREETING;
            if (e.kind == PQ_EVENT_REPLY && e.reply.indicator != PQ_REPLY_OK)
                die("the server refused", "see its log");
        }
    }
}

static void ask(struct client *c, struct pq_command command, uint64_t deadline)
{
    pq_buf_clear(&c->out);
    if (pq_conn_command(&c->conn, &command) != PQ_STATUS_OK)
        die("a command", "is not allowed now");
    struct pq_slice rest = pq_buf_slice(&c->out);
    if (pq_stream_send(&c->stream, &rest, deadline) != PQ_STREAM_OK)
        die("send", c->stream.why.text);
    await(c, deadline);
}

static void one_session(struct client *c, const struct pq_endpoints *to, struct pq_slice user,
                        struct pq_slice password)
{
    uint64_t deadline = pq_io_deadline(pq_io_system(), PATIENCE_MS);
    pq_stream_init(&c->stream, NULL);
    if (pq_stream_connect(&c->stream, to, deadline) != PQ_STATUS_OK)
        die("connect", c->stream.why.text);
    pq_buf_init(&c->out, c->out_memory, sizeof(c->out_memory));
    pq_conn_init(&c->conn, PQ_ROLE_CLIENT, PQ_TLS_NONE,
                 (struct pq_conn_memory){.server = c->line_memory,
                                         .server_cap = sizeof(c->line_memory),
                                         .out = &c->out});
    await(c, deadline);
    ask(c, pq_command_text(PQ_VERB_USER, user, PQ_SLICE("")), deadline);
    ask(c, pq_command_text(PQ_VERB_PASS, password, PQ_SLICE("")), deadline);
    ask(c, pq_command_bare(PQ_VERB_STAT), deadline);
    ask(c, pq_command_bare(PQ_VERB_LIST), deadline);
    ask(c, pq_command_bare(PQ_VERB_QUIT), deadline);
    pq_stream_close(&c->stream);
}

int main(int argc, char **argv)
{
    static struct client client;
    static char password[256];
    struct pq_addr addr;
    struct pq_endpoints to;
    struct pq_why why;
    uint64_t seconds = 0;
    if (argc != 4 || pq_parse_u64(pq_slice_text(argv[2]), &seconds) != PQ_STATUS_OK)
        die("usage", "bench_sessions ADDRESS SECONDS USER < password");
    if (pq_addr_parse(pq_slice_text(argv[1]), &addr, &why) != PQ_STATUS_OK ||
        pq_addr_resolve(&addr, &to, &why) != PQ_STATUS_OK)
        die("address", why.text);
    if (!fgets(password, sizeof(password), stdin))
        die("password", "give it on standard input");
    struct pq_slice line = pq_slice_text(password);
    struct pq_slice secret = pq_slice_cut(&line, '\n');
    uint64_t end = pq_io_deadline(pq_io_system(), (uint32_t)seconds * 1000), count = 0;
    while (pq_io_left_ms(pq_io_system(), end) > 0) {
        one_session(&client, &to, pq_slice_text(argv[3]), secret);
        count++;
    }
    (void)printf("%.1f\n", (double)count / (double)seconds);
    return 0;
}
