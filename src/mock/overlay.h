/* SPDX-License-Identifier: Apache-2.0
 *
 * Dialogues in the server's role: what each connection of a client is to meet, and what is judged
 * of the client. A dialogue with steps is played in their order; `@on`, `@fault` and `@capa` lay
 * over what the reference server does, and `@never` watches. src/dialogue/FORMAT.md, section 12,
 * says what each word means here.
 */
#ifndef PQ_MOCK_OVERLAY_H
#define PQ_MOCK_OVERLAY_H

#include "dialogue/player/outcome.h"
#include "mock/fault.h"

/* Dialogues of one server; each row of a matrix is one. */
#define PQ_OVERLAYS_MAX 1000u
/* Parts of one dialogue that have faults of their own: the whole of it, and each @on. */
#define PQ_OVERLAY_PLANS_MAX 17u
/* The share of a fault that acts in every case, in millionths. */
#define PQ_OVERLAY_ALWAYS UINT64_C(1000000)
#define PQ_OVERLAY_LINE_MAX (64u << 10)  /* octets of a client's line, CRLF included */
#define PQ_OVERLAY_OUTPUT_MAX (4u << 20) /* octets that wait to be sent */
/* How long the client may take for a line where the dialogue does not say it. */
#define PQ_OVERLAY_PATIENCE_MS 30000u

struct pq_mock;

/* Faults of a part of the dialogue: it is the whole (`on` NULL), or an @on. */
struct pq_overlay_plan {
    const struct pq_dlg_item *on;
    struct pq_fault_plan faults;
    struct pq_behaviour behaviour;         /* what the faults were laid over */
    uint64_t shares[PQ_FAULTS_ACTIVE_MAX]; /* in how many of a million cases it acts */
};

/* One row of a file, ready to be played on one connection after the other. */
struct pq_overlay {
    struct pq_dlg dlg;
    struct pq_slice name; /* the id of the row */
    struct pq_bytes text; /* what it was parsed from */
    bool strict;          /* it has steps: the dialogue speaks first */
    bool follows;         /* @fallback in a section: the server answers what it does not expect */
    bool watches;         /* it has @on or @never: every line is looked at */
    bool tls;             /* it starts TLS */
    struct pq_overlay_plan *plans;
    size_t plan_count;
    const char *capabilities[2][2]; /* of @capa, as in struct pq_mock_config */
    size_t played;                  /* connections that had it */
};

/* What one connection came to. Texts are one line each, printable, with secrets masked. */
struct pq_overlay_outcome {
    struct pq_slice name;
    uint64_t connection; /* counted from 1; 0: there was none */
    enum pq_verdict verdict;
    enum pq_dlg_section_kind section;
    uint32_t line; /* of the file; 0: none */
    uint64_t used; /* lines of the client that the dialogue took or judged */
    char branch[PQ_OUTCOME_BRANCH_MAX];
    char why[PQ_OUTCOME_TEXT_MAX];
    char expected[PQ_OUTCOME_TEXT_MAX];
    char actual[PQ_OUTCOME_TEXT_MAX];
};

/* All dialogues of a server: the n-th connection has the n-th, and all further ones the last. */
struct pq_overlays {
    struct pq_overlay **each;
    size_t count;
    uint64_t connections;
    uint64_t seed;
    uint64_t gap_ms; /* between two writes, so that they arrive as two */
    enum pq_verdict worst;
    /* Told when a connection has ended; may be NULL. */
    void (*verdict)(void *ctx, const struct pq_overlay_outcome *outcome);
    void *ctx;
    struct pq_alloc alloc;
};

void pq_overlays_init(struct pq_overlays *o, struct pq_alloc alloc, uint64_t seed);
void pq_overlays_free(struct pq_overlays *o);
/* Adds the rows of a file, of which `name` is told in errors. What they say lies over the behaviour
 * and the faults that `mock` has now. SYNTAX: `*why` has the line and what is wrong with it. */
PQ_NODISCARD enum pq_status pq_overlays_add(struct pq_overlays *o, const char *name,
                                            struct pq_slice text, const struct pq_mock *mock,
                                            struct pq_why *why);
/* Whether one of them starts TLS. */
bool pq_overlays_want_tls(const struct pq_overlays *o);
/* Gives the account "user" the messages that the header of the first file with `mailbox:` names.
 * False: there is none. NO_MEMORY goes to `*status`. */
struct pq_store;
struct pq_account;
bool pq_overlays_fill(const struct pq_overlays *o, struct pq_store *store, struct pq_account *a,
                      enum pq_status *status);
/* Tells a verdict (inconclusive) for each that no connection had. */
void pq_overlays_end(struct pq_overlays *o);

#endif
