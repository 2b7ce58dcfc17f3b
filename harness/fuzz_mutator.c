/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: whatever the mutator does to an input, the same seed gives the same output, which is
 * not empty and fits; a repaired one begins with the login, and the lines behind it are whole.
 * Trimming ends, and each candidate is shorter than the last good one. The cut is the seed.
 */
#include <string.h>

#include "harness/mutator/mutator.h"
#include "harness/mutator/trim.h"
#include "harness/support.h"

/* The options; three bits choose the kind. */
#define OPTION_KIND 7u
#define OPTION_TIGHT 8u /* the output may be no longer than the input */
#define OPTION_CROSS 16u
#define OPTION_HALVES 32u /* the second half is the other input */

#define ROOM 4096u

static uint64_t roll(void *ctx, uint64_t below)
{
    return pq_rand_below(ctx, below);
}

static struct mutator *mutate(const struct mutator_input *input, unsigned options, uint64_t seed,
                              struct pq_buf *out)
{
    static struct mutator m;
    struct pq_rand rand;
    pq_rand_init(&rand, seed);
    pq_buf_clear(out);
    (options & OPTION_CROSS ? mutator_cross
                            : mutator_change)(&m, input, (struct mutator_dice){roll, &rand}, out);
    return &m;
}

/* ---- what was repaired ----------------------------------------------------------------------- */

/* The octets of the login of an input; empty when it has none. */
static struct pq_slice login_of(enum script_kind kind, struct pq_slice in)
{
    static struct script s;
    size_t len = 0;
    script_split(&s, kind, in);
    for (size_t i = script_login(&s); i > 0; i--)
        len += s.items[i - 1].len;
    return pq_slice_first(in, len);
}

/* Every line has one line end, at its end, and no NUL; the last one only if it `is_over`. */
static void check_lines(enum script_kind kind, struct pq_slice octets, bool is_over)
{
    static struct script s;
    script_split(&s, kind, octets);
    size_t count = s.options.len > 0 || !is_over ? s.count - (s.count > 0) : s.count;
    for (size_t i = 0; i < count && s.count < SCRIPT_ITEMS_MAX; i++) {
        struct pq_slice line = s.items[i];
        if (!script_is_line(s.row, line))
            continue;
        FUZZ_ASSERT(line.len >= s.row->line_end.len);
        struct pq_slice text = pq_slice_first(line, line.len - s.row->line_end.len);
        FUZZ_ASSERT(pq_slice_equal(pq_slice_after(line, text.len), s.row->line_end));
        FUZZ_ASSERT(!(pq_slice_octets(text) & (PQ_OCTETS_CR | PQ_OCTETS_LF | PQ_OCTETS_NUL)));
    }
}

/* A login that has no room is left out. */
static void check_repaired(const struct mutator *m, const struct mutator_input *input,
                           struct pq_slice out)
{
    struct pq_slice login = login_of(input->kind, input->in);
    if (login.len == 0)
        login = login_of(input->kind, input->other);
    size_t options = m->script.options.len;
    if (login.len + options > m->room)
        return;
    FUZZ_ASSERT(pq_slice_starts(out, login));
    /* Options that end a line are a part of it. */
    struct pq_slice lines = pq_slice_first(out, out.len - options);
    check_lines(input->kind, pq_slice_after(lines, login.len), options == 0);
}

/* ---- the checks ------------------------------------------------------------------------------ */

static void check_output(const struct mutator_input *input, unsigned options, uint64_t seed,
                         size_t room)
{
    uint8_t first_memory[ROOM], again_memory[ROOM];
    struct pq_buf first, again;
    pq_buf_init(&first, first_memory, room);
    pq_buf_init(&again, again_memory, room);
    const struct mutator *m = mutate(input, options, seed, &first);
    bool repaired = m->repaired;
    FUZZ_ASSERT(!first.overflowed && first.len <= room);
    FUZZ_ASSERT(first.len > 0 || (options & OPTION_CROSS) || room == 0 || repaired);
    if (repaired)
        check_repaired(m, input, pq_buf_slice(&first));
    (void)mutate(input, options, seed, &again);
    FUZZ_ASSERT(pq_slice_equal(pq_buf_slice(&first), pq_buf_slice(&again)));
}

static void check_trim(enum script_kind kind, struct pq_slice in, uint64_t seed)
{
    static struct trim t;
    struct pq_rand rand;
    size_t best = in.len, candidates = 0;
    uint8_t memory[ROOM];
    pq_rand_init(&rand, seed);
    trim_begin(&t, kind, in, 0);
    for (; !trim_is_over(&t); candidates++) {
        struct pq_buf out;
        bool same = pq_rand_below(&rand, 2) == 1;
        pq_buf_init(&out, memory, sizeof(memory));
        trim_write(&t, &out);
        FUZZ_ASSERT(out.len > 0 && out.len < best && !out.overflowed);
        best = same ? out.len : best;
        trim_next(&t, same);
    }
    FUZZ_ASSERT(candidates <= t.steps);
}

static void check_mutator(struct pq_slice input, size_t cut)
{
    unsigned options = fuzz_options(input);
    input = pq_slice_first(input, ROOM);
    size_t half = options & OPTION_HALVES ? input.len / 2 : input.len;
    const struct mutator_input mutated = {
        .kind = (enum script_kind)((options & OPTION_KIND) % SCRIPT_KIND_COUNT),
        .in = pq_slice_first(input, half),
        .other = pq_slice_after(input, half),
    };
    check_output(&mutated, options, cut, options & OPTION_TIGHT ? half : ROOM);
    check_trim(mutated.kind, input, cut);
}

const struct fuzz_target fuzz_target = {.check = check_mutator, .has_cut = true};
