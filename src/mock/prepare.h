/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and passwords in UTF-8, prepared as RFC 4013 (SASLprep) says, so that what looks the same
 * is the same: RFC 6856 section 2.2. Of the normal form KC this knows the letters of Latin-1 and
 * the full-width forms; the tables of all Unicode would be larger than the server, and accounts of
 * tests can be named accordingly. ASCII stays as it is.
 */
#ifndef PQ_MOCK_PREPARE_H
#define PQ_MOCK_PREPARE_H

#include "popquiz/base.h"

/* Appends `text` prepared, which is never longer. SYNTAX: it is not UTF-8, or holds a character
 * that RFC 4013 section 2.3 prohibits, and nothing was appended. NO_ROOM likewise. */
PQ_NODISCARD enum pq_status pq_prepare(struct pq_slice text, struct pq_buf *out);

#endif
