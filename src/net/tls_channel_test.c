/* SPDX-License-Identifier: Apache-2.0
 * Channel bindings, and who the client of a connection is. */
#include "net/tls_testing.h"

static struct test_folder folder;

struct binding {
    uint8_t memory[PQ_TLS_BINDING_MAX];
    struct pq_buf octets;
    bool there;
};

static struct binding binding_of(const struct pq_tls *t, enum pq_tls_binding kind)
{
    static struct binding b;
    pq_buf_init(&b.octets, b.memory, sizeof(b.memory));
    b.there = pq_tls_binding(t, kind, &b.octets);
    return b;
}

static bool are_equal(const struct binding *a, const struct binding *b)
{
    return a->octets.len == b->octets.len && memcmp(a->memory, b->memory, a->octets.len) == 0;
}

/* ---- channel bindings ------------------------------------------------------------------------ */

/* Both ends have the same, each connection another one. */
static void test_both_ends(void **state)
{
    (void)state;
    static const struct {
        enum pq_tls_version version;
        enum pq_tls_binding kind;
        size_t len; /* zero: not of that version */
    } cases[] = {
        {PQ_TLS_1_3, PQ_TLS_BINDING_EXPORTER, 32}, {PQ_TLS_1_2, PQ_TLS_BINDING_EXPORTER, 32},
        {PQ_TLS_1_2, PQ_TLS_BINDING_UNIQUE, 12},   {PQ_TLS_1_0, PQ_TLS_BINDING_UNIQUE, 12},
        {PQ_TLS_1_3, PQ_TLS_BINDING_UNIQUE, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct duo d = duo_make(&folder, cases[i].version);
        struct binding before = {.there = false};
        for (int round = 0; round < 2; round++) {
            duo_connect(&d, &usual);
            assert_false(binding_of(d.client, cases[i].kind).there);
            run_handshake(d.client, d.server, SIZE_MAX);
            struct binding client = binding_of(d.client, cases[i].kind);
            struct binding server = binding_of(d.server, cases[i].kind);
            assert_int_equal(client.there, cases[i].len > 0);
            assert_int_equal(server.there, cases[i].len > 0);
            assert_int_equal(client.octets.len, cases[i].len);
            assert_true(are_equal(&client, &server));
            if (cases[i].len > 0)
                assert_false(are_equal(&client, &before));
            before = client;
            duo_disconnect(&d);
        }
        duo_free(&d);
    }
}

static void test_no_room(void **state)
{
    (void)state;
    uint8_t memory[32];
    struct duo d = duo_make(&folder, PQ_TLS_1_3);
    duo_connect(&d, &usual);
    run_handshake(d.client, d.server, SIZE_MAX);
    for (size_t room = 31; room <= 32; room++) {
        struct pq_buf out;
        pq_buf_init(&out, memory, room);
        assert_int_equal(pq_tls_binding(d.client, PQ_TLS_BINDING_EXPORTER, &out), room == 32);
        assert_int_equal(out.len, room == 32 ? 32 : 0);
    }
    duo_free(&d);
}

/* tls-unique where it is defined; in TLS 1.3 both ends have something as well. */
static void test_the_first_finished(void **state)
{
    (void)state;
    static const enum pq_tls_version numbers[] = {PQ_TLS_1_2, PQ_TLS_1_3};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint8_t memory[2][PQ_TLS_BINDING_MAX];
        struct pq_buf out[2];
        struct duo d = duo_make(&folder, numbers[i]);
        duo_connect(&d, &usual);
        pq_buf_init(&out[0], memory[0], sizeof(memory[0]));
        pq_buf_init(&out[1], memory[1], sizeof(memory[1]));
        assert_false(pq_tls_first_finished(d.client, &out[0]));
        run_handshake(d.client, d.server, SIZE_MAX);
        assert_true(pq_tls_first_finished(d.client, &out[0]));
        assert_true(pq_tls_first_finished(d.server, &out[1]));
        assert_true(pq_slice_equal(pq_buf_slice(&out[0]), pq_buf_slice(&out[1])));
        struct binding unique = binding_of(d.client, PQ_TLS_BINDING_UNIQUE);
        assert_int_equal(unique.there, numbers[i] == PQ_TLS_1_2);
        if (unique.there)
            assert_memory_equal(unique.memory, memory[0], unique.octets.len);
        duo_free(&d);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(pq_tls_binding_name(PQ_TLS_BINDING_EXPORTER), "tls-exporter");
    assert_string_equal(pq_tls_binding_name(PQ_TLS_BINDING_UNIQUE), "tls-unique");
}

/* ---- resumed sessions ------------------------------------------------------------------------ */

/* A session without the extended master secret, and one that resumes it where the server does; then
 * neither binding is defined, though both ends could agree on something. */
static void test_resumed_sessions(void **state)
{
    (void)state;
    struct test_files good = files_of(&folder, "good");
    struct pq_tls_identity identity = identity_of(&good);
    const struct pq_tls_config client = {.min = PQ_TLS_1_2, .max = PQ_TLS_1_2};
    for (int resumes = 0; resumes < 2; resumes++) {
        const struct pq_tls_config server = {
            .server = true, .resume = resumes, .identities = &identity, .identities_len = 1};
        struct duo first = {.client_context = context_of(&client),
                            .server_context = context_of(&server)};
        struct duo second = first;
        struct pq_tls_peer peer = {.old_secret = true};
        duo_connect(&first, &peer);
        run_handshake(first.client, first.server, SIZE_MAX);
        assert_true(binding_of(first.client, PQ_TLS_BINDING_UNIQUE).there);
        assert_false(binding_of(first.client, PQ_TLS_BINDING_EXPORTER).there);
        peer.resume = first.client;
        duo_connect(&second, &peer);
        run_handshake(second.client, second.server, SIZE_MAX);
        struct pq_tls *ends[] = {second.client, second.server};
        uint8_t memory[2][PQ_TLS_BINDING_MAX];
        struct pq_buf out[2];
        for (size_t i = 0; i < COUNT(ends); i++) {
            assert_int_equal(binding_of(ends[i], PQ_TLS_BINDING_UNIQUE).there, !resumes);
            pq_buf_init(&out[i], memory[i], sizeof(memory[i]));
            assert_true(pq_tls_first_finished(ends[i], &out[i]));
        }
        assert_true(pq_slice_equal(pq_buf_slice(&out[0]), pq_buf_slice(&out[1])));
        duo_disconnect(&second);
        duo_free(&first);
    }
}

/* ---- the client's certificate ---------------------------------------------------------------- */

static void issue_clients(struct pq_ca *ca)
{
    static const struct pq_cert_alt_name addresses[] = {
        {PQ_CERT_ALT_DNS, PQ_SLICE_INIT("tim.example.test")},
        {PQ_CERT_ALT_EMAIL, PQ_SLICE_INIT("tim@example.test")},
        {PQ_CERT_ALT_EMAIL, PQ_SLICE_INIT("tim@example.test\0.evil.test")},
        {PQ_CERT_ALT_EMAIL, PQ_SLICE_INIT("t@example.test")},
    };
    struct pq_cert_request request = request_of("client");
    request.common_name = PQ_SLICE("t\xC3\xAFm");
    request.alt = addresses;
    request.alt_len = COUNT(addresses);
    request.client = true;
    issue(ca, &request);
    request.file = "stranger";
    request.self_signed = true;
    issue(ca, &request);
}

/* A server that asks, and a client that answers with that certificate, or with none. */
static struct duo ask(const char *file)
{
    struct test_files good = files_of(&folder, "good"), root = files_of(&folder, "ca");
    struct test_files own = files_of(&folder, file ? file : "good");
    struct pq_tls_identity of_server = identity_of(&good), of_client = identity_of(&own);
    const struct pq_tls_config client = {.identities = &of_client, .identities_len = file ? 1 : 0};
    const struct pq_tls_config server = {.server = true,
                                         .ask = true,
                                         .ca = {.file = root.cert},
                                         .identities = &of_server,
                                         .identities_len = 1};
    struct duo d = {.client_context = context_of(&client), .server_context = context_of(&server)};
    duo_connect(&d, &usual);
    run_handshake(d.client, d.server, SIZE_MAX);
    return d;
}

static void check_name(const struct pq_tls *t, size_t index, const char *want)
{
    uint8_t memory[64];
    struct pq_buf out;
    pq_buf_init(&out, memory, sizeof(memory));
    assert_int_equal(pq_tls_peer_name(t, index, &out), want != NULL);
    assert_true(pq_slice_equal(pq_buf_slice(&out), pq_slice_text(want)));
}

static void test_names_of_the_client(void **state)
{
    (void)state;
    struct duo d = ask("client");
    assert_int_equal(pq_tls_end(d.server), PQ_TLS_END_NONE);
    check_name(d.server, 0, "t\xC3\xAFm");
    check_name(d.server, 1, "tim@example.test");
    check_name(d.server, 2, NULL);
    check_name(d.server, 3, "t@example.test");
    check_name(d.server, 4, NULL);
    check_name(d.client, 0, NULL); /* it did not look whether the server's is good */
    duo_free(&d);
}

static void test_no_certificate(void **state)
{
    (void)state;
    struct duo d = ask(NULL);
    assert_int_equal(pq_tls_end(d.server), PQ_TLS_END_NONE);
    check_name(d.server, 0, NULL);
    duo_free(&d);
}

static void test_certificate_of_a_stranger(void **state)
{
    (void)state;
    struct duo d = ask("stranger");
    assert_int_equal(pq_tls_end(d.server), PQ_TLS_END_REFUSED);
    check_name(d.server, 0, NULL);
    duo_free(&d);
}

/* ---- all ------------------------------------------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    folder = folder_make();
    struct pq_ca *ca = ca_make(&folder, "ca");
    issue_dns(ca, "good", "pop.example.test");
    issue_clients(ca);
    pq_ca_free(ca);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ends),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_the_first_finished),
        cmocka_unit_test(test_resumed_sessions),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_of_the_client),
        cmocka_unit_test(test_no_certificate),
        cmocka_unit_test(test_certificate_of_a_stranger),
    };
    return cmocka_run_group_tests_name("tls_channel", tests, setup, teardown);
}
