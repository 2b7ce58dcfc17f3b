/* SPDX-License-Identifier: Apache-2.0
 * Faults of STLS (RFC 2595 section 4). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- what was said in clear ------------------------------------------------------------------ */

static enum pq_leftover keep_leftover(struct pq_server *s, struct pq_slice octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_keeps_buffered_plaintext);
    return fault_fires(f) ? PQ_LEFTOVER_KEEP : f->base.leftover(s, octets);
}

const struct fault_effect effect_stls_keeps_buffered_plaintext = {
    .hooks = {.leftover = keep_leftover}};

static void keep_user(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_keeps_user);
    if (s->user_len > 0 && fault_fires(f))
        fault_set_state(s, PQ_STATE_USER);
    else
        f->base.secured(s);
}

const struct fault_effect effect_stls_keeps_user = {.hooks = {.secured = keep_user}};

/* ---- STLS where it is refused ---------------------------------------------------------------- */

static bool is_stls(const struct pq_event *e, enum pq_refusal refusal)
{
    return e->kind == PQ_EVENT_COMMAND && e->verb == PQ_VERB_STLS && e->refusal == refusal;
}

static bool is_logged_in(const struct pq_server *s)
{
    return s->conn.session.state == PQ_STATE_TRANSACTION;
}

static enum pq_refusal judge_in_transaction(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_accepted_in_transaction);
    bool acts = is_stls(e, PQ_REFUSED_STATE) && is_logged_in(s) && fault_fires(f);
    return acts ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

/* The session's table does not know this move, so the answer alone would not begin TLS. */
void fault_accept_late_stls(struct pq_server *s, const struct pq_behaviour *base)
{
    bool logged_in = is_logged_in(s);
    base->accept_stls(s);
    if (logged_in)
        fault_set_state(s, PQ_STATE_TLS);
}

void fault_secure_late(struct pq_server *s, const struct pq_behaviour *base)
{
    base->secured(s);
    if (s->account)
        fault_set_state(s, PQ_STATE_TRANSACTION);
}

static void accept_in_transaction(struct pq_server *s)
{
    fault_accept_late_stls(s, &fault_of(s, PQ_FAULT_stls_accepted_in_transaction)->base);
}

static void secured_in_transaction(struct pq_server *s)
{
    fault_secure_late(s, &fault_of(s, PQ_FAULT_stls_accepted_in_transaction)->base);
}

const struct fault_effect effect_stls_accepted_in_transaction = {
    .hooks = {.judge = judge_in_transaction,
              .accept_stls = accept_in_transaction,
              .secured = secured_in_transaction}};

static enum pq_refusal judge_in_tls(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_accepted_in_tls);
    bool acts = is_stls(e, PQ_REFUSED_TLS_ACTIVE) && fault_fires(f);
    return acts ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

const struct fault_effect effect_stls_accepted_in_tls = {.hooks = {.judge = judge_in_tls}};

/* ---- the line of STLS ------------------------------------------------------------------------ */

/* What stands behind the keyword STLS; nothing when the line has another one. */
static struct pq_slice behind_stls(struct pq_slice line)
{
    const struct pq_slice keyword = PQ_SLICE("STLS");
    bool is_stls = pq_slice_equal_nocase(pq_slice_first(line, keyword.len), keyword);
    return is_stls ? pq_slice_after(line, keyword.len) : pq_slice_of(NULL, 0);
}

static bool stls_argument_accepted(struct pq_server *s, const struct pq_fault *f,
                                   struct pq_slice line, struct pq_buf *instead,
                                   struct pq_slice *then)
{
    struct pq_slice rest = behind_stls(line);
    (void)s;
    (void)f;
    (void)then;
    return rest.len > 1 && rest.at[0] == ' ' && pq_buf_put_text(instead, "STLS");
}

const struct fault_effect effect_stls_argument_accepted = {.hears = stls_argument_accepted};

static bool overlook_blank(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                           struct pq_buf *instead, struct pq_slice *then)
{
    (void)f;
    (void)then;
    s->memory.blank_stls = pq_slice_equal(behind_stls(line), PQ_SLICE(" "));
    return s->memory.blank_stls && pq_buf_put_text(instead, "STLS");
}

static enum pq_leftover keep_behind_blank(struct pq_server *s, struct pq_slice octets)
{
    const struct pq_fault *f = fault_of(s, PQ_FAULT_stls_injection_if_blank);
    return s->memory.blank_stls ? PQ_LEFTOVER_KEEP : f->base.leftover(s, octets);
}

const struct fault_effect effect_stls_injection_if_blank = {
    .hooks = {.leftover = keep_behind_blank}, .hears = overlook_blank};

/* ---- what comes in place of a handshake, or with it ------------------------------------------ */

