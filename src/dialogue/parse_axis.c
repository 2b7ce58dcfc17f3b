/* SPDX-License-Identifier: Apache-2.0
 * The axes of the matrix: name = value, value, ... */
#include "dialogue/parse_internal.h"

#include "dialogue/escape.h"

/* The letters of a label, and "+": what stands in the name of a row. */
static size_t value_len(struct pq_slice in)
{
    size_t n = 0;
    while (n < in.len && (pq_label_len(pq_slice_of(in.at + n, 1)) == 1 || in.at[n] == '+'))
        n++;
    return n;
}

/* word, or label:"octets" */
static bool take_value(struct parser *p, struct pq_slice *in, struct pq_slice *label,
                       struct pq_slice *octets)
{
    *label = pq_slice_first(*in, value_len(*in));
    *octets = *label;
    if (label->len == 0 || label->len > PQ_DLG_NAME_MAX)
        return parser_fail(
            p, *in, "a value must stand here: letters, digits, - _ . +, or label:\"octets\"");
    *in = pq_slice_after(*in, label->len);
    if (in->len == 0 || in->at[0] != ':')
        return true;
    *in = pq_slice_after(*in, 1);
    return parser_take_string(p, in, false, octets);
}

static bool check_new_label(struct parser *p, const struct pq_dlg_axis *axis, struct pq_slice label)
{
    for (size_t i = 0; i < axis->count; i++)
        if (pq_slice_equal(axis->values[i].label, label))
            return parser_fail_quoting(p, label, "the value ", " stands twice; remove one");
    return axis->count < PQ_DLG_AXIS_VALUES_MAX ||
           parser_fail(p, label, "more than 64 values; split the case");
}

static bool take_values(struct parser *p, struct pq_slice in, struct pq_dlg_axis *axis)
{
    for (;;) {
        struct pq_slice label, octets;
        parser_skip_blanks(&in);
        struct pq_slice where = in;
        if (!take_value(p, &in, &label, &octets) || !check_new_label(p, axis, label))
            return false;
        axis->values[axis->count].label = label;
        axis->values[axis->count++].octets = octets;
        parser_skip_blanks(&in);
        if (in.len == 0)
            return true;
        if (in.at[0] != ',')
            return parser_fail_quoting(p, where, "a comma must stand behind the value at ", "");
        in = pq_slice_after(in, 1);
    }
}

/* A new axis behind those that there are; NULL when there are too many, or one has that name. */
static struct pq_dlg_axis *add_axis(struct parser *p, struct pq_slice name)
{
    struct pq_dlg *d = p->d;
    if (!d->axes)
        d->axes = parser_get(p, PQ_DLG_AXES_MAX * sizeof(*d->axes));
    if (!d->axes)
        return NULL;
    for (size_t i = 0; i < d->axes_count; i++) {
        if (pq_slice_equal(d->axes[i].name, name)) {
            parser_fail_quoting(p, name, "the axis ", " stands twice; give one another name");
            return NULL;
        }
    }
    if (d->axes_count == PQ_DLG_AXES_MAX) {
        parser_fail(p, name, "more than 8 axes; split the case");
        return NULL;
    }
    struct pq_dlg_axis *axis = &d->axes[d->axes_count];
    axis->name = name;
    axis->at = parser_at(p, name.at);
    axis->values = parser_get(p, PQ_DLG_AXIS_VALUES_MAX * sizeof(*axis->values));
    return axis->values ? axis : NULL;
}

bool parser_read_axis(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    (void)key;
    struct pq_slice name = pq_slice_first(in, pq_variable_len(in));
    struct pq_slice rest = pq_slice_after(in, name.len);
    parser_skip_blanks(&rest);
    if (name.len == 0 || name.len > PQ_DLG_NAME_MAX || rest.len == 0 || rest.at[0] != '=')
        return parser_fail(p, in, "a matrix line is: name = value, value, ...");
    struct pq_dlg_axis *axis = add_axis(p, name);
    if (!axis || !take_values(p, pq_slice_after(rest, 1), axis))
        return false;
    p->d->axes_count++;
    p->d->rows *= axis->count;
    return p->d->rows <= PQ_DLG_ROWS_MAX ||
           parser_fail(p, in, "more than 1000 rows in the matrix; split the case");
}
