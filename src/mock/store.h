/* SPDX-License-Identifier: Apache-2.0
 *
 * The mail that a mock server holds: accounts, their messages, and who has the maildrop open.
 * Everything is in memory; files are read once and never written, except an mbox (mbox.h).
 */
#ifndef PQ_MOCK_STORE_H
#define PQ_MOCK_STORE_H

#include "net/why.h"

/* RFC 1939 section 7: a unique-id has 1 to 70 octets. Ours are 32 hexadecimal digits. */
#define PQ_STORE_UID_LEN 32u
/* Limits of what is read from files. */
#define PQ_STORE_ACCOUNTS_MAX 4096u
#define PQ_STORE_MESSAGES_MAX 1000000u
#define PQ_STORE_OCTETS_MAX (UINT64_C(4) << 30)
#define PQ_STORE_NAME_MAX 255u
/* What an account's `lock` holds when a fault leaves it locked. */
#define PQ_STORE_LOCK_LEFT(account) ((const void *)(account)->name.at)

struct pq_stored {
    struct pq_slice content; /* lines end in CRLF; the last one may lack it */
    struct pq_slice raw;     /* the same as it was delivered: LF alone may end a line */
    uint64_t octets;         /* as sent by RETR, before byte-stuffing: with a CRLF at the end */
    uint8_t uid[PQ_STORE_UID_LEN];
    bool header_8bit; /* the header section holds octets above 0x7F (RFC 6856) */
    uint8_t seen;     /* a fault's: 1: RETR sent it; 2: QUIT followed */
    bool gone;        /* removed by an UPDATE */
    bool retrieved;   /* a fault remembers that RETR sent it */
    bool delivered;   /* added after the start: forgotten by pq_store_reset() */
};

struct pq_mbox; /* mock/mbox.h */

struct pq_account {
    struct pq_slice name, password;
    struct pq_stored **messages; /* in the order of their numbers */
    size_t count;
    /* Who has the maildrop open, or NULL. PQ_STORE_LOCK_LEFT until pq_store_reset(): nobody any
     * more, and the lock stays. */
    const void *lock;
    struct pq_mbox *mbox;   /* the file that the maildrop is, or NULL */
    bool logged_in_before;  /* `last_login_ms` holds a time */
    uint64_t last_login_ms; /* on the server's clock */
};

struct pq_store {
    struct pq_arena arena; /* everything but the arrays */
    struct pq_account *accounts;
    size_t count;
    struct pq_alloc alloc;
};

/* Whether the header section of a message holds octets above 0x7F; its lines end in CRLF. */
bool pq_content_has_8bit_header(struct pq_slice content);

void pq_store_init(struct pq_store *s, struct pq_alloc alloc);
void pq_store_free(struct pq_store *s);

/* Adds an account; both slices are copied, prepared where pq_prepare() can. NULL when memory or
 * PQ_STORE_ACCOUNTS_MAX is exhausted. Pointers to accounts from before are no longer valid. */
struct pq_account *pq_store_add(struct pq_store *s, struct pq_slice name, struct pq_slice password);
/* The account with exactly that name, or NULL. */
struct pq_account *pq_store_find(const struct pq_store *s, struct pq_slice name);

/* Adds a message. A line end that is LF alone becomes CRLF; a lone CR stays. `label` (a file name)
 * and the content make the unique-id. */
PQ_NODISCARD enum pq_status pq_store_deliver(struct pq_store *s, struct pq_account *a,
                                             struct pq_slice label, struct pq_slice content);
/* The same in two steps: a message that no account has yet, NULL when memory is exhausted; and the
 * unique-id that it would get, in PQ_STORE_UID_LEN octets. */
struct pq_stored *pq_store_make(struct pq_store *s, struct pq_slice label, struct pq_slice content);
PQ_NODISCARD enum pq_status pq_store_append(struct pq_store *s, struct pq_account *a,
                                            struct pq_stored *m);
void pq_store_uid(struct pq_slice label, struct pq_slice content, uint8_t *uid);
/* Adds the messages of a Maildir (a folder with `cur` and `new`) or of a folder of *.eml files, in
 * the order of their names; or, for "mbox:FILE", makes that file the maildrop (mbox.h). FILE:
 * `*why` names the file and the reason. */
PQ_NODISCARD enum pq_status pq_store_load(struct pq_store *s, struct pq_account *a,
                                          const char *folder, struct pq_why *why);
/* Adds the accounts of a text file: name, TAB, password, TAB, folder of the maildrop (may be left
 * out; relative to the file). Empty lines and lines that begin with "#" are skipped. FILE: `*why`
 * names file and line. */
PQ_NODISCARD enum pq_status pq_store_load_users(struct pq_store *s, const char *file,
                                                struct pq_why *why);
/* Brings every maildrop back to how it was loaded; sessions that are open keep their view. */
void pq_store_reset(struct pq_store *s);

#endif
