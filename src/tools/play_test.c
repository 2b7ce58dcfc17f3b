/* SPDX-License-Identifier: Apache-2.0
 * popquiz-play without its main(): protocol 1 over pipes, against a responder in a child process;
 * files, records, options. */
#define _DEFAULT_SOURCE
#include "dialogue/player/server_testing.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tools/default_login.h"
#include "tools/play_golden.h"
#include "tools/play_json.h"
#include "tools/play_options.h"
#include "tools/play_report.h"
#include "tools/play_request.h"
#include "tools/play_serve.h"

/* ---- a server in a child process -------------------------------------------------------------- */

static const struct reply replies[] = {
    {"USER", "+OK\r\n", DEED_NONE},
    {"PASS secret", "+OK\r\n", DEED_NONE},
    {"PASS", "-ERR no\r\n", DEED_NONE},
    {"STAT", "+OK 1 5\r\n", DEED_NONE},
    {"QUIT", "+OK bye\r\n", DEED_CLOSE},
    {"MUTE", NULL, DEED_NONE},
    {"ECHO", "-ERR PASS secret\r\n", DEED_NONE},
    {NULL, "+OK\r\n", DEED_NONE},
};

static struct test_folder folder;
static pid_t child;
static char address[64];

static int set_up(void **state)
{
    (void)state;
    static struct server server;
    folder = folder_make();
    server_start(&server, NULL, replies);
    (void)snprintf(address, sizeof(address), "tcp://127.0.0.1:%u", server.plain.addr.port);
    child = fork();
    if (child == 0) {
        (void)alarm(60);
        for (;;) {
            server_step(&server);
            (void)usleep(100);
        }
    }
    server_stop(&server);
    return child > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    folder_remove(&folder);
    return 0;
}

/* Writes a file of the folder; its path lives until the next call but three. */
static const char *file_of(const char *name, const char *text)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder.path, name);
    file_write(path, pq_slice_text(text));
    return path;
}

/* ---- serving ---------------------------------------------------------------------------------- */

static char answers[1u << 20]; /* what the player wrote, without "ready" */

/* Gives `lines` to a player that serves, and gathers what it says. */
static void serve(const char *lines, size_t len)
{
    FILE *in = tmpfile(), *out = tmpfile();
    assert_true(in && out);
    assert_int_equal(fwrite(lines, 1, len, in), len);
    assert_int_equal(fflush(in), 0);
    assert_int_equal(lseek(fileno(in), 0, SEEK_SET), 0);
    assert_true(play_serve(fileno(in), out));
    rewind(out);
    size_t n = fread(answers, 1, sizeof(answers) - 1, out);
    answers[n] = 0;
    (void)fclose(in);
    (void)fclose(out);
    static const char ready[] = "{\"ready\":{\"protocol\":1,\"version\":\"";
    assert_memory_equal(answers, ready, sizeof(ready) - 1);
    char *first = strchr(answers, '\n') + 1;
    memmove(answers, first, strlen(first) + 1);
}

/* A run of `file`, with `more` behind its target; every ' is a ". */
static const char *run_line(const char *id, const char *file, const char *more)
{
    static char line[2048];
    int n = snprintf(line, sizeof(line),
                     "{'run':%s,'file':'%s','target':{'address':'%s'},'vars':{'user':'u',"
                     "'pw':'secret'}%s}\n",
                     id, file, address, more);
    for (int i = 0; i < n; i++)
        if (line[i] == '\'')
            line[i] = '"';
    return line;
}

static void serve_run(const char *id, const char *file, const char *more, const char *then)
{
    static char lines[4096];
    (void)snprintf(lines, sizeof(lines), "%s%s", run_line(id, file, more), then);
    serve(lines, strlen(lines));
}

static void assert_has(const char *text)
{
    if (!strstr(answers, text))
        fail_msg("%s is not in\n%s", text, answers);
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n' ? 1 : 0;
    return n;
}

