/* SPDX-License-Identifier: Apache-2.0
 * The text of SCRAM messages: attributes, names, headers. */
#include "sasl/scram_internal.h"

/* ---- attributes ------------------------------------------------------------------------------ */

struct pq_scram_reader pq_scram_reader_of(struct pq_slice text)
{
    return (struct pq_scram_reader){.rest = text, .more = true};
}

bool pq_scram_reader_next(struct pq_scram_reader *r, struct pq_slice *part)
{
    if (!r->more)
        return false;
    size_t before = r->rest.len;
    *part = pq_slice_cut(&r->rest, ',');
    r->more = part->len < before;
    return true;
}

/* Takes a part that is an attribute, whatever its name. */
static enum pq_sasl_flaw take_attribute(struct pq_scram_reader *r, uint8_t *name,
                                        struct pq_slice *value)
{
    struct pq_slice part;
    if (!pq_scram_reader_next(r, &part) || part.len < 2 || !pq_ascii_is_alpha(part.at[0]) ||
        part.at[1] != '=')
        return PQ_SASL_FLAW_FIELDS;
    *name = part.at[0];
    *value = pq_slice_after(part, 2);
    if (*name == 'm')
        return PQ_SASL_FLAW_EXTENSION;
    return value->len > 0 ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_LENGTH;
}

enum pq_sasl_flaw pq_scram_reader_take(struct pq_scram_reader *r, uint8_t name,
                                       struct pq_slice *value)
{
    uint8_t got = 0;
    enum pq_sasl_flaw flaw = take_attribute(r, &got, value);
    return flaw == PQ_SASL_FLAW_NONE && got != name ? PQ_SASL_FLAW_FIELDS : flaw;
}

enum pq_sasl_flaw pq_scram_reader_end(struct pq_scram_reader *r)
{
    const struct pq_slice defined = PQ_SLICE("anrcsipve"); /* section 5.1, without "m" */
    while (r->more) {
        uint8_t name = 0;
        struct pq_slice value;
        enum pq_sasl_flaw flaw = take_attribute(r, &name, &value);
        if (flaw != PQ_SASL_FLAW_NONE)
            return flaw;
        if (pq_slice_index(defined, name) < defined.len)
            return PQ_SASL_FLAW_FIELDS;
    }
    return PQ_SASL_FLAW_NONE;
}

/* ---- nonces and names ------------------------------------------------------------------------ */

bool pq_scram_nonce_is_valid(struct pq_slice nonce)
{
    return nonce.len > 0 && pq_slice_is_visible(nonce) && pq_slice_index(nonce, ',') == nonce.len;
}

/* Takes one octet of a name off the front, or one that is written with "=". */
static bool take_octet(struct pq_slice *rest, uint8_t *octet)
{
    static const struct pq_slice comma = PQ_SLICE_INIT("=2C"), equals = PQ_SLICE_INIT("=3D");
    *octet = rest->at[0];
    if (*octet != '=') {
        *rest = pq_slice_after(*rest, 1);
        return true;
    }
    bool is_comma = pq_slice_starts(*rest, comma);
    if (!is_comma && !pq_slice_starts(*rest, equals))
        return false;
    *octet = is_comma ? ',' : '=';
    *rest = pq_slice_after(*rest, comma.len);
    return true;
}

enum pq_sasl_flaw pq_scram_name_read(struct pq_slice text, struct pq_sasl_name *name)
{
    uint8_t memory[PQ_SASL_NAME_MAX];
    struct pq_buf plain;
    pq_buf_init(&plain, memory, sizeof(memory));
    while (text.len > 0) {
        uint8_t octet = 0;
        if (!take_octet(&text, &octet))
            return PQ_SASL_FLAW_ESCAPE;
        if (!pq_buf_put_octet(&plain, octet))
            return PQ_SASL_FLAW_LENGTH;
    }
    return pq_sasl_name_set(name, pq_buf_slice(&plain));
}

