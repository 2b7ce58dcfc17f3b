/* SPDX-License-Identifier: Apache-2.0
 *
 * Internationalisation (RFC 6856), and octets above 0x7F in mail:
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_I18N_H
#define PQ_MOCK_FAULTS_I18N_H

#define PQ_FAULTS_I18N(X)                                                                          \
    X(utf8_accepted_in_transaction, "utf8-accepted-in-transaction", "i18n",                        \
      "UTF8 succeeds after login", NONE, NONE)                                                     \
    X(utf8_size_mismatch, "utf8-size-mismatch", "i18n",                                            \
      "without UTF8, RETR and TOP send a form in ASCII whose size LIST does not give", WHICH,      \
      NONE)                                                                                        \
    X(utf8_raw_without_mode, "utf8-raw-without-mode", "i18n",                                      \
      "without UTF8, RETR and TOP send header fields in UTF-8 all the same", WHICH, NONE)          \
    X(utf8_invalid_user_crash, "utf8-invalid-user-crash", "i18n",                                  \
      "USER with octets that are no UTF-8 ends the connection without an answer", NONE, NONE)      \
    X(utf8_user_not_normalised, "utf8-user-not-normalised", "i18n",                                \
      "USER takes a name as it comes: another form of it is another name", NONE, NONE)             \
    X(lang_unknown_ok, "lang-unknown-ok", "i18n", "LANG with an unknown language is answered +OK", \
      NONE, NONE)                                                                                  \
    X(lang_list_no_terminator, "lang-list-no-terminator", "i18n",                                  \
      "the list of LANG has no terminator", NONE, NONE)                                            \
    X(retr_strips_eighth_bit, "retr-strips-eighth-bit", "i18n",                                    \
      "RETR clears the highest bit of every octet", WHICH, NONE)                                   \
    X(retr_transcodes_latin1, "retr-transcodes-latin1", "i18n",                                    \
      "RETR takes octets above 0x7F for Latin-1 and sends them in UTF-8", WHICH, NONE)             \
    X(non_ascii_text_unasked, "non-ascii-text-unasked", "i18n",                                    \
      "a wrong name or password is answered in UTF-8; one of three texts",                         \
      NUMBER("text", 1, 3, 1, 2, 3), NONE)                                                         \
    X(stls_after_utf8_resets_silently, "stls-after-utf8-resets-silently", "i18n",                  \
      "STLS succeeds behind UTF8, whose mode is then lost", NONE, NONE)                            \
    X(list_utf8_code_on_stat, "list-utf8-code-on-stat", "i18n",                                    \
      "without UTF8, STAT is refused with [UTF8] when a message has header fields in UTF-8", NONE, \
      NONE)

#endif
