/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: a number, base64 or hex that is accepted is, written again, octet for octet what was
 * read, and nothing canonical is refused; any octets survive encoding and decoding; UTF-8 is what a
 * plain decoder accepts. Each line of the input is read as each of them; an option chooses between
 * base64 and hex.
 */
#include "harness/plain.h"
#include "harness/support.h"

#define TEXT_MAX 1024u
#define OPTION_HEX 1u

/* ---- numbers --------------------------------------------------------------------------------- */

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
    if (status == PQ_STATUS_OK)
        FUZZ_ASSERT(pq_slice_equal(pq_buf_slice(&out), text));
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

static void check_base(struct pq_slice input, size_t cut)
{
    (void)cut;
    const struct coding *coding = &codings[fuzz_options(input) & OPTION_HEX ? 1 : 0];
    for (struct pq_slice rest = input; rest.len > 0;) {
        struct pq_slice line = pq_slice_first(fuzz_line(&rest), TEXT_MAX);
        check_number(line);
        FUZZ_ASSERT(pq_slice_is_utf8(line) == plain_is_utf8(line));
        check_text(coding, line);
        check_data(coding, line);
    }
}

const struct fuzz_target fuzz_target = {.check = check_base};
