/* SPDX-License-Identifier: Apache-2.0
 * Steps: who sends, on which connection, in which form. */
#include "dialogue/parse_internal.h"

#include "dialogue/regex.h"

static const struct form_row {
    uint8_t sign;
    enum pq_dlg_form form;
    bool server_only;
    unsigned parts; /* zero: no payload of parts */
} forms[] = {
    {':', PQ_DLG_LINE, false, PARTS_OF_LINE},
    {'!', PQ_DLG_RAW, false, PARTS_OF_RAW},
    {'~', PQ_DLG_REGEX, false, 0},
    {'|', PQ_DLG_BODY, true, PARTS_OF_BODY},
    {'*', PQ_DLG_MANY, true, 0},
    {'.', PQ_DLG_DOT, true, 0},
};

static const struct form_row *find_form(uint8_t sign)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (forms[i].sign == sign)
            return &forms[i];
    return NULL;
}

/* ---- regex ----------------------------------------------------------------------------------- */

static bool refuse_regex(struct parser *p, struct pq_slice in,
                         const struct pq_regex_problem *problem)
{
    char why[PQ_REGEX_WHY_MAX + 4];
    struct pq_buf b;
    pq_buf_init(&b, why, sizeof(why) - 1);
    pq_buf_put_text(&b, ": ");
    pq_buf_put_text(&b, problem->why);
    why[b.len] = 0;
    return parser_fail_quoting(p, pq_slice_after(in, problem->offset),
                               "PCRE2 refuses the expression at ", why);
}

static bool compile_regex(struct parser *p, struct pq_slice in, struct pq_dlg_step *step)
{
    struct pq_regex_problem problem;
    if (in.len == 0 || !pq_slice_is_printable(in))
        return parser_fail(p, in, "a regular expression is printable ASCII, and not empty");
    if (in.len > PQ_REGEX_TEXT_MAX)
        return parser_fail(p, in, "the regular expression is longer than 1000 octets");
    enum pq_status status = pq_regex_compile(&p->d->arena, in, &step->regex, &problem);
    if (status == PQ_STATUS_SYNTAX)
        return refuse_regex(p, in, &problem);
    p->out_of_memory = p->out_of_memory || status != PQ_STATUS_OK;
    return status == PQ_STATUS_OK;
}

static bool read_regex(struct parser *p, struct pq_slice in, struct pq_dlg_step *step,
                       struct pq_slice *comment)
{
    if (in.len == 0 || in.at[0] != ' ')
        return parser_fail(p, in, "one blank must stand between the sign and the expression");
    bool blank = in.at[in.len - 1] == ' ' && parser_comment_index(in) == in.len;
    *comment = parser_cut_comment(&in);
    if (blank)
        return parser_fail(p, in, "a blank at the end of the line; write [ ] or remove it");
    return compile_regex(p, pq_slice_after(in, 1), step);
}

/* ---- ranges ---------------------------------------------------------------------------------- */

static bool read_number(struct parser *p, struct pq_slice text, uint64_t *out)
{
    if (pq_parse_u64(text, out) == PQ_STATUS_OK && *out <= PQ_DLG_LINES_MAX)
        return true;
    return parser_fail(p, text, "S* takes nothing, a number, or two numbers with .. between");
}

/* Nothing, N, or N..M. */
static bool read_range(struct parser *p, struct pq_slice in, struct pq_dlg_step *step)
{
    struct pq_slice least = pq_slice_first(in, pq_slice_index(in, '.'));
    struct pq_slice rest = pq_slice_after(in, least.len);
    step->least = 0;
    step->most = UINT64_MAX;
    if (in.len == 0)
        return true;
    if (!read_number(p, least, &step->least))
        return false;
    step->most = step->least;
    if (rest.len == 0)
        return true;
    if (!pq_slice_starts(rest, PQ_SLICE("..")))
        return read_number(p, in, &step->most);
    if (!read_number(p, pq_slice_after(rest, 2), &step->most))
        return false;
    return step->least <= step->most || parser_fail(p, in, "the first number is the greater one");
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* The letter, the number of the connection and the sign. */
static const struct form_row *take_sign(struct parser *p, struct pq_slice *in,
                                        struct pq_dlg_step *step)
{
    struct pq_slice all = *in;
    step->side = in->at[0] == 'C' ? PQ_DLG_CLIENT : PQ_DLG_SERVER;
    step->conn = 1;
    *in = pq_slice_after(*in, 1);
    if (in->len > 0 && in->at[0] >= '1' && in->at[0] <= '9') {
        step->conn = (uint8_t)(in->at[0] - '0');
        *in = pq_slice_after(*in, 1);
    }
    const struct form_row *row = in->len > 0 ? find_form(in->at[0]) : NULL;
    if (!row) {
        parser_fail(p, all,
                    "a step begins with C or S, a connection from 1 to 9 if it is not 1, "
                    "and one of : ! ~ | * .");
        return NULL;
    }
    if (row->server_only && step->side == PQ_DLG_CLIENT) {
        parser_fail(p, all, "a client sends no multi-line replies; write C: or C!");
        return NULL;
    }
    step->form = row->form;
    *in = pq_slice_after(*in, 1);
    return row;
}

bool parser_read_step(struct parser *p, struct pq_slice in, struct pq_dlg_step *step,
                      struct pq_slice *comment)
{
    const struct form_row *row = take_sign(p, &in, step);
    if (!row)
        return false;
    if (row->parts)
        return parser_read_payload(p, in, row->parts, &step->parts, comment);
    if (row->form == PQ_DLG_REGEX)
        return read_regex(p, in, step, comment);
    *comment = parser_cut_comment(&in);
    if (in.len > 0 && in.at[0] != ' ')
        return parser_fail(p, in, "a blank must stand here");
    parser_skip_blanks(&in);
    if (row->form == PQ_DLG_MANY)
        return read_range(p, in, step);
    return in.len == 0 || parser_fail(p, in, "nothing can follow S. on its line");
}
