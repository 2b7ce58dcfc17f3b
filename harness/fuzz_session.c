/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: whatever commands and answers come, in whatever order, the session is never anywhere
 * but where RFC 1939, 2595 and 5034 let it be, as far as that can be said without its table: nobody
 * reads mail who did not log in, TLS forgets what was before it and comes once, the end is the end.
 * A maildrop counts as a plain count does. Each line of the input is an event: a command, an
 * answer, or a word in angle brackets.
 */
#include "harness/support.h"

#include <string.h>

#include "popquiz/maildrop.h"
#include "popquiz/session.h"

#define MESSAGES 8u

/* What this target knows besides: all of it follows from the events alone. */
struct world {
    struct pq_session session;
    struct pq_maildrop maildrop;
    struct pq_message messages[MESSAGES];
    bool marked[MESSAGES];
    bool logged_in; /* PASS, APOP or AUTH was accepted */
};

/* ---- the maildrop ---------------------------------------------------------------------------- */

static void maildrop_open(struct world *w)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        w->messages[i] = (struct pq_message){.octets = 1 + i * i};
        w->marked[i] = false;
    }
    pq_maildrop_init(&w->maildrop, w->messages, MESSAGES);
}

static void check_maildrop(const struct world *w)
{
    size_t count = 0;
    uint64_t octets = 0;
    for (size_t i = 0; i < MESSAGES; i++) {
        const struct pq_message *found = pq_maildrop_find(&w->maildrop, i + 1);
        FUZZ_ASSERT(found == (w->marked[i] ? NULL : &w->messages[i]));
        count += w->marked[i] ? 0 : 1;
        octets += w->marked[i] ? 0 : 1 + i * i;
    }
    FUZZ_ASSERT(w->maildrop.live_count == count && w->maildrop.live_octets == octets);
    FUZZ_ASSERT(!pq_maildrop_find(&w->maildrop, 0));
    FUZZ_ASSERT(!pq_maildrop_find(&w->maildrop, MESSAGES + 1));
}

static void obey(struct world *w, enum pq_verb verb, uint64_t number)
{
    if (verb == PQ_VERB_DELE) {
        bool there = number >= 1 && number <= MESSAGES && !w->marked[number - 1];
        FUZZ_ASSERT(pq_maildrop_delete(&w->maildrop, number) == there);
        if (there)
            w->marked[number - 1] = true;
    } else if (verb == PQ_VERB_RSET) {
        pq_maildrop_reset(&w->maildrop);
        for (size_t i = 0; i < MESSAGES; i++)
            w->marked[i] = false;
    }
}

/* ---- the session ----------------------------------------------------------------------------- */

static bool is_credential(enum pq_verb verb)
{
    return verb == PQ_VERB_PASS || verb == PQ_VERB_APOP || verb == PQ_VERB_AUTH;
}

/* Verbs that RFC 1939 sections 5 and 7 keep for those who logged in. */
static bool is_about_mail(enum pq_verb verb)
{
    return verb == PQ_VERB_STAT || verb == PQ_VERB_LIST || verb == PQ_VERB_RETR ||
           verb == PQ_VERB_DELE || verb == PQ_VERB_NOOP || verb == PQ_VERB_RSET ||
           verb == PQ_VERB_TOP || verb == PQ_VERB_UIDL;
}

static void check_session(const struct world *w)
{
    const struct pq_session *s = &w->session;
    bool inside = s->state == PQ_STATE_TRANSACTION || s->state == PQ_STATE_UPDATE;
    FUZZ_ASSERT(s->state < PQ_STATE_COUNT);
    FUZZ_ASSERT(strlen(pq_state_name(s->state)) > 0 && strlen(pq_state_text(s->state)) > 0);
    FUZZ_ASSERT(!inside || w->logged_in);
    FUZZ_ASSERT(s->state != PQ_STATE_TLS || (s->tls == PQ_TLS_NONE && !w->logged_in));
    FUZZ_ASSERT(s->state != PQ_STATE_SASL || s->running == PQ_VERB_AUTH);
    FUZZ_ASSERT(s->state != PQ_STATE_UPDATE || s->running == PQ_VERB_QUIT);
    FUZZ_ASSERT(s->state != PQ_STATE_CLOSED || s->running == PQ_VERB_UNKNOWN);
    for (int v = 0; v < PQ_VERB_COUNT; v++) {
        enum pq_verb verb = (enum pq_verb)v;
        enum pq_refusal refusal = pq_session_judge(s, verb);
        FUZZ_ASSERT(strlen(pq_refusal_text(refusal)) > 0);
        if (refusal != PQ_REFUSED_NONE)
            continue;
        FUZZ_ASSERT(verb != PQ_VERB_UNKNOWN && s->state != PQ_STATE_CLOSED);
        FUZZ_ASSERT(s->state != PQ_STATE_CONNECTED && s->state != PQ_STATE_TLS);
        FUZZ_ASSERT(!is_about_mail(verb) || s->state == PQ_STATE_TRANSACTION);
        FUZZ_ASSERT(verb != PQ_VERB_PASS || s->state == PQ_STATE_USER);
        FUZZ_ASSERT(verb != PQ_VERB_STLS || (s->tls == PQ_TLS_NONE && !w->logged_in));
    }
}

