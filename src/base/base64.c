/* SPDX-License-Identifier: Apache-2.0
 * RFC 4648 section 4, strict, and hexadecimal. */
#include "popquiz/base.h"

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t pq_base64_encoded_len(size_t n)
{
    return (n + 2) / 3 * 4;
}

size_t pq_base64_decoded_max(size_t n)
{
    return n / 4 * 3;
}

enum pq_status pq_base64_encode(struct pq_slice data, struct pq_buf *out)
{
    if (pq_buf_room(out) < pq_base64_encoded_len(data.len))
        return PQ_STATUS_NO_ROOM;
    for (size_t i = 0; i < data.len; i += 3) {
        size_t have = data.len - i;
        uint32_t group = (uint32_t)data.at[i] << 16;
        group |= have > 1 ? (uint32_t)data.at[i + 1] << 8 : 0;
        group |= have > 2 ? (uint32_t)data.at[i + 2] : 0;
        uint8_t *to = out->at + out->len;
        to[0] = (uint8_t)base64_alphabet[group >> 18 & 63];
        to[1] = (uint8_t)base64_alphabet[group >> 12 & 63];
        to[2] = have > 1 ? (uint8_t)base64_alphabet[group >> 6 & 63] : '=';
        to[3] = have > 2 ? (uint8_t)base64_alphabet[group & 63] : '=';
        out->len += 4;
    }
    return PQ_STATUS_OK;
}

/* The six bits of a character of the alphabet, or 64. */
static uint32_t base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - (uint32_t)'A';
    if (c >= 'a' && c <= 'z')
        return c - (uint32_t)'a' + 26;
    if (pq_ascii_is_digit(c))
        return c - (uint32_t)'0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Decodes four characters of which `pad` are padding; false when they are not base64. */
static bool base64_group(const uint8_t *text, size_t pad, uint8_t *to)
{
    uint32_t group = 0;
    for (size_t k = 0; k < 4 - pad; k++) {
        uint32_t value = base64_value(text[k]);
        if (value == 64)
            return false;
        group |= value << (18 - 6 * k);
    }
    if ((pad == 1 && (group & 0xFF) != 0) || (pad == 2 && (group & 0xFFFF) != 0))
        return false;
    for (size_t k = 0; k < 3 - pad; k++)
        to[k] = (uint8_t)(group >> (16 - 8 * k));
    return true;
}

enum pq_status pq_base64_decode(struct pq_slice text, struct pq_buf *out)
{
    if (text.len % 4 != 0)
        return PQ_STATUS_NOT_BASE64;
    size_t pad = 0;
    while (pad < 2 && pad < text.len && text.at[text.len - 1 - pad] == '=')
        pad++;
    size_t need = pq_base64_decoded_max(text.len) - pad;
    if (pq_buf_room(out) < need)
        return PQ_STATUS_NO_ROOM;
    uint8_t *to = out->at + out->len;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t p = i + 4 == text.len ? pad : 0;
        if (!base64_group(text.at + i, p, to))
            return PQ_STATUS_NOT_BASE64;
        to += 3 - p;
    }
    out->len += need;
    return PQ_STATUS_OK;
}

enum pq_status pq_hex_encode(struct pq_slice data, struct pq_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    if (pq_buf_room(out) / 2 < data.len)
        return PQ_STATUS_NO_ROOM;
    for (size_t i = 0; i < data.len; i++) {
        out->at[out->len++] = (uint8_t)digits[data.at[i] >> 4];
        out->at[out->len++] = (uint8_t)digits[data.at[i] & 15];
    }
    return PQ_STATUS_OK;
}

/* The value of a hexadecimal digit, or 16. */
static uint8_t hex_value(uint8_t c)
{
    uint8_t lower = pq_ascii_lower(c);
    if (pq_ascii_is_digit(c))
        return (uint8_t)(c - '0');
    return lower >= 'a' && lower <= 'f' ? (uint8_t)(lower - 'a' + 10) : 16;
}

enum pq_status pq_hex_decode(struct pq_slice text, struct pq_buf *out)
{
    if (text.len % 2 != 0)
        return PQ_STATUS_NOT_HEX;
    for (size_t i = 0; i < text.len; i++)
        if (hex_value(text.at[i]) == 16)
            return PQ_STATUS_NOT_HEX;
    if (pq_buf_room(out) < text.len / 2)
        return PQ_STATUS_NO_ROOM;
    for (size_t i = 0; i < text.len; i += 2)
        out->at[out->len++] = (uint8_t)(hex_value(text.at[i]) << 4 | hex_value(text.at[i + 1]));
    return PQ_STATUS_OK;
}
