/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/prepare.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- characters ------------------------------------------------------------------------------ */

/* Takes the first character off `*rest`, which is UTF-8 and not empty. */
static uint32_t take(struct pq_slice *rest)
{
    uint8_t first = rest->at[0];
    size_t more = first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    uint32_t c = more == 0 ? first : first & (0x3Fu >> more);
    for (size_t i = 1; i <= more; i++)
        c = c << 6 | (rest->at[i] & 0x3Fu);
    *rest = pq_slice_after(*rest, more + 1);
    return c;
}

static void put(struct pq_buf *out, uint32_t c)
{
    static const uint8_t leads[] = {0x00, 0xC0, 0xE0, 0xF0};
    unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    pq_buf_put_octet(out, (uint8_t)(leads[more] | c >> (6 * more)));
    while (more-- > 0)
        pq_buf_put_octet(out, (uint8_t)(0x80 | (c >> (6 * more) & 0x3F)));
}

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* ---- the steps of RFC 4013 section 2 ------------------------------------------------------------
 */

/* RFC 3454, table C.1.2, and B.1 */
static const struct range spaces[] = {
    {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
};
static const struct range nothings[] = {
    {0xAD, 0xAD},     {0x34F, 0x34F},   {0x1806, 0x1806}, {0x180B, 0x180D},
    {0x200B, 0x200D}, {0x2060, 0x2060}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
};

/* Tables C.2.1 to C.9; what is no character in each plane is asked for apart. */
static const struct range prohibited[] = {
    {0x00, 0x1F},       {0x7F, 0x9F},        {0x340, 0x341},     {0x6DD, 0x6DD},
    {0x70F, 0x70F},     {0x180E, 0x180E},    {0x200E, 0x200F},   {0x2028, 0x202E},
    {0x2061, 0x2063},   {0x206A, 0x206F},    {0x2FF0, 0x2FFB},   {0xE000, 0xF8FF},
    {0xFDD0, 0xFDEF},   {0xFFF9, 0xFFFD},    {0x1D173, 0x1D17A}, {0xE0001, 0xE0001},
    {0xE0020, 0xE007F}, {0xF0000, 0x10FFFF},
};

static bool is_prohibited(uint32_t c)
{
    return is_in(c, prohibited, COUNT(prohibited)) || (c & 0xFFFE) == 0xFFFE;
}

/* The letter of Latin-1 that a base letter and a mark behind it make; zero: there is none. `bases`
 * and `kinds` have a sign for each character from U+00C0 on: its base, and which of `marks`. */
static uint32_t compose(uint32_t base, uint32_t mark)
{
    static const uint32_t marks[] = {0x300, 0x301, 0x302, 0x303, 0x308, 0x30A, 0x327};
    static const char bases[] = "AAAAAA CEEEEIIII NOOOOO  UUUUY  aaaaaa ceeeeiiii nooooo  uuuuy y";
    static const char kinds[] = "012345 601240124 301234  01241  012345 601240124 301234  01241 4";
    for (uint32_t i = 0; i < sizeof(bases) - 1; i++)
        if (bases[i] != ' ' && (uint8_t)bases[i] == base && marks[kinds[i] - '0'] == mark)
            return 0xC0 + i;
    return 0;
}

/* What one character becomes; zero: nothing. */
static uint32_t map(uint32_t c)
{
    if (is_in(c, nothings, COUNT(nothings)))
        return 0;
    if (is_in(c, spaces, COUNT(spaces)))
        return ' ';
    if (c >= 0xFF01 && c <= 0xFF5E) /* full-width forms of ASCII */
        return c - 0xFF01 + '!';
    return c == 0x212B ? 0xC5 : c; /* the sign of the angstrom is a letter */
}

static bool prepare(struct pq_slice text, struct pq_buf *out)
{
    uint32_t last = 0; /* not written yet, since a mark may follow */
    while (text.len > 0) {
        uint32_t c = take(&text), mapped = map(c);
        if (c == 0 || is_prohibited(mapped == 0 ? ' ' : mapped))
            return false;
        if (mapped == 0)
            continue;
        uint32_t both = compose(last, mapped);
        if (both == 0 && last != 0)
            put(out, last);
        last = both != 0 ? both : mapped;
    }
    if (last != 0)
        put(out, last);
    return true;
}

enum pq_status pq_prepare(struct pq_slice text, struct pq_buf *out)
{
    size_t start = out->len;
    if (pq_buf_room(out) < text.len)
        return PQ_STATUS_NO_ROOM;
    if (pq_slice_is_utf8(text) && prepare(text, out))
        return PQ_STATUS_OK;
    out->len = start;
    return PQ_STATUS_SYNTAX;
}
