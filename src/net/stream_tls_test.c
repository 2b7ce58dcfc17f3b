/* SPDX-License-Identifier: Apache-2.0
 * TLS over real sockets, without threads: waiting is replaced, so that the other side makes its
 * step when ours would sleep. Whatever the machine does meanwhile, the same calls happen in the
 * same order, and any of them can be made to fail. */
#define _DEFAULT_SOURCE
#include "net/testing.h"

#include <errno.h>
#include <sys/socket.h>

#include "net/stream.h"

static struct test_folder folder;
static struct pq_tls_context *server_context, *client_context, *trusting_context;

/* ---- the other side ---------------------------------------------------------------------------
 */

/* What the peer does, in this order, each when its turn has come. */
enum act {
    ACT_END,       /* nothing more */
    ACT_GREET,     /* sends "+OK\r\n" */
    ACT_HANDSHAKE, /* until it is complete */
    ACT_ECHO,      /* returns what it receives, until the end */
    ACT_CLOSE,     /* close_notify and FIN */
    ACT_CUT,       /* FIN alone */
    ACT_RESET,     /* closes with octets unread, which is a reset on a Unix socket */
    ACT_PLAIN,     /* "-ERR no TLS\r\n" */
    ACT_TAKE,      /* receives something and forgets it */
    ACT_ALERT,     /* a fatal alert and then plain text */
    ACT_NOTIFY,    /* close_notify only */
};

/* Which call fails, counted over all calls of its kind. */
enum kind { KIND_SEND, KIND_RECV, KIND_WAIT, KIND_HANDSHAKE, KIND_COUNT };

struct peer {
    struct pq_stream stream;
    const enum act *acts;
    uint64_t now;
    size_t calls[KIND_COUNT];
    enum kind fail_kind;
    size_t fail_at; /* zero: never */
};

static bool peer_send(struct peer *p, struct pq_slice octets)
{
    assert_int_equal(pq_stream_send(&p->stream, &octets, 0), PQ_STREAM_OK);
    return true;
}

static bool peer_echo(struct peer *p)
{
    uint8_t memory[512];
    size_t got = 0;
    enum pq_stream_result result = pq_stream_recv(&p->stream, memory, sizeof(memory), &got, 0);
    struct pq_slice back = pq_slice_of(memory, got);
    if (result == PQ_STREAM_OK)
        (void)!pq_stream_send(&p->stream, &back, 0);
    return result != PQ_STREAM_TIMEOUT;
}

/* One try; true when the act is over. */
static bool peer_act(struct peer *p, enum act act)
{
    struct pq_slice nothing = {NULL, 0};
    switch (act) {
    case ACT_END:
        return false;
    case ACT_GREET:
        return peer_send(p, PQ_SLICE("+OK\r\n"));
    case ACT_HANDSHAKE:
        if (!p->stream.tls)
            assert_int_equal(pq_stream_tls_begin(&p->stream, server_context, NULL), PQ_STATUS_OK);
        return pq_stream_tls_handshake(&p->stream, nothing, 0) != PQ_STARTTLS_TIMEOUT;
    case ACT_ECHO:
        (void)peer_echo(p);
        return false;
    case ACT_CLOSE:
        pq_stream_close(&p->stream);
        return true;
    case ACT_CUT:
        pq_stream_cut(&p->stream);
        return true;
    case ACT_RESET:
        pq_stream_reset(&p->stream);
        return true;
    case ACT_PLAIN:
        return peer_send(p, PQ_SLICE("-ERR no TLS\r\n"));
    case ACT_TAKE:
        return recv(pq_stream_fd(&p->stream), (uint8_t[512]){0}, 512, 0) > 0;
    case ACT_ALERT:
        return peer_send(p, PQ_SLICE("\x15\x03\x01\x00\x02\x02\x50-ERR\r\n"));
    case ACT_NOTIFY:
        pq_tls_close(p->stream.tls);
        return pq_stream_send(&p->stream, &nothing, 0) == PQ_STREAM_OK;
    }
    return true;
}

static void peer_run(struct peer *p)
{
    while (p->acts && peer_act(p, *p->acts))
        p->acts++;
}

/* ---- our side's calls -------------------------------------------------------------------------
 */

