/* SPDX-License-Identifier: Apache-2.0
 * The maildrop from session to session. Messages may always appear; what must not happen is that
 * one goes, stays, or changes against what the sessions said. Whenever a removal may be under way
 * that the transcript does not settle, the maildrop is in doubt and nothing is found. */
#include "referee/referee_internal.h"

#include <string.h>

enum fate { MAYBE, HERE, GONE };

struct known {
    uint64_t body_hash;
    uint32_t session; /* the last one that listed it */
    uint8_t uid_len;  /* zero: the slot is empty */
    uint8_t uid[PQ_UID_MAX];
    uint8_t fate; /* enum fate */
    bool has_body;
    bool twice; /* two messages have it: which of them is gone cannot be told */
    bool aborted, reset;
};

struct referee_drop {
    bool named;
    uint8_t name[REF_NAME_MAX];
    size_t name_len;
    bool loose;       /* an unanswered QUIT may still take effect */
    bool keeps;       /* the server said EXPIRE NEVER */
    bool count_known; /* at least `count` messages are there */
    bool aborted, reset;
    uint64_t count;
    uint32_t session;
    struct known *slots; /* a hash table with open addressing, a power of two long */
    size_t room, used;
};

static struct referee_drop *drop_of(struct pq_referee *r)
{
    if (!r->drop) {
        r->drop = ref_resize(r, NULL, 0, sizeof(*r->drop));
        if (r->drop)
            *r->drop = (struct referee_drop){.named = false};
    }
    return r->drop;
}

void ref_drop_free(struct pq_referee *r)
{
    if (!r->drop)
        return;
    (void)ref_resize(r, r->drop->slots, r->drop->room * sizeof(*r->drop->slots), 0);
    r->drop = ref_resize(r, r->drop, sizeof(*r->drop), 0);
}

/* ---- unique-ids ------------------------------------------------------------------------------ */

/* The slot of `uid`, or the empty one where it belongs; NULL without a table. */
static struct known *slot_of(const struct referee_drop *d, struct pq_slice uid)
{
    if (d->room == 0)
        return NULL;
    size_t i = (size_t)pq_slice_hash(uid) & (d->room - 1);
    while (d->slots[i].uid_len > 0 &&
           !pq_slice_equal(pq_slice_of(d->slots[i].uid, d->slots[i].uid_len), uid))
        i = (i + 1) & (d->room - 1);
    return &d->slots[i];
}

static bool grow(struct pq_referee *r)
{
    struct referee_drop *d = r->drop;
    struct referee_drop old = *d;
    size_t room = old.room ? 2 * old.room : 64;
    struct known *slots = ref_resize(r, NULL, 0, room * sizeof(*slots));
    if (!slots)
        return false;
    memset(slots, 0, room * sizeof(*slots));
    d->slots = slots;
    d->room = room;
    for (size_t i = 0; i < old.room; i++)
        if (old.slots[i].uid_len > 0)
            *slot_of(d, pq_slice_of(old.slots[i].uid, old.slots[i].uid_len)) = old.slots[i];
    (void)ref_resize(r, old.slots, old.room * sizeof(*slots), 0);
    return true;
}

static struct known *find(const struct referee_drop *d, struct pq_slice uid)
{
    struct known *k = d && uid.len > 0 ? slot_of(d, uid) : NULL;
    return k && k->uid_len > 0 ? k : NULL;
}

static struct known *find_or_add(struct pq_referee *r, struct pq_slice uid)
{
    struct referee_drop *d = r->drop;
    struct known *k = find(d, uid);
    if (k || uid.len == 0 || d->used >= 4 * (size_t)REF_DROP_MAX)
        return k;
    if (2 * (d->used + 1) > d->room && !grow(r))
        return NULL;
    k = slot_of(d, uid);
    *k = (struct known){.uid_len = (uint8_t)uid.len};
    memcpy(k->uid, uid.at, uid.len);
    d->used++;
    return k;
}

static struct pq_slice uid_of(const struct ref_message *m)
{
    return pq_slice_of(m->uid, m->uid_len);
}

/* ---- doubt ----------------------------------------------------------------------------------- */

static void doubt_fates(struct referee_drop *d)
{
    for (size_t i = 0; i < d->room; i++)
        d->slots[i].fate = MAYBE;
}

