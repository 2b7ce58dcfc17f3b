/* SPDX-License-Identifier: Apache-2.0
 * What is written is read back with the library's own reader. */
#include "net/testing.h"

#include <sys/stat.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct test_folder folder;

static X509 *read_cert(const char *name)
{
    struct test_files files = files_of(&folder, name);
    FILE *f = fopen(files.cert, "rb");
    assert_non_null(f);
    X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
    (void)fclose(f);
    assert_non_null(cert);
    return cert;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void remove_all(const char *name)
{
    struct test_files files = files_of(&folder, name);
    (void)unlink(files.cert);
    (void)unlink(files.key);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void test_files_are_private(void **state)
{
    (void)state;
    struct test_folder inner = {""};
    (void)snprintf(inner.path, sizeof(inner.path), "%.40s/inner", folder.path);
    struct test_files old = files_of(&inner, "server");
    assert_int_equal(mkdir(inner.path, 0700), 0);
    file_write(old.key, PQ_SLICE("an older file that everybody may read"));
    assert_int_equal(chmod(old.key, 0644), 0);
    struct pq_ca *ca = ca_make(&inner, "ca");
    issue_dns(ca, "server", "pop.example.test");
    assert_int_equal(mode_of(inner.path), 0700);
    assert_int_equal(mode_of(pq_ca_files(ca)->key), 0600);
    assert_int_equal(mode_of(pq_ca_files(ca)->cert), 0644);
    assert_int_equal(mode_of(old.key), 0600);
    pq_ca_free(ca);
    folder_remove(&inner);
    ca = ca_make(&inner, "ca"); /* makes the folder */
    assert_int_equal(mode_of(inner.path), 0700);
    pq_ca_free(ca);
    folder_remove(&inner);
}

static void test_unfit_folders_are_refused(void **state)
{
    (void)state;
    static char too_long[PQ_CERT_PATH_MAX + 2];
    char open_folder[128], file[128];
    (void)snprintf(open_folder, sizeof(open_folder), "%s/open", folder.path);
    (void)snprintf(file, sizeof(file), "%s/file", folder.path);
    assert_int_equal(mkdir(open_folder, 0700), 0);
    assert_int_equal(chmod(open_folder, 0710), 0);
    file_write(file, PQ_SLICE(""));
    (void)memset(too_long, 'x', PQ_CERT_PATH_MAX);
    const struct folder_case {
        const char *path, *sentence;
    } cases[] = {{open_folder, "chmod 700"},
                 {file, "chmod 700"},
                 {"/dev/null/inner", "cannot make the folder"},
                 {too_long, "exceeds 511 octets"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pq_why why = {""};
        struct pq_cert_request self = request_of("ca");
        assert_null(pq_ca_new(cases[i].path, &self, 1, pq_alloc_default(), &why));
        assert_non_null(strstr(why.text, cases[i].sentence));
    }
    assert_int_equal(rmdir(open_folder), 0);
    assert_int_equal(unlink(file), 0);
}

static void test_base_names(void **state)
{
    (void)state;
    static const struct name_case {
        const char *name;
        enum pq_status status;
    } cases[] = {
        {"a", PQ_STATUS_OK},
        {"A-b_c.9", PQ_STATUS_OK},
        {"1234567890123456789012345678901234567890123456789012345678901234", PQ_STATUS_OK},
        {"12345678901234567890123456789012345678901234567890123456789012345", PQ_STATUS_FILE},
        {"", PQ_STATUS_FILE},
        {NULL, PQ_STATUS_FILE},
        {".hidden", PQ_STATUS_FILE},
        {"..", PQ_STATUS_FILE},
        {"a/b", PQ_STATUS_FILE},
        {"../b", PQ_STATUS_FILE},
        {"a b", PQ_STATUS_FILE},
    };
    struct pq_ca *ca = ca_make(&folder, "ca");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pq_cert_request request = request_of(cases[i].name);
        struct pq_cert_files files;
        assert_int_equal(pq_ca_issue(ca, &request, &files, NULL), cases[i].status);
        if (cases[i].status == PQ_STATUS_OK)
            assert_true(unlink(files.cert) == 0 && unlink(files.key) == 0);
    }
    pq_ca_free(ca);
    remove_all("ca");
}

/* The same folder under names that just fit, and just do not. */
static void test_limit_of_paths(void **state)
{
    (void)state;
    static char path[PQ_CERT_PATH_MAX];
    for (size_t n = PQ_CERT_PATH_MAX - 2; n <= PQ_CERT_PATH_MAX; n++) {
        struct pq_why why = {""};
        struct pq_cert_request self = request_of("ca");
        size_t len = n - sizeof("/ca.pem") + 1;
        (void)memset(path, '/', len);
        path[len] = 0;
        memcpy(path, folder.path, strlen(folder.path));
        struct pq_ca *ca = pq_ca_new(path, &self, 1, pq_alloc_default(), &why);
        assert_true((ca != NULL) == (n < PQ_CERT_PATH_MAX));
        assert_true(ca || strstr(why.text, "longer than 511 octets: the path /tmp"));
        pq_ca_free(ca);
    }
    remove_all("ca");
}

static void test_a_link_is_not_followed(void **state)
{
    (void)state;
    struct test_files files = files_of(&folder, "linked");
    struct pq_ca *ca = ca_make(&folder, "ca");
    struct pq_cert_request request = request_of("linked");
    struct pq_cert_files made;
    struct pq_why why = {""};
    assert_int_equal(symlink(folder_path(&folder, "elsewhere"), files.key), 0);
    assert_int_equal(pq_ca_issue(ca, &request, &made, &why), PQ_STATUS_FILE);
    assert_non_null(strstr(why.text, "linked.key"));
    assert_int_not_equal(access(folder_path(&folder, "elsewhere"), F_OK), 0);
    pq_ca_free(ca);
    remove_all("ca");
    remove_all("linked");
}

/* ---- content --------------------------------------------------------------------------------- */

static uint64_t serial_of(const char *name)
{
    uint64_t serial = 0;
    X509 *cert = read_cert(name);
    assert_int_equal(ASN1_INTEGER_get_uint64(&serial, X509_get0_serialNumber(cert)), 1);
    X509_free(cert);
    return serial;
}

static void test_serials_follow_the_seed(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {7, 7, 8};
    uint64_t own[3], issued[3];
    for (size_t i = 0; i < COUNT(seeds); i++) {
        struct pq_cert_request self = request_of("ca");
        struct pq_ca *ca = pq_ca_new(folder.path, &self, seeds[i], pq_alloc_default(), NULL);
        assert_non_null(ca);
        issue_dns(ca, "server", "pop.example.test");
        own[i] = serial_of("ca");
        issued[i] = serial_of("server");
        assert_true(own[i] > 0 && own[i] <= INT64_MAX && own[i] != issued[i]);
        pq_ca_free(ca);
    }
    assert_true(own[0] == own[1] && issued[0] == issued[1]);
    assert_true(own[0] != own[2] && issued[0] != issued[2]);
    remove_all("ca");
    remove_all("server");
}

static void test_names_and_times(void **state)
{
    (void)state;
    static const struct pq_cert_alt_name alt[] = {
        {PQ_CERT_ALT_DNS, PQ_SLICE_INIT("*.example.test")},
        {PQ_CERT_ALT_DNS, PQ_SLICE_INIT("good.test\0.evil.test")},
        {PQ_CERT_ALT_IP, PQ_SLICE_INIT("127.0.0.1")},
        {PQ_CERT_ALT_IP, PQ_SLICE_INIT("::1")},
        {PQ_CERT_ALT_URI, PQ_SLICE_INIT("pop://pop.example.test")},
        {PQ_CERT_ALT_SRV, PQ_SLICE_INIT("_pop3.example.test")},
    };
    static const int types[] = {GEN_DNS, GEN_DNS, GEN_IPADD, GEN_IPADD, GEN_URI, GEN_OTHERNAME};
    struct pq_ca *ca = ca_make(&folder, "ca");
    struct pq_cert_request request = {.file = "server",
                                      .common_name = PQ_SLICE_INIT("common name"),
                                      .alt = alt,
                                      .alt_len = COUNT(alt),
                                      .not_before = 1000000000, /* 2001 */
                                      .not_after = 4102444800}; /* 2100, past 32 bits */
    issue(ca, &request);
    X509 *cert = read_cert("server");
    time_t first = 1000000000, last = 4102444800;
    assert_int_equal(X509_cmp_time(X509_get0_notBefore(cert), &first), -1);
    first--;
    assert_int_equal(X509_cmp_time(X509_get0_notBefore(cert), &first), 1);
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(cert), &last), -1);
    last--;
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(cert), &last), 1);
    char common_name[64];
    assert_int_equal(X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName,
                                               common_name, sizeof(common_name)),
                     11);
    assert_string_equal(common_name, "common name");
    assert_int_equal(X509_check_host(cert, "pop.example.test", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "good.test", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "::2", 0), 0);
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), COUNT(types));
    for (int i = 0; i < (int)COUNT(types); i++)
        assert_int_equal(sk_GENERAL_NAME_value(names, i)->type, types[i]);
    assert_int_equal(ASN1_STRING_length(sk_GENERAL_NAME_value(names, 1)->d.dNSName),
                     alt[1].value.len);
    const ASN1_TYPE *srv = sk_GENERAL_NAME_value(names, 5)->d.otherName->value;
    assert_int_equal(srv->type, V_ASN1_IA5STRING);
    assert_memory_equal(ASN1_STRING_get0_data(srv->value.ia5string), "_pop3.example.test", 18);
    GENERAL_NAMES_free(names);
    X509_free(cert);
    pq_ca_free(ca);
    remove_all("ca");
    remove_all("server");
}

