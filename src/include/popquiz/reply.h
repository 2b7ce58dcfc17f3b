/* SPDX-License-Identifier: Apache-2.0
 *
 * Replies: text <-> value, both directions. RFC 1939 sections 3 and 5, RFC 2449 sections 3 and 8.
 */
#ifndef POPQUIZ_REPLY_H
#define POPQUIZ_REPLY_H

#include "popquiz/base.h"

enum pq_indicator {
    PQ_REPLY_OK,
    PQ_REPLY_ERR,
    PQ_REPLY_CONTINUE, /* "+ ": a challenge of a SASL exchange (RFC 5034 section 4) */
};

/* What a status line has that it should not have; a mask. The line is still understood. */
enum pq_reply_flaw {
    PQ_REPLY_STATUS_CASE = 1, /* the indicator is not in upper case */
    PQ_REPLY_NO_SPACE = 2,    /* "+" alone */
    PQ_REPLY_CODE_OPEN = 4,   /* text begins with "[" that no valid response code follows */
    PQ_REPLY_OCTETS = 8,      /* a control octet, or bare CR or LF, in the text */
    PQ_REPLY_8BIT = 16,       /* an octet above 0x7F in the text */
};

struct pq_reply {
    enum pq_indicator indicator;
    struct pq_slice code; /* inside the brackets; empty when there is none */
    struct pq_slice text; /* behind the indicator and its space, the code included */
    unsigned flaws;       /* enum pq_reply_flaw */
};

/* Reads a status line without its CRLF. A flaw that `leniency` (enum pq_leniency) does not cover is
 * still understood and marked; SYNTAX when there is no indicator in any case, or when something
 * other than a space follows it. The result points into `line`. */
PQ_NODISCARD enum pq_status pq_reply_parse(struct pq_slice line, struct pq_reply *r);
/* Appends a status line with its CRLF: indicator, "[code]" when `code` is not empty, text. Cut to
 * PQ_REPLY_LINE_MAX octets. NO_ROOM: nothing was appended. */
PQ_NODISCARD enum pq_status pq_reply_write(enum pq_indicator indicator, struct pq_slice code,
                                           struct pq_slice text, struct pq_buf *out);

/* One or more levels of %x21-2E / %x30-5C / %x5E-7E, with "/" between (RFC 2449 section 3). */
bool pq_response_code_is_valid(struct pq_slice code);

/* ---- what follows the status of a positive reply --------------------------------------------- */

/* "count octets" of STAT, or "number octets" of LIST. `extra` is what follows, its space included.
 * SYNTAX: anything but two canonical numbers with one space between. */
struct pq_listing {
    uint64_t first, octets;
    struct pq_slice extra;
};
PQ_NODISCARD enum pq_status pq_listing_parse(struct pq_slice text, struct pq_listing *l);

/* 1 to 70 octets of 0x21-0x7E (RFC 1939 section 7, UIDL). */
#define PQ_UID_MAX 70u
bool pq_uid_is_valid(struct pq_slice uid);

/* "number unique-id" of UIDL. SYNTAX: anything else, a bad unique-id included. */
struct pq_uid_listing {
    uint64_t number;
    struct pq_slice uid;
};
PQ_NODISCARD enum pq_status pq_uid_listing_parse(struct pq_slice text, struct pq_uid_listing *l);

/* The timestamp of a greeting, "<" and ">" included: the only "<...>" of the text, and a msg-id of
 * dot-atoms (RFC 1939 section 7, RFC 5322 section 3.6.4). False when there is none. */
bool pq_greeting_timestamp(struct pq_slice text, struct pq_slice *timestamp);

#endif