static enum pq_leftover keep_partial_line(struct pq_server *s, struct pq_slice octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_joins_partial_line);
    bool partial = pq_slice_index(octets, '\n') == octets.len;
    return partial && fault_fires(f) ? PQ_LEFTOVER_KEEP : f->base.leftover(s, octets);
}

const struct fault_effect effect_stls_joins_partial_line = {
    .hooks = {.leftover = keep_partial_line}};

static enum pq_stray keep_early(struct pq_server *s, struct pq_slice octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_injection_race);
    bool early = s->now_ms - s->tls_since_ms <= f->values[0];
    return early && fault_fires(f) ? PQ_STRAY_KEEP : f->base.stray(s, octets);
}

const struct fault_effect effect_stls_injection_race = {.hooks = {.stray = keep_early}};

static enum pq_stray go_on_in_clear(struct pq_server *s, struct pq_slice octets)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_handshake_failure_continues);
    if (!fault_fires(f))
        return f->base.stray(s, octets);
    fault_set_state(s, PQ_STATE_AUTHORIZATION);
    return PQ_STRAY_CLEAR;
}

const struct fault_effect effect_stls_handshake_failure_continues = {
    .hooks = {.stray = go_on_in_clear}};

/* Longer than any test, and short enough to be added to a time. */
#define FOR_EVER_MS (UINT64_MAX / 2)

static uint64_t wait_for_ever(const struct pq_server *s)
{
    (void)s;
    return FOR_EVER_MS;
}

const struct fault_effect effect_stls_no_deadline = {
    .hooks = {.handshake_limit_ms = wait_for_ever}};

/* ---- what is said inside --------------------------------------------------------------------- */

static void greet_again(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_greeting_in_tls_again);
    f->base.secured(s);
    if (fault_fires(f))
        fault_put_answer_of(s, PQ_REPLY_OK, "", PQ_SLICE("POP3 server ready"));
}

const struct fault_effect effect_greeting_in_tls_again = {.hooks = {.secured = greet_again}};

static void announce_stls(struct pq_server *s, enum pq_capability_tag tag, struct pq_buf *line)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_advertised_in_tls);
    f->base.capability(s, tag, line);
    if (tag == PQ_CAPA_STLS && s->conn.session.tls != PQ_TLS_NONE && fault_fires(f))
        pq_buf_put_text(line, "STLS");
}

const struct fault_effect effect_stls_advertised_in_tls = {.hooks = {.capability = announce_stls}};

static void announce_as_in_clear(struct pq_server *s, enum pq_capability_tag tag,
                                 struct pq_buf *line)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_capa_not_refreshed);
    enum pq_tls_mode mode = s->conn.session.tls;
    if (mode == PQ_TLS_STLS && fault_fires(f))
        s->conn.session.tls = PQ_TLS_NONE;
    f->base.capability(s, tag, line);
    s->conn.session.tls = mode;
}

const struct fault_effect effect_stls_capa_not_refreshed = {
    .hooks = {.capability = announce_as_in_clear}};

/* ---- logins ---------------------------------------------------------------------------------- */

static void count_failures(struct pq_server *s, struct pq_event *e)
{
    fault_of(s, PQ_FAULT_stls_keeps_failed_count)->base.obey(s, e);
    if (s->conn.session.tls == PQ_TLS_NONE && fault_login_failed(s, e))
        s->memory.failures++;
}

static bool fail_inside(struct pq_server *s, enum pq_verb verb, struct pq_slice given,
                        struct pq_slice want)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_stls_keeps_failed_count);
    bool inside = s->conn.session.tls != PQ_TLS_NONE && verb == PQ_VERB_PASS;
    if (inside && s->memory.failures >= f->values[0] && fault_fires(f))
        return false;
    return f->base.matches(s, verb, given, want);
}

const struct fault_effect effect_stls_keeps_failed_count = {
    .hooks = {.obey = count_failures, .matches = fail_inside}};

static bool take_password_in_clear(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_plaintext_login_despite_policy);
    return f->base.takes_password(s) || fault_fires(f);
}

const struct fault_effect effect_plaintext_login_despite_policy = {
    .hooks = {.takes_password = take_password_in_clear}};

/* ---- TLS itself ------------------------------------------------------------------------------ */

const struct fault_effect effect_tls_accepts_1_0 = {.old_tls = true};

static bool leave_without_notice(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_tls_no_close_notify);
    return !fault_fires(f) && f->base.closes_tls(s);
}

const struct fault_effect effect_tls_no_close_notify = {
    .hooks = {.closes_tls = leave_without_notice}};

static struct pq_slice greet_in_clear(struct pq_mock *mock)
{
    (void)mock;
    return PQ_SLICE("+OK POP3 server ready\r\n");
}

const struct fault_effect effect_tls_port_greets_in_clear = {
    .hooks = {.before_tls = greet_in_clear}};
