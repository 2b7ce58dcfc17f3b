/* SPDX-License-Identifier: Apache-2.0
 * Findings: who is to blame, which requirements they touch, and what a person reads of them. */
#include <stdio.h>
#include <string.h>

#include "dialogue/escape.h"
#include "dialogue/player/play_internal.h"

/* ---- lines of text --------------------------------------------------------------------------- */

void line_clear(struct line *l)
{
    l->len = 0;
    l->at[0] = 0;
}

/* What does not fit is left out, with dots to show it. */
void line_put_slice(struct line *l, struct pq_slice text)
{
    static const struct pq_slice dots = PQ_SLICE_INIT("...");
    size_t room = sizeof(l->at) - 1 - l->len;
    struct pq_slice fits = pq_slice_first(text, room);
    if (fits.len > 0)
        memcpy(l->at + l->len, fits.at, fits.len);
    l->len += fits.len;
    if (fits.len < text.len)
        memcpy(l->at + sizeof(l->at) - 1 - dots.len, dots.at, dots.len);
    l->at[l->len] = 0;
}

void line_put(struct line *l, const char *text)
{
    line_put_slice(l, pq_slice_text(text));
}

void line_put_u64(struct line *l, uint64_t number)
{
    uint8_t memory[PQ_U64_TEXT_MAX];
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    pq_buf_put_u64(&b, number);
    line_put_slice(l, pq_buf_slice(&b));
}

#define QUOTED_MAX ((size_t)200) /* octets that are worth quoting in one line */

void line_put_octets(struct line *l, struct pq_slice octets)
{
    struct pq_bytes escaped;
    pq_bytes_init(&escaped, pq_alloc_default(), QUOTED_MAX * 4);
    struct pq_slice shown = pq_slice_first(octets, QUOTED_MAX);
    enum pq_status status = pq_escape_write(shown, PQ_ESCAPE_STRING, false, &escaped);
    line_put(l, "\"");
    line_put_slice(l, pq_bytes_slice(&escaped));
    line_put(l, "\"");
    if (status != PQ_STATUS_OK || shown.len < octets.len)
        line_put(l, "...");
    pq_bytes_free(&escaped);
}

/* ---- requirements ---------------------------------------------------------------------------- */

/* Calls `with` for each row in effect at `item`. */
static void each_row(struct pq_play *p, const struct pq_dlg_item *item,
                     void (*with)(struct pq_play *p, struct pq_slice id, enum pq_verdict verdict),
                     enum pq_verdict verdict)
{
    if (item && item->req) {
        const struct pq_dlg_arg *arg = item->req->directive.args;
        for (; arg; arg = arg->next)
            if (arg->param == PQ_DLG_ARG_REQ)
                with(p, arg->text, verdict);
        return;
    }
    for (const struct pq_dlg_word *word = p->run->what.dlg->req; word; word = word->next)
        with(p, word->text, verdict);
}

static void mark_one(struct pq_play *p, struct pq_slice id, enum pq_verdict verdict)
{
    pq_outcome_mark(p->out, id, verdict);
}

static void doubt_one(struct pq_play *p, struct pq_slice id, enum pq_verdict verdict)
{
    (void)verdict;
    pq_outcome_doubt(p->out, id);
}

/* Whether what is found now says something about requirements. */
static bool is_judged(const struct pq_play *p)
{
    bool section = p->section == PQ_DLG_TEST || p->section == PQ_DLG_AFTER;
    return section && !p->login.active && !p->given_lost;
}

/* Marks the rows that are in effect at `item`. */
static void mark(struct pq_play *p, const struct pq_dlg_item *item, enum pq_verdict verdict)
{
    if (is_judged(p))
        each_row(p, item, mark_one, verdict);
}

/* ---- findings -------------------------------------------------------------------------------- */

