/* SPDX-License-Identifier: Apache-2.0
 * Steps and directives as text. */
#include "dialogue/format_internal.h"

#include "dialogue/regex.h"

/* ---- the writer ------------------------------------------------------------------------------ */

void writer_put(struct writer *w, struct pq_slice s)
{
    if (w->status == PQ_STATUS_OK)
        w->status = pq_bytes_put(w->out, s);
}

void writer_text(struct writer *w, const char *text)
{
    writer_put(w, pq_slice_text(text));
}

void writer_number(struct writer *w, uint64_t number)
{
    uint8_t memory[PQ_U64_TEXT_MAX];
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    pq_buf_put_u64(&b, number);
    writer_put(w, pq_buf_slice(&b));
}

void writer_octets(struct writer *w, struct pq_slice octets, enum pq_escape where, bool last)
{
    if (w->status == PQ_STATUS_OK)
        w->status = pq_escape_write(octets, where, last, w->out);
}

void writer_string(struct writer *w, struct pq_slice octets, bool sentence)
{
    if (w->status == PQ_STATUS_OK)
        w->status = pq_escape_write_string(octets, sentence, w->out);
}

void writer_time(struct writer *w, uint64_t ms)
{
    bool minutes = ms % 60000 == 0, seconds = ms % 1000 == 0;
    writer_number(w, minutes ? ms / 60000 : seconds ? ms / 1000 : ms);
    writer_text(w, minutes ? "m" : seconds ? "s" : "ms");
}

