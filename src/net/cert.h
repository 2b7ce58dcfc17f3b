/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates for tests: an authority of one's own and what it signs, good and bad, as PEM files
 * in a folder. The keys protect nothing: do not trust such an authority outside of a test.
 */
#ifndef PQ_NET_CERT_H
#define PQ_NET_CERT_H

#include "net/why.h"

#define PQ_CERT_PATH_MAX 512u /* octets of a path, its NUL included */
#define PQ_CERT_NAME_MAX 64u  /* of a file's base name; also RFC 5280's ub-common-name */
#define PQ_CERT_ALT_NAMES_MAX 16u

enum pq_cert_key {
    PQ_CERT_KEY_P256,     /* the default: made in less than a millisecond */
    PQ_CERT_KEY_RSA_2048, /* takes a tenth of a second or more */
    PQ_CERT_KEY_RSA_1024, /* too short: a careful peer refuses it */
};

/* Forms of a subject alternative name (RFC 5280 section 4.2.1.6). */
enum pq_cert_alt {
    PQ_CERT_ALT_DNS, /* any octets: a wildcard, a NUL, nonsense */
    PQ_CERT_ALT_IP,  /* "127.0.0.1" or "::1" */
    PQ_CERT_ALT_URI,
    PQ_CERT_ALT_SRV, /* "_pop3.example.org" (RFC 4985) */
    PQ_CERT_ALT_EMAIL,
};

struct pq_cert_alt_name {
    enum pq_cert_alt form;
    struct pq_slice value;
};

/* What a certificate shall be. Only `file` and the two times are needed. */
struct pq_cert_request {
    /* Base name of FILE.pem and FILE.key: letters, digits, ".", "-" and "_", no dot in front. */
    const char *file;
    struct pq_slice common_name; /* empty: the base name */
    const struct pq_cert_alt_name *alt;
    size_t alt_len;
    enum pq_cert_key key;
    int64_t not_before, not_after; /* seconds since 1970, both included; may lie in the past or be
                                    * reversed */
    bool client;                   /* for authenticating clients; otherwise servers */
    bool self_signed;              /* by its own key, not by the authority */
};

struct pq_cert_files {
    char cert[PQ_CERT_PATH_MAX], key[PQ_CERT_PATH_MAX];
};

/* Makes an authority, which writes to `folder` (made with mode 0700 when missing; refused when it
 * belongs to somebody else or others may enter it). Its own certificate follows `self`, whose
 * `alt`, `client` and `self_signed` do not matter. Serial numbers are those that `seed` gives; keys
 * differ each time. NULL with a sentence in `*why` (may be NULL). */
PQ_NODISCARD struct pq_ca *pq_ca_new(const char *folder, const struct pq_cert_request *self,
                                     uint64_t seed, struct pq_alloc alloc, struct pq_why *why);
void pq_ca_free(struct pq_ca *ca);
/* The files of the authority itself: the certificate is what a peer trusts. Live as long as it. */
const struct pq_cert_files *pq_ca_files(const struct pq_ca *ca);
/* Writes a certificate (mode 0644) and its key (mode 0600), over files of that name if there are
 * any. FILE: they cannot be written, or the name is unfit. CRYPTO: the library refused, an IP
 * address is none, or a limit is exceeded. */
PQ_NODISCARD enum pq_status pq_ca_issue(struct pq_ca *ca, const struct pq_cert_request *request,
                                        struct pq_cert_files *files, struct pq_why *why);

#endif
