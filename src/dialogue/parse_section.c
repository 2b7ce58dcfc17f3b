/* SPDX-License-Identifier: Apache-2.0
 * Sections, their lines, and the octets of fixtures. */
#include "dialogue/parse_internal.h"

/* ---- messages -------------------------------------------------------------------------------- */

/* Adds to a fixture, unless it becomes too long. */
static bool put_octets(struct parser *p, struct pq_slice octets, struct pq_bytes *out)
{
    if (octets.len > out->max - out->len) {
        pq_dlg_problem_add(&p->d->problems, p->section->at, "the message is longer than 1 MiB",
                           pq_slice_of(NULL, 0), "");
        return false;
    }
    if (pq_bytes_put(out, octets) != PQ_STATUS_OK)
        p->out_of_memory = true;
    return !p->out_of_memory;
}

static bool put_part(struct parser *p, const struct pq_dlg_part *part, struct pq_bytes *out)
{
    const struct pq_env env = {.scratch = &p->scratch};
    struct pq_expr_result r;
    if (part->kind == PQ_DLG_PART_LITERAL)
        return put_octets(p, part->octets, out);
    bool good = pq_expr_eval(part->expr, &env, &r);
    if (good && r.value.kind == PQ_VALUE_OCTETS)
        return put_octets(p, r.value.octets, out);
    pq_dlg_problem_add(&p->d->problems, part->at,
                       "a message holds constant octets only: ", pq_expr_source(part->expr),
                       good ? " is something else" : " has no value");
    return false;
}

static bool put_data(struct parser *p, const struct pq_dlg_step *data, struct pq_bytes *out)
{
    for (const struct pq_dlg_part *part = data->parts; part; part = part->next)
        if (!put_part(p, part, out))
            return false;
    return data->form != PQ_DLG_LINE || put_octets(p, PQ_SLICE("\r\n"), out);
}

static void make_fixture(struct parser *p)
{
    struct pq_bytes octets;
    bool good = true;
    pq_bytes_init(&octets, p->d->arena.alloc, PQ_DLG_MESSAGE_MAX);
    for (const struct pq_dlg_item *i = p->section->items; i && good; i = i->next)
        if (i->kind == PQ_DLG_ITEM_DATA)
            good = put_data(p, &i->step, &octets);
    p->section->octets = pq_arena_copy(&p->d->arena, pq_bytes_slice(&octets));
    p->out_of_memory = p->out_of_memory || !p->section->octets.at;
    pq_bytes_free(&octets);
}

/* A line of a fixture: "| text" or "|! octets". */
static void read_data(struct parser *p, struct pq_slice in)
{
    struct pq_dlg_item *item = parser_new_item(p, PQ_DLG_ITEM_DATA, in);
    struct pq_slice nothing;
    if (!item)
        return;
    in = pq_slice_after(in, 1);
    item->step.form = in.len > 0 && in.at[0] == '!' ? PQ_DLG_RAW : PQ_DLG_LINE;
    in = pq_slice_after(in, item->step.form == PQ_DLG_RAW ? 1 : 0);
    if (parser_read_payload(p, in, PARTS_OF_DATA, &item->step.parts, &nothing))
        parser_add_item(p, item);
}

/* ---- sections -------------------------------------------------------------------------------- */

void parser_end_section(struct parser *p)
{
    parser_close_blocks(p);
    if (p->section && p->section->kind == PQ_DLG_MESSAGE)
        make_fixture(p);
    p->section = NULL;
}

static bool find_section_kind(struct pq_slice word, enum pq_dlg_section_kind *kind)
{
    static const struct pq_slice names[] = {PQ_SLICE_INIT("given"), PQ_SLICE_INIT("test"),
                                            PQ_SLICE_INIT("after"), PQ_SLICE_INIT("message")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (pq_slice_equal(names[i], word)) {
            *kind = (enum pq_dlg_section_kind)i;
            return true;
        }
    }
    return false;
}

