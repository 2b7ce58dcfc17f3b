/* SPDX-License-Identifier: Apache-2.0
 * popquiz-dlg: checks, formats, expands, explains and converts dialogue files. */
#include "tools/file.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialogue/escape.h"
#include "dialogue/explain.h"
#include "dialogue/format.h"
#include "dialogue/lint.h"
#include "dialogue/seed.h"

#define OUT_MAX (64u << 20) /* octets that one file may become */
#define IN_MAX                                                                                     \
    ((size_t)2 * PQ_DLG_TEXT_MAX) /* beyond the parser's limit, so that the parser tells it */

enum exit_code { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };

struct options {
    unsigned roles; /* more of them, for lint */
    bool strict, check, json, raw;
    enum pq_dlg_side side;
    enum pq_dlg_kind kind;
    bool one_row;
    size_t row;
    const char *id;
};

static const char help[] =
    "popquiz-dlg COMMAND [OPTIONS] FILE...   (FILE may be - for standard input)\n"
    "\n"
    "  lint [--role client|server|seed] [--strict] FILE...\n"
    "      report what is wrong; --role checks one more role, --strict makes warnings count\n"
    "  fmt [--check] FILE...\n"
    "      rewrite the files in canonical form; --check only names those that are not\n"
    "  expand [--row N] FILE\n"
    "      write each row of the matrix as a file of its own, or only row N, from 0\n"
    "  explain FILE\n"
    "      tell the file in plain English\n"
    "  describe --json FILE...\n"
    "      one JSON object for each row of each file\n"
    "  to-seed --side C|S [--row N] FILE\n"
    "      what that side writes, as a wire case\n"
    "  from-bytes [--side C|S] [--kind seed|crash] [--id ID] [--raw] FILE\n"
    "      a wire case as a dialogue; --raw takes the octets as one write\n"
    "\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 nothing to report, 1 something was found, 2 wrong usage or unreadable file.\n";

/* ---- complaints and output ------------------------------------------------------------------- */

static enum exit_code complain(const char *what, const char *about)
{
    (void)fprintf(stderr, "popquiz-dlg: %s%s%s\n", what, about ? ": " : "", about ? about : "");
    return EXIT_TROUBLE;
}

static enum exit_code worse(enum exit_code a, enum exit_code b)
{
    return a > b ? a : b;
}

static enum exit_code print(const struct pq_bytes *out, FILE *to)
{
    if (out->len > 0 && fwrite(out->at, 1, out->len, to) != out->len)
        return complain("cannot write", strerror(errno));
    return EXIT_CLEAN;
}

static enum exit_code print_problems(const struct pq_dlg_problems *problems, const char *file)
{
    struct pq_bytes text;
    pq_bytes_init(&text, pq_alloc_default(), OUT_MAX);
    enum pq_status status = pq_dlg_problems_write(problems, file, &text);
    enum exit_code code =
        status == PQ_STATUS_OK ? print(&text, stderr) : complain(file, pq_status_text(status));
    pq_bytes_free(&text);
    return worse(code, problems->errors > 0 ? EXIT_FINDINGS : EXIT_CLEAN);
}

static enum exit_code read_file(const char *file, size_t most, struct pq_bytes *out)
{
    pq_bytes_init(out, pq_alloc_default(), most);
    enum pq_status status = pq_file_read(file, out);
    if (status == PQ_STATUS_OK)
        return EXIT_CLEAN;
    return complain(file, status == PQ_STATUS_FILE ? strerror(errno)
                                                   : "the file is longer than the limit");
}

/* ---- commands on one parsed file ------------------------------------------------------------- */

/* A command writes to `out`, which goes to standard output. */
typedef enum exit_code command_fn(const struct options *o, const char *file, const struct pq_dlg *d,
                                  struct pq_slice text, struct pq_bytes *out);

static enum exit_code done(const char *file, enum pq_status status)
{
    return status == PQ_STATUS_OK ? EXIT_CLEAN : complain(file, pq_status_text(status));
}

static enum exit_code run_lint(const struct options *o, const char *file, const struct pq_dlg *d,
                               struct pq_slice text, struct pq_bytes *out)
{
    struct pq_dlg_problems problems = {.count = 0};
    (void)text;
    (void)out;
    enum exit_code code = done(file, pq_dlg_lint(d, o->roles, pq_alloc_default(), &problems));
    if (code != EXIT_CLEAN)
        return code;
    code = print_problems(&problems, file);
    return worse(code, o->strict && problems.warnings > 0 ? EXIT_FINDINGS : EXIT_CLEAN);
}

