/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints a dictionary for fuzz targets, in the form that libFuzzer and AFL++ read, from the tables:
 * "pop3" from those of verbs, capabilities and mechanisms, "dialogue" from the words of the
 * language. With `--check FILE` it compares instead.
 */
#include <stdio.h>
#include <string.h>

#include "dialogue/vocab.h"
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

static void put_pop3(struct pq_buf *out)
{
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

/* ---- the language of dialogues --------------------------------------------------------------- */

/* What no table holds: the frame of a file, forms of steps, escapes, operators. */
static const struct pq_slice frame[] = {
    PQ_SLICE_INIT("#!dlg 1\n"),
    PQ_SLICE_INIT("---\n"),
    PQ_SLICE_INIT("[given]\n"),
    PQ_SLICE_INIT("[test]\n"),
    PQ_SLICE_INIT("[after]\n"),
    PQ_SLICE_INIT("[message m]\n"),
    PQ_SLICE_INIT("\nC: "),
    PQ_SLICE_INIT("\nS: "),
    PQ_SLICE_INIT("\nC! "),
    PQ_SLICE_INIT("\nS! "),
    PQ_SLICE_INIT("\nS~ "),
    PQ_SLICE_INIT("\nS| "),
    PQ_SLICE_INIT("\nS*"),
    PQ_SLICE_INIT("\nS.\n"),
    PQ_SLICE_INIT("\nC2: "),
    PQ_SLICE_INIT("\n| "),
    PQ_SLICE_INIT("\n@end\n"),
    PQ_SLICE_INIT("{*}"),
    PQ_SLICE_INIT("{*?}"),
    PQ_SLICE_INIT("{= "),
    PQ_SLICE_INIT("\\|"),
    PQ_SLICE_INIT("\\r\\n"),
    PQ_SLICE_INIT("\\x00"),
    PQ_SLICE_INIT("\\s"),
    PQ_SLICE_INIT("(?<n>"),
    PQ_SLICE_INIT(" and "),
    PQ_SLICE_INIT(" or "),
    PQ_SLICE_INIT("not "),
    PQ_SLICE_INIT(" == "),
    PQ_SLICE_INIT("m[1].octets"),
    PQ_SLICE_INIT("9223372036854775807"),
};

/* A word with what stands around it. */
static void put_form(struct pq_buf *out, const char *before, struct pq_slice word,
                     const char *after)
{
    uint8_t memory[64];
    struct pq_buf form;
    pq_buf_init(&form, memory, sizeof(memory));
    pq_buf_put_text(&form, before);
    pq_buf_put(&form, word);
    pq_buf_put_text(&form, after);
    put_word(out, pq_buf_slice(&form));
}

static void put_words(struct pq_buf *out, const struct pq_dlg_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        put_word(out, words->at[i]);
}

static void put_dialogue(struct pq_buf *out)
{
    const struct pq_dlg_words *const sets[] = {&pq_dlg_kinds,    &pq_dlg_states, &pq_dlg_roles,
                                               &pq_dlg_verdicts, &pq_dlg_levels, &pq_dlg_cuts,
                                               &pq_dlg_versions, &pq_dlg_events, &pq_dlg_milestones,
                                               &pq_dlg_hellos,   &pq_dlg_records};
    for (int k = 0; k < PQ_DLG_KEY_COUNT; k++)
        put_form(out, "\n", pq_dlg_key_row((enum pq_dlg_key)k)->name, ": ");
    for (size_t i = 0; pq_dlg_need_row(i); i++)
        put_word(out, pq_dlg_need_row(i)->name);
    for (int d = 0; d < PQ_DLG_DO_AXIS; d++)
        put_form(out, "\n@", pq_dlg_do_name((enum pq_dlg_do)d), " ");
    for (int t = 0; t < PQ_DLG_TYPE_COUNT; t++)
        put_form(out, "{n:", pq_dlg_type_row((enum pq_dlg_type)t)->name, "}");
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        put_words(out, sets[i]);
    for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++)
        put_word(out, frame[i]);
}

/* ---- the program ----------------------------------------------------------------------------- */

static const struct dictionary {
    const char *name;
    void (*put)(struct pq_buf *out);
} dictionaries[] = {{"pop3", put_pop3}, {"dialogue", put_dialogue}};

static const struct dictionary *find_dictionary(const char *name)
{
    for (size_t i = 0; i < sizeof(dictionaries) / sizeof(dictionaries[0]); i++)
        if (strcmp(dictionaries[i].name, name) == 0)
            return &dictionaries[i];
    return NULL;
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
    (void)fprintf(stderr, "%s is not what the tables say: write it again with make_dict\n", path);
    return 1;
}

int main(int argc, char **argv)
{
    static uint8_t memory[DICT_MAX];
    struct pq_buf out;
    const struct dictionary *d = argc > 1 ? find_dictionary(argv[1]) : NULL;
    bool check = argc == 4 && strcmp(argv[2], "--check") == 0;
    if (!d || (argc != 2 && !check)) {
        (void)fprintf(stderr, "usage: %s pop3|dialogue [--check FILE]\n", argv[0]);
        return 2;
    }
    pq_buf_init(&out, memory, sizeof(memory));
    pq_buf_put_text(&out, "# Made by harness/make_dict.c from tables: not to be edited.\n");
    d->put(&out);
    if (out.overflowed) {
        (void)fprintf(stderr, "make_dict: the dictionary is larger than %u octets\n", DICT_MAX);
        return 1;
    }
    if (check)
        return compare(argv[3], pq_buf_slice(&out));
    return fwrite(out.at, 1, out.len, stdout) == out.len ? 0 : 1;
}
