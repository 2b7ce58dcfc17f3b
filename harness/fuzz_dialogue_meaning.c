/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: formatting a dialogue does not change its meaning: what lint says of it, its steps,
 * and the octets of its first and its last row as wire cases of either side.
 */
#include "harness/dialogue_text.h"
#include "harness/support.h"

#include "dialogue/explain.h"
#include "dialogue/format.h"
#include "dialogue/lint.h"
#include "dialogue/seed.h"

static void log_seed(struct fuzz_log *log, const struct pq_dlg *d, enum pq_dlg_side side)
{
    struct pq_dlg_problems problems = {.count = 0};
    struct pq_bytes wire = dialogue_bytes();
    enum pq_status status = pq_dlg_to_wire(d, side, NULL, &problems, &wire);
    fuzz_log_number(log, "seed", status);
    if (status == PQ_STATUS_OK)
        fuzz_log_slice(log, "wire", pq_bytes_slice(&wire));
    pq_bytes_free(&wire);
}

/* A row keeps the numbers of its lines: what it means is compared, and not its text. */
static void log_row(struct fuzz_log *log, const struct pq_dlg *d, size_t row)
{
    struct pq_dlg expanded;
    struct pq_bytes text = dialogue_bytes();
    enum pq_status status = pq_dlg_expand(d, row, &text);
    bool good = dialogue_read(&expanded, pq_bytes_slice(&text));
    fuzz_log_number(log, "row", good);
    FUZZ_ASSERT(status == PQ_STATUS_OK || status == PQ_STATUS_SYNTAX);
    if (good) {
        fuzz_log_number(log, "steps", expanded.steps);
        log_seed(log, &expanded, PQ_DLG_CLIENT);
        log_seed(log, &expanded, PQ_DLG_SERVER);
        pq_dlg_free(&expanded);
    }
    pq_bytes_free(&text);
}

/* All that can be asked of a dialogue without playing it. Lines may move when it is formatted. */
static struct fuzz_log meaning_of(const struct pq_dlg *d, const char *name)
{
    struct fuzz_log log = fuzz_log_of(name);
    struct pq_dlg_problems problems = {.count = 0};
    struct pq_bytes text = dialogue_bytes();
    FUZZ_ASSERT(pq_dlg_lint(d, 0, pq_alloc_default(), &problems) == PQ_STATUS_OK);
    fuzz_log_number(&log, "errors", problems.errors);
    fuzz_log_number(&log, "warnings", problems.warnings);
    fuzz_log_number(&log, "steps", d->steps);
    FUZZ_ASSERT(pq_dlg_explain(d, &text) == PQ_STATUS_OK);
    if (d->axes_count == 0) {
        log_seed(&log, d, PQ_DLG_CLIENT);
        log_seed(&log, d, PQ_DLG_SERVER);
    } else {
        log_row(&log, d, 0);
        log_row(&log, d, d->rows - 1);
    }
    pq_bytes_free(&text);
    return log;
}

static void check_meaning(struct pq_slice input, size_t cut)
{
    struct pq_dlg d, again;
    struct pq_bytes text = dialogue_bytes();
    (void)cut;
    if (!dialogue_read(&d, input))
        return;
    FUZZ_ASSERT(pq_dlg_format(&d, &text) == PQ_STATUS_OK);
    FUZZ_ASSERT(dialogue_read(&again, pq_bytes_slice(&text)));
    struct fuzz_log before = meaning_of(&d, "read"), after = meaning_of(&again, "formatted");
    FUZZ_ASSERT(fuzz_log_is_same(&before, &after));
    pq_dlg_free(&d);
    pq_dlg_free(&again);
    pq_bytes_free(&text);
}

const struct fuzz_target fuzz_target = {.check = check_meaning};
