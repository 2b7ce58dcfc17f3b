/* SPDX-License-Identifier: Apache-2.0
 * Listeners, and streams without TLS, over real sockets and pipes. */
#include "net/stream_testing.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

static struct test_folder folder;

static void test_octets_pass_both_ways(void **state)
{
    (void)state;
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        struct ends e = ends_of(&folder, form);
        send_all(&e.ours, PQ_SLICE("QUIT\r\n"));
        expect(&e.theirs, "QUIT\r\n");
        send_all(&e.theirs, PQ_SLICE("+OK"));
        send_all(&e.theirs, PQ_SLICE(" bye\r\n"));
        expect(&e.ours, "+OK bye\r\n");
        assert_int_equal(pq_stream_half_close(&e.ours, 0), PQ_STREAM_OK);
        assert_int_equal(recv_one(&e.theirs, GENEROUS_MS), PQ_STREAM_CLOSED);
        assert_int_equal(recv_one(&e.theirs, GENEROUS_MS), PQ_STREAM_CLOSED);
        assert_true(e.theirs.fin_seen && !e.theirs.reset_seen && pq_stream_is_ready(&e.theirs));
        send_all(&e.theirs, PQ_SLICE("late"));
        expect(&e.ours, "late");
        pq_stream_close(&e.theirs);
        assert_int_equal(pq_stream_await_fin(&e.ours, soon(GENEROUS_MS)), PQ_STREAM_CLOSED);
        assert_int_equal(pq_stream_await_fin(&e.ours, 0), PQ_STREAM_CLOSED);
        ends_close(&e);
        assert_int_equal(pq_stream_fd(&e.ours), -1);
    }
}

static void test_ports_and_paths_in_use(void **state)
{
    (void)state;
    char path[128], text[160];
    struct stat st;
    struct pq_listener second;
    struct pq_why why = {""};
    (void)snprintf(path, sizeof(path), "%s/busy", folder.path);
    (void)snprintf(text, sizeof(text), "unix:%s", path);
    const char *const texts[] = {"tcp://127.0.0.1:0", text, v6_text()};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct pq_listener l = listen_to(texts[i]);
        assert_true(l.addr.kind == PQ_ADDR_UNIX || l.addr.port != 0);
        assert_int_equal(pq_listener_open(&second, &l.addr, false, &why), PQ_STATUS_NET);
        assert_non_null(strstr(why.text, "is in use: end the program that holds it"));
        assert_int_equal(second.fd, -1);
        struct ends e = connect_to(&l); /* the first still listens */
        ends_close(&e);
        pq_listener_close(&l);
        pq_listener_close(&l);
    }
    assert_int_not_equal(lstat(path, &st), 0);
    /* A file that is no socket stays; a socket without a program is replaced. */
    struct pq_addr addr = {.kind = PQ_ADDR_UNIX};
    (void)snprintf(addr.path, sizeof(addr.path), "%.80s", path);
    file_write(path, PQ_SLICE("mail"));
    assert_int_equal(pq_listener_open(&second, &addr, false, &why), PQ_STATUS_NET);
    assert_int_equal(unlink(path), 0);
    struct pq_listener l = listen_to(text);
    (void)close(l.fd);
    struct pq_listener heir = listen_to(text);
    pq_listener_close(&heir);
}

/* A program that does not come to accepting is alive all the same. */
static void test_a_full_queue_is_no_dead_socket(void **state)
{
    (void)state;
    static struct pq_stream waiting[1000];
    char text[160];
    struct pq_endpoints to;
    struct pq_listener second;
    enum pq_status status = PQ_STATUS_OK;
    size_t n = 0;
    (void)snprintf(text, sizeof(text), "unix:%s/full", folder.path);
    struct pq_listener l = listen_to(text);
    assert_int_equal(pq_addr_resolve(&l.addr, &to, NULL), PQ_STATUS_OK);
    for (; n < COUNT(waiting) && status == PQ_STATUS_OK; n++) {
        pq_stream_init(&waiting[n], NULL);
        status = pq_stream_connect(&waiting[n], &to, 0);
    }
    assert_int_equal(status, PQ_STATUS_TIMEOUT);
    assert_int_equal(pq_listener_open(&second, &l.addr, false, NULL), PQ_STATUS_NET);
    while (n > 0)
        pq_stream_close(&waiting[--n]);
    pq_listener_close(&l);
}

