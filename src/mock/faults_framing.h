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
      WHICH, NONE)                                                                                 \
    X(retr_stuff_only_lone_dot, "retr-stuff-only-lone-dot", "framing",                             \
      "RETR doubles the dot only of a line that is a dot and nothing else", WHICH, NONE)           \
    X(retr_last_line_unstuffed, "retr-last-line-unstuffed", "framing",                             \
      "RETR sends a last line that lacks its CRLF and begins with a dot unchanged", WHICH, NONE)   \
    X(retr_double_stuffing, "retr-double-stuffing", "framing",                                     \
      "RETR puts two dots in front of a line that begins with one", WHICH, NONE)                   \
    X(retr_barelf_dot_unstuffed, "retr-barelf-dot-unstuffed", "framing",                           \
      "RETR keeps LF alone, and does not stuff lines with it behind (2), before (1), or both (3)", \
      NUMBER("side", 1, 3, 3, 1, 2), NONE)                                                         \
    X(retr_barecr_dot_unstuffed, "retr-barecr-dot-unstuffed", "framing",                           \
      "RETR sends a line that begins with a dot unchanged when it holds CR", WHICH, NONE)          \
    X(retr_stuffing_lost_at_4096, "retr-stuffing-lost-at-4096", "framing",                         \
      "RETR sends a dot unchanged where a part of so many octets begins",                          \
      NUMBER("octets", 1, 1048576, 4096, 1024, 8192), NONE)                                        \
    X(retr_stuffing_lost_in_tls_record, "retr-stuffing-lost-in-tls-record", "framing",             \
      "the same inside TLS only", NUMBER("octets", 1, 1048576, 16384, 16384, 16384), NONE)         \
    X(retr_terminator_lf_only, "retr-terminator-lf-only", "framing",                               \
      "RETR ends the terminator by LF", WHICH, NONE)                                               \
    X(retr_terminator_lf_lost_at_buffer_end, "retr-terminator-lf-lost-at-buffer-end", "framing",   \
      "RETR drops the last LF where a part of so many octets would end with it",                   \
      NUMBER("octets", 4, 1048576, 4096, 1024, 8192), NONE)                                        \
    X(retr_normalises_lone_cr, "retr-normalises-lone-cr", "framing",                               \
      "RETR ends a line at CR without LF; LIST does not count it", WHICH, NONE)                    \
    X(retr_strips_trailing_blanks, "retr-strips-trailing-blanks", "framing",                       \
      "RETR leaves out blanks at the end of lines", WHICH, NONE)                                   \
    X(retr_drops_trailing_empty_lines, "retr-drops-trailing-empty-lines", "framing",               \
      "RETR leaves out empty lines at the end", WHICH, NONE)                                       \
    X(retr_wraps_long_line, "retr-wraps-long-line", "framing",                                     \
      "RETR breaks lines that are longer than a limit",                                            \
      NUMBER("octets", 1, 65536, 1000, 998, 4096), WHICH)                                          \
    X(retr_mangles_from, "retr-mangles-from", "framing",                                           \
      "RETR puts \">\" in front of \"From \" in the body", WHICH, NONE)                            \
    X(retr_adds_status_header, "retr-adds-status-header", "framing",                               \
      "RETR adds a header field, TOP does not", WHICH, NONE)                                       \
    X(retr_leaks_next_separator, "retr-leaks-next-separator", "framing",                           \
      "RETR sends the line that separates the message from the next one in an mbox", WHICH, NONE)  \
    X(top_double_status, "top-double-status", "framing", "TOP sends its status line twice", NONE,  \
      NONE)                                                                                        \
    X(list_single_multiline, "list-single-multiline", "framing",                                   \
      "LIST with a number is answered by a list", NONE, NONE)                                      \
    X(uidl_single_multiline, "uidl-single-multiline", "framing",                                   \
      "UIDL with a number is answered by a list", NONE, NONE)                                      \
    X(list_single_no_number, "list-single-no-number", "framing",                                   \
      "LIST with a number answers without the number", NONE, NONE)                                 \
    X(uidl_single_no_number, "uidl-single-no-number", "framing",                                   \
      "UIDL with a number answers without the number", NONE, NONE)                                 \
    X(list_empty_no_terminator, "list-empty-no-terminator", "framing",                             \
      "LIST of no message sends no terminator", NONE, NONE)                                        \
    X(list_cut_at_100, "list-cut-at-100", "framing", "LIST shows only so many messages",           \
      NUMBER("messages", 1, 1000000, 100, 99, 50), NONE)                                           \
    X(capa_missing_terminator, "capa-missing-terminator", "framing", "CAPA sends no terminator",   \
      NONE, NONE)                                                                                  \
    X(capa_single_line, "capa-single-line", "framing",                                             \
      "CAPA sends all capabilities on the status line, and no list", NONE, NONE)                   \
    X(auth_list_missing_terminator, "auth-list-missing-terminator", "framing",                     \
      "AUTH without argument is answered by a list without terminator", NONE, NONE)                \
    X(status_lowercase, "status-lowercase", "framing",                                             \
      "status indicators are in lower case: +OK (1), -ERR (2), or both (3)",                       \
      NUMBER("which", 1, 3, 3, 1, 2), NONE)                                                        \
    X(reply_over_512, "reply-over-512", "framing",                                                 \
      "a status line repeats the command so often when that makes it longer than 512 octets",      \
      NUMBER("times", 3, 6, 3, 4, 6), NONE)                                                        \
    X(err_echo_unfiltered, "err-echo-unfiltered", "framing",                                       \
      "-ERR repeats a command with octets that are not printable", NONE, NONE)                     \
    X(err_multiline_text, "err-multiline-text", "framing",                                         \
      "-ERR has two lines while the maildrop is open elsewhere", NONE, NONE)                       \
    X(reply_lf_only, "reply-lf-only", "framing",                                                   \
      "status lines end in LF: +OK (1), -ERR (2), or both (3)", NUMBER("which", 1, 3, 3, 1, 2),    \
      NONE)                                                                                        \
    X(greeting_two_lines, "greeting-two-lines", "framing",                                         \
      "the greeting has a second line, with (1) or without (2) an indicator",                      \
      NUMBER("form", 1, 2, 1, 2, 1), NONE)                                                         \
    X(unknown_command_silent, "unknown-command-silent", "framing",                                 \
      "an unknown command is not answered", NONE, NONE)                                            \
    X(empty_line_silent, "empty-line-silent", "framing", "an empty line is not answered", NONE,    \
      NONE)                                                                                        \
    X(pipelined_second_dropped, "pipelined-second-dropped", "framing",                             \
      "what follows the first line in one segment is thrown away", NONE, NONE)                     \
    X(pipelined_reply_order, "pipelined-reply-order", "framing",                                   \
      "NOOP is answered in the middle of a long body that is being sent",                          \
      NUMBER("octets", 1, 1048576, 64, 1, 4096), NONE)                                             \
    X(pipelined_retr_overlap, "pipelined-retr-overlap", "framing",                                 \
      "RETR is answered before the end of the body that is being sent, when that is longer",       \
      NUMBER("octets", 1, 1073741824, 65536, 32768, 16384), NONE)                                  \
    X(split_command_double_reply, "split-command-double-reply", "framing",                         \
      "a command that came in so many segments or more is answered twice",                         \
      NUMBER("segments", 2, 255, 3, 4, 5), NONE)                                                   \
    X(split_crlf_extra_command, "split-crlf-extra-command", "framing",                             \
      "LF at the start of a segment, behind CR, is an empty command more", NONE, NONE)             \
    X(bare_cr_ends_command, "bare-cr-ends-command", "framing", "CR without LF ends a command",     \
      NONE, NONE)                                                                                  \
    X(nul_ends_command, "nul-ends-command", "framing", "NUL ends a command", NONE, NONE)           \
    X(overlong_tail_executed, "overlong-tail-executed", "framing",                                 \
      "what is behind so many octets of a line is obeyed as a command",                            \
      NUMBER("octets", 256, 1000, 512, 512, 512), NONE)                                            \
    X(keyword_case_sensitive, "keyword-case-sensitive", "framing",                                 \
      "keywords in lower case are unknown", NONE, NONE)                                            \
    X(keyword_prefix_match, "keyword-prefix-match", "framing",                                     \
      "of a keyword only the first four letters count", NONE, NONE)                                \
    X(extra_argument_ignored, "extra-argument-ignored", "framing",                                 \
      "arguments beyond the last one are ignored", NONE, NONE)                                     \
    X(multiple_blanks_accepted, "multiple-blanks-accepted", "framing",                             \
      "several blanks and tabs separate arguments", NONE, NONE)                                    \
    X(list_size_not_decimal, "list-size-not-decimal", "framing",                                   \
      "LIST gives the size in a wrong format, one of three", NUMBER("format", 1, 3, 1, 2, 3),      \
      WHICH)

#endif
