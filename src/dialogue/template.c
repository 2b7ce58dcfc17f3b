/* SPDX-License-Identifier: Apache-2.0
 * A line against a step: part by part, without going back. */
#include "dialogue/template.h"

#include "dialogue/escape.h"
#include "dialogue/regex.h"
#include "dialogue/types.h"

#define SHOWN_MAX 60u /* characters of the line, and of what was expected */

struct matcher {
    const struct pq_dlg_step *step;
    const struct pq_env *env;
    struct pq_slice line;
    size_t at; /* octets of the line that are matched */
    struct pq_match *m;
};

/* ---- sentences ------------------------------------------------------------------------------- */

static void put_shown(struct pq_buf *b, struct pq_slice s)
{
    size_t start = b->len, i = 0;
    pq_buf_put_octet(b, '"');
    for (; i < s.len && b->len - start < SHOWN_MAX; i++) {
        if (pq_ascii_is_printable(s.at[i]) && s.at[i] != '"' && s.at[i] != '\\') {
            pq_buf_put_octet(b, s.at[i]);
            continue;
        }
        pq_buf_put_text(b, "\\x");
        if (pq_hex_encode(pq_slice_of(s.at + i, 1), b) != PQ_STATUS_OK)
            return;
    }
    pq_buf_put_text(b, i < s.len ? "...\"" : "\"");
}

/* What is to be said: "expected `what` `quoted`, got ...". */
struct expected {
    const char *what;
    struct pq_slice quoted; /* NULL `at`: nothing */
    bool secret;            /* what arrived is not shown either */
};

static bool differs(struct matcher *k, size_t position, struct expected e)
{
    struct pq_slice rest = pq_slice_after(k->line, k->at);
    struct pq_buf b;
    pq_buf_init(&b, k->m->why, sizeof(k->m->why) - 1);
    pq_buf_put_text(&b, "at octet ");
    pq_buf_put_u64(&b, position + 1);
    pq_buf_put_text(&b, ": expected ");
    pq_buf_put_text(&b, e.what);
    if (e.quoted.at)
        put_shown(&b, e.quoted);
    pq_buf_put_text(&b, ", got ");
    if (e.secret)
        pq_buf_put_text(&b, "something else");
    else if (rest.len == 0)
        pq_buf_put_text(&b, "the end of the line");
    else
        put_shown(&b, rest);
    k->m->why[b.len] = 0;
    k->m->position = position;
    k->m->outcome = PQ_MATCH_NO;
    return false;
}

