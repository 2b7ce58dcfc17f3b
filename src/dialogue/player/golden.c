/* SPDX-License-Identifier: Apache-2.0
 * Reading golden records: a line at a time, each kind of line by a row of a table. */
#include "dialogue/player/golden.h"

#include "dialogue/escape.h"

struct reader {
    struct pq_golden *g;
    struct pq_slice line; /* without its LF */
    struct pq_slice rest; /* what is left of it */
    uint32_t number;      /* of the line, from 1 */
    bool out_of_memory;
    struct pq_golden_run *run; /* the current one; NULL: before the first */
    struct pq_golden_run **next_run;
    const struct pq_golden_event **next_event;
    struct pq_golden_event *event; /* the last one */
};

static bool fail(struct reader *r, const char *what)
{
    struct pq_dlg_at at = {r->number, (uint32_t)(r->line.len - r->rest.len) + 1};
    pq_dlg_problem_add(&r->g->problems, at, what, pq_slice_of(NULL, 0), "");
    return false;
}

static void *get(struct reader *r, size_t size)
{
    void *at = pq_arena_get(&r->g->arena, size);
    if (!at)
        r->out_of_memory = true;
    return at;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool take_word(struct reader *r, struct pq_slice *word)
{
    *word = pq_slice_cut(&r->rest, ' ');
    while (r->rest.len > 0 && r->rest.at[0] == ' ')
        r->rest = pq_slice_after(r->rest, 1);
    return word->len > 0 || fail(r, "a word is missing here");
}

static bool take_string(struct reader *r, struct pq_slice *out)
{
    size_t bad = 0;
    if (r->rest.len == 0 || r->rest.at[0] != '"')
        return fail(r, "a string in quotation marks must stand here");
    enum pq_status status = pq_escape_read_string(&r->g->arena, &r->rest, false, out, &bad);
    r->out_of_memory = r->out_of_memory || status == PQ_STATUS_NO_MEMORY;
    if (status != PQ_STATUS_OK)
        return fail(r, "the string is not closed, or an escape in it is unknown");
    while (r->rest.len > 0 && r->rest.at[0] == ' ')
        r->rest = pq_slice_after(r->rest, 1);
    return true;
}

static bool take_number(struct reader *r, uint64_t most, uint64_t *out)
{
    struct pq_slice word;
    if (!take_word(r, &word))
        return false;
    if (pq_parse_u64(word, out) != PQ_STATUS_OK || *out > most)
        return fail(r, "the word before this is not a number, or it is too large");
    return true;
}

static bool take_conn(struct reader *r, struct pq_golden_event *e)
{
    uint64_t conn = 0;
    bool ok = take_number(r, PQ_WIRE_CONNS - 1, &conn);
    e->conn = (uint8_t)conn;
    return ok;
}

static bool copy_rest(struct reader *r, struct pq_slice *out)
{
    *out = pq_arena_copy(&r->g->arena, r->rest);
    r->out_of_memory = r->out_of_memory || !out->at;
    r->rest = pq_slice_after(r->rest, r->rest.len);
    return out->at != NULL;
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool read_octets(struct reader *r, struct pq_golden_event *e)
{
    return take_conn(r, e) && take_string(r, &e->octets);
}

static bool read_connect(struct reader *r, struct pq_golden_event *e)
{
    struct pq_slice word;
    if (!take_conn(r, e) || !take_word(r, &word))
        return false;
    e->result = pq_wire_result_of(word);
    if (e->result != PQ_WIRE_OK && e->result != PQ_WIRE_TIMEOUT && e->result != PQ_WIRE_REFUSED &&
        e->result != PQ_WIRE_FAILED)
        return fail(r, "a connection comes out as ok, timeout, refused or failed");
    return true;
}

static bool read_end(struct reader *r, struct pq_golden_event *e)
{
    return take_conn(r, e);
}

static bool read_tls(struct reader *r, struct pq_golden_event *e)
{
    struct pq_slice word;
    if (!take_conn(r, e) || !take_word(r, &word))
        return false;
    e->tls = pq_wire_tls_of(word);
    return e->tls < PQ_WIRE_TLS_SPENT ||
           fail(r, "TLS comes out as ok, alert, eof, plain, timeout, refused or failed");
}

static bool read_took(struct reader *r, struct pq_golden_event *e)
{
    return take_conn(r, e) && take_number(r, (uint64_t)PQ_DLG_TIME_MAX_MS, &e->number);
}

static bool read_answer(struct reader *r, struct pq_golden_event *e)
{
    struct pq_slice ask, answer;
    if (!take_word(r, &ask) || !take_word(r, &answer))
        return false;
    e->ask = pq_ask_of(ask);
    e->answer = pq_answer_of(answer);
    if (e->ask == PQ_ASK_COUNT || e->answer >= PQ_ANSWER_SPENT)
        return fail(r, "an answer is deliver, reset, peek or advance, then done, unable or failed");
    return r->rest.len == 0 || take_string(r, &e->octets);
}

/* stored SIZE|- "uid"|- "octets"|- */
static bool read_stored(struct reader *r, struct pq_golden_event *e)
{
    struct pq_slice dash;
    bool follows =
        r->event && (r->event->kind == PQ_GOLDEN_STORED ||
                     (r->event->kind == PQ_GOLDEN_ANSWER && r->event->ask == PQ_ASK_PEEK));
    if (!follows)
        return fail(r, "a stored message must stand behind an answer to peek");
    e->stored.has_size = r->rest.len > 0 && r->rest.at[0] != '-';
    if (e->stored.has_size ? !take_number(r, UINT32_MAX, &e->stored.size) : !take_word(r, &dash))
        return false;
    bool has_uid = r->rest.len > 0 && r->rest.at[0] == '"';
    if (has_uid ? !take_string(r, &e->stored.uid) : !take_word(r, &dash))
        return false;
    e->stored.has_octets = r->rest.len > 0 && r->rest.at[0] == '"';
    return e->stored.has_octets ? take_string(r, &e->stored.octets) : take_word(r, &dash);
}

/* END has a row for each result that is an end, with its word. */
static const struct event_row {
    struct pq_slice word;
    enum pq_golden_kind kind;
    enum pq_wire_result result;
    bool (*read)(struct reader *r, struct pq_golden_event *e);
} event_rows[] = {
    {PQ_SLICE_INIT("<"), PQ_GOLDEN_DATA, PQ_WIRE_OK, read_octets},
    {PQ_SLICE_INIT(">"), PQ_GOLDEN_SENT, PQ_WIRE_OK, read_octets},
    {PQ_SLICE_INIT("connect"), PQ_GOLDEN_CONNECT, PQ_WIRE_OK, read_connect},
    {PQ_SLICE_INIT("timeout"), PQ_GOLDEN_END, PQ_WIRE_TIMEOUT, read_end},
    {PQ_SLICE_INIT("eof"), PQ_GOLDEN_END, PQ_WIRE_CLOSED, read_end},
    {PQ_SLICE_INIT("reset"), PQ_GOLDEN_END, PQ_WIRE_RESET, read_end},
    {PQ_SLICE_INIT("broken"), PQ_GOLDEN_END, PQ_WIRE_BROKEN, read_end},
    {PQ_SLICE_INIT("failed"), PQ_GOLDEN_END, PQ_WIRE_FAILED, read_end},
    {PQ_SLICE_INIT("tls"), PQ_GOLDEN_TLS, PQ_WIRE_OK, read_tls},
    {PQ_SLICE_INIT("fact"), PQ_GOLDEN_FACT, PQ_WIRE_OK, read_octets},
    {PQ_SLICE_INIT("took"), PQ_GOLDEN_TOOK, PQ_WIRE_OK, read_took},
    {PQ_SLICE_INIT("answer"), PQ_GOLDEN_ANSWER, PQ_WIRE_OK, read_answer},
    {PQ_SLICE_INIT("stored"), PQ_GOLDEN_STORED, PQ_WIRE_OK, read_stored},
};

static const struct event_row *event_row_of(struct pq_slice word)
{
    for (size_t i = 0; i < sizeof(event_rows) / sizeof(event_rows[0]); i++)
        if (pq_slice_equal(event_rows[i].word, word))
            return &event_rows[i];
    return NULL;
}

static bool read_event(struct reader *r)
{
    struct pq_slice word;
    if (!take_word(r, &word))
        return false;
    const struct event_row *row = event_row_of(word);
    if (!row)
        return fail(r, "the line begins with no known key and no known event; see GOLDEN.md");
    if (!r->run)
        return fail(r, "an event must stand behind the case: that it belongs to");
    if (r->run->count == PQ_GOLDEN_EVENTS_MAX)
        return fail(r, "the run has too many events");
    struct pq_golden_event *e = get(r, sizeof(*e));
    if (!e)
        return false;
    e->kind = row->kind;
    e->result = row->result;
    if (!row->read(r, e))
        return false;
    if (r->rest.len > 0)
        return fail(r, "nothing may follow here");
    *r->next_event = r->event = e;
    r->next_event = (const struct pq_golden_event **)&e->next;
    r->run->count++;
    return true;
}

/* ---- header lines ---------------------------------------------------------------------------- */

static bool read_file(struct reader *r)
{
    return copy_rest(r, &r->g->file);
}

static bool read_login(struct reader *r)
{
    return copy_rest(r, &r->g->login);
}

static bool read_case(struct reader *r)
{
    struct pq_golden_run *run = get(r, sizeof(*run));
    if (!run || !copy_rest(r, &run->name))
        return false;
    run->at = (struct pq_dlg_at){r->number, 1};
    *r->next_run = r->run = run;
    r->next_run = &run->next;
    r->next_event = &run->events;
    r->event = NULL;
    return true;
}

static bool read_outcome(struct reader *r)
{
    return copy_rest(r, &r->run->outcome);
}

static bool read_branch(struct reader *r)
{
    return copy_rest(r, &r->run->branch);
}

/* NAME=VALUE, where VALUE is a word or a string, one behind the other. */
static bool read_pairs(struct reader *r, const struct pq_golden_pair **first)
{
    const struct pq_golden_pair **tail = first;
    while (r->rest.len > 0) {
        struct pq_golden_pair *pair = get(r, sizeof(*pair));
        size_t equals = pq_slice_index(r->rest, '=');
        if (!pair)
            return false;
        if (equals == 0 || equals == r->rest.len)
            return fail(r, "NAME=VALUE must stand here");
        pair->name = pq_arena_copy(&r->g->arena, pq_slice_first(r->rest, equals));
        r->rest = pq_slice_after(r->rest, equals + 1);
        bool quoted = r->rest.len > 0 && r->rest.at[0] == '"';
        struct pq_slice word;
        if (quoted ? !take_string(r, &pair->value) : !take_word(r, &word))
            return false;
        if (!quoted)
            pair->value = pq_arena_copy(&r->g->arena, word);
        *tail = pair;
        tail = (const struct pq_golden_pair **)&pair->next;
    }
    return true;
}

static bool read_rows(struct reader *r)
{
    return read_pairs(r, &r->run->rows);
}

static bool read_vars(struct reader *r)
{
    return read_pairs(r, &r->run->vars);
}

static bool read_note(struct reader *r)
{
    r->rest = pq_slice_after(r->rest, r->rest.len);
    return true;
}

static const struct key_row {
    struct pq_slice key;
    bool of_run; /* it belongs to a run, behind its case: */
    bool (*read)(struct reader *r);
} key_rows[] = {
    {PQ_SLICE_INIT("file:"), false, read_file},    {PQ_SLICE_INIT("login:"), false, read_login},
    {PQ_SLICE_INIT("case:"), false, read_case},    {PQ_SLICE_INIT("outcome:"), true, read_outcome},
    {PQ_SLICE_INIT("branch:"), true, read_branch}, {PQ_SLICE_INIT("rows:"), true, read_rows},
    {PQ_SLICE_INIT("vars:"), true, read_vars},     {PQ_SLICE_INIT("note:"), true, read_note},
};

static const struct key_row *key_row_of(struct pq_slice line)
{
    struct pq_slice word = pq_slice_cut(&line, ' ');
    for (size_t i = 0; i < sizeof(key_rows) / sizeof(key_rows[0]); i++)
        if (pq_slice_equal(key_rows[i].key, word))
            return &key_rows[i];
    return NULL;
}

static bool read_line(struct reader *r)
{
    r->rest = r->line;
    if (r->line.len == 0 || r->line.at[0] == '#')
        return true;
    const struct key_row *row = key_row_of(r->line);
    if (!row)
        return read_event(r);
    if (row->of_run && !r->run)
        return fail(r, "this line must stand behind the case: that it belongs to");
    if (row->of_run && r->event)
        return fail(r, "this line must stand before the events of its case:");
    r->rest = pq_slice_after(r->rest, row->key.len + 1);
    return row->read(r);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool check(struct reader *r)
{
    r->line = r->rest = pq_slice_of(NULL, 0);
    r->number = 0;
    if (r->g->file.len == 0)
        return fail(r, "the file: line that names the dialogue is missing");
    if (!r->g->runs)
        return fail(r, "there is no case:");
    for (const struct pq_golden_run *run = r->g->runs; run; run = run->next) {
        r->number = run->at.line;
        if (run->name.len == 0 || run->outcome.len == 0)
            return fail(r, "the run lacks its name or its outcome:");
    }
    return true;
}

enum pq_status pq_golden_parse(struct pq_golden *g, struct pq_slice text, struct pq_alloc alloc)
{
    *g = (struct pq_golden){.file = {NULL, 0}};
    pq_arena_init(&g->arena, alloc, PQ_GOLDEN_MEMORY_MAX);
    struct reader r = {.g = g, .number = 1, .next_run = (struct pq_golden_run **)&g->runs};
    if (text.len > PQ_GOLDEN_TEXT_MAX) {
        (void)fail(&r, "the record is longer than 8 MiB");
        return PQ_STATUS_SYNTAX;
    }
    r.line = r.rest = pq_slice_cut(&text, '\n');
    if (!pq_slice_equal(r.line, PQ_SLICE("#!golden 1")))
        (void)fail(&r, "a record of a format that is read here begins with \"#!golden 1\"");
    while (text.len > 0 && g->problems.errors == 0 && !r.out_of_memory) {
        r.line = pq_slice_cut(&text, '\n');
        r.number++;
        (void)read_line(&r);
    }
    if (r.out_of_memory)
        return PQ_STATUS_NO_MEMORY;
    if (g->problems.errors == 0)
        (void)check(&r);
    return g->problems.errors > 0 ? PQ_STATUS_SYNTAX : PQ_STATUS_OK;
}

void pq_golden_free(struct pq_golden *g)
{
    pq_arena_free(&g->arena);
}

bool pq_golden_var(const struct pq_golden_run *run, const char *name, struct pq_slice *out)
{
    for (const struct pq_golden_pair *pair = run->vars; pair; pair = pair->next)
        if (pq_slice_equal(pair->name, pq_slice_text(name))) {
            *out = pair->value;
            return true;
        }
    return false;
}
