/* SPDX-License-Identifier: Apache-2.0
 * Streams over calls that fail, on a clock of the test's own. */
#include "net/stream_testing.h"

#include <errno.h>

static struct test_folder folder;

/* ---- calls that fail ------------------------------------------------------------------------- */

/* The system's calls, of which one may fail, on a clock that only waiting moves. */
struct rig {
    uint64_t now;
    int connect_error, wait_error, accept_error; /* errno values; zero: none */
    unsigned interrupts;                         /* calls that fail with EINTR first */
    bool impatient;                              /* waiting ends after half of the time */
    int longest_wait_ms;
};

static bool rig_interrupts(struct rig *r)
{
    errno = EINTR;
    return r->interrupts > 0 && r->interrupts-- > 0;
}

static int rig_connect(void *ctx, int fd, const struct pq_endpoint *to)
{
    struct rig *r = ctx;
    errno = r->connect_error;
    return r->connect_error ? -1 : pq_io_system()->connect(NULL, fd, to);
}

static int rig_accept(void *ctx, int fd)
{
    struct rig *r = ctx;
    errno = r->accept_error;
    if (r->accept_error)
        return -1;
    return rig_interrupts(r) ? -1 : pq_io_system()->accept(NULL, fd);
}

static ssize_t rig_send(void *ctx, int fd, struct pq_slice octets)
{
    return rig_interrupts(ctx) ? -1 : pq_io_system()->send(NULL, fd, pq_slice_first(octets, 1));
}

static ssize_t rig_recv(void *ctx, int fd, void *at, size_t cap)
{
    return rig_interrupts(ctx) ? -1 : pq_io_system()->recv(NULL, fd, at, cap > 1 ? 1 : cap);
}

/* Nothing ever happens, and time passes. */
static int rig_wait(void *ctx, struct pollfd *fds, size_t n, int timeout_ms)
{
    struct rig *r = ctx;
    (void)fds;
    (void)n;
    r->longest_wait_ms = timeout_ms > r->longest_wait_ms ? timeout_ms : r->longest_wait_ms;
    errno = r->wait_error;
    if (r->wait_error || rig_interrupts(r))
        return -1;
    int passed_ms = r->impatient && timeout_ms > 1 ? timeout_ms / 2 : timeout_ms;
    r->now += passed_ms > 0 ? (uint64_t)passed_ms : 0;
    return 0;
}

static uint64_t rig_now(void *ctx)
{
    return ((const struct rig *)ctx)->now;
}

static struct pq_io rig_io(struct rig *r)
{
    struct pq_io io = *pq_io_system();
    io.connect = rig_connect;
    io.accept = rig_accept;
    io.send = rig_send;
    io.recv = rig_recv;
    io.wait = rig_wait;
    io.now_ms = rig_now;
    io.ctx = r;
    return io;
}

static enum pq_stream_result recv_until(struct pq_stream *s, uint64_t deadline)
{
    uint8_t octet;
    size_t got = 0;
    return pq_stream_recv(s, &octet, 1, &got, deadline);
}

static void test_interrupts_and_crumbs(void **state)
{
    (void)state;
    struct rig r = {.interrupts = 5};
    struct pq_io io = rig_io(&r);
    struct ends e = ends_of(&folder, FORM_UNIX);
    e.ours.io = e.theirs.io = &io;
    send_all(&e.ours, PQ_SLICE("one octet at a time"));
    r.interrupts = 5;
    expect(&e.theirs, "one octet at a time");
    r.interrupts = 3;
    r.now = 0;
    assert_int_equal(recv_until(&e.theirs, 100), PQ_STREAM_TIMEOUT);
    assert_true(r.interrupts == 0 && r.now == 100);
    r = (struct rig){.impatient = true};
    assert_int_equal(recv_until(&e.theirs, 100), PQ_STREAM_TIMEOUT);
    assert_true(r.now == 100);
    ends_close(&e);
}

