/* SPDX-License-Identifier: Apache-2.0
 * Rules about messages: what RETR and TOP give, and what becomes of them between sessions. */
#include "referee/rules.h"

static bool can_judge(const struct ref_look *l)
{
    return ref_in_transaction(l) && !l->m->ask->strange && ref_view_is_sure(l->c);
}

static const struct ref_message *asked(const struct ref_look *l)
{
    return ref_view_find(l->c, l->m->ask->command.message);
}

/* ---- RETR ------------------------------------------------------------------------------------ */

/* A message that is stored without a final line end may be as long as it is stored; RETR completes
 * it (RFC 1939 section 5). */
static bool may_be_completed(const struct ref_message *m, const struct ref_body *b)
{
    return b->len == m->octets + 2 && b->last[0] != '\n';
}

/* With UTF8, sizes need not be exact (RFC 6856 section 2.1). */
bool rule_size(struct ref_look *l)
{
    const struct ref_message *m = asked(l);
    uint64_t len = l->c->view.body.len;
    return can_judge(l) && !l->c->session.utf8 && m && m->has_octets && m->octets != len &&
           !may_be_completed(m, &l->c->view.body) &&
           ref_say_numbers(l, "octets: LIST said, RETR gave", m->octets, len);
}

bool rule_content_same(struct ref_look *l)
{
    const struct ref_message *m = asked(l);
    const struct ref_body *b = &l->c->view.body;
    return can_judge(l) && m && m->has_content && (m->hash != b->hash || m->len != b->len) &&
           ref_say_numbers(l, "another content: octets before, now", m->len, b->len);
}

bool rule_body_same(struct ref_look *l)
{
    return ref_finds(l, can_judge(l) && !ref_drop_same_body(l->c, l->m->ask->command.message),
                     "another body than in an earlier session, and the same unique-id");
}

/* ---- TOP ------------------------------------------------------------------------------------- */

bool rule_top_lines(struct ref_look *l)
{
    const struct ref_body *b = &l->c->view.body;
    uint64_t lines = l->m->ask->command.lines;
    return can_judge(l) && b->lines > lines &&
           ref_say_numbers(l, "lines of the body: asked, came", lines, b->lines);
}

/* The first octets of RETR and of TOP are the same. */
bool rule_top_prefix(struct ref_look *l)
{
    const struct ref_message *m = asked(l);
    const struct ref_body *b = &l->c->view.body;
    if (!can_judge(l) || !m || !m->kept || b->cut)
        return false;
    size_t len = m->kept_len < b->len ? m->kept_len : (size_t)b->len;
    struct pq_slice before = pq_slice_of(m->kept, len), now = pq_slice_of(b->at, len);
    return ref_finds(l, !pq_slice_equal(before, now), "RETR and TOP do not begin alike");
}

/* With as many lines as the body has, or more, it is the whole message; with fewer, so many. */
bool rule_top_whole(struct ref_look *l)
{
    const struct ref_message *m = asked(l);
    const struct ref_body *b = &l->c->view.body;
    uint64_t lines = l->m->ask->command.lines;
    /* Without a body, the blank line behind the header may be missing in the message. */
    if (!can_judge(l) || !m || !m->has_content || m->lines == 0)
        return false;
    if (lines >= m->lines)
        return b->len != m->len && ref_say_numbers(l, "octets: due, came", m->len, b->len);
    return b->lines < lines &&
           ref_say_numbers(l, "lines of the body: asked, came", lines, b->lines);
}

/* ---- from session to session ----------------------------------------------------------------- */

/* What this moment shows of the sessions before. */
static enum ref_loss loss(const struct ref_look *l)
{
    enum pq_verb verb = l->m->ask->command.verb;
    struct pq_listing s;
    if (!can_judge(l))
        return REF_LOSS_NONE;
    if (verb == PQ_VERB_STAT)
        return ref_is_ok(l) && pq_listing_parse(l->m->reply.text, &s) == PQ_STATUS_OK
                   ? ref_drop_count(l->c, s.first)
                   : REF_LOSS_NONE;
    if (l->m->kind != REF_AT_LIST_END)
        return REF_LOSS_NONE;
    enum ref_loss loss = verb == PQ_VERB_UIDL ? ref_drop_compare(l->c) : REF_LOSS_NONE;
    return loss != REF_LOSS_NONE ? loss : ref_drop_count(l->c, l->c->view.listed);
}

bool rule_mail_lost(struct ref_look *l)
{
    return ref_finds(l, loss(l) == REF_LOSS_REMOVED, "a message is gone that nobody removed");
}

bool rule_mail_aborted(struct ref_look *l)
{
    return ref_finds(l, loss(l) == REF_LOSS_ABORTED,
                     "a message is gone, and the session that marked it ended without QUIT");
}

bool rule_mail_reset(struct ref_look *l)
{
    return ref_finds(l, loss(l) == REF_LOSS_RESET,
                     "a message is gone, and RSET took its mark away before QUIT");
}

bool rule_mail_remained(struct ref_look *l)
{
    return ref_finds(l, loss(l) == REF_LOSS_REMAINED, "a message is there that QUIT removed");
}

bool rule_uids_changed(struct ref_look *l)
{
    return ref_finds(l, loss(l) == REF_LOSS_RENAMED, "every message has another unique-id");
}
