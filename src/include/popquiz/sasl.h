/* SPDX-License-Identifier: Apache-2.0
 *
 * SASL mechanisms of both sides, on decoded octets: base64, "=", "*" and lines belong to the conn.
 * RFC 4422, with EXTERNAL in appendix A, RFC 5034 section 4; RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5),
 * RFC 5802 and RFC 7677 (SCRAM), RFC 7628 (OAUTHBEARER), RFC 4505 (ANONYMOUS). LOGIN and XOAUTH2
 * have no RFC. SASLprep (RFC 4013) is the caller's: names go to the callbacks as they were sent,
 * and SCRAM is refused to a password that it could change (RFC 5802 section 2.2).
 */
#ifndef POPQUIZ_SASL_H
#define POPQUIZ_SASL_H

#include "popquiz/base.h"

/* ---- limits, in octets ----------------------------------------------------------------------- */

/* RFC 4616 section 2: a server accepts names and passwords "up to and including 255 octets". */
#define PQ_SASL_NAME_MAX 255u
#define PQ_SASL_PASSWORD_MAX 255u
/* Bearer tokens in use are some KiB long. */
#define PQ_SASL_TOKEN_MAX 16384u
/* Room that is enough for every message of either side: the longest token, the longest name with
 * each octet escaped, and what stands around them. */
#define PQ_SASL_MESSAGE_MAX (PQ_SASL_TOKEN_MAX + 3u * PQ_SASL_NAME_MAX + 64u)
/* RFC 4505 section 2: characters, not octets, of what an anonymous client says of itself. */
#define PQ_SASL_TRACE_MAX 255u
/* What a SCRAM exchange signs: its first three messages, without GS2 header and proof. The names at
 * their longest need about half of it; the rest is for nonces and extensions. */
#define PQ_SCRAM_TEXT_MAX 4096u
#define PQ_SCRAM_SALT_MAX 128u
#define PQ_SCRAM_KEY_MAX 32u
/* A channel binding: its name, and what it is. RFC 9266 has 32 octets; a Finished message has 12,
 * or as many as its suite says (RFC 5246 section 7.4.9). */
#define PQ_SASL_BINDING_NAME_MAX 32u
#define PQ_SASL_BINDING_MAX 64u
/* RFC 7677 section 3: a server announces at least 4096. RFC 5802 section 9: a hostile server sends
 * a big count to exhaust the client; a million takes about half a second. */
#define PQ_SCRAM_ITERATIONS_MIN 4096u
#define PQ_SCRAM_ITERATIONS_MAX 1000000u

/* ---- mechanisms ------------------------------------------------------------------------------ */

/* Whether the client may send a message along with the AUTH command. */
enum pq_sasl_initial {
    PQ_SASL_INITIAL_NO,        /* the server refuses it (RFC 5034 section 4) */
    PQ_SASL_INITIAL_TOLERATED, /* only under PQ_SASL_LENIENT_INITIAL */
    PQ_SASL_INITIAL_YES,
};

/* mechanism, as sent, the client speaks first, initial response, carries an authorization identity,
 * shows the secret to whoever reads the wire, there is none without TLS, longest secret on the wire
 * (zero: it has none), its functions */
