/* SPDX-License-Identifier: Apache-2.0
 *
 * SASL: the exchange that AUTH begins (RFC 5034):
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_SASL_H
#define PQ_MOCK_FAULTS_SASL_H

#define PQ_FAULTS_SASL(X)                                                                          \
    X(auth_ir_ignored, "auth-ir-ignored", "SASL", "AUTH overlooks the initial response", NONE,     \
      NONE)                                                                                        \
    X(auth_equals_literal, "auth-equals-literal", "SASL",                                          \
      "AUTH takes \"=\" as a message of one octet: seen with AUTH LOGIN =", NONE, NONE)            \
    X(auth_cancel_not_recognised, "auth-cancel-not-recognised", "SASL",                            \
      "\"*\" is taken for a response, and another one is asked for", NONE, NONE)                   \
    X(auth_lenient_base64, "auth-lenient-base64", "SASL",                                          \
      "octets that are not of the base64 alphabet are skipped, up to so many",                     \
      NUMBER("skipped", 1, UINT32_MAX, UINT32_MAX, 1, 2), NONE)                                    \
    X(auth_challenge_plain_text, "auth-challenge-plain-text", "SASL",                              \
      "challenges are not base64; an empty one is one of three texts",                             \
      NUMBER("text", 1, 3, 1, 2, 3), NONE)                                                         \
    X(auth_challenge_no_space, "auth-challenge-no-space", "SASL",                                  \
      "the empty challenge has no space behind the plus sign", NONE, NONE)

#endif