#define HEAD "#!dlg 1\nid: x\nreq: RFC2-1-001\n"
#define CASE                                                                                       \
    HEAD "state: transaction\n---\n[test]\nC: STAT\nS: +OK {n:int} {:int}\n@assert n == 1\n"

static void test_a_run(void **state)
{
    (void)state;
    serve_run("\"a 1\"", file_of("x.dlg", CASE), "", "{\"quit\":true}\nnot read\n");
    assert_int_equal(lines_of(answers), 1);
    assert_has("{\"case\":{\"outcome\":\"pass\"");
    assert_has("\"run\":\"a 1\"");
    assert_has("\"rows\":{\"RFC2-1-001\":\"pass\"}");
    assert_has("\"connects\":1");
    assert_has("{\"conn\":1,\"dir\":\"C\",\"ms\":");
    assert_has("\"octets\":\"PASS ***\\\\r\\\\n\"");
    assert_null(strstr(answers, "secret"));
}

static void test_runs_do_not_leak_into_each_other(void **state)
{
    (void)state;
    static char lines[8192];
    const char *bad = file_of("bad.dlg", HEAD
                              "---\n[test]\n@connect\nS: +OK{*?}\n@note \"n\"\nC: ECHO\nS: +OK\n");
    const char *good = file_of("good.dlg", CASE);
    size_t len = 0;
    for (int i = 0; i < 3; i++) {
        len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s", run_line("1", bad, ""));
        len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s", run_line("2", good, ""));
    }
    serve(lines, len);
    assert_int_equal(lines_of(answers), 6);
    char *line = answers;
    for (int i = 0; i < 6; i++) {
        char *end = strchr(line, '\n');
        *end = 0;
        bool failed = strstr(line, "\"outcome\":\"fail\"") != NULL;
        assert_int_equal(failed, i % 2 == 0);
        assert_int_equal(strstr(line, "ECHO") != NULL, i % 2 == 0);
        assert_null(strstr(line, "secret"));
        line = end + 1;
    }
}

static void test_a_row_of_a_matrix(void **state)
{
    (void)state;
    const char *file = file_of("m.dlg", HEAD "state: transaction\nmatrix: cmd = STAT, ECHO\n---\n"
                                             "[test]\nC: {cmd}\nS: +OK{*?}\n");
    serve_run("1", file, ",'row':0", "");
    assert_has("\"outcome\":\"pass\"");
    serve_run("1", file, ",'row':1", "");
    assert_has("\"outcome\":\"fail\"");
    assert_has("\"line\":9"); /* of the file, whose matrix is a line too */
    serve_run("1", file, ",'row':2", "");
    assert_has("\"outcome\":\"error\"");
    assert_has("row 2 of a matrix of 2");
}

static void test_a_file_that_changes(void **state)
{
    (void)state;
    struct play_files files;
    struct pq_why why = {""};
    play_files_init(&files);
    const char *path = file_of("c.dlg", "#!dlg 1\nid: a\n---\n[test]\n");
    struct play_file *first = play_files_open(&files, path, &why);
    assert_non_null(first);
    assert_ptr_equal(play_files_open(&files, path, &why), first);
    assert_true(pq_slice_equal(first->dlg.value[PQ_DLG_KEY_ID], PQ_SLICE("a")));
    path = file_of("c.dlg", "#!dlg 1\nid: bc\n---\n[test]\n");
    struct play_file *second = play_files_open(&files, path, &why);
    assert_true(pq_slice_equal(second->dlg.value[PQ_DLG_KEY_ID], PQ_SLICE("bc")));
    assert_int_equal(unlink(path), 0);
    assert_null(play_files_open(&files, path, &why));
    assert_non_null(strstr(why.text, "No such file"));
    play_files_free(&files);
}

