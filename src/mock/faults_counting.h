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
      NONE, NONE)

#endif