static bool fails(struct peer *p, enum kind kind)
{
    p->calls[kind]++;
    errno = EIO;
    return p->fail_at > 0 && kind == p->fail_kind && p->calls[kind] == p->fail_at;
}

static ssize_t rig_send(void *ctx, int fd, struct pq_slice octets)
{
    return fails(ctx, KIND_SEND) ? -1 : pq_io_system()->send(NULL, fd, octets);
}

static ssize_t rig_recv(void *ctx, int fd, void *at, size_t cap)
{
    return fails(ctx, KIND_RECV) ? -1 : pq_io_system()->recv(NULL, fd, at, cap);
}

static enum pq_next rig_handshake(void *ctx, struct pq_tls *tls)
{
    return fails(ctx, KIND_HANDSHAKE) ? PQ_NEXT_ERROR : pq_tls_handshake(tls);
}

/* The peer makes its step; when there is nothing to wait for then, time passes. */
static int rig_wait(void *ctx, struct pollfd *fds, size_t n, int timeout_ms)
{
    struct peer *p = ctx;
    if (fails(p, KIND_WAIT))
        return -1;
    peer_run(p);
    int ready = poll(fds, (nfds_t)n, 0);
    if (ready == 0)
        p->now += timeout_ms > 0 ? (uint64_t)timeout_ms : 0;
    return ready;
}

static uint64_t rig_now(void *ctx)
{
    return ((const struct peer *)ctx)->now;
}

static struct pq_io rig_io(struct peer *p)
{
    return (struct pq_io){.send = rig_send,
                          .recv = rig_recv,
                          .wait = rig_wait,
                          .handshake = rig_handshake,
                          .now_ms = rig_now,
                          .ctx = p};
}

/* Joins `s` to a peer that will act as told. */
static void join(struct pq_stream *s, const struct pq_io *io, struct peer *p, const enum act *acts)
{
    int fds[2];
    *p = (struct peer){.acts = acts};
    pq_stream_init(s, io);
    pq_stream_init(&p->stream, NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(pq_stream_from_fd(s, fds[0], fds[0]), PQ_STATUS_OK);
    assert_int_equal(pq_stream_from_fd(&p->stream, fds[1], fds[1]), PQ_STATUS_OK);
}

static void part(struct pq_stream *s, struct peer *p)
{
    pq_stream_close(s);
    pq_stream_close(&p->stream);
}

/* ---- one step of ours -------------------------------------------------------------------------
 */

#define PATIENCE 1000u /* on the rig's clock, which nothing else moves */

static const struct pq_tls_peer usual = {.sni = "pop.example.test", .name = "pop.example.test"};

/* Receives until `len` octets are there; false on any other result. */
static bool take(struct pq_stream *s, const char *text, enum pq_stream_result *result)
{
    uint8_t memory[64];
    size_t len = 0, got = 0;
    while (len < strlen(text)) {
        *result = pq_stream_recv(s, memory + len, strlen(text) - len, &got, PATIENCE);
        if (*result != PQ_STREAM_OK)
            return false;
        len += got;
    }
    assert_memory_equal(memory, text, len);
    return true;
}

static void expect(struct pq_stream *s, const char *text)
{
    enum pq_stream_result result = PQ_STREAM_OK;
    assert_true(take(s, text, &result));
}

static enum pq_stream_result recv_one(struct pq_stream *s)
{
    uint8_t octet;
    size_t got = 0;
    return pq_stream_recv(s, &octet, 1, &got, PATIENCE);
}

/* ---- a session, undisturbed -------------------------------------------------------------------
 */

static void test_a_session(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_GREET, ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    struct pq_stream s;
    struct peer p;
    struct pq_io io = rig_io(&p);
    struct pq_slice quit = PQ_SLICE("QUIT\r\n");
    join(&s, &io, &p, acts);
    expect(&s, "+OK\r\n");
    assert_int_equal(pq_stream_tls_end(&s), PQ_TLS_END_NONE);
    assert_int_equal(pq_stream_start_tls(&s, client_context, &usual, PATIENCE), PQ_STARTTLS_OK);
    assert_true(s.secured && !pq_stream_is_ready(&s));
    assert_int_equal(pq_stream_send(&s, &quit, PATIENCE), PQ_STREAM_OK);
    expect(&s, "Q");
    assert_true(pq_stream_is_ready(&s)); /* the rest is in the engine, not on the wire */
    struct pq_stream_wait wait = {.stream = &s};
    assert_int_equal(pq_stream_wait_any(&wait, 1, 0), PQ_STREAM_OK);
    assert_true(wait.ready);
    expect(&s, "UIT\r\n");
    assert_int_equal(pq_stream_wait_any(&wait, 1, PATIENCE), PQ_STREAM_TIMEOUT);
    assert_int_equal(recv_one(&s), PQ_STREAM_TIMEOUT);
    part(&s, &p);
    assert_null(s.tls);
}

static void test_more_than_the_kernel_holds(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    static uint8_t octets[1u << 20];
    struct pq_stream s;
    struct peer p;
    struct pq_io io = rig_io(&p);
    uint8_t back[4096];
    size_t len = 0, got = 0;
    struct pq_slice rest = pq_slice_of(octets, sizeof(octets));
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)(i * 31 >> 3);
    join(&s, &io, &p, acts);
    assert_int_equal(pq_stream_start_tls(&s, client_context, &usual, PATIENCE), PQ_STARTTLS_OK);
    while (len < sizeof(octets)) {
        (void)!pq_stream_send(&s, &rest, 0);
        assert_int_equal(pq_stream_recv(&s, back, sizeof(back), &got, p.now + PATIENCE),
                         PQ_STREAM_OK);
        assert_memory_equal(back, octets + len, got);
        len += got;
    }
    assert_int_equal(rest.len, 0);
    part(&s, &p);
}

