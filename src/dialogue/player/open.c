/* SPDX-License-Identifier: Apache-2.0
 * Opening connections, and TLS. */
#include <string.h>

#include "dialogue/player/play_internal.h"

/* What is not the target's answer to the case, but its failure to be there at all. While the player
 * settles that is nothing yet: a server may be on its way up. */
static bool not_opened(struct pq_play *p, const struct pq_dlg_item *item, enum pq_wire_result r)
{
    if (r == PQ_WIRE_SPENT) {
        play_ended(p, item, 1, r);
        return false;
    }
    if (!p->login.active || !p->login.settles) {
        p->out->peer_gone = p->out->peer_gone || r != PQ_WIRE_TIMEOUT;
        p->out->hang = p->out->hang || r == PQ_WIRE_TIMEOUT;
    }
    play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE, "the target does not accept a connection",
                 pq_wire_result_text(r));
    return false;
}

/* A step of the way into TLS, which is not what the case is about, failed. */
static bool not_secured(struct pq_play *p, const struct pq_dlg_item *item, const char *what,
                        const char *actual)
{
    play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE, what, actual);
    return false;
}

static enum pq_wire_tls start_tls(struct pq_play *p, unsigned conn)
{
    static const struct pq_wire_tls_options options = {.min = 0};
    return pq_conns_start_tls(&p->conns, conn, &options, play_patience(p));
}

static bool is_secured(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                       enum pq_wire_tls r)
{
    if (r == PQ_WIRE_TLS_SPENT)
        play_ended(p, item, conn, PQ_WIRE_SPENT);
    else if (r != PQ_WIRE_TLS_OK)
        return not_secured(p, item, "TLS did not start on the way to the case",
                           pq_wire_tls_word(r));
    return r == PQ_WIRE_TLS_OK;
}

static bool handshake(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    return is_secured(p, item, conn, start_tls(p, conn));
}

/* Takes a line that has to begin with +OK. False, with the reason in `*actual`: it does not. */
static bool take_ok(struct pq_play *p, unsigned conn, struct line *actual)
{
    struct pq_incoming line;
    enum pq_wire_result r = pq_conns_line(&p->conns, conn, play_patience_of(p, 0), &line);
    line_clear(actual);
    if (r != PQ_WIRE_OK) {
        line_put(actual, pq_wire_result_text(r));
        return false;
    }
    line_put_octets(actual, line.text);
    bool ok = pq_slice_starts(line.text, PQ_SLICE("+OK"));
    pq_conns_take(&p->conns, conn, &line, false);
    return ok;
}

static bool ask_for_tls(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    struct line actual;
    play_send_text(p, conn, "STLS\r\n");
    return take_ok(p, conn, &actual) ||
           not_secured(p, item, "the target refuses STLS on the way to the case", actual.at);
}

/* Reads the greeting, does STLS, and puts the greeting back. One that is not +OK stays where it is:
 * it is the case that judges it. */
static bool upgrade(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    struct pq_incoming line;
    enum pq_wire_result r = pq_conns_line(&p->conns, conn, play_patience_of(p, 0), &line);
    if (r != PQ_WIRE_OK || !pq_slice_starts(line.text, PQ_SLICE("+OK"))) {
        if (r == PQ_WIRE_SPENT)
            play_ended(p, item, conn, r);
        return r != PQ_WIRE_SPENT;
    }
    struct pq_bytes greeting;
    pq_bytes_init(&greeting, p->run->alloc, line.text.len + 2);
    bool kept = pq_bytes_put(&greeting, line.text) == PQ_STATUS_OK &&
                pq_bytes_put(&greeting, PQ_SLICE("\r\n")) == PQ_STATUS_OK;
    pq_conns_take(&p->conns, conn, &line, false);
    bool ok = ask_for_tls(p, item, conn) && handshake(p, item, conn);
    if (ok && !(kept && pq_conns_put_back(&p->conns, conn, pq_bytes_slice(&greeting))))
        ok = not_secured(p, item, "there is no memory for the greeting", NULL);
    pq_bytes_free(&greeting);
    return ok;
}

/* Opens, and brings the connection into TLS when the target is reached so; its greeting is then the
 * next line. False: a finding. */
static bool open_conn(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                      bool own_tls)
{
    if (own_tls && p->run->only_tls) {
        play_skip(p, item, PQ_SKIP_CONFIG,
                  "the file starts TLS itself, and the target is only reached by TLS");
        return false;
    }
    bool implicit = p->run->tls == PQ_RUN_TLS_IMPLICIT && !own_tls;
    enum pq_wire_result r = pq_conns_open(&p->conns, conn, implicit, play_patience(p));
    if (r != PQ_WIRE_OK)
        return not_opened(p, item, r);
    if (implicit)
        return handshake(p, item, conn);
    return p->run->tls != PQ_RUN_TLS_STLS || own_tls || upgrade(p, item, conn);
}

