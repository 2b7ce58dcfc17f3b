/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/identity.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/cert.h"

#define DAY_S INT64_C(86400)

static const struct pq_slice kinds[] = {
#define X(name, text, help) PQ_SLICE_INIT(text),
    PQ_CERTIFICATE_LIST(X)
#undef X
};

enum pq_certificate pq_certificate_of(struct pq_slice text)
{
    int kind = 0;
    while (kind < PQ_CERTIFICATE_COUNT && !pq_slice_equal(kinds[kind], text))
        kind++;
    return (enum pq_certificate)kind;
}

static const struct pq_cert_alt_name local_names[] = {
    {PQ_CERT_ALT_DNS, PQ_SLICE_INIT("localhost")},
    {PQ_CERT_ALT_IP, PQ_SLICE_INIT("127.0.0.1")},
    {PQ_CERT_ALT_IP, PQ_SLICE_INIT("::1")},
};
static const struct pq_cert_alt_name other_names[] = {
    {PQ_CERT_ALT_DNS, PQ_SLICE_INIT(PQ_IDENTITY_OTHER_NAME)},
};

static const char *const base_names[] = {"ca", "server", "other"};

/* What the first certificate is like; the second is always good. */
static struct pq_cert_request request_of(const struct pq_identity_options *o)
{
    bool expired = o->kind == PQ_CERTIFICATE_EXPIRED, early = o->kind == PQ_CERTIFICATE_NOT_YET;
    bool wrong = o->kind == PQ_CERTIFICATE_WRONG_NAME;
    return (struct pq_cert_request){
        .file = base_names[1],
        .common_name = wrong ? PQ_SLICE("wrong.popquiz.invalid") : PQ_SLICE("localhost"),
        .alt = wrong ? other_names : local_names,
        .alt_len = wrong ? 1 : sizeof(local_names) / sizeof(local_names[0]),
        .not_before = o->now_s + (early ? 30 * DAY_S : -60 * DAY_S),
        .not_after = o->now_s + (expired ? -30 * DAY_S : 365 * DAY_S),
        .self_signed = o->kind == PQ_CERTIFICATE_SELF_SIGNED,
    };
}

static enum pq_status issue_both(struct pq_ca *ca, const struct pq_identity_options *o,
                                 struct pq_cert_files files[2], struct pq_why *why)
{
    struct pq_cert_request first = request_of(o);
    struct pq_cert_request second = {.file = base_names[2],
                                     .common_name = PQ_SLICE(PQ_IDENTITY_OTHER_NAME),
                                     .alt = other_names,
                                     .alt_len = 1,
                                     .not_before = o->now_s - 60 * DAY_S,
                                     .not_after = o->now_s + 365 * DAY_S};
    enum pq_status status = pq_ca_issue(ca, &first, &files[0], why);
    return status == PQ_STATUS_OK ? pq_ca_issue(ca, &second, &files[1], why) : status;
}

/* ---- certificates of clients ----------------------------------------------------------------- */

static bool signs_clients(const struct pq_identity_options *o)
{
    return o->client_ca && !*o->client_ca;
}

static bool has_client(const struct pq_identity_options *o, size_t index)
{
    return signs_clients(o) && index < o->store->count &&
           o->store->accounts[index].name.len <= PQ_CERT_NAME_MAX;
}

#define CLIENT_FILE "client-%zu"

bool pq_identity_client(const struct pq_identity_options *o, size_t index, char *path, size_t cap)
{
    int n = snprintf(path, cap, "%s/" CLIENT_FILE ".pem", o->folder, index + 1);
    return has_client(o, index) && n > 0 && (size_t)n < cap;
}

static enum pq_status issue_clients(struct pq_ca *ca, const struct pq_identity_options *o,
                                    struct pq_why *why)
{
    enum pq_status status = PQ_STATUS_OK;
    for (size_t i = 0; signs_clients(o) && i < o->store->count && status == PQ_STATUS_OK; i++) {
        char file[32];
        struct pq_cert_files files;
        struct pq_cert_request request = {.file = file,
                                          .common_name = o->store->accounts[i].name,
                                          .not_before = o->now_s - 60 * DAY_S,
                                          .not_after = o->now_s + 365 * DAY_S,
                                          .client = true};
        (void)snprintf(file, sizeof(file), CLIENT_FILE, i + 1);
        if (has_client(o, i))
            status = pq_ca_issue(ca, &request, &files, why);
    }
    return status;
}

static struct pq_tls_context *context_of(const struct pq_cert_files files[2], const char *ca_file,
                                         const struct pq_identity_options *o, struct pq_why *why)
{
    const struct pq_tls_identity identities[] = {
        {.cert = {.file = files[0].cert}, .key = {.file = files[0].key}, .sni = "localhost"},
        {.cert = {.file = files[1].cert},
         .key = {.file = files[1].key},
         .sni = PQ_IDENTITY_OTHER_NAME},
    };
    static const struct pq_slice protocols[] = {PQ_SLICE_INIT("pop3")};
    const struct pq_tls_config config = {.server = true,
                                         .alpn = protocols,
                                         .alpn_len = 1,
                                         .min = o->min,
                                         .max = o->max,
                                         .weak = o->weak,
                                         .resume = o->resume,
                                         .ask = o->client_ca != NULL,
                                         .ca = {.file = signs_clients(o) ? ca_file : o->client_ca},
                                         .identities = identities,
                                         .identities_len = 2};
    return pq_tls_context_new(&config, pq_alloc_default(), why);
}

struct pq_tls_context *pq_identity_make(const struct pq_identity_options *o, char *ca_file,
                                        size_t cap, struct pq_why *why)
{
    struct pq_cert_files files[2];
    const struct pq_cert_request self = {.file = base_names[0],
                                         .common_name = PQ_SLICE("popquiz test authority"),
                                         .not_before = o->now_s - 90 * DAY_S,
                                         .not_after = o->now_s + 3650 * DAY_S};
    struct pq_ca *ca = pq_ca_new(o->folder, &self, o->seed, pq_alloc_default(), why);
    if (!ca)
        return NULL;
    (void)snprintf(ca_file, cap, "%s", pq_ca_files(ca)->cert);
    enum pq_status status = issue_both(ca, o, files, why);
    if (status == PQ_STATUS_OK)
        status = issue_clients(ca, o, why);
    pq_ca_free(ca);
    return status == PQ_STATUS_OK ? context_of(files, ca_file, o, why) : NULL;
}

/* Removes a certificate and its key. */
static void remove_pair(const char *folder, const char *base)
{
    char path[PQ_CERT_PATH_MAX];
    static const char *const endings[] = {"pem", "key"};
    for (size_t i = 0; i < 2; i++) {
        int n = snprintf(path, sizeof(path), "%s/%s.%s", folder, base, endings[i]);
        if (n > 0 && (size_t)n < sizeof(path))
            (void)unlink(path);
    }
}

void pq_identity_remove(const char *folder, size_t clients)
{
    for (size_t i = 0; i < sizeof(base_names) / sizeof(base_names[0]); i++)
        remove_pair(folder, base_names[i]);
    for (size_t i = 1; i <= clients; i++) {
        char base[32];
        (void)snprintf(base, sizeof(base), CLIENT_FILE, i);
        remove_pair(folder, base);
    }
    (void)rmdir(folder);
}
