/* SPDX-License-Identifier: Apache-2.0
 *
 * The player's machine and what its parts share. Items are played one after the other; what stands
 * inside of a block, and a prelude, is a frame on a stack. A finding that ends the section sets
 * `over`, and every part returns at once.
 */
#ifndef PQ_DIALOGUE_PLAYER_PLAY_INTERNAL_H
#define PQ_DIALOGUE_PLAYER_PLAY_INTERNAL_H

#include "dialogue/player/conns.h"
#include "dialogue/player/bindings.h"
#include "dialogue/player/run.h"
#include "dialogue/template.h"

/* ---- the machine ----------------------------------------------------------------------------- */

enum frame_kind {
    FRAME_LIST,  /* the items of a section, of @if or @else */
    FRAME_CASE,  /* those of a @case that was chosen */
    FRAME_GROUP, /* those of @batch or @race */
    FRAME_LOGIN, /* those of the prelude */
};

struct frame {
    enum frame_kind kind;
    struct pq_dlg_item *next;       /* NULL: the end was reached */
    const struct pq_dlg_item *item; /* of CASE and GROUP: the directive */
};

/* Frames of a prelude stand on those of the file. */
#define FRAMES_MAX ((size_t)2 * (PQ_DLG_NESTING_MAX + 2))

/* A write that waits to be sent. */
struct write {
    uint32_t end;   /* its end in the outbox; it begins where the one before ends */
    uint32_t group; /* those of one group on one connection may be joined */
    uint8_t conn;
    bool boundary; /* a `\|` stands before it */
};

struct outbox {
    struct pq_bytes octets;
    struct write *writes; /* PQ_RUN_WRITES_MAX of them at most, in `room` */
    size_t count, room;
    uint32_t group;
};

/* A login that is under way. */
struct login {
    bool active;
    bool settles;                   /* only to see whether the maildrop is free */
    uint8_t conn;                   /* that of the prelude's connection 1 */
    const struct pq_dlg_item *item; /* the directive; NULL: the header asks for it */
    size_t depth;                   /* of the frame */
    struct pq_bindings_mark mark;
    uint64_t left_ms, pause_ms; /* of settling */
    bool failed;
    char why[PQ_OUTCOME_TEXT_MAX];
};

/* What @within and @notbefore said about the next answer; 0: nothing. */
struct bounds {
    uint64_t within_ms, notbefore_ms;
};

struct pq_play {
    const struct pq_run *run;
    struct pq_outcome *out;
    struct pq_mask *mask;
    struct pq_conns conns;
    struct pq_bindings names;
    enum pq_dlg_section_kind section;
    bool over;       /* the section has ended */
    bool lost;       /* and not as its author hoped */
    bool given_lost; /* [given] failed: nothing that follows can be judged */
    bool test_cut;   /* [test] did not reach its end: later names may have no value */
    bool own_tls;    /* the file starts TLS itself */
    bool login_own_tls;
    const struct pq_dlg_item *item; /* that is played now */
    struct frame frames[FRAMES_MAX];
    size_t depth;
    size_t groups;  /* GROUP frames on the stack */
    size_t batches; /* those of @batch */
    struct outbox outbox;
    struct login login;
    struct bounds bounds;
    uint64_t granted_ms; /* the last patience: for reports */
    struct pq_cut cut;
    bool cut_said; /* by @segment */
};

/* Puts a frame on the stack. */
void play_enter(struct pq_play *p, enum frame_kind kind, struct pq_dlg_item *items,
                const struct pq_dlg_item *item);
/* The connection that a step or directive means: a prelude's connection 1 can be any. */
unsigned play_conn(const struct pq_play *p, unsigned conn);
/* Whether the connection is open; if not, the case is in error. */
bool play_is_open(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn);
uint64_t play_patience(const struct pq_play *p);
/* The same with what a directive says of its own: patience is only ever raised. */
struct pq_patience play_patience_of(struct pq_play *p, uint64_t least_ms);

/* ---- findings (verdict.c) -------------------------------------------------------------------- */

/* A line of text that is put together, cut when it does not fit. */
struct line {
    char at[PQ_OUTCOME_TEXT_MAX];
    size_t len;
};
void line_clear(struct line *l);
void line_put(struct line *l, const char *text);
void line_put_slice(struct line *l, struct pq_slice text);
void line_put_u64(struct line *l, uint64_t number);
/* Octets in quotation marks, escaped, cut in the middle of nowhere with "..." behind. */
void line_put_octets(struct line *l, struct pq_slice octets);

/* `why` and `actual` may be NULL. Each applies the rules of blame: in [given] and in a prelude a
 * failure is inconclusive. */
