/* SPDX-License-Identifier: Apache-2.0
 * CRAM-MD5, RFC 2195: the user, a space, and HMAC-MD5 of the challenge in 32 lower-case hex digits.
 */
#include "sasl/sasl_internal.h"

#include "base/digest.h"

#define DIGEST_LEN ((size_t)16)
#define DIGEST_TEXT_LEN (2 * DIGEST_LEN)

static bool is_lower_hex(struct pq_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!pq_ascii_is_digit(s.at[i]) && (s.at[i] < 'a' || s.at[i] > 'f'))
            return false;
    return true;
}

/* Splits a response. The space is the one before the digest, for a name may hold spaces too. */
static enum pq_sasl_flaw read_response(struct pq_slice in, struct pq_slice *user, uint8_t *digest)
{
    if (in.len <= DIGEST_TEXT_LEN)
        return PQ_SASL_FLAW_FIELDS;
    size_t space = in.len - DIGEST_TEXT_LEN - 1;
    struct pq_slice text = pq_slice_after(in, space + 1);
    *user = pq_slice_first(in, space);
    struct pq_buf to;
    pq_buf_init(&to, digest, DIGEST_LEN);
    if (in.at[space] != ' ' || !is_lower_hex(text) || pq_hex_decode(text, &to) != PQ_STATUS_OK)
        return PQ_SASL_FLAW_FIELDS;
    return PQ_SASL_FLAW_NONE;
}

static enum pq_sasl_flaw check_digest(struct pq_sasl_server *s, struct pq_slice digest)
{
    struct pq_sasl_account account;
    struct pq_digest want;
    bool known = pq_sasl_server_lookup(s, &account);
    if (pq_hash_hmac(PQ_HASH_MD5, account.secret, s->config->challenge, &want) != PQ_STATUS_OK)
        return PQ_SASL_FLAW_CRYPTO;
    bool same = pq_secret_equal(digest, pq_digest_slice(&want));
    pq_secret_wipe(&want, sizeof(want));
    return pq_sasl_server_judge(s, known && same);
}

enum pq_sasl_flaw pq_sasl_cram_md5_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                          struct pq_buf *out)
{
    if (!in)
        return pq_buf_put(out, s->config->challenge) ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
    struct pq_slice user;
    uint8_t digest[DIGEST_LEN];
    enum pq_sasl_flaw flaw = read_response(*in, &user, digest);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_sasl_name_set(&s->user, user);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = check_digest(s, pq_slice_of(digest, sizeof(digest)));
    if (flaw == PQ_SASL_FLAW_NONE)
        s->outcome = PQ_SASL_DONE;
    return flaw;
}

/* "<" left "@" right ">" in visible ASCII. Free octets in a challenge let its sender learn the
 * secret from collisions of MD5 (CVE-2007-1558, found in APOP). */
static bool is_msg_id(struct pq_slice s)
{
    if (s.len < 2 || s.at[0] != '<' || s.at[s.len - 1] != '>')
        return false;
    struct pq_slice right = pq_slice_of(s.at + 1, s.len - 2);
    if (!pq_slice_is_visible(right) || pq_slice_index(right, '<') < right.len ||
        pq_slice_index(right, '>') < right.len)
        return false;
    struct pq_slice left = pq_slice_cut(&right, '@');
    return left.len > 0 && right.len > 0 && pq_slice_index(right, '@') == right.len;
}

enum pq_sasl_flaw pq_sasl_cram_md5_client(struct pq_sasl_client *c,
                                          const struct pq_slice *challenge, struct pq_buf *out)
{
    if (c->turn > 0)
        return PQ_SASL_FLAW_SURPLUS;
    if (!is_msg_id(*challenge))
        return PQ_SASL_FLAW_FIELDS;
    struct pq_digest digest;
    if (pq_hash_hmac(PQ_HASH_MD5, c->config->secret, *challenge, &digest) != PQ_STATUS_OK)
        return PQ_SASL_FLAW_CRYPTO;
    c->outcome = PQ_SASL_DONE;
    bool fits = pq_buf_put(out, c->config->user) && pq_buf_put_octet(out, ' ') &&
                pq_hex_encode(pq_digest_slice(&digest), out) == PQ_STATUS_OK;
    return fits ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_NO_ROOM;
}
