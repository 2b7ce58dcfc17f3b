/* SPDX-License-Identifier: Apache-2.0
 * Rules about numbers: with N messages at the login and D of them marked, every answer shows N
 * without D, and shows it the same way. */
#include "referee/rules.h"

/* ---- what the answer is of ------------------------------------------------------------------- */

static bool can_judge(const struct ref_look *l)
{
    return ref_in_transaction(l) && !l->m->ask->strange && ref_view_is_sure(l->c);
}

static bool judged_ok(const struct ref_look *l)
{
    return ref_is_ok(l) && can_judge(l);
}

/* A single-line answer to LIST or UIDL with an argument. */
static bool one_ok(const struct ref_look *l)
{
    return ref_is_ok(l) && ref_in_transaction(l) && l->m->ask->command.argc > 0;
}

static const struct ref_message *asked(const struct ref_look *l)
{
    return ref_view_find(l->c, l->m->ask->command.message);
}

static bool is_listing(const struct ref_look *l)
{
    return ref_in_transaction(l) && !l->m->ask->strange;
}

/* The number at the front of the line; false: there is none. */
static bool number_of(const struct ref_look *l, uint64_t *n)
{
    struct pq_slice rest = l->m->line;
    return pq_parse_u64(pq_slice_cut(&rest, ' '), n) == PQ_STATUS_OK;
}

/* ---- commands that must fail ----------------------------------------------------------------- */

bool rule_marked(struct ref_look *l)
{
    if (!one_ok(l) || !can_judge(l))
        return false;
    const struct ref_message *m = asked(l);
    return ref_finds(l, m && m->deleted, "the message is marked as deleted");
}

bool rule_absent(struct ref_look *l)
{
    const struct ref_view *v = &l->c->view;
    if (!one_ok(l) || !can_judge(l))
        return false;
    uint64_t n = l->m->ask->command.message;
    if (n == 0 || n == UINT64_MAX)
        return ref_say(l, "no message can have that number");
    return v->count_known && n > v->count &&
           ref_say_numbers(l, "the number is too high: messages, number", v->count, n);
}

bool rule_retr_refused(struct ref_look *l)
{
    const struct ref_view *v = &l->c->view;
    if (!ref_is_err(l) || !can_judge(l) || !v->count_known || l->m->reply.code.len > 0)
        return false;
    uint64_t n = l->m->ask->command.message;
    const struct ref_message *m = asked(l);
    return ref_finds(l, l->m->ask->command.argc > 0 && n > 0 && n <= v->count && !(m && m->deleted),
                     "the message is there and not marked, and was refused");
}

/* ---- STAT ------------------------------------------------------------------------------------ */

bool rule_stat_form(struct ref_look *l)
{
    struct pq_listing s;
    return ref_finds(l,
                     ref_is_ok(l) && ref_in_transaction(l) &&
                         pq_listing_parse(l->m->reply.text, &s) != PQ_STATUS_OK,
                     "due is \"+OK\" and two numbers");
}

bool rule_stat_extra(struct ref_look *l)
{
    struct pq_listing s;
    return ref_finds(l,
                     ref_is_ok(l) && ref_in_transaction(l) &&
                         pq_listing_parse(l->m->reply.text, &s) == PQ_STATUS_OK && s.extra.len > 0,
                     "something follows the numbers");
}

/* Whether STAT counts otherwise than it must; says both. */
static bool counts_wrong(struct ref_look *l)
{
    struct pq_listing s;
    const struct ref_view *v = &l->c->view;
    return judged_ok(l) && v->count_known &&
           pq_listing_parse(l->m->reply.text, &s) == PQ_STATUS_OK && s.first != ref_view_live(v) &&
           ref_say_numbers(l, "messages: due, said", ref_view_live(v), s.first);
}

bool rule_stat_marked(struct ref_look *l)
{
    return l->c->view.marked > 0 && counts_wrong(l);
}

bool rule_stat_reset(struct ref_look *l)
{
    return l->c->view.marked == 0 && l->c->view.was_reset && counts_wrong(l);
}

bool rule_stat_count(struct ref_look *l)
{
    return l->c->view.marked == 0 && !l->c->view.was_reset && counts_wrong(l);
}

