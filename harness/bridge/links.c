/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "harness/bridge/links.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_CAP 65536u
#define UNDER_WAY_MS 5
#define UNDER_WAY_ROUNDS 64u
#define SEND_ROUNDS 64u /* how often a server that takes little is asked to take more */

static uint64_t patience(const struct pq_links *l)
{
    return pq_io_deadline(pq_io_system(), l->server->o->patience_ms);
}

static void tell(struct pq_links *l, unsigned conn, enum pq_heard what, struct pq_slice octets)
{
    for (size_t i = 0; i < l->ears_len; i++)
        l->ears[i].tell(l->ears[i].ctx, conn, what, octets);
}

static void tell_text(struct pq_links *l, unsigned conn, enum pq_heard what, const char *text)
{
    tell(l, conn, what, pq_slice_text(text));
}

/* ---- making and forgetting ------------------------------------------------------------------- */

/* Changes the last octet once, which is within the record's tag. */
static ssize_t send_or_corrupt(void *ctx, int fd, struct pq_slice octets)
{
    struct pq_links *l = ctx;
    const struct pq_io *io = pq_io_system();
    uint8_t changed[RECEIVE_CAP];
    if (!l->corrupt || octets.len == 0 || octets.len > sizeof(changed))
        return io->send(io->ctx, fd, octets);
    l->corrupt = false;
    memcpy(changed, octets.at, octets.len);
    changed[octets.len - 1] ^= 1;
    return io->send(io->ctx, fd, pq_slice_of(changed, octets.len));
}

bool pq_links_init(struct pq_links *l, struct pq_server *server)
{
    const char *ca = server->o->ca;
    const struct pq_tls_config config = {.verify = ca != NULL, .weak = true, .ca = {.file = ca}};
    struct pq_why why;
    *l = (struct pq_links){.server = server, .io = *pq_io_system()};
    l->io.send = send_or_corrupt;
    l->io.ctx = l;
    for (size_t i = 0; i <= PQ_WIRE_CONN_MAX; i++)
        pq_stream_init(&l->each[i].stream, &l->io);
    l->tls = pq_tls_context_new(&config, pq_alloc_default(), &why);
    if (!l->tls)
        (void)fprintf(stderr, "popquiz-bridge: %s\n", why.text);
    return l->tls != NULL;
}

void pq_links_free(struct pq_links *l)
{
    pq_links_close(l);
    pq_tls_context_free(l->tls);
    l->tls = NULL;
}

void pq_links_add_ear(struct pq_links *l, pq_heard_fn *tell_it, void *ctx)
{
    if (l->ears_len < PQ_EARS_COUNT)
        l->ears[l->ears_len++] = (struct pq_ear){tell_it, ctx};
}