static void test_more_files_than_are_kept(void **state)
{
    (void)state;
    struct play_files files;
    struct pq_why why = {""};
    struct pq_dialogue login;
    char name[32];
    play_files_init(&files);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < PLAY_FILES_MAX + 5; i++) {
            (void)snprintf(name, sizeof(name), "f%u.dlg", i);
            struct play_file *file =
                play_files_open(&files, file_of(name, "#!dlg 1\nid: a\n---\n[test]\n"), &why);
            assert_non_null(file);
            /* The prelude is asked for each time, so it stays. */
            assert_true(play_files_prelude(&files, "", &login, &why));
            assert_non_null(file->path);
        }
    play_files_free(&files);
}

static void test_what_keeps_a_run_from_beginning(void **state)
{
    (void)state;
    const char *good = file_of("good.dlg", CASE);
    serve_run("1", "/no/such.dlg", "", "");
    assert_has("\"outcome\":\"error\"");
    assert_has("No such file");
    serve_run("1", file_of("bad.dlg", "#!dlg 1\nid: x\n---\n[test]\nhello\n"), "", "");
    assert_has("bad.dlg:5:1: ");
    serve_run("1", good, ",'login':'/no/login.dlg'", "");
    assert_has("No such file");
    serve_run("1", good, ",'login':'/no/login.dlg'", "");
    serve_run("1", file_of("good.dlg", CASE), "", "");
    assert_has("\"outcome\":\"pass\"");
    const char *login = file_of("l.dlg", "#!dlg 1\nid: l\n---\n[test]\n@connect 2\n");
    static char more[256];
    (void)snprintf(more, sizeof(more), ",'login':'%s'", login);
    serve_run("1", file_of("good.dlg", CASE), more, "");
    assert_has("a prelude has connection 1 only");
}

static void test_targets_that_are_wrong(void **state)
{
    (void)state;
    static char line[1024];
    const char *file = file_of("good.dlg", CASE);
    (void)snprintf(line, sizeof(line),
                   "{\"run\":1,\"file\":\"%s\",\"target\":{\"address\":\"http://x\"}}\n", file);
    serve(line, strlen(line));
    assert_has("\"outcome\":\"error\"");
    (void)snprintf(line, sizeof(line),
                   "{\"run\":1,\"file\":\"%s\",\"target\":{\"address\":\"tcp://127.0.0.1:1\"}}\n",
                   file);
    serve(line, strlen(line));
    assert_has("\"outcome\":\"inconclusive\"");
    assert_has("\"peer_gone\":true");
}

/* ---- lines that are wrong --------------------------------------------------------------------- */

#define RUN(more) "{\"run\":7,\"file\":\"f\",\"target\":{\"address\":\"unix:/x\"}" more "}\n"

