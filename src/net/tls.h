/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS without sockets: a context (certificates and rules, made once) gives engines (one for each
 * connection), and an engine turns plaintext into ciphertext and back. The caller moves the octets:
 *
 *     ciphertext from the peer -> pq_tls_feed()       pq_tls_read()  -> plaintext
 *     ciphertext to the peer   <- pq_tls_send_buf()   pq_tls_write() <- plaintext
 *
 * Whatever the cut of the ciphertext, the result is the same. An engine holds at most
 * PQ_TLS_BUFFER octets of ciphertext in each direction and what OpenSSL needs for one record and
 * one handshake message (at most 128 KiB; a certificate chain at most 100 KiB). Sessions are not
 * resumed unless that is asked for, tickets never sent, renegotiation is refused.
 */
#ifndef PQ_NET_TLS_H
#define PQ_NET_TLS_H

#include "net/why.h"

/* ---- names ----------------------------------------------------------------------------------- */

/* name, text */
#define PQ_TLS_VERSION_LIST(X)                                                                     \
    X(DEFAULT, "default") /* as `min` TLS 1.2 (RFC 9325 section 3.1.1), as `max` TLS 1.3 */        \
    X(1_0, "1.0")                                                                                  \
    X(1_1, "1.1")                                                                                  \
    X(1_2, "1.2")                                                                                  \
    X(1_3, "1.3")

enum pq_tls_version {
#define X(name, text) PQ_TLS_##name,
    PQ_TLS_VERSION_LIST(X)
#undef X
};

/* Reads "1.0" to "1.3"; false, and `*out` left alone, for anything else. */
bool pq_tls_version_parse(struct pq_slice text, enum pq_tls_version *out);

/* How TLS ended; the first cause stays. FAILED: what the peer sent is not acceptable, or the
 * library refused. */
#define PQ_TLS_END_LIST(X)                                                                         \
    X(NONE, "TLS has not ended")                                                                   \
    X(CLOSED, "the peer closed TLS with close_notify")                                             \
    X(CUT, "the octets ended without close_notify")                                                \
    X(ALERT, "the peer ended TLS with an alert")                                                   \
    X(PLAIN, "the peer sent octets that are no TLS")                                               \
    X(REFUSED, "the peer's certificate was refused here")                                          \
    X(FAILED, "TLS failed here")

enum pq_tls_end {
#define X(name, text) PQ_TLS_END_##name,
    PQ_TLS_END_LIST(X)
#undef X
};

/* The identifier ("REFUSED") and the sentence; never NULL. */
const char *pq_tls_end_name(enum pq_tls_end end);
const char *pq_tls_end_text(enum pq_tls_end end);
/* "handshake_failure" for 40, as RFC 8446 section 6 and its predecessors name it; "unknown" for a
 * number that is not assigned. */
const char *pq_tls_alert_name(unsigned alert);

/* ---- context --------------------------------------------------------------------------------- */

/* PEM: a file, or text in memory when `file` is NULL. Absent when both are empty. */
struct pq_tls_pem {
    const char *file;
    struct pq_slice text;
};

/* A certificate (its chain behind it) with its key; the key may stand in the same PEM, `key` is
 * then absent. Keys must not be encrypted: nobody is there to type a password. */
struct pq_tls_identity {
    struct pq_tls_pem cert, key;
    const char *sni; /* server: chosen when a client asks for this name, without regard to case */
};

#define PQ_TLS_PEM_MAX (1u << 20) /* octets; the roots of a whole system are a quarter of it */
#define PQ_TLS_IDENTITIES_MAX 16u
#define PQ_TLS_NAME_MAX 255u /* RFC 6066 section 3: a DNS host name */
#define PQ_TLS_ALPN_MAX 256u /* octets of all names, each with one octet of length */

struct pq_tls_config {
    bool server;
    bool verify; /* client: the server's certificate must be good; server: the client must send one,
                  * and it must be good */
    bool ask;    /* server: the client may send a certificate, which must be good */
    bool resume; /* server: sessions up to TLS 1.2 may be resumed */
    bool weak;   /* accept what is not secure any more: TLS 1.0 and 1.1, short keys, SHA-1 */
    enum pq_tls_version min, max;
    struct pq_tls_pem ca; /* whom to trust; absent: nobody, or the system's store when `verify` */
    /* Server: the first answers clients that ask for no name or an unknown one; at least one.
     * Client: at most one, sent when the server asks. */
    const struct pq_tls_identity *identities;
    size_t identities_len;
    /* Protocol names of RFC 7301, best first; a server refuses a client that offers others only. */
    const struct pq_slice *alpn;
    size_t alpn_len;
    /* The secrets of every session, for a packet analyser: appended to, mode 0600. NULL: none. */
    const char *keylog_file;
};

