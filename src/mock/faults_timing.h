/* SPDX-License-Identifier: Apache-2.0
 *
 * Timing: when a session ends, how long an answer takes, and what that tells (RFC 1939 sections 3
 * and 13): rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_TIMING_H
#define PQ_MOCK_FAULTS_TIMING_H

#define PQ_FAULTS_TIMING(X)                                                                        \
    X(idle_timeout_60s, "idle-timeout-60s", "timing",                                              \
      "a session without a command is ended before ten minutes",                                   \
      NUMBER("seconds", 1, 599, 60, 45, 30), NONE)                                                 \
    X(idle_timer_not_reset, "idle-timer-not-reset", "timing",                                      \
      "a session is ended after ten minutes, whether commands came or not", NONE, NONE)            \
    X(user_unknown_err, "user-unknown-err", "timing",                                              \
      "USER is refused for names that are unknown", NONE, NONE)                                    \
    X(unknown_user_other_text, "unknown-user-other-text", "timing",                                \
      "PASS is refused with so many blanks more when the name is unknown",                         \
      NUMBER("blanks", 1, 100, 1, 2, 3), NONE)                                                     \
    X(unknown_user_faster, "unknown-user-faster", "timing",                                        \
      "PASS takes so many digests, but only when the name is known",                               \
      NUMBER("digests", 1, 10000000, 60000, 90000, 120000), NONE)                                  \
    X(uidl_quadratic, "uidl-quadratic", "timing",                                                  \
      "for each line of UIDL all unique-ids are compared, so many times",                          \
      NUMBER("times", 1, 1000, 1, 2, 4), NONE)                                                     \
    X(slow_reader_stall, "slow-reader-stall", "timing",                                            \
      "an answer is not gone on with when the client does not take it for so long",                \
      NUMBER("milliseconds", 1, UINT32_MAX, 50, 20, 100), NONE)                                    \
    X(terminator_delayed, "terminator-delayed", "timing",                                          \
      "the terminator of RETR and TOP is sent only with the next command", NONE, NONE)

#endif
