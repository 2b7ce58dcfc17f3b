/* SPDX-License-Identifier: Apache-2.0
 * Player protocol 1: runs, asks, and lines that are wrong. */
#define _DEFAULT_SOURCE
#include "tools/play_testing.h"

#include <stdlib.h>

#include "tools/play_json.h"
#include "tools/play_lines.h"
#include "tools/play_serve.h"

/* ---- serving --------------------------------------------------------------------------------- */

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

static void test_a_run(void **state)
{
    (void)state;
    serve_run("\"a 1\"", file_of("x.dlg", CASE), "", "{\"quit\":true}\nnot read\n");
    assert_int_equal(lines_of(answers), 1);
    assert_has("{\"case\":{\"outcome\":\"pass\"");
    assert_has("\"run\":\"a 1\"");
    assert_has("\"rows\":{\"RFC1939-5-001\":\"pass\"}");
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

/* ---- lines that are wrong -------------------------------------------------------------------- */

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

/* ---- asks ------------------------------------------------------------------------------------ */

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

/* ---- the document ---------------------------------------------------------------------------- */

static char document[1u << 16];

static void assert_documented(const char *word)
{
    char marked[80];
    (void)snprintf(marked, sizeof(marked), "`%s`", word);
    if (!strstr(document, marked))
        fail_msg("PROTOCOL.md does not know %s", marked);
}

/* Every key of an object, and of the objects in it. */
static void check_keys(const cJSON *o)
{
    const cJSON *inner[16] = {o};
    for (size_t n = 1; n > 0;) {
        const cJSON *member = NULL;
        const cJSON *at = inner[--n];
        cJSON_ArrayForEach(member, at)
        {
            if (member->string)
                assert_documented(member->string);
            bool rows = member->string && strcmp(member->string, "rows") == 0;
            if (!rows && n < COUNT(inner) && (cJSON_IsObject(member) || cJSON_IsArray(member)))
                inner[n++] = member;
        }
    }
}

/* The first cell of each row of the tables of the document, up to `end`: keys of the runner. */
static void test_the_document(void **state)
{
    (void)state;
    (void)file_read(PQ_PROTOCOL_MD, document, sizeof(document) - 1);
    for (int v = 0; v < PQ_VERDICT_COUNT; v++)
        assert_documented(pq_verdict_word((enum pq_verdict)v));
    for (int a = 0; a < PQ_ASK_COUNT; a++)
        assert_documented(pq_ask_word((enum pq_ask_what)a));
    for (int a = 0; a < PQ_ANSWER_SPENT; a++)
        assert_documented(pq_answer_word((enum pq_answer_kind)a));
    for (int s = 1; s <= PQ_SKIP_UNSAFE; s++)
        assert_documented(pq_skip_word((enum pq_skip)s));
    serve_run("1", file_of("d.dlg", HEAD "---\n[test]\n@connect\nS: +OK{*?}\nC: MUTE\nS: +OK\n"),
              ",'patience_ms':50,'record':true", "");
    cJSON *line = cJSON_Parse(answers);
    assert_non_null(cJSON_GetObjectItem(line, "case"));
    assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(line, "case"), "barrier"));
    check_keys(line);
    cJSON_Delete(line);
}

/* What the document says that a run may have is not refused as unknown. */
static void test_the_document_promises_no_more(void **state)
{
    (void)state;
    char line[512], key[40];
    (void)file_read(PQ_PROTOCOL_MD, document, sizeof(document) - 1);
    const char *at = strstr(document, "### A run");
    const char *end = strstr(document, "The target:");
    size_t keys = 0;
    while ((at = strstr(at, "\n| `")) != NULL && at < end) {
        at += 4;
        (void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(at, "`"), at);
        (void)snprintf(line, sizeof(line), "{\"run\":1,\"%s\":[]}\n", key);
        serve(line, strlen(line));
        assert_null(strstr(answers, "not a key that is known"));
        keys++;
    }
    assert_int_equal(keys, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run),
        cmocka_unit_test(test_runs_do_not_leak_into_each_other),
        cmocka_unit_test(test_a_row_of_a_matrix),
        cmocka_unit_test(test_what_keeps_a_run_from_beginning),
        cmocka_unit_test(test_targets_that_are_wrong),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_oversize_lines),
        cmocka_unit_test(test_asks),
        cmocka_unit_test(test_clock_of_the_target),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_the_document),
        cmocka_unit_test(test_the_document_promises_no_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
