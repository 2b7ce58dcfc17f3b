/* SPDX-License-Identifier: Apache-2.0
 *
 * Every word of the dialogue language as tables. The parser, the formatter, the linter and the
 * tables in FORMAT.md come from them. Knows no syntax beyond the words.
 */
#ifndef PQ_DIALOGUE_VOCAB_H
#define PQ_DIALOGUE_VOCAB_H

#include "popquiz/base.h"

/* ---- sets of words --------------------------------------------------------------------------- */

/* Each set is an enum and a table of the same order: enumerator, as written. */
#define PQ_DLG_KIND_LIST(X)                                                                        \
    X(CASE, "case")                                                                                \
    X(SEED, "seed")                                                                                \
    X(CRASH, "crash")                                                                              \
    X(MOCK, "mock")
#define PQ_DLG_STATE_LIST(X)                                                                       \
    X(CONNECTED, "connected")                                                                      \
    X(AUTHORIZATION, "authorization")                                                              \
    X(TRANSACTION, "transaction")                                                                  \
    X(TLS, "tls")
#define PQ_DLG_ROLE_LIST(X)                                                                        \
    X(CLIENT, "client")                                                                            \
    X(SERVER, "server")                                                                            \
    X(SEED, "seed")
#define PQ_DLG_VERDICT_LIST(X)                                                                     \
    X(PASS, "pass")                                                                                \
    X(NOTE, "note")                                                                                \
    X(WARN, "warn")                                                                                \
    X(FAIL, "fail")                                                                                \
    X(INCONCLUSIVE, "inconclusive")
#define PQ_DLG_LEVEL_LIST(X)                                                                       \
    X(MUST, "MUST")                                                                                \
    X(MUST_NOT, "MUST-NOT")                                                                        \
    X(IMPLIED_MUST, "implied-MUST")                                                                \
    X(SHOULD, "SHOULD")                                                                            \
    X(SHOULD_NOT, "SHOULD-NOT")                                                                    \
    X(MAY, "MAY")
#define PQ_DLG_CUT_LIST(X)                                                                         \
    X(WHOLE, "whole")                                                                              \
    X(BYTE, "byte")                                                                                \
    X(MID_CRLF, "mid-crlf")                                                                        \
    X(AFTER_CRLF, "after-crlf")
#define PQ_DLG_VERSION_LIST(X)                                                                     \
    X(TLS10, "tls1.0")                                                                             \
    X(TLS11, "tls1.1")                                                                             \
    X(TLS12, "tls1.2")                                                                             \
    X(TLS13, "tls1.3")

#define PQ_DLG_HELLO_LIST(X)                                                                       \
    X(RAW, "raw")                                                                                  \
    X(SSL2, "ssl2")                                                                                \
    X(CLEAR, "clear")                                                                              \
    X(DEFLATE, "deflate")                                                                          \
    X(TRUNCATED_HMAC, "truncated-hmac")

#define X(name, text) PQ_DLG_KIND_##name,
enum pq_dlg_kind { PQ_DLG_KIND_LIST(X) };
#undef X
#define X(name, text) PQ_DLG_STATE_##name,
enum pq_dlg_state { PQ_DLG_STATE_LIST(X) PQ_DLG_STATE_NONE };
#undef X
#define X(name, text) PQ_DLG_ROLE_##name,
enum pq_dlg_role { PQ_DLG_ROLE_LIST(X) PQ_DLG_ROLE_COUNT };
#undef X
#define X(name, text) PQ_DLG_HELLO_##name,
enum pq_dlg_hello { PQ_DLG_HELLO_LIST(X) };
#undef X
#define X(name, text) PQ_DLG_VERDICT_##name,
enum pq_dlg_verdict { PQ_DLG_VERDICT_LIST(X) };
#undef X
#define X(name, text) PQ_DLG_LEVEL_##name,
enum pq_dlg_level { PQ_DLG_LEVEL_LIST(X) };
#undef X
#define X(name, text) PQ_DLG_CUT_##name,
enum pq_dlg_cut { PQ_DLG_CUT_LIST(X) PQ_DLG_CUT_OCTETS /* so many octets to a write */ };
#undef X
#define X(name, text) PQ_DLG_VERSION_##name,
enum pq_dlg_version { PQ_DLG_VERSION_LIST(X) };
#undef X

