/* SPDX-License-Identifier: Apache-2.0
 * Octets -> moments. Lines of the client wait, as they are, until the answer to everything before
 * them is known: only then is it certain whether they are commands or responses. */
#include "referee/referee_internal.h"

#include <string.h>

/* ---- lines that wait ------------------------------------------------------------------------- */

struct waiting {
    uint64_t offset;
    uint16_t len;
    bool cut;     /* longer than what is kept of it */
    bool unclear; /* longer than a command, or with an octet that another server ends a line at */
};

/* False: there is no room, and what follows cannot be told apart. */
static bool wait_put(struct referee_conn *c, struct waiting head, struct pq_slice text)
{
    size_t size = sizeof(head) + text.len;
    if (c->taken == c->waiting.len || pq_buf_room(&c->waiting) < size) {
        pq_buf_drop(&c->waiting, c->taken);
        c->taken = 0;
    }
    if (pq_buf_room(&c->waiting) < size)
        return false;
    return pq_buf_put(&c->waiting, pq_slice_of(&head, sizeof(head))) &&
           pq_buf_put(&c->waiting, text);
}

static bool wait_take(struct referee_conn *c, struct waiting *head, struct pq_slice *text)
{
    struct pq_slice rest = pq_slice_after(pq_buf_slice(&c->waiting), c->taken);
    if (rest.len == 0)
        return false;
    memcpy(head, rest.at, sizeof(*head));
    *text = pq_slice_first(pq_slice_after(rest, sizeof(*head)), head->len);
    c->taken += sizeof(*head) + head->len;
    return true;
}

bool ref_has_lines(const struct referee_conn *c)
{
    return c->taken < c->waiting.len;
}

bool ref_has_spoken(const struct referee_conn *c)
{
    const struct pq_framer *f = &c->lines[PQ_FROM_CLIENT];
    return c->base[PQ_FROM_CLIENT] + f->offset + f->seen > 0;
}

bool ref_waits_for_long(const struct referee_conn *c)
{
    struct pq_slice rest = pq_slice_after(pq_buf_slice(&c->waiting), c->taken);
    struct waiting head;
    if (rest.len == 0)
        return c->lines[PQ_FROM_CLIENT].seen > PQ_COMMAND_LINE_MAX;
    memcpy(&head, rest.at, sizeof(head));
    return head.cut;
}

static bool is_quit(struct pq_slice text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = pq_slice_after(text, 1);
    return pq_slice_equal_nocase(pq_slice_first(text, 4), PQ_SLICE("QUIT"));
}

bool ref_may_quit(const struct referee_conn *c)
{
    struct pq_slice rest = pq_slice_after(pq_buf_slice(&c->waiting), c->taken);
    while (rest.len > 0) {
        struct waiting head;
        memcpy(&head, rest.at, sizeof(head));
        rest = pq_slice_after(rest, sizeof(head));
        if (head.unclear || is_quit(pq_slice_first(rest, head.len)))
            return true;
        rest = pq_slice_after(rest, head.len);
    }
    return c->unclear;
}

bool ref_is_waiting(const struct referee_conn *c)
{
    return (c->reading != REF_READ_STATUS && c->reading != REF_READ_EITHER) || ref_has_lines(c);
}

/* ---- the client ------------------------------------------------------------------------------ */

/* Notes an octet at which some server might end a line, or stop reading it. `part` is of one line,
 * and its end when that is in it. */
static void look_for_breaks(struct referee_conn *c, struct pq_slice part, bool ended)
{
    for (size_t i = 0; i < part.len; i++) {
        uint8_t octet = part.at[i];
        bool end = ended && i + 1 == part.len;
        c->unclear |= octet == 0 || (octet == '\n' && !end) || (c->after_cr && octet != '\n');
        c->after_cr = octet == '\r';
    }
}

static void put_line(struct referee_conn *c, const struct pq_line *line)
{
    struct waiting head = {.offset = c->base[PQ_FROM_CLIENT] + line->offset,
                           .len = (uint16_t)line->text.len,
                           .cut = line->too_long,
                           .unclear = c->unclear};
    if (!wait_put(c, head, line->text))
        c->blind = c->referee->blind = true;
}

static void read_client(struct referee_conn *c, struct pq_slice octets)
{
    struct pq_framer *f = &c->lines[PQ_FROM_CLIENT];
    enum pq_next next = PQ_NEXT_EVENT;
    while (next == PQ_NEXT_EVENT) {
        struct pq_line line;
        struct pq_slice before = octets;
        next = pq_framer_next(f, &octets, &line);
        look_for_breaks(c, pq_slice_first(before, before.len - octets.len), next == PQ_NEXT_EVENT);
        if (next != PQ_NEXT_EVENT)
            return;
        if (!c->answered_early)
            put_line(c, &line);
        c->answered_early = c->unclear = c->after_cr = false;
    }
}

