/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: a status line, a listing, a unique-id listing and a timestamp are accepted exactly
 * when a grammar that is written here once more has them; what was read and written is read again
 * as the same. Each line of the input is read as each of them.
 */
#include "harness/plain.h"
#include "harness/support.h"

#include <string.h>

#include "popquiz/reply.h"
#include "popquiz/wire.h"

/* ---- status lines ---------------------------------------------------------------------------- */

static const char *const indicators[] = {"+OK", "-ERR", "+"};

/* RFC 2449 section 3: levels of %x21-2E / %x30-5C / %x5E-7E, with "/" between. */
static bool is_code(struct pq_slice s)
{
    bool after_slash = true;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        if (c < 0x21 || c > 0x7E || c == ']' || (c == '/' && after_slash))
            return false;
        after_slash = c == '/';
    }
    return !after_slash;
}

/* The code in the brackets that the text begins with, or an empty slice. */
static struct pq_slice plain_code(struct pq_slice text)
{
    struct pq_slice inside = pq_slice_after(text, 1);
    size_t end = 0;
    while (end < inside.len && inside.at[end] != ']')
        end++;
    struct pq_slice code = pq_slice_first(inside, end);
    bool bracketed = text.len > 0 && text.at[0] == '[' && end < inside.len;
    return bracketed && is_code(code) ? code : pq_slice_of(NULL, 0);
}

static void check_flaws(const struct pq_reply *r, struct pq_slice word, bool bare)
{
    bool exact = pq_slice_equal(word, pq_slice_text(indicators[r->indicator]));
    bool controls = false;
    for (size_t i = 0; i < r->text.len; i++)
        controls |= r->text.at[i] < 0x20 || r->text.at[i] == 0x7F;
    FUZZ_ASSERT(!exact == ((r->flaws & PQ_REPLY_STATUS_CASE) != 0));
    FUZZ_ASSERT((bare && r->indicator == PQ_REPLY_CONTINUE) ==
                ((r->flaws & PQ_REPLY_NO_SPACE) != 0));
    FUZZ_ASSERT(controls == ((r->flaws & PQ_REPLY_OCTETS) != 0));
    FUZZ_ASSERT(plain_is_within(r->text, 0, 0x7F) == ((r->flaws & PQ_REPLY_8BIT) == 0));
}

static void check_code(const struct pq_reply *r)
{
    struct pq_slice code = plain_code(r->text);
    bool open = r->text.len > 0 && r->text.at[0] == '[' && code.len == 0;
    if (r->indicator == PQ_REPLY_CONTINUE) {
        code = pq_slice_of(NULL, 0); /* a challenge has no codes */
        open = false;
    }
    FUZZ_ASSERT(pq_slice_equal(r->code, code));
    FUZZ_ASSERT(open == ((r->flaws & PQ_REPLY_CODE_OPEN) != 0));
}

/* Writes a reply and reads it; `*memory` keeps it. */
static struct pq_reply write_and_read(const struct pq_reply *r, struct pq_slice code,
                                      struct pq_slice text, uint8_t *memory)
{
    struct pq_buf out;
    struct pq_reply again;
    pq_buf_init(&out, memory, PQ_REPLY_LINE_MAX);
    FUZZ_ASSERT(pq_reply_write(r->indicator, code, text, &out) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_slice_equal(pq_slice_after(pq_buf_slice(&out), out.len - 2), PQ_SLICE("\r\n")));
    struct pq_slice line = pq_slice_first(pq_buf_slice(&out), out.len - 2);
    FUZZ_ASSERT(pq_reply_parse(line, &again) == PQ_STATUS_OK);
    FUZZ_ASSERT(again.indicator == r->indicator);
    FUZZ_ASSERT((again.flaws & (PQ_REPLY_STATUS_CASE | PQ_REPLY_NO_SPACE)) == 0);
    return again;
}

/* Writes with little room: a whole line, or nothing. */
static void check_room(const struct pq_reply *r, size_t room)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf out;
    pq_buf_init(&out, memory, room < sizeof(memory) ? room : sizeof(memory));
    enum pq_status status = pq_reply_write(r->indicator, pq_slice_of(NULL, 0), r->text, &out);
    FUZZ_ASSERT(status == PQ_STATUS_OK || (status == PQ_STATUS_NO_ROOM && out.len == 0));
}

static void check_written(const struct pq_reply *r)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_slice none = pq_slice_of(NULL, 0);
    struct pq_reply again = write_and_read(r, none, r->text, memory);
    size_t room = PQ_REPLY_LINE_MAX - 3 - strlen(indicators[r->indicator]);
    FUZZ_ASSERT(pq_slice_equal(again.text, pq_slice_first(r->text, room)));
    if (r->code.len == 0 || r->code.len > PQ_REPLY_LINE_MAX / 2)
        return;
    struct pq_slice text = pq_slice_after(r->text, r->code.len + 3);
    again = write_and_read(r, r->code, text, memory);
    FUZZ_ASSERT(pq_slice_equal(again.code, r->code));
}

