/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain definitions to compare the core with: written from the RFCs once more, for clarity and not
 * for speed, and using nothing of the core but slices.
 */
#ifndef PQ_HARNESS_PLAIN_H
#define PQ_HARNESS_PLAIN_H

#include "popquiz/base.h"

/* "0", or digits of which the first is not zero; of any length. */
bool plain_is_number(struct pq_slice s);
/* Octets from `least` to `most` only. */
bool plain_is_within(struct pq_slice s, uint8_t least, uint8_t most);
/* Every octet is a letter, a digit, or one of `others`. */
bool plain_is_alnum_or(struct pq_slice s, const char *others);
bool plain_is_hex(struct pq_slice s);
/* Decodes each character and asks whether it is one, in its shortest form (RFC 3629). */
bool plain_is_utf8(struct pq_slice s);
/* Whether `s` is `word` in any case of letters. */
bool plain_is_word(struct pq_slice s, const char *word);
/* Takes what is before the first space off the front of `*rest`. False: there is no space, and
 * `*word` is all that was left. */
bool plain_word(struct pq_slice *rest, struct pq_slice *word);

#endif
