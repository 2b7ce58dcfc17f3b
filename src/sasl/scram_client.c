/* SPDX-License-Identifier: Apache-2.0
 * The client's side of SCRAM: client-first, client-final, and the check of the server's signature.
 */
#include "sasl/scram_internal.h"

#include <assert.h>
#include <string.h>

/* ---- client-first ---------------------------------------------------------------------------- */

/* RFC 5802 section 6: p, and which binding; y, there is one that the server was not seen to
 * support; n, there is none. */
static struct pq_scram_header header_of(const struct pq_sasl_client *c, bool plus)
{
    const struct pq_sasl_client_config *config = c->config;
    bool has_binding = config->binding.name.len > 0;
    struct pq_scram_header header = {.flag = has_binding ? 'y' : 'n', .authzid = config->authzid};
    if (plus) {
        header.flag = 'p';
        header.binding = config->binding.name;
    }
    return header;
}

static bool binding_is_usable(const struct pq_sasl_binding *b)
{
    return b->name.len > 0 && b->name.len <= PQ_SASL_BINDING_NAME_MAX && b->data.len > 0 &&
           b->data.len <= PQ_SASL_BINDING_MAX;
}

static enum pq_sasl_flaw write_first(struct pq_sasl_client *c, bool plus, struct pq_buf *out)
{
    const struct pq_sasl_client_config *config = c->config;
    const struct pq_scram_header header = header_of(c, plus);
    assert(pq_scram_nonce_is_valid(config->nonce));
    if (plus && !binding_is_usable(&config->binding))
        return PQ_SASL_FLAW_BINDING;
    if (!pq_slice_is_printable(config->secret))
        return PQ_SASL_FLAW_PREPARATION;
    struct pq_buf bare = pq_scram_text_open(&c->text);
    (void)pq_buf_put_text(&bare, "n=");
    (void)pq_scram_name_write(config->user, &bare);
    (void)pq_buf_put_text(&bare, ",r=");
    (void)pq_buf_put(&bare, config->nonce);
    enum pq_sasl_flaw flaw = pq_scram_text_close(&c->text, &bare);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    bool fits = pq_scram_header_write(&header, out) && pq_buf_put(out, pq_buf_slice(&bare));
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}

/* ---- server-first ---------------------------------------------------------------------------- */

struct server_first {
    struct pq_slice nonce; /* the common one */
    uint8_t salt_memory[PQ_SCRAM_SALT_MAX];
    struct pq_buf salt;
    uint32_t iterations;
};

static enum pq_sasl_flaw read_nonce(const struct pq_sasl_client *c, struct pq_slice value)
{
    struct pq_slice own = c->config->nonce;
    if (!pq_scram_nonce_is_valid(value))
        return PQ_SASL_FLAW_OCTETS;
    bool extends = pq_slice_starts(value, own) && value.len > own.len;
    return extends ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_PEER_NONCE;
}

static enum pq_sasl_flaw read_salt(struct pq_slice value, struct pq_buf *salt)
{
    enum pq_status status = pq_base64_decode(value, salt);
    if (status == PQ_STATUS_NO_ROOM)
        return PQ_SASL_FLAW_LENGTH;
    return status == PQ_STATUS_OK ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_BASE64;
}

static enum pq_sasl_flaw read_iterations(const struct pq_sasl_client *c, struct pq_slice value,
                                         uint32_t *iterations)
{
    const struct pq_sasl_client_config *config = c->config;
    uint32_t least = config->iterations_min > 0 ? config->iterations_min : PQ_SCRAM_ITERATIONS_MIN;
    uint32_t most = config->iterations_max > 0 ? config->iterations_max : PQ_SCRAM_ITERATIONS_MAX;
    enum pq_status status = pq_parse_u32(value, iterations);
    if (status == PQ_STATUS_NOT_NUMBER)
        return PQ_SASL_FLAW_NUMBER;
    if (status != PQ_STATUS_OK || *iterations < least || *iterations > most)
        return PQ_SASL_FLAW_ITERATIONS;
    return PQ_SASL_FLAW_NONE;
}

static enum pq_sasl_flaw read_first(const struct pq_sasl_client *c, struct pq_slice in,
                                    struct server_first *m)
{
    struct pq_scram_reader r = pq_scram_reader_of(in);
    struct pq_slice salt, iterations;
    pq_buf_init(&m->salt, m->salt_memory, sizeof(m->salt_memory));
    enum pq_sasl_flaw flaw = pq_scram_reader_take(&r, 'r', &m->nonce);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_reader_take(&r, 's', &salt);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_reader_take(&r, 'i', &iterations);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_reader_end(&r);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = read_nonce(c, m->nonce);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = read_salt(salt, &m->salt);
    return flaw == PQ_SASL_FLAW_NONE ? read_iterations(c, iterations, &m->iterations) : flaw;
}