static void give_command(struct world *w, enum pq_verb verb, struct pq_slice argument)
{
    struct pq_session *s = &w->session;
    uint64_t number = 0;
    bool in_exchange = s->state == PQ_STATE_SASL;
    if (s->running != PQ_VERB_UNKNOWN || in_exchange)
        return; /* one command at a time, and a response is none */
    if (pq_session_judge(s, verb) != PQ_REFUSED_NONE) {
        pq_session_on_refused(s);
        FUZZ_ASSERT(s->state != PQ_STATE_USER);
        return;
    }
    pq_session_on_command(s, verb);
    FUZZ_ASSERT(s->running == verb);
    if (pq_parse_u64_zeros(argument, &number) != PQ_STATUS_OK)
        number = UINT64_MAX;
    if (s->state == PQ_STATE_TRANSACTION)
        obey(w, verb, number);
}

static void give_answer(struct world *w, enum pq_indicator indicator)
{
    struct pq_session *s = &w->session;
    enum pq_verb verb = s->running;
    enum pq_state before = s->state;
    if (before == PQ_STATE_CONNECTED) {
        if (indicator != PQ_REPLY_CONTINUE)
            pq_session_on_greeting(s, indicator);
        return;
    }
    if (verb == PQ_VERB_UNKNOWN)
        return;
    pq_session_on_reply(s, indicator);
    if (indicator == PQ_REPLY_OK && is_credential(verb)) {
        w->logged_in = true;
        maildrop_open(w);
        FUZZ_ASSERT(s->state == PQ_STATE_TRANSACTION);
    }
    FUZZ_ASSERT(s->utf8 || verb != PQ_VERB_UTF8 || indicator != PQ_REPLY_OK);
    FUZZ_ASSERT(verb != PQ_VERB_QUIT || indicator == PQ_REPLY_CONTINUE ||
                s->state == PQ_STATE_CLOSED);
    if (indicator == PQ_REPLY_CONTINUE && verb != PQ_VERB_AUTH)
        FUZZ_ASSERT(s->state == before && s->running == verb);
}

static void end_handshake(struct world *w, bool ok)
{
    if (w->session.state != PQ_STATE_TLS)
        return;
    pq_session_on_tls(&w->session, ok);
    FUZZ_ASSERT(w->session.state == (ok ? PQ_STATE_AUTHORIZATION : PQ_STATE_CLOSED));
    FUZZ_ASSERT(!w->session.utf8 && (w->session.tls == PQ_TLS_STLS) == ok);
}

static void end_stream(struct world *w)
{
    pq_session_on_end(&w->session);
    FUZZ_ASSERT(w->session.state == PQ_STATE_CLOSED);
}

static void give_line(struct world *w, struct pq_slice line)
{
    struct pq_slice rest = line, word = pq_slice_cut(&rest, ' ');
    if (pq_slice_equal(word, PQ_SLICE("+OK")))
        give_answer(w, PQ_REPLY_OK);
    else if (pq_slice_equal(word, PQ_SLICE("-ERR")))
        give_answer(w, PQ_REPLY_ERR);
    else if (pq_slice_equal(word, PQ_SLICE("+")))
        give_answer(w, PQ_REPLY_CONTINUE);
    else if (pq_slice_equal(word, PQ_SLICE("<tls>")))
        end_handshake(w, true);
    else if (pq_slice_equal(word, PQ_SLICE("<tls-failed>")))
        end_handshake(w, false);
    else if (pq_slice_equal(word, PQ_SLICE("<eof>")))
        end_stream(w);
    else
        give_command(w, pq_verb_of(word), rest);
}

static void check_events(struct pq_slice input, size_t cut)
{
    struct world w = {.logged_in = false};
    (void)cut;
    pq_session_init(&w.session, fuzz_options(input) & 1 ? PQ_TLS_IMPLICIT : PQ_TLS_NONE);
    maildrop_open(&w);
    for (struct pq_slice rest = input; rest.len > 0;) {
        enum pq_state before = w.session.state;
        give_line(&w, fuzz_line(&rest));
        FUZZ_ASSERT(before != PQ_STATE_CLOSED || w.session.state == PQ_STATE_CLOSED);
        check_session(&w);
    }
    check_maildrop(&w);
}

const struct fuzz_target fuzz_target = {.check = check_events};
