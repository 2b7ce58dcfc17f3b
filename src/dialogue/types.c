/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/types.h"

#include <assert.h>

#define UID_MAX 70u
#define HEX32_LEN 32u

static size_t run_of(struct pq_slice s, bool (*is)(uint8_t octet))
{
    size_t n = 0;
    while (n < s.len && is(s.at[n]))
        n++;
    return n;
}

static bool take_int(struct pq_slice rest, struct pq_arena *scratch, size_t *len)
{
    uint64_t number = 0;
    (void)scratch;
    *len = run_of(rest, pq_ascii_is_digit);
    return pq_parse_u64(pq_slice_first(rest, *len), &number) == PQ_STATUS_OK && number <= INT64_MAX;
}

static bool take_status(struct pq_slice rest, struct pq_arena *scratch, size_t *len)
{
    (void)scratch;
    *len = pq_slice_starts(rest, PQ_SLICE("+OK")) ? 3 : 4;
    return *len == 3 || pq_slice_starts(rest, PQ_SLICE("-ERR"));
}

static bool take_uid(struct pq_slice rest, struct pq_arena *scratch, size_t *len)
{
    (void)scratch;
    *len = run_of(rest, pq_ascii_is_visible);
    return *len >= 1 && *len <= UID_MAX;
}

static bool take_msgid(struct pq_slice rest, struct pq_arena *scratch, size_t *len)
{
    (void)scratch;
    *len = pq_slice_index(rest, '>') + 1;
    if (rest.len == 0 || rest.at[0] != '<' || *len > rest.len)
        return false;
    struct pq_slice right = pq_slice_after(pq_slice_first(rest, *len - 1), 1);
    struct pq_slice left = pq_slice_cut(&right, '@');
    return left.len > 0 && right.len > 0 && pq_slice_is_visible(left) &&
           pq_slice_is_visible(right) && pq_slice_index(right, '@') == right.len &&
           pq_slice_index(left, '<') == left.len && pq_slice_index(right, '<') == right.len;
}

static bool is_base64_octet(uint8_t c)
{
    return pq_ascii_is_alpha(c) || pq_ascii_is_digit(c) || c == '+' || c == '/' || c == '=';
}

static bool take_b64(struct pq_slice rest, struct pq_arena *scratch, size_t *len)
{
    struct pq_buf b;
    *len = run_of(rest, is_base64_octet);
    size_t room = pq_base64_decoded_max(*len);
    void *memory = scratch ? pq_arena_get(scratch, room) : NULL;
    if (!memory)
        return false;
    pq_buf_init(&b, memory, room);
    return pq_base64_decode(pq_slice_first(rest, *len), &b) == PQ_STATUS_OK;
}

static bool is_lower_hex(uint8_t c)
{
    return pq_ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool take_hex32(struct pq_slice rest, struct pq_arena *scratch, size_t *len)
{
    (void)scratch;
    *len = HEX32_LEN;
    return run_of(rest, is_lower_hex) == HEX32_LEN;
}

/* RFC 2449 section 3: levels of %x21-2E / %x30-5C / %x5E-7E with "/" between. */
static bool take_rcode(struct pq_slice rest, struct pq_arena *scratch, size_t *len)
{
    (void)scratch;
    *len = pq_slice_index(rest, ']') + 1;
    if (rest.len == 0 || rest.at[0] != '[' || *len > rest.len)
        return false;
    struct pq_slice code = pq_slice_after(pq_slice_first(rest, *len - 1), 1);
    bool more = true;
    while (more) {
        size_t before = code.len;
        struct pq_slice level = pq_slice_cut(&code, '/');
        if (level.len == 0 || !pq_slice_is_visible(level))
            return false;
        more = level.len < before;
    }
    return true;
}

static bool take_rest(struct pq_slice rest, struct pq_arena *scratch, size_t *len)
{
    (void)scratch;
    *len = rest.len;
    return true;
}

bool pq_dlg_type_take(enum pq_dlg_type type, struct pq_slice rest, struct pq_arena *scratch,
                      size_t *len)
{
    static bool (*const takers[])(struct pq_slice rest, struct pq_arena * scratch, size_t * len) = {
        [PQ_DLG_TYPE_INT] = take_int,       [PQ_DLG_TYPE_OCTETS] = take_int,
        [PQ_DLG_TYPE_STATUS] = take_status, [PQ_DLG_TYPE_UID] = take_uid,
        [PQ_DLG_TYPE_MSGID] = take_msgid,   [PQ_DLG_TYPE_B64] = take_b64,
        [PQ_DLG_TYPE_HEX32] = take_hex32,   [PQ_DLG_TYPE_RCODE] = take_rcode,
        [PQ_DLG_TYPE_REST] = take_rest,
    };
    assert(type != PQ_DLG_TYPE_TEXT && type < PQ_DLG_TYPE_COUNT);
    return takers[type](rest, scratch, len);
}
