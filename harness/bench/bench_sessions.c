/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures a server: logs in, asks STAT and LIST, quits, one session after the other, for so many
 * seconds. Prints sessions per second. The client is the library's own conn over a blocking socket,
 * the same for every server: two system calls for an answer, since on one processor each call of
 * the client is counted as the server's time.
 *
 *     bench_sessions tcp://127.0.0.1:1110 SECONDS USER < password
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/io.h"
#include "popquiz/conn.h"

#define PATIENCE_S 10

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_sessions: %s: %s\n", what, why);
    exit(1);
}

struct client {
    int fd;
    struct pq_conn conn;
    struct pq_buf out;
    uint8_t out_memory[1024], line_memory[PQ_REPLY_LINE_MAX], in[16384];
};

/* ---- the socket ------------------------------------------------------------------------------ */

static void open_socket(struct client *c, const struct pq_endpoint *to)
{
    const int on = 1;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    c->fd = socket(to->at.ss_family, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&to->at, to->len) != 0 ||
        setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
        die("connect", strerror(errno));
    if (to->at.ss_family != AF_UNIX)
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* What has arrived; dies when nothing does. Empty: the server has ended its direction. */
static struct pq_slice receive(struct client *c)
{
    ssize_t n = read(c->fd, c->in, sizeof(c->in));
    if (n < 0)
        die("receive", strerror(errno));
    return pq_slice_of(c->in, (size_t)n);
}

/* ---- a session ------------------------------------------------------------------------------- */

/* Reads until nothing is outstanding; dies when an answer is not positive. */
static void await(struct client *c)
{
    struct pq_event e;
    bool greeting = c->conn.session.state == PQ_STATE_CONNECTED;
    while (c->conn.pending_count > 0 || greeting) {
        struct pq_slice got = receive(c);
        if (got.len == 0)
            die("receive", "the server ended the connection");
        pq_conn_feed(&c->conn, PQ_FROM_SERVER, got);
        while (pq_conn_next(&c->conn, &e) == PQ_NEXT_EVENT) {
            greeting = greeting && e.kind != PQ_EVENT_GREETING;
            if (e.kind == PQ_EVENT_REPLY && e.reply.indicator != PQ_REPLY_OK)
                die("the server refused", "see its log");
        }
    }
}

static void ask(struct client *c, struct pq_command command)
{
    pq_buf_clear(&c->out);
    if (pq_conn_command(&c->conn, &command) != PQ_STATUS_OK)
        die("a command", "is not allowed now");
    if (write(c->fd, c->out.at, c->out.len) != (ssize_t)c->out.len)
        die("send", strerror(errno));
    await(c);
}

/* A session is over when the server, too, has ended it. */
static void one_session(struct client *c, const struct pq_endpoint *to, struct pq_slice user,
                        struct pq_slice password)
{
    open_socket(c, to);
    pq_buf_init(&c->out, c->out_memory, sizeof(c->out_memory));
    pq_conn_init(&c->conn, PQ_ROLE_CLIENT, PQ_TLS_NONE,
                 (struct pq_conn_memory){.server = c->line_memory,
                                         .server_cap = sizeof(c->line_memory),
                                         .out = &c->out});
    await(c);
    ask(c, pq_command_text(PQ_VERB_USER, user, PQ_SLICE("")));
    ask(c, pq_command_text(PQ_VERB_PASS, password, PQ_SLICE("")));
    ask(c, pq_command_bare(PQ_VERB_STAT));
    ask(c, pq_command_bare(PQ_VERB_LIST));
    ask(c, pq_command_bare(PQ_VERB_QUIT));
    if (receive(c).len > 0)
        die("the server", "goes on after QUIT");
    (void)close(c->fd);
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
        one_session(&client, &to.each[0], pq_slice_text(argv[3]), secret);
        count++;
    }
    (void)printf("%.1f\n", (double)count / (double)seconds);
    return 0;
}
