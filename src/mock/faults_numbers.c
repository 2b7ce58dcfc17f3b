/* SPDX-License-Identifier: Apache-2.0
 * Faults of counting in the arguments of RETR and TOP: which number they stand for (RFC 1939
 * sections 3, 5 and 7). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

/* ---- RETR ------------------------------------------------------------------------------------ */

/* Whether `line` is `keyword` and arguments behind one space: takes it off. */
static bool cut_keyword(struct pq_slice *line, struct pq_slice keyword)
{
    struct pq_slice found = pq_slice_cut(line, ' ');
    return pq_slice_equal_nocase(found, keyword) && line->len > 0;
}

static bool put_retr(struct pq_buf *instead, uint64_t number)
{
    return pq_buf_put(instead, PQ_SLICE("RETR ")) && pq_buf_put_u64(instead, number);
}

/* How many octets at the start of `text` are of '0' to `last`. */
static size_t digits(struct pq_slice text, uint8_t last)
{
    size_t len = 0;
    while (len < text.len && text.at[len] >= '0' && text.at[len] <= last)
        len++;
    return len;
}

/* The number in `base`, modulo 2^64. */
static uint64_t number_of(struct pq_slice text, unsigned base)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++)
        number = number * base + (uint64_t)(text.at[i] - '0');
    return number;
}

static bool is_decimal(struct pq_slice text)
{
    return text.len > 0 && digits(text, '9') == text.len;
}

static bool fits(struct pq_slice text, uint64_t most)
{
    uint64_t number;
    return pq_parse_u64(text, &number) == PQ_STATUS_OK && number <= most;
}

static bool hear_wrapped(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                         struct pq_buf *instead, struct pq_slice *then)
{
    (void)s;
    (void)f;
    (void)then;
    bool wraps = cut_keyword(&line, PQ_SLICE("RETR")) && is_decimal(line) && line.at[0] != '0' &&
                 !fits(line, UINT32_MAX);
    return wraps && put_retr(instead, (uint32_t)number_of(line, 10));
}

const struct fault_effect effect_retr_number_wraps_32 = {.hears = hear_wrapped};

static bool hear_saturated(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                           struct pq_buf *instead, struct pq_slice *then)
{
    (void)f;
    (void)then;
    bool beyond = cut_keyword(&line, PQ_SLICE("RETR")) && is_decimal(line) && line.at[0] != '0' &&
                  !fits(line, UINT64_MAX);
    return beyond && put_retr(instead, s->maildrop.count);
}

const struct fault_effect effect_retr_number_saturates_64 = {.hears = hear_saturated};

static bool hear_prefix(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                        struct pq_buf *instead, struct pq_slice *then)
{
    (void)s;
    (void)f;
    (void)then;
    bool retr = cut_keyword(&line, PQ_SLICE("RETR"));
    size_t len = digits(line, '9');
    bool number = len > 0 && len < line.len && pq_slice_index(line, ' ') == line.len;
    return retr && number && pq_buf_put(instead, PQ_SLICE("RETR ")) &&
           pq_buf_put(instead, pq_slice_first(line, len));
}

const struct fault_effect effect_retr_number_prefix = {.hears = hear_prefix};

static bool hear_octal(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                       struct pq_buf *instead, struct pq_slice *then)
{
    (void)s;
    (void)f;
    (void)then;
    bool octal = cut_keyword(&line, PQ_SLICE("RETR")) && line.len > 1 && line.at[0] == '0' &&
                 digits(line, '7') == line.len;
    return octal && put_retr(instead, number_of(line, 8));
}

const struct fault_effect effect_retr_number_octal = {.hears = hear_octal};

static bool hear_negative(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                          struct pq_buf *instead, struct pq_slice *then)
{
    (void)f;
    (void)then;
    if (!cut_keyword(&line, PQ_SLICE("RETR")) || line.at[0] != '-')
        return false;
    struct pq_slice number = pq_slice_after(line, 1);
    return fits(number, s->maildrop.count) &&
           put_retr(instead, s->maildrop.count + 1 - number_of(number, 10));
}