/* ---- the server ------------------------------------------------------------------------------ */

/* Makes the next line of the client the one that is answered. False: there is none. */
static bool next_ask(struct referee_conn *c)
{
    struct waiting head;
    struct pq_slice text;
    if (!wait_take(c, &head, &text))
        return false;
    struct ref_ask *a = &c->ask;
    *a = (struct ref_ask){.offset = head.offset, .len = head.len};
    a->cut = head.cut;
    a->response = c->session.state == PQ_STATE_SASL;
    if (text.len > 0)
        memcpy(a->text, text.at, text.len);
    pq_command_parse(pq_slice_of(a->text, a->len), 0, c->session.utf8, &a->command);
    a->strange = a->command.flaw != PQ_FLAW_NONE && !a->response;
    if (a->response)
        a->command = pq_command_bare(PQ_VERB_AUTH);
    a->multi = !a->response && pq_verb_is_multi(a->command.verb, a->command.argc);
    c->blind = head.unclear;
    return true;
}

/* A line of the client that has begun may have been answered already: because it is longer than a
 * command may be, or because the server ends lines elsewhere. */
static bool is_early(struct referee_conn *c)
{
    const struct pq_framer *f = &c->lines[PQ_FROM_CLIENT];
    c->blind |= c->unclear;
    bool early = f->seen > PQ_COMMAND_LINE_MAX && !c->answered_early;
    c->answered_early |= early;
    return early;
}

/* "+OKAY" was meant as a reply: what follows is judged as if a space stood there. */
static bool parse_reply(struct ref_moment *m)
{
    if (pq_reply_parse(m->line, &m->reply) == PQ_STATUS_OK)
        return true;
    struct pq_slice ok = pq_slice_first(m->line, 3), err = pq_slice_first(m->line, 4);
    bool is_ok = pq_slice_equal_nocase(ok, PQ_SLICE("+OK"));
    m->glued = is_ok || pq_slice_equal_nocase(err, PQ_SLICE("-ERR"));
    m->reply.indicator = is_ok ? PQ_REPLY_OK : PQ_REPLY_ERR;
    return m->glued;
}

static void read_status(struct referee_conn *c, struct ref_moment *m)
{
    m->ask = c->facts.answered ? &c->ask : NULL;
    if (!parse_reply(m))
        m->kind = REF_AT_NOT_REPLY;
    else if (c->session.state == PQ_STATE_CONNECTED)
        m->kind = REF_AT_GREETING;
    else if (next_ask(c))
        m->kind = REF_AT_STATUS;
    else if (!is_early(c))
        m->kind = REF_AT_STRAY;
    if (m->kind == REF_AT_STATUS)
        m->ask = &c->ask;
}

/* After a positive answer to something strange: one line or many? A status line is the answer to
 * what waits; anything else can only be a part of a listing. */
static void decide(struct referee_conn *c, struct pq_slice line)
{
    struct pq_reply reply;
    bool is_reply = pq_reply_parse(line, &reply) == PQ_STATUS_OK;
    c->reading = is_reply && c->taken < c->waiting.len ? REF_READ_STATUS : REF_READ_LISTING;
}

/* A status line cannot stand in these listings: the terminator is missing. */
static bool is_cut_short(const struct referee_conn *c, struct pq_slice line)
{
    enum pq_verb verb = c->ask.command.verb;
    struct pq_reply reply;
    return (verb == PQ_VERB_LIST || verb == PQ_VERB_UIDL) && !c->ask.strange && ref_has_lines(c) &&
           pq_reply_parse(line, &reply) == PQ_STATUS_OK;
}

static void read_listing(struct referee_conn *c, struct ref_moment *m)
{
    bool end = pq_slice_equal(m->line, PQ_SLICE("."));
    m->kind = end ? REF_AT_LIST_END : REF_AT_LINE;
    m->ask = &c->ask;
    if (!end && pq_slice_starts(m->line, PQ_SLICE(".")))
        m->line = pq_slice_after(m->line, 1);
}

static void judge_and_move(struct referee_conn *c, const struct ref_moment *m)
{
    if (c->blind || m->kind == REF_AT_NOTHING)
        return;
    ref_judge(c, m);
    ref_move(c, m);
}

/* Whether all that can be answered yet is a line that the client will never end. */
static bool is_all_answered(const struct referee_conn *c)
{
    return c->said_all && c->reading == REF_READ_STATUS && !ref_has_lines(c) &&
           c->lines[PQ_FROM_CLIENT].seen > 0;
}

