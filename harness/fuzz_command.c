/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: the strict reader accepts exactly the lines of a grammar that is written here once
 * more; what it accepts, every lenient reader accepts with the same meaning; what any of them
 * accepts can be written, and reading that gives the same command again. Each line of the input is
 * a command.
 */
#include "harness/plain.h"
#include "harness/support.h"

#include <string.h>

#include "popquiz/command.h"

/* The options are a mask of enum pq_leniency, and this. */
#define OPTION_UTF8 64u
#define LINE_MAX 1024u

/* ---- the grammar ----------------------------------------------------------------------------- */

/* RFC 1939 sections 4 to 7, RFC 2449 section 5, RFC 2595 section 4, RFC 5034 section 4 and RFC 6856
 * sections 2 and 3. An argument is a letter: n a number, w a word, m a mechanism, h a digest, l a
 * language range; p is the rest of the line. From ? on they may be left out. */
static const struct grammar {
    const char *keyword, *arguments;
    bool utf8; /* may hold UTF-8 where that was agreed */
} grammar[] = {
    {"QUIT", "", false},   {"CAPA", "", false},    {"USER", "w", true},   {"PASS", "p", true},
    {"APOP", "wh", true},  {"AUTH", "m?w", false}, {"STLS", "", false},   {"UTF8", "", false},
    {"LANG", "?l", false}, {"STAT", "", false},    {"LIST", "?n", false}, {"RETR", "n", false},
    {"DELE", "n", false},  {"NOOP", "", false},    {"RSET", "", false},   {"TOP", "nn", false},
    {"UIDL", "?n", false},
};

static const struct grammar *find_grammar(struct pq_slice keyword)
{
    for (size_t i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++)
        if (plain_is_word(keyword, grammar[i].keyword))
            return &grammar[i];
    return NULL;
}

/* RFC 4647 section 2.1. */
static bool is_range(struct pq_slice s)
{
    size_t run = 0;
    bool letters = true;
    if (s.len == 1 && s.at[0] == '*')
        return true;
    for (size_t i = 0; i < s.len; i++) {
        struct pq_slice one = pq_slice_first(pq_slice_after(s, i), 1);
        bool dash = one.at[0] == '-';
        if (dash ? run == 0 : ++run > 8)
            return false;
        if (!dash && (!plain_is_alnum_or(one, "") || (letters && plain_is_within(one, '0', '9'))))
            return false;
        run = dash ? 0 : run;
        letters = letters && !dash;
    }
    return run > 0;
}

static bool is_argument(char kind, struct pq_slice s)
{
    if (kind == 'n')
        return plain_is_number(s);
    if (kind == 'm')
        return s.len >= 1 && s.len <= 20 && plain_is_alnum_or(s, "-_");
    if (kind == 'l')
        return is_range(s);
    if (kind == 'h')
        return s.len == 32 && plain_is_hex(s);
    return s.len > 0;
}

/* `more`: a space was read, so that an argument must follow, maybe an empty one. */
static bool are_arguments(const char *kinds, struct pq_slice rest, bool more)
{
    bool optional = false;
    for (; *kinds != 0; kinds++) {
        struct pq_slice argument = rest;
        if (*kinds == '?') {
            optional = true;
            continue;
        }
        if (!more)
            return optional;
        more = *kinds != 'p' && plain_word(&rest, &argument);
        if (!is_argument(*kinds, argument))
            return false;
    }
    return !more;
}

static bool follows_grammar(struct pq_slice line, bool utf8)
{
    struct pq_slice keyword, rest = line;
    bool more = plain_word(&rest, &keyword);
    const struct grammar *g = find_grammar(keyword);
    if (!g || !are_arguments(g->arguments, rest, more))
        return false;
    if (!utf8 || !g->utf8)
        return plain_is_within(line, 0x20, 0x7E);
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] < 0x20 || line.at[i] == 0x7F)
            return false;
    return plain_is_utf8(line);
}

/* ---- reading and writing --------------------------------------------------------------------- */

static void check_places(const struct pq_command *c, struct pq_slice line)
{
    FUZZ_ASSERT(c->argc <= PQ_VERB_ARGS_MAX);
    FUZZ_ASSERT(fuzz_is_within(c->keyword, line));
    for (size_t i = 0; i < c->argc; i++)
        FUZZ_ASSERT(fuzz_is_within(c->args[i], line));
}

