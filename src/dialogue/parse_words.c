/* SPDX-License-Identifier: Apache-2.0
 * Blanks, comments, names, numbers, durations, strings, and words with arguments. */
#include "dialogue/parse_internal.h"

#include "dialogue/escape.h"

void parser_skip_blanks(struct pq_slice *in)
{
    while (in->len > 0 && in->at[0] == ' ')
        *in = pq_slice_after(*in, 1);
}

struct pq_slice parser_take_word(struct pq_slice *in)
{
    struct pq_slice word = pq_slice_first(*in, pq_slice_index(*in, ' '));
    *in = pq_slice_after(*in, word.len);
    return word;
}

size_t parser_comment_index(struct pq_slice in)
{
    for (size_t i = 2; i < in.len; i++)
        if (in.at[i] == '#' && in.at[i - 1] == ' ' && in.at[i - 2] == ' ')
            return i;
    return in.len;
}

struct pq_slice parser_cut_comment(struct pq_slice *in)
{
    size_t at = parser_comment_index(*in);
    struct pq_slice comment = pq_slice_of(NULL, 0);
    if (at < in->len) {
        comment = pq_slice_after(*in, at + 1);
        *in = pq_slice_first(*in, at);
    }
    while (in->len > 0 && in->at[in->len - 1] == ' ')
        in->len--;
    return comment;
}

/* ---- values ---------------------------------------------------------------------------------- */

bool parser_read_count(struct parser *p, struct pq_slice text, uint64_t most, uint64_t *out)
{
    if (pq_parse_u64(text, out) == PQ_STATUS_OK && *out >= 1 && *out <= most)
        return true;
    return parser_fail_quoting(p, text, "", " is not a number from 1 that is allowed here");
}

bool parser_read_time(struct parser *p, struct pq_slice text, uint64_t *ms)
{
    static const struct unit {
        struct pq_slice name;
        uint64_t ms;
    } units[] = {{PQ_SLICE_INIT("ms"), 1}, {PQ_SLICE_INIT("s"), 1000}, {PQ_SLICE_INIT("m"), 60000}};
    size_t digits = 0;
    uint64_t number = 0;
    while (digits < text.len && pq_ascii_is_digit(text.at[digits]))
        digits++;
    if (pq_parse_u64(pq_slice_first(text, digits), &number) != PQ_STATUS_OK)
        return parser_fail_quoting(p, text, "", " is not a time; write 500ms, 2s or 1m");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!pq_slice_equal(pq_slice_after(text, digits), units[i].name))
            continue;
        if (number < 1 || number > PQ_DLG_TIME_MAX_MS / units[i].ms)
            return parser_fail_quoting(p, text, "", " is not between 1 ms and one hour");
        *ms = number * units[i].ms;
        return true;
    }
    return parser_fail_quoting(p, text, "", " is not a time; write 500ms, 2s or 1m");
}

bool parser_read_label(struct parser *p, struct pq_slice text)
{
    if (text.len > 0 && text.len <= PQ_DLG_NAME_MAX && pq_label_len(text) == text.len)
        return true;
    return parser_fail_quoting(p, text, "",
                               " is not a name; it takes 1 to 64 letters, digits, - _ and .");
}

static size_t digits_at(struct pq_slice s, size_t from)
{
    size_t i = from;
    while (i < s.len && pq_ascii_is_digit(s.at[i]))
        i++;
    return i - from;
}

bool parser_is_requirement(struct pq_slice text)
{
    if (!pq_slice_starts(text, PQ_SLICE("RFC")) || text.len > PQ_DLG_NAME_MAX)
        return false;
    struct pq_slice rest = pq_slice_after(text, 3);
    struct pq_slice rfc = pq_slice_cut(&rest, '-');
    struct pq_slice section = pq_slice_cut(&rest, '-');
    bool plain = pq_slice_index(section, '_') == section.len;
    return rfc.len > 0 && digits_at(rfc, 0) == rfc.len && section.len > 0 && plain &&
           pq_label_len(section) == section.len && rest.len == 3 && digits_at(rest, 0) == 3;
}

static bool is_sentence(struct pq_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < 0x20 || s.at[i] == 0x7F)
            return false;
    return pq_slice_is_utf8(s);
}

