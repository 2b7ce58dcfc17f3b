/* SPDX-License-Identifier: Apache-2.0
 *
 * What the reference server does at each point where servers are known to go wrong. The table holds
 * one function for each such point; a fault replaces some of them (fault.h). A server without
 * faults runs the functions of behaviour.c and nothing else.
 */
#ifndef PQ_MOCK_BEHAVIOUR_H
#define PQ_MOCK_BEHAVIOUR_H

#include "popquiz/conn.h"
#include "popquiz/maildrop.h"

struct pq_server;

struct pq_behaviour {
    /* May this command be obeyed? */
    enum pq_refusal (*judge)(struct pq_server *s, const struct pq_event *e);

    /* The message that `verb` means by `number`; NULL leads to -ERR. */
    struct pq_message *(*find)(struct pq_server *s, enum pq_verb verb, uint64_t number);
    /* DELE: false leads to -ERR. */
    bool (*mark)(struct pq_server *s, uint64_t number);
    /* RSET. */
    void (*reset)(struct pq_server *s);
    /* STAT. */
    void (*totals)(struct pq_server *s, uint64_t *count, uint64_t *octets);
    /* How often the line of messages[index] stands in the list of `verb` (LIST, UIDL): 0 or 1. */
    unsigned (*times)(struct pq_server *s, enum pq_verb verb, size_t index);
    /* The number under which messages[index] is listed. */
    uint64_t (*number)(struct pq_server *s, size_t index);
    /* Its size in LIST. */
    uint64_t (*size)(struct pq_server *s, size_t index);

    /* Writes the multi-line body of RETR or TOP (`lines` of the body) to `wire`, terminator
     * included, in place of the reference. False: the reference does it. */
    bool (*body)(struct pq_server *s, enum pq_verb verb, size_t index, uint64_t lines,
                 struct pq_bytes *wire);
    /* Whether messages[index] may be sent in this session (RFC 6856 section 2.1). */
    bool (*may_send)(struct pq_server *s, size_t index);

    /* The session ended without QUIT. */
    void (*dropped)(struct pq_server *s);
    /* QUIT in TRANSACTION: removes what is marked; false leads to -ERR. */
    bool (*update)(struct pq_server *s);

    /* The inactivity after which a session ends, and whether a command starts it anew. */
    uint64_t (*idle_limit_ms)(struct pq_server *s);
    bool (*restarts_idle)(struct pq_server *s);

    /* Octets that came behind STLS in clear: true keeps them for the time after the handshake. */
    bool (*keeps_leftover)(struct pq_server *s);
    /* Whether the name that USER gave in clear still counts inside TLS. */
    bool (*keeps_user)(struct pq_server *s);

    /* SASL. The initial response as the mechanism sees it: `*text` is what stood on the line; false
     * means that there is none. */
    bool (*initial)(struct pq_server *s, struct pq_slice *text);
    /* "=" as the initial response stands for an empty one (RFC 5034 section 4). */
    bool (*is_empty_initial)(struct pq_server *s, struct pq_slice text);
    bool (*is_cancel)(struct pq_server *s, struct pq_slice line);
    enum pq_status (*decode)(struct pq_server *s, struct pq_slice text, struct pq_buf *out);
    enum pq_status (*challenge)(struct pq_server *s, struct pq_slice data);
};

/* The reference. */
struct pq_behaviour pq_behaviour_reference(void);

#endif
