/* SPDX-License-Identifier: Apache-2.0
 * The reference: what RFC 1939, 2449, 2595, 5034 and 6856 ask for at each point. */
#include "mock/behaviour.h"

#include "mock/server_internal.h"

static enum pq_refusal judge(struct pq_server *s, const struct pq_event *e)
{
    (void)s;
    return e->refusal;
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

static uint64_t number(struct pq_server *s, size_t index)
{
    (void)s;
    return index + 1;
}

static uint64_t size(struct pq_server *s, size_t index)
{
    return s->maildrop.messages[index].octets;
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

/* RFC 1939 section 6: without QUIT no message is removed. */
static void dropped(struct pq_server *s)
{
    (void)s;
}

static bool update(struct pq_server *s)
{
    server_commit(s);
    return true;
}

static uint64_t idle_limit_ms(struct pq_server *s)
{
    return s->mock->config.autologout_ms;
}

static bool restarts_idle(struct pq_server *s)
{
    (void)s;
    return true;
}

/* RFC 2595 section 4, and CVE-2011-0411: nothing from before the handshake counts inside TLS. */
static bool keeps_nothing(struct pq_server *s)
{
    (void)s;
    return false;
}

static bool initial(struct pq_server *s, struct pq_slice *text)
{
    (void)s;
    return text->len > 0;
}

static bool is_empty_initial(struct pq_server *s, struct pq_slice text)
{
    (void)s;
    return pq_slice_equal(text, PQ_SLICE("="));
}

static bool is_cancel(struct pq_server *s, struct pq_slice line)
{
    (void)s;
    return pq_slice_equal(line, PQ_SLICE("*"));
}

static enum pq_status decode(struct pq_server *s, struct pq_slice text, struct pq_buf *out)
{
    (void)s;
    return pq_base64_decode(text, out);
}

static enum pq_status challenge(struct pq_server *s, struct pq_slice data)
{
    return pq_conn_challenge(&s->conn, data);
}

struct pq_behaviour pq_behaviour_reference(void)
{
    return (struct pq_behaviour){
        .judge = judge,
        .find = find,
        .mark = mark,
        .reset = reset,
        .totals = totals,
        .times = times,
        .number = number,
        .size = size,
        .body = body,
        .may_send = may_send,
        .dropped = dropped,
        .update = update,
        .idle_limit_ms = idle_limit_ms,
        .restarts_idle = restarts_idle,
        .keeps_leftover = keeps_nothing,
        .keeps_user = keeps_nothing,
        .initial = initial,
        .is_empty_initial = is_empty_initial,
        .is_cancel = is_cancel,
        .decode = decode,
        .challenge = challenge,
    };
}
