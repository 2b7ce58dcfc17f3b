/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions of the dialogue language: `{= ... }`, `@assert` and `@if`. Values, the environment
 * that gives names their values, the evaluator. Knows no dialogue: a name means what the caller
 * says.
 */
#ifndef PQ_DIALOGUE_EXPR_H
#define PQ_DIALOGUE_EXPR_H

#include "popquiz/base.h"

/* ---- limits ---------------------------------------------------------------------------------- */

#define PQ_VALUE_OCTETS_MAX (1u << 20)  /* octets of a value, and of all lines of a list */
#define PQ_EXPR_OPS_MAX 256u            /* operations of an expression */
#define PQ_EXPR_DEPTH_MAX 64u           /* values or open brackets at one time */
#define PQ_EXPR_ITERATIONS_MAX 100000u  /* of scram(): what a hostile server may ask for */
#define PQ_EXPR_SCRATCH_MAX (16u << 20) /* a sensible maximum for `scratch` below */

/* ---- values ---------------------------------------------------------------------------------- */

enum pq_value_kind { PQ_VALUE_INT, PQ_VALUE_OCTETS, PQ_VALUE_LIST, PQ_VALUE_TRUTH };

struct pq_value {
    enum pq_value_kind kind;
    bool secret; /* made from something secret: must not be shown */
    union {
        int64_t number;
        struct pq_slice octets;
        struct {
            const struct pq_slice *lines; /* without line ends */
            size_t count;
        };
        bool truth;
    };
};

struct pq_value pq_value_int(int64_t number);
struct pq_value pq_value_octets(struct pq_slice octets);
struct pq_value pq_value_list(const struct pq_slice *lines, size_t count);
struct pq_value pq_value_truth(bool truth);
/* Equal in kind and content; values of different kinds are never equal. */
bool pq_value_equal(const struct pq_value *a, const struct pq_value *b);
/* A copy that lives in `arena`. NO_MEMORY leaves `*out` alone. */
PQ_NODISCARD enum pq_status pq_value_copy(const struct pq_value *v, struct pq_arena *arena,
                                          struct pq_value *out);
/* The octets that a value is in a line: octets as they are, an integer in decimal, in `memory`
 * (PQ_VALUE_TEXT_MAX octets). False for a list and a truth. */
#define PQ_VALUE_TEXT_MAX (PQ_U64_TEXT_MAX + 1)
bool pq_value_text(const struct pq_value *v, struct pq_buf *memory, struct pq_slice *out);
/* Appends the value for a person on one line, escaped and cut to about `room` octets; a secret is
 * written as "(secret)". */
PQ_NODISCARD enum pq_status pq_value_show(const struct pq_value *v, size_t room,
                                          struct pq_bytes *out);

/* ---- environment ----------------------------------------------------------------------------- */

/* Digests are lent by the caller, so that the language needs no cryptographic library. Each appends
 * its result to `out`, or returns a status other than OK. */
enum pq_dlg_hash { PQ_DLG_HASH_MD5, PQ_DLG_HASH_SHA1, PQ_DLG_HASH_SHA256 };
struct pq_dlg_crypto {
    enum pq_status (*digest)(enum pq_dlg_hash hash, struct pq_slice data, struct pq_buf *out);
    enum pq_status (*hmac)(enum pq_dlg_hash hash, struct pq_slice key, struct pq_slice data,
                           struct pq_buf *out);
    /* As long as the digest. */
    enum pq_status (*pbkdf2)(enum pq_dlg_hash hash, struct pq_slice password, struct pq_slice salt,
                             uint32_t iterations, struct pq_buf *out);
};

struct pq_env {
    void *ctx;
    /* The value of a name; false when it has none. What `*out` points at must outlive the call that
     * asked. May be NULL: no name has a value. */
    bool (*name)(void *ctx, struct pq_slice name, struct pq_value *out);
    /* The value of m[number].field. OK; NOT_NUMBER: there is no such message; STATE: the store
     * cannot be looked into (then the case is skipped). May be NULL, which is STATE. */
    enum pq_status (*message)(void *ctx, int64_t number, struct pq_slice field,
                              struct pq_value *out);
    const struct pq_dlg_crypto *crypto; /* NULL: md5hex, hmac_md5hex, scram are errors */
    struct pq_rand *rand;               /* NULL: rand is an error */
    struct pq_arena *scratch;           /* results live in it until the caller frees it */
};

