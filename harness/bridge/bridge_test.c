/* SPDX-License-Identifier: Apache-2.0
 * The parts of the bridge that need no server; conformance/selftest/test_bridge.py has the rest. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/testing.h"
#include "harness/bridge/gist.h"
#include "harness/bridge/judge.h"
#include "harness/bridge/reset.h"

/* ---- options --------------------------------------------------------------------------------- */

#define WORDS_MAX 8u

static bool read_options(struct pq_options *o, const char *line)
{
    static char text[256];
    static char *words[WORDS_MAX + 2];
    int n = 1;
    (void)snprintf(text, sizeof(text), "%s", line);
    words[0] = text;
    for (char *word = strtok(text, " "); word && n <= (int)WORDS_MAX; word = strtok(NULL, " "))
        words[n++] = word;
    words[n] = NULL;
    return pq_options_read(n, words, o);
}

static void test_options(void **state)
{
    (void)state;
    struct pq_options o;
    assert_true(read_options(&o, "-- server {port}"));
    assert_int_equal(o.task, PQ_DO_FUZZ);
    assert_int_equal(o.connect, PQ_CONNECT_TCP);
    assert_string_equal(o.server[1], "{port}");
    assert_true(read_options(&o, "--connect unix:/a --tls stls --fix pid,time -- s"));
    assert_string_equal(o.path, "/a");
    assert_int_equal(o.tls, PQ_BRIDGE_TLS_STLS);
    assert_int_equal(o.fix, PQ_SHIM_FIX_PID | PQ_SHIM_FIX_TIME);
    assert_true(read_options(&o, "--play a b --port 65535 -- s"));
    assert_int_equal(o.task, PQ_DO_PLAY);
    assert_int_equal(o.files_len, 2);
    assert_int_equal(o.port, 65535);
    assert_true(read_options(&o, "--beside /a --beside /b -- s"));
    assert_int_equal(o.besides.len, 2);
    assert_string_equal(o.besides.each[1], "/b");
}

static void test_options_that_are_wrong(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "--",
        "--play -- s",
        "--port 65536 -- s",
        "--port -- s",
        "--tls no -- s",
        "-x -- s",
        "--reset a -- s",
        "--fix day -- s",
        "--connect -- s",
        "--beside -- s",
    };
    struct pq_options o;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_false(read_options(&o, lines[i]));
}

/* ---- gist ------------------------------------------------------------------------------------ */

static enum pq_state gist_of(const char *const *lines)
{
    struct pq_gist g;
    pq_gist_init(&g);
    (void)pq_gist_on_reply(&g, PQ_SLICE("+OK ready\r\n"));
    for (; *lines; lines += 2) {
        pq_gist_on_line(&g, pq_slice_text(lines[0]));
        (void)pq_gist_on_reply(&g, pq_slice_text(lines[1]));
    }
    assert_int_equal(g.got_in, g.state == PQ_STATE_TRANSACTION || g.state == PQ_STATE_UPDATE);
    return g.state;
}

static void test_gist(void **state)
{
    (void)state;
    const char *const in[] = {"user a\n",   "+OK\r\n", "X\r\n", "-ERR\r\n",
                              "PASS b\r\n", "+OK\r\n", NULL};
    const char *const refused[] = {"USER a\r\n", "+OK\r\n", "PASS b\r\n", "-ERR +OK\r\n", NULL};
    const char *const list[] = {"AUTH\r\n", "+OK\r\nPLAIN\r\n.\r\n", NULL};
    const char *const sasl[] = {"AUTH PLAIN\r\n", "+ \r\n", "QUIT\r\n", "+OK\r\n", NULL};
    const char *const end[] = {"APOP a b\r\n", "+OK\r\n", "QUIT\r\n", "+OK\r\n", NULL};
    assert_int_equal(gist_of(in), PQ_STATE_TRANSACTION);
    assert_int_equal(gist_of(refused), PQ_STATE_USER);
    assert_int_equal(gist_of(list), PQ_STATE_AUTHORIZATION);
    assert_int_equal(gist_of(sasl), PQ_STATE_TRANSACTION);
    assert_int_equal(gist_of(end), PQ_STATE_UPDATE);
}