static enum exit_code run_fmt(const struct options *o, const char *file, const struct pq_dlg *d,
                              struct pq_slice text, struct pq_bytes *out)
{
    enum exit_code code = done(file, pq_dlg_format(d, out));
    bool same = code == EXIT_CLEAN && pq_slice_equal(text, pq_bytes_slice(out));
    if (code != EXIT_CLEAN || strcmp(file, "-") == 0)
        return code;
    if (!same && o->check)
        (void)printf("%s\n", file);
    else if (!same && pq_file_replace(file, pq_bytes_slice(out)) != PQ_STATUS_OK)
        code = complain(file, strerror(errno));
    pq_bytes_clear(out);
    return worse(code, !same && o->check ? EXIT_FINDINGS : EXIT_CLEAN);
}

static enum exit_code check_row(const struct options *o, const char *file, const struct pq_dlg *d)
{
    return o->row < d->rows ? EXIT_CLEAN : complain(file, "the matrix has no such row");
}

static enum exit_code run_expand(const struct options *o, const char *file, const struct pq_dlg *d,
                                 struct pq_slice text, struct pq_bytes *out)
{
    enum exit_code code = check_row(o, file, d);
    (void)text;
    for (size_t row = o->row; row < d->rows && code == EXIT_CLEAN; row++) {
        code = done(file, pq_dlg_expand(d, row, out));
        if (o->one_row)
            break;
    }
    return code;
}

static enum exit_code run_explain(const struct options *o, const char *file, const struct pq_dlg *d,
                                  struct pq_slice text, struct pq_bytes *out)
{
    (void)o;
    (void)text;
    return done(file, pq_dlg_explain(d, out));
}

static enum exit_code run_describe(const struct options *o, const char *file,
                                   const struct pq_dlg *d, struct pq_slice text,
                                   struct pq_bytes *out)
{
    (void)text;
    if (!o->json)
        return complain("describe writes JSON only; add --json", NULL);
    return done(file, pq_dlg_describe(d, file, out));
}

static enum exit_code write_seed(const struct options *o, const char *file, struct pq_slice text,
                                 struct pq_bytes *out)
{
    struct pq_dlg d;
    struct pq_dlg_problems problems = {.count = 0};
    enum pq_status status = pq_dlg_parse(&d, text, pq_alloc_default());
    if (status == PQ_STATUS_OK)
        status = pq_dlg_to_wire(&d, o->side, NULL, &problems, out);
    const struct pq_dlg_problems *found = d.problems.count > 0 ? &d.problems : &problems;
    enum exit_code code = found->count > 0 ? print_problems(found, file) : done(file, status);
    pq_dlg_free(&d);
    return code;
}

