/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/reply.h"

#define REPLY_LINE_MAX 512u /* RFC 2449 section 4, CRLF included */

static const struct indicator_row {
    struct pq_slice text;
    enum pq_indicator indicator;
} indicators[] = {
    {PQ_SLICE_INIT("+OK"), PQ_REPLY_OK},
    {PQ_SLICE_INIT("-ERR"), PQ_REPLY_ERR},
    {PQ_SLICE_INIT("+"), PQ_REPLY_CONTINUE},
};

static bool is_code_octet(uint8_t c)
{
    return pq_ascii_is_visible(c) && c != '/' && c != ']';
}

bool pq_response_code_is_valid(struct pq_slice code)
{
    while (code.len > 0) {
        size_t before = code.len;
        struct pq_slice level = pq_slice_cut(&code, '/');
        for (size_t i = 0; i < level.len; i++)
            if (!is_code_octet(level.at[i]))
                return false;
        if (level.len == 0)
            return false;
        if (level.len == before)
            return true;
    }
    return false;
}

/* Looks for a response code at the front of the text (RFC 2449 section 8). */
static void read_code(struct pq_reply *r)
{
    if (r->indicator == PQ_REPLY_CONTINUE || r->text.len == 0 || r->text.at[0] != '[')
        return;
    size_t end = pq_slice_index(r->text, ']');
    struct pq_slice code = pq_slice_after(pq_slice_first(r->text, end), 1);
    if (end < r->text.len && pq_response_code_is_valid(code))
        r->code = code;
    else
        r->flaws |= PQ_REPLY_CODE_OPEN;
}

static const struct indicator_row *find_indicator(struct pq_slice line)
{
    for (size_t i = 0; i < sizeof(indicators) / sizeof(indicators[0]); i++) {
        struct pq_slice text = indicators[i].text;
        if (!pq_slice_equal_nocase(pq_slice_first(line, text.len), text))
            continue;
        if (line.len == text.len || line.at[text.len] == ' ')
            return &indicators[i];
    }
    return NULL;
}

enum pq_status pq_reply_parse(struct pq_slice line, struct pq_reply *r)
{
    const struct indicator_row *row = find_indicator(line);
    *r = (struct pq_reply){.flaws = 0};
    if (!row)
        return PQ_STATUS_SYNTAX;
    r->indicator = row->indicator;
    if (!pq_slice_equal(pq_slice_first(line, row->text.len), row->text))
        r->flaws |= PQ_REPLY_STATUS_CASE;
    if (row->indicator == PQ_REPLY_CONTINUE && line.len == row->text.len)
        r->flaws |= PQ_REPLY_NO_SPACE;
    r->text = pq_slice_after(line, row->text.len + 1);
    unsigned octets = pq_slice_octets(r->text);
    if (octets & PQ_OCTETS_8BIT)
        r->flaws |= PQ_REPLY_8BIT;
    if (octets & ~(unsigned)PQ_OCTETS_8BIT)
        r->flaws |= PQ_REPLY_OCTETS;
    read_code(r);
    return PQ_STATUS_OK;
}

enum pq_status pq_reply_write(enum pq_indicator indicator, struct pq_slice code,
                              struct pq_slice text, struct pq_buf *out)
{
    uint8_t memory[REPLY_LINE_MAX];
    struct pq_buf line;
    pq_buf_init(&line, memory, sizeof(memory) - 2);
    pq_buf_put(&line, indicators[indicator].text);
    if (code.len > 0) {
        pq_buf_put_text(&line, " [");
        pq_buf_put(&line, code);
        pq_buf_put_octet(&line, ']');
    }
    if (text.len > 0 || indicator == PQ_REPLY_CONTINUE)
        pq_buf_put_octet(&line, ' ');
    pq_buf_put(&line, pq_slice_first(text, pq_buf_room(&line)));
    line.cap = sizeof(memory);
    pq_buf_put_text(&line, "\r\n");
    return pq_buf_put(out, pq_buf_slice(&line)) ? PQ_STATUS_OK : PQ_STATUS_NO_ROOM;
}

/* ---- listings -------------------------------------------------------------------------------- */

static bool is_number(struct pq_slice text, uint64_t *out)
{
    return pq_parse_u64(text, out) == PQ_STATUS_OK;
}

enum pq_status pq_listing_parse(struct pq_slice text, struct pq_listing *l)
{
    struct pq_listing got = {.first = 0};
    struct pq_slice rest = text;
    struct pq_slice first = pq_slice_cut(&rest, ' ');
    struct pq_slice octets = pq_slice_first(rest, pq_slice_index(rest, ' '));
    got.extra = pq_slice_after(rest, octets.len);
    if (!is_number(first, &got.first) || !is_number(octets, &got.octets))
        return PQ_STATUS_SYNTAX;
    *l = got;
    return PQ_STATUS_OK;
}

bool pq_uid_is_valid(struct pq_slice uid)
{
    return uid.len >= 1 && uid.len <= PQ_UID_MAX && pq_slice_is_visible(uid);
}

enum pq_status pq_uid_listing_parse(struct pq_slice text, struct pq_uid_listing *l)
{
    struct pq_uid_listing got = {.uid = text};
    struct pq_slice number = pq_slice_cut(&got.uid, ' ');
    if (!is_number(number, &got.number) || !pq_uid_is_valid(got.uid))
        return PQ_STATUS_SYNTAX;
    *l = got;
    return PQ_STATUS_OK;
}

/* ---- greeting -------------------------------------------------------------------------------- */

static bool is_one_of(uint8_t c, struct pq_slice set)
{
    return pq_slice_index(set, c) < set.len;
}

/* atext of RFC 5322 section 3.2.3. */
static bool is_atext(uint8_t c)
{
    return pq_ascii_is_alpha(c) || pq_ascii_is_digit(c) ||
           is_one_of(c, PQ_SLICE("!#$%&'*+-/=?^_`{|}~"));
}

static bool is_dot_atom(struct pq_slice s)
{
    bool after_atom = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '.' ? !after_atom : !is_atext(s.at[i]))
            return false;
        after_atom = s.at[i] != '.';
    }
    return after_atom;
}

/* "[" *dtext "]" of RFC 5322 section 3.6.4. */
static bool is_no_fold_literal(struct pq_slice s)
{
    if (s.len < 2 || s.at[0] != '[' || s.at[s.len - 1] != ']')
        return false;
    struct pq_slice inner = pq_slice_first(pq_slice_after(s, 1), s.len - 2);
    for (size_t i = 0; i < inner.len; i++)
        if (!pq_ascii_is_visible(inner.at[i]) || is_one_of(inner.at[i], PQ_SLICE("[]\\")))
            return false;
    return true;
}

bool pq_greeting_timestamp(struct pq_slice text, struct pq_slice *timestamp)
{
    struct pq_slice from = pq_slice_after(text, pq_slice_index(text, '<'));
    size_t end = pq_slice_index(from, '>');
    if (end == from.len)
        return false;
    struct pq_slice right = pq_slice_after(pq_slice_first(from, end), 1);
    struct pq_slice after = pq_slice_after(from, end + 1);
    struct pq_slice left = pq_slice_cut(&right, '@');
    if (pq_slice_index(after, '<') < after.len || !is_dot_atom(left) ||
        (!is_dot_atom(right) && !is_no_fold_literal(right)))
        return false;
    *timestamp = pq_slice_first(from, end + 1);
    return true;
}
