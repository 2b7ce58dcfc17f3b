/* SPDX-License-Identifier: Apache-2.0
 *
 * Judges what a POP3 server says, whatever was asked: watches up to PQ_REFEREE_CONNS_MAX
 * connections of one run, octets of both directions, and tells each violation that a transcript
 * proves. Sends nothing, does no I/O and has no clock. A correct server causes no finding whatever
 * a client sends: where octets have more than one lawful meaning, the referee looks away until they
 * have one again. src/referee/README.md has the rules; what is lawful is said in their functions.
 *
 *     pq_referee_init(&r, pq_alloc_default(), on_finding, ctx);
 *     pq_referee_open(&r, 1, PQ_TLS_NONE);
 *     pq_referee_feed(&r, 1, PQ_FROM_SERVER, greeting, ms);
 *     pq_referee_feed(&r, 1, PQ_FROM_CLIENT, command, ms);    before it is written
 *     pq_referee_end(&r, 1, PQ_ENDED_BY_SERVER, ms);
 *     pq_referee_free(&r);
 */
#ifndef POPQUIZ_REFEREE_H
#define POPQUIZ_REFEREE_H

#include "popquiz/conn.h"

/* ---- limits ---------------------------------------------------------------------------------- */

#define PQ_REFEREE_CONNS_MAX 10u       /* connections that are open at the same time */
#define PQ_REFEREE_MESSAGES_MAX 10000u /* of a maildrop; of a larger one the view is not judged */
#define PQ_REFEREE_WAITING_MAX 16384u  /* octets of commands that wait for their answers */
#define PQ_REFEREE_CONTENT_MAX (1u << 20) /* octets of messages kept for comparison, each session */
#define PQ_REFEREE_MEMORY_MAX (64u << 20) /* octets that a referee ever allocates */
#define PQ_REFEREE_FINDINGS_MAX 100u      /* told of one connection; more are only counted */
#define PQ_REFEREE_EXCERPT_MAX 120u       /* octets of an excerpt */
#define PQ_REFEREE_WHY_MAX 160u           /* octets of a sentence */

/* ---- rules ----------------------------------------------------------------------------------- */

struct pq_referee_rule {
    const char *id;          /* "REF-REPLY-COUNT": stays for ever */
    const char *requirement; /* the row of conformance/requirements.tsv */
    const char *sees;        /* one clause: what is wrong when the rule finds something */
};

/* All rules, in the order of the table in src/referee/README.md. */
size_t pq_referee_rule_count(void);
const struct pq_referee_rule *pq_referee_rule_at(size_t i);

/* ---- findings -------------------------------------------------------------------------------- */

/* Valid during the call that gives it; the rule is for ever. */
struct pq_finding {
    const struct pq_referee_rule *rule;
    unsigned conn;
    enum pq_side from;       /* whose octets the excerpt is of */
    uint64_t offset;         /* of its first octet among all POP3 octets of that side, from zero;
                              * those in TLS count on from those in the clear */
    uint64_t ms;             /* as the feed said that completed the proof */
    enum pq_verb verb;       /* the command that it was said to; UNKNOWN: none or no known one */
    enum pq_state state;     /* as the referee believed it to be */
    bool follows;            /* comes after another finding of this connection: perhaps its echo */
    struct pq_slice excerpt; /* the octets, as sent; what a client may have sent as a secret is
                              * "***" */
    const char *why;         /* one sentence, printable: what was due and what came */
};

typedef void pq_finding_fn(void *ctx, const struct pq_finding *finding);

/* ---- the referee ----------------------------------------------------------------------------- */

enum pq_ended { PQ_ENDED_BY_SERVER, PQ_ENDED_BY_CLIENT, PQ_ENDED_UNKNOWN };

struct referee_conn;
struct referee_drop;

/* Everything is private but `findings` and `blind`. */
struct pq_referee {
    uint64_t findings; /* told and counted */
    bool blind;        /* memory was short or a limit was met: something was not judged */
    pq_finding_fn *tell;
    void *ctx;
    struct pq_alloc alloc;
    size_t used; /* octets allocated */
    struct referee_conn *conns[PQ_REFEREE_CONNS_MAX];
    struct referee_drop *drop;
};

/* `tell` is called from within the calls below; it must not call the referee. */
void pq_referee_init(struct pq_referee *r, struct pq_alloc alloc, pq_finding_fn *tell, void *ctx);
/* Ends what is open, without a finding, and gives the memory back. */
void pq_referee_free(struct pq_referee *r);

/* Connection `conn`, below PQ_REFEREE_CONNS_MAX, begins; one that was open under that number has
 * ended (UNKNOWN). `tls`: IMPLICIT when a handshake comes before POP3, else NONE. */
void pq_referee_open(struct pq_referee *r, unsigned conn, enum pq_tls_mode tls);
/* Octets that `from` sent, decrypted where there is TLS; cut as you like. They must be told in the
 * order in which they could cause each other: a command before its answer. `ms` is of any clock
 * that does not go back. What is fed to a connection that is not open means nothing. */
void pq_referee_feed(struct pq_referee *r, unsigned conn, enum pq_side from, struct pq_slice octets,
                     uint64_t ms);
/* The handshake behind STLS ended. Not for implicit TLS. */
void pq_referee_on_tls(struct pq_referee *r, unsigned conn, bool ok);
/* The caller waited for an answer for as long as it ever will, and nothing came: a finding when a
 * complete command waits for one. Not for a caller that does not know how patient to be. */
void pq_referee_on_silence(struct pq_referee *r, unsigned conn, uint64_t ms);
/* The client sends no more, and reads on. Some servers take a line without an end for a command
 * then: behind the answers to all others, nothing is judged. */
void pq_referee_on_half_close(struct pq_referee *r, unsigned conn);
/* Octets are missing: the connection is judged no further. */
void pq_referee_set_blind(struct pq_referee *r, unsigned conn);
/* The connection ended. Octets that its server sent before have been fed. */
void pq_referee_end(struct pq_referee *r, unsigned conn, enum pq_ended by, uint64_t ms);

/* Mail was delivered, removed or restored by somebody whom the referee cannot see: it forgets what
 * it knew of the maildrop from sessions that have ended, and doubts those that are open. */
void pq_referee_on_mail_changed(struct pq_referee *r);
/* Mail was delivered, perhaps again what a session had removed: it may have its unique-id of old. A
 * delivery of anything else need not be told. */
void pq_referee_on_delivery(struct pq_referee *r);
/* Names the maildrop that is judged across sessions; without it, it is that of the first login
 * whose name can be read. Sessions of other names are judged each for itself. */
void pq_referee_set_user(struct pq_referee *r, struct pq_slice user);

#endif
