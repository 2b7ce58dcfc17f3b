/* SPDX-License-Identifier: Apache-2.0
 * Operations on whole items. */
#include "harness/mutator/operation.h"

#include "dialogue/wirecase.h"

static bool is_any(const struct script_row *row, struct pq_slice item)
{
    (void)row;
    (void)item;
    return true;
}

bool mutator_duplicate(struct mutator *m)
{
    size_t at = mutator_find(m, is_any);
    return at < m->script.count && script_insert(&m->script, at, m->script.items[at]);
}

bool mutator_delete(struct mutator *m)
{
    size_t at = mutator_find(m, is_any);
    if (at >= m->script.count || m->script.count < 2)
        return false;
    script_remove(&m->script, at, 1);
    return true;
}

bool mutator_swap(struct mutator *m)
{
    size_t span = m->script.count - m->first;
    if (span < 2)
        return false;
    size_t a = mutator_roll(m, span), b = (a + 1 + mutator_roll(m, span - 1)) % span;
    struct pq_slice *items = m->script.items + m->first;
    struct pq_slice kept = items[a];
    items[a] = items[b];
    items[b] = kept;
    return true;
}

bool mutator_splice(struct mutator *m)
{
    if (m->other.count == 0)
        return false;
    size_t from = mutator_roll(m, m->other.count);
    size_t count = 1 + mutator_roll(m, m->other.count - from);
    size_t at = mutator_place(m), done = 0;
    while (done < count && script_insert(&m->script, at + done, m->other.items[from + done]))
        done++;
    return done > 0;
}

bool mutator_truncate(struct mutator *m)
{
    size_t least = m->first > 0 ? m->first : 1;
    if (m->script.count <= least)
        return false;
    m->script.count = least + mutator_roll(m, m->script.count - least);
    return true;
}

/* 1, 3, ... 255; each line costs a round of a session, so that many are rare. */
static size_t roll_copies(struct mutator *m)
{
    size_t one = mutator_roll(m, 8), other = mutator_roll(m, 8);
    return ((size_t)2 << (one < other ? one : other)) - 1;
}

bool mutator_repeat(struct mutator *m)
{
    size_t at = mutator_find(m, is_any);
    if (at >= m->script.count)
        return false;
    struct pq_slice item = m->script.items[at];
    size_t copies = roll_copies(m), done = 0;
    while (done < copies && script_insert(&m->script, at, item))
        done++;
    return done > 0;
}

/* ---- records and parts ----------------------------------------------------------------------- */

/* The letter of a record, those of the four connections included. */
static uint8_t roll_letter(struct mutator *m)
{
    static const uint8_t letters[] = {
#define X(tag, letter) letter,
        PQ_WIRE_LIST(X)
#undef X
    };
    size_t n = mutator_roll(m, sizeof(letters) + PQ_WIRE_CONN_MAX);
    return n < sizeof(letters) ? letters[n] : (uint8_t)('1' + n - sizeof(letters));
}

static bool put_record(struct mutator *m, uint8_t letter, size_t at)
{
    const uint8_t pair[2] = {PQ_WIRE_ESCAPE, letter};
    struct pq_slice made;
    size_t from = m->made.len;
    pq_buf_put(&m->made, pq_slice_of(pair, sizeof(pair)));
    return mutator_made(m, from, &made) && script_insert(&m->script, at, made);
}

bool mutator_record(struct mutator *m)
{
    uint8_t letter = roll_letter(m);
    return put_record(m, letter, mutator_place(m));
}

static bool is_long_enough(const struct script_row *row, struct pq_slice item)
{
    return script_is_line(row, item) && item.len > 1;
}

bool mutator_cut(struct mutator *m)
{
    size_t at = mutator_find(m, is_long_enough);
    if (at >= m->script.count || m->script.count + 2 > SCRIPT_ITEMS_MAX)
        return false;
    struct pq_slice line = m->script.items[at];
    size_t cut = 1 + mutator_roll(m, line.len - 1);
    if (!put_record(m, '|', at + 1))
        return false;
    m->script.items[at] = pq_slice_first(line, cut);
    return script_insert(&m->script, at + 2, pq_slice_after(line, cut));
}

bool mutator_part(struct mutator *m)
{
    return script_insert(&m->script, mutator_place(m), pq_slice_of("", 1));
}

bool mutator_option(struct mutator *m)
{
    struct pq_slice old = m->script.options, made;
    size_t from = m->made.len;
    uint8_t octet = old.len > 0 ? old.at[0] : '\r';
    pq_buf_put_octet(&m->made, octet ^ (uint8_t)(1u << mutator_roll(m, 8)));
    pq_buf_put_octet(&m->made, old.len > 1 ? old.at[1] : '\n');
    if (m->room < 2 || !mutator_made(m, from, &made))
        return false;
    m->script.options = made;
    return true;
}
