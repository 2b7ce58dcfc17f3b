/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fuzz target is. A target is one file that states one invariant and asserts it: one that
 * merely waits for a crash finds little. It keeps nothing between two inputs and reads no clock.
 * Its options come from the end of the input and stay part of it, so a plain dialogue is a seed.
 */
#ifndef PQ_HARNESS_FUZZ_H
#define PQ_HARNESS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "popquiz/base.h"

/* What each target defines. `check` returns when the invariant holds and aborts when it does not;
 * `cut` is where the input, or a part of it, is delivered in two writes. It may be any number, and
 * one behind the end means one write. The replayer tries every cut of a target that `has_cut`. */
struct fuzz_target {
    void (*check)(struct pq_slice input, size_t cut);
    bool has_cut;
    size_t cuts_max; /* how many of them the replayer tries, spread evenly; zero: all */
};
extern const struct fuzz_target fuzz_target;

/* The entry point for every engine: checks the input in the cut that its last octet chooses.
 * Returns zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Eight bits of options: the last octet but one. Zero for a dialogue that ends in CRLF. */
static inline unsigned fuzz_options(struct pq_slice input)
{
    return input.len > 1 ? input.at[input.len - 2] ^ (unsigned)'\r' : 0;
}

/* assert() that no build switches off. */
#define FUZZ_ASSERT(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

_Noreturn static inline void fuzz_fail(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    abort();
}

#endif
