/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fuzz.h"

/* From 0 to the whole length. */
static size_t cut_of(struct pq_slice input)
{
    return input.len > 0 ? input.at[input.len - 1] * input.len / UINT8_MAX : 0;
}

/* What a sanitizer asks for at its start. One input frees little: a quarantine beyond the cache of
 * a processor, and pages that go back to the system, only make every page new. The stacks of
 * allocations are for reports; four callers say enough. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1:malloc_context_size=4:"
           "allocator_release_to_os_interval_ms=-1";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pq_slice input = pq_slice_of(data, size);
    fuzz_target.check(input, cut_of(input));
    return 0;
}
