/* SPDX-License-Identifier: Apache-2.0
 * What servers that misuse their memory show on the wire. */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

static struct pq_slice keyword_of(struct pq_slice line)
{
    return pq_slice_first(line, pq_slice_index(line, ' '));
}

/* ---- lines that nobody thought of ------------------------------------------------------------ */

static void empty_command_assert(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_empty_command_assert);
    if (e->kind == PQ_EVENT_COMMAND && e->octets.len == 0 && fault_fires(f))
        fault_die(s);
    else
        f->base.obey(s, e);
}

const struct fault_effect effect_empty_command_assert = {.hooks = {.obey = empty_command_assert}};

static void colon_command_assert(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_colon_command_assert);
    struct pq_slice keyword = keyword_of(e->octets);
    bool colon = e->kind == PQ_EVENT_COMMAND && pq_slice_index(keyword, ':') < keyword.len;
    if (colon && fault_fires(f))
        fault_die(s);
    else
        f->base.obey(s, e);
}

const struct fault_effect effect_colon_command_assert = {.hooks = {.obey = colon_command_assert}};

/* The line is longer than any other, so its own length is where the next one begins. */
static void pass_buffer_overflow(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_pass_buffer_overflow);
    uint64_t len = s->conn.client.framer.offset - e->offset;
    bool pass = e->kind == PQ_EVENT_COMMAND && e->too_long &&
                pq_slice_equal_nocase(keyword_of(e->octets), PQ_SLICE("PASS"));
    if (s->memory.overrun && e->kind == PQ_EVENT_COMMAND) {
        s->memory.overrun = false;
        server_err(s, "", pq_flaw_text(PQ_FLAW_TOO_LONG));
        return;
    }
    s->memory.overrun = pass && len > f->values[0] && fault_fires(f);
    f->base.obey(s, e);
}

const struct fault_effect effect_pass_buffer_overflow = {.hooks = {.obey = pass_buffer_overflow}};

static bool has_directive(struct pq_server *s, const struct pq_fault *f,
                          const struct fault_answer *a)
{
    size_t at = pq_slice_index(a->line, '%');
    (void)s;
    (void)f;
    return a->verb == PQ_VERB_UNKNOWN && at + 1 < a->line.len && pq_slice_is_printable(a->line);
}

/* An address in place of each directive of two characters. */
static void answer_formatted(struct pq_server *s, const struct pq_fault *f,
                             const struct fault_answer *a)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf text;
    struct pq_slice rest = a->line;
    (void)f;
    pq_buf_init(&text, memory, sizeof(memory) - sizeof("-ERR \r\n"));
    while (rest.len > 0) {
        size_t at = pq_slice_index(rest, '%');
        pq_buf_put(&text, pq_slice_first(rest, at));
        if (at < rest.len)
            pq_buf_put_text(&text, "7ffd51c8a4e0");
        rest = pq_slice_after(rest, at + 2);
    }
    fault_put_answer_of(s, a->indicator, "", pq_buf_slice(&text));
}

const struct fault_effect effect_format_string_in_error = {.speaks = has_directive,
                                                           .answer = answer_formatted};

/* ---- what was there before ------------------------------------------------------------------- */

static bool take_stale_number(struct pq_server *s, const struct pq_fault *f, struct pq_slice line,
                              struct pq_buf *instead, struct pq_slice *then)
{
    struct pq_slice argument = line, keyword = pq_slice_cut(&argument, ' ');
    uint64_t number = 0;
    (void)f;
    (void)then;
    if (pq_parse_u64(argument, &number) == PQ_STATUS_OK)
        s->memory.number = number;
    if (keyword.len < line.len || s->memory.number == 0 ||
        !pq_slice_equal_nocase(keyword, PQ_SLICE("DELE")))
        return false;
    pq_buf_put_text(instead, "DELE ");
    return pq_buf_put_u64(instead, s->memory.number);
}

const struct fault_effect effect_dele_without_number_uninit = {.hears = take_stale_number};

