/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting: sizes, totals, numbers and unique-ids (RFC 1939 sections 5, 7 and 11):
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_COUNTING_H
#define PQ_MOCK_FAULTS_COUNTING_H

#define PQ_FAULTS_COUNTING(X)                                                                      \
    X(stat_total_off_by_one, "stat-total-off-by-one", "counting",                                  \
      "the total of STAT is too large by so many octets for each message",                         \
      NUMBER("octets", 1, 1000000, 1, 2, 7), NONE)                                                 \
    X(list_size_lf_only, "list-size-lf-only", "counting",                                          \
      "LIST and STAT count one octet for a line end", WHICH, NONE)                                 \
    X(list_size_includes_stuffing, "list-size-includes-stuffing", "counting",                      \
      "LIST and STAT count the dots that byte-stuffing adds", WHICH, NONE)                         \
    X(list_size_rounded_1024, "list-size-rounded-1024", "counting",                                \
      "LIST and STAT round the size of a message up to a multiple",                                \
      NUMBER("octets", 2, 1048576, 1024, 512, 4096), NONE)                                         \
    X(list_numbers_from_zero, "list-numbers-from-zero", "counting",                                \
      "LIST numbers the messages from zero", NONE, NONE)                                           \
    X(list_duplicate_line, "list-duplicate-line", "counting",                                      \
      "LIST shows the last message twice when it shows an even number", NONE, NONE)                \
    X(retr_zero_is_first, "retr-zero-is-first", "counting", "RETR 0 sends the first message",      \
      NONE, NONE)                                                                                  \
    X(stat_total_skips_last, "stat-total-skips-last", "counting",                                  \
      "the total of STAT lacks the last message", NONE, NONE)                                      \
    X(list_size_includes_terminator, "list-size-includes-terminator", "counting",                  \
      "LIST and STAT count the terminator", WHICH, NONE)                                           \
    X(list_size_wraps_65536, "list-size-wraps-65536", "counting",                                  \
      "LIST and STAT give sizes modulo a number",                                                  \
      NUMBER("octets", 2, 4294967296, 65536, 32768, 16384), NONE)                                  \
    X(list_skips_tenth, "list-skips-tenth", "counting",                                            \
      "LIST leaves out every message whose place is a multiple",                                   \
      NUMBER("place", 2, 1000000, 10, 7, 5), NONE)                                                 \
    X(retr_past_end_empty, "retr-past-end-empty", "counting",                                      \
      "RETR of a number beyond the last message sends an empty one", NONE, NONE)                   \
    X(retr_negative_from_end, "retr-negative-from-end", "counting",                                \
      "RETR counts a negative number from the end", NONE, NONE)                                    \
    X(retr_number_wraps_32, "retr-number-wraps-32", "counting",                                    \
      "RETR takes the number modulo 2^32", NONE, NONE)                                             \
    X(retr_number_saturates_64, "retr-number-saturates-64", "counting",                            \
      "RETR of a number beyond 64 bits sends the last message", NONE, NONE)                        \
    X(retr_number_prefix, "retr-number-prefix", "counting",                                        \
      "RETR takes the digits that its argument begins with", NONE, NONE)                           \
    X(retr_number_octal, "retr-number-octal", "counting",                                          \
      "RETR takes a number with a leading zero as octal", NONE, NONE)                              \
    X(top_zero_returns_body, "top-zero-returns-body", "counting",                                  \
      "TOP of no line sends the whole message", WHICH, NONE)                                       \
    X(top_includes_extra_line, "top-includes-extra-line", "counting", "TOP sends one line more",   \
      WHICH, NONE)                                                                                 \
    X(top_omits_blank_line, "top-omits-blank-line", "counting",                                    \
      "TOP leaves out the blank line behind the header", WHICH, NONE)                              \
    X(top_counts_blank_separator, "top-counts-blank-separator", "counting",                        \
      "TOP counts the blank line behind the header as a line of the body", WHICH, NONE)            \
    X(top_negative_unlimited, "top-negative-unlimited", "counting",                                \
      "TOP of a negative number of lines sends the whole message", NONE, NONE)                     \
    X(top_count_wraps_32, "top-count-wraps-32", "counting",                                        \
      "TOP takes the number of lines modulo 2^32", NONE, NONE)                                     \
    X(top_missing_count_ok, "top-missing-count-ok", "counting",                                    \
      "TOP without a number of lines sends so many", NUMBER("lines", 0, 4294967295, 0, 10, 1),     \
      NONE)                                                                                        \
    X(top_stops_at_dot_line, "top-stops-at-dot-line", "counting",                                  \
      "TOP ends at a line that is a dot and nothing else", WHICH, NONE)                            \
    X(uidl_reuses_id, "uidl-reuses-id", "counting",                                                \
      "a message that is delivered gets the unique-id of one that was removed", NONE, NONE)        \
    X(uidl_changes_per_session, "uidl-changes-per-session", "counting",                            \
      "unique-ids differ in each session", WHICH, NONE)                                            \
    X(uidl_changes_after_drop, "uidl-changes-after-drop", "counting",                              \
      "unique-ids change when a session ends without QUIT", WHICH, NONE)                           \
    X(uidl_changes_after_retr, "uidl-changes-after-retr", "counting",                              \
      "the unique-id of a message changes when RETR was followed by QUIT", WHICH, NONE)            \
    X(uidl_collides_same_size, "uidl-collides-same-size", "counting",                              \
      "messages of one size have one unique-id", NONE, NONE)                                       \
    X(uidl_shifts_after_dele, "uidl-shifts-after-dele", "counting",                                \
      "UIDL numbers the remaining messages from one", NONE, NONE)                                  \
    X(uidl_single_differs, "uidl-single-differs", "counting",                                      \
      "UIDL with a number gives the unique-id of another message", WHICH, NONE)                    \
    X(uidl_71_chars, "uidl-71-chars", "counting", "unique-ids have so many octets",                \
      NUMBER("octets", 71, 90, 71, 72, 90), WHICH)                                                 \
    X(uidl_has_blank_or_8bit, "uidl-has-blank-or-8bit", "counting",                                \
      "unique-ids hold such an octet", NUMBER("octet", 0, 255, 32, 233, 127), WHICH)

#endif