const struct fault_effect effect_retr_negative_from_end = {.hears = hear_negative};

static bool is_past_end(struct pq_server *s, const struct pq_fault *f, const struct fault_answer *a)
{
    (void)f;
    return a->verb == PQ_VERB_RETR && a->indicator == PQ_REPLY_ERR &&
           a->command->flaw == PQ_FLAW_NONE && s->account &&
           a->command->message > s->maildrop.count;
}

static void answer_empty_body(struct pq_server *s, const struct pq_fault *f,
                              const struct fault_answer *a)
{
    (void)f;
    (void)a;
    pq_buf_put(&s->out, PQ_SLICE("+OK message follows\r\n" FAULT_END));
}

const struct fault_effect effect_retr_past_end_empty = {.speaks = is_past_end,
                                                        .answer = answer_empty_body};

/* ---- TOP ------------------------------------------------------------------------------------- */

static bool hear_unlimited(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                           struct pq_buf *instead, struct pq_slice *then)
{
    (void)s;
    (void)f;
    (void)then;
    bool top = cut_keyword(&line, PQ_SLICE("TOP"));
    struct pq_slice number = pq_slice_cut(&line, ' ');
    return top && pq_slice_starts(line, PQ_SLICE("-")) && is_decimal(pq_slice_after(line, 1)) &&
           pq_buf_put(instead, PQ_SLICE("TOP ")) && pq_buf_put(instead, number) &&
           pq_buf_put_octet(instead, ' ') && pq_buf_put_u64(instead, UINT64_MAX);
}

const struct fault_effect effect_top_negative_unlimited = {.hears = hear_unlimited};

static bool hear_count(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                       struct pq_buf *instead, struct pq_slice *then)
{
    (void)s;
    (void)then;
    return cut_keyword(&line, PQ_SLICE("TOP")) && is_decimal(line) &&
           pq_buf_put(instead, PQ_SLICE("TOP ")) && pq_buf_put(instead, line) &&
           pq_buf_put_octet(instead, ' ') && pq_buf_put_u64(instead, f->values[0]);
}

const struct fault_effect effect_top_missing_count_ok = {.hears = hear_count};

/* `lines` as it is, or `instead` where the fault acts. */
static uint64_t count_instead(struct pq_server *s, struct pq_fault *f, size_t index, uint64_t lines,
                              uint64_t instead)
{
    lines = f->base.top_lines(s, index, lines);
    return instead != lines && fault_acts_on(s, f, index) ? instead : lines;
}

static uint64_t zero_is_all(struct pq_server *s, size_t index, uint64_t lines)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_top_zero_returns_body);
    return count_instead(s, f, index, lines, lines == 0 ? UINT64_MAX : lines);
}

static uint64_t one_more(struct pq_server *s, size_t index, uint64_t lines)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_top_includes_extra_line);
    return count_instead(s, f, index, lines, lines < UINT64_MAX ? lines + 1 : lines);
}

static uint64_t one_less(struct pq_server *s, size_t index, uint64_t lines)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_top_counts_blank_separator);
    return count_instead(s, f, index, lines, lines > 0 ? lines - 1 : lines);
}

static uint64_t modulo_32(struct pq_server *s, size_t index, uint64_t lines)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_top_count_wraps_32);
    return count_instead(s, f, index, lines, (uint32_t)lines);
}

const struct fault_effect effect_top_zero_returns_body = {.hooks = {.top_lines = zero_is_all}};
const struct fault_effect effect_top_includes_extra_line = {.hooks = {.top_lines = one_more}};
const struct fault_effect effect_top_counts_blank_separator = {.hooks = {.top_lines = one_less}};
const struct fault_effect effect_top_count_wraps_32 = {.hooks = {.top_lines = modulo_32}};