struct pq_dlg_words {
    const struct pq_slice *at;
    size_t count;
};
extern const struct pq_dlg_words pq_dlg_kinds, pq_dlg_states, pq_dlg_roles, pq_dlg_verdicts,
    pq_dlg_levels, pq_dlg_cuts, pq_dlg_versions, pq_dlg_yes_no, pq_dlg_events, pq_dlg_milestones,
    pq_dlg_hellos, pq_dlg_records;
/* The index of `word` in the set (which is its enumerator), or `words->count`. */
size_t pq_dlg_word_of(const struct pq_dlg_words *words, struct pq_slice word);

/* ---- keys of the header ---------------------------------------------------------------------- */

/* How the value of a key is read. */
enum pq_dlg_value_form {
    PQ_DLG_VALUE_TEXT,
    PQ_DLG_VALUE_ID,
    PQ_DLG_VALUE_WORD,  /* one of the row's words */
    PQ_DLG_VALUE_WORDS, /* one or more of them */
    PQ_DLG_VALUE_COUNT, /* a number from 1 */
    PQ_DLG_VALUE_TIME,
    PQ_DLG_VALUE_NAMES,
    PQ_DLG_VALUE_REQUIREMENTS,
    PQ_DLG_VALUE_NEEDS,
    PQ_DLG_VALUE_AXIS,
    PQ_DLG_VALUE_SHA256,
};

/* tag, as written, form of the value, set of words, only in crash files, what it says */
#define PQ_DLG_KEY_LIST(X)                                                                         \
    X(ID, "id", ID, NULL, false, "the name of the case, for ever")                                 \
    X(TITLE, "title", TEXT, NULL, false, "one sentence for people")                                \
    X(REQ, "req", REQUIREMENTS, NULL, false, "requirements that every step proves")                \
    X(KIND, "kind", WORD, &pq_dlg_kinds, false, "what the file is for; without it: case")          \
    X(REV, "rev", COUNT, NULL, false, "raised when the verdict can change; without it: 1")         \
    X(NEEDS, "needs", NEEDS, NULL, false, "what the target must have, else the case is skipped")   \
    X(STATE, "state", WORD, &pq_dlg_states, false,                                                 \
      "where connection 1 stands at the start; without it the file connects by hand")              \
    X(MAILBOX, "mailbox", NAMES, NULL, false, "messages of the maildrop, in order")                \
    X(ROLES, "roles", WORDS, &pq_dlg_roles, false, "uses of the file; without it: client")         \
    X(MATRIX, "matrix", AXIS, NULL, false, "an axis; may be repeated, each line is one axis")      \
    X(TIMEOUT, "timeout", TIME, NULL, false, "patience for a step; never a requirement")           \
    X(TAGS, "tags", NAMES, NULL, false, "words to select cases by")                                \
    X(HARNESS, "harness", TEXT, NULL, true, "the fuzz target that crashed")                        \
    X(SERVER, "server", TEXT, NULL, true, "the server that crashed")                               \
    X(TARGET, "target", TEXT, NULL, true, "the program or library, with its version")              \
    X(PACKAGE, "package", TEXT, NULL, true, "the package it came from, with its version")          \
    X(BUILD, "build", TEXT, NULL, true, "how it was built")                                        \
    X(CONFIG_SHA256, "config-sha256", SHA256, NULL, true, "digest of its configuration")           \
    X(SIGNAL, "signal", TEXT, NULL, true, "the signal that ended it")                              \
    X(SANITIZER, "sanitizer", TEXT, NULL, true, "the sanitizer that spoke")                        \
    X(STACK, "stack", TEXT, NULL, true, "the top frames, innermost first")                         \
    X(INPUT_SHA256, "input-sha256", SHA256, NULL, true, "digest of the fuzz input")                \
    X(TLS, "tls", TEXT, NULL, true, "how TLS was used")                                            \
    X(SHIM, "shim", TEXT, NULL, true, "what was frozen: time, pid, rand")                          \
    X(MINIMISED, "minimised", WORD, &pq_dlg_yes_no, true, "whether the input was minimised")

enum pq_dlg_key {
#define X(name, text, form, words, crash, help) PQ_DLG_KEY_##name,
    PQ_DLG_KEY_LIST(X)
#undef X
        PQ_DLG_KEY_COUNT
};

