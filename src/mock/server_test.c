/* SPDX-License-Identifier: Apache-2.0
 * The reference server without sockets: whole conversations, in every cut of what the client sends
 * and however slowly the answers are read. */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

#include "popquiz/sasl.h"

static void begin(struct pq_mock *m)
{
    mock_begin(m);
    add_mail(m, "tim", PQ_SLICE("Subject: one\n\n.dot\nlast\n"));
    add_mail(m, "tim", PQ_SLICE("Subject: two\r\n\r\n..\r\nno end"));
    assert_non_null(pq_store_add(&m->store, PQ_SLICE("empty"), PQ_SLICE("pw")));
    assert_non_null(pq_store_add(&m->store, PQ_SLICE("utf"), PQ_SLICE("pw")));
    assert_non_null(pq_store_add(&m->store, PQ_SLICE("j\xC3\xBCrgen"), PQ_SLICE("\xC3\x9F")));
    add_mail(m, "utf", PQ_SLICE("Subject: \xC3\xA9\r\n\r\nx\r\n"));
}

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
     "LANG\r\n.\r\n"},
    {"no tls", "STLS\r\nXYZZ\r\n\r\n",
     "-ERR TLS is not offered\r\n-ERR the keyword is unknown\r\n-ERR the line is empty\r\n"},
    {"utf8", "USER utf\r\nPASS pw\r\nRETR 1\r\nTOP 1 0\r\nUTF8\r\n",
     "+OK send PASS\r\n+OK maildrop has 1 messages (18 octets)\r\n"
     "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"
     "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"
     "-ERR the command is not valid in this state\r\n"},
    {"utf8 name", "USER j\xC3\xBCrgen\r\nPASS \xC3\x9F\r\nUSER \xC3\r\nSTLS \xC3\xBC\r\n",
     "+OK send PASS\r\n+OK maildrop has 0 messages (0 octets)\r\n"
     "-ERR an octet is not printable ASCII\r\n-ERR an octet is not printable ASCII\r\n"},
    {"prepared", "USER ju\xCC\x88rgen\xC2\xAD\r\nPASS \xC3\x9F\r\n",
     "+OK send PASS\r\n+OK maildrop has 0 messages (0 octets)\r\n"},
    {"prohibited", "USER tim\xE2\x80\x8E\r\nPASS x\r\nUSER tim\r\nPASS tan staaf\xE2\x80\x8E\r\n",
     "-ERR [AUTH] invalid name or password\r\n"
     "-ERR PASS must follow USER immediately, and USER only stands first\r\n+OK send PASS\r\n"
     "-ERR [AUTH] invalid name or password\r\n"},
    {"prepared for APOP", "APOP ju\xCC\x88rgen 1605efd8030733d3852d7739e84c3153\r\n",
     "+OK maildrop has 0 messages (0 octets)\r\n"},
    {"utf8 mode", "UTF8\r\nUSER utf\r\nPASS pw\r\nRETR 1\r\n",
     "+OK UTF-8 mode\r\n+OK send PASS\r\n+OK maildrop has 1 messages (18 octets)\r\n"
     "+OK message follows\r\nSubject: \xC3\xA9\r\n\r\nx\r\n.\r\n"},
};

static void test_conversations_in_every_cut(void **state)
{
    (void)state;
    static struct received r;
    for (size_t i = 0; i < COUNT(conversations); i++) {
        const struct conversation *c = &conversations[i];
        for (size_t step = 1; step <= strlen(c->input); step++) {
            struct pq_mock m;
            begin(&m);
            converse(&m, pq_slice_text(c->input), step, &r);
            expect_octets(c->name, received_slice(&r), pq_slice_text(c->output));
            pq_mock_free(&m);
        }
    }
}

/* ---- between sessions ------------------------------------------------------------------------ */

