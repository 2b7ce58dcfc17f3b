/* SPDX-License-Identifier: Apache-2.0
 * The parser's entry, its lines, its problems and its memory. */
#include "dialogue/parse_internal.h"

#include <string.h>

struct pq_dlg_at parser_at(const struct parser *p, const uint8_t *octet)
{
    struct pq_dlg_at at = {p->number, 1};
    if (octet && p->line.at)
        at.column = (uint32_t)(octet - p->line.at) + 1;
    return at;
}

bool parser_fail(struct parser *p, struct pq_slice where, const char *what)
{
    pq_dlg_problem_add(&p->d->problems, parser_at(p, where.at), what, pq_slice_of(NULL, 0), "");
    return false;
}

bool parser_fail_quoting(struct parser *p, struct pq_slice quoted, const char *before,
                         const char *after)
{
    pq_dlg_problem_add(&p->d->problems, parser_at(p, quoted.at), before, quoted, after);
    return false;
}

void *parser_get(struct parser *p, size_t size)
{
    void *at = pq_arena_get(&p->d->arena, size);
    if (!at)
        p->out_of_memory = true;
    return at;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* A control character of ASCII, or one of U+0080 to U+009F: terminals obey those too. */
static bool is_control(struct pq_slice line, size_t i)
{
    uint8_t c = line.at[i];
    return c < 0x20 || c == 0x7F ||
           (c == 0xC2 && i + 1 < line.len && line.at[i + 1] >= 0x80 && line.at[i + 1] <= 0x9F);
}

static void check_octets(struct parser *p)
{
    for (size_t i = 0; i < p->line.len; i++) {
        struct pq_slice where = pq_slice_after(p->line, i);
        if (!is_control(p->line, i))
            continue;
        if (where.at[0] == '\r')
            parser_fail(p, where, "a carriage return; lines end with LF alone");
        else
            parser_fail_quoting(p, pq_slice_first(where, 1), "control character ",
                                "; write it as an escape");
        return;
    }
    if (!pq_slice_is_utf8(p->line))
        parser_fail(p, p->line, "the line is not UTF-8; write other octets as \\xHH");
}

bool parser_next_line(struct parser *p)
{
    if (p->text.len == 0 || p->out_of_memory || p->d->problems.errors >= PQ_DLG_PROBLEMS_MAX)
        return false;
    p->line = pq_slice_cut(&p->text, '\n');
    p->number++;
    check_octets(p);
    return true;
}

/* ---- the file -------------------------------------------------------------------------------- */

static void read_file(struct parser *p)
{
    if (!parser_read_header(p))
        return;
    while (parser_next_line(p))
        parser_read_line(p);
    p->line = pq_slice_of(NULL, 0);
    parser_end_section(p);
}

/* The reason of `out_of_memory`: the limit of the tree, or the allocator. */
static enum pq_status finish(struct parser *p, bool at_limit)
{
    if (p->out_of_memory && !at_limit)
        return PQ_STATUS_NO_MEMORY;
    if (p->out_of_memory)
        parser_fail(p, pq_slice_of(NULL, 0), "the file needs too much memory; split it");
    return p->d->problems.errors > 0 ? PQ_STATUS_SYNTAX : PQ_STATUS_OK;
}

enum pq_status pq_dlg_parse(struct pq_dlg *d, struct pq_slice text, struct pq_alloc alloc)
{
    struct parser p = {.d = d, .next_section = &d->sections};
    memset(d, 0, sizeof(*d));
    pq_arena_init(&d->arena, alloc, PQ_DLG_MEMORY_MAX);
    if (text.len > PQ_DLG_TEXT_MAX) {
        parser_fail(&p, pq_slice_of(NULL, 0), "the file is longer than 1 MiB; split it");
        return PQ_STATUS_SYNTAX;
    }
    p.text = pq_arena_copy(&d->arena, text);
    if (!p.text.at)
        return PQ_STATUS_NO_MEMORY;
    pq_arena_init(&p.scratch, alloc, PQ_EXPR_SCRATCH_MAX);
    read_file(&p);
    pq_arena_free(&p.scratch);
    /* A refusal far below the limit is the allocator's. */
    return finish(&p, d->arena.used > PQ_DLG_MEMORY_MAX - PQ_DLG_TEXT_MAX - 4096);
}

void pq_dlg_free(struct pq_dlg *d)
{
    pq_arena_free(&d->arena);
}
