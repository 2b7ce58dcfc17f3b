/* SPDX-License-Identifier: Apache-2.0
 * Faults of logins: which name, password and digest are right, and what is said of those that are
 * not (RFC 1939 section 7, RFC 3206). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- whose maildrop it is -------------------------------------------------------------------- */

static bool auth_authzid_unchecked(struct pq_server *s, struct pq_slice user,
                                   struct pq_slice authzid)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_auth_authzid_unchecked);
    return f->base.may_act_as(s, user, authzid) || fault_fires(f);
}

const struct fault_effect effect_auth_authzid_unchecked = {
    .hooks = {.may_act_as = auth_authzid_unchecked}};

/* As LIKE of SQL; what a "%" stands for grows until the rest fits. */
static bool is_like(struct pq_slice name, struct pq_slice pattern)
{
    size_t n = 0, p = 0, behind = SIZE_MAX, from = 0;
    while (n < name.len) {
        if (p < pattern.len && pattern.at[p] == '%') {
            behind = ++p;
            from = n;
        } else if (p < pattern.len && (pattern.at[p] == '_' || pattern.at[p] == name.at[n])) {
            p++;
            n++;
        } else if (behind != SIZE_MAX) {
            p = behind;
            n = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '%')
        p++;
    return p == pattern.len;
}

static const struct pq_account *find_like(const struct pq_store *store, struct pq_slice pattern)
{
    for (size_t i = 0; i < store->count; i++)
        if (is_like(store->accounts[i].name, pattern))
            return &store->accounts[i];
    return NULL;
}

static void user_sql_wildcard(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_user_sql_wildcard);
    f->base.obey(s, e);
    struct pq_slice name = pq_slice_of(s->user, s->user_len);
    const struct pq_store *store = &s->mock->store;
    const struct pq_account *a = find_like(store, name);
    if (!fault_is_command(e, PQ_VERB_USER) || !a || pq_store_find(store, name) || !fault_fires(f))
        return;
    bool kept = server_keep_name(s, a->name);
    (void)kept; /* it is a name already */
}

const struct fault_effect effect_user_sql_wildcard = {.hooks = {.obey = user_sql_wildcard}};

/* ---- passwords and digests ------------------------------------------------------------------- */

/* What is compared of two texts that differ. */
static bool begin_alike(struct pq_slice a, struct pq_slice b, size_t len)
{
    return a.len >= len && b.len >= len &&
           pq_slice_equal(pq_slice_first(a, len), pq_slice_first(b, len));
}

static bool pass_first_8_chars(struct pq_server *s, enum pq_verb verb, struct pq_slice given,
                               struct pq_slice want)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_pass_first_8_chars);
    if (f->base.matches(s, verb, given, want))
        return true;
    return verb == PQ_VERB_PASS && begin_alike(given, want, (size_t)f->values[0]) && fault_fires(f);
}

const struct fault_effect effect_pass_first_8_chars = {.hooks = {.matches = pass_first_8_chars}};

static bool apop_prefix_compare(struct pq_server *s, enum pq_verb verb, struct pq_slice given,
                                struct pq_slice want)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_apop_prefix_compare);
    if (f->base.matches(s, verb, given, want))
        return true;
    return verb == PQ_VERB_APOP && begin_alike(given, want, (size_t)f->values[0]) && fault_fires(f);
}

const struct fault_effect effect_apop_prefix_compare = {.hooks = {.matches = apop_prefix_compare}};

static bool pass_trims_blanks(struct pq_server *s, enum pq_verb verb, struct pq_slice given,
                              struct pq_slice want)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_pass_trims_blanks);
    struct pq_slice trimmed = given;
    while (trimmed.len > 0 && trimmed.at[0] == ' ')
        trimmed = pq_slice_after(trimmed, 1);
    while (trimmed.len > 0 && trimmed.at[trimmed.len - 1] == ' ')
        trimmed.len--;
    bool acts = verb == PQ_VERB_PASS && trimmed.len < given.len && fault_fires(f);
    return f->base.matches(s, verb, acts ? trimmed : given, want);
}

const struct fault_effect effect_pass_trims_blanks = {.hooks = {.matches = pass_trims_blanks}};

/* ---- timestamps ------------------------------------------------------------------------------ */

static void apop_timestamp_repeats(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_apop_timestamp_repeats);
    f->base.begin(s);
    if (fault_fires(f))
        s->mock->config.apop_timestamp = "<1.697170952@popquiz.example>";
}

const struct fault_effect effect_apop_timestamp_repeats = {
    .hooks = {.begin = apop_timestamp_repeats}};

/* ---- response codes -------------------------------------------------------------------------- */

static bool speaks_of_credentials(struct pq_server *s, const struct pq_fault *f,
                                  const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return pq_slice_equal(a->code, PQ_SLICE("AUTH"));
}

static void answer_without_code(struct pq_server *s, const struct pq_fault *f,
                                const struct fault_answer *a)
{
    (void)f;
    fault_put_answer_of(s, a->indicator, "", a->text);
}

const struct fault_effect effect_auth_failure_without_code = {.speaks = speaks_of_credentials,
                                                              .answer = answer_without_code};

static bool speaks_of_lock(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return pq_slice_equal(a->code, PQ_SLICE("IN-USE"));
}

static void answer_with_auth(struct pq_server *s, const struct pq_fault *f,
                             const struct fault_answer *a)
{
    (void)f;
    fault_put_answer_of(s, a->indicator, "AUTH", a->text);
}

const struct fault_effect effect_in_use_reported_as_auth = {.speaks = speaks_of_lock,
                                                            .answer = answer_with_auth};
