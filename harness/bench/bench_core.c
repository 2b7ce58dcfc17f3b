/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures the core in one process and prints one JSON object: decoding of a stream against memcpy,
 * the same over messages of growing size, and commands that the mock's session obeys in a second.
 * ci/bench runs it and prints the ratios. Every figure is the best of a few rounds, taken in turn,
 * so that a noisy machine hurts both sides of a ratio alike.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "mock/server.h"
#include "popquiz/referee.h"

#define STREAM_LEN ((size_t)64 << 20)
#define LINE_LEN 72u                       /* with CRLF */
#define ROUND_OCTETS ((uint64_t)256 << 20) /* of messages, at least */
#define ROUNDS 5
#define COMMANDS 200000u

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_core: %s\n", what);
    exit(1);
}

/* Lines as mail has them: words, a full stop now and then, one line in 40 stuffed. */
static void fill_stream(uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        size_t column = i % LINE_LEN, line = i / LINE_LEN;
        at[i] = column % 7 == 6 ? ' ' : (uint8_t)('a' + (i * 31 + line) % 26);
        if (column == 40 && line % 3 == 0)
            at[i] = '.';
        if (column < 2 && line % 40 == 0)
            at[i] = '.';
        if (column >= LINE_LEN - 2)
            at[i] = column == LINE_LEN - 2 ? '\r' : '\n';
    }
}

/* ---- decoding -------------------------------------------------------------------------------- */

static uint64_t by_memcpy(struct pq_slice stream, uint8_t *copy)
{
    memcpy(copy, stream.at, stream.len);
    return copy[stream.len / 2];
}

static uint64_t by_framer(struct pq_slice stream, uint8_t *copy)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_framer f;
    struct pq_line line;
    uint64_t lines = 0;
    (void)copy;
    pq_framer_init(&f, memory, sizeof(memory));
    while (pq_framer_next(&f, &stream, &line) == PQ_NEXT_EVENT)
        lines += !line.too_long;
    return lines;
}

static uint64_t by_dot(struct pq_slice stream, uint8_t *copy)
{
    struct pq_dot d;
    struct pq_slice piece;
    (void)copy;
    pq_dot_init(&d);
    while (pq_dot_next(&d, &stream, &piece) == PQ_NEXT_EVENT)
        continue;
    return d.octets;
}

/* Each line by the framer, and then, with its line end, by the reader of bodies. */
static uint64_t by_both(struct pq_slice stream, uint8_t *copy)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_framer f;
    struct pq_dot d;
    struct pq_line line;
    struct pq_slice piece;
    (void)copy;
    pq_framer_init(&f, memory, sizeof(memory));
    pq_dot_init(&d);
    while (pq_framer_next(&f, &stream, &line) == PQ_NEXT_EVENT) {
        /* All of the stream is there at once, so that the line lies in it. */
        struct pq_slice whole = pq_slice_of(line.text.at, line.text.len + 2);
        while (pq_dot_next(&d, &whole, &piece) == PQ_NEXT_EVENT)
            continue;
    }
    return d.octets;
}

struct way {
    const char *name;
    uint64_t (*run)(struct pq_slice stream, uint8_t *copy);
    double best_s;
};

static volatile uint64_t sink; /* keeps the compiler from leaving work out */

static void measure_decoding(struct pq_slice stream, uint8_t *copy)
{
    struct way ways[] = {{"memcpy", by_memcpy, 1e9},
                         {"framer", by_framer, 1e9},
                         {"dot", by_dot, 1e9},
                         {"framer_dot", by_both, 1e9}};
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
            double begin = now_s();
            sink = ways[i].run(stream, copy);
            double took = now_s() - begin;
            ways[i].best_s = took < ways[i].best_s ? took : ways[i].best_s;
        }
    (void)printf("{\"decoding_octets_per_s\":{");
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        (void)printf("%s\"%s\":%.0f", i ? "," : "", ways[i].name,
                     (double)stream.len / ways[i].best_s);
    (void)printf("},");
}

/* ---- message size ---------------------------------------------------------------------------- */

static void feed(struct pq_conn *c, struct pq_slice octets)
{
    struct pq_event e;
    pq_conn_feed(c, PQ_FROM_SERVER, octets);
    while (pq_conn_next(c, &e) == PQ_NEXT_EVENT)
        sink += e.octets.len;
}

