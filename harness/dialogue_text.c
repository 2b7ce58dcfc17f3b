/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/dialogue_text.h"

#include "harness/plain.h"
#include "harness/support.h"

#include "dialogue/format.h"

/* Octets of a tree for each octet of text, and besides. */
#define TREE_PER_OCTET 512u
#define TREE_BESIDES (256u << 10)

static size_t count_lines(struct pq_slice text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    return count;
}

/* Most texts are ASCII, which is seen faster. */
static bool is_one_line(struct pq_slice s)
{
    if (plain_is_within(s, 0x20, 0x7E))
        return true;
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < 0x20 || s.at[i] == 0x7F)
            return false;
    return plain_is_utf8(s);
}

/* A problem has a place in the file, and is told in one line of UTF-8. */
static void check_problems(const struct pq_dlg_problems *p, struct pq_slice text)
{
    size_t lines = count_lines(text);
    FUZZ_ASSERT(p->count <= PQ_DLG_PROBLEMS_MAX && p->count <= p->errors + p->warnings);
    for (size_t i = 0; i < p->count; i++) {
        struct pq_slice why = pq_slice_text(p->at[i].text);
        FUZZ_ASSERT(why.len > 0 && is_one_line(why) && p->at[i].at.line <= lines);
    }
}

bool dialogue_read(struct pq_dlg *d, struct pq_slice text)
{
    struct fuzz_memory memory = {.count = 0};
    enum pq_status status = pq_dlg_parse(d, text, fuzz_alloc(&memory));
    FUZZ_ASSERT(memory.peak <= TREE_BESIDES + TREE_PER_OCTET * text.len);
    FUZZ_ASSERT(status == PQ_STATUS_OK || status == PQ_STATUS_SYNTAX);
    FUZZ_ASSERT((status == PQ_STATUS_OK) == (d->problems.errors == 0));
    FUZZ_ASSERT(d->problems.warnings == 0);
    check_problems(&d->problems, text);
    d->arena.alloc = pq_alloc_default(); /* the counting ends with this function */
    if (status != PQ_STATUS_OK)
        pq_dlg_free(d);
    return status == PQ_STATUS_OK;
}

struct pq_bytes dialogue_bytes(void)
{
    struct pq_bytes b;
    pq_bytes_init(&b, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
    return b;
}
