/* SPDX-License-Identifier: Apache-2.0
 * Addresses, listeners, and streams without TLS: over real sockets, over pipes, and over calls that
 * fail. Deadlines that must pass are short; those that must not are generous. */
#define _DEFAULT_SOURCE
#include "net/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "net/listen.h"

static struct test_folder folder;

/* ---- addresses --------------------------------------------------------------------------------
 */

static const struct addr_case {
    struct pq_slice text;
    const char *host; /* NULL: refused; of a Unix socket its path */
    uint16_t port;
    const char *because;
} addr_cases[] = {
    {PQ_SLICE_INIT("tcp://pop.example.test:110"), "pop.example.test", 110, NULL},
    {PQ_SLICE_INIT("tcp://127.0.0.1:0"), "127.0.0.1", 0, NULL},
    {PQ_SLICE_INIT("tcp://[::1]:65535"), "::1", 65535, NULL},
    {PQ_SLICE_INIT("tcp://[fe80::1%lo]:995"), "fe80::1%lo", 995, NULL},
    {PQ_SLICE_INIT("unix:/run/pop 3.sock"), "/run/pop 3.sock", 0, NULL},
    {PQ_SLICE_INIT("tcp://[::1]:65536"), NULL, 0, "a port from 0 to 65535"},
    {PQ_SLICE_INIT("tcp://host:"), NULL, 0, "a port from 0 to 65535"},
    {PQ_SLICE_INIT("tcp://host"), NULL, 0, "a port from 0 to 65535"},
    {PQ_SLICE_INIT("tcp://host:+1"), NULL, 0, "a port from 0 to 65535"},
    {PQ_SLICE_INIT("tcp://host:1/"), NULL, 0, "a port from 0 to 65535"},
    {PQ_SLICE_INIT("tcp://[::1]110"), NULL, 0, "a port from 0 to 65535"},
    {PQ_SLICE_INIT("tcp://[::1"), NULL, 0, "a port from 0 to 65535"},
    {PQ_SLICE_INIT("tcp://::1:110"), NULL, 0, "in brackets"},
    {PQ_SLICE_INIT("tcp://:110"), NULL, 0, "the host is empty"},
    {PQ_SLICE_INIT("tcp://[]:110"), NULL, 0, "the host is empty"},
    {PQ_SLICE_INIT("tcp://a b:110"), NULL, 0, "an octet that none has"},
    {PQ_SLICE_INIT("tcp://a\0b:110"), NULL, 0, "an octet that none has"},
    {PQ_SLICE_INIT("tcp://user@host:110"), NULL, 0, "an octet that none has"},
    {PQ_SLICE_INIT("unix:relative"), NULL, 0, "begins with a slash"},
    {PQ_SLICE_INIT("unix:"), NULL, 0, "begins with a slash"},
    {PQ_SLICE_INIT("unix:/a\0b"), NULL, 0, "holds a NUL"},
    {PQ_SLICE_INIT("TCP://host:110"), NULL, 0, "write tcp://HOST:PORT"},
    {PQ_SLICE_INIT("host:110"), NULL, 0, "write tcp://HOST:PORT"},
    {PQ_SLICE_INIT("\x1b[2J"), NULL, 0, "\"?[2J\" is no address"},
    {PQ_SLICE_INIT(""), NULL, 0, "write tcp://HOST:PORT"},
};

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(addr_cases); i++) {
        const struct addr_case *c = &addr_cases[i];
        struct pq_addr addr = {.port = 77};
        struct pq_why why = {""};
        uint8_t memory[PQ_ADDR_TEXT_MAX];
        struct pq_buf out;
        if (!c->host) {
            assert_int_equal(pq_addr_parse(guard_slice(c->text), &addr, &why), PQ_STATUS_ADDRESS);
            assert_non_null(strstr(why.text, c->because));
            assert_int_equal(addr.port, 77);
            continue;
        }
        assert_int_equal(pq_addr_parse(guard_slice(c->text), &addr, NULL), PQ_STATUS_OK);
        assert_string_equal(addr.kind == PQ_ADDR_UNIX ? addr.path : addr.host, c->host);
        assert_int_equal(addr.port, c->port);
        pq_buf_init(&out, memory, c->text.len);
        assert_int_equal(pq_addr_write(&addr, &out), PQ_STATUS_OK);
        assert_true(pq_slice_equal(pq_buf_slice(&out), c->text));
        pq_buf_init(&out, memory, c->text.len - 1);
        assert_int_equal(pq_addr_write(&addr, &out), PQ_STATUS_NO_ROOM);
        assert_int_equal(out.len, 0);
    }
}

