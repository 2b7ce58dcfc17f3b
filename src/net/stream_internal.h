/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of a stream share: single steps, none of which waits. TIMEOUT then means that the
 * kernel has nothing, or takes nothing, now. */
#ifndef PQ_NET_STREAM_INTERNAL_H
#define PQ_NET_STREAM_INTERNAL_H

#include "net/io_internal.h"
#include "net/stream.h"

/* One send of plain octets; drops what was sent from `*rest`. */
enum pq_stream_result pq_stream_raw_send(struct pq_stream *s, struct pq_slice *rest);
/* One receive of plain octets. */
enum pq_stream_result pq_stream_raw_recv(struct pq_stream *s, void *at, size_t cap, size_t *got);
/* Sends the ciphertext that waits. OK: none is left. */
enum pq_stream_result pq_stream_flush(struct pq_stream *s);
/* Receives ciphertext once and feeds it. OK: TLS has something new, the end of the connection
 * included. */
enum pq_stream_result pq_stream_fill(struct pq_stream *s);
/* Both. What cannot be sent is no reason not to receive: a peer that has gone often left an alert
 * behind, which says more. */
enum pq_stream_result pq_stream_exchange(struct pq_stream *s);
/* Waits for input, or for room for output; for both when ciphertext waits too. */
enum pq_stream_result pq_stream_wait_io(struct pq_stream *s, bool input, uint64_t deadline);
/* Notes a failure with the text of `error` (an errno value) and gives the result for it. */
enum pq_stream_result pq_stream_failed(struct pq_stream *s, int error, const char *what);

#endif
