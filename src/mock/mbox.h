/* SPDX-License-Identifier: Apache-2.0
 *
 * Maildrops that are one file, an mbox: read at each login when it has changed, and rewritten at
 * QUIT when messages were marked.
 *
 * A message begins with a line "From " at the start of the file or behind an empty line; the empty
 * line before the next one is not part of it. Lines may end in LF or CRLF, and the last in nothing.
 * One ">" is taken off lines that begin with ">From ", ">>From " and so on (the dialect mboxrd);
 * Content-Length is a header field like others.
 *
 * Unique-ids come from the "From " line and the content: they stay when mail in front is removed.
 * Of several messages that are equal in both, each has its own. Whoever changes a message gives it
 * another.
 *
 * The file is locked by FILE.lock (unless its folder cannot be written) and by fcntl(), while it is
 * read and while it is rewritten, not in between: mail that arrives meanwhile is kept. Only what is
 * found in the file as it was read is removed from it.
 */
#ifndef PQ_MOCK_MBOX_H
#define PQ_MOCK_MBOX_H

#include "mock/store.h"

#define PQ_MBOX_FILE_MAX (UINT64_C(1) << 30) /* octets of a file */
/* How often a lock that somebody else has is tried, and the pause between: the whole server stands
 * still meanwhile. */
#define PQ_MBOX_LOCK_TRIES 10u
#define PQ_MBOX_LOCK_PAUSE_MS 20u

struct pq_mbox {
    const char *path;
    bool known; /* what the file was when it was read last */
    uint64_t size, inode;
    int64_t changed_s, changed_ns;
    /* For tests: whether the system call that comes next fails (NULL: the system decides), and the
     * most octets that one writes (zero: all). */
    bool (*fails)(void *ctx);
    void *ctx;
    size_t write_max;
};

/* Makes the file the maildrop of the account, and reads it. FILE: `*why` has the file and the
 * reason, as in the functions below. `path` is copied. */
PQ_NODISCARD enum pq_status pq_mbox_load(struct pq_store *s, struct pq_account *a, const char *path,
                                         struct pq_why *why);
/* Reads the file again when it has changed. A file that is no longer there is an empty maildrop. */
PQ_NODISCARD enum pq_status pq_mbox_refresh(struct pq_store *s, struct pq_account *a,
                                            struct pq_why *why);
/* Removes the messages that are gone from the file. What follows the first of them is written to a
 * file FILE.popquiz beside it, and only when that is safe on disk into the file itself, whose inode
 * stays: whoever waits for its lock with the file open does not write into nothing. When that fails
 * half way, FILE.popquiz is left, and has all that is missing. */
PQ_NODISCARD enum pq_status pq_mbox_commit(struct pq_store *s, struct pq_account *a,
                                           struct pq_why *why);

/* ---- for the files of the mbox --------------------------------------------------------------- */

/* A message in the octets of a file. */
struct mbox_span {
    size_t begin, end;             /* with its "From " line and the empty line behind it */
    struct pq_slice from, content; /* that line without its end; as it is in the file, quoted */
    uint8_t uid[PQ_STORE_UID_LEN];
    unsigned copy; /* how many before it are equal */
};

struct mbox_spans {
    struct mbox_span *each;
    size_t count, room;
    struct pq_alloc alloc;
};

/* Finds the messages; *why has the number of a line. */
PQ_NODISCARD enum pq_status mbox_parse(struct mbox_spans *spans, const char *path,
                                       struct pq_slice octets, struct pq_why *why);
void mbox_spans_free(struct mbox_spans *spans);
/* Appends the content without the quoting of "From ", and the label that makes the unique-id. */
PQ_NODISCARD enum pq_status mbox_unquote(struct pq_slice content, struct pq_bytes *out);
PQ_NODISCARD enum pq_status mbox_label(const struct mbox_span *span, struct pq_bytes *out);

#endif
