/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/escape.h"

#define IN_PAYLOAD (1u << PQ_ESCAPE_PAYLOAD | 1u << PQ_ESCAPE_DATA)
#define IN_STRING (1u << PQ_ESCAPE_STRING)

/* The short escapes: what follows the backslash, the octet, where it may stand, and whether the
 * octet is always written so (a blank and a brace only where they must be). */
static const struct short_escape {
    uint8_t letter, octet;
    bool always;
    unsigned where;
} short_escapes[] = {
    {'r', '\r', true, IN_PAYLOAD | IN_STRING},
    {'n', '\n', true, IN_PAYLOAD | IN_STRING},
    {'t', '\t', true, IN_PAYLOAD | IN_STRING},
    {'0', '\0', true, IN_PAYLOAD | IN_STRING},
    {'\\', '\\', true, IN_PAYLOAD | IN_STRING},
    {'{', '{', true, IN_PAYLOAD},
    {'"', '"', true, IN_STRING},
    {'s', ' ', false, IN_PAYLOAD | IN_STRING},
};

#define SHORT_ESCAPES (sizeof(short_escapes) / sizeof(short_escapes[0]))

bool pq_escape_read(struct pq_slice *in, enum pq_escape where, uint8_t *octet)
{
    if (in->at[0] != '\\') {
        if (!pq_ascii_is_printable(in->at[0]))
            return false;
        *octet = in->at[0];
        *in = pq_slice_after(*in, 1);
        return true;
    }
    if (in->len < 2)
        return false;
    for (size_t i = 0; i < SHORT_ESCAPES; i++) {
        const struct short_escape *e = &short_escapes[i];
        if (e->letter == in->at[1] && (e->where & 1u << where)) {
            *octet = e->octet;
            *in = pq_slice_after(*in, 2);
            return true;
        }
    }
    struct pq_buf b;
    pq_buf_init(&b, octet, 1);
    if (in->len < 4 || in->at[1] != 'x' ||
        pq_hex_decode(pq_slice_of(in->at + 2, 2), &b) != PQ_STATUS_OK)
        return false;
    *in = pq_slice_after(*in, 4);
    return true;
}

/* A blank that would be lost at the end of a line, or that could be taken for the one before "#".
 */
static bool is_doubtful_blank(struct pq_slice s, size_t i, enum pq_escape where, bool last)
{
    if (s.at[i] != ' ' || where == PQ_ESCAPE_STRING)
        return false;
    if (i + 1 == s.len)
        return last;
    return where == PQ_ESCAPE_PAYLOAD && s.at[i + 1] == '#' && (i == 0 || s.at[i - 1] == ' ');
}

static enum pq_status write_hex(uint8_t octet, struct pq_bytes *out)
{
    static const char digits[] = "0123456789ABCDEF";
    const char text[4] = {'\\', 'x', digits[octet >> 4], digits[octet & 15]};
    return pq_bytes_put(out, pq_slice_of(text, sizeof(text)));
}

static enum pq_status write_octet(uint8_t octet, enum pq_escape where, struct pq_bytes *out)
{
    for (size_t i = 0; i < SHORT_ESCAPES; i++) {
        const struct short_escape *e = &short_escapes[i];
        if (e->octet == octet && e->always && (e->where & 1u << where)) {
            const uint8_t text[2] = {'\\', e->letter};
            return pq_bytes_put(out, pq_slice_of(text, sizeof(text)));
        }
    }
    if (!pq_ascii_is_printable(octet))
        return write_hex(octet, out);
    return pq_bytes_put(out, pq_slice_of(&octet, 1));
}

/* The octets at the front that stand for themselves everywhere. */
static size_t plain_len(struct pq_slice s)
{
    size_t i = 0;
    while (i < s.len && pq_ascii_is_visible(s.at[i]) && s.at[i] != '\\' && s.at[i] != '{' &&
           s.at[i] != '"')
        i++;
    return i;
}

enum pq_status pq_escape_write(struct pq_slice octets, enum pq_escape where, bool last,
                               struct pq_bytes *out)
{
    enum pq_status status = PQ_STATUS_OK;
    for (size_t i = 0; i < octets.len && status == PQ_STATUS_OK;) {
        size_t plain = plain_len(pq_slice_after(octets, i));
        if (plain > 0)
            status = pq_bytes_put(out, pq_slice_of(octets.at + i, plain));
        else if (is_doubtful_blank(octets, i, where, last))
            status = pq_bytes_put(out, PQ_SLICE("\\s"));
        else
            status = write_octet(octets.at[i], where, out);
        i += plain > 0 ? plain : 1;
    }
    return status;
}

enum pq_status pq_escape_write_string(struct pq_slice octets, bool text, struct pq_bytes *out)
{
    bool raw = text && pq_slice_is_utf8(octets);
    enum pq_status status = pq_bytes_put_text(out, "\"");
    for (size_t i = 0; i < octets.len && status == PQ_STATUS_OK; i++)
        status = raw && octets.at[i] > 0x7F ? pq_bytes_put(out, pq_slice_of(octets.at + i, 1))
                                            : write_octet(octets.at[i], PQ_ESCAPE_STRING, out);
    return status == PQ_STATUS_OK ? pq_bytes_put_text(out, "\"") : status;
}

/* The index of the closing quotation mark, or `s.len`. */
static size_t string_end(struct pq_slice s)
{
    size_t i = 1;
    while (i < s.len && s.at[i] != '"')
        i += s.at[i] == '\\' ? 2 : 1;
    return i < s.len ? i : s.len;
}

enum pq_status pq_escape_read_string(struct pq_arena *arena, struct pq_slice *in, bool text,
                                     struct pq_slice *out, size_t *bad)
{
    size_t end = string_end(*in);
    *bad = end;
    if (end == in->len)
        return PQ_STATUS_SYNTAX;
    uint8_t *to = pq_arena_get(arena, end);
    if (!to)
        return PQ_STATUS_NO_MEMORY;
    struct pq_slice rest = pq_slice_after(pq_slice_first(*in, end), 1);
    size_t len = 0;
    while (rest.len > 0) {
        if (text && rest.at[0] > 0x7F) {
            to[len++] = rest.at[0];
            rest = pq_slice_after(rest, 1);
        } else if (!pq_escape_read(&rest, PQ_ESCAPE_STRING, &to[len++])) {
            *bad = end - rest.len;
            return PQ_STATUS_SYNTAX;
        }
    }
    *out = pq_slice_of(to, len);
    *in = pq_slice_after(*in, end + 1);
    return PQ_STATUS_OK;
}

static bool is_variable_octet(uint8_t c)
{
    return pq_ascii_is_alpha(c) || pq_ascii_is_digit(c) || c == '_';
}

size_t pq_variable_len(struct pq_slice s)
{
    size_t i = 0;
    if (s.len == 0 || pq_ascii_is_digit(s.at[0]))
        return 0;
    while (i < s.len && is_variable_octet(s.at[i]))
        i++;
    return i;
}

size_t pq_label_len(struct pq_slice s)
{
    size_t i = 0;
    while (i < s.len && (is_variable_octet(s.at[i]) || s.at[i] == '-' || s.at[i] == '.'))
        i++;
    return i;
}
