/* SPDX-License-Identifier: Apache-2.0
 * The tables of FORMAT.md are those of the code. When one differs, this prints what it should be.
 */
#define _DEFAULT_SOURCE
#include "dialogue/testing.h"

#include "dialogue/expr.h"
#include "dialogue/regex.h"
#include "dialogue/seed.h"
#include "dialogue/vocab.h"

/* ---- writing --------------------------------------------------------------------------------- */

static void put(struct pq_bytes *b, const char *text)
{
    assert_int_equal(pq_bytes_put_text(b, text), PQ_STATUS_OK);
}

static void put_slice(struct pq_bytes *b, struct pq_slice s)
{
    assert_int_equal(pq_bytes_put(b, s), PQ_STATUS_OK);
}

static void put_words(struct pq_bytes *b, const struct pq_dlg_words *words, const char *between)
{
    for (size_t i = 0; i < words->count; i++) {
        put(b, i > 0 ? between : "");
        put_slice(b, words->at[i]);
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void write_keys(struct pq_bytes *b)
{
    static const char *const forms[] = {
        [PQ_DLG_VALUE_TEXT] = "text",
        [PQ_DLG_VALUE_ID] = "an id",
        [PQ_DLG_VALUE_COUNT] = "a number from 1",
        [PQ_DLG_VALUE_TIME] = "TIME",
        [PQ_DLG_VALUE_NAMES] = "names",
        [PQ_DLG_VALUE_REQUIREMENTS] = "ids of requirements",
        [PQ_DLG_VALUE_NEEDS] = "needs",
        [PQ_DLG_VALUE_AXIS] = "an axis",
        [PQ_DLG_VALUE_SHA256] = "64 hexadecimal digits, lower case",
    };
    put(b, "| key | value | in | what it says |\n|---|---|---|---|\n");
    for (int key = 0; key < PQ_DLG_KEY_COUNT; key++) {
        const struct pq_dlg_key_row *row = pq_dlg_key_row((enum pq_dlg_key)key);
        put(b, "| `");
        put_slice(b, row->name);
        put(b, "` | ");
        if (row->words)
            put_words(b, row->words, ", ");
        else
            put(b, forms[row->form]);
        put(b, row->crash_only ? " | crash files | " : " | all files | ");
        put(b, row->help);
        put(b, " |\n");
    }
}

static void write_needs(struct pq_bytes *b)
{
    static const char *const forms[] = {"", ">=NUMBER", "(WORD,...)"};
    const struct pq_dlg_need_row *row;
    put(b, "| need | what it asks for |\n|---|---|\n");
    for (size_t i = 0; (row = pq_dlg_need_row(i)) != NULL; i++) {
        put(b, "| `");
        put_slice(b, row->name);
        put(b, forms[row->form]);
        put(b, "` | ");
        put(b, row->help);
        put(b, " |\n");
    }
}

static void write_types(struct pq_bytes *b)
{
    put(b, "| type | matches | sent when nothing is known |\n|---|---|---|\n");
    for (int type = 0; type < PQ_DLG_TYPE_COUNT; type++) {
        const struct pq_dlg_type_row *row = pq_dlg_type_row((enum pq_dlg_type)type);
        put(b, "| `");
        put_slice(b, row->name);
        put(b, "` | ");
        put(b, row->help);
        put(b, row->emit.len > 0 ? " | `" : " | nothing");
        put_slice(b, row->emit);
        put(b, row->emit.len > 0 ? "` |\n" : " |\n");
    }
}

static void write_functions(struct pq_bytes *b)
{
    const struct pq_function_row *row;
    put(b, "| function | gives |\n|---|---|\n");
    for (size_t i = 0; (row = pq_function_row(i)) != NULL; i++) {
        put(b, "| `");
        put(b, row->signature);
        put(b, "` | ");
        put(b, row->help);
        put(b, " |\n");
    }
}

static void put_param_value(struct pq_bytes *b, const struct pq_dlg_param_row *param)
{
    static const char *const forms[] = {[PQ_DLG_PARAM_LABEL] = "NAME",
                                        [PQ_DLG_PARAM_STRING] = "STRING",
                                        [PQ_DLG_PARAM_TIME] = "TIME",
                                        [PQ_DLG_PARAM_COUNT] = "NUMBER",
                                        [PQ_DLG_PARAM_SHARE] = "SHARE"};
    put_slice(b, param->name);
    put(b, "=");
    if (param->words)
        put_words(b, param->words, "/");
    else
        put(b, forms[param->form]);
}

static void put_param(struct pq_bytes *b, enum pq_dlg_times times,
                      const struct pq_dlg_param_row *param)
{
    put(b, times == PQ_DLG_MAYBE ? " [" : " ");
    if (param->shape == PQ_DLG_SHAPE_KEYED) {
        put_param_value(b, param);
    } else {
        put(b, param->shape == PQ_DLG_SHAPE_ARROW   ? "-> "
               : param->shape == PQ_DLG_SHAPE_COLON ? ": "
                                                    : "");
        put_slice(b, param->name);
    }
    put(b, times == PQ_DLG_SOME ? "..." : times == PQ_DLG_MAYBE ? "]" : "");
}

static void put_places(struct pq_bytes *b, unsigned places)
{
    static const struct {
        unsigned place;
        const char *text;
    } texts[] = {
        {PQ_DLG_IN_FLOW, "flow"},    {PQ_DLG_IN_TOP, "section"}, {PQ_DLG_IN_MATCH, "@match"},
        {PQ_DLG_IN_RACE, "@race"},   {PQ_DLG_IN_ON, "@on"},      {PQ_DLG_BEHIND_IF, "@if"},
        {PQ_DLG_IN_BATCH, "@batch"},
    };
    bool first = true;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!(places & texts[i].place))
            continue;
        put(b, first ? "" : ", ");
        put(b, texts[i].text);
        first = false;
    }
}