static void test_limits_of_alternative_names(void **state)
{
    (void)state;
    struct pq_cert_alt_name alt[PQ_CERT_ALT_NAMES_MAX + 1];
    struct pq_ca *ca = ca_make(&folder, "ca");
    struct pq_cert_request request = request_of("server");
    struct pq_cert_files files;
    struct pq_why why = {""};
    for (size_t i = 0; i < COUNT(alt); i++)
        alt[i] = (struct pq_cert_alt_name){PQ_CERT_ALT_DNS, PQ_SLICE("a.test")};
    request.alt = alt;
    for (size_t n = PQ_CERT_ALT_NAMES_MAX - 1; n <= PQ_CERT_ALT_NAMES_MAX + 1; n++) {
        request.alt_len = n;
        assert_int_equal(pq_ca_issue(ca, &request, &files, NULL),
                         n <= PQ_CERT_ALT_NAMES_MAX ? PQ_STATUS_OK : PQ_STATUS_CRYPTO);
    }
    static const struct pq_slice no_ip[] = {
        PQ_SLICE_INIT(""), PQ_SLICE_INIT("localhost"), PQ_SLICE_INIT("1.2.3"),
        PQ_SLICE_INIT("0000000000000000000000000000000000000000000000000000000000000001")};
    request.alt_len = 1;
    for (size_t i = 0; i < COUNT(no_ip); i++) {
        alt[0] = (struct pq_cert_alt_name){PQ_CERT_ALT_IP, no_ip[i]};
        assert_int_equal(pq_ca_issue(ca, &request, &files, &why), PQ_STATUS_CRYPTO);
        assert_non_null(strstr(why.text, "cannot make the certificate server"));
    }
    pq_ca_free(ca);
    remove_all("ca");
    remove_all("server");
}