static void expect(struct pq_mock *m, const char *input, const char *last_line)
{
    static struct received r;
    converse(m, pq_slice_text(input), 4096, &r);
    size_t n = strlen(last_line);
    assert_true(r.len >= n);
    expect_octets(input, pq_slice_after(received_slice(&r), r.len - n), pq_slice_text(last_line));
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

static void test_what_cannot_be_removed(void **state)
{
    (void)state;
    struct pq_mock m;
    begin(&m);
    m.config.read_only = true;
    expect(&m, LOGIN "QUIT\r\n", "+OK bye\r\n");
    expect(&m, LOGIN "DELE 1\r\nRSET\r\nQUIT\r\n", "+OK bye\r\n");
    expect(&m, LOGIN "DELE 1\r\nQUIT\r\n",
           "-ERR [SYS/TEMP] some marked messages were not removed\r\n");
    expect(&m, LOGIN "STAT\r\n", "+OK 2 56\r\n");
    pq_mock_free(&m);
}

static void test_the_lock_is_exclusive_and_released(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    begin(&m);
    struct pq_server *first = pq_server_new(&m, PQ_TLS_NONE, 0);
    r.len = 0;
    (void)talk(first, PQ_SLICE(LOGIN), 4096, 0, &r);
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
    static struct received r;
    static const struct {
        uint64_t ms;
        const char *answer;
    } logins[] = {{1000, LOGGED_IN},
                  {60999, "+OK send PASS\r\n-ERR [LOGIN-DELAY] too soon after the last login\r\n"},
                  {61000, LOGGED_IN}};
    struct pq_mock m;
    begin(&m);
    m.config.login_delay_s = 60;
    for (size_t i = 0; i < COUNT(logins); i++) {
        struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, logins[i].ms);
        drain(s, 4096, logins[i].ms, &r);
        r.len = 0;
        (void)talk(s, PQ_SLICE(LOGIN), 4096, logins[i].ms, &r);
        expect_octets("login", received_slice(&r), pq_slice_text(logins[i].answer));
        pq_server_free(s);
    }
    pq_mock_free(&m);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* A session that was logged in at 2000 ms and has marked a message. */
static struct pq_server *begin_marked(struct pq_mock *m)
{
    struct pq_server *s = pq_server_new(m, PQ_TLS_NONE, 1000);
    (void)pq_server_take(s, PQ_SLICE(LOGIN "DELE 1\r\n"), 2000);
    pq_server_sent(s, pq_server_out(s).len, 2000);
    return s;
}

static void test_autologout_removes_nothing(void **state)
{
    (void)state;
    struct pq_mock m;
    begin(&m);
    struct pq_server *s = begin_marked(&m);
    assert_true(pq_server_deadline_ms(s) == 2000 + PQ_MOCK_AUTOLOGOUT_MS);
    pq_server_on_time(s, 2000 + PQ_MOCK_AUTOLOGOUT_MS - 1);
    assert_false(pq_server_is_over(s));
    pq_server_on_time(s, 2000 + PQ_MOCK_AUTOLOGOUT_MS);
    assert_true(pq_server_is_over(s) && pq_server_out(s).len == 0);
    pq_server_free(s);
    expect(&m, LOGIN "STAT\r\n", "+OK 2 56\r\n");
    pq_mock_free(&m);
}

static void test_what_restarts_the_timer(void **state)
{
    (void)state;
    struct pq_mock m;
    begin(&m);
    struct pq_server *s = begin_marked(&m);
    (void)pq_server_take(s, PQ_SLICE("NOO"), 3000); /* a part of a command does not */
    assert_true(pq_server_deadline_ms(s) == 2000 + PQ_MOCK_AUTOLOGOUT_MS);
    (void)pq_server_take(s, PQ_SLICE("X\r\n"), 4000); /* a bad one does */
    assert_true(pq_server_deadline_ms(s) == 4000 + PQ_MOCK_AUTOLOGOUT_MS);
    pq_server_sent(s, 0, 5000);
    assert_true(pq_server_deadline_ms(s) == 4000 + PQ_MOCK_AUTOLOGOUT_MS);
    pq_server_sent(s, 1, 6000); /* a slow reader is not inactive */
    assert_true(pq_server_deadline_ms(s) == 6000 + PQ_MOCK_AUTOLOGOUT_MS);
    pq_server_free(s);
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
    static struct received r;
    struct pq_mock m;
    size_t left;
    begin(&m);
    struct pq_server *s = begin_stls(&m, "USER tim\r\nSTLS\r\nCAPA\r\n", &left);
    assert_true(pq_server_wants_tls(s) && left == 6);
    assert_true(pq_server_deadline_ms(s) == PQ_MOCK_HANDSHAKE_MS);
    assert_int_equal(pq_server_take(s, PQ_SLICE("CAPA\r\n"), 0), 0);
    pq_server_on_tls(s, true, 0);
    assert_int_equal(pq_server_out(s).len, 0);
    r.len = 0;
    (void)talk(s, PQ_SLICE("PASS tan staaf\r\nSTLS\r\nUSER utf\r\nPASS pw\r\nRETR 1\r\n"), 4096, 0,
               &r);
    expect_octets("inside TLS", received_slice(&r),
                  PQ_SLICE("-ERR PASS must follow USER immediately, and USER only stands first\r\n"
                           "-ERR TLS is already active\r\n+OK send PASS\r\n"
                           "+OK maildrop has 1 messages (18 octets)\r\n"
                           "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"));
    pq_server_free(s);
    pq_mock_free(&m);
}

static void test_the_policy_on_leftovers(void **state)
{
    (void)state;
    struct pq_mock m;
    size_t left;
    begin(&m);
    struct pq_server *s = begin_stls(&m, "STLS\r\nX", &left);
    assert_int_equal(pq_server_leftover(s, PQ_SLICE("CAPA")), PQ_LEFTOVER_DISCARD);
    m.config.leftover = PQ_LEFTOVER_CLOSE;
    assert_int_equal(pq_server_leftover(s, PQ_SLICE("CAPA")), PQ_LEFTOVER_CLOSE);
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
           "UIDL\r\nIMPLEMENTATION popquiz-mock\r\nSTLS\r\nAUTH-RESP-CODE\r\nUTF8 "
           "USER\r\nLANG\r\n.\r\n");
    pq_mock_free(&m);
}