static void test_limits_of_addresses(void **state)
{
    (void)state;
    char text[PQ_ADDR_TEXT_MAX + 2], filler[PQ_ADDR_TEXT_MAX];
    struct pq_addr addr;
    (void)memset(filler, 'x', sizeof(filler));
    for (int n = (int)PQ_ADDR_HOST_MAX - 1; n <= (int)PQ_ADDR_HOST_MAX + 1; n++) {
        int len = snprintf(text, sizeof(text), "tcp://%.*s:65535", n, filler);
        assert_true(len > 0 && (size_t)len < sizeof(text));
        assert_int_equal(pq_addr_parse(pq_slice_text(text), &addr, NULL),
                         n <= (int)PQ_ADDR_HOST_MAX ? PQ_STATUS_OK : PQ_STATUS_ADDRESS);
    }
    for (int n = (int)PQ_ADDR_PATH_MAX - 1; n <= (int)PQ_ADDR_PATH_MAX + 1; n++) {
        (void)snprintf(text, sizeof(text), "unix:/%.*s", n - 1, filler);
        assert_int_equal(pq_addr_parse(pq_slice_text(text), &addr, NULL),
                         n <= (int)PQ_ADDR_PATH_MAX ? PQ_STATUS_OK : PQ_STATUS_ADDRESS);
    }
}

static struct pq_endpoints resolve(const char *text)
{
    struct pq_addr addr;
    struct pq_endpoints found;
    struct pq_why why = {""};
    assert_int_equal(pq_addr_parse(pq_slice_text(text), &addr, NULL), PQ_STATUS_OK);
    assert_int_equal(pq_addr_resolve(&addr, &found, &why), PQ_STATUS_OK);
    return found;
}

