/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes an input of a fuzzer as somebody would who knows POP3: whole lines, and the places in
 * them that programs count, compare and copy. One source for libFuzzer (libfuzzer.c) and for AFL++
 * (afl.c). The same numbers drawn give the same output, which never has more octets than allowed.
 */
#ifndef PQ_HARNESS_MUTATOR_H
#define PQ_HARNESS_MUTATOR_H

#include "harness/mutator/script.h"

/* Octets of lines that an operation makes; the longest has 64 KiB and its end. */
#define MUTATOR_MADE_MAX (72u << 10)
/* Operations on one input. */
#define MUTATOR_STEPS_MAX 4u

/* Where choices come from: a number in 0 .. below-1; `below` is not zero. */
struct mutator_dice {
    uint64_t (*roll)(void *ctx, uint64_t below);
    void *ctx;
};

struct mutator_operation;

struct mutator {
    struct script script; /* what is changed */
    struct script other;  /* what may be taken from */
    struct mutator_dice dice;
    size_t first;  /* items before this one stay: the login, when the output is repaired */
    size_t room;   /* the most octets of the output */
    bool repaired; /* lines behind the login are whole: one line end, at their end */
    const struct mutator_operation *done[MUTATOR_STEPS_MAX];
    size_t done_count;
    struct pq_buf made;
    uint8_t made_memory[MUTATOR_MADE_MAX];
};

/* Reads the input, of at most `room` octets, and another one, which may be empty. */
void mutator_begin(struct mutator *m, enum script_kind kind, struct pq_slice in, size_t room);
void mutator_borrow(struct mutator *m, enum script_kind kind, struct pq_slice other);
/* From here on the login of the input is kept, and lines are made whole. Without a login in the
 * input, that of the other one is put before it. */
void mutator_repair(struct mutator *m);
/* Appends what the items are now to `out`, whose room is at least `room`; items that do not fit are
 * left out from the first such one on. Nothing is left of a repaired input whose first line has no
 * room: engines take that for no change. */
void mutator_write(const struct mutator *m, struct pq_buf *out);

/* All of the above with one to MUTATOR_STEPS_MAX operations; repairs half of the outputs. */
struct mutator_input {
    enum script_kind kind;
    struct pq_slice in, other;
};

void mutator_change(struct mutator *m, const struct mutator_input *input, struct mutator_dice dice,
                    struct pq_buf *out);
/* The beginning of `in` and the end of `other`, cut between lines; then as above. */
void mutator_cross(struct mutator *m, const struct mutator_input *input, struct mutator_dice dice,
                   struct pq_buf *out);

/* The names of the operations that made the last output, with "+" between: at most `cap` octets
 * with the NUL, of letters and "-", for a file name. */
void mutator_describe(const struct mutator *m, char *text, size_t cap);

#endif
