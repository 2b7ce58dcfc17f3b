/* SPDX-License-Identifier: Apache-2.0
 * Faults of UTF8 and LANG, and of mail with octets above 0x7F. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define REFUSED_OUT "-ERR [AUTH] invalid name or password\r\n"
#define NAME_OUT "+OK send PASS\r\n"
#define STATE_OUT "-ERR the command is not valid in this state\r\n"
#define LANGUAGES_OUT                                                                              \
    "+OK languages follow\r\nen English\r\nde Deutsch\r\n"                                         \
    "es-419 Espa\xC3\xB1ol latinoamericano\r\n"

static const struct fault_case cases[] = {
    {.name = "lang-unknown-ok",
     .trigger = "LANG xx-nope\r\n",
     .reference = "-ERR no such language\r\n",
     .seeds = {"+OK xx-nope\r\n", "+OK xx-nope\r\n", "+OK xx-nope\r\n"},
     .harmless = "LANG en de\r\nLANG de\r\nLANG\r\nXYZZ\r\n"},
    {.name = "lang-list-no-terminator",
     .trigger = "LANG\r\n",
     .reference = LANGUAGES_OUT ".\r\n",
     .seeds = {LANGUAGES_OUT, LANGUAGES_OUT, LANGUAGES_OUT},
     .harmless = "CAPA\r\nLANG de\r\n"},
    {.name = "utf8-invalid-user-crash",
     .trigger = "USER \xFF\r\nNOOP\r\n",
     .reference = "-ERR an octet is not printable ASCII\r\n" STATE_OUT,
     .seeds = {"", "", ""},
     .harmless = "USER \xC3\xA9\r\nPASS \xFF\r\n" LOGIN},
    {.name = "utf8-user-not-normalised",
     .trigger = "USER \xEF\xBD\x94im\r\nPASS tan staaf\r\n",
     .reference = NAME_OUT "+OK maildrop has 0 messages (0 octets)\r\n",
     .seeds = {NAME_OUT REFUSED_OUT, NAME_OUT REFUSED_OUT, NAME_OUT REFUSED_OUT},
     .harmless = LOGIN "STAT\r\n"},
    {.name = "non-ascii-text-unasked",
     .trigger = "USER tim\r\nPASS x\r\n",
     .reference = NAME_OUT REFUSED_OUT,
     .seeds = {NAME_OUT "-ERR [AUTH] Name oder Passwort ung\xC3\xBCltig\r\n",
               NAME_OUT "-ERR [AUTH] contrase\xC3\xB1"
                        "a incorrecta\r\n",
               NAME_OUT "-ERR [AUTH] \xE8\xAA\x8D\xE8\xA8\xBC\r\n"},
     .harmless = "UTF8\r\nUSER tim\r\nPASS x\r\nXYZZ\r\n" LOGIN},
};

static void test_faults_show_as_stated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_fault(&cases[i]);
}

#define EIGHT_BIT                                                                                  \
    "A: b\r\n\r\n\xE9"                                                                             \
    "t\xAE\r\n\xAE\r\n"
#define IN_UTF8 "A: \xC3\xA9\r\n\r\nx\r\n"
#define RETR_OUT "+OK message follows\r\n"
#define TOP_OUT "+OK top of message follows\r\n"
#define REFUSED_UTF8 "-ERR [UTF8] the message has UTF-8 headers: UTF8 is needed\r\n"

static const struct fault_brief briefs[] = {
    {"retr-strips-eighth-bit",
     {MAIL(EIGHT_BIT)},
     "RETR 1\r\n",
     PQ_SLICE_INIT(RETR_OUT EIGHT_BIT ".\r\n"),
     PQ_SLICE_INIT(RETR_OUT "A: b\r\n\r\nit.\r\n..\r\n.\r\n")},
    {"retr-transcodes-latin1",
     {MAIL(EIGHT_BIT)},
     "RETR 1\r\n",
     PQ_SLICE_INIT(RETR_OUT EIGHT_BIT ".\r\n"),
     PQ_SLICE_INIT(RETR_OUT "A: b\r\n\r\n\xC3\xA9t\xC2\xAE\r\n\xC2\xAE\r\n.\r\n")},
    {"retr-transcodes-latin1(messages=2)",
     {MAIL(EIGHT_BIT), MAIL("A: b\r\n"), MAIL("\r\n\xE9\r\n")},
     "RETR 1\r\nRETR 3\r\n",
     PQ_SLICE_INIT(RETR_OUT EIGHT_BIT ".\r\n" RETR_OUT "\r\n\xE9\r\n.\r\n"),
     PQ_SLICE_INIT(RETR_OUT EIGHT_BIT ".\r\n" RETR_OUT "\r\n\xC3\xA9\r\n.\r\n")},
    {"utf8-raw-without-mode",
     {MAIL(IN_UTF8)},
     "RETR 1\r\nTOP 1 1\r\n",
     PQ_SLICE_INIT(REFUSED_UTF8 REFUSED_UTF8),
     PQ_SLICE_INIT(RETR_OUT IN_UTF8 ".\r\n" TOP_OUT IN_UTF8 ".\r\n")},
    {"list-utf8-code-on-stat",
     {MAIL("A: b\r\n"), MAIL(IN_UTF8)},
     "STAT\r\nLIST 1\r\n",
     PQ_SLICE_INIT("+OK 2 18\r\n+OK 1 6\r\n"),
     PQ_SLICE_INIT("-ERR [UTF8] give UTF8 before login\r\n+OK 1 6\r\n")},
};

static void test_faults_of_mail(void **state)
{
    (void)state;
    check_briefs(briefs, COUNT(briefs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_show_as_stated),
        cmocka_unit_test(test_faults_of_mail),
    };
    return cmocka_run_group_tests_name("faults_i18n", tests, NULL, NULL);
}
