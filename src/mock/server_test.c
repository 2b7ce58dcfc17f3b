/* SPDX-License-Identifier: Apache-2.0
 * The reference server without sockets: whole conversations, in every cut of what the client sends
 * and however slowly the answers are read. */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "mock/server.h"
#include "popquiz/sasl.h"

static const char first_message[] = "Subject: one\n\n.dot\nlast\n";
static const char second_message[] = "Subject: two\r\n\r\n..\r\nno end";
static const char utf8_message[] = "Subject: \xC3\xA9\r\n\r\nx\r\n";

static void fill(struct pq_mock *m)
{
    struct pq_account *a = pq_store_add(&m->store, PQ_SLICE("tim"), PQ_SLICE("tan staaf"));
    assert_non_null(a);
    assert_int_equal(pq_store_deliver(&m->store, a, PQ_SLICE("1"), pq_slice_text(first_message)),
                     0);
    assert_int_equal(pq_store_deliver(&m->store, a, PQ_SLICE("2"), pq_slice_text(second_message)),
                     0);
    assert_non_null(pq_store_add(&m->store, PQ_SLICE("empty"), PQ_SLICE("pw")));
    struct pq_account *u = pq_store_add(&m->store, PQ_SLICE("utf"), PQ_SLICE("pw"));
    assert_int_equal(pq_store_deliver(&m->store, u, PQ_SLICE("1"), pq_slice_text(utf8_message)), 0);
}

static void begin(struct pq_mock *m)
{
    pq_mock_init(m, pq_alloc_default(), 1);
    fill(m);
    m->config.apop_timestamp = "<1896.697170952@dbc.mtview.ca.us>";
    m->config.nonce = "abc";
    m->config.host = "h";
}

struct transcript {
    uint8_t at[1u << 16];
    size_t len;
};

/* Reads at most `step` octets of what waits. */
static bool drain(struct pq_server *s, size_t step, struct transcript *t)
{
    struct pq_slice out = pq_slice_first(pq_server_out(s), step);
    assert_true(t->len + out.len <= sizeof(t->at));
    if (out.len > 0)
        memcpy(t->at + t->len, out.at, out.len);
    t->len += out.len;
    pq_server_sent(s, out.len, 0);
    return out.len > 0;
}

/* Sends `input` in writes of `step` octets; all that waits is read after each. */
static void talk(struct pq_server *s, struct pq_slice input, size_t step, struct transcript *t)
{
    while (input.len > 0 && !pq_server_is_over(s) && !pq_server_wants_tls(s)) {
        size_t taken = pq_server_take(s, guard_slice(pq_slice_first(input, step)), 0);
        input = pq_slice_after(input, taken);
        while (drain(s, step, t))
            continue;
    }
}

static void converse(struct pq_mock *m, struct pq_slice input, size_t step, struct transcript *t)
{
    t->len = 0;
    struct pq_server *s = pq_server_new(m, PQ_TLS_NONE, 0);
    assert_non_null(s);
    while (drain(s, step, t))
        continue;
    talk(s, input, step, t);
    pq_server_free(s);
}

#define GREETING "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"
#define LOGIN "USER tim\r\nPASS tan staaf\r\n"
#define LOGGED_IN "+OK send PASS\r\n+OK maildrop has 2 messages (56 octets)\r\n"

