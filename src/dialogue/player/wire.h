/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that the player does to the world, as a table of functions: connections, the clock,
 * and what only the runner can do. wire_net.h talks to a target; script.h answers from a record,
 * without a socket or a clock; recorder.h stands before either of them and writes the record.
 */
#ifndef PQ_DIALOGUE_PLAYER_WIRE_H
#define PQ_DIALOGUE_PLAYER_WIRE_H

#include "dialogue/dlg.h"

/* Connection 0 is the player's own, for probes and for settling; 1 and up are those of the file. */
#define PQ_WIRE_CONNS (PQ_DLG_CONN_MAX + 1u)

/* ---- results --------------------------------------------------------------------------------- */

/* What an operation came to: tag, the word that records use, the sentence. */
#define PQ_WIRE_RESULT_LIST(X)                                                                     \
    X(OK, "ok", "no error")                                                                        \
    X(TIMEOUT, "timeout", "nothing came before the deadline")                                      \
    X(CLOSED, "eof", "connection closed")                                                          \
    X(RESET, "reset", "connection reset")                                                          \
    X(BROKEN, "broken", "TLS broke off")                                                           \
    X(REFUSED, "refused", "connection refused")                                                    \
    X(FAILED, "failed", "the network failed")                                                      \
    X(TOO_LONG, "too-long", "more came than the player keeps") /* never from a wire */             \
    X(SPENT, "spent", "the record ends before the dialogue does")

enum pq_wire_result {
#define X(tag, word, text) PQ_WIRE_##tag,
    PQ_WIRE_RESULT_LIST(X)
#undef X
        PQ_WIRE_RESULT_COUNT
};

/* How the start of TLS came out: tag, the word that `@tls -> r` binds. The peer's reset is its eof.
 */
#define PQ_WIRE_TLS_LIST(X)                                                                        \
    X(OK, "ok")                                                                                    \
    X(ALERT, "alert")                                                                              \
    X(EOF, "eof")                                                                                  \
    X(PLAIN, "plain")                                                                              \
    X(TIMEOUT, "timeout")                                                                          \
    X(REFUSED, "refused") /* the target's certificate was refused here */                          \
    X(FAILED, "failed")   /* TLS failed here */                                                    \
    X(SPENT, "spent")     /* the record holds no such event */

enum pq_wire_tls {
#define X(tag, word) PQ_WIRE_TLS_##tag,
    PQ_WIRE_TLS_LIST(X)
#undef X
        PQ_WIRE_TLS_COUNT
};

/* Never NULL. */
const char *pq_wire_result_word(enum pq_wire_result result);
const char *pq_wire_result_text(enum pq_wire_result result);
const char *pq_wire_tls_word(enum pq_wire_tls result);
/* The result that a word names, or the COUNT of its list. */
enum pq_wire_result pq_wire_result_of(struct pq_slice word);
enum pq_wire_tls pq_wire_tls_of(struct pq_slice word);

/* ---- asks ------------------------------------------------------------------------------------ */

/* What only the runner can do: tag, the word of the protocol. */
#define PQ_ASK_LIST(X) X(DELIVER, "deliver") X(RESET, "reset") X(PEEK, "peek") X(ADVANCE, "advance")

enum pq_ask_what {
#define X(tag, word) PQ_ASK_##tag,
    PQ_ASK_LIST(X)
#undef X
        PQ_ASK_COUNT
};
const char *pq_ask_word(enum pq_ask_what what);
enum pq_ask_what pq_ask_of(struct pq_slice word); /* PQ_ASK_COUNT: unknown */

struct pq_ask {
    enum pq_ask_what what;
    struct pq_slice name;   /* of DELIVER: the fixture */
    struct pq_slice octets; /* of DELIVER: the message */
    uint64_t ms;            /* of ADVANCE */
};

/* tag, the word of protocol and records */
#define PQ_ANSWER_LIST(X)                                                                          \
    X(DONE, "done")                                                                                \
    X(UNABLE, "unable") /* nobody here can do that: the case is skipped */                         \
    X(FAILED, "failed") /* it was tried: the case is inconclusive */                               \
    X(SPENT, "spent")   /* the record holds no such answer */

enum pq_answer_kind {
#define X(tag, word) PQ_ANSWER_##tag,
    PQ_ANSWER_LIST(X)
#undef X
        PQ_ANSWER_COUNT
};
const char *pq_answer_word(enum pq_answer_kind kind);
enum pq_answer_kind pq_answer_of(struct pq_slice word); /* PQ_ANSWER_COUNT: unknown */

/* A message as the store of the target holds it. */
struct pq_peeked {
    bool has_size, has_octets;
    uint64_t size;          /* of the message in octets */
    struct pq_slice uid;    /* NULL `at`: not known */
    struct pq_slice octets; /* of the message */
};

