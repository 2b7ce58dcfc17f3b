/* SPDX-License-Identifier: Apache-2.0
 * Rules about which answer belongs to what, about TLS, and about response codes. */
#include "referee/rules.h"

/* ---- answers that nobody asked for ----------------------------------------------------------- */

/* Whether the first thing that was said inside of TLS is of the server. */
static bool opens_tls(const struct ref_look *l)
{
    return l->c->session.tls == PQ_TLS_STLS && !l->c->facts.answered &&
           l->c->session.state == PQ_STATE_AUTHORIZATION;
}

static bool was_quit(const struct ref_look *l)
{
    return l->c->facts.quit;
}

bool rule_stray_ok(struct ref_look *l)
{
    return ref_finds(l, l->m->reply.indicator != PQ_REPLY_ERR && !opens_tls(l) && !was_quit(l),
                     "no command waits for an answer");
}

bool rule_stray_err(struct ref_look *l)
{
    return ref_finds(l, l->m->reply.indicator == PQ_REPLY_ERR,
                     "no command waits for an answer, and the connection goes on");
}

bool rule_after_quit(struct ref_look *l)
{
    return ref_finds(l, was_quit(l) && l->m->reply.indicator == PQ_REPLY_OK,
                     "a command behind QUIT was obeyed");
}

bool rule_silence(struct ref_look *l)
{
    bool status = l->c->reading == REF_READ_STATUS || l->c->reading == REF_READ_EITHER;
    return ref_finds(l, status && l->c->session.state != PQ_STATE_CONNECTED && !was_quit(l),
                     "a complete command got no answer");
}

bool rule_silence_greeting(struct ref_look *l)
{
    return ref_finds(l, l->c->session.state == PQ_STATE_CONNECTED, "there was no greeting");
}

bool rule_silence_end(struct ref_look *l)
{
    bool more = l->c->reading == REF_READ_LISTING || l->c->reading == REF_READ_BODY;
    return ref_finds(l, more && !l->c->ask.strange, "the multi-line answer has no terminator");
}

/* ---- TLS ------------------------------------------------------------------------------------- */

bool rule_tls_greeting(struct ref_look *l)
{
    return ref_finds(l, opens_tls(l) && l->m->reply.indicator == PQ_REPLY_OK,
                     "the server speaks first inside TLS");
}

/* Before any command, or one too many: a server may say -ERR out of the blue, but no +OK. */
bool rule_tls_injection(struct ref_look *l)
{
    bool surplus = opens_tls(l) || l->m->reply.indicator != PQ_REPLY_ERR;
    return ref_finds(l, l->c->facts.shifted && surplus,
                     "what was sent in the clear behind STLS got an answer");
}

bool rule_tls_prefix(struct ref_look *l)
{
    return ref_finds(l,
                     opens_tls(l) && l->c->facts.clear_part && l->m->ask->strange &&
                         l->m->ask->command.verb == PQ_VERB_UNKNOWN &&
                         l->m->reply.indicator == PQ_REPLY_OK,
                     "a command that began in the clear was obeyed");
}

bool rule_clear(struct ref_look *l)
{
    return ref_say(l, "the server goes on in the clear");
}

/* ---- response codes -------------------------------------------------------------------------- */

static bool code_is(const struct ref_look *l, struct pq_slice code)
{
    struct pq_slice first = l->m->reply.code;
    return first.len > 0 && pq_slice_equal_nocase(pq_slice_cut(&first, '/'), code);
}

static bool is_login(const struct ref_look *l)
{
    enum pq_verb verb = l->m->ask->command.verb;
    return verb == PQ_VERB_USER || verb == PQ_VERB_PASS || verb == PQ_VERB_APOP ||
           verb == PQ_VERB_AUTH || verb == PQ_VERB_UNKNOWN;
}

static bool misused(struct ref_look *l, struct pq_slice code)
{
    bool ok = l->m->reply.indicator == PQ_REPLY_OK;
    return ref_finds(l, code_is(l, code) && (ok || !is_login(l)),
                     "the response code is for a login that failed");
}

bool rule_code_auth(struct ref_look *l)
{
    return misused(l, PQ_SLICE("AUTH"));
}

bool rule_code_in_use(struct ref_look *l)
{
    return misused(l, PQ_SLICE("IN-USE"));
}

bool rule_code_login_delay(struct ref_look *l)
{
    return misused(l, PQ_SLICE("LOGIN-DELAY"));
}

bool rule_code_sys(struct ref_look *l)
{
    return ref_finds(l, code_is(l, PQ_SLICE("SYS")) && l->m->reply.indicator == PQ_REPLY_OK,
                     "the response code is for failures");
}

bool rule_code_utf8(struct ref_look *l)
{
    enum pq_verb verb = l->m->ask->command.verb;
    bool may = verb == PQ_VERB_LIST || verb == PQ_VERB_RETR || verb == PQ_VERB_TOP ||
               verb == PQ_VERB_UNKNOWN;
    return ref_finds(l,
                     code_is(l, PQ_SLICE("UTF8")) && (l->m->reply.indicator == PQ_REPLY_OK || !may),
                     "the response code is for a message that was refused");
}

static bool announced(const struct ref_look *l, enum pq_capability_tag tag)
{
    return (l->c->facts.capa >> tag & 1u) != 0;
}

bool rule_code_open(struct ref_look *l)
{
    return ref_finds(l,
                     (l->m->reply.flaws & PQ_REPLY_CODE_OPEN) && l->c->facts.capa_known &&
                         announced(l, PQ_CAPA_RESP_CODES),
                     "the text begins with \"[\", and that is no response code");
}

bool rule_code_unannounced(struct ref_look *l)
{
    bool registered = code_is(l, PQ_SLICE("AUTH")) || code_is(l, PQ_SLICE("IN-USE")) ||
                      code_is(l, PQ_SLICE("LOGIN-DELAY")) || code_is(l, PQ_SLICE("SYS"));
    return ref_finds(l, registered && l->c->facts.capa_known && !announced(l, PQ_CAPA_RESP_CODES),
                     "response codes are used and not announced");
}
