/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection, with TLS when asked for: calls that block until a deadline. A stream is a TCP or
 * Unix socket, or a pair of descriptors such as the two pipes of a program's standard input and
 * output. Octets pass as they are; nothing is read ahead, so what is not received is the kernel's.
 */
#ifndef PQ_NET_STREAM_H
#define PQ_NET_STREAM_H

#include "net/io.h"
#include "net/tls.h"

/* ---- results --------------------------------------------------------------------------------- */

/* What a transfer came to. name, text */
#define PQ_STREAM_RESULT_LIST(X)                                                                   \
    X(OK, "ok")                                                                                    \
    X(TIMEOUT, "no progress before the deadline")                                                  \
    X(CLOSED, "the peer closed the connection")                                                    \
    X(RESET, "the peer reset the connection")                                                      \
    X(BROKEN, "TLS broke off")                                                                     \
    X(FAILED, "the network failed")

enum pq_stream_result {
#define X(name, text) PQ_STREAM_##name,
    PQ_STREAM_RESULT_LIST(X)
#undef X
};

/* How the start of TLS came out; `text` is the word that dialogues use. */
#define PQ_STARTTLS_LIST(X)                                                                        \
    X(OK, "ok")           /* both sides are in TLS */                                              \
    X(ALERT, "alert")     /* the peer ended it with an alert */                                    \
    X(CLOSED, "eof")      /* the peer closed the connection */                                     \
    X(RESET, "reset")     /* the peer reset the connection */                                      \
    X(PLAIN, "plain")     /* the peer sent octets that are no TLS */                               \
    X(TIMEOUT, "timeout") /* the peer said nothing, or not enough */                               \
    X(REFUSED, "refused") /* the peer's certificate was refused here */                            \
    X(FAILED, "failed")   /* TLS or the network failed here */

enum pq_starttls {
#define X(name, text) PQ_STARTTLS_##name,
    PQ_STARTTLS_LIST(X)
#undef X
};

/* The sentence of a result and the word of an outcome; never NULL. */
const char *pq_stream_result_text(enum pq_stream_result result);
const char *pq_starttls_text(enum pq_starttls outcome);

/* ---- opening and closing --------------------------------------------------------------------- */

struct pq_stream {
    const struct pq_io *io;
    int in, out;        /* the same for a socket; -1 when closed */
    bool tcp;           /* delays and acknowledgements can be tuned */
    bool secured;       /* octets pass through `tls` */
    bool fin_seen;      /* the peer's end of the connection was received */
    bool reset_seen;    /* the peer reset it */
    struct pq_tls *tls; /* for pq_tls_info() and the like; NULL while TLS was never begun, and
                         * kept after its end */
    struct pq_why why;  /* the last failure as a sentence */
};

/* A stream that is closed, so that closing it does no harm. `io` NULL: the system's calls. */
void pq_stream_init(struct pq_stream *s, const struct pq_io *io);
/* Connects an initialised stream: tries each endpoint in turn with an equal share of the time that
 * is left. TIMEOUT or NET: none answered; the stream stays closed and `s->why` tells of the last
 * one. */
PQ_NODISCARD enum pq_status pq_stream_connect(struct pq_stream *s, const struct pq_endpoints *to,
                                              uint64_t deadline);
/* Opens an initialised stream on descriptors that came from elsewhere: a socket (`in` and `out` are
 * the same) or two pipes. They become the stream's in any case, and non-blocking, which holds for
 * everybody who shares them. NET: a descriptor is bad; both are closed. */
PQ_NODISCARD enum pq_status pq_stream_from_fd(struct pq_stream *s, int in, int out);

/* Every way of closing forgets TLS and may be called on a closed stream. What the peer sent and
 * nobody received is discarded first, since the kernel would answer it with RST: so
 * pq_stream_close() and pq_stream_cut() end with FIN unless the peer sends more at this moment. */

/* Sends close_notify if TLS is on, as far as that is possible without waiting, and closes. */
void pq_stream_close(struct pq_stream *s);
/* The same without close_notify: the peer sees TLS cut off. */
void pq_stream_cut(struct pq_stream *s);
/* Closes a TCP connection with RST, throwing away what is under way. A Unix socket or a pipe has no
 * RST; it is closed, unread octets and all, which a Unix socket's peer sees as a reset. */
