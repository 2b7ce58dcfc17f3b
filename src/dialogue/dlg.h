/* SPDX-License-Identifier: Apache-2.0
 *
 * The dialogue file as a tree, and the parser that makes it. FORMAT.md defines the language; the
 * words of it are tables in vocab.h. Knows no POP3, sends nothing, and decides no verdict.
 */
#ifndef PQ_DIALOGUE_DLG_H
#define PQ_DIALOGUE_DLG_H

#include "dialogue/vocab.h"

/* ---- limits ---------------------------------------------------------------------------------- */

/* The file is hostile input: each of these is an error of its own when it is passed. */
#define PQ_DLG_FORMAT 1u              /* the highest format that is read */
#define PQ_DLG_TEXT_MAX (1u << 20)    /* octets of a file */
#define PQ_DLG_MEMORY_MAX (64u << 20) /* octets of its tree */
#define PQ_DLG_STEPS_MAX 100000u      /* steps and directives of a file */
#define PQ_DLG_NESTING_MAX 16u        /* blocks inside each other */
#define PQ_DLG_SECTIONS_MAX 256u      /* sections of a file, fixtures included */
#define PQ_DLG_CASES_MAX 64u          /* cases of a @match */
#define PQ_DLG_NAME_MAX 64u           /* octets of a name */
#define PQ_DLG_WORDS_MAX 256u         /* words of a list: requirements, tags, needs, ... */
#define PQ_DLG_CAPTURES_MAX 16u       /* names that one line may bind */
#define PQ_DLG_CONN_MAX 9u            /* connections, counted from 1 */
#define PQ_DLG_AXES_MAX 8u            /* `matrix:` lines */
#define PQ_DLG_AXIS_VALUES_MAX 64u    /* values of an axis */
#define PQ_DLG_ROWS_MAX 1000u         /* combinations of all axes */
#define PQ_DLG_MESSAGE_MAX (1u << 20) /* octets of a fixture */
#define PQ_DLG_TIME_MAX_MS 3600000u   /* the longest duration: one hour */
#define PQ_DLG_LINES_MAX 1000000u     /* of `S* least..most`; "any" is no limit */

/* ---- problems -------------------------------------------------------------------------------- */

/* Both count from 1; a column is an octet. Line 0 is the file as a whole. */
struct pq_dlg_at {
    uint32_t line, column;
};

#define PQ_DLG_PROBLEMS_MAX 20u
#define PQ_DLG_PROBLEM_TEXT_MAX 200u

/* What is wrong and what to do, as one line of UTF-8 without control characters. */
struct pq_dlg_problem {
    struct pq_dlg_at at;
    bool warning; /* from the linter only; anything else is an error */
    char text[PQ_DLG_PROBLEM_TEXT_MAX];
};

/* The first problems, in the order in which they were found. */
struct pq_dlg_problems {
    struct pq_dlg_problem at[PQ_DLG_PROBLEMS_MAX];
    size_t count;
    size_t errors, warnings; /* all that were found, those that are not kept included */
};

/* Adds one, made of `before`, `quoted` in quotation marks (left out when its `at` is NULL; cut, and
 * with anything but printable ASCII escaped) and `after`. */
void pq_dlg_problem_add(struct pq_dlg_problems *p, struct pq_dlg_at at, const char *before,
                        struct pq_slice quoted, const char *after);
/* The same for a warning. */
void pq_dlg_warning_add(struct pq_dlg_problems *p, struct pq_dlg_at at, const char *before,
                        struct pq_slice quoted, const char *after);
/* Appends "FILE:LINE:COL: [warning: ]text" and LF for each, and a line that tells how many more
 * there are. NO_MEMORY as pq_bytes_put(). */
PQ_NODISCARD enum pq_status pq_dlg_problems_write(const struct pq_dlg_problems *p, const char *file,
                                                  struct pq_bytes *out);

/* ---- steps ----------------------------------------------------------------------------------- */

struct pq_expr;  /* dialogue/expr.h */
struct pq_regex; /* dialogue/regex.h */

/* A payload is a list of parts: literal octets (never two in a row) and what is between them. */
enum pq_dlg_part_kind {
    PQ_DLG_PART_LITERAL,     /* `octets` */
    PQ_DLG_PART_BOUNDARY,    /* \| : where one write ends and the next begins */
    PQ_DLG_PART_NAME,        /* {name}: its value, or a capture of type text */
    PQ_DLG_PART_TYPED,       /* {name:type}, or {:type} with an empty `octets` */
    PQ_DLG_PART_REST,        /* {*}: a blank and the rest of the line */
    PQ_DLG_PART_REST_OR_END, /* {*?}: the end of the line, or as {*} */
    PQ_DLG_PART_EXPR,        /* {= expr} */
};

