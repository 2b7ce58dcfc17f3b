/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of faults, and what the files faults_<category>.c share. A new fault is a row here and
 * its `effect_NAME` in one of those files.
 */
#ifndef PQ_MOCK_FAULT_INTERNAL_H
#define PQ_MOCK_FAULT_INTERNAL_H

#include "mock/fault.h"

/* ---- the list -------------------------------------------------------------------------------- */

/* Constants: none; which messages; a number in a range with three choices for the seed. */
#define NONE                                                                                       \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define WHICH                                                                                      \
    {                                                                                              \
        .name = "messages", .which = true, .least = 1, .most = UINT32_MAX, .choices = {            \
            PQ_WHICH_ALL,                                                                          \
            PQ_WHICH_ODD,                                                                          \
            PQ_WHICH_EVEN                                                                          \
        }                                                                                          \
    }
#define NUMBER(constant, from, to, a, b, c)                                                        \
    {                                                                                              \
        .name = (constant), .least = (from), .most = (to), .choices = {(a), (b), (c) }             \
    }

/* identifier, name, category, what the server does wrong, its constants */
#define PQ_FAULT_LIST(X)                                                                           \
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
      "marked messages are removed when the session ends without QUIT", WHICH, NONE)               \
    X(idle_timeout_60s, "idle-timeout-60s", "timing",                                              \
      "a session without a command is ended before ten minutes",                                   \
      NUMBER("seconds", 1, 599, 60, 45, 30), NONE)                                                 \
    X(idle_timer_not_reset, "idle-timer-not-reset", "timing",                                      \
      "a session is ended after ten minutes, whether commands came or not", NONE, NONE)            \
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
    X(stls_keeps_buffered_plaintext, "stls-keeps-buffered-plaintext", "TLS",                       \
      "commands that came behind STLS in clear are obeyed inside TLS", NONE, NONE)                 \
    X(stls_keeps_user, "stls-keeps-user", "TLS",                                                   \
      "the name that USER gave in clear counts inside TLS", NONE, NONE)                            \
    X(stls_accepted_in_transaction, "stls-accepted-in-transaction", "TLS",                         \
      "STLS succeeds after login; the maildrop stays open", NONE, NONE)                            \
    X(stls_accepted_in_tls, "stls-accepted-in-tls", "TLS",                                         \
      "STLS inside TLS is answered +OK; no second handshake follows", NONE, NONE)                  \
    X(auth_ir_ignored, "auth-ir-ignored", "SASL", "AUTH overlooks the initial response", NONE,     \
      NONE)                                                                                        \
    X(auth_equals_literal, "auth-equals-literal", "SASL",                                          \
      "AUTH takes \"=\" as a message of one octet: seen with AUTH LOGIN =", NONE, NONE)            \
    X(auth_cancel_not_recognised, "auth-cancel-not-recognised", "SASL",                            \
      "\"*\" is taken for a response, and another one is asked for", NONE, NONE)                   \
    X(auth_lenient_base64, "auth-lenient-base64", "SASL",                                          \
      "octets that are not of the base64 alphabet are skipped, up to so many",                     \
      NUMBER("skipped", 1, UINT32_MAX, UINT32_MAX, 1, 2), NONE)                                    \
    X(auth_challenge_plain_text, "auth-challenge-plain-text", "SASL",                              \
      "challenges are not base64; an empty one is one of three texts",                             \
      NUMBER("text", 1, 3, 1, 2, 3), NONE)                                                         \
    X(auth_challenge_no_space, "auth-challenge-no-space", "SASL",                                  \
      "the empty challenge has no space behind the plus sign", NONE, NONE)                         \
    X(command_limit_128, "command-limit-128", "limits",                                            \
      "command lines of more octets are refused, CRLF counted",                                    \
      NUMBER("octets", 6, 254, 128, 100, 192), NONE)                                               \
    X(utf8_accepted_in_transaction, "utf8-accepted-in-transaction", "i18n",                        \
      "UTF8 succeeds after login", NONE, NONE)                                                     \
    X(utf8_size_mismatch, "utf8-size-mismatch", "i18n",                                            \
      "without UTF8, RETR and TOP send a form in ASCII whose size LIST does not give", WHICH,      \
      NONE)

enum pq_fault_id {
#define X(id, name, category, text, first, second) PQ_FAULT_##id,
    PQ_FAULT_LIST(X)
#undef X
        PQ_FAULT_COUNT
};

/* ---- what a fault is made of ----------------------------------------------------------------- */

struct fault_effect {
    /* Laid over the behaviour; null where the fault changes nothing. */
    struct pq_behaviour hooks;
    /* Whether the fault can show on a message with that content, and so whether the message counts
     * for a constant "messages". NULL: on every message. */
    bool (*shows)(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content);
    /* Writes the body of the command `verb` about such a message in its own way, terminator
     * included; false when memory is exhausted. NULL: bodies are not its matter. */
    enum pq_verb verb;
    bool (*write)(const struct pq_fault *f, struct pq_slice content, struct pq_bytes *wire);
};

#define X(id, name, category, text, first, second) extern const struct fault_effect effect_##id;
PQ_FAULT_LIST(X)
#undef X

/* ---- for the functions of a fault, which is then active -------------------------------------- */

struct pq_fault *fault_of(const struct pq_server *s, enum pq_fault_id id);
/* Counts an occasion and tells whether the fault acts on it. */
bool fault_fires(struct pq_fault *f);
/* Whether messages[index] is one of those that the fault affects. */
bool fault_covers(const struct pq_server *s, const struct pq_fault *f, size_t index);
/* Both. */
bool fault_acts_on(const struct pq_server *s, struct pq_fault *f, size_t index);
/* Puts the session into a state to which its table has no such move. */
void fault_set_state(struct pq_server *s, enum pq_state state);

/* The hook `body` of all faults that have `write`. */
bool fault_body(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                struct pq_bytes *wire);

/* ---- content --------------------------------------------------------------------------------- */

/* Takes the first line off the front of `*rest`, its CRLF included if it has one. */
struct pq_slice fault_line(struct pq_slice *rest);
/* The same without the CRLF. */
struct pq_slice fault_line_text(struct pq_slice line);
bool fault_has_dot_line(const struct pq_server *s, const struct pq_fault *f,
                        struct pq_slice content);
bool fault_has_octets(const struct pq_server *s, const struct pq_fault *f, struct pq_slice content);
/* Each appends; false when memory is exhausted. */
bool fault_put(struct pq_bytes *wire, struct pq_slice octets);
/* With a second dot in front when it begins with one. */
bool fault_put_stuffed(struct pq_bytes *wire, struct pq_slice line);
/* Every line of `content` so. */
bool fault_put_lines(struct pq_bytes *wire, struct pq_slice content);
/* CRLF unless `content` ends with it or is empty. */
bool fault_put_last_crlf(struct pq_bytes *wire, struct pq_slice content);
/* The same and the terminator. */
bool fault_put_end(struct pq_bytes *wire, struct pq_slice content);

#endif
