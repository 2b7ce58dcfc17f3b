/* SPDX-License-Identifier: Apache-2.0
 * Rules about the form of lines, whatever they say. */
#include "referee/rules.h"

bool rule_always(struct ref_look *l)
{
    return ref_say(l, "a status line stands where the listing has no terminator yet");
}

/* ---- status lines ---------------------------------------------------------------------------- */

bool rule_status_case(struct ref_look *l)
{
    struct pq_slice line = l->m->line;
    bool upper = pq_slice_starts(line, PQ_SLICE("+")) ? pq_slice_starts(line, PQ_SLICE("+OK"))
                                                      : pq_slice_starts(line, PQ_SLICE("-ERR"));
    bool challenge = l->m->reply.indicator == PQ_REPLY_CONTINUE;
    return ref_finds(l, !upper && !challenge, "the status indicator is not in upper case");
}

bool rule_status_long(struct ref_look *l)
{
    bool challenge = l->m->reply.indicator == PQ_REPLY_CONTINUE;
    return ref_finds(l, l->m->too_long && !challenge, "the line has more than 512 octets");
}

bool rule_status_end(struct ref_look *l)
{
    if (l->m->lf_only)
        return ref_say(l, "the line ends in LF without CR");
    return ref_finds(l, pq_slice_index(l->m->line, '\r') < l->m->line.len, "a bare CR in the line");
}

bool rule_status_space(struct ref_look *l)
{
    return ref_finds(l, l->m->glued, "something other than a space follows the indicator");
}

bool rule_status_8bit(struct ref_look *l)
{
    bool free = l->c->facts.says_language || l->c->session.utf8;
    bool found = pq_slice_index(l->m->line, 0) < l->m->line.len;
    if (found)
        return ref_say(l, "a NUL in a status line");
    return ref_finds(l, (l->m->reply.flaws & PQ_REPLY_8BIT) && !free,
                     "an octet above 0x7F in a status line, and no UTF8 or LANG before");
}

bool rule_status_control(struct ref_look *l)
{
    for (size_t i = 0; i < l->m->line.len; i++) {
        uint8_t octet = l->m->line.at[i];
        if (octet > 0 && octet < ' ' && octet != '\t' && octet != '\r')
            return ref_say(l, "a control octet in a status line");
    }
    return false;
}

bool rule_continue_misplaced(struct ref_look *l)
{
    const struct ref_ask *a = l->m->ask;
    return ref_finds(l,
                     l->m->reply.indicator == PQ_REPLY_CONTINUE && !a->strange &&
                         a->command.verb != PQ_VERB_AUTH,
                     "a challenge to a command without one");
}

bool rule_greeting_timestamp(struct ref_look *l)
{
    struct pq_slice text = l->m->reply.text, timestamp;
    return ref_finds(
        l, pq_slice_index(text, '<') < text.len && !pq_greeting_timestamp(text, &timestamp),
        "what begins with \"<\" in the greeting is no msg-id");
}

/* ---- lines where a status line is due -------------------------------------------------------- */

static bool is_dot(const struct ref_look *l)
{
    return pq_slice_equal(l->m->line, PQ_SLICE("."));
}

/* The last answer was positive and had more lines, and nothing else can be answered here. */
static bool after_multi(const struct ref_look *l)
{
    return l->m->ask && l->c->facts.ok && l->m->ask->multi && !l->m->ask->strange &&
           !ref_waits_for_long(l->c);
}

static bool after_content(const struct ref_look *l)
{
    enum pq_verb verb = l->m->ask ? l->m->ask->command.verb : PQ_VERB_UNKNOWN;
    return after_multi(l) && (verb == PQ_VERB_RETR || verb == PQ_VERB_TOP);
}

static bool after_single(const struct ref_look *l)
{
    return l->m->ask && l->c->facts.ok && !l->m->ask->multi && !l->m->ask->strange &&
           !ref_waits_for_long(l->c);
}

static bool after_err(const struct ref_look *l)
{
    return l->m->ask && !l->c->facts.ok && is_dot(l);
}

static bool greets(const struct ref_look *l)
{
    return l->c->session.state == PQ_STATE_CONNECTED;
}

bool rule_greeting_other(struct ref_look *l)
{
    return ref_finds(l, greets(l), "the first line is no status line");
}

bool rule_greeting_lines(struct ref_look *l)
{
    return ref_finds(l, !greets(l) && !ref_has_spoken(l->c), "the greeting has more than one line");
}

bool rule_dot_after_err(struct ref_look *l)
{
    return ref_finds(l, after_err(l), "a terminator follows a negative answer");
}

bool rule_lines_after_single(struct ref_look *l)
{
    return ref_finds(l, after_single(l), "more lines follow an answer that has one");
}

bool rule_body_goes_on(struct ref_look *l)
{
    return ref_finds(l, after_content(l), "lines follow the terminator: a dot was not doubled");
}

bool rule_listing_goes_on(struct ref_look *l)
{
    return ref_finds(l, after_multi(l) && !after_content(l), "lines follow the terminator");
}

bool rule_not_reply(struct ref_look *l)
{
    bool told = after_multi(l) || after_single(l) || after_err(l);
    return ref_finds(l, !greets(l) && ref_has_spoken(l->c) && !told,
                     "the line has no status indicator, and no listing is due");
}

/* ---- lines of multi-line answers ------------------------------------------------------------- */

bool rule_line_end(struct ref_look *l)
{
    if (l->m->ask->strange)
        return false;
    if (l->m->lf_only)
        return ref_say(l, "the line ends in LF without CR");
    return ref_finds(l, pq_slice_index(l->m->line, '\r') < l->m->line.len, "a bare CR in the line");
}

bool rule_body_dots(struct ref_look *l)
{
    return ref_finds(l, l->c->dot.unstuffed, "a line of the message begins with a single dot");
}

bool rule_body_bare_lf(struct ref_look *l)
{
    return ref_say(l, "the first line ends in LF without CR");
}