#define PQ_MECHANISM_LIST(X)                                                                       \
    X(PLAIN, "PLAIN", true, YES, true, true, false, PQ_SASL_PASSWORD_MAX, plain)                   \
    X(LOGIN, "LOGIN", false, TOLERATED, false, true, false, PQ_SASL_PASSWORD_MAX, login)           \
    X(CRAM_MD5, "CRAM-MD5", false, NO, false, false, false, PQ_SASL_PASSWORD_MAX, cram_md5)        \
    X(SCRAM_SHA_256, "SCRAM-SHA-256", true, YES, true, false, false, PQ_SASL_PASSWORD_MAX,         \
      scram_sha_256)                                                                               \
    X(XOAUTH2, "XOAUTH2", true, YES, false, true, false, PQ_SASL_TOKEN_MAX, xoauth2)               \
    X(SCRAM_SHA_1, "SCRAM-SHA-1", true, YES, true, false, false, PQ_SASL_PASSWORD_MAX,             \
      scram_sha_1)                                                                                 \
    X(OAUTHBEARER, "OAUTHBEARER", true, YES, false, true, true, PQ_SASL_TOKEN_MAX, oauthbearer)    \
    X(ANONYMOUS, "ANONYMOUS", true, YES, false, false, false, 0, anonymous)                        \
    X(EXTERNAL, "EXTERNAL", true, YES, true, false, true, 0, external)                             \
    X(SCRAM_SHA_1_PLUS, "SCRAM-SHA-1-PLUS", true, YES, true, false, true, PQ_SASL_PASSWORD_MAX,    \
      scram_sha_1_plus)                                                                            \
    X(SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS", true, YES, true, false, true,                      \
      PQ_SASL_PASSWORD_MAX, scram_sha_256_plus)

enum pq_mechanism {
    PQ_MECHANISM_UNKNOWN, /* any name that is not in the table */
#define X(name, text, client_first, initial, authzid, clear, tls, secret_max, functions)           \
    PQ_MECHANISM_##name,
    PQ_MECHANISM_LIST(X)
#undef X
        PQ_MECHANISM_COUNT
};

/* ---- outcomes -------------------------------------------------------------------------------- */

/* What is wrong, which status it comes to, and the sentence. The first flaw ends the exchange. */
#define PQ_SASL_FLAW_LIST(X)                                                                       \
    X(NONE, OK, "nothing is wrong")                                                                \
    X(NO_ROOM, NO_ROOM, "the buffer that was lent is too small for the answer")                    \
    X(CRYPTO, CRYPTO, "the cryptographic library refused")                                         \
    X(SURPLUS, SASL_MESSAGE, "a message where the mechanism has none")                             \
    X(FIELDS, SASL_MESSAGE, "the fields are not those of the mechanism in their order")            \
    X(LENGTH, SASL_MESSAGE, "a field is empty or longer than its limit")                           \
    X(OCTETS, SASL_MESSAGE, "an octet that its field may not hold, or text that is not UTF-8")     \
    X(ESCAPE, SASL_MESSAGE, "a name holds an equals sign that is neither =2C nor =3D")             \
    X(EXTENSION, SASL_MESSAGE, "a mandatory extension, and none is known")                         \
    X(BASE64, SASL_MESSAGE, "the value of an attribute is not the base64 that it must be")         \
    X(NUMBER, SASL_MESSAGE, "the iteration count is not a canonical decimal number")               \
    X(HEADER, SASL_MESSAGE, "c= does not repeat the GS2 header")                                   \
    X(NONCE, SASL_MESSAGE, "r= does not repeat the nonce")                                         \
    X(BINDING, SASL_REFUSED, "a channel binding that the mechanism or the connection has not")     \
    X(UNBOUND, SASL_REFUSED, "the mechanism binds to a channel, and the client does not")          \
    X(CHANNEL, SASL_REFUSED, "c= has not the binding of this channel")                             \
    X(DOWNGRADE, SASL_REFUSED, "the client took the server for one without channel binding")       \
    X(CREDENTIALS, SASL_REFUSED, "the user is unknown or the secret is wrong")                     \
    X(PLACE, SASL_REFUSED, "host= or port= is not where the client is")                            \
    X(PREPARATION, SASL_REFUSED, "the password is not printable ASCII, which SCRAM needs here")    \
    X(AUTHZID, SASL_REFUSED, "the user may not act as the one that was asked for")                 \
    X(ITERATIONS, SASL_REFUSED, "the iteration count is outside its limits")                       \
    X(PEER_ERROR, SASL_REFUSED, "the server reports an error")                                     \
    X(PEER_NONCE, SASL_PEER, "the server's nonce does not extend that of the client")              \
    X(PEER_SIGNATURE, SASL_PEER, "the server's signature is wrong")

enum pq_sasl_flaw {
#define X(name, status, text) PQ_SASL_FLAW_##name,
    PQ_SASL_FLAW_LIST(X)
#undef X
};

/* The identifier and the sentence; never NULL. Neither ever holds anything that was sent. */
const char *pq_sasl_flaw_name(enum pq_sasl_flaw flaw);
const char *pq_sasl_flaw_text(enum pq_sasl_flaw flaw);
/* SASL_MESSAGE: malformed. SASL_REFUSED: well-formed, and refused. SASL_PEER: the server could not
 * prove itself. CRYPTO, NO_ROOM: the fault is ours. */
enum pq_status pq_sasl_flaw_status(enum pq_sasl_flaw flaw);

enum pq_sasl_outcome { PQ_SASL_CONTINUE, PQ_SASL_DONE, PQ_SASL_FAILED };

struct pq_sasl_server;
struct pq_sasl_client;

struct pq_mechanism_row {
    struct pq_slice name;
    /* Private: what pq_sasl_server_step() and pq_sasl_client_step() call. */
    enum pq_sasl_flaw (*server)(struct pq_sasl_server *s, const struct pq_slice *in,
                                struct pq_buf *out);
    enum pq_sasl_flaw (*client)(struct pq_sasl_client *c, const struct pq_slice *challenge,
                                struct pq_buf *out);
    size_t secret_max; /* the longest password or token, where it goes over the wire; 0: none */
    enum pq_sasl_initial initial;
    bool client_first;
    bool authzid; /* a client can ask to act as somebody else */
    bool clear;   /* the secret goes over the wire: only under TLS (RFC 5034 section 4) */
    bool tls;     /* without TLS there is none: not even policy allows it (RFC 7628 section 3), or
                   * TLS is what it is about */
};

/* The mechanism that does the same and binds to the channel, or UNKNOWN; and whether it is one. */
enum pq_mechanism pq_mechanism_plus(enum pq_mechanism mechanism);
bool pq_mechanism_is_plus(enum pq_mechanism mechanism);
/* The row of a mechanism; that of PQ_MECHANISM_UNKNOWN has an empty name and no functions. */
const struct pq_mechanism_row *pq_mechanism_row(enum pq_mechanism mechanism);
/* The mechanism that `name` names, in any case (RFC 5034 section 5), whole and not by prefix. */
enum pq_mechanism pq_mechanism_of(struct pq_slice name);

/* ---- what an exchange keeps ------------------------------------------------------------------ */

struct pq_sasl_name {
    uint8_t at[PQ_SASL_NAME_MAX];
    size_t len;
};

/* Private: the signed text of a SCRAM exchange, as far as it has come. */
struct pq_scram_text {
    uint8_t at[PQ_SCRAM_TEXT_MAX];
    size_t len;
};

/* ---- server ---------------------------------------------------------------------------------- */

/* What a user store says about a user. The slices stay valid until the step returns. */
struct pq_sasl_account {
    struct pq_slice secret; /* password, or bearer token; an empty one lets nobody in */
    struct pq_slice salt;   /* for SCRAM, 16 octets; empty: made from `salt_secret` and the name */
};

/* What ties an exchange to the TLS connection around it (RFC 5056). */
struct pq_sasl_binding {
    struct pq_slice name; /* "tls-exporter" (RFC 9266), "tls-unique" (RFC 5929 section 3) */
    struct pq_slice data; /* 1 to PQ_SASL_BINDING_MAX octets */
};

enum pq_sasl_leniency {
    PQ_SASL_LENIENT_INITIAL = 1, /* an initial response where PQ_SASL_INITIAL_TOLERATED */
    /* What lets strangers in: for servers that are meant to be wrong. */
    PQ_SASL_LENIENT_NONCE = 2,   /* SCRAM: r= of the last message is not looked at */
    PQ_SASL_LENIENT_CHANNEL = 4, /* SCRAM: nor is c=, where there is a binding */
};

/* Everything that is random, secret or policy. Borrowed; outlives the exchange. */
struct pq_sasl_server_config {
    /* Fills `*account`, which is zeroed, and tells whether `user` is known. Called once in an
     * exchange that names a user. Whoever is unknown takes the steps of a wrong password. */
    bool (*lookup)(void *ctx, enum pq_mechanism mechanism, struct pq_slice user,
                   struct pq_sasl_account *account);
    /* PLAIN, LOGIN: appends a password that was sent as it is to be compared (RFC 4616 section 2);
     * false: it cannot be one. NULL: as it was sent. */
    bool (*prepare)(void *ctx, struct pq_slice password, struct pq_buf *out);
    /* Whether `user`, whose secret was right, may act as `authzid`, another name. NULL: never. */
    bool (*may_act_as)(void *ctx, struct pq_slice user, struct pq_slice authzid);
    /* OAUTHBEARER: whether the server is at `host` and `port`, as the client says (RFC 7628 section
     * 3.2); an empty host and port 0 were not said. NULL: the server does not know where it is. */
    bool (*is_at)(void *ctx, struct pq_slice host, uint32_t port);
    void *ctx;
    struct pq_slice challenge;   /* CRAM-MD5: "<left@right>", a new one for each exchange */
    struct pq_slice nonce;       /* SCRAM: 0x21-0x7E without ",", a new one for each exchange */
    struct pq_slice salt_secret; /* SCRAM: known to nobody else, the same in every exchange */
    struct pq_slice anonymous;   /* ANONYMOUS: the user that each client becomes; empty: refused */
    struct pq_slice external;    /* EXTERNAL: the user whom TLS has proven; empty: nobody */
    /* -PLUS: what the connection has; the client chooses. */
    const struct pq_sasl_binding *bindings;
    size_t bindings_len;
    uint32_t iterations; /* SCRAM: at most PQ_SCRAM_ITERATIONS_MAX; 0 is 4096 */
    unsigned leniency;   /* enum pq_sasl_leniency; zero is strict */
    bool binding;        /* SCRAM: its -PLUS mechanism is announced too */
};

/* The server's side of one exchange: about 5 KiB, owned by the caller, no pointers into itself.
 * `outcome` to `authzid` may be read; the rest is private. */
struct pq_sasl_server {
    enum pq_sasl_outcome outcome;
    enum pq_sasl_flaw flaw;
    enum pq_status status;       /* that of the flaw */
    struct pq_sasl_name user;    /* whose secret it is; proven only after DONE */
    struct pq_sasl_name authzid; /* whom to act as; empty when it was not sent */
    const struct pq_mechanism_row *row;
    const struct pq_sasl_server_config *config;
    enum pq_mechanism mechanism;
    unsigned turn;             /* messages that the mechanism took */
    enum pq_sasl_flaw verdict; /* known before it may be told */
    struct pq_scram_text text;
    size_t nonce_at, nonce_len;          /* the common nonce, within the text */
    uint8_t gs2_flag;                    /* what the client says of channel binding: n, y or p */
    const struct pq_sasl_binding *bound; /* of p */
    uint8_t stored_key[PQ_SCRAM_KEY_MAX];
    uint8_t server_key[PQ_SCRAM_KEY_MAX];
};

/* Begins an exchange; `mechanism` is not PQ_MECHANISM_UNKNOWN. */
void pq_sasl_server_init(struct pq_sasl_server *s, enum pq_mechanism mechanism,
                         const struct pq_sasl_server_config *config);
/* Takes what the client sent, decoded. The first call follows the AUTH command: `in` is NULL when
 * there was no initial response, and empty when that was "=". Later `in` is never NULL.
 * CONTINUE: what was appended to `out`, maybe nothing, is the next challenge. DONE: the client is
 * who it says; nothing was appended. FAILED: see `s->status`; nothing was appended.
 * An exchange that has ended stays as it is. */
PQ_NODISCARD enum pq_sasl_outcome
pq_sasl_server_step(struct pq_sasl_server *s, const struct pq_slice *in, struct pq_buf *out);
/* After DONE: whom the session belongs to, which is `authzid`, or else `user`. */
struct pq_slice pq_sasl_server_identity(const struct pq_sasl_server *s);
/* Wipes everything. */
void pq_sasl_server_clear(struct pq_sasl_server *s);

/* ---- client ---------------------------------------------------------------------------------- */

/* Borrowed; outlives the exchange. */
struct pq_sasl_client_config {
    struct pq_slice user;    /* ANONYMOUS: the trace information, maybe empty */
    struct pq_slice secret;  /* password, or bearer token */
    struct pq_slice authzid; /* whom to act as; empty: the user */
    struct pq_slice nonce;   /* SCRAM: 0x21-0x7E without ",", a new one for each exchange */
    /* SCRAM: that of the connection, for -PLUS. The mechanism without tells the server that it was
     * not seen to have -PLUS, which a server that has refuses (RFC 5802 section 6). Empty: none. */
    struct pq_sasl_binding binding;
    uint32_t iterations_min, iterations_max; /* SCRAM; 0 is PQ_SCRAM_ITERATIONS_MIN and _MAX */
};

/* The client's side of one exchange: about 4 KiB, owned by the caller, no pointers into itself.
 * `outcome` to `status` may be read; the rest is private. */
struct pq_sasl_client {
    enum pq_sasl_outcome outcome;
    enum pq_sasl_flaw flaw;
    enum pq_status status; /* that of the flaw */
    const struct pq_mechanism_row *row;
    const struct pq_sasl_client_config *config;
    unsigned turn; /* messages that the mechanism made */
    struct pq_scram_text text;
    uint8_t signature[PQ_SCRAM_KEY_MAX]; /* what the server has to answer */
};

void pq_sasl_client_init(struct pq_sasl_client *c, enum pq_mechanism mechanism,
                         const struct pq_sasl_client_config *config);
/* Answers a challenge, decoded. NULL asks for the initial response, which the row must not exclude;
 * one that does not fit its line (RFC 5034 section 4) answers the empty challenge instead.
 * CONTINUE, DONE: what was appended to `out`, maybe nothing, is the response. A +OK of the server
 * may be believed after DONE only: before, it has something left to prove.
 * FAILED: see `c->status`; nothing was appended; cancel with "*".
 * A challenge after DONE fails. Only XOAUTH2 and OAUTHBEARER have one, the error of the server:
 * CONTINUE, the response that lets it end the exchange (empty, or 0x01), and
 * PQ_SASL_FLAW_PEER_ERROR. What has failed stays as it is. */
PQ_NODISCARD enum pq_sasl_outcome
pq_sasl_client_step(struct pq_sasl_client *c, const struct pq_slice *challenge, struct pq_buf *out);
/* Wipes everything. */
void pq_sasl_client_clear(struct pq_sasl_client *c);

#endif