/* The file says that TLS comes first: octets in clear in its place are the target's doing. */
static void begin_with_tls(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    enum pq_wire_tls r = start_tls(p, conn);
    if (r == PQ_WIRE_TLS_PLAIN)
        play_fail(p, item, "octets in clear came where TLS begins", NULL);
    else if (is_secured(p, item, conn, r))
        play_pass(p, item);
}

/* Goes to where the handshake is next; it is up to the file. */
static void make_ready(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    bool implicit = p->run->tls == PQ_RUN_TLS_IMPLICIT;
    struct line actual;
    enum pq_wire_result r = pq_conns_open(&p->conns, conn, implicit, play_patience(p));
    if (r != PQ_WIRE_OK)
        (void)not_opened(p, item, r);
    else if (!implicit && !take_ok(p, conn, &actual))
        (void)not_secured(p, item, "the target does not greet", actual.at);
    else if (!implicit)
        (void)ask_for_tls(p, item, conn);
}

void play_do_connect(struct pq_play *p, const struct pq_dlg_item *item)
{
    const struct pq_dlg_directive *d = &item->directive;
    unsigned conn = play_conn(p, pq_dlg_conn(d));
    bool raw = pq_dlg_arg(d, PQ_DLG_ARG_RAW), implicit = pq_dlg_arg(d, PQ_DLG_ARG_IMPLICIT);
    if (pq_dlg_arg(d, PQ_DLG_ARG_READY)) {
        make_ready(p, item, conn);
        return;
    }
    if (!raw && !implicit) {
        (void)open_conn(p, item, conn, p->login.active ? p->login_own_tls : p->own_tls);
        return;
    }
    enum pq_wire_result r = pq_conns_open(&p->conns, conn, true, play_patience(p));
    if (r != PQ_WIRE_OK)
        (void)not_opened(p, item, r);
    else if (!raw)
        begin_with_tls(p, item, conn);
}

/* ---- the state that the header asks for ------------------------------------------------------ */

static void take_greeting(struct pq_play *p)
{
    struct line actual;
    if (!p->over && !take_ok(p, 1, &actual))
        play_verdict(p, NULL, PQ_VERDICT_INCONCLUSIVE, "the target does not greet", actual.at);
}

/* TLS whatever the target's description says, since the case asks for it. */
static void enter_tls(struct pq_play *p)
{
    bool implicit = p->run->tls == PQ_RUN_TLS_IMPLICIT;
    enum pq_wire_result r = pq_conns_open(&p->conns, 1, implicit, play_patience(p));
    if (r != PQ_WIRE_OK)
        (void)not_opened(p, NULL, r);
    else if (implicit ? handshake(p, NULL, 1) : upgrade(p, NULL, 1))
        take_greeting(p);
}

void play_enter_state(struct pq_play *p)
{
    switch (p->run->what.dlg->state) {
    case PQ_DLG_STATE_CONNECTED:
    case PQ_DLG_STATE_NONE:
        break;
    case PQ_DLG_STATE_AUTHORIZATION:
        if (open_conn(p, NULL, 1, p->own_tls))
            take_greeting(p);
        break;
    case PQ_DLG_STATE_TRANSACTION:
        play_login(p, NULL, 1);
        break;
    case PQ_DLG_STATE_TLS:
        enter_tls(p);
        break;
    }
}

/* ---- @tls ------------------------------------------------------------------------------------ */

bool play_has_tls(const struct pq_dlg *dlg)
{
    for (const struct pq_dlg_section *s = dlg->sections; s; s = s->next)
        for (const struct pq_dlg_item *item = s->items; item; item = pq_dlg_item_after(item))
            if (pq_dlg_item_is(item, PQ_DLG_DO_TLS))
                return true;
    return false;
}

/* 1 + the index of the word of a parameter; zero without it. */
static uint8_t word_of(const struct pq_dlg_directive *d, enum pq_dlg_param param)
{
    const struct pq_dlg_arg *arg = pq_dlg_arg(d, param);
    return arg ? (uint8_t)(arg->number + 1) : 0;
}

/* A connection; zero: none that there is. */
static uint8_t conn_of(const struct pq_dlg_directive *d, enum pq_dlg_param param)
{
    const struct pq_dlg_arg *arg = pq_dlg_arg(d, param);
    return arg && arg->number < PQ_WIRE_CONNS ? (uint8_t)arg->number : 0;
}

static struct pq_slice octets_of(const struct pq_dlg_directive *d, enum pq_dlg_param param)
{
    const struct pq_dlg_arg *arg = pq_dlg_arg(d, param);
    return arg ? arg->text : pq_slice_of(NULL, 0);
}

