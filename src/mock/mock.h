/* SPDX-License-Identifier: Apache-2.0
 *
 * What all sessions of one mock server share: its configuration, its mail, its behaviour, and its
 * source of numbers. No sockets and no clock here.
 */
#ifndef PQ_MOCK_MOCK_H
#define PQ_MOCK_MOCK_H

#include "mock/behaviour.h"
#include "mock/fault.h"
#include "mock/overlay.h"
#include "mock/store.h"
#include "popquiz/base.h"

/* RFC 1939 section 3: an autologout timer lasts at least ten minutes. */
#define PQ_MOCK_AUTOLOGOUT_MS (UINT64_C(600) * 1000)
/* RFC 2595 has no time for the handshake; a peer that says nothing for this long is cut off. */
#define PQ_MOCK_HANDSHAKE_MS (UINT64_C(60) * 1000)

/* Octets of the timestamp of a greeting, and of a SASL nonce that is given. */
#define PQ_MOCK_TIMESTAMP_MAX 128u
#define PQ_MOCK_NONCE_MAX 64u
/* RFC 2449 section 6.7; days. */
#define PQ_EXPIRE_NEVER UINT32_MAX

struct pq_mock_config {
    const char *host;           /* right of "@" in timestamps and in the greeting */
    const char *implementation; /* of the IMPLEMENTATION capability; NULL: not announced */
    unsigned leniency;          /* enum pq_leniency; zero is strict */
    bool apop, user, sasl, utf8, lang, pipelining; /* what is offered */
    bool tls;                                      /* STLS is offered: there is a certificate */
    bool require_tls;                              /* no plaintext password in clear */
    bool read_only;                                /* maildrops cannot be changed: QUIT says so */
    bool certificates;                             /* clients are asked for one: EXTERNAL */
    uint32_t mechanisms;                           /* a bit for each enum pq_mechanism */
    enum pq_leftover leftover;
    uint64_t autologout_ms, handshake_ms;
    uint32_t login_delay_s;     /* zero: none (RFC 2449 section 6.5) */
    uint32_t expire_days;       /* PQ_EXPIRE_NEVER: announced as NEVER */
    const char *apop_timestamp; /* with "<" and ">"; NULL: a new one for each connection */
    const char *nonce;          /* of SASL challenges; NULL: a new one for each exchange */
    /* Capability lists in place of the computed ones, by [authenticated][TLS active]: capabilities
     * separated by ";". NULL: computed. */
    const char *capabilities[2][2];
};

struct pq_mock {
    struct pq_mock_config config;
    struct pq_store store;
    struct pq_behaviour behaviour;
    struct pq_fault_plan plan;
    struct pq_overlays *overlays; /* dialogues in the server's role, or NULL; borrowed */
    struct pq_rand rand;          /* timestamps and nonces: unique, but no secret */
    struct pq_alloc alloc;
    void (*complain)(const char *sentence); /* of a maildrop's file; may be NULL */
    uint64_t connections;                   /* sessions that there were */
    uint64_t sessions;                      /* those that there are */
    uint64_t deliveries;                    /* by the control channel */
    uint64_t links; /* connections that there were, those without a session included */
};

/* The defaults: everything is offered but TLS and the mechanisms SCRAM-SHA-1, OAUTHBEARER,
 * ANONYMOUS, EXTERNAL and those with -PLUS, and the behaviour is the reference. */
void pq_mock_init(struct pq_mock *m, struct pq_alloc alloc, uint64_t seed);
void pq_mock_free(struct pq_mock *m);

#endif
