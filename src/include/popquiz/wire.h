/* SPDX-License-Identifier: Apache-2.0
 *
 * Octets <-> lines and multi-line bodies. Knows CRLF and the dot, and no command or reply.
 * Everything here gives the same events however its input is cut (RFC 1939 section 3).
 */
#ifndef POPQUIZ_WIRE_H
#define POPQUIZ_WIRE_H

#include "popquiz/base.h"

/* ---- limits ---------------------------------------------------------------------------------- */

/* RFC 2449 section 4: a command is at most 255 octets, and the first line of a response at most 512
 * octets, CRLF included. RFC 2449 section 5: so is a line of the capability list. */
#define PQ_COMMAND_LINE_MAX 255u
#define PQ_REPLY_LINE_MAX 512u

/* ---- framer: octets -> lines ----------------------------------------------------------------- */

struct pq_line {
    struct pq_slice text; /* without its end; cut to what fits when `too_long` */
    uint64_t offset;      /* of its first octet in the stream, from zero */
    bool too_long;        /* longer than the framer's limit */
    bool lf_only;         /* ended by LF without CR: only under `lf_ends_line` */
};

struct pq_framer {
    uint8_t *hold;     /* lent: the start of a line that is not complete, CR included */
    size_t cap;        /* octets lent */
    size_t limit;      /* the longest line with its CRLF, 3 <= limit <= cap; may be changed between
                        * lines */
    size_t held;       /* octets in `hold`, held <= cap */
    uint64_t seen;     /* octets of the unfinished line that were taken so far */
    uint64_t offset;   /* stream offset of the unfinished line's first octet */
    bool after_cr;     /* the last octet taken was CR */
    bool lf_ends_line; /* leniency, off by default: LF without CR ends a line too */
};

/* Lends `memory` of `cap` octets (cap >= 3); the limit of a line is `cap`, CRLF included. */
void pq_framer_init(struct pq_framer *f, void *memory, size_t cap);
/* Forgets an unfinished line and restarts the offsets; keeps memory and leniency. */
void pq_framer_clear(struct pq_framer *f);
/* Takes octets from the front of `*in`. EVENT: `*line` is one line, which points into what was
 * `*in` or into the lent memory and is valid until the next call. NEED_DATA: `*in` was taken
 * whole. A line above the limit is one event too, given at its end; memory stays constant.
 * A lone CR, and a lone LF unless `lf_ends_line`, is data. Never ERROR. */
PQ_NODISCARD enum pq_next pq_framer_next(struct pq_framer *f, struct pq_slice *in,
                                         struct pq_line *line);
/* Octets of a line that has begun and not ended. */
uint64_t pq_framer_pending(const struct pq_framer *f);

/* ---- dot: multi-line bodies ------------------------------------------------------------------ */

/* Reads the content of a multi-line reply: removes one leading dot of each line that has further
 * octets, and stops behind the line that is exactly "." CRLF. Holds no content. */
struct pq_dot {
    uint8_t state;   /* private */
    bool ended;      /* the terminator was read */
    bool unstuffed;  /* some line began with one dot followed by anything but a dot */
    uint64_t octets; /* of content given out, CRLFs included */
};

void pq_dot_init(struct pq_dot *d);
/* Takes octets from the front of `*in`. EVENT with `d->ended` unset: `*piece` is content, not
 * empty, usually a part of what was `*in`. EVENT with `d->ended`: the terminator was taken,
 * `*piece` is empty, and `*in` is what follows the body; call no more before pq_dot_init().
 * NEED_DATA: `*in` was taken whole. Never ERROR. */
PQ_NODISCARD enum pq_next pq_dot_next(struct pq_dot *d, struct pq_slice *in,
                                      struct pq_slice *piece);

/* Writes content as a multi-line body: doubles a dot at the start of a line. The content is lines
 * that end in CRLF; a lone CR or LF passes through and starts no line. */
struct pq_stuffer {
    uint8_t state; /* private */
    bool bare;     /* fault injection: dots are not doubled */
};

void pq_stuffer_init(struct pq_stuffer *s);
/* Appends as much as fits to `out` and returns how many octets of `in` were taken. */
size_t pq_stuffer_put(struct pq_stuffer *s, struct pq_slice in, struct pq_buf *out);
/* Appends the terminator, and before it a CRLF when the content did not end in one. False, and
 * nothing appended, when `out` lacks room (5 octets are always enough). */
bool pq_stuffer_end(struct pq_stuffer *s, struct pq_buf *out);

#endif
