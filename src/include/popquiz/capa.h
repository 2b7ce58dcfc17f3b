/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of the capability list: text <-> value. RFC 2449 sections 3, 5 and 6.
 */
#ifndef POPQUIZ_CAPA_H
#define POPQUIZ_CAPA_H

#include "popquiz/base.h"

/* tag, as sent, RFC, least and most parameters (255: no limit) */
#define PQ_CAPABILITY_LIST(X)                                                                      \
    X(TOP, "TOP", 2449, 0, 0)                                                                      \
    X(USER, "USER", 2449, 0, 0)                                                                    \
    X(SASL, "SASL", 2449, 1, 255)                                                                  \
    X(RESP_CODES, "RESP-CODES", 2449, 0, 0)                                                        \
    X(LOGIN_DELAY, "LOGIN-DELAY", 2449, 1, 2)                                                      \
    X(PIPELINING, "PIPELINING", 2449, 0, 0)                                                        \
    X(EXPIRE, "EXPIRE", 2449, 1, 2)                                                                \
    X(UIDL, "UIDL", 2449, 0, 0)                                                                    \
    X(IMPLEMENTATION, "IMPLEMENTATION", 2449, 1, 255)                                              \
    X(STLS, "STLS", 2595, 0, 0)                                                                    \
    X(AUTH_RESP_CODE, "AUTH-RESP-CODE", 3206, 0, 0)                                                \
    X(UTF8, "UTF8", 6856, 0, 1)                                                                    \
    X(LANG, "LANG", 6856, 0, 0)

enum pq_capability_tag {
    PQ_CAPA_OTHER, /* any tag that is not registered */
#define X(name, text, rfc, least, most) PQ_CAPA_##name,
    PQ_CAPABILITY_LIST(X)
#undef X
        PQ_CAPA_COUNT
};

struct pq_capability_row {
    struct pq_slice text;
    uint16_t rfc;
    uint8_t least, most; /* parameters; 255 is no limit */
};
/* The row of a tag; that of PQ_CAPA_OTHER has an empty text and any number of parameters. */
const struct pq_capability_row *pq_capability_row(enum pq_capability_tag tag);

struct pq_capability {
    enum pq_capability_tag tag;
    struct pq_slice name;   /* the tag as sent */
    struct pq_slice params; /* everything behind the tag and its space */
};

/* Reads an (unstuffed) line of the list, without its CRLF. SYNTAX: no tag, an octet that a tag or a
 * parameter may not hold, blanks that are not single, a number of parameters that the tag does not
 * take, or parameters that its RFC does not define (LOGIN-DELAY, EXPIRE, SASL, UTF8). The result
 * points into `line`. */
PQ_NODISCARD enum pq_status pq_capability_parse(struct pq_slice line, struct pq_capability *c);
/* Appends the line with its CRLF. */
PQ_NODISCARD enum pq_status pq_capability_write(const struct pq_capability *c, struct pq_buf *out);
/* Takes the next parameter off the front of `*params`; empty when there is none. */
struct pq_slice pq_capability_param(struct pq_slice *params);

#endif
