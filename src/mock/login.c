/* SPDX-License-Identifier: Apache-2.0
 * Credentials and the maildrop they open (RFC 1939 sections 4 and 7). */
#include "mock/server_internal.h"

#include "base/digest.h"
#include "mock/mbox.h"
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
    if (!s->behaviour->takes_password(s)) {
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
    bool right =
        s->behaviour->matches(s, PQ_VERB_PASS, pq_buf_slice(&given), password) && prepared && a;
    pq_secret_wipe(memory, sizeof(memory));
    if (right)
        server_login(s, name);
    else
        server_refuse_credentials(s);
}

/* MD5 of timestamp and password, in lower-case hexadecimal. */
static bool digest_is_right(struct pq_server *s, struct pq_slice password, struct pq_slice given)
{
    uint8_t memory[sizeof(((struct pq_server *)0)->timestamp_text) + PQ_STORE_NAME_MAX];
    uint8_t hex[2 * PQ_DIGEST_MAX];
    struct pq_buf text, want;
    struct pq_digest digest;
    pq_buf_init(&text, memory, sizeof(memory));
    pq_buf_init(&want, hex, sizeof(hex));
    pq_buf_put(&text, s->timestamp);
    pq_buf_put(&text, password);
    bool right = !text.overflowed &&
                 pq_hash_digest(PQ_HASH_MD5, pq_buf_slice(&text), &digest) == PQ_STATUS_OK &&
                 pq_hex_encode(pq_digest_slice(&digest), &want) == PQ_STATUS_OK &&
                 s->behaviour->matches(s, PQ_VERB_APOP, given, pq_buf_slice(&want));
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
    if (digest_is_right(s, password, c->args[1]) && prepared && a)
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

/* A view of a maildrop that is being made. */
struct view {
    struct pq_message *messages;
    struct pq_stored **stored;
    size_t count;
};

static bool view_begin(struct pq_server *s, struct view *v, size_t most)
{
    v->count = 0;
    v->messages = get(s, most, sizeof(*v->messages));
    v->stored = get(s, most, sizeof(struct pq_stored *));
    if (v->messages && v->stored)
        return true;
    give_back(s, v->messages);
    give_back(s, (void *)v->stored);
    return false;
}

static void view_put(struct view *v, struct pq_stored *m)
{
    v->messages[v->count] =
        (struct pq_message){.octets = m->octets, .uid = pq_slice_of(m->uid, sizeof(m->uid))};
    v->stored[v->count++] = m;
}

/* The view that this session has of the maildrop, fixed from here on (RFC 1939 section 4). */
static bool open_maildrop(struct pq_server *s, struct pq_account *a)
{
    struct view v;
    if (!view_begin(s, &v, count_present(a)))
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!a->messages[i]->gone)
            view_put(&v, a->messages[i]);
    s->stored = v.stored;
    pq_maildrop_init(&s->maildrop, v.messages, v.count);
    a->lock = s;
    s->account = a;
    s->behaviour->opened(s);
    return true;
}

static bool is_in_view(const struct pq_server *s, const struct pq_stored *m)
{
    for (size_t i = s->maildrop.count; i-- > 0;)
        if (s->stored[i] == m)
            return true;
    return false;
}

/* Where mail begins that the view lacks: all that arrives stands behind the rest. */
static size_t find_new_mail(const struct pq_server *s)
{
    const struct pq_account *a = s->account;
    size_t from = a->count;
    while (from > 0 && !a->messages[from - 1]->gone && !is_in_view(s, a->messages[from - 1]))
        from--;
    return from;
}

static void view_put_new_mail(struct view *v, const struct pq_account *a, size_t from)
{
    for (size_t i = from; i < a->count; i++)
        view_put(v, a->messages[i]);
}

bool server_take_new_mail(struct pq_server *s, bool in_front)
{
    struct view v;
    size_t from = find_new_mail(s);
    if (from == s->account->count)
        return true;
    if (!view_begin(s, &v, s->maildrop.count + s->account->count - from))
        return false;
    if (in_front)
        view_put_new_mail(&v, s->account, from);
    for (size_t i = 0; i < s->maildrop.count; i++) {
        view_put(&v, s->stored[i]);
        v.messages[v.count - 1].deleted = s->maildrop.messages[i].deleted;
    }
    if (!in_front)
        view_put_new_mail(&v, s->account, from);
    give_back(s, s->maildrop.messages);
    give_back(s, (void *)s->stored);
    s->stored = v.stored;
    pq_maildrop_init(&s->maildrop, v.messages, v.count);
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

/* What became of a file is for whoever started the server; a client learns that it failed. */
static bool tell(struct pq_server *s, enum pq_status status, const struct pq_why *why)
{
    if (status != PQ_STATUS_OK && s->mock->complain)
        s->mock->complain(why->text);
    return status == PQ_STATUS_OK;
}

/* Mail may have come to a file since. */
static bool refresh(struct pq_server *s, struct pq_account *a)
{
    struct pq_why why = {""};
    return !a->mbox || tell(s, pq_mbox_refresh(&s->mock->store, a, &why), &why);
}

static void set_gone(struct pq_server *s, bool gone)
{
    for (size_t i = 0; i < s->maildrop.count; i++)
        if (s->maildrop.messages[i].deleted)
            s->stored[i]->gone = gone;
}

bool server_commit(struct pq_server *s)
{
    struct pq_why why = {""};
    set_gone(s, true);
    if (s->maildrop.live_count == s->maildrop.count || !s->account || !s->account->mbox ||
        tell(s, pq_mbox_commit(&s->mock->store, s->account, &why), &why))
        return true;
    set_gone(s, false);
    return false;
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
    } else if (s->behaviour->locked(s, a)) {
        server_err(s, "IN-USE", "the maildrop is open in another session");
    } else if (!refresh(s, a)) {
        server_err(s, "SYS/TEMP", "the maildrop cannot be read");
    } else if (!open_maildrop(s, a)) {
        server_err(s, "SYS/TEMP", "no memory for the maildrop");
    } else {
        a->logged_in_before = true;
        a->last_login_ms = s->now_ms;
        greet_user(s);
    }
}
