/* SPDX-License-Identifier: Apache-2.0
 * What a runner has to know about a file, as JSON. */
#include "dialogue/explain.h"

#include <cjson/cJSON.h>

/* ---- strings --------------------------------------------------------------------------------- */

/* cJSON copies C strings; what reaches this is UTF-8 without NUL, by the parser's rules. */
static cJSON *text(struct pq_arena *arena, struct pq_slice s)
{
    const char *copy = pq_arena_text(arena, s);
    return copy ? cJSON_CreateString(copy) : NULL;
}

struct describer {
    const struct pq_dlg *d;
    struct pq_arena arena; /* of strings on their way into cJSON */
    bool failed;
};

static void add(struct describer *r, cJSON *object, const char *key, cJSON *value)
{
    if (!value || !cJSON_AddItemToObject(object, key, value)) {
        cJSON_Delete(value);
        r->failed = true;
    }
}

static void append(struct describer *r, cJSON *array, cJSON *value)
{
    if (!value || !cJSON_AddItemToArray(array, value)) {
        cJSON_Delete(value);
        r->failed = true;
    }
}

/* The same for a key that is a slice. */
static void add_named(struct describer *r, cJSON *object, struct pq_slice key, cJSON *value)
{
    const char *name = pq_arena_text(&r->arena, key);
    if (name) {
        add(r, object, name, value);
        return;
    }
    cJSON_Delete(value);
    r->failed = true;
}

static cJSON *text_or_null(struct describer *r, struct pq_slice s)
{
    return s.at ? text(&r->arena, s) : cJSON_CreateNull();
}

static cJSON *text_list(struct describer *r, const struct pq_dlg_word *words)
{
    cJSON *list = cJSON_CreateArray();
    for (; words; words = words->next)
        append(r, list, text(&r->arena, words->text));
    return list;
}

/* ---- header ---------------------------------------------------------------------------------- */

static cJSON *needs(struct describer *r)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct pq_dlg_word *word = r->d->needs; word; word = word->next) {
        cJSON *need = cJSON_CreateObject();
        add(r, need, "name", text(&r->arena, word->text));
        if (word->number > 0)
            add(r, need, "least", cJSON_CreateNumber((double)word->number));
        if (word->args)
            add(r, need, "args", text_list(r, word->args));
        append(r, list, need);
    }
    return list;
}

static cJSON *roles(struct describer *r)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < PQ_DLG_ROLE_COUNT; i++)
        if (r->d->roles & 1u << i)
            append(r, list, text(&r->arena, pq_dlg_roles.at[i]));
    return list;
}

static cJSON *matrix(struct describer *r)
{
    cJSON *axes = cJSON_CreateObject();
    for (size_t i = 0; i < r->d->axes_count; i++) {
        cJSON *values = cJSON_CreateArray();
        for (size_t k = 0; k < r->d->axes[i].count; k++)
            append(r, values, text(&r->arena, r->d->axes[i].values[k].label));
        add_named(r, axes, r->d->axes[i].name, values);
    }
    return axes;
}

/* The value of each axis in the row, by the names that rows are called by. */
static cJSON *row_values(struct describer *r, size_t row)
{
    cJSON *values = cJSON_CreateObject();
    for (size_t i = 0; i < r->d->axes_count; i++) {
        const struct pq_dlg_axis *axis = &r->d->axes[i];
        add_named(r, values, axis->name,
                  text(&r->arena, axis->values[pq_dlg_row_value(r->d, row, i)].label));
    }
    return values;
}

static cJSON *row_name(struct describer *r, size_t row)
{
    struct pq_bytes name;
    cJSON *value = NULL;
    pq_bytes_init(&name, r->arena.alloc, PQ_DLG_TEXT_MAX);
    if (pq_dlg_row_name(r->d, row, &name) == PQ_STATUS_OK)
        value = text(&r->arena, pq_bytes_slice(&name));
    pq_bytes_free(&name);
    return value;
}

/* ---- sections -------------------------------------------------------------------------------- */

static cJSON *sections(struct describer *r)
{
    cJSON *list = cJSON_CreateArray();
    if (r->d->given)
        append(r, list, cJSON_CreateString("given"));
    if (r->d->test)
        append(r, list, cJSON_CreateString("test"));
    if (r->d->after)
        append(r, list, cJSON_CreateString("after"));
    return list;
}

static cJSON *base64(struct describer *r, struct pq_slice octets)
{
    size_t len = pq_base64_encoded_len(octets.len);
    struct pq_buf b;
    char *memory = pq_arena_get(&r->arena, len + 1);
    if (!memory)
        return NULL;
    pq_buf_init(&b, memory, len);
    return pq_base64_encode(octets, &b) == PQ_STATUS_OK ? cJSON_CreateString(memory) : NULL;
}

static cJSON *messages(struct describer *r)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct pq_dlg_section *s = r->d->sections; s; s = s->next) {
        if (s->kind != PQ_DLG_MESSAGE)
            continue;
        cJSON *message = cJSON_CreateObject();
        add(r, message, "name", text(&r->arena, s->name));
        add(r, message, "octets", cJSON_CreateNumber((double)s->octets.len));
        add(r, message, "base64", base64(r, s->octets));
        append(r, list, message);
    }
    return list;
}

/* ---- branches and requirements --------------------------------------------------------------- */