void pq_links_begin(struct pq_links *l)
{
    l->hung = l->corrupt = false;
    for (size_t i = 1; i <= PQ_WIRE_CONN_MAX; i++)
        l->each[i].begun = l->each[i].ended = false;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static bool tail_is(const struct pq_link *one, uint64_t octets, unsigned n)
{
    return (one->tail & ((UINT64_C(1) << 8 * n) - 1)) == octets;
}

/* Whether the reply to what was sent last is there as a whole, as far as that can be told. */
static bool is_complete(const struct pq_link *one)
{
    bool multi = one->reply == PQ_GIST_OK && pq_verb_is_multi(one->gist.verb, one->gist.words);
    if (one->gist.asked || !tail_is(one, '\n', 1))
        return !one->gist.asked && !one->gist.whole;
    return !multi || tail_is(one, 0x0A2E0D0A, 4);
}

static void note_reply(struct pq_link *one, struct pq_slice octets)
{
    enum pq_gist_reply reply = pq_gist_on_reply(&one->gist, octets);
    one->answered = reply != PQ_GIST_NONE;
    one->reply = one->answered ? reply : one->reply;
    for (size_t i = octets.len > 8 ? octets.len - 8 : 0; i < octets.len; i++)
        one->tail = one->tail << 8 | octets.at[i];
}

static void acknowledge(struct pq_link *one)
{
    const int on = 1;
    if (one->stream.tcp)
        (void)setsockopt(one->stream.in, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/* Takes what has come, without waiting. */
static void take(struct pq_links *l, unsigned conn)
{
    struct pq_link *one = &l->each[conn];
    static uint8_t room[RECEIVE_CAP];
    size_t got = 0;
    if (!one->begun || one->ended)
        return;
    enum pq_stream_result result = PQ_STREAM_OK;
    do {
        result = pq_stream_recv(&one->stream, room, sizeof(room), &got, 0);
        if (result == PQ_STREAM_OK) {
            note_reply(one, pq_slice_of(room, got));
            tell(l, conn, PQ_HEARD_SERVER, pq_slice_of(room, got));
        }
    } while (result == PQ_STREAM_OK);
    acknowledge(one);
    one->ended = result != PQ_STREAM_TIMEOUT;
    if (one->ended)
        tell_text(l, conn, PQ_HEARD_END, pq_stream_result_text(result));
}

static void take_all(void *ctx)
{
    struct pq_links *l = ctx;
    for (unsigned conn = 1; conn <= PQ_WIRE_CONN_MAX; conn++)
        take(l, conn);
}

bool pq_links_settle(struct pq_links *l)
{
    enum pq_quiet quiet = pq_server_wait(l->server, patience(l), take_all, l);
    take_all(l);
    l->hung = l->hung || quiet == PQ_QUIET_BUSY;
    return quiet == PQ_QUIET && !l->hung;
}

/* A reply that is due and has not come may be under way: TCP delivers it in its own time, and on a
 * busy machine the kernel can call a process asleep that was interrupted on its way there. */
static bool settle_one(struct pq_links *l, unsigned conn)
{
    struct pq_link *one = &l->each[conn];
    bool fine = pq_links_settle(l);
    for (size_t n = 0; n < UNDER_WAY_ROUNDS && fine && !one->ended; n++) {
        struct pollfd input = {.fd = one->stream.in, .events = POLLIN};
        if (is_complete(one) || poll(&input, 1, UNDER_WAY_MS) <= 0)
            break;
        fine = pq_links_settle(l);
    }
    return fine;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool shake_hands(struct pq_links *l, unsigned conn)
{
    const struct pq_tls_peer peer = {.sni = "localhost", .name = "localhost"};
    struct pq_link *one = &l->each[conn];
    const struct pq_slice nothing = {NULL, 0};
    bool begun = pq_stream_tls_begin(&one->stream, l->tls, &peer) == PQ_STATUS_OK;
    enum pq_starttls outcome = PQ_STARTTLS_FAILED;
    if (begun)
        outcome = pq_stream_tls_handshake(&one->stream, nothing, patience(l));
    tell_text(l, conn, PQ_HEARD_TLS, pq_starttls_text(outcome));
    return outcome == PQ_STARTTLS_OK;
}

/* A ClientHello is random: where nobody expects one, no two cases would be alike. */
static bool is_tls_due(const struct pq_link *one)
{
    bool answered = one->gist.whole && !one->gist.asked;
    return !one->stream.secured && answered && one->gist.verb == PQ_VERB_STLS &&
           one->reply == PQ_GIST_OK;
}

bool pq_links_start_tls(struct pq_links *l, unsigned conn)
{
    if (!pq_links_open(l, conn) || !is_tls_due(&l->each[conn]))
        return false;
    bool fine = shake_hands(l, conn);
    return pq_links_settle(l) && fine;
}

static bool send_on_open(struct pq_links *l, unsigned conn, struct pq_slice octets)
{
    struct pq_link *one = &l->each[conn];
    tell(l, conn, PQ_HEARD_CLIENT, octets);
    pq_gist_on_line(&one->gist, octets);
    one->tail = 0;
    enum pq_stream_result result = PQ_STREAM_TIMEOUT;
    for (size_t round = 0; round < SEND_ROUNDS && result == PQ_STREAM_TIMEOUT; round++) {
        pq_server_mark(l->server);
        result = pq_stream_send(&one->stream, &octets, 0);
        if (!settle_one(l, conn) || one->ended)
            return false;
    }
    return result == PQ_STREAM_OK;
}

static bool say_stls(struct pq_links *l, unsigned conn)
{
    return send_on_open(l, conn, PQ_SLICE("STLS\r\n")) && shake_hands(l, conn) &&
           pq_links_settle(l);
}

bool pq_links_open(struct pq_links *l, unsigned conn)
{
    struct pq_link *one = &l->each[conn];
    enum pq_bridge_tls tls = l->server->o->tls;
    if (one->begun)
        return !one->ended;
    one->begun = true;
    pq_stream_close(&one->stream);
    pq_stream_init(&one->stream, &l->io);
    one->ended = !pq_server_connect(l->server, &one->stream);
    if (one->ended)
        return false;
    acknowledge(one);
    pq_gist_init(&one->gist);
    one->tail = 0;
    tell_text(l, conn, PQ_HEARD_OPEN, "");
    if (tls == PQ_BRIDGE_TLS_IMPLICIT && !shake_hands(l, conn))
        one->ended = true;
    if (!settle_one(l, conn) || one->ended)
        return false;
    return tls != PQ_BRIDGE_TLS_STLS || say_stls(l, conn);
}

/* ---- sending --------------------------------------------------------------------------------- */

static bool half_close(struct pq_links *l, unsigned conn)
{
    tell_text(l, conn, PQ_HEARD_LAST, "half-closed");
    return pq_stream_half_close(&l->each[conn].stream, 0) == PQ_STREAM_OK;
}

bool pq_links_send(struct pq_links *l, unsigned conn, struct pq_slice octets)
{
    return pq_links_open(l, conn) && send_on_open(l, conn, octets);
}

void pq_links_corrupt(struct pq_links *l, unsigned conn)
{
    l->corrupt = l->each[conn].begun && l->each[conn].stream.secured;
}

bool pq_links_half_close(struct pq_links *l, unsigned conn)
{
    if (!pq_links_open(l, conn))
        return false;
    bool sent = half_close(l, conn);
    return pq_links_settle(l) && sent;
}

bool pq_links_reset(struct pq_links *l, unsigned conn)
{
    if (!pq_links_open(l, conn))
        return false;
    pq_stream_reset(&l->each[conn].stream);
    l->each[conn].ended = true;
    tell_text(l, conn, PQ_HEARD_RESET, "reset by the client");
    return pq_links_settle(l);
}

/* What is closed at once may or may not be there any more when the server answers the rest of what
 * it has read. */
void pq_links_finish(struct pq_links *l)
{
    bool some = false;
    for (unsigned conn = 1; conn <= PQ_WIRE_CONN_MAX; conn++) {
        if (!l->each[conn].begun || l->each[conn].ended)
            continue;
        pq_server_mark(l->server);
        some = half_close(l, conn) || some;
    }
    if (some)
        (void)pq_links_settle(l);
}

void pq_links_close(struct pq_links *l)
{
    for (size_t i = 1; i <= PQ_WIRE_CONN_MAX; i++) {
        struct pq_link *one = &l->each[i];
        if (one->begun && !one->ended)
            pq_server_mark(l->server); /* else nobody is woken by this */
        pq_stream_close(&one->stream);
        one->ended = true;
    }
}