static void test_resolving(void **state)
{
    (void)state;
    static const struct loopback_case {
        const char *text, *number;
        bool loopback;
    } cases[] = {
        {"tcp://127.0.0.1:110", "tcp://127.0.0.1:110", true},
        {"tcp://127.255.0.9:110", "tcp://127.255.0.9:110", true},
        {"tcp://128.0.0.1:110", "tcp://128.0.0.1:110", false},
        {"tcp://0.0.0.0:110", "tcp://0.0.0.0:110", false},
        {"tcp://[::1]:110", "tcp://[::1]:110", true},
        {"tcp://[::]:110", "tcp://[::]:110", false},
        {"tcp://[::2]:110", "tcp://[::2]:110", false},
        {"tcp://[::ffff:127.0.0.1]:110", "tcp://[::ffff:127.0.0.1]:110", true},
        {"tcp://[::ffff:10.0.0.1]:110", "tcp://[::ffff:10.0.0.1]:110", false},
        {"unix:/tmp/x", "unix:/tmp/x", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pq_endpoints found = resolve(cases[i].text);
        assert_int_equal(found.len, 1);
        assert_int_equal(pq_endpoint_is_loopback(&found.each[0]), cases[i].loopback);
        assert_string_equal(pq_endpoint_text(&found.each[0]).at, cases[i].number);
    }
    struct pq_addr addr;
    struct pq_endpoints found;
    struct pq_why why = {""};
    assert_int_equal(pq_addr_parse(PQ_SLICE("tcp://[1.2.3.4]:1"), &addr, NULL), PQ_STATUS_OK);
    assert_int_equal(pq_addr_resolve(&addr, &found, &why), PQ_STATUS_ADDRESS);
    assert_non_null(strstr(why.text, "cannot resolve tcp://[1.2.3.4]:1: "));
}

/* ---- listeners and connections ----------------------------------------------------------------
 */

#define GENEROUS_MS 10000u
#define SHORT_MS 60u

static uint64_t soon(uint32_t ms)
{
    return pq_io_deadline(pq_io_system(), ms);
}

static struct pq_listener listen_to(const char *text)
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

static struct ends connect_to(struct pq_listener *l)
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
static const char *v6_text(void)
{
    struct pq_listener l;
    struct pq_addr addr;
    assert_int_equal(pq_addr_parse(PQ_SLICE("tcp://[::1]:0"), &addr, NULL), PQ_STATUS_OK);
    bool there = pq_listener_open(&l, &addr, false, NULL) == PQ_STATUS_OK;
    pq_listener_close(&l);
    return there ? "tcp://[::1]:0" : "tcp://127.0.0.1:0";
}

static struct ends ends_of_pipes(void)
{
    int there[2], back[2];
    struct ends e;
    assert_true(pipe(there) == 0 && pipe(back) == 0);
    pq_stream_init(&e.ours, NULL);
    pq_stream_init(&e.theirs, NULL);
    assert_int_equal(pq_stream_from_fd(&e.ours, back[0], there[1]), PQ_STATUS_OK);
    assert_int_equal(pq_stream_from_fd(&e.theirs, there[0], back[1]), PQ_STATUS_OK);
    return e;
}

static struct ends ends_of(enum form form)
{
    char text[128];
    (void)snprintf(text, sizeof(text), "unix:%s/socket", folder.path);
    const char *const texts[] = {"tcp://127.0.0.1:0", text, v6_text()};
    if (form == FORM_PIPES)
        return ends_of_pipes();
    struct pq_listener l = listen_to(texts[form]);
    struct ends e = connect_to(&l);
    pq_listener_close(&l);
    return e;
}

static void ends_close(struct ends *e)
{
    pq_stream_close(&e->ours);
    pq_stream_close(&e->theirs);
}

static void send_all(struct pq_stream *s, struct pq_slice octets)
{
    assert_int_equal(pq_stream_send(s, &octets, soon(GENEROUS_MS)), PQ_STREAM_OK);
    assert_int_equal(octets.len, 0);
}

/* Receives exactly `text`. */
static void expect(struct pq_stream *s, const char *text)
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

static enum pq_stream_result recv_one(struct pq_stream *s, uint32_t ms)
{
    uint8_t octet;
    size_t got = 0;
    return pq_stream_recv(s, &octet, 1, &got, soon(ms));
}

static void test_octets_pass_both_ways(void **state)
{
    (void)state;
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        struct ends e = ends_of(form);
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

/* ---- deadlines --------------------------------------------------------------------------------
 */

static void test_silence_ends_at_the_deadline(void **state)
{
    (void)state;
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        struct ends e = ends_of(form);
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
    static uint8_t octets[4u << 20], back[sizeof(octets)];
    struct pq_rand rand;
    pq_rand_init(&rand, 5);
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)pq_rand_next(&rand);
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        struct ends e = ends_of(form);
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

/* ---- ends of connections ----------------------------------------------------------------------
 */

static void test_reset_is_not_closed(void **state)
{
    (void)state;
    struct ends e = ends_of(FORM_V4);
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
    e = ends_of(FORM_V4);
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
        struct ends e = ends_of(FORM_V4);
        struct pollfd arrived = {.fd = pq_stream_fd(&e.ours), .events = POLLIN};
        send_all(&e.theirs, pq_slice_of(octets, sizeof(octets)));
        assert_int_equal(setsockopt(arrived.fd, SOL_SOCKET, SO_RCVLOWAT, &all, sizeof(all)), 0);
        assert_int_equal(poll(&arrived, 1, GENEROUS_MS), 1);
        if (i == 0)
            pq_stream_close(&e.ours);
        else
            pq_stream_cut(&e.ours);
        assert_int_equal(recv_one(&e.theirs, GENEROUS_MS), PQ_STREAM_CLOSED);
        ends_close(&e);
    }
}

static void test_nobody_reads_any_more(void **state)
{
    (void)state;
    for (enum form form = FORM_V4; form <= FORM_UNIX; form++) {
        struct ends e = ends_of(form);
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

/* ---- several at once --------------------------------------------------------------------------
 */

static void test_waiting_for_any(void **state)
{
    (void)state;
    struct ends e[FORM_COUNT];
    struct pq_stream_wait waits[FORM_COUNT];
    for (enum form form = FORM_V4; form < FORM_COUNT; form++) {
        e[form] = ends_of(form);
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

/* ---- calls that fail --------------------------------------------------------------------------
 */

/* The system's calls, of which one may fail, on a clock that only waiting moves. */
struct rig {
    uint64_t now;
    int connect_error, wait_error, accept_error; /* errno values; zero: none */
    unsigned interrupts;                         /* calls that fail with EINTR first */
    unsigned waits;
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
    r->waits++;
    errno = r->wait_error;
    if (r->wait_error || rig_interrupts(r))
        return -1;
    r->now += timeout_ms > 0 ? (uint64_t)timeout_ms : 0;
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

static void test_interrupts_and_crumbs(void **state)
{
    (void)state;
    struct rig r = {.interrupts = 5};
    struct pq_io io = rig_io(&r);
    struct ends e = ends_of(FORM_UNIX);
    e.ours.io = e.theirs.io = &io;
    send_all(&e.ours, PQ_SLICE("one octet at a time"));
    r.interrupts = 5;
    expect(&e.theirs, "one octet at a time");
    r.interrupts = 3;
    assert_int_equal(recv_one(&e.theirs, 100), PQ_STREAM_TIMEOUT);
    assert_true(r.interrupts == 0 && r.now >= 100);
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
    assert_true(r.now == 900 && r.waits >= 3);
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

static void test_failures_have_reasons(void **state)
{
    (void)state;
    struct rig r = {.wait_error = ENOMEM};
    struct pq_io io = rig_io(&r);
    struct ends e = ends_of(FORM_V4);
    struct pq_listener l = listen_to("tcp://127.0.0.1:0");
    struct pq_stream s;
    struct pq_stream_wait wait = {.stream = &e.ours};
    uint8_t octet;
    size_t got = 0;
    e.ours.io = &io;
    assert_int_equal(pq_stream_recv(&e.ours, &octet, 1, &got, 100), PQ_STREAM_FAILED);
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
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_limits_of_addresses),
        cmocka_unit_test(test_resolving),
        cmocka_unit_test(test_octets_pass_both_ways),
        cmocka_unit_test(test_ports_and_paths_in_use),
        cmocka_unit_test(test_other_machines_need_permission),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_silence_ends_at_the_deadline),
        cmocka_unit_test(test_sending_resumes),
        cmocka_unit_test(test_reset_is_not_closed),
        cmocka_unit_test(test_close_ends_with_fin),
        cmocka_unit_test(test_nobody_reads_any_more),
        cmocka_unit_test(test_bad_descriptors),
        cmocka_unit_test(test_waiting_for_any),
        cmocka_unit_test(test_interrupts_and_crumbs),
        cmocka_unit_test(test_each_address_has_its_share_of_time),
        cmocka_unit_test(test_failures_have_reasons),
        cmocka_unit_test(test_deadlines),
    };
    return cmocka_run_group_tests_name("net", tests, set_up, tear_down);
}