static void doubt(struct referee_drop *d)
{
    d->count_known = d->aborted = d->reset = false;
    doubt_fates(d);
}

/* Messages went away under the sessions that are open. */
static void disturb(const struct referee_conn *by)
{
    struct pq_referee *r = by->referee;
    for (size_t i = 0; i < PQ_REFEREE_CONNS_MAX; i++)
        if (r->conns[i] && r->conns[i] != by)
            r->conns[i]->view.unsure = true;
}

/* What the session does cannot be told. */
static bool is_dark(const struct referee_conn *c)
{
    return c->blind || c->facts.shifted;
}

/* Whether another session may be removing messages just now: where memory was short, perhaps one
 * that nobody watches. */
static bool is_busy(const struct referee_conn *c)
{
    if (c->referee->blind)
        return true;
    for (size_t i = 0; i < PQ_REFEREE_CONNS_MAX; i++) {
        const struct referee_conn *other = c->referee->conns[i];
        if (other && other != c && other->open && (is_dark(other) || ref_may_quit(other)))
            return true;
    }
    return c->referee->drop && c->referee->drop->loose;
}

void pq_referee_on_delivery(struct pq_referee *r)
{
    struct referee_drop *d = r->drop;
    for (size_t i = 0; d && i < d->room; i++)
        if (d->slots[i].fate == GONE)
            d->slots[i].fate = MAYBE;
}

void ref_drop_forget(struct pq_referee *r)
{
    if (r->drop) {
        doubt(r->drop);
        r->drop->loose = false;
    }
    for (size_t i = 0; i < PQ_REFEREE_CONNS_MAX; i++)
        if (r->conns[i])
            r->conns[i]->view.unsure = true;
}

/* ---- a session begins ------------------------------------------------------------------------ */

void ref_drop_name(struct pq_referee *r, struct pq_slice name)
{
    struct referee_drop *d = drop_of(r);
    if (!d || name.len > sizeof(d->name))
        return;
    d->named = true;
    d->name_len = name.len;
    if (name.len > 0)
        memcpy(d->name, name.at, name.len);
}

void ref_drop_login(struct referee_conn *c)
{
    struct referee_drop *d = drop_of(c->referee);
    struct pq_slice name = pq_slice_of(c->facts.name, c->facts.name_len);
    if (!d)
        return;
    if (!d->named && name.len > 0)
        ref_drop_name(c->referee, name);
    c->of_drop = name.len > 0 && pq_slice_equal(name, pq_slice_of(d->name, d->name_len));
    d->session++;
    c->view.unsure |= is_busy(c);
}

void ref_drop_keeps(struct referee_conn *c)
{
    struct referee_drop *d = drop_of(c->referee);
    if (d)
        d->keeps = true;
}

/* ---- a session ends -------------------------------------------------------------------------- */

/* What a site may do without a word: remove what was fetched, at QUIT (RFC 1939 section 8). */
static bool may_expire(const struct referee_drop *d, const struct ref_message *m)
{
    return m->retrieved && !d->keeps;
}

static void learn_message(struct referee_conn *c, const struct ref_message *m)
{
    struct referee_drop *d = c->referee->drop;
    bool quit = c->facts.quit;
    struct known *k = find_or_add(c->referee, uid_of(m));
    if (!k)
        return;
    k->twice |= k->session == d->session;
    k->session = d->session;
    k->fate = m->deleted && quit ? GONE : HERE;
    if (k->twice || (quit && may_expire(d, m) && !m->deleted))
        k->fate = MAYBE;
    k->aborted = m->deleted && !quit;
    k->reset = m->reset;
    if (m->has_content && !k->has_body) {
        k->has_body = true;
        k->body_hash = m->body_hash;
    }
}

/* Messages that QUIT removed, or may have removed; `*nameless` is set when the unique-id of one is
 * not known. */
static uint64_t count_removed(const struct referee_conn *c, bool *nameless)
{
    uint64_t removed = 0;
    for (size_t i = 0; i < c->view.room && c->facts.quit; i++) {
        const struct ref_message *m = &c->view.messages[i];
        if (!m->deleted && !may_expire(c->referee->drop, m))
            continue;
        removed++;
        *nameless |= m->uid_len == 0;
    }
    return removed;
}