static const struct conversation {
    const char *name, *input, *output;
} conversations[] = {
    {"quit", "QUIT\r\n", "+OK bye\r\n"},
    {"listings", LOGIN "STAT\r\nLIST\r\nLIST 2\r\nLIST 3\r\nNOOP\r\n",
     LOGGED_IN "+OK 2 56\r\n+OK scan listing follows\r\n1 28\r\n2 28\r\n.\r\n+OK 2 28\r\n"
               "-ERR no such message\r\n+OK\r\n"},
    {"retr", LOGIN "RETR 1\r\nRETR 2\r\nRETR 0\r\n",
     LOGGED_IN "+OK message follows\r\nSubject: one\r\n\r\n..dot\r\nlast\r\n.\r\n"
               "+OK message follows\r\nSubject: two\r\n\r\n...\r\nno end\r\n.\r\n"
               "-ERR no such message\r\n"},
    {"top", LOGIN "TOP 1 0\r\nTOP 1 1\r\nTOP 1 99999999999999999999\r\nTOP 3 0\r\n",
     LOGGED_IN "+OK top of message follows\r\nSubject: one\r\n\r\n.\r\n"
               "+OK top of message follows\r\nSubject: one\r\n\r\n..dot\r\n.\r\n"
               "+OK top of message follows\r\nSubject: one\r\n\r\n..dot\r\nlast\r\n.\r\n"
               "-ERR no such message\r\n"},
    {"marks", LOGIN "DELE 1\r\nDELE 1\r\nLIST\r\nLIST 1\r\nSTAT\r\nRETR 1\r\nRSET\r\nSTAT\r\n",
     LOGGED_IN "+OK message marked as deleted\r\n-ERR no such message\r\n"
               "+OK scan listing follows\r\n2 28\r\n.\r\n-ERR no such message\r\n+OK 1 28\r\n"
               "-ERR no such message\r\n+OK no message is marked\r\n+OK 2 56\r\n"},
    {"empty maildrop", "USER empty\r\nPASS pw\r\nSTAT\r\nLIST\r\nUIDL\r\n",
     "+OK send PASS\r\n+OK maildrop has 0 messages (0 octets)\r\n+OK 0 0\r\n"
     "+OK scan listing follows\r\n.\r\n+OK unique-id listing follows\r\n.\r\n"},
    {"wrong password", "USER tim\r\nPASS no\r\nPASS tan staaf\r\nUSER nobody\r\nPASS x\r\nSTAT\r\n",
     "+OK send PASS\r\n-ERR [AUTH] invalid name or password\r\n"
     "-ERR PASS must follow USER immediately, and USER only stands first\r\n+OK send PASS\r\n"
     "-ERR [AUTH] invalid name or password\r\n"
     "-ERR the command is not valid in this state\r\n"},
    {"apop",
     "APOP tim 00000000000000000000000000000000\r\n"
     "APOP tim 9c04f412e57e5a0393cc115224974631\r\n",
     "-ERR [AUTH] invalid name or password\r\n+OK maildrop has 2 messages (56 octets)\r\n"},
    {"auth plain", "AUTH PLAIN AHRpbQB0YW4gc3RhYWY=\r\nSTAT\r\n",
     "+OK maildrop has 2 messages (56 octets)\r\n+OK 2 56\r\n"},
    {"auth plain in steps", "AUTH PLAIN\r\nAHRpbQB0YW4gc3RhYWY=\r\nAUTH PLAIN\r\n",
     "+ \r\n+OK maildrop has 2 messages (56 octets)\r\n"
     "-ERR the command is not valid in this state\r\n"},
    {"auth cancelled", "AUTH LOGIN\r\n*\r\nSTAT\r\n",
     "+ VXNlcm5hbWU6\r\n-ERR the exchange was cancelled\r\n"
     "-ERR the command is not valid in this state\r\n"},
    {"auth cram-md5", "AUTH CRAM-MD5\r\ndGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n",
     "+ PGFiY0BoPg==\r\n-ERR [AUTH] invalid name or password\r\n"},
    {"auth refused", "AUTH NTLM\r\nAUTH CRAM-MD5 eA==\r\nAUTH PLAIN !\r\n",
     "-ERR the mechanism is not offered\r\n-ERR a message where the mechanism has none\r\n"
     "-ERR the response is not base64\r\n"},
    {"capa", "CAPA\r\n",
     "+OK capability list follows\r\nTOP\r\nUSER\r\n"
     "SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2\r\nRESP-CODES\r\nPIPELINING\r\n"
     "EXPIRE NEVER\r\nUIDL\r\nIMPLEMENTATION popquiz-mock\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\n"
     ".\r\n"},
    {"no tls", "STLS\r\nLANG\r\nXYZZ\r\n\r\n",
     "-ERR TLS is not offered\r\n-ERR LANG is not offered\r\n-ERR the keyword is unknown\r\n"
     "-ERR the line is empty\r\n"},
    {"utf8", "USER utf\r\nPASS pw\r\nRETR 1\r\nTOP 1 0\r\nUTF8\r\n",
     "+OK send PASS\r\n+OK maildrop has 1 messages (18 octets)\r\n"
     "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"
     "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"
     "-ERR the command is not valid in this state\r\n"},
    {"utf8 mode", "UTF8\r\nUSER utf\r\nPASS pw\r\nRETR 1\r\n",
     "+OK UTF-8 mode\r\n+OK send PASS\r\n+OK maildrop has 1 messages (18 octets)\r\n"
     "+OK message follows\r\nSubject: \xC3\xA9\r\n\r\nx\r\n.\r\n"},
};

