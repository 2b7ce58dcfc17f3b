/* SPDX-License-Identifier: Apache-2.0
 * Faults of state: RSET (RFC 1939 section 5), and what sessions that used it do later. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- marks that stay ------------------------------------------------------------------------- */

static void rset_keeps_marks(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_rset_keeps_marks);
    for (size_t i = 0; i < s->maildrop.count; i++) {
        struct pq_message *m = &s->maildrop.messages[i];
        m->deleted = m->deleted && fault_acts_on(s, f, i);
    }
    pq_maildrop_recount(&s->maildrop);
}

const struct fault_effect effect_rset_keeps_marks = {.hooks = {.reset = rset_keeps_marks}};

static void rset_clears_first_64_only(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_rset_clears_first_64_only);
    for (size_t i = 0; i < s->maildrop.count; i++) {
        struct pq_message *m = &s->maildrop.messages[i];
        m->deleted = m->deleted && i >= f->values[0] && fault_fires(f);
    }
    pq_maildrop_recount(&s->maildrop);
}

const struct fault_effect effect_rset_clears_first_64_only = {
    .hooks = {.reset = rset_clears_first_64_only}};

/* ---- sizes and numbers that are not restored ------------------------------------------------- */

static void lose_octets(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_rset_restores_count_not_size);
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (s->maildrop.messages[i].deleted && fault_acts_on(s, f, i))
            s->memory.lost_octets += s->maildrop.messages[i].octets;
    f->base.reset(s);
}

static void totals_without_lost(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    fault_of(s, PQ_FAULT_rset_restores_count_not_size)->base.totals(s, count, octets);
    *octets -= s->memory.lost_octets < *octets ? s->memory.lost_octets : *octets;
}

const struct fault_effect effect_rset_restores_count_not_size = {
    .hooks = {.reset = lose_octets, .totals = totals_without_lost}};

static void shift_numbers(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_rset_then_retr_off_by_one);
    uint64_t marked = s->maildrop.count - s->maildrop.live_count;
    if (marked >= f->values[0] && fault_fires(f))
        s->memory.shifted = true;
    f->base.reset(s);
}

static struct pq_message *find_shifted(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    const struct pq_fault *f = fault_of(s, PQ_FAULT_rset_then_retr_off_by_one);
    bool shifted = verb == PQ_VERB_RETR && s->memory.shifted && number > 0;
    struct pq_message *next = shifted ? f->base.find(s, verb, number + 1) : NULL;
    return next ? next : f->base.find(s, verb, number);
}

const struct fault_effect effect_rset_then_retr_off_by_one = {
    .hooks = {.reset = shift_numbers, .find = find_shifted}};

/* ---- before login, and for others ------------------------------------------------------------ */

static enum pq_refusal rset_in_auth_accepted(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_rset_in_auth_accepted);
    bool acts =
        fault_is_refused(e, PQ_VERB_RSET, PQ_REFUSED_STATE) && !s->account && fault_fires(f);
    return acts ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

const struct fault_effect effect_rset_in_auth_accepted = {
    .hooks = {.judge = rset_in_auth_accepted}};

static void rset_releases_lock(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_rset_releases_lock);
    f->base.reset(s);
    if (s->account && s->account->lock == s && fault_fires(f))
        s->account->lock = NULL;
}

const struct fault_effect effect_rset_releases_lock = {.hooks = {.reset = rset_releases_lock}};

/* ---- commands behind DELE and RSET ----------------------------------------------------------- */

/* Notes marks that are set and taken away again. */
static void note_marks(struct pq_server *s, const struct pq_event *e)
{
    struct fault_memory *memory = &s->memory;
    if (fault_is_command(e, PQ_VERB_RSET)) {
        memory->unmarked = memory->unmarked || memory->marked;
        memory->marked = false;
    } else if (fault_is_command(e, PQ_VERB_DELE)) {
        memory->unmarked = false;
        memory->marked = s->maildrop.live_count < s->maildrop.count;
    }
}

static bool is_late_stls(const struct pq_server *s, const struct pq_event *e)
{
    return fault_is_refused(e, PQ_VERB_STLS, PQ_REFUSED_STATE) && s->account;
}

static void obey_and_note(struct pq_server *s, struct pq_event *e)
{
    fault_of(s, PQ_FAULT_stls_accepted_after_rset)->base.obey(s, e);
    note_marks(s, e);
}

static enum pq_refusal judge_after_rset(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_accepted_after_rset);
    bool acts = is_late_stls(s, e) && s->memory.unmarked && fault_fires(f);
    return acts ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

static void accept_after_rset(struct pq_server *s)
{
    fault_accept_late_stls(s, &fault_of(s, PQ_FAULT_stls_accepted_after_rset)->base);
}

static void secured_after_rset(struct pq_server *s)
{
    fault_secure_late(s, &fault_of(s, PQ_FAULT_stls_accepted_after_rset)->base);
}

const struct fault_effect effect_stls_accepted_after_rset = {
    .hooks = {.obey = obey_and_note,
              .judge = judge_after_rset,
              .accept_stls = accept_after_rset,
              .secured = secured_after_rset}};

/* Writes what stands behind `start`, a status line, once more. */
static void repeat_answer(struct pq_server *s, size_t start)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf copy;
    pq_buf_init(&copy, memory, sizeof(memory));
    if (pq_buf_put(&copy, pq_slice_after(pq_buf_slice(&s->out), start)) &&
        pq_buf_room(&s->out) >= copy.len)
        pq_buf_put(&s->out, pq_buf_slice(&copy));
}

static void dele_rset_stls_double_reply(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_dele_rset_stls_double_reply);
    size_t start = s->out.len;
    bool twice = s->memory.twice;
    s->memory.twice = false;
    f->base.obey(s, e);
    note_marks(s, e);
    if (twice && fault_fires(f))
        repeat_answer(s, start);
    if (is_late_stls(s, e) && s->memory.unmarked) {
        s->memory.twice = true;
        s->memory.unmarked = false;
    }
}

const struct fault_effect effect_dele_rset_stls_double_reply = {
    .hooks = {.obey = dele_rset_stls_double_reply}};