static void learn(struct referee_conn *c)
{
    struct referee_drop *d = c->referee->drop;
    const struct ref_view *v = &c->view;
    bool nameless = false;
    uint64_t fewer = count_removed(c, &nameless);
    d->session++;
    if (nameless)
        doubt_fates(d);
    for (size_t i = 0; i < v->room; i++)
        learn_message(c, &v->messages[i]);
    uint64_t count = v->count_known ? v->count : d->count;
    d->count_known = d->count_known || v->count_known;
    d->count = count > fewer ? count - fewer : 0;
    /* A session that saw nothing of the maildrop leaves what was known of it. */
    d->aborted = (d->aborted && !v->count_known) || (v->marked > 0 && !c->facts.quit);
    d->reset = (d->reset && !v->count_known) || v->was_reset;
}

void ref_drop_end(struct referee_conn *c)
{
    struct referee_drop *d = c->referee->drop;
    const struct ref_facts *f = &c->facts;
    bool open_end = !f->quit && (is_dark(c) || ref_may_quit(c));
    if (c->left || !d || (!c->view.known && !is_dark(c)))
        return;
    c->left = true;
    bool unsure = !ref_view_is_sure(c) || f->quit_failed || open_end;
    bool removes = c->view.marked > 0 && f->quit;
    d->loose |= open_end && (c->view.marked > 0 || unsure);
    if (unsure || (!c->of_drop && removes))
        doubt(d);
    else if (c->of_drop)
        learn(c);
    if (removes || unsure)
        disturb(c);
}

/* ---- what a later session shows -------------------------------------------------------------- */

static bool can_compare(const struct referee_conn *c)
{
    const struct ref_view *v = &c->view;
    return c->of_drop && c->referee->drop && ref_view_is_sure(c) && v->marked == 0 &&
           !v->was_reset && !is_busy(c);
}

enum ref_loss ref_drop_count(const struct referee_conn *c, uint64_t count)
{
    const struct referee_drop *d = c->referee->drop;
    if (!can_compare(c) || c->view.compared || !d->count_known || count >= d->count)
        return REF_LOSS_NONE;
    if (d->aborted)
        return REF_LOSS_ABORTED;
    return d->reset ? REF_LOSS_RESET : REF_LOSS_REMOVED;
}

/* Marks what this listing has; returns how many of the messages known before it has, and whether
 * one is there that must be gone. */
static size_t mark_listed(const struct referee_conn *c, bool *remained)
{
    struct referee_drop *d = c->referee->drop;
    size_t same = 0;
    d->session++;
    for (size_t i = 0; i < c->view.room; i++) {
        const struct ref_message *m = &c->view.messages[i];
        struct known *k = m->seen == c->view.serial ? find(d, uid_of(m)) : NULL;
        if (!k)
            continue;
        k->session = d->session;
        same++;
        *remained |= k->fate == GONE;
    }
    return same;
}

static enum ref_loss loss_of(const struct known *k)
{
    if (k->aborted)
        return REF_LOSS_ABORTED;
    return k->reset ? REF_LOSS_RESET : REF_LOSS_REMOVED;
}

enum ref_loss ref_drop_compare(const struct referee_conn *c)
{
    struct referee_drop *d = c->referee->drop;
    const struct ref_view *v = &c->view;
    if (!can_compare(c) || v->uids_listed || (v->count_known && v->listed != v->count))
        return REF_LOSS_NONE;
    bool remained = false;
    size_t here = 0, same = mark_listed(c, &remained);
    enum ref_loss loss = remained ? REF_LOSS_REMAINED : REF_LOSS_NONE;
    for (size_t i = 0; i < d->room; i++) {
        here += d->slots[i].fate == HERE;
        if (d->slots[i].fate == HERE && d->slots[i].session != d->session)
            loss = loss_of(&d->slots[i]);
    }
    bool renamed = same == 0 && here > 1 && v->listed >= here;
    return renamed ? REF_LOSS_RENAMED : loss;
}

bool ref_drop_same_body(const struct referee_conn *c, uint64_t number)
{
    const struct ref_message *m = ref_view_find(c, number);
    const struct referee_drop *d = c->referee->drop;
    if (!m || !d || !c->of_drop || !ref_view_is_sure(c) || c->session.utf8)
        return true;
    const struct known *k = find(d, uid_of(m));
    return !k || k->twice || !k->has_body || k->body_hash == c->view.body.body_hash;
}
