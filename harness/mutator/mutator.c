/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/mutator/mutator.h"

#include <string.h>

#include "dialogue/wirecase.h"
#include "harness/mutator/operation.h"

/* ---- the table ------------------------------------------------------------------------------- */

static const struct mutator_operation operations[] = {
#define X(id, name, needs, what) {#name, what, NEEDS_##needs, mutator_##name},
    MUTATOR_LIST(X)
#undef X
};

const struct mutator_operation *mutator_operation(enum mutator_id id)
{
    return &operations[id];
}

bool mutator_may(const struct mutator *m, const struct mutator_operation *op)
{
    const struct script_row *row = m->script.row;
    unsigned has = (row->commands ? NEEDS_COMMANDS : 0u) | (row->records ? NEEDS_RECORDS : 0u) |
                   (row->parts ? NEEDS_PARTS : 0u) | (row->options ? NEEDS_OPTIONS : 0u) |
                   (m->repaired ? 0u : NEEDS_BROKEN);
    return (op->needs & ~has) == 0;
}

/* ---- what operations share ------------------------------------------------------------------- */

size_t mutator_roll(struct mutator *m, size_t below)
{
    return (size_t)m->dice.roll(m->dice.ctx, below);
}

size_t mutator_find(struct mutator *m,
                    bool (*fits)(const struct script_row *row, struct pq_slice item))
{
    size_t span = m->script.count - m->first;
    size_t start = span > 0 ? mutator_roll(m, span) : 0;
    for (size_t i = 0; i < span; i++) {
        size_t at = m->first + (start + i) % span;
        if (fits(m->script.row, m->script.items[at]))
            return at;
    }
    return m->script.count;
}

size_t mutator_place(struct mutator *m)
{
    return m->first + mutator_roll(m, m->script.count - m->first + 1);
}

bool mutator_made(struct mutator *m, size_t from, struct pq_slice *s)
{
    bool fine = !m->made.overflowed;
    if (!fine)
        m->made.len = from;
    m->made.overflowed = false;
    *s = pq_slice_of(m->made.at + from, m->made.len - from);
    return fine;
}

bool mutator_replace(struct mutator *m, size_t at, size_t from)
{
    struct pq_slice made;
    if (!mutator_made(m, from, &made))
        return false;
    m->script.items[at] = made;
    return true;
}

/* ---- an input -------------------------------------------------------------------------------- */

void mutator_begin(struct mutator *m, enum script_kind kind, struct pq_slice in, size_t room)
{
    script_split(&m->script, kind, in);
    script_split(&m->other, kind, pq_slice_of(NULL, 0));
    m->room = room;
    m->first = m->done_count = 0;
    m->repaired = false;
    pq_buf_init(&m->made, m->made_memory, sizeof(m->made_memory));
}

void mutator_borrow(struct mutator *m, enum script_kind kind, struct pq_slice other)
{
    script_split(&m->other, kind, other);
}

void mutator_repair(struct mutator *m)
{
    m->repaired = true;
    m->first = script_login(&m->script);
    if (m->first > 0)
        return;
    size_t borrowed = script_login(&m->other);
    while (m->first < borrowed && script_insert(&m->script, m->first, m->other.items[m->first]))
        m->first++;
}

/* One line end, at the end. What is left of the octets makes no record that was none. */
static void put_whole(const struct script_row *row, struct pq_slice line, struct pq_buf *out)
{
    line = script_text(line);
    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = line.at[i];
        bool escapes = row->records && c == PQ_WIRE_ESCAPE;
        if (c != '\r' && c != '\n' && c != 0)
            pq_buf_put_octet(out, c);
        if (escapes)
            pq_buf_put_octet(out, c);
        if (escapes && i + 1 < line.len && line.at[i + 1] == c)
            i++;
    }
    pq_buf_put(out, row->line_end);
}

/* Options that end a line are a part of it. */
static bool is_whole(const struct mutator *m, size_t at)
{
    return !script_is_line(m->script.row, m->script.items[at]) ||
           (at + 1 == m->script.count && m->script.options.len > 0);
}

static void put_item(const struct mutator *m, size_t at, struct pq_buf *out)
{
    struct pq_slice item = m->script.items[at];
    if (m->repaired && at >= m->first && !is_whole(m, at))
        put_whole(m->script.row, item, out);
    else
        pq_buf_put(out, item);
}

void mutator_write(const struct mutator *m, struct pq_buf *out)
{
    struct pq_slice options = pq_slice_first(m->script.options, m->room);
    struct pq_buf items;
    pq_buf_init(&items, out->at + out->len, m->room - options.len);
    for (size_t i = 0; i < m->script.count && !items.overflowed; i++) {
        size_t before = items.len;
        put_item(m, i, &items);
        if (items.overflowed)
            items.len = before;
    }
    /* A part of a line that is too long is something, too, but nothing whole. */
    if (items.len == 0 && m->script.count > 0 && !m->repaired) {
        items.overflowed = false;
        pq_buf_put(&items, pq_slice_first(m->script.items[0], items.cap));
    }
    out->len += items.len;
    pq_buf_put(out, options);
}

/* ---- a change -------------------------------------------------------------------------------- */

/* The first operation from a random one on that finds something to change. */
static void step(struct mutator *m)
{
    size_t start = mutator_roll(m, MUTATOR_COUNT);
    for (size_t i = 0; i < MUTATOR_COUNT; i++) {
        const struct mutator_operation *op = &operations[(start + i) % MUTATOR_COUNT];
        if (mutator_may(m, op) && op->change(m)) {
            m->done[m->done_count++] = op;
            return;
        }
    }
}

/* Half of the outputs are repaired. */
static void begin(struct mutator *m, const struct mutator_input *input, struct mutator_dice dice,
                  size_t room)
{
    m->dice = dice;
    mutator_begin(m, input->kind, input->in, room);
    mutator_borrow(m, input->kind, input->other);
    if (mutator_roll(m, 2) == 1)
        mutator_repair(m);
}

static void finish(struct mutator *m, struct pq_buf *out)
{
    size_t steps = (size_t)1 << mutator_roll(m, 3);
    while (m->done_count < steps && m->done_count < MUTATOR_STEPS_MAX) {
        size_t before = m->done_count;
        step(m);
        if (m->done_count == before)
            break;
    }
    mutator_write(m, out);
}

void mutator_change(struct mutator *m, const struct mutator_input *input, struct mutator_dice dice,
                    struct pq_buf *out)
{
    begin(m, input, dice, pq_buf_room(out));
    finish(m, out);
}

void mutator_cross(struct mutator *m, const struct mutator_input *input, struct mutator_dice dice,
                   struct pq_buf *out)
{
    begin(m, input, dice, pq_buf_room(out));
    size_t keep = mutator_place(m);
    script_remove(&m->script, keep, m->script.count - keep);
    for (size_t i = mutator_roll(m, m->other.count + 1); i < m->other.count; i++)
        if (!script_insert(&m->script, m->script.count, m->other.items[i]))
            break;
    mutator_write(m, out);
}

void mutator_describe(const struct mutator *m, char *text, size_t cap)
{
    struct pq_buf b;
    pq_buf_init(&b, text, cap > 0 ? cap - 1 : 0);
    for (size_t i = 0; i < m->done_count; i++) {
        size_t before = b.len;
        if ((i > 0 && !pq_buf_put_text(&b, "+")) || !pq_buf_put_text(&b, m->done[i]->name)) {
            b.len = before;
            break;
        }
    }
    if (cap > 0)
        text[b.len] = 0;
}
