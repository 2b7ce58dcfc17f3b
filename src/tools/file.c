/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536u

/* ---- reading --------------------------------------------------------------------------------- */

static enum pq_status read_all(FILE *file, struct pq_bytes *out)
{
    enum pq_status status = PQ_STATUS_OK;
    while (status == PQ_STATUS_OK && !feof(file)) {
        uint8_t piece[PIECE];
        size_t n = fread(piece, 1, sizeof(piece), file);
        if (ferror(file))
            return PQ_STATUS_FILE;
        status = pq_bytes_put(out, pq_slice_of(piece, n));
    }
    return status;
}

enum pq_status pq_file_read(const char *path, struct pq_bytes *out)
{
    if (strcmp(path, "-") == 0)
        return read_all(stdin, out);
    FILE *file = fopen(path, "rb");
    if (!file)
        return PQ_STATUS_FILE;
    enum pq_status status = read_all(file, out);
    int error = errno;
    (void)fclose(file);
    errno = error;
    return status;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_all(int fd, struct pq_slice content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.at, content.len);
        if (n < 0 && errno != EINTR)
            return false;
        content = pq_slice_after(content, n > 0 ? (size_t)n : 0);
    }
    return true;
}

/* Fills `fd`, which is `temporary`, and gives it the name of the old file. */
static bool replace(int fd, const char *temporary, const char *path, struct pq_slice content)
{
    struct stat old;
    bool good = write_all(fd, content);
    if (good && stat(path, &old) == 0)
        good = fchmod(fd, old.st_mode & 07777) == 0;
    good = close(fd) == 0 && good;
    return good && rename(temporary, path) == 0;
}

enum pq_status pq_file_replace(const char *path, struct pq_slice content)
{
    static const char pattern[] = "%s.XXXXXX";
    size_t size = strlen(path) + sizeof(pattern);
    char *temporary = malloc(size);
    if (!temporary)
        return PQ_STATUS_FILE;
    (void)snprintf(temporary, size, pattern, path);
    int fd = mkstemp(temporary);
    bool good = fd >= 0 && replace(fd, temporary, path, content);
    int error = errno;
    if (fd >= 0 && !good)
        (void)unlink(temporary);
    free(temporary);
    errno = error;
    return good ? PQ_STATUS_OK : PQ_STATUS_FILE;
}
