/* SPDX-License-Identifier: Apache-2.0
 *
 * Invariant: a line of the capability list is accepted exactly when a grammar that is written here
 * once more has it; what was accepted and written is read again as the same. Each line of the input
 * is one.
 */
#include "harness/plain.h"
#include "harness/support.h"

#include "popquiz/capa.h"

#define LINE_MAX 1024u

/* RFC 2449 section 6, RFC 2595 section 4, RFC 3206 section 6, RFC 6856 sections 2 and 3: what may
 * stand behind the tag. A letter is a parameter: n a number, N a number or NEVER, u the word USER,
 * m one mechanism or more, w one word or more; from ? on they may be left out. */
static const struct grammar {
    const char *tag, *params;
} grammar[] = {
    {"TOP", ""},        {"USER", ""},           {"SASL", "m"},
    {"RESP-CODES", ""}, {"LOGIN-DELAY", "n?u"}, {"PIPELINING", ""},
    {"EXPIRE", "N?u"},  {"UIDL", ""},           {"IMPLEMENTATION", "w"},
    {"STLS", ""},       {"AUTH-RESP-CODE", ""}, {"UTF8", "?u"},
    {"LANG", ""},
};

static bool is_64_bit_number(struct pq_slice s)
{
    uint64_t value;
    return pq_parse_u64(s, &value) == PQ_STATUS_OK;
}

static bool is_param(char kind, struct pq_slice s)
{
    if (kind == 'n')
        return is_64_bit_number(s);
    if (kind == 'N')
        return is_64_bit_number(s) || plain_is_word(s, "NEVER");
    if (kind == 'u')
        return plain_is_word(s, "USER");
    if (kind == 'm')
        return s.len >= 1 && s.len <= 20 && plain_is_alnum_or(s, "-_");
    return s.len > 0 && plain_is_within(s, 0x21, 0x7E);
}

static bool are_params(const char *kinds, struct pq_slice rest, bool more)
{
    bool optional = false;
    struct pq_slice param;
    for (; *kinds != 0 && (more || *kinds == '?'); kinds++) {
        bool many = *kinds == 'm' || *kinds == 'w';
        if (*kinds == '?') {
            optional = true;
            continue;
        }
        do {
            more = plain_word(&rest, &param);
            if (!is_param(*kinds, param))
                return false;
        } while (many && more);
    }
    return !more && (*kinds == 0 || optional);
}

static bool follows_grammar(struct pq_slice line)
{
    struct pq_slice tag, rest = line;
    bool more = plain_word(&rest, &tag);
    for (size_t i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++)
        if (plain_is_word(tag, grammar[i].tag))
            return are_params(grammar[i].params, rest, more);
    /* RFC 2449 section 5: a tag has no dot, so that no line of the list can be the terminator. */
    bool is_tag = tag.len > 0 && plain_is_within(tag, 0x21, 0x7E);
    for (size_t i = 0; i < tag.len; i++)
        is_tag = is_tag && tag.at[i] != '.';
    return is_tag && are_params("?w", rest, more);
}

static void check_written(const struct pq_capability *c)
{
    uint8_t memory[LINE_MAX + 2];
    struct pq_buf out;
    struct pq_capability again;
    pq_buf_init(&out, memory, sizeof(memory));
    FUZZ_ASSERT(pq_capability_write(c, &out) == PQ_STATUS_OK);
    struct pq_slice rest = pq_buf_slice(&out), written = fuzz_line(&rest);
    FUZZ_ASSERT(rest.len == 0 && written.len + 2 == out.len);
    FUZZ_ASSERT(pq_capability_parse(written, &again) == PQ_STATUS_OK);
    FUZZ_ASSERT(again.tag == c->tag && pq_slice_equal(again.params, c->params));
    FUZZ_ASSERT(pq_slice_equal_nocase(again.name, c->name));
}

/* Writes with little room: the same, or nothing. */
static void check_room(const struct pq_capability *c, size_t room)
{
    uint8_t memory[LINE_MAX + 2];
    struct pq_buf out;
    pq_buf_init(&out, memory, room < sizeof(memory) ? room : sizeof(memory));
    enum pq_status status = pq_capability_write(c, &out);
    FUZZ_ASSERT(status == PQ_STATUS_OK || (status == PQ_STATUS_NO_ROOM && out.len == 0));
}

static void check_params(const struct pq_capability *c)
{
    struct pq_slice rest = c->params;
    while (rest.len > 0) {
        struct pq_slice param = pq_capability_param(&rest);
        FUZZ_ASSERT(param.len > 0 && fuzz_is_within(param, c->params));
    }
}

static void check_line(struct pq_slice line, size_t room)
{
    struct pq_capability c;
    bool good = pq_capability_parse(line, &c) == PQ_STATUS_OK;
    FUZZ_ASSERT(good == follows_grammar(line));
    if (!good)
        return;
    FUZZ_ASSERT(fuzz_is_within(c.name, line) && fuzz_is_within(c.params, line));
    FUZZ_ASSERT(c.tag == PQ_CAPA_OTHER ||
                pq_slice_equal_nocase(c.name, pq_capability_row(c.tag)->text));
    check_params(&c);
    check_written(&c);
    check_room(&c, room);
}

static void check_capa(struct pq_slice input, size_t cut)
{
    for (struct pq_slice rest = input; rest.len > 0;)
        check_line(pq_slice_first(fuzz_line(&rest), LINE_MAX), cut);
}

const struct fuzz_target fuzz_target = {.check = check_capa, .has_cut = true, .cuts_max = 32};
