/* SPDX-License-Identifier: Apache-2.0
 * Operator precedence with a stack of what is still open (no recursion); gives postfix order. */
#include "dialogue/expr_internal.h"

#include <string.h>

#include "dialogue/escape.h"
#include "dialogue/vocab.h"

static const struct operator_row {
    struct pq_slice text;
    bool prefix;
    uint8_t binds; /* the tighter, the higher */
    enum op_kind op;
} operators[] = {
    {PQ_SLICE_INIT("or"), false, 1, OP_OR},
    {PQ_SLICE_INIT("and"), false, 2, OP_AND},
    {PQ_SLICE_INIT("not"), true, 3, OP_NOT},
    {PQ_SLICE_INIT("=="), false, 4, OP_EQUAL},
    {PQ_SLICE_INIT("!="), false, 4, OP_UNEQUAL},
    {PQ_SLICE_INIT("<"), false, 4, OP_LESS},
    {PQ_SLICE_INIT("<="), false, 4, OP_LESS_EQUAL},
    {PQ_SLICE_INIT(">"), false, 4, OP_GREATER},
    {PQ_SLICE_INIT(">="), false, 4, OP_GREATER_EQUAL},
    {PQ_SLICE_INIT("+"), false, 5, OP_ADD},
    {PQ_SLICE_INIT("-"), false, 5, OP_SUBTRACT},
    {PQ_SLICE_INIT("-"), true, 6, OP_NEGATE},
};

/* What waits for its end: an operator, a bracket, a call. */
struct pending {
    const struct operator_row *row; /* NULL: a bracket */
    const struct function *function;
    bool index; /* m[ */
    struct pq_slice text;
    uint32_t argc;
    uint32_t patch; /* of `and` and `or`: the operation that needs its target */
};

struct builder {
    struct pq_arena *arena;
    struct op ops[PQ_EXPR_OPS_MAX];
    size_t count, depth; /* operations, and values that they leave */
    struct pending stack[PQ_EXPR_DEPTH_MAX];
    size_t open;
    struct pq_slice all, in;
    struct pq_expr_problem *problem;
    enum pq_status status;
};

/* ---- problems -------------------------------------------------------------------------------- */

static bool fail(struct builder *b, struct pq_slice where, const char *before, bool quote,
                 const char *after)
{
    b->status = PQ_STATUS_SYNTAX;
    *b->problem = (struct pq_expr_problem){.offset = (size_t)(where.at - b->all.at),
                                           .before = before,
                                           .quoted = quote ? where : pq_slice_of(NULL, 0),
                                           .after = after};
    return false;
}

static bool fail_memory(struct builder *b)
{
    b->status = PQ_STATUS_NO_MEMORY;
    return false;
}

/* ---- output ---------------------------------------------------------------------------------- */

/* How many values an operation takes; it leaves one. */
static size_t operands(const struct op *op)
{
    switch (op->kind) {
    case OP_VALUE:
    case OP_NAME:
        return 0;
    case OP_MESSAGE:
    case OP_NEGATE:
    case OP_NOT:
    case OP_TRUTH:
        return 1;
    case OP_CALL:
        return op->argc;
    case OP_ADD:
    case OP_SUBTRACT:
    case OP_EQUAL:
    case OP_UNEQUAL:
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
        return 2;
    case OP_AND:
    case OP_OR:
        return 1;
    }
    return 0;
}

static bool emit(struct builder *b, struct op op)
{
    if (b->count == PQ_EXPR_OPS_MAX)
        return fail(b, op.text, "the expression is too long; shorten it", false, "");
    b->depth -= operands(&op);
    /* `and` and `or` leave their operand only where they leave out the rest. */
    if (op.kind != OP_AND && op.kind != OP_OR)
        b->depth++;
    if (b->depth > PQ_EXPR_DEPTH_MAX)
        return fail(b, op.text, "too many values at one time; split the expression", false, "");
    b->ops[b->count++] = op;
    return true;
}

/* Closes the innermost operator. */
static bool emit_operator(struct builder *b)
{
    struct pending p = b->stack[--b->open];
    bool jumps = p.row->op == OP_AND || p.row->op == OP_OR;
    if (!emit(b, (struct op){.kind = jumps ? OP_TRUTH : p.row->op, .text = p.text}))
        return false;
    if (jumps)
        b->ops[p.patch].target = (uint32_t)b->count;
    return true;
}

/* Closes the operators that bind at least so tightly, up to the innermost bracket. */
static bool close_operators(struct builder *b, uint8_t binds)
{
    while (b->open > 0 && b->stack[b->open - 1].row && b->stack[b->open - 1].row->binds >= binds)
        if (!emit_operator(b))
            return false;
    return true;
}