static void test_places_where_nobody_can_listen(void **state)
{
    (void)state;
    static const struct place_case {
        const char *text, *because;
        enum pq_status status;
    } cases[] = {
        {"unix:/nonexistent/socket", "No such file", PQ_STATUS_NET},
        {"tcp://198.51.100.1:0", "cannot listen on tcp://198.51.100.1:0: ", PQ_STATUS_NET},
        {"tcp://[1.2.3.4]:0", "cannot resolve", PQ_STATUS_ADDRESS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pq_addr addr;
        struct pq_listener l;
        struct pq_why why = {""};
        assert_int_equal(pq_addr_parse(pq_slice_text(cases[i].text), &addr, NULL), PQ_STATUS_OK);
        assert_int_equal(pq_listener_open(&l, &addr, true, &why), cases[i].status);
        assert_non_null(strstr(why.text, cases[i].because));
        assert_int_equal(l.fd, -1);
    }
}

static void test_other_machines_need_permission(void **state)
{
    (void)state;
    static const char *const texts[] = {"tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://192.0.2.1:0"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct pq_addr addr;
        struct pq_listener l;
        struct pq_why why = {""};
        assert_int_equal(pq_addr_parse(pq_slice_text(texts[i]), &addr, NULL), PQ_STATUS_OK);
        assert_int_equal(pq_listener_open(&l, &addr, false, &why), PQ_STATUS_ADDRESS);
        assert_non_null(strstr(why.text, "is not loopback"));
        assert_int_equal(l.fd, -1);
    }
}

static void test_nobody_listens(void **state)
{
    (void)state;
    struct pq_stream s;
    struct pq_listener dead = listen_to("tcp://127.0.0.1:0"),
                       alive = listen_to("tcp://127.0.0.1:0");
    struct pq_endpoints to, live;
    assert_int_equal(pq_addr_resolve(&dead.addr, &to, NULL), PQ_STATUS_OK);
    assert_int_equal(pq_addr_resolve(&alive.addr, &live, NULL), PQ_STATUS_OK);
    pq_listener_close(&dead);
    pq_stream_init(&s, NULL);
    assert_int_equal(pq_stream_connect(&s, &to, soon(GENEROUS_MS)), PQ_STATUS_NET);
    assert_non_null(strstr(s.why.text, "cannot connect to tcp://127.0.0.1:"));
    assert_non_null(strstr(s.why.text, ": Connection refused"));
    assert_int_equal(pq_stream_fd(&s), -1);
    /* The second address of a name is tried when the first refuses. */
    to.each[to.len++] = live.each[0];
    assert_int_equal(pq_stream_connect(&s, &to, soon(GENEROUS_MS)), PQ_STATUS_OK);
    pq_stream_close(&s);
    pq_stream_close(&s);
    to.len = 0;
    assert_int_equal(pq_stream_connect(&s, &to, soon(GENEROUS_MS)), PQ_STATUS_NET);
    assert_non_null(strstr(s.why.text, "has no address"));
    pq_listener_close(&alive);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static void test_silence_ends_at_the_deadline(void **state)
{
    (void)state;
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        struct ends e = ends_of(&folder, form);
        uint64_t begun = soon(0);
        assert_int_equal(recv_one(&e.ours, SHORT_MS), PQ_STREAM_TIMEOUT);
        assert_true(soon(0) - begun >= SHORT_MS);
        assert_int_equal(recv_one(&e.ours, 0), PQ_STREAM_TIMEOUT);
        assert_int_equal(pq_stream_await_fin(&e.ours, soon(1)), PQ_STREAM_TIMEOUT);
        send_all(&e.theirs, PQ_SLICE("x"));
        expect(&e.ours, "x"); /* a timeout changes nothing */
        ends_close(&e);
    }
    struct pq_stream s;
    struct pq_listener l = listen_to("tcp://127.0.0.1:0");
    pq_stream_init(&s, NULL);
    assert_int_equal(pq_listener_accept(&l, &s, soon(1)), PQ_STATUS_TIMEOUT);
    pq_listener_close(&l);
}

static void test_sending_resumes(void **state)
{
    (void)state;
    static uint8_t octets[64u << 20], back[sizeof(octets)]; /* the kernel may hold 36 MiB */
    struct pq_rand rand;
    pq_rand_init(&rand, 5);
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)pq_rand_next(&rand);
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        struct ends e = ends_of(&folder, form);
        struct pq_slice rest = pq_slice_of(octets, sizeof(octets));
        size_t len = 0, got = 0;
        /* Nobody reads: more than the kernel holds cannot go. */
        assert_int_equal(pq_stream_send(&e.ours, &rest, soon(SHORT_MS)), PQ_STREAM_TIMEOUT);
        assert_true(rest.len > 0 && rest.len < sizeof(octets));
        while (len < sizeof(octets)) {
            enum pq_stream_result sent = pq_stream_send(&e.ours, &rest, 0);
            assert_true(sent == (rest.len == 0 ? PQ_STREAM_OK : PQ_STREAM_TIMEOUT));
            assert_int_equal(
                pq_stream_recv(&e.theirs, back + len, sizeof(back) - len, &got, soon(GENEROUS_MS)),
                PQ_STREAM_OK);
            len += got;
        }
        assert_memory_equal(octets, back, sizeof(octets));
        ends_close(&e);
    }
}