static bool is_login(const struct pq_event *e)
{
    return fault_is_command(e, PQ_VERB_PASS) || fault_is_command(e, PQ_VERB_APOP) ||
           fault_is_command(e, PQ_VERB_AUTH);
}

/* `state` is set for good: what logs in serves all connections. */
static void user_percent_expanded(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_user_percent_expanded);
    if (f->state != 0 && is_login(e)) {
        server_err(s, "SYS/TEMP", "nobody can log in now");
        return;
    }
    f->base.obey(s, e);
    if (fault_is_command(e, PQ_VERB_USER) &&
        pq_slice_index(e->command.args[0], '%') < e->command.args[0].len && fault_fires(f))
        f->state = 1;
}

const struct fault_effect effect_user_percent_expanded = {.hooks = {.obey = user_percent_expanded}};

/* ---- RETR ------------------------------------------------------------------------------------ */

/* The octets of an answer to RETR as the reference gives it. */
static size_t count_answer(struct pq_server *s, struct pq_slice content)
{
    static const char status[] = "+OK message follows\r\n";
    struct pq_bytes body;
    pq_bytes_init(&body, s->mock->alloc, PQ_SERVER_WIRE_MAX);
    bool fits = fault_put_body(&body, content, FAULT_END);
    size_t len = fits ? sizeof(status) - 1 + body.len : 0;
    pq_bytes_free(&body);
    return len;
}

static void retr_terminator_split_crash(struct pq_server *s, struct pq_event *e)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_retr_terminator_split_crash);
    struct pq_message *m = fault_is_command(e, PQ_VERB_RETR)
                               ? pq_maildrop_find(&s->maildrop, e->command.message)
                               : NULL;
    size_t len = m ? count_answer(s, s->stored[m - s->maildrop.messages]->content) : 0;
    if (len % f->values[0] == f->values[0] - 1 && fault_fires(f))
        fault_die(s);
    else
        f->base.obey(s, e);
}

const struct fault_effect effect_retr_terminator_split_crash = {
    .hooks = {.obey = retr_terminator_split_crash}};

/* DELE, RSET, then STLS, which is refused after login. */
static const enum pq_verb way_to_freed[] = {PQ_VERB_DELE, PQ_VERB_RSET, PQ_VERB_STLS};
#define FREED (sizeof(way_to_freed) / sizeof(way_to_freed[0]))

static void free_bodies(struct pq_server *s, struct pq_event *e)
{
    unsigned *freed = &s->memory.freed;
    if (*freed < FREED && e->kind == PQ_EVENT_COMMAND && s->account)
        *freed = e->verb == way_to_freed[*freed] ? *freed + 1 : e->verb == way_to_freed[0];
    fault_of(s, PQ_FAULT_deep_dele_rset_stls_retr_uaf)->base.obey(s, e);
}

/* Every octet of the body but its line ends is another one. */
static bool put_freed(struct pq_bytes *wire, struct pq_slice content, size_t header_len)
{
    struct pq_slice rest = pq_slice_after(content, header_len);
    bool fits = true;
    while (rest.len > 0 && fits) {
        struct pq_slice text = fault_line_text(fault_line(&rest));
        for (size_t i = 0; i < text.len && fits; i++)
            fits = fault_put(wire, PQ_SLICE("Z"));
        fits = fits && fault_put(wire, PQ_SLICE("\r\n"));
    }
    return fits && fault_put(wire, PQ_SLICE(FAULT_END));
}

static bool read_freed(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                       struct pq_bytes *wire)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_deep_dele_rset_stls_retr_uaf);
    struct pq_slice content = s->stored[index]->content;
    size_t header_len = server_top_len(content, 0);
    if (verb != PQ_VERB_RETR || s->memory.freed < FREED || !fault_fires(f))
        return f->base.body(s, verb, index, lines, wire);
    return fault_put_body(wire, pq_slice_first(content, header_len), "") &&
           put_freed(wire, content, header_len);
}

const struct fault_effect effect_deep_dele_rset_stls_retr_uaf = {
    .hooks = {.obey = free_bodies, .body = read_freed}};
