/* SPDX-License-Identifier: Apache-2.0
 *
 * The wire-case encoding: one octet string that holds writes on several connections and what
 * happens between them (FORMAT.md, "Wire case"). Every octet string is one, so a fuzzer may do what
 * it likes.
 */
#ifndef PQ_DIALOGUE_WIRECASE_H
#define PQ_DIALOGUE_WIRECASE_H

#include "popquiz/base.h"

/* ---- records: octets <-> pieces -------------------------------------------------------------- */

#define PQ_WIRE_ESCAPE 0xFFu
#define PQ_WIRE_CONN_MAX 4u

/* tag, the letter behind FF */
#define PQ_WIRE_LIST(X)                                                                            \
    X(BOUNDARY, '|')                                                                               \
    X(WAIT, 'W')                                                                                   \
    X(TLS, 'T')                                                                                    \
    X(HALFCLOSE, 'H')                                                                              \
    X(RESET, 'R')                                                                                  \
    X(SETTLE, 'S')                                                                                 \
    X(CORRUPT, 'C')

enum pq_wire_kind {
    PQ_WIRE_DATA,   /* octets of the current connection */
    PQ_WIRE_SWITCH, /* the current connection is another one from here on */
#define X(tag, letter) PQ_WIRE_##tag,
    PQ_WIRE_LIST(X)
#undef X
};

struct pq_wire_record {
    enum pq_wire_kind kind;
    uint8_t conn;         /* of SWITCH: 1 to PQ_WIRE_CONN_MAX */
    struct pq_slice data; /* of DATA: not empty, a part of the input */
};

/* Takes the next record off the front of `*in`; false when nothing is left. Adjacent pieces of DATA
 * belong to one write: only another record ends it. Copies nothing. */
bool pq_wire_next(struct pq_slice *in, struct pq_wire_record *r);
/* Appends a record; FF in DATA is doubled. */
PQ_NODISCARD enum pq_status pq_wire_put(const struct pq_wire_record *r, struct pq_bytes *out);

/* ---- events: what a player does -------------------------------------------------------------- */

/* DATA is a whole write here, not empty; SWITCH and BOUNDARY do not occur. */
struct pq_wire_event {
    enum pq_wire_kind kind;
    uint8_t conn; /* 0 for SETTLE, which is about no connection */
    struct pq_slice data;
};

struct pq_wire_reader {
    struct pq_slice in;
    struct pq_bytes write; /* the octets of the write that is read */
    uint8_t conn;
};

/* `in` must outlive the reader. */
void pq_wire_reader_init(struct pq_wire_reader *r, struct pq_slice in, struct pq_alloc alloc);
/* EVENT: `*e` is valid until the next call. NEED_DATA: the end. ERROR: no memory. */
PQ_NODISCARD enum pq_next pq_wire_reader_next(struct pq_wire_reader *r, struct pq_wire_event *e);
void pq_wire_reader_free(struct pq_wire_reader *r);

/* Writes events so that reading them gives the same events; records that change nothing are left
 * out. */
struct pq_wire_writer {
    struct pq_bytes *out;
    uint8_t conn;
    bool after_write; /* the last event was a write on `conn` */
};

void pq_wire_writer_init(struct pq_wire_writer *w, struct pq_bytes *out);
PQ_NODISCARD enum pq_status pq_wire_writer_put(struct pq_wire_writer *w,
                                               const struct pq_wire_event *e);

#endif