struct pq_dlg_key_row {
    struct pq_slice name;
    const struct pq_dlg_words *words;
    const char *help;
    enum pq_dlg_value_form form;
    bool crash_only;
};
const struct pq_dlg_key_row *pq_dlg_key_row(enum pq_dlg_key key);
enum pq_dlg_key pq_dlg_key_of(struct pq_slice name); /* PQ_DLG_KEY_COUNT: unknown */

/* What `needs:` may ask for, and the argument that it takes: none, >=NUMBER, or (WORD,...). */
enum pq_dlg_need_form { PQ_DLG_NEED_NONE, PQ_DLG_NEED_LEAST, PQ_DLG_NEED_LIST };
struct pq_dlg_need_row {
    struct pq_slice name;
    enum pq_dlg_need_form form;
    const char *help;
};
/* Row n from 0; NULL behind the last. */
const struct pq_dlg_need_row *pq_dlg_need_row(size_t n);
const struct pq_dlg_need_row *pq_dlg_need_of(struct pq_slice name); /* NULL: unknown */

/* ---- types of placeholders ------------------------------------------------------------------- */

/* tag, as written, what is sent when nothing else is known, what it matches */
#define PQ_DLG_TYPE_LIST(X)                                                                        \
    X(INT, "int", "1",                                                                             \
      "a decimal number without sign or leading zero, below 2^63; its value is "                   \
      "an integer")                                                                                \
    X(OCTETS, "octets", "120", "the same, for a number of octets")                                 \
    X(STATUS, "status", "+OK", "`+OK` or `-ERR`")                                                  \
    X(UID, "uid", "uid-1", "a unique-id: 1 to 70 octets of 0x21 to 0x7E (RFC 1939 section 7)")     \
    X(MSGID, "msgid", "<1@popquiz.example>",                                                       \
      "`<`, one `@` with octets of 0x21 to 0x7E on both sides, `>`")                               \
    X(B64, "b64", "cG9wcXVpeg==", "base64 (RFC 4648 section 4, strict), or nothing")               \
    X(HEX32, "hex32", "d41d8cd98f00b204e9800998ecf8427e", "32 hexadecimal digits in lower case")   \
    X(RCODE, "rcode", "[SYS/TEMP]", "a response code with its brackets (RFC 2449 section 8)")      \
    X(TEXT, "text", "text", "one octet or more, up to what follows in the template")               \
    X(REST, "rest", "", "the rest of the line, which may be empty; the last of its template")

enum pq_dlg_type {
#define X(name, text, emit, help) PQ_DLG_TYPE_##name,
    PQ_DLG_TYPE_LIST(X)
#undef X
        PQ_DLG_TYPE_COUNT
};

struct pq_dlg_type_row {
    struct pq_slice name, emit;
    const char *help;
};
const struct pq_dlg_type_row *pq_dlg_type_row(enum pq_dlg_type type);
enum pq_dlg_type pq_dlg_type_of(struct pq_slice name); /* PQ_DLG_TYPE_COUNT: unknown */

/* Names that have a value before the first step: user, pw, user2, pw2, host, port, nonce. */
extern const struct pq_dlg_words pq_dlg_builtins;
/* Fields of m[n]: size, octets, lines, text. */
extern const struct pq_dlg_words pq_dlg_fields;

/* ---- parameters of directives ---------------------------------------------------------------- */

/* How a parameter is spelled. */
enum pq_dlg_shape {
    PQ_DLG_SHAPE_PLAIN, /* by its place */
    PQ_DLG_SHAPE_FLAG,  /* its own name */
    PQ_DLG_SHAPE_KEYED, /* name=value */
    PQ_DLG_SHAPE_ARROW, /* -> value */
    PQ_DLG_SHAPE_COLON, /* : value, up to the end of the line */
};
/* What its value is. */
enum pq_dlg_param_form {
    PQ_DLG_PARAM_CONN,
    PQ_DLG_PARAM_FLAG,
    PQ_DLG_PARAM_LABEL,
    PQ_DLG_PARAM_VARIABLE,
    PQ_DLG_PARAM_WORD,
    PQ_DLG_PARAM_STRING, /* octets */
    PQ_DLG_PARAM_TEXT,   /* a sentence */
    PQ_DLG_PARAM_TIME,
    PQ_DLG_PARAM_COUNT,
    PQ_DLG_PARAM_SHARE,
    PQ_DLG_PARAM_CUT,
    PQ_DLG_PARAM_REQUIREMENT,
    PQ_DLG_PARAM_EXPR,
    PQ_DLG_PARAM_PATTERN,
    PQ_DLG_PARAM_FAULT,
    PQ_DLG_PARAM_CAPAS,
};