/* ---- client-final ---------------------------------------------------------------------------- */

/* Adds client-final-message-without-proof to the signed text, and to `out`. */
static enum pq_sasl_flaw write_without_proof(struct pq_sasl_client *c, bool plus,
                                             struct pq_slice nonce, struct pq_buf *out)
{
    size_t start = out->len;
    const struct pq_scram_header header = header_of(c, plus);
    struct pq_slice data = plus ? c->config->binding.data : pq_slice_of(NULL, 0);
    bool fits = pq_buf_put_text(out, "c=") && pq_scram_binding_write(&header, data, out) &&
                pq_buf_put_text(out, ",r=") && pq_buf_put(out, nonce);
    if (!fits)
        return PQ_SASL_FLAW_NO_ROOM;
    return pq_scram_text_add(&c->text, pq_slice_after(pq_buf_slice(out), start));
}

/* Appends the proof, which the client key becomes, and notes what the server has to answer. */
static enum pq_sasl_flaw write_proof(struct pq_sasl_client *c, enum pq_hash hash,
                                     struct pq_scram_keys *keys, struct pq_buf *out)
{
    struct pq_slice text = pq_scram_text_slice(&c->text);
    struct pq_digest signature;
    if (pq_hash_hmac(hash, pq_digest_slice(&keys->server), text, &signature) != PQ_STATUS_OK ||
        pq_scram_proof_flip(hash, pq_digest_slice(&keys->stored), text, &keys->client) !=
            PQ_STATUS_OK)
        return PQ_SASL_FLAW_CRYPTO;
    memcpy(c->signature, signature.at, signature.len);
    bool fits = pq_buf_put_text(out, ",p=") &&
                pq_base64_encode(pq_digest_slice(&keys->client), out) == PQ_STATUS_OK;
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}

static enum pq_sasl_flaw answer_first(struct pq_sasl_client *c, struct pq_scram scram,
                                      struct pq_slice in, struct pq_buf *out)
{
    struct server_first m;
    struct pq_scram_keys keys;
    enum pq_sasl_flaw flaw = read_first(c, in, &m);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_text_add(&c->text, in);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = write_without_proof(c, scram.plus, m.nonce, out);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    flaw = PQ_SASL_FLAW_CRYPTO;
    if (pq_scram_keys_derive(scram.hash, c->config->secret, pq_buf_slice(&m.salt), m.iterations,
                             &keys) == PQ_STATUS_OK)
        flaw = write_proof(c, scram.hash, &keys, out);
    pq_secret_wipe(&keys, sizeof(keys));
    return flaw;
}

/* ---- server-final ---------------------------------------------------------------------------- */

static enum pq_sasl_flaw take_final(struct pq_sasl_client *c, enum pq_hash hash, struct pq_slice in)
{
    struct pq_scram_reader r = pq_scram_reader_of(in);
    struct pq_slice value;
    struct pq_digest signature;
    if (pq_slice_starts(in, PQ_SLICE("e=")))
        return PQ_SASL_FLAW_PEER_ERROR;
    enum pq_sasl_flaw flaw = pq_scram_reader_take(&r, 'v', &value);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_reader_end(&r);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_scram_digest_read(hash, value, &signature);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    c->outcome = PQ_SASL_DONE;
    bool same =
        pq_secret_equal(pq_digest_slice(&signature), pq_slice_of(c->signature, pq_hash_len(hash)));
    return same ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_PEER_SIGNATURE;
}

/* ---- turns ----------------------------------------------------------------------------------- */

enum pq_sasl_flaw pq_scram_client(struct pq_sasl_client *c, struct pq_scram scram,
                                  const struct pq_slice *challenge, struct pq_buf *out)
{
    if (c->turn == 0)
        return write_first(c, scram.plus, out);
    if (c->turn > 2)
        return PQ_SASL_FLAW_SURPLUS;
    enum pq_sasl_flaw flaw = pq_sasl_field_check(*challenge, PQ_SASL_MESSAGE_MAX);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    return c->turn == 1 ? answer_first(c, scram, *challenge, out)
                        : take_final(c, scram.hash, *challenge);
}