bool parser_take_string(struct parser *p, struct pq_slice *in, bool sentence, struct pq_slice *out)
{
    struct pq_slice all = *in;
    size_t bad = 0;
    if (all.len == 0 || all.at[0] != '"')
        return parser_fail(p, all, "a string in quotation marks must stand here");
    enum pq_status status = pq_escape_read_string(&p->d->arena, in, sentence, out, &bad);
    if (status == PQ_STATUS_NO_MEMORY) {
        p->out_of_memory = true;
        return false;
    }
    if (status != PQ_STATUS_OK && bad == all.len)
        return parser_fail(p, all, "the string is not closed; add its quotation mark");
    if (status != PQ_STATUS_OK)
        return parser_fail_quoting(p, pq_slice_first(pq_slice_after(all, bad), 4),
                                   "unknown escape at ",
                                   "; known are \\r \\n \\t \\0 \\s \\\\ \\\" \\xHH");
    if (sentence && !is_sentence(*out))
        return parser_fail(p, all, "a sentence for people cannot hold control characters");
    return true;
}

/* ---- words with arguments -------------------------------------------------------------------- */

/* The octets up to one that has a meaning in an item. */
static struct pq_slice take_plain(struct pq_slice *in)
{
    const struct pq_slice signs = PQ_SLICE("()<>=,\"#");
    size_t i = 0;
    while (i < in->len && pq_ascii_is_visible(in->at[i]) &&
           pq_slice_index(signs, in->at[i]) == signs.len)
        i++;
    struct pq_slice text = pq_slice_first(*in, i);
    *in = pq_slice_after(*in, i);
    return text;
}

static bool take_sign(struct pq_slice *in, const char *sign)
{
    struct pq_slice text = pq_slice_text(sign);
    if (!pq_slice_starts(*in, text))
        return false;
    *in = pq_slice_after(*in, text.len);
    return true;
}

static bool take_value(struct parser *p, struct pq_slice *in, struct pq_dlg_word *word)
{
    if (in->len > 0 && in->at[0] == '"')
        return parser_take_string(p, in, false, &word->value);
    word->value = take_plain(in);
    return word->value.len > 0 || parser_fail(p, *in, "a value must stand behind =");
}

/* text, or text=value */
static struct pq_dlg_word *take_argument(struct parser *p, struct pq_slice *in)
{
    struct pq_dlg_word *word = parser_get(p, sizeof(*word));
    if (!word)
        return NULL;
    word->at = parser_at(p, in->at);
    word->text = take_plain(in);
    if (word->text.len == 0 || word->text.len > PQ_DLG_NAME_MAX) {
        parser_fail(p, *in, "a word of 1 to 64 octets must stand here");
        return NULL;
    }
    if (take_sign(in, "=") && !take_value(p, in, word))
        return NULL;
    return word;
}

/* Behind the open bracket, to the closing one. */
static bool take_arguments(struct parser *p, struct pq_slice *in, struct pq_dlg_word **tail)
{
    for (size_t count = 0; count < PQ_DLG_WORDS_MAX; count++) {
        parser_skip_blanks(in);
        *tail = take_argument(p, in);
        if (!*tail)
            return false;
        tail = &(*tail)->next;
        parser_skip_blanks(in);
        if (take_sign(in, ")"))
            return true;
        if (!take_sign(in, ","))
            return parser_fail(p, *in, "a comma or a closing bracket must stand here");
    }
    return parser_fail(p, *in, "too many arguments");
}

struct pq_dlg_word *parser_take_item(struct parser *p, struct pq_slice *in)
{
    struct pq_dlg_word *word = take_argument(p, in);
    if (!word)
        return NULL;
    if (take_sign(in, "(") && !take_arguments(p, in, &word->args))
        return NULL;
    if (take_sign(in, ">=")) {
        struct pq_slice number = take_plain(in);
        if (!parser_read_count(p, number, 1000000, &word->number))
            return NULL;
    }
    if (in->len > 0 && in->at[0] != ' ') {
        parser_fail(p, *in, "a blank must stand here, between words");
        return NULL;
    }
    return word;
}

bool parser_read_items(struct parser *p, struct pq_slice in, const struct pq_dlg_word **out)
{
    struct pq_dlg_word *first = NULL, **tail = &first;
    parser_skip_blanks(&in);
    for (size_t count = 0; in.len > 0; count++) {
        if (count == PQ_DLG_WORDS_MAX)
            return parser_fail(p, in, "too many words");
        *tail = parser_take_item(p, &in);
        if (!*tail)
            return false;
        tail = &(*tail)->next;
        parser_skip_blanks(&in);
    }
    *out = first;
    return true;
}
