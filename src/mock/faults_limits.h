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
      NUMBER("octets", 6, 254, 128, 100, 192), NONE)                                               \
    X(user_name_limit_40, "user-name-limit-40", "limits",                                          \
      "USER takes so many octets of the name and overlooks the rest",                              \
      NUMBER("octets", 1, 250, 40, 39, 32), NONE)                                                  \
    X(long_line_unbounded, "long-line-unbounded", "limits",                                        \
      "a line without end is kept in memory, however long it is", NONE, NONE)                      \
    X(long_line_no_recovery, "long-line-no-recovery", "limits",                                    \
      "after a command line that is too long nothing is answered, and the connection stays", NONE, \
      NONE)                                                                                        \
    X(message_count_wraps_65536, "message-count-wraps-65536", "limits",                            \
      "numbers and counts of messages are what is left by a division",                             \
      NUMBER("numbers", 2, UINT32_MAX, 65536, 256, 128), NONE)                                     \
    X(connection_limit_silent, "connection-limit-silent", "limits",                                \
      "a connection beyond so many at once is taken and never greeted",                            \
      NUMBER("connections", 1, UINT32_MAX, 4, 6, 8), NONE)

#endif