static bool cannot_say(struct matcher *k, enum pq_expr_outcome error, struct pq_slice about)
{
    struct pq_buf b;
    pq_buf_init(&b, k->m->why, sizeof(k->m->why) - 1);
    pq_buf_put_text(&b, error == PQ_EXPR_OK ? "the regex passed its limits: "
                                            : pq_expr_outcome_text(error));
    if (error != PQ_EXPR_OK)
        pq_buf_put_text(&b, ": ");
    put_shown(&b, about);
    k->m->why[b.len] = 0;
    k->m->error = error;
    k->m->outcome = PQ_MATCH_ERROR;
    return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A value that was captured earlier in this line, or that the caller knows. */
static bool find_value(const struct matcher *k, struct pq_slice name, struct pq_value *out)
{
    for (size_t i = 0; i < k->m->count; i++) {
        if (!pq_slice_equal(k->m->captures[i].name, name))
            continue;
        *out = k->m->captures[i].value;
        return true;
    }
    return k->env->name && k->env->name(k->env->ctx, name, out);
}

static bool name_in_line(void *ctx, struct pq_slice name, struct pq_value *out)
{
    return find_value(ctx, name, out);
}

static enum pq_status message_in_line(void *ctx, int64_t number, struct pq_slice field,
                                      struct pq_value *out)
{
    const struct matcher *k = ctx;
    return k->env->message ? k->env->message(k->env->ctx, number, field, out) : PQ_STATUS_STATE;
}

struct known {
    uint8_t text[PQ_VALUE_TEXT_MAX];
    struct pq_slice octets;
    bool secret;
};

/* The octets that a part stands for, if they are known. `*error` is set when an expression fails.
 */
static bool known_octets(struct matcher *k, const struct pq_dlg_part *part, struct known *out,
                         enum pq_expr_outcome *error, struct pq_slice *about)
{
    struct pq_env env = *k->env;
    struct pq_expr_result r = {.about = part->octets};
    struct pq_buf memory;
    pq_buf_init(&memory, out->text, sizeof(out->text));
    out->octets = part->octets;
    out->secret = false;
    *error = PQ_EXPR_OK;
    *about = part->octets;
    if (part->kind != PQ_DLG_PART_NAME && part->kind != PQ_DLG_PART_EXPR)
        return part->kind == PQ_DLG_PART_LITERAL;
    env.ctx = k;
    env.name = name_in_line;
    env.message = message_in_line;
    if (part->kind == PQ_DLG_PART_NAME && !find_value(k, part->octets, &r.value))
        return false;
    if (part->kind == PQ_DLG_PART_EXPR && !pq_expr_eval(part->expr, &env, &r))
        *error = r.outcome;
    else if (!pq_value_text(&r.value, &memory, &out->octets))
        *error = PQ_EXPR_KIND;
    out->secret = r.value.secret;
    *about = r.about;
    return *error == PQ_EXPR_OK;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool match_known(struct matcher *k, const struct pq_dlg_part *part, const struct known *v)
{
    struct pq_slice rest = pq_slice_after(k->line, k->at);
    size_t same = 0;
    while (same < rest.len && same < v->octets.len && rest.at[same] == v->octets.at[same])
        same++;
    if (same == v->octets.len) {
        k->at += same;
        return true;
    }
    if (v->secret)
        return differs(k, k->at, (struct expected){.what = "a secret", .secret = true});
    const char *what = part->kind == PQ_DLG_PART_LITERAL ? "" : "the known value ";
    return differs(k, k->at + same, (struct expected){.what = what, .quoted = v->octets});
}

static void bind(struct matcher *k, struct pq_slice name, struct pq_value value)
{
    struct pq_match *m = k->m;
    if (name.len > 0 && m->count < PQ_DLG_CAPTURES_MAX)
        m->captures[m->count++] = (struct pq_capture){name, value};
}

/* Where octets of type text end: before what follows in the template, after at least one octet. */
static size_t text_len(struct matcher *k, const struct pq_dlg_part *next)
{
    struct pq_slice rest = pq_slice_after(k->line, k->at), about;
    struct known v;
    enum pq_expr_outcome error;
    size_t n = 1;
    while (next && next->kind == PQ_DLG_PART_BOUNDARY)
        next = next->next;
    if (!next)
        return rest.len;
    if (!known_octets(k, next, &v, &error, &about))
        v.octets = PQ_SLICE(" ");
    while (n < rest.len && !pq_slice_starts(pq_slice_after(rest, n), v.octets))
        n++;
    return n;
}

static bool match_typed(struct matcher *k, const struct pq_dlg_part *part, enum pq_dlg_type type)
{
    struct pq_slice rest = pq_slice_after(k->line, k->at), name = part->octets, known;
    struct pq_value value, before;
    uint8_t memory[PQ_VALUE_TEXT_MAX];
    struct pq_buf b;
    uint64_t number = 0;
    size_t len = 0;
    bool good = type == PQ_DLG_TYPE_TEXT ? (len = rest.len > 0 ? text_len(k, part->next) : 0) > 0
                                         : pq_dlg_type_take(type, rest, k->env->scratch, &len);
    if (!good)
        return differs(k, k->at,
                       (struct expected){"a value of type ", pq_dlg_type_row(type)->name, false});
    struct pq_slice octets = pq_slice_first(rest, len);
    bool integer = (type == PQ_DLG_TYPE_INT || type == PQ_DLG_TYPE_OCTETS) &&
                   pq_parse_u64(octets, &number) == PQ_STATUS_OK;
    value = integer ? pq_value_int((int64_t)number) : pq_value_octets(octets);
    pq_buf_init(&b, memory, sizeof(memory));
    if (name.len > 0 && find_value(k, name, &before)) {
        if (!pq_value_text(&before, &b, &known) || !pq_slice_equal(known, octets))
            return differs(k, k->at,
                           (struct expected){"the value that is bound to ", name, before.secret});
    } else {
        bind(k, name, value);
    }
    k->at += len;
    return true;
}

static bool match_rest(struct matcher *k, bool or_end)
{
    struct pq_slice rest = pq_slice_after(k->line, k->at);
    if (rest.len == 0 ? !or_end : rest.at[0] != ' ')
        return differs(
            k, k->at,
            (struct expected){.what = or_end ? "a blank or the end of the line" : "a blank"});
    k->at = k->line.len;
    return true;
}

static bool match_part(struct matcher *k, const struct pq_dlg_part *part)
{
    struct known v;
    enum pq_expr_outcome error;
    struct pq_slice about;
    switch (part->kind) {
    case PQ_DLG_PART_BOUNDARY:
        return true;
    case PQ_DLG_PART_REST:
        return match_rest(k, false);
    case PQ_DLG_PART_REST_OR_END:
        return match_rest(k, true);
    case PQ_DLG_PART_TYPED:
        return match_typed(k, part, part->type);
    case PQ_DLG_PART_LITERAL:
    case PQ_DLG_PART_NAME:
    case PQ_DLG_PART_EXPR:
        break;
    }
    if (known_octets(k, part, &v, &error, &about))
        return match_known(k, part, &v);
    if (error != PQ_EXPR_OK)
        return cannot_say(k, error, about);
    return match_typed(k, part, PQ_DLG_TYPE_TEXT);
}

static bool match_parts(struct matcher *k)
{
    for (const struct pq_dlg_part *part = k->step->parts; part; part = part->next)
        if (!match_part(k, part))
            return false;
    return k->at == k->line.len ||
           differs(k, k->at, (struct expected){.what = "the end of the line"});
}

/* ---- regex ----------------------------------------------------------------------------------- */

/* A group that has a value already must have matched it. */
static bool bind_group(struct matcher *k, struct pq_slice name, struct pq_slice octets)
{
    struct pq_value before;
    struct pq_slice known;
    uint8_t memory[PQ_VALUE_TEXT_MAX];
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    if (!find_value(k, name, &before)) {
        bind(k, name, pq_value_octets(octets));
        return true;
    }
    if (pq_value_text(&before, &b, &known) && pq_slice_equal(known, octets))
        return true;
    k->at = (size_t)(octets.at - k->line.at);
    return differs(k, k->at, (struct expected){"the value that is bound to ", name, before.secret});
}

static bool match_regex(struct matcher *k)
{
    const struct pq_regex *regex = k->step->regex;
    struct pq_regex_match rm;
    struct pq_slice name, octets;
    if (!k->env->scratch)
        return cannot_say(k, PQ_EXPR_NO_MEMORY, pq_regex_source(regex));
    pq_regex_match(regex, k->line, k->env->scratch, &rm);
    if (rm.outcome == PQ_REGEX_NO)
        return differs(k, 0,
                       (struct expected){"a line that matches ", pq_regex_source(regex), false});
    if (rm.outcome != PQ_REGEX_YES)
        return cannot_say(k, rm.outcome == PQ_REGEX_LIMIT ? PQ_EXPR_OK : PQ_EXPR_NO_MEMORY,
                          pq_regex_source(regex));
    for (size_t i = 0; pq_regex_name(regex, i, &name); i++)
        if (pq_regex_group(regex, &rm, i, &octets) && !bind_group(k, name, octets))
            return false;
    return true;
}

/* ---- entry ----------------------------------------------------------------------------------- */

static bool match_dot(struct matcher *k)
{
    return pq_slice_equal(k->line, PQ_SLICE(".")) ||
           differs(k, 0,
                   (struct expected){"the end of a multi-line reply, ", PQ_SLICE("."), false});
}

void pq_template_match(const struct pq_dlg_step *step, struct pq_slice line,
                       const struct pq_env *env, struct pq_match *m)
{
    struct matcher k = {.step = step, .env = env, .line = line, .m = m};
    m->outcome = PQ_MATCH_YES;
    m->error = PQ_EXPR_OK;
    m->count = m->position = 0;
    m->why[0] = 0;
    bool yes = step->form == PQ_DLG_REGEX ? match_regex(&k)
               : step->form == PQ_DLG_DOT ? match_dot(&k)
                                          : match_parts(&k);
    if (!yes)
        m->count = 0;
}