/* Whole conversations with every mechanism, in every cut, in clear or inside TLS. */
static void expect_with_all(enum pq_tls_mode tls, const char *input, const char *output)
{
    static struct received r;
    for (size_t step = 1; step <= strlen(input); step++) {
        struct pq_mock m;
        begin(&m);
        m.config.mechanisms = UINT32_MAX;
        assert_non_null(pq_store_add(&m.store, PQ_SLICE("token"), PQ_SLICE("ya29.t-1")));
        assert_non_null(pq_store_add(&m.store, PQ_SLICE("anonymous"), PQ_SLICE("x")));
        struct pq_server *s = pq_server_new(&m, tls, 0);
        r.len = 0;
        (void)talk(s, pq_slice_text(input), step, 0, &r);
        struct pq_slice line = received_slice(&r);
        (void)pq_slice_cut(&line, '\n'); /* the greeting */
        expect_octets(input, line, pq_slice_text(output));
        pq_server_free(s);
        pq_mock_free(&m);
    }
}

/* RFC 7628 section 3: "TLS MUST be used for OAUTHBEARER". */
static void test_mechanisms_on_demand(void **state)
{
    (void)state;
    static const char nothing[] = "-ERR the mechanism is not offered\r\n";
    static const char empty[] = "+OK maildrop has 0 messages (0 octets)\r\n";
    static const char refused[] = "-ERR [AUTH] invalid name or password\r\n";
    static const struct {
        const char *input, *challenge, *inside, *clear;
    } cases[] = {
        /* n,a=token,^Aauth=Bearer ya29.t-1^A^A */
        {"AUTH OAUTHBEARER bixhPXRva2VuLAFhdXRoPUJlYXJlciB5YTI5LnQtMQEB\r\n", "", empty, nothing},
        /* n,a=token,^Ahost=LocalHost^Aport=110^Aauth=Bearer ya29.t-1^A^A */
        {"AUTH OAUTHBEARER "
         "bixhPXRva2VuLAFob3N0PUxvY2FsSG9zdAFwb3J0PTExMAFhdXRoPUJlYXJlciB5YTI5LnQtM"
         "QEB\r\n",
         "", empty, nothing},
        /* n,a=token,^Ahost=elsewhere^Aauth=Bearer ya29.t-1^A^A, and ^A */
        {"AUTH OAUTHBEARER bixhPXRva2VuLAFob3N0PWVsc2V3aGVyZQFhdXRoPUJlYXJlciB5YTI5LnQtMQEB\r\n"
         "AQ==\r\n",
         "+ eyJzdGF0dXMiOiJpbnZhbGlkX3JlcXVlc3QifQ==\r\n", refused, NULL},
        /* n,a=token,^Aauth=Bearer no^A^A, and ^A */
        {"AUTH OAUTHBEARER bixhPXRva2VuLAFhdXRoPUJlYXJlciBubwEB\r\nAQ==\r\n",
         "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n", refused, NULL},
        {"AUTH ANONYMOUS c2lyaGM=\r\n", "", empty, empty},
        {"AUTH ANONYMOUS =\r\n", "", empty, empty},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[256];
        (void)snprintf(want, sizeof(want), "%s%s", cases[i].challenge, cases[i].inside);
        expect_with_all(PQ_TLS_IMPLICIT, cases[i].input, want);
        if (cases[i].clear)
            expect_with_all(PQ_TLS_NONE, cases[i].input, cases[i].clear);
    }
}

