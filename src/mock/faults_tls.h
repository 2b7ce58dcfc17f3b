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
      "STLS inside TLS is answered +OK; no second handshake follows", NONE, NONE)

#endif
