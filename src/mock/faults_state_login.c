/* SPDX-License-Identifier: Apache-2.0
 * Faults of state: which command is taken before, during and after a login (RFC 1939 sections 3
 * and 7, RFC 5034 section 4). */
#include <string.h>

#include "base/digest.h"
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* Notes which command succeeded last, as seen by its octets. */
static void note_previous(struct pq_server *s, const struct pq_event *e, size_t start)
{
    struct pq_slice answer = pq_slice_after(pq_buf_slice(&s->out), start);
    bool ok = e->kind == PQ_EVENT_COMMAND && pq_slice_starts(answer, PQ_SLICE("+OK"));
    s->memory.previous = ok ? e->verb : PQ_VERB_UNKNOWN;
}

static struct pq_slice named(const struct pq_server *s)
{
    return pq_slice_of(s->user, s->user_len);
}

/* ---- before login ---------------------------------------------------------------------------- */

static enum pq_refusal auth_state_stat_ok(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_state_stat_ok);
    bool acts =
        fault_is_refused(e, PQ_VERB_STAT, PQ_REFUSED_STATE) && !s->account && fault_fires(f);
    return acts ? PQ_REFUSED_NONE : f->base.judge(s, e);
}

const struct fault_effect effect_auth_state_stat_ok = {.hooks = {.judge = auth_state_stat_ok}};

static bool put_scan_listing(struct pq_bytes *wire, uint64_t number, uint64_t octets)
{
    uint8_t memory[64];
    struct pq_buf line;
    pq_buf_init(&line, memory, sizeof(memory));
    pq_buf_put_u64(&line, number);
    pq_buf_put_octet(&line, ' ');
    pq_buf_put_u64(&line, octets);
    pq_buf_put_text(&line, "\r\n");
    return fault_put(wire, pq_buf_slice(&line));
}

static bool put_scan_listings(struct pq_bytes *wire, const struct pq_account *a)
{
    uint64_t number = 0;
    bool fits = true;
    for (size_t i = 0; i < a->count && fits; i++)
        if (!a->messages[i]->gone)
            fits = put_scan_listing(wire, ++number, a->messages[i]->octets);
    return fits && fault_put(wire, PQ_SLICE(".\r\n"));
}

static void auth_state_list_leaks(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_state_list_leaks);
    const struct pq_account *a = pq_store_find(&s->mock->store, named(s));
    size_t start = s->out.len;
    bool acts = fault_is_refused(e, PQ_VERB_LIST, PQ_REFUSED_STATE) && e->command.argc == 0 &&
                !s->account && s->memory.previous == PQ_VERB_USER && a && fault_fires(f);
    pq_bytes_clear(&s->wire);
    if (!acts || !put_scan_listings(&s->wire, a)) {
        f->base.obey(s, e);
        note_previous(s, e, start);
        return;
    }
    s->job = (struct job){.kind = JOB_WIRE, .verb = PQ_VERB_LIST, .rest = pq_bytes_slice(&s->wire)};
    server_ok(s, "scan listing follows");
}

const struct fault_effect effect_auth_state_list_leaks = {.hooks = {.obey = auth_state_list_leaks}};

/* ---- USER and PASS --------------------------------------------------------------------------- */

/* PASS where the session's table has no such move. */
static void login_out_of_turn(struct pq_server *s, struct pq_slice name)
{
    server_login(s, name);
    fault_set_state(s, s->account ? PQ_STATE_TRANSACTION : PQ_STATE_AUTHORIZATION);
}

static void pass_without_user(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_pass_without_user);
    const struct pq_store *store = &s->mock->store;
    bool early = fault_is_refused(e, PQ_VERB_PASS, PQ_REFUSED_SEQUENCE) && s->user_len == 0;
    size_t i = 0;
    while (early && i < store->count &&
           !pq_secret_equal(e->command.args[0], store->accounts[i].password))
        i++;
    if (early && i < store->count && fault_fires(f))
        login_out_of_turn(s, store->accounts[i].name);
    else
        f->base.obey(s, e);
}

const struct fault_effect effect_pass_without_user = {.hooks = {.obey = pass_without_user}};

static void pass_retry_without_user(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_pass_retry_without_user);
    const struct pq_account *a = pq_store_find(&s->mock->store, named(s));
    bool again = fault_is_refused(e, PQ_VERB_PASS, PQ_REFUSED_SEQUENCE) && s->memory.failures > 0;
    if (again && a && pq_secret_equal(e->command.args[0], a->password) && fault_fires(f)) {
        login_out_of_turn(s, named(s));
        return;
    }
    f->base.obey(s, e);
    bool failed = e->verb == PQ_VERB_PASS && fault_login_failed(s, e);
    s->memory.failures = failed || (again && !s->account);
}

