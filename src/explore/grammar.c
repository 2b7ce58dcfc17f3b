/* SPDX-License-Identifier: Apache-2.0 */
#include "explore/grammar.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t below(struct pq_grammar *g, uint64_t n)
{
    return pq_rand_below(&g->rand, n);
}

bool pq_grammar_chance(struct pq_grammar *g, unsigned percent)
{
    return below(g, 100) < percent;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static void put_word(struct pq_buf *out, const struct pq_slice *words, uint64_t index)
{
    (void)pq_buf_put(out, words[index]);
}

/* The number of a message that is probably there; often one of the first, so that what happens to a
 * message meets what happened to it before. */
static void put_message(struct pq_grammar *g, struct pq_buf *out)
{
    unsigned few = g->messages < 3 || pq_grammar_chance(g, 50) ? 3 : g->messages;
    (void)pq_buf_put_u64(out, 1 + below(g, few));
}

static void put_lines(struct pq_grammar *g, struct pq_buf *out)
{
    static const struct pq_slice words[] = {PQ_SLICE_INIT("0"),  PQ_SLICE_INIT("1"),
                                            PQ_SLICE_INIT("2"),  PQ_SLICE_INIT("3"),
                                            PQ_SLICE_INIT("10"), PQ_SLICE_INIT("100000")};
    put_word(out, words, below(g, COUNT(words)));
}

static void put_mechanism(struct pq_grammar *g, struct pq_buf *out)
{
    static const struct pq_slice words[] = {PQ_SLICE_INIT("PLAIN"), PQ_SLICE_INIT("CRAM-MD5"),
                                            PQ_SLICE_INIT("LOGIN"), PQ_SLICE_INIT("X-UNKNOWN"),
                                            PQ_SLICE_INIT("SCRAM-SHA-256")};
    put_word(out, words, below(g, COUNT(words)));
}

static void put_name(struct pq_grammar *g, struct pq_buf *out)
{
    static const struct pq_slice words[] = {PQ_SLICE_INIT("nobody"), PQ_SLICE_INIT("a"),
                                            PQ_SLICE_INIT("user@example.com"),
                                            PQ_SLICE_INIT("%s%s"), PQ_SLICE_INIT("../x")};
    put_word(out, words, below(g, COUNT(words)));
}

static void put_range(struct pq_grammar *g, struct pq_buf *out)
{
    static const struct pq_slice words[] = {PQ_SLICE_INIT("*"), PQ_SLICE_INIT("en"),
                                            PQ_SLICE_INIT("i-default"), PQ_SLICE_INIT("tlh")};
    put_word(out, words, below(g, COUNT(words)));
}

static void put_argument(struct pq_grammar *g, enum pq_argument argument, struct pq_buf *out)
{
    switch (argument) {
    case PQ_ARG_NONE:
        break;
    case PQ_ARG_MESSAGE:
        put_message(g, out);
        break;
    case PQ_ARG_LINES:
        put_lines(g, out);
        break;
    case PQ_ARG_NAME:
        put_name(g, out);
        break;
    case PQ_ARG_PASSWORD:
        (void)pq_buf_put_text(out, "wrong password");
        break;
    case PQ_ARG_DIGEST:
        (void)pq_buf_put_text(out, "c4c9334bac560ecc979e58001b3e22fb");
        break;
    case PQ_ARG_MECHANISM:
        put_mechanism(g, out);
        break;
    case PQ_ARG_INITIAL:
        (void)pq_buf_put_octet(out, '=');
        break;
    case PQ_ARG_RANGE:
        put_range(g, out);
        break;
    }
}

/* Numbers at which a reader of numbers goes wrong. */
static void put_border_number(struct pq_grammar *g, struct pq_buf *out)
{
    static const struct pq_slice words[] = {
        PQ_SLICE_INIT("0"),
        PQ_SLICE_INIT("-1"),
        PQ_SLICE_INIT("+1"),
        PQ_SLICE_INIT("01"),
        PQ_SLICE_INIT("0000000001"),
        PQ_SLICE_INIT("1x"),
        PQ_SLICE_INIT("0x1"),
        PQ_SLICE_INIT("1.0"),
        PQ_SLICE_INIT("1,2"),
        PQ_SLICE_INIT("1-2"),
        PQ_SLICE_INIT("*"),
        PQ_SLICE_INIT("65536"),
        PQ_SLICE_INIT("65537"),
        PQ_SLICE_INIT("2147483647"),
        PQ_SLICE_INIT("2147483648"),
        PQ_SLICE_INIT("4294967295"),
        PQ_SLICE_INIT("4294967296"),
        PQ_SLICE_INIT("4294967297"),
        PQ_SLICE_INIT("9223372036854775807"),
        PQ_SLICE_INIT("18446744073709551615"),
        PQ_SLICE_INIT("18446744073709551617"),
        PQ_SLICE_INIT("99999999999999999999999999"),
    };
    if (pq_grammar_chance(g, 30))
        (void)pq_buf_put_u64(out, (uint64_t)g->messages + below(g, 3));
    else
        put_word(out, words, below(g, COUNT(words)));
}

static void put_border(struct pq_grammar *g, enum pq_argument argument, struct pq_buf *out)
{
    if (argument == PQ_ARG_MESSAGE || argument == PQ_ARG_LINES)
        put_border_number(g, out);
    else
        put_argument(g, argument, out);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* How many arguments: those that must be there, and sometimes those that may. */
static size_t draw_count(struct pq_grammar *g, const struct pq_verb_row *row)
{
    size_t count = row->required;
    if (row->allowed > row->required)
        count += (size_t)below(g, (uint64_t)(row->allowed - row->required) + 1);
    return count;
}

typedef void put_function(struct pq_grammar *g, enum pq_argument argument, struct pq_buf *out);

static void put_command(struct pq_grammar *g, enum pq_verb verb, put_function *put,
                        struct pq_buf *out)
{
    const struct pq_verb_row *row = pq_verb_row(verb);
    size_t count = draw_count(g, row);
    (void)pq_buf_put(out, row->name);
    for (size_t i = 0; i < count; i++) {
        (void)pq_buf_put_octet(out, ' ');
        put(g, row->args[i], out);
    }
    (void)pq_buf_put_text(out, "\r\n");
}

void pq_grammar_command(struct pq_grammar *g, enum pq_verb verb, struct pq_buf *out)
{
    put_command(g, verb, put_argument, out);
}

void pq_grammar_border(struct pq_grammar *g, enum pq_verb verb, struct pq_buf *out)
{
    put_command(g, verb, put_border, out);
}

/* ---- bending --------------------------------------------------------------------------------- */

/* Puts octets in front of what stands at `at`. */
static void insert(struct pq_buf *out, size_t at, struct pq_slice octets)
{
    size_t before = out->len;
    if (!pq_buf_put(out, octets))
        return;
    memmove(out->at + at + octets.len, out->at + at, before - at);
    memcpy(out->at + at, octets.at, octets.len);
}

static void drop_line_end(struct pq_buf *out)
{
    if (out->len >= 2)
        out->len -= 2;
}

static void bend_case(struct pq_grammar *g, size_t start, struct pq_buf *out)
{
    for (size_t i = start; i < out->len; i++)
        if (below(g, 2) == 0)
            out->at[i] = pq_ascii_lower(out->at[i]);
}

static void bend_blanks(struct pq_grammar *g, size_t start, struct pq_buf *out)
{
    static const struct pq_slice blanks[] = {PQ_SLICE_INIT(" "), PQ_SLICE_INIT("  "),
                                             PQ_SLICE_INIT("\t")};
    size_t places = out->len - start - 1;
    insert(out, start + (size_t)below(g, places), blanks[below(g, COUNT(blanks))]);
}

static void bend_line_end(struct pq_grammar *g, size_t start, struct pq_buf *out)
{
    static const struct pq_slice ends[] = {PQ_SLICE_INIT("\nNOOP\r\n"), PQ_SLICE_INIT("\rNOOP\r\n"),
                                           PQ_SLICE_INIT("\r\r\n"), PQ_SLICE_INIT("\r\0\r\n")};
    (void)start;
    drop_line_end(out);
    (void)pq_buf_put(out, ends[below(g, COUNT(ends))]);
}

static void bend_octet(struct pq_grammar *g, size_t start, struct pq_buf *out)
{
    out->at[start + (size_t)below(g, out->len - start - 2)] = (uint8_t)below(g, 256);
}

static void bend_less(struct pq_grammar *g, size_t start, struct pq_buf *out)
{
    size_t cut = 1 + (size_t)below(g, out->len - start - 2);
    out->len = start + cut;
    (void)pq_buf_put_text(out, "\r\n");
}

static void bend_more(struct pq_grammar *g, size_t start, struct pq_buf *out)
{
    static const struct pq_slice words[] = {PQ_SLICE_INIT(" 1"), PQ_SLICE_INIT(" x"),
                                            PQ_SLICE_INIT(" 1 1 1"), PQ_SLICE_INIT("X")};
    (void)start;
    drop_line_end(out);
    (void)pq_buf_put(out, words[below(g, COUNT(words))]);
    (void)pq_buf_put_text(out, "\r\n");
}

/* Lengths around which servers have their limits: RFC 1939 section 3 and RFC 2449 section 4. */
static void bend_length(struct pq_grammar *g, size_t start, struct pq_buf *out)
{
    static const uint16_t lengths[] = {254, 255, 256, 257, 512, 513, 1025, 2049};
    size_t length = lengths[below(g, COUNT(lengths))];
    drop_line_end(out);
    if (out->len - start < length - 2)
        (void)pq_buf_put_octet(out, ' ');
    while (out->len - start < length - 2)
        if (!pq_buf_put_octet(out, 'a'))
            break;
    (void)pq_buf_put_text(out, "\r\n");
}

void pq_grammar_bend(struct pq_grammar *g, size_t start, struct pq_buf *out)
{
    typedef void bend_function(struct pq_grammar *, size_t, struct pq_buf *);
    static bend_function *const ways[] = {bend_case,  bend_case, bend_blanks, bend_line_end,
                                          bend_octet, bend_less, bend_more,   bend_length};
    if (out->len - start > 3)
        ways[below(g, COUNT(ways))](g, start, out);
}

/* ---- garbage --------------------------------------------------------------------------------- */

void pq_grammar_garbage(struct pq_grammar *g, struct pq_buf *out)
{
    static const struct pq_slice words[] = {
        PQ_SLICE_INIT(""),     PQ_SLICE_INIT(" "),        PQ_SLICE_INIT("."),
        PQ_SLICE_INIT("XTND"), PQ_SLICE_INIT("Host: a"),  PQ_SLICE_INIT("EHLO a"),
        PQ_SLICE_INIT("+OK"),  PQ_SLICE_INIT("%s%n%s%n"), PQ_SLICE_INIT("HELP"),
        PQ_SLICE_INIT("LAST"), PQ_SLICE_INIT("LISTUIDL"), PQ_SLICE_INIT("RETRIEVE 1"),
    };
    if (pq_grammar_chance(g, 60)) {
        put_word(out, words, below(g, COUNT(words)));
    } else {
        for (uint64_t n = below(g, 40); n > 0; n--)
            (void)pq_buf_put_octet(out, (uint8_t)below(g, 256));
    }
    (void)pq_buf_put_text(out, "\r\n");
}
