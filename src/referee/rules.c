/* SPDX-License-Identifier: Apache-2.0
 * The table of rules, and how a finding is told. */
#include "referee/referee_internal.h"

/* True: the rule is broken, and `why` says how. */
typedef bool rule_fn(const struct referee_conn *c, const struct ref_moment *m, struct pq_buf *why);

struct rule {
    enum ref_moment_kind at;
    struct pq_referee_rule public;
    rule_fn *look;
};

static bool rule_reply_count(const struct referee_conn *c, const struct ref_moment *m,
                             struct pq_buf *why)
{
    (void)c;
    (void)pq_buf_put_text(why, "no command waits for an answer");
    return m->reply.indicator != PQ_REPLY_ERR;
}

static bool rule_status_case(const struct referee_conn *c, const struct ref_moment *m,
                             struct pq_buf *why)
{
    (void)c;
    (void)pq_buf_put_text(why, "the status indicator is not in upper case");
    return (m->reply.flaws & PQ_REPLY_STATUS_CASE) != 0;
}

static const struct rule rules[] = {
    {REF_AT_STRAY,
     {"REF-REPLY-COUNT", "RFC1939-3-020", "a positive reply that no command asked for"},
     rule_reply_count},
    {REF_AT_STATUS,
     {"REF-STATUS-CASE", "RFC1939-3-016", "a status indicator in lower or mixed case"},
     rule_status_case},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

size_t pq_referee_rule_count(void)
{
    return RULES;
}

const struct pq_referee_rule *pq_referee_rule_at(size_t i)
{
    return &rules[i].public;
}

static void tell(struct referee_conn *c, const struct ref_moment *m, const struct rule *rule,
                 const char *why)
{
    struct pq_finding finding = {.rule = &rule->public,
                                 .conn = c->number,
                                 .from = PQ_FROM_SERVER,
                                 .offset = m->offset,
                                 .ms = c->ms,
                                 .verb = m->ask ? m->ask->command.verb : PQ_VERB_UNKNOWN,
                                 .state = c->session.state,
                                 .follows = c->findings > 0,
                                 .excerpt = pq_slice_first(m->line, PQ_REFEREE_EXCERPT_MAX),
                                 .why = why};
    c->findings++;
    c->referee->findings++;
    if (c->findings <= PQ_REFEREE_FINDINGS_MAX)
        c->referee->tell(c->referee->ctx, &finding);
}

void ref_judge(struct referee_conn *c, const struct ref_moment *m)
{
    for (size_t i = 0; i < RULES; i++) {
        char memory[PQ_REFEREE_WHY_MAX] = "";
        struct pq_buf why;
        pq_buf_init(&why, memory, sizeof(memory) - 1);
        if (rules[i].at == m->kind && rules[i].look(c, m, &why))
            tell(c, m, &rules[i], memory);
    }
}
