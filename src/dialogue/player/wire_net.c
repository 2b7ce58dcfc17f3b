/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>

#include "dialogue/player/wire_net_internal.h"

/* ---- results --------------------------------------------------------------------------------- */

static enum pq_wire_result result_of(enum pq_stream_result result)
{
    static const enum pq_wire_result results[] = {
        [PQ_STREAM_OK] = PQ_WIRE_OK,         [PQ_STREAM_TIMEOUT] = PQ_WIRE_TIMEOUT,
        [PQ_STREAM_CLOSED] = PQ_WIRE_CLOSED, [PQ_STREAM_RESET] = PQ_WIRE_RESET,
        [PQ_STREAM_BROKEN] = PQ_WIRE_BROKEN, [PQ_STREAM_FAILED] = PQ_WIRE_FAILED,
    };
    return results[result];
}

static enum pq_wire_tls tls_result_of(enum pq_starttls result)
{
    static const enum pq_wire_tls results[] = {
        [PQ_STARTTLS_OK] = PQ_WIRE_TLS_OK,           [PQ_STARTTLS_ALERT] = PQ_WIRE_TLS_ALERT,
        [PQ_STARTTLS_CLOSED] = PQ_WIRE_TLS_EOF,      [PQ_STARTTLS_RESET] = PQ_WIRE_TLS_EOF,
        [PQ_STARTTLS_PLAIN] = PQ_WIRE_TLS_PLAIN,     [PQ_STARTTLS_TIMEOUT] = PQ_WIRE_TLS_TIMEOUT,
        [PQ_STARTTLS_REFUSED] = PQ_WIRE_TLS_REFUSED, [PQ_STARTTLS_FAILED] = PQ_WIRE_TLS_FAILED,
    };
    return results[result];
}

/* ---- connections ----------------------------------------------------------------------------- */

static enum pq_wire_result net_open(void *ctx, unsigned conn, bool tls, uint64_t deadline)
{
    struct pq_wire_net *w = ctx;
    struct pq_stream *s = &w->streams[conn];
    pq_stream_close(s);
    pq_stream_init(s, &w->io);
    w->begun[conn] = w->corrupt[conn] = w->had_tls[conn] = false;
    enum pq_status status =
        pq_stream_connect(s, tls ? &w->target->tls : &w->target->plain, deadline);
    if (status == PQ_STATUS_OK)
        return PQ_WIRE_OK;
    return status == PQ_STATUS_TIMEOUT ? PQ_WIRE_TIMEOUT : PQ_WIRE_REFUSED;
}

static enum pq_wire_result net_send(void *ctx, unsigned conn, struct pq_slice *rest,
                                    uint64_t deadline)
{
    struct pq_wire_net *w = ctx;
    return result_of(pq_stream_send(&w->streams[conn], rest, deadline));
}

static void net_wait(void *ctx, uint64_t ms)
{
    const struct pq_wire_net *w = ctx;
    uint64_t until = w->inner->now_ms(w->inner->ctx) + ms;
    uint64_t now = 0;
    while ((now = w->inner->now_ms(w->inner->ctx)) < until)
        (void)w->inner->wait(w->inner->ctx, NULL, 0,
                             until - now < INT_MAX ? (int)(until - now) : INT_MAX);
}

static void net_gap(void *ctx, unsigned conn)
{
    const struct pq_wire_net *w = ctx;
    (void)conn;
    if (w->gap)
        w->gap();
    else
        (void)w->inner->wait(w->inner->ctx, NULL, 0, 1);
}

static enum pq_wire_result net_recv(void *ctx, unsigned conn, struct pq_buf *into,
                                    uint64_t deadline)
{
    struct pq_wire_net *w = ctx;
    size_t got = 0;
    enum pq_stream_result r =
        pq_stream_recv(&w->streams[conn], into->at + into->len, pq_buf_room(into), &got, deadline);
    into->len += got;
    return result_of(r);
}

static enum pq_wire_result net_half_close(void *ctx, unsigned conn, uint64_t deadline)
{
    struct pq_wire_net *w = ctx;
    return result_of(pq_stream_half_close(&w->streams[conn], deadline));
}

static void net_end(void *ctx, unsigned conn, enum pq_wire_end how)
{
    static void (*const ends[])(struct pq_stream *) = {
        [PQ_WIRE_CLOSE] = pq_stream_close,
        [PQ_WIRE_DROP] = pq_stream_reset,
        [PQ_WIRE_CUT] = pq_stream_cut,
    };
    struct pq_wire_net *w = ctx;
    struct pq_stream *s = &w->streams[conn];
    w->had_tls[conn] = s->tls != NULL;
    w->tls_ends[conn] = pq_stream_tls_end(s);
    ends[how](s);
}

static void net_corrupt(void *ctx, unsigned conn)
{
    struct pq_wire_net *w = ctx;
    w->corrupt[conn] = true;
}

/* ---- TLS ------------------------------------------------------------------------------------- */

/* An address is no name: RFC 6066 section 3 wants SNI to be a DNS name. */
static bool is_name(const char *host)
{
    bool letters = false;
    for (struct pq_slice s = pq_slice_text(host); s.len > 0; s = pq_slice_after(s, 1)) {
        if (s.at[0] == ':')
            return false;
        letters = letters || pq_ascii_is_alpha(s.at[0]);
    }
    return letters;
}

/* Octets of a dialogue as a text of the library; NULL when there are none. Lives in `memory`. */
static const char *text_of(struct pq_slice octets, char *memory, size_t size)
{
    (void)snprintf(memory, size, "%.*s", (int)octets.len, octets.at ? (const char *)octets.at : "");
    return octets.at ? memory : NULL;
}