static void test_conversations_in_every_cut(void **state)
{
    (void)state;
    static struct transcript t;
    struct pq_slice greeting = PQ_SLICE(GREETING);
    for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
        const struct conversation *c = &conversations[i];
        for (size_t step = 1; step <= strlen(c->input); step++) {
            struct pq_mock m;
            begin(&m);
            converse(&m, pq_slice_text(c->input), step, &t);
            struct pq_slice got = pq_slice_of(t.at, t.len);
            assert_true(pq_slice_equal(pq_slice_first(got, greeting.len), greeting));
            got = pq_slice_after(got, greeting.len);
            if (!pq_slice_equal(got, pq_slice_text(c->output)))
                fail_msg("%s, step %zu: got %.*s", c->name, step, (int)got.len, got.at);
            pq_mock_free(&m);
        }
    }
}

/* ---- between sessions ------------------------------------------------------------------------ */

static void expect(struct pq_mock *m, const char *input, const char *last_line)
{
    static struct transcript t;
    converse(m, pq_slice_text(input), 4096, &t);
    size_t n = strlen(last_line);
    struct pq_slice got = pq_slice_of(t.at, t.len);
    if (t.len < n || !pq_slice_equal(pq_slice_after(got, t.len - n), pq_slice_text(last_line)))
        fail_msg("%s: got %.*s", input, (int)t.len, t.at);
}

static void test_only_quit_removes(void **state)
{
    (void)state;
    struct pq_mock m;
    begin(&m);
    expect(&m, LOGIN "DELE 1\r\n", "+OK message marked as deleted\r\n");
    expect(&m, LOGIN "STAT\r\n", "+OK 2 56\r\n");
    expect(&m, LOGIN "DELE 1\r\nQUIT\r\n", "+OK bye\r\n");
    expect(&m, LOGIN "STAT\r\n", "+OK 1 28\r\n");
    pq_store_reset(&m.store);
    expect(&m, LOGIN "STAT\r\n", "+OK 2 56\r\n");
    pq_mock_free(&m);
}

static void test_the_lock_is_exclusive_and_released(void **state)
{
    (void)state;
    static struct transcript t;
    struct pq_mock m;
    begin(&m);
    struct pq_server *first = pq_server_new(&m, PQ_TLS_NONE, 0);
    t.len = 0;
    talk(first, PQ_SLICE(LOGIN), 4096, &t);
    expect(&m, LOGIN, "-ERR [IN-USE] the maildrop is open in another session\r\n");
    expect(&m, "USER empty\r\nPASS pw\r\n", "+OK maildrop has 0 messages (0 octets)\r\n");
    pq_server_on_end(first);
    expect(&m, LOGIN, "+OK maildrop has 2 messages (56 octets)\r\n");
    pq_server_free(first);
    pq_mock_free(&m);
}

