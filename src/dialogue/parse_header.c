/* SPDX-License-Identifier: Apache-2.0
 * The header: its keys, and the values that have a form. */
#include "dialogue/parse_internal.h"

#include "dialogue/escape.h"

#define ID_MAX 255u

/* ---- forms of values ------------------------------------------------------------------------- */

static bool is_id_octet(uint8_t c)
{
    return pq_label_len(pq_slice_of(&c, 1)) == 1;
}

/* Letters, digits, "-", "_", "."; behind them, in brackets, the row that an expanded file is. */
static bool read_id(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    (void)key;
    size_t plain = pq_label_len(in);
    bool row = plain > 0 && plain + 2 < in.len && in.at[plain] == '[' && in.at[in.len - 1] == ']';
    for (size_t i = plain + 1; row && i < in.len - 1; i++)
        row = is_id_octet(in.at[i]) || in.at[i] == '=' || in.at[i] == ',' || in.at[i] == '+';
    if (in.len <= ID_MAX && (row || plain == in.len))
        return true;
    return parser_fail_quoting(p, in, "",
                               " is not an id; it takes letters, digits, - _ and ., at most 255");
}

static bool read_word(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    const struct pq_dlg_words *words = pq_dlg_key_row(key)->words;
    size_t index = pq_dlg_word_of(words, in);
    if (index == words->count)
        return parser_fail_quoting(p, in, "unknown word ", "; FORMAT.md lists what can stand");
    if (key == PQ_DLG_KEY_KIND)
        p->d->kind = (enum pq_dlg_kind)index;
    if (key == PQ_DLG_KEY_STATE)
        p->d->state = (enum pq_dlg_state)index;
    return true;
}

static bool read_roles(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    const struct pq_dlg_words *words = pq_dlg_key_row(key)->words;
    p->d->roles = 0;
    while (in.len > 0) {
        struct pq_slice word = parser_take_word(&in);
        size_t role = pq_dlg_word_of(words, word);
        if (role == words->count)
            return parser_fail_quoting(p, word, "unknown role ", "; known are client server seed");
        p->d->roles |= 1u << role;
        parser_skip_blanks(&in);
    }
    return true;
}

static bool read_rev(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    uint64_t rev = 0;
    (void)key;
    if (!parser_read_count(p, in, 1000000, &rev))
        return false;
    p->d->rev = (uint32_t)rev;
    return true;
}

static bool read_timeout(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    uint64_t ms = 0;
    (void)key;
    if (!parser_read_time(p, in, &ms))
        return false;
    p->d->timeout_ms = (uint32_t)ms;
    return true;
}

/* Words that `check` accepts, with blanks between. */
static bool read_list(struct parser *p, struct pq_slice in,
                      bool (*check)(struct parser *p, struct pq_slice word),
                      const struct pq_dlg_word **out)
{
    struct pq_dlg_word *first = NULL, **tail = &first;
    for (size_t count = 0; in.len > 0; count++) {
        struct pq_dlg_word *word = parser_get(p, sizeof(*word));
        if (!word)
            return false;
        word->at = parser_at(p, in.at);
        word->text = parser_take_word(&in);
        if (count == PQ_DLG_WORDS_MAX)
            return parser_fail(p, word->text, "more than 256 words; split the case");
        if (!check(p, word->text))
            return false;
        *tail = word;
        tail = &word->next;
        parser_skip_blanks(&in);
    }
    *out = first;
    return true;
}

static bool read_names(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    return read_list(p, in, parser_read_label,
                     key == PQ_DLG_KEY_MAILBOX ? &p->d->mailbox : &p->d->tags);
}

static bool check_requirement(struct parser *p, struct pq_slice word)
{
    return parser_is_requirement(word) ||
           parser_fail_quoting(p, word, "",
                               " is not the id of a requirement, such as RFC1939-6-002");
}

static bool read_requirements(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    (void)key;
    return read_list(p, in, check_requirement, &p->d->req);
}

static bool check_need(struct parser *p, const struct pq_dlg_word *word)
{
    const struct pq_dlg_need_row *row = pq_dlg_need_of(word->text);
    if (!row)
        return parser_fail_quoting(p, word->text, "unknown need ", "; FORMAT.md lists them");
    if (word->value.at || (word->number > 0) != (row->form == PQ_DLG_NEED_LEAST) ||
        (word->args != NULL) != (row->form == PQ_DLG_NEED_LIST))
        return parser_fail_quoting(p, word->text, "the need ",
                                   " has another argument; FORMAT.md tells which");
    for (const struct pq_dlg_word *arg = word->args; arg; arg = arg->next)
        if (arg->value.at)
            return parser_fail_quoting(p, arg->text, "a need takes no value at ", "");
    return true;
}

static bool read_needs(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    (void)key;
    if (!parser_read_items(p, in, &p->d->needs))
        return false;
    for (const struct pq_dlg_word *word = p->d->needs; word; word = word->next)
        if (!check_need(p, word))
            return false;
    return true;
}

static bool read_sha256(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    bool good = in.len == 64;
    (void)key;
    for (size_t i = 0; i < in.len; i++)
        good = good && (pq_ascii_is_digit(in.at[i]) || (in.at[i] >= 'a' && in.at[i] <= 'f'));
    return good || parser_fail(p, in, "a SHA-256 is 64 hexadecimal digits in lower case");
}

