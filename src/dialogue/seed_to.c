/* SPDX-License-Identifier: Apache-2.0
 * Dialogues as wire cases: plays one side on paper. */
#include "dialogue/seed.h"

#include "dialogue/names.h"
#include "dialogue/template.h"

struct performer {
    const struct pq_dlg *d;
    enum pq_dlg_side side;
    struct pq_dlg_problems *problems;
    struct pq_wire_writer writer;
    struct pq_env env;
    struct pq_arena arena; /* of values; one budget for the whole file */
    struct pq_rand rand;
    struct pq_names names;   /* that the dialogue gave a value */
    struct pq_value *values; /* of each slot of `names` */
    struct pq_bytes write;   /* of a batch, or of the step that is written */
    uint8_t batch_conn;      /* 0: not in a batch */
    enum pq_dlg_cut cut;
    uint64_t cut_octets;
    struct pq_dlg_at at; /* of the item that is performed */
    enum pq_status status;
};

/* ---- cutting --------------------------------------------------------------------------------- */

/* How many octets the next write has when writes end before (`behind`: behind) the LF of a CRLF. */
static size_t until_crlf(struct pq_slice s, size_t behind)
{
    for (size_t i = 1; i < s.len; i++)
        if (s.at[i] == '\n' && s.at[i - 1] == '\r')
            return i + behind;
    return s.len;
}

struct pq_slice pq_dlg_cut_next(enum pq_dlg_cut cut, uint64_t octets, struct pq_slice *rest)
{
    size_t n = rest->len;
    switch (cut) {
    case PQ_DLG_CUT_WHOLE:
        break;
    case PQ_DLG_CUT_BYTE:
        n = 1;
        break;
    case PQ_DLG_CUT_MID_CRLF:
        n = until_crlf(*rest, 0);
        break;
    case PQ_DLG_CUT_AFTER_CRLF:
        n = until_crlf(*rest, 1);
        break;
    case PQ_DLG_CUT_OCTETS:
        n = octets < n ? (size_t)octets : n;
        break;
    }
    struct pq_slice first = pq_slice_first(*rest, n);
    *rest = pq_slice_after(*rest, n);
    return first;
}

/* ---- names ----------------------------------------------------------------------------------- */

bool pq_dlg_seed_name(struct pq_slice name, struct pq_value *out)
{
    static const struct {
        struct pq_slice name, value;
    } words[] = {
        {PQ_SLICE_INIT("user"), PQ_SLICE_INIT("alice")},
        {PQ_SLICE_INIT("pw"), PQ_SLICE_INIT("wonderland")},
        {PQ_SLICE_INIT("user2"), PQ_SLICE_INIT("bob")},
        {PQ_SLICE_INIT("pw2"), PQ_SLICE_INIT("builder")},
        {PQ_SLICE_INIT("host"), PQ_SLICE_INIT("pop3.example.com")},
        {PQ_SLICE_INIT("nonce"), PQ_SLICE_INIT("popquiz0popquiz0")},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!pq_slice_equal(words[i].name, name))
            continue;
        *out = pq_value_octets(words[i].value);
        return true;
    }
    *out = pq_value_int(110);
    return pq_slice_equal(name, PQ_SLICE("port"));
}

static bool find_name(void *ctx, struct pq_slice name, struct pq_value *out)
{
    const struct performer *p = ctx;
    if (!pq_names_has(&p->names, name))
        return pq_dlg_seed_name(name, out);
    *out = p->values[pq_names_slot(&p->names, name)];
    return true;
}

static void bind(struct performer *p, struct pq_slice name, const struct pq_value *value)
{
    struct pq_value copy;
    if (pq_value_copy(value, &p->arena, &copy) != PQ_STATUS_OK) {
        p->status = PQ_STATUS_NO_MEMORY;
        return;
    }
    (void)pq_names_add(&p->names, name);
    p->values[pq_names_slot(&p->names, name)] = copy;
}