static bool push(struct builder *b, struct pending p)
{
    if (b->open == PQ_EXPR_DEPTH_MAX)
        return fail(b, p.text, "brackets are nested too deeply; split the expression", false, "");
    b->stack[b->open++] = p;
    return true;
}

/* ---- operands -------------------------------------------------------------------------------- */

static const struct operator_row *find_operator(struct pq_slice text, bool prefix)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (operators[i].prefix == prefix && pq_slice_equal(operators[i].text, text))
            return &operators[i];
    return NULL;
}

static bool take_int(struct builder *b, struct token t)
{
    uint64_t number = 0;
    if (pq_parse_u64(t.text, &number) != PQ_STATUS_OK || number > INT64_MAX)
        return fail(b, t.text, "the number ", true,
                    " has a leading zero or does not fit in 64 bits; write it in decimal");
    return emit(
        b, (struct op){.kind = OP_VALUE, .text = t.text, .value = pq_value_int((int64_t)number)});
}

static bool take_string(struct builder *b, struct token t)
{
    struct pq_slice in = t.text, octets;
    size_t bad = 0;
    enum pq_status status = pq_escape_read_string(b->arena, &in, false, &octets, &bad);
    if (status == PQ_STATUS_NO_MEMORY)
        return fail_memory(b);
    if (status != PQ_STATUS_OK)
        return fail(b, pq_slice_after(t.text, bad), "unknown escape at ", true,
                    " in a string; known are \\r \\n \\t \\0 \\s \\\\ \\\" \\xHH");
    return emit(b, (struct op){.kind = OP_VALUE, .text = t.text, .value = pq_value_octets(octets)});
}

/* A call with its open bracket, or m with its index, or a plain name. `*want` tells whether an
 * operand comes next. */
static bool take_name(struct builder *b, struct token t, bool *want)
{
    struct pq_slice ahead = b->in;
    struct token next = pq_expr_token(&ahead);
    struct pending p = {.text = t.text};
    *want = next.kind == TOKEN_OPEN || next.kind == TOKEN_INDEX;
    if (!*want)
        return emit(b, (struct op){.kind = OP_NAME, .text = t.text});
    b->in = ahead;
    if (next.kind == TOKEN_INDEX) {
        p.index = true;
        if (!pq_slice_equal(t.text, PQ_SLICE("m")))
            return fail(b, t.text, "only m has an index, not ", true,
                        "; to take a line use item()");
        return push(b, p);
    }
    p.function = pq_expr_function(t.text);
    if (!p.function)
        return fail(b, t.text, "unknown function ", true, "; FORMAT.md lists them");
    return push(b, p);
}

static bool take_prefix(struct builder *b, struct token t)
{
    const struct operator_row *row = find_operator(t.text, true);
    if (!row)
        return fail(b, t.text, "a value is missing before ", true, "");
    return push(b, (struct pending){.row = row, .text = t.text});
}

/* ---- brackets -------------------------------------------------------------------------------- */

static bool emit_call(struct builder *b, const struct pending *p)
{
    const struct function *f = p->function;
    if (p->argc < f->least || (f->most != 255 && p->argc > f->most))
        return fail(b, p->text, "wrong number of arguments for ", true,
                    "; FORMAT.md tells what it takes");
    return emit(b, (struct op){.kind = OP_CALL, .text = p->text, .argc = p->argc, .function = f});
}

/* Behind `]`: `.field`. */
static bool emit_message(struct builder *b, struct token t)
{
    struct token dot = pq_expr_token(&b->in);
    struct token field = pq_expr_token(&b->in);
    if (dot.kind != TOKEN_DOT || field.kind != TOKEN_NAME ||
        pq_dlg_word_of(&pq_dlg_fields, field.text) == pq_dlg_fields.count)
        return fail(b, t.text, "m[n] needs a field: .size .octets .lines or .text", false, "");
    return emit(b, (struct op){.kind = OP_MESSAGE, .text = field.text});
}

/* `)` or `]`; `filled`: a value stands before it. */
static bool take_close(struct builder *b, struct token t, bool filled)
{
    if (!close_operators(b, 0))
        return false;
    bool index = t.kind == TOKEN_UNINDEX;
    if (b->open == 0 || b->stack[b->open - 1].index != index)
        return fail(b, t.text, "nothing is open that ", true, " could close");
    struct pending p = b->stack[--b->open];
    p.argc += filled ? 1 : 0;
    if (p.function)
        return emit_call(b, &p);
    return index ? emit_message(b, t) : true;
}

