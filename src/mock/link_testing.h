/* SPDX-License-Identifier: Apache-2.0
 *
 * A link and a client joined in memory: octets in clear, STLS and TLS in any cut. Included by
 * *_test.c only, with _DEFAULT_SOURCE defined.
 */
#ifndef PQ_MOCK_LINK_TESTING_H
#define PQ_MOCK_LINK_TESTING_H

#include "mock/testing.h"

#include <stdlib.h>
#include <time.h>

#include "mock/identity.h"
#include "mock/link.h"

/* ---- what all pairs of a test program share -------------------------------------------------- */

struct tls_ends {
    struct pq_tls_context *server, *client;
    enum pq_tls_version version;
};

static inline struct pq_tls_context *client_context(const char *ca_file)
{
    struct pq_why why = {""};
    const struct pq_tls_config config = {.verify = true, .ca = {.file = ca_file}};
    struct pq_tls_context *c = pq_tls_context_new(&config, pq_alloc_default(), &why);
    assert_string_equal(why.text, "");
    return c;
}

/* Both ends of exactly that version; the files are gone again. */
static inline struct tls_ends tls_ends_make(enum pq_tls_version version)
{
    char folder[] = "/tmp/popquiz-link-XXXXXX", ca_file[256];
    struct pq_why why = {""};
    assert_non_null(mkdtemp(folder));
    const struct pq_identity_options o = {.folder = folder,
                                          .kind = PQ_CERTIFICATE_GOOD,
                                          .min = version,
                                          .max = version,
                                          .now_s = (int64_t)time(NULL)};
    struct tls_ends ends = {.server = pq_identity_make(&o, ca_file, sizeof(ca_file), &why),
                            .version = version};
    assert_string_equal(why.text, "");
    ends.client = client_context(ca_file);
    pq_identity_remove(folder, 0);
    return ends;
}

static inline void tls_ends_free(struct tls_ends *ends)
{
    pq_tls_context_free(ends->server);
    pq_tls_context_free(ends->client);
}

/* ---- a pair ---------------------------------------------------------------------------------- */

struct pair {
    struct pq_mock mock;
    struct pq_link_config config;
    const struct tls_ends *ends;
    struct pq_link *link;
    struct pq_tls *tls; /* of the client; NULL while octets pass in clear */
    size_t step;        /* octets that pass at once, in both directions */
    size_t sent_left;   /* octets that the client may still send: then the line is cut */
    uint64_t now_ms;
    struct received clear, secret; /* what the client received, by how it came */
};

/* Begins with a configured mock, which the pair then owns. */
static inline void pair_begin(struct pair *p, const struct tls_ends *ends, bool implicit)
{
    p->ends = ends;
    p->config = (struct pq_link_config){.mock = &p->mock, .tls = ends->server};
    p->mock.config.tls = true;
    p->tls = NULL;
    p->sent_left = SIZE_MAX;
    p->now_ms = 0;
    p->clear.len = p->secret.len = 0;
    p->link = pq_link_new(&p->config, implicit, 0);
}

static inline void pair_end(struct pair *p)
{
    pq_link_free(p->link);
    pq_tls_free(p->tls);
    pq_mock_free(&p->mock);
}

/* The client reads a step's worth; false when nothing waits. */
static inline bool pair_receive(struct pair *p)
{
    struct pq_slice out = pq_slice_first(pq_link_output(p->link), p->step);
    if (out.len == 0)
        return false;
    if (p->tls) {
        size_t taken = pq_tls_feed(p->tls, out);
        assert_true(taken == out.len || pq_tls_end(p->tls) != PQ_TLS_END_NONE);
    } else {
        receive(&p->clear, out);
    }
    pq_link_sent(p->link, out.len, p->now_ms);
    return true;
}

/* Gives the link a step's worth of `*octets`; false when it wants nothing now. */
static inline bool pair_give(struct pair *p, struct pq_slice *octets)
{
    size_t most = p->step < p->sent_left ? p->step : p->sent_left;
    struct pq_slice part = pq_slice_first(*octets, most);
    if (part.len == 0 || !pq_link_wants_input(p->link))
        return false;
    pq_link_input(p->link, guard_slice(part), p->now_ms);
    p->sent_left -= part.len;
    *octets = pq_slice_after(*octets, part.len);
    return true;
}

