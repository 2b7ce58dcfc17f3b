/* SPDX-License-Identifier: Apache-2.0
 * Operations on what stands in a line. */
#include "harness/mutator/operation.h"

#include "popquiz/command.h"

/* ---- reading a line -------------------------------------------------------------------------- */

static void read_line(struct pq_slice line, struct pq_command *c)
{
    const unsigned lenient = PQ_LENIENT_BLANKS | PQ_LENIENT_SURPLUS | PQ_LENIENT_ZEROS;
    pq_command_parse(script_text(line), lenient, true, c);
}

static bool is_line(const struct script_row *row, struct pq_slice item)
{
    return script_is_line(row, item) && script_text(item).len > 0;
}

static bool has_keyword(const struct script_row *row, struct pq_slice item)
{
    struct pq_command c;
    read_line(item, &c);
    return script_is_line(row, item) && c.keyword.len > 0;
}

static bool is_number(enum pq_argument kind)
{
    return kind == PQ_ARG_MESSAGE || kind == PQ_ARG_LINES;
}

/* Whether the verb takes numbers, given or not. */
static bool takes_number(const struct script_row *row, struct pq_slice item)
{
    struct pq_command c;
    read_line(item, &c);
    return script_is_line(row, item) && is_number(pq_verb_row(c.verb)->args[0]);
}

static bool has_argument(const struct script_row *row, struct pq_slice item)
{
    struct pq_command c;
    read_line(item, &c);
    return script_is_line(row, item) && c.argc > 0;
}

