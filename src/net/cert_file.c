/* SPDX-License-Identifier: Apache-2.0
 * Where certificates and keys are kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "net/cert_internal.h"

enum pq_status pq_cert_folder(const char *folder, struct pq_why *why)
{
    struct stat st;
    if (mkdir(folder, 0700) == 0)
        return PQ_STATUS_OK;
    if (errno != EEXIST || stat(folder, &st) != 0)
        return pq_why_errno(why, PQ_STATUS_FILE, errno, "cannot make the folder %s", folder);
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return pq_why_fail(
            why, PQ_STATUS_FILE,
            "%s is not a folder that only its owner may enter: chmod 700 it, or name "
            "another",
            folder);
    return PQ_STATUS_OK;
}

static bool is_base_name(struct pq_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        bool usual = pq_ascii_is_alpha(c) || pq_ascii_is_digit(c);
        if (!usual && c != '-' && c != '_' && (c != '.' || i == 0))
            return false;
    }
    return name.len > 0 && name.len <= PQ_CERT_NAME_MAX;
}

static bool put_path(char *path, const char *folder, const char *name, const char *ending)
{
    int len = snprintf(path, PQ_CERT_PATH_MAX, "%s/%s%s", folder, name, ending);
    return len > 0 && (unsigned)len < PQ_CERT_PATH_MAX;
}

enum pq_status pq_cert_paths(const char *folder, const char *name, struct pq_cert_files *files,
                             struct pq_why *why)
{
    if (!is_base_name(pq_slice_text(name)))
        return pq_why_fail(
            why, PQ_STATUS_FILE,
            "\"%s\" is no base name: use at most %u letters, digits, \".\", \"-\" and "
            "\"_\", no dot in front",
            name ? name : "", PQ_CERT_NAME_MAX);
    if (!put_path(files->cert, folder, name, ".pem") || !put_path(files->key, folder, name, ".key"))
        return pq_why_fail(why, PQ_STATUS_FILE, "longer than %u octets: the path %s/%s.pem",
                           PQ_CERT_PATH_MAX - 1, folder, name);
    return PQ_STATUS_OK;
}

static bool write_all(int fd, struct pq_slice rest)
{
    while (rest.len > 0) {
        ssize_t n = write(fd, rest.at, rest.len);
        if (n < 0 && errno != EINTR)
            return false;
        rest = pq_slice_after(rest, n > 0 ? (size_t)n : 0);
    }
    return true;
}

/* An older file of that name may have had another mode. */
static enum pq_status write_file(const char *path, mode_t mode, BIO *pem, struct pq_why *why)
{
    char *at = NULL;
    long len = BIO_get_mem_data(pem, &at);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    bool ok = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, pq_slice_of(at, (size_t)len));
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    return ok ? PQ_STATUS_OK : pq_why_errno(why, PQ_STATUS_FILE, error, "cannot write %s", path);
}

enum pq_status pq_cert_write(const struct pq_cert_files *files, const struct cert_pair *pair,
                             struct pq_why *why)
{
    enum pq_status status = PQ_STATUS_NO_MEMORY;
    BIO *cert = BIO_new(BIO_s_mem());
    BIO *key = BIO_new(BIO_s_secmem());
    if (cert && key && PEM_write_bio_X509(cert, pair->cert) == 1 &&
        PEM_write_bio_PrivateKey(key, pair->key, NULL, NULL, 0, NULL, NULL) == 1)
        status = write_file(files->key, 0600, key, why);
    else
        (void)pq_why_fail(why, status, "memory is exhausted");
    if (status == PQ_STATUS_OK)
        status = write_file(files->cert, 0644, cert, why);
    BIO_free(cert);
    BIO_free(key);
    return status;
}