static void test_login_delay(void **state)
{
    (void)state;
    static struct transcript t;
    struct pq_mock m;
    begin(&m);
    m.config.login_delay_s = 60;
    expect(&m, LOGIN, "+OK maildrop has 2 messages (56 octets)\r\n");
    expect(&m, LOGIN, "-ERR [LOGIN-DELAY] too soon after the last login\r\n");
    struct pq_server *later = pq_server_new(&m, PQ_TLS_NONE, 60000);
    t.len = 0;
    assert_true(pq_server_take(later, PQ_SLICE(LOGIN), 60000) > 0);
    while (drain(later, 4096, &t))
        continue;
    assert_true(pq_slice_equal(pq_slice_after(pq_slice_of(t.at, t.len), sizeof(GREETING) - 1),
                               PQ_SLICE(LOGGED_IN)));
    pq_server_free(later);
    pq_mock_free(&m);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void test_autologout(void **state)
{
    (void)state;
    struct pq_mock m;
    begin(&m);
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 1000);
    size_t greeting = pq_server_out(s).len;
    (void)pq_server_take(s, PQ_SLICE(LOGIN "DELE 1\r\n"), 2000);
    pq_server_sent(s, pq_server_out(s).len, 2000);
    assert_true(greeting > 0 && pq_server_deadline_ms(s) == 2000 + PQ_MOCK_AUTOLOGOUT_MS);
    pq_server_on_time(s, 2000 + PQ_MOCK_AUTOLOGOUT_MS - 1);
    assert_false(pq_server_is_over(s));
    (void)pq_server_take(s, PQ_SLICE("XYZZ\r\n"), 3000);
    assert_true(pq_server_deadline_ms(s) == 3000 + PQ_MOCK_AUTOLOGOUT_MS);
    pq_server_sent(s, pq_server_out(s).len, 3000);
    pq_server_on_time(s, 3000 + PQ_MOCK_AUTOLOGOUT_MS);
    assert_true(pq_server_is_over(s) && pq_server_out(s).len == 0);
    pq_server_free(s);
    expect(&m, LOGIN "STAT\r\n", "+OK 2 56\r\n");
    pq_mock_free(&m);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static struct pq_server *begin_stls(struct pq_mock *m, const char *input, size_t *left)
{
    m->config.tls = true;
    struct pq_server *s = pq_server_new(m, PQ_TLS_NONE, 0);
    size_t taken = pq_server_take(s, pq_slice_text(input), 0);
    *left = strlen(input) - taken;
    pq_server_sent(s, pq_server_out(s).len, 0);
    return s;
}

static void test_stls_forgets_what_was_said_in_clear(void **state)
{
    (void)state;
    static struct transcript t;
    struct pq_mock m;
    size_t left;
    begin(&m);
    struct pq_server *s = begin_stls(&m, "USER tim\r\nSTLS\r\nCAPA\r\n", &left);
    assert_true(pq_server_wants_tls(s) && left == 6);
    assert_true(pq_server_deadline_ms(s) == PQ_MOCK_HANDSHAKE_MS);
    assert_true(pq_server_on_leftover(s, PQ_SLICE("CAPA\r\n")));
    pq_server_on_tls(s, true, 0);
    assert_int_equal(pq_server_out(s).len, 0);
    t.len = 0;
    talk(s, PQ_SLICE("PASS tan staaf\r\nSTLS\r\n"), 4096, &t);
    assert_true(pq_slice_equal(
        pq_slice_of(t.at, t.len),
        PQ_SLICE("-ERR PASS must follow USER immediately, and USER only stands first\r\n"
                 "-ERR TLS is already active\r\n")));
    pq_server_free(s);
    m.config.leftover = PQ_LEFTOVER_CLOSE;
    s = begin_stls(&m, "STLS\r\nX", &left);
    assert_false(pq_server_on_leftover(s, PQ_SLICE("X")));
    pq_server_on_tls(s, false, 0);
    assert_true(pq_server_is_over(s));
    pq_server_free(s);
    pq_mock_free(&m);
}

static void test_no_password_in_clear_when_tls_is_required(void **state)
{
    (void)state;
    struct pq_mock m;
    begin(&m);
    m.config.tls = m.config.require_tls = true;
    expect(&m, "USER tim\r\n", "-ERR a password in clear is refused: use STLS\r\n");
    expect(&m, "AUTH PLAIN\r\n", "-ERR the mechanism is not offered\r\n");
    expect(&m, "CAPA\r\n",
           "TOP\r\nSASL CRAM-MD5 SCRAM-SHA-256\r\nRESP-CODES\r\nPIPELINING\r\nEXPIRE NEVER\r\n"
           "UIDL\r\nIMPLEMENTATION popquiz-mock\r\nSTLS\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\n.\r\n");
    pq_mock_free(&m);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void test_an_endless_line_ends_the_session(void **state)
{
    (void)state;
    static uint8_t noise[4096];
    struct pq_mock m;
    size_t fed = 0;
    begin(&m);
    memset(noise, 'a', sizeof(noise));
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
    while (!pq_server_is_over(s) && fed < (1u << 20))
        fed += pq_server_take(s, pq_slice_of(noise, sizeof(noise)), 0);
    assert_true(fed > 8192 && fed <= (64u << 10) + sizeof(noise));
    pq_server_free(s);
    pq_mock_free(&m);
}

/* An allocator that fails from the n-th request on. */
struct nth_fault {
    size_t calls, fail_at;
};

static void *fault_resize(void *ctx, void *old, size_t size)
{
    struct nth_fault *f = ctx;
    if (size > 0 && ++f->calls >= f->fail_at)
        return NULL;
    struct pq_alloc real = pq_alloc_default();
    return real.resize(real.ctx, old, size);
}

static void test_sessions_survive_every_allocation_fault(void **state)
{
    (void)state;
    static struct transcript t;
    size_t n = 1;
    for (bool clean = false; !clean; n++) {
        struct pq_mock m;
        begin(&m);
        struct nth_fault f = {.fail_at = n};
        m.alloc = (struct pq_alloc){fault_resize, &f};
        struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
        if (s) {
            t.len = 0;
            talk(s, PQ_SLICE("AUTH PLAIN AHRpbQB0YW4gc3RhYWY=\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n"),
                 4096, &t);
            clean = f.calls < n;
            pq_server_free(s);
        }
        assert_null(pq_store_find(&m.store, PQ_SLICE("tim"))->lock);
        pq_mock_free(&m);
    }
    assert_int_equal(n - 2, 4); /* the session, the exchange, two arrays of the maildrop */
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void test_faults_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"retr-no-dot-stuffing", true},
        {"retr-no-dot-stuffing(messages=all)", true},
        {"retr-no-dot-stuffing(messages=2)@3", true},
        {"retr-no-dot-stuffing@0", false},
        {"retr-no-dot-stuffing(messages=0)", false},
        {"retr-no-dot-stuffing(messages", false},
        {"retr-no-dot-stuffing(offset=1)", false},
        {"nonsense", false},
        {"", false},
        {"stat-total-off-by-one(octets=all)", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pq_mock m;
        struct pq_why why = {""};
        begin(&m);
        bool good = pq_fault_add(&m.plan, &m.behaviour, cases[i].text, 0, &why) == PQ_STATUS_OK;
        if (good != cases[i].good || (!good && why.text[0] == 0))
            fail_msg("%s: %s", cases[i].text, why.text);
        pq_mock_free(&m);
    }
}

static void test_a_fault_acts_on_its_occasion(void **state)
{
    (void)state;
    struct pq_mock m;
    struct pq_why why;
    begin(&m);
    assert_int_equal(
        pq_fault_add(&m.plan, &m.behaviour, "stat-total-off-by-one(octets=5)@2", 0, &why),
        PQ_STATUS_OK);
    expect(&m, LOGIN "STAT\r\n", "+OK 2 56\r\n");
    expect(&m, LOGIN "STAT\r\n", "+OK 2 66\r\n");
    expect(&m, LOGIN "STAT\r\n", "+OK 2 56\r\n");
    pq_mock_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations_in_every_cut),
        cmocka_unit_test(test_only_quit_removes),
        cmocka_unit_test(test_the_lock_is_exclusive_and_released),
        cmocka_unit_test(test_login_delay),
        cmocka_unit_test(test_autologout),
        cmocka_unit_test(test_stls_forgets_what_was_said_in_clear),
        cmocka_unit_test(test_no_password_in_clear_when_tls_is_required),
        cmocka_unit_test(test_an_endless_line_ends_the_session),
        cmocka_unit_test(test_sessions_survive_every_allocation_fault),
        cmocka_unit_test(test_faults_are_read),
        cmocka_unit_test(test_a_fault_acts_on_its_occasion),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
