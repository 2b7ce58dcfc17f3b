/* SPDX-License-Identifier: Apache-2.0
 * The parameters of directives, as their row of the table has them. */
#include "dialogue/parse_internal.h"

#include "dialogue/escape.h"

struct args {
    struct parser *p;
    struct pq_dlg_directive *d;
    const struct pq_dlg_do_row *row;
    struct pq_slice in;
    size_t place; /* of the next parameter that is told by its place */
    size_t count; /* of parameters that were given */
};

static size_t params_count(const struct pq_dlg_do_row *row)
{
    size_t n = 0;
    while (n < PQ_DLG_PARAMS_MAX && row->params[n].times != PQ_DLG_NONE)
        n++;
    return n;
}

static size_t rank_of(const struct pq_dlg_do_row *row, enum pq_dlg_param param)
{
    size_t i = 0;
    while (i < params_count(row) && row->params[i].param != param)
        i++;
    return i;
}

/* Adds a parameter behind those that stand before it in the row; NULL when it was given already. */
static struct pq_dlg_arg *add_arg(struct args *a, enum pq_dlg_param param, struct pq_slice where)
{
    size_t rank = rank_of(a->row, param);
    struct pq_dlg_arg **tail = &a->d->args;
    if (++a->count > PQ_DLG_WORDS_MAX) {
        parser_fail(a->p, where, "more than 256 parameters");
        return NULL;
    }
    while (*tail && rank_of(a->row, (*tail)->param) <= rank) {
        if ((*tail)->param == param && a->row->params[rank].times != PQ_DLG_SOME) {
            parser_fail_quoting(a->p, where, "given twice: ", "; remove one");
            return NULL;
        }
        tail = &(*tail)->next;
    }
    struct pq_dlg_arg *arg = parser_get(a->p, sizeof(*arg));
    if (!arg)
        return NULL;
    arg->param = param;
    arg->at = parser_at(a->p, where.at);
    arg->next = *tail;
    *tail = arg;
    return arg;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* {axis} in place of a value. */
static bool is_axis(struct pq_slice word, struct pq_slice *axis)
{
    if (word.len < 3 || word.len > PQ_DLG_NAME_MAX || word.at[0] != '{' ||
        word.at[word.len - 1] != '}')
        return false;
    struct pq_slice name = pq_slice_first(pq_slice_after(word, 1), word.len - 2);
    if (pq_variable_len(name) != name.len)
        return false;
    *axis = name;
    return true;
}

static bool read_conn(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    (void)words;
    return parser_read_count(a->p, arg->text, PQ_DLG_CONN_MAX, &arg->number);
}

static bool read_count(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    (void)words;
    return parser_read_count(a->p, arg->text, 1000000, &arg->number);
}

static bool read_label(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    (void)words;
    return parser_read_label(a->p, arg->text);
}

static bool read_variable(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    (void)words;
    if (arg->text.len > 0 && arg->text.len <= PQ_DLG_NAME_MAX &&
        pq_variable_len(arg->text) == arg->text.len)
        return true;
    return parser_fail_quoting(a->p, arg->text, "",
                               " is not a name; it takes letters, digits and _, at most 64");
}

static bool read_word(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    arg->number = pq_dlg_word_of(words, arg->text);
    return arg->number < words->count || parser_fail_quoting(a->p, arg->text, "unknown word ",
                                                             "; FORMAT.md lists what can stand");
}

static bool read_time(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    (void)words;
    return parser_read_time(a->p, arg->text, &arg->number);
}

static bool read_cut(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    arg->number = pq_dlg_word_of(words, arg->text);
    arg->cut = (enum pq_dlg_cut)arg->number;
    if (arg->number < words->count)
        return true;
    arg->cut = PQ_DLG_CUT_OCTETS;
    return parser_read_count(a->p, arg->text, PQ_DLG_TEXT_MAX, &arg->number);
}

/* 0, 1, or either with at most six digits behind a point, in millionths. */
static bool read_share(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    struct pq_slice rest = arg->text;
    struct pq_slice whole = pq_slice_cut(&rest, '.');
    bool point = whole.len < arg->text.len;
    uint64_t ones = 0, millionths = 0;
    (void)words;
    bool good = pq_parse_u64(whole, &ones) == PQ_STATUS_OK && ones <= 1 && rest.len <= 6 &&
                (!point || pq_parse_u64_zeros(rest, &millionths) == PQ_STATUS_OK);
    for (size_t i = rest.len; i < 6; i++)
        millionths *= 10;
    arg->number = ones * 1000000 + millionths;
    if (good && arg->number <= 1000000)
        return true;
    return parser_fail_quoting(a->p, arg->text, "", " is not a share; write a number from 0 to 1");
}

static bool read_requirement(struct args *a, const struct pq_dlg_words *words,
                             struct pq_dlg_arg *arg)
{
    (void)words;
    return parser_is_requirement(arg->text) ||
           parser_fail_quoting(a->p, arg->text, "",
                               " is not the id of a requirement, such as RFC1939-6-002");
}

static bool take_octets(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    (void)words;
    return parser_take_string(a->p, &a->in, false, &arg->text);
}

static bool take_sentence(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    (void)words;
    return parser_take_string(a->p, &a->in, true, &arg->text);
}

/* Leaves the blanks behind the expression, so that a comment needs two of them here too. */
static bool take_expr(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    struct pq_slice all = a->in;
    (void)words;
    if (!parser_take_expr(a->p, &a->in, &arg->expr))
        return false;
    struct pq_slice source = pq_expr_source(arg->expr);
    a->in = pq_slice_after(all, (size_t)(source.at + source.len - all.at));
    return true;
}

/* A client's line or regex, up to two blanks in a row. */
static bool take_pattern(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    struct pq_slice in = a->in, comment;
    size_t end = 0;
    (void)words;
    while (end < in.len && !(in.at[end] == ' ' && end + 1 < in.len && in.at[end + 1] == ' '))
        end++;
    struct pq_dlg_step *step = parser_get(a->p, sizeof(*step));
    if (!step)
        return false;
    if (in.len == 0 || in.at[0] != 'C')
        return parser_fail(a->p, in, "a pattern must stand here: C~ regex, or C: line");
    if (!parser_read_step(a->p, pq_slice_first(in, end), step, &comment))
        return false;
    if (step->form == PQ_DLG_RAW)
        return parser_fail(a->p, in, "a pattern is a line: C~ regex, or C: line");
    arg->pattern = step;
    a->in = pq_slice_after(in, end);
    return true;
}

static bool take_fault(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    (void)words;
    arg->words = parser_take_item(a->p, &a->in);
    return arg->words != NULL;
}

static bool take_capas(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg)
{
    size_t comment = parser_comment_index(a->in);
    struct pq_slice in = pq_slice_first(a->in, comment);
    (void)words;
    /* The two blanks stay, for the comment. */
    a->in = pq_slice_after(a->in, comment < a->in.len ? comment - 2 : comment);
    return parser_read_items(a->p, in, &arg->words);
}

/* How each form is read: from one word that was taken, or from the line itself. */
static const struct form_row {
    bool word;
    bool (*read)(struct args *a, const struct pq_dlg_words *words, struct pq_dlg_arg *arg);
} forms[] = {
    [PQ_DLG_PARAM_CONN] = {true, read_conn},
    [PQ_DLG_PARAM_COUNT] = {true, read_count},
    [PQ_DLG_PARAM_LABEL] = {true, read_label},
    [PQ_DLG_PARAM_VARIABLE] = {true, read_variable},
    [PQ_DLG_PARAM_WORD] = {true, read_word},
    [PQ_DLG_PARAM_TIME] = {true, read_time},
    [PQ_DLG_PARAM_CUT] = {true, read_cut},
    [PQ_DLG_PARAM_SHARE] = {true, read_share},
    [PQ_DLG_PARAM_REQUIREMENT] = {true, read_requirement},
    [PQ_DLG_PARAM_STRING] = {false, take_octets},
    [PQ_DLG_PARAM_TEXT] = {false, take_sentence},
    [PQ_DLG_PARAM_EXPR] = {false, take_expr},
    [PQ_DLG_PARAM_PATTERN] = {false, take_pattern},
    [PQ_DLG_PARAM_FAULT] = {false, take_fault},
    [PQ_DLG_PARAM_CAPAS] = {false, take_capas},
};

/* Takes the value at the front of `a->in`; a flag has none. */
static bool take_value(struct args *a, const struct pq_dlg_param_row *param, struct pq_dlg_arg *arg)
{
    if (param->form == PQ_DLG_PARAM_FLAG)
        return true;
    const struct form_row *form = &forms[param->form];
    if (!form->word)
        return form->read(a, param->words, arg);
    arg->text = parser_take_word(&a->in);
    if (param->form == PQ_DLG_PARAM_VARIABLE || !is_axis(arg->text, &arg->axis))
        return form->read(a, param->words, arg);
    arg->text = pq_slice_first(arg->text, 0);
    return true;
}

/* ---- which parameter it is ------------------------------------------------------------------- */

/* How many octets of the sign of `param` stand at the front of `in`; zero: it is another one. */
static size_t sign_len(const struct pq_dlg_param_row *param, struct pq_slice in)
{
    struct pq_slice rest = pq_slice_after(in, param->name.len);
    switch (param->shape) {
    case PQ_DLG_SHAPE_PLAIN:
        return 0;
    case PQ_DLG_SHAPE_FLAG:
        return pq_slice_starts(in, param->name) && (rest.len == 0 || rest.at[0] == ' ')
                   ? param->name.len
                   : 0;
    case PQ_DLG_SHAPE_KEYED:
        return pq_slice_starts(in, param->name) && rest.len > 0 && rest.at[0] == '='
                   ? param->name.len + 1
                   : 0;
    case PQ_DLG_SHAPE_ARROW:
        return pq_slice_starts(in, PQ_SLICE("->")) ? 2 : 0;
    case PQ_DLG_SHAPE_COLON:
        return pq_slice_starts(in, PQ_SLICE(":")) ? 1 : 0;
    }
    return 0;
}

/* Whether a word can be the value of a parameter that may be left out. */
static bool could_be(const struct pq_dlg_param_row *param, struct pq_slice in)
{
    struct pq_slice word = pq_slice_first(in, pq_slice_index(in, ' ')), axis;
    if (param->form == PQ_DLG_PARAM_TEXT)
        return in.at[0] == '"';
    if (param->form == PQ_DLG_PARAM_CONN)
        return pq_ascii_is_digit(in.at[0]) || is_axis(word, &axis);
    if (param->form == PQ_DLG_PARAM_REQUIREMENT)
        return pq_slice_starts(in, PQ_SLICE("RFC"));
    return param->words && pq_dlg_word_of(param->words, word) < param->words->count;
}

/* The parameter that the place tells; params_count() when there is none. */
static size_t next_plain(struct args *a, size_t count)
{
    for (size_t i = a->place; i < count; i++) {
        const struct pq_dlg_param_row *param = pq_dlg_param_row(a->row->params[i].param);
        bool given = pq_dlg_arg(a->d, a->row->params[i].param) != NULL;
        if (param->shape != PQ_DLG_SHAPE_PLAIN)
            continue;
        if ((a->row->params[i].times == PQ_DLG_MAYBE || given) && !could_be(param, a->in))
            continue;
        a->place = a->row->params[i].times == PQ_DLG_SOME ? i : i + 1;
        return i;
    }
    return count;
}

static bool take_arg(struct args *a)
{
    size_t count = params_count(a->row), i = 0, sign = 0;
    struct pq_slice where = a->in;
    while (i < count && (sign = sign_len(pq_dlg_param_row(a->row->params[i].param), a->in)) == 0)
        i++;
    if (i == count)
        i = next_plain(a, count);
    if (i == count)
        return parser_fail_quoting(a->p, parser_take_word(&where), "the directive does not take ",
                                   "; FORMAT.md tells its parameters");
    const struct pq_dlg_param_row *param = pq_dlg_param_row(a->row->params[i].param);
    struct pq_dlg_arg *arg =
        add_arg(a, a->row->params[i].param, pq_slice_first(where, pq_slice_index(where, ' ')));
    if (!arg)
        return false;
    a->in = pq_slice_after(a->in, sign);
    if (param->shape == PQ_DLG_SHAPE_ARROW)
        parser_skip_blanks(&a->in);
    return take_value(a, param, arg);
}

static bool check_complete(struct args *a, struct pq_slice where)
{
    for (size_t i = 0; i < params_count(a->row); i++) {
        enum pq_dlg_param param = a->row->params[i].param;
        if (a->row->params[i].times == PQ_DLG_MAYBE || pq_dlg_arg(a->d, param))
            continue;
        pq_dlg_problem_add(&a->p->d->problems, parser_at(a->p, where.at), "the directive needs ",
                           pq_dlg_param_row(param)->name, "; FORMAT.md tells its parameters");
        return false;
    }
    return true;
}

bool parser_read_args(struct parser *p, struct pq_slice in, struct pq_dlg_directive *d,
                      struct pq_slice *comment)
{
    struct args a = {.p = p, .d = d, .row = pq_dlg_do_row(d->what), .in = in};
    for (;;) {
        struct pq_slice before = a.in;
        parser_skip_blanks(&a.in);
        size_t blanks = before.len - a.in.len;
        if (a.in.len == 0)
            return check_complete(&a, in);
        if (a.in.at[0] == '#' && blanks >= 2) {
            *comment = pq_slice_after(a.in, 1);
            return check_complete(&a, in);
        }
        if (blanks == 0)
            return parser_fail(p, a.in, "a blank must stand here");
        if (a.in.at[0] == '#')
            return parser_fail(p, a.in, "two blanks must stand before a comment");
        if (!take_arg(&a))
            return false;
    }
}