/* tag, name, shape, form, set of words */
#define PQ_DLG_ARG_LIST(X)                                                                         \
    X(CONN, "n", PLAIN, CONN, NULL)                                                                \
    X(IMPLICIT, "tls", FLAG, FLAG, NULL)                                                           \
    X(RAW, "raw", FLAG, FLAG, NULL)                                                                \
    X(READY, "ready", FLAG, FLAG, NULL)                                                            \
    X(RESULT, "r", ARROW, VARIABLE, NULL)                                                          \
    X(SNI, "sni", KEYED, STRING, NULL)                                                             \
    X(MIN, "min", KEYED, WORD, &pq_dlg_versions)                                                   \
    X(MAX, "max", KEYED, WORD, &pq_dlg_versions)                                                   \
    X(VERIFY, "verify", KEYED, WORD, &pq_dlg_yes_no)                                               \
    X(CERT, "cert", KEYED, LABEL, NULL)                                                            \
    X(HELLO, "hello", KEYED, WORD, &pq_dlg_hellos)                                                 \
    X(RECORD, "record", KEYED, WORD, &pq_dlg_records)                                              \
    X(SUITES, "suites", KEYED, STRING, NULL)                                                       \
    X(CIPHERS, "ciphers", KEYED, STRING, NULL)                                                     \
    X(ALPN, "alpn", KEYED, STRING, NULL)                                                           \
    X(EMS, "ems", KEYED, WORD, &pq_dlg_yes_no)                                                     \
    X(RESUME, "resume", KEYED, COUNT, NULL)                                                        \
    X(CUT, "CUT", PLAIN, CUT, &pq_dlg_cuts)                                                        \
    X(TIMEOUT, "timeout", KEYED, TIME, NULL)                                                       \
    X(NAME, "NAME", PLAIN, LABEL, NULL)                                                            \
    X(VARIABLE, "NAME", PLAIN, VARIABLE, NULL)                                                     \
    X(VERDICT, "VERDICT", PLAIN, WORD, &pq_dlg_verdicts)                                           \
    X(WHY, "WHY", PLAIN, TEXT, NULL)                                                               \
    X(EXPR, "EXPR", PLAIN, EXPR, NULL)                                                             \
    X(REQ, "ID", PLAIN, REQUIREMENT, NULL)                                                         \
    X(LEVEL, "LEVEL", PLAIN, WORD, &pq_dlg_levels)                                                 \
    X(TIME, "TIME", PLAIN, TIME, NULL)                                                             \
    X(EVENT, "EVENT", PLAIN, WORD, &pq_dlg_events)                                                 \
    X(EMIT, "emit", KEYED, STRING, NULL)                                                           \
    X(PATTERN, "PATTERN", PLAIN, PATTERN, NULL)                                                    \
    X(FAULT, "FAULT", PLAIN, FAULT, NULL)                                                          \
    X(NTH, "nth", KEYED, COUNT, NULL)                                                              \
    X(SHARE, "p", KEYED, SHARE, NULL)                                                              \
    X(AUTH, "auth", KEYED, WORD, &pq_dlg_yes_no)                                                   \
    X(TLS, "tls", KEYED, WORD, &pq_dlg_yes_no)                                                     \
    X(CAPAS, "CAPABILITY...", COLON, CAPAS, NULL)                                                  \
    X(BEFORE, "before", KEYED, WORD, &pq_dlg_milestones)

enum pq_dlg_param {
#define X(tag, name, shape, form, words) PQ_DLG_ARG_##tag,
    PQ_DLG_ARG_LIST(X)
#undef X
        PQ_DLG_ARG_COUNT
};