static void test_mechanisms_on_demand_are_announced(void **state)
{
    (void)state;
    static const char before[] = "+OK capability list follows\r\nTOP\r\nUSER\r\nSASL PLAIN LOGIN "
                                 "CRAM-MD5 SCRAM-SHA-256 XOAUTH2 SCRAM-SHA-1";
    static const char after[] = "\r\nRESP-CODES\r\nPIPELINING\r\nEXPIRE NEVER\r\nUIDL\r\n"
                                "IMPLEMENTATION popquiz-mock\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\n"
                                "LANG\r\n.\r\n";
    char want[512];
    (void)snprintf(want, sizeof(want), "%s OAUTHBEARER ANONYMOUS%s", before, after);
    expect_with_all(PQ_TLS_IMPLICIT, "CAPA\r\n", want);
    (void)snprintf(want, sizeof(want), "%s ANONYMOUS%s", before, after);
    expect_with_all(PQ_TLS_NONE, "CAPA\r\n", want);
    struct pq_mock m;
    begin(&m);
    m.config.mechanisms = UINT32_MAX; /* and nobody is called "anonymous" */
    expect(&m, "AUTH ANONYMOUS =\r\n", "-ERR the mechanism is not offered\r\n");
    pq_mock_free(&m);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* A line of `len` octets, CRLF included, in writes of `step`, and a command behind it. */
static bool survives_line(size_t len, size_t step)
{
    static struct received r;
    static uint8_t input[(64u << 10) + 64];
    struct pq_mock m;
    begin(&m);
    memset(input, 'a', len);
    memcpy(input + len - 2, "\r\nQUIT\r\n", 8);
    converse(&m, pq_slice_of(input, len + 6), step, &r);
    pq_mock_free(&m);
    if (r.len == 0)
        return false;
    expect_octets("long line", received_slice(&r),
                  PQ_SLICE("-ERR the line is longer than 255 octets\r\n+OK bye\r\n"));
    return true;
}

static void test_an_endless_line_ends_the_session(void **state)
{
    (void)state;
    const size_t most = 64u << 10;
    const size_t steps[] = {1, 2, 1000, most - 1, most, most + 1, most + 8};
    for (size_t i = 0; i < COUNT(steps); i++) {
        assert_true(survives_line(most - 1, steps[i]));
        assert_true(survives_line(most, steps[i]));
        assert_false(survives_line(most + 1, steps[i]));
    }
}

static void test_command_lines_at_their_limit(void **state)
{
    (void)state;
    static struct received r;
    for (size_t len = 253; len <= 257; len++) {
        char input[300];
        struct pq_mock m;
        begin(&m);
        memset(input, 'u', sizeof(input));
        memcpy(input, "USER ", 5);
        memcpy(input + len - 2, "\r\n", 2);
        converse(&m, pq_slice_of(input, len), 7, &r);
        expect_octets("USER", received_slice(&r),
                      len <= 255 ? PQ_SLICE("+OK send PASS\r\n")
                                 : PQ_SLICE("-ERR the line is longer than 255 octets\r\n"));
        pq_mock_free(&m);
    }
}

static void test_sasl_lines_at_their_limit(void **state)
{
    (void)state;
    static struct received r;
    static char input[32768];
    for (size_t len = 24574; len <= 24578; len++) {
        struct pq_mock m;
        begin(&m);
        memset(input, 'A', sizeof(input));
        memcpy(input, "AUTH XOAUTH2\r\n", 14);
        memcpy(input + 14 + len - 2, "\r\nCAPA x\r\n", 10);
        converse(&m, pq_slice_of(input, 14 + len + 8), 1000, &r);
        expect_octets("response", received_slice(&r),
                      len <= 24576 ? PQ_SLICE("+ \r\n-ERR the response is not base64\r\n"
                                              "-ERR there are more arguments than the command "
                                              "takes\r\n")
                                   : PQ_SLICE("+ \r\n-ERR the response is too long\r\n"
                                              "-ERR there are more arguments than the command "
                                              "takes\r\n"));
        pq_mock_free(&m);
    }
}

static void test_sessions_survive_every_allocation_fault(void **state)
{
    (void)state;
    static struct received r;
    size_t n = 1;
    for (bool clean = false; !clean; n++) {
        struct pq_mock m;
        begin(&m);
        struct nth_fault f = {.fail_at = n, .lasts = true};
        m.alloc = fault_alloc(&f);
        struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
        if (s) {
            r.len = 0;
            (void)talk(s,
                       PQ_SLICE("AUTH PLAIN AHRpbQB0YW4gc3RhYWY=\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n"),
                       4096, 0, &r);
            clean = f.calls < n;
            pq_server_free(s);
        }
        assert_null(pq_store_find(&m.store, PQ_SLICE("tim"))->lock);
        pq_mock_free(&m);
    }
    assert_int_equal(n - 2, 4); /* the session, the exchange, two arrays of the maildrop */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations_in_every_cut),
        cmocka_unit_test(test_only_quit_removes),
        cmocka_unit_test(test_what_cannot_be_removed),
        cmocka_unit_test(test_the_lock_is_exclusive_and_released),
        cmocka_unit_test(test_login_delay),
        cmocka_unit_test(test_autologout_removes_nothing),
        cmocka_unit_test(test_what_restarts_the_timer),
        cmocka_unit_test(test_stls_forgets_what_was_said_in_clear),
        cmocka_unit_test(test_the_policy_on_leftovers),
        cmocka_unit_test(test_no_password_in_clear_when_tls_is_required),
        cmocka_unit_test(test_mechanisms_on_demand),
        cmocka_unit_test(test_mechanisms_on_demand_are_announced),
        cmocka_unit_test(test_an_endless_line_ends_the_session),
        cmocka_unit_test(test_command_lines_at_their_limit),
        cmocka_unit_test(test_sasl_lines_at_their_limit),
        cmocka_unit_test(test_sessions_survive_every_allocation_fault),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