bool rule_stat_octets(struct ref_look *l)
{
    struct pq_listing s;
    uint64_t due;
    return judged_ok(l) && !l->c->session.utf8 &&
           pq_listing_parse(l->m->reply.text, &s) == PQ_STATUS_OK && l->c->view.count_known &&
           s.first == ref_view_live(&l->c->view) && ref_view_octets(l->c, &due) &&
           s.octets != due && ref_say_numbers(l, "octets: due, said", due, s.octets);
}

/* ---- LIST n and UIDL n ----------------------------------------------------------------------- */

bool rule_list_one_form(struct ref_look *l)
{
    struct pq_listing s;
    if (!one_ok(l))
        return false;
    if (pq_listing_parse(l->m->reply.text, &s) != PQ_STATUS_OK)
        return ref_say(l, "due is \"+OK\", the number of the message and its octets");
    return s.first != l->m->ask->command.message &&
           ref_say_numbers(l, "message: asked, answered", l->m->ask->command.message, s.first);
}

bool rule_list_one_extra(struct ref_look *l)
{
    struct pq_listing s;
    return ref_finds(
        l, one_ok(l) && pq_listing_parse(l->m->reply.text, &s) == PQ_STATUS_OK && s.extra.len > 0,
        "something follows the numbers");
}

/* Whether the size differs from what LIST said before. That of a marked message is nobody's
 * business any more. */
static bool size_differs(struct ref_look *l, struct pq_slice text)
{
    struct pq_listing s;
    if (pq_listing_parse(text, &s) != PQ_STATUS_OK)
        return false;
    const struct ref_message *m = ref_view_find(l->c, s.first);
    return m && m->has_octets && !m->deleted && m->octets != s.octets &&
           ref_say_numbers(l, "octets: before, now", m->octets, s.octets);
}

bool rule_list_one_size(struct ref_look *l)
{
    return one_ok(l) && can_judge(l) && size_differs(l, l->m->reply.text);
}

/* Whether the unique-id differs from what UIDL said before. */
static bool uid_differs(struct ref_look *l, struct pq_slice text)
{
    struct pq_uid_listing u;
    if (pq_uid_listing_parse(text, &u) != PQ_STATUS_OK)
        return false;
    const struct ref_message *m = ref_view_find(l->c, u.number);
    return m && m->uid_len > 0 && !pq_slice_equal(u.uid, pq_slice_of(m->uid, m->uid_len)) &&
           ref_say_numbers(l, "another unique-id was given before for message", u.number, u.number);
}

bool rule_uidl_one_form(struct ref_look *l)
{
    struct pq_uid_listing u;
    if (!one_ok(l))
        return false;
    if (pq_uid_listing_parse(l->m->reply.text, &u) != PQ_STATUS_OK)
        return ref_say(l, "due is \"+OK\", the number of the message and its unique-id");
    return u.number != l->m->ask->command.message &&
           ref_say_numbers(l, "message: asked, answered", l->m->ask->command.message, u.number);
}

bool rule_uidl_one_same(struct ref_look *l)
{
    return one_ok(l) && can_judge(l) && uid_differs(l, l->m->reply.text);
}

/* ---- lines of LIST --------------------------------------------------------------------------- */

bool rule_scan_form(struct ref_look *l)
{
    struct pq_listing s;
    return ref_finds(l, is_listing(l) && pq_listing_parse(l->m->line, &s) != PQ_STATUS_OK,
                     "due are the number of a message and its octets");
}

bool rule_scan_extra(struct ref_look *l)
{
    struct pq_listing s;
    return ref_finds(
        l, is_listing(l) && pq_listing_parse(l->m->line, &s) == PQ_STATUS_OK && s.extra.len > 0,
        "something follows the octets");
}

bool rule_scan_size(struct ref_look *l)
{
    return can_judge(l) && size_differs(l, l->m->line);
}

static bool is_too_high(struct ref_look *l)
{
    const struct ref_view *v = &l->c->view;
    uint64_t n;
    if (!can_judge(l) || !number_of(l, &n))
        return false;
    if (n == 0)
        return ref_say(l, "no message can have number 0");
    return v->count_known && n > v->count &&
           ref_say_numbers(l, "the number is too high: messages, number", v->count, n);
}

bool rule_scan_number(struct ref_look *l)
{
    return is_too_high(l);
}

