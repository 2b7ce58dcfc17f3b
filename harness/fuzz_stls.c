/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: what is answered inside TLS is what a session that was never spoken to in clear
 * answers, whatever was said before STLS or sent behind it in clear (RFC 2595 section 4); where no
 * handshake comes about, nothing but TLS alerts follows the answer to STLS. The input has three
 * parts with a NUL between two: said before STLS, sent behind it in clear, said inside. The first
 * ones may be absent.
 */
#include "harness/mock_world.h"
#include "harness/tls_world.h"

#include <string.h>

#include "mock/link.h"

/* The options. */
#define OPTION_IMPLICIT 1u /* the handshake comes first: only the last part counts */
#define OPTION_GARBAGE 2u  /* the last part comes in place of a handshake */
#define OPTION_TLS_1_2 4u
#define OPTION_CLOSE 8u /* the server closes when something came behind STLS */

/* A connection holds a session and two buffers for what it cannot take yet. */
#define LINK_MEMORY_MAX ((128u << 10) + 2u * PQ_LINK_INPUT_MAX)

struct parts {
    struct pq_slice before, behind, inside;
};

static struct pq_slice last_part(struct pq_slice *rest)
{
    size_t i = rest->len;
    while (i > 0 && rest->at[i - 1] != 0)
        i--;
    struct pq_slice part = pq_slice_after(*rest, i);
    *rest = pq_slice_first(*rest, i > 0 ? i - 1 : 0);
    return part;
}

static struct parts parts_of(struct pq_slice input)
{
    struct parts p;
    p.inside = last_part(&input);
    p.behind = last_part(&input);
    p.before = input;
    return p;
}

/* ---- what is to be expected ------------------------------------------------------------------ */

/* What a session without a link and without TLS engines says. */
struct expected {
    struct fuzz_log log;
    size_t len;  /* octets of it */
    bool begins; /* the last of it is +OK to STLS */
};

static void drain(struct pq_server *s, struct expected *e)
{
    while (pq_server_out(s).len > 0) {
        struct pq_slice out = pq_server_out(s);
        fuzz_log_octets(&e->log, out);
        e->len += out.len;
        pq_server_sent(s, out.len, 0);
    }
}

/* Says `octets`, as far as the session takes them: to the end, or up to STLS. */
static void say(struct pq_server *s, struct pq_slice octets, struct expected *e)
{
    bool moved = true;
    while (moved && !pq_server_wants_tls(s)) {
        drain(s, e);
        size_t taken = pq_server_take(s, octets, 0);
        octets = pq_slice_after(octets, taken);
        moved = taken > 0;
    }
    drain(s, e);
    e->begins = pq_server_wants_tls(s);
}

static struct expected expect_in_clear(struct pq_mock *mock, struct pq_slice octets)
{
    struct expected e = {.log = fuzz_log_of("expected in clear")};
    struct pq_server *s = pq_server_new(mock, PQ_TLS_NONE, 0);
    FUZZ_ASSERT(s);
    say(s, octets, &e);
    pq_server_free(s);
    pq_store_reset(&mock->store);
    return e;
}

/* With STLS it is the first thing that is said. */
static struct expected expect_inside(struct pq_mock *mock, bool implicit, struct pq_slice octets)
{
    struct expected e = {.log = fuzz_log_of("expected inside")};
    struct pq_server *s = pq_server_new(mock, implicit ? PQ_TLS_IMPLICIT : PQ_TLS_NONE, 0);
    FUZZ_ASSERT(s);
    if (!implicit) {
        struct expected ignored = {.log = fuzz_log_of("before")};
        say(s, PQ_SLICE("STLS\r\n"), &ignored);
        FUZZ_ASSERT(ignored.begins);
        pq_server_on_tls(s, true, 0);
    }
    say(s, octets, &e);
    pq_server_free(s);
    pq_store_reset(&mock->store);
    return e;
}

/* ---- the connection -------------------------------------------------------------------------- */

struct talk {
    struct pq_link *link;
    struct pq_tls *tls; /* of the client; NULL: it does not shake hands */
    struct fuzz_log clear, inside;
    size_t clear_left;   /* octets that are still to come in clear */
    size_t tls_len;      /* octets that came in TLS, */
    uint8_t tls_head[2]; /* and the first ones of them */
};

static void take_tls(struct talk *t, struct pq_slice octets)
{
    uint8_t memory[512];
    size_t got = 0;
    for (size_t i = 0; i < octets.len && t->tls_len + i < sizeof(t->tls_head); i++)
        t->tls_head[t->tls_len + i] = octets.at[i];
    t->tls_len += octets.len;
    for (size_t fed = 1; t->tls && octets.len > 0 && fed > 0;) {
        fed = pq_tls_feed(t->tls, octets);
        octets = pq_slice_after(octets, fed);
        (void)!pq_tls_handshake(t->tls);
        while (pq_tls_read(t->tls, memory, sizeof(memory), &got) == PQ_NEXT_EVENT)
            fuzz_log_octets(&t->inside, pq_slice_of(memory, got));
    }
}

/* Reads all that the link has to say; false: nothing. */
static bool receive(struct talk *t)
{
    bool any = false;
    while (pq_link_output(t->link).len > 0) {
        struct pq_slice out = pq_link_output(t->link);
        struct pq_slice clear = pq_slice_first(out, t->clear_left);
        fuzz_log_octets(&t->clear, clear);
        t->clear_left -= clear.len;
        take_tls(t, pq_slice_after(out, clear.len));
        pq_link_sent(t->link, out.len, 0);
        any = true;
    }
    return any;
}