static void test_gist_of_a_part_of_a_line(void **state)
{
    (void)state;
    struct pq_gist g;
    pq_gist_init(&g);
    (void)pq_gist_on_reply(&g, PQ_SLICE("+OK\r\n"));
    pq_gist_on_line(&g, PQ_SLICE("PASS a"));
    assert_int_equal(pq_gist_on_reply(&g, PQ_SLICE("+OK\r\n")), PQ_GIST_NONE);
    assert_false(g.got_in);
}

/* ---- reset ----------------------------------------------------------------------------------- */

#define OLD 1000000000

struct place {
    char top[64], folder[96], pristine[96], pair[224];
};

static void put(const char *folder, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void get(const char *folder, const char *name, char *text, size_t cap)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(text, 1, cap - 1, file) : 0;
    text[n] = '\0';
    if (file)
        (void)fclose(file);
}

static void make_place(struct place *p)
{
    char below[512];
    const struct timespec old[] = {{.tv_sec = OLD}, {.tv_sec = OLD}};
    (void)snprintf(p->top, sizeof(p->top), "/tmp/popquiz-bridge-XXXXXX");
    assert_non_null(mkdtemp(p->top));
    (void)snprintf(p->folder, sizeof(p->folder), "%s/drop", p->top);
    (void)snprintf(p->pristine, sizeof(p->pristine), "%s/pristine", p->top);
    (void)snprintf(p->pair, sizeof(p->pair), "%s=%s", p->folder, p->pristine);
    (void)snprintf(below, sizeof(below), "%s/new", p->pristine);
    assert_int_equal(mkdir(p->pristine, 0755) + mkdir(below, 0700), 0);
    put(p->pristine, "mail", "one");
    put(p->pristine, "new/1", "two");
    (void)snprintf(below, sizeof(below), "%s/mail", p->pristine);
    assert_int_equal(utimensat(AT_FDCWD, below, old, 0), 0);
}

static void remove_place(const struct place *p)
{
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf %s", p->top);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of ours */
}

static void test_reset(void **state)
{
    (void)state;
    struct place p;
    struct pq_reset r;
    char path[256], text[16];
    struct stat facts;
    make_place(&p);
    const struct pq_texts pairs = {.each = {p.pair}, .len = 1};
    assert_true(pq_reset_init(&r, &pairs));
    assert_true(pq_reset_do(&r));
    uint64_t restored = r.restored;
    assert_true(pq_reset_do(&r));
    assert_int_equal(r.restored, restored); /* nothing had changed */
    /* The same size, within the same tick; a file gone, one too many, a folder in its place. */
    put(p.folder, "mail", "eno");
    put(p.folder, "lock", "");
    (void)snprintf(path, sizeof(path), "%s/new/1", p.folder);
    assert_int_equal(unlink(path) + mkdir(path, 0700), 0);
    put(path, "deep", "x");
    assert_false(pq_reset_is_clean(&r));
    assert_true(pq_reset_do(&r));
    assert_true(pq_reset_is_clean(&r));
    get(p.folder, "mail", text, sizeof(text));
    assert_string_equal(text, "one");
    get(p.folder, "new/1", text, sizeof(text));
    assert_string_equal(text, "two");
    (void)snprintf(path, sizeof(path), "%s/mail", p.folder);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mtim.tv_sec, OLD);
    (void)snprintf(path, sizeof(path), "%s/lock", p.folder);
    assert_int_equal(stat(path, &facts), -1);
    pq_reset_free(&r);
    remove_place(&p);
}

static void test_reset_needs_a_pristine_copy(void **state)
{
    (void)state;
    struct pq_reset r;
    const struct pq_texts pairs = {.each = {"/tmp/a=/nowhere"}, .len = 1};
    assert_false(pq_reset_init(&r, &pairs));
    assert_non_null(strstr(r.why, "/nowhere"));
    pq_reset_free(&r);
}

/* ---- the page -------------------------------------------------------------------------------- */

