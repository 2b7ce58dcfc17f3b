/* SPDX-License-Identifier: Apache-2.0
 * ANONYMOUS, RFC 4505: the client tells, or does not tell, who it is, and nobody believes it. Of
 * the "trace" profile (section 3) only what needs no table of Unicode is checked: no control
 * characters. */
#include "sasl/sasl_internal.h"

/* The first octet of every character of UTF-8, and no other. */
static bool begins_character(uint8_t octet)
{
    return octet < 0x80 || octet >= 0xC0;
}

/* U+0000 to U+001F, U+007F, and U+0080 to U+009F: StringPrep tables C.2.1 and C.2.2. */
static bool is_control(struct pq_slice s, size_t i)
{
    bool ascii = s.at[i] < 0x20 || s.at[i] == 0x7F;
    return ascii || (s.at[i] == 0xC2 && i + 1 < s.len && s.at[i + 1] < 0xA0);
}

/* message = [ email / token ] (section 2): an "@" stands inside of an e-mail address. */
static enum pq_sasl_flaw check_trace(struct pq_slice s)
{
    size_t characters = 0, at = pq_slice_index(s, '@');
    if (!pq_slice_is_utf8(s))
        return PQ_SASL_FLAW_OCTETS;
    for (size_t i = 0; i < s.len; i++) {
        if (is_control(s, i))
            return PQ_SASL_FLAW_OCTETS;
        characters += begins_character(s.at[i]);
    }
    if (characters > PQ_SASL_TRACE_MAX)
        return PQ_SASL_FLAW_LENGTH;
    bool inside = at > 0 && at + 1 < s.len && s.at[s.len - 1] != '@';
    return at == s.len || inside ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_FIELDS;
}

enum pq_sasl_flaw pq_sasl_anonymous_server(struct pq_sasl_server *s, const struct pq_slice *in,
                                           struct pq_buf *out)
{
    (void)out;
    struct pq_sasl_account account;
    enum pq_sasl_flaw flaw = check_trace(*in);
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    if (s->config->anonymous.len == 0)
        return PQ_SASL_FLAW_CREDENTIALS;
    flaw = pq_sasl_name_set(&s->user, s->config->anonymous);
    if (flaw == PQ_SASL_FLAW_NONE)
        flaw = pq_sasl_server_judge(s, pq_sasl_server_lookup(s, &account));
    if (flaw == PQ_SASL_FLAW_NONE)
        s->outcome = PQ_SASL_DONE;
    return flaw;
}

enum pq_sasl_flaw pq_sasl_anonymous_client(struct pq_sasl_client *c,
                                           const struct pq_slice *challenge, struct pq_buf *out)
{
    (void)challenge;
    if (c->turn > 0)
        return PQ_SASL_FLAW_SURPLUS;
    enum pq_sasl_flaw flaw = check_trace(c->config->user);
    c->outcome = PQ_SASL_DONE;
    if (flaw == PQ_SASL_FLAW_NONE && !pq_buf_put(out, c->config->user))
        flaw = PQ_SASL_FLAW_NO_ROOM;
    return flaw;
}
