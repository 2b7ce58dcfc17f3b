/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: whether a stream arrives whole or in two writes, the framer gives the same lines;
 * their offsets and what is pending account for every octet; it never holds more than it was lent.
 */
#include "harness/fuzz.h"

#include "popquiz/wire.h"

#define HOLD_MAX 64u

/* A framer and the two writes that it has not taken yet. */
struct stream {
    struct pq_framer framer;
    struct pq_slice now, later;
};

static bool stream_next(struct stream *s, struct pq_line *line)
{
    if (pq_framer_next(&s->framer, &s->now, line) == PQ_NEXT_EVENT)
        return true;
    FUZZ_ASSERT(s->now.len == 0 && s->framer.held <= HOLD_MAX);
    s->now = s->later;
    s->later = pq_slice_of(NULL, 0);
    return pq_framer_next(&s->framer, &s->now, line) == PQ_NEXT_EVENT;
}

static void check_same(const struct pq_line *a, const struct pq_line *b)
{
    FUZZ_ASSERT(pq_slice_equal(a->text, b->text));
    FUZZ_ASSERT(a->offset == b->offset);
    FUZZ_ASSERT(a->too_long == b->too_long);
    FUZZ_ASSERT(a->lf_only == b->lf_only);
}

/* The offset behind a line. How long a line was that is too long, only the next offset tells. */
static void check_offset(const struct pq_line *line, uint64_t *behind)
{
    FUZZ_ASSERT(line->too_long ? line->text.len == HOLD_MAX - 2 : line->text.len <= HOLD_MAX - 2);
    FUZZ_ASSERT(line->offset == *behind || *behind == UINT64_MAX);
    *behind = line->too_long ? UINT64_MAX : line->offset + line->text.len + (line->lf_only ? 1 : 2);
}

static void check_cut(struct pq_slice input, size_t cut, bool lf_ends_line)
{
    uint8_t whole_hold[HOLD_MAX], halves_hold[HOLD_MAX];
    struct stream whole = {.now = input};
    struct stream halves = {.now = pq_slice_first(input, cut), .later = pq_slice_after(input, cut)};
    pq_framer_init(&whole.framer, whole_hold, sizeof(whole_hold));
    pq_framer_init(&halves.framer, halves_hold, sizeof(halves_hold));
    whole.framer.lf_ends_line = halves.framer.lf_ends_line = lf_ends_line;

    struct pq_line a, b;
    uint64_t behind = 0;
    while (stream_next(&whole, &a)) {
        FUZZ_ASSERT(stream_next(&halves, &b));
        check_same(&a, &b);
        check_offset(&a, &behind);
    }
    FUZZ_ASSERT(!stream_next(&halves, &b));
    uint64_t pending = pq_framer_pending(&whole.framer);
    FUZZ_ASSERT(pending == pq_framer_pending(&halves.framer));
    FUZZ_ASSERT(behind + pending == input.len || behind == UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pq_slice input = pq_slice_of(data, size);
    check_cut(input, fuzz_cut(data, size), false);
    check_cut(input, fuzz_cut(data, size), true);
    return 0;
}
