/* SPDX-License-Identifier: Apache-2.0
 * Credentials and the maildrop they open (RFC 1939 sections 4 and 7). */
#include "mock/server_internal.h"

#include "base/digest.h"
#include "mock/prepare.h"

bool server_may_send_password(const struct pq_server *s)
{
    return !s->mock->config.require_tls || s->conn.session.tls != PQ_TLS_NONE;
}

/* The same words for a name that is unknown and a password that is wrong (RFC 1939 section 13). */
void server_refuse_credentials(struct pq_server *s)
{
    server_err(s, "AUTH", "invalid name or password");
}

/* ---- USER, PASS, APOP ------------------------------------------------------------------------ */

bool server_keep_name(struct pq_server *s, struct pq_slice given)
{
    struct pq_buf name;
    pq_buf_init(&name, s->user, sizeof(s->user));
    bool prepared = pq_prepare(given, &name) == PQ_STATUS_OK;
    s->user_len = name.len;
    return prepared;
}

void server_user(struct pq_server *s, const struct pq_command *c)
{
    if (!s->mock->config.user) {
        server_err(s, "", "USER is not offered");
        return;
    }
    if (!server_may_send_password(s)) {
        server_err(s, "", "a password in clear is refused: use STLS");
        return;
    }
    if (server_keep_name(s, c->args[0]))
        server_ok(s, "send PASS");
    else
        server_refuse_credentials(s);
}

void server_pass(struct pq_server *s, const struct pq_command *c)
{
    uint8_t memory[PQ_COMMAND_LINE_MAX];
    struct pq_buf given;
    struct pq_slice name = pq_slice_of(s->user, s->user_len);
    const struct pq_account *a = pq_store_find(&s->mock->store, name);
    struct pq_slice password = a ? a->password : pq_slice_of(NULL, 0);
    pq_buf_init(&given, memory, sizeof(memory));
    bool prepared = pq_prepare(c->args[0], &given) == PQ_STATUS_OK;
    bool right = pq_secret_equal(pq_buf_slice(&given), password) && prepared && a;
    pq_secret_wipe(memory, sizeof(memory));
    if (right)
        server_login(s, name);
    else
        server_refuse_credentials(s);
}

/* MD5 of timestamp and password, in lower-case hexadecimal. */
static bool digest_is_right(struct pq_slice timestamp, struct pq_slice password,
                            struct pq_slice given)
{
    uint8_t memory[sizeof(((struct pq_server *)0)->timestamp_text) + PQ_STORE_NAME_MAX];
    uint8_t hex[2 * PQ_DIGEST_MAX];
    struct pq_buf text, want;
    struct pq_digest digest;
    pq_buf_init(&text, memory, sizeof(memory));
    pq_buf_init(&want, hex, sizeof(hex));
    pq_buf_put(&text, timestamp);
    pq_buf_put(&text, password);
    bool right = !text.overflowed &&
                 pq_hash_digest(PQ_HASH_MD5, pq_buf_slice(&text), &digest) == PQ_STATUS_OK &&
                 pq_hex_encode(pq_digest_slice(&digest), &want) == PQ_STATUS_OK &&
                 pq_secret_equal(given, pq_buf_slice(&want));
    pq_secret_wipe(memory, sizeof(memory));
    return right;
}

void server_apop(struct pq_server *s, const struct pq_command *c)
{
    if (s->timestamp.len == 0) {
        server_err(s, "", "APOP is not offered");
        return;
    }
    bool prepared = server_keep_name(s, c->args[0]);
    struct pq_slice name = pq_slice_of(s->user, s->user_len);
    const struct pq_account *a = pq_store_find(&s->mock->store, name);
    struct pq_slice password = a ? a->password : pq_slice_of(NULL, 0);
    if (digest_is_right(s->timestamp, password, c->args[1]) && prepared && a)
        server_login(s, name);
    else
        server_refuse_credentials(s);
}

/* ---- opening and closing --------------------------------------------------------------------- */

static bool is_too_soon(const struct pq_server *s, const struct pq_account *a)
{
    uint64_t delay_ms = (uint64_t)s->mock->config.login_delay_s * 1000;
    return delay_ms > 0 && a->logged_in_before && s->now_ms - a->last_login_ms < delay_ms;
}

static size_t count_present(const struct pq_account *a)
{
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        count += !a->messages[i]->gone;
    return count;
}

static void *get(struct pq_server *s, size_t count, size_t size)
{
    struct pq_alloc alloc = s->mock->alloc;
    return alloc.resize(alloc.ctx, NULL, (count + 1) * size);
}

static void give_back(struct pq_server *s, void *memory)
{
    struct pq_alloc alloc = s->mock->alloc;
    if (memory)
        alloc.resize(alloc.ctx, memory, 0);
}

/* The view that this session has of the maildrop, fixed from here on (RFC 1939 section 4). */
static bool open_maildrop(struct pq_server *s, struct pq_account *a)
{
    size_t count = count_present(a), at = 0;
    struct pq_message *messages = get(s, count, sizeof(*messages));
    s->stored = get(s, count, sizeof(struct pq_stored *));
    if (!messages || !s->stored) {
        give_back(s, messages);
        give_back(s, (void *)s->stored);
        s->stored = NULL;
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        struct pq_stored *m = a->messages[i];
        if (m->gone)
            continue;
        messages[at] =
            (struct pq_message){.octets = m->octets, .uid = pq_slice_of(m->uid, sizeof(m->uid))};
        s->stored[at++] = m;
    }
    pq_maildrop_init(&s->maildrop, messages, count);
    a->lock = s;
    s->account = a;
    return true;
}

void server_close_maildrop(struct pq_server *s)
{
    if (!s->account)
        return;
    if (s->account->lock == s)
        s->account->lock = NULL;
    s->account = NULL;
    give_back(s, s->maildrop.messages);
    give_back(s, (void *)s->stored);
    s->stored = NULL;
    pq_maildrop_init(&s->maildrop, NULL, 0);
}

void server_commit(struct pq_server *s)
{
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (s->maildrop.messages[i].deleted)
            s->stored[i]->gone = true;
}

static void greet_user(struct pq_server *s)
{
    uint8_t memory[96];
    struct pq_buf text;
    pq_buf_init(&text, memory, sizeof(memory));
    server_say(s, &text, "maildrop has");
    pq_buf_put_octet(&text, ' ');
    pq_buf_put_u64(&text, s->maildrop.live_count);
    pq_buf_put_octet(&text, ' ');
    server_say(s, &text, "messages");
    pq_buf_put_text(&text, " (");
    pq_buf_put_u64(&text, s->maildrop.live_octets);
    pq_buf_put_octet(&text, ' ');
    server_say(s, &text, "octets");
    pq_buf_put_octet(&text, ')');
    server_ok_text(s, pq_buf_slice(&text));
}

void server_login(struct pq_server *s, struct pq_slice name)
{
    struct pq_account *a = pq_store_find(&s->mock->store, name);
    if (!a) {
        server_refuse_credentials(s);
    } else if (is_too_soon(s, a)) {
        server_err(s, "LOGIN-DELAY", "too soon after the last login");
    } else if (a->lock) {
        server_err(s, "IN-USE", "the maildrop is open in another session");
    } else if (!open_maildrop(s, a)) {
        server_err(s, "SYS/TEMP", "no memory for the maildrop");
    } else {
        a->logged_in_before = true;
        a->last_login_ms = s->now_ms;
        greet_user(s);
    }
}