/* ---- signatures ------------------------------------------------------------------------------ */

/* The verdict of the library's chain verification for a purpose. */
static int verify(const char *name, const char *root, int purpose)
{
    X509 *cert = read_cert(name), *trusted = read_cert(root);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, trusted), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
    assert_int_equal(X509_STORE_CTX_set_purpose(ctx, purpose), 1);
    (void)X509_verify_cert(ctx);
    int result = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(trusted);
    X509_free(cert);
    return result;
}

static void test_chains(void **state)
{
    (void)state;
    struct pq_ca *ca = ca_make(&folder, "ca"), *other = ca_make(&folder, "other");
    struct pq_cert_request client = request_of("client");
    struct pq_cert_request lonely = request_of("lonely");
    struct pq_cert_request rsa = request_of("rsa");
    client.client = lonely.self_signed = true;
    rsa.key = PQ_CERT_KEY_RSA_2048;
    issue_dns(ca, "server", "pop.example.test");
    issue(ca, &client);
    issue(ca, &lonely);
    issue(ca, &rsa);
    assert_int_equal(verify("server", "ca", X509_PURPOSE_SSL_SERVER), X509_V_OK);
    assert_int_equal(verify("rsa", "ca", X509_PURPOSE_SSL_SERVER), X509_V_OK);
    assert_int_equal(verify("client", "ca", X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    assert_int_equal(verify("client", "ca", X509_PURPOSE_SSL_SERVER), X509_V_ERR_INVALID_PURPOSE);
    assert_int_equal(verify("server", "ca", X509_PURPOSE_SSL_CLIENT), X509_V_ERR_INVALID_PURPOSE);
    assert_int_equal(verify("server", "other", X509_PURPOSE_SSL_SERVER),
                     X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    assert_int_equal(verify("lonely", "ca", X509_PURPOSE_SSL_SERVER),
                     X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    X509 *cert = read_cert("rsa");
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), 2048);
    X509_free(cert);
    pq_ca_free(ca);
    pq_ca_free(other);
}

static void *no_memory(void *ctx, void *old, size_t size)
{
    (void)ctx;
    (void)old;
    (void)size;
    return NULL;
}

static void test_no_memory_is_said(void **state)
{
    (void)state;
    struct pq_why why = {""};
    struct pq_cert_request self = request_of("ca");
    assert_null(pq_ca_new(folder.path, &self, 1, (struct pq_alloc){.resize = no_memory}, &why));
    assert_string_equal(why.text, "memory is exhausted");
    pq_ca_free(NULL);
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
        cmocka_unit_test(test_files_are_private),
        cmocka_unit_test(test_unfit_folders_are_refused),
        cmocka_unit_test(test_base_names),
        cmocka_unit_test(test_limit_of_paths),
        cmocka_unit_test(test_a_link_is_not_followed),
        cmocka_unit_test(test_serials_follow_the_seed),
        cmocka_unit_test(test_names_and_times),
        cmocka_unit_test(test_limits_of_alternative_names),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_no_memory_is_said),
    };
    return cmocka_run_group_tests_name("cert", tests, set_up, tear_down);
}