/* Reads every file, once; nothing of `config` is needed afterwards. NULL with a sentence in `*why`
 * (may be NULL): a file is missing or holds nothing usable, key and certificate do not belong
 * together, versions contradict, a limit is exceeded, or memory is exhausted. */
PQ_NODISCARD struct pq_tls_context *pq_tls_context_new(const struct pq_tls_config *config,
                                                       struct pq_alloc alloc, struct pq_why *why);
/* After the last of its engines. NULL is accepted. */
void pq_tls_context_free(struct pq_tls_context *c);

/* ---- engine ---------------------------------------------------------------------------------- */

/* How a client begins. CLEAR: a command where TLS begins. */
enum pq_tls_hello_kind {
    PQ_TLS_HELLO_USUAL,
    PQ_TLS_HELLO_SSL2,           /* the first message of SSL 2.0 */
    PQ_TLS_HELLO_CLEAR,          /* "CAPA" in clear */
    PQ_TLS_HELLO_DEFLATE,        /* compression is offered (RFC 3749) */
    PQ_TLS_HELLO_TRUNCATED_HMAC, /* so is this extension (RFC 6066 section 7) */
};

/* A ClientHello that the library would not make. The zero of each field changes nothing. A server
 * that agrees finds at the end of the handshake that the two sides saw different octets, so that
 * only `record` alone leads to a session; pq_tls_facts() has what the server said. */
struct pq_tls_hello {
    enum pq_tls_hello_kind kind;
    uint8_t record;         /* 1 + the second octet of the version of its record */
    struct pq_slice suites; /* two octets each; offered in place of the library's */
};

/* What holds for one connection of a client. */
struct pq_tls_peer {
    const char *sni;     /* sent in the clear, whatever it is; NULL: none */
    const char *name;    /* DNS name or IP address that the certificate must be for when the context
                       * verifies (RFC 7817 section 3); NULL: any */
    const char *ciphers; /* suites up to TLS 1.2, as OpenSSL's ciphers(1) has them, weak ones too;
                           * NULL: the library's */
    struct pq_slice alpn; /* names with commas between; empty: those of the context */
    struct pq_tls_hello hello;
    /* Does not offer the extended master secret (RFC 7627), and takes a ticket: a session of TLS
     * 1.2 that can be resumed in the old way. */
    bool old_secret;
    /* Offers to resume the session of this engine, whose handshake is complete. NULL: a new one. */
    const struct pq_tls *resume;
};

#define PQ_TLS_BUFFER 17408u /* one record of 16384 octets and more than its overhead */

/* The context must outlive the engine. `peer` is for clients and may be NULL. The first flight of a
 * client, its ClientHello, waits in pq_tls_send_buf() at once. NULL with a sentence in `*why`. */
PQ_NODISCARD struct pq_tls *pq_tls_new(struct pq_tls_context *c, const struct pq_tls_peer *peer,
                                       struct pq_why *why);
void pq_tls_free(struct pq_tls *t);

/* Takes ciphertext; returns how many octets (fewer when the buffer is full: read first; none once
 * TLS has ended). */
size_t pq_tls_feed(struct pq_tls *t, struct pq_slice in);
/* How many octets the next feed takes. */
size_t pq_tls_room(const struct pq_tls *t);
/* No more ciphertext will come: the peer's FIN. */
void pq_tls_eof(struct pq_tls *t);
/* Ciphertext for the peer, empty when there is none; lent until the next call on this engine. Also
 * after TLS has ended: an alert may wait. Then tell how much of it was sent. */
struct pq_slice pq_tls_send_buf(struct pq_tls *t);
void pq_tls_send_ack(struct pq_tls *t, size_t n);

/* What the engine can use now, a mask. */
enum pq_tls_want { PQ_TLS_WANT_SEND = 1, PQ_TLS_WANT_RECV = 2 };
unsigned pq_tls_want(const struct pq_tls *t);

/* EVENT: the handshake is complete (again at each later call). NEED_DATA: move octets, see
 * pq_tls_want(), and call again. ERROR: see pq_tls_end(). */
PQ_NODISCARD enum pq_next pq_tls_handshake(struct pq_tls *t);
/* Copies plaintext, at most `cap` (not zero) octets. EVENT: `*got` octets, not zero. NEED_DATA:
 * none yet (also before the handshake is complete). ERROR: no more will come, see pq_tls_end(). */
PQ_NODISCARD enum pq_next pq_tls_read(struct pq_tls *t, void *at, size_t cap, size_t *got);
/* Whether pq_tls_read() would give something other than NEED_DATA. */
bool pq_tls_is_readable(struct pq_tls *t);
/* Takes plaintext; returns how many octets. Zero when the buffer is full (send first), before the
 * handshake is complete, and when nothing can be written any more (see pq_tls_is_writable()). */
