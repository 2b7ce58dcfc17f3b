/* SPDX-License-Identifier: Apache-2.0
 * SCRAM-SHA-1 and SCRAM-SHA-1-PLUS, RFC 5802. */
#include "sasl/scram_internal.h"

static const struct pq_scram usual = {.hash = PQ_HASH_SHA1};
static const struct pq_scram plus = {.hash = PQ_HASH_SHA1, .plus = true};

enum pq_sasl_flaw pq_sasl_scram_sha_1_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                             struct pq_buf *out)
{
    return pq_scram_server(s, usual, *in, out);
}

enum pq_sasl_flaw pq_sasl_scram_sha_1_client(struct pq_sasl_client *c,
                                             const struct pq_slice *challenge, struct pq_buf *out)
{
    return pq_scram_client(c, usual, challenge, out);
}

enum pq_sasl_flaw pq_sasl_scram_sha_1_plus_server(struct pq_sasl_server *s,
                                                  const struct pq_slice *in, struct pq_buf *out)
{
    return pq_scram_server(s, plus, *in, out);
}

enum pq_sasl_flaw pq_sasl_scram_sha_1_plus_client(struct pq_sasl_client *c,
                                                  const struct pq_slice *challenge,
                                                  struct pq_buf *out)
{
    return pq_scram_client(c, plus, challenge, out);
}