/* ---- ends of connections --------------------------------------------------------------------- */

static void test_reset_is_not_closed(void **state)
{
    (void)state;
    struct ends e = ends_of(&folder, FORM_V4);
    send_all(&e.ours, PQ_SLICE("last words"));
    expect(&e.theirs, "last");
    pq_stream_reset(&e.ours);
    expect(&e.theirs, " words");
    assert_int_equal(recv_one(&e.theirs, GENEROUS_MS), PQ_STREAM_RESET);
    assert_int_equal(recv_one(&e.theirs, GENEROUS_MS), PQ_STREAM_RESET);
    assert_true(e.theirs.reset_seen && !e.theirs.fin_seen);
    assert_string_equal(e.theirs.why.text, "cannot receive: Connection reset by peer");
    ends_close(&e);
    /* What was received before a reset is not lost when sending meets the reset first. */
    e = ends_of(&folder, FORM_V4);
    send_all(&e.theirs, PQ_SLICE("-ERR"));
    struct pollfd arrived = {.fd = pq_stream_fd(&e.ours), .events = POLLIN};
    assert_int_equal(poll(&arrived, 1, GENEROUS_MS), 1);
    pq_stream_reset(&e.theirs);
    arrived.events = 0; /* leaves POLLHUP */
    assert_int_equal(poll(&arrived, 1, GENEROUS_MS), 1);
    struct pq_slice more = PQ_SLICE("QUIT\r\n");
    assert_int_equal(pq_stream_send(&e.ours, &more, soon(GENEROUS_MS)), PQ_STREAM_RESET);
    expect(&e.ours, "-ERR");
    assert_int_equal(recv_one(&e.ours, GENEROUS_MS), PQ_STREAM_RESET);
    assert_int_equal(pq_stream_await_fin(&e.ours, soon(GENEROUS_MS)), PQ_STREAM_RESET);
    ends_close(&e);
}

/* Closing with octets that nobody read must not look like a reset. */
static void test_close_ends_with_fin(void **state)
{
    (void)state;
    static uint8_t octets[10000];
    const int all = sizeof(octets);
    for (size_t i = 0; i < 2; i++) {
        struct ends e = ends_of(&folder, FORM_V4);
        struct pollfd arrived = {.fd = pq_stream_fd(&e.ours), .events = POLLIN};
        send_all(&e.theirs, pq_slice_of(octets, sizeof(octets)));
        assert_int_equal(setsockopt(arrived.fd, SOL_SOCKET, SO_RCVLOWAT, &all, sizeof(all)), 0);
        assert_int_equal(poll(&arrived, 1, GENEROUS_MS), 1);
        if (i == 0)
            pq_stream_close(&e.ours);
        else
            pq_stream_cut(&e.ours);
        arrived.fd = pq_stream_fd(&e.theirs);
        assert_int_equal(poll(&arrived, 1, GENEROUS_MS), 1);
        assert_int_equal(arrived.revents, POLLIN); /* neither POLLERR nor POLLHUP */
        assert_int_equal(recv_one(&e.theirs, GENEROUS_MS), PQ_STREAM_CLOSED);
        ends_close(&e);
    }
}

static void test_nobody_reads_any_more(void **state)
{
    (void)state;
    for (enum form form = FORM_V4; form <= FORM_UNIX; form++) {
        struct ends e = ends_of(&folder, form);
        enum pq_stream_result result = PQ_STREAM_OK;
        pq_stream_close(&e.theirs);
        /* SIGPIPE would end the test here. The first octets may still find a way. */
        for (int i = 0; i < 1000 && result == PQ_STREAM_OK; i++) {
            struct pq_slice octets = PQ_SLICE("NOOP\r\n");
            result = pq_stream_send(&e.ours, &octets, soon(GENEROUS_MS));
        }
        assert_true(result == PQ_STREAM_CLOSED || result == PQ_STREAM_RESET);
        ends_close(&e);
    }
}