/* Puts the line with `to` in the place of `part`, which is a part of it. */
static bool put_instead(struct mutator *m, size_t at, struct pq_slice part, struct pq_slice to)
{
    struct pq_slice line = m->script.items[at];
    size_t from = m->made.len, begin = (size_t)(part.at - line.at);
    pq_buf_put(&m->made, pq_slice_first(line, begin));
    pq_buf_put(&m->made, to);
    pq_buf_put(&m->made, pq_slice_after(line, begin + part.len));
    return mutator_replace(m, at, from);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static const struct pq_slice numbers[] = {
    PQ_SLICE_INIT("0"),
    PQ_SLICE_INIT("1"),
    PQ_SLICE_INIT("2147483647"),
    PQ_SLICE_INIT("2147483648"),
    PQ_SLICE_INIT("4294967295"),
    PQ_SLICE_INIT("4294967296"),
    PQ_SLICE_INIT("9223372036854775807"),
    PQ_SLICE_INIT("18446744073709551615"),
    PQ_SLICE_INIT("18446744073709551616"),
    PQ_SLICE_INIT("-1"),
    PQ_SLICE_INIT("+1"),
    PQ_SLICE_INIT("01"),
    PQ_SLICE_INIT(""),
    PQ_SLICE_INIT("0x1"),
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* A number larger than this is no number of a message. */
#define MESSAGES_MAX 100000u

/* The message that the line names, and zero when it names none. */
static uint64_t message_of(struct pq_slice line, enum pq_verb *verb)
{
    struct pq_command c;
    read_line(line, &c);
    *verb = c.verb;
    bool named = c.argc > 0 && pq_verb_row(c.verb)->args[0] == PQ_ARG_MESSAGE;
    return named && c.flaw == PQ_FLAW_NONE && c.message <= MESSAGES_MAX ? c.message : 0;
}

/* The highest message that the session names, and the one that it marks last: else one. */
static uint64_t named_message(const struct mutator *m, bool marked)
{
    uint64_t result = 1;
    for (size_t i = 0; i < m->script.count; i++) {
        enum pq_verb verb;
        uint64_t message = message_of(m->script.items[i], &verb);
        if (message > 0 && (marked ? verb == PQ_VERB_DELE : message > result))
            result = message;
    }
    return result;
}

/* One of the table, or a number that means something in this session. */
static void put_number(struct mutator *m)
{
    size_t n = mutator_roll(m, NUMBERS + 3);
    if (n < NUMBERS)
        pq_buf_put(&m->made, numbers[n]);
    else
        pq_buf_put_u64(&m->made, named_message(m, n == NUMBERS) + (n == NUMBERS + 2 ? 1 : 0));
}

bool mutator_number(struct mutator *m)
{
    struct pq_command c;
    size_t at = mutator_find(m, takes_number);
    if (at >= m->script.count)
        return false;
    struct pq_slice line = m->script.items[at];
    read_line(line, &c);
    size_t from = m->made.len, which = c.argc > 1 ? mutator_roll(m, c.argc) : 0;
    /* Without an argument one is put behind the keyword. */
    struct pq_slice part = c.argc > 0 ? c.args[which] : pq_slice_after(c.keyword, c.keyword.len);
    size_t begin = (size_t)(part.at - line.at);
    pq_buf_put(&m->made, pq_slice_first(line, begin));
    if (c.argc == 0)
        pq_buf_put_octet(&m->made, ' ');
    put_number(m);
    pq_buf_put(&m->made, pq_slice_after(line, begin + part.len));
    return mutator_replace(m, at, from);
}

/* ---- keywords and blanks --------------------------------------------------------------------- */

static enum pq_verb roll_verb(struct mutator *m)
{
    return (enum pq_verb)(1 + mutator_roll(m, PQ_VERB_COUNT - 1));
}

bool mutator_verb(struct mutator *m)
{
    struct pq_command c;
    size_t at = mutator_find(m, has_keyword);
    if (at >= m->script.count)
        return false;
    read_line(m->script.items[at], &c);
    return put_instead(m, at, c.keyword, pq_verb_row(roll_verb(m))->name);
}

bool mutator_case(struct mutator *m)
{
    struct pq_command c;
    size_t at = mutator_find(m, has_keyword);
    if (at >= m->script.count)
        return false;
    struct pq_slice line = m->script.items[at];
    read_line(line, &c);
    size_t from = m->made.len, begin = (size_t)(c.keyword.at - line.at);
    /* All letters, or one. */
    size_t which = mutator_roll(m, c.keyword.len + 1);
    pq_buf_put(&m->made, pq_slice_first(line, begin));
    for (size_t i = 0; i < c.keyword.len; i++) {
        uint8_t octet = c.keyword.at[i];
        bool flips = pq_ascii_is_alpha(octet) && (which == c.keyword.len || which == i);
        pq_buf_put_octet(&m->made, flips ? octet ^ 0x20u : octet);
    }
    pq_buf_put(&m->made, pq_slice_after(line, begin + c.keyword.len));
    return mutator_replace(m, at, from);
}

bool mutator_blank(struct mutator *m)
{
    static const struct pq_slice blanks[] = {
        PQ_SLICE_INIT("  "),
        PQ_SLICE_INIT("\t"),
        PQ_SLICE_INIT(""),
    };
    const size_t ways = sizeof(blanks) / sizeof(blanks[0]);
    size_t at = mutator_find(m, is_line);
    if (at >= m->script.count)
        return false;
    struct pq_slice line = m->script.items[at], text = script_text(line);
    size_t blank = pq_slice_index(text, ' ');
    /* Before the line and behind it, and what may become of the first blank. */
    size_t way = mutator_roll(m, blank < text.len ? ways + 2 : 2);
    if (way < 2)
        return put_instead(m, at, pq_slice_first(pq_slice_after(line, way * text.len), 0),
                           PQ_SLICE(" "));
    return put_instead(m, at, pq_slice_first(pq_slice_after(line, blank), 1), blanks[way - 2]);
}

/* ---- arguments and lengths ------------------------------------------------------------------- */

static const size_t argument_lengths[] = {1, 40, 41, 127, 128, 255, 256, 512};
static const size_t line_lengths[] = {255, 256, 512, 513, 998, 999, 1024, 65536, 65537};

#define LENGTHS(table) (sizeof(table) / sizeof((table)[0]))

/* How many of the lengths leave room in an output. */
static size_t lengths_that_fit(const struct mutator *m, const size_t *lengths, size_t count)
{
    size_t room = m->room < MUTATOR_MADE_MAX ? m->room : MUTATOR_MADE_MAX;
    while (count > 0 && lengths[count - 1] > room)
        count--;
    return count;
}

static void put_run(struct mutator *m, uint8_t octet, size_t count)
{
    for (size_t i = 0; i < count && !m->made.overflowed; i++)
        pq_buf_put_octet(&m->made, octet);
}

bool mutator_length(struct mutator *m)
{
    struct pq_command c;
    size_t count = lengths_that_fit(m, argument_lengths, LENGTHS(argument_lengths));
    size_t at = mutator_find(m, has_argument);
    if (at >= m->script.count || count == 0)
        return false;
    struct pq_slice line = m->script.items[at];
    read_line(line, &c);
    struct pq_slice part = c.args[mutator_roll(m, c.argc)];
    size_t from = m->made.len, begin = (size_t)(part.at - line.at);
    uint8_t octet = part.len > 0 ? part.at[part.len - 1] : 'A';
    pq_buf_put(&m->made, pq_slice_first(line, begin));
    put_run(m, octet, argument_lengths[mutator_roll(m, count)]);
    pq_buf_put(&m->made, pq_slice_after(line, begin + part.len));
    return mutator_replace(m, at, from);
}

bool mutator_arguments(struct mutator *m)
{
    struct pq_command c;
    size_t at = mutator_find(m, has_keyword);
    if (at >= m->script.count)
        return false;
    struct pq_slice line = m->script.items[at], text = script_text(line);
    read_line(line, &c);
    struct pq_slice end = pq_slice_first(pq_slice_after(line, text.len), 0);
    if (c.argc == 0 || mutator_roll(m, 2) == 0)
        return put_instead(m, at, end, PQ_SLICE(" 1"));
    /* The last one, and the blank before it. */
    size_t begin = (size_t)(c.args[c.argc - 1].at - line.at) - 1;
    return put_instead(m, at, pq_slice_after(text, begin), PQ_SLICE(""));
}

/* As long as a limit with the line end, which the limits count. */
bool mutator_long(struct mutator *m)
{
    size_t count = lengths_that_fit(m, line_lengths, LENGTHS(line_lengths));
    size_t at = mutator_find(m, is_line);
    if (at >= m->script.count || count == 0)
        return false;
    struct pq_slice line = m->script.items[at], text = script_text(line);
    size_t from = m->made.len, length = line_lengths[mutator_roll(m, count)];
    if (line.len >= length)
        return false;
    pq_buf_put(&m->made, text);
    put_run(m, text.at[text.len - 1], length - line.len);
    pq_buf_put(&m->made, pq_slice_after(line, text.len));
    return mutator_replace(m, at, from);
}

/* ---- whole commands -------------------------------------------------------------------------- */

static void put_argument(struct mutator *m, enum pq_argument kind)
{
    /* Accounts of the harness and words that servers know; what a number is, put_number() tells. */
    static const struct pq_slice words[] = {
        [PQ_ARG_NONE] = PQ_SLICE_INIT(""),
        [PQ_ARG_MESSAGE] = PQ_SLICE_INIT(""),
        [PQ_ARG_LINES] = PQ_SLICE_INIT(""),
        [PQ_ARG_NAME] = PQ_SLICE_INIT("a"),
        [PQ_ARG_PASSWORD] = PQ_SLICE_INIT("b"),
        [PQ_ARG_DIGEST] = PQ_SLICE_INIT("0123456789abcdef0123456789abcdef"),
        [PQ_ARG_MECHANISM] = PQ_SLICE_INIT("PLAIN"),
        [PQ_ARG_INITIAL] = PQ_SLICE_INIT("="),
        [PQ_ARG_RANGE] = PQ_SLICE_INIT("*"),
    };
    pq_buf_put_octet(&m->made, ' ');
    if (is_number(kind))
        put_number(m);
    else
        pq_buf_put(&m->made, words[kind]);
}

bool mutator_insert(struct mutator *m)
{
    struct pq_slice made;
    size_t from = m->made.len;
    const struct pq_verb_row *row = pq_verb_row(roll_verb(m));
    size_t argc = row->required + mutator_roll(m, (size_t)(row->allowed - row->required) + 1);
    pq_buf_put(&m->made, row->name);
    for (size_t i = 0; i < argc; i++)
        put_argument(m, row->args[i]);
    pq_buf_put(&m->made, m->script.row->line_end);
    return mutator_made(m, from, &made) && script_insert(&m->script, mutator_place(m), made);
}

/* ---- octets ---------------------------------------------------------------------------------- */

bool mutator_ending(struct mutator *m)
{
    static const struct pq_slice endings[] = {
        PQ_SLICE_INIT("\n"),     PQ_SLICE_INIT("\r"),       PQ_SLICE_INIT(""),
        PQ_SLICE_INIT("\r\r\n"), PQ_SLICE_INIT("\n\r"),     PQ_SLICE_INIT("\0\r\n"),
        PQ_SLICE_INIT("\r\n"),   PQ_SLICE_INIT("\r\0\r\n"),
    };
    size_t at = mutator_find(m, is_line);
    if (at >= m->script.count)
        return false;
    struct pq_slice line = m->script.items[at], text = script_text(line);
    return put_instead(m, at, pq_slice_after(line, text.len),
                       endings[mutator_roll(m, sizeof(endings) / sizeof(endings[0]))]);
}

bool mutator_octet(struct mutator *m)
{
    static const struct pq_slice octets[] = {
        PQ_SLICE_INIT("\0"),   PQ_SLICE_INIT("\r"),   PQ_SLICE_INIT("\n"),
        PQ_SLICE_INIT("\t"),   PQ_SLICE_INIT("\x1B"), PQ_SLICE_INIT("\x7F"),
        PQ_SLICE_INIT("\x80"), PQ_SLICE_INIT("\xFF"), PQ_SLICE_INIT("\xC3\xA9"),
    };
    size_t at = mutator_find(m, is_line);
    if (at >= m->script.count)
        return false;
    struct pq_slice line = m->script.items[at];
    size_t where = mutator_roll(m, script_text(line).len + 1);
    return put_instead(m, at, pq_slice_first(pq_slice_after(line, where), 0),
                       octets[mutator_roll(m, sizeof(octets) / sizeof(octets[0]))]);
}
