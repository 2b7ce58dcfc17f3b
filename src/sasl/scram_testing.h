/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of SCRAM: both ends must say just what is written down, message by message.
 */
#ifndef PQ_SASL_SCRAM_TESTING_H
#define PQ_SASL_SCRAM_TESTING_H

#include "sasl/sasl_testing.h"

/* The nonce of both sides in the example of RFC 7677 section 3. */
#define NONCE_7677 "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

/* User "user", password "pencil", 4096 iterations. */
struct vector {
    enum pq_mechanism mechanism;
    const char *client_nonce, *server_nonce, *salt;
    const char *authzid;                   /* NULL: none */
    const struct pq_sasl_binding *binding; /* NULL: none */
    const char *messages[5];               /* from the client, from the server, and so on */
};

static inline void compare_message(struct world *w, unsigned message, struct pq_buf *b)
{
    const struct vector *v = w->bend_ctx;
    assert_true(message <= COUNT(v->messages));
    if (!pq_slice_equal(pq_buf_slice(b), pq_slice_text(v->messages[message - 1])))
        fail_msg("message %u: %.*s", message, (int)b->len, (const char *)b->at);
}

static inline void vector_play(const struct vector *vector)
{
    struct vector v = *vector;
    struct world w;
    uint8_t salt[16];
    struct pq_buf b;
    world_init(&w, "user", "pencil");
    pq_buf_init(&b, salt, sizeof(salt));
    assert_int_equal(pq_base64_decode(pq_slice_text(v.salt), &b), PQ_STATUS_OK);
    w.name = w.client_config.user;
    w.secret = w.client_config.secret;
    w.salt_of_name = pq_buf_slice(&b);
    w.client_config.nonce = pq_slice_text(v.client_nonce);
    w.client_config.iterations_min = 0;
    if (v.authzid)
        w.client_config.authzid = pq_slice_text(v.authzid);
    if (v.binding)
        w.client_config.binding = *v.binding;
    w.server_config.nonce = pq_slice_text(v.server_nonce);
    w.server_config.iterations = 0;
    w.bend = compare_message;
    w.bend_ctx = &v;
    world_play(&w, v.mechanism, true);
    assert_int_equal(w.messages, COUNT(v.messages));
    assert_int_equal(w.server.outcome, PQ_SASL_DONE);
    assert_int_equal(w.client.outcome, PQ_SASL_DONE);
}

#endif