bool rule_line_marked(struct ref_look *l)
{
    uint64_t n;
    if (!can_judge(l) || !number_of(l, &n))
        return false;
    const struct ref_message *m = ref_view_find(l->c, n);
    return ref_finds(l, m && m->deleted, "the message is marked as deleted");
}

bool rule_list_order(struct ref_look *l)
{
    uint64_t n;
    return ref_finds(l, can_judge(l) && number_of(l, &n) && n < l->c->view.last_listed,
                     "a higher number came before");
}

/* ---- lines of UIDL --------------------------------------------------------------------------- */

/* What stands behind the number; false: there is no number or nothing behind it. */
static bool uid_text(const struct ref_look *l, struct pq_slice *uid)
{
    uint64_t n;
    *uid = l->m->line;
    (void)pq_slice_cut(uid, ' ');
    return is_listing(l) && number_of(l, &n) && uid->len > 0;
}

bool rule_uid_form(struct ref_look *l)
{
    struct pq_slice uid;
    if (!is_listing(l))
        return false;
    if (!uid_text(l, &uid))
        return ref_say(l, "due are the number of a message and its unique-id");
    return ref_finds(l, pq_slice_index(uid, ' ') < uid.len, "something follows the unique-id");
}

bool rule_uid_length(struct ref_look *l)
{
    struct pq_slice uid;
    return uid_text(l, &uid) && uid.len > PQ_UID_MAX && pq_slice_index(uid, ' ') == uid.len &&
           ref_say_numbers(l, "octets of a unique-id: allowed, sent", PQ_UID_MAX, uid.len);
}

bool rule_uid_octets(struct ref_look *l)
{
    struct pq_slice uid;
    if (!uid_text(l, &uid))
        return false;
    for (size_t i = 0; i < uid.len; i++)
        if (!pq_ascii_is_visible(uid.at[i]) && uid.at[i] != ' ')
            return ref_say(l, "a unique-id has octets from 0x21 to 0x7E only");
    return false;
}

bool rule_uid_number(struct ref_look *l)
{
    return is_too_high(l);
}

bool rule_uid_same(struct ref_look *l)
{
    return can_judge(l) && uid_differs(l, l->m->line);
}

/* Copies of one message may share a unique-id (RFC 1939 section 7); messages of different sizes are
 * no copies. */
bool rule_uid_twice(struct ref_look *l)
{
    const struct ref_view *v = &l->c->view;
    struct pq_uid_listing u;
    if (!can_judge(l) || pq_uid_listing_parse(l->m->line, &u) != PQ_STATUS_OK)
        return false;
    const struct ref_message *own = ref_view_find(l->c, u.number);
    if (!own || !own->has_octets || own->uid_len > 0 || u.number > REF_TWICE_MAX)
        return false;
    for (size_t i = 1; i < u.number; i++) {
        const struct ref_message *m = ref_view_find(l->c, i);
        if (m && m->seen == v->serial && m->has_octets && m->octets != own->octets &&
            pq_slice_equal(u.uid, pq_slice_of(m->uid, m->uid_len)))
            return ref_say_numbers(l, "messages of different sizes have it", i, u.number);
    }
    return false;
}

/* ---- ends of listings ------------------------------------------------------------------------ */

bool rule_list_twice(struct ref_look *l)
{
    return ref_finds(l, can_judge(l) && l->c->view.repeated, "a message stands there twice");
}

static bool lacks(struct ref_look *l)
{
    const struct ref_view *v = &l->c->view;
    return can_judge(l) && v->count_known && v->listed < ref_view_live(v) &&
           ref_say_numbers(l, "messages: due, listed", ref_view_live(v), v->listed);
}

bool rule_list_missing(struct ref_look *l)
{
    return !l->c->view.was_reset && lacks(l);
}

bool rule_list_reset(struct ref_look *l)
{
    return l->c->view.was_reset && lacks(l);
}

bool rule_list_gap(struct ref_look *l)
{
    const struct ref_view *v = &l->c->view;
    return can_judge(l) && !v->count_known && v->marked == 0 && v->last_listed > v->listed &&
           ref_say_numbers(l, "numbers have gaps: messages, highest number", v->listed,
                           v->last_listed);
}
