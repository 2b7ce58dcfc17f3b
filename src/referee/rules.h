/* SPDX-License-Identifier: Apache-2.0
 *
 * A rule is one row of the table in rules.c and one function that looks at a moment. It is silent
 * where the octets have a lawful meaning.
 */
#ifndef PQ_REFEREE_RULES_H
#define PQ_REFEREE_RULES_H

#include "referee/referee_internal.h"

struct ref_look {
    const struct referee_conn *c;
    const struct ref_moment *m;
    struct pq_buf why; /* what was due and what came */
};

/* True: the rule is broken, and `l->why` says how. */
typedef bool ref_rule_fn(struct ref_look *l);

enum ref_when {
    REF_KNOWING, /* what is answered has to be known */
    REF_HELD,    /* the same, and it counts only when the connection goes on */
    REF_ALWAYS,
};

struct ref_rule {
    struct pq_referee_rule public;
    unsigned at;    /* a mask of 1 << enum ref_moment_kind */
    unsigned verbs; /* a mask of 1 << enum pq_verb; zero: whatever the command is */
    ref_rule_fn *look;
    enum ref_when when;
    bool apart; /* what it sees was done before: the command that shows it has no part in that */
};

extern const struct ref_rule ref_rules[];
extern const size_t ref_rules_count;

/* Says `text` when the rule is broken; returns `broken`, so that a rule can end with it. */
bool ref_finds(struct ref_look *l, bool broken, const char *text);
/* Each returns true. */
bool ref_say(struct ref_look *l, const char *text);
bool ref_say_numbers(struct ref_look *l, const char *text, uint64_t due, uint64_t came);

/* What many rules ask. */
bool ref_is_ok(const struct ref_look *l);  /* a well-formed command was answered +OK */
bool ref_is_err(const struct ref_look *l); /* or -ERR */
bool ref_in_transaction(const struct ref_look *l);
bool ref_in_authorization(const struct ref_look *l);

/* The functions of the table, by file. Each looks at one moment. */
/* rules_form.c */
ref_rule_fn rule_status_case, rule_status_long, rule_status_end, rule_status_space,
    rule_status_8bit, rule_status_control, rule_continue_misplaced, rule_line_end,
    rule_greeting_timestamp, rule_greeting_other, rule_greeting_lines, rule_dot_after_err,
    rule_lines_after_single, rule_body_goes_on, rule_listing_goes_on, rule_not_reply, rule_always,
    rule_body_dots, rule_body_bare_lf;
/* rules_order.c */
ref_rule_fn rule_stray_ok, rule_stray_err, rule_after_quit, rule_silence, rule_silence_greeting,
    rule_silence_end, rule_tls_greeting, rule_tls_injection, rule_tls_prefix, rule_clear,
    rule_code_auth, rule_code_in_use, rule_code_login_delay, rule_code_sys, rule_code_utf8,
    rule_code_open, rule_code_unannounced;
/* rules_sasl.c */
ref_rule_fn rule_challenge_space, rule_challenge_base64, rule_cancel, rule_response_base64,
    rule_initial_ignored;
/* rules_state.c */
ref_rule_fn rule_early, rule_late, rule_late_auth, rule_late_utf8, rule_late_stls, rule_stls_twice,
    rule_pass_without_user, rule_pass_not_next, rule_pass_from_clear, rule_apop_no_timestamp,
    rule_argument_missing, rule_argument_surplus, rule_argument_number, rule_refused,
    rule_capa_syntax, rule_capa_long, rule_capa_stls, rule_capa_lost;
/* rules_view.c */
ref_rule_fn rule_marked, rule_absent, rule_stat_form, rule_stat_extra, rule_stat_marked,
    rule_stat_reset, rule_stat_count, rule_stat_octets, rule_list_one_form, rule_list_one_extra,
    rule_list_one_size, rule_uidl_one_form, rule_uidl_one_same, rule_scan_form, rule_scan_extra,
    rule_scan_size, rule_scan_number, rule_uid_form, rule_uid_length, rule_uid_octets,
    rule_uid_number, rule_uid_same, rule_uid_twice, rule_line_marked, rule_list_twice,
    rule_list_missing, rule_list_reset, rule_list_gap, rule_list_order, rule_retr_refused;
/* rules_mail.c */
ref_rule_fn rule_size, rule_content_same, rule_top_lines, rule_top_prefix, rule_top_whole,
    rule_body_same, rule_mail_lost, rule_mail_aborted, rule_mail_reset, rule_mail_remained,
    rule_uids_changed;

#endif
