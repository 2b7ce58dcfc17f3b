/* SPDX-License-Identifier: Apache-2.0
 * Expressions in their canonical spelling: one blank around infix operators and behind commas and
 * words, none elsewhere. Brackets stay as the author set them. */
#include "dialogue/expr_internal.h"

#include "dialogue/escape.h"

struct printer {
    struct pq_arena arena; /* of decoded strings */
    const struct pq_env *names;
    struct pq_bytes *out;
    bool blank_due;   /* the token before wants a blank behind it */
    bool after_value; /* an operator here is an infix one */
    bool after_dot;   /* a name here is a field */
};

static enum pq_status put_string(struct printer *p, struct pq_slice text)
{
    struct pq_slice octets;
    size_t bad = 0;
    enum pq_status status = pq_escape_read_string(&p->arena, &text, false, &octets, &bad);
    return status == PQ_STATUS_OK ? pq_escape_write_string(octets, false, p->out) : status;
}

/* A name that is neither called, nor m, nor a field. */
static bool is_variable(const struct printer *p, const struct token *t, struct pq_slice rest)
{
    struct token next = pq_expr_token(&rest);
    return t->kind == TOKEN_NAME && !p->after_dot && next.kind != TOKEN_OPEN &&
           next.kind != TOKEN_INDEX;
}

static enum pq_status put_name(struct printer *p, const struct token *t, struct pq_slice rest)
{
    struct pq_value v;
    if (!p->names || !is_variable(p, t, rest) || !p->names->name(p->names->ctx, t->text, &v))
        return pq_bytes_put(p->out, t->text);
    return pq_value_show(&v, PQ_VALUE_OCTETS_MAX, p->out);
}

static bool is_word(const struct token *t)
{
    return t->kind == TOKEN_OPERATOR && pq_ascii_is_alpha(t->text.at[0]);
}

static enum pq_status put_token(struct printer *p, const struct token *t, struct pq_slice rest)
{
    bool infix = t->kind == TOKEN_OPERATOR && p->after_value;
    enum pq_status status = PQ_STATUS_OK;
    if (infix || p->blank_due)
        status = pq_bytes_put_text(p->out, " ");
    if (status != PQ_STATUS_OK)
        return status;
    if (t->kind == TOKEN_STRING)
        status = put_string(p, t->text);
    else if (t->kind == TOKEN_NAME)
        status = put_name(p, t, rest);
    else
        status = pq_bytes_put(p->out, t->text);
    p->blank_due = infix || is_word(t) || t->kind == TOKEN_COMMA;
    p->after_value = t->kind == TOKEN_INT || t->kind == TOKEN_STRING || t->kind == TOKEN_NAME ||
                     t->kind == TOKEN_CLOSE;
    p->after_dot = t->kind == TOKEN_DOT;
    return status;
}

enum pq_status pq_expr_format(const struct pq_expr *e, const struct pq_env *names,
                              struct pq_bytes *out)
{
    struct printer p = {.names = names, .out = out};
    struct pq_slice in = e->source;
    enum pq_status status = PQ_STATUS_OK;
    pq_arena_init(&p.arena, out->alloc, (size_t)2 * PQ_VALUE_OCTETS_MAX);
    for (struct token t = pq_expr_token(&in); t.kind != TOKEN_END && status == PQ_STATUS_OK;
         t = pq_expr_token(&in))
        status = put_token(&p, &t, in);
    pq_arena_free(&p.arena);
    return status;
}
