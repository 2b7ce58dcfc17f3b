/* SPDX-License-Identifier: Apache-2.0
 * The program from outside: exit status, output, complaints. */
#define _GNU_SOURCE
#include "base/testing.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ARGS_MAX 260
#define OUT_MAX (1u << 20)

extern char **environ;

static char folder[] = "/tmp/popquiz_dlg_test.XXXXXX";

struct run {
    int status;
    char out[OUT_MAX], err[4096];
};

/* ---- running --------------------------------------------------------------------------------- */

static void read_output(const char *name, char *to, size_t cap)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t n = fread(to, 1, cap - 1, file);
    to[n] = 0;
    (void)fclose(file);
}

/* Runs the program with its output in files of the test's folder, so that no pipe can fill up. */
static void run_args(struct run *r, char *const *args, const char *input)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)posix_spawn_file_actions_addopen(&actions, 2, "err", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(posix_spawn(&pid, PQ_DLG_PROGRAM, &actions, NULL, args, environ), 0);
    assert_int_equal(waitpid(pid, &r->status, 0), pid);
    (void)posix_spawn_file_actions_destroy(&actions);
    assert_true(WIFEXITED(r->status));
    r->status = WEXITSTATUS(r->status);
    read_output("out", r->out, sizeof(r->out));
    read_output("err", r->err, sizeof(r->err));
}

/* `words` are separated by blanks. */
static const struct run *run(const char *words, const char *input)
{
    static struct run r;
    static char text[4096];
    static char program[] = PQ_DLG_PROGRAM;
    char *args[ARGS_MAX] = {program};
    size_t n = 1;
    (void)snprintf(text, sizeof(text), "%s", words);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        assert_true(n + 1 < ARGS_MAX);
        args[n++] = word;
    }
    run_args(&r, args, input);
    return &r;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const char *const files[][2] = {
    {"good.dlg", "#!dlg 1\nid:     g\ntitle:  t\nreq:    RFC1939-6-002\nstate:  transaction\n---\n"
                 "[test]\nC: NOOP\nS: +OK{*?}\n"},
    {"prose.dlg", "#!dlg 1\nid:     p\ntitle:  t\nreq:    RFC1939-6-002\nstate:  transaction\n"
                  "---\n[test]\nS: +OK ready\n"},
    {"regex.dlg", "#!dlg 1\nid:     r\ntitle:  t\nreq:    RFC1939-6-002\nstate:  transaction\n"
                  "---\n[test]\nS~ \\+OK\n"},
    {"bad.dlg", "#!dlg 1\n---\n[test]\nX\n"},
    {"rows.dlg", "#!dlg 1\nid:     m\nmatrix: n = 1, 2\n---\n[test]\nC: RETR {n}\n"},
    {"ugly.dlg", "#!dlg 1\nid: u\n---\n[test]\nC:   \\x41\n"},
    {"digest.dlg", "#!dlg 1\nid:     d\n---\n[test]\nC: {= md5hex(\"a\")}\n"},
    {"wire", "A\r\nB\r\n"},
    {"empty", ""},
};

static const struct cli_case {
    const char *args;
    int status;
    const char *out, *err; /* NULL: anything */
} cli_cases[] = {
    {"", 2, "", "popquiz-dlg: unknown command; see --help: \n"},
    {"frob", 2, "", "popquiz-dlg: unknown command; see --help: frob\n"},
    {"--version", 0, "popquiz-dlg " PQ_VERSION "\n", ""},
    {"--help", 0, NULL, ""},
    {"lint", 2, "", "popquiz-dlg: name at least one file: lint\n"},
    {"lint --check good.dlg", 2, "", "popquiz-dlg: unknown option; see --help: --check\n"},
    {"lint --role proxy good.dlg", 2, "",
     "popquiz-dlg: the option takes another value; see --help: proxy\n"},
    {"lint good.dlg", 0, "", ""},
    {"lint missing.dlg", 2, "", "popquiz-dlg: missing.dlg: No such file or directory\n"},
    {"lint .", 2, "", "popquiz-dlg: .: Is a directory\n"},
    {"lint bad.dlg", 1, "",
     "bad.dlg:4:1: a line is a step (C or S), a directive (@), a comment (#) "
     "or a section ([)\n"},
    {"lint bad.dlg missing.dlg good.dlg", 2, "", NULL},
    {"lint prose.dlg", 0, "",
     "prose.dlg:8:1: warning: text behind the status is free in POP3; "
     "write {*?}\n"},
    {"lint --strict prose.dlg", 1, "", NULL},
    {"lint regex.dlg", 0, "", ""},
    {"lint --role server regex.dlg", 1, "",
     "regex.dlg:8:1: a role of the file sends this; write "
     "@as emit=\"...\" before it\n"},
    {"fmt --check good.dlg ugly.dlg", 1, "ugly.dlg\n", ""},
    {"fmt --check bad.dlg", 1, "", NULL},
    {"expand good.dlg rows.dlg", 2, "", "popquiz-dlg: name one file: expand\n"},
    {"expand --row 1 rows.dlg", 0, "#!dlg 1\nid:     m[n=2]\n\n---\n[test]\nC: RETR 2\n", ""},
    {"expand rows.dlg", 0,
     "#!dlg 1\nid:     m[n=1]\n\n---\n[test]\nC: RETR 1\n"
     "#!dlg 1\nid:     m[n=2]\n\n---\n[test]\nC: RETR 2\n",
     ""},
    {"expand --row 2 rows.dlg", 2, "", "popquiz-dlg: rows.dlg: the matrix has no such row\n"},
    {"expand --row x rows.dlg", 2, "", NULL},
    {"explain ugly.dlg", 0,
     "id: u (the name of the case, for ever)\n\nTest:\n5     The client "
     "sends the line: \"  A\".\n",
     ""},
    {"describe good.dlg", 2, "", "popquiz-dlg: describe writes JSON only; add --json\n"},
    {"describe --json rows.dlg", 0, NULL, ""},
    {"describe --json bad.dlg good.dlg", 1, NULL, NULL},
    {"to-seed good.dlg", 2, "", "popquiz-dlg: to-seed needs --side C or --side S\n"},
    {"to-seed --side X good.dlg", 2, "", NULL},
    {"to-seed --side C good.dlg", 0, "NOOP\r\n\xffW", ""},
    {"to-seed --side S good.dlg", 0, "\xffW+OK\r\n", ""},
    {"to-seed --side C --row 1 rows.dlg", 0, "RETR 2\r\n", ""},
    {"to-seed --side C digest.dlg", 1, "",
     "digest.dlg:5:1: the step has no octets, because of "
     "\"md5hex\": the digest is not available here\n"},
    {"from-bytes wire", 0,
     "#!dlg 1\nid:     wire\nkind:   seed\nroles:  client seed\n---\n[test]\n"
     "@connect\n@batch\n  C: A\n  C: B\n@end\n",
     ""},
    {"from-bytes --kind crash --id x.1 --side S empty", 0,
     "#!dlg 1\nid:     x.1\nkind:   crash\nroles:  server seed\n---\n[test]\n@expect no-crash\n",
     ""},
    {"from-bytes --kind case wire", 2, "", NULL},
};