static void test_bad_lines(void **state)
{
    static const struct {
        const char *line, *why;
    } rows[] = {
        {"\n", "line: it is not one JSON object"},
        {"hello\n", "line: it is not one JSON object"},
        {"[]\n", "line: it is not one JSON object"},
        {"{\"quit\":true} x\n", "line: it is not one JSON object"},
        {"{\"quit\":true}{}\n", "line: it is not one JSON object"},
        {"{}\n", "none of the keys run, answer and quit"},
        {"{\"quit\":1}\n", "\\\"quit\\\" must be true or false"},
        {"{\"answer\":{}}\n", "an answer, and nothing was asked"},
        {"{\"answer\":1}\n", "\\\"answer\\\" must be an object"},
        {"\"\xFF\"\n", "it is not UTF-8"},
        {RUN(",\"x\":1"), "run: \\\"x\\\" is not a key that is known here"},
        {RUN(",\"\\u0007\":1"), "run: \\\"?\\\" is not a key"},
        {RUN(",\"row\":-1"), "\\\"row\\\" must be a whole number"},
        {RUN(",\"row\":1.5"), "\\\"row\\\" must be a whole number"},
        {RUN(",\"row\":1e300"), "\\\"row\\\" must be a whole number"},
        {RUN(",\"row\":\"1\""), "\\\"row\\\" must be a whole number"},
        {RUN(",\"file\":\"g\""), "\\\"file\\\" stands there twice"},
        {RUN(",\"segment\":\"some\""), "\\\"segment\\\" is whole"},
        {RUN(",\"clock\":\"mine\""), "\\\"clock\\\" is real or ask"},
        {RUN(",\"patience_ms\":0"), "\\\"patience_ms\\\" is 1 to 600000"},
        {RUN(",\"patience_ms\":600001"), "\\\"patience_ms\\\" is 1 to 600000"},
        {RUN(",\"vars\":{\"nonce\":\"x\"}"), "vars: \\\"nonce\\\" is not a key"},
        {"{\"run\":7,\"file\":\"f\"}\n", "run: \\\"target\\\" is missing"},
        {"{\"run\":null,\"file\":\"f\",\"target\":{}}\n",
         "\\\"run\\\" must be a string or a number"},
        {"{\"run\":7,\"file\":\"f\",\"target\":{}}\n", "target: \\\"address\\\" is missing"},
        {"{\"run\":7,\"file\":\"f\",\"target\":{\"address\":\"x\",\"tls\":\"some\"}}\n",
         "target: \\\"tls\\\" is none, stls or implicit"},
    };
    (void)state;
    static char lines[4096];
    const char *file = file_of("good.dlg", CASE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* The player survives the line, and plays what comes behind it. */
        (void)snprintf(lines, sizeof(lines), "%s%s", rows[i].line, run_line("8", file, ""));
        serve(lines, strlen(lines));
        assert_int_equal(lines_of(answers), 2);
        assert_memory_equal(answers, "{\"error\":{\"run\":", 16);
        assert_has(rows[i].why);
        assert_has("\"outcome\":\"pass\"");
    }
    serve(RUN(",\"x\":1"), strlen(RUN(",\"x\":1")));
    assert_has("{\"error\":{\"run\":7,");
    serve("{\"run\":7\0}\n", 11);
    assert_has("it holds a NUL octet");
    serve("{\"quit\":true}", 13); /* without LF it is not a line */
    assert_string_equal(answers, "");
}

static void test_oversize_lines(void **state)
{
    (void)state;
    size_t len = PLAY_LINE_MAX + 100000;
    char *lines = malloc(len + 4096);
    assert_non_null(lines);
    memset(lines, 'x', len);
    lines[len] = '\n';
    size_t more = strlen(run_line("8", file_of("good.dlg", CASE), ""));
    memcpy(lines + len + 1, run_line("8", file_of("good.dlg", CASE), ""), more);
    serve(lines, len + 1 + more);
    assert_has("line: it is longer than 16 MiB");
    assert_has("\"outcome\":\"pass\"");
    free(lines);
}

/* ---- asks ------------------------------------------------------------------------------------- */

#define ASKS                                                                                       \
    HEAD "---\n[test]\n@deliver a\n@peek\n@assert m[1].size == 5\n"                                \
         "@assert m[1].lines == lines(\"abc\")\n[message a]\n| x\n"