/* Asks for a message and reads it: `size` octets, which are `stream` again and again. */
static void read_message(struct pq_conn *c, struct pq_slice stream, uint64_t size)
{
    struct pq_command retr = pq_command_message(PQ_VERB_RETR, 1);
    pq_buf_clear(c->out);
    if (pq_conn_command(c, &retr) != PQ_STATUS_OK)
        die("RETR was refused");
    feed(c, PQ_SLICE("+OK\r\n"));
    while (size > 0) {
        struct pq_slice part =
            pq_slice_first(stream, size < stream.len ? (size_t)size : stream.len);
        feed(c, part);
        size -= part.len;
    }
    feed(c, PQ_SLICE(".\r\n"));
    if (c->pending_count > 0)
        die("a message did not end");
}

/* Reads messages of `size` octets, at least `total` octets in all, through a client's conn. */
static double read_messages(struct pq_slice stream, uint64_t size, uint64_t total)
{
    static uint8_t reply_memory[PQ_REPLY_LINE_MAX], out_memory[4096];
    struct pq_conn c;
    struct pq_buf out;
    pq_buf_init(&out, out_memory, sizeof(out_memory));
    pq_conn_init(&c, PQ_ROLE_CLIENT, PQ_TLS_NONE,
                 (struct pq_conn_memory){
                     .server = reply_memory, .server_cap = sizeof(reply_memory), .out = &out});
    c.session.state = PQ_STATE_TRANSACTION;
    uint64_t done = 0;
    double begin = now_s();
    for (; done < total; done += size)
        read_message(&c, stream, size);
    return (double)done / (now_s() - begin);
}

/* The most memory that this process ever held, in KiB. */
static long peak_kib(void)
{
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    return used.ru_maxrss;
}

static double read_size(struct pq_slice stream, unsigned shift)
{
    /* Whole lines, so that a message ends where a line ends. */
    uint64_t size = ((UINT64_C(1) << shift) / LINE_LEN) * LINE_LEN;
    struct pq_slice lines = pq_slice_first(stream, stream.len / LINE_LEN * LINE_LEN);
    return read_messages(lines, size, size > ROUND_OCTETS ? size : ROUND_OCTETS);
}

static void measure_sizes(struct pq_slice stream)
{
    static const unsigned shifts[] = {10, 14, 17, 20, 26, 30};
    enum { COUNT = sizeof(shifts) / sizeof(shifts[0]) };
    double best[COUNT] = {0};
    long before_kib = peak_kib();
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < COUNT; i++) {
            double rate = read_size(stream, shifts[i]);
            best[i] = rate > best[i] ? rate : best[i];
        }
    (void)printf("\"retr_octets_per_s\":{");
    for (size_t i = 0; i < COUNT; i++)
        (void)printf("%s\"%llu\":%.0f", i ? "," : "", 1ULL << shifts[i], best[i]);
    (void)printf("},\"retr_grown_kib\":%ld,", peak_kib() - before_kib);
}

/* ---- commands -------------------------------------------------------------------------------- */

static struct pq_server *log_in(struct pq_mock *m)
{
    struct pq_server *s = pq_server_new(m, PQ_TLS_NONE, 0);
    if (!s || pq_server_take(s, PQ_SLICE("USER u\r\nPASS p\r\n"), 0) != 16)
        die("the login failed");
    pq_server_sent(s, pq_server_out(s).len, 0);
    return s;
}

static double obey(struct pq_server *s, struct pq_slice commands, uint64_t count)
{
    double begin = now_s();
    for (uint64_t done = 0; done < COMMANDS; done += count) {
        struct pq_slice rest = commands;
        while (rest.len > 0) {
            rest = pq_slice_after(rest, pq_server_take(s, rest, 0));
            pq_server_sent(s, pq_server_out(s).len, 0);
        }
    }
    return (double)COMMANDS / (now_s() - begin);
}

