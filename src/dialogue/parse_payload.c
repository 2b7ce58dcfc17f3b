/* SPDX-License-Identifier: Apache-2.0
 * Payloads: literal octets, write boundaries, placeholders. */
#include "dialogue/parse_internal.h"

#include "dialogue/escape.h"

struct payload {
    struct parser *p;
    struct pq_slice in;
    unsigned allowed;
    enum pq_escape escape;
    const struct pq_dlg_part **tail;
    size_t captures;
    bool ended; /* by a part that takes the rest of the line */
};

/* ---- parts ----------------------------------------------------------------------------------- */

static struct pq_dlg_part *add_part(struct payload *s, enum pq_dlg_part_kind kind,
                                    struct pq_slice where)
{
    if (s->ended) {
        parser_fail(s->p, where, "nothing can follow what takes the rest of the line");
        return NULL;
    }
    if (!(s->allowed & 1u << kind)) {
        parser_fail(s->p, where, "this cannot stand in such a line; FORMAT.md tells what can");
        return NULL;
    }
    struct pq_dlg_part *part = parser_get(s->p, sizeof(*part));
    if (!part)
        return NULL;
    part->at = parser_at(s->p, where.at);
    part->kind = kind;
    *s->tail = part;
    s->tail = &part->next;
    return part;
}

bool parser_take_expr(struct parser *p, struct pq_slice *in, const struct pq_expr **out)
{
    struct pq_expr_problem problem;
    enum pq_status status = pq_expr_parse(&p->d->arena, in, out, &problem);
    if (status == PQ_STATUS_OK)
        return true;
    if (status == PQ_STATUS_NO_MEMORY) {
        p->out_of_memory = true;
        return false;
    }
    pq_dlg_problem_add(&p->d->problems, parser_at(p, in->at + problem.offset), problem.before,
                       problem.quoted, problem.after);
    return false;
}

static bool take_brace(struct payload *s, struct pq_slice in)
{
    if (in.len == 0 || in.at[0] != '}')
        return parser_fail(s->p, in, "a closing brace is missing here; write \\{ for a brace");
    s->in = pq_slice_after(in, 1);
    return true;
}

static bool take_expr_part(struct payload *s, struct pq_slice in)
{
    struct pq_dlg_part *part = add_part(s, PQ_DLG_PART_EXPR, s->in);
    return part && parser_take_expr(s->p, &in, &part->expr) && take_brace(s, in);
}

static bool count_capture(struct payload *s)
{
    if (++s->captures > PQ_DLG_CAPTURES_MAX)
        return parser_fail(s->p, s->in, "more than 16 names in one line");
    return true;
}

/* Behind the colon of {name:type}. */
static bool take_type(struct payload *s, struct pq_slice name, struct pq_slice in)
{
    struct pq_slice word = pq_slice_first(in, pq_slice_index(in, '}'));
    enum pq_dlg_type type = pq_dlg_type_of(word);
    if (type == PQ_DLG_TYPE_COUNT)
        return parser_fail_quoting(s->p, word, "unknown type ",
                                   "; known are int octets status uid msgid b64 hex32 rcode text "
                                   "rest");
    struct pq_dlg_part *part = add_part(s, PQ_DLG_PART_TYPED, s->in);
    if (!part)
        return false;
    part->type = type;
    part->octets = name;
    s->ended = type == PQ_DLG_TYPE_REST;
    return take_brace(s, pq_slice_after(in, word.len));
}

static bool take_name(struct payload *s, struct pq_slice in)
{
    struct pq_slice name = pq_slice_first(in, pq_variable_len(in));
    struct pq_slice rest = pq_slice_after(in, name.len);
    if (name.len > PQ_DLG_NAME_MAX)
        return parser_fail(s->p, in, "the name is longer than 64 octets");
    if (rest.len > 0 && rest.at[0] == '[')
        return take_expr_part(s, in);
    if (!count_capture(s))
        return false;
    if (rest.len > 0 && rest.at[0] == ':')
        return take_type(s, name, pq_slice_after(rest, 1));
    if (name.len == 0)
        return parser_fail(s->p, s->in,
                           "{ begins {name} {name:type} {:type} {*} {*?} or {= expr}; write \\{ "
                           "for a brace");
    struct pq_dlg_part *part = add_part(s, PQ_DLG_PART_NAME, s->in);
    if (!part)
        return false;
    part->octets = name;
    return take_brace(s, rest);
}

