/* SPDX-License-Identifier: Apache-2.0 */
#include "referee/view.h"

#include "referee/referee_internal.h"

#include <string.h>

static void free_kept(struct referee_conn *c, struct ref_message *m)
{
    (void)ref_resize(c->referee, m->kept, m->kept_len, 0);
    c->view.kept -= m->kept_len;
    m->kept = NULL;
    m->kept_len = 0;
}

void ref_view_free(struct referee_conn *c)
{
    struct ref_view *v = &c->view;
    for (size_t i = 0; i < v->room; i++)
        free_kept(c, &v->messages[i]);
    (void)ref_resize(c->referee, v->messages, v->room * sizeof(*v->messages), 0);
    (void)ref_resize(c->referee, v->body.at, v->body.room, 0);
    *v = (struct ref_view){.known = false};
}

void ref_view_begin(struct referee_conn *c)
{
    ref_view_free(c);
    c->view.known = true;
}

bool ref_view_is_sure(const struct referee_conn *c)
{
    return c->view.known && !c->view.unsure && !c->blind && !c->facts.state_unsure;
}

struct ref_message *ref_view_find(const struct referee_conn *c, uint64_t n)
{
    const struct ref_view *v = &c->view;
    return n > 0 && n <= v->room ? &v->messages[n - 1] : NULL;
}

size_t ref_view_live(const struct ref_view *v)
{
    return v->count - v->marked;
}

bool ref_view_octets(const struct referee_conn *c, uint64_t *octets)
{
    const struct ref_view *v = &c->view;
    bool all = v->count_known;
    uint64_t live = 0, marked = 0;
    bool marked_known = v->total_known;
    for (size_t i = 0; i < v->count && (all || marked_known); i++) {
        const struct ref_message *m = ref_view_find(c, i + 1);
        bool known = m && m->has_octets;
        bool deleted = m && m->deleted;
        all = all && (known || deleted);
        marked_known = marked_known && (known || !deleted);
        live += known && !deleted ? m->octets : 0;
        marked += known && deleted ? m->octets : 0;
    }
    *octets = all ? live : v->total - marked;
    return all || (marked_known && marked <= v->total);
}

/* The place of message `n`, made when it is new; NULL: too many, and the view is unsure. */
static struct ref_message *make(struct referee_conn *c, uint64_t n)
{
    struct ref_view *v = &c->view;
    if (n == 0)
        return NULL;
    if (n <= v->room)
        return &v->messages[n - 1];
    size_t room = v->room ? 2 * v->room : 16;
    room = room < n && n <= PQ_REFEREE_MESSAGES_MAX ? (size_t)n : room;
    room = room > PQ_REFEREE_MESSAGES_MAX ? PQ_REFEREE_MESSAGES_MAX : room;
    struct ref_message *more = NULL;
    if (n <= room)
        more = ref_resize(c->referee, v->messages, v->room * sizeof(*more), room * sizeof(*more));
    if (!more) {
        v->unsure = c->referee->blind = true;
        return NULL;
    }
    memset(more + v->room, 0, (room - v->room) * sizeof(*more));
    v->messages = more;
    v->room = room;
    return &more[n - 1];
}

/* ---- status lines ---------------------------------------------------------------------------- */

static void learn_count(struct ref_view *v, uint64_t count)
{
    v->count_known = true;
    v->count = (size_t)count;
}

static void see_stat(struct referee_conn *c, struct pq_slice text)
{
    struct ref_view *v = &c->view;
    struct pq_listing l;
    if (pq_listing_parse(text, &l) != PQ_STATUS_OK || l.first > PQ_REFEREE_MESSAGES_MAX)
        return;
    /* Behind a mark, nobody knows yet whether this server counts marked messages. */
    if (!v->count_known && v->marked == 0)
        learn_count(v, l.first);
    if (v->marked == 0 && !v->total_known && l.first == v->count) {
        v->total_known = true;
        v->total = l.octets;
    }
    v->compared = true;
}

static void see_dele(struct referee_conn *c, uint64_t n)
{
    bool exists = !c->view.count_known || n <= c->view.count;
    struct ref_message *m = exists ? make(c, n) : NULL;
    if (!m || m->deleted)
        return;
    m->deleted = true;
    c->view.marked++;
    if (!c->view.count_known && n > c->view.count)
        c->view.count = (size_t)n;
}

static void see_rset(struct referee_conn *c)
{
    struct ref_view *v = &c->view;
    for (size_t i = 0; i < v->room; i++) {
        v->messages[i].reset |= v->messages[i].deleted;
        v->was_reset |= v->messages[i].deleted;
        v->messages[i].deleted = false;
    }
    v->marked = 0;
}

static void see_size(struct referee_conn *c, struct pq_slice text)
{
    struct pq_listing l;
    if (pq_listing_parse(text, &l) != PQ_STATUS_OK)
        return;
    struct ref_message *m = make(c, l.first);
    if (!m || m->has_octets)
        return;
    m->has_octets = true;
    m->octets = l.octets;
}

static void see_uid(struct referee_conn *c, struct pq_slice text)
{
    struct pq_uid_listing l;
    if (pq_uid_listing_parse(text, &l) != PQ_STATUS_OK)
        return;
    struct ref_message *m = make(c, l.number);
    if (!m || m->uid_len)
        return;
    m->uid_len = (uint8_t)l.uid.len;
    memcpy(m->uid, l.uid.at, l.uid.len);
}

void ref_view_status(struct referee_conn *c, const struct pq_command *command, struct pq_slice text)
{
    enum pq_verb verb = command->verb;
    if (verb == PQ_VERB_STAT)
        see_stat(c, text);
    else if (verb == PQ_VERB_DELE)
        see_dele(c, command->message);
    else if (verb == PQ_VERB_RSET)
        see_rset(c);
    else if (verb == PQ_VERB_LIST && command->argc > 0)
        see_size(c, text);
    else if (verb == PQ_VERB_UIDL && command->argc > 0)
        see_uid(c, text);
}