/* No name is shorter than "{a}", and a step binds at most PQ_DLG_CAPTURES_MAX of them. */
static enum pq_status make_names(struct performer *p)
{
    size_t most = p->d->steps * PQ_DLG_CAPTURES_MAX;
    if (most > PQ_DLG_TEXT_MAX / 3)
        most = PQ_DLG_TEXT_MAX / 3;
    if (pq_names_init(&p->names, &p->arena, most + 1) != PQ_STATUS_OK)
        return PQ_STATUS_NO_MEMORY;
    p->values = pq_arena_get(&p->arena, (p->names.mask + 1) * sizeof(*p->values));
    return p->values ? PQ_STATUS_OK : PQ_STATUS_NO_MEMORY;
}

static void fail(struct performer *p, enum pq_expr_outcome outcome, struct pq_slice about)
{
    char why[96];
    struct pq_buf b;
    pq_buf_init(&b, why, sizeof(why) - 1);
    pq_buf_put_text(&b, ": ");
    pq_buf_put_text(&b, pq_expr_outcome_text(outcome));
    why[b.len] = 0;
    pq_dlg_problem_add(p->problems, p->at, "the step has no octets, because of ", about, why);
    p->status = outcome == PQ_EXPR_NO_MEMORY ? PQ_STATUS_NO_MEMORY : PQ_STATUS_SYNTAX;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void put_event(struct performer *p, enum pq_wire_kind kind, uint8_t conn,
                      struct pq_slice data)
{
    const struct pq_wire_event event = {kind, kind == PQ_WIRE_SETTLE ? 0 : conn, data};
    if (p->status != PQ_STATUS_OK)
        return;
    if (conn <= PQ_WIRE_CONN_MAX) {
        p->status = pq_wire_writer_put(&p->writer, &event);
        return;
    }
    pq_dlg_problem_add(p->problems, p->at, "a wire case has four connections; use a lower number",
                       pq_slice_of(NULL, 0), "");
    p->status = PQ_STATUS_SYNTAX;
}

/* Gives what was gathered in `p->write` out, cut as @segment asks for. */
static void flush(struct performer *p, uint8_t conn)
{
    struct pq_slice rest = pq_bytes_slice(&p->write);
    while (rest.len > 0 && p->status == PQ_STATUS_OK)
        put_event(p, PQ_WIRE_DATA, conn, pq_dlg_cut_next(p->cut, p->cut_octets, &rest));
    pq_bytes_clear(&p->write);
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Lines where any will do. */
static void write_lines(struct performer *p, const struct pq_dlg_item *item)
{
    uint64_t count = item->step.least > 0 ? item->step.least : item->step.most > 0 ? 1 : 0;
    for (; count > 0 && p->status == PQ_STATUS_OK; count--)
        p->status = pq_bytes_put_text(&p->write, "text\r\n");
    if (p->batch_conn == 0)
        flush(p, item->step.conn);
}

/* What the step sends. `keep`: it is written; else only its names get their values. */
static void perform(struct performer *p, const struct pq_dlg_item *item, bool keep)
{
    struct pq_emitter e;
    size_t start = p->write.len;
    pq_emitter_init(&e, &item->step, &p->env);
    while (p->status == PQ_STATUS_OK && pq_emitter_next(&e, &p->write)) {
        if (keep && p->batch_conn == 0)
            flush(p, item->step.conn);
    }
    bool fails = keep ? e.error != PQ_EXPR_OK : e.error == PQ_EXPR_NO_MEMORY;
    if (p->status == PQ_STATUS_OK && fails)
        fail(p, e.error, e.about);
    if (!keep)
        p->write.len = start;
    for (size_t i = 0; i < e.count && p->status == PQ_STATUS_OK; i++)
        bind(p, e.captures[i].name, &e.captures[i].value);
}

/* Whether the step is a reply or a command of its own, and not a part of a multi-line reply. */
static bool is_answer(const struct pq_dlg_step *s)
{
    return s->form == PQ_DLG_LINE || s->form == PQ_DLG_REGEX || s->form == PQ_DLG_RAW;
}

static void do_step(struct performer *p, const struct pq_dlg_item *item)
{
    bool ours = item->step.side == p->side;
    if (ours && item->step.form == PQ_DLG_MANY)
        write_lines(p, item);
    else if (item->step.form != PQ_DLG_MANY)
        perform(p, item, ours);
    if (!ours && is_answer(&item->step))
        put_event(p, PQ_WIRE_WAIT, item->step.conn, pq_slice_of(NULL, 0));
}

/* ---- directives ------------------------------------------------------------------------------ */

/* A multi-line reply that the dialogue reads as a whole: the first message of the mailbox. */
static void do_body(struct performer *p, const struct pq_dlg_directive *d)
{
    const struct pq_dlg_section *message =
        p->d->mailbox ? pq_dlg_message(p->d, p->d->mailbox->text) : NULL;
    struct pq_slice rest = message ? message->octets : PQ_SLICE("text\r\n");
    struct pq_value nothing = pq_value_list(NULL, 0);
    bind(p, pq_dlg_arg(d, PQ_DLG_ARG_VARIABLE)->text, &nothing);
    if (p->side == PQ_DLG_CLIENT)
        return;
    while (rest.len > 0 && p->status == PQ_STATUS_OK) {
        struct pq_slice line = pq_dlg_cut_next(PQ_DLG_CUT_AFTER_CRLF, 0, &rest);
        if (line.at[0] == '.')
            p->status = pq_bytes_put_text(&p->write, ".");
        if (p->status == PQ_STATUS_OK)
            p->status = pq_bytes_put(&p->write, line);
    }
    if (p->status == PQ_STATUS_OK)
        p->status = pq_bytes_put_text(&p->write, ".\r\n");
    flush(p, pq_dlg_conn(d));
}

static void do_tls(struct performer *p, const struct pq_dlg_directive *d)
{
    const struct pq_dlg_arg *result = pq_dlg_arg(d, PQ_DLG_ARG_RESULT);
    struct pq_value ok = pq_value_octets(PQ_SLICE("ok"));
    put_event(p, PQ_WIRE_TLS, pq_dlg_conn(d), pq_slice_of(NULL, 0));
    if (result)
        bind(p, result->text, &ok);
}

/* A client sends NOOP and waits; a server waits for that command. */
static void do_fence(struct performer *p, const struct pq_dlg_directive *d)
{
    if (p->side == PQ_DLG_CLIENT)
        put_event(p, PQ_WIRE_DATA, pq_dlg_conn(d), PQ_SLICE("NOOP\r\n"));
    put_event(p, PQ_WIRE_WAIT, pq_dlg_conn(d), pq_slice_of(NULL, 0));
}

static void do_segment(struct performer *p, const struct pq_dlg_directive *d)
{
    const struct pq_dlg_arg *cut = pq_dlg_arg(d, PQ_DLG_ARG_CUT);
    p->cut = cut->cut;
    p->cut_octets = cut->number;
}

/* What has a record of its own; anything else leaves no trace in a wire case. */
static void do_plain(struct performer *p, const struct pq_dlg_directive *d)
{
    static const struct {
        enum pq_dlg_do what;
        enum pq_wire_kind kind;
    } records[] = {
        {PQ_DLG_DO_CLOSE, PQ_WIRE_HALFCLOSE},     {PQ_DLG_DO_TLSCUT, PQ_WIRE_HALFCLOSE},
        {PQ_DLG_DO_HALFCLOSE, PQ_WIRE_HALFCLOSE}, {PQ_DLG_DO_DROP, PQ_WIRE_RESET},
        {PQ_DLG_DO_CORRUPT, PQ_WIRE_CORRUPT},     {PQ_DLG_DO_SETTLE, PQ_WIRE_SETTLE},
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        if (records[i].what == d->what)
            put_event(p, records[i].kind, pq_dlg_conn(d), pq_slice_of(NULL, 0));
}

static const struct {
    enum pq_dlg_do what;
    void (*run)(struct performer *p, const struct pq_dlg_directive *d);
} runs[] = {
    {PQ_DLG_DO_BODY, do_body},
    {PQ_DLG_DO_TLS, do_tls},
    {PQ_DLG_DO_FENCE, do_fence},
    {PQ_DLG_DO_SEGMENT, do_segment},
};

static void do_directive(struct performer *p, const struct pq_dlg_directive *d)
{
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        if (runs[i].what != d->what)
            continue;
        runs[i].run(p, d);
        return;
    }
    do_plain(p, d);
}

/* ---- the way through a section --------------------------------------------------------------- */

static bool ends_section(const struct pq_dlg_item *item)
{
    return pq_dlg_item_is(item, PQ_DLG_DO_PASS) || pq_dlg_item_is(item, PQ_DLG_DO_FAIL) ||
           pq_dlg_item_is(item, PQ_DLG_DO_INCONCLUSIVE);
}

/* The branch of an @if; an expression that cannot be said takes neither. */
static const struct pq_dlg_item *choose(struct performer *p, const struct pq_dlg_directive *d)
{
    struct pq_expr_result r;
    bool good = pq_expr_eval(pq_dlg_arg(d, PQ_DLG_ARG_EXPR)->expr, &p->env, &r);
    if (!good || r.value.kind != PQ_VALUE_TRUTH)
        return NULL;
    return r.value.truth ? d->body : d->other ? d->other->directive.body : NULL;
}

/* What comes first inside a block; NULL: nothing of it is done. */
static const struct pq_dlg_item *enter(struct performer *p, const struct pq_dlg_item *item)
{
    const struct pq_dlg_directive *d = &item->directive;
    if (item->kind != PQ_DLG_ITEM_DIRECTIVE || !pq_dlg_do_row(d->what)->opens)
        return NULL;
    if (d->what == PQ_DLG_DO_MATCH)
        return pq_dlg_item_active(d->body)->directive.body;
    if (d->what == PQ_DLG_DO_IF)
        return choose(p, d);
    return d->what == PQ_DLG_DO_BATCH || d->what == PQ_DLG_DO_RACE ? d->body : NULL;
}

/* The item behind `item`; a block that ends on the way is left. */
static const struct pq_dlg_item *leave(struct performer *p, const struct pq_dlg_item *item)
{
    while (item && !item->next) {
        item = item->parent;
        if (item && pq_dlg_item_is(item, PQ_DLG_DO_BATCH)) {
            flush(p, p->batch_conn);
            p->batch_conn = 0;
        }
        if (item && pq_dlg_item_is(item, PQ_DLG_DO_CASE))
            item = item->parent; /* the other cases are not taken */
    }
    return item ? item->next : NULL;
}

static void do_section(struct performer *p, const struct pq_dlg_section *s)
{
    const struct pq_dlg_item *item = s ? s->items : NULL;
    while (item && p->status == PQ_STATUS_OK && !ends_section(item)) {
        const struct pq_dlg_item *inside = enter(p, item);
        p->at = item->at;
        if (item->kind == PQ_DLG_ITEM_STEP)
            do_step(p, item);
        else if (item->kind == PQ_DLG_ITEM_DIRECTIVE)
            do_directive(p, &item->directive);
        if (inside && pq_dlg_item_is(item, PQ_DLG_DO_BATCH)) {
            const struct pq_dlg_item *first = pq_dlg_item_active(item->directive.body);
            p->batch_conn = first && first->kind == PQ_DLG_ITEM_STEP ? first->step.conn : 1;
        }
        item = inside ? inside : leave(p, item);
    }
}

enum pq_status pq_dlg_to_wire(const struct pq_dlg *d, enum pq_dlg_side side,
                              const struct pq_dlg_crypto *crypto, struct pq_dlg_problems *problems,
                              struct pq_bytes *out)
{
    struct performer p = {.d = d, .side = side, .problems = problems};
    pq_arena_init(&p.arena, out->alloc, PQ_DLG_MEMORY_MAX);
    pq_bytes_init(&p.write, out->alloc, out->max);
    pq_wire_writer_init(&p.writer, out);
    pq_rand_init(&p.rand, 1);
    p.env = (struct pq_env){
        .ctx = &p, .name = find_name, .crypto = crypto, .rand = &p.rand, .scratch = &p.arena};
    p.status = make_names(&p);
    do_section(&p, d->given);
    do_section(&p, d->test);
    pq_bytes_free(&p.write);
    pq_arena_free(&p.arena);
    return p.status;
}