/* Takes what the client's engine has decrypted. */
static inline void pair_decrypt(struct pair *p)
{
    uint8_t memory[4096];
    size_t got = 0;
    if (pq_tls_handshake(p->tls) != PQ_NEXT_EVENT)
        return;
    while (pq_tls_read(p->tls, memory, sizeof(memory), &got) == PQ_NEXT_EVENT)
        receive(&p->secret, pq_slice_of(memory, got));
}

/* Moves ciphertext both ways until nothing moves. */
static inline void pair_exchange(struct pair *p)
{
    for (bool moved = true; moved;) {
        struct pq_slice out = pq_tls_send_buf(p->tls), rest = out;
        moved = pair_give(p, &rest);
        if (moved)
            pq_tls_send_ack(p->tls, out.len - rest.len);
        moved = pair_receive(p) || moved;
        pair_decrypt(p);
    }
}

/* The client says `octets`, in clear or in TLS, and reads all answers meanwhile. */
static inline void pair_say(struct pair *p, struct pq_slice octets)
{
    if (!p->tls) {
        while (pair_give(p, &octets) || pair_receive(p))
            continue;
        return;
    }
    while (octets.len > 0 && pq_tls_is_writable(p->tls)) {
        octets = pq_slice_after(octets, pq_tls_write(p->tls, octets));
        size_t before = p->sent_left;
        pair_exchange(p);
        if (before == p->sent_left)
            break;
    }
}

/* Begins TLS; false when the handshake fails. */
static inline bool pair_start_tls(struct pair *p)
{
    static const struct pq_tls_peer peer = {.sni = "localhost", .name = "localhost"};
    struct pq_why why;
    p->tls = pq_tls_new(p->ends->client, &peer, &why);
    assert_non_null(p->tls);
    pair_exchange(p);
    return pq_tls_handshake(p->tls) == PQ_NEXT_EVENT;
}

/* ---- what tests begin with ------------------------------------------------------------------- */

static struct tls_ends tls_1_2, tls_1_3;
static const struct tls_ends *const versions[] = {&tls_1_2, &tls_1_3};

static inline int make_ends(void **state)
{
    (void)state;
    tls_1_2 = tls_ends_make(PQ_TLS_1_2);
    tls_1_3 = tls_ends_make(PQ_TLS_1_3);
    return 0;
}

static inline int free_ends(void **state)
{
    (void)state;
    tls_ends_free(&tls_1_2);
    tls_ends_free(&tls_1_3);
    return 0;
}

/* Two messages, of which the second is some records long. */
static inline struct pair *begin(const struct tls_ends *ends, bool implicit, size_t step)
{
    static struct pair p;
    static uint8_t large[60000];
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = i % 50 == 48 ? '\r' : i % 50 == 49 ? '\n' : '.';
    mock_begin(&p.mock);
    add_mail(&p.mock, "tim", PQ_SLICE("Subject: one\n\n.dot\n"));
    add_mail(&p.mock, "tim", pq_slice_of(large, sizeof(large)));
    p.step = step;
    pair_begin(&p, ends, implicit);
    assert_non_null(p.link);
    return &p;
}

#define LOGIN_OUT "+OK send PASS\r\n+OK maildrop has 2 messages (60022 octets)\r\n"
#define RETR_1_OUT "+OK message follows\r\nSubject: one\r\n\r\n..dot\r\n.\r\n"
#define TALK LOGIN "RETR 1\r\nDELE 1\r\nQUIT\r\n"
#define TALK_OUT LOGIN_OUT RETR_1_OUT "+OK message marked as deleted\r\n+OK bye\r\n"
#define STLS_OUT "+OK begin TLS\r\n"

static inline size_t count_mail(struct pair *p)
{
    const struct pq_account *a = pq_store_find(&p->mock.store, PQ_SLICE("tim"));
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        count += !a->messages[i]->gone;
    return count;
}

static inline bool is_locked(struct pair *p)
{
    return pq_store_find(&p->mock.store, PQ_SLICE("tim"))->lock != NULL;
}

#endif
