/* SPDX-License-Identifier: Apache-2.0
 * The table of rules. A row is: id, requirement, what it sees, moments, verbs, function. */
#include "referee/rules.h"

/* ---- moments --------------------------------------------------------------------------------- */

#define AT(kind) (1u << REF_AT_##kind)
#define ANY_REPLY (AT(GREETING) | AT(STATUS) | AT(STRAY))
#define V(verb) (1u << PQ_VERB_##verb)
#define ANY_VERB 0u
#define CREDENTIALS (V(USER) | V(PASS) | V(APOP))
#define READS (V(STAT) | V(LIST) | V(RETR) | V(DELE) | V(UIDL))

#define R(id, requirement, at, verbs, look, sees)                                                  \
    {{id, requirement, sees}, at, verbs, rule_##look, false},
/* Held: a server that is about to close may say -ERR to anything. */
#define H(id, requirement, at, verbs, look, sees)                                                  \
    {{id, requirement, sees}, at, verbs, rule_##look, true},

/* clang-format off: a row is a row. */
const struct ref_rule ref_rules[] = {
    /* form */
    R("REF-STATUS-CASE", "RFC1939-3-016", ANY_REPLY, ANY_VERB, status_case,
      "a status indicator not in upper case") R("REF-STATUS-LONG", "RFC1939-3-018", ANY_REPLY,
                                                ANY_VERB, status_long,
                                                "a status line above 512 octets")
        R("REF-STATUS-END", "RFC1939-3-017", ANY_REPLY | AT(NOT_REPLY), ANY_VERB, status_end,
          "a status line with a bare LF or CR") R("REF-STATUS-SPACE", "RFC2449-3-002", ANY_REPLY,
                                                  ANY_VERB, status_space,
                                                  "an indicator that no space follows")
            R("REF-STATUS-8BIT", "RFC2449-3-004", ANY_REPLY, ANY_VERB, status_8bit,
              "8-bit text, without UTF8 or LANG, or NUL") R("REF-STATUS-CONTROL", "RFC2449-3-005",
                                                            ANY_REPLY, ANY_VERB, status_control,
                                                            "a control octet other than TAB")
                R("REF-CHALLENGE", "RFC5034-4-007", AT(STATUS), ANY_VERB, continue_misplaced,
                  "a challenge to another command than AUTH") R("REF-GREETING-TIMESTAMP",
                                                                "RFC2449-3-008", AT(GREETING),
                                                                ANY_VERB, greeting_timestamp,
                                                                "a timestamp that is no msg-id")
                    R("REF-GREETING-FORM", "RFC1939-4-002", AT(NOT_REPLY), ANY_VERB, greeting_other,
                      "a greeting of another protocol") R("REF-GREETING-LINES", "RFC1939-4-001",
                                                          AT(NOT_REPLY), ANY_VERB, greeting_lines,
                                                          "a greeting of several lines")
                        R("REF-DOT-AFTER-ERR", "RFC1939-3-023", AT(NOT_REPLY), ANY_VERB,
                          dot_after_err, "a terminator behind -ERR")
                            R("REF-SINGLE-LINES", "RFC1939-3-022", AT(NOT_REPLY), ANY_VERB,
                              lines_after_single, "more lines behind a single-line answer")
                                R("REF-BODY-GOES-ON", "RFC1939-3-027", AT(NOT_REPLY), ANY_VERB,
                                  body_goes_on, "content behind a terminator")
                                    R("REF-LISTING-GOES-ON", "RFC1939-3-025", AT(NOT_REPLY),
                                      ANY_VERB, listing_goes_on,
                                      "lines behind the terminator of a listing")
                                        R("REF-NOT-REPLY", "RFC1939-3-021", AT(NOT_REPLY), ANY_VERB,
                                          not_reply, "a line that answers nothing")
                                            R("REF-NO-TERMINATOR", "RFC1939-3-025", AT(CUT_SHORT),
                                              ANY_VERB, always, "a listing without its terminator")
                                                R("REF-LINE-END", "RFC1939-3-024",
                                                  AT(LINE) | AT(LIST_END), ANY_VERB, line_end,
                                                  "a line of a listing with a bare LF or CR")
                                                    R("REF-BODY-DOTS", "RFC1939-3-027",
                                                      AT(BODY_END), ANY_VERB, body_dots,
                                                      "content with a dot that was not doubled")
                                                        R("REF-BODY-LF", "RFC1939-3-024",
                                                          AT(BODY_END), ANY_VERB, body_bare_lf,
                                                          "content whose first line ends in LF")
    /* order */
    R("REF-REPLY-COUNT", "RFC1939-3-020", AT(STRAY), ANY_VERB, stray_ok,
      "a positive answer that nothing asked for")
        H("REF-UNSOLICITED", "RFC1939-3-021", AT(STRAY), ANY_VERB, stray_err,
          "a negative answer that nothing asked for")
            R("REF-AFTER-QUIT", "RFC1939-6-009", AT(STRAY) | AT(STATUS), ANY_VERB, after_quit,
              "a command obeyed behind QUIT") R("REF-SILENCE", "RFC1939-3-020", AT(SILENCE),
                                                ANY_VERB, silence, "a command without an answer")
                R("REF-SILENCE-GREETING", "RFC1939-3-002", AT(SILENCE), ANY_VERB, silence_greeting,
                  "no greeting") R("REF-SILENCE-END", "RFC1939-3-025", AT(SILENCE), ANY_VERB,
                                   silence_end, "a multi-line answer without its end")
    /* TLS */
    R("REF-TLS-GREETING", "RFC2595-4-018", AT(STRAY), ANY_VERB, tls_greeting,
      "a greeting inside TLS")
        R("REF-TLS-INJECTION", "RFC2595-4-009", AT(STRAY), ANY_VERB, tls_injection,
          "an answer inside TLS to what was said in the clear")
            R("REF-TLS-PREFIX", "RFC2595-4-010", AT(STATUS), ANY_VERB, tls_prefix,
              "a command made of octets from both sides of STLS")
                R("REF-TLS-FALLBACK", "RFC2595-4-021", AT(CLEAR), ANY_VERB, clear,
                  "+OK in the clear where TLS must begin or has failed")
                    R("REF-TLS-TWICE", "RFC2595-4-007", AT(STATUS), V(STLS), stls_twice,
                      "STLS accepted inside TLS")
                        R("REF-TLS-USER", "RFC2595-4-023", AT(STATUS), V(PASS), pass_from_clear,
                          "a USER from before TLS still in force")
    /* response codes */
    R("REF-CODE-AUTH", "RFC3206-5-001", AT(STATUS), ANY_VERB, code_auth,
      "[AUTH] on anything but a failed login") R("REF-CODE-IN-USE", "RFC2449-8.1.2-001", AT(STATUS),
                                                 ANY_VERB, code_in_use,
                                                 "[IN-USE] on anything but a failed login")
        R("REF-CODE-LOGIN-DELAY", "RFC2449-8.1.1-001", AT(STATUS), ANY_VERB, code_login_delay,
          "[LOGIN-DELAY] on anything but a failed login")
            R("REF-CODE-SYS", "RFC3206-4-002", AT(STATUS), ANY_VERB, code_sys, "[SYS/...] on +OK")
                R("REF-CODE-UTF8", "RFC6856-5-001", AT(STATUS), ANY_VERB, code_utf8,
                  "[UTF8] on anything but LIST, RETR or TOP refused")
                    R("REF-CODE-FORM", "RFC2449-6.4-001", AT(STATUS), ANY_VERB, code_open,
                      "text in brackets that is no code, and RESP-CODES announced")
                        R("REF-CODE-CAPA", "RFC2449-8-002", AT(STATUS), ANY_VERB, code_unannounced,
                          "a code, and RESP-CODES not announced")
    /* state */
    R("REF-EARLY", "RFC1939-3-043", AT(STATUS), READS, early,
      "a TRANSACTION command obeyed before the login")
        R("REF-EARLY-NOOP", "RFC1939-5-040", AT(STATUS), V(NOOP), early, "NOOP before the login") R(
            "REF-EARLY-RSET", "RFC1939-5-044", AT(STATUS), V(RSET), early, "RSET before the login")
            R("REF-EARLY-TOP", "RFC1939-7-010", AT(STATUS), V(TOP), early, "TOP before the login")
                R("REF-LATE-LOGIN", "RFC1939-3-044", AT(STATUS), CREDENTIALS, late,
                  "USER, PASS or APOP accepted after the login") R("REF-LATE-AUTH", "RFC5034-4-003",
                                                                   AT(STATUS), V(AUTH), late_auth,
                                                                   "AUTH accepted after the login")
                    R("REF-LATE-STLS", "RFC2595-4-004", AT(STATUS), V(STLS), late_stls,
                      "STLS accepted after the login") R("REF-PASS-ALONE", "RFC1939-7-035",
                                                         AT(STATUS), V(PASS), pass_without_user,
                                                         "PASS accepted without USER")
                        R("REF-PASS-NEXT", "RFC1939-7-036", AT(STATUS), V(PASS), pass_not_next,
                          "PASS accepted, and not next to USER")
                            R("REF-APOP-TIMESTAMP", "RFC1939-7-053", AT(STATUS), V(APOP),
                              apop_no_timestamp, "APOP accepted without a timestamp")
                                R("REF-ARGUMENT-MISSING", "RFC1939-3-039", AT(STATUS),
                                  V(USER) | V(RETR) | V(DELE) | V(TOP), argument_missing,
                                  "a missing argument accepted")
                                    R("REF-ARGUMENT-SURPLUS", "RFC1939-3-040", AT(STATUS),
                                      V(STAT) | V(NOOP) | V(RSET) | V(LIST) | V(RETR) | V(DELE) |
                                          V(TOP) | V(UIDL),
                                      argument_surplus, "a superfluous argument accepted")
                                        R("REF-ARGUMENT-NUMBER", "RFC1939-3-041", AT(STATUS),
                                          V(LIST) | V(RETR) | V(DELE) | V(TOP) | V(UIDL),
                                          argument_number, "an argument that is no number accepted")
                                            H("REF-NOOP", "RFC1939-5-039", AT(STATUS), V(NOOP),
                                              refused, "NOOP refused")
                                                H("REF-RSET", "RFC1939-5-042", AT(STATUS), V(RSET),
                                                  refused, "RSET refused")
                                                    H("REF-STAT", "RFC1939-5-001", AT(STATUS),
                                                      V(STAT), refused, "STAT refused")
    /* capabilities */
    R("REF-CAPA-FORM", "RFC2449-3-010", AT(LINE), V(CAPA), capa_syntax,
      "a line that is no capability") R("REF-CAPA-LONG", "RFC2449-5-008", AT(LINE), V(CAPA),
                                        capa_long, "a capability above 512 octets")
        R("REF-CAPA-STLS", "RFC2595-4-002", AT(LINE), V(CAPA), capa_stls,
          "STLS announced inside TLS")
            R("REF-CAPA-LOST", "RFC2449-5-002", AT(LIST_END), V(CAPA), capa_lost,
              "a capability of both states announced only before the login")
    /* numbers */
    R("REF-STAT-FORM", "RFC1939-5-001", AT(STATUS), V(STAT), stat_form,
      "STAT without two numbers") R("REF-STAT-EXTRA", "RFC1939-5-002", AT(STATUS), V(STAT),
                                    stat_extra, "something behind the numbers of STAT")
        R("REF-STAT-MARKED", "RFC1939-5-004", AT(STATUS), V(STAT), stat_marked,
          "STAT with a wrong count while messages are marked") R("REF-STAT-RESET", "RFC1939-5-041",
                                                                 AT(STATUS), V(STAT), stat_reset,
                                                                 "STAT with a wrong "
                                                                 "count after RSET")
            R("REF-STAT-COUNT", "RFC1939-5-007", AT(STATUS), V(STAT), stat_count,
              "STAT with another count than before") R("REF-STAT-OCTETS", "RFC1939-5-005",
                                                       AT(STATUS), V(STAT), stat_octets,
                                                       "STAT with another sum than LIST or STAT "
                                                       "gave") R("REF-LIST-ONE-FORM",
                                                                 "RFC1939-5-009",
                                                                 AT(STATUS), V(LIST), list_one_form,
                                                                 "LIST n without number and octets")
                R(
                    "REF-LIST-ONE-EXTRA", "RFC1939-5-012", AT(STATUS),
                    V(LIST), list_one_extra,
                    "something behind the octets of LIST n") R("REF-LIST-ONE-SIZE",
                                                               "RFC1939-5-020", AT(STATUS), V(LIST),
                                                               list_one_size,
                                                               "LIST n with another size than "
                                                               "before")
                    R(
                        "REF-UIDL-ONE-FORM", "RFC1939-7-012", AT(STATUS), V(UIDL), uidl_one_form,
                        "UIDL n without number and unique-id") R("REF-UIDL-ONE-SAME",
                                                                 "RFC1939-7-023", AT(STATUS), V(UIDL),
                                                                 uidl_one_same,
                                                                 "UIDL n with another unique-id "
                                                                 "than before")
                        R("REF-LIST-FORM", "RFC1939-5-011", AT(LINE), V(LIST), scan_form,
                          "a line of LIST without number and octets") R("REF-LIST-EXTRA",
                                                                        "RFC1939-5-012", AT(LINE),
                                                                        V(LIST), scan_extra, "something behind the octets of LIST")
                            R("REF-LIST-SIZE", "RFC1939-11-004", AT(LINE), V(LIST), scan_size,
                              "a size that changed") R("REF-LIST-NUMBER", "RFC1939-4-014", AT(LINE),
                                                       V(LIST), scan_number, "LIST with a message that is not there")
                                R("REF-LIST-MARKED", "RFC1939-5-016", AT(LINE), V(LIST),
                                  line_marked, "LIST with a marked message")
                                    R("REF-LIST-ORDER",
                                      "RFC1939-5-021", AT(LINE), V(LIST) | V(UIDL),
                                      list_order,
                                      "a listing not in ascending order")
                                        R("REF-LIST-TWICE", "RFC1939-5-010", AT(LIST_END), V(LIST),
                                          list_twice,
                                          "LIST with a message twice") R("REF-LIST-MISSING",
                                                                         "RFC1939-5-010", AT(LIST_END),
                                                                         V(LIST), list_missing,
                                                                         "LIST without a message "
                                                                         "that "
                                                                         "is there")
                                            R(
                                                "REF-LIST-RESET",
                                                "RFC1939-5-041", AT(LIST_END), V(LIST) | V(UIDL),
                                                list_reset, "a listing without a message after RSET")
                                                R("REF-LIST-GAP",
                                                  "RFC1939-4-013", AT(LIST_END), V(LIST) | V(UIDL),
                                                  list_gap,
                                                  "numbers with gaps at the login")
                                                    R(
                                                        "REF-UIDL-FORM", "RFC1939-7-013", AT(LINE),
                                                        V(UIDL), uid_form,
                                                        "a line of UIDL without number and "
                                                        "unique-id") R("REF-UIDL-LENGTH",
                                                                       "RFC1939-7-015",
                                                                       AT(LINE), V(UIDL), uid_length,
                                                                       "a unique-id above 70 "
                                                                       "octets")
                                                        R("REF-UIDL-OCTETS",
                                                          "RFC1939-7-016", AT(LINE), V(UIDL),
                                                          uid_octets,
                                                          "a unique-id with other octets than "
                                                          "0x21-0x7E") R("REF-UIDL-NUMBER",
                                                                         "RFC1939-4-014", AT(LINE),
                                                                         V(UIDL),
                                                                         uid_number,
                                                                         "UIDL with a message that "
                                                                         "is "
                                                                         "not there")
                                                            R("REF-UIDL-SAME", "RFC1939-7-020",
                                                              AT(LINE),
                                                              V(UIDL), uid_same,
                                                              "a unique-id that changed")
                                                                R("REF-UIDL-UNIQUE",
                                                                  "RFC1939-7-017", AT(LINE),
                                                                  V(UIDL), uid_twice,
                                                                  "a unique-id of two different "
                                                                  "messages")
                                                                    R("REF-UIDL-MARKED",
                                                                      "RFC1939-7-022", AT(LINE),
                                                                      V(UIDL), line_marked,
                                                                      "UIDL with a marked message")
                                                                        R("REF-UIDL-TWICE",
                                                                          "RFC1939-7-013",
                                                                          AT(LIST_END), V(UIDL),
                                                                          list_twice,
                                                                          "UIDL with a message "
                                                                          "twice") R("REF-UIDL-"
                                                                                     "MISSING",
                                                                                     "RFC1939-7-"
                                                                                     "013",
                                                                                     AT(LIST_END),
                                                                                     V(UIDL),
                                                                                     list_missing,
                                                                                     "UIDL without "
                                                                                     "a message "
                                                                                     "that is "
                                                                                     "there")
                                                                            R("REF-MARKED-LIST",
                                                                              "RFC1939-5-017",
                                                                              AT(STATUS), V(LIST),
                                                                              marked,
                                                                              "LIST n of a marked "
                                                                              "message") R("REF-"
                                                                                           "MARKED-"
                                                                                           "RETR",
                                                                                           "RFC1939"
                                                                                           "-5-"
                                                                                           "025",
                                                                                           AT(STATUS),
                                                                                           V(RETR), marked,
                                                                                           "RETR "
                                                                                           "of a "
                                                                                           "marked "
                                                                                           "messag"
                                                                                           "e")
                                                                                R(
                                                                                    "REF-MARKED-"
                                                                                    "DELE",
                                                                                    "RFC1939-5-033",
                                                                                    AT(STATUS),
                                                                                    V(DELE), marked,
                                                                                    "DELE of a "
                                                                                    "marked "
                                                                                    "message") R("R"
                                                                                                 "E"
                                                                                                 "F"
                                                                                                 "-"
                                                                                                 "M"
                                                                                                 "A"
                                                                                                 "R"
                                                                                                 "K"
                                                                                                 "E"
                                                                                                 "D"
                                                                                                 "-"
                                                                                                 "T"
                                                                                                 "O"
                                                                                                 "P",
                                                                                                 "R"
                                                                                                 "F"
                                                                                                 "C"
                                                                                                 "1"
                                                                                                 "9"
                                                                                                 "3"
                                                                                                 "9"
                                                                                                 "-"
                                                                                                 "7"
                                                                                                 "-"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "7",
                                                                                                 AT(STATUS),
                                                                                                 V(TOP),
                                                                                                 marked,
                                                                                                 "T"
                                                                                                 "O"
                                                                                                 "P"
                                                                                                 " "
                                                                                                 "o"
                                                                                                 "f"
                                                                                                 " "
                                                                                                 "a"
                                                                                                 " "
                                                                                                 "m"
                                                                                                 "a"
                                                                                                 "r"
                                                                                                 "k"
                                                                                                 "e"
                                                                                                 "d"
                                                                                                 " "
                                                                                                 "m"
                                                                                                 "e"
                                                                                                 "s"
                                                                                                 "s"
                                                                                                 "a"
                                                                                                 "g"
                                                                                                 "e")
                                                                                    R("REF-MARKED-"
                                                                                      "UIDL",
                                                                                      "RFC1939-7-"
                                                                                      "022",
                                                                                      AT(STATUS),
                                                                                      V(UIDL),
                                                                                      marked,
                                                                                      "UIDL n of a "
                                                                                      "marked "
                                                                                      "message") R("REF-ABSENT-LIST",
                                                                                                   "RFC1939-5-018",
                                                                                                   AT(STATUS),
                                                                                                   V(LIST), absent,
                                                                                                   "LIST n of no "
                                                                                                   "message")
                                                                                        R("REF"
                                                                                          "-AB"
                                                                                          "SEN"
                                                                                          "T-"
                                                                                          "RET"
                                                                                          "R",
                                                                                          "RFC"
                                                                                          "193"
                                                                                          "9-"
                                                                                          "5-"
                                                                                          "02"
                                                                                          "4",
                                                                                          AT(STATUS),
                                                                                          V(RETR),
                                                                                          absent,
                                                                                          "RET"
                                                                                          "R "
                                                                                          "of "
                                                                                          "no "
                                                                                          "mes"
                                                                                          "sag"
                                                                                          "e") R("R"
                                                                                                 "E"
                                                                                                 "F"
                                                                                                 "-"
                                                                                                 "A"
                                                                                                 "B"
                                                                                                 "S"
                                                                                                 "E"
                                                                                                 "N"
                                                                                                 "T"
                                                                                                 "-"
                                                                                                 "D"
                                                                                                 "E"
                                                                                                 "L"
                                                                                                 "E",
                                                                                                 "R"
                                                                                                 "F"
                                                                                                 "C"
                                                                                                 "1"
                                                                                                 "9"
                                                                                                 "3"
                                                                                                 "9"
                                                                                                 "-"
                                                                                                 "5"
                                                                                                 "-"
                                                                                                 "0"
                                                                                                 "3"
                                                                                                 "4",
                                                                                                 AT(STATUS),
                                                                                                 V(DELE),
                                                                                                 absent,
                                                                                                 "D"
                                                                                                 "E"
                                                                                                 "L"
                                                                                                 "E"
                                                                                                 " "
                                                                                                 "o"
                                                                                                 "f"
                                                                                                 " "
                                                                                                 "n"
                                                                                                 "o"
                                                                                                 " "
                                                                                                 "m"
                                                                                                 "e"
                                                                                                 "s"
                                                                                                 "s"
                                                                                                 "a"
                                                                                                 "g"
                                                                                                 "e")
                                                                                            R("REF-"
                                                                                              "ABSE"
                                                                                              "NT-"
                                                                                              "TOP",
                                                                                              "RFC1"
                                                                                              "939-"
                                                                                              "7-"
                                                                                              "007",
                                                                                              AT(STATUS),
                                                                                              V(TOP),
                                                                                              absent,
                                                                                              "TOP "
                                                                                              "of "
                                                                                              "no "
                                                                                              "mess"
                                                                                              "age") R("REF-"
                                                                                                       "ABSENT-"
                                                                                                       "UIDL",
                                                                                                       "RFC1939-"
                                                                                                       "7-025",
                                                                                                       AT(STATUS),
                                                                                                       V(UIDL),
                                                                                                       absent,
                                                                                                       "UIDL n "
                                                                                                       "of no "
                                                                                                       "message")
                                                                                                H("REF-"
                                                                                                  "RETR"
                                                                                                  "-REF"
                                                                                                  "USE"
                                                                                                  "D",
                                                                                                  "RFC1"
                                                                                                  "939-"
                                                                                                  "5-"
                                                                                                  "022",
                                                                                                  AT(STATUS),
                                                                                                  V(RETR),
                                                                                                  retr_refused,
                                                                                                  "RETR"
                                                                                                  " ref"
                                                                                                  "used"
                                                                                                  " for"
                                                                                                  " a "
                                                                                                  "mess"
                                                                                                  "age "
                                                                                                  "that"
                                                                                                  " is "
                                                                                                  "ther"
                                                                                                  "e")
                                                                                                    H("REF-LIST-REFUSED",
                                                                                                      "RFC1939-5-009",
                                                                                                      AT(STATUS),
                                                                                                      V(LIST),
                                                                                                      retr_refused,
                                                                                                      "LIST n refused for a message that is there")
    /* messages */
    R("REF-SIZE", "RFC1939-5-014", AT(BODY_END), V(RETR), size,
      "RETR with other octets than LIST said") R("REF-CONTENT", "RFC1939-5-026", AT(BODY_END),
                                                 V(RETR), content_same,
                                                 "RETR with another content than before")
        R("REF-CONTENT-UID", "RFC1939-5-026", AT(BODY_END), V(RETR), body_same,
          "another body under a unique-id of an earlier session")
            R("REF-TOP-LINES", "RFC1939-7-003", AT(BODY_END), V(TOP), top_lines,
              "TOP with more lines than asked for") R("REF-TOP-PREFIX", "RFC1939-7-003",
                                                      AT(BODY_END), V(TOP) | V(RETR), top_prefix,
                                                      "RETR and TOP that do not begin alike")
                R("REF-TOP-WHOLE", "RFC1939-7-005", AT(BODY_END), V(TOP), top_whole,
                  "TOP with fewer lines than there are")
                    R("REF-MAIL-LOST", "RFC1939-6-005", AT(STATUS) | AT(LIST_END),
                      V(STAT) | V(LIST) | V(UIDL), mail_lost, "a message gone that was not marked")
                        R("REF-MAIL-ABORTED", "RFC1939-6-002", AT(STATUS) | AT(LIST_END),
                          V(STAT) | V(LIST) | V(UIDL), mail_aborted,
                          "a marked message gone without QUIT")
                            R("REF-MAIL-RESET", "RFC1939-5-043", AT(STATUS) | AT(LIST_END),
                              V(STAT) | V(LIST) | V(UIDL), mail_reset,
                              "a message gone after RSET and QUIT")
                                R("REF-MAIL-REMAINED", "RFC1939-6-001", AT(LIST_END), V(UIDL),
                                  mail_remained, "a message there that QUIT removed")
                                    R("REF-UIDS-CHANGED", "RFC1939-7-018", AT(LIST_END), V(UIDL),
                                      uids_changed, "new unique-ids for all messages")};
/* clang-format on */

const size_t ref_rules_count = sizeof(ref_rules) / sizeof(ref_rules[0]);
