/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: a referee finds the same in a transcript however its octets are cut, whatever both
 * sides said; it finds no more when memory is refused once; its memory is bounded, and none is
 * left. Each line of the input is what one side said, or what happened (see `acts`).
 */
#include "harness/finding_log.h"

#include <string.h>

#include "popquiz/referee.h"

#define TEXT_MAX 1024u

struct stage {
    struct pq_referee referee;
    struct fuzz_log log;
    struct fuzz_memory memory;
    unsigned conn;
    bool open[PQ_REFEREE_CONNS_MAX];
};

/* ---- what happens ---------------------------------------------------------------------------- */

static void open_plain(struct stage *s)
{
    s->open[s->conn] = true;
    pq_referee_open(&s->referee, s->conn, PQ_TLS_NONE);
}

static void open_implicit(struct stage *s)
{
    s->open[s->conn] = true;
    pq_referee_open(&s->referee, s->conn, PQ_TLS_IMPLICIT);
}

static void end(struct stage *s, enum pq_ended by)
{
    s->open[s->conn] = false;
    pq_referee_end(&s->referee, s->conn, by, 0);
}

static void end_by_client(struct stage *s)
{
    end(s, PQ_ENDED_BY_CLIENT);
}

static void end_by_server(struct stage *s)
{
    end(s, PQ_ENDED_BY_SERVER);
}

static void vanish(struct stage *s)
{
    end(s, PQ_ENDED_UNKNOWN);
}

static void shake_hands(struct stage *s)
{
    pq_referee_on_tls(&s->referee, s->conn, true);
}

static void fail_to_shake_hands(struct stage *s)
{
    pq_referee_on_tls(&s->referee, s->conn, false);
}

static void wait_in_vain(struct stage *s)
{
    pq_referee_on_silence(&s->referee, s->conn, 0);
}

static void close_half(struct stage *s)
{
    pq_referee_on_half_close(&s->referee, s->conn);
}

static void miss_octets(struct stage *s)
{
    pq_referee_set_blind(&s->referee, s->conn);
}

static void change_mail(struct stage *s)
{
    pq_referee_on_mail_changed(&s->referee);
}

static void deliver(struct stage *s)
{
    pq_referee_on_delivery(&s->referee);
}

/* By the first letter of the line. */
static const struct act {
    uint8_t letter;
    void (*happen)(struct stage *s);
} acts[] = {
    {'B', miss_octets},   /* BLIND */
    {'D', deliver},       /* DELIVERY */
    {'E', end_by_client}, /* END */
    {'F', fail_to_shake_hands},
    {'H', close_half},    /* HALF-CLOSE, by the client */
    {'I', open_implicit}, /* IMPLICIT TLS */
    {'K', end_by_server}, /* KILLED */
    {'M', change_mail},   /* MAIL CHANGED */
    {'O', open_plain},    /* OPEN */
    {'T', shake_hands},   /* TLS */
    {'V', vanish},
    {'W', wait_in_vain}, /* WAIT */
};

static void happen(struct stage *s, uint8_t letter)
{
    if (letter >= '0' && letter < '0' + PQ_REFEREE_CONNS_MAX)
        s->conn = letter - '0';
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (acts[i].letter == letter)
            acts[i].happen(s);
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* "C:text" and "S:text" are lines; "c:text" and "s:text" octets, where ^J is a LF, ^M a CR. */
static struct pq_slice octets_of(uint8_t side, struct pq_slice text, struct pq_buf *out)
{
    bool line = side == 'C' || side == 'S';
    for (size_t i = 0; i < text.len && out->len + 2 < out->cap; i++) {
        bool control = !line && text.at[i] == '^' && i + 1 < text.len;
        (void)pq_buf_put_octet(out, control ? text.at[++i] & 0x1F : text.at[i]);
    }
    if (line)
        (void)pq_buf_put(out, PQ_SLICE("\r\n"));
    return pq_buf_slice(out);
}

static bool is_said(struct pq_slice line)
{
    return line.len > 1 && line.at[1] == ':' && memchr("CcSsN", line.at[0], 5);
}

static void say(struct stage *s, uint8_t side, struct pq_slice text, size_t cut)
{
    uint8_t memory[TEXT_MAX];
    struct pq_buf out;
    if (side == 'N') {
        pq_referee_set_user(&s->referee, text);
        return;
    }
    if (!s->open[s->conn])
        open_plain(s);
    pq_buf_init(&out, memory, sizeof(memory));
    struct pq_slice octets = octets_of(side, text, &out);
    enum pq_side from = side == 'C' || side == 'c' ? PQ_FROM_CLIENT : PQ_FROM_SERVER;
    for (unsigned i = 0; i < 2; i++)
        pq_referee_feed(&s->referee, s->conn, from, fuzz_write(octets, cut, i), 0);
}

/* ---- a transcript ---------------------------------------------------------------------------- */

/* `fail_at`: which request for memory is refused; zero: none. */
static void watch(struct stage *s, struct pq_slice input, size_t cut, size_t fail_at)
{
    *s = (struct stage){.log = fuzz_log_of("transcript"), .memory = {.fail_at = fail_at}};
    pq_referee_init(&s->referee, fuzz_alloc(&s->memory), fuzz_log_finding, &s->log);
    for (struct pq_slice rest = input; rest.len > 0;) {
        size_t at = input.len - rest.len;
        struct pq_slice line = pq_slice_cut(&rest, '\n');
        if (is_said(line))
            say(s, line.at[0], pq_slice_after(line, 2), cut > at ? cut - at : 0);
        else if (line.len > 0)
            happen(s, line.at[0]);
    }
    fuzz_log_number(&s->log, "findings", s->referee.findings);
    pq_referee_free(&s->referee);
    FUZZ_ASSERT(s->memory.held == 0 && s->memory.peak <= PQ_REFEREE_MEMORY_MAX);
}

static void check_transcript(struct pq_slice input, size_t cut)
{
    struct stage whole, halves, poor;
    watch(&whole, input, input.len + 2, 0);
    watch(&halves, input, cut, 0);
    FUZZ_ASSERT(fuzz_log_is_same(&whole.log, &halves.log));
    if (cut >= whole.memory.calls)
        return;
    watch(&poor, input, input.len + 2, cut + 1);
    FUZZ_ASSERT(poor.referee.findings <= whole.referee.findings);
    FUZZ_ASSERT(poor.referee.blind);
}

const struct fuzz_target fuzz_target = {.check = check_transcript, .has_cut = true, .cuts_max = 16};
