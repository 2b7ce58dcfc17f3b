/* SPDX-License-Identifier: Apache-2.0
 * Faults of counting in unique-ids: one for one message, for ever (RFC 1939 section 7). */
#include "mock/fault_internal.h"
#include "mock/server_internal.h"

#include <string.h>

/* ---- over sessions --------------------------------------------------------------------------- */

#define MARK_LEN 8u

/* Makes another unique-id of `*uid`, one for each `mark`; letters that are no hexadecimal digits
 * keep it apart from all others. */
static void change(struct pq_buf *uid, uint64_t mark)
{
    for (size_t i = 0; i < MARK_LEN && i < uid->len; i++)
        uid->at[i] = (uint8_t)('g' + (mark >> (4 * i) & 15));
}

static void change_by_session(struct pq_server *s, struct pq_fault *f, size_t index,
                              struct pq_buf *uid)
{
    (void)f;
    (void)index;
    change(uid, s->serial);
}

const struct fault_effect effect_uidl_changes_per_session = {.uid = change_by_session};

static void count_drops(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_uidl_changes_after_drop);
    f->base.dropped(s);
    f->state++;
}

static void change_by_drops(struct pq_server *s, struct pq_fault *f, size_t index,
                            struct pq_buf *uid)
{
    (void)s;
    (void)index;
    if (f->state > 0)
        change(uid, f->state);
}

const struct fault_effect effect_uidl_changes_after_drop = {.hooks = {.dropped = count_drops},
                                                            .uid = change_by_drops};

enum { SENT = 1, SENT_AND_SAVED = 2 };

static struct pq_message *note_sent(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_uidl_changes_after_retr);
    struct pq_message *m = f->base.find(s, verb, number);
    struct pq_stored *stored = m ? s->stored[m - s->maildrop.messages] : NULL;
    if (verb == PQ_VERB_RETR && stored && stored->seen == 0)
        stored->seen = SENT;
    return m;
}

static bool save_sent(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_uidl_changes_after_retr);
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (s->stored[i]->seen == SENT)
            s->stored[i]->seen = SENT_AND_SAVED;
    return f->base.update(s);
}

static void change_sent(struct pq_server *s, struct pq_fault *f, size_t index, struct pq_buf *uid)
{
    (void)f;
    if (s->stored[index]->seen == SENT_AND_SAVED)
        change(uid, SENT_AND_SAVED);
}

const struct fault_effect effect_uidl_changes_after_retr = {
    .hooks = {.find = note_sent, .update = save_sent}, .uid = change_sent};

/* The last message of `a` that was removed and whose unique-id nobody took over, or NULL. */
static const struct pq_stored *find_freed(const struct pq_account *a, size_t before)
{
    for (size_t i = before; i-- > 0;) {
        const struct pq_stored *gone = a->messages[i];
        bool taken = !gone->gone;
        for (size_t k = 0; !taken && k < a->count; k++)
            taken = k != i && memcmp(a->messages[k]->uid, gone->uid, PQ_STORE_UID_LEN) == 0;
        if (!taken)
            return gone;
    }
    return NULL;
}

/* Whether the message has a unique-id that belonged to a removed one. */
static bool has_freed(const struct pq_account *a, const struct pq_stored *m)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->messages[i]->gone && memcmp(a->messages[i]->uid, m->uid, PQ_STORE_UID_LEN) == 0)
            return true;
    return false;
}

static void hand_on_freed(struct pq_server *s)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_uidl_reuses_id);
    const struct pq_account *a = s->account;
    for (size_t i = 0; i < a->count; i++) {
        struct pq_stored *m = a->messages[i];
        const struct pq_stored *gone = m->delivered && !m->gone ? find_freed(a, i) : NULL;
        if (gone && !has_freed(a, m) && fault_fires(f))
            memcpy(m->uid, gone->uid, PQ_STORE_UID_LEN);
    }
    f->base.opened(s);
}

const struct fault_effect effect_uidl_reuses_id = {.hooks = {.opened = hand_on_freed}};

/* ---- over messages --------------------------------------------------------------------------- */

static void use_size(struct pq_server *s, struct pq_fault *f, size_t index, struct pq_buf *uid)
{
    (void)f;
    pq_buf_clear(uid);
    pq_buf_put_text(uid, "size-");
    pq_buf_put_u64(uid, s->stored[index]->octets);
}

const struct fault_effect effect_uidl_collides_same_size = {.uid = use_size};

/* "UIDL n" gives that of the message behind it, or before the last. */
static void use_neighbour(struct pq_server *s, struct pq_fault *f, size_t index, struct pq_buf *uid)
{
    size_t other = index + 1 < s->maildrop.count ? index + 1 : index - 1;
    (void)f;
    if (s->job.kind == JOB_LIST || s->maildrop.count < 2)
        return;
    pq_buf_clear(uid);
    pq_buf_put(uid, s->maildrop.messages[other].uid);
}

const struct fault_effect effect_uidl_single_differs = {.uid = use_neighbour};

/* The remaining messages, numbered from one. */
static uint64_t number_remaining(struct pq_server *s, enum pq_verb verb, size_t index)
{
    struct pq_fault *f = fault_of(s, PQ_FAULT_uidl_shifts_after_dele);
    uint64_t number = f->base.number(s, verb, index), marked = 0;
    for (size_t i = 0; i < index; i++)
        marked += s->maildrop.messages[i].deleted;
    bool acts = verb == PQ_VERB_UIDL && s->job.kind == JOB_LIST && marked > 0 && fault_fires(f);
    return acts ? number - marked : number;
}

const struct fault_effect effect_uidl_shifts_after_dele = {.hooks = {.number = number_remaining}};

/* ---- octets ---------------------------------------------------------------------------------- */

static void make_longer(struct pq_server *s, struct pq_fault *f, size_t index, struct pq_buf *uid)
{
    (void)s;
    (void)index;
    while (uid->len < f->values[0] && pq_buf_put_octet(uid, 'x'))
        continue;
}

const struct fault_effect effect_uidl_71_chars = {.uid = make_longer};

static void put_odd_octet(struct pq_server *s, struct pq_fault *f, size_t index, struct pq_buf *uid)
{
    (void)s;
    (void)index;
    uid->at[uid->len / 2] = (uint8_t)f->values[0];
}

const struct fault_effect effect_uidl_has_blank_or_8bit = {.uid = put_odd_octet};
