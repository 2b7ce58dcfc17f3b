/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints the dictionary of the fuzz targets, in the form that libFuzzer and AFL++ read, from the
 * tables of verbs, capabilities and mechanisms. With `--check FILE` it compares instead.
 */
#include <stdio.h>
#include <string.h>

#include "popquiz/capa.h"
#include "popquiz/sasl.h"
#include "popquiz/verb.h"

#define DICT_MAX (1u << 16)

/* What no table holds: line ends, replies, response codes (RFC 2449 section 8, RFC 3206, RFC 6856),
 * numbers at their limits, and what mechanisms say. */
static const struct pq_slice others[] = {
    PQ_SLICE_INIT("\r\n"),
    PQ_SLICE_INIT("\r\n.\r\n"),
    PQ_SLICE_INIT("."),
    PQ_SLICE_INIT(".."),
    PQ_SLICE_INIT("\r"),
    PQ_SLICE_INIT("\n"),
    PQ_SLICE_INIT("\t"),
    PQ_SLICE_INIT("\0"),
    PQ_SLICE_INIT("\xC3\xA9"),
    PQ_SLICE_INIT("+OK "),
    PQ_SLICE_INIT("+OK\r\n"),
    PQ_SLICE_INIT("-ERR "),
    PQ_SLICE_INIT("-ERR\r\n"),
    PQ_SLICE_INIT("+ "),
    PQ_SLICE_INIT("+ \r\n"),
    PQ_SLICE_INIT("[IN-USE] "),
    PQ_SLICE_INIT("[LOGIN-DELAY] "),
    PQ_SLICE_INIT("[SYS/TEMP] "),
    PQ_SLICE_INIT("[SYS/PERM] "),
    PQ_SLICE_INIT("[AUTH] "),
    PQ_SLICE_INIT("[UTF8] "),
    PQ_SLICE_INIT(" NEVER"),
    PQ_SLICE_INIT(" USER"),
    PQ_SLICE_INIT(" 0"),
    PQ_SLICE_INIT(" 01"),
    PQ_SLICE_INIT(" -1"),
    PQ_SLICE_INIT(" 2147483647"),
    PQ_SLICE_INIT(" 2147483648"),
    PQ_SLICE_INIT(" 4294967296"),
    PQ_SLICE_INIT(" 18446744073709551615"),
    PQ_SLICE_INIT(" 18446744073709551616"),
    PQ_SLICE_INIT(" ="),
    PQ_SLICE_INIT("*\r\n"),
    PQ_SLICE_INIT("<1896.697170952@dbc.mtview.ca.us>"),
    PQ_SLICE_INIT("n,,n="),
    PQ_SLICE_INIT("y,,n="),
    PQ_SLICE_INIT("p=tls-unique,,n="),
    PQ_SLICE_INIT(",r="),
    PQ_SLICE_INIT(",s="),
    PQ_SLICE_INIT(",i=1"),
    PQ_SLICE_INIT("c=biws,r="),
    PQ_SLICE_INIT(",p="),
    PQ_SLICE_INIT("v="),
    PQ_SLICE_INIT("e="),
    PQ_SLICE_INIT("=2C"),
    PQ_SLICE_INIT("=3D"),
    PQ_SLICE_INIT("user="),
    PQ_SLICE_INIT("\x01"
                  "auth=Bearer "),
};

static void put_word(struct pq_buf *out, struct pq_slice word)
{
    pq_buf_put_text(out, "\"");
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.at[i];
        if (pq_ascii_is_printable(c) && c != '"' && c != '\\') {
            pq_buf_put_octet(out, c);
            continue;
        }
        pq_buf_put_text(out, "\\x");
        if (pq_hex_encode(pq_slice_of(&c, 1), out) != PQ_STATUS_OK)
            out->overflowed = true;
    }
    pq_buf_put_text(out, "\"\n");
}

/* The keyword as a line, or with the blank that its arguments follow. */
static void put_verb(struct pq_buf *out, const struct pq_verb_row *row)
{
    uint8_t memory[32];
    struct pq_buf line;
    pq_buf_init(&line, memory, sizeof(memory));
    pq_buf_put(&line, row->name);
    pq_buf_put_text(&line, row->allowed > 0 ? " " : "\r\n");
    put_word(out, pq_buf_slice(&line));
}

static void put_all(struct pq_buf *out)
{
    pq_buf_put_text(out, "# Made by harness/make_dict.c from the tables of verbs, capabilities and "
                         "mechanisms: not to be edited.\n");
    for (int v = PQ_VERB_UNKNOWN + 1; v < PQ_VERB_COUNT; v++) {
        put_word(out, pq_verb_row((enum pq_verb)v)->name);
        put_verb(out, pq_verb_row((enum pq_verb)v));
    }
    for (int t = PQ_CAPA_OTHER + 1; t < PQ_CAPA_COUNT; t++)
        if (pq_verb_of(pq_capability_row((enum pq_capability_tag)t)->text) == PQ_VERB_UNKNOWN)
            put_word(out, pq_capability_row((enum pq_capability_tag)t)->text);
    for (int m = PQ_MECHANISM_UNKNOWN + 1; m < PQ_MECHANISM_COUNT; m++)
        put_word(out, pq_mechanism_row((enum pq_mechanism)m)->name);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        put_word(out, others[i]);
}

static int compare(const char *path, struct pq_slice want)
{
    static uint8_t got[DICT_MAX];
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(got, 1, sizeof(got), file) : 0;
    if (file)
        (void)fclose(file);
    if (file && pq_slice_equal(pq_slice_of(got, len), want))
        return 0;
    (void)fprintf(stderr, "%s is not what the tables say: write it again with make_dict > FILE\n",
                  path);
    return 1;
}

int main(int argc, char **argv)
{
    static uint8_t memory[DICT_MAX];
    struct pq_buf out;
    pq_buf_init(&out, memory, sizeof(memory));
    put_all(&out);
    if (out.overflowed) {
        (void)fprintf(stderr, "make_dict: the dictionary is larger than %u octets\n", DICT_MAX);
        return 1;
    }
    if (argc == 3 && strcmp(argv[1], "--check") == 0)
        return compare(argv[2], pq_buf_slice(&out));
    if (argc != 1) {
        (void)fprintf(stderr, "usage: %s [--check FILE]\n", argv[0]);
        return 2;
    }
    return fwrite(out.at, 1, out.len, stdout) == out.len ? 0 : 1;
}