static void test_each_address_has_its_share_of_time(void **state)
{
    (void)state;
    struct rig r = {.connect_error = EINPROGRESS};
    struct pq_io io = rig_io(&r);
    struct pq_stream s;
    struct pq_endpoints to = resolve("tcp://127.0.0.1:1");
    to.each[1] = to.each[2] = to.each[0];
    to.len = 3;
    pq_stream_init(&s, &io);
    assert_int_equal(pq_stream_connect(&s, &to, 900), PQ_STATUS_TIMEOUT);
    assert_true(r.now == 900 && r.longest_wait_ms == 300);
    assert_non_null(strstr(s.why.text, "cannot connect to tcp://127.0.0.1:1: "));
    r = (struct rig){.connect_error = EACCES};
    assert_int_equal(pq_stream_connect(&s, &to, 900), PQ_STATUS_NET);
    assert_non_null(strstr(s.why.text, "Permission denied"));
    /* A Unix socket whose queue is full can only be tried again. */
    to = resolve("unix:/tmp/popquiz-nobody");
    r = (struct rig){.connect_error = EAGAIN};
    assert_int_equal(pq_stream_connect(&s, &to, 100), PQ_STATUS_TIMEOUT);
    assert_int_equal(r.now, 100);
}

/* Gives the socket the port that it connects to, as the kernel may by chance. */
static int connect_to_itself(void *ctx, int fd, const struct pq_endpoint *to)
{
    if (bind(fd, (const struct sockaddr *)&to->at, to->len) != 0)
        return -1;
    return pq_io_system()->connect(ctx, fd, to);
}

static void test_a_socket_that_meets_itself(void **state)
{
    (void)state;
    struct pq_listener free_port = listen_to("tcp://127.0.0.1:0");
    struct pq_io io = *pq_io_system();
    struct pq_stream s;
    struct pq_endpoints to;
    assert_int_equal(pq_addr_resolve(&free_port.addr, &to, NULL), PQ_STATUS_OK);
    pq_listener_close(&free_port);
    io.connect = connect_to_itself;
    pq_stream_init(&s, &io);
    assert_int_equal(pq_stream_connect(&s, &to, soon(GENEROUS_MS)), PQ_STATUS_NET);
    assert_non_null(strstr(s.why.text, ": Connection refused"));
}

static void test_failures_have_reasons(void **state)
{
    (void)state;
    struct rig r = {.wait_error = ENOMEM};
    struct pq_io io = rig_io(&r);
    struct ends e = ends_of(&folder, FORM_V4);
    struct pq_listener l = listen_to("tcp://127.0.0.1:0");
    struct pq_stream s;
    struct pq_stream_wait wait = {.stream = &e.ours};
    e.ours.io = &io;
    assert_int_equal(recv_until(&e.ours, 100), PQ_STREAM_FAILED);
    assert_non_null(strstr(e.ours.why.text, "cannot wait: "));
    assert_int_equal(pq_stream_wait_any(&wait, 1, 100), PQ_STREAM_FAILED);
    pq_stream_init(&s, &io);
    r = (struct rig){.accept_error = EMFILE};
    assert_int_equal(pq_listener_accept(&l, &s, 100), PQ_STATUS_NET);
    assert_non_null(strstr(s.why.text, "cannot accept on tcp://127.0.0.1:"));
    r = (struct rig){.accept_error = ECONNABORTED};
    assert_int_equal(pq_listener_accept(&l, &s, 100), PQ_STATUS_TIMEOUT);
    pq_listener_close(&l);
    ends_close(&e);
}

static void test_deadlines(void **state)
{
    (void)state;
    struct rig r = {.now = 1000};
    struct pq_io io = rig_io(&r);
    assert_true(pq_io_deadline(&io, 50) == 1050);
    assert_int_equal(pq_io_left_ms(&io, 1051), 51);
    assert_int_equal(pq_io_left_ms(&io, 1000), 0);
    assert_int_equal(pq_io_left_ms(&io, 0), 0);
    assert_int_equal(pq_io_left_ms(&io, PQ_DEADLINE_NEVER), -1);
    assert_int_equal(pq_io_left_ms(&io, PQ_DEADLINE_NEVER - 1), INT32_MAX);
    assert_string_equal(pq_stream_result_text(PQ_STREAM_RESET), "the peer reset the connection");
    assert_string_equal(pq_stream_result_text((enum pq_stream_result)99), "an unknown result");
}

static int set_up(void **state)
{
    (void)state;
    folder = folder_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interrupts_and_crumbs),
        cmocka_unit_test(test_each_address_has_its_share_of_time),
        cmocka_unit_test(test_a_socket_that_meets_itself),
        cmocka_unit_test(test_failures_have_reasons),
        cmocka_unit_test(test_deadlines),
    };
    return cmocka_run_group_tests_name("io", tests, set_up, tear_down);
}
