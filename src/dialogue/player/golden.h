/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden records: what the other side did in runs of a dialogue, and what the judge must make of
 * it. GOLDEN.md defines the text. script.h plays a record, recorder.h writes one.
 */
#ifndef PQ_DIALOGUE_PLAYER_GOLDEN_H
#define PQ_DIALOGUE_PLAYER_GOLDEN_H

#include "dialogue/player/wire.h"

/* ---- limits, each an error of its own -------------------------------------------------------- */

#define PQ_GOLDEN_FORMAT 1u
#define PQ_GOLDEN_TEXT_MAX (8u << 20)    /* octets of a file */
#define PQ_GOLDEN_MEMORY_MAX (64u << 20) /* octets of what was read */
#define PQ_GOLDEN_EVENTS_MAX 200000u     /* events of a run */

/* ---- the tree -------------------------------------------------------------------------------- */

/* tag, the word at the front of its line */
#define PQ_GOLDEN_EVENT_LIST(X)                                                                    \
    X(DATA, "<")          /* `octets` came */                                                      \
    X(SENT, ">")          /* something was sent: parts what came before from what came behind */   \
    X(CONNECT, "connect") /* `result` */                                                           \
    X(END, "")            /* `result`: its own word stands at the front */                         \
    X(TLS, "tls")         /* `tls` */                                                              \
    X(FACT, "fact")       /* `octets`: what TLS has shown; those in a row are one answer */        \
    X(TOOK, "took")       /* `number` milliseconds were measured */                                \
    X(ANSWER, "answer")   /* `answer` to `ask`, why in `octets` */                                 \
    X(STORED, "stored")   /* a message of the answer before it */

enum pq_golden_kind {
#define X(tag, word) PQ_GOLDEN_##tag,
    PQ_GOLDEN_EVENT_LIST(X)
#undef X
};

struct pq_golden_event {
    struct pq_golden_event *next;
    enum pq_golden_kind kind;
    uint8_t conn;
    enum pq_wire_result result;
    enum pq_wire_tls tls;
    enum pq_ask_what ask;
    enum pq_answer_kind answer;
    uint64_t number;
    struct pq_slice octets;
    struct pq_peeked stored;
};

/* A line of the header or of `vars:`. */
struct pq_golden_pair {
    struct pq_golden_pair *next;
    struct pq_slice name, value;
};

struct pq_golden_run {
    struct pq_golden_run *next;
    struct pq_dlg_at at;
    struct pq_slice name;              /* of the row of the dialogue: id or id[axis=value,...] */
    struct pq_slice outcome;           /* the word of a verdict */
    struct pq_slice branch;            /* may be empty */
    const struct pq_golden_pair *rows; /* requirement and word of a verdict */
    const struct pq_golden_pair *vars;
    const struct pq_golden_event *events;
    size_t count; /* of events */
};

struct pq_golden {
    struct pq_slice file;  /* the dialogue, relative to the folder of the record */
    struct pq_slice login; /* the prelude, likewise; empty: the one that is built in */
    const struct pq_golden_run *runs;
    struct pq_dlg_problems problems;
    struct pq_arena arena; /* everything above lives in it */
};

/* Reads a whole file; total over any octets. Fills `*g` in every case; pq_golden_free() must
 * follow. SYNTAX: `g->problems` tells why. NO_MEMORY: the allocator refused. `text` is not needed
 * afterwards. */
PQ_NODISCARD enum pq_status pq_golden_parse(struct pq_golden *g, struct pq_slice text,
                                            struct pq_alloc alloc);
void pq_golden_free(struct pq_golden *g);

/* The value of a variable of the run; false when it was not said. */
bool pq_golden_var(const struct pq_golden_run *run, const char *name, struct pq_slice *out);

#endif
