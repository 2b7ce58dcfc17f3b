/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: in whichever two writes ciphertext arrives, TLS gives the plaintext that was written;
 * when one octet of it was changed, TLS gives a part of it from the front and fails; it never gives
 * anything else. The input is the plaintext; the cut is where ciphertext is cut, or changed.
 */
#include "harness/tls_world.h"

#include <string.h>

/* The options. */
#define OPTION_CHANGE 1u /* changes an octet, by the bits above */
#define OPTION_FROM_SERVER 2u
#define OPTION_TLS_1_2 4u
#define OPTION_CLOSE 8u /* close_notify follows */
#define OPTION_BITS 240u

/* What one input may hold; more of a longer one is left alone. */
#define PLAIN_MAX 4096u
#define CIPHER_MAX (PLAIN_MAX + 1024u)

/* Moves what `from` wants to send; false when there is nothing. */
static bool move(struct pq_tls *from, struct pq_tls *to)
{
    struct pq_slice out = pq_tls_send_buf(from);
    size_t fed = pq_tls_feed(to, out);
    FUZZ_ASSERT(fed == out.len);
    pq_tls_send_ack(from, fed);
    return fed > 0;
}

static void shake_hands(struct pq_tls *client, struct pq_tls *server)
{
    bool moved = true;
    while (moved) {
        bool failed = pq_tls_handshake(client) == PQ_NEXT_ERROR;
        moved = move(client, server);
        failed |= pq_tls_handshake(server) == PQ_NEXT_ERROR;
        moved |= move(server, client);
        FUZZ_ASSERT(!failed);
    }
    FUZZ_ASSERT(pq_tls_is_writable(client) && pq_tls_is_writable(server));
}

/* What reading gave so far, compared as it comes. */
struct reading {
    struct pq_slice want; /* what is left of it */
    bool failed;
};

static void read_all(struct pq_tls *t, struct reading *r)
{
    uint8_t memory[512];
    size_t got = 0;
    enum pq_next next;
    while ((next = pq_tls_read(t, memory, sizeof(memory), &got)) == PQ_NEXT_EVENT) {
        FUZZ_ASSERT(got > 0 && pq_slice_starts(r->want, pq_slice_of(memory, got)));
        r->want = pq_slice_after(r->want, got);
    }
    r->failed = next == PQ_NEXT_ERROR && pq_tls_end(t) != PQ_TLS_END_CLOSED;
}

/* Writes plaintext and takes the ciphertext of it. */
static struct pq_slice encrypt(struct pq_tls *t, struct pq_slice plain, bool close, uint8_t *cipher)
{
    FUZZ_ASSERT(pq_tls_write(t, plain) == plain.len);
    if (close)
        pq_tls_close(t);
    struct pq_slice out = pq_tls_send_buf(t);
    FUZZ_ASSERT(out.len <= CIPHER_MAX);
    if (out.len > 0)
        memcpy(cipher, out.at, out.len);
    pq_tls_send_ack(t, out.len);
    return pq_slice_of(cipher, out.len);
}

static void deliver(struct pq_tls *to, struct pq_slice cipher, size_t cut, struct reading *r)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pq_slice part = fuzz_write(cipher, cut, i);
        size_t fed = pq_tls_feed(to, part);
        FUZZ_ASSERT(fed == part.len || r->failed || pq_tls_end(to) != PQ_TLS_END_NONE);
        read_all(to, r);
    }
}

static void check_tls_record(struct pq_slice input, size_t cut)
{
    uint8_t cipher_memory[CIPHER_MAX];
    unsigned options = fuzz_options(input);
    struct pq_tls *server = tls_world_new(TLS_WORLD_SERVER);
    struct pq_tls *client =
        tls_world_new(options & OPTION_TLS_1_2 ? TLS_WORLD_CLIENT_1_2 : TLS_WORLD_CLIENT_1_3);
    shake_hands(client, server);
    bool from_server = (options & OPTION_FROM_SERVER) != 0;
    struct reading r = {.want = pq_slice_first(input, PLAIN_MAX)};
    bool close = (options & OPTION_CLOSE) != 0;
    struct pq_slice cipher = encrypt(from_server ? server : client, r.want, close, cipher_memory);
    bool change = (options & OPTION_CHANGE) && cut < cipher.len;
    if (change)
        cipher_memory[cut] ^= (uint8_t)((options & OPTION_BITS) | 1);
    struct pq_tls *reader = from_server ? client : server;
    deliver(reader, cipher, cut, &r);
    pq_tls_eof(reader);
    read_all(reader, &r);
    FUZZ_ASSERT(change ? r.want.len > 0 || close || input.len == 0 : r.want.len == 0);
    FUZZ_ASSERT(r.failed || (!change && close));
    pq_tls_free(client);
    pq_tls_free(server);
}

const struct fuzz_target fuzz_target = {.check = check_tls_record, .has_cut = true};
