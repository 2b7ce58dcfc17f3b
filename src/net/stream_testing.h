/* SPDX-License-Identifier: Apache-2.0
 *
 * Two ends of a real connection. Deadlines that must pass are short; those that must not are
 * generous. Included by *_test.c only.
 */
#ifndef PQ_NET_STREAM_TESTING_H
#define PQ_NET_STREAM_TESTING_H

#include "net/testing.h"

#include "net/listen.h"

static inline struct pq_endpoints resolve(const char *text)
{
    struct pq_addr addr;
    struct pq_endpoints found;
    struct pq_why why = {""};
    assert_int_equal(pq_addr_parse(pq_slice_text(text), &addr, NULL), PQ_STATUS_OK);
    assert_int_equal(pq_addr_resolve(&addr, &found, &why), PQ_STATUS_OK);
    return found;
}

#define GENEROUS_MS 10000u
#define SHORT_MS 60u

static inline uint64_t soon(uint32_t ms)
{
    return pq_io_deadline(pq_io_system(), ms);
}

static inline struct pq_listener listen_to(const char *text)
{
    struct pq_listener l;
    struct pq_addr addr;
    struct pq_why why = {""};
    assert_int_equal(pq_addr_parse(pq_slice_text(text), &addr, NULL), PQ_STATUS_OK);
    enum pq_status status = pq_listener_open(&l, &addr, false, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(status, PQ_STATUS_OK);
    return l;
}

/* Two ends of one connection. */
struct ends {
    struct pq_stream ours, theirs;
};

static inline struct ends connect_to(struct pq_listener *l)
{
    struct ends e;
    struct pq_endpoints to;
    pq_stream_init(&e.ours, NULL);
    pq_stream_init(&e.theirs, NULL);
    assert_int_equal(pq_addr_resolve(&l->addr, &to, NULL), PQ_STATUS_OK);
    assert_int_equal(pq_stream_connect(&e.ours, &to, soon(GENEROUS_MS)), PQ_STATUS_OK);
    assert_int_equal(pq_listener_accept(l, &e.theirs, soon(GENEROUS_MS)), PQ_STATUS_OK);
    return e;
}

/* The forms of a connection that streams know. */
enum form { FORM_V4, FORM_UNIX, FORM_V6, FORM_PIPES, FORM_COUNT };

/* A container may have no IPv6: the form is then another IPv4. */
static inline const char *v6_text(void)
{
    struct pq_listener l;
    struct pq_addr addr;
    assert_int_equal(pq_addr_parse(PQ_SLICE("tcp://[::1]:0"), &addr, NULL), PQ_STATUS_OK);
    bool there = pq_listener_open(&l, &addr, false, NULL) == PQ_STATUS_OK;
    pq_listener_close(&l);
    return there ? "tcp://[::1]:0" : "tcp://127.0.0.1:0";
}

static inline struct ends ends_of_pipes(void)
{
    int there[2] = {-1, -1}, back[2] = {-1, -1};
    struct ends e;
    assert_true(pipe(there) == 0 && pipe(back) == 0);
    pq_stream_init(&e.ours, NULL);
    pq_stream_init(&e.theirs, NULL);
    assert_int_equal(pq_stream_from_fd(&e.ours, back[0], there[1]), PQ_STATUS_OK);
    assert_int_equal(pq_stream_from_fd(&e.theirs, there[0], back[1]), PQ_STATUS_OK);
    return e;
}

/* `folder` is for the socket file. */
static inline struct ends ends_of(const struct test_folder *folder, enum form form)
{
    char text[128];
    (void)snprintf(text, sizeof(text), "unix:%s/socket", folder->path);
    const char *const texts[] = {"tcp://127.0.0.1:0", text, v6_text()};
    if (form == FORM_PIPES)
        return ends_of_pipes();
    struct pq_listener l = listen_to(texts[form]);
    struct ends e = connect_to(&l);
    pq_listener_close(&l);
    return e;
}

static inline void ends_close(struct ends *e)
{
    pq_stream_close(&e->ours);
    pq_stream_close(&e->theirs);
}

static inline void send_all(struct pq_stream *s, struct pq_slice octets)
{
    assert_int_equal(pq_stream_send(s, &octets, soon(GENEROUS_MS)), PQ_STREAM_OK);
    assert_int_equal(octets.len, 0);
}

/* Receives exactly `text`. */
static inline void expect(struct pq_stream *s, const char *text)
{
    uint8_t memory[64];
    size_t len = 0, got = 0;
    while (len < strlen(text)) {
        assert_int_equal(
            pq_stream_recv(s, memory + len, strlen(text) - len, &got, soon(GENEROUS_MS)),
            PQ_STREAM_OK);
        len += got;
    }
    assert_memory_equal(memory, text, len);
}

static inline enum pq_stream_result recv_one(struct pq_stream *s, uint32_t ms)
{
    uint8_t octet;
    size_t got = 0;
    return pq_stream_recv(s, &octet, 1, &got, soon(ms));
}

#endif
