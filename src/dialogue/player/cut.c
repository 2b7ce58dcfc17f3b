/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/cut.h"

#include <assert.h>

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

/* The index of the LF of the first CRLF, or `s.len`. The CR may be the octet before `s`, which is
 * no concern here: a write never begins with the LF that its own cut looks for. */
static size_t index_of_lf(struct pq_slice s)
{
    for (size_t i = 1; i < s.len; i++)
        if (s.at[i] == '\n' && s.at[i - 1] == '\r')
            return i;
    return s.len;
}

static size_t write_len(const struct pq_cut *cut, struct pq_slice s)
{
    switch (cut->kind) {
    case PQ_DLG_CUT_WHOLE:
        break;
    case PQ_DLG_CUT_BYTE:
        return 1;
    case PQ_DLG_CUT_MID_CRLF:
        return index_of_lf(s);
    case PQ_DLG_CUT_AFTER_CRLF:
        return index_of_lf(s) + 1;
    case PQ_DLG_CUT_OCTETS:
        return cut->octets;
    }
    return s.len;
}

struct pq_slice pq_cut_next(const struct pq_cut *cut, struct pq_slice *rest)
{
    assert(rest->len > 0);
    struct pq_slice write = pq_slice_first(*rest, write_len(cut, *rest));
    *rest = pq_slice_after(*rest, write.len);
    return write;
}
