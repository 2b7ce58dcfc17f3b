/* SPDX-License-Identifier: Apache-2.0
 * Faults of framing in commands: where a line ends, and what counts as one (RFC 1939 section 3,
 * RFC 2449 sections 4 and 6.6). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- where a line ends ----------------------------------------------------------------------- */

/* The line ends at the first `octet`, and the next one begins behind it. */
static bool end_at(struct pq_slice line, uint8_t octet, struct pq_buf *instead,
                   struct pq_slice *then)
{
    size_t at = pq_slice_index(line, octet);
    if (at == line.len)
        return false;
    *then = pq_slice_after(line, at + 1);
    return pq_buf_put(instead, pq_slice_first(line, at));
}

static bool end_at_cr(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                      struct pq_buf *instead, struct pq_slice *then)
{
    (void)s;
    (void)f;
    return end_at(line, '\r', instead, then);
}

static bool end_at_nul(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                       struct pq_buf *instead, struct pq_slice *then)
{
    (void)s;
    (void)f;
    return end_at(line, 0, instead, then);
}

const struct fault_effect effect_bare_cr_ends_command = {.hears = end_at_cr};
const struct fault_effect effect_nul_ends_command = {.hears = end_at_nul};

static void read_long_lines(struct pq_server *s)
{
    fault_of(s, PQ_FAULT_overlong_tail_executed)->base.begin(s);
    s->conn.command_max = PQ_SERVER_LINE_CAP;
}

/* What is shorter goes the same way, so that it is refused for its length. */
static bool split_long(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                       struct pq_buf *instead, struct pq_slice *then)
{
    size_t most = (size_t)f->values[0];
    (void)s;
    if (line.len + 2 <= PQ_COMMAND_LINE_MAX)
        return false;
    if (line.len > most)
        *then = pq_slice_after(line, most);
    return pq_buf_put(instead, pq_slice_first(line, most));
}

const struct fault_effect effect_overlong_tail_executed = {.hooks = {.begin = read_long_lines},
                                                           .hears = split_long};

static bool lf_is_a_line(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                         struct pq_buf *instead, struct pq_slice *then)
{
    (void)f;
    *then = pq_slice_first(line, 0);
    return s->split_end && pq_buf_put(instead, line);
}

const struct fault_effect effect_split_crlf_extra_command = {.hears = lf_is_a_line};

/* ---- keywords and arguments ------------------------------------------------------------------ */

static struct pq_slice keyword_of(struct pq_slice line)
{
    return pq_slice_first(line, pq_slice_index(line, ' '));
}

/* A keyword in lower case becomes one that nobody knows. */
static bool want_upper_case(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                            struct pq_buf *instead, struct pq_slice *then)
{
    struct pq_slice keyword = keyword_of(line);
    bool lower = false;
    (void)s;
    (void)f;
    (void)then;
    for (size_t i = 0; i < keyword.len; i++)
        lower |= keyword.at[i] >= 'a' && keyword.at[i] <= 'z';
    return lower && pq_buf_put_octet(instead, '?') &&
           pq_buf_put(instead, pq_slice_first(line, pq_buf_room(instead)));
}

const struct fault_effect effect_keyword_case_sensitive = {.hears = want_upper_case};

#define PREFIX_LEN 4u

static bool hear_prefix(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                        struct pq_buf *instead, struct pq_slice *then)
{
    struct pq_slice keyword = keyword_of(line);
    struct pq_command c;
    (void)s;
    (void)f;
    (void)then;
    pq_command_parse(pq_slice_first(keyword, PREFIX_LEN), 0, false, &c);
    return keyword.len > PREFIX_LEN && c.verb != PQ_VERB_UNKNOWN &&
           pq_buf_put(instead, pq_slice_first(keyword, PREFIX_LEN)) &&
           pq_buf_put(instead, pq_slice_after(line, keyword.len));
}

const struct fault_effect effect_keyword_prefix_match = {.hears = hear_prefix};

static void begin_lenient(struct pq_server *s, enum pq_fault_id id, enum pq_leniency leniency)
{
    struct pq_fault *f = fault_of(s, id);
    f->base.begin(s);
    if (fault_fires(f))
        s->conn.leniency |= (unsigned)leniency;
}

static void allow_surplus(struct pq_server *s)
{
    begin_lenient(s, PQ_FAULT_extra_argument_ignored, PQ_LENIENT_SURPLUS);
}

