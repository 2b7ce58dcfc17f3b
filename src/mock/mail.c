/* SPDX-License-Identifier: Apache-2.0
 * The commands of TRANSACTION (RFC 1939 sections 5 and 7). */
#include "mock/server_internal.h"

/* Room for "number unique-id" or "number size", with dot and CRLF. */
#define LISTING_MAX 128u
_Static_assert(LISTING_MAX >= PQ_U64_TEXT_MAX + 1 + PQ_UID_MAX + 3, "a line of a list fits");

static const char no_such_message[] = "no such message";

static size_t index_of(const struct pq_server *s, const struct pq_message *m)
{
    return (size_t)(m - s->maildrop.messages);
}

/* The message that a command names; NULL after -ERR was answered. */
static const struct pq_message *find_or_refuse(struct pq_server *s, const struct pq_command *c)
{
    const struct pq_message *m = s->behaviour->find(s, c->verb, c->message);
    if (!m)
        server_err(s, "", no_such_message);
    return m;
}

void server_stat(struct pq_server *s, const struct pq_command *c)
{
    uint8_t memory[64];
    uint64_t count, octets;
    struct pq_buf text;
    (void)c;
    s->behaviour->totals(s, &count, &octets);
    pq_buf_init(&text, memory, sizeof(memory));
    pq_buf_put_u64(&text, count);
    pq_buf_put_octet(&text, ' ');
    pq_buf_put_u64(&text, octets);
    server_ok_text(s, pq_buf_slice(&text));
}

static void begin_list(struct pq_server *s, enum pq_verb verb)
{
    s->job = (struct job){.kind = JOB_LIST, .verb = verb};
    server_ok(s, verb == PQ_VERB_LIST ? "scan listing follows" : "unique-id listing follows");
}

/* "n size" or "n unique-id". */
static void put_listing(struct pq_server *s, enum pq_verb verb, size_t index, struct pq_buf *line)
{
    const struct pq_behaviour *b = s->behaviour;
    pq_buf_put_u64(line, b->number(s, verb, index));
    pq_buf_put_octet(line, ' ');
    b->field(s, verb, index, line);
}

static void list_or_uidl(struct pq_server *s, const struct pq_command *c)
{
    uint8_t memory[LISTING_MAX];
    struct pq_buf line;
    if (c->argc == 0) {
        begin_list(s, c->verb);
        return;
    }
    const struct pq_message *m = find_or_refuse(s, c);
    if (!m)
        return;
    pq_buf_init(&line, memory, sizeof(memory));
    put_listing(s, c->verb, index_of(s, m), &line);
    server_ok_text(s, pq_buf_slice(&line));
}

void server_list(struct pq_server *s, const struct pq_command *c)
{
    list_or_uidl(s, c);
}

void server_uidl(struct pq_server *s, const struct pq_command *c)
{
    list_or_uidl(s, c);
}

size_t server_top_len(struct pq_slice content, uint64_t lines)
{
    struct pq_slice rest = content;
    bool in_body = false;
    while (rest.len > 0 && (!in_body || lines > 0)) {
        size_t lf = pq_slice_index(rest, '\n');
        bool blank = lf == 1 && rest.at[0] == '\r';
        rest = pq_slice_after(rest, lf + 1);
        if (in_body && lines != UINT64_MAX)
            lines--;
        in_body = in_body || blank;
    }
    return content.len - rest.len;
}

/* RETR and TOP: begins the content of a message, all of it or its top. */
static void begin_content(struct pq_server *s, const struct pq_command *c, uint64_t lines)
{
    const struct pq_behaviour *b = s->behaviour;
    const struct pq_message *m = find_or_refuse(s, c);
    if (!m)
        return;
    size_t index = index_of(s, m);
    if (!b->may_send(s, index)) {
        server_err(s, "UTF8", "the message has UTF-8 headers: UTF8 is needed");
        return;
    }
    pq_bytes_clear(&s->wire);
    lines = b->top_lines(s, index, lines);
    struct pq_slice content = s->stored[index]->content;
    s->job = (struct job){.kind = JOB_CONTENT, .verb = c->verb, .rest = content};
    if (c->verb == PQ_VERB_TOP)
        s->job.rest = pq_slice_first(content, server_top_len(content, lines));
    if (b->body(s, c->verb, index, lines, &s->wire)) {
        s->job.kind = JOB_WIRE;
        s->job.rest = pq_bytes_slice(&s->wire);
    }
    server_ok(s, c->verb == PQ_VERB_TOP ? "top of message follows" : "message follows");
}

void server_retr(struct pq_server *s, const struct pq_command *c)
{
    begin_content(s, c, UINT64_MAX);
}

void server_top(struct pq_server *s, const struct pq_command *c)
{
    begin_content(s, c, c->lines);
}

void server_dele(struct pq_server *s, const struct pq_command *c)
{
    if (s->behaviour->mark(s, c->message))
        server_ok(s, "message marked as deleted");
    else
        server_err(s, "", no_such_message);
}

void server_noop(struct pq_server *s, const struct pq_command *c)
{
    (void)c;
    server_ok(s, "");
}

void server_rset(struct pq_server *s, const struct pq_command *c)
{
    (void)c;
    s->behaviour->reset(s);
    server_ok(s, "no message is marked");
}

/* One line of LIST or UIDL; false, and nothing asked of the behaviour, when it does not fit. */
static bool write_listing(struct pq_server *s)
{
    uint8_t memory[LISTING_MAX];
    struct pq_buf line;
    if (pq_buf_room(&s->out) < sizeof(memory))
        return false;
    pq_buf_init(&line, memory, sizeof(memory));
    put_listing(s, s->job.verb, s->job.index, &line);
    return pq_conn_listing(&s->conn, pq_buf_slice(&line)) == PQ_STATUS_OK;
}

bool server_run_list(struct pq_server *s)
{
    struct job *job = &s->job;
    for (; job->index < s->maildrop.count; job->index++, job->begun = false) {
        if (!job->begun)
            job->times = s->behaviour->times(s, job->verb, job->index);
        job->begun = true;
        for (; job->times > 0; job->times--)
            if (!write_listing(s))
                return false;
    }
    return true;
}
