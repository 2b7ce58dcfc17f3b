/* SPDX-License-Identifier: Apache-2.0
 * Problems as one line each: what they quote is hostile and must not reach a terminal raw. */
#include "dialogue/dlg.h"

#include <string.h>

#define QUOTED_MAX 60u /* characters for hostile text in one message */

/* Appends `s`, cut, with everything but printable ASCII as \xHH. */
static void put_quoted(struct pq_buf *b, struct pq_slice s)
{
    size_t i = 0;
    size_t start = b->len;
    pq_buf_put_octet(b, '"');
    for (; i < s.len && b->len - start < QUOTED_MAX; i++) {
        if (pq_ascii_is_printable(s.at[i])) {
            pq_buf_put_octet(b, s.at[i]);
            continue;
        }
        pq_buf_put_text(b, "\\x");
        if (pq_hex_encode(pq_slice_of(s.at + i, 1), b) != PQ_STATUS_OK)
            break;
    }
    pq_buf_put_text(b, i < s.len ? "...\"" : "\"");
}

static void add(struct pq_dlg_problems *p, struct pq_dlg_problem *problem, const char *before,
                struct pq_slice quoted, const char *after)
{
    *(problem->warning ? &p->warnings : &p->errors) += 1;
    if (p->count == PQ_DLG_PROBLEMS_MAX)
        return;
    struct pq_buf b;
    pq_buf_init(&b, problem->text, sizeof(problem->text) - 1);
    pq_buf_put_text(&b, before);
    if (quoted.at)
        put_quoted(&b, quoted);
    pq_buf_put_text(&b, after);
    problem->text[b.len] = 0;
    p->at[p->count++] = *problem;
}

void pq_dlg_problem_add(struct pq_dlg_problems *p, struct pq_dlg_at at, const char *before,
                        struct pq_slice quoted, const char *after)
{
    struct pq_dlg_problem problem = {.at = at};
    add(p, &problem, before, quoted, after);
}

void pq_dlg_warning_add(struct pq_dlg_problems *p, struct pq_dlg_at at, const char *before,
                        struct pq_slice quoted, const char *after)
{
    struct pq_dlg_problem problem = {.at = at, .warning = true};
    add(p, &problem, before, quoted, after);
}

/* "FILE:LINE:COL: text" and LF. A file name is ours, or an argument of the person who runs us. */
static enum pq_status write_one(const struct pq_dlg_problem *problem, const char *file,
                                struct pq_bytes *out)
{
    uint8_t memory[2 * PQ_U64_TEXT_MAX + 16];
    struct pq_buf place;
    pq_buf_init(&place, memory, sizeof(memory));
    pq_buf_put_octet(&place, ':');
    pq_buf_put_u64(&place, problem->at.line);
    pq_buf_put_octet(&place, ':');
    pq_buf_put_u64(&place, problem->at.column);
    pq_buf_put_text(&place, problem->warning ? ": warning: " : ": ");
    enum pq_status status = pq_bytes_put_text(out, file);
    if (status == PQ_STATUS_OK)
        status = pq_bytes_put(out, pq_buf_slice(&place));
    if (status == PQ_STATUS_OK)
        status = pq_bytes_put_text(out, problem->text);
    return status == PQ_STATUS_OK ? pq_bytes_put_text(out, "\n") : status;
}

enum pq_status pq_dlg_problems_write(const struct pq_dlg_problems *p, const char *file,
                                     struct pq_bytes *out)
{
    enum pq_status status = PQ_STATUS_OK;
    for (size_t i = 0; i < p->count && status == PQ_STATUS_OK; i++)
        status = write_one(&p->at[i], file, out);
    if (status != PQ_STATUS_OK || p->errors + p->warnings == p->count)
        return status;
    struct pq_dlg_problem more = {.at = p->at[p->count - 1].at,
                                  .text = "there are more problems; mend these first"};
    return write_one(&more, file, out);
}
