/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/referee_input.h"

#include <string.h>

#include "dialogue/escape.h"

enum entry_key { E_CONN, E_DIR, E_MS, E_TLS, E_OCTETS, E_BASE64, E_LEFT_OUT };
static const struct json_key entry_keys[] = {
    [E_CONN] = {.name = "conn", .type = JSON_NUMBER, .required = true},
    [E_DIR] = {.name = "dir", .type = JSON_STRING, .required = true},
    [E_MS] = {.name = "ms", .type = JSON_NUMBER},
    [E_TLS] = {.name = "tls", .type = JSON_BOOL},
    [E_OCTETS] = {.name = "octets", .type = JSON_STRING},
    [E_BASE64] = {.name = "base64", .type = JSON_STRING},
    [E_LEFT_OUT] = {.name = "left_out", .type = JSON_NUMBER},
};
static const struct json_schema entry_schema = JSON_SCHEMA("entry", entry_keys);

struct entry {
    uint64_t conn, ms;
    char dir; /* C, S or * */
    bool tls, cut;
    struct pq_slice octets; /* decoded; of an event its words */
};

/* ---- reading --------------------------------------------------------------------------------- */

/* Octets as dialogues write them; what need not be escaped may be. */
static bool unescape(struct pq_slice text, struct pq_buf *out)
{
    while (text.len > 0) {
        uint8_t octet = text.at[0];
        if (!pq_escape_read(&text, PQ_ESCAPE_DATA, &octet)) {
            if (octet == '\\')
                return false;
            text = pq_slice_after(text, 1);
        }
        (void)pq_buf_put_octet(out, octet);
    }
    return true;
}

static bool read_octets(const struct json_values *v, struct entry *e, struct pq_buf *out, char *why)
{
    if (!v->at[E_OCTETS] == !v->at[E_BASE64])
        return json_complain(why, "entry", NULL, "needs \"octets\" or \"base64\", and not both");
    bool good = v->at[E_BASE64] ? pq_base64_decode(json_slice(v->at[E_BASE64]), out) == PQ_STATUS_OK
                                : unescape(json_slice(v->at[E_OCTETS]), out);
    e->octets = pq_buf_slice(out);
    return good || json_complain(why, "entry", v->at[E_BASE64] ? "base64" : "octets",
                                 "holds what cannot be decoded");
}

static bool read_entry(const cJSON *o, struct entry *e, struct pq_buf *out, char *why)
{
    static const char *const dirs[] = {"C", "S", "*"};
    struct json_values v;
    if (!cJSON_IsObject(o))
        return json_complain(why, "line", NULL, "is no JSON object");
    if (!json_read(o, &entry_schema, &v, why))
        return false;
    int dir = json_word(v.at[E_DIR], dirs, 3);
    if (dir < 0)
        return json_complain(why, "entry", "dir", "is C, S or *");
    *e = (struct entry){.conn = (uint64_t)v.at[E_CONN]->valuedouble,
                        .ms = v.at[E_MS] ? (uint64_t)v.at[E_MS]->valuedouble : 0,
                        .dir = dirs[dir][0],
                        .tls = v.at[E_TLS] && cJSON_IsTrue(v.at[E_TLS]),
                        .cut = v.at[E_LEFT_OUT] && v.at[E_LEFT_OUT]->valuedouble > 0};
    return read_octets(&v, e, out, why);
}

/* ---- feeding --------------------------------------------------------------------------------- */

uint64_t referee_input_conn(const struct referee_input *in, unsigned place)
{
    return in->places[place].id;
}

/* The place of a connection, or one that is free, or the number of places. */
static unsigned place_of(const struct referee_input *in, uint64_t id)
{
    unsigned free = PQ_REFEREE_CONNS_MAX;
    for (unsigned i = PQ_REFEREE_CONNS_MAX; i-- > 0;) {
        if (in->places[i].open && in->places[i].id == id)
            return i;
        free = in->places[i].open ? free : i;
    }
    return free;
}

static void begin(struct referee_input *in, unsigned place, const struct entry *e)
{
    in->places[place].open = true;
    in->places[place].id = e->conn;
    in->places[place].tls = e->tls;
    pq_referee_open(in->referee, place, e->tls ? PQ_TLS_IMPLICIT : PQ_TLS_NONE);
}

static void finish(struct referee_input *in, unsigned place, enum pq_ended by, uint64_t ms)
{
    in->places[place].open = false;
    pq_referee_end(in->referee, place, by, ms);
}

static void feed(struct referee_input *in, unsigned place, const struct entry *e)
{
    enum pq_side from = e->dir == 'C' ? PQ_FROM_CLIENT : PQ_FROM_SERVER;
    if (!in->places[place].open)
        begin(in, place, e);
    if (e->tls && !in->places[place].tls)
        pq_referee_on_tls(in->referee, place, true);
    in->places[place].tls = e->tls;
    pq_referee_feed(in->referee, place, from, e->octets, e->ms);
    if (e->cut) /* what follows cannot be told apart */
        pq_referee_set_blind(in->referee, place);
}

/* Events of the player and of the mock, by how their words begin. */
static void happen(struct referee_input *in, unsigned place, const struct entry *e)
{
    static const char *const ends[] = {"closed", "reset here", "peer: "};
    bool is_open = in->places[place].open;
    if (pq_slice_starts(e->octets, PQ_SLICE("connected"))) {
        if (is_open)
            finish(in, place, PQ_ENDED_UNKNOWN, e->ms);
        struct entry first = *e;
        first.tls |= pq_slice_starts(e->octets, PQ_SLICE("connected, TLS first"));
        begin(in, place, &first);
    } else if (pq_slice_equal(e->octets, PQ_SLICE("mail changed"))) {
        pq_referee_on_mail_changed(in->referee);
    } else if (pq_slice_equal(e->octets, PQ_SLICE("mail delivered"))) {
        pq_referee_on_delivery(in->referee);
    } else if (is_open && pq_slice_equal(e->octets, PQ_SLICE("silence"))) {
        pq_referee_on_silence(in->referee, place, e->ms);
    }
    for (size_t i = 0; is_open && i < sizeof(ends) / sizeof(ends[0]); i++)
        if (pq_slice_starts(e->octets, pq_slice_text(ends[i])))
            finish(in, place, i == 2 ? PQ_ENDED_BY_SERVER : PQ_ENDED_BY_CLIENT, e->ms);
}

bool referee_input_line(struct referee_input *in, struct pq_slice line)
{
    struct pq_alloc alloc = pq_alloc_default();
    uint8_t *memory = line.len <= REFEREE_LINE_MAX ? alloc.resize(alloc.ctx, NULL, line.len) : NULL;
    if (!memory)
        return json_complain(in->why, "line", NULL, "is empty, too long, or memory is short");
    cJSON *tree = cJSON_ParseWithLength((const char *)line.at, line.len);
    struct pq_buf out;
    struct entry e = {.conn = 0};
    pq_buf_init(&out, memory, line.len);
    bool good = read_entry(tree, &e, &out, in->why);
    unsigned place = good ? place_of(in, e.conn) : 0;
    if (place == PQ_REFEREE_CONNS_MAX)
        good = json_complain(in->why, "entry", "conn", "is one connection too many at once");
    if (good && e.dir == '*')
        happen(in, place, &e);
    else if (good)
        feed(in, place, &e);
    cJSON_Delete(tree);
    alloc.resize(alloc.ctx, memory, 0);
    return good;
}
