/* SPDX-License-Identifier: Apache-2.0
 * LANG (RFC 6856 section 3): the command in both states, and the texts behind it. */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

#include "mock/language.h"
#include "mock/language_texts.h"
#include "popquiz/sasl.h"

#define LISTING                                                                                    \
    "en English\r\nde Deutsch\r\nes-419 Espa\xC3\xB1ol latinoamericano\r\n"                        \
    ".\r\n"
#define IN_GERMAN "+OK de diese Sprache gilt nun f\xC3\xBCr alle Texte\r\n"

static const struct conversation {
    const char *name, *input, *output;
} conversations[] = {
    {"a list", "LANG\r\n", "+OK languages follow\r\n" LISTING},
    {"a list in German", "LANG de\r\nLANG\r\n", IN_GERMAN "+OK die Sprachen folgen\r\n" LISTING},
    {"the preferred one", "LANG de\r\nLANG *\r\n", IN_GERMAN "+OK en this language is used\r\n"},
    {"any case", "lang DE\r\n", IN_GERMAN},
    {"the first subtag", "LANG es\r\n", "+OK es-419 este idioma se usa en adelante\r\n"},
    {"none", "LANG de-AT\r\nLANG MUL\r\nLANG e\r\n",
     "-ERR no such language\r\n-ERR no such language\r\n-ERR no such language\r\n"},
    {"no range", "LANG de-*\r\nLANG de en\r\nLANG \r\n",
     "-ERR the argument is not a basic language range of RFC 4647 section 2.1\r\n"
     "-ERR there are more arguments than the command takes\r\n"
     "-ERR keyword and arguments are not separated by exactly one space\r\n"},
    {"a failure keeps the language", "LANG de\r\nLANG xx\r\nQUIT\r\n",
     IN_GERMAN "-ERR diese Sprache gibt es nicht\r\n+OK auf Wiedersehen\r\n"},
    {"over the login", "LANG de\r\n" LOGIN "RETR 9\r\nLANG en\r\nRETR 9\r\n",
     IN_GERMAN "+OK PASS wird erwartet\r\n+OK das Postfach hat 0 Nachrichten (0 Oktette)\r\n"
               "-ERR diese Nachricht gibt es nicht\r\n+OK en this language is used\r\n"
               "-ERR no such message\r\n"},
    {"between USER and PASS", "USER tim\r\nLANG de\r\nPASS tan staaf\r\n",
     "+OK send PASS\r\n" IN_GERMAN "-ERR PASS muss gleich auf USER folgen, und USER steht am "
     "Anfang\r\n"},
    {"codes stay", "LANG de\r\nUSER tim\r\nPASS no\r\n",
     IN_GERMAN "+OK PASS wird erwartet\r\n-ERR [AUTH] Name oder Passwort ist falsch\r\n"},
};

static void test_conversations_in_every_cut(void **state)
{
    (void)state;
    static struct received r;
    for (size_t i = 0; i < COUNT(conversations); i++) {
        const struct conversation *c = &conversations[i];
        for (size_t step = 1; step <= strlen(c->input); step++) {
            struct pq_mock m;
            mock_begin(&m);
            converse(&m, pq_slice_text(c->input), step, &r);
            expect_octets(c->name, received_slice(&r), pq_slice_text(c->output));
            pq_mock_free(&m);
        }
    }
}

static void test_where_it_is_not_offered(void **state)
{
    (void)state;
    static struct received r;
    static const char input[] = "LANG\r\nLANG *\r\nLANG en\r\n";
    struct pq_mock m;
    mock_begin(&m);
    m.config.lang = false;
    converse(&m, pq_slice_text(input), 3, &r);
    expect_octets(input, received_slice(&r),
                  PQ_SLICE("-ERR LANG is not offered\r\n-ERR LANG is not offered\r\n"
                           "-ERR LANG is not offered\r\n"));
    pq_mock_free(&m);
}

/* RFC 2595 section 4: what was said in clear does not count inside TLS. */
static void test_stls_forgets_the_language(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    mock_begin(&m);
    m.config.tls = true;
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
    drain(s, 4096, 0, &r);
    (void)talk(s, PQ_SLICE("LANG de\r\nSTLS\r\n"), 4096, 0, &r);
    pq_server_on_tls(s, true, 0);
    r.len = 0;
    (void)talk(s, PQ_SLICE("QUIT\r\n"), 4096, 0, &r);
    expect_octets("inside TLS", received_slice(&r), PQ_SLICE("+OK bye\r\n"));
    pq_server_free(s);
    pq_mock_free(&m);
}

/* RFC 6856 section 2.1: a client must not do that, and a server may refuse it. */
static void test_stls_is_refused_behind_utf8(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    mock_begin(&m);
    m.config.tls = true;
    converse(&m, PQ_SLICE("UTF8\r\nSTLS\r\nQUIT\r\n"), 4096, &r);
    expect_octets("STLS", received_slice(&r),
                  PQ_SLICE("+OK UTF-8 mode\r\n-ERR STLS is refused behind UTF8\r\n+OK bye\r\n"));
    pq_mock_free(&m);
}

static void expect_translated(const char *english)
{
    for (int language = PQ_LANGUAGE_ENGLISH + 1; language < PQ_LANGUAGE_COUNT; language++) {
        struct pq_slice text = pq_language_text((enum pq_language)language, english);
        if (pq_slice_equal(text, pq_slice_text(english)))
            fail_msg("\"%s\" is not translated", english);
        assert_true(pq_slice_is_utf8(text) && text.len < 200);
        assert_int_equal(pq_slice_octets(text) & ~(unsigned)PQ_OCTETS_8BIT, 0);
    }
}

/* The reasons that other modules give: a new one is translated too. */
static void test_every_reason_is_translated(void **state)
{
    (void)state;
#define X(name, text)                                                                              \
    if (PQ_FLAW_##name != PQ_FLAW_NONE)                                                            \
        expect_translated(text);
    PQ_FLAW_LIST(X)
#undef X
#define X(name, text)                                                                              \
    if (PQ_REFUSED_##name != PQ_REFUSED_NONE && PQ_REFUSED_##name != PQ_REFUSED_SYNTAX)            \
        expect_translated(text);
    PQ_REFUSAL_LIST(X)
#undef X
#define X(name, status, text)                                                                      \
    if (PQ_STATUS_##status == PQ_STATUS_SASL_MESSAGE)                                              \
        expect_translated(text);
    PQ_SASL_FLAW_LIST(X)
#undef X
#define X(english, german, spanish) expect_translated(english);
    PQ_TEXT_LIST(X)
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations_in_every_cut),
        cmocka_unit_test(test_where_it_is_not_offered),
        cmocka_unit_test(test_stls_forgets_the_language),
        cmocka_unit_test(test_stls_is_refused_behind_utf8),
        cmocka_unit_test(test_every_reason_is_translated),
    };
    return cmocka_run_group_tests_name("language", tests, NULL, NULL);
}