static void write_directives(struct pq_bytes *b)
{
    put(b, "| directive | in | roles | what it does |\n|---|---|---|---|\n");
    for (int what = 0; what < PQ_DLG_DO_COUNT; what++) {
        const struct pq_dlg_do_row *row = pq_dlg_do_row((enum pq_dlg_do)what);
        bool client = row->roles & 1u << PQ_DLG_ROLE_CLIENT;
        bool server = row->roles & 1u << PQ_DLG_ROLE_SERVER;
        put(b, "| `@");
        put_slice(b, pq_dlg_do_name((enum pq_dlg_do)what));
        for (size_t i = 0; row->params[i].times != PQ_DLG_NONE; i++)
            put_param(b, row->params[i].times, pq_dlg_param_row(row->params[i].param));
        put(b, row->opens ? "` ... | " : "` | ");
        put_places(b, row->places);
        put(b, client && server ? " | both | " : client ? " | client | " : " | server | ");
        put(b, row->help);
        put(b, " |\n");
    }
}

static void write_sets(struct pq_bytes *b)
{
    static const struct {
        const char *name;
        const struct pq_dlg_words *words;
    } sets[] = {
        {"VERDICT", &pq_dlg_verdicts},
        {"LEVEL", &pq_dlg_levels},
        {"CUT", &pq_dlg_cuts},
        {"EVENT", &pq_dlg_events},
        {"built-in names", &pq_dlg_builtins},
        {"fields of m[n]", &pq_dlg_fields},
    };
    put(b, "| set | words |\n|---|---|\n");
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        put(b, "| ");
        put(b, sets[i].name);
        put(b, " | `");
        put_words(b, sets[i].words, "` `");
        put(b, "` |\n");
    }
}

static void write_limits(struct pq_bytes *b)
{
    static const struct {
        const char *what;
        size_t number;
    } limits[] = {
        {"octets of a file", PQ_DLG_TEXT_MAX},
        {"steps and directives of a file", PQ_DLG_STEPS_MAX},
        {"sections of a file", PQ_DLG_SECTIONS_MAX},
        {"octets of memory for its tree", PQ_DLG_MEMORY_MAX},
        {"blocks inside each other", PQ_DLG_NESTING_MAX},
        {"cases of a @match", PQ_DLG_CASES_MAX},
        {"octets of a message", PQ_DLG_MESSAGE_MAX},
        {"octets of a name", PQ_DLG_NAME_MAX},
        {"words of a list", PQ_DLG_WORDS_MAX},
        {"names that a line may bind", PQ_DLG_CAPTURES_MAX},
        {"connections", PQ_DLG_CONN_MAX},
        {"axes of a matrix", PQ_DLG_AXES_MAX},
        {"values of an axis", PQ_DLG_AXIS_VALUES_MAX},
        {"rows of a matrix", PQ_DLG_ROWS_MAX},
        {"milliseconds of a TIME", PQ_DLG_TIME_MAX_MS},
        {"lines of `S*`", PQ_DLG_LINES_MAX},
        {"problems that are told", PQ_DLG_PROBLEMS_MAX},
        {"operations of an expression", PQ_EXPR_OPS_MAX},
        {"values or open brackets of an expression at one time", PQ_EXPR_DEPTH_MAX},
        {"octets of a value", PQ_VALUE_OCTETS_MAX},
        {"iterations of SCRAM", PQ_EXPR_ITERATIONS_MAX},
        {"octets of a regular expression", PQ_REGEX_TEXT_MAX},
        {"steps of a match of one", PQ_REGEX_STEPS_MAX},
        {"octets that from-bytes takes", PQ_DLG_FROM_MAX},
    };
    put(b, "| at most | |\n|---|---|\n");
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char line[200];
        (void)snprintf(line, sizeof(line), "| %s | %zu |\n", limits[i].what, limits[i].number);
        put(b, line);
    }
}

