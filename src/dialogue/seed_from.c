/* SPDX-License-Identifier: Apache-2.0
 * Wire cases as dialogues that a person can read. */
#include "dialogue/seed.h"

#include "dialogue/escape.h"

#define RUN_MIN 32u /* so many equal octets in a row are written as repeat() */

struct scribe {
    const struct pq_dlg_from *from;
    struct pq_bytes *out;
    enum pq_status status;
    bool connected[PQ_WIRE_CONN_MAX + 1];
};

/* ---- text ------------------------------------------------------------------------------------ */

static void put(struct scribe *s, struct pq_slice text)
{
    if (s->status == PQ_STATUS_OK)
        s->status = pq_bytes_put(s->out, text);
}

static void put_text(struct scribe *s, const char *text)
{
    put(s, pq_slice_text(text));
}

static void put_number(struct scribe *s, uint64_t number)
{
    uint8_t memory[PQ_U64_TEXT_MAX];
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    pq_buf_put_u64(&b, number);
    put(s, pq_buf_slice(&b));
}

/* The number of a connection where it has to be said. */
static void put_conn(struct scribe *s, uint8_t conn, const char *blank)
{
    if (conn <= 1)
        return;
    put_text(s, blank);
    put_number(s, conn);
}

/* ---- payloads -------------------------------------------------------------------------------- */

/* How often the first octet stands in a row at the front. */
static size_t run_len(struct pq_slice s)
{
    size_t n = 1;
    while (n < s.len && s.at[n] == s.at[0])
        n++;
    return n;
}

/* How many octets stand before the next run that is long enough. */
static size_t plain_len(struct pq_slice s)
{
    size_t i = 0;
    while (i < s.len) {
        size_t run = run_len(pq_slice_after(s, i));
        if (run >= RUN_MIN)
            break;
        i += run;
    }
    return i;
}

static void put_run(struct scribe *s, uint8_t octet, size_t times)
{
    put_text(s, "{= repeat(");
    if (s->status == PQ_STATUS_OK)
        s->status = pq_escape_write_string(pq_slice_of(&octet, 1), false, s->out);
    put_text(s, ", ");
    put_number(s, times);
    put_text(s, ")}");
}

static void put_payload(struct scribe *s, struct pq_slice octets)
{
    put_text(s, octets.len > 0 ? " " : "");
    while (octets.len > 0 && s->status == PQ_STATUS_OK) {
        size_t plain = plain_len(octets);
        if (plain > 0)
            s->status = pq_escape_write(pq_slice_first(octets, plain), PQ_ESCAPE_PAYLOAD,
                                        plain == octets.len, s->out);
        octets = pq_slice_after(octets, plain);
        if (octets.len == 0)
            break;
        size_t run = run_len(octets);
        put_run(s, octets.at[0], run);
        octets = pq_slice_after(octets, run);
    }
    put_text(s, "\n");
}

/* ---- events ---------------------------------------------------------------------------------- */

/* The index behind the first CRLF; zero when there is none. */
static size_t line_end(struct pq_slice s)
{
    for (size_t i = 1; i < s.len; i++)
        if (s.at[i] == '\n' && s.at[i - 1] == '\r')
            return i + 1;
    return 0;
}

static void put_step(struct scribe *s, uint8_t conn, const char *sign, struct pq_slice payload)
{
    put_text(s, s->from->side == PQ_DLG_CLIENT ? "C" : "S");
    put_conn(s, conn, "");
    put_text(s, sign);
    put_payload(s, payload);
}

/* One write: a line, a batch of lines, or octets. */
static void put_write(struct scribe *s, uint8_t conn, struct pq_slice data)
{
    size_t end = line_end(data);
    bool batch = end > 0 && end < data.len;
    put_text(s, batch ? "@batch\n" : "");
    while (data.len > 0 && s->status == PQ_STATUS_OK) {
        end = line_end(data);
        put_text(s, batch ? "  " : "");
        if (end > 0)
            put_step(s, conn, ":", pq_slice_first(data, end - 2));
        else
            put_step(s, conn, "!", data);
        data = pq_slice_after(data, end > 0 ? end : data.len);
    }
    put_text(s, batch ? "@end\n" : "");
}

/* Any line of the other side. */
static void put_wait(struct scribe *s, uint8_t conn)
{
    put_text(s, s->from->side == PQ_DLG_CLIENT ? "S" : "C");
    put_conn(s, conn, "");
    put_text(s, ": {:rest}\n");
}

static void put_directive(struct scribe *s, const char *name, uint8_t conn)
{
    put_text(s, name);
    put_conn(s, conn, " ");
    put_text(s, "\n");
}

/* A client opens a connection before it uses it. */
static void connect(struct scribe *s, uint8_t conn)
{
    if (s->from->side == PQ_DLG_CLIENT && !s->connected[conn])
        put_directive(s, "@connect", conn);
    s->connected[conn] = true;
}

static void put_event(struct scribe *s, const struct pq_wire_event *e)
{
    if (e->conn > 0)
        connect(s, e->conn);
    switch (e->kind) {
    case PQ_WIRE_DATA:
        put_write(s, e->conn, e->data);
        return;
    case PQ_WIRE_WAIT:
        put_wait(s, e->conn);
        return;
    case PQ_WIRE_TLS:
        put_directive(s, "@tls", e->conn);
        return;
    case PQ_WIRE_HALFCLOSE:
        put_directive(s, "@halfclose", e->conn);
        return;
    case PQ_WIRE_RESET:
        put_directive(s, "@drop", e->conn);
        s->connected[e->conn] = false;
        return;
    case PQ_WIRE_SETTLE:
        put_text(s, "@settle 5s\n");
        return;
    case PQ_WIRE_CORRUPT:
        put_directive(s, "@corrupt", e->conn);
        return;
    case PQ_WIRE_SWITCH:
    case PQ_WIRE_BOUNDARY:
        return;
    }
}

static void put_events(struct scribe *s, struct pq_slice in)
{
    struct pq_wire_reader reader;
    struct pq_wire_event event;
    enum pq_next next = PQ_NEXT_EVENT;
    pq_wire_reader_init(&reader, in, s->out->alloc);
    while (s->status == PQ_STATUS_OK &&
           (next = pq_wire_reader_next(&reader, &event)) == PQ_NEXT_EVENT)
        put_event(s, &event);
    if (next == PQ_NEXT_ERROR)
        s->status = PQ_STATUS_NO_MEMORY;
    pq_wire_reader_free(&reader);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void put_header(struct scribe *s)
{
    put_text(s, "#!dlg 1\nid:     ");
    put(s, s->from->id);
    put_text(s, "\nkind:   ");
    put(s, pq_dlg_kinds.at[s->from->kind]);
    put_text(s, s->from->side == PQ_DLG_CLIENT ? "\nroles:  client seed\n---\n[test]\n"
                                               : "\nroles:  server seed\n---\n[test]\n");
}

enum pq_status pq_dlg_from_wire(const struct pq_dlg_from *from, struct pq_slice in,
                                struct pq_bytes *out)
{
    struct scribe s = {.from = from, .out = out};
    const struct pq_wire_event whole = {PQ_WIRE_DATA, 1, in};
    if (in.len > PQ_DLG_FROM_MAX)
        return PQ_STATUS_NO_MEMORY;
    put_header(&s);
    if (!from->raw)
        put_events(&s, in);
    else if (in.len > 0)
        put_event(&s, &whole);
    if (from->kind == PQ_DLG_KIND_CRASH)
        put_text(&s, "@expect no-crash\n");
    return s.status;
}
