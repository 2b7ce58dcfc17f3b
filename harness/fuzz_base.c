/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: a number, base64 or hex that is accepted is, written again, octet for octet what was
 * read, and nothing canonical is refused; any octets survive encoding and decoding; UTF-8 is what a
 * plain decoder accepts; buffers keep what they hold in whatever pieces it comes and goes. Each
 * line of the input is read as each of them; options choose between base64 and hex, and buffers
 * and random numbers besides.
 */
#include "harness/plain.h"
#include "harness/support.h"

#include <string.h>

#include "base/digest.h"

#define TEXT_MAX 1024u
#define OPTION_HEX 1u   /* in place of base64 */
#define OPTION_MORE 2u  /* buffers and random numbers too, which take longer */
#define NAMES_MAX 1024u /* no status has a higher number */

/* ---- numbers --------------------------------------------------------------------------------- */

/* Whatever number stands for a status has a name and a sentence, or is told to have none. */
static void check_names(uint64_t number)
{
    if (number >= NAMES_MAX)
        return;
    FUZZ_ASSERT(strlen(pq_status_name((enum pq_status)number)) > 0);
    FUZZ_ASSERT(strlen(pq_status_text((enum pq_status)number)) > 0);
}

/* Two generators of one seed agree, and stay below the limit that they are given. */
static void check_rand(uint64_t number)
{
    struct pq_rand a, b;
    pq_rand_init(&a, number);
    pq_rand_init(&b, number);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t got = pq_rand_below(&a, number > 0 ? number : 1);
        FUZZ_ASSERT(got < number || got == 0);
        FUZZ_ASSERT(got == pq_rand_below(&b, number > 0 ? number : 1));
    }
}

static void check_number(struct pq_slice text)
{
    uint8_t memory[PQ_U64_TEXT_MAX];
    uint64_t number = 7, zeros = 7;
    uint32_t narrow = 7;
    struct pq_buf out;
    enum pq_status status = pq_parse_u64(text, &number);
    FUZZ_ASSERT((status != PQ_STATUS_NOT_NUMBER) == plain_is_number(text));
    FUZZ_ASSERT(pq_parse_u32(text, &narrow) ==
                (status == PQ_STATUS_OK && number > UINT32_MAX ? PQ_STATUS_NUMBER_RANGE : status));
    FUZZ_ASSERT(narrow == 7 || narrow == number);
    if (status != PQ_STATUS_NOT_NUMBER)
        FUZZ_ASSERT(pq_parse_u64_zeros(text, &zeros) == status && zeros == number);
    if (status == PQ_STATUS_NUMBER_RANGE)
        FUZZ_ASSERT(number == 7 && text.len >= PQ_U64_TEXT_MAX);
    pq_buf_init(&out, memory, sizeof(memory));
    FUZZ_ASSERT(pq_buf_put_u64(&out, number));
    if (status != PQ_STATUS_OK)
        return;
    FUZZ_ASSERT(pq_slice_equal(pq_buf_slice(&out), text));
    check_names(number);
}

/* ---- base64 and hex -------------------------------------------------------------------------- */

/* A pair of functions, and what they refuse text with. */
struct coding {
    enum pq_status (*encode)(struct pq_slice data, struct pq_buf *out);
    enum pq_status (*decode)(struct pq_slice text, struct pq_buf *out);
    enum pq_status refusal;
    bool any_case; /* decodes letters in either case, encodes in lower case */
};

static const struct coding codings[] = {
    {pq_base64_encode, pq_base64_decode, PQ_STATUS_NOT_BASE64, false},
    {pq_hex_encode, pq_hex_decode, PQ_STATUS_NOT_HEX, true},
};

/* Runs one function with exactly the room that the result needs, and with one octet less. */
static void convert(enum pq_status (*run)(struct pq_slice in, struct pq_buf *out),
                    struct pq_slice in, struct pq_buf *out)
{
    struct pq_buf exact, less;
    FUZZ_ASSERT(run(in, out) == PQ_STATUS_OK);
    pq_buf_init(&exact, out->at, out->len);
    FUZZ_ASSERT(run(in, &exact) == PQ_STATUS_OK && exact.len == out->len);
    if (out->len == 0)
        return;
    pq_buf_init(&less, out->at, out->len - 1);
    FUZZ_ASSERT(run(in, &less) == PQ_STATUS_NO_ROOM && less.len == 0);
}

/* What can be said of a refused text without decoding it. */
static bool may_refuse(const struct coding *c, struct pq_slice text)
{
    if (c->any_case)
        return text.len % 2 != 0 || !plain_is_hex(text);
    return text.len % 4 != 0 || !plain_is_alnum_or(text, "+/");
}