/* Only TCP has RST; the peer of anything else finds an end. */
static void test_reset_without_tcp(void **state)
{
    (void)state;
    static const struct reset_case {
        enum form form;
        enum pq_stream_result unread, read;
    } cases[] = {{FORM_UNIX, PQ_STREAM_RESET, PQ_STREAM_CLOSED},
                 {FORM_PIPES, PQ_STREAM_CLOSED, PQ_STREAM_CLOSED}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ends e = ends_of(&folder, cases[i].form);
        send_all(&e.theirs, PQ_SLICE("unread"));
        pq_stream_reset(&e.ours);
        pq_stream_reset(&e.ours);
        assert_int_equal(recv_one(&e.theirs, GENEROUS_MS), cases[i].unread);
        ends_close(&e);
        e = ends_of(&folder, cases[i].form);
        pq_stream_reset(&e.ours);
        assert_int_equal(recv_one(&e.theirs, GENEROUS_MS), cases[i].read);
        ends_close(&e);
    }
}

static void test_what_descriptors_are_like(void **state)
{
    (void)state;
    int on = 0;
    socklen_t len = sizeof(on);
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        struct ends e = ends_of(&folder, form);
        const int fds[] = {e.ours.in, e.ours.out, e.theirs.in, e.theirs.out};
        for (size_t i = 0; i < COUNT(fds); i++) {
            assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
            assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        }
        assert_int_equal(e.ours.tcp, form == FORM_V4 || form == FORM_V6);
        if (form == FORM_V4)
            assert_int_equal(getsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
        ends_close(&e);
    }
    assert_int_not_equal(on, 0);
}

static void test_bad_descriptors(void **state)
{
    (void)state;
    struct pq_stream s;
    int fd = open("/dev/null", O_RDONLY);
    pq_stream_init(&s, NULL);
    assert_int_equal(pq_stream_from_fd(&s, fd, 1000000), PQ_STATUS_NET);
    assert_non_null(strstr(s.why.text, "1000000 make no stream"));
    assert_int_equal(pq_stream_fd(&s), -1);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
}

/* ---- several at once ------------------------------------------------------------------------- */

static void test_waiting_for_any(void **state)
{
    (void)state;
    struct ends e[FORM_COUNT];
    struct pq_stream_wait waits[FORM_COUNT];
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        e[form] = ends_of(&folder, form);
        waits[form] = (struct pq_stream_wait){.stream = &e[form].ours, .ready = true};
    }
    assert_int_equal(pq_stream_wait_any(waits, FORM_COUNT, soon(SHORT_MS)), PQ_STREAM_TIMEOUT);
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        send_all(&e[form].theirs, PQ_SLICE("x"));
        assert_int_equal(pq_stream_wait_any(waits, FORM_COUNT, soon(GENEROUS_MS)), PQ_STREAM_OK);
        for (enum form other = FORM_V4; other < FORM_COUNT; other++)
            assert_int_equal(waits[other].ready, other == form);
        expect(&e[form].ours, "x");
    }
    assert_int_equal(pq_stream_wait_any(waits, FORM_COUNT, 0), PQ_STREAM_TIMEOUT);
    pq_stream_close(&e[FORM_UNIX].theirs);
    assert_int_equal(pq_stream_wait_any(waits, FORM_COUNT, soon(GENEROUS_MS)), PQ_STREAM_OK);
    assert_true(waits[FORM_UNIX].ready && !waits[FORM_V4].ready);
    for (enum form form = FORM_V4; form < FORM_COUNT; form++)
        ends_close(&e[form]);
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
        cmocka_unit_test(test_octets_pass_both_ways),
        cmocka_unit_test(test_ports_and_paths_in_use),
        cmocka_unit_test(test_a_full_queue_is_no_dead_socket),
        cmocka_unit_test(test_places_where_nobody_can_listen),
        cmocka_unit_test(test_other_machines_need_permission),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_silence_ends_at_the_deadline),
        cmocka_unit_test(test_sending_resumes),
        cmocka_unit_test(test_reset_is_not_closed),
        cmocka_unit_test(test_close_ends_with_fin),
        cmocka_unit_test(test_nobody_reads_any_more),
        cmocka_unit_test(test_reset_without_tcp),
        cmocka_unit_test(test_what_descriptors_are_like),
        cmocka_unit_test(test_bad_descriptors),
        cmocka_unit_test(test_waiting_for_any),
    };
    return cmocka_run_group_tests_name("net", tests, set_up, tear_down);
}
