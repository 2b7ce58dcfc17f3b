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
#include "mock/faults_memory.h"
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
    PQ_FAULTS_I18N(X)                                                                              \
    PQ_FAULTS_MEMORY(X)

enum pq_fault_id {
#define X(id, name, category, text, first, second) PQ_FAULT_##id,
    PQ_FAULT_LIST(X)
#undef X
        PQ_FAULT_COUNT
};

/* ---- what a fault is made of ----------------------------------------------------------------- */

/* A line of a message, while its body is written. */
struct fault_line {
    const struct pq_fault *f;
    struct pq_bytes *wire; /* the body so far */
    struct pq_slice text;  /* without its CRLF */
    bool ended;            /* it has a CRLF: only the last line may lack it */
    bool first, last;
    bool in_body; /* it stands behind the blank line that ends the header */
};

/* A status line that the reference would send. */
struct fault_answer {
    const struct pq_command *command; /* that it answers */
    struct pq_slice line;             /* the same as it came */
    enum pq_verb verb;
    enum pq_indicator indicator;
    struct pq_slice code, text;
};

/* What a fault changes; whatever is null it leaves as it is. */
struct fault_effect {
    /* Laid over the behaviour. */
    struct pq_behaviour hooks;
    /* Whether the fault can show on a message with that content, and so whether the message counts
     * for a constant "messages". NULL: on every one, or where its `line`, `end` or `write` makes a
     * difference. */
    bool (*shows)(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content);

    /* The body that answers `verb`: how a line is written, its end included, and what follows the
     * last one; or all of it. False when memory is exhausted. */
    enum pq_verb verb;
    bool (*line)(const struct fault_line *l);
    const char *end;
    bool (*write)(const struct pq_fault *f, struct pq_slice content, struct pq_bytes *wire);

    /* What LIST and STAT say of a message that RETR sends with `size` octets. */
    uint64_t (*size)(const struct pq_fault *f, struct pq_slice content, uint64_t size);
    /* The unique-id of messages[index]; `uid` has that of the reference, and room for more. */
    void (*uid)(struct pq_server *s, struct pq_fault *f, size_t index, struct pq_buf *uid);

    /* The server accepts versions of TLS that nobody should. */
    bool old_tls;
    /* It resumes sessions of TLS. */
    bool resumes;

    /* Status lines: whether the fault can show on one, and the octets in place of it. */
    bool (*speaks)(struct pq_server *s, const struct pq_fault *f, const struct fault_answer *a);
    void (*answer)(struct pq_server *s, const struct pq_fault *f, const struct fault_answer *a);

    /* Commands: puts another line in place of `line`, and in `*then` what is obeyed behind it, if
     * anything. False: the fault cannot show on the line. */
    bool (*hears)(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                  struct pq_buf *instead, struct pq_slice *then);
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
/* The same, and the connection ends, as if the process that served it had died. */
void fault_die(struct pq_server *s);
/* Puts the session into a state to which its table has no such move. */
void fault_set_state(struct pq_server *s, enum pq_state state);

/* The hooks `accept_stls` and `secured` of faults that take STLS after login. */
void fault_accept_late_stls(struct pq_server *s, const struct pq_behaviour *base);
void fault_secure_late(struct pq_server *s, const struct pq_behaviour *base);

/* Lays the functions below over `b` where the effect has what they need. */
void fault_install(const struct fault_effect *e, struct pq_behaviour *b);
bool fault_writes_bodies(const struct fault_effect *e);
/* Whether its bodies differ from the reference on that content. */
bool fault_changes_body(const struct pq_server *s, const struct pq_fault *f,
                        struct pq_slice content);
/* The hooks of all faults that change bodies, sizes, unique-ids, status lines or commands. */
bool fault_body(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                struct pq_bytes *wire);
uint64_t fault_size(struct pq_server *s, size_t index);
void fault_totals(struct pq_server *s, uint64_t *count, uint64_t *octets);
void fault_field(struct pq_server *s, enum pq_verb verb, size_t index, struct pq_buf *line);
bool fault_reply(struct pq_server *s, enum pq_indicator indicator, struct pq_slice code,
                 struct pq_slice text);
enum pq_refusal fault_judge(struct pq_server *s, struct pq_event *e);

/* ---- status lines ---------------------------------------------------------------------------- */

/* Appends the status line of the reference to what is sent. */
void fault_put_answer(struct pq_server *s, const struct fault_answer *a);
/* The same with another response code and text. */
void fault_put_answer_of(struct pq_server *s, enum pq_indicator indicator, const char *code,
                         struct pq_slice text);
/* The same without its CRLF. */
struct pq_slice fault_answer_text(const struct fault_answer *a, struct pq_buf *memory);

/* ---- content --------------------------------------------------------------------------------- */

/* Takes the first line off the front of `*rest`, its CRLF included if it has one. */
struct pq_slice fault_line(struct pq_slice *rest);
/* The same without the CRLF. */
struct pq_slice fault_line_text(struct pq_slice line);
bool fault_ends_in_crlf(struct pq_slice s);
/* Each appends; false when memory is exhausted. */
bool fault_put(struct pq_bytes *wire, struct pq_slice octets);
/* A line with a second dot in front when it begins with one, and with CRLF. */
bool fault_put_dotted(struct pq_bytes *wire, struct pq_slice text); /* no CRLF */
bool fault_put_stuffed(struct pq_bytes *wire, struct pq_slice text);
bool fault_put_line(struct pq_bytes *wire, struct pq_slice text);
/* A whole body as the reference writes it, with `end` behind the last line. */
bool fault_put_body(struct pq_bytes *wire, struct pq_slice content, const char *end);
#define FAULT_END ".\r\n"

#endif