static const struct pq_dlg_section *section_at(const struct pq_dlg *d, size_t n)
{
    const struct pq_dlg_section *order[] = {d->given, d->test, d->after};
    return order[n];
}

static cJSON *branch(struct describer *r, const struct pq_dlg_item *item)
{
    const struct pq_dlg_directive *d = &item->directive;
    const struct pq_dlg_arg *why = pq_dlg_arg(d, PQ_DLG_ARG_WHY);
    cJSON *object = cJSON_CreateObject();
    add(r, object, "name", text(&r->arena, pq_dlg_arg(d, PQ_DLG_ARG_NAME)->text));
    add(r, object, "verdict", text(&r->arena, pq_dlg_arg(d, PQ_DLG_ARG_VERDICT)->text));
    add(r, object, "why", why ? text(&r->arena, why->text) : cJSON_CreateNull());
    add(r, object, "line", cJSON_CreateNumber(item->at.line));
    return object;
}

static cJSON *branches(struct describer *r)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t n = 0; n < 3; n++) {
        const struct pq_dlg_section *s = section_at(r->d, n);
        for (const struct pq_dlg_item *i = s ? s->items : NULL; i; i = pq_dlg_item_after(i))
            if (pq_dlg_item_is(i, PQ_DLG_DO_CASE))
                append(r, list, branch(r, i));
    }
    return list;
}

static cJSON *step_req(struct describer *r, const struct pq_dlg_item *item)
{
    cJSON *object = cJSON_CreateObject(), *list = NULL;
    add(r, object, "line", cJSON_CreateNumber(item->at.line));
    if (!item->req) {
        list = text_list(r, r->d->req);
    } else {
        const struct pq_dlg_arg *level = pq_dlg_arg(&item->req->directive, PQ_DLG_ARG_LEVEL);
        list = cJSON_CreateArray();
        for (const struct pq_dlg_arg *arg = item->req->directive.args; arg; arg = arg->next)
            if (arg->param == PQ_DLG_ARG_REQ)
                append(r, list, text(&r->arena, arg->text));
        if (level)
            add(r, object, "level", text(&r->arena, level->text));
    }
    add(r, object, "req", list);
    return object;
}

/* Every step and directive with the requirements that it is about. */
static cJSON *step_reqs(struct describer *r)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t n = 0; n < 3; n++) {
        const struct pq_dlg_section *s = section_at(r->d, n);
        const struct pq_dlg_item *i = s ? s->items : NULL;
        for (; i; i = pq_dlg_item_after(i))
            if (i->kind == PQ_DLG_ITEM_STEP ||
                (i->kind == PQ_DLG_ITEM_DIRECTIVE && i->directive.what != PQ_DLG_DO_REQ))
                append(r, list, step_req(r, i));
    }
    return list;
}

/* ---- objects --------------------------------------------------------------------------------- */

static cJSON *describe_row(struct describer *r, const char *file, size_t row)
{
    const struct pq_dlg *d = r->d;
    cJSON *o = cJSON_CreateObject();
    add(r, o, "file", cJSON_CreateString(file));
    add(r, o, "id", row_name(r, row));
    add(r, o, "case", text_or_null(r, d->value[PQ_DLG_KEY_ID]));
    add(r, o, "title", text_or_null(r, d->value[PQ_DLG_KEY_TITLE]));
    add(r, o, "kind", text(&r->arena, pq_dlg_kinds.at[d->kind]));
    add(r, o, "rev", cJSON_CreateNumber(d->rev));
    add(r, o, "req", text_list(r, d->req));
    add(r, o, "needs", needs(r));
    add(r, o, "state",
        d->state == PQ_DLG_STATE_NONE ? cJSON_CreateNull()
                                      : text(&r->arena, pq_dlg_states.at[d->state]));
    add(r, o, "roles", roles(r));
    add(r, o, "tags", text_list(r, d->tags));
    add(r, o, "timeout_ms",
        d->timeout_ms > 0 ? cJSON_CreateNumber(d->timeout_ms) : cJSON_CreateNull());
    add(r, o, "matrix", matrix(r));
    add(r, o, "row", row_values(r, row));
    add(r, o, "row_index", cJSON_CreateNumber((double)row));
    add(r, o, "mailbox", text_list(r, d->mailbox));
    add(r, o, "messages", messages(r));
    add(r, o, "sections", sections(r));
    add(r, o, "branches", branches(r));
    add(r, o, "steps", step_reqs(r));
    return o;
}

static enum pq_status put_object(struct describer *r, cJSON *object, struct pq_bytes *out)
{
    char *printed = r->failed ? NULL : cJSON_PrintUnformatted(object);
    enum pq_status status = printed ? pq_bytes_put_text(out, printed) : PQ_STATUS_NO_MEMORY;
    cJSON_free(printed);
    return status == PQ_STATUS_OK ? pq_bytes_put_text(out, "\n") : status;
}

enum pq_status pq_dlg_describe(const struct pq_dlg *d, const char *file, struct pq_bytes *out)
{
    enum pq_status status = PQ_STATUS_OK;
    for (size_t row = 0; row < d->rows && status == PQ_STATUS_OK; row++) {
        struct describer r = {.d = d};
        pq_arena_init(&r.arena, out->alloc, PQ_DLG_MEMORY_MAX);
        cJSON *object = describe_row(&r, file, row);
        status = put_object(&r, object, out);
        cJSON_Delete(object);
        pq_arena_free(&r.arena);
    }
    return status;
}
