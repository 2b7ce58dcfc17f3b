/* SPDX-License-Identifier: Apache-2.0
 *
 * The connections of a run: buffers, lines, writes cut as asked for, and the transcript of all
 * that. Knows CRLF and who speaks; judges nothing.
 */
#ifndef PQ_DIALOGUE_PLAYER_CONNS_H
#define PQ_DIALOGUE_PLAYER_CONNS_H

#include "dialogue/cut.h"
#include "dialogue/player/outcome.h"
#include "dialogue/player/wire.h"

/* Octets of a line that are kept: as many as a value of the language can have. */
#define PQ_CONN_LINE_MAX (1u << 20)
/* Octets that are asked of the wire at once. */
#define PQ_CONN_READ (16u << 10)

struct pq_chan {
    bool open; /* the dialogue has it open, whatever the peer did */
    bool tls, half_closed;
    bool logged_in;          /* as far as replies to credentials tell */
    enum pq_wire_result end; /* how the peer ended it; OK: it has not */
    struct pq_bytes in;      /* what was received, from `taken` on not yet looked at */
    size_t taken, scanned;   /* `scanned`: octets behind `taken` that hold no CRLF */
    bool mid_line;           /* the start of the unfinished line was skipped */
    bool waiting;            /* nothing came since `asked_ms` */
    uint64_t asked_ms;       /* of the last write, or of the opening */
    uint64_t answer_ms;      /* from then to the first octet of the answer */
    struct pq_talk talk;
};

struct pq_conns {
    const struct pq_wire *wire;
    struct pq_outcome *out; /* transcript and figures */
    uint64_t start_ms;
    bool refused; /* the target did not accept the last connection that was tried */
    struct pq_chan chans[PQ_WIRE_CONNS];
    struct pq_alloc alloc;
};

/* `wire` and `out`, whose transcript is set up, are borrowed. */
void pq_conns_init(struct pq_conns *c, const struct pq_wire *wire, struct pq_outcome *out,
                   struct pq_alloc alloc);
/* Closes what is open and gives the memory back. */
void pq_conns_free(struct pq_conns *c);

/* How long to wait: for the next octet, and for all of an answer. */
struct pq_patience {
    uint64_t idle_ms, total_ms;
};

/* ---- opening and ending ---------------------------------------------------------------------- */

/* Opens connection `n`, which is closed first when it is open. */
enum pq_wire_result pq_conns_open(struct pq_conns *c, unsigned n, bool tls, uint64_t patience_ms);
void pq_conns_end(struct pq_conns *c, unsigned n, enum pq_wire_end how);
enum pq_wire_result pq_conns_half_close(struct pq_conns *c, unsigned n, uint64_t patience_ms);
void pq_conns_end_all(struct pq_conns *c);
/* Starts TLS; what was received in the clear goes to the handshake and is forgotten here. */
enum pq_wire_tls pq_conns_start_tls(struct pq_conns *c, unsigned n,
                                    const struct pq_wire_tls_options *options,
                                    uint64_t patience_ms);
/* Puts `octets` before what was received. False: no memory. */
bool pq_conns_put_back(struct pq_conns *c, unsigned n, struct pq_slice octets);

/* ---- sending --------------------------------------------------------------------------------- */

struct pq_payload {
    struct pq_slice octets;
    struct pq_slice hello; /* a ClientHello to go out in the same write, which is then not cut */
    struct pq_cut cut;
    uint64_t patience_ms;
};

/* Sends, and reads into the buffer what comes while the peer takes nothing. What the peer does not
 * take any more is left out: that shows when its answer is read. */
void pq_conns_send(struct pq_conns *c, unsigned n, const struct pq_payload *payload);

/* ---- receiving ------------------------------------------------------------------------------- */

struct pq_incoming {
    struct pq_slice text; /* a line without its CRLF, valid until the connection is used again */
    bool tail;            /* it is only the end of a line that pq_conns_skip() has begun */
};

/* Looks at the next line, which stays until pq_conns_take(). OK, TIMEOUT, TOO_LONG, SPENT, or how
 * the peer ended the connection. */
enum pq_wire_result pq_conns_line(struct pq_conns *c, unsigned n, struct pq_patience patience,
                                  struct pq_incoming *line);
/* Takes the line that was looked at. `more`: it belongs to the entry of the transcript before. */
void pq_conns_take(struct pq_conns *c, unsigned n, const struct pq_incoming *line, bool more);
/* After TOO_LONG: forgets what there is of the line and goes on reading it. Returns how much. */
size_t pq_conns_skip(struct pq_conns *c, unsigned n);
/* Looks at what was received, at least one octet. Results as pq_conns_line(). */
enum pq_wire_result pq_conns_octets(struct pq_conns *c, unsigned n, struct pq_patience patience,
                                    struct pq_slice *octets);
/* Takes the first `len` of them. */
void pq_conns_take_octets(struct pq_conns *c, unsigned n, size_t len);
/* What was received and not taken, without waiting or asking the wire. */
struct pq_slice pq_conns_pending(const struct pq_conns *c, unsigned n);

/* ---- transcript ------------------------------------------------------------------------------ */

void pq_conns_event(struct pq_conns *c, unsigned n, const char *text);
uint64_t pq_conns_now(const struct pq_conns *c);

#endif
