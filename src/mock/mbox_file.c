/* SPDX-License-Identifier: Apache-2.0
 * An mbox on disk: locks, reading, and rewriting that loses nothing. */
#include "mock/mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_TEXT_MAX 4096u

/* ---- system calls ---------------------------------------------------------------------------- */

/* Each is asked for before it is made, so that a test can have it fail. */
static bool goes(const struct pq_mbox *m)
{
    if (!m->fails || !m->fails(m->ctx))
        return true;
    errno = EIO;
    return false;
}

static enum pq_status fail(const struct pq_mbox *m, struct pq_why *why, const char *what)
{
    return pq_why_errno(why, PQ_STATUS_FILE, errno, "%s: %s", m->path, what);
}

static bool beside(const struct pq_mbox *m, const char *ending, char *path)
{
    int n = snprintf(path, PATH_TEXT_MAX, "%s%s", m->path, ending);
    return n >= 0 && (size_t)n < PATH_TEXT_MAX;
}

static bool write_at(const struct pq_mbox *m, int fd, struct pq_slice rest, uint64_t at)
{
    while (rest.len > 0) {
        size_t len = m->write_max > 0 && m->write_max < rest.len ? m->write_max : rest.len;
        ssize_t n = goes(m) ? pwrite(fd, rest.at, len, (off_t)at) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        rest = pq_slice_after(rest, (size_t)n);
        at += (uint64_t)n;
    }
    return true;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static void pause_ms(unsigned ms)
{
    struct timespec pause = {.tv_nsec = (long)ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* What is held of a file while it is looked at. */
struct hold {
    int fd;
    bool dotted; /* FILE.lock is ours */
    char lock[PATH_TEXT_MAX];
};

/* A folder in which nobody may write has no FILE.lock: then fcntl() must do. */
static bool try_dot_lock(const struct pq_mbox *m, struct hold *h)
{
    int fd = goes(m) ? open(h->lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;
    h->dotted = fd >= 0;
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0 || errno == EACCES || errno == EROFS || errno == EPERM;
}

static bool try_fcntl_lock(const struct pq_mbox *m, int fd, bool writes)
{
    struct flock lock = {.l_type = writes ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    return goes(m) && fcntl(fd, F_SETLK, &lock) == 0;
}

static bool is_taken(void)
{
    return errno == EEXIST || errno == EAGAIN || errno == EACCES;
}

static bool take_locks(const struct pq_mbox *m, struct hold *h, bool writes)
{
    for (unsigned tries = 0; tries < PQ_MBOX_LOCK_TRIES; tries++) {
        if (tries > 0)
            pause_ms(PQ_MBOX_LOCK_PAUSE_MS);
        if (!h->dotted && !try_dot_lock(m, h)) {
            if (is_taken())
                continue;
            return false;
        }
        if (try_fcntl_lock(m, h->fd, writes))
            return true;
        if (!is_taken())
            return false;
    }
    errno = EWOULDBLOCK;
    return false;
}

static void let_go(struct hold *h)
{
    if (h->fd >= 0)
        (void)close(h->fd); /* and with it the lock of fcntl() */
    if (h->dotted)
        (void)unlink(h->lock);
    h->fd = -1;
    h->dotted = false;
}

/* Opens and locks the file. STATE: there is none. */
static enum pq_status take_hold(const struct pq_mbox *m, bool writes, struct hold *h,
                                struct pq_why *why)
{
    h->fd = -1;
    h->dotted = false;
    if (!beside(m, ".lock", h->lock))
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: the path is too long", m->path);
    if (goes(m))
        h->fd = open(m->path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (h->fd < 0 && errno == ENOENT)
        return PQ_STATUS_STATE;
    if (h->fd < 0)
        return fail(m, why, "cannot be opened");
    if (take_locks(m, h, writes))
        return PQ_STATUS_OK;
    enum pq_status status = fail(m, why, "cannot be locked");
    let_go(h);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum pq_status read_all(const struct pq_mbox *m, int fd, struct pq_bytes *to)
{
    for (;;) {
        if (pq_bytes_reserve(to, 65536) != PQ_STATUS_OK)
            return PQ_STATUS_NO_MEMORY;
        ssize_t n = goes(m) ? read(fd, to->at + to->len, to->cap - to->len) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return PQ_STATUS_FILE;
        if (n == 0)
            return PQ_STATUS_OK;
        to->len += (size_t)n;
    }
}

static enum pq_status read_file(const struct pq_mbox *m, int fd, struct pq_bytes *to,
                                struct stat *st, struct pq_why *why)
{
    if (!goes(m) || fstat(fd, st) != 0)
        return fail(m, why, "cannot be looked at");
    if (!S_ISREG(st->st_mode))
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: is not a regular file", m->path);
    if ((uint64_t)st->st_size > PQ_MBOX_FILE_MAX)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: is larger than the limit of %llu octets",
                           m->path, (unsigned long long)PQ_MBOX_FILE_MAX);
    if (pq_bytes_reserve(to, (size_t)st->st_size + 65536) != PQ_STATUS_OK)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: no memory for it", m->path);
    enum pq_status status = read_all(m, fd, to);
    if (status == PQ_STATUS_FILE)
        return fail(m, why, "cannot be read");
    return status == PQ_STATUS_OK
               ? status
               : pq_why_fail(why, PQ_STATUS_FILE, "%s: no memory for it", m->path);
}

static void remember(struct pq_mbox *m, const struct stat *st)
{
    m->known = true;
    m->size = (uint64_t)st->st_size;
    m->inode = (uint64_t)st->st_ino;
    m->changed_s = st->st_mtim.tv_sec;
    m->changed_ns = st->st_mtim.tv_nsec;
}

static bool is_as_before(const struct pq_mbox *m)
{
    struct stat st;
    return m->known && stat(m->path, &st) == 0 && m->size == (uint64_t)st.st_size &&
           m->inode == (uint64_t)st.st_ino && m->changed_s == st.st_mtim.tv_sec &&
           m->changed_ns == st.st_mtim.tv_nsec;
}

/* ---- the account ----------------------------------------------------------------------------- */

static int by_uid(const void *a, const void *b)
{
    const struct pq_stored *const *x = a, *const *y = b;
    return memcmp((*x)->uid, (*y)->uid, PQ_STORE_UID_LEN);
}

/* The messages that the account had, sorted. */
struct known {
    struct pq_stored **each;
    size_t count;
};

static bool sort_known(struct pq_store *s, const struct pq_account *a, struct known *k)
{
    k->count = a->count;
    k->each = s->alloc.resize(s->alloc.ctx, NULL, (a->count + 1) * sizeof(struct pq_stored *));
    if (!k->each)
        return false;
    for (size_t i = 0; i < a->count; i++)
        k->each[i] = a->messages[i];
    qsort((void *)k->each, k->count, sizeof(struct pq_stored *), by_uid);
    return true;
}

static void free_known(struct pq_store *s, struct known *k)
{
    if (k->each)
        s->alloc.resize(s->alloc.ctx, (void *)k->each, 0);
}

static struct pq_stored *find_known(const struct known *k, const struct mbox_span *span)
{
    struct pq_stored key;
    const struct pq_stored *at = &key;
    memcpy(key.uid, span->uid, sizeof(key.uid));
    struct pq_stored **found =
        bsearch(&at, (const void *)k->each, k->count, sizeof(struct pq_stored *), by_uid);
    return found ? *found : NULL;
}

static struct pq_stored *make_message(struct pq_store *s, const struct mbox_span *span)
{
    struct pq_bytes label, content;
    struct pq_stored *m = NULL;
    pq_bytes_init(&label, s->alloc, (size_t)PQ_MBOX_FILE_MAX + 64);
    pq_bytes_init(&content, s->alloc, (size_t)PQ_MBOX_FILE_MAX);
    if (mbox_label(span, &label) == PQ_STATUS_OK &&
        mbox_unquote(span->content, &content) == PQ_STATUS_OK)
        m = pq_store_make(s, pq_bytes_slice(&label), pq_bytes_slice(&content));
    pq_bytes_free(&label);
    pq_bytes_free(&content);
    return m;
}

/* Makes the account hold what the file does, in its order. What it held stays as it was where
 * memory runs out. */
static enum pq_status take_over(struct pq_store *s, struct pq_account *a,
                                const struct mbox_spans *spans)
{
    struct pq_account next = *a;
    struct known known;
    next.messages = NULL;
    next.count = 0;
    enum pq_status status = sort_known(s, a, &known) ? PQ_STATUS_OK : PQ_STATUS_NO_MEMORY;
    for (size_t i = 0; i < spans->count && status == PQ_STATUS_OK; i++) {
        struct pq_stored *m = find_known(&known, &spans->each[i]);
        if (!m)
            m = make_message(s, &spans->each[i]);
        if (m)
            m->gone = false; /* it is in the file */
        status = m ? pq_store_append(s, &next, m) : PQ_STATUS_NO_MEMORY;
    }
    free_known(s, &known);
    struct pq_stored **unused = status == PQ_STATUS_OK ? a->messages : next.messages;
    if (unused)
        s->alloc.resize(s->alloc.ctx, (void *)unused, 0);
    if (status != PQ_STATUS_OK)
        return status;
    *a = next;
    return PQ_STATUS_OK;
}

static enum pq_status refresh_held(struct pq_store *s, struct pq_account *a, struct hold *h,
                                   struct pq_why *why)
{
    struct mbox_spans spans = {.alloc = s->alloc};
    struct pq_bytes octets;
    struct stat st;
    pq_bytes_init(&octets, s->alloc, (size_t)PQ_MBOX_FILE_MAX + (1u << 20));
    enum pq_status status = read_file(a->mbox, h->fd, &octets, &st, why);
    if (status == PQ_STATUS_OK)
        status = mbox_parse(&spans, a->mbox->path, pq_bytes_slice(&octets), why);
    if (status == PQ_STATUS_OK && take_over(s, a, &spans) != PQ_STATUS_OK)
        status = pq_why_fail(why, PQ_STATUS_FILE, "%s: no memory for its messages", a->mbox->path);
    if (status == PQ_STATUS_OK)
        remember(a->mbox, &st);
    mbox_spans_free(&spans);
    pq_bytes_free(&octets);
    return status;
}

enum pq_status pq_mbox_refresh(struct pq_store *s, struct pq_account *a, struct pq_why *why)
{
    struct hold h;
    if (is_as_before(a->mbox))
        return PQ_STATUS_OK;
    enum pq_status status = take_hold(a->mbox, false, &h, why);
    if (status == PQ_STATUS_STATE) {
        a->mbox->known = false;
        a->count = 0;
        return PQ_STATUS_OK;
    }
    if (status == PQ_STATUS_OK)
        status = refresh_held(s, a, &h, why);
    let_go(&h);
    return status;
}

enum pq_status pq_mbox_load(struct pq_store *s, struct pq_account *a, const char *path,
                            struct pq_why *why)
{
    struct stat st;
    a->mbox = pq_arena_get(&s->arena, sizeof(*a->mbox));
    if (!a->mbox)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: no memory", path);
    a->mbox->path = pq_arena_text(&s->arena, pq_slice_text(path));
    if (!a->mbox->path)
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: no memory", path);
    if (stat(path, &st) != 0)
        return fail(a->mbox, why, "cannot be opened");
    return pq_mbox_refresh(s, a, why);
}

/* ---- removing -------------------------------------------------------------------------------- */

/* What the file is to be: its first `keep` octets, and `tail` behind them. */
struct rewrite {
    size_t keep;
    struct pq_bytes tail;
    bool needed;
};

static enum pq_status plan_rewrite(const struct known *k, const struct mbox_spans *spans,
                                   struct pq_slice octets, struct rewrite *w)
{
    enum pq_status status = PQ_STATUS_OK;
    for (size_t i = 0; i < spans->count && status == PQ_STATUS_OK; i++) {
        const struct mbox_span *span = &spans->each[i];
        const struct pq_stored *m = find_known(k, span);
        struct pq_slice whole = pq_slice_of(octets.at + span->begin, span->end - span->begin);
        if (m && m->gone && !w->needed)
            w->keep = span->begin;
        w->needed |= m && m->gone;
        if (w->needed && !(m && m->gone))
            status = pq_bytes_put(&w->tail, whole);
    }
    return status;
}

/* The new file must be safe before the old one is touched. */
static enum pq_status write_beside(const struct pq_mbox *m, const char *path, struct pq_slice tail,
                                   struct pq_why *why)
{
    int fd = goes(m) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd < 0 && errno == EEXIST)
        return pq_why_fail(why, PQ_STATUS_FILE,
                           "%s: is there already: mail from a rewriting that failed; look into it, "
                           "then remove it",
                           path);
    if (fd < 0)
        return fail(m, why, "no file can be made beside it");
    bool safe = write_at(m, fd, tail, 0) && goes(m) && fsync(fd) == 0;
    int error = errno;
    (void)close(fd);
    if (safe)
        return PQ_STATUS_OK;
    (void)unlink(path);
    errno = error;
    return fail(m, why, "what is to stay cannot be written beside it");
}

static enum pq_status write_over(const struct pq_mbox *m, int fd, const struct rewrite *w,
                                 struct pq_why *why)
{
    struct pq_slice tail = pq_bytes_slice(&w->tail);
    if (write_at(m, fd, tail, w->keep) && goes(m) && fsync(fd) == 0 && goes(m) &&
        ftruncate(fd, (off_t)(w->keep + tail.len)) == 0 && goes(m) && fsync(fd) == 0)
        return PQ_STATUS_OK;
    return pq_why_errno(why, PQ_STATUS_FILE, errno,
                        "%s: cannot be rewritten from octet %zu on; FILE.popquiz beside it has "
                        "what belongs there",
                        m->path, w->keep);
}

static enum pq_status rewrite(const struct pq_mbox *m, int fd, const struct rewrite *w,
                              struct pq_why *why)
{
    char path[PATH_TEXT_MAX];
    if (!beside(m, ".popquiz", path))
        return pq_why_fail(why, PQ_STATUS_FILE, "%s: the path is too long", m->path);
    enum pq_status status = write_beside(m, path, pq_bytes_slice(&w->tail), why);
    if (status == PQ_STATUS_OK)
        status = write_over(m, fd, w, why);
    else
        return status;
    if (status == PQ_STATUS_OK)
        (void)unlink(path);
    return status;
}

static enum pq_status commit_held(struct pq_store *s, struct pq_account *a, struct hold *h,
                                  struct pq_why *why)
{
    struct mbox_spans spans = {.alloc = s->alloc};
    struct rewrite w = {.keep = 0};
    struct known known = {.each = NULL};
    struct pq_bytes octets;
    struct stat st;
    pq_bytes_init(&octets, s->alloc, (size_t)PQ_MBOX_FILE_MAX + (1u << 20));
    pq_bytes_init(&w.tail, s->alloc, (size_t)PQ_MBOX_FILE_MAX + (1u << 20));
    enum pq_status status = read_file(a->mbox, h->fd, &octets, &st, why);
    if (status == PQ_STATUS_OK)
        status = mbox_parse(&spans, a->mbox->path, pq_bytes_slice(&octets), why);
    if (status == PQ_STATUS_OK &&
        (!sort_known(s, a, &known) ||
         plan_rewrite(&known, &spans, pq_bytes_slice(&octets), &w) != PQ_STATUS_OK))
        status = pq_why_fail(why, PQ_STATUS_FILE, "%s: no memory to rewrite it", a->mbox->path);
    if (status == PQ_STATUS_OK && w.needed)
        status = rewrite(a->mbox, h->fd, &w, why);
    free_known(s, &known);
    mbox_spans_free(&spans);
    pq_bytes_free(&octets);
    pq_bytes_free(&w.tail);
    return status;
}

enum pq_status pq_mbox_commit(struct pq_store *s, struct pq_account *a, struct pq_why *why)
{
    struct hold h;
    enum pq_status status = take_hold(a->mbox, true, &h, why);
    if (status == PQ_STATUS_STATE)
        return PQ_STATUS_OK; /* no file: nothing is to be removed */
    if (status == PQ_STATUS_OK)
        status = commit_held(s, a, &h, why);
    let_go(&h);
    a->mbox->known = false; /* what it holds now is seen at the next login */
    return status;
}
