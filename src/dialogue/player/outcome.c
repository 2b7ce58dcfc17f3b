/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/outcome.h"

#include <assert.h>

#define X(tag, word) word,
static const char *const verdict_words[] = {PQ_VERDICT_LIST(X)};
static const char *const skip_words[] = {PQ_SKIP_LIST(X)};
static const char *const probe_words[] = {PQ_PROBE_LIST(X)};
static const char *const noop_words[] = {PQ_NOOP_LIST(X)};
#undef X

const char *pq_verdict_word(enum pq_verdict verdict)
{
    assert(verdict < PQ_VERDICT_COUNT);
    return verdict_words[verdict];
}

enum pq_verdict pq_verdict_said(const struct pq_dlg_directive *d)
{
    static const enum pq_verdict verdicts[] = {
        [PQ_DLG_DO_PASS] = PQ_VERDICT_PASS,
        [PQ_DLG_DO_NOTE] = PQ_VERDICT_NOTE,
        [PQ_DLG_DO_WARN] = PQ_VERDICT_WARN,
        [PQ_DLG_DO_FAIL] = PQ_VERDICT_FAIL,
        [PQ_DLG_DO_INCONCLUSIVE] = PQ_VERDICT_INCONCLUSIVE,
    };
    return verdicts[d->what];
}

enum pq_verdict pq_verdict_of_case(const struct pq_dlg_directive *d)
{
    static const enum pq_verdict verdicts[] = {
        [PQ_DLG_VERDICT_PASS] = PQ_VERDICT_PASS,
        [PQ_DLG_VERDICT_NOTE] = PQ_VERDICT_NOTE,
        [PQ_DLG_VERDICT_WARN] = PQ_VERDICT_WARN,
        [PQ_DLG_VERDICT_FAIL] = PQ_VERDICT_FAIL,
        [PQ_DLG_VERDICT_INCONCLUSIVE] = PQ_VERDICT_INCONCLUSIVE,
    };
    return verdicts[pq_dlg_arg(d, PQ_DLG_ARG_VERDICT)->number];
}

const char *pq_skip_word(enum pq_skip skip)
{
    return skip_words[skip];
}

const char *pq_probe_word(enum pq_probe probe)
{
    return probe_words[probe];
}

const char *pq_noop_word(enum pq_noop noop)
{
    return noop_words[noop];
}

/* The index of the row, or the count of rows. */
static size_t row_index(const struct pq_outcome *o, struct pq_slice id)
{
    size_t i = 0;
    while (i < o->rows_count && !pq_slice_equal(o->rows[i].id, id))
        i++;
    return i;
}

void pq_outcome_mark(struct pq_outcome *o, struct pq_slice id, enum pq_verdict verdict)
{
    assert(verdict <= PQ_VERDICT_WARN || verdict == PQ_VERDICT_FAIL);
    size_t i = row_index(o, id);
    if (i == PQ_OUTCOME_ROWS_MAX)
        return;
    if (i == o->rows_count)
        o->rows[o->rows_count++] = (struct pq_outcome_row){id, verdict};
    else if (o->rows[i].verdict < verdict)
        o->rows[i].verdict = verdict;
}

void pq_outcome_doubt(struct pq_outcome *o, struct pq_slice id)
{
    size_t i = row_index(o, id);
    if (i == o->rows_count || o->rows[i].verdict != PQ_VERDICT_PASS)
        return;
    for (; i + 1 < o->rows_count; i++)
        o->rows[i] = o->rows[i + 1];
    o->rows_count--;
}
