/* SPDX-License-Identifier: Apache-2.0
 *
 * What may be shown of what was said: no password of the store, raw or in base64, no digest and no
 * SASL response, however the client wrote them. What is hidden becomes "****".
 */
#ifndef PQ_MOCK_MASK_H
#define PQ_MOCK_MASK_H

#include "mock/store.h"
#include "popquiz/conn.h"

/* Octets that are looked at; what comes behind them is not shown. */
#define PQ_MASK_MAX 4096u

/* Each appends to `shown`, of which PQ_MASK_MAX + 8 octets must be free. */

/* A command or a SASL response. Nothing behind the keyword is shown of a line that is no command,
 * or too long for one: who knows what it was meant to be. */
void pq_mask_event(const struct pq_event *e, const struct pq_store *store, struct pq_buf *shown);
/* Octets of the server: a secret that is cut by the end of `octets` is not recognised. */
void pq_mask_answer(struct pq_slice octets, const struct pq_store *store, struct pq_buf *shown);

#endif
