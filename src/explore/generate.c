/* SPDX-License-Identifier: Apache-2.0
 * Makes up sessions. It keeps a simple idea of where each connection stands, and is free to be
 * wrong about it: the idea only decides what is likely to be sent. */
#include "explore/grammar.h"
#include "explore/plan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MOVES_LEAST 4u
#define MOVES_MORE 22u
#define BATCH_MAX 6u

/* Where a connection is thought to stand. */
enum place { CLOSED, AUTHORIZATION, TRANSACTION };

struct lane {
    enum place place;
    bool tls;
};

struct maker {
    struct pq_grammar grammar;
    const struct pq_plan_config *config;
    struct pq_plan *plan;
    struct lane lanes[PQ_PLAN_CONNS + 1]; /* from 1 */
    bool full;
    bool marks; /* something may have been marked as deleted */
    uint8_t memory[PQ_DRAWN_MAX];
};

static void add(struct maker *m, enum pq_step_kind kind, unsigned conn, struct pq_slice octets,
                bool hurry)
{
    if (!pq_plan_add(m->plan, kind, conn, octets, hurry))
        m->full = true;
}

static void add_bare(struct maker *m, enum pq_step_kind kind, unsigned conn)
{
    add(m, kind, conn, pq_slice_of(NULL, 0), false);
}