size_t pq_tls_write(struct pq_tls *t, struct pq_slice in);
/* Whether the handshake is complete and neither side has ended this direction. CLOSED and CUT are
 * the end of the peer's direction only. */
bool pq_tls_is_writable(const struct pq_tls *t);
/* Puts close_notify behind what was written; nothing more can be written. Does nothing before the
 * handshake is complete, after TLS has failed, and the second time. */
void pq_tls_close(struct pq_tls *t);

enum pq_tls_end pq_tls_end(const struct pq_tls *t);
/* What ended TLS as a sentence: "" while it has not ended. Lives as long as the engine. */
const char *pq_tls_why(const struct pq_tls *t);
/* The number of the alert that the peer sent; -1 unless the end is ALERT. */
int pq_tls_alert(const struct pq_tls *t);
/* Gives back octets that were fed and that TLS did not look at: all of them after PLAIN, what came
 * behind an alert, nothing while TLS goes on. Returns how many were copied, zero when none are
 * left. */
size_t pq_tls_take_rest(struct pq_tls *t, void *at, size_t cap);
/* How many are left. */
size_t pq_tls_rest(const struct pq_tls *t);

/* What was agreed. The texts live as long as the engine. */
struct pq_tls_info {
    const char *version;   /* "TLSv1.3" */
    const char *cipher;    /* OpenSSL's name of the cipher suite */
    const char *sni;       /* the name that the client asked for; NULL: none */
    struct pq_slice alpn;  /* empty: none */
    const char *verify;    /* what verification found, asked for or not: "ok" is one */
    bool peer_certificate; /* the peer sent one */
};
/* False before the handshake is complete. */
bool pq_tls_info(const struct pq_tls *t, struct pq_tls_info *info);

/* What ties a protocol inside to the connection (RFC 5056), so that a man in the middle, who has
 * two, cannot pass on what is said about one of them. */
#define PQ_TLS_BINDING_LIST(X)                                                                     \
    X(EXPORTER, "tls-exporter") /* RFC 9266 */                                                     \
    X(UNIQUE, "tls-unique")     /* RFC 5929 section 3 */

enum pq_tls_binding {
#define X(name, text) PQ_TLS_BINDING_##name,
    PQ_TLS_BINDING_LIST(X)
#undef X
        PQ_TLS_BINDING_COUNT
};

#define PQ_TLS_BINDING_MAX 64u /* octets of one */

const char *pq_tls_binding_name(enum pq_tls_binding binding);
/* Appends it. False, and nothing was appended, where there is none: before the handshake ends;
 * EXPORTER needs TLS 1.3, or the extended master secret of RFC 7627; UNIQUE is not of TLS 1.3, and
 * a resumed session needs that secret (RFC 7677 section 4). */
PQ_NODISCARD bool pq_tls_binding(const struct pq_tls *t, enum pq_tls_binding binding,
                                 struct pq_buf *out);
/* Appends the first Finished message of a complete handshake: what tls-unique is where it is
 * defined, and what it would be elsewhere. For tests whether others know the difference. */
PQ_NODISCARD bool pq_tls_first_finished(const struct pq_tls *t, struct pq_buf *out);
/* Appends name `index`, counted from 0, of the peer's certificate, which is good: its common name,
 * then its e-mail addresses (RFC 5280 section 4.2.1.6). False: there is no such name. */
PQ_NODISCARD bool pq_tls_peer_name(const struct pq_tls *t, size_t index, struct pq_buf *out);

#define PQ_TLS_FACTS_MAX 16384u /* octets; lines that find no room are left out */
#define PQ_TLS_EXTENSIONS_MAX 32u

/* Appends what a client has learned of the server up to now, "NAME VALUE" and LF for each fact;
 * values are visible ASCII. Always `end` and `server-hello`; the others as far as the handshake
 * came: `alert`, `suite` (four hexadecimal digits), `compression`, `extension` (one for each of the
 * server's), `certificate-request`, `tickets` and `early-data` (of TLS 1.3); of a complete one
 * `version`, `cipher`, `strength` (bits), `forward-secrecy`, `alpn`, `resumed`, `tls-exporter` and
 * `tls-unique` (in base64; the latter of TLS 1.3 too, where it is not defined, as somebody who does
 * not know that would take it), and of the certificate `key`, `key-bits`, `signature-digest`,
 * `in-date`, `chain` (its length), `dns-id` (whether a DNS-ID is the expected name), `dns` and
 * `srv` (one for each name). */
void pq_tls_facts(const struct pq_tls *t, struct pq_buf *out);
/* Appends the fact `end` alone, for somebody who has freed the engine. */
void pq_tls_end_fact(enum pq_tls_end end, struct pq_buf *out);

#endif
