/* SPDX-License-Identifier: Apache-2.0
 *
 * A dialogue that is played on one connection: it stands between the client and the session of the
 * reference server. Every line of the client comes here first; what the dialogue answers, the
 * session hears unseen, so that it knows where it stands.
 */
#ifndef PQ_MOCK_ACTOR_H
#define PQ_MOCK_ACTOR_H

#include "dialogue/player/bindings.h"
#include "dialogue/cut.h"
#include "dialogue/template.h"
#include "mock/overlay.h"
#include "mock/server_internal.h"

enum actor_frame_kind { ACTOR_LIST, ACTOR_CASE, ACTOR_BATCH, ACTOR_ON };

struct actor_frame {
    enum actor_frame_kind kind;
    const struct pq_dlg_item *next; /* NULL: the end was reached */
    const struct pq_dlg_item *item; /* the directive; NULL: a section */
};

#define ACTOR_FRAMES_MAX ((size_t)2 * (PQ_DLG_NESTING_MAX + 2))
#define ACTOR_WRITES_MAX 65536u /* that wait to be sent */
#define ACTOR_NEVER UINT64_MAX

/* Octets that wait to be sent, as writes. */
struct actor_out {
    struct pq_bytes octets;
    uint32_t *lens; /* of the writes, `count` of them, in `room` */
    size_t count, room;
    uint64_t not_before_ms; /* the gap behind the last write */
    bool lent;              /* the last write that was offered is one of these */
};

struct actor {
    struct pq_server *s;
    struct pq_overlays *all;
    struct pq_overlay *v;
    struct pq_overlay_plan *plans; /* a copy: faults remember what they did */
    struct pq_bindings names;
    struct pq_bindings_mark mark; /* of the @on that runs */
    struct actor_frame frames[ACTOR_FRAMES_MAX];
    size_t depth;
    enum pq_dlg_section_kind section;
    bool begun;  /* the state that the header asks for was reached */
    bool played; /* there is no further step */
    bool gone;   /* the connection has ended, by us or by the client */

    struct pq_bytes line;  /* of the client, not complete */
    struct pq_bytes heard; /* the last one that was: `event` points into it */
    bool has_event;        /* the session has read the line and nobody has answered it */
    struct pq_event event;
    struct job held; /* what the session would send behind its status line */

    struct actor_out out;
    struct pq_cut cut;
    size_t batch_from; /* where the octets of the @batch begin */
    size_t batches;

    const struct pq_dlg_item *waits; /* what is waited for, */
    uint64_t since_ms;               /* since when */
    uint64_t within_ms, notbefore_ms;
    const struct pq_dlg_item *tls, *tls_done; /* the @tls that runs, and the last that did */

    bool half_closed, reset, cut_tls, wants_tls;
    bool acted; /* an @on or a @never met a line */
    struct pq_overlay_outcome outcome;
};

/* ---- for the files of the actor -------------------------------------------------------------- */

void actor_enter(struct actor *a, enum actor_frame_kind kind, const struct pq_dlg_item *items,
                 const struct pq_dlg_item *item);
/* What is played next, or NULL. */
const struct pq_dlg_item *actor_next(const struct actor *a);
/* The step that was waited for is done. */
void actor_advance(struct actor *a);
/* The faults of an @on act from here on. */
void actor_begin_on(struct actor *a, const struct pq_dlg_item *on);
/* Leaves every frame: what follows is the next section. */
void actor_end_section(struct actor *a);
/* Plays what can be played now. */
void actor_run(struct actor *a);
/* Begins to wait for `item`, or goes on; since how many ms. */
uint64_t actor_waited(struct actor *a, const struct pq_dlg_item *item);

/* actor_do.c: plays one item; false: it has to wait. */
bool actor_play(struct actor *a, const struct pq_dlg_item *item);
/* When `item` is over, if nothing happens. */
uint64_t actor_until(const struct actor *a, const struct pq_dlg_item *item);
/* The time of actor_until() has come. */
void actor_on_patience(struct actor *a, const struct pq_dlg_item *item);

/* actor_say.c */
void actor_say(struct actor *a, const struct pq_dlg_item *item);
void actor_say_octets(struct actor *a, const struct pq_dlg_item *item, struct pq_slice octets);
void actor_batch_end(struct actor *a, const struct pq_dlg_item *item);

/* actor_hear.c */
bool actor_bind(struct actor *a, const struct pq_dlg_item *item, const struct pq_capture *captures,
                size_t count);
void actor_choose(struct actor *a, const struct pq_dlg_item *a_case, const char *actual);
/* The case that begins with the directive `what`, or NULL. */
const struct pq_dlg_item *actor_case_with(const struct pq_dlg_item *match, enum pq_dlg_do what);
const struct pq_dlg_item *actor_case_head(const struct pq_dlg_item *a_case);
/* A @case was played to its end. */
void actor_case_end(struct actor *a, const struct pq_dlg_item *a_case);
/* What the session is told of an answer that begins so, if a line waits for one. */
void actor_tell(struct actor *a, struct pq_slice answer);
/* The line has been answered, and if by nothing: the session goes on as if by -ERR. */
void actor_settle(struct actor *a);

/* actor_judge.c */
/* Records a finding; one that is worse than a warning ends the dialogue, unless it is of @never. */
void actor_record(struct actor *a, const struct pq_dlg_item *item, enum pq_verdict verdict,
                  const char *why, const char *actual);
void actor_judge(struct actor *a, const struct pq_dlg_item *item, enum pq_verdict verdict,
                 const char *why, const char *actual);
void actor_fail(struct actor *a, const struct pq_dlg_item *item, const char *why,
                const char *actual);
void actor_expr_failed(struct actor *a, const struct pq_dlg_item *item,
                       enum pq_expr_outcome outcome, struct pq_slice about);
enum pq_verdict actor_verdict_of(const struct pq_dlg_item *item);
/* The WHY of a directive as a C string. */
#define ACTOR_TEXT_MAX PQ_OUTCOME_TEXT_MAX
void actor_why(const struct pq_dlg_item *item, char *text);
/* What the client said, to be shown: no secret is in it. `text` has ACTOR_TEXT_MAX octets. */
void actor_show(const struct actor *a, struct pq_slice octets, char *text);
void actor_finish(struct actor *a);

#endif
