/* SPDX-License-Identifier: Apache-2.0
 * Faults of state: what the end of a session removes (RFC 1939 sections 3 and 6), and QUIT. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- removal without QUIT -------------------------------------------------------------------- */

static void remove_marked(struct pq_server *s, struct pq_fault *f)
{
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (s->maildrop.messages[i].deleted && fault_acts_on(s, f, i))
            s->stored[i]->gone = true;
}

static void dele_applies_on_drop(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_applies_on_drop);
    remove_marked(s, f);
    f->base.dropped(s);
}

const struct fault_effect effect_dele_applies_on_drop = {
    .hooks = {.dropped = dele_applies_on_drop}};

static void dele_applies_on_timeout(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_applies_on_timeout);
    if (s->now_ms >= pq_server_deadline_ms(s))
        remove_marked(s, f);
    f->base.dropped(s);
}

const struct fault_effect effect_dele_applies_on_timeout = {
    .hooks = {.dropped = dele_applies_on_timeout}};

static bool remove_at_once(struct pq_server *s, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_applies_at_once);
    if (!f->base.mark(s, number))
        return false;
    if (fault_acts_on(s, f, (size_t)number - 1))
        s->stored[number - 1]->gone = true;
    return true;
}

static void reset_what_is_left(struct pq_server *s)
{
    fault_of(s, PQ_FAULT_dele_applies_at_once)->base.reset(s);
    for (size_t i = 0; i < s->maildrop.count; i++)
        s->maildrop.messages[i].deleted = s->stored[i]->gone;
    pq_maildrop_recount(&s->maildrop);
}

const struct fault_effect effect_dele_applies_at_once = {
    .hooks = {.mark = remove_at_once, .reset = reset_what_is_left}};

/* ---- UPDATE that removes something else ------------------------------------------------------ */

static bool dele_lost_on_quit(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_lost_on_quit);
    for (size_t i = 0; i < s->maildrop.count; i++) {
        struct pq_message *m = &s->maildrop.messages[i];
        m->deleted = m->deleted && !fault_acts_on(s, f, i);
    }
    return f->base.update(s);
}

const struct fault_effect effect_dele_lost_on_quit = {.hooks = {.update = dele_lost_on_quit}};

static bool quit_applies_first_8(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_quit_applies_first_8);
    uint64_t marked = 0;
    for (size_t i = 0; i < s->maildrop.count; i++) {
        struct pq_message *m = &s->maildrop.messages[i];
        if (m->deleted && ++marked > f->values[0] && fault_fires(f))
            m->deleted = false;
    }
    return f->base.update(s);
}

const struct fault_effect effect_quit_applies_first_8 = {.hooks = {.update = quit_applies_first_8}};

static bool quit_removes_neighbour(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_quit_removes_neighbour);
    struct pq_message *messages = s->maildrop.messages;
    /* From behind, so that no mark moves twice; the last message has no neighbour. */
    for (size_t i = s->maildrop.count; i-- > 1 && !messages[0].deleted;) {
        bool last = i + 1 == s->maildrop.count;
        if (last || !messages[i].deleted || messages[i + 1].deleted || !fault_fires(f))
            continue;
        messages[i].deleted = false;
        messages[i + 1].deleted = true;
    }
    return f->base.update(s);
}

const struct fault_effect effect_quit_removes_neighbour = {
    .hooks = {.update = quit_removes_neighbour}};

static bool note_retrieved(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                           struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_quit_removes_retrieved);
    if (verb == PQ_VERB_RETR && fault_acts_on(s, f, index))
        s->stored[index]->retrieved = true;
    return f->base.body(s, verb, index, lines, wire);
}

static void forget_retrieved(struct pq_server *s)
{
    for (size_t i = 0; i < s->maildrop.count; i++)
        s->stored[i]->retrieved = false;
    fault_of(s, PQ_FAULT_quit_removes_retrieved)->base.dropped(s);
}

static bool remove_retrieved(struct pq_server *s)
{
    for (size_t i = 0; i < s->maildrop.count; i++) {
        s->maildrop.messages[i].deleted |= s->stored[i]->retrieved;
        s->stored[i]->retrieved = false;
    }
    return fault_of(s, PQ_FAULT_quit_removes_retrieved)->base.update(s);
}

const struct fault_effect effect_quit_removes_retrieved = {
    .hooks = {.body = note_retrieved, .dropped = forget_retrieved, .update = remove_retrieved}};

static bool quit_ok_on_failed_update(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_quit_ok_on_failed_update);
    return f->base.update(s) || fault_fires(f);
}

const struct fault_effect effect_quit_ok_on_failed_update = {
    .hooks = {.update = quit_ok_on_failed_update}};

/* ---- QUIT ------------------------------------------------------------------------------------ */

/* Does what QUIT does with the maildrop. */
static void update_and_close(struct pq_server *s)
{
    if (s->account)
        (void)s->behaviour->update(s);
    server_close_maildrop(s);
}

static void quit_no_reply(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_quit_no_reply);
    if (!fault_is_command(e, PQ_VERB_QUIT) || !fault_fires(f)) {
        f->base.obey(s, e);
        return;
    }
    update_and_close(s);
    pq_server_on_end(s);
}

const struct fault_effect effect_quit_no_reply = {.hooks = {.obey = quit_no_reply}};

/* Answers QUIT as if the session ended, which it does not. */
static void quit_and_stay(struct pq_server *s)
{
    if (s->account)
        (void)s->behaviour->update(s);
    server_ok(s, "bye");
    fault_set_state(s, s->account ? PQ_STATE_TRANSACTION : PQ_STATE_AUTHORIZATION);
}

static void quit_does_not_close(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_quit_does_not_close);
    if (!fault_is_command(e, PQ_VERB_QUIT) || !fault_fires(f)) {
        f->base.obey(s, e);
        return;
    }
    quit_and_stay(s);
    if (s->account && s->account->lock == s)
        s->account->lock = NULL;
}

const struct fault_effect effect_quit_does_not_close = {.hooks = {.obey = quit_does_not_close}};

/* Whether more came in one segment with the command that is obeyed now. */
static bool has_tail(const struct pq_server *s)
{
    return pq_conn_unread(&s->conn, PQ_FROM_CLIENT).len > 0;
}

static void obey_tail(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_quit_pipelined_tail_executed);
    bool quit = fault_is_command(e, PQ_VERB_QUIT) && !s->memory.quitting;
    if (quit && s->account && has_tail(s) && fault_fires(f)) {
        s->memory.quitting = true;
        quit_and_stay(s);
        return;
    }
    f->base.obey(s, e);
    if (!s->memory.quitting || pq_server_is_over(s) || has_tail(s) || s->job.kind != JOB_NONE)
        return;
    update_and_close(s);
    pq_server_on_end(s);
}

/* The tail ended in a multi-line answer. */
static void drop_behind_tail(struct pq_server *s)
{
    if (s->memory.quitting)
        (void)s->behaviour->update(s);
    fault_of(s, PQ_FAULT_quit_pipelined_tail_executed)->base.dropped(s);
}

const struct fault_effect effect_quit_pipelined_tail_executed = {
    .hooks = {.obey = obey_tail, .dropped = drop_behind_tail}};
