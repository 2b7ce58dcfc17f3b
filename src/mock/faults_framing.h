/* SPDX-License-Identifier: Apache-2.0
 *
 * Framing: lines, bodies, replies and how commands are cut (RFC 1939 section 3):
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_FRAMING_H
#define PQ_MOCK_FAULTS_FRAMING_H

#define PQ_FAULTS_FRAMING(X)                                                                       \
    X(retr_no_dot_stuffing, "retr-no-dot-stuffing", "framing",                                     \
      "RETR sends lines that begin with a dot unchanged", WHICH, NONE)                             \
    X(top_no_dot_stuffing, "top-no-dot-stuffing", "framing",                                       \
      "TOP sends lines that begin with a dot unchanged, RETR does not", WHICH, NONE)               \
    X(retr_first_line_unstuffed, "retr-first-line-unstuffed", "framing",                           \
      "RETR sends a dot in front of the first line unchanged", WHICH, NONE)                        \
    X(retr_terminator_glued, "retr-terminator-glued", "framing",                                   \
      "RETR adds no CRLF between a last line that has none and the terminator", WHICH, NONE)       \
    X(retr_extra_blank_line, "retr-extra-blank-line", "framing",                                   \
      "RETR adds an empty line before the terminator", WHICH, NONE)                                \
    X(retr_empty_message_no_terminator, "retr-empty-message-no-terminator", "framing",             \
      "RETR of a message without octets sends the status line only", WHICH, NONE)                  \
    X(retr_body_bare_lf, "retr-body-bare-lf", "framing", "RETR ends lines of the message by LF",   \
      WHICH, NONE)                                                                                 \
    X(retr_truncates_long_line, "retr-truncates-long-line", "framing",                             \
      "RETR cuts lines that are longer than a limit", NUMBER("octets", 1, 65536, 998, 1000, 4096), \
      WHICH)                                                                                       \
    X(retr_stops_at_nul, "retr-stops-at-nul", "framing", "RETR leaves out a line's NUL and rest",  \
      WHICH, NONE)

#endif
