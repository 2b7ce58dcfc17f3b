/* SPDX-License-Identifier: Apache-2.0
 * Faults of framing in status lines and listings (RFC 1939 section 3, RFC 2449 section 4). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

static bool answers_well(const struct fault_answer *a, enum pq_verb verb)
{
    return a->verb == verb && a->indicator == PQ_REPLY_OK;
}

static bool refuses_for(const struct fault_answer *a, enum pq_flaw flaw)
{
    return a->indicator == PQ_REPLY_ERR && a->command->flaw == flaw;
}

/* Lines with a password are repeated by no server. */
static bool holds_secret(const struct fault_answer *a)
{
    return a->verb == PQ_VERB_PASS || a->verb == PQ_VERB_APOP || a->verb == PQ_VERB_AUTH;
}

/* ---- too many answers, or none --------------------------------------------------------------- */

static bool speaks_of_top(struct pq_server *s, const struct pq_fault *f,
                          const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return answers_well(a, PQ_VERB_TOP);
}

static void answer_twice(struct pq_server *s, const struct pq_fault *f,
                         const struct fault_answer *a)
{
    (void)f;
    fault_put_answer(s, a);
    fault_put_answer(s, a);
}

const struct fault_effect effect_top_double_status = {.speaks = speaks_of_top,
                                                      .answer = answer_twice};

/* A second answer to STLS would stand inside the handshake. */
static bool came_in_pieces(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    return s->event->kind == PQ_EVENT_COMMAND && s->pieces >= f->values[0] &&
           a->verb != PQ_VERB_STLS;
}

const struct fault_effect effect_split_command_double_reply = {.speaks = came_in_pieces,
                                                               .answer = answer_twice};

static void answer_nothing(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    (void)s;
    (void)f;
    (void)a;
}

static bool is_unknown(struct pq_server *s, const struct pq_fault *f, const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return refuses_for(a, PQ_FLAW_UNKNOWN_VERB);
}

const struct fault_effect effect_unknown_command_silent = {.speaks = is_unknown,
                                                           .answer = answer_nothing};

static bool is_empty(struct pq_server *s, const struct pq_fault *f, const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return refuses_for(a, PQ_FLAW_EMPTY);
}

const struct fault_effect effect_empty_line_silent = {.speaks = is_empty, .answer = answer_nothing};

static bool greet_twice(struct pq_server *s, struct pq_slice text)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_greeting_two_lines);
    if (!f->base.greet(s, text))
        return false;
    return !fault_fires(f) ||
           pq_buf_put(&s->out, f->values[0] == 1 ? PQ_SLICE("+OK unauthorised use is forbidden\r\n")
                                                 : PQ_SLICE("unauthorised use is forbidden\r\n"));
}

const struct fault_effect effect_greeting_two_lines = {.hooks = {.greet = greet_twice}};

/* ---- the octets of a status line ------------------------------------------------------------- */

/* The constant holds a bit for +OK and one for -ERR. */
static bool is_chosen(struct pq_server *s, const struct pq_fault *f, const struct fault_answer *a)
{
    (void)s;
    return f->values[0] & (a->indicator == PQ_REPLY_OK ? 1 : 2);
}

static void answer_in_lower_case(struct pq_server *s, const struct pq_fault *f,
                                 const struct fault_answer *a)
{
    size_t at = s->out.len + 1;
    (void)f;
    fault_put_answer(s, a);
    for (; at < s->out.len && s->out.at[at] >= 'A' && s->out.at[at] <= 'Z'; at++)
        s->out.at[at] = (uint8_t)(s->out.at[at] - 'A' + 'a');
}

const struct fault_effect effect_status_lowercase = {.speaks = is_chosen,
                                                     .answer = answer_in_lower_case};

/* The status line, then `tail`, which has its end. */
static void put_with_tail(struct pq_server *s, const struct fault_answer *a, struct pq_slice tail)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf line;
    pq_buf_init(&line, memory, sizeof(memory));
    pq_buf_put(&s->out, fault_answer_text(a, &line));
    pq_buf_put(&s->out, tail);
}

