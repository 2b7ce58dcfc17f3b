/* SPDX-License-Identifier: Apache-2.0
 *
 * State: login and lock, marks and numbers, and what the end of a session does (RFC 1939 sections 3
 * to 7): rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_STATE_H
#define PQ_MOCK_FAULTS_STATE_H

#define PQ_FAULTS_STATE_MARKS(X)                                                                   \
    X(retr_deleted_ok, "retr-deleted-ok", "state",                                                 \
      "RETR still sends a message that is marked as deleted", WHICH, NONE)                         \
    X(top_deleted_ok, "top-deleted-ok", "state",                                                   \
      "TOP still sends a message that is marked as deleted", WHICH, NONE)                          \
    X(list_single_deleted_ok, "list-single-deleted-ok", "state",                                   \
      "LIST with a number answers for a message that is marked as deleted", WHICH, NONE)           \
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
    X(stat_cached, "stat-cached", "state", "STAT always says what it said first", NONE, NONE)      \
    X(dele_renumbers, "dele-renumbers", "state",                                                   \
      "the messages behind one that DELE marks move down by one number", WHICH, NONE)              \
    X(dele_last_shrinks_range, "dele-last-shrinks-range", "state",                                 \
      "while the last message is marked, so many in front of it do not exist either",              \
      NUMBER("messages", 1, UINT32_MAX, 1, 2, 3), NONE)                                            \
    X(uidl_of_last_deleted_crash, "uidl-of-last-deleted-crash", "state",                           \
      "UIDL with the number of the last message, while that is marked, ends the session at once",  \
      NONE, NONE)

#define PQ_FAULTS_STATE_RSET(X)                                                                    \
    X(rset_keeps_marks, "rset-keeps-marks", "state", "RSET takes no mark away", WHICH, NONE)       \
    X(rset_clears_first_64_only, "rset-clears-first-64-only", "state",                             \
      "RSET takes marks away from so many first messages only",                                    \
      NUMBER("messages", 1, UINT32_MAX, 64, 32, 128), NONE)                                        \
    X(rset_restores_count_not_size, "rset-restores-count-not-size", "state",                       \
      "after RSET the total of STAT still lacks the messages that were marked", WHICH, NONE)       \
    X(rset_then_retr_off_by_one, "rset-then-retr-off-by-one", "state",                             \
      "after RSET has taken so many marks away, RETR sends the message behind",                    \
      NUMBER("marks", 1, UINT32_MAX, 3, 4, 5), NONE)                                               \
    X(rset_in_auth_accepted, "rset-in-auth-accepted", "state", "RSET succeeds before login", NONE, \
      NONE)                                                                                        \
    X(rset_releases_lock, "rset-releases-lock", "state",                                           \
      "RSET lets other sessions open the maildrop", NONE, NONE)                                    \
    X(stls_accepted_after_rset, "stls-accepted-after-rset", "state",                               \
      "STLS succeeds in a session that set marks and took them away", NONE, NONE)                  \
    X(dele_rset_stls_double_reply, "dele-rset-stls-double-reply", "state",                         \
      "after DELE, RSET and a refused STLS the next command has two status lines", NONE, NONE)

#define PQ_FAULTS_STATE_UPDATE(X)                                                                  \
    X(dele_applies_on_drop, "dele-applies-on-drop", "state",                                       \
      "marked messages are removed when the session ends without QUIT", WHICH, NONE)               \
    X(dele_applies_on_timeout, "dele-applies-on-timeout", "state",                                 \
      "marked messages are removed when the autologout timer ends the session", WHICH, NONE)       \
    X(dele_applies_at_once, "dele-applies-at-once", "state",                                       \
      "DELE removes the message at once, and RSET does not bring it back", WHICH, NONE)            \
    X(dele_lost_on_quit, "dele-lost-on-quit", "state", "QUIT does not remove marked messages",     \
      WHICH, NONE)                                                                                 \
    X(quit_applies_first_8, "quit-applies-first-8", "state",                                       \
      "QUIT removes so many marked messages and no more", NUMBER("marks", 1, UINT32_MAX, 8, 6, 4), \
      NONE)                                                                                        \
    X(quit_removes_neighbour, "quit-removes-neighbour", "state",                                   \
      "while the first message is not marked, QUIT removes the message behind a marked one", NONE, \
      NONE)                                                                                        \
    X(quit_removes_retrieved, "quit-removes-retrieved", "state",                                   \
      "QUIT removes messages that RETR sent", WHICH, NONE)                                         \
    X(quit_ok_on_failed_update, "quit-ok-on-failed-update", "state",                               \
      "QUIT is answered +OK though messages could not be removed: see --read-only", NONE, NONE)    \
    X(quit_no_reply, "quit-no-reply", "state", "QUIT closes the connection without an answer",     \
      NONE, NONE)                                                                                  \
    X(quit_does_not_close, "quit-does-not-close", "state",                                         \
      "after QUIT the session goes on as before", NONE, NONE)                                      \
    X(quit_pipelined_tail_executed, "quit-pipelined-tail-executed", "state",                       \
      "commands that came in one segment with QUIT are obeyed", NONE, NONE)

#define PQ_FAULTS_STATE_LOGIN(X)                                                                   \
    X(auth_state_stat_ok, "auth-state-stat-ok", "state", "STAT succeeds before login", NONE, NONE) \
    X(auth_state_list_leaks, "auth-state-list-leaks", "state",                                     \
      "LIST after USER shows the maildrop of that name", NONE, NONE)                               \
    X(transaction_user_switches, "transaction-user-switches", "state",                             \
      "USER and PASS after login open another maildrop", NONE, NONE)                               \
    X(pass_without_user, "pass-without-user", "state",                                             \
      "PASS without USER logs in to the first account with that password", NONE, NONE)             \
    X(pass_retry_without_user, "pass-retry-without-user", "state",                                 \
      "after a wrong PASS another one is taken", NONE, NONE)                                       \
    X(user_second_ignored, "user-second-ignored", "state",                                         \
      "the name of the first USER counts, whatever USER says later", NONE, NONE)                   \
    X(failed_auth_eats_next_line, "failed-auth-eats-next-line", "state",                           \
      "after a failed AUTH so many lines are taken for responses, and refused",                    \
      NUMBER("lines", 1, 100, 1, 2, 3), NONE)                                                      \
    X(failed_login_third_hangs, "failed-login-third-hangs", "state",                               \
      "after so many failed logins nothing is answered, and the connection stays",                 \
      NUMBER("failures", 1, UINT32_MAX, 3, 2, 3), NONE)                                            \
    X(capa_refused_in_transaction, "capa-refused-in-transaction", "state",                         \
      "CAPA is refused after login", NONE, NONE)

#define PQ_FAULTS_STATE_LOCK(X)                                                                    \
    X(no_exclusive_lock, "no-exclusive-lock", "state",                                             \
      "a maildrop can be opened while another session has it open", NONE, NONE)                    \
    X(lock_survives_drop, "lock-survives-drop", "state",                                           \
      "a session that ends without QUIT leaves the maildrop locked", NONE, NONE)                   \
    X(lock_survives_failed_login, "lock-survives-failed-login", "state",                           \
      "a wrong PASS leaves the maildrop locked for other connections", NONE, NONE)                 \
    X(new_mail_visible_in_session, "new-mail-visible-in-session", "state",                         \
      "mail that arrives during a session gets the next numbers at once", NONE, NONE)              \
    X(new_mail_renumbers, "new-mail-renumbers", "state",                                           \
      "mail that arrives during a session becomes the first message at once", NONE, NONE)

#define PQ_FAULTS_STATE_SEQUENCE(X)                                                                \
    X(top_resumes_offset, "top-resumes-offset", "state",                                           \
      "TOP of the message of the last TOP goes on where that ended", WHICH, NONE)                  \
    X(retr_after_partial_top_truncated, "retr-after-partial-top-truncated", "state",               \
      "RETR of the last message sends no more lines than the TOP of it before", NONE, NONE)        \
    X(noop_64_closes, "noop-64-closes", "state",                                                   \
      "one more NOOP than so many ends the session without an answer",                             \
      NUMBER("commands", 1, UINT32_MAX, 64, 32, 100), NONE)

#define PQ_FAULTS_STATE(X)                                                                         \
    PQ_FAULTS_STATE_MARKS(X)                                                                       \
    PQ_FAULTS_STATE_RSET(X)                                                                        \
    PQ_FAULTS_STATE_UPDATE(X)                                                                      \
    PQ_FAULTS_STATE_LOGIN(X)                                                                       \
    PQ_FAULTS_STATE_LOCK(X)                                                                        \
    PQ_FAULTS_STATE_SEQUENCE(X)

#endif
