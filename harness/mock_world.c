/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/mock_world.h"

#include "popquiz/sasl.h"

/* The mechanisms whose arithmetic would take most of the time. */
static const uint32_t costly =
    UINT32_C(1) << PQ_MECHANISM_SCRAM_SHA_256 | UINT32_C(1) << PQ_MECHANISM_SCRAM_SHA_1 |
    UINT32_C(1) << PQ_MECHANISM_SCRAM_SHA_256_PLUS | UINT32_C(1) << PQ_MECHANISM_SCRAM_SHA_1_PLUS;

const struct pq_slice world_contents[WORLD_MESSAGES] = {
    PQ_SLICE_INIT("Subject: one\r\n\r\n.dot\r\n..\r\n.\r\nlast\r\n"),
    PQ_SLICE_INIT("Subject: no line end at the end\r\n\r\nlone \r CR\r\n"),
    PQ_SLICE_INIT("Subject: \xC3\xA9\r\n\r\n8-bit\r\n"),
};

static void add_account(struct pq_store *s, struct pq_slice name, struct pq_slice password)
{
    struct pq_account *a = pq_store_add(s, name, password);
    FUZZ_ASSERT(a);
    for (size_t i = 0; i < WORLD_MESSAGES; i++) {
        struct pq_slice content = world_contents[i];
        if (i == 1)
            content = pq_slice_first(content, content.len - 2);
        FUZZ_ASSERT(pq_store_deliver(s, a, PQ_SLICE("label"), content) == PQ_STATUS_OK);
    }
}

static void build(struct mock_world *w)
{
    pq_mock_init(&w->mock, fuzz_alloc(&w->memory), 0);
    add_account(&w->mock.store, PQ_SLICE("a"), PQ_SLICE("b"));
    add_account(&w->mock.store, PQ_SLICE("tim"), PQ_SLICE("tan staaf"));
    add_account(&w->mock.store, PQ_SLICE("anonymous"), PQ_SLICE("c"));
    w->held = w->memory.held;
}

struct mock_world *mock_world_open(void)
{
    static struct mock_world world;
    struct mock_world *w = &world;
    if (w->held == 0)
        build(w);
    struct pq_store store = w->mock.store;
    pq_mock_init(&w->mock, fuzz_alloc(&w->memory), 1);
    w->mock.store = store;
    w->memory.peak = w->held;
    w->mock.config.host = "h";
    w->mock.config.apop_timestamp = "<1896.697170952@dbc.mtview.ca.us>";
    w->mock.config.nonce = "abc";
    w->mock.config.mechanisms = ~costly;
    return w;
}

void mock_world_close(struct mock_world *w)
{
    pq_store_reset(&w->mock.store);
    for (size_t i = 0; i < w->mock.store.count; i++)
        w->mock.store.accounts[i].lock = NULL;
    FUZZ_ASSERT(w->memory.held == w->held);
}
