/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/player/mask.h"

#include <string.h>

/* ---- by value -------------------------------------------------------------------------------- */

/* Octets of one decoded stretch of base64; a longer one is looked at in overlapping parts. */
#define DECODED_MAX ((size_t)3072)
#define STRETCH_MIN 2u /* the shortest text that holds an octet */

void pq_mask_init(struct pq_mask *m, struct pq_alloc alloc)
{
    *m = (struct pq_mask){.count = 0};
    pq_arena_init(&m->arena, alloc, PQ_MASK_MEMORY_MAX);
}

void pq_mask_free(struct pq_mask *m)
{
    pq_arena_free(&m->arena);
    m->count = 0;
}

static bool is_known(const struct pq_mask *m, struct pq_slice secret)
{
    for (size_t i = 0; i < m->count; i++)
        if (pq_slice_equal(m->secrets[i], secret))
            return true;
    return false;
}

static enum pq_status add_one(struct pq_mask *m, struct pq_slice secret)
{
    if (secret.len == 0 || is_known(m, secret))
        return PQ_STATUS_OK;
    if (m->count == PQ_MASK_SECRETS_MAX)
        return PQ_STATUS_NO_MEMORY;
    struct pq_slice copy = pq_arena_copy(&m->arena, secret);
    if (!copy.at)
        return PQ_STATUS_NO_MEMORY;
    m->secrets[m->count++] = copy;
    return PQ_STATUS_OK;
}

enum pq_status pq_mask_add(struct pq_mask *m, struct pq_slice secret)
{
    if (secret.len > PQ_MASK_MEMORY_MAX / 4)
        return PQ_STATUS_NO_MEMORY;
    enum pq_status status = add_one(m, secret);
    uint8_t *memory = pq_arena_get(&m->arena, 2 * secret.len + 1);
    if (status != PQ_STATUS_OK || !memory)
        return PQ_STATUS_NO_MEMORY;
    struct pq_buf hex;
    pq_buf_init(&hex, memory, 2 * secret.len);
    status = pq_hex_encode(secret, &hex);
    return status == PQ_STATUS_OK ? add_one(m, pq_buf_slice(&hex)) : status;
}

/* Calls for each place where a secret stands in `s`: marks it in `hide`, which may be NULL. Returns
 * whether there is one. */
static bool find_plain(const struct pq_mask *m, struct pq_slice s, bool *hide)
{
    bool found = false;
    for (size_t n = 0; n < m->count; n++) {
        struct pq_slice secret = m->secrets[n];
        for (size_t i = 0; i + secret.len <= s.len; i++) {
            if (!pq_slice_equal_nocase(pq_slice_of(s.at + i, secret.len), secret))
                continue;
            found = true;
            if (hide)
                memset(hide + i, true, secret.len);
        }
    }
    return found;
}

/* The value of a base64 digit, or 64. */
static unsigned digit_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - (unsigned)'A';
    if (c >= 'a' && c <= 'z')
        return c - (unsigned)'a' + 26;
    if (c >= '0' && c <= '9')
        return c - (unsigned)'0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : 64;
}

/* Decodes digits without regard to padding and surplus bits: what an eye could still make of them.
 */
static struct pq_slice decode_loosely(struct pq_slice text, uint8_t *to)
{
    uint32_t bits = 0;
    size_t held = 0, len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bits = bits << 6 | digit_value(text.at[i]);
        held += 6;
        if (held >= 8) {
            held -= 8;
            to[len++] = (uint8_t)(bits >> held);
        }
    }
    return pq_slice_of(to, len);
}

/* Whether `digits` hold a secret, wherever in them its encoding begins. */
static bool holds_encoded(const struct pq_mask *m, struct pq_slice digits)
{
    uint8_t decoded[DECODED_MAX];
    for (size_t from = 0; from < 4 && digits.len >= from + STRETCH_MIN; from++) {
        struct pq_slice part = pq_slice_after(digits, from);
        part = pq_slice_first(part, sizeof(decoded) / 3 * 4);
        if (find_plain(m, decode_loosely(part, decoded), NULL))
            return true;
    }
    return false;
}

static size_t digits_len(struct pq_slice s)
{
    size_t i = 0;
    while (i < s.len && digit_value(s.at[i]) < 64)
        i++;
    return i;
}