/* ---- how a start comes out --------------------------------------------------------------------
 */

static const struct start_case {
    enum act acts[4];
    enum pq_starttls outcome;
    const char *after; /* what is received then, as plain octets */
    enum pq_stream_result end;
} start_cases[] = {
    {{ACT_TAKE, ACT_PLAIN, ACT_END}, PQ_STARTTLS_PLAIN, "-ERR no TLS\r\n", PQ_STREAM_TIMEOUT},
    {{ACT_PLAIN, ACT_TAKE, ACT_CUT}, PQ_STARTTLS_PLAIN, "-ERR no TLS\r\n", PQ_STREAM_CLOSED},
    {{ACT_TAKE, ACT_ALERT, ACT_END}, PQ_STARTTLS_ALERT, "-ERR\r\n", PQ_STREAM_TIMEOUT},
    {{ACT_TAKE, ACT_CUT, ACT_END}, PQ_STARTTLS_CLOSED, "", PQ_STREAM_CLOSED},
    {{ACT_RESET, ACT_END}, PQ_STARTTLS_RESET, "", PQ_STREAM_RESET},
    {{ACT_TAKE, ACT_END}, PQ_STARTTLS_TIMEOUT, "", PQ_STREAM_TIMEOUT},
    {{ACT_HANDSHAKE, ACT_END}, PQ_STARTTLS_REFUSED, "", PQ_STREAM_OK}, /* the rest of its flight */
};

static void test_how_a_start_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(start_cases); i++) {
        const struct start_case *c = &start_cases[i];
        bool refuse = c->outcome == PQ_STARTTLS_REFUSED;
        struct pq_stream s;
        struct peer p;
        struct pq_io io = rig_io(&p);
        enum pq_stream_result result = PQ_STREAM_OK;
        join(&s, &io, &p, c->acts);
        enum pq_starttls outcome =
            pq_stream_start_tls(&s, refuse ? trusting_context : client_context, &usual, PATIENCE);
        if (outcome != c->outcome)
            fail_msg("case %zu: %s (%s)", i, pq_starttls_text(outcome), s.why.text);
        assert_false(s.secured);
        if (outcome != PQ_STARTTLS_TIMEOUT)
            assert_int_not_equal(strlen(s.why.text), 0);
        p.now = 0;
        assert_true(take(&s, c->after, &result));
        assert_int_equal(recv_one(&s), c->end);
        part(&s, &p);
    }
    assert_string_equal(pq_starttls_text(PQ_STARTTLS_CLOSED), "eof");
    assert_string_equal(pq_starttls_text((enum pq_starttls)99), "unknown");
}

