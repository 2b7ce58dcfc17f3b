/* SPDX-License-Identifier: Apache-2.0
 *
 * A step against octets: does a line match it, and which octets does it send? Works for both sides,
 * whoever plays which. Knows no connection and no reply that has more than one line.
 */
#ifndef PQ_DIALOGUE_TEMPLATE_H
#define PQ_DIALOGUE_TEMPLATE_H

#include "dialogue/dlg.h"
#include "dialogue/expr.h"

/* A name that a line gave a value. */
struct pq_capture {
    struct pq_slice name;
    struct pq_value value; /* of type int and octets: an integer; else octets of the line */
};

enum pq_match_outcome {
    PQ_MATCH_YES,
    PQ_MATCH_NO,
    PQ_MATCH_ERROR, /* neither can be said: an expression has no value, a regex passed its limits */
};

#define PQ_MATCH_TEXT_MAX 240u

struct pq_match {
    enum pq_match_outcome outcome;
    enum pq_expr_outcome error;                      /* of ERROR; OK when the regex is the reason */
    struct pq_capture captures[PQ_DLG_CAPTURES_MAX]; /* of YES: names that had no value before */
    size_t count;
    size_t position; /* of NO: the octet of the line, from 0, from which on it differs */
    /* Of NO and ERROR: one line for a person, "expected ..., got ...". Secrets are not shown. */
    char why[PQ_MATCH_TEXT_MAX];
};

/* Matches a line without its CRLF (of BODY: decoded, without stuffing) against a step of form LINE,
 * REGEX, BODY or DOT. Literal octets match exactly. A name that has a value, in `env` or earlier in
 * the same line, matches that value only; `env` is not changed. Captures point into `line` and
 * `step`. There is no backtracking, except in a regex, which has limits (dialogue/regex.h). */
void pq_template_match(const struct pq_dlg_step *step, struct pq_slice line,
                       const struct pq_env *env, struct pq_match *m);

/* ---- sending --------------------------------------------------------------------------------- */

/* The writes of a step, one after the other. */
struct pq_emitter {
    const struct pq_dlg_step *step;
    const struct pq_dlg_part *next;
    const struct pq_env *env;
    bool done;
    /* Names that had no value and were sent with the default of their type (of REGEX: what its
     * groups matched in `emit`): the caller binds them, so that later lines compare. */
    struct pq_capture captures[PQ_DLG_CAPTURES_MAX];
    size_t count;
    enum pq_expr_outcome error;
    struct pq_slice about; /* of an error: the name or function */
};

/* For a step of any form but MANY. BODY is stuffed. `env` and `step` must outlive the emitter. */
void pq_emitter_init(struct pq_emitter *e, const struct pq_dlg_step *step,
                     const struct pq_env *env);
/* Appends the octets of the next write, which may be none, and returns true; false when there is no
 * further write, or when `e->error` is not OK: then the step cannot be sent. UNBOUND: a client's
 * {name} without a value (a server's is sent as text), or a REGEX without `emit`. TOO_LONG or
 * NO_MEMORY: `out` is full. */
bool pq_emitter_next(struct pq_emitter *e, struct pq_bytes *out);

#endif
