/* SPDX-License-Identifier: Apache-2.0
 *
 * Timing: when a session ends, and how long an answer takes (RFC 1939 section 3):
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_TIMING_H
#define PQ_MOCK_FAULTS_TIMING_H

#define PQ_FAULTS_TIMING(X)                                                                        \
    X(idle_timeout_60s, "idle-timeout-60s", "timing",                                              \
      "a session without a command is ended before ten minutes",                                   \
      NUMBER("seconds", 1, 599, 60, 45, 30), NONE)                                                 \
    X(idle_timer_not_reset, "idle-timer-not-reset", "timing",                                      \
      "a session is ended after ten minutes, whether commands came or not", NONE, NONE)

#endif
