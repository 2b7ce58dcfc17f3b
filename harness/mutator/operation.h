/* SPDX-License-Identifier: Apache-2.0
 *
 * The operations of the mutator as one table. An operation changes one thing in one input.
 */
#ifndef PQ_HARNESS_MUTATOR_OPERATION_H
#define PQ_HARNESS_MUTATOR_OPERATION_H

#include "harness/mutator/mutator.h"

/* What the kind of an input must have for an operation to mean something. */
enum mutator_needs {
    NEEDS_NOTHING = 0,
    NEEDS_COMMANDS = 1,
    NEEDS_RECORDS = 2,
    NEEDS_PARTS = 4,
    NEEDS_OPTIONS = 8,
    NEEDS_BROKEN = 16, /* and what a repair would undo */
};

/* identifier, name, needs, what it does */
#define MUTATOR_LIST(X)                                                                            \
    X(DUPLICATE, duplicate, NOTHING, "an item stands twice")                                       \
    X(DELETE, delete, NOTHING, "an item is gone")                                                  \
    X(SWAP, swap, NOTHING, "two items change places")                                              \
    X(SPLICE, splice, NOTHING, "items of the other input stand between two")                       \
    X(TRUNCATE, truncate, NOTHING, "the end is gone")                                              \
    X(REPEAT, repeat, NOTHING, "an item stands 2 to 256 times")                                    \
    X(INSERT, insert, COMMANDS, "a command of the table stands between two items")                 \
    X(VERB, verb, COMMANDS, "a line has another keyword")                                          \
    X(CASE, case, COMMANDS, "the keyword has its letters in another case")                         \
    X(BLANK, blank, COMMANDS, "a blank is doubled, a tab, gone, or where none was")                \
    X(NUMBER, number, COMMANDS, "a message number or line count is one at a limit")                \
    X(LENGTH, length, COMMANDS, "an argument has a length at a limit")                             \
    X(ARGUMENTS, arguments, COMMANDS, "an argument is gone or too many")                           \
    X(LONG, long, NOTHING, "a line is as long as a limit, or longer by one")                       \
    X(ENDING, ending, BROKEN, "a line ends in LF, CR, nothing, or otherwise")                      \
    X(OCTET, octet, BROKEN, "a line has NUL, CR, LF, an 8-bit or a control octet in it")           \
    X(RECORD, record, RECORDS, "a record of a wire case stands between two items")                 \
    X(CUT, cut, RECORDS, "a line is written in two pieces")                                        \
    X(PART, part, PARTS, "a part ends between two items")                                          \
    X(OPTION, option, OPTIONS, "one bit of the options is another")

enum mutator_id {
#define X(id, name, needs, what) MUTATOR_##id,
    MUTATOR_LIST(X)
#undef X
        MUTATOR_COUNT
};

struct mutator_operation {
    const char *name, *what;
    unsigned needs;                   /* a mask of enum mutator_needs */
    bool (*change)(struct mutator *); /* false: there is nothing that it could change */
};

const struct mutator_operation *mutator_operation(enum mutator_id id);
/* Whether the kind of the input has what the operation needs. */
bool mutator_may(const struct mutator *m, const struct mutator_operation *op);

/* ---- what operations share ------------------------------------------------------------------- */

size_t mutator_roll(struct mutator *m, size_t below);
/* One of the items that may change and that `fits`, from a random one on; the count of items: there
 * is none. */
size_t mutator_find(struct mutator *m,
                    bool (*fits)(const struct script_row *row, struct pq_slice item));
/* A place between items that may change. */
size_t mutator_place(struct mutator *m);
/* What was made in `made` since it had `from` octets; false when it did not fit. */
bool mutator_made(struct mutator *m, size_t from, struct pq_slice *s);
/* Puts the made octets in the place of an item. */
bool mutator_replace(struct mutator *m, size_t at, size_t from);

#define X(id, name, needs, what) bool mutator_##name(struct mutator *m);
MUTATOR_LIST(X)
#undef X

#endif