/* The line of the file on which `item` stands, without its comment. */
static struct pq_slice source_line(const struct pq_play *p, const struct pq_dlg_item *item)
{
    struct pq_slice text = p->login.active ? p->run->login.text : p->run->what.text;
    struct pq_slice line = {NULL, 0};
    for (uint32_t n = 0; n < item->at.line && text.len > 0; n++)
        line = pq_slice_cut(&text, '\n');
    for (size_t i = 0; i + 3 <= line.len; i++)
        if (pq_slice_starts(pq_slice_after(line, i), PQ_SLICE("  #")))
            line = pq_slice_first(line, i);
    while (line.len > 0 && line.at[0] == ' ')
        line = pq_slice_after(line, 1);
    while (line.len > 0 && line.at[line.len - 1] == ' ')
        line = pq_slice_first(line, line.len - 1);
    return line;
}

/* What `item` wants: its own line, or of alternatives those that pass. */
static void put_expected(const struct pq_play *p, const struct pq_dlg_item *item, struct line *out)
{
    if (pq_dlg_item_is(item, PQ_DLG_DO_CASE))
        item = item->parent;
    if (!pq_dlg_item_is(item, PQ_DLG_DO_MATCH)) {
        line_put_slice(out, source_line(p, item));
        return;
    }
    const struct pq_dlg_item *c = play_next_case(item->directive.body);
    for (; c; c = play_next_case(c->next)) {
        if (pq_dlg_arg(&c->directive, PQ_DLG_ARG_VERDICT)->number != PQ_DLG_VERDICT_PASS)
            continue;
        line_put(out, out->len > 0 ? " or " : "");
        line_put_slice(out, source_line(p, play_case_head(c)));
    }
}

static void copy_text(char *to, const char *text)
{
    (void)snprintf(to, PQ_OUTCOME_TEXT_MAX, "%s", text ? text : "");
}

/* Makes the finding that of the run, if it is worse than what was found before. */
static void adopt(struct pq_play *p, const struct pq_dlg_item *item, enum pq_verdict verdict,
                  const char *why, const char *actual)
{
    struct pq_outcome *out = p->out;
    if (verdict <= out->verdict && !(verdict == PQ_VERDICT_PASS && out->verdict == verdict))
        return;
    out->verdict = verdict;
    out->section = p->section;
    out->at = item ? item->at : (struct pq_dlg_at){0, 0};
    copy_text(out->why, why);
    copy_text(out->actual, actual);
    struct line expected;
    line_clear(&expected);
    if (item && verdict > PQ_VERDICT_NOTE)
        put_expected(p, item, &expected);
    copy_text(out->expected, expected.at);
}

/* A prelude failed: what stood in it is not the case's concern, only that the login failed. */
static void login_failed(struct pq_play *p, const struct pq_dlg_item *item, const char *why,
                         const char *actual)
{
    struct line text;
    line_clear(&text);
    line_put(&text, why && why[0] ? why : "a line of the prelude was not answered as it says");
    if (item) {
        line_put(&text, "; expected ");
        put_expected(p, item, &text);
    }
    if (actual && actual[0]) {
        line_put(&text, ", got ");
        line_put(&text, actual);
    }
    p->login.failed = true;
    copy_text(p->login.why, text.at);
}

/* Whether a finding only says that the prelude does not log in. */
static bool is_of_login(const struct pq_play *p, enum pq_verdict verdict)
{
    return p->login.active && verdict != PQ_VERDICT_ERROR && verdict != PQ_VERDICT_SKIP;
}

void play_record(struct pq_play *p, const struct pq_dlg_item *item, enum pq_verdict verdict,
                 const char *why, const char *actual)
{
    if (is_of_login(p, verdict)) {
        if (verdict > PQ_VERDICT_WARN)
            login_failed(p, item, why, actual);
        return;
    }
    if (verdict == PQ_VERDICT_FAIL && (p->section == PQ_DLG_GIVEN || p->given_lost))
        verdict = PQ_VERDICT_INCONCLUSIVE;
    if (verdict <= PQ_VERDICT_WARN || verdict == PQ_VERDICT_FAIL)
        mark(p, item, verdict);
    else
        each_row(p, item, doubt_one, verdict);
    adopt(p, item, verdict, why, actual);
}

