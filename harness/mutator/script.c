/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/mutator/script.h"

#include <string.h>

#include "dialogue/wirecase.h"
#include "popquiz/command.h"

/* ---- kinds ----------------------------------------------------------------------------------- */

static const struct script_row rows[] = {
#define X(tag, name, line_end, commands, records, parts, options)                                  \
    {name, PQ_SLICE_INIT(line_end), commands, records, parts, options},
    SCRIPT_KIND_LIST(X)
#undef X
};

const struct script_row *script_row(enum script_kind kind)
{
    return &rows[kind];
}

bool script_kind_of(const char *name, enum script_kind *kind)
{
    for (size_t i = 0; i < SCRIPT_KIND_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0) {
            *kind = (enum script_kind)i;
            return true;
        }
    return false;
}

/* ---- items ----------------------------------------------------------------------------------- */

static bool is_record_letter(uint8_t letter)
{
    static const uint8_t letters[] = {
#define X(tag, letter) letter,
        PQ_WIRE_LIST(X)
#undef X
    };
    return (letter >= '1' && letter < '1' + PQ_WIRE_CONN_MAX) ||
           pq_slice_index(pq_slice_of(letters, sizeof(letters)), letter) < sizeof(letters);
}

/* How many octets at the front are a record or a NUL; zero: a line begins. */
static size_t mark_len(const struct script_row *row, struct pq_slice rest)
{
    if (row->parts && rest.len > 0 && rest.at[0] == 0)
        return 1;
    if (row->records && rest.len > 1 && rest.at[0] == PQ_WIRE_ESCAPE &&
        is_record_letter(rest.at[1]))
        return 2;
    return 0;
}

/* A line ends behind its LF, or before a record or a NUL. */
static size_t line_len(const struct script_row *row, struct pq_slice rest)
{
    size_t i = 0;
    while (i < rest.len && mark_len(row, pq_slice_after(rest, i)) == 0) {
        bool is_pair = row->records && rest.at[i] == PQ_WIRE_ESCAPE && i + 1 < rest.len &&
                       rest.at[i + 1] == PQ_WIRE_ESCAPE;
        if (rest.at[i++] == '\n')
            break;
        i += is_pair;
    }
    return i;
}

/* The last two octets (fuzz.h), unless they are those of a plain dialogue. */
static size_t options_len(const struct script_row *row, struct pq_slice in)
{
    return row->options && in.len > 1 && in.at[in.len - 2] != '\r' ? 2 : 0;
}

void script_split(struct script *s, enum script_kind kind, struct pq_slice in)
{
    s->row = script_row(kind);
    s->count = 0;
    size_t len = in.len - options_len(s->row, in);
    s->options = pq_slice_after(in, len);
    struct pq_slice rest = pq_slice_first(in, len);
    while (rest.len > 0) {
        size_t n = mark_len(s->row, rest);
        if (n == 0)
            n = line_len(s->row, rest);
        if (s->count + 1 == SCRIPT_ITEMS_MAX)
            n = rest.len;
        s->items[s->count++] = pq_slice_first(rest, n);
        rest = pq_slice_after(rest, n);
    }
}

bool script_is_line(const struct script_row *row, struct pq_slice item)
{
    size_t n = mark_len(row, item);
    /* A line may begin with half of a pair, where it was cut. */
    return n == 0 || n != item.len;
}

struct pq_slice script_text(struct pq_slice line)
{
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* ---- the login ------------------------------------------------------------------------------- */

static enum pq_verb verb_of(struct pq_slice line)
{
    struct pq_command c;
    pq_command_parse(script_text(line), PQ_LENIENT_BLANKS, true, &c);
    return c.verb;
}

size_t script_login(const struct script *s)
{
    enum pq_verb verb = PQ_VERB_UNKNOWN;
    size_t i = 0;
    for (; i < s->count && s->row->commands; i++) {
        bool logs_in = verb == PQ_VERB_PASS || verb == PQ_VERB_APOP || verb == PQ_VERB_AUTH;
        if (!script_is_line(s->row, s->items[i]))
            continue;
        enum pq_verb next = verb_of(s->items[i]);
        if (logs_in && (verb != PQ_VERB_AUTH || next != PQ_VERB_UNKNOWN))
            return i;
        verb = logs_in ? verb : next;
    }
    return verb == PQ_VERB_PASS || verb == PQ_VERB_APOP || verb == PQ_VERB_AUTH ? i : 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

bool script_insert(struct script *s, size_t at, struct pq_slice item)
{
    if (s->count == SCRIPT_ITEMS_MAX)
        return false;
    memmove(&s->items[at + 1], &s->items[at], (s->count - at) * sizeof(item));
    s->items[at] = item;
    s->count++;
    return true;
}

void script_remove(struct script *s, size_t at, size_t count)
{
    memmove(&s->items[at], &s->items[at + count], (s->count - at - count) * sizeof(s->items[0]));
    s->count -= count;
}