/* A handshake that timed out is continued, not begun anew. */
static void test_a_late_answer(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    struct pq_slice nothing = {NULL, 0};
    struct pq_stream s;
    struct peer p;
    struct pq_io io = rig_io(&p);
    join(&s, &io, &p, NULL);
    assert_int_equal(pq_stream_start_tls(&s, client_context, &usual, PATIENCE),
                     PQ_STARTTLS_TIMEOUT);
    assert_int_equal(pq_stream_tls_handshake(&s, nothing, 0), PQ_STARTTLS_TIMEOUT);
    p.acts = acts;
    p.now = 0;
    assert_int_equal(pq_stream_tls_handshake(&s, nothing, PATIENCE), PQ_STARTTLS_OK);
    part(&s, &p);
}

/* ---- ClientHello and plaintext in one segment -------------------------------------------------
 */

static void test_hello_behind_plaintext(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    uint8_t memory[2048], early[PQ_STREAM_EARLY_MAX];
    struct pq_buf out;
    struct pq_stream s;
    struct peer p;
    struct pq_io io = rig_io(&p);
    size_t got = 0;
    join(&s, &io, &p, NULL);
    pq_buf_init(&out, memory, sizeof(memory));
    assert_true(pq_buf_put(&out, PQ_SLICE("STLS\r\n")));
    assert_int_equal(pq_stream_tls_begin(&s, client_context, &usual), PQ_STATUS_OK);
    out.cap = out.len + 1;
    assert_int_equal(pq_stream_tls_hello(&s, &out), PQ_STATUS_NO_ROOM);
    out.cap = sizeof(memory);
    assert_int_equal(pq_stream_tls_hello(&s, &out), PQ_STATUS_OK);
    struct pq_slice rest = pq_buf_slice(&out);
    assert_int_equal(pq_stream_send(&s, &rest, PATIENCE), PQ_STREAM_OK);
    /* The peer reads its command, and nothing further. */
    expect(&p.stream, "STLS\r\n");
    assert_true(peer_send(&p, PQ_SLICE("+OK\r\n")));
    p.acts = acts;
    peer_run(&p);
    /* Reply and ServerHello arrive together. */
    assert_int_equal(pq_stream_recv(&s, early, sizeof(early), &got, PATIENCE), PQ_STREAM_OK);
    assert_true(got > 5 && memcmp(early, "+OK\r\n\x16\x03", 7) == 0);
    assert_int_equal(pq_stream_tls_handshake(&s, pq_slice_of(early + 5, got - 5), PATIENCE),
                     PQ_STARTTLS_OK);
    rest = PQ_SLICE("NOOP\r\n");
    assert_int_equal(pq_stream_send(&s, &rest, PATIENCE), PQ_STREAM_OK);
    expect(&s, "NOOP\r\n");
    part(&s, &p);
}

static void test_early_octets(void **state)
{
    (void)state;
    static uint8_t octets[PQ_STREAM_EARLY_MAX + 1], back[sizeof(octets)];
    (void)memset(octets, 'x', sizeof(octets));
    for (size_t n = PQ_STREAM_EARLY_MAX - 1; n <= PQ_STREAM_EARLY_MAX + 1; n++) {
        struct pq_stream s;
        struct peer p;
        struct pq_io io = rig_io(&p);
        size_t got = 0;
        join(&s, &io, &p, NULL);
        assert_int_equal(pq_stream_tls_begin(&s, client_context, NULL), PQ_STATUS_OK);
        enum pq_starttls outcome = pq_stream_tls_handshake(&s, pq_slice_of(octets, n), PATIENCE);
        if (n > PQ_STREAM_EARLY_MAX) {
            assert_int_equal(outcome, PQ_STARTTLS_FAILED);
            assert_string_equal(s.why.text, "more than 16384 octets came before TLS began");
        } else {
            assert_int_equal(outcome, PQ_STARTTLS_PLAIN);
            assert_true(pq_stream_is_ready(&s));
            assert_int_equal(pq_stream_recv(&s, back, sizeof(back), &got, PATIENCE), PQ_STREAM_OK);
            assert_int_equal(got, n);
            assert_false(pq_stream_is_ready(&s));
        }
        part(&s, &p);
    }
}

static void test_an_engine_that_cannot_be_made(void **state)
{
    (void)state;
    struct pq_tls_peer nobody = {.name = ""};
    struct pq_stream s;
    struct peer p;
    struct pq_io io = rig_io(&p);
    join(&s, &io, &p, NULL);
    assert_int_equal(pq_stream_start_tls(&s, client_context, &nobody, PATIENCE),
                     PQ_STARTTLS_FAILED);
    assert_non_null(strstr(s.why.text, "TLS cannot begin"));
    part(&s, &p);
}