void play_pass(struct pq_play *p, const struct pq_dlg_item *item);
/* Records a finding; the section goes on. */
void play_record(struct pq_play *p, const struct pq_dlg_item *item, enum pq_verdict verdict,
                 const char *why, const char *actual);
/* The same; anything worse than WARN ends the section. */
void play_verdict(struct pq_play *p, const struct pq_dlg_item *item, enum pq_verdict verdict,
                  const char *why, const char *actual);
void play_fail(struct pq_play *p, const struct pq_dlg_item *item, const char *why,
               const char *actual);
void play_skip(struct pq_play *p, const struct pq_dlg_item *item, enum pq_skip skip,
               const char *why);
/* An expression, or a template because of one, has no value. */
void play_expr_failed(struct pq_play *p, const struct pq_dlg_item *item,
                      enum pq_expr_outcome outcome, struct pq_slice about);
/* What a wire came to where an answer was due; not for OK and TIMEOUT. */
void play_ended(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                enum pq_wire_result result);

/* ---- sending (send.c) ------------------------------------------------------------------------ */

void play_send_step(struct pq_play *p, const struct pq_dlg_item *item);
void play_group_begin(struct pq_play *p, const struct pq_dlg_item *item);
void play_group_end(struct pq_play *p, const struct pq_dlg_item *item);
/* One line of the player's own. */
void play_send_text(struct pq_play *p, unsigned conn, const char *line);

/* ---- receiving (receive.c) ------------------------------------------------------------------- */

/* What is waited for; a reply has one line, or ends with the terminator. */
enum awaited { AWAIT_LINE, AWAIT_TERMINATOR, AWAIT_CLOSE };

void play_receive_step(struct pq_play *p, const struct pq_dlg_item *item);
/* The next line. False: a finding says why there is none. */
bool play_await_line(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                     enum awaited what, struct pq_incoming *line);
/* Takes off one leading dot when more follows. */
struct pq_slice play_unstuff(struct pq_slice line);
/* A line and a template could not be compared. */
void play_match_failed(struct pq_play *p, const struct pq_dlg_item *item, struct pq_slice line,
                       const struct pq_match *m);
/* Binds what a line gave values to. False: no room, and a finding. */
bool play_bind_captures(struct pq_play *p, const struct pq_dlg_item *item,
                        const struct pq_capture *captures, size_t count);
/* Checks the answer that has just begun against @within and @notbefore. */
bool play_check_bounds(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn);
void play_do_body(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_eof(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_silence(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_fence(struct pq_play *p, const struct pq_dlg_item *item);

/* ---- missing answers (barrier.c) ------------------------------------------------------------- */

/* Nothing came in time: finds out whose fault that is. */
void play_barrier(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                  enum awaited what);
void play_do_expect(struct pq_play *p, const struct pq_dlg_item *item);

/* ---- alternatives (match.c) ------------------------------------------------------------------ */

/* What a @case looks for; the parser guarantees that there is one. */
static inline struct pq_dlg_item *play_case_head(const struct pq_dlg_item *a_case)
{
    struct pq_dlg_item *item = pq_dlg_item_active(a_case->directive.body);
    while (!item->look)
        item = pq_dlg_item_active(item->next);
    return item;
}

/* The @case at or behind `from` in its list, or NULL. */
static inline const struct pq_dlg_item *play_next_case(const struct pq_dlg_item *from)
{
    while (from && !pq_dlg_item_is(from, PQ_DLG_DO_CASE))
        from = from->next;
    return from;
}

void play_do_match(struct pq_play *p, const struct pq_dlg_item *item);
void play_case_end(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_if(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_assert(struct pq_play *p, const struct pq_dlg_item *item);

/* ---- connections and TLS (open.c) ------------------------------------------------------------ */

/* What `state:` of the header asks for. */
void play_enter_state(struct pq_play *p);
void play_do_connect(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_tls(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_facts(struct pq_play *p, const struct pq_dlg_item *item);
/* The options of an @tls with hello=raw. */
struct pq_wire_tls_options play_tls_options(const struct pq_dlg_item *item);
bool play_has_tls(const struct pq_dlg *dlg);

/* ---- logins (login.c) ------------------------------------------------------------------------ */

void play_login(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn);
void play_do_login(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_settle(struct pq_play *p, const struct pq_dlg_item *item);
/* The prelude reached its end, or failed: `p->login.failed`. */
void play_login_end(struct pq_play *p);

/* ---- what only the runner can do (asks.c) ---------------------------------------------------- */

void play_peek(void *play);
void play_do_deliver(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_reset(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_peek(struct pq_play *p, const struct pq_dlg_item *item);
void play_do_wait(struct pq_play *p, const struct pq_dlg_item *item);

/* ---- all directives (directive.c) ------------------------------------------------------------ */

void play_directive(struct pq_play *p, const struct pq_dlg_item *item);

#endif
