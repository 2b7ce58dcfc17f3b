/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fuzz.h"

/* From 0 to the whole length. */
static size_t cut_of(struct pq_slice input)
{
    return input.len > 0 ? input.at[input.len - 1] * input.len / UINT8_MAX : 0;
}

/* What a sanitizer asks for at its start. One input frees little; keeping hundreds of MiB of freed
 * memory in quarantine only makes every page a new one. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pq_slice input = pq_slice_of(data, size);
    fuzz_target.check(input, cut_of(input));
    return 0;
}