struct pq_dlg_part {
    const struct pq_dlg_part *next;
    struct pq_dlg_at at;
    enum pq_dlg_part_kind kind;
    enum pq_dlg_type type;      /* of TYPED */
    struct pq_slice octets;     /* of LITERAL; the name of NAME and TYPED */
    const struct pq_expr *expr; /* of EXPR */
};

enum pq_dlg_side { PQ_DLG_CLIENT, PQ_DLG_SERVER };

enum pq_dlg_form {
    PQ_DLG_LINE,  /* `:` a line; CRLF follows the parts */
    PQ_DLG_RAW,   /* `!` exactly the parts: LITERAL, BOUNDARY, NAME and EXPR */
    PQ_DLG_REGEX, /* `~` a line that `regex` matches as a whole */
    PQ_DLG_BODY,  /* `|` a decoded line of a multi-line reply; server only, as what follows */
    PQ_DLG_MANY,  /* `*` from `least` to `most` lines of a multi-line reply */
    PQ_DLG_DOT,   /* `.` the end of a multi-line reply */
};

struct pq_dlg_step {
    enum pq_dlg_side side; /* who sends it */
    enum pq_dlg_form form;
    uint8_t conn;                    /* 1 to PQ_DLG_CONN_MAX */
    const struct pq_dlg_part *parts; /* of LINE, RAW and BODY; NULL is an empty payload */
    const struct pq_regex *regex;    /* of REGEX */
    struct pq_slice emit;            /* of REGEX: what is sent, from `@as`; NULL `at`: nothing */
    uint64_t least, most;            /* of MANY; UINT64_MAX: any number */
};

/* ---- directives ------------------------------------------------------------------------------ */

/* A word of a list: `text`, `text=value`, `text>=number` or `text(args)`. */
struct pq_dlg_word {
    struct pq_dlg_word *next;
    struct pq_dlg_at at;
    struct pq_slice text;
    struct pq_slice value;
    uint64_t number;
    struct pq_dlg_word *args;
};

/* One parameter that was given. The form in its row of vocab.h says which fields count. */
struct pq_dlg_arg {
    struct pq_dlg_arg *next;
    struct pq_dlg_at at;
    enum pq_dlg_param param;
    struct pq_slice axis; /* written {axis}: a row of the matrix fills it; else empty */
    struct pq_slice text; /* NAME, WORD, STRING (decoded), REQUIREMENT, CUT */
    uint64_t
        number; /* CONN and COUNT; ms of TIME; millionths of SHARE; the index of WORD and CUT in
                 * the set of words; octets of a write for a CUT that is PQ_DLG_CUT_OCTETS */
    enum pq_dlg_cut cut;               /* of CUT */
    const struct pq_expr *expr;        /* of EXPR */
    const struct pq_dlg_step *pattern; /* of PATTERN: a LINE or REGEX of the client */
    const struct pq_dlg_word *words;   /* of FAULT (one word with args) and of CAPAS */
};

struct pq_dlg_directive {
    enum pq_dlg_do what;
    struct pq_slice axis;        /* of PQ_DLG_DO_AXIS */
    struct pq_dlg_arg *args;     /* in the order of the row's parameters */
    struct pq_dlg_item *body;    /* what stands inside; of @match: its cases */
    struct pq_dlg_item *other;   /* of @if: the @else, with a body of its own */
    struct pq_dlg_at end;        /* of a block: where its @end is */
    struct pq_slice end_comment; /* behind @end; NULL `at`: none */
};

/* The parameter, or NULL when it was not given (for one that may be repeated: the first). */
const struct pq_dlg_arg *pq_dlg_arg(const struct pq_dlg_directive *d, enum pq_dlg_param param);
/* The connection that the directive names, or 1. */
uint8_t pq_dlg_conn(const struct pq_dlg_directive *d);

/* ---- items ----------------------------------------------------------------------------------- */

enum pq_dlg_item_kind {
    PQ_DLG_ITEM_BLANK,
    PQ_DLG_ITEM_COMMENT,
    PQ_DLG_ITEM_STEP,
    PQ_DLG_ITEM_DIRECTIVE,
    PQ_DLG_ITEM_DATA, /* a line of a fixture, in `step`: LINE or RAW, with LITERAL and EXPR */
};

struct pq_dlg_item {
    struct pq_dlg_item *next;
    struct pq_dlg_item *parent;    /* the directive whose body it stands in, or NULL */
    const struct pq_dlg_item *req; /* the @req that covers it; NULL: `req:` of the header does */
    struct pq_dlg_at at;
    enum pq_dlg_item_kind kind;
    bool look;               /* it is what its @case looks for */
    struct pq_slice comment; /* behind "#"; NULL `at`: none */
    union {
        struct pq_dlg_step step;
        struct pq_dlg_directive directive;
    };
};