static void check_status(struct pq_slice line, size_t room)
{
    struct pq_reply r;
    struct pq_slice word, text = line;
    bool bare = !plain_word(&text, &word), known = false;
    for (size_t i = 0; i < sizeof(indicators) / sizeof(indicators[0]); i++)
        known |= plain_is_word(word, indicators[i]);
    FUZZ_ASSERT((pq_reply_parse(line, &r) == PQ_STATUS_OK) == known);
    if (!known)
        return;
    FUZZ_ASSERT(plain_is_word(word, indicators[r.indicator]));
    FUZZ_ASSERT(pq_slice_equal(r.text, text));
    FUZZ_ASSERT(fuzz_is_within(r.text, line) && fuzz_is_within(r.code, line));
    check_flaws(&r, word, bare);
    check_code(&r);
    check_written(&r);
    check_room(&r, room);
}

/* ---- listings -------------------------------------------------------------------------------- */

static bool fits_64_bits(struct pq_slice number)
{
    uint64_t value;
    return pq_parse_u64(number, &value) == PQ_STATUS_OK;
}

static bool is_value(struct pq_slice word, uint64_t value)
{
    uint8_t memory[PQ_U64_TEXT_MAX];
    struct pq_buf out;
    pq_buf_init(&out, memory, sizeof(memory));
    return pq_buf_put_u64(&out, value) && pq_slice_equal(pq_buf_slice(&out), word);
}

static void check_listing(struct pq_slice line)
{
    struct pq_listing l;
    struct pq_slice first, second, rest = line;
    bool two = plain_word(&rest, &first), more = plain_word(&rest, &second);
    bool good = two && fits_64_bits(first) && fits_64_bits(second);
    FUZZ_ASSERT((pq_listing_parse(line, &l) == PQ_STATUS_OK) == good);
    if (!good)
        return;
    FUZZ_ASSERT(is_value(first, l.first) && is_value(second, l.octets));
    FUZZ_ASSERT(l.extra.len == (more ? rest.len + 1 : 0) && fuzz_is_within(l.extra, line));
}

/* RFC 1939 section 7: a unique-id has 1 to 70 octets of 0x21 to 0x7E. */
static void check_uid_listing(struct pq_slice line)
{
    struct pq_uid_listing l;
    struct pq_slice first, uid = line;
    bool two = plain_word(&uid, &first);
    bool good = two && fits_64_bits(first) && uid.len >= 1 && uid.len <= 70 &&
                plain_is_within(uid, 0x21, 0x7E);
    FUZZ_ASSERT((pq_uid_listing_parse(line, &l) == PQ_STATUS_OK) == good);
    if (good)
        FUZZ_ASSERT(is_value(first, l.number) && pq_slice_equal(l.uid, uid));
}

/* ---- timestamps ------------------------------------------------------------------------------ */

/* RFC 5322 section 3.2.3: atoms with a dot between two of them. */
static bool is_dot_atom(struct pq_slice s)
{
    for (size_t i = 0; i + 1 < s.len; i++)
        if (s.at[i] == '.' && s.at[i + 1] == '.')
            return false;
    return s.len > 0 && s.at[0] != '.' && s.at[s.len - 1] != '.' &&
           plain_is_alnum_or(s, ".!#$%&'*+-/=?^_`{|}~");
}

/* RFC 5322 section 3.6.4: "[" *dtext "]". */
static bool is_literal(struct pq_slice s)
{
    if (s.len < 2 || s.at[0] != '[' || s.at[s.len - 1] != ']')
        return false;
    struct pq_slice inside = pq_slice_first(pq_slice_after(s, 1), s.len - 2);
    for (size_t i = 0; i < inside.len; i++)
        if (inside.at[i] >= '[' && inside.at[i] <= ']')
            return false;
    return plain_is_within(inside, 0x21, 0x7E);
}

static size_t find(struct pq_slice s, uint8_t octet)
{
    size_t i = 0;
    while (i < s.len && s.at[i] != octet)
        i++;
    return i;
}

/* RFC 1939 section 7, APOP: a msg-id; here the only thing in angle brackets. */
static bool has_timestamp(struct pq_slice line, struct pq_slice *timestamp)
{
    struct pq_slice from = pq_slice_after(line, find(line, '<'));
    size_t end = find(from, '>');
    struct pq_slice inside = pq_slice_after(pq_slice_first(from, end), 1);
    size_t at = find(inside, '@');
    struct pq_slice right = pq_slice_after(inside, at + 1);
    *timestamp = pq_slice_first(from, end + 1);
    return end < from.len && find(pq_slice_after(from, end), '<') == from.len - end &&
           is_dot_atom(pq_slice_first(inside, at)) && (is_dot_atom(right) || is_literal(right));
}

static void check_timestamp(struct pq_slice line)
{
    struct pq_slice got, want;
    bool found = pq_greeting_timestamp(line, &got);
    FUZZ_ASSERT(found == has_timestamp(line, &want));
    if (found)
        FUZZ_ASSERT(got.at == want.at && got.len == want.len);
}

static void check_reply(struct pq_slice input, size_t cut)
{
    for (struct pq_slice rest = input; rest.len > 0;) {
        struct pq_slice line = fuzz_line(&rest);
        check_status(line, cut);
        check_listing(line);
        check_uid_listing(line);
        check_timestamp(line);
    }
}

const struct fuzz_target fuzz_target = {.check = check_reply, .has_cut = true, .cuts_max = 32};