static void test_asks(void **state)
{
    static const struct {
        const char *then, *has;
    } rows[] = {
        {"{\"answer\":{\"result\":\"done\"}}\n"
         "{\"answer\":{\"result\":\"done\",\"messages\":[{\"uid\":\"u\",\"size\":5,"
         "\"octets\":\"YWJjDQo=\"}]}}\n",
         "\"outcome\":\"pass\""},
        {"{\"answer\":{\"result\":\"unable\",\"why\":\"no LMTP\"}}\n", "\"skip\":\"adapter\""},
        {"{\"answer\":{\"result\":\"unable\",\"why\":\"no LMTP\"}}\n", "no LMTP"},
        {"{\"answer\":{\"result\":\"failed\",\"why\":\"disk \\u001b full\"}}\n", "disk ? full"},
        {"{\"answer\":{\"result\":\"spent\"}}\n", "\\\"result\\\" is done, unable or failed"},
        {"{\"answer\":{}}\n", "\\\"result\\\" is missing"},
        {"{\"quit\":true}\n", "the line is not an answer"},
        {"hello\n", "it is not one JSON object"},
        {"", "the runner is gone"},
        {"{\"answer\":{\"result\":\"done\"}}\n{\"answer\":{\"result\":\"done\"}}\n",
         "\\\"messages\\\" is missing"},
        {"{\"answer\":{\"result\":\"done\"}}\n"
         "{\"answer\":{\"result\":\"done\",\"messages\":[{\"octets\":\"!\"}]}}\n",
         "\\\"octets\\\" is not base64"},
        {"{\"answer\":{\"result\":\"done\"}}\n"
         "{\"answer\":{\"result\":\"done\",\"messages\":[1]}}\n",
         "holds something that is not a message"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        FILE *in = tmpfile(), *out = tmpfile();
        assert_true(in && out);
        (void)fprintf(in, "%s%s", run_line("1", file_of("asks.dlg", ASKS), ""), rows[i].then);
        (void)fflush(in);
        (void)lseek(fileno(in), 0, SEEK_SET);
        (void)play_serve(fileno(in), out);
        rewind(out);
        answers[fread(answers, 1, sizeof(answers) - 1, out)] = 0;
        (void)fclose(in);
        (void)fclose(out);
        assert_has("{\"ask\":\"deliver\",\"name\":\"a\",\"octets\":\"eA0K\"}\n");
        if (rows[i].then[0])
            assert_has(rows[i].has);
    }
}

static void test_clock_of_the_target(void **state)
{
    (void)state;
    serve_run("1", file_of("wait.dlg", "#!dlg 1\nid: x\n---\n[test]\n@wait 60m\n"),
              ",'clock':'ask'", "{\"answer\":{\"result\":\"done\"}}\n");
    assert_has("{\"ask\":\"advance\",\"ms\":3600000}\n");
    assert_has("\"outcome\":\"pass\"");
}

static void test_trace(void **state)
{
    (void)state;
    serve_run("1", file_of("good.dlg", CASE), ",'trace':true", "");
    assert_has(
        "{\"step\":{\"section\":\"given\",\"login\":true,\"line\":7,\"text\":\"@connect\"}}\n");
    assert_has(
        "{\"step\":{\"section\":\"test\",\"login\":false,\"line\":7,\"text\":\"C: STAT\"}}\n");
}

/* ---- records ---------------------------------------------------------------------------------- */

static void test_a_run_is_recorded_and_replays(void **state)
{
    (void)state;
    struct play_shop shop;
    static struct play_result r;
    static char text[1u << 14];
    play_shop_init(&shop);
    struct play_job job = {
        .file = file_of("x.dlg", CASE),
        .target = {.address = address},
        .vars = {.user = PQ_SLICE("u"), .pw = PQ_SLICE("secret")},
        .patience_ms = 2000,
        .record = true,
    };
    play_job_run(&shop, &job, &r);
    assert_string_equal(r.record_why, "");
    (void)snprintf(text, sizeof(text), "#!golden 1\nfile: x.dlg\n%.*s", (int)r.golden.len,
                   (const char *)r.golden.at);
    assert_non_null(strstr(text, "\ncase: x\noutcome: pass\nrows: RFC2-1-001=pass\n"));
    assert_non_null(strstr(text, "> 1 \"PASS ***\\r\\n\"\n"));
    assert_null(strstr(text, "secret"));
    play_result_free(&r);
    const char *path = file_of("x.golden", text);
    struct play_golden_count count = {.runs = 0};
    FILE *out = tmpfile();
    play_golden_file(&shop.files, path, out, &count);
    assert_int_equal(count.runs, 1);
    assert_int_equal(count.different + count.unusable, 0);
    /* The same record with another outcome is told apart. */
    memcpy(strstr(text, "outcome: pass"), "outcome: fail", 13);
    play_golden_file(&shop.files, file_of("x.golden", text), out, &count);
    assert_int_equal(count.different, 1);
    play_golden_file(&shop.files, "/no/such.golden", out, &count);
    play_golden_file(&shop.files, file_of("bad.golden", "hello\n"), out, &count);
    play_golden_file(&shop.files,
                     file_of("b.golden", "#!golden 1\nfile: no.dlg\ncase: x\noutcome: pass\n"), out,
                     &count);
    play_golden_file(&shop.files,
                     file_of("b.golden", "#!golden 1\nfile: x.dlg\ncase: y\noutcome: pass\n"), out,
                     &count);
    assert_int_equal(count.unusable, 4);
    (void)fclose(out);
    play_shop_free(&shop);
}

/* A judgement that needs the password cannot be replayed without it. */
static void test_a_record_that_needs_the_password(void **state)
{
    (void)state;
    struct play_shop shop;
    static struct play_result r;
    play_shop_init(&shop);
    struct play_job job = {
        .file = file_of("p.dlg", HEAD
                        "---\n[test]\n@connect\nS: +OK{*?}\nC: ECHO\nS: {= \"-ERR PASS \" + pw}\n"),
        .target = {.address = address},
        .vars = {.user = PQ_SLICE("u"), .pw = PQ_SLICE("secret")},
        .patience_ms = 2000,
        .record = true,
    };
    play_job_run(&shop, &job, &r);
    assert_int_equal(r.out.verdict, PQ_VERDICT_PASS);
    assert_int_equal(r.golden.len, 0);
    assert_non_null(strstr(r.record_why, "record the secrets too"));
    play_result_free(&r);
    play_shop_free(&shop);
}

static void test_relative_paths(void **state)
{
    static const struct {
        const char *from, *target, *path;
    } rows[] = {
        {"a.dlg", "a.dlg", "a.dlg"},
        {"x/a.dlg", "x/a.dlg", "a.dlg"},
        {"x/y/a.dlg", "x/l/b.dlg", "../l/b.dlg"},
        {"x/y/a.dlg", "b.dlg", "../../b.dlg"},
        {"/x/a.dlg", "/y/b.dlg", "../y/b.dlg"},
        {"x/a.dlg", "/y/b.dlg", "/y/b.dlg"},
        {"xy/a.dlg", "x/b.dlg", "../x/b.dlg"},
    };
    (void)state;
    struct pq_bytes path;
    for (size_t i = 0; i < COUNT(rows); i++) {
        pq_bytes_init(&path, pq_alloc_default(), 100);
        assert_int_equal(play_golden_relative(rows[i].from, rows[i].target, &path), PQ_STATUS_OK);
        assert_true(pq_slice_equal(pq_bytes_slice(&path), pq_slice_text(rows[i].path)));
        pq_bytes_free(&path);
    }
}

/* ---- options ---------------------------------------------------------------------------------- */

static enum play_action options(struct play_options *o, const char *line, struct pq_why *why)
{
    static char words[512], *argv[32];
    int argc = 0;
    (void)snprintf(words, sizeof(words), "popquiz-play %s", line);
    for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    why->text[0] = 0;
    return play_options_read(o, argc, argv, why);
}

static void test_options(void **state)
{
    static const struct {
        const char *line;
        enum play_action action;
        const char *why;
    } rows[] = {
        {"--target tcp://h:1 a.dlg", PLAY_RUN, ""},
        {"a.dlg --target tcp://h:1 --tls stls --segment 5 b.dlg", PLAY_RUN, ""},
        {"--serve", PLAY_SERVE, ""},
        {"--golden a.golden", PLAY_GOLDEN, ""},
        {"", PLAY_USAGE, "no file to play"},
        {"a.dlg", PLAY_USAGE, "--target is missing"},
        {"--target", PLAY_USAGE, "--target needs ADDRESS"},
        {"--what", PLAY_USAGE, "--what is not an option"},
        {"--tls some a.dlg", PLAY_USAGE, "give none, stls or implicit"},
        {"--segment 0 a.dlg", PLAY_USAGE, "or a number of octets"},
        {"--patience 0 a.dlg", PLAY_USAGE, "milliseconds from 1"},
        {"--seed x a.dlg", PLAY_USAGE, "give a number"},
        {"--password-file /no/such a.dlg", PLAY_USAGE, "No such file"},
        {"--serve a.dlg", PLAY_USAGE, "--serve takes no files"},
        {"--target tcp://h:1 --record a b", PLAY_USAGE, "--record takes one file"},
        {"--target tcp://h:1 --record --json a", PLAY_USAGE, "both want standard output"},
    };
    (void)state;
    struct pq_why why;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct play_options o;
        assert_int_equal(options(&o, rows[i].line, &why), rows[i].action);
        if (rows[i].why[0] ? !strstr(why.text, rows[i].why) : why.text[0])
            fail_msg("%s: %s", rows[i].line, why.text);
        play_options_free(&o);
    }
}

