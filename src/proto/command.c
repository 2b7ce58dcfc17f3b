/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/command.h"

#define DIGEST_LEN 32u
#define MECHANISM_NAME_MAX 20u
#define SUBTAG_MAX 8u

const char *pq_flaw_name(enum pq_flaw flaw)
{
    switch (flaw) {
#define X(name, text)                                                                              \
    case PQ_FLAW_##name:                                                                           \
        return #name;
        PQ_FLAW_LIST(X)
#undef X
    }
    return "UNKNOWN";
}

const char *pq_flaw_text(enum pq_flaw flaw)
{
    switch (flaw) {
#define X(name, text)                                                                              \
    case PQ_FLAW_##name:                                                                           \
        return text;
        PQ_FLAW_LIST(X)
#undef X
    }
    return "unknown";
}

bool pq_mechanism_is_valid(struct pq_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        if (!pq_ascii_is_alpha(c) && !pq_ascii_is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return name.len >= 1 && name.len <= MECHANISM_NAME_MAX;
}

static bool is_subtag(struct pq_slice s, bool first)
{
    for (size_t i = 0; i < s.len; i++)
        if (!pq_ascii_is_alpha(s.at[i]) && (first || !pq_ascii_is_digit(s.at[i])))
            return false;
    return s.len >= 1 && s.len <= SUBTAG_MAX;
}

bool pq_language_range_is_valid(struct pq_slice range)
{
    if (pq_slice_equal(range, PQ_SLICE("*")))
        return true;
    for (bool first = true, more = true; more; first = false) {
        size_t before = range.len;
        struct pq_slice subtag = pq_slice_cut(&range, '-');
        if (!is_subtag(subtag, first))
            return false;
        more = subtag.len < before;
    }
    return true;
}

bool pq_language_range_matches(struct pq_slice range, struct pq_slice tag)
{
    if (pq_slice_equal(range, PQ_SLICE("*")))
        return true;
    return pq_slice_equal_nocase(pq_slice_first(tag, range.len), range) &&
           (tag.len == range.len || tag.at[range.len] == '-');
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}

static struct pq_slice trim_front(struct pq_slice s)
{
    while (s.len > 0 && is_blank(s.at[0]))
        s = pq_slice_after(s, 1);
    return s;
}

static struct pq_slice trim_back(struct pq_slice s)
{
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

/* What is left of a line, and whether a space was seen that no word follows. */
struct words {
    struct pq_slice rest;
    bool more; /* a separator was read, so another word must follow */
    unsigned leniency;
};

static struct pq_slice words_next(struct words *w)
{
    if (w->leniency & PQ_LENIENT_BLANKS) {
        w->rest = trim_front(w->rest);
        size_t at = 0;
        while (at < w->rest.len && !is_blank(w->rest.at[at]))
            at++;
        struct pq_slice word = pq_slice_first(w->rest, at);
        w->rest = trim_front(pq_slice_after(w->rest, at));
        w->more = w->rest.len > 0;
        return word;
    }
    size_t before = w->rest.len;
    struct pq_slice word = pq_slice_cut(&w->rest, ' ');
    w->more = word.len < before;
    return word;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static enum pq_flaw read_number(struct pq_slice text, unsigned leniency, uint64_t *out)
{
    enum pq_status status =
        leniency & PQ_LENIENT_ZEROS ? pq_parse_u64_zeros(text, out) : pq_parse_u64(text, out);
    if (status == PQ_STATUS_NUMBER_RANGE)
        *out = UINT64_MAX;
    return status == PQ_STATUS_NOT_NUMBER ? PQ_FLAW_ARGUMENT_NUMBER : PQ_FLAW_NONE;
}

static bool is_digest(struct pq_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = pq_ascii_lower(s.at[i]);
        if (!pq_ascii_is_digit(c) && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return s.len == DIGEST_LEN;
}

static enum pq_flaw check_argument(struct pq_command *c, size_t i, unsigned leniency)
{
    struct pq_slice arg = c->args[i];
    switch (pq_verb_row(c->verb)->args[i]) {
    case PQ_ARG_MESSAGE:
        return read_number(arg, leniency, &c->message);
    case PQ_ARG_LINES:
        return read_number(arg, leniency, &c->lines);
    case PQ_ARG_DIGEST:
        return is_digest(arg) ? PQ_FLAW_NONE : PQ_FLAW_ARGUMENT_DIGEST;
    case PQ_ARG_MECHANISM:
        return pq_mechanism_is_valid(arg) ? PQ_FLAW_NONE : PQ_FLAW_ARGUMENT_MECHANISM;
    case PQ_ARG_RANGE:
        return pq_language_range_is_valid(arg) ? PQ_FLAW_NONE : PQ_FLAW_ARGUMENT_RANGE;
    case PQ_ARG_NONE:
    case PQ_ARG_NAME:
    case PQ_ARG_PASSWORD:
    case PQ_ARG_INITIAL:
        break;
    }
    return PQ_FLAW_NONE;
}

/* Takes the next argument off the line. */
static enum pq_flaw take_argument(struct words *w, struct pq_command *c)
{
    const struct pq_verb_row *row = pq_verb_row(c->verb);
    struct pq_slice arg = w->rest;
    if (row->args[c->argc] == PQ_ARG_PASSWORD) {
        w->more = false;
    } else {
        arg = words_next(w);
        if (arg.len == 0 && w->more)
            return PQ_FLAW_BLANKS;
    }
    if (arg.len == 0)
        return c->argc < row->required ? PQ_FLAW_ARGUMENT_MISSING : PQ_FLAW_BLANKS;
    c->args[c->argc] = arg;
    return check_argument(c, c->argc++, w->leniency);
}

static enum pq_flaw take_arguments(struct words *w, struct pq_command *c)
{
    const struct pq_verb_row *row = pq_verb_row(c->verb);
    while (w->more && c->argc < row->allowed) {
        enum pq_flaw flaw = take_argument(w, c);
        if (flaw != PQ_FLAW_NONE)
            return flaw;
    }
    if (c->argc < row->required)
        return PQ_FLAW_ARGUMENT_MISSING;
    if (!w->more || w->leniency & PQ_LENIENT_SURPLUS)
        return PQ_FLAW_NONE;
    return w->rest.len == 0 ? PQ_FLAW_BLANKS : PQ_FLAW_ARGUMENT_SURPLUS;
}

/* ---- the line -------------------------------------------------------------------------------- */

static bool is_credential(enum pq_verb verb)
{
    return verb == PQ_VERB_USER || verb == PQ_VERB_PASS || verb == PQ_VERB_APOP;
}

/* Whether every octet may stand in this command. */
static bool octets_are_allowed(struct pq_slice line, unsigned leniency, bool utf8)
{
    unsigned octets = pq_slice_octets(line);
    if (leniency & PQ_LENIENT_BLANKS)
        octets &= ~(unsigned)PQ_OCTETS_TAB;
    if (utf8 && pq_slice_is_utf8(line))
        octets &= ~(unsigned)PQ_OCTETS_8BIT;
    return octets == 0;
}

static void parse(struct pq_slice line, unsigned leniency, bool utf8, struct pq_command *c)
{
    struct words w = {.rest = line, .leniency = leniency};
    *c = (struct pq_command){.flaw = PQ_FLAW_NONE};
    if (leniency & PQ_LENIENT_BLANKS)
        w.rest = trim_back(line);
    if (line.len == 0) {
        c->flaw = PQ_FLAW_EMPTY;
        return;
    }
    c->keyword = words_next(&w);
    c->verb = pq_verb_of(c->keyword);
    if (!octets_are_allowed(line, leniency, utf8 && is_credential(c->verb)))
        c->flaw = PQ_FLAW_OCTETS;
    else if (c->keyword.len == 0)
        c->flaw = PQ_FLAW_BLANKS;
    else if (c->verb == PQ_VERB_UNKNOWN)
        c->flaw = PQ_FLAW_UNKNOWN_VERB;
    else
        c->flaw = take_arguments(&w, c);
}

void pq_command_parse(struct pq_slice line, unsigned leniency, bool utf8, struct pq_command *c)
{
    parse(line, 0, utf8, c);
    /* Blanks at either end of a password belong to it: only what is refused is read again. */
    if (c->flaw != PQ_FLAW_NONE && leniency)
        parse(line, leniency, utf8, c);
}

static bool write_argument(const struct pq_command *c, size_t i, struct pq_buf *out)
{
    enum pq_argument kind = pq_verb_row(c->verb)->args[i];
    if (kind == PQ_ARG_MESSAGE)
        return pq_buf_put_u64(out, c->message);
    if (kind == PQ_ARG_LINES)
        return pq_buf_put_u64(out, c->lines);
    return pq_buf_put(out, c->args[i]);
}

enum pq_status pq_command_write(const struct pq_command *c, struct pq_buf *out)
{
    size_t start = out->len;
    bool fits = pq_buf_put(out, pq_verb_row(c->verb)->name);
    for (size_t i = 0; i < c->argc && fits; i++)
        fits = pq_buf_put_octet(out, ' ') && write_argument(c, i, out);
    if (fits && pq_buf_put_text(out, "\r\n"))
        return PQ_STATUS_OK;
    out->len = start;
    return PQ_STATUS_NO_ROOM;
}

struct pq_command pq_command_bare(enum pq_verb verb)
{
    return (struct pq_command){.verb = verb};
}

struct pq_command pq_command_message(enum pq_verb verb, uint64_t message)
{
    return (struct pq_command){.verb = verb, .argc = 1, .message = message};
}

struct pq_command pq_command_top(uint64_t message, uint64_t lines)
{
    return (struct pq_command){.verb = PQ_VERB_TOP, .argc = 2, .message = message, .lines = lines};
}

struct pq_command pq_command_text(enum pq_verb verb, struct pq_slice first, struct pq_slice second)
{
    size_t argc = second.len > 0 ? 2 : 1;
    return (struct pq_command){.verb = verb, .argc = argc, .args = {first, second}};
}