/* Sends octets as long as the link wants them. */
static void transmit(struct talk *t, struct pq_slice octets)
{
    (void)receive(t);
    while (octets.len > 0 && pq_link_wants_input(t->link)) {
        struct pq_slice part = pq_slice_first(octets, PQ_LINK_INPUT_MAX);
        pq_link_input(t->link, part, 0);
        octets = pq_slice_after(octets, part.len);
        (void)receive(t);
    }
}

/* Shakes hands and says `octets` inside, as far as the link lets it. */
static void speak_inside(struct talk *t, struct pq_slice octets)
{
    uint8_t memory[PQ_TLS_BUFFER];
    size_t moved = 1;
    while (moved > 0) {
        (void)!pq_tls_handshake(t->tls);
        moved = pq_tls_write(t->tls, octets);
        octets = pq_slice_after(octets, moved);
        /* An answer of the link may move the buffer that is lent here. */
        struct pq_slice out = pq_tls_send_buf(t->tls);
        if (out.len > 0)
            memcpy(memory, out.at, out.len);
        pq_tls_send_ack(t->tls, out.len);
        transmit(t, pq_slice_of(memory, out.len));
        moved += out.len;
    }
}

/* ---- the check ------------------------------------------------------------------------------- */

static struct talk talk_of(const struct pq_link_config *config, unsigned options, size_t clear_len)
{
    bool implicit = (options & OPTION_IMPLICIT) != 0;
    struct talk t = {.link = pq_link_new(config, implicit, 0),
                     .clear = fuzz_log_of("clear"),
                     .inside = fuzz_log_of("inside"),
                     .clear_left = clear_len};
    FUZZ_ASSERT(t.link);
    if (!(options & OPTION_GARBAGE))
        t.tls =
            tls_world_new(options & OPTION_TLS_1_2 ? TLS_WORLD_CLIENT_1_2 : TLS_WORLD_CLIENT_1_3);
    return t;
}

/* Ends the connection, after which nothing may be left to say. */
static void hang_up(struct talk *t)
{
    pq_link_eof(t->link, 0);
    (void)receive(t);
    FUZZ_ASSERT(pq_link_is_over(t->link) && !pq_link_wants_input(t->link));
    pq_link_free(t->link);
}

static void check_inside(const struct talk *t, const struct expected *e)
{
    struct fuzz_log nothing = fuzz_log_of("nothing");
    bool complete = t->tls && pq_tls_handshake(t->tls) == PQ_NEXT_EVENT;
    FUZZ_ASSERT(fuzz_log_is_same(&t->inside, complete ? &e->log : &nothing));
    /* RFC 8446 section 5.1: types of records, and the major version. */
    FUZZ_ASSERT(t->tls_len < 1 || (t->tls_head[0] >= 20 && t->tls_head[0] <= 24));
    FUZZ_ASSERT(t->tls_len < 2 || t->tls_head[1] == 3);
}

/* `clear` is all that is sent in clear, STLS included; empty when the handshake comes first. */
static void check_talk(struct mock_world *w, const struct parts *p, struct pq_slice clear,
                       unsigned options, size_t cut)
{
    const struct pq_link_config config = {.mock = &w->mock,
                                          .tls = tls_world_context(TLS_WORLD_SERVER)};
    bool implicit = (options & OPTION_IMPLICIT) != 0;
    struct expected in_clear = {.log = fuzz_log_of("nothing"), .begins = true};
    if (!implicit)
        in_clear = expect_in_clear(&w->mock, clear);
    struct expected inside = expect_inside(&w->mock, implicit, p->inside);
    struct talk t = talk_of(&config, in_clear.begins ? options : OPTION_GARBAGE, in_clear.len);
    for (unsigned i = 0; i < 2; i++)
        transmit(&t, fuzz_write(clear, cut, i));
    if (in_clear.begins && t.tls)
        speak_inside(&t, p->inside);
    else if (in_clear.begins)
        transmit(&t, p->inside);
    hang_up(&t);
    FUZZ_ASSERT(t.clear_left == 0 && fuzz_log_is_same(&t.clear, &in_clear.log));
    FUZZ_ASSERT(in_clear.begins || t.tls_len == 0);
    check_inside(&t, &inside);
    pq_tls_free(t.tls);
}

static void check_stls(struct pq_slice input, size_t cut)
{
    const struct pq_slice stls = PQ_SLICE("STLS\r\n");
    struct parts p = parts_of(input);
    unsigned options = fuzz_options(input);
    uint8_t *memory = malloc(p.before.len + stls.len + p.behind.len);
    struct pq_buf clear;
    FUZZ_ASSERT(memory);
    pq_buf_init(&clear, memory, p.before.len + stls.len + p.behind.len);
    if (!(options & OPTION_IMPLICIT))
        FUZZ_ASSERT(pq_buf_put(&clear, p.before) && pq_buf_put(&clear, stls) &&
                    pq_buf_put(&clear, p.behind));
    struct mock_world *w = mock_world_open();
    w->mock.config.tls = true;
    w->mock.config.leftover = options & OPTION_CLOSE ? PQ_LEFTOVER_CLOSE : PQ_LEFTOVER_DISCARD;
    check_talk(w, &p, pq_buf_slice(&clear), options, cut);
    FUZZ_ASSERT(w->memory.peak - w->held <= LINK_MEMORY_MAX);
    mock_world_close(w);
    free(memory);
}

const struct fuzz_target fuzz_target = {.check = check_stls, .has_cut = true};
