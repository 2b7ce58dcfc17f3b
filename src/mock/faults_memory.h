/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory: what a client sees of a server that misuses its own, as behaviour; no memory is misused
 * here:
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_MEMORY_H
#define PQ_MOCK_FAULTS_MEMORY_H

#define PQ_FAULTS_MEMORY(X)                                                                        \
    X(empty_command_assert, "empty-command-assert", "memory",                                      \
      "an empty line ends the connection without an answer", NONE, NONE)                           \
    X(colon_command_assert, "colon-command-assert", "memory",                                      \
      "a colon in the keyword ends the connection without an answer", NONE, NONE)                  \
    X(pass_buffer_overflow, "pass-buffer-overflow", "memory",                                      \
      "after a PASS of more octets the next command is refused, whichever it is",                  \
      NUMBER("octets", 6, UINT32_MAX, 1024, 512, 256), NONE)                                       \
    X(format_string_in_error, "format-string-in-error", "memory",                                  \
      "the answer to an unknown command has it as a format: numbers in place of %s, %x, %n", NONE, \
      NONE)                                                                                        \
    X(dele_without_number_uninit, "dele-without-number-uninit", "memory",                          \
      "DELE without a number takes that of the command before", NONE, NONE)                        \
    X(user_percent_expanded, "user-percent-expanded", "memory",                                    \
      "after USER with a per cent sign nobody can log in any more", NONE, NONE)                    \
    X(retr_terminator_split_crash, "retr-terminator-split-crash", "memory",                        \
      "RETR ends the connection without an answer where the answer would end at the border of a "  \
      "buffer of so many octets",                                                                  \
      NUMBER("octets", 2, UINT32_MAX, 8192, 4096, 1024), NONE)                                     \
    X(deep_dele_rset_stls_retr_uaf, "deep-dele-rset-stls-retr-uaf", "memory",                      \
      "after DELE, RSET and a refused STLS, RETR sends other octets in place of a body", NONE,     \
      NONE)

#endif