void pq_stream_reset(struct pq_stream *s);
/* Ends our direction only: close_notify if TLS is on, then FIN. OK, or what kept close_notify from
 * leaving; FIN is sent in any case. Receiving goes on. */
PQ_NODISCARD enum pq_stream_result pq_stream_half_close(struct pq_stream *s, uint64_t deadline);

/* ---- transfer -------------------------------------------------------------------------------- */

/* Sends from the front of `*rest` and drops what is on its way. OK: everything is. TIMEOUT: call
 * again with what `*rest` holds now, even if that is nothing (ciphertext may wait). CLOSED: the
 * peer takes no more. With a deadline of zero it sends what the kernel takes now. */
PQ_NODISCARD enum pq_stream_result pq_stream_send(struct pq_stream *s, struct pq_slice *rest,
                                                  uint64_t deadline);
/* Receives at most `cap` (not zero) octets. OK: `*got` octets, not zero. CLOSED: the peer has ended
 * its direction; with TLS on, pq_stream_tls_end() tells close_notify from a cut. RESET and BROKEN
 * may come after octets that were received before. All but OK and TIMEOUT come again. */
PQ_NODISCARD enum pq_stream_result pq_stream_recv(struct pq_stream *s, void *at, size_t cap,
                                                  size_t *got, uint64_t deadline);
/* Waits for the end of the connection itself and discards what comes before: after close_notify the
 * peer may leave it open. CLOSED, RESET, FAILED or TIMEOUT. */
PQ_NODISCARD enum pq_stream_result pq_stream_await_fin(struct pq_stream *s, uint64_t deadline);

/* The descriptor on which to poll for input, -1 when closed. With TLS on, ask pq_stream_is_ready()
 * first: plaintext may wait although nothing is on the wire. */
int pq_stream_fd(const struct pq_stream *s);
/* Whether pq_stream_recv() has something to tell that needs no octet from the wire. */
bool pq_stream_is_ready(struct pq_stream *s);

struct pq_stream_wait {
    struct pq_stream *stream; /* open, all of one pq_io */
    bool ready;               /* result: receive would not wait */
};

#define PQ_STREAM_WAIT_MAX 16u

/* Waits until at least one of `n` (1 to PQ_STREAM_WAIT_MAX) streams has something to receive:
 * octets or the end. OK, TIMEOUT, or FAILED when poll() itself fails. */
PQ_NODISCARD enum pq_stream_result pq_stream_wait_any(struct pq_stream_wait *waits, size_t n,
                                                      uint64_t deadline);

/* ---- TLS ------------------------------------------------------------------------------------- */

/* Octets that the caller received before it knew that TLS begins, at most. */
#define PQ_STREAM_EARLY_MAX 16384u

/* Makes the engine, of the role that the context has; octets still pass as they are. TLS: it cannot
 * be made, see `s->why`. Not twice on one connection, except after a start that failed. */
PQ_NODISCARD enum pq_status pq_stream_tls_begin(struct pq_stream *s, struct pq_tls_context *context,
                                                const struct pq_tls_peer *peer);
/* Takes the ClientHello out of a client's engine and appends it, for a client that wants to send it
 * together with other octets. NO_ROOM: nothing was appended. Without this call
 * pq_stream_tls_handshake() sends it. */
PQ_NODISCARD enum pq_status pq_stream_tls_hello(struct pq_stream *s, struct pq_buf *out);
/* Does the handshake. `early` are the peer's octets that were received already, at most
 * PQ_STREAM_EARLY_MAX. OK: from now on octets pass through TLS. TIMEOUT: may be called again, with
 * no `early`. With any other outcome octets pass as they are again, and those of the peer that TLS
 * did not take are received first; `s->why` has the reason. */
PQ_NODISCARD enum pq_starttls pq_stream_tls_handshake(struct pq_stream *s, struct pq_slice early,
                                                      uint64_t deadline);
/* Begin and handshake in one. */
PQ_NODISCARD enum pq_starttls pq_stream_start_tls(struct pq_stream *s,
                                                  struct pq_tls_context *context,
                                                  const struct pq_tls_peer *peer,
                                                  uint64_t deadline);
/* How TLS ended; NONE while it goes on or never began. */
enum pq_tls_end pq_stream_tls_end(const struct pq_stream *s);

#endif
