/* SPDX-License-Identifier: Apache-2.0
 * Addresses: text, limits, and what they resolve to. */
#include "net/stream_testing.h"

/* ---- addresses ------------------------------------------------------------------------------- */

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
    /* Brackets hold numbers; no resolver is asked. */
    assert_int_equal(pq_addr_parse(PQ_SLICE("tcp://[localhost]:1"), &addr, NULL), PQ_STATUS_OK);
    assert_int_equal(pq_addr_resolve(&addr, &found, &why), PQ_STATUS_ADDRESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_limits_of_addresses),
        cmocka_unit_test(test_resolving),
    };
    return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