static enum exit_code run_to_seed(const struct options *o, const char *file, const struct pq_dlg *d,
                                  struct pq_slice text, struct pq_bytes *out)
{
    struct pq_bytes row;
    enum exit_code code = check_row(o, file, d);
    (void)text;
    if (code != EXIT_CLEAN)
        return code;
    pq_bytes_init(&row, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
    code = done(file, pq_dlg_expand(d, o->row, &row));
    if (code == EXIT_CLEAN)
        code = write_seed(o, file, pq_bytes_slice(&row), out);
    pq_bytes_free(&row);
    return code;
}

/* ---- from-bytes ------------------------------------------------------------------------------ */

/* The end of the file's name, with what an id cannot hold as "-". */
static struct pq_slice make_id(const struct options *o, const char *file, struct pq_buf *memory)
{
    const char *slash = strrchr(file, '/');
    struct pq_slice name = pq_slice_text(o->id ? o->id : slash ? slash + 1 : file);
    for (size_t i = 0; i < name.len && memory->len < memory->cap; i++)
        pq_buf_put_octet(memory, pq_label_len(pq_slice_of(name.at + i, 1)) == 1 ? name.at[i] : '-');
    return pq_buf_slice(memory);
}

static enum exit_code from_bytes(const struct options *o, const char *file)
{
    uint8_t memory[PQ_DLG_NAME_MAX];
    struct pq_buf id;
    struct pq_bytes in, out;
    enum exit_code code = read_file(file, PQ_DLG_FROM_MAX, &in);
    pq_buf_init(&id, memory, sizeof(memory));
    pq_bytes_init(&out, pq_alloc_default(), PQ_DLG_FORMATTED_MAX);
    struct pq_dlg_from from = {
        .side = o->side, .kind = o->kind, .id = make_id(o, file, &id), .raw = o->raw};
    if (code == EXIT_CLEAN)
        code = done(file, pq_dlg_from_wire(&from, pq_bytes_slice(&in), &out));
    if (code == EXIT_CLEAN)
        code = print(&out, stdout);
    pq_bytes_free(&in);
    pq_bytes_free(&out);
    return code;
}

/* ---- the command line ------------------------------------------------------------------------ */

static enum exit_code run_on(command_fn *run, const struct options *o, const char *file)
{
    struct pq_dlg d;
    struct pq_bytes in, out;
    enum exit_code code = read_file(file, IN_MAX, &in);
    if (code != EXIT_CLEAN) {
        pq_bytes_free(&in);
        return code;
    }
    pq_bytes_init(&out, pq_alloc_default(), OUT_MAX);
    enum pq_status status = pq_dlg_parse(&d, pq_bytes_slice(&in), pq_alloc_default());
    if (status == PQ_STATUS_OK)
        code = run(o, file, &d, pq_bytes_slice(&in), &out);
    else
        code = status == PQ_STATUS_SYNTAX ? print_problems(&d.problems, file) : done(file, status);
    code = worse(code, print(&out, stdout));
    pq_dlg_free(&d);
    pq_bytes_free(&out);
    pq_bytes_free(&in);
    return code;
}

enum flag {
    ROLE = 1,
    STRICT = 2,
    CHECK = 4,
    ROW = 8,
    JSON = 16,
    SIDE = 32,
    KIND = 64,
    ID = 128,
    RAW = 256
};

static const struct command {
    const char *name;
    unsigned flags;  /* options that it takes */
    bool many;       /* files */
    command_fn *run; /* NULL: from-bytes, which reads no dialogue */
} commands[] = {
    {"lint", ROLE | STRICT, true, run_lint},
    {"fmt", CHECK, true, run_fmt},
    {"expand", ROW, false, run_expand},
    {"explain", 0, false, run_explain},
    {"describe", JSON, true, run_describe},
    {"to-seed", SIDE | ROW, false, run_to_seed},
    {"from-bytes", SIDE | KIND | ID | RAW, false, NULL},
};

static const struct option long_options[] = {
    {"role", required_argument, NULL, ROLE}, {"strict", no_argument, NULL, STRICT},
    {"check", no_argument, NULL, CHECK},     {"row", required_argument, NULL, ROW},
    {"json", no_argument, NULL, JSON},       {"side", required_argument, NULL, SIDE},
    {"kind", required_argument, NULL, KIND}, {"id", required_argument, NULL, ID},
    {"raw", no_argument, NULL, RAW},         {NULL, 0, NULL, 0},
};

static bool take_word(const struct pq_dlg_words *words, const char *text, size_t *index)
{
    *index = pq_dlg_word_of(words, pq_slice_text(text));
    return *index < words->count;
}

/* The value of an option; false when it has another form. */
static bool take_option(struct options *o, int flag, const char *value)
{
    size_t index = 0;
    uint64_t row = 0;
    switch (flag) {
    case ROLE:
        if (!take_word(&pq_dlg_roles, value, &index))
            return false;
        o->roles |= 1u << index;
        return true;
    case KIND:
        if (!take_word(&pq_dlg_kinds, value, &index))
            return false;
        o->kind = (enum pq_dlg_kind)index;
        return o->kind == PQ_DLG_KIND_SEED || o->kind == PQ_DLG_KIND_CRASH;
    case SIDE:
        o->side = value[0] == 'S' ? PQ_DLG_SERVER : PQ_DLG_CLIENT;
        return strcmp(value, "S") == 0 || strcmp(value, "C") == 0;
    case ROW:
        o->one_row = pq_parse_u64(pq_slice_text(value), &row) == PQ_STATUS_OK;
        o->row = (size_t)row;
        return o->one_row;
    case ID:
        o->id = value;
        return value[0] != 0;
    default:
        o->strict = o->strict || flag == STRICT;
        o->check = o->check || flag == CHECK;
        o->json = o->json || flag == JSON;
        o->raw = o->raw || flag == RAW;
        return true;
    }
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static enum exit_code run_command(const struct command *c, int argc, char **argv)
{
    struct options o = {.kind = PQ_DLG_KIND_SEED};
    unsigned given = 0;
    opterr = 0;
    for (int flag; (flag = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (flag == '?' || !(c->flags & (unsigned)flag))
            return complain("unknown option; see --help", argv[optind - 1]);
        if (!take_option(&o, flag, optarg))
            return complain("the option takes another value; see --help", optarg);
        given |= (unsigned)flag;
    }
    if (optind == argc || (!c->many && optind + 1 < argc))
        return complain(c->many ? "name at least one file" : "name one file", c->name);
    if (c->run == run_to_seed && !(given & SIDE))
        return complain("to-seed needs --side C or --side S", NULL);
    enum exit_code code = EXIT_CLEAN;
    for (int i = optind; i < argc; i++)
        code = worse(code, c->run ? run_on(c->run, &o, argv[i]) : from_bytes(&o, argv[i]));
    return code;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find_command(name);
    if (command)
        return (int)run_command(command, argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0)
        return puts("popquiz-dlg " PQ_VERSION) < 0 ? EXIT_TROUBLE : EXIT_CLEAN;
    if (strcmp(name, "--help") == 0)
        return fputs(help, stdout) < 0 ? EXIT_TROUBLE : EXIT_CLEAN;
    return (int)complain("unknown command; see --help", name);
}
