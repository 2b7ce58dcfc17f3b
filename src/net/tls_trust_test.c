/* SPDX-License-Identifier: Apache-2.0
 * What two sides agree on, and whom they refuse: certificates, names, versions, protocols. */
#include "net/tls_testing.h"

static struct test_folder folder;

/* ---- certificates: who refuses whom ---------------------------------------------------------- */

/* Sees to it that the folder holds one certificate of each kind that a peer may have to judge. */
static void issue_all(struct pq_ca *ca)
{
    static const struct pq_cert_alt_name ip = {PQ_CERT_ALT_IP, PQ_SLICE_INIT("127.0.0.1")};
    static const struct pq_cert_alt_name nul = {PQ_CERT_ALT_DNS,
                                                PQ_SLICE_INIT("pop.example.test\0.evil.test")};
    static const struct pq_cert_alt_name uri = {PQ_CERT_ALT_URI,
                                                PQ_SLICE_INIT("pop://pop.example.test")};
    static const struct pq_cert_alt_name dns = {PQ_CERT_ALT_DNS, PQ_SLICE_INIT("POP.Example.Test")};
    static const struct row {
        const char *file;
        const struct pq_cert_alt_name *alt;
        int from, to; /* days from now */
        enum pq_cert_key key;
        bool self_signed, client;
    } rows[] = {
        {"dns", &dns, -1, 1, PQ_CERT_KEY_P256, false, false},
        {"ip", &ip, -1, 1, PQ_CERT_KEY_P256, false, false},
        {"nul", &nul, -1, 1, PQ_CERT_KEY_P256, false, false},
        {"uri", &uri, -1, 1, PQ_CERT_KEY_P256, false, false},
        {"expired", &dns, -2, -1, PQ_CERT_KEY_P256, false, false},
        {"future", &dns, 1, 2, PQ_CERT_KEY_P256, false, false},
        {"selfsigned", &dns, -1, 1, PQ_CERT_KEY_P256, true, false},
        {"short", &dns, -1, 1, PQ_CERT_KEY_RSA_1024, false, false},
        {"client", NULL, -1, 1, PQ_CERT_KEY_P256, false, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pq_cert_request request = request_of(rows[i].file);
        int64_t now = request.not_before + DAY;
        request.not_before = now + rows[i].from * DAY;
        request.not_after = now + rows[i].to * DAY;
        request.alt = rows[i].alt;
        request.alt_len = rows[i].alt ? 1 : 0;
        request.key = rows[i].key;
        request.self_signed = rows[i].self_signed;
        request.client = rows[i].client;
        issue(ca, &request);
    }
    issue_dns(ca, "wild", "*.example.test");
    issue_dns(ca, "fragment", "po*.example.test");
    issue_dns(ca, "other", "imap.example.test");
}

/* The client trusts `root`, wants `name`, and meets the certificate `cert`. */
static const struct trust_case {
    const char *cert, *root, *name;
    enum pq_tls_end client, server;
    int alert;           /* that the server sees */
    const char *because; /* part of the client's sentence */
} trust_cases[] = {
    {"dns", "ca", "pop.example.test", PQ_TLS_END_NONE, PQ_TLS_END_NONE, -1, ""},
    {"dns", "ca", NULL, PQ_TLS_END_NONE, PQ_TLS_END_NONE, -1, ""},
    {"dns", "stranger", "pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 48, "issuer"},
    {"dns", "ca", "imap.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42,
     "it is not for imap.example.test"},
    {"other", "ca", "pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42,
     "it is not for pop.example.test"},
    {"ip", "ca", "127.0.0.1", PQ_TLS_END_NONE, PQ_TLS_END_NONE, -1, ""},
    {"ip", "ca", "127.0.0.2", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42, "it is not for 127.0.0.2"},
    {"dns", "ca", "127.0.0.1", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42, "it is not for 127.0.0.1"},
    {"wild", "ca", "pop.example.test", PQ_TLS_END_NONE, PQ_TLS_END_NONE, -1, ""},
    {"wild", "ca", "example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42, "it is not for"},
    {"wild", "ca", "a.pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42, "it is not for"},
    {"fragment", "ca", "pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42,
     "it is not for"},
    {"nul", "ca", "pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42, "it is not for"},
    {"uri", "ca", "pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42, "it is not for"},
    {"expired", "ca", "pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 45, "expired"},
    {"future", "ca", "pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 42, "not yet valid"},
    {"selfsigned", "ca", "pop.example.test", PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 48,
     "self-signed"},
    {"selfsigned", "selfsigned", "pop.example.test", PQ_TLS_END_NONE, PQ_TLS_END_NONE, -1, ""},
    {"client", "ca", NULL, PQ_TLS_END_REFUSED, PQ_TLS_END_ALERT, 43, "purpose"},
};

static struct duo trust_duo(const struct trust_case *c, bool verify)
{
    struct test_files cert = files_of(&folder, c->cert), root = files_of(&folder, c->root);
    struct pq_tls_identity identity = identity_of(&cert);
    struct pq_tls_config client = {.verify = verify, .ca = {.file = root.cert}};
    struct pq_tls_config server = {.server = true, .identities = &identity, .identities_len = 1};
    struct pq_tls_peer peer = {.sni = "pop.example.test", .name = c->name};
    struct duo d = {.client_context = context_of(&client), .server_context = context_of(&server)};
    duo_connect(&d, &peer);
    run_handshake(d.client, d.server, SIZE_MAX);
    return d;
}

static void test_who_is_trusted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(trust_cases); i++) {
        const struct trust_case *c = &trust_cases[i];
        uint8_t octet;
        size_t got = 0;
        struct duo d = trust_duo(c, true);
        (void)!pq_tls_read(d.server, &octet, 1, &got);
        if (pq_tls_end(d.client) != c->client || pq_tls_end(d.server) != c->server ||
            pq_tls_alert(d.server) != c->alert || !strstr(pq_tls_why(d.client), c->because))
            fail_msg("%s for %s: client %s (%s), server %s (%s)", c->cert, c->name,
                     pq_tls_end_name(pq_tls_end(d.client)), pq_tls_why(d.client),
                     pq_tls_end_name(pq_tls_end(d.server)), pq_tls_why(d.server));
        assert_true((pq_tls_handshake(d.client) == PQ_NEXT_EVENT) ==
                    (c->client == PQ_TLS_END_NONE));
        duo_free(&d);
        /* A client that does not verify connects all the same, and can tell what it met. */
        struct pq_tls_info info;
        d = trust_duo(c, false);
        assert_true(pq_tls_info(d.client, &info));
        assert_true(info.peer_certificate);
        assert_true((strcmp(info.verify, "ok") == 0) == (c->client == PQ_TLS_END_NONE));
        duo_free(&d);
    }
}

static void test_short_keys_need_weak(void **state)
{
    (void)state;
    struct test_files cert = files_of(&folder, "short"), root = files_of(&folder, "ca");
    struct pq_tls_identity identity = identity_of(&cert);
    struct pq_tls_config server = {.server = true, .identities = &identity, .identities_len = 1};
    struct pq_tls_config client = {.verify = true, .ca = {.file = root.cert}};
    struct pq_why why = {""};
    assert_null(pq_tls_context_new(&server, pq_alloc_default(), &why));
    assert_non_null(strstr(why.text, "too small"));
    server.weak = true;
    for (size_t weak = 0; weak < 2; weak++) {
        client.weak = weak == 1;
        struct duo d = {.client_context = context_of(&client),
                        .server_context = context_of(&server)};
        duo_connect(&d, NULL);
        run_handshake(d.client, d.server, SIZE_MAX);
        assert_int_equal(pq_tls_end(d.client), weak ? PQ_TLS_END_NONE : PQ_TLS_END_REFUSED);
        duo_free(&d);
    }
}

/* ---- client certificates --------------------------------------------------------------------- */

static const struct client_case {
    const char *cert; /* NULL: none */
    enum pq_tls_version version;
    enum pq_tls_end server;
    int alert; /* that the client sees, in TLS 1.3 after its handshake */
} client_cases[] = {
    {"client", PQ_TLS_1_2, PQ_TLS_END_NONE, -1},        {"client", PQ_TLS_1_3, PQ_TLS_END_NONE, -1},
    {NULL, PQ_TLS_1_2, PQ_TLS_END_REFUSED, 40},         {NULL, PQ_TLS_1_3, PQ_TLS_END_REFUSED, 116},
    {"dns", PQ_TLS_1_2, PQ_TLS_END_REFUSED, 43},        {"dns", PQ_TLS_1_3, PQ_TLS_END_REFUSED, 43},
    {"selfsigned", PQ_TLS_1_3, PQ_TLS_END_REFUSED, 48},
};

static void test_client_certificates(void **state)
{
    (void)state;
    struct test_files cert = files_of(&folder, "dns"), root = files_of(&folder, "ca");
    struct pq_tls_identity identity = identity_of(&cert);
    for (size_t i = 0; i < COUNT(client_cases); i++) {
        const struct client_case *c = &client_cases[i];
        struct test_files files = files_of(&folder, c->cert ? c->cert : "");
        struct pq_tls_identity own = identity_of(&files);
        struct pq_tls_config server = {.server = true,
                                       .verify = true,
                                       .ca = {.file = root.cert},
                                       .identities = &identity,
                                       .identities_len = 1};
        struct pq_tls_config client = {
            .max = c->version, .identities = &own, .identities_len = c->cert ? 1 : 0};
        uint8_t octet;
        size_t got = 0;
        struct duo d = {.client_context = context_of(&client),
                        .server_context = context_of(&server)};
        duo_connect(&d, NULL);
        run_handshake(d.client, d.server, 7);
        (void)!pq_tls_read(d.client, &octet, 1, &got);
        assert_int_equal(pq_tls_end(d.server), c->server);
        assert_int_equal(pq_tls_alert(d.client), c->alert);
        duo_free(&d);
    }
}

/* ---- names: SNI and ALPN --------------------------------------------------------------------- */

static void test_certificates_by_name(void **state)
{
    (void)state;
    static const char *const certs[] = {"dns", "other", "wild"};
    static const char *const names[] = {NULL, "imap.example.test", "smtp.example.test"};
    static const struct sni_case {
        const char *asks, *gets; /* a name that only the certificate meant is for */
    } cases[] = {
        {NULL, "pop.example.test"},
        {"unknown.test", "pop.example.test"},
        {"pop.example.test", "pop.example.test"},
        {"imap.example.test", "imap.example.test"},
        {"IMAP.Example.TEST", "imap.example.test"},
        {"smtp.example.test", "smtp.example.test"},
        {"imap.example.tes", "pop.example.test"},
    };
    struct test_files files[COUNT(certs)], root = files_of(&folder, "ca");
    struct pq_tls_identity identities[COUNT(certs)];
    for (size_t i = 0; i < COUNT(certs); i++) {
        files[i] = files_of(&folder, certs[i]);
        identities[i] = identity_of(&files[i]);
        identities[i].sni = names[i];
    }
    struct pq_tls_config server = {
        .server = true, .identities = identities, .identities_len = COUNT(identities)};
    struct pq_tls_config client = {.verify = true, .ca = {.file = root.cert}};
    struct duo d = {.client_context = context_of(&client), .server_context = context_of(&server)};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pq_tls_peer peer = {.sni = cases[i].asks, .name = cases[i].gets};
        struct pq_tls_info info;
        duo_connect(&d, &peer);
        run_handshake(d.client, d.server, 11);
        assert_string_equal(pq_tls_why(d.client), "");
        assert_true(pq_tls_info(d.server, &info));
        assert_true(peer.sni ? info.sni && strcmp(info.sni, peer.sni) == 0 : !info.sni);
        duo_disconnect(&d);
    }
    duo_free(&d);
}

static const struct alpn_case {
    struct pq_slice offers[2], serves[2];
    struct pq_slice agreed;
    int alert;
} alpn_cases[] = {
    {{PQ_SLICE_INIT("pop3")}, {PQ_SLICE_INIT("pop3")}, PQ_SLICE_INIT("pop3"), -1},
    {{PQ_SLICE_INIT("imap"), PQ_SLICE_INIT("pop3")},
     {PQ_SLICE_INIT("pop3"), PQ_SLICE_INIT("imap")},
     PQ_SLICE_INIT("pop3"),
     -1},
    {{PQ_SLICE_INIT("http/1.1")}, {PQ_SLICE_INIT("pop3")}, {NULL, 0}, 120},
    {{{NULL, 0}}, {PQ_SLICE_INIT("pop3")}, {NULL, 0}, -1},
    {{PQ_SLICE_INIT("pop3")}, {{NULL, 0}}, {NULL, 0}, -1},
};

static size_t names_len(const struct pq_slice *names)
{
    return names[0].len == 0 ? 0 : names[1].len == 0 ? 1 : 2;
}

static void test_protocol_names(void **state)
{
    (void)state;
    struct test_files cert = files_of(&folder, "dns");
    struct pq_tls_identity identity = identity_of(&cert);
    for (size_t i = 0; i < COUNT(alpn_cases); i++) {
        const struct alpn_case *c = &alpn_cases[i];
        struct pq_tls_config client = {.alpn = c->offers, .alpn_len = names_len(c->offers)};
        struct pq_tls_config server = {.server = true,
                                       .identities = &identity,
                                       .identities_len = 1,
                                       .alpn = c->serves,
                                       .alpn_len = names_len(c->serves)};
        struct pq_tls_info info;
        struct duo d = {.client_context = context_of(&client),
                        .server_context = context_of(&server)};
        duo_connect(&d, NULL);
        run_handshake(d.client, d.server, SIZE_MAX);
        assert_int_equal(pq_tls_alert(d.client), c->alert);
        if (c->alert < 0) {
            assert_true(pq_tls_info(d.client, &info));
            assert_true(pq_slice_equal(info.alpn, c->agreed));
        }
        duo_free(&d);
    }
}

/* ---- versions -------------------------------------------------------------------------------- */

static void test_versions(void **state)
{
    (void)state;
    static const struct version_case {
        enum pq_tls_version client_min, client_max, server_min, server_max;
        const char *agreed; /* NULL: none; the server refuses with protocol_version */
    } cases[] = {
        {PQ_TLS_DEFAULT, PQ_TLS_DEFAULT, PQ_TLS_DEFAULT, PQ_TLS_DEFAULT, "TLSv1.3"},
        {PQ_TLS_DEFAULT, PQ_TLS_1_2, PQ_TLS_DEFAULT, PQ_TLS_DEFAULT, "TLSv1.2"},
        {PQ_TLS_DEFAULT, PQ_TLS_DEFAULT, PQ_TLS_DEFAULT, PQ_TLS_1_2, "TLSv1.2"},
        {PQ_TLS_1_3, PQ_TLS_1_3, PQ_TLS_DEFAULT, PQ_TLS_1_2, NULL},
        {PQ_TLS_DEFAULT, PQ_TLS_1_2, PQ_TLS_1_3, PQ_TLS_DEFAULT, NULL},
        {PQ_TLS_1_0, PQ_TLS_1_1, PQ_TLS_DEFAULT, PQ_TLS_DEFAULT, NULL},
        {PQ_TLS_1_0, PQ_TLS_1_1, PQ_TLS_1_0, PQ_TLS_DEFAULT, "TLSv1.1"},
        {PQ_TLS_DEFAULT, PQ_TLS_1_0, PQ_TLS_1_0, PQ_TLS_DEFAULT, "TLSv1"},
    };
    struct test_files cert = files_of(&folder, "dns");
    struct pq_tls_identity identity = identity_of(&cert);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pq_tls_config client = {
            .weak = true, .min = cases[i].client_min, .max = cases[i].client_max};
        struct pq_tls_config server = {.server = true,
                                       .weak = true,
                                       .min = cases[i].server_min,
                                       .max = cases[i].server_max,
                                       .identities = &identity,
                                       .identities_len = 1};
        struct pq_tls_info info = {.version = NULL};
        struct duo d = {.client_context = context_of(&client),
                        .server_context = context_of(&server)};
        duo_connect(&d, NULL);
        run_handshake(d.client, d.server, SIZE_MAX);
        assert_true(pq_tls_info(d.client, &info) == (cases[i].agreed != NULL));
        assert_int_equal(pq_tls_alert(d.client), cases[i].agreed ? -1 : 70);
        if (cases[i].agreed)
            assert_string_equal(info.version, cases[i].agreed);
        else
            assert_int_equal(pq_tls_end(d.server), PQ_TLS_END_FAILED);
        duo_free(&d);
    }
    enum pq_tls_version version = PQ_TLS_DEFAULT;
    assert_true(pq_tls_version_parse(PQ_SLICE("1.1"), &version) && version == PQ_TLS_1_1);
    assert_true(pq_tls_version_parse(PQ_SLICE("1.3"), &version) && version == PQ_TLS_1_3);
    assert_false(pq_tls_version_parse(PQ_SLICE("default"), &version));
    assert_false(pq_tls_version_parse(PQ_SLICE("1.4"), &version) || version != PQ_TLS_1_3);
}

static int set_up(void **state)
{
    (void)state;
    folder = folder_make();
    struct pq_ca *ca = ca_make(&folder, "ca"), *stranger = ca_make(&folder, "stranger");
    issue_all(ca);
    pq_ca_free(ca);
    pq_ca_free(stranger);
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
        cmocka_unit_test(test_who_is_trusted),      cmocka_unit_test(test_short_keys_need_weak),
        cmocka_unit_test(test_client_certificates), cmocka_unit_test(test_certificates_by_name),
        cmocka_unit_test(test_protocol_names),      cmocka_unit_test(test_versions),
    };
    return cmocka_run_group_tests_name("tls_trust", tests, set_up, tear_down);
}