void pq_mask_find(const struct pq_mask *m, struct pq_slice s, bool *hide)
{
    if (m->count == 0)
        return;
    (void)find_plain(m, s, hide);
    size_t i = 0;
    while (i < s.len) {
        size_t len = digits_len(pq_slice_after(s, i));
        /* Parts overlap by half, so that a secret at a seam is found in one of them. */
        for (size_t from = 0; from < len; from += DECODED_MAX / 3 * 2) {
            size_t part = len - from < DECODED_MAX / 3 * 4 ? len - from : DECODED_MAX / 3 * 4;
            if (part >= STRETCH_MIN && holds_encoded(m, pq_slice_of(s.at + i + from, part)))
                memset(hide + i + from, true, part);
        }
        i += len + 1;
    }
}

enum pq_status pq_mask_write(struct pq_slice s, const bool *hide, struct pq_bytes *out)
{
    enum pq_status status = PQ_STATUS_OK;
    size_t i = 0;
    while (i < s.len && status == PQ_STATUS_OK) {
        size_t end = i;
        while (end < s.len && hide[end] == hide[i])
            end++;
        status = hide[i] ? pq_bytes_put_text(out, PQ_MASK_TEXT)
                         : pq_bytes_put(out, pq_slice_of(s.at + i, end - i));
        i = end;
    }
    return status;
}

void pq_mask_text(const struct pq_mask *m, char *text, size_t cap)
{
    struct pq_slice s = pq_slice_text(text);
    bool *hide = s.len > 0 ? m->arena.alloc.resize(m->arena.alloc.ctx, NULL, s.len) : NULL;
    struct pq_bytes out;
    pq_bytes_init(&out, m->arena.alloc, cap - 1);
    if (hide) {
        memset(hide, false, s.len);
        pq_mask_find(m, s, hide);
        /* What does not fit any more is left out, like the whole text when memory is short. */
        if (pq_mask_write(s, hide, &out) == PQ_STATUS_OK || out.len > 0)
            memcpy(text, out.at, out.len);
        m->arena.alloc.resize(m->arena.alloc.ctx, hide, 0);
    }
    text[out.len] = 0;
    pq_bytes_free(&out);
}

/* ---- by place -------------------------------------------------------------------------------- */

static bool verb_is(const struct pq_talk *t, const char *verb)
{
    return pq_slice_equal(pq_slice_of(t->verb, t->verb_len), pq_slice_text(verb));
}

/* Whether an octet of a word behind the verb is a secret. */
static bool word_is_secret(const struct pq_talk *t)
{
    if (t->hidden_line)
        return true;
    if (t->words >= 1 && verb_is(t, "PASS"))
        return true;
    return t->words >= 2 && (verb_is(t, "APOP") || verb_is(t, "AUTH"));
}

static void line_begin(struct pq_talk *t)
{
    t->verb_len = t->words = 0;
    t->in_word = false;
    t->hidden_line = t->exchange;
}

static void line_end(struct pq_talk *t)
{
    bool argument = t->words + (t->in_word ? 1 : 0) >= 2;
    if (!t->hidden_line && argument && verb_is(t, "AUTH"))
        t->exchange = t->asked = true;
    if (!t->hidden_line && argument && (verb_is(t, "PASS") || verb_is(t, "APOP")))
        t->asked = true;
    line_begin(t);
}

static void take_octet(struct pq_talk *t, uint8_t c)
{
    if (c == ' ' || c == '\t') {
        if (t->in_word && t->words < UINT8_MAX)
            t->words++;
        t->in_word = false;
        return;
    }
    t->in_word = true;
    if (t->words == 0 && t->verb_len < sizeof(t->verb))
        t->verb[t->verb_len++] = pq_ascii_upper(c);
}

void pq_talk_client(struct pq_talk *t, struct pq_slice octets, bool *hide)
{
    for (size_t i = 0; i < octets.len; i++) {
        uint8_t c = octets.at[i];
        if (c == '\n') {
            line_end(t);
        } else if (c != '\r') {
            /* A blank belongs to what is before it: a password may hold blanks. */
            bool before = word_is_secret(t);
            take_octet(t, c);
            if (t->in_word ? word_is_secret(t) : before)
                hide[i] = true;
        }
    }
}

enum pq_talk_login pq_talk_server(struct pq_talk *t, struct pq_slice line)
{
    bool ok = pq_slice_starts(line, PQ_SLICE("+OK"));
    if (!t->asked || (!ok && !pq_slice_starts(line, PQ_SLICE("-ERR"))))
        return PQ_TALK_NOTHING;
    t->asked = t->exchange = t->hidden_line = false;
    return ok ? PQ_TALK_ACCEPTED : PQ_TALK_REFUSED;
}
