/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines that a client could send, drawn at random: right ones, ones at the border of what is right,
 * and ones that are wrong in one way or in every way.
 */
#ifndef PQ_EXPLORE_GRAMMAR_H
#define PQ_EXPLORE_GRAMMAR_H

#include "popquiz/verb.h"

#define PQ_DRAWN_MAX 4096u /* octets of one line */

struct pq_grammar {
    struct pq_rand rand;
    unsigned messages; /* of the maildrop */
};

/* Whether what happens so often out of a hundred times happens now. */
bool pq_grammar_chance(struct pq_grammar *g, unsigned percent);
/* Appends the command as the grammar has it, with CRLF; its numbers are mostly right. NO_ROOM is
 * told by `out->overflowed`. */
void pq_grammar_command(struct pq_grammar *g, enum pq_verb verb, struct pq_buf *out);
/* The same with arguments from the borders and beyond. */
void pq_grammar_border(struct pq_grammar *g, enum pq_verb verb, struct pq_buf *out);
/* Changes a line at the end of `out`, which begins at `start`, in one way: case, blanks, line end,
 * an octet more, less or other, more arguments, its length. */
void pq_grammar_bend(struct pq_grammar *g, size_t start, struct pq_buf *out);
/* Appends octets that are no command, with CRLF behind. */
void pq_grammar_garbage(struct pq_grammar *g, struct pq_buf *out);

#endif