/* ---- the document ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*write)(struct pq_bytes *b);
} tables[] = {
    {"keys", write_keys},           {"needs", write_needs}, {"types", write_types},
    {"functions", write_functions}, {"sets", write_sets},   {"directives", write_directives},
    {"limits", write_limits},
};

/* What stands between the marks of the table. */
static struct pq_slice find_table(struct pq_slice document, const char *name)
{
    char mark[64];
    (void)snprintf(mark, sizeof(mark), "<!-- table: %s -->\n", name);
    struct pq_slice begin = pq_slice_text(mark), end = PQ_SLICE("<!-- end -->");
    while (document.len > 0 && !pq_slice_starts(document, begin))
        document = pq_slice_after(document, 1);
    document = pq_slice_after(document, begin.len);
    size_t len = 0;
    while (len < document.len && !pq_slice_starts(pq_slice_after(document, len), end))
        len++;
    return pq_slice_first(document, len);
}

static void test_tables_of_the_document(void **state)
{
    (void)state;
    struct pq_bytes file, want;
    struct pq_slice document = read_whole(PQ_SOURCE, "FORMAT.md", &file);
    bool same = true;
    pq_bytes_init(&want, pq_alloc_default(), 1u << 16);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        pq_bytes_clear(&want);
        tables[i].write(&want);
        if (pq_slice_equal(find_table(document, tables[i].name), pq_bytes_slice(&want)))
            continue;
        same = false;
        (void)fprintf(stderr, "<!-- table: %s -->\n%.*s<!-- end -->\n", tables[i].name,
                      (int)want.len, (const char *)want.at);
    }
    pq_bytes_free(&want);
    pq_bytes_free(&file);
    assert_true(same);
}

/* ---- the tables themselves ------------------------------------------------------------------- */

static void test_every_row_has_words(void **state)
{
    (void)state;
    for (int what = 0; what < PQ_DLG_DO_COUNT; what++) {
        const struct pq_dlg_do_row *row = pq_dlg_do_row((enum pq_dlg_do)what);
        assert_non_null(row->help);
        assert_true(row->places != 0 && row->roles != 0);
        assert_int_equal(pq_dlg_do_of(pq_dlg_do_name((enum pq_dlg_do)what)), what);
        /* Readers stop at the end of the list. */
        assert_int_equal(row->params[PQ_DLG_PARAMS_MAX - 1].times, PQ_DLG_NONE);
    }
    for (int type = 0; type < PQ_DLG_TYPE_COUNT; type++)
        assert_int_equal(pq_dlg_type_of(pq_dlg_type_row((enum pq_dlg_type)type)->name), type);
    for (int key = 0; key < PQ_DLG_KEY_COUNT; key++)
        assert_int_equal(pq_dlg_key_of(pq_dlg_key_row((enum pq_dlg_key)key)->name), key);
    assert_int_equal(pq_dlg_do_of(PQ_SLICE("end")), PQ_DLG_DO_COUNT);
    assert_int_equal(pq_dlg_key_of(PQ_SLICE("ID")), PQ_DLG_KEY_COUNT);
    assert_null(pq_dlg_need_of(PQ_SLICE("luck")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_of_the_document),
        cmocka_unit_test(test_every_row_has_words),
    };
    return cmocka_run_group_tests_name("vocab", tests, NULL, NULL);
}
