/* SPDX-License-Identifier: Apache-2.0
 *
 * Scripts for tests of the referee: parts with "|" between them, in the order of what happened.
 * "C:text" and "S:text" are lines; "c:" and "s:" octets, where ^J, ^M, ^A, ^I and ^@ are controls;
 * in both "%70" at the end is so many letters, with what stands before them on the line not
 * counted. TLS, SILENCE, HALF (the client sends no more) and END are events; END also begins the
 * next connection. "1" and "0" change to that connection.
 */
#ifndef PQ_REFEREE_TESTING_H
#define PQ_REFEREE_TESTING_H

#include <stdlib.h>

#include "base/testing.h"

#include "popquiz/referee.h"

#define SCRIPT_PART_MAX 1024u

struct seen {
    char text[1u << 14]; /* "REF-X@offset why" of each finding, a line each */
    size_t count;
    enum pq_verb verb; /* of the last one */
};

static inline void see(void *ctx, const struct pq_finding *f)
{
    struct seen *s = ctx;
    size_t len = strlen(s->text);
    (void)snprintf(s->text + len, sizeof(s->text) - len, "%s@%llu %s%s\n", f->rule->id,
                   (unsigned long long)f->offset, f->follows ? "follows: " : "", f->why);
    s->verb = f->verb;
    s->count++;
}

static inline bool saw(const struct seen *s, const char *rule)
{
    char id[64];
    (void)snprintf(id, sizeof(id), "%s@", rule);
    return strstr(s->text, id) != NULL;
}

/* Octets of a part behind its colon. */
static inline size_t script_octets(const char *part, size_t len, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 2; i < len; i++) {
        if (part[i] == '^') {
            out[n++] = (uint8_t)(part[++i] - '@');
        } else if (part[i] == '%') {
            for (int count = atoi(part + i + 1); count > 0; count--)
                out[n++] = 'x';
            break;
        } else {
            out[n++] = (uint8_t)part[i];
        }
    }
    if (part[0] == 'C' || part[0] == 'S') {
        out[n++] = '\r';
        out[n++] = '\n';
    }
    return n;
}

/* Feeds in pieces of `piece` octets; zero: whole. */
static inline void script_feed(struct pq_referee *r, unsigned conn, enum pq_side from,
                               struct pq_slice octets, size_t piece)
{
    while (octets.len > 0) {
        struct pq_slice now = pq_slice_first(octets, piece ? piece : octets.len);
        pq_referee_feed(r, conn, from, guard_slice(now), 1);
        octets = pq_slice_after(octets, now.len);
    }
}

static inline void script_part(struct pq_referee *r, unsigned *conn, const char *part, size_t len,
                               size_t piece)
{
    uint8_t octets[SCRIPT_PART_MAX];
    if (strncmp(part, "TLS", len) == 0) {
        pq_referee_on_tls(r, *conn, true);
    } else if (strncmp(part, "SILENCE", len) == 0) {
        pq_referee_on_silence(r, *conn, 1);
    } else if (strncmp(part, "END", len) == 0) {
        pq_referee_end(r, *conn, PQ_ENDED_BY_CLIENT, 1);
        pq_referee_open(r, *conn, PQ_TLS_NONE);
    } else if (strncmp(part, "HALF", len) == 0) {
        pq_referee_on_half_close(r, *conn);
    } else if (strncmp(part, "CHANGED", len) == 0) {
        pq_referee_on_mail_changed(r);
    } else if (len == 1) {
        *conn = (unsigned)(part[0] - '0');
    } else {
        bool client = part[0] == 'C' || part[0] == 'c';
        assert_true(part[1] == ':' && len < SCRIPT_PART_MAX / 2);
        script_feed(r, *conn, client ? PQ_FROM_CLIENT : PQ_FROM_SERVER,
                    pq_slice_of(octets, script_octets(part, len, octets)), piece);
    }
}

static inline struct seen watch(const char *script, size_t piece)
{
    struct seen seen = {.count = 0};
    struct pq_referee r;
    unsigned conn = 0;
    pq_referee_init(&r, pq_alloc_default(), see, &seen);
    pq_referee_open(&r, 0, PQ_TLS_NONE);
    pq_referee_open(&r, 1, PQ_TLS_NONE);
    while (*script) {
        size_t len = strcspn(script, "|");
        if (len > 0)
            script_part(&r, &conn, script, len, piece);
        script += len + (script[len] == '|');
    }
    assert_int_equal(seen.count, r.findings);
    assert_false(r.blind);
    pq_referee_free(&r);
    assert_int_equal(r.used, 0);
    return seen;
}

#endif
