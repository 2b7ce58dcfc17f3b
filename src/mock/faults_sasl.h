/* SPDX-License-Identifier: Apache-2.0
 *
 * SASL: the exchange that AUTH begins (RFC 5034), and what names and passwords are worth:
 * rows of the list in fault_internal.h.
 */
#ifndef PQ_MOCK_FAULTS_SASL_H
#define PQ_MOCK_FAULTS_SASL_H

#define PQ_FAULTS_SASL(X)                                                                          \
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
    X(auth_authzid_unchecked, "auth-authzid-unchecked", "SASL",                                    \
      "everybody may open every maildrop by its name as authorization identity", NONE, NONE)       \
    X(auth_plain_extra_nul, "auth-plain-extra-nul", "SASL",                                        \
      "what stands behind a third NUL of PLAIN is overlooked", NONE, NONE)                         \
    X(auth_unknown_mech_continues, "auth-unknown-mech-continues", "SASL",                          \
      "AUTH with an unknown mechanism is answered by a challenge", NONE, NONE)                     \
    X(auth_unlisted_mech_works, "auth-unlisted-mech-works", "SASL",                                \
      "CAPA has a mechanism less than AUTH takes: PLAIN, LOGIN, CRAM-MD5, or EXTERNAL",            \
      NUMBER("mechanism", 1, 4, 1, 2, 3), NONE)                                                    \
    X(auth_after_success, "auth-after-success", "SASL",                                            \
      "AUTH after login closes the maildrop and begins another login", NONE, NONE)                 \
    X(auth_cram_challenge_repeats, "auth-cram-challenge-repeats", "SASL",                          \
      "CRAM-MD5 has one challenge for all", NONE, NONE)                                            \
    X(auth_long_ir_truncated, "auth-long-ir-truncated", "SASL",                                    \
      "so many octets of a response are looked at, and the rest is not",                           \
      NUMBER("octets", 4, UINT32_MAX, 512, 256, 384), NONE)                                        \
    X(apop_timestamp_repeats, "apop-timestamp-repeats", "SASL",                                    \
      "every greeting has the same timestamp", NONE, NONE)                                         \
    X(apop_prefix_compare, "apop-prefix-compare", "SASL",                                          \
      "APOP compares so many digits of the digest", NUMBER("digits", 1, 31, 8, 16, 31), NONE)      \
    X(pass_trims_blanks, "pass-trims-blanks", "SASL", "PASS overlooks blanks around the password", \
      NONE, NONE)                                                                                  \
    X(pass_first_8_chars, "pass-first-8-chars", "SASL",                                            \
      "PASS compares so many octets of the password", NUMBER("octets", 1, 254, 8, 6, 7), NONE)     \
    X(auth_failure_without_code, "auth-failure-without-code", "SASL",                              \
      "a wrong name or password is answered without [AUTH]", NONE, NONE)                           \
    X(in_use_reported_as_auth, "in-use-reported-as-auth", "SASL",                                  \
      "a maildrop that is open in another session is answered by [AUTH]", NONE, NONE)              \
    X(auth_scram_nonce_unchecked, "auth-scram-nonce-unchecked", "SASL",                            \
      "the last message of SCRAM may have another nonce", NONE, NONE)                              \
    X(auth_scram_cb_flag_ignored, "auth-scram-cb-flag-ignored", "SASL",                            \
      "a client of SCRAM that was not shown the -PLUS that is announced is let in", NONE, NONE)    \
    X(auth_scram_channel_unchecked, "auth-scram-channel-unchecked", "SASL",                        \
      "SCRAM with -PLUS takes the binding of another channel", NONE, NONE)                         \
    X(auth_scram_refused_by_policy, "auth-scram-refused-by-policy", "SASL",                        \
      "SCRAM without -PLUS is announced beside the one with it, and lets nobody in", NONE, NONE)   \
    X(auth_tls_unique_in_1_3, "auth-tls-unique-in-1.3", "SASL",                                    \
      "SCRAM with -PLUS begins with tls-unique in TLS 1.3, which has none", NONE, NONE)            \
    X(auth_binds_resumed_session, "auth-binds-resumed-session", "SASL",                            \
      "sessions of TLS 1.2 are resumed, and SCRAM with -PLUS binds to them without the extended "  \
      "master secret",                                                                             \
      NONE, NONE)                                                                                  \
    X(auth_names_not_prepared, "auth-names-not-prepared", "SASL",                                  \
      "AUTH compares names and passwords octet by octet, without SASLprep", NONE, NONE)            \
    X(auth_long_name_refused, "auth-long-name-refused", "SASL",                                    \
      "AUTH knows nobody whose name has more than so many octets",                                 \
      NUMBER("octets", 1, 254, 64, 254, 128), NONE)                                                \
    X(external_identity_from_user, "external-identity-from-user", "SASL",                          \
      "EXTERNAL believes whatever name the client gives", NONE, NONE)                              \
    X(user_sql_wildcard, "user-sql-wildcard", "SASL",                                              \
      "% and _ in the name that USER gives stand for any characters, and for any one", NONE, NONE)

#endif
