/* SPDX-License-Identifier: Apache-2.0
 * The reference: what RFC 1939, 2449, 2595, 5034 and 6856 ask for at each point. */
#include "mock/behaviour.h"

#include "base/digest.h"
#include "mock/server_internal.h"

#include <string.h>

static struct pq_slice before_tls(struct pq_mock *mock)
{
    (void)mock;
    return pq_slice_of(NULL, 0);
}

static void begin(struct pq_server *s)
{
    (void)s;
}

static bool endless(struct pq_server *s, uint64_t octets)
{
    (void)s;
    return octets > PQ_SERVER_LINE_MAX;
}

static bool greet(struct pq_server *s, struct pq_slice text)
{
    return pq_conn_greet(&s->conn, text) == PQ_STATUS_OK;
}

static size_t arrive(struct pq_server *s, struct pq_slice in)
{
    (void)s;
    return in.len;
}

static bool reply(struct pq_server *s, enum pq_indicator indicator, struct pq_slice code,
                  struct pq_slice text)
{
    return pq_conn_reply(&s->conn, indicator, code, text) == PQ_STATUS_OK;
}

static bool terminates(struct pq_server *s, enum pq_verb verb)
{
    (void)s;
    (void)verb;
    return true;
}

static enum pq_refusal judge(struct pq_server *s, struct pq_event *e)
{
    (void)s;
    return e->refusal;
}

static bool takes_password(struct pq_server *s)
{
    return server_may_send_password(s);
}

static bool matches(struct pq_server *s, enum pq_verb verb, struct pq_slice given,
                    struct pq_slice want)
{
    (void)s;
    (void)verb;
    return pq_secret_equal(given, want);
}

/* RFC 1939 section 4: one session at a time. */
static bool locked(const struct pq_server *s, const struct pq_account *a)
{
    (void)s;
    return a->lock != NULL;
}

/* RFC 1939 section 5: a message that does not exist and one that is marked give the same error. */
static struct pq_message *find(struct pq_server *s, enum pq_verb verb, uint64_t number)
{
    (void)verb;
    return pq_maildrop_find(&s->maildrop, number);
}

static bool mark(struct pq_server *s, uint64_t number)
{
    return pq_maildrop_delete(&s->maildrop, number);
}

static void reset(struct pq_server *s)
{
    pq_maildrop_reset(&s->maildrop);
}

static void totals(struct pq_server *s, uint64_t *count, uint64_t *octets)
{
    *count = s->maildrop.live_count;
    *octets = s->maildrop.live_octets;
}

static unsigned times(struct pq_server *s, enum pq_verb verb, size_t index)
{
    (void)verb;
    return s->maildrop.messages[index].deleted ? 0 : 1;
}

static uint64_t number(struct pq_server *s, enum pq_verb verb, size_t index)
{
    (void)s;
    (void)verb;
    return index + 1;
}

static uint64_t size(struct pq_server *s, size_t index)
{
    return s->maildrop.messages[index].octets;
}

static void field(struct pq_server *s, enum pq_verb verb, size_t index, struct pq_buf *line)
{
    if (verb == PQ_VERB_LIST)
        pq_buf_put_u64(line, s->behaviour->size(s, index));
    else
        pq_buf_put(line, s->maildrop.messages[index].uid);
}

static void opened(struct pq_server *s)
{
    (void)s;
}

static uint64_t top_lines(struct pq_server *s, size_t index, uint64_t lines)
{
    (void)s;
    (void)index;
    return lines;
}

static bool body(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                 struct pq_bytes *wire)
{
    (void)s;
    (void)verb;
    (void)index;
    (void)lines;
    (void)wire;
    return false;
}

/* RFC 6856 section 2.1: without UTF8 such a message is refused with the code [UTF8]. */
static bool may_send(struct pq_server *s, size_t index)
{
    return !s->mock->config.utf8 || s->conn.session.utf8 || !s->stored[index]->header_8bit;
}

static bool ends(struct pq_server *s)
{
    (void)s;
    return true;
}

static bool resumes(struct pq_server *s)
{
    (void)s;
    return true;
}

/* RFC 1939 section 6: without QUIT no message is removed. */
static void dropped(struct pq_server *s)
{
    (void)s;
}

/* RFC 1939 section 6: -ERR when "some deleted messages" were not removed. */
static bool update(struct pq_server *s)
{
    if (s->mock->config.read_only)
        return s->maildrop.live_count == s->maildrop.count;
    return server_commit(s);
}