static void check_text(const struct coding *c, struct pq_slice text)
{
    uint8_t data_memory[TEXT_MAX], text_memory[TEXT_MAX];
    struct pq_buf data, again;
    pq_buf_init(&data, data_memory, sizeof(data_memory));
    pq_buf_init(&again, text_memory, sizeof(text_memory));
    enum pq_status status = c->decode(text, &data);
    FUZZ_ASSERT(status == PQ_STATUS_OK || (status == c->refusal && data.len == 0));
    if (status != PQ_STATUS_OK) {
        FUZZ_ASSERT(may_refuse(c, text));
        return;
    }
    data.len = 0;
    convert(c->decode, text, &data);
    FUZZ_ASSERT(c->encode(pq_buf_slice(&data), &again) == PQ_STATUS_OK);
    FUZZ_ASSERT(c->any_case ? pq_slice_equal_nocase(pq_buf_slice(&again), text)
                            : pq_slice_equal(pq_buf_slice(&again), text));
}

static void check_data(const struct coding *c, struct pq_slice data)
{
    uint8_t text_memory[2 * TEXT_MAX], data_memory[TEXT_MAX];
    struct pq_buf text, again;
    pq_buf_init(&text, text_memory, sizeof(text_memory));
    pq_buf_init(&again, data_memory, sizeof(data_memory));
    convert(c->encode, data, &text);
    FUZZ_ASSERT(c->decode(pq_buf_slice(&text), &again) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_slice_equal(pq_buf_slice(&again), data));
}

/* ---- buffers --------------------------------------------------------------------------------- */

/* Holds `line` twice with `cut` octets dropped from its front, in both kinds of buffer. */
static void check_buffers(struct pq_slice line, size_t cut)
{
    uint8_t memory[2 * TEXT_MAX];
    struct pq_buf fixed;
    struct pq_bytes grown;
    size_t dropped = cut < line.len ? cut : line.len;
    pq_buf_init(&fixed, memory, sizeof(memory));
    pq_bytes_init(&grown, pq_alloc_default(), line.len);
    FUZZ_ASSERT(pq_buf_put(&fixed, line) && pq_bytes_put(&grown, line) == PQ_STATUS_OK);
    pq_buf_drop(&fixed, dropped);
    pq_bytes_drop(&grown, dropped);
    FUZZ_ASSERT(pq_slice_equal(pq_buf_slice(&fixed), pq_slice_after(line, dropped)));
    FUZZ_ASSERT(pq_slice_equal(pq_bytes_slice(&grown), pq_slice_after(line, dropped)));
    FUZZ_ASSERT(pq_bytes_put(&grown, pq_slice_first(line, dropped)) == PQ_STATUS_OK);
    FUZZ_ASSERT(pq_bytes_put_text(&grown, "x") == PQ_STATUS_NO_MEMORY && grown.len == line.len);
    pq_bytes_free(&grown);
}

/* An arena gives out as much as it may and no octet more. */
static void check_arena(struct pq_slice line, size_t cut)
{
    struct pq_arena arena;
    struct pq_alloc alloc = pq_alloc_default();
    alloc.block = 1;
    pq_arena_init(&arena, alloc, cut);
    struct pq_slice copy = pq_arena_copy(&arena, line);
    FUZZ_ASSERT((copy.at != NULL) == (line.len < cut));
    FUZZ_ASSERT(!copy.at || pq_slice_equal(copy, line));
    pq_arena_free(&arena);
}

static void check_line(struct pq_slice line, const struct coding *coding)
{
    check_number(line);
    FUZZ_ASSERT(pq_slice_is_utf8(line) == plain_is_utf8(line));
    check_text(coding, line);
    check_data(coding, line);
}

static void check_more(struct pq_slice line, size_t cut)
{
    struct pq_digest none;
    uint64_t number;
    check_rand(pq_parse_u64(line, &number) == PQ_STATUS_OK ? number : line.len);
    check_buffers(line, cut);
    check_arena(line, cut);
    FUZZ_ASSERT(pq_hash_pbkdf2(PQ_HASH_SHA256, line, line, 0, &none) == PQ_STATUS_CRYPTO);
}

static void check_base(struct pq_slice input, size_t cut)
{
    unsigned options = fuzz_options(input);
    for (struct pq_slice rest = input; rest.len > 0;) {
        struct pq_slice line = pq_slice_first(fuzz_line(&rest), TEXT_MAX);
        check_line(line, &codings[options & OPTION_HEX ? 1 : 0]);
        if (options & OPTION_MORE)
            check_more(line, cut);
    }
}

const struct fuzz_target fuzz_target = {.check = check_base, .has_cut = true, .cuts_max = 32};
