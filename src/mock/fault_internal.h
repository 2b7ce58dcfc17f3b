/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of faults, and what the files faults_<category>.c share. A new fault is a row in
 * faults_<category>.h and its `effect_NAME` in a file of that name.
 */
#ifndef PQ_MOCK_FAULT_INTERNAL_H
#define PQ_MOCK_FAULT_INTERNAL_H

#include "mock/fault.h"
#include "mock/faults_counting.h"
#include "mock/faults_framing.h"
#include "mock/faults_i18n.h"
#include "mock/faults_limits.h"
#include "mock/faults_sasl.h"
#include "mock/faults_state.h"
#include "mock/faults_timing.h"
#include "mock/faults_tls.h"

/* ---- the list -------------------------------------------------------------------------------- */

/* Constants: none; which messages; a number in a range with three choices for the seed. */
#define NONE                                                                                       \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define WHICH                                                                                      \
    {                                                                                              \
        .name = "messages", .which = true, .least = 1, .most = UINT32_MAX, .choices = {            \
            PQ_WHICH_ALL,                                                                          \
            PQ_WHICH_ODD,                                                                          \
            PQ_WHICH_EVEN                                                                          \
        }                                                                                          \
    }
#define NUMBER(constant, from, to, a, b, c)                                                        \
    {                                                                                              \
        .name = (constant), .least = (from), .most = (to), .choices = {(a), (b), (c) }             \
    }

/* Each row: identifier, name, category, what the server does wrong, its constants. */
#define PQ_FAULT_LIST(X)                                                                           \
    PQ_FAULTS_FRAMING(X)                                                                           \
    PQ_FAULTS_STATE(X)                                                                             \
    PQ_FAULTS_TIMING(X)                                                                            \
    PQ_FAULTS_COUNTING(X)                                                                          \
    PQ_FAULTS_TLS(X)                                                                               \
    PQ_FAULTS_SASL(X)                                                                              \
    PQ_FAULTS_LIMITS(X)                                                                            \
    PQ_FAULTS_I18N(X)

enum pq_fault_id {
#define X(id, name, category, text, first, second) PQ_FAULT_##id,
    PQ_FAULT_LIST(X)
#undef X
        PQ_FAULT_COUNT
};

/* ---- what a fault is made of ----------------------------------------------------------------- */

struct fault_effect {
    /* Laid over the behaviour; null where the fault changes nothing. */
    struct pq_behaviour hooks;
    /* Whether the fault can show on a message with that content, and so whether the message counts
     * for a constant "messages". NULL: on every message. */
    bool (*shows)(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content);
    /* Writes the body of the command `verb` about such a message in its own way, terminator
     * included; false when memory is exhausted. NULL: bodies are not its matter. */
    enum pq_verb verb;
    bool (*write)(const struct pq_fault *f, struct pq_slice content, struct pq_bytes *wire);
};

#define X(id, name, category, text, first, second) extern const struct fault_effect effect_##id;
PQ_FAULT_LIST(X)
#undef X

/* ---- for the functions of a fault, which is then active -------------------------------------- */

struct pq_fault *fault_of(const struct pq_server *s, enum pq_fault_id id);
/* Counts an occasion and tells whether the fault acts on it. */
bool fault_fires(struct pq_fault *f);
/* Whether messages[index] is one of those that the fault affects. */
bool fault_covers(const struct pq_server *s, const struct pq_fault *f, size_t index);
/* Both. */
bool fault_acts_on(const struct pq_server *s, struct pq_fault *f, size_t index);
/* Whether `e` is that command, and may be obeyed. */
bool fault_is_command(const struct pq_event *e, enum pq_verb verb);
/* Whether `e` is that command, well-formed, and refused for that reason. */
bool fault_is_refused(const struct pq_event *e, enum pq_verb verb, enum pq_refusal refusal);
/* Whether a login that `e` (of which only kind and verb are looked at) tried or went on with has
 * failed: to be asked when it was answered. */
bool fault_login_failed(const struct pq_server *s, const struct pq_event *e);
/* Obeys nothing and answers nothing; the session goes on. */
void fault_stay_silent(struct pq_server *s);
/* Puts the session into a state to which its table has no such move. */
void fault_set_state(struct pq_server *s, enum pq_state state);

/* The hooks `accept_stls` and `secured` of faults that take STLS after login. */
void fault_accept_late_stls(struct pq_server *s, const struct pq_behaviour *base);
void fault_secure_late(struct pq_server *s, const struct pq_behaviour *base);

/* The hook `body` of all faults that have `write`. */
bool fault_body(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                struct pq_bytes *wire);

/* ---- content --------------------------------------------------------------------------------- */

/* Takes the first line off the front of `*rest`, its CRLF included if it has one. */
struct pq_slice fault_line(struct pq_slice *rest);
/* The same without the CRLF. */
struct pq_slice fault_line_text(struct pq_slice line);
bool fault_has_dot_line(const struct pq_server *s, const struct pq_fault *f,
                        struct pq_slice content);
bool fault_has_octets(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content);
/* Each appends; false when memory is exhausted. */
bool fault_put(struct pq_bytes *wire, struct pq_slice octets);
/* With a second dot in front when it begins with one. */
bool fault_put_stuffed(struct pq_bytes *wire, struct pq_slice line);
/* Every line of `content` so. */
bool fault_put_lines(struct pq_bytes *wire, struct pq_slice content);
/* CRLF unless `content` ends with it or is empty. */
bool fault_put_last_crlf(struct pq_bytes *wire, struct pq_slice content);
/* The same and the terminator. */
bool fault_put_end(struct pq_bytes *wire, struct pq_slice content);

#endif
