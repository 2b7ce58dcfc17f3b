/* SPDX-License-Identifier: Apache-2.0
 * The directives and their parameters, one row each. */
#include "dialogue/vocab.h"

#include <assert.h>

static const struct pq_dlg_param_row params[PQ_DLG_ARG_COUNT] = {
#define X(tag, name, shape, form, words)                                                           \
    [PQ_DLG_ARG_##tag] = {PQ_SLICE_INIT(name), PQ_DLG_SHAPE_##shape, PQ_DLG_PARAM_##form, words},
    PQ_DLG_ARG_LIST(X)
#undef X
};

static const struct pq_slice names[PQ_DLG_DO_COUNT] = {
#define X(tag, text) [PQ_DLG_DO_##tag] = PQ_SLICE_INIT(text),
    PQ_DLG_DO_LIST(X)
#undef X
};

#define FLOW PQ_DLG_IN_FLOW
#define TOP PQ_DLG_IN_TOP
#define ON PQ_DLG_IN_ON
#define CLIENT (1u << PQ_DLG_ROLE_CLIENT)
#define SERVER (1u << PQ_DLG_ROLE_SERVER)
#define BOTH (CLIENT | SERVER)
#define PARAM(times, param)                                                                        \
    {                                                                                              \
        PQ_DLG_##times, PQ_DLG_ARG_##param                                                         \
    }
#define ONE(param) PARAM(ONE, param)
#define MAYBE(param) PARAM(MAYBE, param)
#define SOME(param) PARAM(SOME, param)
#define NOTHING PARAM(NONE, CONN)
#define ROW(tag, opens, places, roles, help, ...)                                                  \
    [PQ_DLG_DO_##tag] = {opens, places, roles, {__VA_ARGS__}, help}

/* tag, opens a block, places, roles, what it means, parameters in their order */
static const struct pq_dlg_do_row rows[PQ_DLG_DO_COUNT] = {
    ROW(CONNECT, false, FLOW, BOTH,
        "open a connection (as server: wait for one); `tls`: TLS first; `raw`: to the port where "
        "TLS is first, where `@tls` does it; `ready`: there, or behind STLS, as the run has it",
        MAYBE(CONN), MAYBE(IMPLICIT), MAYBE(RAW), MAYBE(READY)),
    ROW(LOGIN, false, FLOW, CLIENT, "open a connection and log in as the run has learned to",
        MAYBE(CONN)),
    ROW(CLOSE, false, FLOW | ON, BOTH, "close in order", MAYBE(CONN)),
    ROW(DROP, false, FLOW | ON, BOTH, "close with a reset (RST)", MAYBE(CONN)),
    ROW(HALFCLOSE, false, FLOW | ON, BOTH, "send no more, go on reading", MAYBE(CONN)),
    ROW(TLSCUT, false, FLOW | ON, BOTH, "close TCP without close_notify of TLS", MAYBE(CONN)),
    ROW(EOF, false, FLOW, BOTH, "the peer must close, with nothing before it", MAYBE(CONN)),
    ROW(TLS, false, FLOW | ON, BOTH,
        "start TLS; r becomes ok, alert, eof, plain, timeout, refused (by us) or failed; without r "
        "only ok passes",
        MAYBE(CONN), MAYBE(RESULT), MAYBE(SNI), MAYBE(MIN), MAYBE(MAX), MAYBE(VERIFY), MAYBE(CERT),
        MAYBE(HELLO), MAYBE(RECORD), MAYBE(SUITES), MAYBE(CIPHERS), MAYBE(ALPN), MAYBE(EMS),
        MAYBE(RESUME)),
    ROW(FACTS, false, FLOW, CLIENT, "NAME becomes the list of what TLS has shown of the server",
        ONE(VARIABLE), MAYBE(CONN)),
    ROW(CORRUPT, false, FLOW | ON, BOTH, "change one octet of the next TLS record that is sent",
        MAYBE(CONN)),
    ROW(SEGMENT, false, FLOW | ON, BOTH, "how the writes that follow are cut", ONE(CUT)),
    ROW(BATCH, true, FLOW | PQ_DLG_IN_RACE, BOTH, "everything inside goes out in one write",
        NOTHING),
    ROW(RACE, true, FLOW, CLIENT, "everything inside is sent before anything is read", NOTHING),
    ROW(MATCH, true, FLOW, BOTH, "the next line, or its absence, chooses a case", MAYBE(TIMEOUT)),
    ROW(CASE, true, PQ_DLG_IN_MATCH, BOTH, "an alternative; NAME and VERDICT are recorded",
        ONE(NAME), ONE(VERDICT), MAYBE(WHY)),
    ROW(IF, true, FLOW, BOTH, "what is inside is for EXPR being true", ONE(EXPR)),
    ROW(ELSE, true, PQ_DLG_BEHIND_IF, BOTH, "what is inside is for EXPR being false", NOTHING),
    ROW(PASS, false, FLOW, BOTH, "end the section: passed", ONE(WHY)),
    ROW(NOTE, false, FLOW, BOTH, "record an observation and go on", ONE(WHY)),
    ROW(WARN, false, FLOW, BOTH, "record a warning and go on", ONE(WHY)),
    ROW(FAIL, false, FLOW, BOTH, "end the section: failed", ONE(WHY)),
    ROW(INCONCLUSIVE, false, FLOW, BOTH, "end the section: nothing was learned", ONE(WHY)),
    ROW(ASSERT, false, FLOW, BOTH, "EXPR must be true", ONE(EXPR)),
    ROW(BODY, false, FLOW, BOTH, "read a multi-line reply; NAME becomes the list of its lines",
        ONE(VARIABLE), MAYBE(CONN)),
    ROW(REQ, false, FLOW, BOTH, "the requirements of what follows in this block", SOME(REQ),
        MAYBE(LEVEL)),
    ROW(WITHIN, false, FLOW, BOTH, "the next answer must come before TIME is over", ONE(TIME)),
    ROW(NOTBEFORE, false, FLOW, BOTH, "the next answer must not come before TIME is over",
        ONE(TIME)),
    ROW(FENCE, false, FLOW, CLIENT,
        "send NOOP (before login: CAPA); its reply must be the very next line", MAYBE(CONN)),
    ROW(SILENCE, false, FLOW, BOTH, "nothing may arrive for TIME", ONE(TIME), MAYBE(CONN)),
    ROW(EXPECT, false, FLOW, BOTH, "at the end the target lives and its sanitizer is silent",
        ONE(EVENT)),
    ROW(WAIT, false, FLOW | ON, BOTH, "a pause", ONE(TIME)),
    ROW(SETTLE, false, FLOW, BOTH,
        "log in again until the maildrop is free, at most TIME (as server: wait)", ONE(TIME)),
    ROW(DELIVER, false, FLOW, CLIENT, "add [message NAME] to the maildrop", ONE(NAME)),
    ROW(RESET, false, FLOW, CLIENT, "restore the maildrop as it was", NOTHING),
    ROW(PEEK, false, FLOW, CLIENT, "list the store: m[n] tells what it holds now", NOTHING),
    ROW(AS, false, FLOW | ON, BOTH, "what the role that sends the next `~` step sends", ONE(EMIT)),
    ROW(ON, true, TOP, SERVER, "what to do, each time, when a line matches", ONE(PATTERN)),
    ROW(FAULT, false, TOP | ON, SERVER, "misbehave; `nth` from 1, `p` from 0 to 1", ONE(FAULT),
        MAYBE(NTH), MAYBE(SHARE)),
    ROW(CAPA, false, TOP, SERVER, "the capability list, in the states that are named", MAYBE(AUTH),
        MAYBE(TLS), ONE(CAPAS)),
    ROW(NEVER, false, TOP, SERVER, "a line that may not come, ever or before a milestone",
        ONE(PATTERN), MAYBE(BEFORE), ONE(VERDICT), ONE(WHY)),
    ROW(FALLBACK, false, TOP | ON, SERVER,
        "go on as the built-in server would; in a section: with all that the steps do not expect",
        NOTHING),
    ROW(AXIS, false, FLOW | ON, BOTH, "the directive that an axis of the matrix names",
        MAYBE(CONN)),
};

const struct pq_dlg_param_row *pq_dlg_param_row(enum pq_dlg_param param)
{
    assert(param < PQ_DLG_ARG_COUNT);
    return &params[param];
}

const struct pq_dlg_do_row *pq_dlg_do_row(enum pq_dlg_do what)
{
    assert(what < PQ_DLG_DO_COUNT);
    return &rows[what];
}

struct pq_slice pq_dlg_do_name(enum pq_dlg_do what)
{
    assert(what < PQ_DLG_DO_COUNT);
    return names[what];
}

enum pq_dlg_do pq_dlg_do_of(struct pq_slice name)
{
    int what = 0;
    while (what < PQ_DLG_DO_COUNT && !pq_slice_equal(names[what], name))
        what++;
    return (enum pq_dlg_do)what;
}