static void answer_with_lf(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    (void)f;
    put_with_tail(s, a, PQ_SLICE("\n"));
}

const struct fault_effect effect_reply_lf_only = {.speaks = is_chosen, .answer = answer_with_lf};

static bool is_long_enough(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    (void)s;
    return !holds_secret(a) && (a->line.len + 1) * f->values[0] > PQ_REPLY_LINE_MAX &&
           pq_slice_is_printable(a->line);
}

static void answer_with_echo(struct pq_server *s, const struct pq_fault *f,
                             const struct fault_answer *a)
{
    put_with_tail(s, a, PQ_SLICE(":"));
    for (uint64_t i = 0; i < f->values[0]; i++) {
        pq_buf_put_octet(&s->out, ' ');
        pq_buf_put(&s->out, a->line);
    }
    pq_buf_put(&s->out, PQ_SLICE("\r\n"));
}

const struct fault_effect effect_reply_over_512 = {.speaks = is_long_enough,
                                                   .answer = answer_with_echo};

static bool has_controls(struct pq_server *s, const struct pq_fault *f,
                         const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return a->indicator == PQ_REPLY_ERR && !holds_secret(a) && !pq_slice_is_printable(a->line);
}

static void answer_with_line(struct pq_server *s, const struct pq_fault *f,
                             const struct fault_answer *a)
{
    (void)f;
    put_with_tail(s, a, PQ_SLICE(": "));
    pq_buf_put(&s->out, a->line);
    pq_buf_put(&s->out, PQ_SLICE("\r\n"));
}

const struct fault_effect effect_err_echo_unfiltered = {.speaks = has_controls,
                                                        .answer = answer_with_line};

static bool is_locked(struct pq_server *s, const struct pq_fault *f, const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return a->indicator == PQ_REPLY_ERR && pq_slice_equal(a->code, PQ_SLICE("IN-USE"));
}

static void answer_in_two_lines(struct pq_server *s, const struct pq_fault *f,
                                const struct fault_answer *a)
{
    (void)f;
    put_with_tail(s, a, PQ_SLICE("\r\ntry again later\r\n"));
}

const struct fault_effect effect_err_multiline_text = {.speaks = is_locked,
                                                       .answer = answer_in_two_lines};

/* ---- one line or several --------------------------------------------------------------------- */

static bool answers_one(const struct fault_answer *a, enum pq_verb verb)
{
    return answers_well(a, verb) && a->command->argc == 1;
}

static bool is_list_of_one(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return answers_one(a, PQ_VERB_LIST);
}

static bool is_uidl_of_one(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return answers_one(a, PQ_VERB_UIDL);
}

static void answer_as_list(struct pq_server *s, const struct pq_fault *f,
                           const struct fault_answer *a)
{
    (void)f;
    pq_buf_put(&s->out, PQ_SLICE("+OK listing follows\r\n"));
    pq_buf_put(&s->out, a->text);
    pq_buf_put(&s->out, PQ_SLICE("\r\n" FAULT_END));
}

const struct fault_effect effect_list_single_multiline = {.speaks = is_list_of_one,
                                                          .answer = answer_as_list};
const struct fault_effect effect_uidl_single_multiline = {.speaks = is_uidl_of_one,
                                                          .answer = answer_as_list};

static void answer_without_number(struct pq_server *s, const struct pq_fault *f,
                                  const struct fault_answer *a)
{
    struct fault_answer rest = *a;
    (void)f;
    (void)pq_slice_cut(&rest.text, ' ');
    fault_put_answer(s, &rest);
}

const struct fault_effect effect_list_single_no_number = {.speaks = is_list_of_one,
                                                          .answer = answer_without_number};
const struct fault_effect effect_uidl_single_no_number = {.speaks = is_uidl_of_one,
                                                          .answer = answer_without_number};

static bool is_capa(struct pq_server *s, const struct pq_fault *f, const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return answers_well(a, PQ_VERB_CAPA);
}

