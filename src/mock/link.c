/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/link.h"

#include "mock/channel.h"

/* How octets pass. */
enum stage {
    STAGE_PLAIN,     /* in clear */
    STAGE_HANDSHAKE, /* implicit, or after +OK to STLS */
    STAGE_SECURE,
    STAGE_OVER, /* TLS failed, or the peer is gone: only what waits is sent */
};

struct pq_link {
    const struct pq_link_config *config;
    struct pq_server *server; /* NULL until an implicit handshake is done */
    struct pq_tls *tls;
    enum stage stage;
    bool eof;              /* the peer ended its direction */
    bool closing;          /* close_notify was put behind the last answer */
    bool shaking;          /* octets of a handshake came */
    struct pq_slice early; /* to be sent in clear before TLS */
    uint64_t id, begin_ms, now_ms;
    struct pq_bytes pending; /* plaintext that the session did not take yet */
    struct pq_bytes raw;     /* ciphertext that TLS did not take yet */
};

static struct pq_transcript_at here(const struct pq_link *l)
{
    return (struct pq_transcript_at){
        .ms = l->now_ms, .conn = l->id, .tls = l->stage == STAGE_SECURE};
}

/* Answers as they leave, before TLS. */
static void write_down(const struct pq_link *l, struct pq_slice answers)
{
    pq_transcript_answer(l->config->transcript, here(l), answers, &l->config->mock->store);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool begin_server(struct pq_link *l, enum pq_tls_mode mode)
{
    l->server = pq_server_new(l->config->mock, mode, l->now_ms);
    if (!l->server)
        return false;
    pq_server_watch(l->server, l->config->transcript, l->id);
    return true;
}

static bool begin_tls(struct pq_link *l)
{
    struct pq_why why;
    if (l->config->tls)
        l->tls = pq_tls_new(l->config->tls, NULL, &why);
    l->stage = STAGE_HANDSHAKE;
    return l->tls != NULL;
}

static void pump(struct pq_link *l);

struct pq_link *pq_link_new(const struct pq_link_config *config, bool implicit, uint64_t now_ms)
{
    struct pq_alloc alloc = config->mock->alloc;
    struct pq_link *l = alloc.resize(alloc.ctx, NULL, sizeof(*l));
    if (!l)
        return NULL;
    *l = (struct pq_link){.config = config, .begin_ms = now_ms, .now_ms = now_ms};
    l->id = ++config->mock->links;
    pq_bytes_init(&l->pending, alloc, PQ_LINK_INPUT_MAX);
    pq_bytes_init(&l->raw, alloc, PQ_LINK_INPUT_MAX);
    if (implicit)
        l->early = config->mock->behaviour.before_tls(config->mock);
    if (implicit ? begin_tls(l) : begin_server(l, PQ_TLS_NONE)) {
        pq_transcript_note(config->transcript, here(l), "connected");
        pump(l);
        return l;
    }
    pq_link_free(l);
    return NULL;
}

void pq_link_free(struct pq_link *l)
{
    if (!l)
        return;
    pq_transcript_note(l->config->transcript, here(l), "closed");
    pq_server_free(l->server);
    pq_tls_free(l->tls);
    pq_bytes_free(&l->pending);
    pq_bytes_free(&l->raw);
    struct pq_alloc alloc = l->config->mock->alloc;
    alloc.resize(alloc.ctx, l, 0);
}

/* The session ends here, and nothing more is read. */
static void give_up(struct pq_link *l)
{
    if (l->server)
        pq_server_on_end(l->server);
    l->stage = STAGE_OVER;
    pq_bytes_clear(&l->pending);
    pq_bytes_clear(&l->raw);
}

/* ---- plaintext ------------------------------------------------------------------------------- */

/* Offers plaintext to the session; what it does not take waits. */
static void offer(struct pq_link *l, struct pq_slice octets)
{
    if (l->pending.len == 0)
        octets = pq_slice_after(octets, pq_server_take(l->server, octets, l->now_ms));
    if (octets.len > 0 && pq_bytes_put(&l->pending, octets) != PQ_STATUS_OK)
        give_up(l);
}

/* Offers again what waits; true when some of it was taken. */
static bool offer_again(struct pq_link *l)
{
    if (l->pending.len == 0)
        return false;
    size_t taken = pq_server_take(l->server, pq_bytes_slice(&l->pending), l->now_ms);
    pq_bytes_drop(&l->pending, taken);
    return taken > 0;
}

/* The client's octets behind STLS, which came in clear; false when they end the connection. */
static bool settle_leftover(struct pq_link *l)
{
    if (l->pending.len == 0)
        return true;
    switch (pq_server_leftover(l->server, pq_bytes_slice(&l->pending))) {
    case PQ_LEFTOVER_DISCARD:
        pq_bytes_clear(&l->pending);
        return true;
    case PQ_LEFTOVER_KEEP:
        return true;
    case PQ_LEFTOVER_CLOSE:
        break;
    }
    return false;
}

/* +OK to STLS has left: everything that waits came in clear, and the handshake begins. */
static void switch_to_tls(struct pq_link *l)
{
    if (!settle_leftover(l) || !begin_tls(l))
        give_up(l);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

#define TLS_HANDSHAKE_RECORD 0x16u /* the first octet of one, RFC 8446 section 5.1 */

/* What of `octets`, the next ones in a handshake behind STLS, is for TLS. */
static struct pq_slice settle_stray(struct pq_link *l, struct pq_slice octets)
{
    /* The handshake may come in one piece with what stands before it. */
    size_t clear = pq_slice_index(octets, TLS_HANDSHAKE_RECORD);
    l->shaking = l->shaking || clear == 0;
    if (l->shaking)
        return octets;
    switch (pq_server_stray(l->server, pq_slice_first(octets, clear), l->now_ms)) {
    case PQ_STRAY_TLS:
        l->shaking = true;
        return octets;
    case PQ_STRAY_KEEP:
        l->shaking = clear < octets.len;
        offer(l, pq_slice_first(octets, clear));
        return pq_slice_after(octets, clear);
    case PQ_STRAY_CLEAR:
        pq_tls_free(l->tls);
        l->tls = NULL;
        l->stage = STAGE_PLAIN;
        break;
    }
    offer(l, octets);
    return pq_slice_of(NULL, 0);
}

static void run_handshake(struct pq_link *l)
{
    enum pq_next next = pq_tls_handshake(l->tls);
    if (next == PQ_NEXT_NEED_DATA)
        return;
    pq_transcript_note(l->config->transcript, here(l),
                       next == PQ_NEXT_EVENT ? "TLS began" : pq_tls_why(l->tls));
    if (next == PQ_NEXT_ERROR) {
        if (l->server)
            pq_server_on_tls(l->server, false, l->now_ms);
        give_up(l);
        return;
    }
    l->stage = STAGE_SECURE;
    bool began = !l->server;
    if (began && !begin_server(l, PQ_TLS_IMPLICIT)) {
        give_up(l);
        return;
    }
    pq_channel_tell(l->tls, &l->config->mock->store, l->server);
    if (!began)
        pq_server_on_tls(l->server, true, l->now_ms);
}

/* Whether TLS ended in a way after which nobody can be answered. */
static bool tls_is_broken(const struct pq_link *l)
{
    enum pq_tls_end end = pq_tls_end(l->tls);
    return end != PQ_TLS_END_NONE && end != PQ_TLS_END_CLOSED && end != PQ_TLS_END_CUT;
}

/* Takes plaintext out of TLS while the session keeps up; true when some was there. */
static bool read_tls(struct pq_link *l)
{
    uint8_t memory[4096];
    size_t got = 0;
    if (l->pending.len > 0)
        return false;
    enum pq_next next = pq_tls_read(l->tls, memory, sizeof(memory), &got);
    if (next == PQ_NEXT_EVENT)
        offer(l, pq_slice_of(memory, got));
    else if (next == PQ_NEXT_ERROR)
        l->eof = true;
    return next == PQ_NEXT_EVENT;
}

/* Moves answers into TLS; true when some were moved. */
static bool write_tls(struct pq_link *l)
{
    struct pq_slice out = pq_server_out(l->server);
    size_t taken = out.len > 0 ? pq_tls_write(l->tls, out) : 0;
    if (taken == 0)
        return false;
    write_down(l, pq_slice_first(out, taken));
    pq_server_sent(l->server, taken, l->now_ms);
    return true;
}

/* ---- the pump -------------------------------------------------------------------------------- */

static bool session_is_over(const struct pq_link *l)
{
    return l->server && pq_server_is_over(l->server);
}

/* Moves ciphertext into TLS; true when some was moved. */
static bool feed_tls(struct pq_link *l)
{
    size_t taken = l->raw.len > 0 ? pq_tls_feed(l->tls, pq_bytes_slice(&l->raw)) : 0;
    pq_bytes_drop(&l->raw, taken);
    if (l->eof && l->raw.len == 0)
        pq_tls_eof(l->tls);
    return taken > 0;
}

static bool pump_plain(struct pq_link *l)
{
    bool moved = offer_again(l);
    /* While the +OK has not left, what arrives was sent in clear. */
    if (pq_server_wants_tls(l->server) && pq_server_out(l->server).len == 0)
        switch_to_tls(l);
    return moved || l->stage != STAGE_PLAIN;
}

static bool pump_handshake(struct pq_link *l)
{
    bool moved = feed_tls(l);
    run_handshake(l);
    return moved || l->stage != STAGE_HANDSHAKE;
}

static bool pump_secure(struct pq_link *l)
{
    bool moved = write_tls(l);
    moved = offer_again(l) || moved;
    moved = feed_tls(l) || moved;
    moved = read_tls(l) || moved;
    if (!tls_is_broken(l))
        return moved;
    pq_transcript_note(l->config->transcript, here(l), pq_tls_why(l->tls));
    give_up(l);
    return false;
}

/* One round; true when something moved. */
static bool pump_once(struct pq_link *l)
{
    switch (l->stage) {
    case STAGE_PLAIN:
        return pump_plain(l);
    case STAGE_HANDSHAKE:
        return pump_handshake(l);
    case STAGE_SECURE:
        return pump_secure(l);
    case STAGE_OVER:
        break;
    }
    return false;
}

static void pump(struct pq_link *l)
{
    while (pump_once(l))
        continue;
    bool idle = l->pending.len == 0 || l->stage == STAGE_OVER;
    if (l->eof && idle && l->server && !pq_server_is_busy(l->server))
        pq_server_on_end(l->server);
    if (session_is_over(l) && l->stage == STAGE_SECURE && !l->closing &&
        pq_server_out(l->server).len == 0) {
        if (pq_server_closes_tls(l->server))
            pq_tls_close(l->tls);
        l->closing = true;
    }
}

bool pq_link_wants_input(const struct pq_link *l)
{
    bool open = !l->eof && l->stage != STAGE_OVER && !session_is_over(l);
    /* During a handshake only ciphertext can arrive. */
    return open && l->raw.len == 0 && (l->pending.len == 0 || l->stage == STAGE_HANDSHAKE);
}

void pq_link_input(struct pq_link *l, struct pq_slice octets, uint64_t now_ms)
{
    l->now_ms = now_ms;
    if (l->stage == STAGE_HANDSHAKE && l->server && octets.len > 0)
        octets = settle_stray(l, octets);
    if (l->stage == STAGE_PLAIN)
        offer(l, octets);
    else if (l->stage != STAGE_OVER && pq_bytes_put(&l->raw, octets) != PQ_STATUS_OK)
        give_up(l);
    pump(l);
}

void pq_link_eof(struct pq_link *l, uint64_t now_ms)
{
    l->now_ms = now_ms;
    l->eof = true;
    pump(l);
}

void pq_link_reset(struct pq_link *l)
{
    give_up(l);
}

/* Whether answers leave in clear: never once TLS began, and be it that it failed. */
static bool sends_plain(const struct pq_link *l)
{
    return l->server && !l->tls;
}

struct pq_slice pq_link_output(struct pq_link *l)
{
    if (l->early.len > 0)
        return l->early;
    if (sends_plain(l))
        return pq_server_out(l->server);
    return l->tls ? pq_tls_send_buf(l->tls) : pq_slice_of(NULL, 0);
}

void pq_link_sent(struct pq_link *l, size_t n, uint64_t now_ms)
{
    l->now_ms = now_ms;
    if (l->early.len > 0) {
        l->early = pq_slice_after(l->early, n);
    } else if (sends_plain(l)) {
        write_down(l, pq_slice_first(pq_server_out(l->server), n));
        pq_server_sent(l->server, n, now_ms);
    } else if (l->tls) {
        pq_tls_send_ack(l->tls, n);
    }
    pump(l);
}

bool pq_link_is_over(struct pq_link *l)
{
    bool ended = l->stage == STAGE_OVER || session_is_over(l) || (l->eof && !l->server);
    return ended && pq_link_output(l).len == 0;
}

bool pq_link_wants_reset(const struct pq_link *l)
{
    return l->server && pq_server_wants_reset(l->server);
}

bool pq_link_is_half_closed(const struct pq_link *l)
{
    return l->server && pq_server_is_half_closed(l->server);
}

uint64_t pq_link_wake_ms(const struct pq_link *l)
{
    return l->server ? pq_server_wake_ms(l->server) : UINT64_MAX;
}

void pq_link_wake(struct pq_link *l, uint64_t now_ms)
{
    l->now_ms = now_ms;
    if (l->server)
        pq_server_wake(l->server, now_ms);
    pump(l);
}

uint64_t pq_link_deadline_ms(const struct pq_link *l)
{
    return l->server ? pq_server_deadline_ms(l->server)
                     : l->begin_ms + l->config->mock->config.handshake_ms;
}

void pq_link_on_time(struct pq_link *l, uint64_t now_ms)
{
    l->now_ms = now_ms;
    if (now_ms < pq_link_deadline_ms(l))
        return;
    if (l->server)
        pq_server_on_time(l->server, now_ms);
    if (l->stage != STAGE_SECURE)
        give_up(l);
    pump(l);
}
