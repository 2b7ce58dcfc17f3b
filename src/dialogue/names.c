/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/names.h"

enum pq_status pq_names_init(struct pq_names *n, struct pq_arena *arena, size_t most)
{
    size_t slots = 16;
    while (slots / 2 < most)
        slots *= 2;
    n->slots = pq_arena_get(arena, slots * sizeof(*n->slots));
    n->mask = slots - 1;
    n->room = most;
    return n->slots ? PQ_STATUS_OK : PQ_STATUS_NO_MEMORY;
}

/* The slot of the name, or the empty one where it would stand. A file that is made of collisions
 * only costs its own linter time: names are short and at most half of the slots are filled. */
static struct pq_slice *find(const struct pq_names *n, struct pq_slice name)
{
    size_t i = (size_t)pq_slice_hash(name) & n->mask;
    while (n->slots[i].at && !pq_slice_equal(n->slots[i], name))
        i = (i + 1) & n->mask;
    return &n->slots[i];
}

bool pq_names_has(const struct pq_names *n, struct pq_slice name)
{
    return find(n, name)->at != NULL;
}

bool pq_names_add(struct pq_names *n, struct pq_slice name)
{
    struct pq_slice *slot = find(n, name);
    if (slot->at)
        return false;
    if (n->room == 0)
        return true;
    n->room--;
    *slot = name;
    return true;
}

size_t pq_names_slot(const struct pq_names *n, struct pq_slice name)
{
    return (size_t)(find(n, name) - n->slots);
}
