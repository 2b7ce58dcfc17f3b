/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: any octets are read as a dialogue or refused with a place and a reason, in memory in
 * proportion to their length; formatting what was read changes neither its meaning nor, the second
 * time, a single octet. Any octets that are taken for a wire case become a dialogue that is
 * canonical and clean, and that one the same events again.
 */
#include "harness/plain.h"
#include "harness/support.h"

#include "dialogue/explain.h"
#include "dialogue/format.h"
#include "dialogue/lint.h"
#include "dialogue/seed.h"

/* The options count for octets that are no dialogue. */
#define OPTION_SERVER 1u /* they are what a server writes */
#define OPTION_RAW 2u    /* they are one write, and no wire case */

/* Octets of a tree for each octet of text, and besides. */
#define TREE_PER_OCTET 512u
#define TREE_BESIDES (256u << 10)

/* ---- reading --------------------------------------------------------------------------------- */

static size_t count_lines(struct pq_slice text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    return count;
}

/* A problem has a place in the file, and is told in one line of UTF-8. */
static void check_problems(const struct pq_dlg_problems *p, struct pq_slice text)
{
    size_t lines = count_lines(text);
    FUZZ_ASSERT(p->count <= PQ_DLG_PROBLEMS_MAX && p->count <= p->errors + p->warnings);
    for (size_t i = 0; i < p->count; i++) {
        struct pq_slice why = pq_slice_text(p->at[i].text);
        FUZZ_ASSERT(why.len > 0 && plain_is_utf8(why) && p->at[i].at.line <= lines);
        for (size_t k = 0; k < why.len; k++)
            FUZZ_ASSERT(why.at[k] >= 0x20 && why.at[k] != 0x7F);
    }
}

/* Reads a text; false when it was refused, and `*d` is freed then. */
static bool read_text(struct pq_dlg *d, struct pq_slice text)
{
    struct fuzz_memory memory = {.count = 0};
    enum pq_status status = pq_dlg_parse(d, text, fuzz_alloc(&memory));
    FUZZ_ASSERT(memory.peak <= TREE_BESIDES + TREE_PER_OCTET * text.len);
    FUZZ_ASSERT(status == PQ_STATUS_OK || status == PQ_STATUS_SYNTAX);
    FUZZ_ASSERT((status == PQ_STATUS_OK) == (d->problems.errors == 0));
    FUZZ_ASSERT(d->problems.warnings == 0);
    check_problems(&d->problems, text);
    d->arena.alloc = pq_alloc_default(); /* the counting ends with this function */
    if (status != PQ_STATUS_OK)
        pq_dlg_free(d);
    return status == PQ_STATUS_OK;
}

static struct pq_bytes bytes(void)
{
    struct pq_bytes b;
    pq_bytes_init(&b, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
    return b;
}

/* ---- what a dialogue means ------------------------------------------------------------------- */

static void log_seed(struct fuzz_log *log, const struct pq_dlg *d, enum pq_dlg_side side)
{
    struct pq_dlg_problems problems = {.count = 0};
    struct pq_bytes wire = bytes();
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
    struct pq_bytes text = bytes();
    enum pq_status status = pq_dlg_expand(d, row, &text);
    bool good = read_text(&expanded, pq_bytes_slice(&text));
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
    struct pq_bytes text = bytes();
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

/* ---- text ------------------------------------------------------------------------------------ */

/* Formats `d` and reads the result, which is `*text` then. */
static void format_and_read(const struct pq_dlg *d, struct pq_dlg *again, struct pq_bytes *text)
{
    FUZZ_ASSERT(pq_dlg_format(d, text) == PQ_STATUS_OK);
    FUZZ_ASSERT(read_text(again, pq_bytes_slice(text)));
}

static void check_text(struct pq_slice input)
{
    struct pq_dlg d, again;
    struct pq_bytes once = bytes(), twice = bytes();
    if (!read_text(&d, input))
        return;
    format_and_read(&d, &again, &once);
    FUZZ_ASSERT(pq_dlg_format(&again, &twice) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_slice_equal(pq_bytes_slice(&once), pq_bytes_slice(&twice)));
    struct fuzz_log before = meaning_of(&d, "read"), after = meaning_of(&again, "formatted");
    FUZZ_ASSERT(fuzz_log_is_same(&before, &after));
    pq_dlg_free(&d);
    pq_dlg_free(&again);
    pq_bytes_free(&once);
    pq_bytes_free(&twice);
}

/* ---- wire cases ------------------------------------------------------------------------------ */

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
    struct pq_bytes formatted = bytes();
    FUZZ_ASSERT(pq_dlg_format(d, &formatted) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_slice_equal(pq_bytes_slice(&formatted), text));
    FUZZ_ASSERT(pq_dlg_lint(d, 0, pq_alloc_default(), &problems) == PQ_STATUS_OK);
    FUZZ_ASSERT(problems.count == 0 || d->steps == 0);
    pq_bytes_free(&formatted);
}

static void check_wire(struct pq_slice input, unsigned options)
{
    const struct pq_dlg_from from = {
        .side = options & OPTION_SERVER ? PQ_DLG_SERVER : PQ_DLG_CLIENT,
        .kind = options & OPTION_RAW ? PQ_DLG_KIND_CRASH : PQ_DLG_KIND_SEED,
        .id = PQ_SLICE("a"),
        .raw = (options & OPTION_RAW) != 0,
    };
    struct pq_dlg d;
    struct pq_dlg_problems problems = {.count = 0};
    struct pq_bytes text = bytes(), wire = bytes();
    input = pq_slice_first(input, PQ_DLG_FROM_MAX);
    FUZZ_ASSERT(pq_dlg_from_wire(&from, input, &text) == PQ_STATUS_OK);
    FUZZ_ASSERT(read_text(&d, pq_bytes_slice(&text)));
    check_made(&d, pq_bytes_slice(&text));
    FUZZ_ASSERT(pq_dlg_to_wire(&d, from.side, NULL, &problems, &wire) == PQ_STATUS_OK);
    struct fuzz_log want = from.raw ? event_of(input) : events_of(input, "input");
    struct fuzz_log got = events_of(pq_bytes_slice(&wire), "again");
    FUZZ_ASSERT(fuzz_log_is_same(&want, &got));
    pq_dlg_free(&d);
    pq_bytes_free(&text);
    pq_bytes_free(&wire);
}

static void check_dialogue(struct pq_slice input, size_t cut)
{
    (void)cut;
    check_text(input);
    if (!pq_slice_starts(input, PQ_SLICE("#!dlg")))
        check_wire(input, fuzz_options(input));
}

const struct fuzz_target fuzz_target = {.check = check_dialogue};