static bool read_text(struct parser *p, enum pq_dlg_key key, struct pq_slice in)
{
    (void)p;
    (void)key;
    (void)in;
    return true;
}

static bool (*const readers[])(struct parser *p, enum pq_dlg_key key, struct pq_slice in) = {
    [PQ_DLG_VALUE_TEXT] = read_text,     [PQ_DLG_VALUE_ID] = read_id,
    [PQ_DLG_VALUE_WORD] = read_word,     [PQ_DLG_VALUE_WORDS] = read_roles,
    [PQ_DLG_VALUE_COUNT] = read_rev,     [PQ_DLG_VALUE_TIME] = read_timeout,
    [PQ_DLG_VALUE_NAMES] = read_names,   [PQ_DLG_VALUE_REQUIREMENTS] = read_requirements,
    [PQ_DLG_VALUE_NEEDS] = read_needs,   [PQ_DLG_VALUE_AXIS] = parser_read_axis,
    [PQ_DLG_VALUE_SHA256] = read_sha256,
};

/* ---- lines ----------------------------------------------------------------------------------- */

static struct pq_dlg_header_line *add_line(struct parser *p, struct pq_dlg_header_line ***tail)
{
    struct pq_dlg_header_line *line = parser_get(p, sizeof(*line));
    if (!line)
        return NULL;
    line->at = parser_at(p, p->line.at);
    line->key = PQ_DLG_KEY_COUNT;
    **tail = line;
    *tail = &line->next;
    return line;
}

/* "key: value" */
static void read_key(struct parser *p, struct pq_dlg_header_line *line)
{
    struct pq_slice value = p->line;
    line->comment = parser_cut_comment(&value);
    struct pq_slice name = pq_slice_cut(&value, ':');
    enum pq_dlg_key key = pq_dlg_key_of(name);
    if (key == PQ_DLG_KEY_COUNT) {
        parser_fail_quoting(p, name, "unknown key ",
                            "; the header is \"key: value\" lines and ---");
        return;
    }
    if (value.len == 0 || value.at[0] != ' ') {
        parser_fail_quoting(p, name, "the key ", " needs a colon, a blank and a value");
        return;
    }
    parser_skip_blanks(&value);
    if (value.at[0] == '#') {
        parser_fail(p, value, "a value cannot begin with #, which begins a comment");
        return;
    }
    if (p->d->value[key].at && key != PQ_DLG_KEY_MATRIX) {
        parser_fail_quoting(p, name, "the key ", " stands twice; remove one");
        return;
    }
    line->key = key;
    line->value = p->d->value[key] = value;
    (void)readers[pq_dlg_key_row(key)->form](p, key, value);
}

/* "#!dlg 1" */
static bool read_first_line(struct parser *p)
{
    uint64_t format = 0;
    struct pq_slice in = parser_next_line(p) ? p->line : pq_slice_of(NULL, 0);
    p->number = 1;
    if (!pq_slice_starts(in, PQ_SLICE("#!dlg ")))
        return parser_fail(p, in, "a dialogue begins with the line \"#!dlg 1\"");
    p->d->first_comment = parser_cut_comment(&in);
    in = pq_slice_after(in, 6);
    if (pq_parse_u64(in, &format) != PQ_STATUS_OK || format == 0)
        return parser_fail(p, in, "a dialogue begins with the line \"#!dlg 1\"");
    if (format > PQ_DLG_FORMAT)
        return parser_fail_quoting(p, in, "format ", " is newer than this program, which reads 1");
    return true;
}

static void check_crash_keys(struct parser *p)
{
    for (const struct pq_dlg_header_line *line = p->d->header; line; line = line->next) {
        if (line->key == PQ_DLG_KEY_COUNT || !pq_dlg_key_row(line->key)->crash_only ||
            p->d->kind == PQ_DLG_KIND_CRASH)
            continue;
        pq_dlg_problem_add(&p->d->problems, line->at, "only a file of \"kind: crash\" can have ",
                           pq_dlg_key_row(line->key)->name, "");
    }
}

bool parser_read_header(struct parser *p)
{
    struct pq_dlg_header_line **tail = &p->d->header;
    p->d->state = PQ_DLG_STATE_NONE;
    p->d->roles = 1u << PQ_DLG_ROLE_CLIENT;
    p->d->rev = 1;
    p->d->rows = 1;
    if (!read_first_line(p))
        return false;
    while (parser_next_line(p)) {
        if (pq_slice_equal(p->line, PQ_SLICE("---"))) {
            p->d->header_end = parser_at(p, p->line.at);
            check_crash_keys(p);
            return true;
        }
        struct pq_dlg_header_line *line = add_line(p, &tail);
        if (!line)
            return false;
        if (p->line.len > 0 && p->line.at[0] == '#')
            line->comment = pq_slice_after(p->line, 1);
        else if (p->line.len > 0)
            read_key(p, line);
    }
    if (p->d->problems.errors < PQ_DLG_PROBLEMS_MAX && !p->out_of_memory)
        parser_fail(p, p->line, "the header must end with the line \"---\"");
    return false;
}
