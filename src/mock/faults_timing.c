/* SPDX-License-Identifier: Apache-2.0
 * Faults of timing: the autologout timer, answers that wait, and what a refused login tells by its
 * stage, text and time (RFC 1939 sections 3 and 13). */
#include "base/digest.h"
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- the autologout timer -------------------------------------------------------------------- */

static uint64_t idle_timeout_60s(const struct pq_server *s)
{
    return fault_of(s, PQ_FAULT_idle_timeout_60s)->values[0] * 1000;
}

const struct fault_effect effect_idle_timeout_60s = {.hooks = {.idle_limit_ms = idle_timeout_60s}};

static bool idle_timer_not_reset(struct pq_server *s)
{
    (void)s;
    return false;
}

const struct fault_effect effect_idle_timer_not_reset = {
    .hooks = {.restarts_idle = idle_timer_not_reset}};

/* ---- names that are unknown ------------------------------------------------------------------ */

static bool is_known(const struct pq_server *s, struct pq_slice name)
{
    return pq_store_find(&s->mock->store, name) != NULL;
}

static void user_unknown_err(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_user_unknown_err);
    bool user = fault_is_command(e, PQ_VERB_USER) && s->mock->config.user;
    if (user && !is_known(s, e->command.args[0]) && fault_fires(f))
        server_refuse_credentials(s);
    else
        f->base.obey(s, e);
}

const struct fault_effect effect_user_unknown_err = {.hooks = {.obey = user_unknown_err}};

/* Whether `e` is PASS, and whether its name is known. */
static bool is_pass_for(const struct pq_server *s, const struct pq_event *e, bool known)
{
    return fault_is_command(e, PQ_VERB_PASS) &&
           is_known(s, pq_slice_of(s->user, s->user_len)) == known;
}

static void unknown_user_other_text(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_unknown_user_other_text);
    uint8_t memory[256];
    struct pq_buf text;
    if (!is_pass_for(s, e, false) || !fault_fires(f)) {
        f->base.obey(s, e);
        return;
    }
    pq_buf_init(&text, memory, sizeof(memory));
    pq_buf_put_text(&text, "invalid name or");
    for (uint64_t i = 0; i <= f->values[0]; i++)
        pq_buf_put_octet(&text, ' ');
    pq_buf_put_text(&text, "password");
    pq_buf_put_octet(&text, 0);
    server_err(s, "AUTH", (const char *)memory);
}

const struct fault_effect effect_unknown_user_other_text = {
    .hooks = {.obey = unknown_user_other_text}};

/* A password that is stored as the digest of a digest of a digest. */
static void unknown_user_faster(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_unknown_user_faster);
    struct pq_digest digest = {.len = 0};
    if (is_pass_for(s, e, true) && fault_fires(f))
        for (uint64_t i = 0; i < f->values[0]; i++)
            if (pq_hash_digest(PQ_HASH_SHA256, pq_digest_slice(&digest), &digest) != PQ_STATUS_OK)
                break;
    f->base.obey(s, e);
}

const struct fault_effect effect_unknown_user_faster = {.hooks = {.obey = unknown_user_faster}};

/* ---- answers that take long ------------------------------------------------------------------ */

static uint64_t count_equal_ids(const struct pq_server *s, size_t index)
{
    uint64_t count = 0;
    for (size_t i = 0; i < s->maildrop.count; i++)
        count += pq_slice_equal(s->maildrop.messages[i].uid, s->maildrop.messages[index].uid);
    return count;
}

static uint64_t uidl_quadratic(struct pq_server *s, enum pq_verb verb, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_uidl_quadratic);
    uint64_t equal = 1;
    if (verb == PQ_VERB_UIDL && fault_fires(f))
        for (uint64_t i = 0; i < f->values[0]; i++)
            equal += count_equal_ids(s, index);
    /* Every message has its own id, so the count is used and changes nothing. */
    return f->base.number(s, verb, index) + (equal == 0 ? 1 : 0);
}

const struct fault_effect effect_uidl_quadratic = {.hooks = {.number = uidl_quadratic}};

/* ---- answers that wait ----------------------------------------------------------------------- */

static void note_command(struct pq_server *s, struct pq_event *e)
{
    s->memory.sent_ms = s->now_ms;
    s->memory.stalled = false;
    fault_of(s, PQ_FAULT_slow_reader_stall)->base.obey(s, e);
}

static bool slow_reader_stall(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_slow_reader_stall);
    bool slow = s->job.kind != JOB_NONE && s->now_ms - s->memory.sent_ms >= f->values[0];
    s->memory.sent_ms = s->now_ms;
    if (slow && fault_fires(f))
        s->memory.stalled = true;
    return !s->memory.stalled && f->base.resumes(s);
}

const struct fault_effect effect_slow_reader_stall = {
    .hooks = {.obey = note_command, .resumes = slow_reader_stall}};

/* The next command is there when octets of the client wait. */
static bool terminator_delayed(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_terminator_delayed);
    bool content = s->job.verb == PQ_VERB_RETR || s->job.verb == PQ_VERB_TOP;
    bool alone = pq_conn_unread(&s->conn, PQ_FROM_CLIENT).len == 0;
    return !(content && alone && fault_fires(f)) && f->base.ends(s);
}

const struct fault_effect effect_terminator_delayed = {.hooks = {.ends = terminator_delayed}};