/* The name of a fixture, and that it is new; or that the section is the first of its kind. */
static bool check_section(struct parser *p, const struct pq_dlg_section *s, struct pq_slice rest,
                          struct pq_slice where)
{
    if (s->kind == PQ_DLG_MESSAGE) {
        if (!parser_read_label(p, rest))
            return false;
        return !pq_dlg_message(p->d, rest) ||
               parser_fail_quoting(p, rest, "the message ", " stands twice; rename one");
    }
    for (const struct pq_dlg_section *old = p->d->sections; old; old = old->next)
        if (old->kind == s->kind)
            return parser_fail_quoting(p, where, "the section ", " stands twice; join them");
    return rest.len == 0 || parser_fail(p, rest, "only [message NAME] takes a name");
}

static void begin_section(struct parser *p, struct pq_dlg_section *s)
{
    struct pq_dlg_section **const shortcuts[] = {
        [PQ_DLG_GIVEN] = &p->d->given, [PQ_DLG_TEST] = &p->d->test, [PQ_DLG_AFTER] = &p->d->after};
    if (s->kind != PQ_DLG_MESSAGE)
        *shortcuts[s->kind] = s;
    *p->next_section = s;
    p->next_section = &s->next;
    p->section = s;
    p->blocks[0] = (struct block){.tail = &s->items};
}

static void read_section(struct parser *p, struct pq_slice in)
{
    parser_end_section(p);
    struct pq_dlg_section *s = parser_get(p, sizeof(*s));
    if (!s)
        return;
    struct pq_slice all = in;
    s->at = parser_at(p, in.at);
    s->comment = parser_cut_comment(&in);
    struct pq_slice rest = pq_slice_after(in, 1);
    bool closed = rest.len > 0 && rest.at[rest.len - 1] == ']';
    rest = pq_slice_first(rest, rest.len - (closed ? 1 : 0));
    struct pq_slice word = parser_take_word(&rest);
    parser_skip_blanks(&rest);
    if (!closed || !find_section_kind(word, &s->kind)) {
        parser_fail_quoting(p, all, "unknown section ",
                            "; known are [given] [test] [after] [message NAME]");
        return;
    }
    s->name = rest;
    if (++p->sections > PQ_DLG_SECTIONS_MAX) {
        parser_fail(p, all, "more than 256 sections; split the file");
        return;
    }
    if (check_section(p, s, rest, all))
        begin_section(p, s);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void read_plain(struct parser *p, struct pq_slice in)
{
    struct pq_dlg_item *item =
        parser_new_item(p, in.len > 0 ? PQ_DLG_ITEM_COMMENT : PQ_DLG_ITEM_BLANK, in);
    if (!item)
        return;
    if (in.len > 0)
        item->comment = pq_slice_after(in, 1);
    parser_add_item(p, item);
}

void parser_read_line(struct parser *p)
{
    struct pq_slice in = p->line;
    parser_skip_blanks(&in);
    if (in.len > 0 && in.at[0] == '[') {
        read_section(p, in);
        return;
    }
    if (!p->section) {
        /* What stands behind a section that was refused is refused with it. A comment would belong
         * to nothing, and be lost in the canonical form. */
        if (in.len > 0 && !p->d->sections && p->d->problems.errors == 0)
            parser_fail(p, in,
                        "a section must begin before this: [given] [test] [after] or "
                        "[message NAME]");
        return;
    }
    bool message = p->section->kind == PQ_DLG_MESSAGE;
    if (in.len == 0 || in.at[0] == '#')
        read_plain(p, in);
    else if (message && in.at[0] == '|')
        read_data(p, in);
    else if (!message && in.at[0] == '@')
        parser_read_directive(p, in);
    else if (!message && (in.at[0] == 'C' || in.at[0] == 'S'))
        parser_read_step_item(p, in);
    else
        parser_fail(p, in,
                    message ? "a line of a message begins with | or |!"
                            : "a line is a step (C or S), a directive (@), a comment (#) or "
                              "a section ([)");
}