/* ---- listings -------------------------------------------------------------------------------- */

void ref_view_list_begin(struct referee_conn *c)
{
    c->view.serial++;
    c->view.listed = c->view.last_listed = 0;
    c->view.repeated = false;
}

/* The number at the front of a scan listing or of a unique-id listing; zero: none. */
static uint64_t number_of(struct pq_slice line)
{
    uint64_t n = 0;
    return pq_parse_u64(pq_slice_cut(&line, ' '), &n) == PQ_STATUS_OK ? n : 0;
}

void ref_view_line(struct referee_conn *c, enum pq_verb verb, struct pq_slice line)
{
    struct ref_view *v = &c->view;
    uint64_t n = number_of(line);
    struct ref_message *m = make(c, n);
    if (!m)
        return;
    v->repeated |= m->seen == v->serial;
    v->listed += m->seen != v->serial;
    v->last_listed = n > v->last_listed ? n : v->last_listed;
    m->seen = v->serial;
    if (verb == PQ_VERB_LIST)
        see_size(c, line);
    else
        see_uid(c, line);
}

/* The messages that are not marked and that the listing did not have. */
static uint64_t missing(const struct referee_conn *c, size_t count)
{
    uint64_t n = 0;
    for (size_t i = 1; i <= count; i++) {
        const struct ref_message *m = ref_view_find(c, i);
        n += !m || (!m->deleted && m->seen != c->view.serial);
    }
    return n;
}

void ref_view_list_end(struct referee_conn *c, enum pq_verb verb)
{
    struct ref_view *v = &c->view;
    uint64_t count = v->last_listed > v->count ? v->last_listed : v->count;
    if (!v->count_known && count <= v->room && missing(c, (size_t)count) == 0)
        learn_count(v, count);
    if (verb == PQ_VERB_UIDL && v->count_known)
        v->uids_listed = v->uids_listed || (v->marked == 0 && missing(c, v->count) == 0);
    v->compared = true;
}

/* ---- content --------------------------------------------------------------------------------- */

#define HASH_START 14695981039346656037u /* FNV-1a, 64 bits */
#define HASH_PRIME 1099511628211u

void ref_view_body_begin(struct referee_conn *c)
{
    struct ref_body *b = &c->view.body;
    *b = (struct ref_body){
        .at = b->at, .room = b->room, .hash = HASH_START, .body_hash = HASH_START};
}

static void body_octet(struct ref_body *b, uint8_t octet)
{
    b->hash = (b->hash ^ octet) * HASH_PRIME;
    b->len++;
    if (octet == '\n') {
        b->first_lf_bare |= !b->seen_lf && b->last[2] != '\r';
        b->first_lf = b->seen_lf ? b->first_lf : b->len - 1;
        b->seen_lf = true;
    }
    if (b->header_len > 0) {
        b->body_hash = (b->body_hash ^ octet) * HASH_PRIME;
        b->lines += octet == '\n' && b->last[2] == '\r';
    } else if (octet == '\n' && b->last[2] == '\r' &&
               ((b->last[1] == '\n' && b->last[0] == '\r') || b->len == 2)) {
        b->header_len = b->len;
    }
    b->last[0] = b->last[1];
    b->last[1] = b->last[2];
    b->last[2] = octet;
}

static bool body_reserve(struct referee_conn *c, size_t size)
{
    struct ref_body *b = &c->view.body;
    if (size <= b->room)
        return true;
    if (size > PQ_REFEREE_CONTENT_MAX)
        return false;
    size_t room = b->room ? b->room : 4096;
    while (room < size)
        room *= 2;
    uint8_t *at = ref_resize(c->referee, b->at, b->room, room);
    if (!at)
        return false;
    b->at = at;
    b->room = room;
    return true;
}

void ref_view_body_piece(struct referee_conn *c, struct pq_slice piece)
{
    struct ref_body *b = &c->view.body;
    b->cut = b->cut || b->len + piece.len > PQ_REFEREE_CONTENT_MAX ||
             !body_reserve(c, (size_t)b->len + piece.len);
    if (piece.len > 0 && !b->cut)
        memcpy(b->at + b->len, piece.at, piece.len);
    for (size_t i = 0; i < piece.len; i++)
        body_octet(b, piece.at[i]);
}

/* Keeps what was read for comparison, in place of less. */
static void keep(struct referee_conn *c, struct ref_message *m)
{
    const struct ref_body *b = &c->view.body;
    if (b->cut || b->len <= m->kept_len ||
        c->view.kept - m->kept_len + b->len > PQ_REFEREE_CONTENT_MAX)
        return;
    free_kept(c, m);
    m->kept = ref_resize(c->referee, NULL, 0, (size_t)b->len);
    if (!m->kept)
        return;
    m->kept_len = (uint32_t)b->len;
    c->view.kept += m->kept_len;
    memcpy(m->kept, b->at, m->kept_len);
}

void ref_view_body_end(struct referee_conn *c, const struct pq_command *command)
{
    const struct ref_body *b = &c->view.body;
    struct ref_message *m = make(c, command->message);
    if (!m)
        return;
    m->retrieved |= command->verb == PQ_VERB_RETR;
    if (m->has_content)
        return;
    keep(c, m);
    if (command->verb != PQ_VERB_RETR)
        return;
    m->has_content = true;
    m->len = b->len;
    m->hash = b->hash;
    m->body_hash = b->body_hash;
    m->lines = b->lines > UINT32_MAX ? UINT32_MAX : (uint32_t)b->lines;
}
