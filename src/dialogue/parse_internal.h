/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the parser share. Each takes what it reads off the front of a slice of the
 * current line, reports what is wrong, and returns false when the rest of the line makes no sense.
 */
#ifndef PQ_DIALOGUE_PARSE_INTERNAL_H
#define PQ_DIALOGUE_PARSE_INTERNAL_H

#include "dialogue/dlg.h"
#include "dialogue/expr.h"

/* An open block: where its next item goes, and what it puts back at its end. */
struct block {
    struct pq_dlg_item *item; /* the directive; NULL: the section itself */
    struct pq_dlg_item **tail;
    const struct pq_dlg_item *req;
    const struct pq_dlg_item *first_step; /* directly in it; NULL: none yet */
    size_t cases;                         /* of a @match */
};

struct parser {
    struct pq_dlg *d;
    struct pq_slice text; /* what is left of the file */
    struct pq_slice line; /* the current line, without its LF */
    uint32_t number;      /* of the line, from 1 */
    bool out_of_memory;
    struct pq_dlg_section *section; /* NULL: before the first */
    struct pq_dlg_section **next_section;
    size_t sections;
    struct block blocks[PQ_DLG_NESTING_MAX + 1]; /* [0] is the section */
    size_t depth;                                /* index of the innermost */
    struct pq_dlg_item *as;                      /* an @as that still waits for its step */
    struct pq_arena scratch; /* of expressions in fixtures: one budget for the whole file */
};

/* ---- problems and memory (parse.c) ----------------------------------------------------------- */

/* The place of an octet of the current line. */
struct pq_dlg_at parser_at(const struct parser *p, const uint8_t *octet);
/* Reports a problem at the front of `where`, a part of the current line. Returns false. */
bool parser_fail(struct parser *p, struct pq_slice where, const char *what);
/* The same with `quoted` in the middle. */
bool parser_fail_quoting(struct parser *p, struct pq_slice quoted, const char *before,
                         const char *after);
/* Zeroed memory, or NULL: parsing then ends. */
void *parser_get(struct parser *p, size_t size);

/* ---- words (parse_words.c) ------------------------------------------------------------------- */

void parser_skip_blanks(struct pq_slice *in);
/* Takes the octets up to the next blank off. */
struct pq_slice parser_take_word(struct pq_slice *in);
/* The index of the "#" that begins a comment: the first one behind two blanks; or `in.len`. */
size_t parser_comment_index(struct pq_slice in);
/* Cuts the comment and the blanks at the end off, for a line in which strings need no care. Returns
 * what is behind "#", or a slice with a NULL `at`. */
struct pq_slice parser_cut_comment(struct pq_slice *in);

bool parser_read_count(struct parser *p, struct pq_slice text, uint64_t most, uint64_t *out);
bool parser_read_time(struct parser *p, struct pq_slice text, uint64_t *ms);
bool parser_read_label(struct parser *p, struct pq_slice text);
bool parser_is_requirement(struct pq_slice text);
/* Takes the string at the front of `*in`. `sentence`: UTF-8, one line; else octets. */
bool parser_take_string(struct parser *p, struct pq_slice *in, bool sentence, struct pq_slice *out);
/* Takes one word with what belongs to it: text, text=value, text>=number, text(args). */
struct pq_dlg_word *parser_take_item(struct parser *p, struct pq_slice *in);
/* Reads words up to the end of `in`. */
bool parser_read_items(struct parser *p, struct pq_slice in, const struct pq_dlg_word **out);

/* ---- payloads and steps (parse_step.c) ------------------------------------------------------- */

/* What a payload may hold besides literal octets: a mask of 1 << enum pq_dlg_part_kind. */
#define PARTS_OF_LINE 0x7Fu
#define PARTS_OF_RAW (1u << PQ_DLG_PART_BOUNDARY | 1u << PQ_DLG_PART_NAME | 1u << PQ_DLG_PART_EXPR)
#define PARTS_OF_BODY (PARTS_OF_LINE & ~(1u << PQ_DLG_PART_BOUNDARY))
#define PARTS_OF_DATA (1u << PQ_DLG_PART_EXPR)

/* Reads a payload and the comment behind it (not for DATA, where "#" is data). */
bool parser_read_payload(struct parser *p, struct pq_slice in, unsigned allowed,
                         const struct pq_dlg_part **out, struct pq_slice *comment);
/* Reads `C: ...`, `S2~ ...`: all of a step, in `in`. */
bool parser_read_step(struct parser *p, struct pq_slice in, struct pq_dlg_step *step,
                      struct pq_slice *comment);
/* Reads an expression that goes on to the end or a comment, or to a closing brace. */
bool parser_take_expr(struct parser *p, struct pq_slice *in, const struct pq_expr **out);

/* ---- directives (parse_directive.c) ---------------------------------------------------------- */

/* Reads what is behind "@" of a directive; its name is in `d->what`. */
bool parser_read_args(struct parser *p, struct pq_slice in, struct pq_dlg_directive *d,
                      struct pq_slice *comment);

/* ---- header (parse_header.c) ----------------------------------------------------------------- */

/* Reads everything up to the line "---". False: the rest of the file makes no sense. */
bool parser_read_header(struct parser *p);
/* Reads the value of a `matrix:` line (parse_axis.c). */
bool parser_read_axis(struct parser *p, enum pq_dlg_key key, struct pq_slice in);
/* Takes the next line of the file into `p->line`; false at the end. Reports octets that no line can
 * hold. */
bool parser_next_line(struct parser *p);

/* ---- items and blocks (parse_block.c) -------------------------------------------------------- */

/* Reports a problem of an item. Returns false. */
bool parser_fail_item(struct parser *p, const struct pq_dlg_item *item, const char *what);
/* A new item of the innermost block; NULL without memory. */
struct pq_dlg_item *parser_new_item(struct parser *p, enum pq_dlg_item_kind kind,
                                    struct pq_slice where);
/* Puts a whole item behind the last one of the innermost block. */
void parser_add_item(struct parser *p, struct pq_dlg_item *item);
void parser_read_directive(struct parser *p, struct pq_slice in);
void parser_read_step_item(struct parser *p, struct pq_slice in);
/* Closes what is still open, which is a problem. */
void parser_close_blocks(struct parser *p);

/* ---- sections (parse_section.c) -------------------------------------------------------------- */

/* Reads the current line of a section, or the line that begins one. */
void parser_read_line(struct parser *p);
/* Ends the last section and all that is open. */
void parser_end_section(struct parser *p);

#endif
