/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/wirecase.h"

#include <assert.h>

static const struct letter_row {
    uint8_t letter;
    enum pq_wire_kind kind;
} letters[] = {
#define X(tag, letter) {letter, PQ_WIRE_##tag},
    PQ_WIRE_LIST(X)
#undef X
};

#define LETTERS (sizeof(letters) / sizeof(letters[0]))

/* ---- records --------------------------------------------------------------------------------- */

/* The record that `letter` makes behind FF; false when FF is an octet there. */
static bool record_of(uint8_t letter, struct pq_wire_record *r)
{
    *r = (struct pq_wire_record){.kind = PQ_WIRE_SWITCH};
    if (letter >= '1' && letter < '1' + PQ_WIRE_CONN_MAX) {
        r->conn = (uint8_t)(letter - '0');
        return true;
    }
    for (size_t i = 0; i < LETTERS; i++) {
        r->kind = letters[i].kind;
        if (letters[i].letter == letter)
            return true;
    }
    return false;
}

/* How many octets at the front are data, when `first` of them are known to be. */
static size_t data_len(struct pq_slice in, size_t first)
{
    struct pq_wire_record r;
    size_t i = first;
    while (i < in.len) {
        i += pq_slice_index(pq_slice_after(in, i), PQ_WIRE_ESCAPE);
        /* A pair ends the piece; the next one begins with its second FF. */
        if (i + 1 < in.len && (in.at[i + 1] == PQ_WIRE_ESCAPE || record_of(in.at[i + 1], &r)))
            return i;
        i++;
    }
    return in.len;
}

bool pq_wire_next(struct pq_slice *in, struct pq_wire_record *r)
{
    if (in->len == 0)
        return false;
    size_t first = 0;
    if (in->at[0] == PQ_WIRE_ESCAPE && in->len > 1) {
        if (record_of(in->at[1], r)) {
            *in = pq_slice_after(*in, 2);
            return true;
        }
        if (in->at[1] == PQ_WIRE_ESCAPE)
            *in = pq_slice_after(*in, 1);
        first = 1;
    }
    size_t len = data_len(*in, first);
    *r = (struct pq_wire_record){.kind = PQ_WIRE_DATA, .data = pq_slice_first(*in, len)};
    *in = pq_slice_after(*in, len);
    return true;
}

static enum pq_status put_data(struct pq_slice data, struct pq_bytes *out)
{
    static const uint8_t pair[2] = {PQ_WIRE_ESCAPE, PQ_WIRE_ESCAPE};
    enum pq_status status = PQ_STATUS_OK;
    while (data.len > 0 && status == PQ_STATUS_OK) {
        struct pq_slice plain = pq_slice_first(data, pq_slice_index(data, PQ_WIRE_ESCAPE));
        status = pq_bytes_put(out, plain);
        if (status == PQ_STATUS_OK && plain.len < data.len)
            status = pq_bytes_put(out, pq_slice_of(pair, sizeof(pair)));
        data = pq_slice_after(data, plain.len + 1);
    }
    return status;
}

enum pq_status pq_wire_put(const struct pq_wire_record *r, struct pq_bytes *out)
{
    uint8_t pair[2] = {PQ_WIRE_ESCAPE, (uint8_t)('0' + r->conn)};
    if (r->kind == PQ_WIRE_DATA)
        return put_data(r->data, out);
    for (size_t i = 0; i < LETTERS; i++)
        if (letters[i].kind == r->kind)
            pair[1] = letters[i].letter;
    return pq_bytes_put(out, pq_slice_of(pair, sizeof(pair)));
}

/* ---- events ---------------------------------------------------------------------------------- */

void pq_wire_reader_init(struct pq_wire_reader *r, struct pq_slice in, struct pq_alloc alloc)
{
    *r = (struct pq_wire_reader){.in = in, .conn = 1};
    pq_bytes_init(&r->write, alloc, in.len > 0 ? in.len : 1);
}

void pq_wire_reader_free(struct pq_wire_reader *r)
{
    pq_bytes_free(&r->write);
}

/* Joins the pieces of a write, up to a record of another kind. */
static enum pq_status join_write(struct pq_wire_reader *r)
{
    struct pq_wire_record record;
    enum pq_status status = PQ_STATUS_OK;
    struct pq_slice ahead = r->in;
    while (status == PQ_STATUS_OK && pq_wire_next(&ahead, &record) && record.kind == PQ_WIRE_DATA) {
        status = pq_bytes_put(&r->write, record.data);
        r->in = ahead;
    }
    return status;
}

enum pq_next pq_wire_reader_next(struct pq_wire_reader *r, struct pq_wire_event *e)
{
    struct pq_wire_record record;
    pq_bytes_clear(&r->write);
    for (;;) {
        if (join_write(r) != PQ_STATUS_OK)
            return PQ_NEXT_ERROR;
        *e = (struct pq_wire_event){PQ_WIRE_DATA, r->conn, pq_bytes_slice(&r->write)};
        if (e->data.len > 0)
            return PQ_NEXT_EVENT;
        if (!pq_wire_next(&r->in, &record))
            return PQ_NEXT_NEED_DATA;
        if (record.kind == PQ_WIRE_SWITCH)
            r->conn = record.conn;
        *e = (struct pq_wire_event){.kind = record.kind,
                                    .conn = record.kind == PQ_WIRE_SETTLE ? 0 : r->conn};
        if (record.kind != PQ_WIRE_SWITCH && record.kind != PQ_WIRE_BOUNDARY)
            return PQ_NEXT_EVENT;
    }
}

void pq_wire_writer_init(struct pq_wire_writer *w, struct pq_bytes *out)
{
    *w = (struct pq_wire_writer){.out = out, .conn = 1};
}

enum pq_status pq_wire_writer_put(struct pq_wire_writer *w, const struct pq_wire_event *e)
{
    struct pq_wire_record record = {.kind = PQ_WIRE_SWITCH, .conn = e->conn};
    enum pq_status status = PQ_STATUS_OK;
    assert(e->conn <= PQ_WIRE_CONN_MAX && e->kind != PQ_WIRE_SWITCH);
    if (e->conn != 0 && e->conn != w->conn) {
        status = pq_wire_put(&record, w->out);
        w->after_write = false;
        w->conn = e->conn;
    }
    if (status == PQ_STATUS_OK && e->kind == PQ_WIRE_DATA && w->after_write) {
        record.kind = PQ_WIRE_BOUNDARY;
        status = pq_wire_put(&record, w->out);
    }
    record = (struct pq_wire_record){.kind = e->kind, .data = e->data};
    if (status == PQ_STATUS_OK)
        status = pq_wire_put(&record, w->out);
    w->after_write = e->kind == PQ_WIRE_DATA;
    return status;
}