static void test_passwords(void **state)
{
    static const struct {
        const char *file, *pw;
    } rows[] = {
        {"secret", "secret"}, {"secret\n", "secret"}, {"se cret\r\nx\n", "se cret"},
        {"", NULL},           {"\nx\n", NULL},
    };
    (void)state;
    struct pq_why why;
    char line[256];
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct play_options o;
        (void)snprintf(line, sizeof(line), "--target tcp://h:1 --password-file %s a.dlg",
                       file_of("pw", rows[i].file));
        assert_int_equal(options(&o, line, &why), rows[i].pw ? PLAY_RUN : PLAY_USAGE);
        if (rows[i].pw)
            assert_true(pq_slice_equal(o.job.vars.pw, pq_slice_text(rows[i].pw)));
        play_options_free(&o);
    }
}

/* ---- reports ---------------------------------------------------------------------------------- */

static void test_reports(void **state)
{
    (void)state;
    struct play_shop shop;
    static struct play_result r;
    static char text[1u << 14];
    play_shop_init(&shop);
    struct play_job job = {
        .file = file_of("r.dlg", HEAD "---\n[test]\n@connect\nS: +OK{*?}\nC: MUTE\nS: +OK\n"),
        .target = {.address = address},
        .patience_ms = 50,
    };
    play_job_run(&shop, &job, &r);
    FILE *out = tmpfile();
    play_report(out, "r.dlg", PQ_SLICE("x"), &r);
    rewind(out);
    text[fread(text, 1, sizeof(text) - 1, out)] = 0;
    (void)fclose(out);
    static const char *const parts[] = {
        "fail  x  (",
        "at           r.dlg:9:1\n",
        "requirement  RFC2-1-001 fail, RFC1939-3-020 fail\n",
        "expected     S: +OK\n",
        "actual       nothing for 50 ms",
        "barrier      a new connection: greets; NOOP on the stalled one: answered\n",
        " 1  C MUTE\\r\\n\n",
    };
    for (size_t i = 0; i < COUNT(parts); i++)
        if (!strstr(text, parts[i]))
            fail_msg("%s is not in\n%s", parts[i], text);
    play_result_free(&r);
    play_shop_free(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run),
        cmocka_unit_test(test_runs_do_not_leak_into_each_other),
        cmocka_unit_test(test_a_row_of_a_matrix),
        cmocka_unit_test(test_a_file_that_changes),
        cmocka_unit_test(test_more_files_than_are_kept),
        cmocka_unit_test(test_what_keeps_a_run_from_beginning),
        cmocka_unit_test(test_targets_that_are_wrong),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_oversize_lines),
        cmocka_unit_test(test_asks),
        cmocka_unit_test(test_clock_of_the_target),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_a_run_is_recorded_and_replays),
        cmocka_unit_test(test_a_record_that_needs_the_password),
        cmocka_unit_test(test_relative_paths),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_reports),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