static bool take_rest(struct payload *s, struct pq_slice in)
{
    bool or_end = in.len > 0 && in.at[0] == '?';
    if (!add_part(s, or_end ? PQ_DLG_PART_REST_OR_END : PQ_DLG_PART_REST, s->in))
        return false;
    s->ended = true;
    return take_brace(s, pq_slice_after(in, or_end ? 1 : 0));
}

static bool take_placeholder(struct payload *s)
{
    struct pq_slice in = pq_slice_after(s->in, 1);
    if (in.len > 0 && in.at[0] == '=')
        return take_expr_part(s, pq_slice_after(in, 1));
    if (in.len > 0 && in.at[0] == '*')
        return take_rest(s, pq_slice_after(in, 1));
    return take_name(s, in);
}

/* ---- literal octets -------------------------------------------------------------------------- */

/* How many blanks the run at the front of `in` has, and whether a comment follows it. */
static size_t blank_run(const struct payload *s, struct pq_slice in, bool *comment)
{
    size_t n = 0;
    while (n < in.len && in.at[n] == ' ')
        n++;
    *comment = n >= 2 && n < in.len && in.at[n] == '#' && s->escape == PQ_ESCAPE_PAYLOAD;
    return n;
}

/* Where the literal octets at the front of `s->in` end: at a placeholder, a boundary, a comment. */
static size_t literal_len(const struct payload *s)
{
    struct pq_slice in = s->in;
    bool comment = false;
    size_t i = 0;
    while (i < in.len && in.at[i] != '{') {
        if (in.at[i] == '\\' && i + 1 < in.len) {
            if (in.at[i + 1] == '|' && s->escape == PQ_ESCAPE_PAYLOAD)
                return i;
            i += 2;
            continue;
        }
        size_t blanks = blank_run(s, pq_slice_after(in, i), &comment);
        if (comment)
            return i;
        i += blanks > 0 ? blanks : 1;
    }
    return i < in.len ? i : in.len;
}

static bool take_literal(struct payload *s)
{
    struct pq_slice in = pq_slice_first(s->in, literal_len(s));
    struct pq_slice rest = pq_slice_after(s->in, in.len);
    if (rest.len == 0 && in.len > 0 && in.at[in.len - 1] == ' ')
        return parser_fail(s->p, pq_slice_after(in, in.len - 1),
                           "a blank at the end of the line; write it as \\s or remove it");
    uint8_t *to = parser_get(s->p, in.len);
    struct pq_dlg_part *part = to ? add_part(s, PQ_DLG_PART_LITERAL, in) : NULL;
    size_t len = 0;
    if (!part)
        return false;
    for (; in.len > 0; len++)
        if (!pq_escape_read(&in, s->escape, &to[len]))
            return parser_fail_quoting(s->p, pq_slice_first(in, in.at[0] == '\\' ? 4 : 1), "",
                                       " is not an escape or not ASCII; known are \\r \\n \\t \\0 "
                                       "\\s \\\\ \\{ \\| \\xHH");
    part->octets = pq_slice_of(to, len);
    s->in = rest;
    return true;
}

/* ---- the payload ----------------------------------------------------------------------------- */

static bool take_boundary(struct payload *s)
{
    if (!add_part(s, PQ_DLG_PART_BOUNDARY, s->in))
        return false;
    s->in = pq_slice_after(s->in, 2);
    return true;
}

static bool take_part(struct payload *s)
{
    if (s->in.at[0] == '{')
        return take_placeholder(s);
    if (s->escape == PQ_ESCAPE_PAYLOAD && pq_slice_starts(s->in, PQ_SLICE("\\|")))
        return take_boundary(s);
    return take_literal(s);
}

bool parser_read_payload(struct parser *p, struct pq_slice in, unsigned allowed,
                         const struct pq_dlg_part **out, struct pq_slice *comment)
{
    struct payload s = {.p = p, .in = in, .allowed = allowed | 1u << PQ_DLG_PART_LITERAL};
    bool behind = false;
    *out = NULL;
    s.tail = out;
    s.escape = allowed == PARTS_OF_DATA ? PQ_ESCAPE_DATA : PQ_ESCAPE_PAYLOAD;
    if (in.len > 0 && in.at[0] != ' ')
        return parser_fail(p, in, "one blank must stand between the sign and the payload");
    (void)blank_run(&s, s.in, &behind);
    if (!behind)
        s.in = pq_slice_after(s.in, 1);
    while (s.in.len > 0) {
        size_t blanks = blank_run(&s, s.in, &behind);
        if (behind) {
            *comment = pq_slice_after(s.in, blanks + 1);
            return true;
        }
        if (!take_part(&s))
            return false;
    }
    return true;
}
