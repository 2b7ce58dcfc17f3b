/* SPDX-License-Identifier: Apache-2.0
 * How rules are asked and findings are told. */
#include "referee/rules.h"

#include <string.h>

size_t pq_referee_rule_count(void)
{
    return ref_rules_count;
}

const struct pq_referee_rule *pq_referee_rule_at(size_t i)
{
    return &ref_rules[i].public;
}

/* ---- what rules ask -------------------------------------------------------------------------- */

bool ref_say(struct ref_look *l, const char *text)
{
    pq_buf_clear(&l->why);
    (void)pq_buf_put_text(&l->why, text);
    return true;
}

bool ref_finds(struct ref_look *l, bool broken, const char *text)
{
    return broken && ref_say(l, text);
}

bool ref_say_numbers(struct ref_look *l, const char *text, uint64_t due, uint64_t came)
{
    ref_say(l, text);
    (void)pq_buf_put_octet(&l->why, ' ');
    (void)pq_buf_put_u64(&l->why, due);
    (void)pq_buf_put_text(&l->why, ", ");
    (void)pq_buf_put_u64(&l->why, came);
    return true;
}

static bool is_answer(const struct ref_look *l, enum pq_indicator indicator)
{
    return l->m->kind == REF_AT_STATUS && l->m->reply.indicator == indicator &&
           !l->m->ask->strange && !l->m->ask->response;
}

bool ref_is_ok(const struct ref_look *l)
{
    return is_answer(l, PQ_REPLY_OK);
}

bool ref_is_err(const struct ref_look *l)
{
    return is_answer(l, PQ_REPLY_ERR);
}

bool ref_in_transaction(const struct ref_look *l)
{
    return l->c->session.state == PQ_STATE_TRANSACTION && !l->c->facts.state_unsure;
}

bool ref_in_authorization(const struct ref_look *l)
{
    enum pq_state state = l->c->session.state;
    return (state == PQ_STATE_AUTHORIZATION || state == PQ_STATE_USER) && !l->c->facts.state_unsure;
}

/* ---- findings -------------------------------------------------------------------------------- */

/* Whether the line may repeat what a client sent as a secret. */
static bool may_repeat_secret(const struct ref_moment *m)
{
    enum pq_verb verb = m->ask ? m->ask->command.verb : PQ_VERB_UNKNOWN;
    bool secret = verb == PQ_VERB_PASS || verb == PQ_VERB_APOP || verb == PQ_VERB_AUTH;
    return m->ask && (secret || (m->ask->strange && verb == PQ_VERB_UNKNOWN)) &&
           m->kind == REF_AT_STATUS && m->reply.indicator != PQ_REPLY_CONTINUE;
}

/* The smallest excerpt: the line, cut; of what may repeat a secret, the indicator. */
static size_t put_excerpt(const struct ref_moment *m, uint8_t *at)
{
    struct pq_buf out;
    pq_buf_init(&out, at, PQ_REFEREE_EXCERPT_MAX);
    if (!may_repeat_secret(m)) {
        (void)pq_buf_put(&out, pq_slice_first(m->line, PQ_REFEREE_EXCERPT_MAX));
        return out.len;
    }
    size_t indicator = m->reply.indicator == PQ_REPLY_OK ? 3 : 4;
    (void)pq_buf_put(&out, pq_slice_first(m->line, indicator));
    (void)pq_buf_put_text(&out, m->line.len > indicator ? " ***" : "");
    return out.len;
}

static void tell(struct referee_conn *c, const struct ref_held *h)
{
    struct pq_referee *r = c->referee;
    struct pq_finding finding = {.rule = &ref_rules[h->rule - 1].public,
                                 .conn = c->number,
                                 .from = PQ_FROM_SERVER,
                                 .offset = h->offset,
                                 .ms = h->ms,
                                 .verb = h->verb,
                                 .state = h->state,
                                 .follows = c->findings > 0,
                                 .excerpt = pq_slice_of(h->excerpt, h->excerpt_len),
                                 .why = h->why};
    c->findings++;
    r->findings++;
    if (c->findings <= PQ_REFEREE_FINDINGS_MAX)
        r->tell(r->ctx, &finding);
}

/* What a finding is about: not the command of the last answer, where a line that is longer than a
 * command may be has come since then. */
static enum pq_verb verb_of(const struct referee_conn *c, const struct ref_moment *m, size_t rule)
{
    bool other = (m->kind == REF_AT_NOT_REPLY && ref_waits_for_long(c)) || ref_rules[rule].apart;
    return m->ask && !other ? m->ask->command.verb : PQ_VERB_UNKNOWN;
}

static void find(struct referee_conn *c, const struct ref_look *l, size_t rule)
{
    const struct ref_moment *m = l->m;
    struct ref_held found = {.rule = rule + 1,
                             .offset = m->offset,
                             .ms = c->ms,
                             .verb = verb_of(c, m, rule),
                             .state = c->session.state};
    found.excerpt_len = put_excerpt(m, found.excerpt);
    memcpy(found.why, l->why.at, l->why.len);
    if (ref_rules[rule].when == REF_HELD)
        c->held = found;
    else
        tell(c, &found);
}

/* The connection goes on: what was held is a finding after all. */
static void release(struct referee_conn *c, const struct ref_moment *m)
{
    if (c->held.rule == 0 || m->kind != REF_AT_STATUS)
        return;
    tell(c, &c->held);
    c->held.rule = 0;
}

void ref_judge(struct referee_conn *c, const struct ref_moment *m)
{
    unsigned at = 1u << m->kind;
    unsigned verb = 1u << (m->ask ? m->ask->command.verb : PQ_VERB_UNKNOWN);
    char why[PQ_REFEREE_WHY_MAX];
    release(c, m);
    for (size_t i = 0; i < ref_rules_count; i++) {
        const struct ref_rule *rule = &ref_rules[i];
        if (!(rule->at & at) || (rule->verbs && !(rule->verbs & verb)))
            continue;
        if (c->facts.shifted && rule->when != REF_ALWAYS)
            continue;
        struct ref_look look = {.c = c, .m = m};
        pq_buf_init(&look.why, why, sizeof(why) - 1);
        if (rule->look(&look))
            find(c, &look, i);
    }
}
