/* SPDX-License-Identifier: Apache-2.0
 *
 * Regular expressions of `~` steps: PCRE2 on octets, the whole line, with limits against
 * expressions that would run for ever. Everything lives in the arena that is lent; nothing is to be
 * freed.
 */
#ifndef PQ_DIALOGUE_REGEX_H
#define PQ_DIALOGUE_REGEX_H

#include "popquiz/base.h"

#define PQ_REGEX_TEXT_MAX 1000u    /* octets of an expression */
#define PQ_REGEX_NESTING_MAX 20u   /* parentheses inside each other */
#define PQ_REGEX_STEPS_MAX 100000u /* of one match; PCRE2 calls it the match limit */
#define PQ_REGEX_DEPTH_MAX 1000u   /* backtracking points kept in one match */
#define PQ_REGEX_HEAP_MAX_KIB 1024u

struct pq_regex;

#define PQ_REGEX_WHY_MAX 120u
struct pq_regex_problem {
    size_t offset;              /* in the source */
    char why[PQ_REGEX_WHY_MAX]; /* one line */
};

/* Compiles printable ASCII. SYNTAX: `*problem` tells why. NO_MEMORY: the arena is full. */
PQ_NODISCARD enum pq_status pq_regex_compile(struct pq_arena *arena, struct pq_slice source,
                                             const struct pq_regex **out,
                                             struct pq_regex_problem *problem);
struct pq_slice pq_regex_source(const struct pq_regex *r);
/* The n-th named group, from 0, in the order of the alphabet; false behind the last. */
bool pq_regex_name(const struct pq_regex *r, size_t n, struct pq_slice *name);

enum pq_regex_outcome { PQ_REGEX_YES, PQ_REGEX_NO, PQ_REGEX_LIMIT, PQ_REGEX_NO_MEMORY };

struct pq_regex_match {
    enum pq_regex_outcome outcome;
    const size_t *groups; /* of YES; private */
    struct pq_slice line;
};

/* Matches the whole line, which may hold any octets; "." matches them all. What the result points
 * at lives in `scratch` and in `line`. */
void pq_regex_match(const struct pq_regex *r, struct pq_slice line, struct pq_arena *scratch,
                    struct pq_regex_match *m);
/* What the n-th named group matched; false when it took no part. */
bool pq_regex_group(const struct pq_regex *r, const struct pq_regex_match *m, size_t n,
                    struct pq_slice *out);

#endif
