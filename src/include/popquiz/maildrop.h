/* SPDX-License-Identifier: Apache-2.0
 *
 * The maildrop as a session sees it: message numbers, sizes, unique-ids, deletion marks
 * (RFC 1939 sections 5, 7 and 11). Content is elsewhere.
 */
#ifndef POPQUIZ_MAILDROP_H
#define POPQUIZ_MAILDROP_H

#include "popquiz/base.h"

struct pq_message {
    uint64_t octets;     /* with CRLF line ends, before byte-stuffing (RFC 1939 section 11) */
    struct pq_slice uid; /* borrowed: lives as long as the maildrop */
    bool deleted;        /* marked by DELE, until RSET or UPDATE */
};

struct pq_maildrop {
    struct pq_message *messages; /* lent; message n is messages[n - 1] */
    size_t count;                /* marked ones included */
    size_t live_count;           /* without the marked ones */
    uint64_t live_octets;
};

/* Lends `count` messages, of which none is marked, and counts them. */
void pq_maildrop_init(struct pq_maildrop *m, struct pq_message *messages, size_t count);
/* The message with that number, or NULL when there is none or it is marked as deleted. */
struct pq_message *pq_maildrop_find(const struct pq_maildrop *m, uint64_t number);
/* DELE: marks a message; false when there is none or it is marked already. */
bool pq_maildrop_delete(struct pq_maildrop *m, uint64_t number);
/* RSET: takes every mark away. */
void pq_maildrop_reset(struct pq_maildrop *m);
/* Counts again after marks were changed by hand. */
void pq_maildrop_recount(struct pq_maildrop *m);

#endif
