/* SPDX-License-Identifier: Apache-2.0
 *
 * The mutator in libFuzzer, for targets whose line in CMakeLists.txt has MUTATE. Three steps
 * of four are the engine's own, which knows the dictionary and changes octets: with half of them
 * fewer edges were found.
 */
#include <string.h>

#include "harness/mutator/mutator.h"

/* What the engine calls and offers. Engines that offer nothing have no such symbol. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
// NOLINTNEXTLINE(readability-function-size): the engine says what it gives
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t out_max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

/* libFuzzer calls each of our two functions in half of the steps. */
enum way { ENGINE, OURS, CROSS };
static const enum way ways_alone[] = {ENGINE, ENGINE, ENGINE, OURS};
static const enum way ways_with_another[] = {ENGINE, ENGINE, ENGINE, ENGINE,
                                             ENGINE, ENGINE, OURS,   CROSS};

static uint64_t roll(void *ctx, uint64_t below)
{
    return pq_rand_below(ctx, below);
}

/* Writes to `out`, which has no part of the inputs; returns how much. */
static size_t mutate(enum way way, const struct mutator_input *input, struct pq_rand *rand,
                     struct pq_buf *out)
{
    static struct mutator m;
    const struct mutator_dice dice = {roll, rand};
    if (way == CROSS)
        mutator_cross(&m, input, dice, out);
    else
        mutator_change(&m, input, dice, out);
    return out->len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static uint8_t memory[1u << 20];
    const struct mutator_input input = {.kind = PQ_MUTATE, .in = pq_slice_of(data, size)};
    struct pq_rand rand;
    struct pq_buf out;
    pq_rand_init(&rand, seed);
    enum way way = ways_alone[pq_rand_below(&rand, sizeof(ways_alone) / sizeof(ways_alone[0]))];
    if (LLVMFuzzerMutate && way == ENGINE)
        return LLVMFuzzerMutate(data, size, max_size);
    pq_buf_init(&out, memory, max_size < sizeof(memory) ? max_size : sizeof(memory));
    size_t len = mutate(way, &input, &rand, &out);
    memcpy(data, memory, len);
    return len;
}

// NOLINTNEXTLINE(readability-function-size): the engine says what it gives
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t out_max, unsigned seed)
{
    const struct mutator_input input = {
        .kind = PQ_MUTATE, .in = pq_slice_of(a, a_size), .other = pq_slice_of(b, b_size)};
    struct pq_rand rand;
    struct pq_buf crossed;
    pq_rand_init(&rand, seed);
    enum way way = ways_with_another[pq_rand_below(&rand, sizeof(ways_with_another) /
                                                              sizeof(ways_with_another[0]))];
    if (LLVMFuzzerMutate && way == ENGINE && a_size <= out_max) {
        memcpy(out, a, a_size);
        return LLVMFuzzerMutate(out, a_size, out_max);
    }
    pq_buf_init(&crossed, out, out_max);
    return mutate(way, &input, &rand, &crossed);
}