static bool next_line(struct referee_conn *c, struct pq_slice *in)
{
    struct pq_line line;
    c->deaf = is_all_answered(c);
    if (c->deaf || pq_framer_next(&c->lines[PQ_FROM_SERVER], in, &line) != PQ_NEXT_EVENT)
        return false;
    struct ref_moment m = {.line = line.text,
                           .offset = c->base[PQ_FROM_SERVER] + line.offset,
                           .too_long = line.too_long,
                           .lf_only = line.lf_only};
    if (c->reading == REF_READ_EITHER)
        decide(c, line.text);
    if (c->reading == REF_READ_LISTING && is_cut_short(c, line.text)) {
        m.kind = REF_AT_CUT_SHORT;
        m.ask = &c->ask;
        judge_and_move(c, &m);
        m.kind = REF_AT_NOTHING;
    }
    if (c->reading == REF_READ_LISTING)
        read_listing(c, &m);
    else
        read_status(c, &m);
    judge_and_move(c, &m);
    return true;
}

/* Told at once: where all lines end so, no terminator will ever be found. */
static void judge_bare_lf(struct referee_conn *c)
{
    const struct ref_moment m = {.kind = REF_AT_BODY_LF,
                                 .ask = &c->ask,
                                 .line = PQ_SLICE("\n"),
                                 .offset = c->body_at + c->view.body.first_lf};
    ref_judge(c, &m);
}

static bool next_piece(struct referee_conn *c, struct pq_slice *in)
{
    struct pq_framer *f = &c->lines[PQ_FROM_SERVER];
    struct pq_slice piece;
    size_t before = in->len;
    enum pq_next next = pq_dot_next(&c->dot, in, &piece);
    f->offset += before - in->len;
    if (next != PQ_NEXT_EVENT)
        return false;
    if (!c->dot.ended) {
        bool bare = c->view.body.first_lf_bare;
        ref_view_body_piece(c, piece);
        if (!bare && c->view.body.first_lf_bare)
            judge_bare_lf(c);
        return true;
    }
    struct ref_moment m = {.kind = REF_AT_BODY_END,
                           .ask = &c->ask,
                           .line = PQ_SLICE("."),
                           .offset = c->base[PQ_FROM_SERVER] + f->offset - 3};
    judge_and_move(c, &m);
    return true;
}

/* Behind +OK to STLS, and after a handshake that failed, nothing of POP3 can come. Only what
 * begins like a reply is one: it may be a record of TLS. */
static void read_clear(struct referee_conn *c, struct pq_slice octets)
{
    struct pq_framer *f = &c->lines[PQ_FROM_SERVER];
    struct pq_line line;
    while (pq_framer_next(f, &octets, &line) == PQ_NEXT_EVENT) {
        struct ref_moment m = {.kind = REF_AT_CLEAR,
                               .line = line.text,
                               .offset = c->base[PQ_FROM_SERVER] + line.offset};
        if (pq_slice_starts(line.text, PQ_SLICE("+OK")))
            ref_judge(c, &m);
    }
}

static void read_server(struct referee_conn *c, struct pq_slice octets)
{
    bool more = true;
    while (more && !c->blind && !c->deaf && !c->facts.no_more_clear)
        more = c->reading == REF_READ_BODY ? next_piece(c, &octets) : next_line(c, &octets);
    if (c->facts.no_more_clear && !c->blind)
        read_clear(c, octets);
}

/* ---- both ------------------------------------------------------------------------------------ */

void ref_reader_init(struct referee_conn *c)
{
    c->blind = c->answered_early = c->unclear = c->after_cr = c->said_all = c->deaf = false;
    c->reading = REF_READ_STATUS;
    c->base[PQ_FROM_CLIENT] = c->base[PQ_FROM_SERVER] = c->taken = 0;
    pq_buf_init(&c->waiting, c->waiting_memory, sizeof(c->waiting_memory));
    pq_framer_init(&c->lines[PQ_FROM_CLIENT], c->client_memory, sizeof(c->client_memory));
    pq_framer_init(&c->lines[PQ_FROM_SERVER], c->server_memory, sizeof(c->server_memory));
    c->lines[PQ_FROM_SERVER].lf_ends_line = true;
}

void ref_reader_forget(struct referee_conn *c)
{
    for (int i = 0; i < 2; i++) {
        struct pq_framer *f = &c->lines[i];
        c->base[i] += f->offset + f->seen;
        pq_framer_clear(f);
    }
    pq_buf_clear(&c->waiting);
    c->taken = 0;
    c->answered_early = c->unclear = c->after_cr = false;
    c->reading = REF_READ_STATUS;
}

void ref_read(struct referee_conn *c, enum pq_side from, struct pq_slice octets)
{
    if (c->blind)
        return;
    if (from == PQ_FROM_CLIENT)
        read_client(c, octets);
    else
        read_server(c, octets);
}
