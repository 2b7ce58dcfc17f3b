/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: a referee that watches a correct server finds nothing, whatever the clients send: the
 * input is what they send to a whole mock server, where a NUL ends a connection and begins another,
 * or changes between two. Memory is bounded, and none is left.
 */
#include "harness/finding_log.h"
#include "harness/mock_world.h"

#include <string.h>

#include "popquiz/referee.h"

/* The options. */
#define OPTION_LF 1u
#define OPTION_LENIENT 2u
#define OPTION_TLS 4u
#define OPTION_TWO 8u /* two connections at once */
#define OPTION_BARE 16u
#define OPTION_CLOSED 32u /* the last connection ends before the server is read */
#define OPTION_IMPLICIT 64u

/* ---- findings -------------------------------------------------------------------------------- */

/* Memory of the referee beside what it reads: five thousand connections would need more. */
#define REFEREE_MEMORY_MAX (PQ_REFEREE_MEMORY_MAX)

/* ---- a correct server ------------------------------------------------------------------------ */

#define SERVERS 2u

struct world {
    struct mock_world *mock;
    struct pq_server *servers[SERVERS];
    struct pq_referee referee;
    struct fuzz_log log;
    enum pq_tls_mode tls;
};

static void hear(struct world *w, unsigned i)
{
    while (pq_server_out(w->servers[i]).len > 0) {
        struct pq_slice out = pq_server_out(w->servers[i]);
        pq_referee_feed(&w->referee, i, PQ_FROM_SERVER, out, 0);
        pq_server_sent(w->servers[i], out.len, 0);
    }
}

static void open_one(struct world *w, unsigned i)
{
    w->servers[i] = pq_server_new(&w->mock->mock, w->tls, 0);
    FUZZ_ASSERT(w->servers[i]);
    pq_referee_open(&w->referee, i, w->tls);
    hear(w, i);
}

static void close_one(struct world *w, unsigned i)
{
    if (!w->servers[i])
        return;
    pq_referee_end(&w->referee, i, PQ_ENDED_BY_CLIENT, 0);
    pq_server_free(w->servers[i]);
    w->servers[i] = NULL;
}

static void talk(struct world *w, unsigned i, struct pq_slice input)
{
    bool moved = true;
    while (input.len > 0 && moved && !pq_server_is_over(w->servers[i])) {
        size_t taken = pq_server_take(w->servers[i], input, 0);
        pq_referee_feed(&w->referee, i, PQ_FROM_CLIENT, pq_slice_first(input, taken), 0);
        input = pq_slice_after(input, taken);
        moved = taken > 0 || pq_server_out(w->servers[i]).len > 0;
        hear(w, i);
        if (pq_server_wants_tls(w->servers[i])) {
            pq_server_on_tls(w->servers[i], true, 0);
            pq_referee_on_tls(&w->referee, i, true);
        }
    }
    if (pq_server_is_over(w->servers[i]))
        close_one(w, i);
    else
        pq_referee_on_silence(&w->referee, i, 0);
}

static void configure(struct pq_mock *mock, unsigned options)
{
    /* RFC 1939 section 3 has arguments too many refused: that one is a finding. */
    const unsigned tolerated = PQ_LENIENT_BLANKS | PQ_LENIENT_ZEROS | PQ_LENIENT_STATUS;
    mock->config.leniency =
        (options & OPTION_LF ? PQ_LENIENT_LF : 0u) | (options & OPTION_LENIENT ? tolerated : 0u);
    mock->config.tls = (options & OPTION_TLS) != 0;
    mock->config.apop = mock->config.utf8 = !(options & OPTION_BARE);
}

static void check_correct(struct pq_slice input, size_t cut)
{
    struct fuzz_memory memory = {.count = 0};
    unsigned options = fuzz_options(input), at = 0;
    struct world w = {.mock = mock_world_open(),
                      .log = fuzz_log_of("correct"),
                      .tls = options & OPTION_IMPLICIT ? PQ_TLS_IMPLICIT : PQ_TLS_NONE};
    (void)cut;
    configure(&w.mock->mock, options);
    pq_referee_init(&w.referee, fuzz_alloc(&memory), fuzz_log_finding, &w.log);
    while (input.len > 0) {
        if (!w.servers[at])
            open_one(&w, at);
        talk(&w, at, pq_slice_cut(&input, 0));
        if (!(options & OPTION_TWO))
            close_one(&w, at);
        at = options & OPTION_TWO ? 1 - at : at;
    }
    FUZZ_ASSERT(w.referee.findings == 0);
    for (unsigned i = 0; i < SERVERS; i++)
        close_one(&w, i);
    pq_referee_free(&w.referee);
    FUZZ_ASSERT(memory.held == 0 && memory.peak <= REFEREE_MEMORY_MAX);
    mock_world_close(w.mock);
}

const struct fuzz_target fuzz_target = {.check = check_correct};
