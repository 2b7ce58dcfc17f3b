/* SPDX-License-Identifier: Apache-2.0
 *
 * What the unit tests of this folder share: a mock server with mail in it, and conversations with a
 * session in any cut. Included by *_test.c only, with _DEFAULT_SOURCE defined.
 */
#ifndef PQ_MOCK_TESTING_H
#define PQ_MOCK_TESTING_H

#include "base/testing.h"

#include "mock/server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- a server -------------------------------------------------------------------------------- */

#define TEST_TIMESTAMP "<1896.697170952@dbc.mtview.ca.us>"
#define GREETING "+OK POP3 server ready " TEST_TIMESTAMP "\r\n"
/* The account "tim" with what add_mail() gave it. */
#define LOGIN "USER tim\r\nPASS tan staaf\r\n"

/* No mail, one account, and nothing that changes from run to run. */
static inline void mock_begin(struct pq_mock *m)
{
    pq_mock_init(m, pq_alloc_default(), 1);
    m->config.apop_timestamp = TEST_TIMESTAMP;
    m->config.nonce = "abc";
    m->config.host = "h";
    assert_non_null(pq_store_add(&m->store, PQ_SLICE("tim"), PQ_SLICE("tan staaf")));
}

/* One more message for `user`; the octets of a C string do for most. */
static inline void add_mail(struct pq_mock *m, const char *user, struct pq_slice content)
{
    struct pq_account *a = pq_store_find(&m->store, pq_slice_text(user));
    uint8_t label = (uint8_t)('1' + a->count);
    assert_int_equal(pq_store_deliver(&m->store, a, pq_slice_of(&label, 1), content), PQ_STATUS_OK);
}

static inline void add_fault(struct pq_mock *m, const char *text, uint64_t seed)
{
    struct pq_why why = {""};
    enum pq_status status = pq_fault_add(&m->plan, &m->behaviour, text, seed, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(status, PQ_STATUS_OK);
}

/* ---- a conversation -------------------------------------------------------------------------- */

/* What a peer received. */
struct received {
    uint8_t at[1u << 20];
    size_t len;
};

static inline struct pq_slice received_slice(const struct received *r)
{
    return pq_slice_of(r->at, r->len);
}

static inline void receive(struct received *r, struct pq_slice octets)
{
    assert_true(r->len + octets.len <= sizeof(r->at));
    if (octets.len > 0)
        memcpy(r->at + r->len, octets.at, octets.len);
    r->len += octets.len;
}

/* Reads everything that waits, at most `step` octets at once. */
static inline void drain(struct pq_server *s, size_t step, uint64_t now_ms, struct received *r)
{
    while (pq_server_out(s).len > 0) {
        struct pq_slice out = pq_slice_first(pq_server_out(s), step);
        receive(r, out);
        pq_server_sent(s, out.len, now_ms);
    }
}

/* Sends `input` in writes of `step` octets; all that waits is read after each. Returns what the
 * session did not take. */
static inline struct pq_slice talk(struct pq_server *s, struct pq_slice input, size_t step,
                                   uint64_t now_ms, struct received *r)
{
    while (input.len > 0 && !pq_server_is_over(s) && !pq_server_wants_tls(s)) {
        size_t taken = pq_server_take(s, guard_slice(pq_slice_first(input, step)), now_ms);
        input = pq_slice_after(input, taken);
        drain(s, step, now_ms, r);
    }
    return input;
}

/* A whole session, which ends without QUIT unless that is in `input`. The greeting is checked and
 * left out of `r`. */
static inline void converse(struct pq_mock *m, struct pq_slice input, size_t step,
                            struct received *r)
{
    struct pq_server *s = pq_server_new(m, PQ_TLS_NONE, 0);
    assert_non_null(s);
    r->len = 0;
    drain(s, step, 0, r);
    assert_true(pq_slice_equal(received_slice(r), PQ_SLICE(GREETING)));
    r->len = 0;
    (void)talk(s, input, step, 0, r);
    pq_server_free(s);
}

/* Fails unless `got` is exactly `want`, and shows both. */
static inline void expect_octets(const char *what, struct pq_slice got, struct pq_slice want)
{
    static struct event_log log;
    if (pq_slice_equal(got, want))
        return;
    log.len = 0;
    log_octets(&log, pq_slice_first(got, 4096));
    log_text(&log, "\n  instead of: ");
    log_octets(&log, pq_slice_first(want, 4096));
    fail_msg("%s:\n  %s", what, log.text);
}

/* ---- memory that runs out -------------------------------------------------------------------- */

#endif