static void allow_blanks(struct pq_server *s)
{
    begin_lenient(s, PQ_FAULT_multiple_blanks_accepted, PQ_LENIENT_BLANKS);
}

const struct fault_effect effect_extra_argument_ignored = {.hooks = {.begin = allow_surplus}};
const struct fault_effect effect_multiple_blanks_accepted = {.hooks = {.begin = allow_blanks}};

/* ---- commands in one piece ------------------------------------------------------------------- */

static size_t arrive_first_line(struct pq_server *s, struct pq_slice in)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_pipelined_second_dropped);
    size_t first = pq_slice_index(in, '\n') + 1;
    return first < in.len && fault_fires(f) ? first : f->base.arrive(s, in);
}

const struct fault_effect effect_pipelined_second_dropped = {
    .hooks = {.arrive = arrive_first_line}};

/* Reads the command that waits behind the one that is obeyed; false when it is not complete. */
static bool read_next(const struct pq_server *s, struct pq_command *c)
{
    struct pq_slice next = pq_conn_unread(&s->conn, PQ_FROM_CLIENT);
    struct pq_slice line = fault_line(&next);
    pq_command_parse(fault_line_text(line), s->conn.leniency, false, c);
    return fault_ends_in_crlf(line) && c->flaw == PQ_FLAW_NONE;
}

/* The body of the reference with `early`, the answer to the next command, in front of the octet
 * `at`. */
static bool put_with_early(struct pq_server *s, struct pq_slice content, const char *early,
                           bool at_end, struct pq_bytes *wire)
{
    size_t half = 0;
    for (struct pq_slice rest = content; !at_end && rest.len > content.len / 2;)
        half += fault_line(&rest).len;
    s->swallow = 2; /* the status line of this command comes first */
    return fault_put_body(wire, pq_slice_first(content, at_end ? content.len : half), "") &&
           fault_put(wire, pq_slice_text(early)) &&
           fault_put_body(wire, pq_slice_after(content, at_end ? content.len : half), FAULT_END);
}

static bool reply_unless_given(struct pq_server *s, struct pq_fault *f,
                               const struct fault_answer *a)
{
    if (s->swallow == 0 || --s->swallow > 0)
        return f->base.reply(s, a->indicator, a->code, a->text);
    pq_conn_answered(&s->conn, a->indicator);
    return true;
}

static bool body_overtaken(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                           struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_pipelined_reply_order);
    struct pq_slice content = s->stored[index]->content;
    struct pq_command next;
    if (verb == PQ_VERB_TOP)
        content = pq_slice_first(content, server_top_len(content, lines));
    bool acts = content.len >= f->values[0] && read_next(s, &next) && next.verb == PQ_VERB_NOOP;
    if (acts && fault_fires(f))
        return put_with_early(s, content, "+OK\r\n", false, wire);
    return f->base.body(s, verb, index, lines, wire);
}

static bool reply_overtaken(struct pq_server *s, enum pq_indicator indicator, struct pq_slice code,
                            struct pq_slice text)
{
    const struct fault_answer a = {.indicator = indicator, .code = code, .text = text};
    return reply_unless_given(s, fault_of(s, PQ_FAULT_pipelined_reply_order), &a);
}

const struct fault_effect effect_pipelined_reply_order = {
    .hooks = {.body = body_overtaken, .reply = reply_overtaken}};

static bool body_overlapped(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                            struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_pipelined_retr_overlap);
    struct pq_slice content = s->stored[index]->content;
    struct pq_command next;
    bool acts = verb == PQ_VERB_RETR && content.len > f->values[0] && read_next(s, &next) &&
                next.verb == PQ_VERB_RETR && pq_maildrop_find(&s->maildrop, next.message);
    if (acts && fault_fires(f))
        return put_with_early(s, content, "+OK message follows\r\n", true, wire);
    return f->base.body(s, verb, index, lines, wire);
}

static bool reply_overlapped(struct pq_server *s, enum pq_indicator indicator, struct pq_slice code,
                             struct pq_slice text)
{
    const struct fault_answer a = {.indicator = indicator, .code = code, .text = text};
    return reply_unless_given(s, fault_of(s, PQ_FAULT_pipelined_retr_overlap), &a);
}

const struct fault_effect effect_pipelined_retr_overlap = {
    .hooks = {.body = body_overlapped, .reply = reply_overlapped}};
