/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/answers.h"

#include <string.h>

#include "harness/plain.h"
#include "popquiz/wire.h"

struct answers answers_of(struct pq_slice asked, const struct pq_mock_config *config)
{
    return (struct answers){.asked = asked,
                            .leniency = config->leniency,
                            .utf8_offered = config->utf8,
                            .lang_offered = config->lang};
}

/* ---- what was asked -------------------------------------------------------------------------- */

/* Takes the next line that was asked; false: there is no whole one. */
static bool take_question(struct answers *a, struct pq_slice *line)
{
    bool lf_ends_line = (a->leniency & PQ_LENIENT_LF) != 0;
    for (size_t i = 0; i < a->asked.len; i++) {
        bool after_cr = i > 0 && a->asked.at[i - 1] == '\r';
        if (a->asked.at[i] != '\n' || (!after_cr && !lf_ends_line))
            continue;
        *line = pq_slice_first(a->asked, after_cr ? i - 1 : i);
        a->asked = pq_slice_after(a->asked, i + 1);
        return true;
    }
    return false;
}

static bool has_question(const struct answers *a)
{
    struct answers copy = *a;
    struct pq_slice line;
    return take_question(&copy, &line);
}

/* ---- the maildrop ---------------------------------------------------------------------------- */

static bool is_there(const struct answers *a, uint64_t number)
{
    return number >= 1 && number <= WORLD_MESSAGES && !a->marked[number - 1];
}

static void check_totals(const struct answers *a, struct pq_slice text)
{
    struct pq_listing l;
    uint64_t count = 0, octets = 0;
    for (size_t i = 0; i < WORLD_MESSAGES; i++) {
        count += a->marked[i] ? 0 : 1;
        octets += a->marked[i] ? 0 : world_contents[i].len;
    }
    FUZZ_ASSERT(pq_listing_parse(text, &l) == PQ_STATUS_OK && l.extra.len == 0);
    FUZZ_ASSERT(l.first == count && l.octets == octets);
}

/* The commands that name a message are answered +OK exactly when it is there. */
static void check_message(struct answers *a, const struct pq_command *c, bool ok)
{
    bool needs_utf8 = (c->verb == PQ_VERB_RETR || c->verb == PQ_VERB_TOP) &&
                      c->message == WORLD_MESSAGES && a->utf8_offered && !a->utf8;
    FUZZ_ASSERT(ok == (is_there(a, c->message) && !needs_utf8));
    if (ok && c->verb == PQ_VERB_DELE)
        a->marked[c->message - 1] = true;
}

static void begin_body(struct answers *a, const struct pq_command *c)
{
    a->in_body = true;
    a->content = fuzz_log_of("content");
    a->retrieved = c->verb == PQ_VERB_RETR ? &world_contents[c->message - 1] : NULL;
}

