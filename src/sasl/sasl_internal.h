/* SPDX-License-Identifier: Apache-2.0
 *
 * What the mechanisms share. A new mechanism is a row of PQ_MECHANISM_LIST and a file that defines
 * its two functions.
 */
#ifndef PQ_SASL_INTERNAL_H
#define PQ_SASL_INTERNAL_H

#include "popquiz/sasl.h"

/* The functions of the rows. The server's takes one message; `*in` is NULL only when the server
 * speaks first and `s->turn` is zero. The client's answers one challenge, which is NULL or empty
 * when `c->turn` is zero and the client speaks first. Each appends the answer to `out`, sets
 * `outcome` when that is not to stay CONTINUE, and returns what was wrong. */
#define X(name, text, client_first, initial, authzid, clear, tls, secret_max, functions)           \
    enum pq_sasl_flaw pq_sasl_##functions##_server(struct pq_sasl_server *s,                       \
                                                   const struct pq_slice *in, struct pq_buf *out); \
    enum pq_sasl_flaw pq_sasl_##functions##_client(                                                \
        struct pq_sasl_client *c, const struct pq_slice *challenge, struct pq_buf *out);
PQ_MECHANISM_LIST(X)
#undef X

/* LENGTH: not 1 to `max` octets. OCTETS: not UTF-8, or with NUL (RFC 4616 section 2). */
PQ_NODISCARD enum pq_sasl_flaw pq_sasl_field_check(struct pq_slice field, size_t max);
/* The same check against PQ_SASL_NAME_MAX, and a copy. */
PQ_NODISCARD enum pq_sasl_flaw pq_sasl_name_set(struct pq_sasl_name *name, struct pq_slice field);
struct pq_slice pq_sasl_name_slice(const struct pq_sasl_name *name);

/* Asks for the account of `s->user`. When it is unknown, returns false and an account with nothing
 * in it, with which the caller goes on as with any other, so that time and steps are the same. */
bool pq_sasl_server_lookup(struct pq_sasl_server *s, struct pq_sasl_account *account);
/* CREDENTIALS unless the secret was `right`; AUTHZID unless the user may act as `s->authzid`. */
PQ_NODISCARD enum pq_sasl_flaw pq_sasl_server_judge(const struct pq_sasl_server *s, bool right);
/* Looks `s->user` up, compares its secret with what was sent, prepared if it is a password, and
 * judges; DONE when all is well. */
PQ_NODISCARD enum pq_sasl_flaw pq_sasl_server_check(struct pq_sasl_server *s,
                                                    struct pq_slice secret);

#endif
