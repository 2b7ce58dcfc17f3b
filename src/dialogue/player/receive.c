/* SPDX-License-Identifier: Apache-2.0
 * What the server must answer: lines, multi-line replies, raw octets, silence, and the end. */
#include <string.h>

#include "dialogue/player/play_internal.h"

/* ---- lines ----------------------------------------------------------------------------------- */

bool play_check_bounds(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    struct bounds b = p->bounds;
    if (b.within_ms == 0 && b.notbefore_ms == 0)
        return true;
    const struct pq_wire *wire = p->run->wire;
    uint64_t took = wire->took(wire->ctx, conn, p->conns.chans[conn].answer_ms);
    p->bounds = (struct bounds){0, 0};
    bool late = b.within_ms > 0 && took > b.within_ms;
    if (!late && took >= b.notbefore_ms)
        return true;
    struct line actual;
    line_clear(&actual);
    line_put(&actual, "the answer came after ");
    line_put_u64(&actual, took);
    line_put(&actual, late ? " ms; it must come within " : " ms; it must not come before ");
    line_put_u64(&actual, late ? b.within_ms : b.notbefore_ms);
    line_put(&actual, " ms");
    play_fail(p, item, late ? "too late" : "too early", actual.at);
    return false;
}

bool play_await_line(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                     enum awaited what, struct pq_incoming *line)
{
    enum pq_wire_result r = pq_conns_line(&p->conns, conn, play_patience_of(p, 0), line);
    if (r == PQ_WIRE_OK)
        return play_check_bounds(p, item, conn);
    if (r == PQ_WIRE_TIMEOUT)
        play_barrier(p, item, conn, what);
    else
        play_ended(p, item, conn, r);
    return false;
}

struct pq_slice play_unstuff(struct pq_slice line)
{
    bool stuffed = line.len > 1 && line.at[0] == '.';
    return pq_slice_after(line, stuffed ? 1 : 0);
}

static bool is_terminator(const struct pq_incoming *line)
{
    return !line->tail && pq_slice_equal(line->text, PQ_SLICE("."));
}

bool play_bind_captures(struct pq_play *p, const struct pq_dlg_item *item,
                        const struct pq_capture *captures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!pq_bindings_bind(&p->names, captures[i].name, captures[i].value)) {
            play_verdict(p, item, PQ_VERDICT_ERROR, "the run binds more than the player can hold",
                         NULL);
            return false;
        }
    return true;
}

/* The first name without a value that the step computes with. */
static struct pq_slice unbound_name(const struct pq_play *p, const struct pq_dlg_step *step)
{
    struct pq_slice name = {NULL, 0};
    struct pq_value value;
    for (const struct pq_dlg_part *part = step->parts; part; part = part->next)
        for (size_t n = 0; part->kind == PQ_DLG_PART_EXPR && pq_expr_name(part->expr, n, &name);
             n++)
            if (!pq_bindings_value(&p->names, name, &value))
                return name;
    return pq_slice_of(NULL, 0);
}

void play_match_failed(struct pq_play *p, const struct pq_dlg_item *item, struct pq_slice line,
                       const struct pq_match *m)
{
    struct line actual;
    line_clear(&actual);
    line_put_octets(&actual, line);
    if (m->error == PQ_EXPR_OK) /* the regular expression passed its limits */
        play_verdict(p, item, PQ_VERDICT_ERROR, m->why, actual.at);
    else
        play_expr_failed(p, item, m->error, unbound_name(p, &item->step));
}

/* What a template made of a line. */
static void judge_line(struct pq_play *p, const struct pq_dlg_item *item, struct pq_slice line,
                       const struct pq_match *m)
{
    struct line actual;
    line_clear(&actual);
    line_put_octets(&actual, line);
    switch (m->outcome) {
    case PQ_MATCH_YES:
        play_pass(p, item);
        break;
    case PQ_MATCH_NO:
        play_fail(p, item, m->why, actual.at);
        break;
    case PQ_MATCH_ERROR:
        play_match_failed(p, item, line, m);
        break;
    }
}