/* ---- ends inside TLS --------------------------------------------------------------------------
 */

static const struct end_case {
    enum act acts[4];
    enum pq_tls_end end;
    enum pq_stream_result recv, fin;
} end_cases[] = {
    {{ACT_HANDSHAKE, ACT_CLOSE, ACT_END}, PQ_TLS_END_CLOSED, PQ_STREAM_CLOSED, PQ_STREAM_CLOSED},
    {{ACT_HANDSHAKE, ACT_CUT, ACT_END}, PQ_TLS_END_CUT, PQ_STREAM_CLOSED, PQ_STREAM_CLOSED},
    {{ACT_HANDSHAKE, ACT_NOTIFY, ACT_END}, PQ_TLS_END_CLOSED, PQ_STREAM_CLOSED, PQ_STREAM_TIMEOUT},
};

static void test_ends_inside_tls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(end_cases); i++) {
        const struct end_case *c = &end_cases[i];
        struct pq_stream s;
        struct peer p;
        struct pq_io io = rig_io(&p);
        struct pq_stream_wait wait = {.stream = &s};
        join(&s, &io, &p, c->acts);
        assert_int_equal(pq_stream_start_tls(&s, client_context, &usual, PATIENCE), PQ_STARTTLS_OK);
        assert_int_equal(pq_stream_wait_any(&wait, 1, PATIENCE), PQ_STREAM_OK);
        assert_int_equal(recv_one(&s), c->recv);
        assert_int_equal(recv_one(&s), c->recv);
        assert_int_equal(pq_stream_tls_end(&s), c->end);
        assert_int_equal(pq_stream_await_fin(&s, p.now + PATIENCE), c->fin);
        part(&s, &p);
    }
}

static void test_how_we_end(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_END};
    for (size_t how = 0; how < 3; how++) {
        struct pq_stream s;
        struct peer p;
        struct pq_io io = rig_io(&p);
        struct pq_slice late = PQ_SLICE("late");
        join(&s, &io, &p, acts);
        assert_int_equal(pq_stream_start_tls(&s, client_context, &usual, PATIENCE), PQ_STARTTLS_OK);
        peer_run(&p);
        if (how == 0)
            pq_stream_close(&s);
        else if (how == 1)
            pq_stream_cut(&s);
        else
            assert_int_equal(pq_stream_half_close(&s, PATIENCE), PQ_STREAM_OK);
        assert_int_equal(recv_one(&p.stream), PQ_STREAM_CLOSED);
        assert_int_equal(pq_stream_tls_end(&p.stream),
                         how == 1 ? PQ_TLS_END_CUT : PQ_TLS_END_CLOSED);
        if (how == 2) {
            assert_int_equal(pq_stream_send(&s, &late, PATIENCE), PQ_STREAM_BROKEN);
            assert_string_equal(s.why.text, "our direction of TLS was closed");
            assert_true(peer_send(&p, PQ_SLICE("+OK\r\n")));
            expect(&s, "+OK\r\n"); /* the other direction goes on */
        }
        part(&s, &p);
    }
}

/* Octets that are no record, in the middle of TLS. */
static void test_tls_breaks_off(void **state)
{
    (void)state;
    static const enum act acts[] = {ACT_HANDSHAKE, ACT_END};
    struct pq_stream s;
    struct peer p;
    struct pq_io io = rig_io(&p);
    join(&s, &io, &p, acts);
    assert_int_equal(pq_stream_start_tls(&s, client_context, &usual, PATIENCE), PQ_STARTTLS_OK);
    peer_run(&p);
    p.stream.secured = false; /* its engine forgotten, the peer speaks in the clear */
    assert_true(peer_send(&p, PQ_SLICE("+OK in the clear\r\n")));
    assert_int_equal(recv_one(&s), PQ_STREAM_BROKEN);
    assert_int_equal(pq_stream_tls_end(&s), PQ_TLS_END_FAILED);
    assert_non_null(strstr(s.why.text, "TLS failed here: "));
    p.stream.secured = true; /* it remembers, and finds our alert */
    assert_int_equal(recv_one(&p.stream), PQ_STREAM_BROKEN);
    assert_int_equal(pq_tls_alert(p.stream.tls) >= 0, 1);
    part(&s, &p);
}

