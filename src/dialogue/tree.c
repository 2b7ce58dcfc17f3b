/* SPDX-License-Identifier: Apache-2.0
 * Small questions to the tree, and the rows of the matrix. */
#include "dialogue/dlg.h"

#include <assert.h>

const struct pq_dlg_arg *pq_dlg_arg(const struct pq_dlg_directive *d, enum pq_dlg_param param)
{
    const struct pq_dlg_arg *arg = d->args;
    while (arg && arg->param != param)
        arg = arg->next;
    return arg;
}

uint8_t pq_dlg_conn(const struct pq_dlg_directive *d)
{
    const struct pq_dlg_arg *arg = pq_dlg_arg(d, PQ_DLG_ARG_CONN);
    return arg && arg->number > 0 ? (uint8_t)arg->number : 1;
}

bool pq_dlg_item_is(const struct pq_dlg_item *item, enum pq_dlg_do what)
{
    return item->kind == PQ_DLG_ITEM_DIRECTIVE && item->directive.what == what;
}

struct pq_dlg_item *pq_dlg_item_after(const struct pq_dlg_item *item)
{
    if (item->kind == PQ_DLG_ITEM_DIRECTIVE && item->directive.body)
        return item->directive.body;
    if (item->kind == PQ_DLG_ITEM_DIRECTIVE && item->directive.other)
        return item->directive.other;
    while (item && !item->next) {
        const struct pq_dlg_item *parent = item->parent;
        if (parent && parent->directive.other && parent->directive.other != item)
            return parent->directive.other;
        item = parent;
    }
    return item ? item->next : NULL;
}

struct pq_dlg_item *pq_dlg_item_active(struct pq_dlg_item *item)
{
    while (item && item->kind != PQ_DLG_ITEM_STEP && item->kind != PQ_DLG_ITEM_DIRECTIVE)
        item = item->next;
    return item;
}

const struct pq_dlg_section *pq_dlg_message(const struct pq_dlg *d, struct pq_slice name)
{
    for (const struct pq_dlg_section *s = d->sections; s; s = s->next)
        if (s->kind == PQ_DLG_MESSAGE && pq_slice_equal(s->name, name))
            return s;
    return NULL;
}

/* ---- rows ------------------------------------------------------------------------------------ */

size_t pq_dlg_row_value(const struct pq_dlg *d, size_t row, size_t axis)
{
    assert(row < d->rows && axis < d->axes_count);
    for (size_t i = d->axes_count - 1; i > axis; i--)
        row /= d->axes[i].count;
    return row % d->axes[axis].count;
}

static enum pq_status put_axis(const struct pq_dlg *d, size_t row, size_t axis,
                               struct pq_bytes *out)
{
    const struct pq_dlg_axis *a = &d->axes[axis];
    enum pq_status status = pq_bytes_put_text(out, axis == 0 ? "[" : ",");
    if (status == PQ_STATUS_OK)
        status = pq_bytes_put(out, a->name);
    if (status == PQ_STATUS_OK)
        status = pq_bytes_put_text(out, "=");
    if (status == PQ_STATUS_OK)
        status = pq_bytes_put(out, a->values[pq_dlg_row_value(d, row, axis)].label);
    return status;
}

enum pq_status pq_dlg_row_name(const struct pq_dlg *d, size_t row, struct pq_bytes *out)
{
    enum pq_status status = pq_bytes_put(out, d->value[PQ_DLG_KEY_ID]);
    for (size_t i = 0; i < d->axes_count && status == PQ_STATUS_OK; i++)
        status = put_axis(d, row, i, out);
    return status == PQ_STATUS_OK && d->axes_count > 0 ? pq_bytes_put_text(out, "]") : status;
}
