/* SPDX-License-Identifier: Apache-2.0
 *
 * What the unit tests of faults share. A case shows one fault: on its trigger the octets differ
 * from the reference in exactly the stated way, for three seeds; otherwise they do not. Included by
 * faults_*_test.c only, with _DEFAULT_SOURCE defined.
 */
#ifndef PQ_MOCK_FAULT_TESTING_H
#define PQ_MOCK_FAULT_TESTING_H

#include "mock/testing.h"

#define FAULT_SEEDS 3u
#define FAULT_MAIL_MAX 5u

struct fault_case {
    const char *name;
    struct pq_slice mail[FAULT_MAIL_MAX]; /* of "tim"; up to the first without octets at NULL */
    const char *trigger;                  /* what the client says */
    const char *reference;                /* what the reference answers to it */
    const char *seeds[FAULT_SEEDS];       /* what the faulty server answers */
    const char *harmless;                 /* what both answer alike */
};

/* A message of `text`, an empty one too. */
#define MAIL(text) PQ_SLICE_INIT(text)

static inline void fault_begin(struct pq_mock *m, const struct fault_case *c, const char *fault,
                               uint64_t seed)
{
    mock_begin(m);
    for (size_t i = 0; i < FAULT_MAIL_MAX && c->mail[i].at; i++)
        add_mail(m, "tim", c->mail[i]);
    if (fault)
        add_fault(m, fault, seed);
}

/* What is answered to `input`, in writes of `step` octets. `fault` may be NULL. */
static inline struct pq_slice fault_answers(const struct fault_case *c, const char *fault,
                                            uint64_t seed, const char *input, size_t step)
{
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, c, fault, seed);
    converse(&m, pq_slice_text(input), step, &r);
    pq_mock_free(&m);
    return received_slice(&r);
}

static inline void check_trigger(const struct fault_case *c, size_t step)
{
    char what[128];
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        (void)snprintf(what, sizeof(what), "%s, seed %u, step %zu", c->name, (unsigned)seed, step);
        assert_string_not_equal(c->seeds[seed], c->reference);
        expect_octets(what, fault_answers(c, c->name, seed, c->trigger, step),
                      pq_slice_text(c->seeds[seed]));
    }
    (void)snprintf(what, sizeof(what), "the reference for %s, step %zu", c->name, step);
    expect_octets(what, fault_answers(c, NULL, 0, c->trigger, step), pq_slice_text(c->reference));
}

static inline void check_harmless(const struct fault_case *c)
{
    static struct received reference;
    for (uint64_t seed = 0; seed < FAULT_SEEDS; seed++) {
        reference.len = 0;
        receive(&reference, fault_answers(c, NULL, 0, c->harmless, SIZE_MAX));
        expect_octets(c->name, fault_answers(c, c->name, seed, c->harmless, SIZE_MAX),
                      received_slice(&reference));
    }
}

/* A fault with its constants: what the client says behind LOGIN, and the answers to it. */
struct fault_brief {
    const char *fault; /* NAME or NAME(constant=value,...) */
    struct pq_slice mail[FAULT_MAIL_MAX];
    const char *input;
    struct pq_slice right, wrong;
};

/* What was answered behind LOGIN. */
static inline struct pq_slice brief_answers(const struct fault_brief *b, const char *fault,
                                            size_t step)
{
    struct fault_case c = {.name = b->fault};
    char input[2048];
    memcpy(c.mail, b->mail, sizeof(c.mail));
    assert_true((size_t)snprintf(input, sizeof(input), LOGIN "%s", b->input) < sizeof(input));
    struct pq_slice answers = fault_answers(&c, fault, 0, input, step);
    (void)pq_slice_cut(&answers, '\n');
    (void)pq_slice_cut(&answers, '\n');
    return answers;
}

/* In writes of `step` octets. */
static inline void check_brief(const struct fault_brief *b, size_t step)
{
    char what[192];
    (void)snprintf(what, sizeof(what), "%s, step %zu", b->fault, step);
    expect_octets(what, brief_answers(b, b->fault, step), b->wrong);
    (void)snprintf(what, sizeof(what), "the reference for %s, step %zu", b->fault, step);
    expect_octets(what, brief_answers(b, NULL, step), b->right);
    assert_false(pq_slice_equal(b->wrong, b->right));
}

static inline void check_briefs(const struct fault_brief *briefs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t step = 1; step <= strlen(briefs[i].input) + strlen(LOGIN); step++)
            check_brief(&briefs[i], step);
}

/* In every cut of the trigger. */
static inline void check_fault(const struct fault_case *c)
{
    for (size_t step = 1; step <= strlen(c->trigger); step++)
        check_trigger(c, step);
    check_harmless(c);
}

#endif
