/* SPDX-License-Identifier: Apache-2.0
 *
 * Internationalisation (RFC 6856):
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_I18N_H
#define PQ_MOCK_FAULTS_I18N_H

#define PQ_FAULTS_I18N(X)                                                                          \
    X(utf8_accepted_in_transaction, "utf8-accepted-in-transaction", "i18n",                        \
      "UTF8 succeeds after login", NONE, NONE)                                                     \
    X(utf8_size_mismatch, "utf8-size-mismatch", "i18n",                                            \
      "without UTF8, RETR and TOP send a form in ASCII whose size LIST does not give", WHICH,      \
      NONE)

#endif
