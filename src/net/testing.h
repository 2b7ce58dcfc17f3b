/* SPDX-License-Identifier: Apache-2.0
 *
 * What the unit tests of this folder share: a temporary folder, an authority in it, and
 * certificates. Included by *_test.c only.
 */
#ifndef PQ_NET_TESTING_H
#define PQ_NET_TESTING_H

#include "base/testing.h"

#include <dirent.h>
#include <stdlib.h>
#include <time.h>

#include "net/cert.h"
#include "net/tls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY INT64_C(86400)

/* ---- folder ---------------------------------------------------------------------------------- */

struct test_folder {
    char path[64];
};

static inline struct test_folder folder_make(void)
{
    struct test_folder f = {"/tmp/popquiz-net-XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    return f;
}

/* The path of `name` in the folder; lives until the next call. */
static inline const char *folder_path(const struct test_folder *f, const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
    return path;
}

static inline void folder_remove(const struct test_folder *f)
{
    DIR *d = opendir(f->path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        (void)unlink(folder_path(f, e->d_name));
    (void)closedir(d);
    assert_int_equal(rmdir(f->path), 0);
}

static inline void file_write(const char *path, struct pq_slice content)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content.at, 1, content.len, f), content.len);
    assert_int_equal(fclose(f), 0);
}

/* At most `cap` octets of a file. */
static inline struct pq_slice file_read(const char *path, void *at, size_t cap)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(at, 1, cap, f);
    (void)fclose(f);
    return pq_slice_of(at, len);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static inline struct pq_cert_request request_of(const char *file)
{
    int64_t now = (int64_t)time(NULL);
    return (struct pq_cert_request){.file = file, .not_before = now - DAY, .not_after = now + DAY};
}

static inline struct pq_ca *ca_make(const struct test_folder *f, const char *name)
{
    struct pq_why why = {""};
    struct pq_cert_request self = request_of(name);
    struct pq_ca *ca = pq_ca_new(f->path, &self, 1, pq_alloc_default(), &why);
    assert_string_equal(why.text, "");
    return ca;
}

static inline void issue(struct pq_ca *ca, const struct pq_cert_request *request)
{
    struct pq_why why = {""};
    struct pq_cert_files files;
    enum pq_status status = pq_ca_issue(ca, request, &files, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(status, PQ_STATUS_OK);
}

/* A server's certificate for one DNS name. */
static inline void issue_dns(struct pq_ca *ca, const char *file, const char *dns)
{
    struct pq_cert_alt_name alt = {PQ_CERT_ALT_DNS, pq_slice_text(dns)};
    struct pq_cert_request request = request_of(file);
    request.alt = &alt;
    request.alt_len = 1;
    issue(ca, &request);
}

/* The files of an identity that was issued under `name`. */
struct test_files {
    char cert[128], key[128];
};

static inline struct test_files files_of(const struct test_folder *f, const char *name)
{
    struct test_files files;
    (void)snprintf(files.cert, sizeof(files.cert), "%s/%.40s.pem", f->path, name);
    (void)snprintf(files.key, sizeof(files.key), "%s/%.40s.key", f->path, name);
    return files;
}

static inline struct pq_tls_identity identity_of(const struct test_files *files)
{
    return (struct pq_tls_identity){.cert = {.file = files->cert}, .key = {.file = files->key}};
}

/* A context that must come about. */
static inline struct pq_tls_context *context_of(const struct pq_tls_config *config)
{
    struct pq_why why = {""};
    struct pq_tls_context *c = pq_tls_context_new(config, pq_alloc_default(), &why);
    assert_string_equal(why.text, "");
    assert_non_null(c);
    return c;
}

#endif
