/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands: text <-> value, both directions. RFC 1939 section 3, RFC 2449 section 3.
 */
#ifndef POPQUIZ_COMMAND_H
#define POPQUIZ_COMMAND_H

#include "popquiz/verb.h"

/* What is wrong with a command line. The first flaw in reading order is the one reported. */
#define PQ_FLAW_LIST(X)                                                                            \
    X(NONE, "nothing is wrong")                                                                    \
    X(TOO_LONG, "the line is longer than 255 octets")                                              \
    X(EMPTY, "the line is empty")                                                                  \
    X(OCTETS, "an octet is not printable ASCII")                                                   \
    X(BLANKS, "keyword and arguments are not separated by exactly one space")                      \
    X(UNKNOWN_VERB, "the keyword is unknown")                                                      \
    X(ARGUMENT_MISSING, "a required argument is missing")                                          \
    X(ARGUMENT_SURPLUS, "there are more arguments than the command takes")                         \
    X(ARGUMENT_NUMBER, "an argument is not a canonical decimal number")                            \
    X(ARGUMENT_DIGEST, "the digest is not 32 hexadecimal digits")                                  \
    X(ARGUMENT_MECHANISM, "the mechanism name does not follow RFC 4422 section 3.1")               \
    X(ARGUMENT_RANGE, "the argument is not a basic language range of RFC 4647 section 2.1")

enum pq_flaw {
#define X(name, text) PQ_FLAW_##name,
    PQ_FLAW_LIST(X)
#undef X
};

/* The identifier and the sentence; never NULL. */
const char *pq_flaw_name(enum pq_flaw flaw);
const char *pq_flaw_text(enum pq_flaw flaw);

/* What a reader tolerates beyond the grammar. Zero is strict; each has its test. */
enum pq_leniency {
    PQ_LENIENT_LF = 1,       /* LF without CR ends a line (kept by the conn's framers) */
    PQ_LENIENT_BLANKS = 2,   /* runs of blanks and tabs, leading and trailing ones */
    PQ_LENIENT_SURPLUS = 4,  /* arguments beyond the last allowed one are ignored */
    PQ_LENIENT_ZEROS = 8,    /* numbers with leading zeros */
    PQ_LENIENT_STATUS = 16,  /* a status indicator in any case */
    PQ_LENIENT_CONTINUE = 32 /* "+" without the space as a continuation */
};

struct pq_command {
    enum pq_verb verb;
    enum pq_flaw flaw;
    struct pq_slice keyword; /* as it was sent */
    struct pq_slice args[PQ_VERB_ARGS_MAX];
    size_t argc;      /* arguments held in `args` */
    uint64_t message; /* of a PQ_ARG_MESSAGE; UINT64_MAX also stands for every larger number */
    uint64_t lines;   /* of a PQ_ARG_LINES, likewise */
};

/* Reads a line without its CRLF. `leniency` is a mask; what the strict grammar accepts means the
 * same under each. `utf8` admits 8-bit octets that are UTF-8 in the arguments of USER, PASS and
 * APOP (RFC 6856 section 2.2). The result points into `line`. Always fills `*c`; `c->flaw` tells
 * whether it may be obeyed. `c->verb` is set whenever the keyword is known, flawed or not. */
void pq_command_parse(struct pq_slice line, unsigned leniency, bool utf8, struct pq_command *c);
/* Appends the command with its CRLF: keyword in upper case, single spaces, numbers from `message`
 * and `lines`, any other argument from `args`. The verb is not PQ_VERB_UNKNOWN; what an argument
 * may hold is the caller's duty. */
PQ_NODISCARD enum pq_status pq_command_write(const struct pq_command *c, struct pq_buf *out);

/* Values for writing. Slices are borrowed; an empty `second` is no argument. */
struct pq_command pq_command_bare(enum pq_verb verb);
struct pq_command pq_command_message(enum pq_verb verb, uint64_t message);
struct pq_command pq_command_top(uint64_t message, uint64_t lines);
struct pq_command pq_command_text(enum pq_verb verb, struct pq_slice first, struct pq_slice second);

/* 1 to 20 of A-Z, 0-9, "-" and "_", in any case (RFC 4422 section 3.1, RFC 5034 section 5). */
bool pq_mechanism_is_valid(struct pq_slice name);
/* "*", or subtags of 1 to 8 letters, with "-" between, behind the first also digits: the basic
 * language range of RFC 4647 section 2.1. */
bool pq_language_range_is_valid(struct pq_slice range);
/* Basic filtering of RFC 4647 section 3.3.1: the range is the tag, or the subtags that it begins
 * with, in any case; "*" matches every tag. */
bool pq_language_range_matches(struct pq_slice range, struct pq_slice tag);

#endif
