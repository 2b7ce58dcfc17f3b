/* SPDX-License-Identifier: Apache-2.0
 *
 * The writer that all of the formatter shares. Its status is sticky: after the first failure
 * nothing more is written, so that a series of puts needs one look at the end.
 */
#ifndef PQ_DIALOGUE_FORMAT_INTERNAL_H
#define PQ_DIALOGUE_FORMAT_INTERNAL_H

#include "dialogue/escape.h"
#include "dialogue/expr.h"
#include "dialogue/format.h"

struct writer {
    const struct pq_dlg *d; /* NULL: a single item, which has no axes to fill in */
    bool expand;            /* write `row` instead of the matrix */
    size_t row;
    struct pq_bytes *out;
    size_t line_start; /* in `out` */
    uint32_t lines;    /* that were written */
    enum pq_status status;
    bool blank;  /* a blank line is due before the next line */
    bool opened; /* the last line began a section or a block */
};

void writer_put(struct writer *w, struct pq_slice s);
void writer_text(struct writer *w, const char *text);
void writer_number(struct writer *w, uint64_t number);
/* Octets escaped, strings with their quotation marks. */
void writer_octets(struct writer *w, struct pq_slice octets, enum pq_escape where, bool last);
void writer_string(struct writer *w, struct pq_slice octets, bool sentence);
void writer_time(struct writer *w, uint64_t ms);
/* Words with blanks between; `comma` stands between arguments. */
void writer_items(struct writer *w, const struct pq_dlg_word *words, const char *comma);

/* The value that the row gives the axis; false when nothing is to be filled in. */
bool writer_axis(const struct writer *w, struct pq_slice name, struct pq_slice *octets);
/* A step, a directive, a line of a fixture: without comment and line end. */
void writer_step(struct writer *w, const struct pq_dlg_step *step);
void writer_data(struct writer *w, const struct pq_dlg_step *data);
void writer_directive(struct writer *w, const struct pq_dlg_directive *d);

#endif
