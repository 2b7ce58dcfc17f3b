/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: any octets are read as a dialogue or refused with a place and a reason, in memory in
 * proportion to their length; formatting what was read gives a dialogue that formatting does not
 * change.
 */
#include "harness/dialogue_text.h"
#include "harness/support.h"

#include "dialogue/format.h"

static void check_dialogue(struct pq_slice input, size_t cut)
{
    struct pq_dlg d, again;
    struct pq_bytes once = dialogue_bytes(), twice = dialogue_bytes();
    (void)cut;
    if (!dialogue_read(&d, input))
        return;
    FUZZ_ASSERT(pq_dlg_format(&d, &once) == PQ_STATUS_OK);
    FUZZ_ASSERT(dialogue_read(&again, pq_bytes_slice(&once)));
    FUZZ_ASSERT(pq_dlg_format(&again, &twice) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_slice_equal(pq_bytes_slice(&once), pq_bytes_slice(&twice)));
    pq_dlg_free(&d);
    pq_dlg_free(&again);
    pq_bytes_free(&once);
    pq_bytes_free(&twice);
}

const struct fuzz_target fuzz_target = {.check = check_dialogue};