const struct fault_effect effect_pass_retry_without_user = {
    .hooks = {.obey = pass_retry_without_user}};

static void keep_first_name(struct pq_server *s, struct pq_event *e, struct pq_fault *f)
{
    uint8_t first[PQ_STORE_NAME_MAX];
    size_t len = s->user_len;
    memcpy(first, s->user, len);
    f->base.obey(s, e);
    memcpy(s->user, first, len);
    s->user_len = len;
}

static void user_second_ignored(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_user_second_ignored);
    bool second = s->user_len > 0 && !s->account;
    if (second && fault_is_command(e, PQ_VERB_USER) && fault_fires(f)) {
        keep_first_name(s, e, f);
    } else if (second && fault_is_refused(e, PQ_VERB_USER, PQ_REFUSED_SEQUENCE) && fault_fires(f)) {
        server_ok(s, "send PASS");
        fault_set_state(s, PQ_STATE_USER);
    } else {
        f->base.obey(s, e);
    }
}

const struct fault_effect effect_user_second_ignored = {.hooks = {.obey = user_second_ignored}};

static void switch_maildrop(struct pq_server *s, struct pq_slice password)
{
    const struct pq_account *a = pq_store_find(&s->mock->store, named(s));
    if (!a || !pq_secret_equal(password, a->password)) {
        server_refuse_credentials(s);
        return;
    }
    server_close_maildrop(s);
    login_out_of_turn(s, named(s));
}

static void transaction_user_switches(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_transaction_user_switches);
    bool pass =
        fault_is_refused(e, PQ_VERB_PASS, PQ_REFUSED_STATE) && s->memory.previous == PQ_VERB_USER;
    size_t start = s->out.len;
    if (s->account && fault_is_refused(e, PQ_VERB_USER, PQ_REFUSED_STATE) && fault_fires(f))
        server_user(s, &e->command);
    else if (s->account && pass)
        switch_maildrop(s, e->command.args[0]);
    else
        f->base.obey(s, e);
    note_previous(s, e, start);
}

const struct fault_effect effect_transaction_user_switches = {
    .hooks = {.obey = transaction_user_switches}};

/* ---- logins that fail ------------------------------------------------------------------------ */

/* Whether `e`, a response or a command with a mechanism that exists, belongs to an exchange. */
static bool is_of_exchange(const struct pq_server *s, const struct pq_event *e)
{
    if (e->kind == PQ_EVENT_RESPONSE)
        return !pq_slice_equal(e->octets, PQ_SLICE("*"));
    return fault_is_command(e, PQ_VERB_AUTH) &&
           server_has_mechanism(s, pq_mechanism_of(e->command.args[0]));
}

static void failed_auth_eats_next_line(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_failed_auth_eats_next_line);
    bool exchange = is_of_exchange(s, e);
    if (s->memory.eaten > 0) {
        s->memory.eaten--;
        server_err(s, "", "the response is not base64");
        fault_set_state(s, PQ_STATE_AUTHORIZATION);
        return;
    }
    f->base.obey(s, e);
    if (exchange && fault_login_failed(s, e) && fault_fires(f))
        s->memory.eaten = f->values[0];
}

const struct fault_effect effect_failed_auth_eats_next_line = {
    .hooks = {.obey = failed_auth_eats_next_line}};

static void failed_login_third_hangs(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_failed_login_third_hangs);
    bool login = e->verb != PQ_VERB_AUTH || is_of_exchange(s, e);
    if (s->memory.mute) {
        fault_stay_silent(s);
        return;
    }
    f->base.obey(s, e);
    if (login && fault_login_failed(s, e) && ++s->memory.failures == f->values[0] && fault_fires(f))
        s->memory.mute = true;
}

const struct fault_effect effect_failed_login_third_hangs = {
    .hooks = {.obey = failed_login_third_hangs}};

/* ---- after login ----------------------------------------------------------------------------- */

static enum pq_refusal capa_refused_in_transaction(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_capa_refused_in_transaction);
    bool acts = fault_is_command(e, PQ_VERB_CAPA) && s->account && fault_fires(f);
    return acts ? PQ_REFUSED_STATE : f->base.judge(s, e);
}

const struct fault_effect effect_capa_refused_in_transaction = {
    .hooks = {.judge = capa_refused_in_transaction}};
