/* SPDX-License-Identifier: Apache-2.0
 * Rules about which command is allowed when, about arguments, and about the capability list. */
#include "referee/rules.h"

#include <string.h>

/* ---- the state ------------------------------------------------------------------------------- */

bool rule_early(struct ref_look *l)
{
    return ref_finds(l, ref_is_ok(l) && ref_in_authorization(l),
                     "the command was obeyed before a login");
}

bool rule_late(struct ref_look *l)
{
    return ref_finds(l, ref_is_ok(l) && ref_in_transaction(l),
                     "a login was accepted in TRANSACTION state");
}

bool rule_late_utf8(struct ref_look *l)
{
    return ref_finds(l, ref_is_ok(l) && ref_in_transaction(l),
                     "UTF8 was accepted in TRANSACTION state");
}

bool rule_late_auth(struct ref_look *l)
{
    return ref_finds(l,
                     !l->m->ask->strange && !l->m->ask->response && ref_in_transaction(l) &&
                         l->m->reply.indicator != PQ_REPLY_ERR,
                     "AUTH was accepted in TRANSACTION state");
}

bool rule_late_stls(struct ref_look *l)
{
    return ref_finds(l, ref_is_ok(l) && ref_in_transaction(l) && l->c->session.tls == PQ_TLS_NONE,
                     "STLS was accepted in TRANSACTION state");
}

bool rule_stls_twice(struct ref_look *l)
{
    return ref_finds(l, ref_is_ok(l) && l->c->session.tls != PQ_TLS_NONE,
                     "STLS was accepted inside TLS");
}

static bool pass_is_alone(const struct ref_look *l)
{
    return ref_is_ok(l) && l->c->session.state == PQ_STATE_AUTHORIZATION &&
           !l->c->facts.state_unsure;
}

bool rule_pass_without_user(struct ref_look *l)
{
    return ref_finds(l, pass_is_alone(l) && !l->c->facts.user_ok && !l->c->facts.clear_user,
                     "PASS was accepted and no USER before it");
}

bool rule_pass_not_next(struct ref_look *l)
{
    return ref_finds(l, pass_is_alone(l) && l->c->facts.user_ok && !l->c->facts.auth_failed,
                     "PASS was accepted, and another command stands between it and USER");
}

bool rule_pass_from_clear(struct ref_look *l)
{
    return ref_finds(l, pass_is_alone(l) && !l->c->facts.user_ok && l->c->facts.clear_user,
                     "PASS in TLS was accepted for a USER that was said in the clear");
}

bool rule_apop_no_timestamp(struct ref_look *l)
{
    return ref_finds(l, ref_is_ok(l) && l->c->facts.no_timestamp,
                     "APOP was accepted, and the greeting has no timestamp");
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* Blanks and leading zeros are tolerated by many, and do not count. A TAB may be a blank or an
 * octet of an argument. */
static bool passed_flawed(const struct ref_look *l, enum pq_flaw flaw)
{
    const struct ref_ask *a = l->m->ask;
    struct pq_command tolerant;
    if (l->m->reply.indicator != PQ_REPLY_OK || !a->strange || memchr(a->text, '\t', a->len))
        return false;
    pq_command_parse(pq_slice_of(a->text, a->len), PQ_LENIENT_BLANKS | PQ_LENIENT_ZEROS, false,
                     &tolerant);
    return tolerant.flaw == flaw;
}

bool rule_argument_missing(struct ref_look *l)
{
    return ref_finds(l, passed_flawed(l, PQ_FLAW_ARGUMENT_MISSING),
                     "the command was accepted without its argument");
}

bool rule_argument_surplus(struct ref_look *l)
{
    return ref_finds(l, passed_flawed(l, PQ_FLAW_ARGUMENT_SURPLUS),
                     "the command was accepted with an argument too many");
}

/* "+1" and "1x" can be taken for a number, which is lenient and no more. */
static bool begins_with_digit(struct pq_slice word)
{
    if (word.len > 0 && word.at[0] == '+')
        word = pq_slice_after(word, 1);
    return word.len > 0 && pq_ascii_is_digit(word.at[0]);
}

static bool is_hopeless(const struct pq_command *c)
{
    for (size_t i = 0; i < c->argc; i++)
        if (!begins_with_digit(c->args[i]))
            return true;
    return false;
}

bool rule_argument_number(struct ref_look *l)
{
    return ref_finds(l,
                     passed_flawed(l, PQ_FLAW_ARGUMENT_NUMBER) && is_hopeless(&l->m->ask->command),
                     "the command was accepted, and its argument is no number");
}

/* Commands that can only succeed where they are allowed. */
bool rule_refused(struct ref_look *l)
{
    return ref_finds(l,
                     ref_is_err(l) && ref_in_transaction(l) && ref_view_is_sure(l->c) &&
                         l->m->reply.code.len == 0,
                     "a command that cannot fail here got -ERR");
}

/* ---- the capability list --------------------------------------------------------------------- */

bool rule_capa_syntax(struct ref_look *l)
{
    struct pq_capability capability;
    return ref_finds(l,
                     !l->m->ask->strange && !l->m->too_long &&
                         pq_capability_parse(l->m->line, &capability) != PQ_STATUS_OK,
                     "the line is no capability, or not as its RFC has it");
}

bool rule_capa_long(struct ref_look *l)
{
    return ref_finds(l, l->m->too_long, "the line has more than 512 octets");
}

bool rule_capa_stls(struct ref_look *l)
{
    struct pq_capability capability;
    return ref_finds(l,
                     l->c->session.tls != PQ_TLS_NONE &&
                         pq_capability_parse(l->m->line, &capability) == PQ_STATUS_OK &&
                         capability.tag == PQ_CAPA_STLS,
                     "STLS is announced inside TLS");
}

/* These are announced in both states (RFC 2449 section 6, RFC 3206 section 6). */
bool rule_capa_lost(struct ref_look *l)
{
    const uint32_t both = 1u << PQ_CAPA_TOP | 1u << PQ_CAPA_RESP_CODES | 1u << PQ_CAPA_PIPELINING |
                          1u << PQ_CAPA_UIDL | 1u << PQ_CAPA_AUTH_RESP_CODE;
    const struct ref_facts *f = &l->c->facts;
    uint32_t lost = f->capa_before & ~f->capa_reading & both;
    return ref_finds(
        l, ref_in_transaction(l) && !l->m->ask->strange && f->capa_before_known && lost != 0,
        "a capability of AUTHORIZATION state is not announced any more");
}