static struct pq_tls_hello hello_of(const struct pq_wire_tls_options *options)
{
    static const enum pq_tls_hello_kind kinds[] = {
        [1 + PQ_DLG_HELLO_SSL2] = PQ_TLS_HELLO_SSL2,
        [1 + PQ_DLG_HELLO_CLEAR] = PQ_TLS_HELLO_CLEAR,
        [1 + PQ_DLG_HELLO_DEFLATE] = PQ_TLS_HELLO_DEFLATE,
        [1 + PQ_DLG_HELLO_TRUNCATED_HMAC] = PQ_TLS_HELLO_TRUNCATED_HMAC,
    };
    return (struct pq_tls_hello){
        .kind = kinds[options->hello], .record = options->record, .suites = options->suites};
}

#define CIPHERS_MAX 1024u

/* Makes the engine of a connection. */
static bool begin(struct pq_wire_net *w, unsigned conn, const struct pq_wire_tls_options *options)
{
    const char *host = w->target->config.host;
    char sni[PQ_TLS_NAME_MAX + 1], ciphers[CIPHERS_MAX];
    struct pq_tls_peer peer = {
        .sni = host && is_name(host) ? host : NULL,
        .name = host,
        .ciphers = text_of(options->ciphers, ciphers, sizeof(ciphers)),
        .alpn = options->alpn,
        .hello = hello_of(options),
        .old_secret = options->old_secret,
        .resume = options->resume > 0 ? w->streams[options->resume].tls : NULL,
    };
    if (options->sni.at)
        peer.sni = text_of(options->sni, sni, sizeof(sni));
    struct pq_tls_context *context = target_context(w->target, options, &w->why);
    return context && pq_stream_tls_begin(&w->streams[conn], context, &peer) == PQ_STATUS_OK;
}

static bool net_hello(void *ctx, unsigned conn, const struct pq_wire_tls_options *options,
                      struct pq_buf *out)
{
    struct pq_wire_net *w = ctx;
    w->why.text[0] = 0;
    w->begun[conn] = begin(w, conn, options);
    return w->begun[conn] && pq_stream_tls_hello(&w->streams[conn], out) == PQ_STATUS_OK;
}

static enum pq_wire_tls net_start_tls(void *ctx, unsigned conn,
                                      const struct pq_wire_tls_options *options,
                                      struct pq_slice early, uint64_t deadline)
{
    struct pq_wire_net *w = ctx;
    w->why.text[0] = 0;
    if (!w->begun[conn] && !begin(w, conn, options))
        return PQ_WIRE_TLS_FAILED;
    w->begun[conn] = false;
    early = pq_slice_first(early, PQ_STREAM_EARLY_MAX);
    return tls_result_of(pq_stream_tls_handshake(&w->streams[conn], early, deadline));
}

static bool net_facts(void *ctx, unsigned conn, struct pq_buf *out)
{
    const struct pq_wire_net *w = ctx;
    if (w->streams[conn].tls)
        pq_tls_facts(w->streams[conn].tls, out);
    else if (w->had_tls[conn])
        pq_tls_end_fact(w->tls_ends[conn], out);
    return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static const char *net_why(void *ctx, unsigned conn)
{
    const struct pq_wire_net *w = ctx;
    return w->why.text[0] ? w->why.text : w->streams[conn].why.text;
}

static uint64_t net_now_ms(void *ctx)
{
    const struct pq_wire_net *w = ctx;
    return w->inner->now_ms(w->inner->ctx);
}

static uint64_t net_took(void *ctx, unsigned conn, uint64_t ms)
{
    (void)ctx;
    (void)conn;
    return ms;
}

static void net_ask(void *ctx, const struct pq_ask *ask, struct pq_answer *answer)
{
    const struct pq_wire_net *w = ctx;
    if (w->asker.ask) {
        w->asker.ask(w->asker.ctx, ask, answer);
        return;
    }
    answer->kind = PQ_ANSWER_UNABLE;
    (void)snprintf(answer->why, sizeof(answer->why), "%s needs an adapter, and there is none here",
                   pq_ask_word(ask->what));
}

void pq_wire_net_init(struct pq_wire_net *w, struct pq_target *target, const struct pq_io *io,
                      struct pq_asker asker, void (*gap)(void))
{
    *w = (struct pq_wire_net){
        .target = target,
        .inner = io ? io : pq_io_system(),
        .asker = asker,
        .gap = gap,
    };
    w->io = wire_net_io(w);
    for (size_t n = 0; n < PQ_WIRE_CONNS; n++)
        pq_stream_init(&w->streams[n], &w->io);
}

void pq_wire_net_free(struct pq_wire_net *w)
{
    for (size_t n = 0; n < PQ_WIRE_CONNS; n++)
        pq_stream_close(&w->streams[n]);
}

struct pq_wire pq_wire_net_wire(struct pq_wire_net *w)
{
    return (struct pq_wire){
        .open = net_open,
        .send = net_send,
        .gap = net_gap,
        .recv = net_recv,
        .half_close = net_half_close,
        .end = net_end,
        .start_tls = net_start_tls,
        .hello = net_hello,
        .facts = net_facts,
        .corrupt = net_corrupt,
        .why = net_why,
        .wait = net_wait,
        .now_ms = net_now_ms,
        .took = net_took,
        .ask = net_ask,
        .ctx = w,
    };
}