struct pq_dlg_param_row {
    struct pq_slice name;
    enum pq_dlg_shape shape;
    enum pq_dlg_param_form form;
    const struct pq_dlg_words *words;
};
const struct pq_dlg_param_row *pq_dlg_param_row(enum pq_dlg_param param);

/* ---- directives ------------------------------------------------------------------------------ */

/* tag, as written */
#define PQ_DLG_DO_LIST(X)                                                                          \
    X(CONNECT, "connect")                                                                          \
    X(LOGIN, "login")                                                                              \
    X(CLOSE, "close")                                                                              \
    X(DROP, "drop")                                                                                \
    X(HALFCLOSE, "halfclose")                                                                      \
    X(TLSCUT, "tlscut")                                                                            \
    X(EOF, "eof")                                                                                  \
    X(TLS, "tls")                                                                                  \
    X(FACTS, "facts")                                                                              \
    X(CORRUPT, "corrupt")                                                                          \
    X(SEGMENT, "segment")                                                                          \
    X(BATCH, "batch")                                                                              \
    X(RACE, "race")                                                                                \
    X(MATCH, "match")                                                                              \
    X(CASE, "case")                                                                                \
    X(IF, "if")                                                                                    \
    X(ELSE, "else")                                                                                \
    X(PASS, "pass")                                                                                \
    X(NOTE, "note")                                                                                \
    X(WARN, "warn")                                                                                \
    X(FAIL, "fail")                                                                                \
    X(INCONCLUSIVE, "inconclusive")                                                                \
    X(ASSERT, "assert")                                                                            \
    X(BODY, "body")                                                                                \
    X(REQ, "req")                                                                                  \
    X(WITHIN, "within")                                                                            \
    X(NOTBEFORE, "notbefore")                                                                      \
    X(FENCE, "fence")                                                                              \
    X(SILENCE, "silence")                                                                          \
    X(EXPECT, "expect")                                                                            \
    X(WAIT, "wait")                                                                                \
    X(SETTLE, "settle")                                                                            \
    X(DELIVER, "deliver")                                                                          \
    X(RESET, "reset")                                                                              \
    X(PEEK, "peek")                                                                                \
    X(AS, "as")                                                                                    \
    X(ON, "on")                                                                                    \
    X(FAULT, "fault")                                                                              \
    X(CAPA, "capa")                                                                                \
    X(NEVER, "never")                                                                              \
    X(FALLBACK, "fallback")                                                                        \
    X(AXIS, "{axis}")

enum pq_dlg_do {
#define X(tag, text) PQ_DLG_DO_##tag,
    PQ_DLG_DO_LIST(X)
#undef X
        PQ_DLG_DO_COUNT
};

/* Where a directive or a step may stand; a mask. */
enum pq_dlg_place {
    PQ_DLG_IN_FLOW = 1,   /* in a section, @case, @if or @else */
    PQ_DLG_IN_TOP = 2,    /* directly in a section only */
    PQ_DLG_IN_MATCH = 4,  /* directly in @match */
    PQ_DLG_IN_BATCH = 8,  /* in @batch */
    PQ_DLG_IN_RACE = 16,  /* in @race */
    PQ_DLG_IN_ON = 32,    /* in @on */
    PQ_DLG_BEHIND_IF = 64 /* behind the body of @if */
};

/* Whether a parameter must be given. */
enum pq_dlg_times { PQ_DLG_NONE, PQ_DLG_ONE, PQ_DLG_MAYBE, PQ_DLG_SOME /* one or more */ };

#define PQ_DLG_PARAMS_MAX 15u

struct pq_dlg_do_row {
    bool opens;      /* a block that @end closes; @case and @else end with their block */
    unsigned places; /* enum pq_dlg_place */
    unsigned roles;  /* roles in which it means something, 1 << enum pq_dlg_role */
    struct {
        enum pq_dlg_times times;
        enum pq_dlg_param param;
    } params[PQ_DLG_PARAMS_MAX]; /* ends with PQ_DLG_NONE */
    const char *help;
};
const struct pq_dlg_do_row *pq_dlg_do_row(enum pq_dlg_do what);
struct pq_slice pq_dlg_do_name(enum pq_dlg_do what);
enum pq_dlg_do pq_dlg_do_of(struct pq_slice name); /* PQ_DLG_DO_COUNT: unknown */

#endif