/* S: S~ S| and S. */
static void receive_line(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    enum pq_dlg_form form = item->step.form;
    bool body = form == PQ_DLG_BODY || form == PQ_DLG_DOT;
    struct pq_incoming line;
    if (!play_await_line(p, item, conn, body ? AWAIT_TERMINATOR : AWAIT_LINE, &line))
        return;
    struct pq_match m;
    if (form == PQ_DLG_BODY && is_terminator(&line)) {
        m = (struct pq_match){.outcome = PQ_MATCH_NO, .why = "the reply ends before this line"};
    } else {
        struct pq_slice text = form == PQ_DLG_BODY ? play_unstuff(line.text) : line.text;
        pq_template_match(&item->step, text, &p->names.env, &m);
    }
    if (m.outcome != PQ_MATCH_YES || play_bind_captures(p, item, m.captures, m.count))
        judge_line(p, item, line.text, &m);
    pq_conns_take(&p->conns, conn, &line, body);
}

/* ---- multi-line replies ---------------------------------------------------------------------- */

/* What is read of a multi-line reply up to its terminator. */
struct body {
    uint64_t lines, octets; /* of content, as it is on the wire */
    struct pq_bytes *keep;  /* content without stuffing; NULL: it is passed over */
};

static bool keep_line(struct pq_play *p, const struct pq_dlg_item *item, struct body *b,
                      struct pq_slice line)
{
    if (!b->keep)
        return true;
    if (pq_bytes_put(b->keep, play_unstuff(line)) == PQ_STATUS_OK &&
        pq_bytes_put(b->keep, PQ_SLICE("\r\n")) == PQ_STATUS_OK)
        return true;
    play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE,
                 "the reply is longer than the 1 MiB that @body keeps", NULL);
    return false;
}

/* Passes over a line that is longer than what is kept. False: a finding. */
static bool skip_long_line(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                           struct body *b)
{
    b->octets += pq_conns_skip(&p->conns, conn);
    if (!b->keep && b->octets <= PQ_RUN_REPLY_MAX)
        return true;
    play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE, "the reply is longer than the player reads",
                 NULL);
    return false;
}

/* Looks at the next line of the reply, however long it is. False: a finding. */
static bool next_body_line(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                           struct body *b, struct pq_incoming *line)
{
    for (;;) {
        enum pq_wire_result r = pq_conns_line(&p->conns, conn, play_patience_of(p, 0), line);
        if (r == PQ_WIRE_OK)
            return play_check_bounds(p, item, conn);
        if (r == PQ_WIRE_TIMEOUT)
            play_barrier(p, item, conn, AWAIT_TERMINATOR);
        else if (r != PQ_WIRE_TOO_LONG)
            play_ended(p, item, conn, r);
        if (r != PQ_WIRE_TOO_LONG || !skip_long_line(p, item, conn, b))
            return false;
    }
}

/* Takes lines up to the terminator, which stays, or up to `most` of them. False: a finding. */
static bool take_body(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                      uint64_t most, struct body *b)
{
    struct pq_incoming line;
    while (b->lines < most) {
        if (!next_body_line(p, item, conn, b, &line))
            return false;
        if (is_terminator(&line))
            break;
        bool kept = keep_line(p, item, b, line.text);
        b->lines++;
        b->octets += line.text.len + 2;
        pq_conns_take(&p->conns, conn, &line, true);
        if (!kept)
            return false;
        if (b->octets > PQ_RUN_REPLY_MAX) {
            play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE,
                         "the reply is longer than the 64 MiB that the player reads", NULL);
            return false;
        }
    }
    return true;
}

static void receive_many(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    struct body b = {.keep = NULL};
    if (!take_body(p, item, conn, item->step.most, &b))
        return;
    if (b.lines >= item->step.least) {
        play_pass(p, item);
        return;
    }
    struct line actual;
    line_clear(&actual);
    line_put(&actual, "the reply ends after so many lines: ");
    line_put_u64(&actual, b.lines);
    play_fail(p, item, "the reply has too few lines", actual.at);
}

/* Takes the first of lines that end in CRLF off `*text`. */
static struct pq_slice cut_line(struct pq_slice *text)
{
    size_t lf = 0;
    do
        lf += 1 + pq_slice_index(pq_slice_after(*text, lf + 1), '\n');
    while (text->at[lf - 1] != '\r');
    struct pq_slice line = pq_slice_first(*text, lf - 1);
    *text = pq_slice_after(*text, lf + 1);
    return line;
}

