/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/plain.h"

#include <string.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool plain_is_within(struct pq_slice s, uint8_t least, uint8_t most)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < least || s.at[i] > most)
            return false;
    return true;
}

bool plain_is_number(struct pq_slice s)
{
    return s.len > 0 && plain_is_within(s, '0', '9') && (s.at[0] != '0' || s.len == 1);
}

bool plain_is_alnum_or(struct pq_slice s, const char *others)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !is_digit(c) && (c == 0 || !strchr(others, c)))
            return false;
    }
    return true;
}

bool plain_is_hex(struct pq_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == 0 || !strchr("0123456789abcdefABCDEF", s.at[i]))
            return false;
    return true;
}

/* The octets that a character of this value has in its shortest form; zero when it is none. */
static size_t utf8_len(uint32_t value)
{
    if (value >= 0xD800 && value <= 0xDFFF)
        return 0;
    if (value < 0x80)
        return 1;
    if (value < 0x800)
        return 2;
    if (value < 0x10000)
        return 3;
    return value < 0x110000 ? 4 : 0;
}

/* The octets of a character that begins with `lead`, and the bits that it brings; zero for an octet
 * that only continues one. */
static size_t utf8_lead(uint8_t lead, uint32_t *bits)
{
    size_t ones = 0;
    while (ones < 5 && lead & (0x80 >> ones))
        ones++;
    *bits = lead & (0x7Fu >> ones);
    if (ones == 1)
        return 0;
    return ones == 0 ? 1 : ones;
}

bool plain_is_utf8(struct pq_slice s)
{
    while (s.len > 0) {
        uint32_t value;
        size_t len = utf8_lead(s.at[0], &value);
        if (len == 0 || len > s.len)
            return false;
        for (size_t i = 1; i < len; i++) {
            if (s.at[i] >> 6 != 2)
                return false;
            value = value << 6 | (s.at[i] & 0x3F);
        }
        if (utf8_len(value) != len)
            return false;
        s = pq_slice_after(s, len);
    }
    return true;
}

bool plain_is_word(struct pq_slice s, const char *word)
{
    size_t i = 0;
    while (i < s.len && word[i] != 0 && (s.at[i] | 0x20) == (word[i] | 0x20) &&
           (s.at[i] == (uint8_t)word[i] || plain_is_alnum_or(pq_slice_of(s.at + i, 1), "")))
        i++;
    return i == s.len && word[i] == 0;
}

bool plain_word(struct pq_slice *rest, struct pq_slice *word)
{
    for (size_t i = 0; i < rest->len; i++)
        if (rest->at[i] == ' ') {
            *word = pq_slice_first(*rest, i);
            *rest = pq_slice_after(*rest, i + 1);
            return true;
        }
    *word = *rest;
    *rest = pq_slice_after(*rest, rest->len);
    return false;
}
