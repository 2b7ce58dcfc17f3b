/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS: what STLS leads to (RFC 2595 section 4):
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_TLS_H
#define PQ_MOCK_FAULTS_TLS_H

#define PQ_FAULTS_TLS(X)                                                                           \
    X(stls_keeps_buffered_plaintext, "stls-keeps-buffered-plaintext", "TLS",                       \
      "commands that came behind STLS in clear are obeyed inside TLS", NONE, NONE)                 \
    X(stls_keeps_user, "stls-keeps-user", "TLS",                                                   \
      "the name that USER gave in clear counts inside TLS", NONE, NONE)                            \
    X(stls_accepted_in_transaction, "stls-accepted-in-transaction", "TLS",                         \
      "STLS succeeds after login; the maildrop stays open", NONE, NONE)                            \
    X(stls_accepted_in_tls, "stls-accepted-in-tls", "TLS",                                         \
      "STLS inside TLS is answered +OK; no second handshake follows", NONE, NONE)                  \
    X(stls_injection_race, "stls-injection-race", "TLS",                                           \
      "commands in clear that come within so many milliseconds behind STLS, before the "           \
      "handshake, are obeyed inside TLS",                                                          \
      NUMBER("ms", 1, UINT32_MAX, 50, 1000, 250), NONE)                                            \
    X(stls_injection_if_blank, "stls-injection-if-blank", "TLS",                                   \
      "a blank behind STLS is overlooked; commands that come behind it in clear are obeyed "       \
      "inside "                                                                                    \
      "TLS",                                                                                       \
      NONE, NONE)                                                                                  \
    X(stls_joins_partial_line, "stls-joins-partial-line", "TLS",                                   \
      "an unfinished line that came behind STLS in clear is completed inside TLS", NONE, NONE)     \
    X(stls_keeps_failed_count, "stls-keeps-failed-count", "TLS",                                   \
      "after so many failed logins in clear every PASS inside TLS fails",                          \
      NUMBER("logins", 1, UINT32_MAX, 3, 1, 2), NONE)                                              \
    X(stls_advertised_in_tls, "stls-advertised-in-tls", "TLS", "CAPA has STLS inside TLS too",     \
      NONE, NONE)                                                                                  \
    X(stls_argument_accepted, "stls-argument-accepted", "TLS",                                     \
      "STLS overlooks what stands behind it", NONE, NONE)                                          \
    X(stls_handshake_failure_continues, "stls-handshake-failure-continues", "TLS",                 \
      "where no handshake follows STLS, the session goes on in clear", NONE, NONE)                 \
    X(stls_no_deadline, "stls-no-deadline", "TLS", "a handshake behind STLS may take for ever",    \
      NONE, NONE)                                                                                  \
    X(stls_capa_not_refreshed, "stls-capa-not-refreshed", "TLS",                                   \
      "CAPA behind STLS has the list of before", NONE, NONE)                                       \
    X(plaintext_login_despite_policy, "plaintext-login-despite-policy", "TLS",                     \
      "USER and PASS work in clear where CAPA does not have them and only TLS should do", NONE,    \
      NONE)                                                                                        \
    X(tls_accepts_1_0, "tls-accepts-1.0", "TLS", "TLS 1.0 and 1.1 are accepted", NONE, NONE)       \
    X(tls_no_close_notify, "tls-no-close-notify", "TLS",                                           \
      "the connection is closed without close_notify", NONE, NONE)                                 \
    X(tls_port_greets_in_clear, "tls-port-greets-in-clear", "TLS",                                 \
      "a greeting is sent in clear where TLS comes first", NONE, NONE)                             \
    X(greeting_in_tls_again, "greeting-in-tls-again", "TLS",                                       \
      "a second greeting is sent inside TLS behind STLS", NONE, NONE)

#endif