bool pq_scram_name_write(struct pq_slice name, struct pq_buf *out)
{
    bool fits = true;
    for (size_t i = 0; i < name.len && fits; i++) {
        uint8_t octet = name.at[i];
        if (octet == ',' || octet == '=')
            fits = pq_buf_put_text(out, octet == ',' ? "=2C" : "=3D");
        else
            fits = pq_buf_put_octet(out, octet);
    }
    return fits;
}

/* ---- header ---------------------------------------------------------------------------------- */

static bool is_binding_name(struct pq_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        if (!pq_ascii_is_alpha(c) && !pq_ascii_is_digit(c) && c != '.' && c != '-')
            return false;
    }
    return s.len > 0;
}

/* What the client says of channel binding. */
static enum pq_sasl_flaw read_flag(struct pq_slice text, struct pq_scram_header *header)
{
    bool bound = pq_slice_starts(text, PQ_SLICE("p="));
    header->flag = text.len > 0 ? text.at[0] : 0;
    header->binding = pq_slice_after(text, bound ? 2 : text.len);
    bool known = bound ? is_binding_name(header->binding)
                       : pq_slice_equal(text, PQ_SLICE("n")) || pq_slice_equal(text, PQ_SLICE("y"));
    return known ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_FIELDS;
}

enum pq_sasl_flaw pq_scram_header_read(struct pq_scram_reader *r, struct pq_scram_header *header,
                                       struct pq_sasl_name *authzid)
{
    struct pq_slice part;
    enum pq_sasl_flaw flaw =
        pq_scram_reader_next(r, &part) ? read_flag(part, header) : PQ_SASL_FLAW_FIELDS;
    if (flaw != PQ_SASL_FLAW_NONE)
        return flaw;
    if (pq_slice_starts(r->rest, PQ_SLICE(",")))
        return pq_scram_reader_next(r, &part) ? PQ_SASL_FLAW_NONE : PQ_SASL_FLAW_FIELDS;
    flaw = pq_scram_reader_take(r, 'a', &part);
    return flaw == PQ_SASL_FLAW_NONE ? pq_scram_name_read(part, authzid) : flaw;
}

bool pq_scram_header_write(const struct pq_scram_header *header, struct pq_buf *out)
{
    bool fits = pq_buf_put_octet(out, header->flag);
    if (fits && header->binding.len > 0)
        fits = pq_buf_put_octet(out, '=') && pq_buf_put(out, header->binding);
    fits = fits && pq_buf_put_octet(out, ',');
    if (fits && header->authzid.len > 0)
        fits = pq_buf_put_text(out, "a=") && pq_scram_name_write(header->authzid, out);
    return fits && pq_buf_put_octet(out, ',');
}

bool pq_scram_binding_write(const struct pq_scram_header *header, struct pq_slice data,
                            struct pq_buf *out)
{
    uint8_t memory[PQ_SCRAM_HEADER_MAX + PQ_SASL_BINDING_MAX];
    struct pq_buf b;
    pq_buf_init(&b, memory, sizeof(memory));
    return pq_scram_header_write(header, &b) && pq_buf_put(&b, data) &&
           pq_base64_encode(pq_buf_slice(&b), out) == PQ_STATUS_OK;
}

/* ---- signed text ----------------------------------------------------------------------------- */

struct pq_buf pq_scram_text_open(struct pq_scram_text *text)
{
    struct pq_buf b;
    pq_buf_init(&b, text->at, sizeof(text->at));
    b.len = text->len;
    return b;
}

enum pq_sasl_flaw pq_scram_text_close(struct pq_scram_text *text, const struct pq_buf *b)
{
    if (b->overflowed)
        return PQ_SASL_FLAW_LENGTH;
    text->len = b->len;
    return PQ_SASL_FLAW_NONE;
}

enum pq_sasl_flaw pq_scram_text_add(struct pq_scram_text *text, struct pq_slice message)
{
    struct pq_buf b = pq_scram_text_open(text);
    (void)pq_buf_put_octet(&b, ',');
    (void)pq_buf_put(&b, message);
    return pq_scram_text_close(text, &b);
}

struct pq_slice pq_scram_text_slice(const struct pq_scram_text *text)
{
    return pq_slice_of(text->at, text->len);
}
