/* SPDX-License-Identifier: Apache-2.0
 * Functions on lists, parts and numbers. */
#include "dialogue/expr_internal.h"

#include <stdlib.h>
#include <string.h>

#include "dialogue/regex.h"

static size_t length(const struct pq_value *v)
{
    return v->kind == PQ_VALUE_LIST ? v->count : v->octets.len;
}

enum pq_expr_outcome pq_fn_len(const struct call *c, struct pq_value *out)
{
    *out = pq_value_int((int64_t)length(&c->args[0]));
    return PQ_EXPR_OK;
}

/* `count` elements of `v` behind the first `skip`. */
static struct pq_value part_of(const struct pq_value *v, size_t skip, size_t count)
{
    if (v->kind == PQ_VALUE_LIST)
        return pq_value_list(count > 0 ? v->lines + skip : NULL, count);
    return pq_value_octets(pq_slice_first(pq_slice_after(v->octets, skip), count));
}

enum pq_expr_outcome pq_fn_head(const struct call *c, struct pq_value *out)
{
    size_t all = length(&c->args[0]);
    int64_t n = c->args[1].number;
    if (n < 0)
        return PQ_EXPR_RANGE;
    *out = part_of(&c->args[0], 0, (uint64_t)n < all ? (size_t)n : all);
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_fn_tail(const struct call *c, struct pq_value *out)
{
    size_t all = length(&c->args[0]);
    int64_t n = c->args[1].number;
    if (n < 0)
        return PQ_EXPR_RANGE;
    size_t count = (uint64_t)n < all ? (size_t)n : all;
    *out = part_of(&c->args[0], all - count, count);
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_fn_item(const struct call *c, struct pq_value *out)
{
    int64_t n = c->args[1].number;
    if (n < 1 || (uint64_t)n > c->args[0].count)
        return PQ_EXPR_RANGE;
    *out = pq_value_octets(c->args[0].lines[n - 1]);
    return PQ_EXPR_OK;
}

/* ---- lists ----------------------------------------------------------------------------------- */

enum pq_expr_outcome pq_fn_lines(const struct call *c, struct pq_value *out)
{
    struct pq_slice *lines = pq_expr_list_room(c->env, c->argc);
    if (!lines)
        return PQ_EXPR_NO_MEMORY;
    for (size_t i = 0; i < c->argc; i++)
        lines[i] = c->args[i].octets;
    *out = pq_value_list(lines, c->argc);
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome cut_up(const struct call *c, uint8_t at, struct pq_value *out)
{
    struct pq_slice rest = c->args[0].octets;
    size_t count = rest.len > 0 ? 1 : 0;
    for (size_t i = 0; i < rest.len; i++)
        count += rest.at[i] == at ? 1 : 0;
    struct pq_slice *pieces = pq_expr_list_room(c->env, count);
    if (!pieces)
        return PQ_EXPR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        pieces[i] = pq_slice_cut(&rest, at);
    *out = pq_value_list(pieces, count);
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_fn_words(const struct call *c, struct pq_value *out)
{
    return cut_up(c, ' ', out);
}

enum pq_expr_outcome pq_fn_split(const struct call *c, struct pq_value *out)
{
    struct pq_slice separator = c->args[1].octets;
    return separator.len == 1 ? cut_up(c, separator.at[0], out) : PQ_EXPR_KIND;
}

/* The n-th word of `line`, from 1; false when there are fewer. */
static bool word_of(struct pq_slice line, int64_t n, struct pq_slice *word)
{
    for (; n > 1; n--) {
        size_t blank = pq_slice_index(line, ' ');
        if (blank == line.len)
            return false;
        line = pq_slice_after(line, blank + 1);
    }
    *word = pq_slice_first(line, pq_slice_index(line, ' '));
    return true;
}

enum pq_expr_outcome pq_fn_column(const struct call *c, struct pq_value *out)
{
    const struct pq_value *list = &c->args[0];
    int64_t n = c->args[1].number;
    if (n < 1)
        return PQ_EXPR_RANGE;
    struct pq_slice *words = pq_expr_list_room(c->env, list->count);
    if (!words)
        return PQ_EXPR_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        if (!word_of(list->lines[i], n, &words[i]))
            return PQ_EXPR_FORM;
    *out = pq_value_list(words, list->count);
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_fn_find(const struct call *c, struct pq_value *out)
{
    const struct pq_value *list = &c->args[0];
    struct pq_slice *found = pq_expr_list_room(c->env, list->count);
    size_t count = 0;
    if (!found)
        return PQ_EXPR_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        if (pq_slice_starts(list->lines[i], c->args[1].octets))
            found[count++] = list->lines[i];
    *out = pq_value_list(found, count);
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_fn_has(const struct call *c, struct pq_value *out)
{
    *out = pq_value_truth(false);
    for (size_t i = 0; i < c->args[0].count && !out->truth; i++)
        out->truth = pq_slice_equal(c->args[0].lines[i], c->args[1].octets);
    return PQ_EXPR_OK;
}

static enum pq_expr_outcome try_line(const struct call *c, const struct pq_regex *r,
                                     struct pq_slice line, bool *fits)
{
    struct pq_regex_match m;
    pq_regex_match(r, line, c->env->scratch, &m);
    *fits = m.outcome == PQ_REGEX_YES;
    switch (m.outcome) {
    case PQ_REGEX_YES:
    case PQ_REGEX_NO:
        return PQ_EXPR_OK;
    case PQ_REGEX_LIMIT:
        return PQ_EXPR_REGEX;
    case PQ_REGEX_NO_MEMORY:
        break;
    }
    return PQ_EXPR_NO_MEMORY;
}

enum pq_expr_outcome pq_fn_fit(const struct call *c, struct pq_value *out)
{
    const struct pq_value *list = &c->args[0];
    const struct pq_regex *r = NULL;
    struct pq_regex_problem problem;
    struct pq_slice *found = pq_expr_list_room(c->env, list->count);
    if (!found)
        return PQ_EXPR_NO_MEMORY;
    enum pq_status status = pq_regex_compile(c->env->scratch, c->args[1].octets, &r, &problem);
    if (status != PQ_STATUS_OK)
        return status == PQ_STATUS_SYNTAX ? PQ_EXPR_REGEX : PQ_EXPR_NO_MEMORY;
    enum pq_expr_outcome outcome = PQ_EXPR_OK;
    size_t count = 0;
    for (size_t i = 0; i < list->count && outcome == PQ_EXPR_OK; i++) {
        bool fits = false;
        outcome = try_line(c, r, list->lines[i], &fits);
        if (fits)
            found[count++] = list->lines[i];
    }
    *out = pq_value_list(found, count);
    return outcome;
}

static int compare_slices(const void *a, const void *b)
{
    const struct pq_slice *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->len > 0 ? memcmp(x->at, y->at, x->len) : 0;
}

enum pq_expr_outcome pq_fn_unique(const struct call *c, struct pq_value *out)
{
    size_t count = c->args[0].count;
    struct pq_slice *sorted = pq_expr_list_room(c->env, count);
    if (!sorted)
        return PQ_EXPR_NO_MEMORY;
    *out = pq_value_truth(true);
    if (count > 0) {
        memcpy(sorted, c->args[0].lines, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), compare_slices);
    }
    for (size_t i = 1; i < count; i++)
        if (pq_slice_equal(sorted[i - 1], sorted[i]))
            out->truth = false;
    return PQ_EXPR_OK;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static enum pq_expr_outcome read_int(struct pq_slice text, int64_t *out)
{
    uint64_t number = 0;
    enum pq_status status = pq_parse_u64(text, &number);
    if (status == PQ_STATUS_NOT_NUMBER)
        return PQ_EXPR_FORM;
    if (status != PQ_STATUS_OK || number > INT64_MAX)
        return PQ_EXPR_OVERFLOW;
    *out = (int64_t)number;
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_fn_int(const struct call *c, struct pq_value *out)
{
    *out = pq_value_int(0);
    return read_int(c->args[0].octets, &out->number);
}

enum pq_expr_outcome pq_fn_sum(const struct call *c, struct pq_value *out)
{
    *out = pq_value_int(0);
    for (size_t i = 0; i < c->args[0].count; i++) {
        int64_t number = 0;
        enum pq_expr_outcome outcome = read_int(c->args[0].lines[i], &number);
        if (outcome == PQ_EXPR_OK && out->number > INT64_MAX - number)
            outcome = PQ_EXPR_OVERFLOW;
        if (outcome != PQ_EXPR_OK)
            return outcome;
        out->number += number;
    }
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_fn_min(const struct call *c, struct pq_value *out)
{
    *out = c->args[0];
    for (size_t i = 1; i < c->argc; i++)
        if (c->args[i].number < out->number)
            *out = c->args[i];
    return PQ_EXPR_OK;
}

enum pq_expr_outcome pq_fn_max(const struct call *c, struct pq_value *out)
{
    *out = c->args[0];
    for (size_t i = 1; i < c->argc; i++)
        if (c->args[i].number > out->number)
            *out = c->args[i];
    return PQ_EXPR_OK;
}
