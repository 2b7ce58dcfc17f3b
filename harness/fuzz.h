/* SPDX-License-Identifier: Apache-2.0
 *
 * What every fuzz target shares. A target is one file that states one invariant and asserts it:
 * one that merely waits for a crash finds little. It keeps nothing between two inputs and reads no
 * clock. Its options come from the end of the input and stay part of it, so a plain dialogue is a
 * seed.
 */
#ifndef PQ_HARNESS_FUZZ_H
#define PQ_HARNESS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The entry point of a target, called by an engine or by replay_main.c. Returns zero. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() that no build switches off. */
#define FUZZ_ASSERT(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

_Noreturn static inline void fuzz_fail(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    abort();
}

/* Where to cut the input in two: 0 .. size, chosen by its last octet. */
static inline size_t fuzz_cut(const uint8_t *data, size_t size)
{
    return size > 0 ? data[size - 1] * size / UINT8_MAX : 0;
}

#endif