/* Makes the `count` lines of `text` a list. */
static bool bind_lines(struct pq_play *p, struct pq_slice name, struct pq_slice text, size_t count)
{
    struct pq_slice *lines = pq_arena_get(&p->names.scratch, (count + 1) * sizeof(*lines));
    for (size_t i = 0; lines && i < count; i++)
        lines[i] = cut_line(&text);
    return lines && pq_bindings_bind(&p->names, name, pq_value_list(lines, count));
}

void play_do_body(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    if (!play_is_open(p, item, conn))
        return;
    struct pq_bytes keep;
    pq_bytes_init(&keep, p->run->alloc, PQ_RUN_BODY_MAX);
    struct body b = {.keep = &keep};
    struct pq_incoming end;
    if (take_body(p, item, conn, UINT64_MAX, &b) && next_body_line(p, item, conn, &b, &end)) {
        pq_conns_take(&p->conns, conn, &end, true);
        const struct pq_dlg_arg *name = pq_dlg_arg(&item->directive, PQ_DLG_ARG_VARIABLE);
        if (bind_lines(p, name->text, pq_bytes_slice(&keep), (size_t)b.lines))
            play_pass(p, item);
        else
            play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE,
                         "the reply has more lines than the player can hold", NULL);
    }
    pq_bytes_free(&keep);
}

/* ---- raw octets ------------------------------------------------------------------------------ */

/* What a step of form RAW stands for. False: a finding. */
static bool raw_octets(struct pq_play *p, const struct pq_dlg_item *item, struct pq_bytes *out)
{
    struct pq_emitter e;
    pq_emitter_init(&e, &item->step, &p->names.env);
    while (pq_emitter_next(&e, out))
        continue;
    if (e.error == PQ_EXPR_OK && e.count > 0) {
        e.error = PQ_EXPR_UNBOUND;
        e.about = e.captures[0].name;
    }
    if (e.error != PQ_EXPR_OK)
        play_expr_failed(p, item, e.error, e.about);
    return e.error == PQ_EXPR_OK;
}

static size_t common_len(struct pq_slice a, struct pq_slice b)
{
    size_t i = 0;
    while (i < a.len && i < b.len && a.at[i] == b.at[i])
        i++;
    return i;
}

/* Takes the octets of `expected` off the connection, as far as they come. */
static void match_octets(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                         struct pq_slice expected)
{
    struct pq_slice rest = expected;
    while (rest.len > 0) {
        struct pq_slice got;
        enum pq_wire_result r = pq_conns_octets(&p->conns, conn, play_patience_of(p, 0), &got);
        if (r == PQ_WIRE_TIMEOUT)
            play_barrier(p, item, conn, AWAIT_LINE);
        else if (r != PQ_WIRE_OK)
            play_ended(p, item, conn, r);
        if (r != PQ_WIRE_OK || !play_check_bounds(p, item, conn))
            return;
        size_t same = common_len(rest, got);
        if (same < rest.len && same < got.len) {
            struct line actual;
            line_clear(&actual);
            line_put_octets(&actual, pq_slice_after(got, same));
            line_put(&actual, " behind so many octets as expected: ");
            line_put_u64(&actual, expected.len - rest.len + same);
            play_fail(p, item, "the octets are not those that are expected", actual.at);
            return;
        }
        pq_conns_take_octets(&p->conns, conn, same);
        rest = pq_slice_after(rest, same);
    }
    play_pass(p, item);
}

static void receive_raw(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    struct pq_bytes expected;
    pq_bytes_init(&expected, p->run->alloc, PQ_RUN_OUTBOX_MAX);
    if (raw_octets(p, item, &expected))
        match_octets(p, item, conn, pq_bytes_slice(&expected));
    pq_bytes_free(&expected);
}

void play_receive_step(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, item->step.conn);
    if (!play_is_open(p, item, conn))
        return;
    switch (item->step.form) {
    case PQ_DLG_LINE:
    case PQ_DLG_REGEX:
    case PQ_DLG_BODY:
    case PQ_DLG_DOT:
        receive_line(p, item, conn);
        break;
    case PQ_DLG_RAW:
        receive_raw(p, item, conn);
        break;
    case PQ_DLG_MANY:
        receive_many(p, item, conn);
        break;
    }
}
