/* SPDX-License-Identifier: Apache-2.0
 *
 * What the rules of the linter share. A rule is a function over the whole file.
 */
#ifndef PQ_DIALOGUE_LINT_INTERNAL_H
#define PQ_DIALOGUE_LINT_INTERNAL_H

#include "dialogue/expr.h"
#include "dialogue/lint.h"
#include "dialogue/names.h"

struct linter {
    const struct pq_dlg *d;
    unsigned roles; /* 1 << enum pq_dlg_role */
    struct pq_dlg_problems *out;
    struct pq_arena arena;
    enum pq_status status;
};

bool lint_has_role(const struct linter *l, enum pq_dlg_role role);
/* Whether a line of that side is sent by a role of the file: C by client and seed, S by server. */
bool lint_sends(const struct linter *l, enum pq_dlg_side side);
bool lint_needs(const struct linter *l, const char *need);
void lint_error(struct linter *l, struct pq_dlg_at at, const char *what);
void lint_error_quoting(struct linter *l, struct pq_dlg_at at, const char *before,
                        struct pq_slice quoted, const char *after);

/* The first step or directive of a file's sections, and the one behind `item`; through all of
 * [given], [test] and [after] in the order in which they run. `*section` tells where it stands. */
const struct pq_dlg_item *lint_first(const struct linter *l, const struct pq_dlg_section **section);
const struct pq_dlg_item *lint_next(const struct linter *l, const struct pq_dlg_item *item,
                                    const struct pq_dlg_section **section);

/* The item that a @case looks for. */
const struct pq_dlg_item *lint_look(const struct pq_dlg_item *a_case);

/* The rules. */
void lint_header(struct linter *l);      /* lint.c */
void lint_fixtures(struct linter *l);    /* lint.c */
void lint_rows(struct linter *l);        /* lint_names.c */
void lint_names(struct linter *l);       /* lint_names.c */
void lint_roles(struct linter *l);       /* lint_steps.c */
void lint_connections(struct linter *l); /* lint_steps.c */
void lint_prose(struct linter *l);       /* lint_steps.c */
void lint_timing(struct linter *l);      /* lint_steps.c */
void lint_adapter(struct linter *l);     /* lint_steps.c */
void lint_branches(struct linter *l);    /* lint_paths.c */
void lint_unreachable(struct linter *l); /* lint_paths.c */
void lint_verdicts(struct linter *l);    /* lint_paths.c */

#endif
