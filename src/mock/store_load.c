/* SPDX-License-Identifier: Apache-2.0
 * Filling a store from folders and from the accounts file. */
#include "mock/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mock/mbox.h"

#define PATH_TEXT_MAX 4096u
#define USERS_FILE_MAX (UINT64_C(16) << 20)
#define MESSAGE_FILE_MAX (UINT64_C(2) << 30)

/* Before the name of a file that is a maildrop. */
static const struct pq_slice mbox_prefix = PQ_SLICE_INIT("mbox:");

/* ---- whole files ----------------------------------------------------------------------------- */

/* `size` is what the file had before; one octet more finds its end at once. */
static enum pq_status read_all(int fd, size_t size, struct pq_bytes *to)
{
    if (pq_bytes_reserve(to, size + 1) != PQ_STATUS_OK)
        return PQ_STATUS_NO_MEMORY;
    for (;;) {
        if (pq_bytes_reserve(to, 1) != PQ_STATUS_OK)
            return PQ_STATUS_NO_MEMORY;
        ssize_t n = read(fd, to->at + to->len, to->cap - to->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return PQ_STATUS_FILE;
        if (n == 0)
            return PQ_STATUS_OK;
        to->len += (size_t)n;
    }
}

/* Reads a regular file of at most `max` octets; the caller frees `to`. */
static enum pq_status read_file(struct pq_store *s, const char *path, uint64_t max,
                                struct pq_bytes *to, struct pq_why *why)
{
    struct stat st;
    pq_bytes_init(to, s->alloc, (size_t)max + 65536);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: cannot be opened: %s", path, strerror(errno));
    enum pq_status status = PQ_STATUS_FILE;
    if (fstat(fd, &st) != 0)
        (void)pq_why_fail(why, PQ_STATUS_FILE, "%s: cannot be looked at: %s", path,
                          strerror(errno));
    else if (!S_ISREG(st.st_mode))
        (void)pq_why_fail(why, PQ_STATUS_FILE, "%s: is not a regular file", path);
    else if ((uint64_t)st.st_size > max)
        (void)pq_why_fail(why, PQ_STATUS_FILE, "%s: is larger than the limit of %llu octets", path,
                          (unsigned long long)max);
    else if ((status = read_all(fd, (size_t)st.st_size, to)) != PQ_STATUS_OK)
        (void)pq_why_fail(why, PQ_STATUS_FILE, "%s: cannot be read: %s", path,
                          status == PQ_STATUS_FILE ? strerror(errno) : pq_status_text(status));
    (void)close(fd);
    return status;
}

/* ---- folders --------------------------------------------------------------------------------- */

static int is_message_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int is_eml_name(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return is_message_name(entry) && len > 4 && strcmp(entry->d_name + len - 4, ".eml") == 0;
}

/* By octets, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The part of a file name that does not change: a Maildir keeps flags behind a colon. */
static struct pq_slice label_of(const char *name)
{
    struct pq_slice rest = pq_slice_text(name);
    return pq_slice_cut(&rest, ':');
}

static enum pq_status load_file(struct pq_store *s, struct pq_account *a, const char *path,
                                const char *name, struct pq_why *why)
{
    struct pq_bytes content;
    enum pq_status status = read_file(s, path, MESSAGE_FILE_MAX, &content, why);
    if (status == PQ_STATUS_OK) {
        status = pq_store_deliver(s, a, label_of(name), pq_bytes_slice(&content));
        if (status != PQ_STATUS_OK)
            (void)pq_why_fail(why, PQ_STATUS_FILE, "%s: %s", path, pq_status_text(status));
    }
    pq_bytes_free(&content);
    return status;
}

static enum pq_status load_folder(struct pq_store *s, struct pq_account *a, const char *folder,
                                  int (*wanted)(const struct dirent *), struct pq_why *why)
{
    struct dirent **entries = NULL;
    char path[PATH_TEXT_MAX];
    int count = scandir(folder, &entries, wanted, by_name);
    if (count < 0)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: cannot be listed: %s", folder,
                           strerror(errno));
    enum pq_status status = PQ_STATUS_OK;
    for (int i = 0; i < count; i++) {
        int len = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        if (status == PQ_STATUS_OK && (len < 0 || (size_t)len >= sizeof(path)))
            status = pq_why_fail(why, PQ_STATUS_FILE, "%s: the path is too long", folder);
        if (status == PQ_STATUS_OK)
            status = load_file(s, a, path, entries[i]->d_name, why);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum pq_status pq_store_load(struct pq_store *s, struct pq_account *a, const char *folder,
                             struct pq_why *why)
{
    char cur[PATH_TEXT_MAX], new[PATH_TEXT_MAX];
    if (pq_slice_starts(pq_slice_text(folder), mbox_prefix))
        return pq_mbox_load(s, a, folder + mbox_prefix.len, why);
    if (!is_folder(folder))
        return pq_why_fail(
            why, PQ_STATUS_FILE,
            "%s: is not a folder: give a Maildir or a folder of .eml files, or mbox:FILE", folder);
    int cur_len = snprintf(cur, sizeof(cur), "%s/cur", folder);
    int new_len = snprintf(new, sizeof(new), "%s/new", folder);
    if (cur_len < 0 || new_len < 0 || (size_t)cur_len >= sizeof(cur))
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: the path is too long", folder);
    if (!is_folder(cur) || !is_folder(new))
        return load_folder(s, a, folder, is_eml_name, why);
    enum pq_status status = load_folder(s, a, cur, is_message_name, why);
    return status == PQ_STATUS_OK ? load_folder(s, a, new, is_message_name, why) : status;
}

/* ---- accounts -------------------------------------------------------------------------------- */

static enum pq_status check_name(const char *file, size_t number, struct pq_slice name,
                                 struct pq_slice password, struct pq_why *why)
{
    if (name.len == 0 || name.len > PQ_STORE_NAME_MAX)
        return pq_why_fail(why, PQ_STATUS_FILE,
                           "%s:%zu: the name has %zu octets: 1 to %u are allowed", file, number,
                           name.len, PQ_STORE_NAME_MAX);
    if (password.len == 0 || password.len > PQ_STORE_NAME_MAX)
        return pq_why_fail(why, PQ_STATUS_FILE,
                           "%s:%zu: the password has %zu octets: 1 to %u are allowed "
                           "(name, TAB, password)",
                           file, number, password.len, PQ_STORE_NAME_MAX);
    return PQ_STATUS_OK;
}

/* The folder or mbox: that a line names, relative to the folder of the accounts file. */
static bool resolve(const char *file, struct pq_slice folder, char *path, size_t cap)
{
    const char *slash = strrchr(file, '/');
    int kind = pq_slice_starts(folder, mbox_prefix) ? (int)mbox_prefix.len : 0;
    struct pq_slice rest = pq_slice_after(folder, (size_t)kind);
    int prefix = slash && !pq_slice_starts(rest, PQ_SLICE("/")) ? (int)(slash - file + 1) : 0;
    int len = snprintf(path, cap, "%.*s%.*s%.*s", kind, (const char *)folder.at, prefix, file,
                       (int)rest.len, (const char *)rest.at);
    return len >= 0 && (size_t)len < cap;
}

static enum pq_status load_user(struct pq_store *s, const char *file, size_t number,
                                struct pq_slice line, struct pq_why *why)
{
    char path[PATH_TEXT_MAX];
    struct pq_why inner = {""};
    struct pq_slice folder = line;
    struct pq_slice name = pq_slice_cut(&folder, '\t');
    struct pq_slice password = pq_slice_cut(&folder, '\t');
    if (check_name(file, number, name, password, why) != PQ_STATUS_OK)
        return PQ_STATUS_FILE;
    if (pq_store_find(s, name))
        return pq_why_fail(why, PQ_STATUS_FILE, "%s:%zu: the account \"%.*s\" is there already",
                           file, number, (int)name.len, (const char *)name.at);
    struct pq_account *a = pq_store_add(s, name, password);
    if (!a)
        return pq_why_fail(why, PQ_STATUS_FILE,
                           "%s:%zu: no room for the account: at most %u, and memory", file, number,
                           PQ_STORE_ACCOUNTS_MAX);
    if (folder.len == 0)
        return PQ_STATUS_OK;
    if (!resolve(file, folder, path, sizeof(path)))
        return pq_why_fail(why, PQ_STATUS_FILE, "%s:%zu: the path of the maildrop is too long",
                           file, number);
    if (pq_store_load(s, a, path, &inner) != PQ_STATUS_OK)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s:%zu: %s", file, number, inner.text);
    return PQ_STATUS_OK;
}

/* The next line, which may end in CRLF: a password cannot end in CR. */
static struct pq_slice next_line(struct pq_slice *rest)
{
    struct pq_slice line = pq_slice_cut(rest, '\n');
    bool cr = line.len > 0 && line.at[line.len - 1] == '\r';
    return pq_slice_first(line, cr ? line.len - 1 : line.len);
}

enum pq_status pq_store_load_users(struct pq_store *s, const char *file, struct pq_why *why)
{
    struct pq_bytes text;
    enum pq_status status = read_file(s, file, USERS_FILE_MAX, &text, why);
    struct pq_slice rest = pq_bytes_slice(&text);
    for (size_t number = 1; status == PQ_STATUS_OK && rest.len > 0; number++) {
        struct pq_slice line = next_line(&rest);
        if (line.len > 0 && line.at[0] != '#')
            status = load_user(s, file, number, line, why);
    }
    if (status == PQ_STATUS_OK && s->count == 0)
        status = pq_why_fail(why, PQ_STATUS_FILE,
                             "%s: holds no account: write name, TAB, password on a line", file);
    pq_bytes_free(&text);
    return status;
}
