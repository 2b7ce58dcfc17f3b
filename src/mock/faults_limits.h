/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits: lengths and amounts (RFC 2449 section 4):
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_LIMITS_H
#define PQ_MOCK_FAULTS_LIMITS_H

#define PQ_FAULTS_LIMITS(X)                                                                        \
    X(command_limit_128, "command-limit-128", "limits",                                            \
      "command lines of more octets are refused, CRLF counted",                                    \
      NUMBER("octets", 6, 254, 128, 100, 192), NONE)

#endif
