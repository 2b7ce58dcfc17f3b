/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/expr_internal.h"

#include "dialogue/escape.h"

static const struct sign {
    struct pq_slice text;
    enum token_kind kind;
} signs[] = {
    /* Longer signs stand before what they begin with. */
    {PQ_SLICE_INIT("=="), TOKEN_OPERATOR}, {PQ_SLICE_INIT("!="), TOKEN_OPERATOR},
    {PQ_SLICE_INIT("<="), TOKEN_OPERATOR}, {PQ_SLICE_INIT(">="), TOKEN_OPERATOR},
    {PQ_SLICE_INIT("<"), TOKEN_OPERATOR},  {PQ_SLICE_INIT(">"), TOKEN_OPERATOR},
    {PQ_SLICE_INIT("+"), TOKEN_OPERATOR},  {PQ_SLICE_INIT("-"), TOKEN_OPERATOR},
    {PQ_SLICE_INIT("("), TOKEN_OPEN},      {PQ_SLICE_INIT(")"), TOKEN_CLOSE},
    {PQ_SLICE_INIT("["), TOKEN_INDEX},     {PQ_SLICE_INIT("]"), TOKEN_UNINDEX},
    {PQ_SLICE_INIT(","), TOKEN_COMMA},     {PQ_SLICE_INIT("."), TOKEN_DOT},
};

static const struct pq_slice word_operators[] = {PQ_SLICE_INIT("and"), PQ_SLICE_INIT("or"),
                                                 PQ_SLICE_INIT("not")};

static size_t digits_len(struct pq_slice s)
{
    size_t i = 0;
    while (i < s.len && pq_ascii_is_digit(s.at[i]))
        i++;
    return i;
}

/* The length of a string with its quotation marks; zero when it is not closed. */
static size_t string_len(struct pq_slice s)
{
    size_t i = 1;
    while (i < s.len && s.at[i] != '"')
        i += s.at[i] == '\\' ? 2 : 1;
    return i < s.len ? i + 1 : 0;
}

static enum token_kind kind_of_word(struct pq_slice word)
{
    for (size_t i = 0; i < sizeof(word_operators) / sizeof(word_operators[0]); i++)
        if (pq_slice_equal(word, word_operators[i]))
            return TOKEN_OPERATOR;
    return TOKEN_NAME;
}

static struct token sign_token(struct pq_slice in)
{
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (pq_slice_starts(in, signs[i].text))
            return (struct token){signs[i].kind, pq_slice_first(in, signs[i].text.len)};
    return (struct token){TOKEN_BAD, in};
}

struct token pq_expr_token(struct pq_slice *in)
{
    while (in->len > 0 && in->at[0] == ' ')
        *in = pq_slice_after(*in, 1);
    struct token t = {TOKEN_END, pq_slice_first(*in, 0)};
    if (in->len == 0 || in->at[0] == '}' || in->at[0] == '#')
        return t;
    size_t n = 0;
    if ((n = digits_len(*in)) > 0)
        t = (struct token){TOKEN_INT, pq_slice_first(*in, n)};
    else if ((n = pq_variable_len(*in)) > 0)
        t = (struct token){kind_of_word(pq_slice_first(*in, n)), pq_slice_first(*in, n)};
    else if (in->at[0] == '"')
        t = (n = string_len(*in)) > 0 ? (struct token){TOKEN_STRING, pq_slice_first(*in, n)}
                                      : (struct token){TOKEN_BAD, *in};
    else
        t = sign_token(*in);
    if (t.kind != TOKEN_BAD)
        *in = pq_slice_after(*in, t.text.len);
    return t;
}
