/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the expression language share: tokens, operations, the row of a function.
 */
#ifndef PQ_DIALOGUE_EXPR_INTERNAL_H
#define PQ_DIALOGUE_EXPR_INTERNAL_H

#include "dialogue/expr.h"

/* ---- tokens ---------------------------------------------------------------------------------- */

enum token_kind {
    TOKEN_END, /* the end of the text, "}" or "#" */
    TOKEN_INT,
    TOKEN_STRING,
    TOKEN_NAME,
    TOKEN_OPERATOR, /* an infix or prefix operator, in words or signs */
    TOKEN_OPEN,     /* ( */
    TOKEN_CLOSE,    /* ) */
    TOKEN_INDEX,    /* [ */
    TOKEN_UNINDEX,  /* ] */
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_BAD,
};

struct token {
    enum token_kind kind;
    struct pq_slice text; /* as written; of BAD: from where on it is wrong */
};

/* Takes blanks and the next token off the front of `*in`; END takes only the blanks. */
struct token pq_expr_token(struct pq_slice *in);

/* ---- operations ------------------------------------------------------------------------------ */

/* The expression in postfix order: each operation takes its operands off a stack of values and
 * leaves its result there. */
enum op_kind {
    OP_VALUE,   /* leaves `value` */
    OP_NAME,    /* leaves the value of the name `text` */
    OP_MESSAGE, /* n: leaves m[n].`text` */
    OP_CALL,    /* `argc` arguments of `function` */
    OP_NEGATE,
    OP_NOT,
    OP_ADD,
    OP_SUBTRACT,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_AND,   /* behind the left operand: when it is false, goes on at `target` with it */
    OP_OR,    /* the same for true */
    OP_TRUTH, /* behind the right operand: it must be true or false */
};

struct op {
    enum op_kind kind;
    uint32_t argc;
    uint32_t target;
    struct pq_slice text; /* as written: the name, the field, the operator */
    struct pq_value value;
    const struct function *function;
};

struct pq_expr {
    struct pq_slice source;
    const struct op *ops;
    size_t count;
};

/* ---- functions ------------------------------------------------------------------------------- */

struct call {
    const struct pq_value *args;
    size_t argc;
    const struct pq_env *env;
};

struct function {
    struct pq_function_row row;
    uint8_t least, most; /* arguments; 255: no limit */
    /* The kind of each argument, the last one for all that follow: i integer, o octets, l list,
     * x octets or list, a anything. */
    const char *kinds;
    enum pq_expr_outcome (*run)(const struct call *c, struct pq_value *out);
};

/* The function of that name, or NULL. */
const struct function *pq_expr_function(struct pq_slice name);
/* Checks the kinds of the arguments and runs the function; a result made of a secret is one. */
enum pq_expr_outcome pq_expr_call(const struct function *f, const struct call *c,
                                  struct pq_value *out);

/* Memory for a result of `len` octets. TOO_LONG or NO_MEMORY. */
enum pq_expr_outcome pq_expr_room(const struct pq_env *env, size_t len, struct pq_buf *out);
/* Memory for `count` lines, or NULL. */
struct pq_slice *pq_expr_list_room(const struct pq_env *env, size_t count);
/* Makes what `b` holds the result. */
enum pq_expr_outcome pq_expr_give(const struct pq_buf *b, struct pq_value *out);
/* Joins two values of one kind, octets or lists. */
enum pq_expr_outcome pq_expr_join(const struct pq_env *env, const struct pq_value *a,
                                  const struct pq_value *b, struct pq_value *out);

/* What runs behind the rows of the table; the kinds of the arguments are checked before. */
enum pq_expr_outcome pq_fn_b64(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_unb64(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_hex(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_md5hex(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_hmac_md5hex(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_scram(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_scram_verifier(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_repeat(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_rand(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_upper(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_lower(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_len(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_head(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_tail(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_lines(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_item(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_words(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_split(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_column(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_find(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_has(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_fit(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_unique(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_crlf(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_stuff(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_int(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_sum(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_min(const struct call *c, struct pq_value *out);
enum pq_expr_outcome pq_fn_max(const struct call *c, struct pq_value *out);

#endif
