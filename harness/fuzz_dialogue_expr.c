/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: any octets are read as an expression or refused with a place and a reason; what was
 * read, formatted, is read again and has the same value; a copy of a value is equal to it, and a
 * secret is not shown. Whichever request for memory is refused, that is told or makes no
 * difference, and nothing is left over. Each line of the input is an expression.
 */
#include "harness/expr_world.h"

#include <string.h>

#define SOURCE_MAX (1u << 16)
#define SHOWN_MAX 40u

static struct pq_bytes new_bytes(struct pq_alloc alloc)
{
    struct pq_bytes b;
    pq_bytes_init(&b, alloc, SOURCE_MAX);
    return b;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void log_value(struct fuzz_log *log, const struct pq_value *v)
{
    uint8_t memory[PQ_VALUE_TEXT_MAX];
    struct pq_buf b;
    struct pq_slice text;
    pq_buf_init(&b, memory, sizeof(memory));
    fuzz_log_number(log, "kind", v->kind);
    if (v->kind == PQ_VALUE_TRUTH)
        fuzz_log_number(log, "truth", v->truth);
    else if (v->kind == PQ_VALUE_LIST)
        for (size_t i = 0; i < v->count; i++)
            fuzz_log_slice(log, "line", v->lines[i]);
    else if (pq_value_text(v, &b, &text))
        fuzz_log_slice(log, "text", text);
}

/* What is shown is short, one line, and no secret. */
static void check_shown(const struct pq_value *v)
{
    struct pq_bytes shown = new_bytes(pq_alloc_default());
    FUZZ_ASSERT(pq_value_show(v, SHOWN_MAX, &shown) == PQ_STATUS_OK);
    FUZZ_ASSERT(shown.len <= (size_t)4 * SHOWN_MAX);
    for (size_t i = 0; i < shown.len; i++)
        FUZZ_ASSERT(pq_ascii_is_printable(shown.at[i]));
    if (v->secret)
        FUZZ_ASSERT(pq_slice_equal(pq_bytes_slice(&shown), PQ_SLICE("(secret)")));
    pq_bytes_free(&shown);
}

static void check_copy(const struct pq_value *v)
{
    struct pq_arena arena;
    struct pq_value copy;
    pq_arena_init(&arena, pq_alloc_default(), PQ_EXPR_SCRATCH_MAX);
    FUZZ_ASSERT(pq_value_copy(v, &arena, &copy) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_value_equal(v, &copy) && v->secret == copy.secret);
    pq_arena_free(&arena);
}

/* ---- one evaluation -------------------------------------------------------------------------- */

/* Evaluates in a world of its own; what comes out, and which request for memory was the last. */
static struct fuzz_log evaluate(const struct pq_expr *e, struct fuzz_refusal *memory,
                                enum pq_expr_outcome *outcome)
{
    struct fuzz_log log = fuzz_log_of("value");
    struct expr_world w;
    struct pq_expr_result r;
    expr_world_open(&w, fuzz_alloc_refusing(memory));
    FUZZ_ASSERT(pq_expr_eval(e, &w.env, &r) == (r.outcome == PQ_EXPR_OK));
    FUZZ_ASSERT(strlen(pq_expr_outcome_text(r.outcome)) > 0);
    fuzz_log_number(&log, "outcome", r.outcome);
    if (r.outcome == PQ_EXPR_OK) {
        log_value(&log, &r.value);
        check_shown(&r.value);
        check_copy(&r.value);
    }
    *outcome = r.outcome;
    expr_world_close(&w);
    FUZZ_ASSERT(memory->live == 0);
    return log;
}

/* ---- reading and writing --------------------------------------------------------------------- */

/* The names that the expression uses, and its source, lie in what was read. */
static void check_names(const struct pq_expr *e, struct pq_slice text)
{
    struct pq_slice name;
    FUZZ_ASSERT(fuzz_is_within(pq_expr_source(e), text));
    for (size_t i = 0; pq_expr_name(e, i, &name); i++)
        FUZZ_ASSERT(name.len > 0 && fuzz_is_within(name, text) && i < text.len);
}

/* What was formatted is read again, and is formatted as it stands; with values in the place of its
 * names it is an expression too. */
static const struct pq_expr *format_and_read(const struct pq_expr *e, struct pq_arena *arena,
                                             struct pq_bytes *source)
{
    struct pq_bytes twice = new_bytes(pq_alloc_default()), filled = new_bytes(pq_alloc_default());
    struct pq_expr_problem problem;
    const struct pq_expr *again;
    struct expr_world w;
    expr_world_open(&w, pq_alloc_default());
    FUZZ_ASSERT(pq_expr_format(e, NULL, source) == PQ_STATUS_OK);
    struct pq_slice rest = pq_bytes_slice(source);
    FUZZ_ASSERT(pq_expr_parse(arena, &rest, &again, &problem) == PQ_STATUS_OK && rest.len == 0);
    FUZZ_ASSERT(pq_expr_format(again, NULL, &twice) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_slice_equal(pq_bytes_slice(source), pq_bytes_slice(&twice)));
    FUZZ_ASSERT(pq_expr_format(e, &w.env, &filled) == PQ_STATUS_OK);
    expr_world_close(&w);
    pq_bytes_free(&twice);
    pq_bytes_free(&filled);
    return again;
}

static void check_meaning(const struct pq_expr *e, struct pq_arena *arena, size_t refused)
{
    struct pq_bytes source = new_bytes(pq_alloc_default());
    const struct pq_expr *again = format_and_read(e, arena, &source);
    struct fuzz_refusal plenty = {.refused = 0}, same = {.refused = 0}, less = {.refused = refused};
    enum pq_expr_outcome outcome;
    struct fuzz_log want = evaluate(e, &plenty, &outcome), got = evaluate(again, &same, &outcome);
    FUZZ_ASSERT(fuzz_log_is_same(&want, &got));
    if (refused <= plenty.calls) {
        got = evaluate(e, &less, &outcome);
        FUZZ_ASSERT(outcome == PQ_EXPR_NO_MEMORY || fuzz_log_is_same(&want, &got));
    }
    pq_bytes_free(&source);
}

/* Reading with one request refused. */
static void check_poor(struct pq_slice text, size_t refused)
{
    struct fuzz_refusal memory = {.refused = refused};
    struct pq_arena arena;
    struct pq_expr_problem problem;
    const struct pq_expr *e;
    pq_arena_init(&arena, fuzz_alloc_refusing(&memory), PQ_EXPR_SCRATCH_MAX);
    enum pq_status status = pq_expr_parse(&arena, &text, &e, &problem);
    FUZZ_ASSERT((status == PQ_STATUS_NO_MEMORY) == (memory.calls >= refused));
    if (status == PQ_STATUS_OK) {
        struct pq_bytes source = new_bytes(fuzz_alloc_refusing(&memory));
        status = pq_expr_format(e, NULL, &source);
        FUZZ_ASSERT((status == PQ_STATUS_NO_MEMORY) == (memory.calls >= refused));
        pq_bytes_free(&source);
    }
    pq_arena_free(&arena);
    FUZZ_ASSERT(memory.live == 0);
}

static void check_expr(struct pq_slice text, size_t refused)
{
    struct pq_arena arena;
    struct pq_expr_problem problem;
    const struct pq_expr *e = NULL;
    struct pq_slice rest = text;
    pq_arena_init(&arena, pq_alloc_default(), PQ_EXPR_SCRATCH_MAX);
    enum pq_status status = pq_expr_parse(&arena, &rest, &e, &problem);
    if (status == PQ_STATUS_OK) {
        check_names(e, text);
        check_meaning(e, &arena, refused);
    } else {
        FUZZ_ASSERT(status == PQ_STATUS_SYNTAX && problem.offset <= text.len);
        FUZZ_ASSERT(strlen(problem.before) > 0 || problem.quoted.at);
        FUZZ_ASSERT(rest.at == text.at && rest.len == text.len);
    }
    pq_arena_free(&arena);
    check_poor(text, refused);
}

static void check_input(struct pq_slice input, size_t cut)
{
    for (struct pq_slice rest = input; rest.len > 0;)
        check_expr(pq_slice_cut(&rest, '\n'), cut + 1);
}

const struct fuzz_target fuzz_target = {.check = check_input, .has_cut = true, .cuts_max = 48};