bool writer_axis(const struct writer *w, struct pq_slice name, struct pq_slice *octets)
{
    if (!w->expand)
        return false;
    for (size_t i = 0; i < w->d->axes_count; i++) {
        const struct pq_dlg_axis *axis = &w->d->axes[i];
        if (!pq_slice_equal(axis->name, name))
            continue;
        *octets = axis->values[pq_dlg_row_value(w->d, w->row, i)].octets;
        return true;
    }
    return false;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool is_plain(struct pq_slice s)
{
    const struct pq_slice signs = PQ_SLICE("()<>=,\"#");
    for (size_t i = 0; i < s.len; i++)
        if (!pq_ascii_is_visible(s.at[i]) || pq_slice_index(signs, s.at[i]) < signs.len)
            return false;
    return s.len > 0;
}

static void put_word(struct writer *w, const struct pq_dlg_word *word)
{
    writer_put(w, word->text);
    if (word->number > 0) {
        writer_text(w, ">=");
        writer_number(w, word->number);
    }
    if (!word->value.at)
        return;
    writer_text(w, "=");
    if (is_plain(word->value))
        writer_put(w, word->value);
    else
        writer_string(w, word->value, false);
}

void writer_items(struct writer *w, const struct pq_dlg_word *words, const char *comma)
{
    for (const struct pq_dlg_word *word = words; word; word = word->next) {
        put_word(w, word);
        for (const struct pq_dlg_word *arg = word->args; arg; arg = arg->next) {
            writer_text(w, arg == word->args ? "(" : comma);
            put_word(w, arg);
        }
        writer_text(w, word->args ? ")" : "");
        writer_text(w, word->next ? " " : "");
    }
}

/* ---- payloads -------------------------------------------------------------------------------- */

/* Gives expressions the axes as values: a word that is a number is an integer. */
static bool axis_value(void *ctx, struct pq_slice name, struct pq_value *out)
{
    const struct writer *w = ctx;
    struct pq_slice octets;
    uint64_t number = 0;
    if (!writer_axis(w, name, &octets))
        return false;
    *out = pq_parse_u64(octets, &number) == PQ_STATUS_OK && number <= INT64_MAX
               ? pq_value_int((int64_t)number)
               : pq_value_octets(octets);
    return true;
}

static void put_expr(struct writer *w, const struct pq_expr *e)
{
    const struct pq_env names = {.ctx = w, .name = axis_value};
    if (w->status == PQ_STATUS_OK)
        w->status = pq_expr_format(e, w->expand ? &names : NULL, w->out);
}

/* The octets of a part that stands for known ones, now that axes have values. */
static bool literal_of(const struct writer *w, const struct pq_dlg_part *part,
                       struct pq_slice *octets)
{
    *octets = part->octets;
    if (part->kind == PQ_DLG_PART_LITERAL)
        return true;
    return (part->kind == PQ_DLG_PART_NAME || part->kind == PQ_DLG_PART_TYPED) &&
           writer_axis(w, part->octets, octets);
}

static void put_placeholder(struct writer *w, const struct pq_dlg_part *part)
{
    switch (part->kind) {
    case PQ_DLG_PART_LITERAL:
        return;
    case PQ_DLG_PART_BOUNDARY:
        writer_text(w, "\\|");
        return;
    case PQ_DLG_PART_REST:
        writer_text(w, "{*}");
        return;
    case PQ_DLG_PART_REST_OR_END:
        writer_text(w, "{*?}");
        return;
    case PQ_DLG_PART_EXPR:
        writer_text(w, "{= ");
        put_expr(w, part->expr);
        break;
    case PQ_DLG_PART_NAME:
    case PQ_DLG_PART_TYPED:
        writer_text(w, "{");
        writer_put(w, part->octets);
        if (part->kind == PQ_DLG_PART_TYPED) {
            writer_text(w, ":");
            writer_put(w, pq_dlg_type_row(part->type)->name);
        }
        break;
    }
    writer_text(w, "}");
}

/* Joins literal octets that stand in a row, since their spelling depends on their neighbours, and
 * writes them. Returns the part behind them. */
static const struct pq_dlg_part *put_literals(struct writer *w, const struct pq_dlg_part *part,
                                              enum pq_escape where)
{
    struct pq_bytes run;
    struct pq_slice octets;
    pq_bytes_init(&run, w->out->alloc, PQ_DLG_FORMATTED_MAX);
    for (; part && literal_of(w, part, &octets); part = part->next)
        if (w->status == PQ_STATUS_OK)
            w->status = pq_bytes_put(&run, octets);
    writer_octets(w, pq_bytes_slice(&run), where, part == NULL);
    pq_bytes_free(&run);
    return part;
}

static void put_payload(struct writer *w, const struct pq_dlg_part *part, enum pq_escape where)
{
    struct pq_slice octets;
    if (part)
        writer_text(w, " ");
    while (part && w->status == PQ_STATUS_OK) {
        if (!part->next && part->kind == PQ_DLG_PART_LITERAL) {
            writer_octets(w, part->octets, where, true);
            return;
        }
        if (literal_of(w, part, &octets)) {
            part = put_literals(w, part, where);
            continue;
        }
        put_placeholder(w, part);
        part = part->next;
    }
}

static void put_range(struct writer *w, const struct pq_dlg_step *step)
{
    if (step->most == UINT64_MAX)
        return;
    writer_text(w, " ");
    writer_number(w, step->least);
    if (step->most == step->least)
        return;
    writer_text(w, "..");
    writer_number(w, step->most);
}

void writer_step(struct writer *w, const struct pq_dlg_step *step)
{
    static const char *const signs[] = {
        [PQ_DLG_LINE] = ":", [PQ_DLG_RAW] = "!",  [PQ_DLG_REGEX] = "~",
        [PQ_DLG_BODY] = "|", [PQ_DLG_MANY] = "*", [PQ_DLG_DOT] = "."};
    writer_text(w, step->side == PQ_DLG_CLIENT ? "C" : "S");
    if (step->conn > 1)
        writer_number(w, step->conn);
    writer_text(w, signs[step->form]);
    if (step->form == PQ_DLG_MANY)
        put_range(w, step);
    if (step->form == PQ_DLG_REGEX) {
        writer_text(w, " ");
        writer_put(w, pq_regex_source(step->regex));
    }
    put_payload(w, step->parts, PQ_ESCAPE_PAYLOAD);
}

void writer_data(struct writer *w, const struct pq_dlg_step *data)
{
    writer_text(w, data->form == PQ_DLG_RAW ? "|!" : "|");
    put_payload(w, data->parts, PQ_ESCAPE_DATA);
}

/* ---- directives ------------------------------------------------------------------------------ */

static void put_share(struct writer *w, uint64_t millionths)
{
    char digits[7] = "000000";
    size_t len = 6;
    writer_number(w, millionths / 1000000);
    millionths %= 1000000;
    if (millionths == 0)
        return;
    for (size_t i = 6; i > 0; i--, millionths /= 10)
        digits[i - 1] = (char)('0' + millionths % 10);
    while (digits[len - 1] == '0')
        len--;
    writer_text(w, ".");
    writer_put(w, pq_slice_of(digits, len));
}

static void put_value(struct writer *w, const struct pq_dlg_arg *arg)
{
    switch (pq_dlg_param_row(arg->param)->form) {
    case PQ_DLG_PARAM_FLAG:
        return;
    case PQ_DLG_PARAM_CONN:
    case PQ_DLG_PARAM_COUNT:
        writer_number(w, arg->number);
        return;
    case PQ_DLG_PARAM_TIME:
        writer_time(w, arg->number);
        return;
    case PQ_DLG_PARAM_SHARE:
        put_share(w, arg->number);
        return;
    case PQ_DLG_PARAM_STRING:
        writer_string(w, arg->text, false);
        return;
    case PQ_DLG_PARAM_TEXT:
        writer_string(w, arg->text, true);
        return;
    case PQ_DLG_PARAM_EXPR:
        put_expr(w, arg->expr);
        return;
    case PQ_DLG_PARAM_PATTERN:
        writer_step(w, arg->pattern);
        return;
    case PQ_DLG_PARAM_FAULT:
    case PQ_DLG_PARAM_CAPAS:
        writer_items(w, arg->words, ", ");
        return;
    case PQ_DLG_PARAM_CUT:
    case PQ_DLG_PARAM_LABEL:
    case PQ_DLG_PARAM_VARIABLE:
    case PQ_DLG_PARAM_WORD:
    case PQ_DLG_PARAM_REQUIREMENT:
        writer_put(w, arg->text);
        return;
    }
}

static void put_arg(struct writer *w, const struct pq_dlg_arg *arg)
{
    const struct pq_dlg_param_row *row = pq_dlg_param_row(arg->param);
    struct pq_slice octets;
    writer_text(w, " ");
    if (row->shape == PQ_DLG_SHAPE_ARROW)
        writer_text(w, "-> ");
    if (row->shape == PQ_DLG_SHAPE_COLON)
        writer_text(w, ": ");
    if (row->shape == PQ_DLG_SHAPE_KEYED || row->shape == PQ_DLG_SHAPE_FLAG)
        writer_put(w, row->name);
    if (row->shape == PQ_DLG_SHAPE_KEYED)
        writer_text(w, "=");
    if (arg->axis.len == 0) {
        put_value(w, arg);
    } else if (writer_axis(w, arg->axis, &octets)) {
        writer_put(w, octets);
    } else {
        writer_text(w, "{");
        writer_put(w, arg->axis);
        writer_text(w, "}");
    }
    /* A pattern ends at two blanks. */
    if (row->form == PQ_DLG_PARAM_PATTERN && arg->next)
        writer_text(w, " ");
}

void writer_directive(struct writer *w, const struct pq_dlg_directive *d)
{
    struct pq_slice octets;
    writer_text(w, "@");
    if (d->what != PQ_DLG_DO_AXIS) {
        writer_put(w, pq_dlg_do_name(d->what));
    } else if (writer_axis(w, d->axis, &octets)) {
        writer_put(w, octets);
    } else {
        writer_text(w, "{");
        writer_put(w, d->axis);
        writer_text(w, "}");
    }
    for (const struct pq_dlg_arg *arg = d->args; arg; arg = arg->next)
        put_arg(w, arg);
}