static void test_command_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cli_cases) / sizeof(cli_cases[0]); i++) {
        const struct cli_case *c = &cli_cases[i];
        const struct run *r = run(c->args, "/dev/null");
        if (r->status != c->status || (c->out && strcmp(r->out, c->out) != 0) ||
            (c->err && strcmp(r->err, c->err) != 0))
            fail_msg("%s: %d\n%s\n%s", c->args, r->status, r->out, r->err);
        assert_true(c->status == 0 || r->err[0] || r->out[0]);
    }
}

static void test_rows_are_described(void **state)
{
    (void)state;
    const struct run *r = run("describe --json rows.dlg good.dlg", "/dev/null");
    size_t lines = 0;
    for (const char *c = r->out; *c; c++)
        lines += *c == '\n' ? 1 : 0;
    assert_int_equal(lines, 3);
    assert_non_null(strstr(r->out, "\"id\":\"m[n=2]\""));
}

static void test_formatting_in_place(void **state)
{
    (void)state;
    char text[200];
    struct stat before, after;
    write_file("copy.dlg", files[5][1]);
    assert_int_equal(chmod("copy.dlg", 0640), 0);
    assert_int_equal(stat("copy.dlg", &before), 0);
    assert_int_equal(run("fmt copy.dlg", "/dev/null")->status, 0);
    read_output("copy.dlg", text, sizeof(text));
    assert_string_equal(text, "#!dlg 1\nid:     u\n---\n[test]\nC:   A\n");
    assert_int_equal(stat("copy.dlg", &after), 0);
    assert_int_equal(after.st_mode, before.st_mode);
    assert_int_equal(run("fmt --check copy.dlg", "/dev/null")->status, 0);
    /* A file that cannot be read is left alone. */
    write_file("copy.dlg", files[3][1]);
    assert_int_equal(run("fmt copy.dlg", "/dev/null")->status, 1);
    read_output("copy.dlg", text, sizeof(text));
    assert_string_equal(text, files[3][1]);
}

static void test_standard_input(void **state)
{
    (void)state;
    const struct run *r = run("fmt -", "ugly.dlg");
    assert_string_equal(r->out, "#!dlg 1\nid:     u\n---\n[test]\nC:   A\n");
    assert_int_equal(run("lint -", "bad.dlg")->status, 1);
}

static void test_files_that_are_too_long(void **state)
{
    (void)state;
    FILE *file = fopen("long.dlg", "wb");
    assert_non_null(file);
    for (size_t i = 0; i < 300; i++)
        assert_true(fprintf(file, "%10000s", "") > 0);
    assert_int_equal(fclose(file), 0);
    const struct run *r = run("lint long.dlg", "/dev/null");
    assert_int_equal(r->status, 2);
    assert_string_equal(r->err, "popquiz-dlg: long.dlg: the file is longer than the limit\n");
}

/* ---- folder ---------------------------------------------------------------------------------- */

static int enter_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        write_file(files[i][0], files[i][1]);
    return 0;
}

static int leave_folder(void **state)
{
    (void)state;
    static const char *const others[] = {"out", "err", "copy.dlg", "long.dlg"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)unlink(files[i][0]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        (void)unlink(others[i]);
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_rows_are_described),
        cmocka_unit_test(test_formatting_in_place),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_files_that_are_too_long),
    };
    return cmocka_run_group_tests_name("popquiz_dlg", tests, enter_folder, leave_folder);
}
