/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/playlog.h"

#include <string.h>

#include "dialogue/escape.h"

/* An octet is four characters at most; a stretch that is masked can be longer than what it hides.
 */
#define TEXT_MAX ((size_t)PQ_PLAYLOG_SHOWN * 4)
/* Octets of one addition in which secrets are looked for: more than the longest that is in use. */
#define SEEN_MAX (1u << 16)

void pq_playlog_init(struct pq_playlog *t, const struct pq_mask *mask, struct pq_alloc alloc)
{
    t->count = 0;
    t->lost = false;
    t->mask = mask;
    t->alloc = alloc;
    for (size_t i = 0; i < sizeof(t->entries) / sizeof(t->entries[0]); i++)
        pq_bytes_init(&t->entries[i].text, alloc, TEXT_MAX);
}

void pq_playlog_free(struct pq_playlog *t)
{
    for (size_t i = 0; i < sizeof(t->entries) / sizeof(t->entries[0]); i++)
        pq_bytes_free(&t->entries[i].text);
}

/* Where the n-th entry that was added is kept. */
static size_t slot_of(size_t n)
{
    if (n < PQ_PLAYLOG_FIRST)
        return n;
    return PQ_PLAYLOG_FIRST + (n - PQ_PLAYLOG_FIRST) % PQ_PLAYLOG_LAST;
}

static struct pq_playlog_entry *next_entry(struct pq_playlog *t, struct pq_playlog_at at)
{
    struct pq_playlog_entry *e = &t->entries[slot_of(t->count++)];
    struct pq_bytes text = e->text;
    pq_bytes_clear(&text);
    *e = (struct pq_playlog_entry){
        .conn = at.conn, .dir = at.dir, .tls = at.tls, .ms = at.ms, .text = text};
    return e;
}

/* Masks and escapes the first octets of `seen` at the end of the entry. */
static enum pq_status put_octets(struct pq_playlog *t, struct pq_playlog_entry *e,
                                 struct pq_slice shown, const bool *hide)
{
    struct pq_bytes masked;
    pq_bytes_init(&masked, t->alloc, TEXT_MAX);
    enum pq_status status = pq_mask_write(shown, hide, &masked);
    if (status == PQ_STATUS_OK)
        status = pq_escape_write(pq_bytes_slice(&masked), PQ_ESCAPE_DATA, false, &e->text);
    pq_bytes_free(&masked);
    return status;
}

/* Appends what may still be shown of `octets` and counts the rest. Secrets are looked for in more
 * than what is shown, so that one is not shown up to where it is cut. */
static void entry_put(struct pq_playlog *t, struct pq_playlog_entry *e, struct pq_slice octets,
                      const bool *by_place)
{
    size_t room = e->shown < PQ_PLAYLOG_SHOWN ? (size_t)(PQ_PLAYLOG_SHOWN - e->shown) : 0;
    struct pq_slice shown = pq_slice_first(octets, room);
    struct pq_slice seen = pq_slice_first(octets, SEEN_MAX);
    bool *hide = shown.len > 0 ? t->alloc.resize(t->alloc.ctx, NULL, seen.len) : NULL;
    if (hide) {
        memset(hide, false, seen.len);
        if (by_place)
            memcpy(hide, by_place, seen.len);
        pq_mask_find(t->mask, seen, hide);
        if (put_octets(t, e, shown, hide) != PQ_STATUS_OK)
            t->lost = true;
        t->alloc.resize(t->alloc.ctx, hide, 0);
    } else if (shown.len > 0) {
        t->lost = true;
    }
    e->shown += shown.len;
    e->left_out += octets.len - shown.len;
}

void pq_playlog_add(struct pq_playlog *t, struct pq_playlog_at at, struct pq_slice octets,
                    const bool *hide)
{
    entry_put(t, next_entry(t, at), octets, hide);
}

void pq_playlog_more(struct pq_playlog *t, struct pq_playlog_at at, struct pq_slice octets)
{
    struct pq_playlog_entry *last = t->count > 0 ? &t->entries[slot_of(t->count - 1)] : NULL;
    if (last && last->conn == at.conn && last->dir == at.dir && last->tls == at.tls)
        entry_put(t, last, octets, NULL);
    else
        pq_playlog_add(t, at, octets, NULL);
}

void pq_playlog_event(struct pq_playlog *t, struct pq_playlog_at at, const char *text)
{
    at.dir = '*';
    entry_put(t, next_entry(t, at), pq_slice_text(text), NULL);
}

size_t pq_playlog_gap(const struct pq_playlog *t, size_t *before)
{
    *before = PQ_PLAYLOG_FIRST;
    size_t kept = PQ_PLAYLOG_FIRST + PQ_PLAYLOG_LAST;
    return t->count > kept ? t->count - kept : 0;
}

const struct pq_playlog_entry *pq_playlog_entry(const struct pq_playlog *t, size_t n)
{
    size_t before = 0;
    size_t gap = pq_playlog_gap(t, &before);
    size_t added = n < before ? n : n + gap;
    return added < t->count ? &t->entries[slot_of(added)] : NULL;
}