/* ---- every call fails once --------------------------------------------------------------------
 */

/* Greeting, TLS, an echo and the end. True when nothing failed; on the way every failure must have
 * been told, with a sentence. */
static bool scenario(struct peer *p, enum kind kind, size_t fail_at)
{
    static const enum act acts[] = {ACT_GREET, ACT_HANDSHAKE, ACT_ECHO, ACT_END};
    struct pq_stream s;
    struct pq_io io = rig_io(p);
    enum pq_stream_result result = PQ_STREAM_OK;
    struct pq_slice echo = PQ_SLICE("CAPA\r\n");
    join(&s, &io, p, acts);
    p->fail_kind = kind;
    p->fail_at = fail_at;
    bool ok = take(&s, "+OK\r\n", &result);
    if (ok) {
        enum pq_starttls outcome = pq_stream_start_tls(&s, client_context, &usual, PATIENCE);
        ok = outcome == PQ_STARTTLS_OK;
        result = ok ? PQ_STREAM_OK : PQ_STREAM_FAILED;
        assert_true(ok || outcome == PQ_STARTTLS_FAILED);
    }
    if (ok)
        result = pq_stream_send(&s, &echo, PATIENCE);
    ok = result == PQ_STREAM_OK && take(&s, "CAPA\r\n", &result);
    assert_true(ok == (result == PQ_STREAM_OK));
    if (!ok) {
        assert_int_equal(result, PQ_STREAM_FAILED);
        assert_int_not_equal(strlen(s.why.text), 0);
    } else {
        result = pq_stream_half_close(&s, PATIENCE);
    }
    part(&s, p);
    return result == PQ_STREAM_OK;
}

static void test_every_call_fails_once(void **state)
{
    (void)state;
    /* Hello and final flight, command, close_notify; replies and what finds nothing before them. */
    static const size_t at_least[KIND_COUNT] = {
        [KIND_SEND] = 4, [KIND_RECV] = 6, [KIND_WAIT] = 3, [KIND_HANDSHAKE] = 2};
    for (enum kind kind = KIND_SEND; kind < KIND_COUNT; kind++) {
        struct peer p;
        size_t faults = 0;
        assert_true(scenario(&p, kind, 0));
        size_t calls = p.calls[kind];
        while (!scenario(&p, kind, faults + 1))
            faults++;
        assert_true(faults >= at_least[kind]);
        assert_true(faults <= calls);
    }
}

/* ---- contexts ---------------------------------------------------------------------------------
 */

static int set_up(void **state)
{
    (void)state;
    folder = folder_make();
    struct pq_ca *ca = ca_make(&folder, "ca"), *stranger = ca_make(&folder, "stranger");
    issue_dns(ca, "good", "pop.example.test");
    struct test_files good = files_of(&folder, "good"), root = files_of(&folder, "ca");
    struct test_files other = files_of(&folder, "stranger");
    struct pq_tls_identity identity = identity_of(&good);
    struct pq_tls_config server = {.server = true, .identities = &identity, .identities_len = 1};
    struct pq_tls_config client = {.verify = true, .ca = {.file = root.cert}};
    struct pq_tls_config trusting = {.verify = true, .ca = {.file = other.cert}};
    server_context = context_of(&server);
    client_context = context_of(&client);
    trusting_context = context_of(&trusting);
    pq_ca_free(ca);
    pq_ca_free(stranger);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pq_tls_context_free(server_context);
    pq_tls_context_free(client_context);
    pq_tls_context_free(trusting_context);
    folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session),
        cmocka_unit_test(test_more_than_the_kernel_holds),
        cmocka_unit_test(test_how_a_start_comes_out),
        cmocka_unit_test(test_a_late_answer),
        cmocka_unit_test(test_hello_behind_plaintext),
        cmocka_unit_test(test_early_octets),
        cmocka_unit_test(test_an_engine_that_cannot_be_made),
        cmocka_unit_test(test_ends_inside_tls),
        cmocka_unit_test(test_how_we_end),
        cmocka_unit_test(test_tls_breaks_off),
        cmocka_unit_test(test_every_call_fails_once),
    };
    return cmocka_run_group_tests_name("stream_tls", tests, set_up, tear_down);
}