static bool chance(struct maker *m, unsigned percent)
{
    return pq_grammar_chance(&m->grammar, percent);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* How likely each verb is, by where the connection stands. */
static const struct weight {
    uint8_t verb, authorization, transaction;
} weights[] = {
    {PQ_VERB_CAPA, 8, 3},  {PQ_VERB_USER, 4, 1},  {PQ_VERB_PASS, 2, 1},  {PQ_VERB_APOP, 1, 1},
    {PQ_VERB_AUTH, 3, 1},  {PQ_VERB_STLS, 2, 1},  {PQ_VERB_UTF8, 2, 1},  {PQ_VERB_LANG, 2, 2},
    {PQ_VERB_STAT, 1, 12}, {PQ_VERB_LIST, 1, 14}, {PQ_VERB_RETR, 1, 14}, {PQ_VERB_DELE, 1, 14},
    {PQ_VERB_NOOP, 1, 6},  {PQ_VERB_RSET, 1, 7},  {PQ_VERB_TOP, 1, 12},  {PQ_VERB_UIDL, 1, 14},
};

static unsigned weight_of(const struct lane *lane, const struct weight *w)
{
    return lane->place == TRANSACTION ? w->transaction : w->authorization;
}

/* Whether a verb may be sent at all. The idea of where a connection stands may be wrong, so it does
 * not count here. */
static bool may(const struct maker *m, enum pq_verb verb)
{
    if (verb == PQ_VERB_APOP || verb == PQ_VERB_PASS || verb == PQ_VERB_AUTH)
        return m->config->wrong_logins;
    if (verb == PQ_VERB_DELE)
        return m->config->destroy;
    if (verb == PQ_VERB_STLS)
        return m->config->stls;
    return true;
}

static enum pq_verb draw_verb(struct maker *m, const struct lane *lane)
{
    unsigned all = 0;
    for (size_t i = 0; i < COUNT(weights); i++)
        all += weight_of(lane, &weights[i]);
    unsigned n = (unsigned)pq_rand_below(&m->grammar.rand, all);
    size_t i = 0;
    for (; n >= weight_of(lane, &weights[i]); i++)
        n -= weight_of(lane, &weights[i]);
    enum pq_verb verb = (enum pq_verb)weights[i].verb;
    return may(m, verb) ? verb : PQ_VERB_NOOP;
}

/* Draws a command into `out`, mostly a right one. */
static enum pq_verb draw_command(struct maker *m, const struct lane *lane, struct pq_buf *out)
{
    enum pq_verb verb = draw_verb(m, lane);
    size_t start = out->len;
    if (chance(m, 88))
        pq_grammar_command(&m->grammar, verb, out);
    else
        pq_grammar_border(&m->grammar, verb, out);
    if (chance(m, 8))
        pq_grammar_bend(&m->grammar, start, out);
    m->marks = m->marks || verb == PQ_VERB_DELE;
    return verb;
}

/* Sends a write in two or three pieces. */
static void send_cut(struct maker *m, unsigned conn, struct pq_slice octets)
{
    while (octets.len > 1) {
        size_t n = 1 + (size_t)pq_rand_below(&m->grammar.rand, octets.len);
        add(m, PQ_STEP_SEND, conn, pq_slice_first(octets, n), octets.len > n);
        octets = pq_slice_after(octets, n);
    }
    if (octets.len > 0)
        add(m, PQ_STEP_SEND, conn, octets, false);
}

static void send(struct maker *m, unsigned conn, struct pq_slice octets)
{
    if (chance(m, 6))
        send_cut(m, conn, octets);
    else
        add(m, PQ_STEP_SEND, conn, octets, false);
}

/* Answers the challenge that AUTH may lead to: with the word that ends the exchange, since other
 * answers could be wrong logins. */
static void after_auth(struct maker *m, unsigned conn)
{
    add(m, PQ_STEP_SEND, conn, PQ_SLICE("*\r\n"), false);
}

static void one_command(struct maker *m, unsigned conn)
{
    struct pq_buf out;
    pq_buf_init(&out, m->memory, sizeof(m->memory));
    enum pq_verb verb = draw_command(m, &m->lanes[conn], &out);
    send(m, conn, pq_buf_slice(&out));
    if (verb == PQ_VERB_AUTH && m->lanes[conn].place == AUTHORIZATION)
        after_auth(m, conn);
}

/* Several commands in one write. None of them is one after which the client has to wait
 * (RFC 2449 section 6.6). */
static void batch(struct maker *m, unsigned conn)
{
    struct pq_buf out;
    pq_buf_init(&out, m->memory, sizeof(m->memory));
    for (uint64_t n = 2 + pq_rand_below(&m->grammar.rand, BATCH_MAX - 1); n > 0; n--) {
        enum pq_verb verb = draw_verb(m, &m->lanes[conn]);
        if (verb == PQ_VERB_AUTH || verb == PQ_VERB_STLS)
            verb = PQ_VERB_CAPA;
        pq_grammar_command(&m->grammar, verb, &out);
        m->marks = m->marks || verb == PQ_VERB_DELE;
    }
    send(m, conn, pq_buf_slice(&out));
}

static void garbage(struct maker *m, unsigned conn)
{
    struct pq_buf out;
    pq_buf_init(&out, m->memory, sizeof(m->memory));
    pq_grammar_garbage(&m->grammar, &out);
    add(m, PQ_STEP_SEND, conn, pq_buf_slice(&out), false);
}

static void talk(struct maker *m, unsigned conn)
{
    if (m->config->pipelining && chance(m, 12))
        batch(m, conn);
    else if (chance(m, 4))
        garbage(m, conn);
    else
        one_command(m, conn);
}

/* ---- where connections go -------------------------------------------------------------------- */

static void open(struct maker *m, unsigned conn)
{
    add_bare(m, PQ_STEP_CONNECT, conn);
    m->lanes[conn] = (struct lane){.place = AUTHORIZATION};
}

static void start_tls(struct maker *m, unsigned conn)
{
    /* What stands behind STLS in clear must never be taken for something said inside TLS. */
    static const struct pq_slice injected[] = {PQ_SLICE_INIT("STLS\r\nCAPA\r\n"),
                                               PQ_SLICE_INIT("STLS\r\nUSER a\r\n")};
    struct pq_slice octets = PQ_SLICE("STLS\r\n");
    if (chance(m, 8))
        octets = injected[pq_rand_below(&m->grammar.rand, COUNT(injected))];
    add(m, PQ_STEP_SEND, conn, octets, false);
    m->lanes[conn].tls = true;
}

/* The other connection may hold the maildrop; then this one stays where it is. */
static bool is_taken(const struct maker *m, unsigned conn)
{
    for (unsigned i = 1; i <= PQ_PLAN_CONNS; i++)
        if (i != conn && m->lanes[i].place == TRANSACTION)
            return true;
    return false;
}

static void log_in(struct maker *m, unsigned conn)
{
    struct lane *lane = &m->lanes[conn];
    if (m->config->stls && !lane->tls)
        start_tls(m, conn);
    if (chance(m, 90)) {
        add_bare(m, PQ_STEP_LOGIN, conn);
    } else {
        add_bare(m, PQ_STEP_USER, conn);
        add_bare(m, PQ_STEP_PASS, conn);
    }
    if (!is_taken(m, conn))
        lane->place = TRANSACTION;
}

static void leave(struct maker *m, unsigned conn)
{
    static const enum pq_step_kind ends[] = {PQ_STEP_CLOSE, PQ_STEP_DROP, PQ_STEP_HALF_CLOSE};
    if (chance(m, 60))
        add(m, PQ_STEP_SEND, conn, PQ_SLICE("QUIT\r\n"), false);
    else
        add_bare(m, ends[pq_rand_below(&m->grammar.rand, COUNT(ends))], conn);
    m->lanes[conn].place = CLOSED;
}

static void move_authorization(struct maker *m, unsigned conn)
{
    if (chance(m, is_taken(m, conn) ? 10 : 60))
        log_in(m, conn);
    else if (m->config->stls && !m->lanes[conn].tls && chance(m, 30))
        start_tls(m, conn);
    else if (chance(m, 5))
        leave(m, conn);
    else
        talk(m, conn);
}

static void move(struct maker *m, unsigned conn)
{
    switch (m->lanes[conn].place) {
    case CLOSED:
        open(m, conn);
        break;
    case AUTHORIZATION:
        move_authorization(m, conn);
        break;
    case TRANSACTION:
        if (chance(m, 5))
            leave(m, conn);
        else
            talk(m, conn);
        break;
    }
}

/* Looks at what is left when a session with marks is over: what was removed must be gone, and the
 * rest must be there. */
static void look_again(struct maker *m, unsigned conn)
{
    static const struct pq_slice looks[] = {PQ_SLICE_INIT("UIDL\r\n"), PQ_SLICE_INIT("LIST\r\n"),
                                            PQ_SLICE_INIT("STAT\r\n"), PQ_SLICE_INIT("RETR 1\r\n")};
    open(m, conn);
    log_in(m, conn);
    for (size_t i = 0; i < COUNT(looks); i++)
        if (chance(m, 70))
            add(m, PQ_STEP_SEND, conn, looks[i], false);
    leave(m, conn);
}

static void finish(struct maker *m)
{
    for (unsigned conn = 1; conn <= m->config->connections; conn++)
        if (m->lanes[conn].place != CLOSED)
            leave(m, conn);
    if (m->marks && chance(m, 40))
        look_again(m, 1);
}

void pq_plan_generate(struct pq_plan *p, const struct pq_plan_config *config, uint64_t number)
{
    struct maker m = {.config = config, .plan = p};
    struct pq_rand seed;
    pq_rand_init(&seed, config->seed);
    /* Neighbouring numbers must not give neighbouring states. */
    pq_rand_init(&m.grammar.rand, pq_rand_next(&seed) ^ (number * UINT64_C(0xD1342543DE82EF95)));
    (void)pq_rand_next(&m.grammar.rand);
    m.grammar.messages = config->messages;
    pq_plan_clear(p);
    uint64_t moves = MOVES_LEAST + pq_rand_below(&m.grammar.rand, MOVES_MORE);
    open(&m, 1);
    for (uint64_t i = 0; i < moves && !m.full; i++)
        move(&m, 1 + (unsigned)pq_rand_below(&m.grammar.rand, config->connections));
    finish(&m);
}