static void measure_commands(void)
{
    static const struct pq_slice commands =
        PQ_SLICE_INIT("STAT\r\nNOOP\r\nLIST 1\r\nUIDL 2\r\nDELE 2\r\nRSET\r\nRETR "
                      "9\r\nNOPE\r\nSTAT\r\nLIST 2\r\n");
    struct pq_mock m;
    double best = 0;
    pq_mock_init(&m, pq_alloc_default(), 1);
    struct pq_account *a = pq_store_add(&m.store, PQ_SLICE("u"), PQ_SLICE("p"));
    for (int i = 0; i < 3; i++)
        if (!a || pq_store_deliver(&m.store, a, PQ_SLICE("x"), PQ_SLICE("a: b\r\n\r\nc\r\n")) != 0)
            die("the maildrop cannot be filled");
    struct pq_server *s = log_in(&m);
    for (int round = 0; round < ROUNDS; round++) {
        double rate = obey(s, commands, 10);
        best = rate > best ? rate : best;
    }
    pq_server_free(s);
    pq_mock_free(&m);
    (void)printf("\"server_commands_per_s\":%.0f,", best);
}

/* ---- the referee ----------------------------------------------------------------------------- */

static void no_finding(void *ctx, const struct pq_finding *f)
{
    (void)ctx;
    die(f->rule->id);
}

/* One command at a time, as a client has it that waits. */
static const struct exchange {
    struct pq_slice command, answer;
} exchanges[] = {
    {PQ_SLICE_INIT("STAT\r\n"), PQ_SLICE_INIT("+OK 2 20\r\n")},
    {PQ_SLICE_INIT("LIST\r\n"), PQ_SLICE_INIT("+OK\r\n1 11\r\n2 9\r\n.\r\n")},
    {PQ_SLICE_INIT("UIDL\r\n"), PQ_SLICE_INIT("+OK\r\n1 a\r\n2 b\r\n.\r\n")},
    {PQ_SLICE_INIT("RETR 1\r\n"), PQ_SLICE_INIT("+OK\r\na: b\r\n\r\nc\r\n.\r\n")},
    {PQ_SLICE_INIT("TOP 1 0\r\n"), PQ_SLICE_INIT("+OK\r\na: b\r\n\r\n.\r\n")},
    {PQ_SLICE_INIT("DELE 2\r\n"), PQ_SLICE_INIT("+OK\r\n")},
    {PQ_SLICE_INIT("STAT\r\n"), PQ_SLICE_INIT("+OK 1 11\r\n")},
    {PQ_SLICE_INIT("RETR 2\r\n"), PQ_SLICE_INIT("-ERR it is marked\r\n")},
    {PQ_SLICE_INIT("RSET\r\n"), PQ_SLICE_INIT("+OK\r\n")},
    {PQ_SLICE_INIT("NOPE\r\n"), PQ_SLICE_INIT("-ERR unknown\r\n")},
};
#define EXCHANGES (sizeof(exchanges) / sizeof(exchanges[0]))

static double judge(struct pq_referee *r)
{
    double begin = now_s();
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct exchange *e = &exchanges[i % EXCHANGES];
        pq_referee_feed(r, 0, PQ_FROM_CLIENT, e->command, i);
        pq_referee_feed(r, 0, PQ_FROM_SERVER, e->answer, i);
    }
    return (double)COMMANDS / (now_s() - begin);
}

static void measure_referee(void)
{
    struct pq_referee r;
    double best = 0;
    pq_referee_init(&r, pq_alloc_default(), no_finding, NULL);
    pq_referee_open(&r, 0, PQ_TLS_NONE);
    pq_referee_feed(&r, 0, PQ_FROM_SERVER, PQ_SLICE("+OK\r\n"), 0);
    pq_referee_feed(&r, 0, PQ_FROM_CLIENT, PQ_SLICE("USER u\r\nPASS p\r\n"), 0);
    pq_referee_feed(&r, 0, PQ_FROM_SERVER, PQ_SLICE("+OK\r\n+OK\r\n"), 0);
    for (int round = 0; round < ROUNDS; round++) {
        double rate = judge(&r);
        best = rate > best ? rate : best;
    }
    pq_referee_free(&r);
    (void)printf("\"referee_commands_per_s\":%.0f}\n", best);
}

int main(void)
{
    uint8_t *stream = malloc(STREAM_LEN), *copy = malloc(STREAM_LEN);
    if (!stream || !copy)
        die("no memory");
    fill_stream(stream, STREAM_LEN);
    memset(copy, 1, STREAM_LEN);
    measure_decoding(pq_slice_of(stream, STREAM_LEN), copy);
    measure_sizes(pq_slice_of(stream, STREAM_LEN));
    measure_commands();
    measure_referee();
    free(stream);
    free(copy);
    return 0;
}
