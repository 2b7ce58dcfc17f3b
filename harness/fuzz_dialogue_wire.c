/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: any octets that are taken for a wire case become a dialogue that is canonical and
 * clean, and that one the same events again.
 */
#include "harness/dialogue_text.h"
#include "harness/support.h"

#include "dialogue/format.h"
#include "dialogue/lint.h"
#include "dialogue/seed.h"

/* The options. */
#define OPTION_SERVER 1u /* the octets are what a server writes */
#define OPTION_RAW 2u    /* they are one write, and no wire case */

static struct fuzz_log events_of(struct pq_slice wire, const char *name)
{
    struct fuzz_log log = fuzz_log_of(name);
    struct pq_wire_reader reader;
    struct pq_wire_event e;
    enum pq_next next;
    pq_wire_reader_init(&reader, wire, pq_alloc_default());
    while ((next = pq_wire_reader_next(&reader, &e)) == PQ_NEXT_EVENT) {
        fuzz_log_number(&log, "event", e.kind);
        fuzz_log_number(&log, "connection", e.conn);
        if (e.kind == PQ_WIRE_DATA)
            fuzz_log_slice(&log, "data", e.data);
    }
    FUZZ_ASSERT(next == PQ_NEXT_NEED_DATA);
    pq_wire_reader_free(&reader);
    return log;
}

/* One write on the first connection. */
static struct fuzz_log event_of(struct pq_slice octets)
{
    struct fuzz_log log = fuzz_log_of("octets");
    if (octets.len > 0) {
        fuzz_log_number(&log, "event", PQ_WIRE_DATA);
        fuzz_log_number(&log, "connection", 1);
        fuzz_log_slice(&log, "data", octets);
    }
    return log;
}

/* What was made from octets is as it would be formatted, and nothing is wrong with it. */
static void check_made(const struct pq_dlg *d, struct pq_slice text)
{
    struct pq_dlg_problems problems = {.count = 0};
    struct pq_bytes formatted = dialogue_bytes();
    FUZZ_ASSERT(pq_dlg_format(d, &formatted) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_slice_equal(pq_bytes_slice(&formatted), text));
    FUZZ_ASSERT(pq_dlg_lint(d, 0, pq_alloc_default(), &problems) == PQ_STATUS_OK);
    FUZZ_ASSERT(problems.count == 0 || d->steps == 0);
    pq_bytes_free(&formatted);
}

static void check_wire(struct pq_slice input, size_t cut)
{
    unsigned options = fuzz_options(input);
    const struct pq_dlg_from from = {
        .side = options & OPTION_SERVER ? PQ_DLG_SERVER : PQ_DLG_CLIENT,
        .kind = options & OPTION_RAW ? PQ_DLG_KIND_CRASH : PQ_DLG_KIND_SEED,
        .id = PQ_SLICE("a"),
        .raw = (options & OPTION_RAW) != 0,
    };
    struct pq_dlg d;
    struct pq_dlg_problems problems = {.count = 0};
    struct pq_bytes text = dialogue_bytes(), wire = dialogue_bytes();
    (void)cut;
    input = pq_slice_first(input, PQ_DLG_FROM_MAX);
    FUZZ_ASSERT(pq_dlg_from_wire(&from, input, &text) == PQ_STATUS_OK);
    FUZZ_ASSERT(dialogue_read(&d, pq_bytes_slice(&text)));
    check_made(&d, pq_bytes_slice(&text));
    FUZZ_ASSERT(pq_dlg_to_wire(&d, from.side, NULL, &problems, &wire) == PQ_STATUS_OK);
    struct fuzz_log want = from.raw ? event_of(input) : events_of(input, "input");
    struct fuzz_log got = events_of(pq_bytes_slice(&wire), "again");
    FUZZ_ASSERT(fuzz_log_is_same(&want, &got));
    pq_dlg_free(&d);
    pq_bytes_free(&text);
    pq_bytes_free(&wire);
}

const struct fuzz_target fuzz_target = {.check = check_wire};
