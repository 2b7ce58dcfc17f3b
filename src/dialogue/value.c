/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/expr.h"

#include <string.h>

#include "dialogue/escape.h"

struct pq_value pq_value_int(int64_t number)
{
    return (struct pq_value){.kind = PQ_VALUE_INT, .number = number};
}

struct pq_value pq_value_octets(struct pq_slice octets)
{
    return (struct pq_value){.kind = PQ_VALUE_OCTETS, .octets = octets};
}

struct pq_value pq_value_list(const struct pq_slice *lines, size_t count)
{
    return (struct pq_value){.kind = PQ_VALUE_LIST, .lines = lines, .count = count};
}

struct pq_value pq_value_truth(bool truth)
{
    return (struct pq_value){.kind = PQ_VALUE_TRUTH, .truth = truth};
}

static bool lists_equal(const struct pq_value *a, const struct pq_value *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!pq_slice_equal(a->lines[i], b->lines[i]))
            return false;
    return true;
}

bool pq_value_equal(const struct pq_value *a, const struct pq_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case PQ_VALUE_INT:
        return a->number == b->number;
    case PQ_VALUE_OCTETS:
        return pq_slice_equal(a->octets, b->octets);
    case PQ_VALUE_LIST:
        return lists_equal(a, b);
    case PQ_VALUE_TRUTH:
        return a->truth == b->truth;
    }
    return false;
}

static enum pq_status copy_list(const struct pq_value *v, struct pq_arena *arena,
                                struct pq_value *out)
{
    struct pq_slice *lines = pq_arena_get(arena, v->count * sizeof(*lines));
    if (!lines)
        return PQ_STATUS_NO_MEMORY;
    for (size_t i = 0; i < v->count; i++) {
        lines[i] = pq_arena_copy(arena, v->lines[i]);
        if (!lines[i].at)
            return PQ_STATUS_NO_MEMORY;
    }
    *out = *v;
    out->lines = lines;
    return PQ_STATUS_OK;
}

enum pq_status pq_value_copy(const struct pq_value *v, struct pq_arena *arena, struct pq_value *out)
{
    if (v->kind == PQ_VALUE_LIST)
        return copy_list(v, arena, out);
    struct pq_value copy = *v;
    if (v->kind == PQ_VALUE_OCTETS) {
        copy.octets = pq_arena_copy(arena, v->octets);
        if (!copy.octets.at)
            return PQ_STATUS_NO_MEMORY;
    }
    *out = copy;
    return PQ_STATUS_OK;
}

bool pq_value_text(const struct pq_value *v, struct pq_buf *memory, struct pq_slice *out)
{
    if (v->kind == PQ_VALUE_OCTETS)
        *out = v->octets;
    if (v->kind != PQ_VALUE_INT)
        return v->kind == PQ_VALUE_OCTETS;
    if (v->number < 0)
        pq_buf_put_octet(memory, '-');
    pq_buf_put_u64(memory, v->number < 0 ? 0 - (uint64_t)v->number : (uint64_t)v->number);
    *out = pq_buf_slice(memory);
    return true;
}

/* ---- for people ------------------------------------------------------------------------------ */

static enum pq_status show_octets(struct pq_slice octets, size_t room, struct pq_bytes *out)
{
    enum pq_status status = pq_escape_write_string(pq_slice_first(octets, room), false, out);
    return status == PQ_STATUS_OK && octets.len > room ? pq_bytes_put_text(out, "...") : status;
}

static enum pq_status show_list(const struct pq_value *v, size_t room, struct pq_bytes *out)
{
    size_t end = out->len + room;
    enum pq_status status = pq_bytes_put_text(out, "[");
    for (size_t i = 0; i < v->count && status == PQ_STATUS_OK; i++) {
        bool full = out->len >= end;
        status = pq_bytes_put_text(out, i == 0 ? "" : full ? ", ..." : ", ");
        if (full)
            break;
        if (status == PQ_STATUS_OK)
            status = show_octets(v->lines[i], end > out->len ? end - out->len : 0, out);
    }
    return status == PQ_STATUS_OK ? pq_bytes_put_text(out, "]") : status;
}

static enum pq_status show_int(const struct pq_value *v, struct pq_bytes *out)
{
    uint8_t memory[PQ_VALUE_TEXT_MAX];
    struct pq_slice text;
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    return pq_value_text(v, &b, &text) ? pq_bytes_put(out, text) : PQ_STATUS_OK;
}

enum pq_status pq_value_show(const struct pq_value *v, size_t room, struct pq_bytes *out)
{
    if (v->secret)
        return pq_bytes_put_text(out, "(secret)");
    switch (v->kind) {
    case PQ_VALUE_INT:
        return show_int(v, out);
    case PQ_VALUE_OCTETS:
        return show_octets(v->octets, room, out);
    case PQ_VALUE_LIST:
        return show_list(v, room, out);
    case PQ_VALUE_TRUTH:
        return pq_bytes_put_text(out, v->truth ? "true" : "false");
    }
    return PQ_STATUS_OK;
}
