/* SPDX-License-Identifier: Apache-2.0
 * SCRAM-SHA-256, RFC 7677. */
#include "sasl/scram_internal.h"

enum pq_sasl_flaw pq_sasl_scram_sha_256_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                               struct pq_buf *out)
{
    return pq_scram_server(s, PQ_HASH_SHA256, *in, out);
}

enum pq_sasl_flaw pq_sasl_scram_sha_256_client(struct pq_sasl_client *c,
                                               const struct pq_slice *challenge, struct pq_buf *out)
{
    return pq_scram_client(c, PQ_HASH_SHA256, challenge, out);
}