static uint64_t idle_limit_ms(const struct pq_server *s)
{
    return s->mock->config.autologout_ms;
}

static bool restarts_idle(struct pq_server *s)
{
    (void)s;
    return true;
}

static void accept_utf8(struct pq_server *s)
{
    server_ok(s, "UTF-8 mode");
}

static void accept_stls(struct pq_server *s)
{
    server_ok(s, "begin TLS");
}

/* RFC 2595 section 4, and CVE-2011-0411: nothing from before the handshake counts inside TLS. */
static enum pq_leftover leftover(struct pq_server *s, struct pq_slice octets)
{
    (void)octets;
    return s->mock->config.leftover;
}

static enum pq_stray stray(struct pq_server *s, struct pq_slice octets)
{
    (void)s;
    (void)octets;
    return PQ_STRAY_TLS;
}

static void secured(struct pq_server *s)
{
    s->user_len = 0;
    s->language = PQ_LANGUAGE_ENGLISH;
}

static uint64_t handshake_limit_ms(const struct pq_server *s)
{
    return s->mock->config.handshake_ms;
}

static bool closes_tls(struct pq_server *s)
{
    (void)s;
    return true;
}

static void learned(struct pq_server *s)
{
    (void)s;
}

static void exchange(struct pq_server *s, enum pq_mechanism mechanism,
                     struct pq_sasl_server_config *config)
{
    (void)s;
    (void)mechanism;
    (void)config;
}

static bool initial(struct pq_server *s, struct pq_slice *text)
{
    (void)s;
    return text->len > 0;
}

static enum pq_status decode(struct pq_server *s, struct pq_slice text, struct pq_buf *out)
{
    (void)s;
    return pq_base64_decode(text, out);
}

/* RFC 5034 section 4: "=" stands for an empty message. */
static enum pq_status decode_initial(struct pq_server *s, struct pq_slice text, struct pq_buf *out)
{
    if (pq_slice_equal(text, PQ_SLICE("=")))
        return PQ_STATUS_OK;
    return s->behaviour->decode(s, text, out);
}

static enum pq_status challenge(struct pq_server *s, struct pq_slice data)
{
    return pq_conn_challenge(&s->conn, data);
}

static void cancel(struct pq_server *s)
{
    server_end_sasl(s);
    server_err(s, "", "the exchange was cancelled");
}

struct pq_behaviour pq_behaviour_reference(void)
{
    return (struct pq_behaviour){
        .before_tls = before_tls,
        .begin = begin,
        .greet = greet,
        .arrive = arrive,
        .reply = reply,
        .terminates = terminates,
        .endless = endless,
        .capability = server_capability,
        .obey = server_obey,
        .judge = judge,
        .takes_password = takes_password,
        .matches = matches,
        .locked = locked,
        .find = find,
        .mark = mark,
        .reset = reset,
        .totals = totals,
        .times = times,
        .number = number,
        .size = size,
        .field = field,
        .opened = opened,
        .top_lines = top_lines,
        .body = body,
        .may_send = may_send,
        .ends = ends,
        .resumes = resumes,
        .dropped = dropped,
        .update = update,
        .idle_limit_ms = idle_limit_ms,
        .restarts_idle = restarts_idle,
        .accept_utf8 = accept_utf8,
        .accept_stls = accept_stls,
        .leftover = leftover,
        .stray = stray,
        .secured = secured,
        .learned = learned,
        .handshake_limit_ms = handshake_limit_ms,
        .closes_tls = closes_tls,
        .exchange = exchange,
        .initial = initial,
        .decode_initial = decode_initial,
        .decode = decode,
        .challenge = challenge,
        .cancel = cancel,
        .may_act_as = server_may_act_as,
    };
}

/* Function pointers have one size, and a null one is all zero (POSIX). */
#define SLOT_SIZE sizeof(void (*)(void))
_Static_assert(sizeof(struct pq_behaviour) % SLOT_SIZE == 0, "a behaviour holds only functions");

void pq_behaviour_lay_over(struct pq_behaviour *b, const struct pq_behaviour *with)
{
    static const uint8_t null[SLOT_SIZE];
    for (size_t at = 0; at < sizeof(*b); at += SLOT_SIZE)
        if (memcmp((const uint8_t *)with + at, null, SLOT_SIZE) != 0)
            memcpy((uint8_t *)b + at, (const uint8_t *)with + at, SLOT_SIZE);
}
