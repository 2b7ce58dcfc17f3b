/* SPDX-License-Identifier: Apache-2.0
 * SCRAM-SHA-1, RFC 5802. */
#include "sasl/scram_internal.h"

enum pq_sasl_flaw pq_sasl_scram_sha_1_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                             struct pq_buf *out)
{
    return pq_scram_server(s, PQ_HASH_SHA1, *in, out);
}

enum pq_sasl_flaw pq_sasl_scram_sha_1_client(struct pq_sasl_client *c,
                                             const struct pq_slice *challenge, struct pq_buf *out)
{
    return pq_scram_client(c, PQ_HASH_SHA1, challenge, out);
}
