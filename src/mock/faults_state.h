/* SPDX-License-Identifier: Apache-2.0
 *
 * State: marks, numbers, and what the end of a session does (RFC 1939 sections 4 to 6):
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_STATE_H
#define PQ_MOCK_FAULTS_STATE_H

#define PQ_FAULTS_STATE(X)                                                                         \
    X(retr_deleted_ok, "retr-deleted-ok", "state",                                                 \
      "RETR still sends a message that is marked as deleted", WHICH, NONE)                         \
    X(dele_twice_ok, "dele-twice-ok", "state",                                                     \
      "DELE succeeds for a message that is marked as deleted", WHICH, NONE)                        \
    X(list_shows_deleted, "list-shows-deleted", "state",                                           \
      "LIST shows messages that are marked as deleted", WHICH, NONE)                               \
    X(uidl_shows_deleted, "uidl-shows-deleted", "state",                                           \
      "UIDL shows messages that are marked as deleted", WHICH, NONE)                               \
    X(stat_counts_deleted, "stat-counts-deleted", "state",                                         \
      "the count of STAT includes messages that are marked as deleted, up to so many",             \
      NUMBER("marked", 1, UINT32_MAX, UINT32_MAX, 1, 2), NONE)                                     \
    X(stat_size_counts_deleted, "stat-size-counts-deleted", "state",                               \
      "the total of STAT includes messages that are marked as deleted", WHICH, NONE)               \
    X(dele_renumbers, "dele-renumbers", "state",                                                   \
      "the messages behind one that DELE marks move down by one number", WHICH, NONE)              \
    X(rset_keeps_marks, "rset-keeps-marks", "state", "RSET takes no mark away", WHICH, NONE)       \
    X(dele_applies_on_drop, "dele-applies-on-drop", "state",                                       \
      "marked messages are removed when the session ends without QUIT", WHICH, NONE)

#endif