static void test_page(void **state)
{
    (void)state;
    static struct pq_shim_page page;
    for (size_t i = 0; i < PQ_SHIM_SLOTS; i++)
        atomic_store(&page.slots[i].pid, -1);
    uint32_t slot = pq_shim_take(&page, 2, 1);
    assert_int_equal(slot, 0);
    atomic_store(&page.slots[slot].pid, 77);
    assert_int_equal(pq_shim_take(&page, 0, 0), 1);
    pq_shim_bury(&page, 77, SIGSEGV);
    assert_int_equal(page.deaths[0].depth, 2);
    assert_int_equal(pq_shim_find(&page, 77), PQ_SHIM_SLOTS);
    pq_shim_bury(&page, 78, SIGTERM); /* no bug of its own */
    pq_shim_bury(&page, 79, 1 << 8);
    assert_int_equal(page.deaths_len, 1);
    for (uint32_t i = 0; i < PQ_SHIM_DEATHS + 1; i++)
        pq_shim_bury(&page, 80, SIGABRT);
    assert_int_equal(page.deaths_len, PQ_SHIM_DEATHS + 2); /* counted, though not kept */
    for (uint32_t i = 0; i < PQ_SHIM_SLOTS; i++)
        slot = pq_shim_take(&page, 0, 0);
    assert_int_equal(slot, PQ_SHIM_SLOTS);
}

/* ---- the judge ------------------------------------------------------------------------------- */

static void test_judge(void **state)
{
    (void)state;
    static uint8_t memory[PQ_MAP_CELLS];
    struct pq_map map = {.at = memory, .len = PQ_MAP_CELLS, .cells = 0};
    struct pq_options o = {.referee = "REF-REPLY-COUNT,REF-BODY-LF", .state = true};
    struct pq_server server = {.o = &o};
    static struct pq_links links;
    static struct pq_judge j;
    links.server = &server;
    assert_true(pq_judge_init(&j, &links, &map));
    pq_judge_begin(&j);
    pq_judge_hear(&j, 1, PQ_HEARD_OPEN, PQ_SLICE(""));
    pq_gist_init(&links.each[1].gist);
    links.each[1].answered = true;
    pq_judge_hear(&j, 1, PQ_HEARD_SERVER, PQ_SLICE("+OK a\r\n+OK b\r\n"));
    pq_judge_end(&j);
    assert_int_equal(j.violations_len, 1);
    assert_string_equal(j.violations[0].rule->id, "REF-REPLY-COUNT");
    assert_int_equal(pq_map_edges(&map), 2); /* the state and the violation */
    o.referee = "REF-BODY-LF";
    assert_true(pq_judge_init(&j, &links, &map));
    pq_judge_begin(&j);
    pq_judge_hear(&j, 1, PQ_HEARD_OPEN, PQ_SLICE(""));
    pq_judge_hear(&j, 1, PQ_HEARD_SERVER, PQ_SLICE("+OK a\r\n+OK b\r\n"));
    pq_judge_end(&j);
    assert_int_equal(j.violations_len, 0);
    o.referee = "all,-REF-REPLY-COUNT";
    assert_true(pq_judge_init(&j, &links, &map));
    pq_judge_begin(&j);
    pq_judge_hear(&j, 1, PQ_HEARD_OPEN, PQ_SLICE(""));
    pq_judge_hear(&j, 1, PQ_HEARD_SERVER, PQ_SLICE("+OK a\r\n+OK b\r\n"));
    pq_judge_end(&j);
    assert_int_equal(j.violations_len, 0);
    o.referee = "all,-REF-NONE";
    assert_false(pq_judge_init(&j, &links, &map));
    o.referee = "REF-NONE";
    assert_false(pq_judge_init(&j, &links, &map));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options), cmocka_unit_test(test_options_that_are_wrong),
        cmocka_unit_test(test_gist),    cmocka_unit_test(test_gist_of_a_part_of_a_line),
        cmocka_unit_test(test_reset),   cmocka_unit_test(test_reset_needs_a_pristine_copy),
        cmocka_unit_test(test_page),    cmocka_unit_test(test_judge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
