/* SPDX-License-Identifier: Apache-2.0
 *
 * An input as the mutator sees it: a list of items, which are lines with their ends, records of a
 * wire case, and the NULs between the parts of an input. What the items hold, one after the other,
 * is the input, octet for octet.
 */
#ifndef PQ_HARNESS_MUTATOR_SCRIPT_H
#define PQ_HARNESS_MUTATOR_SCRIPT_H

#include "popquiz/base.h"

/* kind, its name, line end, lines are commands, has records, has parts, ends in options (fuzz.h) */
#define SCRIPT_KIND_LIST(X)                                                                        \
    X(WIRE, "wire", "\r\n", true, true, false, false)                                              \
    X(COMMANDS, "commands", "\r\n", true, false, false, true)                                      \
    X(TURNS, "turns", "\r\n", true, false, true, true)                                             \
    X(REPLIES, "replies", "\r\n", false, false, true, true)                                        \
    X(TEXT, "text", "\n", false, false, false, true)

enum script_kind {
#define X(tag, name, line_end, commands, records, parts, options) SCRIPT_##tag,
    SCRIPT_KIND_LIST(X)
#undef X
        SCRIPT_KIND_COUNT
};

struct script_row {
    const char *name;
    struct pq_slice line_end;
    bool commands, records, parts, options;
};

const struct script_row *script_row(enum script_kind kind);
/* False: there is no kind of that name. */
bool script_kind_of(const char *name, enum script_kind *kind);

/* The items of an input that has more: those, the last of which is all the rest. */
#define SCRIPT_ITEMS_MAX 1024u

struct script {
    const struct script_row *row;
    struct pq_slice items[SCRIPT_ITEMS_MAX];
    size_t count;
    struct pq_slice options; /* two octets behind the last item, or none */
};

/* The items point into `in`. */
void script_split(struct script *s, enum script_kind kind, struct pq_slice in);
/* An item that is neither a record nor a NUL; it may be empty or without a line end. */
bool script_is_line(const struct script_row *row, struct pq_slice item);
/* What a line holds before its end: a run of CR and LF. */
struct pq_slice script_text(struct pq_slice line);
/* How many items lead through the login: up to the first PASS, APOP or AUTH, with the responses
 * that follow it. Zero when there is none. */
size_t script_login(const struct script *s);

/* Each returns false, and changes nothing, when there is no room. `at` is at most the count. */
bool script_insert(struct script *s, size_t at, struct pq_slice item);
void script_remove(struct script *s, size_t at, size_t count);

#endif