void play_verdict(struct pq_play *p, const struct pq_dlg_item *item, enum pq_verdict verdict,
                  const char *why, const char *actual)
{
    play_record(p, item, verdict, why, actual);
    if (verdict > PQ_VERDICT_WARN && !is_of_login(p, verdict))
        p->over = p->lost = true;
}

void play_pass(struct pq_play *p, const struct pq_dlg_item *item)
{
    mark(p, item, PQ_VERDICT_PASS);
}

void play_fail(struct pq_play *p, const struct pq_dlg_item *item, const char *why,
               const char *actual)
{
    play_verdict(p, item, PQ_VERDICT_FAIL, why, actual);
}

void play_skip(struct pq_play *p, const struct pq_dlg_item *item, enum pq_skip skip,
               const char *why)
{
    if (p->out->verdict < PQ_VERDICT_SKIP)
        p->out->skip = skip;
    play_verdict(p, item, PQ_VERDICT_SKIP, why, NULL);
}

/* ---- findings that several parts have -------------------------------------------------------- */

/* What an expression without a value says about the run; UNBOUND is looked at more closely. */
static const enum pq_verdict expr_verdicts[] = {
    [PQ_EXPR_UNBOUND] = PQ_VERDICT_ERROR,
    [PQ_EXPR_KIND] = PQ_VERDICT_ERROR,
    /* What the target sent cannot be computed with. */
    [PQ_EXPR_OVERFLOW] = PQ_VERDICT_FAIL,
    [PQ_EXPR_RANGE] = PQ_VERDICT_FAIL,
    [PQ_EXPR_FORM] = PQ_VERDICT_FAIL,
    [PQ_EXPR_REGEX] = PQ_VERDICT_ERROR,
    [PQ_EXPR_TOO_LONG] = PQ_VERDICT_INCONCLUSIVE,
    [PQ_EXPR_NO_MESSAGE] = PQ_VERDICT_INCONCLUSIVE,
    [PQ_EXPR_NO_PEEK] = PQ_VERDICT_SKIP,
    [PQ_EXPR_NO_CRYPTO] = PQ_VERDICT_ERROR,
    [PQ_EXPR_NO_RAND] = PQ_VERDICT_ERROR,
    [PQ_EXPR_NO_MEMORY] = PQ_VERDICT_ERROR,
};

static bool is_builtin(struct pq_slice name)
{
    return pq_dlg_word_of(&pq_dlg_builtins, name) < pq_dlg_builtins.count;
}

void play_expr_failed(struct pq_play *p, const struct pq_dlg_item *item,
                      enum pq_expr_outcome outcome, struct pq_slice about)
{
    struct line why;
    line_clear(&why);
    line_put_slice(&why, about);
    line_put(&why, about.len > 0 ? ": " : "");
    line_put(&why, pq_expr_outcome_text(outcome));
    if (p->over)
        return; /* peeking has already ended the section */
    if (outcome == PQ_EXPR_NO_PEEK)
        play_skip(p, item, PQ_SKIP_ADAPTER, why.at);
    else if (outcome == PQ_EXPR_UNBOUND && is_builtin(about))
        play_skip(p, item, PQ_SKIP_CONFIG, why.at);
    else if (outcome == PQ_EXPR_UNBOUND && p->section == PQ_DLG_AFTER && p->test_cut)
        play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE, why.at, NULL);
    else
        play_verdict(p, item, expr_verdicts[outcome], why.at, NULL);
}

void play_ended(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                enum pq_wire_result result)
{
    struct pq_slice rest = pq_conns_pending(&p->conns, conn);
    struct line actual;
    line_clear(&actual);
    line_put(&actual, pq_wire_result_text(result));
    if (rest.len > 0) {
        line_put(&actual, " behind ");
        line_put_octets(&actual, rest);
    }
    if (result == PQ_WIRE_SPENT)
        play_verdict(p, item, PQ_VERDICT_ERROR, actual.at, NULL);
    else if (result == PQ_WIRE_FAILED)
        play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE, NULL, actual.at);
    else if (result == PQ_WIRE_TOO_LONG)
        play_fail(p, item, "a line without end", actual.at);
    else
        play_fail(p, item, "the connection ended where an answer was due", actual.at);
}
