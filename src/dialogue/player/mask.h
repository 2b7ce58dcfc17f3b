/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps secrets out of everything that is shown: by value, in each encoding that dialogues use, and
 * by the place where a client sends them. Only outputs pass through here; what is judged does not.
 */
#ifndef PQ_DIALOGUE_PLAYER_MASK_H
#define PQ_DIALOGUE_PLAYER_MASK_H

#include "popquiz/base.h"

/* What stands in place of hidden octets, however many there were. */
#define PQ_MASK_TEXT "***"

/* ---- by value -------------------------------------------------------------------------------- */

/* Secrets of a run: given ones (passwords), and made ones (digests, SASL responses). */
#define PQ_MASK_SECRETS_MAX 64u
#define PQ_MASK_MEMORY_MAX (1u << 20) /* octets of all of them */

struct pq_mask {
    struct pq_slice secrets[PQ_MASK_SECRETS_MAX];
    size_t count;
    struct pq_arena arena;
};

void pq_mask_init(struct pq_mask *m, struct pq_alloc alloc);
/* Adds a secret: it is found as it is, in either case, in hexadecimal, and inside anything that is
 * base64 of something that holds it. An empty one, or one that is known, adds nothing. NO_MEMORY:
 * past a limit; the caller must then show nothing. */
PQ_NODISCARD enum pq_status pq_mask_add(struct pq_mask *m, struct pq_slice secret);
/* Sets `hide[i]` for each octet of `s` that belongs to a secret; leaves the others alone. */
void pq_mask_find(const struct pq_mask *m, struct pq_slice s, bool *hide);
/* Appends `s` with PQ_MASK_TEXT for each stretch of octets for which `hide` is set. */
PQ_NODISCARD enum pq_status pq_mask_write(struct pq_slice s, const bool *hide,
                                          struct pq_bytes *out);
/* Replaces the secrets in a text of ours, which becomes longer only as far as `cap` admits. */
void pq_mask_text(const struct pq_mask *m, char *text, size_t cap);
void pq_mask_free(struct pq_mask *m);

/* ---- by place -------------------------------------------------------------------------------- */

/* What a client says on one connection, octet by octet: the argument of PASS, the digest of APOP,
 * and everything from the argument of AUTH to the server's final reply. */
struct pq_talk {
    uint8_t verb[5];  /* of the unfinished line, in upper case, cut */
    uint8_t verb_len; /* octets of it; more than 4: none that matters */
    uint8_t words;    /* that are finished on the line */
    bool in_word;
    bool hidden_line; /* the line began inside an exchange */
    bool exchange;    /* between AUTH and its final reply */
    bool asked;       /* credentials went out and were not answered */
};

/* Takes what the client writes; sets `hide[i]` where a secret stands by its place. */
void pq_talk_client(struct pq_talk *t, struct pq_slice octets, bool *hide);

enum pq_talk_login { PQ_TALK_NOTHING, PQ_TALK_ACCEPTED, PQ_TALK_REFUSED };
/* Takes a line of the server without its end: what it says about credentials, if anything. */
enum pq_talk_login pq_talk_server(struct pq_talk *t, struct pq_slice line);

#endif
