/* SPDX-License-Identifier: Apache-2.0
 * What a client learns of a server, and the ClientHellos that only a tester sends. */
#include "net/tls_testing.h"

static struct test_folder folder;

/* ---- facts ----------------------------------------------------------------------------------- */

struct facts {
    uint8_t memory[PQ_TLS_FACTS_MAX];
    struct pq_buf text;
};

static void learn(const struct pq_tls *t, struct facts *f)
{
    pq_buf_init(&f->text, f->memory, sizeof(f->memory));
    pq_tls_facts(t, &f->text);
    assert_false(f->text.overflowed);
}

/* Whether a line of the facts is `line`. */
static bool says(const struct facts *f, const char *line)
{
    for (struct pq_slice rest = pq_buf_slice(&f->text); rest.len > 0;)
        if (pq_slice_equal(pq_slice_cut(&rest, '\n'), pq_slice_text(line)))
            return true;
    return false;
}

static void test_facts_of_a_session(void **state)
{
    (void)state;
    static const struct {
        enum pq_tls_version version;
        const char *lines[14];
    } cases[] = {
        {PQ_TLS_1_2,
         {"end none", "server-hello yes", "version TLSv1.2", "compression 0", "extension 65281",
          "extension 23", "forward-secrecy yes", "certificate-request no", "key EC", "key-bits 256",
          "signature-digest SHA256", "in-date yes", "dns-id yes", "dns pop.example.test"}},
        {PQ_TLS_1_3,
         {"end none", "server-hello yes", "version TLSv1.3", "compression 0", "extension 43",
          "forward-secrecy yes", "tickets 0", "early-data 0", "chain 1", "dns-id yes"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct duo d = duo_make(&folder, cases[i].version);
        struct facts f;
        duo_connect(&d, &usual);
        learn(d.client, &f);
        assert_true(says(&f, "server-hello no"));
        run_handshake(d.client, d.server, 7);
        learn(d.client, &f);
        for (size_t k = 0; k < COUNT(cases[i].lines) && cases[i].lines[k]; k++)
            assert_true(says(&f, cases[i].lines[k]));
        duo_free(&d);
    }
}

/* The name is none of the certificate's, and the certificate is asked for by nobody. */
static void test_other_name(void **state)
{
    (void)state;
    static const struct pq_tls_peer other = {.name = "imap.example.test"},
                                    address = {.name = "127.0.0.1"};
    struct test_files good = files_of(&folder, "good");
    struct pq_tls_identity identity = identity_of(&good);
    const struct pq_tls_config client = {.min = PQ_TLS_1_2};
    const struct pq_tls_config server = {
        .server = true, .identities = &identity, .identities_len = 1};
    struct duo d = {.client_context = context_of(&client), .server_context = context_of(&server)};
    struct facts f;
    duo_connect(&d, &other);
    run_handshake(d.client, d.server, SIZE_MAX);
    learn(d.client, &f);
    assert_true(says(&f, "dns-id no"));
    duo_disconnect(&d);
    duo_connect(&d, &address);
    run_handshake(d.client, d.server, SIZE_MAX);
    learn(d.client, &f);
    assert_false(says(&f, "dns-id no") || says(&f, "dns-id yes"));
    duo_free(&d);
}

/* Lines that find no room are left out whole. */
static void test_facts_in_a_small_buffer(void **state)
{
    (void)state;
    struct duo d = duo_make(&folder, PQ_TLS_1_2);
    struct facts f;
    duo_connect(&d, &usual);
    run_handshake(d.client, d.server, SIZE_MAX);
    for (size_t cap = 0; cap < 64; cap++) {
        pq_buf_init(&f.text, f.memory, cap);
        pq_tls_facts(d.client, &f.text);
        assert_false(f.text.overflowed);
        assert_true(f.text.len == 0 || f.text.at[f.text.len - 1] == '\n');
        assert_int_equal(says(&f, "end none"), cap >= sizeof("end none\n") - 1);
    }
    duo_free(&d);
}

/* ---- what is offered ------------------------------------------------------------------------- */

static void test_ciphers_and_protocols(void **state)
{
    (void)state;
    static const struct pq_tls_peer peer = {.name = "pop.example.test",
                                            .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384",
                                            .alpn = PQ_SLICE_INIT("imap,pop3")};
    static const struct pq_slice protocols[] = {PQ_SLICE_INIT("pop3")};
    struct test_files good = files_of(&folder, "good");
    struct pq_tls_identity identity = identity_of(&good);
    const struct pq_tls_config client = {.min = PQ_TLS_1_2, .max = PQ_TLS_1_2};
    const struct pq_tls_config server = {.server = true,
                                         .identities = &identity,
                                         .identities_len = 1,
                                         .alpn = protocols,
                                         .alpn_len = 1};
    struct duo d = {.client_context = context_of(&client), .server_context = context_of(&server)};
    struct facts f;
    duo_connect(&d, &peer);
    run_handshake(d.client, d.server, SIZE_MAX);
    learn(d.client, &f);
    assert_true(says(&f, "alpn pop3"));
    assert_true(says(&f, "suite C02C"));
    assert_true(says(&f, "strength 256"));
    duo_free(&d);
}

/* No suite of that name: there is no engine, and a reason. */
static void test_unknown_ciphers(void **state)
{
    (void)state;
    static const struct pq_tls_peer peer = {.ciphers = "NO-SUCH-SUITE"};
    struct pq_why why = {""};
    struct duo d = duo_make(&folder, PQ_TLS_1_2);
    assert_null(pq_tls_new(d.client_context, &peer, &why));
    assert_non_null(strstr(why.text, "TLS cannot begin"));
    duo_free(&d);
}

/* ---- other ClientHellos ---------------------------------------------------------------------- */

static void test_hellos(void **state)
{
    (void)state;
    static const struct {
        struct pq_tls_hello hello;
        bool complete;
        const char *lines[2];
    } cases[] = {
        {{.record = 1 + 0}, true, {"server-hello yes"}},
        {{.record = 1 + 4}, true, {"server-hello yes"}},
        {{.kind = PQ_TLS_HELLO_SSL2}, false, {"server-hello no"}},
        {{.kind = PQ_TLS_HELLO_CLEAR}, false, {"server-hello no"}},
        {{.kind = PQ_TLS_HELLO_DEFLATE}, false, {"server-hello yes", "compression 0"}},
        {{.kind = PQ_TLS_HELLO_TRUNCATED_HMAC}, false, {"server-hello yes", "extension 23"}},
        {{.suites = PQ_SLICE_INIT("\0\x05")}, false, {"server-hello no", "alert 40"}},
        {{.suites = PQ_SLICE_INIT("\0\x05\xC0\x2B")}, false, {"server-hello yes", "suite C02B"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct duo d = duo_make(&folder, PQ_TLS_1_2);
        struct pq_tls_peer peer = {.name = "pop.example.test", .hello = cases[i].hello};
        struct pq_tls_info info;
        struct facts f;
        duo_connect(&d, &peer);
        run_handshake(d.client, d.server, SIZE_MAX);
        learn(d.client, &f);
        assert_int_equal(pq_tls_info(d.client, &info), cases[i].complete);
        for (size_t k = 0; k < 2 && cases[i].lines[k]; k++)
            assert_true(says(&f, cases[i].lines[k]));
        duo_free(&d);
    }
}

/* What replaces a ClientHello as a whole is the first that is sent, and all of it. */
static void test_first_octets(void **state)
{
    (void)state;
    static const struct {
        enum pq_tls_hello_kind kind;
        struct pq_slice begin;
        size_t len;
    } cases[] = {
        {PQ_TLS_HELLO_CLEAR, PQ_SLICE_INIT("CAPA\r\n"), 6},
        {PQ_TLS_HELLO_SSL2, PQ_SLICE_INIT("\x80\x22\x01\0\x02"), 2 + 0x22},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct duo d = duo_make(&folder, PQ_TLS_1_2);
        const struct pq_tls_peer peer = {.hello = {.kind = cases[i].kind}};
        duo_connect(&d, &peer);
        assert_int_equal(pq_tls_send_buf(d.client).len, cases[i].len);
        assert_true(pq_slice_starts(pq_tls_send_buf(d.client), cases[i].begin));
        duo_free(&d);
    }
}

static int setup(void **state)
{
    (void)state;
    folder = folder_make();
    issue_usual(&folder);
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
        cmocka_unit_test(test_facts_of_a_session),
        cmocka_unit_test(test_other_name),
        cmocka_unit_test(test_facts_in_a_small_buffer),
        cmocka_unit_test(test_ciphers_and_protocols),
        cmocka_unit_test(test_unknown_ciphers),
        cmocka_unit_test(test_hellos),
        cmocka_unit_test(test_first_octets),
    };
    return cmocka_run_group_tests_name("tls_facts", tests, setup, teardown);
}