static bool is_numeric(enum pq_argument kind)
{
    return kind == PQ_ARG_MESSAGE || kind == PQ_ARG_LINES;
}

static void check_same(const struct pq_command *a, const struct pq_command *b)
{
    FUZZ_ASSERT(a->verb == b->verb && a->flaw == b->flaw && a->argc == b->argc);
    FUZZ_ASSERT(a->message == b->message && a->lines == b->lines);
    for (size_t i = 0; i < a->argc; i++)
        FUZZ_ASSERT(is_numeric(pq_verb_row(a->verb)->args[i]) ||
                    pq_slice_equal(a->args[i], b->args[i]));
}

/* Writes a command that was accepted and reads it strictly. */
static void check_written(const struct pq_command *c, struct pq_slice line, bool utf8)
{
    uint8_t memory[LINE_MAX + 2 * PQ_U64_TEXT_MAX];
    struct pq_buf out;
    struct pq_command again;
    pq_buf_init(&out, memory, sizeof(memory));
    FUZZ_ASSERT(pq_command_write(c, &out) == PQ_STATUS_OK);
    struct pq_slice rest = pq_buf_slice(&out), written = fuzz_line(&rest);
    FUZZ_ASSERT(rest.len == 0 && written.len + 2 == out.len);
    pq_command_parse(written, 0, utf8, &again);
    /* A tab in a password is the one thing that only a lenient reader lets pass as it is. */
    if (c->verb != PQ_VERB_PASS || pq_slice_index(line, '\t') == line.len)
        check_same(c, &again);
}

/* Writes with little room: the same, or nothing. */
static void check_room(const struct pq_command *c, size_t room)
{
    uint8_t memory[LINE_MAX + 2 * PQ_U64_TEXT_MAX];
    struct pq_buf out;
    pq_buf_init(&out, memory, room < sizeof(memory) ? room : sizeof(memory));
    enum pq_status status = pq_command_write(c, &out);
    FUZZ_ASSERT(status == PQ_STATUS_OK || (status == PQ_STATUS_NO_ROOM && out.len == 0));
}

/* What a caller makes of the parts of a command is that command. */
static void check_made(const struct pq_command *c)
{
    enum pq_argument kind = c->argc > 0 ? pq_verb_row(c->verb)->args[0] : PQ_ARG_NONE;
    struct pq_command made;
    if (c->verb == PQ_VERB_TOP)
        made = pq_command_top(c->message, c->lines);
    else if (kind == PQ_ARG_MESSAGE)
        made = pq_command_message(c->verb, c->message);
    else if (c->argc > 0)
        made = pq_command_text(c->verb, c->args[0], c->args[1]);
    else
        made = pq_command_bare(c->verb);
    check_same(c, &made);
}

static void check_line(struct pq_slice line, unsigned options, size_t room)
{
    struct pq_command strict, lenient;
    bool utf8 = (options & OPTION_UTF8) != 0;
    pq_command_parse(line, 0, utf8, &strict);
    check_places(&strict, line);
    FUZZ_ASSERT((strict.flaw == PQ_FLAW_NONE) == follows_grammar(line, utf8));
    pq_command_parse(line, options & (OPTION_UTF8 - 1), utf8, &lenient);
    check_places(&lenient, line);
    FUZZ_ASSERT(strlen(pq_flaw_name(strict.flaw)) > 0 && strlen(pq_flaw_text(strict.flaw)) > 0);
    if (strict.flaw == PQ_FLAW_NONE) {
        check_same(&strict, &lenient);
        check_made(&strict);
        check_room(&strict, room);
    }
    if (lenient.flaw == PQ_FLAW_NONE)
        check_written(&lenient, line, utf8);
}

static void check_command(struct pq_slice input, size_t cut)
{
    for (struct pq_slice rest = input; rest.len > 0;)
        check_line(pq_slice_first(fuzz_line(&rest), LINE_MAX), fuzz_options(input), cut);
}

const struct fuzz_target fuzz_target = {.check = check_command, .has_cut = true, .cuts_max = 32};