/* The job has nothing left to write but its end. */
static void answer_all_tags(struct pq_server *s, const struct pq_fault *f,
                            const struct fault_answer *a)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf tag;
    (void)f;
    (void)a;
    pq_buf_put(&s->out, PQ_SLICE("+OK"));
    pq_buf_init(&tag, memory, sizeof(memory));
    for (size_t i = 0; server_capa_line(s, i, &tag); i++, pq_buf_clear(&tag)) {
        bool fits = tag.len > 0 && pq_buf_room(&s->out) >= tag.len + PQ_REPLY_LINE_MAX;
        if (fits && pq_buf_put_octet(&s->out, ' '))
            pq_buf_put(&s->out, pq_buf_slice(&tag));
    }
    pq_buf_put(&s->out, PQ_SLICE("\r\n"));
    s->job = (struct job){.kind = JOB_WIRE};
}

const struct fault_effect effect_capa_single_line = {.speaks = is_capa, .answer = answer_all_tags};

/* ---- the terminator of a listing ------------------------------------------------------------- */

static bool terminates_capa(struct pq_server *s, enum pq_verb verb)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_capa_missing_terminator);
    return (verb != PQ_VERB_CAPA || !fault_fires(f)) && f->base.terminates(s, verb);
}

const struct fault_effect effect_capa_missing_terminator = {
    .hooks = {.terminates = terminates_capa}};

static bool terminates_list(struct pq_server *s, enum pq_verb verb)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_empty_no_terminator);
    bool empty = verb == PQ_VERB_LIST && s->maildrop.live_count == 0;
    return (!empty || !fault_fires(f)) && f->base.terminates(s, verb);
}

const struct fault_effect effect_list_empty_no_terminator = {
    .hooks = {.terminates = terminates_list}};

static bool is_bare_auth(struct pq_server *s, const struct pq_fault *f,
                         const struct fault_answer *a)
{
    (void)s;
    (void)f;
    return a->verb == PQ_VERB_AUTH && refuses_for(a, PQ_FLAW_ARGUMENT_MISSING);
}

static void answer_mechanisms(struct pq_server *s, const struct pq_fault *f,
                              const struct fault_answer *a)
{
    (void)f;
    (void)a;
    pq_buf_put(&s->out, PQ_SLICE("+OK mechanisms follow\r\nPLAIN\r\nLOGIN\r\n"));
}

const struct fault_effect effect_auth_list_missing_terminator = {.speaks = is_bare_auth,
                                                                 .answer = answer_mechanisms};

/* ---- the lines of a listing ------------------------------------------------------------------ */

static void put_wrong_format(struct pq_server *s, enum pq_verb verb, size_t index,
                             struct pq_buf *line)
{
    static const char *const around[][2] = {{"%!d(float64=", ")"}, {"", ".000000"}, {"", "e+00"}};
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_size_not_decimal);
    bool acts = verb == PQ_VERB_LIST && fault_acts_on(s, f, index);
    if (acts)
        pq_buf_put_text(line, around[f->values[0] - 1][0]);
    f->base.field(s, verb, index, line);
    if (acts)
        pq_buf_put_text(line, around[f->values[0] - 1][1]);
}

const struct fault_effect effect_list_size_not_decimal = {.hooks = {.field = put_wrong_format}};

/* How many lines of a listing stand before that of messages[index]. */
static uint64_t rank_of(const struct pq_server *s, size_t index)
{
    uint64_t rank = 0;
    for (size_t i = 0; i < index; i++)
        rank += !s->maildrop.messages[i].deleted;
    return rank;
}

static unsigned list_cut(struct pq_server *s, enum pq_verb verb, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_cut_at_100);
    bool beyond = verb == PQ_VERB_LIST && rank_of(s, index) >= f->values[0];
    return beyond && fault_fires(f) ? 0 : f->base.times(s, verb, index);
}

const struct fault_effect effect_list_cut_at_100 = {.hooks = {.times = list_cut}};

static unsigned list_skip(struct pq_server *s, enum pq_verb verb, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_list_skips_tenth);
    bool tenth = verb == PQ_VERB_LIST && rank_of(s, index) % f->values[0] == f->values[0] - 1;
    return tenth && fault_fires(f) ? 0 : f->base.times(s, verb, index);
}

const struct fault_effect effect_list_skips_tenth = {.hooks = {.times = list_skip}};
