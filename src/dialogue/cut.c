/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/cut.h"

#include "dialogue/seed.h"

bool pq_cut_parse(struct pq_slice text, struct pq_cut *out)
{
    size_t word = pq_dlg_word_of(&pq_dlg_cuts, text);
    uint32_t octets = 0;
    if (word < pq_dlg_cuts.count) {
        *out = (struct pq_cut){.kind = (enum pq_dlg_cut)word};
        return true;
    }
    if (pq_parse_u32(text, &octets) != PQ_STATUS_OK || octets == 0)
        return false;
    *out = (struct pq_cut){.kind = PQ_DLG_CUT_OCTETS, .octets = octets};
    return true;
}

struct pq_slice pq_cut_next(const struct pq_cut *cut, struct pq_slice *rest)
{
    return pq_dlg_cut_next(cut->kind, cut->octets, rest);
}
