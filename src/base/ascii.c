/* SPDX-License-Identifier: Apache-2.0
 * Exact ASCII: no locale, no sign extension. */
#include "popquiz/base.h"

bool pq_ascii_is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

bool pq_ascii_is_alpha(uint8_t octet)
{
    uint8_t lower = pq_ascii_lower(octet);
    return lower >= 'a' && lower <= 'z';
}

bool pq_ascii_is_visible(uint8_t octet)
{
    return octet >= 0x21 && octet <= 0x7E;
}

bool pq_ascii_is_printable(uint8_t octet)
{
    return octet >= 0x20 && octet <= 0x7E;
}

uint8_t pq_ascii_lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

uint8_t pq_ascii_upper(uint8_t octet)
{
    return octet >= 'a' && octet <= 'z' ? (uint8_t)(octet - ('a' - 'A')) : octet;
}

bool pq_slice_is_visible(struct pq_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!pq_ascii_is_visible(s.at[i]))
            return false;
    return true;
}

bool pq_slice_is_printable(struct pq_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!pq_ascii_is_printable(s.at[i]))
            return false;
    return true;
}

static unsigned octet_class(uint8_t octet)
{
    switch (octet) {
    case '\r':
        return PQ_OCTETS_CR;
    case '\n':
        return PQ_OCTETS_LF;
    case '\t':
        return PQ_OCTETS_TAB;
    case 0:
        return PQ_OCTETS_NUL;
    default:
        return octet > 0x7F ? PQ_OCTETS_8BIT : PQ_OCTETS_CONTROL;
    }
}

unsigned pq_slice_octets(struct pq_slice s)
{
    unsigned mask = 0;
    for (size_t i = 0; i < s.len; i++)
        if (!pq_ascii_is_printable(s.at[i]))
            mask |= octet_class(s.at[i]);
    return mask;
}

/* RFC 3629 section 4, a row for each form: first octet from..to, second octet from..to, length.
 * Octets after the second are always 0x80..0xBF. */
static const struct utf8_form {
    uint8_t first_min, first_max, second_min, second_max, len;
} utf8_forms[] = {
    {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

/* The length of the character at the front of `s`, or zero when it is not one. */
static size_t utf8_character(struct pq_slice s)
{
    for (size_t i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++) {
        const struct utf8_form *f = &utf8_forms[i];
        if (s.at[0] < f->first_min || s.at[0] > f->first_max || s.len < f->len)
            continue;
        if (f->len > 1 && (s.at[1] < f->second_min || s.at[1] > f->second_max))
            return 0;
        for (size_t k = 2; k < f->len; k++)
            if ((s.at[k] & 0xC0) != 0x80)
                return 0;
        return f->len;
    }
    return 0;
}

bool pq_slice_is_utf8(struct pq_slice s)
{
    while (s.len > 0) {
        size_t n = utf8_character(s);
        if (n == 0)
            return false;
        s = pq_slice_after(s, n);
    }
    return true;
}
