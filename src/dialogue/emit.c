/* SPDX-License-Identifier: Apache-2.0
 * A step as octets to send: write after write. */
#include "dialogue/template.h"

#include <string.h>

#include "dialogue/regex.h"

#define REST_EMIT PQ_SLICE(" text")

void pq_emitter_init(struct pq_emitter *e, const struct pq_dlg_step *step, const struct pq_env *env)
{
    *e = (struct pq_emitter){.step = step, .next = step->parts, .env = env};
}

static bool fail(struct pq_emitter *e, enum pq_expr_outcome error, struct pq_slice about)
{
    e->error = error;
    e->about = about;
    return false;
}

static bool put(struct pq_emitter *e, struct pq_slice octets, struct pq_bytes *out)
{
    if (pq_bytes_put(out, octets) == PQ_STATUS_OK)
        return true;
    return fail(e, octets.len > out->max - out->len ? PQ_EXPR_TOO_LONG : PQ_EXPR_NO_MEMORY,
                pq_slice_of(NULL, 0));
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool find_value(void *ctx, struct pq_slice name, struct pq_value *out)
{
    const struct pq_emitter *e = ctx;
    for (size_t i = 0; i < e->count; i++) {
        if (!pq_slice_equal(e->captures[i].name, name))
            continue;
        *out = e->captures[i].value;
        return true;
    }
    return e->env->name && e->env->name(e->env->ctx, name, out);
}

static enum pq_status find_message(void *ctx, int64_t number, struct pq_slice field,
                                   struct pq_value *out)
{
    const struct pq_emitter *e = ctx;
    return e->env->message ? e->env->message(e->env->ctx, number, field, out) : PQ_STATUS_STATE;
}

static bool put_value(struct pq_emitter *e, const struct pq_value *v, struct pq_slice about,
                      struct pq_bytes *out)
{
    uint8_t memory[PQ_VALUE_TEXT_MAX];
    struct pq_slice text;
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    return pq_value_text(v, &b, &text) ? put(e, text, out) : fail(e, PQ_EXPR_KIND, about);
}

static void bind(struct pq_emitter *e, struct pq_slice name, struct pq_value value)
{
    if (name.len > 0 && e->count < PQ_DLG_CAPTURES_MAX)
        e->captures[e->count++] = (struct pq_capture){name, value};
}

/* What a type is sent as, when the name has no value: only a server's line may be made up so. */
static bool put_default(struct pq_emitter *e, const struct pq_dlg_part *part, enum pq_dlg_type type,
                        struct pq_bytes *out)
{
    const struct pq_dlg_type_row *row = pq_dlg_type_row(type);
    uint64_t number = 0;
    if (e->step->side == PQ_DLG_CLIENT || e->step->form == PQ_DLG_RAW)
        return fail(e, PQ_EXPR_UNBOUND, part->octets);
    bool integer = (type == PQ_DLG_TYPE_INT || type == PQ_DLG_TYPE_OCTETS) &&
                   pq_parse_u64(row->emit, &number) == PQ_STATUS_OK;
    bind(e, part->octets, integer ? pq_value_int((int64_t)number) : pq_value_octets(row->emit));
    return put(e, row->emit, out);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool put_name(struct pq_emitter *e, const struct pq_dlg_part *part, struct pq_bytes *out)
{
    struct pq_value v;
    if (part->octets.len > 0 && find_value(e, part->octets, &v))
        return put_value(e, &v, part->octets, out);
    return put_default(e, part, part->kind == PQ_DLG_PART_TYPED ? part->type : PQ_DLG_TYPE_TEXT,
                       out);
}

static bool put_expr(struct pq_emitter *e, const struct pq_dlg_part *part, struct pq_bytes *out)
{
    struct pq_env env = *e->env;
    struct pq_expr_result r;
    env.ctx = e;
    env.name = find_value;
    env.message = find_message;
    if (!pq_expr_eval(part->expr, &env, &r))
        return fail(e, r.outcome, r.about);
    return put_value(e, &r.value, pq_expr_source(part->expr), out);
}

static bool put_part(struct pq_emitter *e, const struct pq_dlg_part *part, struct pq_bytes *out)
{
    switch (part->kind) {
    case PQ_DLG_PART_LITERAL:
        return put(e, part->octets, out);
    case PQ_DLG_PART_NAME:
    case PQ_DLG_PART_TYPED:
        return put_name(e, part, out);
    case PQ_DLG_PART_EXPR:
        return put_expr(e, part, out);
    case PQ_DLG_PART_REST:
        return e->step->side == PQ_DLG_SERVER ? put(e, REST_EMIT, out)
                                              : fail(e, PQ_EXPR_UNBOUND, PQ_SLICE("{*}"));
    case PQ_DLG_PART_REST_OR_END:
    case PQ_DLG_PART_BOUNDARY:
        return true;
    }
    return true;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* A dot more in front of a line of a multi-line reply that begins with one. */
static bool stuff(struct pq_emitter *e, size_t start, struct pq_bytes *out)
{
    if (out->len == start || out->at[start] != '.')
        return true;
    if (!put(e, PQ_SLICE("."), out))
        return false;
    memmove(out->at + start + 1, out->at + start, out->len - start - 1);
    return true;
}

/* Names that the line of an @as gives to the groups of its regex. */
static bool put_regex(struct pq_emitter *e, struct pq_bytes *out)
{
    const struct pq_dlg_step *step = e->step;
    struct pq_regex_match m;
    struct pq_slice name, octets;
    struct pq_value v;
    if (!step->emit.at)
        return fail(e, PQ_EXPR_UNBOUND, pq_regex_source(step->regex));
    if (!e->env->scratch)
        return fail(e, PQ_EXPR_NO_MEMORY, pq_slice_of(NULL, 0));
    pq_regex_match(step->regex, step->emit, e->env->scratch, &m);
    for (size_t i = 0; m.outcome == PQ_REGEX_YES && pq_regex_name(step->regex, i, &name); i++)
        if (pq_regex_group(step->regex, &m, i, &octets) && !find_value(e, name, &v))
            bind(e, name, pq_value_octets(octets));
    return put(e, step->emit, out) && put(e, PQ_SLICE("\r\n"), out);
}

static bool put_write(struct pq_emitter *e, struct pq_bytes *out)
{
    size_t start = out->len;
    while (e->next && e->next->kind != PQ_DLG_PART_BOUNDARY) {
        if (!put_part(e, e->next, out))
            return false;
        e->next = e->next->next;
    }
    e->done = e->next == NULL;
    if (!e->done) {
        e->next = e->next->next;
        return true;
    }
    if (e->step->form == PQ_DLG_BODY && !stuff(e, start, out))
        return false;
    return e->step->form == PQ_DLG_RAW || put(e, PQ_SLICE("\r\n"), out);
}

bool pq_emitter_next(struct pq_emitter *e, struct pq_bytes *out)
{
    if (e->done || e->error != PQ_EXPR_OK)
        return false;
    if (e->step->form == PQ_DLG_DOT || e->step->form == PQ_DLG_REGEX) {
        e->done = true;
        return e->step->form == PQ_DLG_DOT ? put(e, PQ_SLICE(".\r\n"), out) : put_regex(e, out);
    }
    return put_write(e, out);
}