struct pq_wire_tls_options play_tls_options(const struct pq_dlg_item *item)
{
    const struct pq_dlg_directive *d = &item->directive;
    const struct pq_dlg_arg *cert = pq_dlg_arg(d, PQ_DLG_ARG_CERT);
    return (struct pq_wire_tls_options){
        .sni = octets_of(d, PQ_DLG_ARG_SNI),
        .ciphers = octets_of(d, PQ_DLG_ARG_CIPHERS),
        .alpn = octets_of(d, PQ_DLG_ARG_ALPN),
        .suites = octets_of(d, PQ_DLG_ARG_SUITES),
        .min = word_of(d, PQ_DLG_ARG_MIN),
        .max = word_of(d, PQ_DLG_ARG_MAX),
        .verify = word_of(d, PQ_DLG_ARG_VERIFY),
        .hello = word_of(d, PQ_DLG_ARG_HELLO),
        .record = word_of(d, PQ_DLG_ARG_RECORD),
        .old_secret = word_of(d, PQ_DLG_ARG_EMS) == 1,
        .resume = conn_of(d, PQ_DLG_ARG_RESUME),
        .no_certificate = cert && pq_slice_equal(cert->text, PQ_SLICE("none")),
    };
}

/* The names that cert= knows in the client role. */
static bool is_known_cert(const struct pq_dlg_item *item)
{
    const struct pq_dlg_arg *cert = pq_dlg_arg(&item->directive, PQ_DLG_ARG_CERT);
    return !cert || pq_slice_equal(cert->text, PQ_SLICE("none")) ||
           pq_slice_equal(cert->text, PQ_SLICE("client"));
}

/* A certificate that nobody here trusts is no finding, unless the case asks for verification. */
static bool is_distrust(const struct pq_dlg_item *item, enum pq_wire_tls r)
{
    return r == PQ_WIRE_TLS_REFUSED && !pq_dlg_arg(&item->directive, PQ_DLG_ARG_VERIFY);
}

/* Binds how TLS came out, or judges it where the file does not want to. */
static void tls_result(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn,
                       enum pq_wire_tls r)
{
    const struct pq_dlg_arg *name = pq_dlg_arg(&item->directive, PQ_DLG_ARG_RESULT);
    struct pq_slice word = pq_slice_text(pq_wire_tls_word(r));
    if (r == PQ_WIRE_TLS_SPENT) {
        play_ended(p, item, conn, PQ_WIRE_SPENT);
    } else if (is_distrust(item, r)) {
        play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE,
                     "the target's certificate is not trusted here",
                     p->run->wire->why(p->run->wire->ctx, conn));
    } else if (name) {
        if (!pq_bindings_bind(&p->names, name->text, pq_value_octets(word)))
            play_verdict(p, item, PQ_VERDICT_ERROR, "the run binds more than the player can hold",
                         NULL);
    } else if (r == PQ_WIRE_TLS_OK) {
        play_pass(p, item);
    } else {
        struct line actual;
        line_clear(&actual);
        line_put_slice(&actual, word);
        const char *why = p->run->wire->why(p->run->wire->ctx, conn);
        line_put(&actual, why[0] ? ": " : "");
        line_put(&actual, why);
        play_fail(p, item, "TLS did not start", actual.at);
    }
}

void play_do_tls(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    if (!play_is_open(p, item, conn))
        return;
    if (p->conns.chans[conn].tls || !is_known_cert(item)) {
        play_verdict(p, item, PQ_VERDICT_ERROR,
                     p->conns.chans[conn].tls ? "the connection is in TLS already"
                                              : "cert= knows client and none here",
                     NULL);
        return;
    }
    struct pq_wire_tls_options options = play_tls_options(item);
    tls_result(p, item, conn, pq_conns_start_tls(&p->conns, conn, &options, play_patience(p)));
}

/* ---- @facts ---------------------------------------------------------------------------------- */

/* Makes the lines of `text` a list. */
static bool bind_facts(struct pq_play *p, struct pq_slice name, struct pq_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    struct pq_slice *lines = pq_arena_get(&p->names.scratch, (count + 1) * sizeof(*lines));
    for (size_t i = 0; lines && i < count; i++)
        lines[i] = pq_slice_cut(&text, '\n');
    return lines && pq_bindings_bind(&p->names, name, pq_value_list(lines, count));
}

void play_do_facts(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    uint8_t memory[PQ_WIRE_FACTS_MAX];
    struct pq_buf facts;
    pq_buf_init(&facts, memory, sizeof(memory));
    if (!p->run->wire->facts(p->run->wire->ctx, conn, &facts))
        play_ended(p, item, conn, PQ_WIRE_SPENT);
    else if (facts.len == 0)
        play_verdict(p, item, PQ_VERDICT_ERROR, "TLS was never begun on this connection", NULL);
    else if (!bind_facts(p, pq_dlg_arg(&item->directive, PQ_DLG_ARG_VARIABLE)->text,
                         pq_buf_slice(&facts)))
        play_verdict(p, item, PQ_VERDICT_ERROR, "the run binds more than the player can hold",
                     NULL);
}