/* A command that was obeyed, or refused. */
static void check_inside(struct answers *a, const struct pq_command *c, const struct pq_reply *r)
{
    bool ok = r->indicator == PQ_REPLY_OK;
    bool about_message = c->argc > 0 && pq_verb_row(c->verb)->args[0] == PQ_ARG_MESSAGE;
    if (about_message)
        check_message(a, c, ok);
    else if (c->verb == PQ_VERB_STAT)
        check_totals(a, r->text);
    else if (c->verb == PQ_VERB_RSET)
        memset(a->marked, 0, sizeof(a->marked));
    if (!about_message && c->verb != PQ_VERB_LANG)
        FUZZ_ASSERT(ok);
    if (c->verb == PQ_VERB_LANG && (c->argc == 0 || pq_slice_equal(c->args[0], PQ_SLICE("*"))))
        FUZZ_ASSERT(ok == a->lang_offered);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* RFC 1939 sections 4 to 7: who may say what. */
static bool belongs_inside(enum pq_verb verb)
{
    return verb == PQ_VERB_STAT || verb == PQ_VERB_LIST || verb == PQ_VERB_RETR ||
           verb == PQ_VERB_DELE || verb == PQ_VERB_NOOP || verb == PQ_VERB_RSET ||
           verb == PQ_VERB_TOP || verb == PQ_VERB_UIDL;
}

static bool belongs_outside(enum pq_verb verb)
{
    return verb == PQ_VERB_USER || verb == PQ_VERB_PASS || verb == PQ_VERB_APOP ||
           verb == PQ_VERB_AUTH || verb == PQ_VERB_STLS || verb == PQ_VERB_UTF8;
}

static void answer_command(struct answers *a, struct pq_slice line, const struct pq_reply *r)
{
    struct pq_command c;
    bool ok = r->indicator == PQ_REPLY_OK;
    pq_command_parse(line, a->leniency, a->utf8_offered, &c);
    bool good = c.flaw == PQ_FLAW_NONE && line.len + 2 <= PQ_COMMAND_LINE_MAX;
    bool placed = a->logged_in ? !belongs_outside(c.verb) : !belongs_inside(c.verb);
    FUZZ_ASSERT(r->indicator == PQ_REPLY_ERR || (good && placed));
    FUZZ_ASSERT(r->indicator != PQ_REPLY_CONTINUE || c.verb == PQ_VERB_AUTH);
    a->exchange = r->indicator == PQ_REPLY_CONTINUE;
    if (good && placed && a->logged_in)
        check_inside(a, &c, r);
    if (ok && (c.verb == PQ_VERB_PASS || c.verb == PQ_VERB_APOP || c.verb == PQ_VERB_AUTH))
        a->logged_in = true;
    if (ok && c.verb == PQ_VERB_UTF8)
        a->utf8 = true;
    if (ok && c.verb == PQ_VERB_LANG && c.argc > 0)
        a->lang = true;
    if (ok && c.verb == PQ_VERB_STLS)
        a->utf8 = a->lang = false;
    a->over = c.verb == PQ_VERB_QUIT && good;
    if (ok && pq_verb_is_multi(c.verb, c.argc))
        begin_body(a, &c);
}

/* RFC 6856 section 3.2: behind LANG texts are UTF-8, before it they are ASCII. */
static void check_text(const struct answers *a, const struct pq_reply *r)
{
    unsigned allowed = a->lang ? PQ_REPLY_8BIT : 0;
    FUZZ_ASSERT((r->flaws & ~allowed) == 0 && plain_is_utf8(r->text));
}

static void take_answer(struct answers *a, struct pq_slice text)
{
    struct pq_reply r;
    struct pq_slice line;
    FUZZ_ASSERT(!a->over && pq_reply_parse(text, &r) == PQ_STATUS_OK);
    if (!a->greeted) {
        FUZZ_ASSERT(r.indicator == PQ_REPLY_OK && r.flaws == 0);
        a->greeted = true;
        return;
    }
    bool asked = take_question(a, &line);
    FUZZ_ASSERT(asked);
    if (!a->exchange) {
        answer_command(a, line, &r);
        check_text(a, &r);
        return;
    }
    check_text(a, &r);
    a->exchange = r.indicator == PQ_REPLY_CONTINUE;
    a->logged_in = r.indicator == PQ_REPLY_OK;
}

static void take_body_line(struct answers *a, struct pq_slice line)
{
    if (pq_slice_equal(line, PQ_SLICE("."))) {
        struct fuzz_log want = fuzz_log_of("wanted");
        a->in_body = false;
        if (a->retrieved)
            fuzz_log_octets(&want, *a->retrieved);
        FUZZ_ASSERT(!a->retrieved || fuzz_log_is_same(&want, &a->content));
        return;
    }
    if (pq_slice_starts(line, PQ_SLICE(".")))
        line = pq_slice_after(line, 1);
    fuzz_log_octets(&a->content, line);
    fuzz_log_octets(&a->content, PQ_SLICE("\r\n"));
}

void answers_take(struct answers *a, struct pq_slice octets)
{
    while (octets.len > 0) {
        size_t n = pq_slice_index(octets, '\n');
        bool whole = n < octets.len;
        struct pq_slice part = pq_slice_first(octets, n + 1);
        FUZZ_ASSERT(part.len <= sizeof(a->line) - a->len);
        memcpy(a->line + a->len, part.at, part.len);
        a->len += part.len;
        octets = pq_slice_after(octets, part.len);
        if (!whole)
            return;
        FUZZ_ASSERT(a->len >= 2 && a->line[a->len - 2] == '\r');
        struct pq_slice line = pq_slice_of(a->line, a->len - 2);
        a->len = 0;
        if (a->in_body)
            take_body_line(a, line);
        else
            take_answer(a, line);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

void answers_check_end(const struct answers *a, bool ended)
{
    FUZZ_ASSERT(a->len == 0 && !a->in_body);
    FUZZ_ASSERT(!a->over || ended);
    FUZZ_ASSERT(ended || !has_question(a));
}

void answers_check_store(const struct answers *a, const struct pq_store *store)
{
    size_t updated = 0;
    for (size_t i = 0; i < store->count; i++) {
        bool gone = false, same = true;
        for (size_t k = 0; k < WORLD_MESSAGES; k++) {
            gone |= store->accounts[i].messages[k]->gone;
            same &= store->accounts[i].messages[k]->gone == a->marked[k];
        }
        FUZZ_ASSERT(!gone || same);
        updated += gone;
    }
    bool any = false;
    for (size_t k = 0; k < WORLD_MESSAGES; k++)
        any |= a->marked[k];
    FUZZ_ASSERT(updated == (any && a->over && a->logged_in ? 1 : 0));
}
