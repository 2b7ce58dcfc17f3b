/* SPDX-License-Identifier: Apache-2.0
 * Runs the postfix operations on a stack of values. */
#include "dialogue/expr_internal.h"

#include <assert.h>
#include <string.h>

const char *pq_expr_outcome_text(enum pq_expr_outcome outcome)
{
    switch (outcome) {
#define X(tag, text)                                                                               \
    case PQ_EXPR_##tag:                                                                            \
        return text;
        PQ_EXPR_OUTCOME_LIST(X)
#undef X
    }
    return "an unknown outcome";
}

struct machine {
    const struct pq_env *env;
    struct pq_value stack[PQ_EXPR_DEPTH_MAX];
    size_t depth;
    struct pq_expr_result *r;
};

static struct pq_value *top(struct machine *m)
{
    assert(m->depth > 0);
    return &m->stack[m->depth - 1];
}

static enum pq_expr_outcome push(struct machine *m, struct pq_value v)
{
    assert(m->depth < PQ_EXPR_DEPTH_MAX);
    m->stack[m->depth++] = v;
    return PQ_EXPR_OK;
}

/* ---- names ----------------------------------------------------------------------------------- */

static enum pq_expr_outcome run_name(struct machine *m, const struct op *op)
{
    struct pq_value v;
    if (!m->env->name || !m->env->name(m->env->ctx, op->text, &v))
        return PQ_EXPR_UNBOUND;
    return push(m, v);
}

static enum pq_expr_outcome run_message(struct machine *m, const struct op *op)
{
    struct pq_value v;
    if (top(m)->kind != PQ_VALUE_INT)
        return PQ_EXPR_KIND;
    if (!m->env->message)
        return PQ_EXPR_NO_PEEK;
    enum pq_status status = m->env->message(m->env->ctx, top(m)->number, op->text, &v);
    if (status != PQ_STATUS_OK)
        return status == PQ_STATUS_NOT_NUMBER ? PQ_EXPR_NO_MESSAGE : PQ_EXPR_NO_PEEK;
    *top(m) = v;
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome run_call(struct machine *m, const struct op *op)
{
    struct pq_value v;
    m->depth -= op->argc;
    struct call call = {.args = m->stack + m->depth, .argc = op->argc, .env = m->env};
    enum pq_expr_outcome outcome = pq_expr_call(op->function, &call, &v);
    return outcome == PQ_EXPR_OK ? push(m, v) : outcome;
}

/* ---- operators ------------------------------------------------------------------------------- */

static enum pq_expr_outcome run_negate(struct machine *m)
{
    if (top(m)->kind != PQ_VALUE_INT)
        return PQ_EXPR_KIND;
    if (top(m)->number == INT64_MIN)
        return PQ_EXPR_OVERFLOW;
    top(m)->number = -top(m)->number;
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome run_not(struct machine *m)
{
    if (top(m)->kind != PQ_VALUE_TRUTH)
        return PQ_EXPR_KIND;
    top(m)->truth = !top(m)->truth;
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome add_ints(int64_t a, int64_t b, struct pq_value *out)
{
    if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b)
        return PQ_EXPR_OVERFLOW;
    out->number = a + b;
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome run_add(struct machine *m, const struct pq_value *a,
                                    const struct pq_value *b, struct pq_value *out)
{
    if (a->kind != b->kind || a->kind == PQ_VALUE_TRUTH)
        return PQ_EXPR_KIND;
    out->kind = a->kind;
    if (a->kind == PQ_VALUE_INT)
        return add_ints(a->number, b->number, out);
    return pq_expr_join(m->env, a, b, out);
}

static enum pq_expr_outcome run_subtract(const struct pq_value *a, const struct pq_value *b,
                                         struct pq_value *out)
{
    if (a->kind != PQ_VALUE_INT || b->kind != PQ_VALUE_INT)
        return PQ_EXPR_KIND;
    out->kind = PQ_VALUE_INT;
    if (b->number < 0 ? a->number > INT64_MAX + b->number : a->number < INT64_MIN + b->number)
        return PQ_EXPR_OVERFLOW;
    out->number = a->number - b->number;
    return PQ_EXPR_OK;
}

/* Order is for integers; equality is for two values of one kind. */
static enum pq_expr_outcome run_compare(struct machine *m, enum op_kind op,
                                        const struct pq_value *a, const struct pq_value *b,
                                        struct pq_value *out)
{
    bool equality = op == OP_EQUAL || op == OP_UNEQUAL;
    if (a->kind != b->kind || (!equality && a->kind != PQ_VALUE_INT))
        return PQ_EXPR_KIND;
    m->r->compared = true;
    m->r->left = *a;
    m->r->right = *b;
    out->kind = PQ_VALUE_TRUTH;
    if (equality)
        out->truth = pq_value_equal(a, b) == (op == OP_EQUAL);
    else if (op == OP_LESS || op == OP_GREATER_EQUAL)
        out->truth = (a->number < b->number) == (op == OP_LESS);
    else
        out->truth = (a->number > b->number) == (op == OP_GREATER);
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome run_infix(struct machine *m, enum op_kind op)
{
    struct pq_value b = *top(m);
    m->depth--;
    struct pq_value a = *top(m), out = {.number = 0};
    enum pq_expr_outcome outcome = op == OP_ADD        ? run_add(m, &a, &b, &out)
                                   : op == OP_SUBTRACT ? run_subtract(&a, &b, &out)
                                                       : run_compare(m, op, &a, &b, &out);
    out.secret = (a.secret || b.secret) && out.kind != PQ_VALUE_TRUTH;
    *top(m) = out;
    return outcome;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* `and` and `or`: goes on behind the right operand, or takes the left one off. */
static enum pq_expr_outcome run_skip(struct machine *m, const struct op *op, size_t *next)
{
    if (top(m)->kind != PQ_VALUE_TRUTH)
        return PQ_EXPR_KIND;
    if (top(m)->truth == (op->kind == OP_OR))
        *next = op->target;
    else
        m->depth--;
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome run_op(struct machine *m, const struct op *op, size_t *next)
{
    switch (op->kind) {
    case OP_VALUE:
        return push(m, op->value);
    case OP_NAME:
        return run_name(m, op);
    case OP_MESSAGE:
        return run_message(m, op);
    case OP_CALL:
        return run_call(m, op);
    case OP_NEGATE:
        return run_negate(m);
    case OP_NOT:
        return run_not(m);
    case OP_AND:
    case OP_OR:
        return run_skip(m, op, next);
    case OP_TRUTH:
        return top(m)->kind == PQ_VALUE_TRUTH ? PQ_EXPR_OK : PQ_EXPR_KIND;
    case OP_ADD:
    case OP_SUBTRACT:
    case OP_EQUAL:
    case OP_UNEQUAL:
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
        return run_infix(m, op->kind);
    }
    return PQ_EXPR_KIND;
}

bool pq_expr_eval(const struct pq_expr *e, const struct pq_env *env, struct pq_expr_result *r)
{
    struct machine m; /* most of the stack is never used: not zeroed */
    m.env = env;
    m.depth = 0;
    m.r = r;
    memset(r, 0, sizeof(*r));
    for (size_t i = 0; i < e->count && r->outcome == PQ_EXPR_OK;) {
        const struct op *op = &e->ops[i++];
        r->outcome = run_op(&m, op, &i);
        r->about = op->text;
    }
    if (r->outcome != PQ_EXPR_OK)
        return false;
    r->value = *top(&m);
    return true;
}
