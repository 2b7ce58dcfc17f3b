/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: whichever request for memory is refused, it ends with NO_MEMORY and nothing is left
 * over; where there is too little room for what becomes of a dialogue, that is told, and what fits
 * is written whole. The cut chooses the request and the room.
 */
#include "harness/support.h"

#include "dialogue/explain.h"
#include "dialogue/format.h"
#include "dialogue/lint.h"
#include "dialogue/seed.h"

/* What can be asked of a dialogue. A text is appended to `out`. */
typedef enum pq_status ask_fn(const struct pq_dlg *d, struct pq_bytes *out);

static enum pq_status ask_lint(const struct pq_dlg *d, struct pq_bytes *out)
{
    struct pq_dlg_problems problems = {.count = 0};
    enum pq_status status = pq_dlg_lint(d, 0, out->alloc, &problems);
    return status == PQ_STATUS_OK ? pq_dlg_problems_write(&problems, "f", out) : status;
}

static enum pq_status ask_description(const struct pq_dlg *d, struct pq_bytes *out)
{
    return pq_dlg_describe(d, "f", out);
}

static enum pq_status ask_name(const struct pq_dlg *d, struct pq_bytes *out)
{
    return pq_dlg_row_name(d, d->rows - 1, out);
}

static enum pq_status ask_row(const struct pq_dlg *d, struct pq_bytes *out)
{
    return pq_dlg_expand(d, d->rows - 1, out);
}

static enum pq_status ask_wire(const struct pq_dlg *d, enum pq_dlg_side side, struct pq_bytes *out)
{
    struct pq_dlg_problems problems = {.count = 0};
    return d->axes_count == 0 ? pq_dlg_to_wire(d, side, NULL, &problems, out) : PQ_STATUS_OK;
}

static enum pq_status ask_client(const struct pq_dlg *d, struct pq_bytes *out)
{
    return ask_wire(d, PQ_DLG_CLIENT, out);
}

static enum pq_status ask_server(const struct pq_dlg *d, struct pq_bytes *out)
{
    return ask_wire(d, PQ_DLG_SERVER, out);
}

static ask_fn *const asks[] = {pq_dlg_format, ask_lint, pq_dlg_explain, ask_description,
                               ask_name,      ask_row,  ask_client,     ask_server};

#define ASKS (sizeof(asks) / sizeof(asks[0]))

/* ---- memory ---------------------------------------------------------------------------------- */

/* Reads, and asks everything, until one of it ends with NO_MEMORY. */
static enum pq_status read_and_ask(struct pq_slice input, struct pq_alloc alloc)
{
    struct pq_dlg d;
    struct pq_bytes out;
    enum pq_status status = pq_dlg_parse(&d, input, alloc);
    pq_bytes_init(&out, alloc, PQ_DLG_FORMATTED_MAX);
    FUZZ_ASSERT(status == PQ_STATUS_OK || status == PQ_STATUS_SYNTAX ||
                status == PQ_STATUS_NO_MEMORY);
    if (status == PQ_STATUS_SYNTAX)
        status = pq_dlg_problems_write(&d.problems, "f", &out);
    else
        for (size_t i = 0; i < ASKS && status != PQ_STATUS_NO_MEMORY; i++)
            status = asks[i](&d, &out);
    pq_bytes_free(&out);
    pq_dlg_free(&d);
    return status;
}

static void check_request(struct pq_slice input, size_t request)
{
    struct fuzz_refusal r = {.refused = request};
    enum pq_status status = read_and_ask(input, fuzz_alloc_refusing(&r));
    FUZZ_ASSERT(r.live == 0);
    FUZZ_ASSERT((status == PQ_STATUS_NO_MEMORY) == (r.calls >= request));
}

/* ---- room ------------------------------------------------------------------------------------ */

/* Answers what a text of the whole length and one with little room end with. */
static void check_room(const struct pq_dlg *d, ask_fn *ask, size_t room)
{
    struct pq_bytes whole, part;
    pq_bytes_init(&whole, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
    pq_bytes_init(&part, pq_alloc_default(), room);
    enum pq_status status = ask(d, &whole), less = ask(d, &part);
    FUZZ_ASSERT(status != PQ_STATUS_NO_MEMORY && part.len <= room);
    if (whole.len <= room)
        FUZZ_ASSERT(less == status &&
                    pq_slice_equal(pq_bytes_slice(&whole), pq_bytes_slice(&part)));
    else
        FUZZ_ASSERT(less != PQ_STATUS_OK);
    pq_bytes_free(&whole);
    pq_bytes_free(&part);
}

static void check_memory(struct pq_slice input, size_t cut)
{
    struct pq_dlg d;
    check_request(input, cut + 1);
    if (pq_dlg_parse(&d, input, pq_alloc_default()) == PQ_STATUS_OK)
        for (size_t i = 0; i < ASKS; i++)
            check_room(&d, asks[i], cut);
    pq_dlg_free(&d);
}

const struct fuzz_target fuzz_target = {.check = check_memory, .has_cut = true, .cuts_max = 256};
