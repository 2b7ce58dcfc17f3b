/* SPDX-License-Identifier: Apache-2.0
 * Configurations that make no sense, limits, the key log, and memory that runs out. */
#include "net/tls_testing.h"

#include <sys/stat.h>

#include <openssl/pem.h>

static struct test_folder folder;

/* ---- configurations that make no sense ------------------------------------------------------- */

/* A key that nobody can use without its password. */
static void write_locked_key(const char *path)
{
    static char password[] = "pw";
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *f = fopen(path, "wb");
    assert_true(key && f);
    assert_int_equal(PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(), NULL, 0, NULL, password), 1);
    assert_int_equal(fclose(f), 0);
    EVP_PKEY_free(key);
}

/* A good certificate with half of one behind it. */
static void write_broken_chain(const struct test_files *from, const struct test_files *to)
{
    static uint8_t pem[8192];
    size_t len = file_read(from->cert, pem, sizeof(pem) / 2).len;
    memcpy(pem + len, pem, len / 2);
    file_write(to->cert, pq_slice_of(pem, len + len / 2));
}

static void refuse(const struct pq_tls_config *config, const char *sentence)
{
    struct pq_why why = {""};
    assert_null(pq_tls_context_new(config, pq_alloc_default(), &why));
    if (!strstr(why.text, sentence))
        fail_msg("got \"%s\", want \"%s\"", why.text, sentence);
}

static void test_identities_are_checked(void **state)
{
    (void)state;
    struct test_files dns = files_of(&folder, "dns"), other = files_of(&folder, "other");
    struct test_files locked = files_of(&folder, "locked"), none = files_of(&folder, "none");
    struct pq_tls_identity identities[PQ_TLS_IDENTITIES_MAX + 1];
    struct pq_tls_config config = {.server = true, .identities = identities, .identities_len = 1};
    static char long_name[PQ_TLS_NAME_MAX + 2];
    write_locked_key(locked.key);
    identities[0] = identity_of(&none);
    refuse(&config, "none.pem: No such file");
    identities[0] = (struct pq_tls_identity){.cert = {.file = dns.key}};
    refuse(&config, "dns.key holds no certificate");
    identities[0] = (struct pq_tls_identity){.cert = {.file = dns.cert}};
    refuse(&config, "dns.pem holds no key");
    identities[0] =
        (struct pq_tls_identity){.cert = {.file = dns.cert}, .key = {.file = other.key}};
    refuse(&config, "other.key does not belong to the certificate");
    identities[0] =
        (struct pq_tls_identity){.cert = {.file = dns.cert}, .key = {.file = locked.key}};
    refuse(&config, "locked.key holds no key that is not encrypted");
    identities[0] = (struct pq_tls_identity){.cert = {.file = "/dev/zero"}};
    refuse(&config, "/dev/zero is longer than 1048576 octets");
    identities[0] = (struct pq_tls_identity){.cert = {.file = folder.path}};
    refuse(&config, "cannot read /tmp/popquiz-net-");
    write_broken_chain(&dns, &locked);
    identities[0] =
        (struct pq_tls_identity){.cert = {.file = locked.cert}, .key = {.file = dns.key}};
    refuse(&config, "locked.pem holds a broken certificate");
    identities[0] = (struct pq_tls_identity){.cert = {.file = NULL}};
    refuse(&config, "PEM in memory holds no certificate");
    config.identities_len = 0;
    refuse(&config, "needs a certificate");
    for (size_t i = 0; i < COUNT(identities); i++)
        identities[i] = identity_of(&dns);
    config.identities_len = PQ_TLS_IDENTITIES_MAX + 1;
    refuse(&config, "more than 16 certificates");
    (void)memset(long_name, 'x', PQ_TLS_NAME_MAX + 1);
    identities[0].sni = long_name;
    config.identities_len = 1;
    refuse(&config, "longer than 255");
    config.identities_len = PQ_TLS_IDENTITIES_MAX;
    long_name[PQ_TLS_NAME_MAX] = 0;
    pq_tls_context_free(context_of(&config));
    config = (struct pq_tls_config){.identities = identities, .identities_len = 2};
    refuse(&config, "more than 1 certificates");
}

static void test_other_options_are_checked(void **state)
{
    (void)state;
    struct test_files dns = files_of(&folder, "dns"), broken = files_of(&folder, "broken");
    static uint8_t octets[256];
    struct pq_slice names[2] = {{octets, 255}, {octets, 1}};
    struct pq_tls_config config = {.min = PQ_TLS_1_3, .max = PQ_TLS_1_2};
    (void)memset(octets, 'x', sizeof(octets));
    refuse(&config, "the lowest TLS version is above the highest");
    config = (struct pq_tls_config){.min = PQ_TLS_1_1};
    refuse(&config, "ask for weak TLS");
    config = (struct pq_tls_config){.max = PQ_TLS_1_0};
    refuse(&config, "ask for weak TLS");
    config = (struct pq_tls_config){.verify = true, .ca = {.file = dns.key}};
    refuse(&config, "dns.key holds no certificate to trust");
    write_broken_chain(&dns, &broken);
    config = (struct pq_tls_config){.verify = true, .ca = {.file = broken.cert}};
    refuse(&config, "broken.pem holds a broken certificate");
    config = (struct pq_tls_config){.keylog_file = "/dev/null/log"};
    refuse(&config, "cannot write the key log /dev/null/log");
    config = (struct pq_tls_config){.alpn = names, .alpn_len = 1};
    pq_tls_context_free(context_of(&config)); /* 256 octets with their length */
    config.alpn_len = 2;
    refuse(&config, "exceed 256 octets");
    names[0].len = 256;
    config.alpn_len = 1;
    refuse(&config, "1 to 255 octets");
    names[0].len = 0;
    refuse(&config, "1 to 255 octets");
    config = (struct pq_tls_config){.verify = true}; /* the system's store */
    pq_tls_context_free(context_of(&config));
}

