/* SPDX-License-Identifier: Apache-2.0
 *
 * Octets as text: the escapes of payloads and strings, in both directions, and what a name is.
 * One octet has one canonical spelling; reading accepts \xHH for all of them.
 */
#ifndef PQ_DIALOGUE_ESCAPE_H
#define PQ_DIALOGUE_ESCAPE_H

#include "popquiz/base.h"

/* Where octets are written. STRING: inside quotation marks. PAYLOAD: behind the sign of a step, up
 * to the end of the line or a comment. DATA: a line of a fixture, where no comment can stand. */
enum pq_escape { PQ_ESCAPE_PAYLOAD, PQ_ESCAPE_DATA, PQ_ESCAPE_STRING };

/* Reads the octet at the front of `*in`, which is not empty, and takes it off. False, and `*in` is
 * left alone: an unknown escape, or an octet that must be escaped. A quotation mark in a STRING,
 * and an open brace in the others, are left to the caller. */
bool pq_escape_read(struct pq_slice *in, enum pq_escape where, uint8_t *octet);

/* Appends `octets` escaped. `last`: nothing follows on the line (a blank there is written \s). */
PQ_NODISCARD enum pq_status pq_escape_write(struct pq_slice octets, enum pq_escape where, bool last,
                                            struct pq_bytes *out);
/* Appends a string with its quotation marks. Above 0x7F nothing is escaped when `text` is set and
 * the octets are UTF-8: sentences for people. */
PQ_NODISCARD enum pq_status pq_escape_write_string(struct pq_slice octets, bool text,
                                                   struct pq_bytes *out);

/* Reads the string at the front of `*in`, which begins with a quotation mark, and takes it off. The
 * decoded octets live in `arena`. SYNTAX: `*bad` is the offset of what is wrong in `*in`, which is
 * left alone (its length: the string is not closed). `text` admits UTF-8. */
PQ_NODISCARD enum pq_status pq_escape_read_string(struct pq_arena *arena, struct pq_slice *in,
                                                  bool text, struct pq_slice *out, size_t *bad);

/* A letter or "_", then letters, digits, "_": what a capture can be called. The length of the name
 * at the front of `s`, zero when there is none. */
size_t pq_variable_len(struct pq_slice s);
/* One or more letters, digits, "-", "_", ".": labels, fixtures, branches. Likewise. */
size_t pq_label_len(struct pq_slice s);

#endif