static bool take_comma(struct builder *b, struct token t)
{
    if (!close_operators(b, 0))
        return false;
    if (b->open == 0 || !b->stack[b->open - 1].function)
        return fail(b, t.text, "a comma stands only between arguments of a function", false, "");
    b->stack[b->open - 1].argc++;
    return true;
}

/* ---- the expression -------------------------------------------------------------------------- */

/* The token where a value can stand; `*want` tells whether one still must come. */
static bool take_operand(struct builder *b, struct token t, bool *want)
{
    *want = true;
    if (t.kind == TOKEN_NAME)
        return take_name(b, t, want);
    if (t.kind == TOKEN_OPEN)
        return push(b, (struct pending){.text = t.text});
    if (t.kind == TOKEN_OPERATOR)
        return take_prefix(b, t);
    *want = false;
    if (t.kind == TOKEN_INT)
        return take_int(b, t);
    if (t.kind == TOKEN_STRING)
        return take_string(b, t);
    /* `f()` is the one bracket that may be empty. */
    const struct pending *top = b->open > 0 ? &b->stack[b->open - 1] : NULL;
    if (t.kind == TOKEN_CLOSE && top && top->function && top->argc == 0)
        return take_close(b, t, false);
    if (t.kind == TOKEN_END)
        return fail(b, t.text, "a value is missing at the end of the expression", false, "");
    return fail(b, t.text, "a value must stand where there is ", true, "");
}

/* The token behind a value. */
static bool take_infix(struct builder *b, struct token t, bool *want)
{
    *want = false;
    if (t.kind == TOKEN_CLOSE || t.kind == TOKEN_UNINDEX)
        return take_close(b, t, true);
    *want = true;
    if (t.kind == TOKEN_COMMA)
        return take_comma(b, t);
    const struct operator_row *row = t.kind == TOKEN_OPERATOR ? find_operator(t.text, false) : NULL;
    if (!row)
        return fail(b, t.text, "an operator must stand where there is ", true, "");
    if (!close_operators(b, row->binds))
        return false;
    struct pending p = {.row = row, .text = t.text, .patch = (uint32_t)b->count};
    if ((row->op == OP_AND || row->op == OP_OR) &&
        !emit(b, (struct op){.kind = row->op, .text = t.text}))
        return false;
    return push(b, p);
}

static bool build(struct builder *b)
{
    bool want = true;
    for (;;) {
        struct token t = pq_expr_token(&b->in);
        if (t.kind == TOKEN_BAD)
            return fail(b, t.text, "unexpected ", true,
                        t.text.at[0] == '"' ? ": the string is not closed" : " in an expression");
        if (t.kind == TOKEN_END && !want)
            break;
        if (!(want ? take_operand(b, t, &want) : take_infix(b, t, &want)))
            return false;
    }
    if (!close_operators(b, 0))
        return false;
    if (b->open > 0)
        return fail(b, b->stack[b->open - 1].text, "the bracket behind ", true, " is not closed");
    return true;
}

/* The source without the blanks around it. */
static struct pq_slice trim(struct pq_slice all, struct pq_slice rest)
{
    struct pq_slice s = pq_slice_first(all, all.len - rest.len);
    while (s.len > 0 && s.at[0] == ' ')
        s = pq_slice_after(s, 1);
    while (s.len > 0 && s.at[s.len - 1] == ' ')
        s.len--;
    return s;
}

enum pq_status pq_expr_parse(struct pq_arena *arena, struct pq_slice *text,
                             const struct pq_expr **out, struct pq_expr_problem *problem)
{
    struct builder b; /* large, and most of it never used: not zeroed */
    b.arena = arena;
    b.count = b.depth = b.open = 0;
    b.all = b.in = *text;
    b.problem = problem;
    if (!build(&b))
        return b.status;
    struct pq_expr *e = pq_arena_get(arena, sizeof(*e));
    struct op *ops = pq_arena_get(arena, b.count * sizeof(*ops));
    if (!e || !ops)
        return PQ_STATUS_NO_MEMORY;
    memcpy(ops, b.ops, b.count * sizeof(*ops));
    *e = (struct pq_expr){.source = trim(b.all, b.in), .ops = ops, .count = b.count};
    *text = b.in;
    *out = e;
    return PQ_STATUS_OK;
}

struct pq_slice pq_expr_source(const struct pq_expr *e)
{
    return e->source;
}

bool pq_expr_name(const struct pq_expr *e, size_t n, struct pq_slice *name)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->ops[i].kind != OP_NAME || n-- > 0)
            continue;
        *name = e->ops[i].text;
        return true;
    }
    return false;
}
