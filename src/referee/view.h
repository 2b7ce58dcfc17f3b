/* SPDX-License-Identifier: Apache-2.0
 *
 * The maildrop as one session showed it: what is known of each message, which are marked, and what
 * the listing or the message that is being read has told so far.
 */
#ifndef PQ_REFEREE_VIEW_H
#define PQ_REFEREE_VIEW_H

#include "popquiz/command.h"
#include "popquiz/reply.h"

/* Messages whose unique-ids are compared with each other. */
#define REF_TWICE_MAX 500u

struct referee_conn;
struct pq_referee;

struct ref_message {
    uint64_t octets;    /* as LIST said */
    uint64_t len;       /* of its content, as RETR gave it */
    uint64_t hash;      /* of its content */
    uint64_t body_hash; /* of what is behind the header */
    uint8_t *kept;      /* the content, or what TOP gave of it; may be NULL */
    uint32_t kept_len;
    uint32_t lines; /* of the body */
    uint32_t seen;  /* the serial number of the last listing that had it */
    bool has_octets, has_content;
    bool deleted;
    bool retrieved;  /* RETR was answered */
    bool reset;      /* was marked, and RSET took it away */
    uint8_t uid_len; /* zero: not known */
    uint8_t uid[PQ_UID_MAX];
};

/* Content that is being read. */
struct ref_body {
    uint8_t *at; /* its first octets, as many as there is memory for */
    size_t room;
    uint64_t len, header_len; /* the latter with the blank line; zero: no end of it yet */
    uint64_t hash, body_hash;
    uint64_t lines; /* of the body */
    uint8_t last[3];
    uint64_t first_lf;  /* octets before it */
    bool first_lf_bare; /* the first line ends in LF alone */
    bool seen_lf;
    bool cut; /* `at` has not all of it */
};

struct ref_view {
    bool known;  /* the session has a maildrop: a login succeeded */
    bool unsure; /* marks, or messages, may have changed in a way that was not seen */
    bool count_known;
    bool was_reset;
    bool total_known; /* `total` is that of all messages, marked ones included */
    bool uids_listed; /* every message has its unique-id */
    bool compared;    /* with the sessions before it */
    uint64_t total;
    size_t count;  /* messages, marked ones included; of those that were seen when not known */
    size_t marked; /* of them */
    struct ref_message *messages; /* message n is messages[n - 1] */
    size_t room;
    size_t kept; /* octets of content */
    uint32_t serial;
    uint64_t listed, last_listed; /* of the listing that is being read */
    bool repeated;                /* it has a number twice */
    struct ref_body body;
};

void ref_view_free(struct referee_conn *c);
/* A login succeeded: nothing is known, nothing is marked. */
void ref_view_begin(struct referee_conn *c);
/* Whether what the server says of messages can be judged. */
bool ref_view_is_sure(const struct referee_conn *c);
/* What is known of message `n`; NULL: nothing. */
struct ref_message *ref_view_find(const struct referee_conn *c, uint64_t n);
/* Messages that are not marked. */
size_t ref_view_live(const struct ref_view *v);
/* The octets of all messages that are not marked; false when some size is not known. */
bool ref_view_octets(const struct referee_conn *c, uint64_t *octets);

/* What the moments teach. */
void ref_view_status(struct referee_conn *c, const struct pq_command *command,
                     struct pq_slice text);
void ref_view_list_begin(struct referee_conn *c);
void ref_view_line(struct referee_conn *c, enum pq_verb verb, struct pq_slice line);
void ref_view_list_end(struct referee_conn *c, enum pq_verb verb);
void ref_view_body_begin(struct referee_conn *c);
void ref_view_body_piece(struct referee_conn *c, struct pq_slice piece);
void ref_view_body_end(struct referee_conn *c, const struct pq_command *command);

#endif