#define PQ_PEEKED_MAX 10000u /* messages of an answer to PEEK */
#define PQ_ANSWER_WHY_MAX 300u

struct pq_answer {
    enum pq_answer_kind kind;
    char why[PQ_ANSWER_WHY_MAX];      /* of UNABLE and FAILED: one line */
    const struct pq_peeked *messages; /* of PEEK; lives in `arena` */
    size_t count;
    struct pq_arena *arena; /* lent by who asks */
};

/* ---- the table ------------------------------------------------------------------------------- */

/* How TLS is to be started; the zero of each field leaves it to the target's description. */
struct pq_wire_tls_options {
    struct pq_slice sni;
    struct pq_slice ciphers; /* suites up to TLS 1.2, as OpenSSL names them */
    struct pq_slice alpn;    /* names with commas between */
    struct pq_slice suites;  /* two octets each, in place of all that would be offered */
    uint8_t min, max;        /* 1 + enum pq_dlg_version */
    uint8_t verify;          /* 1: no, 2: yes */
    uint8_t hello;           /* 1 + enum pq_dlg_hello */
    uint8_t record;          /* 1 + the second octet of the version of the first record */
    bool no_certificate;     /* send none, even if the target's description has one */
    bool old_secret;         /* do not offer the extended master secret; take a ticket */
    uint8_t resume;          /* offer the session of this connection; zero: of none */
};

/* Octets of all facts of a connection. */
#define PQ_WIRE_FACTS_MAX 16384u

enum pq_wire_end { PQ_WIRE_CLOSE, PQ_WIRE_DROP /* RST */, PQ_WIRE_CUT /* no close_notify */ };

/* Deadlines are absolute milliseconds of `now_ms`; one that is past does what needs no waiting.
 * `conn` is below PQ_WIRE_CONNS. Ends of a connection come again when asked again. */
struct pq_wire {
    /* Opens a connection that is closed; `tls`: to the address where TLS begins at once, which
     * start_tls() then does. OK, TIMEOUT, REFUSED, FAILED. */
    enum pq_wire_result (*open)(void *ctx, unsigned conn, bool tls, uint64_t deadline);
    /* One write. Sends from the front of `*rest` and drops what is on its way. OK: everything is.
     * TIMEOUT: call again with what is left, even if that is nothing. */
    enum pq_wire_result (*send)(void *ctx, unsigned conn, struct pq_slice *rest, uint64_t deadline);
    /* Makes it likely that the next write does not arrive together with the last one. */
    void (*gap)(void *ctx, unsigned conn);
    /* Appends what comes, at most what `into` has room for, which is not nothing. OK: at least one
     * octet. */
    enum pq_wire_result (*recv)(void *ctx, unsigned conn, struct pq_buf *into, uint64_t deadline);
    enum pq_wire_result (*half_close)(void *ctx, unsigned conn, uint64_t deadline);
    /* Never fails, and may be called on a closed connection. */
    void (*end)(void *ctx, unsigned conn, enum pq_wire_end how);
    /* Starts TLS; `early` are the peer's octets that were received and not looked at. With any
     * result but OK octets pass as they are again, and those that TLS did not take come again. */
    enum pq_wire_tls (*start_tls)(void *ctx, unsigned conn,
                                  const struct pq_wire_tls_options *options, struct pq_slice early,
                                  uint64_t deadline);
    /* Appends the ClientHello that the next start_tls() would send first; it sends none then.
     * False: there is none, see why(). */
    bool (*hello)(void *ctx, unsigned conn, const struct pq_wire_tls_options *options,
                  struct pq_buf *out);
    /* Appends what TLS has shown of the server, a line with LF for each fact, at most
     * PQ_WIRE_FACTS_MAX octets; nothing when TLS was never begun. False: the record holds none. */
    bool (*facts)(void *ctx, unsigned conn, struct pq_buf *out);
    /* The next write arrives with one octet changed below TLS. */
    void (*corrupt)(void *ctx, unsigned conn);
    /* The last failure on a connection as one line; "" when nothing is known. Valid until the next
     * call. */
    const char *(*why)(void *ctx, unsigned conn);
    void (*wait)(void *ctx, uint64_t ms);
    uint64_t (*now_ms)(void *ctx);
    /* A time was measured on a connection and decides something: gives the time that counts, which
     * is the recorded one when a record is played. */
    uint64_t (*took)(void *ctx, unsigned conn, uint64_t ms);
    /* Fills `*answer`, whose arena is set and whose rest is zero. */
    void (*ask)(void *ctx, const struct pq_ask *ask, struct pq_answer *answer);
    void *ctx;
};

#endif
