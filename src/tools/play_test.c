/* SPDX-License-Identifier: Apache-2.0
 * popquiz-play without its main(): files, records, options, reports. */
#define _DEFAULT_SOURCE
#include "tools/play_testing.h"

#include <stdlib.h>

#include "tools/play_golden.h"
#include "tools/play_options.h"
#include "tools/play_report.h"

/* ---- files ----------------------------------------------------------------------------------- */

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

/* ---- records --------------------------------------------------------------------------------- */

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
    assert_non_null(strstr(text, "\ncase: x\noutcome: pass\nrows: RFC1939-5-001=pass\n"));
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

/* ---- options --------------------------------------------------------------------------------- */

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

/* ---- reports --------------------------------------------------------------------------------- */

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
        "requirement  RFC1939-5-001 fail, RFC1939-3-020 fail\n",
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
        cmocka_unit_test(test_a_file_that_changes),
        cmocka_unit_test(test_more_files_than_are_kept),
        cmocka_unit_test(test_a_run_is_recorded_and_replays),
        cmocka_unit_test(test_a_record_that_needs_the_password),
        cmocka_unit_test(test_relative_paths),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_reports),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