/* The same certificate with text behind it, up to the limit and past it. */
static void test_pem_in_memory_and_its_limit(void **state)
{
    (void)state;
    static uint8_t pem[PQ_TLS_PEM_MAX + 1];
    struct test_files dns = files_of(&folder, "dns"), big = files_of(&folder, "big");
    size_t len = file_read(dns.cert, pem, sizeof(pem)).len;
    len += file_read(dns.key, pem + len, sizeof(pem) - len).len;
    (void)memset(pem + len, '\n', sizeof(pem) - len);
    for (size_t n = PQ_TLS_PEM_MAX - 1; n <= PQ_TLS_PEM_MAX + 1; n++) {
        struct pq_tls_identity memory = {.cert = {.text = {pem, n}}};
        struct pq_tls_identity file = {.cert = {.file = big.cert}};
        struct pq_tls_config config = {.server = true, .identities = &memory, .identities_len = 1};
        file_write(big.cert, pq_slice_of(pem, n));
        for (size_t i = 0; i < 2; i++) {
            struct pq_tls_context *c = pq_tls_context_new(&config, pq_alloc_default(), NULL);
            assert_true((c != NULL) == (n <= PQ_TLS_PEM_MAX));
            pq_tls_context_free(c);
            config.identities = &file;
        }
    }
}

static void test_peers_are_checked(void **state)
{
    (void)state;
    static char name[PQ_TLS_NAME_MAX + 2];
    struct pq_tls_config config = {.verify = false};
    struct pq_tls_context *c = context_of(&config);
    struct pq_why why = {""};
    for (size_t n = PQ_TLS_NAME_MAX - 1; n <= PQ_TLS_NAME_MAX + 1; n++) {
        (void)memset(name, 'x', n);
        struct pq_tls_peer sni = {.sni = name}, verify = {.name = name};
        struct pq_tls *a = pq_tls_new(c, &sni, NULL), *b = pq_tls_new(c, &verify, &why);
        assert_true((a != NULL) == (n <= PQ_TLS_NAME_MAX));
        assert_true((b != NULL) == (n <= PQ_TLS_NAME_MAX));
        pq_tls_free(a);
        pq_tls_free(b);
    }
    assert_non_null(strstr(why.text, "TLS cannot begin"));
    struct pq_tls_peer empty = {.name = ""};
    assert_null(pq_tls_new(c, &empty, NULL));
    pq_tls_context_free(c);
    pq_tls_context_free(NULL);
    pq_tls_free(NULL);
}

/* ---- key log and memory ---------------------------------------------------------------------- */

static void test_key_log(void **state)
{
    (void)state;
    static char text[8192];
    char path[128];
    struct stat st;
    struct test_files cert = files_of(&folder, "dns");
    struct pq_tls_identity identity = identity_of(&cert);
    (void)snprintf(path, sizeof(path), "%s/keys.log", folder.path);
    struct pq_tls_config client = {.keylog_file = path};
    struct pq_tls_config server = {.server = true, .identities = &identity, .identities_len = 1};
    for (size_t i = 0; i < 2; i++) {
        client.max = i == 0 ? PQ_TLS_1_3 : PQ_TLS_1_2;
        struct duo d = {.client_context = context_of(&client),
                        .server_context = context_of(&server)};
        duo_connect(&d, NULL);
        run_handshake(d.client, d.server, SIZE_MAX);
        duo_free(&d);
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    text[file_read(path, text, sizeof(text) - 1).len] = 0;
    assert_non_null(strstr(text, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
    assert_non_null(strstr(text, "\nSERVER_TRAFFIC_SECRET_0 "));
    assert_non_null(strstr(text, "\nCLIENT_RANDOM ")); /* appended by the second */
}

static void test_memory_may_run_out(void **state)
{
    (void)state;
    struct test_files cert = files_of(&folder, "dns");
    struct pq_tls_identity identity = identity_of(&cert);
    struct pq_tls_config config = {.server = true, .identities = &identity, .identities_len = 1};
    size_t faults = 0;
    for (bool done = false; !done; faults++) {
        struct nth_fault f = {.fail_at = faults + 1};
        struct pq_why why = {""};
        struct pq_tls_context *c = pq_tls_context_new(&config, fault_alloc(&f), &why);
        struct pq_tls *t = c ? pq_tls_new(c, NULL, &why) : NULL;
        done = t != NULL;
        assert_true(done == (why.text[0] == 0));
        pq_tls_free(t);
        pq_tls_context_free(c);
    }
    assert_int_equal(faults - 1, 4); /* context, certificate, key, engine */
}

static int set_up(void **state)
{
    (void)state;
    folder = folder_make();
    struct pq_ca *ca = ca_make(&folder, "ca");
    issue_dns(ca, "dns", "pop.example.test");
    issue_dns(ca, "other", "imap.example.test");
    pq_ca_free(ca);
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
        cmocka_unit_test(test_identities_are_checked),
        cmocka_unit_test(test_other_options_are_checked),
        cmocka_unit_test(test_pem_in_memory_and_its_limit),
        cmocka_unit_test(test_peers_are_checked),
        cmocka_unit_test(test_key_log),
        cmocka_unit_test(test_memory_may_run_out),
    };
    return cmocka_run_group_tests_name("tls_context", tests, set_up, tear_down);
}