/* The item behind `item` in the order of the file, through bodies and branches; NULL at the end of
 * the section. */
struct pq_dlg_item *pq_dlg_item_after(const struct pq_dlg_item *item);
/* The first item at or behind `item` in its own list that is a step or a directive, or NULL. */
struct pq_dlg_item *pq_dlg_item_active(struct pq_dlg_item *item);
bool pq_dlg_item_is(const struct pq_dlg_item *item, enum pq_dlg_do what);

/* What a tree promises besides its types: the first active item of a @case (behind an @as) is one
 * incoming line (any form but RAW and MANY), @eof or @silence, and it is marked with `look`; all
 * cases of a @match look at one connection, and all steps of a @batch go one way on one; @as stands
 * directly before the REGEX step that it serves; places are those of the directive's row. */

/* ---- files ----------------------------------------------------------------------------------- */

enum pq_dlg_section_kind {
    PQ_DLG_GIVEN,
    PQ_DLG_TEST,
    PQ_DLG_AFTER,
    PQ_DLG_MESSAGE,
};

struct pq_dlg_section {
    struct pq_dlg_section *next;
    struct pq_dlg_at at;
    enum pq_dlg_section_kind kind;
    struct pq_slice name; /* of MESSAGE */
    struct pq_slice comment;
    struct pq_dlg_item *items;
    struct pq_slice octets; /* of MESSAGE: the message as it is on the wire, not stuffed */
};

/* An axis of the matrix and its values; a value is a word, or a label and octets (label:"..."). */
struct pq_dlg_axis {
    struct pq_slice name;
    struct pq_dlg_at at;
    struct {
        struct pq_slice label;  /* as it stands in the name of a row */
        struct pq_slice octets; /* what {axis} stands for */
    } * values;
    size_t count;
};

/* A line of the header; a comment or a blank line has the key PQ_DLG_KEY_COUNT. */
struct pq_dlg_header_line {
    struct pq_dlg_header_line *next;
    struct pq_dlg_at at;
    enum pq_dlg_key key;
    struct pq_slice value;
    struct pq_slice comment;
};

struct pq_dlg {
    /* The header, decoded. Lists are in the order of the file; an absent key is its default. */
    struct pq_slice value[PQ_DLG_KEY_COUNT]; /* as written; NULL `at`: absent */
    enum pq_dlg_kind kind;
    enum pq_dlg_state state; /* NONE: absent */
    unsigned roles;          /* 1 << enum pq_dlg_role */
    uint32_t rev;
    uint32_t timeout_ms; /* 0: absent */
    const struct pq_dlg_word *req, *needs, *mailbox, *tags;
    struct pq_dlg_axis *axes;
    size_t axes_count;
    size_t rows; /* combinations of the axes; 1 without any */

    struct pq_dlg_section *sections;             /* all, in the order of the file */
    struct pq_dlg_section *given, *test, *after; /* NULL: absent */
    size_t steps;                                /* steps and directives */

    struct pq_slice first_comment; /* behind "#!dlg 1" */
    struct pq_dlg_header_line *header;
    struct pq_dlg_at header_end; /* the line "---" */
    struct pq_dlg_problems problems;
    struct pq_arena arena; /* everything above lives in it */
};

/* Reads a whole file. Total over any octets: no crash, and time and memory in proportion to
 * `text.len` within the limits above. Fills `*d` in every case; pq_dlg_free() must follow.
 * SYNTAX: `d->problems` tells why, and the tree must not be used. NO_MEMORY: the allocator refused.
 * `text` is not needed afterwards. Warnings are the linter's work, not the parser's. */
PQ_NODISCARD enum pq_status pq_dlg_parse(struct pq_dlg *d, struct pq_slice text,
                                         struct pq_alloc alloc);
void pq_dlg_free(struct pq_dlg *d);

/* The fixture [message NAME], or NULL. */
const struct pq_dlg_section *pq_dlg_message(const struct pq_dlg *d, struct pq_slice name);

/* ---- rows of the matrix ---------------------------------------------------------------------- */

/* The index of the value of axis `axis` in `row` (row < d->rows); the last axis turns fastest. */
size_t pq_dlg_row_value(const struct pq_dlg *d, size_t row, size_t axis);
/* Appends the name of a row: id, or id[axis=label,...]. */
PQ_NODISCARD enum pq_status pq_dlg_row_name(const struct pq_dlg *d, size_t row,
                                            struct pq_bytes *out);
/* Appends the row as a file of its own: no matrix, its values in place of {axis}, its name as id,
 * and every step in the line where it was. A player reads that text and never sees an axis. Whether
 * a value fits where its axis stands is told by parsing the text. NO_MEMORY as pq_bytes_put(). */
PQ_NODISCARD enum pq_status pq_dlg_expand(const struct pq_dlg *d, size_t row, struct pq_bytes *out);

#endif
