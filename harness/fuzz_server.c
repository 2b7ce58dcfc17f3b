/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: in whichever two writes a client's octets arrive, a whole mock server answers the
 * same; every line gets one answer, or the session ends; the answers are what the maildrop calls
 * for; nothing is deleted without QUIT; memory is bounded, and none is left. The input is what the
 * client sends; what follows STLS stands for what it sends inside TLS.
 */
#include "harness/answers.h"

#include "mock/server_internal.h"
#include "popquiz/sasl.h"

/* The options. */
#define OPTION_LF 1u
#define OPTION_LENIENT 2u
#define OPTION_TLS 4u         /* STLS is offered */
#define OPTION_REQUIRE_TLS 8u /* and needed for passwords */
#define OPTION_LOCKED 16u     /* somebody else has the maildrop of "a" open */
#define OPTION_BARE 32u       /* no APOP, UTF8 and LANG */
#define OPTION_IMPLICIT 64u
#define OPTION_CAPABILITIES 128u /* configured ones */

/* A session holds its buffers, an exchange and two arrays; nothing of it grows with the input. */
#define SESSION_MEMORY_MAX (128u << 10)

static void configure(struct pq_mock *mock, unsigned options)
{
    struct pq_mock_config *c = &mock->config;
    c->leniency = (options & OPTION_LF ? PQ_LENIENT_LF : 0u) |
                  (options & OPTION_LENIENT ? ~(unsigned)PQ_LENIENT_LF : 0u);
    c->tls = (options & OPTION_TLS) != 0;
    c->require_tls = (options & OPTION_REQUIRE_TLS) != 0;
    c->apop = c->utf8 = c->lang = !(options & OPTION_BARE);
    c->login_delay_s = options & OPTION_BARE ? 7 : 0;
    c->expire_days = options & OPTION_BARE ? 60 : PQ_EXPIRE_NEVER;
    if (options & OPTION_LOCKED)
        pq_store_find(&mock->store, PQ_SLICE("a"))->lock = mock;
    if (options & OPTION_CAPABILITIES)
        for (int i = 0; i < 4; i++)
            c->capabilities[i / 2][i % 2] = "TOP;X-A B;;UIDL";
}

struct client {
    struct fuzz_log log;
    struct answers *answers; /* or NULL */
    size_t taken;            /* octets of the input */
};

/* Reads all that the server has to say; false: nothing. */
static bool drain(struct client *c, struct pq_server *s)
{
    bool any = false;
    while (pq_server_out(s).len > 0) {
        struct pq_slice out = pq_server_out(s);
        fuzz_log_octets(&c->log, out);
        if (c->answers)
            answers_take(c->answers, out);
        pq_server_sent(s, out.len, 0);
        any = true;
    }
    return any;
}

static void talk(struct client *c, struct pq_server *s, struct pq_slice input)
{
    bool moved = true;
    while (input.len > 0 && moved) {
        size_t taken = pq_server_take(s, input, 0);
        FUZZ_ASSERT(taken <= input.len);
        input = pq_slice_after(input, taken);
        c->taken += taken;
        moved = drain(c, s) || taken > 0;
        if (pq_server_wants_tls(s))
            pq_server_on_tls(s, true, 0);
    }
    FUZZ_ASSERT(!pq_server_is_busy(s));
    FUZZ_ASSERT(input.len == 0 || pq_server_is_over(s));
}

static struct client converse(struct mock_world *w, struct pq_slice input, size_t cut,
                              struct answers *answers)
{
    struct client c = {.log = fuzz_log_of("server"), .answers = answers};
    size_t held = w->memory.held;
    bool implicit = (fuzz_options(input) & OPTION_IMPLICIT) != 0;
    struct pq_server *s = pq_server_new(&w->mock, implicit ? PQ_TLS_IMPLICIT : PQ_TLS_NONE, 0);
    FUZZ_ASSERT(s && drain(&c, s));
    for (unsigned i = 0; i < 2; i++)
        talk(&c, s, fuzz_write(input, cut, i));
    if (answers)
        answers_check_end(answers, pq_server_is_over(s));
    fuzz_log_number(&c.log, "over", pq_server_is_over(s));
    pq_server_free(s);
    FUZZ_ASSERT(w->memory.held == held && w->memory.peak - held <= SESSION_MEMORY_MAX);
    return c;
}

static void check_server(struct pq_slice input, size_t cut)
{
    struct mock_world *w = mock_world_open();
    /* A longer line without an end is given up at the end of a write, wherever that is. */
    input = pq_slice_first(input, PQ_SERVER_LINE_MAX);
    configure(&w->mock, fuzz_options(input));
    struct answers answers = answers_of(input, &w->mock.config);
    struct client whole = converse(w, input, input.len, &answers);
    answers_check_store(&answers, &w->mock.store);
    pq_store_reset(&w->mock.store);
    struct client halves = converse(w, input, cut, NULL);
    FUZZ_ASSERT(fuzz_log_is_same(&whole.log, &halves.log) && whole.taken == halves.taken);
    mock_world_close(w);
}

const struct fuzz_target fuzz_target = {.check = check_server, .has_cut = true, .cuts_max = 160};