/* ---- parsing --------------------------------------------------------------------------------- */

struct pq_expr; /* lives in the arena it was parsed into */

struct pq_expr_problem {
    size_t offset;          /* in the text: where it went wrong */
    const char *before;     /* what is wrong; `quoted` and `after` complete the sentence */
    struct pq_slice quoted; /* NULL `at`: nothing */
    const char *after;
};

/* Reads the longest expression at the front of `text`, up to its end, a `}` or a `#` (FORMAT.md,
 * EXPR), and takes it and the blanks around it off. The result keeps pointing into `*text`'s
 * octets. SYNTAX: `*problem` tells why, NO_MEMORY: the arena is full; `*text` is then left alone.
 */
PQ_NODISCARD enum pq_status pq_expr_parse(struct pq_arena *arena, struct pq_slice *text,
                                          const struct pq_expr **out,
                                          struct pq_expr_problem *problem);
/* What was parsed, without blanks around it. */
struct pq_slice pq_expr_source(const struct pq_expr *e);
/* Appends the expression in its canonical spelling. Where `names` is not NULL and gives a name a
 * value, that value is written in its place. */
PQ_NODISCARD enum pq_status pq_expr_format(const struct pq_expr *e, const struct pq_env *names,
                                           struct pq_bytes *out);
/* The n-th name that the expression uses, from 0 (m[...] is not one); false behind the last. */
bool pq_expr_name(const struct pq_expr *e, size_t n, struct pq_slice *name);

/* ---- evaluation ------------------------------------------------------------------------------ */

/* What an evaluation ends with: tag, sentence. */
#define PQ_EXPR_OUTCOME_LIST(X)                                                                    \
    X(OK, "no error")                                                                              \
    X(UNBOUND, "the name has no value")                                                            \
    X(KIND, "the value is of the wrong kind")                                                      \
    X(OVERFLOW, "the number does not fit in 64 bits")                                              \
    X(RANGE, "the argument is outside of what the function takes")                                 \
    X(FORM, "the octets do not have the form that the function reads")                             \
    X(REGEX, "the regular expression is wrong, or takes too many steps")                           \
    X(TOO_LONG, "the result is longer than its limit")                                             \
    X(NO_MESSAGE, "there is no such message")                                                      \
    X(NO_PEEK, "the store of the target cannot be looked into")                                    \
    X(NO_CRYPTO, "the digest is not available here")                                               \
    X(NO_RAND, "random octets are not available here")                                             \
    X(NO_MEMORY, "memory is exhausted or its declared maximum is reached")

enum pq_expr_outcome {
#define X(tag, text) PQ_EXPR_##tag,
    PQ_EXPR_OUTCOME_LIST(X)
#undef X
};
const char *pq_expr_outcome_text(enum pq_expr_outcome outcome);

struct pq_expr_result {
    enum pq_expr_outcome outcome;
    struct pq_value value; /* of OK */
    struct pq_slice about; /* of the rest: the name, function or operator; may be empty */
    /* The last comparison that was made, which is the one that decided a false `a == b` or
     * `a == b and c == d`: for reports. */
    bool compared;
    struct pq_value left, right;
};

/* Evaluates; `and` and `or` leave out what cannot matter. Time and memory are bounded by the limits
 * above and by `env->scratch`. True for OK. */
bool pq_expr_eval(const struct pq_expr *e, const struct pq_env *env, struct pq_expr_result *r);

/* ---- functions ------------------------------------------------------------------------------- */

/* For the documentation: name, arguments and result as text, what it gives. Row n from 0; NULL
 * behind the last. */
struct pq_function_row {
    struct pq_slice name;
    const char *signature;
    const char *help;
};
const struct pq_function_row *pq_function_row(size_t n);

#endif
